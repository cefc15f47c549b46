/* peeling.h: a line while its envelopes are removed; private to envelope*.c. */
#ifndef INGEST_PEELING_H
#define INGEST_PEELING_H

#include "ingest/envelopes/envelope.h"

enum stream { STREAM_OUT, STREAM_ERR, STREAMS };

/* How the parser found the line in an object. */
struct unwrapping {
	struct text line, stamp; /* as written, without quotes; no timestamp: NULL */
	bool stamp_is_number, in_utc;
	bool tagged;     /* a tag shows whether the line continues */
	bool repeatable; /* with another line and timestamp, it would be found in the same way */
	struct text line_key, stamp_key; /* their keys; a slash leads into an object */
};

struct peeling {
	struct text text;
	int64_t stamp_ns;
	int depth;
	bool part;       /* the envelope shows that the line continues */
	bool ended;      /* the line of an object includes its newline */
	bool in_parts;   /* the envelope has parts of lines */
	bool too_long;   /* the line is too long, and left out */
	bool dropped;    /* part of an envelope of several lines, not a line itself */
	enum stream stream;
	bool stamped;    /* a timestamp was removed just before */
	bool plain;      /* the text is known to have no control character */
	struct origin origin;
	struct civil local; /* the innermost timestamp without a zone */
	bool has_local;
	struct unwrapping unwrapping;
	struct text label;  /* "EngineCore_DP0 pid=17", found in front of an object: put in front of its line */
};

/* Sets what an object with the line's labels states about its server. */
void envelope_origin(const struct envelope *e, const struct json *j, json_at object, struct peeling *p);

/* Room for a changed copy of the line; one per depth, as one is read while the next is written. */
char *envelope_scratch(struct envelope *e, const struct peeling *p, size_t bytes);

/* instant_take for an instant with an offset; quickly if it is in the second of the last one. */
bool envelope_take_instant(struct envelope *e, struct text *t, int64_t *ns);

/* The outermost timestamp counts. */
static inline void set_stamp(struct peeling *p, int64_t ns) {
	if (p->stamp_ns == UNKNOWN) {
		p->stamp_ns = ns;
	}
}

/* Removes one envelope; false, and nothing changed, if it is not there. */
typedef bool stripper(struct envelope *e, struct peeling *p);

/* OpenTelemetry's [{"key":"k8s.pod.name","value":{"stringValue":"vllm-0"}}]; anything else is ignored. */
void envelope_origin_of_attributes(const struct envelope *e, const struct json *j, json_at attributes, struct peeling *p);
/* A key and a value that name the server. */
void envelope_origin_pair(const struct envelope *e, struct text key, struct text value, struct peeling *p);
/* Is the label in front of a line the one noted last? Then no object follows. Notes it, up to the byte after it. */
bool envelope_is_labelled(const struct envelope *e, struct text line);
void envelope_note_label(struct envelope *e, struct text label);
/* Room for a line with its process label, in addition to the scratch. */
char *envelope_label_room(struct envelope *e, size_t bytes);

/* The line in an object becomes the text, without its line end. */
static inline void peel_line(struct peeling *p, struct text line) {
	p->ended = text_ends(line, T("\n"));
	line.len -= p->ended ? 1 : 0;
	line.len -= line.len > 0 && line.at[line.len - 1] == '\r' ? 1 : 0;
	p->text = line;
}

/* flat.c: the objects of container runtimes, without a parser */
stripper strip_flat;
/* The end of the JSON string that begins here; *escaped: it contains escapes. SIZE_MAX: none. */
size_t flat_end_of_string(struct text t, bool *escaped);
/* Resolves a string's escapes into `to`; false at one that is left to the parser. */
bool flat_resolve(struct text t, char *to, struct text *out);

/* json.c; `j` is a document to parse into */
bool strip_json_with(struct envelope *e, struct json *j, struct peeling *p);
/* May an object that begins like this be an envelope? */
bool wrapper_may_begin(struct text t);
/* Does an object contain a line? */
bool wrapper_is(const struct json *j, json_at object);
/* Is it a log record of OpenTelemetry that is an event with attributes? Then a format reads all of it. */
bool wrapper_is_event(const struct json *j, json_at record);
/* Extracts the line of an object, with its timestamp and names. */
bool wrapper_unwrap(struct envelope *e, const struct json *j, json_at object, struct peeling *p);
/*
 * Extracts a line and its timestamp (or JSON_ABSENT) in separate members; `in_utc`: a timestamp without a zone is
 * UTC.
 */
bool wrapper_read(struct envelope *e, const struct json *j, json_at line, json_at stamp, bool in_utc, struct peeling *p);

/* text.c */
stripper strip_cri_line, strip_rfc3339, strip_cri, strip_syslog, strip_syslog_5424, strip_unit, strip_rank, strip_ansi, strip_progress,
	strip_csv;
/* shippers.c: reads labels: {app="vllm", pod="vllm-0"} or {"pod":"vllm-0"}, with anything in front. */
void labels_origin(const struct envelope *e, struct text labels, struct peeling *p);

/*
 * when.c: reads the instant of a log store, with or without a zone; `in_utc`: then it is UTC. False if it is not one.
 */
bool peel_stamp(struct peeling *p, struct text t, bool in_utc);

/* shippers.c */
stripper strip_shipper, strip_bar, strip_local_bar, strip_short_precise, strip_short_unix, strip_label, strip_tracing, strip_out_file,
	strip_labels, strip_stream, strip_events;
/* Does a line of an engine, or another envelope, begin here? Only then is a prefix removed. */
bool opens_line(struct text t);

/*
 * grep.c: "12:", "vllm.log:", "logs/vllm.log:12:" of grep -n and -H, "vllm.log-12-" of the lines beside. The file's name is
 * the name of a server.
 */
bool strip_grep(struct peeling *p);

/* fluent.c */
stripper strip_fluent_bit, strip_fluentd;

#endif
