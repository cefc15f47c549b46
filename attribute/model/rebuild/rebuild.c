/* rebuild.c: from requests' instants to steps and rows of the step model. */
#include "attribute/model/rebuild/rebuild.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

/* A step with an expected length of at least this part of the time to the next instant ends there. */
#define FILLS 0.7

/* Steps are at most this many times longer or shorter than the model's time. */
#define MOST_STRETCH 4.0
#define AGREES 0.1 /* by no more than this part */

/* One standard deviation of a step's length, relative; of a request's mean step; and of its ends, in steps. */
#define STEP_SD 0.05
#define MEAN_SD 0.03
#define ENDS_STEPS 0.7

/* A request's time outside steps with prompts counts if at least this part of its time is outside. */
#define LEAST_ALONE 0.15

int64_t rebuild_chunk(int64_t rest_ntok, int64_t room_ntok, bool ends) {
	int64_t ntok = rest_ntok < room_ntok ? rest_ntok : room_ntok;

	return ntok <= 0 || (ntok == rest_ntok && !ends) ? 0 : ntok;
}

double rebuild_more_ns(const struct step_model *m, const struct batch *b, int64_t rest_ntok, int64_t budget_ntok) {
	struct batch more = *b;

	if (rest_ntok <= 0) {
		return 0;
	}
	more.prefill_tokens = rest_ntok < budget_ntok ? rest_ntok : budget_ntok;
	return step_model_ns(m, &more) * (double)rest_ntok / (double)more.prefill_tokens;
}

void rebuild_note_chunk(struct rebuild_chunks *c, int64_t ntok, int64_t rest_ntok, bool ends, int64_t first_token_ns) {
	c->finishes |= ntok > 0 && rest_ntok == 0;
	c->rest_ntok += ends ? rest_ntok : 0;
	if (ntok > 0 && !ends && c->head_rest_ntok == 0) {
		c->head_rest_ntok = rest_ntok;
		c->head_first_ns = first_token_ns;
	}
}

double rebuild_stretch(const struct step_model *m, const struct batch *b, int64_t from_ns, double expected_ns, const struct rebuild_chunks *c,
                       int64_t budget_ntok, int64_t gap_ns) {
	if (c->head_rest_ntok <= 0) {
		return 1;
	}
	double gaps = (double)gap_ns * (double)c->head_rest_ntok / (double)budget_ntok;
	double all = expected_ns + gaps + rebuild_more_ns(m, b, c->head_rest_ntok, budget_ntok);
	return all > 0 ? fmax(1 / MOST_STRETCH, fmin(MOST_STRETCH, (double)(c->head_first_ns - from_ns) / all)) : 1;
}

int64_t rebuild_end(int64_t from_ns, int64_t next_ns, bool finishes, double expected_ns, double more_ns) {
	double room = (double)(next_ns - from_ns);

	if (more_ns > 0) {
		expected_ns = fmin(expected_ns, room * expected_ns / (expected_ns + more_ns));
	} else if (finishes || expected_ns >= FILLS * room || expected_ns >= room - (double)REBUILD_EPS_NS) {
		return next_ns;
	}
	int64_t ns = expected_ns > 1 ? (int64_t)expected_ns : 1;
	return from_ns + ns < next_ns ? from_ns + ns : next_ns;
}

/* ---- memory ---- */

struct rebuild_request *rebuild_add(struct rebuild *r) {
	REBUILD_GROW(r->at, r->count + 1, r->room);
	r->at[r->count] = (struct rebuild_request){0};
	return &r->at[r->count++];
}

void rebuild_release(struct rebuild *r) {
	free(r->at);
	free(r->marks);
	free(r->events);
	free(r->prompts);
	free(r->rows);
	free(r->distances);
	free(r->order);
	free(r->first_order);
	free(r->finish_order);
	free(r->places);
	free(r->merged);
	free(r->sums);
	guess_release(&r->guess);
	free(r->guessed);
	*r = (struct rebuild){0};
}

/* ---- instants ---- */

/* What changes at a request's instant. */
static void note_event(struct rebuild *r, const struct rebuild_event *e, uint32_t number) {
	struct rebuild_request *q = &r->at[e->request];
	struct rebuild_mark *m = &r->marks[number];
	bool decodes = q->finish_ns > q->first_token_ns;
	double growth = decodes ? (double)q->output_ntok / (double)(q->finish_ns - q->first_token_ns) : 0;

	if (e->kind == INSTANT_FIRST) {
		q->at_first = number;
		m->sequences += decodes;
		m->context += decodes ? (double)q->prompt_ntok : 0;
		m->context_per_ns += growth;
	} else if (e->kind == INSTANT_FINISH) {
		q->at_finish = number;
		m->sequences--;
		m->context -= (double)(q->prompt_ntok + q->output_ntok);
		m->context_per_ns -= growth;
	}
}

