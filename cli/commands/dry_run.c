#include "cli/commands/dry_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/findings.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "core/text.h"

/* Statistics of a file's records. */
struct seen {
	int64_t records[RECORD_KINDS];
	int64_t pure_steps, mixed_steps, apart_steps; /* apart: the engine measured the phases separately */
	int64_t steps_without_context;
	int64_t durations[DURATION_KINDS]; /* of steps */
	int64_t timed_requests, exclusive_requests;
	int64_t tenants; /* records that name one */
	int64_t measured_windows;
	int64_t unnamed_models; /* records without a model */
};

/* One thread's files, by their number. */
struct lane {
	struct seen *files;
	size_t count;
};

struct dry {
	struct run *r;
	struct lane *lanes;
};

static struct seen *file_at(struct lane *lane, size_t index) {
	if (index >= lane->count) {
		size_t count = index + 16;
		lane->files = must_realloc(lane->files, count * sizeof *lane->files);
		memset(lane->files + lane->count, 0, (count - lane->count) * sizeof *lane->files);
		lane->count = count;
	}
	return &lane->files[index];
}

static void see_step(struct seen *s, const struct step *step) {
	bool prefill = step->prefill_tokens > 0, decode = step->decode_requests > 0;

	s->apart_steps += step->prefill_gpu_ns != UNKNOWN && step->decode_gpu_ns != UNKNOWN;
	s->pure_steps += prefill != decode;
	s->mixed_steps += prefill && decode;
	s->steps_without_context += (prefill && step->prefill_token_kv == UNKNOWN) ||
				    (decode && step->decode_kv_tokens == UNKNOWN);
	s->durations[step->duration_kind]++;
}

static void see_request(struct seen *s, const struct request *q) {
	bool timed = q->finish_ns != UNKNOWN && (q->arrival_ns != UNKNOWN || q->first_token_ns != UNKNOWN);

	s->timed_requests += timed;
	s->exclusive_requests += q->exclusive_times;
	s->tenants += q->tenant.len > 0;
}

static int count_record(void *dry, unsigned lane, const struct record *record, struct fault *why) {
	struct dry *d = dry;
	struct seen *s = file_at(&d->lanes[lane], record->file);

	if (stop_asked(&d->r->stop)) {
		return fault_set(why, ERROR_IO, "stopped by a signal");
	}
	s->records[record->kind]++;
	s->unnamed_models += record->kind != RECORD_POWER && record->model.len == 0;
	if (record->kind == RECORD_STEP) {
		see_step(s, &record->step);
	} else if (record->kind == RECORD_REQUEST) {
		see_request(s, &record->request);
	} else if (record->kind == RECORD_WINDOW) {
		s->measured_windows += record->window.prefill_gpu_ns != UNKNOWN;
		s->tenants += record->window.tenant.len > 0;
	}
	return 0;
}

/* A file is read by one thread: all its records are in one lane. */
static struct seen seen_in(const struct dry *d, unsigned lanes, size_t index) {
	for (unsigned i = 0; i < lanes; i++) {
		const struct lane *l = &d->lanes[i];
		for (int k = 0; index < l->count && k < RECORD_KINDS; k++) {
			if (l->files[index].records[k] > 0) {
				return l->files[index];
			}
		}
	}
	return (struct seen){0};
}

/* The best grade that this file can have by itself, and of which records. */
static const char *best_grade(const struct seen *s) {
	if (s->apart_steps > 0 || s->measured_windows > 0) {
		return "A: the phases are measured separately";
	}
	if (s->pure_steps > 0 && s->mixed_steps == 0) {
		return "A: steps of one phase each";
	}
	if (s->pure_steps + s->mixed_steps > 0) {
		return "B: mixed steps, split by the step model (A where a step has one phase)";
	}
	if (s->exclusive_requests > 0) {
		return "A: requests with timed phases, if they do not overlap; else C";
	}
	if (s->timed_requests > 0) {
		return "C: requests with timestamps, split by their overlaps";
	}
	if (s->records[RECORD_WINDOW] > 0) {
		return "D: averages over windows";
	}
	return s->records[RECORD_REQUEST] > 0 ? "none: tokens without times" : "none by itself";
}

