/* genai-prices (prices/data.json of pydantic/genai-prices): a list of providers, each with its models. */
#include <limits.h>

#include "core/instant.h"
#include "report/prices/prices.h"

/* Prices are per million tokens ("_mtok") or per thousand of something else ("_kcount"). */
static const struct {
	struct text key;
	enum price_kind kind;
	int shift; /* decimal digits from the catalogue's unit to one million */
} price_keys[] = {
    {T("input_mtok"), PRICE_INPUT, 0},
    {T("cache_read_mtok"), PRICE_CACHE_READ, 0},
    {T("cache_write_mtok"), PRICE_CACHE_WRITE, 0},
    {T("cache_write_1h_mtok"), PRICE_WRITE_1H, 0},
    {T("output_mtok"), PRICE_OUTPUT, 0},
    {T("output_reasoning_mtok"), PRICE_REASONING, 0},
    {T("input_audio_mtok"), PRICE_AUDIO_IN, 0},
    {T("input_image_mtok"), PRICE_IMAGE_IN, 0},
    {T("input_video_mtok"), PRICE_VIDEO_IN, 0},
    {T("cache_audio_read_mtok"), PRICE_AUDIO_CACHED, 0},
    {T("cache_image_read_mtok"), PRICE_IMAGE_CACHED, 0},
    {T("output_audio_mtok"), PRICE_AUDIO_OUT, 0},
    {T("output_image_mtok"), PRICE_IMAGE_OUT, 0},
    {T("output_video_mtok"), PRICE_VIDEO_OUT, 0},
    {T("output_citation_mtok"), PRICE_CITATIONS, 0},
    {T("web_searches_kcount"), PRICE_SEARCHES, 3},
    {T("requests_kcount"), PRICE_REQUESTS, 3},
};

static bool genai_bid(const struct json *j) {
	return json_type(j, 0) == JSON_ARRAY;
}

static int read_tier(struct import *im, json_at v, int shift, const struct price_step *before, struct price_step *out) {
	json_at start = json_get(im->json, v, T("start"));

	if (!json_i64(im->json, start, &out->over_ntok) || out->over_ntok <= before->over_ntok) {
		return import_fault(im, v, "not a tier, expected {start, price} with starts in ascending order");
	}
	return import_price(im, json_get(im->json, v, T("price")), shift, &out->nano);
}

/* {"base": 1.25, "tiers": [{"start": 200000, "price": 2.5}]} */
static int read_tiers(struct import *im, json_at v, int shift, struct price_ladder *out) {
	json_at tiers = json_get(im->json, v, T("tiers"));

	if (json_type(im->json, tiers) != JSON_ARRAY) {
		return import_fault(im, v, "a tiered price without tiers, expected {base, tiers: [{start, price}]}");
	}
	*out = import_ladder(im, (size_t)json_count(im->json, tiers) + 1);
	int error = import_price(im, json_get(im->json, v, T("base")), shift, &out->steps[0].nano);
	size_t i = 1;
	for (json_at t = json_first(im->json, tiers); t != JSON_ABSENT && !error; t = json_next(im->json, t), i++) {
		error = read_tier(im, t, shift, &out->steps[i - 1], &out->steps[i]);
	}
	return error;
}

static int read_price(struct import *im, json_at v, int shift, struct price_ladder *out) {
	if (json_type(im->json, v) == JSON_NULL) {
		return 0;
	}
	if (json_type(im->json, v) == JSON_OBJECT) {
		return read_tiers(im, v, shift, out);
	}
	*out = import_ladder(im, 1);
	return import_price(im, v, shift, &out->steps[0].nano);
}

static struct price_ladder *ladder_of(struct price_ladder *ladders, struct text key, int *shift) {
	for (size_t i = 0; i < sizeof price_keys / sizeof *price_keys; i++) {
		if (text_eq(key, price_keys[i].key)) {
			*shift = price_keys[i].shift;
			return &ladders[price_keys[i].kind];
		}
	}
	return NULL;
}

static int read_prices(struct import *im, json_at prices, struct price_model *m, struct price_rule *rule) {
	if (json_type(im->json, prices) != JSON_OBJECT) {
		return import_fault(im, prices, "no prices here, expected an object such as {\"input_mtok\": 1.25}");
	}
	struct price_ladder *ladders = import_class(im, rule, SERVICE_STANDARD);
	for (json_at v = json_first(im->json, prices); v != JSON_ABSENT; v = json_next(im->json, v)) {
		struct text key = json_key(im->json, v);
		int shift = 0;
		struct price_ladder *ladder = ladder_of(ladders, key, &shift);
		if (!ladder) {
			prices_note(im->prices, "price of another kind, left out:", key);
			import_left_out(im, m, key);
			continue;
		}
		int error = read_price(im, v, shift, ladder);
		if (error) {
			return error;
		}
	}
	return 0;
}

