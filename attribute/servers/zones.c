/* zones.c: requests under a separate name that match steps some quarters of an hour away: a log was read in the wrong zone. */
#include <stdlib.h>

#include "attribute/servers/servers_private.h"
#include "core/error.h"
#include "core/instant.h"

#define QUARTER_NS (900 * NS_PER_SECOND)
/* Zones differ by up to 14 hours and a half from UTC. */
#define QUARTERS_MOST 58
/* Both logs begin at about the same time. */
#define BEGIN_NEAR_NS (120 * NS_PER_SECOND)
#define REQUESTS_MOST 200
/* Servers that are compared with a name. */
#define COMPARED_MOST 4

/* By how much the requests would have to be moved; false: not by quarters of an hour. */
static bool shift_between(const struct sample *steps, const struct sample *requests, int64_t *shift_ns) {
	int64_t off_ns;

	if (__builtin_sub_overflow(requests->first_request_ns, steps->first_step_ns, &off_ns) || off_ns == INT64_MIN || llabs(off_ns) > (QUARTERS_MOST + 1) * QUARTER_NS) {
		return false;
	}
	*shift_ns = instant_floor(off_ns + QUARTER_NS / 2, QUARTER_NS);
	return *shift_ns != 0 && llabs(off_ns - *shift_ns) <= BEGIN_NEAR_NS;
}

static int64_t moved(int64_t at_ns, int64_t shift_ns) {
	int64_t ns;

	return at_ns == UNKNOWN || __builtin_sub_overflow(at_ns, shift_ns, &ns) ? UNKNOWN : ns;
}

static bool match_moved(const struct sample *steps, const struct sample *requests, int64_t shift_ns) {
	size_t count = requests->request_count < REQUESTS_MOST ? requests->request_count : REQUESTS_MOST;
	struct id_request *at = must_alloc((count + 1) * sizeof *at);
	struct id_result r;

	for (size_t i = 0; i < count; i++) {
		at[i] = requests->requests[i];
		at[i].first_ns = moved(at[i].first_ns, shift_ns);
		at[i].finish_ns = moved(at[i].finish_ns, shift_ns);
	}
	identity_test(&(struct id_steps){steps->steps, steps->step_count}, &(struct id_requests){at, count, requests->cached_known}, &r);
	free(at);
	return r.verdict == ID_SAME;
}

static void find_zone(struct servers *s, const struct server *requests) {
	const char *name = servers_text(s, requests->sample.name);
	size_t compared = 0;

	for (size_t i = 0; i < s->count && compared < COMPARED_MOST; i++) {
		const struct server *one = &s->at[i];
		const char *steps = servers_text(s, one->sample.name);
		int64_t shift_ns;
		if (one->sample.step_count == 0 || one->dropped || !servers_models_alike(s, one->sample.step_model, requests->sample.request_model) ||
		    servers_are_pair(&s->fleet->different, steps, name) || !shift_between(&one->sample, &requests->sample, &shift_ns)) {
			continue;
		}
		compared++;
		if (match_moved(&one->sample, &requests->sample, shift_ns)) {
			quality_finding(s->quality, "counted-twice", name, "--log-zone", QUALITY_NO_AMOUNT,
			                "%s and %s are one server whose logs are read in different time zones: its requests match its steps "
					"%lld minutes %s, and are counted twice; give --log-zone, or correct the times of one",
			                steps, name, (long long)(llabs(shift_ns) / (60 * NS_PER_SECOND)), shift_ns > 0 ? "later" : "earlier");
			return;
		}
	}
}

void servers_find_zones(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		const struct server *one = &s->at[i];
		if (servers_have_requests_alone(one)) {
			find_zone(s, one);
		}
	}
}
