/* logs.h: the logs of a small fleet, as they grow, are rotated, packed, copied and damaged from night to night. */
#ifndef TESTS_SIMULATOR_LOGS_H
#define TESTS_SIMULATOR_LOGS_H

#include "tests/simulator/disk.h"

#define LOGS_MAX 4

/* A request, and where its line ends. */
struct request_line {
	size_t end;
	int64_t prompt, output;
};

struct log {
	char name[32];
	struct bytes content; /* as it will be */
	struct request_line *requests;
	size_t request_count, written;
	int rotated, late;    /* late: it comes in that night */
	bool packed, whole;   /* whole: what is written ends with a line */
};

struct logs_world {
	struct log logs[LOGS_MAX];
	size_t count;
	bool requests_only; /* no server has steps: all tokens are those of requests */
	int copies;
};

/* What all lines that are there sum to. */
struct logs_sum {
	int64_t requests, prompt, output;
	bool whole; /* no log ends within a line */
};

void logs_world_init(struct logs_world *w, struct disk *d, uint64_t *state);
void logs_world_release(struct logs_world *w);
/* What happens to the logs before night `night`; `last`: all that is missing comes. */
void logs_world_day(struct logs_world *w, struct disk *d, uint64_t *state, int night, bool last);
struct logs_sum logs_world_sum(const struct logs_world *w);

#endif
