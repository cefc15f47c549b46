/* breakdowns.c: reads what the book stores by day besides entries (tollbook.breakdowns.v1) into a statement. */
#include <stdlib.h>

#include "book/book.h"
#include "core/instant.h"

struct reading {
	struct book *b;
	struct statement *statement;
	int64_t as_of, day_ns; /* the day that `lines` are of */
	char *lines;           /* of the last run so far; NULL: none */
};

static int read_lines(struct reading *r) {
	/* has pictures of everything in the book */
	bool page = r->b->set.format && strcmp(r->b->set.format, "html") == 0;

	return r->lines ? statement_add_breakdowns(r->statement, r->b->names, text_of(r->lines), page || r->b->set.by.position, page || r->b->set.compare_rules) : 0;
}

/* For each day the last ones up to the requested run: they come by day, then run. */
static int read_day(void *reading, int64_t day_ns, const char *part, struct text lines) {
	struct reading *r = reading;
	int64_t run = 0;
	struct text number = text_of(is_breakdowns_part(part) ? part + BREAKDOWNS_PART_LEN : "");
	int rc = 0;

	if (!text_take_i64(&number, &run) || run > r->as_of) {
		return 0;
	}
	if (day_ns != r->day_ns) {
		rc = read_lines(r);
	}
	free(r->lines);
	r->lines = text_copy(lines);
	r->day_ns = day_ns;
	return rc;
}

/* Days are stored as a whole: nothing for a period that begins or ends within a day. */
static bool has_whole_days(int64_t from_ns, int64_t to_ns) {
	return (from_ns == INT64_MIN || from_ns % NS_PER_DAY == 0) && (to_ns == INT64_MAX || to_ns % NS_PER_DAY == 0);
}

int book_add_breakdowns(struct book *b, struct book_statement *s, int64_t from_ns, int64_t to_ns, int64_t as_of, struct fault *why) {
	struct reading r = {.b = b, .statement = s->statement, .as_of = as_of, .day_ns = INT64_MIN};

	if (!has_whole_days(from_ns, to_ns)) {
		const char *asked = b->set.by.position ? "--by position" : b->set.compare_rules ? "--compare-rules" : NULL;
		return !asked ? 0 : fault_set(why, ERROR_CONFIG, "%s: the book keeps it of whole days, expected --from and --to at midnight UTC", asked);
	}
	int rc = ledger_fits(b->ledger, from_ns, to_ns, read_day, &r, why);
	rc = rc < 0 ? rc : read_lines(&r);
	free(r.lines);
	return rc;
}
