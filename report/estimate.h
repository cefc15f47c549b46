/*
 * estimate.h: what a token should cost from first principles, its energy, and what-if scenarios. Part of
 * report/report.h; report/estimate/ is private.
 *
 * All money here is an estimate, computed in floating point and printed with four decimals per million tokens: it is
 * for comparison only, and never part of a statement.
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
	const char *catalogue_path; /* NULL: the built-in catalogue */
	const char *weights, *kv_cache; /* formats that replace the model's own; NULL: as described */
	int64_t gpus; /* that share one copy of the model */
	int64_t tp, pp, ep, dp; /* layout; 0: default */
	const char *engine; /* that serves it; NULL: the mean of all */
	const char *calibrate; /* a model report or a statement (JSON) of one's own log; NULL: none */
	const char *currency;
	int64_t rent_nano; /* per GPU-hour, or ESTIMATE_NONE */
	/* shares in nano: 500000000 is a half */
	int64_t mfu, bandwidth; /* of the GPU's peaks; 0: as fitted to measurements */
	int64_t utilization; /* arriving requests, relative to the maximum with a full batch */
	int64_t load_nano; /* requests a second, or a multiple of one replica's maximum; 0: by utilization */
	bool load_is_factor;
	int64_t memory; /* of the GPU's memory, for weights and cache */
	int64_t batch; /* sequences that decode together; 0: as many as fit into memory, at most max_batch */
	int64_t max_batch;
	int64_t chunk; /* tokens prefilled in a step; 0: the engine's default */
	int64_t prompt, cached, output; /* tokens of a request; cached ones are part of the prompt */
	int64_t watts_milli, idle_watts_milli; /* per busy GPU (0: by its work), and per idle GPU (0: the catalogue's) */
	int64_t server_watts_milli; /* the rest of the server, per GPU, always */
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

/* ---- sellers' costs ---- */

struct prices;

struct audit_options {
	/* of a request and the replicas; GPU and price are those of `cards`; gpus 0: as many as needed */
	struct estimate_options estimate;
	const char *const *cards;         /* "H100=2.49": a GPU and its price per hour; none: likely ones */
	size_t card_count;
	const char *const *names;         /* names of the model in catalogues; none: its own */
	size_t name_count;
	const struct prices *prices;
	int64_t at_ns;                    /* of the prices */
	/* input tokens, cached ones of these, output tokens, to compute their cost; 0: none */
	int64_t tokens[3];
};

/* In "table", "csv", "json" or "html" (NULL: table). ERROR_CONFIG if no catalogue prices the model. */
int audit_print(const struct audit_options *o, const char *format, FILE *out, struct fault *why);

/* ---- measured against theory ---- */

/* What a replica runs on, according to the fleet. False: not known. */
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
	const char *catalogue_path; /* NULL: the built-in catalogue */
	unsigned lanes;
	estimate_cards_of *cards_of;
	estimate_described *described; /* called if no FILE describes it; may be NULL */
	void *context;
};

struct versus;

/* Reads the descriptions. NULL with the fault set if anything is wrong. */
struct versus *versus_new(const struct versus_options *o, struct fault *why);
void versus_free(struct versus *v);
/* Adds steps as they are read, one thread per lane; other records are ignored. */
void versus_add_record(struct versus *v, unsigned lane, const struct record *r);
/* An entry_sink: capacity, which includes idle time. */
int versus_add_entry(void *versus, const struct entry *e);
/* A fitted_sink: the coefficients against the GPU's peaks. */
int versus_add_model(void *versus, const struct fitted_model *m);
/*
 * After all records: GPU time and money by cause, in whole nanoseconds and nano-units that sum to capacity and its
 * cost, as in the statement. ERROR_RANGE if money does not fit.
 */
int versus_settle(struct versus *v, struct fault *why);
/*
 * The comparison: by fitted model, the fraction of the published peaks that its coefficients imply; by replica and
 * hour, MFU, MBU, and the causes of the cost in excess of arithmetic at the peak. For people, and as a JSON object.
 */
