/* ingest.h: log bytes to records. The only header of this stage that others may include. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "core/error.h"
#include "core/files/name_rules.h"
#include "core/quality.h"
#include "core/record.h"
#include "core/tenant_key.h"
#include "core/zone.h"

/* One LOG of the command line, with what it does not contain itself. Empty texts: not given. */
struct ingest_source {
	const char *path; /* a file, a directory, or "-" */
	struct text replica, model, tenant;
	const struct zone *log_zone; /* for timestamps without a zone; NULL: not given (UTC is used, with a warning) */
	int log_year;                /* for timestamps without a year; 0: not given */
	const char *log_format;      /* force a format; NULL: detect */
};

/*
 * Receives a record. `lane` is the number of the calling thread, from 0. Texts in the record are valid during the
 * call only. `replica` and `model` are filled in from the source if the log does not name them. A negative return
 * stops everything.
 */
typedef int record_sink(void *context, unsigned lane, const struct record *r, struct fault *why);

/* User-defined formats: patterns with named groups. See ingest/formats/pattern.h for the file. */
struct ingest_patterns;
/* Reads a file of patterns: errors are "file:line:column: …", of the configuration. */
int ingest_patterns_read(struct ingest_patterns **out, const char *path, struct fault *why);
void ingest_patterns_free(struct ingest_patterns *p);

/* How to read a file that is known from earlier runs. */
struct ingest_plan {
	uint32_t number;       /* file number of its records, in place of the file's index in the run */
	int64_t known_lines;   /* lines at its start that are counted already: they only set the state */
	/* where they end, in unpacked bytes; within a line that had no newline, if the end was counted */
	int64_t known_bytes;
	/* records from its end are also counted, if no line follows these: else they are withdrawn */
	bool known_end;
	bool goes_on;          /* it is still being written: a line without its newline waits, and so does its end */
};

/* What was read from a file. */
#define ZONE_ASSUMED "?"
struct ingest_done {
	const char *path, *format, *sha256; /* sha256: of the bytes as stored */
	const char *named;     /* the name that its records have from its path; "": none, they or --replica name their server */
	bool by_rule;          /* a rule for paths gives it */
	const char *zone;      /* of its timestamps without one; ZONE_ASSUMED: UTC, as none is given; "": all have one */
	uint32_t index;
	/* new ones; at_end: those of the records that result from the end of the file */
	int64_t lines, records, at_end;
	int64_t taken_back;    /* records withdrawn, as the file continued */
	int64_t in_future;     /* lines refused as INGEST_IN_FUTURE */
	bool went_on;          /* lines after an end that was counted */
	bool damaged;
};

/* Callbacks that track files from run to run. Calls come from several threads, those for one file from one thread. */
struct ingest_watch {
	void *context;
	/* Before a file is opened: 1 to read it as planned, 0 to leave it out, or a negative error. */
	int (*open)(void *context, const char *path, uint32_t index, struct ingest_plan *plan, struct fault *why);
	/* Receives its unpacked bytes, block after block. */
	void (*block)(void *context, uint32_t index, struct text bytes);
	int (*close)(void *context, const struct ingest_done *done, struct fault *why);
	/*
	 * Withdraws a record that an earlier run received because the log ended, but now continues: it is not valid,
	 * or comes again.
	 */
	record_sink *take_back;
};

/* Why a line with an instant in the future is refused: a wrong clock refuses many. */
#define INGEST_IN_FUTURE "instant in the future"

/*
 * Passes the unpacked bytes of a file to `take` until it returns false. *packed: it is compressed. False if it cannot
 * be opened or read; a damaged file gives its readable part.
 */
bool ingest_unpack(const char *path, bool (*take)(void *context, struct text bytes), void *context, bool *packed);
/* Its first bytes, at most this many, into `out`. */
bool ingest_head(const char *path, char *out, size_t room, size_t *len, bool *packed);

/*
 * How the path of a file names its server, among the paths of all files: "h100-01/vllm.log" and "h100-02/vllm.log" are two
 * servers, and so are pods of one name in two namespaces.
 */
