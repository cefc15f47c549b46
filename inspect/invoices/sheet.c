#include "inspect/invoices/sheet.h"

#include <stdio.h>
#include <stdlib.h>

#include "book/settings.h" /* ingest_unpack */
#include "core/files/files.h"
#include "core/json.h"
#include "inspect/invoices/csv_row.h"

#define FILE_MAX ((size_t)512 * 1024 * 1024)
#define DEPTH_MAX 6
#define PATH_MAX_BYTES 512

size_t sheet_plain(struct text name, char *out, size_t size) {
	size_t len = 0;

	for (size_t i = 0; i < name.len && len + 1 < size; i++) {
		char c = name.at[i];
		char lower = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
			out[len++] = lower;
		}
	}
	out[len] = '\0';
	return len;
}

int sheet_column(const struct sheet *s, struct text plain) {
	for (size_t i = 0; i < s->column_count; i++) {
		if (text_eq(text_of(s->plain[i]), plain)) {
			return (int)i;
		}
	}
	return -1;
}

static char *keep(struct sheet *s, struct text t) {
	s->kept = must_realloc(s->kept, (s->kept_count + 1) * sizeof *s->kept);
	s->kept[s->kept_count] = text_copy(t);
	return s->kept[s->kept_count++];
}

/* Moves the texts of rows so far to the wider rows. */
static int add_column(struct sheet *s, struct text name) {
	char plain[PATH_MAX_BYTES];
	size_t old = s->column_count;

	if (old == SHEET_COLUMNS_MAX) {
		return -1;
	}
	sheet_plain(name, plain, sizeof plain);
	s->names = must_realloc(s->names, (old + 1) * sizeof *s->names);
	s->plain = must_realloc(s->plain, (old + 1) * sizeof *s->plain);
	s->names[old] = name;
	s->plain[old] = keep(s, text_of(plain));
	s->column_count = old + 1;
	if (s->room > 0) {
		s->cells = must_realloc(s->cells, s->room * s->column_count * sizeof *s->cells);
		for (size_t r = s->row_count; r-- > 0;) {
			memmove(&s->cells[r * s->column_count], &s->cells[r * old], old * sizeof *s->cells);
			s->cells[r * s->column_count + old] = T("");
		}
	}
	return (int)old;
}

static void add_row(struct sheet *s, int line) {
	if (s->row_count == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->cells = must_realloc(s->cells, s->room * (s->column_count + 1) * sizeof *s->cells);
		s->lines = must_realloc(s->lines, s->room * sizeof *s->lines);
	}
	memset(&s->cells[s->row_count * s->column_count], 0, s->column_count * sizeof *s->cells);
	s->lines[s->row_count++] = line;
}

/* ---- CSV ---- */

/* The most frequent separator in the header, outside of quotes. */
static char delimiter_of(struct text header) {
	static const char known[] = ",;\t|";
	size_t counts[4] = {0}, best = 0;
	bool quoted = false;

	for (size_t i = 0; i < header.len; i++) {
		const char *at = strchr(known, header.at[i]);
		quoted ^= header.at[i] == '"';
		if (at && *at && !quoted) {
			counts[at - known]++;
		}
	}
	for (size_t i = 1; i < 4; i++) {
		best = counts[i] > counts[best] ? i : best;
	}
	return known[best];
}

static int read_csv(struct sheet *s, const char *path, struct text bytes, struct fault *why) {
	struct text fields[SHEET_COLUMNS_MAX], row;
	int line = 1, next = 1;

	while (csv_row_next_quoted(&bytes, &row, &next)) {
		bool blank = text_trim(row).len == 0 || (s->delimiter == 0 && text_starts(row, T("sep=")));
		if (!blank && s->delimiter == 0) {
			text_skip(&row, T("\xef\xbb\xbf"));
			s->delimiter = delimiter_of(row);
			size_t n = csv_row_split_by(row, s->delimiter, fields, SHEET_COLUMNS_MAX);
			for (size_t i = 0; i < n; i++) {
				add_column(s, text_trim(fields[i]));
			}
		} else if (!blank) {
			size_t n = csv_row_split_by(row, s->delimiter, fields, SHEET_COLUMNS_MAX);
			add_row(s, line);
			for (size_t i = 0; i < n && i < s->column_count; i++) {
				s->cells[(s->row_count - 1) * s->column_count + i] = text_trim(fields[i]);
			}
		}
		line = next;
	}
	return s->column_count > 0 ? 0 : fault_set(why, ERROR_CONFIG, "%s: is empty, expected an invoice", path);
}

