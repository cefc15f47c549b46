/* test_native_csv.c: native records as CSV. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(rows) {
	static const struct expected_line cases[] = {
		{"# a comment", UNKNOWN,
		 ""},
		{"start_ns,gpu_ns,prefill_requests,prefill_tokens,decode_requests,colour", UNKNOWN,
		 ""},
		{"1786406365138350756,27343817,2,592,3,red", UNKNOWN,
		 "step   index=? start=1786406365138350756 gpu=27343817 pr=2 pt=592 pkv=? ptkv=? dr=3 dt=3 dkv=? pgpu=? "
		 "dgpu=? kind=0 flags=0"},
		{"\"2026-08-10T23:59:25.138350756Z\",27343817,,,,", UNKNOWN,
		 "step   index=? start=1786406365138350756 gpu=27343817 pr=0 pt=0 pkv=? ptkv=? dr=0 dt=0 dkv=? pgpu=? "
		 "dgpu=? kind=0 flags=0"},
		{"1786406365138350756,-1,2,592,3,red", UNKNOWN,
		 "!negative count"},
		{"1786406365138350756", UNKNOWN,
		 "!malformed row"},
		{"schema,model,start_ns,end_ns,input_tokens,output_tokens,gpu,at_ns,watts", UNKNOWN,
		 ""},
		{"tollbook.window.v1,\"m \"\"x\"\"\",1786406365000000000,1786406375000000000,5,6,,,", UNKNOWN,
		 "window  m \"x\" tenant= start=1786406365000000000 end=1786406375000000000 in=5 cached=0 out=6 requests=? "
		 "pgpu=? dgpu=? running=? computed=0"},
		{"tollbook.power.v1,,,,,,GPU-1,1786406365000000000,412.35", UNKNOWN,
		 "power   gpu=GPU-1 at=1786406365000000000 mw=412350"},
		{"tollbook.nothing.v1,,,,,,,,", UNKNOWN,
		 "!unknown schema"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("native-csv", cases);
}

TEST(bids) {
	assert_string_equal(format_detect(&T("start_ns,gpu_ns,prefill_requests,prefill_tokens,decode_requests,colour"), 1)->name, "native-csv");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
