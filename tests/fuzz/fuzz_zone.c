/* Any bytes as a zone: the file of one, and its name. The day and the month of an instant begin before it. */
#define _GNU_SOURCE
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/instant.h"
#include "core/zone.h"
#include "tests/fuzz/fuzz_help.h"

static void use(struct text name) {
	struct fault why = {0};
	struct zone *z = zone_new(name, &why);

	if (!z) {
		assert(why.message[0]);
		return;
	}
	for (int64_t ns = INT64_C(1400000000) * NS_PER_SECOND; ns < INT64_C(2200000000) * NS_PER_SECOND; ns += INT64_C(31000000) * NS_PER_SECOND) {
		int64_t day_ns = zone_day_start(z, ns), month_ns = zone_month_start(z, ns);
		assert(day_ns <= ns && month_ns <= ns);
		assert(zone_offset_s(z, ns) > -27 * 3600 && zone_offset_s(z, ns) < 27 * 3600);
	}
	zone_free(z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char path[64], name[24];
	int fd = fuzz_file(data, size, path);

	setenv("TZDIR", "/proc/self/fd", 1);
	snprintf(name, sizeof name, "%d", fd);
	use(text_of(name));
	use(fuzz_text(data, size < 40 ? size : 40));
	close(fd);
	return 0;
}
