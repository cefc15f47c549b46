/* dump.c: the content of the ledger, as text that does not depend on the order of writing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/book.h"
#include "ledger/segments/part.h"

static void put_name(struct ledger *l, name_id id, FILE *out) {
	struct text t = names_text(l->names, id);

	for (size_t i = 0; i < t.len; i++) {
		putc((unsigned char)t.at[i] < ' ' || t.at[i] == 127 ? '?' : t.at[i], out);
	}
	putc('\t', out);
}

static void put_entry(struct ledger *l, const char *what, const struct entry *e, FILE *out) {
	fprintf(out, "%s\t", what);
	put_name(l, e->replica, out);
	put_name(l, e->model, out);
	put_name(l, e->tenant, out);
	put_name(l, e->pool, out);
	fprintf(out, "%" PRId64 "\t%d\t%d\t%" PRId64 "\t%d\t%" PRId64, e->slot_ns, (int)e->kind, (int)e->grade, e->prompt_over_ntok,
	        (int)e->service, e->rate_nano);
	for (int i = 0; i < ENTRY_AMOUNTS; i++) {
		fprintf(out, "\t%" PRId64, e->amounts[i]);
	}
	putc('\n', out);
}

struct dumping {
	struct ledger *l;
	FILE *out;
	struct entry *entries;
	size_t count, room;
	const struct ledger_transfer *t;
	struct fault *why;
};

static int keep_entry(void *context, const struct entry *e) {
	struct dumping *d = context;

	d->entries = must_grow(d->entries, d->count, &d->room, sizeof *d->entries, 1024);
	d->entries[d->count++] = *e;
	return transfer_go_on(d->t, d->why);
}

static int dump_source(void *context, const struct ledger_source *s) {
	struct dumping *d = context;

	fprintf(d->out, "source\t%s\t%" PRId64 "\t%s\t%s\t%" PRId64 "\t%" PRId64 "\n", s->content, s->bytes, s->head,
	        s->format, s->lines, s->records);
	return 0;
}

static int dump_segment(void *context, const struct ledger_segment *s) {
	struct dumping *d = context;

	fprintf(d->out, "segment\t%" PRId64 "\t", s->day_ns);
	put_name(d->l, s->replica, d->out);
	fprintf(d->out, "%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", s->hash,
	        s->counts[0], s->counts[1], s->counts[2], s->counts[3], s->first_ns, s->last_ns);
	return 0;
}

static int dump_fit(void *context, int64_t day_ns, const char *part, struct text json) {
	struct dumping *d = context;

	if (!is_breakdowns_part(part)) { /* those have a history, which depends on the runs */
		/* its function is described by its part */
		fprintf(d->out, "fit\t%" PRId64 "\t%.*s\n", day_ns, TEXT_ARG(json));
	}
	return 0;
}

static int dump_verdict(void *context, const struct ledger_verdict *v) {
	struct dumping *d = context;

	fprintf(d->out, "verdict\t%" PRId64 "\t", v->day_ns);
	put_name(d->l, v->name, d->out);
	put_name(d->l, v->with, d->out);
	put_name(d->l, v->named, d->out);
	put_name(d->l, v->step_model, d->out);
	fprintf(d->out, "%" PRId64 "\t%" PRId64 "\t%d\t%d\n", v->decision, v->shift_ns, v->held, v->dropped);
	return 0;
}

static int dump_period(void *context, const struct ledger_period *p) {
	struct dumping *d = context;

	fprintf(d->out, "period\t%s\t%s\t%s\t%s\n", p->name, p->reopened_run ? "open" : "closed", p->entries, p->statement);
	return 0;
}

static int dump_adjustment(void *context, const struct ledger_adjustment *a) {
	struct dumping *d = context;

	put_entry(d->l, a->period_name, &a->entry, d->out);
	return 0;
}

int ledger_dump(struct ledger *l, FILE *out, const struct ledger_transfer *t, struct fault *why) {
	struct dumping d = {.l = l, .out = out, .t = t, .why = why};
	int rc = ledger_sources(l, dump_source, &d, why);

	rc = rc < 0 ? rc : ledger_segments(l, INT64_MIN, INT64_MAX, dump_segment, &d, why);
	rc = rc < 0 ? rc : ledger_entries(l, INT64_MIN, INT64_MAX, INT64_MAX - 1, keep_entry, &d, why);
	entries_sort(l->names, d.entries, d.count);
	for (size_t i = 0; i < d.count && rc >= 0; i++) {
		put_entry(l, "entry", &d.entries[i], out);
		rc = transfer_go_on(t, why);
	}
	free(d.entries);
	rc = rc < 0 ? rc : ledger_fits(l, INT64_MIN, INT64_MAX, dump_fit, &d, why);
	rc = rc < 0 ? rc : ledger_verdicts(l, dump_verdict, &d, why);
	rc = rc < 0 ? rc : ledger_periods(l, dump_period, &d, why);
	return rc < 0 ? rc : ledger_adjustments(l, INT64_MIN, INT64_MAX, INT64_MAX - 1, dump_adjustment, &d, why);
}
