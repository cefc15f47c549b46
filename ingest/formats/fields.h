/*
 * fields.h: values as engines write them, in JSON and in text; private to formats/.
 *
 * The readers of JSON fields read from p->json, the line parsed last. They note the first impossible value in
 * p->reason (set it to NULL at the start of a line) and continue with UNKNOWN, so that a format checks once, in
 * record_finish.
 */
#ifndef INGEST_FORMATS_FIELDS_H
#define INGEST_FORMATS_FIELDS_H

#include "ingest/format.h"

/* Decimal digits from a unit down to ns. */
enum unit { UNIT_NS = 0, UNIT_US = 3, UNIT_MS = 6, UNIT_S = 9 };

/* An empty record of a kind: everything is unknown if it can be. */
void record_begin(struct record *r, enum record_kind kind);

/*
 * The problem of a record (or the one noted in p->reason), else PARSE_RECORD; the command line's model takes
 * precedence.
 */
enum parse_result record_finish(struct parser *p, struct record *r);

/*
 * Parses a line into p->json, root any of object and array. "[", "]" and a trailing comma are allowed: arrays in
 * lines.
 */
bool field_parse_line(struct parser *p, struct text line);

/*
 * A line of JSON, or of a whole array of objects: `item` for each object. The format stores *next, 0 at the start;
 * for PARSE_AGAIN see struct format.
 */
typedef enum parse_result field_item(struct parser *p, json_at item, int64_t stamp_ns, struct record *out);
enum parse_result field_each(struct parser *p, json_at *next, const struct text *line, int64_t stamp_ns,
                             field_item *item, struct record *out);

/* A number or a string with nothing else in it, an absolute count: UNKNOWN if absent, null, "" or "-". */
int64_t field_count(struct parser *p, json_at object, struct text key);

/* The same, but 0 if absent. */
int64_t field_count_or_0(struct parser *p, json_at object, struct text key);

/* A duration as a number (or a string with one) of units, in ns; UNKNOWN if absent. */
int64_t field_duration(struct parser *p, json_at object, struct text key, enum unit unit);

/* An instant: a number of units since 1970, or a string: RFC 3339, or local time without a zone. */
int64_t field_instant(struct parser *p, json_at object, struct text key, enum unit unit);

/* A string without its escapes, or the digits of a number; empty if absent. Valid until the next line. */
struct text field_text(struct parser *p, json_at object, struct text key);

/*
 * The value of a key of the object that the line is, or of an object of the array that it is, as written: for bids. Keys
 * in inner objects and words in strings do not count: they may be a user's.
 */
bool field_at_top(struct text line, struct text key, struct text *value);
bool field_is_at_top(struct text line, struct text key);

/* Like json_get, in nested objects: JSON_ABSENT at the first missing one. */
json_at field_path(const struct json *j, json_at object, const struct text *keys, size_t count);

/* A decimal, with or without an exponent ("1.5e-05", "12"), as an integer of 10^-digits units; the whole text. */
bool number_scaled(struct text t, int digits, int64_t *out);

/* "12.0", "1e3": a count written as such a number; what has a fraction is an average, or no count. */
bool number_whole(struct text t, int64_t *n);

/* "1.2s", "57.3ms", "12µs", "3ns", "1m43.2s": durations as printed by Rust's Debug and Go; the whole text, in ns. */
bool duration_with_unit(struct text t, int64_t *ns);

/* An instant and a duration, either of which may be UNKNOWN. */
int64_t instant_plus(int64_t ns, int64_t duration_ns);
int64_t instant_minus(int64_t ns, int64_t duration_ns);

/* The log's replica, or "LOG/3" for an engine other than the first of a log, written to `buffer`. */
struct text engine_replica(const struct parser *p, int64_t engine, char *buffer, size_t size);
/* The same, "LOG#2/3" for an engine of a server other than the first of a log; servers count from 0. */
struct text server_replica(const struct parser *p, int64_t server, int64_t engine, char *buffer, size_t size);

#endif
