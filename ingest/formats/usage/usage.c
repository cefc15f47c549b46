/*
 * usage.c: what APIs say of a request's tokens, as requests: answers of OpenAI's two APIs and of
 * Anthropic's, their batch files, LiteLLM's payloads and spend logs (JSON lines or CSV).
 *
 * {"id":"chatcmpl-1","object":"chat.completion","created":1786406365,"model":"m","service_tier":"default","usage":{"prompt_tokens":40,"completion_tokens":7,"total_tokens":47,"prompt_tokens_details":{"cached_tokens":12},"completion_tokens_details":{"reasoning_tokens":2}}}
 * {"id":"resp_1","object":"response","created_at":1786406365,"model":"m","status":"completed","usage":{"input_tokens":40,"input_tokens_details":{"cached_tokens":12},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":2}}}
 * {"id":"msg_1","type":"message","model":"m","usage":{"input_tokens":28,"cache_read_input_tokens":12,"cache_creation_input_tokens":0,"output_tokens":7,"service_tier":"standard"}}
 * {"id":"batch_req_1","custom_id":"c","response":{"status_code":200,"request_id":"r","body":{…the first…}},"error":null}
 * {"custom_id":"c","result":{"type":"succeeded","message":{…the third…}}}
 * {"content":"…","model":"m","tokens_predicted":20,"tokens_evaluated":24,"timings":{"cache_n":4,"prompt_n":20,"prompt_ms":38.4,"predicted_n":20,"predicted_ms":728.3}}   llama.cpp
 * {"request_id":"r","call_type":"acompletion","prompt_tokens":40,"completion_tokens":7,"startTime":"2026-08-10T23:59:25.138Z","endTime":"…","completionStartTime":"…","model":"m","team_id":"t","cache_hit":"False"}
 *
 * Cached tokens are within OpenAI's input and beside Anthropic's. Times are a client's. What an answer says of its
 * class of service is what it was served at; what was asked for counts only where no answer says.
 */
#include "ingest/formats/csv.h"
#include "ingest/formats/fields.h"

#define KEY(literal) {literal, sizeof(literal) - 1}

struct usage {
	json_at next;
	bool has_header;
	size_t columns;
	size_t at[16]; /* the columns of spend_columns */
};

/* The first of some keys that holds an instant; numbers are seconds. */
static int64_t first_instant(struct parser *p, json_at object, const struct text *keys, size_t count) {
	int64_t ns = UNKNOWN;

	for (size_t i = 0; i < count && ns == UNKNOWN; i++) {
		ns = field_instant(p, object, keys[i], UNIT_S);
	}
	return ns;
}

static struct text first_text(struct parser *p, json_at object, const struct text *keys, size_t count) {
	struct text t = {"", 0};

	for (size_t i = 0; i < count && t.len == 0; i++) {
		t = field_text(p, object, keys[i]);
	}
	return t;
}
#define FIRST_INSTANT(p, object, keys) first_instant(p, object, keys, sizeof keys / sizeof *keys)
#define FIRST_TEXT(p, object, keys) first_text(p, object, keys, sizeof keys / sizeof *keys)

static json_at object_in(const struct json *j, json_at object, struct text key) {
	json_at v = object == JSON_ABSENT || json_type(j, object) != JSON_OBJECT ? JSON_ABSENT : json_get(j, object, key);

	return v == JSON_ABSENT || json_type(j, v) != JSON_OBJECT ? JSON_ABSENT : v;
}

/* prompt_tokens_details, completion_tokens_details; those of input and output in the newer API. */
static void set_openai(struct parser *p, json_at usage, struct request *q) {
	const struct json *j = p->json;
	json_at in = object_in(j, usage, T("prompt_tokens_details")), out = object_in(j, usage, T("completion_tokens_details"));

	in = in == JSON_ABSENT ? object_in(j, usage, T("input_tokens_details")) : in;
	out = out == JSON_ABSENT ? object_in(j, usage, T("output_tokens_details")) : out;
	q->prompt_tokens = field_count(p, usage, T("prompt_tokens"));
	q->prompt_tokens = q->prompt_tokens == UNKNOWN ? field_count(p, usage, T("input_tokens")) : q->prompt_tokens;
	int64_t generated = field_count(p, usage, T("completion_tokens"));
	q->completion_tokens = generated == UNKNOWN ? field_count_or_0(p, usage, T("output_tokens")) : generated;
	q->cached_tokens = field_count_or_0(p, in, T("cached_tokens"));
	q->cache_write_tokens = field_count_or_0(p, in, T("cache_write_tokens"));
	q->reasoning_tokens = field_count_or_0(p, out, T("reasoning_tokens"));
}

