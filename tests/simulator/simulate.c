/*
 * simulate.c: thousands of nights of a book in a simulated machine, reproducible by seed.
 *
 *   simulate FIRST SECONDS [COUNT]     from seed FIRST on, for SECONDS, at most COUNT seeds; -v first lists each night
 *   simulate --each PART [SEED]        instead: a fault at each call of a night (PART of ten: every tenth; "all"), see each.c
 *
 * A seed makes a small fleet and its logs, which grow, are rotated, compressed, copied, arrive late or contain
 * invalid data. Each night may be killed at any disk change, with and without a power cut (writes since the last sync
 * are then lost, kept or torn, in any order), have a disk that is full or fails, reads that fail or end early, files
 * that cannot be opened, a clock that jumps, a second night or a reader within it. A month may be closed in between.
 *
 * After each undisturbed night: the parts of the statement sum to the whole, each request of the logs counts once,
 * and closed periods have not changed. After the last: verify has no findings, and the statement has the bytes of
 * that of a book which read the same logs in one night, and the figures of `run`.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/simulator/each.h"
#include "tests/simulator/world.h"

#define HOUR_NS (INT64_C(3600) * 1000000000)
#define NIGHTS_MAX 8
#define FAILURES_MAX 5

/* ---- nights ---- */

/* Log-uniform up to the number of calls of a night: early calls matter as much as late ones. */
static long draw_call(struct world *w, long most) {
	int bits = 0;

	while ((1L << bits) < most) {
		bits++;
	}
	return (long)draw_within(&w->state, 1, (INT64_C(1) << draw_within(&w->state, 1, bits + 1)) + 1);
}

static struct plan draw_plan(struct world *w) {
	static const int errors[] = {5 /* EIO */, 28 /* ENOSPC */, 13 /* EACCES */, 24 /* EMFILE */};
	struct plan p = {.kind = FAULT_NONE};

	if (draw_within(&w->state, 0, 10) < 7) {
		p.kind = (enum fault_kind)draw_within(&w->state, FAULT_KILL, FAULT_KINDS);
		p.at = p.kind == FAULT_CLOCK || p.kind == FAULT_OPEN ? draw_call(w, 60) : draw_call(w, w->changes);
		p.on = draw_one_in(&w->state, 2);
		p.error = errors[draw_within(&w->state, 0, 4)];
		p.clock_ns = draw_within(&w->state, -20, 20) * HOUR_NS;
		w->machine.full_bytes = disk_used(&w->machine.disk) + (size_t)draw_within(&w->state, 0, 300000);
	}
	p.short_io = draw_one_in(&w->state, 4);
	p.named_only = draw_one_in(&w->state, 4);
	p.beside_at = draw_one_in(&w->state, 4) ? draw_call(w, 4 * w->changes) : 0;
	return p;
}

/* Runs to its end while a night runs: another night, with or without faults, or a reader. */
static void beside(void *world) {
	struct world *w = world;
	struct process p;
	struct plan plan = {.kind = FAULT_NONE};
	struct statement_totals t = {0};
	struct fault why = {0};
	int64_t requests = logs_world_sum(&w->logs).requests;

	if (draw_one_in(&w->state, 3)) {
		plan.kind = draw_one_in(&w->state, 2) ? FAULT_KILL : FAULT_WRITE;
		plan.at = draw_call(w, w->changes);
		plan.error = 5;
	}
	machine_begin(&w->machine, &p, &plan);
	if (draw_one_in(&w->state, 2)) {
		int rc = world_night(w, DISK_ROOT "/book.conf", &why);
		machine_end(&w->machine);
		if (rc < 0 && !why.message[0]) {
			world_fail(w, "a second night ended without a message");
		}
		return;
	}
	int rc = world_totals(w, false, &t, &why);
	machine_end(&w->machine);
	if (rc > 0 && !w->closed && (t.requests < w->seen || t.requests > requests)) {
		world_fail(w, "a reader saw %" PRId64 " requests, expected %" PRId64 " to %" PRId64, t.requests, w->seen, requests);
	}
}

static void one_night(struct world *w, bool last) {
	struct plan plan = last ? (struct plan){.kind = FAULT_NONE} : draw_plan(w);
	struct process p;
	int rc = world_run_night(w, &plan, &p);

	if (rc >= 0 && !p.struck && !p.dead && !plan.beside_at && !w->failed) {
		w->changes = p.changes > 20 ? p.changes : w->changes;
		machine_begin(&w->machine, &p, &(struct plan){.kind = FAULT_NONE});
		world_check_night(w);
		machine_end(&w->machine);
	}
}

