/* test_quality.c: problems are counted in the same way for any division of the work. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/quality.h"

TEST(rejects_by_reason) {
	struct quality q;

	quality_init(&q);
	assert_false(quality_has_findings(&q));
	quality_reject(&q, "invalid JSON", "b.log", 1, 3);
	quality_reject(&q, "too long", "b.log", 1, 9);
	quality_reject(&q, "too long", "a.log", 0, 12);
	quality_reject(&q, "too long", "a.log", 0, 13);
	quality_reject(&q, "no clock", "a.log", 0, 1);
	quality_sort(&q);
	assert_true(quality_has_findings(&q));
	assert_int_equal(q.reject_count, 3);
	assert_string_equal(q.rejects[0].reason, "too long");
	assert_int_equal(q.rejects[0].lines, 3);
	assert_string_equal(q.rejects[0].first, "a.log:12");
	assert_string_equal(q.rejects[1].reason, "invalid JSON");
	assert_string_equal(q.rejects[1].first, "b.log:3");
	assert_string_equal(q.rejects[2].reason, "no clock");
	quality_release(&q);
	assert_int_equal(q.reject_count, 0);
	quality_release(&q);
}

TEST(the_first_is_by_rank) {
	static const struct {
		uint32_t file;
		uint64_t line;
	} ranks[] = {{0, 1}, {0, 2}, {0, UINT64_C(1) << 33}, {1, 1}, {1, 70}, {300, 1}};

	for (size_t i = 0; i + 1 < sizeof ranks / sizeof *ranks; i++) {
		struct quality q;
		quality_init(&q);
		quality_reject(&q, "r", "later", ranks[i + 1].file, ranks[i + 1].line);
		quality_reject(&q, "r", "earlier", ranks[i].file, ranks[i].line);
		assert_memory_equal(q.rejects[0].first, "earlier:", 8);
		quality_release(&q);
	}
}

/* Findings of one kind and sentence collect their subjects, whatever the order and through lines of JSON. */
TEST(notices_collect) {
	struct quality a, b;
	size_t count;

	quality_init(&a);
	quality_init(&b);
	quality_assume(&a, "r0", "4", "--gpus", "vllm.log:12", "r0 runs on %d GPUs", 4);
	assert_false(quality_has_findings(&a));
	quality_finding(&a, "gap", "r1", NULL, 5, "steps are missing");
	quality_finding(&b, "gap", "r0", NULL, 7, "steps are missing");
	quality_finding(&b, "gap", "r0", NULL, QUALITY_NO_AMOUNT, "steps are missing");
	quality_finding(&b, "gap", "r", NULL, QUALITY_NO_AMOUNT, "steps are missing");
	quality_missing(&b, "cached tokens", "prompt details", NULL);
	quality_missing(&b, "cached tokens", "prompt details", NULL);
	quality_merge(&a, &b);
	assert_true(quality_has_findings(&a));
	const struct quality_notice *n = quality_notices(&a, NOTICE_FINDING, &count);
	assert_int_equal(count, 1);
	assert_string_equal(n->field[NOTICE_SUBJECTS], "r\nr0\nr1");
	assert_int_equal(n->amount_nano, 12);
	assert_int_equal(a.warning_count, 1);
	quality_notices(&a, NOTICE_MISSING, &count);
	assert_int_equal(count, 1);
	n = quality_notices(&a, NOTICE_ASSUMPTION, &count);
	assert_int_equal(count, 1);
	assert_string_equal(n->field[NOTICE_VALUE], "4");
	assert_null(n->field[NOTICE_KIND]);
	quality_release(&a);
	quality_release(&b);
}

TEST(warnings_once) {
	struct quality q;

	quality_init(&q);
	for (int i = 0; i < 1000; i++) {
		quality_warn(&q, "file %d: empty", i * 37 % 100);
	}
	quality_sort(&q);
	assert_int_equal(q.warning_count, 100);
	for (size_t i = 1; i < q.warning_count; i++) {
		assert_true(strcmp(q.warnings[i - 1], q.warnings[i]) < 0);
	}
	assert_false(quality_has_findings(&q));
	quality_release(&q);
}

TEST(many_warnings) {
	struct quality q;

	quality_init(&q);
	for (unsigned i = 0; i < 50000; i++) {
		quality_warn(&q, "file %u: empty", i * 2654435761u);
	}
	assert_int_equal(q.warning_count, 50000);
	quality_release(&q);
}

/* The findings of the i-th of four threads. */
static void found_by(struct quality *q, unsigned i) {
	char file[16];

	quality_init(q);
	snprintf(file, sizeof file, "%u.log", i);
	q->lines = 10 + i;
	q->steps = i;
	q->duplicates = 1;
	struct quality_input in = {.file = file, .format = i == 2 ? NULL : "vllm", .bytes = 7 * i, .lines = 10 + i};
	snprintf(in.sha256, sizeof in.sha256, "%064u", i);
	quality_add_input(q, &in);
	quality_add_input(q, &(struct quality_input){.file = "-", .format = "native", .bytes = i});
	quality_reject(q, "invalid JSON", file, i, 5);
	if (i != 1) {
		quality_reject(q, "too long", file, i, 100 - i);
	}
	quality_damage(q, file, "gzip CRC error", 100 * i);
	quality_damage(q, "shared.gz", i % 2 ? "cut off" : "gzip CRC error", 5);
	quality_warn(q, "no known format");
	quality_warn(q, "%s: empty", file);
}

