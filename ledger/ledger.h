/*
 * ledger.h: the book. The only header of this stage that others may include.
 *
 * A book is a folder: ledger.db (what was read, what it cost, what is closed), records/ (the evidence, see segment.h)
 * and a lock. The storage of the ledger itself, SQLite by default, is selected in driver.h.
 *
 * All functions return 0 or a negative enum error with the fault set, unless stated otherwise. A ledger belongs to
 * one thread.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdio.h>

#include "core/digest.h"
#include "core/entry.h"
#include "core/error.h"
#include "core/gateways.h"
#include "core/quality.h"
#include "core/record.h"

struct ledger;

enum ledger_mode {
	LEDGER_READ,  /* must exist; nothing is written */
	LEDGER_WRITE, /* must exist */
	LEDGER_CREATE /* created if it does not exist */
};

/*
 * Opens the book in a folder, or one on a server ("postgresql://…", "postgres://…"), which is only the ledger, without
 * records. Refuses a newer version, a foreign or damaged file. Writers take the book's lock, and the fault names its
 * holder if another has it. Names of the ledger are translated to and from `names`.
 */
bool ledger_is_server(const char *book); /* "postgresql://…"? */
/* ERROR_CONFIG if the place contains a password, which others could read. */
int ledger_refuse(const char *book, struct fault *why);
int ledger_open(struct ledger **out, const char *book, enum ledger_mode mode, struct names *names, struct fault *why);
void ledger_close(struct ledger *l);
const char *ledger_book(const struct ledger *l);

/* Everything written between begin and commit is there afterwards, or none of it. */
int ledger_begin(struct ledger *l, struct fault *why);
int ledger_commit(struct ledger *l, struct fault *why);
void ledger_rollback(struct ledger *l);

/* ---- runs ---- */

struct ledger_run {
	int64_t id;
	const char *command, *version, *rule, *currency, *basis; /* when read: valid until the next call */
	int64_t started_ns, finished_ns;
	int64_t files, lines, records, rejected, duplicates, restated;
	/*
	 * The first and last instant of all steps, requests and windows in the book, as of this run. first > last:
	 * none; both 0: not known.
	 */
	int64_t first_ns, last_ns;
	int64_t counts[RECORD_KINDS]; /* part of `records`; 0 for runs of former versions */
};

/* Adds a run to the open transaction; its number is the next one. */
int ledger_run_add(struct ledger *l, const struct ledger_run *r, int64_t *id, struct fault *why);
/* Sets the counts and the end of a run just before the commit. */
int ledger_run_finish(struct ledger *l, const struct ledger_run *r, struct fault *why);
/* Passes all runs to the sink from the first one on, each with its quality if `with_quality`. */
typedef int ledger_run_sink(void *context, const struct ledger_run *r);
int ledger_runs(struct ledger *l, ledger_run_sink *sink, void *context, struct fault *why);
/* 1 and the run, 0 if there is none with that number. */
int ledger_run_get(struct ledger *l, int64_t id, struct ledger_run *out, struct fault *why);
/* The last run: 1, or 0. */
int ledger_run_last(struct ledger *l, struct ledger_run *out, struct fault *why);

/* Stores an input file of a run with its bytes, at most so many. */
#define LEDGER_DOCUMENT_MAX ((size_t)256 * 1024 * 1024)
int ledger_document_put(struct ledger *l, struct text bytes, char sha256[DIGEST_HEX_MAX], struct fault *why);
/* The bytes (the caller frees out->at): 1, or 0 if there is none. */
int ledger_document_get(struct ledger *l, const char *sha256, struct text *out, struct fault *why);
/* The hash of the last one of its kind that a run had: 1, or 0 if none had. */
int ledger_document_last(struct ledger *l, const char *kind, char sha256[DIGEST_HEX_MAX], struct fault *why);
int ledger_run_document(struct ledger *l, int64_t run, const char *kind, int64_t seq, const char *path,
                        const char *sha256, struct fault *why);
/* path and hash of a run's document: 1, or 0. The texts are valid until the next call. */
int ledger_run_document_get(struct ledger *l, int64_t run, const char *kind, int64_t seq, const char **path,
                            const char **sha256, struct fault *why);

