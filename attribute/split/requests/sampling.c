/* sampling.c: which requests of a day are rebuilt as steps, for the fit. */
#include "attribute/split/requests/sampling.h"

#include "core/instant.h"

/* Requests per batch; of a replica's day the batches 1, 4, 16, 64 … are rebuilt. */
#define BATCH_REQUESTS 2048
/* At most this many are held; if more are in flight or wait, there is no sample. */
#define MOST_REQUESTS (4 * BATCH_REQUESTS)

static bool is_sampled(int64_t batch) {
	return (batch & (batch - 1)) == 0 && (batch & INT64_C(0x5555555555555555)) != 0;
}

static bool sample_fit(struct sampling *st, struct pass *pass) {
	struct fit_key key = pass_fit_key(pass, pass->summary->model, st->day_ns);
	struct aggregates *r = fits_aggregates(pass->fits, &key);

	return rebuild_fit(&st->sample, names_text(pass->common->options->names, pass->summary->replica),
			   aggregates_rebuilt(r));
}

/* Requests that continue after an instant also belong to the next batch. */
static void carry(struct rebuild *r, int64_t at_ns) {
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (r->at[i].finish_ns > at_ns) {
			r->at[kept++] = r->at[i];
		}
	}
	r->count = kept < MOST_REQUESTS - BATCH_REQUESTS ? kept : 0;
	r->from_ns = at_ns;
}

static void end_batch(struct sampling *st, struct pass *pass, int64_t until_ns) {
	st->sample.until_ns = until_ns;
	if (st->sample.count > 0 && is_sampled(++st->batches)) {
		sample_fit(st, pass);
	}
	carry(&st->sample, until_ns);
	st->sampled = 0;
}

void sampling_end_day(struct sampling *st, struct pass *pass) {
	end_batch(st, pass, INT64_MAX);
	st->sample.fitted = st->sample.guesses = false;
	st->sample.from_ns = INT64_MIN;
	st->batches = 0;
}

void sampling_add(struct sampling *st, struct pass *pass, const struct request_item *q) {
	int64_t day_ns = instant_floor(q->head.at_ns, NS_PER_DAY),
		scheduled_ns = q->scheduled_ns != UNKNOWN ? q->scheduled_ns : q->arrival_ns;
	int64_t computed = q->prompt_tokens > q->cached_tokens ? (int64_t)q->prompt_tokens - q->cached_tokens : 1;

	if (day_ns != st->day_ns) {
		sampling_end_day(st, pass);
		st->day_ns = day_ns;
	} else if (st->sampled == BATCH_REQUESTS) {
		end_batch(st, pass, q->head.at_ns);
	}
	if (scheduled_ns == UNKNOWN || q->first_token_ns == UNKNOWN || q->finish_ns == UNKNOWN ||
	    q->first_token_ns < scheduled_ns || q->finish_ns < q->first_token_ns || q->exclusive) {
		return;
	}
	st->sampled++;
	st->sample.guesses |= q->scheduled_ns == UNKNOWN && q->part != PART_DECODE;
	*rebuild_add(&st->sample) = (struct rebuild_request){
	    .arrival_ns = q->arrival_ns != UNKNOWN ? q->arrival_ns : scheduled_ns,
	    .scheduled_ns = q->part == PART_DECODE ? q->first_token_ns : scheduled_ns,
	    .guessed = q->scheduled_ns == UNKNOWN,
	    .first_token_ns = q->first_token_ns,
	    .finish_ns = q->part == PART_PREFILL ? q->first_token_ns : q->finish_ns,
	    .compute_ntok = q->part == PART_DECODE ? 0 : computed,
	    .cached_ntok = q->cached_tokens,
	    .prompt_ntok = q->prompt_tokens,
	    .output_ntok = q->completion_tokens,
	    .preempted = q->preemptions > 0,
	};
}
