#include "core/files/files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/files/folders.h"
#include "core/files/platform.h"

#define BUFFER_BYTES (64 * 1024)
#define GZIP_WINDOW (15 + 16)
#define GZIP_LEVEL 6
#define TEMP_TRIES 100

static int system_fault(struct fault *why, const char *path, const char *what) {
	return fault_set(why, ERROR_IO, "%s: %s: %s", path, what, strerror(errno));
}

bool file_path_is_wrong(int error) {
	static const int wrong[] = {ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, EROFS, ELOOP, ENAMETOOLONG, ENXIO};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (wrong[i] == error) {
			return true;
		}
	}
	return false;
}

/* ---- reading ---- */

/* Bytes that grow up to a bound. */
struct growing {
	const char *path;
	char *at;
	size_t len, room, max;
};

static int too_large(const struct growing *g, const char *what, struct fault *why) {
	return fault_set(why, ERROR_CONFIG, "%s: %s, expected at most %zu bytes", g->path, what, g->max);
}

/* Makes room for more: up to one byte above the bound, to detect an excess, and a NUL. */
static void grow(struct growing *g) {
	if (g->len == g->room) {
		size_t twice = g->room < BUFFER_BYTES ? BUFFER_BYTES : 2 * g->room;
		g->room = twice <= g->max ? twice : g->max + 1;
		g->at = must_realloc(g->at, g->room + 1);
	}
}

static const char *kind_word(mode_t mode) {
	static const struct {
		mode_t kind;
		const char *word;
	} words[] = {
		{S_IFDIR, "a directory"}, {S_IFIFO, "a pipe"},        {S_IFSOCK, "a socket"},
		{S_IFCHR, "a device"},    {S_IFBLK, "a block device"},
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if ((mode & S_IFMT) == words[i].kind) {
			return words[i].word;
		}
	}
	return "not a regular file";
}

/* The descriptor, or a negative error. */
static int open_regular(const char *path, struct fault *why) {
	struct stat st;
	/* Avoids waiting for the other end of a pipe, which is refused. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENXIO) {
		return fault_set(why, ERROR_CONFIG, "%s: is a socket, expected a file", path);
	}
	if (fd < 0) {
		int code = file_path_is_wrong(errno) ? ERROR_CONFIG : ERROR_IO;
		return fault_set(why, code, "%s: cannot open: %s", path, strerror(errno));
	}
	int error = 0;
	if (fstat(fd, &st) != 0) {
		error = system_fault(why, path, "cannot read");
	} else if (!S_ISREG(st.st_mode)) {
		error = fault_set(why, ERROR_CONFIG, "%s: is %s, expected a file", path, kind_word(st.st_mode));
	}
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}

static int read_all(int fd, struct growing *g, struct fault *why) {
	for (;;) {
		grow(g);
		ssize_t n = read(fd, g->at + g->len, g->room - g->len);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return system_fault(why, g->path, "cannot read");
		}
		if (n == 0) {
			return 0;
		}
		g->len += (size_t)n;
		if (g->len > g->max) {
			return too_large(g, "is too large", why);
		}
	}
}

static int gzip_fault(const struct growing *g, const z_stream *z, int rc, struct fault *why) {
	if (rc == Z_MEM_ERROR) {
		die_out_of_memory();
	}
	if (rc == Z_BUF_ERROR) {
		return fault_set(why, ERROR_CONFIG, "%s: gzip data cut off", g->path);
	}
	return fault_set(why, ERROR_CONFIG, "%s: gzip data damaged (%s)", g->path, z->msg ? z->msg : "not gzip");
}

/* Limited to what zlib's 32-bit counts can hold. */
static unsigned zlib_len(size_t len) {
	return len < UINT_MAX ? (unsigned)len : UINT_MAX;
}

/* One call of inflate; returns its result. */
static int inflate_some(z_stream *z, struct growing *g, struct text *in) {
	grow(g);
	size_t room = g->room - g->len;
	z->next_in = (unsigned char *)(uintptr_t)in->at; /* zlib reads it only */
	z->avail_in = zlib_len(in->len);
	z->next_out = (unsigned char *)g->at + g->len;
	z->avail_out = zlib_len(room);
	unsigned in_before = z->avail_in, out_before = z->avail_out;
	int rc = inflate(z, Z_NO_FLUSH);
	*in = text_cut(*in, in_before - z->avail_in, in->len);
	g->len += out_before - z->avail_out;
	return rc;
}

/* Unpacks member after member, until the input ends or the output exceeds the limit. */
static int inflate_all(z_stream *z, struct text in, struct growing *g, struct fault *why) {
	for (;;) {
		int rc = inflate_some(z, g, &in);
		if (g->len > g->max) {
			return too_large(g, "is too large when unpacked", why);
		}
		if (rc == Z_STREAM_END && in.len == 0) {
			return 0;
		}
		if (rc == Z_STREAM_END) {
			rc = inflateReset(z);
		}
		if (rc != Z_OK) {
			return gzip_fault(g, z, rc, why);
		}
	}
}

static int unpack(struct text packed, struct growing *g, struct fault *why) {
	z_stream z = {0};

	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) {
		die_out_of_memory();
	}
	int error = inflate_all(&z, packed, g, why);
	inflateEnd(&z);
	return error;
}

