/*
 * filter_zstd.c: zstd frames, any number of them, skippable ones included; and the default output of the
 * OpenTelemetry collector's file exporter: each message is a frame preceded by its length, which the zstd program
 * does not read.
 */
#include "ingest/bytes/filter.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "core/error.h"

/* 128 MiB of window, what `zstd --long` writes and `zstd -d` reads by default. */
#define WINDOW_LOG_MAX 27

struct zstd {
	ZSTD_DStream *z;
	size_t wanted; /* 0: at the end of a frame */
	bool any;      /* after a frame */
	bool begun;    /* the first byte was read */
	bool inside;   /* a frame's first byte was passed in */
	bool prefixed; /* each frame is preceded by a length, and is a line */
	size_t skip;   /* bytes of a length that are still to be skipped */
	bool line_due; /* a message ended, its line not yet */
};

#define LENGTH_BYTES ((size_t)4)

static bool is_prefixed(struct text head) {
	return head.len >= 2 * LENGTH_BYTES && text_starts(text_cut(head, LENGTH_BYTES, head.len), T("\x28\xb5\x2f\xfd"));
}

static int zstd_bid(struct text head) {
	if (text_starts(head, T("\x28\xb5\x2f\xfd")) || is_prefixed(head)) {
		return 4;
	}
	/* 0x184D2A50 to 0x184D2A5F: a skippable frame may come first. */
	return head.len >= 4 && ((unsigned char)head.at[0] & 0xf0) == 0x50 && memcmp(head.at + 1, "\x2a\x4d\x18", 3) == 0
	           ? 4
	           : 0;
}

static void *zstd_open(void) {
	struct zstd *s = must_calloc(1, sizeof *s);

	s->z = ZSTD_createDStream();
	if (!s->z) {
		die_out_of_memory();
	}
	ZSTD_DCtx_setParameter(s->z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	s->wanted = 1;
	return s;
}

static void zstd_close(void *state) {
	struct zstd *s = state;

	ZSTD_freeDStream(s->z);
	free(s);
}

static const char *zstd_reason(const struct zstd *s, size_t code) {
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_checksum_wrong:
		return "zstd checksum error";
	case ZSTD_error_frameParameter_windowTooLarge:
		return "zstd window too large";
	case ZSTD_error_prefix_unknown:
		return s->any ? "trailing junk after zstd data" : "zstd data damaged";
	case ZSTD_error_memory_allocation:
		die_out_of_memory();
	default:
		return "zstd data damaged";
	}
}

/* Checks the first byte: of a frame's magic, a skippable frame's, or of a length. */
static void begin(struct zstd *s, const ZSTD_inBuffer *in) {
	unsigned char first = ((const unsigned char *)in->src)[in->pos];

	s->begun = true;
	s->prefixed = first != 0x28 && (first & 0xf0) != 0x50;
	s->skip = s->prefixed ? LENGTH_BYTES : 0;
}

/* Handles what is between two messages; true if there was anything to do. */
static bool between_messages(struct zstd *s, ZSTD_inBuffer *in, ZSTD_outBuffer *out) {
	if (s->line_due && out->pos < out->size) {
		((char *)out->dst)[out->pos++] = '\n';
		s->line_due = false;
		return true;
	}
	if (s->skip > 0 && in->pos < in->size) {
		size_t n = in->size - in->pos < s->skip ? in->size - in->pos : s->skip;
		in->pos += n;
		s->skip -= n;
		s->wanted = 1;
		return true;
	}
	return false;
}

/*
 * One call of the library. A frame's first byte is passed in alone: otherwise the library would decompress a complete
 * frame in another way, which treats damage differently.
 */
static const char *unpack_some(struct zstd *s, ZSTD_inBuffer *in, ZSTD_outBuffer *out) {
	size_t whole = in->size;

	if (!s->inside && in->pos < whole) {
		in->size = in->pos + 1;
		s->inside = true;
	}
	size_t before_in = in->pos, before_out = out->pos;
	size_t rc = ZSTD_decompressStream(s->z, out, in);
	in->size = whole;
	if (ZSTD_isError(rc)) {
		return zstd_reason(s, rc);
	}
	if (rc == 0 && s->inside) {
		s->any = true;
		s->inside = false;
		s->line_due = s->prefixed;
		s->skip = s->prefixed ? LENGTH_BYTES : 0;
	}
	if (in->pos != before_in || out->pos != before_out) {
		s->wanted = rc;
	}
	return NULL;
}

static const char *zstd_unpack(void *state, struct filter_flow *flow) {
	struct zstd *s = state;
	ZSTD_inBuffer in = {flow->in, flow->in_len, 0};
	ZSTD_outBuffer out = {flow->out, flow->out_room, 0};
	const char *reason = NULL;

	if (!s->begun && in.size > 0) {
		begin(s, &in);
	}
	/* Also without input: decompressed bytes may be waiting for output space. */
	while (!reason) {
		size_t before_in = in.pos, before_out = out.pos;
		if (!between_messages(s, &in, &out) && s->skip == 0) {
			reason = unpack_some(s, &in, &out);
		}
		if ((in.pos == before_in && out.pos == before_out) || out.pos == out.size) {
			break;
		}
	}
	flow->in += in.pos;
	flow->in_len -= in.pos;
	flow->out += out.pos;
	flow->out_room -= out.pos;
	return reason;
}

static const char *zstd_finish(void *state) {
	const struct zstd *s = state;

	return s->wanted != 0 ? "zstd data cut off" : NULL;
}

const struct filter filter_zstd = {
	.name = "zstd",
	.bid = zstd_bid,
	.open = zstd_open,
	.close = zstd_close,
	.unpack = zstd_unpack,
	.finish = zstd_finish,
};
