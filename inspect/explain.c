/* explain.c: a figure of a statement or a request, back to the lines of the logs. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "book/book.h"
#include "inspect/explain_private.h"
#include "inspect/inspect.h"
#include "core/decimal.h"
#include "core/instant.h"
#include "core/record_json.h"
#include "core/text.h"

#define SPLITS_SHOWN 2

static const char *const kind_words[ENTRY_KINDS] = {"input", "input_cached", "output", "other", "idle", "unobserved"};
static const char *const grade_words[GRADES] = {"A", "B", "C", "D", "-"};

/* ---- the question ---- */

static bool take_hour(struct text t, struct question *q) {
	char full[40];
	int64_t ns;

	if (instant_parse(t, &ns)) {
		q->from_ns = ns;
		q->to_ns = ns + (t.len == 10 ? NS_PER_DAY : NS_PER_HOUR);
		return true;
	}
	snprintf(full, sizeof full, "%.*s:00:00Z", t.len < 20 ? (int)t.len : 20, t.at);
	if (!instant_parse(text_of(full), &ns)) {
		return false;
	}
	q->from_ns = ns;
	q->to_ns = ns + NS_PER_HOUR;
	return true;
}

static int read_question(const char *id, struct question *q, struct fault *why) {
	struct text rest = text_of(id), part;
	const struct {
		const char *name;
		struct text *into;
	} keys[] = {{"model", &q->model}, {"replica", &q->replica}, {"tenant", &q->tenant}, {"kind", &q->kind}};

	q->from_ns = INT64_MIN;
	q->to_ns = INT64_MAX;
	if (text_find_byte(rest, '=') == SIZE_MAX) {
		q->id = rest;
		return 0;
	}
	while (rest.len > 0) {
		size_t comma = text_find_byte(rest, ',');
		part = text_trim(text_cut(rest, 0, comma == SIZE_MAX ? rest.len : comma));
		rest = comma == SIZE_MAX ? T("") : text_cut(rest, comma + 1, rest.len);
		struct text name;
		bool known = text_until(&part, T("="), &name);
		if (known && (text_eq(name, T("hour")) || text_eq(name, T("day")))) {
			known = take_hour(part, q);
		} else {
			bool found = false;
			for (size_t i = 0; known && i < sizeof keys / sizeof *keys; i++) {
				if (text_eq(name, text_of(keys[i].name))) {
					*keys[i].into = part;
					found = true;
				}
			}
			known = found;
		}
		if (!known) {
			return fault_option(why, FAULT_OPERAND, "not a figure, expected a request id, or keys like model=m,kind=output,hour=2026-11-25T13");
		}
	}
	return 0;
}

/* A tenant given by name is in the book under its alias. */
static int find_alias(const struct book_settings *set, const struct terminal *t, struct work *w, struct fault *why) {
	struct tenant_key *key;
	int status = settings_tenant_key(set, t, &key, why);
	if (status == 0 && key) {
		w->q.tenant = tenant_alias(key, w->q.tenant, w->alias);
		tenant_key_free(key);
	}
	return status;
}

static bool matches(struct work *w, struct text want, name_id id) {
	return want.len == 0 || text_eq(want, names_text(w->b->names, id));
}

/* ---- entries ---- */

static int add_entry(void *work, const struct entry *e) {
	struct work *w = work;

	if (!matches(w, w->q.model, e->model) || !matches(w, w->q.replica, e->replica) || !matches(w, w->q.tenant, e->tenant) ||
	    (w->q.kind.len > 0 && !text_eq(w->q.kind, text_of(kind_words[e->kind])))) {
		return 0;
	}
	w->found = must_realloc(w->found, (size_t)(w->entries + 1) * sizeof *w->found);
	w->found[w->entries++] = *e;
	w->gpu_ns += e->gpu_ns;
	w->tokens += e->tokens;
	w->requests += e->requests;
	w->rate_unknown |= e->rate_nano < 0 && e->gpu_ns != 0;
	w->money += e->rate_nano > 0 ? (int128)e->gpu_ns * e->rate_nano : 0;
	return 0;
}

static const char *name_or_dash(struct work *w, name_id id) {
	return id ? names_text(w->b->names, id).at : "-";
}

