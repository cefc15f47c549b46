/* several.c: steps of several servers under one name. */
#include <stdio.h>

#include "attribute/servers/servers_private.h"

void servers_note_chain(struct server *one, const struct item *item) {
	if (item->kind == ITEM_STEP) {
		chains_add_step(&one->chains, (const struct step_item *)item);
		one->coarse |= (((const struct step_item *)item)->flags & STEP_COARSE_CLOCK) != 0;
	}
}

/* Chains are counted again while items are changed. */
static void begin_chains(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		chains_init(&s->at[i].chains);
	}
}

static name_id part_name(const struct servers *s, const struct server *one, size_t part) {
	char name[512];
	int len = snprintf(name, sizeof name, "%s#%zu", servers_text(s, one->named), part + 1);

	return len > 0 && (size_t)len < sizeof name ? names_id(s->names, (struct text){name, (size_t)len}) : one->named;
}

struct text name_logged(struct text name) {
	for (size_t at = name.len; at > 0; at--) {
		if (name.at[at - 1] == '#') {
			return text_cut(name, 0, at - 1);
		}
	}
	return name;
}

void servers_part_requests(struct servers *s, struct server *one) {
	name_id steps = part_name(s, one, 0);

	one->requests = part_name(s, one, 1);
	one->named = steps;
	s->change = true;
}

/* Names with steps of several servers and no other records. */
bool servers_find_several(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		const char *name = servers_text(s, one->named);
		if (one->coarse || one->sample.all_requests + one->sample.all_windows > 0 || !chains_are_several(&one->chains)) {
			continue;
		}
		one->several = s->several = s->change = true;
		for (size_t k = 0; k < one->chains.count; k++) {
			one->part[k] = part_name(s, one, chains_place(&one->chains, k));
			one->part_first_ns[k] = one->chains.at[k].first_ns;
			one->part_last_ns[k] = one->chains.at[k].end_ns;
		}
		char value[32];
		snprintf(value, sizeof value, "%zu", one->chains.count);
		quality_assume(s->quality, name, value, "--replica", NULL,
		               "%s: its step numbers show %zu servers at once: they are named %s#1 to %s#%zu", name, one->chains.count,
		               name, name, one->chains.count);
	}
	begin_chains(s);
	return s->several;
}

/* What is known about the name's other days is not known about each part: it begins and ends with its steps. */
void servers_clip_part(const struct servers *s, name_id name, size_t part, int64_t from_ns, int64_t to_ns, int64_t *first_ns, int64_t *last_ns) {
	const struct server *one = servers_find(s, name);

	if (!one || !one->several) {
		return;
	}
	if (one->part_first_ns[part] >= from_ns && one->part_first_ns[part] > *first_ns) {
		*first_ns = one->part_first_ns[part];
	}
	if (one->part_last_ns[part] < to_ns && one->part_last_ns[part] < *last_ns) {
		*last_ns = one->part_last_ns[part];
	}
}

bool servers_decide_again(const struct servers *s) {
	return s->several;
}

name_id servers_named_part(const struct servers *s, name_id name, size_t part) {
	const struct server *one = servers_find(s, name);

	if (one && one->several) {
		return part < CHAINS_MOST && one->part[part] != 0 ? one->part[part] : 0;
	}
	return part == 0 ? servers_named(s, name) : part == 1 && one ? one->requests : 0;
}
