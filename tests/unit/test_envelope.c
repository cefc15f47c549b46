/* test_envelope.c: envelopes of collectors are removed, in any order. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/files/name_rules.h"
#include "core/instant.h"
#include "ingest/envelopes/envelope.h"
#include "ingest/envelopes/peeling.h"
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
	{"vllm-1        | INFO x", "INFO x", UNKNOWN},
	{"vllm_1  | " STAMP " INFO x", "INFO x", STAMP_NS},
	{"vllm.1.x7y8z9abcdef@node-1    | INFO x", "INFO x", UNKNOWN}, /* docker service logs */
	{"2026-05-12 10:50:00.123 | INFO x", "INFO x", UNKNOWN},
	{"[pod/vllm-0/vllm] INFO x", "INFO x", UNKNOWN},
	{"[pod/vllm-0/vllm] " STAMP " INFO x", "INFO x", STAMP_NS},
	{"vllm-0 vllm (APIServer pid=1) INFO x", "(APIServer pid=1) INFO x", UNKNOWN},
	{"llm vllm-0 vllm INFO x", "INFO x", UNKNOWN},
	{"slot launch_slot_: id  0 | task 0 | x", "slot launch_slot_: id  0 | task 0 | x", UNKNOWN},
	{"llm/vllm-0[vllm]: INFO x", "INFO x", UNKNOWN},
	{"[vllm-0] INFO x", "INFO x", UNKNOWN},
	{"[35801] slot x", "[35801] slot x", UNKNOWN},
	{"Oct 05 06:00:00.123456 host vllm[17]: INFO x", "INFO x", UNKNOWN},
	{"Tue 2026-05-12 08:50:00 UTC host vllm[17]: INFO x", "INFO x", INT64_C(1778575800000000000)},
	{"123:INFO x", "INFO x", UNKNOWN},
	{"logs/vllm.log:123:INFO x", "INFO x", UNKNOWN},
	{"vllm.log:INFO x", "INFO x", UNKNOWN},
	{"note: INFO x", "note: INFO x", UNKNOWN},
	{"logs/a.log-123-INFO x", "INFO x", UNKNOWN}, /* grep -C: the lines beside */
	{"logs/a.log.1-[10/05/2026-06:20:01] x", "[10/05/2026-06:20:01] x", UNKNOWN},
	{"a.log-2026-05-12T08:20:00.123Z INFO x", "INFO x", INT64_C(1778574000123000000)},
	{"a.log-20260512:INFO x", "INFO x", UNKNOWN}, /* the name of a rotated file */
	{"logs/a.log: [10/05/2026-06:20:01] x", "[10/05/2026-06:20:01] x", UNKNOWN},
	{"logs/a:12:INFO x", "INFO x", UNKNOWN},
	{"logs/a:INFO x", "INFO x", UNKNOWN},
	{"logs/a:no line", "logs/a:no line", UNKNOWN},
	{"logs/a.log-no line", "logs/a.log-no line", UNKNOWN},
	{"INFO  PyProcess W-142-model-stdout: [1,0]<stdout>:INFO x", "INFO x", UNKNOWN},
	{STAMP "  INFO loggers.log: Engine 000: x  ", "Engine 000: x", STAMP_NS},
	{STAMP "  INFO vllm_llm::log_stats: x", " INFO vllm_llm::log_stats: x", STAMP_NS},
	{STAMP " {app=\"vllm\", pod=\"vllm-0\"} INFO x", "INFO x", STAMP_NS},
	{"EVENTS\t1778575800523\tINFO x\t1778575800123", "INFO x", INT64_C(1778575800123000000)},
	{"2026-05-12T08:50:00+00:00\tkube.vllm\t{\"log\":\"INFO x\",\"stream\":\"stderr\"}", "INFO x", INT64_C(1778575800000000000)},
	{"kube.vllm: [1778575800.123, {\"log\":\"INFO x\"}]", "INFO x", INT64_C(1778575800123000000)},
	{"(EngineCore_DP1 pid=7) {\"asctime\": \"2026-05-12 08:50:00,123\", \"message\": \"x\"}", "(EngineCore_DP1 pid=7) x", UNKNOWN},
	{STAMP " stdout F {\"message\": \"x y\"}", "x y", STAMP_NS},
	{"{\"message\":\"x y\",\"model\":\"m\"}", "{\"message\":\"x y\",\"model\":\"m\"}", UNKNOWN},
	{"{\"timestamp\":1778575800123,\"message\":\"INFO x\",\"ingestionTime\":1}", "INFO x", INT64_C(1778575800123000000)},
	{"{\"TimeGenerated\":\"" STAMP "\",\"PodName\":\"p\",\"LogMessage\":\"INFO x\"}", "INFO x", STAMP_NS},
	{"{\"_index\":\"f\",\"_source\":{\"@timestamp\":\"" STAMP "\",\"message\":\"INFO x\"}}", "INFO x", STAMP_NS},
	{"{\"_index\":\"f\",\"fields\":{\"@timestamp\":[\"" STAMP "\"],\"message\":[\"INFO x\"]}}", "INFO x", STAMP_NS},
	{"{\"insertId\":\"1\",\"jsonPayload\":{\"message\":\"INFO x\"},\"timestamp\":\"" STAMP "\"}", "INFO x", STAMP_NS},
	{"{\"_time\":\"" STAMP "\",\"_msg\":\"INFO x\"}", "INFO x", STAMP_NS},
	{"{\"preview\":false,\"result\":{\"_raw\":\"INFO x\",\"_time\":\"" STAMP "\"}}", "INFO x", STAMP_NS},
	{"{\"time\":1778575800.123456789,\"event\":\"INFO x\"}", "INFO x", STAMP_NS},
	{"{\"event\":\"request.finished\",\"time\":1}", "{\"event\":\"request.finished\",\"time\":1}", UNKNOWN},
	{"{\"time\":\"" STAMP "\",\"target\":\"loggers.log\",\"message\":\"INFO x\"}", "INFO x", STAMP_NS},
	{"{\"log\":\"a\\u001b[32mb\\u00e9\\\\n\",\"time\":\"" STAMP "\",\"stream\":\"stderr\",\"x\":1}", "ab\xc3\xa9\\n", STAMP_NS},
	{"{\"time\":\"" STAMP "\",\"stream\":\"stderr\",\"_p\":\"F\",\"log\":\"INFO x\"}", "INFO x", STAMP_NS},
	/* what resembles a shipper's prefix, and is none */
	{"[vllm-0] 0.12.345.678 I slot x", "0.12.345.678 I slot x", UNKNOWN},
	{"[vllm-0] 1234567890 items", "[vllm-0] 1234567890 items", UNKNOWN},
	{"2026-05-12 10:50:00.123 | INFO     | engine:1 - x", "2026-05-12 10:50:00.123 | INFO     | engine:1 - x", UNKNOWN},
	{"2026-05-12 10:50:00.123 | ABCDEFGHI | x", "x", UNKNOWN}, /* nor a level, and so docker compose's service */
	{"2026-05-12 10:50:00+02:00 | INFO x", "INFO x", INT64_C(1778575800000000000)},
	{"[pod/a b/c] INFO x", "[pod/a b/c] INFO x", UNKNOWN},
	{"[pod/vllm-0] INFO x", "INFO x", UNKNOWN},
	{"[", "[", UNKNOWN},
	{"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa] INFO x", "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa] INFO x", UNKNOWN},
	{"[vllm-0 vllm] INFO x", "INFO x", UNKNOWN},
	{"[vllm-0 vllm_1] INFO x", "[vllm-0 vllm_1] INFO x", UNKNOWN},
	{"[vllm] INFO x", "[vllm] INFO x", UNKNOWN},
	{"[vllm-] INFO x", "[vllm-] INFO x", UNKNOWN},
	{"[vllm-0] no line", "[vllm-0] no line", UNKNOWN},
	{"llm/vllm-0[vllm_1]: INFO x", "llm/vllm-0[vllm_1]: INFO x", UNKNOWN},
	{"llm/vllm-0[vllm] INFO x", "llm/vllm-0[vllm] INFO x", UNKNOWN},
	{"vllm.out:INFO x", "INFO x", UNKNOWN},
	{"vllm.err:12:INFO x", "INFO x", UNKNOWN},
	{"vllm.txt:12:anything", "anything", UNKNOWN},
	{"vllm.log:anything", "vllm.log:anything", UNKNOWN},
	{"a\"b.log:INFO x", "a\"b.log:INFO x", UNKNOWN},
	{"12.log:INFO x", "INFO x", UNKNOWN},
	{"12:anything", "12:anything", UNKNOWN},
	{":INFO x", ":INFO x", UNKNOWN},
	{"INFO  PyProcess W-142-model-stderr: INFO x", "INFO x", UNKNOWN},
	{"INFO  PyProcess W-142-model: INFO x", "INFO  PyProcess W-142-model: INFO x", UNKNOWN},
	{"INFO  PyProcess W-142-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-stdout: INFO x", "INFO  PyProcess W-142-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-stdout: INFO x", UNKNOWN},
	{"INFO  PyProcess W-142-model-stdout: [1,0] x", "[1,0] x", UNKNOWN},
	{"INFO  PyProcess W-142-model-stdout: [1,0]<stdout x", "[1,0]<stdout x", UNKNOWN},
	{"INFO  PyProcess W-142-model-stdout: [1,0]<stdout>: INFO x", "INFO x", UNKNOWN},
	{"kube.vllm: [1778575800.123, {\"log\":\"INFO x\"}", "kube.vllm: [1778575800.123, {\"log\":\"INFO x\"}", UNKNOWN},
	{"kube.vllm: [never, {\"log\":\"INFO x\"}]", "kube.vllm: [never, {\"log\":\"INFO x\"}]", UNKNOWN},
	{"Oct 05 24:00:00.123456 host vllm[17]: INFO x", "Oct 05 24:00:00.123456 host vllm[17]: INFO x", UNKNOWN},
	{"Oct 05 06:60:00.123456 host vllm[17]: INFO x", "Oct 05 06:60:00.123456 host vllm[17]: INFO x", UNKNOWN},
	{"Oct 05 06:00:60.123456 host vllm[17]: INFO x", "Oct 05 06:00:60.123456 host vllm[17]: INFO x", UNKNOWN},
	{"Oct 05 -6:00:00.123456 host vllm[17]: INFO x", "Oct 05 -6:00:00.123456 host vllm[17]: INFO x", UNKNOWN},
	{"Oct 05 06:-1:00.123456 host vllm[17]: INFO x", "Oct 05 06:-1:00.123456 host vllm[17]: INFO x", UNKNOWN},
	{"Oct 05 06:00:-1.123456 host vllm[17]: INFO x", "Oct 05 06:00:-1.123456 host vllm[17]: INFO x", UNKNOWN},
	{"Oct 32 06:00:00.123456 host vllm[17]: INFO x", "Oct 32 06:00:00.123456 host vllm[17]: INFO x", UNKNOWN},
	{"Tue 2026-05-12 08:50:00 GMT host vllm[17]: INFO x", "INFO x", INT64_C(1778575800000000000)},
	{"Tue 2026-05-12 08:50:00 CEST host vllm[17]: INFO x", "INFO x", UNKNOWN},
	{"Tue 2026-05-12 08:50:00 EVENTUALLY host", "Tue 2026-05-12 08:50:00 EVENTUALLY host", UNKNOWN},
	{"Tue 2026-05-12T08:50:00Z host vllm[17]: INFO x", "INFO x", INT64_C(1778575800000000000)},
	{"Tue 2026-05-12 08:50:00", "Tue 2026-05-12 08:50:00", UNKNOWN},
	{"Tue never ", "Tue never ", UNKNOWN},
	{"(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) {\"asctime\": \"2026-05-12 08:50:00,123\", \"message\": \"x\"}", "(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) {\"asctime\": \"2026-05-12 08:50:00,123\", \"message\": \"x\"}", UNKNOWN},
	{"(EngineCore_DP1 pid=7) (Worker_TP0 pid=8) {\"asctime\": \"2026-05-12 08:50:00,123\", \"message\": \"x\"}", "(Worker_TP0 pid=8) x", UNKNOWN},
	{STAMP "  INFO 1.2: x", " INFO 1.2: x", STAMP_NS},
	{STAMP " {app=\"v\\\"}\", pod=\"p-0\"} INFO x", "INFO x", STAMP_NS},
	{STAMP " {app=\"vllm\"}x", "{app=\"vllm\"}x", STAMP_NS},
	{STAMP " {", "{", STAMP_NS},
	{STAMP " {app", "{app", STAMP_NS},
	{STAMP " {a/b=\"c\", d} INFO x", "INFO x", STAMP_NS},
	{STAMP " {a=\"c} INFO x", "{a=\"c} INFO x", STAMP_NS},
	{"EVENTS\tid\t1778575800000\tstream\tINFO x\t1778575800123", "INFO x", INT64_C(1778575800123000000)},
	{"EVENTS\tINFO x\t1778575800123", "EVENTS\tINFO x\t1778575800123", UNKNOWN},
	{"EVENTS\t1\tINFO x\tnever", "EVENTS\t1\tINFO x\tnever", UNKNOWN},
	{"EVENTS\ta\tb\tc\td\te\tf\tg\th", "EVENTS\ta\tb\tc\td\te\tf\tg\th", UNKNOWN},
	{"2026-05-12T08:50:00+00:00\tkube.vllm\tINFO x", "2026-05-12T08:50:00+00:00\tkube.vllm\tINFO x", UNKNOWN},
	/* objects that resemble an envelope */
	{"{\"log\":\"INFO x\\n\",\"time\":\"never\",\"stream\":\"stderr\"}", "INFO x", UNKNOWN},
	{"{\"@timestamp\":\"" STAMP "\",\"message\":[\"INFO x\",\"INFO y\"]}", "{\"@timestamp\":\"" STAMP "\",\"message\":[\"INFO x\",\"INFO y\"]}", UNKNOWN},
	{"{\"@timestamp\":\"" STAMP "\",\"message\":[7]}", "\a", STAMP_NS}, /* bytes, as the journal writes them */
	{"{\"__REALTIME_TIMESTAMP\":\"1778575800123456\",\"MESSAGE\":[73,-1]}", "{\"__REALTIME_TIMESTAMP\":\"1778575800123456\",\"MESSAGE\":[73,-1]}", UNKNOWN},
	{"{\"__REALTIME_TIMESTAMP\":\"1778575800123456\",\"MESSAGE\":[\"I\"]}", "I", INT64_C(1778575800123456000)},
	{"\33[", "", UNKNOWN},
	{"x\33", "x", UNKNOWN},
};

