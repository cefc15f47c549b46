/*
 * generate.c: small random logs with a fleet.
 *
 *   generate SEED FOLDER
 *
 * Writes FOLDER/records.jsonl, FOLDER/fleet.json, and FOLDER/expected: "capacity NS" (GPU-ns) where the fleet states
 * its uptime, and "requests N", "input N", "cached N" and "output N" where all replicas have requests. The same seed
 * gives the same files. They include several pools, models and tenants, steps of every mix, phases measured
 * separately, gaps, hours and rates that change within a step, ends of days, repeated lines, times of zero.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* 2026-11-20T22:00:00Z: a run may cross midnight. */
#define START_NS INT64_C(1795212000000000000)
#define SECOND_NS INT64_C(1000000000)
#define REPLICAS_MAX 4

enum evidence { STEPS, REQUESTS, BOTH, WINDOWS, EVIDENCES };

struct world {
	uint64_t state;
	FILE *records, *fleet, *expected;
	int64_t length_ns;
	int replicas, pools;
	enum evidence evidence[REPLICAS_MAX];
	int64_t requests, input, cached, output;
};

static const char *const models[] = {"llama-3.1-8b", "Qwen/Qwen3-32B", "m\\u00fcll \\\"x\\\""};
static const char *const tenants[] = {"acme", "beta, GmbH", "=cmd", "\\u202etenant"};

