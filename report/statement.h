/* statement.h: the content of a priced statement; renderings print it. Private to report/. */
#ifndef REPORT_STATEMENT_H
#define REPORT_STATEMENT_H

#include "core/billing.h"
#include "core/exact.h"
#include "core/hash_index.h"
#include "report/prices/prices.h"
#include "report/report.h"
#include "report/roof.h"

/* Kinds of tokens; also the first entry kinds. */
enum token_kind { TOKENS_INPUT, TOKENS_CACHED, TOKENS_OUTPUT, TOKEN_KINDS };

/* Nano-units of the currency per million tokens. */
struct unit_cost {
	bool known; /* there are such tokens, of GPU time at a known rate */
	int64_t busy_nano, loaded_nano;
	/* The 95 % interval of the busy cost, from the split: 1.96 standard deviations either way. */
	int64_t low_nano, high_nano;
};

/*
 * A sum of cells: a row of the contract's BLOCK. It includes its allocated share of shared time (idle, unobserved,
 * other of no tenant), also in its loaded unit costs.
 */
struct block {
	int64_t requests;
	bool requests_unknown; /* no log reports those of its tokens */
	int64_t tokens[TOKEN_KINDS]; /* TOKENS_INPUT: uncached */
	int64_t unknown_ntok; /* of these, tokens of prompts with a cached part that no log reports */
	bool cached_unknown;  /* they are over 1 % of all input: its cached part is not known */
	int64_t reasoning_tokens, cache_write_tokens;
	/* the part bought from vendors, and its list price, as far as known */
	bool has_bought, has_ran; /* there is any; there is anything else */
	int64_t bought_requests, bought_tokens[TOKEN_KINDS], bought_nano;
	int128 gpu_ns[ENTRY_KINDS], capacity_ns; /* time of many GPUs: 64 bits hold 292 GPU-years */
	int64_t cost_nano[ENTRY_KINDS], capacity_nano;
	int128 unpriced_ns; /* GPU time without a known rate: not in the cost */
	int64_t rated_tokens[TOKEN_KINDS]; /* tokens with GPU time at a known rate: the base of unit costs */
	int64_t energy_mj[ENTRY_KINDS], capacity_mj; /* millijoules; all 0 if nothing is known about power */
	int128 metered_ns; /* GPU time covered by power samples */
	int128 evidence_ns[GRADE_NONE]; /* busy time by the grade of its evidence */
	struct unit_cost unit[TOKEN_KINDS];
	struct unit_cost prompt, blended; /* over all input, and over all tokens */
	/* list price; known if a model in the block has one for all of its tokens */
	bool list_known;
	const char *list_model; /* "provider/id", or "(several)" */
	bool list_price_known[TOKEN_KINDS];
	int64_t list_nano[TOKEN_KINDS]; /* per million, effective */
	int64_t revenue_nano;
	int32_t revenue_rest; /* what its rounding left, in millionths of a nano-unit */
	/* the part of capacity_nano that the margin covers: all except the share of models without a list price */
	int64_t priced_nano;
	bool margin_known; /* has a list price, and all of the GPU time has a known rate */
	int64_t margin_nano; /* revenue minus priced_nano */
	double margin_ratio; /* of revenue; only if that is not 0 */
};

/* Bought models without a list price, which are not in the total of list prices; and all that were bought. */
size_t unpriced_bought(const struct statement *s, size_t *all);

/* Are cached tokens unknown for the prompts of an entry? Then, once priced, adds what to switch on. */
bool unknown_cached(struct statement *s, const struct entry *e, bool bought);
/* Is that so for any replica? */
bool unknown_any(struct statement *s);
void unknown_report(const struct statement *s, struct quality *q);

/* unrated.c: of each replica and pool with entries at no known rate, where it comes first. */
struct unrated_list {
	struct unrated *at;
	size_t count, room;
	struct hash_index by_key;
};
void unrated_note(struct unrated_list *u, const struct entry *e, name_id pool);
void unrated_release(struct unrated_list *u);
/* How many replicas have time at no known rate; the first `max` of them, in the order of pools and replicas. No more are noted. */
size_t unrated_replicas(struct unrated_list *u, const struct names *names, const uint32_t *rank, name_id *out, size_t max);

