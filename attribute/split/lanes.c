#include "attribute/split/lanes.h"

#include <stdlib.h>

static void begin(struct lanes *l, struct pass *w) {
	l->at = must_calloc(1, sizeof *l->at);
	l->at[0].model = w->summary->model;
	l->count = 1;
}

/* Energy is that of the whole replica: it goes with whoever counts. */
static void hand_over_energy(struct accounts *to, struct accounts *from) {
	to->energy = from->energy;
	to->energy_at_ns = from->energy_at_ns;
	from->energy = NULL;
}

static void change(struct lanes *l, struct pass *w, size_t to) {
	struct lane *from = &l->at[l->used], *next = &l->at[to];

	from->flight = w->flight;
	from->accounts = w->accounts;
	w->flight = next->flight;
	w->accounts = next->accounts;
	hand_over_energy(&w->accounts, &from->accounts);
	l->used = to;
}

static void open_lane(struct lanes *l, struct pass *w, name_id model, int64_t at_ns) {
	const struct accounts *a = &w->accounts;
	struct lane *new;

	l->at = must_realloc(l->at, (l->count + 1) * sizeof *l->at);
	new = &l->at[l->count];
	*new = (struct lane){.model = model};
	flight_init(&new->flight);
	flight_set_like(&new->flight, &w->flight);
	if (w->purpose == PASS_POST) {
		accounts_open(&new->accounts, w->common, &w->flight, a->replica, model, w->pool, at_ns);
		new->accounts.has_requests = a->has_requests;
		new->accounts.origin_ns = a->origin_ns;
		new->flight.now = w->flight.now;
	}
	l->count++;
}

void lanes_use(struct lanes *l, struct pass *w, name_id model, int64_t at_ns) {
	size_t i = 0;

	if (l->count == 0) {
		begin(l, w);
	}
	while (model != 0 && i < l->count && l->at[i].model != model) {
		i++;
	}
	if (i == l->count) {
		const struct decode_sums *now = w->flight.now;
		open_lane(l, w, model, at_ns);
		w->flight.now = now; /* accounts_open set it to those that are to come */
		w->flight.settle_context = &w->accounts;
	}
	if (i != l->used) {
		const struct decode_sums *now = w->flight.now;
		change(l, w, i);
		w->flight.now = now;
	}
}

int lanes_close(struct lanes *l, struct pass *w, flight_leave *leave, struct fault *why) {
	int64_t posted_ns = 0, unpaid_ns = 0, unexplained[2] = {0};
	int rc = 0;

	for (size_t i = 1; i < l->count; i++) {
		lanes_use(l, w, l->at[i].model, w->cursor_ns);
		int failed = w->purpose == PASS_POST ? accounts_close(&w->accounts, why) : flight_clear(&w->flight, leave, w, why);
		rc = rc < 0 ? rc : failed;
		posted_ns += w->accounts.posted_ns;
		unpaid_ns += w->accounts.unpaid_ns;
		unexplained[0] += w->accounts.busy.much[0];
		unexplained[1] += w->accounts.busy.much[1];
		flight_release(&w->flight);
		flight_init(&w->flight);
	}
	if (l->count > 0) {
		lanes_use(l, w, 0, w->cursor_ns);
	}
	w->accounts.posted_ns += posted_ns;
	w->accounts.unpaid_ns += unpaid_ns;
	w->accounts.busy.much[0] += unexplained[0];
	w->accounts.busy.much[1] += unexplained[1];
	free(l->at);
	*l = (struct lanes){0};
	return rc;
}
