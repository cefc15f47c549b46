/*
 * otlp.c: spans of OpenTelemetry as JSON lines (the collector's file exporter) as requests:
 * of vLLM and SGLang themselves, and of whatever follows the GenAI conventions.
 *
 * {"resourceSpans":[{"resource":{"attributes":[…]},"scopeSpans":[{"spans":[{"traceId":"…","spanId":"…","name":"llm_request","kind":2,"startTimeUnixNano":"1786406365055047398","endTimeUnixNano":"…","attributes":[{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"12"}},…]}]}]}]}
 *
 * Latencies are seconds, shared wall time; a line may hold thousands of spans, in any order.
 * Numbers may be strings.
 */
#include "core/exact.h"
#include "ingest/formats/usage/otlp.h"

struct otlp {
	json_at resource, scope, span; /* where the reading of the line is; resource 0: nowhere */
};

/* The content of an attribute. Names old and new; engines still write the old ones. */
enum meaning {
	INPUT,
	OUTPUT,
	CACHED,
	CACHE_WRITE,
	WRITE_1H,
	REASONING,
	TOTAL,
	AUDIO_IN,
	AUDIO_OUT,
	PROVIDER,
	SPAN_KIND,
	MODEL,
	MODEL_ASKED,
	REQUEST_ID,
	RESPONSE_ID,
	TENANT,
	SERVICE,
	SERVICE_ASKED,
	OPERATION,
	ERROR_TYPE,
	TTFT,
	E2E,
	QUEUE,
	PREFILL,
	MEANINGS
};

static const struct {
	struct text key;
	enum meaning meaning;
} attributes[] = {
	{KEY("gen_ai.usage.prompt_tokens"), INPUT},
	{KEY("gen_ai.usage.input_tokens"), INPUT},
	{KEY("gen_ai.usage.completion_tokens"), OUTPUT},
	{KEY("gen_ai.usage.output_tokens"), OUTPUT},
	{KEY("gen_ai.usage.cached_tokens"), CACHED},
	{KEY("gen_ai.usage.cache_read.input_tokens"), CACHED},
	{KEY("gen_ai.usage.cache_read_input_tokens"), CACHED},
	{KEY("gen_ai.usage.cache_creation.input_tokens"), CACHE_WRITE},
	{KEY("gen_ai.usage.cache_creation_input_tokens"), CACHE_WRITE},
	{KEY("gen_ai.usage.cache_read_tokens"), CACHED},
	{KEY("gen_ai.usage.details.cache_read_tokens"), CACHED},
	{KEY("gen_ai.usage.details.cached_tokens"), CACHED},
	{KEY("gen_ai.usage.details.cache_read_input_tokens"), CACHED},
	{KEY("gen_ai.usage.details.cached_content_tokens"), CACHED},
	{KEY("gen_ai.usage.input_tokens.cached"), CACHED},
	{KEY("gen_ai.usage.input_cached_tokens"), CACHED},
	{KEY("llm.usage.cache_read_input_tokens"), CACHED},
	{KEY("llm.token_count.prompt_details.cache_read"), CACHED},
	{KEY("gen_ai.usage.cache_creation_tokens"), CACHE_WRITE},
	{KEY("gen_ai.usage.cache_write_tokens"), CACHE_WRITE},
	{KEY("gen_ai.usage.details.cache_write_tokens"), CACHE_WRITE},
	{KEY("gen_ai.usage.details.cache_creation_input_tokens"), CACHE_WRITE},
	{KEY("gen_ai.usage.input_tokens.cache_write"), CACHE_WRITE},
	{KEY("llm.usage.cache_creation_input_tokens"), CACHE_WRITE},
	{KEY("llm.token_count.prompt_details.cache_write"), CACHE_WRITE},
	{KEY("gen_ai.usage.details.cache_creation.ephemeral_1h_input_tokens"), WRITE_1H},
	{KEY("gen_ai.usage.details.reasoning_tokens"), REASONING},
	{KEY("gen_ai.usage.details.thoughts_tokens"), REASONING},
	{KEY("gen_ai.usage.output_tokens.reasoning"), REASONING},
	{KEY("llm.usage.reasoning_tokens"), REASONING},
	{KEY("llm.token_count.completion_details.reasoning"), REASONING},
	{KEY("llm.usage.total_tokens"), TOTAL},
	{KEY("gen_ai.usage.total_tokens"), TOTAL},
	{KEY("llm.token_count.total"), TOTAL},
	{KEY("gen_ai.usage.details.input_audio_tokens"), AUDIO_IN},
	{KEY("llm.token_count.prompt_details.audio"), AUDIO_IN},
	{KEY("gen_ai.usage.details.output_audio_tokens"), AUDIO_OUT},
	{KEY("llm.token_count.completion_details.audio"), AUDIO_OUT},
	{KEY("llm.token_count.prompt"), INPUT},
	{KEY("llm.usage.prompt_tokens"), INPUT},
	{KEY("llm.token_count.completion"), OUTPUT},
	{KEY("llm.usage.completion_tokens"), OUTPUT},
	{KEY("gen_ai.provider.name"), PROVIDER},
	{KEY("gen_ai.system"), PROVIDER},
	{KEY("llm.provider"), PROVIDER},
	{KEY("llm.model_name"), MODEL_ASKED},
	{KEY("openinference.span.kind"), SPAN_KIND},
	{KEY("traceloop.span.kind"), SPAN_KIND},
	{KEY("gen_ai.usage.reasoning.output_tokens"), REASONING},
	{KEY("gen_ai.usage.reasoning_tokens"), REASONING},
	{KEY("gen_ai.response.model"), MODEL},
	{KEY("gen_ai.request.model"), MODEL_ASKED},
	{KEY("gen_ai.request.id"), REQUEST_ID},
	{KEY("gen_ai.response.id"), RESPONSE_ID},
	{KEY("tenant.id"), TENANT},
	{KEY("enduser.id"), TENANT},
	{KEY("openai.response.service_tier"), SERVICE},
	{KEY("gen_ai.openai.response.service_tier"), SERVICE},
	{KEY("openai.request.service_tier"), SERVICE_ASKED},
	{KEY("gen_ai.openai.request.service_tier"), SERVICE_ASKED},
	{KEY("gen_ai.operation.name"), OPERATION},
	{KEY("error.type"), ERROR_TYPE},
	{KEY("gen_ai.latency.time_to_first_token"), TTFT},
	{KEY("gen_ai.response.time_to_first_chunk"), TTFT},
	{KEY("gen_ai.latency.e2e"), E2E},
	{KEY("gen_ai.latency.time_in_queue"), QUEUE},
	{KEY("gen_ai.latency.time_in_model_prefill"), PREFILL},
};

