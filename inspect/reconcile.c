/* reconcile.c: ties the book to an invoice, or a bill for tokens to what the logs saw. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/book.h"
#include "inspect/invoices/invoice.h"
#include "inspect/inspect.h"
#include "inspect/invoices/usage_export.h"
#include "core/decimal.h"
#include "core/exact.h"
#include "core/instant.h"

/* Half a cent a line: what invoices round to. */
#define ROUNDING_NANO (NANO / 200)

/* Why an invoice and the book differ; the classes of one line sum to its difference exactly. */
enum class { CUTOFF, NOT_IN_LOGS, NOT_INVOICED, NO_POOL, RATE, CURRENCY_CLASS, ROUNDING, CLASSES };
static const char *const class_words[CLASSES] = {
	"period cut-off", "hours not seen in logs", "hours seen, not invoiced", "not in the book at all",
	"rate", "currency", "rounding",
};

/* What the book has of a pool in a period. */
struct booked {
	struct book *b;
	const struct invoice_line *line;
	int64_t gpu_ns, observed_ns;
	int128 money; /* GPU-ns times nano per hour */
	int64_t edge_ns; /* in the hours next to the period */
	bool any;
};

static int add_entry(void *booked, const struct entry *e) {
	struct booked *k = booked;

	if (k->line->pool[0] && !text_eq(names_text(k->b->names, e->pool), text_of(k->line->pool))) {
		return 0;
	}
	if (e->slot_ns < k->line->from_ns || e->slot_ns >= k->line->to_ns) {
		k->edge_ns += e->gpu_ns;
		return 0;
	}
	k->any = true;
	k->gpu_ns += e->gpu_ns;
	k->observed_ns += e->kind == ENTRY_UNOBSERVED ? 0 : e->gpu_ns;
	k->money += e->rate_nano > 0 ? (int128)e->gpu_ns * e->rate_nano : 0;
	return 0;
}

/* What the invoice has more in hours: next to the period first, then those that no log knows. */
static void classify_hours(const struct booked *k, int64_t *invoiced, int64_t *booked, int64_t out[CLASSES]) {
	const struct invoice_line *l = k->line;
	int64_t more = l->gpu_ns - k->gpu_ns;

	if (l->gpu_ns < 0 || l->gpu_ns == 0) {
		return;
	}
	if (more > 0) {
		int64_t edge = more < k->edge_ns ? more : k->edge_ns, over = 0;
		(void)exact_mul_div(l->amount_nano, more, l->gpu_ns, &over);
		(void)exact_mul_div(over, edge, more, &out[CUTOFF]);
		out[NOT_IN_LOGS] = over - out[CUTOFF];
		*invoiced -= over;
	} else if (more < 0 && k->gpu_ns > 0) {
		int64_t missing = 0;
		(void)exact_mul_div(*booked, -more, k->gpu_ns, &missing);
		out[NOT_INVOICED] = -missing;
		*booked -= missing;
	}
}

static void classify(const struct booked *k, const char *currency, int64_t cost, int64_t out[CLASSES]) {
	const struct invoice_line *l = k->line;
	int64_t invoiced = l->amount_nano, booked = cost;

	memset(out, 0, CLASSES * sizeof *out);
	if (l->currency[0] && currency[0] && strcmp(l->currency, currency) != 0) {
		out[CURRENCY_CLASS] = invoiced - booked;
		return;
	}
	if (!k->any) {
		out[NO_POOL] = invoiced;
		return;
	}
	classify_hours(k, &invoiced, &booked, out);
	int64_t rest = invoiced - booked;
	out[rest <= ROUNDING_NANO && rest >= -ROUNDING_NANO ? ROUNDING : RATE] = rest;
}

static void print_line(const struct booked *k, int64_t cost, const int64_t classes[CLASSES]) {
	const struct invoice_line *l = k->line;
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX], a[DECIMAL_TEXT_MAX], b[DECIMAL_TEXT_MAX], c[DECIMAL_TEXT_MAX];

	printf("%s to %s, %s\n", instant_format(l->from_ns, from), instant_format(l->to_ns, to), l->pool[0] ? l->pool : "all pools");
	printf("  invoice %16s", decimal_format(l->amount_nano, 9, a));
	if (l->gpu_ns >= 0) {
		printf("  %14.3f GPU-hours", (double)l->gpu_ns / (double)NS_PER_HOUR);
	}
	printf("\n  book    %16s  %14.3f GPU-hours, of which %.3f are in no log\n", decimal_format(cost, 9, b),
	       (double)k->gpu_ns / (double)NS_PER_HOUR, (double)(k->gpu_ns - k->observed_ns) / (double)NS_PER_HOUR);
	printf("  differ  %16s\n", decimal_format(l->amount_nano - cost, 9, c));
	for (int i = 0; i < CLASSES; i++) {
		if (classes[i] != 0) {
			printf("    %-26s %16s\n", class_words[i], decimal_format(classes[i], 9, c));
		}
	}
}