/* input_tokens leaves out what was read from the cache and written to it. */
static void set_anthropic(struct parser *p, json_at usage, struct request *q) {
	int64_t input = field_count(p, usage, T("input_tokens"));

	q->cached_tokens = field_count_or_0(p, usage, T("cache_read_input_tokens"));
	q->cache_write_tokens = field_count_or_0(p, usage, T("cache_creation_input_tokens"));
	q->prompt_tokens = input == UNKNOWN ? UNKNOWN : input + q->cached_tokens + q->cache_write_tokens;
	q->completion_tokens = field_count_or_0(p, usage, T("output_tokens"));
}

static bool is_anthropic(struct parser *p, json_at answer, json_at usage) {
	return text_eq(field_text(p, answer, T("type")), T("message")) ||
	       (json_get(p->json, usage, T("cache_read_input_tokens")) != JSON_ABSENT &&
	        json_get(p->json, usage, T("prompt_tokens")) == JSON_ABSENT);
}

/*
 * The first of the objects that names a class: an answer's usage, the answer, what was asked for. Anthropic's fast
 * mode is no tier but a speed, at a price of its own.
 */
static enum service service_in(struct parser *p, json_at usage, json_at answer, json_at asked) {
	const json_at objects[] = {usage, answer, asked};
	struct text word = T("");

	if (usage != JSON_ABSENT && text_eq(field_text(p, usage, T("speed")), T("fast"))) {
		return SERVICE_OTHER;
	}
	for (size_t i = 0; i < sizeof objects / sizeof *objects && word.len == 0; i++) {
		word = objects[i] == JSON_ABSENT ? word : field_text(p, objects[i], T("service_tier"));
	}
	return service_of(word);
}

/* llama.cpp's own: prompt_n leaves cached tokens out. Its times are of one slot, beside which others may run. */
static void set_timings(struct parser *p, json_at answer, json_at timings, struct request *q) {
	int64_t computed = field_count(p, timings, T("prompt_n"));
	int64_t prefill_ns = field_duration(p, timings, T("prompt_ms"), UNIT_MS);
	int64_t decode_ns = field_duration(p, timings, T("predicted_ms"), UNIT_MS);

	if (q->prompt_tokens == UNKNOWN) {
		q->prompt_tokens = field_count(p, answer, T("tokens_evaluated"));
		q->completion_tokens = field_count_or_0(p, timings, T("predicted_n"));
	}
	if (q->prompt_tokens == UNKNOWN && computed != UNKNOWN) {
		q->prompt_tokens = computed + field_count_or_0(p, timings, T("cache_n"));
	}
	if (q->cached_tokens == 0 && computed != UNKNOWN && q->prompt_tokens != UNKNOWN && computed <= q->prompt_tokens) {
		q->cached_tokens = q->prompt_tokens - computed;
	}
	q->first_token_ns = instant_minus(q->finish_ns, decode_ns);
	q->scheduled_ns = instant_minus(q->first_token_ns, prefill_ns);
}

/*
 * vLLM's --enable-per-request-metrics: `created` is when the request came, its time to the first
 * token counts from when it was scheduled.
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

/* An answer in an API's own words; `around` is the line's object, which may say when. */
static enum parse_result parse_answer(struct parser *p, json_at answer, json_at around, int64_t stamp_ns, bool batch,
                                      struct record *out) {
	static const struct text whens[] = {KEY("completed_at"), KEY("timestamp"), KEY("time"), KEY("ts"), KEY("@timestamp"),
	                                    KEY("created"), KEY("created_at")};
	static const struct text tenants[] = {KEY("tenant"), KEY("organization"), KEY("user")};
	struct request *q = &out->request;
	json_at usage = object_in(p->json, answer, T("usage")), timings = object_in(p->json, answer, T("timings"));

	if (usage == JSON_ABSENT && timings == JSON_ABSENT) {
		return PARSE_NONE; /* a piece of a stream, an error */
	}
	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	q->prompt_tokens = UNKNOWN;
	if (usage != JSON_ABSENT && is_anthropic(p, answer, usage)) {
		set_anthropic(p, usage, q);
	} else if (usage != JSON_ABSENT) {
		set_openai(p, usage, q);
	}
	q->service = batch ? SERVICE_BATCH : service_in(p, usage, answer, JSON_ABSENT);
	q->id = field_text(p, answer, T("id"));
	q->tenant = FIRST_TEXT(p, around, tenants);
	q->finish_ns = FIRST_INSTANT(p, around, whens);
	q->finish_ns = q->finish_ns == UNKNOWN ? stamp_ns : q->finish_ns;
	q->finish_ns = q->finish_ns == UNKNOWN ? FIRST_INSTANT(p, answer, whens) : q->finish_ns;
	json_at metrics = object_in(p->json, answer, T("metrics"));
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
	out->model = field_text(p, answer, T("model"));
	return record_finish(p, out);
}