struct otlp_value otlp_value_of(const struct json *j, json_at attribute) {
	json_at holder = json_get(j, attribute, T("value"));
	json_at v = holder == JSON_ABSENT || json_type(j, holder) != JSON_OBJECT ? JSON_ABSENT : json_first(j, holder);

	return (struct otlp_value){v == JSON_ABSENT ? JSON_ABSENT : holder, v == JSON_ABSENT ? T("") : json_key(j, v)};
}

json_at otlp_attributes_of(const struct json *j, json_at object) {
	json_at list = object == JSON_ABSENT || json_type(j, object) != JSON_OBJECT ? JSON_ABSENT
	                                                                           : json_get(j, object, T("attributes"));

	return list == JSON_ABSENT || json_type(j, list) != JSON_ARRAY ? JSON_ABSENT : json_first(j, list);
}

struct text otlp_attribute_key(const struct json *j, json_at attribute) {
	json_at key = json_type(j, attribute) == JSON_OBJECT ? json_get(j, attribute, T("key")) : JSON_ABSENT;

	return key == JSON_ABSENT ? T("") : json_raw(j, key);
}

static void read_attributes(const struct json *j, json_at span, struct otlp_value *out) {
	for (size_t i = 0; i < MEANINGS; i++) {
		out[i].holder = JSON_ABSENT;
	}
	for (json_at a = otlp_attributes_of(j, span); a != JSON_ABSENT; a = json_next(j, a)) {
		struct text key = otlp_attribute_key(j, a);
		for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
			if (text_eq(attributes[i].key, key)) {
				out[attributes[i].meaning] = otlp_value_of(j, a);
				break;
			}
		}
	}
}

