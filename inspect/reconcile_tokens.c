/* Bills of API vendors: for tokens beside those in the logs, and in money beside their list price. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/decimal.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/json.h"
#include "inspect/invoices/families.h"
#include "inspect/invoices/usage_export.h"
#include "inspect/reconcile.h"

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

static int add_billed_record(void *bill, unsigned lane, const struct record *r, struct fault *why) {
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

static int add_seen(void *bill, const struct entry *e) {
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

int reconcile_tokens(struct book *b, const char *path, struct fault *why) {
	struct bill t = {.b = b, .from_ns = INT64_MAX, .to_ns = INT64_MIN};
	const struct ingest_source source = {.path = path};
	const struct ingest_options options = {.sources = &source, .source_count = 1, .threads = 1};
	int rc = usage_export_is(path) ? usage_export_read(path, add_billed_record, &t, why)
	                               : ingest_run(&options, add_billed_record, &t, &b->quality, why);

	if (rc == 0 && t.from_ns > t.to_ns) {
		rc = fault_set(why, ERROR_CONFIG, "%s: no usage in it, expected OpenAI's answers or its dashboard's export, LiteLLM's spend logs or "
		               "native windows", path);
	}
	rc = rc < 0 ? rc : ledger_entries(b->ledger, instant_floor(t.from_ns, NS_PER_HOUR), t.to_ns, INT64_MAX - 1, LEDGER_SLOTS, add_seen, &t, why);
	bool same = rc >= 0 && print_tokens(&t);
	free(t.billed);
	free(t.seen);
	return rc < 0 ? rc : same ? EXIT_TIED_OUT : EXIT_FINDINGS;
}

/* ---- what a vendor charged ---- */

struct model_cost {
	struct text model;
	int64_t billed_nano, list_nano;
	bool billed, listed;
};

struct model_costs {
	struct model_cost *at;
	size_t count;
};

/* "gpt-4o, input" is of gpt-4o. */
static struct text model_of(const char *item) {
	struct text t = text_of(item), model;

	return text_until(&t, T(", "), &model) ? model : text_of(item);
}

/* The same name, or one of them with a date or version behind. */
static bool same_model(struct text a, struct text b) {
	struct text shorter = a.len < b.len ? a : b, longer = a.len < b.len ? b : a;

	return text_eq(a, b) || (shorter.len > 0 && text_starts(longer, shorter) && strchr("-@:", longer.at[shorter.len]));
}

static struct model_cost *cost_of(struct model_costs *c, struct text model) {
	for (size_t i = 0; i < c->count; i++) {
		if (same_model(c->at[i].model, model)) {
			return &c->at[i];
		}
	}
	c->at = must_realloc(c->at, (c->count + 1) * sizeof *c->at);
	c->at[c->count] = (struct model_cost){.model = model};
	return &c->at[c->count++];
}

static bool add_billed(struct model_costs *c, const struct invoice *in, int64_t *from_ns, int64_t *to_ns, int64_t *sum) {
	bool fits = true;

	for (size_t i = 0; i < in->count; i++) {
		const struct invoice_line *l = &in->at[i];
		struct model_cost *m = cost_of(c, model_of(l->model));
		m->billed = true;
		fits = exact_add(&m->billed_nano, l->amount_nano) && exact_add(sum, l->amount_nano) && fits;
		exact_widen(from_ns, to_ns, l->from_ns, l->to_ns);
	}
	return fits;
}

/* Does the bill name a model of the book? Else its sum is compared with all of the book. */
static bool names_models(const struct model_costs *c, const struct statement *s) {
	struct statement_revenue revenue;

	for (size_t i = 0; i < statement_revenues(s); i++) {
		statement_revenue_at(s, i, &revenue);
		for (size_t k = 0; k < c->count; k++) {
			if (same_model(c->at[k].model, revenue.model)) {
				return true;
			}
		}
	}
	return false;
}

/* Models of the book that the bill does not name run elsewhere. */
static bool add_listed(struct model_costs *c, const struct statement *s, int64_t *sum) {
	struct statement_revenue revenue;
	bool named = names_models(c, s), all = true, fits = true;

	for (size_t i = 0; i < statement_revenues(s); i++) {
		statement_revenue_at(s, i, &revenue);
		if (!revenue.has_tokens) {
			continue;
		}
		struct model_cost *m = cost_of(c, revenue.model);
		bool counts = m->billed || !named;
		m->listed |= revenue.known;
		all = all && (revenue.known || !counts);
		fits = exact_add(&m->list_nano, revenue.nano) && exact_add(sum, counts ? revenue.nano : 0) && fits;
	}
	return all && fits;
}

