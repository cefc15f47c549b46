#include "core/model/load.h"

#include <math.h>

#define NS 1e9

static double mean_context(const struct load_engine *e) {
	return e->cached + e->prompt + e->output / 2;
}

static double decode_ns(const struct load_engine *e, double batch) {
	return e->step_ns(e->context, 0, 0, batch, batch * mean_context(e));
}

/*
 * Time that a prompt adds to the steps of `batch` decoding sequences: its chunks, minus the steps that would take
 * place anyway; without decoding sequences, separate steps. In a large batch several short prompts share one step.
 */
static double prompt_ns(const struct load_engine *e, double batch) {
	double chunks = ceil(e->prompt / e->chunk), part = e->prompt / chunks;
	double together = fmax(1, fmin(batch / fmax(1, e->output), e->chunk / part));
	double a = part * together * (e->cached + e->prompt / 2), alone = e->step_ns(e->context, part * together, a, 0, 0);

	chunks /= together;
	if (batch <= 0) {
		return chunks * alone;
	}
	double mixed = e->step_ns(e->context, part * together, a, batch, batch * mean_context(e)) - decode_ns(e, batch);
	double beside = 1 - exp(-batch); /* at least one sequence decodes */
	return chunks * (beside * fmin(alone, mixed) + (1 - beside) * alone);
}

double load_capacity(const struct load_engine *e) {
	return NS / (prompt_ns(e, e->max_batch) + (e->output - 1) * decode_ns(e, e->max_batch) / e->max_batch);
}

/* Sequences that decode at this rate per ns: the smallest that keeps up, at most the largest batch. */
static double decoding_at(const struct load_engine *e, double rate) {
	double d = 0;

	for (int i = 0; i < 2000; i++) {
		double left = 1 - rate * prompt_ns(e, d);
		double next = left > 0 ? rate * (e->output - 1) * decode_ns(e, fmin(1 + d, e->max_batch)) / left : e->max_batch;
		next = fmin(next, e->max_batch);
		if (next - d < 1e-6 * (1 + d)) {
			return next;
		}
		d = next;
	}
	return d;
}

/* The share of requests that find all servers busy (Erlang C), by the recursion of Erlang B. */
static double all_taken(double servers, double rho) {
	double offered = rho * servers, inverse = 1;

	for (double n = 1; n <= servers; n++) {
		inverse = 1 + inverse * n / offered;
		if (inverse > 1e15) {
			return 0;
		}
	}
	double blocked = 1 / inverse;
	return blocked / (1 - rho * (1 - blocked));
}

/*
 * Waiting time of a request relative to its service time: a queue with as many servers as the batch holds, all
 * requests equal (Cosmetatos 1975 on M/D/c).
 */
static double waiting(const struct load_engine *e, double decoding) {
	double servers = fmax(1, floor(e->max_batch)), rho = fmin(decoding / servers, 0.995);

	if (rho < 0.01) {
		return 0;
	}
	double alike = 1 + (1 - rho) * (servers - 1) * (sqrt(4 + 5 * servers) - 2) / (16 * rho * servers);
	return all_taken(servers, rho) / (servers * (1 - rho)) * fmin(1, alike / 2);
}

/* A prompt that fits into a step shares it with those that arrived during the previous step: the time of that step. */
static double shared_step_ns(const struct load_engine *e, double decoding, double per_ns, double alone) {
	double together = fmin(1 + per_ns * alone, e->chunk / e->prompt), tokens = e->prompt * together;

	if (together <= 1) {
		return alone;
	}
	return e->step_ns(e->context, tokens, tokens * (e->cached + e->prompt / 2), decoding, decoding * mean_context(e));
}

void load_at(const struct load_engine *e, double rate, struct load_point *out) {
	double capacity = load_capacity(e);

	*out = (struct load_point){.rate = fmin(rate, capacity)};
	out->offered = out->rate / capacity;
	double per_ns = out->rate / NS, d = decoding_at(e, per_ns), others = fmin(1 + d, e->max_batch);
	double added = prompt_ns(e, d), chunks = ceil(e->prompt / e->chunk), part = e->prompt / chunks;

	out->decoding = d;
	out->prefill = fmin(1, per_ns * added);
	double slower = 1 / fmax(0.005, 1 - out->prefill);
	out->token_ms = decode_ns(e, others) * slower / 1e6;
	/* In a separate step, or in one of the decode steps, after waiting for the current one to end. */
	double own = chunks * e->step_ns(e->context, part, part * (e->cached + e->prompt / 2), d, d * mean_context(e));
	/* other prompts before it: a queue with one server, all equal; short ones share a step */
	double busy = fmin(0.995, per_ns * own);
	own = shared_step_ns(e, d, per_ns, own);
	double behind = busy / (2 * (1 - busy)) * own * fmin(1, e->prompt / e->chunk) + (1 - exp(-d)) * decode_ns(e, fmax(1, d)) / 2;
	double answer_ms = (e->output - 1) * out->token_ms;
	double wait_ms = waiting(e, d) * ((own + behind) / 1e6 + answer_ms);
	out->ttft_ms = (own + behind) / 1e6 + wait_ms;
	out->request_ms = out->ttft_ms + answer_ms;
	double inside = d + per_ns * own;
	out->at_work = fmax(1 - exp(-inside), out->offered);
	double decodes = 1 - exp(-d);
	out->batch = d > 0 ? fmin(e->max_batch, fmax(1, d / decodes)) : 1;
}
