/*
 * tollbook.prices.v1 (schemas/prices.schema.json): everything that any of the other catalogues can express. It is
 * also written by people, so unknown keys are refused, not skipped.
 */
#include "core/instant.h"
#include "report/prices/prices.h"

static bool native_bid(const struct json *j) {
	return text_eq(json_raw(j, json_get(j, 0, T("schema"))), T("tollbook.prices.v1"));
}

typedef int read_member(struct import *im, json_at v, void *into);

/* A key of an object, and the function that reads its value, or each element of it. */
struct member {
	struct text key;
	read_member *read;
	const char *list; /* what the list is; NULL: the value is none */
};

/* Every element of a list by one function. */
static int read_each(struct import *im, json_at list, const char *what, read_member *read, void *into) {
	int error = json_type(im->json, list) == JSON_ARRAY ? 0 : import_fault(im, list, what);
	for (json_at v = json_first(im->json, list); v != JSON_ABSENT && !error; v = json_next(im->json, v)) {
		error = read(im, v, into);
	}
	return error;
}

/* Every member of an object by its row; `what` names the object. */
static int read_members(struct import *im, json_at object, const struct member *rows, size_t count, const char *what,
			void *into) {
	if (json_type(im->json, object) != JSON_OBJECT) {
		return import_fault(im, object, what);
	}
	for (json_at v = json_first(im->json, object); v != JSON_ABSENT; v = json_next(im->json, v)) {
		const struct member *row = NULL;
		for (size_t i = 0; i < count && !row; i++) {
			row = text_eq(json_key(im->json, v), rows[i].key) ? &rows[i] : NULL;
		}
		int error = !row ? import_fault(im, v, what) : row->list ? read_each(im, v, row->list, row->read, into) : row->read(im, v, into);
		if (error) {
			return error;
		}
	}
	return 0;
}
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static int skip(struct import *im, json_at v, void *into) {
	(void)im;
	(void)v;
	(void)into;
	return 0;
}

/* ---- a price ---- */

static int read_tier(struct import *im, json_at v, void *into) {
	struct price_ladder *ladder = into;
	struct price_step *step = &ladder->steps[ladder->count];
	int64_t before = ladder->steps[ladder->count - 1].over_ntok;

	if (json_count(im->json, v) != 2 || !json_i64(im->json, json_get(im->json, v, T("over")), &step->over_ntok) ||
	    step->over_ntok <= before) {
		return import_fault(im, v, "not a tier, expected {over, price} with prompt lengths in ascending order");
	}
	ladder->count++;
	return import_price(im, json_get(im->json, v, T("price")), 0, &step->nano);
}

static int read_part(struct import *im, json_at v, struct price_ladder *ladder) {
	struct text part = json_raw(im->json, v);

	ladder->above = text_eq(part, T("above"));
	return v == JSON_ABSENT || ladder->above || text_eq(part, T("whole"))
		   ? 0
		   : import_fault(im, v, "not a way to move to a tier, expected \"whole\" or \"above\"");
}

/* {"base": "1.25", "tiers": [{"over": 200000, "price": "2.5"}], "moves": "whole"} */
static int read_ladder(struct import *im, json_at v, struct price_ladder *ladder) {
	json_at tiers = json_get(im->json, v, T("tiers")), moves = json_get(im->json, v, T("moves"));
	json_at base = json_get(im->json, v, T("base"));

	if (base == JSON_ABSENT || tiers == JSON_ABSENT || json_count(im->json, v) != 2 + (moves != JSON_ABSENT)) {
		return import_fault(im, v, "not a price by prompt length, expected {base, tiers, moves}");
	}
	*ladder = import_ladder(im, (size_t)json_count(im->json, tiers) + 1);
	ladder->count = 1;
	int error = import_price(im, base, 0, &ladder->steps[0].nano);
	error = error ? error : read_part(im, moves, ladder);
	return error ? error : read_each(im, tiers, "tiers are a list of {over, price}", read_tier, ladder);
}

/* Fees are per thousand. */
static int read_fee(struct import *im, json_at v, struct price_ladder *ladder) {
	*ladder = import_ladder(im, 1);
	return import_price(im, v, 3, &ladder->steps[0].nano);
}

