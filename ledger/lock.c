/* lock.c: one writer of a book at a time, and its name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/instant.h"
#include "ledger/book.h"

#define HOLDER_MAX 256
/* How long to wait for readers that lock. */
#define READERS_MS 20000
#define STEP_MS 50

/* "process 4711 on host since 2026-11-25T01:02:03Z", for the message about a locked book. */
static void write_holder(int fd) {
	char host[65] = "?", since[INSTANT_TEXT_MAX], holder[HOLDER_MAX];

	gethostname(host, sizeof host - 1);
	instant_format(instant_now() / NS_PER_SECOND * NS_PER_SECOND, since);
	int len = snprintf(holder, sizeof holder, "process %ld on %s since %s", (long)getpid(), host, since);
	/* Only informative: the lock works without it, also on a full disk. */
	if (ftruncate(fd, 0) != 0 || pwrite(fd, holder, (size_t)len, 0) != len) {
		return;
	}
}

static int held(struct ledger *l, int fd, struct fault *why) {
	char holder[HOLDER_MAX] = "another process";
	ssize_t len = pread(fd, holder, sizeof holder - 1, 0);

	if (len > 0) {
		holder[len] = '\0';
	}
	for (char *c = holder; *c; c++) {
		*c = *c >= ' ' && *c < 127 ? *c : '?';
	}
	return fault_set(why, ERROR_IO, "%s: the book is in use by %s; try again when it is done", l->book, holder);
}

/* Waits for readers that hold the lock (see lock_share); not for a writer. False: it is held, see errno. */
static bool lock_alone(int fd) {
	for (int ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; ms += STEP_MS) {
		if (errno != EWOULDBLOCK || ms >= READERS_MS || flock(fd, LOCK_SH | LOCK_NB) != 0) {
			return false;
		}
		flock(fd, LOCK_UN);
		nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
	}
	return true;
}

int lock_share(struct ledger *l, struct fault *why) {
	char path[4096];

	snprintf(path, sizeof path, "%s/lock", l->book);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return 0; /* nothing was written since it was cached here */
	}
	if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		int rc = held(l, fd, why);
		close(fd);
		return rc;
	}
	l->lock = fd;
	return 0;
}

int lock_acquire(struct ledger *l, struct fault *why) {
	char path[4096];

	snprintf(path, sizeof path, "%s/lock", l->book);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0) {
		return fault_set(why, ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
	}
	if (!lock_alone(fd)) {
		int rc = errno == EWOULDBLOCK ? held(l, fd, why)
		                              : fault_set(why, ERROR_IO, "%s: cannot lock: %s", path, strerror(errno));
		close(fd);
		return rc;
	}
	write_holder(fd);
	l->lock = fd;
	return 0;
}

void lock_release(struct ledger *l) {
	if (l->lock >= 0) {
		close(l->lock); /* the file is kept: removing it would allow two writers */
		l->lock = -1;
	}
}
