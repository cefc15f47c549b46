#include "book/findings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WARNINGS_SHOWN 20

/* See docs/formats.md, "What the server must log". */
static const struct switch_on {
	const char *format, *sentence;
	const char *requests; /* if there are steps or windows, but no requests; or NULL */
} switches[] = {
	{"vllm", "start the server with --enable-logging-iteration-details: a line per step (grade B); "
		 "keep the statistics lines (no --disable-log-stats)",
	 "--otlp-traces-endpoint URL, and the collector's file exporter as JSON"},
	{"sglang", "the server's own log has a line per prefill batch; for requests with times add "
		   "--enable-metrics --export-metrics-to-file --export-metrics-to-file-dir DIR, or for GPU time "
		   "SGLANG_ENABLE_METRICS_DEVICE_TIMER=1 and scrape /metrics",
	 "--enable-metrics --export-metrics-to-file --export-metrics-to-file-dir DIR"},
	{"trtllm", "set print_iter_log: true in the server's options file: a line per step with device time",
	 "use a gateway's log: the server's own has no tokens with times"},
	{"dynamo", "set DYN_FPM_TRACE=1 DYN_FPM_MODE=full and DYN_REQUEST_TRACE=1: each step, each request",
	 "DYN_REQUEST_TRACE=1"},
	{"llamacpp", "llama-server writes timings of each request by default: do not start it with --log-disable, and export journals with --all", NULL},
	{"llamacpp-old", "the server writes timings of each request by default: do not start it with --log-disable, and export journals with --all", NULL},
	{"ollama", "keep the answers of /api/chat and /api/generate: the last object of each has the figures", NULL},
	{"lmdeploy", "start the server with --enable-metrics --log-level INFO", NULL},
	{"tgi", "its log has no token counts: scrape /metrics every few seconds into a file", NULL},
	{"desktop", "put a time stamp in front of each line (docker logs -t, journald, ts), or keep the usage of the answers", NULL},
	{"prometheus", "keep at least two scrapes, some seconds apart, of a server whose token counters are known", NULL},
	{"nvidia-smi", "power samples have no tokens: add the engine's log", NULL},
	{"native", "add the engine's steps (gpu_ns) or requests with timestamps", NULL},
};

static const struct switch_on *switch_of(const char *format) {
	static const struct switch_on none;

	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
		if (strcmp(switches[i].format, format) == 0) {
			return &switches[i];
		}
	}
	return &none;
}

const char *findings_switch_on(const char *format) {
	return switch_of(format)->sentence;
}

const char *findings_requests(const char *format) {
	return switch_of(format)->requests;
}

static void say_rejects(const struct terminal *t, const struct quality *q) {
	for (size_t i = 0; i < q->reject_count; i++) {
		const struct quality_reject *j = &q->rejects[i];
		terminal_warning(t, "%" PRId64 " %s rejected: %s, first at %s", j->lines, j->lines == 1 ? "line" : "lines",
			    j->reason, j->first ? j->first : "?");
	}
}

void findings_say(const struct terminal *t, const struct quality *q) {
	size_t shown = t->verbose || q->warning_count < WARNINGS_SHOWN ? q->warning_count : WARNINGS_SHOWN;

	for (size_t i = 0; i < q->damage_count; i++) {
		const struct quality_damage *d = &q->damages[i];
		if (d->offset > 0) {
			terminal_warning(t, "%s: %s at byte %" PRId64, d->file, d->reason, d->offset);
		} else {
			terminal_warning(t, "%s: %s", d->file, d->reason);
		}
	}
	say_rejects(t, q);
	for (size_t i = 0; i < shown; i++) {
		terminal_warning(t, "%s", q->warnings[i]);
	}
	if (shown < q->warning_count) {
		terminal_warning(t, "%zu more, shown with -v", q->warning_count - shown);
	}
}

static void say_input(const struct terminal *t, const struct quality_input *in) {
	char why[40] = "";

	if (in->detected_at_line > 0) {
		snprintf(why, sizeof why, ", detected by line %" PRId64, in->detected_at_line);
	}
	terminal_hint(t, "%s: %s%s, %" PRId64 " lines, %" PRId64 " records", in->file,
		 in->format && *in->format ? in->format : "no known format", why, in->lines, in->records);
}

void findings_say_inputs(const struct terminal *t, const struct quality *q) {
	for (size_t i = 0; t->verbose && !t->quiet && i < q->input_count; i++) {
		say_input(t, &q->inputs[i]);
	}
}

void findings_say_nothing(const struct terminal *t, const struct list *logs, const struct quality *q) {
	bool only_one = logs->count == 1, standard_input = strcmp(logs->at[0], "-") == 0;
	bool unknown = false;

	if (q->steps + q->requests + q->windows > 0) {
		terminal_error(t, "all %" PRId64 " records are outside the period of --from and --to, or have no "
						 "timestamp",
			  q->steps + q->requests + q->windows);
		return;
	}
	terminal_error(t, "no %s in %s, so there is no statement",
		  q->input_count + q->damage_count > 0 ? "evidence of time or tokens" : "file",
		  !only_one ? "any of the LOGs" : standard_input ? "standard input" : logs->at[0]);
	for (size_t i = 0; i < q->input_count; i++) {
		const struct quality_input *in = &q->inputs[i];
		if (!in->format || !*in->format) { /* reported in a warning */
			unknown |= in->lines > 0;
			continue;
		}
		say_input(t, in);
		if (findings_switch_on(in->format)) {
			terminal_hint(t, "  %s", findings_switch_on(in->format));
		}
	}
	if (unknown) {
		terminal_hint(t, "known formats: tollbook help formats; --log-format NAME forces one, --pattern FILE "
			    "describes another");
	}
}
