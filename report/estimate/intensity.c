#include "report/estimate/intensity.h"

#include <stdlib.h>

#include "core/decimal.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/sorted.h"

#define FILE_MAX_BYTES (64u << 20)
#define COLUMNS_MAX 64

/* The fields of a line, without quotes around them; fields with commas inside quotes are not split. */
static size_t split(struct text line, struct text fields[COLUMNS_MAX]) {
	size_t count = 0, from = 0;
	bool quoted = false;

	for (size_t i = 0; i <= line.len && count < COLUMNS_MAX; i++) {
		if (i < line.len && line.at[i] == '"') {
			quoted = !quoted;
		} else if (i == line.len || (line.at[i] == ',' && !quoted)) {
			struct text t = text_trim(text_cut(line, from, i));
			bool has_quotes = t.len >= 2 && t.at[0] == '"' && t.at[t.len - 1] == '"';
			fields[count++] = has_quotes ? text_cut(t, 1, t.len - 1) : t;
			from = i + 1;
		}
	}
	return count;
}

static size_t value_column(const struct text *fields, size_t count) {
	static const struct text words[] = {{"intensity", 9}, {"Intensity", 9}, {"gCO2", 4}, {"gCO\xe2\x82\x82", 6}};

	for (size_t i = 1; i < count; i++) {
		for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
			if (text_find(fields[i], words[w]) != SIZE_MAX) {
				return i;
			}
		}
	}
	return 1;
}

/* A field's position in its line, from 1. */
static long long column_of(struct text line, struct text field) {
	return (long long)(field.at - line.at) + 1;
}

static bool parse_instant(struct text t, int64_t *ns) {
	bool zone_given;

	return instant_take(&t, ns, &zone_given) && t.len == 0;
}

static int add_row(struct intensity *t, const char *path, long long line_number, struct text line, const struct text *fields,
                    size_t count, size_t column, struct fault *why) {
	struct intensity_row row;

	if (!parse_instant(fields[0], &row.from_ns)) {
		return fault_set(why, ERROR_CONFIG, "%s:%lld:1: not an instant, expected one such as 2026-05-12T08:00:00Z", path, line_number);
	}
	if (column >= count || !decimal_parse(fields[column], 0, &row.nano) || row.nano < 0) {
		return fault_set(why, ERROR_CONFIG, "%s:%lld:%lld: not grams of CO2 per kWh, expected a decimal such as 381.5", path, line_number,
		                 column < count ? column_of(line, fields[column]) : (long long)line.len + 1);
	}
	if (t->count > 0 && row.from_ns <= t->rows[t->count - 1].from_ns) {
		return fault_set(why, ERROR_CONFIG, "%s:%lld:1: out of order, expected an instant after that of the row before", path, line_number);
	}
	if ((t->count & (t->count + 1)) == 0) {
		t->rows = must_realloc(t->rows, (2 * t->count + 2) * sizeof *t->rows);
	}
	t->rows[t->count++] = row;
	return 0;
}

static int read_rows(struct intensity *t, const char *path, struct text rest, struct fault *why) {
	struct text fields[COLUMNS_MAX], line;
	size_t column = 1;
	int err = 0;

	for (long long number = 1; !err && rest.len > 0; number++) {
		if (!text_until(&rest, T("\n"), &line)) {
			line = rest;
			rest.len = 0;
		}
		int64_t ignored;
		size_t count = split(text_trim(line), fields);
		if (number == 1 && count > 1 && !parse_instant(fields[0], &ignored)) {
			column = value_column(fields, count);
		} else if (text_trim(line).len > 0) {
			err = add_row(t, path, number, line, fields, count, column, why);
		}
	}
	if (!err && t->count == 0) {
		err = fault_set(why, ERROR_CONFIG, "%s: no rows, expected instants and grams of CO2 per kWh", path);
	}
	return err;
}

int intensity_read(struct intensity *t, const char *value, struct fault *why) {
	struct text bytes;
	int64_t nano;

	*t = (struct intensity){NULL, 0, false};
	if (decimal_parse(text_of(value), 0, &nano) && nano >= 0) {
		t->rows = must_alloc(sizeof *t->rows);
		t->rows[0] = (struct intensity_row){INT64_MIN, nano};
		t->count = 1;
		t->constant = true;
		return 0;
	}
	int err = file_read(value, FILE_MAX_BYTES, &bytes, why);
	if (!err) {
		err = read_rows(t, value, bytes, why);
		free((void *)bytes.at);
	}
	return err;
}

void intensity_release(struct intensity *t) {
	free(t->rows);
}

bool intensity_at(const struct intensity *t, int64_t at_ns, int64_t *nano) {
	size_t next = SORTED_FROM(t->rows, t->count, struct intensity_row, from_ns, at_ns + 1);

	if (next == 0 || (next == t->count && !t->constant && at_ns - t->rows[next - 1].from_ns >= NS_PER_HOUR)) {
		return false;
	}
	*nano = t->rows[next - 1].nano;
	return true;
}
