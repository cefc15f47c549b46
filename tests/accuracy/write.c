/* write.c: a simulated run as native records, as vLLM's log, and its truth. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/accuracy/simulate.h"

#define SECOND_NS INT64_C(1000000000)
#define TICK_NS (10 * SECOND_NS) /* the period of vLLM's averages */

static gzFile create(const struct world *w, const char *name) {
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	return gzopen(path, "wb1");
}

static FILE *create_plain(const struct world *w, const char *name) {
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	return fopen(path, "w");
}

static int write_fleet(const struct world *w) {
	const struct shape *s = w->shape;
	FILE *out = create_plain(w, "fleet.json");

	if (!out) {
		return -1;
	}
	fprintf(out, "{\"schema\": \"tollbook.fleet.v1\", \"currency\": \"USD\", \"pools\": [\n {\"name\": \"sim\", \"match\": \"sim-*\", "
	        "\"model\": \"%s\", \"gpu\": \"%s\", \"gpus_per_replica\": %d, \"role\": \"mixed\",\n  \"rates\": [{\"from\": "
	        "\"2026-01-01\", \"per_gpu_hour\": \"%s\"}]}]}\n", s->model, s->gpu, s->gpus, s->rate);
	return fclose(out);
}

int open_world(struct world *w) {
	w->steps = create(w, "steps.jsonl.gz");
	w->requests = create(w, "requests.jsonl.gz");
	w->owed = create(w, "truth_requests.csv.gz");
	if (!w->steps || !w->requests || !w->owed) {
		return -1;
	}
	gzprintf(w->owed, "id,prefill_gpu_ns,decode_gpu_ns\n");
	return write_fleet(w);
}

/* ---- records ---- */

static void put(struct world *w, gzFile to, const char *line, int len) {
	w->failed |= gzwrite(to, line, (unsigned)len) != len;
}

static void write_record(struct world *w, const struct replica *r, const struct step_made *s) {
	char line[1024];

	put(w, w->steps, line,
	    snprintf(line, sizeof line,
	             "{\"schema\":\"tollbook.step.v1\",\"replica\":\"%s\",\"model\":\"%s\",\"step\":%" PRId64 ",\"start_ns\":%" PRId64
	             ",\"gpu_ns\":%" PRId64 ",\"prefill_requests\":%" PRId64 ",\"prefill_tokens\":%" PRId64
	             ",\"prefill_kv_tokens\":%" PRId64 ",\"prefill_token_kv\":%" PRId64 ",\"decode_requests\":%" PRId64 ",\"decode_tokens\":%" PRId64
	             ",\"decode_kv_tokens\":%" PRId64 ",\"duration_kind\":\"gpu_events\"}\n",
	             r->name, w->shape->model, s->number, s->start_ns, s->gpu_ns, s->chunks, s->prefill_tokens, s->prefill_context,
	             s->pairs, s->decoders, s->decode_tokens, s->context));
}

static void count(struct account *a, const struct request *q) {
	a->requests++;
	a->input += q->prompt;
	a->cached += q->cached;
	a->output += q->output;
	a->busy_ns += q->prefill_ns + q->decode_ns;
	a->prefill_ns += q->prefill_ns;
	a->cached_ns += q->cached_ns;
}

void write_request(struct world *w, struct replica *r, const struct request *q) {
	char line[1024];

	put(w, w->requests, line,
	    snprintf(line, sizeof line,
	             "{\"schema\":\"tollbook.request.v1\",\"id\":\"chatcmpl-%016" PRIx64 "%016" PRIx64
	             "\",\"tenant\":\"%s\",\"model\":\"%s\",\"replica\":\"%s\",\"arrival_ns\":%" PRId64 ",\"scheduled_ns\":%" PRId64
	             ",\"first_token_ns\":%" PRId64 ",\"finish_ns\":%" PRId64 ",\"prompt_tokens\":%" PRId64 ",\"cached_tokens\":%" PRId64
	             ",\"completion_tokens\":%" PRId64 ",\"preemptions\":%" PRId64 ",\"status\":\"ok\"}\n",
	             q->id[0], q->id[1], w->shape->tenants[q->tenant].name, w->shape->model, r->name, q->arrival_ns, q->scheduled_ns,
	             q->first_ns, q->finish_ns, q->prompt, q->cached, q->output, q->preemptions));
	put(w, w->owed, line,
	    snprintf(line, sizeof line, "chatcmpl-%016" PRIx64 "%016" PRIx64 ",%" PRId64 ",%" PRId64 "\n", q->id[0], q->id[1],
	             q->prefill_ns, q->decode_ns));
	count(&w->total, q);
	count(&w->tenants[q->tenant], q);
}

