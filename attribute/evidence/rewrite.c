/* rewrite.c: renames items of the evidence, moves them in time or leaves them out. */
#include <stdlib.h>

#include "attribute/evidence/evidence_private.h"

#define REWRITE_BYTES ((size_t)8 << 20)

struct rewriting {
	struct evidence *e;
	struct spool *to;
	evidence_change *change;
	void *context;
	char *item; /* a copy */
	size_t room;
};

static int emit(struct rewriting *w, const struct item *item, size_t len, struct fault *why) {
	if (w->e->watcher) {
		w->e->watcher(w->e->watcher_context, 0, item);
	}
	return spool_add(w->to, 0, item, item_stored_len(item, len), why);
}

static int rewrite_one(struct rewriting *w, const struct item *item, size_t len, struct fault *why) {

	if (w->room < len) {
		w->room = len + 256;
		w->item = must_realloc(w->item, w->room);
	}
	memcpy(w->item, item, len);
	struct item *copy = (struct item *)(void *)w->item;
	name_id prefill = 0;
	if (!w->change(w->context, copy, &prefill)) {
		return 0;
	}
	if (prefill == 0 || item->kind != ITEM_REQUEST) {
		return emit(w, copy, len, why);
	}
	struct request_item *r = (struct request_item *)(void *)w->item;
	r->part = PART_DECODE;
	int rc = emit(w, copy, len, why);
	r->part = PART_PREFILL;
	r->head.replica = prefill;
	return rc < 0 ? rc : emit(w, copy, len, why);
}

static int rewrite(struct evidence *e, struct spool **spool, evidence_change *change, void *context, int64_t *duplicates,
                   struct fault *why) {
	struct rewriting w = {.e = e, .to = evidence_spool(e, REWRITE_BYTES), .change = change, .context = context};
	struct evidence_reader *r;
	const struct item *item;
	int rc = evidence_reading_of(&r, *spool, why), got = 0;

	if (rc >= 0) {
		evidence_count_duplicates(r, e->count_from_ns, e->count_to_ns);
	}
	while (rc >= 0 && (got = evidence_next(r, &item, why)) > 0) {
		rc = rewrite_one(&w, item, evidence_item_len(r), why);
	}
	*duplicates += evidence_duplicates(r);
	evidence_reader_free(r);
	free(w.item);
	rc = rc < 0 ? rc : got < 0 ? got : spool_seal(w.to, why);
	spool_free(*spool);
	*spool = w.to;
	return rc;
}

int evidence_rewrite(struct evidence *e, evidence_change *change, void *context, int64_t *duplicates, struct fault *why) {
	int rc = rewrite(e, &e->spool, change, context, duplicates, why);
	int64_t ignored = 0;

	evidence_forget_repeats(e);
	return rc < 0 ? rc : rewrite(e, &e->power, change, context, &ignored, why);
}
