/* retire.c: removes old records; the ledger keeps what it knows about them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/exact.h"
#include "core/instant.h"
#include "ledger/book.h"

/*
 * The entries of a day rest on its records and those of adjacent days, and late records for an open day restate these
 * days as well: records this close to an open day are kept.
 */
#define MARGIN_DAYS 2

struct closed {
	int64_t from_ns, to_ns;
	bool old;
};

struct retiring {
	struct ledger *l;
	int64_t run, before_ns;
	struct closed *closed;
	size_t closed_count;
	struct segment_list going;
};

static int keep_closed(void *retiring, const struct ledger_period *p) {
	struct retiring *r = retiring;

	if (!p->reopened_run) {
		r->closed = must_realloc(r->closed, (r->closed_count + 1) * sizeof *r->closed);
		r->closed[r->closed_count++] = (struct closed){p->from_ns, p->to_ns, p->to_ns <= r->before_ns};
	}
	return 0;
}

static const struct closed *closed_at(const struct retiring *r, int64_t day_ns) {
	for (size_t i = 0; i < r->closed_count; i++) {
		if (r->closed[i].from_ns <= day_ns && day_ns < r->closed[i].to_ns) {
			return &r->closed[i];
		}
	}
	return NULL;
}

static bool may_go(const struct retiring *r, const struct ledger_segment *s) {
	if (s->gone_run || s->first_ns > s->last_ns) {
		return false;
	}
	int64_t first = instant_floor(s->first_ns, NS_PER_DAY), last = instant_floor(s->last_ns, NS_PER_DAY);
	for (int64_t day = first - MARGIN_DAYS * NS_PER_DAY; day <= last + MARGIN_DAYS * NS_PER_DAY; day += NS_PER_DAY) {
		const struct closed *c = closed_at(r, day);
		if (!c || (day >= first && day <= last && !c->old)) {
			return false;
		}
	}
	return true;
}

static int keep_old(void *retiring, const struct ledger_segment *s) {
	struct retiring *r = retiring;

	return may_go(r, s) ? segment_keep(&r->going, s) : 0;
}

/* Days that are still to be attributed need all records. */
static int find_old(struct retiring *r, struct fault *why) {
	int64_t dirty = 0;
	int rc = ledger_dirty_count(r->l, INT64_MIN, INT64_MAX, &dirty, why);

	if (rc < 0 || dirty > 0) {
		return rc;
	}
	rc = ledger_periods(r->l, keep_closed, r, why);
	int64_t end_ns = INT64_MIN;
	for (size_t i = 0; i < r->closed_count; i++) {
		end_ns = r->closed[i].old && r->closed[i].to_ns > end_ns ? r->closed[i].to_ns : end_ns;
	}
	return rc < 0 || end_ns == INT64_MIN ? rc : ledger_segments_left(r->l, end_ns, keep_old, r, why);
}

int ledger_retire(struct ledger *l, int64_t run, int64_t before_ns, int64_t *count, struct fault *why) {
	struct retiring r = {.l = l, .run = run, .before_ns = before_ns};
	int rc = find_old(&r, why);

	for (size_t i = 0; i < r.going.count && rc == 0 && run > 0; i++) {
		r.going.at[i].gone_run = run;
		rc = ledger_segment_put(l, &r.going.at[i], why);
	}
	*count = (int64_t)r.going.count;
	free(r.closed);
	free(r.going.at);
	return rc;
}

static int keep_gone(void *retiring, const struct ledger_segment *s) {
	struct retiring *r = retiring;

	return s->gone_run == r->run ? segment_keep(&r->going, s) : 0;
}

int ledger_retire_clean_up(struct ledger *l, int64_t run, struct fault *why) {
	struct retiring r = {.l = l, .run = run};
	char path[4096];
	int rc = ledger_segments(l, INT64_MIN, INT64_MAX, keep_gone, &r, why);

	for (size_t i = 0; i < r.going.count; i++) {
		/* a remaining file is an orphan: verify reports it */
		(void)unlink(ledger_segment_path(l, &r.going.at[i], path, sizeof path));
	}
	free(r.going.at);
	return rc;
}

int ledger_gone(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t *count, int64_t *since_ns, struct fault *why) {
	int rc = ask_first(l, Q_GONE, VALUES(V_INT(from_ns), V_INT(to_ns)), why);

	*count = 0;

	if (rc <= 0) {
		return rc;
	}
	*count = row_int(l, Q_GONE, 0);
	*since_ns = row_int(l, Q_GONE, 1);
	ask_end(l, Q_GONE);
	return *count > 0;
}
