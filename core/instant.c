#include "core/instant.h"

#include <stdio.h>
#include <time.h>

#include "core/bytes.h"

int64_t instant_now(void) {
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* Days from a civil date, counted in eras of 400 years that begin in March: the leap day comes last (Howard
 * Hinnant, "chrono-compatible low-level date algorithms"). */
int64_t civil_days(int year, int month, int day) {
	int64_t y = year + (int64_t)(month - 1) / 12;
	int m = (month - 1) % 12;

	if (m < 0) {
		m += 12;
		y--;
	}
	m++;
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static void days_to_civil(int64_t days, struct civil *out) {
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	out->year = (int)(yoe + era * 400 + (out->month <= 2));
}

static int month_days(int year, int month) {
	static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool within(int x, int low, int high) {
	return x >= low && x <= high;
}

bool civil_valid(const struct civil *c) {
	return within(c->year, 1, 9999) && within(c->month, 1, 12) &&
	       within(c->day, 1, month_days(c->year, c->month)) && within(c->hour, 0, 23) &&
	       within(c->minute, 0, 59) && within(c->second, 0, 59) && within(c->nanosecond, 0, 999999999);
}

bool civil_to_instant(const struct civil *c, int64_t *ns) {
	int64_t seconds = civil_days(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
	int128 got = (int128)seconds * NS_PER_SECOND + c->nanosecond;

	if (got > INT64_MAX || got < INT64_MIN) {
		return false;
	}
	*ns = (int64_t)got;
	return true;
}

void instant_to_civil(int64_t ns, struct civil *out) {
	int64_t days = ns / NS_PER_DAY, rest = ns % NS_PER_DAY;

	if (rest < 0) {
		rest += NS_PER_DAY;
		days--;
	}
	int second = (int)(rest / NS_PER_SECOND);
	*out = (struct civil){.hour = second / 3600,
	                      .minute = second / 60 % 60,
	                      .second = second % 60,
	                      .nanosecond = (int)(rest % NS_PER_SECOND)};
	days_to_civil(days, out);
}

/* Reads exactly `count` digits at `*i`. */
static bool digits(struct text t, size_t *i, int count, int *out) {
	int value = 0;

	if (t.len - *i < (size_t)count) {
		return false;
	}
	for (int k = 0; k < count; k++) {
		char c = t.at[(*i)++];
		if (c < '0' || c > '9') {
			return false;
		}
		value = value * 10 + (c - '0');
	}
	*out = value;
	return true;
}

static bool byte_of(struct text t, size_t *i, const char *any) {
	for (; *i < t.len && *any; any++) {
		if (t.at[*i] == *any) {
			(*i)++;
			return true;
		}
	}
	return false;
}

static void take_fraction(struct text t, size_t *i, int *nanosecond) {
	size_t at = *i;
	int value = 0, count = 0;

	if (!byte_of(t, &at, ".,") || at >= t.len || t.at[at] < '0' || t.at[at] > '9') {
		return;
	}
	for (; at < t.len && t.at[at] >= '0' && t.at[at] <= '9'; at++) {
		if (count < 9) {
			value = value * 10 + (t.at[at] - '0');
			count++;
		}
	}
	for (; count < 9; count++) {
		value *= 10;
	}
	*nanosecond = value;
	*i = at;
}

/* "Z", "+05:30" or "-0800" at `*i`: seconds east. False, and nothing moved, if there is none. */
static bool take_offset(struct text t, size_t *i, int *east_s) {
	size_t at = *i;
	int hours, minutes;

	if (byte_of(t, &at, "Zz")) {
		*east_s = 0;
		*i = at;
		return true;
	}
	bool west = at < t.len && t.at[at] == '-';
	if (!byte_of(t, &at, "+-") || !digits(t, &at, 2, &hours)) {
		return false;
	}
	size_t behind_hours = at;
	bool colon = byte_of(t, &at, ":");
	if (!digits(t, &at, 2, &minutes)) { /* "+02", as PostgreSQL writes it */
		bool more = behind_hours < t.len && t.at[behind_hours] >= '0' && t.at[behind_hours] <= '9';
		if (colon || more) {
			return false;
		}
		minutes = 0;
		at = behind_hours;
	}
	if (hours > 23 || minutes > 59) {
		return false;
	}
	*east_s = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	*i = at;
	return true;
}

/* The number of two digits; *bad is set if one is none. */
static inline int two_digits(const char *at, bool *bad) {
	unsigned tens = (unsigned char)(at[0] - '0'), ones = (unsigned char)(at[1] - '0');

	*bad |= tens > 9 || ones > 9;
	return (int)(10 * tens + ones);
}

/* "2026-05-12T08:50:00", as nearly all logs have it, without a loop; false at any other form. */
static bool take_usual_civil(struct text t, size_t *i, struct civil *c) {
	bool bad = false;

	if (t.len < sizeof "2026-05-12T08:50:00" - 1 || t.at[4] != '-' || t.at[7] != '-' || (t.at[10] != 'T' && t.at[10] != ' ') || t.at[13] != ':' ||
	    t.at[16] != ':') {
		return false;
	}
	c->year = 100 * two_digits(t.at, &bad) + two_digits(t.at + 2, &bad);
	c->month = two_digits(t.at + 5, &bad);
	c->day = two_digits(t.at + 8, &bad);
	c->hour = two_digits(t.at + 11, &bad);
	c->minute = two_digits(t.at + 14, &bad);
	c->second = two_digits(t.at + 17, &bad);
	*i += sizeof "2026-05-12T08:50:00" - 1;
	return !bad;
}

static bool take_civil(struct text t, size_t *i, struct civil *c) {
	size_t from = *i;

	if (take_usual_civil(text_cut(t, from, t.len), i, c)) {
		return true;
	}
	*i = from;
	return digits(t, i, 4, &c->year) && byte_of(t, i, "-") && digits(t, i, 2, &c->month) && byte_of(t, i, "-") &&
	       digits(t, i, 2, &c->day) && byte_of(t, i, "Tt ") && digits(t, i, 2, &c->hour) && byte_of(t, i, ":") &&
	       digits(t, i, 2, &c->minute) && byte_of(t, i, ":") && digits(t, i, 2, &c->second);
}

bool instant_take(struct text *t, int64_t *ns, bool *zone_given) {
	struct civil c = {0};
	size_t i = 0;
	int east_s = 0;

	if (!take_civil(*t, &i, &c)) {
		return false;
	}
	take_fraction(*t, &i, &c.nanosecond);
	bool given = take_offset(*t, &i, &east_s);
	if ((!given && !zone_given) || !civil_valid(&c) || !civil_to_instant(&c, ns) ||
	    __builtin_sub_overflow(*ns, east_s * NS_PER_SECOND, ns)) {
		return false;
	}
	if (zone_given) {
		*zone_given = given;
	}
	*t = text_cut(*t, i, t->len);
	return true;
}

/* ".123456789" after a second, with 1 to 9 digits: its bytes, and nanoseconds; 0: none, or another form. */
static size_t usual_fraction(struct text t, int64_t *ns) {
	char padded[10] = "";
	unsigned digits;

	*ns = 0;
	if (t.len == 0 || *t.at != '.') {
		return 0;
	}
	if (t.len < sizeof padded) {
		memcpy(padded, t.at, t.len);
		t.at = padded;
	}
	uint64_t value = digits_of(eight_at(t.at + 1), &digits);
	if (digits == 8 && (unsigned char)(t.at[9] - '0') <= 9) {
		value = 10 * value + (uint64_t)(t.at[9] - '0');
		digits = 9;
	}
	*ns = (int64_t)(digits == 9 ? value : 10 * value * digit_tens[8 - digits]);
	return digits == 0 ? 0 : 1 + digits;
}

bool instant_take_near(const struct instant_near *near, struct text *t, int64_t *ns) {
	const char *at = t->at;
	int64_t fraction_ns;

	if (near->zone_len == 0 || t->len <= INSTANT_SECOND_BYTES || eight_at(at) != eight_at(near->second) ||
	    eight_at(at + 8) != eight_at(near->second + 8) || memcmp(at + 16, near->second + 16, INSTANT_SECOND_BYTES - 16) != 0) {
		return false;
	}
	struct text rest = text_cut(*t, INSTANT_SECOND_BYTES, t->len);
	rest = text_cut(rest, usual_fraction(rest, &fraction_ns), rest.len);
	if (!text_skip(&rest, (struct text){near->zone, near->zone_len}) || __builtin_add_overflow(near->ns, fraction_ns, ns)) {
		return false;
	}
	*t = rest;
	return true;
}

void instant_keep_near(struct instant_near *near, struct text stamp, int64_t ns) {
	int64_t fraction_ns;

	near->zone_len = 0;
	if (stamp.len <= INSTANT_SECOND_BYTES || stamp.at[4] != '-' || stamp.at[7] != '-' || stamp.at[13] != ':' || stamp.at[16] != ':') {
		return;
	}
	struct text zone = text_cut(stamp, INSTANT_SECOND_BYTES, stamp.len);
	zone = text_cut(zone, usual_fraction(zone, &fraction_ns), zone.len);
	bool usual = text_eq(zone, T("Z")) || (zone.len == sizeof near->zone && (*zone.at == '+' || *zone.at == '-'));
	if (!usual || __builtin_sub_overflow(ns, fraction_ns, &near->ns)) {
		return;
	}
	memcpy(near->second, stamp.at, sizeof near->second);
	memcpy(near->zone, zone.at, zone.len);
	near->zone_len = zone.len;
}

bool instant_parse(struct text t, int64_t *ns) {
	struct civil c = {0};
	size_t i = 0;

	if (t.len == 10 && digits(t, &i, 4, &c.year) && byte_of(t, &i, "-") && digits(t, &i, 2, &c.month) &&
	    byte_of(t, &i, "-") && digits(t, &i, 2, &c.day)) {
		return civil_valid(&c) && civil_to_instant(&c, ns);
	}
	return instant_take(&t, ns, NULL) && t.len == 0;
}

const char *instant_format(int64_t ns, char out[INSTANT_TEXT_MAX]) {
	struct civil c;
	int places = 9;

	instant_to_civil(ns, &c);
	int fraction = c.nanosecond;
	for (; places > 0 && fraction % 1000 == 0; places -= 3) {
		fraction /= 1000;
	}
	int n = snprintf(out, INSTANT_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
	                 c.second);
	if (n > 0 && n < INSTANT_TEXT_MAX) {
		if (places > 0) {
			snprintf(out + n, (size_t)(INSTANT_TEXT_MAX - n), ".%0*dZ", places, fraction);
		} else {
			snprintf(out + n, (size_t)(INSTANT_TEXT_MAX - n), "Z");
		}
	}
	return out;
}