/* Adds what was wrong with the logs of one run; reads that of all runs up to one into `out`. */
int ledger_quality_put(struct ledger *l, int64_t run, const struct quality *q, struct fault *why);
int ledger_quality_get(struct ledger *l, int64_t as_of, struct quality *out, struct fault *why);
/* The same without what joins of gateways' requests result in, so that those of several ledgers can be added (quality_merge). */
int ledger_quality_collect(struct ledger *l, int64_t as_of, int64_t from_ns, int64_t to_ns, struct quality *out, struct fault *why);
/* Only what all logs so far state about the GPUs of replicas. */
int ledger_stated_get(struct ledger *l, struct quality *out, struct fault *why);
/*
 * Stores what attributing a day found (its notices, marked as such from here on), in place of what an earlier run
 * found for that day.
 */
int ledger_day_notices_put(struct ledger *l, int64_t run, int64_t day_ns, struct quality *day, struct fault *why);

/* ---- evidence: what tasks of `tollbook shard` read and found ---- */

struct ledger_evidence {
	const char *plan; /* its hash */
	int64_t task; /* -1: known only for all tasks together */
	int64_t from_ns, to_ns; /* of all the plan's logs, inclusive */
	struct text notes; /* lines as quality_write_lines writes them */
};

/* Existing rows are unchanged. */
int ledger_evidence_put(struct ledger *l, int64_t run, const struct ledger_evidence *e, struct fault *why);
/* The number of a plan's tasks. */
int ledger_evidence_count(struct ledger *l, const char *plan, int64_t *count, struct fault *why);
/* The number of plans. */
int ledger_evidence_plans(struct ledger *l, int64_t *count, struct fault *why);
/* First and last instant of any: 1, or 0 if there is none. */
int ledger_evidence_span(struct ledger *l, int64_t as_of, int64_t *from_ns, int64_t *to_ns, struct fault *why);
/*
 * Adds the evidence of all plans that overlap a period, as it was after run `as_of`. A plan does not count if later
 * ones read all of its logs again; a log that several read is listed once.
 */
int ledger_evidence_get(struct ledger *l, int64_t as_of, int64_t from_ns, int64_t to_ns, struct quality *out,
                        struct fault *why);

/* ---- sources ---- */

/* A log by its content; see the table `source` in schemas/ledger.sql. */
struct ledger_source {
	int64_t id; /* 0: not in the ledger yet */
	const char *path, *format;
	int64_t head_bytes;
	char head[DIGEST_HEX_MAX];
	int64_t bytes;
	char content[DIGEST_HEX_MAX];
	struct text marks;
	int64_t lines, records, at_end;
	int64_t first_run, last_run;
	const char *named; /* the server's name that its path gave to its records; NULL or "": none */
	bool by_rule;      /* a rule for paths gave it */
	const char *zone;  /* of its timestamps without one, "?" where UTC was assumed; NULL or "": none. If it changed, all: "A, B" */
};
/* A file as it was on disk. */
struct ledger_file {
	int64_t device, inode, size, mtime_ns;
	const char *path, *sha256;
	int64_t source; /* 0: it contained nothing useful */
};

/* Lengths of heads in use, ascending: at most `room`; their number in *count. */
int ledger_source_heads(struct ledger *l, int64_t *lengths, size_t room, size_t *count, struct fault *why);
/* Sources with this head, the longest first. Texts are valid during the call of the sink. */
typedef int ledger_source_sink(void *context, const struct ledger_source *s);
int ledger_sources_of_head(struct ledger *l, int64_t head_bytes, const char *head, ledger_source_sink *sink,
                           void *context, struct fault *why);
