/* tenants.c: the results of joining gateways' requests, for the replicas of a task. */
#include <stdlib.h>

#include "shard/bundles.h"
#include "shard/shard_work.h"
#include "core/exact.h"
#include "core/quality_lines.h"

struct shard_tenants {
	struct bundles files; /* of both stages of the join, of all tasks */
	struct names *names;
	struct bought_sums *bought;
	int64_t bought_from_ns, bought_to_ns;
	struct quality *quality; /* where notes are written */
};

/* ---- notes ---- */

static bool read_period(struct shard_tenants *t, const struct json *j) {
	int64_t from_ns, to_ns;
	bool is = json_number(j, "bought_from_ns", &from_ns) && json_number(j, "bought_to_ns", &to_ns);

	if (is) {
		exact_widen(&t->bought_from_ns, &t->bought_to_ns, from_ns, to_ns);
	}
	return is;
}

static bool read_day(struct shard_tenants *t, const struct json *j) {
	char name[PACK_TEXT_MAX + 1];
	struct bought_day d;
	json_at gateway = json_get(j, 0, T("bought_day"));

	if (json_type(j, gateway) != JSON_STRING || !json_number(j, "day_ns", &d.day_ns) || !json_number(j, "prompt_ntok", &d.prompt_ntok) ||
	    !json_number(j, "unknown_ntok", &d.unknown_ntok)) {
		return false;
	}
	d.gateway = json_string(j, gateway, name, sizeof name);
	bought_sums_add_day(t->bought, &d);
	return true;
}

static int read_note(void *tenants, const struct json *line, struct fault *why) {
	struct shard_tenants *t = tenants;

	return read_period(t, line) || read_day(t, line) ? 0 : notes_to_quality(t->quality, line, why);
}

/* ---- files ---- */

static int open_file(struct shard_tenants *t, struct plan *p, int64_t task, const char *suffix, struct fault *why) {
	const char *path = plan_path(p, "fit", task, suffix);
	struct bundle *b;
	int rc = plan_open_bundle(&b, path, why);

	if (rc < 0) {
		return rc;
	}
	rc = p->task == 0 ? notes_of(p, path, b, read_note, t, why) : 0;
	if (rc < 0) {
		bundle_close(b);
		return rc;
	}
	return bundles_add(&t->files, b, why);
}

int shard_tenants_open(struct shard_tenants **out, struct plan *p, struct quality *quality, struct fault *why) {
	bool needed;
	int rc = shard_join_needed(p, &needed, why);

	*out = NULL;
	if (rc < 0 || !needed) {
		return rc;
	}
	struct shard_tenants *t = *out = must_calloc(1, sizeof *t);
	*t = (struct shard_tenants){.quality = quality, .names = names_new(), .bought_from_ns = INT64_MAX, .bought_to_ns = INT64_MIN};
	t->bought = bought_sums_new(t->names);
	bundles_init(&t->files, 2 * p->tasks);
	for (int64_t i = 0; i < p->tasks && rc >= 0; i++) {
		rc = open_file(t, p, i, "joined", why);
		rc = rc < 0 ? rc : open_file(t, p, i, "tenants", why);
	}
	return rc;
}

void shard_tenants_close(struct shard_tenants *t) {
	if (t) {
		bundles_release(&t->files);
		bought_sums_free(t->bought);
		names_free(t->names);
		free(t);
	}
}

/* Passes on the next part of all, or (sink NULL) passes over it. */
static int read_part(struct shard_tenants *t, bundle_sink *sink, void *context, struct fault *why) {
	int64_t i;

	(void)bundles_first(&t->files, &i);
	int rc = sink ? bundle_read(t->files.at[i], &t->files.next[i], sink, context, why) : 0;
	return rc < 0 ? rc : bundles_advance(&t->files, i, why);
}

/* ---- requests that vendors answered ---- */

static int add_bought(void *tenants, struct text item, struct fault *why) {
	struct shard_tenants *t = tenants;
	struct entry e;

	if (!entry_unpack(&item, t->names, &e)) {
		return fault_set(why, ERROR_CONFIG, "an entry in fit/ is damaged; remove the file and run its task again");
	}
	return bought_sums_add_entry(t->bought, &e, why);
}

struct passing {
	struct shard_tenants *from;
	bundle_sink *sink;
	void *context;
	struct fault *why;
};

static int pass_bought(void *passing, const struct entry *e) {
	struct passing *p = passing;
	char packed[PACK_MAX];

	return p->sink(p->context, (struct text){packed, entry_pack(e, p->from->names, packed)}, p->why);
}

int shard_tenants_bought(struct shard_tenants *t, bundle_sink *sink, void *context, int64_t *from_ns, int64_t *to_ns, struct fault *why) {
	struct passing p = {t, sink, context, why};
	struct text next;
	int rc = 0;

	if (!t) {
		return 0;
	}
	exact_widen(from_ns, to_ns, t->bought_from_ns, t->bought_to_ns);
	while (rc >= 0 && bundles_ahead(&t->files, &next) && text_eq(next, T(GATEWAYS_PART))) {
		rc = read_part(t, add_bought, t, why);
	}
	return rc < 0 ? rc : bought_sums_finish(t->bought, pass_bought, &p, t->quality, why);
}

/* ---- tenants ---- */

struct giving {
	struct names *names;
	struct attribution *to;
};

static int apply_tenant(void *giving, struct text item, struct fault *why) {
	struct giving *g = giving;
	struct tenant_patch p = {.replica = 0};
	int64_t file, service;
	struct text tenant, replica;

	if (!unpack_text(&item, &replica) || !unpack_i64(&item, &p.at_ns) || !unpack_i64(&item, &file) || !unpack_i64(&item, &p.line) ||
	    !unpack_i64(&item, &service) || !unpack_text(&item, &tenant)) {
		return fault_set(why, ERROR_CONFIG, "a tenant in fit/ is damaged; remove the file and run its task again");
	}
	p.replica = names_id(g->names, replica);
	p.file = (uint32_t)file;
	p.service = (uint32_t)service;
	p.tenant = names_id(g->names, tenant);
	return attribution_patch(g->to, &p, why);
}

int shard_tenants_apply(struct shard_tenants *t, struct names *names, struct text replica, struct attribution *to,
                       struct fault *why) {
	struct giving g = {names, to};
	struct text next;
	int rc = 0;

	while (t && rc >= 0 && bundles_ahead(&t->files, &next) && text_compare(next, replica) <= 0) {
		rc = read_part(t, text_eq(next, replica) ? apply_tenant : NULL, &g, why);
	}
	return rc;
}
