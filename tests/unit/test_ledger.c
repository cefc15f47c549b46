/* The ledger: posted days, their versions, closed periods. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/exact.h"
#include "core/quality_lines.h"
#include "ledger/ledger.h"

#define DAY (INT64_C(20000) * NS_PER_DAY)

struct place {
	char at[64], book[96];
	struct names *names;
	struct ledger *l;
	struct fault why;
};

static int setup(void **state) {
	struct place *p = calloc(1, sizeof *p);

	snprintf(p->at, sizeof p->at, "/tmp/tollbook-ledger-XXXXXX");
	assert_non_null(mkdtemp(p->at));
	snprintf(p->book, sizeof p->book, "%s/book", p->at);
	p->names = names_new();
	assert_int_equal(ledger_open(&p->l, p->book, LEDGER_CREATE, p->names, &p->why), 0);
	*state = p;
	return 0;
}

static int teardown(void **state) {
	struct place *p = *state;
	char command[128];

	ledger_close(p->l);
	names_free(p->names);
	const char *files[] = {"book/ledger.db", "book/ledger.db-wal", "book/ledger.db-shm", "book/lock", "book/records", "book", ""};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(command, sizeof command, "%s/%s", p->at, files[i]);
		(void)remove(command);
	}
	free(p);
	return 0;
}

static struct entry an_entry(struct place *p, const char *replica, int64_t hour, int64_t gpu_ns) {
	return (struct entry){.slot_ns = DAY + hour * NS_PER_HOUR, .replica = names_id(p->names, text_of(replica)),
	                      .model = names_id(p->names, T("m")), .kind = ENTRY_OUTPUT, .grade = GRADE_B,
	                      .rate_nano = 2 * NANO, .gpu_ns = gpu_ns, .tokens = 7};
}

static int64_t a_run(struct place *p) {
	struct ledger_run r = {.command = "attribute", .version = "t", .rule = "shapley", .currency = "USD", .basis = "b"};
	int64_t id = 0;

	assert_int_equal(ledger_run_add(p->l, &r, &id, &p->why), 0);
	return id;
}

static int64_t post(struct place *p, const struct entry *e, size_t count) {
	int64_t restated = 0;

	assert_int_equal(ledger_begin(p->l, &p->why), 0);
	assert_int_equal(ledger_post_day(p->l, a_run(p), DAY, e, count, &restated, &p->why), 0);
	assert_int_equal(ledger_commit(p->l, &p->why), 0);
	return restated;
}

static int add_up(void *context, const struct entry *e) {
	*(int64_t *)context += e->gpu_ns;
	return 0;
}

static int64_t sum(struct place *p, int64_t as_of) {
	int64_t total = 0;

	assert_int_equal(ledger_entries(p->l, INT64_MIN, INT64_MAX, as_of, add_up, &total, &p->why), 0);
	return total;
}

static void versions_are_kept(void **state) {
	struct place *p = *state;
	struct entry e[] = {an_entry(p, "r1", 1, 100), an_entry(p, "r0", 2, 10), an_entry(p, "r0", 1, 1)};

	assert_int_equal(post(p, e, 3), 2);
	assert_int_equal(post(p, e, 3), 0); /* the same again changes nothing */
	e[0].gpu_ns = 200;
	assert_int_equal(post(p, e, 3), 1);
	assert_int_equal(post(p, e, 1), 1); /* r0 is gone */
	assert_int_equal(sum(p, 1), 111);
	assert_int_equal(sum(p, 2), 111);
	assert_int_equal(sum(p, 3), 211);
	assert_int_equal(sum(p, 4), 200);
}

/* What a sink received. */
struct received {
	int64_t count, gpu_ns, replicas;
};

static int receive(void *received, const struct entry *e) {
	struct received *r = received;

	r->count++;
	r->gpu_ns += e->gpu_ns;
	r->replicas += e->replica != 0;
	return 0;
}

static struct received summed(struct place *p, int64_t from_ns, int64_t to_ns, int64_t as_of) {
	struct received r = {0};

	assert_int_equal(ledger_entries_summed(p->l, from_ns, to_ns, as_of, receive, &r, &p->why), 0);
	return r;
}

