/*
 * What changed between two statements, split into causes that sum to the change exactly.
 *
 * For each model, prefill and decode: tokens T, GPU time N, cost K, before (A) and after (B); V is the sum of all
 * tokens. The busy cost is taken from A to B in steps that each change one thing; a cause is the difference of two
 * steps:
 *
 *   volume      K_A                -> K_A V_B / V_A          all tokens in proportion
 *   mix                            -> T_B K_A / T_A          which models, and input or output
 *   efficiency                     -> N_B K_A / N_A          GPU time per token
 *   price                          -> K_B                    money per GPU time
 *
 * Other, idle and unobserved time: idle is -> N_B K_A / N_A, and price the rest. New models cannot be compared: their
 * cost is mix, or idle.
 */
#include <assert.h>
#include <stdlib.h>

#include "core/files/csv.h"
#include "core/decimal.h"
#include "core/files/files.h"
#include "core/json.h"
#include "core/sorted.h"
#include "core/terminal.h"
#include "report/diff.h"
#include "report/renderings/grid.h"

#define STATEMENT_BYTES_MAX (1u << 30)
#define MODELS_MAX 100000

#define CAUSES DIFF_CAUSES
static const char *const cause_names[CAUSES] = {"volume", "mix", "efficiency", "price", "idle"};

/* Prefill, decode, and everything that is not busy. */
enum { GROUP_PREFILL, GROUP_DECODE, GROUP_REST, GROUPS };

struct side {
	int64_t tokens[GROUPS], nano[GROUPS];
	int128 ns[GROUPS];
};

struct change {
	struct text model;
	struct side before, after;
	int64_t cause[CAUSES];
};

struct half {
	const char *path;
	struct text bytes;
	struct json *json;
};

struct diff {
	struct half half[2];
	struct text currency;
	struct change *changes;
	size_t count;
	int64_t tokens[2];
};

/* ---- reading ---- */

static int wrong(const struct half *h, json_at v, const char *what, struct fault *why) {
	int line = 1, column = 1;
	text_place(h->bytes, v == JSON_ABSENT ? 0 : json_offset(h->json, v), &line, &column);
	return fault_set(why, ERROR_CONFIG, "%s:%d:%d: %s", h->path, line, column, what);
}

static int read_half(struct half *h, struct fault *why) {
	size_t bad = 0;
	int error = file_read(h->path, STATEMENT_BYTES_MAX, &h->bytes, why);

	if (error) {
		return error;
	}
	h->json = json_new();
	if (!json_parse(h->json, h->bytes, &bad)) {
		int line = 1, column = 1;
		text_place(h->bytes, bad, &line, &column);
		return fault_set(why, ERROR_CONFIG, "%s:%d:%d: not valid JSON, expected a statement (--format json)",
				 h->path, line, column);
	}
	if (!text_eq(json_raw(h->json, json_get(h->json, 0, T("schema"))), T("tollbook.statement.v1"))) {
		return wrong(h, 0, "not a statement, expected tollbook.statement.v1 (--format json)", why);
	}
	return 0;
}

static bool read_count(const struct json *j, json_at object, const char *key, int64_t *sum) {
	int64_t n;
	return json_i64(j, json_get(j, object, text_of(key)), &n) && n >= 0 && exact_add(sum, n);
}

static bool read_time(const struct json *j, json_at object, const char *key, int128 *sum) {
	int128 ns;

	if (!json_wide(j, json_get(j, object, text_of(key)), &ns) || ns < 0) {
		return false;
	}
	*sum += ns;
	return true;
}

static bool read_money(const struct json *j, json_at object, const char *key, int64_t *sum) {
	int64_t nano;
	return decimal_parse(json_raw(j, json_get(j, object, text_of(key))), 0, &nano) && nano >= 0 &&
	       exact_add(sum, nano);
}

static bool read_side(const struct json *j, json_at block, struct side *out) {
	static const int groups[PARTS] = {GROUP_PREFILL, GROUP_DECODE, GROUP_REST, GROUP_REST, GROUP_REST};
	json_at tokens = json_get(j, block, T("tokens")), ns = json_get(j, block, T("gpu_ns")),
		cost = json_get(j, block, T("cost"));
	bool ok = read_count(j, tokens, "input", &out->tokens[GROUP_PREFILL]) &&
		  read_count(j, tokens, "output", &out->tokens[GROUP_DECODE]);

	for (int p = 0; p < PARTS && ok; p++) {
		ok = read_time(j, ns, part_names[p], &out->ns[groups[p]]) &&
		     read_money(j, cost, part_names[p], &out->nano[groups[p]]);
	}
	return ok;
}

