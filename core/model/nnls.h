/* nnls.h: least squares with coefficients that are not negative, on normal equations. */
#ifndef CORE_NNLS_H
#define CORE_NNLS_H

#include <stdbool.h>
#include <stddef.h>

#define NNLS_MAX 32

/*
 * Minimises x'Gx - 2g'x over x >= 0 (Lawson and Hanson, Solving Least Squares Problems, 1974, ch. 23, on the
 * normal equations as in Bro and de Jong, J. Chemometrics 11, 1997). `gram` is count x count, row by row,
 * symmetric. Columns are scaled within. True if it converged; x is the best found either way.
 */
bool nnls_solve(const double *gram, const double *moment, size_t count, double *x);

/*
 * Replaces x[to] in a problem by a variable that is also added to x[from]: x[from] is then bounded to
 * the other. Nothing if the column of `to` is 0.
 */
void nnls_join(double *gram, double *moment, size_t count, size_t from, size_t to);
/* Makes a column 0. */
void nnls_leave_out(double *gram, double *moment, size_t count, size_t column);

/* The inverse of the part of `gram` where x > 0, times `variance`, in place in a count x count matrix; 0 elsewhere. */
void nnls_covariance(const double *gram, const double *x, size_t count, double variance, double *covariance);

#endif