/* ---- vLLM's log ---- */

static void vllm_line(struct world *w, struct replica *r, int64_t at_ns, const char *text) {
	time_t seconds = (time_t)(at_ns / SECOND_NS);
	struct tm at;
	char line[1024];

	gmtime_r(&seconds, &at);
	put(w, r->vllm, line,
	    snprintf(line, sizeof line, "(APIServer pid=359) INFO %02d-%02d %02d:%02d:%02d %s\n", at.tm_mon + 1, at.tm_mday,
	             at.tm_hour, at.tm_min, at.tm_sec, text));
}

void open_replica(struct world *w, struct replica *r, int64_t start_ns) {
	char name[64], text[512];

	r->tick_ns = start_ns;
	r->was_quiet = true;
	if (w->records_only) {
		return;
	}
	open_scrapes(w, r, start_ns);
	snprintf(name, sizeof name, "vllm.r%d.log.gz", r->number);
	r->vllm = create(w, name);
	vllm_line(w, r, start_ns, "[api_server.py:1977] vLLM API server version 0.21.0");
	snprintf(text, sizeof text, "[utils.py:253] non-default args: {'model': '%s', 'tensor_parallel_size': %d, "
	         "'max_num_batched_tokens': %" PRId64 ", 'enable_logging_iteration_details': True}",
	         w->shape->served, w->shape->gpus, w->shape->tokens_max);
	vllm_line(w, r, start_ns, text);
}

static void write_drafts(struct world *w, struct replica *r) {
	char text[256];

	if (w->shape->drafts > 0 && r->drafts > 0) {
		snprintf(text, sizeof text, "[metrics.py:101] SpecDecoding metrics: Mean acceptance length: %.2f, Accepted throughput: %.2f tokens/s, "
		         "Drafted throughput: %.2f tokens/s, Accepted: %" PRId64 " tokens, Drafted: %" PRId64 " tokens", 1 + (double)r->accepted / (double)r->drafts,
		         (double)r->accepted / 10, (double)(r->drafts * w->shape->drafts) / 10, r->accepted, r->drafts * w->shape->drafts);
		vllm_line(w, r, r->tick_ns, text);
	}
	r->drafts = r->accepted = 0;
}

/* The averages of each complete period of ten seconds; for periods without requests only the first. */
static void write_averages(struct world *w, struct replica *r, int64_t at_ns) {
	char text[512];

	while (r->tick_ns + TICK_NS <= at_ns) {
		size_t running = r->decoding.count + (r->waiting.count > 0 && r->waiting.at[0]->computed > 0);
		bool quiet = r->prompt_tokens + r->output_tokens == 0;
		r->tick_ns += TICK_NS;
		if (!quiet || !r->was_quiet) {
			snprintf(text, sizeof text, "[loggers.py:310] Engine 000: Avg prompt throughput: %.1f tokens/s, Avg generation throughput: "
			         "%.1f tokens/s, Running: %zu reqs, Waiting: %zu reqs, GPU KV cache usage: %.1f%%, Prefix cache hit rate: %.1f%%",
			         (double)r->prompt_tokens / 10, (double)r->output_tokens / 10, running,
			         r->waiting.count - (running - r->decoding.count), 100 * (double)r->context / (double)cache_ntok(w),
			         w->total.input > 0 ? 100 * (double)w->total.cached / (double)w->total.input : 0);
			vllm_line(w, r, r->tick_ns, text);
		}
		write_drafts(w, r);
		r->was_quiet = quiet;
		r->prompt_tokens = r->output_tokens = 0;
		r->context = r->decoding.count > 0 ? r->context : 0;
	}
}

