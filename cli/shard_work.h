/* shard_work.h: what fit and attribute share. */
#ifndef CLI_SHARD_WORK_H
#define CLI_SHARD_WORK_H

#include "cli/shard.h"
#include "core/pack.h"

/* After so many replicas a session is made anew. */
#define SESSION_REPLICAS 64
#define FITS_MAX ((size_t)1 << 30)

/* A new attribution with all records of the replica that `parts` is at; the caller frees it, also on an error. */
int work_take_replica(struct parts *parts, const struct shard_session *s, struct text replica,
                      struct attribution **out, int64_t *records, struct fault *why);

/* Adds the statistics of a file. */
int work_read_fits(struct attribution_fits *f, const char *path, struct fault *why);

#endif
