/* reader.h: one file from its first byte to its last record. */
#ifndef INGEST_READER_H
#define INGEST_READER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "ingest/ingest.h"
#include "ingest/paths.h"

/* Shared by the files of a run. */
struct ingest_run {
	const struct ingest_options *options;
	size_t max_line_bytes;
	int64_t now_ns;
	record_sink *sink;
	void *sink_context;
	FILE *quarantine; /* NULL: none */
	pthread_mutex_t quarantine_lock;
	int64_t bytes_total;
	bool idle_cores; /* there are fewer files than cores */
	_Atomic int64_t bytes_done;
	_Atomic bool stop; /* a thread failed: all stop soon */
};

/*
 * Reads the file with number `index` in the run. Damage and refused lines are added to `quality`; fails only if the
 * sink does.
 */
int read_file(struct ingest_run *run, const struct path *path, uint32_t index, unsigned lane,
              struct quality *quality, struct fault *why);

#endif
