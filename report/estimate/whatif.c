/* whatif.c: adds requests, entries and fits; computes the scenarios. */
#include "report/estimate/whatif.h"

#include <math.h>
#include <stdlib.h>

#include "core/model/law.h"
#include "core/exact.h"
#include "report/estimate/sheet.h"
#include "report/estimate/whatif_item.h"

/* Between GPUs: the error of 95 % of published measurements of a GPU that was left out (tests/published/fit.c). */
#define CARD_SPREAD 1.8
#define UNMEASURED_SPREAD 2.4 /* of kinds of GPU without any measurement */

#define COUNT(a) (sizeof(a) / sizeof *(a))

int request_played_order(const void *context, const void *a_bytes, size_t a_len, const void *b_bytes, size_t b_len) {
	const struct request_played *a = a_bytes, *b = b_bytes;
	(void)a_len, (void)b_len;

	if (a->replica != b->replica) {
		return text_compare(names_text(context, a->replica), names_text(context, b->replica));
	}
	if (a->arrival_ns != b->arrival_ns) {
		return a->arrival_ns < b->arrival_ns ? -1 : 1;
	}
	const uint32_t tokens[][2] = {{a->prompt, b->prompt}, {a->cached, b->cached}, {a->completion, b->completion}};
	for (size_t i = 0; i < COUNT(tokens); i++) {
		if (tokens[i][0] != tokens[i][1]) {
			return tokens[i][0] < tokens[i][1] ? -1 : 1;
		}
	}
	int order = text_compare(names_text(context, a->decode_replica), names_text(context, b->decode_replica));
	order = order != 0 ? order : text_compare(names_text(context, a->model), names_text(context, b->model));
	return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
}

struct whatif *whatif_new(const struct whatif_options *o, struct fault *why) {
	struct whatif *w = must_calloc(1, sizeof *w);

	w->o = *o;
	w->first_ns = INT64_MAX;
	w->drain_ns = -1;
	w->skipped = must_calloc(o->lanes, sizeof *w->skipped);
	w->requests = spool_new(o->lanes, PLAYED_MEMORY, request_played_order, o->names);
	int err = gpu_catalogue_read(&w->cards, o->catalogue_path, why);
	if (!err && o->gpu && !gpu_find(w->cards, text_of(o->gpu))) {
		err = fault_set(why, ERROR_CONFIG, "--gpu: no such GPU, expected one of samples/gpus.json");
	}
	if (err) {
		whatif_free(w);
		return NULL;
	}
	return w;
}

void whatif_free(struct whatif *w) {
	if (w) {
		gpu_catalogue_free(w->cards);
		spool_free(w->requests);
		free(w->models);
		free(w->skipped);
		free(w);
	}
}

int whatif_add_record(struct whatif *w, unsigned lane, const struct record *r, struct fault *why) {
	const struct request *q = &r->request;
	struct request_played item;

	if (r->kind != RECORD_REQUEST) {
		return 0;
	}
	if (q->arrival_ns == UNKNOWN || q->arrival_ns > REPLAY_LAST_NS || q->prompt_tokens < 1 || q->prompt_tokens > PLAYED_TOKENS_MAX || q->completion_tokens > PLAYED_TOKENS_MAX) {
		w->skipped[lane]++;
		return 0;
	}
	memset(&item, 0, sizeof item);
	item.replica = names_id(w->o.names, r->replica);
	if (q->prefill_replica.len > 0 && !text_eq(q->prefill_replica, r->replica)) {
		item.decode_replica = item.replica;
		item.replica = names_id(w->o.names, q->prefill_replica);
	}
	item.model = names_id(w->o.names, r->model);
	item.prompt = (uint32_t)q->prompt_tokens;
	item.cached = q->cached_tokens < 0 ? 0 : (uint32_t)(q->cached_tokens < q->prompt_tokens ? q->cached_tokens : q->prompt_tokens - 1);
	item.completion = q->completion_tokens < 1 ? 1 : (uint32_t)q->completion_tokens;
	item.arrival_ns = q->arrival_ns;
	item.id = q->id.len > 0 ? text_hash(q->id) | 1 : 0;
	return spool_add(w->requests, lane, &item, sizeof item, why);
}

int whatif_add_entry(void *whatif, const struct entry *e) {
	struct whatif *w = whatif;

	w->capacity_ns += e->gpu_ns;
	if (e->kind <= ENTRY_OUTPUT) {
		*(e->kind == ENTRY_OUTPUT ? &w->decode_ns : &w->prefill_ns) += e->gpu_ns;
		w->busy_ns += e->gpu_ns;
	}
	if (e->rate_nano >= 0) {
		w->priced_ns += e->gpu_ns;
		w->money += (double)e->gpu_ns * (double)e->rate_nano / 1e9 / (double)NS_PER_HOUR;
	}
	return 0;
}

