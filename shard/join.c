/*
 * join.c: tenants of requests from gateways' logs, if replicas are attributed one by one. Each task of `shard fit` joins
 * a part of all requests: first those whose ids have a part of all hashes, then, of those that are left, those whose
 * token counts have.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "shard/shard_work.h"
#include "core/quality_lines.h"
#include "core/files/spool.h"
#include "core/files/files.h"

/* Memory for sorting tenants by the names of replicas, and requests by their part, before the disk is used. */
#define MEMORY_BYTES ((size_t)8 << 20)

struct join {
	struct plan *plan;
	struct attribution *attribution;
	struct names *names;
	struct shard_names *of_servers;
	enum join_stage stage;
	int64_t task;
	struct spool *spool, *left;
	struct quality quality;
	int64_t bought_from_ns, bought_to_ns; /* requests answered by vendors */
	FILE *notes;
	struct fault *why;
};

static int add_item(void *join, struct text item, struct fault *why) {
	struct join *j = join;
	struct record r;

	if (terminal_stopped(j->plan->terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	if (!record_unpack(&item, &r)) {
		return fault_set(why, ERROR_CONFIG, "a request in %s is damaged; remove the file and run its task again",
		                 j->stage == JOIN_BY_ID ? "map/" : "fit/");
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

/* What is left is for the task that joins requests with its token counts. */
static int keep_left(void *join, const struct record *r, struct fault *why) {
	struct join *j = join;
	char item[PACK_MAX + PART_KEY_MAX], key[PART_KEY_MAX];
	uint64_t part = attribution_join_part(&r->request, JOIN_BY_TOKENS) % (uint64_t)j->plan->tasks;
	char *at = pack_text(item, parts_key(key, (int64_t)part));

	at += record_pack(r, at);
	return spool_add(j->left, 0, item, (size_t)(at - item), why);
}

static int write_items(struct spool *spool, struct bundle_writer *w, struct fault *why) {
	struct spool_reader *reader;
	const void *bytes;
	size_t len;
	int rc = spool_seal(spool, why), got = 0;

	rc = rc < 0 ? rc : spool_reader_new(&reader, spool, why);
	if (rc < 0) {
		return rc;
	}
	while (rc >= 0 && (got = spool_next(reader, &bytes, &len, why)) > 0) {
		struct text item = {bytes, len}, name;
		(void)unpack_text(&item, &name);
		rc = bundle_add(w, name, item, why);
	}
	spool_reader_free(reader);
	return rc < 0 ? rc : got;
}

/* ---- notes ---- */

static int put_day(void *join, const struct bought_day *d) {
	struct join *j = join;

	fputs("{\"bought_day\":", j->notes);
	json_put_text(j->notes, d->gateway);
	fprintf(j->notes, ",\"day_ns\":%" PRId64 ",\"prompt_ntok\":%" PRId64 ",\"unknown_ntok\":%" PRId64 "}\n", d->day_ns, d->prompt_ntok,
	        d->unknown_ntok);
	return 0;
}

static int commit(struct join *j, struct bundle_writer *w, struct fault *why) {
	char *notes = NULL;
	size_t len = 0;

	j->notes = memory_open(&notes, &len);
	notes_begin(j->plan, j->notes);
	if (j->bought_from_ns <= j->bought_to_ns) {
		fprintf(j->notes, "{\"bought_from_ns\":%" PRId64 ",\"bought_to_ns\":%" PRId64 "}\n", j->bought_from_ns, j->bought_to_ns);
	}
	(void)attribution_each_bought_day(j->attribution, put_day, j);
	quality_write_lines(&j->quality, j->notes);
	memory_close(j->notes, &notes);
	int rc = bundle_commit(w, (struct text){notes, len}, why);
	free(notes);
	return rc;
}

/* ---- files ---- */

static int write_left(struct join *j, struct fault *why) {
	struct bundle_writer *w;
	int rc = bundle_create(&w, plan_path(j->plan, "fit", j->task, "left"), why);

	if (rc < 0) {
		return rc;
	}
	rc = write_items(j->left, w, why);
	if (rc < 0) {
		bundle_abandon(w);
		return rc;
	}
	return notes_commit(j->plan, w, NULL, why);
}

static int write_tenants(struct join *j, const char *path, struct fault *why) {
	struct bundle_writer *w;
	int rc = bundle_create(&w, path, why);

	if (rc < 0) {
		return rc;
	}
	rc = write_items(j->spool, w, why);
	if (rc < 0) {
		bundle_abandon(w);
		return rc;
	}
	return commit(j, w, why);
}

/* ---- the stages ---- */

static int read_requests(struct join *j, struct fault *why) {
	bool by_id = j->stage == JOIN_BY_ID;
	int rc = shard_names_open(&j->of_servers, j->plan, why);

	if (rc >= 0 && by_id) {
		shard_names_apply(j->of_servers, NULL, j->names, j->attribution);
	}
	attribution_set_gateways(j->attribution, (struct gateways){GATEWAYS_APART, 0});
	return rc < 0 ? rc : parts_read_requests(j->plan, j->task, by_id ? "map" : "fit", by_id ? "requests" : "left", add_item, j, why);
}

static int join_part(struct join *j, const char *path, struct fault *why) {
	int rc = read_requests(j, why);

	rc = rc < 0 ? rc : attribution_join(j->attribution, keep_tenant, j, &j->quality, why);
	if (rc >= 0 && j->stage == JOIN_BY_ID) {
		rc = attribution_each_left(j->attribution, keep_left, j, why);
		rc = rc < 0 ? rc : write_left(j, why);
	} else if (rc >= 0) {
		rc = attribution_bought(j->attribution, keep_bought, j, &j->bought_from_ns, &j->bought_to_ns, why);
	}
	return rc < 0 ? rc : write_tenants(j, path, why);
}

static int do_stage(struct plan *p, int64_t task, enum join_stage stage, const char *path, struct fault *why) {
	struct shard_session s;
	int rc = session_open(&s, p, why);

	if (rc == 0) {
		struct attribute_options o = session_options(&s);
		o.join = stage;
		struct join j = {.plan = p, .names = s.names, .attribution = attribution_new(&o), .stage = stage, .task = task, .why = why,
		                 .bought_from_ns = INT64_MAX, .bought_to_ns = INT64_MIN,
		                 .spool = spool_new(1, MEMORY_BYTES, packed_order, NULL), .left = spool_new(1, MEMORY_BYTES, packed_order, NULL)};
		quality_init(&j.quality);
		rc = join_part(&j, path, why);
		quality_release(&j.quality);
		attribution_free(j.attribution);
		shard_names_close(j.of_servers);
		spool_free(j.spool);
		spool_free(j.left);
	}
	session_close(&s);
	return rc;
}

int shard_join_needed(struct plan *p, bool *needed, struct fault *why) {
	struct survey s;
	int rc = parts_survey(p, &s, why);

	*needed = rc >= 0 && s.gateways && s.replicas > 1;
	return rc;
}

int shard_join_ids(struct plan *p, int64_t task, struct fault *why) {
	const char *path = plan_path(p, "fit", task, "joined");
	bool needed;
	int rc = plan_has(path) ? 1 : shard_join_needed(p, &needed, why);

	return rc != 0 || !needed ? (rc < 0 ? rc : 0) : do_stage(p, task, JOIN_BY_ID, path, why);
}

static int join_tokens(struct plan *p, int64_t task, struct fault *why) {
	const char *path = plan_path(p, "fit", task, "tenants");

	return plan_has(path) ? 0 : do_stage(p, task, JOIN_BY_TOKENS, path, why);
}

/*
 * The second stage needs the first one's results of all tasks, and tasks run in any order. Each does its own part if
 * it can, and a task that finds all others done does what is missing: so the last one leaves nothing undone.
 */
int shard_join_left(struct plan *p, int64_t task, struct fault *why) {
	bool needed;
	int rc = shard_join_needed(p, &needed, why);

	if (rc < 0 || !needed || !plan_has_all(p, "fit", "joined")) {
		return rc;
	}
	rc = join_tokens(p, task, why);
	for (int64_t i = 0, all = plan_has_all(p, "fit", "fits") ? p->tasks : 0; i < all && rc >= 0; i++) {
		rc = join_tokens(p, i, why);
	}
	return rc;
}