/* Makes a mark of the events from `from` on; returns the first event after it. */
static size_t add_mark(struct rebuild *r, size_t from, size_t count) {
	size_t number = r->mark_count++, to = from;

	REBUILD_GROW(r->marks, r->mark_count, r->mark_room);
	struct rebuild_mark *m = &r->marks[number];
	*m = (struct rebuild_mark){.at_ns = r->events[from].ns};
	if (number > 0) {
		const struct rebuild_mark *last = m - 1;
		m->sequences = last->sequences;
		m->context_per_ns = last->context_per_ns;
		m->context = last->context + last->context_per_ns * (double)(m->at_ns - last->at_ns);
	}
	while (to < count && r->events[to].ns <= r->events[from].ns + REBUILD_EPS_NS) {
		note_event(r, &r->events[to++], (uint32_t)number);
	}
	if (m->sequences == 0) {
		m->context = m->context_per_ns = 0;
	}
	return to;
}

void rebuild_marks(struct rebuild *r) {
	size_t count = rebuild_list_events(r);

	r->mark_count = 0;
	for (size_t from = 0; from < count;) {
		from = add_mark(r, from, count);
	}
}

/* ---- steps ---- */

struct stretch_row {
	double x[ROW_TERMS];
	int64_t from_ns;
	int64_t steps;  /* 0: none has begun */
	bool uncertain; /* when a prompt of it was scheduled is a guess */
};

struct passing {
	struct rebuild *r;
	size_t mark; /* the last one at or before now_ns */
	int64_t now_ns;
	size_t next; /* request to be scheduled */
	struct rebuild_alone sums;
	struct stretch_row row;
	double terms[ROW_TERMS]; /* of all steps with prompts so far */
	double waiting_ns;   /* without a step for the waiting prompts */
	rebuild_step *step;
	void *context;
};

/* A new row with terms to be filled in up to ROW_TERMS; NULL if it takes no time. */
static double *add_row(struct rebuild *r, double ns, double sd, int64_t from_ns) {
	if (!(ns > 0)) {
		return NULL;
	}
	REBUILD_GROW(r->rows, r->row_count + 1, r->row_room);
	struct rebuild_row *row = &r->rows[r->row_count++];
	memset(row->x + ROW_TERMS, 0, sizeof row->x - ROW_TERMS * sizeof *row->x);
	row->ns = ns;
	row->sd = sd;
	row->from_ns = from_ns;
	row->kept = true;
	return row->x;
}

static void end_row(struct passing *p, int64_t to_ns) {
	double steps = (double)p->row.steps;

	if (p->row.steps > 0 && !p->row.uncertain && p->row.from_ns >= p->r->from_ns && to_ns <= p->r->until_ns) {
		double *x = add_row(p->r, (double)(to_ns - p->row.from_ns) - steps * (double)p->r->gap_ns, STEP_SD / sqrt(steps), p->row.from_ns);
		if (x) {
			memcpy(x, p->row.x, sizeof p->row.x);
		}
	}
	p->row.steps = 0;
}

/* Adds prompts that are scheduled by now, removes those with a first token. */
static void admit(struct passing *p) {
	struct rebuild *r = p->r;
	size_t kept = 0;

	for (; p->next < r->count && rebuild_scheduled_from(r, &r->at[p->next]) <= p->now_ns + REBUILD_EPS_NS; p->next++) {
		if (r->at[p->next].compute_ntok > 0) {
			r->at[p->next].rest_ntok = r->at[p->next].compute_ntok;
			REBUILD_GROW(r->prompts, r->prompt_count + 1, r->prompt_room);
			r->prompts[r->prompt_count++] = (uint32_t)p->next;
		}
	}
	for (size_t i = 0; i < r->prompt_count; i++) {
		if (r->at[r->prompts[i]].at_first > p->mark) {
			r->prompts[kept++] = r->prompts[i];
		}
	}
	r->prompt_count = kept;
}

static double context_at(const struct rebuild_mark *m, double at_ns) {
	double context = m->context + m->context_per_ns * (at_ns - (double)m->at_ns);

	return context > 0 ? context : 0;
}

static int64_t row_room(const struct passing *p) {
	return p->r->budget_ntok - p->r->marks[p->mark].sequences;
}

/* Fills a batch with prompts' chunks; *uncertain: a guess decides which. */
static struct rebuild_chunks fill(struct passing *p, struct batch *b, bool *uncertain) {
	struct rebuild *r = p->r;
	struct rebuild_chunks c = {false};
	int64_t room = row_room(p);

