/*
 * usage.c: requests as reported by vendors' APIs and proxies in front of them: answers of OpenAI's two APIs,
 * Anthropic, Google and Amazon, their batch files and streams, LiteLLM's logs, agents' sessions, reports and exports
 * (JSON or CSV).
 *
 * {"id":"chatcmpl-1","object":"chat.completion","created":1786406365,"model":"m","service_tier":"default","usage":{"prompt_tokens":40,"completion_tokens":7,"total_tokens":47,"prompt_tokens_details":{"cached_tokens":12},"completion_tokens_details":{"reasoning_tokens":2}}}
 * {"id":"resp_1","object":"response","created_at":1786406365,"model":"m","status":"completed","usage":{"input_tokens":40,"input_tokens_details":{"cached_tokens":12},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":2}}}
 * {"id":"msg_1","type":"message","model":"m","usage":{"input_tokens":28,"cache_read_input_tokens":12,"cache_creation_input_tokens":0,"output_tokens":7,"service_tier":"standard"}}
 * {"candidates":[…],"usageMetadata":{"promptTokenCount":40,"candidatesTokenCount":7,"thoughtsTokenCount":2},"modelVersion":"m","createTime":"2026-10-05T09:00:05Z","responseId":"r"}
 * {"id":"batch_req_1","custom_id":"c","response":{"status_code":200,"request_id":"r","body":{…the
 * first…}},"error":null} {"custom_id":"c","result":{"type":"succeeded","message":{…the third…}}} data:
 * {"id":"c1","object":"chat.completion.chunk",…,"usage":{…}} a captured stream; Anthropic's has its counts in
 * message_start and message_delta
 * {"content":"…","model":"m","tokens_predicted":20,"tokens_evaluated":24,"timings":{"cache_n":4,"prompt_n":20,"prompt_ms":38.4,"predicted_n":20,"predicted_ms":728.3}}
 * llama.cpp
 * {"id":"o1","type":"GENERATION","startTime":"…","endTime":"…","model":"m","usageDetails":{"input":600,"output":80,"total":1080,"input_cached_tokens":400}}
 * Langfuse
 * {"type":"gemini","timestamp":"…","model":"m","tokens":{"input":40,"output":7,"cached":12,"thoughts":2,"total":49}}
 * Gemini CLI; OpenCode
 *
 * Times are a client's. An answer's class of service is the one that was used.
 */
#include <stdio.h>

#include "ingest/formats/usage/repeats.h"
#include "ingest/formats/usage/usage_csv.h"

#define WALK_MAX 5

struct usage {
	/* position in the line: an element of each nested array */
	json_at at[WALK_MAX];
	int depth;
	bool single; /* the line is one object */
	struct usage_csv csv;
	/* values from earlier lines */
	struct agent agent;
	char stream_id[96], stream_model[96];
	struct request stream; /* of Anthropic's message_start */
	char stream_billing[BILLING_TEXT_MAX];
	struct repeats repeats;
};

/* ---- answers ---- */

static json_at counts_of(const struct json *j, json_at answer) {
	static const struct text keys[] = {KEY("usage"), KEY("usageMetadata"), KEY("usage_metadata")};
	json_at v = JSON_ABSENT;

	for (size_t i = 0; i < sizeof keys / sizeof *keys && v == JSON_ABSENT; i++) {
		v = usage_object(j, answer, keys[i]);
	}
	return v;
}

/* Google's answers state the class that was used as trafficType or serviceTier, beside the counts. */
static enum service service_in(struct parser *p, json_at usage, json_at answer) {
	static const struct text keys[] = {KEY("service_tier"), KEY("trafficType"), KEY("traffic_type"), KEY("serviceTier")};
	struct text word = T("");

	for (size_t i = 0; i < sizeof keys / sizeof *keys && word.len == 0; i++) {
		word = field_text(p, usage, keys[i]);
	}
	return service_of(word.len > 0 ? word : field_text(p, answer, keys[0]));
}

