/*
 * counted_latencies.c: the times between tokens that a law and a budget of tokens would make, beside those that the engine
 * counted in buckets. A small budget makes many steps of medium length, a large one few long ones.
 */
#include <math.h>

#include "attribute/laws/counted.h"

static const double bounds_ms[] = WINDOW_WITHIN_MS;

/* Steps of one kind are log-normally spread around their time. */
#define SPREAD 0.15
/* Tokens of prompts in a step: exponentially distributed, up to the room; at the middles of this many parts. */
#define PARTS 8
#define LEAST_FILL 0.01
#define MOST_FILL 0.995
#define MOST_HALVINGS 60
/* This part of the times may be anywhere. */
#define ANYWHERE 0.003

static void add_steps(double below[COUNTED_LATENCIES], double weight, double step_ns) {
	for (int n = 0; n < COUNTED_LATENCIES && step_ns > 0; n++) {
		below[n] += weight * erfc(-log(1e6 * bounds_ms[n] / step_ns) / SPREAD / sqrt(2)) / 2;
	}
}

/* The mean of an exponential distribution that is cut off at 1 and has this mean then. */
static double mean_uncut(double fill) {
	double low = 1e-3, high = 1e4, middle = 1;

	fill = fmin(MOST_FILL, fmax(LEAST_FILL, fill));
	for (int i = 0; i < MOST_HALVINGS; i++) {
		middle = sqrt(low * high);
		*(middle * -expm1(-1 / middle) < fill ? &low : &high) = middle;
	}
	return middle;
}

/* The part of the times that is below each bound. */
static void predict(const struct counted_by *by, double tokens, const double ns[COUNTED_TERMS], double below[COUNTED_LATENCIES]) {
	double slow = fmin(tokens, (double)by->slow[COUNTED_PROMPT]), fast = tokens - slow;

	if (fast > 0) {
		add_steps(below, fast / tokens, counted_sum(by->fast, ns) / fast + COUNTED_GAP_NS);
	}
	if (slow <= 0 || by->slow[COUNTED_TOKEN] <= 0 || by->room <= 0) {
		return;
	}
	double ntok = (double)by->slow[COUNTED_TOKEN], each_ns = ns[COUNTED_TOKEN] + ns[COUNTED_ATTENTION] * (double)by->slow[COUNTED_ATTENTION] / ntok;
	double base_ns = counted_sum(by->slow, ns) / slow - each_ns * ntok / slow + COUNTED_GAP_NS;
	double room = (double)by->room / slow, uncut = mean_uncut(ntok / (double)by->room);
	for (int i = 0; i < PARTS; i++) {
		double fill = fmin(1, -uncut * log1p(-(i + 0.5) / PARTS));
		add_steps(below, slow / tokens / PARTS, base_ns + each_ns * fill * room);
	}
}

double counted_latencies_off(const struct counted *c, int k, const double ns[COUNTED_TERMS]) {
	double below[COUNTED_LATENCIES + 1] = {[COUNTED_LATENCIES] = 1}, tokens = (double)c->latencies, off = 0;
	double before = 0, seen_before = 0;

	if (tokens <= 0) {
		return 0;
	}
	predict(&c->by[k], tokens, ns, below);
	for (int n = 0; n <= COUNTED_LATENCIES; n++) {
		const double anywhere = ANYWHERE / (COUNTED_LATENCIES + 1);
		double seen = n < COUNTED_LATENCIES ? (double)c->within[n] / tokens : 1;
		double is = (fmax(0, seen - seen_before) + anywhere) / (1 + ANYWHERE), expected = (fmax(0, below[n] - before) + anywhere) / (1 + ANYWHERE);
		off += is * log(is / expected);
		seen_before = seen;
		before = below[n];
	}
	return fmax(0, off);
}
