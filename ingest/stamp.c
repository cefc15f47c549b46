#include "ingest/stamp.h"

#include <stdlib.h>

#include "core/exact.h"

static bool digits(struct text t, size_t at, size_t count, int *out) {
	int value = 0;

	if (at + count > t.len) {
		return false;
	}
	for (size_t i = at; i < at + count; i++) {
		if (t.at[i] < '0' || t.at[i] > '9') {
			return false;
		}
		value = 10 * value + (t.at[i] - '0');
	}
	*out = value;
	return true;
}

static bool is_digit_at(struct text t, size_t at) {
	int ignored;

	return digits(t, at, 1, &ignored);
}

/* A date at `at`, with or without dashes (or underscores, dots). */
static bool date_at(struct text t, size_t at, struct civil *c) {
	size_t gap = at + 4 < t.len && memchr("-_.", t.at[at + 4], 3) ? 1 : 0;

	*c = (struct civil){0};
	return digits(t, at, 4, &c->year) && digits(t, at + 4 + gap, 2, &c->month) &&
	       digits(t, at + 6 + 2 * gap, 2, &c->day) && (!gap || t.at[at + 4] == t.at[at + 7]) &&
	       !is_digit_at(t, at + 8 + 2 * gap) && c->year >= 2015 && c->year < 2100 && civil_valid(c);
}

void stamp_near_name(struct stamps *s, struct text name) {
	struct civil c;

	for (size_t i = 0; i + 8 <= name.len; i++) {
		bool begins = i == 0 || !is_digit_at(name, i - 1);
		if (begins && date_at(name, i, &c) && civil_to_instant(&c, &s->last_ns)) {
			s->any = true;
			return;
		}
	}
}

static bool to_instant(const struct stamps *s, struct civil c, int year, int64_t *ns, bool *ambiguous) {
	c.year = year;
	return civil_valid(&c) && zone_to_instant(s->zone, &c, ns, ambiguous);
}

/* The year around `year` with which the timestamp is nearest to the previous one. */
static bool nearest_year(const struct stamps *s, struct civil c, int64_t *ns, bool *ambiguous) {
	struct civil last;
	int64_t best = INT64_MAX;

	instant_to_civil(s->last_ns, &last);
	for (int year = last.year - 1; year <= last.year + 1; year++) {
		int64_t at;
		bool twice;
		if (to_instant(s, c, year, &at, &twice) && llabs(at - s->last_ns) < best) {
			best = llabs(at - s->last_ns);
			*ns = at;
			*ambiguous = twice;
		}
	}
	return best != INT64_MAX;
}

/* The first timestamp of a file: the year given, or the latest that is not after tomorrow. */
static bool first_year(struct stamps *s, struct civil c, int64_t *ns, bool *ambiguous) {
	struct civil now;

	if (s->year) {
		return to_instant(s, c, s->year, ns, ambiguous);
	}
	instant_to_civil(s->now_ns + NS_PER_DAY, &now);
	for (int year = now.year; year > now.year - 5; year--) { /* 29 February may be years back */
		if (to_instant(s, c, year, ns, ambiguous) && *ns <= s->now_ns + NS_PER_DAY) {
			quality_warn(s->quality,
			             "timestamps without a year were read as of %d, by the system clock; override "
				     "with --log-year",
			             year);
			return true;
		}
	}
	return false;
}

/* The second occurrence of an hour, when clocks go back, follows from the previous timestamp. */
static int64_t later_if_stepped_back(const struct stamps *s, int64_t ns) {
	int64_t width = zone_offset_s(s->zone, ns) - zone_offset_s(s->zone, ns + NS_PER_DAY / 4);
	int64_t later = ns + width * NS_PER_SECOND;

	return width > 0 && s->any && ns < s->last_ns && later - s->last_ns < NS_PER_DAY / 4 ? later : ns;
}

