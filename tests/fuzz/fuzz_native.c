/* The fast path reads the same values from a native record as the slow reader. */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/formats/native.h"
#include "tests/fuzz/fuzz_help.h"

static void same_text(struct text a, struct text b) {
	assert(text_eq(a, b));
}

static void compare(const struct record *a, const struct record *b) {
	assert(a->kind == b->kind);
	same_text(a->replica, b->replica);
	same_text(a->model, b->model);
	assert(a->relative_clock == b->relative_clock);
	if (a->kind == RECORD_STEP) {
		assert(memcmp(&a->step, &b->step, offsetof(struct step, duration_kind)) == 0);
		assert(a->step.duration_kind == b->step.duration_kind && a->step.flags == b->step.flags);
	} else if (a->kind == RECORD_REQUEST) {
		same_text(a->request.id, b->request.id);
		same_text(a->request.tenant, b->request.tenant);
		same_text(a->request.prefill_replica, b->request.prefill_replica);
		same_text(a->request.billing, b->request.billing);
		assert(memcmp(&a->request.arrival_ns, &b->request.arrival_ns, 10 * sizeof(int64_t)) == 0);
		assert(a->request.ok == b->request.ok && a->request.service == b->request.service && a->request.gateway == b->request.gateway);
		assert(a->request.exclusive_times == b->request.exclusive_times && a->request.server_id == b->request.server_id);
	} else if (a->kind == RECORD_WINDOW) {
		same_text(a->window.tenant, b->window.tenant);
		assert(memcmp(&a->window.start_ns, &b->window.start_ns, offsetof(struct window, cached_unknown) - offsetof(struct window, start_ns)) == 0);
		assert(a->window.input_is_computed == b->window.input_is_computed);
	} else {
		assert(a->power.at_ns == b->power.at_ns && a->power.milliwatts == b->power.milliwatts);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct format *format = format_named(T("native"))->format;
	struct quality quality = {0};
	struct parser p = {.state = calloc(1, format->state_size), .json = json_new(), .quality = &quality};
	struct text rest = fuzz_text(data, size), line;
	struct native_heads heads = {.tried = 0};
	struct record fast, slow;

	while (fuzz_line(&rest, &line)) {
		if (native_fast(&heads, line, &fast)) {
			assert(native_slow(&p, line, &slow) && !p.reason);
			compare(&fast, &slow);
		}
	}
	json_free(p.json);
	free(p.state);
	quality_release(&quality);
	return 0;
}
