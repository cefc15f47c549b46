/* calls_sqlite.c: SQLite's files and locks on the machine's disk: the part of its unix VFS that a ledger needs. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "tests/simulator/machine.h"

#define SECTOR_BYTES 4096
#define LOCKS SQLITE_SHM_NLOCK
#define REGIONS 64
/* Julian day of 1970, in milliseconds. */
#define EPOCH_MS INT64_C(210866760000000)

struct file {
	sqlite3_file base;
	struct machine *machine;
	struct node *node, *folder;
	bool sync_folder, uses_shm;
	int level;
	unsigned shm_shared, shm_exclusive; /* locks it has, by bits */
};

static struct file *file_of(sqlite3_file *f) {
	return (struct file *)(void *)f;
}

/* ---- reading and writing ---- */

static int file_read(sqlite3_file *base, void *bytes, int len, sqlite3_int64 at) {
	struct file *f = file_of(base);
	const struct bytes *b = &f->node->now;
	size_t there = (size_t)at < b->len ? b->len - (size_t)at : 0, got = (size_t)len < there ? (size_t)len : there;

	if (gate_read(f->machine) != 0) {
		return SQLITE_IOERR_READ;
	}
	if (got > 0) {
		memcpy(bytes, b->at + at, got);
	}
	memset((char *)bytes + got, 0, (size_t)len - got);
	return got == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 at) {
	struct file *f = file_of(base);
	size_t through;
	int rc = gate_change(f->machine, (size_t)len, &through);

	if (through > 0) {
		disk_write(&f->machine->disk, f->node, (size_t)at, bytes, through);
	}
	return rc == 0 ? SQLITE_OK : errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 len) {
	struct file *f = file_of(base);
	size_t through;

	if (gate_change(f->machine, 0, &through) != 0) {
		return SQLITE_IOERR_TRUNCATE;
	}
	disk_resize(&f->machine->disk, f->node, (size_t)len);
	return SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags) {
	struct file *f = file_of(base);
	size_t through;

	(void)flags;
	if (gate_change(f->machine, 0, &through) != 0) {
		return SQLITE_IOERR_FSYNC;
	}
	disk_sync(f->node);
	if (f->sync_folder) {
		disk_sync(f->folder);
		f->sync_folder = false;
	}
	return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *len) {
	*len = (sqlite3_int64)file_of(base)->node->now.len;
	return SQLITE_OK;
}

/* ---- locks ---- */

static int file_unlock(sqlite3_file *base, int level) {
	struct file *f = file_of(base);

	if (f->level <= level) {
		return SQLITE_OK;
	}
	f->node->sql.exclusive = f->node->sql.exclusive == f ? NULL : f->node->sql.exclusive;
	f->node->sql.pending = f->node->sql.pending == f ? NULL : f->node->sql.pending;
	f->node->sql.reserved = f->node->sql.reserved == f ? NULL : f->node->sql.reserved;
	if (level == SQLITE_LOCK_NONE && f->node->sql.shared > 0) {
		f->node->sql.shared--;
	}
	f->level = level;
	return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level) {
	struct file *f = file_of(base);
	struct node *n = f->node;

	if (f->level >= level) {
		return SQLITE_OK;
	}
	if (level == SQLITE_LOCK_SHARED) {
		if (n->sql.pending || n->sql.exclusive) {
			return SQLITE_BUSY;
		}
		n->sql.shared++;
	} else if (level == SQLITE_LOCK_RESERVED) {
		if (n->sql.reserved) {
			return SQLITE_BUSY;
		}
		n->sql.reserved = f;
	} else {
		if ((n->sql.pending && n->sql.pending != f) || (n->sql.reserved && n->sql.reserved != f)) {
			return SQLITE_BUSY;
		}
		n->sql.pending = f;
		if (n->sql.shared > 1) {
			f->level = SQLITE_LOCK_PENDING;
			return SQLITE_BUSY;
		}
		n->sql.exclusive = f;
	}
	f->level = level;
	return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *out) {
	*out = file_of(base)->node->sql.reserved != NULL;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int what, void *with) {
	(void)base;
	(void)what;
	(void)with;
	return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base) {
	(void)base;
	return SECTOR_BYTES;
}

static int characteristics(sqlite3_file *base) {
	(void)base;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- memory that connections share ---- */

static void drop_regions(struct node *n) {
	for (size_t i = 0; i < REGIONS; i++) {
		free(n->sql.regions[i]);
		n->sql.regions[i] = NULL;
	}
}

static int shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out) {
	struct file *f = file_of(base);
	struct node *n = f->node;

	*out = NULL;
	if (region >= REGIONS || gate_read(f->machine) != 0) {
		return SQLITE_IOERR_SHMMAP;
	}
	if (!f->uses_shm) {
		if (n->sql.users == 0) {
			drop_regions(n); /* of the killed process */
		}
		n->sql.users++;
		f->uses_shm = true;
	}
	if (!n->sql.regions[region] && extend) {
		n->sql.regions[region] = must_calloc(1, (size_t)size);
	}
	*out = n->sql.regions[region];
	return SQLITE_OK;
}

static int shm_lock_one(struct file *f, int i, int flags) {
	struct node *n = f->node;
	unsigned bit = 1u << i;

	if (flags & SQLITE_SHM_UNLOCK) {
		if (f->shm_exclusive & bit) {
			n->sql.shm_exclusive[i] = NULL;
		} else if (f->shm_shared & bit) {
			n->sql.shm_shared[i]--;
		}
		f->shm_exclusive &= ~bit;
		f->shm_shared &= ~bit;
	} else if (flags & SQLITE_SHM_SHARED) {
		if (n->sql.shm_exclusive[i]) {
			return SQLITE_BUSY;
		}
		n->sql.shm_shared[i] += f->shm_shared & bit ? 0 : 1;
		f->shm_shared |= bit;
	} else {
		n->sql.shm_exclusive[i] = f;
		f->shm_exclusive |= bit;
	}
	return SQLITE_OK;
}

