/*
 * explain_request.c: the cost of a request, in one screen: money first, then its part of each batch, then the
 * uncertainty and the lines of the logs. --lines N adds the records and the arithmetic.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/decimal.h"
#include "core/exact.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/record_json.h"
#include "inspect/explain_private.h"

#define MS 1e6
#define TIMES_SD 1.96 /* of an interval of 95 % */

/* ---- the row of --requests ---- */

enum column { COL_ID, COL_TENANT, COL_MODEL, COL_REPLICA, COL_PROMPT, COL_CACHED, COL_COMPLETION, COL_PREFILL, COL_DECODE, COL_INPUT, COL_OUTPUT,
              COL_GRADE, COL_CACHED_NS, COL_PREFILL_SD, COL_DECODE_SD, COLUMNS };
static const char *const column_names[COLUMNS] = {
	[COL_ID] = "id", [COL_TENANT] = "tenant", [COL_MODEL] = "model", [COL_REPLICA] = "replica", [COL_PROMPT] = "prompt_tokens",
	[COL_CACHED] = "cached_tokens", [COL_COMPLETION] = "completion_tokens", [COL_PREFILL] = "prefill_gpu_ns", [COL_DECODE] = "decode_gpu_ns",
	[COL_INPUT] = "cost_input", [COL_OUTPUT] = "cost_output", [COL_GRADE] = "grade", [COL_CACHED_NS] = "cached_gpu_ns",
	[COL_PREFILL_SD] = "prefill_sd_gpu_ns", [COL_DECODE_SD] = "decode_sd_gpu_ns",
};
#define FIELDS_MAX 64

/* The fields of a line of CSV, in place: quotes are removed. */
static size_t take_fields(char *line, struct text fields[FIELDS_MAX]) {
	size_t count = 0;

	for (char *at = line; count < FIELDS_MAX; at++) {
		char *to = at, *from = at;
		bool quoted = *at == '"';
		for (at += quoted; *at && (quoted || (*at != ',' && *at != '\n' && *at != '\r')); at++) {
			if (quoted && *at == '"' && *++at != '"') {
				quoted = false;
				at--;
				continue;
			}
			*to++ = *at;
		}
		fields[count++] = (struct text){from, (size_t)(to - from)};
		if (*at != ',') {
			break;
		}
	}
	return count;
}

/* The columns, from the header. */
static void find_columns(const struct text *fields, size_t count, size_t at[COLUMNS]) {
	for (int c = 0; c < COLUMNS; c++) {
		at[c] = FIELDS_MAX;
		for (size_t i = 0; i < count; i++) {
			at[c] = text_eq(fields[i], text_of(column_names[c])) ? i : at[c];
		}
	}
}

struct cost {
	struct text of[COLUMNS]; /* empty: not known */
};

static int64_t number_of(const struct cost *c, enum column column) {
	struct text t = c->of[column];
	int64_t n;

	return text_take_i64(&t, &n) && t.len == 0 ? n : UNKNOWN;
}

/* ---- its steps ---- */

struct batch_sums {
	int64_t steps, before_first;       /* that ran while it was in flight; of these, until its first token */
	double ns, before_first_ns;
	int64_t beside, sequences;         /* of the steps after it: those with prompts; sequences in all of them */
	struct record first, last;
	bool any;
};

struct asked {
	struct trace *trace;
	struct batch_sums b;
	int64_t first_token_ns, scheduled_ns, gpus;
	name_id model, pool;
};

