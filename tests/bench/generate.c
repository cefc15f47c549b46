/*
 * generate.c: large logs for the bench: native steps and requests multiplied with shifted instants,
 * and the same steps as vLLM and SGLang write them.
 *
 *   generate native|vllm|sglang[/docker|/cri|/loki] MEGABYTES SEED OUT.gz STEPS.jsonl[.gz] [REQUESTS.jsonl[.gz]]
 *
 * `vllm/docker` are vLLM's lines in the envelope of Docker's json-file driver. Native output has the kinds of the
 * input. Each copy of the input is later than the one before, and durations differ in their last digits, so that
 * copies do not compress against each other.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "core/exact.h"
#include "core/instant.h"
#include "ingest/ingest.h"

/* The input's records, in memory: texts are few and kept. */
struct shelf {
	struct record *at;
	size_t count, room;
};

struct output {
	int64_t decode_ns; /* of SGLang's last line of a decode batch */
	gzFile file;
	int64_t bytes;
	uint64_t seed;
	int64_t at_ns; /* when the line is written; for the envelope */
	void (*put)(struct output *o, const char *line, int len);
};

static struct text keep_text(struct text t) {
	char *at = must_alloc(t.len + 1);

	memcpy(at, t.at, t.len);
	return (struct text){at, t.len};
}

static int shelve(void *context, unsigned lane, const struct record *r, struct fault *why) {
	struct shelf *s = context;

	(void)lane;
	(void)why;
	if (s->count == s->room) {
		s->room = s->room > 0 ? 2 * s->room : 4096;
		s->at = must_realloc(s->at, s->room * sizeof *s->at);
	}
	struct record *kept = &s->at[s->count++];
	*kept = *r;
	kept->replica = keep_text(r->replica);
	kept->model = keep_text(r->model);
	if (r->kind == RECORD_REQUEST) {
		kept->request.id = keep_text(r->request.id);
		kept->request.tenant = keep_text(r->request.tenant);
	}
	return 0;
}

static uint64_t random_next(struct output *o) {
	o->seed = o->seed * 6364136223846793005u + 1442695040888963407u;
	return o->seed >> 33;
}

static void put_bare(struct output *o, const char *line, int len) {
	gzwrite(o->file, line, (unsigned)len);
	o->bytes += len;
}

static void put(struct output *o, const char *line, int len) {
	o->put(o, line, len);
}

/* A line without its newline as the inside of a JSON string. */
static int escape(char *out, const char *line, int len) {
	char *at = out;

	for (int i = 0; i + 1 < len; i++) {
		if (line[i] == '"' || line[i] == '\\') {
			*at++ = '\\';
		}
		*at++ = line[i];
	}
	*at = '\0';
	return (int)(at - out);
}

static int print_instant(char out[64], int64_t at_ns) {
	struct civil c;

	instant_to_civil(at_ns, &c);
	return snprintf(out, 64, "%04d-%02d-%02dT%02d:%02d:%02d.%09" PRId64 "Z", c.year, c.month, c.day, c.hour, c.minute, c.second,
	                at_ns % NS_PER_SECOND);
}

static void put_docker(struct output *o, const char *line, int len) {
	char inside[2048], wrapped[2400], instant[64];

	escape(inside, line, len);
	print_instant(instant, o->at_ns);
	put_bare(o, wrapped, snprintf(wrapped, sizeof wrapped, "{\"log\":\"%s\\n\",\"stream\":\"stderr\",\"time\":\"%s\"}\n", inside, instant));
}

static void put_cri(struct output *o, const char *line, int len) {
	char wrapped[2400], instant[64];

	print_instant(instant, o->at_ns);
	put_bare(o, wrapped, snprintf(wrapped, sizeof wrapped, "%s stderr F %.*s", instant, len, line));
}

/* As `logcli --output=jsonl` prints Loki's entries. */
static void put_loki(struct output *o, const char *line, int len) {
	char inside[2048], wrapped[2800], instant[64];

	escape(inside, line, len);
	print_instant(instant, o->at_ns);
	put_bare(o, wrapped, snprintf(wrapped, sizeof wrapped,
	                              "{\"labels\":{\"app\":\"llm\",\"container\":\"engine\",\"namespace\":\"serving\",\"pod\":\"llm-0\"},"
	                              "\"line\":\"%s\",\"timestamp\":\"%s\"}\n", inside, instant));
}

static int64_t jitter(struct output *o, int64_t ns) {
	return ns + (int64_t)(random_next(o) % 20011) - 10005 > 1000 ? ns + (int64_t)(random_next(o) % 10007) : ns;
}

