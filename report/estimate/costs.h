/*
 * costs.h: time and money of single tokens by roofline. Private to report/estimate/.
 *
 * Times are GPU-nanoseconds: wall time of the replica x its GPUs. Money is in units of the
 * currency per million tokens, of paid time: GPU time / utilisation.
 */
#ifndef REPORT_ESTIMATE_COSTS_H
#define REPORT_ESTIMATE_COSTS_H

#include "core/model/law.h"
#include "report/estimate.h"
#include "core/model/load.h"

struct costs {
	struct law law;
	struct roofline roofline; /* sizes, peaks x efficiencies: as stated, or 1 if the law has fitted ones */
	double gpus, chunk, prompt, cached, output, utilization, memory;
	double rent; /* per GPU-nanosecond of work, including idle time; NAN: not given */
	double watts, idle_watts, pue, per_kwh, grid; /* watts when busy: 0 if not stated */
	double server_watts; /* the rest of the server, per GPU; 0: not stated */
	double list_input, list_cached, list_output; /* per million; NAN: not given */
	double spread; /* natural logarithm of the factor that bounds 95 % of measurements */
	int64_t fits; /* sequences that the memory holds at their mean context */
	int64_t batch;
	bool loaded;            /* from --load or --utilization; else a full batch */
	int64_t replicas;       /* needed for it; the following fields are for one of them */
	double capacity;        /* requests a second of one replica with a full batch */
	int64_t full_batch;     /* the batch then */
	int64_t max_batch;      /* its maximum, independent of memory */
	struct load_point load;
	char currency[16];
	char calibrated[320];   /* changes by the user's log, as text; "": none */
};

/* The same replica at another load, as a fraction of its capacity: recomputes batch, busy time and money. */
void costs_set_load(struct costs *c, double offered);

/* Checks the options and reads the files. */
int costs_init(struct costs *c, const struct estimate_options *o, struct fault *why);

/* Prompt tokens computed together; and their time without attention, wall time. */
double costs_chunk(const struct costs *c);
double costs_chunk_ns(const struct costs *c);
/* A token prefilled with `context` tokens before it, in a full chunk. */
double costs_input_ns(const struct costs *c, double context);
/* The part of it that is attention. */
double costs_input_attention_ns(const struct costs *c, double context);
/* The mean over the tokens of a prompt with the first `cached` tokens in the cache: computed tokens … */
double costs_uncached_ns(const struct costs *c, double prompt, double cached);
/* … and cached ones: the attention of computed tokens to them. */
double costs_cached_ns(const struct costs *c, double prompt, double cached);
/* A token decoded in a batch of sequences with `context` tokens each; and the part that is attention. */
double costs_output_ns(const struct costs *c, double batch, double context);
double costs_output_attention_ns(const struct costs *c, double batch, double context);

/* The batch: `wanted`, or what fits into memory at this context; 0: none. */
int64_t costs_batch(const struct costs *c, int64_t wanted, double context);
/* The batch above which decode is compute-bound at a context; INFINITY: never. */
double costs_ridge(const struct costs *c, double context);
/* The first position at which an input (output) token costs more than a price per million; INFINITY: none. */
double costs_input_reach(const struct costs *c, double price);
double costs_output_reach(const struct costs *c, double price);

/* Currency per million tokens, from the GPU time of one. */
double costs_rent(const struct costs *c, double ns);
/* Electricity at these watts per GPU, including idle time. */
double costs_power(const struct costs *c, double ns, double watts);
/* Watt-hours per million tokens, PUE included. */
double costs_wh(const struct costs *c, double ns, double watts);
/* Watts of one GPU in prefill and in decode: as stated, or from their fractions of the peaks. */
double costs_input_watts(const struct costs *c);
double costs_output_watts(const struct costs *c);

#endif
