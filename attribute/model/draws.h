/* draws.h: the bootstrap's draws of buckets. Private to attribute/model/. */
#ifndef ATTRIBUTE_DRAWS_H
#define ATTRIBUTE_DRAWS_H

/* How often a bucket counts in a draw: Poisson with mean 1, by a hash of both; so a draw is the same on any machine. */
int draws_times(int draw, unsigned bucket);

#endif
