/*
 * disk.h: a disk in memory with two states of each file and folder: that seen by programs, and that after a power
 * cut. Writes since the last sync may be kept, lost or torn, in any order.
 */
#ifndef TESTS_SIMULATOR_DISK_H
#define TESTS_SIMULATOR_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define DISK_ROOT "/sim"

/* A sequence of numbers from a seed (splitmix64). */
uint64_t draw(uint64_t *state);
/* from <= result < to; `from` if the range is empty. */
int64_t draw_within(uint64_t *state, int64_t from, int64_t to);
bool draw_one_in(uint64_t *state, int64_t n);

struct bytes {
	unsigned char *at;
	size_t len, room;
};
void bytes_write(struct bytes *b, size_t at, const void *bytes, size_t len);
void bytes_resize(struct bytes *b, size_t len);

/* A write since the last sync, or (bytes NULL) a new length. */
struct change {
	size_t at, len;
	unsigned char *bytes;
};

struct node;
struct entry_name {
	char name[256];
	struct node *node;
};
struct listing {
	struct entry_name *at;
	size_t count;
};
/* Names that change together; `to` empty: only one does. Node NULL: the name goes. */
struct renaming {
	struct entry_name from, to;
};

/* A file or folder. */
struct node {
	struct node *next; /* of all of the disk */
	uint64_t number;
	bool folder;
	mode_t mode;
	int64_t changed_ns;
	struct bytes now, durable; /* of a file */
	struct change *changes;
	struct listing names, durable_names; /* of a folder */
	struct renaming *renamings;
	size_t change_count; /* of either */
	/* Locks: of flock, and of SQLite (calls_sqlite.c). */
	int readers;
	const void *writer;
	struct {
		int shared, users;
		const void *reserved, *pending, *exclusive;
		int shm_shared[8];
		const void *shm_exclusive[8];
		unsigned char *regions[64];
	} sql;
};

struct disk {
	struct node *all, *root;
	uint64_t last_number;
	int64_t *now_ns; /* the clock, for times of files */
};

void disk_init(struct disk *d, int64_t *now_ns);
void disk_release(struct disk *d);

/* The node at a path below DISK_ROOT, or NULL with errno. */
struct node *disk_find(struct disk *d, const char *path);
/* The folder that a path is in, and its last part; NULL with errno. */
struct node *disk_folder(struct disk *d, const char *path, const char **name);
/* A node without a name. */
struct node *disk_new(struct disk *d, bool folder, mode_t mode);

/* Changes, all noted until the next sync. */
void disk_write(struct disk *d, struct node *n, size_t at, const void *bytes, size_t len);
void disk_resize(struct disk *d, struct node *n, size_t len);
void disk_set_name(struct disk *d, struct node *folder, const char *name, struct node *node);
/* `from` becomes `to` in one step. */
void disk_rename(struct disk *d, struct node *folder, const char *from, const char *to);
struct node *disk_name(const struct node *folder, const char *name);

/* Makes the current content durable. */
void disk_sync(struct node *n);
void disk_sync_all(struct disk *d);
/* A power cut: the changes since the last sync that remain are drawn at random. */
void disk_cut(struct disk *d, uint64_t *state);
/* All bytes of all files. */
size_t disk_used(const struct disk *d);

/* Complete files, for the set-up: they are durable at once. */
void disk_put(struct disk *d, const char *path, const void *bytes, size_t len);
void disk_append(struct disk *d, const char *path, const void *bytes, size_t len);
void disk_remove(struct disk *d, const char *path);
void disk_make_folder(struct disk *d, const char *path);

#endif
