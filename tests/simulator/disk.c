#include "tests/simulator/disk.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

#define SECTOR 512

/* ---- numbers ---- */

uint64_t draw(uint64_t *state) {
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

int64_t draw_within(uint64_t *state, int64_t from, int64_t to) {
	return to > from ? from + (int64_t)(draw(state) % (uint64_t)(to - from)) : from;
}

bool draw_one_in(uint64_t *state, int64_t n) {
	return draw_within(state, 0, n) == 0;
}

/* ---- bytes ---- */

void bytes_resize(struct bytes *b, size_t len) {
	if (len > b->room) {
		b->room = len < 2 * b->room ? 2 * b->room : len < 4096 ? 4096 : len;
		b->at = must_realloc(b->at, b->room);
	}
	if (len > b->len) {
		memset(b->at + b->len, 0, len - b->len);
	}
	b->len = len;
}

void bytes_write(struct bytes *b, size_t at, const void *bytes, size_t len) {
	if (len == 0) {
		return;
	}
	if (at + len > b->len) {
		bytes_resize(b, at + len);
	}
	memcpy(b->at + at, bytes, len);
}

static void bytes_copy(struct bytes *to, const struct bytes *from) {
	bytes_resize(to, from->len);
	if (from->len > 0) {
		memcpy(to->at, from->at, from->len);
	}
}

/* ---- names ---- */

static struct entry_name *find_name(const struct listing *l, const char *name) {
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->at[i].name, name) == 0) {
			return &l->at[i];
		}
	}
	return NULL;
}

static void set_name(struct listing *l, const struct entry_name *e) {
	struct entry_name *there = find_name(l, e->name);

	if (there && e->node) {
		there->node = e->node;
	} else if (there) {
		*there = l->at[--l->count];
	} else if (e->node) {
		l->at = must_realloc(l->at, (l->count + 1) * sizeof *l->at);
		l->at[l->count++] = *e;
	}
}

static void apply_renaming(struct listing *l, const struct renaming *r) {
	set_name(l, &r->from);
	if (r->to.name[0]) {
		set_name(l, &r->to);
	}
}

struct node *disk_name(const struct node *folder, const char *name) {
	const struct entry_name *e = find_name(&folder->names, name);

	return e ? e->node : NULL;
}

/* ---- nodes ---- */

struct node *disk_new(struct disk *d, bool folder, mode_t mode) {
	struct node *n = must_calloc(1, sizeof *n);

	n->next = d->all;
	n->number = ++d->last_number;
	n->folder = folder;
	n->mode = mode;
	n->changed_ns = *d->now_ns;
	d->all = n;
	return n;
}

void disk_init(struct disk *d, int64_t *now_ns) {
	*d = (struct disk){.now_ns = now_ns};
	d->root = disk_new(d, true, 0755);
}

static void forget_changes(struct node *n) {
	for (size_t i = 0; i < n->change_count && n->changes; i++) {
		free(n->changes[i].bytes);
	}
	free(n->changes);
	free(n->renamings);
	n->changes = NULL;
	n->renamings = NULL;
	n->change_count = 0;
}

void disk_release(struct disk *d) {
	for (struct node *n = d->all, *next; n; n = next) {
		next = n->next;
		forget_changes(n);
		free(n->now.at);
		free(n->durable.at);
		free(n->names.at);
		free(n->durable_names.at);
		for (size_t i = 0; i < sizeof n->sql.regions / sizeof *n->sql.regions; i++) {
			free(n->sql.regions[i]);
		}
		free(n);
	}
	d->all = NULL;
}

/* The next part of a path; false at its end. */
static bool next_part(const char **path, char part[256]) {
	while (**path == '/') {
		(*path)++;
	}
	size_t len = strcspn(*path, "/");
	if (len == 0 || len > 255) {
		return false;
	}
	memcpy(part, *path, len);
	part[len] = '\0';
	*path += len;
	return true;
}

struct node *disk_find(struct disk *d, const char *path) {
	char part[256];
	struct node *n = d->root;

	for (path += strlen(DISK_ROOT); n && next_part(&path, part);) {
		if (!n->folder) {
			errno = ENOTDIR;
			return NULL;
		}
		n = strcmp(part, ".") == 0 ? n : disk_name(n, part);
	}
	if (!n) {
		errno = ENOENT;
	}
	return n;
}

struct node *disk_folder(struct disk *d, const char *path, const char **name) {
	char above[4096];
	const char *slash = strrchr(path, '/');

	snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
	*name = slash + 1;
	struct node *n = disk_find(d, above);
	if (n && !n->folder) {
		errno = ENOTDIR;
		return NULL;
	}
	return n;
}

/* ---- changes ---- */

static void note_change(struct node *n, size_t at, const void *bytes, size_t len) {
	if ((n->change_count & (n->change_count - 1)) == 0) {
		n->changes = must_realloc(n->changes, (n->change_count ? 2 * n->change_count : 1) * sizeof *n->changes);
	}
	struct change *c = &n->changes[n->change_count++];
	*c = (struct change){.at = at, .len = len};
	if (bytes) {
		c->bytes = must_alloc(len + 1);
		memcpy(c->bytes, bytes, len);
	}
}

