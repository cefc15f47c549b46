/* record.h: one line of evidence. The seam between ingest and attribute. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stdbool.h>

#include "core/service.h"
#include "core/text.h"

enum record_kind { RECORD_STEP, RECORD_REQUEST, RECORD_WINDOW, RECORD_POWER, RECORD_KINDS };

/* How a duration was measured; kinds are never mixed in one sum without a statement. */
enum duration_kind {
	DURATION_GPU_EVENTS,     /* device events */
	DURATION_HOST_WALL_FULL, /* host clock around the whole step */
	DURATION_HOST_WALL_WAIT, /* host clock around the wait for the result: may be short */
	DURATION_LOG_GAP,        /* difference of two log timestamps */
	DURATION_WINDOW,         /* an average over a window */
	DURATION_KINDS
};

/* The contract's name for a duration kind, and back (false if unknown). */
extern const struct text duration_kind_names[DURATION_KINDS];
bool duration_kind_parse(struct text t, enum duration_kind *out);

/* "Not logged", for any count or instant below that can be missing. */
#define UNKNOWN INT64_MIN

/* One engine iteration. Over all GPUs of the replica together: wall time, not GPU-ns. */
struct step {
	int64_t index; /* the engine's own number, or UNKNOWN */
	int64_t start_ns;
	int64_t gpu_ns; /* duration of the step on the device */
	int64_t prefill_requests, prefill_tokens; /* tokens computed in this step, cached ones excluded */
	int64_t prefill_kv_tokens;  /* context before the chunks, summed; or UNKNOWN */
	int64_t prefill_token_kv;   /* sum over chunks of tokens x (prior context + tokens/2); or UNKNOWN */
	int64_t decode_requests;    /* decoding sequences */
	int64_t decode_tokens;      /* tokens scheduled for them (drafts included); = decode_requests if not logged */
	int64_t decode_kv_tokens;   /* sum of the decoders' context lengths; or UNKNOWN */
	int64_t prefill_gpu_ns, decode_gpu_ns; /* if the engine measures the phases separately; else UNKNOWN */
	enum duration_kind duration_kind;
	unsigned flags; /* STEP_… */
};
#define STEP_DUMMY 1u           /* a step without work (vLLM data parallel dummy) */
#define STEP_MIXED_RECOMPUTE 2u /* a preempted request recomputed under "generation": not for the fit */
#define STEP_COARSE_CLOCK 4u    /* start_ns was truncated to the second by the log; the order of steps is right */

struct request {
	struct text id, tenant, prefill_replica;
	struct text billing; /* what a vendor's price depends on in addition to plain tokens: see billing.h; mostly empty */
	int64_t arrival_ns, scheduled_ns, first_token_ns, finish_ns; /* any may be UNKNOWN, finish_ns too */
	int64_t prompt_tokens;     /* includes cached ones */
	int64_t cached_tokens;     /* 0 if not logged, see cached_unknown */
	int64_t cache_write_tokens;
	int64_t completion_tokens; /* includes reasoning and the first token */
	int64_t reasoning_tokens;
	int64_t preemptions;
	enum service service; /* for the list price */
	bool ok;              /* status is ok, or not given */
	bool gateway;         /* reported by a gateway or client, which does not know the replica */
	bool server_id;       /* the id was made by the server: of several records with it the most complete one counts */
	bool cached_unknown;  /* the log does not report cached tokens of the prompt */
	bool exclusive_times; /* instants are measured durations of one slot (llama.cpp), not shared queues */
};

/*
 * What some engines count in addition to tokens; each is UNKNOWN if not logged:
 *   steps            that made tokens
 *   prompt_steps     of these, those with more tokens than sequences alone can have made
 *   sequence_steps   steps x sequences: the tokens made after the first of each request, or fewer with drafts
 *   sequence_ns      the time of a step, summed over these
 *   sequence_square  sequences squared, summed over steps without prompts, in proportion for all
 *   first_tokens     prompts that were computed
 *   prompt_ns        time from being scheduled to the first token, summed over `prompts`, which ended in the period
 *   prompt_tokens    of these, cached ones included; prompt_square: tokens squared, summed over them
 *   prompt_chunks    steps of 2048 tokens that the prompts take
 *   context_tokens   in the cache at the end, `waiting`: requests at the end; cache_ppm: used of the cache, in millionths
 *   preempted        sequences that had to give up their cache; within_…: sequence_steps of at most this time
 *   busy_ppm         millionths of the period in which forward passes ran on each GPU
 */
#define WINDOW_WITHIN(X) X(within_10ms) X(within_25ms) X(within_50ms) X(within_100ms) X(within_200ms) X(within_400ms) X(within_1000ms)
#define WINDOW_WITHIN_MS {10, 25, 50, 100, 200, 400, 1000}
#define WINDOW_COUNTS(X) \
	X(steps) X(prompt_steps) X(sequence_steps) X(sequence_ns) X(sequence_square) X(first_tokens) X(prompt_ns) X(prompts) \
	X(prompt_tokens) X(prompt_square) X(prompt_chunks) X(context_tokens) X(waiting) X(preempted) X(cache_ppm) X(busy_ppm) WINDOW_WITHIN(X)
#define WINDOW_COUNT_MEMBER(name) int64_t name;

/* Totals of a period. */
struct window {
	struct text tenant;
	int64_t start_ns, end_ns;
	int64_t input_tokens; /* includes cached */
	int64_t cached_tokens, output_tokens;
	int64_t requests;                      /* or UNKNOWN */
	int64_t prefill_gpu_ns, decode_gpu_ns; /* over all GPUs of the replica; or UNKNOWN */
	int64_t running;                       /* gauge at the end of the window, or UNKNOWN */
	WINDOW_COUNTS(WINDOW_COUNT_MEMBER)
	bool cached_unknown;                   /* the log does not report cached tokens of the input */
	bool input_is_computed;                /* input_tokens leaves cached tokens out (vLLM since 2026-02) */
};

/* WINDOW_COUNTS with none known; is any known? */
void window_counts_unknown(struct window *w);
bool window_counts_any(const struct window *w);

struct power {
	struct text gpu;
	int64_t at_ns;
	int64_t milliwatts;
};

/*
 * Texts point into the line that was parsed, or into what the format keeps, and are valid until the next call of the
 * format. `replica` and `model` may be empty: the receiver of a record fills them in from the command line.
 */
struct record {
	enum record_kind kind;
	struct text replica, model;
	bool relative_clock; /* instants count from the start of the process, not from 1970 */
	uint32_t file;       /* the number of its file, assigned by ingest or the book */
	int64_t line;        /* and on which line, from 1 (the last one of several) */
	union {
		struct step step;
		struct request request;
		struct window window;
		struct power power;
	};
};

#endif
