/* record_plain.c: a record of a segment as a lossless JSON object, and back. */
#include <inttypes.h>
#include <stddef.h>

#include "ledger/plain.h"
#include "ledger/segments/segment.h"

struct member {
	const char *key;
	size_t at;
};
#define STEP(member) {#member, offsetof(struct record, step.member)}
#define REQUEST(member) {#member, offsetof(struct record, request.member)}
#define WINDOW(member) {#member, offsetof(struct record, window.member)}
#define POWER(member) {#member, offsetof(struct record, power.member)}
#define END {NULL, 0}

static const struct member step_numbers[] = {
	STEP(index), STEP(start_ns), STEP(gpu_ns), STEP(prefill_requests), STEP(prefill_tokens), STEP(prefill_kv_tokens),
	STEP(prefill_token_kv), STEP(decode_requests), STEP(decode_tokens), STEP(decode_kv_tokens), STEP(prefill_gpu_ns),
	STEP(decode_gpu_ns), END,
};
static const struct member request_numbers[] = {
	REQUEST(arrival_ns), REQUEST(scheduled_ns), REQUEST(first_token_ns), REQUEST(finish_ns), REQUEST(prompt_tokens),
	REQUEST(cached_tokens), REQUEST(cache_write_tokens), REQUEST(completion_tokens), REQUEST(reasoning_tokens),
	REQUEST(preemptions), END,
};
static const struct member window_numbers[] = {
	WINDOW(start_ns), WINDOW(end_ns), WINDOW(input_tokens), WINDOW(cached_tokens), WINDOW(output_tokens), WINDOW(requests),
	WINDOW(prefill_gpu_ns), WINDOW(decode_gpu_ns), WINDOW(running),
#define COUNT_MEMBER(name) WINDOW(name),
	WINDOW_COUNTS(COUNT_MEMBER) END,
};
static const struct member power_numbers[] = {POWER(at_ns), POWER(milliwatts), END};
static const struct member step_texts[] = {END};
static const struct member request_texts[] = {REQUEST(id), REQUEST(tenant), REQUEST(prefill_replica), REQUEST(billing), END};
static const struct member window_texts[] = {WINDOW(tenant), END};
static const struct member power_texts[] = {POWER(gpu), END};

static const struct kind {
	const char *name;
	const struct member *numbers, *texts;
} kinds[RECORD_KINDS] = {
	[RECORD_STEP] = {"step", step_numbers, step_texts},
	[RECORD_REQUEST] = {"request", request_numbers, request_texts},
	[RECORD_WINDOW] = {"window", window_numbers, window_texts},
	[RECORD_POWER] = {"power", power_numbers, power_texts},
};

static void put_text(struct plain_out *p, const char *key, struct text t) {
	if (t.len > 0) {
		plain_put(p, ",\"%s\":", key);
		plain_put_text(p, t);
	}
}

/* Unknown values and empty texts are left out. */
void plain_put_record(struct plain_out *p, const struct record *r) {
	const struct kind *k = &kinds[r->kind];

	plain_put(p, "{\"kind\":\"%s\",\"source\":%" PRIu32 ",\"line\":%" PRId64 ",\"flags\":%" PRIu64, k->name, r->file, r->line,
	          segment_flags(r));
	put_text(p, "model", r->model);
	for (const struct member *m = k->texts; m->key; m++) {
		put_text(p, m->key, *(const struct text *)(const void *)((const char *)r + m->at));
	}
	for (const struct member *m = k->numbers; m->key; m++) {
		int64_t n = *(const int64_t *)(const void *)((const char *)r + m->at);
		if (n != UNKNOWN) {
			plain_put(p, ",\"%s\":%" PRId64, m->key, n);
		}
	}
	plain_put(p, "}");
	plain_end_line(p);
}

static bool get_text(const struct json *j, json_at object, const char *key, char **buffer, size_t *size, struct text *out) {
	json_at v = json_get(j, object, text_of(key));

	*out = T("");
	if (v == JSON_ABSENT) {
		return true;
	}
	if (!plain_get_text(j, v, *buffer, *size, out)) {
		return false;
	}
	bool used = out->at == *buffer;
	*buffer += used ? out->len : 0;
	*size -= used ? out->len : 0;
	return true;
}

static bool get_number(const struct json *j, json_at object, const char *key, int64_t *out) {
	json_at v = json_get(j, object, text_of(key));

	*out = UNKNOWN;
	return v == JSON_ABSENT || json_i64(j, v, out);
}

static bool get_place(const struct json *j, json_at v, struct record *out) {
	int64_t source, flags;

	if (!get_number(j, v, "source", &source) || !get_number(j, v, "line", &out->line) || !get_number(j, v, "flags", &flags) ||
	    source < 0 || source > UINT32_MAX || out->line < 0 || flags < 0) {
		return false;
	}
	out->file = (uint32_t)source;
	segment_set_flags(out, (uint64_t)flags);
	return true;
}

bool plain_get_record(const struct json *j, json_at v, char *buffer, size_t size, struct record *out) {
	struct text name = json_string(j, json_get(j, v, T("kind")), NULL, 0);
	int kind = 0;

	*out = (struct record){0};
	while (kind < RECORD_KINDS && !text_eq(name, text_of(kinds[kind].name))) {
		kind++;
	}
	if (kind == RECORD_KINDS || json_type(j, v) != JSON_OBJECT) {
		return false;
	}
	out->kind = (enum record_kind)kind;
	bool fine = get_place(j, v, out) && get_text(j, v, "model", &buffer, &size, &out->model);
	for (const struct member *m = kinds[kind].texts; m->key && fine; m++) {
		fine = get_text(j, v, m->key, &buffer, &size, (struct text *)(void *)((char *)out + m->at));
	}
	for (const struct member *m = kinds[kind].numbers; m->key && fine; m++) {
		fine = get_number(j, v, m->key, (int64_t *)(void *)((char *)out + m->at));
	}
	return fine;
}
