/* pages_steps.c: the additional pages of a statement from the book. */
#include <inttypes.h>
#include <stdlib.h>

#include "book/book.h"
#include "core/instant.h"

struct feeding {
	struct book *b;
	struct attribution *a;
	struct pages *pages;
	int64_t from_ns, to_ns, as_of;
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

/*
 * The book has only the records that it has now. Those of the period must be as they were after the run; of a day beside it
 * later ones are left out.
 */
static int check_as_of(const struct feeding *f, const struct ledger_segment *s) {
	char day[INSTANT_TEXT_MAX];
	int64_t run = s->run > f->as_of ? s->run : s->gone_run;

	if (s->day_ns + NS_PER_DAY <= f->from_ns || s->day_ns >= f->to_ns) {
		return 0;
	}
	return fault_option(f->why, "versus-estimate", "records of %.10s were %s by run %" PRId64 ", after run %" PRId64
	                    ", and steps are as the book has them now; expected another period or a later --as-of",
	                    instant_format(s->day_ns, day), run == s->run ? "added" : "removed", run, f->as_of);
}

static int feed_segment(void *feeding, const struct ledger_segment *s) {
	struct feeding *f = feeding;

	if (s->run > f->as_of || s->gone_run > f->as_of) {
		return check_as_of(f, s);
	}
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

int book_pages_steps(struct book *b, struct pages *p, int64_t from_ns, int64_t to_ns, int64_t as_of, struct fault *why) {
	struct attribution *a = attribution_new(&(struct attribute_options){
		.fleet = b->fleet, .names = b->names, .rule = RULE_SHAPLEY, .from_ns = from_ns, .to_ns = to_ns, .lanes = 1});
	struct feeding f = {.b = b, .a = a, .pages = p, .from_ns = from_ns, .to_ns = to_ns, .as_of = as_of, .why = why};
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
