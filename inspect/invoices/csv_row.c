#include "inspect/invoices/csv_row.h"

/* The row up to its line feed, if there is one. */
static bool take_row(struct text *bytes, size_t lf, struct text *row) {
	if (bytes->len == 0) {
		return false;
	}
	*row = text_cut(*bytes, 0, lf == SIZE_MAX ? bytes->len : lf);
	*bytes = text_cut(*bytes, lf == SIZE_MAX ? bytes->len : lf + 1, bytes->len);
	if (row->len > 0 && row->at[row->len - 1] == '\r') {
		row->len--;
	}
	return true;
}

bool csv_row_next(struct text *bytes, struct text *row) {
	return take_row(bytes, text_find_byte(*bytes, '\n'), row);
}

/* The end of a row: the first line feed outside of quotes; a quote counts only where a field may begin or end. */
static size_t row_end(struct text bytes, int *lines) {
	bool quoted = false;

	for (size_t i = 0; i < bytes.len; i++) {
		quoted ^= bytes.at[i] == '"';
		*lines += bytes.at[i] == '\n';
		if (bytes.at[i] == '\n' && !quoted) {
			return i;
		}
	}
	return SIZE_MAX;
}

bool csv_row_next_quoted(struct text *bytes, struct text *row, int *line) {
	return take_row(bytes, row_end(*bytes, line), row);
}

/* The next field of a row, quotes removed in place. False at the end of the row. */
static bool next_field(struct text *row, char delimiter, struct text *out) {
	char *to;
	bool quoted = row->len > 0 && row->at[0] == '"';

	if (!row->at) {
		return false;
	}
	if (!quoted) {
		size_t comma = text_find_byte(*row, delimiter);
		*out = text_trim(text_cut(*row, 0, comma == SIZE_MAX ? row->len : comma));
		*row = comma == SIZE_MAX ? (struct text){0} : text_cut(*row, comma + 1, row->len);
		return true;
	}
	to = (char *)(uintptr_t)row->at; /* the bytes are owned by the caller */
	size_t n = 0, i = 1;
	for (; i < row->len && (row->at[i] != '"' || (i + 1 < row->len && row->at[i + 1] == '"')); i++) {
		i += row->at[i] == '"';
		to[n++] = row->at[i];
	}
	*out = (struct text){to, n};
	struct text rest = text_cut(*row, i + 1, row->len);
	size_t comma = text_find_byte(rest, delimiter);
	*row = comma == SIZE_MAX ? (struct text){0} : text_cut(rest, comma + 1, rest.len);
	return true;
}

size_t csv_row_split_by(struct text row, char delimiter, struct text *fields, size_t most) {
	size_t n = 0;

	while (n < most && next_field(&row, delimiter, &fields[n])) {
		n++;
	}
	return n;
}

size_t csv_row_split(struct text row, struct text *fields, size_t most) {
	return csv_row_split_by(row, ',', fields, most);
}