static struct change *change_of(struct diff *d, struct text model) {
	for (size_t i = 0; i < d->count; i++) {
		if (text_eq(d->changes[i].model, model)) {
			return &d->changes[i];
		}
	}
	d->changes = must_grow_by_count(d->changes, d->count, sizeof *d->changes);
	d->changes[d->count] = (struct change){.model = model};
	return &d->changes[d->count++];
}

static int read_models(struct diff *d, int which, struct fault *why) {
	const struct half *h = &d->half[which];
	json_at models = json_get(h->json, 0, T("models"));

	if (json_type(h->json, models) != JSON_ARRAY || json_count(h->json, models) > MODELS_MAX) {
		return wrong(h, models, "no models here, expected the list of a statement", why);
	}
	for (json_at v = json_first(h->json, models); v != JSON_ABSENT; v = json_next(h->json, v)) {
		struct change *c = change_of(d, json_raw(h->json, json_get(h->json, v, T("model"))));
		struct side *side = which == 0 ? &c->before : &c->after;
		if (!read_side(h->json, v, side)) {
			return wrong(h, v, "not a row of a statement, expected tokens, gpu_ns and cost", why);
		}
		if (!exact_add(&d->tokens[which], side->tokens[GROUP_PREFILL]) ||
		    !exact_add(&d->tokens[which], side->tokens[GROUP_DECODE])) {
			return wrong(h, v, "more tokens than fit 64 bits", why);
		}
	}
	return 0;
}

static int compare_currencies(struct diff *d, struct fault *why) {
	struct text a = json_raw(d->half[0].json, json_get(d->half[0].json, 0, T("currency")));
	struct text b = json_raw(d->half[1].json, json_get(d->half[1].json, 0, T("currency")));

	d->currency = a;
	return text_eq(a, b) ? 0
			     : fault_set(why, ERROR_CONFIG,
					 "%s is in %.*s and %s in %.*s, expected two statements of one currency",
					 d->half[0].path, TEXT_ARG(a), d->half[1].path, TEXT_ARG(b));
}

/* ---- causes ---- */

/* nano x to_ns / from_ns; of times beyond 64 bits, the first 63 bits. */
static bool by_time(int64_t nano, int128 to_ns, int128 from_ns, int64_t *out) {
	while (to_ns > INT64_MAX || from_ns > INT64_MAX) {
		to_ns /= 2;
		from_ns /= 2;
	}
	return from_ns > 0 && exact_mul_div(nano, (int64_t)to_ns, (int64_t)from_ns, out);
}

static bool split_busy(const struct diff *d, struct change *c, int group) {
	const struct side *a = &c->before, *b = &c->after;
	int64_t volume, mix, efficiency = b->nano[group];
	bool fits = true;

	if (d->tokens[0] > 0) {
		fits = exact_mul_div(a->nano[group], d->tokens[1], d->tokens[0], &volume);
	} else {
		volume = a->nano[group];
	}
	mix = b->nano[group];
	if (a->tokens[group] > 0) {
		fits = fits && exact_mul_div(a->nano[group], b->tokens[group], a->tokens[group], &mix);
		fits = fits &&
		       (a->ns[group] == 0 || by_time(a->nano[group], b->ns[group], a->ns[group], &efficiency));
	}
	if (!fits) {
		return false;
	}
	c->cause[CAUSE_VOLUME] += volume - a->nano[group];
	c->cause[CAUSE_MIX] += mix - volume;
	c->cause[CAUSE_EFFICIENCY] += efficiency - mix;
	c->cause[CAUSE_PRICE] += b->nano[group] - efficiency;
	return true;
}

static bool split_rest(struct change *c) {
	const struct side *a = &c->before, *b = &c->after;
	int64_t idle = b->nano[GROUP_REST];
	bool fits =
	    a->ns[GROUP_REST] == 0 || by_time(a->nano[GROUP_REST], b->ns[GROUP_REST], a->ns[GROUP_REST], &idle);

	c->cause[CAUSE_IDLE] += idle - a->nano[GROUP_REST];
	c->cause[CAUSE_PRICE] += b->nano[GROUP_REST] - idle;
	return fits;
}

