/* copies.c: one log under two names. */
#include "attribute/evidence/servers_private.h"

/* Whose evidence says the same, but for names: over half of the marks of one kind are in both. */
static const char *copied(const struct sample *a, const struct sample *b) {
	const struct {
		const char *what;
		const struct marks *a, *b;
		bool overlap;
	} kinds[] = {
		{"steps", &a->step_marks, &b->step_marks, servers_overlap(a->first_step_ns, a->last_step_ns, b->first_step_ns, b->last_step_ns)},
		{"requests", &a->request_marks, &b->request_marks,
	         servers_overlap(a->first_request_ns, a->last_request_ns, b->first_request_ns, b->last_request_ns)},
		{"windows", &a->window_marks, &b->window_marks,
	         servers_overlap(a->first_window_ns, a->last_window_ns, b->first_window_ns, b->last_window_ns)},
	};
	size_t both, of;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		marks_compare(kinds[i].a, kinds[i].b, &both, &of);
		if (kinds[i].overlap && 2 * both > of) {
			return kinds[i].what;
		}
	}
	return NULL;
}

/* Of two copies the one that says more counts, else the one whose name the fleet file knows, else the first by name. */
static bool says_more(const struct servers *s, const struct server *a, const struct server *b) {
	const struct sample *x = &a->sample, *y = &b->sample;
	int kinds_x = (x->all_steps > 0) + (x->all_requests > 0), kinds_y = (y->all_steps > 0) + (y->all_requests > 0);
	bool known_x = servers_own_pool(s, x->name, 0), known_y = servers_own_pool(s, y->name, 0);
	int64_t all_x = x->all_steps + x->all_requests + x->all_windows, all_y = y->all_steps + y->all_requests + y->all_windows;

	if (kinds_x != kinds_y) {
		return kinds_x > kinds_y;
	}
	if (known_x != known_y) {
		return known_x;
	}
	bool coarse_x = x->step_count > 0 && x->steps[0].coarse, coarse_y = y->step_count > 0 && y->steps[0].coarse;
	if (coarse_x != coarse_y) {
		return coarse_y;
	}
	return all_x != all_y ? all_x > all_y : names_order(s->names, x->name, y->name) < 0;
}

static void drop_copy(struct servers *s, struct server *kept, struct server *copy, const char *what) {
	const char *a = servers_text(s, kept->sample.name), *b = servers_text(s, copy->sample.name);

	copy->dropped = copy->matched = copy->held = true;
	s->change = true;
	if (servers_are_pair(&s->fleet->same, a, b)) {
		quality_assume(s->quality, b, a, "--same", NULL, "%s is a copy of %s: counted once", b, a);
		return;
	}
	quality_finding(s->quality, "counted-twice", b, "--different", QUALITY_NO_AMOUNT,
	                "%s and %s report the same %s, which would be counted twice: only %s is counted; remove one "
			"of the logs, or resolve it with --same %s=%s or --different %s=%s", a, b, what, a, a, b, a, b);
}

void servers_find_copies(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		for (size_t k = i + 1; k < s->count && !s->at[i].dropped; k++) {
			struct server *a = &s->at[i], *b = &s->at[k];
			const char *what = b->dropped ? NULL : copied(&a->sample, &b->sample);
			if (!what || servers_are_pair(&s->fleet->different, servers_text(s, a->sample.name), servers_text(s, b->sample.name))) {
				continue;
			}
			bool first = says_more(s, a, b);
			drop_copy(s, first ? a : b, first ? b : a, what);
		}
	}
}
