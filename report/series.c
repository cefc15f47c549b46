/* Sums of all cells by time, and the rates that they were priced at. */
#include <stdlib.h>

#include "report/cube.h"
#include "report/statement.h"

/* Maximum of steps; for more, use --by. */
#define STEPS_MAX 20000

static struct time_step *step_of(struct series *v, int64_t slot_ns) {
	int64_t at = (instant_floor(slot_ns, v->step_ns) - v->first_ns) / v->step_ns;
	return at >= 0 && (size_t)at < v->count ? &v->steps[at] : NULL;
}

static void find_extent(struct statement *s, struct series *v) {
	int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;

	for (size_t i = 0; i < s->cube->slots.count; i++) {
		int64_t slot_ns = s->cube->slots.at[i].value;
		exact_widen(&first_ns, &last_ns, slot_ns, slot_ns);
	}
	v->step_ns = timeline_step_ns(s->options.from_ns, s->options.to_ns);
	if (first_ns <= last_ns) {
		v->first_ns = instant_floor(first_ns, v->step_ns);
		int64_t count = (last_ns - v->first_ns) / v->step_ns + 1;
		v->count = count <= STEPS_MAX ? (size_t)count : 0;
	}
	v->steps = must_calloc(v->count + 1, sizeof *v->steps);
}

static void note_rate(struct series *v, const struct cube_cell *c) {
	struct rate_row *last = v->rate_count > 0 ? &v->rates[v->rate_count - 1] : NULL;
	int64_t end_ns = instant_floor(c->slot_ns, NS_PER_HOUR) + NS_PER_HOUR;

	if (c->rate_nano < 0) {
		return;
	}
	/* cells are sorted by pool, then time */
	for (size_t i = v->rate_count; i-- > 0 && v->rates[i].pool == c->pool;) {
		if (v->rates[i].rate_nano == c->rate_nano) {
			v->rates[i].to_ns = end_ns;
			return;
		}
	}
	v->rates = must_realloc(v->rates, (v->rate_count + 1) * sizeof *v->rates);
	last = &v->rates[v->rate_count++];
	*last = (struct rate_row){c->pool, c->rate_nano, c->slot_ns, end_ns};
}

void series_build(struct statement *s) {
	struct series *v = &s->series;

	find_extent(s, v);
	for (size_t i = 0; i < s->cube->count; i++) {
		struct cube_cell cell, *c = &cell;
		cube_read(s->cube, i, c);
		struct time_step *step = step_of(v, c->slot_ns);
		if (step) { /* parts of the total, which fits */
			step->gpu_ns[c->kind] += c->gpu_ns;
			step->cost_nano[c->kind] += c->cost_nano;
		}
		note_rate(v, c);
	}
}
