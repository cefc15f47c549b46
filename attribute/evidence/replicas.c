#include "attribute/evidence/replicas.h"

#include <stdlib.h>

#include "core/exact.h"

/* A replica as one lane has seen it. */
struct seen {
	struct replica_summary sum;
	bool any;
	int model_rank; /* the kind of evidence of the record that named the model */
	int64_t model_at_ns;
	struct replica_days days;
};

struct lane_seen {
	struct seen *at; /* by name_id */
	size_t room;
};

struct replicas {
	struct names *names;
	struct lane_seen *lanes; /* the first one has the total once sealed */
	unsigned lane_count;
};

struct replicas *replicas_new(struct names *names, unsigned lanes) {
	struct replicas *s = must_calloc(1, sizeof *s);

	s->names = names;
	s->lanes = must_calloc(lanes, sizeof *s->lanes);
	s->lane_count = lanes;
	return s;
}

void replicas_free(struct replicas *s) {
	if (!s) {
		return;
	}
	for (unsigned i = 0; i < s->lane_count; i++) {
		for (size_t r = 0; r < s->lanes[i].room; r++) {
			days_release(&s->lanes[i].at[r].days);
		}
		free(s->lanes[i].at);
	}
	free(s->lanes);
	free(s);
}

/* A step may begin this long before the last one ends, because of clocks and rounding. */
#define OVERLAP_NS (2 * (NS_PER_SECOND / 1000))

static const struct arrival nothing_arrived = {
	.first_ns = INT64_MAX, .last_ns = INT64_MIN, .ordered = true, .step_ns = INT64_MIN, .end_ns = INT64_MIN + OVERLAP_NS};

static struct seen *seen_of(struct lane_seen *l, name_id replica) {
	if (replica >= l->room) {
		size_t room = (size_t)replica * 2 + 64;
		l->at = must_realloc(l->at, room * sizeof *l->at);
		memset(l->at + l->room, 0, (room - l->room) * sizeof *l->at);
		l->room = room;
	}
	struct seen *s = &l->at[replica];
	if (!s->any) {
		*s = (struct seen){
			.any = true,
			.sum = {.replica = replica, .arrival = nothing_arrived},
		};
	}
	return s;
}

/* Which of two records names the model: the better kind, then the earlier, then the lesser name. */
static void note_model(const struct names *n, struct seen *s, int rank, int64_t at_ns, name_id model) {
	if (model == 0) {
		return;
	}
	bool better = s->sum.model == 0 || rank > s->model_rank || (rank == s->model_rank && at_ns < s->model_at_ns);
	if (!better && rank == s->model_rank && at_ns == s->model_at_ns && model != s->sum.model) {
		better = text_compare(names_text(n, model), names_text(n, s->sum.model)) < 0;
	}
	if (better) {
		s->sum.model = model;
		s->model_rank = rank;
		s->model_at_ns = at_ns;
	}
}

static void note_step_model(struct replica_summary *sum, name_id model) {
	sum->several_models |= model != 0 && sum->step_model != 0 && model != sum->step_model;
	sum->step_model = sum->step_model != 0 ? sum->step_model : model;
}

static void note_arrival(struct arrival *a, const struct step_item *item) {
	int64_t start_ns = item->head.at_ns, end_ns = start_ns + item->duration_ns;

	a->ordered &= start_ns > a->step_ns;
	a->overlaps += start_ns < a->end_ns - OVERLAP_NS;
	a->step_ns = start_ns;
	a->end_ns = end_ns > a->end_ns ? end_ns : a->end_ns;
}

static void add_step(struct seen *s, const struct step_item *item) {
	s->sum.steps++;
	note_arrival(&s->sum.arrival, item);
	note_step_model(&s->sum, item->head.model);
	s->sum.lacks_contexts |= item->prefill_token_kv == UNKNOWN || item->decode_kv_tokens == UNKNOWN;
	int64_t ntok = (int64_t)item->prefill_tokens + item->decode_tokens;
	s->sum.sequence_steps += item->decode_requests;
	s->sum.most_ntok = ntok > s->sum.most_ntok ? ntok : s->sum.most_ntok;
	struct replica_day *day = days_note(&s->days, item->head.at_ns, DAY_STEPS);
	exact_add(&day->step_made_ntok, item->decode_tokens);
	exact_widen(&day->first_step_ns, &day->last_step_ns, item->head.at_ns, item->head.at_ns + item->duration_ns);
}

/* A day of a book is attributed with the days next to it. */
static bool is_beyond_day(int64_t from_ns, int64_t to_ns) {
	int64_t ns;

	return from_ns != UNKNOWN && to_ns != UNKNOWN && !__builtin_sub_overflow(to_ns, from_ns, &ns) && ns > NS_PER_DAY;
}

