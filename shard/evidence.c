/* evidence.c: posts what a plan's logs contained and what was wrong with them to the ledger, for `tollbook report`. */
#include <stdlib.h>

#include "book/book.h"
#include "shard/shard_work.h"
#include "core/quality_lines.h"
#include "core/files/files.h"

struct evidence {
	struct plan *plan;
	const struct shard_session *session;
	const struct quality *odd;
	int64_t from_ns, to_ns;
	struct quality quality; /* of the current task */
};

static int read_note(void *evidence, const struct json *j, struct fault *why) {
	struct evidence *e = evidence;

	return notes_widen(j, &e->from_ns, &e->to_ns) ? 0 : notes_to_quality(&e->quality, j, why);
}

static void forget(struct evidence *e) {
	quality_release(&e->quality);
	quality_init(&e->quality);
}

/* The period of the plan's statement. */
static int find_period(struct evidence *e, struct fault *why) {
	const struct shard_session *s = e->session;
	int rc = 0;

	for (int64_t i = 0; i < e->plan->tasks && rc == 0; i++) {
		rc = notes_read(e->plan, plan_path(e->plan, "attribute", i, "bundle"), read_note, e, why);
		forget(e);
	}
	if (e->from_ns <= e->to_ns) {
		e->from_ns = s->from_ns != INT64_MIN ? s->from_ns : e->from_ns;
		e->to_ns = s->to_ns != INT64_MAX ? s->to_ns : e->to_ns;
	}
	return rc;
}

static int put(struct evidence *e, struct ledger *l, int64_t run, int64_t task, const struct quality *q, struct fault *why) {
	char *at = NULL;
	size_t len = 0;
	FILE *out = memory_open(&at, &len);

	quality_write_lines(q, out);
	memory_close(out, &at);
	struct ledger_evidence row = {e->plan->sha256, task, e->from_ns, e->to_ns, {at, len}};
	int rc = ledger_evidence_put(l, run, &row, why);
	free(at);
	return rc;
}

static int put_task(struct evidence *e, struct ledger *l, struct ledger_run *run, int64_t task, struct fault *why) {
	int rc = notes_read(e->plan, plan_path(e->plan, "map", task, "bundle"), read_note, e, why);
	const struct quality *q = &e->quality;

	run->files += (int64_t)q->input_count;
	run->records += q->steps + q->requests + q->windows + q->powers;
	for (size_t i = 0; i < q->reject_count; i++) {
		run->rejected += q->rejects[i].lines;
	}
	rc = rc < 0 ? rc : notes_read(e->plan, plan_path(e->plan, "attribute", task, "bundle"), read_note, e, why);
	rc = rc < 0 ? rc : put(e, l, run->id, task, q, why);
	forget(e);
	return rc;
}

static int put_all(void *evidence, struct ledger *l, struct fault *why) {
	struct evidence *e = evidence;
	const struct book_settings *set = &e->plan->set;
	/* Lines and duplicates are in the evidence: a report adds those of runs to them. */
	struct ledger_run run = {.command = "shard", .version = TOLLBOOK_VERSION, .rule = rule_names[set->rule],
	                         .currency = fleet_currency(e->session->fleet), .basis = e->plan->sha256,
	                         .started_ns = book_now_ns()};
	int64_t known = 0;
	int rc = ledger_evidence_count(l, e->plan->sha256, &known, why);

	if (rc < 0 || known > 0) {
		return rc;
	}
	rc = ledger_run_add(l, &run, &run.id, why);
	rc = rc < 0 ? rc : book_keep_documents(l, run.id, set, set->fleet, e->session->prices, why);
	for (int64_t i = 0; i < e->plan->tasks && rc == 0; i++) {
		rc = put_task(e, l, &run, i, why);
	}
	rc = rc < 0 ? rc : put(e, l, run.id, -1, e->odd, why);
	run.finished_ns = book_now_ns();
	rc = rc < 0 ? rc : ledger_run_finish(l, &run, why);
	return rc < 0 ? rc : 1;
}

int shard_post_evidence(struct plan *p, const struct shard_session *s, const struct quality *odd, struct fault *why) {
	struct evidence e = {.plan = p, .session = s, .odd = odd, .from_ns = INT64_MAX, .to_ns = INT64_MIN};

	quality_init(&e.quality);
	int rc = find_period(&e, why);
	if (rc == 0 && e.from_ns <= e.to_ns) {
		struct names *names = names_new();
		rc = work_on_ledger(p, names, put_all, &e, why);
		names_free(names);
	}
	quality_release(&e.quality);
	return rc;
}
