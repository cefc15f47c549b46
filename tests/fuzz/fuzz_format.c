/* Any bytes as a log of one format, FORMAT: as a whole run reads it, envelopes and all. */
#include <assert.h>
#include <unistd.h>

#include "core/exact.h"
#include "ingest/format.h"
#include "tests/fuzz/fuzz_help.h"

extern const char *replay_format; /* what FORMAT is in replay.c */

static int look(void *context, unsigned lane, const struct record *r, struct fault *why) {
	size_t *texts = context;

	(void)lane;
	(void)why;
	assert(r->kind < RECORD_KINDS && r->line > 0);
	*texts += r->replica.len + r->model.len;
	if (r->kind == RECORD_STEP) {
		assert(r->step.gpu_ns >= 0 && r->step.gpu_ns <= STEP_MAX_NS);
		assert(r->step.prefill_tokens >= 0 && r->step.decode_requests >= 0);
	} else if (r->kind == RECORD_REQUEST) {
		assert(r->request.prompt_tokens >= 0 && r->request.cached_tokens >= 0 && r->request.completion_tokens >= 0);
		assert(r->request.cached_tokens <= r->request.prompt_tokens);
		*texts += r->request.id.len + r->request.tenant.len;
	} else if (r->kind == RECORD_WINDOW) {
		assert(r->window.end_ns > r->window.start_ns);
		assert(r->window.input_tokens >= 0 && r->window.output_tokens >= 0);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char path[64];
	size_t texts = 0;
	struct quality quality;
	struct fault why;
	int fd = fuzz_file(data, size, path);
	struct ingest_source source = {.path = path, .replica = T("r"), .log_format = FORMAT};
	struct ingest_options o = {.sources = &source, .source_count = 1, .threads = 1, .max_line_bytes = 65536,
	                           .now_ns = INT64_C(1793491200) * NS_PER_SECOND};

	quality_init(&quality);
	assert(ingest_run(&o, look, &texts, &quality, &why) == 0);
	quality_release(&quality);
	close(fd);
	return 0;
}