/* llama.cpp's own: prompt_n excludes cached tokens. Its times are those of one slot; others may run concurrently. */
static void set_timings(struct parser *p, json_at answer, json_at timings, struct request *q) {
	int64_t computed = field_count(p, timings, T("prompt_n"));
	int64_t prefill_ns = field_duration(p, timings, T("prompt_ms"), UNIT_MS), decode_ns = field_duration(p, timings, T("predicted_ms"), UNIT_MS);

	if (q->prompt_tokens == UNKNOWN) {
		q->prompt_tokens = field_count(p, answer, T("tokens_evaluated"));
		q->completion_tokens = field_count_or_0(p, timings, T("predicted_n"));
	}
	if (q->prompt_tokens == UNKNOWN && computed != UNKNOWN) {
		q->prompt_tokens = computed + field_count_or_0(p, timings, T("cache_n"));
	}
	if (q->cached_tokens == 0 && computed != UNKNOWN && q->prompt_tokens != UNKNOWN && computed <= q->prompt_tokens) {
		q->cached_tokens = q->prompt_tokens - computed;
		q->cached_unknown = false;
	}
	q->first_token_ns = instant_minus(q->finish_ns, decode_ns);
	q->scheduled_ns = instant_minus(q->first_token_ns, prefill_ns);
}

/*
 * vLLM's --enable-per-request-metrics: `created` is the arrival of the request; its time to the first token counts
 * from its scheduling.
 */
static void set_metrics(struct parser *p, json_at metrics, struct request *q) {
	int64_t created_ns = q->finish_ns;
	int64_t first_ns = field_duration(p, metrics, T("time_to_first_token_ms"), UNIT_MS);
	int64_t queue_ns = field_duration(p, metrics, T("queue_time_ms"), UNIT_MS);
	int64_t rest_ns = field_duration(p, metrics, T("generation_time_ms"), UNIT_MS);

	if (created_ns == UNKNOWN || first_ns == UNKNOWN || rest_ns == UNKNOWN) {
		return;
	}
	q->arrival_ns = created_ns;
	q->scheduled_ns = queue_ns == UNKNOWN ? created_ns : created_ns + queue_ns;
	q->first_token_ns = q->scheduled_ns + first_ns;
	q->finish_ns = q->first_token_ns + rest_ns;
}

/* An answer of the Responses API lists the searches that were made for it. */
static int64_t searches_in(struct parser *p, json_at answer) {
	json_at list = json_get(p->json, answer, T("output"));
	int64_t n = 0;

	for (json_at v = json_first(p->json, list); v != JSON_ABSENT; v = json_next(p->json, v)) {
		n += json_type(p->json, v) == JSON_OBJECT && text_eq(field_text(p, v, T("type")), T("web_search_call"));
	}
	return n;
}

/* "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT": random; a short one may be that of a user's header. */
static bool is_random_id(struct text id) {
	enum { RANDOM_MIN = 24 };

	return (text_skip(&id, T("chatcmpl-")) || text_skip(&id, T("cmpl-"))) && id.len >= RANDOM_MIN;
}

/* Ids made by servers, which several records of one answer share. */
static bool has_server_id(struct parser *p, json_at answer, struct text id) {
	return text_eq(field_text(p, answer, T("object")), T("chat.completion.chunk")) || text_eq(field_text(p, answer, T("object")), T("text_completion.chunk")) ||
	       (id.len > 0 && text_eq(field_text(p, answer, T("type")), T("message"))) || text_starts(id, T("msg_")) || text_starts(id, T("resp_")) ||
	       text_starts(id, T("gen-")) || is_random_id(id);
}

static void set_names(struct parser *p, json_at answer, json_at around, struct record *out, struct billing *b) {
	static const struct text ids[] = {KEY("id"), KEY("responseId"), KEY("response_id")};
	static const struct text googles[] = {KEY("responseId"), KEY("response_id")};
	static const struct text models[] = {KEY("model"), KEY("modelVersion"), KEY("model_version"), KEY("modelId")};
	static const struct text tenants[] = {KEY("tenant"), KEY("organization"), KEY("user")};
	struct request *q = &out->request;

	q->id = FIRST_TEXT(p, answer, ids);
	q->server_id = has_server_id(p, answer, q->id) || (q->id.len > 0 && FIRST_TEXT(p, answer, googles).len > 0);
	q->tenant = FIRST_TEXT(p, around, tenants);
	out->model = FIRST_TEXT(p, answer, models);
	b->provider = text_starts(q->id, T("gen-")) ? T("openrouter") : T("");
}

