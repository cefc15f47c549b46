/*
 * replay.h: simulates an engine: continuous batching with chunked prefill, first come first served, with the step
 * model's times. Deterministic. Private to report/estimate/.
 *
 * A step contains one token of each decoding sequence, then prompts' chunks in the remaining token budget: those
 * begun first, then new ones in the order of arrival while there are batch slots and the cache has room for their
 * prompts. If decoding exceeds the cache, the request admitted last is preempted: its cache is lost, it waits before
 * all others, and its prompt and output are recomputed (except the part in the prefix cache); no new request begins
 * in such a step. A request alone is never preempted, however long.
 */
#ifndef REPORT_ESTIMATE_REPLAY_H
#define REPORT_ESTIMATE_REPLAY_H

#include "core/error.h"
#include "core/exact.h"
#include "core/model/fitted.h"

/* The last instant of a replay, in 2261: a step and a transfer may follow. */
#define REPLAY_LAST_NS (INT64_MAX - 20000000 * NS_PER_SECOND)

struct replay_request {
	int64_t arrival_ns; /* until REPLAY_LAST_NS */
	int64_t prompt, cached, completion; /* tokens; cached < prompt, completion >= 1 */
	bool prefilled; /* arrives with its prompt computed and its first token produced */
	bool leaves;    /* decodes elsewhere: `done` is called when its prompt is computed */
	name_id to;     /* where, for `done` */
};

/* Wall time; whole nanoseconds. In 128 bits, as waits of all requests, and time of many GPUs, are summed. */
struct replay_sums {
	int128 busy_ns, prefill_ns, cached_ns, decode_ns;  /* busy = prefill + decode; cached is part of prefill */
	int64_t steps, decode_steps, decode_slots;         /* slots: sequences that decoded, over all steps */
	/* of requests with their prompt computed here; output produced here */
	int64_t requests, input, input_cached, output;
	int128 first_token_wait_ns;                        /* arrival to first token, summed */
	int64_t first_tokens;
	int64_t preemptions, recomputed;                   /* recomputed tokens; their time is in prefill_ns */
	int128 drain_ns;                                   /* from the last arrival until all were done */
};

struct replay_options {
	int64_t chunk;     /* maximum of tokens in a step */
	int64_t max_batch; /* maximum of sequences at once */
	int64_t kv_tokens; /* tokens that the cache holds; 0: unlimited */
	/* Called for a request that leaves, when its prompt is computed; may be NULL. */
	int (*done)(void *context, const struct replay_request *r, int64_t at_ns, struct fault *why);
	void *context;
};

struct replay;

struct replay *replay_new(const struct replay_options *o);
void replay_free(struct replay *r);
/* Sets the model for the times of steps from now on, and the size of the cache. */
void replay_model(struct replay *r, const struct fitted_model *m);
void replay_kv_tokens(struct replay *r, int64_t kv_tokens);
/* Adds the next request in the order of arrival; runs the engine up to that instant. */
int replay_add(struct replay *r, const struct replay_request *q, struct fault *why);
/* No more requests: runs until all are done. */
int replay_end(struct replay *r, struct fault *why);
const struct replay_sums *replay_result(const struct replay *r);

#endif
