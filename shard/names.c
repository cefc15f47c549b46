/*
 * names.c: which names of all tasks' logs belong to one server: decided once, from the samples that the tasks of
 * `shard map` store.
 */
#include <stdio.h>
#include <stdlib.h>

#include "shard/shard_work.h"
#include "core/files/files.h"
#include "core/quality_lines.h"

#define DECIDED "fit/names.bundle"
/* Of gateways' names, if there are any. */
#define GATEWAYS_SUFFIX "gateway-names"

/* ---- a task's sample ---- */

static int put_item(void *bundle, struct text name, struct text item, struct fault *why) {
	return bundle_add(bundle, name, item, why);
}

static int write_samples(struct plan *p, const char *suffix, struct name_summaries *n, struct fault *why) {
	struct bundle_writer *w;
	int rc = bundle_create(&w, plan_path(p, "map", p->task, suffix), why);

	if (rc < 0) {
		return rc;
	}
	rc = name_summaries_each(n, put_item, w, why);
	if (rc < 0) {
		bundle_abandon(w);
		return rc;
	}
	return notes_commit(p, w, NULL, why);
}

int shard_names_write(struct plan *p, struct name_summaries *engines, struct name_summaries *gateways, struct fault *why) {
	int rc = write_samples(p, "names", engines, why);

	return rc < 0 || name_summaries_count(gateways) == 0 ? rc : write_samples(p, GATEWAYS_SUFFIX, gateways, why);
}

/* ---- the decision ---- */

struct reading {
	struct name_summaries *summaries;
	struct text name;
	bool gateways;
};

static int read_item(void *reading, struct text item, struct fault *why) {
	const struct reading *r = reading;

	return r->gateways ? name_summaries_read_gateway(r->summaries, r->name, item, why) : name_summaries_read(r->summaries, r->name, item, why);
}

static int read_samples(const char *path, struct name_summaries *n, bool gateways, struct fault *why) {
	struct bundle_part part;
	struct bundle *b;
	int rc = plan_open_bundle(&b, path, why), got = 0;

	while (rc >= 0 && (got = bundle_next(b, &part, why)) > 0) {
		struct reading r = {n, part.replica, gateways};
		rc = bundle_read(b, &part, read_item, &r, why);
	}
	bundle_close(b);
	return rc < 0 ? rc : got;
}

/* Samples of all tasks: which names those of gateways belong to depends on the engines'. */
static int read_all(struct plan *p, struct name_summaries *n, struct fault *why) {
	int rc = 0;

	for (int64_t i = 0; i < p->tasks && rc == 0; i++) {
		const char *records = plan_path(p, "map", i, "bundle");
		rc = plan_has(records) ? read_samples(plan_path(p, "map", i, "names"), n, false, why) : plan_lacks(records, why);
	}
	for (int64_t i = 0; i < p->tasks && rc == 0; i++) {
		const char *path = plan_path(p, "map", i, GATEWAYS_SUFFIX);
		rc = plan_has(path) ? read_samples(path, n, true, why) : 0;
	}
	return rc;
}

static int add_record(void *summaries, struct text item, struct fault *why) {
	struct record r;

	return record_unpack(&item, &r) ? name_summaries_add_whole(summaries, &r, why)
	                                : fault_set(why, ERROR_CONFIG, "a record in map/ is damaged; remove the file and run its task again");
}

static int read_records(void *plan, struct name_summaries *n, struct text name, struct fault *why) {
	return parts_read_all(plan, name, add_record, n, why);
}

struct deciding {
	struct names *names;
	struct bundle_writer *to;
};

static int put_verdict(void *deciding, const struct name_verdict *v, struct fault *why) {
	const struct deciding *d = deciding;
	const name_id texts[] = {v->named, v->requests, v->step_model, v->prefill, v->engine};
	char item[PACK_MAX];
	char *at = pack_i64(item, v->shift_ns);

	at = pack_i64(at, v->held | v->dropped << 1 | v->in_seconds << 2 | v->has_steps << 3);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		at = pack_text(at, names_text(d->names, texts[i]));
	}
	at = pack_text(at, v->clock);
	return bundle_add(d->to, names_text(d->names, v->name), (struct text){item, (size_t)(at - item)}, why);
}

