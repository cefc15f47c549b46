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
static int find_alias(const struct book_settings *set, const struct terminal *t, struct trace *trace, struct fault *why) {
	struct tenant_key *key;
	int status = settings_tenant_key(set, t, &key, why);
	if (status == 0 && key) {
		trace->q.tenant = tenant_alias(key, trace->q.tenant, trace->alias);
		tenant_key_free(key);
	}
	return status;
}

static bool matches(struct trace *trace, struct text want, name_id id) {
	return want.len == 0 || text_eq(want, names_text(trace->b->names, id));
}

/* ---- entries ---- */

static int add_entry(void *work, const struct entry *e) {
	struct trace *trace = work;

	if (!matches(trace, trace->q.model, e->model) || !matches(trace, trace->q.replica, e->replica) ||
	    !matches(trace, trace->q.tenant, e->tenant) ||
	    (trace->q.kind.len > 0 && !text_eq(trace->q.kind, text_of(kind_words[e->kind])))) {
		return 0;
	}
	trace->found = must_realloc(trace->found, (size_t)(trace->entries + 1) * sizeof *trace->found);
	trace->found[trace->entries++] = *e;
	trace->gpu_ns += e->gpu_ns;
	trace->tokens += e->tokens;
	trace->requests += e->requests;
	trace->rate_unknown |= e->rate_nano < 0 && e->gpu_ns != 0;
	trace->money += e->rate_nano > 0 ? (int128)e->gpu_ns * e->rate_nano : 0;
	return 0;
}

static void print_name(struct trace *trace, const char *lead, name_id id) {
	fputs(lead, stdout);
	printable_put(stdout, id ? names_text(trace->b->names, id) : T("-"));
}

