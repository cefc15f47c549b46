/*
 * stamp.h: instants from civil timestamps without zone or year, as engines write them.
 *
 * A missing zone is that of --log-zone, else UTC, with a warning. A missing year is that of --log-year, else the one
 * nearest to the date in the file's name, else, with a warning, the latest in which the timestamp is not in the
 * future. Within a file the year changes when the timestamps do.
 */
#ifndef INGEST_STAMP_H
#define INGEST_STAMP_H

#include "core/quality.h"
#include "core/zone.h"

/* One for each file. Zero-initialise except the first four. */
struct stamps {
	const struct zone *zone; /* NULL: not given */
	int year;                /* 0: not given */
	int64_t now_ns;
	struct quality *quality; /* for the warnings */
	bool any;
	int64_t last_ns; /* the previous timestamp; at first the date in the file's name, if `any` */
	char last_text[32];
	size_t last_len; /* of its text, as many lines share a second */
	bool took_zone; /* of a timestamp without one; with a warning if it is not given */
	bool resolved;    /* a timestamp of this file was read */
	/* irregularity of the last one resolved: a short fixed phrase, or NULL; its reader resets it */
	const char *note;
	bool doubtful; /* the file begins in a local hour that occurs twice, and does not show which of the two it is */
};

/*
 * Uses the date in a file's name, as in "vllm-20260810.log" or "x.2026-08-10.gz", as a reference: a log rotated on
 * New Year contains the old year's lines. Without a date, no effect. Not used if the year is given.
 */
void stamp_near_name(struct stamps *s, struct text name);

/*
 * "08-10 23:59:25", without year and zone, at the start of `*t`; moves past it.
 * False if there is none.
 */
bool stamp_take_month_day(struct stamps *s, struct text *t, int64_t *ns);

/* "2026-08-10 23:59:25" with an optional fraction, and an optional zone. */
bool stamp_take_local(struct stamps *s, struct text *t, int64_t *ns);

/* Any civil time without a zone; a year of 0 is determined by the rule above. False if it is not a time. */
bool stamp_resolve(struct stamps *s, struct civil c, int64_t *ns);

#endif
