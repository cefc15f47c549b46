/* Any bytes as steps and requests, eight bytes each: a verdict with figures within their bounds. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "attribute/servers/identity_events.h"
#include "core/exact.h"
#include "tests/fuzz/fuzz_help.h"

enum { STEPS = 512, REQUESTS = 512 };

/* The first byte's bits: a request, without its first token, without its end, long gap, coarse, follows. */
static void take(const uint8_t *b, struct id_step *s, size_t *steps, struct id_request *r, size_t *requests, int64_t *now_ns) {
	uint16_t gap, tokens;

	memcpy(&gap, b + 1, sizeof gap);
	memcpy(&tokens, b + 3, sizeof tokens);
	*now_ns += gap * ((b[0] & 8) ? NS_PER_SECOND : NS_PER_SECOND / 1000);
	if (b[0] & 1) {
		r[(*requests)++] = (struct id_request){.first_ns = (b[0] & 2) ? INT64_MIN : *now_ns, .prompt_tokens = tokens,
		                                       .finish_ns = (b[0] & 4) ? INT64_MIN : *now_ns + b[5] * (NS_PER_SECOND / 100)};
	} else {
		s[(*steps)++] = (struct id_step){.end_ns = *now_ns, .duration_ns = b[5] * (NS_PER_SECOND / 1000), .prefill_tokens = tokens,
		                                 .prompts = b[6], .decoders = b[7], .coarse = b[0] & 16, .follows = b[0] & 32};
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct id_step steps[STEPS];
	struct id_request requests[REQUESTS];
	struct id_steps s = {steps, 0};
	struct id_requests r = {requests, 0, size % 2 == 0};
	struct id_result out = {0};
	int64_t now_ns = INT64_C(1786406365) * NS_PER_SECOND;

	for (size_t i = 0; i + 8 <= size && s.count < STEPS && r.count < REQUESTS; i += 8) {
		take(data + i, steps, &s.count, requests, &r.count, &now_ns);
	}
	identity_test(&s, &r, &out);
	assert(out.verdict <= ID_DIFFERENT && out.matched >= 0 && out.matched <= out.events);
	assert(isfinite(out.statistic) && isfinite(out.gap) && out.coverage >= 0 && out.coverage <= 1);
	assert(out.tokens >= 0 && out.tokens <= 1 && out.spread_ns >= 0);
	identity_agreement(&s, &r, &(int64_t){0});
	struct both of_steps = events_of_steps(&s), of_requests = events_of_requests(&r);
	assert(identity_votes(&of_steps.first, &of_requests.first, r.cached_known, 10 * NS_PER_SECOND, 40000000) >= 0);
	events_release(&of_steps);
	events_release(&of_requests);
	return 0;
}