TEST(comes_off) {
	int failed = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct envelope *e = envelope_new(1000);
		struct unwrapped out;
		enum envelope_status status = envelope_strip(e, text_of(cases[i].raw), &out);
		if (status != ENVELOPE_LINE || !text_eq(out.text, text_of(cases[i].text)) || out.stamp_ns != cases[i].stamp_ns) {
			print_error("case %zu: %s: got '%.*s' at %lld\n", i, cases[i].raw, TEXT_ARG(out.text), (long long)out.stamp_ns);
			failed++;
		}
		assert_false(envelope_peek(e, &(int){0}, &out));
		envelope_free(e);
	}
	assert_int_equal(failed, 0);
}

/* Instants of log stores: in Unix time of any unit, with or without a zone, in words. */
static const struct {
	const char *text;
	int64_t utc_ns; /* or UNKNOWN: none */
	bool zone_given;
} instants[] = {
	{"1778575800", INT64_C(1778575800000000000), true},
	{"1778575800123", INT64_C(1778575800123000000), true},
	{"1778575800123456", INT64_C(1778575800123456000), true},
	{"1778575800123456789", STAMP_NS, true},
	{STAMP, STAMP_NS, true},
	{"2026-05-12 08:50:00", INT64_C(1778575800000000000), false},
	{"2026-05-12 08:50:00 UTC", INT64_C(1778575800000000000), true},
	{"May 12, 2026 @ 08:50:00.123", INT64_C(1778575800123000000), false},
	{"5/12/2026, 8:50:00.123 AM", INT64_C(1778575800123000000), false},
	{"5/12/2026, 8:50:00 PM", INT64_C(1778619000000000000), false},
	{"5/12/2026, 12:50:00 AM", INT64_C(1778547000000000000), false},
	{"5/12/2026, 8:50:00", INT64_C(1778575800000000000), false},
	{"", UNKNOWN, false}, {"0", UNKNOWN, false}, {"-1778575800", UNKNOWN, false}, {"never", UNKNOWN, false}, {"yesterday", UNKNOWN, false},
	{"2026-05-12 08:50:00 CET", UNKNOWN, false}, {"2026-05-12 08:50:00Zx", UNKNOWN, false},
	{"May 12, 2026, 08:50:00", UNKNOWN, false}, {"May 12 2026 @ 08:50:00", UNKNOWN, false}, {"May-12, 2026 @ 08:50:00", UNKNOWN, false},
	{"May x, 2026 @ 08:50:00", UNKNOWN, false}, {"May 12, x @ 08:50:00", UNKNOWN, false}, {"May 12, 2026 @ 08:50", UNKNOWN, false},
	{"May 12, 2026 @ 8", UNKNOWN, false}, {"May 12, 2026 @ x:50:00", UNKNOWN, false}, {"May 12, 2026 @ 08:50:60", UNKNOWN, false},
	{"May 12, 2026 @ 08:50:-1", UNKNOWN, false}, {"May 12, 2026 @ 08:50:00 XM", UNKNOWN, false}, {"May 12, 2026 @ 24:50:00", UNKNOWN, false},
	{"May 32, 2026 @ 08:50:00", UNKNOWN, false}, {"May 12, 99999 @ 08:50:00", UNKNOWN, false},
	{"13/12/2026, 8:50:00", UNKNOWN, false}, {"5-12-2026, 8:50:00", UNKNOWN, false}, {"5/x/2026, 8:50:00", UNKNOWN, false},
	{"5/12-2026, 8:50:00", UNKNOWN, false}, {"5/12/x, 8:50:00", UNKNOWN, false}, {"5/12/2026 8:50:00", UNKNOWN, false},
};

