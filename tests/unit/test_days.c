/* The evidence of each day of a replica, and the series of days with the same evidence. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "attribute/evidence/days.h"
#include "core/exact.h"

#define DAY(n) ((int64_t)(20000 + (n)) * NS_PER_DAY)
#define HOUR(n) ((int64_t)(n) * 3600 * NS_PER_SECOND)

static const struct attribute_options all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
static const struct replica_summary no_span;

static void note(struct replica_days *d, int day, int hour, enum day_kind kind) {
	struct replica_day *at = days_note(d, DAY(day) + HOUR(hour), kind);
	int64_t *first = kind == DAY_STEPS ? &at->first_step_ns : &at->first_ns, *last = kind == DAY_STEPS ? &at->last_step_ns : &at->last_ns;

	*first = DAY(day) + HOUR(hour) < *first ? DAY(day) + HOUR(hour) : *first;
	*last = DAY(day) + HOUR(hour + 1) > *last ? DAY(day) + HOUR(hour + 1) : *last;
}

TEST(one_kind_is_one_spell) {
	struct replica_days d = {0};
	struct spell *s;

	assert_int_equal(days_spells(&d, &no_span, &all, &s), 0);
	assert_null(s);
	for (int day = 5; day >= 0; day--) {
		note(&d, day, 3, DAY_REQUESTS);
		note(&d, day, 1, DAY_WINDOWS); /* with a better kind they make no difference */
	}
	assert_int_equal(d.count, 6);
	assert_int_equal(days_spells(&d, &no_span, &all, &s), 1);
	assert_null(s);
	days_release(&d);
}

TEST(kinds_change_at_midnight) {
	struct replica_days d = {0};
	struct spell *s;

	note(&d, 3, 3, DAY_STEPS);
	note(&d, 1, 3, DAY_WINDOWS);
	note(&d, 2, 3, DAY_STEPS);
	note(&d, 8, 3, DAY_REQUESTS); /* nothing from 4 to 7 */
	note(&d, 0, 3, DAY_WINDOWS);
	assert_int_equal(days_spells(&d, &no_span, &all, &s), 4);
	assert_true(s[0].kind == DAY_WINDOWS && s[0].from_ns == INT64_MIN && s[0].to_ns == DAY(2) && !s[0].ends);
	assert_true(s[1].kind == DAY_STEPS && s[1].from_ns == DAY(2) && s[1].to_ns == DAY(5) && !s[1].requests && !s[1].begins && s[1].ends);
	assert_true(s[2].kind == DAY_NOTHING && s[2].from_ns == DAY(5) && s[2].to_ns == DAY(8));
	assert_true(s[3].kind == DAY_REQUESTS && s[3].from_ns == DAY(8) && s[3].to_ns == INT64_MAX && s[3].begins);

	struct replica_summary whole = {.replica = 7, .steps = 9, .requests = 5, .windows = 4};
	days_span(&d, &whole);
	struct replica_summary sum = days_summary(&d, &whole, &s[0], NS_PER_DAY);
	assert_true(sum.replica == 7 && sum.steps == 0 && sum.requests == 0 && sum.windows == 4);
	assert_true(sum.first_ns == DAY(0) + HOUR(3) && sum.last_ns == DAY(1) + HOUR(4));
	assert_true(sum.first_step_ns == DAY(2) + HOUR(3)); /* within the margin */
	assert_true(sum.has_span && sum.span.first_ns == DAY(0) + HOUR(3) && sum.span.last_ns == DAY(8) + HOUR(4));
	sum = days_summary(&d, &whole, &s[0], 0);
	assert_true(sum.first_step_ns > sum.last_step_ns);
	sum = days_summary(&d, &whole, &s[1], 0);
	assert_true(sum.steps == 9 && sum.requests == 0 && sum.first_step_ns == DAY(2) + HOUR(3) && sum.last_step_ns == DAY(3) + HOUR(4));
	sum = days_summary(&d, &whole, &s[2], NS_PER_DAY);
	assert_true(sum.steps + sum.requests + sum.windows == 0 && sum.first_ns > sum.last_ns);
	whole = (struct replica_summary){.has_span = true, .span.first_ns = 1, .span.last_ns = 2};
	days_span(&d, &whole);
	sum = days_summary(&d, &whole, &s[3], 0);
	assert_true(sum.span.first_ns == 1 && sum.span.last_ns == 2);
	free(s);
	days_release(&d);
}

