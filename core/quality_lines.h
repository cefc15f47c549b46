/* quality_lines.h: writes what was wrong with logs as lines of JSON, and reads it back. */
#ifndef CORE_QUALITY_LINES_H
#define CORE_QUALITY_LINES_H

#include <stdio.h>

#include "core/json.h"
#include "core/quality.h"

/*
 * One line for the counts, one for each refusal, damage, input and warning, and one for joins that are not reported
 * yet.
 */
void quality_write_lines(const struct quality *q, FILE *out);

/* The line of one notice. */
void quality_write_notice(const struct quality_notice *n, FILE *out);

/* Adds the content of such a line; false if it is not one. */
bool quality_read_line(struct quality *q, const struct json *j);

#endif
