/*
 * Logs of every kind through attribution: the same entries from one lane and from several; a receiver that fails at
 * any entry, decision or row ends it there, with its own error; a disk that is full is an error, never other figures.
 */
#include "tests/unit/unit.h"

#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attribute/attribute.h"
#include "core/exact.h"
#include "core/json.h"
#include "tests/unit/ingest_help.h"

#define FILES_MAX 128
#define FAILED (-77)

struct run {
	struct names *names;
	struct fleet *fleet;
	struct attribute_options options;
	struct attribution *a;
	struct quality quality;
	struct fault why;
	size_t left, count; /* how many calls succeed, and how many came */
	uint64_t hash;      /* of all entries */
	int128 capacity;
};

static struct ingest_source sources[FILES_MAX];
static size_t source_count;

static void run_begin(struct run *r, const struct ingest_source *at, size_t count, unsigned threads) {
	*r = (struct run){.names = names_new(), .left = SIZE_MAX};
	quality_init(&r->quality);
	r->fleet = fleet_of_rate(3600 * NANO);
	r->options = (struct attribute_options){.fleet = r->fleet, .names = r->names, .from_ns = INT64_MIN, .to_ns = INT64_MAX, .lanes = threads, .identity = true,
	                                        .compare_rules = true, .positions = true, .batches = true};
	r->a = attribution_new(&r->options);
	struct ingest_options o = {.sources = at, .source_count = count, .threads = threads, .now_ns = TEST_NOW_NS};
	assert_int_equal(ingest_run(&o, attribution_add_record, r->a, &r->quality, &r->why), 0);
}

static void run_end(struct run *r) {
	attribution_free(r->a);
	fleet_free(r->fleet);
	quality_release(&r->quality);
	names_free(r->names);
}

static int take(struct run *r) {
	assert_true(r->count <= r->left); /* never called again */
	r->count++;
	return r->count > r->left ? FAILED : 0;
}

static void add_text(struct run *r, struct text t) {
	r->hash = r->hash * 31 + text_hash(t);
}

static int see_entry(void *context, const struct entry *e) {
	struct run *r = context;
	const int64_t figures[] = {e->slot_ns, e->kind, e->grade, e->rate_nano, e->gpu_ns, e->tokens, e->requests, e->spread_ns};

	assert_true(e->gpu_ns >= 0 && e->tokens >= 0 && e->kind < ENTRY_KINDS);
	add_text(r, names_text(r->names, e->replica));
	add_text(r, names_text(r->names, e->model));
	add_text(r, names_text(r->names, e->tenant));
	add_text(r, (struct text){(const char *)figures, sizeof figures});
	r->capacity += e->gpu_ns;
	return take(r);
}

static int see_rule(void *context, const struct rule_row *row) {
	assert_true(row->prefill_gpu_ns >= 0 && row->decode_gpu_ns >= 0);
	return take(context);
}

static int see_position(void *context, const struct position_row *row) {
	assert_true(row->from_ntok >= 0 && row->to_ntok > row->from_ntok && row->tokens >= 0);
	return take(context);
}

static int see_batch(void *context, const struct batch_row *row) {
	assert_true(row->from_sequences >= 1 && row->to_sequences >= row->from_sequences && row->steps >= 0);
	return take(context);
}

static int see_curve(void *context, const struct curve_row *row) {
	assert_true(row->sequences >= 1 && row->step_us >= 0);
	return take(context);
}

static int see_decision(void *context, const struct name_verdict *v, struct fault *why) {
	(void)v, (void)why;
	return take(context);
}

static int see_fit(void *context, int64_t day_ns, struct text part, struct text json) {
	struct json *j = json_new();

	(void)day_ns, (void)part;
	assert_true(json_parse(j, json, NULL));
	json_free(j);
	return take(context);
}

static int finish(struct run *r) {
	return attribution_finish(r->a, see_entry, r, &r->quality, &r->why);
}

/* Everything that can be asked after attribution_finish, each with a receiver. */
static int ask(struct run *r, int what) {
	int64_t from_ns, to_ns;

	switch (what) {
	case 0:
		return attribution_each_rule(r->a, see_rule, r);
	case 1:
		return attribution_each_position(r->a, see_position, r);
	case 2:
		return attribution_each_batch(r->a, see_batch, r);
	case 3:
		return attribution_each_curve(r->a, see_curve, r);
	case 4:
		return attribution_each_decision(r->a, see_decision, r, &r->why);
	default:
		return attribution_period(r->a, &from_ns, &to_ns) ? attribution_keep_fits(r->a, instant_floor(from_ns, NS_PER_DAY), see_fit, r, &r->why) : 0;
	}
}
#define QUESTIONS 6

