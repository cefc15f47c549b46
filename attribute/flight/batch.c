#include "attribute/flight/batch.h"

/* Contexts count as rebuilt if requests explain at least this many hundredths of the batch. */
#define REBUILT_PERCENT 90

/* A sum over a batch as far as requests explain it, scaled to the whole batch; false if they explain too little. */
static bool rebuild(int64_t part, int64_t explained, int64_t whole, int64_t *out) {
	if (explained == 0 || explained * 100 < whole * REBUILT_PERCENT) {
		*out = 0;
		return false;
	}
	int64_t product;
	*out = explained >= whole ? part
	       : __builtin_mul_overflow(part, whole, &product) ? (int64_t)((int128)part * whole / explained)
							       : product / explained;
	return true;
}

void batch_of_step(const struct flight *f, const struct step_item *s, struct batch *out, bool *attention_known, bool *context_known) {
	*out = (struct batch){s->prefill_tokens, s->prefill_token_kv, s->decode_tokens, s->decode_kv_tokens, s->prefill_kv_tokens, 0};
	*attention_known = *context_known = true;
	if (s->prefill_token_kv == UNKNOWN) {
		*attention_known = rebuild(f->chunk_token_kv, f->chunk_tokens, s->prefill_tokens, &out->prefill_token_kv);
	}
	if (s->decode_kv_tokens == UNKNOWN) {
		*context_known = rebuild(f->context_sum, (int64_t)f->decoding_count, s->decode_requests, &out->decode_kv_tokens);
	}
	if (s->prefill_kv_tokens == UNKNOWN) {
		rebuild(f->chunk_kv, f->chunk_tokens, s->prefill_tokens, &out->prefill_kv_tokens);
	}
	if ((int64_t)f->decoding_count * 100 >= (int64_t)s->decode_requests * REBUILT_PERCENT) {
		out->decode_unequal_kv = (int64_t)s->decode_requests * flight_longest(f);
	}
	if (*context_known && out->decode_unequal_kv < out->decode_kv_tokens) {
		out->decode_unequal_kv = out->decode_kv_tokens;
	}
}

struct batches batches_of(const struct batch *b) {
	struct batches all = {.whole = *b};

	batch_of_phases(b, &all.chunks, &all.decoders);
	return all;
}

static int64_t greater(int64_t a, int64_t b) {
	return a > b ? a : b;
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
	bool slowest = ranks_slower(&mine, &o->slowest) >= 0;
	const struct rank_batch *slow = slowest ? &mine : &o->slowest;
	int64_t prefill = own->prefill_tokens + o->prefill_tokens, decode = own->decode_tokens + o->decode_tokens;
	int64_t ntok = (prefill + decode + greater(own->prefill_tokens + own->decode_tokens, o->most_tokens) + 1) / 2;
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

struct batches batches_of_rank(const struct batch *b, const struct rank_others *o) {
	struct batches all = batches_of(b);

	if (o->most_tokens > 0) {
		all.whole = joined(&all.whole, o);
		all.chunks = joined(&all.chunks, o);
		all.decoders = joined(&all.decoders, o);
	}
	return all;
}
