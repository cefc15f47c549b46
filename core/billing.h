/*
 * billing.h: what a vendor's price of a request depends on in addition to its plain tokens.
 *
 * As a text "provider=azure;geo=us;speed=fast;write_1h=6000;searches=2": only values that are known and not 0, in
 * this order. Records and ledgers keep the text; it is empty for most requests.
 */
#ifndef CORE_BILLING_H
#define CORE_BILLING_H

#include <stdbool.h>

#include "core/text.h"

/*
 * Parts of a request that vendors price separately. The input parts are within uncached input, except the cached
 * ones.
 */
enum billed {
	BILLED_WRITE_1H,     /* written to the cache for an hour; within cache_write_tokens */
	BILLED_AUDIO_IN,     /* within uncached input */
	BILLED_IMAGE_IN,
	BILLED_VIDEO_IN,
	BILLED_AUDIO_CACHED, /* within cached input */
	BILLED_IMAGE_CACHED,
	BILLED_AUDIO_OUT,    /* within output */
	BILLED_IMAGE_OUT,
	BILLED_VIDEO_OUT,
	BILLED_CITATIONS,    /* tokens of cited text, in addition to output */
	BILLED_SEARCHES,     /* web searches: no tokens */
	BILLED_REQUESTS,     /* number of requests that the record sums up; 0: it is a single one */
	BILLED_OVER,         /* the record sums up prompts longer than this; 0: see the request's length */
	BILLED_PARTS
};

/* "write_1h" …, as in the text. */
extern const struct text billed_names[BILLED_PARTS];

struct billing {
	struct text provider; /* the vendor, as the log names it; empty: not logged */
	struct text geo;      /* where the vendor had to compute; empty: anywhere */
	bool fast;            /* a faster mode with a separate price */
	int64_t part[BILLED_PARTS];
};

#define BILLING_TEXT_MAX 640

/* Writes the text. Returns its length; 0 if there is no text. */
size_t billing_print(const struct billing *b, char out[BILLING_TEXT_MAX]);
/* Reads it back; texts point into `t`. Keys that are not known are skipped. */
void billing_parse(struct text t, struct billing *out);

/*
 * The pool of entries that were bought, not run on GPUs of the fleet: "(API)", and what their price depends on. Each
 * part is a separate entry: "(API) azure;geo=us;part=write_1h".
 */
#define BILLING_POOL "(API)"
bool billing_is_pool(struct text pool);
/* The pool of a part (BILLED_PARTS: plain tokens). Returns its length. */
size_t billing_print_pool(const struct billing *b, int part, char out[BILLING_TEXT_MAX]);
/* The part, or BILLED_PARTS. */
int billing_parse_pool(struct text pool, struct billing *out);

#endif
