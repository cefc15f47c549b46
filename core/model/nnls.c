#include "core/model/nnls.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/error.h"

/* A column that others explain except for this part of its length is left out: it cannot be determined. */
#define TINY_PIVOT 1e-11
/* How far below 0, in units of scaled columns, a gradient counts as 0. */
#define TINY_GRADIENT 1e-12

struct problem {
	size_t count;
	double gram[NNLS_MAX][NNLS_MAX]; /* scaled to a diagonal of 1 */
	double moment[NNLS_MAX];
	double scale[NNLS_MAX]; /* scaled x = x / scale; 0 for empty columns */
	bool passive[NNLS_MAX]; /* may be greater than 0 */
	bool barred[NNLS_MAX];  /* depends on others: remains 0 */
};

static void scale_columns(struct problem *p, const double *gram, const double *moment, size_t count) {
	p->count = count;
	for (size_t i = 0; i < count; i++) {
		p->passive[i] = false;
		double diagonal = gram[i * count + i];
		p->scale[i] = diagonal > 0 ? 1 / sqrt(diagonal) : 0;
		p->barred[i] = !(diagonal > 0);
		p->moment[i] = moment[i] * p->scale[i];
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			p->gram[i][j] = gram[i * count + j] * p->scale[i] * p->scale[j];
		}
	}
}

/*
 * Cholesky of the passive part, in `lower`, over the columns listed in `list`. False if a column depends on those
 * before it; *dependent is then its index in the list.
 */
static bool factorise(const struct problem *p, const size_t *list, size_t used, double lower[NNLS_MAX][NNLS_MAX],
                      size_t *dependent) {
	for (size_t i = 0; i < used; i++) {
		for (size_t j = 0; j <= i; j++) {
			double sum = p->gram[list[i]][list[j]];
			for (size_t k = 0; k < j; k++) {
				sum -= lower[i][k] * lower[j][k];
			}
			if (i == j && !(sum > TINY_PIVOT)) {
				*dependent = i;
				return false;
			}
			lower[i][j] = i == j ? sqrt(sum) : sum / lower[j][j];
		}
	}
	return true;
}

static void substitute(double lower[NNLS_MAX][NNLS_MAX], size_t used, double *x) {
	for (size_t i = 0; i < used; i++) {
		for (size_t k = 0; k < i; k++) {
			x[i] -= lower[i][k] * x[k];
		}
		x[i] /= lower[i][i];
	}
	for (size_t i = used; i-- > 0;) {
		for (size_t k = i + 1; k < used; k++) {
			x[i] -= lower[k][i] * x[k];
		}
		x[i] /= lower[i][i];
	}
}

static size_t list_passive(const struct problem *p, size_t *list) {
	size_t used = 0;
	for (size_t i = 0; i < p->count; i++) {
		if (p->passive[i]) {
			list[used++] = i;
		}
	}
	return used;
}

/* Least squares over the passive columns alone; false if they depend on each other. */
static bool solve_passive(const struct problem *p, double *x) {
	TO_FILL double lower[NNLS_MAX][NNLS_MAX];
	double part[NNLS_MAX];
	size_t list[NNLS_MAX] = {0}, dependent;
	size_t used = list_passive(p, list);

	memset(x, 0, p->count * sizeof *x);
	if (!factorise(p, list, used, lower, &dependent)) {
		return false;
	}
	for (size_t i = 0; i < used; i++) {
		part[i] = p->moment[list[i]];
	}
	substitute(lower, used, part);
	for (size_t i = 0; i < used; i++) {
		x[list[i]] = part[i];
	}
	return true;
}

/* The column that would lower the error most if it were not fixed at 0, or `count`. */
static size_t steepest(const struct problem *p, const double *x) {
	size_t best = p->count;
	double most = TINY_GRADIENT;

	for (size_t i = 0; i < p->count; i++) {
		if (p->passive[i] || p->barred[i]) {
			continue;
		}
		double gradient = p->moment[i];
		for (size_t j = 0; j < p->count; j++) {
			gradient -= p->gram[i][j] * x[j];
		}
		if (gradient > most) {
			most = gradient;
			best = i;
		}
	}
	return best;
}

