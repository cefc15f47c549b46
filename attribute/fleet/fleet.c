#include "attribute/fleet/fleet.h"

#include <assert.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "attribute/fleet/stated.h"
#include "core/decimal.h"
#include "core/digest.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/json.h"

#define FLEET_FILE_MAX (64u << 20)

/* ---- reading: a table of keys per object, each with its reader ---- */

struct reader {
	const char *path;
	struct text bytes;
	struct json *json;
	struct names *names;
	struct fault *why;
	struct fleet *fleet;
	fleet_opener *open; /* of descriptions */
	void *context;
};

static int wrong(struct reader *r, json_at at, const char *what) {
	int line, column;
	text_place(r->bytes, json_offset(r->json, at), &line, &column);
	return fault_set(r->why, ERROR_CONFIG, "%s:%d:%d: %s", r->path, line, column, what);
}

static bool is_printable(struct text t) {
	for (size_t i = 0; i < t.len; i++) {
		if ((unsigned char)t.at[i] < ' ' || t.at[i] == 0x7F) {
			return false;
		}
	}
	return true;
}

static int read_name(struct reader *r, json_at v, void *into) {
	char buffer[512];
	if (json_type(r->json, v) != JSON_STRING) {
		return wrong(r, v, "not a string, expected a name in quotes");
	}
	struct text name = json_string(r->json, v, buffer, sizeof buffer);
	if (!is_printable(name) || json_raw(r->json, v).len >= sizeof buffer) {
		return wrong(r, v, "not a name, expected at most 511 bytes and no control characters");
	}
	*(name_id *)into = names_id(r->names, name);
	return 0;
}

/* Money: a decimal string, or a number read by its digits. */
static int read_decimal(struct reader *r, json_at v, void *into) {
	int64_t *nano = into;
	enum json_type type = json_type(r->json, v);
	if ((type != JSON_STRING && type != JSON_NUMBER) || !decimal_parse(json_raw(r->json, v), 0, nano)) {
		return wrong(r, v, "not a decimal, expected one such as \"2.49\" with at most 9 places");
	}
	if (*nano < 0) {
		return wrong(r, v, "a negative amount, expected 0 or more");
	}
	return 0;
}

static int read_instant(struct reader *r, json_at v, void *into) {
	if (json_type(r->json, v) != JSON_STRING || !instant_parse(json_raw(r->json, v), into)) {
		return wrong(r, v, "not a date, expected \"2026-01-31\" or \"2026-01-31T08:00:00Z\"");
	}
	return 0;
}

static int read_count(struct reader *r, json_at v, void *into) {
	int64_t *n = into;
	if (!json_i64(r->json, v, n) || *n < 1 || *n > 1000000) {
		return wrong(r, v, "not a count, expected a whole number from 1 to 1000000");
	}
	return 0;
}

struct key {
	const char *name;
	int (*read)(struct reader *, json_at, void *into);
	size_t into; /* offset in what the object is read into */
	bool required;
};

/* Reads the members of an object by a table; unknown keys are refused: in a price list a typo is money. */
static int read_object(struct reader *r, json_at object, const struct key *keys, size_t count, void *into) {
	if (json_type(r->json, object) != JSON_OBJECT) {
		return wrong(r, object, "not an object, expected { … }");
	}
	for (json_at v = json_first(r->json, object); v != JSON_ABSENT; v = json_next(r->json, v)) {
		size_t k = 0;
		if (text_eq(json_key(r->json, v), T("//"))) {
			continue; /* a comment */
		}
		while (k < count && !text_eq(json_key(r->json, v), text_of(keys[k].name))) {
			k++;
		}
		if (k == count) {
			char what[200];
			snprintf(what, sizeof what, "unknown key, expected one such as \"%s\" (see schemas/fleet.schema.json)",
			         keys[0].name);
			return wrong(r, v, what);
		}
		int err = keys[k].read(r, v, (char *)into + keys[k].into);
		if (err) {
			return err;
		}
	}
	for (size_t k = 0; k < count; k++) {
		if (keys[k].required && json_get(r->json, object, text_of(keys[k].name)) == JSON_ABSENT) {
			char what[200];
			snprintf(what, sizeof what, "\"%s\" is missing here", keys[k].name);
			return wrong(r, object, what);
		}
	}
	return 0;
}