static int read_price(struct import *im, json_at v, struct price_ladder *ladder) {
	if (json_type(im->json, v) == JSON_NULL) {
		return 0;
	}
	if (json_type(im->json, v) == JSON_OBJECT) {
		return read_ladder(im, v, ladder);
	}
	*ladder = import_ladder(im, 1);
	return import_price(im, v, 0, &ladder->steps[0].nano);
}

/* ---- a set of prices ---- */

/* A member with a kind of price as its key, of one tier of service; false if it is not one. */
static bool read_kind(struct import *im, json_at v, struct price_ladder *ladders, int *error) {
	for (int k = 0; k < PRICE_KINDS; k++) {
		if (text_eq(json_key(im->json, v), text_of(price_kind_names[k]))) {
			*error = k < PRICE_SEARCHES ? read_price(im, v, &ladders[k]) : read_fee(im, v, &ladders[k]);
			return true;
		}
	}
	return false;
}

static int read_service(struct import *im, json_at v, struct price_ladder *ladders) {
	int error = json_type(im->json, v) == JSON_OBJECT
			? 0
			: import_fault(im, v, "not prices of a tier of service, expected an object");
	for (json_at k = json_first(im->json, v); k != JSON_ABSENT && !error; k = json_next(im->json, k)) {
		if (!read_kind(im, k, ladders, &error)) {
			error = import_fault(im, k,
					     "not a kind of price, expected input, cache_read, cache_write, output, "
					     "reasoning or another one of schemas/prices.schema.json");
		}
	}
	return error;
}

static int read_instant(struct import *im, json_at v, int64_t *ns) {
	return import_hour(im->json, v, ns) ? 0 : import_fault(im, v, "not a date of effect, expected a day or a whole hour in UTC");
}

/* Numbers from Monday, 1. */
static bool take_weekdays(struct import *im, json_at list, struct price_rule *rule) {
	int64_t day = 1;

	for (json_at v = json_first(im->json, list); v != JSON_ABSENT && day > 0; v = json_next(im->json, v)) {
		day = json_i64(im->json, v, &day) && day >= 1 && day <= 7 ? day : 0;
		rule->weekdays |= day > 0 ? 1u << (unsigned)(day - 1) : 0;
	}
	return day > 0 && rule->weekdays != 0;
}

static int read_daily(struct import *im, json_at v, struct price_rule *rule) {
	json_at weekdays = json_get(im->json, v, T("weekdays"));
	rule->daily = true;
	bool ok = json_count(im->json, v) == 2 + (weekdays != JSON_ABSENT) &&
		  (weekdays == JSON_ABSENT || take_weekdays(im, weekdays, rule)) &&
		  import_minute(im->json, json_get(im->json, v, T("from")), &rule->from_minute) &&
		  import_minute(im->json, json_get(im->json, v, T("to")), &rule->to_minute);
	return ok ? 0
		  : import_fault(im, v, "not a time of day, expected {\"from\": \"16:30\", \"to\": \"00:30\"} in UTC, with "
					"\"weekdays\": [1, 2] from Monday, 1, unless it applies on all days");
}

static int read_rule_member(struct import *im, json_at v, struct price_rule *rule) {
	struct text key = json_key(im->json, v);
	int error = 0;

	if (text_eq(key, T("from"))) {
		return read_instant(im, v, &rule->from_ns);
	}
	if (text_eq(key, T("to"))) {
		return read_instant(im, v, &rule->to_ns);
	}
	if (text_eq(key, T("daily"))) {
		return read_daily(im, v, rule);
	}
	for (int s = SERVICE_BATCH; s < PRICE_SERVICES; s++) {
		if (text_eq(key, price_class_name(s))) {
			return read_service(im, v, import_class(im, rule, s));
		}
	}
	return read_kind(im, v, import_class(im, rule, SERVICE_STANDARD), &error)
		   ? error
		   : import_fault(im, v,
				  "not a part of a set of prices, expected from, to, daily, input, cache_read, "
				  "cache_write, output, reasoning, batch, priority, flex, fast or another one of "
				  "schemas/prices.schema.json");
}

