/* Records as the bytes of a segment and back. */

#include "tests/unit/unit.h"

#include "core/exact.h"
#include "ledger/segments/segment.h"

#define DAY (INT64_C(20000) * NS_PER_DAY)

static struct record a_request(enum service service) {
	return (struct record){.kind = RECORD_REQUEST, .replica = T("r"), .model = T("m"), .file = 3, .line = 4,
	                       .request = {.id = T("i"), .arrival_ns = UNKNOWN, .scheduled_ns = UNKNOWN, .first_token_ns = UNKNOWN,
	                                   .finish_ns = DAY + 5, .prompt_tokens = 7, .completion_tokens = 2, .ok = true,
	                                   .gateway = true, .service = service}};
}

TEST(services) {
	unsigned char bytes[SEGMENT_RECORD_MAX];

	for (int s = 0; s < SERVICES; s++) {
		struct record r = a_request((enum service)s), back;
		size_t len = segment_encode(&r, DAY, bytes);
		assert_true(segment_decode((struct text){(const char *)bytes, len}, DAY, r.replica, &back));
		assert_int_equal(back.request.service, s);
		assert_true(back.request.ok && back.request.gateway && !back.request.exclusive_times);
		assert_int_equal(back.request.finish_ns, DAY + 5);
		assert_int_equal(back.line, 4);
	}
}

/* kind, instant, flags: ok, batch, gateway. Segments that were written before there were other classes. */
TEST(batch_is_where_it_was) {
	unsigned char bytes[SEGMENT_RECORD_MAX];
	struct record r = a_request(SERVICE_BATCH);

	segment_encode(&r, DAY, bytes);
	assert_int_equal(bytes[0], RECORD_REQUEST);
	assert_int_equal(bytes[1], 11);
	assert_int_equal(bytes[2], 1 << 1 | 1 << 2 | 1 << 4);
}

/* Counts that windows had not at first follow at the end of the record: what was written before reads as it was. */
TEST(windows_of_before_read_as_they_were) {
	unsigned char bytes[SEGMENT_RECORD_MAX];
	struct record r = {.kind = RECORD_WINDOW, .replica = T("r"), .model = T("m"), .file = 3, .line = 4, .window = {.start_ns = DAY, .end_ns = DAY + 9}}, back;

	window_counts_unknown(&r.window);
	r.window.steps = 7;
	r.window.preempted = 2;
	size_t before = segment_encode(&r, DAY, bytes) - 2; /* both that came later are unknown: a byte each */
	assert_true(segment_decode((struct text){(const char *)bytes, before}, DAY, r.replica, &back));
	assert_true(back.window.steps == 7 && back.window.preempted == 2 && back.window.cache_ppm == UNKNOWN && back.line == 4);
	r.window.cache_ppm = 51000;
	size_t len = segment_encode(&r, DAY, bytes);
	assert_true(len > before);
	assert_true(segment_decode((struct text){(const char *)bytes, len}, DAY, r.replica, &back));
	assert_true(back.window.cache_ppm == 51000 && back.window.preempted == 2);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services),
		cmocka_unit_test(batch_is_where_it_was),
		cmocka_unit_test(windows_of_before_read_as_they_were),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
