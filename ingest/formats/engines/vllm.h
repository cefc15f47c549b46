/* vllm.h: shared by the parts of vLLM's format; private to vllm*.c. */
#ifndef INGEST_FORMATS_VLLM_H
#define INGEST_FORMATS_VLLM_H

#include "ingest/format.h"

#define ENGINES_MAX 256
/* Maximum of API servers that each report their own share of an engine. */
#define API_SERVERS_MAX 32
#define NAME_MAX_BYTES 256
/* More drafts per sequence than any setting in use. */
#define DRAFTS_MAX 15

/* Statistics lines of an engine from one API server. */
struct statistics {
	bool windowed;
	bool was_idle;          /* the last window had no tokens: no lines may follow */
	int64_t window_end_ns;  /* of the last statistics line */
	int64_t interval_ns;    /* shortest distance of two of them; 0: not known yet */
};

/* Servers that write to one log. */
#define SERVERS_MAX 8

/* The process of a server in one role: an engine, or an API server. */
struct process {
	int64_t pid, former_pid; /* former_pid: the process whose place it took; 0: none */
	int64_t seen;            /* the last of its lines, by their order */
	int64_t work_ns;         /* of its last step or statistics; 0: none */
};

struct processes {
	struct process at[SERVERS_MAX];
	size_t count;
};

/* The model that a process stated at its start. */
struct served {
	int64_t pid;
	char model[NAME_MAX_BYTES];
	size_t model_len;
};

/* A data-parallel engine: each has its own steps and windows. */
struct engine {
	bool stepped;
	int64_t step_end_ns;    /* earliest start of the next step */
};

/* What is in front of a line's message, as parsed: the same bytes, except the timestamp's digits, give the same again. */
#define OPENING_BYTES 128
#define OPENINGS 4
struct opening {
	char bytes[OPENING_BYTES];
	size_t len, stamp_at, file_at, file_len; /* len 0: none */
	int64_t engine, api_server, pid;
	bool is_core;
	const struct message *message; /* of the last line with it, or NULL */
};

struct vllm {
	struct engine engines[SERVERS_MAX][ENGINES_MAX];
	struct statistics statistics[SERVERS_MAX][API_SERVERS_MAX][ENGINES_MAX];
	struct processes processes[ENGINES_MAX + API_SERVERS_MAX]; /* of engines, then of API servers */
	int64_t process_lines;
	struct served served[2 * SERVERS_MAX]; /* by process; the latest one is at last_served */
	size_t last_served;
	char replica[NAME_MAX_BYTES];
	int64_t cache_ntok;   /* "GPU KV cache size: 500,000 tokens"; 0: not logged */
	bool has_version, speculative;
	int64_t accepted_percent; /* hundredths of a token that a sequence with drafts gets in a step, by the last line about it; 0: none */
	int64_t version[2];
	bool warned_requests;   /* the warning about lines of requests was given */
	bool warned_hits;       /* the same, about prefix cache hits */
	bool warned_servers;    /* and about missing statistics with several API servers */
	struct opening openings[OPENINGS];
	size_t last_opening;
	int64_t finished;     /* requests of the Rust front end, which have no id */
	char id[64];
};

/* A parsed line of vLLM's logger. */
struct logged {
	int64_t engine;       /* of the process label or the message */
	int64_t added;        /* number of engines that the line sums up; 0: a single one */
	int64_t api_server;   /* of the process label, if there are several */
	int64_t pid;          /* of the process label, or 0 */
	int64_t actor;        /* of Ray's label, or 0: see actor_process */
	bool is_core;         /* the process is an engine, not an API server */
	int64_t server;       /* which of several in one log, from 0 */
	struct text stamp;    /* "08-10 23:59:25", or with a year */
	struct text file;     /* "core.py" */
	struct text message;
	struct opening *opening; /* what is in front of the message, if that is kept; else NULL */
};

#define STAMP_LEN (sizeof "08-10 23:59:25" - 1)
/* Is it a timestamp of vLLM's logger, as far as that is looked at here? */
static inline bool vllm_begins_stamp(const char *at) {
	return at[2] == '-' && at[5] == ' ' && at[8] == ':';
}

/* vllm.c */
/* Takes what is in front of a line's message; the rest is the message. */
bool vllm_take_prefix(struct text t, struct logged *out);
/* vllm_openings.c: the same, by the openings of lines before. */
bool vllm_take_opening(struct vllm *v, struct text line, struct logged *out);
struct statistics *vllm_statistics(struct parser *p, const struct logged *l);
/* Engines of one server share a log; each is a separate replica, the first under the log's own name. */
void vllm_names(struct parser *p, const struct logged *l, struct record *out);
/* When a line was written: NULL, or why that is impossible. */
const char *vllm_instant(struct parser *p, const struct logged *l, int64_t stamp_ns, int64_t *ns);

/* The numbers of an iteration line, in order; durations in ns. */
struct iteration {
	int64_t index, context_requests, context_tokens, generation_requests, generation_tokens, elapsed_ns;
};
/* vllm_iteration.c: takes them, after "Iteration(". */
bool vllm_take_iteration(struct text *t, struct iteration *it);
/* The same, in any form. */
bool vllm_take_any_iteration(struct text *t, struct iteration *it);

/*
 * vllm_processes.c: sets the server of a line by its process; `work_ns`: of a step or of statistics, else UNKNOWN. NULL, or
 * why that is impossible.
 */
const char *vllm_note_process(struct parser *p, struct logged *l, int64_t work_ns);

/* vllm_stats.c */
/* What may follow a number and its unit: nothing, or unknown text, which is counted. */
bool vllm_unknown_tail(struct parser *p, struct text t);
/* Gauges of a statistics line; UNKNOWN if missing. */
struct vllm_gauges {
	int64_t running, waiting;
	int64_t cache_permille;
};
/* ", Running: 4 reqs, GPU KV cache usage: 3.9%", to the end of the line. */
bool vllm_tail(struct parser *p, struct text t, struct vllm_gauges *g);
/* After "Avg prompt throughput: ". */
enum parse_result vllm_stats(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out);

/* vllm_rust.c: a line of the Rust front end; *ours: is it one?. */
enum parse_result vllm_rust(struct parser *p, struct text line, int64_t stamp_ns, struct record *out, bool *ours);
int vllm_rust_bid(struct text line);
/* Makes a window from two rates in tenths of tokens per second. */
enum parse_result vllm_window(struct parser *p, const struct logged *l, int64_t end_ns, int64_t prompt, int64_t generation,
                              const struct vllm_gauges *g, struct record *out);

#endif
