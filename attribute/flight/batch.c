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