static void print_entry(struct work *w, const struct entry *e) {
	char slot[INSTANT_TEXT_MAX], rate[DECIMAL_TEXT_MAX];

	printf("  %s  %s, %s, tenant %s, %s, grade %s: %" PRId64 " GPU-ns at %s an hour, %" PRId64 " token%s", instant_format(e->slot_ns, slot),
	       name_or_dash(w, e->replica), name_or_dash(w, e->model), name_or_dash(w, e->tenant), kind_words[e->kind],
	       grade_words[e->grade], e->gpu_ns, e->rate_nano < 0 ? "no known rate" : decimal_format(e->rate_nano, 9, rate), e->tokens, PLURAL(e->tokens));
	if (e->service != SERVICE_STANDARD) {
		printf(", %.*s service", TEXT_ARG(service_names[e->service]));
	}
	if (e->prompt_over_ntok > 0) {
		printf(", prompts over %" PRId64, e->prompt_over_ntok);
	}
	if (e->spread_ns > 0) {
		printf(", split known to +-%" PRId64 " ns", e->spread_ns);
	}
	putchar('\n');
}

static void print_arithmetic(struct work *w) {
	char money[DECIMAL_TEXT_MAX];
	int64_t cost = (int64_t)exact_div(w->money, NS_PER_HOUR);

	printf("\nArithmetic\n");
	printf("  GPU time   %" PRId64 " ns / 3,600,000,000,000 = %.9f GPU-hours\n", w->gpu_ns, (double)w->gpu_ns / (double)NS_PER_HOUR);
	if (w->rate_unknown) {
		printf("  cost       a part has no known rate: add a pool to the fleet file\n");
		return;
	}
	printf("  cost       sum over entries of GPU-ns x rate / 3.6e12 = %s (a statement shares out each replica's rounding: it may\n"
	       "             differ by one unit of the ninth decimal per entry)\n", decimal_format(cost, 9, money));
	if (w->tokens > 0) {
		int64_t unit = (int64_t)exact_div((int128)cost * 1000000, w->tokens);
		printf("  per token  %s / %" PRId64 " tokens x 1,000,000 = ", money, w->tokens);
		printf("%s per million (busy)\n", decimal_format(unit, 9, money));
	}
}

/* ---- records ---- */

void explain_place(struct work *w, const struct record *r) {
	struct ledger_source s;

	if (ledger_source_get(w->b->ledger, r->file, &s, w->why) > 0) {
		printf("  %s:%" PRId64, s.path, r->line);
	} else {
		printf("  source %u:%" PRId64, r->file, r->line);
	}
}

void explain_record(struct work *w, const struct record *r) {
	char *line = must_alloc(RECORD_JSON_MAX);

	explain_place(w, r);
	record_json(r, line);
	printf("  %s\n", line);
	free(line);
}

static bool in_question(struct work *w, const struct record *r) {
	int64_t at = record_instant(r);
	bool phase = true;

	if (r->kind == RECORD_POWER || at == UNKNOWN || at >= w->q.to_ns || at < w->q.from_ns ||
	    (w->q.replica.len > 0 && !text_eq(w->q.replica, r->replica)) ||
	    (w->q.model.len > 0 && r->model.len > 0 && !text_eq(w->q.model, r->model))) {
		return false;
	}
	if (r->kind == RECORD_REQUEST && w->q.tenant.len > 0) {
		return text_eq(w->q.tenant, r->request.tenant);
	}
	if (r->kind == RECORD_STEP && w->q.kind.len > 0) {
		phase = text_eq(w->q.kind, T("output")) ? r->step.decode_requests > 0 : r->step.prefill_tokens > 0;
	}
	return phase;
}

void explain_counted(struct work *w, const struct record *r) {
	w->records++;
	if (w->lines_left > 0) {
		w->lines_left--;
		explain_record(w, r);
		w->splits_left -= w->splits_left > 0 && kept_fits_split(w->fits, r, w->rule);
	}
}

static int show_record(void *work, const struct record *r, struct fault *why) {
	struct work *w = work;

	(void)why;
	if (in_question(w, r)) {
		explain_counted(w, r);
	}
	return 0;
}

static int show_segment(void *work, const struct ledger_segment *s) {
	struct work *w = work;

	if (s->gone_run || (w->q.replica.len > 0 && !text_eq(w->q.replica, names_text(w->b->names, s->replica)))) {
		return 0;
	}
	return ledger_records(w->b->ledger, s, show_record, w, w->why);
}

int explain_gone(struct work *w, int64_t from_ns, int64_t to_ns, struct fault *why) {
	int64_t gone, since_ns;
	char since[INSTANT_TEXT_MAX];
	int rc = ledger_gone(w->b->ledger, from_ns, to_ns, &gone, &since_ns, why);

	if (rc > 0) {
		printf("  Retention has removed the records of %" PRId64 " replica-days since %.10s; their entries "
		       "are kept\n", gone,
		       instant_format(since_ns, since));
	}
	return rc;
}