static int read_rule(struct import *im, json_at v, void *into) {
	struct price_model *m = into;
	struct price_rule *rule = &m->rules[m->rule_count++];
	int error =
	    json_type(im->json, v) == JSON_OBJECT ? 0 : import_fault(im, v, "not a set of prices, expected an object");

	for (json_at k = json_first(im->json, v); k != JSON_ABSENT && !error; k = json_next(im->json, k)) {
		error = read_rule_member(im, k, rule);
	}
	return error || rule->from_ns < rule->to_ns ? error : import_fault(im, v, "ends before it begins");
}

/* ---- a model ---- */

static int read_id(struct import *im, json_at v, void *into) {
	return import_text(im, v, "not an id, expected a string", &((struct price_model *)into)->id);
}

static int read_match(struct import *im, json_at v, void *into) {
	return match_read(im, v, &((struct price_model *)into)->match);
}

static int take_currency(struct import *im, json_at v, struct text *out) {
	int error = import_text(im, v, "not a currency, expected a code such as \"USD\"", out);
	bool capitals = !error && out->len == 3;
	for (size_t i = 0; capitals && i < 3; i++) {
		capitals = out->at[i] >= 'A' && out->at[i] <= 'Z';
	}
	return error || capitals ? error : import_fault(im, v, "not a currency, expected a code such as \"USD\"");
}

static int read_currency(struct import *im, json_at v, void *into) {
	return take_currency(im, v, &((struct price_model *)into)->currency);
}

/* As in catalogues of 0.1, before they contained the price itself. */
static int read_per_request(struct import *im, json_at v, void *into) {
	bool is = false;
	int error = json_bool(im->json, v, &is) ? 0 : import_fault(im, v, "expected true or false");
	if (is) {
		import_left_out(im, into, T("a price per request"));
	}
	return error;
}

static int read_key(struct import *im, json_at v, void *into) {
	return import_text(im, v, "not a key, expected a string", &((struct price_model *)into)->key);
}

static int read_model_left_out(struct import *im, json_at v, void *into) {
	return import_text(im, v, "not what was left out, expected a string", &((struct price_model *)into)->left_out);
}

/* {"us": "1.1"} */
static int read_geos(struct import *im, json_at v, void *into) {
	int error = json_type(im->json, v) == JSON_OBJECT ? 0 : import_fault(im, v, "places are an object of factors");
	for (json_at g = json_first(im->json, v); g != JSON_ABSENT && !error; g = json_next(im->json, g)) {
		error = import_geo(im, into, json_key(im->json, g), g);
	}
	return error;
}

static int read_understood(struct import *im, json_at v, void *into) {
	return json_bool(im->json, v, &((struct price_model *)into)->understood)
		   ? 0
		   : import_fault(im, v, "expected true or false");
}

static int read_rules(struct import *im, json_at v, void *into) {
	struct price_model *m = into;
	m->rules = import_rules(im, (size_t)json_count(im->json, v));
	return read_each(im, v, "prices are a list of sets of prices", read_rule, m);
}

static const struct member model_members[] = {
    {T("id"), read_id, NULL},
    {T("match"), read_match, NULL},
    {T("currency"), read_currency, NULL},
    {T("per_request"), read_per_request, NULL},
    {T("key"), read_key, NULL},
    {T("geo"), read_geos, NULL},
    {T("left_out"), read_model_left_out, NULL},
    {T("understood"), read_understood, NULL},
    {T("prices"), read_rules, NULL},
};

static int read_model(struct import *im, json_at v, void *into) {
	struct price_model *m = prices_add_model(im->prices, (struct text){NULL, 0});
	m->currency = *(struct text *)into;
	int error =
	    read_members(im, v, model_members, COUNT(model_members),
			 "not a part of a model, expected id, key, match, currency, geo, left_out, understood or prices", m);
	return error || m->id.at ? error : import_fault(im, v, "a model without \"id\", expected a string");
}

/* ---- a provider ---- */

