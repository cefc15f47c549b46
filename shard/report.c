/* report.c: tollbook shard report: the statement of a plan with completed tasks. */
#include <stdlib.h>

#include "book/findings.h"
#include "shard/shard.h"
#include "shard/shard_work.h"
#include "core/instant.h"
#include "core/quality_lines.h"
#include "ledger/ledger.h"

/* Memory for sorting requests, before the disk is used. */
#define ROWS_BYTES ((size_t)8 << 20)

struct merge {
	struct plan plan;
	struct shard_session session;
	struct remainders *remainders; /* uptime of pools without a replica */
	struct quality quality;
	struct statement *statement;
	int64_t from_ns, to_ns;
	struct shard_tally *tally;
};

static int read_note(void *merge, const struct json *j, struct fault *why) {
	struct merge *m = merge;

	return notes_widen(j, &m->from_ns, &m->to_ns) ? 0 : notes_to_quality(&m->quality, j, why);
}

static int read_notes(struct merge *m, const char *step, struct fault *why) {
	int rc = 0;

	for (int64_t i = 0; i < m->plan.tasks && rc == 0; i++) {
		rc = notes_read(&m->plan, plan_path(&m->plan, step, i, "bundle"), read_note, m, why);
	}
	return rc;
}

/* ---- entries ---- */

static int add_entry(void *merge, const struct entry *e) {
	struct merge *m = merge;

	m->tally->entries++;
	return statement_add_entry(m->statement, e);
}

static int add_item(void *merge, struct text item, struct fault *why) {
	struct merge *m = merge;
	struct entry e;

	if (!entry_unpack(&item, m->session.names, &e)) {
		return fault_set(why, ERROR_CONFIG, "an entry in attribute/ is damaged; remove the file and run its task again");
	}
	int rc = remainders_add_entry(m->remainders, &e);
	rc = rc < 0 ? rc : add_entry(m, &e);
	return rc < 0 ? fault_set(why, rc, "a figure does not fit 64 bits") : 0;
}

static int read_entries(struct merge *m, struct fault *why) {
	int rc = 0;

	for (int64_t i = 0; i < m->plan.tasks && rc == 0; i++) {
		struct bundle_part part;
		struct bundle *b;
		int got;
		rc = plan_open_bundle(&b, plan_path(&m->plan, "attribute", i, "bundle"), why);
		while (rc == 0 && (got = bundle_next(b, &part, why)) != 0) {
			rc = got < 0 ? got : bundle_read(b, &part, add_item, m, why);
			m->tally->replicas++;
		}
		bundle_close(b);
	}
	return rc;
}

/* ---- the same from the ledger ---- */

static int add_posted(void *merge, const struct entry *e) {
	struct merge *m = merge;
	int rc = e->replica != 0 ? remainders_add_entry(m->remainders, e) : 0;

	return rc < 0 ? rc : add_entry(m, e);
}

static int ignore_entry(void *merge, const struct entry *e) {
	(void)merge, (void)e;
	return 0;
}

static int read_ledger(struct merge *m, struct fault *why) {
	const struct shard_session *s = &m->session;
	int64_t from_ns = s->from_ns != INT64_MIN ? s->from_ns : m->from_ns, to_ns = s->to_ns != INT64_MAX ? s->to_ns : m->to_ns + 1;
	struct ledger *l = NULL;
	int rc = work_open_ledger(&l, &m->plan, LEDGER_READ, s->names, why);

	if (rc == 0) {
		rc = ledger_entries(l, instant_floor(from_ns, NS_PER_HOUR), to_ns, INT64_MAX - 1, add_posted, m, why);
		ledger_close(l);
	}
	/* The remaining uptime of pools is posted already; this only warns about it. */
	return rc < 0 ? rc : remainders_finish(m->remainders, ignore_entry, m, &m->quality, why);
}

static int read_files(struct merge *m, struct fault *why) {
	int rc = read_entries(m, why);

	return rc < 0 ? rc : remainders_finish(m->remainders, add_entry, m, &m->quality, why);
}

/* ---- the statement ---- */

