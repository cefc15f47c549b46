/* quality.h: what was wrong with the input, counted. Written by ingest and attribute, read by report. */
#ifndef CORE_QUALITY_H
#define CORE_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/entry.h"
#include "core/hash_index.h"
#include "core/text.h"

/* Lines refused for one reason. Reasons are short fixed phrases: "invalid JSON". */
struct quality_reject {
	char *reason;
	int64_t lines;
	char *first; /* "FILE:LINE" of the first one, in the order of the command line */
	uint64_t first_rank; /* file index and line, to find the first among threads */
};

/* A file that could not be read to its end. */
struct quality_damage {
	char *file, *reason;
	int64_t offset; /* in the file's own (compressed) bytes */
};

/* A file that was read. */
struct quality_input {
	char *file;
	int64_t bytes; /* as stored */
	char sha256[65]; /* of the bytes as stored */
	char *format;  /* the format that read it, "" if none */
	int64_t lines, records;
	int64_t detected_at_line; /* the line by which the format was detected; 0: it was forced, or described by patterns */
	uint32_t index; /* the number that its records carry in `file` */
	bool gave_nothing; /* no record, though --no-evidence does not name it; ingest makes it a finding */
};

/* What went wrong in joining requests of gateways' logs to those of engines. */
enum join_trouble { JOIN_GATEWAY_ONLY, JOIN_ENGINE_ONLY, JOIN_DIFFERING, JOIN_TROUBLES };

/* Requests that are in two logs, or should be. */
struct quality_joins {
	int64_t joined;                /* records of gateways that are in an engine's log */
	int64_t gateway_only_tokens;
	int64_t count[JOIN_TROUBLES];
	uint64_t first_rank[JOIN_TROUBLES];
	char *first[JOIN_TROUBLES];    /* "FILE:LINE"; NULL: not known yet, see the rank */
};

/*
 * Something to be stated with the figures. A finding may make a figure wrong by more than its interval and sets exit
 * status 1; an assumption is a value taken from a log or a default; a missing item is what no log reports, and what to
 * switch on for it.
 */
enum notice_type { NOTICE_FINDING, NOTICE_ASSUMPTION, NOTICE_MISSING, NOTICE_TYPES };

/* Texts of a notice; those that its type does not use are NULL. */
enum notice_field {
	NOTICE_KIND,     /* finding: "counted-twice", "gpus", "clock" …; missing: what is missing; assumption: see quality_state */
	NOTICE_TEXT,     /* a sentence; missing: what it needs */
	NOTICE_SUBJECTS, /* replicas or files, sorted, a line feed between */
	NOTICE_VALUE,    /* of an assumption: "4" */
	NOTICE_OPTION,   /* the option that resolves it: "--gpus" */
	NOTICE_SOURCE,   /* of an assumption: "vllm.log:12" */
	NOTICE_FIELDS
};

#define QUALITY_NO_AMOUNT INT64_MIN

/*
 * Stated (quality_state): for a replica with logs that do not report cached tokens, and for bought requests, by their
 * log: the value is the days, "2026-05-12/2026-05-14,2026-05-16/2026-05-16", or NULL for all time. Of hits.
 */
#define QUALITY_CACHED_UNKNOWN "cached-unknown"
#define QUALITY_BOUGHT_CACHED_UNKNOWN "bought-cached-unknown"
#define QUALITY_CACHE_HITS "cache-hits"
/* Stated: how far off the step model was of steps that it had not seen, a sentence. */
#define QUALITY_CROSS_CHECK "cross-check"

/* What is missing where a switch of the engine would raise the grade: of use where evidence is C or D. */
#define QUALITY_BETTER "better evidence"

struct quality_notice {
	enum notice_type type;
	char *field[NOTICE_FIELDS];
	int64_t amount_nano; /* of money concerned; or QUALITY_NO_AMOUNT */
	bool counted;        /* its texts have placeholders for counts, which are added when equal notices merge */
	int64_t count[2];
};

/* A row of breakdowns with its model's name, a rule's too, and its figures: those it is known by, then those that add up. */
enum quality_row_kind { QUALITY_BATCH, QUALITY_POSITION, QUALITY_RULE, QUALITY_CURVE, QUALITY_BUSY, QUALITY_ROW_KINDS };
#define QUALITY_ROW_FIGURES 7
struct quality_row {
	enum quality_row_kind kind;
	char *model, *rule; /* rule: "" of others */
	int64_t of[QUALITY_ROW_FIGURES];
};

struct quality_row_sinks {
	batch_sink *batch;
	position_sink *position; /* NULL: not wanted, as of rules */
	rule_sink *rule;
	curve_sink *curve;
	void *context;
};

struct quality {
	int64_t lines;
	int64_t steps, requests, windows, powers; /* records by kind */
	int64_t duplicates;
	int64_t unknown_keys;
	struct quality_reject *rejects;
	size_t reject_count;
	struct quality_damage *damages;
	size_t damage_count;
	struct quality_input *inputs;
	size_t input_count;
	struct quality_reject *notes; /* irregularities of lines that were read nevertheless */
	size_t note_count;
	char **warnings; /* sentences; each once */
	size_t warning_count;
	struct quality_notice *notices; /* sorted by type, then by their texts */
	size_t notice_count;
	struct quality_joins joins; /* not reported yet */
	struct quality_row *rows; /* of tasks: not in a statement yet */
	size_t row_count;
	struct hash_index row_index;
};

/* A first_rank is the file's index above the line's number; both clipped, 268 million files of 68 billion lines. */
#define QUALITY_RANK_LINE_BITS 36

void quality_init(struct quality *q);
void quality_release(struct quality *q);