static void set_finish(struct parser *p, json_at answer, json_at around, int64_t stamp_ns, struct request *q) {
	static const struct text whens[] = {KEY("completed_at"), KEY("timestamp"), KEY("time"), KEY("ts"), KEY("@timestamp"),
	                                    KEY("createTime"), KEY("create_time"), KEY("created"), KEY("created_at"), KEY("processed_time")};

	q->finish_ns = FIRST_INSTANT(p, around, whens);
	q->finish_ns = q->finish_ns == UNKNOWN ? stamp_ns : q->finish_ns;
	q->finish_ns = q->finish_ns == UNKNOWN ? FIRST_INSTANT(p, answer, whens) : q->finish_ns;
}

/*
 * A piece of one of Google's streams has the counts so far; the last piece, with the finish reason, has all.
 */
static bool is_piece(struct parser *p, json_at answer) {
	json_at list = json_get(p->json, answer, T("candidates"));
	json_at first = json_type(p->json, list) != JSON_ARRAY ? JSON_ABSENT : json_first(p->json, list);

	return json_get(p->json, first, T("content")) != JSON_ABSENT &&
	       json_get(p->json, first, T("finishReason")) == JSON_ABSENT && json_get(p->json, first, T("finish_reason")) == JSON_ABSENT &&
	       json_get(p->json, answer, T("usageMetadata")) != JSON_ABSENT && json_get(p->json, answer, T("responseId")) == JSON_ABSENT;
}

/* An answer in an API's own form; `around` is the line's object, which may have the time. */
static enum parse_result parse_answer(struct parser *p, json_at answer, json_at around, int64_t stamp_ns, bool batch,
                                      struct record *out) {
	struct request *q = &out->request;
	struct billing b = {.fast = false}, names = {.fast = false};
	json_at usage = counts_of(p->json, answer), timings = usage_object(p->json, answer, T("timings"));

	if ((usage == JSON_ABSENT && timings == JSON_ABSENT) || is_piece(p, answer)) {
		return PARSE_NONE; /* a piece of a stream, an error */
	}
	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	set_names(p, answer, around, out, &names);
	if (usage != JSON_ABSENT) {
		usage_read(p, usage, out->model, q, &b);
	}
	if (q->prompt_tokens == UNKNOWN && text_eq(field_text(p, answer, T("object")), T("list"))) {
		/* embeddings: some vendors report only the total */
		q->prompt_tokens = field_count(p, usage, T("total_tokens"));
	}
	b.provider = names.provider;
	b.part[BILLED_SEARCHES] += b.part[BILLED_SEARCHES] == 0 ? searches_in(p, answer) : 0;
	q->service = batch ? SERVICE_BATCH : b.fast ? SERVICE_OTHER : service_in(p, usage, answer);
	set_finish(p, answer, around, stamp_ns, q);
	json_at metrics = usage_object(p->json, answer, T("metrics"));
	if (metrics != JSON_ABSENT && stamp_ns == UNKNOWN) {
		set_metrics(p, metrics, q);
	}
	if (timings != JSON_ABSENT) {
		set_timings(p, answer, timings, q);
	}
	if (q->prompt_tokens == UNKNOWN && !p->reason) {
		return PARSE_NONE;
	}
	q->ok = !text_eq(field_text(p, answer, T("status")), T("failed"));
	usage_bill(p, &b, q);
	return record_finish(p, out);
}

/* ---- Anthropic's streams: input in the first event, output in the last ---- */

static void keep(char *at, size_t size, struct text t) {
	snprintf(at, size, "%.*s", (int)(t.len < size ? t.len : size - 1), t.len > 0 ? t.at : "");
}

static enum parse_result stream_start(struct parser *p, struct usage *s, json_at event) {
	json_at message = usage_object(p->json, event, T("message")), usage = usage_object(p->json, message, T("usage"));
	struct billing b = {.fast = false};
	struct record r;