/* The month is closed, or the attempt is killed; what it was closed with is kept. */
static void maybe_close(struct world *w) {
	struct plan plan = {.kind = FAULT_NONE};
	struct process p;
	struct fault why = {0};

	if (draw_one_in(&w->state, 2)) {
		plan.kind = draw_one_in(&w->state, 2) ? FAULT_KILL : FAULT_CUT;
		plan.at = draw_call(w, 60);
	}
	snprintf(w->doing, sizeof w->doing, ", close (%s at %ld)", fault_names[plan.kind], plan.at);
	machine_begin(&w->machine, &p, &plan);
	int rc = world_close(w, &why);
	machine_end(&w->machine);
	world_note(w, &p, rc, &why);
	if (rc < 0 && !why.message[0]) {
		world_fail(w, "ended without a message");
	}
	if (rc == 0) {
		w->closed = true;
	} else if (!p.dead) {
		return; /* there is nothing to close yet */
	}
	machine_begin(&w->machine, &p, &(struct plan){.kind = FAULT_NONE});
	if (!w->closed) { /* killed: the next attempt shows whether it was closed */
		rc = world_close(w, &why);
		w->closed = rc == 0 || strstr(why.message, "is closed already");
	}
	if (w->closed && world_totals(w, true, &w->month, &why) < 0) {
		world_fail(w, "no report of the closed month: %s", why.message);
	}
	machine_end(&w->machine);
}

static void last_checks(struct world *w) {
	struct process p;

	machine_begin(&w->machine, &p, &(struct plan){.kind = FAULT_NONE});
	world_check_verify(w);
	if (!w->closed) {
		world_check_once(w);
	}
	if (!w->closed && !w->failed && draw_one_in(&w->state, 2)) {
		world_check_run(w);
	}
	machine_end(&w->machine);
}

/* Runs nights; returns whether all succeeded. */
static int play(uint64_t seed, bool verbose, FILE *nowhere, bool *failed) {
	struct world w;

	world_init(&w, seed, verbose, nowhere);
	w.machine.beside = beside;
	int64_t nights = draw_within(&w.state, 1, NIGHTS_MAX), close_after = draw_one_in(&w.state, 3) ? draw_within(&w.state, 1, nights + 1) : 0;
	for (int i = 0; i < nights && !w.failed; i++) {
		logs_world_day(&w.logs, &w.machine.disk, &w.state, i, false);
		one_night(&w, false);
		if (i + 1 == close_after && !w.failed) {
			maybe_close(&w);
		}
	}
	if (!w.failed) {
		logs_world_day(&w.logs, &w.machine.disk, &w.state, NIGHTS_MAX, true);
		one_night(&w, true);
	}
	if (!w.failed) {
		last_checks(&w);
	}
	*failed = w.failed;
	int done = w.nights;
	world_release(&w);
	return done;
}

static double seconds(clockid_t of) {
	struct timespec now;

	clock_gettime(of, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0, failed;
	char **args = argv + verbose;
	int64_t nights = 0, failures = 0;
	FILE *nowhere = fopen("/dev/null", "w");

	if (argc - verbose < 3) {
		fprintf(stderr, "usage: simulate [-v] FIRST SECONDS [COUNT] | --each PART [SEED]\n");
		return EXIT_USAGE;
	}
	sqlite_calls_register();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(args[1], "--each") == 0) {
		return each_call(args[2], argc - verbose > 3 ? strtoull(args[3], NULL, 10) : 1, verbose, nowhere);
	}
	uint64_t first = strtoull(args[1], NULL, 10), seed = first, count = argc - verbose > 3 ? strtoull(args[3], NULL, 10) : UINT64_MAX;
	double until = seconds(CLOCK_MONOTONIC) + strtod(args[2], NULL);
	for (; seconds(CLOCK_MONOTONIC) < until && seed - first < count && failures < FAILURES_MAX; seed++) {
		nights += play(seed, verbose, nowhere, &failed);
		failures += failed;
	}
	fclose(nowhere);
	printf("%s: %" PRId64 " nights of %" PRIu64 " books, %.0f a second of processor time\n", failures ? "FAILED" : "ok", nights, seed - first,
	       (double)nights / seconds(CLOCK_PROCESS_CPUTIME_ID));
	return failures ? EXIT_FINDINGS : EXIT_TIED_OUT;
}
