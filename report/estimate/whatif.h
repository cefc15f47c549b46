/* whatif.h: the log's own requests under another scenario. Private to report/estimate/. */
#ifndef REPORT_ESTIMATE_WHATIF_H
#define REPORT_ESTIMATE_WHATIF_H

#include "core/model/roofline.h"
#include "core/files/spool.h"
#include "report/estimate/replay.h"
#include "report/estimate.h"

struct scenario {
	char name[64];
	double cache_hit, input_output, load; /* NAN: as it was */
	int64_t max_batch, chunk;
	bool disaggregate;
	const struct gpu *card; /* NULL: as it was */
};

struct outcome {
	struct replay_sums sums; /* GPU time: wall time x GPUs of each replica */
	int64_t capacity_gpu_ns; /* paid, longer_ns included */
	int64_t longer_ns;       /* what the requests take beyond the paid time, since they wait for each other; GPU time */
	int64_t kv_tokens;       /* of the replica that has least; 0: not bounded */
	bool extrapolated;       /* a coefficient was scaled to a card that the log knows nothing of */
};

struct whatif {
	struct whatif_options o;
	struct gpu_catalogue *cards;
	struct spool *requests;
	struct fitted_model *models;
	size_t model_count;
	int64_t *skipped; /* by lane */
	/* of entries, GPU-ns and money */
	int64_t capacity_ns, busy_ns, prefill_ns, decode_ns, priced_ns;
	double money; /* of priced_ns */
	int64_t input, output; /* tokens, for the mix; of requests */
	int64_t first_ns;
	int64_t drain_ns; /* GPU time after the last arrivals, in the replay of the run as it was; -1: not replayed yet */
};

/* whatif_play.c: plays one scenario. */
int whatif_play(struct whatif *w, const struct scenario *s, struct outcome *out, struct fault *why);

/* Per million tokens of what a kind took, loaded with idle time; NAN without tokens. */
struct whatif_costs {
	double utilization, busy_money; /* money of the time at work */
	double input, cached, output;
};

struct answer {
	struct scenario scenario;
	struct outcome outcome;
	struct whatif_costs costs;
};

/* The run as it was, the answers (the first of them the run itself, replayed), and what breaks even in one of them. */
struct whatif_answers {
	const struct whatif *w;
	const struct answer *at;
	size_t count, even; /* even: the answer whose prices break even */
	int64_t left_out;   /* requests that could not be replayed */
};

double answer_batch(const struct answer *a);   /* sequences that decode together; NAN: none did */
double answer_wait_ms(const struct answer *a); /* to the first token */
double answer_ratio(const struct answer *a);   /* output : input */
double whatif_rate(const struct whatif *w);    /* money of a GPU-nanosecond; NAN: not known */
/* Share of the time at work at which the list prices given pay; NAN: none are given. */
double whatif_break_even(const struct whatif *w, const struct answer *a);
/* A scenario scaled to another GPU: its figures are within a factor. NAN: it is not one. */
double answer_spread(const struct answer *a);

/* whatif_forms.c, whatif_html.c */
void whatif_csv(const struct whatif_answers *all, FILE *out);
void whatif_markdown(const struct whatif_answers *all, FILE *out);
void whatif_html(const struct whatif_answers *all, FILE *out);

#endif
