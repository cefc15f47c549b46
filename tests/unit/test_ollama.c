/* test_ollama.c: Ollama's answers. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(answers) {
	static const struct expected_line cases[] = {
		{"{\"model\":\"m:latest\",\"created_at\":\"2026-08-21T10:00:00.1Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\\\"done\\\":true\"}"
		 ",\"done\":false}", UNKNOWN,
		 ""},
		{"{\"model\":\"m:latest\",\"created_at\":\"2026-08-21T10:00:04.51001Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"}"
		 ",\"done_reason\":\"stop\",\"done\":true,\"total_duration\":4883583458,\"load_duration\":1334875,\"prompt_eval_count\":26,"
		 "\"prompt_eval_duration\":342546000,\"eval_count\":282,\"eval_duration\":4535599000}", UNKNOWN,
		 "request  m:latest id= tenant= from= arrival=1787306399626426542 scheduled=1787306399631865000 first=1787306399974411000 "
		 "finish=1787306404510010000 prompt=26 cached=0 write=0 completion=282 reasoning=0 preemptions=0 ok=1 "
		 "service=0 exclusive=1"},
		{"[{\"model\":\"m\",\"created_at\":\"2026-08-21T10:00:05+02:00\",\"done\":true,\"total_duration\":5,\"prompt_eval_count\":26,"
		 "\"prompt_eval_cached_count\":27,\"eval_count\":1},{\"model\":\"m\",\"created_at\":\"2026-08-21T10:00:05+02:00\","
		 "\"done\":true,\"eval_count\":1}]", UNKNOWN,
		 "!more cached tokens than prompt tokens\n"
		 "request  m id= tenant= from= arrival=? scheduled=? first=? finish=1787299205000000000 prompt=0 cached=0 "
		 "write=0 completion=1 reasoning=0 preemptions=0 ok=1 service=0 exclusive=1"},
		{"[GIN] 2025/01/11 - 09:15:02 | 200 | 57.941203118s |       127.0.0.1 | POST     \"/api/chat\"", UNKNOWN,
		 ""},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("ollama", cases);
}

TEST(bids) {
	assert_string_equal(format_detect(&T("{\"model\":\"m:latest\",\"created_at\":\"2026-08-21T10:00:00.1Z\","
	                                 "\"message\":{\"role\":\"assistant\",\"content\":\"\\\"done\\\":true\"},\"done\":false}"), 1)->name, "ollama");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
