#include "attribute/evidence/ranks.h"

#include <stdlib.h>

#include "core/exact.h"

#define STORE_BYTES ((size_t)4 << 20)

struct rank {
	name_id replica;
	uint32_t engine;
};

struct ranks {
	const struct names *names;
	struct rank *at;
	size_t count, room;
	struct spool *steps;  /* of all ranks, by engine and begin */
	struct spool *others; /* of each step, by replica and begin */
};

/* A step of a rank, as it is stored. */
struct rank_step {
	uint32_t engine;
	name_id replica;
	int64_t at_ns, duration_ns;
	struct rank_batch batch;
};

struct rank_item {
	name_id replica;
	int64_t at_ns;
	struct rank_others others;
};

/* ---- the two orders ---- */

static int by_engine(const void *context, const void *a_bytes, size_t a_len, const void *b_bytes, size_t b_len) {
	const struct rank_step *a = a_bytes, *b = b_bytes;
	int order = exact_order(a->engine, b->engine);

	(void)context, (void)b_len;
	order = order != 0 ? order : exact_order(a->at_ns, b->at_ns);
	return order != 0 ? order : memcmp(a, b, a_len);
}

static int by_replica(const void *context, const void *a_bytes, size_t a_len, const void *b_bytes, size_t b_len) {
	const struct rank_item *a = a_bytes, *b = b_bytes;
	int order = exact_order(a->replica, b->replica);

	(void)context, (void)b_len;
	order = order != 0 ? order : exact_order(a->at_ns, b->at_ns);
	return order != 0 ? order : memcmp(a, b, a_len);
}

/* ---- which ranks there are ---- */

struct ranks *ranks_new(const struct names *names) {
	struct ranks *r = must_calloc(1, sizeof *r);

	r->names = names;
	r->steps = spool_new(1, STORE_BYTES, by_engine, NULL);
	r->others = spool_new(1, STORE_BYTES, by_replica, NULL);
	return r;
}

void ranks_free(struct ranks *r) {
	if (r) {
		spool_free(r->steps);
		spool_free(r->others);
		free(r->at);
		free(r);
	}
}

void ranks_add(struct ranks *r, name_id replica, uint32_t engine) {
	r->at = must_grow(r->at, r->count, &r->room, sizeof *r->at, 8);
	r->at[r->count++] = (struct rank){replica, engine};
}

static uint32_t engine_of(const struct ranks *r, name_id replica) {
	for (size_t i = 0; r && i < r->count; i++) {
		if (r->at[i].replica == replica) {
			return r->at[i].engine;
		}
	}
	return 0;
}

int64_t ranks_count(const struct ranks *r, name_id replica) {
	uint32_t engine = engine_of(r, replica);
	int64_t count = 0;

	for (size_t i = 0; engine != 0 && i < r->count; i++) {
		count += r->at[i].engine == engine;
	}
	return engine == 0 ? 1 : count;
}

/* ---- the steps of one engine ---- */

static int64_t known(int64_t n) {
	return n == UNKNOWN ? 0 : n;
}

static int add_step(struct ranks *r, uint32_t engine, const struct step_item *s, struct fault *why) {
	struct rank_step step;

	memset(&step, 0, sizeof step);
	step.engine = engine;
	step.replica = s->head.replica;
	step.at_ns = s->head.at_ns;
	step.duration_ns = s->duration_ns;
	step.batch = (struct rank_batch){s->prefill_tokens, s->decode_tokens, known(s->prefill_token_kv), known(s->prefill_kv_tokens),
	                                 known(s->decode_kv_tokens)};
	return spool_add(r->steps, 0, &step, sizeof step, why);
}

static int read_rank(struct ranks *r, const struct rank *rank, struct evidence *e, struct fault *why) {
	struct evidence_reader *reader;
	const struct item *item;
	int rc = evidence_reader_new(&reader, e, why), got = 0;

	if (rc >= 0) {
		evidence_reader_seek(reader, rank->replica);
	}
	while (rc >= 0 && (got = evidence_next(reader, &item, why)) > 0 && item->replica == rank->replica) {
		rc = item->kind == ITEM_STEP ? add_step(r, rank->engine, (const struct step_item *)item, why) : 0;
	}
	evidence_reader_free(reader);
	return rc < 0 ? rc : got < 0 ? got : 0;
}

static int64_t tokens_of(const struct rank_step *s) {
	return s->batch.prefill_tokens + s->batch.decode_tokens;
}

/* Does the first have the slower attention? Ties are broken by names, so that results do not depend on threads. */
static bool is_slower(const struct ranks *r, const struct rank_step *a, const struct rank_step *b) {
	int order = ranks_slower(&a->batch, &b->batch);

	order = order != 0 ? order : exact_order(tokens_of(a), tokens_of(b));
	return order != 0 ? order > 0 : names_order(r->names, a->replica, b->replica) < 0;
}

