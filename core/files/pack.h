/*
 * pack.h: records and entries as few bytes, and back, the same on every machine.
 *
 * Integers are zigzag varints (7 bits a byte, the lowest first), texts a length and their
 * bytes. Nothing is lost but of texts what is longer than PACK_TEXT_MAX.
 */
#ifndef CORE_PACK_H
#define CORE_PACK_H

#include "core/entry.h"
#include "core/record.h"

#define PACK_TEXT_MAX 4096
/* Room for any packed record or entry. */
#define PACK_MAX (7 * PACK_TEXT_MAX)

/* Write to `out`, which has PACK_MAX bytes; how many were written. */
size_t record_pack(const struct record *r, char *out);
size_t entry_pack(const struct entry *e, const struct names *names, char *out);

/* Take one off the front of `*t`; false if it is damaged. Texts point into what was packed. */
bool record_unpack(struct text *t, struct record *out);
bool entry_unpack(struct text *t, struct names *names, struct entry *out);
/* Of the record at the front only what it is, whose, and where it stood: the rest of *out is as it was. */
bool record_unpack_head(struct text t, struct record *out);

/* The parts that these are made of. */
char *pack_i64(char *at, int64_t n);
char *pack_text(char *at, struct text t);
bool unpack_i64(struct text *t, int64_t *out);
bool unpack_text(struct text *t, struct text *out);

#endif
