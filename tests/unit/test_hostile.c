/* test_hostile.c: hostile files: each is counted by name and place, and the run continues. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/bytes/source.h"
#include "tests/unit/ingest_help.h"

#define START 1786406365000000000LL
#ifdef __SANITIZE_ADDRESS__
#define MANY_FILES 2000 /* each allocation is watched */
#else
#define MANY_FILES 100000
#endif

static struct bytes steps(int from, int to) {
	struct bytes b = {0};

	for (int i = from; i < to; i++) {
		char line[256];
		snprintf(line, sizeof line,
		         "{\"schema\":\"tollbook.step.v1\",\"model\":\"m\",\"step\":%d,\"start_ns\":%lld,\"gpu_ns\":1000}\n", i,
		         START + i * 2000LL);
		bytes_add(&b, text_of(line));
	}
	return b;
}

static struct run_result run_path(const char *path, struct ingest_options o) {
	struct ingest_source source = {.path = path, .log_zone = NULL};
	struct run_result r;

	o.sources = &source;
	o.source_count = 1;
	run_init(&r, o);
	assert_int_equal(r.rc, 0);
	return r;
}

/* Native lines; the reason for rejecting each, with its line; NULL: read. */
TEST(lines_of_all_kinds) {
#define STEP(more) "{\"schema\":\"tollbook.step.v1\",\"start_ns\":1786406365000000000,\"gpu_ns\":5" more "}"
	static const struct {
		struct text line;
		const char *reason;
	} cases[] = {
#define LINE(literal) {literal, sizeof(literal) - 1}
		{LINE("\xef\xbb\xbf" STEP("") "\r"), NULL},
		{LINE(STEP(",\"model\":\"\xff\xfe\"")), NULL},
		{LINE(STEP(",\"decode_requests\":-1")), "negative count"},
		{LINE(STEP(",\"decode_requests\":1000000001")), "absurd count"},
		{LINE(STEP(",\"decode_requests\":1e400")), "wrong type of value"},
		{LINE(STEP(",\"decode_requests\":1.5")), "wrong type of value"},
		{LINE("{\"schema\":\"tollbook.step.v1\",\"start_ns\":1420070399999999999,\"gpu_ns\":5}"), "instant before 2015"},
		{LINE("{\"schema\":\"tollbook.step.v1\",\"start_ns\":1793664000000000000,\"gpu_ns\":5}"), "instant in the future"},
		{LINE("{\"schema\":\"tollbook.step.v1\",\"start_ns\":9223372036854775807,\"gpu_ns\":5}"), "instant in the future"},
		{LINE(STEP(",\"x\":\0")), "invalid JSON"},
		{LINE("\0\0\0\0" STEP("")), NULL}, /* a gap that a system crash left */
		{LINE(STEP(",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1"
		           "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")), "invalid JSON"},		{LINE(STEP(",\"decode_requests\":1,\"decode_requests\":2")), NULL},
	};
	struct place place;
	struct bytes b = {0};
	char path[256];
	int64_t read = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bytes_add(&b, cases[i].line);
		bytes_add(&b, T("\n"));
		read += cases[i].reason == NULL;
	}
	place_init(&place);
	place_write(&place, "l", bytes_text(&b));
	struct run_result r = run_path(place_path(&place, "l", path), (struct ingest_options){0});
	assert_int_equal(r.count, read);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool found = cases[i].reason == NULL;
		for (size_t k = 0; k < r.quality.reject_count && !found; k++) {
			found = strcmp(r.quality.rejects[k].reason, cases[i].reason) == 0 && r.quality.rejects[k].first;
		}
		if (!found) {
			fail_msg("line %zu was not refused as '%s'", i + 1, cases[i].reason);
		}
	}
	assert_non_null(strstr(r.records.at, "dr=2 "));
	assert_int_equal(r.quality.warning_count, 1);
	assert_non_null(strstr(r.quality.warnings[0], "1 line: a key appears twice in a record: the last one counts, first at "));
	assert_non_null(strstr(r.quality.warnings[0], "l:13"));
	run_release(&r);
	bytes_release(&b);
	place_release(&place);
}

