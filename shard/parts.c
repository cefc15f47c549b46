/* parts.c: the files of map/ merged, by replica, and the replicas of each task. */
#include <stdio.h>
#include <stdlib.h>

#include "shard/shard_work.h"
#include "shard/bundles.h"

struct parts {
	struct plan *plan;
	struct bundles files;    /* one per task */
	bool gateways, adopts;   /* gateways' requests count as a replica; they belong to the only replica */
	struct shard_names *names;
	int64_t *chosen;         /* tasks with records of the current replica */
	size_t chosen_count;
	char replica[4200];
	int64_t total, before;   /* bytes, of all replicas, and of the previous ones */
};

/* ---- all of it ---- */

static int survey_file(struct bundle *b, struct survey *s, char *name, size_t size, struct fault *why) {
	struct bundle_part part;
	int got;

	while ((got = bundle_next(b, &part, why)) > 0) {
		struct text replica = text_cut(part.replica, 0, size);
		if (text_eq(replica, T(GATEWAYS_PART))) {
			s->gateways = true;
		} else if (s->replicas == 0) {
			s->replicas = 1;
			memcpy(name, replica.at, replica.len);
			name[replica.len] = '\0';
		} else if (!text_eq(replica, text_of(name))) {
			s->replicas = 2;
		}
	}
	return got;
}

int parts_survey(struct plan *p, struct survey *out, struct fault *why) {
	char name[4200];
	int rc = 0;

	*out = (struct survey){.replicas = 0};
	for (int64_t i = 0; i < p->tasks && rc >= 0 && !(out->gateways && out->replicas > 1); i++) {
		struct bundle *b;
		rc = plan_open_bundle(&b, plan_path(p, "map", i, "bundle"), why);
		rc = rc < 0 ? rc : survey_file(b, out, name, sizeof name - 1, why);
		bundle_close(b);
	}
	return rc;
}

static int read_file(struct bundle *b, const struct text *name, bundle_sink *sink, void *context, struct fault *why) {
	struct bundle_part part;
	int rc = 0, got = 0;

	while (rc >= 0 && (got = bundle_next(b, &part, why)) > 0) {
		rc = text_eq(part.replica, *name) ? bundle_read(b, &part, sink, context, why) : 0;
	}
	return rc < 0 ? rc : got;
}

/* All items of this name in the files of all tasks. */
static int read_files(struct plan *p, const char *step, const char *suffix, const struct text *name, bundle_sink *sink, void *context,
                      struct fault *why) {
	int rc = 0;

	for (int64_t i = 0; i < p->tasks && rc >= 0; i++) {
		struct bundle *b;
		rc = plan_open_bundle(&b, plan_path(p, step, i, suffix), why);
		rc = rc < 0 ? rc : read_file(b, name, sink, context, why);
		bundle_close(b);
	}
	return rc;
}

int parts_read_all(struct plan *p, struct text name, bundle_sink *sink, void *context, struct fault *why) {
	return read_files(p, "map", "bundle", &name, sink, context, why);
}

int parts_read_requests(struct plan *p, int64_t part, const char *step, const char *suffix, bundle_sink *sink, void *context,
                        struct fault *why) {
	char key[PART_KEY_MAX];
	const struct text name = parts_key(key, part);

	return read_files(p, step, suffix, &name, sink, context, why);
}

struct text parts_key(char key[PART_KEY_MAX], int64_t part) {
	return (struct text){key, (size_t)snprintf(key, PART_KEY_MAX, "%020lld", (long long)part)};
}

/* ---- by replica ---- */

int parts_open(struct parts **out, struct plan *plan, struct fault *why) {
	struct parts *p = must_calloc(1, sizeof *p);
	struct survey survey;
	int rc = parts_survey(plan, &survey, why);

	*out = p;
	p->plan = plan;
	p->gateways = survey.replicas == 0;
	p->adopts = survey.gateways && survey.replicas == 1;
	bundles_init(&p->files, plan->tasks);
	p->chosen = must_calloc((size_t)plan->tasks, sizeof *p->chosen);
	rc = rc < 0 ? rc : shard_names_open(&p->names, plan, why);
	for (int64_t i = 0; i < plan->tasks && rc >= 0; i++) {
		struct bundle *b;
		rc = plan_open_bundle(&b, plan_path(plan, "map", i, "bundle"), why);
		if (rc >= 0) {
			p->total += bundle_bytes(b);
			rc = bundles_add(&p->files, b, why);
		}
	}
	return rc;
}

void parts_close(struct parts *p) {
	if (!p) {
		return;
	}
	bundles_release(&p->files);
	free(p->chosen);
	shard_names_close(p->names);
	free(p);
}

/* Moves past the current replica. */
static int pass(struct parts *p, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < p->chosen_count && rc >= 0; i++) {
		p->before += p->files.next[p->chosen[i]].bytes;
		rc = bundles_advance(&p->files, p->chosen[i], why);
	}
	p->chosen_count = 0;
	return rc;
}

/* Selects the first replica in the order of names; false if there are no more. */
static bool choose(struct parts *p, struct text *replica, int64_t *bytes) {
	struct text first;

	if (!bundles_ahead(&p->files, &first)) {
		return false;
	}
	first = text_cut(first, 0, sizeof p->replica - 1);
	*replica = (struct text){p->replica, first.len};
	if (first.len > 0) {
		memcpy(p->replica, first.at, first.len);
	}
	p->replica[first.len] = '\0';
	*bytes = 0;
	while (bundles_ahead(&p->files, &first) && text_eq(first, *replica)) {
		int64_t *i = &p->chosen[p->chosen_count++];
		(void)bundles_first(&p->files, i);
		*bytes += p->files.next[*i].bytes;
	}
	return true;
}

/* Tasks have ranges of replicas with about the same number of bytes: the middle of a replica determines its task. */
int parts_next(struct parts *p, int64_t task, struct text *replica, struct fault *why) {
	int64_t bytes;
	int rc = pass(p, why);

	while (rc >= 0 && choose(p, replica, &bytes)) {
		int64_t owner = (int64_t)((__int128)(p->before + bytes / 2) * p->plan->tasks / (p->total > 0 ? p->total : 1));
		bool leads = text_eq(shard_names_leader(p->names, *replica), *replica);
		if (owner == task && leads && (p->gateways || !text_eq(*replica, T(GATEWAYS_PART)))) {
			return 1;
		}
		rc = pass(p, why);
	}
	return rc;
}

const struct shard_names *parts_names(const struct parts *p) {
	return p->names;
}

int parts_read(struct parts *p, bundle_sink *sink, void *context, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < p->chosen_count && rc >= 0; i++) {
		rc = bundle_read(p->files.at[p->chosen[i]], &p->files.next[p->chosen[i]], sink, context, why);
	}
	struct text leader = text_of(p->replica), name;
	for (size_t at = 0; rc >= 0 && shard_names_member(p->names, leader, &at, &name);) {
		rc = text_eq(name, leader) ? 0 : parts_read_all(p->plan, name, sink, context, why);
	}
	if (rc >= 0 && p->adopts) {
		rc = parts_read_all(p->plan, T(GATEWAYS_PART), sink, context, why);
	}
	return rc;
}
