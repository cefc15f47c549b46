/* test_ingest.c: whole runs: several files and threads, directories, damaged tails, standard input. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files/files.h"
#include "tests/unit/ingest_help.h"

#define START 1786406365000000000

/* Steps number `from` up to `to`, native lines. */
static struct bytes steps(int from, int to) {
	struct bytes b = {0};

	for (int i = from; i < to; i++) {
		char line[256];
		snprintf(line, sizeof line,
		         "{\"schema\":\"tollbook.step.v1\",\"model\":\"m\",\"step\":%d,\"start_ns\":%lld,\"gpu_ns\":1000}\n", i,
		         (long long)START + i * 2000LL);
		bytes_add(&b, text_of(line));
	}
	return b;
}

/* A file of a directory with `stored`, and the result of a run over it. */
static struct run_result run_bytes(struct text stored, struct ingest_options o) {
	struct place place;
	char path[256];
	struct run_result r;

	place_init(&place);
	place_write(&place, "gpu-1.log.gz", stored);
	struct ingest_source source = {.path = place_path(&place, "gpu-1.log.gz", path)};
	o.sources = &source;
	o.source_count = 1;
	run_init(&r, o);
	assert_int_equal(r.rc, 0);
	place_release(&place);
	return r;
}

TEST(compression_and_blocks_do_not_matter) {
	static const size_t blocks[] = {0, 16, 97, 4096};
	struct bytes plain = steps(0, 3000), gzip = {0}, zstd = {0};

	bytes_add_gzip(&gzip, text_cut(bytes_text(&plain), 0, 5000));
	bytes_add_gzip(&gzip, text_cut(bytes_text(&plain), 5000, plain.len));
	bytes_add_zstd(&zstd, bytes_text(&plain));
	struct run_result expected = run_bytes(bytes_text(&plain), (struct ingest_options){0});
	assert_int_equal(expected.count, 3000);
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		const struct text stored[] = {bytes_text(&plain), bytes_text(&gzip), bytes_text(&zstd)};
		for (size_t k = 0; k < 3; k++) {
			struct run_result r = run_bytes(stored[k], (struct ingest_options){.block_bytes = blocks[i]});
			assert_true(text_eq(bytes_text(&r.records), bytes_text(&expected.records)));
			assert_int_equal(r.quality.lines, 3000);
			assert_false(quality_has_findings(&r.quality));
			run_release(&r);
		}
	}
	run_release(&expected);
	bytes_release(&plain);
	bytes_release(&gzip);
	bytes_release(&zstd);
}

/* Records before the damage are read; the damage is reported, with its place. */
TEST(damaged_tail) {
	struct bytes plain = steps(0, 3000), gzip = {0};

	bytes_add_gzip(&gzip, bytes_text(&plain));
	struct run_result r = run_bytes(text_cut(bytes_text(&gzip), 0, gzip.len / 2), (struct ingest_options){0});
	assert_in_range(r.count, 100, 2999);
	assert_int_equal(r.quality.damage_count, 1);
	assert_string_equal(r.quality.damages[0].reason, "gzip data cut off");
	assert_int_equal(r.quality.damages[0].offset, gzip.len / 2);
	/* The last line may be truncated, too. */
	assert_in_range(r.quality.reject_count, 0, 1);
	assert_int_equal(r.quality.input_count, 1);
	assert_string_equal(r.quality.inputs[0].format, "native");
	assert_int_equal(r.quality.inputs[0].records, r.count);
	run_release(&r);
	bytes_release(&plain);
	bytes_release(&gzip);
}

/* d/a.log, d/b/1.log.gz, d/b/2.log and a link to the parent. */
static void fill_directory(const struct place *p, int lines) {
	char path[256], target[256];
	struct bytes a = steps(0, lines), b = steps(lines, 2 * lines), c = steps(2 * lines, 3 * lines), packed = {0};

	assert_int_equal(mkdir(place_path(p, "d", path), 0700), 0);
	assert_int_equal(mkdir(place_path(p, "d/b", path), 0700), 0);
	bytes_add(&c, T("damaged\n"));
	bytes_add_gzip(&packed, bytes_text(&b));
	place_write(p, "d/a.log", bytes_text(&a));
	place_write(p, "d/b/1.log.gz", bytes_text(&packed));
	place_write(p, "d/b/2.log", bytes_text(&c));
	assert_int_equal(symlink(place_path(p, "d", target), place_path(p, "d/b/up", path)), 0);
	bytes_release(&a);
	bytes_release(&b);
	bytes_release(&c);
	bytes_release(&packed);
}

