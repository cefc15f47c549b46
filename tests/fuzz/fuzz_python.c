/* Any bytes as values that Python prints, and as start-up lines: each value is a part of the text, and taking values ends. */
#include <assert.h>

#include "ingest/formats/python.h"
#include "ingest/parallel.h"
#include "tests/fuzz/fuzz_help.h"

static void within(struct text part, struct text whole) {
	assert(part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct text whole = fuzz_text(data, size), rest = whole, value;

	while (rest.len > 0 && python_next_value(&rest, &value)) {
		within(value, whole);
		within(rest, whole);
		within(python_string(value), value);
		rest = rest.len > 0 ? text_cut(rest, 1, rest.len) : rest; /* the comma or bracket */
	}
	if (python_get(whole, T("a"), &value)) {
		within(value, whole);
		python_get(value, T("b"), &value);
	}
	struct parallel p = {0};
	assert(!parallel_read(&p, whole) || parallel_gpus(&p, 0) >= 0);
	return 0;
}
