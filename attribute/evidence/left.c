#include "attribute/evidence/left.h"

#include "attribute/evidence/evidence_private.h"

void left_set(struct evidence *e, struct spool *marks) {
	e->left = marks;
}

/* Its id is not compared any more: of the records with one id the most complete one is known. */
static struct record record_of(const struct names *n, const struct request_item *q) {
	return (struct record){
		.kind = RECORD_REQUEST, .replica = names_text(n, q->head.replica), .model = names_text(n, q->head.model),
		.file = q->head.file, .line = q->head.line,
		.request = {
			.id = request_item_id(q), .tenant = names_text(n, q->tenant), .billing = request_item_billing(q),
			.arrival_ns = q->arrival_ns, .scheduled_ns = q->scheduled_ns, .first_token_ns = q->first_token_ns, .finish_ns = q->finish_ns,
			.prompt_tokens = q->prompt_tokens, .cached_tokens = q->cached_tokens, .cache_write_tokens = q->cache_write_tokens,
			.completion_tokens = q->completion_tokens, .reasoning_tokens = q->reasoning_tokens, .preemptions = q->preemptions,
			.service = (enum service)q->service, .ok = q->ok, .gateway = q->gateway, .cached_unknown = q->cached_unknown,
			.exclusive_times = q->exclusive,
		},
	};
}

static int pass_marked(struct evidence *e, struct spool *items, left_sink *sink, void *context, struct fault *why) {
	struct evidence_reader *r;
	const struct item *item;
	int got = 0, rc = evidence_reading_of(&r, items, why);

	rc = rc < 0 ? rc : evidence_reading_marks(r, e->left, why);
	while (rc >= 0 && (got = evidence_next(r, &item, why)) > 0) {
		if (item->kind == ITEM_REQUEST && evidence_is_marked(r)) {
			struct record record = record_of(e->names, (const struct request_item *)(const void *)item);
			rc = sink(context, &record, why);
		}
	}
	evidence_reader_free(r);
	return rc < 0 ? rc : got;
}

int left_each(struct evidence *e, left_sink *sink, void *context, struct fault *why) {
	int rc = e->left ? pass_marked(e, e->spool, sink, context, why) : 0;

	return rc < 0 || !e->left ? rc : pass_marked(e, e->gateway, sink, context, why);
}
