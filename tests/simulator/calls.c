/*
 * calls.c: the C library's calls for files and the clock, replaced for this program's library (ld --wrap): below
 * DISK_ROOT they go to the machine's disk, elsewhere to the system.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tests/simulator/machine.h"

#define FIRST_FD 100000
#define FILES 256
#define FD_PATH "/proc/self/fd/"
#define TMPFS_MAGIC 0x01021994

struct open_file {
	struct node *node;
	const struct process *process;
	size_t at;
	bool append, locked_alone, locked;
	FILE *stream; /* of fopen */
};
struct open_folder {
	struct dirent entry;
	int fd;
	size_t next;
};

static struct {
	struct machine *machine;
	struct open_file files[FILES];
	struct open_folder folders[FILES];
} own;

void machine_use(struct machine *m) {
	own.machine = m;
	memset(own.files, 0, sizeof own.files);
}

struct machine *machine_now(void) {
	return own.machine;
}

static int fail(int error) {
	errno = error;
	return -1;
}

static struct open_file *file_of(int fd) {
	return fd >= FIRST_FD && fd < FIRST_FD + FILES ? &own.files[fd - FIRST_FD] : NULL;
}

/* Whether it is a path of the machine. */
static bool is_ours(const char *path) {
	size_t len = strlen(DISK_ROOT);

	return own.machine && own.machine->process && ((strncmp(path, DISK_ROOT, len) == 0 && (path[len] == '/' || path[len] == '\0')) ||
	                       (strncmp(path, FD_PATH, strlen(FD_PATH)) == 0 && file_of(atoi(path + strlen(FD_PATH)))));
}

static struct node *find(const char *path) {
	if (strncmp(path, FD_PATH, strlen(FD_PATH)) == 0) {
		return file_of(atoi(path + strlen(FD_PATH)))->node;
	}
	return disk_find(&own.machine->disk, path);
}

/* ---- opening ---- */

static int new_fd(struct node *node, int flags) {
	for (int i = 0; i < FILES; i++) {
		if (!own.files[i].node) {
			own.files[i] = (struct open_file){.node = node, .process = own.machine->process, .append = (flags & O_APPEND) != 0};
			return FIRST_FD + i;
		}
	}
	return fail(EMFILE);
}

static int open_new(const char *path, int flags, mode_t mode) {
	const char *name;
	size_t through;
	struct disk *d = &own.machine->disk;
	struct node *folder = disk_folder(d, path, &name);

	if (!folder || gate_change(own.machine, 0, &through) != 0) {
		return -1;
	}
	struct node *n = disk_name(folder, name);
	if (n && (flags & O_EXCL)) {
		return fail(EEXIST);
	}
	if (!n) {
		n = disk_new(d, false, mode & 0777);
		disk_set_name(d, folder, name, n);
	}
	return new_fd(n, flags);
}

static int open_ours(const char *path, int flags, mode_t mode) {
	size_t through;

	if (gate_open(own.machine) != 0) {
		return -1;
	}
	struct node *n = find(path);
	if ((flags & O_TMPFILE) == O_TMPFILE) {
		return !n ? -1 : own.machine->process->plan.named_only ? fail(EOPNOTSUPP) : new_fd(disk_new(&own.machine->disk, false, mode & 0777), flags);
	}
	if (!n) {
		return errno == ENOENT && (flags & O_CREAT) ? open_new(path, flags, mode) : -1;
	}
	if ((flags & O_CREAT) && (flags & O_EXCL)) {
		return fail(EEXIST);
	}
	if ((flags & O_DIRECTORY) && !n->folder) {
		return fail(ENOTDIR);
	}
	if (n->folder && (flags & O_ACCMODE) != O_RDONLY) {
		return fail(EISDIR);
	}
	if ((flags & O_TRUNC) && n->now.len > 0) {
		if (gate_change(own.machine, 0, &through) != 0) {
			return -1;
		}
		disk_resize(&own.machine->disk, n, 0);
	}
	return new_fd(n, flags);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
	va_list args;

	va_start(args, flags);
	mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
	va_end(args);
	return is_ours(path) ? open_ours(path, flags, mode) : __real_open(path, flags, mode);
}

