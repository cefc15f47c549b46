/* guess.c: when requests were scheduled, if only arrival and first token are logged. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/model/rebuild/rebuild.h"
#include "core/error.h"

/* ln(time / model) up to which the model explains a step; and by which one explanation has to be better. */
#define FITS 0.4
#define BETTER 0.1
#define MUCH_BETTER 0.3

/* Memory is short if this part of the requests begin to decode when contexts are near their maximum. */
#define FULL 0.9
#define OFTEN 0.25

void guess_release(struct guess *g) {
	free(g->decoding);
	free(g->ends);
	*g = (struct guess){0};
}

static void note_finish(struct guess *g, int64_t finish_ns) {
	g->next_finish_ns = finish_ns < g->next_finish_ns ? finish_ns : g->next_finish_ns;
}

/* Removes those that have ended by an instant. */
static void leave(struct guess *g, int64_t at_ns) {
	size_t kept = 0;

	if (at_ns < g->next_finish_ns) {
		return;
	}
	g->next_finish_ns = INT64_MAX;
	for (size_t i = 0; i < g->count; i++) {
		if (g->decoding[i].finish_ns > at_ns) {
			note_finish(g, g->decoding[i].finish_ns);
			g->decoding[kept++] = g->decoding[i];
		} else {
			g->context -= g->decoding[i].context;
		}
	}
	g->count = kept;
}

/* Its mean while it decodes. */
static int64_t context_of(const struct guess_request *q) {
	return q->prompt_ntok + q->output_ntok / 2;
}

static void enter(struct guess *g, const struct guess_request *q) {
	if (q->finish_ns <= q->first_token_ns) {
		return;
	}
	g->decoding = must_grow(g->decoding, g->count, &g->room, sizeof *g->decoding, 64);
	int64_t context = context_of(q);
	g->decoding[g->count++] = (struct guess_sequence){q->finish_ns, context};
	note_finish(g, q->finish_ns);
	g->context += context;
	g->seen_context = g->context > g->seen_context ? g->context : g->seen_context;
	g->entered++;
	g->entered_full += (double)g->context >= FULL * (double)g->peak_context;
}

static int64_t room_of(int64_t budget_ntok, int64_t sequences) {
	return budget_ntok - sequences > 0 ? budget_ntok - sequences : 1;
}

/*
 * Time of the steps that compute this many tokens, together with the decoding sequences, and between them; *last_ns: of
 * the last one.
 */
static double steps_ns(const struct guess *g, const struct step_model *m, int64_t ntok, double mean, int64_t room_ntok, double *last_ns) {
	int64_t steps = (ntok + room_ntok - 1) / room_ntok, last = ntok - (steps - 1) * room_ntok;
	struct batch b = {.decode_tokens = (int64_t)g->count, .decode_kv_tokens = g->context};

	b.prefill_tokens = last;
	b.prefill_token_kv = (int64_t)(mean * (double)last);
	*last_ns = step_model_ns(m, &b) + (double)g->gap_ns;
	if (steps == 1) {
		return *last_ns;
	}
	b.prefill_tokens = room_ntok;
	b.prefill_token_kv = (int64_t)(mean * (double)room_ntok);
	return *last_ns + (double)(steps - 1) * (step_model_ns(m, &b) + (double)g->gap_ns);
}

int64_t guess_most_context(const struct guess *g) {
	return g->peak_context > 0 && (double)g->entered_full >= OFTEN * (double)g->entered ? g->seen_context : 0;
}

/* How many had arrived when the last step ended; they are first in the order. */
static size_t waiting_of(const struct guess *g, const struct guess_request *list, size_t count) {
	size_t waited = 0;

	while (g->any && waited < count && list[waited].arrival_ns <= g->last.to_ns) {
		waited++;
	}
	return waited;
}

static int64_t tokens_of(const struct guess_request *list, size_t count) {
	int64_t ntok = 0;

	for (size_t i = 0; i < count; i++) {
		ntok += list[i].compute_ntok;
	}
	return ntok;
}

/*
 * Requests that had arrived when the last step began were in it, as far as it had room: the tokens that it computed
 * of them.
 */
static int64_t ahead_of(const struct guess *g, int64_t budget_ntok, const struct guess_request *list, size_t waited) {
	int64_t left = room_of(budget_ntok, g->last.sequences) - g->last.ntok, ahead = 0;

	for (size_t i = 0; i < waited && left > 0 && list[i].arrival_ns <= g->last.from_ns; i++) {
		int64_t ntok = list[i].compute_ntok > left ? left : 0;
		ahead += ntok;
		left -= ntok;
	}
	return ahead;
}