	record_begin(&r, RECORD_REQUEST);
	keep(s->stream_id, sizeof s->stream_id, field_text(p, message, T("id")));
	keep(s->stream_model, sizeof s->stream_model, field_text(p, message, T("model")));
	if (usage != JSON_ABSENT) {
		usage_read(p, usage, T("claude"), &r.request, &b);
		r.request.service = b.fast ? SERVICE_OTHER : service_of(field_text(p, usage, T("service_tier")));
	}
	s->stream = r.request;
	keep(s->stream_billing, sizeof s->stream_billing, T(""));
	s->stream_billing[billing_print(&b, s->stream_billing)] = '\0';
	return PARSE_NONE;
}

static enum parse_result stream_end(struct parser *p, struct usage *s, json_at event, int64_t stamp_ns, struct record *out) {
	json_at usage = usage_object(p->json, event, T("usage"));
	struct billing more = {.fast = false}, b;
	struct record r;

	if (usage == JSON_ABSENT || s->stream_id[0] == '\0' || s->stream.prompt_tokens == UNKNOWN) {
		return PARSE_NONE;
	}
	record_begin(&r, RECORD_REQUEST);
	usage_read(p, usage, T("claude"), &r.request, &more);
	record_begin(out, RECORD_REQUEST);
	out->request = s->stream;
	billing_parse(text_of(s->stream_billing), &b);
	b.part[BILLED_SEARCHES] = more.part[BILLED_SEARCHES] > b.part[BILLED_SEARCHES] ? more.part[BILLED_SEARCHES] : b.part[BILLED_SEARCHES];
	if (r.request.prompt_tokens != UNKNOWN && r.request.prompt_tokens > out->request.prompt_tokens) {
		out->request.prompt_tokens = r.request.prompt_tokens;
		out->request.cached_tokens = r.request.cached_tokens;
		out->request.cache_write_tokens = r.request.cache_write_tokens;
	}
	out->request.gateway = out->request.server_id = out->request.ok = true;
	out->request.completion_tokens = field_count_or_0(p, usage, T("output_tokens"));
	out->request.id = text_of(s->stream_id);
	out->request.finish_ns = stamp_ns;
	out->model = text_of(s->stream_model);
	usage_bill(p, &b, &out->request);
	return record_finish(p, out);
}

/* ---- detection ---- */

/* The first of a day's sums by model, "breakdown":{"models":{"m":{"metrics":{…}}}}, in LiteLLM's daily activity. */
static json_at models_in(const struct json *j, json_at day) {
	json_at first = json_first(j, usage_object(j, usage_object(j, day, T("breakdown")), T("models")));

	return json_type(j, first) == JSON_OBJECT ? first : JSON_ABSENT;
}

static enum parse_result parse_row(struct parser *p, json_at row, json_at around, int64_t stamp_ns, struct record *out) {
	struct row_cells c = {.word = {0}}, outer = {.word = {0}};
	bool of_day = around != row && models_in(p->json, around) != JSON_ABSENT;
	json_at metrics = of_day ? usage_object(p->json, row, T("metrics")) : JSON_ABSENT;

	if (of_day) {
		row_put(&c, ROW_MODEL, 1, json_key(p->json, row));
	}
	row_collect(p, metrics == JSON_ABSENT ? row : metrics, &c);
	if (around != JSON_ABSENT && around != row) {
		row_collect(p, around, &outer);
		row_put(&c, ROW_START, 254, outer.at[ROW_START]);
		row_put(&c, ROW_END, 254, outer.at[ROW_END]);
	}
	if (text_eq(field_text(p, row, T("schemaType")), T("ModelInvocationLog"))) {
		row_put(&c, ROW_PROVIDER, 1, T("bedrock"));
	}
	return row_record(p, &c, stamp_ns, out);
}

static bool is_batch(struct parser *p, json_at object) {
	const struct json *j = p->json;

	return json_get(j, object, T("custom_id")) != JSON_ABSENT ||
	       ((json_get(j, object, T("key")) != JSON_ABSENT || json_get(j, object, T("processed_time")) != JSON_ABSENT) && usage_object(j, object, T("response")) != JSON_ABSENT);
}