static int add_step(void *asked, const struct record *r, struct fault *why) {
	struct asked *a = asked;
	struct batch_sums *b = &a->b;
	const struct step *s = &r->step;

	(void)why;
	if (r->kind != RECORD_STEP || s->start_ns >= a->trace->last_ns || s->gpu_ns <= 0 ||
	    s->start_ns + s->gpu_ns <= a->scheduled_ns) {
		return 0;
	}
	bool before = a->first_token_ns != UNKNOWN && s->start_ns < a->first_token_ns - s->gpu_ns / 2;
	b->steps++;
	b->ns += (double)s->gpu_ns;
	b->before_first += before;
	b->before_first_ns += before ? (double)s->gpu_ns : 0;
	b->beside += !before && s->prefill_tokens > 0;
	b->sequences += before || s->decode_requests < 0 ? 0 : s->decode_requests;
	if (!b->any || s->start_ns < b->first.step.start_ns) {
		b->first = *r;
	}
	if (!b->any || s->start_ns >= b->last.step.start_ns) {
		b->last = *r;
	}
	b->any = true;
	return 0;
}

static int steps_of_segment(void *asked, const struct ledger_segment *s) {
	struct asked *a = asked;

	return s->replica != a->trace->replica || s->gone_run ? 0 : ledger_records(a->trace->b->ledger, s, add_step,
	    a, a->trace->why);
}

static int find_pool(void *asked, const struct entry *e) {
	struct asked *a = asked;

	a->pool = e->replica == a->trace->replica ? e->pool : a->pool;
	return 0;
}

/* One standard deviation of its own time of a phase, relative. */
static double relative_sd(const struct cost *c, bool output) {
	int64_t ns = number_of(c, output ? COL_DECODE : COL_PREFILL), sd_ns = number_of(c, output ? COL_DECODE_SD : COL_PREFILL_SD);

	return ns > 0 && sd_ns > 0 ? (double)sd_ns / (double)ns : 0;
}

/* ---- the screen ---- */

static void print_tokens(int64_t n) {
	if (n >= 0) {
		printf("%10" PRId64, n);
	} else {
		printf("%10s", "-");
	}
}

static void print_phase(const char *name, int64_t ntok, int64_t ns, struct text money, double sd) {
	printf("  %-22s", name);
	print_tokens(ntok);
	printf("  %12.3f  ", (double)ns / MS);
	if (money.len > 0) {
		printf("%14.*s", TEXT_ARG(money));
	} else {
		printf("%14s", "-");
	}
	if (sd > 0) {
		printf("  +- %.1f %%", 100 * TIMES_SD * sd);
	}
	putchar('\n');
}

static void print_whole(const struct cost *c, const char *currency, double input_sd, double output_sd) {
	struct text money[2] = {c->of[COL_INPUT], c->of[COL_OUTPUT]};
	int64_t nano[2] = {0};
	char text[3][DECIMAL_TEXT_MAX];

	for (int i = 0; i < 2; i++) {
		if (!decimal_parse(money[i], 0, &nano[i])) {
			printf("Its cost is not known: its replica has no rate\n");
			return;
		}
	}
	int64_t whole = nano[0], low, high;
	if (!exact_add(&whole, nano[1])) {
		printf("Its cost does not fit 64 bits of nano-units\n");
		return;
	}
	double wide = fmin(0x1p62, TIMES_SD * hypot((double)nano[0] * input_sd, (double)nano[1] * output_sd));
	low = whole - (int64_t)fmin((double)whole, wide);
	high = whole;
	high = exact_add(&high, (int64_t)wide) ? high : INT64_MAX;
	printf("It cost %s %s (95 %%: %s to %s), grade %.*s\n", decimal_format(whole, 9, text[0]), currency, decimal_format(low, 9, text[1]),
	       decimal_format(high, 9, text[2]), TEXT_ARG(c->of[COL_GRADE]));
}

static double per_cent(int64_t part, double of) {
	return of > 0 ? 100 * (double)part / of : 0;
}

