/* book.h: what commands on the book do in common: taking logs in, attributing what changed, reporting. */
#ifndef BOOK_BOOK_H
#define BOOK_BOOK_H

#include "book/pages.h"
#include "book/settings.h"
#include "ledger/ledger.h"

/* What holds of the book whenever the work on it is stopped. */
#define BOOK_STOPPED "the book is as of its last commit; run the command again"

struct book_day {
	int64_t day_ns;
	struct quality noticed;
};

/* A command at work on the book. */
struct book {
	struct book_settings set;             /* texts are those of who opened it */
	const struct terminal *terminal;
	struct names *names;
	struct ledger *ledger;
	struct fleet *fleet;   /* NULL: not asked for */
	struct prices *prices; /* NULL: none */
	struct quality quality; /* of this run */
	struct book_day *days;  /* what was noticed of days that this process attributed, each as of the last time; sorted */
	size_t day_count;
	FILE *models;          /* where the fits of attributed days are written; NULL: nowhere */
	FILE *checks;          /* where the cross-check of attributed days is written; NULL: nowhere */
	struct ledger_run run; /* as it will be in the ledger */
	char basis[DIGEST_HEX_MAX];
	struct book_spans *spans; /* what is known of replicas as of this run; NULL: not asked for yet */
	int64_t places;        /* files that need not be looked at again, as of this run */
	int64_t attributed;    /* days, in this run: whether or not their entries changed */
	int64_t restated_nano; /* what open days that had entries before cost more than then, in this run */
	int64_t restated_days; /* those of which that is not 0 */
	bool fleet_shown;      /* the fleet is that of a former run, read for a statement: this run attributes by none */
	bool stated;           /* what logs state of GPUs per replica is applied to the fleet */
	int64_t settle_ns;     /* a plain file that changed within this time may still grow */
	/* Does an earlier command's work vouch for the clock: there were records before, and it was not set back since? */
	enum { CLOCK_UNASKED, CLOCK_DOUBTED, CLOCK_TRUSTED } clock;
};

/* Opens the book of the settings; work that costs also needs a fleet. 0, or negative: then there is nothing to close. */
int book_open(struct book *b, const struct book_settings *set, const struct terminal *t, enum ledger_mode mode, bool costs,
              struct fault *why);
void book_close(struct book *b);

/* Begins a transaction and a run in it; ends both. */
int book_begin(struct book *b, const char *command, struct fault *why);
int book_commit(struct book *b, struct fault *why);
int book_commit_run(struct book *b, struct fault *why); /* of a run that read no logs */

/* Reads what is new in these logs into the open transaction; the caller tidies and frees *intake after the commit. */
int book_read_logs(struct book *b, struct logs *logs, struct ledger_intake **intake, struct fault *why);

/* Takes what is new in these logs in, as a run of its own. */
int book_ingest(struct book *b, struct logs *logs, struct fault *why);

/* ERROR_CONFIG where this is not the key (NULL: none) by which the book knows its tenants. Within a run. */
int book_check_tenants(struct book *b, const struct tenant_key *k, struct fault *why);

/* Where what an attribution gives goes; fit NULL: its fits are not asked for. */
struct book_sinks {
	entry_sink *entry;
	void *entries;
	fit_sink *fit;
	void *fits;
};
/* The steps of a period under the rooflines of their GPUs, added to the breakdowns on their way to the sinks. Released by pages_release. */
struct book_roof {
	struct pages pages;
	const struct book_sinks *to;
};
int book_roof_start(struct book_roof *roof, struct book *b, const struct book_sinks *to, int64_t from_ns, int64_t to_ns, struct fault *why);
int book_roof_fit(void *book_roof, int64_t day_ns, struct text part, struct text json); /* a fit_sink */
/* What the records of the book give for a day, as they are now. */
int book_day_of(struct book *b, int64_t day_ns, const struct book_sinks *to, struct quality *quality, struct fault *why);
/* What the requests of these days cost, as --requests writes it. */
int book_requests_of(struct book *b, int64_t from_ns, int64_t to_ns, const char *path, struct quality *quality,
                     struct fault *why);
/* Tells an attribution of some days what is known of replicas and gateways by all of the book. */
int book_set_spans(struct book *b, struct attribution *a, struct fault *why);
void book_forget_spans(struct book *b);
/* Attributes all days that are marked, in the open transaction. */
int book_attribute(struct book *b, struct fault *why);
/* Adds what was noticed of the days that were attributed to what is to be said; for the end, after the commit. */
void book_merge_days(struct book *b);
/* The whole hash of what entries depend on but the records. */
void book_set_basis(struct book *b);

/* What a statement from the book is to hold; the rest is in the settings. */
struct book_statement {
	int64_t from_ns, to_ns; /* INT64_MIN, INT64_MAX: all there is */
	int64_t as_of;          /* run; INT64_MAX: now */
	const struct zone *tz;
	struct pages *pages; /* to be taken along; NULL: none */
	const struct pages_settings *pages_settings;
	struct quality quality; /* filled in; lives as long as the statement */
	struct statement *statement;
};
/* Hands the steps of a period, as the book has them now, and the models fitted to them to its pages. */
int book_pages_steps(struct book *b, struct pages *p, int64_t from_ns, int64_t to_ns, struct fault *why);
/* Gives a statement what the book keeps of whole days besides entries: positions, rules and batches. */
int book_add_breakdowns(struct book *b, struct book_statement *s, int64_t from_ns, int64_t to_ns, struct fault *why);
/* Makes it; 1, or 0 if the book has no entries there. */
int book_state(struct book *b, struct book_statement *s, struct fault *why);
void book_statement_release(struct book_statement *s);
/* The last run that could attribute; and how far the evidence reached, both 0: it is not known. */
struct last_run {
	int64_t id; /* 0: there was none */
	int64_t first_ns, last_ns;
	char rule[32], currency[32], version[32], basis[DIGEST_HEX_MAX];
};
/* Of the runs up to `as_of` (INT64_MAX: of all). */
int book_last_run(struct book *b, int64_t as_of, struct last_run *out, struct fault *why);
/* A finding for logs whose servers the fleet file's "names" call otherwise than they were called when the logs were read. */
int book_find_misnamed(struct book *b, struct fault *why);
/* Reads the fleet file that the book keeps of a run into b->fleet, with the descriptions of models that it names. */
int book_fleet_of_run(struct book *b, int64_t run, struct fault *why);
/* Its catalogues and what --list said, unless others are given. */
int book_prices_of_run(struct book *b, int64_t run, struct fault *why);
/*
 * Takes what the last run that attributed was given: fleet, prices and rule. 1, or 0 where no run did, or where that is
 * not all there (then b->fleet is NULL, and a sentence in `missing` states why).
 */
int book_use_last_basis(struct book *b, char *missing, size_t size, struct fault *why);
/* The hashes of these descriptions, a space between. */
int book_descriptions_of_run(struct book *b, int64_t run, char *out, size_t size, struct fault *why);

/*
 * Keeps the fleet's file (NULL: none), what it names, the catalogues in use (NULL: those of the settings), with their
 * days, and --list, in the ledger, as what a run was given.
 */
int book_keep_documents(struct ledger *l, int64_t run, const struct book_settings *set, const char *fleet, const struct prices *prices,
                        struct fault *why);

/* Nanoseconds since 1970 by the clock, or by TOLLBOOK_NOW for tests. */
int64_t book_now_ns(void);
/* A file's bytes as stored; the caller frees. */
int book_file_bytes(const char *path, struct text *out, struct fault *why);

#endif
