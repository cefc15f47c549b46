/*
 * estimate.h: what a token should cost from first principles, what energy it took, and what would be.
 * Part of report/report.h; report/estimate/ is private.
 *
 * All money here is an estimate, computed in floating point and shown to four places per million
 * tokens: it is for comparison, and never enters a statement.
 */
#ifndef REPORT_ESTIMATE_H
#define REPORT_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/entry.h"
#include "core/error.h"
#include "core/model/fitted.h"
#include "core/model/modelspec.h"
#include "core/record.h"

/* "Not given", for prices. */
#define ESTIMATE_NONE INT64_C(-1)

struct estimate_options {
	const char *model_path; /* a native description or a config.json */
	const char *gpu; /* a name of the catalogue */
	const char *catalogue_path; /* NULL: the cards built in */
	const char *weights, *kv_cache; /* formats that replace the model's own; NULL: as described */
	int64_t gpus; /* that share one copy of the model */
	int64_t tp, pp, ep, dp; /* how; 0: by default */
	const char *engine; /* that serves it; NULL: the mean of all */
	const char *calibrate; /* a model report or a statement (JSON) of one's own log; NULL: none */
	const char *currency;
	int64_t rent_nano; /* per GPU-hour, or ESTIMATE_NONE */
	/* shares in nano: 500000000 is a half */
	int64_t mfu, bandwidth; /* of the card's peaks; 0: as learnt from measurements */
	int64_t utilization; /* requests that come, of those that a full batch keeps up with */
	int64_t load_nano; /* requests a second, or a multiple of what one replica keeps up with; 0: by utilization */
	bool load_is_factor;
	int64_t memory; /* of the card's memory that weights and cache may take */
	int64_t batch; /* sequences that decode together; 0: what the memory holds, at most max_batch */
	int64_t max_batch;
	int64_t chunk; /* tokens prefilled in a step; 0: the engine's default */
	int64_t prompt, cached, output; /* tokens of a request; cached ones are part of the prompt */
	int64_t watts_milli, idle_watts_milli; /* per GPU while it works (0: its TDP), and while it does not */
	int64_t pue; /* in nano */
	int64_t per_kwh_nano; /* price, or ESTIMATE_NONE */
	int64_t grid_nano; /* grams of CO2 per kWh in nano, or ESTIMATE_NONE */
	int64_t list_input_nano, list_cached_nano, list_output_nano; /* list prices per million, or ESTIMATE_NONE */
};

/* Options that are not zero by default: one GPU, half the arithmetic, 70 % of the bandwidth, … */
void estimate_defaults(struct estimate_options *o);

struct estimate_view {
	const char *format; /* "table", "json", or with `explain` "html"; NULL: table */
	bool verbose; /* each value with its formula */
	bool explain; /* the four questions */
};

/*
 * Reads what the options name, computes and prints. ERROR_CONFIG with "file:line:column: …" or
 * "--option: …, expected …".
 */
int estimate_print(const struct estimate_options *o, const struct estimate_view *v, FILE *out, struct fault *why);

/* ---- what sellers must be paying ---- */

struct prices;

struct audit_options {
	struct estimate_options estimate; /* of a request and the replicas; its GPU and rent are those of `cards`; gpus 0: as many as it takes */
	const char *const *cards;         /* "H100=2.49": a card and its GPU-hour; none: those likely */
	size_t card_count;
	const char *const *names;         /* of the model in catalogues; none: its own */
	size_t name_count;
	const struct prices *prices;
	int64_t at_ns;                    /* of the prices */
	int64_t tokens[3];                /* input, of it cached, output, to compute what they should have cost; 0: none */
};

/* In "table", "csv", "json" or "html" (NULL: table). ERROR_CONFIG if no catalogue prices the model. */
int audit_print(const struct audit_options *o, const char *format, FILE *out, struct fault *why);

/* ---- measured against theory ---- */

/* What a replica runs on, asked of who knows the fleet. False: not known. */
struct estimate_cards {
	name_id gpu, model; /* as the fleet and the log name them */
	int64_t gpus;
	int64_t rate_nano;  /* per GPU-hour, or -1 */
	int64_t rate_from_ns, rate_until_ns; /* when it is in force */
	const char *role;   /* "mixed", "prefill" or "decode" */
};
typedef bool estimate_cards_of(void *context, name_id replica, name_id model, int64_t at_ns, struct estimate_cards *out);

/* The fleet file's description of a model on these GPUs; NULL: none. */
typedef const struct modelspec *estimate_described(void *context, name_id model, name_id gpu, int64_t gpus);

struct versus_options {
	struct names *names;
	const char *const *models; /* "FILE", or "NAME=FILE" for one model of the log */
	size_t model_count;
	const char *catalogue_path; /* NULL: the cards built in */
	unsigned lanes;
	estimate_cards_of *cards_of;
	estimate_described *described; /* called where no FILE describes it; may be NULL */
	void *context;
};