int whatif_add_model(void *whatif, const struct fitted_model *m) {
	struct whatif *w = whatif;

	w->models = must_realloc(w->models, (w->model_count + 1) * sizeof *w->models);
	w->models[w->model_count++] = *m;
	return 0;
}

/* ---- prices ---- */

double whatif_rate(const struct whatif *w) {
	return w->o.rent_nano != ESTIMATE_NONE ? (double)w->o.rent_nano / 1e9 / (double)NS_PER_HOUR
	       : w->priced_ns > 0             ? w->money / (double)w->priced_ns
	                                      : NAN;
}

static struct whatif_costs costs_of(const struct whatif *w, const struct outcome *o) {
	const struct replay_sums *s = &o->sums;
	double rate = whatif_rate(w), uncached = (double)(s->input - s->input_cached);
	struct whatif_costs c;

	c.utilization = w->o.utilization > 0 ? (double)w->o.utilization / 1e9 : (double)s->busy_ns / (double)o->capacity_gpu_ns;
	c.busy_money = (double)s->busy_ns * rate;
	double million = 1e6 * rate / fmin(1, c.utilization);
	c.input = uncached > 0 ? (double)(s->prefill_ns - s->cached_ns) * million / uncached : NAN;
	c.cached = s->input_cached > 0 ? (double)s->cached_ns * million / (double)s->input_cached : NAN;
	c.output = s->output > 0 ? (double)s->decode_ns * million / (double)s->output : NAN;
	return c;
}

static double list_of(int64_t nano) {
	return nano == ESTIMATE_NONE ? NAN : (double)nano / 1e9;
}

/* Revenue of the tokens at the given list prices. */
static double revenue_of(const struct whatif *w, const struct outcome *o) {
	double input = list_of(w->o.list_input_nano), cached = list_of(w->o.list_cached_nano), output = list_of(w->o.list_output_nano);
	const struct replay_sums *s = &o->sums;

	cached = isnan(cached) ? input : cached;
	return ((double)(s->input - s->input_cached) * input + (double)s->input_cached * cached + (double)s->output * output) / 1e6;
}

/* ---- scenarios ---- */

static struct scenario as_it_was(const struct whatif *w, const char *name) {
	return (struct scenario){.name = name, .cache_hit = NAN, .input_output = NAN, .load = NAN, .max_batch = w->o.max_batch > 0 ? w->o.max_batch : 256,
	                         .chunk = w->o.chunk > 0 ? w->o.chunk : 2048};
}

static struct scenario as_asked(const struct whatif *w) {
	struct scenario s = as_it_was(w, "as requested");

	s.cache_hit = list_of(w->o.cache_hit);
	s.input_output = w->o.input_output > 0 ? (double)w->o.input_output / 1e9 : NAN;
	s.load = w->o.load > 0 ? (double)w->o.load / 1e9 : NAN;
	s.disaggregate = w->o.disaggregate;
	s.card = w->o.gpu ? gpu_find(w->cards, text_of(w->o.gpu)) : NULL;
	return s;
}

static bool is_asked(const struct whatif_options *o) {
	return o->rent_nano != ESTIMATE_NONE || o->utilization > 0 || o->max_batch > 0 || o->chunk > 0 || o->cache_hit != ESTIMATE_NONE ||
	       o->input_output > 0 || o->load > 0 || o->gpu || o->disaggregate || o->kv_tokens > 0 || o->transfer_ns > 0;
}

#define SCENARIOS_MAX 16

static size_t common_questions(const struct whatif *w, struct scenario out[SCENARIOS_MAX]) {
	static const struct {
		const char *name;
		double cache_hit, input_output, load;
		int64_t max_batch; /* 0: unchanged */
	} questions[] = {{"at most 8 sequences", NAN, NAN, NAN, 8}, {"at most 32 sequences", NAN, NAN, NAN, 32},
	                 {"0 % of prompts cached", 0, NAN, NAN, 0}, {"50 % of prompts cached", 0.5, NAN, NAN, 0}, {"90 % of prompts cached", 0.9, NAN, NAN, 0},
	                 {"input : output 3 : 1", NAN, 3, NAN, 0}, {"input : output 35 : 1", NAN, 35, NAN, 0},
	                 {"0.5 times the load", NAN, NAN, 0.5, 0}, {"2 times the load", NAN, NAN, 2, 0}, {"prefill and decode separate", NAN, NAN, NAN, 0}};

	for (size_t i = 0; i < COUNT(questions); i++) {
		out[i] = as_it_was(w, questions[i].name);
		out[i].cache_hit = questions[i].cache_hit;
		out[i].input_output = questions[i].input_output;
		out[i].load = questions[i].load;
		out[i].max_batch = questions[i].max_batch > 0 ? questions[i].max_batch : out[i].max_batch;
	}
	out[COUNT(questions) - 1].disaggregate = true;
	return COUNT(questions);
}

