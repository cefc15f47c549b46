/* calls_clock.c: the clock and the random numbers of the machine. */
#define _GNU_SOURCE
#include <sys/types.h>
#include <time.h>

#include "tests/simulator/machine.h"

static bool in_process(void) {
	return machine_now() && machine_now()->process;
}

REAL(int, clock_gettime, clockid_t clock, struct timespec *out) {
	if (!in_process()) {
		return __real_clock_gettime(clock, out);
	}
	int64_t ns = gate_clock(machine_now());
	*out = (struct timespec){ns / 1000000000, ns % 1000000000};
	return 0;
}

REAL(time_t, time, time_t *out) {
	time_t now = in_process() ? (time_t)(gate_clock(machine_now()) / 1000000000) : __real_time(NULL);

	if (out) {
		*out = now;
	}
	return now;
}

REAL(int, nanosleep, const struct timespec *time, struct timespec *left) {
	if (!in_process()) {
		return __real_nanosleep(time, left);
	}
	machine_now()->now_ns += time->tv_sec * 1000000000 + time->tv_nsec;
	return 0;
}

REAL(pid_t, getpid, void) {
	return in_process() ? (pid_t)machine_now()->process->id : __real_getpid();
}

REAL(ssize_t, getrandom, void *bytes, size_t len, unsigned flags) {
	unsigned char *at = bytes;

	if (!in_process()) {
		return __real_getrandom(bytes, len, flags);
	}
	for (size_t i = 0; i < len; i++) {
		at[i] = (unsigned char)draw(&machine_now()->state);
	}
	return (ssize_t)len;
}