/* The 95 % error of a unit cost, relative. */
double unit_relative(const struct unit_cost *u);
/* The bound of a unit cost with such an error. */
void unit_interval(int64_t nano, double relative, int64_t *low_nano, int64_t *high_nano);
/* Is half of the interval at least 0.05 % of the busy cost? */
bool unit_is_doubtful(const struct unit_cost *u);
/* Do its parts sum to its capacity? */
bool block_ties(const struct block *b);
int128 block_prefill_ns(const struct block *b);
int64_t block_prefill_nano(const struct block *b);
int128 block_busy_ns(const struct block *b);
/* The block's share of time that is not its own work. */
int64_t block_shared_nano(const struct block *b);
/* Is the cost of its GPU time known at all? If not, it must not look free. */
bool block_has_cost(const struct block *b);
/* Watt-hours in nano-units per million tokens of a kind; false if either is not known. */
bool block_unit_energy(const struct block *b, int kind, int64_t *nano_wh);
/* Loaded output cost over loaded uncached input cost (or busy, or list); 0 if either is not known. */
double block_ratio_real(const struct block *b);
double block_ratio_list(const struct block *b);

/* The model and the tenant of a row of time without work. */
#define NOT_ALLOCATED T("(not allocated)")

/* A block with the values of its keys. */
struct row {
	bool not_allocated;
	int64_t bucket_ns; /* start of its hour, day or month */
	struct text model, replica, pool, tenant; /* those that are keys */
	struct block block;
};

/*
 * A large table keeps the numbers of each row's cells only: a row is built when it is read.
 */
struct built_rows;
struct table {
	struct row *rows; /* NULL: built when read */
	size_t count;
	struct built_rows *built;
	int128 capacity_ns; /* of all rows */
	int64_t capacity_nano;
	bool untied; /* a row's parts do not sum to it */
	int8_t *steps; /* nano-units of list revenue that each row gets, so that they sum to the total's; NULL: none */
};
/* A row; of a large table it is valid until TABLE_ROWS_KEPT others of this table are read. */
#define TABLE_ROWS_KEPT 16
const struct row *table_at(const struct table *t, size_t i);
void table_release(struct table *t);

/* What an entry's list price depends on in addition to its own fields: for API spend, its pool. */
struct terms {
	bool bought;
	int part; /* BILLED_PARTS: plain tokens */
	struct billing billing;
};

/* The list price of a model and provider in the logs. */
struct list_price {
	name_id model;
	struct text provider; /* empty: none is named */
	uint32_t next; /* next one of the model: index + 1, or 0 */
	struct price_search search;
	const char *label; /* "provider/id" */
	int128 revenue; /* nano-units x 10^6 */
	/* to be reported in a warning */
	unsigned as_standard[SERVICES]; /* bits by enum price_kind: the standard price is used */
	bool cached_as_input, unpriced, tiered, part_above, foreign, geo_unknown;
	int64_t part_amount[BILLED_PARTS]; /* without a price in the catalogue */
	int128 part_revenue[BILLED_PARTS], geo_revenue, standard_revenue[SERVICES]; /* the last: what rests on standard prices */
};

/* ---- in addition to the sums ---- */

/* Tokens of a model at a depth of the context. */
struct position {
	struct position_row row; /* as received; tokens summed over rates */
	int128 gpu_ns;
	int128 exact; /* GPU time x rate */
	int64_t rated_tokens; /* tokens with GPU time at a known rate: the base of the unit cost */
	int64_t cost_nano, unit_nano; /* of this time; per million tokens, 0 without rated ones */
	int64_t low_nano, high_nano;  /* of unit_nano, at 95 % */
	bool list_known;
	int64_t list_nano; /* list price of its class at the start of the period */
};

struct positions {
	struct position *rows;
	size_t count;
};