	*uncertain = false;
	for (size_t i = 0; i < r->prompt_count; i++) {
		struct rebuild_request *q = &r->at[r->prompts[i]];
		bool ends = q->at_first <= p->mark + 1;
		r->cut |= q->rest_ntok > room;
		int64_t ntok = rebuild_chunk(q->rest_ntok, room, ends), before = q->cached_ntok + q->compute_ntok - q->rest_ntok;
		b->prefill_tokens += ntok;
		b->prefill_token_kv += ntok * before + ntok * ntok / 2;
		b->prefill_kv_tokens += ntok > 0 ? before : 0;
		*uncertain |= ntok > 0 && q->guessed && !q->certain;
		q->rest_ntok -= ntok;
		room -= ntok;
		rebuild_note_chunk(&c, ntok, q->rest_ntok, ends, q->first_token_ns);
	}
	return c;
}

static void note_step(struct passing *p, const struct batch *b, int64_t to_ns) {
	struct rebuild *r = p->r;
	TO_FILL double x[TERMS];

	step_model_terms(&r->model, b, x);
	if (p->row.steps == 0) {
		p->row = (struct stretch_row){.from_ns = p->now_ns};
	}
	for (int i = 0; i < ROW_TERMS; i++) {
		p->row.x[i] += x[i];
		p->terms[i] += x[i];
	}
	p->row.steps++;
	p->sums.mixed++;
	if (p->step) {
		p->step(p->context, b, p->now_ns, to_ns);
	}
}

/* A step with prompts, if there are any to compute now. */
static bool compute_step(struct passing *p, int64_t next_ns) {
	const struct rebuild_mark *m = &p->r->marks[p->mark];
	struct batch b = {.decode_tokens = m->sequences, .decode_kv_tokens = (int64_t)context_at(m, (double)p->now_ns)};
	bool uncertain, known = p->row.steps > 0 || p->now_ns == m->at_ns;

	struct rebuild_chunks c = fill(p, &b, &uncertain);
	if (b.prefill_tokens == 0) {
		return false;
	}
	double expected = step_model_ns(&p->r->model, &b) + (double)p->r->gap_ns;
	double stretch = rebuild_stretch(&p->r->model, &b, p->now_ns, expected, &c, p->r->budget_ntok, p->r->gap_ns);
	double more = rebuild_more_ns(&p->r->model, &b, c.rest_ntok, p->r->budget_ntok);
	int64_t to_ns = rebuild_end(p->now_ns, next_ns, c.finishes, stretch * expected, more);
	note_step(p, &b, to_ns);
	p->row.uncertain |= uncertain;
	if (!known) {
		p->row.steps = 0;
	}
	p->now_ns = to_ns;
	/* In the middle of a prompt the number of steps up to an instant is a guess, unless the model agrees. */
	bool agrees = c.head_rest_ntok == 0 || (!p->r->guesses && fabs(stretch - 1) <= AGREES);
	if (to_ns == next_ns && (c.finishes || agrees)) {
		end_row(p, to_ns);
	}
	return true;
}

/* Decode only, up to the next mark. */
static void decode_alone(struct passing *p, int64_t next_ns) {
	const struct rebuild_mark *m = &p->r->marks[p->mark];
	double ns = (double)(next_ns - p->now_ns), gap = (double)p->r->gap_ns;
	double context = context_at(m, (double)p->now_ns + ns / 2);
	const struct batch b = {.decode_tokens = m->sequences, .decode_kv_tokens = (int64_t)context};
	double step = step_model_ns(&p->r->model, &b);

	if (m->sequences > 0 && step > 0) {
		double steps = ns / (step + gap);
		p->sums.steps += steps;
		p->sums.sequences += steps * (double)m->sequences;
		p->sums.context += steps * context;
		p->sums.ns += ns - steps * gap;
	}
	p->waiting_ns += p->r->prompt_count > 0 ? ns : 0;
	p->row.steps = 0;
	p->now_ns = next_ns;
}

static void note_mark(struct passing *p) {
	p->r->marks[p->mark].before = p->sums;
	if (p->r->guesses) {
		memcpy(p->r->sums[p->mark], p->terms, sizeof p->terms);
	}
}

/* Until when no prompt is added: the next mark, or a prompt with a guessed scheduling that is not a mark. */
static int64_t next_prompt_ns(const struct passing *p, int64_t next_ns) {
	const struct rebuild *r = p->r;
	int64_t at_ns = p->next < r->count ? rebuild_scheduled_from(r, &r->at[p->next]) : next_ns;

	return at_ns > p->now_ns && at_ns < next_ns ? at_ns : next_ns;
}

