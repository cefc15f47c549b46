/*
 * rebuild_fit.c: rounds of rebuilding steps and fitting the step model to them.
 *
 * The token budget of a step is not logged: the usual number that fits the times best is used; likewise the number of
 * tokens per step and sequence.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/model/aggregates.h"
#include "attribute/model/rebuild/rebuild.h"
#include "core/error.h"

#define LEAST_REQUESTS 8
#define LEAST_ROWS 12
/* Requests of the first batch that decide on the budget and on tokens per step. */
#define CHOICE_REQUESTS 512
#define CHOICE_GUESSED 1024 /* if scheduling is guessed */

/*
 * If rows are further off on average, timestamps are not ends of steps: clocks differ, or are truncated.
 */
#define MOST_OFF 0.15
#define COARSE_NS INT64_C(50000000)
#define BUDGET_ROUNDS 4 /* for the first token budget */
#define MORE_ROUNDS 3   /* for each other one, from the best model so far */
#define FIRST_ROUNDS 2
#define MOST_ROUNDS 12 /* with the best */
#define SETTLED 0.995
/* A budget with a score this many times the best one's after the first round will not be the best; half of it after the next. */
#define HOPELESS 8
#define HOPELESS_GUESSED 16 /* if scheduling is guessed, which converges slowly */

/* A smaller improvement of the score does not count. */
#define SCORE_MARGIN 0.95
/* An engine with a prompt to compute does not leave it waiting: with a budget that is too large prompts would have to. */
#define WAITING_WEIGHT 0.5
/*
 * If scheduling is guessed, prompts that are cut into too many steps leave few certain rows, which fit well: smaller numbers
 * than SMALL_NTOK have to fit much better.
 */
#define SMALL_NTOK 2048
#define SMALL_MARGIN 0.8
/* Numbers of tokens that fit nearly as well: their splits differ by what is in doubt. */
#define NEARLY_RATIO 1.25
#define NEARLY_MORE 0.002
#define SPREAD_SDS 2.0 /* the largest difference counts as this many standard deviations */
/* The same of numbers of tokens per step and sequence. */
#define TOKENS_NEARLY_RATIO 1.12
#define TOKENS_NEARLY_MORE 0.001
/* One standard deviation: part of the time in which prompts seem to wait, and of the requests that were preempted. */
#define WAITING_DOUBT 0.5
#define PREEMPTED_DOUBT 0.2
#define FEW_PREEMPTED 0.01
#define DRAFTS_MARGIN 0.975
#define DRAFTS_LEAST 0.001

/* Drafts: increasing numbers of tokens per step are tried. */
#define MORE_TOKENS 0.25
#define TOKENS_TRIED 29 /* up to 8 */
#define NEAR_LEAST 1.25 /* a second round improves the score less than by this factor */
#define LEAST_DRAFTS 1.5 /* fewer are noise */
#define LEAST_DRAFTS_GUESSED 2 /* the same, if scheduling is guessed */

/* If a prompt is scheduled this long or less after a step's end, the time between is the engine's work. */
#define MOST_GAP_NS INT64_C(5000000)
#define LEAST_GAPS 4
#define USUAL_GAP_NS 200000 /* if it is not observed */

/* Blocks of the bootstrap: several times as long as most requests. */
#define BLOCK_NS (32 * NS_PER_SECOND)

/* ---- the initial model: by tokens ---- */

static double time_a_token(struct rebuild *r) {
	double *list = rebuild_distances(r, r->count);
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct rebuild_request *q = &r->at[i];
		if (q->output_ntok > 1 && q->finish_ns > q->first_token_ns) {
			list[count++] = (double)(q->finish_ns - q->first_token_ns) / (double)(q->output_ntok - 1);
		}
	}
	return rebuild_median(list, count);
}

static double time_a_prompt_token(struct rebuild *r, double step_ns) {
	double *list = rebuild_distances(r, r->count);
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct rebuild_request *q = &r->at[i];
		double ns = (double)(q->first_token_ns - q->scheduled_ns);
		if (q->compute_ntok > 0 && ns > 0) {
			list[count++] = (ns > 2 * step_ns ? ns - step_ns : ns / 2) / (double)q->compute_ntok;
		}
	}
	return rebuild_median(list, count);
}