REAL(int, __open_2, const char *path, int flags) {
	return is_ours(path) ? open_ours(path, flags, 0) : __real___open_2(path, flags);
}

static void unlock(struct open_file *f) {
	if (f->locked && f->locked_alone) {
		f->node->writer = NULL;
	} else if (f->locked) {
		f->node->readers--;
	}
	f->locked = false;
}

REAL(int, close, int fd) {
	struct open_file *f = file_of(fd);

	if (!f) {
		return __real_close(fd);
	}
	unlock(f);
	f->node = NULL;
	return 0;
}

REAL(int, flock, int fd, int how) {
	struct open_file *f = file_of(fd);
	bool alone = (how & ~LOCK_NB) == LOCK_EX;

	if (!f) {
		return __real_flock(fd, how);
	}
	unlock(f);
	if ((how & ~LOCK_NB) == LOCK_UN) {
		return 0;
	}
	if (f->node->writer || (alone && f->node->readers > 0)) {
		return fail(EWOULDBLOCK);
	}
	f->locked = true;
	f->locked_alone = alone;
	if (alone) {
		f->node->writer = f;
	} else {
		f->node->readers++;
	}
	return 0;
}

/* ---- reading and writing ---- */

/* The number of bytes of a read or write that are done. */
static size_t some(size_t len) {
	struct machine *m = own.machine;

	return m->process->plan.short_io && len > 1 && draw_one_in(&m->state, 2) ? (size_t)draw_within(&m->state, 1, (int64_t)len) : len;
}

static ssize_t read_at(const struct open_file *f, void *bytes, size_t len, size_t at) {
	const struct bytes *b = &f->node->now;

	if (f->node->folder) {
		return fail(EISDIR);
	}
	if (gate_read(own.machine) != 0) {
		return -1;
	}
	size_t there = at < b->len ? b->len - at : 0;
	len = some(len < there ? len : there);
	if (len > 0) {
		memcpy(bytes, b->at + at, len);
	}
	return (ssize_t)len;
}

static ssize_t write_at(struct open_file *f, const void *bytes, size_t len, size_t at) {
	size_t through;

	len = some(len);
	int rc = gate_change(own.machine, len, &through);
	if (through > 0) {
		disk_write(&own.machine->disk, f->node, at, bytes, through);
	}
	return rc == 0 ? (ssize_t)len : rc;
}

REAL(ssize_t, read, int fd, void *bytes, size_t len) {
	struct open_file *f = file_of(fd);

	if (!f) {
		return __real_read(fd, bytes, len);
	}
	ssize_t got = read_at(f, bytes, len, f->at);
	f->at += got > 0 ? (size_t)got : 0;
	return got;
}

/* The compiler's replacement of read where it knows the size of the buffer. */
REAL(ssize_t, __read_chk, int fd, void *bytes, size_t len, size_t room) {
	return file_of(fd) ? __wrap_read(fd, bytes, len) : __real___read_chk(fd, bytes, len, room);
}

REAL(ssize_t, pread, int fd, void *bytes, size_t len, off_t at) {
	struct open_file *f = file_of(fd);

	return f ? read_at(f, bytes, len, (size_t)at) : __real_pread(fd, bytes, len, at);
}

REAL(ssize_t, write, int fd, const void *bytes, size_t len) {
	struct open_file *f = file_of(fd);

	if (!f) {
		return __real_write(fd, bytes, len);
	}
	ssize_t done = write_at(f, bytes, len, f->append ? f->node->now.len : f->at);
	f->at += done > 0 ? (size_t)done : 0;
	return done;
}

REAL(ssize_t, pwrite, int fd, const void *bytes, size_t len, off_t at) {
	struct open_file *f = file_of(fd);

	return f ? write_at(f, bytes, len, (size_t)at) : __real_pwrite(fd, bytes, len, at);
}

REAL(int, ftruncate, int fd, off_t len) {
	struct open_file *f = file_of(fd);
	size_t through;

	if (!f) {
		return __real_ftruncate(fd, len);
	}
	if (gate_change(own.machine, 0, &through) != 0) {
		return -1;
	}
	disk_resize(&own.machine->disk, f->node, (size_t)len);
	return 0;
}