/* ---- JSON ---- */

struct reading {
	struct sheet *s;
	struct json *j;
	struct text bytes; /* that the JSON is in */
	int line;          /* line number for JSON lines; 0: from the offset in the bytes */
	char path[PATH_MAX_BYTES];
	size_t next;       /* likely column of the next member */
};

static void put_cell(struct reading *r, size_t path_len, struct text value) {
	struct sheet *s = r->s;
	struct text path = {r->path, path_len};
	size_t at = r->next;

	if (at >= s->column_count || !text_eq(s->names[at], path)) {
		for (at = 0; at < s->column_count && !text_eq(s->names[at], path); at++) {
		}
	}
	if (at == s->column_count) {
		int added = add_column(s, text_of(keep(s, path)));
		if (added < 0) {
			return;
		}
		at = (size_t)added;
	}
	s->cells[(s->row_count - 1) * s->column_count + at] = value;
	r->next = at + 1;
}

static size_t extend(struct reading *r, size_t len, struct text key) {
	int n = snprintf(r->path + len, sizeof r->path - len, "%s%.*s", len > 0 ? "." : "", TEXT_ARG(key));
	size_t to = len + (n > 0 ? (size_t)n : 0);
	return to < sizeof r->path ? to : sizeof r->path - 1;
}

/* The content of a string, without escapes. */
static struct text value_of(struct reading *r, json_at v) {
	struct text raw = json_raw(r->j, v);

	if (json_type(r->j, v) != JSON_STRING || text_find_byte(raw, '\\') == SIZE_MAX) {
		return json_type(r->j, v) == JSON_NULL ? T("") : raw;
	}
	char *buffer = must_alloc(raw.len + 1);
	struct text plain = json_string(r->j, v, buffer, raw.len + 1);
	char *kept = keep(r->s, plain);
	free(buffer);
	return (struct text){kept, plain.len};
}

static void take_value(struct reading *r, size_t len, json_at v, int depth);

/* [{"key": "pool", "value": "x"}] */
static bool take_pairs(struct reading *r, size_t len, json_at list) {
	bool any = false;

	for (json_at v = json_first(r->j, list); v != JSON_ABSENT; v = json_next(r->j, v)) {
		json_at key = json_type(r->j, v) == JSON_OBJECT ? json_get(r->j, v, T("key")) : JSON_ABSENT;
		json_at value = key != JSON_ABSENT ? json_get(r->j, v, T("value")) : JSON_ABSENT;
		if (value == JSON_ABSENT) {
			return any;
		}
		put_cell(r, extend(r, len, value_of(r, key)), value_of(r, value));
		any = true;
	}
	return any;
}

/* Lists with elements that are separate lines, combined with the other members of the object. */
static bool is_nested_rows(const struct reading *r, json_at v) {
	static const char *const names[] = {"results", "line_items", "lineItems"};
	json_at first = json_type(r->j, v) == JSON_ARRAY ? json_first(r->j, v) : JSON_ABSENT;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (text_eq(json_key(r->j, v), text_of(names[i]))) {
			return json_type(r->j, v) == JSON_ARRAY && (first == JSON_ABSENT || json_type(r->j, first) == JSON_OBJECT);
		}
	}
	return false;
}

static void take_members(struct reading *r, size_t len, json_at object, int depth) {
	for (json_at v = json_first(r->j, object); v != JSON_ABSENT; v = json_next(r->j, v)) {
		if (depth > 0 || !is_nested_rows(r, v)) {
			take_value(r, extend(r, len, json_key(r->j, v)), v, depth + 1);
		}
	}
}

static void take_value(struct reading *r, size_t len, json_at v, int depth) {
	enum json_type type = json_type(r->j, v);

	if (type == JSON_OBJECT && depth < DEPTH_MAX) {
		take_members(r, len, v, depth);
	} else if (type == JSON_ARRAY && take_pairs(r, len, v)) {
		return;
	} else {
		put_cell(r, len, value_of(r, v));
	}
}

static int line_of(const struct reading *r, json_at v) {
	int line = r->line, column;

	if (line == 0) {
		text_place(r->bytes, json_offset(r->j, v), &line, &column);
	}
	return line;
}

