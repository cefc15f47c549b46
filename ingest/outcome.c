#include <stdlib.h>

#include "ingest/outcome.h"

#include <fnmatch.h>
#include <stdio.h>

#include "ingest/advice.h"
#include "ingest/reader.h"
#include "ingest/reading.h"

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

/* By format: what the log lacks, and what to do. */
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
	{"tgi", "a TGI log, which contains no token counts: scrape its metrics instead"},
	{"desktop", "a log without tokens that have a time: put a time stamp in front of each line, or keep the answers' usage"},
	{"prometheus", "metrics without two scrapes of one counter, from which tokens could be counted: scrape it repeatedly, "
	               "each scrape with its time"},
	{"otlp", "spans without token counts: those of an engine or a gateway contain them"},
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
			                "%s contains no evidence: it is %s; if that is expected, name it with "
					"--no-evidence",
			                in->file, advice_of(q, in));
		}
	}
}

/* "4", of ranks that log "4+", and "2+?" if they do not show how many there are. */
static int64_t stated_value(const struct stream *one, char *value, size_t size) {
	bool counted = true;
	int64_t gpus = parallel_gpus(&one->parallel, one->parser.engines_added), ranks = 0;

	if (gpus == 0) {
		ranks = parallel_ranks(&one->parallel, &counted);
	}
	snprintf(value, size, "%lld%s%s", (long long)(gpus + ranks), ranks > 0 ? "+" : "", counted ? "" : "?");
	return gpus + ranks;
}

/* An assumption for each server of the file with GPUs stated in its start-up lines; a finding if they change. */
static void state_gpus(struct quality *q, const char *name, const struct streams *s, int64_t records) {
	char what[128], source[512], value[24], text[512];

	for (size_t i = 0; i < s->count; i++) {
		const struct stream *one = s->at[i];
		int64_t gpus = stated_value(one, value, sizeof value);
		/* The records after start-up lines may be in the next file of a rotated log. */
		if (one->records == 0 && records > 0) {
			continue;
		}
		snprintf(source, sizeof source, "%s:%lld", name, (long long)one->parallel_line);
		if (one->parallel.shared) {
			quality_state(q, "gpus-part", one->name, "", "--gpus", source, "");
		}
		if (gpus == 0) {
			continue;
		}
		parallel_describe(&one->parallel, what, sizeof what);
		snprintf(text, sizeof text, "replica %s has %lld %s: %s", one->name, (long long)gpus, gpus == 1 ? "GPU" : "GPUs", what);
		quality_state(q, "gpus", one->name, value, "--gpus", source, text);
		if (one->changed) {
			quality_finding(q, "gpus", one->name, "--gpus", QUALITY_NO_AMOUNT,
			                "%s: the log states a different number of GPUs before line %lld, and all its "
					"time is counted with %lld; split the log there, or give --gpus", one->name, (long long)one->parallel_line, (long long)gpus);
		}
	}
}

/* Files that begin in the hour in which clocks go back. */
static void state_doubtful(struct quality *q, const char *name, const struct streams *s) {
	for (size_t i = 0; i < s->count; i++) {
		if (s->at[i]->parser.stamps.doubtful && s->at[i]->records > 0) {
			quality_finding(q, "clock", s->at[i]->name, "--log-zone", QUALITY_NO_AMOUNT,
			                "%s begins in a local hour that occurred twice, as clocks went back: its lines may be an hour early; log in UTC, or put the file "
			                "before it in front of it", name);
			return;
		}
	}
}

/* Lines that no format reads are refused, unless another server's of the same file are read. */
static void refuse_unread(struct reading *r) {
	r->number = r->first_unread;
	if (!r->chosen && !r->known_empty && r->unread > 0) {
		quality_reject_lines(r->quality, "no known format", r->unread, r->name, r->index, (uint64_t)r->number);
	}
}

void reading_report(struct reading *r, int64_t lines_before) {
	struct source_damage damage = source_damage(r->source);
	struct quality_input in = {
		.file = (char *)(uintptr_t)r->name, /* copied */
		.bytes = source_bytes(r->source),
		.format = (char *)(uintptr_t)(r->chosen ? r->chosen->name : ""),
		.lines = r->quality->lines - lines_before,
		.records = r->records,
		.detected_at_line = r->detected_at_line,
		.index = r->index,
	};
	in.gave_nothing = r->records == 0 && r->plan.known_lines == 0 && !r->known_empty && !r->waits && !damage.reason;
	refuse_unread(r);
	state_gpus(r->quality, r->name, &r->streams, r->records);
	state_doubtful(r->quality, r->name, &r->streams);
	advice_better(r->quality, &r->streams);
	memcpy(in.sha256, source_sha256(r->source), sizeof in.sha256);
	quality_add_input(r->quality, &in);
	if (damage.reason) {
		quality_damage(r->quality, r->name, damage.reason, damage.offset);
	}
}

/* The stream with the name that the path gave to records, or NULL. */
static const struct stream *stream_that_named(const struct streams *all) {
	for (size_t i = 0; i < all->count; i++) {
		if (all->at[i]->gave_name) {
			return all->at[i];
		}
	}
	return NULL;
}

/* The zone in which timestamps without one were read. */
static const char *zone_taken(const struct streams *all) {
	for (size_t i = 0; i < all->count; i++) {
		const struct stamps *s = &all->at[i]->parser.stamps;
		if (s->took_zone) {
			return s->zone ? zone_name(s->zone) : ZONE_ASSUMED;
		}
	}
	return "";
}

void reading_notify(struct reading *r, int64_t lines_before, int64_t in_future_before) {
	const struct ingest_watch *watch = r->run->options->watch;

	if (!watch || r->failed < 0) {
		return;
	}
	char plain[PLAIN_NAME_MAX];
	const struct stream *named = stream_that_named(&r->streams);
	struct text name = named ? plain_name(named->parser.replica, PLAIN_NAME_MAX, plain) : T("");
	char *name_text = (char *)(uintptr_t)text_copy(name);
	const struct ingest_done done = {
		.path = r->name,
		.named = name_text,
		.by_rule = named && named->by_rule,
		.zone = zone_taken(&r->streams),
		.format = r->chosen ? r->chosen->name : "",
		.sha256 = source_sha256(r->source),
		.index = r->index,
		.lines = r->quality->lines - lines_before,
		.records = r->records,
		.at_end = r->at_end,
		.taken_back = r->taken_back,
		.in_future = quality_rejected(r->quality, INGEST_IN_FUTURE) - in_future_before,
		.went_on = r->went_on,
		.damaged = source_damage(r->source).reason != NULL,
	};
	r->failed = watch->close(watch->context, &done, r->why);
	free(name_text);
}