static void begin(struct rebuild *r) {
	double step_ns = time_a_token(r), token_ns = time_a_prompt_token(r, step_ns);

	r->model = (struct step_model){.origin = MODEL_FITTED, .has_attention = true, .has_context = true};
	r->model.ns[TERM_FLOOR] = step_ns > 0 ? step_ns : 1;
	r->model.ns[TERM_TOKENS] = token_ns;
	r->tokens_a_step = 1;
	r->first = true;
}

/* The median of the time between a step's end and the scheduling of a request that had arrived by then. */
static int64_t gap_of(struct rebuild *r) {
	double *list = rebuild_distances(r, r->count);
	size_t count = 0, mark = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct rebuild_request *q = &r->at[i];
		while (mark + 1 < r->mark_count && r->marks[mark + 1].at_ns <= q->scheduled_ns) {
			mark++;
		}
		int64_t ns = mark < r->mark_count ? q->scheduled_ns - r->marks[mark].at_ns : -1;
		if (q->compute_ntok > 0 && ns > 0 && ns <= MOST_GAP_NS && q->arrival_ns <= r->marks[mark].at_ns) {
			list[count++] = (double)ns;
		}
	}
	return count >= LEAST_GAPS ? (int64_t)rebuild_median(list, count) : USUAL_GAP_NS;
}

/* ---- when requests were scheduled ---- */

/* Requests with their first token from the same step. */
static void guess_some(struct rebuild *r, uint32_t *order, size_t count) {
	if (count > r->guessed_room) {
		r->guessed_room = count + 64;
		r->guessed = must_realloc(r->guessed, r->guessed_room * sizeof *r->guessed);
	}
	rebuild_order_by_arrival(r, order, count);
	for (size_t i = 0; i < count; i++) {
		const struct rebuild_request *q = &r->at[order[i]];
		r->guessed[i] = (struct guess_request){q->arrival_ns, q->first_token_ns, q->finish_ns, q->compute_ntok, q->cached_ntok, q->prompt_ntok,
		                                       q->output_ntok, 0, false};
	}
	guess_scheduled(&r->guess, &r->model, r->budget_ntok, r->guessed, count);
	for (size_t i = 0; i < count; i++) {
		struct rebuild_request *q = &r->at[order[i]];
		q->guessed = true;
		q->certain = r->guessed[i].certain;
		q->scheduled_ns = r->guessed[i].scheduled_ns;
	}
}

static void guess_all(struct rebuild *r) {
	rebuild_order_by_first_token(r);
	guess_release(&r->guess);
	r->guess.most_sequences = r->most_sequences;
	r->guess.most_context = r->most_context;
	r->guess.peak_context = r->peak_context;
	r->guess.gap_ns = r->gap_ns;
	for (size_t from = 0, to; from < r->count; from = to) {
		int64_t first_ns = r->at[r->order[from]].first_token_ns;
		for (to = from + 1; to < r->count && r->at[r->order[to]].first_token_ns <= first_ns + REBUILD_EPS_NS; to++) {
		}
		guess_some(r, r->order + from, to - from);
	}
	r->most_context = guess_most_context(&r->guess);
	r->peak_context = r->guess.seen_context > r->peak_context ? r->guess.seen_context : r->peak_context;
	rebuild_marks(r);
}

/* ---- rounds ---- */

static void round_of(struct rebuild *r) {
	if (r->guesses) {
		guess_all(r);
	}
	rebuild_rows(r, NULL, NULL);
	rebuild_predict(r);
	rebuild_leave_out(r);
	rebuild_solve(r);
	r->first = false;
	rebuild_predict(r);
	r->score = rebuild_score(r);
}

/* The score, with the time in which prompts seem to wait. */
static double score_with_waiting(const struct rebuild *r) {
	return r->score + WAITING_WEIGHT * r->waiting_part;
}

/* Rounds until the fit changes no longer, or its score is far from `best`: each round allows for less improvement. */
static void rounds_of(struct rebuild *r, int rounds, double best) {
	double hopeless = best * (r->guesses ? HOPELESS_GUESSED : HOPELESS), last = 0;

	for (int i = 0; i < rounds; i++, hopeless /= 2) {
		round_of(r);
		if (fabs(r->score - last) <= (1 - SETTLED) * last || score_with_waiting(r) > hopeless) {
			break;
		}
		last = r->score;
	}
}

