/* whatif.h: the log's own requests under another scenario. Private to report/estimate/. */
#ifndef REPORT_ESTIMATE_WHATIF_H
#define REPORT_ESTIMATE_WHATIF_H

#include "core/model/roofline.h"
#include "core/files/spool.h"
#include "report/estimate/replay.h"
#include "report/estimate.h"

struct scenario {
	const char *name;
	double cache_hit, input_output, load; /* NAN: unchanged */
	int64_t max_batch, chunk;
	bool disaggregate;
	const struct gpu *card; /* NULL: unchanged */
};

struct outcome {
	struct replay_sums sums; /* GPU time: wall time x GPUs of each replica */
	int128 capacity_gpu_ns;  /* paid, including longer_ns */
	/* time of the requests in excess of the paid time, as they wait for each other; GPU time */
	int128 longer_ns;
	int64_t kv_tokens;       /* of the replica with the least; 0: not bounded */
	bool extrapolated;       /* a coefficient was scaled to a GPU that is not in the log */
};

struct whatif {
	struct whatif_options o;
	struct gpu_catalogue *cards;
	struct spool *requests;
	struct fitted_model *models;
	size_t model_count;
	int64_t *skipped; /* by lane */
	/* of entries, GPU-ns and money */
	int128 capacity_ns, busy_ns, prefill_ns, decode_ns, priced_ns;
	double money; /* of priced_ns */
	int64_t input, output; /* tokens, for the mix; of requests */
	int64_t first_ns;
	/* GPU time after the last arrivals, in the replay of the original run; -1: not replayed yet */
	int128 drain_ns;
};

/* whatif_play.c: plays one scenario. */
int whatif_play(struct whatif *w, const struct scenario *s, struct outcome *out, struct fault *why);

/* Cost per million tokens of a kind, including idle time; NAN without tokens. */
struct whatif_costs {
	double utilization, busy_money; /* cost of busy time */
	double input, cached, output;
};

struct answer {
	struct scenario scenario;
	struct outcome outcome;
	struct whatif_costs costs;
};

/* The original run, the answers (the first is the run itself, replayed), and the break-even prices in one of them. */
struct whatif_answers {
	const struct whatif *w;
	const struct answer *at;
	size_t count, even; /* even: the answer used for break-even prices */
	int64_t left_out;   /* requests that cannot be replayed */
};

double answer_batch(const struct answer *a);   /* sequences that decode together; NAN: none did */
double answer_wait_ms(const struct answer *a); /* to the first token */
double answer_ratio(const struct answer *a);   /* output : input */
double whatif_rate(const struct whatif *w);    /* money of a GPU-nanosecond; NAN: not known */
/* Busy fraction at which the given list prices break even; NAN: none are given. */
double whatif_break_even(const struct whatif *w, const struct answer *a);
/* The factor of uncertainty of a scenario scaled to another GPU. NAN: not scaled. */
double answer_spread(const struct answer *a);

/* whatif_forms.c, whatif_html.c */
void whatif_csv(const struct whatif_answers *all, FILE *out);
void whatif_markdown(const struct whatif_answers *all, FILE *out);
void whatif_html(const struct whatif_answers *all, FILE *out);

#endif
