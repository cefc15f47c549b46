/* reconcile_tokens.c: a bill for tokens compared with the logs, by model: in counts, and at list price. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/from_logs.h"
#include "core/json.h"
#include "core/billing.h"
#include "core/decimal.h"
#include "core/exact.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "inspect/invoices/usage_export.h"
#include "inspect/reconcile_api.h"

struct tokens {
	int64_t input, cached, output, requests;
};

/* Of one side: counts, and cost at list price. */
struct side {
	struct tokens tokens;
	bool any, priced;
	int64_t nano;
};

struct token_row {
	struct text model;
	struct side billed, seen;
	bool elsewhere; /* ran on GPUs of the book, not on the bill */
};

struct bill {
	struct book *b;
	const char *path;
	struct tokens *billed, *seen, *bought; /* by name_id of the model; bought: the part of `seen` that vendors answered */
	size_t room;
	int64_t from_ns, to_ns;
	bool of_vendors; /* all records are from gateways or vendors: they can be priced */
	struct token_row *rows;
	size_t count;
};

static void make_room(struct bill *t, name_id id) {
	if (id >= t->room) {
		size_t room = (size_t)id * 2 + 64;
		struct tokens **const lists[] = {&t->billed, &t->seen, &t->bought};
		for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
			*lists[i] = must_realloc(*lists[i], room * sizeof **lists[i]);
			memset(*lists[i] + t->room, 0, (room - t->room) * sizeof **lists[i]);
		}
		t->room = room;
	}
}

static bool has_tokens(const struct tokens *k) {
	return k->input != 0 || k->cached != 0 || k->output != 0 || k->requests != 0;
}

/* False if a sum does not fit. */
static bool add_tokens(struct tokens *into, const struct tokens *k) {
	return exact_add(&into->input, k->input) && exact_add(&into->cached, k->cached) && exact_add(&into->output, k->output) &&
	       exact_add(&into->requests, k->requests);
}

static int no_fit(struct fault *why) {
	return fault_set(why, ERROR_RANGE, "a sum of tokens does not fit 64 bits");
}

/* ---- the bill ---- */

/* The number of requests in a row of a report. */
static int64_t requests_of(const struct request *q) {
	struct billing b;

	billing_parse(q->billing, &b);
	return b.part[BILLED_REQUESTS] > 0 ? b.part[BILLED_REQUESTS] : 1;
}

static struct tokens tokens_of(const struct record *r) {
	if (r->kind == RECORD_WINDOW) {
		const struct window *w = &r->window;
		return (struct tokens){w->input_tokens, w->cached_tokens, w->output_tokens, w->requests != UNKNOWN ? w->requests : 0};
	}
	const struct request *q = &r->request;
	return (struct tokens){q->prompt_tokens, q->cached_tokens, q->completion_tokens, requests_of(q)};
}

static int add_billed_record(void *bill, unsigned lane, const struct record *r, struct fault *why) {
	struct bill *t = bill;
	name_id model = names_id(t->b->names, r->model);
	int64_t from = r->kind == RECORD_WINDOW ? r->window.start_ns : r->request.finish_ns;
	int64_t to = r->kind == RECORD_WINDOW ? r->window.end_ns : from + 1;

	(void)lane;
	if (r->kind != RECORD_WINDOW && r->kind != RECORD_REQUEST) {
		return 0;
	}
	make_room(t, model);
	const struct tokens k = tokens_of(r);
	if (!add_tokens(&t->billed[model], &k)) {
		return no_fit(why);
	}
	if (from != UNKNOWN) {
		exact_widen(&t->from_ns, &t->to_ns, from, to);
	}
	return 0;
}

/* Reads the ends of periods in reports, which are missing in the records of their rows. */
static void widen_by(struct bill *t, struct text bytes, struct text key) {
	struct text before, value;
	int64_t ns;

	while (text_until(&bytes, key, &before)) {
		text_skip_blanks(&bytes);
		if (!text_skip(&bytes, T(":"))) {
			continue;
		}
		text_skip_blanks(&bytes);
		if (text_skip(&bytes, T("\""))) {
			ns = text_until(&bytes, T("\""), &value) && instant_parse(value, &ns) ? ns : 0;
		} else {
			ns = text_take_i64(&bytes, &ns) && ns > 0 && ns < INT64_MAX / NS_PER_SECOND ? ns * NS_PER_SECOND : 0;
		}
		if (ns > 0) {
			exact_widen(&t->from_ns, &t->to_ns, ns, ns);
		}
	}
}

