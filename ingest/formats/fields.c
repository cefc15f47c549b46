#include "ingest/formats/fields.h"

#include <stdio.h>

#include "core/exact.h"
#include "core/instant.h"
#include "ingest/formats/native.h"

void record_begin(struct record *r, enum record_kind kind) {
	native_defaults(r, kind);
	r->request.cached_tokens = kind == RECORD_REQUEST ? 0 : r->request.cached_tokens;
}

/* Limits of counts and durations, as in the native format, so that no single line makes a sum too large. */
static const char *over_limit(const struct record *r) {
	const struct kind *k = &native_kinds[r->kind];

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		if (f->type == FIELD_COUNT && *(const int64_t *)(const void *)((const char *)r + f->offset) > f->limit) {
			return "absurd count";
		}
	}
	return NULL;
}

enum parse_result record_finish(struct parser *p, struct record *r) {
	if (p->model.len > 0) {
		r->model = p->model;
	}
	p->reason = p->reason ? p->reason : over_limit(r);
	p->reason = p->reason ? p->reason : native_kinds[r->kind].check(p, r);
	return p->reason ? PARSE_REJECT : PARSE_RECORD;
}

bool field_parse_line(struct parser *p, struct text line) {
	struct text t = text_trim(line);

	p->reason = NULL;
	t.len -= text_ends(t, T(",")) ? 1 : 0;
	if (t.len == 0 || text_eq(t, T("[")) || text_eq(t, T("]"))) {
		return false;
	}
	if (json_parse(p->json, t, NULL)) {
		return true;
	}
	/* The first or last object of an array that is written with one object per line. */
	bool first = text_starts(t, T("[{")), last = text_ends(t, T("}]"));
	t = text_cut(t, first, t.len - last);
	if (first == last || !json_parse(p->json, t, NULL)) {
		p->reason = "invalid JSON";
		return false;
	}
	return true;
}

static json_at or_none(json_at v) {
	return v == JSON_ABSENT ? 0 : v;
}

enum parse_result field_each(struct parser *p, json_at *next, const struct text *line, int64_t stamp_ns,
                             field_item *item, struct record *out) {
	enum parse_result result = PARSE_NONE;

	if (!line) {
		return PARSE_NONE;
	}
	if (*next == 0) {
		if (!field_parse_line(p, *line)) {
			return p->reason ? PARSE_REJECT : PARSE_NONE;
		}
		if (json_type(p->json, 0) == JSON_OBJECT) {
			return item(p, 0, stamp_ns, out);
		}
		*next = or_none(json_first(p->json, 0));
	}
	while (*next && result == PARSE_NONE) {
		json_at v = *next;
		*next = or_none(json_next(p->json, v));
		p->reason = NULL;
		result = json_type(p->json, v) == JSON_OBJECT ? item(p, v, stamp_ns, out) : reject(p, "wrong type of value");
	}
	if (*next == 0) {
		return result;
	}
	return result == PARSE_RECORD ? PARSE_AGAIN : PARSE_REJECT_AGAIN;
}

static void note(struct parser *p, const char *reason) {
	p->reason = p->reason ? p->reason : reason;
}

/* The digits of a number or of a string that contains one; empty if there is no value. */
static struct text digits_of(struct parser *p, json_at v) {
	struct text t = {"", 0};

	switch (v == JSON_ABSENT ? JSON_NULL : json_type(p->json, v)) {
	case JSON_NUMBER:
	case JSON_STRING:
		t = json_raw(p->json, v);
		return text_eq(t, T("-")) || text_eq(t, T("N/A")) ? text_cut(t, 0, 0) : t;
	case JSON_NULL:
		return t;
	default:
		note(p, "wrong type of value");
		return t;
	}
}

/* Zero-initialised keys name nothing. */
static json_at member(const struct parser *p, json_at object, struct text key) {
	return key.len == 0 ? JSON_ABSENT : json_get(p->json, object, key);
}

