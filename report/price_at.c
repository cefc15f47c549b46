/* Which of a model's prices holds at an instant, for a prompt length. */
#include <assert.h>

#include "core/instant.h"
#include "report/prices.h"

static bool holds_daily(const struct price_rule *rule, int64_t ns) {
	int minute = (int)((ns - instant_floor(ns, NS_PER_DAY)) / (60 * NS_PER_SECOND));

	if (rule->to_minute < rule->from_minute) {
		return minute >= rule->from_minute || minute < rule->to_minute;
	}
	return minute >= rule->from_minute && minute < rule->to_minute;
}

static bool holds(const struct price_rule *rule, int64_t ns) {
	if (rule->when == PRICE_DAILY) {
		return holds_daily(rule, ns);
	}
	return rule->when == PRICE_ALWAYS || ns >= rule->from_ns;
}

const struct price_rule *price_rule_at(const struct price_model *m, int64_t ns) {
	for (size_t i = m->rule_count; i-- > 0;) {
		if (holds(&m->rules[i], ns)) {
			return &m->rules[i];
		}
	}
	return m->rules;
}

/* The whole request moves to a step's price: the catalogues price by the length of the prompt. */
static int64_t step_at(const struct price_ladder *ladder, int64_t prompt_over_ntok) {
	int64_t nano = PRICE_UNKNOWN;
	for (size_t i = 0; i < ladder->count && ladder->steps[i].over_ntok <= prompt_over_ntok; i++) {
		nano = ladder->steps[i].nano;
	}
	return nano;
}

void price_at(const struct price_model *m, int64_t ns, int64_t prompt_over_ntok, bool batch, struct price_quote *out) {
	*out =
	    (struct price_quote){.nano = {PRICE_UNKNOWN, PRICE_UNKNOWN, PRICE_UNKNOWN, PRICE_UNKNOWN, PRICE_UNKNOWN}};
	_Static_assert(PRICE_KINDS == 5, "one PRICE_UNKNOWN for each kind");
	if (!m->understood || m->rule_count == 0) {
		return;
	}
	const struct price_rule *rule = price_rule_at(m, ns);
	for (int k = 0; k < PRICE_KINDS; k++) {
		int64_t standard = step_at(&rule->ladder[PRICE_STANDARD][k], prompt_over_ntok);
		int64_t cheaper = step_at(&rule->ladder[PRICE_BATCH][k], prompt_over_ntok);
		out->nano[k] = batch && cheaper != PRICE_UNKNOWN ? cheaper : standard;
		out->batch_unknown[k] = batch && standard != PRICE_UNKNOWN && cheaper == PRICE_UNKNOWN;
	}
}

static bool ladder_same(const struct price_ladder *a, const struct price_ladder *b) {
	if (a->count != b->count) {
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
	bool same = a->when == b->when && a->from_ns == b->from_ns && a->from_minute == b->from_minute &&
		    a->to_minute == b->to_minute;
	for (int s = 0; s < PRICE_SERVICES; s++) {
		for (int k = 0; k < PRICE_KINDS; k++) {
			same = same && ladder_same(&a->ladder[s][k], &b->ladder[s][k]);
		}
	}
	return same;
}

bool price_same(const struct price_model *a, const struct price_model *b) {
	bool same = a->rule_count == b->rule_count && a->understood == b->understood;
	for (size_t i = 0; same && i < a->rule_count; i++) {
		same = rule_same(&a->rules[i], &b->rules[i]);
	}
	return same;
}
