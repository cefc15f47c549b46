/* pages_steps.c: the additional pages of a statement from the book. */
#include <stdlib.h>

#include "book/book.h"
#include "core/instant.h"

struct feeding {
	struct book *b;
	struct attribution *a;
	struct pages *pages;
	int64_t from_ns, to_ns;
	struct fault *why;
	int64_t steps;
};

static int feed_record(void *feeding, const struct record *r, struct fault *why) {
	struct feeding *f = feeding;

	if (terminal_stopped(f->b->terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	f->steps += r->kind == RECORD_STEP;
	pages_add_record(f->pages, 0, r);
	return attribution_add_record(f->a, 0, r, why);
}

static int feed_segment(void *feeding, const struct ledger_segment *s) {
	struct feeding *f = feeding;

	return ledger_records(f->b->ledger, s, feed_record, f, f->why);
}

static int drop_entry(void *feeding, const struct entry *e) {
	(void)feeding, (void)e;
	return 0;
}

/* For the days of the period; adjacent ones only provide its requests before and after. */
static int add_model(void *feeding, const struct fitted_model *m) {
	struct feeding *f = feeding;
	bool within = m->day_ns + NS_PER_DAY > f->from_ns && m->day_ns < f->to_ns;

	return within ? pages_add_model(f->pages, m) : 0;
}

int book_pages_steps(struct book *b, struct pages *p, int64_t from_ns, int64_t to_ns, struct fault *why) {
	struct attribution *a = attribution_new(&(struct attribute_options){
		.fleet = b->fleet, .names = b->names, .rule = RULE_SHAPLEY, .from_ns = from_ns, .to_ns = to_ns, .lanes = 1});
	struct feeding f = {.b = b, .a = a, .pages = p, .from_ns = from_ns, .to_ns = to_ns, .why = why};
	struct quality ignored;

	quality_init(&ignored);
	why->message[0] = '\0';
	int rc = book_set_spans(b, a, why);
	rc = rc < 0 ? rc : ledger_segments(b->ledger, from_ns - NS_PER_DAY, to_ns + NS_PER_DAY, feed_segment, &f, why);
	rc = rc < 0 ? rc : attribution_finish(a, drop_entry, &f, &ignored, why);
	rc = rc < 0 ? rc : attribution_each_model(a, add_model, &f);
	attribution_free(a);
	if (rc == 0 && f.steps == 0) {
		terminal_warning(b->terminal, "the book has no records of steps in this period: they cannot be "
					      "compared with the GPUs' peaks");
	}
	quality_release(&ignored);
	return rc;
}

int book_roof_fit(void *book_roof, int64_t day_ns, struct text part, struct text json) {
	struct book_roof *roof = book_roof;

	if (!roof->pages.versus || !text_eq(part, T(BREAKDOWNS_PART)) || json.len == 0) {
		return roof->to->fit(roof->to->fits, day_ns, part, json);
	}
	char *lines = versus_keep_roof(roof->pages.versus, json);
	int rc = roof->to->fit(roof->to->fits, day_ns, part, text_of(lines));
	free(lines);
	return rc;
}