/* All sources by number. */
int ledger_sources(struct ledger *l, ledger_source_sink *sink, void *context, struct fault *why);
/* Likewise, of each only its number, path, names and records. */
int ledger_source_names(struct ledger *l, ledger_source_sink *sink, void *context, struct fault *why);
int ledger_source_name(struct ledger *l, int64_t id, const char *named, bool by_rule, struct fault *why);
/* The numbers of logs that gave no record to another version than this; the caller frees. */
int ledger_sources_unread(struct ledger *l, const char *version, int64_t **out, size_t *count, struct fault *why);
/* A log of which the run withdrew all records: if it is still there, it is read as a new one. */
int ledger_source_forget(struct ledger *l, int64_t id, int64_t run, struct fault *why);
/* One by number: 1, or 0. Texts are valid until the next call. */
int ledger_source_get(struct ledger *l, int64_t id, struct ledger_source *out, struct fault *why);
/* The number of the next source; numbers may be skipped. */
int ledger_source_next(struct ledger *l, int64_t *id, struct fault *why);
/* Adds a source under its number, or replaces it: its previous state is kept for statements of former runs. */
int ledger_source_put(struct ledger *l, struct ledger_source *s, struct fault *why);
/* Is the very same file known? 1 and its source's number (0: none), or 0. */
int ledger_file_known(struct ledger *l, const struct ledger_file *f, int64_t *source, struct fault *why);
/* All known files, by device, inode, size and time of change alone, in any order; until the sink returns false. */
typedef bool ledger_file_sink(void *context, const struct ledger_file *f);
int ledger_files(struct ledger *l, ledger_file_sink *sink, void *context, struct fault *why);
/* Was the source that was first read from this path later read completely from another? 1 or 0. */
int ledger_file_whole(struct ledger *l, const char *path, struct fault *why);
int ledger_file_put(struct ledger *l, const struct ledger_file *f, int64_t run, struct fault *why);

/* ---- segments: the records of a replica-day ---- */

struct ledger_segment {
	int64_t day_ns;
	name_id replica;
	char hash[DIGEST_HEX_MAX];
	int64_t bytes;
	int64_t counts[RECORD_KINDS];
	int64_t first_ns, last_ns; /* of all instants that its records report */
	int64_t gateways; /* requests reported by gateways */
	int64_t span_first_ns, span_last_ns; /* of its records of the best kind, see enum span_kind; first > last: none */
	int64_t first_step, last_step; /* numbers of its first and last step; UNKNOWN */
	name_id model; /* of the first record that names one, steps before requests before windows */
	int64_t run;
	int64_t gone_run; /* run that removed its records as old enough; 0: they exist */
};

/* 1, or 0 if there are no records of that replica-day. */
int ledger_segment_get(struct ledger *l, int64_t day_ns, name_id replica, struct ledger_segment *out,
                       struct fault *why);
int ledger_segment_put(struct ledger *l, const struct ledger_segment *s, struct fault *why);
/* Resets its counts, instants and steps; adds a record to them. */
void ledger_segment_empty(struct ledger_segment *s);
void ledger_segment_add(struct ledger_segment *s, const struct record *r);
int ledger_segment_drop(struct ledger *l, int64_t day_ns, name_id replica, struct fault *why);
/* Segments with records that overlap a period (half-open), by day and replica's name. */
typedef int ledger_segment_sink(void *context, const struct ledger_segment *s);
int ledger_segments(struct ledger *l, int64_t from_ns, int64_t to_ns, ledger_segment_sink *sink, void *context,
                    struct fault *why);
/* ---- spans: the time for which a replica is known to be paid ---- */

/* Evidence that a replica existed, the best last: steps show when it ran; a gateway may not be a replica. */
enum span_kind { SPAN_NONE, SPAN_GATEWAY, SPAN_REQUESTS /* or windows */, SPAN_STEPS };
enum span_kind record_span_kind(const struct record *r);

/* Widens an extent by all instants that a record reports. */
void record_extent(const struct record *r, int64_t *first_ns, int64_t *last_ns);

/* Steps that are missing, by their numbers, before a day's first one, after a whole day without any. */
struct ledger_pause {
	int64_t day_ns, missing;
};

struct ledger_reach {
	int64_t first_ns, last_ns; /* first > last: none */
};
#define LEDGER_REACH_NOTHING (struct ledger_reach){INT64_MAX, INT64_MIN}

/* A replica, with the best kind of its records, and the first and last instant of each day's best kind. */
struct ledger_span {
	name_id replica, model;
	enum span_kind kind;
	bool requests, gateways; /* an engine, a gateway reports requests under this name */
	int64_t first_ns, last_ns; /* of the days of one clock */
	struct ledger_reach gateway_days; /* of days on which gateways alone have records under this name */
	int64_t first_day_ns, last_day_ns;
	int64_t first_step_day_ns, last_step_day_ns; /* of its steps; first > last: none */
	int64_t records, apart;    /* on these days; apart: on other days, years from them, which are not counted */
	const struct ledger_pause *pauses; /* during the call of the sink */
	size_t pause_count;
};
typedef int ledger_span_sink(void *context, const struct ledger_span *s);
int ledger_spans(struct ledger *l, ledger_span_sink *sink, void *context, struct fault *why);