/* A task's breakdowns, in addition to its entries; passes on the sums. */
void quality_add_batch(struct quality *q, struct text model, const struct batch_row *row);
void quality_add_position(struct quality *q, struct text model, const struct position_row *row);
void quality_add_rule(struct quality *q, struct text model, const struct rule_row *row);
void quality_add_curve(struct quality *q, struct text model, const struct curve_row *row);
int quality_each_row(const struct quality *q, struct names *names, const struct quality_row_sinks *to);
void quality_add_busy(struct quality *q, int64_t gpu_ns);
/* The busy time of the entries that they belong to; -1: not known. */
int64_t quality_rows_busy_ns(const struct quality *q);
/* Private to quality*.c. */
void quality_merge_rows(struct quality *to, const struct quality *from);
void quality_release_rows(struct quality *q);
void quality_release_notices(struct quality *q);

/* Counts a refused line. `file_index` and `line` (from 1) order the firsts. */
void quality_reject(struct quality *q, const char *reason, const char *file, uint32_t file_index, uint64_t line);
/* The same for several lines; `line` is the first. */
void quality_reject_lines(struct quality *q, const char *reason, int64_t lines, const char *file, uint32_t file_index, uint64_t line);
/* The number of lines refused for this reason. */
int64_t quality_rejected(const struct quality *q, const char *reason);
/* Counts a line that was read, with its irregularity: "a key twice, the last one counts". */
void quality_note(struct quality *q, const char *what, const char *file, uint32_t file_index, uint64_t line);
/* Turns the notes into warnings, one for each kind, with their number and the first place. */
void quality_report_notes(struct quality *q);

/* Counts a problem of `count` requests; the first is in a line of a file. */
void quality_join_trouble(struct quality *q, enum join_trouble what, int64_t count, uint32_t file_index, uint64_t line);
/* The number of the file of the first one. */
uint32_t quality_join_file(const struct quality *q, enum join_trouble what);
/* The place of the first one, as text; while its file is not known. */
void quality_join_place(struct quality *q, enum join_trouble what, const char *file);
/*
 * Finds the places in the inputs, then turns joins into warnings and, if tokens differ, a finding; removes the joins.
 * Then quality_report_counts.
 */
void quality_report_joins(struct quality *q);

void quality_damage(struct quality *q, const char *file, const char *reason, int64_t offset);
/* Removes the damages of a file: its whole content is known from another. */
void quality_damage_healed(struct quality *q, const char *file);
/* Adds a warning (printf) unless the same sentence was added already. */
void quality_warn(struct quality *q, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * Adds a finding: a warning with the same sentence (printf), and exit status 1. `subject` (a replica, a file) and
 * `option` may be NULL. The same kind, sentence and option are kept once; their subjects are collected, amounts added.
 */
void quality_finding(struct quality *q, const char *kind, const char *subject, const char *option, int64_t amount_nano,
                     const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Adds an assumption: value "4" of subject "r0", which the option overrides, taken from the source "vllm.log:12". */
void quality_assume(struct quality *q, const char *subject, const char *value, const char *option, const char *source,
                    const char *format, ...) __attribute__((format(printf, 6, 7)));
/*
 * The same with two counts, which are added when notices with equal texts merge: of days, of replicas' parts. Texts
 * contain these placeholders; quality_report_counts replaces them.
 */
#define QUALITY_A "\036"       /* the first count */
#define QUALITY_B "\037"       /* the second */
#define QUALITY_PERCENT "\035" /* the first in percent of the second */
void quality_finding_counted(struct quality *q, const char *kind, const char *subject, const char *option, const int64_t count[2],
                             const char *format, ...) __attribute__((format(printf, 6, 7)));
void quality_assume_counted(struct quality *q, const char *subject, const char *value, const int64_t count[2], const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Puts counts into texts, and adds the sentences of such findings to the warnings; counts are final from here on. */
void quality_report_counts(struct quality *q);
/* Adds what no log reports, what is needed for it, and the option that enables it (or NULL). */
void quality_missing(struct quality *q, const char *what, const char *needs, const char *option);
/* Takes ownership of the texts of a notice of any type, as above. */
void quality_add_notice(struct quality *q, struct quality_notice *n);
/*
 * Stores what a log states about a subject, for the stage that may use it, which then adds an assumption or a
 * finding. An assumption with a kind, which is not printed.
 */
void quality_state(struct quality *q, const char *kind, const char *subject, const char *value, const char *option,
                   const char *source, const char *text);
/* Takes the next days from the front of such a list; days that cannot be read are all time. False at its end. */
bool quality_days_next(const char **days, int64_t *from_ns, int64_t *to_ns);
/* Is there a notice with this text in a field? The second: is this the text of a finding? */
bool quality_has_notice(const struct quality *q, enum notice_type type, enum notice_field field, const char *text);
bool quality_is_finding(const struct quality *q, const char *sentence);
/* Moves all notices of `from`, and the warnings that repeat its findings. */
void quality_move_notices(struct quality *to, struct quality *from);
/* Removes a notice, by its number. */
void quality_drop_notice(struct quality *q, size_t i);
/* The notices of a type: the first (NULL if none), and their number. */
const struct quality_notice *quality_notices(const struct quality *q, enum notice_type type, size_t *count);

/* Appends an input; strings are copied. */
void quality_add_input(struct quality *q, const struct quality_input *in);
void quality_drop_input(struct quality *q, size_t at);

/* Adds `from` to `to` and empties `from`; the result does not depend on the order of merges once sorted. */
void quality_merge(struct quality *to, struct quality *from);
/* Rejects by lines (most first, then reason), the rest by name: a fixed order, whatever the threads did. */
void quality_sort(struct quality *q);

/* Is there anything that makes the exit status 1 (findings, rejects, damages)? */
bool quality_has_findings(const struct quality *q);

#endif
