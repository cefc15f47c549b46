/*
 * LiteLLM's model_prices_and_context_window.json: {name: {litellm_provider, mode,
 * input_cost_per_token, …}}. Prices are per single token, request or query, with variants by suffix.
 */
#include "report/prices/prices.h"

/* Longer keys come before their prefixes. */
static const struct {
	struct text key;
	enum price_kind kind;
} cost_keys[] = {
    {T("input_cost_per_token"), PRICE_INPUT},
    {T("cache_read_input_token_cost"), PRICE_CACHE_READ},
    {T("cache_creation_input_token_cost_above_1hr"), PRICE_WRITE_1H},
    {T("cache_creation_input_token_cost"), PRICE_CACHE_WRITE},
    {T("output_cost_per_token"), PRICE_OUTPUT},
    {T("output_cost_per_reasoning_token"), PRICE_REASONING},
    {T("input_cost_per_audio_token"), PRICE_AUDIO_IN},
    {T("input_cost_per_image_token"), PRICE_IMAGE_IN},
    {T("input_cost_per_video_token"), PRICE_VIDEO_IN},
    {T("cache_read_input_audio_token_cost"), PRICE_AUDIO_CACHED},
    {T("cache_read_input_image_token_cost"), PRICE_IMAGE_CACHED},
    {T("output_cost_per_audio_token"), PRICE_AUDIO_OUT},
    {T("output_cost_per_image_token"), PRICE_IMAGE_OUT},
    {T("output_cost_per_video_token"), PRICE_VIDEO_OUT},
    {T("citation_cost_per_token"), PRICE_CITATIONS},
    {T("input_cost_per_request"), PRICE_REQUESTS},
};
/* An older key for cached reads: used if the newer one is missing, and reported if both differ. */
static const struct text cache_hit = T("input_cost_per_token_cache_hit");
#define COST_KEYS (sizeof cost_keys / sizeof *cost_keys)

/* Prices in other units than tokens. */
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

/* Maps of a gateway's own models may have prices as strings. */
static bool is_decimal(const struct json *j, json_at v) {
	struct text t = json_raw(j, v);
	enum json_type type = json_type(j, v);

	return type == JSON_NUMBER || (type == JSON_STRING && t.len > 0 && (t.at[0] == '.' || (t.at[0] >= '0' && t.at[0] <= '9')));
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

/* "_above_200k_tokens_priority": a step, and a tier of service. False if it contains more. */
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

/* Read elsewhere. */
static bool is_structured(struct text key) {
	static const struct text keys[] = {T("tiered_pricing"), T("off_peak_pricing"), T("search_context_cost_per_query"),
					   T("provider_specific_entry")};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (text_eq(key, keys[i])) {
			return true;
		}
	}
	return text_starts(key, T("regional_processing_uplift_multiplier_"));
}

/* Prices that are not a single number per token. */
static void note_other(struct import *im, json_at v, struct price_model *m) {
	struct text key = json_key(im->json, v);
	enum json_type type = json_type(im->json, v);
	bool price = text_find(key, T("cost")) != SIZE_MAX || text_find(key, T("pricing")) != SIZE_MAX ||
		     text_find(key, T("multiplier")) != SIZE_MAX;

	if (price && !is_structured(key) && type != JSON_BOOL && type != JSON_NULL) {
		prices_note(im->prices, "price of another kind, left out:", key);
		import_left_out(im, m, key);
	}
}

static int read_cache_hit(struct import *im, json_at model, struct price_model *m, struct price_rule *rule) {
	json_at v = json_get(im->json, model, cache_hit);
	struct price_ladder *ladder = &import_class(im, rule, SERVICE_STANDARD)[PRICE_CACHE_READ];
	struct price_step step = {0};

	if (!is_decimal(im->json, v)) {
		return 0;
	}
	int error = import_price(im, v, 6, &step.nano);
	if (!error && ladder->count == 0) {
		import_step(im, ladder, step, 1);
	} else if (!error && ladder->steps[0].nano != step.nano) {
		import_left_out(im, m, cache_hit);
	}
	return error;
}

