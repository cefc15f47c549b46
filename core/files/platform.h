/*
 * platform.h: functions that differ between systems, or that only some have. Linux, macOS and the BSDs; glibc and
 * musl.
 */
#ifndef CORE_FILES_PLATFORM_H
#define CORE_FILES_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

/* qsort with a context for `compare`. */
void platform_sort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *, void *), void *context);

/* The last occurrence of a byte; NULL: none. */
const void *platform_last_byte(const void *at, int byte, size_t count);

/* Fills in random bytes without waiting: false if there are none yet. */
bool platform_random(void *to, size_t count);

/*
 * A new file without a name in the folder, to be written (O_WRONLY) or also read (O_RDWR); -1 if the system has no
 * such files.
 */
int platform_open_unnamed(const char *folder, int access, mode_t mode);
/* Gives it a name: 0, or -1 with errno. */
int platform_link_unnamed(int fd, const char *path);
/* Can it be given a name? */
bool platform_can_link(int fd);

/* Frees the disk space of this part of a file if the system can; it then reads as zeros. */
void platform_punch_hole(int fd, int64_t at, int64_t count);

/* The bytes of the hole at the read position of a file on a disk, up to its next data or its end; 0: none, or not known. */
int64_t platform_hole_here(int fd);

/* Syncs the file system of this file. False if only all file systems together can be synced. */
bool platform_sync_file_system(int fd);

/* Is it a virtual file of the system (/proc, /sys)? These may never end. */
bool platform_is_made_up(int fd);
bool platform_path_is_made_up(const char *path);

/* Overwrites a secret; not removed by compilers. */
void platform_wipe(void *at, size_t count);

/* fputs, by the one thread that writes this stream. */
void platform_put(const char *s, FILE *out);

/* When it was last changed. */
int64_t platform_changed_ns(const struct stat *st);

/* A stream that passes each write to `write`, which returns the number of bytes written, 0 or less on an error. */
FILE *platform_stream(void *context, ssize_t (*write)(void *context, const char *bytes, size_t count));

#endif
