/* record_json.h: records as native JSON, a line each, in the contract's words. */
#ifndef CORE_RECORD_JSON_H
#define CORE_RECORD_JSON_H

#include "core/record.h"

/* Enough for any record: names are cut after RECORD_NAME_MAX bytes. */
#define RECORD_NAME_MAX 1024
#define RECORD_JSON_MAX (6 * 6 * RECORD_NAME_MAX + 2048)

/*
 * Writes the record, without a newline but with a NUL; returns its length. What is not known is
 * left out. Read back it is the same record, but for its file and line.
 */
size_t record_json(const struct record *r, char out[RECORD_JSON_MAX]);

/* The instant by which records are ordered: of a step its start, of a request its finish (or what is known of it). */
int64_t record_instant(const struct record *r);

#endif
