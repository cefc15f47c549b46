/* cube.h: entries summed to the grain that a statement needs. Private to report/. */
#ifndef REPORT_CUBE_H
#define REPORT_CUBE_H

#include "core/exact.h"
#include "core/hash_index.h"
#include "report/cells.h"

/*
 * Cells that entries still add to; the others are packed, in sorted runs. Entries come in the order of time, or day by
 * day, so that most cells are packed once.
 */
struct cube {
	const struct names *names;
	struct cube_cell *open;
	size_t open_count, open_room, open_max;
	struct hash_index by_key;
	struct cell_pile *runs;
	size_t run_count, run_room;
	size_t base_count; /* cells of the first run when runs were last merged */
	struct cell_numbers slots, rates;
	uint32_t *rank; /* by name_id, its rank in the order of texts; of the first rank_count names */
	uint32_t rank_count;
	/* once sealed */
	struct cell_pile sealed;
	uint32_t *place; /* of each cell */
	size_t count, place_room;
};

/* At most `open_max` cells are not packed; 0: as many as usual. */
struct cube *cube_new(const struct names *names, size_t open_max);
void cube_free(struct cube *c);
/* The cell with the key of `key`, created if needed; valid until the next call. NULL: a sum does not fit. */
struct cube_cell *cube_at(struct cube *c, const struct cube_cell *key);

/* Changes a cell before it is packed for good; false: a figure does not fit. */
typedef bool cube_step(void *context, struct cube_cell *cell);
/*
 * Ends cube_at: packs all cells in the order of pool, slot, rate, replica, model, kind, tenant (names by text), each
 * after `step`. False: a sum, or a figure of `step`, does not fit.
 */
bool cube_seal(struct cube *c, cube_step *step, void *context);
/* Cell `i` of a sealed cube. */
void cube_read(const struct cube *c, size_t i, struct cube_cell *out);

/*
 * Packs the cells of a sealed cube anew, in their order, while later ones can still be read. Zero-initialise. False: it
 * does not fit.
 */
struct cube_update {
	struct cell_pile to;
	size_t count;
};
bool cube_update_next(struct cube *c, struct cube_update *u, const struct cube_cell *cell);
/* Once all cells are packed. */
void cube_update_end(struct cube *c, struct cube_update *u);

#endif
