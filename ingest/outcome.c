#include "ingest/outcome.h"

#include <fnmatch.h>
#include <stdio.h>

bool outcome_expected(const struct ingest_options *o, const char *name) {
	const char *slash = strrchr(name, '/');

	for (size_t i = 0; i < o->no_evidence_count; i++) {
		const char *glob = o->no_evidence[i];
		bool whole = fnmatch(glob, name, 0) == 0;
		if (whole || fnmatch(glob, slash ? slash + 1 : name, 0) == 0) {
			return true;
		}
		for (const char *at = slash ? strchr(name, '/') : NULL; at; at = strchr(at + 1, '/')) { /* from any folder on */
			if (fnmatch(glob, at + 1, 0) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* By format: what its log lacks, and what to do. */
static const struct advice {
	const char *format, *text;
} advices[] = {
	{"vllm", "a vLLM log without batches and statistics: start the server without --disable-log-stats, or with "
	         "--enable-logging-iteration-details"},
	{"sglang", "an SGLang log without batches and requests: start the server with --log-level info, or with "
	           "--export-metrics-to-file"},
	{"trtllm", "a TensorRT-LLM log without iterations: start the server with print_iter_log: true, or scrape its metrics"},
	{"llamacpp", "a llama.cpp log without finished requests: it served none, or its level of detail is too low"},
	{"llamacpp-old", "a llama.cpp log without finished requests: it served none, or its level of detail is too low"},
	{"lmdeploy", "an LMDeploy log without statistics: start the server with --log-level INFO"},
	{"tgi", "a TGI log, which holds no token counts: scrape its metrics instead"},
	{"desktop", "a log without tokens that have a time: put a time stamp in front of each line, or keep the answers' usage"},
	{"prometheus", "metrics without two scrapes of one counter, from which tokens could be counted: scrape it repeatedly, "
	               "each scrape with its time"},
	{"otlp", "spans without token counts: those of an engine or a gateway hold them"},
};

static bool has_rejects(const struct quality *q, const char *name) {
	size_t len = strlen(name);

	for (size_t i = 0; i < q->reject_count; i++) {
		const char *first = q->rejects[i].first;
		if (strncmp(first, name, len) == 0 && first[len] == ':') {
			return true;
		}
	}
	return false;
}

static const char *advice_of(const struct quality *q, const struct quality_input *in) {
	if (in->lines == 0) {
		return "empty: find out why; its server's time and tokens are not in these figures";
	}
	if (has_rejects(q, in->file) && in->format[0] != '\0') {
		return "without a usable record: its lines were rejected";
	}
	for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
		if (strcmp(advices[i].format, in->format) == 0) {
			return advices[i].text;
		}
	}
	return in->format[0] == '\0' ? "of no known format: describe its lines with --pattern, or force one with --log-format"
	                             : "without a record of time or tokens";
}

void outcome_empty(struct quality *q, bool findings) {
	for (size_t i = 0; i < q->input_count; i++) {
		const struct quality_input *in = &q->inputs[i];
		if (in->gave_nothing && !findings && in->format[0] == '\0') {
			quality_warn(q, "%s: %s", in->file, in->lines == 0 ? "empty" : "no known format");
		} else if (in->gave_nothing && findings) {
			quality_finding(q, "empty-file", in->file, "--no-evidence", QUALITY_NO_AMOUNT,
			                "%s holds no evidence: it is %s; if that is expected, name it with "
					"--no-evidence",
			                in->file, advice_of(q, in));
		}
	}
}

void outcome_gpus(struct quality *q, const char *name, const struct streams *s) {
	char what[128], source[512], value[24], text[512];

	for (size_t i = 0; i < s->count; i++) {
		const struct stream *one = s->at[i];
		int64_t gpus = parallel_gpus(&one->parallel, one->parser.engines_added);
		if (gpus == 0 || one->records == 0) {
			continue;
		}
		parallel_describe(&one->parallel, what, sizeof what);
		snprintf(source, sizeof source, "%s:%lld", name, (long long)one->parallel_line);
		snprintf(value, sizeof value, "%lld", (long long)gpus);
		snprintf(text, sizeof text, "replica %s has %lld %s: %s", one->name, (long long)gpus, gpus == 1 ? "GPU" : "GPUs", what);
		quality_state(q, "gpus", one->name, value, "--gpus", source, text);
		if (one->changed) {
			quality_finding(q, "gpus", one->name, "--gpus", QUALITY_NO_AMOUNT,
			                "%s: the log states a different number of GPUs before line %lld, and all its "
					"time is counted with %lld; split the log there, or give --gpus", one->name, (long long)one->parallel_line, (long long)gpus);
		}
	}
}