/* Agents and tools sum up the usage of the spans below them: only calls of a model count. */
static bool is_model_call(struct text operation) {
	static const struct text calls[] = {KEY("chat"), KEY("text_completion"), KEY("generate_content"), KEY("embeddings"),
	                                    KEY("completion")};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (text_eq(calls[i], operation)) {
			return true;
		}
	}
	return operation.len == 0;
}

static struct text text_at(struct parser *p, struct otlp_value v) {
	return field_text(p, v.holder, v.type);
}

/* Spans of other kinds than a model's: of tracers that write no operation. */
static bool is_of_model(struct text kind) {
	return kind.len == 0 || text_eq_nocase(kind, T("LLM")) || text_eq_nocase(kind, T("EMBEDDING"));
}

static int64_t seconds_at(struct parser *p, struct otlp_value v) {
	return field_duration(p, v.holder, v.type, UNIT_S);
}

/* An engine's own spans name its host; those of a client name the client's. */
static struct text replica_of(struct parser *p, struct otlp *s) {
	static const struct text keys[] = {KEY("k8s.pod.name"), KEY("service.instance.id"), KEY("host.name")};
	json_at resource = json_get(p->json, s->resource, T("resource"));

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		for (json_at a = otlp_attributes_of(p->json, resource); a != JSON_ABSENT; a = json_next(p->json, a)) {
			struct text found = text_eq(otlp_attribute_key(p->json, a), keys[i]) ? text_at(p, otlp_value_of(p->json, a)) : T("");
			if (found.len > 0) {
				return found;
			}
		}
	}
	return T("");
}

static void set_instants(struct parser *p, json_at span, const struct otlp_value *v, struct request *q) {
	int64_t end = field_instant(p, span, T("endTimeUnixNano"), UNIT_NS);
	int64_t e2e = seconds_at(p, v[E2E]), prefill = seconds_at(p, v[PREFILL]);

	q->arrival_ns = field_instant(p, span, T("startTimeUnixNano"), UNIT_NS);
	q->finish_ns = instant_plus(q->arrival_ns, e2e);
	q->finish_ns = q->finish_ns == UNKNOWN ? end : q->finish_ns;
	q->first_token_ns = instant_plus(q->arrival_ns, seconds_at(p, v[TTFT]));
	q->scheduled_ns = instant_plus(q->arrival_ns, seconds_at(p, v[QUEUE]));
	q->scheduled_ns = q->scheduled_ns == UNKNOWN ? instant_minus(q->first_token_ns, prefill) : q->scheduled_ns;
	/* The engine's clock is not the front end's: what does not fit together is left out. */
	if (q->finish_ns != UNKNOWN && q->first_token_ns > q->finish_ns) {
		q->first_token_ns = UNKNOWN;
	}
	if (q->finish_ns != UNKNOWN && q->scheduled_ns > q->finish_ns) {
		q->scheduled_ns = UNKNOWN;
	}
}

static bool failed(struct parser *p, json_at span, const struct otlp_value *v) {
	json_at status = json_get(p->json, span, T("status"));
	struct text code = status == JSON_ABSENT || json_type(p->json, status) != JSON_OBJECT
	                       ? T("")
	                       : field_text(p, status, T("code"));

	return v[ERROR_TYPE].holder != JSON_ABSENT || text_eq(code, T("2")) || text_eq(code, T("STATUS_CODE_ERROR"));
}

/* The first element of an array member of an object, or JSON_ABSENT. */
static json_at first_of(const struct json *j, json_at object, struct text key) {
	json_at list = json_type(j, object) == JSON_OBJECT ? json_get(j, object, key) : JSON_ABSENT;

	return list == JSON_ABSENT || json_type(j, list) != JSON_ARRAY ? JSON_ABSENT : json_first(j, list);
}

/*
 * Cached tokens not included in the input, as Anthropic counts them, where there are more of them, or where the total
 * shows it.
 */
static void settle(struct parser *p, const struct otlp_value *v, struct request *q) {
	usage_settle(q, field_count(p, v[TOTAL].holder, v[TOTAL].type), false);
	if (q->prompt_tokens != UNKNOWN && q->cached_tokens + q->cache_write_tokens > q->prompt_tokens) {
		q->prompt_tokens += q->cached_tokens + q->cache_write_tokens;
	}
}

