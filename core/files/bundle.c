/* bundle.c: reading; see bundle.h for the file format. */
#include "core/files/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "core/digest.h"
#include "core/files/bundle_form.h"
#include "core/files/pack.h"

/* Room for at least two of the longest lines of an index. */
#define INDEX_BLOCK 16384
#define FRAME_BLOCK ((size_t)1 << 16)
#define NOTES_MAX ((size_t)256 << 20)

struct bundle {
	char *path;
	int fd;
	int64_t notes_at, index_at, index_end;
	/* the current block of the index */
	char *block;
	size_t block_len, block_used;
	int64_t read_to;
};

static int damaged(const struct bundle *b, const char *what, struct fault *why) {
	return fault_set(why, ERROR_CONFIG, "%s: %s, expected a file written by tollbook shard; remove it and run its task again",
	                 b->path, what);
}

static int read_at(const struct bundle *b, void *into, size_t len, int64_t at, struct fault *why) {
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(b->fd, (char *)into + got, len - got, at + (int64_t)got);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return fault_set(why, ERROR_IO, "%s: cannot read: %s", b->path, strerror(errno));
		}
		if (n == 0) {
			return damaged(b, "is cut off", why);
		}
		got += (size_t)n;
	}
	return 0;
}

/* ---- the index ---- */

/* Reads the next block of it after the unused bytes: 1, 0 at the end, or negative. */
static int index_more(struct bundle *b, struct fault *why) {
	size_t kept = b->block_len - b->block_used;
	int64_t left = b->index_end - b->read_to;
	size_t len = INDEX_BLOCK - kept;

	memmove(b->block, b->block + b->block_used, kept);
	len = (int64_t)len < left ? len : (size_t)left;
	int rc = read_at(b, b->block + kept, len, b->read_to, why);
	b->read_to += (int64_t)len;
	b->block_used = 0;
	b->block_len = kept + len;
	return rc < 0 ? rc : len > 0;
}

static void index_rewind(struct bundle *b) {
	b->block_len = b->block_used = 0;
	b->read_to = b->index_at;
}

static int check_index(struct bundle *b, const struct bundle_tail *tail, struct fault *why) {
	struct digest *d = digest_new();
	char hex[DIGEST_HEX_MAX];
	int rc;

	digest_add(d, (struct text){tail->notes_at, 2 * BUNDLE_NUMBER});
	index_rewind(b);
	while ((rc = index_more(b, why)) > 0) {
		digest_add(d, (struct text){b->block, b->block_len});
		b->block_used = b->block_len;
	}
	digest_finish(d, hex);
	digest_free(d);
	index_rewind(b);
	if (rc == 0 && memcmp(hex, tail->hash, sizeof tail->hash) != 0) {
		rc = damaged(b, "the hash of its index does not match", why);
	}
	return rc;
}

static int read_tail(struct bundle *b, struct fault *why) {
	struct bundle_tail tail;
	struct stat st;

	if (fstat(b->fd, &st) != 0) {
		return fault_set(why, ERROR_IO, "%s: cannot read: %s", b->path, strerror(errno));
	}
	b->index_end = st.st_size - (int64_t)sizeof tail;
	if (b->index_end < 0) {
		return damaged(b, "is too short", why);
	}
	int rc = read_at(b, &tail, sizeof tail, b->index_end, why);
	if (rc < 0) {
		return rc;
	}
	if (memcmp(tail.magic, BUNDLE_MAGIC, sizeof tail.magic) != 0 ||
	    !text_to_i64((struct text){tail.notes_at, BUNDLE_NUMBER}, &b->notes_at) ||
	    !text_to_i64((struct text){tail.index_at, BUNDLE_NUMBER}, &b->index_at) || b->notes_at < 0 ||
	    b->notes_at > b->index_at || b->index_at > b->index_end) {
		return damaged(b, "has a damaged end", why);
	}
	return check_index(b, &tail, why);
}

int bundle_open(struct bundle **out, const char *path, struct fault *why) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*out = NULL;
	if (fd < 0) {
		return fault_set(why, ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
	}
	struct bundle *b = must_calloc(1, sizeof *b);
	size_t bytes = strlen(path) + 1;
	b->path = memcpy(must_alloc(bytes), path, bytes);
	b->fd = fd;
	b->block = must_alloc(INDEX_BLOCK);
	int rc = read_tail(b, why);
	if (rc < 0) {
		bundle_close(b);
		return rc;
	}
	*out = b;
	return 0;
}

void bundle_close(struct bundle *b) {
	if (b) {
		close(b->fd);
		free(b->path);
		free(b->block);
		free(b);
	}
}

int64_t bundle_bytes(const struct bundle *b) {
	return b->notes_at;
}

static bool take_part(struct text *t, struct bundle_part *out) {
	return unpack_text(t, &out->replica) && unpack_i64(t, &out->offset) && unpack_i64(t, &out->bytes) &&
	       unpack_i64(t, &out->items);
}

