/*
 * End to end: the bytes of a log, through its format and attribution, to a statement in every rendering. The identity
 * (capacity = all that is posted, for each replica) is asserted within; here, that it never fails.
 */
#define _GNU_SOURCE /* memfd_create */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "library/tollbook.h"
#include "tests/fuzz/fuzz_help.h"

static const char *const formats[] = {"table", "csv", "json", "jsonl", "html", "focus", "prometheus", "journal", "beancount"};

static void render(const struct tollbook_statement *st) {
	struct tollbook_message message = {{0}};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		char *bytes = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&bytes, &len);
		int rc = tollbook_statement_write(st, formats[i], out, &message);
		fclose(out);
		assert(rc == 0 && len > 0);
		if (strcmp(formats[i], "json") == 0) {
			struct json *json = json_new();
			assert(json_parse(json, (struct text){bytes, len}, NULL));
			json_free(json);
		}
		free(bytes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	int fd = memfd_create("log", 0);
	char path[40];

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	const char *logs[] = {path};
	struct tollbook_settings settings = TOLLBOOK_SETTINGS;
	settings.logs = logs;
	settings.log_count = 1;
	settings.gpu_hour_nano = INT64_C(2000000000);
	settings.by = "hour,tenant";
	struct tollbook_statement *st = NULL;
	struct tollbook_message message = {{0}};
	int rc = tollbook_run(&settings, &st, &message);
	assert(rc >= 0 || (!strstr(message.text, "this is a bug") && !strstr(message.text, "does not fit")));
	if (rc >= 0) {
		struct tollbook_totals t = tollbook_statement_totals(st);
		assert(t.capacity_ns >= 0 && t.requests >= 0 && t.input_ntok >= 0 && t.output_ntok >= 0);
		render(st);
	}
	tollbook_statement_free(st);
	close(fd);
	return 0;
}