/* Reads an array of objects into a new array of `size`-byte items. */
static int read_array(struct reader *r, json_at array, const struct key *keys, size_t count, size_t size, void **items,
                      size_t *item_count) {
	if (json_type(r->json, array) != JSON_ARRAY) {
		return wrong(r, array, "not a list, expected [ … ]");
	}
	*items = must_calloc((size_t)json_count(r->json, array) + 1, size);
	for (json_at v = json_first(r->json, array); v != JSON_ABSENT; v = json_next(r->json, v)) {
		int err = read_object(r, v, keys, count, (char *)*items + size * *item_count);
		(*item_count)++; /* also of a partly read one: it may own memory */
		if (err) {
			return err;
		}
	}
	return 0;
}

static const struct key rate_keys[] = {
	{"per_gpu_hour", read_decimal, offsetof(struct rate, nano), true},
	{"from", read_instant, offsetof(struct rate, from_ns), true},
};

static const struct key uptime_keys[] = {
	{"from", read_instant, offsetof(struct uptime, from_ns), true},
	{"to", read_instant, offsetof(struct uptime, to_ns), true},
	{"gpus", read_count, offsetof(struct uptime, gpus), true},
};

static int read_watts(struct reader *r, json_at v, void *into) {
	int64_t nano;
	int err = read_decimal(r, v, &nano);

	*(int64_t *)into = err ? 0 : nano / 1000000;
	return err;
}
static const struct key power_keys[] = {
	{"watts_per_gpu", read_watts, offsetof(struct pool, watts_per_gpu_milli), false},
	{"watts_prefill", read_watts, offsetof(struct pool, watts_prefill_milli), false},
	{"watts_decode", read_watts, offsetof(struct pool, watts_decode_milli), false},
	{"watts_idle", read_watts, offsetof(struct pool, watts_idle_milli), false},
	{"pue", read_decimal, offsetof(struct pool, pue_nano), false},
	{"per_kwh", read_decimal, offsetof(struct pool, per_kwh_nano), false},
};

static int pool_match(struct reader *r, json_at v, void *into) {
	struct pool *p = into;
	name_id pattern;
	int err = read_name(r, v, &pattern);
	if (!err) {
		free(p->match);
		p->match = text_copy(names_text(r->names, pattern));
	}
	return err;
}
static int pool_gpus(struct reader *r, json_at v, void *into) {
	struct pool *p = into;
	struct text t = json_raw(r->json, v);
	if (json_i64(r->json, v, &p->gpus_per_replica)) {
		p->gpu_parts = 1;
		return read_count(r, v, &p->gpus_per_replica);
	}
	bool stated = json_type(r->json, v) == JSON_STRING || json_type(r->json, v) == JSON_NUMBER;
	if (!stated || !fraction_parse(t, 1000000, &p->gpus_per_replica, &p->gpu_parts)) {
		return wrong(r, v, "not a number of GPUs, expected one from 1 to 1000000, a decimal such as \"0.5\" or a fraction such as \"1/7\"");
	}
	return 0;
}
static int pool_role(struct reader *r, json_at v, void *into) {
	static const char *const roles[] = {"mixed", "prefill", "decode"};
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
		if (json_type(r->json, v) == JSON_STRING && text_eq(json_raw(r->json, v), text_of(roles[i]))) {
			((struct pool *)into)->role = (enum role)i;
			return 0;
		}
	}
	return wrong(r, v, "unknown role, expected \"mixed\", \"prefill\" or \"decode\"");
}
static int pool_power(struct reader *r, json_at v, void *into) {
	return read_object(r, v, power_keys, sizeof power_keys / sizeof *power_keys, into);
}

static int pool_description(struct reader *r, json_at v, void *into) {
	struct text name = json_raw(r->json, v);
	struct fault why = {0};
	char what[sizeof why.message + 40];
	if (json_type(r->json, v) != JSON_STRING || name.len == 0) {
		return wrong(r, v, "not a file name, expected a model description in the folder of this file");
	}
	int err = fleet_describe(r->fleet, name, r->open, r->context, &((struct pool *)into)->description, &why);
	if (!err) {
		return 0;
	}
	snprintf(what, sizeof what, "\"description\": %s", why.message);
	return wrong(r, v, what);
}

