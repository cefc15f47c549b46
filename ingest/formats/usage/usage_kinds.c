/*
 * usage_kinds.c: exports with a row for each kind of tokens of a day, model and key, which are consecutive.
 *
 * user_id,utc_date,model,api_key_name,api_key,type,price,amount   DeepSeek
 * u,2026-08-01,deepseek-chat,prod,sk-1,input_cache_hit_tokens,0.00000007,1000
 */
#include <stdio.h>

#include "ingest/formats/usage/usage_csv.h"

/* The kinds of rows, and what their amounts count. */
static const struct {
	struct text type;
	enum meaning meaning;
} types[] = {
	{KEY("input_cache_hit_tokens"), ROW_CACHED}, {KEY("input_cache_miss_tokens"), ROW_UNCACHED},
	{KEY("output_tokens"), ROW_OUTPUT}, {KEY("request_count"), ROW_REQUESTS},
};
#define TYPES (sizeof types / sizeof *types)

static const struct text columns[KINDS_COLUMNS] = {KEY("utc_date"), KEY("model"), KEY("api_key_name"), KEY("type"), KEY("amount")};
enum { DATE, MODEL, TENANT, TYPE, AMOUNT };

bool usage_kinds_header(struct usage_kinds *k, const struct text *fields, size_t count) {
	k->on = true;
	for (size_t c = 0; c < KINDS_COLUMNS; c++) {
		k->column[c] = SIZE_MAX;
		for (size_t i = 0; i < count; i++) {
			k->column[c] = text_eq_nocase(fields[i], columns[c]) ? i : k->column[c];
		}
		k->on = k->on && k->column[c] != SIZE_MAX;
	}
	return k->on;
}

/* The sums so far as a row, which is then empty. */
static enum parse_result finish(struct parser *p, struct usage_kinds *k, struct record *out) {
	static const struct text words[TYPES] = {KEY("cachedtokens"), KEY("uncachedinputtokens"), KEY("outputtokens"), KEY("requestcount")};
	struct row_cells c = {.word = {0}};
	unsigned char word = 0;

	for (size_t i = 0; i < TYPES; i++) {
		enum meaning m = row_meaning(words[i], &word);
		snprintf(k->figures[i], sizeof k->figures[i], "%lld", (long long)k->sums[i]);
		row_put(&c, m, word, text_of(k->figures[i]));
		k->sums[i] = 0;
	}
	static const enum meaning meanings[] = {ROW_START, ROW_MODEL, ROW_TENANT};
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
		row_put(&c, meanings[i], 1, text_of(k->group[i]));
	}
	k->any = false;
	return row_record(p, &c, UNKNOWN, out);
}

static bool is_of_group(const struct usage_kinds *k, const struct text *fields) {
	bool same = true;

	for (size_t i = DATE; i <= TENANT; i++) {
		same = same && text_eq(text_of(k->group[i]), text_cut(fields[k->column[i]], 0, sizeof k->group[i] - 1));
	}
	return same;
}

enum parse_result usage_kinds_row(struct parser *p, struct usage_kinds *k, const struct text *fields, struct record *out) {
	struct text type = fields[k->column[TYPE]];
	size_t kind = 0;
	int64_t n;

	if (k->any && !is_of_group(k, fields)) {
		enum parse_result result = finish(p, k, out);
		return result == PARSE_RECORD ? PARSE_AGAIN : result == PARSE_REJECT ? PARSE_REJECT_AGAIN : usage_kinds_row(p, k, fields, out);
	}
	while (kind < TYPES && !text_eq(type, types[kind].type)) {
		kind++;
	}
	if (kind == TYPES || !number_whole(fields[k->column[AMOUNT]], &n) || n < 0 || n > INT64_MAX - k->sums[kind]) {
		return reject(p, kind == TYPES ? "unknown kind of tokens" : "wrong type of value");
	}
	for (size_t i = DATE; i <= TENANT && !k->any; i++) {
		struct text t = fields[k->column[i]];
		snprintf(k->group[i], sizeof k->group[i], "%.*s", TEXT_ARG(t));
	}
	k->any = true;
	k->sums[kind] += n;
	return PARSE_NONE;
}

enum parse_result usage_kinds_end(struct parser *p, struct usage_kinds *k, struct record *out) {
	return k->any ? finish(p, k, out) : PARSE_NONE;
}