static void print_batches(const struct batch_sums *b, int64_t gpus, const struct cost *c, bool rebuilt) {
	int64_t prefill_ns = number_of(c, COL_PREFILL), decode_ns = number_of(c, COL_DECODE), after = b->steps - b->before_first;
	double before_ns = b->before_first_ns * (double)gpus, after_ns = (b->ns - b->before_first_ns) * (double)gpus;

	if (b->steps == 0) {
		printf("\nIts replica logs no steps: %s\n", text_eq(c->of[COL_GRADE], T("A")) ? "the times are those that the engine measured"
		       : rebuilt ? "they were rebuilt from the timestamps of all requests (METHOD.md, grade C)"
		                 : "it was split by its overlaps with other requests (METHOD.md, grade C)");
		return;
	}
	printf("\nIts part of its batches\n");
	printf("  until its first token  %6" PRId64 " step%s, %.3f GPU ms together: its part %.3f, %.1f %%\n", b->before_first, PLURAL(b->before_first),
	       before_ns / MS, (double)prefill_ns / MS, per_cent(prefill_ns, before_ns));
	printf("  after it               %6" PRId64 " step%s, %.3f GPU ms together: its part %.3f, %.1f %%\n", after, PLURAL(after),
	       after_ns / MS, (double)decode_ns / MS, per_cent(decode_ns, after_ns));
	if (after > 0) {
		printf("  with it                %6.1f sequences per step on average, and prompts in %" PRId64 " of the %" PRId64 "\n", (double)b->sequences / (double)after,
		       b->beside, after);
	}
}

static void print_basis(struct asked *a, const struct cost *c) {
	double input = relative_sd(c, false), output = relative_sd(c, true);

	printf("\nHow sure\n");
	if (text_eq(c->of[COL_GRADE], T("A"))) {
		printf("  Grade A: the time of its phases was measured.\n");
	} else if (input + output > 0) {
		printf("  95 %% of requests lie within their intervals on runs with a known split. They contain the doubt about the\n"
		       "  split of its steps, about the sharing by contexts, and about one request's own steps. The split rests on\n");
		kept_fits_list(a->trace->fits, names_text(a->trace->b->names, a->model),
		    instant_floor(a->trace->first_ns, NS_PER_DAY));
		printf("  and on who was in which step (attribute/METHOD.md, \"Intervals\").\n");
	} else {
		printf("  Nothing was split by a model.\n");
	}
}

static void print_steps_place(struct asked *a) {
	if (a->b.any) {
		printf("  first step");
		explain_place(a->trace, &a->b.first);
		printf("\n  last step ");
		explain_place(a->trace, &a->b.last);
		putchar('\n');
	}
}

static void print_screen(struct asked *a, const struct cost *c, const char *currency) {
	double input_sd = relative_sd(c, false), output_sd = relative_sd(c, true);
	int64_t prompt = number_of(c, COL_PROMPT), cached = number_of(c, COL_CACHED), prefill_ns = number_of(c, COL_PREFILL);
	int64_t cached_ns = number_of(c, COL_CACHED_NS);

	print_whole(c, currency, input_sd, output_sd);
	printf("  %-22s%10s  %12s  %14s  %s\n", "phase", "tokens", "GPU ms", currency, "95 %");
	print_phase("input (prefill)", prompt, prefill_ns, c->of[COL_INPUT], input_sd);
	if (cached > 0 && cached_ns >= 0) {
		print_phase("  of it, cached", cached, cached_ns, T(""), 0);
	}
	print_phase("output (decode)", number_of(c, COL_COMPLETION), number_of(c, COL_DECODE), c->of[COL_OUTPUT], output_sd);
	print_batches(&a->b, a->gpus, c, kept_fits_rebuilt(a->trace->fits, names_text(a->trace->b->names, a->model),
	                                                   instant_floor(a->trace->first_ns, NS_PER_DAY)));
	print_basis(a, c);
}

/* ---- finding it ---- */

struct found {
	struct trace *trace;
	struct record record; /* the first one with this id: its numbers only, as its texts are not valid any more */
	name_id model;
	int64_t count;
};

