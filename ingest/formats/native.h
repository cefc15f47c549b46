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
	struct text key, token; /* token: with quotes and colon */
	enum field_type type;
	size_t offset; /* in struct record */
	int64_t limit; /* of an integer */
};

static inline bool field_is_integer(const struct field *f) {
	return f->type >= FIELD_COUNT && f->type <= FIELD_INSTANT;
}

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

/* A string without escapes, true or false, an integer: NULL, or why it is impossible. For both readers. */
const char *native_set_string(struct record *r, const struct field *f, struct text t);
const char *native_set_flag(struct record *r, const struct field *f, bool on);
const char *native_set_integer(struct record *r, const struct field *f, int64_t value);

/* The row of a key: the one after the last, else any. */
const struct field *native_field_next(const struct kind *k, size_t *next, struct text key);

/* A bit for the row before `next`: which keys were seen. */
#define NATIVE_ROWS_MAX 64
static inline uint64_t native_row(size_t next) {
	return UINT64_C(1) << (next - 1) % NATIVE_ROWS_MAX;
}

/* What follows the beginning of a line: the keys of integers and texts in their order, then bytes that do not differ. */
#define NATIVE_PLAN_MAX 24
#define NATIVE_TAIL_MAX 64
#define NATIVE_ZEROS_MAX 192
struct native_plan {
	const struct field *fields[NATIVE_PLAN_MAX];
	size_t count;                /* 0: none */
	/* Integers one after the other that often are 0 together (prompts, in a step of decoding), as they are written then. */
	struct native_zeros {
		size_t first, count;     /* of `fields`; count 0: not known */
		char bytes[NATIVE_ZEROS_MAX];
		size_t len;
		unsigned looked;
	} zeros;
	char tail[NATIVE_TAIL_MAX];
	size_t tail_len;
	struct record record;        /* what was read from beginning and tail */
	unsigned missed;             /* lines since the last one of this form, which counts itself */
};

/* How lines begin, up to the first value that differs from line to line, and what was read from that. */
#define NATIVE_HEADS 4
#define NATIVE_HEAD_MAX 192
struct native_heads {
	struct native_head {
		char bytes[NATIVE_HEAD_MAX]; /* the record's texts point into these */
		size_t len;                  /* 0: none */
		const struct kind *kind;
		struct record record;
		size_t next;
		uint64_t seen;
		struct native_plan plan;
	} at[NATIVE_HEADS];
	unsigned tried, missed; /* beginnings that were to be kept; lines with another one since then */
};

/*
 * The fast reader: reads the usual form and leaves everything else (NULL) to the slow reader. Texts may point into
 * `heads`, which is all zero at first, and are valid until the next call.
 */
const struct kind *native_fast(struct native_heads *heads, struct text line, struct record *r);

/* Any JSON: NULL, or with p->reason set, if the line is refused. */
const struct kind *native_slow(struct parser *p, struct text line, struct record *r);

#endif
