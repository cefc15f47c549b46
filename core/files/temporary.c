#define _GNU_SOURCE /* mkostemp */
#include "core/files/temporary.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files/platform.h"

#define WRITE_BYTES (256 * 1024)

void temporary_init(struct temporary *f) {
	const char *folder = getenv("TMPDIR");

	*f = (struct temporary){.fd = -1, .folder = must_copy(folder && *folder ? folder : "/tmp")};
	pthread_mutex_init(&f->lock, NULL);
}

void temporary_release(struct temporary *f) {
	if (f->fd >= 0) {
		close(f->fd);
	}
	free(f->folder);
	pthread_mutex_destroy(&f->lock);
}

static int file_fault(const struct temporary *f, const char *what, int error, struct fault *why) {
	bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;

	return fault_set(why, ERROR_IO, "%s: %s temporary data: %s; set TMPDIR to a folder %s", f->folder, what,
	                 strerror(error), full ? "with free space" : "that is writable");
}

static int open_named(const struct temporary *f) {
	static const char name[] = "/tollbook-XXXXXX";
	size_t len = strlen(f->folder);
	char *path = must_alloc(len + sizeof name);

	memcpy(path, f->folder, len);
	memcpy(path + len, name, sizeof name);
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0) {
		unlink(path);
	}
	free(path);
	return fd;
}

static int make(struct temporary *f, struct fault *why) {
	if (f->fd >= 0) {
		return 0;
	}
	f->fd = platform_open_unnamed(f->folder, O_RDWR | O_EXCL, 0600);
	if (f->fd < 0) {
		/* Not every file system supports files without a name. */
		f->fd = open_named(f);
	}
	return f->fd < 0 ? file_fault(f, "cannot make a file for", errno, why) : 0;
}

int temporary_reserve(struct temporary *f, size_t bytes, struct extent *out, struct fault *why) {
	pthread_mutex_lock(&f->lock);
	int error = make(f, why);
	if (!error) {
		*out = (struct extent){f->end, f->end + (off_t)bytes};
		f->end = out->end;
	}
	pthread_mutex_unlock(&f->lock);
	return error;
}

void temporary_drop(struct temporary *f, struct extent e) {
	platform_punch_hole(f->fd, e.at, e.end - e.at);
}

int temporary_read(const struct temporary *f, struct extent *e, char *out, size_t len, size_t *got,
                    struct fault *why) {
	*got = 0;
	while (*got < len && e->at < e->end) {
		size_t left = (size_t)(e->end - e->at), room = len - *got;
		ssize_t n = pread(f->fd, out + *got, left < room ? left : room, e->at);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return fault_set(why, ERROR_IO, "%s: cannot read temporary data back: %s", f->folder,
			                 n < 0 ? strerror(errno) : "it ends early");
		}
		*got += (size_t)n;
		e->at += n;
	}
	return 0;
}

int temporary_write(const struct temporary *f, const char *bytes, size_t len, off_t at, struct fault *why) {
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(f->fd, bytes + done, len - done, at + (off_t)done);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return file_fault(f, "cannot write", n == 0 ? ENOSPC : errno, why);
		}
		done += (size_t)n;
	}
	return 0;
}

void spool_writer_init(struct spool_writer *w, const struct temporary *f, off_t at) {
	*w = (struct spool_writer){.file = f, .at = at, .buffer = must_alloc(WRITE_BYTES)};
}

void spool_writer_release(struct spool_writer *w) {
	free(w->buffer);
}

int spool_writer_flush(struct spool_writer *w, struct fault *why) {
	int error = temporary_write(w->file, w->buffer, w->used, w->at, why);

	w->at += error ? 0 : (off_t)w->used;
	w->used = error ? w->used : 0;
	return error;
}

int spool_writer_add(struct spool_writer *w, const char *bytes, size_t len, struct fault *why) {
	assert(len <= WRITE_BYTES);
	if (w->used + len > WRITE_BYTES) {
		int error = spool_writer_flush(w, why);
		if (error) {
			return error;
		}
	}
	memcpy(w->buffer + w->used, bytes, len);
	w->used += len;
	return 0;
}