int bundle_next(struct bundle *b, struct bundle_part *out, struct fault *why) {
	int more = 1;

	for (;;) {
		struct text t = {b->block + b->block_used, b->block_len - b->block_used};
		size_t before = t.len;
		if (t.len > 0 && take_part(&t, out)) {
			b->block_used += before - t.len;
			bool inside = out->offset >= 0 && out->bytes >= 0 && out->offset <= b->notes_at - out->bytes;
			return inside ? 1 : damaged(b, "its index points outside", why);
		}
		if (!more) {
			return before == 0 ? 0 : damaged(b, "its index is cut off", why);
		}
		more = index_more(b, why);
		if (more < 0) {
			return more;
		}
	}
}

/* ---- frames ---- */

/* Bytes unpacked and not delivered yet. */
struct unpacked {
	char *at;
	size_t len, room, used;
};

static void make_room(struct unpacked *u) {
	if (u->used < u->len) {
		memmove(u->at, u->at + u->used, u->len - u->used);
	}
	u->len -= u->used;
	u->used = 0;
	if (u->room - u->len < FRAME_BLOCK) {
		u->room = u->len + 2 * FRAME_BLOCK;
		u->at = must_realloc(u->at, u->room);
	}
}

typedef int unpacked_sink(void *context, struct unpacked *u, struct fault *why);

static int unpack_block(const struct bundle *b, ZSTD_DCtx *z, struct text packed, struct unpacked *u, size_t *left,
                        unpacked_sink *sink, void *context, struct fault *why) {
	ZSTD_inBuffer in = {packed.at, packed.len, 0};
	bool full;

	do {
		make_room(u);
		ZSTD_outBuffer out = {u->at, u->room, u->len};
		*left = ZSTD_decompressStream(z, &out, &in);
		if (ZSTD_isError(*left)) {
			return damaged(b, ZSTD_getErrorName(*left), why);
		}
		full = out.pos == out.size;
		u->len = out.pos;
		int rc = sink(context, u, why);
		if (rc < 0) {
			return rc;
		}
	} while (in.pos < in.size || (full && *left > 0)); /* at 0 the frame has ended: a further call would begin another */
	return 0;
}

/* Unpacks the frame in [from, to) block by block. */
static int unpack(const struct bundle *b, int64_t from, int64_t to, struct unpacked *u, unpacked_sink *sink,
                  void *context, struct fault *why) {
	ZSTD_DCtx *z = ZSTD_createDCtx();
	char *block = must_alloc(FRAME_BLOCK);
	size_t left = 1;
	int rc = z ? 0 : (die_out_of_memory(), 0);

	while (from < to && rc == 0) {
		size_t len = to - from < (int64_t)FRAME_BLOCK ? (size_t)(to - from) : FRAME_BLOCK;
		rc = read_at(b, block, len, from, why);
		rc = rc < 0 ? rc : unpack_block(b, z, (struct text){block, len}, u, &left, sink, context, why);
		from += (int64_t)len;
	}
	ZSTD_freeDCtx(z);
	free(block);
	return rc == 0 && left != 0 ? damaged(b, "a frame does not end", why) : rc;
}

/* Delivers items as soon as they are complete. */
struct items {
	const struct bundle *bundle;
	bundle_sink *sink;
	void *context;
	int64_t count;
};

static int emit_items(void *context, struct unpacked *u, struct fault *why) {
	struct items *i = context;
	struct text item;

	for (;;) {
		struct text t = {u->at + u->used, u->len - u->used};
		if (!unpack_text(&t, &item)) {
			return 0;
		}
		u->used = u->len - t.len;
		i->count++;
		int rc = i->sink(i->context, item, why);
		if (rc < 0) {
			return rc;
		}
	}
}

int bundle_read(struct bundle *b, const struct bundle_part *part, bundle_sink *sink, void *context, struct fault *why) {
	struct items items = {.bundle = b, .sink = sink, .context = context};
	struct unpacked u = {0};
	int rc = unpack(b, part->offset, part->offset + part->bytes, &u, emit_items, &items, why);

	if (rc == 0 && (items.count != part->items || u.used != u.len)) {
		rc = damaged(b, "a part has a wrong number of items", why);
	}
	free(u.at);
	return rc;
}

static int keep(void *context, struct unpacked *u, struct fault *why) {
	return u->len <= NOTES_MAX ? 0 : damaged(context, "its notes are too long", why);
}

int bundle_notes(struct bundle *b, struct text *out, struct fault *why) {
	struct unpacked u = {0};
	int rc = unpack(b, b->notes_at, b->index_at, &u, keep, b, why);

	if (rc < 0) {
		free(u.at);
		return rc;
	}
	make_room(&u);
	u.at[u.len] = '\0';
	*out = (struct text){u.at, u.len};
	return 0;
}