TEST(instants_of_log_stores) {
	for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
		struct peeling utc = {.stamp_ns = UNKNOWN}, local = {.stamp_ns = UNKNOWN};
		bool is = instants[i].utc_ns != UNKNOWN;
		if (peel_stamp(&utc, text_of(instants[i].text), true) != is || peel_stamp(&local, text_of(instants[i].text), false) != is ||
		    utc.stamp_ns != instants[i].utc_ns) {
			fail_msg("%s: %lld", instants[i].text, (long long)utc.stamp_ns);
		}
		/* without a zone it stays as it is written, for --log-zone */
		assert_int_equal(local.has_local, is && !instants[i].zone_given);
		assert_int_equal(local.stamp_ns, instants[i].zone_given ? instants[i].utc_ns : UNKNOWN);
	}
}

/* Documents with many lines: each line, with its timestamp and its pod or other name. */
static const struct {
	const char *raw, *lines;
} documents[] = {
	{"{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[{\"stream\":{\"pod\":\"p-0\"},\"values\":[[\"1\",\"a b\"],"
	 "[\"2\",\"c d\",{}]]},{\"stream\":{\"pod\":\"p-1\"},\"values\":[[\"3\",\"e f\"]]}]}}", "p-0 1000000000 a b;p-0 2000000000 c d;p-1 3000000000 e f;"},
	{"{\"stream\":{\"pod\":\"p-0\"},\"values\":[[\"1778575800123456789\",\"a b\"]]}", "p-0 1778575800123456789 a b;"},
	{"{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"k8s.pod.name\",\"value\":{\"stringValue\":\"p-0\"}}]},\"scopeLogs\":["
	 "{\"logRecords\":[{\"timeUnixNano\":\"0\",\"observedTimeUnixNano\":\"1778575800123456789\",\"body\":{\"stringValue\":\"a b\"}},"
	 "{\"timeUnixNano\":\"1778575800123456790\",\"body\":{\"kvlistValue\":{\"values\":[{\"key\":\"log\",\"value\":{\"stringValue\":\"c d\"}}]}}}]}]}]}",
	 "p-0 1778575800123456789 a b;p-0 1778575800123456790 c d;"},
	{"{\"events\":[{\"logStreamName\":\"s\",\"timestamp\":1778575800123,\"message\":\"a b\"}],\"nextToken\":\"x\"}", "s 1778575800123000000 a b;"},
	{"{\"messageType\":\"DATA_MESSAGE\",\"logStream\":\"s\",\"logEvents\":[{\"id\":\"1\",\"timestamp\":1778575800123,\"message\":\"a b\"}]}",
	 "s 1778575800123000000 a b;"},
	{"{\"results\":[[{\"field\":\"@timestamp\",\"value\":\"2026-05-12 08:50:00.123\"},{\"field\":\"@message\",\"value\":\"a b\"}]],\"status\":\"Complete\"}",
	 " 1778575800123000000 a b;"},
	{"{\"took\":1,\"hits\":{\"hits\":[{\"_source\":{\"@timestamp\":\"" STAMP "\",\"message\":\"a b\",\"kubernetes\":{\"pod\":{\"name\":\"p-0\"}}}}]}}",
	 "p-0 1778575800123456789 a b;"},
	{"[{\"textPayload\":\"a b\",\"timestamp\":\"" STAMP "\"},{\"textPayload\":\"c d\",\"timestamp\":\"" STAMP "\"}]",
	 " 1778575800123456789 a b; 1778575800123456789 c d;"},
	{"{\"data\":[{\"type\":\"log\",\"attributes\":{\"timestamp\":\"" STAMP "\",\"message\":\"a b\",\"host\":\"h\"}}]}", "h 1778575800123456789 a b;"},
	{"{\"tables\":[{\"columns\":[{\"name\":\"TimeGenerated\"},{\"name\":\"LogMessage\"}],\"rows\":[[\"" STAMP "\",\"a b\"]]}]}",
	 " 1778575800123456789 a b;"},
	{"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"__name__\":\"up\",\"job\":\"a\"},\"values\":[[1,\"2\"],[3.5,\"4\"]]}]}}",
	 " ? up{job=\"a\"} 2 1; ? up{job=\"a\"} 4 3.5;"},
	{"{\"metric\":{\"__name__\":\"up\"},\"values\":[2,4],\"timestamps\":[1000,3500]}", " ? up{} 2 1000; ? up{} 4 3500;"},
	{"{\"data\":{\"result\":[{\"metric\":{\"__name__\":\"up\"},\"value\":[1,\"2\"]}]}}", " ? up{} 2 1;"},
	/* the line in other members of a body; attributes that are none */
	{"{\"resourceLogs\":[{\"resource\":{\"attributes\":7},\"scopeLogs\":[{\"logRecords\":["
	 "{\"timeUnixNano\":\"1\",\"body\":{\"kvlistValue\":{\"values\":[{\"key\":\"x\",\"value\":{\"stringValue\":\"no\"}},{\"key\":\"message\",\"value\":{\"stringValue\":\"a b\"}}]}}},"
	 "{\"timeUnixNano\":\"2\",\"body\":{\"kvlistValue\":{\"values\":[7,{\"key\":\"MESSAGE\",\"value\":{\"stringValue\":\"c d\"}}]}}}]}]}]}",
	 " 1000000000 a b; 2000000000 c d;"},
	{"{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"1\",\"body\":{\"stringValue\":\"a b\"}}]}]}", " 1000000000 a b;"},
	/* tables of figures: each row is an object, for the formats */
	{"{\"results\":[[{\"field\":\"@timestamp\",\"value\":\"2026-05-12 08:50:00.123\"},{\"field\":\"tokens\",\"value\":\"7\"},{\"field\":\"@ptr\",\"value\":\"x\"},"
	 "{\"field\":\"n\",\"value\":8},7,{\"field\":\"alone\"}]]}", " ? {\"@timestamp\":\"2026-05-12 08:50:00.123\",\"tokens\":\"7\",\"n\":8};"},
	{"{\"results\":[[{\"field\":\"@timestamp\",\"value\":\"2026-05-12 08:50:00.123\"},{\"field\":\"@logStream\",\"value\":\"s\"},"
	 "{\"field\":\"@message\",\"value\":\"a b\"}]]}", "s 1778575800123000000 a b;"},
	{"{\"tables\":[{\"columns\":[{\"name\":\"TimeGenerated\"},7,{\"name\":\"Tokens\"}],\"rows\":[[\"" STAMP "\",\"x\",9,\"more\"]]}]}",
	 " ? {\"TimeGenerated\":\"" STAMP "\",\"Tokens\":9};"},
	{"{\"tables\":[{\"columns\":[{\"name\":\"TimeGenerated\"},{\"name\":\"PodName\"},{\"name\":\"LogMessage\"}],\"rows\":[[\"" STAMP "\",\"p-0\",\"a b\"],7]}]}",
	 "p-0 1778575800123456789 a b;"},
	/* samples without labels, values or instants */
	{"{\"metric\":{\"__name__\":\"up\",\"n\":7},\"value\":[1]}", " ? up{}  1;"},
	{"{\"metric\":{\"__name__\":\"up\"},\"values\":[2]}", " ? up{} 2 ;"},
	{"[{\"metric\":{\"__name__\":\"up\"},\"values\":[[1,\"2\"]]},{\"other\":7},7]", " ? up{} 2 1;"},
	{"{\"streams\":[{\"stream\":{\"pod\":\"p-0\"},\"values\":[[\"1\",\"a b\"],7,[],[\"2\"]]}]}", "p-0 1000000000 a b;"},
	/* spans and usage are none */
	{"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"1\",\"body\":{\"stringValue\":\"claude_code.api_request\"}}]}]}]}",
	 " ? {\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"1\",\"body\":{\"stringValue\":\"claude_code.api_request\"}}]}]}]};"},
	{"{\"data\":[{\"results\":[{\"input_tokens\":1}]}]}", " ? {\"data\":[{\"results\":[{\"input_tokens\":1}]}]};"},
};

