/*
 * faults.c: a library that makes the N-th call of a kind fail; LD_PRELOAD puts it before the C library.
 *
 *   TOLLBOOK_FAULT=KIND:N[:EXTENT]   KIND: allocation, write, sync, rename, read
 *
 * The N-th call (from 1) fails, and with EXTENT `on` every one after it; with EXTENT `kill` the process is killed there. An allocation fails with ENOMEM; a write with
 * ENOSPC, having written half where it had more than one byte; a sync and a read with EIO; a rename with EACCES.
 * TOLLBOOK_FAULT_COUNT=FILE: the calls of each kind are written there at exit, one "KIND COUNT" a line.
 * Allocations of libcrypto are let through: OpenSSL 3.0 crashes by itself where one of its first ones fails.
 * Calls before main and after exit are let through, and so are the C library's own writes for its streams (stdout:
 * there /dev/full does it).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { ALLOCATION, WRITE, SYNC, RENAME, READ, KINDS };

static const struct {
	const char *name;
	int error;
} kinds[KINDS] = {
    [ALLOCATION] = {"allocation", ENOMEM}, [WRITE] = {"write", ENOSPC}, [SYNC] = {"sync", EIO},
    [RENAME] = {"rename", EACCES},         [READ] = {"read", EIO},
};

static atomic_long calls[KINDS];
static atomic_bool on;
static int chosen = -1;
static long first;
static bool all_after, kills;
/* Where libcrypto's code is. */
static uintptr_t crypto_from, crypto_to;

/* Is this the call that fails? */
static bool fails(enum kind k) {
	if (!atomic_load(&on)) {
		return false;
	}
	long n = atomic_fetch_add(&calls[k], 1) + 1;
	if ((int)k != chosen || n < first || (n > first && !all_after)) {
		return false;
	}
	if (kills) {
		raise(SIGKILL);
	}
	errno = kinds[k].error;
	return true;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void choose(const char *fault) {
	for (int k = 0; k < KINDS; k++) {
		size_t len = strlen(kinds[k].name);
		if (strncmp(fault, kinds[k].name, len) == 0 && fault[len] == ':') {
			char *end;
			first = strtol(fault + len + 1, &end, 10);
			all_after = strcmp(end, ":on") == 0;
			kills = strcmp(end, ":kill") == 0;
			chosen = k;
		}
	}
	if (chosen < 0 || first < 1) {
		fprintf(stderr, "faults: TOLLBOOK_FAULT=%s: what is that?\n", fault);
		_exit(99);
	}
}

static int find_crypto(struct dl_phdr_info *info, size_t size, void *context) {
	(void)size;
	(void)context;
	for (int i = 0; strstr(info->dlpi_name, "libcrypto") && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		if (h->p_type == PT_LOAD && (h->p_flags & PF_X)) {
			crypto_from = info->dlpi_addr + h->p_vaddr;
			crypto_to = crypto_from + h->p_memsz;
		}
	}
	return 0;
}

static void report(void) {
	const char *path = getenv("TOLLBOOK_FAULT_COUNT");

	atomic_store(&on, false);
	FILE *f = path ? fopen(path, "w") : NULL;
	for (int k = 0; f && k < KINDS; k++) {
		fprintf(f, "%s %ld\n", kinds[k].name, atomic_load(&calls[k]));
	}
	if (f) {
		fclose(f);
	}
}

__attribute__((constructor)) static void start(void) {
	const char *fault = getenv("TOLLBOOK_FAULT");

	if (fault) {
		choose(fault);
	}
	dl_iterate_phdr(find_crypto, NULL);
	atexit(report);
	atomic_store(&on, true);
}

/* The C library's own names: dlsym may allocate, so these must not be looked up. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool allocation_fails(const void *caller) {
	return ((uintptr_t)caller < crypto_from || (uintptr_t)caller >= crypto_to) && fails(ALLOCATION);
}

void *malloc(size_t size) {
	return allocation_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
	return allocation_fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size) {
	return allocation_fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, size);
}

ssize_t write(int fd, const void *bytes, size_t len) {
	if (fails(WRITE)) {
		ssize_t half = len > 1 ? REAL(write)(fd, bytes, len / 2) : 0;
		(void)half;
		errno = ENOSPC;
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

int fsync(int fd) {
	return fails(SYNC) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd) {
	return fails(SYNC) ? -1 : REAL(fdatasync)(fd);
}

int rename(const char *from, const char *to) {
	return fails(RENAME) ? -1 : REAL(rename)(from, to);
}

ssize_t read(int fd, void *bytes, size_t len) {
	return fails(READ) ? -1 : REAL(read)(fd, bytes, len);
}