static void widen_to_periods(struct bill *t) {
	static const struct text keys[] = {T("\"start_time\""), T("\"end_time\""), T("\"starting_at\""), T("\"ending_at\"")};
	struct fault none;
	struct text bytes;

	if (file_read(t->path, (size_t)256 * 1024 * 1024, &bytes, &none) < 0) {
		return;
	}
	struct text start = text_trim(text_cut(bytes, 0, 64));
	for (size_t i = 0; i < sizeof keys / sizeof *keys && (text_starts(start, T("{")) || text_starts(start, T("["))); i++) {
		widen_by(t, bytes, keys[i]);
	}
	free((char *)(uintptr_t)bytes.at);
}

static int read_bill(struct bill *t, struct fault *why) {
	const struct ingest_source source = {.path = t->path};
	const struct ingest_options options = {.sources = &source, .source_count = 1, .threads = 1};
	bool exported = usage_export_is(t->path);
	int64_t windows = t->b->quality.windows;
	int rc = exported ? usage_export_read(t->path, add_billed_record, t, why) : ingest_run(&options, add_billed_record, t, &t->b->quality, why);

	if (rc == 0 && t->from_ns > t->to_ns) {
		rc = fault_set(why, ERROR_CONFIG, "%s: no usage in it, expected OpenAI's answers or its dashboard's export, LiteLLM's spend logs or "
		               "native windows", t->path);
	}
	t->of_vendors = t->b->quality.windows == windows;
	if (rc == 0 && !exported) {
		widen_to_periods(t);
	}
	return rc;
}

/* ---- the book ---- */

static int add_seen(void *bill, const struct entry *e) {
	struct bill *t = bill;
	bool input = e->kind == ENTRY_INPUT || e->kind == ENTRY_INPUT_CACHED;
	const struct tokens k = {input ? e->tokens : 0, e->kind == ENTRY_INPUT_CACHED ? e->tokens : 0, e->kind == ENTRY_OUTPUT ? e->tokens : 0,
	                         e->kind == ENTRY_INPUT ? e->requests : 0};

	make_room(t, e->model);
	if (!add_tokens(&t->seen[e->model], &k)) {
		return ERROR_RANGE;
	}
	return billing_is_pool(names_text(t->b->names, e->pool)) && !add_tokens(&t->bought[e->model], &k) ? ERROR_RANGE : 0;
}

/* ---- rows ---- */

static struct token_row *row_of(struct bill *t, struct text model) {
	for (size_t i = 0; i < t->count; i++) {
		if (text_eq(t->rows[i].model, model)) {
			return &t->rows[i];
		}
	}
	for (size_t i = 0; i < t->count; i++) {
		if (api_same_model(t->rows[i].model, model)) {
			return &t->rows[i];
		}
	}
	t->rows = must_realloc(t->rows, (t->count + 1) * sizeof *t->rows);
	t->rows[t->count] = (struct token_row){.model = model};
	return &t->rows[t->count++];
}

static bool make_rows(struct bill *t) {
	bool fits = true;

	for (name_id m = 0; m < t->room; m++) {
		if (has_tokens(&t->billed[m])) {
			struct token_row *row = row_of(t, names_text(t->b->names, m));
			row->billed.any = true;
			fits = add_tokens(&row->billed.tokens, &t->billed[m]) && fits;
		}
	}
	for (name_id m = 0; m < t->room; m++) {
		if (has_tokens(&t->seen[m])) {
			struct token_row *row = row_of(t, names_text(t->b->names, m));
			row->seen.any = true;
			fits = add_tokens(&row->seen.tokens, &t->seen[m]) && fits;
			row->elsewhere = !row->billed.any && !has_tokens(&t->bought[m]);
		}
	}
	return fits;
}

/* ---- list prices ---- */

static bool add_revenues(struct bill *t, const struct statement *s, size_t side) {
	struct statement_revenue revenue;
	bool fits = true;

	for (size_t i = 0; i < statement_revenues(s); i++) {
		statement_revenue_at(s, i, &revenue);
		if (revenue.has_tokens && revenue.known) {
			struct side *at = (struct side *)(void *)((char *)row_of(t, revenue.model) + side);
			at->priced = true;
			fits = exact_add(&at->nano, revenue.nano) && fits;
		}
	}
	return fits;
}