TEST(a_number_of_400_digits) {
	struct place place;
	struct bytes b = {0};
	char digits[401], path[256];

	memset(digits, '7', 400);
	digits[400] = '\0';
	bytes_add(&b, T("{\"schema\":\"tollbook.step.v1\",\"start_ns\":1786406365000000000,\"gpu_ns\":5,\"decode_requests\":"));
	bytes_add(&b, text_of(digits));
	bytes_add(&b, T("}\n"));
	place_init(&place);
	place_write(&place, "l", bytes_text(&b));
	struct run_result r = run_path(place_path(&place, "l", path), (struct ingest_options){0});
	assert_int_equal(r.count, 0);
	assert_string_equal(r.quality.rejects[0].reason, "absurd count");
	run_release(&r);
	bytes_release(&b);
	place_release(&place);
}

/* A writer with a path and a duration. */
struct writer {
	const char *path;
	struct bytes lines;
	bool truncate, rename;
};

static void *write_slowly(void *argument) {
	struct writer *w = argument;
	int fd = open(w->path, O_WRONLY | O_APPEND);

	assert_true(fd >= 0);
	for (size_t at = 0; at < w->lines.len; at += 4096) {
		struct text piece = text_cut(bytes_text(&w->lines), at, at + 4096);
		assert_int_equal(write(fd, piece.at, piece.len), piece.len);
	}
	if (w->truncate) {
		assert_int_equal(ftruncate(fd, 0), 0);
	}
	close(fd);
	return NULL;
}

TEST(a_fifo) {
	struct place place;
	char path[256];
	pthread_t thread;

	place_init(&place);
	assert_int_equal(mkfifo(place_path(&place, "pipe.log", path), 0600), 0);
	struct writer w = {.path = path, .lines = steps(0, 1000)};
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &w), 0);
	struct run_result r = run_path(path, (struct ingest_options){0});
	pthread_join(thread, NULL);
	assert_int_equal(r.count, 1000);
	assert_false(quality_has_findings(&r.quality));
	run_release(&r);
	bytes_release(&w.lines);
	place_release(&place);
}

/* Without a terminal, a run does not wait for a pipe; nor for pipes in a folder. */
TEST(a_pipe_of_a_night) {
	struct place place;
	char path[256], folder[256];

	place_init(&place);
	assert_int_equal(mkfifo(place_path(&place, "pipe.log", path), 0600), 0);
	memcpy(folder, path, strlen(path) + 1);
	*strrchr(folder, '/') = '\0';
	char link[300];
	snprintf(link, sizeof link, "%s/link.log", folder);
	assert_int_equal(symlink("/proc/kmsg", link), 0); /* a system file; reading it blocks */
	snprintf(link, sizeof link, "%s/proc", folder);
	assert_int_equal(symlink("/proc", link), 0); /* each process in it leads to all files again */
	struct run_result r = run_path(folder, (struct ingest_options){0});
	assert_int_equal(r.count, 0);
	run_release(&r);
	struct source *s;
	struct fault why;
	assert_int_equal(source_open(&s, path, (struct source_limits){.regular_only = true}, &why), ERROR_IO);
	assert_int_equal(source_open(&s, "/proc/self/status", (struct source_limits){.regular_only = true}, &why), ERROR_IO);
	place_release(&place);
}

