/*
 * run_basis.c: the inputs of a run's attribution as stored in the book: the fleet file, the descriptions of models,
 * prices, the rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book/book.h"

/* ---- which run ---- */

struct finding {
	int64_t as_of;
	struct last_run *last;
};

static int find_last(void *finding, const struct ledger_run *r) {
	const struct finding *f = finding;
	struct last_run *l = f->last;

	if (r->id <= f->as_of && r->rule[0]) {
		l->id = r->id;
		l->first_ns = r->first_ns;
		l->last_ns = r->last_ns;
		snprintf(l->rule, sizeof l->rule, "%s", r->rule);
		snprintf(l->currency, sizeof l->currency, "%s", r->currency);
		snprintf(l->version, sizeof l->version, "%s", r->version);
		snprintf(l->basis, sizeof l->basis, "%s", r->basis);
	}
	return 0;
}

int book_last_run(struct book *b, int64_t as_of, struct last_run *out, struct fault *why) {
	struct finding f = {as_of, out};

	*out = (struct last_run){.id = 0};
	return ledger_runs(b->ledger, find_last, &f, why);
}

static int find_closed(void *closed, const struct ledger_period *p) {
	*(bool *)closed |= p->reopened_run == 0;
	return 0;
}

int book_check_currency(struct book *b, bool open_again, struct fault *why) {
	struct last_run last;
	bool closed = false;
	int rc = book_last_run(b, b->run.id - 1, &last, why);

	if (rc < 0 || last.id == 0 || strcmp(last.currency, b->run.currency) == 0) {
		return rc;
	}
	rc = open_again ? ledger_periods(b->ledger, find_closed, &closed, why) : 0;
	if (rc < 0 || (open_again && !closed)) {
		return rc;
	}
	return fault_set(why, ERROR_CONFIG, "%s: its %samounts are in %s, and the rates of this fleet file in %s, expected a fleet file in %s, or another book",
	                 ledger_book(b->ledger), open_again ? "closed " : "", last.currency, b->run.currency, last.currency);
}

/* A document of a run's inputs: its path is valid until the next query of the ledger. 1, or 0. */
static int document(struct book *b, int64_t run, const char *kind, int64_t seq, const char **path, char sha256[DIGEST_HEX_MAX],
                    struct fault *why) {
	const char *hash;
	int rc = ledger_run_document_get(b->ledger, run, kind, seq, path, &hash, why);

	if (rc > 0) {
		snprintf(sha256, DIGEST_HEX_MAX, "%s", hash);
	}
	return rc;
}

/* ---- the fleet ---- */

/* Context for looking up descriptions. */
struct kept {
	struct book *b;
	int64_t run;
};

static int open_kept(void *kept, const char *name, struct text *bytes, struct fault *why) {
	const struct kept *k = kept;
	char sha256[DIGEST_HEX_MAX];
	const char *path;
	int rc;

	for (int64_t seq = 0; (rc = document(k->b, k->run, "description", seq, &path, sha256, why)) > 0; seq++) {
		if (strcmp(path, name) == 0) {
			rc = ledger_document_get(k->b->ledger, sha256, bytes, why);
			break;
		}
	}
	return rc < 0 ? rc : rc > 0 ? 0 : fault_set(why, ERROR_IO, "the book does not have %.200s", name);
}

int book_fleet_of_run(struct book *b, int64_t run, struct fault *why) {
	char sha256[DIGEST_HEX_MAX];
	const char *path;
	struct kept kept = {b, run};
	struct text bytes;
	int rc = document(b, run, "fleet", 0, &path, sha256, why);

	if (rc <= 0) { /* --gpu-hour: no GPUs are known */
		b->fleet = rc == 0 ? fleet_of_rate(0) : NULL;
		return rc;
	}
	char *name = strdup(path);
	rc = ledger_document_get(b->ledger, sha256, &bytes, why);
	if (rc > 0) {
		b->fleet = fleet_parse(name, bytes, open_kept, &kept, b->names, why);
		free((void *)(uintptr_t)bytes.at);
	}
	free(name);
	return rc < 0 ? rc : rc == 0 ? fault_set(why, ERROR_IO, "the book has no fleet file %s", sha256) : b->fleet ? 0 : ERROR_CONFIG;
}

