/*
 * vllm_rust.c: vLLM's front end in Rust (VLLM_USE_RUST_FRONTEND, May 2026): differently worded statistics over all
 * engines, and finished requests with their tokens.
 *
 * 2026-06-01T10:00:10.123456Z  INFO vllm_llm::log_stats: Avg prompt tput: 803.2 toks/s, Avg generation tput: 24.7 toks/s, Reqs Running: 1, Waiting: 0, GPU KV cache used: 6.8%, Prefix cache hit rate: 43.1%
 * 2026-06-01T10:00:12.123456Z  INFO vllm_server::chat: chat completion finished stream=true model="llama" prompt_tokens=26 output_tokens=282 finish_reason="stop"
 *
 * The timestamp is complete, so it is removed like an envelope's.
 */
#include "ingest/formats/engines/vllm.h"

#include <stdio.h>

#include "core/exact.h"

/* " INFO target: message" */
static bool take_rust_prefix(struct text *t) {
	struct text target;

	text_skip_blanks(t);
	return text_skip(t, T("INFO ")) && text_until(t, T(": "), &target) && target.len > 0 &&
	       text_find_byte(target, ' ') == SIZE_MAX && text_find(target, T("::")) != SIZE_MAX;
}

/* After "Avg prompt tput: ". */
static enum parse_result rust_stats(struct parser *p, struct text t, int64_t stamp_ns, struct record *out) {
	int64_t prompt, generation;
	struct vllm_gauges g;
	const struct logged all = {0};

	if (!text_take_fixed(&t, 1, &prompt) || !text_skip(&t, T(" toks/s, Avg generation tput: ")) ||
	    !text_take_fixed(&t, 1, &generation) || !text_skip(&t, T(" toks/s")) || !vllm_tail(p, t, &g)) {
		return reject(p, "malformed statistics line");
	}
	const char *why = stamp_ns == UNKNOWN ? "no time stamp" : instant_absurd(p, stamp_ns);
	return why ? reject(p, why) : vllm_window(p, &all, stamp_ns, prompt, generation, &g, out);
}

/* The value of " key=" among tracing's fields, without its quotes. */
static bool field_of(struct text t, struct text key, struct text *value) {
	struct text before;

	if (!text_until(&t, key, &before)) {
		return false;
	}
	if (text_skip(&t, T("\""))) {
		return text_until(&t, T("\""), value);
	}
	size_t end = text_find_byte(t, ' ');
	*value = text_cut(t, 0, end == SIZE_MAX ? t.len : end);
	return true;
}

static bool count_of(struct text t, struct text key, int64_t *n) {
	struct text value;

	return field_of(t, key, &value) && text_to_i64(value, n) && *n >= 0 && *n <= COUNT_MAX;
}

static enum parse_result rust_request(struct parser *p, struct text t, int64_t stamp_ns, struct record *out) {
	struct vllm *v = p->state;
	struct request *q = &out->request;
	struct text reason = {0};
	const char *why = stamp_ns == UNKNOWN ? "no time stamp" : instant_absurd(p, stamp_ns);

	*out = (struct record){.kind = RECORD_REQUEST,
	                       .request = {.arrival_ns = UNKNOWN, .scheduled_ns = UNKNOWN, .first_token_ns = UNKNOWN,
	                                   .finish_ns = stamp_ns, .cached_unknown = true}};
	if (!count_of(t, T(" prompt_tokens="), &q->prompt_tokens) || !count_of(t, T(" output_tokens="), &q->completion_tokens)) {
		return reject(p, "malformed request line");
	}
	if (why) {
		return reject(p, why);
	}
	field_of(t, T(" finish_reason="), &reason);
	field_of(t, T(" model="), &out->model);
	if (p->model.len > 0) {
		out->model = p->model;
	}
	snprintf(v->id, sizeof v->id, "%lld-%lld", (long long)stamp_ns, (long long)v->finished++);
	q->id = text_of(v->id);
	q->ok = !text_eq(reason, T("error")) && !text_eq(reason, T("abort"));
	out->replica = p->replica;
	return PARSE_RECORD;
}

static const struct {
	struct text opening;
	enum parse_result (*parse)(struct parser *p, struct text t, int64_t stamp_ns, struct record *out);
} rust_lines[] = {
	{{"Avg prompt tput: ", 17}, rust_stats},
	{{"chat completion finished", 24}, rust_request},
	{{"completion finished", 19}, rust_request},
	{{"generate finished", 17}, rust_request},
};

enum parse_result vllm_rust(struct parser *p, struct text line, int64_t stamp_ns, struct record *out, bool *ours) {
	*ours = false;
	if (!take_rust_prefix(&line)) {
		return PARSE_NONE;
	}
	for (size_t i = 0; i < sizeof rust_lines / sizeof *rust_lines; i++) {
		if (text_skip(&line, rust_lines[i].opening)) {
			*ours = true;
			return rust_lines[i].parse(p, line, stamp_ns, out);
		}
	}
	return PARSE_NONE;
}

int vllm_rust_bid(struct text line) {
	if (!take_rust_prefix(&line)) {
		return 0;
	}
	for (size_t i = 0; i < sizeof rust_lines / sizeof *rust_lines; i++) {
		if (text_starts(line, rust_lines[i].opening)) {
			return 85;
		}
	}
	return 0;
}
