/* versus.h: sums of steps by replica and hour, beside what a card at its peaks would take. Private to report/estimate/. */
#ifndef REPORT_ESTIMATE_VERSUS_H
#define REPORT_ESTIMATE_VERSUS_H

#include "core/exact.h"
#include "core/roofline.h"
#include "report/estimate.h"

/* A model of the log on its card; not known: no description, or no such card. */
struct versus_case {
	name_id model, gpu;
	int64_t gpus;
	bool known;
	struct roofline roofline; /* at the peaks */
};

/*
 * One replica in one hour. Whole nanoseconds of wall time, summed: the same whatever the order of steps.
 * Of each step: arithmetic is what all its FLOPs take at the peak; batch what its matrix products wait for
 * weights beyond that; context what attention takes at the peaks beyond its FLOPs; launch what the fitted
 * floor is over reading the weights; the rest of its duration is work below the peaks.
 */
struct versus_hour {
	name_id replica, model;
	int64_t hour_ns;
	int32_t case_at; /* of the table's cases; -1: none */
	int64_t gpus, rate_nano;
	int64_t steps, busy_ns, arithmetic_ns, byte_ns, batch_ns, context_ns;
	int64_t idle_gpu_ns; /* idle, other and unobserved: of entries */
};

struct versus_table {
	struct versus_hour *at;
	size_t count, last;
	struct versus_case *cases;
	size_t case_count;
};

struct versus {
	struct versus_options o;
	struct modelspec *specs; /* one for each of the options' models */
	struct gpu_catalogue *cards;
	struct versus_table *tables; /* one a lane, and one for entries and the end */
	struct fitted_model *models;
	size_t model_count;
	int64_t busy_gpu_ns; /* of entries */
};

/* The sums of a replica's hour; its case is resolved when it is new. */
struct versus_hour *versus_find(struct versus *v, struct versus_table *t, name_id replica, name_id model, int64_t at_ns);
/* The case of a model on cards, made if need be. */
int32_t versus_case_find(struct versus *v, struct versus_table *t, name_id model, name_id gpu, int64_t gpus);

#endif
