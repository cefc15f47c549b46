/*
 * filter_other.c: compressions that are recognized but not unpacked: the file is damaged for that reason, not of an
 * unknown format.
 */
#include <stdlib.h>

#include "core/error.h"
#include "ingest/bytes/filter.h"

static const struct {
	struct text magic;
	const char *reason;
} kinds[] = {
    {T("\xfd" "7zXZ\0"), "compressed by xz, which is not read: unpack it first (xz -dk)"},
    {T("BZh"), "compressed by bzip2, which is not read: unpack it first (bzip2 -dk)"},
    {T("\x04\x22\x4d\x18"), "compressed by lz4, which is not read: unpack it first (lz4 -dk)"},
    {T("\xff\x06\0\0sNaPpY"), "compressed by snappy, which is not read: unpack it first"},
    {T("PK\x03\x04"), "a zip archive, which is not read: unpack it first (unzip)"},
    {T("PAR1"), "a Parquet file, which is not read: convert it to CSV first (docs/invoices.md)"},
};
#define KINDS (sizeof kinds / sizeof *kinds)

struct other {
	const char *reason;
};

static size_t kind_of(struct text head) {
	size_t i = 0;

	while (i < KINDS && !text_starts(head, kinds[i].magic)) {
		i++;
	}
	/* bzip2's fourth byte is a digit, which distinguishes it from words. */
	bool word = i < KINDS && text_eq(kinds[i].magic, T("BZh")) && (head.len < 4 || head.at[3] < '1' || head.at[3] > '9');
	return word ? KINDS : i;
}

static int other_bid(struct text head) {
	return kind_of(head) < KINDS ? 90 : 0;
}

static void *other_open(void) {
	return must_calloc(1, sizeof(struct other));
}

static void other_close(void *state) {
	free(state);
}

static const char *other_unpack(void *state, struct filter_flow *flow) {
	struct other *o = state;
	size_t i = kind_of((struct text){(const char *)flow->in, flow->in_len});

	o->reason = i < KINDS ? kinds[i].reason : "compressed in a form that is not read";
	return o->reason;
}

static const char *other_finish(void *state) {
	const struct other *o = state;

	return o->reason;
}

const struct filter filter_other = {"other", other_bid, other_open, other_close, other_unpack, other_finish};
