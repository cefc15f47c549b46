/*
 * scrape_time.c: the line with the time of the scrape before a scraped page.
 *
 * # 2026-08-10T23:59:25Z
 * === 1786406365 ===
 * 2026-08-10 23:59:25               local time, see --log-zone
 * Mon Aug 10 23:59:25 UTC 2026      date
 * Mon Aug 10 11:59:25 PM CEST 2026  date, in another language area
 * Mon, 10 Aug 2026 23:59:25 +0000   date -R
 * Date: Mon, 10 Aug 2026 23:59:25 GMT      curl -i
 */
#include "core/instant.h"
#include "ingest/formats/metrics/prometheus.h"

/* Parts of a date line, in any order. */
struct words {
	struct civil at;
	bool has_month, has_day, has_year, has_clock, zone_given, afternoon, twelve_hours;
	int64_t offset_s;
};

static bool number_of(struct text t, int64_t min, int64_t max, int64_t *out) {
	return t.len > 0 && t.at[0] != '-' && text_to_i64(t, out) && *out >= min && *out <= max;
}

static bool take_month(struct words *w, struct text t) {
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int m = 0; t.len >= 3 && m < 12; m++) {
		if (memcmp(months + 3 * m, t.at, 3) == 0 && !w->has_month) {
			w->at.month = m + 1;
			return w->has_month = true;
		}
	}
	return false;
}

static bool is_weekday(struct text t) {
	static const char days[] = "MonTueWedThuFriSatSun";

	for (int d = 0; t.len >= 3 && d < 7; d++) {
		if (memcmp(days + 3 * d, t.at, 3) == 0) {
			return true;
		}
	}
	return false;
}

/* "23:59:25" */
static bool take_clock(struct words *w, struct text t) {
	int64_t hour, minute, nano;

	if (w->has_clock || !text_take_i64(&t, &hour) || !text_skip(&t, T(":")) || !text_take_i64(&t, &minute) ||
	    !text_skip(&t, T(":")) || !text_take_fixed(&t, 9, &nano) || t.len > 0 || hour < 0 || hour > 23 || minute < 0 ||
	    minute > 59 || nano < 0 || nano >= 60 * NS_PER_SECOND) {
		return false;
	}
	w->at.hour = (int)hour;
	w->at.minute = (int)minute;
	w->at.second = (int)(nano / NS_PER_SECOND);
	w->at.nanosecond = (int)(nano % NS_PER_SECOND);
	return w->has_clock = true;
}

/* "UTC", "+0200"; other names of zones have no known offset. */
static bool take_zone(struct words *w, struct text t) {
	int64_t hhmm;

	if (text_eq(t, T("UTC")) || text_eq(t, T("GMT")) || text_eq(t, T("Z"))) {
		w->zone_given = true;
		return true;
	}
	if (t.len == 5 && (t.at[0] == '+' || t.at[0] == '-') && text_to_i64(text_cut(t, 1, 5), &hhmm) && hhmm < 2400) {
		w->zone_given = true;
		w->offset_s = (t.at[0] == '-' ? -1 : 1) * (hhmm / 100 * 3600 + hhmm % 100 * 60);
		return true;
	}
	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] < 'A' || t.at[i] > 'Z') {
			return false;
		}
	}
	return t.len >= 3 && t.len <= 5;
}

static bool take_word(struct words *w, struct text t) {
	int64_t n;

	t.len -= text_ends(t, T(",")) ? 1 : 0;
	if (text_eq(t, T("AM")) || text_eq(t, T("PM"))) {
		w->twelve_hours = true;
		w->afternoon = t.at[0] == 'P';
		return true;
	}
	if (number_of(t, 1, 31, &n) && !w->has_day) {
		w->at.day = (int)n;
		return w->has_day = true;
	}
	if (number_of(t, 2015, 2099, &n) && !w->has_year) {
		w->at.year = (int)n;
		return w->has_year = true;
	}
	return take_clock(w, t) || take_month(w, t) || is_weekday(t) || take_zone(w, t);
}

