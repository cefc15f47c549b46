/*
 * pattern.h: formats that users describe in a file, without C.
 *
 *   # a comment
 *   request ^\[(?<time>[^]]+)\] done id=(?<id>\S+) in=(?<prompt_tokens>\d+) out=(?<completion_tokens>\d+) took (?<elapsed>[\d.]+)ms$
 *   unit elapsed = ms
 *   set model = my-model
 *
 * A line of it is a kind of record (step, request, window, power) and a PCRE2 pattern, up to the line's end; `unit`
 * and `set` belong to the pattern above them. Groups are named like the keys of native records; two more are `time`,
 * when the line was written (without it, the envelope's stamp), and `elapsed`, the duration that ended then: a step's
 * gpu_ns, a request since its arrival, a window. Units are ns, us, ms, s, m, h; without one a number is ns, that of
 * `time` or `elapsed` s. The first pattern that matches a line reads it.
 */
#ifndef INGEST_FORMATS_PATTERN_H
#define INGEST_FORMATS_PATTERN_H

#include "core/error.h"
#include "ingest/format.h"

/* Reads patterns from bytes; `name` is for messages, "name:line:column: …". */
int patterns_parse(struct ingest_patterns **out, const char *name, struct text bytes, struct fault *why);

/* State for matching, one for each thread. */
struct matcher;
struct matcher *matcher_new(const struct ingest_patterns *p);
void matcher_free(struct matcher *m);

/* Does any of the lines match? */
bool matcher_bids(struct matcher *m, const struct text *lines, size_t count);

#endif
