#define _GNU_SOURCE /* nftw */
#include "ledger/segments/part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files/files.h"
#include "core/files/folders.h"

#define SUFFIX ".part-"
#define RANDOM "XXXXXX"
#define TRIES 8

int transfer_go_on(const struct ledger_transfer *t, struct fault *why) {
	return t->stopped && t->stopped(t->context) ? fault_set(why, ERROR_IO, "stopped by a signal; nothing was written") : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

static void remove_all(const char *folder) {
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int open_folder(const char *path) {
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ---- leftovers ---- */

/* Does a folder contain only files of books and exports? Other folders with such a name must not be removed. */
static bool is_ours(const char *path) {
	static const char *const ours[] = {".", "..", "records", "tables", "documents", "lock", "manifest.jsonl"};
	DIR *dir = opendir(path);
	bool fine = dir != NULL;

	for (struct dirent *d; fine && (d = readdir(dir));) {
		struct text name = text_of(d->d_name);
		fine = text_starts(name, T("ledger.")) || (text_starts(name, T(TEMP_START)) && text_ends(name, T(TEMP_END)));
		for (size_t i = 0; i < sizeof ours / sizeof *ours && !fine; i++) {
			fine = text_eq(name, text_of(ours[i]));
		}
	}
	if (dir) {
		closedir(dir);
	}
	return fine;
}

static bool clear(const char *path) {
	int fd = open_folder(path);
	bool left = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_ours(path);

	if (left) {
		remove_all(path);
	}
	if (fd >= 0) {
		close(fd);
	}
	return left;
}

/* The folder of a path, and its name. */
static void clear_beside(const char *place, size_t len, struct ledger_transfer *t) {
	size_t above = len;
	char path[2 * PART_PATH_MAX];

	while (above > 0 && place[above - 1] != '/') {
		above--;
	}
	snprintf(path, sizeof path, "%.*s", above > 0 ? (int)above : 1, above > 0 ? place : ".");
	struct text name = {place + above, len - above};
	DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		struct text found = text_of(d->d_name);
		bool fits = found.len == name.len + strlen(SUFFIX RANDOM) && text_starts(found, name) &&
		            text_starts(text_cut(found, name.len, found.len), T(SUFFIX));
		snprintf(path, sizeof path, "%.*s%s", (int)above, place, d->d_name);
		t->cleared += fits && clear(path);
	}
	if (dir) {
		closedir(dir);
	}
}

/* ---- a new one ---- */

static int check_place(const char *place, struct fault *why) {
	struct stat st;

	if (lstat(place, &st) != 0) {
		return 0;
	}
	if (!S_ISDIR(st.st_mode)) {
		return fault_set(why, ERROR_CONFIG, "%s: exists and is not a folder, expected a new or empty one", place);
	}
	/* Fails if it is not empty; the folder is created again at the end. */
	return rmdir(place) == 0 ? 0 : fault_set(why, ERROR_CONFIG, "%s: exists and is not empty, expected a new or "
								    "empty folder", place);
}

/* Created, and locked before another process treated it as left: 1; 0: try again. */
static int make(struct part *p, size_t len, struct fault *why) {
	struct stat st;

	snprintf(p->folder, sizeof p->folder, "%.*s" SUFFIX RANDOM, (int)len, p->place);
	if (strlen(p->folder) + 256 > sizeof p->folder || !mkdtemp(p->folder)) {
		return fault_set(why, ERROR_IO, "%s: cannot make a folder next to it: %s", p->place, strerror(errno));
	}
	p->lock = open_folder(p->folder);
	/* without locks in the file system, leftovers cannot be detected */
	(void)(p->lock < 0 || flock(p->lock, LOCK_EX));
	if (p->lock >= 0 && stat(p->folder, &st) != 0) {
		close(p->lock);
		return 0;
	}
	return chmod(p->folder, 0750) == 0 ? 1 : fault_set(why, ERROR_IO, "%s: %s", p->folder, strerror(errno));
}

int part_begin(struct part *p, const char *place, struct ledger_transfer *t, struct fault *why) {
	size_t len = strlen(place);
	int rc = check_place(place, why), made = 0;

	if (rc < 0) {
		return rc;
	}
	*p = (struct part){.place = place, .lock = -1};
	while (len > 1 && place[len - 1] == '/') {
		len--;
	}
	clear_beside(place, len, t);
	for (int i = 0; i < TRIES && made == 0; i++) {
		made = make(p, len, why);
	}
	return made > 0 ? 0 : made < 0 ? made : fault_set(why, ERROR_IO, "%s: a folder next to it is being removed by "
									 "another process", place);
}

/* ---- the end ---- */

static int put(const struct part *p, struct fault *why) {
	char inside[PART_PATH_MAX + 2];

	snprintf(inside, sizeof inside, "%s/", p->folder);
	int rc = folder_must_sync(inside, why);
	if (rc == 0 && rename(p->folder, p->place) != 0) {
		bool full = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR;
		rc = full ? fault_set(why, ERROR_CONFIG, "%s: exists and is not empty, expected a new or empty folder", p->place)
		          : fault_set(why, ERROR_IO, "%s: cannot be created: %s", p->place, strerror(errno));
	}
	return rc < 0 ? rc : folder_must_sync(p->folder, why);
}

int part_end(struct part *p, int rc, struct fault *why) {
	rc = rc < 0 ? rc : put(p, why);
	if (rc < 0) {
		remove_all(p->folder);
	}
	if (p->lock >= 0) {
		close(p->lock);
	}
	return rc;
}