/* Of an engine, not of one of its clients? vLLM and SGLang name themselves. */
static bool is_engine(struct otlp *s, struct parser *p) {
	json_at scope = s->scope == JSON_ABSENT ? JSON_ABSENT : json_get(p->json, s->scope, T("scope"));
	struct text name = scope == JSON_ABSENT || json_type(p->json, scope) != JSON_OBJECT ? T("") : field_text(p, scope, T("name"));

	return text_starts(name, T("vllm")) || text_starts(name, T("sglang"));
}

/* So many spans of a line are looked through for children of one. */
#define SPANS_LOOKED_AT 512

static bool has_input(const struct json *j, json_at span) {
	for (json_at a = otlp_attributes_of(j, span); a != JSON_ABSENT; a = json_next(j, a)) {
		struct text key = otlp_attribute_key(j, a);
		if (text_eq(key, T("gen_ai.usage.input_tokens")) || text_eq(key, T("gen_ai.usage.prompt_tokens")) ||
		    text_eq(key, T("llm.token_count.prompt")) || text_eq(key, T("llm.usage.prompt_tokens"))) {
			return true;
		}
	}
	return false;
}

/* A span without an operation, of which another span of its scope is a child with counts of its own: a sum of such. */
static bool sums_up(struct parser *p, struct otlp *s, json_at span) {
	const struct json *j = p->json;
	struct text id = json_raw(j, json_get(j, span, T("spanId")));
	int looked = 0;

	for (json_at scope = first_of(j, s->resource, T("scopeSpans")); scope != JSON_ABSENT; scope = json_next(j, scope)) {
		for (json_at other = first_of(j, scope, T("spans")); other != JSON_ABSENT && looked < SPANS_LOOKED_AT; other = json_next(j, other)) {
			json_at parent = json_type(j, other) == JSON_OBJECT ? json_get(j, other, T("parentSpanId")) : JSON_ABSENT;
			looked++;
			if (id.len > 0 && parent != JSON_ABSENT && text_eq(json_raw(j, parent), id) && has_input(j, other)) {
				return true;
			}
		}
	}
	return false;
}

static enum parse_result parse_span(struct parser *p, struct otlp *s, json_at span, struct record *out) {
	struct otlp_value v[MEANINGS];
	struct request *q = &out->request;

	p->reason = NULL;
	read_attributes(p->json, span, v);
	bool call = is_model_call(text_at(p, v[OPERATION])) && is_of_model(text_at(p, v[SPAN_KIND]));
	if (v[INPUT].holder == JSON_ABSENT || !call || (v[OPERATION].holder == JSON_ABSENT && sums_up(p, s, span))) {
		return PARSE_NONE;
	}
	struct billing b = {.provider = text_at(p, v[PROVIDER])};
	record_begin(out, RECORD_REQUEST);
	q->id = text_at(p, v[REQUEST_ID]);
	q->id = q->id.len > 0 ? q->id : text_at(p, v[RESPONSE_ID]);
	q->id = q->id.len > 0 ? q->id : field_text(p, span, T("spanId"));
	q->tenant = text_at(p, v[TENANT]);
	q->prompt_tokens = field_count(p, v[INPUT].holder, v[INPUT].type);
	q->completion_tokens = field_count_or_0(p, v[OUTPUT].holder, v[OUTPUT].type);
	q->cached_tokens = field_count_or_0(p, v[CACHED].holder, v[CACHED].type);
	q->cached_unknown = v[CACHED].holder == JSON_ABSENT;
	q->cache_write_tokens = field_count_or_0(p, v[CACHE_WRITE].holder, v[CACHE_WRITE].type);
	q->reasoning_tokens = field_count_or_0(p, v[REASONING].holder, v[REASONING].type);
	b.part[BILLED_WRITE_1H] = field_count_or_0(p, v[WRITE_1H].holder, v[WRITE_1H].type);
	b.part[BILLED_AUDIO_IN] = field_count_or_0(p, v[AUDIO_IN].holder, v[AUDIO_IN].type);
	b.part[BILLED_AUDIO_OUT] = field_count_or_0(p, v[AUDIO_OUT].holder, v[AUDIO_OUT].type);
	settle(p, v, q);
	q->gateway = v[E2E].holder == JSON_ABSENT && !is_engine(s, p);
	q->server_id = q->gateway && v[RESPONSE_ID].holder != JSON_ABSENT;
	q->service = service_of(text_at(p, v[v[SERVICE].holder != JSON_ABSENT ? SERVICE : SERVICE_ASKED]));
	q->ok = !failed(p, span, v);
	set_instants(p, span, v, q);
	out->model = text_at(p, v[MODEL]);
	out->model = out->model.len > 0 ? out->model : text_at(p, v[MODEL_ASKED]);
	if (v[E2E].holder != JSON_ABSENT) {
		out->replica = replica_of(p, s);
	}
	if (q->gateway) {
		usage_bill(p, &b, q);
	}
	return record_finish(p, out);
}

