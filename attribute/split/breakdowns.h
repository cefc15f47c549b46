/*
 * breakdowns.h: optional results besides entries: every rule side by side, cost by position in the context, and by
 * sequences that decode together. Private to attribute/. Everything is summed in integers, so that it does not depend
 * on the order of replicas.
 */
#ifndef ATTRIBUTE_BREAKDOWNS_H
#define ATTRIBUTE_BREAKDOWNS_H

#include "attribute/flight/flight.h"
#include "attribute/laws/rules.h"

struct breakdowns;

struct breakdowns *breakdowns_new(const struct names *names, bool rules, bool positions, bool batches);
void breakdowns_free(struct breakdowns *x);
/* One that collects the same as `x`; and adds all that it has to another. */
struct breakdowns *breakdowns_like(const struct breakdowns *x);
void breakdowns_merge(struct breakdowns *x, const struct breakdowns *from);

/* ---- rules ---- */

/* Busy time, and what is known about its batch: `times` is NULL if no rule was needed. */
void breakdowns_busy(struct breakdowns *x, name_id model, int64_t rate_nano, int64_t prefill_ns, int64_t decode_ns,
                 const struct split_times *times, int64_t prefill_tokens, int64_t decode_tokens);

/* A request that has ended: its tokens and its timers, for the rules that use them. */
void breakdowns_request(struct breakdowns *x, name_id model, int64_t rate_nano, const struct request_item *r);

/* ---- positions ---- */

/* A model at a rate, and the list price class of a request, as in an entry. */
struct priced_tokens {
	name_id model;
	int64_t rate_nano, prompt_over_ntok;
};

/* Prefill of `tokens` tokens after `before`: the parts by tokens and by attention. */
void breakdowns_prefill(struct breakdowns *x, const struct priced_tokens *of, int64_t before, int64_t tokens, int64_t ns,
                    double by_attention);

/* Decode of one sequence: `tokens` steps, the first one with a context of `before`. */
void breakdowns_decode(struct breakdowns *x, const struct priced_tokens *of, int64_t before, int64_t tokens, int64_t ns,
                   double by_context);

/* ---- batches ---- */

/* A part of a step that decodes `sequences` together; `first`: its first part. */
void breakdowns_batch(struct breakdowns *x, name_id model, int64_t rate_nano, int64_t sequences, bool first, int64_t decode_ns, int64_t step_ns);

/* Passes all rows to the sink, in a fixed order. 0, or what the sink returned. */
int breakdowns_each_rule(struct breakdowns *x, rule_sink *sink, void *context);
int breakdowns_each_position(struct breakdowns *x, position_sink *sink, void *context);
int breakdowns_each_batch(struct breakdowns *x, batch_sink *sink, void *context);

/* breakdowns_keep.c: all of them of a day as JSON, under BREAKDOWNS_PART; nothing if there are none. */
int breakdowns_keep(struct breakdowns *x, struct attribution_fits *f, const struct names *names, int64_t day_ns, fit_sink *sink, void *context);

#endif
