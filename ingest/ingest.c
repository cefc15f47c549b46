/* ingest.c: all files of a run, over as many threads as there are cores. */
#include "ingest/ingest.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/exact.h"
#include "core/files/files.h"
#include "core/files/helper.h"
#include "ingest/format.h"
#include "ingest/outcome.h"
#include "ingest/paths.h"
#include "ingest/reader.h"

#define MAX_LINE_BYTES ((size_t)32 * 1024 * 1024)
#define LANES_MAX 256

/* The work and its threads. */
struct crew {
	struct ingest_run *run;
	const struct paths *paths;
	const size_t *order; /* the largest file first, so that it is not processed last by one thread */
	_Atomic size_t next;
	pthread_mutex_t lock; /* guards the two below */
	int failed;
	struct fault *why;
};

struct worker {
	struct crew *crew;
	unsigned lane;
	struct quality quality;
};

unsigned ingest_lanes(const struct ingest_options *o) {
	long cores = o->threads > 0 ? (long)o->threads : sysconf(_SC_NPROCESSORS_ONLN);

	return cores < 1 ? 1 : cores > LANES_MAX ? LANES_MAX : (unsigned)cores;
}

static void note_failure(struct crew *c, int failed, const struct fault *why) {
	pthread_mutex_lock(&c->lock);
	if (c->failed == 0) {
		c->failed = failed;
		*c->why = *why;
	}
	pthread_mutex_unlock(&c->lock);
	c->run->stop = true;
}

static void *work(void *argument) {
	struct worker *w = argument;
	struct crew *c = w->crew;
	size_t i;

	while (!c->run->stop && (i = c->next++) < c->paths->count) {
		size_t index = c->order[i];
		struct fault why = {0};
		int failed = read_file(c->run, &c->paths->at[index], (uint32_t)index, w->lane, &w->quality, &why);
		if (failed < 0) {
			note_failure(c, failed, &why);
		}
	}
	return NULL;
}

static size_t *largest_first(const struct paths *paths) {
	size_t *order = must_alloc((paths->count + 1) * sizeof *order);
	size_t filled = 0;

	/* By size classes, powers of two: precise enough, and stable. */
	for (int bits = 63; bits >= 0; bits--) {
		for (size_t i = 0; i < paths->count; i++) {
			int64_t bytes = paths->at[i].bytes;
			int own = bytes > 0 ? 63 - __builtin_clzll((unsigned long long)bytes) : 0;
			if (own == bits) {
				order[filled++] = i;
			}
		}
	}
	return order;
}

static void run_crew(struct crew *c, unsigned lanes, struct quality *quality) {
	struct worker *workers = must_calloc(lanes, sizeof *workers);

	for (unsigned i = 0; i < lanes; i++) {
		workers[i].crew = c;
		workers[i].lane = i;
		quality_init(&workers[i].quality);
	}
	crew_run(workers, lanes, sizeof *workers, work);
	for (unsigned i = 0; i < lanes; i++) {
		quality_merge(quality, &workers[i].quality);
		quality_release(&workers[i].quality);
	}
	free(workers);
}

static int check_formats(const struct ingest_options *o, struct fault *why) {
	for (size_t i = 0; i < o->source_count; i++) {
		const char *name = o->sources[i].log_format;
		if (name && !format_named(text_of(name))) {
			return fault_set(why, ERROR_CONFIG, "unknown log format '%s'", name);
		}
		if (name && strcmp(name, "pattern") == 0 && !o->patterns) {
			return fault_set(why, ERROR_CONFIG, "log format 'pattern' needs a file of patterns");
		}
	}
	return 0;
}

static int read_paths(struct ingest_run *run, const struct paths *paths, struct quality *quality, struct fault *why) {
	size_t *order = largest_first(paths);
	struct crew crew = {.run = run, .paths = paths, .order = order, .why = why};
	unsigned lanes = ingest_lanes(run->options);

	for (size_t i = 0; i < paths->count; i++) {
		run->bytes_total += paths->at[i].bytes;
	}
	run->idle_cores = lanes > paths->count;
	if (lanes > paths->count) {
		lanes = paths->count > 0 ? (unsigned)paths->count : 1;
	}
	pthread_mutex_init(&crew.lock, NULL);
	run_crew(&crew, lanes, quality);
	pthread_mutex_destroy(&crew.lock);
	free(order);
	return crew.failed;
}

static int run_with_quarantine(struct ingest_run *run, const struct paths *paths, struct quality *quality,
                               struct fault *why) {
	struct outfile *file = NULL;
	int rc = 0;

	if (run->options->quarantine) {
		mode_t before = files_mask(027); /* no thread is running yet */
		rc = outfile_open(&file, run->options->quarantine, why);
		umask(before);
		if (rc < 0) {
			return rc;
		}
		run->quarantine = outfile_stream(file);
	}
	rc = read_paths(run, paths, quality, why);
	if (!file) {
		return rc;
	}
	if (rc < 0) {
		outfile_abandon(file);
		return rc;
	}
	return outfile_commit(file, why);
}

int ingest_run(const struct ingest_options *o, record_sink *sink, void *context, struct quality *quality,
               struct fault *why) {
	struct ingest_run run = {
		.options = o,
		.max_line_bytes = o->max_line_bytes > 0 ? o->max_line_bytes : MAX_LINE_BYTES,
		.now_ns = o->now_ns > 0 ? o->now_ns : instant_now(),
		.sink = sink,
		.sink_context = context,
	};
	struct paths paths = {0};

	int rc = check_formats(o, why);
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < o->source_count; i++) {
		paths_add(&paths, &o->sources[i], quality);
	}
	paths_drop_copies(&paths, quality);
	paths_find_places(&paths, o);
	pthread_mutex_init(&run.quarantine_lock, NULL);
	rc = run_with_quarantine(&run, &paths, quality, why);
	pthread_mutex_destroy(&run.quarantine_lock);
	paths_release(&paths);
	bool any = quality->steps + quality->requests + quality->windows + quality->powers > 0;
	outcome_empty(quality, any || o->watch || o->part);
	quality_report_notes(quality);
	quality_sort(quality);
	return rc;
}

int ingest_files(const struct ingest_options *o, ingest_file_sink *sink, void *context, struct quality *quality) {
	struct paths paths = {.folders_only = o->folders_only};
	int rc = 0;

	for (size_t i = 0; i < o->source_count; i++) {
		paths_add(&paths, &o->sources[i], quality);
	}
	for (size_t i = 0; i < paths.count && rc == 0; i++) {
		rc = sink(context, paths.at[i].name, &paths.at[i].found, paths.at[i].source);
	}
	paths_release(&paths);
	return rc;
}
