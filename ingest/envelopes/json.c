/* json.c: JSON around a line, as collectors and log stores write it. */
#include "ingest/envelopes/peeling.h"

/*
 * Keys of the line and its timestamp; a slash leads into an object. Keys may be in any order. Without a key for the
 * timestamp, an outer envelope has it, or none.
 * {"log":"a line\n","stream":"stderr","time":"2026-05-12T08:50:00.123456789Z"}                docker json-file
 * {"date":1786406365.055238,"log":"a line","kubernetes":{…}}                                  Fluent Bit
 * {"MESSAGE":"a line","__REALTIME_TIMESTAMP":"1786406365055238",…}                            journalctl -o json
 * {"file":"…","host":"…","message":"a line","source_type":"file","timestamp":"2026-05-12T…Z"} Vector
 * {"@timestamp":"2026-05-12T…Z","message":"a line",…}                                         Logstash, Filebeat
 * {"labels":{…},"line":"a line","timestamp":"2026-05-12T…Z"}                                  logcli -o jsonl, Grafana
 * {"asctime":"2026-05-12 08:50:00,123","levelname":"INFO","message":"a line"}                 Python's JSON loggers
 * {"insertId":"…","textPayload":"a line","timestamp":"2026-05-12T…Z"}                         Google Cloud Logging
 * {"timeUnixNano":"…","body":{"stringValue":"a line"}}                                        OpenTelemetry
 * {"timestamp":1791180000123,"message":"a line","ingestionTime":…}                            CloudWatch
 * {"TimeGenerated":"2026-05-12T…Z","LogMessage":"a line","PodName":"…"}                       Azure ContainerLogV2
 * {"_time":"2026-05-12T…Z","_msg":"a line","_stream":"{pod=\"x\"}"}                           VictoriaLogs
 * {"preview":false,"result":{"_raw":"a line","_time":"…"}}                                    Splunk
 * {"text":"…","record":{"message":"a line","time":{"timestamp":1791180000.123}}}              loguru
 */
static const struct wrapper {
	struct text line, stamp;
} wrappers[] = {
#define KEY(literal) {literal, sizeof(literal) - 1}
	{KEY("log"), KEY("time")},
	{KEY("log"), KEY("date")},
	{KEY("log"), KEY("@timestamp")},
	{KEY("log"), KEY("timestamp")},
	{KEY("MESSAGE"), KEY("__REALTIME_TIMESTAMP")},
	{KEY("message"), KEY("timestamp")},
	{KEY("message"), KEY("@timestamp")},
	{KEY("message"), KEY("date")},
	{KEY("message"), KEY("time")},
	{KEY("message"), KEY("asctime")},
	{KEY("message"), KEY("ts")},
	{KEY("message"), KEY("datetime")},
	{KEY("message"), KEY("created")},
	{KEY("message"), KEY("dt")},
	{KEY("message"), KEY("eventTimestamp")},
	{KEY("@message"), KEY("@timestamp")},
	{KEY("line"), KEY("timestamp")},
	{KEY("line"), KEY("ts")},
	{KEY("textPayload"), KEY("timestamp")},
	{KEY("jsonPayload/message"), KEY("timestamp")},
	{KEY("jsonPayload/log"), KEY("timestamp")},
	{KEY("jsonPayload/MESSAGE"), KEY("timestamp")},
	{KEY("body/stringValue"), KEY("timeUnixNano")},
	{KEY("body/stringValue"), KEY("observedTimeUnixNano")},
	{KEY("body/kvlistValue"), KEY("timeUnixNano")},
	{KEY("body/kvlistValue"), KEY("observedTimeUnixNano")},
	{KEY("body"), KEY("timestamp")},
	{KEY("attributes/message"), KEY("attributes/timestamp")},
	{KEY("LogMessage"), KEY("TimeGenerated")},
	{KEY("LogMessage/message"), KEY("TimeGenerated")},
	{KEY("properties/LogMessage"), KEY("time")},
	{KEY("properties/Log"), KEY("time")},
	{KEY("properties/log"), KEY("time")},
	{KEY("content/message"), KEY("content/timestamp")},
	{KEY("event"), KEY("time")},
	{KEY("event"), KEY("timestamp")},
	{KEY("LogEntry"), KEY("TimeGenerated")},
	{KEY("Log_s"), KEY("TimeGenerated")},
	{KEY("Log_s"), KEY("time_t")},
	{KEY("Log"), KEY("TimeStamp")},
	{KEY("_msg"), KEY("_time")},
	{KEY("_raw"), KEY("_time")},
	{KEY("_raw"), KEY("_messagetime")},
	{KEY("_line"), KEY("_ts")},
	{KEY("raw"), KEY("dt")},
	{KEY("@rawstring"), KEY("@timestamp")},
	{KEY("result/_raw"), KEY("result/_time")},
	{KEY("record/message"), KEY("record/time/timestamp")},
	{KEY("msg"), KEY("ts")},
	{KEY("msg"), KEY("time")},
	{KEY("msg"), KEY("timestamp")},
	{KEY("short_message"), KEY("timestamp")},
	{KEY("message"), KEY("")},
	{KEY("log"), KEY("")},
};
#define WRAPPERS (sizeof wrappers / sizeof *wrappers)

