#include "attribute/split/accounts_chunks.h"

#include <math.h>

/* If all chunks are known, the log's totals differ from their sums by rounding only. */
static double whole_of(double known, int64_t logged, bool complete) {
	return logged < (int64_t)known || complete ? known : (double)logged;
}

struct portion chunks_whole(const struct flight *f, const struct stretch *s) {
	bool complete = f->chunk_tokens == s->prefill_tokens;
	double token_kv = 0, prior = 0;

	for (size_t i = 0; i < f->chunk_count; i++) {
		double tokens = (double)f->chunks[i].tokens, before = (double)f->chunks[i].before;
		token_kv += tokens * (before + tokens / 2);
		prior += before;
	}
	return (struct portion){(double)s->prefill_tokens, whole_of(token_kv, s->prefill_token_kv, complete),
	                        whole_of(prior, s->prefill_kv_tokens, complete)};
}

double chunk_weight(const struct stretch *s, const struct chunk *c, const struct portion *whole, double *cached, double *tilt, double *doubt) {
	/* Without steps, tokens are weights, and the context before them may be negative. */
	double tokens = (double)c->tokens, before = (double)c->before, hits = (double)c->active->prior;
	double unit = whole->token_kv > 0 ? s->attention_share / whole->token_kv : 0;
	double prior = whole->prior > 0 ? s->prior_share / whole->prior : 0;
	double by_tokens = fmax(0, 1 - (whole->token_kv > 0 ? s->attention_share : 0) - (whole->prior > 0 ? s->prior_share : 0));
	double weight = by_tokens * tokens / whole->tokens + unit * tokens * (before + tokens / 2) + prior * fmax(0, before);

	*tilt = weight - tokens / whole->tokens;
	*doubt = whole->token_kv > 0 ? s->attention_doubt * tokens * hits / whole->token_kv : 0;
	/* the context before all of its chunks */
	*cached = weight > 0 ? fmin(1, fmax(0, (unit * tokens + prior) * hits / weight)) : 0;
	return weight;
}

void chunks_find(struct active *r, int g) {
	double found = (double)r->request.cached_tokens - (double)r->sought_cached, ns = found * r->sought_ns[g];
	int64_t rest = r->open_prefill_ns[g] - r->open_cached_ns[g];

	if (ns > 0 && rest > 0) {
		r->open_cached_ns[g] += ns < (double)rest ? llround(ns) : rest;
	}
}

void chunk_seek(const struct chunk *c, const struct stretch *s, const struct portion *whole, int64_t ns) {
	struct active *r = c->active;
	/* The log's totals may contain the cached context, which the sums over chunks do not. */
	double token_kv = fmax(whole->token_kv, (double)s->prefill_token_kv), prior = fmax(whole->prior, (double)s->prefill_kv_tokens);
	double attention = token_kv > 0 ? s->attention_share * (double)c->tokens / token_kv : 0;

	chunks_find(r, s->grade);
	r->sought_cached = r->request.cached_tokens;
	r->sought_ns[s->grade] += (double)ns * (attention + (prior > 0 ? s->prior_share / prior : 0));
}
