/*
 * redact.h: a refused line without what people wrote in it, for the quarantine. Private to ingest/.
 *
 * What stays is an allow-list: punctuation, the formats' own words (redact_words.c), one number after a word whose
 * value is a count, an instant or a duration, and the time stamp in front of a line. Every other run of bytes, keys and
 * names included, is replaced by its length: "<12 bytes>". Quotes and escapes make no difference, so that a line that
 * was cut within a text, or wrapped in JSON several times, leaks no more than a whole one.
 */
#ifndef INGEST_REDACT_H
#define INGEST_REDACT_H

#include <stdbool.h>
#include <stdio.h>

#include "core/text.h"

struct redact_word {
	struct text word;
	bool numeric; /* the number that follows may stay */
};

/* The row of a word that may stay; or NULL. */
const struct redact_word *redact_word_find(struct text t);

/* Writes the line without a newline. */
void redact_line(struct text line, FILE *out);

#endif