static int read_cost(struct import *im, json_at v, struct price_model *m, struct price_rule *rule, size_t room) {
	enum price_kind kind = PRICE_INPUT;
	enum service service;
	struct text key = json_key(im->json, v), suffix = {0};
	struct price_step step = {0};

	if (text_eq(key, cache_hit)) {
		return 0;
	}
	if (!is_decimal(im->json, v) || !split_key(key, &kind, &suffix) ||
	    !split_suffix(suffix, &step.over_ntok, &service)) {
		note_other(im, v, m);
		return 0;
	}
	int error = import_price(im, v, 6, &step.nano);
	if (!error) {
		import_step(im, &import_class(im, rule, (int)service)[kind], step, room);
	}
	return error;
}

static int read_all(struct import *im, json_at costs, struct price_model *m, struct price_rule *rule) {
	size_t room = (size_t)json_count(im->json, costs) + 1;
	int error = 0;

	for (json_at c = json_first(im->json, costs); c != JSON_ABSENT && !error; c = json_next(im->json, c)) {
		error = read_cost(im, c, m, rule, room);
	}
	return error ? error : read_cache_hit(im, costs, m, rule);
}

/* ---- ranges of prompt length: [{"range": [32000, 128000], "input_cost_per_token": 2.4e-06, …}] ---- */

static int read_range(struct import *im, json_at v, struct price_model *m, size_t room) {
	json_at range = json_get(im->json, v, T("range"));
	int64_t over_ntok = 0;
	int error = 0;

	if (json_type(im->json, range) != JSON_ARRAY || !json_i64(im->json, json_first(im->json, range), &over_ntok) || over_ntok < 0) {
		m->understood = false;
		prices_note(im->prices, "tiers not understood, so no price for:", m->id);
		return 0;
	}
	for (json_at c = json_first(im->json, v); c != JSON_ABSENT && !error; c = json_next(im->json, c)) {
		enum price_kind kind;
		struct text suffix;
		struct price_step step = {.over_ntok = over_ntok};
		if (!is_decimal(im->json, c) || !split_key(json_key(im->json, c), &kind, &suffix) || suffix.len > 0) {
			continue;
		}
		error = import_price(im, c, 6, &step.nano);
		if (!error) {
			import_step(im, &import_class(im, m->rules, SERVICE_STANDARD)[kind], step, room);
		}
	}
	return error;
}

/* The whole request has the prices of its range, in place of any others. */
static int read_ranges(struct import *im, json_at ranges, struct price_model *m) {
	size_t room = (size_t)json_count(im->json, ranges) + 1;
	int error = 0;

	if (json_type(im->json, ranges) != JSON_ARRAY) {
		return 0;
	}
	for (int k = 0; k < PRICE_TOKENS; k++) {
		import_class(im, m->rules, SERVICE_STANDARD)[k] = (struct price_ladder){.count = 0};
	}
	for (json_at v = json_first(im->json, ranges); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		error = read_range(im, v, m, room);
	}
	return error;
}

/* ---- searches, places, fast modes ---- */

/* A price by search context size: logs do not report it, and the median is the vendors' default. */
static int read_searches(struct import *im, json_at v, struct price_model *m) {
	static const struct text sizes[] = {T("search_context_size_medium"), T("search_context_size_low"),
					    T("search_context_size_high")};
	struct price_step step = {0};
	json_at price = JSON_ABSENT;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes && price == JSON_ABSENT; i++) {
		price = json_get(im->json, v, sizes[i]);
	}
	if (json_type(im->json, price) != JSON_NUMBER) {
		return 0;
	}
	int error = import_price(im, price, 6, &step.nano);
	if (!error) {
		import_step(im, &import_class(im, m->rules, SERVICE_STANDARD)[PRICE_SEARCHES], step, 1);
	}
	return error;
}

/* A fast mode's prices are the standard ones times this factor: written out. */
static int make_fast(struct import *im, json_at v, struct price_rule *rule, int64_t factor_nano) {
	bool fits = true;

	for (int k = 0; k < PRICE_KINDS; k++) {
		const struct price_ladder *from = &rule->ladder[SERVICE_STANDARD][k];
		if (from->count == 0 || k >= PRICE_CITATIONS) {
			continue; /* fees do not depend on speed */
		}
		struct price_ladder *to = &import_class(im, rule, PRICE_FAST)[k];
		*to = import_ladder(im, from->count);
		for (size_t i = 0; i < from->count; i++) {
			to->steps[i] = from->steps[i];
			fits &= exact_mul_div(from->steps[i].nano, factor_nano, 1000000000, &to->steps[i].nano);
		}
	}
	return fits ? 0 : import_fault(im, v, "a price times this factor does not fit");
}

