/*
 * flight.h: the requests in flight on one replica, and their tokens in each step's batch. Private to attribute/.
 *
 * Engines do not log which requests are in a batch. It is rebuilt: prompts are computed first come, first served, in
 * the chunks that steps report; a sequence decodes in every step from its first token to its last. If steps have
 * precise clocks, a request's timestamps determine its steps: those with their middle between them. If the log
 * truncates its clock to the second, steps are counted instead: a prompt is done when its tokens are, and n output
 * tokens take n - 1 steps.
 */
#ifndef ATTRIBUTE_FLIGHT_H
#define ATTRIBUTE_FLIGHT_H

#include "attribute/evidence/evidence.h"
#include "core/entry.h"
#include "core/exact.h"

/* Grades that time can be posted under. */
#define TIME_GRADES 4

/* Sums over decode steps since the slot began, by grade; a request's part is a difference of two sums. */
struct decode_sums {
	long double equal;   /* of a sequence's equal part, ns */
	long double context; /* of the cost of one token of context, ns */
	long double counted; /* of the latter times the number of the decode step */
	long double even;    /* of a sequence's part if all were shared equally, ns */
	long double spread;  /* of a sequence's equal part of one standard deviation of the split, ns */
};

struct active {
	struct request_item request;
	char *id;
	size_t id_room;
	uint32_t remaining;     /* prompt tokens still to be computed */
	uint32_t computed;
	uint32_t stalled_ntok;  /* context when memory was short and it may have been preempted; 0: never */
	int64_t weight;         /* without steps: tokens per time; 0: not yet computed */
	bool decoding;
	bool guessed;           /* when it was scheduled: need not be the end of a step */
	bool paused;            /* preempted: waits for its context to be recomputed */
	uint32_t pauses;        /* number of preemptions */
	int64_t prior;          /* tokens of its prompt found in a cache before it is computed; 0 after a preemption */
	int64_t context;        /* before its first decode step; grows by one each further step */
	int64_t first_decode;   /* number of its first decode step */
	int64_t until;          /* retires when the clock, or the count of decode steps, passes this */
	struct active *next;    /* next free request */
	/* owned by the accounts: its cost */
	struct decode_sums base[TIME_GRADES];
	int64_t noted_steps;    /* decode steps with noted positions */
	int64_t open_prefill_ns[TIME_GRADES], open_cached_ns[TIME_GRADES]; /* since the last settling */
	/* if cached tokens are sought: those of its prompt that were charged; what one more costs in the chunks so far */
	uint32_t sought_cached;
	double sought_ns[TIME_GRADES];
	double open_tilt_ns[TIME_GRADES], open_spread_ns[TIME_GRADES], open_cached_sd_ns[TIME_GRADES];
	int64_t prefill_ns, cached_ns, decode_ns;
	/* by phase: one standard deviation from the split of its steps; the part shared by contexts beyond an equal one */
	double spread_ns[2], tilt_ns[2];
	int128 input_money, output_money; /* GPU-ns x nano per GPU-hour */
	enum grade grade;
};

/* A part of a prompt computed in one step. */
struct chunk {
	struct active *active;
	int64_t tokens;
	int64_t before; /* context before it, cached or computed */
};

/* Counts of requests. By day, so that a book, which sees a day at a time, counts like one run. */
struct flight_counts {
	int64_t prompt_ntok, hit_ntok; /* prompts that steps computed, and their cached tokens */
	int64_t elsewhere;             /* the part of prompt_ntok's requests that another replica counts */
	int64_t preemptions, placed;   /* by records, and found in steps */
	/* if instants are truncated to the second: tokens of prompts that steps begin; of those, placed by guess */
	int64_t counted_ntok, guessed_ntok;
};

struct flight;
/* Called when a day is over, before its counts are cleared. */
typedef void flight_day_end(void *context, const struct flight *f);

