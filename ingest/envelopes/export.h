/* export.h: the journal's export format, with entries of lines "KEY=value". Private to envelope*.c. */
#ifndef INGEST_EXPORT_H
#define INGEST_EXPORT_H

#include "ingest/envelopes/peeling.h"

/* Lines, each with its end. */
struct export_text {
	char *at;
	size_t len, room;
};

struct export_entry {
	bool on;            /* the log has this format */
	bool ended;         /* the next line begins another entry */
	int64_t stamp_ns;   /* of the entry; UNKNOWN: not yet seen */
	struct export_text message, fields;
	bool too_long;      /* a part of the message is left out */
	size_t taken;       /* bytes of the message that were returned */
	bool length_due;    /* "MESSAGE" without "=": a length of 8 bytes and binary data follow */
	size_t length_got;  /* bytes of the length read so far */
	uint64_t left;      /* of the length, then of the data */
	bool is_message;    /* the data are a message, not another field */
	bool in_data;
};
/* Takes a line of the log; at the end of an entry its message's first line, with its server. `most`: bytes of a message. */
bool strip_export(struct export_entry *x, const struct name_rules *rules, size_t most, struct peeling *p);
/* The next line of the message so far; false if there is none. */
bool export_next(struct export_entry *x, const struct name_rules *rules, struct peeling *p);
void export_release(struct export_entry *x);

#endif
