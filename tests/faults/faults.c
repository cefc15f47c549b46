/*
 * faults.c: a library that makes the N-th call of a kind fail; LD_PRELOAD puts it before the C library.
 *
 *   TOLLBOOK_FAULT=KIND:N[:HOW]...   KIND: allocation, read, write, sync, name, open
 *
 * The N-th call (from 1) fails. HOW is one or more of
 *   on     every call after it fails too
 *   kill   the process is killed there, by SIGKILL
 *   cut    the same, and the power is cut: durable.c makes what is left of the book
 *   EIO, ENOSPC, EROFS, EMFILE   the error, where it is not the usual one of the kind
 * An allocation fails with ENOMEM; a write (or a change of a file's length) with ENOSPC, after half of the bytes if
 * there is more than one; a sync and a read with EIO; a name (a rename, link or new folder) with EACCES; an open with
 * EMFILE.
 *
 *   TOLLBOOK_FAULT_COUNT=FILE         the calls of each kind are written there at exit, one "KIND COUNT" a line
 *   TOLLBOOK_CLOCK=SECONDS[:N:THEN]   the offset of the wall clock; from its N-th reading on, THEN
 *   TOLLBOOK_READONLY=FOLDER          nothing below it can be opened for writing, made, renamed or removed: EROFS
 *
 * Allocations of glob() do not fail, because it then frees twice (GNU C library 2.36).
 * Calls before main and after exit do not fail, and neither do the C library's writes for its streams (use /dev/full
 * for stdout).
 */
#define _GNU_SOURCE
#include "tests/faults/faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum kind { ALLOCATION, READ, WRITE, SYNC, NAME, OPEN, KINDS };

static const struct {
	const char *name;
	int error;
} kinds[KINDS] = {
    [ALLOCATION] = {"allocation", ENOMEM}, [READ] = {"read", EIO},    [WRITE] = {"write", ENOSPC},
    [SYNC] = {"sync", EIO},                [NAME] = {"name", EACCES}, [OPEN] = {"open", EMFILE},
};
static const struct {
	const char *name;
	int error;
} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EROFS", EROFS}, {"EMFILE", EMFILE}};

static atomic_long calls[KINDS], readings;
static atomic_bool on;
static int chosen = -1, chosen_error;
static long first, clock_off, clock_then, clock_from;
static bool all_after, kills, cuts;
static const char *read_only;

static void end(void) {
	atomic_store(&on, false);
	if (cuts) {
		durable_cut();
	}
	raise(SIGKILL);
}

/* Whether this is the call that fails. */
static bool fails(enum kind k) {
	if (!atomic_load(&on)) {
		return false;
	}
	long n = atomic_fetch_add(&calls[k], 1) + 1;
	if ((int)k != chosen || n < first || (n > first && !all_after)) {
		return false;
	}
	if (kills) {
		end();
	}
	errno = chosen_error;
	return true;
}

/* ---- settings ---- */

static bool take_how(const char *word) {
	all_after = all_after || strcmp(word, "on") == 0;
	cuts = cuts || strcmp(word, "cut") == 0;
	kills = kills || cuts || strcmp(word, "kill") == 0;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		if (strcmp(word, errors[i].name) == 0) {
			chosen_error = errors[i].error;
			return true;
		}
	}
	return strcmp(word, "on") == 0 || strcmp(word, "cut") == 0 || strcmp(word, "kill") == 0;
}

static void choose(const char *fault) {
	char words[100], *rest = NULL;
	bool known = true;

	snprintf(words, sizeof words, "%s", fault);
	const char *kind = strtok_r(words, ":", &rest), *number = strtok_r(NULL, ":", &rest), *how;
	for (int k = 0; kind && number && k < KINDS; k++) {
		if (strcmp(kinds[k].name, kind) == 0) {
			chosen = k;
			chosen_error = kinds[k].error;
			first = strtol(number, NULL, 10);
		}
	}
	while ((how = strtok_r(NULL, ":", &rest))) {
		known = take_how(how) && known;
	}
	if (chosen < 0 || first < 1 || !known) {
		fprintf(stderr, "faults: TOLLBOOK_FAULT=%s: what is that?\n", fault);
		_exit(99);
	}
}

