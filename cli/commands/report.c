/* report.c: tollbook report: entries of the book to a statement, as it is now or was after any run. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "book/book.h"
#include "cli/say.h"
#include "cli/pages_options.h"
#include "cli/setup.h"
#include "cli/values.h"
#include "core/instant.h"
#include "core/text.h"

struct settings {
	int64_t as_of; /* 0: now */
	bool runs, compare_rules;
	struct pages_settings pages;
};

static int print_run(void *out, const struct ledger_run *r) {
	char at[INSTANT_TEXT_MAX];

	fprintf(out, "%5" PRId64 "  %-20s  %-10s  %6" PRId64 " files  %10" PRId64 " lines  %10" PRId64 " records  %6" PRId64
	             " restated  %s\n", r->id, instant_format(r->finished_ns / NS_PER_SECOND * NS_PER_SECOND, at), r->command,
	        r->files, r->lines, r->records, r->restated, r->rule);
	return 0;
}

static int check_run(struct run *r, struct book *b, int64_t as_of, struct fault *why) {
	struct ledger_run run;
	int rc = ledger_run_get(b->ledger, as_of, &run, why);

	if (rc == 0) {
		rc = say_option(r, "as-of", "the book has no run %" PRId64, as_of);
		say_next(r, "for all runs: tollbook report --runs");
		return rc;
	}
	return rc < 0 ? rc : 0;
}

static int state(struct run *r, struct book *b, const struct settings *s, struct zone *tz, struct fault *why) {
	struct pages pages = {0};
	struct book_statement out = {.tz = tz, .as_of = s->as_of > 0 ? s->as_of : INT64_MAX - 1, .pages_settings = &s->pages,
	                             .pages = pages_asked(&s->pages) ? &pages : NULL};
	int status = settings_period(&r->set, tz, &out.from_ns, &out.to_ns, why);

	if (status == 0 && s->as_of > 0) {
		status = check_run(r, b, s->as_of, why);
	}
	if (status != 0) {
		return status;
	}
	int rc = book_state(b, &out, why);
	if (rc == 0) {
		say_warning(r, "the book has no entries in this period");
		status = EXIT_FINDINGS;
	} else if (rc > 0) {
		status = write_statement(r, out.statement, why);
		if (status == 0) {
			pages_print(&pages, &r->set, stdout);
		}
		status = status == 0 && statement_has_findings(out.statement) ? EXIT_FINDINGS : status;
	}
	book_statement_release(&out);
	pages_release(&pages);
	return rc < 0 ? rc : status;
}

static int warn_of_dirty(struct run *r, struct book *b, struct fault *why) {
	int64_t days = 0;
	int rc = ledger_dirty_count(b->ledger, &days, why);

	if (rc == 0 && days > 0) {
		say_warning(r, "records of %" PRId64 " day%s are not attributed yet: run tollbook attribute", days, PLURAL(days));
	}
	return rc;
}

static int report(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct zone *tz = NULL;
	struct book b;
	int status = settings_zone("tz", r->set.tz, &tz, why);

	status = status ? status : pages_check(&r->set, &s->pages, why);
	r->set.one_format = true;
	r->set.compare_rules = s->compare_rules;
	status = status ? status : setup_outputs(r);
	status = status ? status : book_open(&b, &r->set, &r->terminal, LEDGER_READ, false, why);
	if (status != 0) {
		zone_free(tz);
		return status;
	}
	status = s->runs ? ledger_runs(b.ledger, print_run, stdout, why) : warn_of_dirty(r, &b, why);
	if (status == 0 && !s->runs) {
		status = state(r, &b, s, tz, why);
	}
	book_close(&b);
	zone_free(tz);
	return status;
}

static const struct option own[] = {
	{"as-of", 0, "RUN", "as the book was after that run (--runs lists them)", 0, value_count, offsetof(struct settings, as_of), NULL, true},
	{"compare-rules", 0, NULL, "also show the split by other rules, and by rules of other tools", 0, value_flag, offsetof(struct settings, compare_rules), NULL, false},
	PAGES_OPTIONS(settings, pages),
	{"gpus-file", 0, "FILE", "another GPU catalogue (schemas/gpus.schema.json)", 0, value_text, offsetof(struct settings, pages.cards), NULL, true},
	{"runs", 0, NULL, "list all runs instead", 0, value_flag, offsetof(struct settings, runs), NULL, false},
};

const struct command command_report = {
	.name = "report",
	.synopsis = "[options]",
	.what = "Print a statement from the entries of the book",
	.about = "List prices come from --prices, else from the last run. Postings are never changed, so that every "
		 "past\nstatement can be printed again with --as-of.\n",
	.example = "tollbook report --book book --by month,model --from 2026-01-01",
	.groups = GROUP_BOOK | GROUP_PRICES | GROUP_PERIOD | GROUP_REPORT | GROUP_OUTPUT,
	.own = own,
	.own_count = sizeof own / sizeof *own,
	.own_bytes = sizeof(struct settings),
	.main = report,
};