/* Repeats rounds while they improve the fit. */
static void settle(struct rebuild *r) {
	double last;
	int rounds = 0;

	do {
		last = r->score;
		round_of(r);
	} while (++rounds < MOST_ROUNDS && r->score < last * SETTLED);
}

/* ---- what is not logged ---- */

struct phases {
	const struct step_model *model;
	double prefill_ns, busy_ns;
};

static void add_phases(void *context, const struct batch *b, int64_t from_ns, int64_t to_ns) {
	struct phases *sum = context;
	struct batch prompts, sequences;

	batch_of_phases(b, &prompts, &sequences);
	double whole = step_model_ns(sum->model, b), ns = (double)(to_ns - from_ns);
	double prefill = whole + step_model_ns(sum->model, &prompts) - step_model_ns(sum->model, &sequences);
	sum->prefill_ns += b->decode_tokens > 0 && whole > 0 ? ns * fmin(1, fmax(0, prefill / (2 * whole))) : ns;
	sum->busy_ns += ns;
}

/* Prefill's part of busy time, by the current model. */
static double prefill_part(struct rebuild *r) {
	struct phases sum = {.model = &r->model};

	if (r->guesses) {
		guess_all(r);
	}
	rebuild_rows(r, add_phases, &sum);
	double busy_ns = sum.busy_ns + (r->mark_count > 0 ? r->marks[r->mark_count - 1].before.ns : 0);
	return busy_ns > 0 ? sum.prefill_ns / busy_ns : 0;
}

struct budget_fit {
	double score, ns[TERMS];
	bool unbound; /* no prompt was cut for lack of room: a larger budget gives the same */
};

static void use_budget(struct rebuild *r, int64_t budget_ntok, const struct budget_fit *fit) {
	r->budget_ntok = budget_ntok;
	memcpy(r->model.ns, fit->ns, sizeof fit->ns);
}

/* The most usual first: small improvements do not count. */
static const int64_t usual_ntok[REBUILT_BUDGETS] = {2048, 8192, 4096, 16384, 1024, 512};

/* The largest difference in prefill's part to the others that fit nearly as well. */
static double spread_of(struct rebuild *r, const struct budget_fit fits[REBUILT_BUDGETS], size_t best) {
	double part = -1, most = 0;

	for (size_t i = 0; i < REBUILT_BUDGETS; i++) {
		if (i != best && fits[i].score <= fits[best].score * NEARLY_RATIO + NEARLY_MORE) {
			if (part < 0) {
				use_budget(r, usual_ntok[best], &fits[best]);
				part = prefill_part(r);
			}
			use_budget(r, usual_ntok[i], &fits[i]);
			most = fmax(most, fabs(prefill_part(r) - part));
		}
	}
	return most;
}

/* From the best fit so far on; the first one from the initial model, with a score of INFINITY. */
static void fit_with(struct rebuild *r, int64_t budget_ntok, const struct budget_fit *best, struct budget_fit *out) {
	use_budget(r, budget_ntok, best);
	r->first = true;
	r->cut = false;
	rounds_of(r, best->score < INFINITY ? MORE_ROUNDS : BUDGET_ROUNDS, best->score);
	memcpy(out->ns, r->model.ns, sizeof out->ns);
	out->score = score_with_waiting(r);
	out->unbound = !r->cut && !r->guesses; /* guesses depend on the budget in other ways */
}

/* A fit that a smaller budget gave already; or NULL. */
static const struct budget_fit *same_fit(const struct budget_fit *fits, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (fits[i].unbound && usual_ntok[i] < usual_ntok[count]) {
			return &fits[i];
		}
	}
	return NULL;
}

static void choose_budget(struct rebuild *r) {
	struct budget_fit fits[REBUILT_BUDGETS] = {{.score = INFINITY}};
	size_t best = 0;

	memcpy(fits[0].ns, r->model.ns, sizeof fits[0].ns);
	for (size_t i = 0; i < REBUILT_BUDGETS; i++) {
		const struct budget_fit *same = same_fit(fits, i);
		if (same) {
			fits[i] = *same;
		} else {
			fit_with(r, usual_ntok[i], &fits[best], &fits[i]);
		}
		double margin = r->guesses && usual_ntok[i] < SMALL_NTOK && usual_ntok[best] >= SMALL_NTOK ? SMALL_MARGIN : SCORE_MARGIN;
		best = fits[i].score < fits[best].score * margin ? i : best;
	}
	r->spread = spread_of(r, fits, best);
	use_budget(r, usual_ntok[best], &fits[best]);
	r->score = fits[best].score;
}

