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

/* A string without escapes. Instants and kinds are checked here, so that both readers agree. */
static const char *set_string(struct record *r, const struct field *f, struct text t) {
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

static const char *set_flag(struct record *r, const struct field *f, bool on) {
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

static const char *set_integer(struct record *r, const struct field *f, int64_t value) {
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
		return text_eq(value, T("true")) || text_eq(value, T("false")) ? set_flag(r, f, text_eq(value, T("true")))
		                                                               : "wrong type of value";
	case FIELD_COUNT:
	case FIELD_INDEX:
		return text_to_i64(value, &n) ? set_integer(r, f, n) : "wrong type of value";
	case FIELD_INSTANT:
		return text_to_i64(value, &n) ? set_integer(r, f, n) : set_string(r, f, value);
	default:
		return set_string(r, f, value);
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

/* --- the fast reader --- */

/* The position; `end` is one past the last byte. */
struct cursor {
	const char *at, *end;
};

static inline bool cursor_skip(struct cursor *c, char byte) {
	if (c->at == c->end || *c->at != byte) {
		return false;
	}
	c->at++;
	return true;
}

static inline uint64_t eight_at(const char *at) {
	uint64_t bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes;
}

static inline uint32_t four_at(const char *at) {
	uint32_t bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes;
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Has one of the eight bytes a value below `limit`, which is at most 128? */
static inline bool any_below(uint64_t bytes, uint64_t limit) {
	return ((bytes - EACH_BYTE(limit)) & ~bytes & EACH_BYTE(0x80)) != 0;
}

/* None of the eight bytes is a quote, a backslash or a control character. */
static inline bool all_plain(uint64_t bytes) {
	return !any_below(bytes, 0x20) && !any_below(bytes ^ EACH_BYTE('"'), 1) && !any_below(bytes ^ EACH_BYTE('\\'), 1);
}

/* The text up to the next quote, which is skipped; false if the slow reader is needed. */
static inline bool cursor_string(struct cursor *c, struct text *out) {
	const char *start = c->at;

	while (c->end - c->at >= 8 && all_plain(eight_at(c->at))) {
		c->at += 8;
	}
	while (c->at < c->end && *c->at != '"') {
		if (*c->at == '\\' || (unsigned char)*c->at < 0x20) {
			return false;
		}
		c->at++;
	}
	*out = (struct text){start, (size_t)(c->at - start)};
	return cursor_skip(c, '"');
}

/* The number from up to eight digits (`*count`); the first is in the lowest byte. */
static inline uint64_t digits_of(uint64_t bytes, int *count) {
	uint64_t others = ((bytes & EACH_BYTE(0xf0)) ^ EACH_BYTE(0x30)) | (((bytes + EACH_BYTE(0x06)) & EACH_BYTE(0xf0)) ^ EACH_BYTE(0x30));

	*count = others == 0 ? 8 : __builtin_ctzll(others) / 8;
	if (*count == 0) {
		return 0;
	}
	bytes <<= 8 * (8 - *count); /* leading zeros, trailing bytes are shifted out */
	/* Pairs, then fours, then all. */
	bytes = (bytes & EACH_BYTE(0x0f)) * 2561 >> 8;
	bytes = (bytes & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
	return (bytes & UINT64_C(0x0000ffff0000ffff)) * UINT64_C(42949672960001) >> 32;
}

/* Reads digits, eight bytes at a time if possible; the value is exact up to 19 digits. */
static inline int cursor_digits(struct cursor *c, uint64_t *value) {
	static const uint32_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
	int all = 0, count = 8;

	*value = 0;
	while (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && count == 8 && all <= 16 && c->end - c->at >= 8) {
		uint64_t part = digits_of(eight_at(c->at), &count);
		*value = *value * tens[count] + part;
		c->at += count;
		all += count;
	}
	while (all <= 19 && c->at < c->end && *c->at >= '0' && *c->at <= '9') {
		*value = 10 * *value + (uint64_t)(*c->at - '0');
		c->at++;
		all++;
	}
	return all;
}

/* Up to 19 digits, no leading zero, followed by ',' or '}': no sign, no overflow. */
static inline bool cursor_integer(struct cursor *c, int64_t *out) {
	const char *start = c->at;
	uint64_t value;
	int digits = cursor_digits(c, &value);

	*out = (int64_t)value;
	/* 19 digits from 92… on may be too large: also left to the slow reader. */
	return digits > 0 && (digits < 19 || *start < '9') && (digits == 1 || *start != '0') && digits <= 19 &&
	       c->at < c->end && (*c->at == ',' || *c->at == '}');
}

/* Do the bytes at `at` (enough of them) begin with the key? Compares overlapping words, without a call. */
static inline bool key_at(const char *at, struct text key) {
	if (key.len < 4 || key.len > 24) {
		return memcmp(at, key.at, key.len) == 0;
	}
	if (key.len < 8) {
		return four_at(at) == four_at(key.at) && four_at(at + key.len - 4) == four_at(key.at + key.len - 4);
	}
	return eight_at(at) == eight_at(key.at) && eight_at(at + key.len - 8) == eight_at(key.at + key.len - 8) &&
	       (key.len <= 16 || eight_at(at + 8) == eight_at(key.at + 8));
}

/* The row of a key: the one after the last, else any. */
static inline const struct field *field_next(const struct kind *k, size_t *next, struct text key) {
	for (size_t i = 0; i < k->field_count; i++) {
		size_t row = *next + i < k->field_count ? *next + i : *next + i - k->field_count;
		if (k->fields[row].key.len == key.len && key_at(key.at, k->fields[row].key)) {
			*next = row + 1;
			return &k->fields[row];
		}
	}
	return NULL;
}

/* Rows after the last one that are tried before a key is parsed: writers omit some. */
#define ROWS_TRIED 4

/* The row of the key (with quotes and colon) at this position, which is skipped; NULL if it is none of the next few. */
static inline const struct field *cursor_next_key(struct cursor *c, const struct kind *k, size_t *next) {
	size_t left = (size_t)(c->end - c->at);

	for (size_t row = *next; row < k->field_count && row < *next + ROWS_TRIED; row++) {
		struct text key = k->fields[row].key;
		if (key.len + 3 <= left && c->at[key.len + 1] == '"' && c->at[key.len + 2] == ':' && *c->at == '"' && key_at(c->at + 1, key)) {
			c->at += key.len + 3;
			*next = row + 1;
			return &k->fields[row];
		}
	}
	return NULL;
}

/* The row of the key at this position, which is skipped; NULL if the slow reader is needed. */
static inline const struct field *cursor_key(struct cursor *c, const struct kind *k, size_t *next) {
	const struct field *f = cursor_next_key(c, k, next);
	struct text key;

	if (f) {
		return f;
	}
	return cursor_skip(c, '"') && cursor_string(c, &key) && cursor_skip(c, ':') ? field_next(k, next, key) : NULL;
}

/* "true" followed by the end of its member; "false" is left to the slow reader, as writers omit it. */
static inline bool cursor_true(struct cursor *c) {
	if (c->end - c->at < 5 || memcmp(c->at, "true", 4) != 0 || (c->at[4] != ',' && c->at[4] != '}')) {
		return false;
	}
	c->at += 4;
	return true;
}

static bool fast_value(struct cursor *c, struct record *r, const struct field *f) {
	struct text t;
	int64_t value;

	if (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
		return cursor_integer(c, &value) && !set_integer(r, f, value);
	}
	if (cursor_skip(c, '"')) {
		return cursor_string(c, &t) && !set_string(r, f, t);
	}
	return cursor_true(c) && !set_flag(r, f, true);
}

/* {"schema":"tollbook.step.v1", and what follows; false if the line does not begin like this. */
static const struct kind *fast_kind(struct cursor *c) {
	static const struct text opening = {"{\"schema\":\"", 11};
	struct text t = {c->at, (size_t)(c->end - c->at)}, schema;

	if (!text_skip(&t, opening)) {
		return NULL;
	}
	c->at = t.at;
	if (!cursor_string(c, &schema)) {
		return NULL;
	}
	for (size_t i = 0; i < NATIVE_KINDS; i++) {
		if (text_eq(native_kinds[i].schema, schema)) {
			return &native_kinds[i];
		}
	}
	return NULL;
}

const struct kind *native_fast(struct text line, struct record *r) {
	struct cursor c = {line.at, line.at + line.len};
	const struct kind *k = fast_kind(&c);
	size_t next = 1;
	uint32_t seen = 0; /* a bit for each row */

	if (!k) {
		return NULL;
	}
	native_defaults(r, k->kind);
	while (cursor_skip(&c, ',')) {
		const struct field *f = cursor_key(&c, k, &next);
		uint32_t bit = UINT32_C(1) << (next - 1) % 32;
		if (!f || f->type == FIELD_SCHEMA || (seen & bit) || !fast_value(&c, r, f)) {
			return NULL;
		}
		seen |= bit;
	}
	return cursor_skip(&c, '}') && c.at == c.end ? k : NULL;
}

/* --- the slow reader --- */

/* Texts with escapes are stored here until the next line; longer ones are truncated. */
#define UNESCAPED_MAX 512
#define UNESCAPED_COUNT 6

struct native {
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
		return set_string(r, f, raw);
	}
	n->used++;
	return set_string(r, f, json_string(j, v, buffer, UNESCAPED_MAX));
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
	return set_integer(r, f, value);
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
		return set_flag(r, f, flag);
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
	uint32_t seen = 0;

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
		const struct field *f = field_next(k, &next, json_key(j, v));
		p->quality->unknown_keys += f ? 0 : 1;
		uint32_t bit = f ? UINT32_C(1) << (next - 1) % 32 : 0;
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
	const struct kind *k = native_fast(*line, out);
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
		if (text_find(lines[i], T("\"tollbook.")) != SIZE_MAX) {
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