/* One step of an engine: writes to each rank what the others did. */
static int end_step(struct ranks *r, const struct rank_step *at, size_t count, struct fault *why) {
	struct rank_others all = {0};
	const struct rank_step *slow[2] = {NULL, NULL}, *most[2] = {NULL, NULL};
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		bool first = !slow[0] || is_slower(r, &at[i], slow[0]), more = !most[0] || tokens_of(&at[i]) > tokens_of(most[0]);
		slow[1] = first ? slow[0] : !slow[1] || is_slower(r, &at[i], slow[1]) ? &at[i] : slow[1];
		slow[0] = first ? &at[i] : slow[0];
		most[1] = more ? most[0] : !most[1] || tokens_of(&at[i]) > tokens_of(most[1]) ? &at[i] : most[1];
		most[0] = more ? &at[i] : most[0];
		all.prefill_tokens += at[i].batch.prefill_tokens;
		all.decode_tokens += at[i].batch.decode_tokens;
	}
	for (size_t i = 0; i < count && count > 1 && rc >= 0; i++) {
		struct rank_item item;
		memset(&item, 0, sizeof item);
		item.replica = at[i].replica;
		item.at_ns = at[i].at_ns;
		item.others.prefill_tokens = all.prefill_tokens - at[i].batch.prefill_tokens;
		item.others.decode_tokens = all.decode_tokens - at[i].batch.decode_tokens;
		item.others.most_tokens = tokens_of(most[0] == &at[i] ? most[1] : most[0]);
		item.others.slowest = (slow[0] == &at[i] ? slow[1] : slow[0])->batch;
		item.others.counted = slow[0] != &at[i];
		rc = spool_add(r->others, 0, &item, sizeof item, why);
	}
	return rc;
}

static bool is_together(const struct rank_step *at, size_t count, const struct rank_step *next) {
	bool together = next->engine == at->engine && next->at_ns - at->at_ns <= ranks_tolerance_ns(at->duration_ns);

	for (size_t i = 0; i < count && together; i++) {
		together = at[i].replica != next->replica;
	}
	return together;
}

static int join_steps(struct ranks *r, struct fault *why) {
	struct rank_step *at = must_calloc(r->count, sizeof *at); /* each rank is in a step once */
	struct spool_reader *reader;
	const void *bytes;
	size_t len, count = 0;
	int rc = spool_reader_new(&reader, r->steps, why), got = 0;

	while (rc >= 0 && (got = spool_next(reader, &bytes, &len, why)) > 0) {
		const struct rank_step *next = bytes;
		if (count > 0 && !is_together(at, count, next)) {
			rc = end_step(r, at, count, why);
			count = 0;
		}
		at[count++] = *next;
	}
	rc = rc < 0 ? rc : got < 0 ? got : count > 0 ? end_step(r, at, count, why) : 0;
	spool_reader_free(reader);
	free(at);
	return rc;
}

int ranks_read(struct ranks *r, struct evidence *e, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < r->count && rc >= 0; i++) {
		rc = read_rank(r, &r->at[i], e, why);
	}
	rc = rc < 0 ? rc : spool_seal(r->steps, why);
	rc = rc < 0 ? rc : join_steps(r, why);
	return rc < 0 ? rc : spool_seal(r->others, why);
}

/* ---- reading ---- */

struct rank_reader {
	struct spool_reader *spool;
	name_id replica;
	struct rank_item next;
	bool any, ended;
};

int rank_reader_new(struct rank_reader **out, const struct ranks *r, name_id replica, struct fault *why) {
	struct rank_item first;

	*out = NULL;
	if (ranks_count(r, replica) < 2) {
		return 0;
	}
	*out = must_calloc(1, sizeof **out);
	(*out)->replica = replica;
	int rc = spool_reader_new(&(*out)->spool, r->others, why);
	memset(&first, 0, sizeof first);
	first.replica = replica;
	first.at_ns = INT64_MIN;
	if (rc >= 0) {
		spool_reader_seek((*out)->spool, &first, sizeof first);
	}
	return rc;
}

void rank_reader_free(struct rank_reader *r) {
	if (r) {
		spool_reader_free(r->spool);
		free(r);
	}
}

int rank_reader_step(struct rank_reader *r, int64_t at_ns, struct rank_others *out, struct fault *why) {
	const void *bytes;
	size_t len;
	int got = 1;

	*out = (struct rank_others){0};
	while (r && !r->ended && (!r->any || r->next.at_ns < at_ns)) {
		got = spool_next(r->spool, &bytes, &len, why);
		r->ended = got <= 0;
		r->any = true;
		if (got > 0) {
			r->next = *(const struct rank_item *)bytes;
			r->ended = r->next.replica != r->replica;
		}
	}
	if (r && !r->ended && r->next.at_ns == at_ns) {
		*out = r->next.others;
		r->any = false;
	}
	return got < 0 ? got : 0;
}