static int pool_rates(struct reader *r, json_at v, void *into) {
	struct pool *p = into;
	if (p->rates) {
		return wrong(r, v, "\"rates\" appears twice");
	}
	int err = read_array(r, v, rate_keys, sizeof rate_keys / sizeof *rate_keys, sizeof *p->rates, (void **)&p->rates,
	                     &p->rate_count);
	for (size_t i = 1; !err && i < p->rate_count; i++) {
		if (p->rates[i].from_ns <= p->rates[i - 1].from_ns) {
			return wrong(r, v, "rates out of order, expected each \"from\" later than the one before");
		}
	}
	return err;
}

static int pool_uptime(struct reader *r, json_at v, void *into) {
	struct pool *p = into;
	if (p->uptimes) {
		return wrong(r, v, "\"uptime\" appears twice");
	}
	int err = read_array(r, v, uptime_keys, sizeof uptime_keys / sizeof *uptime_keys, sizeof *p->uptimes,
	                     (void **)&p->uptimes, &p->uptime_count);
	for (size_t i = 0; !err && i < p->uptime_count; i++) {
		if (p->uptimes[i].to_ns <= p->uptimes[i].from_ns) {
			return wrong(r, v, "an uptime that ends before it begins, expected \"to\" after \"from\"");
		}
		if (i > 0 && p->uptimes[i].from_ns < p->uptimes[i - 1].to_ns) {
			return wrong(r, v, "uptimes overlap or are out of order, expected each to begin after the one before ends");
		}
	}
	return err;
}

static const struct key pool_keys[] = {
	{"name", read_name, offsetof(struct pool, name), true},
	{"match", pool_match, 0, true},
	{"model", read_name, offsetof(struct pool, model), false},
	{"gpu", read_name, offsetof(struct pool, gpu), false},
	{"gpus_per_replica", pool_gpus, 0, false},
	{"role", pool_role, 0, false},
	{"rates", pool_rates, 0, true},
	{"uptime", pool_uptime, 0, false},
	{"power", pool_power, 0, false},
	{"description", pool_description, 0, false},
};

static int read_text(struct reader *r, json_at v, void *into) {
	char buffer[1024], **out = into;
	if (json_type(r->json, v) != JSON_STRING) {
		return wrong(r, v, "not a string, expected a text in quotes");
	}
	free(*out);
	*out = text_copy(json_string(r->json, v, buffer, sizeof buffer));
	return 0;
}

static int rule_path(struct reader *r, json_at v, void *into) {
	struct name_rule *rule = into;
	if (rule->pattern) {
		return wrong(r, v, "a second pattern, expected \"path\" or \"field\"");
	}
	return read_text(r, v, &rule->pattern);
}
static int rule_field(struct reader *r, json_at v, void *into) {
	((struct name_rule *)into)->is_field = true;
	return rule_path(r, v, into);
}
static const struct key rule_keys[] = {
	{"path", rule_path, 0, false},
	{"field", rule_field, 0, false},
	{"replica", read_text, offsetof(struct name_rule, replica), true},
};

static int fleet_rules(struct reader *r, json_at v, void *into) {
	struct fleet *f = into;
	if (f->names.at) {
		return wrong(r, v, "\"names\" appears twice");
	}
	int err = read_array(r, v, rule_keys, sizeof rule_keys / sizeof *rule_keys, sizeof *f->names.at, (void **)&f->names.at,
	                     &f->names.count);
	json_at rule = json_first(r->json, v);
	for (size_t i = 0; !err && i < f->names.count; i++, rule = json_next(r->json, rule)) {
		const char *what = f->names.at[i].pattern ? name_rule_wrong(&f->names.at[i])
		                                          : "neither \"path\" nor \"field\", expected one of them";
		err = what ? wrong(r, rule, what) : 0;
	}
	return err;
}

static int read_pair(struct reader *r, json_at pair, struct server_pairs *out) {
	char *a = NULL, *b = NULL;
	json_at first = json_first(r->json, pair);
	int err = read_text(r, first, &a);

	err = err ? err : read_text(r, json_next(r->json, first), &b);
	if (!err) {
		server_pairs_add(out, text_of(a), text_of(b));
	}
	free(a);
	free(b);
	return err;
}

