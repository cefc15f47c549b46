/* cube.h: entries summed to the grain that a statement needs. Private to report/. */
#ifndef REPORT_CUBE_H
#define REPORT_CUBE_H

#include "core/exact.h"
#include "core/hash_index.h"
#include "report/prices/prices.h"

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
};

struct cube {
	struct cube_cell *cell;
	size_t count, room;
	struct hash_index by_key;
	uint32_t *rank; /* once sorted: by name_id, its rank in the order of texts */
};

struct cube *cube_new(void);
void cube_free(struct cube *c);
/* The cell with the key of `key`, created if needed; valid until the next call. */
struct cube_cell *cube_at(struct cube *c, const struct cube_cell *key);
/* Is it shared time that may be allocated to tenants? */
bool cube_cell_is_shared(const struct cube_cell *c);
static inline bool cube_cell_is_busy(const struct cube_cell *c) {
	return c->kind <= ENTRY_OUTPUT;
}
/* Orders by pool, slot, rate, replica, model, kind, tenant (names by text). Ends cube_at. */
void cube_sort(struct cube *c, const struct names *names);

#endif