static void report(void) {
	const char *path = getenv("TOLLBOOK_FAULT_COUNT");

	atomic_store(&on, false);
	FILE *f = path ? REAL(fopen)(path, "w") : NULL;
	for (int k = 0; f && k < KINDS; k++) {
		fprintf(f, "%s %ld\n", kinds[k].name, atomic_load(&calls[k]));
	}
	if (f) {
		fprintf(f, "clock %ld\n", atomic_load(&readings));
		fclose(f);
	}
}

static void start(void) {
	const char *fault = getenv("TOLLBOOK_FAULT"), *clock = getenv("TOLLBOOK_CLOCK");
	char *end_of_number = NULL;

	if (fault) {
		choose(fault);
	}
	if (clock) {
		clock_off = strtol(clock, &end_of_number, 10);
		clock_from = *end_of_number == ':' ? strtol(end_of_number + 1, &end_of_number, 10) : 0;
		clock_then = *end_of_number == ':' ? strtol(end_of_number + 1, NULL, 10) : clock_off;
	}
	read_only = getenv("TOLLBOOK_READONLY");
	durable_start();
	atexit(report);
	atomic_store(&on, true);
}

/* Calls begin to fail right before main: thus `report` runs before the program's own ends, such as gcov's, which writes its counts. */
typedef int main_function(int, char **, char **);
static main_function *main_of_program;

static int start_and_main(int argc, char **argv, char **environment) {
	start();
	return main_of_program(argc, argv, environment);
}

int __libc_start_main(main_function *program, int argc, char **argv, void (*init)(void), void (*fini)(void), void (*loader_fini)(void),
                      void *stack_end);

int __libc_start_main(main_function *program, int argc, char **argv, void (*init)(void), void (*fini)(void), void (*loader_fini)(void),
                      void *stack_end) {
	main_of_program = program;
	return REAL(__libc_start_main)(start_and_main, argc, argv, init, fini, loader_fini, stack_end);
}

/* ---- memory ---- */

#ifndef WITHOUT_ALLOCATIONS /* sanitizers want to be the only ones in front of malloc */

/* The C library's own names: to look these up may allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static __thread bool in_glob;

int glob(const char *pattern, int flags, int (*on_error)(const char *path, int error), glob_t *found) {
	in_glob = true;
	int rc = REAL(glob)(pattern, flags, on_error, found);
	in_glob = false;
	return rc;
}

static bool allocation_fails(void) {
	return !in_glob && fails(ALLOCATION);
}

void *malloc(size_t size) {
	return allocation_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
	return allocation_fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size) {
	return allocation_fails() ? NULL : __libc_realloc(p, size);
}

#endif

/* ---- reading ---- */

ssize_t read(int fd, void *bytes, size_t len) {
	return fails(READ) ? -1 : REAL(read)(fd, bytes, len);
}

ssize_t pread(int fd, void *bytes, size_t len, off_t at) {
	return fails(READ) ? -1 : REAL(pread)(fd, bytes, len, at);
}

ssize_t pread64(int fd, void *bytes, size_t len, off64_t at) {
	return fails(READ) ? -1 : REAL(pread64)(fd, bytes, len, at);
}

size_t fread(void *bytes, size_t size, size_t count, FILE *f) {
	if (!fails(READ)) {
		return REAL(fread)(bytes, size, count, f);
	}
	f->_flags |= 0x20; /* ferror() of the GNU C library */
	return 0;
}

/* ---- writing ---- */

