/* test_envelope.c: what collectors wrap around a line comes off, in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/instant.h"
#include "ingest/envelopes/envelope.h"
#include "tests/unit/ingest_help.h"

#define STAMP "2026-05-12T08:50:00.123456789Z"
#define STAMP_NS INT64_C(1778575800123456789)

static const struct {
	const char *raw, *text;
	int64_t stamp_ns;
} cases[] = {
	{"INFO plain", "INFO plain", UNKNOWN},
	{"", "", UNKNOWN},
	{STAMP " INFO x", "INFO x", STAMP_NS},
	{"2026-05-12T10:50:00.123456789+02:00 INFO x", "INFO x", STAMP_NS},
	{STAMP, STAMP, UNKNOWN},
	{"2026-05-12 08:50:00 INFO python's own", "2026-05-12 08:50:00 INFO python's own", UNKNOWN},
	{"2026-05-12T08:50:00 INFO without a zone", "2026-05-12T08:50:00 INFO without a zone", UNKNOWN},
	{STAMP " stdout F INFO x", "INFO x", STAMP_NS},
	{STAMP " stderr F " STAMP " INFO twice", "INFO twice", STAMP_NS},
	{"stdout F not behind a stamp", "stdout F not behind a stamp", UNKNOWN},
	{"{\"log\":\"INFO \\\"x\\\"\\n\",\"stream\":\"stderr\",\"time\":\"" STAMP "\"}", "INFO \"x\"", STAMP_NS},
	{"{\"log\":\"\\u001b[32mINFO\\u001b[0m x\\r\\n\",\"stream\":\"stderr\",\"attrs\":{\"a\":\"b\"},\"time\":\"" STAMP
	 "\"}", "INFO x", STAMP_NS},
	{"{\"time\":\"" STAMP "\",\"stream\":\"stdout\",\"log\":\"2027-01-01T00:00:00Z x\\n\"}", "x", STAMP_NS},
	{STAMP " stdout F {\"log\":\"x\\n\",\"time\":\"2027-01-01T00:00:00Z\"}", "x", STAMP_NS},
	{"{\"log\":\"cut", "{\"log\":\"cut", UNKNOWN},
	{"{\"log\":7,\"time\":\"" STAMP "\"}", "{\"log\":7,\"time\":\"" STAMP "\"}", UNKNOWN},
	{"{\"schema\":\"tollbook.step.v1\",\"log\":\"x\"}", "{\"schema\":\"tollbook.step.v1\",\"log\":\"x\"}", UNKNOWN},
	{"{\"__REALTIME_TIMESTAMP\":\"1778575800123456\",\"MESSAGE\":\"INFO x\"}", "INFO x", INT64_C(1778575800123456000)},
	{"Nov 24 01:02:03 host vllm[17]: INFO x", "INFO x", UNKNOWN},
	{"Nov  4 01:02:03 host vllm[17]: INFO x", "INFO x", UNKNOWN},
	{STAMP " host vllm[17]: INFO x", "INFO x", STAMP_NS},
	{STAMP " (APIServer pid=17) INFO x", "(APIServer pid=17) INFO x", STAMP_NS},
	{"\33[32mINFO\33[0m x\33[K", "INFO x", UNKNOWN},
	{"<13>Nov 24 01:02:03 host vllm[17]: INFO x", "INFO x", UNKNOWN},
	{"<13>1 " STAMP " host vllm 17 - - INFO x", "INFO x", STAMP_NS},
	{"<13>1 " STAMP " host vllm 17 id [a b=\"]\\\"\" c=\"d\"][e] \xef\xbb\xbfINFO x", "INFO x", STAMP_NS},
	{"<13>1 " STAMP " host vllm 17 id [a b=\"c INFO x", "<13>1 " STAMP " host vllm 17 id [a b=\"c INFO x", UNKNOWN},
	{"<999>Nov 24 01:02:03 host vllm[17]: INFO x", "<999>Nov 24 01:02:03 host vllm[17]: INFO x", UNKNOWN},
	{"3: [01/16/2026-08:00:00] x", "[01/16/2026-08:00:00] x", UNKNOWN},
	{"10/10 steps: 3: x", "10/10 steps: 3: x", UNKNOWN},
	{" 50%|#####     | 5/10\r100%|##########| 10/10\r[2026-04-05 20:02:51] x", "[2026-04-05 20:02:51] x", UNKNOWN},
	{"x\r", "x", UNKNOWN},
	{"{\"date\":1778575800.123456789,\"log\":\"INFO x\",\"kubernetes\":{\"pod_name\":\"p\"}}", "INFO x", STAMP_NS},
	{"{\"log\":\"INFO x\",\"stream\":\"stderr\",\"time\":\"" STAMP "\",\"kubernetes\":{}}", "INFO x", STAMP_NS},
	{"{\"file\":\"/var/log/x\",\"host\":\"h\",\"message\":\"INFO x\",\"source_type\":\"file\",\"timestamp\":\"" STAMP "\"}",
	 "INFO x", STAMP_NS},
	{"{\"@timestamp\":\"" STAMP "\",\"message\":\"INFO x\",\"host\":{\"name\":\"h\"}}", "INFO x", STAMP_NS},
	{"{\"labels\":{\"app\":\"vllm\"},\"line\":\"INFO x\",\"timestamp\":\"" STAMP "\"}", "INFO x", STAMP_NS},
	{"{\"insertId\":\"1\",\"textPayload\":\"INFO x\",\"timestamp\":\"" STAMP "\"}", "INFO x", STAMP_NS},
	{"{\"asctime\": \"2026-05-12 08:50:00,123\", \"levelname\": \"INFO\", \"message\": \"x\"}", "x", UNKNOWN},
	{"{\"__REALTIME_TIMESTAMP\":\"1778575800123456\",\"MESSAGE\":[27,91,51,50,109,73,78,70,79,32,120]}", "INFO x",
	 INT64_C(1778575800123456000)},
	{"{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":[256]}", "{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":[256]}", UNKNOWN},
	{"{\"timestamp\":\"" STAMP "\",\"message\":\"Success\",\"target\":\"tgi\"}",
	 "{\"timestamp\":\"" STAMP "\",\"message\":\"Success\",\"target\":\"tgi\"}", UNKNOWN},
	{"\"" STAMP "\",\"INFO \"\"x\"\", y\"", "INFO \"x\", y", STAMP_NS},
	{"\"INFO x\"", "INFO x", UNKNOWN},
	{"\"1778575800123456789\",\"h\",\"INFO x\"", "INFO x", STAMP_NS},
	{"\"{\"\"log\"\":\"\"INFO x\\n\"\",\"\"time\"\":\"\"" STAMP "\"\"}\"", "INFO x", STAMP_NS},
	{"\"id\",\"tenant\",\"prompt_tokens\"", "\"id\",\"tenant\",\"prompt_tokens\"", UNKNOWN},
	{"\"a\",\"" STAMP "\",\"b\",\"c\",\"d\"", "\"a\",\"" STAMP "\",\"b\",\"c\",\"d\"", UNKNOWN},
	{"\"not closed", "\"not closed", UNKNOWN},
	{"\"r1\",\"GPU-1\",\"1778575800123456789\",\"412.35\"", "\"r1\",\"GPU-1\",\"1778575800123456789\",\"412.35\"", UNKNOWN},
	{"\33[", "", UNKNOWN},
	{"x\33", "x", UNKNOWN},
};

static void comes_off(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct envelope *e = envelope_new(1000);
		struct unwrapped out;
		assert_int_equal(envelope_strip(e, text_of(cases[i].raw), &out), ENVELOPE_LINE);
		if (!text_eq(out.text, text_of(cases[i].text)) || out.stamp_ns != cases[i].stamp_ns) {
			fail_msg("case %zu: got '%.*s' at %lld", i, TEXT_ARG(out.text), (long long)out.stamp_ns);
		}
		assert_false(envelope_last(e, &out));
		envelope_free(e);
	}
}

/* Feeds lines; the result is "whole;whole;", a dropped one "!;", held parts at the end "(part)". */
static void joins_to(const char *const *raws, size_t count, size_t max, const char *expected) {
	struct envelope *e = envelope_new(max);
	struct bytes got = {0};
	struct unwrapped out;

	for (size_t i = 0; i < count; i++) {
		enum envelope_status status = envelope_strip(e, text_of(raws[i]), &out);
		if (status != ENVELOPE_PART) {
			bytes_add(&got, status == ENVELOPE_LINE ? out.text : T("!"));
			bytes_add(&got, T(";"));
		}
	}
	while (envelope_last(e, &out)) {
		bytes_add(&got, T("("));
		bytes_add(&got, out.text);
		bytes_add(&got, T(")"));
	}
	bytes_add(&got, (struct text){"", 1});
	assert_string_equal(got.at, expected);
	bytes_release(&got);
	envelope_free(e);
}

