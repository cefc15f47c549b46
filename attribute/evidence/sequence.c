#include "attribute/evidence/sequence.h"

#include "core/exact.h"
#include "core/instant.h"

/* A step may begin this long before the last one ends, because of clocks and rounding. */
#define OVERLAP_NS (2 * (NS_PER_SECOND / 1000))

/* A counter that falls by more has started again; lines out of order fall by less. */
#define RESTART_FALL 64

/* Fewer may have other causes. */
#define SEVERAL_OVERLAPS 3
#define SEVERAL_BACK 5

void sequence_init(struct sequence *q) {
	*q = (struct sequence){.last = UNKNOWN, .end_ns = INT64_MIN + OVERLAP_NS};
}

static void settle_day(struct sequence *q) {
	/* A counter that starts again now and then shows restarts: it does not jump ahead again. */
	bool leaps = q->back * 200 > q->steps && q->missing > q->steps;
	if (q->overlaps * 100 > q->steps || ((q->back * 20 > q->steps || leaps) && q->back >= SEVERAL_BACK)) {
		if (q->overlaps >= SEVERAL_OVERLAPS || q->back >= SEVERAL_BACK) {
			q->several[0] += q->odd;
			q->several[1] += q->steps;
		}
	} else if (q->missing * 1000 > q->missing + q->steps) {
		q->gaps[0] += q->missing;
		q->gaps[1] += q->missing + q->steps;
	}
	q->steps = q->missing = q->back = q->overlaps = q->odd = 0;
}

/* Numbers that no step has before this one. A counter starts again at 0; in books, each day begins without a last one. */
static int64_t lost_before(const struct sequence *q, const struct step_item *s) {
	bool same_day = s->head.at_ns >= q->day_ns && s->head.at_ns - q->day_ns < NS_PER_DAY;

	if (q->last == UNKNOWN || s->index == UNKNOWN) {
		return 0;
	}
	if (s->index > q->last) {
		return s->index - q->last - 1;
	}
	return same_day && q->last - s->index > RESTART_FALL && s->index > 1 ? s->index : 0;
}

int64_t sequence_follow(struct sequence *q, const struct attribute_options *o, const struct step_item *s) {
	bool wanted = s->head.at_ns >= o->from_ns && s->head.at_ns < o->to_ns;
	bool known = q->last != UNKNOWN && s->index != UNKNOWN;
	int64_t lost = lost_before(q, s);

	if (s->head.at_ns < q->day_ns || s->head.at_ns - q->day_ns >= NS_PER_DAY) {
		settle_day(q);
		q->day_ns = instant_floor(s->head.at_ns, NS_PER_DAY);
	}
	if (wanted) {
		q->steps++;
		q->missing += lost < INT32_MAX ? lost : INT32_MAX;
		bool falls = known && s->index <= q->last, overlaps = s->head.at_ns < q->end_ns - OVERLAP_NS;
		q->back += falls;
		q->overlaps += overlaps;
		q->odd += falls || overlaps;
	}
	q->last = s->index;
	q->end_ns = s->head.at_ns + s->duration_ns;
	return lost;
}

void sequence_find(struct sequence *q, const char *name, struct quality *quality) {
	settle_day(q);
	if (q->several[0] > 0) {
		quality_finding_counted(quality, "several-servers", name, "--replica", q->several,
		                        "%s: " QUALITY_A " of " QUALITY_B " steps begin before the previous one ends "
									  "or do not have a higher number: several "
									  "servers log under this name and their "
									  "times are summed; give each server its own "
									  "name, with --replica or \"names\" in the "
									  "fleet file", name);
	}
	if (q->gaps[0] > 0) {
		quality_finding_counted(quality, "gap", name, NULL, q->gaps,
		                        "%s: " QUALITY_A " of " QUALITY_B " steps are missing in its log, judging by "
									  "the step numbers: their time is unobserved "
									  "and their tokens are not counted; find out "
									  "what drops log lines", name);
	}
}

/* Intervals that differ by less are equal: many timestamps are truncated to the second. */
#define BEAT_EQUAL_NS NS_PER_SECOND
/* After a longer silence a pattern begins again. */
#define BEAT_SILENT_NS (120 * NS_PER_SECOND)
/* Fewer lines of a day show nothing. */
#define BEATS_LEAST 12

/* vLLM writes a line every ten seconds: more often only if several servers do, or if it is asked to. */
#define BEAT_SHORT_NS (NS_PER_SECOND * 7)

/* One server's intervals are nearly all equal, also beside a few irregular ones. */
static bool repeat_intervals(const struct beats *b, size_t k) {
	return b->like[0] * 2 < b->lines && b->like[k] * 10 >= b->lines * 8;
}