static bool date_of_words(struct text t, struct scrape_time *out) {
	struct words w = {0};

	while (t.len > 0) {
		text_skip_blanks(&t);
		size_t end = text_find_byte(t, ' ');
		if (t.len > 0 && !take_word(&w, text_cut(t, 0, end))) {
			return false;
		}
		t = text_cut(t, end == SIZE_MAX ? t.len : end, t.len);
	}
	if (!w.has_month || !w.has_day || !w.has_year || !w.has_clock) {
		return false;
	}
	if (w.twelve_hours) {
		w.at.hour = w.at.hour % 12 + (w.afternoon ? 12 : 0);
	}
	*out = (struct scrape_time){.at = w.at, .zone_given = w.zone_given};
	bool fine = civil_valid(&w.at) && civil_to_instant(&w.at, &out->ns);
	out->ns -= fine ? w.offset_s * NS_PER_SECOND : 0;
	return fine;
}

/* Unix s, or ms: no scrape was before 1973 in ms or is after 5138 in s. */
static bool unix_of(struct text t, struct scrape_time *out) {
	int64_t whole;

	*out = (struct scrape_time){.zone_given = true};
	return t.len >= 10 && t.len <= 20 && t.at[0] >= '1' && t.at[0] <= '9' && number_scaled(t, 0, &whole) &&
	       number_scaled(t, whole >= INT64_C(100000000000000000) ? UNIT_NS : whole >= INT64_C(100000000000) ? UNIT_MS : UNIT_S, &out->ns);
}

/* "2026-08-10T23:59:25Z", "2026-08-10 23:59:25", "2026-08-10_23:59:25" */
static bool iso_of(struct text t, struct scrape_time *out) {
	char buffer[40];

	if (t.len < 19 || t.len >= sizeof buffer || t.at[4] != '-') {
		return false;
	}
	memcpy(buffer, t.at, t.len);
	buffer[10] = buffer[10] == '_' ? 'T' : buffer[10];
	struct text rest = {buffer, t.len};
	if (!instant_take(&rest, &out->ns, &out->zone_given)) {
		return false;
	}
	out->zone_given = out->zone_given || text_eq(rest, T(" UTC"));
	instant_to_civil(out->ns, &out->at);
	return rest.len == 0 || text_eq(rest, T(" UTC"));
}

/* "20260810T235925Z" */
static bool compact_of(struct text t, struct scrape_time *out) {
	char iso[20];

	if ((t.len != 16 && t.len != 15) || t.at[8] != 'T') {
		return false;
	}
	static const char form[] = "0123-45-67T89:01:23Z";
	static const size_t from[] = {0, 1, 2, 3, 0, 4, 5, 0, 6, 7, 8, 9, 10, 0, 11, 12, 0, 13, 14, 15};
	for (size_t i = 0; i < sizeof iso; i++) {
		iso[i] = memchr("-:", form[i], 2) ? form[i] : from[i] < t.len ? t.at[from[i]] : ' ';
	}
	return iso_of((struct text){iso, t.len == 16 ? 20 : 19}, out);
}

/* "scraped at 2026-08-10T23:59:25Z", "time=…": words without digits in front. */
static struct text behind_words(struct text t) {
	size_t i = 0;

	while (i < t.len && i < 24 && (t.at[i] < '0' || t.at[i] > '9')) {
		i++;
	}
	struct text rest = text_cut(t, i, t.len);
	bool help = text_starts(t, T("HELP ")) || text_starts(t, T("TYPE ")) || text_starts(t, T("UNIT "));
	return !help && text_starts(rest, T("20")) && rest.len >= 15 && text_find_byte(text_cut(t, 0, i), '{') == SIZE_MAX ? rest : t;
}

bool scrape_time(struct text t, struct scrape_time *out) {
	static const struct text names[] = {{"Date: ", 6}, {"date: ", 6}, {"< Date: ", 8}, {"< date: ", 8}, {"time: ", 6}, {"timestamp: ", 11}};

	while (t.len > 0 && memchr("#= -@", t.at[0], 5)) {
		t = text_cut(t, 1, t.len);
	}
	while (t.len > 0 && memchr("#= -", t.at[t.len - 1], 4)) {
		t.len--;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		text_skip(&t, names[i]);
	}
	t = text_trim(t);
	if (t.len < 10 || t.len > 48) {
		return false;
	}
	if (date_of_words(t, out)) {
		return true;
	}
	t = behind_words(t);
	return t.at[0] >= '0' && t.at[0] <= '9' && (unix_of(t, out) || iso_of(t, out) || compact_of(t, out));
}

bool scrape_time_resolve(struct parser *p, const struct scrape_time *t, int64_t *ns) {
	if (t->zone_given) {
		*ns = t->ns;
		return true;
	}
	return stamp_resolve(&p->stamps, t->at, ns);
}