static void add_request(struct seen *s, const struct request_item *r) {
	const int64_t instants[] = {r->arrival_ns, r->scheduled_ns, r->first_token_ns, r->finish_ns};
	const size_t own = r->part == PART_PREFILL ? 3 : 4; /* the finish of a prompt's part is another server's */
	int64_t first_ns = r->head.at_ns != UNKNOWN ? r->head.at_ns : INT64_MAX, last_ns = r->head.at_ns != UNKNOWN ? r->head.at_ns : INT64_MIN;

	for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
		if (instants[i] != UNKNOWN) {
			exact_widen(&first_ns, &last_ns, instants[i], instants[i]);
		}
	}
	exact_widen(&s->sum.arrival.first_ns, &s->sum.arrival.last_ns, first_ns, last_ns);
	s->sum.instants += first_ns == last_ns;
	s->sum.requests++;
	s->sum.adopted += r->adopted;
	s->sum.timed += r->first_token_ns != UNKNOWN && !r->adopted;
	s->sum.made_ntok += r->part != PART_PREFILL && r->completion_tokens > 1 ? r->completion_tokens - 1 : 0;
	s->sum.exclusive |= r->exclusive;
	s->sum.beyond_day |= is_beyond_day(r->scheduled_ns != UNKNOWN ? r->scheduled_ns : r->head.at_ns, r->finish_ns);
	if (r->head.at_ns == UNKNOWN) {
		return;
	}
	days_note_alive(&s->days, r->head.at_ns, days_instant(&r->head));
	days_note_made(&s->days, first_ns, last_ns, r->part != PART_PREFILL ? r->completion_tokens : 0);
	struct replica_day *day = days_note(&s->days, days_instant(&r->head), first_ns == last_ns ? DAY_INSTANTS : DAY_REQUESTS);
	day->ended += r->part != PART_PREFILL;
	exact_add(&day->ended_ms, r->part != PART_PREFILL ? (last_ns - first_ns) / (NS_PER_SECOND / 1000) : 0);
	day->prompts.cached_ntok += r->cached_tokens;
	day->prompts.request_ntok += r->prompt_tokens;
	day->prompts.request_unknown_ntok += r->cached_unknown ? r->prompt_tokens : 0;
	for (size_t i = 0; i < own; i++) {
		if (instants[i] != UNKNOWN) {
			exact_widen(&day->first_ns, &day->last_ns, instants[i], instants[i]);
			exact_widen(&day->first_work_ns, &day->last_work_ns, instants[i], instants[i]);
		}
	}
}

static void add_window(struct seen *s, const struct window_item *w) {
	bool works = w->input_tokens > 0 || w->output_tokens > 0;
	struct replica_day *day = days_note(&s->days, w->head.at_ns, works ? DAY_WINDOWS : DAY_IDLE_WINDOWS);

	s->sum.windows++;
	exact_add(&day->window_made_ntok, w->output_tokens > 0 ? w->output_tokens : 0);
	exact_add(&day->prompts.cached_ntok, w->cached_tokens > 0 ? w->cached_tokens : 0);
	exact_add(&day->prompts.window_ntok, w->input_tokens > 0 ? w->input_tokens : 0);
	exact_add(&day->prompts.window_unknown_ntok, w->cached_unknown && w->input_tokens > 0 ? w->input_tokens : 0);
	exact_widen(&day->first_ns, &day->last_ns, w->head.at_ns, w->end_ns);
	if (works) {
		exact_add(&day->window_ms, (w->end_ns - w->head.at_ns) / (NS_PER_SECOND / 1000));
		s->sum.beyond_day |= is_beyond_day(w->head.at_ns, w->end_ns);
		exact_widen(&day->first_work_ns, &day->last_work_ns, w->head.at_ns, w->end_ns);
	}
}

void replicas_add_item(void *context, unsigned lane, const struct item *item) {
	struct replicas *replicas = context;
	struct seen *s = seen_of(&replicas->lanes[lane], item->replica);

	note_model(replicas->names, s, item->kind, item->at_ns, item->model);
	exact_widen(&s->sum.arrival.first_ns, &s->sum.arrival.last_ns, item->at_ns, item->at_ns);
	switch ((enum item_kind)item->kind) {
	case ITEM_STEP:
		add_step(s, (const struct step_item *)item);
		break;
	case ITEM_REQUEST:
		add_request(s, (const struct request_item *)item);
		break;
	case ITEM_WINDOW:
		add_window(s, (const struct window_item *)item);
		break;
	case ITEM_POWER:
		s->sum.powers++;
		break;
	}
}

void replicas_set_span(struct replicas *s, name_id replica, name_id model, const struct replica_span *span) {
	struct seen *seen = seen_of(&s->lanes[0], replica);

	seen->sum.has_span = true;
	seen->sum.span = *span;
	note_model(s->names, seen, -1, span->first_ns, model);
}

/* Ends of a span on days on which only another name of the server has steps: as within a day, steps are the better evidence. */
static void leave_to_steps(struct replica_span *span, const struct replica_span *other) {
	bool has = other->first_step_day_ns <= other->last_step_day_ns;

	if (has && span->first_day_ns >= other->first_step_day_ns && span->first_step_day_ns != span->first_day_ns) {
		span->first_ns = INT64_MAX;
	}
	if (has && span->last_day_ns <= other->last_step_day_ns && span->last_step_day_ns != span->last_day_ns) {
		span->last_ns = INT64_MIN;
	}
}

