/*
 * durable.c: the content of a folder after a power cut, by the strictest reading of POSIX: a file has the bytes of
 * its last sync (none, if never synced); a folder has the names of the last sync of the folder itself. The initial
 * content is on disk.
 *
 *   TOLLBOOK_DURABLE=FOLDER   is watched; FOLDER.synced has what is on disk of it (files by inode, folders as lists),
 *                             FOLDER.cut is made of that at the cut
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/faults.h"

#define PATH_BYTES 4096

static char root[PATH_BYTES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void copy_bytes(int from, int to) {
	char block[65536];
	ssize_t got;
	off_t at = 0;

	while ((got = REAL(pread)(from, block, sizeof block, at)) > 0) {
		if (REAL(pwrite)(to, block, (size_t)got, at) != got) {
			_exit(98);
		}
		at += got;
	}
}

static int create(const char *path) {
	int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	if (fd < 0) {
		_exit(98);
	}
	return fd;
}

static void synced_path(ino_t inode, char *out) {
	snprintf(out, PATH_BYTES, "%.4000s.synced/%ju", root, (uintmax_t)inode);
}

/* The names in a folder, each with its inode and type. */
static void note_folder(int fd, ino_t inode) {
	char path[PATH_BYTES];
	DIR *dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	synced_path(inode, path);
	int out = create(path);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
			dprintf(out, "%ju %c %s\n", (uintmax_t)d->d_ino, d->d_type == DT_DIR ? 'd' : 'f', d->d_name);
		}
	}
	closedir(dir);
	close(out);
}

static void note(int fd, const struct stat *st) {
	char own[64], path[PATH_BYTES];

	if (S_ISDIR(st->st_mode)) {
		note_folder(fd, st->st_ino);
		return;
	}
	snprintf(own, sizeof own, "/proc/self/fd/%d", fd); /* it may be open for writing only */
	int in = REAL(open)(own, O_RDONLY | O_CLOEXEC);
	synced_path(st->st_ino, path);
	int out = create(path);
	copy_bytes(in, out);
	close(out);
	close(in);
}

static void note_all(const char *path) {
	struct stat st;
	int fd = REAL(open)(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		return;
	}
	note(fd, &st);
	DIR *dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
	for (struct dirent *d; dir && (d = readdir(dir));) {
		char below[PATH_BYTES];
		snprintf(below, sizeof below, "%.3000s/%.255s", path, d->d_name);
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
			note_all(below);
		}
	}
	if (dir) {
		closedir(dir);
	}
	close(fd);
}

void durable_start(void) {
	const char *folder = getenv("TOLLBOOK_DURABLE");
	char path[PATH_BYTES];

	if (!folder || !realpath(folder, root)) {
		return;
	}
	snprintf(path, sizeof path, "%.4000s.synced", root);
	mkdir(path, 0750);
	note_all(root);
}

void durable_sync(int fd) {
	char own[64], path[PATH_BYTES];
	struct stat st;
	size_t len = strlen(root);

	snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
	ssize_t got = len > 0 ? readlink(own, path, sizeof path - 1) : 0;
	if (got < (ssize_t)len || got <= 0 || strncmp(path, root, len) != 0 || (path[len] != '/' && (size_t)got > len)) {
		return;
	}
	pthread_mutex_lock(&lock);
	if (fstat(fd, &st) == 0) {
		note(fd, &st);
	}
	pthread_mutex_unlock(&lock);
}

void durable_sync_all(void) {
	pthread_mutex_lock(&lock);
	if (root[0]) {
		note_all(root);
	}
	pthread_mutex_unlock(&lock);
}

static void build_file(ino_t inode, const char *to) {
	char from[PATH_BYTES];
	int out = create(to);

	synced_path(inode, from);
	int in = REAL(open)(from, O_RDONLY | O_CLOEXEC);
	if (in >= 0) {
		copy_bytes(in, out);
		close(in);
	}
	close(out);
}

static void build_folder(ino_t inode, const char *to) {
	char list[PATH_BYTES], line[PATH_BYTES], below[PATH_BYTES], name[300], kind;
	uintmax_t child;

	mkdir(to, 0750);
	synced_path(inode, list);
	FILE *in = fopen(list, "re");
	while (in && fgets(line, sizeof line, in)) {
		if (sscanf(line, "%ju %c %299[^\n]", &child, &kind, name) != 3) {
			continue;
		}
		snprintf(below, sizeof below, "%.3000s/%s", to, name);
		if (kind == 'd') {
			build_folder((ino_t)child, below);
		} else {
			build_file((ino_t)child, below);
		}
	}
	if (in) {
		fclose(in);
	}
}

void durable_cut(void) {
	char to[PATH_BYTES];
	struct stat st;

	pthread_mutex_lock(&lock); /* permanent: nothing is synced after this */
	if (root[0] && stat(root, &st) == 0) {
		snprintf(to, sizeof to, "%.4000s.cut", root);
		build_folder(st.st_ino, to);
	}
}
