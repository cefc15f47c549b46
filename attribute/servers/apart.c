/* apart.c: prefill and decode on separate servers, of which the requests name one. */
#include "attribute/servers/servers_private.h"

/* Steps with under a hundredth of the tokens compute no prompts. */
static bool hardly(int64_t part, int64_t whole) {
	return part <= whole / 100;
}

static bool only_prefills(const struct server *s) {
	const struct sample *a = &s->sample;

	return a->all_steps > 0 && a->step_prefill_ntok > 0 && hardly(a->step_decode_ntok, a->step_prefill_ntok) && !s->matched &&
	       a->all_requests == 0;
}

/* Do its steps compute none of the prompts of its requests, or of those joined to it? */
static bool only_decodes(const struct server *s, const struct server *requests) {
	return s->sample.all_steps > 0 && s->sample.step_decode_ntok > 0 && requests->sample.all_whole > 0 &&
	       hardly(s->sample.step_prefill_ntok, requests->sample.prompt_ntok);
}

/* Prompts of requests that a decode server's log reports are the work of the prefill server, if there is one. */
void servers_place_prompts(struct servers *s, struct server *requests) {
	struct server *decodes = servers_find(s, requests->named), *found = NULL;
	size_t count = 0;

	if (!decodes || !only_decodes(decodes->sample.all_steps > 0 ? decodes : requests, requests)) {
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
