#include "attribute/evidence/energy.h"

#include <assert.h>
#include <stdlib.h>

#define CARDS_MAX 4096 /* the largest single engines have some hundreds */

struct point {
	int64_t at_ns, milliwatts;
};

/* Samples of one GPU, from the last one at or before the end of the last interval. */
struct card {
	name_id gpu;
	struct point *points; /* a ring */
	size_t first, count, room; /* room: a power of 2 */
};

struct energy {
	struct energy_options o;
	struct card *cards;
	size_t card_count, hint;
	struct energy_sample ahead;
	bool has_ahead, ended;
	int128 total; /* milliwatt-nanoseconds, total so far */
	int128 given; /* millijoules returned so far */
};

struct energy *energy_new(const struct energy_options *o) {
	struct energy *e = must_calloc(1, sizeof *e);

	e->o = *o;
	e->o.gap_ns = o->gap_ns > 0 ? o->gap_ns : ENERGY_GAP_NS;
	e->ended = !o->next;
	return e;
}

void energy_free(struct energy *e) {
	for (size_t i = 0; e && i < e->card_count; i++) {
		free(e->cards[i].points);
	}
	if (e) {
		free(e->cards);
		free(e);
	}
}

/* ---- samples ---- */

static struct point *point_at(const struct card *c, size_t i) {
	return &c->points[(c->first + i) & (c->room - 1)];
}

static void push(struct card *c, struct point p) {
	if (c->count == c->room) {
		size_t room = c->room > 0 ? 2 * c->room : 8;
		struct point *points = must_alloc(room * sizeof *points);
		for (size_t i = 0; i < c->count; i++) {
			points[i] = *point_at(c, i);
		}
		free(c->points);
		c->points = points;
		c->first = 0;
		c->room = room;
	}
	c->count++;
	*point_at(c, c->count - 1) = p;
}

/* GPUs repeat in the same order: the search starts after the last match. */
static struct card *card_of(struct energy *e, name_id gpu) {
	for (size_t i = 0; i < e->card_count; i++) {
		size_t at = (e->hint + i) % e->card_count;
		if (e->cards[at].gpu == gpu) {
			e->hint = at + 1;
			return &e->cards[at];
		}
	}
	if (e->card_count == CARDS_MAX) {
		return NULL;
	}
	e->cards = must_realloc(e->cards, (e->card_count + 1) * sizeof *e->cards);
	e->cards[e->card_count] = (struct card){.gpu = gpu};
	return &e->cards[e->card_count++];
}

static void add_sample(struct energy *e, const struct energy_sample *s) {
	struct card *c = card_of(e, s->gpu);

	if (!c || s->milliwatts < 0 || (c->count > 0 && point_at(c, c->count - 1)->at_ns >= s->at_ns)) {
		return;
	}
	push(c, (struct point){s->at_ns, s->milliwatts});
}

/* Does a GPU still need a sample after `to`, which can cover the time before it? */
static bool is_waiting(const struct energy *e, int64_t to_ns, int64_t ahead_ns) {
	for (size_t i = 0; i < e->card_count; i++) {
		const struct card *c = &e->cards[i];
		int64_t last = point_at(c, c->count - 1)->at_ns;
		if (last < to_ns && ahead_ns - last <= e->o.gap_ns) {
			return true;
		}
	}
	return false;
}

static int read_until(struct energy *e, int64_t to_ns, struct fault *why) {
	for (;;) {
		if (!e->has_ahead && !e->ended) {
			int got = e->o.next(e->o.context, &e->ahead, why);
			if (got < 0) {
				return got;
			}
			e->has_ahead = got > 0;
			e->ended = got == 0;
		}
		if (!e->has_ahead || (e->ahead.at_ns >= to_ns && !is_waiting(e, to_ns, e->ahead.at_ns))) {
			return 0;
		}
		add_sample(e, &e->ahead);
		e->has_ahead = false;
	}
}

/* ---- integration ---- */

/* Milliwatt-nanoseconds from `a` to x on the line from a to b, rounded to the nearest integer. */
static int128 area(const struct point *a, const struct point *b, int64_t x) {
	int128 t = x - a->at_ns, span = b->at_ns - a->at_ns;
	int128 slope = b->milliwatts - a->milliwatts;

	return t * a->milliwatts + exact_div(slope * t * t, 2 * span);
}

struct sum {
	int128 area;    /* of all GPUs */
	int64_t spoken_ns;
};

static void add_card(struct energy *e, struct card *c, int64_t from_ns, int64_t to_ns, struct sum *s) {
	while (c->count >= 2) {
		const struct point *a = point_at(c, 0), *b = point_at(c, 1);
		int64_t from = a->at_ns > from_ns ? a->at_ns : from_ns;
		int64_t to = b->at_ns < to_ns ? b->at_ns : to_ns;
		if (from < to && b->at_ns - a->at_ns <= e->o.gap_ns) {
			s->area += area(a, b, to) - area(a, b, from);
			s->spoken_ns += to - from;
		}
		if (b->at_ns > to_ns) {
			return;
		}
		c->first = (c->first + 1) & (c->room - 1);
		c->count--;
	}
}

int energy_between(struct energy *e, int64_t from_ns, int64_t to_ns, int64_t *energy_mj, int64_t *metered_ns,
                   struct fault *why) {
	struct sum s = {0, 0};
	int64_t capacity;

	assert(from_ns <= to_ns);
	int err = read_until(e, to_ns, why);
	if (err) {
		return err;
	}
	for (size_t i = 0; i < e->card_count; i++) {
		add_card(e, &e->cards[i], from_ns, to_ns, &s);
	}
	int64_t cards = (int64_t)e->card_count;
	if (cards > e->o.gpus) {
		s.area = exact_div(s.area * e->o.gpus, cards);
		s.spoken_ns = (int64_t)((int128)s.spoken_ns * e->o.gpus / cards);
	}
	if (__builtin_mul_overflow(to_ns - from_ns, e->o.gpus, &capacity)) {
		return fault_set(why, ERROR_RANGE, "GPU time of an interval does not fit 64 bits");
	}
	e->total += s.area + (int128)(capacity - s.spoken_ns) * e->o.assumed_milliwatts;
	int128 due = exact_div(e->total, NS_PER_SECOND);
	*energy_mj = (int64_t)(due - e->given);
	*metered_ns = s.spoken_ns;
	e->given = due;
	return 0;
}
