/* logs.h: the logs of a small fleet, which grow, are rotated, compressed, copied and damaged from night to night. */
#ifndef TESTS_SIMULATOR_LOGS_H
#define TESTS_SIMULATOR_LOGS_H

#include "tests/simulator/disk.h"

#define LOGS_MAX 4

/* A request, and the end of its line. */
struct request_line {
	size_t end;
	int64_t prompt, output;
};

struct log {
	char name[32];
	struct bytes content; /* as it will be */
	struct request_line *requests;
	size_t request_count, written;
	int rotated, late;    /* late: it arrives in that night */
	bool packed, whole;   /* whole: what is written ends with a line */
};

struct logs_world {
	struct log logs[LOGS_MAX];
	size_t count;
	bool requests_only; /* no server has steps: all tokens are those of requests */
	int copies;
};

/* The sums of all existing lines. */
struct logs_sum {
	int64_t requests, prompt, output;
	bool whole; /* no log ends within a line */
};

void logs_world_init(struct logs_world *w, struct disk *d, uint64_t *state);
void logs_world_release(struct logs_world *w);
/* Changes the logs before night `night`; `last`: everything that is missing arrives. */
void logs_world_day(struct logs_world *w, struct disk *d, uint64_t *state, int night, bool last);
struct logs_sum logs_world_sum(const struct logs_world *w);

#endif