static void fail_at(const struct ingest_source *at, size_t count, size_t left) {
	struct run r;

	run_begin(&r, at, count, 1);
	r.left = left;
	assert_int_equal(finish(&r), FAILED);
	assert_int_equal(r.count, left + 1);
	run_end(&r);
}

static void check_questions(struct run *r) {
	for (int what = 0; what < QUESTIONS; what++) {
		r->count = 0;
		r->left = SIZE_MAX;
		assert_int_equal(ask(r, what), 0);
		for (size_t all = r->count, left = 0; left < all; left += 1 + left) {
			r->count = 0;
			r->left = left;
			assert_int_equal(ask(r, what), FAILED);
			assert_int_equal(r->count, left + 1);
		}
	}
}

/* One log, or several together. */
static void check(const struct ingest_source *at, size_t count) {
	struct run one, two;

	run_begin(&one, at, count, 1);
	run_begin(&two, at, count, 3);
	int rc = finish(&one);
	assert_int_equal(finish(&two), rc);
	if (rc < 0) { /* a log without evidence */
		assert_true(one.why.message[0]);
	} else {
		assert_int_equal(one.count, two.count);
		assert_true(one.hash == two.hash && one.capacity == two.capacity);
		size_t all = one.count;
		check_questions(&one);
		for (size_t left = 0; left < all; left += 1 + left) {
			fail_at(at, count, left);
		}
	}
	run_end(&one);
	run_end(&two);
}

TEST(each_log) {
	for (size_t i = 0; i < source_count; i++) {
		check(&sources[i], 1);
	}
	for (size_t i = 0; i + 3 < source_count; i += 3) { /* several servers */
		check(&sources[i], 4);
	}
}

/* Files may not grow beyond a limit: what does not fit into memory cannot be written. */
TEST(full_disk) {
	struct ingest_source both[] = {{.path = "samples/serving/steps.jsonl.gz"}, {.path = "samples/serving/requests.jsonl.gz"}};
	char path[] = "/tmp/tollbook-test-requests-XXXXXX";
	struct rlimit was;
	struct run good;
	int fd = mkstemp(path), failures = 0;

	assert_true(fd >= 0);
	close(fd);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	run_begin(&good, both, 2, 1);
	assert_int_equal(finish(&good), 0);
	for (rlim_t limit = 0; limit <= 1 << 16; limit += 1 + 3 * limit) {
		struct rlimit less = {limit, was.rlim_max};
		struct run r;
		run_begin(&r, both, 2, 1);
		attribution_free(r.a);
		r.options.requests_path = path;
		r.a = attribution_new(&r.options);
		struct ingest_options o = {.sources = both, .source_count = 2, .threads = 1, .now_ns = TEST_NOW_NS};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
		int rc = ingest_run(&o, attribution_add_record, r.a, &r.quality, &r.why);
		rc = rc < 0 ? rc : finish(&r);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
		if (rc < 0) {
			assert_int_equal(rc, ERROR_IO);
			assert_true(r.why.message[0]);
			failures++;
		} else {
			assert_true(r.hash == good.hash);
		}
		run_end(&r);
	}
	assert_true(failures > 0);
	run_end(&good);
	unlink(path);
}

static void add_files(const char *pattern) {
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc && source_count < FILES_MAX; i++) {
		sources[source_count++] = (struct ingest_source){.path = text_copy(text_of(found.gl_pathv[i])), .log_year = 2026};
	}
	globfree(&found);
}

static int find_logs(void **state) {
	(void)state;
	add_files("tests/golden/format-*/log");
	add_files("tests/golden/run-*/*.log");
	add_files("tests/golden/run-*/*.jsonl");
	add_files("tests/golden/log-shapes/logs/*.prom");
	return 0;
}

static int forget_logs(void **state) {
	(void)state;
	for (size_t i = 0; i < source_count; i++) {
		free((void *)(uintptr_t)sources[i].path);
	}
	return 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_log),
		cmocka_unit_test(full_disk),
	};
	return cmocka_run_group_tests(tests, find_logs, forget_logs);
}