struct versus;

/* Reads the descriptions. NULL with the fault set if anything is wrong. */
struct versus *versus_new(const struct versus_options *o, struct fault *why);
void versus_free(struct versus *v);
/* Steps as they are read, one thread a lane; other records are nothing to it. */
void versus_add_record(struct versus *v, unsigned lane, const struct record *r);
/* An entry_sink: capacity, of which idle time is. */
int versus_add_entry(void *versus, const struct entry *e);
/* A fitted_sink: the coefficients against the GPU's peaks. */
int versus_add_model(void *versus, const struct fitted_model *m);
/*
 * All is in: GPU time and money by cause, in whole nanoseconds and nano-units that sum to capacity and to what it cost,
 * as the statement has them. ERROR_RANGE if money does not fit.
 */
int versus_settle(struct versus *v, struct fault *why);
/*
 * The comparison: by fitted model what its coefficients imply of the published peaks; by replica and hour
 * MFU, MBU, and where the money went that arithmetic at the peak would not have cost. For people, and as a JSON object.
 */
void versus_print(const struct versus *v, const char *currency, FILE *out);
void versus_json(const struct versus *v, FILE *out);

struct statement;
struct roof_row;
typedef int roof_sink(void *context, const struct roof_row *row);
/* The steps of the described models under the rooflines of their GPUs, cell by cell in no order; gives them to a statement in place of its own. */
int versus_each_roof(const struct versus *v, roof_sink *sink, void *context);
void versus_draw_roof(const struct versus *v, struct statement *s);
/* The same as rows of tollbook.breakdowns.v1, in one order. */
void versus_keep_roof(const struct versus *v, FILE *out);

/* ---- what if ---- */

struct whatif_options {
	struct names *names;
	const char *catalogue_path; /* NULL: the cards built in */
	unsigned lanes;
	estimate_cards_of *cards_of;
	estimate_described *described; /* may be NULL */
	void *context;
	const char *currency;
	/* the scenario asked for; 0 (prices: ESTIMATE_NONE): as logged, or the default */
	int64_t rent_nano;     /* per GPU-hour */
	int64_t utilization;   /* share in nano */
	int64_t max_batch;     /* default 256 */
	int64_t chunk;         /* default 2048 */
	int64_t cache_hit;     /* share in nano of each prompt, or ESTIMATE_NONE */
	int64_t input_output;  /* input tokens per output token, in nano */
	int64_t load;          /* arrivals so much denser, in nano */
	const char *gpu;       /* another card */
	bool disaggregate;     /* prefill and decode on replicas of their own */
	int64_t transfer_ns;   /* that a token of a prompt takes from the one to the other */
	int64_t kv_tokens;     /* that the cache of a replica holds; 0: by the description, else as many as there are */
	int64_t memory;        /* share in nano of a card's memory for weights and cache; default 0.9 */
	int64_t margin;        /* share in nano that a break-even price is to leave */
	int64_t list_input_nano, list_cached_nano, list_output_nano; /* per million, or ESTIMATE_NONE */
};

struct whatif;

struct whatif *whatif_new(const struct whatif_options *o, struct fault *why);
void whatif_free(struct whatif *w);
/* Requests as they are read, one thread a lane; other records are nothing to it. */
int whatif_add_record(struct whatif *w, unsigned lane, const struct record *r, struct fault *why);
/* An entry_sink (what was paid and worked) and a fitted_sink. */
int whatif_add_entry(void *whatif, const struct entry *e);
int whatif_add_model(void *whatif, const struct fitted_model *m);
/*
 * Replays the requests as they came, with the logged time; then as requested, or a table of common
 * questions, by a word of --format (NULL: table). ERROR_CONFIG if there is no fitted model or no request to replay.
 */
int whatif_print(struct whatif *w, const char *format, FILE *out, struct fault *why);

/* ---- what energy it took ---- */

/* Of a pool, by its name: site energy per machine energy and the price of a kWh, in nano; 0: not given. */
typedef void energy_site_of(void *context, name_id pool, int64_t *pue_nano, int64_t *per_kwh_nano);

struct energy_page_options {
	const struct names *names;
	energy_site_of *site_of;
	void *context;
	const char *currency;
	const char *grid; /* grams of CO2 per kWh, or a CSV file of instants and grams; NULL: not asked for */
};

struct energy_page;

/* ERROR_CONFIG in the fault, and NULL, if the grid's intensity cannot be read. */
struct energy_page *energy_page_new(const struct energy_page_options *o, struct fault *why);
void energy_page_free(struct energy_page *p);
int energy_page_add_entry(void *page, const struct entry *e); /* an entry_sink */
/* Energy, its price and its CO2, exactly summed, by what it went to and by tenant. */
void energy_page_print(const struct energy_page *p, FILE *out);
void energy_page_json(const struct energy_page *p, FILE *out);

#endif
