/*
 * rows.h: rows of reports and exports by the meaning of their columns, whatever their names; private to
 * formats/usage/.
 */
#ifndef INGEST_FORMATS_USAGE_ROWS_H
#define INGEST_FORMATS_USAGE_ROWS_H

#include "ingest/formats/usage/usage.h"

enum meaning {
	ROW_ID, ROW_MODEL, ROW_PROVIDER, ROW_TENANT, ROW_START, ROW_END, ROW_FIRST, ROW_DURATION_MS, ROW_TTFT_MS, ROW_REQUESTS,
	ROW_SERVICE, ROW_BATCH, ROW_CONTEXT, ROW_GEO, ROW_SPEED, ROW_STATUS, ROW_CACHE_HIT, ROW_METADATA,
	ROW_PROMPT, ROW_UNCACHED, ROW_CACHED, ROW_WRITE, ROW_WRITE_5M, ROW_WRITE_1H, ROW_OUTPUT, ROW_REASONING, ROW_TOTAL,
	ROW_AUDIO_IN, ROW_AUDIO_CACHED, ROW_AUDIO_OUT, ROW_IMAGE_IN, ROW_IMAGE_OUT, ROW_SEARCHES,
	ROW_MEANINGS
};

/* A row: the value for each meaning, and the rank of the word it was found under (lower is better). */
struct row_cells {
	struct text at[ROW_MEANINGS];
	unsigned char word[ROW_MEANINGS]; /* 0: not given; else its index in the list of words, from 1 */
};

/* The meaning of a column or key and the matching word; ROW_MEANINGS if it is none of these. */
enum meaning row_meaning(struct text name, unsigned char *word);
void row_put(struct row_cells *c, enum meaning m, unsigned char word, struct text value);
/* All values in a JSON object and nested objects; not in arrays. */
void row_collect(struct parser *p, json_at object, struct row_cells *c);
/* A row as one request, or as the sum of many. */
enum parse_result row_record(struct parser *p, const struct row_cells *c, int64_t stamp_ns, struct record *out);

#endif
