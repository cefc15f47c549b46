/* segment.c: a file of records: a zstd frame with a checksum, and a hash over its content. */
#include "ledger/segments/segment.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "core/files/files.h"

#define LEVEL 6
#define IN_BYTES ((size_t)128 * 1024)
#define MAGIC "tollbook.segment.v1\n"

static const char damaged[] = "the segment is damaged; restore it from a backup, or ingest its logs again";

struct segment_reader {
	char *path;
	FILE *file;
	ZSTD_DStream *z;
	struct digest *digest;
	char hash[DIGEST_HEX_MAX];
	ZSTD_inBuffer in;
	char *out;
	size_t room, at, len;
	size_t more; /* input that zstd still needs; 0: the frame is complete */
	bool ended;
	unsigned char in_bytes[IN_BYTES];
};

/* Unpacks at least `need` bytes, if possible. False: the file ends before. */
static int fill(struct segment_reader *s, size_t need, struct fault *why) {
	if (s->at > 0 && s->len - s->at < need) {
		memmove(s->out, s->out + s->at, s->len - s->at);
		s->len -= s->at;
		s->at = 0;
	}
	while (s->len - s->at < need && !s->ended) {
		if (s->in.pos == s->in.size) {
			s->in = (ZSTD_inBuffer){s->in_bytes, fread(s->in_bytes, 1, IN_BYTES, s->file), 0};
			s->ended = s->in.size == 0;
		}
		ZSTD_outBuffer out = {s->out, s->room, s->len};
		s->more = s->ended ? s->more : ZSTD_decompressStream(s->z, &out, &s->in);
		if (ZSTD_getErrorCode(s->more) == ZSTD_error_memory_allocation) {
			die_out_of_memory();
		}
		if (ferror(s->file)) {
			return fault_set(why, ERROR_IO, "%s: cannot read: %s", s->path, strerror(errno));
		}
		if (ZSTD_isError(s->more) || (s->ended && s->more != 0)) {
			return fault_set(why, ERROR_IO, "%s: %s", s->path, damaged);
		}
		digest_add(s->digest, (struct text){s->out + s->len, out.pos - s->len});
		s->len = out.pos;
	}
	return s->len - s->at >= need;
}

static struct segment_reader *reader_new(void) {
	struct segment_reader *s = must_alloc(sizeof *s);

	memset(s, 0, offsetof(struct segment_reader, in_bytes));
	s->z = ZSTD_createDStream();
	s->digest = digest_new();
	s->room = ZSTD_DStreamOutSize() + SEGMENT_RECORD_MAX + 16;
	s->out = must_alloc(s->room);
	if (!s->z) {
		die_out_of_memory();
	}
	return s;
}

static void begin(struct segment_reader *s, const char *path, FILE *file) {
	s->path = must_copy(path);
	s->file = file;
	ZSTD_DCtx_reset(s->z, ZSTD_reset_session_only);
	s->hash[0] = '\0';
	s->in = (ZSTD_inBuffer){s->in_bytes, 0, 0};
	s->at = s->len = 0;
	s->more = 1;
	s->ended = false;
}

int segment_open(struct segment_reader **out, const char *path, struct fault *why) {
	FILE *file = fopen(path, "rbe");
	struct segment_reader *s = *out;

	*out = NULL;
	if (!file) {
		segment_close(s);
		return fault_set(why, ERROR_IO, "%s: cannot open: %s; restore it from a backup", path, strerror(errno));
	}
	s = s ? s : reader_new();
	begin(s, path, file);
	int rc = fill(s, sizeof MAGIC - 1, why);
	if (rc >= 0 && (rc == 0 || memcmp(s->out, MAGIC, sizeof MAGIC - 1) != 0)) {
		rc = fault_set(why, ERROR_IO, "%s: %s", path, damaged);
	}
	if (rc < 0) {
		segment_close(s);
		return rc;
	}
	s->at = sizeof MAGIC - 1;
	*out = s;
	return 0;
}

int segment_next(struct segment_reader *s, struct text *bytes, struct fault *why) {
	int rc = fill(s, 2, why);

	if (rc <= 0) {
		if (rc == 0 && s->len > s->at) {
			return fault_set(why, ERROR_IO, "%s: %s", s->path, damaged);
		}
		if (rc == 0 && !s->hash[0]) {
			digest_finish(s->digest, s->hash);
		}
		return rc;
	}
	size_t len = (size_t)(unsigned char)s->out[s->at] | (size_t)(unsigned char)s->out[s->at + 1] << 8;
	rc = fill(s, 2 + len, why);
	if (rc == 0) {
		rc = fault_set(why, ERROR_IO, "%s: %s", s->path, damaged);
	}
	if (rc < 0) {
		return rc;
	}
	*bytes = (struct text){s->out + s->at + 2, len};
	s->at += 2 + len;
	return 1;
}

