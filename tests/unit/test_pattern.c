/* test_pattern.c: formats that users describe. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "ingest/formats/pattern_file.h"
#include "tests/unit/ingest_help.h"

#define FILE_TEXT \
	"# a fork's log\r\n" \
	"request ^\\[(?<time>[^]]+)\\] done id=(?<id>\\S+) in=(?<prompt_tokens>\\d+) out=(?<completion_tokens>\\d+) " \
	"took (?<elapsed>[\\d.]+)ms$\n" \
	"unit elapsed = ms\n" \
	"set model = my model\n" \
	"\n" \
	"  step ^step (?<step>\\d+) (?<gpu_ns>[\\d.]+) us P=(?<prefill_tokens>-?\\d+)(?: D=(?<decode_requests>\\d+))?\n" \
	"unit gpu_ns = us\n" \
	"set duration_kind = gpu_events\n" \
	"power ^(?<time>\\d+) (?<watts>[\\d.]+) W\n" \
	"window ^w (?<time>\\S+) (?<elapsed>\\S+) (?<input_tokens>\\d+)$\n" \
	"unit elapsed = m\n"

TEST(reads_lines) {
	static const struct expected_line cases[] = {
		{"[2026-08-10 23:59:26.5] done id=a in=40 out=7 took 1500.25ms", UNKNOWN,
		 "request  my model id=a tenant= from= arrival=1786406364999750000 scheduled=? first=? finish=1786406366500000000 "
		 "prompt=40 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"[2026-08-10 23:59:26.5] done id=a in=40 out=7 took 1500.25ms ", UNKNOWN, ""},
		{"step 3 1500.5 us P=12 D=4", INT64_C(1786406366500000000),
		 "step   index=3 start=1786406366498499500 gpu=1500500 pr=0 pt=12 pkv=? ptkv=? dr=4 dt=4 dkv=? pgpu=? dgpu=? "
		 "kind=0 flags=0"},
		{"step 3 1500.5 us P=12", INT64_C(1786406366500000000),
		 "step   index=3 start=1786406366498499500 gpu=1500500 pr=0 pt=12 pkv=? ptkv=? dr=0 dt=0 dkv=? pgpu=? dgpu=? "
		 "kind=0 flags=0"},
		{"step 3 1500.5 us P=-12", INT64_C(1786406366500000000), "!negative count"},
		{"step 3 1500.5 us P=12", UNKNOWN, "!missing field"},
		{"step 3 1.2.3 us P=12", INT64_C(1786406366500000000), "!absurd duration"},
		{"1786406366 412.5 W", UNKNOWN, "power   gpu= at=1786406366000000000 mw=412500"},
		{"w 08-10 2 5", UNKNOWN, "!group is not a time"},
		{"w 2026-08-10T23:59:26Z 2 5", UNKNOWN,
		 "window   tenant= start=1786406246000000000 end=1786406366000000000 in=5 cached=0 out=0 requests=? pgpu=? dgpu=? "
		 "running=? computed=0"},
		{"something else", UNKNOWN, ""},
		{"", UNKNOWN, ""},
	};
	struct ingest_patterns *p;
	struct bench b;
	struct fault why;

	assert_int_equal(patterns_parse(&p, "f", T(FILE_TEXT), &why), 0);
	bench_init(&b, "pattern");
	b.parser.matcher = matcher_new(p);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char printed[2048];
		bench_print_line(&b, cases[i].line, cases[i].stamp_ns, printed, sizeof printed);
		assert_string_equal(printed, cases[i].printed);
	}
	matcher_free(b.parser.matcher);
	bench_release(&b);
	ingest_patterns_free(p);
}

TEST(errors_say_where) {
	static const struct {
		const char *file, *begins;
	} cases[] = {
		{"", "f:1:1: no pattern"},
		{"# only this\n", "f:1:1: no pattern"},
		{"\nsteps x\n", "f:2:1: unknown word"},
		{"step\n", "f:1:5: no pattern"},
		{"step (?<gpu_ns>\\d+\n", "f:1:19: "},
		{"step \\d+\n", "f:1:6: no named group"},
		{"step a(?<gpu>\\d+)\n", "f:1:10: no such key"},
		{"step (?<prompt_tokens>\\d+)\n", "f:1:9: no such key"},
		{"unit elapsed = ms\n", "f:1:1: no pattern above"},
		{"step (?<gpu_ns>\\d+)\nunit gpu_ns = weeks\n", "f:2:15: unknown unit"},
		{"step (?<gpu_ns>\\d+)\nunit elapsed = ms\n", "f:2:6: no group"},
		{"step (?<step>\\d+)\nunit step = ms\n", "f:2:6: no group"},
		{"step (?<gpu_ns>\\d+)\nunit gpu_ns ms\n", "f:2:13: expected NAME = VALUE"},
		{"step (?<gpu_ns>\\d+)\nset modell = x\n", "f:2:5: no such key"},
		{"step (?<gpu_ns>\\d+)\nset step = x\n", "f:2:12: not a value"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ingest_patterns *p;
		struct fault why = {0};
		assert_int_equal(patterns_parse(&p, "f", text_of(cases[i].file), &why), ERROR_CONFIG);
		if (strncmp(why.message, cases[i].begins, strlen(cases[i].begins)) != 0) {
			fail_msg("case %zu: '%s'", i, why.message);
		}
	}
}

/* Required in every matching line. */
TEST(literals) {
	static const struct {
		const char *pattern, *literal;
	} cases[] = {
		{"abc(?<step>\\d+) tokens done", " tokens done"},
		{"ab+cd(?<step>x)", "ab"},
		{"abc?d(?<step>x)", "ab"},
		{"(?<step>\\d+)\\[abc\\]\\d", "[abc]"},
		{"[abc]x(?<step>longer one)?", "x"},
		{"a|(?<step>bcd)", ""},
		{"(?i)abc(?<step>x)", ""},
		{"x[]abc]yz(?<step>[)])", "yz"},
		{"ab{2}c(?<step>(a)b)", "a"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ingest_patterns *p;
		struct fault why;
		char file[128];
		snprintf(file, sizeof file, "step %s\n", cases[i].pattern);
		assert_int_equal(patterns_parse(&p, "f", text_of(file), &why), 0);
		if (!text_eq(p->at[0].literal, text_of(cases[i].literal))) {
			fail_msg("case %zu: '%.*s'", i, TEXT_ARG(p->at[0].literal));
		}
		ingest_patterns_free(p);
	}
}

/* A pattern that does not terminate on a line is abandoned, and the line counted. */
TEST(gives_up) {
	struct ingest_patterns *p;
	struct bench b;
	struct fault why;
	char printed[256];

	assert_int_equal(patterns_parse(&p, "f", T("step ^(a+)+(?<step>\\d)$\n"), &why), 0);
	bench_init(&b, "pattern");
	b.parser.matcher = matcher_new(p);
	bench_print_line(&b, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", UNKNOWN, printed, sizeof printed);
	assert_string_equal(printed, "!pattern took too long");
	matcher_free(b.parser.matcher);
	bench_release(&b);
	ingest_patterns_free(p);
}

/* In a run, files that a pattern matches are read with it, others as usual. */
TEST(in_a_run) {
	struct place place;
	char a[256], b[256], c[256];
	struct run_result r;
	struct ingest_patterns *p;
	struct fault why;

	place_init(&place);
	place_write(&place, "patterns", T(FILE_TEXT));
	place_write(&place, "a", T("noise\n[2026-08-10 23:59:26.5] done id=a in=40 out=7 took 1500.25ms\n"));
	place_write(&place, "b", T("{\"prompt_tokens\":3,\"finish_ns\":1786406365000000000}\n"));
	assert_int_equal(ingest_patterns_read(&p, place_path(&place, "patterns", c), &why), 0);
	const struct ingest_source sources[] = {{.path = place_path(&place, "a", a)}, {.path = place_path(&place, "b", b)}};
	run_init(&r, (struct ingest_options){.sources = sources, .source_count = 2, .patterns = p});
	assert_int_equal(r.count, 2);
	assert_string_equal(r.quality.inputs[0].format, "pattern");
	assert_string_equal(r.quality.inputs[1].format, "native");
	run_release(&r);
	const struct ingest_source forced = {.path = a, .log_format = "pattern"};
	run_init(&r, (struct ingest_options){.sources = &forced, .source_count = 1});
	assert_int_equal(r.rc, ERROR_CONFIG);
	run_release(&r);
	ingest_patterns_free(p);
	place_release(&place);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines), cmocka_unit_test(errors_say_where), cmocka_unit_test(literals),
		cmocka_unit_test(gives_up),    cmocka_unit_test(in_a_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
