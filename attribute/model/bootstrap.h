/* bootstrap.h: how often each bucket of rows counts in a draw of the bootstrap. Private to attribute/model/. */
#ifndef ATTRIBUTE_BOOTSTRAP_H
#define ATTRIBUTE_BOOTSTRAP_H

/* How often a bucket counts in a draw: Poisson with mean 1, by a hash of both; so a draw is the same on any machine. */
int bootstrap_weight(int draw, unsigned bucket);

#endif