TEST(documents_give_lines) {
	for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
		struct envelope *e = envelope_new(10000);
		struct bytes got = {0};
		struct unwrapped out;
		enum envelope_status status = envelope_strip(e, text_of(documents[i].raw), &out);
		do {
			const struct text *part = out.origin.part;
			struct text name = part[ORIGIN_POD].len > 0 ? part[ORIGIN_POD] : part[ORIGIN_INSTANCE].len > 0 ? part[ORIGIN_INSTANCE] : part[ORIGIN_HOST];
			char stamp[32] = " ? ";
			assert_int_equal(status, ENVELOPE_LINE);
			if (out.stamp_ns != UNKNOWN) {
				snprintf(stamp, sizeof stamp, " %lld ", (long long)out.stamp_ns);
			}
			bytes_add(&got, name);
			bytes_add(&got, text_of(stamp));
			bytes_add(&got, out.text);
			bytes_add(&got, T(";"));
		} while ((status = envelope_more(e, &out)) != ENVELOPE_DONE);
		bytes_add(&got, (struct text){"", 1});
		assert_string_equal(got.at, documents[i].lines);
		bytes_release(&got);
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
	for (int from = 0; envelope_peek(e, &from, &out);) {
		bytes_add(&got, T("("));
		bytes_add(&got, out.text);
		bytes_add(&got, T(")"));
	}
	bytes_add(&got, (struct text){"", 1});
	assert_string_equal(got.at, expected);
	bytes_release(&got);
	envelope_free(e);
}

