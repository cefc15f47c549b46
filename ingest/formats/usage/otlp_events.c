/*
 * otlp_events.c: log records of OpenTelemetry that are events, a line each: answers of models to coding agents, and
 * to software that follows the GenAI conventions.
 *
 * {"timeUnixNano":"…","body":{"stringValue":"claude_code.api_request"},"attributes":[{"key":"event.name","value":{"stringValue":"api_request"}},{"key":"input_tokens","value":{"intValue":"4"}},…]}
 * Claude Code … "gemini_cli.api_response": "input_token_count", "cached_content_token_count", "thoughts_token_count"
 * Gemini CLI … "codex.sse_event": "input_token_count", "cached_token_count", "reasoning_token_count" Codex …
 * "gen_ai.client.inference.operation.details": "gen_ai.usage.input_tokens"
 *
 * Claude Code counts tokens read from and written to a cache separately from its input; Gemini's thoughts are
 * separate from its output.
 */
#include "ingest/formats/usage/otlp.h"

/* Attributes by name: Claude Code's, Gemini CLI's, Codex's, the conventions'. */
static const struct {
	struct text key;
	enum event_figure figure;
} attributes[] = {
	{KEY("input_tokens"), EVENT_INPUT},
	{KEY("input_token_count"), EVENT_INPUT},
	{KEY("gen_ai.usage.input_tokens"), EVENT_INPUT},
	{KEY("output_tokens"), EVENT_OUTPUT},
	{KEY("output_token_count"), EVENT_OUTPUT},
	{KEY("gen_ai.usage.output_tokens"), EVENT_OUTPUT},
	{KEY("cached_content_token_count"), EVENT_CACHED},
	{KEY("cached_token_count"), EVENT_CACHED},
	{KEY("gen_ai.usage.cache_read.input_tokens"), EVENT_CACHED},
	{KEY("cache_read_tokens"), EVENT_READ_BESIDE},
	{KEY("cache_creation_tokens"), EVENT_WRITTEN_BESIDE},
	{KEY("gen_ai.usage.cache_creation.input_tokens"), EVENT_WRITTEN},
	{KEY("thoughts_token_count"), EVENT_THOUGHTS_BESIDE},
	{KEY("reasoning_token_count"), EVENT_REASONING},
	{KEY("gen_ai.usage.reasoning.output_tokens"), EVENT_REASONING},
	{KEY("tool_token_count"), EVENT_TOOL},
	{KEY("total_token_count"), EVENT_TOTAL},
	{KEY("model"), EVENT_MODEL},
	{KEY("gen_ai.response.model"), EVENT_MODEL},
	{KEY("gen_ai.request.model"), EVENT_MODEL_ASKED},
	{KEY("request_id"), EVENT_ID},
	{KEY("gen_ai.response.id"), EVENT_ID},
	{KEY("event.timestamp"), EVENT_WHEN},
	{KEY("user.email"), EVENT_TENANT},
	{KEY("tenant.id"), EVENT_TENANT},
	{KEY("gen_ai.provider.name"), EVENT_PROVIDER},
	{KEY("speed"), EVENT_SPEED},
};

static void read_figures(const struct json *j, json_at record, struct otlp_value out[EVENT_FIGURES]) {
	for (size_t i = 0; i < EVENT_FIGURES; i++) {
		out[i] = (struct otlp_value){JSON_ABSENT, {"", 0}};
	}
	json_at list = otlp_attributes_of(j, record);
	for (json_at a = otlp_first(j, list); a != JSON_ABSENT; a = json_next(j, a)) {
		struct text key = otlp_attribute_key(j, list, a);
		for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
			if (text_eq(attributes[i].key, key)) {
				out[attributes[i].figure] = otlp_value_of(j, list, a);
				break;
			}
		}
	}
}

static int64_t count_at(struct parser *p, struct otlp_value v) {
	return v.holder == JSON_ABSENT ? 0 : field_count_or_0(p, v.holder, v.type);
}

static struct text text_at(struct parser *p, struct otlp_value v) {
	return v.holder == JSON_ABSENT ? T("") : field_text(p, v.holder, v.type);
}

