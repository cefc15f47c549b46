/* bootstrap.h: how often each bucket of rows counts in a draw of the bootstrap. */
#ifndef CORE_BOOTSTRAP_H
#define CORE_BOOTSTRAP_H

/* Buckets at most. */
#define BOOTSTRAP_BUCKETS 32

/* How often a bucket counts in a draw: Poisson with mean 1, by a hash of both; so a draw is the same on any machine. */
int bootstrap_weight(int draw, unsigned bucket);

#endif
