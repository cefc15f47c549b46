/* Small runs in which every nanosecond can be computed by hand. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "attribute/attribute.h"
#include "core/exact.h"

#define HOUR_NS (INT64_C(1778576400) * NS_PER_SECOND) /* 2026-05-12T09:00:00Z */
#define MS INT64_C(1000000)

struct posted {
	struct entry at[256];
	size_t count;
};

struct small_run {
	struct names *names;
	struct fleet *fleet;
	struct attribute_options options;
	struct attribution *a;
	struct quality quality;
	struct posted posted;
	struct fault why;
};

static void run_setup(struct small_run *r) {
	*r = (struct small_run){.names = names_new()};
	quality_init(&r->quality);
	r->fleet = fleet_of_rate(3600 * NANO); /* 1 a second */
	r->options = (struct attribute_options){
		.fleet = r->fleet, .names = r->names, .from_ns = INT64_MIN, .to_ns = INT64_MAX, .lanes = 2};
}

static void run_teardown(struct small_run *r) {
	attribution_free(r->a);
	fleet_free(r->fleet);
	quality_release(&r->quality);
	names_free(r->names);
}

static struct record step(int64_t start_ns, int64_t ns, int64_t prefill, int64_t decode) {
	return (struct record){
		.kind = RECORD_STEP,
		.replica = T("r"),
		.model = T("m"),
		.step = {.index = UNKNOWN, .start_ns = start_ns, .gpu_ns = ns, .prefill_requests = prefill > 0,
	             .prefill_tokens = prefill, .prefill_token_kv = prefill * prefill / 2, .decode_requests = decode,
	             .decode_tokens = decode, .decode_kv_tokens = decode * 100, .prefill_gpu_ns = UNKNOWN,
	             .decode_gpu_ns = UNKNOWN, .duration_kind = DURATION_GPU_EVENTS},
	};
}

static struct record request(const char *id, const char *tenant, int64_t arrival_ns, int64_t first_ns,
                             int64_t finish_ns, int64_t prompt, int64_t completion) {
	return (struct record){
		.kind = RECORD_REQUEST,
		.replica = T("r"),
		.model = T("m"),
		.request = {.id = text_of(id), .tenant = text_of(tenant), .arrival_ns = arrival_ns, .scheduled_ns = arrival_ns,
	                .first_token_ns = first_ns, .finish_ns = finish_ns, .prompt_tokens = prompt,
	                .completion_tokens = completion, .ok = true},
	};
}

static struct record window(int64_t start_ns, int64_t end_ns, int64_t prefill_ns, int64_t decode_ns) {
	return (struct record){
		.kind = RECORD_WINDOW,
		.replica = T("r"),
		.model = T("m"),
		.window = {.start_ns = start_ns, .end_ns = end_ns, .input_tokens = 1000, .cached_tokens = 400,
	               .output_tokens = 50, .requests = 7, .prefill_gpu_ns = prefill_ns, .decode_gpu_ns = decode_ns,
	               .running = UNKNOWN},
	};
}

static int collect(void *context, const struct entry *e) {
	struct posted *p = context;

	assert_true(p->count < sizeof p->at / sizeof *p->at);
	p->at[p->count++] = *e;
	return 0;
}

static void give(struct small_run *r, const struct record *records, size_t count) {
	r->a = attribution_new(&r->options);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(attribution_add_record(r->a, (unsigned)i % 2, &records[i], &r->why), 0);
	}
	int rc = attribution_finish(r->a, collect, &r->posted, &r->quality, &r->why);
	assert_string_equal(r->why.message, "");
	assert_int_equal(rc, 0);
}

/* GPU time, or tokens, of a kind; of all tenants where `tenant` is NULL. */
static int64_t sum(const struct small_run *r, enum entry_kind kind, const char *tenant, bool tokens) {
	int64_t total = 0;

	for (size_t i = 0; i < r->posted.count; i++) {
		const struct entry *e = &r->posted.at[i];
		if (e->kind == kind && (!tenant || text_eq(names_text(r->names, e->tenant), text_of(tenant)))) {
			total += tokens ? e->tokens : e->gpu_ns;
		}
	}
	return total;
}

