/*
 * table.c: log lines in a table with a header, exported by log stores: CloudWatch Logs Insights, Grafana, Kibana,
 * Azure, Google, Splunk, Datadog.
 *
 * @timestamp,@message,@logStream
 * 2026-10-05 06:00:00.123,"(APIServer pid=1) INFO …",vllm/vllm/1f
 */
#include "ingest/envelopes/table.h"

#define KEY(literal) {literal, sizeof(literal) - 1}

/* Names of columns, in the order of precedence. */
static const struct text line_columns[] = {
	KEY("@message"), KEY("message"), KEY("Message"), KEY("textPayload"), KEY("jsonPayload.message"), KEY("LogMessage"),
	KEY("LogEntry"), KEY("Log_s"), KEY("Line"), KEY("line"), KEY("_raw"), KEY("_msg"), KEY("log"), KEY("Content"),
};
static const struct text stamp_columns[] = {
	KEY("@timestamp"), KEY("tsNs"), KEY("timestamp"), KEY("TimeGenerated"), KEY("TimeGenerated [UTC]"), KEY("Time"),
	KEY("time"), KEY("_time"), KEY("Date"), KEY("date"), KEY("ts"), KEY("Timestamp"),
};

/* The cell at the start of `*t`, as written, with its quotes if any; moves past its comma. */
static bool take_cell(struct text *t, struct text *cell) {
	size_t i = 0;

	if (t->len > 0 && t->at[0] == '"') {
		for (i = 1; i < t->len && t->at[i] != '"'; i++) {
			while (i + 1 < t->len && t->at[i + 1] == '"' && i + 2 < t->len && t->at[i + 2] == '"') {
				i += 2;
			}
		}
		if (i >= t->len) {
			return false;
		}
		i++;
	} else {
		size_t comma = text_find_byte(*t, ',');
		i = comma == SIZE_MAX ? t->len : comma;
	}
	if (i < t->len && t->at[i] != ',') {
		return false;
	}
	*cell = text_cut(*t, 0, i);
	*t = text_cut(*t, i + 1, t->len);
	return true;
}

size_t table_split(struct text t, struct text *cells, size_t max) {
	size_t count = 0;
	bool more = t.len > 0;

	while (more) {
		size_t before = t.len;
		if (count == max || !take_cell(&t, &cells[count])) {
			return 0;
		}
		more = before > cells[count++].len; /* a comma followed */
	}
	return count;
}

struct text table_plain(char *to, struct text cell) {
	size_t len = 0;

	if (!text_starts(cell, T("\""))) {
		return cell;
	}
	cell = text_cut(cell, 1, cell.len - 1);
	if (text_find_byte(cell, '"') == SIZE_MAX) {
		return cell;
	}
	for (size_t i = 0; i < cell.len; i++) {
		to[len++] = cell.at[i];
		i += cell.at[i] == '"';
	}
	return (struct text){to, len};
}

static size_t column_of(const struct text *cells, size_t count, const struct text *names, size_t name_count) {
	for (size_t n = 0; n < name_count; n++) {
		for (size_t i = 0; i < count; i++) {
			struct text cell = cells[i];
			bool quoted = text_skip(&cell, T("\""));
			cell.len -= quoted && cell.len > 0 ? 1 : 0;
			if (text_eq(cell, names[n])) {
				return i;
			}
		}
	}
	return SIZE_MAX;
}

bool table_begin(struct table *table, struct text header) {
	struct text cells[TABLE_COLUMNS_MAX];

	text_skip(&header, T("\xef\xbb\xbf"));
	if (header.len >= sizeof table->header || text_find_byte(header, ',') == SIZE_MAX) {
		return false;
	}
	memcpy(table->header, header.at, header.len);
	struct text kept = {table->header, header.len};
	size_t count = table_split(kept, cells, TABLE_COLUMNS_MAX);
	size_t line = column_of(cells, count, line_columns, sizeof line_columns / sizeof *line_columns);
	size_t stamp = column_of(cells, count, stamp_columns, sizeof stamp_columns / sizeof *stamp_columns);
	if (line == SIZE_MAX || stamp == SIZE_MAX) {
		return false;
	}
	*table = (struct table){.columns = count, .line = line, .stamp = stamp, .header_len = header.len};
	memcpy(table->header, header.at, header.len);
	kept = (struct text){table->header, header.len};
	count = table_split(kept, table->names, TABLE_COLUMNS_MAX);
	for (size_t i = 0; i < count; i++) {
		bool quoted = text_skip(&table->names[i], T("\""));
		table->names[i].len -= quoted && table->names[i].len > 0 ? 1 : 0;
	}
	/* CloudWatch's instants have no zone and are UTC; Kibana's, in words, are not. */
	struct text name = table->names[stamp];
	table->in_utc = text_eq(name, T("@timestamp")) || text_ends(name, T("[UTC]"));
	return true;
}

/* "{""app"":""vllm"",""pod"":""vllm-0""}" in Grafana's column "labels": each key and value. */
static void take_labels(const struct envelope *e, struct text cell, struct peeling *p) {
	struct text before, key, value;

	while (text_until(&cell, T("\"\""), &before) && text_until(&cell, T("\"\":"), &key)) {
		text_skip(&cell, T(" "));
		if (text_skip(&cell, T("\"\"")) && text_until(&cell, T("\"\""), &value)) {
			envelope_origin_pair(e, key, value, p);
		}
	}
}

bool table_row(struct envelope *e, const struct table *table, struct peeling *p) {
	struct text cells[TABLE_COLUMNS_MAX];

	if (text_eq(p->text, (struct text){table->header, table->header_len})) {
		p->dropped = true; /* of the next export in the file */
		return true;
	}
	if (table_split(p->text, cells, TABLE_COLUMNS_MAX) != table->columns) {
		return false;
	}
	char stamp[64];
	struct text at = cells[table->stamp];
	if (at.len < sizeof stamp) {
		at = table_plain(stamp, at);
		peel_stamp(p, at, table->in_utc && (at.at == NULL || at.len < 4 || at.at[0] <= '9'));
	}
	for (size_t i = 0; i < table->columns; i++) {
		struct text value = cells[i];
		bool quoted = text_skip(&value, T("\""));
		value.len -= quoted && value.len > 0 ? 1 : 0;
		if (i != table->line && i != table->stamp && text_find_byte(value, '"') == SIZE_MAX) {
			envelope_origin_pair(e, table->names[i], value, p);
		} else if (text_eq(table->names[i], T("labels")) && text_starts(value, T("{"))) {
			take_labels(e, value, p);
		}
	}
	p->text = table_plain(envelope_scratch(e, p, cells[table->line].len + 1), cells[table->line]);
	return true;
}
