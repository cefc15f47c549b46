/* Any bytes as JSON: rejected, or a tree that can be walked, with all offsets within it. */
#include <assert.h>
#include <stdlib.h>

#include "core/json.h"
#include "tests/fuzz/fuzz_help.h"

static size_t walk(const struct json *j, json_at v, int depth) {
	char buffer[64], escaped[512];
	int64_t n;
	bool b;
	size_t seen = 1;
	int children = 0;

	assert(depth <= 64 && json_type(j, v) != JSON_NONE);
	struct text t = json_string(j, v, buffer, sizeof buffer);
	json_escape(text_cut(t, 0, 80), escaped, sizeof escaped);
	json_i64(j, v, &n);
	json_bool(j, v, &b);
	for (json_at child = json_first(j, v); child != JSON_ABSENT; child = json_next(j, child)) {
		seen += walk(j, child, depth + 1);
		children++;
	}
	assert(children == json_count(j, v));
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct json *j = json_new();
	size_t bad;

	if (json_parse(j, fuzz_text(data, size), &bad)) {
		assert(walk(j, 0, 0) <= size);
		json_get(j, 0, T("a"));
	} else {
		assert(bad <= size);
	}
	json_free(j);
	return 0;
}
