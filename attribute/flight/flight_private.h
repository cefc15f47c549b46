/* flight_private.h: what flight*.c share; others use flight.h. */
#ifndef ATTRIBUTE_FLIGHT_PRIVATE_H
#define ATTRIBUTE_FLIGHT_PRIVATE_H

#include "attribute/flight/flight.h"

/* Largest error of a clock truncated to the second, and of a log's delay. */
#define SLACK_NS (2 * NS_PER_SECOND)

int64_t flight_scheduled_ns(const struct request_item *r);
bool flight_comes_before(const struct active *a, const struct active *b);
void flight_put_waiting(struct flight *f, struct active *a);
int64_t flight_context_of(const struct flight *f, const struct active *a);
void flight_find_rest(struct flight *f, struct active *a);
bool flight_is_preemptible(const struct active *a);
void flight_start_decoding(struct flight *f, struct active *a, int64_t until);
struct active *flight_stop_decoding(struct flight *f, size_t at);
int flight_let_go(struct flight *f, struct active *a, flight_leave *leave, void *context, struct fault *why);
int64_t flight_until_by_count(const struct flight *f, const struct active *a);
int flight_retire(struct flight *f, int64_t most, flight_leave *leave, void *context, struct fault *why);
int flight_advance_to(struct flight *f, int64_t at_ns, int64_t room, bool by_count, flight_leave *leave, void *context,
                   struct fault *why);
/* flight_seconds.c: are the instants of requests truncated to the second? */
bool flight_in_seconds(const struct step_item *s);
/* Then, with drafts: which decoder was likely done with the last step. */
size_t flight_likeliest_done(const struct flight *f);
/* If so: the latest scheduling instant of the prompts of a step that begins at an instant. */
int64_t flight_latest(const struct step_item *s, int64_t start_ns);
/* Do the prompts of the waiting have exactly the tokens of a step and of those after it, if nothing was cached? */
bool flight_prompts_match(const struct flight *f, const struct step_item *s, int64_t latest_ns);
/* Finds the prompts of a step by their tokens; returns the remaining tokens. */
int64_t flight_match_prompts(struct flight *f, const struct step_item *s, int64_t left, int64_t latest_ns);

#endif
