/* simulate.h: a simulated server and its output. */
#ifndef TESTS_ACCURACY_SIMULATE_H
#define TESTS_ACCURACY_SIMULATE_H

#include <stdbool.h>
#include <zlib.h>

#include "tests/accuracy/shapes.h"

#define REPLICAS_MAX 32

struct request {
	uint64_t id[2];
	int tenant;
	int64_t arrival_ns, scheduled_ns, first_ns, finish_ns;
	int64_t prompt, cached, output; /* tokens; output includes the first */
	int64_t computed, made;
	int64_t prior, target;          /* before what is computed, from the cache; at which it decodes */
	int64_t preemptions;
	int64_t token_ns;               /* of the latest token; 0: none yet */
	int64_t prefill_ns, decode_ns;  /* GPU-ns owed */
	double cached_ns;               /* of prefill's, the cost of cached context */
	struct request *next;           /* of the free ones */
};

struct queue {
	struct request **at;
	size_t count, room;
};

/* One step as it is written. */
struct step_made {
	int64_t number, start_ns, gpu_ns;
	int64_t chunks, prefill_tokens, prefill_context, pairs;
	int64_t decoders, decode_tokens, context;
	int64_t prefill_ns; /* prefill's part, GPU-ns */
};

struct batch_at_hand {
	struct step_made step;
	struct request *of[64];
	struct part parts[64];
	size_t count;
	int64_t longest; /* context of a decoder */
};

/* What /metrics counts, see scrapes.c. */
struct histogram {
	int64_t buckets[24], count, sum;
};

struct counts {
	int64_t queries, hits, prompt_tokens, generated, finished;
	int64_t first_tokens, first_token_ns, latencies, latency_ns, prefill_ns;
	struct histogram steps, prompts, between;
};

struct gauges_now {
	size_t running, waiting;
	int64_t context; /* tokens in the cache */
};

#define CACHE_NTOK INT64_C(4000000) /* where the shape has no limit */

struct replica {
	int number;
	char name[16];
	struct queue waiting, decoding;
	int64_t now_ns, next_ns; /* the next arrival */
	int64_t first_ns, last_ns, steps, preemptions;
	bool had_gap;
	/* of the period of vLLM's next line of averages */
	int64_t tick_ns, prompt_tokens, output_tokens, context, drafts, accepted; /* drafts: of a sequence in a step */
	bool was_quiet;
	gzFile vllm; /* or NULL */
	gzFile scrapes; /* or NULL */
	int64_t scrape_ns; /* the next one */
	struct counts counts;
};

/* GPU time and counts of one tenant, or of all. */
struct account {
	int64_t requests, input, cached, output, busy_ns, prefill_ns;
	double cached_ns;
};

/* Contexts up to 128 tokens, up to 256, up to 512 ... */
#define BANDS 24
#define BAND_NTOK 128
enum { SHAPLEY, PROPORTIONAL, PREFILL_FIRST, DECODE_FIRST, RULE_COUNT };

struct world {
	const struct shape *shape;
	const char *folder;
	bool records_only;
	uint64_t random;
	struct request *free;
	gzFile steps, requests, owed;
	struct account total, tenants[TENANTS_MAX];
	int64_t steps_made, prefill_ns, decode_ns, capacity_ns;
	double rule_ns[RULE_COUNT];   /* prefill's part of all steps under each rule */
	double band_ns[2][BANDS];     /* of prefill and of decode, by tokens before in the context */
	bool failed;
};

/* Negative on failure, with errno set. */
int open_world(struct world *w);
int close_world(struct world *w);
void open_replica(struct world *w, struct replica *r, int64_t start_ns);
void close_replica(struct world *w, struct replica *r);
void write_step(struct world *w, struct replica *r, const struct step_made *s);
void write_request(struct world *w, struct replica *r, const struct request *q);

/* Tokens that fit into the cache. */
int64_t cache_ntok(const struct world *w);

/* scrapes.c: what is counted, and the scrapes up to an instant. */
void open_scrapes(struct world *w, struct replica *r, int64_t start_ns);
void close_scrapes(struct world *w, struct replica *r);
void write_scrapes(struct world *w, struct replica *r, int64_t until_ns, const struct gauges_now *g);
void scraped_schedule(struct replica *r, const struct request *q);
void scraped_tokens(struct replica *r, struct request *q, int64_t tokens, int64_t at_ns);
void scraped_finish(struct replica *r, const struct request *q);
/* tokens: whole prompts that are done and generated ones */
void scraped_step(struct replica *r, int64_t tokens);

#endif
