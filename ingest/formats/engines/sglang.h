/* sglang.h: shared by the two halves of the reader of SGLang's logs; private to sglang*.c. */
#ifndef INGEST_FORMATS_SGLANG_H
#define INGEST_FORMATS_SGLANG_H

#include "ingest/formats/fields.h"

#define SGLANG_ENGINES_MAX 256
#define SGLANG_SERVERS_MAX 8
#define SGLANG_KEYS_MAX 60

/* A data-parallel rank of the server: its batches are summed to separate windows. */
struct sglang_engine {
	bool open;                 /* a window is open */
	bool has_voice;            /* voice is known */
	int64_t voice;             /* the stage and rank that count: others print the same batches */
	bool decoded;              /* last_decode_ns is known */
	int64_t start_ns, seen_ns; /* of the window: its begin, and its last line */
	int64_t last_decode_ns;
	int64_t computed, cached;  /* tokens of the window's prefill batches */
	int64_t sequences;         /* of its prefill batches: each produces a first token */
	int64_t running, waiting, context_ntok; /* from the last line; or UNKNOWN */
	bool occupancy_unknown;    /* a line of the window lacks it */
	__int128 busy;             /* occupancy x gap: hundredths of a percent, x ns */
	int64_t paced;             /* decode lines after another one */
	__int128 due, got;         /* hundredths of tokens since those: of the steps between lines of one server; by rate x gap */
	__int128 output;           /* rate x gap: hundredths of a token per second, x ns */
};

struct sglang {
	struct sglang_engine engines[SGLANG_SERVERS_MAX * SGLANG_ENGINES_MAX]; /* the ranks of each server */
	int64_t actors[SGLANG_SERVERS_MAX]; /* of Ray, each a server: see actor_process; 0: none */
	size_t server;           /* that of this line */
	int64_t decode_interval; /* decode steps per line */
	int64_t port;            /* that the last server to start here listens on; 0: none is known */
	json_at next;            /* next of several outputs in one line of JSON; 0: none */
	int64_t line_ns;         /* when that line was written */
	int flushed;             /* at the end of the file: number of engines with an emitted window */
	unsigned char after[SGLANG_KEYS_MAX + 1]; /* for each key of a batch line, the key that followed it last */
	char model[256], replica[256];
	size_t model_len;
};

/* A parsed line: the prefix's timestamp and rank, and what follows it. */
struct sglang_logged {
	int64_t ns; /* or UNKNOWN: the prefix had none */
	int64_t rank;
	int64_t voice; /* the stage of pipeline parallelism and the rank of tensor parallelism */
	struct text message;
};

/* The relevant numbers of a batch; UNKNOWN if its line lacks them. Rates and shares in hundredths. */
enum sglang_batch_number { NEW_SEQ, NEW_TOKEN, CACHED_TOKEN, RUNNING, QUEUE, CONTEXT, GEN_RATE, ACCEPTED, OCCUPANCY, BATCH_NUMBERS };

/*
 * sglang_servers.c: the server of a line; each of Ray's actors that log here is one, the first under the log's own name.
 * False: too many.
 */
bool sglang_take_server(struct parser *p, struct text line);
/* A server starts, with these arguments: on another port than one before in this log, it is another server. */
void sglang_note_port(struct parser *p, struct text arguments);
/* Sets the replica and model of a record of the line's server, by its rank. */
void sglang_names(struct parser *p, int64_t rank, struct record *out);

/* A batch, by its numbers, added to the window of its rank. */
enum parse_result sglang_batch(struct parser *p, const struct sglang_logged *l, const int64_t *n, int64_t stamp_ns, bool decode,
                               struct record *out);

/*
 * A line of JSON: "request.finished" events, exported request metrics, batches. `l` is the prefix in front of it, or
 * NULL.
 */
enum parse_result sglang_parse_json(struct parser *p, struct text line, const struct sglang_logged *l, int64_t stamp_ns,
                                    struct record *out);

/* sglang_json.c: a batch as JSON, in p->json: "prefill.batch" or "decode.batch". */
enum parse_result sglang_json_batch(struct parser *p, const struct sglang_logged *l, bool decode, int64_t stamp_ns, struct record *out);

/* "ReqTimeStats(rid=…): …" and "Finish: obj=…, out={…}", after the prefix of the log. */
enum parse_result sglang_parse_request(struct parser *p, struct text message, int64_t stamp_ns, struct record *out);

#endif
