#include "ingest/envelopes/entries.h"

#include <stdlib.h>

#include "core/error.h"

enum entry_kind {
	ENTRY_OBJECT, /* an object with a line and a timestamp */
	ENTRY_PAIR,   /* ["1791180000123000000", "a line", …] */
	ENTRY_FIELDS, /* [{"field":"@message","value":"a line"}, …] */
	ENTRY_ROW,    /* ["2026-10-05T06:00:00Z","a line"], the names of its columns next to it */
	ENTRY_SERIES, /* {"metric":{…},"values":[[1791180000,"1"],…]}: each sample is a line of the text form */
};

/*
 * Paths of entries: a key at each level, "*" for the elements of an array. The objects on the path may name the
 * server.
 *
 * {"resourceLogs":[{"resource":{"attributes":[…]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"…","body":{"stringValue":"a
 * line"}}]}]}]} OpenTelemetry
 * {"status":"success","data":{"resultType":"streams","result":[{"stream":{…},"values":[["…","a line"]]}]}} Loki
 * {"stream":{…},"values":[["…","a line"]]} an element of it {"streams":[{"stream":{…},"values":[["…","a line"]]}]} what
 * is pushed to Loki {"events":[{"timestamp":1791180000123,"message":"a line"}]} CloudWatch
 * {"messageType":"DATA_MESSAGE","logStream":"…","logEvents":[…]} CloudWatch, to S3 or a subscription
 * {"results":[[{"field":"@timestamp","value":"…"},…]]}, [[{"field":…}]] CloudWatch Logs Insights
 * {"hits":{"hits":[{"_source":{…}}]}} Elasticsearch {"data":[{"type":"log","attributes":{"timestamp":"…","message":"a
 * line"}}]} Datadog {"records":[{"time":"…","properties":{"Log":"a line"}}]} Azure, diagnostic settings
 * {"tables":[{"columns":[{"name":"TimeGenerated"},…],"rows":[["…","a line"]]}]} Azure Monitor [{"textPayload":"a
 * line","timestamp":"…"}] any of the above in an array
 * {"status":"success","data":{"resultType":"matrix","result":[{"metric":{…},"values":[[1791180000,"1"]]}]}} Prometheus
 * {"metric":{…},"values":[1,2],"timestamps":[1791180000000,…]} VictoriaMetrics
 */
static const struct entry_path {
	struct text first_key; /* of the document, or a key that it must have */
	enum entry_kind kind;
	struct text keys[6]; /* "*": each element; empty: the end */
} paths[] = {
#define KEY(literal) {literal, sizeof(literal) - 1}
	{KEY("resourceLogs"), ENTRY_OBJECT, {KEY("resourceLogs"), KEY("*"), KEY("scopeLogs"), KEY("*"), KEY("logRecords"), KEY("*")}},
	{KEY("scopeLogs"), ENTRY_OBJECT, {KEY("scopeLogs"), KEY("*"), KEY("logRecords"), KEY("*")}},
	{KEY("data"), ENTRY_SERIES, {KEY("data"), KEY("result"), KEY("*")}},
	{KEY("data"), ENTRY_PAIR, {KEY("data"), KEY("result"), KEY("*"), KEY("values"), KEY("*")}},
	{KEY("stream"), ENTRY_PAIR, {KEY("values"), KEY("*")}},
	{KEY("streams"), ENTRY_PAIR, {KEY("streams"), KEY("*"), KEY("values"), KEY("*")}},
	{KEY("metric"), ENTRY_SERIES, {{"", 0}}},
	{KEY("events"), ENTRY_OBJECT, {KEY("events"), KEY("*")}},
	{KEY("logEvents"), ENTRY_OBJECT, {KEY("logEvents"), KEY("*")}},
	{KEY("results"), ENTRY_FIELDS, {KEY("results"), KEY("*")}},
	{KEY("hits"), ENTRY_OBJECT, {KEY("hits"), KEY("hits"), KEY("*")}},
	{KEY("data"), ENTRY_OBJECT, {KEY("data"), KEY("*")}},
	{KEY("records"), ENTRY_OBJECT, {KEY("records"), KEY("*")}},
	{KEY("tables"), ENTRY_ROW, {KEY("tables"), KEY("*"), KEY("rows"), KEY("*")}},
	{KEY("[["), ENTRY_FIELDS, {KEY("*")}},
	{KEY("[{"), ENTRY_SERIES, {KEY("*"), KEY("data"), KEY("result"), KEY("*")}},
	{KEY("[{"), ENTRY_SERIES, {KEY("*")}},
	{KEY("[{"), ENTRY_FIELDS, {{"", 0}}},
	{KEY("[{"), ENTRY_OBJECT, {KEY("*")}},
};
#define PATHS (sizeof paths / sizeof *paths)

