#include "inspect/explain_fit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/entry.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/json.h"
#include "core/model/step_model.h"
#include "core/terminal.h"
#include "core/text.h"

#define LAW_TERMS 6

struct kept_fit {
	int64_t day_ns;
	struct text json;
	struct text model, gpu, role, origin, taken_from, evidence; /* in `json` */
	int64_t gpus;
	struct step_model made;
	struct rank_rule ranks; /* all 0: not kept */
	struct aggregate_row {
		int64_t rows;
		double ns[4];
	} aggregates[4]; /* of requests and windows, in the order of aggregate_forms */
	struct rebuilt_steps {
		int64_t rows, budget_ntok; /* rows: 0 if there are none */
		double tokens_a_step, off;
	} rebuilt; /* from requests, in place of sums over them */
	struct window_law {
		const char *by; /* NULL: none */
		int64_t rows;
		double ns[LAW_TERMS];
	} law; /* of windows, in place of the last of them */
};

struct kept_fits {
	struct kept_fit *at;
	size_t count;
	struct json *json;
};

/* ---- reading ---- */

static int term_of(struct text name, int64_t ntok) {
	for (int i = 0; i < TERMS; i++) {
		int64_t own;
		if (text_eq(name, text_of(step_model_term(i, &own))) && own == ntok) {
			return i;
		}
	}
	return -1; /* of another version */
}

/* A number as printed by %.17g, which JSON's integers are not. */
static double double_of(struct text t) {
	char number[64];

	snprintf(number, sizeof number, "%.*s", t.len < 60 ? (int)t.len : 60, t.at);
	double out = 0;
	return sscanf(number, "%lf", &out) == 1 ? out : 0;
}

static void read_terms(const struct json *j, struct kept_fit *f) {
	for (json_at v = json_first(j, json_get(j, 0, T("terms"))); v != JSON_ABSENT; v = json_next(j, v)) {
		int64_t ntok = -1;
		(void)json_i64(j, json_get(j, v, T("ntok")), &ntok);
		int term = term_of(json_raw(j, json_get(j, v, T("term"))), ntok);
		if (term >= 0) {
			f->made.ns[term] = double_of(json_raw(j, json_get(j, v, T("ns"))));
			double sd = double_of(json_raw(j, json_get(j, v, T("sd"))));
			f->made.covariance[term][term] = sd * sd;
		}
	}
}

static void read_overlap(const struct json *j, struct overlap *o) {
	double *into[] = {&o->token_kv, &o->prefill_kv, &o->kv, &o->unequal, &o->near};
	size_t i = 0;

	for (json_at v = json_first(j, json_get(j, 0, T("overlap_of"))); v != JSON_ABSENT && i < 5; v = json_next(j, v)) {
		*into[i++] = double_of(json_raw(j, v));
	}
}

static void read_ranks(const struct json *j, struct rank_rule *rule) {
	json_at v = json_get(j, 0, T("ranks"));
	int64_t pairs = 0, token = 0, shared = 0;

	if (v != JSON_ABSENT && json_i64(j, json_get(j, v, T("pairs")), &pairs) && json_i64(j, json_get(j, v, T("token")), &token) &&
	    json_i64(j, json_get(j, v, T("shared")), &shared) && pairs > 0 && pairs < INT32_MAX && token >= 0 && token < INT32_MAX && shared >= 0 &&
	    shared <= RANK_PARTS) {
		*rule = (struct rank_rule){(int32_t)pairs, (int32_t)token, (int32_t)shared};
	}
}

/* The terms fitted to requests and windows, if there are no steps. */
static const struct aggregate_form {
	const char *object, *key, *what, *terms[4];
} aggregate_forms[4] = {
	{"requests", "step", "a decode step alone", {"1", "sequences", "context tokens"}},
	{"requests", "prompt", "a step that computes a prompt", {"1", "prompt tokens", "sequences", "context tokens"}},
	{"requests", "life", "a request whose first token is not logged", {"1", "prompt tokens", "output tokens"}},
	{NULL, "windows", "a window", {"prompt tokens", "decode steps", "output tokens"}},
};

