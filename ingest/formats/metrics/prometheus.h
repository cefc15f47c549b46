/*
 * prometheus.h: counters of serving engines, and their differences between two scrapes; private to prometheus*.c.
 */
#ifndef INGEST_FORMATS_PROMETHEUS_H
#define INGEST_FORMATS_PROMETHEUS_H

#include "ingest/formats/fields.h"

#define SERIES_MAX 256
#define SERIES_NAME_BYTES 128

/* The role of a metric. */
enum role {
	ROLE_PROMPT,       /* tokens, including cached ones */
	ROLE_COMPUTED,     /* tokens, excluding cached ones */
	ROLE_CACHED,
	ROLE_CACHED_OTHER, /* for versions without the one above */
	ROLE_OUTPUT,
	ROLE_OUTPUT_OTHER,
	ROLE_REQUESTS,
	ROLE_PREFILL_NS,   /* time of the forward passes */
	ROLE_DECODE_NS,
	ROLE_MIXED_NS,     /* of both at once: makes the two above unusable */
	ROLE_STEPS,        /* that made tokens */
	ROLE_LATENCIES,    /* tokens after the first of each request, and the time before each */
	ROLE_LATENCY_NS,
	ROLE_LATENCIES_OLD, /* under another name */
	ROLE_LATENCY_OLD_NS,
	ROLE_FIRST_TOKENS,
	ROLE_FIRST_TOKEN_NS, /* since arrival */
	ROLE_PROMPT_NS,      /* since scheduling, for requests that ended */
	ROLE_PROMPTS,
	ROLE_PROMPT_SUM,   /* tokens of these */
	ROLE_PREEMPTED,
	ROLE_RUNNING,      /* gauges from here on */
	ROLE_WAITING,
	ROLE_CACHE_NANO,   /* used, of 1 */
	ROLE_BUSY_MILLI,   /* slots busy at once, in thousandths */
	ROLE_START_NS,     /* of the process */
	ROLES
};

/* Histograms that are stored. */
enum histogram { HISTOGRAM_STEPS, HISTOGRAM_PROMPTS, HISTOGRAM_LATENCIES, HISTOGRAMS };
#define HISTOGRAM_MAX 32
struct buckets {
	int64_t up_to[HISTOGRAM_MAX]; /* ascending, as they came */
	int64_t now[HISTOGRAM_MAX], before[HISTOGRAM_MAX];
	size_t count;
};

/* A replica's counters (of one model): the sums over other labels at two scrapes. */
struct series {
	char replica[SERIES_NAME_BYTES], model[SERIES_NAME_BYTES];
	int64_t now[ROLES], before[ROLES]; /* UNKNOWN: not scraped */
	struct buckets histograms[HISTOGRAMS];
	int64_t before_ns;                 /* of the scrape before; UNKNOWN: none yet */
	bool touched;                      /* in the scrape being read */
};

/* The scrape being read and the one before. Zero-initialise. */
struct scrapes {
	struct series series[SERIES_MAX];
	size_t count;
	/* time of the scrape being read; UNKNOWN: not known. Its reader sets it before the first sample */
	int64_t at_ns;
	bool reading;  /* samples were read since the last end of a scrape */
	size_t next;   /* the series of the next window */
	bool warned_full, complained;
	int64_t cache_tokens; /* tokens that an engine's cache holds; 0: not logged */
	bool timeless; /* a scrape had no time */
	bool warned_times;
	int64_t ended; /* scrapes */
	int64_t back;  /* how often a server's scrape has an earlier time than the one before */
	uint64_t server_hash; /* of the Prometheus server whose samples count, where there are several; 0: not seen */
};

/* One sample, however it is written. `label` finds a label's value: empty if there is none. */
struct sample {
	struct text name, value;
	const void *context;
	struct text (*label)(const void *context, struct text key);
};

/* Is a metric with this name known? */
bool metric_known(struct text name);

/* Adds a sample to the scrape being read. Unknown metrics and values that are not numbers are left out. */
void scrapes_add(struct parser *p, struct scrapes *s, const struct sample *sample);

/* A sample of a GPU's power is a separate record: PARSE_NONE if it is not one. */
enum parse_result sample_power(struct parser *p, const struct sample *sample, int64_t at_ns, struct record *out);

/* What a series counted between two scrapes: PARSE_AGAIN, or PARSE_REJECT_AGAIN with the reason. */
enum parse_result scrape_window(struct parser *p, struct scrapes *s, const struct series *from, struct record *out);

/*
 * The scrape is over: its windows one by one, PARSE_AGAIN or PARSE_REJECT_AGAIN for each;
 * PARSE_NONE when there are no more and the next scrape may be read.
 */
enum parse_result scrapes_end(struct parser *p, struct scrapes *s, struct record *out);

/* The time for the following scrape from a separate line: see scrape_time.c. */
struct scrape_time {
	bool zone_given;
	int64_t ns;      /* if so */
	struct civil at; /* else */
};

/* Does a line contain only a time? */
bool scrape_time(struct text line, struct scrape_time *out);
bool scrape_time_resolve(struct parser *p, const struct scrape_time *t, int64_t *ns);

#endif
