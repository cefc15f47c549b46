#include "core/decimal.h"

#include <assert.h>
#include <stdio.h>

/* With larger exponents, no value except 0 fits. */
#define EXPONENT_MAX 400

struct parsed {
	int128 digits; /* as an integer, without trailing zeros of the fraction */
	int exponent;  /* value = digits x 10^exponent */
	bool minus;
};

static bool take_sign(struct text *t, bool plus_too) {
	if (text_skip(t, T("-"))) {
		return true;
	}
	if (plus_too) {
		text_skip(t, T("+"));
	}
	return false;
}

/* Digits, stored while they fit; zeros are counted and applied only when another digit follows. */
static bool take_digits(struct text *t, struct parsed *p, int *zeros, bool fraction, bool *any) {
	for (; t->len > 0 && *t->at >= '0' && *t->at <= '9'; t->at++, t->len--) {
		*any = true;
		if (fraction) {
			p->exponent--;
		}
		if (*t->at == '0') {
			(*zeros)++;
			continue;
		}
		for (; p->digits != 0 && *zeros > 0; (*zeros)--) {
			if (__builtin_mul_overflow(p->digits, (int128)10, &p->digits)) {
				return false;
			}
		}
		*zeros = 0;
		if (__builtin_mul_overflow(p->digits, (int128)10, &p->digits) ||
		    __builtin_add_overflow(p->digits, (int128)(*t->at - '0'), &p->digits)) {
			return false;
		}
	}
	return true;
}

static bool take_exponent(struct text *t, int *exponent) {
	int64_t e;

	if (!text_skip(t, T("e")) && !text_skip(t, T("E"))) {
		return true;
	}
	bool minus = take_sign(t, true);
	if (t->len == 0 || *t->at == '-' || !text_take_i64(t, &e) || e > EXPONENT_MAX) {
		return false;
	}
	*exponent += (int)(minus ? -e : e);
	return true;
}

static bool parse(struct text t, struct parsed *p) {
	int zeros = 0;
	bool any = false, whole;

	p->minus = take_sign(&t, false);
	if (!take_digits(&t, p, &zeros, false, &any)) {
		return false;
	}
	whole = any;
	if (text_skip(&t, T("."))) {
		any = false;
		if (!take_digits(&t, p, &zeros, true, &any)) {
			return false;
		}
	}
	p->exponent += p->digits != 0 ? zeros : 0;
	return whole && any && take_exponent(&t, &p->exponent) && t.len == 0;
}

bool decimal_parse(struct text t, int shift, int64_t *nano) {
	struct parsed p = {0};

	if (t.len > 4096 || !parse(t, &p)) {
		return false;
	}
	if (p.digits == 0) {
		*nano = 0;
		return true;
	}
	for (p.exponent += 9 + shift; p.exponent > 0; p.exponent--) {
		if (p.digits > INT64_MAX || __builtin_mul_overflow(p.digits, (int128)10, &p.digits)) {
			return false;
		}
	}
	for (; p.exponent < 0; p.exponent++) {
		if (p.digits % 10 != 0) {
			return false;
		}
		p.digits /= 10;
	}
	p.digits = p.minus ? -p.digits : p.digits;
	if (p.digits > INT64_MAX || p.digits < INT64_MIN) {
		return false;
	}
	*nano = (int64_t)p.digits;
	return true;
}

const char *decimal_format(int128 nano, int places, char out[DECIMAL_TEXT_MAX]) {
	int64_t unit = 1, per_one = 1;

	assert(places >= 0 && places <= 9);
	for (int i = 0; i < 9; i++) {
		int64_t *grows = i < places ? &per_one : &unit;
		*grows *= 10;
	}
	int128 rounded = exact_div(nano, unit);
	bool minus = rounded < 0;
	int128 value = minus ? -rounded : rounded;
	char whole[EXACT_TEXT_MAX];
	exact_print(value / per_one, whole);
	if (places == 0) {
		snprintf(out, DECIMAL_TEXT_MAX, "%s%.46s", minus ? "-" : "", whole);
	} else {
		snprintf(out, DECIMAL_TEXT_MAX, "%s%.36s.%0*u", minus ? "-" : "", whole, places, (unsigned)(value % per_one));
	}
	return out;
}

const char *decimal_exact(int128 nano, int least_places, char out[DECIMAL_TEXT_MAX]) {
	size_t len = strlen(decimal_format(nano, 9, out)), least = len - 9 + (size_t)least_places;

	while (len > least && out[len - 1] == '0') {
		len--;
	}
	out[len - (out[len - 1] == '.')] = '\0';
	return out;
}

/* a and b > 0 */
static int64_t common_divisor(int64_t a, int64_t b) {
	while (a % b != 0) {
		int64_t left = a % b;
		a = b;
		b = left;
	}
	return b;
}

bool fraction_parse(struct text t, int64_t most, int64_t *num, int64_t *den) {
	struct text rest = t, before;

	if (text_until(&rest, T("/"), &before)) {
		if (!text_to_i64(before, num) || !text_to_i64(rest, den)) {
			return false;
		}
	} else if (decimal_parse(t, 0, num)) {
		*den = NANO;
	} else {
		return false;
	}
	if (*num < 1 || *den < 1 || *den > NANO) {
		return false;
	}
	int64_t divisor = common_divisor(*num, *den);
	*num /= divisor;
	*den /= divisor;
	return (int128)*num <= (int128)most * *den && *num <= NANO;
}
