/* envelope_json.c: JSON around a line, as collectors and log stores write it. */
#include "core/instant.h"
#include "ingest/formats/fields.h"
#include "ingest/envelopes/peeling.h"

enum stamp_kind {
	STAMP_TEXT,    /* RFC 3339 */
	STAMP_US,      /* Unix microseconds in a string */
	STAMP_SECONDS, /* Unix seconds, with a fraction, or RFC 3339 */
};

/*
 * The key of the line, and that of the stamp; keys may come in any order.
 * {"log":"a line\n","stream":"stderr","time":"2026-05-12T08:50:00.123456789Z"}                docker json-file
 * {"date":1786406365.055238,"log":"a line","kubernetes":{…}}                                  Fluent Bit
 * {"MESSAGE":"a line","__REALTIME_TIMESTAMP":"1786406365055238",…}                            journalctl -o json
 * {"file":"…","host":"…","message":"a line","source_type":"file","timestamp":"2026-05-12T…Z"} Vector
 * {"@timestamp":"2026-05-12T…Z","message":"a line",…}                                         Logstash, Filebeat
 * {"labels":{…},"line":"a line","timestamp":"2026-05-12T…Z"}                                  logcli -o jsonl
 * {"asctime":"2026-05-12 08:50:00,123","levelname":"INFO","message":"a line"}                 Python's JSON loggers
 * {"insertId":"…","textPayload":"a line","timestamp":"2026-05-12T…Z"}                         Google Cloud Logging
 */
static const struct wrapper {
	struct text line, stamp;
	enum stamp_kind kind;
} wrappers[] = {
	{{"log", 3}, {"time", 4}, STAMP_TEXT},
	{{"log", 3}, {"date", 4}, STAMP_SECONDS},
	{{"log", 3}, {"@timestamp", 10}, STAMP_SECONDS},
	{{"log", 3}, {"timestamp", 9}, STAMP_SECONDS},
	{{"MESSAGE", 7}, {"__REALTIME_TIMESTAMP", 20}, STAMP_US},
	{{"message", 7}, {"timestamp", 9}, STAMP_SECONDS},
	{{"message", 7}, {"@timestamp", 10}, STAMP_SECONDS},
	{{"message", 7}, {"date", 4}, STAMP_SECONDS},
	{{"message", 7}, {"time", 4}, STAMP_SECONDS},
	{{"message", 7}, {"asctime", 7}, STAMP_TEXT},
	{{"line", 4}, {"timestamp", 9}, STAMP_TEXT},
	{{"textPayload", 11}, {"timestamp", 9}, STAMP_TEXT},
};

/* Keys that such an object may begin with: cheap to look at. Engines' own objects that share one of them are told below. */
static bool may_be_wrapper(struct text t) {
	static const struct text first_keys[] = {
		{"log\"", 4}, {"stream\"", 7}, {"time\"", 5}, {"attrs\"", 6}, {"MESSAGE\"", 8}, {"_", 1}, {"PRIORITY\"", 9},
		{"SYSLOG_", 7}, {"date\"", 5}, {"@timestamp\"", 11}, {"timestamp\"", 10}, {"message\"", 8}, {"file\"", 5},
		{"host\"", 5}, {"kubernetes\"", 11}, {"container", 9}, {"labels\"", 7}, {"line\"", 5}, {"insertId\"", 9},
		{"textPayload\"", 12}, {"logtag\"", 7}, {"source", 6}, {"tag\"", 4},
		{"asctime\"", 8}, {"level", 5}, {"name\"", 5},
	};

	if (!text_skip(&t, T("{"))) {
		return false;
	}
	text_skip_blanks(&t);
	if (!text_skip(&t, T("\""))) {
		return false;
	}
	for (size_t i = 0; i < sizeof first_keys / sizeof *first_keys; i++) {
		if (t.len > 0 && *t.at == *first_keys[i].at && text_starts(t, first_keys[i])) {
			return true;
		}
	}
	return false;
}

/* TGI and Rust services write their own lines as JSON with a message: their formats read those. */
static bool is_engines_own(const struct json *j) {
	return json_get(j, 0, T("target")) != JSON_ABSENT || json_get(j, 0, T("event")) != JSON_ABSENT ||
	       json_get(j, 0, T("function")) != JSON_ABSENT;
}

static bool take_stamp(const struct json *j, json_at v, enum stamp_kind kind, int64_t *ns) {
	char buffer[64];
	struct text t = json_string(j, v, buffer, sizeof buffer);

	if (kind == STAMP_US) {
		return text_to_i64(t, ns) && !__builtin_mul_overflow(*ns, 1000, ns);
	}
	return (kind == STAMP_SECONDS && json_type(j, v) == JSON_NUMBER && number_scaled(json_raw(j, v), 9, ns)) ||
	       instant_parse(t, ns);
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

/* The two wrappings that know of parts: docker, where a line without its newline goes on in the next object, and CRI's tag. */
static void take_parts(const struct json *j, struct peeling *p, bool ended) {
	static const struct text docker_keys[] = {{"log", 3}, {"stream", 6}, {"time", 4}, {"attrs", 5}};
	char buffer[16];
	struct text tag = json_string(j, json_get(j, 0, T("logtag")), buffer, sizeof buffer);
	int known = 0;

	for (size_t i = 0; i < sizeof docker_keys / sizeof *docker_keys; i++) {
		known += json_get(j, 0, docker_keys[i]) != JSON_ABSENT;
	}
	bool docker = known == json_count(j, 0) && json_get(j, 0, T("log")) != JSON_ABSENT;
	p->in_parts = docker || tag.len > 0;
	p->part = tag.len > 0 ? text_eq(tag, T("P")) : docker && !ended;
}

static bool unwrap(struct envelope *e, const struct json *j, const struct wrapper *w, struct peeling *p) {
	json_at line = json_get(j, 0, w->line), stamp = json_get(j, 0, w->stamp);
	struct text inner;
	char buffer[16];
	int64_t ns;

	if (line == JSON_ABSENT || stamp == JSON_ABSENT || !take_line(e, j, line, p, &inner)) {
		return false;
	}
	if (take_stamp(j, stamp, w->kind, &ns)) {
		set_stamp(p, ns);
	}
	envelope_origin(e, j, 0, p);
	bool ended = text_ends(inner, T("\n"));
	take_parts(j, p, ended);
	p->stream = text_eq(json_string(j, json_get(j, 0, T("stream")), buffer, sizeof buffer), T("stderr")) ? STREAM_ERR : STREAM_OUT;
	inner.len -= ended ? 1 : 0;
	inner.len -= inner.len > 0 && inner.at[inner.len - 1] == '\r' ? 1 : 0;
	p->text = inner;
	return true;
}

bool strip_json_with(struct envelope *e, struct json *j, struct peeling *p) {
	if (!may_be_wrapper(p->text) || !json_parse(j, p->text, NULL) || json_type(j, 0) != JSON_OBJECT || is_engines_own(j)) {
		return false;
	}
	for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
		if (unwrap(e, j, &wrappers[i], p)) {
			return true;
		}
	}
	return false;
}
