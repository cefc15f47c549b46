/*
 * wide.c: a panel exported by Grafana as CSV.
 *
 * "Time","vllm:prompt_tokens_total{instance=""a:8000""}","vllm:generation_tokens_total{instance=""a:8000""}"
 * 1791180000000,1000,100
 *
 * Series,Time,Value "vllm:prompt_tokens_total{instance=""a:8000""}",2026-10-05T06:00:00Z,1000
 *
 * Times without a zone are read as UTC: all of a table have the same shift.
 */
#include "ingest/envelopes/wide.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/instant.h"
#include "ingest/envelopes/table.h"

#define KEY(literal) {literal, sizeof(literal) - 1}

void wide_release(struct wide *w) {
	free(w->header);
}

static size_t column_named(const struct wide *w, const struct text *names, size_t count) {
	for (size_t i = 0; i < w->columns; i++) {
		for (size_t n = 0; n < count; n++) {
			if (text_eq(w->names[i], names[n])) {
				return i;
			}
		}
	}
	return SIZE_MAX;
}

/* "vllm:prompt_tokens_total", "{__name__=\"up\"}": names that a metric may have, unlike words of other tables. */
static bool is_series(struct text name) {
	size_t brace = text_find_byte(name, '{'), colon = text_find_byte(name, ':');

	return text_starts(name, T("{__name__=")) || (brace != SIZE_MAX && brace > 0 && text_ends(name, T("}"))) ||
	       (colon != SIZE_MAX && text_find_byte(name, ' ') == SIZE_MAX) || text_ends(name, T("_total")) ||
	       text_starts(name, T("DCGM_FI_"));
}

static bool all_series(const struct wide *w) {
	for (size_t i = 0; i < w->columns; i++) {
		if (i != w->time && !is_series(w->names[i])) {
			return false;
		}
	}
	return true;
}

static bool is_header(struct wide *w) {
	static const struct text times[] = {KEY("Time"), KEY("time"), KEY("timestamp")};
	static const struct text series[] = {KEY("Series"), KEY("Metric"), KEY("series"), KEY("metric")};
	static const struct text values[] = {KEY("Value"), KEY("value")};

	w->time = column_named(w, times, sizeof times / sizeof *times);
	w->series = column_named(w, series, sizeof series / sizeof *series);
	w->value = column_named(w, values, sizeof values / sizeof *values);
	if (w->series == SIZE_MAX || w->value == SIZE_MAX) {
		w->series = w->value = SIZE_MAX;
	}
	return w->time != SIZE_MAX && w->columns > 1 && (w->value != SIZE_MAX || all_series(w));
}

bool wide_begin(struct wide *w, struct text header) {
	struct text cells[WIDE_COLUMNS_MAX];

	text_skip(&header, T("\xef\xbb\xbf"));
	if (text_find_byte(header, ',') == SIZE_MAX || text_starts(header, T("{"))) {
		return false;
	}
	size_t count = table_split(header, cells, WIDE_COLUMNS_MAX);
	char *to = w->header = must_realloc(w->header, header.len + 1);
	for (size_t i = 0; i < count; i++) {
		struct text name = table_plain(to, cells[i]);
		memmove(to, name.at, name.len);
		w->names[i] = (struct text){to, name.len};
		to += name.len;
	}
	w->columns = count;
	w->next = count;
	if (!is_header(w)) {
		w->columns = 0;
	}
	return w->columns > 0;
}

bool wide_row(struct wide *w, struct text row) {
	struct peeling p = {.stamp_ns = UNKNOWN};
	char stamp[64];

	w->next = w->columns;
	if (table_split(row, w->cells, WIDE_COLUMNS_MAX) != w->columns || w->cells[w->time].len >= sizeof stamp) {
		return false;
	}
	struct text at = table_plain(stamp, w->cells[w->time]);
	if (!peel_stamp(&p, at, true)) {
		return false;
	}
	w->at_ns = p.stamp_ns;
	w->next = 0;
	return true;
}

static bool write(struct envelope *e, struct peeling *p, struct text series, struct text value, int64_t at_ns) {
	char plain_value[64];
	size_t room = series.len + value.len + 64;
	char *to = envelope_scratch(e, p, 2 * room), *name_to = to + room;

	if (value.len >= sizeof plain_value) {
		return false;
	}
	value = table_plain(plain_value, value);
	if (value.len == 0) {
		return false; /* no sample at that time */
	}
	series = table_plain(name_to, series);
	int len = snprintf(to, room, "%.*s %.*s %" PRId64, TEXT_ARG(series), TEXT_ARG(value), at_ns / 1000000);
	p->text = (struct text){to, (size_t)len};
	return true;
}

bool wide_next(struct envelope *e, struct wide *w, struct peeling *p) {
	if (w->value != SIZE_MAX) {
		bool fresh = w->columns > 0 && w->next == 0;
		w->next = w->columns;
		return fresh && write(e, p, w->cells[w->series], w->cells[w->value], w->at_ns);
	}
	while (w->next < w->columns) {
		size_t i = w->next++;
		if (i != w->time && write(e, p, w->names[i], w->cells[i], w->at_ns)) {
			return true;
		}
	}
	return false;
}