static int64_t widened(int64_t ns, int64_t by) {
	int64_t out;

	return __builtin_add_overflow(ns, by, &out) ? ns : out;
}

/* ---- what no line of the invoice speaks of ---- */

static int by_pool_and_time(const void *a, const void *b) {
	const struct invoice_line *x = a, *y = b;
	int order = strcmp(x->pool, y->pool);

	order = order != 0 ? order : exact_order(x->from_ns, y->from_ns);
	order = order != 0 ? order : exact_order(x->to_ns, y->to_ns);
	return order != 0 ? order : strcmp(x->currency, y->currency);
}

/* Lines of one pool and time are one: fees and credits stand beside the hours that they are for. */
static void merge_lines(struct invoice *in) {
	size_t kept = 0;

	qsort(in->at, in->count, sizeof *in->at, by_pool_and_time);
	for (size_t i = 1; i < in->count; i++) {
		struct invoice_line *to = &in->at[kept], *l = &in->at[i];
		if (by_pool_and_time(to, l) != 0 || __builtin_add_overflow(to->amount_nano, l->amount_nano, &to->amount_nano)) {
			in->at[++kept] = *l;
			continue;
		}
		to->gpu_ns = to->gpu_ns < 0 ? l->gpu_ns : l->gpu_ns < 0 ? to->gpu_ns : to->gpu_ns + l->gpu_ns;
		free(l->pool);
		free(l->currency);
	}
	in->count = kept + 1;
}

/* By line, in that order: up to where it and those before it of its pool reach. */
static int64_t *reaches_of(const struct terminal *t, const struct invoice *in) {
	int64_t *reach = must_alloc(in->count * sizeof *reach);

	for (size_t i = 0; i < in->count; i++) {
		bool follows = i > 0 && strcmp(in->at[i - 1].pool, in->at[i].pool) == 0;
		if (follows && in->at[i].from_ns < reach[i - 1]) {
			terminal_warning(t, "lines %d and another of pool %s overlap in time: what the book has there counts for both", in->at[i].line,
			            in->at[i].pool[0] ? in->at[i].pool : "(all)");
		}
		reach[i] = follows && reach[i - 1] > in->at[i].to_ns ? reach[i - 1] : in->at[i].to_ns;
	}
	return reach;
}

struct rest_pool {
	name_id pool;
	int64_t gpu_ns;
	int128 money;
};

struct rest {
	struct book *b;
	const struct invoice *in;
	const int64_t *reach;
	struct rest_pool *at;
	size_t count;
};

