#include "inspect/invoices/figures.h"

#include "core/decimal.h"
#include "core/exact.h"
#include "core/instant.h"

#define NUMBER_MAX 80

/* Digits, points, commas, sign and exponent; currency signs, letters around, spaces and ' between digits are dropped. */
static size_t number_of(struct text t, char out[NUMBER_MAX], bool *negative) {
	size_t len = 0;

	*negative = false;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];
		bool exponent = (c == 'e' || c == 'E') && len > 0 && text_is_digit(out[len - 1]) && i + 1 < t.len &&
		                (text_is_digit(t.at[i + 1]) || t.at[i + 1] == '-' || t.at[i + 1] == '+');
		bool in_exponent = len > 0 && out[len - 1] == 'e';
		if ((c == '-' || c == '+') && !in_exponent) {
			*negative |= c == '-';
		} else if (c == '(') {
			*negative = true;
		} else if (text_is_digit(c) || c == '.' || c == ',' || exponent || c == '-' || c == '+') {
			if (len + 1 == NUMBER_MAX) {
				return 0;
			}
			out[len++] = exponent ? 'e' : c;
		}
	}
	return len;
}

static size_t count_of(const char *s, size_t len, char c, size_t *last) {
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		n += s[i] == c;
		*last = s[i] == c ? i : *last;
	}
	return n;
}

/* The decimal sign: '.' or ','; 0: there is none. */
static char decimal_sign(const char *s, size_t len, bool decimal_comma) {
	size_t comma = 0, point = 0;
	size_t commas = count_of(s, len, ',', &comma), points = count_of(s, len, '.', &point);

	if (commas > 0 && points > 0) {
		return comma > point ? ',' : '.';
	}
	if (points > 0) {
		return points > 1 || (decimal_comma && len - point == 4) ? 0 : '.';
	}
	if (commas > 0) {
		return commas > 1 || (!decimal_comma && len - comma == 4) ? 0 : ',';
	}
	return 0;
}

bool figure_amount(struct text t, const struct figure_style *style, int64_t *nano) {
	char number[NUMBER_MAX];
	bool negative;
	size_t len = number_of(t, number, &negative), kept = 0;
	char sign = decimal_sign(number, len, style->decimal_comma);

	for (size_t i = 0; i < len; i++) {
		bool dropped = (number[i] == '.' || number[i] == ',') && number[i] != sign;
		if (!dropped) {
			number[kept++] = number[i] == sign && sign ? '.' : number[i];
		}
	}
	struct text rest = {number, kept};
	if (kept == 0 || (!decimal_parse(rest, 0, nano) && !(text_take_fixed(&rest, 9, nano) && rest.len == 0))) {
		/* An exponent with digits below a nano-unit: those digits are dropped. */
		size_t e = text_find_byte((struct text){number, kept}, 'e');
		if (e == SIZE_MAX || e + 1 >= kept || number[e + 1] != '-') {
			return false;
		}
		*nano = 0;
		rest = text_cut((struct text){number, kept}, 0, e);
		int64_t places = 0, mantissa = 0, scale = 1;
		struct text digits = text_cut((struct text){number, kept}, e + 2, kept);
		if (!text_to_i64(digits, &places) || places > 18 || !text_take_fixed(&rest, 9, &mantissa) || rest.len > 0) {
			return places > 18;
		}
		for (int64_t i = 0; i < places; i++) {
			scale *= 10;
		}
		*nano = (int64_t)exact_div(mantissa, scale);
	}
	*nano = negative ? -*nano : *nano;
	return true;
}

void figure_learn_amount(struct text t, struct figure_style *style) {
	char number[NUMBER_MAX];
	bool negative;
	size_t len = number_of(t, number, &negative), comma = 0, point = 0;
	size_t commas = count_of(number, len, ',', &comma), points = count_of(number, len, '.', &point);

	/* A comma that does not precede three digits, or comes last after a point. */
	style->decimal_comma |= commas == 1 && ((points == 0 && len - comma != 4) || (points > 0 && comma > point));
}

/* ---- times ---- */

/* Up to three numbers with '/', '.' or '-' between. */
static bool take_parts(struct text *t, int64_t out[3]) {
	char between = 0;

	for (int i = 0; i < 3; i++) {
		if (i > 0 && (t->len == 0 || (t->at[0] != '/' && t->at[0] != '.' && t->at[0] != '-') || (between && t->at[0] != between))) {
			return false;
		}
		between = i > 0 ? t->at[0] : 0;
		*t = text_cut(*t, i > 0, t->len);
		if (!text_take_i64(t, &out[i]) || out[i] < 0) {
			return false;
		}
	}
	return true;
}

static int64_t days_of(int64_t year, int64_t month, int64_t day, bool *valid) {
	const struct civil c = {.year = (int)year, .month = (int)month, .day = (int)day};
	int64_t ns = 0;

	*valid = year > 1970 && year < 2200 && month >= 1 && month <= 12 && day >= 1 && day <= 31 && civil_to_instant(&c, &ns);
	return ns;
}