/* Sixteen entries of eight replicas, two of them at no known rate: two sums, and two entries. */
static void fill_day(struct place *p, struct entry e[18]) {
	char replica[16];

	for (int i = 0; i < 16; i++) {
		snprintf(replica, sizeof replica, "s%d", i / 2);
		e[i] = an_entry(p, replica, i % 2, 1 + i);
	}
	e[16] = an_entry(p, "s0", 1, 1000);
	e[17] = an_entry(p, "s1", 1, 1000);
	e[16].rate_nano = e[17].rate_nano = -1;
}

static int findings_of(struct place *p);

static void sums_follow_entries(void **state) {
	struct place *p = *state;
	struct entry e[18];
	struct received r;

	fill_day(p, e);
	post(p, e, 18);
	r = summed(p, INT64_MIN, INT64_MAX, INT64_MAX);
	assert_int_equal(r.count, 4);
	assert_int_equal(r.replicas, 2);
	assert_int_equal(r.gpu_ns, 2136);
	assert_int_equal(summed(p, DAY + NS_PER_HOUR, INT64_MAX, INT64_MAX).count, 3);
	assert_int_equal(summed(p, INT64_MIN, DAY + NS_PER_HOUR, INT64_MAX).count, 1);
	e[0].gpu_ns = 101;
	post(p, e, 18);
	post(p, e, 18); /* which changes nothing */
	assert_int_equal(summed(p, INT64_MIN, INT64_MAX, 3).count, 4);
	assert_int_equal(summed(p, INT64_MIN, INT64_MAX, 2).gpu_ns, 2236);
	r = summed(p, INT64_MIN, INT64_MAX, 1); /* of that state there are entries only */
	assert_int_equal(r.count, 18);
	assert_int_equal(r.gpu_ns, 2136);
	post(p, e, 3); /* too few to be summed */
	assert_int_equal(summed(p, INT64_MIN, INT64_MAX, INT64_MAX).replicas, 3);
	assert_int_equal(findings_of(p), 0);
}

/* Sums that somebody changed are found; a report does not use what it cannot read. */
static void changed_sums_are_found(void **state) {
	static const char *const lines[] = {"1\n0 0 1 0 0 2 1 0 0 2000000000 9 7 0 0 0 0 0 0\n", "1\n", "2\n", "", "1\n0 0\n",
	                                    "1\n0 0 1 0 0 9 1 0 0 2000000000 9 7 0 0 0 0 0 0\n", "1\n0 0 1 0 0 2 1 0 0 2000000000 -9 7 0 0 0 0 0 0\n",
	                                    "1\n0 9223372036854775807 1 0 0 2 1 0 0 2000000000 9 7 0 0 0 0 0 0\n"};
	struct place *p = *state;
	struct received r = {0};
	struct entry e[18];

	fill_day(p, e);
	post(p, e, 18);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(ledger_begin(p->l, &p->why), 0);
		assert_int_equal(ledger_fit_put(p->l, DAY, T("\t\tsums"), text_of(lines[i]), &p->why), 0);
		assert_int_equal(ledger_commit(p->l, &p->why), 0);
		assert_int_equal(findings_of(p), 1);
		int rc = ledger_entries_summed(p->l, INT64_MIN, INT64_MAX, INT64_MAX, receive, &r, &p->why);
		assert_int_equal(rc, i < 4 ? 0 : ERROR_IO);
	}
}

static int add_adjustment(void *context, const struct ledger_adjustment *a) {
	assert_string_equal(a->period_name, "2024-10-04");
	assert_true(a->posted_ns >= DAY + NS_PER_DAY);
	*(int64_t *)context += a->entry.gpu_ns;
	return 0;
}

static int64_t adjusted(struct place *p) {
	int64_t total = 0;

	assert_int_equal(ledger_adjustments(p->l, DAY + NS_PER_DAY, INT64_MAX, INT64_MAX - 1, add_adjustment, &total, &p->why), 0);
	return total;
}

