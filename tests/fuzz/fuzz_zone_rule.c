/* Any bytes as the POSIX TZ rule of a time zone. */
#include <assert.h>

#include "core/zone_rule.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct zone_rule rule;

	if (zone_rule_parse(fuzz_text(data, size), &rule)) {
		for (int64_t s = -4000000000; s < 4000000000; s += 100000007) {
			int offset = zone_rule_offset(&rule, s);
			assert(offset == rule.standard_s || offset == rule.summer_s);
		}
	}
	return 0;
}