/* The bill's tokens are priced like a run on it, with the prices of the book or of this command. */
static int price_bill(struct bill *t, const struct terminal *terminal, struct fault *why) {
	struct book_settings set = t->b->set;
	struct terminal silent = {.context = terminal->context, .stopped = terminal->stopped};
	struct from_logs *priced;

	set.logs = (struct list){.at = &t->path, .count = 1};
	set.fleet = set.output = set.quarantine = set.requests = set.model_report = set.replica = set.from = set.to = NULL;
	set.gpu_hour_nano = -1;
	set.format = "json";
	int rc = from_logs_new_priced(&priced, &set, &silent, t->b->prices, why);
	if (rc == 0) {
		rc = add_revenues(t, from_logs_statement(priced), offsetof(struct token_row, billed)) ? 0 : no_fit(why);
		from_logs_free(priced);
	}
	return rc > 0 ? 0 : rc; /* no evidence: nothing to price */
}

static int price_book(struct bill *t, struct fault *why) {
	struct book_statement st = {.from_ns = instant_floor(t->from_ns, NS_PER_HOUR), .to_ns = t->to_ns, .as_of = INT64_MAX - 1};
	int rc = book_state(t->b, &st, why);

	if (rc > 0) {
		rc = add_revenues(t, st.statement, offsetof(struct token_row, seen)) ? 0 : no_fit(why);
	}
	book_statement_release(&st);
	return rc;
}

/* ---- printed ---- */

static const struct {
	const char *word, *key;
	size_t at;
} figures[] = {{"requests", "requests", offsetof(struct tokens, requests)},
               {"input tokens", "input", offsetof(struct tokens, input)},
               {"of which cached", "cached", offsetof(struct tokens, cached)},
               {"output tokens", "output", offsetof(struct tokens, output)}};
#define FIGURES (sizeof figures / sizeof *figures)

static int64_t figure(const struct side *s, size_t i) {
	return *(const int64_t *)(const void *)((const char *)&s->tokens + figures[i].at);
}

static bool row_ties(const struct token_row *r) {
	bool same = true;

	for (size_t i = 0; i < FIGURES; i++) {
		same = same && figure(&r->billed, i) == figure(&r->seen, i);
	}
	return same || r->elsewhere;
}

/* The difference may not fit even if both sides do. */
static const char *money_of(const struct side *a, const struct side *b, char out[DECIMAL_TEXT_MAX]) {
	int64_t nano = 0;
	bool known = a->priced && (!b || b->priced) && !__builtin_sub_overflow(a->nano, b ? b->nano : 0, &nano);

	return known ? decimal_format(nano, 9, out) : "";
}

static void print_row(const struct token_row *r, const char *name, FILE *out) {
	char a[DECIMAL_TEXT_MAX], b[DECIMAL_TEXT_MAX], d[DECIMAL_TEXT_MAX];

	printable_put(out, text_of(name));
	fputs(r->elsewhere ? ": not on the bill, ran on GPUs of the book\n" : "\n", out);
	for (size_t i = 0; i < FIGURES; i++) {
		int64_t x = figure(&r->billed, i), y = figure(&r->seen, i);
		fprintf(out, "  %-16s billed %16" PRId64 "  in the logs %16" PRId64 "  differ %16" PRId64 "\n", figures[i].word, x, y, x - y);
	}
	if (r->billed.priced || r->seen.priced) {
		const char *x = money_of(&r->billed, NULL, a), *y = money_of(&r->seen, NULL, b), *z = money_of(&r->billed, &r->seen, d);
		fprintf(out, "  %-16s billed %16s  in the logs %16s  differ %16s\n", "at list price", *x ? x : "-", *y ? y : "-", *z ? z : "-");
	}
}

static void put_json_side(FILE *out, const char *key, const struct side *s) {
	char money[DECIMAL_TEXT_MAX];

	fprintf(out, "\"%s\":{", key);
	for (size_t i = 0; i < FIGURES; i++) {
		fprintf(out, "\"%s\":%" PRId64 ",", figures[i].key, figure(s, i));
	}
	if (s->priced) {
		fprintf(out, "\"list\":\"%s\"}", decimal_format(s->nano, 9, money));
	} else {
		fputs("\"list\":null}", out);
	}
}

