/* test_native.c: native records, and that both readers of them agree. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/record_json.h"
#include "ingest/formats/native.h"
#include "tests/unit/ingest_help.h"

#define STEP \
	"{\"schema\":\"tollbook.step.v1\",\"replica\":\"rtx-01\",\"model\":\"llama\",\"step\":1," \
	"\"start_ns\":1786406365138350756,\"gpu_ns\":27343817,\"prefill_requests\":2,\"prefill_tokens\":592," \
	"\"prefill_kv_tokens\":2048,\"prefill_token_kv\":484304,\"decode_requests\":3,\"decode_kv_tokens\":77," \
	"\"duration_kind\":\"gpu_events\"}"
#define STEP_PRINTED \
	"step rtx-01 llama index=1 start=1786406365138350756 gpu=27343817 pr=2 pt=592 pkv=2048 ptkv=484304 dr=3 dt=3 " \
	"dkv=77 pgpu=? dgpu=? kind=0 flags=0"
#define REQUEST \
	"{\"schema\":\"tollbook.request.v1\",\"id\":\"c-1\",\"tenant\":\"acme\",\"model\":\"llama\",\"replica\":\"r1\"," \
	"\"arrival_ns\":1786406365055047398,\"scheduled_ns\":1786406365055047399," \
	"\"first_token_ns\":1786406365165800009,\"finish_ns\":1786406365499968138,\"prompt_tokens\":2236," \
	"\"cached_tokens\":128,\"completion_tokens\":17,\"reasoning_tokens\":4,\"preemptions\":1,\"status\":\"ok\"}"
#define REQUEST_PRINTED \
	"request r1 llama id=c-1 tenant=acme from= arrival=1786406365055047398 scheduled=1786406365055047399 " \
	"first=1786406365165800009 finish=1786406365499968138 prompt=2236 cached=128 write=0 completion=17 reasoning=4 " \
	"preemptions=1 ok=1 service=0 exclusive=0"
#define AT "\"start_ns\":1786406365138350756"

/* Lines and their results: "!" and a reason, or the printed record. */
static const struct {
	const char *line, *expected;
} cases[] = {
	{STEP, STEP_PRINTED},
	{" " STEP " ", STEP_PRINTED},
	{REQUEST, REQUEST_PRINTED},
	{"{\"schema\":\"tollbook.window.v1\",\"replica\":\"p\",\"model\":\"m\",\"tenant\":\"t\",\"start_ns\":"
	 "1786406365000000000,\"end_ns\":1786406375000000000,\"input_tokens\":500,\"cached_tokens\":20,"
	 "\"output_tokens\":40,\"requests\":3,\"prefill_gpu_ns\":12,\"decode_gpu_ns\":13}",
	 "window p m tenant=t start=1786406365000000000 end=1786406375000000000 in=500 cached=20 out=40 requests=3 pgpu=12 "
	 "dgpu=13 running=? computed=0"},
	{"{\"schema\":\"tollbook.power.v1\",\"replica\":\"p\",\"gpu\":\"GPU-1\",\"at_ns\":1786406365000000000,"
	 "\"watts\":412.3455}",
	 "power p  gpu=GPU-1 at=1786406365000000000 mw=412346"},
	/* instants as text, keys in another order, blanks, escapes, no schema */
	{"{\"gpu_ns\": 5, \"start_ns\": \"2026-08-10T23:59:25.138350756Z\", \"model\": \"a\\u0062c\"}",
	 "step  abc index=? start=1786406365138350756 gpu=5 pr=0 pt=0 pkv=? ptkv=? dr=0 dt=0 dkv=? pgpu=? dgpu=? kind=0 "
	 "flags=0"},
	{"{\"prompt_tokens\":7,\"completion_tokens\":1e1,\"status\":\"error\",\"batch\":true,\"user\":[1,{}],"
	 "\"priority\":null,\"cached_tokens\":null}",
	 "request   id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=7 cached=0 write=0 completion=10 "
	 "reasoning=0 preemptions=0 ok=0 service=1 exclusive=0"},
	/* classes of service; `batch` is batch, whatever `service` is */
	{"{\"schema\":\"tollbook.request.v1\",\"prompt_tokens\":7,\"service\":\"flex\"}",
	 "request   id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=7 cached=0 write=0 completion=0 "
	 "reasoning=0 preemptions=0 ok=1 service=3 exclusive=0"},
	{"{\"schema\":\"tollbook.request.v1\",\"prompt_tokens\":7,\"service\":\"Priority\",\"batch\":false}",
	 "request   id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=7 cached=0 write=0 completion=0 "
	 "reasoning=0 preemptions=0 ok=1 service=2 exclusive=0"},
	{"{\"schema\":\"tollbook.request.v1\",\"prompt_tokens\":7,\"batch\":true,\"service\":\"flex\"}",
	 "request   id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=7 cached=0 write=0 completion=0 "
	 "reasoning=0 preemptions=0 ok=1 service=1 exclusive=0"},
	{"{\"schema\":\"tollbook.request.v1\",\"prompt_tokens\":7,\"service\":\"flex\",\"batch\":true}",
	 "request   id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=7 cached=0 write=0 completion=0 "
	 "reasoning=0 preemptions=0 ok=1 service=1 exclusive=0"},
	{"{\"schema\":\"tollbook.request.v1\",\"prompt_tokens\":7,\"service\":\"standard\",\"batch\":false}",
	 "request   id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=7 cached=0 write=0 completion=0 "
	 "reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
	{"{\"schema\":\"tollbook.request.v1\",\"prompt_tokens\":7,\"service\":\"\"}",
	 "request   id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=7 cached=0 write=0 completion=0 "
	 "reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
	{"{\"schema\":\"tollbook.request.v1\",\"prompt_tokens\":7,\"service\":\"gold\"}",
	 "request   id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=7 cached=0 write=0 completion=0 "
	 "reasoning=0 preemptions=0 ok=1 service=4 exclusive=0"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":5,\"gpu_ns\":6}", /* the last one wins */
	 "step   index=? start=1786406365138350756 gpu=6 pr=0 pt=0 pkv=? ptkv=? dr=0 dt=0 dkv=? pgpu=? dgpu=? kind=0 "
	 "flags=0"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":5,\"decode_requests\":2,\"decode_tokens\":6,"
	 "\"prefill_gpu_ns\":1,\"decode_gpu_ns\":4,\"duration_kind\":\"log_gap\"}",
	 "step   index=? start=1786406365138350756 gpu=5 pr=0 pt=0 pkv=? ptkv=? dr=2 dt=6 dkv=? pgpu=1 dgpu=4 kind=3 "
	 "flags=0"},
	{"", ""},
	{"{", "!invalid JSON"},
	{"[1]", "!invalid JSON"},
	{STEP "}", "!invalid JSON"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":05}", "!invalid JSON"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":5,}", "!invalid JSON"},
	{"{\"schema\":\"tollbook.step.v2\"," AT ",\"gpu_ns\":5}", "!unknown schema"},
	{"{\"a\":1}", "!unknown kind of record"},
	{"{\"schema\":\"tollbook.step.v1\"," AT "}", "!missing field"},
	{"{\"schema\":\"tollbook.step.v1\",\"gpu_ns\":5}", "!missing field"},
	{"{\"schema\":\"tollbook.request.v1\",\"id\":\"x\"}", "!missing field"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":-5}", "!negative count"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":86400000000001}", "!absurd count"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":99999999999999999999999}", "!absurd count"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":9999999999999999999}", "!absurd count"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":\"5\"}", "!wrong type of value"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":5.5}", "!wrong type of value"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":5,\"model\":5}", "!wrong type of value"},
	{"{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":5,\"duration_kind\":\"guess\"}", "!unknown duration kind"},
	{"{\"schema\":\"tollbook.step.v1\",\"start_ns\":1420070399999999999,\"gpu_ns\":5}", "!instant before 2015"},
	{"{\"schema\":\"tollbook.step.v1\",\"start_ns\":1893456000000000000,\"gpu_ns\":5}", "!instant in the future"},
	{"{\"schema\":\"tollbook.step.v1\",\"start_ns\":\"yesterday\",\"gpu_ns\":5}", "!wrong type of value"},
	{"{\"prompt_tokens\":7,\"cached_tokens\":8}", "!more cached tokens than prompt tokens"},
	{"{\"prompt_tokens\":7,\"reasoning_tokens\":8}", "!more reasoning tokens than completion tokens"},
	{"{\"prompt_tokens\":7,\"arrival_ns\":1786406365138350756,\"finish_ns\":1786406365138350755}",
	 "!instants out of order"},
	{"{\"end_ns\":1786406365138350756,\"start_ns\":1786406365138350756}", "!instants out of order"},
	{"{\"schema\":\"tollbook.power.v1\",\"at_ns\":1786406365000000000,\"watts\":1e9}", "!wrong type of value"},
	{"{\"schema\":\"tollbook.power.v1\",\"at_ns\":1786406365000000000,\"watts\":-4}", "!absurd power"},
};

TEST(reads) {
	struct bench b;

	bench_init(&b, "native");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char printed[1024] = "";
		bench_print_line(&b, cases[i].line, UNKNOWN, printed, sizeof printed);
		if (strcmp(printed, cases[i].expected) != 0) {
			fail_msg("case %zu: %s\n     got: %s\nexpected: %s", i, cases[i].line, printed, cases[i].expected);
		}
	}
	bench_release(&b);
}

TEST(unknown_keys_are_counted) {
	struct bench b;
	struct record r;

	bench_init(&b, "native");
	assert_int_equal(bench_line(&b, "{\"schema\":\"tollbook.step.v1\"," AT ",\"gpu_ns\":5,\"new\":[1],\"newer\":\"x\"}",
	                            UNKNOWN, &r), PARSE_RECORD);
	assert_int_equal(b.quality.unknown_keys, 2);
	bench_release(&b);
}

TEST(usual_lines_go_straight) {
	struct native_heads heads = {.tried = 0};
	struct record r;

	assert_non_null(native_fast(&heads, T(STEP), &r));
	assert_non_null(native_fast(&heads, T(REQUEST), &r));
	assert_null(native_fast(&heads, T(" " STEP), &r));
}

/* Lines that the fast path accepts are also accepted by the slow reader, with the same fields. */
static void must_agree(struct bench *b, struct native_heads *heads, struct text line) {
	struct record fast, slow;
	char fast_printed[1024], slow_printed[1024];

	if (native_fast(heads, line, &fast)) {
		assert_non_null(native_slow(&b->parser, line, &slow));
		assert_null(b->parser.reason);
		record_print(&fast, fast_printed);
		assert_string_equal(fast_printed, record_print(&slow, slow_printed));
	}
}

/* Every line with each of its bytes changed, removed or doubled, in all relevant ways. */
TEST(readers_agree) {
	static const char changes[] = "\"\\{}[],: \t\n0195-+.eEaztfnu\x01\x7f\xff";
	struct native_heads heads = {.tried = 0};
	struct bench b;

	bench_init(&b, "native");
	for (size_t i = 0; i < 6; i++) {
		struct text line = text_of(cases[i].line);
		char *copy = must_alloc(line.len + 1);
		for (size_t at = 0; at < line.len; at++) {
			for (size_t c = 0; c < sizeof changes - 1; c++) {
				memcpy(copy, line.at, line.len);
				copy[at] = changes[c];
				must_agree(&b, &heads, (struct text){copy, line.len});
			}
			memcpy(copy, line.at, at);
			memcpy(copy + at, line.at + at + 1, line.len - at - 1);
			must_agree(&b, &heads, (struct text){copy, line.len - 1});
			memcpy(copy, line.at, at + 1);
			memcpy(copy + at + 1, line.at + at, line.len - at);
			must_agree(&b, &heads, (struct text){copy, line.len + 1});
			must_agree(&b, &heads, text_cut(line, 0, at));
		}
		free(copy);
	}
	bench_release(&b);
}

/* A window with all keys that there are: none is taken as a second one of another. */
TEST(all_keys_of_a_window) {
	struct record r = {.kind = RECORD_WINDOW, .replica = T("r"), .model = T("m"), .window = {.tenant = T("t")}}, back;
	struct native_heads heads = {.tried = 0};
	char line[RECORD_JSON_MAX];
	struct bench b;
	int64_t n = 1;

	r.window.start_ns = INT64_C(1786406365000000000);
	r.window.end_ns = INT64_C(1786406380000000000);
	r.window.input_tokens = r.window.cached_tokens = r.window.output_tokens = r.window.requests = r.window.running = 2;
	r.window.prefill_gpu_ns = r.window.decode_gpu_ns = 3;
	r.window.input_is_computed = true;
#define COUNT_UP(name) r.window.name = n++;
	WINDOW_COUNTS(COUNT_UP)
	const struct text whole = {line, record_json(&r, line)};
	bench_init(&b, "native");
	b.parser.note = NULL;
	assert_non_null(native_fast(&heads, whole, &back));
	must_agree(&b, &heads, whole);
	assert_null(b.parser.note);
	assert_int_equal(back.window.within_1000ms, n - 1);
	assert_int_equal(b.quality.unknown_keys, 0);
	bench_release(&b);
}

/* Several servers by turns, more than there are beginnings kept, and a change of the first number. */
TEST(beginnings_are_kept) {
	struct native_heads heads = {.tried = 0};
	struct bench b;
	char line[512];

	bench_init(&b, "native");
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof line, "{\"schema\":\"tollbook.step.v1\",\"replica\":\"r%.*d\",\"model\":\"m\",\"step\":%d," AT ",\"gpu_ns\":%d}",
		         i % 11 == 0 ? 150 : 1, i < 100 ? i % 7 : i % 2, i, 5 * i);
		struct record r;
		assert_non_null(native_fast(&heads, text_of(line), &r));
		assert_int_equal(r.step.index, i);
		must_agree(&b, &heads, text_of(line));
	}
	assert_true(heads.at[1].len > 0);
	bench_release(&b);
}

