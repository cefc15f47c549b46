/* book.h: shared work of commands on the book: reading logs, attributing what changed, reporting. */
#ifndef BOOK_BOOK_H
#define BOOK_BOOK_H

#include "book/pages.h"
#include "book/settings.h"
#include "ledger/ledger.h"

/* The message on the state of the book when work is stopped. */
#define BOOK_STOPPED "the book is as of its last commit; run the command again"

struct book_day {
	int64_t day_ns;
	struct quality noticed;
};

/* A book that a statement reads as a part of the same one. */
struct book_further {
	struct ledger *ledger;
	int64_t as_of; /* run; INT64_MAX - 1: now */
};

/* An open book, for one command. */
struct book {
	struct book_settings set;             /* texts are the caller's */
	const struct terminal *terminal;
	struct names *names;
	struct ledger *ledger;
	struct book_further *further; /* besides it, read by statements only */
	size_t further_count;
	struct fleet *fleet;   /* NULL: not requested */
	struct prices *prices; /* NULL: none */
	struct quality quality; /* of this run */
	struct book_day *days;  /* notices of days that this process attributed, the latest of each day; sorted */
	size_t day_count;
	FILE *models;          /* where the fits of attributed days are written; NULL: nowhere */
	FILE *checks;          /* where the cross-check of attributed days is written; NULL: nowhere */
	struct ledger_run run; /* as stored in the ledger */
	char basis[DIGEST_HEX_MAX];
	struct book_verdicts *verdicts; /* what days decide about names of servers; NULL: not requested yet */
	struct book_answers *answers; /* who answered gateways' requests, on the day that is attributed; NULL: none yet */
	struct book_spans *spans; /* what is known of replicas as of this run; NULL: not requested yet */
	int64_t places;        /* files that need not be read again, as of this run */
	int64_t checked;       /* days with something to compare in the cross-check */
	int64_t attributed;    /* days, in this run: whether or not their entries changed */
	int64_t restated_nano; /* additional cost of open days that had entries before, in this run */
	int64_t restated_days; /* days for which that is not 0 */
	/* the fleet is that of a former run, read for a statement: this run does not attribute */
	bool fleet_shown;
	bool stated;           /* GPUs per replica stated in logs are applied to the fleet */
	int64_t settle_ns;     /* a plain file that changed within this time may still grow */
	/* Does earlier work confirm the clock: there were records before, and it was not set back since? */
	enum { CLOCK_UNASKED, CLOCK_DOUBTED, CLOCK_TRUSTED } clock;
};

/*
 * Opens the book of the settings; work with costs also needs a fleet. 0, or negative: then there is nothing to close.
 */
int book_open(struct book *b, const struct book_settings *set, const struct terminal *t, enum ledger_mode mode, bool costs,
              struct fault *why);
/* Opens another book, for statements of both: of another part of the fleet, with the same rule, currency and prices. */
int book_open_further(struct book *b, const char *path, struct fault *why);
void book_close(struct book *b);

/* Begins a transaction and a run in it; ends both. */
int book_begin(struct book *b, const char *command, struct fault *why);
int book_commit(struct book *b, struct fault *why);
int book_commit_run(struct book *b, struct fault *why); /* of a run that read no logs */

/* Reads what is new in these logs into the open transaction; the caller tidies and frees *intake after the commit. */
int book_read_logs(struct book *b, struct logs *logs, struct ledger_intake **intake, struct fault *why);

/* Reads what is new in these logs, as a separate run. */
int book_ingest(struct book *b, struct logs *logs, struct fault *why);

/*
 * Takes logs out of the book, by globs of their paths, as a separate run: their records, and what is known of their
 * bytes, so that a log that is still there is read again. Their number in *logs, of records in *records.
 */
int book_forget(struct book *b, const struct list *globs, int64_t *logs, int64_t *records, struct fault *why);

/* Forgets logs that gave no record to another version of tollbook: they are read again. A separate run if there are any. */
int book_retry_unread(struct book *b, struct fault *why);

/* ERROR_CONFIG if this is not the key (NULL: none) of the book's aliases of tenants. Within a run. */
int book_check_tenants(struct book *b, const struct tenant_key *k, struct fault *why);

/* Receivers of an attribution's results; fit NULL: fits are not needed. */
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
int book_roof_fit(void *book_roof, int64_t day_ns, struct text part, struct text json); /* a fit_sink */
/* Attributes a day from the book's records as they are now. */
int book_day_of(struct book *b, int64_t day_ns, const struct book_sinks *to, struct quality *quality, struct fault *why);
/* Writes the cost of these days' requests, as --requests does. */
int book_requests_of(struct book *b, int64_t from_ns, int64_t to_ns, const char *path, struct quality *quality,
                     struct fault *why);
