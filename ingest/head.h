/* head.h: determines a file's format and the order of its lines from its beginning. */
#ifndef INGEST_HEAD_H
#define INGEST_HEAD_H

#include "ingest/envelopes/envelope.h"
#include "ingest/format.h"

enum line_order {
	ORDER_OLDEST_FIRST, /* as logs are written; the default */
	ORDER_NEWEST_FIRST, /* as exported by log stores */
	ORDER_MIXED,        /* the envelopes' timestamps go up and down */
};

struct head {
	struct text bytes; /* unpacked */
	size_t max_line_bytes;
	const struct ingest_patterns *patterns; /* may be NULL */
	const struct ingest_format_info *forced; /* NULL: detect */
	struct parser parser; /* initial state of the file's own one; not changed */
};

/* Pods with several containers that log as engines: they are several servers. */
#define HEAD_PODS_MAX 16
struct head_pods {
	uint64_t at[HEAD_PODS_MAX]; /* naming_pod_hash */
	size_t count;
};

struct head_found {
	struct head_pods several;
	const struct ingest_format_info *format; /* NULL: no format bids */
	int64_t detected_at_line;                         /* the line that shows the format, or 0 */
	enum line_order order;
	bool is_document;                        /* JSON over several lines: see document.h */
};

/* Is more of the file needed? */
bool head_needs_more(struct text bytes, size_t max_line_bytes);

/* Examines the head's whole lines as the formats will see them. The last one counts only if there is no other. */
struct head_found head_look(const struct head *h);

/* Does the head of this file contain lines that only an engine logs? False if it cannot be read. */
bool head_is_of_engine(const char *path);

#endif