/* Keys that such a document, or a value before the relevant one, may begin with. */
bool entries_may_begin(struct text t) {
	static const struct text openings[] = {
		KEY("resource\""), KEY("resourceLogs"), KEY("scopeLogs"), KEY("status\""), KEY("data\""), KEY("stream\":{"),
		KEY("stream\": {"), KEY("streams\""), KEY("metric\""), KEY("events\""), KEY("messageType\""), KEY("owner\""),
		KEY("results\""), KEY("took\""), KEY("_scroll_id\""), KEY("hits\""), KEY("nextForwardToken\""),
		KEY("searchedLogStreams\""), KEY("queryLanguage\""), KEY("meta\""), KEY("field\""), KEY("tables\""),
		KEY("records\""),
	};

	bool array = text_skip(&t, T("["));
	text_skip_blanks(&t);
	if (array && (text_starts(t, T("[")) || text_starts(t, T("{\"metric\"")) || wrapper_may_begin(t))) {
		return true;
	}
	if (!text_skip(&t, T("{"))) {
		return false;
	}
	text_skip_blanks(&t);
	if (!text_skip(&t, T("\"")) || text_starts(t, T("schema\""))) { /* the latter: tollbook's own records */
		return false;
	}
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
		if (t.len > 0 && *t.at == *openings[i].at && text_starts(t, openings[i])) {
			return true;
		}
	}
	return false;
}

void entries_release(struct entries *b) {
	json_free(b->json);
	free(b->labels);
}

static bool is_each(struct text key) {
	return text_eq(key, T("*"));
}

/* Descends from an entry's element to the next "*" or the end; JSON_ABSENT if a key is missing. */
static json_at descend(const struct entries *b, json_at at, const struct text **keys) {
	const struct text *end = b->path->keys + sizeof b->path->keys / sizeof *b->path->keys;

	for (; *keys < end && (*keys)->len > 0 && !is_each(**keys); ++*keys) {
		at = json_get(b->json, at, **keys);
	}
	return at;
}

/* The number of "*" in the path, and the keys after the n-th. */
static const struct text *keys_behind(const struct entry_path *path, int n) {
	const struct text *key = path->keys;

	for (; n > 0; key++) {
		n -= is_each(*key);
	}
	return key;
}

static int levels_of(const struct entry_path *path) {
	int levels = 0;

	for (size_t i = 0; i < sizeof path->keys / sizeof *path->keys && path->keys[i].len > 0; i++) {
		levels += is_each(path->keys[i]);
	}
	return levels;
}

/* The array that `level` iterates over. */
static json_at first_of(const struct entries *b, int level) {
	const struct text *keys = keys_behind(b->path, level);
	json_at array = descend(b, level == 0 ? 0 : b->at[level - 1], &keys);

	return json_type(b->json, array) == JSON_ARRAY ? json_first(b->json, array) : JSON_ABSENT;
}

/* Moves to the next entry; at the start all `at` are JSON_ABSENT. False after the last. */
static bool move_on(struct entries *b) {
	int level = b->levels - 1;
	bool begins = b->at[0] == JSON_ABSENT;

	if (begins) {
		level = 0;
		b->at[0] = first_of(b, 0);
	} else {
		b->at[level] = json_next(b->json, b->at[level]);
	}
	for (;;) {
		if (b->at[level] == JSON_ABSENT) {
			if (level-- == 0) {
				return false;
			}
			b->at[level] = json_next(b->json, b->at[level]);
		} else if (level == b->levels - 1) {
			return true;
		} else {
			level++;
			b->at[level] = first_of(b, level);
		}
	}
}

static json_at entry_of(const struct entries *b) {
	return b->levels == 0 ? 0 : b->at[b->levels - 1];
}

static void put(struct entries *b, struct text t) {
	if (t.len == 0) {
		return;
	}
	if (b->labels_len + t.len > b->labels_room) {
		b->labels_room = 2 * (b->labels_len + t.len) + 512;
		b->labels = must_realloc(b->labels, b->labels_room);
	}
	memcpy(b->labels + b->labels_len, t.at, t.len);
	b->labels_len += t.len;
}