static void native_step(struct output *o, const struct record *r, int64_t shift) {
	const struct step *s = &r->step;
	char line[1024];
	int n = snprintf(line, sizeof line,
	                 "{\"schema\":\"tollbook.step.v1\",\"replica\":\"%.*s\",\"model\":\"%.*s\",\"step\":%" PRId64
	                 ",\"start_ns\":%" PRId64 ",\"gpu_ns\":%" PRId64 ",\"prefill_requests\":%" PRId64
	                 ",\"prefill_tokens\":%" PRId64 ",\"prefill_kv_tokens\":%" PRId64 ",\"prefill_token_kv\":%" PRId64
	                 ",\"decode_requests\":%" PRId64 ",\"decode_kv_tokens\":%" PRId64 ",\"duration_kind\":\"gpu_events\"}\n",
	                 TEXT_ARG(r->replica), TEXT_ARG(r->model), s->index, s->start_ns + shift, jitter(o, s->gpu_ns),
	                 s->prefill_requests, s->prefill_tokens, s->prefill_kv_tokens, s->prefill_token_kv, s->decode_requests,
	                 s->decode_kv_tokens);
	put(o, line, n);
}

static void native_request(struct output *o, const struct record *r, int64_t shift) {
	const struct request *q = &r->request;
	char line[1024];
	int n = snprintf(line, sizeof line,
	                 "{\"schema\":\"tollbook.request.v1\",\"id\":\"%.*s-%" PRIu64
	                 "\",\"tenant\":\"%.*s\",\"model\":\"%.*s\",\"replica\":\"%.*s\",\"arrival_ns\":%" PRId64
	                 ",\"scheduled_ns\":%" PRId64 ",\"first_token_ns\":%" PRId64 ",\"finish_ns\":%" PRId64
	                 ",\"prompt_tokens\":%" PRId64 ",\"cached_tokens\":%" PRId64 ",\"completion_tokens\":%" PRId64
	                 ",\"reasoning_tokens\":0,\"preemptions\":0,\"status\":\"ok\"}\n",
	                 TEXT_ARG(q->id), random_next(o) % 100000, TEXT_ARG(q->tenant), TEXT_ARG(r->model), TEXT_ARG(r->replica),
	                 q->arrival_ns + shift, q->scheduled_ns + shift, q->first_token_ns + shift, q->finish_ns + shift,
	                 q->prompt_tokens, q->cached_tokens, q->completion_tokens);
	put(o, line, n);
}

static void native_line(struct output *o, const struct record *r, int64_t shift) {
	if (r->kind == RECORD_STEP) {
		native_step(o, r, shift);
	} else {
		native_request(o, r, shift);
	}
}

static void vllm_line(struct output *o, const struct record *r, int64_t shift) {
	const struct step *s = &r->step;
	struct civil c;
	char line[512];
	int64_t hundredths = jitter(o, s->gpu_ns) / 10000;

	instant_to_civil(s->start_ns + shift + s->gpu_ns, &c);
	put(o, line,
	    snprintf(line, sizeof line,
	             "(EngineCore_DP0 pid=3617) INFO %02d-%02d %02d:%02d:%02d [core.py:401] Iteration(%" PRId64 "): %" PRId64
	             " context requests, %" PRId64 " context tokens, %" PRId64 " generation requests, %" PRId64
	             " generation tokens, iteration elapsed time: %" PRId64 ".%02d ms\n",
	             c.month, c.day, c.hour, c.minute, c.second, s->index, s->prefill_requests, s->prefill_tokens,
	             s->decode_requests, s->decode_requests, hundredths / 100, (int)(hundredths % 100)));
}

static void sglang_line(struct output *o, const struct record *r, int64_t shift) {
	const struct step *s = &r->step;
	struct civil c;
	char line[512];
	int64_t rate = s->prefill_tokens * NS_PER_SECOND * 100 / jitter(o, s->gpu_ns);

	instant_to_civil(s->start_ns + shift, &c);
	int n = snprintf(line, sizeof line, "[%04d-%02d-%02d %02d:%02d:%02d] ", c.year, c.month, c.day, c.hour, c.minute, c.second);
	if (o->bytes == 0) { /* a line for each decode step, as it is here, is a setting of the server */
		put(o, line, n + snprintf(line + n, sizeof line - (size_t)n, "server_args=ServerArgs(model_path='m', decode_log_interval=1)\n"));
	}
	if (s->prefill_requests > 0) {
		n += snprintf(line + n, sizeof line - (size_t)n,
		              "Prefill batch, #new-seq: %" PRId64 ", #new-token: %" PRId64 ", #cached-token: %" PRId64
		              ", token usage: 0.%02d, #running-req: %" PRId64
		              ", #queue-req: 0, cuda graph: True, input throughput (token/s): %" PRId64 ".%02d\n",
		              s->prefill_requests, s->prefill_tokens, s->prefill_kv_tokens, (int)(s->index % 100), s->decode_requests,
		              rate / 100, (int)(rate % 100));
	} else {
		/* since the last such line */
		int64_t now_ns = s->start_ns + shift, since_ns = o->decode_ns < now_ns && o->decode_ns != 0 ? now_ns - o->decode_ns : s->gpu_ns;
		rate = s->decode_requests * NS_PER_SECOND * 100 / since_ns;
		o->decode_ns = now_ns;
		n += snprintf(line + n, sizeof line - (size_t)n,
		              "Decode batch, #running-req: %" PRId64 ", #token: %" PRId64
		              ", token usage: 0.%02d, cuda graph: True, gen throughput (token/s): %" PRId64 ".%02d, #queue-req: 0\n",
		              s->decode_requests, s->decode_kv_tokens, (int)(s->index % 100), rate / 100, (int)(rate % 100));
	}
	put(o, line, n);
}