int book_descriptions_of_run(struct book *b, int64_t run, char *out, size_t size, struct fault *why) {
	char sha256[DIGEST_HEX_MAX];
	const char *path;
	size_t len = 0;
	int rc;

	out[0] = '\0';
	for (int64_t seq = 0; (rc = document(b, run, "description", seq, &path, sha256, why)) > 0 && len + sizeof sha256 < size; seq++) {
		len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? " " : "", sha256);
	}
	return rc < 0 ? rc : 0;
}

/* ---- prices ---- */

static int add_old_prices(struct book *b, const char *name, const char *sha256, const char *date, struct fault *why) {
	struct text bytes;
	int rc = ledger_document_get(b->ledger, sha256, &bytes, why);

	return rc > 0 ? prices_add_kept(b->prices, name, date, bytes, why)
	              : rc < 0 ? rc : fault_set(why, ERROR_IO, "the book has no price file %s", sha256);
}

/* The i-th catalogue of a kind that a run had, and its day: 1, or 0. */
static int use_old_prices(struct book *b, int64_t run, const char *kind, int64_t seq, struct fault *why) {
	char sha256[DIGEST_HEX_MAX], name[4096], day[DIGEST_HEX_MAX] = "", ignored[DIGEST_HEX_MAX];
	const char *path;
	int rc = document(b, run, kind, seq, &path, sha256, why);

	if (rc <= 0) {
		return rc;
	}
	snprintf(name, sizeof name, "%s", path);
	rc = document(b, run, "prices-date", seq, &path, ignored, why);
	if (rc > 0) {
		snprintf(day, sizeof day, "%.10s", path);
	}
	b->prices = b->prices ? b->prices : prices_new();
	rc = rc < 0 ? rc : add_old_prices(b, name, sha256, day, why);
	return rc < 0 ? rc : 1;
}

/* The run's --list, then this command's. */
static int matches_of_run(struct book *b, int64_t run, struct fault *why) {
	const char *match, *sha256;
	int rc;

	for (int64_t seq = 0; (rc = ledger_run_document_get(b->ledger, run, "list", seq, &match, &sha256, why)) > 0; seq++) {
		rc = prices_add_match(b->prices, match, why);
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < b->set.list.count && rc >= 0; i++) {
		rc = prices_add_match(b->prices, b->set.list.at[i], why);
	}
	return rc;
}

int book_prices_of_run(struct book *b, int64_t run, struct fault *why) {
	int rc = 0;

	if (b->prices) {
		return 0;
	}
	for (int64_t seq = 0; (rc = use_old_prices(b, run, "prices", seq, why)) > 0; seq++) {
	}
	if (rc == 0 && !b->prices) {
		rc = use_old_prices(b, run, "prices-installed", 0, why);
		if (rc > 0) {
			prices_set_installed(b->prices);
		}
	}
	if (rc >= 0 && !b->prices && b->set.list.count > 0) {
		return settings_prices(&b->set, &b->prices, why); /* which states what is missing */
	}
	rc = rc < 0 || !b->prices ? rc : matches_of_run(b, run, why);
	if (rc >= 0 && b->prices) {
		prices_join(b->prices);
	}
	return rc < 0 ? rc : 0;
}

/* ---- everything ---- */

int book_use_last_basis(struct book *b, char *missing, size_t size, struct fault *why) {
	struct last_run t;
	int rc = book_last_run(b, INT64_MAX, &t, why);

	missing[0] = '\0';
	if (rc < 0 || t.id == 0) {
		return rc;
	}
	rc = book_fleet_of_run(b, t.id, why);
	rc = rc < 0 ? rc : book_prices_of_run(b, t.id, why);
	if (rc < 0) {
		return rc;
	}
	if (settings_rule(&b->set, t.rule)) {
		book_set_basis(b);
	}
	if (strcmp(b->basis, t.basis) == 0) {
		return 1;
	}
	if (strcmp(t.version, TOLLBOOK_VERSION) != 0) {
		snprintf(missing, size, "the days were last attributed by tollbook %s: attribute them with this "
					"version, or use that one", t.version);
	} else {
		snprintf(missing, size, "the book does not have all that they were attributed with: give --gpu-hour, "
					"or --fleet and --prices");
	}
	fleet_free(b->fleet);
	b->fleet = NULL;
	return 0;
}
