/* sequence.h: what the numbers and times of a replica's steps show: gaps, restarts, several servers. Private to attribute/. */
#ifndef ATTRIBUTE_SEQUENCE_H
#define ATTRIBUTE_SEQUENCE_H

#include "attribute/evidence/evidence.h"

/* What the steps' numbers and times show, in the requested period. Each UTC day is judged alone, as in a book. */
struct sequence {
	int64_t last;     /* number of the step before; or UNKNOWN */
	int64_t end_ns;   /* of that step */
	int64_t day_ns;
	int64_t steps, missing; /* of the current day; missing: numbers that no step has */
	int64_t back, overlaps, odd; /* numbers that fall; steps that begin before the last one ends; steps that do either */
	int64_t several[2], gaps[2]; /* on days with a finding: cases, and the number of steps */
};

void sequence_init(struct sequence *q);
/*
 * Adds the next step in time; returns how many steps are missing before it, by their numbers. A counter that falls
 * has started again, at 0: those before the first one that is logged are missing.
 */
int64_t sequence_follow(struct sequence *q, const struct attribute_options *o, const struct step_item *s);
/* Adds findings, if there are any. */
void sequence_find(struct sequence *q, const char *name, struct quality *quality);

/*
 * The intervals between statistics lines: those of one server are equal. Lines of several servers, each at its own time
 * of the same interval, repeat a pattern of as many intervals as there are servers; if these are equal by chance, what
 * lines report of sequences and of the cache alternates. Each UTC day is judged alone.
 */
#define BEATS_MOST 4
#define BEAT_GAUGES 2
struct beats {
	int64_t end_ns, day_ns;      /* of the line before; of its day */
	int64_t gap_ns[BEATS_MOST];  /* the intervals before, the last one first */
	size_t count;
	int64_t lines, like[BEATS_MOST]; /* of this day; like: with the interval of so many lines before + 1 */
	/* sequences and millionths of the cache of the lines before; sums of the differences to those so many before + 1 */
	int64_t gauges[BEATS_MOST][BEAT_GAUGES], apart[BEATS_MOST][BEAT_GAUGES];
	int64_t time_ns; /* from line to line, of all of this day */
	int64_t several[2];          /* on days with a finding: lines of the pattern, and lines */
};
void beats_follow(struct beats *b, const struct attribute_options *o, const struct window_item *w);
void beats_find(struct beats *b, const char *name, struct quality *quality);

/* What the numbers of steps before and after pauses show (days.h): steps of days that no log has. */
struct pauses {
	int64_t last, end_ns; /* of the step before; UNKNOWN */
	int64_t missing, count;
};
void pauses_follow(struct pauses *p, const struct attribute_options *o, const struct step_item *s);
void pauses_find(const struct pauses *p, const char *name, struct quality *quality);

#endif
