/*
 * shard.h: shared by the files of `tollbook shard`.
 *
 * A plan is a folder that all machines can access:
 *
 *     plan.jsonl            the request, and which task reads which log; never changed
 *     given/                the fleet, prices and patterns as they were when the plan was made
 *     map/K.bundle          records of the logs of task K, by replica; in its notes what was wrong with the logs
 *     map/K.requests        its requests, by the task that joins them by their ids
 *     map/K.names           samples of the evidence of names in the logs of task K
 *     fit/names.bundle      which of all names belong to one server, by the task that finds it missing; in its notes findings about it
 *     fit/K.fits            the statistics of the replicas of task K, see attribute.h
 *     fit/sum.fits          their sum, by the task that finds all of them there
 *     fit/K.joined          tenants of requests from gateways' logs, by replica; in its notes findings about it
 *     fit/K.left            requests that were not joined by their ids, by the task that joins them by tokens
 *     fit/K.tenants         as K.joined, of these; and the entries of requests that vendors answered
 *     attribute/K.bundle    the entries of the replicas of task K; in its notes figures to be summed
 *
 *     requests/K.bundle     the cost of each request of these, if asked for
 *
 * The replicas of a task of the later steps follow from the indexes of all files of map/ alone. Equal logs and
 * options result in equal bytes in each file, so a task may run twice, even concurrently.
 */
#ifndef SHARD_SHARD_H
#define SHARD_SHARD_H

#include "book/settings.h"
#include "core/digest.h"
#include "core/json.h"
#include "core/zone.h"
#include "core/files/bundle.h"

/* An option by its name, as given on the command line. */
struct shard_option {
	const char *name, *value;
};

/* Settings of a step. All texts are the caller's. */
struct shard_settings {
	const char *folder;    /* the plan's; NULL: not given */
	int64_t tasks;         /* of a new plan; 0: not given */
	const char *config;    /* of nights, for a new plan; NULL: none */
	const char *task_text; /* which task; NULL: the scheduler's variable */
	/*
	 * What a plan passes on to its tasks: options as given, and a function that applies one. 1: there is none
	 * with this name.
	 */
	const struct shard_option *given;
	size_t given_count;
	int (*take)(struct book_settings *into, const char *name, const char *value, struct fault *why);
};

/* A log that this task reads. Values set for all logs by the plan's options are NULL. */
struct shard_source {
	const char *path;
	int64_t index; /* its number among all logs */
	const char *model, *replica, *tenant, *log_zone, *log_format;
	const char *apart; /* of its struct ingest_place; or NULL */
	int64_t detail;    /* likewise */
};
/* The keys of these in a plan, and their fields. */
struct shard_source_key {
	const char *name;
	size_t in_source, in_config;
};
#define SHARD_SOURCE_KEYS 5
extern const struct shard_source_key shard_source_keys[SHARD_SOURCE_KEYS];

/* A plan as one task sees it. */
struct plan {
	struct book_settings set; /* from the command line and the plan */
	const struct terminal *terminal;
	const struct shard_settings *asked;
	const char *folder;
	int64_t tasks, task; /* task -1: none */
	int64_t source_count, bytes; /* of all tasks */
	char sha256[DIGEST_HEX_MAX];
	struct shard_source *sources; /* of this task, by number */
	size_t own_sources;
	char **kept; /* texts that are valid as long as the plan */
	size_t kept_count;
	struct names *paths;
};

/* The report about a task in one line on standard error (--log json). */
struct shard_tally {
	int64_t sources, replicas, records, entries;
};

/* What the fleet file names (fleet: NULL, none): hashes in a line of the plan, copies next to that of the fleet file. */
void shard_write_descriptions(const struct fleet *f, FILE *out);
int shard_copy_descriptions(const struct fleet *f, const char *plan, struct fault *why);

/* A step: EXIT_TIED_OUT, EXIT_FINDINGS, or a negative error. */
typedef int shard_step(const struct shard_settings *asked, const struct book_settings *set, const struct terminal *t,
                       struct shard_tally *tally, struct fault *why);