/* Notes irregularities: clocks that went back, a change of year. */
static const char *oddity(const struct stamps *s, const struct civil *c, int64_t ns, bool later) {
	struct civil last;

	if (!s->resolved) {
		return NULL;
	}
	if (later) {
		return "a local hour that occurred twice, as clocks went back";
	}
	if (ns < s->last_ns - NS_PER_HOUR / 2) {
		return "timestamp far before the previous one";
	}
	instant_to_civil(s->last_ns + zone_offset_s(s->zone, s->last_ns) * NS_PER_SECOND, &last);
	return c->year == 0 && c->month < last.month ? "the year changed at a timestamp without a year" : NULL;
}

bool stamp_resolve(struct stamps *s, struct civil c, int64_t *ns) {
	bool ambiguous = false, ok;

	if (c.year) {
		ok = to_instant(s, c, c.year, ns, &ambiguous);
	} else if (s->any) {
		ok = nearest_year(s, c, ns, &ambiguous);
	} else {
		ok = first_year(s, c, ns, &ambiguous);
	}
	if (!ok) {
		return false;
	}
	if (!s->zone && !s->took_zone) {
		quality_warn(s->quality, "timestamps without a zone were read as UTC; override with --log-zone");
	}
	s->took_zone = true;
	int64_t first = *ns;
	*ns = ambiguous ? later_if_stepped_back(s, *ns) : *ns;
	s->doubtful = *ns == first && (s->doubtful || (ambiguous && !s->resolved));
	s->note = oddity(s, &c, *ns, *ns > first);
	s->any = s->resolved = true;
	s->last_ns = *ns;
	s->last_len = 0; /* the text no longer matches the instant, unless remember() returns true */
	return true;
}

static bool same_as_last(const struct stamps *s, struct text t) {
	return s->any && s->last_len == t.len && memcmp(s->last_text, t.at, t.len) == 0;
}

static void remember(struct stamps *s, struct text t) {
	s->last_len = t.len <= sizeof s->last_text ? t.len : 0;
	memcpy(s->last_text, t.at, s->last_len);
}

/* "23:59:25" */
static bool clock_at(struct text t, size_t at, struct civil *c) {
	return digits(t, at, 2, &c->hour) && digits(t, at + 3, 2, &c->minute) && digits(t, at + 6, 2, &c->second) &&
	       t.at[at + 2] == ':' && t.at[at + 5] == ':';
}

bool stamp_take_month_day(struct stamps *s, struct text *t, int64_t *ns) {
	static const size_t len = sizeof "08-10 23:59:25" - 1;
	struct text stamp = text_cut(*t, 0, len);
	struct civil c = {0};

	if (stamp.len == len && same_as_last(s, stamp)) {
		*ns = s->last_ns;
	} else if (digits(stamp, 0, 2, &c.month) && digits(stamp, 3, 2, &c.day) && clock_at(stamp, 6, &c) &&
	           stamp.at[2] == '-' && stamp.at[5] == ' ' && stamp_resolve(s, c, ns)) {
		remember(s, stamp);
	} else {
		return false;
	}
	*t = text_cut(*t, len, t->len);
	return true;
}

bool stamp_take_local(struct stamps *s, struct text *t, int64_t *ns) {
	static const size_t len = sizeof "2026-08-10 23:59:25" - 1;
	struct text stamp = text_cut(*t, 0, len), rest = text_cut(*t, len, t->len);
	bool zone_given, whole_seconds = rest.len == 0 || memchr(" ]\t", rest.at[0], 3);
	struct civil c;

	if (whole_seconds && stamp.len == len && same_as_last(s, stamp)) {
		*ns = s->last_ns;
		*t = rest;
		return true;
	}
	if (!instant_take(t, ns, &zone_given)) {
		return false;
	}
	if (zone_given) {
		return true;
	}
	instant_to_civil(*ns, &c);
	if (!stamp_resolve(s, c, ns)) {
		return false;
	}
	if (whole_seconds) {
		remember(s, stamp);
	}
	return true;
}
