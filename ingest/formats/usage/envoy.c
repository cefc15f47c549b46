/*
 * envoy.c: access logs of the Envoy AI gateway, JSON lines, as requests.
 *
 * {"start_time":"2026-08-10T23:59:25.138Z","duration":451,"response_code":200,"x-request-id":"a","gen_ai.request.model":"m","gen_ai.response.model":"m-1","gen_ai.usage.input_tokens":40,"gen_ai.usage.output_tokens":7,"session.id":null}
 *
 * Keys are configured in the gateway: those of its examples and its metadata are known. Missing values are null or
 * "-". Times are those of the whole answer, in ms.
 */
#include "ingest/formats/fields.h"

struct envoy {
	json_at next;
};

#define KEY(literal) {literal, sizeof(literal) - 1}
static const struct text inputs[] = {KEY("gen_ai.usage.input_tokens"), KEY("genai_tokens_input"), KEY("llm_input_token")};
static const struct text outputs[] = {KEY("gen_ai.usage.output_tokens"), KEY("genai_tokens_output"), KEY("llm_output_token")};
static const struct text cached[] = {KEY("gen_ai.usage.cached_input_tokens"), KEY("gen_ai.usage.cache_read.input_tokens"),
                                     KEY("llm_cached_input_token")};
static const struct text written[] = {KEY("gen_ai.usage.cache_creation.input_tokens"), KEY("gen_ai.usage.cache_creation_input_tokens"),
                                      KEY("llm_cache_creation_input_token"), KEY("genai_tokens_cache_creation_input")};
static const struct text reasoning[] = {KEY("gen_ai.usage.reasoning_tokens"), KEY("llm_reasoning_token")};
static const struct text models[] = {KEY("gen_ai.response.model"), KEY("gen_ai.request.model"), KEY("genai_model_name")};
static const struct text ids[] = {KEY("x-request-id"), KEY("request_id")};
static const struct text tenants[] = {KEY("tenant"), KEY("x-tenant-id"), KEY("session.id")};

static int64_t first_count(struct parser *p, json_at object, const struct text *keys, size_t count) {
	int64_t n = UNKNOWN;

	for (size_t i = 0; i < count && n == UNKNOWN; i++) {
		n = field_count(p, object, keys[i]);
	}
	return n;
}

static struct text first_text(struct parser *p, json_at object, const struct text *keys, size_t count) {
	struct text t = {"", 0};

	for (size_t i = 0; i < count && (t.len == 0 || text_eq(t, T("-"))); i++) {
		t = field_text(p, object, keys[i]);
	}
	return text_eq(t, T("-")) ? T("") : t;
}
#define FIRST_COUNT(p, object, keys) first_count(p, object, keys, sizeof keys / sizeof *keys)
#define FIRST_TEXT(p, object, keys) first_text(p, object, keys, sizeof keys / sizeof *keys)

static int64_t or_0(int64_t n) {
	return n == UNKNOWN ? 0 : n;
}

static enum parse_result parse_object(struct parser *p, json_at object, int64_t stamp_ns, struct record *out) {
	struct request *q = &out->request;

	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	q->prompt_tokens = FIRST_COUNT(p, object, inputs);
	if (q->prompt_tokens == UNKNOWN && !p->reason) {
		return PARSE_NONE; /* not a call of a model, or one that failed */
	}
	q->completion_tokens = or_0(FIRST_COUNT(p, object, outputs));
	q->cached_tokens = FIRST_COUNT(p, object, cached);
	q->cache_write_tokens = or_0(FIRST_COUNT(p, object, written));
	q->reasoning_tokens = or_0(FIRST_COUNT(p, object, reasoning));
	q->id = FIRST_TEXT(p, object, ids);
	q->tenant = FIRST_TEXT(p, object, tenants);
	q->arrival_ns = field_instant(p, object, T("start_time"), UNIT_S);
	q->first_token_ns = instant_plus(q->arrival_ns, field_duration(p, object, T("token_latency_ttft"), UNIT_MS));
	q->finish_ns = instant_plus(q->arrival_ns, field_duration(p, object, T("duration"), UNIT_MS));
	q->finish_ns = q->finish_ns == UNKNOWN ? stamp_ns : q->finish_ns;
	int64_t code = field_count(p, object, T("response_code"));
	q->ok = code == UNKNOWN || (code >= 200 && code < 300);
	out->model = FIRST_TEXT(p, object, models);
	return record_finish(p, out);
}

static enum parse_result envoy_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                     struct record *out) {
	struct envoy *s = p->state;

	if (line && !s->next && !text_starts(*line, T("{"))) {
		return PARSE_NONE; /* Envoy's own log is in the same stream */
	}
	return field_each(p, &s->next, line, stamp_ns, parse_object, out);
}

static int envoy_bid(const struct text *lines, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (!text_starts(lines[i], T("{")) || text_starts(lines[i], T("{\"resourceSpans\""))) {
			continue;
		}
		for (size_t k = 0; k < sizeof inputs / sizeof *inputs; k++) {
			if (field_is_at_top(lines[i], inputs[k])) {
				return 75;
			}
		}
	}
	return 0;
}

const struct format format_envoy = {
	.bid = envoy_bid,
	.parse = envoy_parse,
	.state_size = sizeof(struct envoy),
};