static void read_aggregates(const struct json *j, struct kept_fit *f) {
	for (int i = 0; i < 4; i++) {
		json_at object = aggregate_forms[i].object ? json_get(j, 0, text_of(aggregate_forms[i].object)) : 0;
		json_at row = object == JSON_ABSENT ? object : json_get(j, object, text_of(aggregate_forms[i].key));
		int k = 0;
		if (row == JSON_ABSENT) {
			continue;
		}
		(void)json_i64(j, json_get(j, row, T("rows")), &f->aggregates[i].rows);
		for (json_at v = json_first(j, json_get(j, row, T("ns"))); v != JSON_ABSENT && k < 4; v = json_next(j, v)) {
			f->aggregates[i].ns[k++] = double_of(json_raw(j, v));
		}
	}
}

/* A law of a step's time, from windows' counts or gauges; each with separate steps without and with prompts. */
static const struct law_form {
	const char *key, *by, *terms[LAW_TERMS];
} law_forms[] = {
	{"gauged", "gauges", {"a step without prompts", "a sequence", "a token of contexts", "a prompt token", "a prompt token x token of context", "a step with prompts"}},
	{"counted", "counts", {"a step", "a sequence", "a token of contexts", "a prompt token", "a prompt token x token of context", "prompts in a step, on top"}},
};
static const char *const law_keys[LAW_TERMS] = {"step_ns", "sequence_ns", "context_ns", "token_ns", "attention_ns", "prompt_ns"};

static void read_law(const struct json *j, struct window_law *law) {
	json_at windows = json_get(j, 0, T("windows"));

	for (size_t i = 0; windows != JSON_ABSENT && i < sizeof law_forms / sizeof *law_forms; i++) {
		json_at object = json_get(j, windows, text_of(law_forms[i].key));
		if (object == JSON_ABSENT) {
			continue;
		}
		law->by = law_forms[i].by;
		(void)json_i64(j, json_get(j, object, T("rows")), &law->rows);
		for (int k = 0; k < LAW_TERMS; k++) {
			law->ns[k] = double_of(json_raw(j, json_get(j, object, text_of(law_keys[k]))));
		}
	}
}

static void read_rebuilt(const struct json *j, struct rebuilt_steps *r) {
	json_at requests = json_get(j, 0, T("requests")), v = requests == JSON_ABSENT ? requests : json_get(j, requests, T("rebuilt"));

	if (v != JSON_ABSENT) {
		(void)json_i64(j, json_get(j, v, T("rows")), &r->rows);
		(void)json_i64(j, json_get(j, v, T("budget_ntok")), &r->budget_ntok);
		r->tokens_a_step = double_of(json_raw(j, json_get(j, v, T("tokens_a_step"))));
		r->off = double_of(json_raw(j, json_get(j, v, T("off"))));
	}
}

static void read_fit(const struct json *j, struct kept_fit *f) {
	const struct {
		const char *key;
		struct text *into;
	} texts[] = {{"model", &f->model}, {"gpu", &f->gpu}, {"role", &f->role}, {"origin", &f->origin},
	             {"taken_from", &f->taken_from}, {"evidence", &f->evidence}};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		json_at v = json_get(j, 0, text_of(texts[i].key));
		*texts[i].into = v == JSON_ABSENT ? T("") : json_raw(j, v);
	}
	(void)json_number(j, "gpus", &f->gpus);
	(void)json_number(j, "steps", &f->made.steps);
	(void)json_number(j, "outliers", &f->made.outliers);
	(void)json_bool(j, json_get(j, 0, T("attention")), &f->made.has_attention);
	(void)json_bool(j, json_get(j, 0, T("context")), &f->made.has_context);
	f->made.residual_relative = double_of(json_raw(j, json_get(j, 0, T("residual"))));
	read_overlap(j, &f->made.overlap);
	read_ranks(j, &f->ranks);
	read_terms(j, f);
	read_aggregates(j, f);
	read_law(j, &f->law);
	read_rebuilt(j, &f->rebuilt);
}

static int add_fit(void *fits, int64_t day_ns, const char *part, struct text json) {
	struct kept_fits *k = fits;

	if (is_breakdowns_part(part)) {
		return 0;
	}
	char *copy = text_copy(json);
	struct kept_fit f = {.day_ns = day_ns, .json = {copy, json.len}};
	if (!json_parse(k->json, f.json, NULL)) {
		free(copy);
		return 0;
	}
	read_fit(k->json, &f);
	k->at = must_realloc(k->at, (k->count + 1) * sizeof *k->at);
	k->at[k->count++] = f;
	return 0;
}

