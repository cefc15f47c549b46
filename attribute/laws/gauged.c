/* gauged.c: from windows of tokens and gauges to sums. */
#include "attribute/laws/gauged.h"

#include <math.h>
#include <string.h>

#include "attribute/laws/priors.h"

#define NS 1e9

/* Defaults for prompts and contexts of sequences where the cache's use does not show them. */
#define USUAL_PROMPT_NTOK 1024
#define USUAL_CONTEXT_NTOK 1500
#define LEAST_PROMPT_NTOK 64

/* Budget of prompt tokens per step: vLLM's default. */
#define CHUNK_NTOK 2048

#define GAUGE_LIMIT ((int64_t)1 << 40)
#define GAUGE_SUM_LIMIT ((int64_t)1 << 61)
#define PPM 1e6

/* ---- gauges ---- */

void gauges_forget(struct gauges *g) {
	*g = (struct gauges){.running = UNKNOWN, .context_tokens = UNKNOWN};
}

/*
 * Tokens in the cache. Where only the used part of it is logged, its size is an estimate: then contexts are assumed
 * to differ from usual ones by the root of the computed factor.
 */
static int64_t context_of(const struct window_item *i, const struct proportions *p) {
	if (i->context_tokens != UNKNOWN) {
		return i->context_tokens;
	}
	if (i->cache_ppm <= 0 || i->running <= 0 || p->cache_ntok <= 0) {
		return UNKNOWN;
	}
	double each = (double)i->cache_ppm / PPM * p->cache_ntok / (double)i->running;
	return (int64_t)(sqrt(each * USUAL_PROMPT_NTOK) * (double)i->running);
}

void gauges_note(struct gauges *g, const struct window_item *i, const struct proportions *p) {
	g->running = i->running;
	g->context_tokens = context_of(i, p);
	if (g->running <= 0 || g->running >= GAUGE_LIMIT || g->running_sum >= GAUGE_SUM_LIMIT) {
		return;
	}
	g->running_sum += g->running;
	g->running_count++;
	if (g->context_tokens > 0 && g->context_tokens < GAUGE_LIMIT && g->context_sum < GAUGE_SUM_LIMIT) {
		g->context_sum += g->context_tokens;
		g->context_running += g->running;
	}
}

/* ---- the work of a window ---- */

static double known(int64_t n) {
	return n > 0 ? (double)n : 0;
}

/* Sequences in a step: the mean of both ends; if work began or ended in the window, halfway to the day's mean. */
static double sequences_of(int64_t first, int64_t last, const struct gauges *g) {
	double ends = first > 0 && last > 0 ? (known(first) + known(last)) / 2 : known(first) + known(last);
	double typical = g->running_count > 0 ? (double)g->running_sum / (double)g->running_count : 1;
	double sequences = first > 0 && last > 0 ? ends : ends > 0 ? sqrt(ends * typical) : typical;

	return fmax(1, sequences);
}

struct done {
	double prompt, output, sequences, context, length; /* context: of a sequence; length: of a prompt */
	double steps, with_prompts;                        /* steps in all, and those with prompts */
};

/*
 * The number of steps that contain prompts, which arrive at random: at least one each, and more as a step's budget
 * requires.
 */
static void set_steps(struct done *d) {
	double least = d->prompt / CHUNK_NTOK, prompts = d->prompt / d->length;

	d->steps = d->output / d->sequences;
	if (d->output <= 0) {
		d->with_prompts = fmax(prompts, least);
	} else {
		d->with_prompts = fmin(fmax(d->steps, least), fmax(least, d->steps * (1 - exp(-prompts / d->steps))));
	}
	d->steps = fmax(d->steps, d->with_prompts);
}