/* Totals of spans; begins as LEDGER_KNOWN_NOTHING. */
struct ledger_known {
	struct ledger_reach all, engines_reach;
	struct engines engines;
	bool gateways_reported;
	struct gateways gateways;
};
#define LEDGER_KNOWN_NOTHING (struct ledger_known){.all = LEDGER_REACH_NOTHING, .engines_reach = LEDGER_REACH_NOTHING}
void ledger_known_add(struct ledger_known *k, const struct ledger_span *s);
int ledger_known_get(struct ledger *l, struct ledger_known *out, struct fault *why);

/* Adds incoming records, in any order and from several threads, to segments. */
struct ledger_intake;
struct ledger_intake *ledger_intake_new(struct names *names, unsigned lanes);
void ledger_intake_free(struct ledger_intake *in);
/* A record_sink; r->file is the number of its source. */
int ledger_intake_add(void *intake, unsigned lane, const struct record *r, struct fault *why);
/* Withdraws a record from the book. */
int ledger_intake_withdraw(void *intake, unsigned lane, const struct record *r, struct fault *why);
/*
 * Adds them to the segments of their days, within the open transaction, and marks the days to be attributed again.
 * Segments that were replaced are removed by ledger_intake_clean_up after the commit.
 */
int ledger_intake_settle(struct ledger *l, struct ledger_intake *in, int64_t run, int64_t *records, struct fault *why);
/* The number of records for days with removed records, which are not stored. The first such day and replica. */
int64_t ledger_intake_too_late(const struct ledger_intake *in, int64_t *day_ns, name_id *replica);
/* Adds the new records to a run's counts, by kind, and widens its extent; after ledger_intake_settle. */
void ledger_intake_report(const struct ledger_intake *in, struct ledger_run *run);
void ledger_intake_clean_up(struct ledger_intake *in);
/* What the clean-up of one intake has to remove is passed to another one. */
void ledger_intake_pass_on(struct ledger_intake *from, struct ledger_intake *to);

/*
 * Retention: within the open transaction, marks as removed the segments with all records in closed periods that ended
 * before an instant, and far enough from any open day that neither it nor late records for it need them. *count:
 * their number; run 0: they are only counted. ledger_retire_clean_up removes their files, after the commit. Nothing
 * else of the ledger changes.
 */
int ledger_retire(struct ledger *l, int64_t run, int64_t before_ns, int64_t *count, struct fault *why);
int ledger_retire_clean_up(struct ledger *l, int64_t run, struct fault *why);
/* Removed segments that overlap a period: their number, and since when: 1, or 0 if there are none. */
int ledger_gone(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t *count, int64_t *since_ns, struct fault *why);

/*
 * Passes the records of a segment to the sink in order; checks its hash. Texts are valid during the call of the sink.
 */
typedef int ledger_record_sink(void *context, const struct record *r, struct fault *why);
int ledger_records(struct ledger *l, const struct ledger_segment *s, ledger_record_sink *sink, void *context,
                   struct fault *why);
/* The path of a segment's file. */
const char *ledger_segment_path(struct ledger *l, const struct ledger_segment *s, char *out, size_t size);

/* ---- days ---- */

/* Marks all days that overlap a period to be attributed again. */
int ledger_dirty(struct ledger *l, int64_t from_ns, int64_t to_ns, struct fault *why);
/* Marks every day that was attributed on another basis and is not closed. */
int ledger_dirty_basis(struct ledger *l, const char *basis, struct fault *why);
/* The first marked day: 1, or 0 if there are no more. */
int ledger_dirty_next(struct ledger *l, int64_t *day_ns, struct fault *why);
/* The number of marked days of which a part is in a period, or negative. */
int ledger_dirty_count(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t *count, struct fault *why);
/* The days that were attributed, half-open: 1, or 0 if none was. */
int ledger_day_extent(struct ledger *l, int64_t *from_ns, int64_t *to_ns, struct fault *why);
/* The basis of a day's last attribution: 1, or 0 if it was never attributed. */
int ledger_day_basis(struct ledger *l, int64_t day_ns, char basis[DIGEST_HEX_MAX], struct fault *why);
/* Unmarks a day. */
int ledger_dirty_forget(struct ledger *l, int64_t day_ns, struct fault *why);
/* Notes that a day is attributed, with its duplicates: *more than before. */
int ledger_day_done(struct ledger *l, int64_t day_ns, const char *basis, int64_t duplicates, int64_t *more,
                    struct fault *why);