/* GPUs that logs state, and the effect on the fleet. */
static int find_stated(struct plan *p, struct shard_session *s, struct quality *out, struct fault *why) {
	struct quality all;
	int rc = 0;

	quality_init(&all);
	for (int64_t i = 0; i < p->tasks && rc == 0; i++) {
		rc = notes_read(p, plan_path(p, "map", i, "bundle"), notes_to_quality, &all, why);
	}
	size_t count;
	const struct quality_notice *n = quality_notices(&all, NOTICE_ASSUMPTION, &count);
	for (size_t i = 0; i < count; i++) {
		char *const *f = n[i].field;
		if (f[NOTICE_KIND] && strncmp(f[NOTICE_KIND], "gpus", 4) == 0) {
			quality_state(out, f[NOTICE_KIND], f[NOTICE_SUBJECTS], f[NOTICE_VALUE], f[NOTICE_OPTION], f[NOTICE_SOURCE], f[NOTICE_TEXT]);
		}
	}
	fleet_apply_stated(s->fleet, s->names, &all, out);
	quality_release(&all);
	return rc;
}

static int write_decision(struct plan *p, struct shard_session *s, struct name_summaries *n, struct fault *why) {
	struct deciding d = {.names = s->names};
	struct quality q;
	int rc = bundle_create(&d.to, plan_path(p, DECIDED, -1, NULL), why);

	if (rc < 0) {
		return rc;
	}
	quality_init(&q);
	rc = find_stated(p, s, &q, why);
	rc = rc < 0 ? rc : name_summaries_decide(n, s->fleet, &q, put_verdict, &d, why);
	if (rc < 0) {
		bundle_abandon(d.to);
	} else {
		rc = notes_commit(p, d.to, &q, why);
	}
	quality_release(&q);
	return rc;
}

int shard_names_decide(struct plan *p, struct fault *why) {
	struct shard_session s;

	if (plan_has(plan_path(p, DECIDED, -1, NULL))) {
		return 0;
	}
	int rc = session_open(&s, p, why);
	if (rc == 0) {
		struct name_summaries *n = name_summaries_new(s.names);
		rc = read_all(p, n, why);
		rc = rc == 0 ? name_summaries_separate(n, read_records, p, why) : rc;
		rc = rc == 0 ? write_decision(p, &s, n, why) : rc;
		name_summaries_free(n);
	}
	session_close(&s);
	return rc;
}

/* ---- decisions ---- */

enum { NAMED, REQUESTS, STEP_MODEL, PREFILL, ENGINE, TEXTS };

struct decided {
	char *name, *texts[TEXTS];
	const char *leader; /* the first of the names that are processed together with it */
	int64_t shift_ns, flags;
	struct text clock;
};

struct shard_names {
	struct decided *at; /* in the order of names */
	size_t count;
	struct text name; /* while reading */
};

static char *copy(struct text t) {
	char *at = must_alloc(t.len + 1);

	memcpy(at, t.len > 0 ? t.at : "", t.len);
	at[t.len] = '\0';
	return at;
}

static struct decided *add(struct shard_names *n, struct text name) {
	n->at = must_realloc(n->at, (n->count + 1) * sizeof *n->at);
	struct decided *d = &n->at[n->count++];
	*d = (struct decided){.name = copy(name)};
	d->leader = d->name;
	return d;
}

static int add_verdict(void *names, struct text item, struct fault *why) {
	struct shard_names *n = names;
	struct decided *d = add(n, n->name);
	bool whole = unpack_i64(&item, &d->shift_ns) && unpack_i64(&item, &d->flags);

	for (size_t i = 0; i < TEXTS && whole; i++) {
		struct text t;
		whole = unpack_text(&item, &t);
		d->texts[i] = whole ? copy(t) : NULL;
	}
	struct text clock;
	whole = whole && unpack_text(&item, &clock);
	d->clock = whole ? (struct text){clock.len > 0 ? copy(clock) : "", clock.len} : T("");
	return whole ? 0 : fault_set(why, ERROR_CONFIG, "fit/names.bundle is damaged; remove it and run shard fit again");
}

static struct decided *find(const struct shard_names *n, struct text name) {
	for (size_t low = 0, high = n->count; low < high;) {
		size_t middle = low + (high - low) / 2;
		int order = text_compare(name, text_of(n->at[middle].name));
		if (order == 0) {
			return &n->at[middle];
		}
		low = order > 0 ? middle + 1 : low;
		high = order > 0 ? high : middle;
	}
	return NULL;
}

static int by_name(const void *a, const void *b) {
	return strcmp(((const struct decided *)a)->name, ((const struct decided *)b)->name);
}

static void add_missing(struct shard_names *n, size_t verdicts, struct text name) {
	if (name.len > 0 && !find(&(struct shard_names){n->at, verdicts, {0}}, name)) {
		add(n, name);
	}
}

