/* folders.h: what a folder holds: brought to disk, and cleared of what was left. */
#ifndef CORE_FOLDERS_H
#define CORE_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* Waits until the names in the folder of this path are on disk. 0, or -1 with errno. */
int folder_sync(const char *path);
int folder_must_sync(const char *path, struct fault *why);

/* Did a sync fail only because the file system has none? */
bool sync_refused(int error);

/*
 * Waits until files that were put in their places by outfile_put are on disk: their bytes, and the names in the
 * folders that they lie in (files of one folder are adjacent). Of many files, all that the file system holds is
 * waited for at once: one wait each would take longer by far.
 */
int files_sync(const char *const *paths, size_t count, struct fault *why);

/*
 * Removes from a folder what processes that were killed left of files being written, if it was last
 * written to so many seconds ago: what is younger may be another one's at work.
 */
void files_sweep(const char *folder, int64_t older_s);

#endif