/* ---- answers ---- */

/* If requests arrive faster than they are served, the remaining ones at the end are served, and paid for, after it. */
static void stretch(struct whatif *w, struct outcome *o) {
	int128 drain_ns = o->sums.drain_ns;

	if (w->drain_ns < 0) {
		w->drain_ns = drain_ns;
	}
	o->longer_ns = drain_ns > w->drain_ns ? drain_ns - w->drain_ns : 0;
	o->capacity_gpu_ns += o->longer_ns;
}

static int answer(struct whatif *w, const struct scenario *s, struct answer *a, struct fault *why) {
	a->scenario = *s;
	int err = whatif_play(w, s, &a->outcome, why);
	if (!err) {
		stretch(w, &a->outcome);
		a->costs = costs_of(w, &a->outcome);
	}
	return err;
}

double answer_batch(const struct answer *a) {
	const struct replay_sums *s = &a->outcome.sums;
	return s->decode_steps > 0 ? (double)s->decode_slots / (double)s->decode_steps : NAN;
}

double answer_wait_ms(const struct answer *a) {
	const struct replay_sums *s = &a->outcome.sums;
	return s->first_tokens > 0 ? (double)s->first_token_wait_ns / (double)s->first_tokens / 1e6 : NAN;
}

double answer_ratio(const struct answer *a) {
	return a->costs.output / a->costs.input;
}

double answer_spread(const struct answer *a) {
	bool measured = a->scenario.card && law_card_of(a->scenario.card).measured;

	return !a->outcome.extrapolated ? NAN : measured ? CARD_SPREAD : UNMEASURED_SPREAD;
}

double whatif_break_even(const struct whatif *w, const struct answer *a) {
	return a->costs.busy_money / (revenue_of(w, &a->outcome) * (1 - (double)w->o.margin / 1e9));
}

static void print_answer(const struct answer *a, FILE *out) {
	char in[SHEET_NUMBER_MAX], cached[SHEET_NUMBER_MAX], made[SHEET_NUMBER_MAX], batch[SHEET_NUMBER_MAX];

	fprintf(out, "  %-28s %9.4f %7.1f %% %7s %9.0f", a->scenario.name, (double)a->outcome.sums.busy_ns / (double)NS_PER_HOUR,
	        a->costs.utilization * 100, sheet_number(answer_batch(a), 1, batch), answer_wait_ms(a));
	fprintf(out, " %9s %9s %9s %8.1f", sheet_number(a->costs.input, 5, in), sheet_number(a->costs.cached, 5, cached),
	        sheet_number(a->costs.output, 5, made), answer_ratio(a));
	if (a->outcome.extrapolated) {
		fprintf(out, "  (extrapolated, x / %.1f)", answer_spread(a));
	} else if (a->costs.utilization > 1) {
		fputs("  (needs more GPUs)", out);
	}
	fputc('\n', out);
}

/* Adds a note if the cache's memory was the limit. */
static void print_cache(const struct answer *a, FILE *out) {
	const struct replay_sums *s = &a->outcome.sums;

	if (s->preemptions > 0) {
		fprintf(out, "%s: %lld preemptions, %lld recomputed tokens; the cache holds %lld tokens\n", a->scenario.name,
		        (long long)s->preemptions, (long long)s->recomputed, (long long)a->outcome.kv_tokens);
	}
}

/* A faster GPU has fewer requests at once: its time is saved only if something else uses it. */
static void print_emptier(const struct answer *was, const struct answer *a, FILE *out) {
	double before = answer_batch(was), after = answer_batch(a);

	if (a->scenario.card && a->outcome.sums.busy_ns < was->outcome.sums.busy_ns && after < 0.95 * before) {
		fprintf(out, "%s: on %s the same requests decode %.1f at once instead of %.1f; a faster GPU only "
			     "shrinks the batch unless --load grows\n",
		        a->scenario.name, a->scenario.card->name, after, before);
	}
}

