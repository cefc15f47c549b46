#include "core/zone_rule.h"

#include "core/instant.h"

static bool take_name(struct text *t) {
	struct text name;
	size_t i = 0;

	if (text_skip(t, T("<"))) {
		return text_until(t, T(">"), &name) && name.len >= 3;
	}
	while (i < t->len && ((t->at[i] >= 'a' && t->at[i] <= 'z') || (t->at[i] >= 'A' && t->at[i] <= 'Z'))) {
		i++;
	}
	*t = text_cut(*t, i, t->len);
	return i >= 3;
}

/* "[+-]hh[:mm[:ss]]" */
static bool take_time(struct text *t, int *seconds) {
	bool minus = text_skip(t, T("-"));
	int64_t part, total = 0;

	if (!minus) {
		text_skip(t, T("+"));
	}
	for (int unit = 3600; unit > 0; unit /= 60) {
		if (!text_take_i64(t, &part) || part < 0 || part > 167) {
			return false;
		}
		total += part * unit;
		if (!text_skip(t, T(":"))) {
			break;
		}
	}
	*seconds = (int)(minus ? -total : total);
	return true;
}

static bool take_number(struct text *t, int low, int high, int *out) {
	int64_t n;

	if (!text_take_i64(t, &n) || n < low || n > high) {
		return false;
	}
	*out = (int)n;
	return true;
}

static bool take_day(struct text *t, struct zone_rule_day *d) {
	bool good;

	*d = (struct zone_rule_day){.kind = '0', .time_s = 2 * 3600};
	if (text_skip(t, T("M"))) {
		d->kind = 'M';
		good = take_number(t, 1, 12, &d->month) && text_skip(t, T(".")) && take_number(t, 1, 5, &d->week) &&
		       text_skip(t, T(".")) && take_number(t, 0, 6, &d->day);
	} else if (text_skip(t, T("J"))) {
		d->kind = 'J';
		good = take_number(t, 1, 365, &d->day);
	} else {
		good = take_number(t, 0, 365, &d->day);
	}
	return good && (!text_skip(t, T("/")) || take_time(t, &d->time_s));
}

/* POSIX counts offsets west of Greenwich. */
static bool take_offset(struct text *t, int *east_s) {
	if (!take_time(t, east_s) || *east_s <= -26 * 3600 || *east_s >= 26 * 3600) {
		return false;
	}
	*east_s = -*east_s;
	return true;
}

bool zone_rule_parse(struct text t, struct zone_rule *out) {
	*out = (struct zone_rule){0};
	if (!take_name(&t) || !take_offset(&t, &out->standard_s)) {
		return false;
	}
	if (t.len == 0) {
		return true;
	}
	out->has_summer = true;
	out->summer_s = out->standard_s + 3600;
	if (!take_name(&t) || (!text_starts(t, T(",")) && !take_offset(&t, &out->summer_s))) {
		return false;
	}
	return text_skip(&t, T(",")) && take_day(&t, &out->start) && text_skip(&t, T(",")) && take_day(&t, &out->end) &&
	       t.len == 0;
}

static int64_t month_rule(const struct zone_rule_day *d, int year) {
	int64_t first = civil_days(year, d->month, 1);
	int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
	int64_t day = first + (d->day - weekday + 7) % 7 + (d->week - 1) * 7;

	return day < civil_days(year, d->month + 1, 1) ? day : day - 7;
}

/* Seconds from the epoch of the rule's moment in a year, as if local time were UTC. */
static int64_t rule_moment(const struct zone_rule_day *d, int year) {
	int64_t day;

	if (d->kind == 'M') {
		day = month_rule(d, year);
	} else if (d->kind == 'J') {
		bool leap = civil_days(year, 3, 1) - civil_days(year, 2, 1) == 29;
		day = civil_days(year, 1, 1) + d->day - 1 + (leap && d->day >= 60);
	} else {
		day = civil_days(year, 1, 1) + d->day;
	}
	return day * 86400 + d->time_s;
}

int zone_rule_offset(const struct zone_rule *r, int64_t seconds) {
	struct civil c;
	int64_t limit = INT64_MAX / NS_PER_SECOND - 86400 * 2;

	if (!r->has_summer || seconds > limit || seconds < -limit) {
		return r->standard_s;
	}
	instant_to_civil((seconds + r->standard_s) * NS_PER_SECOND, &c);
	int64_t start = rule_moment(&r->start, c.year) - r->standard_s;
	int64_t end = rule_moment(&r->end, c.year) - r->summer_s;
	bool summer = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end;
	return summer ? r->summer_s : r->standard_s;
}