static struct shelf read_inputs(char **paths, int count) {
	struct shelf shelf = {0};
	struct ingest_source sources[4] = {{0}};
	struct quality quality;
	struct fault why;

	for (int i = 0; i < count; i++) {
		sources[i].path = paths[i];
	}
	quality_init(&quality);
	struct ingest_options o = {.sources = sources, .source_count = (size_t)count, .threads = 1};
	if (ingest_run(&o, shelve, &shelf, &quality, &why) < 0 || shelf.count == 0) {
		fprintf(stderr, "generate: nothing to multiply\n");
		exit(EXIT_FAILED);
	}
	quality_release(&quality);
	return shelf;
}

static int64_t instant_of(const struct record *r) {
	return r->kind == RECORD_STEP ? r->step.start_ns : r->request.finish_ns;
}

static int by_instant(const void *a, const void *b) {
	int64_t left = instant_of(a), right = instant_of(b);

	return (left > right) - (left < right);
}

struct kind {
	const char *name;
	void (*line)(struct output *o, const struct record *r, int64_t shift);
	bool steps_alone;
};

/* Removes the kind from the start of `name`; the remainder is "" or "/WRAPPING". */
static const struct kind *kind_of(struct text *name) {
	static const struct kind kinds[] = {{"native", native_line, false}, {"vllm", vllm_line, true}, {"sglang", sglang_line, true}};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (text_starts(*name, text_of(kinds[i].name))) {
			*name = text_cut(*name, strlen(kinds[i].name), name->len);
			return &kinds[i];
		}
	}
	return NULL;
}

static void (*wrapping_of(struct text name))(struct output *o, const char *line, int len) {
	static const struct {
		const char *name;
		void (*put)(struct output *o, const char *line, int len);
	} wrappings[] = {{"", put_bare}, {"/docker", put_docker}, {"/cri", put_cri}, {"/loki", put_loki}};

	for (size_t i = 0; i < sizeof wrappings / sizeof *wrappings; i++) {
		if (text_eq(name, text_of(wrappings[i].name))) {
			return wrappings[i].put;
		}
	}
	return NULL;
}

int main(int argc, char **argv) {
	struct text kind_name = text_of(argc > 1 ? argv[1] : "");
	const struct kind *kind = kind_of(&kind_name);
	int64_t megabytes, seed;
	struct output o = {.put = wrapping_of(kind_name)};

	if (argc < 6 || argc > 9 || !kind || !o.put || !text_to_i64(text_of(argv[2]), &megabytes) || !text_to_i64(text_of(argv[3]), &seed)) {
		fprintf(stderr, "usage: generate native|vllm|sglang[/docker|/cri|/loki] MEGABYTES SEED OUT.gz LOG...\n");
		return EXIT_USAGE;
	}
	struct shelf shelf = read_inputs(argv + 5, argc - 5);
	o.file = gzopen(argv[4], "wb6");
	o.seed = (uint64_t)seed;
	qsort(shelf.at, shelf.count, sizeof *shelf.at, by_instant);
	/* Into the past, so that no timestamp is after tomorrow. */
	int64_t shift = -3000 * NS_PER_DAY, limit = megabytes * 1000000;
	int64_t span = instant_of(&shelf.at[shelf.count - 1]) - instant_of(&shelf.at[0]) + 60 * NS_PER_SECOND;
	for (; o.bytes < limit; shift += span) {
		for (size_t i = 0; i < shelf.count && o.bytes < limit; i++) {
			if (shelf.at[i].kind == RECORD_STEP || !kind->steps_alone) {
				o.at_ns = instant_of(&shelf.at[i]) + shift;
				kind->line(&o, &shelf.at[i], shift);
			}
		}
	}
	return gzclose(o.file) == Z_OK ? 0 : EXIT_FAILED;
}
