/*
 * plain.h: a book as plain files, private to ledger/. schemas/export.md describes them.
 *
 * Tables are written and read by this list alone, column by column; a test compares it with the schema.
 */
#ifndef LEDGER_PLAIN_H
#define LEDGER_PLAIN_H

#include "core/json.h"
#include "core/record.h"
#include "ledger/drivers/driver.h"

#define PLAIN_SCHEMA "tollbook.export.v1"
#define PLAIN_COLUMNS_MAX 24

struct plain_table {
	const char *name;
	const char *columns; /* "id, text" */
	const char *types;   /* one letter each: i integer, t text, b bytes */
	const char *order;
};
/* In an order in which each table refers only to earlier ones. */
extern const struct plain_table plain_tables[];
extern const size_t plain_table_count;

/* Lines being collected, with their hash; also written to `out`. */
struct plain_out {
	FILE *out;
	struct digest *digest;
	char *line;
	size_t len, room;
	int64_t bytes, lines;
};
void plain_out_init(struct plain_out *p, FILE *out);
void plain_out_release(struct plain_out *p);
void plain_put(struct plain_out *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A string of JSON, or {"hex":"…"} if it is not UTF-8. */
void plain_put_text(struct plain_out *p, struct text t);
void plain_put_bytes(struct plain_out *p, struct text t); /* as a string of hexadecimal digits */
void plain_end_line(struct plain_out *p);

/* A value that plain_put_text or plain_put_bytes wrote, in `buffer`. False if it is not such a value. */
bool plain_get_text(const struct json *j, json_at v, char *buffer, size_t size, struct text *out);
bool plain_get_bytes(const struct json *j, json_at v, char *buffer, size_t size, struct text *out);

/* record_plain.c: a record as an object with all its fields, and back. */
void plain_put_record(struct plain_out *p, const struct record *r);
bool plain_get_record(const struct json *j, json_at v, char *buffer, size_t size, struct record *out);

/* "records/2026-10-07/REPLICA.RUN.jsonl" for the path of a segment in a book. */
void plain_records_name(const char *book, const char *segment, char *out, size_t size);

#endif
