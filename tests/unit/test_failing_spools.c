/*
 * A temporary file that fails at any point, or a statement that rejects an entry: the run ends with that error and its message, and
 * frees what it has. The linker passes these calls to this file (Makefile: FAILING).
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book/from_logs.h"
#include "core/files/spool.h"
#include "report/report.h"

enum call { ADD, SEAL, NEXT, ENTRY, CALLS };
static const char *const call_names[CALLS] = {"add", "seal", "next", "entry"};
static int64_t made[CALLS], fails_at[CALLS]; /* 0: never */

static bool due(enum call c) {
	return ++made[c] == fails_at[c];
}

static int fault(struct fault *why) {
	return fault_set(why, ERROR_IO, "the disk is on fire");
}

int __real_spool_add(struct spool *s, unsigned lane, const void *item, size_t len, struct fault *why);
int __wrap_spool_add(struct spool *s, unsigned lane, const void *item, size_t len, struct fault *why);
int __wrap_spool_add(struct spool *s, unsigned lane, const void *item, size_t len, struct fault *why) {
	return due(ADD) ? fault(why) : __real_spool_add(s, lane, item, len, why);
}

int __real_spool_seal(struct spool *s, struct fault *why);
int __wrap_spool_seal(struct spool *s, struct fault *why);
int __wrap_spool_seal(struct spool *s, struct fault *why) {
	return due(SEAL) ? fault(why) : __real_spool_seal(s, why);
}

int __real_spool_next(struct spool_reader *r, const void **item, size_t *len, struct fault *why);
int __wrap_spool_next(struct spool_reader *r, const void **item, size_t *len, struct fault *why);
int __wrap_spool_next(struct spool_reader *r, const void **item, size_t *len, struct fault *why) {
	return due(NEXT) ? fault(why) : __real_spool_next(r, item, len, why);
}

int __real_statement_add_entry(void *statement, const struct entry *e);
int __wrap_statement_add_entry(void *statement, const struct entry *e);
int __wrap_statement_add_entry(void *statement, const struct entry *e) {
	return due(ENTRY) ? ERROR_RANGE : __real_statement_add_entry(statement, e);
}

/* One run; with the totals of its statement if there is one. */
static int run(const char *path, struct statement_totals *totals, struct fault *why) {
	static const struct pages_settings no_pages;
	const char *logs[] = {path}, *prices[] = {"samples/prices.json"};
	FILE *nowhere = fopen("/dev/null", "w");
	struct terminal silent = {.out = nowhere, .quiet = true};
	struct book_settings set = {.gpu_hour_nano = 2 * NANO, .format = "json", .idle_proportional = true, .threads = 1, .prices = {prices, 1}, .logs = {logs, 1},
	                            .log_year = 2026, .compare_rules = true, .by = {{BY_MODEL, BY_TENANT}, 2, true}};
	struct from_logs *j = NULL;

	memset(made, 0, sizeof made);
	*why = (struct fault){0};
	int rc = from_logs_new(&j, &set, &silent, &no_pages, why);
	if (rc == 0) {
		*totals = statement_totals(from_logs_statement(j));
	}
	from_logs_free(j);
	fclose(nowhere);
	return rc;
}

static void disturb(const char *path) {
	struct statement_totals right = {0}, got = {0};
	struct fault why;
	int64_t calls[CALLS];

	assert_int_equal(run(path, &right, &why), 0);
	memcpy(calls, made, sizeof calls);
	for (int c = 0; c < CALLS; c++) {
		for (int64_t n = 1; n <= calls[c]; n += 1 + n / 6) {
			fails_at[c] = n;
			int rc = run(path, &got, &why);
			fails_at[c] = 0;
			if (c == ENTRY ? rc != ERROR_RANGE || !strstr(why.message, "does not fit") : rc != ERROR_IO || strcmp(why.message, "the disk is on fire") != 0) {
				fail_msg("%s: %s %lld of %lld: %d, %s", path, call_names[c], (long long)n, (long long)calls[c], rc, why.message);
			}
		}
	}
	assert_int_equal(run(path, &got, &why), 0);
	assert_true(got.capacity_ns == right.capacity_ns && got.busy_ns == right.busy_ns && got.capacity_nano == right.capacity_nano && got.requests == right.requests);
	assert_true(got.input_ntok == right.input_ntok && got.output_ntok == right.output_ntok);
}

TEST(each_call_fails_once) {
	static const char *const logs[] = {"tests/golden/format-native/log", "tests/data/vllm-tiny-8b.log", "tests/golden/format-sglang/log", "tests/golden/format-llamacpp/log",
	                                   "tests/golden/format-prometheus/log", "tests/golden/format-otlp/log", "tests/golden/format-usage/log", "tests/golden/format-envoy/log",
	                                   "tests/golden/format-trtllm/log", "tests/golden/format-dynamo/log", "tests/golden/format-llamacpp-old/log", "tests/golden/format-ollama/log", "samples/records.jsonl", "samples/serving/requests.jsonl.gz"};

	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		disturb(logs[i]);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_call_fails_once)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