REAL(int, fsync, int fd) {
	struct open_file *f = file_of(fd);
	size_t through;

	if (!f) {
		return __real_fsync(fd);
	}
	if (gate_change(own.machine, 0, &through) != 0) {
		return -1;
	}
	disk_sync(f->node);
	return 0;
}

REAL(int, syncfs, int fd) {
	size_t through;

	if (!file_of(fd)) {
		return __real_syncfs(fd);
	}
	if (gate_change(own.machine, 0, &through) != 0) {
		return -1;
	}
	disk_sync_all(&own.machine->disk);
	return 0;
}

REAL(int, fchmod, int fd, mode_t mode) {
	struct open_file *f = file_of(fd);

	if (!f) {
		return __real_fchmod(fd, mode);
	}
	f->node->mode = mode;
	return 0;
}

/* ---- streams ---- */

static ssize_t stream_read(void *fd, char *bytes, size_t len) {
	return __wrap_read((int)(intptr_t)fd, bytes, len);
}

static int stream_close(void *fd) {
	return __wrap_close((int)(intptr_t)fd);
}

REAL(FILE *, fopen, const char *path, const char *mode) {
	if (!is_ours(path)) {
		return __real_fopen(path, mode);
	}
	int fd = open_ours(path, O_RDONLY, 0);
	if (fd < 0) {
		return NULL;
	}
	FILE *f = fopencookie((void *)(intptr_t)fd, "r", (cookie_io_functions_t){.read = stream_read, .close = stream_close});
	file_of(fd)->stream = f;
	return f;
}

REAL(int, fileno, FILE *stream) {
	for (int i = 0; i < FILES; i++) {
		if (own.files[i].node && own.files[i].stream == stream) {
			return FIRST_FD + i;
		}
	}
	return __real_fileno(stream);
}

/* ---- existing files ---- */

static int describe(const struct node *n, struct stat *out) {
	*out = (struct stat){.st_dev = 1, .st_ino = n->number, .st_mode = (n->folder ? S_IFDIR : S_IFREG) | n->mode, .st_nlink = 1,
	                     .st_size = (off_t)n->now.len, .st_mtim = {n->changed_ns / 1000000000, n->changed_ns % 1000000000}};
	return 0;
}

REAL(int, stat, const char *path, struct stat *out) {
	if (!is_ours(path)) {
		return __real_stat(path, out);
	}
	const struct node *n = find(path);
	return n ? describe(n, out) : -1;
}

REAL(int, lstat, const char *path, struct stat *out) {
	return is_ours(path) ? __wrap_stat(path, out) : __real_lstat(path, out);
}

REAL(int, fstat, int fd, struct stat *out) {
	const struct open_file *f = file_of(fd);

	return f ? describe(f->node, out) : __real_fstat(fd, out);
}

REAL(int, fstatfs, int fd, struct statfs *out) {
	if (!file_of(fd)) {
		return __real_fstatfs(fd, out);
	}
	*out = (struct statfs){.f_type = TMPFS_MAGIC};
	return 0;
}

REAL(int, access, const char *path, int how) {
	return !is_ours(path) ? __real_access(path, how) : find(path) ? 0 : -1;
}

REAL(char *, realpath, const char *path, char *out) {
	return !is_ours(path) ? __real_realpath(path, out) : find(path) ? strdup(path) : NULL;
}

/* ---- names: a process beside runs first, so that what is there is looked up after it ---- */

REAL(int, rename, const char *from, const char *to) {
	const char *old, *new;
	size_t through;

	if (!is_ours(from)) {
		return __real_rename(from, to);
	}
	if (gate_change(own.machine, 0, &through) != 0) {
		return -1;
	}
	struct node *folder = disk_folder(&own.machine->disk, from, &old), *other = disk_folder(&own.machine->disk, to, &new);
	if (!folder || !other || !disk_name(folder, old)) {
		return fail(ENOENT);
	}
	if (folder != other) {
		return fail(EXDEV);
	}
	disk_rename(&own.machine->disk, folder, old, new);
	return 0;
}

REAL(int, linkat, int from_fd, const char *from, int to_fd, const char *to, int flags) {
	const char *name;
	size_t through;

	if (!is_ours(to)) {
		return __real_linkat(from_fd, from, to_fd, to, flags);
	}
	if (gate_change(own.machine, 0, &through) != 0) {
		return -1;
	}
	struct node *n = find(from), *folder = disk_folder(&own.machine->disk, to, &name);
	if (!n || !folder) {
		return -1;
	}
	if (disk_name(folder, name)) {
		return fail(EEXIST);
	}
	disk_set_name(&own.machine->disk, folder, name, n);
	return 0;
}