static void closed_days_are_adjusted(void **state) {
	struct place *p = *state;
	struct entry e[] = {an_entry(p, "r1", 1, 100)};
	struct ledger_period period = {.name = "2024-10-04"};
	char hash[DIGEST_HEX_MAX], entries[DIGEST_HEX_MAX];

	assert_true(ledger_period_parse(T("2024-10-04"), &period.from_ns, &period.to_ns));
	assert_int_equal(period.from_ns, DAY);
	post(p, e, 1);
	assert_int_equal(ledger_begin(p->l, &p->why), 0);
	period.run = a_run(p);
	assert_int_equal(ledger_document_put(p->l, T("{}"), hash, &p->why), 0);
	assert_int_equal(ledger_period_hash(p->l, DAY, DAY + NS_PER_DAY, entries, &p->why), 0);
	period.statement = hash;
	period.entries = entries;
	assert_int_equal(ledger_period_close(p->l, &period, &p->why), 0);
	assert_int_equal(ledger_commit(p->l, &p->why), 0);

	e[0].gpu_ns = 130;
	assert_int_equal(post(p, e, 1), 1);
	assert_int_equal(sum(p, INT64_MAX - 1), 100);
	assert_int_equal(adjusted(p), 30);
	e[0].gpu_ns = 90;
	assert_int_equal(post(p, e, 1), 1);
	assert_int_equal(adjusted(p), -10);
	assert_int_equal(post(p, e, 1), 0);
	assert_int_equal(post(p, NULL, 0), 1);
	assert_int_equal(adjusted(p), -100);
}

static void one_writer(void **state) {
	struct place *p = *state;
	struct ledger *second = NULL;

	assert_int_equal(ledger_open(&second, p->book, LEDGER_WRITE, p->names, &p->why), ERROR_IO);
	assert_non_null(strstr(p->why.message, "in use by process"));
	assert_int_equal(ledger_open(&second, p->book, LEDGER_READ, p->names, &p->why), 0);
	ledger_close(second);
}

static void a_reader_sees_one_state(void **state) {
	struct place *p = *state;
	struct entry before = an_entry(p, "r1", 1, 100);
	struct names *names = names_new();
	struct ledger *reader;
	int64_t seen = 0;

	assert_int_equal(post(p, &before, 1), 1);
	assert_int_equal(ledger_open(&reader, p->book, LEDGER_READ, names, &p->why), 0);
	const struct entry after[] = {an_entry(p, "r1", 1, 300), an_entry(p, "a replica it has never heard of", 1, 5000)};
	assert_int_equal(post(p, after, 2), 2);
	assert_int_equal(ledger_entries(reader, DAY, DAY + NS_PER_DAY, INT64_MAX, add_up, &seen, &p->why), 0);
	assert_int_equal(seen, 100);
	ledger_close(reader);

	seen = 0;
	assert_int_equal(ledger_open(&reader, p->book, LEDGER_READ, names, &p->why), 0);
	assert_int_equal(ledger_entries(reader, DAY, DAY + NS_PER_DAY, INT64_MAX, add_up, &seen, &p->why), 0);
	assert_int_equal(seen, 5300);
	ledger_close(reader);
	names_free(names);
}

static void foreign_files_are_refused(void **state) {
	struct place *p = *state;
	char path[128];
	struct ledger *other = NULL;

	ledger_close(p->l);
	p->l = NULL;
	snprintf(path, sizeof path, "%s/ledger.db", p->book);
	FILE *f = fopen(path, "w");
	fprintf(f, "%0600d", 1);
	fclose(f);
	assert_int_equal(ledger_open(&other, p->book, LEDGER_READ, p->names, &p->why), ERROR_IO);
	assert_non_null(strstr(p->why.message, "not a ledger"));
	assert_int_equal(ledger_open(&other, "/nowhere", LEDGER_READ, p->names, &p->why), ERROR_CONFIG);
	assert_non_null(strstr(p->why.message, "no book"));
}

static void say_nothing(void *context, const char *sentence) {
	(void)sentence;
	(*(int *)context)++;
}

