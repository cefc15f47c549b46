#include "ingest/formats/csv.h"

/* Blanks around a field; a tab is not a blank if it separates fields. */
static void skip_spaces(struct text *t, char delimiter) {
	while (t->len > 0 && (*t->at == ' ' || (*t->at == '\t' && delimiter != '\t'))) {
		*t = text_cut(*t, 1, t->len);
	}
}

/* Reads a quoted field after its first quote; false if it does not end. */
static bool take_quoted(struct text *t, char delimiter, struct text *field) {
	size_t i = 0;

	while (i < t->len && (t->at[i] != '"' || (i + 1 < t->len && t->at[i + 1] == '"'))) {
		i += t->at[i] == '"' ? 2 : 1;
	}
	if (i >= t->len) {
		return false;
	}
	*field = text_cut(*t, 0, i);
	*t = text_cut(*t, i + 1, t->len);
	skip_spaces(t, delimiter);
	return t->len == 0 || t->at[0] == delimiter;
}

size_t csv_split_open(struct text row, char delimiter, struct text fields[CSV_COLUMNS_MAX], bool *open) {
	const struct text between = {&delimiter, 1};
	size_t count = 0;
	bool more = true;

	*open = false;
	while (more) {
		if (count == CSV_COLUMNS_MAX) {
			return 0;
		}
		skip_spaces(&row, delimiter);
		if (text_skip(&row, T("\""))) {
			struct text rest = row;
			if (!take_quoted(&row, delimiter, &fields[count++])) {
				fields[count - 1] = rest;
				*open = row.len == rest.len && row.at == rest.at;
				return *open ? count : 0;
			}
		} else {
			size_t end = text_find_byte(row, delimiter);
			fields[count++] = text_trim(text_cut(row, 0, end));
			row = text_cut(row, end, row.len);
		}
		more = text_skip(&row, between);
	}
	return count;
}

size_t csv_split_by(struct text row, char delimiter, struct text fields[CSV_COLUMNS_MAX]) {
	bool open;
	size_t count = csv_split_open(row, delimiter, fields, &open);

	return open ? 0 : count;
}

size_t csv_split(struct text row, struct text fields[CSV_COLUMNS_MAX]) {
	return csv_split_by(row, ',', fields);
}

char csv_delimiter(struct text header) {
	static const char delimiters[] = ",;\t";
	size_t most = 0;
	char best = ',';

	for (size_t k = 0; k + 1 < sizeof delimiters; k++) {
		size_t count = 0;
		for (size_t i = 0; i < header.len; i++) {
			count += header.at[i] == delimiters[k];
		}
		best = count > most ? delimiters[k] : best;
		most = count > most ? count : most;
	}
	return best;
}

struct text csv_unquote(struct text field, char *buffer, size_t size) {
	size_t len = 0;

	for (size_t i = 0; i < field.len && len < size; i++) {
		buffer[len++] = field.at[i];
		i += field.at[i] == '"' ? 1 : 0;
	}
	return (struct text){buffer, len};
}