/* Does a line of this pool hold the instant? */
static bool covers(const struct rest *r, struct text pool, int64_t at_ns) {
	size_t from = 0, to = r->in->count;

	while (from < to) { /* the first line behind the pool's lines that begin at or before the instant */
		size_t middle = (from + to) / 2;
		int order = text_compare(text_of(r->in->at[middle].pool), pool);
		if (order < 0 || (order == 0 && r->in->at[middle].from_ns <= at_ns)) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	return from > 0 && text_eq(text_of(r->in->at[from - 1].pool), pool) && r->reach[from - 1] > at_ns;
}

static int add_rest(void *rest, const struct entry *e) {
	struct rest *r = rest;
	size_t i = 0;

	if (e->gpu_ns == 0 || covers(r, T(""), e->slot_ns) || covers(r, names_text(r->b->names, e->pool), e->slot_ns)) {
		return 0;
	}
	while (i < r->count && r->at[i].pool != e->pool) {
		i++;
	}
	if (i == r->count) {
		r->at = must_realloc(r->at, (r->count + 1) * sizeof *r->at);
		r->at[r->count++] = (struct rest_pool){.pool = e->pool};
	}
	r->at[i].gpu_ns += e->gpu_ns;
	r->at[i].money += e->rate_nano > 0 ? (int128)e->gpu_ns * e->rate_nano : 0;
	return 0;
}

/* Within the time that the invoice speaks of, the hours of pools that no line of it does. */
static int reconcile_rest(struct book *b, const struct invoice *in, int64_t sums[CLASSES], int64_t *booked, struct fault *why) {
	struct rest rest = {.b = b, .in = in};
	int64_t from_ns = INT64_MAX, to_ns = INT64_MIN;
	int64_t *reach = reaches_of(b->terminal, in);
	char money[DECIMAL_TEXT_MAX];

	for (size_t i = 0; i < in->count; i++) {
		from_ns = in->at[i].from_ns < from_ns ? in->at[i].from_ns : from_ns;
		to_ns = in->at[i].to_ns > to_ns ? in->at[i].to_ns : to_ns;
	}
	rest.reach = reach;
	int rc = ledger_entries(b->ledger, from_ns, to_ns, INT64_MAX - 1, LEDGER_SLOTS, add_rest, &rest, why);
	for (size_t i = 0; i < rest.count && rc >= 0; i++) {
		const struct rest_pool *p = &rest.at[i];
		int64_t cost = (int64_t)exact_div(p->money, NS_PER_HOUR);
		printf("On no line of the invoice, %s\n  book    %16s  %14.3f GPU-hours\n", p->pool ? names_text(b->names, p->pool).at : "(no pool)",
		       decimal_format(cost, 9, money), (double)p->gpu_ns / (double)NS_PER_HOUR);
		sums[NOT_INVOICED] -= cost;
		*booked += cost;
	}
	free(reach);
	free(rest.at);
	return rc;
}

static int reconcile_invoice(struct book *b, struct invoice *in, const char *currency, const struct reconcile_settings *s,
                             struct fault *why) {
	int64_t sums[CLASSES] = {0}, classes[CLASSES], invoiced = 0, booked = 0;
	int64_t cutoff = s->cutoff_hours * NS_PER_HOUR;
	char a[DECIMAL_TEXT_MAX];

	merge_lines(in);
	for (size_t i = 0; i < in->count; i++) {
		struct booked k = {.b = b, .line = &in->at[i]};
		int rc = ledger_entries(b->ledger, widened(k.line->from_ns, -cutoff), widened(k.line->to_ns, cutoff), INT64_MAX - 1,
		                        LEDGER_SLOTS, add_entry, &k, why);
		if (rc < 0) {
			return rc;
		}
		int64_t cost = (int64_t)exact_div(k.money, NS_PER_HOUR);
		classify(&k, currency, cost, classes);
		print_line(&k, cost, classes);
		for (int c = 0; c < CLASSES; c++) {
			sums[c] += classes[c];
		}
		invoiced += k.line->amount_nano;
		booked += cost;
	}
	int rest = reconcile_rest(b, in, sums, &booked, why);
	if (rest < 0) {
		return rest;
	}
	printf("In all\n  invoice %16s\n", decimal_format(invoiced, 9, a));
	printf("  book    %16s\n", decimal_format(booked, 9, a));
	int64_t sum = 0;
	for (int c = 0; c < CLASSES; c++) {
		printf("    %-26s %16s\n", class_words[c], decimal_format(sums[c], 9, a));
		sum += sums[c];
	}
	printf("  differ  %16s\n", decimal_format(sum, 9, a));
	if (sum != invoiced - booked) {
		return fault_set(why, ERROR_RANGE, "the classes do not sum to the difference");
	}
	bool within = true;
	for (int c = 0; c < CLASSES; c++) {
		within = within && sums[c] <= s->tolerance_nano && sums[c] >= -s->tolerance_nano;
	}
	printf("%s a tolerance of %s a class\n", within ? "Within" : "Outside of", decimal_format(s->tolerance_nano, 2, a));
	return within ? EXIT_TIED_OUT : EXIT_FINDINGS;
}

/* ---- a bill for tokens ---- */

struct tokens {
	int64_t input, cached, output, requests;
};

struct bill {
	struct book *b;
	struct tokens *billed, *seen; /* by name_id of the model */
	size_t room;
	int64_t from_ns, to_ns;
};

static void make_room(struct bill *t, name_id id) {
	if (id >= t->room) {
		size_t room = (size_t)id * 2 + 64;
		t->billed = must_realloc(t->billed, room * sizeof *t->billed);
		t->seen = must_realloc(t->seen, room * sizeof *t->seen);
		memset(t->billed + t->room, 0, (room - t->room) * sizeof *t->billed);
		memset(t->seen + t->room, 0, (room - t->room) * sizeof *t->seen);
		t->room = room;
	}
}

static int take_billed(void *bill, unsigned lane, const struct record *r, struct fault *why) {
	struct bill *t = bill;
	name_id model = names_id(t->b->names, r->model);
	int64_t from = r->kind == RECORD_WINDOW ? r->window.start_ns : r->request.finish_ns;
	int64_t to = r->kind == RECORD_WINDOW ? r->window.end_ns : from + 1;

	(void)lane;
	(void)why;
	if (r->kind != RECORD_WINDOW && r->kind != RECORD_REQUEST) {
		return 0;
	}
	make_room(t, model);
	struct tokens *k = &t->billed[model];
	if (r->kind == RECORD_WINDOW) {
		k->input += r->window.input_tokens;
		k->cached += r->window.cached_tokens;
		k->output += r->window.output_tokens;
		k->requests += r->window.requests != UNKNOWN ? r->window.requests : 0;
	} else {
		k->input += r->request.prompt_tokens;
		k->cached += r->request.cached_tokens;
		k->output += r->request.completion_tokens;
		k->requests++;
	}
	if (from != UNKNOWN) {
		t->from_ns = from < t->from_ns ? from : t->from_ns;
		t->to_ns = to > t->to_ns ? to : t->to_ns;
	}
	return 0;
}

static int take_seen(void *bill, const struct entry *e) {
	struct bill *t = bill;

	make_room(t, e->model);
	struct tokens *k = &t->seen[e->model];
	k->input += e->kind == ENTRY_INPUT || e->kind == ENTRY_INPUT_CACHED ? e->tokens : 0;
	k->cached += e->kind == ENTRY_INPUT_CACHED ? e->tokens : 0;
	k->output += e->kind == ENTRY_OUTPUT ? e->tokens : 0;
	k->requests += e->kind == ENTRY_INPUT ? e->requests : 0;
	return 0;
}

static bool print_tokens(struct bill *t) {
	static const struct {
		const char *word;
		size_t at;
	} rows[] = {{"requests", offsetof(struct tokens, requests)}, {"input tokens", offsetof(struct tokens, input)},
	            {"of which cached", offsetof(struct tokens, cached)}, {"output tokens", offsetof(struct tokens, output)}};
	bool same = true;

	for (name_id m = 0; m < t->room; m++) {
		const struct tokens *x = &t->billed[m], *y = &t->seen[m];
		const struct tokens none = {0};
		if (memcmp(x, &none, sizeof none) == 0 && memcmp(y, &none, sizeof none) == 0) {
			continue;
		}
		printf("%s\n", m ? names_text(t->b->names, m).at : "(no model)");
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			int64_t a = *(const int64_t *)(const void *)((const char *)x + rows[i].at);
			int64_t b = *(const int64_t *)(const void *)((const char *)y + rows[i].at);
			printf("  %-16s billed %16" PRId64 "  in the logs %16" PRId64 "  differ %16" PRId64 "\n", rows[i].word, a, b, a - b);
			same = same && a == b;
		}
	}
	return same;
}

