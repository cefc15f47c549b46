/*
 * OpenRouter's list of models: {"data": [{"id": "openai/gpt-4o", "canonical_slug": …, "pricing": {"prompt": "0.0000025", …}}]},
 * in USD per single token, request or search, as strings.
 *
 * "0" is also written for what a model does not have or does not price separately, such as reasoning: only "prompt" and
 * "completion" are free where they are 0, a part has the price of its whole. "-1" is a price that depends on the router's choice.
 */
#include "report/prices/prices.h"

static const struct {
	struct text key;
	enum price_kind kind;
} price_keys[] = {
    {T("prompt"), PRICE_INPUT},
    {T("completion"), PRICE_OUTPUT},
    {T("input_cache_read"), PRICE_CACHE_READ},
    {T("input_cache_write"), PRICE_CACHE_WRITE},
    {T("input_cache_write_1h"), PRICE_WRITE_1H},
    {T("internal_reasoning"), PRICE_REASONING},
    {T("image_token"), PRICE_IMAGE_IN},
    {T("audio"), PRICE_AUDIO_IN},
    {T("input_audio_cache"), PRICE_AUDIO_CACHED},
    {T("audio_output"), PRICE_AUDIO_OUT},
    {T("web_search"), PRICE_SEARCHES},
    {T("request"), PRICE_REQUESTS},
};

/* Members of "pricing" and of its overrides that are not prices. */
static const struct text conditions[] = {T("overrides"), T("min_prompt_tokens"), T("utc_start"), T("utc_end")};

static json_at list_of(const struct json *j) {
	return json_type(j, 0) == JSON_ARRAY ? 0 : json_get(j, 0, T("data"));
}

static bool openrouter_bid(const struct json *j) {
	json_at list = list_of(j);
	return json_type(j, list) == JSON_ARRAY && json_type(j, json_get(j, json_first(j, list), T("pricing"))) == JSON_OBJECT;
}

static const enum price_kind *kind_of(struct text key) {
	for (size_t i = 0; i < sizeof price_keys / sizeof *price_keys; i++) {
		if (text_eq(key, price_keys[i].key)) {
			return &price_keys[i].kind;
		}
	}
	return NULL;
}

static bool is_condition(struct text key) {
	for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
		if (text_eq(key, conditions[i])) {
			return true;
		}
	}
	return false;
}

static int read_price(struct import *im, json_at v, struct price_model *m, struct price_ladder *ladders, int64_t over_ntok, size_t room) {
	struct text key = json_key(im->json, v);
	const enum price_kind *kind = kind_of(key);
	struct price_step step = {.over_ntok = over_ntok};
	enum json_type type = json_type(im->json, v);

	if (is_condition(key) || type == JSON_NULL) {
		return 0;
	}
	if (text_eq(json_raw(im->json, v), T("-1"))) {
		m->understood = false;
		prices_note(im->prices, "price depends on the router's choice:", m->id);
		return 0;
	}
	int error = import_price(im, v, 6, &step.nano);
	if (error) {
		return error;
	}
	if (!kind && step.nano > 0) {
		prices_note(im->prices, "price of another kind, left out:", key);
		import_left_out(im, m, key);
	} else if (kind && (step.nano > 0 || *kind == PRICE_INPUT || *kind == PRICE_OUTPUT)) {
		import_step(im, &ladders[*kind], step, room);
	}
	return 0;
}

static int read_prices(struct import *im, json_at prices, struct price_model *m, struct price_rule *rule, int64_t over_ntok, size_t room) {
	int error = 0;

	for (json_at v = json_first(im->json, prices); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		error = read_price(im, v, m, import_class(im, rule, SERVICE_STANDARD), over_ntok, room);
	}
	return error;
}

/* {"min_prompt_tokens": 200000, "prompt": "0.0000025", …}: for the whole of prompts from this length. */
static bool read_length(const struct json *j, json_at v, int64_t *over_ntok) {
	json_at min = json_get(j, v, T("min_prompt_tokens"));

	*over_ntok = 0;
	if (min == JSON_ABSENT || json_type(j, min) == JSON_NULL) {
		return true;
	}
	bool ok = json_i64(j, min, over_ntok) && *over_ntok > 1;
	*over_ntok -= ok;
	return ok;
}

/* A copy with room for more steps: rules of a window begin with the prices of other times. */
static void copy_rule(struct import *im, const struct price_rule *from, struct price_rule *to, size_t room) {
	struct price_ladder *ladders = import_class(im, to, SERVICE_STANDARD);

	for (int k = 0; k < PRICE_KINDS; k++) {
		const struct price_ladder *ladder = &from->ladder[SERVICE_STANDARD][k];
		for (size_t i = 0; i < ladder->count; i++) {
			import_step(im, &ladders[k], ladder->steps[i], room);
		}
	}
}

