/* Selects a model's price at an instant, for a prompt length. */
#include <assert.h>

#include "core/instant.h"
#include "report/prices/prices.h"

/* 1970-01-01 was a Thursday. */
static unsigned weekday_bit(int64_t ns) {
	int64_t day = instant_floor(ns, NS_PER_DAY) / NS_PER_DAY;

	return 1u << (unsigned)(((day + 3) % 7 + 7) % 7);
}

static bool holds_daily(const struct price_rule *rule, int64_t ns) {
	int minute = (int)((ns - instant_floor(ns, NS_PER_DAY)) / (60 * NS_PER_SECOND));

	if (rule->weekdays && !(rule->weekdays & weekday_bit(ns))) {
		return false;
	}
	if (rule->to_minute == rule->from_minute) {
		return true;
	}
	if (rule->to_minute < rule->from_minute) {
		return minute >= rule->from_minute || minute < rule->to_minute;
	}
	return minute >= rule->from_minute && minute < rule->to_minute;
}

static bool holds(const struct price_rule *rule, int64_t ns) {
	return ns >= rule->from_ns && ns < rule->to_ns && (!rule->daily || holds_daily(rule, ns));
}

const struct price_rule *price_rule_at(const struct price_model *m, int64_t ns) {
	for (size_t i = m->rule_count; i-- > 0;) {
		if (holds(&m->rules[i], ns)) {
			return &m->rules[i];
		}
	}
	return NULL;
}

int64_t price_step_at(const struct price_ladder *ladder, int64_t prompt_over_ntok) {
	int64_t nano = PRICE_UNKNOWN;
	for (size_t i = 0; i < ladder->count && ladder->steps[i].over_ntok <= prompt_over_ntok; i++) {
		nano = ladder->steps[i].nano;
	}
	return nano;
}

/*
 * If only the part above a step moves: in prompts that pass step i, the first over_ntok tokens cost less than the
 * step's price, by the difference to the step below.
 */
static int128 back_of(const struct price_ladder *ladder, int64_t prompt_over_ntok) {
	int128 back = 0;
	for (size_t i = 1; i < ladder->count && ladder->steps[i].over_ntok <= prompt_over_ntok; i++) {
		back += (int128)(ladder->steps[i].nano - ladder->steps[i - 1].nano) * ladder->steps[i].over_ntok;
	}
	return back;
}

/* The prices of a class; if it has none, the standard ones. */
static const struct price_ladder *ladder_of(const struct price_rule *rule, int kind, int class) {
	bool own = rule->ladder[class][kind].count > 0;

	return &rule->ladder[own ? class : SERVICE_STANDARD][kind];
}

static void quote_kind(const struct price_rule *rule, int kind, int64_t prompt_over_ntok, int class,
		       struct price_quote *out) {
	const struct price_ladder *ladder = ladder_of(rule, kind, class);
	bool standard = ladder == &rule->ladder[SERVICE_STANDARD][kind];

	out->nano[kind] = price_step_at(ladder, prompt_over_ntok);
	out->stands_in[kind] = class != SERVICE_STANDARD && standard && ladder->count > 0;
	out->tiered |= ladder->count > 1;
	/* A part moves as a whole with its prompt; the refund for the part below a step is on the input. */
	if (ladder->above && kind == PRICE_INPUT) {
		out->back_per_request = back_of(ladder, prompt_over_ntok);
	} else if (ladder->above && kind != PRICE_OUTPUT && ladder->count > 0) {
		out->nano[kind] = ladder->steps[0].nano;
	}
}

/* Cached tokens below a step push others above it: they carry the difference to the price of the part above. */
static void lift_cached(const struct price_rule *rule, struct price_quote *out, int class) {
	const struct price_ladder *input = ladder_of(rule, PRICE_INPUT, class);
	if (!input->above || input->count == 0) {
		return;
	}
	int64_t lift = out->nano[PRICE_INPUT] - input->steps[0].nano;
	out->nano[PRICE_CACHE_READ] += out->nano[PRICE_CACHE_READ] == PRICE_UNKNOWN ? 0 : lift;
	out->nano[PRICE_CACHE_WRITE] += out->nano[PRICE_CACHE_WRITE] == PRICE_UNKNOWN ? 0 : lift;
}

void price_at(const struct price_model *m, int64_t ns, int64_t prompt_over_ntok, int class, struct price_quote *out) {
	assert(class >= 0 && class < PRICE_SERVICES);
	*out = (struct price_quote){.tiered = false};
	for (int k = 0; k < PRICE_KINDS; k++) {
		out->nano[k] = PRICE_UNKNOWN;
	}
	const struct price_rule *rule = m->understood ? price_rule_at(m, ns) : NULL;
	if (!rule) {
		return;
	}
	for (int k = 0; k < PRICE_KINDS; k++) {
		quote_kind(rule, k, prompt_over_ntok, class, out);
	}
	lift_cached(rule, out, class);
}

static bool ladder_same(const struct price_ladder *a, const struct price_ladder *b) {
	if (a->count != b->count || a->above != b->above) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (a->steps[i].over_ntok != b->steps[i].over_ntok || a->steps[i].nano != b->steps[i].nano) {
			return false;
		}
	}
	return true;
}

static bool rule_same(const struct price_rule *a, const struct price_rule *b) {
	bool same = a->from_ns == b->from_ns && a->to_ns == b->to_ns && a->daily == b->daily &&
		    a->from_minute == b->from_minute && a->to_minute == b->to_minute && a->weekdays == b->weekdays;
	for (int s = 0; s < PRICE_SERVICES; s++) {
		for (int k = 0; k < PRICE_KINDS; k++) {
			same = same && ladder_same(&a->ladder[s][k], &b->ladder[s][k]);
		}
	}
	return same;
}

static bool geos_same(const struct price_model *a, const struct price_model *b) {
	bool same = a->geo_count == b->geo_count;
	for (size_t i = 0; same && i < a->geo_count; i++) {
		same = text_eq(a->geos[i].name, b->geos[i].name) && a->geos[i].nano == b->geos[i].nano;
	}
	return same;
}

bool price_same(const struct price_model *a, const struct price_model *b) {
	bool same = a->rule_count == b->rule_count && a->understood == b->understood &&
		    text_eq(a->currency, b->currency) && geos_same(a, b);
	for (size_t i = 0; same && a->understood && i < a->rule_count; i++) { /* else no rule gives a price */
		same = rule_same(&a->rules[i], &b->rules[i]);
	}
	return same;
}
