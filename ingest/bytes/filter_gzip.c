/* filter_gzip.c: gzip members, any number of them, over zlib's inflate. */
#include "ingest/bytes/filter.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#include "core/error.h"
#include "ingest/bytes/gzip_member.h"

struct gzip {
	z_stream z;
	bool inside; /* within a member */
};

static const char cut_off[] = "gzip data cut off";

static void *gzip_open(void) {
	struct gzip *g = must_calloc(1, sizeof *g);

	if (inflateInit2(&g->z, 15 + 16) != Z_OK) {
		die_out_of_memory();
	}
	g->inside = true;
	return g;
}

static void gzip_close(void *state) {
	struct gzip *g = state;

	inflateEnd(&g->z);
	free(g);
}

static const char *next_member(struct gzip *g) {
	const char *reason = gzip_between(&g->z.next_in, &g->z.avail_in, &g->inside);

	if (g->inside) {
		int rc = inflateReset(&g->z);
		assert(rc == Z_OK);
	}
	return reason;
}

static const char *gzip_reason(const z_stream *z) {
	static const struct {
		const char *zlib, *ours;
	} words[] = {
		{"incorrect data check", "gzip CRC error"},
		{"incorrect length check", "gzip length error"},
		{"incorrect header check", "trailing junk after gzip data"},
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (z->msg && text_eq(text_of(z->msg), text_of(words[i].zlib))) {
			return words[i].ours;
		}
	}
	return "gzip data damaged";
}

static const char *inflate_some(struct gzip *g) {
	int rc = inflate(&g->z, Z_NO_FLUSH);

	switch (rc) {
	case Z_STREAM_END:
		g->inside = false;
		return NULL;
	case Z_OK:
	case Z_BUF_ERROR: /* no progress: needs input or output space */
		return NULL;
	case Z_MEM_ERROR:
		die_out_of_memory();
	default:
		return gzip_reason(&g->z);
	}
}

static const char *gzip_unpack(void *state, struct filter_flow *flow) {
	struct gzip *g = state;
	const char *reason = NULL;

	assert(flow->in_len <= UINT32_MAX && flow->out_room <= UINT32_MAX);
	g->z.next_in = (unsigned char *)(uintptr_t)flow->in; /* zlib reads it only */
	g->z.avail_in = (unsigned)flow->in_len;
	g->z.next_out = flow->out;
	g->z.avail_out = (unsigned)flow->out_room;
	while (!reason && g->z.avail_out > 0) {
		unsigned before_in = g->z.avail_in, before_out = g->z.avail_out;
		reason = g->inside ? inflate_some(g) : next_member(g);
		if (g->z.avail_in == before_in && g->z.avail_out == before_out && g->z.avail_in == 0) {
			break;
		}
	}
	flow->in = g->z.next_in;
	flow->in_len = g->z.avail_in;
	flow->out = g->z.next_out;
	flow->out_room = g->z.avail_out;
	return reason;
}

static const char *gzip_finish(void *state) {
	const struct gzip *g = state;

	return g->inside ? cut_off : NULL;
}

const struct filter filter_gzip = {
	.name = "gzip",
	.bid = gzip_bid,
	.open = gzip_open,
	.close = gzip_close,
	.unpack = gzip_unpack,
	.finish = gzip_finish,
};