static void print_missing(const struct seen *s, const char *format) {
	const char *requests = findings_requests(format);

	if (s->steps_without_context > 0) {
		printf("  missing: context lengths in %" PRId64 " step%s; requests with timestamps replace them\n",
		       s->steps_without_context, PLURAL(s->steps_without_context));
	}
	if (requests && s->records[RECORD_REQUEST] == 0 && s->records[RECORD_STEP] + s->records[RECORD_WINDOW] > 0) {
		printf("  missing: requests, to share the cost among them; to log them: %s\n", requests);
	}
	if (s->tenants == 0 && s->records[RECORD_STEP] + s->records[RECORD_WINDOW] + s->records[RECORD_REQUEST] > 0) {
		puts("  missing: tenants; give requests that name them, or --tenant NAME");
	}
	if (s->unnamed_models > 0) {
		puts("  missing: the model; give --model NAME");
	}
	if (s->durations[DURATION_HOST_WALL_WAIT] > 0) {
		puts("  caution: durations are the host's wait for a step, which may be too short");
	}
}

static void print_counts(const struct quality_input *in, const struct seen *s) {
	static const char *const kinds[RECORD_KINDS] = {"step", "request", "window", "power sample"};

	printf("  %" PRId64 " line%s: ", in->lines, PLURAL(in->lines));
	for (int kind = 0; kind < RECORD_KINDS; kind++) {
		printf("%s%" PRId64 " %s%s", kind > 0 ? ", " : "", s->records[kind], kinds[kind], PLURAL(s->records[kind]));
	}
	printf("; %" PRId64 " other\n", in->lines > in->records ? in->lines - in->records : 0);
}

static void print_file(const struct quality_input *in, const struct seen *s) {
	bool known = in->format && *in->format;
	const char *grade = best_grade(s);
	const char *sentence = known && *grade != 'A' && *grade != 'B' ? findings_switch_on(in->format) : NULL;

	say_safe(stdout, in->file);
	printf(": %s", known ? in->format : in->lines > 0 ? "no known format" : "empty");
	if (in->detected_at_line > 0) {
		printf(", detected by line %" PRId64, in->detected_at_line);
	} else if (known) {
		fputs(", as requested", stdout);
	}
	putchar('\n');
	print_counts(in, s);
	if (known) {
		printf("  grade %s\n", grade);
		print_missing(s, in->format);
	}
	if (sentence) {
		printf("  for better evidence: %s\n", sentence);
	}
	if (!known && in->lines > 0) {
		puts("  known formats: tollbook help formats; --log-format NAME forces one, --pattern FILE describes another");
	}
}

static int read_and_print(struct run *r, struct logs *logs, struct dry *d, struct fault *why) {
	unsigned lanes = ingest_lanes(&logs->options);
	struct quality q;

	quality_init(&q);
	d->lanes = must_calloc(lanes, sizeof *d->lanes);
	progress_start(&r->progress, !r->quiet && !r->no_progress);
	int error = ingest_run(&logs->options, count_record, d, &q, why);
	progress_end(&r->progress);
	for (size_t i = 0; !error && i < q.input_count; i++) {
		struct seen s = seen_in(d, lanes, q.inputs[i].index);
		print_file(&q.inputs[i], &s);
	}
	if (!error) {
		findings_say(&r->terminal, &q);
	}
	for (unsigned i = 0; i < lanes; i++) {
		free(d->lanes[i].files);
	}
	free(d->lanes);
	int status = error ? error : quality_has_findings(&q) ? EXIT_FINDINGS : EXIT_TIED_OUT;
	quality_release(&q);
	return status;
}

int dry_run(struct run *r, struct fault *why) {
	struct logs logs;
	struct dry d = {.r = r};

	int status = setup_logs(r, &logs, why);
	if (status != 0) {
		return status;
	}
	status = read_and_print(r, &logs, &d, why);
	logs_release(&logs);
	return status;
}