static struct done done_of(const struct window_item *i, enum role role, const struct gauges *before, const struct gauges *g) {
	int64_t cached = i->input_is_computed ? 0 : i->cached_tokens;
	struct done d = {
		.prompt = role == ROLE_DECODE ? 0 : fmax(0, known(i->input_tokens) - known(cached)),
		.output = role == ROLE_PREFILL ? 0 : known(i->sequence_steps > 0 ? i->sequence_steps : i->output_tokens),
		.sequences = sequences_of(before->running, i->running, g),
		.context = USUAL_CONTEXT_NTOK,
		.length = USUAL_PROMPT_NTOK,
	};

	if (g->context_running > 0) {
		d.context = fmax(LEAST_PROMPT_NTOK, (double)g->context_sum / (double)g->context_running);
		d.length = d.context;
	}
	set_steps(&d);
	return d;
}

static void put(double x[GAUGED_TERMS], double steps, double sequences, double context, double tokens, double attention, double prompts) {
	const double terms[GAUGED_TERMS] = {steps, sequences, context, tokens, attention, prompts};

	memcpy(x, terms, sizeof terms);
}

bool gauged_window(const struct window_item *i, enum role role, const struct gauges *before, const struct gauges *g,
                   const struct proportions *p, struct gauged_window *out) {
	double length_ns = (double)(i->end_ns - i->head.at_ns);

	if (i->running == UNKNOWN || length_ns <= 0) {
		return false;
	}
	struct done d = done_of(i, role, before, g);
	double read = experts_read(p->chosen, d.sequences), attention = d.prompt * d.length, n = d.sequences;
	double beside = fmin(d.output, n * d.with_prompts), steps = fmax(0, d.output - n * d.with_prompts);
	*out = (struct gauged_window){
		.length_ns = length_ns,
		.throughout = before->running > 0 && i->running > 0,
		.has_row = before->running != UNKNOWN && d.prompt + d.output > 0,
		.has_context = g->context_running > 0,
		.gauge = i->running > 0 && i->running < GAUGE_LIMIT ? i->running : 0,
		.running = (known(before->running) + known(i->running)) / 2,
		.prompt_rate = d.prompt / length_ns * NS,
		.output_rate = d.output / length_ns * NS,
	};
	put(out->all, read * (d.steps - d.with_prompts), d.output, d.context * (d.output + BESIDE * beside), d.prompt, attention, d.with_prompts);
	put(out->seen, read * steps, n * d.output, n * d.context * d.output, n * d.prompt, n * attention, n * d.with_prompts);
	put(out->prompts, 0, 0, 0, d.prompt, attention, d.with_prompts);
	put(out->mixed, 0, beside, d.context * beside * (1 + BESIDE), d.prompt, attention, d.with_prompts);
	if (d.output > 0) {
		put(out->sequences, read * d.with_prompts, beside, d.context * beside, 0, 0, 0);
	}
	return true;
}

/* ---- sums ---- */

/* Of steps and prompts in a nanosecond, and of the sequences' mean. */
static const int bits[GAUGED_COLUMNS] = {46, 44, 36, 40, 26, 46, 20};
#define TERM_LIMIT 0x1p52 /* times an instrument below RATE_LIMIT, summed over 2^31 rows: fits 127 bits */
#define RATE_LIMIT 0x1p40

int gauged_bits(int column) {
	return bits[column];
}

static bool scaled(double value, int shift, double limit, int64_t *out) {
	double units = ldexp(value, shift);

	if (!(units >= 0 && units < limit)) {
		return false;
	}
	*out = (int64_t)(units + 0.5);
	return true;
}

static void add_row(struct gauged_rows *rows, const struct gauged_window *w) {
	const double rates[GAUGED_INSTRUMENTS] = {w->output_rate, w->prompt_rate, 1};
	int64_t terms[GAUGED_COLUMNS], by[GAUGED_INSTRUMENTS];
	bool fits = scaled(w->running, bits[GAUGED_TERMS], TERM_LIMIT, &terms[GAUGED_TERMS]);

	for (int i = 0; i < GAUGED_TERMS && fits; i++) {
		fits = scaled(w->seen[i] / w->length_ns, bits[i], TERM_LIMIT, &terms[i]);
	}
	for (int k = 0; k < GAUGED_INSTRUMENTS && fits; k++) {
		fits = scaled(rates[k], GAUGED_RATE_BITS, RATE_LIMIT, &by[k]);
	}
	if (!fits) {
		return;
	}
	rows->rows++;
	for (int k = 0; k < GAUGED_INSTRUMENTS; k++) {
		for (int i = 0; i < GAUGED_COLUMNS; i++) {
			rows->sums[k * GAUGED_COLUMNS + i] += (int128)by[k] * terms[i];
		}
	}
}

