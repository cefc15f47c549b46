#include "attribute/replica_fits.h"

#include <stdlib.h>

#include "attribute/nnls.h"
#include "core/error.h"

static void add_weighted(struct small_fit *f, const double x[SMALL_TERMS], double y, double weight) {
	for (int i = 0; i < SMALL_TERMS; i++) {
		for (int j = 0; j < SMALL_TERMS; j++) {
			f->gram[i * SMALL_TERMS + j] += x[i] * x[j] * weight;
		}
		f->moment[i] += x[i] * y * weight;
	}
}

void small_fit_add(struct small_fit *f, const double x[SMALL_TERMS], double y) {
	if (y > 0) {
		add_weighted(f, x, y, 1 / (y * y));
		f->rows++;
	}
}

void small_fit_prefer(struct small_fit *f, const double x[SMALL_TERMS], double scale, double times) {
	if (scale > 0) {
		add_weighted(f, x, 0, times / (scale * scale));
	}
}

void small_fit_join(struct small_fit *to, const struct small_fit *from) {
	for (int i = 0; i < SMALL_TERMS * SMALL_TERMS; i++) {
		to->gram[i] += from->gram[i];
	}
	for (int i = 0; i < SMALL_TERMS; i++) {
		to->moment[i] += from->moment[i];
	}
	to->rows += from->rows;
}

void small_fit_solve(const struct small_fit *f, double coefficients[SMALL_TERMS]) {
	nnls_solve(f->gram, f->moment, SMALL_TERMS, coefficients);
}

struct replica_fits {
	struct replica_fit *at; /* by name_id */
	size_t room;
};

struct replica_fits *replica_fits_new(void) {
	return must_calloc(1, sizeof(struct replica_fits));
}

void replica_fits_free(struct replica_fits *f) {
	if (f) {
		for (size_t i = 0; i < f->room; i++) {
			free(f->at[i].window_blocks);
		}
		free(f->at);
		free(f);
	}
}

struct replica_fit *replica_fits_of(struct replica_fits *f, name_id replica) {
	if (replica >= f->room) {
		size_t room = (size_t)replica * 2 + 16;
		f->at = must_realloc(f->at, room * sizeof *f->at);
		memset(f->at + f->room, 0, (room - f->room) * sizeof *f->at);
		f->room = room;
	}
	return &f->at[replica];
}