/* Steps of a model by the number of sequences decoding together. */
struct batch {
	struct batch_row row; /* as posted; steps and tokens summed over rates */
	int128 decode_gpu_ns, step_ns;
	int128 exact; /* GPU time of decode x rate */
	int64_t rated_tokens; /* tokens with GPU time at a known rate: the base of the unit cost */
	int64_t cost_nano, unit_nano; /* of this time; per million tokens, 0 without rated ones */
	double user_tok_s; /* tokens per second of a user; 0: not known */
};

struct batches {
	struct batch *rows;
	size_t count;
};

/* Steps of the log under the roofline of the GPUs that most of them ran on, all GPUs of a replica together. */
struct roofline_picture {
	struct text model, gpu;
	int64_t gpus;
	double peak_tflop_s, peak_gb_s;
	struct roof_cell *cells; /* by kind, intensity, speed */
	size_t count;
};

/* The models on their GPUs that have a roofline; `cells` has their numbers as groups. */
struct roof_case {
	name_id model, gpu;
	int64_t gpus, flop_s, byte_s;
};

struct roofs {
	struct roof_case *cases;
	size_t count;
	struct roof cells;
};

/*
 * A replica that always decodes this many sequences together, with the log's ratio of prompts to output tokens, by
 * the fitted model.
 */
struct curve_point {
	struct curve_row row;
	double step_ns, gpus;
	double user_tok_s, replica_tok_s; /* output tokens a second */
	int64_t unit_nano;                /* of them per million, at the model's mean rate */
};

struct curves {
	struct curve_point *rows; /* once finished: by model (text), then sequences */
	size_t count;
	struct hash_index index; /* by model and sequences; while it is filled */
};

/* A model under a rule. `in`: over all input tokens, including cached ones. */
struct rule_result {
	struct rule_row row; /* as received */
	size_t number;       /* in the order of arrival */
	int128 prefill_gpu_ns, decode_gpu_ns; /* summed over rates */
	int128 prefill_exact, decode_exact;
	bool in_known, out_known; /* there are such tokens, at a known rate */
	int64_t prefill_nano, decode_nano, in_nano, out_nano;
	bool has_interval; /* at 95 %, of in_nano and out_nano; not of rules that need no step model */
	int64_t in_low_nano, in_high_nano, out_low_nano, out_high_nano;
};

struct rule_results {
	struct rule_result *rows;
	size_t count;
	struct hash_index by_model;
};

/* A model's traffic of one class of service. */
struct service_sum {
	name_id model;
	enum service service;
	int64_t requests, tokens[TOKEN_KINDS]; /* TOKENS_INPUT: uncached */
	int128 revenue;                        /* nano-units x 10^6 */
	bool unlisted, revenue_known;
	int64_t revenue_nano;
	unsigned as_standard; /* see struct list_price */
};

/* For models with other traffic than standard, once finished. */
struct services {
	struct service_sum *rows;
	size_t count, room;
	uint32_t *first; /* by name_id of the model: index of its first row + 1, or 0 */
	size_t model_count;
};

/* services.c: counts an entry; false if a sum does not fit. Then money, once the models have theirs. */
bool services_add_entry(struct services *v, const struct entry *e, bool listed, int128 revenue);
void services_finish(struct statement *s);

/* positions.c, batches.c, rules.c: money and unit costs; orders the rows. */
int batches_finish(struct statement *s, struct fault *why);
int positions_finish(struct statement *s, struct fault *why);
int rules_finish(struct statement *s, struct fault *why);

/* Changes to closed periods by later evidence, in the order of posting. */
struct adjustment {
	struct report_adjustment said;
	bool priced; /* is its rate known? */
	int64_t cost_nano;
};

struct adjustments {
	struct adjustment *rows;
	size_t count, unpriced;
	int64_t gpu_ns, cost_nano; /* in all */
};

/* Adjustments of a closed period, summed by day and account: model, tenant and kind. */
struct adjusted_sum {
	const char *period;
	int64_t day_ns; /* UTC */
	name_id model, tenant;
	enum entry_kind kind;
	size_t postings;
	bool priced; /* each posting's rate is known */
	int64_t tokens, gpu_ns, cost_nano;
};

