/* shard_post.c: the entries of a task into the ledger, replica-day by replica-day. */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/shard.h"
#include "cli/shard_work.h"
#include "core/instant.h"
#include "ledger/ledger.h"

/* So many replicas are one transaction: writers take turns, and none has to wait for long. */
#define BATCH_REPLICAS 64
#define TRIES 8
#define FIRST_PAUSE_MS 100

/* Entries that go into the ledger in one transaction, by replica. */
struct lot {
	struct plan *plan;
	struct names *names;
	struct entry *at;
	size_t count, room;
	int64_t replicas, posted;
};

static void lot_init(struct lot *b, struct plan *p) {
	*b = (struct lot){.plan = p, .names = names_new()};
}

static void lot_release(struct lot *b) {
	names_free(b->names);
	free(b->at);
}

static void lot_add(struct lot *b, const struct entry *e) {
	if (b->count == b->room) {
		b->room = b->room > 0 ? 2 * b->room : 256;
		b->at = must_realloc(b->at, b->room * sizeof *b->at);
	}
	b->at[b->count++] = *e;
}

static int by_replica_day(const void *a, const void *b, void *names) {
	const struct entry *x = a, *y = b;
	int order = x->replica == y->replica ? 0 : text_compare(names_text(names, x->replica), names_text(names, y->replica));

	return order != 0 ? order : (x->slot_ns > y->slot_ns) - (x->slot_ns < y->slot_ns);
}

static int64_t day_of(const struct entry *e) {
	return instant_floor(e->slot_ns, NS_PER_DAY);
}

static int post_days(struct lot *b, struct ledger *l, int64_t run, int64_t *restated, struct fault *why) {
	int rc = 0;

	for (size_t i = 0, end; i < b->count && rc == 0; i = end) {
		const struct entry *e = &b->at[i];
		for (end = i + 1; end < b->count && b->at[end].replica == e->replica && day_of(&b->at[end]) == day_of(e); end++) {
		}
		rc = ledger_post_replica_day(l, run, day_of(e), e->replica, e, end - i, restated, why);
	}
	return rc;
}