/* Was it answered from LiteLLM's own cache? Then no engine worked for it. */
static bool cache_hit(struct parser *p, json_at row) {
	json_at v = json_get(p->json, row, T("cache_hit"));
	bool hit = false;

	if (v != JSON_ABSENT && json_bool(p->json, v, &hit)) {
		return hit;
	}
	return text_eq_nocase(field_text(p, row, T("cache_hit")), T("true"));
}

static enum parse_result parse_litellm(struct parser *p, json_at row, struct record *out) {
	static const struct text start[] = {KEY("startTime")}, end[] = {KEY("endTime")}, first[] = {KEY("completionStartTime")};
	static const struct text ids[] = {KEY("request_id"), KEY("id")};
	static const struct text tenants[] = {KEY("team_id"), KEY("end_user"), KEY("user")};
	static const struct text team[] = {KEY("user_api_key_team_alias"), KEY("user_api_key_team_id"), KEY("user_api_key_alias")};
	struct request *q = &out->request;
	json_at metadata = object_in(p->json, row, T("metadata"));
	json_at usage = object_in(p->json, metadata, T("usage_object"));

	if (cache_hit(p, row)) {
		return PARSE_NONE;
	}
	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	if (usage != JSON_ABSENT) {
		set_openai(p, usage, q);
	}
	q->prompt_tokens = field_count(p, row, T("prompt_tokens"));
	q->completion_tokens = field_count_or_0(p, row, T("completion_tokens"));
	if (q->prompt_tokens == UNKNOWN && !p->reason) {
		return PARSE_NONE;
	}
	q->id = FIRST_TEXT(p, row, ids);
	q->tenant = FIRST_TEXT(p, metadata, team);
	q->tenant = q->tenant.len > 0 ? q->tenant : FIRST_TEXT(p, row, tenants);
	q->arrival_ns = FIRST_INSTANT(p, row, start);
	q->finish_ns = FIRST_INSTANT(p, row, end);
	q->first_token_ns = FIRST_INSTANT(p, row, first);
	q->ok = !text_eq(field_text(p, row, T("status")), T("failure"));
	q->service = service_in(p, usage, object_in(p->json, row, T("response")), object_in(p->json, row, T("model_parameters")));
	out->model = field_text(p, row, T("model"));
	return record_finish(p, out);
}

static enum parse_result parse_object(struct parser *p, json_at object, int64_t stamp_ns, struct record *out) {
	static const struct text openai[] = {KEY("response"), KEY("body")}, anthropic[] = {KEY("result"), KEY("message")};
	const struct json *j = p->json;

	if (json_get(j, object, T("startTime")) != JSON_ABSENT && json_get(j, object, T("endTime")) != JSON_ABSENT) {
		return parse_litellm(p, object, out);
	}
	bool batch = json_get(j, object, T("custom_id")) != JSON_ABSENT;
	json_at answer = field_path(j, object, openai, 2);
	answer = answer == JSON_ABSENT ? field_path(j, object, anthropic, 2) : answer;
	if (answer == JSON_ABSENT) {
		answer = object_in(j, object, T("response"));
	}
	return parse_answer(p, answer == JSON_ABSENT ? object : answer, object, stamp_ns, batch, out);
}

/* --- spend logs as CSV --- */

enum spend_column { REQUEST_ID, PROMPT, COMPLETION, START, END, FIRST, MODEL, TEAM, END_USER, USER, CACHE_HIT, STATUS };
static const struct text spend_columns[] = {KEY("request_id"), KEY("prompt_tokens"), KEY("completion_tokens"),
                                            KEY("startTime"),  KEY("endTime"),       KEY("completionStartTime"),
                                            KEY("model"),      KEY("team_id"),       KEY("end_user"),
                                            KEY("user"),       KEY("cache_hit"),     KEY("status")};
#define SPEND_COLUMNS (sizeof spend_columns / sizeof *spend_columns)

