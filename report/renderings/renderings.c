#include "report/renderings/renderings.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/files/platform.h"
#include "core/instant.h"

const char *const kind_names[ENTRY_KINDS] = {"input", "input_cached", "output", "other", "idle", "unobserved"};
const char *const token_kind_names[TOKEN_KINDS] = {"input_uncached", "input_cached", "output"};
const char *const grade_names[GRADES] = {"A", "B", "C", "D", "none"};
const char *const grade_titles[GRADES] = {
    "measured: separate phases, or steps of one phase",
    "mixed steps, split by the step model",
    "requests without steps, or mixed steps without contexts",
    "averages over windows",
    "no evidence",
};
const char *const part_names[PARTS] = {"prefill", "decode", "other", "idle", "unobserved"};

/* One row per rendering: name, function, purpose. The first one is the default. */
#define RENDERING_ROWS(ROW)                                                                             \
	ROW("table", render_table, "for people, on a terminal (default)")                               \
	ROW("csv", render_csv, "for spreadsheets: rows of total, models, tenants and --by")       \
	ROW("json", render_json, "for programs: tollbook.statement.v1")                                 \
	ROW("jsonl", render_jsonl, "for programs: JSON lines, one for each row of a table")                         \
	ROW("html", render_html, "for people, in a browser: one self-contained file")            \
	ROW("markdown", render_markdown, "for wikis and merge requests: the tables, in Markdown")       \
	ROW("focus", render_focus, "for cost tools: FOCUS rows as CSV, see --focus-version")            \
	ROW("prometheus", render_prometheus, "for node_exporter's textfile collector")                  \
	ROW("journal", render_journal, "for hledger and ledger: a balanced transaction")                \
	ROW("beancount", render_beancount, "the same for beancount")

#define INFO_OF(name, function, what) {name, what},
#define FUNCTION_OF(name, function, what) function,

static const struct rendering_info infos[] = {RENDERING_ROWS(INFO_OF)};
static render_function *const functions[] = {RENDERING_ROWS(FUNCTION_OF)};
#define RENDERINGS (sizeof infos / sizeof *infos)

const char *const row_order_names[ROW_ORDERS] = {"cost", "key", "tokens", "margin"};

static int64_t order_value(const struct block *b, int order) {
	switch (order) {
	case ROWS_BY_TOKENS:
		return b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED] + b->tokens[TOKENS_OUTPUT];
	case ROWS_BY_MARGIN:
		return b->margin_known ? b->margin_nano : INT64_MIN;
	default:
		return b->capacity_nano;
	}
}

/* What a row is ordered by. */
struct row_place {
	bool not_allocated;
	int64_t value;
};

static int compare_rows(const void *a, const void *b, void *orders) {
	const struct row_place *of = orders;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;

	if (of[i].not_allocated != of[k].not_allocated) {
		return of[i].not_allocated ? 1 : -1;
	}
	return of[i].value != of[k].value ? (of[i].value > of[k].value ? -1 : 1) : (i > k) - (i < k);
}

static void sort_rows(const struct table *t, int order, size_t *index) {
	struct row_place *of = must_alloc((t->count + 1) * sizeof *of);

	for (size_t i = 0; i < t->count; i++) {
		const struct row *row = table_at(t, i);
		of[i] = (struct row_place){row->not_allocated, order_value(&row->block, order)};
	}
	if (t->count > 0) {
		platform_sort(index, t->count, sizeof *index, compare_rows, of);
	}
	free(of);
}

size_t *rows_in_order(const struct rendering_options *r, const struct table *t, const enum by_key *by, size_t by_count,
                      size_t *count) {
	size_t *index = must_alloc((t->count + 1) * sizeof *index);
	bool timed = by_finest_time(by, by_count) != BY_KEYS;

	for (size_t i = 0; i < t->count; i++) {
		index[i] = i;
	}
	if (r->sort != ROWS_BY_KEY && !(r->sort == ROWS_BY_COST && timed)) {
		sort_rows(t, r->sort, index);
	}
	*count = r->top > 0 && (size_t)r->top < t->count ? (size_t)r->top : t->count;
	return index;
}

const struct rendering_info *report_renderings(size_t *count) {
	*count = RENDERINGS;
	return infos;
}