/* Passes what the whole book knows about replicas and gateways to an attribution of some days. */
int book_set_spans(struct book *b, struct attribution *a, struct fault *why);
void book_forget_spans(struct book *b);
/* Adds the findings for steps that are missing before a day. After book_set_spans. */
void book_find_pauses(const struct book *b, int64_t day_ns, struct quality *day);
/* Is there evidence of the replica in this period, or before and after it? After book_set_spans. */
bool book_span_meets(const struct book *b, name_id replica, int64_t from_ns, int64_t to_ns);
/* Passes on what other days decide about names of servers to an attribution that begins on this day. */
int book_adopt_verdicts(struct book *b, struct attribution *a, int64_t from_ns, struct fault *why);
/* Stores what a day's own records decide; marks days that take another decision than before. */
int book_keep_verdicts(struct book *b, const struct attribution *a, int64_t day_ns, struct fault *why);
void book_forget_verdicts(struct book *b);
/* Do the book's prices name a vendor of this model, for a request with this billing? */
bool book_names_vendor(const struct book *b, name_id model, struct text billing);
/* The same as a vendor_test, which also keeps its answers for book_keep_answers. */
bool book_is_vendors(void *book, name_id model, struct text billing);
/* Stores the answers of the attribution of a day. */
int book_keep_answers(struct book *b, int64_t day_ns, struct fault *why);
void book_forget_answers(struct book *b);
/* Hands on the answers of open days that are not those of the book's prices. */
typedef int book_answer_sink(struct book *b, const struct ledger_answer *a, void *context, struct fault *why);
int book_find_answered(struct book *b, int64_t from_ns, int64_t to_ns, book_answer_sink *sink, void *context, struct fault *why);
/* All zones of a log's timestamps without one: "A, B"; the caller frees. */
char *zones_add(const char *zones, const char *zone);
/* Findings for logs that were read in two zones. */
int book_find_zones(struct book *b, struct quality *q, struct fault *why);
/* Marks the open days that have such answers. */
int book_mark_answered(struct book *b, struct fault *why);
/* Attributes all days that are marked, in the open transaction. */
int book_attribute(struct book *b, struct fault *why);
/* Adds the notices of attributed days to the output; for the end, after the commit. */
void book_merge_days(struct book *b);
/* The hash of everything that entries depend on, except the records. */
void book_set_basis(struct book *b);

/* Content of a statement from the book; the rest is in the settings. */
struct book_statement {
	int64_t from_ns, to_ns; /* INT64_MIN, INT64_MAX: everything */
	int64_t as_of;          /* run; INT64_MAX: now */
	const struct zone *tz;
	struct pages *pages; /* to be included; NULL: none */
	const struct pages_settings *pages_settings;
	struct quality quality; /* filled in; valid as long as the statement */
	struct statement *statement;
};
/*
 * Passes the steps of a period and the models fitted to them to its pages. An error, if records of the period have changed
 * since run `as_of`: the book has them as they are now.
 */
int book_pages_steps(struct book *b, struct pages *p, int64_t from_ns, int64_t to_ns, int64_t as_of, struct fault *why);
/* Adds what the book stores by whole days besides entries to a statement: positions, rules and batches. */
int book_add_breakdowns(struct book *b, struct book_statement *s, int64_t from_ns, int64_t to_ns, int64_t as_of, struct fault *why);
/* Makes it; 1, or 0 if the book has no entries there. */
int book_state(struct book *b, struct book_statement *s, struct fault *why);
void book_statement_release(struct book_statement *s);
/*
 * several.c: the books of a statement. book_each_ledger calls `work` with each of them as b->ledger and its run, in the
 * given order.
 */
typedef int book_ledger_work(void *context, struct book *b, size_t i, int64_t as_of, struct fault *why);
int book_each_ledger(struct book *b, int64_t as_of, book_ledger_work *work, void *context, struct fault *why);
/* ERROR_CONFIG if two of them have the same replica, the same plan, or remaining time of the same pool in a period. */
int book_refuse_overlap(struct book *b, int64_t as_of, int64_t from_ns, int64_t to_ns, struct fault *why);
/*
 * evidence/doubled.c: a finding where two of them have one server under two names: a replica-day with the same tokens, or, by the
 * records of a day that both have, the same steps, requests or windows, or requests of the other's steps.
 */
int book_find_doubled(struct book *b, struct quality *q, int64_t as_of, int64_t from_ns, int64_t to_ns, struct fault *why);
/* The last run that could attribute; and how far the evidence reached, both 0: it is not known. */
struct last_run {
	int64_t id; /* 0: there was none */
	int64_t first_ns, last_ns;
	char rule[32], currency[32], version[32], basis[DIGEST_HEX_MAX];
};
/*
 * Amounts that are not attributed again keep the currency of former runs, and this run's must be the same. `open_again`: those
 * of closed periods alone are kept.
 */
int book_check_currency(struct book *b, bool open_again, struct fault *why);
/* Of the runs up to `as_of` (INT64_MAX: of all). */
int book_last_run(struct book *b, int64_t as_of, struct last_run *out, struct fault *why);
/*
 * Adds a finding for logs with servers that the fleet file's "names" now names differently than when the logs were
 * read.
 */
int book_find_misnamed(struct book *b, struct fault *why);
/* Reads the fleet file that the book stores for a run into b->fleet, with the descriptions of models that it names. */
int book_fleet_of_run(struct book *b, int64_t run, struct fault *why);
/* Its catalogues and --list, unless others are given. */
int book_prices_of_run(struct book *b, int64_t run, struct fault *why);
/*
 * Uses the inputs of the last run that attributed: fleet, prices and rule. 1, or 0 if no run did, or if not all of it
 * is stored (then b->fleet is NULL, and a sentence in `missing` states why).
 */
int book_use_last_basis(struct book *b, char *missing, size_t size, struct fault *why);
/* The hashes of these descriptions, separated by spaces. */
int book_descriptions_of_run(struct book *b, int64_t run, char *out, size_t size, struct fault *why);

/*
 * Stores the fleet's file (NULL: none), the files that it names, the catalogues in use (NULL: those of the settings),
 * with their days, and --list, in the ledger, as inputs of a run.
 */
int book_keep_documents(struct ledger *l, int64_t run, const struct book_settings *set, const char *fleet, const struct prices *prices,
                        struct fault *why);

#endif