static bool take_header(struct usage *s, const struct text *fields, size_t count) {
	for (size_t c = 0; c < SPEND_COLUMNS; c++) {
		s->at[c] = SIZE_MAX;
		for (size_t i = 0; i < count; i++) {
			if (text_eq(fields[i], spend_columns[c])) {
				s->at[c] = i;
			}
		}
	}
	s->columns = count;
	s->has_header = s->at[PROMPT] != SIZE_MAX && s->at[COMPLETION] != SIZE_MAX && s->at[END] != SIZE_MAX;
	return s->has_header;
}

static struct text column(const struct usage *s, const struct text *fields, enum spend_column c) {
	return s->at[c] == SIZE_MAX ? T("") : fields[s->at[c]];
}

static bool column_count(struct text t, int64_t *out) {
	return text_to_i64(t, out) && *out >= 0 && *out <= COUNT_MAX;
}

/* "2026-08-10 23:59:25.138", "2026-08-10T23:59:25.138Z"; empty is UNKNOWN. */
static bool column_instant(struct parser *p, struct text t, int64_t *ns) {
	*ns = UNKNOWN;
	return t.len == 0 || (stamp_take_local(&p->stamps, &t, ns) && t.len == 0);
}

static enum parse_result parse_row(struct parser *p, const struct usage *s, const struct text *fields,
                                   struct record *out) {
	struct request *q = &out->request;

	if (text_eq_nocase(column(s, fields, CACHE_HIT), T("true"))) {
		return PARSE_NONE;
	}
	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	if (!column_count(column(s, fields, PROMPT), &q->prompt_tokens) ||
	    !column_count(column(s, fields, COMPLETION), &q->completion_tokens)) {
		return reject(p, "wrong type of value");
	}
	if (!column_instant(p, column(s, fields, START), &q->arrival_ns) ||
	    !column_instant(p, column(s, fields, END), &q->finish_ns) ||
	    !column_instant(p, column(s, fields, FIRST), &q->first_token_ns)) {
		return reject(p, "invalid time stamp");
	}
	q->id = column(s, fields, REQUEST_ID);
	for (enum spend_column c = TEAM; c <= USER && q->tenant.len == 0; c++) {
		q->tenant = column(s, fields, c);
	}
	q->ok = !text_eq(column(s, fields, STATUS), T("failure"));
	out->model = column(s, fields, MODEL);
	return record_finish(p, out);
}

static enum parse_result parse_csv(struct parser *p, struct text line, struct record *out) {
	struct usage *s = p->state;
	struct text fields[CSV_COLUMNS_MAX];
	size_t count = csv_split(line, fields);

	p->reason = NULL;
	if (line.len == 0) {
		return PARSE_NONE;
	}
	if (!s->has_header && count > 0 && take_header(s, fields, count)) {
		return PARSE_NONE;
	}
	if (!s->has_header || count != s->columns) {
		return reject(p, s->has_header ? "malformed row" : "row before its header");
	}
	return parse_row(p, s, fields, out);
}

static enum parse_result usage_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                     struct record *out) {
	struct usage *s = p->state;

	if (line && (s->has_header || (line->len > 0 && line->at[0] != '{' && line->at[0] != '[' && line->at[0] != ']'))) {
		return parse_csv(p, *line, out);
	}
	return field_each(p, &s->next, line, stamp_ns, parse_object, out);
}

static int bid_json(struct text t) {
	bool usage = text_find(t, T("\"usage\"")) != SIZE_MAX;
	bool tokens = text_find(t, T("\"completion_tokens\"")) != SIZE_MAX || text_find(t, T("\"output_tokens\"")) != SIZE_MAX;

	if (tokens && text_find(t, T("\"startTime\"")) != SIZE_MAX && text_find(t, T("\"endTime\"")) != SIZE_MAX) {
		return 80;
	}
	if (text_find(t, T("\"timings\"")) != SIZE_MAX && text_find(t, T("\"predicted_n\"")) != SIZE_MAX) {
		return 50;
	}
	return usage && tokens ? 50 : 0;
}

static int usage_bid(const struct text *lines, size_t count) {
	struct text fields[CSV_COLUMNS_MAX];
	struct usage s = {0};
	int bid = 0;

	for (size_t i = 0; i < count && bid < 80; i++) {
		bool json = text_starts(lines[i], T("{")) || text_starts(lines[i], T("[{"));
		int own = json ? bid_json(lines[i]) : 0;
		if (i == 0 && !json) {
			size_t columns = csv_split(lines[i], fields);
			own = columns > 0 && take_header(&s, fields, columns) ? 80 : 0;
		}
		bid = own > bid ? own : bid;
	}
	return bid;
}

const struct format format_usage = {
	.bid = usage_bid,
	.parse = usage_parse,
	.state_size = sizeof(struct usage),
};