struct ingest_place {
	const char *path;
	enum { INGEST_ENGINE_UNKNOWN, INGEST_ENGINE, INGEST_NO_ENGINE } engine; /* does an engine log there? Unknown: the file is examined */
	char *apart;     /* the server's name, where files of one name lie in several servers' folders; or NULL */
	unsigned detail; /* of the name: pods of it are in several namespaces, or contain several engines */
};
/* Sets `apart` (which the caller frees) and `detail` of these paths, and sorts them by path. */
void ingest_find_places(struct ingest_place *at, size_t count);
/* By path, for qsort; and the place of a path, or NULL. */
int ingest_place_order(const void *a, const void *b);
const struct ingest_place *ingest_place_of(const struct ingest_place *at, size_t count, const char *path);
/* Frees what ingest_find_places has set, and the array; not the paths. */
void ingest_places_free(struct ingest_place *at, size_t count);
/* The name that a path gives to records whose line and envelope name no server; *by_rule: a rule (may be NULL) gives it. */
#define INGEST_NAME_MAX 256
void ingest_name_of_place(const struct ingest_place *p, const struct name_rules *rules, bool *by_rule, char out[INGEST_NAME_MAX]);

struct ingest_options {
	const struct ingest_watch *watch; /* may be NULL */
	const struct ingest_source *sources;
	size_t source_count;
	unsigned threads;           /* 0: one per core, never more than files */
	/* rejected lines are written there, without users' text (see redact.h); NULL: nowhere */
	const char *quarantine;
	const struct tenant_key *tenant_key; /* records use aliases of tenants; NULL: their names */
	size_t max_line_bytes;      /* 0: 32 MiB; longer lines are rejected whole, in bounded memory */
	int64_t max_ratio;          /* 0: 1100 (deflate's own limit is 1032); more output per input byte is damage */
	size_t block_bytes;         /* 0: 256 KiB; results do not depend on it */
	int64_t now_ns;             /* instants more than a day later are refused; 0: the clock */
	void (*progress)(void *context, int64_t bytes_done, int64_t bytes_total); /* may be NULL; any thread */
	void *progress_context;
	const struct name_rules *names; /* how the fleet file derives names of replicas; may be NULL */
	const char *const *no_evidence; /* globs of files known to contain no evidence */
	size_t no_evidence_count;
	/* of all files, those that are read elsewhere included, sorted by path; NULL: of these files, unless part or watch */
	const struct ingest_place *places;
	size_t place_count;
	/* other files are read elsewhere: one without evidence is a finding, even if it is the only one */
	bool part;
	bool folders_only;          /* ingest_files gives one regular file of each folder, and does not look at it */
	const struct ingest_patterns *patterns; /* read matching lines in place of other formats; may be NULL */
};

/* A file as it was listed. */
struct ingest_found {
	int64_t bytes; /* 0 if it has no size */
	bool regular, linked; /* linked: by its name, which may still be that of a regular file */
	int64_t device, inode, changed_ns; /* of a regular one, unless only names were wanted */
};

/*
 * The files that the sources represent, in the order in which records number them. Folders that cannot be listed are
 * damage. 0, or what the sink returned.
 */
typedef int ingest_file_sink(void *context, const char *name, const struct ingest_found *found, const struct ingest_source *source);
int ingest_files(const struct ingest_options *o, ingest_file_sink *sink, void *context, struct quality *quality);

/* The number of lanes that ingest_run will use (an upper bound), for callers that must prepare for them. */
unsigned ingest_lanes(const struct ingest_options *o);

/*
 * Reads all sources, in parallel if there are several files, and passes each record to the sink. Problems of the
 * input are added to `quality` and the work continues; a file that cannot be opened is damage as well. Fails only if
 * the work itself cannot continue.
 */
int ingest_run(const struct ingest_options *o, record_sink *sink, void *context, struct quality *quality,
               struct fault *why);

/* For --help and the README: names and one-line descriptions of the formats; NULL-terminated names. */
struct format;
struct ingest_format_info {
	const char *name, *what;
	const struct format *format; /* how it is read: private to this stage */
};
const struct ingest_format_info *ingest_formats(size_t *count);

#endif