/* Below one part in a hundred it is only the end of the last requests. */
static void print_longer(const struct answer *a, FILE *out) {
	double share = (double)a->outcome.longer_ns / fmax(1, (double)(a->outcome.capacity_gpu_ns - a->outcome.longer_ns));

	if (share >= 0.01) {
		fprintf(out, "%s: requests come faster than they are served; serving all of them takes %.0f %% more paid time\n", a->scenario.name, share * 100);
	}
}

static void print_check(const struct whatif *w, const struct answer *was, FILE *out) {
	double replayed = (double)was->outcome.sums.busy_ns, logged = (double)w->busy_ns;

	fprintf(out, "Replay of the logged run: %.6f GPU-hours at work, logged %.6f: %+.2f %%; prefill %+.2f %%, decode %+.2f %%\n\n", replayed / (double)NS_PER_HOUR, logged / (double)NS_PER_HOUR, 100 * (replayed / logged - 1),
	        100 * ((double)was->outcome.sums.prefill_ns / (double)w->prefill_ns - 1),
	        100 * ((double)was->outcome.sums.decode_ns / (double)w->decode_ns - 1));
}

static void print_head(const struct whatif *w, FILE *out) {
	fprintf(out, "  %-28s %9s %9s %7s %9s %9s %9s %9s %8s\n", "what if", "GPU-hours", "at work", "batch", "TTFT ms", "input/M", "cached/M", "output/M", "out : in");
	fprintf(out, "  %-28s costs loaded, in %s at %.4g per GPU-hour\n", "", w->o.currency, whatif_rate(w) * (double)NS_PER_HOUR);
}

static void print_breakeven(const struct whatif *w, const struct answer *a, FILE *out) {
	double left = 1 - (double)w->o.margin / 1e9, share = whatif_break_even(w, a);
	char in[SHEET_NUMBER_MAX], cached[SHEET_NUMBER_MAX], made[SHEET_NUMBER_MAX];

	fprintf(out, "\nBreak-even list price (%s, margin %.4g %%), per million: input %s, cached %s, output %s\n", a->scenario.name,
	        (double)w->o.margin / 1e7, sheet_number(a->costs.input / left, 5, in), sheet_number(a->costs.cached / left, 5, cached),
	        sheet_number(a->costs.output / left, 5, made));
	if (!isnan(share)) {
		fprintf(out, "Break-even utilisation at the list prices given: %.1f %%%s\n", share * 100, share > 1 ? ": not even GPUs that never idle would pay for themselves" : "");
	}
}

struct timed {
	const char *part;
	int128 gpu_ns;
};

static void json_times(const struct timed *times, size_t count, FILE *out) {
	char text[EXACT_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s\"%s_gpu_ns\":%s", i > 0 ? "," : "", times[i].part, exact_print(times[i].gpu_ns, text));
	}
}

static void json_answer(const struct answer *a, bool first, FILE *out) {
	const struct replay_sums *s = &a->outcome.sums;

	fputs(first ? "\n  {\"scenario\":" : ",\n  {\"scenario\":", out);
	sheet_json_text(a->scenario.name, out);
	fprintf(out, ",\"extrapolated\":%s,", a->outcome.extrapolated ? "true" : "false");
	json_times((const struct timed[]){{"busy", s->busy_ns}, {"prefill", s->prefill_ns}, {"decode", s->decode_ns},
	                                  {"capacity", a->outcome.capacity_gpu_ns}, {"longer", a->outcome.longer_ns}}, 5, out);
	const struct {
		const char *key;
		double value;
	} figures[] = {{"utilization", a->costs.utilization}, {"mean_batch", answer_batch(a)}, {"mean_ttft_ms", answer_wait_ms(a)},
	               {"input_uncached", a->costs.input}, {"input_cached", a->costs.cached}, {"output", a->costs.output},
	               {"output_per_input", answer_ratio(a)}};
	for (size_t i = 0; i < COUNT(figures); i++) {
		fprintf(out, ",\"%s\":", figures[i].key);
		sheet_json_number(figures[i].value, out);
	}
	fputs(",\"spread\":", out);
	sheet_json_number(answer_spread(a), out);
	fprintf(out, ",\"preemptions\":%lld,\"recomputed_tokens\":%lld,\"kv_tokens\":", (long long)s->preemptions, (long long)s->recomputed);
	sheet_json_number(a->outcome.kv_tokens > 0 ? (double)a->outcome.kv_tokens : NAN, out);
	fputs("}", out);
}

