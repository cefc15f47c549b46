#include "attribute/laws/rules.h"

/* Prefill's ns of a step with model time t->whole. */
typedef double split_rule(const struct split_times *t);

/* The mean over both orders of arrival of what prefill adds (L. Shapley, A value for n-person games, 1953). */
static double shapley(const struct split_times *t) {
	return (t->prefill + t->whole - t->decode) / 2;
}

static double proportional(const struct split_times *t) {
	return t->whole * t->prefill / (t->prefill + t->decode);
}

/* Prefill pays what it would cost alone; decode what it adds. */
static double prefill_first(const struct split_times *t) {
	return t->prefill;
}

static double decode_first(const struct split_times *t) {
	return t->whole - t->decode;
}

static split_rule *const rules[RULES] = {
	[RULE_SHAPLEY] = shapley,
	[RULE_PROPORTIONAL] = proportional,
	[RULE_PREFILL_FIRST] = prefill_first,
	[RULE_DECODE_FIRST] = decode_first,
};

const char *const rule_names[RULES + 1] = {
	[RULE_SHAPLEY] = "shapley",
	[RULE_PROPORTIONAL] = "proportional",
	[RULE_PREFILL_FIRST] = "prefill-first",
	[RULE_DECODE_FIRST] = "decode-first",
};

void split_times(const struct step_model *m, const struct batch *b, struct split_times *t) {
	split_times_of(m, b, step_model_ns(m, b), t);
}

void split_times_of(const struct step_model *m, const struct batch *b, double whole_ns, struct split_times *t) {
	struct batch prefill, decode;

	/* Most steps have one phase: then one evaluation of the model is enough, as an empty batch takes no time. */
	if (b->prefill_tokens == 0 && b->prefill_token_kv == 0 && b->prefill_kv_tokens == 0) {
		*t = (struct split_times){whole_ns, 0, whole_ns};
		return;
	}
	if (b->decode_tokens == 0 && b->decode_kv_tokens == 0 && b->decode_unequal_kv == 0) {
		*t = (struct split_times){whole_ns, whole_ns, 0};
		return;
	}
	batch_of_phases(b, &prefill, &decode);
	*t = (struct split_times){whole_ns, step_model_ns(m, &prefill), step_model_ns(m, &decode)};
}

double split_prefill_share(enum rule rule, const struct split_times *t) {
	if (!(t->whole > 0)) {
		return 0.5;
	}
	double share = rules[rule](t) / t->whole;
	return share < 0 ? 0 : share > 1 ? 1 : share;
}

int64_t split_part(int64_t total, double share) {
	int64_t part = (int64_t)((long double)total * (long double)share + 0.5L);

	return part < 0 ? 0 : part > total ? total : part;
}
