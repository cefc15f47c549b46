#define _GNU_SOURCE /* O_PATH */
#include "cli/sandbox.h"

/* Sanitizers read /proc at the end: GCC and Clang indicate them in different ways. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#define HAS_SANITIZER __has_feature(address_sanitizer)
#else
#define HAS_SANITIZER 0
#endif

#if defined(__linux__) && !HAS_SANITIZER && __has_include(<linux/landlock.h>)
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights of later versions of the interface than the headers may have. */
#define RIGHT_REFER (UINT64_C(1) << 13)
#define RIGHT_TRUNCATE (UINT64_C(1) << 14)

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR)
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE | RIGHT_TRUNCATE)

/* Always readable: time zones, and the sources of randomness of the C library and SQLite. */
static const char *const always[] = {"/usr/share/zoneinfo", "/etc/localtime", "/dev/urandom", "/dev/null"};

static int landlock_version(void) {
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

struct sandbox_support sandbox_support(void) {
	unsigned action = SECCOMP_RET_ERRNO;

	return (struct sandbox_support){
		.landlock = landlock_version(),
		.seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0,
	};
}

/* ---- files ---- */

static void allow(int ruleset, const char *path, uint64_t rights) {
	struct stat st;
	int fd = path ? open(path, O_PATH | O_CLOEXEC) : -1;

	if (fd < 0) {
		return;
	}
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
		rights &= OF_FILES;
	}
	struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
	(void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(fd);
}

/* The folder of a file that exists or will be created. */
static void allow_beside(int ruleset, const char *path, uint64_t rights) {
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 1;
	char *folder = malloc(len + 2);

	if (folder) {
		memcpy(folder, slash ? path : ".", len > 0 ? len : 1);
		folder[len > 0 ? len : 1] = '\0';
		allow(ruleset, folder, rights);
		free(folder);
	}
}

static void allow_writing(int ruleset, const char *path, uint64_t rights) {
	struct stat st;

	if (!path) {
		return;
	}
	bool there = stat(path, &st) == 0;
	if (!there || S_ISREG(st.st_mode)) {
		allow_beside(ruleset, path, rights);
	} else {
		allow(ruleset, path, rights);
	}
}

static void confine_files(const struct terminal_paths *s) {
	int version = landlock_version();
	uint64_t later = version >= 3 ? RIGHT_REFER | RIGHT_TRUNCATE : version == 2 ? RIGHT_REFER : 0;
	struct landlock_ruleset_attr all = {.handled_access_fs = ((RIGHT_REFER - 1) | later)};
	long ruleset = version > 0 ? syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0) : -1;

	if (ruleset < 0) {
		return;
	}
	for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
		allow((int)ruleset, always[i], READING | LANDLOCK_ACCESS_FS_WRITE_FILE * (i + 1 == sizeof always / sizeof *always));
	}
	for (size_t i = 0; i < s->read_count; i++) {
		allow((int)ruleset, s->read[i], READING);
	}
	for (size_t i = 0; i < s->write_count; i++) {
		allow_writing((int)ruleset, s->write[i], READING | WRITING | later);
	}
#ifdef COVERAGE_FOLDER /* a program that counts its lines writes the counts when it ends */
	allow((int)ruleset, COVERAGE_FOLDER, READING | WRITING | later);
#endif
	(void)syscall(SYS_landlock_restrict_self, ruleset, 0);
	close((int)ruleset);
}

/* ---- other system calls ---- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE
/*
 * Programs, sockets, other processes and the kernel itself: work on logs does not need them. Those that a system
 * lacks are 0.
 */
static const unsigned denied[] = {
	SYS_execve, SYS_execveat, SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_ptrace,
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns,
	SYS_unshare, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_init_module,
	SYS_finit_module, SYS_kexec_load, SYS_reboot, SYS_io_uring_setup, SYS_setuid, SYS_setgid,
#ifdef SYS_fork
	SYS_fork, SYS_vfork,
#endif
};
#define DENIED (sizeof denied / sizeof *denied)

/* A list of comparisons that all jump to the same refusal; all other calls are allowed. */
static void confine_calls(void) {
	struct sock_filter code[DENIED + 7];
	size_t n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < DENIED; i++) {
		unsigned char to_refusal = (unsigned char)(DENIED - i);
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied[i], to_refusal, 0);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
	(void)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}
#else
static void confine_calls(void) {
}
#endif

void sandbox_enter(const struct terminal_paths *s) {
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return;
	}
	confine_files(s);
	confine_calls();
}

#else

struct sandbox_support sandbox_support(void) {
	return (struct sandbox_support){0};
}

void sandbox_enter(const struct terminal_paths *s) {
	(void)s;
}

#endif
