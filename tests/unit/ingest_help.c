#include "tests/unit/unit.h"

#include "tests/unit/ingest_help.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

void bytes_add(struct bytes *b, struct text t) {
	/* Doubles the size each time: a sanitizer copies at every realloc. */
	if (b->room < b->len + t.len + 1) {
		b->room = 2 * (b->len + t.len + 1);
		b->at = must_realloc(b->at, b->room);
	}
	if (t.len > 0) {
		memcpy(b->at + b->len, t.at, t.len);
	}
	b->len += t.len;
}

void bytes_add_gzip(struct bytes *b, struct text plain) {
	z_stream z = {0};
	size_t room = plain.len + plain.len / 8 + 1024;
	unsigned char *out = must_alloc(room);

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)plain.at;
	z.avail_in = (unsigned)plain.len;
	z.next_out = out;
	z.avail_out = (unsigned)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	bytes_add(b, (struct text){(char *)out, room - z.avail_out});
	deflateEnd(&z);
	free(out);
}

void bytes_add_zstd(struct bytes *b, struct text plain) {
	size_t room = ZSTD_compressBound(plain.len);
	char *out = must_alloc(room);
	size_t len = ZSTD_compress(out, room, plain.at, plain.len, 3);

	assert_false(ZSTD_isError(len));
	bytes_add(b, (struct text){out, len});
	free(out);
}

void bytes_release(struct bytes *b) {
	free(b->at);
	*b = (struct bytes){0};
}

struct text bytes_text(const struct bytes *b) {
	return (struct text){b->at, b->len};
}

void place_init(struct place *p) {
	snprintf(p->at, sizeof p->at, "/tmp/tollbook-test-XXXXXX");
	assert_non_null(mkdtemp(p->at));
}

static void remove_all(const char *path) {
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	if (S_ISDIR(st.st_mode)) {
		DIR *dir = opendir(path);
		assert_non_null(dir);
		for (struct dirent *d; (d = readdir(dir));) {
			char inner[512];
			if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
				snprintf(inner, sizeof inner, "%s/%s", path, d->d_name);
				remove_all(inner);
			}
		}
		closedir(dir);
		rmdir(path);
	} else {
		unlink(path);
	}
}

void place_release(struct place *p) {
	remove_all(p->at);
}

const char *place_path(const struct place *p, const char *name, char out[256]) {
	snprintf(out, 256, "%s/%s", p->at, name);
	return out;
}

void place_write(const struct place *p, const char *name, struct text content) {
	char path[256];
	FILE *f = fopen(place_path(p, name, path), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(content.at, 1, content.len, f), content.len);
	assert_int_equal(fclose(f), 0);
}

void bench_init(struct bench *b, const char *format) {
	*b = (struct bench){.format = format_named(text_of(format))->format};
	quality_init(&b->quality);
	b->parser = (struct parser){
		.state = must_calloc(1, b->format->state_size),
		.json = json_new(),
		.stamps = {.now_ns = TEST_NOW_NS, .quality = &b->quality},
		.replica = T("host"),
		.latest_ns = TEST_NOW_NS,
		.quality = &b->quality,
	};
}

void bench_release(struct bench *b) {
	free(b->parser.state);
	json_free(b->parser.json);
	quality_release(&b->quality);
}

enum parse_result bench_line(struct bench *b, const char *line, int64_t stamp_ns, struct record *out) {
	struct text t = line ? text_of(line) : T("");

	return b->format->parse(&b->parser, line ? &t : NULL, stamp_ns, out);
}

static const char *number(int64_t n, char out[24]) {
	if (n == UNKNOWN) {
		return "?";
	}
	snprintf(out, 24, "%lld", (long long)n);
	return out;
}

/* " name=value" for each of the numbers. */
static void print_numbers(char *out, size_t size, const char *const *names, const int64_t *values, size_t count) {
	for (size_t i = 0; i < count; i++) {
		char digits[24];
		size_t len = strlen(out);
		snprintf(out + len, size - len, " %s=%s", names[i], number(values[i], digits));
	}
}

#define COUNT(array) (sizeof array / sizeof *array)

static void print_step(const struct step *s, char *out, size_t size) {
	static const char *const names[] = {"index", "start", "gpu", "pr", "pt", "pkv", "ptkv", "dr", "dt", "dkv", "pgpu",
	                                    "dgpu", "kind", "flags"};
	const int64_t values[] = {s->index, s->start_ns, s->gpu_ns, s->prefill_requests, s->prefill_tokens,
	                          s->prefill_kv_tokens, s->prefill_token_kv, s->decode_requests, s->decode_tokens,
	                          s->decode_kv_tokens, s->prefill_gpu_ns, s->decode_gpu_ns, s->duration_kind, s->flags};

	print_numbers(out, size, names, values, COUNT(names));
}

static void print_request(const struct request *q, char *out, size_t size) {
	static const char *const names[] = {"arrival", "scheduled", "first", "finish", "prompt", "cached", "write",
	                                    "completion", "reasoning", "preemptions", "ok", "service", "exclusive"};
	const int64_t values[] = {q->arrival_ns, q->scheduled_ns, q->first_token_ns, q->finish_ns, q->prompt_tokens,
	                          q->cached_tokens, q->cache_write_tokens, q->completion_tokens, q->reasoning_tokens,
	                          q->preemptions, q->ok, q->service, q->exclusive_times};
	size_t len = strlen(out);

	snprintf(out + len, size - len, " id=%.*s tenant=%.*s from=%.*s", TEXT_ARG(q->id), TEXT_ARG(q->tenant),
	         TEXT_ARG(q->prefill_replica));
	print_numbers(out, size, names, values, COUNT(names));
}

