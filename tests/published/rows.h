/* rows.h: the rows of measurements.tsv, and the program's estimate of each. Private to tests/published/. */
#ifndef TESTS_PUBLISHED_ROWS_H
#define TESTS_PUBLISHED_ROWS_H

#include "report/estimate/costs.h"

#define COLUMNS 32
#define ROWS_MAX 4096

enum column { ID, SOURCE, SOURCE_REF, MODEL, CONFIG, GPU, CARD, GPUS, TP, PP, EP, DP, WEIGHTS, WEIGHTS_PUBLISHED, KV, ENGINE, VERSION,
	      PHASE, CONCURRENCY, BATCH, MAX_BATCH, CHUNK, PROMPT, OUTPUT, CONTEXT, OUT_TOK_S, IN_TOK_S, ITL, TTFT, JOULES, WATTS };

struct row {
	char *line, *field[COLUMNS];
	struct costs costs;
	double weight, measured, estimated, joules, watts;
	bool held;
};

struct data {
	struct row *rows;
	int count;
};

/* Reads DIR/measurements.tsv; rejected rows are reported and skipped. */
void read_rows(struct data *d, const char *dir);
void free_rows(struct data *d);
/* The estimate of a row, as check_estimate.py computes it. */
double estimated(struct row *r, const struct law_constants *k);

#endif