/* Schedules all that waited: the first of them in the last step if that computed tokens of them. */
static void schedule_waiting(const struct guess *g, struct guess_request *list, size_t waited, int64_t ahead_ntok, int64_t from_ns, bool certain) {
	for (size_t i = 0; i < waited; i++) {
		bool ahead = ahead_ntok > 0 && list[i].compute_ntok > ahead_ntok;
		list[i].scheduled_ns = ahead ? g->last.from_ns : from_ns;
		list[i].certain = certain && (!ahead || g->last.certain);
		ahead_ntok = ahead ? 0 : ahead_ntok;
	}
}

static int64_t last_arrival(const struct guess_request *list, size_t count) {
	int64_t last = INT64_MIN;

	for (size_t i = 0; i < count; i++) {
		last = list[i].compute_ntok > 0 && list[i].arrival_ns > last ? list[i].arrival_ns : last;
	}
	return last;
}

/* Schedules all others, with their steps beginning at an instant. */
static void schedule_rest(struct guess_request *list, size_t count, size_t waited, int64_t from_ns, bool certain) {
	for (size_t i = waited; i < count; i++) {
		struct guess_request *q = &list[i];
		bool at_start = q->arrival_ns <= from_ns;
		q->scheduled_ns = at_start ? from_ns : q->arrival_ns;
		q->certain = certain && at_start;
		if (q->scheduled_ns > q->first_token_ns) {
			q->scheduled_ns = q->first_token_ns;
		}
	}
}

static double mean_context(const struct guess_request *list, size_t count) {
	double sum = 0, ntok = (double)tokens_of(list, count);

	for (size_t i = 0; i < count; i++) {
		sum += (double)list[i].compute_ntok * ((double)list[i].cached_ntok + (double)list[i].compute_ntok / 2);
	}
	return ntok > 0 ? sum / ntok : 0;
}

struct guess_of {
	const struct step_model *m;
	int64_t budget_ntok, room_ntok, ntok;
	double mean_kv; /* context of a token */
	double all_ns, last_ns; /* of the steps up to the first token, and of the last one of them */
};

static void set_ntok(struct guess_of *o, const struct guess *g, int64_t ntok) {
	o->ntok = ntok;
	o->all_ns = o->last_ns = 0;
	if (ntok > 0) {
		o->all_ns = steps_ns(g, o->m, ntok, o->mean_kv, o->room_ntok, &o->last_ns);
	}
}

static double away(double ns, double model_ns) {
	return ns > 0 && model_ns > 0 ? fabs(log(ns / model_ns)) : 0;
}

/*
 * A request that waits for memory is scheduled when a sequence ends: the end after from_ns that explains the time
 * best.
 */
static int64_t let_in(const struct guess *g, int64_t from_ns, int64_t first_token_ns, double all_ns) {
	double least = away((double)(first_token_ns - from_ns), all_ns) - MUCH_BETTER;

	for (size_t i = 0; i < g->count; i++) {
		int64_t at_ns = g->decoding[i].finish_ns;
		double this = away((double)(first_token_ns - at_ns), all_ns);
		if (at_ns > from_ns && at_ns < first_token_ns && this < least) {
			least = this;
			from_ns = at_ns;
		}
	}
	return from_ns;
}

static int by_finish(const void *a, const void *b) {
	const struct guess_sequence *x = a, *y = b;

	return (x->finish_ns > y->finish_ns) - (x->finish_ns < y->finish_ns);
}

/* The decoding sequences by their finish. */
static const struct guess_sequence *ends_of(struct guess *g) {
	if (g->count > g->end_room) {
		g->end_room = g->count + 64;
		g->ends = must_realloc(g->ends, g->end_room * sizeof *g->ends);
	}
	memcpy(g->ends, g->decoding, g->count * sizeof *g->ends);
	qsort(g->ends, g->count, sizeof *g->ends, by_finish);
	return g->ends;
}

/*
 * When all of the requests have a slot among the maximum of running sequences, and their prompts room among the maximum
 * of their contexts: after enough others have ended.
 */
static int64_t place_ns(struct guess *g, const struct guess_request *list, size_t count, int64_t from_ns, int64_t first_token_ns) {
	int64_t over = g->most_sequences > 0 ? (int64_t)(g->count + count) - g->most_sequences : 0, context = 0;
	size_t ended = 0;

	for (size_t i = 0; i < count; i++) {
		context += context_of(&list[i]);
	}
	context = g->most_context > 0 ? g->context + context - g->most_context : 0;
	if ((over <= 0 && context <= 0) || over > (int64_t)g->count || context > g->context) {
		return from_ns;
	}
	for (const struct guess_sequence *ends = ends_of(g); ended < g->count && ((int64_t)ended < over || context > 0); ended++) {
		context -= ends[ended].context;
	}
	int64_t at_ns = ended > 0 ? g->ends[ended - 1].finish_ns : from_ns;
	return at_ns > from_ns && at_ns < first_token_ns - REBUILD_EPS_NS ? at_ns : from_ns;
}