/* By the amount of their cost, largest first; to be freed. */
struct adjusted_sum *adjustments_by_day(const struct statement *s, size_t *count);

/* The same as a block, for renderings with rows of blocks; without unit costs. */
struct block adjustment_block(const struct adjustment *a);

/* ---- unit costs over time: for pictures ---- */

/* A model in one step of time. */
struct moment {
	int64_t start_ns;
	name_id model;
	int64_t tokens[TOKEN_KINDS]; /* tokens with GPU time at a known rate */
	int128 paid_ns; /* GPU time of theirs, shared time with it */
	int128 exact[ENTRY_KINDS], spread[TOKEN_KINDS]; /* GPU time x rate */
	struct unit_cost unit[TOKEN_KINDS];
};

/* Steps of an hour, or of a day if the period has more than TIMELINE_HOURS_MAX of them. */
#define TIMELINE_HOURS_MAX 1500
struct timeline {
	int64_t step_ns;
	struct moment *moments; /* once finished: by model (text), then time */
	size_t count, room;
	struct hash_index by_start; /* and model; while it is filled */
};

/* renderings.c: does this one have the lines? */
bool rendering_has_lines(const char *format);

struct cube;

int64_t timeline_step_ns(int64_t from_ns, int64_t to_ns);
struct timeline *timeline_new(int64_t from_ns, int64_t to_ns);
void timeline_free(struct timeline *t);
/* From the cells, with their charges. */
int timeline_finish(struct timeline *t, const struct cube *cube, const struct names *names, struct fault *why);

/* Sums over an hour or a day of the period, as in the timeline. */
struct time_step {
	int128 gpu_ns[ENTRY_KINDS];
	int64_t cost_nano[ENTRY_KINDS];
};

/* A rate that GPU time of a pool was priced at, from its first slot to the end of its last hour. */
struct rate_row {
	name_id pool;
	int64_t rate_nano, from_ns, to_ns;
};

struct series {
	int64_t first_ns, step_ns;
	struct time_step *steps;
	size_t count;
	struct rate_row *rates; /* by pool, then time */
	size_t rate_count;
};

/* Measures that would lower the bill: the largest first, each alone, in this period. */
#define LEVERS_MAX 5
#define LEVER_TEXT_MAX 200
struct lever {
	const char *name; /* "idle", "unobserved", "batch", "cache" */
	int64_t amount_nano;
	char text[LEVER_TEXT_MAX];
};

struct levers {
	struct lever at[LEVERS_MAX];
	size_t count;
};

struct statement {
	struct report_options options;
	const struct quality *quality;
	struct cube *cube;
	bool *unlisted; /* by name_id, once finished: models with tokens without a list price */
	struct unrated_list unrated;
	struct unknown_span *lacks_cached; /* by replica, see unknown.c; or NULL */
	size_t lacks_cached_count;
	size_t priced_models; /* models with tokens that all have one */
	enum by_key time_key; /* the finest key of time in --by; BY_KEYS if there is none */
	struct list_price **list_prices; /* live as long as the catalogue */
	size_t list_price_count;
	uint32_t *first_list_price; /* by name_id of the model: index + 1, or 0 */
	size_t listed_models;
	struct block total;
	struct block bought; /* the part of it that was bought from vendors: no GPU time, no cost */
	struct table models, tenants, rows;
	struct table lines; /* by model and tenant; sums to the total */
	/* the same, also by the finest time of --by, if tenant is a key as well; else empty */
	struct table timed_lines; /* also empty if no requested rendering contains them */
	int128 evidence_ns[GRADES], busy_ns; /* busy time by grade, and all of it */
	struct positions positions;
	struct batches batches;
	struct curves curves;
	struct roofs roofs;
	struct roofline_picture roofline; /* of the roofs, that of most GPU time */
	struct rule_results rules;
	struct adjustments adjustments;
	struct services services;
	struct timeline *timeline;
	struct series series;
	struct levers levers;
	struct statement_page pages[STATEMENT_PAGES];
	size_t page_count;
};

/* Is there busy time that was split by averages or by overlapping requests? */
bool statement_wants_better(const struct statement *s);

