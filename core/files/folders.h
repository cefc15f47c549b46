/* folders.h: syncs the content of folders to disk, and removes leftover files. */
#ifndef CORE_FOLDERS_H
#define CORE_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* Waits until the names in the folder of this path are on disk. 0, or -1 with errno. */
int folder_sync(const char *path);
int folder_must_sync(const char *path, struct fault *why);

/* Did a sync fail only because the file system does not support it? */
bool sync_refused(int error);

/*
 * Waits until files put in place by outfile_put are on disk: their bytes, and the names in their folders (files of
 * one folder are adjacent). For many files, the whole file system is synced once, which is much faster.
 */
int files_sync(const char *const *paths, size_t count, struct fault *why);

/*
 * Removes from a folder the temporary files of killed processes, if last written at least this many seconds ago:
 * younger ones may belong to a running process.
 */
void files_sweep(const char *folder, int64_t older_s);

#endif
