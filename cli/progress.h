/* progress.h: one line on the terminal about long work: bytes, rate, time left. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Printed after the first second, several times a second. */
struct progress {
	bool on;
	int64_t start_ns;
	_Atomic int64_t next_ns; /* when to print the line again */
	atomic_bool shown;
};

/* A clock that is never set. */
int64_t progress_clock_ns(void);

/* `wanted`: only then standard error is checked. */
void progress_start(struct progress *p, bool wanted);

/* As in ingest.h; any thread. `total` 0: not known. */
void progress_bytes(void *progress, int64_t done, int64_t total);

/* Prints what is being done, if the work takes long enough to have a line. */
void progress_stage(struct progress *p, const char *what);

/* Removes the line. Call it before anything else is written to the terminal. */
void progress_end(struct progress *p);

#endif
