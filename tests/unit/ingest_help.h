/* ingest_help.h: shared by the tests of ingest/: temporary files, packing, and a sink that stores records. */
#ifndef TESTS_INGEST_HELP_H
#define TESTS_INGEST_HELP_H

#include "core/text.h"
#include "ingest/format.h"
#include "ingest/ingest.h"

/* 2026-11-01T00:00:00Z: the present of these tests. */
#define TEST_NOW_NS INT64_C(1793491200000000000)

/* A growing buffer. */
struct bytes {
	char *at;
	size_t len, room;
};
void bytes_add(struct bytes *b, struct text t);
void bytes_add_gzip(struct bytes *b, struct text plain);
void bytes_add_zstd(struct bytes *b, struct text plain);
void bytes_release(struct bytes *b);
struct text bytes_text(const struct bytes *b);

/* Makes a directory for one test, and removes it with its content. */
struct place {
	char at[64];
};
void place_init(struct place *p);
void place_release(struct place *p);
/* The path of a name in it, written to `out`. */
const char *place_path(const struct place *p, const char *name, char out[256]);
void place_write(const struct place *p, const char *name, struct text content);

/* A format outside of a run: parses lines one after another. */
struct bench {
	struct parser parser;
	struct quality quality;
	const struct format *format;
};
void bench_init(struct bench *b, const char *format);
void bench_release(struct bench *b);
/* Parses one line; expects at most one record of it. */
enum parse_result bench_line(struct bench *b, const char *line, int64_t stamp_ns, struct record *out);

/* A record as one line of text, every field in it, to compare with what is expected. */
const char *record_print(const struct record *r, char out[1024]);

/* A line and its result: printed records and "!reason"s, separated by newlines; "" nothing. */
struct expected_line {
	const char *line; /* NULL: the end of the file */
	int64_t stamp_ns; /* of the envelope */
	const char *printed;
};
/* Feeds the lines to a format, one after another. */
void check_lines_of(const char *format, const struct expected_line *cases, size_t count);
#define CHECK_LINES_OF(format, cases) check_lines_of(format, cases, sizeof cases / sizeof *cases)
/* The result of a line, as in expected_line. */
void bench_print_line(struct bench *b, const char *line, int64_t stamp_ns, char *out, size_t size);

/* The result of a run: the printed records, one per line, sorted. */
struct run_result {
	struct quality quality;
	struct bytes records;
	size_t count;
	int rc;
	struct fault why;
};
/* Runs with test defaults for options that `o` does not set. */
void run_init(struct run_result *r, struct ingest_options o);
void run_release(struct run_result *r);

#endif