static int find_request(void *found, const struct record *r, struct fault *why) {
	struct found *f = found;
	struct trace *trace = f->trace;

	(void)why;
	if (r->kind == RECORD_REQUEST && text_eq(r->request.id, trace->q.id)) {
		const struct request *q = &r->request;
		int64_t first_ns = q->arrival_ns != UNKNOWN ? q->arrival_ns : record_instant(r);
		int64_t last_ns = q->finish_ns != UNKNOWN ? q->finish_ns : record_instant(r);
		if (f->count++ == 0 || q->scheduled_ns != UNKNOWN) { /* prefers the engine's to a gateway's */
			f->record = *r;
			f->model = r->model.len > 0 ? names_id(trace->b->names, r->model) : 0;
			trace->replica = names_id(trace->b->names, r->replica);
			trace->first_ns = first_ns;
			trace->last_ns = last_ns;
		}
		if (trace->lines_asked) {
			explain_record(trace, r);
		}
	}
	return 0;
}

static int find_in_segment(void *found, const struct ledger_segment *s) {
	struct found *f = found;

	return s->counts[RECORD_REQUEST] == 0 || s->gone_run ? 0 : ledger_records(f->trace->b->ledger, s,
	    find_request, f, f->trace->why);
}

/* Its pool, and its steps. */
static int gather(struct asked *a, struct fault *why) {
	struct trace *trace = a->trace;
	int64_t from_ns = instant_floor(trace->first_ns, NS_PER_HOUR), to_ns = instant_floor(trace->last_ns,
	    NS_PER_HOUR) + NS_PER_HOUR;

	int rc = ledger_entries(trace->b->ledger, from_ns, to_ns, INT64_MAX - 1, find_pool, a, why);
	a->b = (struct batch_sums){.steps = 0};
	rc = rc < 0 ? rc : ledger_segments(trace->b->ledger, trace->first_ns, trace->last_ns + 1, steps_of_segment,
	    a, why);
	int64_t gpus = trace->b->fleet && a->pool != 0 ? fleet_replica_gpus(trace->b->fleet, a->pool) : 1;
	a->gpus = gpus > 0 ? gpus : 1;
	return rc;
}

/* Reads its rows in the file of --requests. */
static int print_rows(struct asked *a, FILE *f, const char *currency, struct fault *why) {
	char *line = NULL;
	size_t room = 0, at[COLUMNS];
	int rc = 0;

	for (int64_t n = 0; rc >= 0 && getline(&line, &room, f) >= 0; n++) {
		struct text fields[FIELDS_MAX];
		struct cost c = {{{NULL, 0}}};
		size_t count = take_fields(line, fields);
		if (n == 0) {
			find_columns(fields, count, at);
			continue;
		}
		for (int i = 0; i < COLUMNS; i++) {
			c.of[i] = at[i] < count ? fields[at[i]] : T("");
		}
		if (text_eq(c.of[COL_ID], a->trace->q.id)) {
			rc = gather(a, why);
			if (rc >= 0) {
				print_screen(a, &c, currency);
			}
		}
	}
	free(line);
	return rc;
}

/* Splits its time again. */
static int print_cost(struct asked *a, struct fault *why) {
	struct trace *trace = a->trace;
	char path[] = "/tmp/tollbook-explain-XXXXXX";
	struct quality ignored;
	int fd = mkstemp(path);

	if (fd < 0) {
		return fault_set(why, ERROR_IO, "%s: cannot write", path);
	}
	close(fd);
	quality_init(&ignored);
	int rc = book_requests_of(trace->b, instant_floor(trace->first_ns, NS_PER_DAY),
	    instant_floor(trace->last_ns, NS_PER_DAY) + NS_PER_DAY,
	                          path, &ignored, why);
	quality_release(&ignored);
	FILE *f = rc == 0 ? fopen(path, "re") : NULL;
	if (f) {
		rc = print_rows(a, f, fleet_currency(trace->b->fleet), why);
		fclose(f);
	}
	unlink(path);
	return rc;
}

/* Its cost also depends on records of adjacent days. */
static int print_cost_if_there(struct asked *a, struct fault *why) {
	int64_t gone, since_ns, from_ns = instant_floor(a->trace->first_ns, NS_PER_DAY) - NS_PER_DAY;
	int64_t to_ns = instant_floor(a->trace->last_ns, NS_PER_DAY) + 2 * NS_PER_DAY;
	int rc = ledger_gone(a->trace->b->ledger, from_ns, to_ns, &gone, &since_ns, why);

	if (rc > 0) {
		printf("Its cost cannot be recomputed\n");
		return explain_gone(a->trace, from_ns, to_ns, why);
	}
	return rc < 0 ? rc : print_cost(a, why);
}