static void print_money(FILE *out, const char *word, bool known, int64_t nano) {
	char money[DECIMAL_TEXT_MAX];
	fprintf(out, "  %s %16s", word, known ? decimal_format(nano, 9, money) : "-");
}

static void print_costs(FILE *out, const struct model_costs *c, int64_t billed, int64_t listed, const char *currency) {
	fprintf(out, "By model, in %s: what was billed, and the list price of the tokens in the book\n", currency);
	for (size_t i = 0; i < c->count; i++) {
		const struct model_cost *m = &c->at[i];
		fprintf(out, "%.*s\n", TEXT_ARG(m->model.len > 0 ? m->model : T("(no model)")));
		print_money(out, "billed", m->billed, m->billed_nano);
		print_money(out, "at list price", m->listed, m->list_nano);
		if (m->billed) {
			print_money(out, "differ", true, m->billed_nano - m->list_nano);
		}
		fputs(m->billed ? "\n" : "  not on the bill\n", out);
	}
	fputs("In all\n", out);
	print_money(out, "billed", true, billed);
	print_money(out, "at list price", true, listed);
	print_money(out, "differ", true, billed - listed);
	fputc('\n', out);
}

static void put_cost_json(FILE *out, const struct model_cost *m, const char *lead) {
	char a[DECIMAL_TEXT_MAX], name[512];

	json_escape(m->model, name, sizeof name);
	fprintf(out, "%s{\"model\":\"%s\",\"billed\":\"%s\",", lead, name, decimal_format(m->billed_nano, 9, a));
	if (m->listed) {
		fprintf(out, "\"list\":\"%s\"}", decimal_format(m->list_nano, 9, a));
	} else {
		fputs("\"list\":null}", out);
	}
}

static void put_costs_json(FILE *out, const struct model_costs *c, const struct invoice *in, int64_t billed, int64_t listed) {
	char a[DECIMAL_TEXT_MAX], b[DECIMAL_TEXT_MAX], d[DECIMAL_TEXT_MAX];

	fprintf(out, "{\"schema\":\"tollbook.reconcile.v1\",\"form\":\"%s\",\"models\":[", in->family->name);
	for (size_t i = 0; i < c->count; i++) {
		put_cost_json(out, &c->at[i], i > 0 ? "," : "");
	}
	fprintf(out, "],\"total\":{\"billed\":\"%s\",\"list\":\"%s\",\"differ\":\"%s\"}}\n", decimal_format(billed, 9, a),
	        decimal_format(listed, 9, b), decimal_format(billed - listed, 9, d));
}

int reconcile_costs(struct book *b, const struct invoice *in, const struct reconcile_settings *s, FILE *out, struct fault *why) {
	struct book_statement st = {.from_ns = INT64_MAX, .to_ns = INT64_MIN, .as_of = INT64_MAX - 1};
	struct model_costs costs = {0};
	int64_t billed = 0, listed = 0;
	char tolerance[DECIMAL_TEXT_MAX];
	bool known = true;

	if (!add_billed(&costs, in, &st.from_ns, &st.to_ns, &billed)) {
		free(costs.at);
		return fault_set(why, ERROR_RANGE, "a sum of the bill does not fit 64 bits");
	}
	int rc = book_state(b, &st, why);
	if (rc > 0) {
		known = add_listed(&costs, st.statement, &listed);
	}
	if (rc >= 0 && s->format && strcmp(s->format, "json") == 0) {
		put_costs_json(out, &costs, in, billed, listed);
	} else if (rc >= 0) {
		print_costs(out, &costs, billed, listed, in->at[0].currency[0] ? in->at[0].currency : "USD");
		fputs(known && rc > 0 ? "" : "Some tokens of the book have no list price there; give --prices FILE to "
					     "attribute or to this command\n", out);
	}
	int64_t differ = billed - listed;
	bool within = differ <= s->tolerance_nano && differ >= -s->tolerance_nano;
	if (rc >= 0 && (!s->format || strcmp(s->format, "json") != 0)) {
		fprintf(out, "%s a tolerance of %s\n", within ? "Within" : "Outside of", decimal_format(s->tolerance_nano, 2, tolerance));
	}
	book_statement_release(&st);
	free(costs.at);
	return rc < 0 ? rc : within && known ? EXIT_TIED_OUT : EXIT_FINDINGS;
}