/* Depth of objects at which a program's own record may contain an answer. */
#define ANSWER_DEPTH 3

/* An answer with its model within an object's objects, under whatever key; not in what was asked. */
static json_at named_answer_in(const struct json *j, json_at object, int depth) {
	json_at found = JSON_ABSENT;

	for (json_at v = json_first(j, object); v != JSON_ABSENT && found == JSON_ABSENT; v = json_next(j, v)) {
		struct text key = json_key(j, v);
		if (json_type(j, v) != JSON_OBJECT || text_starts(key, T("request")) || text_starts(key, T("metadata"))) {
			continue;
		}
		bool named = json_get(j, v, T("model")) != JSON_ABSENT || json_get(j, v, T("modelVersion")) != JSON_ABSENT;
		found = named && counts_of(j, v) != JSON_ABSENT ? v : depth > 1 ? named_answer_in(j, v, depth - 1) : JSON_ABSENT;
	}
	return found;
}

/* The answer in a line, wherever it is; JSON_ABSENT if there is none. */
static json_at answer_in(struct parser *p, json_at object) {
	static const struct text openai[] = {KEY("response"), KEY("body")}, anthropic[] = {KEY("result"), KEY("message")};
	const struct json *j = p->json;
	const json_at places[] = {object, field_path(j, object, openai, 2), field_path(j, object, anthropic, 2), usage_object(j, object, T("response")),
	                          usage_object(j, object, T("message")), usage_object(j, object, T("body"))};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		bool is = json_type(j, places[i]) == JSON_OBJECT &&
		          (counts_of(j, places[i]) != JSON_ABSENT || usage_object(j, places[i], T("timings")) != JSON_ABSENT);
		if (is) {
			return places[i];
		}
	}
	return named_answer_in(j, object, ANSWER_DEPTH);
}

static enum parse_result parse_event(struct parser *p, struct usage *s, json_at object, int64_t stamp_ns, struct record *out) {
	struct text type = field_text(p, object, T("type"));

	if (text_eq(type, T("message_start"))) {
		return stream_start(p, s, object);
	}
	if (text_eq(type, T("message_delta"))) {
		return stream_end(p, s, object, stamp_ns, out);
	}
	enum parse_result result = usage_claude_code(p, object, stamp_ns, out);
	s->agent.has_messages |= result == PARSE_RECORD;
	return result;
}

static bool is_event(struct parser *p, json_at object) {
	struct text type = field_text(p, object, T("type"));

	return text_eq(type, T("message_start")) || text_eq(type, T("message_delta")) ||
	       (text_eq(type, T("assistant")) && usage_object(p->json, object, T("message")) != JSON_ABSENT);
}

/* Where a LiteLLM row has its counts as JSON in a string: in metadata, or in a member of it. */
static json_at counts_as_text(const struct json *j, json_at row) {
	static const struct text members[] = {KEY("usage_object"), KEY("additional_usage_values")};
	json_at metadata = json_get(j, row, T("metadata"));

	if (json_type(j, metadata) == JSON_STRING) {
		return text_starts(json_raw(j, metadata), T("{")) ? metadata : JSON_ABSENT;
	}
	for (size_t i = 0; json_type(j, metadata) == JSON_OBJECT && i < sizeof members / sizeof *members; i++) {
		json_at v = json_get(j, metadata, members[i]);
		if (json_type(j, v) == JSON_STRING && text_starts(json_raw(j, v), T("{"))) {
			return v;
		}
	}
	return JSON_ABSENT;
}

/*
 * The row's values are in the line; the string is parsed in its place, which is possible only if the line has one
 * row.
 */
static enum parse_result parse_litellm(struct parser *p, struct usage *s, json_at row, int64_t stamp_ns, struct record *out) {
	json_at counts = s->single && s->depth == 1 ? counts_as_text(p->json, row) : JSON_ABSENT;
	struct row_cells c = {.word = {0}};

	if (counts == JSON_ABSENT) {
		return usage_litellm(p, row, out);
	}
	row_collect(p, row, &c);
	struct text json = json_string(p->json, counts, s->csv.metadata, sizeof s->csv.metadata);
	if (json_parse(p->json, json, NULL) && json_type(p->json, 0) == JSON_OBJECT) {
		row_collect(p, 0, &c);
	}
	return row_record(p, &c, stamp_ns, out);
}

