/*
 * mutate.c: changes logs by their structure: lines are copied, removed, moved and swapped, numbers become extreme or
 * change slightly, values move from one field to another; sometimes bytes change as by libFuzzer.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS_MAX 4
#define VALUE_MAX 200

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, uint8_t *out, size_t max, unsigned seed);

static const char *const extremes[] = {
	"0", "1", "-1", "2", "9", "10", "999", "1000", "32768", "65535", "2147483647", "2147483648", "4294967295", "4294967296",
	"9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "0.0", "0.001",
	"1e3", "1e18", "1e308", "1e-308", "1e400", "-0", "00", "null", "true", "\"\"", "[]", "{}", "NaN", "Infinity", "86400000000000",
	"1795212000", "1795212000000", "1795212000000000", "1795212000000000000", "\"1795212000000000000\"", "\"2026-11-20T22:00:00Z\"",
};
#define EXTREMES (sizeof extremes / sizeof *extremes)

struct log {
	uint8_t *at;
	size_t len, max;
	uint64_t state;
};
struct span {
	size_t from, to;
};

static size_t below(struct log *l, size_t n) {
	l->state = l->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return n > 0 ? (size_t)(l->state >> 33) % n : 0;
}

/* Replaces the bytes of a span; does nothing if there is no room. */
static void replace(struct log *l, struct span s, const void *bytes, size_t len) {
	size_t rest = l->len - s.to;

	if (l->len - (s.to - s.from) + len > l->max) {
		return;
	}
	memmove(l->at + s.from + len, l->at + s.to, rest);
	memcpy(l->at + s.from, bytes, len);
	l->len = s.from + len + rest;
}

/* A line, with its end. */
static struct span any_line(struct log *l) {
	size_t at = below(l, l->len), from = at, to = at;

	while (from > 0 && l->at[from - 1] != '\n') {
		from--;
	}
	while (to < l->len && l->at[to] != '\n') {
		to++;
	}
	return (struct span){from, to < l->len ? to + 1 : to};
}

static bool in_number(uint8_t c) {
	return (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* A run of digits, from any place. */
static bool any_number(struct log *l, struct span *s) {
	size_t at = below(l, l->len);

	while (at < l->len && !in_number(l->at[at])) {
		at++;
	}
	s->from = s->to = at;
	while (s->to < l->len && in_number(l->at[s->to])) {
		s->to++;
	}
	return s->to > s->from;
}

/* The text after a ':' or '=' up to the next separator. */
static bool any_value(struct log *l, struct span *s) {
	size_t at = below(l, l->len);

	while (at < l->len && l->at[at] != ':' && l->at[at] != '=') {
		at++;
	}
	s->from = s->to = at + 1;
	while (s->to < l->len && !strchr(",}] \n", l->at[s->to])) {
		s->to++;
	}
	return s->to < l->len && s->to > s->from && s->to - s->from < VALUE_MAX;
}

static void copy_line(struct log *l) {
	uint8_t line[4096];
	struct span from = any_line(l), to = any_line(l);
	size_t len = from.to - from.from;

	if (len <= sizeof line) {
		memcpy(line, l->at + from.from, len);
		replace(l, (struct span){to.from, below(l, 3) ? to.from : to.to}, line, len);
	}
}

static void drop_line(struct log *l) {
	replace(l, any_line(l), "", 0);
}

static void make_extreme(struct log *l) {
	struct span s;
	const char *word = extremes[below(l, EXTREMES)];

	if (any_number(l, &s)) {
		replace(l, s, word, strlen(word));
	}
}

static void change_digit(struct log *l) {
	struct span s;

	if (any_number(l, &s)) {
		l->at[s.from + below(l, s.to - s.from)] = (uint8_t)('0' + below(l, 10));
	}
}

static void copy_value(struct log *l) {
	uint8_t value[VALUE_MAX];
	struct span from, to;

	if (any_value(l, &from) && any_value(l, &to)) {
		memcpy(value, l->at + from.from, from.to - from.from);
		replace(l, to, value, from.to - from.from);
	}
}

static void change_line(struct log *l) {
	uint8_t line[4096];
	struct span s = any_line(l);
	size_t len = s.to - s.from;

	if (len > 0 && len <= sizeof line / 2) {
		memcpy(line, l->at + s.from, len);
		replace(l, s, line, LLVMFuzzerMutate(line, len, sizeof line));
	}
}

static void change_bytes(struct log *l) {
	l->len = LLVMFuzzerMutate(l->at, l->len, l->max);
}

static void (*const changes[])(struct log *l) = {make_extreme, make_extreme, change_digit, change_digit, copy_line, copy_line, drop_line,
                                                  copy_value, copy_value, change_line, change_bytes};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
	struct log l = {data, size, max, seed};

	if (size == 0) {
		return LLVMFuzzerMutate(data, size, max);
	}
	for (size_t rounds = 1 + below(&l, ROUNDS_MAX); rounds > 0 && l.len > 0; rounds--) {
		changes[below(&l, sizeof changes / sizeof *changes)](&l);
	}
	return l.len;
}

/* Lines of both, without some of them. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, uint8_t *out, size_t max, unsigned seed) {
	struct log l = {out, 0, max, seed};
	const uint8_t *at[2] = {a, b}, *end[2] = {a + a_len, b + b_len};

	while (at[0] < end[0] || at[1] < end[1]) {
		size_t of = at[0] == end[0] ? 1 : at[1] == end[1] ? 0 : below(&l, 2);
		const uint8_t *stop = memchr(at[of], '\n', (size_t)(end[of] - at[of]));
		size_t len = (size_t)((stop ? stop + 1 : end[of]) - at[of]);
		if (below(&l, 4) > 0 && l.len + len <= max) {
			memcpy(out + l.len, at[of], len);
			l.len += len;
		}
		at[of] += len;
	}
	return l.len;
}