/* {"fast": 6.0, "us": 1.1}: a speed, and places. */
static int read_factors(struct import *im, json_at entry, struct price_model *m) {
	int error = 0;

	for (json_at v = json_first(im->json, entry); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		struct text key = json_key(im->json, v);
		int64_t nano = 0;
		if (json_type(im->json, v) != JSON_NUMBER) {
			import_left_out(im, m, key);
		} else if (text_eq(key, T("fast"))) {
			error = import_price(im, v, 0, &nano);
			error = error ? error : make_fast(im, v, m->rules, nano);
		} else {
			error = import_geo(im, m, key, v);
		}
	}
	return error;
}

static int read_uplifts(struct import *im, json_at model, struct price_model *m) {
	int error = 0;

	for (json_at v = json_first(im->json, model); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		struct text place = json_key(im->json, v);
		if (text_skip(&place, T("regional_processing_uplift_multiplier_")) && json_type(im->json, v) == JSON_NUMBER) {
			error = import_geo(im, m, place, v);
		}
	}
	return error;
}

/* ---- hours of the day: see import_off_peak.c ---- */

/* "cache_creation_input_token_cost_above_200k_tokens", as in the map. */
static void leave_out_step(struct import *im, struct price_model *m, int kind, int64_t over_ntok) {
	char key[128];

	for (size_t i = 0; i < COST_KEYS; i++) {
		if ((int)cost_keys[i].kind == kind) {
			snprintf(key, sizeof key, "%.*s_above_%lldk_tokens", TEXT_ARG(cost_keys[i].key), (long long)(over_ntok / 1000));
			import_left_out(im, m, text_of(key));
			return;
		}
	}
}

/* A ladder with only its upper steps has no price below them, which is not guessed. */
static void drop_baseless(struct import *im, struct price_model *m, struct price_rule *rule) {
	for (int s = 0; s < PRICE_SERVICES; s++) {
		for (int k = 0; k < PRICE_KINDS && rule->ladder[s] != price_none; k++) {
			struct price_ladder *ladder = &import_class(im, rule, s)[k];
			if (ladder->count > 0 && ladder->steps[0].over_ntok != 0) {
				leave_out_step(im, m, k, ladder->steps[0].over_ntok);
				ladder->count = 0;
				prices_note(im->prices, "price of long prompts without one of short ones, left out:", m->id);
			}
		}
	}
}

static int read_off_peak(struct import *im, json_at costs, struct price_model *m, struct price_rule *rule) {
	int error = read_all(im, costs, m, rule);

	drop_baseless(im, m, rule);
	return error;
}

static bool is_text_mode(const struct json *j, json_at v) {
	struct text mode = json_raw(j, json_get(j, v, T("mode")));
	for (size_t i = 0; i < sizeof other_modes / sizeof *other_modes; i++) {
		if (text_eq(mode, other_modes[i])) {
			return json_get(j, v, T("input_cost_per_token")) != JSON_ABSENT;
		}
	}
	return true;
}

/*
 * "azure/gpt-4o" of provider azure is its gpt-4o; unless the map also has a "gpt-4o" of that provider: then both keep
 * their names.
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

/* Refinements of the prices per token already read. */
static int read_more(struct import *im, json_at v, struct price_model *m) {
	int error = read_searches(im, json_get(im->json, v, T("search_context_cost_per_query")), m);

	error = error ? error : read_ranges(im, json_get(im->json, v, T("tiered_pricing")), m);
	drop_baseless(im, m, m->rules);
	error = error ? error : read_factors(im, json_get(im->json, v, T("provider_specific_entry")), m);
	error = error ? error : read_uplifts(im, v, m);
	return error ? error : import_off_peak(im, json_get(im->json, v, T("off_peak_pricing")), m, read_off_peak);
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
	m->key = prices_keep(im->prices, name);
	m->rules = import_rules(im, 1);
	m->rule_count = 1;
	int error = read_all(im, v, m, m->rules);
	return error ? error : read_more(im, v, m);
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
			prices_note(im->prices, "not priced by tokens, mode",
				    json_raw(im->json, json_get(im->json, v, T("mode"))));
		}
	}
	return error;
}

const struct import_format import_litellm = {"LiteLLM", litellm_bid, litellm_read};
