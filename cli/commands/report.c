/* report.c: tollbook report: entries of the book to a statement, as it is now or was after any run. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "book/book.h"
#include "cli/say.h"
#include "cli/pages_options.h"
#include "cli/setup.h"
#include "cli/values.h"
#include "core/instant.h"
#include "core/text.h"

/* --as-of: a run of each book. */
#define RUNS_MAX 64
struct runs {
	int64_t at[RUNS_MAX];
	size_t count; /* 0: now */
};

struct settings {
	struct list books;
	struct runs as_of;
	struct list different;
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

static int value_runs(const struct option *o, void *into, const char *value, struct fault *why) {
	struct runs *runs = into;
	int rc = 0;

	runs->count = 0;
	for (const char *at = value; at && rc == 0; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		char number[24];
		if (runs->count == RUNS_MAX || strcspn(at, ",") >= sizeof number) {
			return fault_set(why, ERROR_CONFIG, "is too long");
		}
		snprintf(number, sizeof number, "%.*s", (int)strcspn(at, ","), at);
		rc = value_count(o, &runs->at[runs->count++], number, why);
	}
	return rc;
}

static int check_run(void *run, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct run *r = run;
	struct ledger_run found;
	int rc = ledger_run_get(b->ledger, as_of, &found, why);

	if (rc == 0) {
		rc = b->further_count > 0 ? fault_option(why, "as-of", "%s has no run %" PRId64, ((struct settings *)r->own)->books.at[i], as_of)
		                          : fault_option(why, "as-of", "the book has no run %" PRId64, as_of);
		return fault_next(why, rc, "for all runs: tollbook report --runs");
	}
	return rc < 0 ? rc : 0;
}

/* One run for all books, or one for each. */
static int set_runs(struct run *r, struct book *b, const struct runs *runs, struct fault *why) {
	if (runs->count > 1 && runs->count != b->further_count + 1) {
		return fault_option(why, "as-of", "%zu runs for %zu book%s, expected one for all, or one for each", runs->count, b->further_count + 1,
		                    PLURAL(b->further_count + 1));
	}
	for (size_t i = 0; i < b->further_count; i++) {
		b->further[i].as_of = runs->at[runs->count > 1 ? i + 1 : 0];
	}
	return book_each_ledger(b, runs->at[0], check_run, r, why);
}

/* What a statement of the book as it is now does not contain. */
struct waiting {
	struct run *run;
	int64_t from_ns, to_ns;
	bool any;
};

static int find_waiting(void *waiting, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct waiting *w = waiting;
	int64_t days = 0;
	int rc = ledger_dirty_count(b->ledger, w->from_ns, w->to_ns, &days, why);

	(void)i, (void)as_of;
	if (rc == 0 && days > 0) {
		w->any = true;
		say_warning(w->run, "records of %" PRId64 " day%s are not attributed yet: run tollbook attribute", days, PLURAL(days));
	}
	return rc;
}

static int state(struct run *r, struct book *b, const struct settings *s, struct zone *tz, struct fault *why) {
	struct pages pages = {0};
	struct book_statement out = {.tz = tz, .as_of = s->as_of.count > 0 ? s->as_of.at[0] : INT64_MAX - 1, .pages_settings = &s->pages,
	                             .pages = pages_asked(&s->pages) ? &pages : NULL};
	int status = settings_period(&r->set, tz, &out.from_ns, &out.to_ns, why);

	if (status == 0 && s->as_of.count > 0) {
		status = set_runs(r, b, &s->as_of, why);
	}
	if (status != 0) {
		return status;
	}
	struct waiting waiting = {r, out.from_ns, out.to_ns, false};
	int rc = s->as_of.count > 0 ? 0 : book_each_ledger(b, 0, find_waiting, &waiting, why);
	rc = rc < 0 ? rc : book_state(b, &out, why);
	if (rc == 0) {
		say_warning(r, "the book has no entries in this period");
		status = EXIT_FINDINGS;
	} else if (rc > 0) {
		status = write_statement(r, out.statement, why);
		if (status == 0) {
			pages_print(&pages, &r->set, stdout);
		}
		status = status == 0 && (waiting.any || statement_has_findings(out.statement)) ? EXIT_FINDINGS : status;
	}
	book_statement_release(&out);
	pages_release(&pages);
	return rc < 0 ? rc : status;
}

static int open_books(struct run *r, struct book *b, struct fault *why) {
	const struct settings *s = r->own;

	if (s->books.count > 1 && (s->runs || pages_asked(&s->pages))) {
		return fault_option(why, s->runs ? "runs" : s->pages.versus.count > 0 ? "versus-estimate" : "energy", "--%s is of one book, expected one --book",
		                    s->runs ? "runs" : s->pages.versus.count > 0 ? "versus-estimate" : "energy");
	}
	r->set.book = s->books.count > 0 ? s->books.at[0] : NULL;
	int status = book_open(b, &r->set, &r->terminal, LEDGER_READ, false, why);
	for (size_t i = 1; i < s->books.count && status == 0; i++) {
		status = book_open_further(b, s->books.at[i], why);
		if (status != 0) {
			book_close(b);
		}
	}
	return status;
}

static int report(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct zone *tz = NULL;
	struct book b;
	int status = settings_zone("tz", r->set.tz, &tz, why);

	status = status ? status : pages_check(&r->set, &s->pages, why);
	r->set.one_format = true;
	r->set.compare_rules = s->compare_rules;
	r->set.different = s->different;
	status = status ? status : setup_outputs(r);
	status = status ? status : open_books(r, &b, why);
	if (status != 0) {
		zone_free(tz);
		return status;
	}
	status = s->runs ? ledger_runs(b.ledger, print_run, stdout, why) : state(r, &b, s, tz, why);
	book_close(&b);
	zone_free(tz);
	return status;
}

static const struct option own[] = {
	{"book", 0, "PATH", "the book (default: book); repeatable, for parts of a fleet", 0, value_list, offsetof(struct settings, books), NULL, false},
	{"as-of", 0, "RUN", "as the book was after that run (--runs lists them); RUN,RUN of two", 0, value_runs, offsetof(struct settings, as_of), NULL, true},
	{"different", 0, "A=B", "names of two servers, in two books; repeatable", 0, value_list, offsetof(struct settings, different), NULL, false},
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
	.groups = GROUP_PRICES | GROUP_PERIOD | GROUP_REPORT | GROUP_OUTPUT,
	OWN(struct settings),
	.main = report,
};