/* ---- --lines N ---- */

static int show_step(void *work, const struct record *r, struct fault *why) {
	struct trace *trace = work;

	(void)why;
	if (r->kind == RECORD_STEP && r->step.start_ns < trace->last_ns &&
	    r->step.start_ns + r->step.gpu_ns > trace->first_ns) {
		explain_counted(trace, r);
	}
	return 0;
}

static int show_segment(void *work, const struct ledger_segment *s) {
	struct trace *trace = work;

	return s->replica != trace->replica || s->gone_run ? 0 : ledger_records(trace->b->ledger, s, show_step,
	    trace, trace->why);
}

static int show_details(struct trace *trace, struct fault *why) {
	trace->records = 0;
	int rc = explain_fits(trace, trace->first_ns, trace->last_ns + 1, why);
	printf("\nSteps of its replica while it ran; its share of each depends on its tokens and context (METHOD.md)\n");
	rc = rc < 0 ? rc : explain_segments(trace, trace->first_ns, trace->last_ns + 1, show_segment);
	if (rc >= 0) {
		printf("  %" PRId64 " step%s in all; --lines N shows more\n", trace->records, PLURAL(trace->records));
	}
	return rc;
}

static int not_found(struct trace *trace, struct fault *why) {
	int64_t plans = 0;
	int rc = explain_gone(trace, INT64_MIN, INT64_MAX, why);

	rc = rc < 0 ? rc : ledger_evidence_plans(trace->b->ledger, &plans, why);
	return rc < 0 ? rc : fault_option(why, FAULT_OPERAND, plans > 0 ? "the book has no records: those of shards are in the folders of their plans"
	                                                        : "the book has no request of this id");
}

static void print_head(const struct trace *trace, name_id model) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];

	const struct text names[] = {trace->q.id, model != 0 ? names_text(trace->b->names, model) : T("no model"), names_text(trace->b->names, trace->replica)};

	fputs("Request ", stdout);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		printable_put(stdout, names[i]);
		fputs(", ", stdout);
	}
	printf("%s to %s\n", instant_format(trace->first_ns, from), instant_format(trace->last_ns, to));
}

int explain_request(struct trace *trace, struct fault *why) {
	struct found found = {.trace = trace};
	char missing[200] = "";
	int rc = ledger_segments(trace->b->ledger, INT64_MIN, INT64_MAX, find_in_segment, &found, why);

	if (rc < 0 || found.count == 0) {
		return rc < 0 ? rc : not_found(trace, why);
	}
	const struct request *q = &found.record.request;
	struct asked a = {.trace = trace, .first_token_ns = q->first_token_ns,
	    .scheduled_ns = q->scheduled_ns != UNKNOWN ? q->scheduled_ns : trace->first_ns};
	a.model = found.model;
	print_head(trace, found.model);
	rc = kept_fits_read(&trace->fits, trace->b->ledger, trace->first_ns, trace->last_ns + 1, why);
	if (rc < 0) {
		return rc;
	}
	rc = trace->b->fleet ? 1 : book_use_last_basis(trace->b, missing, sizeof missing, why);
	rc = rc > 0 ? print_cost_if_there(&a, why) : rc;
	if (rc >= 0 && !trace->b->fleet) {
		printf("No cost: %s\n", missing[0] ? missing : "nothing was attributed yet: run tollbook attribute");
	}
	if (rc < 0) {
		return rc;
	}
	printf("\nWhere it is in the logs\n  request   ");
	explain_place(trace, &found.record);
	putchar('\n');
	print_steps_place(&a);
	if (trace->lines_asked) {
		return show_details(trace, why);
	}
	printf("  --lines N shows the records, the model and the arithmetic of each step\n");
	return 0;
}
