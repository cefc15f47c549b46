/*
 * filter_isal.c: gzip members over ISA-L's inflate, which takes a third of zlib's time; built if libisal is found.
 * Its output is the same as that of filter_gzip.c, including truncated files and wrong checksums; in damaged data the
 * two may stop at slightly different bytes.
 */
#ifdef TOLLBOOK_ISAL
#include "ingest/bytes/filter.h"

#include <assert.h>
#include <isa-l.h>
#include <stdlib.h>

#include "core/error.h"
#include "ingest/bytes/gzip_member.h"

/* RFC 1952, 2.3.1.2: must be zero. */
enum { RESERVED_FLAGS = 0xe0 };

enum place { PLACE_HEADER, PLACE_DATA, PLACE_TRAILER, PLACE_BETWEEN };

struct isal {
	struct inflate_state z;
	struct isal_gzip_header header;
	enum place place;
	uint32_t member_len; /* modulo 2^32, as in the trailer */
	unsigned char trailer[8];
	size_t trailer_len;
};

static void begin_member(struct isal *g) {
	isal_inflate_reset(&g->z);
	g->z.crc_flag = ISAL_GZIP_NO_HDR;
	isal_gzip_header_init(&g->header);
	g->place = PLACE_HEADER;
	g->member_len = 0;
	g->trailer_len = 0;
}

static void *isal_open(void) {
	struct isal *g = must_calloc(1, sizeof *g);

	isal_inflate_init(&g->z);
	begin_member(g);
	return g;
}

static const char *take_header(struct isal *g) {
	switch (isal_read_gzip_header(&g->z, &g->header)) {
	case ISAL_DECOMP_OK:
		g->place = PLACE_DATA;
		return g->header.flags & RESERVED_FLAGS ? "gzip data damaged" : NULL;
	case ISAL_END_INPUT:
		return NULL;
	case ISAL_INVALID_WRAPPER:
		return "trailing junk after gzip data";
	default:
		return "gzip data damaged";
	}
}

/* ISA-L has read ahead into a word of bits: its bytes after the data are the start of the trailer. */
static void take_bits(struct isal *g) {
	uint64_t bits = g->z.read_in >> (g->z.read_in_length % 8);

	assert(g->z.read_in_length <= 64);
	for (int left = g->z.read_in_length / 8; left > 0; left--, bits >>= 8) {
		g->trailer[g->trailer_len++] = (unsigned char)bits;
	}
}

static const char *take_data(struct isal *g) {
	const unsigned char *from = g->z.next_out;
	int rc = isal_inflate(&g->z);

	g->member_len += (uint32_t)(g->z.next_out - from);
	if (g->z.block_state == ISAL_BLOCK_FINISH) {
		g->place = PLACE_TRAILER;
		take_bits(g);
	}
	return rc < 0 ? "gzip data damaged" : NULL;
}

static uint32_t little_endian(const unsigned char *at) {
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static const char *take_trailer(struct isal *g) {
	while (g->trailer_len < sizeof g->trailer && g->z.avail_in > 0) {
		g->trailer[g->trailer_len++] = *g->z.next_in++;
		g->z.avail_in--;
	}
	if (g->trailer_len >= 4 && little_endian(g->trailer) != g->z.crc) {
		return "gzip CRC error";
	}
	if (g->trailer_len < sizeof g->trailer) {
		return NULL;
	}
	g->place = PLACE_BETWEEN;
	return little_endian(g->trailer + 4) == g->member_len ? NULL : "gzip length error";
}

static const char *next_member(struct isal *g) {
	bool begins;
	const char *reason = gzip_between(&g->z.next_in, &g->z.avail_in, &begins);

	if (begins) {
		unsigned char *in = g->z.next_in, *out = g->z.next_out;
		uint32_t in_len = g->z.avail_in, out_room = g->z.avail_out;
		begin_member(g);
		g->z.next_in = in;
		g->z.next_out = out;
		g->z.avail_in = in_len;
		g->z.avail_out = out_room;
	}
	return reason;
}

static const char *go_on(struct isal *g) {
	static const char *(*const steps[])(struct isal *g) = {
		[PLACE_HEADER] = take_header,
		[PLACE_DATA] = take_data,
		[PLACE_TRAILER] = take_trailer,
		[PLACE_BETWEEN] = next_member,
	};
	return steps[g->place](g);
}

static const char *isal_unpack(void *state, struct filter_flow *flow) {
	struct isal *g = state;
	const char *reason = NULL;

	assert(flow->in_len <= UINT32_MAX && flow->out_room <= UINT32_MAX);
	g->z.next_in = (unsigned char *)(uintptr_t)flow->in; /* ISA-L reads it only */
	g->z.avail_in = (uint32_t)flow->in_len;
	g->z.next_out = flow->out;
	g->z.avail_out = (uint32_t)flow->out_room;
	while (!reason && g->z.avail_out > 0) {
		uint32_t before_in = g->z.avail_in, before_out = g->z.avail_out;
		enum place before = g->place;
		reason = go_on(g);
		if (g->place == before && g->z.avail_in == before_in && g->z.avail_out == before_out) {
			break;
		}
	}
	flow->in = g->z.next_in;
	flow->in_len = g->z.avail_in;
	flow->out = g->z.next_out;
	flow->out_room = g->z.avail_out;
	return reason;
}

static const char *isal_finish(void *state) {
	const struct isal *g = state;

	return g->place == PLACE_BETWEEN ? NULL : "gzip data cut off";
}

const struct filter filter_isal = {
	.name = "gzip",
	.bid = gzip_bid,
	.open = isal_open,
	.close = free,
	.unpack = isal_unpack,
	.finish = isal_finish,
};
#endif
