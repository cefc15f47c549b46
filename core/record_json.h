/* record_json.h: records as native JSON lines, with the contract's keys. */
#ifndef CORE_RECORD_JSON_H
#define CORE_RECORD_JSON_H

#include "core/record.h"

/* Enough for any record: names are truncated to RECORD_NAME_MAX bytes. */
#define RECORD_NAME_MAX 1024
#define RECORD_JSON_MAX (6 * 6 * RECORD_NAME_MAX + 2048)

/*
 * Writes the record, without a newline but with a NUL; returns its length. Unknown values are left out. Reading it
 * back results in the same record, except for file and line.
 */
size_t record_json(const struct record *r, char out[RECORD_JSON_MAX]);

/* The instant by which records are ordered: a step's start, a request's finish (or another known instant). */
int64_t record_instant(const struct record *r);

#endif
