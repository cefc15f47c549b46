/* native.h: the keys of native records and their two readers; private to native*.c and their test. */
#ifndef INGEST_FORMATS_NATIVE_H
#define INGEST_FORMATS_NATIVE_H

#include "ingest/format.h"

enum field_type {
	FIELD_SCHEMA,
	FIELD_TEXT,
	FIELD_COUNT,   /* an integer, 0 or more, up to the field's limit */
	FIELD_INDEX,   /* any integer */
	FIELD_INSTANT, /* Unix ns, or an RFC 3339 string */
	FIELD_WATTS,   /* a decimal, as milliwatts */
	FIELD_BOOL,
	FIELD_FLAG,    /* true or false: the bit `limit` of a step's flags */
	FIELD_STATUS,  /* "ok" or any other value */
	FIELD_BATCH,   /* true: batch, whatever `service` is */
	FIELD_SERVICE, /* a class of service by name */
	FIELD_DURATION_KIND,
	FIELD_IGNORED  /* in the contract, but not needed here */
};

struct field {
	struct text key;
	enum field_type type;
	size_t offset; /* in struct record */
	int64_t limit; /* of a count */
};

/* A kind of record: its schema, keys and rules. */
struct kind {
	struct text schema;
	enum record_kind kind;
	const struct field *fields;
	size_t field_count;
	struct text only_key; /* a key that no other kind has, for records without a schema */
	const char *(*check)(const struct parser *p, struct record *r); /* NULL, or why it is impossible */
};
#define NATIVE_KINDS 4
extern const struct kind native_kinds[NATIVE_KINDS];

/* An empty record of a kind: the meaning of missing keys. */
void native_defaults(struct record *r, enum record_kind kind);

/*
 * Sets a field from a text without quotes or escapes (a cell of CSV): NULL, or why it is impossible. Empty: not
 * given.
 */
const char *native_set(struct record *r, const struct field *f, struct text value);

/* The row of a kind's field, or NULL. */
const struct field *native_field(const struct kind *k, struct text key);

/* The fast reader: reads the usual form and leaves everything else (NULL) to the slow reader. */
const struct kind *native_fast(struct text line, struct record *r);

/* Any JSON: NULL, or with p->reason set, if the line is refused. */
const struct kind *native_slow(struct parser *p, struct text line, struct record *r);

#endif