static int give(const struct growing *g, int error, struct text *out) {
	if (error) {
		free(g->at);
		return error;
	}
	g->at[g->len] = '\0';
	*out = (struct text){g->at, g->len};
	return 0;
}

int file_read_stored(const char *path, size_t max, struct text *out, struct fault *why) {
	struct growing file = {.path = path, .max = max};
	int fd = open_regular(path, why);

	if (fd < 0) {
		return fd;
	}
	int error = read_all(fd, &file, why);
	close(fd);
	return give(&file, error, out);
}

int file_unpack(const char *path, size_t max, struct text *bytes, struct fault *why) {
	struct growing plain = {.path = path, .max = max};

	if (!text_starts(*bytes, T("\x1f\x8b"))) {
		return 0;
	}
	int error = unpack(*bytes, &plain, why);
	free((void *)(uintptr_t)bytes->at);
	return give(&plain, error, bytes);
}

int file_read(const char *path, size_t max, struct text *out, struct fault *why) {
	int error = file_read_stored(path, max, out, why);

	return error ? error : file_unpack(path, max, out, why);
}

int file_read_head(const char *path, size_t max, struct text *out, struct fault *why) {
	int fd = open_regular(path, why);

	if (fd < 0) {
		return fd;
	}
	char *at = must_alloc(max + 1);
	size_t len = 0;
	ssize_t n = 1;
	while (len < max && (n > 0 || (n < 0 && errno == EINTR))) {
		n = read(fd, at + len, max - len);
		len += n > 0 ? (size_t)n : 0;
	}
	int error = n < 0 ? system_fault(why, path, "cannot read") : 0;
	close(fd);
	if (error) {
		free(at);
		return error;
	}
	at[len] = '\0';
	*out = (struct text){at, len};
	return 0;
}

/* ---- writing ---- */

struct outfile {
	FILE *stream;
	int fd;        /* -1: standard output */
	int error;     /* errno of the first failed write, as the stream does not keep it */
	char *path;    /* as given, for messages */
	char *target;  /* the file to replace, links followed; NULL if written in place (a pipe or device) */
	char *temp;    /* path next to the target; NULL if there is none to remove */
	bool unnamed;  /* has no name yet */
	z_stream *z;   /* NULL if not compressed */
	char buffer[BUFFER_BYTES];
	unsigned char packed[BUFFER_BYTES];
};

