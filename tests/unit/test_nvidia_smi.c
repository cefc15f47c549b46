/* test_nvidia_smi.c: nvidia-smi's CSV. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(rows) {
	static const struct expected_line cases[] = {
		{"timestamp, index, uuid, power.draw [W], utilization.gpu [%]", UNKNOWN,
		 ""},
		{"2026/11/24 01:02:03.456, 0, GPU-3f2a, 412.35 W, 98 %", UNKNOWN,
		 "!instant in the future"},
		{"2026/11/24 01:02:03.456, 1, GPU-3f2b, [N/A], 98 %", UNKNOWN,
		 ""},
		{"2026/11/24 01:02:03.456, 0, GPU-3f2a, 412.35 W", UNKNOWN,
		 "!malformed row"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("nvidia-smi", cases);
}

TEST(bids) {
	assert_string_equal(format_detect(&T("timestamp, index, uuid, power.draw [W], utilization.gpu [%]"), 1)->name, "nvidia-smi");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