int kept_fits_read(struct kept_fits **out, struct ledger *l, int64_t from_ns, int64_t to_ns, struct fault *why) {
	struct kept_fits *k = must_calloc(1, sizeof *k);

	k->json = json_new();
	*out = k;
	return ledger_fits(l, from_ns == INT64_MIN ? from_ns : instant_floor(from_ns, NS_PER_DAY), to_ns, add_fit, k, why);
}

void kept_fits_free(struct kept_fits *k) {
	if (k) {
		for (size_t i = 0; i < k->count; i++) {
			free((char *)(uintptr_t)k->at[i].json.at);
		}
		free(k->at);
		json_free(k->json);
		free(k);
	}
}

/* ---- the model ---- */

static const char *const origins[][2] = {
	{"fitted", "fitted to the day's own steps"},
	{"neighbour", "too few steps of its own: that of an adjacent day"},
	{"published", "too few steps to fit: from published figures of the GPU"},
	{"tokens", "too few steps, and no published figures of the GPU: all tokens of a step count the same"},
};

static void print_term(int term, const struct step_model *m) {
	int64_t ntok;
	const char *name = step_model_term(term, &ntok);

	printf("      %-17s", name);
	if (ntok >= 0) {
		printf(" %-5" PRId64, ntok);
	} else {
		printf("      ");
	}
	printf(" %20.6f ns  +- %.4g\n", m->ns[term], m->covariance[term][term] > 0 ? __builtin_sqrt(m->covariance[term][term]) : 0);
}

static void print_origin(const struct kept_fit *f) {
	const char *origin = "";

	for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
		origin = text_eq(f->origin, text_of(origins[i][0])) ? origins[i][1] : origin;
	}
	printf(": %s", origin);
	if (f->taken_from.len > 0) {
		fputs(" (", stdout);
		printable_put(stdout, f->taken_from);
		fputs(")", stdout);
	}
}

static void print_steps(const struct kept_fit *f) {
	print_origin(f);
	printf("\n    %" PRId64 " step%s, %" PRId64 " left out; residual %.2f %%; evidence %.16s\n", f->made.steps, PLURAL(f->made.steps), f->made.outliers,
	       100 * f->made.residual_relative, f->evidence.len >= 16 ? f->evidence.at : "(none)          ");
	for (int i = 0; i < TERMS; i++) {
		if (f->made.ns[i] != 0) {
			print_term(i, &f->made);
		}
	}
}

static void print_law(const struct window_law *law) {
	for (size_t i = 0; i < sizeof law_forms / sizeof *law_forms; i++) {
		if (law->by != law_forms[i].by) {
			continue;
		}
		printf("      windows, by their %s: fitted to %" PRId64 " row%s\n", law->by, law->rows, PLURAL(law->rows));
		for (int k = 0; k < LAW_TERMS; k++) {
			printf("        %-34s %20.6f ns\n", law_forms[i].terms[k], law->ns[k]);
		}
	}
}

/* "a window = 1200.000000 ns x prompt tokens + …; 80 rows" */
static void print_aggregates(const struct kept_fit *f) {
	print_law(&f->law);
	for (int i = 0; i < (f->law.by ? 3 : 4); i++) {
		const struct aggregate_row *r = &f->aggregates[i];
		if (r->rows == 0 && r->ns[0] + r->ns[1] + r->ns[2] <= 0) {
			continue;
		}
		printf("      %s = ", aggregate_forms[i].what);
		for (int k = 0; k < 4 && aggregate_forms[i].terms[k]; k++) {
			printf("%s%.6f ns x %s", k > 0 ? " + " : "", r->ns[k], aggregate_forms[i].terms[k]);
		}
		printf("; fitted to %" PRId64 " row%s\n", r->rows, PLURAL(r->rows));
	}
}