static void count(int128 *sum, const double x[GAUGED_TERMS]) {
	for (int i = 0; i < GAUGED_TERMS; i++) {
		if (x[i] >= 0 && x[i] < 0x1p62) {
			sum[i] += (int64_t)(x[i] + 0.5);
		}
	}
}

void gauged_note(struct gauged *g, unsigned bucket, const struct gauged_window *w) {
	if (w->has_row && w->throughout) {
		add_row(&g->buckets[GAUGED_THROUGHOUT][bucket], w);
	}
	if (w->has_row) {
		add_row(&g->buckets[GAUGED_ALL][bucket], w);
	}
	g->running += w->gauge;
	g->gauges += w->gauge > 0;
	g->windows++;
	g->contexts += w->has_context;
	count(g->all, w->all);
	count(g->mixed, w->mixed);
	count(g->prompts, w->prompts);
	count(g->sequences, w->sequences);
}

void gauged_join_rows(struct gauged_rows *to, const struct gauged_rows *from) {
	to->rows += from->rows;
	for (int i = 0; i < GAUGED_SUMS; i++) {
		to->sums[i] += from->sums[i];
	}
}

void gauged_pack(const struct gauged *g, int128 totals[GAUGED_TOTALS]) {
	const int128 *const lists[] = {g->all, g->mixed, g->prompts, g->sequences};

	totals[0] = g->running;
	totals[1] = g->gauges;
	totals[2] = g->windows;
	totals[3] = g->contexts;
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
		memcpy(totals + 4 + l * GAUGED_TERMS, lists[l], GAUGED_TERMS * sizeof **lists);
	}
}

void gauged_join_totals(struct gauged *to, const int128 totals[GAUGED_TOTALS]) {
	int128 *const lists[] = {to->all, to->mixed, to->prompts, to->sequences};

	to->running += totals[0];
	to->gauges += totals[1];
	to->windows += totals[2];
	to->contexts += totals[3];
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
		for (size_t i = 0; i < GAUGED_TERMS; i++) {
			lists[l][i] += totals[4 + l * GAUGED_TERMS + i];
		}
	}
}

void gauged_join(struct gauged *to, const struct gauged *from) {
	int128 totals[GAUGED_TOTALS];

	for (int kind = 0; kind < GAUGED_KINDS; kind++) {
		for (int b = 0; b < GAUGED_BUCKETS; b++) {
			gauged_join_rows(&to->buckets[kind][b], &from->buckets[kind][b]);
		}
	}
	gauged_pack(from, totals);
	gauged_join_totals(to, totals);
}

/* ---- use ---- */

static double dot(const struct gauged_model *m, const double x[GAUGED_TERMS]) {
	double sum = 0;

	for (int i = 0; i < GAUGED_TERMS; i++) {
		sum += m->ns[i] * x[i];
	}
	return sum;
}

double gauged_ns(const struct gauged_model *m, const struct gauged_window *w) {
	return dot(m, w->all);
}

double gauged_share(const struct gauged_model *m, const struct gauged_window *w, enum rule rule) {
	double more = (m->tokens_a_step - 1) * m->ns[GAUGED_STEP] * w->sequences[GAUGED_STEP];
	const struct split_times t = {dot(m, w->mixed), dot(m, w->prompts), dot(m, w->sequences) + more};
	double all = dot(m, w->all);

	return all > 0 ? fmax(0, fmin(1, split_prefill_share(rule, &t) * t.whole / all)) : 0.5;
}