/* [["a", "b"], …] */
static int read_pairs(struct reader *r, json_at v, void *into) {
	struct server_pairs *out = into;
	int err = json_type(r->json, v) == JSON_ARRAY && !out->listed ? 0 : wrong(r, v, "not a list, expected [[\"a\", \"b\"], …] once");

	out->listed = true;
	for (json_at pair = json_first(r->json, v); !err && pair != JSON_ABSENT; pair = json_next(r->json, pair)) {
		err = json_type(r->json, pair) == JSON_ARRAY && json_count(r->json, pair) == 2
		          ? read_pair(r, pair, out)
		          : wrong(r, pair, "not two names, expected [\"a\", \"b\"]");
	}
	return err;
}

static int fleet_schema(struct reader *r, json_at v, void *into) {
	(void)into;
	if (json_type(r->json, v) != JSON_STRING || !text_eq(json_raw(r->json, v), T("tollbook.fleet.v1"))) {
		return wrong(r, v, "unknown schema, expected \"tollbook.fleet.v1\"");
	}
	return 0;
}
/* Letters, digits and signs such as "USD" or "€", as printed in every report. */
static bool is_code(struct text t) {
	for (size_t i = 0; i < t.len; i++) {
		if ((unsigned char)t.at[i] <= ' ' || strchr("\"\\,;<>&|\x7f", t.at[i])) {
			return false;
		}
	}
	return true;
}
static int fleet_set_currency(struct reader *r, json_at v, void *into) {
	struct fleet *f = into;
	struct text t = json_raw(r->json, v);
	if (json_type(r->json, v) != JSON_STRING || t.len < 1 || t.len >= sizeof f->currency || !is_code(t)) {
		return wrong(r, v, "not a currency, expected a code such as \"USD\"");
	}
	memcpy(f->currency, t.at, t.len);
	f->currency[t.len] = '\0';
	return 0;
}
static int fleet_pools(struct reader *r, json_at v, void *into) {
	struct fleet *f = into;
	if (f->pools) {
		return wrong(r, v, "\"pools\" appears twice");
	}
	int err = read_array(r, v, pool_keys, sizeof pool_keys / sizeof *pool_keys, sizeof *f->pools, (void **)&f->pools,
	                     &f->pool_count);
	for (size_t i = 0; i < f->pool_count; i++) {
		for (size_t k = 0; k < i && err == 0; k++) {
			err = f->pools[k].name == f->pools[i].name ? wrong(r, v, "two pools have the same name, expected one each") : 0;
		}
		if (f->pools[i].gpus_per_replica == 0) {
			f->pools[i].gpus_per_replica = f->pools[i].gpu_parts = 1;
		}
	}
	return err;
}
static const struct key fleet_keys[] = {
	{"pools", fleet_pools, 0, true},
	{"schema", fleet_schema, 0, true},
	{"currency", fleet_set_currency, 0, false},
	{"names", fleet_rules, 0, false},
	{"same", read_pairs, offsetof(struct fleet, same), false},
	{"different", read_pairs, offsetof(struct fleet, different), false},
};

static struct fleet *fleet_new(void) {
	struct fleet *f = must_calloc(1, sizeof *f);
	memcpy(f->currency, "USD", 4);
	f->fallback.gpus_per_replica = f->fallback.gpu_parts = 1;
	return f;
}

static int parse_fleet(struct reader *r, struct fleet *f) {
	size_t bad = 0;
	if (!json_parse(r->json, r->bytes, &bad)) {
		int line, column;
		text_place(r->bytes, bad, &line, &column);
		return fault_set(r->why, ERROR_CONFIG, "%s:%d:%d: not valid JSON here, expected a fleet file (see samples/fleet.json)",
		                 r->path, line, column);
	}
	digest_of(r->bytes, f->sha256);
	return read_object(r, 0, fleet_keys, sizeof fleet_keys / sizeof *fleet_keys, f);
}

struct fleet *fleet_parse(const char *path, struct text bytes, fleet_opener *open, void *context, struct names *names,
                          struct fault *why) {
	struct fleet *f = fleet_new();
	struct reader r = {path, bytes, json_new(), names, why, f, open, context};
	if (parse_fleet(&r, f) < 0) {
		fleet_free(f);
		f = NULL;
	}
	json_free(r.json);
	return f;
}

int fleet_open(struct fleet **out, const char *path, struct names *names, struct fault *why) {
	struct text bytes;
	int rc = file_read(path, FLEET_FILE_MAX, &bytes, why);

	*out = NULL;
	if (rc < 0) {
		return rc;
	}
	*out = fleet_parse(path, bytes, fleet_open_description, (void *)(uintptr_t)path, names, why);
	free((void *)bytes.at);
	return *out ? 0 : ERROR_CONFIG;
}

