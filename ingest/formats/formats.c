/* formats.c: the table of formats: one file, one row. */
#include <assert.h>

#include "ingest/format.h"

extern const struct format format_native, format_native_csv, format_vllm, format_sglang, format_trtllm,
	format_dynamo, format_llamacpp, format_llamacpp_old, format_ollama, format_lmdeploy, format_tgi,
	format_prometheus, format_otlp, format_usage, format_envoy, format_nvidia_smi, format_pattern, format_gpu_power, format_desktop;

static const struct ingest_format_info rows[] = {
	{"native", "tollbook's own JSON lines: steps, requests, windows, power", &format_native},
	{"native-csv", "the same as CSV with a header", &format_native_csv},
	{"vllm", "vLLM server log: iteration lines (steps), statistics lines (windows)", &format_vllm},
	{"sglang", "SGLang server log: batches (windows), requests; its exported request metrics", &format_sglang},
	{"trtllm", "TensorRT-LLM iteration log, as text or JSON: steps", &format_trtllm},
	{"dynamo", "NVIDIA Dynamo traces: forward passes (steps), requests", &format_dynamo},
	{"llamacpp", "llama.cpp server log since September 2024: requests with their times", &format_llamacpp},
	{"llamacpp-old", "llama.cpp server log before September 2024: requests with their times", &format_llamacpp_old},
	{"ollama", "Ollama's answers, JSON lines: requests with their times", &format_ollama},
	{"lmdeploy", "LMDeploy log: statistics lines (windows), sessions (requests)", &format_lmdeploy},
	{"tgi", "TGI log: contains no token counts, its metrics do", &format_tgi},
	{"desktop", "text-generation-webui, KoboldCpp, TabbyAPI: requests, where lines have a time; LocalAI and others: no tokens", &format_desktop},
	{"prometheus", "metrics scraped repeatedly, or query_range answers: counters (windows), DCGM power", &format_prometheus},
	{"otlp", "OpenTelemetry spans as JSON lines: requests", &format_otlp},
	{"usage", "usage of vendors' APIs, gateways and coding agents, JSON or CSV: requests", &format_usage},
	{"envoy", "Envoy AI gateway access log, JSON lines: requests", &format_envoy},
	{"nvidia-smi", "nvidia-smi --query-gpu CSV: power", &format_nvidia_smi},
	{"gpu-power", "tables of nvidia-smi dmon, dcgmi dmon, amd-smi, rocm-smi: power", &format_gpu_power},
	{"pattern", "as described by --pattern FILE", &format_pattern},
};
static const size_t row_count = sizeof rows / sizeof *rows;

const struct ingest_format_info *ingest_formats(size_t *count) {
	*count = row_count;
	return rows;
}

const struct ingest_format_info *format_detect(const struct text *lines, size_t count) {
	const struct ingest_format_info *best = NULL;
	int most = 0;

	for (size_t i = 0; i < row_count; i++) {
		const struct format *f = rows[i].format;
		int at_most = f->most > 0 ? f->most : BID_MOST;
		int bid = at_most > most ? f->bid(lines, count) : 0; /* it cannot win, however it reads the lines */
		assert(bid >= 0 && bid <= at_most);
		if (bid > most) {
			most = bid;
			best = &rows[i];
		}
	}
	return best;
}

size_t format_detected_at(const struct ingest_format_info *info, const struct text *lines, size_t count) {
	int most = info->format->bid(lines, count);
	size_t low = 0, high = count;

	/* The shortest beginning of the lines with that bid, by bisection. */
	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;
		if (info->format->bid(lines, middle) >= most) {
			high = middle;
		} else {
			low = middle;
		}
	}
	return high > 0 ? high - 1 : 0;
}

const struct ingest_format_info *format_named(struct text name) {
	for (size_t i = 0; i < row_count; i++) {
		if (text_eq(text_of(rows[i].name), name)) {
			return &rows[i];
		}
	}
	return NULL;
}

bool parser_local_instant(struct parser *p, int64_t *ns) {
	return p->has_local && stamp_resolve(&p->stamps, p->local, ns);
}

/* An envelope is written soon after the line; its zone may be another one, which differs by quarters of an hour. */
#define QUARTER_NS (900 * NS_PER_SECOND)
#define SOON_NS (2 * NS_PER_SECOND)

int64_t parser_finer_instant(const struct parser *p, int64_t own_ns) {
	struct civil c = p->local;
	int64_t local_ns;

	c.year = c.year > 0 ? c.year : 2000;
	if (!p->has_local || c.nanosecond == 0 || own_ns % NS_PER_SECOND != 0 || !civil_to_instant(&c, &local_ns)) {
		return own_ns;
	}
	int64_t later_ns = (local_ns % QUARTER_NS - own_ns % QUARTER_NS + 2 * QUARTER_NS) % QUARTER_NS;
	return later_ns < SOON_NS && own_ns <= INT64_MAX - SOON_NS ? own_ns + later_ns : own_ns;
}

const char *instant_absurd(const struct parser *p, int64_t ns) {
	if (ns == UNKNOWN) {
		return NULL;
	}
	return ns < EARLIEST_NS ? "instant before 2015" : ns > p->latest_ns ? INGEST_IN_FUTURE : NULL;
}
