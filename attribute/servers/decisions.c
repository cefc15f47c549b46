/* decisions.c: what one day's evidence decides about names; and what days without enough evidence take from others. */
#include <stdlib.h>

#include "attribute/servers/servers_private.h"

static void note(struct servers *s, const struct name_verdict *v) {
	s->decided = must_grow_by_count(s->decided, s->decided_count, sizeof *s->decided);
	s->decided[s->decided_count++] = *v;
}

void servers_note_other(struct servers *s, name_id name, name_id with) {
	note(s, &(struct name_verdict){.name = name, .with = with, .decision = NAME_OTHER, .named = name});
}

/* Names that are two servers matter only if no third one is the name's server. */
static void drop_others(struct servers *s) {
	size_t kept = 0;

	for (size_t i = 0; i < s->decided_count; i++) {
		const struct server *one = servers_find(s, s->decided[i].name);
		if (!one || one->decision != NAME_SAME) {
			s->decided[kept++] = s->decided[i];
		}
	}
	s->decided_count = kept;
}

void servers_note_decisions(struct servers *s) {
	drop_others(s);
	for (size_t i = 0; i < s->count; i++) {
		const struct server *one = &s->at[i];
		if (one->decision != NAME_OPEN) {
			note(s, &(struct name_verdict){.name = one->sample.name, .with = one->with, .decision = one->decision, .named = one->named,
			                               .step_model = one->step_model, .shift_ns = one->shift_ns, .held = one->held, .dropped = one->dropped});
		}
	}
}

static bool is_before(const struct servers *s, const struct name_verdict *a, const struct name_verdict *b) {
	int order = names_order(s->names, a->name, b->name);

	return order != 0 ? order < 0 : names_order(s->names, a->with, b->with) < 0;
}

int servers_each_decision(const struct servers *s, verdict_sink *sink, void *context, struct fault *why) {
	int rc = 0;

	for (size_t i = 1; i < s->decided_count; i++) { /* few, and in the order of arrival, which may be another one tomorrow */
		struct name_verdict v = s->decided[i];
		size_t at = i;
		for (; at > 0 && is_before(s, &v, &s->decided[at - 1]); at--) {
			s->decided[at] = s->decided[at - 1];
		}
		s->decided[at] = v;
	}
	for (size_t i = 0; i < s->decided_count && rc >= 0; i++) {
		rc = sink(context, &s->decided[i], why);
	}
	return rc;
}

/* ---- decisions of other days ---- */

static bool has_records(const struct server *one) {
	return one->sample.all_steps + one->sample.all_requests + one->sample.all_windows > 0;
}

/* Does this evidence show that the names are two servers? */
static bool is_contradicted(const struct servers *s, const struct name_verdict *v) {
	for (size_t i = 0; i < s->decided_count; i++) {
		const struct name_verdict *d = &s->decided[i];
		if (d->decision == NAME_OTHER && d->name == v->name && d->with == v->with) {
			return true;
		}
	}
	return false;
}

static void find_contradiction(struct servers *s, const struct name_verdict *v) {
	const char *a = servers_text(s, v->with), *b = servers_text(s, v->name);

	quality_finding(s->quality, "identity", b, "--same", QUALITY_NO_AMOUNT,
	                "%s and %s are one server on other days, and do not match on some: there they are counted as two; resolve it with "
	                "--same %s=%s or --different %s=%s", a, b, a, b, a, b);
}

/* May it apply: is the name open here, and is its partner not another name's? */
static bool applies(struct servers *s, const struct server *one, const struct name_verdict *v) {
	const struct server *with = servers_find(s, v->with);

	if (one->decision == NAME_SAME || one->partly || servers_are_pair(&s->fleet->different, servers_text(s, v->name), servers_text(s, v->with))) {
		return false;
	}
	if (v->dropped && with && with->dropped && with->with == v->name) {
		return false; /* of two copies, one counts */
	}
	if (!has_records(one)) {
		return true;
	}
	if (v->decision == NAME_HELD && one->decision == NAME_OPEN && servers_have_windows_alone(one)) {
		return with && has_records(with); /* too few windows to show it again */
	}
	if (v->decision != NAME_SAME || v->dropped) {
		return false; /* a copy is detected by its records */
	}
	return !with || with->decision != NAME_SAME || with->with == v->name;
}

static void adopt(struct servers *s, struct server *one, const struct name_verdict *v) {
	one->named = v->named;
	one->step_model = v->step_model;
	one->shift_ns = v->shift_ns;
	one->held = v->held;
	one->dropped = v->dropped;
	one->decision = v->decision;
	one->with = v->with;
	one->matched = true;
	s->change = true;
	if (has_records(one) && one->sample.all_steps == 0) {
		quality_assume(s->quality, servers_text(s, v->named), NULL, "--different", NULL,
		               "%s and %s are the same server, as on other days: some days have too few records to show it",
		               servers_text(s, v->with), servers_text(s, v->name));
	}
}

void servers_adopt(struct servers *s) {
	for (size_t i = 0; i < s->adopted_count; i++) {
		const struct name_verdict *v = &s->adopted[i];
		struct server *one = servers_of(s, v->name); /* names without records are paid for, too */
		if (is_contradicted(s, v)) {
			find_contradiction(s, v);
		} else if (applies(s, one, v)) {
			adopt(s, one, v);
		}
	}
	for (size_t i = 0; i < s->count; i++) {
		const struct server *one = &s->at[i];
		if (one->decision == NAME_HELD && has_records(one)) {
			servers_say_held(s, one);
		}
	}
}
