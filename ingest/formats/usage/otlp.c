/*
 * otlp.c: spans of OpenTelemetry as JSON (the collector's file exporter, and what tracers export) as requests: of
 * vLLM, SGLang and software that follows the GenAI conventions.
 *
 * {"resourceSpans":[{"resource":{"attributes":[…]},"scopeSpans":[{"spans":[{"traceId":"…","spanId":"…","name":"llm_request","kind":2,"startTimeUnixNano":"1786406365055047398","endTimeUnixNano":"…","attributes":[{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"12"}},…]}]}]}]}
 *
 * {"data":[{"traceID":"…","spans":[{"spanID":"…","startTime":1786406365055047,"duration":4200,"tags":[{"key":"gen_ai.usage.prompt_tokens","type":"int64","value":12}]}]}]} Jaeger
 * {"traceId":"…","id":"…","timestamp":1786406365055047,"duration":4200,"tags":{"gen_ai.usage.prompt_tokens":"12"}} Zipkin
 * {"name":"chat","context":{"span_id":"0x…"},"start_time":"2026-10-05T06:00:00.1Z","attributes":{"gen_ai.usage.input_tokens":12}} console, Phoenix
 *
 * Latencies are seconds, shared wall time; a line may hold thousands of spans, in any order. Numbers may be strings.
 */
#include "core/exact.h"
#include "ingest/formats/usage/otlp.h"
#include "ingest/formats/usage/span_walk.h"

/* Number of spans that are remembered: a span's children end before it, and are written before or soon after. */
#define SPANS_KEPT 512

struct family {
	uint64_t parent, own; /* hashes of span ids, of a span that counts; 0: none */
	int64_t prompt_ntok;
	bool operation;       /* it names one */
};

struct otlp {
	bool open;             /* a line is being read */
	struct span_walk walk; /* where in it */
	struct family kept[SPANS_KEPT];
	unsigned used;
};

/* The meaning of an attribute. Old and new names; engines still write the old ones. */
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

/* Of an attribute of OpenTelemetry, a tag of Jaeger, or a member of an object of attributes. */
struct otlp_value otlp_value_of(const struct json *j, json_at attributes_at, json_at attribute) {
	const struct otlp_value none = {JSON_ABSENT, T("")};

	if (json_type(j, attributes_at) == JSON_OBJECT) {
		return json_type(j, attribute) == JSON_NULL ? none : (struct otlp_value){attributes_at, json_key(j, attribute)};
	}
	json_at holder = json_get(j, attribute, T("value"));
	if (holder == JSON_ABSENT || json_type(j, holder) == JSON_ARRAY) {
		return none;
	}
	if (json_type(j, holder) != JSON_OBJECT) {
		return (struct otlp_value){attribute, T("value")};
	}
	json_at v = json_first(j, holder);

	return v == JSON_ABSENT ? none : (struct otlp_value){holder, json_key(j, v)};
}

json_at otlp_attributes_of(const struct json *j, json_at object) {
	static const struct text keys[] = {KEY("attributes"), KEY("tags")};

	for (size_t i = 0; i < 2 && json_type(j, object) == JSON_OBJECT; i++) {
		json_at list = json_get(j, object, keys[i]);
		if (list != JSON_ABSENT && (json_type(j, list) == JSON_ARRAY || json_type(j, list) == JSON_OBJECT)) {
			return list;
		}
	}
	return JSON_ABSENT;
}

struct text otlp_attribute_key(const struct json *j, json_at attributes_at, json_at attribute) {
	if (json_type(j, attributes_at) == JSON_OBJECT) {
		return json_key(j, attribute);
	}
	json_at key = json_get(j, attribute, T("key"));

	return json_raw(j, key);
}

