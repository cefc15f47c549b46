/* reading.h: a file that is being read. Private to reader.c and outcome.c. */
#ifndef INGEST_READING_H
#define INGEST_READING_H

#include "ingest/bytes/source.h"
#include "ingest/document.h"
#include "ingest/envelopes/envelope.h"
#include "ingest/ingest.h"
#include "ingest/line.h"
#include "ingest/plain_name.h"
#include "ingest/reorder.h"
#include "ingest/streams.h"

/* Number of names in a record: replica, model, tenant, id, prefill_replica. */
#define NAMES_MAX 5

struct reading {
	struct ingest_run *run;
	const struct path *path;
	const char *name; /* for messages */
	uint32_t index;
	unsigned lane;
	struct source *source;
	struct lines lines;
	bool is_document; /* JSON over several lines */
	struct document document;
	struct envelope *envelope;
	const struct ingest_format_info *chosen; /* NULL: no format bids for the head of this file */
	struct streams streams;
	struct stream_setup setup;
	struct head_pods several; /* of the head */
	struct stream *s;    /* the stream of the line being read */
	struct unwrapped line; /* the line being read, and its record */
	struct record record;
	struct reorder *reorder; /* NULL: lines are read as they come */
	bool described;     /* for the user's patterns */
	int64_t number;     /* number of the line being read, and of its records */
	int64_t place;      /* the same for messages: sorted samples have other lines */
	int64_t unread, first_unread; /* lines of servers without a known format; number of the first one */
	struct tenant_aliases aliases;
	char names[NAMES_MAX][PLAIN_NAME_MAX]; /* names of the record being passed on, if they had to be made plain */
	struct quality *quality;
	int64_t records, at_end; /* at_end: those of them that result from the end of the file */
	struct ingest_plan plan;
	bool in_end; /* all lines are read */
	int64_t fed, before; /* unpacked bytes passed in; start of the line delivered last */
	/* If the log was treated as finished, but continues: */
	bool only_looks, waits; /* at the end of a log that goes on: for records that wait for more; there are some */
	bool taking_back, went_on; /* records from its end are being withdrawn; were withdrawn */
	bool reopened;             /* its last known line was incomplete */
	int64_t taken_back;
	int64_t detected_at_line;    /* the line by which the format was detected; or 0 */
	bool known_empty;   /* known by --no-evidence */
	int64_t bytes_reported; /* reported to the run's progress */
	struct fault *why;
	int failed;
};

/* Is the current line counted by an earlier run? */
static inline bool is_known(const struct reading *r) {
	bool nothing_new = r->number <= r->plan.known_lines - r->reopened;

	if (r->taking_back) {
		return true;
	}
	return r->in_end ? r->plan.known_end && nothing_new : nothing_new && r->plan.known_lines > 0;
}

/* The file is read: its input, what was not read, and what to switch on, to the quality of the run; then the watcher. */
void reading_report(struct reading *r, int64_t lines_before);
void reading_notify(struct reading *r, int64_t lines_before, int64_t in_future_before);

#endif