static int64_t cost_of(const struct side *s) {
	return s->nano[GROUP_PREFILL] + s->nano[GROUP_DECODE] + s->nano[GROUP_REST];
}

static int64_t change_in(const struct change *c) {
	return cost_of(&c->after) - cost_of(&c->before);
}

static int compare_changes(const void *a, const void *b) {
	return text_compare(((const struct change *)a)->model, ((const struct change *)b)->model);
}

/* All models together, and the proof that causes sum to the change. */
static int split(struct diff *d, struct change *total, struct fault *why) {
	*total = (struct change){0};
	for (size_t i = 0; i < d->count; i++) {
		struct change *c = &d->changes[i];
		int64_t sum = 0;
		if (!split_busy(d, c, GROUP_PREFILL) || !split_busy(d, c, GROUP_DECODE) || !split_rest(c)) {
			return fault_set(why, ERROR_RANGE, "a cause of the change does not fit 64 bits of nano-units");
		}
		for (int k = 0; k < CAUSES; k++) {
			total->cause[k] += c->cause[k];
			sum += c->cause[k];
		}
		assert(sum == change_in(c));
		for (int g = 0; g < GROUPS; g++) {
			total->before.nano[g] += c->before.nano[g];
			total->after.nano[g] += c->after.nano[g];
		}
	}
	sort_items(d->changes, d->count, sizeof(*d->changes), compare_changes);
	return 0;
}

/* ---- printing ---- */

static int64_t magnitude(int64_t n) {
	return n < 0 ? -n : n;
}

static void add_signed(struct grid *g, int64_t nano, int places) {
	char figure[FIGURE_MAX];
	grid_addf(g, "%s%s", nano > 0 ? "+" : "", figure_money(nano, places, figure));
}

static void add_change(struct grid *g, const char *name, const struct change *c, int places) {
	char figure[FIGURE_MAX];

	grid_add(g, name);
	grid_add(g, figure_money(cost_of(&c->before), places, figure));
	grid_add(g, figure_money(cost_of(&c->after), places, figure));
	add_signed(g, change_in(c), places);
	for (int k = 0; k < CAUSES; k++) {
		add_signed(g, c->cause[k], places);
	}
}

/* The rows of a table, with columns that fit a mail, a chat or a comment. */
static void print_markdown(const struct grid *g, FILE *out) {
	for (size_t i = 0; i < g->columns; i++) {
		fprintf(out, "| %s ", g->headers[i]);
	}
	fputs("|\n", out);
	for (size_t i = 0; i < g->columns; i++) {
		fputs(i < g->labels ? "|---" : "|---:", out);
	}
	fputs("|\n", out);
	for (size_t i = 0; i < g->count; i++) {
		fputs("| ", out);
		markdown_put(out, text_of(g->cells[i]));
		fputs((i + 1) % g->columns == 0 ? " |\n" : " ", out);
	}
	fputc('\n', out);
}

/* `width` 0: in Markdown. */
static void print_table(const struct diff *d, const struct change *total, int width, FILE *out) {
	const char *headers[4 + CAUSES] = {"model", "before", "after", "change"};
	int64_t largest = magnitude(cost_of(&total->before)) + magnitude(cost_of(&total->after));
	char name[100], currency[20];
	struct grid g;

	for (int k = 0; k < CAUSES; k++) {
		headers[4 + k] = cause_names[k];
	}
	printable(d->currency, currency, sizeof currency);
	fprintf(out, "What changed, in %s: the causes of each row sum to its change\n%s", currency, width > 0 ? "" : "\n");
	grid_init(&g, headers, 4 + CAUSES, 1);
	for (size_t i = 0; i < d->count; i++) {
		printable(d->changes[i].model, name, 30);
		add_change(&g, name[0] ? name : "(none)", &d->changes[i], figure_places(largest));
	}
	add_change(&g, "= total", total, figure_places(largest));
	if (width > 0) {
		grid_print(&g, width, out);
	} else {
		print_markdown(&g, out);
	}
	grid_release(&g);
	fputs(
	    "volume: more or fewer tokens, all in proportion; mix: which models, and input or output; efficiency: GPU\n"
	    "time per token; price: money per GPU time; idle: time that no tokens filled.\n",
	    out);
}