static void read_tokens(struct parser *p, const struct otlp_value v[EVENT_FIGURES], struct request *q) {
	int64_t read = count_at(p, v[EVENT_READ_BESIDE]), written = count_at(p, v[EVENT_WRITTEN_BESIDE]);
	int64_t thoughts = count_at(p, v[EVENT_THOUGHTS_BESIDE]);

	q->prompt_tokens = count_at(p, v[EVENT_INPUT]) + read + written;
	q->cached_tokens = count_at(p, v[EVENT_CACHED]) + read;
	q->cache_write_tokens = count_at(p, v[EVENT_WRITTEN]) + written;
	q->reasoning_tokens = count_at(p, v[EVENT_REASONING]) + thoughts;
	q->completion_tokens = count_at(p, v[EVENT_OUTPUT]) + thoughts;
	/* Gemini's total has tokens of tools in addition to those of the prompt; Codex uses this name for the total. */
	int64_t tool = count_at(p, v[EVENT_TOOL]), total = count_at(p, v[EVENT_TOTAL]);
	q->prompt_tokens += tool > 0 && total == q->prompt_tokens + q->completion_tokens + tool ? tool : 0;
}

static int64_t instant_of(struct parser *p, json_at record, struct otlp_value when, int64_t stamp_ns) {
	static const struct text keys[] = {KEY("timeUnixNano"), KEY("observedTimeUnixNano")};
	int64_t ns = UNKNOWN;

	for (size_t i = 0; i < sizeof keys / sizeof *keys && (ns == UNKNOWN || ns == 0); i++) {
		ns = json_get(p->json, record, keys[i]) == JSON_ABSENT ? ns : field_instant(p, record, keys[i], UNIT_NS);
	}
	if (when.holder != JSON_ABSENT && json_type(p->json, json_get(p->json, when.holder, when.type)) == JSON_STRING) {
		ns = field_instant(p, when.holder, when.type, UNIT_MS);
	}
	return ns == UNKNOWN || ns == 0 ? stamp_ns : ns;
}

enum parse_result otlp_event(struct parser *p, json_at record, int64_t stamp_ns, struct record *out) {
	struct otlp_value v[EVENT_FIGURES];
	struct request *q = &out->request;

	p->reason = NULL;
	read_figures(p->json, record, v);
	if (v[EVENT_INPUT].holder == JSON_ABSENT && v[EVENT_OUTPUT].holder == JSON_ABSENT) {
		return PARSE_NONE; /* something else: a user's prompt, a tool call */
	}
	struct billing b = {.provider = text_at(p, v[EVENT_PROVIDER]), .fast = text_eq(text_at(p, v[EVENT_SPEED]), T("fast"))};
	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	read_tokens(p, v, q);
	q->cached_unknown = v[EVENT_CACHED].holder == JSON_ABSENT && v[EVENT_READ_BESIDE].holder == JSON_ABSENT;
	q->id = text_at(p, v[EVENT_ID]);
	q->server_id = q->id.len > 0;
	q->tenant = text_at(p, v[EVENT_TENANT]);
	q->service = b.fast ? SERVICE_OTHER : SERVICE_STANDARD;
	q->finish_ns = instant_of(p, record, v[EVENT_WHEN], stamp_ns);
	out->model = text_at(p, v[EVENT_MODEL]);
	out->model = out->model.len > 0 ? out->model : text_at(p, v[EVENT_MODEL_ASKED]);
	usage_bill(p, &b, q);
	return record_finish(p, out);
}

int otlp_event_bid(struct text line) {
	bool event = text_find(line, T("\"event.name\"")) != SIZE_MAX || text_find(line, T("\"eventName\"")) != SIZE_MAX;
	bool known = text_find(line, T("claude_code.")) != SIZE_MAX || text_find(line, T("gemini_cli.")) != SIZE_MAX ||
	             text_find(line, T("codex.")) != SIZE_MAX || text_find(line, T("gen_ai.usage.")) != SIZE_MAX ||
	             text_find(line, T("\"input_tokens\"")) != SIZE_MAX || text_find(line, T("\"input_token_count\"")) != SIZE_MAX;

	return event && known && (field_is_at_top(line, T("attributes")) || field_is_at_top(line, T("resourceLogs"))) ? 85 : 0;
}