static void parts_join(void **state) {
	static const char *const cri[] = {
		STAMP " stdout P ab", STAMP " stderr P 12", STAMP " stdout P cd", STAMP " stderr F 34",
		STAMP " stdout F ef", STAMP " stdout F whole", STAMP " stderr P left",
	};
	static const char *const docker[] = {
		"{\"log\":\"ab\",\"stream\":\"stdout\",\"time\":\"" STAMP "\"}",
		"{\"log\":\"x\\n\",\"stream\":\"stderr\",\"time\":\"" STAMP "\"}",
		"{\"log\":\"cd\\n\",\"stream\":\"stdout\",\"time\":\"" STAMP "\"}",
	};
	static const char *const fluent[] = {
		"{\"date\":1.5,\"log\":\"ab\",\"logtag\":\"P\"}",
		"{\"date\":1.5,\"log\":\"cd\",\"logtag\":\"F\"}",
		"{\"date\":1.5,\"log\":\"whole\"}",
	};
	static const char *const coloured[] = {STAMP " stdout P \33[3", STAMP " stdout F 2mgreen\33[0m"};

	(void)state;
	joins_to(cri, 7, 1000, "1234;abcdef;whole;(left)");
	joins_to(docker, 3, 1000, "x;abcd;");
	joins_to(coloured, 2, 1000, "green;");
	joins_to(cri, 6, 5, "1234;!;whole;");
	joins_to(fluent, 3, 1000, "abcd;whole;");
}