static void put_change(FILE *out, const struct change *c) {
	char buffer[DECIMAL_TEXT_MAX];

	fprintf(out, "\"before\":\"%s\"", decimal_format(cost_of(&c->before), 9, buffer));
	fprintf(out, ",\"after\":\"%s\"", decimal_format(cost_of(&c->after), 9, buffer));
	fprintf(out, ",\"change\":\"%s\"", decimal_format(change_in(c), 9, buffer));
	for (int k = 0; k < CAUSES; k++) {
		fprintf(out, ",\"%s\":\"%s\"", cause_names[k], decimal_format(c->cause[k], 9, buffer));
	}
}

/* Names are printed as read: JSON strings as written. */
static void print_json(const struct diff *d, const struct change *total, FILE *out) {
	fprintf(out, "{\"schema\":\"tollbook.diff.v1\",\"currency\":\"%.*s\",\n \"total\":{", TEXT_ARG(d->currency));
	put_change(out, total);
	fputs("},\n \"models\":[", out);
	for (size_t i = 0; i < d->count; i++) {
		fprintf(out, "%s\n  {\"model\":\"%.*s\",", i > 0 ? "," : "", TEXT_ARG(d->changes[i].model));
		put_change(out, &d->changes[i]);
		fputc('}', out);
	}
	fputs("]}\n", out);
}

static void put_csv_row(const char *name, const struct text *model, const struct change *c, FILE *out) {
	char buffer[DECIMAL_TEXT_MAX];

	csv_put_text(out, model ? *model : text_of(name));
	fprintf(out, ",%s", decimal_format(cost_of(&c->before), 9, buffer));
	fprintf(out, ",%s", decimal_format(cost_of(&c->after), 9, buffer));
	fprintf(out, ",%s", decimal_format(change_in(c), 9, buffer));
	for (int k = 0; k < CAUSES; k++) {
		fprintf(out, ",%s", decimal_format(c->cause[k], 9, buffer));
	}
	fputs("\r\n", out);
}

static void print_csv(const struct diff *d, const struct change *total, FILE *out) {
	fputs("model,before,after,change", out);
	for (int k = 0; k < CAUSES; k++) {
		fprintf(out, ",%s", cause_names[k]);
	}
	fputs("\r\n", out);
	for (size_t i = 0; i < d->count; i++) {
		put_csv_row(NULL, &d->changes[i].model, &d->changes[i], out);
	}
	put_csv_row("total", NULL, total, out);
}

static struct diff_row row_of(const struct change *c) {
	struct diff_row row = {.model = c->model, .before = cost_of(&c->before), .after = cost_of(&c->after)};

	memcpy(row.cause, c->cause, sizeof row.cause);
	return row;
}

static void print_html(const struct diff *d, const struct change *total, FILE *out) {
	struct diff_row *rows = must_calloc(d->count + 1, sizeof *rows), all = row_of(total);

	for (size_t i = 0; i < d->count; i++) {
		rows[i] = row_of(&d->changes[i]);
	}
	diff_page(d->currency, &all, rows, d->count, out);
	free(rows);
}

static int compare(struct diff *d, enum diff_format format, int width, FILE *out, struct fault *why) {
	struct change total;
	int error = 0;

	for (int i = 0; i < 2 && !error; i++) {
		error = read_half(&d->half[i], why);
	}
	error = error ? error : compare_currencies(d, why);
	for (int i = 0; i < 2 && !error; i++) {
		error = read_models(d, i, why);
	}
	error = error ? error : split(d, &total, why);
	if (!error && format == DIFF_JSON) {
		print_json(d, &total, out);
	} else if (!error && format == DIFF_HTML) {
		print_html(d, &total, out);
	} else if (!error && format == DIFF_CSV) {
		print_csv(d, &total, out);
	} else if (!error) {
		print_table(d, &total, format == DIFF_MARKDOWN ? 0 : width, out);
	}
	return error;
}

int statement_diff(const char *before, const char *after, enum diff_format format, int width, FILE *out, struct fault *why) {
	struct diff d = {.half = {{.path = before}, {.path = after}}};
	int error = compare(&d, format, width, out, why);

	for (int i = 0; i < 2; i++) {
		json_free(d.half[i].json);
		free((void *)(uintptr_t)d.half[i].bytes.at);
	}
	free(d.changes);
	return error;
}
