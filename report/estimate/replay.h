/*
 * replay.h: an engine that is played through again: continuous batching with chunked prefill, first come
 * first served, each step as long as in the step model. Deterministic. Private to report/estimate/.
 *
 * A step takes one token of each sequence that decodes, then prompts' chunks into what is left of the token budget:
 * those begun first, then new ones in the order of arrival while there are places and the cache has room for their
 * prompts. Where decoding outgrows the cache, the request that was taken last is preempted: what it held is lost, it
 * waits before all others, and its prompt and what it had made are computed again (but for what the prefix cache had);
 * nothing new begins in such a step. A request alone is never preempted, however long.
 */
#ifndef REPORT_ESTIMATE_REPLAY_H
#define REPORT_ESTIMATE_REPLAY_H

#include "core/error.h"
#include "core/model/fitted.h"

struct replay_request {
	int64_t arrival_ns;
	int64_t prompt, cached, completion; /* tokens; cached < prompt, completion >= 1 */
	bool prefilled; /* arrives with its prompt computed and its first token made */
	bool leaves;    /* decodes elsewhere: `done` is called when its prompt is computed */
	name_id to;     /* where, for `done` */
};

/* Wall time; whole nanoseconds. */
struct replay_sums {
	int64_t busy_ns, prefill_ns, cached_ns, decode_ns; /* busy = prefill + decode; cached is part of prefill */
	int64_t steps, decode_steps, decode_slots;         /* slots: sequences that decoded, over all steps */
	int64_t requests, input, input_cached, output;     /* of requests whose prompt was computed here; output made here */
	int64_t first_token_wait_ns, first_tokens;         /* arrival to first token, summed */
	int64_t preemptions, recomputed;                   /* tokens computed a second time; in prefill_ns */
	int64_t drain_ns;                                  /* from the last arrival until all were done */
};

struct replay_options {
	int64_t chunk;     /* tokens in a step, at most */
	int64_t max_batch; /* sequences at once, at most */
	int64_t kv_tokens; /* that the cache holds; 0: as many as there are */
	/* A request that leaves, at the instant its prompt was computed; may be NULL. */
	int (*done)(void *context, const struct replay_request *r, int64_t at_ns, struct fault *why);
	void *context;
};

struct replay;

struct replay *replay_new(const struct replay_options *o);
void replay_free(struct replay *r);
/* The model by which steps are timed from now on, and what the cache holds. */
void replay_model(struct replay *r, const struct fitted_model *m);
void replay_kv_tokens(struct replay *r, int64_t kv_tokens);
/* The next request in the order of arrival; runs the engine up to that instant. */
int replay_add(struct replay *r, const struct replay_request *q, struct fault *why);
/* No more requests: runs until all are done. */
int replay_end(struct replay *r, struct fault *why);
const struct replay_sums *replay_result(const struct replay *r);

#endif
