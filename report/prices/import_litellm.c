/*
 * LiteLLM's model_prices_and_context_window.json: {name: {litellm_provider, mode,
 * input_cost_per_token, …}}. Prices are per single token, with variants by suffix.
 */
#include "report/prices/prices.h"

static const struct {
	struct text key;
	enum price_kind kind;
} cost_keys[] = {
    {T("input_cost_per_token"), PRICE_INPUT},
    {T("cache_read_input_token_cost"), PRICE_CACHE_READ},
    {T("cache_creation_input_token_cost"), PRICE_CACHE_WRITE},
    {T("output_cost_per_token"), PRICE_OUTPUT},
    {T("output_cost_per_reasoning_token"), PRICE_REASONING},
};
/* An older key for cached reads: counts where the newer one is not given. */
static const struct text cache_hit = T("input_cost_per_token_cache_hit");
#define COST_KEYS (sizeof cost_keys / sizeof *cost_keys)

/* What is charged by other things than tokens of text. */
static const struct text other_modes[] = {T("image_generation"),
					  T("image_edit"),
					  T("audio_transcription"),
					  T("audio_speech"),
					  T("video_generation"),
					  T("rerank"),
					  T("search"),
					  T("ocr"),
					  T("vector_store")};

/* The price's own key and what follows it. */
static bool split_key(struct text key, enum price_kind *kind, struct text *suffix) {
	for (size_t i = 0; i < COST_KEYS; i++) {
		struct text rest = key;
		if (text_skip(&rest, cost_keys[i].key)) {
			*kind = cost_keys[i].kind;
			*suffix = rest;
			return true;
		}
	}
	return false;
}

/* "_above_200k_tokens": prompts longer than 200,000. */
static bool take_above(struct text suffix, int64_t *ntok) {
	return text_skip(&suffix, T("_above_")) && text_take_i64(&suffix, ntok) && *ntok > 0 && *ntok < 1000000 &&
	       text_eq(suffix, T("k_tokens")) && (*ntok *= 1000, true);
}

static bool litellm_bid(const struct json *j) {
	int seen = 0;
	if (json_type(j, 0) != JSON_OBJECT) {
		return false;
	}
	for (json_at v = json_first(j, 0); v != JSON_ABSENT && seen < 20; v = json_next(j, v), seen++) {
		if (json_get(j, v, T("litellm_provider")) != JSON_ABSENT ||
		    json_get(j, v, T("input_cost_per_token")) != JSON_ABSENT) {
			return true;
		}
	}
	return false;
}

/* "_above_200k_tokens_priority": a step, and a tier of service. False if there is more in it. */
static bool split_suffix(struct text suffix, int64_t *over_ntok, enum service *service) {
	static const struct {
		struct text text;
		enum service service;
	} services[] = {{T("_batches"), SERVICE_BATCH}, {T("_priority"), SERVICE_PRIORITY}, {T("_flex"), SERVICE_FLEX}};

	*service = SERVICE_STANDARD;
	*over_ntok = 0;
	for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
		if (text_ends(suffix, services[i].text)) {
			*service = services[i].service;
			suffix.len -= services[i].text.len;
			break;
		}
	}
	return suffix.len == 0 || take_above(suffix, over_ntok);
}

/* What hangs on anything but one number per token. */
static void note_other(struct import *im, json_at v, struct price_model *m) {
	struct text key = json_key(im->json, v);
	enum json_type type = json_type(im->json, v);

	if (text_eq(key, T("tiered_pricing"))) {
		m->understood = false;
		prices_note(im->prices, "tiers not understood, so no price for:", m->id);
	} else if (text_find(key, T("cost")) != SIZE_MAX && type != JSON_BOOL && type != JSON_NULL) {
		prices_note(im->prices, "price of another kind, left out:", key);
	} else if (text_find(key, T("multiplier")) != SIZE_MAX || text_eq(key, T("provider_specific_entry"))) {
		prices_note(im->prices, "factor on prices, left out:", key);
	}
}

