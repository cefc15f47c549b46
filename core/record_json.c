#include "core/record_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/json.h"

struct writing {
	char *at;
	size_t len;
};

static void put(struct writing *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct writing *w, const char *format, ...) {
	va_list args;

	va_start(args, format);
	int n = vsnprintf(w->at + w->len, RECORD_JSON_MAX - w->len, format, args);
	va_end(args);
	w->len += n > 0 ? (size_t)n : 0;
}

static void put_bytes(struct writing *w, const char *bytes, size_t len) {
	memcpy(w->at + w->len, bytes, len);
	w->len += len;
}

static void put_key(struct writing *w, const char *key) {
	put_bytes(w, ",\"", 2);
	put_bytes(w, key, strlen(key));
	put_bytes(w, "\":", 2);
}

static void put_text(struct writing *w, const char *key, struct text t) {
	if (t.len > 0) {
		put_key(w, key);
		put_bytes(w, "\"", 1);
		w->len += json_escape(text_cut(t, 0, RECORD_NAME_MAX), w->at + w->len, RECORD_JSON_MAX - w->len);
		put_bytes(w, "\"", 1);
	}
}

/* Without printf: a record is mostly numbers, and printf would take longer than reading it. */
static void put_number(struct writing *w, const char *key, int64_t n) {
	char digits[20];
	size_t at = sizeof digits;
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

	if (n == UNKNOWN) {
		return;
	}
	put_key(w, key);
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (n < 0) {
		put_bytes(w, "-", 1);
	}
	put_bytes(w, digits + at, sizeof digits - at);
}

static void put_flag(struct writing *w, const char *key, bool on) {
	if (on) {
		put(w, ",\"%s\":true", key);
	}
}

static void put_step(struct writing *w, const struct step *s) {
	put_number(w, "step", s->index);
	put_number(w, "start_ns", s->start_ns);
	put_number(w, "gpu_ns", s->gpu_ns);
	put_number(w, "prefill_requests", s->prefill_requests);
	put_number(w, "prefill_tokens", s->prefill_tokens);
	put_number(w, "prefill_kv_tokens", s->prefill_kv_tokens);
	put_number(w, "prefill_token_kv", s->prefill_token_kv);
	put_number(w, "decode_requests", s->decode_requests);
	put_number(w, "decode_tokens", s->decode_tokens == s->decode_requests ? UNKNOWN : s->decode_tokens);
	put_number(w, "decode_kv_tokens", s->decode_kv_tokens);
	put_number(w, "prefill_gpu_ns", s->prefill_gpu_ns);
	put_number(w, "decode_gpu_ns", s->decode_gpu_ns);
	put(w, ",\"duration_kind\":\"%.*s\"", TEXT_ARG(duration_kind_names[s->duration_kind]));
	put_flag(w, "dummy", s->flags & STEP_DUMMY);
	put_flag(w, "mixed_recompute", s->flags & STEP_MIXED_RECOMPUTE);
	put_flag(w, "coarse_clock", s->flags & STEP_COARSE_CLOCK);
}

static void put_request(struct writing *w, const struct request *q) {
	put_text(w, "prefill_replica", q->prefill_replica);
	put_number(w, "arrival_ns", q->arrival_ns);
	put_number(w, "scheduled_ns", q->scheduled_ns);
	put_number(w, "first_token_ns", q->first_token_ns);
	put_number(w, "finish_ns", q->finish_ns);
	put_number(w, "prompt_tokens", q->prompt_tokens);
	put_number(w, "cached_tokens", q->cached_unknown ? UNKNOWN : q->cached_tokens);
	put_number(w, "cache_write_tokens", q->cache_write_tokens > 0 ? q->cache_write_tokens : UNKNOWN);
	put_number(w, "completion_tokens", q->completion_tokens);
	put_number(w, "reasoning_tokens", q->reasoning_tokens);
	put_number(w, "preemptions", q->preemptions);
	put(w, ",\"status\":\"%s\"", q->ok ? "ok" : "failed");
	put_flag(w, "batch", q->service == SERVICE_BATCH);
	put_text(w, "service", q->service > SERVICE_BATCH ? service_names[q->service] : T(""));
	put_text(w, "billing", q->billing);
	put_flag(w, "server_id", q->server_id);
	put_flag(w, "exclusive_times", q->exclusive_times);
}

static void put_window(struct writing *w, const struct window *v) {
	put_number(w, "start_ns", v->start_ns);
	put_number(w, "end_ns", v->end_ns);
	put_number(w, "input_tokens", v->input_tokens);
	put_number(w, "cached_tokens", v->cached_unknown ? UNKNOWN : v->cached_tokens);
	put_number(w, "output_tokens", v->output_tokens);
	put_number(w, "requests", v->requests);
	put_number(w, "prefill_gpu_ns", v->prefill_gpu_ns);
	put_number(w, "decode_gpu_ns", v->decode_gpu_ns);
	put_number(w, "running", v->running);
#define PUT_COUNT(name) put_number(w, #name, v->name);
	WINDOW_COUNTS(PUT_COUNT)
	put_flag(w, "input_is_computed", v->input_is_computed);
}

static void put_power(struct writing *w, const struct power *p) {
	put_text(w, "gpu", p->gpu);
	put_number(w, "at_ns", p->at_ns);
	put(w, ",\"watts\":%" PRId64 ".%03d", p->milliwatts / 1000, (int)(p->milliwatts % 1000));
}

size_t record_json(const struct record *r, char out[RECORD_JSON_MAX]) {
	static const char *const kinds[RECORD_KINDS] = {"step", "request", "window", "power"};
	struct writing w = {out, 0};

	put(&w, "{\"schema\":\"tollbook.%s.v1\"", kinds[r->kind]);
	if (r->kind == RECORD_REQUEST) {
		put_text(&w, "id", r->request.id);
		put_text(&w, "tenant", r->request.tenant);
	} else if (r->kind == RECORD_WINDOW) {
		put_text(&w, "tenant", r->window.tenant);
	}
	put_text(&w, "replica", r->replica);
	put_text(&w, "model", r->model);
	switch (r->kind) {
	case RECORD_STEP:
		put_step(&w, &r->step);
		break;
	case RECORD_REQUEST:
		put_request(&w, &r->request);
		break;
	case RECORD_WINDOW:
		put_window(&w, &r->window);
		break;
	default:
		put_power(&w, &r->power);
	}
	put_flag(&w, "relative_clock", r->relative_clock);
	put(&w, "}");
	return w.len;
}

static int64_t first_known(const int64_t *instants, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (instants[i] != UNKNOWN) {
			return instants[i];
		}
	}
	return UNKNOWN;
}

int64_t record_instant(const struct record *r) {
	switch (r->kind) {
	case RECORD_STEP:
		return r->step.start_ns;
	case RECORD_REQUEST:
		return first_known((const int64_t[]){r->request.finish_ns, r->request.first_token_ns, r->request.scheduled_ns,
		                                     r->request.arrival_ns}, 4);
	case RECORD_WINDOW:
		return r->window.start_ns;
	default:
		return r->power.at_ns;
	}
}
