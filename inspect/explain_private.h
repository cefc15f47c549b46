/* explain_private.h: shared by explain.c and explain_request.c. */
#ifndef INSPECT_EXPLAIN_PRIVATE_H
#define INSPECT_EXPLAIN_PRIVATE_H

#include "book/book.h"
#include "core/record.h"
#include "inspect/explain_fit.h"

#define LINES_SHOWN 10

/* The query: empty texts match everything. */
struct question {
	struct text model, replica, tenant, kind, id;
	int64_t from_ns, to_ns;
};

struct trace {
	struct book *b;
	struct question q;
	struct fault *why;
	int64_t lines_left, entries, records, gpu_ns, tokens, requests;
	int128 money; /* GPU-ns times nano per hour */
	bool rate_unknown;
	struct entry *found;
	/* the request */
	int64_t first_ns, last_ns;
	name_id replica;
	bool lines_asked;
	char alias[TENANT_ALIAS_MAX];
	struct kept_fits *fits;
	char rule[32]; /* of the last run that attributed */
	int64_t splits_left;
	struct ledger_segment *segments; /* of the period, while they are shown */
	size_t segment_count, segment_room;
};

/* "  logs/vllm.log:12", and the record behind it. */
void explain_place(struct trace *trace, const struct record *r);
void explain_record(struct trace *trace, const struct record *r);
/* Hands over the segments of a period, among which records and the steps of other ranks are sought. */
int explain_segments(struct trace *trace, int64_t from_ns, int64_t to_ns, ledger_segment_sink *sink);
/* Counts a matching record, and explains it and its split while lines remain. */
void explain_counted(struct trace *trace, const struct record *r);

/* States what retention has removed: 1 if anything. */
int explain_gone(struct trace *trace, int64_t from_ns, int64_t to_ns, struct fault *why);

/* The models by which steps of both phases were split. */
int explain_fits(struct trace *trace, int64_t from_ns, int64_t to_ns, struct fault *why);

/* The names, clocks and GPUs of the requested replica, and findings about it: 1 if it has evidence or findings. */
int explain_names(struct trace *trace, struct fault *why);
/* Is there evidence under a name? 1 or 0. */
int explain_is_replica(struct trace *trace, struct text name);

int explain_request(struct trace *trace, struct fault *why);

#endif
