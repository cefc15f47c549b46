#include "core/files/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/files/files.h"
#include "core/files/platform.h"
#include "core/text.h"

/* Up to this many files are synced one by one; for more, the whole file system is synced once. */
#define ONE_BY_ONE_MAX 16

bool sync_refused(int error) {
	return error == EINVAL || error == ENOTSUP || error == EROFS;
}

/* The folder of a path, up to its last slash: the caller frees. */
static char *folder_name(const char *path) {
	const char *slash = strrchr(path, '/');
	char *name = must_copy(slash ? path : ".");

	if (slash) {
		name[slash == path ? 1 : slash - path] = '\0';
	}
	return name;
}

static int sync_and_close(int fd) {
	int rc = fsync(fd) == 0 || sync_refused(errno) ? 0 : -1;
	int saved = errno;

	close(fd);
	errno = saved;
	return rc;
}

int folder_sync(const char *path) {
	char *name = folder_name(path);
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(name);
	if (fd < 0) {
		/* A folder with write but no read permission cannot be synced. */
		return errno == EACCES ? 0 : -1;
	}
	return sync_and_close(fd);
}

static int file_sync(const char *path) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : sync_and_close(fd);
}

static bool same_folder(const char *a, const char *b) {
	char *x = folder_name(a), *y = folder_name(b);
	bool same = strcmp(x, y) == 0;

	free(x);
	free(y);
	return same;
}

static int sync_fault(const char *path, struct fault *why) {
	return fault_set(why, ERROR_IO, "%s: cannot be synced to disk: %s", path, strerror(errno));
}

int folder_must_sync(const char *path, struct fault *why) {
	return folder_sync(path) == 0 ? 0 : sync_fault(path, why);
}

/* Syncs the file system of the path. False if that is not supported. */
static bool sync_all(const char *path) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool done = fd >= 0 && platform_sync_file_system(fd);

	if (fd >= 0) {
		close(fd);
	}
	return done;
}

int files_sync(const char *const *paths, size_t count, struct fault *why) {
	if (count > ONE_BY_ONE_MAX && sync_all(paths[0])) {
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		bool new_folder = i == 0 || !same_folder(paths[i - 1], paths[i]);
		if (file_sync(paths[i]) != 0 || (new_folder && folder_sync(paths[i]) != 0)) {
			return sync_fault(paths[i], why);
		}
	}
	return 0;
}

void files_sweep(const char *folder, int64_t older_s) {
	DIR *dir = opendir(folder);
	struct stat st;

	for (struct dirent *d; dir && (d = readdir(dir));) {
		struct text name = text_of(d->d_name);
		if (text_starts(name, T(TEMP_START)) && text_ends(name, T(TEMP_END)) &&
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime >= older_s) {
			(void)unlinkat(dirfd(dir), d->d_name, 0);
		}
	}
	if (dir) {
		closedir(dir);
	}
}