static int64_t capacity(const struct small_run *r) {
	int64_t total = 0;

	for (enum entry_kind k = 0; k < ENTRY_KINDS; k++) {
		total += sum(r, k, NULL, false);
	}
	return total;
}

/* A prompt in one step, then two requests that decode together, then one of them alone. */
TEST(decode_goes_to_who_decodes) {
	const struct record records[] = {
		step(HOUR_NS, 40 * MS, 1000, 0),
		step(HOUR_NS + 41 * MS, 10 * MS, 0, 1),
		step(HOUR_NS + 52 * MS, 20 * MS, 300, 0),
		step(HOUR_NS + 73 * MS, 12 * MS, 0, 2),
		step(HOUR_NS + 86 * MS, 10 * MS, 0, 1),
		request("a", "one", HOUR_NS - 5 * MS, HOUR_NS + 40 * MS + 1, HOUR_NS + 97 * MS, 1000, 4),
		request("b", "two", HOUR_NS + 50 * MS, HOUR_NS + 72 * MS + 1, HOUR_NS + 85 * MS + 1, 300, 2),
	};
	struct small_run r;

	run_setup(&r);
	give(&r, records, sizeof records / sizeof *records);
	assert_int_equal(sum(&r, ENTRY_INPUT, "one", false), 40 * MS);
	assert_int_equal(sum(&r, ENTRY_INPUT, "two", false), 20 * MS);
	assert_int_equal(sum(&r, ENTRY_OUTPUT, NULL, false), 32 * MS);
	assert_int_equal(sum(&r, ENTRY_OUTPUT, "one", false) + sum(&r, ENTRY_OUTPUT, "two", false), 32 * MS);
	/* Equal or by contexts, "two" has at most half of the one step it was in. */
	assert_in_range(sum(&r, ENTRY_OUTPUT, "two", false), 1, 6 * MS);
	assert_int_equal(sum(&r, ENTRY_INPUT, NULL, true), 1300);
	assert_int_equal(sum(&r, ENTRY_OUTPUT, NULL, true), 6);
	/* There was always a request in flight between steps. */
	assert_int_equal(sum(&r, ENTRY_OTHER, NULL, false), 4 * MS);
	assert_int_equal(capacity(&r), 96 * MS);
	run_teardown(&r);
}

TEST(a_gap_is_idle_other_or_unobserved) {
	const struct record records[] = {
		step(HOUR_NS, 10 * MS, 100, 0),
		/* 5 s later the same request still decodes: 1 s is other, 4 s are unobserved. */
		step(HOUR_NS + 10 * MS + 5 * NS_PER_SECOND, 10 * MS, 0, 1),
		/* No request for 100 s. */
		step(HOUR_NS + 20 * MS + 105 * NS_PER_SECOND, 10 * MS, 100, 0),
	};
	struct small_run r;

	run_setup(&r);
	give(&r, records, sizeof records / sizeof *records);
	assert_int_equal(sum(&r, ENTRY_OTHER, NULL, false), NS_PER_SECOND);
	assert_int_equal(sum(&r, ENTRY_UNOBSERVED, NULL, false), 4 * NS_PER_SECOND);
	assert_int_equal(sum(&r, ENTRY_IDLE, NULL, false), 100 * NS_PER_SECOND);
	assert_int_equal(capacity(&r), 105 * NS_PER_SECOND + 30 * MS);
	run_teardown(&r);
}

/* A step that crosses the hour is divided by time; time that no request explains is reported. */
TEST(hours_share_a_step) {
	const struct record records[] = {
		step(HOUR_NS - 30 * MS, 40 * MS, 0, 4),
		request("a", "one", HOUR_NS - NS_PER_SECOND, HOUR_NS - 31 * MS, HOUR_NS + 11 * MS, 100, 2),
	};
	struct small_run r;

	run_setup(&r);
	give(&r, records, sizeof records / sizeof *records);
	int64_t before = 0;
	for (size_t i = 0; i < r.posted.count; i++) {
		before += r.posted.at[i].slot_ns < HOUR_NS ? r.posted.at[i].gpu_ns : 0;
	}
	assert_int_equal(before, 30 * MS);
	assert_int_equal(capacity(&r), 40 * MS);
	assert_int_equal(sum(&r, ENTRY_OUTPUT, "one", false), 10 * MS);
	assert_int_equal(sum(&r, ENTRY_OUTPUT, "(unattributed)", false), 30 * MS);
	run_teardown(&r);
}

