/* check.c: is the ledger consistent? */
#include <stdio.h>
#include <stdlib.h>

#include "core/exact.h"
#include "core/instant.h"
#include "ledger/book.h"

struct checking {
	struct ledger *l;
	ledger_finding_sink *sink;
	void *context;
};

static void say(struct checking *c, int64_t day_ns, struct text replica, const char *what) {
	char sentence[400], day[INSTANT_TEXT_MAX];

	snprintf(sentence, sizeof sentence, "%.10s, replica %.*s: %s", instant_format(day_ns, day),
	         replica.len < 200 ? (int)replica.len : 200, replica.at ? replica.at : "", what);
	c->sink(c->context, sentence);
}

static int check_sums(struct checking *c, enum query q, const char *what, struct fault *why) {
	int rc = ask(c->l, q, NULL, 0, why);

	while (ask_row(c->l, q, &rc, why)) {
		say(c, row_int(c->l, q, 0), row_text(c->l, q, 1), what);
	}
	return rc;
}

/* A posting, in force or former. */
struct posted {
	int64_t id, day_ns;
	name_id replica;
	char hash[DIGEST_HEX_MAX];
	bool former; /* it was replaced */
};

static int list_postings(struct ledger *l, struct posted **out, size_t *count, struct fault *why) {
	enum query q = Q_CHECK_POSTING_SUMS;
	size_t room = 0;
	int rc = ask(l, q, NULL, 0, why);

	*out = NULL;
	*count = 0;
	while (ask_row(l, q, &rc, why)) {
		*out = must_grow(*out, *count, &room, sizeof **out, 256);
		struct posted *p = &(*out)[(*count)++];
		*p = (struct posted){row_int(l, q, 0), row_int(l, q, 1), name_here(l, row_int(l, q, 2)), "", !row_null(l, q, 4)};
		row_hash(l, q, 3, p->hash);
	}
	return rc;
}

/* Is the hash of a posting that of its entries? */
static int check_hash(struct checking *c, const struct posted *p, struct fault *why) {
	enum query q = Q_ENTRIES_OF_POSTING;
	struct entry *entries = NULL;
	size_t count = 0, room = 0;
	char hash[DIGEST_HEX_MAX];
	int rc = ask(c->l, q, VALUES(V_INT(p->id)), why);

	while (ask_row(c->l, q, &rc, why)) {
		entries = must_grow(entries, count, &room, sizeof *entries, 64);
		row_entry(c->l, q, &entries[count++]);
	}
	entries_sort(c->l->names, entries, count);
	entries_hash(c->l->names, entries, count, hash);
	if (rc == 0 && strcmp(hash, p->hash) != 0) {
		say(c, p->day_ns, names_text(c->l->names, p->replica),
		    p->former ? "its former entries are not those that were posted (their hash differs): they were "
				"changed; restore a backup"
		              : "its entries are not those that were posted (their hash differs): they were changed; "
				"run 'tollbook attribute --all'");
	}
	free(entries);
	return rc;
}

/* Fleets, prices, statements: do the bytes match the hash by which they are stored? */
static int check_documents(struct checking *c, struct fault *why) {
	char (*hashes)[DIGEST_HEX_MAX], hash[DIGEST_HEX_MAX], sentence[sizeof((struct fault){0}).message + 40];
	size_t count;
	int rc = document_hashes(c->l, &hashes, &count, why);

	for (size_t i = 0; i < count && rc == 0; i++) {
		struct text bytes = {0};
		struct fault damaged;
		int got = ledger_document_get(c->l, hashes[i], &bytes, &damaged);
		digest_of(bytes, hash);
		free((char *)(uintptr_t)bytes.at);
		if (got <= 0 || strcmp(hash, hashes[i]) != 0) {
			snprintf(sentence, sizeof sentence, got < 0 ? "document %.16s: %s" : "document %.16s differs from what was stored; restore a backup",
			         hashes[i], damaged.message);
			c->sink(c->context, sentence);
		}
	}
	free(hashes);
	return rc;
}

/* Figures that must agree between tables. */
static const struct {
	enum query query;
	const char *what;
} agreements[] = {
	{Q_CHECK_SUMS, "its entries do not sum to what was posted; run 'tollbook attribute --all'"},
	{Q_CHECK_DAYS, "entries by day and by hour differ; run 'tollbook attribute --all'"},
	{Q_CHECK_BASIS, "the day was attributed on a basis that no run had; run 'tollbook attribute --all'"},
	{Q_CHECK_DUPLICATES, "the duplicates of days do not sum to those of runs; restore a backup"},
	{Q_CHECK_REASONS, "a period that was never opened again has a reason for it; restore a backup"},
};

int ledger_check(struct ledger *l, ledger_finding_sink *sink, void *context, struct fault *why) {
	struct checking c = {l, sink, context};
	struct posted *postings = NULL;
	size_t count = 0;
	int rc = l->driver->check(l->connection, sink, context, why);

	for (size_t i = 0; i < sizeof agreements / sizeof *agreements; i++) {
		rc = rc < 0 ? rc : check_sums(&c, agreements[i].query, agreements[i].what, why);
	}
	rc = rc < 0 ? rc : list_postings(l, &postings, &count, why);
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = check_hash(&c, &postings[i], why);
	}
	free(postings);
	rc = rc < 0 ? rc : sums_check(l, sink, context, why);
	rc = rc < 0 ? rc : check_documents(&c, why);
	return rc < 0 ? rc : chain_check(l, sink, context, why);
}
