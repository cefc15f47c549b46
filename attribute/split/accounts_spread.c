#include "attribute/split/accounts_spread.h"

#include <math.h>

static const struct phase *phase_of(const struct accounts *a, const struct entry *e) {
	return e->kind > ENTRY_OUTPUT || e->grade >= TIME_GRADES ? NULL : e->kind == ENTRY_OUTPUT ? &a->decode : &a->prefill;
}

/*
 * Uncertainty of sharing a phase, in addition to that of the split between phases, one standard deviation: of the
 * part shared by contexts; of who is in a batch, from timestamps; and of the cost of cached context. Measured on
 * simulated runs of several laws.
 */
#define TILT_SD 0.12 /* and what the model's coefficients of contexts leave open */
#define MEMBER_SD 0.003
#define UNEXPLAINED_SD 0.5 /* of time that no request explains, which may belong to any tenant */
#define CACHED_SD 0.07
#define SOUGHT_SD 0.4 /* of the same, if requests do not report it */
#define AGAIN_SD 0.18 /* of requests that were preempted: when they waited and were computed again */
/* where instants and drafts leave open in which steps a request generates: of one step of each, and of all steps */
#define STEP_SD 0.25
#define SWAPPED_SD 0.005 /* if half of them are the tenant's */

/*
 * Requests truncated to the second, with drafts: neither their instants nor their tokens determine their steps. Short ones
 * are off by about a step each, mostly in one direction.
 */
double accounts_step_ns(const struct accounts *a, const struct active *r, int64_t ns) {
	const struct flight *f = a->flight;
	int64_t steps = f->in_seconds && f->tokens_a_step > 1 ? flight_decode_steps(f, r) : 0;

	return steps > 0 ? (double)ns / (double)steps : 0;
}

/*
 * The part shared between tenants, of one phase and grade of the segment. If nearly all depends on contexts, little
 * is uncertain.
 */
static double shared_sd(const struct phase *p, const struct entry *e, double part, const struct posting_doubt *d) {
	double total = (double)p->total_ns[e->grade], unexplained = total - (double)p->given_ns[e->grade];
	double rest = total > 0 ? 1 - p->context_ns[e->grade] / total : 0;
	double guessed = total > 0 ? p->member_sd_ns[e->grade] / total : 0;
	double member = hypot(hypot(MEMBER_SD, guessed) * (1 - part), total > 0 ? UNEXPLAINED_SD * unexplained / total : 0);

	double context_ns = p->context_ns[e->grade], context_sd = context_ns > 0 ? p->context_sd_ns[e->grade] / context_ns : 0;

	double swapped = d->step_ns > 0 ? SWAPPED_SD * sqrt((1 - part) / part) * (double)e->gpu_ns : 0;
	double instants = hypot(AGAIN_SD * d->again_ns, hypot(STEP_SD * d->step_ns, swapped));

	return hypot(hypot(hypot(TILT_SD, context_sd) * rest * d->tilt_ns, member * (double)e->gpu_ns), instants);
}

/* An excess of one tenant is a deficit of the others: over all of them it cancels. */
static void spread_cancels(struct accounts *a, enum entry_kind kind, int g, int64_t excess_ns) {
	struct entry key = accounts_key_of_no_tenant(a, kind, (enum grade)g, 0);

	if (excess_ns > 0) {
		postings_find(&a->postings, &key)->spread_ns -= excess_ns;
	}
}

/*
 * Of one request, by phase, beyond its part of the above: the error of the model's form in its own steps; prompts have
 * few steps, where drafts are scheduled their sequences' parts are uncertain. Of a preempted one: when it was computed
 * again.
 */
#define PREFILL_SD 0.025
#define DRAFTED_PREFILL_SD 0.045
#define DECODE_SD 0.008
#define PREEMPTED_SD 0.25
#define OPEN_DECODE_SD 0.12 /* where it is open in which steps it generates */

double accounts_request_sd(const struct accounts *a, const struct active *r, bool output) {
	double ns = (double)(output ? r->decode_ns : r->prefill_ns);
	double own = output ? DECODE_SD : a->flight->tokens_a_step > 0 ? DRAFTED_PREFILL_SD : PREFILL_SD;

	double step_ns = output ? accounts_step_ns(a, r, r->decode_ns) : 0;

	own = r->request.preemptions > 0 && !output ? PREEMPTED_SD : step_ns > 0 ? OPEN_DECODE_SD : own;
	return hypot(STEP_SD * step_ns, hypot(hypot(r->spread_ns[output], TILT_SD * r->tilt_ns[output]), own * ns));
}

void accounts_spread_over(struct accounts *a) {
	int64_t posted[2][TIME_GRADES] = {{0}}, excess[2][TIME_GRADES] = {{0}};

	for (size_t i = 0; i < a->postings.count; i++) {
		const struct entry *e = &a->postings.at[i];
		if (phase_of(a, e)) {
			posted[e->kind == ENTRY_OUTPUT][e->grade] += e->gpu_ns;
		}
	}
	for (size_t i = 0; i < a->postings.count; i++) {
		struct entry *e = &a->postings.at[i];
		const struct phase *p = phase_of(a, e);
		const struct posting_doubt *d = &a->postings.doubts[i];
		if (p && (e->gpu_ns > 0 || d->cached_sd_ns > 0)) {
			double all = (double)posted[e->kind == ENTRY_OUTPUT][e->grade], part = all > 0 ? (double)e->gpu_ns / all : 0;
			double usual = e->kind == ENTRY_INPUT_CACHED ? (a->flight->seeks_hits ? SOUGHT_SD : CACHED_SD) * (double)e->gpu_ns : 0;
			double cached = hypot(usual, d->cached_sd_ns);
			int64_t alone = llround(hypot(p->spread_ns[e->grade] * part, cached));
			int64_t spread = llround(hypot((double)alone, shared_sd(p, e, part, d)));
			e->spread_ns += spread;
			excess[e->kind == ENTRY_OUTPUT][e->grade] += spread - alone;
		}
	}
	for (int g = 0; g < TIME_GRADES; g++) {
		spread_cancels(a, ENTRY_INPUT, g, excess[0][g]);
		spread_cancels(a, ENTRY_OUTPUT, g, excess[1][g]);
	}
}

void accounts_spread(struct accounts *a, enum grade grade, double prefill_gpu_ns, double decode_gpu_ns) {
	a->prefill.spread_ns[grade] += prefill_gpu_ns;
	a->decode.spread_ns[grade] += decode_gpu_ns;
}