/* An entry is several lines; a message with colours in it has its length in front. */
static void journal_export(void **state) {
	static const struct {
		const char *raw;
		size_t len;
		const char *line; /* NULL: none */
		int64_t stamp_ns;
	} lines[] = {
#define RAW(literal) literal, sizeof(literal) - 1
		{RAW("__CURSOR=s=1"), NULL, 0},
		{RAW("__REALTIME_TIMESTAMP=1778575800123456"), NULL, 0},
		{RAW("_HOSTNAME=gpu"), NULL, 0},
		{RAW("MESSAGE=INFO x=y"), "INFO x=y", INT64_C(1778575800123456000)},
		{RAW("_PID=17"), NULL, 0},
		{RAW(""), NULL, 0},
		{RAW("__CURSOR=s=2"), NULL, 0},
		{RAW("__REALTIME_TIMESTAMP=1778575801000000"), NULL, 0},
		{RAW("MESSAGE"), NULL, 0},
		{RAW("\x0b\0\0\0\0\0\0\0\33[32mINFO x"), "INFO x", INT64_C(1778575801000000000)},
		{RAW("_PID=17"), NULL, 0},
		{RAW("OTHER"), NULL, 0},
		{RAW("\x0d\0\0\0\0\0\0\0MESSAGE=no"), NULL, 0},
		{RAW("xy"), NULL, 0},
		{RAW("MESSAGE"), NULL, 0},
		{RAW(""), NULL, 0}, /* a length of 10, whose first byte ends the line */
		{RAW("\0\0\0\0\0\0\0" "0123456789"), "0123456789", INT64_C(1778575801000000000)},
		{RAW("MESSAGE=z"), "z", INT64_C(1778575801000000000)},
		{RAW(""), NULL, 0},
		{RAW("MESSAGE=w"), "w", UNKNOWN},
	};
	struct envelope *e = envelope_new(1000);

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct unwrapped out;
		enum envelope_status status = envelope_strip(e, (struct text){lines[i].raw, lines[i].len}, &out);
		if ((status == ENVELOPE_LINE) != (lines[i].line != NULL) ||
		    (lines[i].line && (!text_eq(out.text, text_of(lines[i].line)) || out.stamp_ns != lines[i].stamp_ns))) {
			fail_msg("line %zu", i);
		}
	}
	envelope_free(e);
}

/* Prefixes without end do not recurse without end. */
static void depth_is_bounded(void **state) {
	struct envelope *e = envelope_new(100000);
	struct bytes b = {0};
	struct unwrapped out;

	(void)state;
	for (int i = 0; i < 100; i++) {
		bytes_add(&b, T(STAMP " "));
	}
	assert_int_equal(envelope_strip(e, bytes_text(&b), &out), ENVELOPE_LINE);
	assert_int_equal(out.stamp_ns, STAMP_NS);
	bytes_release(&b);
	envelope_free(e);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_off),
		cmocka_unit_test(parts_join),
		cmocka_unit_test(journal_export),
		cmocka_unit_test(depth_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