static int find_rule(void *work, const struct ledger_run *r) {
	struct work *w = work;

	if (r->rule[0]) {
		snprintf(w->rule, sizeof w->rule, "%s", r->rule);
	}
	return 0;
}

int explain_fits(struct work *w, int64_t from_ns, int64_t to_ns, struct fault *why) {
	int rc = ledger_runs(w->b->ledger, find_rule, w, why);

	kept_fits_free(w->fits);
	w->fits = NULL;
	rc = rc < 0 ? rc : kept_fits_read(&w->fits, w->b->ledger, from_ns, to_ns, why);
	if (rc < 0) {
		return rc;
	}
	printf("\nStep models used (attribute/METHOD.md; schemas/fit.schema.json)\n");
	if (kept_fits_print(w->fits, w->q.model, (size_t)w->lines_left) == 0) {
		printf("  none: nothing had to be split, or it was attributed by a version that did not store them\n");
	}
	w->splits_left = w->lines_left > LINES_SHOWN ? w->lines_left : SPLITS_SHOWN;
	return 0;
}

/* Logs of shards are not in the book. */
static int show_records(struct work *w, struct fault *why) {
	int64_t plans = 0;
	int rc = ledger_evidence_plans(w->b->ledger, &plans, why);

	if (rc < 0 || plans > 0) {
		printf("%s", rc < 0 ? "" : "\nIts records are in the plan folders of 'tollbook shard', not in this "
					   "book.\n");
		return rc;
	}
	rc = explain_fits(w, w->q.from_ns, w->q.to_ns, why);
	if (rc < 0) {
		return rc;
	}
	printf("\nIts records\n");
	rc = ledger_segments(w->b->ledger, w->q.from_ns, w->q.to_ns, show_segment, w, why);
	if (rc >= 0) {
		printf("  %" PRId64 " record%s in all; --lines N shows more\n", w->records, PLURAL(w->records));
		rc = explain_gone(w, w->q.from_ns, w->q.to_ns, why);
	}
	return rc < 0 ? rc : 0;
}

static int explain_figure(struct work *w, struct fault *why) {
	int rc = ledger_entries(w->b->ledger, w->q.from_ns, w->q.to_ns, INT64_MAX - 1, add_entry, w, why);

	if (rc < 0) {
		return rc;
	}
	int named = w->q.replica.len > 0 ? explain_names(w, why) : 0;
	if (named < 0 || (named > 0 && w->entries == 0)) {
		return named < 0 ? named : 0;
	}
	if (w->entries == 0) {
		return fault_option(why, FAULT_OPERAND, "the book has no entry of this; see the keys of: tollbook report --by hour,model,replica,tenant");
	}
	printf("%sEntries: %" PRId64 ", together %" PRId64 " GPU-ns, %" PRId64 " token%s, %" PRId64 " request%s\n", named ? "\n" : "", w->entries, w->gpu_ns,
	       w->tokens, PLURAL(w->tokens), w->requests, PLURAL(w->requests));
	for (int64_t i = 0; i < w->entries && i < 4 * w->lines_left; i++) {
		print_entry(w, &w->found[i]);
	}
	print_arithmetic(w);
	return show_records(w, why);
}

int explain_in_book(const struct book_settings *set, const struct terminal *t, const struct explain_settings *asked,
                    struct fault *why) {
	struct book b;
	struct work w = {.why = why, .lines_left = asked->lines > 0 ? asked->lines : LINES_SHOWN, .lines_asked = asked->lines > 0};
	int status = read_question(asked->id, &w.q, why);

	status = status ? status : find_alias(set, t, &w, why);
	status = status ? status : book_open(&b, set, t, LEDGER_READ, set->fleet || set->gpu_hour_nano >= 0, why);
	if (status != 0) {
		return status;
	}
	w.b = &b;
	int is_replica = w.q.id.len > 0 ? explain_is_replica(&w, w.q.id) : 0;
	if (is_replica > 0) {
		w.q.replica = w.q.id;
		w.q.id = T("");
	}
	status = is_replica < 0 ? is_replica : w.q.id.len > 0 ? explain_request(&w, why) : explain_figure(&w, why);
	free(w.found);
	kept_fits_free(w.fits);
	book_close(&b);
	return status;
}
