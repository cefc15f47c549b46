#include "core/model/rank_batch.h"

#include "core/exact.h"
#include "core/instant.h"

/* Clocks and logging of two ranks differ by up to this, and by less than this part of a short step. */
#define TOGETHER_NS (NS_PER_SECOND / 1000)
#define PART_OF_STEP 8

/* Attention of sequences is slower in a step with a chunk: measured 1.2 to 1.8. It decides only which rank is the slowest. */
#define BESIDE_A_CHUNK 1.5

int64_t ranks_tolerance_ns(int64_t duration_ns) {
	return duration_ns / PART_OF_STEP < TOGETHER_NS ? duration_ns / PART_OF_STEP : TOGETHER_NS;
}

double rank_slowness(const struct rank_rule *rule, const struct rank_batch *b) {
	double contexts = (double)b->decode_kv_tokens * (b->prefill_tokens > 0 ? BESIDE_A_CHUNK : 1);

	return (double)b->prefill_token_kv / rule->pairs + contexts +
	       rule->token * ((double)b->prefill_tokens + (double)b->decode_tokens);
}

int64_t rank_ntok(const struct rank_rule *rule, int64_t all_ntok, const struct rank_batch *slowest) {
	int64_t own = slowest->prefill_tokens + slowest->decode_tokens;

	return (int64_t)(((int128)rule->shared * all_ntok + (int128)(RANK_PARTS - rule->shared) * own + RANK_PARTS / 2) / RANK_PARTS);
}

static int64_t greater(int64_t a, int64_t b) {
	return a > b ? a : b;
}

bool rank_others_any(const struct rank_others *o) {
	return o->prefill_tokens > 0 || o->decode_tokens > 0;
}

void rank_others_add(struct rank_others *o, const struct rank_batch *b) {
	bool slower = !rank_others_any(o) || rank_slowness(&o->rule, b) > rank_slowness(&o->rule, &o->slowest);

	o->prefill_tokens += b->prefill_tokens;
	o->decode_tokens += b->decode_tokens;
	o->slowest = slower ? *b : o->slowest;
}

static struct phase_batches batches_of(const struct batch *b) {
	struct phase_batches all = {.whole = *b};

	batch_of_phases(b, &all.chunks, &all.decoders);
	return all;
}

/* The sequences' part of a number of tokens; each phase that is in the step keeps at least one. */
static int64_t sequences_of(int64_t ntok, int64_t prefill, int64_t decode) {
	int64_t part = prefill + decode > 0 ? (int64_t)((int128)ntok * decode / (prefill + decode)) : 0;

	part = decode > 0 && part == 0 ? 1 : part;
	return prefill > 0 && part == ntok ? ntok - 1 : part;
}

static struct batch joined(const struct batch *own, const struct rank_others *o) {
	const struct rank_batch mine = {own->prefill_tokens, own->decode_tokens, own->prefill_token_kv, own->prefill_kv_tokens,
	                                own->decode_kv_tokens};
	bool slowest = rank_slowness(&o->rule, &mine) >= rank_slowness(&o->rule, &o->slowest);
	const struct rank_batch *slow = slowest ? &mine : &o->slowest;
	int64_t prefill = own->prefill_tokens + o->prefill_tokens, decode = own->decode_tokens + o->decode_tokens;
	int64_t ntok = rank_ntok(&o->rule, prefill + decode, slow);
	int64_t sequences = slow->prefill_tokens > 0 && slow->decode_tokens > 0 ? sequences_of(ntok, prefill, decode) : ntok;

	return (struct batch){
	    .prefill_tokens = ntok - sequences,
	    .prefill_token_kv = slow->prefill_token_kv,
	    .decode_tokens = sequences,
	    .decode_kv_tokens = slow->decode_kv_tokens,
	    .prefill_kv_tokens = slow->prefill_kv_tokens,
	    .decode_unequal_kv = slowest ? own->decode_unequal_kv : greater(o->slowest_unequal_kv, slow->decode_kv_tokens),
	};
}

struct phase_batches batches_of_rank(const struct batch *b, const struct rank_others *o) {
	struct phase_batches all = batches_of(b);

	if (rank_others_any(o)) {
		all.whole = joined(&all.whole, o);
		all.chunks = joined(&all.chunks, o);
		all.decoders = joined(&all.decoders, o);
	}
	return all;
}
