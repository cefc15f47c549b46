#include "ingest/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/files/platform.h"

/* The directories from the top one down to the current one. */
struct above {
	const struct above *up;
	dev_t device;
	ino_t inode;
};

static void add_file(struct paths *p, const char *name, int64_t bytes, const struct ingest_source *source) {
	p->at = must_grow(p->at, p->count, &p->room, sizeof *p->at, 16);
	size_t len = strlen(name) + 1;
	char *copy = must_alloc(len);
	memcpy(copy, name, len);
	p->at[p->count++] = (struct path){copy, bytes, source};
}

static void cannot(struct quality *quality, const char *name, const char *what) {
	char reason[160];

	snprintf(reason, sizeof reason, "%s: %s", what, strerror(errno));
	quality_damage(quality, name, reason, 0);
}

static int by_name(const void *a, const void *b) {
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a directory, sorted; NULL if it cannot be read. */
static char **list_names(const char *name, size_t *count) {
	DIR *dir = opendir(name);
	char **names = NULL;
	size_t room = 0;

	*count = 0;
	if (!dir) {
		return NULL;
	}
	for (struct dirent *d; (d = readdir(dir));) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) {
			continue;
		}
		names = must_grow(names, *count, &room, sizeof *names, 64);
		size_t len = strlen(d->d_name) + 1;
		names[*count] = memcpy(must_alloc(len), d->d_name, len);
		(*count)++;
	}
	closedir(dir);
	if (*count > 0) {
		qsort(names, *count, sizeof *names, by_name);
	}
	return names ? names : must_alloc(1);
}

static bool leads_up(const struct above *above, const struct stat *st) {
	for (; above; above = above->up) {
		if (above->device == st->st_dev && above->inode == st->st_ino) {
			return true;
		}
	}
	return false;
}

static void add_directory(struct paths *p, const char *name, const struct above *above,
                          const struct ingest_source *source, struct quality *quality);

/*
 * A link may lead to a file of /proc or /sys, which looks like a regular one, and may block or never end. Such files have
 * no size, or that of a page.
 */
static bool is_systems(const char *name, const struct stat *st) {
	return (st->st_size == 0 || st->st_size == 4096) && platform_path_is_made_up(name);
}

/* Files in a directory: pipes, sockets and devices are not logs, and reading them might never end. */
static void add_below(struct paths *p, const char *name, const struct above *above,
                      const struct ingest_source *source, struct quality *quality) {
	struct stat st;

	if (stat(name, &st) != 0) {
		cannot(quality, name, "cannot be opened");
	} else if (S_ISDIR(st.st_mode)) {
		if (!leads_up(above, &st)) {
			add_directory(p, name, &(struct above){above, st.st_dev, st.st_ino}, source, quality);
		}
	} else if (S_ISREG(st.st_mode) && !is_systems(name, &st)) {
		add_file(p, name, st.st_size, source);
	}
}

static void add_directory(struct paths *p, const char *name, const struct above *above,
                          const struct ingest_source *source, struct quality *quality) {
	size_t count;
	char **names = list_names(name, &count);

	if (!names) {
		cannot(quality, name, "cannot be listed");
		return;
	}
	size_t len = strlen(name);
	const char *slash = len > 0 && name[len - 1] == '/' ? "" : "/";
	for (size_t i = 0; i < count; i++) {
		size_t room = len + strlen(names[i]) + 2;
		char *inner = must_alloc(room);
		snprintf(inner, room, "%s%s%s", name, slash, names[i]);
		add_below(p, inner, above, source, quality);
		free(inner);
		free(names[i]);
	}
	free(names);
}

void paths_add(struct paths *p, const struct ingest_source *source, struct quality *quality) {
	struct stat st;

	if (strcmp(source->path, "-") == 0 || stat(source->path, &st) != 0) {
		add_file(p, source->path, 0, source); /* if it does not exist, opening it reports why */
	} else if (S_ISDIR(st.st_mode)) {
		add_directory(p, source->path, &(struct above){NULL, st.st_dev, st.st_ino}, source, quality);
	} else {
		add_file(p, source->path, S_ISREG(st.st_mode) ? st.st_size : 0, source);
	}
}

void paths_release(struct paths *p) {
	for (size_t i = 0; i < p->count; i++) {
		free(p->at[i].name);
	}
	free(p->at);
	*p = (struct paths){0};
}