/* --- content of an entry --- */

static json_at field_named(const struct json *j, json_at entry, struct text name) {
	for (json_at f = json_first(j, entry); f != JSON_ABSENT; f = json_next(j, f)) {
		json_at key = json_get(j, f, T("field"));
		if (key != JSON_ABSENT && text_eq(json_raw(j, key), name)) {
			return json_get(j, f, T("value"));
		}
	}
	return JSON_ABSENT;
}

/* A value of a table as a member of an object, as it is written in the document. */
static void put_member(struct entries *b, struct text name, json_at value) {
	bool quoted = json_type(b->json, value) == JSON_STRING;

	put(b, b->labels_len > 0 ? T(",\"") : T("{\""));
	put(b, name);
	put(b, quoted ? T("\":\"") : T("\":"));
	put(b, json_raw(b->json, value));
	put(b, quoted ? T("\"") : T(""));
}

/* A row of figures, which is not a line of a log, becomes an object. */
static bool end_object(struct entries *b, struct peeling *p) {
	put(b, b->labels_len > 0 ? T("}") : T("{}"));
	p->text = (struct text){b->labels, b->labels_len};
	return true;
}

static bool fields_as_object(struct entries *b, json_at entry, struct peeling *p) {
	const struct json *j = b->json;

	b->labels_len = 0;
	for (json_at f = json_first(j, entry); f != JSON_ABSENT; f = json_next(j, f)) {
		bool object = json_type(j, f) == JSON_OBJECT;
		json_at key = object ? json_get(j, f, T("field")) : JSON_ABSENT, value = object ? json_get(j, f, T("value")) : JSON_ABSENT;
		if (key != JSON_ABSENT && value != JSON_ABSENT && !text_eq(json_raw(j, key), T("@ptr"))) {
			put_member(b, json_raw(j, key), value);
		}
	}
	return end_object(b, p);
}

static bool row_as_object(struct entries *b, struct peeling *p) {
	const struct json *j = b->json;
	json_at columns = json_get(j, b->at[0], T("columns")), cell = json_first(j, entry_of(b));

	b->labels_len = 0;
	for (json_at c = json_first(j, columns); c != JSON_ABSENT && cell != JSON_ABSENT;
	     c = json_next(j, c), cell = json_next(j, cell)) {
		json_at name = json_get(j, c, T("name"));
		if (name != JSON_ABSENT) {
			put_member(b, json_raw(j, name), cell);
		}
	}
	return end_object(b, p);
}

static bool take_fields(struct envelope *e, struct entries *b, json_at entry, struct peeling *p) {
	const struct json *j = b->json;
	json_at line = field_named(j, entry, T("@message")), stream = field_named(j, entry, T("@logStream"));

	if (stream != JSON_ABSENT) {
		origin_set(&p->origin, ORIGIN_INSTANCE, json_raw(j, stream));
	}
	return line == JSON_ABSENT ? fields_as_object(b, entry, p) : wrapper_read(e, j, line, field_named(j, entry, T("@timestamp")), true, p);
}

/* The cell of a row in the column with a name. */
static json_at cell_of(const struct entries *b, struct text name) {
	const struct json *j = b->json;
	json_at columns = json_get(j, b->at[0], T("columns")), cell = json_first(j, entry_of(b));

	for (json_at c = json_first(j, columns); c != JSON_ABSENT && cell != JSON_ABSENT;
	     c = json_next(j, c), cell = json_next(j, cell)) {
		json_at named = json_get(j, c, T("name"));
		if (named != JSON_ABSENT && text_eq(json_raw(j, named), name)) {
			return cell;
		}
	}
	return JSON_ABSENT;
}

static bool take_row(struct envelope *e, struct entries *b, struct peeling *p) {
	static const struct text lines[] = {KEY("LogMessage"), KEY("LogEntry"), KEY("Log_s"), KEY("message")};
	static const struct text pods[] = {KEY("PodName"), KEY("ContainerName"), KEY("Computer")};
	json_at line = JSON_ABSENT;

	for (size_t i = 0; i < sizeof lines / sizeof *lines && line == JSON_ABSENT; i++) {
		line = cell_of(b, lines[i]);
	}
	for (size_t i = 0; i < sizeof pods / sizeof *pods; i++) {
		json_at pod = cell_of(b, pods[i]);
		if (pod != JSON_ABSENT) {
			envelope_origin_pair(e, pods[i], json_raw(b->json, pod), p);
		}
	}
	return line == JSON_ABSENT ? row_as_object(b, p) : wrapper_read(e, b->json, line, cell_of(b, T("TimeGenerated")), true, p);
}

