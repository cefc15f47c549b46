/* Least squares without negative coefficients: known answers, optimality on random problems, dependent columns. */
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

#include "core/model/nnls.h"

static double next_random(uint64_t *state) {
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (double)(*state >> 11) / 9007199254740992.0;
}

TEST(known_answers) {
	/* Columns (1, 0) and (1, 1), target (1, -1): without the bound x would be (2, -1). */
	const double gram[4] = {1, 1, 1, 2}, moment[2] = {1, 0};
	double x[2];

	assert_true(nnls_solve(gram, moment, 2, x));
	assert_true(fabs(x[0] - 1) < 1e-12);
	assert_true(x[1] == 0);
	const double nothing[2] = {-1, -1};
	assert_true(nnls_solve(gram, nothing, 2, x));
	assert_true(x[0] == 0 && x[1] == 0);
}

/* Columns (1, 0) and (0, 1), target (3, 1), x[0] at most x[1]: both are 2. */
TEST(joined) {
	double gram[4] = {1, 0, 0, 1}, moment[2] = {3, 1}, x[2];

	nnls_join(gram, moment, 2, 0, 1);
	nnls_leave_out(gram, moment, 2, 0);
	assert_true(nnls_solve(gram, moment, 2, x));
	assert_true(fabs(x[1] - 2) < 1e-12 && x[0] == 0);
	nnls_join(gram, moment, 2, 1, 0); /* a column of 0 takes no part */
	assert_true(gram[0] == 0 && moment[0] == 0);
}

/* Columns of very different sizes, many of them unused: the solution must meet the Kuhn-Tucker conditions. */
TEST(random_problems) {
	enum { COUNT = 17, ROWS = 60 };
	uint64_t seed = 42;

	for (int round = 0; round < 200; round++) {
		double a[ROWS][COUNT], target[ROWS], gram[COUNT * COUNT] = {0}, moment[COUNT] = {0}, x[COUNT];
		for (int r = 0; r < ROWS; r++) {
			target[r] = next_random(&seed) - 0.3;
			for (int c = 0; c < COUNT; c++) {
				a[r][c] = (next_random(&seed) - 0.4) * pow(10, c % 9);
				moment[c] += a[r][c] * target[r];
			}
			for (int c = 0; c < COUNT * COUNT; c++) {
				gram[c] += a[r][c / COUNT] * a[r][c % COUNT];
			}
		}
		assert_true(nnls_solve(gram, moment, COUNT, x));
		for (int c = 0; c < COUNT; c++) {
			double gradient = moment[c], size = sqrt(gram[c * COUNT + c]);
			for (int d = 0; d < COUNT; d++) {
				gradient -= gram[c * COUNT + d] * x[d];
			}
			assert_true(x[c] >= 0);
			assert_true(gradient / size < 1e-9);
			assert_true(x[c] == 0 || fabs(gradient / size) < 1e-9);
		}
	}
}

TEST(dependent_columns) {
	/* The second column is twice the first, the third is empty. */
	const double gram[9] = {4, 8, 0, 8, 16, 0, 0, 0, 0}, moment[3] = {4, 8, 0};
	double x[3], covariance[9];

	assert_true(nnls_solve(gram, moment, 3, x));
	assert_true(fabs(x[0] + 2 * x[1] - 1) < 1e-9);
	assert_true(x[2] == 0);
	nnls_covariance(gram, x, 3, 1, covariance);
	for (int i = 0; i < 9; i++) {
		assert_true(isfinite(covariance[i]));
	}
}

TEST(covariance) {
	const double gram[9] = {2, 0, 1, 0, 5, 1, 1, 1, 4}, x[3] = {1, 0, 1};
	double got[9];

	nnls_covariance(gram, x, 3, 7, got);
	/* The inverse of {{2,1},{1,4}} is {{4,-1},{-1,2}} / 7. */
	const double expected[9] = {4, 0, -1, 0, 0, 0, -1, 0, 2};
	for (int i = 0; i < 9; i++) {
		assert_true(fabs(got[i] - expected[i]) < 1e-12);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(joined),
		cmocka_unit_test(random_problems),
		cmocka_unit_test(dependent_columns),
		cmocka_unit_test(covariance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
