/* streams.h: the servers with lines in one file, each with a separate reader. */
#ifndef INGEST_STREAMS_H
#define INGEST_STREAMS_H

#include "ingest/envelopes/envelope.h"
#include "ingest/format.h"
#include "ingest/head.h"
#include "ingest/naming.h"
#include "ingest/parallel.h"
#include "ingest/paths.h"
#include "ingest/plain_name.h"

/* Up to this many servers of one file are separated; more are read as one. */
#define STREAMS_MAX 4096

/* Which process wrote the last step or window of a server, by the envelopes. */
struct writer {
	uint64_t replica; /* hash of its name and the kind of record */
	int64_t pid, former; /* former: the process before that one, or 0 */
};
#define WRITERS_MOST 16

struct stream {
	const struct ingest_format_info *chosen; /* NULL: no format yet */
	const struct format *format;             /* its reader, or NULL */
	struct parser parser;                    /* parser.replica is `name` */
	char name[SERVER_NAME_MAX];
	bool is_plain;    /* the name is one that every ledger can store */
	bool overrides;   /* the name is from --replica or a rule: it replaces names in records */
	bool by_path;     /* the name is from the path alone */
	bool by_rule;     /* from a rule for paths */
	bool gave_name;   /* by_path: records have it */
	bool decided;     /* one of its own lines confirmed or changed the format */
	unsigned looked;  /* the number of lines at which to decide */
	struct parallel parallel;
	int64_t parallel_line; /* line that states it */
	bool changed;     /* later lines state another number of GPUs */
	unsigned labels;  /* records whose label was looked at */
	int64_t records;
	int64_t kinds[RECORD_KINDS];  /* records by kind */
	int64_t overlapping;          /* windows without times by phase, and requests with shared times */
	int64_t pid;      /* that wrote the current line; 0: not stated */
	struct writer writers[WRITERS_MOST];
	struct text key;  /* its origin, as bytes */
	struct text above, within; /* its namespace or host, and its container, which are not in the name */
};

struct streams {
	struct stream **at; /* the first is for lines without an origin in the envelope */
	size_t count, room;
	uint32_t *slots; /* by hash of the key: index + 1, or 0 */
	size_t slot_count;
	struct stream *last;
	uint64_t last_serial; /* of its origin; 0: not known */
};

/* Initial state of a file's streams. */
struct stream_setup {
	const struct ingest_options *options;
	const struct path *path;
	int64_t now_ns;
	struct quality *quality;
	const struct ingest_format_info *chosen; /* from the head of the file; may be NULL */
	const struct head_pods *several; /* pods with several engines; may be NULL */
	bool certain; /* the format is forced, or the user's */
};

/* The stream of an origin; a new one begins with the format of the file's head. */
struct stream *streams_open(struct streams *s, const struct origin *o, const struct stream_setup *setup);
void stream_set_format(struct stream *s, const struct ingest_format_info *chosen);
/* Examines a line of a stream without a decided format: an export may also contain other services. */
void stream_decide(struct streams *s, struct stream *one, const struct unwrapped *line, const struct stream_setup *setup);

/* From --replica or a rule of the fleet file, else from the record, else from its envelope, path or file. */
void stream_name_replica(struct stream *s, struct record *out);

/* A finding for processes that write steps or windows of one server by turns; one that takes another's place is a restart. */
void stream_note_writer(struct stream *s, const struct record *r);

/* Makes each name of a record one that every ledger can store; `names` stores those that had to be changed. */
void stream_plain_names(const struct stream *s, char (*names)[PLAIN_NAME_MAX], struct record *out);
/* Reads the GPUs that a start-up line, or the label of a line, states. */
void stream_read_parallel(struct stream *s, struct text line, int64_t number, bool is_record);

void streams_release(struct streams *s);

#endif