/* False if the constraint is of a kind not known here: then no price of the model is reliable. */
static bool read_constraint(const struct json *j, json_at c, struct price_rule *rule) {
	json_at date = json_get(j, c, T("start_date"));
	int keys = json_count(j, c) - (json_get(j, c, T("type")) != JSON_ABSENT);

	if (keys == 1 && date != JSON_ABSENT) {
		return import_hour(j, date, &rule->from_ns);
	}
	rule->daily = true;
	return keys == 2 && import_minute(j, json_get(j, c, T("start_time")), &rule->from_minute) &&
	       import_minute(j, json_get(j, c, T("end_time")), &rule->to_minute);
}

static int read_rule(struct import *im, json_at v, struct price_model *m, struct price_rule *rule) {
	json_at constraint = json_get(im->json, v, T("constraint"));
	enum json_type type = json_type(im->json, constraint);

	if (constraint != JSON_ABSENT && type != JSON_NULL && !read_constraint(im->json, constraint, rule)) {
		m->understood = false;
		prices_note(im->prices, "constraint not understood, so no price for:", m->id);
	}
	return read_prices(im, json_get(im->json, v, T("prices")), m, rule);
}

/* If no set of prices applies, the publisher's rule is to use the first. */
static void hold_always(struct price_rule *rule) {
	rule->from_ns = INT64_MIN;
	rule->to_ns = INT64_MAX;
	rule->daily = false;
}

static int read_rules(struct import *im, json_at prices, struct price_model *m) {
	bool list = json_type(im->json, prices) == JSON_ARRAY;
	size_t count = list ? (size_t)json_count(im->json, prices) : 1;

	m->rules = import_rules(im, count);
	m->rule_count = count;
	if (!list) {
		return read_prices(im, prices, m, m->rules);
	}
	int error = 0;
	size_t i = 0;
	for (json_at v = json_first(im->json, prices); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		error = read_rule(im, v, m, &m->rules[i++]);
	}
	if (count > 0) {
		hold_always(&m->rules[0]);
	}
	return error;
}

static int read_model(struct import *im, json_at v) {
	struct text id;
	int error = import_text(im, json_get(im->json, v, T("id")), "a model without \"id\", expected a string", &id);
	if (error) {
		return error;
	}
	struct price_model *m = prices_add_model(im->prices, id);
	json_at match = json_get(im->json, v, T("match"));
	json_at prices = json_get(im->json, v, T("prices"));
	if (prices == JSON_ABSENT) {
		return import_fault(im, v, "a model without \"prices\", expected an object or a list");
	}
	error = match == JSON_ABSENT ? 0 : match_read(im, match, &m->match);
	return error ? error : read_rules(im, prices, m);
}

/* Azure sells OpenAI's models under their names: "openai;anthropic;". */
static struct text read_fallbacks(struct import *im, json_at list) {
	char text[256] = "";
	size_t len = 0;

	for (json_at v = json_first(im->json, list); v != JSON_ABSENT && len < sizeof text; v = json_next(im->json, v)) {
		len += (size_t)snprintf(text + len, sizeof text - len, "%.*s;", TEXT_ARG(json_raw(im->json, v)));
	}
	return prices_keep(im->prices, text_of(text));
}

static int read_provider(struct import *im, json_at v) {
	json_at match = json_get(im->json, v, T("model_match"));
	json_at models = json_get(im->json, v, T("models"));
	struct text id;

	int error =
	    import_text(im, json_get(im->json, v, T("id")), "a provider without \"id\", expected a string", &id);
	if (error) {
		return error;
	}
	if (json_type(im->json, models) != JSON_ARRAY) {
		return import_fault(im, v, "a provider without \"models\", expected a list of models");
	}
	struct price_provider *provider = prices_add_provider(im->prices, id);
	if (match != JSON_ABSENT && json_type(im->json, match) != JSON_NULL) {
		error = match_read(im, match, &provider->model_match);
	}
	match = json_get(im->json, v, T("provider_match"));
	if (!error && match != JSON_ABSENT && json_type(im->json, match) != JSON_NULL) {
		error = match_read(im, match, &provider->provider_match);
	}
	provider->fallbacks = read_fallbacks(im, json_get(im->json, v, T("fallback_model_providers")));
	for (json_at m = json_first(im->json, models); m != JSON_ABSENT && !error; m = json_next(im->json, m)) {
		error = read_model(im, m);
	}
	return error;
}

static int genai_read(struct import *im) {
	int error = 0;
	for (json_at v = json_first(im->json, 0); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		error = read_provider(im, v);
	}
	return error;
}

const struct import_format import_genai = {"genai-prices", genai_bid, genai_read};
