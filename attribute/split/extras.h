/*
 * extras.h: what one may ask for besides entries: every rule side by side, and cost by
 * position in the context. Private to attribute/. Everything is summed in integers, so that it does not
 * depend on the order of replicas.
 */
#ifndef ATTRIBUTE_EXTRAS_H
#define ATTRIBUTE_EXTRAS_H

#include "attribute/split/flight.h"
#include "attribute/model/rules.h"

struct extras;

struct extras *extras_new(const struct names *names, bool rules, bool positions);
void extras_free(struct extras *x);

/* ---- rules ---- */

/* Busy time, and what is known of its batch: `times` is NULL where no rule was needed. */
void extras_busy(struct extras *x, name_id model, int64_t rate_nano, int64_t prefill_ns, int64_t decode_ns,
                 const struct split_times *times, int64_t prefill_tokens, int64_t decode_tokens);

/* A request that has ended: its tokens and its timers, for the rules that go by them. */
void extras_request(struct extras *x, name_id model, int64_t rate_nano, const struct request_item *r);

/* ---- positions ---- */

/* Prefill of `tokens` tokens behind `before`: so much of it by tokens, so much by attention. */
void extras_prefill(struct extras *x, name_id model, int64_t rate_nano, int64_t before, int64_t tokens, int64_t ns,
                    double by_attention);

/* Decode of one sequence: `tokens` steps, the first one with a context of `before`. */
void extras_decode(struct extras *x, name_id model, int64_t rate_nano, int64_t before, int64_t tokens, int64_t ns,
                   double by_context);

/* Hands over all rows, in one order. 0, or what the sink returned. */
int extras_give_rules(struct extras *x, rule_sink *sink, void *context);
int extras_give_positions(struct extras *x, position_sink *sink, void *context);

#endif
