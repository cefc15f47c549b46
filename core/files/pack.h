/*
 * pack.h: packs records and entries into few bytes, and unpacks them; the same on every machine.
 *
 * Integers are zigzag varints (7 bits a byte, the lowest first), texts a length and their bytes. Lossless, except
 * that texts are truncated to PACK_TEXT_MAX.
 */
#ifndef CORE_PACK_H
#define CORE_PACK_H

#include "core/entry.h"
#include "core/record.h"

#define PACK_TEXT_MAX 4096
/* Room for any packed record or entry. */
#define PACK_MAX (7 * PACK_TEXT_MAX)

/* Write to `out`, which has PACK_MAX bytes; return the number written. */
size_t record_pack(const struct record *r, char *out);
size_t entry_pack(const struct entry *e, const struct names *names, char *out);

/* Unpack one from the front of `*t`; false if it is damaged. Texts point into the packed bytes. */
bool record_unpack(struct text *t, struct record *out);
bool entry_unpack(struct text *t, struct names *names, struct entry *out);
/* Unpacks only the kind, the names and the place of the record at the front: other fields of *out are unchanged. */
bool record_unpack_head(struct text t, struct record *out);

/* The building blocks of these functions. */
char *pack_i64(char *at, int64_t n);
char *pack_text(char *at, struct text t);
bool unpack_i64(struct text *t, int64_t *out);
bool unpack_text(struct text *t, struct text *out);

/* The order of packed items that begin with a text: by that text, then by all bytes. A spool_compare. */
int packed_order(const void *context, const void *a, size_t a_len, const void *b, size_t b_len);

#endif