static bool take_pair(struct envelope *e, const struct json *j, json_at entry, struct peeling *p) {
	json_at stamp = json_type(j, entry) == JSON_ARRAY ? json_first(j, entry) : JSON_ABSENT;
	json_at line = json_next(j, stamp);

	return line != JSON_ABSENT && wrapper_read(e, j, line, stamp, false, p);
}

static bool looks_like_entry(const struct entries *b) {
	const struct json *j = b->json;
	json_at entry = entry_of(b);

	switch (b->path->kind) {
	case ENTRY_OBJECT:
		return json_type(j, entry) == JSON_OBJECT && (wrapper_is(j, entry) || wrapper_is_event(j, entry));
	case ENTRY_PAIR: { /* Prometheus' instants are numbers */
		json_at stamp = json_type(j, entry) == JSON_ARRAY ? json_first(j, entry) : JSON_ABSENT;
		return json_type(j, stamp) == JSON_STRING;
	}
	case ENTRY_ROW:
		return json_type(j, entry) == JSON_ARRAY && cell_of(b, T("TimeGenerated")) != JSON_ABSENT;
	case ENTRY_FIELDS:
		return json_type(j, entry) == JSON_ARRAY && (field_named(j, entry, T("@message")) != JSON_ABSENT || field_named(j, entry, T("@timestamp")) != JSON_ABSENT);
	default:
		return json_get(j, entry, T("metric")) != JSON_ABSENT;
	}
}

/* --- samples --- */

/* 'vllm:prompt_tokens_total{engine="0",instance="a:8000"} ' */
static void write_labels(struct entries *b, json_at metric) {
	json_at name = json_get(b->json, metric, T("__name__"));
	bool any = false;

	b->labels_len = 0;
	put(b, json_raw(b->json, name));
	put(b, T("{"));
	for (json_at v = json_first(b->json, metric); v != JSON_ABSENT; v = json_next(b->json, v)) {
		if (v != name && json_type(b->json, v) == JSON_STRING) {
			put(b, any ? T(",") : T(""));
			put(b, json_key(b->json, v));
			put(b, T("=\""));
			put(b, json_raw(b->json, v));
			put(b, T("\""));
			any = true;
		}
	}
	put(b, T("} "));
}

/* The first sample of the series at the entry: `value` is JSON_ABSENT if it has none. */
static void begin_series(struct entries *b) {
	const struct json *j = b->json;
	json_at entry = entry_of(b), values = json_get(j, entry, T("values")), stamps = json_get(j, entry, T("timestamps"));
	json_at metric = json_get(j, entry, T("metric"));

	b->value = json_type(j, values) == JSON_ARRAY ? json_first(j, values) : json_get(j, entry, T("value"));
	b->stamp = json_type(j, stamps) == JSON_ARRAY ? json_first(j, stamps) : JSON_ABSENT;
	if (metric == JSON_ABSENT) {
		b->value = JSON_ABSENT;
	} else {
		write_labels(b, metric);
	}
}

/* The sample at `value`, [seconds, "1"] or 1 with its milliseconds at `stamp`, as text; moves past it. */
static void write_sample(struct envelope *e, struct entries *b, struct peeling *p) {
	const struct json *j = b->json;
	bool pair = json_type(j, b->value) == JSON_ARRAY, alone = b->value == json_get(j, entry_of(b), T("value"));
	json_at stamp = pair ? json_first(j, b->value) : b->stamp;
	json_at value = !pair ? b->value : json_next(j, stamp);
	struct text number = json_raw(j, value), at = json_raw(j, stamp);
	size_t len = b->labels_len + number.len + 1 + at.len;
	char *to = envelope_scratch(e, p, len);

	memcpy(to, b->labels, b->labels_len);
	memcpy(to + b->labels_len, number.at, number.len);
	to[b->labels_len + number.len] = ' ';
	memcpy(to + b->labels_len + number.len + 1, at.at, at.len);
	p->text = (struct text){to, len};
	b->value = alone ? JSON_ABSENT : json_next(j, b->value);
	b->stamp = b->stamp == JSON_ABSENT ? JSON_ABSENT : json_next(j, b->stamp);
}