TEST(tables_have_headers) {
	static const char *const insights[] = {"@timestamp,@message,@logStream", "2026-10-05 06:00:00.123,\"a, \"\"b\"\"\",s", "2026-10-05 06:00:01.123,c,s",
	                                       "@timestamp,@message,@logStream", "2026-10-05 06:00:02.123,d,s"};
	static const char *const grafana[] = {"\"labels\",\"Time\",\"Line\",\"tsNs\"", "\"{\"\"pod\"\":\"\"p\"\"}\",\"2026-10-05 06:00:00.123\",\"a b\",\"1778575800123456789\""};
	static const char *const common[] = {"Common labels: {\"pod\":\"p-0\"}", STAMP " {} INFO x"};

	joins_to(insights, 5, 1000, "a, \"b\";c;d;");
	joins_to(grafana, 2, 1000, "a b;");
	joins_to(common, 2, 1000, "INFO x;");
}

TEST(parts_join) {
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

	joins_to(cri, 7, 1000, "1234;abcdef;whole;(left)");
	joins_to(docker, 3, 1000, "x;abcd;");
	joins_to(coloured, 2, 1000, "green;");
	joins_to(cri, 6, 5, "1234;!;whole;");
	joins_to(fluent, 3, 1000, "abcd;whole;");
}