/* A log that grows while it is read: its first lines are complete, no line is read twice, only the last may be cut. */
TEST(a_growing_file) {
	struct place place;
	char path[256];
	pthread_t thread;
	struct bytes first = steps(0, 20000);

	place_init(&place);
	place_write(&place, "g.log", bytes_text(&first));
	struct writer w = {.path = place_path(&place, "g.log", path), .lines = steps(20000, 40000)};
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &w), 0);
	struct run_result r = run_path(path, (struct ingest_options){.block_bytes = 4096});
	pthread_join(thread, NULL);
	assert_in_range(r.count, 20000, 40000);
	assert_in_range(r.quality.lines - (int64_t)r.count, 0, 1);
	run_release(&r);
	bytes_release(&first);
	bytes_release(&w.lines);
	place_release(&place);
}

/* Rotation by copy and truncation: records read before remain, and the run succeeds. */
TEST(a_truncated_file) {
	struct place place;
	char path[256];
	pthread_t thread;
	struct bytes first = steps(0, 50000);

	place_init(&place);
	place_write(&place, "t.log", bytes_text(&first));
	struct writer w = {.path = place_path(&place, "t.log", path), .truncate = true};
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &w), 0);
	struct run_result r = run_path(path, (struct ingest_options){.block_bytes = 64});
	pthread_join(thread, NULL);
	assert_in_range(r.count, 0, 50000);
	assert_in_range(r.quality.lines - (int64_t)r.count, 0, 1);
	run_release(&r);
	bytes_release(&first);
	place_release(&place);
}

struct mover {
	const char *from, *to;
};

static int rename_at_once(void *context, unsigned lane, const struct record *r, struct fault *why) {
	struct mover *m = context;

	(void)lane;
	(void)r;
	(void)why;
	if (m->from) {
		assert_int_equal(rename(m->from, m->to), 0);
		m->from = NULL;
	}
	return 0;
}

/* Rotation by renaming: the file that was opened is read to its end. */
TEST(a_renamed_file) {
	struct place place;
	char from[256], to[256];
	struct bytes lines = steps(0, 20000);
	struct quality quality;
	struct fault why;

	place_init(&place);
	place_write(&place, "r.log", bytes_text(&lines));
	struct mover m = {place_path(&place, "r.log", from), place_path(&place, "r.log.1", to)};
	const struct ingest_source source = {.path = from};
	quality_init(&quality);
	assert_int_equal(ingest_run(&(struct ingest_options){.sources = &source, .source_count = 1, .now_ns = TEST_NOW_NS, .block_bytes = 4096},
	                            rename_at_once, &m, &quality, &why), 0);
	assert_int_equal(quality.steps, 20000);
	assert_false(quality_has_findings(&quality));
	quality_release(&quality);
	bytes_release(&lines);
	place_release(&place);
}

TEST(copies_are_read_once) {
	struct place place;
	char path[256], other[256];
	struct bytes a = steps(0, 100), b = steps(100, 200);

	place_init(&place);
	assert_int_equal(mkdir(place_path(&place, "d", path), 0700), 0);
	place_write(&place, "d/a.log", bytes_text(&a));
	place_write(&place, "d/b.log", bytes_text(&b)); /* often equal sizes, never equal bytes */
	place_write(&place, "d/c.log", bytes_text(&a));
	assert_int_equal(symlink(place_path(&place, "d/b.log", other), place_path(&place, "d/z.log", path)), 0);
	struct run_result r = run_path(place_path(&place, "d", path), (struct ingest_options){0});
	assert_int_equal(r.count, 200);
	assert_int_equal(r.quality.damage_count, 1);
	assert_non_null(strstr(r.quality.damages[0].file, "d/c.log"));
	assert_non_null(strstr(r.quality.damages[0].reason, "the same bytes as"));
	assert_non_null(strstr(r.quality.damages[0].reason, "d/a.log"));
	assert_int_equal(r.quality.warning_count, 1);
	assert_non_null(strstr(r.quality.warnings[0], "d/z.log is another name of "));
	run_release(&r);
	bytes_release(&a);
	bytes_release(&b);
	place_release(&place);
}