/*
 * Keys that such an object may begin with: a cheap test. Engines' own objects with one of these keys are excluded
 * below.
 */
bool wrapper_may_begin(struct text t) {
	static const struct text first_keys[] = {
		KEY("log"), KEY("stream\""), KEY("time"), KEY("attrs\""), KEY("MESSAGE\""), KEY("_"), KEY("PRIORITY\""),
		KEY("SYSLOG_"), KEY("date"), KEY("@"), KEY("message\""), KEY("file"), KEY("host"), KEY("kubernetes"),
		KEY("container"), KEY("labels\""), KEY("line"), KEY("insertId\""), KEY("textPayload\""), KEY("jsonPayload\""),
		KEY("source"), KEY("tag"), KEY("asctime\""), KEY("level"), KEY("name"), KEY("msg\""), KEY("ts\""), KEY("Time"),
		KEY("Log"), KEY("TenantId\""), KEY("Table"), KEY("Type\""), KEY("category\""), KEY("Computer\""), KEY("Container"), KEY("Pod"), KEY("pod"), KEY("node"),
		KEY("body\""), KEY("observedTimeUnixNano\""), KEY("severity"), KEY("resource\""), KEY("receiveTimestamp\""),
		KEY("preview\""), KEY("text\""), KEY("record\""), KEY("version\""), KEY("short_message\""), KEY("process"),
		KEY("thread"), KEY("logger"), KEY("filename\""), KEY("func"), KEY("module\""), KEY("id\""), KEY("type\""),
		KEY("content\""), KEY("attributes\""), KEY("ingestionTime\""), KEY("eventId\""), KEY("app"), KEY("fields\""),
		KEY("args\""), KEY("pid"), KEY("created\""), KEY("traceId\""), KEY("spanId\""), KEY("stderr\""), KEY("ecs"),
		KEY("agent\""), KEY("event"), KEY("input\""), KEY("docker\""), KEY("instance"), KEY("service"), KEY("dt\""),
		KEY("namespace"), KEY("alloc"), KEY("job"), KEY("cluster"), KEY("env"), KEY("unit"), KEY("stack"), KEY("region"),
		KEY("trace"), KEY("span"), KEY("facility"), KEY("ident\""), KEY("extra\""), KEY("lvl\""), KEY("priority\""), KEY("rank\""),
		KEY("group"), KEY("role\""), KEY("zone\""), KEY("vm"), KEY("deployment"), KEY("partition"), KEY("offset\""), KEY("account"),
	};

	if (!text_skip(&t, T("{"))) {
		return false;
	}
	text_skip_blanks(&t);
	if (!text_skip(&t, T("\"")) || text_starts(t, T("schema\""))) { /* the latter: tollbook's own records */
		return false;
	}
	for (size_t i = 0; i < sizeof first_keys / sizeof *first_keys; i++) {
		if (t.len > 0 && *t.at == *first_keys[i].at && text_starts(t, first_keys[i])) {
			return true;
		}
	}
	return false;
}

/* OpenTelemetry's body of keys and values: {"values":[{"key":"log","value":{"stringValue":"a line"}}]}. */
static json_at line_of_pairs(const struct json *j, json_at list) {
	json_at values = json_get(j, list, T("values"));

	for (json_at v = json_first(j, values); v != JSON_ABSENT; v = json_next(j, v)) {
		json_at key = json_get(j, v, T("key"));
		json_at value = key == JSON_ABSENT ? JSON_ABSENT : json_get(j, v, T("value"));
		struct text name = json_type(j, value) != JSON_OBJECT ? T("") : json_raw(j, key);
		if (text_eq(name, T("log")) || text_eq(name, T("message")) || text_eq(name, T("MESSAGE"))) {
			return json_get(j, value, T("stringValue"));
		}
	}
	return JSON_ABSENT;
}

