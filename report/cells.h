/* cells.h: cells of a cube, packed into few bytes. Private to report/. */
#ifndef REPORT_CELLS_H
#define REPORT_CELLS_H

#include "core/entry.h"
#include "core/error.h"
#include "core/exact.h"
#include "core/hash_index.h"

/* A busy cell's share of shared time, by kind from ENTRY_OTHER on. */
enum charge_amount { CHARGE_NS, CHARGE_NANO, CHARGE_MJ, CHARGE_METERED_NS, CHARGE_AMOUNTS };
#define CHARGE_KINDS (ENTRY_KINDS - ENTRY_OTHER)
struct charge {
	int64_t of[CHARGE_KINDS][CHARGE_AMOUNTS];
};

/*
 * Keyed by all fields down to `kind`. Revenue is summed here, as the price may change with
 * every slot; it is exact: nano-units per million, times tokens.
 */
struct cube_cell {
	int64_t slot_ns; /* as in an entry: shared time is allocated within an hour */
	int64_t rate_nano;
	name_id replica; /* 0 unless --by contains it */
	name_id model, tenant, pool;
	enum entry_kind kind;
	bool bought; /* from a vendor, according to its pool: not run on GPUs of the fleet */
	/* sums */
	bool unlisted; /* has tokens without a list price */
	int64_t gpu_ns, tokens, requests, reasoning_tokens, cache_write_tokens;
	int64_t unknown_ntok; /* of `tokens`: those of prompts with an unknown cached part */
	int64_t spread_ns, energy_mj, metered_ns; /* as in an entry */
	int64_t evidence_ns[GRADE_NONE]; /* busy time by the grade of its evidence */
	int128 revenue, fees; /* nano x 10^6; of tokens, and of requests and searches */
	/* once priced */
	int64_t cost_nano;
	int64_t bucket_ns; /* start of the finest time of --by */
	bool borne;        /* shared time that is allocated to the work of the pool and hour */
	struct charge charge; /* with --idle proportional */
};

static inline bool cube_cell_is_busy(const struct cube_cell *c) {
	return c->kind <= ENTRY_OUTPUT;
}
/* Is it shared time that may be allocated to tenants? */
static inline bool cube_cell_is_shared(const struct cube_cell *c) {
	return c->tenant == 0 && !cube_cell_is_busy(c);
}
/* Do they have the same key? */
bool cube_cell_same(const struct cube_cell *a, const struct cube_cell *b);
/* Adds the sums of another cell with the same key; false: one does not fit. */
bool cube_cell_add(struct cube_cell *to, const struct cube_cell *from);

/* Values that many cells have in common, by number: slots, and rates. Zero-initialise. */
struct cell_numbers {
	struct cell_number {
		int64_t value;
		int64_t bucket_ns; /* of a slot, once it is set */
	} *at;
	size_t count, room;
	uint32_t last;
	struct hash_index by_value;
};
void cell_numbers_release(struct cell_numbers *n);

/* Packed cells, one after the other. Zero-initialise. */
struct cell_pile {
	char **chunks;
	size_t chunk_count, chunk_room, used; /* used: of the last one */
	size_t count;
};
void cell_pile_release(struct cell_pile *p);
/* Appends a cell and returns its place. */
uint32_t cell_pile_add(struct cell_pile *p, struct cell_numbers *slots, struct cell_numbers *rates, const struct cube_cell *c);
void cell_pile_read(const struct cell_pile *p, const struct cell_numbers *slots, const struct cell_numbers *rates, uint32_t place,
                    struct cube_cell *out);
/* Frees the memory of all cells in the chunks before that of `place`. */
void cell_pile_drop(struct cell_pile *p, uint32_t place);

/* Reads a pile from its first cell on, and frees what is read. */
struct cell_pile_reader {
	struct cell_pile *pile;
	size_t left;
	uint32_t place;
};
bool cell_pile_next(struct cell_pile_reader *r, const struct cell_numbers *slots, const struct cell_numbers *rates, struct cube_cell *out);

#endif