static void put_json_row(FILE *out, const struct token_row *r) {
	char money[DECIMAL_TEXT_MAX];
	const char *differ = money_of(&r->billed, &r->seen, money);

	put_json_side(out, "billed", &r->billed);
	fputc(',', out);
	put_json_side(out, "book", &r->seen);
	fprintf(out, *differ ? ",\"differ\":\"%s\"" : ",\"differ\":null%s", differ);
	fprintf(out, ",\"on_bill\":%s,\"ties\":%s", r->billed.any ? "true" : "false", row_ties(r) ? "true" : "false");
}

static void put_json(const struct bill *t, const struct token_row *total, bool ties, FILE *out) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];

	fputs("{\"schema\":\"tollbook.reconcile.v1\",\"invoice\":", out);
	json_put_text(out, text_of(t->path));
	fprintf(out, ",\"form\":\"tokens\",\"from\":\"%s\",\"to\":\"%s\",\n \"models\":[", instant_format(t->from_ns, from), instant_format(t->to_ns, to));
	for (size_t i = 0; i < t->count; i++) {
		fputs(i > 0 ? ",\n  {\"model\":" : "\n  {\"model\":", out);
		json_put_text(out, t->rows[i].model);
		fputc(',', out);
		put_json_row(out, &t->rows[i]);
		fputc('}', out);
	}
	fputs("],\n \"total\":{", out);
	put_json_row(out, total);
	fprintf(out, "},\"within\":%s}\n", ties ? "true" : "false");
}

#define COLUMNS (2 * FIGURES + 3)

static void cells_of(const struct token_row *r, char text[COLUMNS][DECIMAL_TEXT_MAX], const char *cells[COLUMNS]) {
	for (size_t i = 0; i < FIGURES; i++) {
		snprintf(text[2 * i], DECIMAL_TEXT_MAX, "%" PRId64, figure(&r->billed, i));
		snprintf(text[2 * i + 1], DECIMAL_TEXT_MAX, "%" PRId64, figure(&r->seen, i));
		cells[2 * i] = text[2 * i];
		cells[2 * i + 1] = text[2 * i + 1];
	}
	cells[2 * FIGURES] = money_of(&r->billed, NULL, text[2 * FIGURES]);
	cells[2 * FIGURES + 1] = money_of(&r->seen, NULL, text[2 * FIGURES + 1]);
	cells[2 * FIGURES + 2] = money_of(&r->billed, &r->seen, text[2 * FIGURES + 2]);
}

static void put_rows(const struct bill *t, const struct token_row *total, enum api_form form, FILE *out) {
	static const char *const headers[] = {"<model", "requests billed", "requests in the logs", "input billed", "input in the logs", "cached billed",
	                                      "cached in the logs", "output billed", "output in the logs", "list price billed",
	                                      "list price in the logs", "differ"};
	const struct api_rows rows = {form, out, headers, COLUMNS + 1};
	char text[COLUMNS][DECIMAL_TEXT_MAX];
	const char *cells[COLUMNS];

	api_rows_begin(&rows);
	for (size_t i = 0; i < t->count; i++) {
		cells_of(&t->rows[i], text, cells);
		api_rows_add(&rows, t->rows[i].model.len > 0 ? t->rows[i].model : T("(no model)"), cells);
	}
	cells_of(total, text, cells);
	api_rows_end(&rows, cells);
}

static struct api_model api_of(const struct token_row *r, int64_t out[COLUMNS]) {
	const struct side *b = &r->billed, *s = &r->seen;
	bool compared = !r->elsewhere && (b->priced || !b->any) && (s->priced || !s->any) && !__builtin_sub_overflow(b->nano, s->nano, &out[COLUMNS - 1]);

	for (size_t i = 0; i < FIGURES; i++) {
		out[2 * i] = figure(b, i);
		out[2 * i + 1] = figure(s, i);
	}
	out[COLUMNS - 3] = b->nano;
	out[COLUMNS - 2] = s->nano;
	return (struct api_model){.name = r->model, .billed_nano = b->nano, .list_nano = s->nano, .billed = b->any, .listed = s->any, .known = compared, .ties = row_ties(r), .figures = out,
	                          .unknown = (b->priced ? 0 : 1U << (COLUMNS - 3)) | (s->priced ? 0 : 1U << (COLUMNS - 2)) | (compared ? 0 : 1U << (COLUMNS - 1))};
}