/* What a day has is split in the same way, whether a run sees all days or a book that day and the adjacent ones. */
TEST(a_day_without_evidence_is_a_pause) {
	struct replica_days d = {0};
	struct replica_summary sum = {.has_span = true, .span.first_ns = DAY(-50), .span.last_ns = DAY(50)};
	struct attribute_options one = {.from_ns = DAY(2), .to_ns = DAY(3)};
	struct spell *s;

	note(&d, 1, 3, DAY_STEPS);
	note(&d, 3, 3, DAY_STEPS);
	days_extents(&d, &sum);
	assert_int_equal(days_spells(&d, &sum, &one, &s), 2); /* the day between belongs to the former */
	assert_true(s[0].to_ns == DAY(3) && s[0].ends && s[1].begins);
	assert_true(spell_has(&s[0], DAY(1), NS_PER_DAY) && !spell_has(&s[0], DAY(3), NS_PER_DAY));
	assert_true(!spell_has(&s[1], DAY(1), NS_PER_DAY) && !spell_has(&s[1], DAY(3) - 1, NS_PER_DAY) && spell_has(&s[1], DAY(3), NS_PER_DAY));
	free(s);
	note(&d, 2, 3, DAY_STEPS);
	days_extents(&d, &sum);
	assert_int_equal(days_spells(&d, &sum, &one, &s), 1);
	one = (struct attribute_options){.from_ns = DAY(0), .to_ns = DAY(6)};
	assert_int_equal(days_spells(&d, &sum, &one, &s), 3);
	assert_true(s[0].kind == DAY_NOTHING && s[0].to_ns == DAY(1) && s[2].kind == DAY_NOTHING && s[2].from_ns == DAY(5) && s[2].to_ns == INT64_MAX);
	free(s);
	days_release(&d);
}

/* A request in flight, or a long window, is no pause. */
TEST(long_work_is_no_pause) {
	struct replica_days d = {0};
	struct replica_summary sum = {.has_span = false};
	struct spell *s;

	note(&d, 1, 3, DAY_WINDOWS);
	note(&d, 9, 3, DAY_WINDOWS);
	days_note(&d, DAY(1), DAY_WINDOWS)->last_ns = DAY(5);
	days_note(&d, DAY(9), DAY_WINDOWS)->first_ns = DAY(6);
	days_extents(&d, &sum);
	assert_int_equal(days_spells(&d, &sum, &all, &s), 1);
	days_note(&d, DAY(9), DAY_WINDOWS)->first_ns = DAY(7);
	days_extents(&d, &sum);
	assert_int_equal(days_spells(&d, &sum, &all, &s), 2);
	assert_true(s[1].begins && s[1].from_ns == DAY(7));
	free(s);
	days_release(&d);
}

/* A request that crosses midnight is in flight on both days; only the day on which it ends is a day of requests. */
TEST(steps_with_requests_and_without) {
	struct replica_days d = {0}, other = {0};
	struct spell *s;

	for (int day = 0; day < 3; day++) {
		note(&d, day, 3, DAY_STEPS);
	}
	days_note_alive(&other, DAY(-1) + HOUR(23), DAY(1) + HOUR(1));
	note(&other, 1, 0, DAY_REQUESTS);
	days_add(&d, &other);
	assert_int_equal(d.count, 4);
	assert_int_equal(days_spells(&d, &no_span, &all, &s), 2);
	assert_true(s[0].kind == DAY_STEPS && s[0].requests && s[0].to_ns == DAY(2));
	assert_true(s[1].kind == DAY_STEPS && !s[1].requests);
	free(s);
	days_note_alive(&d, DAY(2), INT64_MAX); /* with a wrong clock, not every day becomes one */
	assert_true(d.count < 40);
	assert_int_equal(days_spells(&d, &no_span, &all, &s), 1);
	days_release(&d);
	days_release(&other);
}

TEST(items_count_where_they_end) {
	struct request_item q = {.head = {.kind = ITEM_REQUEST, .at_ns = 10}, .scheduled_ns = 20, .first_token_ns = 30, .finish_ns = 40};
	const struct step_item step = {.head = {.kind = ITEM_STEP, .at_ns = 10}, .duration_ns = 5};

	assert_int_equal(days_instant(&step.head), 10);
	assert_int_equal(days_instant(&q.head), 40);
	q.part = PART_PREFILL;
	assert_int_equal(days_instant(&q.head), 30);
	q.first_token_ns = UNKNOWN;
	assert_int_equal(days_instant(&q.head), 20);
	q.scheduled_ns = UNKNOWN;
	assert_int_equal(days_instant(&q.head), 10);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_kind_is_one_spell),
		cmocka_unit_test(kinds_change_at_midnight),
		cmocka_unit_test(a_day_without_evidence_is_a_pause),
		cmocka_unit_test(long_work_is_no_pause),
		cmocka_unit_test(steps_with_requests_and_without),
		cmocka_unit_test(items_count_where_they_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