static void write_iteration(struct world *w, struct replica *r, const struct step_made *s) {
	int64_t end_ns = s->start_ns + s->gpu_ns;
	char text[512];

	write_averages(w, r, end_ns);
	snprintf(text, sizeof text, "[loggers.py:179] Engine 000: Iteration(%" PRId64 "): %" PRId64 " context requests, %" PRId64
	         " context tokens, %" PRId64 " generation requests, %" PRId64 " generation tokens, iteration elapsed time: %.2f ms, "
	         "GPU KV cache usage: %.1f%%", s->number, s->chunks, s->prefill_tokens, s->decoders, s->decode_tokens, (double)s->gpu_ns / 1e6,
	         100 * (double)(s->context + s->prefill_context + s->prefill_tokens) / (double)cache_ntok(w));
	vllm_line(w, r, end_ns, text);
	r->prompt_tokens += s->prefill_tokens;
	r->output_tokens += s->decoders + (s->chunks > 1 ? s->chunks - 1 : 0);
	r->context = s->context + s->prefill_tokens;
}

void write_step(struct world *w, struct replica *r, const struct step_made *s) {
	write_record(w, r, s);
	w->steps_made++;
	if (r->vllm) {
		write_iteration(w, r, s);
	}
}

void close_replica(struct world *w, struct replica *r) {
	w->capacity_ns += (r->last_ns - r->first_ns) * w->shape->gpus;
	if (r->vllm) {
		write_averages(w, r, r->now_ns + 2 * TICK_NS);
		w->failed |= gzclose(r->vllm) != Z_OK;
		close_scrapes(w, r);
	}
}

/* ---- the truth ---- */

static void write_account(FILE *out, const struct account *a) {
	fprintf(out, "\"requests\": %" PRId64 ", \"tokens\": {\"input\": %" PRId64 ", \"input_cached\": %" PRId64 ", \"output\": %" PRId64
	        "}, \"busy_gpu_ns\": %" PRId64 ", \"prefill_gpu_ns\": %" PRId64 ", \"decode_gpu_ns\": %" PRId64 ", \"prefill_cached_gpu_ns\": %.0f",
	        a->requests, a->input, a->cached, a->output, a->busy_ns, a->prefill_ns, a->busy_ns - a->prefill_ns, a->cached_ns);
}

static int write_truth(const struct world *w) {
	static const char *const rules[RULE_COUNT] = {"shapley", "proportional", "prefill-first", "decode-first"};
	const struct shape *s = w->shape;
	FILE *out = create_plain(w, "truth.json");

	if (!out) {
		return -1;
	}
	fprintf(out, "{\"schema\": \"tollbook.truth.v1\", \"run\": \"%s\", \"what\": \"%s\", \"model\": \"%s\",\n \"total\": {", s->name,
	        s->what, s->model);
	write_account(out, &w->total);
	fprintf(out, ", \"capacity_gpu_ns\": %" PRId64 ", \"steps\": %" PRId64 ", \"prefill_share\": %.6f},\n \"replicas\": [", w->capacity_ns,
	        w->steps_made, (double)w->prefill_ns / (double)(w->prefill_ns + w->decode_ns));
	for (int i = 0; i < s->replicas; i++) {
		fprintf(out, "%s{\"replica\": \"sim-%02d\"}", i > 0 ? ", " : "", i + 1);
	}
	fprintf(out, "],\n \"tenants\": [");
	for (int i = 0; i < TENANTS_MAX && s->tenants[i].name; i++) {
		fprintf(out, "%s{\"tenant\": \"%s\", ", i > 0 ? ",\n  " : "", s->tenants[i].name);
		write_account(out, &w->tenants[i]);
		fprintf(out, "}");
	}
	fprintf(out, "],\n \"rules\": {");
	for (int i = 0; i < RULE_COUNT; i++) {
		fprintf(out, "%s\"%s\": %.0f", i > 0 ? ", " : "", rules[i], w->rule_ns[i]);
	}
	fprintf(out, "},\n \"positions\": [");
	for (int i = 0; i < 2 * BANDS; i++) {
		int band = i % BANDS;
		fprintf(out, "%s{\"kind\": \"%s\", \"from\": %" PRId64 ", \"gpu_ns\": %.0f}", i > 0 ? ", " : "", i < BANDS ? "input" : "output",
		        band == 0 ? 0 : (int64_t)BAND_NTOK << (band - 1), w->band_ns[i / BANDS][band]);
	}
	fprintf(out, "]}\n");
	return fclose(out);
}

int close_world(struct world *w) {
	w->failed |= gzclose(w->steps) != Z_OK;
	w->failed |= gzclose(w->requests) != Z_OK;
	w->failed |= gzclose(w->owed) != Z_OK;
	while (w->free) {
		struct request *next = w->free->next;
		free(w->free);
		w->free = next;
	}
	return w->failed ? -1 : write_truth(w);
}