/* ---- the parts of statement_finish, in order ---- */

/* money.c: the cost of a pool up to the last cell that was priced. Zero-initialise. */
struct pricing {
	name_id pool;
	int128 exact;
	int64_t given_nano;
};
struct cube_cell;
/* Prices every cell once, in the order of a cube. False if money does not fit. */
bool money_price(struct pricing *p, struct cube_cell *c);
/*
 * money.c: shares idle, other and unobserved time over the work of the same pool and hour, by GPU time, to the last
 * unit; marks it as allocated. ERROR_RANGE if it does not fit.
 */
int money_charge(struct cube *c, struct fault *why);

/* The roundings of a table's list revenue, by which the rows' revenue sums to that of all, by largest remainder. */
struct revenue_rests {
	struct revenue_rest {
		int32_t rest;
		size_t row;
	} *at; /* of rows with one */
	size_t count, room;
	int128 revenue_nano, rest; /* sums */
};
void revenue_note(struct revenue_rests *r, size_t row, const struct block *b);
/* What each row gets; NULL: nothing. Frees the rests. */
int8_t *revenue_steps(struct revenue_rests *r, size_t rows);
/* Changes a row's revenue and margin by its step. */
void revenue_step(const struct table *t, size_t row, struct block *b);

/* rooflines.c: picks the picture anew from all that was added; forgets all of it. */
void roofline_pick(struct statement *s);
void roofline_clear(struct statement *s);
/* Rows of tollbook.breakdowns.v1, in a fixed order. */
struct roof_rows {
	struct roof_row *at;
	size_t count;
};
int roof_rows_add(void *rows, const struct roof_row *row); /* a roof_sink */
void roof_rows_write(struct roof_rows *rows, const struct names *names, FILE *out);
/* curves.c: once the blocks are final. */
void curves_finish(struct statement *s);
/* Those of a model, NULL and 0 if there are none. */
const struct curve_point *curves_of(const struct statement *s, name_id model, size_t *count);
/* series.c: once the cells are priced. */
void series_build(struct statement *s);
/* levers.c: once models and total are final. */
void levers_find(struct statement *s);
/* levers.c: the share of the capacity at work at which list revenue would pay for it; false if there is none. */
bool break_even_load(const struct statement *s, double *load);
/* blocks.c: sums cells into the total and the tables. */
int blocks_build(struct statement *s, struct fault *why);
/* The block of a model; NULL: none. */
const struct block *blocks_of_model(const struct statement *s, name_id model);
/*
 * blocks.c: the unit costs of the kinds from GPU time x rate, its standard deviation, and the
 * capacity to be loaded on them.
 */
void unit_costs(const int128 exact[TOKEN_KINDS], const int128 spread[TOKEN_KINDS], int128 capacity,
		const int64_t tokens[TOKEN_KINDS], struct unit_cost out[TOKEN_KINDS]);
/* Nano-units x ns over tokens, to nano-units per million tokens. False, and 0, if there are none or it does not fit. */
bool unit_per_million(int128 exact, int64_t tokens, int64_t *nano);
/* May it be rendered as a page, whose pictures need more? */
bool statement_may_be_page(const struct statement *s);
/* Is it a key of --by? */
bool statement_has_key(const struct statement *s, enum by_key key);

/* list_prices.c: revenue of an entry's tokens, and fees, in nano-units x 10^6; false if no list price is known. */
bool list_price_revenue(struct statement *s, const struct entry *e, const struct terms *t, int128 *revenue, int128 *fees);
/* The list price of a model, if found, or NULL. */
const struct list_price *list_price_find(const struct statement *s, name_id model, struct text provider);
/* Any list price of a model, or NULL. */
const struct list_price *list_price_of_model(const struct statement *s, name_id model);
void list_price_warn(const struct statement *s, struct quality *q);

/* The text of a row's key ("2026-11-24", a model …), written into `buffer` if needed. */
#define KEY_TEXT_MAX 64
struct text row_key(const struct statement *s, const struct row *r, enum by_key key, char buffer[KEY_TEXT_MAX]);

#endif