int64_t field_count(struct parser *p, json_at object, struct text key) {
	struct text t = digits_of(p, member(p, object, key));
	int64_t n;

	if (t.len == 0) {
		return UNKNOWN;
	}
	if (!text_to_i64(t, &n) && !number_whole(t, &n)) {
		note(p, t.len > 18 && strspn(t.at, "-0123456789") >= t.len ? "absurd count" : "wrong type of value");
		return UNKNOWN;
	}
	if (n < 0 || n > COUNT_MAX) {
		note(p, n < 0 ? "negative count" : "absurd count");
		return UNKNOWN;
	}
	return n;
}

int64_t field_count_or_0(struct parser *p, json_at object, struct text key) {
	int64_t n = field_count(p, object, key);

	return n == UNKNOWN ? 0 : n;
}

int64_t field_duration(struct parser *p, json_at object, struct text key, enum unit unit) {
	struct text t = digits_of(p, member(p, object, key));
	int64_t ns;

	if (t.len == 0) {
		return UNKNOWN;
	}
	if (!number_scaled(t, (int)unit, &ns)) {
		note(p, "wrong type of value");
		return UNKNOWN;
	}
	if (ns < 0 || ns > STEP_MAX_NS) {
		note(p, "absurd duration");
		return UNKNOWN;
	}
	return ns;
}

int64_t field_instant(struct parser *p, json_at object, struct text key, enum unit unit) {
	json_at v = member(p, object, key);
	struct text t = digits_of(p, v);
	int64_t ns;

	if (t.len == 0) {
		return UNKNOWN;
	}
	if (number_scaled(t, (int)unit, &ns)) {
		return ns;
	}
	if (!stamp_take_local(&p->stamps, &t, &ns) || t.len > 0) {
		note(p, "invalid time stamp");
		return UNKNOWN;
	}
	return ns;
}

struct text field_text(struct parser *p, json_at object, struct text key) {
	json_at v = member(p, object, key);
	char *buffer = p->texts.at[p->texts.used % TEXTS_MAX];

	if (v == JSON_ABSENT || (json_type(p->json, v) != JSON_STRING && json_type(p->json, v) != JSON_NUMBER)) {
		return T("");
	}
	struct text raw = json_raw(p->json, v);
	if (json_type(p->json, v) == JSON_NUMBER || text_find_byte(raw, '\\') == SIZE_MAX) {
		return raw;
	}
	p->texts.used++;
	return json_string(p->json, v, buffer, TEXT_MAX_BYTES);
}

json_at field_path(const struct json *j, json_at object, const struct text *keys, size_t count) {
	for (size_t i = 0; i < count && object != JSON_ABSENT; i++) {
		object = json_get(j, object, keys[i]);
	}
	return object;
}

bool number_scaled(struct text t, int digits, int64_t *out) {
	struct text mantissa = t;
	int64_t exponent = 0, value;
	size_t e = text_find_byte(t, 'e');

	e = e == SIZE_MAX ? text_find_byte(t, 'E') : e;
	if (e != SIZE_MAX) {
		struct text power = text_cut(t, e + 1, t.len);
		text_skip(&power, T("+"));
		if (!text_to_i64(power, &exponent) || exponent < -400 || exponent > 400) {
			return false;
		}
		mantissa = text_cut(t, 0, e);
	}
	int places = digits + (int)exponent;
	struct text rest = mantissa;
	if (places < 0) { /* less than a tenth of a unit, unless the mantissa is long, which no writer produces */
		*out = 0;
		return text_take_fixed(&rest, 0, &value) && rest.len == 0;
	}
	if (places > 18 || !text_take_fixed(&rest, places, out)) {
		return false;
	}
	return rest.len == 0;
}

bool number_whole(struct text t, int64_t *n) {
	int64_t milli, whole;

	return number_scaled(t, 0, n) && number_scaled(t, 3, &milli) && !__builtin_mul_overflow(*n, 1000, &whole) && milli == whole;
}

