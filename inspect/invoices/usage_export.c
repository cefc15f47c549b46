#include "inspect/invoices/usage_export.h"

#include <stdlib.h>

#include "inspect/invoices/csv_row.h"
#include "core/decimal.h"
#include "core/files/files.h"
#include "core/instant.h"

#define FILE_MAX ((size_t)256 * 1024 * 1024)
#define HEAD_BYTES 4096
#define COLUMNS_MAX 128

enum column { START, END, MODEL, REQUESTS, INPUT, CACHED, OUTPUT, COLUMNS };

static const char *const names[COLUMNS] = {"start_time", "end_time", "model", "num_model_requests", "input_tokens",
                                           "input_cached_tokens", "output_tokens"};

#define EXPECTED \
	"expected the dashboard's export of completions, grouped by model: start_time, end_time, model, num_model_requests, " \
	"input_tokens, input_cached_tokens, output_tokens"

/* The field of each column in a row; -1: none. */
static void find_columns(const struct text *fields, size_t count, int at[COLUMNS]) {
	for (int c = 0; c < COLUMNS; c++) {
		at[c] = -1;
		for (size_t i = 0; i < count && at[c] < 0; i++) {
			at[c] = text_eq(fields[i], text_of(names[c])) ? (int)i : -1;
		}
	}
}

static void read_header(struct text row, int at[COLUMNS]) {
	struct text fields[COLUMNS_MAX];

	text_skip(&row, T("\xef\xbb\xbf"));
	find_columns(fields, csv_row_split(row, fields, COLUMNS_MAX), at);
}

bool usage_export_is(const char *path) {
	char head[HEAD_BYTES];
	struct text bytes = {.at = head}, row;
	int at[COLUMNS];
	bool packed;

	if (strcmp(path, "-") == 0 || !ingest_head(path, head, sizeof head, &bytes.len, &packed)) {
		return false;
	}
	if (!csv_row_next(&bytes, &row)) {
		return false;
	}
	read_header(row, at);
	return at[START] >= 0 && at[END] >= 0;
}

struct reading {
	const char *path;
	int64_t line;
	record_sink *sink;
	void *context;
	struct fault *why;
};

static int wrong(const struct reading *r, const char *what) {
	return fault_set(r->why, ERROR_CONFIG, "%s:%lld: %s", r->path, (long long)r->line, what);
}

/* "59200.0" is an integer; empty is 0. */
static bool take_count(struct text t, int64_t *out) {
	*out = 0;
	return t.len == 0 || (decimal_parse(t, -9, out) && *out >= 0);
}

static bool take_second(struct text t, int64_t *ns) {
	return t.len > 0 && take_count(t, ns) && !__builtin_mul_overflow(*ns, NS_PER_SECOND, ns);
}

static int take_row(const struct reading *r, const struct text f[COLUMNS]) {
	struct record out = {.kind = RECORD_WINDOW, .model = f[MODEL]};
	struct window *w = &out.window;

	if (!take_second(f[START], &w->start_ns) || !take_second(f[END], &w->end_ns) || w->start_ns >= w->end_ns) {
		return wrong(r, "no time, expected start_time and end_time in seconds since 1970");
	}
	if (!take_count(f[REQUESTS], &w->requests) || !take_count(f[INPUT], &w->input_tokens) ||
	    !take_count(f[CACHED], &w->cached_tokens) || !take_count(f[OUTPUT], &w->output_tokens)) {
		return wrong(r, "a count is not a whole number, expected such as 59200 or 59200.0");
	}
	if (w->cached_tokens > w->input_tokens) {
		return wrong(r, "more cached input than input, expected input_tokens with those in input_cached_tokens");
	}
	if (f[MODEL].len == 0 && w->requests + w->input_tokens + w->output_tokens > 0) {
		return wrong(r, "usage without a model, " EXPECTED);
	}
	return r->sink(r->context, 0, &out, r->why);
}

static int read_rows(struct reading *r, struct text bytes) {
	struct text fields[COLUMNS_MAX], f[COLUMNS], row;
	int at[COLUMNS], rc = 0;

	for (r->line = 1; rc == 0 && csv_row_next(&bytes, &row); r->line++) {
		if (r->line == 1) {
			read_header(row, at);
			for (int c = 0; c < COLUMNS && rc == 0; c++) {
				rc = at[c] < 0 ? wrong(r, "columns are missing, " EXPECTED) : 0;
			}
			continue;
		}
		size_t n = csv_row_split(row, fields, COLUMNS_MAX);
		for (int c = 0; c < COLUMNS; c++) {
			f[c] = (size_t)at[c] < n ? fields[at[c]] : T("");
		}
		rc = text_trim(row).len > 0 ? take_row(r, f) : 0;
	}
	return rc;
}

int usage_export_read(const char *path, record_sink *sink, void *context, struct fault *why) {
	struct reading r = {.path = path, .sink = sink, .context = context, .why = why};
	struct text bytes;
	int rc = file_read(path, FILE_MAX, &bytes, why);

	if (rc < 0) {
		return rc;
	}
	rc = read_rows(&r, bytes);
	free((char *)(uintptr_t)bytes.at);
	return rc;
}
