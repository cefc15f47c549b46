/*
 * spool.h: a store of records of any number, sorted, in bounded memory.
 *
 * Writers add items in any order, from several threads; readers then get them in the order of `compare`, any number
 * of times. What does not fit into memory is sorted in runs and kept in an unnamed temporary file ($TMPDIR), merged
 * on reading.
 */
#ifndef CORE_SPOOL_H
#define CORE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct spool;

/*
 * Order of two items, <0, 0 or >0. Must be a total order over contents (equal only if the bytes are the same), so
 * that results do not depend on threads and timing.
 */
typedef int spool_compare(const void *context, const void *a, size_t a_len, const void *b, size_t b_len);

/* `memory_bytes`: memory used before a run is written, over all lanes. */
struct spool *spool_new(unsigned lanes, size_t memory_bytes, spool_compare *compare, const void *context);
void spool_free(struct spool *s);

/*
 * What the items begin with, if spool_keyed was called before the first one: `compare` orders by group, then by `at`. Items of few
 * groups, each nearly in its order, are sorted and merged faster then.
 */
struct spool_key {
	uint32_t group, other;
	int64_t at;
};
void spool_keyed(struct spool *s);

/* Adds a copy of an item (at most 64 KiB). One thread per lane. */
int spool_add(struct spool *s, unsigned lane, const void *item, size_t len, struct fault *why);

/* No more items: sorts. Call once, before reading. */
int spool_seal(struct spool *s, struct fault *why);

uint64_t spool_count(const struct spool *s);

/* A reading from the first item on. Several may be open at once. */
struct spool_reader;
int spool_reader_new(struct spool_reader **out, struct spool *s, struct fault *why);
void spool_reader_free(struct spool_reader *r);
/* Leaves out all items less than this one. Before the first spool_next; costs little, however many those are. */
void spool_reader_seek(struct spool_reader *r, const void *item, size_t len);
/* The next item (aligned to 8 bytes; valid until the next call): 1, 0 at the end, or a negative error. */
int spool_next(struct spool_reader *r, const void **item, size_t *len, struct fault *why);

#endif