static void pass(struct passing *p) {
	struct rebuild *r = p->r;

	r->prompt_count = 0;
	while (p->mark + 1 < r->mark_count) {
		int64_t next_ns = r->marks[p->mark + 1].at_ns;
		if (p->now_ns == r->marks[p->mark].at_ns) {
			note_mark(p);
		}
		admit(p);
		if (r->prompt_count == 0 || !compute_step(p, next_ns)) {
			decode_alone(p, next_prompt_ns(p, next_ns));
		}
		p->mark += p->now_ns == next_ns;
	}
	note_mark(p);
}

/* ---- requests' lives ---- */

/*
 * Terms of a mean decode-only step, by the marks, times a number of steps. All are linear between whole numbers of
 * sequences.
 */
static void put_decode_terms(double sequences, double context, double steps, double x[ROW_TERMS]) {
	double kv = (double)(int64_t)context * steps;

	x[TERM_FLOOR] = (sequences < 1 ? sequences : 1) * steps;
	for (int j = 0; j < HINGE_COUNT; j++) {
		double beyond = sequences - (double)hinge_ntok[j];
		x[TERM_HINGES + j] = (beyond > 0 ? beyond : 0) * steps;
	}
	for (int j = 0; j < EARLY_COUNT; j++) {
		double early = (double)early_ntok[j];
		x[TERM_EARLY + j] = (sequences < early ? sequences : early) * steps;
	}
	x[TERM_TOKENS] = sequences * steps;
	x[TERM_CONTEXT] = kv;
	x[TERM_ATTENTION] = x[TERM_MIXED_CONTEXT] = x[TERM_PROMPT] = 0;
}

/* Adds the steps of a request without prompts, and their time. */
static void row_of_life(struct rebuild *r, const struct rebuild_request *q) {
	const struct rebuild_alone *from = &r->marks[q->at_first].before, *to = &r->marks[q->at_finish].before;
	double all = (double)(q->output_ntok - 1), alone = all - (to->mixed - from->mixed), passes = alone / r->tokens_a_step;
	double steps = to->steps - from->steps;

	if (alone < 1 || alone < LEAST_ALONE * all || !(steps > 0)) {
		return;
	}
	double *x = add_row(r, to->ns - from->ns, hypot(MEAN_SD, ENDS_STEPS / alone), q->first_token_ns);
	if (x) {
		put_decode_terms((to->sequences - from->sequences) / steps, (to->context - from->context) / steps, passes, x);
	}
}

/*
 * Adds all steps of a request: if it is not certain which had prompts, and when. If there are more or fewer steps with
 * prompts than the request took steps, their number is wrong: its tokens count.
 */
static void row_of_whole_life(struct rebuild *r, const struct rebuild_request *q) {
	const struct rebuild_alone *from = &r->marks[q->at_first].before, *to = &r->marks[q->at_finish].before;
	double all = (double)(q->output_ntok - 1), mixed = to->mixed - from->mixed, alone = fmax(0, all - mixed) / r->tokens_a_step;
	double steps = to->steps - from->steps, ns = (double)(q->finish_ns - q->first_token_ns), decode[ROW_TERMS] = {0}, step = 0, part = 1;

	if (alone > 0 && !(steps > 0)) {
		part = mixed > 0 ? all / r->tokens_a_step / mixed : 0;
		alone = 0;
	} else if (mixed > all + 1) {
		part = all / mixed;
	}
	if (part <= 0) {
		return;
	}
	if (alone > 0) {
		put_decode_terms((to->sequences - from->sequences) / steps, (to->context - from->context) / steps, 1, decode);
	}
	for (int i = 0; i < ROW_TERMS; i++) {
		step += r->model.ns[i] * decode[i];
	}
	double *x = add_row(r, ns, hypot(MEAN_SD, ENDS_STEPS * fmax(step, ns / (double)q->output_ntok) / ns), q->first_token_ns);
	for (int i = 0; i < ROW_TERMS && x; i++) {
		x[i] = alone * decode[i] + part * (r->sums[q->at_finish][i] - r->sums[q->at_first][i]);
	}
}

void rebuild_rows(struct rebuild *r, rebuild_step *step, void *context) {
	struct passing p = {.r = r, .now_ns = r->mark_count > 0 ? r->marks[0].at_ns : 0, .step = step, .context = context};

	r->row_count = 0;
	r->waiting_part = 0;
	if (r->mark_count == 0) {
		return;
	}
	if (r->guesses) {
		REBUILD_GROW(r->sums, r->mark_count, r->sums_room);
	}
	pass(&p);
	double all_ns = (double)(p.now_ns - r->marks[0].at_ns);
	r->waiting_part = all_ns > 0 ? p.waiting_ns / all_ns : 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct rebuild_request *q = &r->at[i];
		if (q->finish_ns > q->first_token_ns && !q->preempted && q->first_token_ns >= r->from_ns && q->finish_ns <= r->until_ns) {
			(r->guesses ? row_of_whole_life : row_of_life)(r, q);
		}
	}
}
