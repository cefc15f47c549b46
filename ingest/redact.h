/*
 * redact.h: removes users' text from a refused line, for the quarantine. Private to ingest/.
 *
 * An allow-list determines what is kept: punctuation, the formats' own words (redact_words.c), one number after a
 * word for a count, an instant or a duration, and the timestamp in front of a line. Every other run of bytes, keys
 * and names included, is replaced by its length: "<12 bytes>". Quotes and escapes make no difference, so that a
 * truncated line, or one wrapped in JSON several times, leaks no more than a complete one.
 */
#ifndef INGEST_REDACT_H
#define INGEST_REDACT_H

#include <stdbool.h>
#include <stdio.h>

#include "core/text.h"

struct redact_word {
	struct text word;
	bool numeric; /* the number that follows is kept */
};

/* The row of a word that is kept; or NULL. */
const struct redact_word *redact_word_find(struct text t);

/* Writes the line without a newline. */
void redact_line(struct text line, FILE *out);

#endif