TEST(a_record_twice_counts_once) {
	const struct record records[] = {
		step(HOUR_NS, 10 * MS, 100, 0),
		step(HOUR_NS, 10 * MS, 100, 0),
		request("a", "one", HOUR_NS - MS, HOUR_NS + 10 * MS + 1, HOUR_NS + 11 * MS, 100, 1),
		request("a", "one", HOUR_NS - MS, HOUR_NS + 10 * MS + 1, HOUR_NS + 11 * MS, 100, 1),
	};
	struct small_run r;

	run_setup(&r);
	give(&r, records, sizeof records / sizeof *records);
	assert_int_equal(r.quality.duplicates, 2);
	assert_int_equal(capacity(&r), 10 * MS);
	assert_int_equal(sum(&r, ENTRY_INPUT, "one", true), 100);
	run_teardown(&r);
}

/* One request in several logs that describe it differently: the record that begins first, and has more fields, counts. */
TEST(a_request_told_in_other_words_counts_once) {
	const int64_t hour = 3600 * NS_PER_SECOND;
	const struct record records[] = {
		step(HOUR_NS, 10 * MS, 100, 0),
		request("a", "", HOUR_NS - MS, HOUR_NS + 10 * MS + 1, HOUR_NS + 11 * MS, 100, 1),
		request("a", "one", HOUR_NS - MS, HOUR_NS + 10 * MS + 1, HOUR_NS + 11 * MS, 99, 1),
		request("a", "two", HOUR_NS - MS + 1, HOUR_NS + 10 * MS + 1, HOUR_NS + 11 * MS, 100, 1),
		request("b", "one", HOUR_NS - MS, HOUR_NS + 10 * MS + 1, HOUR_NS + 11 * MS, 7, 1),
		request("a", "one", HOUR_NS - MS, HOUR_NS + 10 * MS + 1, HOUR_NS + 12 * MS, 5, 1),
		/* more than an hour apart, and just an hour */
		request("c", "far", HOUR_NS - 2 * hour, UNKNOWN, HOUR_NS + 11 * MS, 3, 1),
		request("c", "far", HOUR_NS - hour + 1, UNKNOWN, HOUR_NS + 11 * MS, 4, 1),
		request("d", "near", HOUR_NS - 2 * hour, UNKNOWN, HOUR_NS + 11 * MS, 3, 1),
		request("d", "near", HOUR_NS - hour, UNKNOWN, HOUR_NS + 11 * MS, 4, 1),
	};
	struct small_run r;

	run_setup(&r);
	give(&r, records, sizeof records / sizeof *records);
	assert_int_equal(r.quality.duplicates, 3);
	assert_int_equal(sum(&r, ENTRY_INPUT, "one", true), 99 + 7 + 5);
	assert_int_equal(sum(&r, ENTRY_INPUT, "two", true), 0);
	assert_int_equal(sum(&r, ENTRY_INPUT, "far", true), 7);
	assert_int_equal(sum(&r, ENTRY_INPUT, "near", true), 3);
	run_teardown(&r);
}

/* Two replicas computed one request: its tokens count where it was decoded, its time where it was used. */
TEST(disaggregated_requests_count_once) {
	struct record records[] = {
		step(HOUR_NS, 40 * MS, 1000, 0),
		step(HOUR_NS + 50 * MS, 10 * MS, 0, 1),
		request("a", "one", HOUR_NS - MS, HOUR_NS + 41 * MS, HOUR_NS + 61 * MS, 1000, 2),
	};
	struct small_run r;

	records[0].replica = T("p");
	records[2].request.prefill_replica = T("p");
	run_setup(&r);
	give(&r, records, sizeof records / sizeof *records);
	assert_int_equal(sum(&r, ENTRY_INPUT, "one", false), 40 * MS);
	assert_int_equal(sum(&r, ENTRY_OUTPUT, "one", false), 10 * MS);
	assert_int_equal(sum(&r, ENTRY_INPUT, NULL, true), 1000);
	assert_int_equal(sum(&r, ENTRY_OUTPUT, NULL, true), 2);
	assert_int_equal(capacity(&r), 50 * MS);
	run_teardown(&r);
}