/* The next span of the line: scopes within resources, spans within scopes. JSON_ABSENT at the end. */
static json_at next_span(const struct json *j, struct otlp *s) {
	if (s->span != JSON_ABSENT) {
		s->span = json_next(j, s->span);
	}
	while (s->span == JSON_ABSENT) {
		if (s->scope != JSON_ABSENT) {
			s->scope = json_next(j, s->scope);
		}
		while (s->scope == JSON_ABSENT) {
			s->resource = json_next(j, s->resource);
			if (s->resource == JSON_ABSENT) {
				return JSON_ABSENT;
			}
			s->scope = first_of(j, s->resource, T("scopeSpans"));
		}
		s->span = first_of(j, s->scope, T("spans"));
	}
	return s->span;
}

/* The list of resources: of the collector's file exporter, and of Tempo's API, whose answers Grafana saves. */
static json_at resources_in(const struct json *j) {
	json_at trace = json_type(j, 0) == JSON_OBJECT ? json_get(j, 0, T("trace")) : JSON_ABSENT;
	json_at root = trace != JSON_ABSENT && json_type(j, trace) == JSON_OBJECT ? trace : 0;
	json_at first = first_of(j, root, T("resourceSpans"));

	return first == JSON_ABSENT ? first_of(j, root, T("batches")) : first;
}

/* Before the first span, so that next_span finds it. False: the line has no spans. */
static bool start(const struct json *j, struct otlp *s) {
	s->resource = resources_in(j);
	if (s->resource == JSON_ABSENT) {
		s->resource = 0;
		return false;
	}
	s->scope = first_of(j, s->resource, T("scopeSpans"));
	s->span = s->scope == JSON_ABSENT ? JSON_ABSENT : first_of(j, s->scope, T("spans"));
	if (s->span == JSON_ABSENT && next_span(j, s) == JSON_ABSENT) {
		s->resource = 0;
		return false;
	}
	return true;
}

static enum parse_result otlp_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                    struct record *out) {
	struct otlp *s = p->state;
	enum parse_result result = PARSE_NONE;

	if (!line) {
		return PARSE_NONE;
	}
	if (s->resource == 0) {
		if (!field_parse_line(p, *line)) {
			return p->reason ? PARSE_REJECT : PARSE_NONE;
		}
		if (!start(p->json, s)) {
			return json_type(p->json, 0) == JSON_OBJECT ? otlp_event(p, 0, stamp_ns, out) : PARSE_NONE;
		}
	}
	bool more = true;
	while (result == PARSE_NONE && more) {
		result = parse_span(p, s, s->span, out);
		more = next_span(p->json, s) != JSON_ABSENT;
	}
	if (!more) {
		s->resource = 0;
		return result;
	}
	return result == PARSE_RECORD ? PARSE_AGAIN : PARSE_REJECT_AGAIN;
}

static int otlp_bid(const struct text *lines, size_t count) {
	for (size_t i = 0; i < count; i++) {
		bool trace = text_starts(lines[i], T("{\"trace\"")) || text_starts(lines[i], T("{\"batches\""));
		if (text_starts(lines[i], T("{\"resourceSpans\"")) || (trace && text_find(lines[i], T("\"spans\"")) != SIZE_MAX)) {
			return 90;
		}
		int bid = text_starts(lines[i], T("{")) ? otlp_event_bid(lines[i]) : 0;
		if (bid > 0) {
			return bid;
		}
	}
	return 0;
}

const struct format format_otlp = {
	.bid = otlp_bid,
	.parse = otlp_parse,
	.state_size = sizeof(struct otlp),
};
