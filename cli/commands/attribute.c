/* attribute.c: tollbook attribute: records of the book to entries in its ledger. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "book/book.h"
#include "book/findings.h"
#include "cli/cli.h"
#include "cli/values.h"
#include "core/files/files.h"
#include "core/text.h"

struct settings {
	bool all, cross_check;
	const char *models;
};

static int work(struct book *b, const struct settings *s, struct fault *why) {
	int64_t from_ns, to_ns;
	struct outfile *models = NULL;
	int rc = s->models ? outfile_open(&models, s->models, why) : 0;

	b->checks = s->cross_check ? stdout : NULL;
	b->models = models ? outfile_stream(models) : NULL;
	rc = rc < 0 ? rc : book_begin(b, "attribute", why);
	if (rc == 0 && s->all && (rc = ledger_extent(b->ledger, INT64_MAX - 1, &from_ns, &to_ns, why)) > 0) {
		rc = ledger_dirty(b->ledger, from_ns, to_ns, why);
	}
	rc = rc < 0 ? rc : book_attribute(b, why);
	rc = rc < 0 ? rc : book_commit(b, why);
	return models ? outfile_end(models, rc, why) : rc;
}

static int attribute(struct run *r, struct fault *why) {
	struct book b;
	int status = book_open(&b, &r->set, &r->terminal, LEDGER_WRITE, true, why);

	if (status != 0) {
		return status;
	}
	stop_guard(&r->stop);
	status = work(&b, r->own, why);
	stop_unguard(&r->stop);
	if (status == 0) {
		book_merge_days(&b);
		findings_say(&r->terminal, &b.quality);
		const struct settings *s = r->own;
		if (s->cross_check && b.checked == 0) {
			puts("cross-check: nothing to compare: no day that was attributed now has logged steps; requests, statistics lines and "
			     "scrapes alone\ndo not show an error. --all attributes all open days again");
		}
		if (!r->quiet) {
			fprintf(stderr, "run %" PRId64 ": %" PRId64 " replica-day%s restated\n", b.run.id, b.run.restated, PLURAL(b.run.restated));
		}
	}
	book_close(&b);
	return status;
}

static const struct option own[] = {
	{"model-report", 0, "FILE", "also write the step models of the attributed days: coefficients, residuals", 0, value_text, offsetof(struct settings, models), NULL, true},
	{"cross-check", 0, NULL, "print the step model's error on steps that it was not fitted to, and that of weaker "
				 "evidence", 0, value_flag, offsetof(struct settings, cross_check), NULL, false},
	{"all", 0, NULL, "all days again, not only those that changed", 0, value_flag, offsetof(struct settings, all), NULL, false},
};

const struct command command_attribute = {
	.name = "attribute",
	.synopsis = "[options]",
	.what = "Turn the book's records into entries of its ledger",
	.about = "Attributes days with new records, and all open days if the fleet, the rule, the price boundaries or "
		 "this\nprogram changed. Days of closed periods keep their entries: differences become adjustments.\n",
	.example = "tollbook attribute --book book --fleet fleet.json",
	.groups = GROUP_BOOK | GROUP_COST | GROUP_SPLIT | GROUP_PRICES,
	OWN(struct settings),
	.main = attribute,
};
