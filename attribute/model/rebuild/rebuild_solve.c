/* rebuild_solve.c: the step model from rows of rebuilt steps, and how far rows are from it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/model/rebuild/rebuild.h"
#include "core/error.h"
#include "core/model/nnls.h"

/* A row counts at most this much in the score, so that rows that are not steps do not decide. */
#define SCORE_MOST 0.5

/* Rows that are further off than this many robust standard deviations are left out. */
#define SPREADS 6
#define LEAST_TOLERANCE 0.35 /* rows with a smaller relative error are kept */

static int by_size(const void *a, const void *b) {
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double *rebuild_distances(struct rebuild *r, size_t count) {
	if (count > r->distance_room) {
		r->distance_room = count + count / 2 + 64;
		r->distances = must_realloc(r->distances, r->distance_room * sizeof *r->distances);
	}
	return r->distances;
}

/* Numbers in an order that makes selecting slow are sorted. */
#define SELECT_ROUNDS 64

/* Moves the k-th smallest number to its sorted position, with smaller ones before it. */
static double select_smallest(double *list, size_t count, size_t k) {
	size_t from = 0, to = count - 1;

	for (int rounds = 0; from < to; rounds++) {
		if (rounds == SELECT_ROUNDS) {
			qsort(list + from, to - from + 1, sizeof *list, by_size);
			break;
		}
		double pivot = list[from + (to - from) / 2];
		size_t low = from, high = to;
		while (low <= high) {
			for (; list[low] < pivot; low++) {
			}
			for (; list[high] > pivot; high--) {
			}
			if (low <= high) {
				double moved = list[low];
				list[low++] = list[high];
				list[high] = moved;
				if (high == 0) {
					break;
				}
				high--;
			}
		}
		if (k <= high) {
			to = high;
		} else if (k >= low) {
			from = low;
		} else {
			return list[k];
		}
	}
	return list[k];
}

double rebuild_median(double *list, size_t count) {
	bool numbers = true;

	for (size_t i = 0; i < count; i++) {
		numbers &= !isnan(list[i]);
	}
	if (!numbers) {
		qsort(list, count, sizeof *list, by_size);
	}
	return count == 0 ? 0 : numbers ? select_smallest(list, count, count / 2) : list[count / 2];
}

double rebuild_scale(const struct rebuild_row *row) {
	double ns = row->model_ns;

	return row->sd * (ns > 3 * row->ns ? 3 * row->ns : ns < row->ns / 3 ? row->ns / 3 : ns);
}

/* The loop after it is unrolled: with a known number of rounds, and of numbers from a known place on, it takes half of the time. */
#if defined __GNUC__ && !defined __clang__
#define UNROLL _Pragma("GCC unroll 32")
#else
#define UNROLL
#endif

struct normal_equations {
	double gram[ROW_TERMS][ROW_TERMS]; /* right of its diagonal */
	double moment[ROW_TERMS];
};

/* Adds a row. Each inner loop begins at an even place, for pairs of numbers. */
static void add_equation(struct normal_equations *e, const struct rebuild_row *row, double weight) {
	const double *x = row->x;

	UNROLL
	for (int i = 0; i < ROW_TERMS; i++) {
		double part = weight * x[i], *gram = e->gram[i];
		e->moment[i] += part * row->ns;
		UNROLL
		for (int j = i & ~1; j < ROW_TERMS; j++) {
			gram[j] += part * x[j];
		}
	}
}

void rebuild_solve(struct rebuild *r) {
	struct normal_equations e = {0};
	double gram[TERMS * TERMS] = {0}, moment[TERMS] = {0};

	for (size_t k = 0; k < r->row_count; k++) {
		const struct rebuild_row *row = &r->rows[k];
		double scale = rebuild_scale(row), weight = row->kept && (!r->first || row->x[TERM_PROMPT] <= 1) ? 1 / (scale * scale) : 0;
		if (weight > 0) {
			add_equation(&e, row, weight);
		}
	}
	for (int i = 0; i < ROW_TERMS; i++) {
		bool used = !r->without_prompt || i != TERM_PROMPT;
		moment[i] = used ? e.moment[i] : 0;
		for (int j = i; j < ROW_TERMS && used; j++) {
			gram[i * TERMS + j] = gram[j * TERMS + i] = r->without_prompt && j == TERM_PROMPT ? 0 : e.gram[i][j];
		}
	}
	nnls_solve(gram, moment, TERMS, r->model.ns);
}

/* Terms with a coefficient of 0 are left out, which changes no bit of the sum. */
void rebuild_predict(struct rebuild *r) {
	int used[TERMS], count = 0;

	for (int i = 0; i < TERMS; i++) {
		if (r->model.ns[i] != 0) {
			used[count++] = i;
		}
	}
	for (size_t k = 0; k < r->row_count; k++) {
		struct rebuild_row *row = &r->rows[k];
		row->model_ns = 0;
		for (int i = 0; i < count; i++) {
			row->model_ns += r->model.ns[used[i]] * row->x[used[i]];
		}
	}
}

void rebuild_leave_out(struct rebuild *r) {
	double *list = rebuild_distances(r, r->row_count);

	for (size_t k = 0; k < r->row_count; k++) {
		list[k] = fabs(r->rows[k].model_ns / r->rows[k].ns - 1) / r->rows[k].sd;
	}
	double limit = SPREADS * fmax(1.4826 * rebuild_median(list, r->row_count), 0.2);
	for (size_t k = 0; k < r->row_count; k++) {
		struct rebuild_row *row = &r->rows[k];
		row->kept = fabs(row->model_ns / row->ns - 1) <= fmax(limit * row->sd, LEAST_TOLERANCE);
	}
}

double rebuild_score(const struct rebuild *r) {
	double sum = 0;

	for (size_t k = 0; k < r->row_count; k++) {
		double ratio = r->rows[k].model_ns / r->rows[k].ns;
		sum += ratio > 0 ? fmin(SCORE_MOST, fabs(log(ratio))) : SCORE_MOST;
	}
	return r->row_count > 0 ? sum / (double)r->row_count : SCORE_MOST;
}
