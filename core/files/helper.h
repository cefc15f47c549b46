/* helper.h: a thread that does one job at a time, beside the thread that gives it the jobs; and a crew of threads. */
#ifndef CORE_HELPER_H
#define CORE_HELPER_H

#include <stddef.h>

#include "core/error.h"

struct helper;

/* Returns 0 or a negative error. */
typedef int helper_job(void *context, struct fault *why);

/* NULL: the system provides no thread. */
struct helper *helper_new(helper_job *job, void *context);
/* Waits for a job in progress. */
void helper_free(struct helper *h);

/* Starts the job. The one before must have been waited for. */
void helper_start(struct helper *h);
/* Waits for the job in progress, if any. Returns the first error of all jobs. */
int helper_wait(struct helper *h, struct fault *why);

/*
 * Calls work(worker) for each of `count` workers, an array of elements of `size` bytes, each in a thread, the first in
 * this one, and returns when all have returned. If the system provides fewer threads, the last ones are not called: the
 * others must do all the work.
 */
void crew_run(void *workers, unsigned count, size_t size, void *(*work)(void *worker));

#endif
