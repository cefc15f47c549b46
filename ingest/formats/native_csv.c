/*
 * native_csv.c: native records as CSV: a header of the same keys as in JSON, in any order.
 *
 * start_ns,gpu_ns,prefill_requests,prefill_tokens,decode_requests 1786406365138350756,27343817,2,592,3
 *
 * The kind of record follows from the keys, or from a column `schema`, which may change from row to row. An empty
 * cell is a missing key. Another header may follow anywhere, as in concatenated files.
 */
#include "ingest/formats/csv.h"
#include "ingest/formats/native.h"

struct native_csv {
	size_t columns;                                /* 0: no header yet */
	size_t schema;                                 /* the column, or SIZE_MAX */
	const struct kind *kind;                       /* of all rows, if there is no such column */
	const struct field *fields[NATIVE_KINDS][CSV_COLUMNS_MAX]; /* NULL: a key that the kind does not have */
};

static size_t column_of(const struct text *cells, size_t count, struct text key) {
	for (size_t i = 0; i < count; i++) {
		if (text_eq(cells[i], key)) {
			return i;
		}
	}
	return SIZE_MAX;
}

/* The kind for a header without a schema. */
static const struct kind *kind_of(const struct text *cells, size_t count) {
	for (size_t i = 0; i < NATIVE_KINDS; i++) {
		if (column_of(cells, count, native_kinds[i].only_key) != SIZE_MAX) {
			return &native_kinds[i];
		}
	}
	return NULL;
}

/* Letters in all cells: a header, not a row of values. */
static bool looks_like_header(const struct text *cells, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (cells[i].len == 0 || cells[i].at[0] < 'a' || cells[i].at[0] > 'z') {
			return false;
		}
	}
	return kind_of(cells, count) || column_of(cells, count, T("schema")) != SIZE_MAX;
}

static void take_header(struct parser *p, const struct text *cells, size_t count) {
	struct native_csv *s = p->state;

	*s = (struct native_csv){.columns = count, .schema = column_of(cells, count, T("schema")), .kind = kind_of(cells, count)};
	for (size_t c = 0; c < count; c++) {
		bool known = false;
		for (size_t k = 0; k < NATIVE_KINDS; k++) {
			s->fields[k][c] = native_field(&native_kinds[k], cells[c]);
			known = known || s->fields[k][c];
		}
		p->quality->unknown_keys += known ? 0 : 1;
	}
}

static const struct kind *row_kind(const struct native_csv *s, const struct text *cells) {
	if (s->schema == SIZE_MAX || cells[s->schema].len == 0) {
		return s->kind;
	}
	for (size_t i = 0; i < NATIVE_KINDS; i++) {
		if (text_eq(native_kinds[i].schema, cells[s->schema])) {
			return &native_kinds[i];
		}
	}
	return NULL;
}

/* A cell with doubled quotes made single. */
static struct text value_of(struct parser *p, struct text cell) {
	if (text_find_byte(cell, '"') == SIZE_MAX) {
		return cell;
	}
	return csv_unquote(cell, p->texts.at[p->texts.used++ % TEXTS_MAX], TEXT_MAX_BYTES);
}

static enum parse_result take_row(struct parser *p, const struct text *cells, struct record *out) {
	const struct native_csv *s = p->state;
	const struct kind *k = row_kind(s, cells);
	const char *why = NULL;

	if (!k) {
		return reject(p, "unknown schema");
	}
	native_defaults(out, k->kind);
	for (size_t c = 0; c < s->columns && !why; c++) {
		const struct field *f = s->fields[k - native_kinds][c];
		why = f ? native_set(out, f, value_of(p, cells[c])) : NULL;
	}
	p->reason = why ? why : k->check(p, out);
	return p->reason ? PARSE_REJECT : PARSE_RECORD;
}

static enum parse_result native_csv_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                          struct record *out) {
	const struct native_csv *s = p->state;
	struct text cells[CSV_COLUMNS_MAX];

	(void)stamp_ns;
	if (!line || line->len == 0 || line->at[0] == '#') {
		return PARSE_NONE;
	}
	size_t count = csv_split(*line, cells);
	if (count > 0 && looks_like_header(cells, count)) {
		take_header(p, cells, count);
		return PARSE_NONE;
	}
	if (s->columns == 0 || count != s->columns) {
		return reject(p, s->columns ? "malformed row" : "row before its header");
	}
	return take_row(p, cells, out);
}

static int native_csv_bid(const struct text *lines, size_t count) {
	struct text cells[CSV_COLUMNS_MAX];

	for (size_t i = 0; i < count && i < 20; i++) {
		size_t columns = csv_split(lines[i], cells);
		if (columns > 1 && looks_like_header(cells, columns)) {
			return 70;
		}
	}
	return 0;
}

const struct format format_native_csv = {
	.bid = native_csv_bid,
	.parse = native_csv_parse,
	.state_size = sizeof(struct native_csv),
};