static int64_t clock_ns(void) {
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* All of the batch, or nothing: not even a run where nothing is new. */
static int post_once(struct lot *b, struct ledger *l, struct fault *why) {
	struct ledger_run run = {.command = "shard", .version = TOLLBOOK_VERSION, .rule = rule_names[b->plan->r->rule],
	                         .currency = "", .basis = b->plan->sha256, .started_ns = clock_ns()};
	int rc = ledger_begin(l, why);

	rc = rc < 0 ? rc : ledger_run_add(l, &run, &run.id, why);
	rc = rc < 0 ? rc : post_days(b, l, run.id, &run.restated, why);
	if (rc < 0 || run.restated == 0) {
		ledger_rollback(l);
		return rc;
	}
	run.finished_ns = clock_ns();
	rc = ledger_run_finish(l, &run, why);
	if (rc < 0) {
		ledger_rollback(l);
		return rc;
	}
	return ledger_commit(l, why);
}

int work_open_ledger(struct ledger **out, const struct plan *p, enum ledger_mode mode, struct names *names,
                     struct fault *why) {
	const char *book = p->r->book;
	bool is_server = text_find(text_of(book), T("://")) != SIZE_MAX;

	return ledger_open(out, is_server ? p->folder : book, is_server ? book : NULL, mode, names, why);
}

/* A server that goes away, two that wait for each other: what was not committed is done once more. */
static int post_batch(struct lot *b, struct fault *why) {
	int64_t pause_ms = FIRST_PAUSE_MS;
	int rc = 0;

	if (b->count > 1) {
		qsort_r(b->at, b->count, sizeof *b->at, by_replica_day, b->names);
	}
	for (int i = 0; i < TRIES && b->count > 0 && !stop_asked(&b->plan->r->stop); i++, pause_ms *= 2) {
		struct ledger *l = NULL;
		rc = work_open_ledger(&l, b->plan, LEDGER_CREATE, b->names, why);
		if (rc == 0) {
			rc = post_once(b, l, why);
			ledger_close(l);
		}
		if (rc != ERROR_IO) {
			break;
		}
		struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
		nanosleep(&pause, NULL);
	}
	if (rc == 0 && stop_asked(&b->plan->r->stop)) {
		rc = fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	b->posted += rc == 0 ? (int64_t)b->count : 0;
	b->count = 0;
	return rc;
}

/* Names of replicas gone by are not needed any more. */
static int next_batch(struct lot *b, struct fault *why) {
	int rc = post_batch(b, why);

	names_free(b->names);
	b->names = names_new();
	return rc;
}

static int take_item(void *batch, struct text item, struct fault *why) {
	struct lot *b = batch;
	struct entry e;

	if (!entry_unpack(&item, b->names, &e)) {
		return fault_set(why, ERROR_CONFIG, "an entry in attribute/ is damaged; remove the file and run its task again");
	}
	lot_add(b, &e);
	return 0;
}

static int post_own(struct plan *p, int64_t *posted, struct fault *why) {
	struct bundle_part part;
	struct bundle *bundle;
	struct lot b;
	int rc = plan_open_bundle(&bundle, plan_path(p, "attribute", p->task, "bundle"), why), got;

	lot_init(&b, p);
	while (rc == 0 && (got = bundle_next(bundle, &part, why)) != 0) {
		rc = got < 0 ? got : bundle_read(bundle, &part, take_item, &b, why);
		if (rc == 0 && ++b.replicas % BATCH_REPLICAS == 0) {
			rc = next_batch(&b, why);
		}
	}
	rc = rc < 0 ? rc : post_batch(&b, why);
	*posted += b.posted;
	lot_release(&b);
	bundle_close(bundle);
	return rc;
}

/* ---- what pools were up for and no replica told of ---- */

struct rest {
	struct shard_session session;
	struct remainders *remainders;
	struct names *names; /* of the entries at hand */
	struct lot batch;
};

static int take_for_rest(void *rest, struct text item, struct fault *why) {
	struct rest *r = rest;
	struct entry e;

	if (!entry_unpack(&item, r->names, &e)) {
		return fault_set(why, ERROR_CONFIG, "an entry in attribute/ is damaged; remove the file and run its task again");
	}
	e.pool = names_id(r->session.names, names_text(r->names, e.pool));
	return remainders_take(r->remainders, &e);
}

static int add_rest(void *rest, const struct entry *e) {
	struct rest *r = rest;
	struct entry here = *e;

	here.model = names_id(r->batch.names, names_text(r->session.names, e->model));
	here.pool = names_id(r->batch.names, names_text(r->session.names, e->pool));
	lot_add(&r->batch, &here);
	return 0;
}

static int read_all(struct rest *r, struct plan *p, struct fault *why) {
	int rc = 0;

	for (int64_t i = 0; i < p->tasks && rc == 0; i++) {
		struct bundle_part part;
		struct bundle *b;
		int got;
		rc = plan_open_bundle(&b, plan_path(p, "attribute", i, "bundle"), why);
		while (rc == 0 && (got = bundle_next(b, &part, why)) != 0) {
			rc = got < 0 ? got : bundle_read(b, &part, take_for_rest, r, why);
			names_free(r->names);
			r->names = names_new();
		}
		bundle_close(b);
	}
	return rc;
}

static int post_rest(struct plan *p, int64_t *posted, struct fault *why) {
	struct rest r = {.names = names_new()};
	struct quality ignored; /* a report says what is odd */
	int rc = session_open(&r.session, p);

	quality_init(&ignored);
	lot_init(&r.batch, p);
	if (rc == 0) {
		struct attribute_options o = session_options(&r.session);
		r.remainders = remainders_new(&o);
		rc = read_all(&r, p, why);
		rc = rc < 0 ? rc : remainders_finish(r.remainders, add_rest, &r, &ignored, why);
		rc = rc < 0 ? rc : post_batch(&r.batch, why);
		*posted += r.batch.posted;
	}
	remainders_free(r.remainders);
	lot_release(&r.batch);
	quality_release(&ignored);
	session_close(&r.session);
	names_free(r.names);
	return rc;
}

/* Whoever finds all files there posts what is left; where several do, they post the same. */
static bool all_done(struct plan *p) {
	for (int64_t i = 0; i < p->tasks; i++) {
		if (!plan_has(plan_path(p, "attribute", i, "bundle"))) {
			return false;
		}
	}
	return true;
}

int shard_post(struct plan *p, int64_t *posted, struct fault *why) {
	int rc = post_own(p, posted, why);

	return rc == 0 && all_done(p) ? post_rest(p, posted, why) : rc;
}
