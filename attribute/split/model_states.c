#include "attribute/split/model_states.h"

#include <stdlib.h>

static struct model_state *add(struct model_states *l, name_id model) {
	l->at = must_grow(l->at, l->count, &l->room, sizeof *l->at, 1);
	l->at[l->count] = (struct model_state){.model = model};
	hash_index_add(&l->index, hash_spread(model), (uint32_t)l->count);
	return &l->at[l->count++];
}

/* The number of a model's state; the count if it has none. */
static size_t number_of(const struct model_states *l, name_id model) {
	uint64_t hash = hash_spread(model), at = hash;

	for (uint32_t i; hash_index_next(&l->index, hash, &at, &i);) {
		if (l->at[i].model == model) {
			return i;
		}
	}
	return l->count;
}

/* Energy is that of the whole replica: it moves to the accounts that count. */
static void hand_over_energy(struct accounts *to, struct accounts *from) {
	to->energy = from->energy;
	to->energy_at_ns = from->energy_at_ns;
	from->energy = NULL;
}

static void change(struct model_states *l, struct pass *pass, size_t to) {
	struct model_state *from = &l->at[l->used], *next = &l->at[to];

	from->flight = pass->flight;
	from->accounts = pass->accounts;
	pass->flight = next->flight;
	pass->accounts = next->accounts;
	hand_over_energy(&pass->accounts, &from->accounts);
	l->used = to;
}

static void open_state(struct model_states *l, struct pass *pass, name_id model, int64_t at_ns) {
	const struct accounts *a = &pass->accounts;
	struct model_state *new = add(l, model);

	flight_init(&new->flight);
	flight_set_like(&new->flight, &pass->flight);
	if (pass->purpose == PASS_POST) {
		accounts_open(&new->accounts, pass->common, &pass->flight, a->replica, model, pass->pool, at_ns);
		new->accounts.has_requests = a->has_requests;
		new->accounts.origin_ns = a->origin_ns;
		new->flight.now = pass->flight.now;
	}
}

void model_states_use(struct model_states *l, struct pass *pass, name_id model, int64_t at_ns) {
	if (l->count == 0) {
		add(l, pass->summary->model);
	}
	size_t i = model != 0 ? number_of(l, model) : 0;
	if (i == l->count) {
		const struct decode_sums *now = pass->flight.now;
		open_state(l, pass, model, at_ns);
		pass->flight.now = now; /* accounts_open set it to the following ones */
		pass->flight.settle_context = &pass->accounts;
	}
	if (i != l->used) {
		const struct decode_sums *now = pass->flight.now;
		change(l, pass, i);
		pass->flight.now = now;
	}
}

int model_states_close(struct model_states *l, struct pass *pass, flight_leave *leave, struct fault *why) {
	int64_t posted_ns = 0, unpaid_ns = 0, unexplained[2] = {0};
	int rc = 0;

	for (size_t i = 1; i < l->count; i++) {
		model_states_use(l, pass, l->at[i].model, pass->cursor_ns);
		flight_day(&pass->flight, INT64_MAX);
		int failed = pass->purpose == PASS_POST ? accounts_close(&pass->accounts, why)
							: flight_clear(&pass->flight, leave, pass, why);
		rc = rc < 0 ? rc : failed;
		posted_ns += pass->accounts.posted_ns;
		unpaid_ns += pass->accounts.unpaid_ns;
		unexplained[0] += pass->accounts.busy.much[0];
		unexplained[1] += pass->accounts.busy.much[1];
		flight_release(&pass->flight);
		flight_init(&pass->flight);
	}
	if (l->count > 0) {
		model_states_use(l, pass, 0, pass->cursor_ns);
	}
	pass->accounts.posted_ns += posted_ns;
	pass->accounts.unpaid_ns += unpaid_ns;
	pass->accounts.busy.much[0] += unexplained[0];
	pass->accounts.busy.much[1] += unexplained[1];
	free(l->at);
	hash_index_release(&l->index);
	*l = (struct model_states){0};
	return rc;
}
