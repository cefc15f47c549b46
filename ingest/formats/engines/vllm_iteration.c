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

/* The first eight bytes, or all there are, then zeros; there are eight in front of them. */
static inline uint64_t eight_or_less(struct text t) {
	return t.len >= 8 ? eight_at(t.at) : t.len == 0 ? 0 : eight_at(t.at + t.len - 8) >> 8 * (8 - t.len);
}

/* "12.24 ms", with a fraction of at most six digits, after words. */
static inline bool take_milliseconds(struct text *t, int64_t *ns) {
	unsigned digits, decimals;
	int64_t whole = (int64_t)digits_of(eight_or_less(*t), &digits);
	struct text rest = text_cut(*t, digits, t->len);

	if (digits == 0 || digits == 8 || !text_skip(&rest, T("."))) {
		return false;
	}
	int64_t part = (int64_t)digits_of(eight_or_less(rest), &decimals);
	rest = text_cut(rest, decimals, rest.len);
	if (decimals == 0 || decimals > 6 || !text_skip(&rest, T(" ms"))) {
		return false;
	}
	*ns = whole * 1000000 + part * digit_tens[6 - decimals];
	*t = rest;
	return true;
}

static bool take_usual_iteration(struct text t, struct iteration *it, struct text *rest) {
	static const struct text no_prompts = {"0 context requests, 0 context tokens, ", 38};

	if (!take_usual(&t, &it->index, T("): "))) {
		return false;
	}
	if (text_skip(&t, no_prompts)) {
		it->context_requests = it->context_tokens = 0;
	} else if (!take_usual(&t, &it->context_requests, T(" context requests, ")) || !take_usual(&t, &it->context_tokens, T(" context tokens, "))) {
		return false;
	}
	if (!take_usual(&t, &it->generation_requests, T(" generation requests, ")) ||
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
