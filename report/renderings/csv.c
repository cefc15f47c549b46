/* CSV for spreadsheets: RFC 4180, one line a row, the figures of the JSON to the last digit. */
#include <stdlib.h>

#include "core/files/csv.h"
#include "core/exact.h"
#include "core/instant.h"
#include "report/renderings/renderings.h"

static void put_count(FILE *out, int128 n) {
	char buffer[EXACT_TEXT_MAX];
	fprintf(out, ",%s", exact_print(n, buffer));
}

/* Empty if it is not known. */
static void put_known_count(FILE *out, bool known, int128 n) {
	if (known) {
		put_count(out, n);
	} else {
		fputc(',', out);
	}
}

/* The same. */
static void put_money(FILE *out, bool known, int128 nano) {
	char buffer[DECIMAL_TEXT_MAX];
	fprintf(out, ",%s", known ? decimal_format(nano, 9, buffer) : "");
}

/* The last columns are printed only if they contain something. */
static const char position_columns[] = ",position_from,position_to,position_prompt_over,position_busy,position_low,position_high,position_list";

static void put_header(FILE *out, const struct statement *s) {
	fputs("table", out);
	for (int k = 0; k < BY_KEYS; k++) {
		fprintf(out, ",%s", by_key_names[k]);
	}
	fputs(",requests,tokens_input,tokens_input_cached,tokens_output,gpu_ns_capacity", out);
	for (int i = 0; i < PARTS; i++) {
		fprintf(out, ",gpu_ns_%s", part_names[i]);
	}
	fputs(",cost_capacity", out);
	for (int i = 0; i < PARTS; i++) {
		fprintf(out, ",cost_%s", part_names[i]);
	}
	for (int k = 0; k < TOKEN_KINDS; k++) {
		fprintf(out, ",unit_cost_%s_busy,unit_cost_%s_loaded", token_kind_names[k], token_kind_names[k]);
	}
	fputs(",list_model", out);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		fprintf(out, ",list_%s", token_kind_names[k]);
	}
	fputs(",list_revenue,margin_amount,margin_ratio", out);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		fprintf(out, ",unit_cost_%s_low,unit_cost_%s_high", token_kind_names[k], token_kind_names[k]);
	}
	fputs(",energy_mj_capacity", out);
	for (int i = 0; i < PARTS; i++) {
		fprintf(out, ",energy_mj_%s", part_names[i]);
	}
	for (int k = 0; k < TOKEN_KINDS; k++) {
		fprintf(out, ",wh_per_million_%s", token_kind_names[k]);
	}
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		fprintf(out, ",evidence_ns_%s", grade_names[g]);
	}
	fputs(",gpu_hours_capacity", out);
	for (int i = 0; i < PARTS; i++) {
		fprintf(out, ",gpu_hours_%s", part_names[i]);
	}
	fputs(s->adjustments.count > 0 ? ",adjusts_period,adjusts_run" : "", out);
	fprintf(out, "%s\r\n", s->positions.count > 0 ? position_columns : "");
}

static void put_list(FILE *out, const struct block *b) {
	fputc(',', out);
	csv_put_text(out, text_of(b->list_known ? b->list_model : ""));
	for (int k = 0; k < TOKEN_KINDS; k++) {
		put_money(out, b->list_known && b->list_price_known[k], b->list_nano[k]);
	}
	put_money(out, b->list_known, b->revenue_nano);
	put_money(out, b->margin_known, b->margin_nano);
	if (b->margin_known && b->revenue_nano) {
		fprintf(out, ",%.6f", b->margin_ratio);
	} else {
		fputc(',', out);
	}
}

/* Added later than the rest, so that columns keep their positions. */
static void put_intervals(FILE *out, const struct block *b) {
	for (int k = 0; k < TOKEN_KINDS; k++) {
		put_money(out, b->unit[k].known, b->unit[k].low_nano);
		put_money(out, b->unit[k].known, b->unit[k].high_nano);
	}
}

static void put_energy(FILE *out, const struct block *b) {
	if (b->capacity_mj == 0) {
		fprintf(out, "%.*s", 1 + PARTS + TOKEN_KINDS, ",,,,,,,,,,,,");
		return;
	}
	put_count(out, b->capacity_mj);
	for (int i = 0; i < PARTS; i++) {
		put_count(out, part_mj(b, i));
	}
	for (int k = 0; k < TOKEN_KINDS; k++) {
		int64_t nano;
		bool known = block_unit_energy(b, k, &nano);
		put_money(out, known, nano);
	}
}

/* A spreadsheet keeps 15 digits, which nanoseconds may exceed: the same in hours, to nine places. */
static void put_hours(FILE *out, int128 ns) {
	put_money(out, true, exact_div(ns, NS_PER_HOUR / NANO));
}