static void print_key(const struct kept_fit *f) {
	char day[INSTANT_TEXT_MAX];

	printf("  %.10s, ", instant_format(f->day_ns, day));
	printable_put(stdout, f->model.len > 0 ? f->model : T("(no model)"));
	printf(" on %" PRId64 " x %.*s, %.*s", f->gpus, f->gpu.len ? (int)f->gpu.len : 3, f->gpu.len ? f->gpu.at : "GPU",
	       TEXT_ARG(f->role));
}

static void print_rebuilt(const struct rebuilt_steps *r) {
	printf(": rebuilt steps of up to %" PRId64 " tokens, off by %.1f %%", r->budget_ntok, 100 * r->off);
	if (r->tokens_a_step > 1) {
		printf("; %.2f tokens a sequence", r->tokens_a_step);
	}
}

static void print_fit(const struct kept_fit *f) {
	print_key(f);
	if (f->origin.len > 0) {
		print_steps(f);
	} else if (f->rebuilt.rows > 0) {
		print_rebuilt(&f->rebuilt);
		putchar('\n');
		return;
	} else {
		printf(": no steps; evidence %.16s\n", f->evidence.len >= 16 ? f->evidence.at : "(none)          ");
	}
	print_aggregates(f);
}

void kept_fits_list(const struct kept_fits *k, struct text model, int64_t day_ns) {
	for (size_t i = 0; i < k->count; i++) {
		const struct kept_fit *f = &k->at[i];
		if (f->day_ns != day_ns || (model.len > 0 && !text_eq(model, f->model))) {
			continue;
		}
		print_key(f);
		if (f->origin.len > 0) {
			print_origin(f);
			printf("; %" PRId64 " step%s, off by %.1f %%", f->made.steps, PLURAL(f->made.steps), 100 * f->made.residual_relative);
		} else if (f->rebuilt.rows > 0) {
			print_rebuilt(&f->rebuilt);
		} else {
			printf(": times of whole requests or windows");
		}
		putchar('\n');
	}
}

bool kept_fits_rebuilt(const struct kept_fits *k, struct text model, int64_t day_ns) {
	for (size_t i = 0; i < k->count; i++) {
		if (k->at[i].day_ns == day_ns && k->at[i].rebuilt.rows > 0 && (model.len == 0 || text_eq(model, k->at[i].model))) {
			return true;
		}
	}
	return false;
}

size_t kept_fits_print(const struct kept_fits *k, struct text model, size_t max) {
	size_t shown = 0, count = 0;

	for (size_t i = 0; i < k->count; i++) {
		if (model.len > 0 && !text_eq(model, k->at[i].model)) {
			continue;
		}
		count++;
		if (shown < max) {
			shown++;
			print_fit(&k->at[i]);
		}
	}
	if (count > shown) {
		printf("  and %zu more; --lines N shows more\n", count - shown);
	}
	return count;
}

/* ---- a step ---- */

/* "c = 11028517.766855 x 1 + 19764.733182 x 2060 = 51743867.1 ns" */
static double print_time(const char *name, const struct step_model *m, const struct batch *b) {
	double terms[TERMS], sum = 0;
	bool first = true;

	step_model_terms(m, b, terms);
	printf("      %s = ", name);
	for (int i = 0; i < TERMS; i++) {
		if (m->ns[i] != 0 && terms[i] != 0) {
			printf("%s%.6f x %.0f", first ? "" : " + ", m->ns[i], terms[i]);
			sum += m->ns[i] * terms[i];
			first = false;
		}
	}
	printf("%s = %.3f\n", first ? "0" : "", sum);
	return sum;
}

static double shapley(double c, double p, double d) {
	return (p + c - d) / (2 * c);
}
static double proportional(double c, double p, double d) {
	(void)c;
	return p / (p + d);
}
static double prefill_first(double c, double p, double d) {
	(void)d;
	return p / c;
}
static double decode_first(double c, double p, double d) {
	(void)p;
	return (c - d) / c;
}

static const struct rule_formula {
	const char *name, *formula;
	double (*share)(double c, double p, double d);
} formulas[] = {
	{"shapley", "T x (p + c - d) / (2 c)", shapley},
	{"proportional", "T x p / (p + d)", proportional},
	{"prefill-first", "T x p / c", prefill_first},
	{"decode-first", "T x (c - d) / c", decode_first},
};