bool duration_with_unit(struct text t, int64_t *ns) {
	static const struct {
		struct text unit;
		int64_t ns; /* of one unit */
	} units[] = {{{"ns", 2}, 1},
	             {{"\xc2\xb5s", 3}, 1000},
	             {{"\xce\xbcs", 3}, 1000},
	             {{"us", 2}, 1000},
	             {{"ms", 2}, 1000000},
	             {{"s", 1}, NS_PER_SECOND},
	             {{"m", 1}, 60 * NS_PER_SECOND},
	             {{"h", 1}, NS_PER_HOUR}};
	int64_t sum = 0, part, value;

	if (t.len == 0) {
		return false;
	}
	while (t.len > 0) {
		bool found = false;
		if (!text_take_fixed(&t, 9, &value) || value < 0) {
			return false;
		}
		for (size_t i = 0; i < sizeof units / sizeof *units && !found; i++) {
			found = text_skip(&t, units[i].unit);
			if (found && (!exact_mul_div(value, units[i].ns, NANO, &part) || !exact_add(&sum, part))) {
				return false;
			}
		}
		if (!found) {
			return false;
		}
	}
	*ns = sum;
	return true;
}

int64_t instant_plus(int64_t ns, int64_t duration_ns) {
	int64_t sum;

	return ns == UNKNOWN || duration_ns == UNKNOWN || __builtin_add_overflow(ns, duration_ns, &sum) ? UNKNOWN : sum;
}

int64_t instant_minus(int64_t ns, int64_t duration_ns) {
	return duration_ns == UNKNOWN ? UNKNOWN : instant_plus(ns, -duration_ns);
}

struct text server_replica(const struct parser *p, int64_t server, int64_t engine, char *buffer, size_t size) {
	char of_server[24] = "", of_engine[24] = "";

	if ((server <= 0 && engine <= 0) || size < 64) {
		return p->replica;
	}
	if (server > 0) {
		snprintf(of_server, sizeof of_server, "#%lld", (long long)server + 1);
	}
	if (engine > 0) {
		snprintf(of_engine, sizeof of_engine, "/%lld", (long long)engine);
	}
	size_t room = size - 56;
	int len = p->replica.len < room ? (int)p->replica.len : (int)room;
	snprintf(buffer, size, "%.*s%s%s", len, p->replica.at, of_server, of_engine);
	return text_of(buffer);
}

struct text engine_replica(const struct parser *p, int64_t engine, char *buffer, size_t size) {
	return server_replica(p, 0, engine, buffer, size);
}

/* ---- lines before they are parsed ---- */

/* After the string whose quote is at `at`. */
static size_t after_string(struct text t, size_t at) {
	for (at++; at < t.len && t.at[at] != '"'; at++) {
		at += t.at[at] == '\\';
	}
	return at < t.len ? at + 1 : t.len;
}

/* After the value at `at`: its strings and brackets in pairs. */
static size_t after_value(struct text t, size_t at) {
	int depth = 0;

	while (at < t.len) {
		char c = t.at[at];
		if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
			break;
		}
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		at = c == '"' ? after_string(t, at) : at + 1;
	}
	return at;
}

static size_t after_blanks(struct text t, size_t at) {
	while (at < t.len && (t.at[at] == ' ' || t.at[at] == '\t')) {
		at++;
	}
	return at;
}

bool field_at_top(struct text line, struct text key, struct text *value) {
	/* In most lines it is nowhere, which is found faster. */
	for (size_t at = text_find(line, key) != SIZE_MAX ? 0 : line.len; at < line.len;) {
		if (line.at[at] != '"') {
			at++; /* between members; the brackets of the line's own object and array */
			continue;
		}
		size_t end = after_string(line, at), colon = after_blanks(line, end);
		if (colon == line.len || line.at[colon] != ':') {
			at = end;
			continue;
		}
		size_t from = after_blanks(line, colon + 1), to = after_value(line, from);
		if (end - at == key.len + 2 && memcmp(line.at + at + 1, key.at, key.len) == 0) {
			*value = text_cut(line, from, to);
			return true;
		}
		at = to;
	}
	return false;
}

bool field_is_at_top(struct text line, struct text key) {
	struct text value;

	return field_at_top(line, key, &value);
}
