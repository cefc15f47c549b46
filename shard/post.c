/* post.c: posts the entries of a task to the ledger, replica-day by replica-day. */
#include <stdlib.h>
#include <time.h>

#include "book/book.h"
#include "core/files/platform.h"
#include "core/instant.h"
#include "ledger/ledger.h"
#include "shard/shard.h"
#include "shard/shard_work.h"

/* Replicas per transaction: writers are serialised, and none has to wait for long. */
#define BATCH_REPLICAS 64
#define TRIES 8
#define FIRST_PAUSE_MS 100

/* Entries that are posted in one transaction, by replica. */
struct lot {
	struct plan *plan;
	struct names *names;
	struct entry *at;
	size_t count, room;
	int64_t replicas, posted;
	const char *currency;
	const struct tenant_key *key;
	const struct prices *prices;
};

static void lot_init(struct lot *b, struct plan *p, const struct shard_session *s) {
	*b = (struct lot){.plan = p, .names = names_new(), .currency = fleet_currency(s->fleet), .key = s->tenant_key,
	                  .prices = s->prices};
}

static void lot_release(struct lot *b) {
	names_free(b->names);
	free(b->at);
}

static void lot_add(struct lot *b, const struct entry *e) {
	b->at = must_grow(b->at, b->count, &b->room, sizeof *b->at, 256);
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

static struct ledger_run new_run(const struct lot *b) {
	return (struct ledger_run){.command = "shard", .version = TOLLBOOK_VERSION, .rule = rule_names[b->plan->set.rule],
	                           .currency = b->currency, .basis = b->plan->sha256, .started_ns = book_now_ns()};
}

/* Checks the run's settings: with another key, tenants would have other aliases. */
static int keep_basis(struct lot *b, struct ledger *l, const struct ledger_run *run, struct fault *why) {
	struct book book = {.ledger = l, .run = *run};
	int rc = book_keep_documents(l, run->id, &b->plan->set, b->plan->set.fleet, b->prices, why);

	quality_init(&book.quality);
	rc = rc < 0 ? rc : book_check_tenants(&book, b->key, why);
	quality_release(&book.quality);
	return rc;
}

/* All of the batch, or nothing: without new entries there is no run. */
static int post_once(void *batch, struct ledger *l, struct fault *why) {
	struct lot *b = batch;
	struct ledger_run run = new_run(b);
	int rc = ledger_run_add(l, &run, &run.id, why);
	struct book amounts = {.ledger = l, .run = run};

	rc = rc < 0 ? rc : book_check_currency(&amounts, false, why);
	rc = rc < 0 ? rc : post_days(b, l, run.id, &run.restated, why);
	if (rc < 0 || run.restated == 0) {
		return rc;
	}
	run.finished_ns = book_now_ns();
	rc = keep_basis(b, l, &run, why);
	rc = rc < 0 ? rc : ledger_run_finish(l, &run, why);
	return rc < 0 ? rc : 1;
}

int work_open_ledger(struct ledger **out, const struct plan *p, enum ledger_mode mode, struct names *names,
                     struct fault *why) {
	int64_t next = 0;
	int rc = ledger_open(out, p->set.book, mode, names, why);

	if (rc < 0 || mode == LEDGER_READ) {
		return rc;
	}
	rc = ledger_source_next(*out, &next, why);
	if (rc == 0 && next > 1) {
		rc = fault_set(why, ERROR_CONFIG, "%s: has its own records, which tasks do not include; expected another book", p->set.book);
	}
	if (rc < 0) {
		ledger_close(*out);
	}
	return rc;
}

static int do_once(const struct plan *p, struct names *names, ledger_work *work, void *context, struct fault *why) {
	struct ledger *l = NULL;
	int rc = work_open_ledger(&l, p, LEDGER_CREATE, names, why);

	if (rc < 0) {
		return rc;
	}
	rc = ledger_begin(l, why);
	rc = rc < 0 ? rc : work(context, l, why);
	rc = rc <= 0 ? rc : ledger_commit(l, why);
	ledger_close(l); /* what was not committed is undone */
	return rc;
}

/* After a lost server or a deadlock: what was not committed is repeated. */
int work_on_ledger(const struct plan *p, struct names *names, ledger_work *work, void *context, struct fault *why) {
	int64_t pause_ms = FIRST_PAUSE_MS;
	int rc = ERROR_IO;

	for (int i = 0; i < TRIES && rc == ERROR_IO; i++, pause_ms *= 2) {
		if (terminal_stopped(p->terminal)) {
			return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
		}
		if (i > 0) {
			struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
			nanosleep(&pause, NULL);
		}
		rc = do_once(p, names, work, context, why);
	}
	return rc;
}

static int post_batch(struct lot *b, struct fault *why) {
	if (b->count > 1) {
		platform_sort(b->at, b->count, sizeof *b->at, by_replica_day, b->names);
	}
	int rc = b->count > 0 ? work_on_ledger(b->plan, b->names, post_once, b, why) : 0;
	b->posted += rc == 0 ? (int64_t)b->count : 0;
	b->count = 0;
	return rc;
}

/* Names of previous replicas are not needed any more. */
static int next_batch(struct lot *b, struct fault *why) {
	int rc = post_batch(b, why);

	names_free(b->names);
	b->names = names_new();
	return rc;
}

static int add_item(void *batch, struct text item, struct fault *why) {
	struct lot *b = batch;
	struct entry e;

	if (!entry_unpack(&item, b->names, &e)) {
		return fault_set(why, ERROR_CONFIG, "an entry in attribute/ is damaged; remove the file and run its task again");
	}
	lot_add(b, &e);
	return 0;
}

static int post_own(struct plan *p, const struct shard_session *session, int64_t *posted, struct fault *why) {
	struct bundle_part part;
	struct bundle *bundle;
	struct lot b;
	int rc = plan_open_bundle(&bundle, plan_path(p, "attribute", p->task, "bundle"), why), got;

	lot_init(&b, p, session);
	while (rc == 0 && (got = bundle_next(bundle, &part, why)) != 0) {
		rc = got < 0 ? got : bundle_read(bundle, &part, add_item, &b, why);
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

/* ---- uptime of pools without a replica ---- */

struct rest {
	const struct shard_session *session;
	struct remainders *remainders;
	struct names *names; /* of the current entries */
	struct lot batch;
};

static int add_to_rest(void *rest, struct text item, struct fault *why) {
	struct rest *r = rest;
	struct entry e;

	if (!entry_unpack(&item, r->names, &e)) {
		return fault_set(why, ERROR_CONFIG, "an entry in attribute/ is damaged; remove the file and run its task again");
	}
	e.pool = names_id(r->session->names, names_text(r->names, e.pool));
	return remainders_add_entry(r->remainders, &e);
}

static int add_rest(void *rest, const struct entry *e) {
	struct rest *r = rest;
	struct entry here = *e;

	here.model = names_id(r->batch.names, names_text(r->session->names, e->model));
	here.pool = names_id(r->batch.names, names_text(r->session->names, e->pool));
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
			rc = got < 0 ? got : bundle_read(b, &part, add_to_rest, r, why);
			names_free(r->names);
			r->names = names_new();
		}
		bundle_close(b);
	}
	return rc;
}

static int post_rest(struct plan *p, struct shard_session *s, int64_t *posted, struct fault *why) {
	struct rest r = {.session = s, .names = names_new()};
	struct attribute_options o = session_options(s);
	struct quality odd;

	quality_init(&odd);
	lot_init(&r.batch, p, s);
	r.remainders = remainders_new(&o);
	int rc = read_all(&r, p, why);
	rc = rc < 0 ? rc : remainders_finish(r.remainders, add_rest, &r, &odd, why);
	rc = rc < 0 ? rc : post_batch(&r.batch, why);
	rc = rc < 0 ? rc : shard_post_evidence(p, s, &odd, why);
	*posted += r.batch.posted;
	remainders_free(r.remainders);
	lot_release(&r.batch);
	quality_release(&odd);
	names_free(r.names);
	return rc;
}

/* A task that finds all files posts the remainder; if several do, they post the same. */
int shard_post(struct plan *p, int64_t *posted, struct fault *why) {
	struct shard_session s;
	struct tenant_key *key = NULL;
	int rc = session_open(&s, p, why);

	rc = rc == 0 ? settings_tenant_key(&p->set, p->terminal, &key, why) : rc;
	s.tenant_key = key;
	rc = rc == 0 ? post_own(p, &s, posted, why) : rc;
	rc = rc == 0 && plan_has_all(p, "attribute", "bundle") ? post_rest(p, &s, posted, why) : rc;
	session_close(&s);
	tenant_key_free(key);
	return rc;
}