static bool is_below(const char *path) {
	size_t len = read_only ? strlen(read_only) : 0;

	return len > 0 && path && strncmp(path, read_only, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool is_protected(const char *path) {
	char real[4096], folder[4096];

	if (!read_only || !path) {
		return false;
	}
	snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (!realpath(path, real)) {
		if (slash) {
			*slash = '\0';
		}
		if (!realpath(slash ? folder : ".", real)) {
			return false;
		}
	}
	if (is_below(real)) {
		errno = EROFS;
		return true;
	}
	return false;
}

ssize_t write(int fd, const void *bytes, size_t len) {
	if (fails(WRITE)) {
		ssize_t half = len > 1 ? REAL(write)(fd, bytes, len / 2) : 0;
		(void)half;
		errno = chosen_error;
		return -1;
	}
	return REAL(write)(fd, bytes, len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
	return fails(WRITE) ? -1 : REAL(pwrite)(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) {
	return fails(WRITE) ? -1 : REAL(pwrite64)(fd, bytes, len, at);
}

int ftruncate(int fd, off_t len) {
	return fails(WRITE) ? -1 : REAL(ftruncate)(fd, len);
}

int ftruncate64(int fd, off64_t len) {
	return fails(WRITE) ? -1 : REAL(ftruncate64)(fd, len);
}

static int synced(int fd, int rc) {
	if (rc == 0) {
		durable_sync(fd);
	}
	return rc;
}

int fsync(int fd) {
	return fails(SYNC) ? -1 : synced(fd, REAL(fsync)(fd));
}

int fdatasync(int fd) {
	return fails(SYNC) ? -1 : synced(fd, REAL(fdatasync)(fd));
}

int syncfs(int fd) {
	if (fails(SYNC)) {
		return -1;
	}
	durable_sync_all(); /* it does not contain what is written in the meantime */
	return REAL(syncfs)(fd);
}

/* ---- names ---- */

int rename(const char *from, const char *to) {
	return fails(NAME) || is_protected(to) ? -1 : REAL(rename)(from, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
	return fails(NAME) || is_protected(to) ? -1 : REAL(linkat)(from_fd, from, to_fd, to, flags);
}

int mkdir(const char *path, mode_t mode) {
	return fails(NAME) || (REAL(access)(path, F_OK) != 0 && is_protected(path)) ? -1 : REAL(mkdir)(path, mode);
}

int unlink(const char *path) {
	return is_protected(path) ? -1 : REAL(unlink)(path);
}

int access(const char *path, int how) {
	return (how & W_OK) && is_protected(path) ? -1 : REAL(access)(path, how);
}

static bool open_fails(const char *path, int flags) {
	bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);

	return fails(OPEN) || (writes && is_protected(path));
}

static mode_t mode_of(int flags, va_list args) {
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
	va_list args;

	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return open_fails(path, flags) ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
	va_list args;

	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return open_fails(path, flags) ? -1 : REAL(open64)(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode) {
	return open_fails(path, strchr(mode, 'r') ? O_RDONLY : O_WRONLY) ? NULL : REAL(fopen)(path, mode);
}

/* ---- the clock ---- */

/* Seconds to add to this reading. */
static long off_now(void) {
	long n = atomic_load(&on) ? atomic_fetch_add(&readings, 1) + 1 : 0;

	return clock_from > 0 && n >= clock_from ? clock_then : clock_off;
}

int clock_gettime(clockid_t clock, struct timespec *out) {
	int rc = REAL(clock_gettime)(clock, out);

	if (rc == 0 && clock == CLOCK_REALTIME) {
		out->tv_sec += off_now();
	}
	return rc;
}

int gettimeofday(struct timeval *out, void *zone) {
	int rc = REAL(gettimeofday)(out, zone);

	out->tv_sec += rc == 0 ? off_now() : 0;
	return rc;
}

time_t time(time_t *out) {
	time_t now = REAL(time)(NULL) + off_now();

	if (out) {
		*out = now;
	}
	return now;
}
