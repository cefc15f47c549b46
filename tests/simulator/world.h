/* world.h: a book in a simulated machine, actions on it, and the properties that it must have. */
#ifndef TESTS_SIMULATOR_WORLD_H
#define TESTS_SIMULATOR_WORLD_H

#include <stdio.h>

#include "book/book.h"
#include "tests/simulator/logs.h"
#include "tests/simulator/machine.h"

#define NIGHT_NS (INT64_C(24) * 3600 * 1000000000)
/* 2026-11-02T03:00:00Z: after all records. */
#define FIRST_NIGHT_NS INT64_C(1793588400000000000)

struct world {
	struct machine machine;
	struct logs_world logs;
	struct terminal terminal;
	uint64_t seed, state;
	int night, nights; /* of the book; of all, including concurrent ones */
	bool verbose, failed, closed, retires;
	long changes; /* of the last undisturbed night: the range of faults */
	int64_t seen;  /* requests, as of then */
	struct statement_totals month; /* as it was closed */
	char doing[200], heard[500];
	FILE *nowhere;
};

/* A separate set-up for each seed; output goes to `nowhere`. */
void world_init(struct world *w, uint64_t seed, bool verbose, FILE *nowhere);
void world_release(struct world *w);
/* Prints an error, with the seed and the night. */
void world_fail(struct world *w, const char *form, ...) __attribute__((format(printf, 2, 3)));

/* A night with this configuration: DISK_ROOT "/book.conf", "/once.conf". */
int world_night(struct world *w, const char *config, struct fault *why);
/* A month is closed. */
int world_close(struct world *w, struct fault *why);
/* The totals of the book, or of the month that is closed; 1, 0 where there is nothing, or negative. */
int world_totals(struct world *w, bool month, struct statement_totals *out, struct fault *why);
struct book_settings world_settings(const char *book, struct list *catalogues);

/* After a night that nothing disturbed. */
void world_check_night(struct world *w);
/* After the last one: verify, and the same bytes as a book that read all logs in one night. */
void world_check_verify(struct world *w);
void world_check_once(struct world *w);
void world_check_run(struct world *w);

/* Lists a process, if processes are to be listed. */
void world_note(const struct world *w, const struct process *p, int rc, const struct fault *why);
/* Runs a night as a process under a plan, and checks its end; `p` is its result. */
int world_run_night(struct world *w, const struct plan *plan, struct process *p);

#endif
