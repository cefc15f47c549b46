/*
 * models.dev: {name: {cost: {input, output, cache_read, cache_write} per million}}, or the whole
 * catalogue, {provider: {models: {id: {cost: …}}}}.
 */
#include "report/prices.h"

static const struct {
	struct text key;
	enum price_kind kind;
} cost_keys[] = {
    {T("input"), PRICE_INPUT},   {T("cache_read"), PRICE_CACHE_READ}, {T("cache_write"), PRICE_CACHE_WRITE},
    {T("output"), PRICE_OUTPUT}, {T("reasoning"), PRICE_REASONING},
};

static bool is_model(const struct json *j, json_at v) {
	return json_type(j, json_get(j, v, T("cost"))) == JSON_OBJECT || json_get(j, v, T("limit")) != JSON_ABSENT;
}

static bool is_provider(const struct json *j, json_at v) {
	return json_type(j, json_get(j, v, T("models"))) == JSON_OBJECT;
}

static bool models_dev_bid(const struct json *j) {
	json_at first = json_first(j, 0);
	return json_type(j, 0) == JSON_OBJECT && first != JSON_ABSENT && (is_model(j, first) || is_provider(j, first));
}

static struct price_ladder *ladder_of(struct price_rule *rule, struct text key) {
	for (size_t i = 0; i < sizeof cost_keys / sizeof *cost_keys; i++) {
		if (text_eq(key, cost_keys[i].key)) {
			return &rule->ladder[PRICE_STANDARD][cost_keys[i].kind];
		}
	}
	return NULL;
}

static int read_cost(struct import *im, json_at cost, struct price_model *m) {
	m->rules = prices_alloc(im->prices, sizeof(*m->rules));
	m->rule_count = 1;
	for (json_at v = json_first(im->json, cost); v != JSON_ABSENT; v = json_next(im->json, v)) {
		struct text key = json_key(im->json, v);
		struct price_ladder *ladder = ladder_of(m->rules, key);
		if (!ladder) {
			/* Prices by context length would change what is due: without them, none is given. */
			m->understood =
			    m->understood && text_find(key, T("context")) == SIZE_MAX && !text_eq(key, T("tiers"));
			prices_note(im->prices, "price of another kind, left out:", key);
			continue;
		}
		*ladder = import_ladder(im, 1);
		int error = import_price(im, v, 0, &ladder->steps[0].nano);
		if (error) {
			return error;
		}
	}
	return 0;
}

static int read_models(struct import *im, json_at models) {
	int error = 0;

	for (json_at v = json_first(im->json, models); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		json_at cost = json_get(im->json, v, T("cost"));
		struct price_model *m = prices_add_model(im->prices, prices_keep(im->prices, json_key(im->json, v)));
		if (json_type(im->json, cost) == JSON_OBJECT) {
			error = read_cost(im, cost, m);
		} else {
			prices_note(im->prices, "model without a price:", m->id);
		}
	}
	return error;
}

static int models_dev_read(struct import *im) {
	int error = 0;

	if (!is_provider(im->json, json_first(im->json, 0))) {
		prices_add_provider(im->prices, T("models.dev"));
		return read_models(im, 0);
	}
	for (json_at v = json_first(im->json, 0); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		prices_add_provider(im->prices, prices_keep(im->prices, json_key(im->json, v)));
		error = read_models(im, json_get(im->json, v, T("models")));
	}
	return error;
}

const struct import_format import_models_dev = {"models.dev", models_dev_bid, models_dev_read};
