/*
 * library.c: a program with libtollbook.a: what a million tokens cost, from logs and the price of a GPU-hour.
 *
 *     cc -I. samples/library.c build/libtollbook.a $(make libs) -pthread && ./a.out 2.49 logs/
 */
#include <inttypes.h>
#include <stdlib.h>

#include "library/tollbook.h"

static void warn(void *context, const char *sentence) {
	fprintf(context, "warning: %s\n", sentence);
}

int main(int argc, char **argv) {
	struct tollbook_settings s = TOLLBOOK_SETTINGS;
	struct tollbook_statement *statement;
	struct tollbook_message message;
	if (argc < 3) {
		fprintf(stderr, "expected the price of a GPU-hour, and logs\n");
		return 2;
	}
	s.gpu_hour_nano = (int64_t)(strtod(argv[1], NULL) * 1e9 + 0.5);
	s.logs = (const char *const *)&argv[2];
	s.log_count = (size_t)argc - 2;
	s.warn = warn;
	s.context = stderr;
	int status = tollbook_run(&s, &statement, &message);
	if (status < 0) {
		fprintf(stderr, "error: %s\n", message.text);
		return 3;
	}
	struct tollbook_totals t = tollbook_statement_totals(statement);
	printf("%" PRId64 " requests, %.3f GPU-hours, cost %.4f\n", t.requests, (double)t.capacity_ns / 3.6e12, (double)t.capacity_nano / 1e9);
	if (t.input_known && t.output_known) {
		printf("a million tokens: input %.2f, output %.2f\n", (double)t.input_nano / 1e9, (double)t.output_nano / 1e9);
	}
	tollbook_statement_free(statement);
	return status;
}
