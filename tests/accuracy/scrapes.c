/*
 * scrapes.c: a simulated replica's /metrics, every 15 s, as vLLM counts: prompts and their lengths at their first tokens
 * and finishes, steps only if they make tokens.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/accuracy/simulate.h"

#define SECOND_NS INT64_C(1000000000)
#define PERIOD_NS (15 * SECOND_NS)
#define BLOCK_NTOK 16

static const int64_t step_bounds[] = {1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};
static const int64_t prompt_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000};
/* Between tokens, in thousandths of a second. */
static const int64_t latency_bounds[] = {10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2500, 5000, 7500, 10000, 20000, 40000, 80000};
#define COUNT(list) (sizeof(list) / sizeof *(list))

static void note(struct histogram *h, const int64_t *bounds, size_t count, int64_t value) {
	size_t i = 0;

	while (i < count && value > bounds[i]) {
		i++;
	}
	h->buckets[i]++;
	h->count++;
	h->sum += value;
}

void scraped_schedule(struct replica *r, const struct request *q) {
	r->counts.queries += q->prompt;
	r->counts.hits += q->cached;
}

void scraped_tokens(struct replica *r, struct request *q, int64_t tokens, int64_t at_ns) {
	struct counts *c = &r->counts;

	c->generated += tokens;
	if (q->token_ns > 0) {
		c->latencies++; /* one for each step */
		c->latency_ns += at_ns - q->token_ns;
		note(&c->between, latency_bounds, COUNT(latency_bounds), (at_ns - q->token_ns + 999999) / 1000000);
	} else {
		c->first_tokens++;
		c->first_token_ns += at_ns - q->arrival_ns;
		c->prompt_tokens += q->prompt;
	}
	q->token_ns = at_ns;
}

void scraped_finish(struct replica *r, const struct request *q) {
	r->counts.finished++;
	r->counts.prefill_ns += q->first_ns - q->scheduled_ns;
	note(&r->counts.prompts, prompt_bounds, COUNT(prompt_bounds), q->prompt);
}

void scraped_step(struct replica *r, int64_t tokens) {
	if (tokens > 0) {
		note(&r->counts.steps, step_bounds, COUNT(step_bounds), tokens);
	}
}

/* ---- text ---- */

static void put_sample(struct world *w, gzFile to, const char *name, const char *label, const char *of, double value) {
	w->failed |= gzprintf(to, "vllm:%s{engine=\"0\",%s%s%smodel_name=\"%s\"} %.9g\n", name, label, of, *label ? "\"," : "",
	                      w->shape->served, value) <= 0;
}

static void put_histogram(struct world *w, gzFile to, const char *name, const int64_t *bounds, size_t count, const struct histogram *h) {
	char of[64], bound[32];
	int64_t seen = 0;

	snprintf(of, sizeof of, "%s_bucket", name);
	for (size_t i = 0; i <= count; i++) {
		seen += h->buckets[i];
		snprintf(bound, sizeof bound, i < count ? "%" PRId64 ".0" : "+Inf", i < count ? bounds[i] : 0);
		put_sample(w, to, of, "le=\"", bound, (double)seen);
	}
	snprintf(of, sizeof of, "%s_count", name);
	put_sample(w, to, of, "", "", (double)h->count);
	snprintf(of, sizeof of, "%s_sum", name);
	put_sample(w, to, of, "", "", (double)h->sum);
}

static void put_times(struct world *w, gzFile to, const char *name, int64_t count, int64_t ns) {
	char of[64];

	snprintf(of, sizeof of, "%s_count", name);
	put_sample(w, to, of, "", "", (double)count);
	snprintf(of, sizeof of, "%s_sum", name);
	put_sample(w, to, of, "", "", (double)ns / 1e9);
}

static void put_latencies(struct world *w, gzFile to, const struct histogram *h) {
	char bound[32];
	int64_t seen = 0;

	for (size_t i = 0; i <= COUNT(latency_bounds); i++) {
		seen += h->buckets[i];
		snprintf(bound, sizeof bound, i < COUNT(latency_bounds) ? "%.4g" : "+Inf", i < COUNT(latency_bounds) ? (double)latency_bounds[i] / 1e3 : 0);
		put_sample(w, to, "inter_token_latency_seconds_bucket", "le=\"", bound, (double)seen);
	}
}

static void put_stamp(struct world *w, gzFile to, int64_t at_ns) {
	time_t seconds = (time_t)(at_ns / SECOND_NS);
	struct tm at;

	gmtime_r(&seconds, &at);
	w->failed |= gzprintf(to, "# %04d-%02d-%02dT%02d:%02d:%02d.%03dZ\n", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday, at.tm_hour,
	                      at.tm_min, at.tm_sec, (int)(at_ns % SECOND_NS / 1000000)) <= 0;
}

static void put_scrape(struct world *w, struct replica *r, int64_t at_ns, const struct gauges_now *g) {
	const struct counts *c = &r->counts;
	gzFile to = r->scrapes;

	put_stamp(w, to, at_ns);
	put_sample(w, to, "num_requests_running", "", "", (double)g->running);
	put_sample(w, to, "num_requests_waiting", "", "", (double)g->waiting);
	put_sample(w, to, "kv_cache_usage_perc", "", "", (double)g->context / (double)cache_ntok(w));
	put_sample(w, to, "prefix_cache_queries_total", "", "", (double)c->queries);
	put_sample(w, to, "prefix_cache_hits_total", "", "", (double)c->hits);
	put_sample(w, to, "num_preemptions_total", "", "", (double)r->preemptions);
	put_sample(w, to, "prompt_tokens_total", "", "", (double)c->prompt_tokens);
	put_sample(w, to, "generation_tokens_total", "", "", (double)c->generated);
	put_sample(w, to, "request_success_total", "finished_reason=\"", "stop", (double)c->finished);
	w->failed |= gzprintf(to, "vllm:cache_config_info{block_size=\"%d\",engine=\"0\",num_gpu_blocks=\"%.0f\"} 1.0\n", BLOCK_NTOK,
	                      (double)cache_ntok(w) / BLOCK_NTOK) <= 0;
	put_histogram(w, to, "iteration_tokens_total", step_bounds, COUNT(step_bounds), &c->steps);
	put_times(w, to, "time_to_first_token_seconds", c->first_tokens, c->first_token_ns);
	put_latencies(w, to, &c->between);
	put_times(w, to, "inter_token_latency_seconds", c->latencies, c->latency_ns);
	put_times(w, to, "request_prefill_time_seconds", c->finished, c->prefill_ns);
	put_histogram(w, to, "request_prompt_tokens", prompt_bounds, COUNT(prompt_bounds), &c->prompts);
}

void write_scrapes(struct world *w, struct replica *r, int64_t until_ns, const struct gauges_now *g) {
	while (r->scrapes && r->scrape_ns <= until_ns) {
		put_scrape(w, r, r->scrape_ns, g);
		r->scrape_ns += PERIOD_NS;
	}
}

void open_scrapes(struct world *w, struct replica *r, int64_t start_ns) {
	char path[4096];

	snprintf(path, sizeof path, "%s/vllm.r%d.prom.gz", w->folder, r->number);
	r->scrapes = gzopen(path, "wb1");
	r->scrape_ns = start_ns + 56 * SECOND_NS + INT64_C(441000000);
}

/* Two more, so that the last window ends without requests. */
void close_scrapes(struct world *w, struct replica *r) {
	const struct gauges_now none = {0};

	write_scrapes(w, r, r->now_ns + 2 * PERIOD_NS, &none);
	w->failed |= r->scrapes && gzclose(r->scrapes) != Z_OK;
}
