/*
 * vllm_iteration.c: the numbers of an iteration line.
 *
 * Nearly all lines have short numbers between the same words: these are compared word by word, digits are read eight at
 * a time. Everything else is left to the slow reader; tests/fuzz/fuzz_usual.c compares both.
 */
#include "core/bytes.h"
#include "ingest/formats/engines/vllm.h"

bool vllm_take_any_iteration(struct text *t, struct iteration *it) {
	return text_take_i64(t, &it->index) && text_skip(t, T("): ")) && text_take_i64(t, &it->context_requests) &&
	       text_skip(t, T(" context requests, ")) && text_take_i64(t, &it->context_tokens) &&
	       text_skip(t, T(" context tokens, ")) && text_take_i64(t, &it->generation_requests) &&
	       text_skip(t, T(" generation requests, ")) && text_take_i64(t, &it->generation_tokens) &&
	       text_skip(t, T(" generation tokens, iteration elapsed time: ")) &&
	       text_take_fixed(t, 6, &it->elapsed_ns) && text_skip(t, T(" ms"));
}

/* The longest words between two numbers, and the eight bytes in which digits are read. */
#define MOST_BYTES (sizeof " generation tokens, iteration elapsed time: " + 8)

/* A number of at most seven digits and the words after it; moves past both. */
static inline bool take_usual(struct text *t, int64_t *n, struct text words) {
	unsigned digits;

	if (t->len < MOST_BYTES) {
		return false;
	}
	*n = (int64_t)digits_of(eight_at(t->at), &digits);
	if (digits == 0 || digits == 8 || !token_at(t->at + digits, words)) {
		return false;
	}
	t->at += digits + words.len;
	t->len -= digits + words.len;
	return true;
}

/* "12.24 ms", with a fraction of at most six digits. */
static inline bool take_milliseconds(struct text *t, int64_t *ns) {
	int64_t whole = 0;
	size_t i = 0, point;

	for (; i < t->len && i < 8 && (unsigned char)(t->at[i] - '0') <= 9; i++) {
		whole = 10 * whole + (t->at[i] - '0');
	}
	point = i;
	if (point == 0 || point == 8 || point == t->len || t->at[i++] != '.') {
		return false;
	}
	for (; i < t->len && i - point <= 6 && (unsigned char)(t->at[i] - '0') <= 9; i++) {
		whole = 10 * whole + (t->at[i] - '0');
	}
	size_t decimals = i - point - 1;
	struct text rest = text_cut(*t, i, t->len);
	if (decimals == 0 || !text_skip(&rest, T(" ms"))) {
		return false;
	}
	*ns = whole * digit_tens[6 - decimals];
	*t = rest;
	return true;
}

static bool take_usual_iteration(struct text t, struct iteration *it, struct text *rest) {
	if (!take_usual(&t, &it->index, T("): ")) || !take_usual(&t, &it->context_requests, T(" context requests, ")) ||
	    !take_usual(&t, &it->context_tokens, T(" context tokens, ")) ||
	    !take_usual(&t, &it->generation_requests, T(" generation requests, ")) ||
	    !take_usual(&t, &it->generation_tokens, T(" generation tokens, iteration elapsed time: ")) ||
	    !take_milliseconds(&t, &it->elapsed_ns)) {
		return false;
	}
	*rest = t;
	return true;
}

bool vllm_take_iteration(struct text *t, struct iteration *it) {
	return take_usual_iteration(*t, it, t) || vllm_take_any_iteration(t, it);
}
