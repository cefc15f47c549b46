/*
 * models.dev: {name: {cost: {input, output, cache_read, cache_write} per million}}, or the whole
 * catalogue, {provider: {models: {id: {cost: …}}}}.
 */
#include "report/prices/prices.h"

static const struct {
	struct text key;
	enum price_kind kind;
} cost_keys[] = {
    {T("input"), PRICE_INPUT},   {T("cache_read"), PRICE_CACHE_READ}, {T("cache_write"), PRICE_CACHE_WRITE},
    {T("output"), PRICE_OUTPUT}, {T("reasoning"), PRICE_REASONING},
    {T("input_audio"), PRICE_AUDIO_IN}, {T("output_audio"), PRICE_AUDIO_OUT},
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

static struct price_ladder *ladder_of(struct price_ladder *ladders, struct text key) {
	for (size_t i = 0; i < sizeof cost_keys / sizeof *cost_keys; i++) {
		if (text_eq(key, cost_keys[i].key)) {
			return &ladders[cost_keys[i].kind];
		}
	}
	return NULL;
}

/* The prices of one object, for prompts longer than `over_ntok`; other members are read elsewhere. */
static int read_rates(struct import *im, json_at rates, struct price_model *m, int class, int64_t over_ntok, size_t room) {
	for (json_at v = json_first(im->json, rates); v != JSON_ABSENT; v = json_next(im->json, v)) {
		struct price_ladder *ladder = ladder_of(import_class(im, m->rules, class), json_key(im->json, v));
		struct price_step step = {.over_ntok = over_ntok};
		enum json_type type = json_type(im->json, v);
		if (!ladder && type != JSON_OBJECT && type != JSON_ARRAY) {
			prices_note(im->prices, "price of another kind, left out:", json_key(im->json, v));
			import_left_out(im, m, json_key(im->json, v));
		}
		int error = ladder ? import_price(im, v, 0, &step.nano) : 0;
		if (error) {
			return error;
		}
		if (ladder) {
			import_step(im, ladder, step, room);
		}
	}
	return 0;
}

/* [{"tier": {"type": "context", "size": 272000}, "input": 10, …}] */
static int read_tiers(struct import *im, json_at tiers, struct price_model *m, int class, size_t room) {
	int error = 0;
	for (json_at v = json_first(im->json, tiers); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		json_at tier = json_get(im->json, v, T("tier"));
		int64_t size = 0;
		bool context = text_eq(json_raw(im->json, json_get(im->json, tier, T("type"))), T("context")) &&
			       json_i64(im->json, json_get(im->json, tier, T("size")), &size) && size > 0;
		if (context) {
			error = read_rates(im, v, m, class, size, room);
		} else {
			m->understood = false;
			prices_note(im->prices, "tier not understood, so no price for:", m->id);
		}
	}
	return error;
}

/* Are there tiers without a price below them? */
static bool lacks_base(const struct price_ladder *ladder) {
	return ladder->count > 0 && ladder->steps[0].over_ntok != 0;
}

/* The longer prompt's price is that of the whole request. "tiers" contains more than the older "context_over_200k". */
static int read_cost(struct import *im, json_at cost, struct price_model *m, int class) {
	json_at tiers = json_get(im->json, cost, T("tiers")), over = json_get(im->json, cost, T("context_over_200k"));
	size_t room = (size_t)json_count(im->json, tiers) + 2;
	int error = read_rates(im, cost, m, class, 0, room);
	if (!error && json_type(im->json, tiers) == JSON_ARRAY) {
		error = read_tiers(im, tiers, m, class, room);
	} else if (!error && json_type(im->json, over) == JSON_OBJECT) {
		error = read_rates(im, over, m, class, 200000, room);
	}
	for (int k = 0; k < PRICE_KINDS && !error; k++) {
		if (lacks_base(&m->rules->ladder[class][k])) {
			m->understood = false;
			prices_note(im->prices, "tiers not understood, so no price for:", m->id);
		}
	}
	return error;
}

/*
 * {"fast": {"cost": {…}, "provider": {"body": {"service_tier": "priority"}}}}: what makes a mode is in what is sent: a
 * tier of service, or a speed.
 */
static int read_mode(struct import *im, json_at mode, struct price_model *m) {
	json_at cost = json_get(im->json, mode, T("cost")), provider = json_get(im->json, mode, T("provider"));
	json_at body = json_get(im->json, provider, T("body"));
	struct text tier = body == JSON_ABSENT ? T("") : json_raw(im->json, json_get(im->json, body, T("service_tier")));
	struct text speed = body == JSON_ABSENT ? T("") : json_raw(im->json, json_get(im->json, body, T("speed")));
	enum service service = service_of(tier);
	int class = text_eq(speed, T("fast")) || (tier.len == 0 && text_eq(json_key(im->json, mode), T("fast"))) ? PRICE_FAST : (int)service;

	if (json_type(im->json, cost) != JSON_OBJECT) {
		return 0;
	}
	if (class == SERVICE_STANDARD || (class == SERVICE_OTHER && class != PRICE_FAST)) {
		import_left_out(im, m, json_key(im->json, mode));
		prices_note(im->prices, "mode not understood, left out:", json_key(im->json, mode));
		return 0;
	}
	return read_cost(im, cost, m, class);
}

static int read_modes(struct import *im, json_at model, struct price_model *m) {
	json_at experimental = json_get(im->json, model, T("experimental"));
	json_at modes = json_get(im->json, experimental, T("modes"));
	int error = 0;

	for (json_at v = json_first(im->json, modes); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		error = read_mode(im, v, m);
	}
	return error;
}

static int read_models(struct import *im, json_at models) {
	int error = 0;

	for (json_at v = json_first(im->json, models); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		json_at cost = json_get(im->json, v, T("cost"));
		struct price_model *m = prices_add_model(im->prices, prices_keep(im->prices, json_key(im->json, v)));
		if (json_type(im->json, cost) == JSON_OBJECT) {
			m->rules = import_rules(im, 1);
			m->rule_count = 1;
			error = read_cost(im, cost, m, SERVICE_STANDARD);
			error = error ? error : read_modes(im, v, m);
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
