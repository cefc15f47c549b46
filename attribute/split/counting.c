#include "attribute/split/counting.h"

#include <math.h>
#include <string.h>

#include "attribute/evidence/ranks.h"
#include "core/instant.h"

/* This many windows together make a row of sums weighted by sequences and prompts. */
#define SEVERAL_WINDOWS 4

#define RANKS_SD 0.06 /* of either phase of a rank: its counts do not contain the batches of the others */

#define ONE_ROLE_SD 0.5 /* of the uncertainty of busy time, where a replica has one phase only */

/*
 * Time that is in doubt is mostly of steps without prompts, whose number depends on how long a window was busy: parts of
 * its standard deviation, where a replica has both phases.
 */
#define PREFILL_TIME 0.5
#define DECODE_TIME 1.4

#define MOST_SHARE 0.98 /* prefill's part of a window in which tokens are made */

static enum role role_of(const struct pass *pass) {
	return pass->pool ? pass->pool->role : ROLE_MIXED;
}

/* The part of the model's experts that a token uses. */
static double chosen_of(const struct pass *pass, const struct window_item *i) {
	struct fit_key key = pass_fit_key(pass, pass->summary->model, i->head.at_ns);

	return fits_proportions(pass->fits, &key)->chosen;
}

void counting_end_rows(struct pass *pass, struct counting *c) {
	if (c->count > 0) {
		struct fit_key key = pass_fit_key(pass, pass->summary->model, c->from_ns);
		struct counted *to = aggregates_counted(fits_aggregates(pass->fits, &key));
		unsigned bucket = aggregates_bucket(names_text(pass->common->options->names, pass->summary->replica),
						    c->from_ns, COUNTING_BLOCK_NS);
		for (int k = 0; k < COUNTED_BUDGETS; k++) {
			counted_note_seen(&to->by[k], bucket % COUNTED_BUCKETS, &c->several[k]);
		}
	}
	memset(c->several, 0, sizeof c->several);
	c->count = 0;
}

/* Of prompts in progress, which are taken to be equally far: tokens and the mean context of each. */
static double pairs_of(const struct counted_begun *b) {
	return b->prompts > 0 ? b->ntok * b->ntok / b->prompts / 2 : 0;
}

void counting_next(struct counting *c, const struct window_item *i, int64_t running, int64_t context_tokens) {
	int64_t day_ns = instant_floor(i->head.at_ns, NS_PER_DAY);

	if (day_ns != c->day_ns || i->head.at_ns != c->end_ns) {
		c->begun = (struct counted_begun){.known = false};
	}
	c->day_ns = day_ns;
	c->end_ns = i->end_ns;
	struct counted_begun before = c->begun;
	counted_begun_next(&c->begun, i);
	c->gauges = (struct counted_gauges){
	    .running = running,
	    .context_tokens = context_tokens,
	    .begun_ntok = c->begun.ntok - before.ntok,
	    .begun_pairs = pairs_of(&c->begun) - pairs_of(&before),
	    .followed = c->begun.known,
	};
}

void counting_note(struct pass *pass, struct counting *c, const struct window_item *i, struct aggregates *r,
		   unsigned bucket) {
	struct counted_window window;
	double chosen = chosen_of(pass, i);
	bool alone = role_of(pass) == ROLE_MIXED && ranks_count(pass->common->ranks, pass->summary->replica) <= 1;

	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		counted_window(i, role_of(pass), &c->gauges, counted_budget_ntok[k], chosen, &window);
		struct counted_by *by = &aggregates_counted(r)->by[k];
		window.long_prompts |= window.count == 0 && c->was_long;
		counted_note_totals(by, &window);
		if (alone) { /* steps of ranks in lock-step have the batches of the others too */
			counted_note_latencies(aggregates_counted(r), k, i, &window);
		}
		counted_note_throughout(by, bucket % COUNTED_BUCKETS, &window);
		counted_window_add(&c->several[k], &window);
	}
	c->was_long = window.long_prompts;
	counted_note_steps(aggregates_counted(r), &window);
	c->from_ns = c->count == 0 ? i->head.at_ns : c->from_ns;
	if (++c->count == SEVERAL_WINDOWS) {
		counting_end_rows(pass, c);
	}
}

/*
 * Tokens of long prompts are counted where these end: time that does not fit in that window is moved to the following
 * ones.
 */
static double share_of_owed(struct counting *c, double share) {
	double due = share + c->owed, given = fmin(MOST_SHARE, due);

	c->owed = due - given;
	return given;
}

void counting_split(const struct pass *pass, struct counting *c, const struct counted_model *m,
		    const struct window_item *i, int64_t room_ns, struct counted_split *out) {
	enum rule rule = pass->common->options->rule;
	enum role role = role_of(pass);
	struct counted_window window;

	counted_window(i, role, &c->gauges, m->budget_ntok, chosen_of(pass, i), &window);
	window.ranks = ranks_count(pass->common->ranks, pass->summary->replica);
	double gaps = window.gaps_ns / window.length_ns, busy = counted_ns(m, &window) / window.length_ns;
	out->throughout = window.throughout || busy + gaps >= 1;
	out->gaps_ns = (int64_t)((double)room_ns * gaps);
	out->busy_ns = out->throughout ? room_ns - out->gaps_ns : (int64_t)((double)room_ns * busy);
	out->share = role == ROLE_PREFILL ? 1 : role == ROLE_DECODE ? 0 : counted_share(m, &window, rule);
	if (role == ROLE_MIXED && out->throughout && window.long_prompts) {
		out->share =
		    share_of_owed(c, counted_prefill_ns(m, &window, rule) / (window.length_ns - window.gaps_ns));
	}
}

void counting_spread(struct pass *pass, const struct counted_model *m, const struct counted_split *s,
		     int64_t prefill_ns, int64_t decode_ns) {
	bool both = role_of(pass) == ROLE_MIXED;
	double split = prefill_ns > 0 && decode_ns > 0 ? m->share_sd * (double)(prefill_ns + decode_ns) : 0;
	double time = hypot(m->wait_sd, s->throughout ? 0 : m->time_sd), of_prefill = time * (both ? PREFILL_TIME : ONE_ROLE_SD),
	       of_decode = time * (both ? DECODE_TIME : ONE_ROLE_SD);

	double ranks = ranks_count(pass->common->ranks, pass->summary->replica) > 1 ? RANKS_SD : 0;
	accounts_spread(&pass->accounts, GRADE_D, hypot(split, of_prefill * (double)prefill_ns) + ranks * (double)prefill_ns,
			hypot(split, of_decode * (double)decode_ns) + ranks * (double)decode_ns);
}