/* A line differs less from the one so many before than from the one before: those report another server. */
static bool alternate(const struct beats *b, size_t k) {
	bool all = true, any = false;

	for (size_t g = 0; g < BEAT_GAUGES; g++) {
		any |= b->apart[k][g] * 2 < b->apart[0][g];
		all &= b->apart[k][g] <= b->apart[0][g];
	}
	return any && all && b->time_ns / b->lines <= BEAT_SHORT_NS;
}

static void settle_beats(struct beats *b) {
	for (size_t k = 1; k < BEATS_MOST && b->lines >= BEATS_LEAST; k++) {
		if (repeat_intervals(b, k) || alternate(b, k)) {
			b->several[0] += repeat_intervals(b, k) ? b->like[k] : b->lines;
			b->several[1] += b->lines;
			break;
		}
	}
	b->lines = b->time_ns = 0;
	memset(b->like, 0, sizeof b->like);
	memset(b->apart, 0, sizeof b->apart);
}

static bool is_like(int64_t a_ns, int64_t b_ns) {
	return a_ns - b_ns <= BEAT_EQUAL_NS && b_ns - a_ns <= BEAT_EQUAL_NS;
}

static void add_differences(struct beats *b, size_t k, const int64_t gauges[BEAT_GAUGES]) {
	for (size_t g = 0; g < BEAT_GAUGES; g++) {
		int64_t now = gauges[g], then = b->gauges[k][g];
		if (now >= 0 && then >= 0) { /* known */
			int64_t off = now > then ? now - then : then - now;
			b->apart[k][g] += off < INT32_MAX ? off : INT32_MAX;
		}
	}
}

void beats_follow(struct beats *b, const struct attribute_options *o, const struct window_item *w) {
	const int64_t gauges[BEAT_GAUGES] = {w->running, w->cache_ppm};
	int64_t gap_ns;

	if (w->head.at_ns < o->from_ns || w->head.at_ns >= o->to_ns) {
		return;
	}
	if (w->end_ns < b->day_ns || w->end_ns - b->day_ns >= NS_PER_DAY) {
		settle_beats(b);
		b->day_ns = instant_floor(w->end_ns, NS_PER_DAY);
		b->count = 0;
		b->end_ns = UNKNOWN;
	}
	bool known = b->end_ns != UNKNOWN && !__builtin_sub_overflow(w->end_ns, b->end_ns, &gap_ns) && gap_ns >= 0 && gap_ns <= BEAT_SILENT_NS;
	b->end_ns = w->end_ns;
	if (!known) {
		b->count = 0;
		return;
	}
	if (b->count == BEATS_MOST) {
		b->lines++;
		b->time_ns += gap_ns;
		for (size_t k = 0; k < BEATS_MOST; k++) {
			b->like[k] += is_like(gap_ns, b->gap_ns[k]);
			add_differences(b, k, gauges);
		}
	}
	memmove(b->gauges + 1, b->gauges, (BEATS_MOST - 1) * sizeof *b->gauges);
	memcpy(b->gauges, gauges, sizeof gauges);
	memmove(b->gap_ns + 1, b->gap_ns, (BEATS_MOST - 1) * sizeof *b->gap_ns);
	b->gap_ns[0] = gap_ns;
	b->count += b->count < BEATS_MOST;
}

void beats_find(struct beats *b, const char *name, struct quality *quality) {
	settle_beats(b);
	if (b->several[0] > 0) {
		quality_finding_counted(quality, "several-servers", name, "--replica", b->several,
		                        "%s: " QUALITY_A " of " QUALITY_B " statistics lines come at the intervals of several servers' lines in one "
		                        "log: they are counted as one server; give each server its own log or name, with --replica or \"names\" "
		                        "in the fleet file", name);
	}
}

void pauses_follow(struct pauses *p, const struct attribute_options *o, const struct step_item *s) {
	bool wanted = s->head.at_ns >= o->from_ns && s->head.at_ns < o->to_ns;
	bool known = wanted && p->last != UNKNOWN && s->index != UNKNOWN && s->index > p->last + 1;

	if (known && (int128)instant_floor(s->head.at_ns, NS_PER_DAY) - instant_floor(p->end_ns, NS_PER_DAY) > NS_PER_DAY) {
		exact_add(&p->missing, s->index - p->last - 1);
		p->count++;
	}
	p->last = s->index;
	p->end_ns = s->head.at_ns + s->duration_ns;
}

void pauses_find(const struct pauses *p, const char *name, struct quality *quality) {
	const int64_t count[2] = {p->missing, p->count};

	if (p->count > 0) {
		quality_finding_counted(quality, "gap", name, NULL, count,
		                        "%s: " QUALITY_A " steps are missing, judging by the step numbers, on days of which "
		                        "no log has a line (" QUALITY_B " such periods): they are counted as idle; find the logs of these days", name);
	}
}