void disk_write(struct disk *d, struct node *n, size_t at, const void *bytes, size_t len) {
	note_change(n, at, bytes, len);
	bytes_write(&n->now, at, bytes, len);
	n->changed_ns = *d->now_ns;
}

void disk_resize(struct disk *d, struct node *n, size_t len) {
	note_change(n, 0, NULL, len);
	bytes_resize(&n->now, len);
	n->changed_ns = *d->now_ns;
}

static struct entry_name name_of(const char *name, struct node *node) {
	struct entry_name e = {.node = node};

	snprintf(e.name, sizeof e.name, "%s", name);
	return e;
}

static void note_renaming(struct disk *d, struct node *folder, struct renaming r) {
	if ((folder->change_count & (folder->change_count - 1)) == 0) {
		size_t room = folder->change_count ? 2 * folder->change_count : 1;
		folder->renamings = must_realloc(folder->renamings, room * sizeof *folder->renamings);
	}
	folder->renamings[folder->change_count++] = r;
	apply_renaming(&folder->names, &r);
	folder->changed_ns = *d->now_ns;
}

void disk_set_name(struct disk *d, struct node *folder, const char *name, struct node *node) {
	note_renaming(d, folder, (struct renaming){.from = name_of(name, node)});
}

void disk_rename(struct disk *d, struct node *folder, const char *from, const char *to) {
	struct node *n = disk_name(folder, from);

	note_renaming(d, folder, (struct renaming){.from = name_of(from, NULL), .to = name_of(to, n)});
}

/* ---- durable changes ---- */

static void apply_change(struct bytes *b, const struct change *c, size_t len) {
	if (c->bytes) {
		bytes_write(b, c->at, c->bytes, len);
	} else {
		bytes_resize(b, c->len);
	}
}

/* The first `count` changes of a folder, and of a file those that are drawn (state NULL: all), are for good. */
static void settle(struct node *n, size_t count, uint64_t *state) {
	for (size_t i = 0; i < n->change_count; i++) {
		if (n->folder && i < count) {
			apply_renaming(&n->durable_names, &n->renamings[i]);
		} else if (!n->folder && (!state || draw_one_in(state, 2))) {
			const struct change *c = &n->changes[i];
			bool torn = state && c->bytes && draw_one_in(state, 4);
			apply_change(&n->durable, c, torn ? (size_t)draw_within(state, 0, (int64_t)(c->len / SECTOR) + 1) * SECTOR : c->len);
		}
	}
	forget_changes(n);
}

void disk_sync(struct node *n) {
	settle(n, n->change_count, NULL);
}

void disk_sync_all(struct disk *d) {
	for (struct node *n = d->all; n; n = n->next) {
		disk_sync(n);
	}
}

static void forget_locks(struct node *n) {
	n->readers = 0;
	n->writer = NULL;
	for (size_t i = 0; i < sizeof n->sql.regions / sizeof *n->sql.regions; i++) {
		free(n->sql.regions[i]);
	}
	memset(&n->sql, 0, sizeof n->sql);
}

void disk_cut(struct disk *d, uint64_t *state) {
	/* All unsynced changes are lost, all are kept, or any part of them. */
	int64_t how = draw_within(state, 0, 4);

	for (struct node *n = d->all; n; n = n->next) {
		if (how == 0) {
			forget_changes(n);
		} else if (how == 1) {
			disk_sync(n);
		} else {
			settle(n, (size_t)draw_within(state, 0, (int64_t)n->change_count + 1), state);
		}
		bytes_copy(&n->now, &n->durable);
		n->names.at = must_realloc(n->names.at, (n->durable_names.count + 1) * sizeof *n->names.at);
		n->names.count = n->durable_names.count;
		if (n->names.count > 0) {
			memcpy(n->names.at, n->durable_names.at, n->names.count * sizeof *n->names.at);
		}
		forget_locks(n);
	}
}

size_t disk_used(const struct disk *d) {
	size_t sum = 0;

	for (const struct node *n = d->all; n; n = n->next) {
		sum += n->now.len;
	}
	return sum;
}

/* ---- the scene ---- */

void disk_make_folder(struct disk *d, const char *path) {
	const char *name;
	struct node *folder = disk_folder(d, path, &name);

	disk_set_name(d, folder, name, disk_new(d, true, 0755));
	disk_sync(folder);
}

void disk_put(struct disk *d, const char *path, const void *bytes, size_t len) {
	const char *name;
	struct node *folder = disk_folder(d, path, &name), *n = disk_new(d, false, 0644);

	assert(folder);
	disk_write(d, n, 0, bytes, len);
	disk_set_name(d, folder, name, n);
	disk_sync(n);
	disk_sync(folder);
}

void disk_append(struct disk *d, const char *path, const void *bytes, size_t len) {
	struct node *n = disk_find(d, path);

	if (!n) {
		disk_put(d, path, bytes, len);
		return;
	}
	disk_write(d, n, n->now.len, bytes, len);
	disk_sync(n);
}

void disk_remove(struct disk *d, const char *path) {
	const char *name;
	struct node *folder = disk_folder(d, path, &name);

	disk_set_name(d, folder, name, NULL);
	disk_sync(folder);
}
