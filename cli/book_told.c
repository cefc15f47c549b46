/* book_told.c: what a run was told by, as the book keeps it: the fleet file, the descriptions of models, prices, the rule. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/book.h"

/* ---- the fleet ---- */

/* Where descriptions are looked up. */
struct kept {
	struct book *b;
	int64_t run;
};

static int document(struct book *b, int64_t run, const char *kind, int64_t seq, const char **path, char sha256[DIGEST_HEX_MAX],
                    struct fault *why) {
	const char *hash;
	int rc = ledger_run_document_get(b->ledger, run, kind, seq, path, &hash, why);

	if (rc > 0) {
		snprintf(sha256, DIGEST_HEX_MAX, "%s", hash);
	}
	return rc;
}

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

	if (rc <= 0) { /* --gpu-hour: no cards are known */
		b->fleet = rc == 0 ? fleet_of_rate(0, b->names) : NULL;
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

static int add_old_prices(struct book *b, const char *sha256, struct fault *why) {
	char path[] = "/tmp/tollbook-prices-XXXXXX";
	struct text bytes;
	int rc = ledger_document_get(b->ledger, sha256, &bytes, why);

	if (rc <= 0) {
		return rc < 0 ? rc : fault_set(why, ERROR_IO, "the book has no price file %s", sha256);
	}
	int fd = mkstemp(path);
	bool written = fd >= 0 && write(fd, bytes.at, bytes.len) == (ssize_t)bytes.len;
	if (fd >= 0) {
		close(fd);
	}
	rc = written ? prices_add_file(b->prices, path, why) : fault_set(why, ERROR_IO, "%s: cannot write", path);
	unlink(path);
	free((char *)(uintptr_t)bytes.at);
	return rc;
}

/* What the run was told by --list, and then what this command is. */
static int matches_of_run(struct book *b, int64_t run, struct fault *why) {
	const char *match, *sha256;
	int rc;

	for (int64_t seq = 0; (rc = ledger_run_document_get(b->ledger, run, "list", seq, &match, &sha256, why)) > 0; seq++) {
		rc = prices_add_match(b->prices, match, why);
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < b->r->list.count && rc >= 0; i++) {
		rc = prices_add_match(b->prices, b->r->list.at[i], why);
	}
	return rc;
}

int book_prices_of_run(struct book *b, int64_t run, struct fault *why) {
	const char *path, *sha256;
	int rc = 0;

	if (b->prices) {
		return 0;
	}
	for (int64_t seq = 0; (rc = ledger_run_document_get(b->ledger, run, "prices", seq, &path, &sha256, why)) > 0; seq++) {
		char hash[DIGEST_HEX_MAX];
		snprintf(hash, sizeof hash, "%s", sha256);
		b->prices = b->prices ? b->prices : prices_new();
		rc = add_old_prices(b, hash, why);
		if (rc < 0) {
			break;
		}
	}
	return rc < 0 || !b->prices ? rc : matches_of_run(b, run, why);
}

/* ---- all of it ---- */

/* The last run that could attribute. */
struct teller {
	int64_t run; /* 0: there was none */
	char basis[DIGEST_HEX_MAX], version[32], rule[32];
};

static int find_teller(void *teller, const struct ledger_run *r) {
	struct teller *t = teller;

	if (r->basis[0]) {
		t->run = r->id;
		snprintf(t->basis, sizeof t->basis, "%s", r->basis);
		snprintf(t->version, sizeof t->version, "%s", r->version);
		snprintf(t->rule, sizeof t->rule, "%s", r->rule);
	}
	return 0;
}

static int take_rule(struct run *r, const char *name) {
	for (int i = 0; i < RULES; i++) {
		if (strcmp(rule_names[i], name) == 0) {
			r->rule = i;
			return 0;
		}
	}
	return -1;
}

int book_as_told(struct book *b, char *missing, size_t size, struct fault *why) {
	struct teller t = {0};
	int rc = ledger_runs(b->ledger, find_teller, &t, why);

	missing[0] = '\0';
	if (rc < 0 || t.run == 0) {
		return rc;
	}
	rc = book_fleet_of_run(b, t.run, why);
	rc = rc < 0 ? rc : book_prices_of_run(b, t.run, why);
	if (rc < 0) {
		return rc;
	}
	if (take_rule(b->r, t.rule) == 0) {
		book_set_basis(b);
	}
	if (strcmp(b->basis, t.basis) == 0) {
		return 1;
	}
	if (strcmp(t.version, TOLLBOOK_VERSION) != 0) {
		snprintf(missing, size, "tollbook %s attributed the days last: attribute them by this version, or ask that one", t.version);
	} else {
		snprintf(missing, size, "the book does not keep all that they were attributed by: give it by --gpu-hour, or --fleet and --prices");
	}
	fleet_free(b->fleet);
	b->fleet = NULL;
	return 0;
}
