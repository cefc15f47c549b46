/* progress.h: one line on the terminal about a long work: bytes, rate, time left. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Shown from the second second on, and several times a second. */
struct progress {
	bool on;
	int64_t start_ns;
	_Atomic int64_t next_ns; /* when the line is to be written again */
	atomic_bool shown;
};

/* `wanted`: standard error is looked at only then. */
void progress_start(struct progress *p, bool wanted);

/* As in ingest.h; any thread. `total` 0: not known. */
void progress_bytes(void *progress, int64_t done, int64_t total);

/* Says what comes now, if the work takes long enough to have a line. */
void progress_stage(struct progress *p, const char *what);

/* Takes the line away. Before anything else is written to the terminal. */
void progress_end(struct progress *p);

#endif