/* "utc_start", "utc_end": the rule of this window, a new one where there is none; NULL if it is not understood. */
static struct price_rule *rule_of(struct import *im, json_at v, struct price_model *m, size_t room) {
	json_at start = json_get(im->json, v, T("utc_start")), end = json_get(im->json, v, T("utc_end"));
	int from = 0, to = 0;

	if (start == JSON_ABSENT && end == JSON_ABSENT) {
		return &m->rules[0];
	}
	if (!import_minute(im->json, start, &from) || !import_minute(im->json, end, &to)) {
		return NULL;
	}
	for (size_t i = 1; i < m->rule_count; i++) {
		if (m->rules[i].from_minute == from && m->rules[i].to_minute == to) {
			return &m->rules[i];
		}
	}
	struct price_rule *rule = &m->rules[m->rule_count++];
	rule->daily = true;
	rule->from_minute = from;
	rule->to_minute = to;
	copy_rule(im, &m->rules[0], rule, room);
	return rule;
}

static bool is_windowed(const struct json *j, json_at v) {
	return json_get(j, v, T("utc_start")) != JSON_ABSENT || json_get(j, v, T("utc_end")) != JSON_ABSENT;
}

/* Those for all times come first: a window inherits them. */
static int read_overrides(struct import *im, json_at overrides, struct price_model *m, size_t room) {
	int error = 0;

	for (int windowed = 0; windowed < 2; windowed++) {
		for (json_at v = json_first(im->json, overrides); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
			int64_t over_ntok;
			if ((int)is_windowed(im->json, v) != windowed) {
				continue;
			}
			struct price_rule *rule = rule_of(im, v, m, room);
			if (rule && read_length(im->json, v, &over_ntok)) {
				error = read_prices(im, v, m, rule, over_ntok, room);
			} else {
				m->understood = false;
				prices_note(im->prices, "override not understood, so no price for:", m->id);
			}
		}
	}
	return error;
}

/* A kind that only long prompts have a price of has none below, and the base is not guessed. */
static void drop_baseless(struct import *im, struct price_model *m) {
	for (size_t r = 0; r < m->rule_count; r++) {
		struct price_ladder *ladders = import_class(im, &m->rules[r], SERVICE_STANDARD);
		for (int k = 0; k < PRICE_KINDS; k++) {
			struct price_ladder *ladder = &ladders[k];
			if (ladder->count > 0 && ladder->steps[0].over_ntok > 0) {
				ladder->count = 0;
				import_left_out(im, m, text_of(price_kind_names[k]));
			}
		}
	}
}

/* "anthropic/claude-4-sonnet-20250522": the name of the same model in OpenRouter's records of requests. */
static int read_slug(struct import *im, json_at v, struct price_model *m) {
	struct match *match = prices_alloc(im->prices, sizeof(*match));

	if (json_type(im->json, v) != JSON_STRING) {
		return 0;
	}
	match->op = MATCH_EQUALS;
	m->match = match;
	return import_text(im, v, "not a name", &match->text);
}

static int read_model(struct import *im, json_at v) {
	json_at pricing = json_get(im->json, v, T("pricing"));
	json_at overrides = pricing == JSON_ABSENT ? JSON_ABSENT : json_get(im->json, pricing, T("overrides"));
	struct text id;
	int error = import_text(im, json_get(im->json, v, T("id")), "a model without \"id\", expected a string", &id);

	if (error) {
		return error;
	}
	struct price_model *m = prices_add_model(im->prices, id);
	if (json_type(im->json, pricing) != JSON_OBJECT) {
		prices_note(im->prices, "model without a price:", m->id);
		return 0;
	}
	size_t count = json_type(im->json, overrides) == JSON_ARRAY ? (size_t)json_count(im->json, overrides) : 0, room = count + 1;
	m->rules = import_rules(im, room);
	m->rule_count = 1;
	error = read_slug(im, json_get(im->json, v, T("canonical_slug")), m);
	error = error ? error : read_prices(im, pricing, m, m->rules, 0, room);
	error = error || count == 0 ? error : read_overrides(im, overrides, m, room);
	drop_baseless(im, m);
	return error;
}

static int openrouter_read(struct import *im) {
	int error = 0;

	prices_add_provider(im->prices, T("openrouter"));
	for (json_at v = json_first(im->json, list_of(im->json)); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		error = read_model(im, v);
	}
	return error;
}

const struct import_format import_openrouter = {"OpenRouter", openrouter_bid, openrouter_read};
