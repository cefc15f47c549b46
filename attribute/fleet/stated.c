#include "core/model/roofline.h"
#include "attribute/fleet/stated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct stated *find(const struct fleet *f, name_id replica) {
	for (size_t i = 0; i < f->stated_count; i++) {
		if (f->stated[i].replica == replica) {
			return &f->stated[i];
		}
	}
	return NULL;
}

/* "vllm" of "vllm/1" and "vllm#2"; empty if it is no such name. */
static struct text name_above(struct text name) {
	size_t at = name.len;

	while (at > 0 && name.at[at - 1] >= '0' && name.at[at - 1] <= '9') {
		at--;
	}
	bool part = at > 1 && at < name.len && (name.at[at - 1] == '/' || name.at[at - 1] == '#');
	return text_cut(name, 0, part ? at - 1 : 0);
}

/* For "vllm/1", an engine of "vllm", and "vllm#2", another server in its log, the value that the log of "vllm" states. */
static const struct stated *find_or_above(const struct fleet *f, struct names *names, name_id replica) {
	const struct stated *s = f->stated_count > 0 ? find(f, replica) : NULL;
	struct text name = names_text(names, replica);

	while (!s && f->stated_count > 0 && (name = name_above(name)).len > 0) {
		name_id above = names_find(names, name);
		s = above != 0 ? find(f, above) : NULL;
	}
	return s;
}

const struct pool *fleet_fallback_of(const struct fleet *f, struct names *names, name_id replica) {
	const struct stated *s = f->gpus_given ? NULL : find_or_above(f, names, replica);

	return s ? s->pool : &f->fallback;
}

bool fleet_gpus_known(const struct fleet *f, struct names *names, name_id replica) {
	return f->gpus_given || find_or_above(f, names, replica);
}

void fleet_forget_stated(struct fleet *f) {
	for (size_t i = 0; i < f->stated_count; i++) {
		free(f->stated[i].pool);
	}
	free(f->stated);
	f->stated = NULL;
	f->stated_count = 0;
}

void fleet_set_gpus(struct fleet *f, int64_t gpus) {
	f->gpus_given = gpus > 0;
	f->fallback.gpus_per_replica = gpus > 0 ? gpus : 1;
}

int fleet_set_cards(struct fleet *f, const char *path, struct fault *why) {
	struct gpu_catalogue *cards;
	int err = path ? gpu_catalogue_read(&cards, path, why) : 0;

	if (path && !err) {
		gpu_catalogue_free(cards);
		free(f->cards);
		f->cards = text_copy(text_of(path));
	}
	return err;
}

const char *fleet_cards(const struct fleet *f) {
	return f ? f->cards : NULL;
}

static void add_stated(struct fleet *f, name_id replica, int64_t gpus) {
	struct stated s = {.replica = replica, .gpus = gpus, .pool = must_alloc(sizeof *s.pool)};

	*s.pool = f->fallback; /* its rates are the fleet's */
	s.pool->gpus_per_replica = gpus;
	f->stated = must_realloc(f->stated, (f->stated_count + 1) * sizeof *f->stated);
	f->stated[f->stated_count++] = s;
}

static const char *field(const struct quality_notice *n, enum notice_field which) {
	return n->field[which] ? n->field[which] : "";
}

/* What a log states of a server's GPUs: "4"; "4+": at least these, by the ranks that log; "2+?": not how many. */
struct statement {
	int64_t gpus;
	bool least, unknown;
};

static bool read_statement(const struct quality_notice *n, struct statement *out) {
	struct text value = text_of(field(n, NOTICE_VALUE));

	*out = (struct statement){0};
	if (strcmp(field(n, NOTICE_KIND), "gpus") != 0 || !text_take_i64(&value, &out->gpus) || out->gpus < 1) {
		return false;
	}
	out->least = text_skip(&value, T("+"));
	out->unknown = text_skip(&value, T("?"));
	return value.len == 0;
}

/* The notices of one run. */
struct notices {
	const struct quality_notice *at;
	size_t count;
};

/* Does another log of the same server state the number that --gpus gives? */
static bool is_confirmed(const struct fleet *f, const struct notices *all, const char *name) {
	for (size_t i = 0; i < all->count; i++) {
		const struct quality_notice *n = &all->at[i];
		struct statement s;
		if (read_statement(n, &s) && strcmp(field(n, NOTICE_SUBJECTS), name) == 0 && s.gpus == f->fallback.gpus_per_replica) {
			return true;
		}
	}
	return false;
}

static bool contradicts(const struct statement *s, int64_t gpus) {
	return s->least ? gpus < s->gpus : gpus != s->gpus;
}

static void contradict_fleet(const struct statement *s, const struct pool *p, struct names *names, const struct quality_notice *n, struct quality *q) {
	if ((contradicts(s, p->gpus_per_replica) || p->gpu_parts != 1) && (s->gpus > 1 || p->gpu_parts == 1)) {
		quality_finding(q, "gpus", field(n, NOTICE_SUBJECTS), NULL, QUALITY_NO_AMOUNT,
		                "%s (%s), but pool %s of the fleet file counts %lld per replica: correct \"gpus_per_replica\"",
		                field(n, NOTICE_TEXT), field(n, NOTICE_SOURCE), names_text(names, p->name).at,
		                (long long)p->gpus_per_replica);
	}
}

