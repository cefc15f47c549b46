/* platform.h: what systems have under different names, or only some of them. Linux, macOS and the BSDs; glibc and musl. */
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

/* The last place of a byte; NULL: none. */
const void *platform_last_byte(const void *at, int byte, size_t count);

/* Fills in random bytes, but does not wait for them: false where there are none yet. */
bool platform_random(void *to, size_t count);

/* A new file without a name in the folder, to be written (O_WRONLY) or also read (O_RDWR); -1 where the system has no such files. */
int platform_open_unnamed(const char *folder, int access, mode_t mode);
/* Gives it a name: 0, or -1 with errno. */
int platform_link_unnamed(int fd, const char *path);
/* Can it be given one? */
bool platform_can_link(int fd);

/* Gives the space of this part of a file back where the system can; it then reads as zeros. */
void platform_punch_hole(int fd, int64_t at, int64_t count);

/* Writes all that the file system of this file holds to its disk. False where only all file systems can be asked. */
bool platform_sync_file_system(int fd);

/* Is it a file that the system makes up (/proc, /sys)? These may never end. */
bool platform_is_made_up(int fd);

/* Overwrites a secret; no compiler leaves that out. */
void platform_wipe(void *at, size_t count);

/* fputs, by the one thread that writes this stream. */
void platform_put(const char *s, FILE *out);

/* When it was last changed. */
int64_t platform_changed_ns(const struct stat *st);

/* A stream of which each write is given to `write`, which returns how much it took, 0 or less on an error. */
FILE *platform_stream(void *context, ssize_t (*write)(void *context, const char *bytes, size_t count));

#endif
