/*
 * bench.c: the time of ingest, compared with zlib's inflate alone over the same files.
 *
 *   bench ROUNDS LIMIT1 LIMIT2 FILE FILE...
 *   bench --inflate FILE        zlib's inflate and nothing else
 *
 * Prints a table; LIMIT1 and LIMIT2 are the goals for one thread and for two, as multiples of inflate's time Z. Each
 * measurement is a separate process, the best of ROUNDS: its wall time, its CPU time and its peak memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "core/exact.h"
#include "ingest/bytes/source.h"
#include "ingest/ingest.h"

struct files {
	char **at;
	size_t count;
};

/* Printed, so that the compiler does not remove the computation. */
struct sums {
	int64_t steps, requests, windows, prefill_tokens, decode_requests, gpu_ns, prompt_tokens, completion_tokens;
	char padding[64]; /* lanes do not share a cache line */
};

struct measured {
	double wall, cpu;
	long kib;
};

static double seconds(clockid_t clock) {
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what) {
	fprintf(stderr, "bench: %s\n", what);
	exit(EXIT_FAILED);
}

/* Only zlib's inflate, over a buffer that remains in the cache. */
static void inflate_file(const char *path) {
	static unsigned char in[256 * 1024], out[256 * 1024];
	z_stream z = {0};
	FILE *file = fopen(path, "rb");
	int rc = Z_OK;

	if (!file || inflateInit2(&z, 15 + 16) != Z_OK) {
		fail(path);
	}
	while (rc != Z_STREAM_END && (z.avail_in = (unsigned)fread(in, 1, sizeof in, file)) > 0) {
		z.next_in = in;
		do {
			z.next_out = out;
			z.avail_out = sizeof out;
			rc = inflate(&z, Z_NO_FLUSH);
		} while (rc == Z_OK && z.avail_out == 0);
	}
	inflateEnd(&z);
	fclose(file);
}

static void inflate_all(const struct files *f, unsigned threads) {
	(void)threads;
	for (size_t i = 0; i < f->count; i++) {
		inflate_file(f->at[i]);
	}
}

static int64_t length_of(const char *path) {
	struct source *s;
	struct fault why;
	struct text block;
	int64_t bytes = 0;

	if (source_open(&s, path, (struct source_limits){0}, &why) < 0) {
		fail(why.message);
	}
	while (source_next(s, &block)) {
		bytes += (int64_t)block.len;
	}
	source_free(s);
	return bytes;
}

static int add_record(void *context, unsigned lane, const struct record *r, struct fault *why) {
	struct sums *s = (struct sums *)context + lane;

	(void)why;
	switch (r->kind) {
	case RECORD_STEP:
		s->steps++;
		s->prefill_tokens += r->step.prefill_tokens;
		s->decode_requests += r->step.decode_requests;
		s->gpu_ns += r->step.gpu_ns;
		break;
	case RECORD_REQUEST:
		s->requests++;
		s->prompt_tokens += r->request.prompt_tokens;
		s->completion_tokens += r->request.completion_tokens;
		break;
	default:
		s->windows++;
	}
	return 0;
}

static void print_sums(const struct sums *s, unsigned lanes) {
	struct sums all = {0};

	for (unsigned i = 0; i < lanes; i++) {
		all.steps += s[i].steps;
		all.requests += s[i].requests;
		all.windows += s[i].windows;
		all.prefill_tokens += s[i].prefill_tokens;
		all.decode_requests += s[i].decode_requests;
		all.gpu_ns += s[i].gpu_ns;
		all.prompt_tokens += s[i].prompt_tokens;
		all.completion_tokens += s[i].completion_tokens;
	}
	printf("  %" PRId64 " steps, %" PRId64 " requests, %" PRId64 " windows; prefill tokens %" PRId64 ", decode requests %" PRId64
	       ", gpu_ns %" PRId64 ", prompt tokens %" PRId64 ", completion tokens %" PRId64 "\n",
	       all.steps, all.requests, all.windows, all.prefill_tokens, all.decode_requests, all.gpu_ns, all.prompt_tokens,
	       all.completion_tokens);
}

static struct ingest_source *sources_of(const struct files *f) {
	struct ingest_source *sources = must_calloc(f->count, sizeof *sources);