static void apply_statement(struct fleet *f, struct names *names, const struct statement *s, const struct quality_notice *n, struct quality *q) {
	const char *name = field(n, NOTICE_SUBJECTS);
	name_id replica = names_id(names, text_of(name));
	const struct stated *before = find(f, replica);

	if (before && contradicts(s, before->gpus) && !s->unknown) {
		quality_finding(q, "gpus", name, "--gpus", QUALITY_NO_AMOUNT,
		                "%s: its logs state different numbers of GPUs (%lld, and %lld in %s): its time is "
				"counted with %lld; set the number with --gpus", name, (long long)before->gpus, (long long)s->gpus, field(n, NOTICE_SOURCE),
		                (long long)before->gpus);
	} else if (!before && s->unknown) {
		quality_finding(q, "gpus", name, "--gpus", QUALITY_NO_AMOUNT,
		                "%s has several GPUs, as the labels of its ranks show (%s), but its logs do not state how many: give the number with --gpus, or "
				"\"gpus_per_replica\" in a fleet file", name, field(n, NOTICE_SOURCE));
	} else if (!before) {
		char value[24];
		snprintf(value, sizeof value, "%lld", (long long)s->gpus);
		add_stated(f, replica, s->gpus);
		quality_assume(q, name, value, "--gpus", n->field[NOTICE_SOURCE], "%s", field(n, NOTICE_TEXT));
	}
}

static void apply_notice(struct fleet *f, struct names *names, const struct notices *all, const struct quality_notice *n, const struct statement *s,
                         struct quality *q) {
	const char *name = field(n, NOTICE_SUBJECTS);
	const struct pool *p = fleet_pool_of(f, names, names_id(names, text_of(name)), 0);

	if (!p) {
		return;
	}
	if (fleet_lists(f, p)) {
		contradict_fleet(s, p, names, n, q);
	} else if (!f->gpus_given) {
		apply_statement(f, names, s, n, q);
	} else if (contradicts(s, f->fallback.gpus_per_replica) && !is_confirmed(f, all, name)) {
		quality_finding(q, "gpus", name, "--gpus", QUALITY_NO_AMOUNT, "%s (%s), but --gpus counts %lld: leave it out, or give \"gpus_per_replica\" in a fleet file",
		                field(n, NOTICE_TEXT), field(n, NOTICE_SOURCE), (long long)f->fallback.gpus_per_replica);
	}
}

/* A part of a GPU at the price of a whole one. */
static void apply_part(const struct fleet *f, struct names *names, const struct quality_notice *n, struct quality *q) {
	const char *name = field(n, NOTICE_SUBJECTS);
	const struct pool *p = fleet_pool_of(f, names, names_id(names, text_of(name)), 0);

	if (p && !fleet_lists(f, p) && !f->gpus_given) {
		quality_finding(q, "gpus", name, "--gpus", QUALITY_NO_AMOUNT,
		                "%s has a part of a GPU (%s), and is counted with a whole one: give its part as \"gpus_per_replica\" in a fleet file, such as "
				"\"1/7\", or --gpus 1 if the price is that of the part", name, field(n, NOTICE_SOURCE));
	}
}

/* First what logs state, then what the labels of ranks show. */
void fleet_apply_stated(struct fleet *f, struct names *names, const struct quality *stated, struct quality *out) {
	struct quality found;
	size_t count;
	const struct quality_notice *n = quality_notices(stated, NOTICE_ASSUMPTION, &count);
	const struct notices all = {n, count};

	quality_init(&found); /* `out` may be `stated` */
	for (int pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < count; i++) {
			struct statement s;
			if (read_statement(&n[i], &s) && pass == s.least + s.unknown) {
				apply_notice(f, names, &all, &n[i], &s, &found);
			} else if (pass == 0 && strcmp(field(&n[i], NOTICE_KIND), "gpus-part") == 0) {
				apply_part(f, names, &n[i], &found);
			}
		}
	}
	quality_merge(out, &found);
	quality_release(&found);
}

/* "a#2" is one of several servers under the name "a". */
name_id fleet_whole_name(struct names *names, name_id replica) {
	struct text t = names_text(names, replica), above = name_above(t);
	name_id whole = above.len > 0 && t.at[above.len] == '#' ? names_find(names, above) : 0;

	return whole != 0 ? whole : replica;
}

/* GPUs of replicas that match no pool: from --gpus, or if all their logs state the same number. */
static int64_t fallback_gpus(const struct fleet *f) {
	int64_t gpus = f->gpus_given || f->stated_count == 0 ? f->fallback.gpus_per_replica : f->stated[0].gpus;

	for (size_t i = 0; i < f->stated_count && !f->gpus_given; i++) {
		gpus = f->stated[i].gpus == gpus ? gpus : 0;
	}
	return gpus;
}

bool fleet_replica_gpus_text(const struct fleet *f, name_id pool, char *out, size_t size) {
	int64_t gpus = pool == 0 && f->has_fallback ? fallback_gpus(f) : 0, parts = 1;

	for (size_t i = 0; i < f->pool_count && pool != 0; i++) {
		const struct pool *p = &f->pools[i];
		if (p->name == pool && gpus != 0 && (p->gpus_per_replica != gpus || p->gpu_parts != parts)) {
			return false;
		}
		gpus = p->name == pool ? p->gpus_per_replica : gpus;
		parts = p->name == pool ? p->gpu_parts : parts;
	}
	snprintf(out, size, parts == 1 ? "%lld" : "%lld/%lld", (long long)gpus, (long long)parts);
	return gpus > 0;
}