TEST(directories_and_threads) {
	struct place place;
	struct bytes first = {0};
	char path[256];

	place_init(&place);
	fill_directory(&place, 500);
	struct ingest_source source = {.path = place_path(&place, "d", path)};
	for (unsigned threads = 1; threads <= 4; threads++) {
		struct run_result r;
		run_init(&r, (struct ingest_options){.sources = &source, .source_count = 1, .threads = threads});
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.count, 1500);
		assert_int_equal(r.quality.lines, 1501);
		assert_int_equal(r.quality.input_count, 3);
		assert_int_equal(r.quality.reject_count, 1);
		assert_string_equal(r.quality.rejects[0].reason, "invalid JSON");
		assert_int_equal(r.quality.rejects[0].lines, 1);
		assert_non_null(strstr(r.quality.rejects[0].first, "d/b/2.log:501"));
		if (threads == 1) {
			bytes_add(&first, bytes_text(&r.records));
		}
		assert_true(text_eq(bytes_text(&first), bytes_text(&r.records)));
		run_release(&r);
	}
	bytes_release(&first);
	place_release(&place);
}

/* What the command line states of a source, and the file's own name, are used where the log has nothing. */
TEST(names_of_sources) {
	struct place place;
	char a[256], b[256];
	struct bytes lines = steps(0, 1);
	struct run_result r;

	place_init(&place);
	place_write(&place, "gpu-7.log", bytes_text(&lines));
	place_write(&place, "x.log", T("{\"prompt_tokens\":3,\"finish_ns\":1786406365000000000}"));
	const struct ingest_source sources[] = {
		{.path = place_path(&place, "gpu-7.log", a)},
		{.path = place_path(&place, "x.log", b), .replica = T("rx"), .model = T("mx"), .tenant = T("tx")},
	};
	run_init(&r, (struct ingest_options){.sources = sources, .source_count = 2});
	assert_int_equal(r.count, 2);
	assert_non_null(strstr(r.records.at, "step gpu-7 m "));
	assert_non_null(strstr(r.records.at, "request rx mx id= tenant=tx "));
	run_release(&r);
	bytes_release(&lines);
	place_release(&place);
}

TEST(standard_input) {
	struct place place;
	char path[256];
	struct bytes lines = steps(0, 10), packed = {0};
	const struct ingest_source source = {.path = "-"};
	struct run_result r;

	place_init(&place);
	bytes_add_gzip(&packed, bytes_text(&lines));
	place_write(&place, "in", bytes_text(&packed));
	int kept = dup(STDIN_FILENO), fd = open(place_path(&place, "in", path), O_RDONLY);
	assert_true(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	run_init(&r, (struct ingest_options){.sources = &source, .source_count = 1});
	dup2(kept, STDIN_FILENO);
	close(kept);
	close(fd);
	assert_int_equal(r.count, 10);
	assert_string_equal(r.quality.inputs[0].file, "stdin");
	assert_non_null(strstr(r.records.at, "step stdin m "));
	run_release(&r);
	bytes_release(&lines);
	bytes_release(&packed);
	place_release(&place);
}

TEST(missing_empty_and_foreign) {
	struct place place;
	char a[256], b[256], c[256];
	struct run_result r;

	place_init(&place);
	place_write(&place, "empty", T(""));
	place_write(&place, "foreign", T("\x7f" "ELF\0\0\n\0\1\2\3\nzzz"));
	const struct ingest_source sources[] = {{.path = place_path(&place, "empty", a)},
	                                        {.path = place_path(&place, "foreign", b)},
	                                        {.path = place_path(&place, "missing", c)}};
	run_init(&r, (struct ingest_options){.sources = sources, .source_count = 3});
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.count, 0);
	assert_int_equal(r.quality.warning_count, 2);
	assert_int_equal(r.quality.damage_count, 1);
	assert_string_equal(r.quality.damages[0].reason, "cannot be opened: No such file or directory");
	assert_int_equal(r.quality.reject_count, 1);
	assert_string_equal(r.quality.rejects[0].reason, "no known format");
	run_release(&r);
	place_release(&place);
}

TEST(quarantine_keeps_refused_lines) {
	struct place place;
	char in[256], out[256];
	struct bytes lines = steps(0, 2);
	struct run_result r;
	struct text kept;
	struct fault why;

	bytes_add(&lines, T("{\"schema\":\"tollbook.step.v1\",\"gpu_ns\":-5}\r\nnot JSON\n"));
	place_init(&place);
	place_write(&place, "l", bytes_text(&lines));
	const struct ingest_source source = {.path = place_path(&place, "l", in)};
	run_init(&r, (struct ingest_options){
			.sources = &source, .source_count = 1, .quarantine = place_path(&place, "q", out)});
	assert_int_equal(r.count, 2);
	assert_int_equal(r.quality.reject_count, 2);
	assert_int_equal(file_read(out, 1000, &kept, &why), 0);
	assert_string_equal(kept.at, "{\"schema\":\"tollbook.step.v1\",\"gpu_ns\":-5}\n<3 bytes> <4 bytes>\n");
	free((char *)(uintptr_t)kept.at);
	run_release(&r);
	bytes_release(&lines);
	place_release(&place);
}