static void start_statement(struct merge *m) {
	const struct shard_session *s = &m->session;
	struct report_options o = settings_report(&m->plan.set, s->names, s->prices, s->tz, s->fleet);

	o.from_ns = s->from_ns != INT64_MIN ? s->from_ns : m->from_ns;
	o.to_ns = s->to_ns != INT64_MAX ? s->to_ns : m->to_ns;
	o.stated = &m->quality;
	m->statement = statement_new(&o);
}

static int make_statement(struct merge *m, struct fault *why) {
	if (m->from_ns > m->to_ns) {
		findings_say(m->plan.terminal, &m->quality);
		findings_say_nothing(m->plan.terminal, &(struct list){&m->plan.folder, 1}, &m->quality);
		return EXIT_FAILED;
	}
	quality_report_joins(&m->quality);
	quality_sort(&m->quality);
	start_statement(m);
	const struct book_settings *set = &m->plan.set;
	bool page = set->format && strcmp(set->format, "html") == 0;
	int rc = set->book ? read_ledger(m, why) : read_files(m, why);
	rc = rc < 0 ? rc : statement_add_rows(m->statement, m->session.names, &m->quality, m->session.fleet && fleet_description_count(m->session.fleet) > 0,
	                                     page || set->by.position, page || set->compare_rules);
	rc = rc < 0 ? rc : statement_finish(m->statement, &m->quality, why);
	if (rc < 0) {
		return rc;
	}
	if (strcmp(m->plan.set.format, "table") != 0) {
		findings_say(m->plan.terminal, &m->quality);
	}
	rc = settings_write(&m->plan.set, m->plan.terminal, m->statement, why);
	return rc != 0 ? rc : statement_has_findings(m->statement) ? EXIT_FINDINGS : EXIT_TIED_OUT;
}

/* ---- the cost of each request ---- */

struct listing {
	struct merge *merge;
	struct request_rows *rows;
};

static int add_request(void *listing, struct text item, struct fault *why) {
	struct listing *l = listing;

	return request_rows_unpack(l->rows, l->merge->session.names, item, why);
}

static int list_task(struct listing *l, int64_t task, struct fault *why) {
	struct plan *p = &l->merge->plan;
	struct bundle_part part;
	struct bundle *b;
	int got = 0;

	p->task = task;
	int rc = shard_requests_of(p, &(struct shard_tally){0}, why);
	rc = rc < 0 ? rc : plan_open_bundle(&b, plan_path(p, "requests", task, "bundle"), why);
	if (rc < 0) {
		return rc;
	}
	while (rc >= 0 && (got = bundle_next(b, &part, why)) > 0) {
		rc = bundle_read(b, &part, add_request, l, why);
	}
	bundle_close(b);
	return rc < 0 ? rc : got;
}

/* Tasks that have not done their part yet (shard requests) are done here. */
static int write_requests(struct merge *m, struct fault *why) {
	struct listing l = {m, request_rows_new(m->session.names, 1, ROWS_BYTES)};
	int rc = 0;

	for (int64_t i = 0; i < m->plan.tasks && rc >= 0; i++) {
		rc = list_task(&l, i, why);
	}
	m->plan.task = -1;
	rc = rc < 0 ? rc : request_rows_write(l.rows, m->session.names, m->plan.set.requests, why);
	request_rows_free(l.rows);
	return rc;
}

static int do_report(struct merge *m, struct fault *why) {
	int rc = session_open(&m->session, &m->plan, why);

	if (rc != 0) {
		return rc;
	}
	struct attribute_options o = session_options(&m->session);
	m->remainders = remainders_new(&o);
	rc = read_notes(m, "map", why);
	rc = rc == 0 ? read_notes(m, "attribute", why) : rc;
	rc = rc == 0 && m->plan.set.requests ? write_requests(m, why) : rc;
	return rc == 0 ? make_statement(m, why) : rc;
}

int shard_report(const struct shard_settings *asked, const struct book_settings *set, const struct terminal *t,
                 struct shard_tally *tally, struct fault *why) {
	struct merge m = {.from_ns = INT64_MAX, .to_ns = INT64_MIN, .tally = tally};

	quality_init(&m.quality);
	int rc = plan_read(&m.plan, asked, set, t, false, why);
	rc = rc == 0 ? do_report(&m, why) : rc;
	statement_free(m.statement);
	remainders_free(m.remainders);
	quality_release(&m.quality);
	session_close(&m.session);
	plan_release(&m.plan);
	return rc;
}