/* All slots were in use: those that waited began when a sequence ended, if the time from then on matches the model. */
static bool begin_in_place(struct guess *g, struct guess_of *o, struct guess_request *list, size_t count, size_t waited, int64_t *from_ns) {
	int64_t at_ns = place_ns(g, list, count, g->last.to_ns, list[0].first_token_ns);

	if (at_ns == g->last.to_ns) {
		return false;
	}
	set_ntok(o, g, tokens_of(list, count));
	if (away((double)(list[0].first_token_ns - at_ns), o->all_ns) > FITS) {
		return false;
	}
	schedule_waiting(g, list, waited, 0, at_ns, true);
	*from_ns = at_ns;
	return true;
}

/*
 * Requests waited when the last step ended: either it had room and computed a part, or it did not (if memory is
 * short, not tokens), or they were scheduled later: whichever explains the time best. Returns when their steps began.
 */
static int64_t begin_waiting(struct guess *g, struct guess_of *o, struct guess_request *list, size_t count, size_t waited, bool *certain) {
	double ns = (double)(list[0].first_token_ns - g->last.to_ns);
	int64_t ahead = ahead_of(g, o->budget_ntok, list, waited), ntok = tokens_of(list, count), from_ns = g->last.to_ns;

	if (begin_in_place(g, o, list, count, waited, &from_ns)) {
		*certain = true;
		return from_ns;
	}
	set_ntok(o, g, ntok - ahead);
	double with = away(ns, o->all_ns);
	if (ahead > 0) {
		set_ntok(o, g, ntok);
		if (away(ns, o->all_ns) < with - BETTER) {
			ahead = 0;
		} else {
			set_ntok(o, g, ntok - ahead);
		}
	}
	*certain = away(ns, o->all_ns) <= FITS;
	if (!*certain && ns > o->all_ns) {
		from_ns = let_in(g, from_ns, list[0].first_token_ns, o->all_ns);
	}
	schedule_waiting(g, list, waited, ahead, from_ns, *certain);
	return from_ns;
}

/*
 * No request waited: one that found an idle engine began on arrival; with sequences decoding, its steps began as long
 * before as the model predicts.
 */
static int64_t begin_new(const struct guess *g, struct guess_of *o, const struct guess_request *list, size_t count, bool idle) {
	int64_t arrival_ns = list[0].arrival_ns, last_ns = last_arrival(list, count);

	set_ntok(o, g, tokens_of(list, count));
	int64_t from_ns = list[0].first_token_ns - (int64_t)o->all_ns;
	if (idle || from_ns < arrival_ns) {
		return arrival_ns;
	}
	return o->ntok <= o->room_ntok && from_ns < last_ns ? last_ns : from_ns;
}

void guess_scheduled(struct guess *g, const struct step_model *m, int64_t budget_ntok, struct guess_request *list, size_t count) {
	int64_t first_ns = list[0].first_token_ns, arrival_ns = list[0].arrival_ns;
	struct guess_of o = {.m = m, .budget_ntok = budget_ntok};
	size_t waited = waiting_of(g, list, count);

	leave(g, arrival_ns < first_ns ? arrival_ns : first_ns);
	bool idle = g->count == 0 && waited == 0, certain = idle;
	o.room_ntok = room_of(budget_ntok, (int64_t)g->count);
	o.mean_kv = mean_context(list, count);
	int64_t from_ns = waited > 0 ? begin_waiting(g, &o, list, count, waited, &certain) : begin_new(g, &o, list, count, idle);
	schedule_rest(list, count, waited, from_ns, certain);
	leave(g, first_ns - REBUILD_EPS_NS);
	bool one_step = o.ntok <= o.room_ntok;
	g->any = true;
	g->last = (struct guess_step){
		.from_ns = one_step ? from_ns : first_ns - (int64_t)o.last_ns,
		.to_ns = list[count - 1].first_token_ns > first_ns ? list[count - 1].first_token_ns : first_ns,
		.ntok = o.ntok > 0 ? (o.ntok - 1) % o.room_ntok + 1 : 0,
		.sequences = (int64_t)g->count,
		.certain = certain && one_step,
	};
	for (size_t i = 0; i < count; i++) {
		enter(g, &list[i]);
	}
}