static void note_line(struct bytes *b, const struct unwrapped *line) {
	char what[200];
	int len = snprintf(what, sizeof what, "%.*s %.*s %lld %lld;", TEXT_ARG(line->text), TEXT_ARG(line->origin.part[ORIGIN_UNIT]),
	                   (long long)line->origin.pid, line->stamp_ns == UNKNOWN ? -1LL : (long long)(line->stamp_ns / 1000000));

	bytes_add(b, (struct text){what, (size_t)len});
}

/*
 * An entry has several lines; a message with colours follows its length. The server may be named before or after the
 * message. The last entry is not complete.
 */
TEST(journal_export) {
	static const struct text lines[] = {
#define RAW(literal) {literal, sizeof(literal) - 1}
		RAW("__CURSOR=s=1"),
		RAW("__REALTIME_TIMESTAMP=1778575800123456"),
		RAW("_SYSTEMD_UNIT=a.service"),
		RAW("MESSAGE=INFO x=y"),
		RAW("_PID=17"),
		RAW(""),
		RAW("__CURSOR=s=2"),
		RAW("__REALTIME_TIMESTAMP=1778575801000000"),
		RAW("MESSAGE"),
		RAW("\x0b\0\0\0\0\0\0\0\33[32mINFO x"),
		RAW("_PID=18"),
		RAW("OTHER"),
		RAW("\x0d\0\0\0\0\0\0\0MESSAGE=no"),
		RAW("xy"),
		RAW("MESSAGE"),
		RAW(""), /* a length of 10, whose first byte ends the line */
		RAW("\0\0\0\0\0\0\0" "0123456"),
		RAW("89"),
		RAW("MESSAGE=z"),
		RAW("_SYSTEMD_UNIT=b.service"),
		RAW(""),
		RAW("MESSAGE="),
		RAW(""),
		RAW("PRIORITY=6"),
		RAW(""),
		RAW("MESSAGE=w"),
		RAW("_PID=19"),
	};
	struct envelope *e = envelope_new(1000);
	struct bytes found = {0};
	struct unwrapped line;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		for (enum envelope_status status = envelope_strip(e, lines[i], &line); status != ENVELOPE_DONE; status = envelope_more(e, &line)) {
			if (status == ENVELOPE_LINE) {
				note_line(&found, &line);
			}
		}
	}
	int from = 0;
	assert_true(envelope_peek(e, &from, &line));
	assert_true(text_eq(line.text, T("w")));
	note_line(&found, &line);
	assert_false(envelope_peek(e, &from, &line));
	bytes_add(&found, (struct text){"", 1});
	assert_string_equal(found.at, "INFO x=y a.service 17 1778575800123;INFO x b.service 18 1778575801000;0123456 b.service 18 1778575801000;"
	                              "89 b.service 18 1778575801000;z b.service 18 1778575801000;  0 -1;w  19 -1;");
	bytes_release(&found);
	envelope_free(e);
}