static void print(const struct quality *q, char *out, size_t size) {
	FILE *f = fmemopen(out, size, "w");

	fprintf(f, "%ld %ld %ld\n", (long)q->lines, (long)q->steps, (long)q->duplicates);
	for (size_t i = 0; i < q->reject_count; i++) {
		fprintf(f, "%s %ld %s\n", q->rejects[i].reason, (long)q->rejects[i].lines, q->rejects[i].first);
	}
	for (size_t i = 0; i < q->damage_count; i++) {
		fprintf(f, "%s %s %ld\n", q->damages[i].file, q->damages[i].reason, (long)q->damages[i].offset);
	}
	for (size_t i = 0; i < q->input_count; i++) {
		fprintf(f, "%s %s %ld %s\n", q->inputs[i].file, q->inputs[i].format, (long)q->inputs[i].bytes, q->inputs[i].sha256);
	}
	for (size_t i = 0; i < q->warning_count; i++) {
		fprintf(f, "%s\n", q->warnings[i]);
	}
	fclose(f);
}

static void merged_in(const unsigned order[4], char *out, size_t size) {
	struct quality all;

	quality_init(&all);
	for (unsigned i = 0; i < 4; i++) {
		struct quality one;
		found_by(&one, order[i]);
		quality_merge(&all, &one);
		assert_int_equal(one.lines, 0);
		assert_int_equal(one.reject_count, 0);
		assert_null(one.inputs);
		quality_release(&one);
	}
	quality_sort(&all);
	assert_int_equal(all.reject_count, 2);
	assert_int_equal(all.damage_count, 8);
	assert_int_equal(all.input_count, 8);
	assert_int_equal(all.warning_count, 5);
	assert_string_equal(all.rejects[0].first, "0.log:5");
	assert_string_equal(all.rejects[1].first, "0.log:100");
	print(&all, out, size);
	quality_release(&all);
}

TEST(merges_in_any_order) {
	char expected[4096], got[4096];

	merged_in((unsigned[]){0, 1, 2, 3}, expected, sizeof expected);
	for (unsigned code = 0; code < 256; code++) {
		unsigned order[4] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3};
		if ((1u << order[0] | 1u << order[1] | 1u << order[2] | 1u << order[3]) == 15) {
			merged_in(order, got, sizeof got);
			assert_string_equal(got, expected);
		}
	}
}

TEST(damage_is_a_finding) {
	struct quality q, nothing;

	quality_init(&q);
	quality_init(&nothing);
	quality_merge(&q, &nothing);
	assert_false(quality_has_findings(&q));
	quality_damage(&q, "a.gz", "cut off", 12);
	assert_true(quality_has_findings(&q));
	quality_release(&q);
}

/* Requests of two logs: added up, the first place by file and line, reported once. */
TEST(joins_are_told_once) {
	struct quality q, more;
	const struct quality_input input = {.file = (char[]){"gw.log"}, .format = (char[]){"usage"}, .index = 3};

	quality_init(&q);
	quality_init(&more);
	quality_add_input(&q, &input);
	q.joins.joined = 5;
	quality_join_trouble(&q, JOIN_GATEWAY_ONLY, 1, 4, 1);
	more.joins.joined = 2;
	more.joins.gateway_only_tokens = 30;
	quality_join_trouble(&more, JOIN_GATEWAY_ONLY, 2, 3, 9);
	quality_join_trouble(&more, JOIN_DIFFERING, 1, 3, 7);
	quality_merge(&q, &more);
	assert_true(quality_has_findings(&q));
	quality_report_joins(&q);
	assert_int_equal(q.warning_count, 1);
	assert_string_equal(q.warnings[0], "3 of 10 requests of gateways (30 tokens) are in no engine's log; they are not counted (the first: gw.log:9)");
	assert_int_equal(q.reject_count, 1);
	assert_int_equal(q.rejects[0].lines, 1);
	assert_string_equal(q.rejects[0].first, "gw.log:7");
	quality_report_joins(&q);
	assert_int_equal(q.rejects[0].lines, 1);
	quality_release(&q);
}

/* Requests without a tenant beside others that name no server: nothing is joined, and most is not counted. */
TEST(nothing_joined_is_a_finding) {
	struct quality q;
	const struct quality_input input = {.file = (char[]){"export.jsonl"}, .format = (char[]){"native"}, .index = 1};

	quality_init(&q);
	quality_add_input(&q, &input);
	quality_join_trouble(&q, JOIN_GATEWAY_ONLY, 4521, 1, 1);
	quality_join_trouble(&q, JOIN_ENGINE_ONLY, 2, 1, 5);
	q.joins.gateway_only_tokens = 30;
	assert_false(quality_has_findings(&q));
	quality_report_joins(&q);
	assert_true(quality_has_findings(&q));
	assert_non_null(strstr(q.warnings[0], "none of 4521 requests of gateways (30 tokens) is among the 2 requests of engines"));
	assert_non_null(strstr(q.warnings[0], "(the first: export.jsonl:1)"));
	quality_release(&q);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rejects_by_reason), cmocka_unit_test(the_first_is_by_rank),
		cmocka_unit_test(notices_collect),
		cmocka_unit_test(warnings_once),     cmocka_unit_test(many_warnings),
		cmocka_unit_test(merges_in_any_order), cmocka_unit_test(damage_is_a_finding),
		cmocka_unit_test(joins_are_told_once), cmocka_unit_test(nothing_joined_is_a_finding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