/* Moves x towards `to` until the first column reaches 0, and fixes those columns at 0. */
static void step_to_bound(struct problem *p, double *x, const double *to) {
	double far = 1;

	for (size_t i = 0; i < p->count; i++) {
		if (p->passive[i] && to[i] <= 0) {
			double at = x[i] / (x[i] - to[i]);
			far = at < far ? at : far;
		}
	}
	for (size_t i = 0; i < p->count; i++) {
		if (!p->passive[i]) {
			continue;
		}
		double old = x[i];
		x[i] += far * (to[i] - x[i]);
		if (to[i] <= 0 && old / (old - to[i]) <= far) {
			x[i] = 0;
			p->passive[i] = false;
		}
	}
}

static bool all_positive(const struct problem *p, const double *x) {
	for (size_t i = 0; i < p->count; i++) {
		if (p->passive[i] && x[i] <= 0) {
			return false;
		}
	}
	return true;
}

bool nnls_solve(const double *gram, const double *moment, size_t count, double *x) {
	TO_FILL struct problem p;
	double to[NNLS_MAX] = {0};
	double at[NNLS_MAX] = {0};
	bool converged = false;

	assert(count <= NNLS_MAX);
	scale_columns(&p, gram, moment, count);
	for (size_t round = 0; round < 10 * count + 10 && !converged; round++) {
		size_t next = steepest(&p, at);
		if (next == count) {
			converged = true;
			break;
		}
		p.passive[next] = true;
		if (!solve_passive(&p, to) || to[next] <= 0) {
			p.passive[next] = false;
			p.barred[next] = true;
			continue;
		}
		for (size_t inner = 0; inner < count && !all_positive(&p, to); inner++) {
			step_to_bound(&p, at, to);
			solve_passive(&p, to);
		}
		memcpy(at, to, sizeof at);
	}
	for (size_t i = 0; i < count; i++) {
		x[i] = at[i] > 0 ? at[i] * p.scale[i] : 0;
	}
	return converged;
}

void nnls_join(double *gram, double *moment, size_t count, size_t from, size_t to) {
	if (gram[to * count + to] == 0) {
		return;
	}
	moment[to] += moment[from];
	for (size_t i = 0; i < count; i++) {
		gram[to * count + i] += gram[from * count + i];
	}
	for (size_t i = 0; i < count; i++) {
		gram[i * count + to] += gram[i * count + from];
	}
}

void nnls_leave_out(double *gram, double *moment, size_t count, size_t column) {
	moment[column] = 0;
	for (size_t i = 0; i < count; i++) {
		gram[column * count + i] = gram[i * count + column] = 0;
	}
}

void nnls_covariance(const double *gram, const double *x, size_t count, double variance, double *covariance) {
	TO_FILL struct problem p;
	TO_FILL double lower[NNLS_MAX][NNLS_MAX];
	double none[NNLS_MAX] = {0};
	size_t list[NNLS_MAX] = {0}, used, dependent;

	assert(count <= NNLS_MAX);
	scale_columns(&p, gram, none, count);
	for (size_t i = 0; i < count; i++) {
		p.passive[i] = x[i] > 0;
	}
	while (used = list_passive(&p, list), !factorise(&p, list, used, lower, &dependent)) {
		p.passive[list[dependent]] = false;
	}
	memset(covariance, 0, count * count * sizeof *covariance);
	for (size_t j = 0; j < used; j++) {
		double column[NNLS_MAX] = {0};
		column[j] = 1;
		substitute(lower, used, column);
		for (size_t i = 0; i < used; i++) {
			covariance[list[i] * count + list[j]] =
				variance * column[i] * p.scale[list[i]] * p.scale[list[j]];
		}
	}
}