/* 08/10/2026, 10.08.2026, 2026/08/10: a date at the start of the text. */
static bool take_date(struct text *t, const struct figure_style *style, int64_t *ns) {
	int64_t p[3];
	bool valid, points = t->len > 2 && (t->at[1] == '.' || t->at[2] == '.');

	if (!take_parts(t, p)) {
		return false;
	}
	if (p[0] > 31) {
		*ns = days_of(p[0], p[1], p[2], &valid);
		return valid;
	}
	bool day_first = points || style->day_first || p[0] > 12;
	p[2] += p[2] < 100 ? 2000 : 0;
	*ns = days_of(p[2], day_first ? p[1] : p[0], day_first ? p[0] : p[1], &valid);
	return valid;
}

/* "14:30", "14:30:00.5", "2:30 PM", with or without a zone; empty is midnight. */
static bool take_time(struct text t, int64_t *ns) {
	int64_t hour = 0, minute = 0, second_nano = 0;

	t = text_trim(t);
	text_skip(&t, T("T"));
	if (t.len == 0) {
		return true;
	}
	if (!text_take_i64(&t, &hour) || !text_skip(&t, T(":")) || !text_take_i64(&t, &minute)) {
		return false;
	}
	if (text_skip(&t, T(":")) && !text_take_fixed(&t, 9, &second_nano)) {
		return false;
	}
	if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || second_nano < 0 || second_nano > 60 * NS_PER_SECOND) {
		return false;
	}
	t = text_trim(t);
	bool pm = text_starts(t, T("PM")) || text_starts(t, T("pm")), am = text_starts(t, T("AM")) || text_starts(t, T("am"));
	hour = (pm || am) && hour == 12 ? 0 : hour;
	*ns += ((hour + (pm ? 12 : 0)) * 3600 + minute * 60) * NS_PER_SECOND + second_nano;
	t = pm || am ? text_trim(text_cut(t, 2, t.len)) : t;
	return t.len == 0 || text_eq(t, T("Z")) || text_eq(t, T("UTC")) || text_eq(t, T("GMT")) || text_eq(t, T("+00:00")) ||
	       text_eq(t, T("+0000")) || text_eq(t, T("+0000 UTC")) || text_eq(t, T("(UTC)"));
}

/* Seconds or milliseconds since 1970, with decimals that are ignored. */
static bool take_epoch(struct text t, int64_t *ns) {
	int64_t n;

	if (t.len < 10 || !text_take_i64(&t, &n) || n < 1000000000) {
		return false;
	}
	if (t.len > 0 && !(t.at[0] == '.' && t.len < 12)) {
		return false;
	}
	return !__builtin_mul_overflow(n, n < 100000000000 ? NS_PER_SECOND : n < 100000000000000 ? 1000000 : 1, ns);
}

static bool is_compact_date(struct text t) {
	for (size_t i = 0; i < t.len; i++) {
		if (!text_is_digit(t.at[i])) {
			return false;
		}
	}
	return t.len == 8;
}

static bool take_instant(struct text t, const struct figure_style *style, int64_t *ns, bool *is_date) {
	int64_t compact;
	bool valid;

	t = text_trim(t);
	*is_date = is_compact_date(t);
	if (*is_date && text_to_i64(t, &compact)) {
		*ns = days_of(compact / 10000, compact / 100 % 100, compact % 100, &valid);
		return valid;
	}
	if (instant_parse(t, ns)) {
		*is_date = t.len <= 10;
		return true;
	}
	if (take_epoch(t, ns)) {
		return true;
	}
	struct text rest = t;
	if (!take_date(&rest, style, ns)) {
		return false;
	}
	*is_date = text_trim(rest).len == 0;
	return take_time(rest, ns);
}

/* Up to the year 2116, so that a period can be added. */
bool figure_instant(struct text t, const struct figure_style *style, int64_t *ns, bool *is_date) {
	return take_instant(t, style, ns, is_date) && *ns > -INT64_MAX / 2 && *ns < INT64_MAX / 2;
}

void figure_learn_date(struct text t, struct figure_style *style) {
	int64_t p[3];

	t = text_trim(t);
	if (take_parts(&t, p) && p[0] > 12 && p[0] <= 31 && p[1] <= 12) {
		style->day_first = true;
	}
}

struct text figure_currency(struct text amount, struct text column) {
	static const struct {
		struct text sign, code;
	} signs[] = {{T("\xe2\x82\xac"), T("EUR")}, {T("\xc2\xa3"), T("GBP")}, {T("\xe2\x82\xb9"), T("INR")}, {T("US$"), T("USD")}};
	static const struct text codes[] = {T("EUR"), T("USD"), T("GBP"), T("CHF"), T("JPY"), T("CNY"), T("INR"), T("CAD"), T("AUD"), T("SEK"),
	                                    T("NOK"), T("DKK"), T("PLN"), T("SGD"), T("KRW")};

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		if (text_find(amount, signs[i].sign) != SIZE_MAX) {
			return signs[i].code;
		}
	}
	column = text_trim(column);
	column.len -= text_ends(column, T(")")) || text_ends(column, T("]"));
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		bool named = column.len > 3 && text_eq_nocase(text_cut(column, column.len - 3, column.len), codes[i]);
		if (named || text_find(amount, codes[i]) != SIZE_MAX) {
			return codes[i];
		}
	}
	return T("");
}