/* splitmix64 (public domain, Vigna 2015) */
static uint64_t next(struct world *w) {
	uint64_t z = (w->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* from <= result < to */
static int64_t within(struct world *w, int64_t from, int64_t to) {
	return to > from ? from + (int64_t)(next(w) % (uint64_t)(to - from)) : from;
}

static bool one_in(struct world *w, int64_t n) {
	return within(w, 0, n) == 0;
}

static int pool_of(const struct world *w, int replica) {
	return replica % w->pools;
}

static void head(struct world *w, const char *kind, int replica) {
	fprintf(w->records, "{\"schema\":\"tollbook.%s.v1\",\"replica\":\"pool%d-%d\",\"model\":\"%s\",", kind,
	        pool_of(w, replica), replica, models[pool_of(w, replica)]);
}

static void step(struct world *w, int replica, int64_t number, int64_t start_ns, int64_t gpu_ns) {
	int64_t chunks = one_in(w, 3) ? within(w, 1, 4) : 0;
	int64_t decoders = chunks && one_in(w, 2) ? 0 : within(w, 1, 60);
	int64_t tokens = 0, context = 0, pairs = 0;

	for (int64_t i = 0; i < chunks; i++) {
		int64_t n = within(w, 1, 2048), before = one_in(w, 2) ? within(w, 0, 30000) : 0;
		tokens += n;
		context += before;
		pairs += n * before + n * n / 2;
	}
	head(w, "step", replica);
	fprintf(w->records, "\"step\":%" PRId64 ",\"start_ns\":%" PRId64 ",\"gpu_ns\":%" PRId64 ",\"prefill_requests\":%" PRId64
	        ",\"prefill_tokens\":%" PRId64 ",\"prefill_kv_tokens\":%" PRId64 ",\"prefill_token_kv\":%" PRId64
	        ",\"decode_requests\":%" PRId64 ",\"decode_kv_tokens\":%" PRId64,
	        number, start_ns, gpu_ns, chunks, tokens, context, pairs, decoders, decoders * within(w, 1, 20000));
	if (one_in(w, 7)) {
		int64_t prefill = tokens == 0 ? 0 : decoders == 0 ? gpu_ns : within(w, 0, gpu_ns + 1);
		fprintf(w->records, ",\"prefill_gpu_ns\":%" PRId64 ",\"decode_gpu_ns\":%" PRId64, prefill, gpu_ns - prefill);
	}
	fprintf(w->records, ",\"duration_kind\":\"%s\"}\n", one_in(w, 4) ? "host_wall_full" : "gpu_events");
}

static void steps(struct world *w, int replica) {
	int64_t at = START_NS + within(w, 0, w->length_ns / 4), number = 0;

	while (at < START_NS + w->length_ns && number < 150) {
		int64_t gpu_ns = one_in(w, 40) ? 0 : one_in(w, 30) ? within(w, 1, 90 * SECOND_NS) : within(w, 1000, 400000000);
		if (at + gpu_ns > START_NS + w->length_ns) {
			return;
		}
		step(w, replica, number++, at, gpu_ns);
		at += gpu_ns + (one_in(w, 20) ? within(w, 0, w->length_ns / 6) : within(w, 0, 3000000));
	}
}

static void requests(struct world *w, int replica) {
	for (int64_t i = within(w, 1, 25); i > 0; i--) {
		int64_t arrival = START_NS + within(w, 0, w->length_ns - 2), end = START_NS + w->length_ns;
		int64_t first = within(w, arrival, end), finish = within(w, first, end);
		int64_t prompt = within(w, 1, 30000), cached = one_in(w, 2) ? within(w, 0, prompt) : 0;
		int64_t output = within(w, 1, 900);

		head(w, "request", replica);
		fprintf(w->records, "\"id\":\"r%d-%" PRId64 "\",\"tenant\":\"%s\",\"arrival_ns\":%" PRId64 ",\"first_token_ns\":%"
		        PRId64 ",\"finish_ns\":%" PRId64 ",\"prompt_tokens\":%" PRId64 ",\"cached_tokens\":%" PRId64
		        ",\"completion_tokens\":%" PRId64 ",\"status\":\"ok\"}\n",
		        replica, i, tenants[within(w, 0, 4)], arrival, first, finish, prompt, cached, output);
		w->requests++;
		w->input += prompt;
		w->cached += cached;
		w->output += output;
	}
}

static void windows(struct world *w, int replica) {
	int64_t at = START_NS, count = within(w, 1, 6);

	for (int64_t i = 0; i < count; i++) {
		int64_t end = i == count - 1 ? START_NS + w->length_ns : at + within(w, 1, w->length_ns / count);
		int64_t prefill = within(w, 0, (end - at) / 2), decode = within(w, 0, (end - at) / 2);
		int64_t input = within(w, 0, 100000);
		head(w, "window", replica);
		fprintf(w->records, "\"tenant\":\"%s\",\"start_ns\":%" PRId64 ",\"end_ns\":%" PRId64 ",\"input_tokens\":%" PRId64
		        ",\"cached_tokens\":%" PRId64 ",\"output_tokens\":%" PRId64 ",\"requests\":%" PRId64,
		        tenants[within(w, 0, 4)], at, end, input, within(w, 0, input + 1), within(w, 0, 9000), within(w, 0, 99));
		if (!one_in(w, 3)) {
			fprintf(w->records, ",\"prefill_gpu_ns\":%" PRId64 ",\"decode_gpu_ns\":%" PRId64, prefill, decode);
		}
		fputs("}\n", w->records);
		at = end;
	}
}

static void instant(FILE *f, int64_t ns) {
	int64_t s = (ns - INT64_C(1795132800) * SECOND_NS) / SECOND_NS; /* since 2026-11-20T00:00:00Z */

	fprintf(f, "2026-11-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 "Z", 20 + s / 86400, s / 3600 % 24,
	        s / 60 % 60, s % 60);
}

/* The pools; returns their capacity in GPU-ns, or -1 where it depends on the records. */
static int64_t fleet(struct world *w) {
	int64_t capacity = 0;

	fputs("{\"schema\":\"tollbook.fleet.v1\",\"currency\":\"USD\",\"pools\":[", w->fleet);
	for (int p = 0; p < w->pools; p++) {
		fprintf(w->fleet, "%s{\"name\":\"p%d\",\"match\":\"pool%d-*\",\"model\":\"%s\",\"gpu\":\"H100\",\"gpus_per_replica\":1,"
		        "\"role\":\"mixed\",\"rates\":[{\"from\":\"2026-01-01\",\"per_gpu_hour\":\"%" PRId64 ".%03" PRId64 "\"}",
		        p ? "," : "", p, p, models[p], within(w, 0, 9), within(w, 1, 1000));
		if (one_in(w, 2)) {
			fputs(",{\"from\":\"", w->fleet);
			instant(w->fleet, START_NS + within(w, 1, w->length_ns));
			fprintf(w->fleet, "\",\"per_gpu_hour\":\"%" PRId64 ".49\"}", within(w, 0, 5));
		}
		fputs("]", w->fleet);
		if (!one_in(w, 3)) {
			fputs(",\"uptime\":[{\"from\":\"", w->fleet);
			instant(w->fleet, START_NS);
			fputs("\",\"to\":\"", w->fleet);
			instant(w->fleet, START_NS + w->length_ns);
			fprintf(w->fleet, "\",\"gpus\":%d}]", w->replicas);
			capacity += capacity < 0 ? 0 : w->length_ns * w->replicas;
		} else {
			capacity = -1;
		}
		fputs("}", w->fleet);
	}
	fputs("]}\n", w->fleet);
	return capacity;
}

static void records(struct world *w) {
	for (int r = 0; r < w->replicas; r++) {
		enum evidence e = w->evidence[r];
		if (e == STEPS || e == BOTH) {
			steps(w, r);
		}
		if (e == REQUESTS || e == BOTH) {
			requests(w, r);
		}
		if (e == WINDOWS) {
			windows(w, r);
		}
	}
}

static FILE *out(const char *folder, const char *name) {
	char path[4096];
	FILE *f = snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path ? fopen(path, "w") : NULL;

	if (!f) {
		perror(path);
		exit(3);
	}
	return f;
}

int main(int argc, char **argv) {
	if (argc != 3) {
		fputs("usage: generate SEED FOLDER\n", stderr);
		return 2;
	}
	struct world w = {.state = (uint64_t)strtoull(argv[1], NULL, 10)};
	bool all_requests = true;

	w.records = out(argv[2], "records.jsonl");
	w.fleet = out(argv[2], "fleet.json");
	w.expected = out(argv[2], "expected");
	/* Whole seconds, as the fleet's intervals are. */
	w.length_ns = SECOND_NS * (one_in(&w, 3) ? within(&w, 10, 100) : within(&w, 100, 4 * 3600));
	w.replicas = (int)within(&w, 1, REPLICAS_MAX + 1);
	w.pools = (int)within(&w, 1, w.replicas < 3 ? w.replicas + 1 : 4);
	for (int r = 0; r < w.replicas; r++) {
		w.evidence[r] = (enum evidence)within(&w, 0, EVIDENCES);
		all_requests &= w.evidence[r] == REQUESTS || w.evidence[r] == BOTH;
	}
	int64_t capacity = fleet(&w);
	records(&w);
	if (capacity >= 0) {
		fprintf(w.expected, "capacity %" PRId64 "\n", capacity);
	}
	if (all_requests) {
		fprintf(w.expected, "requests %" PRId64 "\ninput %" PRId64 "\ncached %" PRId64 "\noutput %" PRId64 "\n", w.requests,
		        w.input, w.cached, w.output);
	}
	return fclose(w.records) || fclose(w.fleet) || fclose(w.expected) ? 3 : 0;
}