void versus_print(const struct versus *v, const char *currency, FILE *out);
void versus_json(const struct versus *v, FILE *out);

struct statement;
struct roof_row;
typedef int roof_sink(void *context, const struct roof_row *row);
/* Puts the described models' steps under the rooflines of their GPUs into a statement, in place of its own. */
void versus_draw_roof(const struct versus *v, struct statement *s);
/* Breakdowns of a day (tollbook.breakdowns.v1) with the same as a further member. The caller frees. */
char *versus_keep_roof(const struct versus *v, struct text breakdowns);

/* ---- what if ---- */

struct whatif_options {
	struct names *names;
	const char *catalogue_path; /* NULL: the built-in catalogue */
	unsigned lanes;
	estimate_cards_of *cards_of;
	estimate_described *described; /* may be NULL */
	void *context;
	const char *currency;
	/* the requested scenario; 0 (prices: ESTIMATE_NONE): as logged, or the default */
	int64_t rent_nano;     /* per GPU-hour */
	int64_t utilization;   /* share in nano */
	int64_t max_batch;     /* default 256 */
	int64_t chunk;         /* default 2048 */
	int64_t cache_hit;     /* share in nano of each prompt, or ESTIMATE_NONE */
	int64_t input_output;  /* input tokens per output token, in nano */
	int64_t load;          /* factor on the arrival rate, in nano */
	const char *gpu;       /* another GPU */
	bool disaggregate;     /* prefill and decode on separate replicas */
	int64_t transfer_ns;   /* time to transfer a prompt token from one to the other */
	int64_t kv_tokens;     /* tokens that a replica's cache holds; 0: by the description, else unlimited */
	int64_t memory;        /* share in nano of a GPU's memory for weights and cache; default 0.9 */
	int64_t margin;        /* margin in nano that a break-even price includes */
	int64_t list_input_nano, list_cached_nano, list_output_nano; /* per million, or ESTIMATE_NONE */
};

struct whatif;

struct whatif *whatif_new(const struct whatif_options *o, struct fault *why);
void whatif_free(struct whatif *w);
/* Adds requests as they are read, one thread per lane; other records are ignored. */
int whatif_add_record(struct whatif *w, unsigned lane, const struct record *r, struct fault *why);
/* An entry_sink (paid and busy time) and a fitted_sink. */
int whatif_add_entry(void *whatif, const struct entry *e);
int whatif_add_model(void *whatif, const struct fitted_model *m);
/*
 * Replays the requests as they arrived, compared with the logged time; then the requested scenario, or a table of
 * common ones, in a --format (NULL: table). ERROR_CONFIG if there is no fitted model or no request to replay.
 */
int whatif_print(struct whatif *w, const char *format, FILE *out, struct fault *why);

/* ---- energy ---- */

/* For a pool, by its name: site energy per machine energy and the price of a kWh, in nano; 0: not given. */
typedef void energy_site_of(void *context, name_id pool, int64_t *pue_nano, int64_t *per_kwh_nano);

struct energy_page_options {
	const struct names *names;
	energy_site_of *site_of;
	void *context;
	const char *currency;
	const char *grid; /* grams of CO2 per kWh, or a CSV file of instants and grams; NULL: not requested */
};

struct energy_page;

/* ERROR_CONFIG in the fault, and NULL, if the grid's intensity cannot be read. */
struct energy_page *energy_page_new(const struct energy_page_options *o, struct fault *why);
void energy_page_free(struct energy_page *p);
int energy_page_add_entry(void *page, const struct entry *e); /* an entry_sink */
/* Energy, its price and its CO2, exactly summed, by use and by tenant. */
void energy_page_print(const struct energy_page *p, FILE *out);
void energy_page_json(const struct energy_page *p, FILE *out);

#endif