static int shm_lock(sqlite3_file *base, int first, int count, int flags) {
	struct file *f = file_of(base);
	int rc = SQLITE_OK;

	for (int i = first; i < first + count && (flags & SQLITE_SHM_EXCLUSIVE) && (flags & SQLITE_SHM_LOCK); i++) {
		if (f->node->sql.shm_exclusive[i] || f->node->sql.shm_shared[i] > 0) {
			return SQLITE_BUSY;
		}
	}
	for (int i = first; i < first + count && rc == SQLITE_OK; i++) {
		rc = shm_lock_one(f, i, flags);
	}
	return rc;
}

static void shm_barrier(sqlite3_file *base) {
	(void)base;
}

static int shm_unmap(sqlite3_file *base, int drop) {
	struct file *f = file_of(base);

	(void)drop;
	for (int i = 0; i < LOCKS; i++) {
		shm_lock_one(f, i, SQLITE_SHM_UNLOCK);
	}
	if (f->uses_shm && --f->node->sql.users == 0) {
		drop_regions(f->node);
	}
	f->uses_shm = false;
	return SQLITE_OK;
}

static int file_close(sqlite3_file *base) {
	shm_unmap(base, 0);
	return file_unlock(base, SQLITE_LOCK_NONE);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate, .xSync = file_sync,
	.xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock, .xCheckReservedLock = file_reserved, .xFileControl = file_control,
	.xSectorSize = sector_size, .xDeviceCharacteristics = characteristics, .xShmMap = shm_map, .xShmLock = shm_lock,
	.xShmBarrier = shm_barrier, .xShmUnmap = shm_unmap,
};

/* ---- the file system ---- */

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *given) {
	struct machine *m = machine_now();
	struct file *f = file_of(base);
	const char *name = "";
	size_t through;

	(void)vfs;
	*f = (struct file){0};
	if (gate_open(m) != 0) {
		return SQLITE_CANTOPEN;
	}
	struct node *folder = path ? disk_folder(&m->disk, path, &name) : NULL, *n = folder ? disk_name(folder, name) : NULL;
	if (!n && path && (!(flags & SQLITE_OPEN_CREATE) || !folder)) {
		return SQLITE_CANTOPEN;
	}
	if (!n) {
		if (gate_change(m, 0, &through) != 0) {
			return SQLITE_CANTOPEN;
		}
		n = folder ? disk_name(folder, name) : NULL; /* a process beside may have made it */
	}
	if (!n) {
		n = disk_new(&m->disk, false, 0640);
		if (folder) {
			disk_set_name(&m->disk, folder, name, n);
		}
	}
	f->machine = m;
	f->node = n;
	f->folder = folder;
	/* As the unix VFS, also where the file is there: its creator may have been killed before the folder was synced. */
	f->sync_folder = (flags & SQLITE_OPEN_CREATE) && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
	f->base.pMethods = &methods;
	if (given) {
		*given = flags;
	}
	return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int sync) {
	struct machine *m = machine_now();
	const char *name;
	size_t through;
	struct node *folder = disk_folder(&m->disk, path, &name);

	(void)vfs;
	if (gate_change(m, 0, &through) != 0) {
		return SQLITE_IOERR_DELETE;
	}
	if (!folder || !disk_name(folder, name)) {
		return SQLITE_IOERR_DELETE_NOENT;
	}
	disk_set_name(&m->disk, folder, name, NULL);
	if (sync) {
		disk_sync(folder);
	}
	return SQLITE_OK;
}

static int is_there(sqlite3_vfs *vfs, const char *path, int flags, int *out) {
	const struct node *n = disk_find(&machine_now()->disk, path);

	(void)vfs;
	/* As in the unix VFS, an empty file does not exist. */
	*out = n && (flags != SQLITE_ACCESS_EXISTS || n->now.len > 0);
	return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *path, int size, char *out) {
	(void)vfs;
	snprintf(out, (size_t)size, "%s", path);
	return SQLITE_OK;
}

static int randomness(sqlite3_vfs *vfs, int len, char *out) {
	(void)vfs;
	for (int i = 0; i < len; i++) {
		out[i] = (char)draw(&machine_now()->state);
	}
	return len;
}

static int sleep_us(sqlite3_vfs *vfs, int us) {
	(void)vfs;
	machine_now()->now_ns += (int64_t)us * 1000;
	return us;
}

static int current_time_ms(sqlite3_vfs *vfs, sqlite3_int64 *out) {
	(void)vfs;
	*out = EPOCH_MS + machine_now()->now_ns / 1000000;
	return SQLITE_OK;
}

static int last_error(sqlite3_vfs *vfs, int size, char *out) {
	(void)vfs;
	(void)size;
	(void)out;
	return errno;
}

void sqlite_calls_reset(void) {
	sqlite3_randomness(0, NULL);
}

void sqlite_calls_register(void) {
	static sqlite3_vfs vfs = {
		.iVersion = 2, .szOsFile = sizeof(struct file), .mxPathname = 4096, .zName = "simulator", .xOpen = open_file,
		.xDelete = delete_file, .xAccess = is_there, .xFullPathname = full_path, .xRandomness = randomness, .xSleep = sleep_us,
		.xCurrentTimeInt64 = current_time_ms, .xGetLastError = last_error,
	};

	sqlite3_vfs_register(&vfs, 1);
}