static void print_entry(struct trace *trace, const struct entry *e) {
	char slot[INSTANT_TEXT_MAX], rate[DECIMAL_TEXT_MAX];

	printf("  %s", instant_format(e->slot_ns, slot));
	print_name(trace, "  ", e->replica);
	print_name(trace, ", ", e->model);
	print_name(trace, ", tenant ", e->tenant);
	printf(", %s, grade %s: %" PRId64 " GPU-ns at %s an hour, %" PRId64 " token%s", kind_words[e->kind], grade_words[e->grade], e->gpu_ns, e->rate_nano < 0 ? "no known rate" : decimal_exact(e->rate_nano, 2, rate), e->tokens, PLURAL(e->tokens));
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

static void print_arithmetic(struct trace *trace) {
	char money[DECIMAL_TEXT_MAX];
	int64_t cost = (int64_t)exact_div(trace->money, NS_PER_HOUR);

	printf("\nArithmetic\n");
	printf("  GPU time   %" PRId64 " ns / 3,600,000,000,000 = %.9f GPU-hours\n", trace->gpu_ns, (double)trace->gpu_ns / (double)NS_PER_HOUR);
	if (trace->rate_unknown) {
		printf("  cost       a part has no known rate: add a pool to the fleet file\n");
		return;
	}
	printf("  cost       sum over entries of GPU-ns x rate / 3.6e12 = %s (a statement shares out each replica's rounding: it may\n"
	       "             differ by one unit of the ninth decimal per entry)\n", decimal_format(cost, 9, money));
	if (trace->tokens > 0) {
		int64_t unit = (int64_t)exact_div((int128)cost * 1000000, trace->tokens);
		printf("  per token  %s / %" PRId64 " tokens x 1,000,000 = ", money, trace->tokens);
		printf("%s per million (busy)\n", decimal_format(unit, 9, money));
	}
}

/* ---- records ---- */

void explain_place(struct trace *trace, const struct record *r) {
	struct ledger_source s;

	if (ledger_source_get(trace->b->ledger, r->file, &s, trace->why) > 0) {
		fputs("  ", stdout);
		printable_put(stdout, text_of(s.path));
		printf(":%" PRId64, r->line);
	} else {
		printf("  source %u:%" PRId64, r->file, r->line);
	}
}

void explain_record(struct trace *trace, const struct record *r) {
	char *line = must_alloc(RECORD_JSON_MAX);

	explain_place(trace, r);
	record_json(r, line);
	printf("  %s\n", line);
	free(line);
}

static bool in_question(struct trace *trace, const struct record *r) {
	int64_t at = record_instant(r);
	bool phase = true;

	if (r->kind == RECORD_POWER || at == UNKNOWN || at >= trace->q.to_ns || at < trace->q.from_ns ||
	    (trace->q.replica.len > 0 && !text_eq(trace->q.replica, r->replica)) ||
	    (trace->q.model.len > 0 && r->model.len > 0 && !text_eq(trace->q.model, r->model))) {
		return false;
	}
	if (r->kind == RECORD_REQUEST && trace->q.tenant.len > 0) {
		return text_eq(trace->q.tenant, r->request.tenant);
	}
	if (r->kind == RECORD_STEP && trace->q.kind.len > 0) {
		phase = text_eq(trace->q.kind, T("output")) ? r->step.decode_requests > 0 : r->step.prefill_tokens > 0;
	}
	return phase;
}

static int keep_segment(void *asked, const struct ledger_segment *s) {
	struct trace *trace = asked;

	trace->segments = must_grow(trace->segments, trace->segment_count, &trace->segment_room, sizeof *trace->segments, 8);
	trace->segments[trace->segment_count++] = *s;
	return 0;
}

int explain_segments(struct trace *trace, int64_t from_ns, int64_t to_ns, ledger_segment_sink *sink) {
	int rc = ledger_segments(trace->b->ledger, from_ns, to_ns, keep_segment, trace, trace->why);

	for (size_t i = 0; i < trace->segment_count && rc >= 0; i++) {
		rc = sink(trace, &trace->segments[i]);
	}
	free(trace->segments);
	trace->segments = NULL;
	trace->segment_count = trace->segment_room = 0;
	return rc;
}

/* The steps of other ranks that are one with a rank's. */
struct rank_steps {
	struct trace *trace;
	name_id replica, model;
	int64_t start_ns, tolerance_ns, gpus, count;
	struct rank_others others;
	bool unknown; /* a batch among them has contexts that are not logged */
};

static int add_rank_step(void *steps, const struct record *r, struct fault *why) {
	struct rank_steps *k = steps;
	const struct step *s = &r->step;
	int64_t off;

	(void)why;
	if (r->kind != RECORD_STEP || __builtin_sub_overflow(s->start_ns, k->start_ns, &off) || off > k->tolerance_ns || off < -k->tolerance_ns ||
	    names_id(k->trace->b->names, r->model) != k->model || fleet_gpus_of(k->trace->b->fleet, k->trace->b->names, r->replica, r->model) != k->gpus) {
		return 0;
	}
	k->count++;
	k->unknown |= s->decode_kv_tokens == UNKNOWN || s->prefill_token_kv == UNKNOWN;
	const struct rank_batch batch = {s->prefill_tokens, s->decode_tokens, s->prefill_token_kv,
	                                 s->prefill_kv_tokens == UNKNOWN ? 0 : s->prefill_kv_tokens, s->decode_kv_tokens};
	rank_others_add(&k->others, &batch);
	return 0;
}

static int rank_steps_of(struct rank_steps *k, const struct ledger_segment *s) {
	return s->replica == k->replica || s->gone_run ? 0 : ledger_records(k->trace->b->ledger, s, add_rank_step, k, k->trace->why);
}

/* The others in a step of an engine; false: they are not clear. */
static bool find_others(struct trace *trace, const struct record *r, int64_t gpus, struct rank_others *others) {
	struct rank_steps k = {.trace = trace, .replica = names_id(trace->b->names, r->replica), .model = names_id(trace->b->names, r->model),
	                       .start_ns = r->step.start_ns, .tolerance_ns = ranks_tolerance_ns(r->step.gpu_ns), .gpus = gpus};
	int64_t ranks = kept_fits_ranks(trace->fits, r, gpus, &k.others.rule);
	bool kept = k.others.rule.pairs > 0;
	int rc = 0;

	for (size_t i = 0; i < trace->segment_count && ranks > 1 && kept && rc >= 0; i++) {
		rc = rank_steps_of(&k, &trace->segments[i]);
	}
	*others = k.others;
	return rc >= 0 && kept && k.count < ranks && !k.unknown;
}

void explain_counted(struct trace *trace, const struct record *r) {
	trace->records++;
	if (trace->lines_left > 0) {
		trace->lines_left--;
		explain_record(trace, r);
		int64_t gpus = fleet_gpus_of(trace->b->fleet, trace->b->names, r->replica, r->model);
		struct rank_others others;
		bool clear = trace->splits_left > 0 && find_others(trace, r, gpus, &others);
		trace->splits_left -= trace->splits_left > 0 && kept_fits_split(trace->fits, r, trace->rule, gpus, clear ? &others : NULL);
	}
}

static int show_record(void *work, const struct record *r, struct fault *why) {
	struct trace *trace = work;

	(void)why;
	if (in_question(trace, r)) {
		explain_counted(trace, r);
	}
	return 0;
}

static int show_segment(void *work, const struct ledger_segment *s) {
	struct trace *trace = work;

	if (s->gone_run || (trace->q.replica.len > 0 && !text_eq(trace->q.replica, names_text(trace->b->names,
	    s->replica)))) {
		return 0;
	}
	return ledger_records(trace->b->ledger, s, show_record, trace, trace->why);
}

int explain_gone(struct trace *trace, int64_t from_ns, int64_t to_ns, struct fault *why) {
	int64_t gone, since_ns;
	char since[INSTANT_TEXT_MAX];
	int rc = ledger_gone(trace->b->ledger, from_ns, to_ns, &gone, &since_ns, why);

	if (rc > 0) {
		printf("  Retention has removed the records of %" PRId64 " replica-days since %.10s; their entries "
		       "are kept\n", gone,
		       instant_format(since_ns, since));
	}
	return rc;
}

static int find_rule(void *work, const struct ledger_run *r) {
	struct trace *trace = work;

	if (r->rule[0]) {
		snprintf(trace->rule, sizeof trace->rule, "%s", r->rule);
	}
	return 0;
}

int explain_fits(struct trace *trace, int64_t from_ns, int64_t to_ns, struct fault *why) {
	int rc = ledger_runs(trace->b->ledger, find_rule, trace, why);

	kept_fits_free(trace->fits);
	trace->fits = NULL;
	rc = rc < 0 ? rc : kept_fits_read(&trace->fits, trace->b->ledger, from_ns, to_ns, why);
	if (rc < 0) {
		return rc;
	}
	printf("\nStep models used (attribute/METHOD.md; schemas/fit.schema.json)\n");
	if (kept_fits_print(trace->fits, trace->q.model, (size_t)trace->lines_left) == 0) {
		printf("  none: nothing had to be split, or it was attributed by a version that did not store them\n");
	}
	trace->splits_left = trace->lines_left > LINES_SHOWN ? trace->lines_left : SPLITS_SHOWN;
	return 0;
}

/* Logs of shards are not in the book. */
static int show_records(struct trace *trace, struct fault *why) {
	int64_t plans = 0;
	int rc = ledger_evidence_plans(trace->b->ledger, &plans, why);

	if (rc < 0 || plans > 0) {
		printf("%s", rc < 0 ? "" : "\nIts records are in the plan folders of 'tollbook shard', not in this "
					   "book.\n");
		return rc;
	}
	rc = explain_fits(trace, trace->q.from_ns, trace->q.to_ns, why);
	if (rc < 0) {
		return rc;
	}
	printf("\nIts records\n");
	rc = explain_segments(trace, trace->q.from_ns, trace->q.to_ns, show_segment);
	if (rc >= 0) {
		printf("  %" PRId64 " record%s in all; --lines N shows more\n", trace->records, PLURAL(trace->records));
		rc = explain_gone(trace, trace->q.from_ns, trace->q.to_ns, why);
	}
	return rc < 0 ? rc : 0;
}

static int explain_figure(struct trace *trace, struct fault *why) {
	int rc = ledger_entries(trace->b->ledger, trace->q.from_ns, trace->q.to_ns, INT64_MAX - 1, add_entry, trace, why);

	if (rc < 0) {
		return rc;
	}
	int named = trace->q.replica.len > 0 ? explain_names(trace, why) : 0;
	if (named < 0 || (named > 0 && trace->entries == 0)) {
		return named < 0 ? named : 0;
	}
	if (trace->entries == 0) {
		return fault_option(why, FAULT_OPERAND, "the book has no entry of this; see the keys of: tollbook report --by hour,model,replica,tenant");
	}
	printf("%sEntries: %" PRId64 ", together %" PRId64 " GPU-ns, %" PRId64 " token%s, %" PRId64 " request%s\n", named ? "\n" : "", trace->entries, trace->gpu_ns,
	       trace->tokens, PLURAL(trace->tokens), trace->requests, PLURAL(trace->requests));
	for (int64_t i = 0; i < trace->entries && i < 4 * trace->lines_left; i++) {
		print_entry(trace, &trace->found[i]);
	}
	print_arithmetic(trace);
	return show_records(trace, why);
}

int explain_in_book(const struct book_settings *set, const struct terminal *t, const struct explain_settings *asked,
                    struct fault *why) {
	struct book b;
	struct trace trace = {.why = why, .lines_left = asked->lines > 0 ? asked->lines : LINES_SHOWN, .lines_asked = asked->lines > 0};
	int status = read_question(asked->id, &trace.q, why);

	status = status ? status : find_alias(set, t, &trace, why);
	status = status ? status : book_open(&b, set, t, LEDGER_READ, set->fleet || set->gpu_hour_nano >= 0, why);
	if (status != 0) {
		return status;
	}
	trace.b = &b;
	int is_replica = trace.q.id.len > 0 ? explain_is_replica(&trace, trace.q.id) : 0;
	if (is_replica > 0) {
		trace.q.replica = trace.q.id;
		trace.q.id = T("");
	}
	status = is_replica < 0 ? is_replica : trace.q.id.len > 0 ? explain_request(&trace, why) : explain_figure(&trace, why);
	free(trace.found);
	kept_fits_free(trace.fits);
	book_close(&b);
	return status;
}
