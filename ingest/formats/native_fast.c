/*
 * native_fast.c: the fast reader of native records. It accepts only what the slow reader would read equally.
 *
 * Keys are compared with the row after the last one, digits are read eight at a time, and the beginning of a line,
 * up to its first number, is compared with those of earlier lines. What follows is mostly of the form of an earlier line.
 */
#include "core/bytes.h"
#include "ingest/formats/native.h"

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

/* The text up to the next quote, which is skipped; false if the slow reader is needed. */
static inline bool cursor_string(struct cursor *c, struct text *out) {
	struct text rest = {c->at, (size_t)(c->end - c->at)};

	*out = text_cut(rest, 0, plain_len(rest));
	c->at += out->len;
	return cursor_skip(c, '"');
}

static inline bool ends_member(const char *at) {
	return *at == ',' || *at == '}';
}

/* Digits; the value is exact up to 19 of them. */
static unsigned cursor_digits(struct cursor *c, uint64_t *value) {
	unsigned all = 0, count = 8;

	*value = 0;
	while (count == 8 && all <= 16 && c->end - c->at >= 8) {
		uint64_t part = digits_of(eight_at(c->at), &count);
		*value = *value * digit_tens[count] + part;
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

/* Up to 19 digits, at least one, no leading zero, followed by ',' or '}': no sign, no overflow. */
static bool cursor_integer(struct cursor *c, int64_t *out) {
	const char *start = c->at;
	uint64_t value;
	unsigned digits = cursor_digits(c, &value);

	*out = (int64_t)value;
	/* 19 digits from 92… on may be too large: also left to the slow reader. */
	return digits > 0 && (digits < 19 || *start < '9') && (digits == 1 || *start != '0') && digits <= 19 && c->at < c->end &&
	       ends_member(c->at);
}

/* Rows after the last one that are tried before a key is parsed: writers omit some. */
#define ROWS_TRIED 4

/* The row of the key at this position, which is skipped; NULL if the slow reader is needed. */
static const struct field *cursor_key(struct cursor *c, const struct kind *k, size_t *next) {
	size_t left = (size_t)(c->end - c->at), last = *next + ROWS_TRIED < k->field_count ? *next + ROWS_TRIED : k->field_count;
	struct text key;

	for (size_t row = *next; row < last; row++) {
		struct text token = k->fields[row].token;
		if (token.len <= left && token_at(c->at, token)) {
			c->at += token.len;
			*next = row + 1;
			return &k->fields[row];
		}
	}
	return cursor_skip(c, '"') && cursor_string(c, &key) && cursor_skip(c, ':') ? native_field_next(k, next, key) : NULL;
}

/* "true" followed by the end of its member; "false" is left to the slow reader, as writers omit it. */
static bool cursor_true(struct cursor *c) {
	if (c->end - c->at < 5 || memcmp(c->at, "true", 4) != 0 || !ends_member(c->at + 4)) {
		return false;
	}
	c->at += 4;
	return true;
}

static bool fast_value(struct cursor *c, struct record *r, const struct field *f) {
	struct text t;
	int64_t value;

	if (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
		return cursor_integer(c, &value) && !native_set_integer(r, f, value);
	}
	if (cursor_skip(c, '"')) {
		return cursor_string(c, &t) && !native_set_string(r, f, t);
	}
	return cursor_true(c) && !native_set_flag(r, f, true);
}

/* Where an integer field is. */
static inline int64_t *integer_of(struct record *r, const struct field *f) {
	return (int64_t *)(void *)((char *)r + f->offset);
}

/* Bytes after a key within which a number and the byte after it end. */
#define NUMBER_BYTES 24

/* Up to 19 digits at `at`, followed by NUMBER_BYTES at least. */
static inline uint64_t number_at(const char *at, unsigned *digits) {
	unsigned more = 0, last = 0;
	uint64_t value = digits_of(eight_at(at), digits), part;

	if (*digits < 8) {
		return value;
	}
	part = digits_of(eight_at(at + 8), &more);
	value = value * digit_tens[more] + part;
	if (more == 8) {
		part = digits_of(eight_at(at + 16), &last);
		value = value * digit_tens[last] + part;
	}
	*digits += more + last;
	return value;
}

/* One to 19 digits without a leading zero; 19 digits from 92… on may be too large. */
static inline bool is_canonical(const char *at, unsigned digits) {
	return digits - 1 < 19 && (digits < 19 || *at < '9') && (*at != '0' || digits == 1);
}

/*
 * Most members: the key of one of the next two rows, and an integer. The position after them, and the row in *next;
 * NULL if it is another one, of which nothing was read.
 */
static inline const char *usual_member(const char *at, const char *end, const struct kind *k, size_t *next, struct record *r) {
	size_t row = *next, left = (size_t)(end - at);
	const struct field *f = &k->fields[row];
	unsigned digits;

	if (row + 2 > k->field_count || left <= f[0].token.len + NUMBER_BYTES || left <= f[1].token.len + NUMBER_BYTES) {
		return NULL;
	}
	if (!token_at(at, f->token)) {
		f++;
		row++;
		if (!token_at(at, f->token)) {
			return NULL;
		}
	}
	at += f->token.len;
	int64_t value = (int64_t)number_at(at, &digits);
	if (!field_is_integer(f) || !is_canonical(at, digits) || !ends_member(at + digits) || value > f->limit) {
		return NULL;
	}
	*integer_of(r, f) = value;
	*next = row + 1;
	return at + digits;
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

/* ---- how lines begin ---- */

/* Lines with other beginnings until one of them replaces a known one. */
#define MISSED_MOST 8

static struct native_head *find_head(struct native_heads *heads, struct text line) {
	for (size_t i = 0; i < NATIVE_HEADS; i++) {
		if (heads->at[i].len > 0 && line.len > heads->at[i].len && memcmp(line.at, heads->at[i].bytes, heads->at[i].len) == 0) {
			return &heads->at[i];
		}
	}
	heads->missed++;
	return NULL;
}

/* Reads members up to the end, or up to the first whose value differs from line to line. */
static bool read_head(struct cursor *c, struct native_head *h) {
	while (c->at < c->end) {
		struct cursor before = *c;
		const struct field *f = cursor_skip(c, ',') ? cursor_key(c, h->kind, &h->next) : NULL;
		if (!f) {
			return false;
		}
		if (f->type != FIELD_TEXT || h->kind->kind == RECORD_REQUEST) {
			*c = before;
			return true;
		}
		if (!fast_value(c, &h->record, f)) {
			return false;
		}
		h->seen |= native_row(h->next);
	}
	return true;
}

/* Keeps the beginning of a line that the fast reader has read; twice, so that texts point into the copy. */
static void keep_head(struct native_heads *heads, struct text line) {
	struct native_head *h = &heads->at[heads->tried++ % NATIVE_HEADS];
	struct cursor c = {line.at, line.at + line.len};

	heads->missed = 0;
	h->plan.count = h->plan.missed = 0;
	for (int round = 0; round < 2; round++) {
		h->kind = fast_kind(&c);
		h->next = 1;
		h->seen = 0;
		native_defaults(&h->record, h->kind ? h->kind->kind : RECORD_STEP);
		h->len = h->kind && read_head(&c, h) ? (size_t)(c.at - (round == 0 ? line.at : h->bytes)) : 0;
		if (h->len == 0 || h->len > NATIVE_HEAD_MAX) {
			h->len = 0;
			return;
		}
		memcpy(h->bytes, line.at, h->len);
		c = (struct cursor){h->bytes, h->bytes + h->len};
	}
}

/* ---- lines of the form of an earlier one ---- */

/* The integer of a field at `at`; the position after it, or NULL. */
static inline const char *plan_integer(const char *at, const char *end, const struct field *f, struct record *r) {
	unsigned digits;

	if ((size_t)(end - at) <= NUMBER_BYTES) {
		struct cursor c = {at, end};
		int64_t value;
		bool fits = cursor_integer(&c, &value) && value <= f->limit;
		*integer_of(r, f) = value;
		return fits ? c.at : NULL;
	}
	int64_t value = (int64_t)number_at(at, &digits);
	if (!is_canonical(at, digits) || value > f->limit) {
		return NULL;
	}
	*integer_of(r, f) = value;
	return at + digits;
}

static inline const char *plan_text(const char *at, const char *end, const struct field *f, struct record *r) {
	struct cursor c = {at, end};

	return cursor_skip(&c, '"') && cursor_string(&c, (struct text *)(void *)((char *)r + f->offset)) ? c.at : NULL;
}

/* How many integers from this field on are 0. */
static size_t zeros_from(const struct native_plan *plan, struct record *r, size_t from) {
	size_t i = from;

	while (i < plan->count && field_is_integer(plan->fields[i]) && *integer_of(r, plan->fields[i]) == 0) {
		i++;
	}
	return i - from;
}

/* Notes the first integers of a record that are 0 together. */
static void find_zeros(struct native_plan *plan, struct record *r) {
	struct native_zeros *z = &plan->zeros;
	size_t first = 0, count = 0, len = 0;

	while (first < plan->count && (count = zeros_from(plan, r, first)) < 2) {
		first++;
	}
	if (first == plan->count) {
		return;
	}
	for (size_t i = first; i < first + count; i++) {
		struct text token = plan->fields[i]->token;
		if (len + token.len + 2 > NATIVE_ZEROS_MAX) {
			return;
		}
		z->bytes[len] = ',';
		memcpy(z->bytes + len + 1, token.at, token.len);
		len += token.len + 2;
		z->bytes[len - 1] = '0';
	}
	z->len = len;
	z->first = first;
	z->count = count;
}

/* Reads a line with a known beginning; false if it has another form. */
static bool read_planned(struct native_head *h, struct text line, struct record *r) {
	struct native_plan *plan = &h->plan;
	const struct native_zeros *zeros = &plan->zeros;
	const char *at = line.at + h->len, *end = line.at + line.len, *tail = end - plan->tail_len;

	if (plan->count == 0 || line.len - h->len < plan->tail_len || memcmp(tail, plan->tail, plan->tail_len) != 0) {
		return false;
	}
	*r = plan->record;
	for (size_t i = 0; i < plan->count; i++) {
		if (i == zeros->first && zeros->count > 0 && (size_t)(tail - at) >= zeros->len && memcmp(at, zeros->bytes, zeros->len) == 0) {
			for (; i < zeros->first + zeros->count; i++) {
				*integer_of(r, plan->fields[i]) = 0;
			}
			at += zeros->len;
			if (i == plan->count) {
				break;
			}
		}
		const struct field *f = plan->fields[i];
		if ((size_t)(tail - at) <= f->token.len || *at != ',' || !token_at(at + 1, f->token)) {
			return false;
		}
		at += 1 + f->token.len;
		at = f->type == FIELD_TEXT ? plan_text(at, end, f, r) : plan_integer(at, end, f, r);
		if (!at || at > tail) {
			return false;
		}
	}
	if (at == tail && zeros->count == 0 && plan->zeros.looked++ % MISSED_MOST == 0) {
		find_zeros(plan, r);
	}
	return at == tail;
}

/* Notes the form of a line that was read: integers and texts, then what sets neither. */
static void note_plan(struct native_head *h, struct text line) {
	struct native_plan *plan = &h->plan;
	struct cursor c = {line.at + h->len, line.at + line.len};
	const char *tail = NULL;
	size_t next = h->next, count = 0;
	int64_t ignored;

	*plan = (struct native_plan){.record = h->record, .missed = 1};
	while (c.at < c.end && *c.at == ',') {
		const char *from = c.at++;
		const struct field *f = cursor_key(&c, h->kind, &next);
		bool integer = f && field_is_integer(f), differs = integer || (f && f->type == FIELD_TEXT);
		struct text text;
		if (!f || (differs && (tail || count == NATIVE_PLAN_MAX))) {
			return;
		}
		if (differs) {
			plan->fields[count++] = f;
		} else {
			tail = tail ? tail : from;
		}
		if (!(integer ? cursor_integer(&c, &ignored) : differs ? cursor_skip(&c, '"') && cursor_string(&c, &text) : fast_value(&c, &plan->record, f))) {
			return;
		}
	}
	tail = tail ? tail : c.at;
	plan->tail_len = (size_t)(c.end - tail);
	if (plan->tail_len <= NATIVE_TAIL_MAX) {
		memcpy(plan->tail, tail, plan->tail_len);
		plan->count = count;
	}
}

/* Reads a line with or without a known beginning, member by member. */
static const struct kind *read_members(struct native_heads *heads, const struct native_head *h, struct text line, struct record *r) {
	struct cursor c = {line.at, line.at + line.len};
	const struct kind *k;
	size_t next = 1;
	uint64_t seen = 0; /* a bit for each row */

	if (h) {
		*r = h->record;
		c.at += h->len;
		k = h->kind;
		next = h->next;
		seen = h->seen;
	} else if ((k = fast_kind(&c))) {
		native_defaults(r, k->kind);
	} else {
		return NULL;
	}
	while (cursor_skip(&c, ',')) {
		const char *after = usual_member(c.at, c.end, k, &next, r);
		if (after) {
			c.at = after;
		} else {
			const struct field *f = cursor_key(&c, k, &next);
			if (!f || f->type == FIELD_SCHEMA || !fast_value(&c, r, f)) {
				return NULL;
			}
		}
		uint64_t bit = native_row(next);
		if (seen & bit) {
			return NULL;
		}
		seen |= bit;
	}
	if (!cursor_skip(&c, '}') || c.at != c.end) {
		return NULL;
	}
	if (!h && heads->missed > (heads->tried < NATIVE_HEADS ? 0 : MISSED_MOST)) {
		keep_head(heads, line);
	}
	return k;
}

const struct kind *native_fast(struct native_heads *heads, struct text line, struct record *r) {
	struct native_head *h = find_head(heads, line);

	if (h && read_planned(h, line, r)) {
		h->plan.missed = 1;
		return h->kind;
	}
	const struct kind *k = read_members(heads, h, line, r);
	if (h && k && h->plan.missed++ % MISSED_MOST == 0) {
		note_plan(h, line);
	}
	return k;
}
