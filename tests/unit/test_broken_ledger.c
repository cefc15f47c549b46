/*
 * A ledger whose database fails at one of its calls: each operation ends with that error and its message, and
 * done again without one it leaves the same book as if nothing had failed.
 */
#define _GNU_SOURCE /* nftw */
#include "tests/unit/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "book/book.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "ledger/book.h"

#define DAY_NS (INT64_C(1786406400) * NS_PER_SECOND) /* 2026-08-11 */

/* ---- a database that fails at the n-th call ---- */

static int calls_left; /* 0: no failure is due */
static bool failed;

static int due(struct fault *why) {
	if (calls_left > 0 && --calls_left == 0) {
		failed = true;
		return fault_set(why, ERROR_IO, "the disk is on fire");
	}
	return 0;
}

static int broken_execute(void *connection, const char *sql, struct fault *why) {
	if (strcmp(sql, "ROLLBACK") == 0) { /* what was to be done is done, or has failed */
		calls_left = 0;
	}
	int rc = due(why);
	return rc < 0 ? rc : sqlite_driver.execute(connection, sql, why);
}

static int broken_prepare(void *connection, const char *sql, void **statement, struct fault *why) {
	int rc = due(why);
	return rc < 0 ? rc : sqlite_driver.prepare(connection, sql, statement, why);
}

static int broken_start(void *statement, const struct value *values, size_t count, struct fault *why) {
	int rc = due(why);
	return rc < 0 ? rc : sqlite_driver.start(statement, values, count, why);
}

static int broken_step(void *statement, struct fault *why) {
	int rc = due(why);
	return rc < 0 ? rc : sqlite_driver.step(statement, why);
}

static int broken_check(void *connection, ledger_finding_sink *sink, void *context, struct fault *why) {
	int rc = due(why);
	return rc < 0 ? rc : sqlite_driver.check(connection, sink, context, why);
}

static int broken_copy(void *connection, const char *to_path, const struct ledger_transfer *t, struct fault *why) {
	int rc = due(why);
	return rc < 0 ? rc : sqlite_driver.copy(connection, to_path, t, why);
}

/* ---- a book ---- */

struct place {
	char at[64], book[96], fleet[96], log[2][96];
	int copies; /* made so far: each has a folder of its own */
	bool late;  /* the second log is taken in */
	struct terminal silent;
	struct book_settings set;
};

static const char fleet[] = "{\"schema\":\"tollbook.fleet.v1\",\"currency\":\"USD\",\"pools\":[{\"name\":\"p\",\"match\":\"r*\",\"model\":\"m\",\"gpu\":\"H100-SXM-80GB\",\"gpus_per_replica\":1,"
			    "\"rates\":[{\"from\":\"2026-01-01\",\"per_gpu_hour\":\"2.5\"}]}]}";

static void put_second(FILE *out, int64_t start_ns, int i, const char *replica) {
	int64_t at = start_ns + i * NS_PER_SECOND;

	fprintf(out, "{\"schema\":\"tollbook.step.v1\",\"replica\":\"%s\",\"model\":\"m\",\"step\":%d,\"start_ns\":%lld,\"gpu_ns\":%d,\"prefill_requests\":1,\"prefill_tokens\":%d,\"prefill_kv_tokens\":0,"
		     "\"prefill_token_kv\":%d,\"decode_requests\":%d,\"decode_kv_tokens\":%d,\"duration_kind\":\"gpu_events\"}\n",
	        replica, i, (long long)at, 20000000 + i % 7 * 100000, 100 + i % 5, (100 + i % 5) * 50, 1 + i % 3, 200 + 17 * i % 90);
	fprintf(out, "{\"schema\":\"tollbook.request.v1\",\"id\":\"%s-%lld\",\"tenant\":\"t%d\",\"model\":\"m\",\"replica\":\"%s\",\"arrival_ns\":%lld,\"first_token_ns\":%lld,\"finish_ns\":%lld,"
		     "\"prompt_tokens\":%d,\"cached_tokens\":10,\"completion_tokens\":3}\n",
	        replica, (long long)at, i % 3, replica, (long long)at, (long long)at + 30000000, (long long)at + 2 * NS_PER_SECOND, 110 + i % 5);
}

