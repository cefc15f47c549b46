/*
 * native.c: tollbook's own records, JSON lines.
 * {"schema":"tollbook.step.v1","replica":"h100-07","model":"m","step":12,"start_ns":1786406365055238410,"gpu_ns":82570814,…}
 *
 * Two readers fill the same fields from the same tables: a fast reader for the usual form (compact, keys in the usual
 * order, no escapes), and core/json for everything else. The fast reader accepts only what the other would read
 * equally; in doubtful cases it leaves the line to the other. tests/unit/test_native.c and the fuzzer compare them.
 */
#include "ingest/formats/native.h"

#include "core/instant.h"
#include "ingest/formats/fields.h"

/* The field's address; `offset` is one of the tables'. */
static void *field_place(struct record *r, const struct field *f) {
	return (char *)r + f->offset;
}

static const char *set_count(struct record *r, const struct field *f, int64_t value) {
	if (value < 0) {
		return "negative count";
	}
	if (value > f->limit) {
		return "absurd count";
	}
	*(int64_t *)field_place(r, f) = value;
	return NULL;
}

/* "412.35" or 412.35; a GPU sensor that reports more than 100 kW is broken. */
static const char *set_watts(struct record *r, const struct field *f, struct text number) {
	int64_t milliwatts;

	if (!text_take_fixed(&number, 3, &milliwatts) || number.len > 0) {
		return "wrong type of value";
	}
	if (milliwatts < 0 || milliwatts > 100000000) {
		return "absurd power";
	}
	*(int64_t *)field_place(r, f) = milliwatts;
	return NULL;
}

/* `batch` and `service` may be in either order; either can mark batch traffic. */
static void set_service(enum service *to, enum service said) {
	*to = *to == SERVICE_BATCH ? *to : said;
}

const char *native_set_string(struct record *r, const struct field *f, struct text t) {
	switch (f->type) {
	case FIELD_TEXT:
		*(struct text *)field_place(r, f) = t;
		return NULL;
	case FIELD_STATUS:
		*(bool *)field_place(r, f) = text_eq(t, T("ok"));
		return NULL;
	case FIELD_SERVICE:
		set_service(field_place(r, f), service_of(t));
		return NULL;
	case FIELD_DURATION_KIND:
		return duration_kind_parse(t, field_place(r, f)) ? NULL : "unknown duration kind";
	case FIELD_INSTANT:
		return instant_parse(t, field_place(r, f)) ? NULL : "wrong type of value";
	case FIELD_SCHEMA:
	case FIELD_IGNORED:
		return NULL;
	default:
		return "wrong type of value";
	}
}

const char *native_set_flag(struct record *r, const struct field *f, bool on) {
	if (f->type == FIELD_BOOL) {
		*(bool *)field_place(r, f) = on;
		return NULL;
	}
	if (f->type == FIELD_BATCH) {
		set_service(field_place(r, f), on ? SERVICE_BATCH : *(enum service *)field_place(r, f));
		return NULL;
	}
	if (f->type == FIELD_FLAG) {
		unsigned *flags = field_place(r, f);
		*flags = on ? *flags | (unsigned)f->limit : *flags & ~(unsigned)f->limit;
		return NULL;
	}
	return f->type == FIELD_IGNORED ? NULL : "wrong type of value";
}

const char *native_set_integer(struct record *r, const struct field *f, int64_t value) {
	switch (f->type) {
	case FIELD_COUNT:
		return set_count(r, f, value);
	case FIELD_INDEX:
	case FIELD_INSTANT:
		/* INT64_MIN would read as "not given". */
		*(int64_t *)field_place(r, f) = value == UNKNOWN ? value + 1 : value;
		return NULL;
	case FIELD_IGNORED:
		return NULL;
	default:
		return "wrong type of value";
	}
}

const char *native_set(struct record *r, const struct field *f, struct text value) {
	int64_t n;

	if (value.len == 0 || f->type == FIELD_IGNORED) {
		return NULL;
	}
	switch (f->type) {
	case FIELD_WATTS:
		return set_watts(r, f, value);
	case FIELD_BOOL:
	case FIELD_BATCH:
	case FIELD_FLAG:
		return text_eq(value, T("true")) || text_eq(value, T("false")) ? native_set_flag(r, f, text_eq(value, T("true")))
		                                                               : "wrong type of value";
	case FIELD_COUNT:
	case FIELD_INDEX:
		return text_to_i64(value, &n) ? native_set_integer(r, f, n) : "wrong type of value";
	case FIELD_INSTANT:
		return text_to_i64(value, &n) ? native_set_integer(r, f, n) : native_set_string(r, f, value);
	default:
		return native_set_string(r, f, value);
	}
}

const struct field *native_field(const struct kind *k, struct text key) {
	for (size_t i = 0; i < k->field_count; i++) {
		if (text_eq(k->fields[i].key, key)) {
			return &k->fields[i];
		}
	}
	return NULL;
}

/* --- the slow reader --- */

/* The row of a key: the one after the last, else any. */
const struct field *native_field_next(const struct kind *k, size_t *next, struct text key) {
	for (size_t i = 0; i < k->field_count; i++) {
		size_t row = *next + i < k->field_count ? *next + i : *next + i - k->field_count;
		if (text_eq(k->fields[row].key, key)) {
			*next = row + 1;
			return &k->fields[row];
		}
	}
	return NULL;
}