shard_step shard_plan, shard_map, shard_fit, shard_attribute, shard_requests, shard_report;

/*
 * Reads the plan in the given folder, and applies its options. `needs_task`: one must be named. The caller releases
 * it, also on an error.
 */
int plan_read(struct plan *p, const struct shard_settings *asked, const struct book_settings *set, const struct terminal *t,
              bool needs_task, struct fault *why);
void plan_release(struct plan *p);

/* "FOLDER/STEP/000042.SUFFIX", owned by the plan; STEP alone if `task` is negative. */
const char *plan_path(struct plan *p, const char *step, int64_t task, const char *suffix);
/* Does the file exist already? */
bool plan_has(const char *path);
bool plan_has_all(struct plan *p, const char *step, const char *suffix); /* of all tasks */
int plan_lacks(const char *path, struct fault *why); /* ERROR_IO */
int plan_open_bundle(struct bundle **out, const char *path, struct fault *why);
const char *plan_keep(struct plan *p, struct text t);

/* Writes the first line of notes, which identifies their plan; and checks it. */
void notes_begin(const struct plan *p, FILE *out);
/* Ends a file with notes: these, and what was wrong (NULL: nothing). */
int notes_commit(const struct plan *p, struct bundle_writer *w, const struct quality *q, struct fault *why);
/* Passes on each line except the first, parsed, of a file, and of one that is open. */
typedef int notes_sink(void *context, const struct json *line, struct fault *why);
int notes_read(const struct plan *p, const char *path, notes_sink *sink, void *context, struct fault *why);
int notes_of(const struct plan *p, const char *path, struct bundle *b, notes_sink *sink, void *context, struct fault *why);
/* A notes_sink: lines of a struct quality. */
int notes_to_quality(void *quality, const struct json *line, struct fault *why);
/* Widens a period to that of the line; false if it has none. */
bool notes_widen(const struct json *line, int64_t *from_ns, int64_t *to_ns);

/* ---- parts: all files of map/ merged, by replica ---- */

/* The name for requests that gateways report without a replica. */
#define GATEWAYS_PART "\001gateways"

struct parts;
int parts_open(struct parts **out, struct plan *p, struct fault *why);
void parts_close(struct parts *p);
/*
 * The next replica of a task (by the first of its names; gateways are one if there is no other): 1, 0 after the last,
 * or negative. The text is valid until the next call.
 */
int parts_next(struct parts *p, int64_t task, struct text *replica, struct fault *why);
/* All its packed records, under all of its names; with those of gateways if there is no other replica. */
int parts_read(struct parts *p, bundle_sink *sink, void *context, struct fault *why);

/* Which names are one server's. */
const struct shard_names *parts_names(const struct parts *p);

/* The content of the files of map/. */
struct survey {
	bool gateways;    /* requests that gateways report? */
	int64_t replicas; /* other names: 0, 1, or 2 for more */
};
int parts_survey(struct plan *p, struct survey *out, struct fault *why);
/* All packed records of one name. */
int parts_read_all(struct plan *p, struct text name, bundle_sink *sink, void *context, struct fault *why);
/* All requests in the files STEP/….SUFFIX that a task joins; they are under this name there. */
int parts_read_requests(struct plan *p, int64_t part, const char *step, const char *suffix, bundle_sink *sink, void *context,
                        struct fault *why);
#define PART_KEY_MAX 24
struct text parts_key(char key[PART_KEY_MAX], int64_t part);

/* ---- work on replicas ---- */

/* The state for attributing several replicas; recreated now and then, so that names do not accumulate. */
struct shard_session {
	struct plan *plan;
	struct names *names;
	struct fleet *fleet;
	struct zone *tz;
	struct prices *prices;
	struct attribution_fits *fits;
	const struct tenant_key *tenant_key; /* the posting's; NULL: none */
	bool requests; /* their cost is wanted */
	int64_t from_ns, to_ns;
};
/* `fits` are left NULL. */
int session_open(struct shard_session *s, struct plan *p, struct fault *why);
void session_close(struct shard_session *s);
/* They refer to the session. */
struct attribute_options session_options(struct shard_session *s);

#endif