static void put_page(const struct bill *t, const struct token_row *total, bool ties, FILE *out) {
	static const char *const headers[] = {"requests billed", "in logs", "input billed", "in logs", "cached billed", "in logs", "output billed", "in logs", "list price billed", "in logs",
	                                      "difference"};
	struct api_model *models = must_calloc(t->count + 1, sizeof *models);
	int64_t(*out_of)[COLUMNS] = must_calloc(t->count + 1, sizeof *out_of);

	for (size_t i = 0; i < t->count; i++) {
		models[i] = api_of(&t->rows[i], out_of[i]);
	}
	api_put_page(&(struct api_page){.path = t->path, .what = "What was billed, and what the logs have, in counts and at list price; the largest difference first.", .currency = "USD",
	                                .from_ns = t->from_ns, .to_ns = t->to_ns, .headers = headers, .columns = COLUMNS, .first_money = 2 * FIGURES, .models = models, .count = t->count,
	                                .total = api_of(total, out_of[t->count]), .ties = ties, .tolerance_nano = -1},
	             out);
	free(models);
	free(out_of);
}

static void add_side(struct side *into, const struct side *s, bool first) {
	(void)add_tokens(&into->tokens, &s->tokens);
	into->priced = (first || into->priced) && (s->priced || !s->any) && exact_add(&into->nano, s->nano);
	into->any |= s->any;
}

static void put_table(const struct bill *t, const struct token_row *total, bool ties, FILE *out) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];

	fprintf(out, "By model, %.10s to %.10s UTC: tokens billed and tokens in the logs, and their list prices in USD\n", instant_format(t->from_ns, from), instant_format(t->to_ns - 1, to));
	for (size_t i = 0; i < t->count; i++) {
		print_row(&t->rows[i], t->rows[i].model.len > 0 ? names_text(t->b->names, names_id(t->b->names, t->rows[i].model)).at : "(no model)", out);
	}
	if (t->count > 1) {
		print_row(total, "In all", out);
	}
	api_print_answer(total->billed.priced && total->seen.priced, ties, total->billed.nano, total->seen.nano, out);
}

/* Models that run elsewhere are in no sum. */
static bool put_bill(const struct bill *t, enum api_form form, FILE *out) {
	struct token_row total = {.model = T("")};
	bool ties = true, first = true;

	for (size_t i = 0; i < t->count; i++) {
		const struct token_row *r = &t->rows[i];
		ties = ties && row_ties(r);
		if (!r->elsewhere) {
			add_side(&total.billed, &r->billed, first);
			add_side(&total.seen, &r->seen, first);
			first = false;
		}
	}
	if (form == API_TABLE) {
		put_table(t, &total, ties, out);
	} else if (form == API_JSON) {
		put_json(t, &total, ties, out);
	} else if (form == API_HTML) {
		put_page(t, &total, ties, out);
	} else {
		put_rows(t, &total, form, out);
	}
	return ties;
}

static int work(struct bill *t, const struct terminal *terminal, struct fault *why) {
	int rc = read_bill(t, why);

	rc = rc < 0 ? rc
	            : ledger_entries(t->b->ledger, instant_floor(t->from_ns, NS_PER_HOUR), t->to_ns, INT64_MAX - 1, add_seen, t, why);
	if (rc >= 0 && !make_rows(t)) {
		return no_fit(why);
	}
	rc = rc < 0 ? rc : price_book(t, why);
	return rc < 0 || !t->of_vendors || !t->b->prices ? rc : price_bill(t, terminal, why);
}

int reconcile_tokens(struct book *b, const struct terminal *terminal, const char *path, const struct reconcile_settings *s, FILE *out,
                     struct fault *why) {
	struct bill t = {.b = b, .path = path, .from_ns = INT64_MAX, .to_ns = INT64_MIN};
	int rc = work(&t, terminal, why);
	bool ties = rc >= 0 && put_bill(&t, api_form_of(s->format), out);

	free(t.billed);
	free(t.seen);
	free(t.bought);
	free(t.rows);
	return rc < 0 ? rc : ties ? EXIT_TIED_OUT : EXIT_FINDINGS;
}
