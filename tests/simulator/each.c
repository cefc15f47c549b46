/*
 * each.c: a second night of a book, with a fault at its first, second ... last disk change, read and open; after
 * each, an undisturbed night. The book must equal that without faults.
 */
#include "tests/simulator/each.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FAILURES_MAX 10

/* The faults and their kinds. */
static const struct {
	enum fault_kind kind;
	int error;
	bool on;
} ways[] = {
	{FAULT_KILL, 0, false}, {FAULT_CUT, 0, false},  {FAULT_WRITE, 28 /* ENOSPC */, false}, {FAULT_WRITE, 28, true},
	{FAULT_WRITE, 5 /* EIO */, false}, {FAULT_WRITE, 5, true}, {FAULT_READ, 5, false}, {FAULT_READ, 5, true},
	{FAULT_OPEN, 24 /* EMFILE */, false}, {FAULT_OPEN, 24, true}, {FAULT_OPEN, 13 /* EACCES */, false},
};

struct sweep {
	uint64_t seed;
	bool verbose;
	FILE *nowhere;
	long calls, failures;
	struct process counted; /* the undisturbed night */
};

static const struct plan undisturbed = {.kind = FAULT_NONE};

/* A night without faults, the logs of the next one, and that one by `plan`. */
static void two_nights(struct sweep *s, struct world *w, const struct plan *plan, struct process *p) {
	uint64_t logs = s->seed; /* the same each time */

	world_init(w, s->seed, s->verbose, s->nowhere);
	logs_world_day(&w->logs, &w->machine.disk, &logs, 0, false);
	world_run_night(w, &undisturbed, p);
	logs_world_day(&w->logs, &w->machine.disk, &logs, 9, true);
	world_run_night(w, plan, p);
}

static void one_call(struct sweep *s, size_t way, long at) {
	const struct plan plan = {.kind = ways[way].kind, .at = at, .error = ways[way].error, .on = ways[way].on};
	struct world w;
	struct process p;

	two_nights(s, &w, &plan, &p);
	if (!w.failed) {
		world_run_night(&w, &undisturbed, &p);
	}
	machine_begin(&w.machine, &p, &undisturbed);
	if (!w.failed) {
		world_check_night(&w);
		world_check_verify(&w);
		world_check_once(&w);
	}
	machine_end(&w.machine);
	s->calls++;
	if (w.failed) {
		printf("  where %s %ld failed with %d%s\n", fault_names[plan.kind], at, plan.error, plan.on ? " on" : "");
		s->failures++;
	}
	world_release(&w);
}

static long calls_of(const struct process *p, enum fault_kind kind) {
	return kind == FAULT_READ ? p->reads : kind == FAULT_OPEN ? p->opens : p->changes;
}

int each_call(const char *part, uint64_t seed, bool verbose, FILE *nowhere) {
	struct sweep s = {.seed = seed, .verbose = verbose, .nowhere = nowhere};
	bool all = strcmp(part, "all") == 0;
	long step = all ? 1 : 10, first = all ? 1 : strtol(part, NULL, 10) + 1;
	struct world w;

	two_nights(&s, &w, &undisturbed, &s.counted);
	world_release(&w);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		for (long at = first; at <= calls_of(&s.counted, ways[i].kind) && s.failures < FAILURES_MAX; at += step) {
			one_call(&s, i, at);
		}
	}
	printf("%s: %ld faults in a night of %ld changes, %ld reads and %ld openings\n", s.failures ? "FAILED" : "ok", s.calls, s.counted.changes,
	       s.counted.reads, s.counted.opens);
	return s.failures ? EXIT_FINDINGS : EXIT_TIED_OUT;
}
