/* versus.h: sums of steps by replica and hour, compared with a GPU at its peaks. Private to report/estimate/. */
#ifndef REPORT_ESTIMATE_VERSUS_H
#define REPORT_ESTIMATE_VERSUS_H

#include "core/hash_index.h"
#include "core/exact.h"
#include "core/model/roofline.h"
#include "report/estimate.h"
#include "report/roof.h"

/* A model of the log on its GPU; not known: no description, or no such GPU. */
struct versus_case {
	name_id model, gpu;
	int64_t gpus;
	bool known;
	struct roofline roofline; /* at the peaks */
};

/* The use of paid time. */
enum cause { CAUSE_ARITHMETIC, CAUSE_BATCH, CAUSE_CONTEXT, CAUSE_FLOOR, CAUSE_SPEED, CAUSE_UNKNOWN, CAUSE_IDLE, CAUSES };
struct cause_words {
	const char *name, *key, *text;
};
extern const struct cause_words cause_words[CAUSES];

/*
 * One replica in one hour at one rate. Whole nanoseconds of wall time, summed: the same whatever the order of steps.
 * For each step: arithmetic is the time of all its FLOPs at the peak; batch, the additional time of its matrix
 * products to read weights; context, the additional time of attention at the peaks; floor, the time of a step of one
 * token in excess of reading the weights; the remainder is work below the peaks.
 */
struct versus_hour {
	name_id replica, model, pool; /* pool: of entries */
	int64_t hour_ns;
	int32_t case_at; /* of the table's cases; -1: none */
	int64_t gpus, rate_nano;
	int64_t rate_from_ns, rate_until_ns;
	const char *role; /* NULL: not known */
	int64_t steps, step_ns, arithmetic_ns, byte_ns, batch_ns, context_ns;
	int64_t busy_gpu_ns, idle_gpu_ns; /* of entries; idle: with other and unobserved */
	int64_t gpu_ns[CAUSES]; /* sum to busy and idle, once assigned */
	int64_t nano[CAUSES];   /* sum to their cost; 0 without a rate */
};

struct versus_table {
	struct versus_hour *at;
	size_t count, room;
	struct hash_index index; /* by replica and hour */
	struct versus_case *cases;
	size_t case_count;
	struct roof roof; /* groups: cases */
};

struct versus {
	struct versus_options o;
	struct modelspec *specs; /* one for each of the options' models */
	struct gpu_catalogue *cards;
	struct versus_table *tables; /* one per lane, and one for entries and the totals */
	struct fitted_model *models;
	size_t model_count;
	int128 total_gpu_ns[CAUSES];
	int64_t total_nano[CAUSES]; /* of what has a rate */
};

static inline uint64_t versus_hash(name_id replica, int64_t hour_ns) {
	return hash_mix(hash_mix(0, replica), (uint64_t)hour_ns);
}

/* A replica's hour, once per rate, in the order of adding; *at starts as the hash. NULL at the end. */
struct versus_hour *versus_next(const struct versus_table *t, name_id replica, int64_t hour_ns, uint64_t *at);
/* The case of a model on GPUs, created if needed. */
int32_t versus_case_find(struct versus *v, struct versus_table *t, name_id model, name_id gpu, int64_t gpus);
/* The same for an assigned model; NULL: none. */
const struct versus_case *versus_case_of(const struct versus *v, const struct fitted_model *m);

/* A rate that the coefficients imply, and the GPU's peak. */
struct versus_share {
	const char *key, *what, *unit, *why_low;
	double reached, peak;
};
#define VERSUS_SHARES 4
int versus_shares(const struct fitted_model *m, const struct roofline *r, struct versus_share out[VERSUS_SHARES]);

/* The arithmetic and the traffic of an hour with a known case, over the time of its steps. */
void versus_rates(const struct versus *v, const struct versus_hour *h, double *tflop_s, double *gb_s);

/* The largest cause other than arithmetic, by money if all has a rate, else by time. */
enum cause versus_most(const int128 parts[CAUSES]);
/* sum += parts */
void versus_add(int128 sum[CAUSES], const int64_t parts[CAUSES]);

#endif
