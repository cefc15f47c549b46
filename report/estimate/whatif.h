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
	int64_t capacity_gpu_ns;
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
};

/* whatif_play.c: plays one scenario. */
int whatif_play(struct whatif *w, const struct scenario *s, struct outcome *out, struct fault *why);

#endif