static int read_cache_hit(struct import *im, json_at model, struct price_model *m) {
	json_at v = json_get(im->json, model, cache_hit);
	struct price_ladder *ladder = &m->rules->ladder[SERVICE_STANDARD][PRICE_CACHE_READ];
	struct price_step step = {0};

	if (v == JSON_ABSENT || json_type(im->json, v) != JSON_NUMBER || ladder->count > 0) {
		return 0;
	}
	int error = import_price(im, v, 6, &step.nano);
	if (!error) {
		import_step(im, ladder, step, 1);
	}
	return error;
}

static int read_cost(struct import *im, json_at v, struct price_model *m, size_t room) {
	enum price_kind kind = PRICE_INPUT;
	enum service service;
	struct text key = json_key(im->json, v), suffix = {0};
	struct price_step step = {0};

	if (text_eq(key, cache_hit)) {
		return 0;
	}
	if (json_type(im->json, v) != JSON_NUMBER || !split_key(key, &kind, &suffix) ||
	    !split_suffix(suffix, &step.over_ntok, &service)) {
		note_other(im, v, m);
		return 0;
	}
	int error = import_price(im, v, 6, &step.nano);
	if (!error) {
		import_step(im, &m->rules->ladder[service][kind], step, room);
	}
	return error;
}

/* A ladder that has only its upper steps has no price below them: that is not ours to guess. */
static void drop_baseless(struct import *im, struct price_model *m) {
	struct price_ladder *ladders = &m->rules->ladder[0][0];
	for (size_t i = 0; i < (size_t)PRICE_SERVICES * PRICE_KINDS; i++) {
		if (ladders[i].count > 0 && ladders[i].steps[0].over_ntok != 0) {
			ladders[i].count = 0;
			prices_note(im->prices, "price of long prompts without one of short ones, left out:", m->id);
		}
	}
}

static bool is_text_mode(const struct json *j, json_at v) {
	struct text mode = json_raw(j, json_get(j, v, T("mode")));
	for (size_t i = 0; i < sizeof other_modes / sizeof *other_modes; i++) {
		if (text_eq(mode, other_modes[i])) {
			return false;
		}
	}
	return true;
}

/*
 * "azure/gpt-4o" of provider azure is its gpt-4o; unless the map has a "gpt-4o" of that provider beside it: then both
 * keep their names, to be told apart.
 */
static struct text id_of(struct import *im, struct text name, struct text provider) {
	const struct json *j = im->json;

	if (!text_starts(name, provider) || name.len <= provider.len + 1 || name.at[provider.len] != '/') {
		return name;
	}
	struct text id = text_cut(name, provider.len + 1, name.len);
	json_at other = json_get(j, 0, id);
	bool taken = other != JSON_ABSENT && text_eq(json_raw(j, json_get(j, other, T("litellm_provider"))), provider);
	return taken ? name : id;
}

static int read_model(struct import *im, json_at v) {
	char buffer[256];
	struct text name = json_key(im->json, v), provider = T("litellm");
	json_at given = json_get(im->json, v, T("litellm_provider"));

	if (json_type(im->json, given) == JSON_STRING) {
		provider = json_string(im->json, given, buffer, sizeof buffer);
	}
	struct price_model *m = prices_add_model(im->prices, prices_keep(im->prices, id_of(im, name, provider)));
	m->provider = prices_keep(im->prices, provider);
	m->rules = import_rules(im, 1);
	m->rule_count = 1;
	size_t room = (size_t)json_count(im->json, v);
	int error = 0;
	for (json_at c = json_first(im->json, v); c != JSON_ABSENT && !error; c = json_next(im->json, c)) {
		error = read_cost(im, c, m, room);
	}
	error = error ? error : read_cache_hit(im, v, m);
	drop_baseless(im, m);
	return error;
}

static int litellm_read(struct import *im) {
	int error = 0;

	prices_add_provider(im->prices, T("litellm"));
	for (json_at v = json_first(im->json, 0); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		if (text_eq(json_key(im->json, v), T("sample_spec"))) {
			continue; /* its values are descriptions */
		}
		if (is_text_mode(im->json, v)) {
			error = read_model(im, v);
		} else {
			prices_note(im->prices, "not priced by tokens of text, mode",
				    json_raw(im->json, json_get(im->json, v, T("mode"))));
		}
	}
	return error;
}

const struct import_format import_litellm = {"LiteLLM", litellm_bid, litellm_read};
