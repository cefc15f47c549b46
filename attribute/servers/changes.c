/* changes.c: applies the decisions to names and instants of items. */
#include "attribute/servers/servers_private.h"
#include "core/exact.h"

/* A clock does not differ by so much more within one request, unless it was set. */
#define SET_NS (NS_PER_SECOND / 100)

bool servers_change(const struct servers *s) {
	return s->change;
}

name_id servers_named(const struct servers *s, name_id name) {
	const struct server *one = servers_find(s, name);

	return !one ? name : one->dropped ? 0 : one->held && one->sample.all_steps + one->sample.all_windows == 0 ? 0 : one->named;
}

void servers_clip(const struct servers *s, name_id name, int64_t *first_ns, int64_t *last_ns) {
	const struct server *one = servers_find(s, name);

	if (one && one->from_ns > *first_ns) {
		*first_ns = one->from_ns;
	}
	if (one && one->to_ns < *last_ns) {
		*last_ns = one->to_ns;
	}
}

static void shift(int64_t *ns, int64_t by) {
	if (*ns != UNKNOWN && !__builtin_sub_overflow(*ns, by, ns)) {
		return;
	}
}

/* Each instant by the difference of the clocks at it; but all of them by one where the clock was set in between. */
static void shift_request(struct request_item *r, const struct server *one) {
	int64_t *const at[] = {&r->arrival_ns, &r->scheduled_ns, &r->first_token_ns, &r->finish_ns, &r->head.at_ns};
	int64_t by[sizeof at / sizeof *at], least = INT64_MAX, most = INT64_MIN;
	int64_t middle_ns = r->first_token_ns != UNKNOWN ? r->first_token_ns : r->finish_ns != UNKNOWN ? r->finish_ns : r->head.at_ns;

	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		by[i] = !one->drift ? one->shift_ns : drift_at(one->drift, *at[i] != UNKNOWN ? *at[i] : middle_ns);
		least = by[i] < least ? by[i] : least;
		most = by[i] > most ? by[i] : most;
	}
	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		shift(at[i], most - least < SET_NS ? by[i] : drift_at(one->drift, middle_ns));
	}
}

bool servers_apply(void *servers, struct item *item, name_id *prefill) {
	const struct servers *s = servers;
	struct server *one = servers_find(s, item->replica);

	if (!one) {
		return true;
	}
	if (servers_is_outside(one, item) || one->dropped || (one->held && item->kind == ITEM_REQUEST)) {
		return false;
	}
	item->replica = one->several && item->kind == ITEM_STEP ? one->part[chains_add_step(&one->chains, (struct step_item *)item)] : one->named;
	item->replica = item->kind == ITEM_REQUEST && one->requests != 0 ? one->requests : item->replica;
	*prefill = item->kind == ITEM_REQUEST && ((const struct request_item *)item)->part == PART_BOTH ? one->prefill : 0;
	if (item->kind == ITEM_REQUEST && (one->drift || one->shift_ns != 0)) {
		shift_request((struct request_item *)item, one);
	}
	if (item->kind == ITEM_STEP && one->in_seconds) {
		((struct step_item *)item)->flags |= STEP_REQUESTS_IN_SECONDS;
	}
	if ((item->kind == ITEM_STEP || item->kind == ITEM_WINDOW) && one->step_model != 0) {
		item->model = one->step_model;
	}
	return true;
}
