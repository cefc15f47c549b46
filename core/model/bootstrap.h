/* bootstrap.h: weights of buckets of rows in a draw of the bootstrap. */
#ifndef CORE_BOOTSTRAP_H
#define CORE_BOOTSTRAP_H

/* Buckets at most. */
#define BOOTSTRAP_BUCKETS 32

/* The weight of a bucket in a draw: Poisson with mean 1, from a hash of both; so a draw is the same on any machine. */
int bootstrap_weight(int draw, unsigned bucket);

#endif
