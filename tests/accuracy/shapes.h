/* shapes.h: the kinds of simulated runs. */
#ifndef TESTS_ACCURACY_SHAPES_H
#define TESTS_ACCURACY_SHAPES_H

#include "tests/accuracy/law.h"

#define TENANTS_MAX 4

/* A number of tokens: about `median`, e^spread times more or less, within least and most. */
struct length {
	double median, spread;
	int64_t least, most;
};

struct tenant {
	const char *name;
	double part;          /* of the requests */
	struct length prompt, output;
	double cached_least, cached_most; /* part of the prompt that is found in the cache ... */
	double hits;          /* ... by this share of the requests */
};

struct shape {
	const char *name, *what, *model, *served, *gpu, *rate;
	int replicas, gpus;
	int64_t steps;        /* after this number of steps, summed over all replicas, no more requests arrive */
	double requests_per_second; /* on each replica */
	double bursts;        /* the rate varies by this factor up and down within a minute */
	double gap_seconds;   /* the length of one gap in the middle without requests */
	int64_t tokens_max, sequences_max; /* of a batch */
	double noise;         /* one standard deviation, relative */
	int64_t cache_ntok;   /* contexts that memory holds: when it is full, the last sequence is preempted; 0: any */
	int drafts;           /* tokens that are drafted for a sequence in each step; each is accepted if the one before is ... */
	double accepted;      /* ... and then with this probability */
	double outliers, pauses; /* steps in a thousand that take 20 times as long; that wait for the host for 50 to 400 ms */
	struct law law;
	struct tenant tenants[TENANTS_MAX];
};

/* NULL: there is no such shape. */
const struct shape *shape_of(const char *name);

/* One drawn at random: the same seed gives the same shape. */
void shape_random(uint64_t seed, struct shape *out);

/* Changes a shape drawn at random into one of two to four ranks in lock-step. */
void shape_ranks(uint64_t seed, struct shape *shape);

/* Changes a shape drawn at random into one with too little memory for its load; into one with drafts. */
void shape_preempted(uint64_t seed, struct shape *shape);
void shape_drafted(uint64_t seed, struct shape *shape);

/* By number, NULL after the last one. */
const struct shape *shape_at(size_t i);

#endif