/* A value in objects within objects: "jsonPayload/message". The only string of an array is that string (Elastic's fields). */
static json_at value_at(const struct json *j, json_at object, struct text path) {
	struct text key;

	while (text_until(&path, T("/"), &key)) {
		object = json_get(j, object, key);
	}
	json_at v = path.len == 0 ? JSON_ABSENT : json_get(j, object, path);
	bool only = json_type(j, v) == JSON_ARRAY && json_count(j, v) == 1;
	json_at first = only ? json_first(j, v) : JSON_ABSENT;
	if (v != JSON_ABSENT && text_eq(path, T("kvlistValue"))) {
		return line_of_pairs(j, v);
	}
	return json_type(j, first) == JSON_STRING ? first : v;
}

/*
 * TGI and Rust services write their own lines as JSON with a message: their formats read those. Dynamo's workers
 * write Python's log messages with module and function as the target.
 */
static bool is_engines_own(const struct json *j, json_at object) {
	json_at target = json_get(j, object, T("target")), event = json_get(j, object, T("event"));
	bool rust = target != JSON_ABSENT && (json_get(j, object, T("time")) == JSON_ABSENT ||
	                                      text_find(json_raw(j, target), T("::")) != SIZE_MAX);

	return rust || (json_type(j, event) == JSON_STRING && text_find_byte(json_raw(j, event), ' ') == SIZE_MAX) ||
	       (json_get(j, object, T("function")) != JSON_ABSENT && json_get(j, object, T("asctime")) == JSON_ABSENT);
}

/* journalctl writes bytes that are not printable text, such as colours, as an array of numbers. */
static bool bytes_of_array(const struct json *j, json_at v, char *to, size_t room, struct text *out) {
	size_t len = 0;
	int64_t byte;

	for (json_at item = json_first(j, v); item != JSON_ABSENT; item = json_next(j, item)) {
		if (!json_i64(j, item, &byte) || byte < 0 || byte > 255 || len == room) {
			return false;
		}
		to[len++] = (char)byte;
	}
	*out = (struct text){to, len};
	return true;
}

static bool take_line(struct envelope *e, const struct json *j, json_at v, struct peeling *p, struct text *out) {
	if (json_type(j, v) == JSON_STRING) {
		size_t room = json_raw(j, v).len + 1;
		*out = json_string(j, v, envelope_scratch(e, p, room), room);
		return true;
	}
	if (json_type(j, v) == JSON_ARRAY) {
		size_t room = (size_t)json_count(j, v) + 1;
		return bytes_of_array(j, v, envelope_scratch(e, p, room), room, out);
	}
	return false;
}

/*
 * The envelopes with parts of lines: docker, where a line without its newline continues in the next object, and CRI's
 * tag. Only docker's object has these keys and no others.
 */
static void take_parts(const struct json *j, json_at object, struct peeling *p, bool ended) {
	static const struct text docker_keys[] = {KEY("log"), KEY("stream"), KEY("time"), KEY("attrs")};
	json_at at = json_get(j, object, T("logtag"));
	struct text tag;
	int known = 0;

	at = at == JSON_ABSENT ? json_get(j, object, T("_p")) : at;
	tag = json_raw(j, at);
	for (size_t i = 0; i < sizeof docker_keys / sizeof *docker_keys; i++) {
		known += json_get(j, object, docker_keys[i]) != JSON_ABSENT;
	}
	bool docker = known == json_count(j, object) && json_get(j, object, T("log")) != JSON_ABSENT &&
	              json_get(j, object, T("time")) != JSON_ABSENT;
	p->unwrapping.tagged = tag.len > 0;
	p->in_parts = docker || tag.len > 0;
	p->part = tag.len > 0 ? text_eq(tag, T("P")) || text_eq(tag, T("p")) : docker && !ended;
}

/*
 * The process in a logger's record, which identifies the engine: "EngineCore_DP1" is put in front, as vLLM writes it.
 */
