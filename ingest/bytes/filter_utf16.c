/* filter_utf16.c: converts UTF-16 with a byte order mark, as written by Windows tools and PowerShell, to UTF-8. */
#include <stdlib.h>

#include "core/error.h"
#include "ingest/bytes/filter.h"

struct utf16 {
	bool begun, big; /* big: the high byte comes first */
	bool has_byte;   /* the last byte is the first byte of a unit */
	unsigned char byte;
	unsigned high; /* the first half of a pair of surrogates, or 0 */
	unsigned char left[4];
	size_t left_len; /* bytes of the last character that are not given yet */
};

static int utf16_bid(struct text head) {
	return text_starts(head, T("\xff\xfe")) || text_starts(head, T("\xfe\xff")) ? 90 : 0;
}

static void *utf16_open(void) {
	return must_calloc(1, sizeof(struct utf16));
}

static void utf16_close(void *state) {
	free(state);
}

static void put(struct utf16 *u, unsigned code) {
	unsigned char *to = u->left;

	u->left_len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = u->left_len; i-- > 1; code >>= 6) {
		to[i] = (unsigned char)(0x80 | (code & 0x3f));
	}
	to[0] = (unsigned char)(u->left_len == 1 ? code : (0xf00u >> u->left_len & 0xf0u) | code);
}

/* Half of a pair is not a character. */
static void take_unit(struct utf16 *u, unsigned unit) {
	bool high = unit >= 0xd800 && unit < 0xdc00, low = unit >= 0xdc00 && unit < 0xe000;

	if (high) {
		u->high = unit;
	} else if (low && u->high) {
		put(u, 0x10000 + ((u->high - 0xd800) << 10) + (unit - 0xdc00));
		u->high = 0;
	} else {
		put(u, low ? 0xfffd : unit);
		u->high = 0;
	}
}

static void take_byte(struct utf16 *u, unsigned char byte) {
	if (!u->has_byte) {
		u->byte = byte;
		u->has_byte = true;
		return;
	}
	unsigned unit = u->big ? (unsigned)u->byte << 8 | byte : (unsigned)byte << 8 | u->byte;
	u->has_byte = false;
	if (!u->begun && (unit == 0xfeff || unit == 0xfffe)) {
		u->big = u->byte == 0xfe;
	} else {
		take_unit(u, unit);
	}
	u->begun = true;
}

static const char *utf16_unpack(void *state, struct filter_flow *flow) {
	struct utf16 *u = state;

	while (flow->out_room > 0 && (u->left_len > 0 || flow->in_len > 0)) {
		if (u->left_len == 0) {
			take_byte(u, *flow->in);
			flow->in++;
			flow->in_len--;
		}
		size_t n = u->left_len < flow->out_room ? u->left_len : flow->out_room;
		memcpy(flow->out, u->left, n);
		flow->out += n;
		flow->out_room -= n;
		u->left_len -= n;
		memmove(u->left, u->left + n, u->left_len);
	}
	return NULL;
}

static const char *utf16_finish(void *state) {
	const struct utf16 *u = state;

	return u->has_byte || u->high ? "ends within a character of UTF-16" : NULL;
}

const struct filter filter_utf16 = {"utf-16", utf16_bid, utf16_open, utf16_close, utf16_unpack, utf16_finish};
