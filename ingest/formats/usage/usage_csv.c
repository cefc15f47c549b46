#include "ingest/formats/usage/usage_csv.h"

static bool take_header(struct usage_csv *s, const struct text *fields, size_t count) {
	bool has[ROW_MEANINGS + 1] = {false};

	for (size_t i = 0; i < count; i++) {
		s->meaning[i] = (unsigned char)row_meaning(fields[i], &s->word[i]);
		has[s->meaning[i]] = true;
	}
	s->columns = count;
	bool has_counts = (has[ROW_PROMPT] || has[ROW_UNCACHED]) && has[ROW_OUTPUT];
	s->has_header = usage_kinds_header(&s->kinds, fields, count) || (has_counts && (has[ROW_START] || has[ROW_END]) && has[ROW_MODEL]);
	return s->has_header;
}

/* A column of JSON, as exported by databases. */
static void collect_metadata(struct parser *p, struct usage_csv *s, struct row_cells *c) {
	struct text raw = c->at[ROW_METADATA];

	if (text_starts(raw, T("{"))) {
		struct text json = csv_unquote(raw, s->metadata, sizeof s->metadata);
		if (json_parse(p->json, json, NULL) && json_type(p->json, 0) == JSON_OBJECT) {
			row_collect(p, 0, c);
		}
	}
}

/* Names with quotes: "team ""A""". What does not fit stays as it is. */
static void unquote_cells(struct usage_csv *s, struct row_cells *c) {
	size_t used = 0;

	for (size_t i = 0; i < ROW_MEANINGS; i++) {
		struct text *cell = &c->at[i];
		if (i != ROW_METADATA && cell->len <= sizeof s->names - used && text_find(*cell, T("\"\"")) != SIZE_MAX) {
			*cell = csv_unquote(*cell, s->names + used, sizeof s->names - used);
			used += cell->len;
		}
	}
}

/* The row continues in the next line: stores its values. False if they are too long. */
static bool keep_cells(struct usage_csv *s) {
	size_t len = 0;

	for (size_t i = 0; i < ROW_MEANINGS; i++) {
		struct text *cell = &s->cells.at[i];
		if (cell->len > sizeof s->kept - len) {
			return false;
		}
		memmove(s->kept + len, cell->len > 0 ? cell->at : "", cell->len);
		*cell = (struct text){s->kept + len, cell->len};
		len += cell->len;
	}
	return true;
}

/* Moves past the end of the open quote and its separator; false if the text continues. */
static bool close_quote(struct usage_csv *s, struct text *t) {
	size_t i = 0;

	while (i < t->len && (t->at[i] != '"' || (i + 1 < t->len && t->at[i + 1] == '"'))) {
		i += t->at[i] == '"' ? 2 : 1;
	}
	s->open = i >= t->len;
	*t = text_cut(*t, i + 1, t->len);
	return !s->open;
}

/* Adds the fields of a line to the row. */
static void add_fields(struct usage_csv *s, const struct text *fields, size_t count) {
	for (size_t i = 0; i < count; i++, s->done++) {
		bool known = s->done < s->columns && s->meaning[s->done] < ROW_MEANINGS;
		if (known && !(s->open && i + 1 == count)) {
			row_put(&s->cells, (enum meaning)s->meaning[s->done], s->word[s->done], fields[i]);
		}
	}
}

/* A separate row, not the continuation: the previous one was truncated within a quote. */
static bool is_whole_row(const struct usage_csv *s, struct text line) {
	struct text fields[CSV_COLUMNS_MAX];

	return csv_split_by(line, s->delimiter, fields) == s->columns;
}

/* PARSE_RECORD: the row is complete. */
static enum parse_result take_line(struct parser *p, struct usage_csv *s, struct text line) {
	const struct text between = {&s->delimiter, 1};
	struct text fields[CSV_COLUMNS_MAX];

	if (s->open && !close_quote(s, &line)) {
		return PARSE_NONE;
	}
	if (s->done > 0 && line.len > 0 && !text_skip(&line, between)) {
		return reject(p, "malformed row");
	}
	if (s->done == 0 || line.len > 0) {
		add_fields(s, fields, csv_split_open(line, s->delimiter, fields, &s->open));
	}
	if (s->done != s->columns && (!s->open || s->done > s->columns)) {
		return reject(p, "malformed row");
	}
	if (s->open && !keep_cells(s)) {
		return reject(p, "malformed row");
	}
	return s->open ? PARSE_NONE : PARSE_RECORD;
}

enum parse_result usage_csv_line(struct parser *p, struct usage_csv *s, struct text line, int64_t stamp_ns, struct record *out) {
	p->reason = NULL;
	if (line.len == 0) {
		return PARSE_NONE;
	}
	if (!s->has_header) {
		struct text fields[CSV_COLUMNS_MAX];
		s->delimiter = csv_delimiter(line);
		size_t count = csv_split_by(line, s->delimiter, fields);
		return count > 0 && take_header(s, fields, count) ? PARSE_NONE : reject(p, "row before its header");
	}
	if (s->kinds.on) {
		struct text fields[CSV_COLUMNS_MAX];
		return csv_split_by(line, s->delimiter, fields) == s->columns ? usage_kinds_row(p, &s->kinds, fields, out) : reject(p, "malformed row");
	}
	if (s->open && is_whole_row(s, line)) {
		s->open = false;
		reject(p, "malformed row");
		return PARSE_REJECT_AGAIN;
	}
	if (!s->open) {
		s->cells = (struct row_cells){.word = {0}};
		s->done = 0;
	}
	enum parse_result result = take_line(p, s, line);
	if (result != PARSE_RECORD) {
		s->open = s->open && result == PARSE_NONE;
		return result;
	}
	unquote_cells(s, &s->cells);
	collect_metadata(p, s, &s->cells);
	return row_record(p, &s->cells, stamp_ns, out);
}

enum parse_result usage_csv_end(struct parser *p, struct usage_csv *s, struct record *out) {
	bool open = s->open;

	p->reason = NULL;
	if (s->kinds.any) {
		return usage_kinds_end(p, &s->kinds, out);
	}
	s->open = false;
	return open ? reject(p, "malformed row") : PARSE_NONE;
}

int usage_csv_bid(struct text line) {
	struct text fields[CSV_COLUMNS_MAX];
	struct usage_csv s = {.columns = 0};
	size_t columns = csv_split_by(line, csv_delimiter(line), fields);

	return columns > 3 && take_header(&s, fields, columns) ? 80 : 0;
}
