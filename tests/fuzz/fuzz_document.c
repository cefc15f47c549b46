/* Any bytes as JSON over several lines, or as YAML: each value is bounded, and valid JSON and YAML give JSON. */
#include <assert.h>

#include "core/json.h"
#include "ingest/document.h"
#include "tests/fuzz/fuzz_help.h"

/* The parser accepts a newline within a string; a document over several lines has none. */
static bool has_open_strings(struct text t) {
	bool quoted = false;

	for (size_t i = 0; i < t.len; i++) {
		quoted = quoted != (t.at[i] == '"');
		i += quoted && t.at[i] == '\\';
		if (quoted && i < t.len && (t.at[i] == '\n' || t.at[i] == '\r')) {
			return true;
		}
	}
	return false;
}

/* A hash of the values of a line, each after its status: fed as a whole, or in parts of `bytes`. */
static uint64_t values_of(struct text line, size_t bytes) {
	struct document d = {.max_bytes = 4096, .is_long = true};
	struct text value;
	enum document_status status;
	uint64_t hash = 1;

	for (size_t at = 0; at < line.len; at += bytes) {
		struct text part = text_cut(line, at, at + bytes);
		if (at + bytes < line.len) {
			document_feed_part(&d, part);
		} else {
			document_feed(&d, part);
		}
		while ((status = document_next(&d, &value)) != DOCUMENT_MORE) {
			hash = (hash ^ (status == DOCUMENT_VALUE ? text_hash(value) : (uint64_t)status)) * 31;
		}
	}
	document_release(&d);
	return hash;
}

/* One value in a line gives the same result in parts, with any boundaries. */
static void compare_parts(struct text whole, bool valid) {
	size_t end = text_find_byte(whole, '\n');
	struct text line = text_cut(whole, 0, end);

	if (valid && end == SIZE_MAX && line.len > 2 && (*line.at == '{' || *line.at == '[')) {
		assert(values_of(line, line.len) == values_of(line, 1 + (size_t)(unsigned char)line.at[line.len / 2] % 7));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct text whole = fuzz_text(data, size), rest = whole, line, value;
	struct document d = {.max_bytes = 4096};
	struct json *j = json_new();
	bool valid = json_parse(j, whole, NULL) && json_type(j, 0) != JSON_STRING && !has_open_strings(whole);
	enum document_status status;

	document_bids(whole);
	compare_parts(whole, valid);
	while (fuzz_line(&rest, &line)) {
		document_feed(&d, line);
		while ((status = document_next(&d, &value)) != DOCUMENT_MORE) {
			assert(status != DOCUMENT_VALUE || value.len <= 4096 || value.len <= line.len);
			assert(!d.is_yaml || status != DOCUMENT_VALUE || json_parse(j, value, NULL));
			assert(!valid || status == DOCUMENT_TOO_LONG || (status == DOCUMENT_VALUE && json_parse(j, value, NULL)));
		}
	}
	status = document_end(&d, &value);
	assert(status != DOCUMENT_VALUE || json_parse(j, value, NULL));
	document_release(&d);
	json_free(j);
	return 0;
}