/*
 * What the records of a day, and of the days next to it, decide about two names of servers: see name_verdict. Replaced
 * when the day is attributed again.
 */
struct ledger_verdict {
	int64_t day_ns;
	name_id name, with, named, step_model;
	int64_t decision, shift_ns;
	bool held, dropped;
};
typedef int ledger_verdict_sink(void *context, const struct ledger_verdict *v);
/* All of the book, by name, then by day. */
int ledger_verdicts(struct ledger *l, ledger_verdict_sink *sink, void *context, struct fault *why);
int ledger_verdicts_drop(struct ledger *l, int64_t day_ns, struct fault *why);
int ledger_verdict_put(struct ledger *l, const struct ledger_verdict *v, struct fault *why);
/* Marks the open days between two days, both exclusive, that were attributed before. */
int ledger_dirty_between(struct ledger *l, int64_t after_ns, int64_t before_ns, struct fault *why);

/*
 * Who answered a day's requests of gateways that name this model and provider, as the price lists of the run that
 * attributed the day have it. Replaced when the day is attributed again.
 */
struct ledger_answer {
	name_id model, provider; /* provider: empty if not logged */
	bool vendor;             /* else a server of the fleet */
};
typedef int ledger_answer_sink(void *context, const struct ledger_answer *a);
/* Those of open days in [from_ns, to_ns), each once. */
int ledger_answers(struct ledger *l, int64_t from_ns, int64_t to_ns, ledger_answer_sink *sink, void *context, struct fault *why);
int ledger_answers_drop(struct ledger *l, int64_t day_ns, struct fault *why);
int ledger_answer_put(struct ledger *l, int64_t day_ns, const struct ledger_answer *a, struct fault *why);
/* Marks the open days that have this answer. */
int ledger_dirty_answered(struct ledger *l, const struct ledger_answer *a, struct fault *why);

/* Stores what was found about a day's requests in two logs, from this run on, in place of what was found before. */
int ledger_joins_put(struct ledger *l, int64_t run, int64_t day_ns, const struct quality_joins *j, struct fault *why);

/* ---- entries ---- */

/*
 * Stores a new version of all entries of a day (in any order; of all replicas): replicas that are not in it lose
 * theirs. Replica-days with equal entries are unchanged. In a closed period nothing is replaced: differences become
 * adjustments. Counts changes in *restated.
 */
int ledger_post_day(struct ledger *l, int64_t run, int64_t day_ns, const struct entry *entries, size_t count,
                    int64_t *restated, struct fault *why);

/*
 * The same for one replica alone; other replicas' entries are unchanged. Many writers may do so at once in
 * PostgreSQL.
 */
int ledger_post_replica_day(struct ledger *l, int64_t run, int64_t day_ns, name_id replica, const struct entry *entries,
                            size_t count, int64_t *restated, struct fault *why);

/* Entries of a period as they were after run `as_of` (INT64_MAX: now), by slot and replica. */
int ledger_entries(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t as_of, entry_sink *sink, void *context,
                   struct fault *why);
/* The same, summed over replicas (replica 0) for days of which the book keeps these sums, except those at no known rate. */
int ledger_entries_summed(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t as_of, entry_sink *sink, void *context,
                          struct fault *why);
/* The first and last day of all entries, half-open: 1, or 0 if there are none. */
int ledger_extent(struct ledger *l, int64_t as_of, int64_t *from_ns, int64_t *to_ns, struct fault *why);

/*
 * What a ledger has in a period, as of a run, to be compared with other ledgers: replicas; pools; of these the ones with
 * entries of no replica (paid time of a pool without one); and plans of shards, by their hashes. By number of the names,
 * ascending; the caller frees.
 */
enum ledger_content { LEDGER_REPLICAS, LEDGER_POOLS, LEDGER_POOLS_ALONE, LEDGER_PLANS };
int ledger_content(struct ledger *l, enum ledger_content what, int64_t from_ns, int64_t to_ns, int64_t as_of, name_id **out,
                   size_t *count, struct fault *why);

/* Tokens of a replica on a day. */
struct ledger_load {
	int64_t day_ns, input_ntok, output_ntok;
	name_id replica;
};
/* Those in a period as of a run, by day, input and output, ascending; without days of fewer than 1,000 of either. The caller frees. */
int ledger_loads(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t as_of, struct ledger_load **out, size_t *count, struct fault *why);

