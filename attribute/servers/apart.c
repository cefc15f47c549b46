/* apart.c: prefill and decode on separate servers, of which the requests name one, or none. */
#include <stdlib.h>

#include "attribute/servers/servers_private.h"

static bool only_prefills(const struct server *s) {
	const struct sample *a = &s->sample;

	return a->all_steps > 0 && a->step_prefill_ntok > 0 && events_hardly(a->step_decode_ntok, a->step_prefill_ntok) && !s->matched &&
	       a->all_requests == 0;
}

/* Do its steps compute none of the prompts of its requests, or of those joined to it? */
static bool only_decodes(const struct server *s, const struct server *requests) {
	return s->sample.all_steps > 0 && s->sample.step_decode_ntok > 0 && requests->sample.all_whole > 0 &&
	       events_hardly(s->sample.step_prefill_ntok, requests->sample.prompt_ntok);
}

/* Prompts of requests that a decode server's log reports are the work of the prefill server, if there is one. */
void servers_place_prompts(struct servers *s, struct server *requests) {
	struct server *decodes = servers_find(s, requests->named), *found = NULL;
	size_t count = 0;

	if (requests->prefill != 0 || !decodes || !only_decodes(decodes->sample.all_steps > 0 ? decodes : requests, requests)) {
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		struct server *p = &s->at[i];
		if (only_prefills(p) && servers_models_alike(s, p->sample.step_model, requests->sample.request_model) &&
		    servers_times_overlap(&p->sample, &requests->sample)) {
			count++;
			found = p;
		}
	}
	const char *name = servers_text(s, requests->named);
	if (count == 1) {
		requests->prefill = found->named;
		s->change = true;
		quality_assume(s->quality, name, servers_text(s, found->named), NULL, NULL,
		               "%s only decodes: the prompts of its requests are computed by %s", name, servers_text(s, found->named));
	} else if (count > 1) {
		quality_finding(s->quality, "counted-twice", name, NULL, QUALITY_NO_AMOUNT,
		                "%s only decodes, and %zu servers only prefill: the prompts of its requests are counted twice; give "
		                "requests that name both (\"prefill_replica\")", name, count);
	}
}

/* ---- requests that name neither ---- */

#define REQUESTS_MOST 1000

static int by_finish(const void *a, const void *b) {
	const struct id_request *x = a, *y = b;

	return (x->finish_ns > y->finish_ns) - (x->finish_ns < y->finish_ns);
}

/* Compares a part of the requests with steps: their first tokens, or their finishes. */
static struct id_result test_part(const struct sample *steps, const struct sample *requests, bool first) {
	const struct id_steps all = {steps->steps, steps->step_count};
	struct id_requests some = sample_common(steps, requests, REQUESTS_MOST);
	struct id_request *at = (struct id_request *)(uintptr_t)some.at;
	struct id_result r = {.verdict = ID_UNDECIDED};

	for (size_t i = 0; i < some.count; i++) {
		*(first ? &at[i].finish_ns : &at[i].first_ns) = INT64_MIN;
	}
	if (!first && some.count > 1) {
		qsort(at, some.count, sizeof *at, by_finish);
	}
	if (some.count > 0) {
		identity_test(&all, &some, &r);
	}
	free(at);
	return r;
}

static bool only_generates(const struct server *s) {
	const struct sample *a = &s->sample;

	return a->all_steps > 0 && a->step_decode_ntok > 0 && events_hardly(a->step_prefill_ntok, a->step_decode_ntok) && !s->matched && a->all_requests == 0;
}

/* The servers of one phase that may have handled the requests: how many, and the one that clearly did, if any. */
struct phase {
	size_t count;
	struct server *found;
	struct id_result result;
};

static struct phase phase_of(struct servers *s, struct server *requests, bool first) {
	struct phase p = {.result = {.statistic = 0}};
	double second = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		if (!(first ? only_prefills(one) : only_generates(one)) || !servers_may_be_one(s, one, requests)) {
			continue;
		}
		p.count++;
		struct id_result r = test_part(&one->sample, &requests->sample, first);
		bool better = r.verdict == ID_SAME && r.statistic > p.result.statistic;
		second = better ? p.result.statistic : r.verdict == ID_SAME && r.statistic > second ? r.statistic : second;
		p.found = better ? one : p.found;
		p.result = better ? r : p.result;
	}
	/* the steps of a server that prefills for several names match all prompts of each; one that decodes a part matches a part */
	bool all = first || p.result.matched >= p.result.events - p.result.events / 4;
	p.found = all && p.result.statistic > 2 * second ? p.found : NULL;
	return p;
}

static void join_both(struct servers *s, struct server *requests, const struct phase *prefill, const struct phase *decode) {
	struct server *a = prefill->found, *b = decode->found;
	int64_t off = prefill->result.offset_ns;
	name_id shown = servers_shown_name(s, &b->sample, &requests->sample);

	requests->named = b->named = shown;
	requests->prefill = a->named;
	requests->shift_ns = llabs(off) > 2000000 && llabs(off) > prefill->result.spread_ns ? off : 0;
	b->matched = requests->matched = s->change = true; /* the one that prefills may do so for others, too */
	b->decision = requests->decision = NAME_SAME;
	b->with = requests->sample.name;
	requests->with = b->sample.name;
	quality_assume(s->quality, servers_text(s, shown), servers_text(s, a->named), "--different", NULL,
	               "%s: %s computes the prompts (%lld of %lld first tokens match its steps) and %s decodes (%lld of %lld finishes)",
	               servers_text(s, requests->sample.name), servers_text(s, a->sample.name), (long long)prefill->result.matched,
	               (long long)prefill->result.events, servers_text(s, b->sample.name), (long long)decode->result.matched,
	               (long long)decode->result.events);
}

bool servers_place_apart(struct servers *s, struct server *requests) {
	if (requests->sample.all_whole == 0) {
		return false;
	}
	struct phase prefill = phase_of(s, requests, true), decode = phase_of(s, requests, false);
	if (prefill.count == 0 || decode.count == 0 || (!prefill.found && !decode.found)) {
		return false;
	}
	if (prefill.found && decode.found) {
		join_both(s, requests, &prefill, &decode);
	} else {
		servers_hold(s, prefill.found ? prefill.found : decode.found, requests, true);
	}
	return true;
}