/* 100,000 files: all are read, in little memory. */
TEST(a_directory_of_many_files) {
	struct place place;
	char path[256], name[64], line[256];
	struct rusage used;

	place_init(&place);
	assert_int_equal(mkdir(place_path(&place, "d", path), 0700), 0);
	for (int i = 0; i < MANY_FILES; i++) {
		snprintf(name, sizeof name, "d/%06d.log", i);
		snprintf(line, sizeof line, "{\"schema\":\"tollbook.step.v1\",\"step\":%d,\"start_ns\":%lld,\"gpu_ns\":1000}\n", i, START + i);
		int fd = open(place_path(&place, name, path), O_WRONLY | O_CREAT, 0600);
		assert_true(fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line));
		close(fd);
	}
	struct ingest_source source = {.path = place_path(&place, "d", path)};
	struct quality quality;
	struct fault why;
	struct mover none = {0};
	quality_init(&quality);
	assert_int_equal(ingest_run(&(struct ingest_options){.sources = &source, .source_count = 1, .now_ns = TEST_NOW_NS}, rename_at_once,
	                            &none, &quality, &why), 0);
	assert_int_equal(quality.steps, MANY_FILES);
	assert_int_equal(quality.input_count, MANY_FILES);
	assert_false(quality_has_findings(&quality));
	getrusage(RUSAGE_SELF, &used);
	print_message("%d files: %ld MiB\n", MANY_FILES, used.ru_maxrss / 1024);
	quality_release(&quality);
	place_release(&place);
}

/* Clocks go back in Berlin on 2025-10-26 at 3:00; the year turns; both are handled and counted. */
TEST(stamps_that_step_back) {
#define ITERATION(stamp, index) \
	"INFO " stamp " [core.py:1] Iteration(" index "): 0 context requests, 0 context tokens, 1 generation requests, 1 generation tokens, " \
	"iteration elapsed time: 1.00 ms\n"
	struct place place;
	char path[256];
	struct fault why;
	struct zone *berlin = zone_new(T("Europe/Berlin"), &why);
	struct run_result r;

	if (!berlin) {
		skip();
	}
	place_init(&place);
	place_write(&place, "v.log", T(ITERATION("10-26 02:59:59", "1") ITERATION("10-26 02:00:01", "2") ITERATION("12-31 23:59:59", "3")
	                               ITERATION("01-01 00:00:01", "4") ITERATION("01-01 00:00:02", "5") ITERATION("12-31 22:00:00", "6")));
	const struct ingest_source source = {.path = place_path(&place, "v.log", path), .log_zone = berlin, .log_year = 2025};
	run_init(&r, (struct ingest_options){.sources = &source, .source_count = 1});
	assert_int_equal(r.count, 6);
	assert_non_null(strstr(r.records.at, "index=1 start=1761440398999000000 ")); /* 2025-10-26T00:59:59Z */
	assert_non_null(strstr(r.records.at, "index=2 start=1761440400999000000 ")); /* two seconds later */
	assert_non_null(strstr(r.records.at, "index=4 start=1767222000999000000 ")); /* 2025-12-31T23:00:01Z */
	assert_int_equal(r.quality.warning_count, 3);
	assert_non_null(strstr(r.quality.warnings[0], "1 line: a local hour that occurred twice, as clocks went back, first at "));
	assert_non_null(strstr(r.quality.warnings[1], "1 line: the year changed at a timestamp without a year, first at "));
	assert_non_null(strstr(r.quality.warnings[2], "1 line: timestamp far before the previous one, first at "));
	run_release(&r);
	place_release(&place);
	zone_free(berlin);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_all_kinds),    cmocka_unit_test(a_number_of_400_digits), cmocka_unit_test(a_fifo),
		cmocka_unit_test(a_pipe_of_a_night),
		cmocka_unit_test(a_growing_file),        cmocka_unit_test(a_truncated_file),       cmocka_unit_test(a_renamed_file),
		cmocka_unit_test(copies_are_read_once),  cmocka_unit_test(a_directory_of_many_files),
		cmocka_unit_test(stamps_that_step_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
