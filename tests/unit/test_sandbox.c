/* test_sandbox.c: what a parser that an attacker controls can still do, once the process has confined itself: nothing else. */
#define _GNU_SOURCE

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/sandbox.h"

struct place {
	char at[64], log[96], secret[96], out[96];
};

static void write_file(const char *path) {
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs("x\n", f);
	fclose(f);
}

static void place_init(struct place *p) {
	snprintf(p->at, sizeof p->at, "/tmp/tollbook-sandbox-XXXXXX");
	assert_non_null(mkdtemp(p->at));
	snprintf(p->log, sizeof p->log, "%s/logs", p->at);
	assert_int_equal(mkdir(p->log, 0700), 0);
	snprintf(p->log, sizeof p->log, "%s/logs/a.log", p->at);
	snprintf(p->secret, sizeof p->secret, "%s/secret", p->at);
	snprintf(p->out, sizeof p->out, "%s/out", p->at);
	assert_int_equal(mkdir(p->out, 0700), 0);
	snprintf(p->out, sizeof p->out, "%s/out/statement", p->at);
	write_file(p->log);
	write_file(p->secret);
}

static void place_release(struct place *p) {
	char command[128];

	unlink(p->log);
	unlink(p->secret);
	unlink(p->out);
	snprintf(command, sizeof command, "%s/logs", p->at);
	rmdir(command);
	snprintf(command, sizeof command, "%s/out", p->at);
	rmdir(command);
	rmdir(p->at);
}

static bool can_open(const char *path, int flags) {
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0) {
		close(fd);
	}
	return fd >= 0;
}

/* A bit for each action that succeeded but should not, or failed but should not. */
static int what_is_wrong(const struct place *p) {
	char *const argv[] = {"/bin/true", NULL};
	char beside[160];
	int wrong = 0, fd;

	wrong |= can_open(p->log, O_RDONLY) ? 0 : 1 << 0;
	wrong |= can_open(p->out, O_WRONLY | O_CREAT) ? 0 : 1 << 1;
	wrong |= can_open(p->secret, O_RDONLY) ? 1 << 2 : 0;
	wrong |= can_open("/etc/passwd", O_RDONLY) ? 1 << 3 : 0;
	wrong |= can_open(p->log, O_WRONLY) ? 1 << 4 : 0;
	snprintf(beside, sizeof beside, "%s/new", p->at);
	wrong |= can_open(beside, O_WRONLY | O_CREAT) ? 1 << 5 : 0;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	wrong |= fd >= 0 ? 1 << 6 : 0;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	wrong |= fd >= 0 ? 1 << 7 : 0;
	errno = 0;
	execv(argv[0], argv);
	wrong |= errno == EPERM || errno == EACCES ? 0 : 1 << 8;
	return wrong;
}

static void *in_thread(void *place) {
	return (void *)(intptr_t)what_is_wrong(place);
}

/* In a child, because it cannot be undone. The parser's threads start afterwards and are confined, too. */
static int confined(const struct place *p, bool thread) {
	const char *const read[] = {p->log, NULL}, *const written[] = {p->out};
	const struct terminal_paths s = {read, 2, written, 1};
	pthread_t id;
	void *wrong;

	sandbox_enter(&s);
	if (!thread) {
		return what_is_wrong(p);
	}
	if (pthread_create(&id, NULL, in_thread, (void *)(uintptr_t)p) != 0 || pthread_join(id, &wrong) != 0) {
		return 1 << 10;
	}
	return (int)(intptr_t)wrong;
}

TEST(nothing_but_its_files) {
	struct sandbox_support support = sandbox_support();
	struct place p;

	if (support.landlock == 0 || !support.seccomp) {
		skip();
	}
	place_init(&p);
	for (int thread = 0; thread < 2; thread++) {
		int ends[2], wrong = -1, status;
		assert_int_equal(pipe(ends), 0);
		pid_t child = fork();
		if (child == 0) {
			wrong = confined(&p, thread > 0);
			_exit(write(ends[1], &wrong, sizeof wrong) == (ssize_t)sizeof wrong ? 0 : 1);
		}
		assert_int_equal(read(ends[0], &wrong, sizeof wrong), sizeof wrong);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(wrong, 0);
		close(ends[0]);
		close(ends[1]);
	}
	place_release(&p);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_but_its_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
