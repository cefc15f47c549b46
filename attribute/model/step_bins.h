/*
 * step_bins.h: sums over similar steps. Private to attribute/.
 *
 * A bin holds the sums of products of a step's terms, divided by its duration T (least squares of relative errors),
 * for steps similar in tokens, contexts and duration. Within a bin no hinge of model.h is crossed, so that the sums
 * over (1, n, A, K, H, U, x) / T determine the hinges.
 *
 * Sums are of integers: each term over T is rounded to a multiple of 2^-bin_bits, products are summed in 128 bits. So
 * they are the same whatever the order.
 *
 * The number of bins is bounded by BINS_MAX. When there would be more, the level rises: durations and contexts are
 * distinguished more coarsely, and bins that become equal are merged. Which level is reached depends on the set of
 * steps only, not on their order.
 */
#ifndef ATTRIBUTE_STEP_BINS_H
#define ATTRIBUTE_STEP_BINS_H

#include "core/model/step_model.h"
#include "core/exact.h"

#define BINS_MAX 4096
#define BIN_LEVELS 10
#define BIN_DURATIONS 512 /* classes of duration, 8 per octave at level 0 */
#define BIN_TERMS 7 /* 1, n, A, K, H, U, x; without known contexts D represents K */
#define BIN_SUMS (BIN_TERMS * (BIN_TERMS + 1) / 2 + BIN_TERMS)

/* Terms over T are multiples of 2^-this. */
extern const int bin_bits[BIN_TERMS];

/* What distinguishes bins. */
struct bin_kind {
	uint8_t segment;          /* of n: the number of hinges below n */
	uint8_t phases;           /* PHASE_… */
	uint8_t known;            /* KNOWN_… */
	uint8_t ntok;             /* of n: the class within the segment */
	uint8_t attention, context; /* of A and K: classes */
	uint16_t duration;        /* class */
};
#define PHASE_PREFILL 1u
#define PHASE_DECODE 2u
#define KNOWN_ATTENTION 1u
#define KNOWN_CONTEXT 2u

struct step_bin {
	uint64_t key; /* bin_key of its kind; 0: an empty slot */
	int64_t steps;
	int64_t duration_us; /* sum of durations, each in whole microseconds */
	int128 decode_sum;   /* of the tokens of decoding over T, scaled as n */
	/* Upper triangle of products by rows, then products with T / T = 1. */
	int128 sums[BIN_SUMS];
};

struct step_bins {
	struct step_bin *slots; /* hash table, a power of two */
	unsigned slots_log2;
	unsigned count;
	unsigned level;
};

void bins_release(struct step_bins *c);

/* Allocates the table if there is none: it counts as in memory from here on, even without steps. */
void bins_open(struct step_bins *c);

/*
 * Adds a step. False if it was left out: shorter than 4.096 microseconds, or with more tokens or context per
 * nanosecond than any engine of today can compute.
 */
bool bins_add_step(struct step_bins *c, const struct batch *b, int64_t duration_ns, bool attention_known, bool context_known);

/* Adds the sums of a bin to another. */
void bin_join(struct step_bin *to, const struct step_bin *from);

/* Adds a bin unchanged, of a table at `level`. */
void bins_add_bin(struct step_bins *c, const struct step_bin *bin, unsigned level);

struct bin_kind bin_kind_of(uint64_t key);

/* Is it a valid key? For keys read from files. */
bool bin_key_is_valid(uint64_t key);

/* The bins, ascending by key: an allocated array of `count` pointers, which the caller frees. */
const struct step_bin **bins_sorted(const struct step_bins *c);

#endif