static double tokens_tried(size_t number) {
	return 1 + MORE_TOKENS * (double)number;
}

static void keep_fit(const struct rebuild *r, struct budget_fit *out) {
	memcpy(out->ns, r->model.ns, sizeof out->ns);
	out->score = r->score;
}

/* The largest difference in prefill's part to other numbers of tokens per step that fit nearly as well. */
static double spread_of_tokens(struct rebuild *r, const struct budget_fit *fits, size_t tried, size_t best) {
	double part = -1, most = 0;

	for (size_t i = 0; i < tried; i++) {
		if (i != best && fits[i].score <= fits[best].score * TOKENS_NEARLY_RATIO + TOKENS_NEARLY_MORE) {
			r->tokens_a_step = tokens_tried(best);
			memcpy(r->model.ns, fits[best].ns, sizeof fits[best].ns);
			part = part < 0 ? prefill_part(r) : part;
			r->tokens_a_step = tokens_tried(i);
			memcpy(r->model.ns, fits[i].ns, sizeof fits[i].ns);
			most = fmax(most, fabs(prefill_part(r) - part));
		}
	}
	return most;
}

/*
 * A decode step that seems too short for the floor of steps with prompts produced more than one token. A separate
 * floor for such steps is not fitted here: it would explain the same.
 */
static void choose_tokens_a_step(struct rebuild *r) {
	struct budget_fit fits[TOKENS_TRIED];
	size_t tried = 0, best = 0;
	double first;

	r->without_prompt = true;
	rounds_of(r, BUDGET_ROUNDS, INFINITY);
	first = r->score;
	keep_fit(r, &fits[tried++]);
	while (tried < TOKENS_TRIED && best == tried - 1) {
		double least = fits[best].score;
		r->tokens_a_step = tokens_tried(tried);
		for (int i = 0; i < FIRST_ROUNDS && (i == 0 || r->score < least * NEAR_LEAST); i++) {
			round_of(r);
		}
		keep_fit(r, &fits[tried++]);
		best = r->score < least ? tried - 1 : best;
	}
	r->spread = hypot(r->spread, spread_of_tokens(r, fits, tried, best));
	r->without_prompt = false;
	memcpy(r->model.ns, fits[best].ns, sizeof fits[best].ns);
	double chosen = tokens_tried(best), least = fits[best].score;
	r->tokens_a_step = chosen >= (r->guesses ? LEAST_DRAFTS_GUESSED : LEAST_DRAFTS) && least < first * DRAFTS_MARGIN && least < first - DRAFTS_LEAST ? chosen : 1;
}

/* ---- results for the pool's sums ---- */

/*
 * One standard deviation of prefill's part of busy time from what the rows do not show: the number of tokens of a step,
 * and prompts that seem to wait. Where requests were preempted, prompts do wait, and it is not logged when.
 */
static double doubt_of(const struct rebuild *r) {
	double preempted = 0;

	for (size_t i = 0; i < r->count; i++) {
		preempted += r->at[i].preempted;
	}
	preempted /= (double)r->count;
	double other = preempted > FEW_PREEMPTED ? PREEMPTED_DOUBT * preempted : WAITING_DOUBT * r->waiting_part;
	return hypot(r->spread / SPREAD_SDS, other);
}

struct counting {
	struct rebuild *r;
	struct rebuilt *to;
};

static void count_step(void *context, const struct batch *b, int64_t from_ns, int64_t to_ns) {
	struct counting *c = context;
	const struct step_model *m = &c->r->model;
	TO_FILL double prompts[TERMS], whole[TERMS], sequences[TERMS];
	struct batch p, d;

	rebuilt_count(c->to, REBUILT_BUSY_NS, to_ns - from_ns);
	if (b->decode_tokens == 0) {
		return;
	}
	rebuilt_count(c->to, REBUILT_BOTH_NS, to_ns - from_ns);
	batch_of_phases(b, &p, &d);
	step_model_terms(m, &p, prompts);
	step_model_terms(m, b, whole);
	step_model_terms(m, &d, sequences);
	for (int i = 0; i < TERMS; i++) {
		prompts[i] = fmax(0, (prompts[i] + whole[i] - sequences[i]) / 2);
	}
	rebuilt_count_terms(c->to, prompts, whole);
}