static int reconcile_tokens(struct book *b, const char *path, struct fault *why) {
	struct bill t = {.b = b, .from_ns = INT64_MAX, .to_ns = INT64_MIN};
	const struct ingest_source source = {.path = path};
	const struct ingest_options options = {.sources = &source, .source_count = 1, .threads = 1};
	int rc = usage_export_is(path) ? usage_export_read(path, take_billed, &t, why)
	                               : ingest_run(&options, take_billed, &t, &b->quality, why);

	if (rc == 0 && t.from_ns > t.to_ns) {
		rc = fault_set(why, ERROR_CONFIG, "%s: no usage in it, expected OpenAI's answers or its dashboard's export, LiteLLM's spend logs or "
		               "native windows", path);
	}
	rc = rc < 0 ? rc : ledger_entries(b->ledger, instant_floor(t.from_ns, NS_PER_HOUR), t.to_ns, INT64_MAX - 1, LEDGER_SLOTS, take_seen, &t, why);
	bool same = rc >= 0 && print_tokens(&t);
	free(t.billed);
	free(t.seen);
	return rc < 0 ? rc : same ? EXIT_TIED_OUT : EXIT_FINDINGS;
}

static int work(struct book *b, const struct reconcile_settings *s, struct fault *why) {
	struct ledger_run last;
	struct invoice in;
	char currency[32] = "";

	if (s->tokens) {
		return reconcile_tokens(b, s->tokens, why);
	}
	int rc = invoice_read(&in, s->invoice, s->pool_column, why);
	if (rc < 0) {
		return rc;
	}
	for (int64_t id = INT64_MAX; rc >= 0 && !currency[0] && id > 0; id = last.id - 1) {
		rc = id == INT64_MAX ? ledger_run_last(b->ledger, NULL, &last, why) : ledger_run_get(b->ledger, id, &last, why);
		if (rc <= 0) {
			break;
		}
		snprintf(currency, sizeof currency, "%s", last.currency);
	}
	rc = rc < 0 ? rc : reconcile_invoice(b, &in, currency, s, why);
	invoice_release(&in);
	return rc;
}

int reconcile_book(const struct book_settings *set, const struct terminal *t, const struct reconcile_settings *asked,
                   struct fault *why) {
	struct book b;
	int status = book_open(&b, set, t, LEDGER_READ, false, why);

	if (status != 0) {
		return status;
	}
	status = work(&b, asked, why);
	book_close(&b);
	return status;
}