/* ---- fits ---- */

/*
 * A fit that entries of a day rest on, as JSON (schemas/fit.schema.json); all of a day are removed before new ones
 * are added.
 */
int ledger_fits_drop(struct ledger *l, int64_t day_ns, struct fault *why);
int ledger_fit_put(struct ledger *l, int64_t day_ns, struct text part, struct text json, struct fault *why);
typedef int ledger_fit_sink(void *context, int64_t day_ns, const char *part, struct text lines);
int ledger_fits(struct ledger *l, int64_t from_ns, int64_t to_ns, ledger_fit_sink *sink, void *context,
                struct fault *why);

/* ---- closed periods ---- */

struct ledger_period {
	int64_t id;
	const char *name;
	int64_t from_ns, to_ns;
	int64_t run, reopened_run; /* reopened_run 0: closed */
	const char *reason;
	const char *statement; /* hash of its document */
	const char *entries;   /* hash of its entries */
};

/* Reads "2026-10" (a month) or "2026-10-07" (a day), UTC. False if it is neither. */
bool ledger_period_parse(struct text name, int64_t *from_ns, int64_t *to_ns);
int ledger_period_close(struct ledger *l, const struct ledger_period *p, struct fault *why);
int ledger_period_reopen(struct ledger *l, int64_t id, int64_t run, const char *reason, struct fault *why);
/* The hash over all postings in force in a period. */
int ledger_period_hash(struct ledger *l, int64_t from_ns, int64_t to_ns, char hash[DIGEST_HEX_MAX],
                       struct fault *why);
typedef int ledger_period_sink(void *context, const struct ledger_period *p);
int ledger_periods(struct ledger *l, ledger_period_sink *sink, void *context, struct fault *why);
/* The closed period that contains a day: 1, or 0. */
int ledger_period_at(struct ledger *l, int64_t day_ns, int64_t *id, struct fault *why);

/* A change to a closed period by later evidence. */
struct ledger_adjustment {
	int64_t period, run, posted_ns;
	const char *period_name;
	struct entry entry; /* its amounts are differences */
};
/* The adjustments that count in an (open) period, up to a run. */
typedef int ledger_adjustment_sink(void *context, const struct ledger_adjustment *a);
int ledger_adjustments(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t as_of, ledger_adjustment_sink *sink,
                       void *context, struct fault *why);

/* ---- the whole ---- */

/*
 * Checks the database itself: damage, foreign keys, sums. Reports each fault through the sink; returns 0 even if
 * there are some.
 */
typedef void ledger_finding_sink(void *context, const char *sentence);
int ledger_check(struct ledger *l, ledger_finding_sink *sink, void *context, struct fault *why);
/* The last link of the chain of runs: stored elsewhere, it shows whether any run was changed or removed. */
struct ledger_head {
	int64_t run; /* 0: no run yet */
	char seal[DIGEST_HEX_MAX];
};
int ledger_head(struct ledger *l, struct ledger_head *out, struct fault *why);
/* Paths of files among the segments that the ledger does not know: left by a stopped run. */
int ledger_orphans(struct ledger *l, ledger_finding_sink *sink, void *context, struct fault *why);
/* A book being copied. */
struct ledger_transfer {
	/* checked now and then: if true, everything is removed (ERROR_IO); NULL: not checked */
	bool (*stopped)(void *context);
	void *context;
	int64_t files;   /* written, or read */
	int64_t cleared; /* folders next to the target left by killed runs, and removed */
};
/*
 * A whole copy of the book; its export as plain files (schemas/export.md); a new book from these. Each into a new
 * folder, which appears when it is complete. ERROR_CONFIG if it exists already, or the files are not what was
 * exported ("file:line: …").
 */
int ledger_backup(struct ledger *l, const char *place, struct ledger_transfer *t, struct fault *why);
int ledger_export(struct ledger *l, const char *place, struct ledger_transfer *t, struct fault *why);
int ledger_import(const char *book, const char *from, struct ledger_transfer *t, struct fault *why);
/*
 * Writes the content of the ledger as text, one line per row, in a fixed order, names by text: sources, segments,
 * entries in force, closed periods, adjustments. Numbers of runs, clock times and places on disk are left out: equal
 * content results in equal bytes.
 */
int ledger_dump(struct ledger *l, FILE *out, const struct ledger_transfer *t, struct fault *why);

#endif
