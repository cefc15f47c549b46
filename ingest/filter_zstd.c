/* filter_zstd.c: zstd frames, any number of them, skippable ones included. */
#include "ingest/filter.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "core/error.h"

/* 128 MiB of window, what `zstd --long` writes and `zstd -d` reads without being asked. */
#define WINDOW_LOG_MAX 27

struct zstd {
	ZSTD_DStream *z;
	size_t wanted; /* 0: at the end of a frame */
	bool any;      /* a frame has ended */
};

static int zstd_bid(struct text head) {
	if (text_starts(head, T("\x28\xb5\x2f\xfd"))) {
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

static const char *zstd_unpack(void *state, struct filter_flow *flow) {
	struct zstd *s = state;
	ZSTD_inBuffer in = {flow->in, flow->in_len, 0};
	ZSTD_outBuffer out = {flow->out, flow->out_room, 0};
	const char *reason = NULL;

	/* Also without input: what is unpacked already may wait for room. */
	do {
		size_t before_in = in.pos, before_out = out.pos;
		size_t rc = ZSTD_decompressStream(s->z, &out, &in);
		if (ZSTD_isError(rc)) {
			reason = zstd_reason(s, rc);
			break;
		}
		if (in.pos == before_in && out.pos == before_out) {
			break;
		}
		s->wanted = rc;
		s->any = s->any || rc == 0;
	} while (out.pos < out.size && (in.pos < in.size || s->wanted != 0));
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
