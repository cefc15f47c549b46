/* Any bytes as JSON over several lines, or as YAML: each value is bounded, and what was JSON as a whole gives JSON, and YAML does. */
#include <assert.h>

#include "core/json.h"
#include "ingest/document.h"
#include "tests/fuzz/fuzz_help.h"

/* The parser takes a line's end within a string; a document over several lines has none. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct text whole = fuzz_text(data, size), rest = whole, line, value;
	struct document d = {.max_bytes = 4096};
	struct json *j = json_new();
	bool valid = json_parse(j, whole, NULL) && json_type(j, 0) != JSON_STRING && !has_open_strings(whole);
	enum document_status status;

	document_bids(whole);
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
