/*
 * End to end: the bytes of a log, through its format and attribution, to a statement in every rendering; of every 16th
 * input also into a book, night by night. Asserted here: nothing fails, the statement is valid JSON, and the book has the
 * GPU time and tokens of the run. (The identity, capacity = all that is posted for each replica, is asserted within.)
 *
 * mutate.c changes inputs: lines and values of fields, in addition to bytes.
 */
#define _GNU_SOURCE /* memfd_create, nftw */
#include <assert.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "book/book.h"
#include "book/from_logs.h"
#include "book/pages.h"
#include "core/json.h"
#include "tests/fuzz/fuzz_help.h"

#define BOOK_ONE_IN 16
/* After all timestamps of the corpus. */
#define NOW "2027-01-01T00:00:00Z"

/* Always JSON, and one of the others. */
static const char *const formats[] = {"table", "csv", "jsonl", "html", "focus", "prometheus", "journal", "beancount", "markdown"};
/* Small catalogues, because reading the built-in ones takes too long for each input. */
static const char gpus[] = "{\"schema\":\"tollbook.gpus.v1\",\"gpus\":[{\"name\":\"H100-SXM\",\"aliases\":[\"H100\"],\"dense_tflops\":{\"bf16\":989},"
                           "\"bandwidth_gb_s\":3350,\"memory_gb\":80,\"tdp_watts\":700,\"idle_watts\":70,\"source\":\"a test\"}]}";
static const char prices[] =
	"{\"schema\":\"tollbook.prices.v1\",\"date\":\"2024-01-01\",\"currency\":\"USD\",\"providers\":[{\"id\":\"p\",\"claims\":{\"contains\":"
	"\"m\"},\"models\":[{\"id\":\"m\",\"match\":{\"contains\":\"m\"},\"prices\":[{\"input\":\"2.5\",\"cache_read\":\"1.25\",\"output\":\"10\"}]}]}]}";

struct work {
	char prices[64], gpus[64], log[64], book[64];
	int price_fd, gpu_fd;
	const char *price_list[1], *logs[1];
	struct terminal silent;
};

static void render(const struct statement *st, const char *format) {
	const struct rendering_options plain = {.width = 100};
	struct fault why = {0};
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);
	int rc = statement_render(st, format, &plain, out, &why);

	fclose(out);
	assert(rc == 0 && len > 0);
	if (strcmp(format, "json") == 0) {
		struct json *json = json_new();
		assert(json_parse(json, (struct text){bytes, len}, NULL));
		json_free(json);
	}
	free(bytes);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static struct book_settings settings_of(struct work *w) {
	struct book_settings set = {.gpu_hour_nano = INT64_C(2000000000), .gpus_file = w->gpus, .book = w->book, .format = "json", .idle_proportional = true, .threads = 1,
	                            .prices = {w->price_list, 1}, .logs = {w->logs, 1},
	                            .by = {{BY_MODEL, BY_TENANT}, 2, false}};
	w->price_list[0] = w->prices;
	w->logs[0] = w->log;
	return set;
}

static void assert_no_bug(int rc, const struct fault *why) {
	assert(rc >= 0 || (why->message[0] && !strstr(why->message, "this is a bug") && !strstr(why->message, "does not fit")));
}

/* The same log into a book: the same GPU time and tokens. */
static void keep(struct work *w, const struct statement_totals *run) {
	struct book_settings set = settings_of(w);
	struct book b;
	struct logs logs = {0};
	struct fault why = {0};
	struct book_statement s = {.from_ns = INT64_MIN, .to_ns = INT64_MAX, .as_of = INT64_MAX - 1};

	int rc = book_open(&b, &set, &w->silent, LEDGER_CREATE, true, &why);
	assert(rc == 0);
	rc = settings_logs(&set, &w->silent, &logs, &why);
	rc = rc < 0 ? rc : book_ingest(&b, &logs, &why);
	logs_release(&logs);
	assert_no_bug(rc, &why);
	rc = rc < 0 ? rc : book_begin(&b, "attribute", &why);
	rc = rc < 0 ? rc : book_attribute(&b, &why);
	rc = rc < 0 ? rc : book_commit_run(&b, &why);
	assert_no_bug(rc, &why);
	rc = rc < 0 ? rc : book_state(&b, &s, &why);
	assert_no_bug(rc, &why);
	if (rc > 0) {
		struct statement_totals t = statement_totals(s.statement);
		if (!quality_has_findings(&b.quality)) {
			assert(t.capacity_ns == run->capacity_ns && t.input_ntok == run->input_ntok && t.output_ntok == run->output_ntok);
		}
	}
	book_statement_release(&s);
	book_close(&b);
}

static void run(struct work *w, unsigned sum) {
	static const struct pages_settings no_pages;
	struct book_settings set = settings_of(w);
	struct from_logs *j = NULL;
	struct fault why = {0};
	int rc = from_logs_new(&j, &set, &w->silent, &no_pages, &why);

	/* A server's sums in one run have 64 bits; a log may report many GPUs over months (docs/limits.md). */
	assert(strstr(why.message, "292 GPU-years") || (assert_no_bug(rc, &why), true));
	if (rc == 0) {
		struct statement_totals t = statement_totals(from_logs_statement(j));
		assert(t.capacity_ns >= 0 && t.requests >= 0 && t.input_ntok >= 0 && t.output_ntok >= 0);
		render(from_logs_statement(j), "json");
		render(from_logs_statement(j), formats[sum / BOOK_ONE_IN % (sizeof formats / sizeof *formats)]);
		if (sum % BOOK_ONE_IN == 0) {
			keep(w, &t);
		}
	}
	from_logs_free(j);
}

static FILE *nowhere;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct work w = {0};
	unsigned sum = 0;

	nowhere = nowhere ? nowhere : fopen("/dev/null", "w");
	w.silent = (struct terminal){.out = nowhere, .quiet = true};
	setenv("TOLLBOOK_NOW", NOW, 1);
	for (size_t i = 0; i < size; i++) {
		sum = sum * 31 + data[i];
	}
	w.price_fd = fuzz_file((const uint8_t *)prices, sizeof prices - 1, w.prices);
	w.gpu_fd = fuzz_file((const uint8_t *)gpus, sizeof gpus - 1, w.gpus);
	int fd = fuzz_file(data, size, w.log);
	snprintf(w.book, sizeof w.book, "/dev/shm/tollbook-fuzz-%d", (int)getpid());
	run(&w, sum);
	if (sum % BOOK_ONE_IN == 0) {
		(void)nftw(w.book, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
	close(fd);
	close(w.price_fd);
	close(w.gpu_fd);
	return 0;
}