/* Integers that were 0 together in a line before, at its end or not: each byte changed, removed or doubled. */
TEST(zeros_are_read) {
	static const char *const lines[] = {
		"{\"schema\":\"tollbook.step.v1\",\"replica\":\"r\",\"step\":7," AT ",\"gpu_ns\":5,\"prefill_requests\":0,\"prefill_tokens\":0,"
		"\"prefill_token_kv\":0,\"decode_requests\":3,\"duration_kind\":\"gpu_events\"}",
		"{\"schema\":\"tollbook.step.v1\",\"replica\":\"r\",\"step\":7," AT ",\"gpu_ns\":5,\"prefill_requests\":0,\"prefill_tokens\":0}",
		"{\"schema\":\"tollbook.step.v1\",\"replica\":\"r\",\"step\":7," AT ",\"gpu_ns\":5,\"prefill_requests\":1,\"prefill_tokens\":0}",
	};
	struct native_heads heads;
	struct bench b;
	struct record r;
	char copy[512];

	bench_init(&b, "native");
	for (size_t i = 0; i < 3; i++) {
		struct text line = text_of(lines[i]);
		heads = (struct native_heads){.tried = 0};
		for (int warm = 0; warm < 3; warm++) {
			assert_non_null(native_fast(&heads, line, &r));
		}
		assert_int_equal(heads.at[0].plan.zeros.count, i == 0 ? 3 : i == 1 ? 2 : 0);
		for (size_t at = 0; at < line.len; at++) {
			for (const char *c = "019,:}-.\"x"; *c; c++) {
				memcpy(copy, line.at, line.len);
				copy[at] = *c;
				must_agree(&b, &heads, (struct text){copy, line.len});
				assert_non_null(native_fast(&heads, line, &r));
				assert_true(r.step.prefill_tokens == 0 && r.step.index == 7);
			}
			memcpy(copy, line.at, at + 1);
			memcpy(copy + at + 1, line.at + at, line.len - at);
			must_agree(&b, &heads, (struct text){copy, line.len + 1});
			memmove(copy + at, line.at + at + 1, line.len - at - 1);
			must_agree(&b, &heads, (struct text){copy, line.len - 1});
			must_agree(&b, &heads, text_cut(line, 0, at));
		}
	}
	bench_release(&b);
}

TEST(bids) {
	const struct text ours[] = {T("# a comment"), T(STEP)};
	const struct text likely[] = {T("{\"gpu_ns\":5}")};
	const struct text others[] = {T("{\"a\":1}"), T("INFO x")};

	assert_string_equal(format_detect(ours, 2)->name, "native");
	assert_string_equal(format_detect(likely, 1)->name, "native");
	assert_null(format_detect(others, 2));
	assert_null(format_detect(NULL, 0));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),         cmocka_unit_test(unknown_keys_are_counted),
		cmocka_unit_test(usual_lines_go_straight), cmocka_unit_test(readers_agree),
		cmocka_unit_test(all_keys_of_a_window), cmocka_unit_test(beginnings_are_kept), cmocka_unit_test(zeros_are_read),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