static void take_process(struct envelope *e, const struct json *j, json_at object, struct peeling *p) {
	json_at v = json_get(j, object, T("processName"));
	struct text name = json_raw(j, v);

	if (p->label.len == 0 && (text_starts(name, T("EngineCore")) || text_starts(name, T("ApiServer_")))) {
		p->label = name;
	}
	if (p->label.len == 0 || text_starts(p->text, T("("))) {
		return;
	}
	char *to = envelope_label_room(e, p->label.len + 8 + p->text.len);
	size_t len = 0;
	const struct text pieces[] = {T("("), p->label, T(") "), p->text};
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		memcpy(to + len, pieces[i].at, pieces[i].len);
		len += pieces[i].len;
	}
	p->text = (struct text){to, len};
	p->label = T("");
}

bool wrapper_read(struct envelope *e, const struct json *j, json_at line, json_at stamp, bool in_utc, struct peeling *p) {
	struct text inner;

	if (!take_line(e, j, line, p, &inner)) {
		return false;
	}
	if (stamp != JSON_ABSENT) {
		char buffer[64];
		peel_stamp(p, json_type(j, stamp) == JSON_NUMBER ? json_raw(j, stamp) : json_string(j, stamp, buffer, sizeof buffer), in_utc);
	}
	peel_line(p, inner);
	return true;
}

bool wrapper_is_event(const struct json *j, json_at record) {
	json_at list = json_get(j, record, T("attributes"));

	for (json_at a = json_type(j, list) != JSON_ARRAY ? JSON_ABSENT : json_first(j, list); a != JSON_ABSENT;
	     a = json_next(j, a)) {
		json_at key = json_get(j, a, T("key"));
		if (text_eq(json_raw(j, key), T("event.name"))) {
			return true;
		}
	}
	return list != JSON_ABSENT && json_get(j, record, T("eventName")) != JSON_ABSENT;
}

/* A body without a blank is the name of an event with attributes, not a line. */
static bool may_be_line(const struct json *j, json_at v, const struct wrapper *w) {
	bool body = text_starts(w->line, T("body"));

	return json_type(j, v) == JSON_STRING ? !body || text_find_byte(json_raw(j, v), ' ') != SIZE_MAX : json_type(j, v) == JSON_ARRAY;
}

/* In OpenTelemetry "0" means that an instant is not known. */
static bool has_value(const struct json *j, json_at v) {
	return v != JSON_ABSENT && json_type(j, v) != JSON_NULL && !text_eq(json_raw(j, v), T("0"));
}

static const struct wrapper *wrapper_of(const struct json *j, json_at object) {
	uint64_t there = json_key_bytes(j, object);

	for (size_t i = 0; i < WRAPPERS; i++) {
		if (!json_may_have(there, wrappers[i].line)) {
			continue;
		}
		json_at line = value_at(j, object, wrappers[i].line);
		bool fits = line != JSON_ABSENT && may_be_line(j, line, &wrappers[i]);
		if (fits && (wrappers[i].stamp.len == 0 || has_value(j, value_at(j, object, wrappers[i].stamp)))) {
			return &wrappers[i];
		}
	}
	return NULL;
}

/* Elastic's hit has the object in "_source", or its "fields" each with an array of values. */
static json_at inner_object(const struct json *j, json_at object) {
	static const struct text keys[] = {KEY("_source"), KEY("fields")};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		json_at inner = json_get(j, object, keys[i]);
		if (json_type(j, inner) == JSON_OBJECT && wrapper_of(j, inner)) {
			return inner;
		}
	}
	return object;
}

bool wrapper_is(const struct json *j, json_at object) {
	return !is_engines_own(j, object) && wrapper_of(j, inner_object(j, object)) != NULL;
}

/*
 * What an object states about the server: under known keys, in OpenTelemetry's attributes, in VictoriaLogs' stream.
 */
static void take_names(struct envelope *e, const struct json *j, json_at object, struct peeling *p) {
	json_at stream = json_get(j, object, T("_stream")); /* VictoriaLogs: {pod=\"vllm-0\"} */

	envelope_origin(e, j, object, p);
	envelope_origin_of_attributes(e, j, json_get(j, object, T("attributes")), p);
	if (json_type(j, stream) == JSON_STRING) {
		labels_origin(e, json_raw(j, stream), p);
	}
}

