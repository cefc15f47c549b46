/* parts.c: the files of map/ merged, by replica, and the replicas of each task. */
#include <stdlib.h>
#include <sys/resource.h>

#include "shard/shard_work.h"
#include "core/heap.h"

struct parts {
	struct plan *plan;
	struct bundle **at;      /* one per task */
	struct bundle_part *next; /* the next part in each */
	bool gateways, adopts;   /* gateways' requests count as a replica; they belong to the only replica */
	struct shard_names *names;
	struct heap ahead;       /* tasks with a next part, by replica */
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
		rc = !name || text_eq(part.replica, *name) ? bundle_read(b, &part, sink, context, why) : 0;
	}
	return rc < 0 ? rc : got;
}

int parts_read_all(struct plan *p, const struct text *name, bundle_sink *sink, void *context, struct fault *why) {
	int rc = 0;

	for (int64_t i = 0; i < p->tasks && rc >= 0; i++) {
		struct bundle *b;
		rc = plan_open_bundle(&b, plan_path(p, "map", i, "bundle"), why);
		rc = rc < 0 ? rc : read_file(b, name, sink, context, why);
		bundle_close(b);
	}
	return rc;
}

/* ---- by replica ---- */

/* One open file per task. */
static void allow_files(void) {
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static bool is_ahead(const void *parts, int64_t a, int64_t b) {
	const struct parts *p = parts;
	int order = text_compare(p->next[a].replica, p->next[b].replica);

	return order != 0 ? order < 0 : a < b;
}

static int advance(struct parts *p, int64_t i, struct fault *why) {
	int got = bundle_next(p->at[i], &p->next[i], why);

	if (got > 0) {
		heap_push(&p->ahead, i);
	}
	return got < 0 ? got : 0;
}

int parts_open(struct parts **out, struct plan *plan, struct fault *why) {
	struct parts *p = must_calloc(1, sizeof *p);
	struct survey survey;
	int rc = parts_survey(plan, &survey, why);

	allow_files();
	*out = p;
	p->plan = plan;
	p->gateways = survey.replicas == 0;
	p->adopts = survey.gateways && survey.replicas == 1;
	p->at = must_calloc((size_t)plan->tasks, sizeof(struct bundle *));
	p->next = must_calloc((size_t)plan->tasks, sizeof *p->next);
	p->chosen = must_calloc((size_t)plan->tasks, sizeof *p->chosen);
	heap_init(&p->ahead, is_ahead, p);
	rc = rc < 0 ? rc : shard_names_open(&p->names, plan, why);
	for (int64_t i = 0; i < plan->tasks && rc >= 0; i++) {
		const char *path = plan_path(plan, "map", i, "bundle");
		rc = plan_open_bundle(&p->at[i], path, why);
		if (rc >= 0) {
			p->total += bundle_bytes(p->at[i]);
			rc = advance(p, i, why);
		}
	}
	return rc;
}

void parts_close(struct parts *p) {
	if (!p) {
		return;
	}
	for (int64_t i = 0; i < p->plan->tasks; i++) {
		bundle_close(p->at[i]);
	}
	free(p->at);
	free(p->next);
	free(p->chosen);
	heap_release(&p->ahead);
	shard_names_close(p->names);
	free(p);
}

/* Moves past the current replica. */
static int pass(struct parts *p, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < p->chosen_count && rc >= 0; i++) {
		p->before += p->next[p->chosen[i]].bytes;
		rc = advance(p, p->chosen[i], why);
	}
	p->chosen_count = 0;
	return rc;
}

/* Selects the first replica in the order of names; false if there are no more. */
static bool choose(struct parts *p, struct text *replica, int64_t *bytes) {
	if (p->ahead.count == 0) {
		return false;
	}
	struct text first = text_cut(p->next[heap_first(&p->ahead)].replica, 0, sizeof p->replica - 1);
	*replica = (struct text){p->replica, first.len};
	if (first.len > 0) {
		memcpy(p->replica, first.at, first.len);
	}
	p->replica[first.len] = '\0';
	*bytes = 0;
	while (p->ahead.count > 0 && text_eq(p->next[heap_first(&p->ahead)].replica, *replica)) {
		int64_t i = heap_pop(&p->ahead);
		p->chosen[p->chosen_count++] = i;
		*bytes += p->next[i].bytes;
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
		rc = bundle_read(p->at[p->chosen[i]], &p->next[p->chosen[i]], sink, context, why);
	}
	struct text leader = text_of(p->replica), name;
	for (size_t at = 0; rc >= 0 && shard_names_member(p->names, leader, &at, &name);) {
		rc = text_eq(name, leader) ? 0 : parts_read_all(p->plan, &name, sink, context, why);
	}
	if (rc >= 0 && p->adopts) {
		rc = parts_read_all(p->plan, &(struct text){GATEWAYS_PART, sizeof GATEWAYS_PART - 1}, sink, context, why);
	}
	return rc;
}
