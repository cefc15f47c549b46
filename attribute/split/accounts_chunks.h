/* accounts_chunks.h: how prefill's time of a stretch is shared by its chunks. Private to attribute/. */
#ifndef ATTRIBUTE_ACCOUNTS_CHUNKS_H
#define ATTRIBUTE_ACCOUNTS_CHUNKS_H

#include "attribute/split/accounts.h"

/* Of a whole batch's prefill: the sums over its chunks, or the log's where not all of them are known. */
struct portion {
	double tokens, token_kv, prior;
};
struct portion chunks_whole(const struct flight *f, const struct stretch *s);

/*
 * The key by which prefill's ns of the stretch are shared: tokens, attention and the contexts before, each relative to the
 * whole batch. *cached: the part of it that is due to cached context; *tilt: the excess over its tokens; *doubt: one
 * standard deviation of cached context, relative to the whole.
 */
double chunk_weight(const struct stretch *s, const struct chunk *c, const struct portion *whole, double *cached, double *tilt, double *doubt);

/*
 * If requests do not report cached tokens, those of a prompt of several chunks are found in its last one: notes what a cached
 * token costs in each chunk; then what was found is moved to cached input.
 */
void chunk_seek(const struct chunk *c, const struct stretch *s, const struct portion *whole, int64_t ns);
void chunks_find(struct active *r, int g);

#endif