static void print_window(const struct window *w, char *out, size_t size) {
	static const char *const names[] = {"start", "end", "in", "cached", "out", "requests", "pgpu", "dgpu", "running",
	                                    "computed"};
	const int64_t values[] = {w->start_ns, w->end_ns, w->input_tokens, w->cached_tokens, w->output_tokens, w->requests,
	                          w->prefill_gpu_ns, w->decode_gpu_ns, w->running, w->input_is_computed};
	size_t len = strlen(out);

	snprintf(out + len, size - len, " tenant=%.*s", TEXT_ARG(w->tenant));
	print_numbers(out, size, names, values, COUNT(names));
	if (w->steps == UNKNOWN && w->first_tokens == UNKNOWN && w->prompt_tokens == UNKNOWN) {
		return;
	}
	/* what engines with counters of steps and prompts count: if it is known */
#define NAME(name) #name,
#define VALUE(name) w->name,
	static const char *const counts[] = {WINDOW_COUNTS(NAME)};
	const int64_t counted[] = {WINDOW_COUNTS(VALUE)};
	for (size_t i = 0; i < COUNT(counts); i++) {
		if (counted[i] != UNKNOWN) {
			print_numbers(out, size, &counts[i], &counted[i], 1);
		}
	}
}

const char *record_print(const struct record *r, char out[1024]) {
	static const char *const kinds[] = {"step", "request", "window", "power"};
	const size_t size = 1024;

	snprintf(out, size, "%s %.*s %.*s%s", kinds[r->kind], TEXT_ARG(r->replica), TEXT_ARG(r->model),
	         r->relative_clock ? " relative" : "");
	switch (r->kind) {
	case RECORD_STEP:
		print_step(&r->step, out, size);
		break;
	case RECORD_REQUEST:
		print_request(&r->request, out, size);
		break;
	case RECORD_WINDOW:
		print_window(&r->window, out, size);
		break;
	default: {
		size_t len = strlen(out);
		snprintf(out + len, size - len, " gpu=%.*s at=%lld mw=%lld", TEXT_ARG(r->power.gpu), (long long)r->power.at_ns,
		         (long long)r->power.milliwatts);
	}
	}
	return out;
}

static void append(char *out, size_t size, const char *prefix, const char *t) {
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s%s%s", len > 0 ? "\n" : "", prefix, t);
}

void bench_print_line(struct bench *b, const char *line, int64_t stamp_ns, char *out, size_t size) {
	enum parse_result result;
	struct record r;

	out[0] = '\0';
	do {
		char printed[1024];
		result = bench_line(b, line, stamp_ns, &r);
		if (result == PARSE_REJECT || result == PARSE_REJECT_AGAIN) {
			append(out, size, "!", b->parser.reason);
		} else if (result != PARSE_NONE) {
			append(out, size, "", record_print(&r, printed));
		}
	} while (result == PARSE_AGAIN || result == PARSE_REJECT_AGAIN || (!line && result == PARSE_RECORD));
}

void check_lines_of(const char *format, const struct expected_line *cases, size_t count) {
	struct bench b;

	bench_init(&b, format);
	for (size_t i = 0; i < count; i++) {
		char printed[8192];
		bench_print_line(&b, cases[i].line, cases[i].stamp_ns, printed, sizeof printed);
		if (strcmp(printed, cases[i].printed) != 0) {
			fail_msg("line %zu: %s\n     got: %s\nexpected: %s", i, cases[i].line ? cases[i].line : "(end)", printed,
			         cases[i].printed);
		}
	}
	bench_release(&b);
}

/* Records come from several threads. */
struct keeper {
	pthread_mutex_t lock;
	char **lines;
	size_t count;
};

static int keep_record(void *context, unsigned lane, const struct record *r, struct fault *why) {
	struct keeper *k = context;
	char *line = must_alloc(1024);

	(void)lane;
	(void)why;
	record_print(r, line);
	pthread_mutex_lock(&k->lock);
	k->lines = must_realloc(k->lines, (k->count + 1) * sizeof *k->lines);
	k->lines[k->count++] = line;
	pthread_mutex_unlock(&k->lock);
	return 0;
}

void run_init(struct run_result *r, struct ingest_options o) {
	struct keeper keeper = {.lock = PTHREAD_MUTEX_INITIALIZER};

	*r = (struct run_result){0};
	quality_init(&r->quality);
	o.now_ns = o.now_ns > 0 ? o.now_ns : TEST_NOW_NS;
	r->rc = ingest_run(&o, keep_record, &keeper, &r->quality, &r->why);
	if (keeper.count > 0) {
		qsort(keeper.lines, keeper.count, sizeof *keeper.lines, text_order_strings);
	}
	for (size_t i = 0; i < keeper.count; i++) {
		bytes_add(&r->records, text_of(keeper.lines[i]));
		bytes_add(&r->records, T("\n"));
		free(keeper.lines[i]);
	}
	bytes_add(&r->records, (struct text){"", 0});
	r->count = keeper.count;
	free(keeper.lines);
}

void run_release(struct run_result *r) {
	quality_release(&r->quality);
	bytes_release(&r->records);
}
