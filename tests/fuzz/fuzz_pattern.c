/* Any bytes as a file of patterns: an error that names its place, or patterns that lines are matched with. */
#include <assert.h>

#include "ingest/formats/pattern.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct text lines[] = {{"[2026-01-01T00:00:00Z] done id=a in=1 out=2 took 3.5ms", 55}, {"", 0}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", 33}};
	struct ingest_patterns *p = NULL;
	struct fault why = {0};

	if (patterns_parse(&p, "fuzz", fuzz_text(data, size), &why) < 0) {
		assert(strncmp(why.message, "fuzz:", 5) == 0);
		return 0;
	}
	struct matcher *m = matcher_new(p);
	matcher_bids(m, lines, sizeof lines / sizeof *lines);
	matcher_free(m);
	ingest_patterns_free(p);
	return 0;
}