static void read_attributes(const struct json *j, json_at span, struct otlp_value *out) {
	json_at list = otlp_attributes_of(j, span);

	for (size_t i = 0; i < MEANINGS; i++) {
		out[i].holder = JSON_ABSENT;
	}
	for (json_at a = otlp_first(j, list); a != JSON_ABSENT; a = json_next(j, a)) {
		struct text key = otlp_attribute_key(j, list, a);
		for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
			if (text_eq(attributes[i].key, key)) {
				out[attributes[i].meaning] = otlp_value_of(j, list, a);
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

/* Kinds of spans that are not a model's, from tracers that write no operation. */
static bool is_of_model(struct text kind) {
	return kind.len == 0 || text_eq_nocase(kind, T("LLM")) || text_eq_nocase(kind, T("EMBEDDING"));
}

static int64_t seconds_at(struct parser *p, struct otlp_value v) {
	return field_duration(p, v.holder, v.type, UNIT_S);
}

/* An engine's own spans name its host; those of a client name the client's. */
static struct text replica_of(struct parser *p, struct otlp *s) {
	static const struct text keys[] = {KEY("k8s.pod.name"), KEY("service.instance.id"), KEY("host.name")};
	json_at list = otlp_attributes_of(p->json, json_get(p->json, s->walk.at[SPAN_RESOURCE], T("resource")));

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		for (json_at a = otlp_first(p->json, list); a != JSON_ABSENT; a = json_next(p->json, a)) {
			bool is_it = text_eq(otlp_attribute_key(p->json, list, a), keys[i]);
			struct text found = is_it ? text_at(p, otlp_value_of(p->json, list, a)) : T("");
			if (found.len > 0) {
				return found;
			}
		}
	}
	return T("");
}

/* The keys of an instant and their units, where numbers: of OpenTelemetry, Jaeger, Zipkin, exporters to files. */
struct instant_key {
	struct text key;
	enum unit unit;
};

static int64_t first_instant(struct parser *p, json_at span, const struct instant_key *keys, size_t count) {
	int64_t ns = UNKNOWN;

	for (size_t i = 0; i < count && ns == UNKNOWN; i++) {
		ns = field_instant(p, span, keys[i].key, keys[i].unit);
	}
	return ns;
}

static void set_instants(struct parser *p, json_at span, const struct otlp_value *v, struct request *q) {
	static const struct instant_key starts[] = {{KEY("startTimeUnixNano"), UNIT_NS}, {KEY("start_time"), UNIT_NS},
	                                            {KEY("startTime"), UNIT_US}, {KEY("timestamp"), UNIT_US}};
	static const struct instant_key ends[] = {{KEY("endTimeUnixNano"), UNIT_NS}, {KEY("end_time"), UNIT_NS}, {KEY("endTime"), UNIT_US}};
	int64_t end = first_instant(p, span, ends, sizeof ends / sizeof *ends);
	int64_t e2e = seconds_at(p, v[E2E]), prefill = seconds_at(p, v[PREFILL]);

	q->arrival_ns = first_instant(p, span, starts, sizeof starts / sizeof *starts);
	end = end == UNKNOWN ? instant_plus(q->arrival_ns, field_duration(p, span, T("duration"), UNIT_US)) : end;
	q->finish_ns = instant_plus(q->arrival_ns, e2e);
	q->finish_ns = q->finish_ns == UNKNOWN ? end : q->finish_ns;
	q->first_token_ns = instant_plus(q->arrival_ns, seconds_at(p, v[TTFT]));
	q->scheduled_ns = instant_plus(q->arrival_ns, seconds_at(p, v[QUEUE]));
	q->scheduled_ns = q->scheduled_ns == UNKNOWN ? instant_minus(q->first_token_ns, prefill) : q->scheduled_ns;
	/* The engine's clock is not the front end's: inconsistent instants are left out. */
	if (q->finish_ns != UNKNOWN && q->first_token_ns > q->finish_ns) {
		q->first_token_ns = UNKNOWN;
	}
	if (q->finish_ns != UNKNOWN && q->scheduled_ns > q->finish_ns) {
		q->scheduled_ns = UNKNOWN;
	}
}

static bool failed(struct parser *p, json_at span, const struct otlp_value *v) {
	json_at status = json_get(p->json, span, T("status"));
	bool object = json_type(p->json, status) == JSON_OBJECT;
	struct text code = object ? field_text(p, status, T("code")) : field_text(p, span, T("status_code"));

	code = object && code.len == 0 ? field_text(p, status, T("status_code")) : code;
	return v[ERROR_TYPE].holder != JSON_ABSENT || text_eq(code, T("2")) || text_eq(code, T("STATUS_CODE_ERROR")) ||
	       text_eq(code, T("ERROR"));
}

/*
 * Cached tokens are not included in the input, as Anthropic counts them, if there are more of them, or if the total
 * shows it.
 */
static void settle(struct parser *p, const struct otlp_value *v, struct request *q) {
	usage_settle(q, field_count(p, v[TOTAL].holder, v[TOTAL].type), false);
	if (q->prompt_tokens != UNKNOWN && q->cached_tokens + q->cache_write_tokens > q->prompt_tokens) {
		q->prompt_tokens += q->cached_tokens + q->cache_write_tokens;
	}
}

/* Is it from an engine, not from one of its clients? vLLM and SGLang state their names. */
static bool is_engine(struct otlp *s, struct parser *p) {
	json_at scope = json_get(p->json, s->walk.at[SPAN_SCOPE], T("scope"));
	struct text name = field_text(p, scope, T("name"));

	p->engine = text_starts(name, T("vllm")) ? "vllm" : text_starts(name, T("sglang")) ? "sglang" : NULL;
	return p->engine != NULL;
}

/* Maximum of spans in a line that are searched for children of one. */
#define SPANS_LOOKED_AT 512

static bool has_input(const struct json *j, json_at span) {
	json_at list = otlp_attributes_of(j, span);

	for (json_at a = otlp_first(j, list); a != JSON_ABSENT; a = json_next(j, a)) {
		struct text key = otlp_attribute_key(j, list, a);
		if (text_eq(key, T("gen_ai.usage.input_tokens")) || text_eq(key, T("gen_ai.usage.prompt_tokens")) ||
		    text_eq(key, T("llm.token_count.prompt")) || text_eq(key, T("llm.usage.prompt_tokens"))) {
			return true;
		}
	}
	return false;
}

/* The first text under any of the keys. */
static struct text first_text(const struct json *j, json_at object, const struct text *keys, size_t count) {
	for (size_t i = 0; i < count; i++) {
		json_at v = json_get(j, object, keys[i]);
		if (json_type(j, v) == JSON_STRING) {
			return json_raw(j, v);
		}
	}
	return T("");
}

static struct text span_id(const struct json *j, json_at span) {
	static const struct text keys[] = {KEY("spanId"), KEY("spanID"), KEY("span_id"), KEY("id")};
	json_at context = json_get(j, span, T("context"));
	struct text id = first_text(j, context, keys, sizeof keys / sizeof *keys);

	return id.len > 0 ? id : first_text(j, span, keys, sizeof keys / sizeof *keys);
}

/* Jaeger has it in "references":[{"refType":"CHILD_OF","spanID":"…"}]. */
static struct text parent_id(const struct json *j, json_at span) {
	static const struct text keys[] = {KEY("parentSpanId"), KEY("parentSpanID"), KEY("parent_id"), KEY("parentId"), KEY("parent_span_id")};
	static const struct text in_reference[] = {KEY("spanID")};
	json_at list = json_get(j, span, T("references"));
	bool has_list = json_type(j, list) == JSON_ARRAY;

	return has_list ? first_text(j, json_first(j, list), in_reference, 1) : first_text(j, span, keys, sizeof keys / sizeof *keys);
}

/* Does another span of its resource have counts, and this one as its parent? */
static bool has_counting_child(const struct json *j, json_at resource, struct text id) {
	struct span_walk w;
	int looked = 0;

	for (bool on = span_walk_resource(j, resource, &w); on && looked < SPANS_LOOKED_AT; on = span_walk_next(j, &w)) {
		looked++;
		if (text_eq(parent_id(j, w.at[SPAN_ITSELF]), id) && has_input(j, w.at[SPAN_ITSELF])) {
			return true;
		}
	}
	return false;
}

/* The same of the spans read before, of other lines. */
static bool is_parent_of_kept(const struct otlp *s, uint64_t own, bool operation, int64_t prompt_ntok) {
	for (size_t i = 0; i < SPANS_KEPT; i++) {
		if (s->kept[i].parent == own && (!operation || s->kept[i].prompt_ntok == prompt_ntok)) {
			return true;
		}
	}
	return false;
}

/* A span with children that also have the counts sums them up. With an operation, only if it has the same count. */
static bool sums_up(struct parser *p, struct otlp *s, json_at span, bool operation, int64_t prompt_ntok) {
	struct text id = span_id(p->json, span);

	return id.len > 0 && (is_parent_of_kept(s, text_hash(id) | 1, operation, prompt_ntok) ||
	                      (!operation && has_counting_child(p->json, s->walk.at[SPAN_RESOURCE], id)));
}

/* A span is counted: its parent must not be, and has not been. */
static void keep_family(struct parser *p, struct otlp *s, json_at span, bool operation, const struct request *q) {
	struct text parent = parent_id(p->json, span), own = span_id(p->json, span);
	struct family f = {.own = own.len > 0 ? text_hash(own) | 1 : 0, .prompt_ntok = q->prompt_tokens, .operation = operation};

	f.parent = parent.len > 0 ? text_hash(parent) | 1 : 0;
	for (size_t i = 0; i < SPANS_KEPT && f.parent != 0; i++) {
		const struct family *k = &s->kept[i];
		if (k->own == f.parent && (!k->operation || k->prompt_ntok == f.prompt_ntok)) {
			quality_finding(p->quality, "counted-twice", NULL, NULL, QUALITY_NO_AMOUNT,
			                "spans have token counts that their child spans have as well, and come before these in the log: "
			                "sort the spans by their end, or leave out the parent spans");
			break;
		}
	}
	s->kept[s->used++ % SPANS_KEPT] = f;
}

static enum parse_result parse_span(struct parser *p, struct otlp *s, json_at span, struct record *out) {
	struct otlp_value v[MEANINGS];
	struct request *q = &out->request;

	p->reason = NULL;
	read_attributes(p->json, span, v);
	bool call = is_model_call(text_at(p, v[OPERATION])) && is_of_model(text_at(p, v[SPAN_KIND]));
	bool operation = v[OPERATION].holder != JSON_ABSENT;
	if (v[INPUT].holder == JSON_ABSENT || !call ||
	    sums_up(p, s, span, operation, field_count(p, v[INPUT].holder, v[INPUT].type))) {
		return PARSE_NONE;
	}
	struct billing b = {.provider = text_at(p, v[PROVIDER])};
	record_begin(out, RECORD_REQUEST);
	q->id = text_at(p, v[REQUEST_ID]);
	q->id = q->id.len > 0 ? q->id : text_at(p, v[RESPONSE_ID]);
	q->id = q->id.len > 0 ? q->id : span_id(p->json, span);
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
	q->gateway = !is_engine(s, p) && v[E2E].holder == JSON_ABSENT;
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
	keep_family(p, s, span, operation || !q->gateway, q);
	return record_finish(p, out);
}

/* Opens a line of spans; else it may be a log record. */
static enum parse_result open_line(struct parser *p, struct text line, int64_t stamp_ns, struct record *out) {
	struct otlp *s = p->state;

	if (!field_parse_line(p, line)) {
		return p->reason ? PARSE_REJECT : PARSE_NONE;
	}
	s->open = span_walk_start(p->json, &s->walk);
	if (s->open && (!s->walk.alone[SPAN_ITSELF] || span_id(p->json, s->walk.at[SPAN_ITSELF]).len > 0)) {
		return PARSE_AGAIN;
	}
	s->open = false;
	return json_type(p->json, 0) == JSON_OBJECT ? otlp_event(p, 0, stamp_ns, out) : PARSE_NONE;
}

static enum parse_result otlp_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                    struct record *out) {
	struct otlp *s = p->state;
	enum parse_result result = PARSE_NONE;

	if (!line) {
		return PARSE_NONE;
	}
	if (!s->open) {
		result = open_line(p, *line, stamp_ns, out);
		if (!s->open) {
			return result;
		}
	}
	result = PARSE_NONE;
	while (result == PARSE_NONE && s->open) {
		result = parse_span(p, s, s->walk.at[SPAN_ITSELF], out);
		s->open = span_walk_next(p->json, &s->walk);
	}
	if (!s->open) {
		return result;
	}
	return result == PARSE_RECORD ? PARSE_AGAIN : PARSE_REJECT_AGAIN;
}

/* Spans as other tracers write them: with an id, and counts of tokens. */
static bool has_counts(struct text line) {
	static const struct text keys[] = {KEY("\"gen_ai.usage."), KEY("\"llm.token_count."), KEY("\"llm.usage.")};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (text_find(line, keys[i]) != SIZE_MAX) {
			return true;
		}
	}
	return false;
}