/* A line without end is rejected as a whole and in little memory; the text after it is read. */
TEST(long_lines) {
	struct bytes lines = steps(0, 2), more = steps(2, 3);

	for (int i = 0; i < 100; i++) {
		bytes_add(&lines, T("0123456789012345678901234567890123456789012345678901234567890123456789"));
	}
	bytes_add(&lines, T("\n"));
	bytes_add(&lines, bytes_text(&more));
	struct run_result r = run_bytes(bytes_text(&lines), (struct ingest_options){.max_line_bytes = 1000});
	assert_int_equal(r.count, 3);
	assert_int_equal(r.quality.lines, 4);
	assert_string_equal(r.quality.rejects[0].reason, "line too long");
	run_release(&r);
	bytes_release(&lines);
	bytes_release(&more);
}

static int stop_after_two(void *context, unsigned lane, const struct record *r, struct fault *why) {
	int *count = context;

	(void)lane;
	(void)r;
	return ++*count < 2 ? 0 : fault_set(why, ERROR_RANGE, "enough");
}

TEST(a_failing_sink_stops_the_run) {
	struct place place;
	char path[256];
	struct bytes lines = steps(0, 100);
	struct quality quality;
	struct fault why;
	int count = 0;

	place_init(&place);
	place_write(&place, "l", bytes_text(&lines));
	quality_init(&quality);
	const struct ingest_source source = {.path = place_path(&place, "l", path)};
	const struct ingest_options o = {.sources = &source, .source_count = 1, .now_ns = TEST_NOW_NS};
	assert_int_equal(ingest_run(&o, stop_after_two, &count, &quality, &why), ERROR_RANGE);
	assert_string_equal(why.message, "enough");
	assert_int_equal(count, 2);
	quality_release(&quality);
	bytes_release(&lines);
	place_release(&place);
}

TEST(unknown_format_name) {
	const struct ingest_source source = {.path = "x", .log_format = "no-such"};
	struct run_result r;

	run_init(&r, (struct ingest_options){.sources = &source, .source_count = 1});
	assert_int_equal(r.rc, ERROR_CONFIG);
	assert_non_null(strstr(r.why.message, "no-such"));
	run_release(&r);
}

/* ---- which folders ---- */

static int note_found(void *list, const char *name, const struct ingest_found *found, const struct ingest_source *source) {
	struct bytes *b = list;

	(void)source;
	bytes_add(b, text_of(strrchr(name, '/') - 1));
	bytes_add(b, found->linked ? T(" linked\n") : T("\n"));
	return 0;
}

/* One file of each folder, and all links: what may be read is known from these. */
TEST(folders_only) {
	static const char *const files[] = {"a/x", "a/y", "a/z", "a/b/x", "a/b/y"};
	struct place place;
	struct bytes found = {0};
	struct quality quality;
	char path[256], target[256];

	place_init(&place);
	assert_int_equal(mkdir(place_path(&place, "a", path), 0700), 0);
	assert_int_equal(mkdir(place_path(&place, "a/b", path), 0700), 0);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		place_write(&place, files[i], T("line\n"));
	}
	assert_int_equal(symlink(place_path(&place, "a/x", target), place_path(&place, "a/b/link", path)), 0);
	struct ingest_source source = {.path = place_path(&place, "a", path)};
	quality_init(&quality);
	assert_int_equal(ingest_files(&(struct ingest_options){.sources = &source, .source_count = 1, .folders_only = true}, note_found, &found, &quality), 0);
	size_t lines = 0;
	for (size_t i = 0; i < found.len; i++) {
		lines += found.at[i] == '\n';
	}
	assert_int_equal(lines, 3);
	assert_true(text_find(bytes_text(&found), T("b/link linked\n")) != SIZE_MAX);
	assert_true(text_find(bytes_text(&found), T("a/")) != SIZE_MAX);
	quality_release(&quality);
	bytes_release(&found);
	place_release(&place);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compression_and_blocks_do_not_matter),
		cmocka_unit_test(damaged_tail),
		cmocka_unit_test(directories_and_threads),
		cmocka_unit_test(names_of_sources),
		cmocka_unit_test(standard_input),
		cmocka_unit_test(missing_empty_and_foreign),
		cmocka_unit_test(quarantine_keeps_refused_lines),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(a_failing_sink_stops_the_run),
		cmocka_unit_test(unknown_format_name),
		cmocka_unit_test(folders_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