static void take_object(struct reading *r, json_at object) {
	struct sheet *s = r->s;
	size_t first = s->row_count;
	json_at rows = JSON_ABSENT;

	for (json_at v = json_first(r->j, object); v != JSON_ABSENT && rows == JSON_ABSENT; v = json_next(r->j, v)) {
		rows = is_nested_rows(r, v) ? v : JSON_ABSENT;
	}
	add_row(s, line_of(r, object));
	r->next = 0;
	take_members(r, 0, object, 0);
	if (rows == JSON_ABSENT) {
		return;
	}
	for (json_at v = json_first(r->j, rows); v != JSON_ABSENT; v = json_next(r->j, v)) {
		add_row(s, line_of(r, v));
		memcpy(&s->cells[(s->row_count - 1) * s->column_count], &s->cells[first * s->column_count],
		       s->column_count * sizeof *s->cells);
		r->next = 0;
		take_members(r, 0, v, 1);
	}
	/* The bucket itself is not a line. */
	size_t left = s->row_count - first - 1;
	memmove(&s->cells[first * s->column_count], &s->cells[(first + 1) * s->column_count],
	        left * s->column_count * sizeof *s->cells);
	memmove(&s->lines[first], &s->lines[first + 1], left * sizeof *s->lines);
	s->row_count--;
}

/* The list of lines: the document, or a member of it. */
static json_at list_of(const struct json *j) {
	static const char *const names[] = {"data", "results", "items", "Items", "charges", "invoices", "records",
	                                    "rows", "lines", "usage", "billing"};

	if (json_type(j, 0) == JSON_ARRAY) {
		return 0;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		json_at v = json_get(j, 0, text_of(names[i]));
		if (v != JSON_ABSENT && json_type(j, v) == JSON_ARRAY) {
			return v;
		}
	}
	return JSON_ABSENT;
}

static void take_document(struct reading *r) {
	json_at list = list_of(r->j);

	if (list == JSON_ABSENT) {
		take_object(r, 0);
		return;
	}
	for (json_at v = json_first(r->j, list); v != JSON_ABSENT; v = json_next(r->j, v)) {
		if (json_type(r->j, v) == JSON_OBJECT) {
			take_object(r, v);
		}
	}
}

static int read_json_lines(struct reading *r, const char *path, struct text bytes, struct fault *why) {
	struct text row;
	size_t bad = 0;

	for (r->line = 1; csv_row_next(&bytes, &row); r->line++) {
		r->bytes = row;
		if (text_trim(row).len == 0) {
			continue;
		}
		if (!json_parse(r->j, row, &bad)) {
			return fault_set(why, ERROR_CONFIG, "%s:%d: invalid JSON", path, r->line);
		}
		take_document(r);
	}
	return 0;
}

static int read_json(struct sheet *s, const char *path, struct text bytes, struct fault *why) {
	struct reading r = {.s = s, .j = json_new(), .bytes = bytes};
	size_t bad = 0;
	int rc = 0;

	if (json_parse(r.j, bytes, &bad)) {
		take_document(&r);
	} else {
		rc = read_json_lines(&r, path, bytes, why);
	}
	json_free(r.j);
	return rc;
}

/* ---- members of JSON in cells ---- */

/* The value of the member, or of the pair of key and value, with this plain name. */
static json_at member_of(const struct json *j, struct text plain) {
	bool list = json_type(j, 0) == JSON_ARRAY;

	for (json_at v = json_first(j, 0); v != JSON_ABSENT; v = json_next(j, v)) {
		json_at key = list && json_type(j, v) == JSON_OBJECT ? json_get(j, v, T("key")) : JSON_ABSENT;
		struct text name = !list ? json_key(j, v) : key != JSON_ABSENT ? json_raw(j, key) : T("");
		char own[PATH_MAX_BYTES];
		size_t len = sheet_plain(name, own, sizeof own);
		if (len > 0 && text_eq((struct text){own, len}, plain)) {
			return list ? json_get(j, v, T("value")) : v;
		}
	}
	return JSON_ABSENT;
}

