#include "tests/unit/variants_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/json.h"

#define ELEMENTS_MOST 3

static const char *const values[] = {
	"null", "true", "false", "\"\"", "\"x\"", "\"7\"", "0", "1", "-1", "1.5", "0.004", "1e-30", "1e300", "65536", "9223372036854775807",
	"99999999999999999999", "1778575800", "\"2026-05-12T08:50:00Z\"", "[]", "[7]", "[\"x\"]", "{}", "[{}]", "{\"x\":7}",
};

struct walk {
	const struct json *json;
	struct text document;
	struct variant_keys *keys;
	char *changed;
	variant_sink *see;
	void *context;
};

static void put(struct walk *w, size_t from, size_t to, const char *by, struct text name) {
	size_t len = strlen(by);
	char what[200];

	memcpy(w->changed, w->document.at, from);
	memcpy(w->changed + from, by, len);
	memcpy(w->changed + from + len, w->document.at + to, w->document.len - to);
	w->changed[w->document.len - (to - from) + len] = '\0';
	snprintf(what, sizeof what, "%.*s at %zu: %s", TEXT_ARG(name), from, by);
	w->see(w->context, (struct text){w->changed, w->document.len - (to - from) + len}, what);
}

/* Is it the first value under this key? */
static bool is_new(struct variant_keys *keys, struct text key) {
	uint64_t hash = text_hash(key);

	for (size_t i = 0; i < keys->count; i++) {
		if (keys->hash[i] == hash) {
			return false;
		}
	}
	if (keys->count < sizeof keys->hash / sizeof *keys->hash) {
		keys->hash[keys->count++] = hash;
	}
	return true;
}

static void change(struct walk *w, json_at v) {
	size_t from = json_offset(w->json, v), to = from + json_raw(w->json, v).len + (json_type(w->json, v) == JSON_STRING ? 2 : 0);
	struct text key = json_key(w->json, v);

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		put(w, from, to, values[i], key);
	}
	if (key.len > 0) { /* absent: under a key that is not known */
		size_t at = (size_t)(key.at - w->document.at);
		put(w, at, at + 1, "~", key);
	}
}

static void walk(struct walk *w, json_at v) {
	int elements = 0;

	if (!w->keys || is_new(w->keys, json_key(w->json, v))) {
		change(w, v);
	}
	for (json_at inner = json_first(w->json, v); inner != JSON_ABSENT; inner = json_next(w->json, inner)) {
		if (json_type(w->json, v) == JSON_OBJECT || elements++ < ELEMENTS_MOST) {
			walk(w, inner);
		}
	}
}

bool variants_each(struct text document, struct variant_keys *keys, variant_sink *see, void *context) {
	struct json *json = json_new();
	struct walk w = {json, document, keys, must_alloc(document.len + 100), see, context};
	bool is_json = json_parse(json, document, NULL);

	if (is_json) {
		walk(&w, 0);
	}
	free(w.changed);
	json_free(json);
	return is_json;
}