static enum parse_result parse_object(struct parser *p, struct usage *s, json_at object, json_at around, int64_t stamp_ns,
                                      struct record *out) {
	const struct json *j = p->json;
	json_at info = usage_object(j, object, T("info")); /* OpenCode's export has its messages there */
	object = info != JSON_ABSENT && usage_object(j, info, T("tokens")) != JSON_ABSENT ? info : object;
	json_at details = usage_object(j, object, T("usageDetails")), tokens = usage_object(j, object, T("tokens"));

	details = details == JSON_ABSENT ? usage_object(j, object, T("usage_details")) : details;
	details = details == JSON_ABSENT ? usage_old_details(j, object) : details;
	if (usage_is_litellm(p, object)) {
		return parse_litellm(p, s, object, stamp_ns, out);
	}
	if (is_event(p, object)) {
		return parse_event(p, s, object, stamp_ns, out);
	}
	bool share = usage_is_share(j, object, around);
	if ((share || usage_is_result(p, object)) && s->agent.has_messages) {
		return PARSE_NONE; /* sums up the messages before it */
	}
	if (share) {
		return usage_share(p, object, around, stamp_ns, out);
	}
	if (usage_is_codex(p, object)) {
		return usage_codex(p, &s->agent, object, out);
	}
	if (details != JSON_ABSENT) {
		return usage_observation(p, object, details, stamp_ns, out);
	}
	if (json_get(j, tokens, T("input")) != JSON_ABSENT) {
		return usage_message(p, object, tokens, around, stamp_ns, out);
	}
	json_at answer = answer_in(p, object);
	return answer != JSON_ABSENT ? parse_answer(p, answer, object, stamp_ns, is_batch(p, object), out)
	                             : parse_row(p, object, around, stamp_ns, out);
}

/* ---- nested arrays of objects ---- */

/* The first object of an array of records under a key; JSON_ABSENT if the object is a record itself. */
static json_at records_in(const struct json *j, json_at object) {
	static const struct text own[] = {KEY("usage"), KEY("usageMetadata"), KEY("usage_metadata"), KEY("usageDetails"), KEY("usage_details"),
	                                  KEY("response"), KEY("result"), KEY("message"), KEY("payload"), KEY("prompt_tokens"), KEY("tokens"),
	                                  KEY("schemaType"), KEY("input_tokens"), KEY("timings")};
	static const struct text lists[] = {KEY("data"), KEY("results"), KEY("messages"), KEY("observations"), KEY("generations"), KEY("items"),
	                                    KEY("records"), KEY("logs"), KEY("value"), KEY("result"), KEY("model_breakdown")};
	json_at shares = usage_object(j, object, T("modelUsage")), share = json_first(j, shares), of_day = models_in(j, object);

	if (json_type(j, share) == JSON_OBJECT || of_day != JSON_ABSENT) {
		return json_type(j, share) == JSON_OBJECT ? share : of_day;
	}
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		json_at v = json_get(j, object, own[i]);
		if (v != JSON_ABSENT && json_type(j, v) != JSON_ARRAY && json_type(j, v) != JSON_NULL) {
			return JSON_ABSENT;
		}
	}
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		json_at list = json_get(j, object, lists[i]);
		json_at first = json_type(j, list) != JSON_ARRAY ? JSON_ABSENT : json_first(j, list);
		if (json_type(j, first) == JSON_OBJECT) {
			return first;
		}
	}
	return JSON_ABSENT;
}

/* Descends to the current record. */
static void descend(const struct json *j, struct usage *s) {
	while (s->depth < WALK_MAX && json_type(j, s->at[s->depth - 1]) == JSON_OBJECT) {
		json_at inner = records_in(j, s->at[s->depth - 1]);
		if (inner == JSON_ABSENT) {
			return;
		}
		s->at[s->depth++] = inner;
	}
}