static int remove_name(struct node *folder, const char *name) {
	size_t through;

	if (gate_change(own.machine, 0, &through) != 0) {
		return -1;
	}
	if (!folder || !disk_name(folder, name)) {
		return fail(ENOENT);
	}
	disk_set_name(&own.machine->disk, folder, name, NULL);
	return 0;
}

REAL(int, unlink, const char *path) {
	const char *name;

	if (!is_ours(path)) {
		return __real_unlink(path);
	}
	struct node *folder = disk_folder(&own.machine->disk, path, &name);
	return remove_name(folder, name);
}

REAL(int, mkdir, const char *path, mode_t mode) {
	const char *name;
	size_t through;

	if (!is_ours(path)) {
		return __real_mkdir(path, mode);
	}
	if (gate_change(own.machine, 0, &through) != 0) {
		return -1;
	}
	struct node *folder = disk_folder(&own.machine->disk, path, &name);
	if (!folder) {
		return -1;
	}
	if (disk_name(folder, name)) {
		return fail(EEXIST);
	}
	disk_set_name(&own.machine->disk, folder, name, disk_new(&own.machine->disk, true, mode & 0777));
	return 0;
}

/* ---- folders ---- */

static struct open_folder *folder_of(const DIR *dir) {
	const struct open_folder *f = (const void *)dir;

	return f >= own.folders && f < own.folders + FILES ? &own.folders[f - own.folders] : NULL;
}

REAL(DIR *, opendir, const char *path) {
	if (!is_ours(path)) {
		return __real_opendir(path);
	}
	int fd = open_ours(path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) {
		return NULL;
	}
	struct open_folder *f = &own.folders[fd - FIRST_FD];
	*f = (struct open_folder){.fd = fd};
	return (DIR *)(void *)f;
}

REAL(struct dirent *, readdir, DIR *dir) {
	struct open_folder *f = folder_of(dir);

	if (!f) {
		return __real_readdir(dir);
	}
	const struct listing *l = &file_of(f->fd)->node->names;
	if (f->next >= l->count) {
		return NULL;
	}
	f->entry.d_ino = l->at[f->next].node->number;
	f->entry.d_type = l->at[f->next].node->folder ? DT_DIR : DT_REG;
	snprintf(f->entry.d_name, sizeof f->entry.d_name, "%s", l->at[f->next++].name);
	return &f->entry;
}

REAL(int, closedir, DIR *dir) {
	struct open_folder *f = folder_of(dir);

	return f ? __wrap_close(f->fd) : __real_closedir(dir);
}

REAL(int, dirfd, DIR *dir) {
	struct open_folder *f = folder_of(dir);

	return f ? f->fd : __real_dirfd(dir);
}

REAL(int, fstatat, int fd, const char *name, struct stat *out, int flags) {
	const struct open_file *f = file_of(fd);

	if (!f) {
		return __real_fstatat(fd, name, out, flags);
	}
	const struct node *n = disk_name(f->node, name);
	return n ? describe(n, out) : fail(ENOENT);
}

REAL(int, unlinkat, int fd, const char *name, int flags) {
	const struct open_file *f = file_of(fd);

	return f ? remove_name(f->node, name) : __real_unlinkat(fd, name, flags);
}

static void *glob_opendir(const char *path) {
	return __wrap_opendir(path);
}

static struct dirent *glob_readdir(void *dir) {
	return __wrap_readdir(dir);
}

static void glob_closedir(void *dir) {
	__wrap_closedir(dir);
}

REAL(int, glob, const char *pattern, int flags, int (*failed)(const char *path, int error), glob_t *found) {
	found->gl_opendir = glob_opendir;
	found->gl_readdir = glob_readdir;
	found->gl_closedir = glob_closedir;
	found->gl_stat = __wrap_stat;
	found->gl_lstat = __wrap_lstat;
	return __real_glob(pattern, flags | GLOB_ALTDIRFUNC, failed, found);
}