const char *segment_hash(const struct segment_reader *s) {
	return s->hash;
}

static void end(struct segment_reader *s) {
	if (s->file) {
		fclose(s->file);
	}
	free(s->path);
	s->file = NULL;
	s->path = NULL;
}

struct segment_reader *segment_end(struct segment_reader *s) {
	if (!s->hash[0]) { /* its checksum has begun */
		segment_close(s);
		return NULL;
	}
	end(s);
	return s;
}

void segment_close(struct segment_reader *s) {
	if (!s) {
		return;
	}
	end(s);
	ZSTD_freeDStream(s->z);
	digest_free(s->digest);
	free(s->out);
	free(s);
}

/* ---- writing ---- */

struct segment_writer {
	char *path;
	struct outfile *file;
	ZSTD_CCtx *z;
	struct digest *digest;
	size_t len; /* in `in` */
	char in[IN_BYTES];
	unsigned char out[IN_BYTES];
};

/* What was added so far; zstd needs little memory for a short segment that it gets as a whole. */
static int pack(struct segment_writer *w, ZSTD_EndDirective end, struct fault *why) {
	ZSTD_inBuffer in = {w->in, w->len, 0};
	size_t left;

	digest_add(w->digest, (struct text){w->in, w->len});
	w->len = 0;
	do {
		ZSTD_outBuffer out = {w->out, sizeof w->out, 0};
		left = ZSTD_compressStream2(w->z, &out, &in, end);
		if (ZSTD_isError(left)) {
			die_out_of_memory();
		}
		if (out.pos > 0 && fwrite(w->out, 1, out.pos, outfile_stream(w->file)) != out.pos) {
			return fault_set(why, ERROR_IO, "%s: cannot write: %s", w->path, strerror(errno));
		}
	} while (end == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

/* At most UINT16_MAX bytes. */
static int add(struct segment_writer *w, struct text t, struct fault *why) {
	int rc = t.len > sizeof w->in - w->len ? pack(w, ZSTD_e_continue, why) : 0;

	if (t.len > 0) {
		memcpy(w->in + w->len, t.at, t.len);
		w->len += t.len;
	}
	return rc;
}

int segment_create(struct segment_writer **out, const char *path, struct fault *why) {
	struct outfile *file;
	int rc = outfile_open(&file, path, why);

	if (rc < 0) {
		return rc;
	}
	struct segment_writer *w = must_alloc(sizeof *w);
	w->path = must_copy(path);
	w->file = file;
	w->z = ZSTD_createCCtx();
	w->digest = digest_new();
	w->len = 0;
	if (!w->z || ZSTD_isError(ZSTD_CCtx_setParameter(w->z, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(w->z, ZSTD_c_checksumFlag, 1))) {
		die_out_of_memory();
	}
	*out = w;
	return add(w, T(MAGIC), why);
}

int segment_add(struct segment_writer *w, struct text bytes, struct fault *why) {
	assert(bytes.len <= UINT16_MAX);
	char len[2] = {(char)(bytes.len & 255), (char)(bytes.len >> 8)};
	int rc = add(w, (struct text){len, 2}, why);

	return rc < 0 ? rc : add(w, bytes, why);
}

static void writer_free(struct segment_writer *w) {
	ZSTD_freeCCtx(w->z);
	digest_free(w->digest);
	free(w->path);
	free(w);
}

typedef int put_file(struct outfile *o, struct fault *why);

static int put(struct segment_writer *w, put_file *put_in_place, char hash[DIGEST_HEX_MAX], int64_t *bytes,
               struct fault *why) {
	struct stat st = {0};
	int rc = pack(w, ZSTD_e_end, why);

	if (rc < 0) {
		segment_abandon(w);
		return rc;
	}
	digest_finish(w->digest, hash);
	rc = put_in_place(w->file, why);
	if (rc == 0 && stat(w->path, &st) != 0) {
		rc = fault_set(why, ERROR_IO, "%s: %s", w->path, strerror(errno));
	}
	*bytes = st.st_size;
	writer_free(w);
	return rc;
}

int segment_put(struct segment_writer *w, char hash[DIGEST_HEX_MAX], int64_t *bytes, struct fault *why) {
	return put(w, outfile_put, hash, bytes, why);
}

int segment_commit(struct segment_writer *w, char hash[DIGEST_HEX_MAX], int64_t *bytes, struct fault *why) {
	return put(w, outfile_commit, hash, bytes, why);
}

void segment_abandon(struct segment_writer *w) {
	outfile_abandon(w->file);
	writer_free(w);
}