/* Names that are named in verdicts, but have no verdict themselves; and the logged name of "NAME#2", one of its servers. */
static void add_named(struct shard_names *n) {
	for (size_t i = 0, verdicts = n->count; i < verdicts; i++) {
		add_missing(n, verdicts, name_logged(text_of(n->at[i].name)));
		for (size_t k = 0; k < TEXTS; k++) {
			const char *name = n->at[i].texts[k];
			add_missing(n, verdicts, k != STEP_MODEL && name ? text_of(name) : T(""));
		}
	}
	qsort(n->at, n->count, sizeof *n->at, by_name);
	size_t kept = 0;
	for (size_t i = 0; i < n->count; i++) {
		if (kept > 0 && strcmp(n->at[kept - 1].name, n->at[i].name) == 0) {
			free(n->at[i].name);
		} else {
			n->at[kept++] = n->at[i];
		}
	}
	n->count = kept;
}

/* Both get the lesser one's leader; false: they had the same. */
static bool connect(struct decided *a, struct decided *b) {
	int order = b ? strcmp(a->leader, b->leader) : 0;

	a->leader = order > 0 ? b->leader : a->leader;
	if (order < 0) {
		b->leader = a->leader;
	}
	return order != 0;
}

/* Names connected by a verdict, or by the log that they are in, have one leader, the first of them all. */
static void find_leaders(struct shard_names *n) {
	for (bool change = true; change;) {
		change = false;
		for (size_t i = 0; i < n->count; i++) {
			struct decided *a = &n->at[i];
			change |= connect(a, find(n, name_logged(text_of(a->name))));
			for (size_t k = 0; k < TEXTS; k++) {
				change |= k != STEP_MODEL && a->texts[k] && *a->texts[k] && connect(a, find(n, text_of(a->texts[k])));
			}
		}
	}
}

int shard_names_open(struct shard_names **out, struct plan *p, struct fault *why) {
	struct shard_names *n = *out = must_calloc(1, sizeof *n);
	struct bundle_part part;
	struct bundle *b;
	int rc = plan_open_bundle(&b, plan_path(p, DECIDED, -1, NULL), why), got = 0;

	while (rc >= 0 && (got = bundle_next(b, &part, why)) > 0) {
		n->name = part.replica;
		rc = bundle_read(b, &part, add_verdict, n, why);
	}
	bundle_close(b);
	if (n->count > 0) {
		add_named(n);
		find_leaders(n);
	}
	return rc < 0 ? rc : got;
}

void shard_names_close(struct shard_names *n) {
	for (size_t i = 0; n && i < n->count; i++) {
		free(n->at[i].name);
		if (n->at[i].clock.len > 0) {
			free((char *)(uintptr_t)n->at[i].clock.at);
		}
		for (size_t k = 0; k < TEXTS; k++) {
			free(n->at[i].texts[k]);
		}
	}
	free(n ? n->at : NULL);
	free(n);
}

struct text shard_names_leader(const struct shard_names *n, struct text name) {
	const struct decided *d = find(n, name);

	return d ? text_of(d->leader) : name;
}

bool shard_names_member(const struct shard_names *n, struct text leader, size_t *at, struct text *name) {
	for (; *at < n->count; (*at)++) {
		if (text_eq(text_of(n->at[*at].leader), leader)) {
			*name = text_of(n->at[(*at)++].name);
			return true;
		}
	}
	return false;
}

static name_id id_of(struct names *names, const char *text) {
	return text && *text ? names_id(names, text_of(text)) : 0;
}

void shard_names_apply(const struct shard_names *n, const struct text *leader, struct names *names, struct attribution *a) {
	for (size_t i = 0; i < n->count; i++) {
		const struct decided *d = &n->at[i];
		if ((leader && !text_eq(text_of(d->leader), *leader)) || !d->texts[NAMED]) {
			continue;
		}
		const struct name_verdict v = {.name = names_id(names, text_of(d->name)), .named = id_of(names, d->texts[NAMED]),
		                               .requests = id_of(names, d->texts[REQUESTS]), .step_model = id_of(names, d->texts[STEP_MODEL]),
		                               .prefill = id_of(names, d->texts[PREFILL]), .engine = id_of(names, d->texts[ENGINE]), .shift_ns = d->shift_ns, .clock = d->clock, .held = d->flags & 1,
		                               .dropped = d->flags & 2, .in_seconds = d->flags & 4, .has_steps = d->flags & 8};
		attribution_add_verdict(a, &v);
	}
}

int shard_names_tell(struct plan *p, struct quality *quality, struct fault *why) {
	return notes_read(p, plan_path(p, DECIDED, -1, NULL), notes_to_quality, quality, why);
}

int shard_names_state(struct shard_session *s, struct fault *why) {
	const char *path = plan_path(s->plan, DECIDED, -1, NULL);
	struct quality stated, ignored;

	if (!s->fleet || !plan_has(path)) {
		return 0;
	}
	quality_init(&stated);
	quality_init(&ignored);
	int rc = notes_read(s->plan, path, notes_to_quality, &stated, why);
	fleet_apply_stated(s->fleet, s->names, &stated, &ignored);
	quality_release(&stated);
	quality_release(&ignored);
	return rc;
}