static void join_into(struct rebuild *r, struct text replica, struct rebuilt *to) {
	struct counting c = {r, to};
	int64_t requests = (int64_t)r->count;

	rebuild_rows(r, count_step, &c);
	rebuild_predict(r);
	rebuild_leave_out(r);
	for (size_t k = 0; k < r->row_count; k++) {
		const struct rebuild_row *row = &r->rows[k];
		if (row->kept) {
			unsigned bucket = aggregates_bucket(replica, row->from_ns, BLOCK_NS) % REBUILT_BUCKETS;
			rebuilt_add(to, bucket, row->x, row->ns, rebuild_scale(row) / row->sd, row->sd);
		}
	}
	rebuilt_count(to, REBUILT_BUSY_NS, (int64_t)r->marks[r->mark_count - 1].before.ns);
	rebuilt_count(to, REBUILT_REQUESTS, requests);
	rebuilt_count(to, REBUILT_GUESSED, r->guesses ? requests : 0);
	rebuilt_note_most(to, REBUILT_MOST_SEQUENCES, r->most_sequences);
	rebuilt_note_most(to, REBUILT_MOST_CONTEXT, r->most_context);
	rebuilt_count(to, REBUILT_GAP_NS, r->gap_ns * requests);
	rebuilt_count_part(to, REBUILT_TOKENS_A_STEP, r->tokens_a_step * (double)requests);
	rebuilt_count_part(to, REBUILT_SCORE, r->score * (double)requests);
	rebuilt_count_part(to, REBUILT_DOUBT, doubt_of(r) * (double)requests);
	for (int i = 0; i < REBUILT_BUDGETS; i++) {
		rebuilt_count(to, REBUILT_BUDGET + i, r->budget_ntok == rebuilt_budget_ntok[i] ? requests : 0);
	}
}

/* Are instants truncated so much that steps cannot be distinguished? */
static bool is_coarse(const struct rebuild *r) {
	for (size_t i = 0; i < r->count; i++) {
		if (r->at[i].first_token_ns % COARSE_NS != 0 || r->at[i].finish_ns % COARSE_NS != 0) {
			return false;
		}
	}
	return true;
}

static void take_batch(struct rebuild *r, size_t count, int64_t until_ns) {
	r->count = count;
	r->until_ns = until_ns;
	rebuild_number(r);
	rebuild_marks(r);
	for (size_t i = 0; i < r->mark_count; i++) {
		r->most_sequences = r->marks[i].sequences > r->most_sequences ? r->marks[i].sequences : r->most_sequences;
	}
}

/* What is not logged, and a first model, from a part of the batch. */
static void choose(struct rebuild *r) {
	size_t count = r->count, part = r->guesses ? CHOICE_GUESSED : CHOICE_REQUESTS;
	int64_t until_ns = r->until_ns;

	if (count > part) {
		take_batch(r, part, r->at[part].arrival_ns);
	} else {
		take_batch(r, count, until_ns);
	}
	begin(r);
	r->gap_ns = r->guesses ? USUAL_GAP_NS : gap_of(r);
	rebuild_marks(r);
	choose_budget(r);
	settle(r);
	choose_tokens_a_step(r);
	if (count > r->count) {
		take_batch(r, count, until_ns);
	}
}

bool rebuild_fit(struct rebuild *r, struct text replica, struct rebuilt *to) {
	if (r->count < LEAST_REQUESTS) {
		return false;
	}
	if (r->fitted) {
		take_batch(r, r->count, r->until_ns);
	} else {
		choose(r);
	}
	settle(r);
	if (r->score > MOST_OFF || is_coarse(r)) {
		rebuilt_count(to, REBUILT_REFUSED, (int64_t)r->count);
		return false;
	}
	if (r->row_count < LEAST_ROWS) {
		return false;
	}
	r->fitted = true;
	join_into(r, replica, to);
	return true;
}
