#include "attribute/split/bought_post.h"

#include "attribute/fleet/segment.h"
#include "attribute/split/postings.h"
#include "core/instant.h"

/* A request being posted. */
struct buying {
	struct accounts_common *common;
	struct billing billing;
	struct entry key;
	struct fault *why;
};

static name_id pool_of(struct buying *b, int part) {
	char text[BILLING_TEXT_MAX];
	size_t len = billing_print_pool(&b->billing, part, text);

	return names_id(b->common->options->names, (struct text){text, len});
}

static int post(struct buying *b, int part, enum entry_kind kind, const struct entry *what) {
	struct entry e = b->key;

	if (what->tokens == 0 && what->requests == 0) {
		return 0;
	}
	e.pool = pool_of(b, part);
	e.kind = kind;
	e.tokens = what->tokens;
	e.requests = what->requests;
	e.reasoning_tokens = what->reasoning_tokens;
	e.cache_write_tokens = what->cache_write_tokens;
	return entries_add(b->common->entries, b->common->lane, &e, b->why);
}

static int64_t smaller(int64_t a, int64_t b) {
	return a < b ? a : b;
}

/* The parts of one kind, each an entry; the remaining tokens are the plain entry. */
static int post_kind(struct buying *b, enum entry_kind kind, const int *parts, size_t count, struct entry rest) {
	int rc = 0;

	for (size_t i = 0; i < count && rc >= 0; i++) {
		const struct entry part = {.tokens = smaller(b->billing.part[parts[i]], rest.tokens)};
		rest.tokens -= part.tokens;
		rc = post(b, parts[i], kind, &part);
	}
	rest.cache_write_tokens = smaller(rest.cache_write_tokens, rest.tokens);
	rest.reasoning_tokens = smaller(rest.reasoning_tokens, rest.tokens);
	return rc < 0 ? rc : post(b, BILLED_PARTS, kind, &rest);
}

/* Fees are counted as requests of the output, which has no other requests. */
static int post_fees(struct buying *b) {
	static const int fees[] = {BILLED_SEARCHES, BILLED_CITATIONS};
	int rc = 0;

	for (size_t i = 0; i < sizeof fees / sizeof *fees && rc >= 0; i++) {
		const struct entry fee = {.requests = b->billing.part[fees[i]]};
		rc = post(b, fees[i], ENTRY_OUTPUT, &fee);
	}
	return rc;
}

static int post_request(struct buying *b, const struct request_item *q) {
	static const int input[] = {BILLED_WRITE_1H, BILLED_AUDIO_IN, BILLED_IMAGE_IN, BILLED_VIDEO_IN};
	static const int cached[] = {BILLED_AUDIO_CACHED, BILLED_IMAGE_CACHED};
	static const int output[] = {BILLED_AUDIO_OUT, BILLED_IMAGE_OUT, BILLED_VIDEO_OUT};
	int64_t read = smaller(q->cached_tokens, q->prompt_tokens), requests = b->billing.part[BILLED_REQUESTS];
	int64_t long_writes = smaller(b->billing.part[BILLED_WRITE_1H], q->cache_write_tokens);
	int rc = 0;

	b->billing.part[BILLED_WRITE_1H] = long_writes;
	const struct entry in = {.tokens = q->prompt_tokens - read, .requests = requests > 0 ? requests : 1,
	                         .cache_write_tokens = q->cache_write_tokens - long_writes};
	const struct entry from_cache = {.tokens = read};
	const struct entry out = {.tokens = q->completion_tokens, .reasoning_tokens = q->reasoning_tokens};
	rc = post_kind(b, ENTRY_INPUT, input, sizeof input / sizeof *input, in);
	rc = rc < 0 ? rc : post_kind(b, ENTRY_INPUT_CACHED, cached, sizeof cached / sizeof *cached, from_cache);
	rc = rc < 0 ? rc : post_kind(b, ENTRY_OUTPUT, output, sizeof output / sizeof *output, out);
	return rc < 0 ? rc : post_fees(b);
}

static int post_bought(struct accounts_common *common, const struct request_item *q, struct fault *why) {
	struct buying b = {.common = common, .why = why};
	int64_t at_ns = q->finish_ns != UNKNOWN ? q->finish_ns : q->head.at_ns;
	struct segment s;

	segment_at(common->options, NULL, at_ns, &s);
	if (!s.wanted) {
		return 0;
	}
	billing_parse(request_item_billing(q), &b.billing);
	int64_t over = b.billing.part[BILLED_OVER];
	memset(&b.key, 0, sizeof b.key); /* entries are compared byte by byte where their keys agree */
	b.key.slot_ns = s.slot_ns;
	b.key.replica = q->head.replica;
	b.key.model = q->head.model;
	b.key.tenant = q->tenant;
	b.key.grade = GRADE_NONE;
	b.key.service = (enum service)q->service;
	b.key.rate_nano = -1;
	b.key.prompt_over_ntok = cuts_below(&common->options->cuts.prompt_over_ntok, over > 0 ? over + 1 : b.billing.part[BILLED_REQUESTS] > 0 ? 0 : q->prompt_tokens);
	return post_request(&b, q);
}

static int64_t day_of(const struct request_item *q) {
	return instant_floor(q->finish_ns != UNKNOWN ? q->finish_ns : q->head.at_ns, NS_PER_DAY);
}

int bought_post(struct accounts_common *common, struct evidence *e, struct hits *unknown, struct fault *why) {
	struct evidence_reader *r;
	const struct item *item;
	int got = 0, rc = evidence_bought_reader_new(&r, e, why);

	while (rc >= 0 && (got = evidence_next(r, &item, why)) > 0) {
		const struct request_item *q = (const struct request_item *)item;
		hits_note(unknown, q->head.replica, day_of(q), q->prompt_tokens,
			  q->cached_unknown ? q->prompt_tokens : 0);
		rc = post_bought(common, q, why);
	}
	evidence_reader_free(r);
	return rc < 0 ? rc : got;
}
