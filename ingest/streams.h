/* streams.h: the servers whose lines one file holds, each with a reader of its own. */
#ifndef INGEST_STREAMS_H
#define INGEST_STREAMS_H

#include "ingest/envelopes/envelope.h"
#include "ingest/format.h"
#include "ingest/naming.h"
#include "ingest/parallel.h"
#include "ingest/paths.h"
#include "ingest/plain_name.h"

/* So many servers of one file are kept apart; more are read as one. */
#define STREAMS_MAX 4096

struct stream {
	const struct ingest_format_info *chosen; /* NULL: no format yet */
	const struct format *format;             /* its reader, or NULL */
	struct parser parser;                    /* parser.replica is `name` */
	char name[SERVER_NAME_MAX];
	bool overrides;   /* the name is that of --replica or of a rule: it replaces what records name */
	bool decided;     /* one of its own lines has confirmed or changed the format */
	unsigned looked;  /* at so many lines to decide */
	struct parallel parallel;
	int64_t parallel_line; /* where it is stated */
	bool changed;     /* later lines state another number of GPUs */
	int64_t records;
	int64_t kinds[RECORD_KINDS];  /* of them, by kind */
	int64_t overlapping;          /* windows without times by phase, and requests with times that others share */
	struct text key;  /* its origin, as bytes */
	struct text above; /* its namespace or host, which are not in the name */
};

struct streams {
	struct stream **at; /* the first is that of lines whose envelope states no origin */
	size_t count, room;
	uint32_t *slots; /* by hash of the key: index + 1, or 0 */
	size_t slot_count;
	struct stream *last;
};

/* How streams of a file begin. */
struct stream_setup {
	const struct ingest_options *options;
	const struct path *path;
	int64_t now_ns;
	struct quality *quality;
	const struct ingest_format_info *chosen; /* by the head of the file; may be NULL */
	bool certain; /* the format is forced, or the user's */
};

/* The stream of an origin; a new one begins with the format of the file's head. */
struct stream *streams_open(struct streams *s, const struct origin *o, const struct stream_setup *setup);
void stream_set_format(struct stream *s, const struct ingest_format_info *chosen);
/* Looks at a line of a stream whose format is not decided: an export may hold other services, too. */
void stream_decide(struct streams *s, struct stream *one, const struct unwrapped *line, const struct stream_setup *setup);

/* By --replica or a rule of the fleet file, else as the record has it, else by its envelope, path or file. */
void stream_name_replica(const struct stream *s, struct record *out);

/* From here on each name of a record is one that every ledger can hold; `names` keeps those that had to be changed. */
void stream_plain_names(char (*names)[PLAIN_NAME_MAX], struct record *out);
/* What a line of the server's start states of its GPUs. */
void stream_read_parallel(struct stream *s, struct text line, int64_t number);

void streams_release(struct streams *s);

#endif