/* A message in several lines that are too long together. */
TEST(journal_export_too_long) {
	char line[60];
	struct envelope *e = envelope_new(100);
	struct unwrapped out;

	memset(line, 'x', sizeof line);
	assert_int_equal(envelope_strip(e, T("__CURSOR=s=1"), &out), ENVELOPE_PART);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(envelope_strip(e, T("MESSAGE"), &out), ENVELOPE_PART);
		assert_int_equal(envelope_strip(e, (struct text){"\x3c\0\0\0\0\0\0\0", 8}, &out), ENVELOPE_PART);
		assert_int_equal(envelope_strip(e, (struct text){line, sizeof line}, &out), ENVELOPE_PART);
	}
	assert_int_equal(envelope_strip(e, T(""), &out), ENVELOPE_TOO_LONG);
	assert_int_equal(envelope_more(e, &out), ENVELOPE_DONE);
	assert_false(envelope_peek(e, &(int){0}, &out));
	assert_int_equal(envelope_strip(e, T("MESSAGE=y"), &out), ENVELOPE_PART);
	assert_int_equal(envelope_strip(e, T(""), &out), ENVELOPE_LINE);
	/* exactly as many bytes as there may be, and then a further line */
	for (int i = 0; i < 2; i++) {
		char whole[8 + 100];
		int len = snprintf(whole, sizeof whole, "MESSAGE=%.*s", i == 0 ? 60 : 39, line);
		assert_int_equal(envelope_strip(e, (struct text){whole, (size_t)len}, &out), ENVELOPE_PART);
	}
	assert_int_equal(envelope_strip(e, T("MESSAGE=z"), &out), ENVELOPE_PART);
	assert_int_equal(envelope_strip(e, T(""), &out), ENVELOPE_TOO_LONG);
	envelope_free(e);
}

/* Unlimited prefixes do not cause unlimited recursion. */
TEST(depth_is_bounded) {
	struct envelope *e = envelope_new(100000);
	struct bytes b = {0};
	struct unwrapped out;

	for (int i = 0; i < 100; i++) {
		bytes_add(&b, T(STAMP " "));
	}
	assert_int_equal(envelope_strip(e, bytes_text(&b), &out), ENVELOPE_LINE);
	assert_int_equal(out.stamp_ns, STAMP_NS);
	bytes_release(&b);
	envelope_free(e);
}