	for (size_t i = 0; i < f->count; i++) {
		sources[i].path = f->at[i];
		sources[i].log_year = 2020;
	}
	return sources;
}

static void ingest_with_sums(const struct files *f, unsigned threads, bool print) {
	struct quality quality;
	struct fault why;
	struct sums *sums = must_calloc(threads, sizeof *sums);
	struct ingest_options o = {.sources = sources_of(f), .source_count = f->count, .threads = threads};

	quality_init(&quality);
	if (ingest_run(&o, add_record, sums, &quality, &why) < 0) {
		fail(why.message);
	}
	if (quality_has_findings(&quality)) {
		fail("the log has findings");
	}
	if (print) {
		print_sums(sums, threads);
	}
}

static void ingest_all(const struct files *f, unsigned threads) {
	ingest_with_sums(f, threads, false);
}

/* Runs it in a separate process. */
static struct measured measure_once(void (*run)(const struct files *f, unsigned threads), const struct files *f, unsigned threads) {
	struct rusage used;
	int status;
	double from = seconds(CLOCK_MONOTONIC);
	pid_t child = fork();

	if (child == 0) {
		run(f, threads);
		_exit(0);
	}
	if (child < 0 || wait4(child, &status, 0, &used) < 0 || status != 0) {
		fail("a measurement failed");
	}
	return (struct measured){
		.wall = seconds(CLOCK_MONOTONIC) - from,
		.cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
		.kib = used.ru_maxrss,
	};
}

static void better(struct measured *best, struct measured m) {
	best->wall = m.wall < best->wall ? m.wall : best->wall;
	best->cpu = m.cpu < best->cpu ? m.cpu : best->cpu;
	best->kib = m.kib > best->kib ? m.kib : best->kib;
}

static void print_row(const char *what, struct measured m, struct measured z, double megabytes, double limit) {
	printf("  %-28s %8.3f s wall %8.3f s CPU %7.0f MB/s %6.2f Z wall %6.2f Z CPU %6.1f MiB", what, m.wall, m.cpu,
	       megabytes / m.wall, m.wall / z.wall, m.cpu / z.cpu, (double)m.kib / 1024);
	if (limit > 0) {
		printf("   goal %.1f Z: %s", limit, m.wall <= limit * z.wall ? "met" : "missed");
	}
	printf("\n");
}

int main(int argc, char **argv) {
	struct measured z = {1e9, 1e9, 0}, one = z, two = z;
	int64_t rounds, limit1, limit2, bytes = 0;
	struct text t1, t2;

	if (argc == 2 && strcmp(argv[1], "--isal") == 0) { /* the inflater that it was built with */
#ifdef TOLLBOOK_ISAL
		return 0;
#else
		return 1;
#endif
	}
	if (argc == 3 && strcmp(argv[1], "--inflate") == 0) {
		inflate_file(argv[2]);
		return 0;
	}
	if (argc < 5 || !text_to_i64(text_of(argv[1]), &rounds)) {
		fprintf(stderr, "usage: bench ROUNDS LIMIT1 LIMIT2 FILE...\n");
		return EXIT_USAGE;
	}
	t1 = text_of(argv[2]);
	t2 = text_of(argv[3]);
	if (!text_take_fixed(&t1, 1, &limit1) || !text_take_fixed(&t2, 1, &limit2)) {
		fail("a limit is not a number");
	}
	struct files f = {argv + 4, (size_t)argc - 4};
	for (size_t i = 0; i < f.count; i++) {
		bytes += length_of(f.at[i]);
	}
	ingest_with_sums(&f, 2, true);
	for (int64_t i = 0; i < rounds; i++) {
		better(&z, measure_once(inflate_all, &f, 1));
		better(&one, measure_once(ingest_all, &f, 1));
		better(&two, measure_once(ingest_all, &f, 2));
	}
	double megabytes = (double)bytes / 1e6;
	print_row("zlib inflate alone (Z)", z, z, megabytes, 0);
	print_row("ingest, one thread", one, z, megabytes, (double)limit1 / 10);
	if (f.count > 1) {
		print_row("ingest, two threads", two, z, megabytes, (double)limit2 / 10);
	}
	return 0;
}
