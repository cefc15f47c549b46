/*
 * flight.h: the requests in flight on one replica, and what each step's batch holds of them.
 * Private to attribute/.
 *
 * Engines do not log who is in a batch. It is rebuilt: prompts are computed first come, first served, in the chunks
 * that steps report; a sequence decodes in every step from its first token to its last. Where steps carry good clocks,
 * a request's timestamps determine its steps: those whose middle lies between them. Where the log cuts its clock to the
 * second, steps are counted instead: a prompt is done when its tokens are, and n output tokens take n - 1 steps.
 */
#ifndef ATTRIBUTE_FLIGHT_H
#define ATTRIBUTE_FLIGHT_H

#include "attribute/evidence/evidence.h"
#include "core/entry.h"
#include "core/exact.h"

/* Grades that time can be posted under. */
#define TIME_GRADES 4

/* Sums over decode steps since the slot began, by grade, from which a request's part is a difference. */
struct decode_sums {
	long double equal;   /* of a sequence's equal part, ns */
	long double context; /* of the cost of one token of context, ns */
	long double counted; /* of the latter times the number of the decode step */
	long double even;    /* of a sequence's part if the part that depends on contexts were shared equally, ns */
};

struct active {
	struct request_item request;
	char *id;
	size_t id_room;
	uint32_t remaining;     /* prompt tokens still to be computed */
	uint32_t computed;
	bool decoding;
	bool guessed;           /* when it was scheduled: no step need end there */
	bool paused;            /* preempted: waits for its context to be computed again */
	uint32_t pauses;        /* times that it was preempted */
	int64_t prior;          /* of its prompt, found in a cache before it is computed; nothing once it was preempted */
	int64_t context;        /* of its first decode step; grows by one each further step */
	int64_t first_decode;   /* number of the decode step it first takes part in */
	int64_t until;          /* retire when the clock, or the count of decode steps, has passed this */
	struct active *next;    /* of the free ones */
	/* owned by the accounts: what it has cost */
	struct decode_sums base[TIME_GRADES];
	int64_t noted_steps;    /* decode steps whose positions are noted */
	int64_t open_prefill_ns[TIME_GRADES], open_cached_ns[TIME_GRADES]; /* since it was settled last */
	double open_tilt_ns[TIME_GRADES];
	int64_t prefill_ns, cached_ns, decode_ns;
	int128 input_money, output_money; /* GPU-ns x nano per GPU-hour */
	enum grade grade;
};

/* A part of a prompt computed in one step. */
struct chunk {
	struct active *active;
	int64_t tokens;
	int64_t before; /* context that stood before it, cached or computed */
};

/* Of requests. By days, so that a book, which sees a day at a time, counts as one run does. */
struct flight_counts {
	int64_t prompt_ntok, hit_ntok; /* of those whose prompts steps computed, and what the cache had of them */
	int64_t preemptions, placed;   /* by their records, and found in steps */
	int64_t counted_ntok, guessed_ntok; /* where instants are truncated to the second: of prompts that steps begin; of those, by guess */
};

struct flight {
	struct active **waiting; /* not yet decoding, by when they were scheduled */
	size_t waiting_count, waiting_room;
	struct active **decoding; /* a heap, the one to retire first on top */
	size_t decoding_count, decoding_room;
	struct active *free;
	int64_t context_sum; /* of the decoders, before the coming step */
	int64_t longest_start; /* the longest context of a decoder, less the number of the coming decode step */
	int64_t decode_step; /* number of the coming decode step */
	const struct decode_sums *now; /* of the accounts: from where a sequence's decoding counts; or NULL */
	void (*settle)(void *context, struct active *a); /* of the accounts: before a sequence stops decoding for a while; or NULL */
	void *settle_context;
	bool seeks_hits;     /* requests do not report what a cache had of their prompts: what steps do not compute, it had */
	double tokens_a_step; /* of a sequence: more than 1 with drafts that are accepted; 0: not known */
	int64_t most_ntok;   /* of a step: one with fewer tokens cuts no prompt */
	struct flight_counts day, asked, all; /* of the UTC day at hand; of days of the period asked for; of all that were seen */
	int64_t day_ns, from_ns, to_ns;      /* from, to: of that period */
	bool hits_elsewhere; /* such of requests whose tokens count on another replica */
	const struct step_item *ahead; /* the steps behind the one at hand, as far as they are known */
	size_t ahead_count;
	size_t paused;
	size_t preemptible;  /* decoders that are preempted once more, by their records */
	/* the step at hand */
	struct chunk *chunks;
	size_t chunk_count, chunk_room;
	int64_t chunk_tokens, chunk_token_kv, chunk_kv; /* whose request is known */
};

/* Called for requests that leave. `a` is gone when it returns. */
typedef int flight_leave(void *context, struct active *a, struct fault *why);

void flight_init(struct flight *f);
/* What is known of the replica, and whose accounts settle. */
void flight_set_like(struct flight *f, const struct flight *like);
void flight_release(struct flight *f);

/* Time has come to an instant: with a new UTC day counts begin again. INT64_MAX: the end. */
void flight_day(struct flight *f, int64_t at_ns);

/* Takes a request in; the caller may yet correct what is known of it. */
struct active *flight_admit(struct flight *f, const struct request_item *r);

/* One that waits was scheduled at another instant. */
void flight_reschedule(struct flight *f, struct active *a, int64_t at_ns);

/*
 * Lets go of the requests that were done before an instant, and lets decode those whose first token
 * came before it. By count (of steps without a clock) only those that are long past.
 */
int flight_advance(struct flight *f, int64_t at_ns, bool by_count, flight_leave *leave, void *context,
                   struct fault *why);

/* Whose chunks and sequences are in a step; advances to its middle. */
int flight_enter_step(struct flight *f, const struct step_item *s, int64_t start_ns, bool by_count, flight_leave *leave,
                 void *context, struct fault *why);

/* The longest context of a decoder before the coming step; 0: none decodes. */
int64_t flight_longest(const struct flight *f);

/* The step is over: contexts grow, prompts that are done decode from the next step on (by count). */
int flight_end_step(struct flight *f, const struct step_item *s, bool by_count, flight_leave *leave, void *context,
                  struct fault *why);

/* So many tokens of a prompt are in the step at hand; they are no more in those that remain. */
void flight_add_chunk(struct flight *f, struct active *a, int64_t tokens);

/*
 * Without steps: those whose prompts are being computed at an instant enter, each with its
 * tokens by the time they take as its weight; returns how many. And when that, or who decodes, changes next (INT64_MAX: never).
 */
size_t flight_enter_prompts(struct flight *f, int64_t at_ns);
int64_t flight_next_change(const struct flight *f, int64_t at_ns);

/* All that are left leave, in a stated order. */
int flight_clear(struct flight *f, flight_leave *leave, void *context, struct fault *why);

#endif