static const struct kept_fit *fit_of(const struct kept_fits *k, const struct record *r) {
	const struct kept_fit *found = NULL;
	int64_t day_ns = instant_floor(r->step.start_ns, NS_PER_DAY);

	for (size_t i = 0; i < k->count; i++) {
		if (k->at[i].day_ns == day_ns && (r->model.len == 0 || text_eq(r->model, k->at[i].model))) {
			if (found) {
				return NULL; /* of several GPUs or roles: which one is not in the record */
			}
			found = &k->at[i];
		}
	}
	return found;
}

static bool may_be_split(const struct record *r) {
	const struct step *s = &r->step;

	return r->kind == RECORD_STEP && s->prefill_tokens > 0 && s->decode_tokens > 0 && s->prefill_gpu_ns == UNKNOWN &&
	       s->prefill_token_kv != UNKNOWN && s->decode_kv_tokens != UNKNOWN;
}

int64_t kept_fits_ranks(const struct kept_fits *k, const struct record *r, int64_t gpus, struct rank_rule *rule) {
	const struct kept_fit *f = may_be_split(r) ? fit_of(k, r) : NULL;

	*rule = f ? f->ranks : (struct rank_rule){0};
	return f && gpus > 0 ? f->gpus / gpus : 1;
}

/* The joint batches of all ranks, if there are several; of these steps the GPUs of one rank are split. */
static void print_split(const struct kept_fit *f, const struct record *r, const struct rule_formula *formula, int64_t gpus, const struct rank_others *others) {
	const struct step *s = &r->step;
	/* How unequal contexts are is known only from requests: assumed equal here. */
	const struct batch own = {.prefill_tokens = s->prefill_tokens,
	                          .prefill_token_kv = s->prefill_token_kv,
	                          .decode_tokens = s->decode_tokens,
	                          .decode_kv_tokens = s->decode_kv_tokens,
	                          .decode_unequal_kv = s->decode_kv_tokens,
	                          .prefill_kv_tokens = s->prefill_kv_tokens == UNKNOWN ? 0 : s->prefill_kv_tokens};
	const struct phase_batches b = batches_of_rank(&own, others);
	double c = print_time("c", &f->made, &b.whole), p = print_time("p", &f->made, &b.chunks), d = print_time("d", &f->made, &b.decoders);
	double share = formula->share(c, p, d);

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	printf("      prefill = %s (rule %s) = %.3f ns, decode = T - prefill = %.3f ns; times %" PRId64 " GPU%s, rounded to whole ns\n",
	       formula->formula, formula->name, share * (double)s->gpu_ns, (1 - share) * (double)s->gpu_ns, gpus, gpus == 1 && rank_others_any(others) ? "" : "s");
}

bool kept_fits_split(const struct kept_fits *k, const struct record *r, const char *rule, int64_t gpus, const struct rank_others *others) {
	const struct kept_fit *f = may_be_split(r) ? fit_of(k, r) : NULL;
	const struct rule_formula *formula = NULL;
	struct rank_rule unused;
	bool ranks = kept_fits_ranks(k, r, gpus, &unused) > 1;

	for (size_t i = 0; i < sizeof formulas / sizeof *formulas; i++) {
		formula = strcmp(formulas[i].name, rule) == 0 ? &formulas[i] : formula;
	}
	if (!f || !formula) {
		return false;
	}
	if (ranks && !others) {
		printf("    A step of ranks in lock-step, on %" PRId64 " GPUs: its split depends on the batches of all of them, at the same\n"
		       "    instant (attribute/METHOD.md, \"Ranks in lock-step\"), and is not repeated here\n", f->gpus);
		return true;
	}
	printf("    Split by the model of its day: T = %" PRId64 " ns; the model's times of the whole step, of its "
								 "prompts alone and of its decoders alone%s\n",
	       r->step.gpu_ns, ranks ? "," : ":");
	if (ranks) {
		printf("    beside the other ranks in lock-step (attribute/METHOD.md), which have %" PRId64 " prompt tokens and %" PRId64 " of sequences:\n",
		       others->prefill_tokens, others->decode_tokens);
	}
	print_split(f, r, formula, ranks ? gpus : f->gpus, ranks ? others : &(struct rank_others){.decode_tokens = 0});
	return true;
}