static void rollback_forgets_names(void **state) {
	struct place *p = *state;
	struct entry e[] = {an_entry(p, "never", 1, 100)};
	int64_t restated = 0;
	int findings = 0;

	assert_int_equal(ledger_begin(p->l, &p->why), 0);
	assert_int_equal(ledger_post_day(p->l, a_run(p), DAY, e, 1, &restated, &p->why), 0);
	ledger_rollback(p->l);
	assert_int_equal(sum(p, INT64_MAX - 1), 0);
	assert_int_equal(post(p, e, 1), 1);
	assert_int_equal(sum(p, INT64_MAX - 1), 100);
	assert_int_equal(ledger_check(p->l, say_nothing, &findings, &p->why), 0);
	assert_int_equal(findings, 0);
}

/* The logs that one task of a plan read, by the letters of their hashes, ten lines each. */
static void put_evidence(struct place *p, const char *plan, int64_t day, const char *logs) {
	struct quality q;
	char *at = NULL;
	size_t len = 0;

	quality_init(&q);
	for (const char *c = logs; *c; c++) {
		struct quality_input in = {.file = (char[]){*c, '\0'}, .sha256 = {*c}, .lines = 10};
		quality_add_input(&q, &in);
		q.lines += 10;
	}
	FILE *out = open_memstream(&at, &len);
	quality_write_lines(&q, out);
	fclose(out);
	quality_release(&q);
	assert_int_equal(ledger_begin(p->l, &p->why), 0);
	struct ledger_evidence e = {plan, 0, DAY + day * NS_PER_DAY, DAY + (day + 1) * NS_PER_DAY - 1, {at, len}};
	assert_int_equal(ledger_evidence_put(p->l, a_run(p), &e, &p->why), 0);
	assert_int_equal(ledger_commit(p->l, &p->why), 0);
	free(at);
}

/* The names of its logs, and the number of lines read. */
static int64_t evidence_of(struct place *p, int64_t as_of, int64_t from_ns, int64_t to_ns, char logs[9]) {
	struct quality q;

	quality_init(&q);
	assert_int_equal(ledger_evidence_get(p->l, as_of, from_ns, to_ns, &q, &p->why), 0);
	quality_sort(&q);
	assert_true(q.input_count < 9);
	for (size_t i = 0; i < q.input_count; i++) {
		logs[i] = q.inputs[i].file[0];
	}
	logs[q.input_count] = '\0';
	int64_t lines = q.lines;
	quality_release(&q);
	return lines;
}

static void a_plan_made_anew_counts_once(void **state) {
	struct place *p = *state;
	char logs[9];
	int64_t from_ns, to_ns, count;

	assert_int_equal(ledger_evidence_span(p->l, INT64_MAX - 1, &from_ns, &to_ns, &p->why), 0);
	put_evidence(p, "first", 0, "ab");
	put_evidence(p, "other", 1, "c");
	put_evidence(p, "again", 0, "abd"); /* a late log, and the earlier ones */
	assert_int_equal(evidence_of(p, 2, INT64_MIN, INT64_MAX, logs), 30);
	assert_string_equal(logs, "abc");
	assert_int_equal(evidence_of(p, INT64_MAX - 1, INT64_MIN, INT64_MAX, logs), 40);
	assert_string_equal(logs, "abcd");
	assert_int_equal(evidence_of(p, INT64_MAX - 1, DAY + NS_PER_DAY, INT64_MAX, logs), 10);
	assert_string_equal(logs, "c");
	assert_int_equal(ledger_evidence_span(p->l, INT64_MAX - 1, &from_ns, &to_ns, &p->why), 1);
	assert_int_equal(from_ns, DAY);
	assert_int_equal(to_ns, DAY + 2 * NS_PER_DAY - 1);
	assert_int_equal(ledger_evidence_plans(p->l, &count, &p->why), 0);
	assert_int_equal(count, 3);
	put_evidence(p, "again", 0, "z"); /* existing data remain */
	assert_int_equal(evidence_of(p, INT64_MAX - 1, INT64_MIN, INT64_MAX, logs), 40);
}

static int findings_of(struct place *p) {
	int findings = 0;

	assert_int_equal(ledger_check(p->l, say_nothing, &findings, &p->why), 0);
	return findings;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(versions_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(sums_follow_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(changed_sums_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_days_are_adjusted, setup, teardown),
		cmocka_unit_test_setup_teardown(one_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_sees_one_state, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_files_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(rollback_forgets_names, setup, teardown),
		cmocka_unit_test_setup_teardown(a_plan_made_anew_counts_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
