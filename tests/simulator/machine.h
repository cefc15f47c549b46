/*
 * machine.h: a computer in this process: a disk, a clock, and processes, each with its descriptors and faults.
 * calls.c replaces the C library's calls by it, calls_sqlite.c those of SQLite.
 *
 * A killed process continues to run, but no later action reaches the disk, and each call fails: so it ends, and frees
 * its memory.
 */
#ifndef TESTS_SIMULATOR_MACHINE_H
#define TESTS_SIMULATOR_MACHINE_H

#include "tests/simulator/disk.h"

enum fault_kind { FAULT_NONE, FAULT_KILL, FAULT_CUT, FAULT_WRITE, FAULT_FULL, FAULT_READ, FAULT_OPEN, FAULT_CLOCK, FAULT_KINDS };
extern const char *const fault_names[FAULT_KINDS];

/* The faults of a process. */
struct plan {
	enum fault_kind kind;
	long at;         /* at this change, read, opening or reading of the clock, from 1 */
	bool on;         /* and at each one after it */
	int error;       /* errno */
	int64_t clock_ns; /* the step of the clock */
	bool short_io;   /* reads and writes of the program end early */
	bool named_only; /* the file system has no files without names */
	long beside_at;  /* before this call another process runs to its end; 0: none does */
};

/* Defines the replacement of a call of the C library, and declares the real one (ld --wrap; see the Makefile). */
#define REAL(type, name, ...)           \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

struct process {
	struct plan plan;
	struct process *above; /* the process that it interrupts; NULL: none */
	bool dead, struck;     /* killed; the fault occurred */
	long changes, reads, opens, clocks, calls;
	int id;
};

struct machine {
	struct disk disk;
	int64_t now_ns;
	uint64_t state; /* for what is drawn */
	size_t full_bytes; /* the capacity of the disk */
	struct process *process; /* that runs */
	void (*beside)(void *context); /* runs another process to its end */
	void *context;
	int last_id;
};

/* From now on the calls below go to this machine; NULL: to none. */
void machine_use(struct machine *m);
void machine_init(struct machine *m, uint64_t seed);
void machine_release(struct machine *m);
/* Work between these is that of one process. After the end its descriptors and locks are gone, and the disk is cut if it was. */
void machine_begin(struct machine *m, struct process *p, const struct plan *plan);
void machine_end(struct machine *m);

/* For calls_sqlite.c: 0, or -1 with errno. Of a change of `len` bytes *through get to the disk, also where it fails. */
struct machine *machine_now(void);
int gate_change(struct machine *m, size_t len, size_t *through);
int gate_read(struct machine *m);
int gate_open(struct machine *m);
int64_t gate_clock(struct machine *m);

/* Registers a VFS of this machine as the default of SQLite. */
void sqlite_calls_register(void);
/* SQLite's random numbers begin again, from those of the machine: a seed replays whatever came before it. */
void sqlite_calls_reset(void);

#endif