/* A day of two servers; then more of it, of the next day, and of a gateway. */
static void write_log(const char *path, bool late) {
	FILE *out = fopen(path, "w");

	for (int i = 0; i < 12; i++) {
		put_second(out, late ? DAY_NS + NS_PER_DAY + NS_PER_HOUR : DAY_NS + 2 * NS_PER_HOUR, i, "r0");
		put_second(out, DAY_NS + (late ? 5 : 2) * NS_PER_HOUR, i, "r1");
	}
	if (late) {
		fprintf(out, "{\"schema\":\"tollbook.request.v1\",\"id\":\"g\",\"tenant\":\"t1\",\"model\":\"gpt-4o\",\"replica\":\"\",\"arrival_ns\":%lld,\"finish_ns\":%lld,\"prompt_tokens\":7,"
			     "\"completion_tokens\":2}\nnot a line\n",
		        (long long)(DAY_NS + NS_PER_DAY), (long long)(DAY_NS + NS_PER_DAY + NS_PER_SECOND));
	}
	fclose(out);
}

static void place_make(struct place *p) {
	*p = (struct place){.at = "/tmp/broken-XXXXXX"};
	assert_non_null(mkdtemp(p->at));
	snprintf(p->book, sizeof p->book, "%s/book", p->at);
	snprintf(p->fleet, sizeof p->fleet, "%s/fleet.json", p->at);
	FILE *out = fopen(p->fleet, "w");
	fputs(fleet, out);
	fclose(out);
	for (int i = 0; i < 2; i++) {
		snprintf(p->log[i], sizeof p->log[i], "%s/%d.jsonl", p->at, i);
		write_log(p->log[i], i);
	}
	p->silent = (struct terminal){.out = fopen("/dev/null", "w"), .quiet = true};
	p->set = (struct book_settings){.gpu_hour_nano = -1, .fleet = p->fleet, .book = p->book, .format = "json", .idle_proportional = true, .threads = 1};
	setenv("TOLLBOOK_NOW", "2026-08-13T00:00:00Z", 1);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void place_remove(struct place *p) {
	fclose(p->silent.out);
	assert_int_equal(nftw(p->at, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- operations ---- */

typedef int operation(struct place *p, struct book *b, struct fault *why);

static int take_in(struct place *p, struct book *b, struct fault *why) {
	struct logs logs = {0};
	const char *paths[] = {p->log[0], p->log[1]};

	p->set.logs = (struct list){paths, p->late ? 2 : 1};
	int rc = settings_logs(&p->set, &p->silent, &logs, why);
	rc = rc < 0 ? rc : book_ingest(b, &logs, why);
	logs_release(&logs);
	return rc;
}

static int attribute(struct place *p, struct book *b, struct fault *why) {
	(void)p;
	int rc = book_begin(b, "attribute", why);
	rc = rc < 0 ? rc : book_attribute(b, why);
	return rc < 0 ? rc : book_commit_run(b, why);
}

static int close_day(struct place *p, struct book *b, struct fault *why) {
	(void)p;
	char hash[DIGEST_HEX_MAX], entries[DIGEST_HEX_MAX];
	struct ledger_period period = {.name = "2026-08-11", .from_ns = DAY_NS, .to_ns = DAY_NS + NS_PER_DAY};
	int rc = book_begin(b, "close", why);

	rc = rc < 0 ? rc : ledger_document_put(b->ledger, T("{\"a\":1}"), hash, why);
	rc = rc < 0 ? rc : ledger_period_hash(b->ledger, DAY_NS, DAY_NS + NS_PER_DAY, entries, why);
	period.run = b->run.id;
	period.statement = hash;
	period.entries = entries;
	rc = rc < 0 ? rc : ledger_period_close(b->ledger, &period, why);
	return rc < 0 ? rc : book_commit(b, why);
}

static int state(struct place *p, struct book *b, struct fault *why) {
	(void)p;
	struct book_statement s = {.from_ns = INT64_MIN, .to_ns = INT64_MAX, .as_of = INT64_MAX - 1};
	int rc = book_state(b, &s, why);

	book_statement_release(&s);
	return rc;
}

static int dump(struct place *p, struct book *b, struct fault *why) {
	return ledger_dump(b->ledger, p->silent.out, &(struct ledger_transfer){0}, why);
}

/* A sum that cannot be read is a finding with the reason. */
static void take_finding(void *why, const char *sentence) {
	if (!failed) {
		fail_msg("%s", sentence);
	}
	fault_set(why, ERROR_IO, "%s", sentence);
}

static int check(struct place *p, struct book *b, struct fault *why) {
	(void)p;
	struct ledger_head head;
	struct fault finding = {0};
	int rc = ledger_check(b->ledger, take_finding, &finding, why);

	rc = rc < 0 ? rc : ledger_orphans(b->ledger, take_finding, &finding, why);
	rc = rc < 0 ? rc : ledger_head(b->ledger, &head, why);
	return rc >= 0 && finding.message[0] ? fault_set(why, ERROR_IO, "%s", finding.message) : rc;
}

/* Copies appear when they are whole. */
static int copied(int rc, const char *to) {
	struct stat st;

	assert_int_equal(stat(to, &st) == 0, rc >= 0);
	return rc;
}

static int backup(struct place *p, struct book *b, struct fault *why) {
	char to[128];

	snprintf(to, sizeof to, "%s/backup%d", p->at, p->copies++);
	return copied(ledger_backup(b->ledger, to, &(struct ledger_transfer){0}, why), to);
}

static int export(struct place *p, struct book *b, struct fault *why) {
	char to[128];

	snprintf(to, sizeof to, "%s/export%d", p->at, p->copies++);
	return copied(ledger_export(b->ledger, to, &(struct ledger_transfer){0}, why), to);
}

static int forget(struct place *p, struct book *b, struct fault *why) {
	const char *globs[] = {p->log[1]};
	int64_t logs, records;

	return book_forget(b, &(struct list){globs, 1}, &logs, &records, why);
}

static int retire(struct place *p, struct book *b, struct fault *why) {
	(void)p;
	int64_t count;
	int rc = book_begin(b, "retire", why);

	rc = rc < 0 ? rc : ledger_retire(b->ledger, b->run.id, DAY_NS + NS_PER_DAY, &count, why);
	return rc < 0 ? rc : book_commit_run(b, why);
}

/* ---- the test ---- */

/* Does it, with each of the first 50 calls, and then of a part, failing once if `disturbed`, until it is done. */
static void perform(struct place *p, const char *what, operation *work, enum ledger_mode mode, bool disturbed) {
	struct driver broken = sqlite_driver;

	broken.execute = broken_execute;
	broken.prepare = broken_prepare;
	broken.start = broken_start;
	broken.step = broken_step;
	broken.check = broken_check;
	broken.copy = broken_copy;
	for (int call = 1;; call += 1 + call / 50) {
		struct book b;
		struct fault why = {0};
		int rc = book_open(&b, &p->set, &p->silent, mode, true, &why);
		if (rc < 0) {
			fail_msg("%s: %s", what, why.message);
		}
		b.ledger->driver = &broken;
		failed = false;
		calls_left = disturbed ? call : 0;
		rc = work(p, &b, &why);
		calls_left = 0;
		b.ledger->driver = &sqlite_driver;
		book_close(&b);
		if (!failed && rc < 0) {
			fail_msg("%s: %s", what, why.message);
		} else if (failed && (rc >= 0 || !strstr(why.message, "the disk is on fire"))) {
			fail_msg("%s, call %d: %d, %s", what, call, rc, why.message);
		} else if (!failed) {
			return;
		}
	}
}

/* What a book made of both logs holds. */
static char *content(bool disturbed) {
	struct place p;
	struct book b;
	struct fault why;
	char *text;
	size_t len;

	place_make(&p);
	perform(&p, "take in", take_in, LEDGER_CREATE, disturbed);
	perform(&p, "attribute", attribute, LEDGER_WRITE, disturbed);
	perform(&p, "close", close_day, LEDGER_WRITE, disturbed);
	p.late = true;
	perform(&p, "take in more", take_in, LEDGER_WRITE, disturbed);
	perform(&p, "attribute more", attribute, LEDGER_WRITE, disturbed);
	perform(&p, "state", state, LEDGER_READ, disturbed);
	perform(&p, "dump", dump, LEDGER_READ, disturbed);
	perform(&p, "check", check, LEDGER_READ, disturbed);
	perform(&p, "back up", backup, LEDGER_WRITE, disturbed);
	perform(&p, "export", export, LEDGER_WRITE, disturbed);
	perform(&p, "forget", forget, LEDGER_WRITE, disturbed);
	perform(&p, "attribute what is left", attribute, LEDGER_WRITE, disturbed);
	perform(&p, "retire", retire, LEDGER_WRITE, disturbed);
	perform(&p, "check at the end", check, LEDGER_READ, false);
	assert_int_equal(book_open(&b, &p.set, &p.silent, LEDGER_READ, false, &why), 0);
	FILE *out = open_memstream(&text, &len);
	assert_int_equal(ledger_dump(b.ledger, out, &(struct ledger_transfer){0}, &why), 0);
	fclose(out);
	book_close(&b);
	place_remove(&p);
	return text;
}

/* Without the folder's name, which differs. */
static void blank(char *text) {
	for (char *at = text; (at = strstr(at, "/tmp/broken-")) != NULL; at++) {
		memset(at, '-', strlen("/tmp/broken-XXXXXX"));
	}
}

TEST(each_call_fails_once) {
	char *right = content(false), *got = content(true);

	blank(right);
	blank(got);
	assert_string_equal(got, right);
	assert_non_null(strstr(right, "period\t2026-08-11\tclosed"));
	free(right);
	free(got);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_call_fails_once)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