static int read_provider(struct import *im, json_at v, void *into) {
	json_at claims = json_get(im->json, v, T("claims")), models = json_get(im->json, v, T("models"));
	struct text id;

	json_at names = json_get(im->json, v, T("names")), resells = json_get(im->json, v, T("resells"));
	if (json_count(im->json, v) != 2 + (claims != JSON_ABSENT) + (names != JSON_ABSENT) + (resells != JSON_ABSENT) ||
	    models == JSON_ABSENT) {
		return import_fault(im, v, "not a provider, expected {id, claims, names, resells, models}");
	}
	int error =
	    import_text(im, json_get(im->json, v, T("id")), "a provider without \"id\", expected a string", &id);
	if (error) {
		return error;
	}
	struct price_provider *provider = prices_add_provider(im->prices, id);
	error = claims == JSON_ABSENT ? 0 : match_read(im, claims, &provider->model_match);
	error = error || names == JSON_ABSENT ? error : match_read(im, names, &provider->provider_match);
	error = error || resells == JSON_ABSENT
		    ? error
		    : import_text(im, resells, "not the providers it resells, expected a string", &provider->fallbacks);
	return error ? error : read_each(im, models, "models are a list", read_model, into);
}

/* ---- names and sources ---- */

static int read_mapping(struct import *im, json_at v, void *into) {
	struct text name, target;
	(void)into;
	int error = import_text(im, json_get(im->json, v, T("name")), "a match is {name, model}", &name);
	error = error ? error : import_text(im, json_get(im->json, v, T("model")), "a match is {name, model}", &target);
	if (!error) {
		prices_map(im->prices, name, target);
	}
	return error;
}

static int read_origin(struct import *im, json_at v, void *into) {
	struct price_source origin = {0};
	char day[11] = "", sha[65] = "";
	int64_t count = 0;

	(void)into;
	int error = import_text(im, json_get(im->json, v, T("file")), "a source is {file, format, date, sha256, …}",
				&origin.path);
	error = error ? error
		      : import_text(im, json_get(im->json, v, T("format")),
				    "a source is {file, format, date, sha256, …}", &origin.format);
	struct text date = json_string(im->json, json_get(im->json, v, T("date")), day, sizeof day);
	struct text hash = json_string(im->json, json_get(im->json, v, T("sha256")), sha, sizeof sha);
	snprintf(origin.date, sizeof origin.date, "%.*s", TEXT_ARG(date));
	snprintf(origin.sha256, sizeof origin.sha256, "%.*s", TEXT_ARG(hash));
	if (json_i64(im->json, json_get(im->json, v, T("models")), &count) && count >= 0) {
		origin.models = (size_t)count;
	}
	if (json_i64(im->json, json_get(im->json, v, T("prices")), &count) && count >= 0) {
		origin.prices = (size_t)count;
	}
	if (!error) {
		prices_add_origin(im->prices, &origin);
	}
	return error;
}

/* What the sources contained and this file does not is still reported. */
static int read_note(struct import *im, json_at v, void *into) {
	struct text what;
	int64_t count = 1;

	(void)into;
	int error = import_text(im, json_get(im->json, v, T("what")), "what was left out is {what, count}", &what);
	if (!error && json_i64(im->json, json_get(im->json, v, T("count")), &count) && count > 0) {
		prices_note_more(im->prices, what, count);
	}
	return error;
}

/* If there are several catalogues, each applies from its day on. */
static int read_date(struct import *im, json_at v, void *into) {
	char day[16] = "";
	struct text t = json_string(im->json, v, day, sizeof day);
	int64_t ns;

	(void)into;
	if (t.len == 10 && instant_parse(t, &ns)) {
		snprintf(im->prices->own_date, sizeof im->prices->own_date, "%.*s", TEXT_ARG(t));
	}
	return 0;
}

static const struct member catalogue_members[] = {
    {T("schema"), skip, NULL},
    {T("date"), read_date, NULL},
    {T("currency"), skip, NULL},
    {T("left_out"), read_note, "what was left out is a list"},
    {T("sources"), read_origin, "sources are a list"},
    {T("matches"), read_mapping, "matches are a list of {name, model}"},
    {T("providers"), read_provider, "providers are a list"},
};

static int native_read(struct import *im) {
	json_at given = json_get(im->json, 0, T("currency"));
	struct text currency = T("USD");
	int error = given == JSON_ABSENT ? 0 : take_currency(im, given, &currency);
	return error ? error
		     : read_members(im, 0, catalogue_members, COUNT(catalogue_members),
				    "not a part of a catalogue, expected schema, date, currency, sources, matches, "
				    "left_out or providers",
				    &currency);
}

const struct import_format import_native = {"tollbook.prices.v1", native_bid, native_read};