void replicas_add_span(struct replicas *s, name_id replica, name_id model, const struct replica_span *span) {
	const struct replica_summary *sum = &seen_of(&s->lanes[0], replica)->sum;
	struct replica_span one = *span, other = sum->span;

	if (sum->has_span) {
		leave_to_steps(&one, &sum->span);
		leave_to_steps(&other, span);
		exact_widen(&one.first_ns, &one.last_ns, other.first_ns, other.last_ns);
		exact_widen(&one.first_day_ns, &one.last_day_ns, other.first_day_ns, other.last_day_ns);
		exact_widen(&one.first_step_day_ns, &one.last_step_day_ns, other.first_step_day_ns, other.last_step_day_ns);
	}
	replicas_set_span(s, replica, model, &one);
}

/* Steps of two lanes have no known order. */
static void join_arrival(struct arrival *to, const struct arrival *from, bool both_have_steps) {
	exact_widen(&to->first_ns, &to->last_ns, from->first_ns, from->last_ns);
	to->ordered = to->ordered && from->ordered && !both_have_steps;
	to->overlaps += from->overlaps;
}

struct replica_counts replicas_counts(const struct replicas *s, name_id replica) {
	struct replica_counts all = {.arrival = nothing_arrived};

	for (unsigned i = 0; i < s->lane_count; i++) {
		const struct lane_seen *l = &s->lanes[i];
		if (replica < l->room && l->at[replica].any) {
			const struct replica_summary *sum = &l->at[replica].sum;
			join_arrival(&all.arrival, &sum->arrival, all.steps > 0 && sum->steps > 0);
			all.steps += l->at[replica].sum.steps;
			all.requests += l->at[replica].sum.requests;
			all.windows += l->at[replica].sum.windows;
		}
	}
	return all;
}

name_id replicas_end(const struct replicas *s) {
	size_t end = 0;

	for (unsigned i = 0; i < s->lane_count; i++) {
		end = s->lanes[i].room > end ? s->lanes[i].room : end;
	}
	return (name_id)end;
}

static void merge(const struct names *n, struct seen *to, const struct seen *from) {
	const struct replica_summary *f = &from->sum;
	struct replica_summary *t = &to->sum;

	note_model(n, to, from->model_rank, from->model_at_ns, f->model);
	join_arrival(&t->arrival, &f->arrival, t->steps > 0 && f->steps > 0);
	t->steps += f->steps;
	t->requests += f->requests;
	t->timed += f->timed;
	t->instants += f->instants;
	t->adopted += f->adopted;
	note_step_model(t, f->step_model);
	t->several_models |= f->several_models;
	t->windows += f->windows;
	t->powers += f->powers;
	t->lacks_contexts |= f->lacks_contexts;
	t->made_ntok += f->made_ntok;
	t->sequence_steps += f->sequence_steps;
	t->most_ntok = f->most_ntok > t->most_ntok ? f->most_ntok : t->most_ntok;
	t->exclusive |= f->exclusive;
	t->beyond_day |= f->beyond_day;
	days_add(&to->days, &from->days);
}

void replicas_seal(struct replicas *s) {
	for (unsigned i = 1; i < s->lane_count; i++) {
		for (size_t r = 0; r < s->lanes[i].room; r++) {
			const struct seen *from = &s->lanes[i].at[r];
			if (from->any) {
				merge(s->names, seen_of(&s->lanes[0], (name_id)r), from);
			}
		}
	}
	for (size_t r = 0; r < s->lanes[0].room; r++) {
		days_extents(&s->lanes[0].at[r].days, &s->lanes[0].at[r].sum);
	}
}

const struct replica_summary *replicas_of(const struct replicas *s, name_id replica) {
	static const struct replica_summary none;

	return replica < s->lanes[0].room && s->lanes[0].at[replica].any ? &s->lanes[0].at[replica].sum : &none;
}

const struct replica_days *replicas_days(const struct replicas *s, name_id replica) {
	static const struct replica_days none;

	return replica < s->lanes[0].room ? &s->lanes[0].at[replica].days : &none;
}

const struct replica_summary *replicas_next(const struct replicas *s, const struct replica_summary *last) {
	for (size_t i = last ? last->replica + 1u : 0; i < s->lanes[0].room; i++) {
		if (s->lanes[0].at[i].any) {
			return &s->lanes[0].at[i].sum;
		}
	}
	return NULL;
}

bool replicas_period(const struct replicas *s, int64_t *from_ns, int64_t *to_ns) {
	*from_ns = INT64_MAX;
	*to_ns = INT64_MIN;
	for (size_t r = 0; r < s->lanes[0].room; r++) {
		const struct replica_summary *sum = &s->lanes[0].at[r].sum;
		exact_widen(from_ns, to_ns, sum->first_step_ns, sum->last_step_ns);
		exact_widen(from_ns, to_ns, sum->first_ns, sum->last_ns);
	}
	return *from_ns <= *to_ns;
}