/* ---- objects with the form of the previous one ---- */

static struct unwrapped strip(struct envelope *e, const char *raw) {
	struct unwrapped out = {0};

	assert_int_equal(envelope_strip(e, text_of(raw), &out), ENVELOPE_LINE);
	return out;
}

#define OBJECT_MAX 512

/* White space before the first key, each time with another length: no object has the form of an earlier one. */
static struct unwrapped strip_alone(struct envelope *e, const char *raw, int spaces, char bytes[OBJECT_MAX]) {
	snprintf(bytes, OBJECT_MAX, "{%*s%s", spaces, "", raw + 1);
	return strip(e, bytes);
}

TEST(objects_repeat) {
	static const char *const raws[] = {
		"{\"labels\":{\"app\":\"x\",\"pod\":\"p-0\"},\"line\":\"INFO x\",\"timestamp\":\"" STAMP "\"}",
		"{\"labels\":{\"app\":\"x\",\"pod\":\"p-0\"},\"line\":\"y \\\"z\\u001b\\n\",\"timestamp\":\"2026-05-12T08:50:01Z\"}",
		"{\"labels\":{\"app\":\"x\",\"pod\":\"p-1\"},\"line\":\"y\",\"timestamp\":\"2026-05-12T08:50:01Z\"}",
		"{\"labels\":{\"app\":\"x\",\"pod\":\"p-0\"},\"line\":\"\\u20ac\",\"timestamp\":\"2026-05-12T08:50:02Z\"}",
		"{\"labels\":{\"app\":\"x\",\"pod\":\"p-0\"},\"line\":\"y\",\"timestamp\":\"soon\"}",
		"{\"date\":1778575800.123456789,\"log\":\"INFO x\",\"kubernetes\":{\"pod_name\":\"p\"}}",
		"{\"date\":1778575801.5,\"log\":\"y\\r\\n\",\"kubernetes\":{\"pod_name\":\"p\"}}",
		"{\"date\":\"2026-05-12T08:50:00Z\",\"log\":\"z\",\"kubernetes\":{\"pod_name\":\"p\"}}",
		"{\"@timestamp\":\"" STAMP "\",\"message\":\"INFO x\",\"host\":{\"name\":\"h\"}}",
		"{\"@timestamp\":\"2026-05-12T08:50:03Z\",\"message\":\"\",\"host\":{\"name\":\"h\"}}",
		"{\"__REALTIME_TIMESTAMP\":\"1778575800123456\",\"MESSAGE\":\"INFO x\",\"_HOSTNAME\":\"h\"}",
		"{\"__REALTIME_TIMESTAMP\":\"1778575801123456\",\"MESSAGE\":\"INFO y\",\"_HOSTNAME\":\"h\"}",
		"{\"message\":\"x\",\"timestamp\":\"2026-05-12 08:50:00\",\"processName\":\"EngineCore_DP1\"}",
		"{\"message\":\"y\",\"timestamp\":\"2026-05-12 08:50:01\",\"processName\":\"EngineCore_DP1\"}",
	};
	struct envelope *e = envelope_new(4096), *alone = envelope_new(4096);
	int spaces = 0;

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
			char bytes[OBJECT_MAX]; /* the stripped text points into it */
			struct unwrapped a = strip(e, raws[i]), b = strip_alone(alone, raws[i], ++spaces, bytes);
			assert_true(text_eq(a.text, b.text));
			assert_int_equal(a.stamp_ns, b.stamp_ns);
			assert_int_equal(a.has_local, b.has_local);
			for (int part = 0; part < ORIGIN_PARTS; part++) {
				assert_true(text_eq(a.origin.part[part], b.origin.part[part]));
			}
		}
	}
	envelope_free(e);
	envelope_free(alone);
}

/* A rule that reads the name from the line: each line has a name. */
TEST(rules_see_each_line) {
	struct name_rule rule = {.pattern = (char[]){"message"}, .replica = (char[]){"{value}"}, .is_field = true};
	const struct name_rules rules = {&rule, 1};
	struct envelope *e = envelope_new(4096);

	envelope_set_names(e, &rules);
	assert_true(text_eq(strip(e, "{\"message\":\"a\",\"timestamp\":\"" STAMP "\"}").origin.value, T("a")));
	assert_true(text_eq(strip(e, "{\"message\":\"b\",\"timestamp\":\"" STAMP "\"}").origin.value, T("b")));
	envelope_free(e);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_off),
		cmocka_unit_test(instants_of_log_stores),
		cmocka_unit_test(documents_give_lines),
		cmocka_unit_test(tables_have_headers),
		cmocka_unit_test(parts_join),
		cmocka_unit_test(journal_export),
		cmocka_unit_test(journal_export_too_long),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(objects_repeat),
		cmocka_unit_test(rules_see_each_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