static int write_all(struct outfile *o, const void *bytes, size_t len) {
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(o->fd, at, len);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return -1;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int deflate_all(struct outfile *o, const char *bytes, size_t len, int flush) {
	z_stream *z = o->z;

	assert(len <= UINT_MAX);
	z->next_in = (unsigned char *)(uintptr_t)bytes; /* zlib reads it only */
	z->avail_in = (unsigned)len;
	do {
		z->next_out = o->packed;
		z->avail_out = sizeof o->packed;
		int rc = deflate(z, flush);
		assert(rc != Z_STREAM_ERROR);
		(void)rc;
		if (write_all(o, o->packed, sizeof o->packed - z->avail_out) != 0) {
			return -1;
		}
	} while (z->avail_out == 0);
	return 0;
}

static ssize_t cookie_write(void *cookie, const char *bytes, size_t len) {
	struct outfile *o = cookie;

	/* After an error nothing more is written: compressed data would have a hole. */
	if (o->error) {
		errno = o->error;
		return 0;
	}
	if ((o->z ? deflate_all(o, bytes, len, Z_NO_FLUSH) : write_all(o, bytes, len)) != 0) {
		o->error = errno;
		return 0; /* the C library's way to report an error here */
	}
	return (ssize_t)len;
}

static void outfile_free(struct outfile *o) {
	if (o->z) {
		deflateEnd(o->z);
	}
	free(o->z);
	free(o->path);
	free(o->target);
	free(o->temp);
	free(o);
}

/* Removes everything that was written; `errno` is kept. */
static void undo(struct outfile *o) {
	int saved = errno;

	if (o->stream && o->stream != stdout) {
		o->error = o->error ? o->error : ECANCELED; /* the stream's buffer is discarded */
		fclose(o->stream);
	}
	if (o->fd >= 0) {
		close(o->fd);
	}
	if (o->temp) {
		unlink(o->temp);
	}
	outfile_free(o);
	errno = saved;
}

static char *copy(const char *s, size_t len) {
	char *at = must_alloc(len + 1);

	memcpy(at, s, len);
	at[len] = '\0';
	return at;
}

/* The folder of a path, up to and with its last slash; "" for none. */
static struct text folder_of(const char *path) {
	const char *slash = strrchr(path, '/');

	return (struct text){path, slash ? (size_t)(slash - path) + 1 : 0};
}

/* Calls make() with names next to the target until one did not exist. Their length does not depend on the target's. */
static int make_temp(struct outfile *o, mode_t mode, int (*make)(struct outfile *o, mode_t mode)) {
	static const char form[] = TEMP_START "00000000" TEMP_END;
	struct text folder = folder_of(o->target);
	int rc = -1;

	o->temp = must_alloc(folder.len + sizeof form);
	memcpy(o->temp, folder.at, folder.len);
	for (int i = 0; i < TEMP_TRIES && rc != 0; i++) {
		uint32_t number = (uint32_t)getpid() * 100 + (uint32_t)i;
		(void)platform_random(&number, sizeof number);
		snprintf(o->temp + folder.len, sizeof form, TEMP_START "%08x" TEMP_END, number);
		rc = make(o, mode);
		if (rc != 0 && errno != EEXIST) {
			break;
		}
	}
	if (rc != 0) {
		free(o->temp);
		o->temp = NULL;
	}
	return rc;
}

static int create_named(struct outfile *o, mode_t mode) {
	o->fd = open(o->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	return o->fd < 0 ? -1 : 0;
}

/* The path by which the system names a file's descriptor. */
static int name_unnamed(struct outfile *o, mode_t mode) {
	(void)mode;
	return platform_link_unnamed(o->fd, o->temp);
}

/*
 * A file without a name until it is complete: nothing is left, however the process ends. Not supported on all
 * systems.
 */
static bool open_unnamed(struct outfile *o, mode_t mode) {
	struct text folder = folder_of(o->target);
	char *name = folder.len > 0 ? copy(folder.at, folder.len) : copy(".", 1);

	o->fd = platform_open_unnamed(name, O_WRONLY, mode);
	free(name);
	if (o->fd >= 0 && !platform_can_link(o->fd)) {
		close(o->fd);
		o->fd = -1;
	}
	o->unnamed = o->fd >= 0;
	return o->unnamed;
}

static int open_temp(struct outfile *o, mode_t mode) {
	return open_unnamed(o, mode) ? 0 : make_temp(o, mode, create_named);
}

/* Next to an existing file, or at the path of a new one. */
static int open_beside(struct outfile *o, const struct stat *there) {
	/* A link is kept, and the file that it points to is replaced. */
	o->target = there ? realpath(o->path, NULL) : NULL;
	if (!o->target) {
		o->target = copy(o->path, strlen(o->path));
	}
	/* Readable by its owner only until it has the old file's mode, which may be stricter than the umask. */
	if (open_temp(o, there ? S_IRUSR | S_IWUSR : 0666) != 0) {
		return -1;
	}
	return there ? fchmod(o->fd, there->st_mode & 0777) : 0;
}

static int open_target(struct outfile *o) {
	struct stat st;

	if (stat(o->path, &st) != 0) {
		return errno == ENOENT && *o->path ? open_beside(o, NULL) : -1;
	}
	if (S_ISREG(st.st_mode)) {
		return open_beside(o, &st);
	}
	/* /dev/null or a pipe: must not be replaced by a file. A folder fails here. */
	o->fd = open(o->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return o->fd < 0 ? -1 : 0;
}

static void start_gzip(struct outfile *o) {
	if (!text_ends(text_of(o->path), T(".gz"))) {
		return;
	}
	o->z = must_calloc(1, sizeof *o->z);
	/* By default zlib writes no name and a time of 0: the same bytes on every run. */
	if (deflateInit2(o->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		die_out_of_memory();
	}
}

static void start_stream(struct outfile *o) {
	o->stream = platform_stream(o, cookie_write);
	if (!o->stream) {
		die_out_of_memory();
	}
	setvbuf(o->stream, o->buffer, _IOFBF, sizeof o->buffer);
}

int outfile_open(struct outfile **out, const char *path, struct fault *why) {
	bool standard = !path || strcmp(path, "-") == 0;
	struct outfile *o = must_alloc(sizeof *o);

	memset(o, 0, offsetof(struct outfile, buffer)); /* not the buffers: a night writes thousands of files */
	path = standard ? "standard output" : path;
	o->fd = -1;
	o->path = copy(path, strlen(path));
	if (standard) {
		o->stream = stdout;
	} else if (open_target(o) != 0) {
		int error = system_fault(why, path, "cannot write");
		undo(o);
		return error;
	} else {
		start_gzip(o);
		start_stream(o);
	}
	*out = o;
	return 0;
}

FILE *outfile_stream(struct outfile *o) {
	return o->stream;
}

int outfile_failed(const struct outfile *o, struct fault *why) {
	errno = o->error ? o->error : EIO;
	return system_fault(why, o->path, "cannot write");
}

/* Flushes everything to the system. 0, or -1 with errno. */
static int finish_stream(struct outfile *o) {
	bool failed = ferror(o->stream) != 0;

	errno = EIO; /* replaces the lost errno of an earlier failure */
	if (fflush(o->stream) != 0 || failed) {
		errno = o->error ? o->error : errno;
		return -1;
	}
	return o->z ? deflate_all(o, NULL, 0, Z_FINISH) : 0;
}

/* Syncs, so that after a power failure either the old or the new file is complete. 0, or -1 with errno. */
static int put_in_place(struct outfile *o, bool wait) {
	if (wait && fsync(o->fd) != 0 && !sync_refused(errno)) {
		return -1;
	}
	if (o->unnamed && make_temp(o, 0, name_unnamed) != 0) {
		return -1;
	}
	int fd = o->fd;
	o->fd = -1;
	if (close(fd) != 0 || rename(o->temp, o->target) != 0) {
		return -1;
	}
	free(o->temp);
	o->temp = NULL;
	return 0;
}

static int finish(struct outfile *o, bool wait, struct fault *why) {
	int error = 0;
	bool failed = finish_stream(o) != 0;

	if (failed && o->stream == stdout && errno == EPIPE) {
		failed = false; /* the reader of standard output has closed it */
	}
	if (failed || (o->target && (put_in_place(o, wait) != 0 || (wait && folder_sync(o->target) != 0)))) {
		error = system_fault(why, o->path, "cannot write");
	}
	undo(o);
	return error;
}

int outfile_commit(struct outfile *o, struct fault *why) {
	return finish(o, true, why);
}

int outfile_write(const char *path, struct text bytes, struct fault *why) {
	struct outfile *file;
	int rc = outfile_open(&file, path, why);

	if (rc < 0) {
		return rc;
	}
	fwrite(bytes.at, 1, bytes.len, outfile_stream(file));
	return outfile_commit(file, why);
}

int outfile_put(struct outfile *o, struct fault *why) {
	return finish(o, false, why);
}

void outfile_abandon(struct outfile *o) {
	if (o) {
		undo(o);
	}
}

int outfile_end(struct outfile *o, int rc, struct fault *why) {
	if (rc >= 0) {
		return outfile_commit(o, why);
	}
	int saved = errno;
	outfile_abandon(o);
	errno = saved;
	return rc;
}

FILE *memory_open(char **at, size_t *len) {
	FILE *stream = open_memstream(at, len);

	if (!stream) {
		die_out_of_memory();
	}
	return stream;
}

void memory_close(FILE *stream, char *const *at) {
	bool failed = ferror(stream) != 0;

	failed = fclose(stream) != 0 || failed;
	if (failed || !*at) { /* if memory ran out at the end, fclose does not report it */
		die_out_of_memory();
	}
}

mode_t files_mask(mode_t without) {
	mode_t before = umask(0777);

	umask(before | without);
	return before;
}