/* Moves to the next record; depth 0: there is none. */
static void advance(const struct json *j, struct usage *s) {
	while (s->depth > 0) {
		json_at next = s->depth == 1 && s->single ? JSON_ABSENT : json_next(j, s->at[s->depth - 1]);
		if (next != JSON_ABSENT) {
			s->at[s->depth - 1] = next;
			descend(j, s);
			return;
		}
		s->depth--;
	}
}

static bool start(struct parser *p, struct usage *s, struct text line) {
	if (!field_parse_line(p, line)) {
		return false;
	}
	s->single = json_type(p->json, 0) == JSON_OBJECT;
	s->at[0] = s->single ? 0 : json_first(p->json, 0);
	s->depth = s->at[0] == JSON_ABSENT ? 0 : 1;
	if (s->depth > 0) {
		descend(p->json, s);
	}
	return true;
}

static enum parse_result parse_json(struct parser *p, struct usage *s, struct text line, int64_t stamp_ns, struct record *out) {
	enum parse_result result = PARSE_NONE;

	if (s->depth == 0 && !start(p, s, line)) {
		return p->reason ? PARSE_REJECT : PARSE_NONE;
	}
	while (s->depth > 0 && result == PARSE_NONE) {
		json_at v = s->at[s->depth - 1];
		p->reason = NULL;
		result = json_type(p->json, v) == JSON_OBJECT
		             ? parse_object(p, s, v, s->depth > 1 ? s->at[s->depth - 2] : v, stamp_ns, out)
		             : reject(p, "wrong type of value");
		advance(p->json, s);
	}
	if (s->depth == 0) {
		return result;
	}
	return result == PARSE_RECORD ? PARSE_AGAIN : PARSE_REJECT_AGAIN;
}

/* Captured streams: "data: {…}", "event: …", "data: [DONE]". */
static bool skip_stream_prefix(struct text *line) {
	bool data = text_skip(line, T("data:"));

	text_skip_blanks(line);
	return data || text_starts(*line, T("event:")) || text_starts(*line, T("id:")) || text_starts(*line, T(":")) || text_starts(*line, T("retry:"));
}

/* Answers of some APIs have no instant: the time at which they were written is the nearest known one. */
static enum parse_result dated(struct parser *p, enum parse_result result, struct record *out) {
	struct usage *s = p->state;
	struct request *q = &out->request;
	bool any = result == PARSE_RECORD || result == PARSE_AGAIN;
	bool undated = any && q->arrival_ns == UNKNOWN && q->scheduled_ns == UNKNOWN &&
	               q->first_token_ns == UNKNOWN && q->finish_ns == UNKNOWN;

	if (undated && p->modified_ns > 0) {
		q->finish_ns = p->modified_ns - p->modified_ns % NS_PER_SECOND;
		p->note = "no timestamp: priced as of the file's last change";
	}
	if (any) {
		repeats_number(&s->repeats, out);
	}
	return result;
}

static enum parse_result usage_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                     struct record *out) {
	struct usage *s = p->state;

	if (!line) {
		return dated(p, usage_csv_end(p, &s->csv, out), out);
	}
	struct text t = *line;
	bool stream = !s->csv.has_header && skip_stream_prefix(&t);
	if (stream && (t.len == 0 || t.at[0] != '{')) {
		p->reason = NULL;
		return PARSE_NONE;
	}
	/* A header may begin with a comma: pandas writes a column of row numbers without a name. */
	if (s->csv.has_header || (t.len > 0 && !memchr("{[],", t.at[0], 4)) || usage_csv_bid(t) > 0) {
		return dated(p, usage_csv_line(p, &s->csv, t, stamp_ns, out), out);
	}
	return dated(p, parse_json(p, s, t, stamp_ns, out), out);
}

/* ---- the bid ---- */

static int usage_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid < 80; i++) {
		struct text t = lines[i];
		bool stream = skip_stream_prefix(&t), json = text_starts(t, T("{")) || text_starts(t, T("[{"));
		int own = json ? usage_bid_json(t) : i == 0 && !stream ? usage_csv_bid(t) : 0;
		bid = own > bid ? own : bid;
	}
	return bid;
}

const struct format format_usage = {
	.bid = usage_bid,
	.parse = usage_parse,
	.state_size = sizeof(struct usage),
};
