#include "attribute/evidence/ranks.h"

#include <stdlib.h>

#include "attribute/evidence/rank_rule.h"
#include "core/exact.h"
#include "core/instant.h"

#define STORE_BYTES ((size_t)4 << 20)

struct rank {
	name_id replica;
	uint32_t engine;
};

/* The rule of an engine's day. */
struct day_rule {
	uint32_t engine;
	int64_t day;
	struct rank_rule rule;
};

struct ranks {
	const struct names *names;
	struct rank *at;
	size_t count, room;
	struct spool *steps;  /* of all ranks, by engine and begin */
	struct spool *others; /* of each step, by replica and begin */
	struct day_rule *rules; /* by engine and day */
	size_t rule_count, rule_room, rule_at;
	struct rank_sample *sample; /* of the last rule's steps */
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
	r->sample = rank_sample_new();
	r->steps = spool_new(1, STORE_BYTES, by_engine, NULL);
	r->others = spool_new(1, STORE_BYTES, by_replica, NULL);
	return r;
}

void ranks_free(struct ranks *r) {
	if (r) {
		spool_free(r->steps);
		spool_free(r->others);
		rank_sample_free(r->sample);
		free(r->rules);
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
		const struct step_item *step = (const struct step_item *)item;
		/* The instants of others show which steps are one. */
		bool exact = item->kind == ITEM_STEP && (step->flags & STEP_COARSE_CLOCK) == 0;
		rc = exact ? add_step(r, rank->engine, step, why) : 0;
	}
	evidence_reader_free(reader);
	return rc < 0 ? rc : got < 0 ? got : 0;
}

static int64_t day_of(int64_t at_ns) {
	return instant_floor(at_ns, NS_PER_DAY);
}

static bool same_rule(const struct day_rule *d, const struct rank_step *s) {
	return d->engine == s->engine && d->day == day_of(s->at_ns);
}

/* Rules are in the order of the steps, which are read again in this order. */
static const struct rank_rule *rule_of(struct ranks *r, const struct rank_step *s) {
	while (r->rule_at + 1 < r->rule_count && !same_rule(&r->rules[r->rule_at], s)) {
		r->rule_at++;
	}
	return &r->rules[r->rule_at].rule;
}

/* The last rule has all of its steps. */
static void end_rule(struct ranks *r) {
	if (r->rule_count > 0) {
		r->rules[r->rule_count - 1].rule = rank_rule_find(r->sample);
	}
	rank_sample_clear(r->sample);
}

static int64_t tokens_of(const struct rank_step *s) {
	return s->batch.prefill_tokens + s->batch.decode_tokens;
}

/* Is the first the slower one? Ties are broken by names, so that results do not depend on threads. */
static bool is_slower(const struct ranks *r, const struct rank_rule *rule, const struct rank_step *a, const struct rank_step *b) {
	double x = rank_slowness(rule, &a->batch), y = rank_slowness(rule, &b->batch);
	int order = (x > y) - (x < y);

	order = order != 0 ? order : exact_order(tokens_of(a), tokens_of(b));
	return order != 0 ? order > 0 : names_order(r->names, a->replica, b->replica) < 0;
}

/* One step of an engine: writes to each rank what the others did. */
static int end_step(struct ranks *r, const struct rank_step *at, size_t count, struct fault *why) {
	struct rank_others all = {0};
	const struct rank_rule *rule = rule_of(r, at);
	const struct rank_step *slow[2] = {NULL, NULL};
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		bool first = !slow[0] || is_slower(r, rule, &at[i], slow[0]);
		slow[1] = first ? slow[0] : !slow[1] || is_slower(r, rule, &at[i], slow[1]) ? &at[i] : slow[1];
		slow[0] = first ? &at[i] : slow[0];
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
		item.others.slowest = (slow[0] == &at[i] ? slow[1] : slow[0])->batch;
		item.others.rule = *rule;
		item.others.counted = slow[0] != &at[i];
		rc = spool_add(r->others, 0, &item, sizeof item, why);
	}
	return rc;
}

/* A joint step for the sample from which the rule of its day is found. */
static int sample_step(struct ranks *r, const struct rank_step *at, size_t count, struct fault *why) {
	(void)why;
	if (r->rule_count == 0 || !same_rule(&r->rules[r->rule_count - 1], at)) {
		end_rule(r);
		r->rules = must_grow(r->rules, r->rule_count, &r->rule_room, sizeof *r->rules, 8);
		r->rules[r->rule_count++] = (struct day_rule){at->engine, day_of(at->at_ns), {0}};
	}
	int64_t longest_ns = 0;
	for (size_t i = 0; i < count; i++) {
		longest_ns = at[i].duration_ns > longest_ns ? at[i].duration_ns : longest_ns;
	}
	rank_sample_step(r->sample, longest_ns);
	for (size_t i = 0; i < count; i++) {
		rank_sample_add(r->sample, &at[i].batch);
	}
	return 0;
}

static bool is_together(const struct rank_step *at, size_t count, const struct rank_step *next) {
	bool together = next->engine == at->engine && next->at_ns - at->at_ns <= ranks_tolerance_ns(at->duration_ns);

	for (size_t i = 0; i < count && together; i++) {
		together = at[i].replica != next->replica;
	}
	return together;
}

/* What is done with each joint step. */
typedef int joint_step(struct ranks *r, const struct rank_step *at, size_t count, struct fault *why);

static int join_steps(struct ranks *r, joint_step *end, struct fault *why) {
	struct rank_step *at = must_calloc(r->count, sizeof *at); /* each rank is in a step once */
	struct spool_reader *reader;
	const void *bytes;
	size_t len, count = 0;
	int rc = spool_reader_new(&reader, r->steps, why), got = 0;

	while (rc >= 0 && (got = spool_next(reader, &bytes, &len, why)) > 0) {
		const struct rank_step *next = bytes;
		if (count > 0 && !is_together(at, count, next)) {
			rc = end(r, at, count, why);
			count = 0;
		}
		at[count++] = *next;
	}
	rc = rc < 0 ? rc : got < 0 ? got : count > 0 ? end(r, at, count, why) : 0;
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
	rc = rc < 0 ? rc : join_steps(r, sample_step, why);
	if (rc >= 0) {
		end_rule(r);
	}
	rc = rc < 0 ? rc : join_steps(r, end_step, why);
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