/* Azure writes objects without braces. */
static bool parse_cell(struct sheet *s, struct json *j, struct text cell) {
	size_t bad;

	if (cell.len == 0) {
		return false;
	}
	if (cell.at[0] == '"') {
		char *braced = must_alloc(cell.len + 2);
		braced[0] = '{';
		memcpy(braced + 1, cell.at, cell.len);
		braced[cell.len + 1] = '}';
		cell = (struct text){keep(s, (struct text){braced, cell.len + 2}), cell.len + 2};
		free(braced);
	}
	return (cell.at[0] == '{' || cell.at[0] == '[') && json_parse(j, cell, &bad);
}

static int add_member(struct sheet *s, size_t from, struct text plain, struct text name) {
	struct json *j = json_new();
	bool any = false;
	int column = -1;

	for (size_t r = 0; r < s->row_count; r++) {
		if (!parse_cell(s, j, s->cells[r * s->column_count + from])) {
			continue;
		}
		json_at v = member_of(j, plain);
		if (v == JSON_ABSENT) {
			continue;
		}
		column = any ? column : add_column(s, text_of(keep(s, name)));
		any = true;
		if (column >= 0) {
			struct text value = json_raw(j, v);
			s->cells[r * s->column_count + (size_t)column] = (struct text){keep(s, value), value.len};
		}
	}
	json_free(j);
	return column;
}

int sheet_find(struct sheet *s, struct text name) {
	char buffer[PATH_MAX_BYTES];
	struct text plain = {buffer, sheet_plain(name, buffer, sizeof buffer)};
	int column = sheet_column(s, plain);

	for (size_t i = 0, count = s->column_count; i < count && column < 0; i++) {
		struct text own = text_of(s->plain[i]);
		if (own.len > 0 && plain.len > own.len && text_starts(plain, own)) {
			column = add_member(s, i, text_cut(plain, own.len, plain.len), name);
		}
	}
	return column;
}

/* Receives bytes from a filter of ingest/. */
struct unpacked {
	char *at;
	size_t len, room;
};

static bool add_bytes(void *into, struct text bytes) {
	struct unpacked *u = into;

	if (bytes.len > FILE_MAX - u->len) {
		return false;
	}
	if (u->len + bytes.len > u->room) {
		u->room = 2 * (u->len + bytes.len);
		u->at = must_realloc(u->at, u->room);
	}
	memcpy(u->at + u->len, bytes.at, bytes.len);
	u->len += bytes.len;
	return true;
}

/* Spreadsheets also export UTF-16: ingest/ reads it. */
static void decode(const char *path, struct text *bytes) {
	struct unpacked u = {.len = 0};
	bool packed;

	if (!text_starts(*bytes, T("\xff\xfe")) && !text_starts(*bytes, T("\xfe\xff"))) {
		return;
	}
	if (ingest_unpack(path, add_bytes, &u, &packed) && u.at) {
		free((char *)(uintptr_t)bytes->at);
		*bytes = (struct text){u.at, u.len};
	} else {
		free(u.at);
	}
}

int sheet_read(struct sheet *out, const char *path, struct fault *why) {
	struct text bytes;
	int rc = file_read(path, FILE_MAX, &bytes, why);

	*out = (struct sheet){0};
	if (rc < 0) {
		return ERROR_CONFIG;
	}
	decode(path, &bytes);
	out->bytes = (char *)(uintptr_t)bytes.at;
	struct text start = bytes;
	text_skip(&start, T("\xef\xbb\xbf"));
	start = text_trim(start);
	bool is_json = start.len > 0 && (start.at[0] == '[' || start.at[0] == '{');
	rc = is_json ? read_json(out, path, start, why) : read_csv(out, path, bytes, why);
	if (rc < 0) {
		sheet_release(out);
	}
	return rc;
}

bool sheet_is_sum(const struct sheet *s, size_t row) {
	static const struct text words[] = {T("total"), T("grand total"), T("subtotal"), T("sum"), T("summe"), T("gesamt"), T("gesamtsumme"),
	                                    T("totals"), T("total:"), T("invoice total"), T("amount due")};

	for (int column = 0; column < (int)s->column_count && column < 4; column++) {
		struct text cell = text_trim(sheet_cell(s, row, column));
		for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
			if (text_eq_nocase(cell, words[i])) {
				return true;
			}
		}
	}
	return false;
}

void sheet_release(struct sheet *s) {
	for (size_t i = 0; i < s->kept_count; i++) {
		free(s->kept[i]);
	}
	free(s->kept);
	free(s->names);
	free(s->plain);
	free(s->cells);
	free(s->lines);
	free(s->bytes);
	*s = (struct sheet){0};
}