/* ---- other functions ---- */

void fleet_set_default_rate(struct fleet *f, int64_t rate_nano) {
	free(f->fallback.rates);
	f->fallback.rates = must_alloc(sizeof *f->fallback.rates);
	f->fallback.rates[0] = (struct rate){.from_ns = INT64_MIN, .nano = rate_nano};
	f->fallback.rate_count = 1;
	f->has_fallback = true;
}

struct fleet *fleet_of_rate(int64_t rate_nano) {
	struct fleet *f = fleet_new();
	fleet_set_default_rate(f, rate_nano);
	return f;
}

void fleet_use_currency(struct fleet *f, struct text code) {
	if (code.len > 0 && code.len < sizeof f->currency) {
		memcpy(f->currency, code.at, code.len);
		f->currency[code.len] = '\0';
	}
}

const char *fleet_currency(const struct fleet *f) {
	return f->currency;
}

bool fleet_add_pair(struct fleet *f, bool same, struct text pair) {
	struct server_pairs *to = same ? &f->same : &f->different;
	struct text b = pair, a;

	if (!text_until(&b, T("="), &a) || a.len == 0 || b.len == 0) {
		return false;
	}
	server_pairs_add(to, a, b);
	return true;
}

void fleet_add_pairs(struct fleet *to, const struct fleet *from) {
	for (size_t i = 0; i < from->same.count; i++) {
		server_pairs_add(&to->same, text_of(from->same.at[i].a), text_of(from->same.at[i].b));
	}
	for (size_t i = 0; i < from->different.count; i++) {
		server_pairs_add(&to->different, text_of(from->different.at[i].a), text_of(from->different.at[i].b));
	}
}

void fleet_add_different(struct fleet *f, struct text a, struct text b) {
	server_pairs_add(&f->different, a, b);
}

bool fleet_are_different(const struct fleet *f, struct text a, struct text b) {
	return server_pairs_have(&f->different, a, b);
}

const struct name_rules *fleet_names(const struct fleet *f) {
	return &f->names;
}

const char *fleet_sha256(const struct fleet *f) {
	return f->sha256;
}

void fleet_free(struct fleet *f) {
	if (!f) {
		return;
	}
	for (size_t i = 0; i < f->pool_count; i++) {
		free(f->pools[i].match);
		free(f->pools[i].rates);
		free(f->pools[i].uptimes);
	}
	free(f->pools);
	fleet_forget_descriptions(f);
	fleet_forget_stated(f);
	name_rules_release(&f->names);
	server_pairs_release(&f->same);
	server_pairs_release(&f->different);
	free(f->fallback.rates);
	free(f->cards);
	free(f);
}

static const struct pool *first_match(const struct fleet *f, const char *replica, name_id model) {
	for (size_t i = 0; i < f->pool_count; i++) {
		const struct pool *p = &f->pools[i];
		if ((model == 0 || p->model == model) && fnmatch(p->match, replica, 0) == 0) {
			return p;
		}
	}
	return NULL;
}

const struct pool *fleet_pool_of(const struct fleet *f, struct names *names, name_id replica, name_id model) {
	const char *name = names_text(names, replica).at;
	const struct pool *p = model ? first_match(f, name, model) : NULL;
	if (!p) {
		p = first_match(f, name, 0);
	}
	name_id whole = p ? replica : fleet_whole_name(names, replica);
	if (whole != replica) {
		return fleet_pool_of(f, names, whole, model);
	}
	return p ? p : f->has_fallback ? fleet_fallback_of(f, names, replica) : NULL;
}

int64_t pool_rate_at(const struct pool *p, int64_t at_ns, int64_t *until_ns) {
	int64_t nano = -1;
	*until_ns = INT64_MAX;
	for (size_t i = 0; i < p->rate_count; i++) {
		if (p->rates[i].from_ns > at_ns) {
			*until_ns = p->rates[i].from_ns;
			break;
		}
		nano = p->rates[i].nano;
	}
	return nano;
}

int64_t fleet_replica_gpus(const struct fleet *f, name_id pool) {
	int64_t most = 0;

	for (size_t i = 0; i < f->pool_count; i++) {
		const struct pool *p = &f->pools[i];
		most = (pool == 0 || p->name == pool) && p->gpus_per_replica > most ? p->gpus_per_replica : most;
	}
	return most;
}
