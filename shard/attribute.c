/* attribute.c: tollbook shard attribute: the entries of a task's replicas. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/findings.h"
#include "shard/shard.h"
#include "shard/shard_work.h"
#include "core/quality.h"
#include "core/quality_lines.h"
#include "core/files/files.h"

/* What a task writes: entries, or the cost of each request. */
enum product { ENTRIES, REQUESTS };

struct work {
	struct plan *plan;
	enum product product;
	struct shard_session session;
	struct bundle_writer *out;
	struct shard_tenants *tenants; /* tenants from gateways' logs; NULL: none */
	struct quality quality;
	int64_t from_ns, to_ns; /* of the evidence of all replicas */
	struct text replica;
	struct shard_tally *tally;
	struct fault *why;
};

/* All tasks' statistics, summed: independent of the number of tasks. */
static int open_session(struct work *w, struct fault *why) {
	int rc = session_open(&w->session, w->plan, why);

	if (rc != 0) {
		return rc;
	}
	w->session.requests = w->product == REQUESTS;
	w->session.fits = attribution_fits_new(w->session.names);
	return work_sum_fits(w->session.fits, w->plan, why);
}

static int add_entry(void *work, const struct entry *e) {
	struct work *w = work;
	char packed[PACK_MAX];

	if (terminal_stopped(w->plan->terminal)) {
		return fault_set(w->why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	if (w->product != ENTRIES) {
		return 0;
	}
	size_t len = entry_pack(e, w->session.names, packed);
	w->tally->entries++;
	if (e->kind <= ENTRY_OUTPUT) {
		quality_add_busy(&w->quality, e->gpu_ns);
	}
	return bundle_add(w->out, w->replica, (struct text){packed, len}, w->why);
}

static int add_request(void *work, struct text item, struct fault *why) {
	struct work *w = work;

	w->tally->entries++;
	return bundle_add(w->out, w->replica, item, why);
}

/* ---- results in addition to entries ---- */

static int add_batch(void *work, const struct batch_row *r) {
	struct work *w = work;

	quality_add_batch(&w->quality, names_text(w->session.names, r->model), r);
	return 0;
}

static int add_position(void *work, const struct position_row *r) {
	struct work *w = work;

	quality_add_position(&w->quality, names_text(w->session.names, r->model), r);
	return 0;
}

static int add_rule(void *work, const struct rule_row *r) {
	struct work *w = work;

	quality_add_rule(&w->quality, names_text(w->session.names, r->model), r);
	return 0;
}

static int add_curve(void *work, const struct curve_row *r) {
	struct work *w = work;

	quality_add_curve(&w->quality, names_text(w->session.names, r->model), r);
	return 0;
}

static void add_period(struct work *w, const struct attribution *a) {
	int64_t from_ns, to_ns;

	if (attribution_period(a, &from_ns, &to_ns)) {
		exact_widen(&w->from_ns, &w->to_ns, from_ns, to_ns);
	}
}

static int commit(struct work *w, struct fault *why) {
	char *at = NULL;
	size_t len = 0;
	FILE *out = memory_open(&at, &len);

	notes_begin(w->plan, out);
	if (w->from_ns <= w->to_ns) {
		fprintf(out, "{\"evidence_from_ns\":%" PRId64 ",\"evidence_to_ns\":%" PRId64 "}\n", w->from_ns, w->to_ns);
	}
	quality_write_lines(&w->quality, out);
	memory_close(out, &at);
	int rc = bundle_commit(w->out, (struct text){at, len}, why);
	free(at);
	return rc;
}

/* ---- replicas ---- */

static int attribute_replica(struct work *w, struct parts *parts, struct fault *why) {
	struct attribution *a;
	int rc = work_add_replica(parts, &w->session, w->replica, &a, &w->tally->records, why);

	rc = rc < 0 ? rc : shard_tenants_apply(w->tenants, w->session.names, w->replica, a, why);
	rc = rc < 0 ? rc : attribution_finish(a, add_entry, w, &w->quality, why);
	rc = rc < 0 || w->product != REQUESTS ? rc : attribution_pack_requests(a, add_request, w, why);
	rc = rc < 0 ? rc : attribution_each_batch(a, add_batch, w);
	rc = rc < 0 ? rc : attribution_each_position(a, add_position, w);
	rc = rc < 0 ? rc : attribution_each_rule(a, add_rule, w);
	if (rc >= 0 && w->tally->replicas == 0) { /* the fits are those of all tasks: each adds the same, and means are taken of them */
		rc = attribution_each_curve(a, add_curve, w);
	}
	add_period(w, a);
	w->tally->replicas++;
	attribution_free(a);
	return rc;
}

static int renew(struct work *w, struct fault *why) {
	session_close(&w->session);
	return open_session(w, why);
}

static int add_bought(void *work, struct text item, struct fault *why) {
	struct work *w = work;

	w->tally->entries++;
	return bundle_add(w->out, T(GATEWAYS_PART), item, why);
}

static int attribute_all(struct work *w, struct parts *parts, struct fault *why) {
	/* Bought requests belong to the first task, before its replicas. */
	int rc = w->plan->task == 0 && w->product == ENTRIES ? shard_tenants_bought(w->tenants, add_bought, w, &w->from_ns, &w->to_ns, why) : 0, got;

	while (rc == 0 && (got = parts_next(parts, w->plan->task, &w->replica, why)) != 0) {
		rc = got < 0 ? got : attribute_replica(w, parts, why);
		if (rc == 0 && w->tally->replicas % SESSION_REPLICAS == 0) {
			rc = renew(w, why);
		}
	}
	return rc;
}

static int write_bundle(struct work *w, const char *path, struct fault *why) {
	struct parts *parts;
	int rc = parts_open(&parts, w->plan, why);

	rc = rc < 0 || w->plan->task > 0 ? rc : shard_names_tell(w->plan, &w->quality, why);
	rc = rc < 0 ? rc : shard_tenants_open(&w->tenants, w->plan, &w->quality, why);
	rc = rc < 0 ? rc : bundle_create(&w->out, path, why);
	if (rc >= 0) {
		rc = attribute_all(w, parts, why);
		if (rc == 0) {
			rc = commit(w, why);
		} else {
			bundle_abandon(w->out);
		}
	}
	shard_tenants_close(w->tenants);
	parts_close(parts);
	return rc;
}

static int do_task(struct work *w, struct fault *why) {
	const char *path = plan_path(w->plan, w->product == REQUESTS ? "requests" : "attribute", w->plan->task, "bundle");

	if (plan_has(path)) {
		return 0;
	}
	int rc = open_session(w, why);
	rc = rc == 0 ? write_bundle(w, path, why) : rc;
	session_close(&w->session);
	return rc;
}

int shard_attribute(const struct shard_settings *asked, const struct book_settings *set, const struct terminal *t,
                    struct shard_tally *tally, struct fault *why) {
	struct plan p;
	struct work w = {.plan = &p, .from_ns = INT64_MAX, .to_ns = INT64_MIN, .tally = tally, .why = why};

	quality_init(&w.quality);
	int rc = plan_read(&p, asked, set, t, true, why);
	rc = rc == 0 ? do_task(&w, why) : rc;
	if (rc == 0 && p.set.book) {
		int64_t posted = 0;
		rc = shard_post(&p, &posted, why);
	}
	if (rc == 0) {
		findings_say(t, &w.quality);
	}
	quality_release(&w.quality);
	plan_release(&p);
	return rc;
}

int shard_requests_of(struct plan *p, struct shard_tally *tally, struct fault *why) {
	struct work w = {.plan = p, .product = REQUESTS, .from_ns = INT64_MAX, .to_ns = INT64_MIN, .tally = tally, .why = why};

	quality_init(&w.quality);
	int rc = do_task(&w, why);
	quality_release(&w.quality); /* attribute has its findings */
	return rc;
}

int shard_requests(const struct shard_settings *asked, const struct book_settings *set, const struct terminal *t,
                   struct shard_tally *tally, struct fault *why) {
	struct plan p;
	int rc = plan_read(&p, asked, set, t, true, why);

	rc = rc == 0 ? shard_requests_of(&p, tally, why) : rc;
	plan_release(&p);
	return rc;
}
