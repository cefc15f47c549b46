#include "attribute/evidence/bought.h"

#include <stdlib.h>

#include "attribute/evidence/repeats.h"
#include "core/billing.h"
#include "core/exact.h"

/* ---- records that are logged several times ---- */

int growing_compare(const void *context, const void *a, size_t a_len, const void *b, size_t b_len) {
	const struct request_item *x = a, *y = b;
	int order = text_compare(request_item_id(x), request_item_id(y));

	(void)context;
	order = order != 0 ? order : exact_order(x->head.at_ns, y->head.at_ns);
	order = order != 0 ? order : exact_order(x->head.file, y->head.file);
	order = order != 0 ? order : exact_order(x->head.line, y->head.line);
	order = order != 0 ? order : memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order != 0 ? order : exact_order((int64_t)a_len, (int64_t)b_len);
}

/* Is a record more complete than another of the same request? If equal, the earlier one counts. */
static bool is_fuller(const struct request_item *next, const struct request_item *best) {
	const int64_t a[] = {(int64_t)next->prompt_tokens + next->completion_tokens, (int64_t)next->cached_tokens + next->cache_write_tokens,
	                     next->billing_len, next->tenant != 0};
	const int64_t b[] = {(int64_t)best->prompt_tokens + best->completion_tokens, (int64_t)best->cached_tokens + best->cache_write_tokens,
	                     best->billing_len, best->tenant != 0};

	for (size_t i = 0; i < sizeof a / sizeof *a; i++) {
		if (a[i] != b[i]) {
			return a[i] > b[i];
		}
	}
	return false;
}

/* The best record of the current id. */
struct growth {
	char *best;
	size_t len, room;
	int64_t first_ns;
};

static void keep_best(struct growth *g, const void *item, size_t len) {
	if (g->room < len) {
		g->room = len + 256;
		g->best = must_realloc(g->best, g->room);
	}
	memcpy(g->best, item, len);
	g->len = len;
}

static bool is_same_request(const struct growth *g, const struct request_item *next) {
	const struct request_item *best = (const struct request_item *)(const void *)g->best;

	return g->len > 0 && next->head.at_ns - g->first_ns <= REPEATS_WINDOW_NS &&
	       text_eq(request_item_id(best), request_item_id(next));
}

static int emit_best(struct evidence *e, const struct growth *g, struct fault *why) {
	return g->len > 0 ? spool_add(e->gateway, 0, g->best, g->len, why) : 0;
}

int growing_settle(struct evidence *e, struct fault *why) {
	struct spool_reader *r;
	struct growth g = {.best = NULL};
	const void *item;
	size_t len;
	int got = 0, rc = spool_seal(e->growing, why);

	rc = rc < 0 ? rc : spool_reader_new(&r, e->growing, why);
	if (rc < 0) {
		return rc;
	}
	while (rc >= 0 && (got = spool_next(r, &item, &len, why)) > 0) {
		const struct request_item *next = item;
		if (is_same_request(&g, next)) {
			e->repeated += next->head.at_ns >= e->count_from_ns && next->head.at_ns < e->count_to_ns;
			if (is_fuller(next, (const struct request_item *)(const void *)g.best)) {
				keep_best(&g, item, len);
			}
			continue;
		}
		rc = emit_best(e, &g, why);
		g.first_ns = next->head.at_ns;
		keep_best(&g, item, len);
	}
	rc = rc < 0 ? rc : got < 0 ? got : emit_best(e, &g, why);
	spool_reader_free(r);
	free(g.best);
	return rc;
}

/* ---- what was bought ---- */

bool bought_is_vendors(const struct evidence *e, const struct request_item *q) {
	struct text text = request_item_billing(q);
	struct billing billing;

	if (!e->is_vendors) {
		return false;
	}
	billing_parse(text, &billing);
	uint64_t provider = text_hash(billing.provider) * 2 + (billing.part[BILLED_REQUESTS] > 0);
	struct vendor_answer *a = &e->vendor_answers[(q->head.model * UINT64_C(31) + provider) % VENDOR_ANSWERS];
	if (!a->known || a->model != q->head.model || a->provider != provider) {
		*a = (struct vendor_answer){q->head.model, provider, true, e->is_vendors(e->vendors, q->head.model, text)};
	}
	return a->is_vendors;
}

int bought_keep(struct evidence *e, const struct item *item, size_t len, struct fault *why) {
	const struct request_item *q = (const struct request_item *)(const void *)item;
	int64_t last_ns = q->finish_ns != UNKNOWN ? q->finish_ns : item->at_ns;

	if (last_ns != UNKNOWN) {
		exact_widen(&e->bought_from_ns, &e->bought_to_ns, item->at_ns, last_ns);
	}
	return spool_add(e->bought, 0, item, len, why);
}

int bought_collect(struct evidence *e, struct spool *unjoined, struct fault *why) {
	struct evidence_reader *r;
	const struct item *item;
	int got = 0, rc = evidence_reading_of(&r, e->gateway, why);

	rc = rc < 0 ? rc : evidence_reading_marks(r, unjoined, why);
	while (rc >= 0 && (got = evidence_next(r, &item, why)) > 0) {
		rc = evidence_is_marked(r) ? bought_keep(e, item, evidence_item_len(r), why) : 0;
	}
	evidence_reader_free(r);
	return rc < 0 ? rc : got;
}
