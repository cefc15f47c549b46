/* join.c: tenants of requests from gateways' logs, if replicas are attributed one by one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "shard/shard_work.h"
#include "core/quality_lines.h"
#include "core/files/spool.h"
#include "core/files/files.h"

/* Memory for sorting tenants by the names of replicas, before the disk is used. */
#define MEMORY_BYTES ((size_t)8 << 20)

/* ---- the join ---- */

struct join {
	struct plan *plan;
	struct attribution *attribution;
	struct names *names;
	struct shard_names *of_servers;
	struct spool *spool;
	name_id replica; /* of the last step, window or sample that was used */
	int64_t bought_from_ns, bought_to_ns; /* requests answered by vendors */
	struct fault *why;
};

/* Uses requests; of other records only the fact that a replica has an engine's log. */
static int add_item(void *join, struct text item, struct fault *why) {
	struct join *j = join;
	struct record r;

	if (terminal_stopped(j->plan->terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	bool whole = record_unpack_head(item, &r);
	if (whole && r.kind != RECORD_REQUEST) {
		if (text_eq(r.replica, names_text(j->names, j->replica))) {
			return 0;
		}
		j->replica = names_id(j->names, r.replica);
	}
	if (!whole || !record_unpack(&item, &r)) {
		return fault_set(why, ERROR_CONFIG, "a record in map/ is damaged; remove the file and run its task again");
	}
	return attribution_add_record(j->attribution, 0, &r, why);
}

/* An item of the spool: the replica, then its content in the file. */
static int keep_tenant(void *join, const struct tenant_patch *p, struct fault *why) {
	struct join *j = join;
	char item[PACK_MAX];
	struct text replica = names_text(j->names, p->replica);
	char *at = pack_text(item, shard_names_leader(j->of_servers, replica));

	at = pack_text(at, replica);
	at = pack_i64(at, p->at_ns);
	at = pack_i64(at, p->file);
	at = pack_i64(at, p->line);
	at = pack_i64(at, p->service);
	at = pack_text(at, names_text(j->names, p->tenant));
	return spool_add(j->spool, 0, item, (size_t)(at - item), why);
}

/* Bought requests become entries, under the name of gateways' requests. */
static int keep_bought(void *join, const struct entry *e) {
	struct join *j = join;
	char item[2 * PACK_MAX];
	char *at = pack_text(item, T(GATEWAYS_PART));

	at += entry_pack(e, j->names, at);
	return spool_add(j->spool, 0, item, (size_t)(at - item), j->why);
}

static int write_tenants(struct join *j, struct bundle_writer *w, struct fault *why) {
	struct spool_reader *reader;
	const void *bytes;
	size_t len;
	int rc = spool_seal(j->spool, why), got = 0;

	rc = rc < 0 ? rc : spool_reader_new(&reader, j->spool, why);
	if (rc < 0) {
		return rc;
	}
	while (rc >= 0 && (got = spool_next(reader, &bytes, &len, why)) > 0) {
		struct text item = {bytes, len}, replica;
		(void)unpack_text(&item, &replica);
		rc = bundle_add(w, replica, item, why);
	}
	spool_reader_free(reader);
	return rc < 0 ? rc : got;
}

static int commit(struct join *j, struct bundle_writer *w, const struct quality *q, struct fault *why) {
	char *notes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&notes, &len);

	if (!out) {
		die_out_of_memory();
	}
	notes_begin(j->plan, out);
	if (j->bought_from_ns <= j->bought_to_ns) {
		fprintf(out, "{\"bought_from_ns\":%" PRId64 ",\"bought_to_ns\":%" PRId64 "}\n", j->bought_from_ns, j->bought_to_ns);
	}
	quality_write_lines(q, out);
	memory_close(out, &notes);
	int rc = bundle_commit(w, (struct text){notes, len}, why);
	free(notes);
	return rc;
}

static int write_file(struct join *j, const char *path, const struct quality *q, struct fault *why) {
	struct bundle_writer *w;
	int rc = bundle_create(&w, path, why);

	if (rc < 0) {
		return rc;
	}
	rc = write_tenants(j, w, why);
	if (rc < 0) {
		bundle_abandon(w);
		return rc;
	}
	return commit(j, w, q, why);
}

static int join_all(struct join *j, const char *path, struct fault *why) {
	struct quality q;
	int rc = shard_names_open(&j->of_servers, j->plan, why);

	if (rc >= 0) {
		shard_names_apply(j->of_servers, NULL, j->names, j->attribution);
		rc = parts_read_all(j->plan, NULL, add_item, j, why);
	}
	quality_init(&q);
	rc = rc < 0 ? rc : attribution_join(j->attribution, keep_tenant, j, &q, why);
	rc = rc < 0 ? rc : attribution_bought(j->attribution, keep_bought, j, &j->bought_from_ns, &j->bought_to_ns, &q, why);
	rc = rc < 0 ? rc : write_file(j, path, &q, why);
	quality_release(&q);
	return rc;
}

static bool is_needed(const struct survey *s) {
	return s->gateways && s->replicas > 1;
}

int shard_join(struct plan *p, struct fault *why) {
	const char *path = plan_path(p, "fit", 0, "tenants");
	struct survey survey;
	struct shard_session s;
	int rc = parts_survey(p, &survey, why);

	if (rc < 0 || !is_needed(&survey) || plan_has(path)) {
		return rc;
	}
	rc = session_open(&s, p, why);
	if (rc == 0) {
		struct attribute_options o = session_options(&s);
		struct join j = {.plan = p, .names = s.names, .attribution = attribution_new(&o), .why = why};
		j.spool = spool_new(1, MEMORY_BYTES, packed_order, NULL);
		rc = join_all(&j, path, why);
		attribution_free(j.attribution);
		shard_names_close(j.of_servers);
		spool_free(j.spool);
	}
	session_close(&s);
	return rc;
}

/* ---- results ---- */

struct shard_tenants {
	struct bundle *bundle;
	struct bundle_part next;
	bool ended;
	struct quality *quality; /* where notes are written */
	int64_t bought_from_ns, bought_to_ns;
};

static bool read_period(struct shard_tenants *t, const struct json *j) {
	return json_i64(j, json_get(j, 0, T("bought_from_ns")), &t->bought_from_ns) &&
	       json_i64(j, json_get(j, 0, T("bought_to_ns")), &t->bought_to_ns);
}

static int read_note(void *tenants, const struct json *line, struct fault *why) {
	struct shard_tenants *t = tenants;

	return read_period(t, line) || quality_read_line(t->quality, line) ? 0 : fault_set(why, ERROR_CONFIG, "notes that this version does not know");
}

static int advance(struct shard_tenants *t, struct fault *why) {
	int got = bundle_next(t->bundle, &t->next, why);

	t->ended = got <= 0;
	return got < 0 ? got : 0;
}

int shard_tenants_open(struct shard_tenants **out, struct plan *p, struct quality *quality, struct fault *why) {
	const char *path = plan_path(p, "fit", 0, "tenants");
	struct survey survey;
	int rc = parts_survey(p, &survey, why);

	*out = NULL;
	if (rc < 0 || !is_needed(&survey)) {
		return rc;
	}
	*out = must_calloc(1, sizeof **out);
	**out = (struct shard_tenants){.quality = quality, .bought_from_ns = INT64_MAX, .bought_to_ns = INT64_MIN};
	rc = plan_open_bundle(&(*out)->bundle, path, why);
	if (rc == 0 && p->task == 0) {
		rc = notes_read(p, path, (*out)->bundle, read_note, *out, why);
	}
	return rc < 0 ? rc : advance(*out, why);
}

void shard_tenants_close(struct shard_tenants *t) {
	if (t) {
		bundle_close(t->bundle);
		free(t);
	}
}

int shard_tenants_bought(struct shard_tenants *t, bundle_sink *sink, void *context, int64_t *from_ns, int64_t *to_ns, struct fault *why) {
	if (!t || t->ended || !text_eq(t->next.replica, T(GATEWAYS_PART))) {
		return 0;
	}
	*from_ns = t->bought_from_ns < *from_ns ? t->bought_from_ns : *from_ns;
	*to_ns = t->bought_to_ns > *to_ns ? t->bought_to_ns : *to_ns;
	int rc = bundle_read(t->bundle, &t->next, sink, context, why);
	return rc < 0 ? rc : advance(t, why);
}

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
		return fault_set(why, ERROR_CONFIG, "a tenant in fit/ is damaged; remove the file and run task 0 of shard fit again");
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
	int rc = 0;

	while (t && rc >= 0 && !t->ended && text_compare(t->next.replica, replica) <= 0) {
		if (text_eq(t->next.replica, replica)) {
			rc = bundle_read(t->bundle, &t->next, apply_tenant, &g, why);
		}
		rc = rc < 0 ? rc : advance(t, why);
	}
	return rc;
}
