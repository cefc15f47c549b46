#define _GNU_SOURCE /* qsort_r, O_TMPFILE, fallocate, syncfs, SEEK_DATA, memrchr, fopencookie */
#include "core/files/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/magic.h>
#include <sys/random.h>
#include <sys/vfs.h>
#endif

#define NS_PER_S INT64_C(1000000000)

#ifdef __linux__

void platform_sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *, void *), void *context) {
	qsort_r(base, count, size, compare, context);
}

const void *platform_last_byte(const void *at, int byte, size_t count) {
	return memrchr(at, byte, count);
}

bool platform_random(void *to, size_t count) {
	return getrandom(to, count, GRND_NONBLOCK) == (ssize_t)count;
}

int platform_open_unnamed(const char *folder, int access, mode_t mode) {
	return open(folder, access | O_TMPFILE | O_CLOEXEC, mode);
}

#define DESCRIPTOR_PATH_BYTES 32

static const char *descriptor_path(int fd, char path[DESCRIPTOR_PATH_BYTES]) {
	snprintf(path, DESCRIPTOR_PATH_BYTES, "/proc/self/fd/%d", fd);
	return path;
}

int platform_link_unnamed(int fd, const char *to) {
	char path[DESCRIPTOR_PATH_BYTES];

	return linkat(AT_FDCWD, descriptor_path(fd, path), AT_FDCWD, to, AT_SYMLINK_FOLLOW);
}

bool platform_can_link(int fd) {
	char path[DESCRIPTOR_PATH_BYTES];

	return access(descriptor_path(fd, path), F_OK) == 0;
}

void platform_punch_hole(int fd, int64_t at, int64_t count) {
	(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, count);
}

int64_t platform_hole_here(int fd) {
	struct stat st;
	off_t here = lseek(fd, 0, SEEK_CUR), data = here >= 0 ? lseek(fd, here, SEEK_DATA) : -1;

	if (here < 0 || (data < 0 && (errno != ENXIO || fstat(fd, &st) != 0))) {
		return 0; /* a pipe, or a file system without holes */
	}
	data = data < 0 ? st.st_size : data;
	return lseek(fd, here, SEEK_SET) == here && data > here ? data - here : 0;
}

bool platform_sync_file_system(int fd) {
	return syncfs(fd) == 0;
}

static bool is_made_up(const struct statfs *fs) {
	static const long kinds[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC};
	size_t i = 0;

	while (i < sizeof kinds / sizeof *kinds && (long)fs->f_type != kinds[i]) {
		i++;
	}
	return i < sizeof kinds / sizeof *kinds;
}

bool platform_is_made_up(int fd) {
	struct statfs fs;

	return fstatfs(fd, &fs) != 0 || is_made_up(&fs);
}

bool platform_path_is_made_up(const char *path) {
	struct statfs fs;

	return statfs(path, &fs) == 0 && is_made_up(&fs);
}

void platform_wipe(void *at, size_t count) {
	explicit_bzero(at, count);
}

void platform_put(const char *s, FILE *out) {
	fputs_unlocked(s, out);
}

int64_t platform_changed_ns(const struct stat *st) {
	return st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

FILE *platform_stream(void *context, ssize_t (*write)(void *, const char *, size_t)) {
	return fopencookie(context, "w", (cookie_io_functions_t){.write = write});
}

#else /* macOS and the BSDs; tried on Linux with libbsd only (packaging/check-bsd) */

/* Heapsort: qsort_r takes its arguments in another order on each of these systems. */
struct sorting {
	char *base;
	size_t size;
	int (*compare)(const void *, const void *, void *);
	void *context;
};

static void swap(const struct sorting *s, size_t a, size_t b) {
	char *one = s->base + a * s->size, *other = s->base + b * s->size;

	for (size_t i = 0; i < s->size; i++) {
		char byte = one[i];
		one[i] = other[i];
		other[i] = byte;
	}
}

static bool is_before(const struct sorting *s, size_t a, size_t b) {
	return s->compare(s->base + a * s->size, s->base + b * s->size, s->context) < 0;
}

static void sift(const struct sorting *s, size_t at, size_t count) {
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		child += child + 1 < count && is_before(s, child, child + 1);
		if (!is_before(s, at, child)) {
			return;
		}
		swap(s, at, child);
	}
}

void platform_sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *, void *), void *context) {
	const struct sorting s = {base, size, compare, context};

	for (size_t i = count / 2; i-- > 0;) {
		sift(&s, i, count);
	}
	for (size_t end = count; end-- > 1;) {
		swap(&s, 0, end);
		sift(&s, 0, end);
	}
}

const void *platform_last_byte(const void *at, int byte, size_t count) {
	const unsigned char *bytes = at;

	while (count > 0 && bytes[count - 1] != (unsigned char)byte) {
		count--;
	}
	return count > 0 ? bytes + count - 1 : NULL;
}

bool platform_random(void *to, size_t count) {
	arc4random_buf(to, count);
	return true;
}

int platform_open_unnamed(const char *folder, int access, mode_t mode) {
	(void)folder;
	(void)access;
	(void)mode;
	return -1;
}

int platform_link_unnamed(int fd, const char *to) {
	(void)fd;
	(void)to;
	return -1;
}

bool platform_can_link(int fd) {
	(void)fd;
	return false;
}

void platform_punch_hole(int fd, int64_t at, int64_t count) {
	(void)fd;
	(void)at;
	(void)count;
}

int64_t platform_hole_here(int fd) {
	(void)fd;
	return 0;
}

bool platform_sync_file_system(int fd) {
	(void)fd;
	return false;
}

bool platform_is_made_up(int fd) {
	(void)fd;
	return false;
}

bool platform_path_is_made_up(const char *path) {
	(void)path;
	return false;
}

void platform_wipe(void *at, size_t count) {
	for (volatile unsigned char *p = at; count > 0; count--) {
		*p++ = 0;
	}
}

void platform_put(const char *s, FILE *out) {
	fputs(s, out);
}

int64_t platform_changed_ns(const struct stat *st) {
#ifdef __APPLE__
	return st->st_mtimespec.tv_sec * NS_PER_S + st->st_mtimespec.tv_nsec;
#else
	return st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
#endif
}

struct writing {
	void *context;
	ssize_t (*write)(void *, const char *, size_t);
};

static int write_all(void *writing, const char *bytes, int count) {
	const struct writing *w = writing;

	ssize_t taken = w->write(w->context, bytes, (size_t)count);

	return taken > 0 ? (int)taken : -1;
}

static int end_writing(void *writing) {
	free(writing);
	return 0;
}

FILE *platform_stream(void *context, ssize_t (*write)(void *, const char *, size_t)) {
	struct writing *w = malloc(sizeof *w);

	if (!w) {
		return NULL;
	}
	*w = (struct writing){context, write};
	return funopen(w, NULL, write_all, NULL, end_writing);
}

#endif
