/* when.c: instants in the various forms of log stores. */
#include "core/instant.h"
#include "ingest/envelopes/peeling.h"
#include "ingest/formats/fields.h"

/* Unix s, ms, µs or ns, by their size: none of them is a year after 2015 in another unit. */
static bool take_unix(struct text t, int64_t *ns) {
	int64_t whole;

	if (t.len == 0 || !number_scaled(t, 0, &whole) || whole <= 0) {
		return false;
	}
	int digits = whole >= INT64_C(100000000000000000) ? 0 : whole >= INT64_C(100000000000000) ? 3 : whole >= INT64_C(100000000000) ? 6 : 9;
	return number_scaled(t, digits, ns);
}

static int month_named(struct text *t) {
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int m = 0; m < 12 && t->len >= 3; m++) {
		if (memcmp(months + 3 * m, t->at, 3) == 0) {
			*t = text_cut(*t, 3, t->len);
			return m + 1;
		}
	}
	return 0;
}

static bool take_int(struct text *t, int *out) {
	int64_t n;

	if (t->len == 0 || t->at[0] == '-' || !text_take_i64(t, &n) || n > 9999) {
		return false;
	}
	*out = (int)n;
	return true;
}

/* "6:00:00.123 AM" */
static bool take_clock(struct text t, struct civil *c) {
	int64_t nano;

	if (!take_int(&t, &c->hour) || !text_skip(&t, T(":")) || !take_int(&t, &c->minute) || !text_skip(&t, T(":")) ||
	    !text_take_fixed(&t, 9, &nano) || nano < 0 || nano >= 60 * NS_PER_SECOND) {
		return false;
	}
	c->second = (int)(nano / NS_PER_SECOND);
	c->nanosecond = (int)(nano % NS_PER_SECOND);
	if (text_eq(t, T(" AM")) || text_eq(t, T(" PM"))) {
		c->hour = c->hour % 12 + (t.at[1] == 'P' ? 12 : 0);
		return true;
	}
	return t.len == 0;
}

/* "Oct 5, 2026 @ 06:00:00.123" of Kibana, "10/5/2026, 6:00:00.123 AM" of Azure's portal */
static bool take_worded(struct text t, struct civil *c) {
	*c = (struct civil){.month = month_named(&t)};
	if (c->month > 0) {
		if (!text_skip(&t, T(" ")) || !take_int(&t, &c->day) || !text_skip(&t, T(", ")) || !take_int(&t, &c->year) ||
		    !text_skip(&t, T(" @ "))) {
			return false;
		}
	} else if (!take_int(&t, &c->month) || !text_skip(&t, T("/")) || !take_int(&t, &c->day) || !text_skip(&t, T("/")) ||
	           !take_int(&t, &c->year) || !text_skip(&t, T(", "))) {
		return false;
	}
	return take_clock(t, c) && civil_valid(c);
}

/* Treated as UTC: false if the text is not an instant. */
static bool take_civil(struct text t, int64_t *ns, bool *zone_given) {
	struct civil c;

	if (instant_take(&t, ns, zone_given)) {
		*zone_given = *zone_given || text_eq(t, T(" UTC"));
		return t.len == 0 || text_eq(t, T(" UTC"));
	}
	*zone_given = false;
	return take_worded(t, &c) && civil_to_instant(&c, ns);
}

bool peel_stamp(struct peeling *p, struct text t, bool in_utc) {
	bool zone_given;
	int64_t ns;

	if (take_unix(t, &ns)) {
		set_stamp(p, ns);
		return true;
	}
	if (t.len < 8 || !take_civil(t, &ns, &zone_given)) {
		return false;
	}
	if (zone_given || in_utc) {
		set_stamp(p, ns);
	} else {
		instant_to_civil(ns, &p->local);
		p->has_local = true;
	}
	return true;
}
