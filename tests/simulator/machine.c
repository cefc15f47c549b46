#include "tests/simulator/machine.h"

#include <errno.h>
#include <string.h>

/* The duration of a call. */
#define CALL_NS 1000

const char *const fault_names[FAULT_KINDS] = {"none", "kill", "cut", "write", "full", "read", "open", "clock"};

void machine_init(struct machine *m, uint64_t seed) {
	*m = (struct machine){.state = seed, .full_bytes = SIZE_MAX};
	disk_init(&m->disk, &m->now_ns);
}

void machine_release(struct machine *m) {
	disk_release(&m->disk);
}

void machine_begin(struct machine *m, struct process *p, const struct plan *plan) {
	*p = (struct process){.plan = *plan, .above = m->process, .id = ++m->last_id};
	m->process = p;
}

void machine_end(struct machine *m) {
	struct process *p = m->process;

	m->process = p->above;
	if (p->dead && p->plan.kind == FAULT_CUT) {
		for (struct process *above = m->process; above; above = above->above) {
			above->dead = true;
		}
		disk_cut(&m->disk, &m->state);
	}
}

/* ---- gates ---- */

static void run_beside(struct machine *m) {
	struct process *p = m->process;

	if (++p->calls == p->plan.beside_at && m->beside) {
		m->beside(m->context);
	}
}

/* Whether the fault occurs at this call of its kind. */
static bool strikes(struct process *p, enum fault_kind kind, long n) {
	bool now = p->plan.kind == kind && (n == p->plan.at || (n > p->plan.at && p->plan.on));

	p->struck |= now;
	return now;
}

static int fail(int error) {
	errno = error;
	return -1;
}

int gate_change(struct machine *m, size_t len, size_t *through) {
	struct process *p = m->process;

	run_beside(m);
	*through = len;
	if (p->dead) {
		*through = 0;
		return fail(EIO);
	}
	long n = ++p->changes;
	if (strikes(p, FAULT_KILL, n) || strikes(p, FAULT_CUT, n)) {
		p->dead = true;
		*through = (size_t)draw_within(&m->state, 0, (int64_t)len + 1);
		return fail(EIO);
	}
	if (strikes(p, FAULT_WRITE, n)) {
		*through = len / 2;
		return fail(p->plan.error);
	}
	if (p->plan.kind == FAULT_FULL && len > 0 && disk_used(&m->disk) + len > m->full_bytes) {
		p->struck = true;
		*through = len / 2;
		return fail(ENOSPC);
	}
	return 0;
}

int gate_read(struct machine *m) {
	struct process *p = m->process;

	run_beside(m);
	if (p->dead || strikes(p, FAULT_READ, ++p->reads)) {
		return fail(EIO);
	}
	return 0;
}

int gate_open(struct machine *m) {
	struct process *p = m->process;

	run_beside(m);
	if (p->dead || strikes(p, FAULT_OPEN, ++p->opens)) {
		return fail(p->dead ? EIO : p->plan.error);
	}
	return 0;
}

int64_t gate_clock(struct machine *m) {
	struct process *p = m->process;

	m->now_ns += CALL_NS;
	if (p && p->plan.kind == FAULT_CLOCK && ++p->clocks >= p->plan.at) {
		p->struck = true;
		return m->now_ns + p->plan.clock_ns;
	}
	return m->now_ns;
}