struct flight {
	struct active **waiting; /* not yet decoding, in the order of scheduling */
	size_t waiting_count, waiting_room;
	struct active **decoding; /* a heap, the first to retire on top */
	size_t decoding_count, decoding_room;
	struct active *free;
	int64_t context_sum; /* of the decoders, before the next step */
	int64_t longest_start; /* the longest context of a decoder minus the number of the next decode step */
	int64_t decode_step; /* number of the next decode step */
	/* sums over the day's steps so far: contexts, and the same if all were as long as the step's longest */
	double context_seen, unequal_seen;
	const struct decode_sums *now; /* of the accounts: called when a sequence starts decoding; or NULL */
	/* of the accounts: called before a sequence pauses decoding; or NULL */
	void (*settle)(void *context, struct active *a);
	void *settle_context;
	/* requests do not report cached tokens of their prompts: what steps do not compute was cached */
	bool seeks_hits;
	double tokens_a_step; /* tokens per step of a sequence: more than 1 with accepted drafts; 0: not known */
	int64_t step_end_ns, pace_ns; /* end of the last decode step; time a step takes, averaged over the last ones */
	int64_t late_ns;              /* the step may end so much later: its timestamp is truncated to the second */
	bool in_seconds;              /* the instants of requests are truncated to the second */
	int64_t most_ntok;   /* token budget of a step: a step with fewer tokens does not cut a prompt */
	struct flight_counts day, asked; /* of the current UTC day; of days of the requested period */
	int64_t day_ns, from_ns, to_ns;      /* from, to: of that period */
	flight_day_end *day_ends;            /* or NULL */
	void *day_context;
	const struct step_item *ahead; /* the steps after the current one, as far as they are known */
	size_t ahead_count;
	int64_t stalled_decoders; /* sequences of the last step, if it had no prompts; else 0 */
	size_t paused;
	size_t preemptible;  /* decoders that are preempted again, by their records */
	/* the current step */
	struct chunk *chunks;
	size_t chunk_count, chunk_room;
	int64_t chunk_tokens, chunk_token_kv, chunk_kv; /* with a known request */
};

/* Called for requests that leave. `a` is invalid afterwards. */
typedef int flight_leave(void *context, struct active *a, struct fault *why);

void flight_init(struct flight *f);
/* Initialises with what is known about the replica, and the accounts that settle requests. */
void flight_set_like(struct flight *f, const struct flight *like);
void flight_release(struct flight *f);

/* Advances the time: with a new UTC day counts begin again. INT64_MAX: the end. Returns whether it is a new day. */
bool flight_day(struct flight *f, int64_t at_ns);
/* Is the current day in the requested period? */
bool flight_day_is_asked(const struct flight *f);

/* Adds a request; the caller may still correct its fields. */
struct active *flight_admit(struct flight *f, const struct request_item *r);

/* Changes the scheduling instant of a waiting request. */
void flight_reschedule(struct flight *f, struct active *a, int64_t at_ns);

/*
 * Removes the requests that were done before an instant, and starts decoding those with a first token before it. By
 * count (of steps without a clock) only those that are long past.
 */
int flight_advance(struct flight *f, int64_t at_ns, bool by_count, flight_leave *leave, void *context,
                   struct fault *why);

/* Determines the chunks and sequences of a step; advances to its middle. */
int flight_enter_step(struct flight *f, const struct step_item *s, int64_t start_ns, bool by_count, flight_leave *leave,
                 void *context, struct fault *why);

/* The longest context of a decoder before the next step; 0: none decodes. */
int64_t flight_longest(const struct flight *f);

/* Contexts of another replica's batch, if all were as long as its longest: in the proportion of the day's steps here. */
int64_t flight_unequal(const struct flight *f, int64_t context_ntok);

/* Ends the step: contexts grow, prompts that are done decode from the next step on (by count). */
int flight_end_step(struct flight *f, const struct step_item *s, bool by_count, flight_leave *leave, void *context,
                  struct fault *why);

/* Steps in which a request's output is generated: where drafts are accepted, fewer than tokens. */
int64_t flight_decode_steps(const struct flight *f, const struct active *a);

/* A sequence's tokens in a number of steps: where drafts are accepted, more than one a step. */
int64_t flight_step_tokens(const struct flight *f, const struct active *a, int64_t steps);

/* Moves this many tokens of a prompt into the current step. */
void flight_add_chunk(struct flight *f, struct active *a, int64_t tokens);

/*
 * Without steps: the requests whose prompts are being computed at an instant, each weighted by its tokens per time;
 * returns how many. And when they, or the decoders, change next (INT64_MAX: never).
 */
size_t flight_enter_prompts(struct flight *f, int64_t at_ns);
int64_t flight_next_change(const struct flight *f, int64_t at_ns);

/* All remaining requests leave, in a fixed order. */
int flight_clear(struct flight *f, flight_leave *leave, void *context, struct fault *why);

#endif