/* A span, or what exports put around spans: not an object that a user chose. */
static bool has_span_id(struct text line) {
	static const struct text ids[] = {KEY("spanId"), KEY("spanID"), KEY("span_id")};
	static const struct text around[] = {KEY("data"), KEY("spans"), KEY("trace"), KEY("traces"), KEY("batches"), KEY("context"), KEY("span")};
	struct text inner;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		if (field_is_at_top(line, ids[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
		if (field_at_top(line, around[i], &inner) && (text_find(inner, T("\"spanId\"")) != SIZE_MAX ||
		    text_find(inner, T("\"spanID\"")) != SIZE_MAX || text_find(inner, T("\"span_id\"")) != SIZE_MAX)) {
			return true;
		}
	}
	return field_is_at_top(line, T("traceId")) && field_is_at_top(line, T("tags"));
}

static int bid_line(struct text line) {
	bool trace = text_starts(line, T("{\"trace\"")) || text_starts(line, T("{\"batches\""));
	bool spans = field_is_at_top(line, T("resourceSpans")) || field_is_at_top(line, T("scopeSpans")) ||
	             field_is_at_top(line, T("instrumentationLibrarySpans"));
	bool inner = text_find(line, T("pans\":")) != SIZE_MAX;

	if (spans || (trace && inner)) {
		return 90;
	}
	return has_span_id(line) && has_counts(line) && text_find(line, T("\"logRecords\"")) == SIZE_MAX ? 86 : otlp_event_bid(line);
}

static int otlp_bid(const struct text *lines, size_t count) {
	for (size_t i = 0; i < count; i++) {
		int bid = text_starts(lines[i], T("{")) ? bid_line(lines[i]) : 0;
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