/* Is an object with other values of line and timestamp parsed in the same way? */
static bool is_repeatable(const struct json *j, json_at inner, const struct wrapper *w, json_at line, json_at stamp) {
	bool by_line = text_eq(w->line, T("event")) || text_starts(w->line, T("body"));
	bool same_type = stamp == JSON_ABSENT || json_type(j, stamp) == JSON_NUMBER || json_type(j, stamp) == JSON_STRING;

	return !by_line && same_type && json_type(j, line) == JSON_STRING && json_get(j, inner, T("processName")) == JSON_ABSENT;
}

static void note_unwrapping(const struct json *j, json_at inner, const struct wrapper *w, struct peeling *p) {
	json_at line = value_at(j, inner, w->line), stamp = value_at(j, inner, w->stamp);

	p->unwrapping.line_key = w->line;
	p->unwrapping.stamp_key = w->stamp;
	p->unwrapping.line = json_raw(j, line);
	p->unwrapping.stamp = stamp == JSON_ABSENT ? (struct text){NULL, 0} : json_raw(j, stamp);
	p->unwrapping.stamp_is_number = json_type(j, stamp) == JSON_NUMBER;
	p->unwrapping.in_utc = text_eq(w->line, T("@message"));
	p->unwrapping.repeatable = is_repeatable(j, inner, w, line, stamp);
}

static bool has_usage(const struct json *j, json_at object) {
	static const struct text keys[] = {KEY("usage"), KEY("usageMetadata"), KEY("usage_metadata")};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		json_at v = json_get(j, object, keys[i]);
		if (json_type(j, v) == JSON_OBJECT) {
			return true;
		}
	}
	return false;
}

/* A program's own record of a request: its message is only a title, the counts are next to it, or one object below. */
static bool has_counts(const struct json *j, json_at object) {
	static const struct text keys[] = {KEY("prompt_tokens"), KEY("completion_tokens"), KEY("input_tokens"), KEY("promptTokens")};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		json_at v = json_get(j, object, keys[i]);
		if (json_type(j, v) == JSON_NUMBER) {
			return true;
		}
	}
	for (json_at v = json_first(j, object); v != JSON_ABSENT; v = json_next(j, v)) {
		if (json_type(j, v) == JSON_OBJECT && has_usage(j, v)) {
			return true;
		}
	}
	return has_usage(j, object);
}

bool wrapper_unwrap(struct envelope *e, const struct json *j, json_at object, struct peeling *p) {
	json_at inner = inner_object(j, object);
	const struct wrapper *w = is_engines_own(j, object) ? NULL : wrapper_of(j, inner);
	char buffer[16];

	if (!w || wrapper_is_event(j, object)) {
		return false;
	}
	/* An object without a timestamp is an envelope only if it contains nothing that a format reads itself. */
	if (w->stamp.len == 0 && (json_get(j, object, T("model")) != JSON_ABSENT || json_get(j, object, T("usage")) != JSON_ABSENT)) {
		return false;
	}
	json_at line = value_at(j, inner, w->line);
	json_at stamp = value_at(j, inner, w->stamp);
	bool counts = has_counts(j, object);
	if (counts && text_find_byte(json_raw(j, line), '{') == SIZE_MAX) {
		return false;
	}
	if (!wrapper_read(e, j, line, stamp, text_eq(w->line, T("@message")), p)) {
		return false;
	}
	note_unwrapping(j, inner, w, p);
	p->unwrapping.repeatable &= !counts;
	take_names(e, j, inner, p);
	struct text rest = w->line, parent;
	json_at nested = text_until(&rest, T("/"), &parent) ? json_get(j, inner, parent) : JSON_ABSENT;
	if (json_type(j, nested) == JSON_OBJECT) {
		take_names(e, j, nested, p);
	}
	if (inner != object) {
		take_names(e, j, object, p);
	}
	take_process(e, j, inner, p);
	take_parts(j, object, p, p->ended);
	json_at stream = json_get(j, inner, T("stream"));
	p->stream = text_eq(stream == JSON_ABSENT ? T("") : json_string(j, stream, buffer, sizeof buffer), T("stderr")) ? STREAM_ERR : STREAM_OUT;
	return true;
}

bool strip_json_with(struct envelope *e, struct json *j, struct peeling *p) {
	return wrapper_may_begin(p->text) && json_parse(j, p->text, NULL) && json_type(j, 0) == JSON_OBJECT &&
	       wrapper_unwrap(e, j, 0, p);
}