static bool next_sample(struct envelope *e, struct entries *b, struct peeling *p) {
	while (b->value == JSON_ABSENT) {
		if (b->levels == 0 ? b->at[0] != JSON_ABSENT : !move_on(b)) {
			return false;
		}
		b->at[0] = b->levels == 0 ? 0 : b->at[0];
		begin_series(b);
	}
	write_sample(e, b, p);
	return true;
}

/* --- iteration --- */

static bool has_key(const struct json *j, const struct entry_path *path) {
	if (text_starts(path->first_key, T("["))) {
		return json_type(j, json_first(j, 0)) == (text_eq(path->first_key, T("[[")) ? JSON_ARRAY : JSON_OBJECT);
	}
	return json_type(j, 0) == JSON_OBJECT && json_get(j, 0, path->first_key) != JSON_ABSENT;
}

static void begin(struct entries *b, const struct entry_path *path) {
	b->path = path;
	b->levels = levels_of(path);
	b->value = b->stamp = JSON_ABSENT;
	for (int i = 0; i < ENTRIES_LEVELS; i++) {
		b->at[i] = JSON_ABSENT;
	}
}

bool entries_open(struct entries *b, struct text document) {
	if (!entries_may_begin(document)) {
		return false;
	}
	b->json = b->json ? b->json : json_new();
	if (!json_parse(b->json, document, NULL)) {
		return false;
	}
	for (size_t i = 0; i < PATHS; i++) {
		if (!has_key(b->json, &paths[i])) {
			continue;
		}
		begin(b, &paths[i]);
		if ((b->levels == 0 || move_on(b)) && looks_like_entry(b)) {
			begin(b, &paths[i]);
			return true;
		}
	}
	b->path = NULL;
	return false;
}

/* The members on the path to the entry name the server: resource.attributes of OpenTelemetry, Loki's stream. */
static void take_origin(struct envelope *e, struct entries *b, struct peeling *p) {
	for (int i = b->levels - 2; i >= -1; i--) {
		json_at object = i < 0 ? 0 : b->at[i];
		if (json_type(b->json, object) != JSON_OBJECT) {
			continue;
		}
		json_at resource = json_get(b->json, object, T("resource"));
		json_at stream = json_get(b->json, object, T("logStream"));
		if (json_type(b->json, resource) == JSON_OBJECT) {
			envelope_origin_of_attributes(e, b->json, json_get(b->json, resource, T("attributes")), p);
		}
		if (stream != JSON_ABSENT) {
			origin_set(&p->origin, ORIGIN_INSTANCE, json_raw(b->json, stream));
		}
		if (json_get(b->json, object, T("stream")) != JSON_ABSENT) {
			envelope_origin(e, b->json, object, p);
		}
	}
}

static bool take_entry(struct envelope *e, struct entries *b, struct peeling *p) {
	json_at entry = entry_of(b);

	if (b->path->kind == ENTRY_OBJECT && wrapper_is_event(b->json, entry)) {
		p->text = json_raw(b->json, entry);
		return true;
	}
	switch (b->path->kind) {
	case ENTRY_PAIR:
		return take_pair(e, b->json, entry, p);
	case ENTRY_FIELDS:
		return json_type(b->json, entry) == JSON_ARRAY && take_fields(e, b, entry, p);
	case ENTRY_ROW:
		return json_type(b->json, entry) == JSON_ARRAY && take_row(e, b, p);
	default: /* samples are read one by one, see next_sample */
		return json_type(b->json, entry) == JSON_OBJECT && wrapper_unwrap(e, b->json, entry, p);
	}
}

bool entries_next(struct envelope *e, struct entries *b, struct peeling *p) {
	if (!b->path) {
		return false;
	}
	if (b->path->kind == ENTRY_SERIES) {
		if (next_sample(e, b, p)) {
			return true;
		}
		b->path = NULL;
		return false;
	}
	for (;;) {
		if (b->levels == 0 ? b->at[0] != JSON_ABSENT : !move_on(b)) {
			b->path = NULL;
			return false;
		}
		b->at[0] = b->levels == 0 ? 0 : b->at[0];
		if (take_entry(e, b, p)) {
			take_origin(e, b, p);
			return true;
		}
	}
}