/* Texts with escapes are stored here until the next line; longer ones are truncated. */
#define UNESCAPED_MAX 512
#define UNESCAPED_COUNT 6

struct native {
	struct native_heads heads;
	char unescaped[UNESCAPED_COUNT][UNESCAPED_MAX];
	int used;
};

static const struct kind *slow_kind(const struct json *j, const char **why) {
	char buffer[64];
	json_at schema = json_get(j, 0, T("schema"));

	for (size_t i = 0; i < NATIVE_KINDS; i++) {
		if (schema == JSON_ABSENT ? json_get(j, 0, native_kinds[i].only_key) != JSON_ABSENT
		                          : text_eq(native_kinds[i].schema, json_string(j, schema, buffer, sizeof buffer))) {
			return &native_kinds[i];
		}
	}
	*why = schema == JSON_ABSENT ? "unknown kind of record" : "unknown schema";
	return NULL;
}

static const char *slow_string(struct native *n, const struct json *j, json_at v, struct record *r,
                               const struct field *f) {
	struct text raw = json_raw(j, v);
	char *buffer = n->unescaped[n->used % UNESCAPED_COUNT];

	if (text_find_byte(raw, '\\') == SIZE_MAX) {
		return native_set_string(r, f, raw);
	}
	n->used++;
	return native_set_string(r, f, json_string(j, v, buffer, UNESCAPED_MAX));
}

static const char *slow_number(const struct json *j, json_at v, struct record *r, const struct field *f) {
	int64_t value;

	if (f->type == FIELD_WATTS) {
		return set_watts(r, f, json_raw(j, v));
	}
	if (f->type == FIELD_IGNORED) {
		return NULL;
	}
	if (!json_i64(j, v, &value)) {
		/* An integer with more digits than any count has? */
		struct text raw = json_raw(j, v);
		return f->type == FIELD_COUNT && raw.len > 18 && strspn(raw.at, "-0123456789") >= raw.len ? "absurd count"
		                                                                                          : "wrong type of value";
	}
	return native_set_integer(r, f, value);
}

static const char *slow_value(struct native *n, const struct json *j, json_at v, struct record *r,
                              const struct field *f) {
	bool flag = false;

	switch (json_type(j, v)) {
	case JSON_STRING:
		return slow_string(n, j, v, r, f);
	case JSON_NUMBER:
		return slow_number(j, v, r, f);
	case JSON_BOOL:
		json_bool(j, v, &flag);
		return native_set_flag(r, f, flag);
	case JSON_NULL: /* as if the key were missing */
		return NULL;
	default:
		return f->type == FIELD_IGNORED ? NULL : "wrong type of value";
	}
}

const struct kind *native_slow(struct parser *p, struct text line, struct record *r) {
	struct native *n = p->state;
	const struct json *j = p->json;
	const struct kind *k;
	size_t next = 0;
	uint64_t seen = 0;

	p->reason = NULL;
	if (!json_parse(p->json, line, NULL) || json_type(j, 0) != JSON_OBJECT) {
		p->reason = "invalid JSON";
		return NULL;
	}
	k = slow_kind(j, &p->reason);
	if (!k) {
		return NULL;
	}
	n->used = 0;
	native_defaults(r, k->kind);
	for (json_at v = json_first(j, 0); v != JSON_ABSENT && !p->reason; v = json_next(j, v)) {
		const struct field *f = native_field_next(k, &next, json_key(j, v));
		p->quality->unknown_keys += f ? 0 : 1;
		uint64_t bit = f ? native_row(next) : 0;
		p->note = seen & bit ? "a key appears twice in a record: the last one counts" : p->note;
		seen |= bit;
		p->reason = f ? slow_value(n, j, v, r, f) : NULL;
	}
	return k;
}

static enum parse_result native_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                      struct record *out) {
	(void)stamp_ns;
	if (!line || line->len == 0) {
		return PARSE_NONE;
	}
	struct native *n = p->state;
	const struct kind *k = native_fast(&n->heads, *line, out);
	if (!k) {
		k = native_slow(p, *line, out);
		if (p->reason) {
			return PARSE_REJECT;
		}
	}
	p->reason = k->check(p, out);
	return p->reason ? PARSE_REJECT : PARSE_RECORD;
}

/* A schema of tollbook is certain; an object with a key that identifies the kind is likely. */
static int native_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid < 90; i++) {
		if (!text_starts(lines[i], T("{"))) {
			continue;
		}
		struct text schema;
		if (field_at_top(lines[i], T("schema"), &schema) && text_starts(schema, T("\"tollbook."))) {
			bid = 90;
		} else if (text_find(lines[i], T("\"gpu_ns\":")) != SIZE_MAX ||
		           text_find(lines[i], T("\"finish_ns\":")) != SIZE_MAX ||
		           text_find(lines[i], T("_gpu_ns\":")) != SIZE_MAX ||
		           (text_find(lines[i], T("\"at_ns\":")) != SIZE_MAX &&
		            text_find(lines[i], T("\"watts\":")) != SIZE_MAX) ||
		           (text_find(lines[i], T("\"end_ns\":")) != SIZE_MAX &&
		            text_find(lines[i], T("\"input_tokens\":")) != SIZE_MAX)) {
			bid = 40;
		}
	}
	return bid;
}

const struct format format_native = {
	.bid = native_bid,
	.parse = native_parse,
	.state_size = sizeof(struct native),
};
