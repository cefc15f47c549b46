/*
 * cells.h: sums over like steps. Private to attribute/.
 *
 * A cell holds the sums of products of a step's terms, divided by its duration T (least squares
 * of relative errors), for steps alike in tokens, contexts and duration. Within a cell no hinge of
 * model.h is crossed, so that the sums over (1, n, A, K, H, U) / T say all there is to say of the hinges.
 *
 * Sums are of integers: each term over T is rounded to a multiple of 2^-cell_bits, products are summed
 * in 128 bits. So they are the same whatever the order.
 *
 * The number of cells is bounded by CELLS_MAX. When there would be more, the level rises: durations and
 * contexts are distinguished more coarsely, and cells that are now alike are joined. Which level
 * is reached depends on the set of steps only, not on their order.
 */
#ifndef ATTRIBUTE_CELLS_H
#define ATTRIBUTE_CELLS_H

#include "core/model/step_model.h"
#include "core/exact.h"

#define CELLS_MAX 4096
#define CELL_LEVELS 10
#define CELL_DURATIONS 512 /* classes of duration, 8 per octave at level 0 */
#define CELL_TERMS 6 /* 1, n, A, K, H, U; without known contexts D represents K */
#define CELL_SUMS (CELL_TERMS * (CELL_TERMS + 1) / 2 + CELL_TERMS)

/* Terms over T are multiples of 2^-this. */
extern const int cell_bits[CELL_TERMS];

/* What tells cells apart. */
struct cell_kind {
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

struct cell {
	uint64_t key; /* cell_key of its kind; 0: an empty slot */
	int64_t steps;
	int64_t duration_us; /* sum of durations, each in whole microseconds */
	int128 decode_sum;   /* of the tokens of decoding over T, scaled as n */
	/* Upper triangle of products by rows, then products with T / T = 1. */
	int128 sums[CELL_SUMS];
};

struct cells {
	struct cell *slots; /* hash table, a power of two */
	unsigned slots_log2;
	unsigned count;
	unsigned level;
};

void cells_release(struct cells *c);

/* Makes the table where there is none: it counts as in memory from here on, though no step may come. */
void cells_open(struct cells *c);

/*
 * Adds a step. False if it was left out: shorter than 4.096 microseconds, or with so many tokens or so much
 * context per nanosecond that no engine of today can have run it.
 */
bool cells_take(struct cells *c, const struct batch *b, int64_t duration_ns, bool attention_known, bool context_known);

/* Adds the sums of a cell to another. */
void cell_join(struct cell *to, const struct cell *from);

/* Adds a cell as it stands, of a table at `level`. */
void cells_add(struct cells *c, const struct cell *cell, unsigned level);

struct cell_kind cell_kind_of(uint64_t key);

/* Could it have been made by this program? For keys read from files. */
bool cell_key_is_valid(uint64_t key);

/* The cells, ascending by key: an allocated array of `count` pointers, which the caller frees. */
const struct cell **cells_sorted(const struct cells *c);

#endif