TEST(windows_with_phases_need_no_split) {
	const struct record records[] = {
		window(HOUR_NS, HOUR_NS + 10 * NS_PER_SECOND, 2 * NS_PER_SECOND, 5 * NS_PER_SECOND),
	};
	struct small_run r;

	run_setup(&r);
	give(&r, records, 1);
	assert_int_equal(sum(&r, ENTRY_INPUT, NULL, false), 2 * NS_PER_SECOND);
	assert_int_equal(sum(&r, ENTRY_OUTPUT, NULL, false), 5 * NS_PER_SECOND);
	assert_int_equal(sum(&r, ENTRY_IDLE, NULL, false), 3 * NS_PER_SECOND);
	assert_int_equal(sum(&r, ENTRY_INPUT, NULL, true), 600);
	assert_int_equal(sum(&r, ENTRY_INPUT_CACHED, NULL, true), 400);
	for (size_t i = 0; i < r.posted.count; i++) {
		assert_true(r.posted.at[i].gpu_ns == 0 || r.posted.at[i].kind == ENTRY_IDLE || r.posted.at[i].grade == GRADE_A);
	}
	run_teardown(&r);
}

/* Times of separate slots, one after the other: measured, not split by overlap. */
TEST(requests_alone_are_swept) {
	struct record records[] = {
		request("a", "one", HOUR_NS, HOUR_NS + 30 * MS, HOUR_NS + 50 * MS, 100, 3),
		request("b", "one", HOUR_NS + 60 * MS, HOUR_NS + 70 * MS, HOUR_NS + 100 * MS, 50, 3),
	};
	struct small_run r;

	records[0].request.exclusive_times = records[1].request.exclusive_times = true;
	run_setup(&r);
	give(&r, records, 2);
	assert_int_equal(sum(&r, ENTRY_INPUT, "one", false), 40 * MS);
	assert_int_equal(sum(&r, ENTRY_OUTPUT, "one", false), 50 * MS);
	assert_int_equal(sum(&r, ENTRY_IDLE, NULL, false), 10 * MS);
	assert_int_equal(capacity(&r), 100 * MS);
	run_teardown(&r);
}

/* Time outside the requested period is not posted; a span from another source is paid time. */
TEST(a_part_of_a_replicas_life) {
	const struct record records[] = {
		step(HOUR_NS - 30 * MS, 10 * MS, 100, 0),
		step(HOUR_NS + 10 * MS, 10 * MS, 100, 0),
	};
	struct small_run r;

	const struct replica_span whole = {HOUR_NS - NS_PER_DAY, HOUR_NS + NS_PER_DAY, HOUR_NS - NS_PER_DAY, HOUR_NS + NS_PER_DAY, HOUR_NS, HOUR_NS};
	run_setup(&r);
	r.options.from_ns = HOUR_NS;
	r.options.to_ns = HOUR_NS + NS_PER_HOUR;
	r.a = attribution_new(&r.options);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(attribution_add_record(r.a, 0, &records[i], &r.why), 0);
	}
	attribution_set_span(r.a, names_id(r.names, T("r")), names_id(r.names, T("m")), &whole);
	attribution_set_span(r.a, names_id(r.names, T("silent")), names_id(r.names, T("m")), &whole);
	assert_int_equal(attribution_finish(r.a, collect, &r.posted, &r.quality, &r.why), 0);
	assert_int_equal(sum(&r, ENTRY_INPUT, NULL, false), 10 * MS);
	assert_int_equal(sum(&r, ENTRY_IDLE, NULL, false), 2 * NS_PER_HOUR - 10 * MS);
	assert_int_equal(capacity(&r), 2 * NS_PER_HOUR);
	run_teardown(&r);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_goes_to_who_decodes),
		cmocka_unit_test(a_gap_is_idle_other_or_unobserved),
		cmocka_unit_test(hours_share_a_step),
		cmocka_unit_test(a_record_twice_counts_once),
		cmocka_unit_test(a_request_told_in_other_words_counts_once),
		cmocka_unit_test(disaggregated_requests_count_once),
		cmocka_unit_test(windows_with_phases_need_no_split),
		cmocka_unit_test(requests_alone_are_swept),
		cmocka_unit_test(a_part_of_a_replicas_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