void currency_put(FILE *out, const struct statement *s) {
	size_t len = 0;
	for (const char *c = s->options.currency ? s->options.currency : ""; *c && len < 15; c++) {
		char upper = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		if (upper >= 'A' && upper <= 'Z') {
			fputc(upper, out);
			len++;
		}
	}
	fputs(len == 0 ? "XXX" : "", out);
}

bool rendering_has_lines(const char *format) {
	static const char *const with_lines[] = {"focus", "journal", "beancount"};
	bool has = false;

	for (size_t i = 0; i < sizeof with_lines / sizeof *with_lines; i++) {
		has |= strcmp(format, with_lines[i]) == 0;
	}
	return has;
}

const struct table *lines_of(const struct statement *s, bool *timed) {
	*timed = s->timed_lines.count > 0;
	return *timed ? &s->timed_lines : &s->lines;
}

size_t lines_together(const struct table *lines, size_t from, bool timed, int64_t *nano) {
	size_t to = from;

	*nano = 0;
	while (to < lines->count && (!timed || table_at(lines, to)->bucket_ns == table_at(lines, from)->bucket_ns)) {
		*nano += table_at(lines, to++)->block.capacity_nano;
	}
	return to - from;
}

const char *lines_date(const struct statement *s, const struct row *row, bool timed, char out[32]) {
	int64_t ns = timed ? row->bucket_ns : s->options.from_ns;
	struct civil day;

	instant_to_civil(ns + (timed ? zone_offset_s(s->options.tz, ns) * NS_PER_SECOND : 0), &day);
	snprintf(out, 32, "%04d-%02d-%02d", day.year, day.month, day.day);
	return out;
}

struct table adjusted_lines(const struct statement *s) {
	const struct adjustments *all = &s->adjustments;
	struct table t = {.rows = must_calloc(all->count + 1, sizeof *t.rows), .count = all->count};

	for (size_t i = 0; i < all->count; i++) {
		const struct entry *e = &all->rows[i].said.entry;
		t.rows[i].model = names_text(s->options.names, e->model);
		t.rows[i].tenant = names_text(s->options.names, e->tenant);
		t.rows[i].bucket_ns = all->rows[i].said.posted_ns;
		t.rows[i].block = adjustment_block(&all->rows[i]);
	}
	return t;
}

size_t adjusted_together(const struct statement *s, size_t from, int64_t *nano) {
	const struct adjustments *all = &s->adjustments;
	const struct report_adjustment *first = &all->rows[from].said;
	size_t to = from;

	*nano = 0;
	for (; to < all->count; to++) {
		const struct report_adjustment *a = &all->rows[to].said;
		if (a->run != first->run || a->posted_ns != first->posted_ns || strcmp(a->period, first->period) != 0) {
			break;
		}
		*nano += all->rows[to].cost_nano;
	}
	return to - from;
}

int128 part_ns(const struct block *b, int part) {
	return part == 0 ? block_prefill_ns(b) : b->gpu_ns[part + 1];
}

int64_t part_nano(const struct block *b, int part) {
	return part == 0 ? block_prefill_nano(b) : b->cost_nano[part + 1];
}

int64_t part_mj(const struct block *b, int part) {
	return part == 0 ? b->energy_mj[ENTRY_INPUT] + b->energy_mj[ENTRY_INPUT_CACHED] : b->energy_mj[part + 1];
}

int64_t wh_nano(int64_t mj) {
	int128 nano = exact_div((int128)mj * 10000, 36);
	return nano > INT64_MAX ? INT64_MAX : (int64_t)nano;
}

static int refuse(const char *format, struct fault *why) {
	char known[256] = "";
	for (size_t i = 0; i < RENDERINGS; i++) {
		size_t len = strlen(known);
		snprintf(known + len, sizeof known - len, "%s%s", i > 0 ? ", " : "", infos[i].name);
	}
	return fault_set(why, ERROR_CONFIG, "--format %s: no such rendering, expected one of %s", format, known);
}

int statement_render(const struct statement *s, const char *format, const struct rendering_options *r, FILE *out,
		     struct fault *why) {
	assert(s->quality);
	for (size_t i = 0; i < RENDERINGS; i++) {
		if (strcmp(infos[i].name, format) == 0) {
			functions[i](s, r, out);
			bool failed = fflush(out) != 0 || ferror(out);
			return failed ? fault_set(why, ERROR_IO, "the statement cannot be written: %s", strerror(errno))
				      : 0;
		}
	}
	return refuse(format, why);
}
