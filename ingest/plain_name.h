/*
 * plain_name.h: names from logs in a form that every ledger, file and database can store: UTF-8 without NUL, of a
 * bounded length.
 */
#ifndef INGEST_PLAIN_NAME_H
#define INGEST_PLAIN_NAME_H

#include "core/text.h"

/*
 * The longest name, and the longest id of a request; longer ones are truncated and end with a digest of the whole
 * name, so that they remain different.
 */
#define PLAIN_NAME_MAX 1024
#define PLAIN_ID_MAX 512

/*
 * The name itself if it is plain and has at most `max` bytes, else its plain form in `out`: NUL and bytes that are
 * not UTF-8 become "\x00", as reports print them. In a name that literally contains such an escape, the backslash is
 * escaped, so that different names remain different.
 */
struct text plain_name(struct text name, size_t max, char out[PLAIN_NAME_MAX]);
/* Is it the name itself, as nearly always? */
bool plain_name_is(struct text name, size_t max);

#endif