/* All but the last columns. */
static void put_block(FILE *out, const struct block *b) {
	put_known_count(out, !b->requests_unknown, b->requests);
	put_count(out, b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED]);
	put_known_count(out, !b->cached_unknown, b->tokens[TOKENS_CACHED]);
	put_count(out, b->tokens[TOKENS_OUTPUT]);
	put_count(out, b->capacity_ns);
	for (int i = 0; i < PARTS; i++) {
		put_count(out, part_ns(b, i));
	}
	put_money(out, true, b->capacity_nano);
	for (int i = 0; i < PARTS; i++) {
		put_money(out, true, part_nano(b, i));
	}
	for (int k = 0; k < TOKEN_KINDS; k++) {
		put_money(out, b->unit[k].known, b->unit[k].busy_nano);
		put_money(out, b->unit[k].known, b->unit[k].loaded_nano);
	}
	put_list(out, b);
	put_intervals(out, b);
	put_energy(out, b);
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		put_count(out, b->evidence_ns[g]);
	}
	put_hours(out, b->capacity_ns);
	for (int i = 0; i < PARTS; i++) {
		put_hours(out, part_ns(b, i));
	}
}

static void end_line(FILE *out, const struct statement *s) {
	fputs(s->adjustments.count > 0 ? ",," : "", out);
	fputs(s->positions.count > 0 ? ",,,,,,,\r\n" : "\r\n", out);
}

static bool is_key(enum by_key key, const enum by_key *by, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (by[i] == key) {
			return true;
		}
	}
	return false;
}

static void put_table(FILE *out, const struct statement *s, const char *name, const struct table *t,
		      const enum by_key *by, size_t count) {
	char buffer[KEY_TEXT_MAX];
	for (size_t i = 0; i < t->count; i++) {
		fputs(name, out);
		for (int k = 0; k < BY_KEYS; k++) {
			fputc(',', out);
			if (is_key((enum by_key)k, by, count)) {
				csv_put_text(out, row_key(s, table_at(t, i), (enum by_key)k, buffer));
			}
		}
		put_block(out, &table_at(t, i)->block);
		end_line(out, s);
	}
}

/* Changes to closed periods by later evidence: in no other row. */
static void put_adjustment(FILE *out, const struct statement *s, const struct adjustment *a) {
	const struct entry *e = &a->said.entry;
	const name_id names[BY_KEYS] = {
	    [BY_MODEL] = e->model, [BY_REPLICA] = e->replica, [BY_POOL] = e->pool, [BY_TENANT] = e->tenant};
	struct block b = adjustment_block(a);
	char hour[INSTANT_TEXT_MAX];

	fputs("adjustment", out);
	for (int k = 0; k < BY_KEYS; k++) {
		fputc(',', out);
		csv_put_text(out, k == BY_HOUR ? text_of(instant_format(e->slot_ns, hour)) : names_text(s->options.names, names[k]));
	}
	put_block(out, &b);
	fputc(',', out);
	csv_put_text(out, text_of(a->said.period));
	fprintf(out, ",%lld%s\r\n", (long long)a->said.run, s->positions.count > 0 ? ",,,,,,," : "");
}

/* Tokens by position: a part of the work of other rows, so in no sum. */
static void put_position(FILE *out, const struct statement *s, const struct position *p) {
	const struct position_row *row = &p->row;
	struct block b = {.capacity_ns = p->gpu_ns, .capacity_nano = p->cost_nano};

	b.tokens[row->kind] = row->tokens;
	b.gpu_ns[row->kind] = p->gpu_ns;
	b.cost_nano[row->kind] = p->cost_nano;
	fputs("position", out);
	for (int k = 0; k < BY_KEYS; k++) {
		fputc(',', out);
		if (k == BY_MODEL) {
			csv_put_text(out, names_text(s->options.names, row->model));
		}
	}
	put_block(out, &b);
	fputs(s->adjustments.count > 0 ? ",," : "", out);
	put_count(out, row->from_ntok);
	if (row->to_ntok == INT64_MAX) {
		fputc(',', out);
	} else {
		put_count(out, row->to_ntok);
	}
	put_count(out, row->prompt_over_ntok);
	put_money(out, p->rated_tokens > 0, p->unit_nano);
	put_money(out, p->rated_tokens > 0, p->low_nano);
	put_money(out, p->rated_tokens > 0, p->high_nano);
	put_money(out, p->list_known, p->list_nano);
	fputs("\r\n", out);
}

static bool is_wanted(const struct rendering_options *r, const char *level) {
	return !r->level || strcmp(r->level, level) == 0;
}

void render_csv(const struct statement *s, const struct rendering_options *r, FILE *out) {
	static const enum by_key by_model[] = {BY_MODEL}, by_tenant[] = {BY_TENANT};

	const struct table total = {.rows = &(struct row){.block = s->total}, .count = 1};
	const struct level {
		const char *name;
		const struct table *table;
		const enum by_key *by;
		size_t by_count;
	} levels[] = {
		{"total", &total, NULL, 0},
		{"model", &s->models, by_model, 1},
		{"tenant", &s->tenants, by_tenant, 1},
		{"row", &s->rows, s->options.by, s->options.by_count},
	};

	put_header(out, s);
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (is_wanted(r, levels[i].name)) {
			put_table(out, s, levels[i].name, levels[i].table, levels[i].by, levels[i].by_count);
		}
	}
	for (size_t i = 0; i < s->adjustments.count && is_wanted(r, "adjustment"); i++) {
		put_adjustment(out, s, &s->adjustments.rows[i]);
	}
	for (size_t i = 0; i < s->positions.count && is_wanted(r, "position"); i++) {
		put_position(out, s, &s->positions.rows[i]);
	}
}