static void print_table(const struct whatif_answers *all, FILE *out) {
	const struct answer *answers = all->at;

	print_check(all->w, &answers[0], out);
	print_head(all->w, out);
	for (size_t i = 0; i < all->count; i++) {
		print_answer(&answers[i], out);
	}
	for (size_t i = 0; i < all->count; i++) {
		print_cache(&answers[i], out);
		print_emptier(&answers[0], &answers[i], out);
		print_longer(&answers[i], out);
	}
	print_breakeven(all->w, &answers[all->even], out);
	if (all->left_out > 0) {
		fprintf(out, "%lld requests without an arrival or with impossible token counts are left out.\n", (long long)all->left_out);
	}
}

static void print_json(const struct whatif_answers *all, FILE *out) {
	const struct whatif *w = all->w;

	fprintf(out, "{\"schema\":\"tollbook.whatif.v1\",\"currency\":\"%s\",\"logged\":{", w->o.currency);
	json_times((const struct timed[]){{"busy", w->busy_ns}, {"prefill", w->prefill_ns}, {"decode", w->decode_ns}}, 3, out);
	fputs("},\n \"scenarios\":[", out);
	for (size_t i = 0; i < all->count; i++) {
		json_answer(&all->at[i], i == 0, out);
	}
	const struct answer *a = &all->at[all->even];
	const double left = 1 - (double)w->o.margin / 1e9, even[] = {1 - left, a->costs.input / left, a->costs.cached / left, a->costs.output / left, whatif_break_even(w, a)};
	static const char *const keys[] = {"margin", "input_uncached", "input_cached", "output", "utilization"};
	fputs("\n ],\n \"break_even\":{\"scenario\":", out);
	sheet_json_text(a->scenario.name, out);
	for (size_t i = 0; i < COUNT(keys); i++) {
		fprintf(out, ",\"%s\":", keys[i]);
		sheet_json_number(even[i], out);
	}
	fputs("}}\n", out);
}

/* Sums over the requests, needed to change mix or load. */
static int survey(struct whatif *w, struct fault *why) {
	struct spool_reader *reader;
	const void *item;
	size_t len;
	int got, err = spool_seal(w->requests, why);

	if (err || (err = spool_reader_new(&reader, w->requests, why))) {
		return err;
	}
	struct request_played last = {0};
	while ((got = spool_next(reader, &item, &len, why)) > 0) {
		const struct request_played *q = item;
		if (request_played_twice(q, &last)) {
			continue;
		}
		last = *q;
		w->input += q->prompt;
		w->output += q->completion;
		w->first_ns = q->arrival_ns < w->first_ns ? q->arrival_ns : w->first_ns;
	}
	spool_reader_free(reader);
	if (got == 0 && spool_count(w->requests) == 0) {
		return fault_set(why, ERROR_CONFIG, "no request with an arrival and tokens to replay: expected logs with requests and steps");
	}
	return got;
}

/* The original run, whatever is requested. */
static int answer_as_it_was(struct whatif *w, struct answer *out, struct fault *why) {
	struct whatif_options asked = w->o;

	w->o.max_batch = w->o.chunk = w->o.utilization = w->o.kv_tokens = w->o.transfer_ns = 0;
	w->o.rent_nano = ESTIMATE_NONE;
	struct scenario was = as_it_was(w, "as logged");
	int err = answer(w, &was, out, why);
	w->o = asked;
	return err;
}

static void print_answers(const struct whatif_answers *all, const char *format, FILE *out) {
	static const struct {
		const char *name;
		void (*print)(const struct whatif_answers *, FILE *);
	} forms[] = {{"table", print_table}, {"csv", whatif_csv}, {"json", print_json}, {"html", whatif_html}, {"markdown", whatif_markdown}};

	for (size_t i = 0; i < COUNT(forms); i++) {
		if (strcmp(format ? format : "table", forms[i].name) == 0) {
			forms[i].print(all, out);
		}
	}
}

int whatif_print(struct whatif *w, const char *format, FILE *out, struct fault *why) {
	struct answer answers[SCENARIOS_MAX + 1];
	struct scenario scenarios[SCENARIOS_MAX];
	struct whatif_answers all = {.w = w, .at = answers, .count = 1};
	int err = survey(w, why);

	err = err ? err : answer_as_it_was(w, &answers[0], why);
	size_t more = is_asked(&w->o) ? 1 : common_questions(w, scenarios);
	if (is_asked(&w->o)) {
		scenarios[0] = as_asked(w);
	}
	for (size_t i = 0; !err && i < more; i++) {
		err = answer(w, &scenarios[i], &answers[all.count++], why);
	}
	if (err) {
		return err;
	}
	for (unsigned i = 0; i < w->o.lanes; i++) {
		all.left_out += w->skipped[i];
	}
	all.even = is_asked(&w->o);
	print_answers(&all, format, out);
	return 0;
}
