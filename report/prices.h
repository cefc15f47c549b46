/* prices.h: list prices as published, and which one applies when. Private to report/. */
#ifndef REPORT_PRICES_H
#define REPORT_PRICES_H

#include "core/entry.h"
#include "core/json.h"
#include "report/price_match.h"
#include "report/report.h"

enum price_kind {
	PRICE_INPUT, /* uncached input */
	PRICE_CACHE_READ, /* input found in the cache */
	PRICE_CACHE_WRITE, /* input written to the cache */
	PRICE_OUTPUT,
	PRICE_REASONING, /* within output */
	PRICE_KINDS
};

enum price_service { PRICE_STANDARD, PRICE_BATCH, PRICE_SERVICES };

/* "The catalogue does not say." Never to be read as 0. */
#define PRICE_UNKNOWN INT64_C(-1)

/* From prompts longer than `over_ntok` on, the whole request costs `nano` per million tokens. */
struct price_step {
	int64_t over_ntok;
	int64_t nano;
};

/* Ascending by over_ntok; the first one is the base, over 0 tokens. Empty: unknown. */
struct price_ladder {
	struct price_step *steps;
	size_t count;
};

enum price_when { PRICE_ALWAYS, PRICE_FROM_DATE, PRICE_DAILY };

/* A set of prices and when it holds. */
struct price_rule {
	enum price_when when;
	int64_t from_ns; /* PRICE_FROM_DATE: midnight UTC */
	int from_minute, to_minute; /* PRICE_DAILY: minutes of the UTC day, half-open, may wrap round midnight */
	struct price_ladder ladder[PRICE_SERVICES][PRICE_KINDS];
};

struct price_model {
	struct text provider; /* empty where the catalogue names none */
	struct text id;
	const struct match *match; /* NULL: by id only */
	struct price_rule *rules; /* the last one that holds applies; if none holds, the first */
	size_t rule_count;
	bool understood; /* false: a rule could not be read, so no price is given */
	bool per_request; /* also has a price per request, which is left out */
};

struct price_provider {
	struct text id;
	const struct match *model_match; /* names for which this provider is meant; NULL: none */
	size_t first_model, model_count;
};

/* Something in a catalogue that is not used, and how often. */
struct price_note {
	struct text what;
	int64_t count;
};

struct price_source {
	struct text path;
	const char *format;
	char sha256[65]; /* of the bytes as stored */
	size_t models, prices; /* prices: rules, one or more a model */
};

/* --list NAME=MODEL */
struct price_mapping {
	struct text name, target;
};

struct prices {
	struct price_provider *providers;
	size_t provider_count;
	struct price_model *models;
	size_t model_count;
	struct price_mapping *mappings;
	size_t mapping_count;
	struct price_note *notes;
	size_t note_count;
	struct price_source *sources;
	size_t source_count;
	int64_t *prompt_cuts;
	size_t prompt_cut_count;
	int *minute_cuts;
	size_t minute_cut_count;
	struct price_block *blocks; /* all that lives as long as the catalogue */
	struct match *regexes; /* compiled patterns, to be freed */
};

/* Zeroed memory that lives as long as the catalogue. */
void *prices_alloc(struct prices *p, size_t bytes);
struct text prices_keep(struct prices *p, struct text t);
/* Counts something that was not used: a fixed phrase and a name from the file. */
void prices_note(struct prices *p, const char *what, struct text name);
struct price_provider *prices_add_provider(struct prices *p, struct text id);
/* A new model of the provider added last; valid until the next call. */
struct price_model *prices_add_model(struct prices *p, struct text id);
/* A catalogue already in memory; `path` names it in messages. Fills in what the source holds. */
int prices_add_bytes(struct prices *p, const char *path, struct text bytes, struct price_source *source,
		     struct fault *why);

/* ---- reading a file ---- */

struct import {
	struct prices *prices;
	const struct json *json;
	struct text bytes;
	const char *path;
	struct fault *why;
};

/* One published form of catalogue: does a document look like it, and how is it read? */
struct import_format {
	const char *name;
	bool (*bid)(const struct json *j);
	int (*read)(struct import *im);
};
extern const struct import_format import_genai, import_models_dev, import_litellm;

/* "path:line:column: what"; returns ERROR_CONFIG. */
int import_fault(struct import *im, json_at v, const char *what);
/* A string value, kept. */
int import_text(struct import *im, json_at v, const char *what, struct text *out);
/* A price per 10^shift tokens to nano per million; numbers are read by their digits. */
int import_price(struct import *im, json_at v, int shift, int64_t *nano);
/* A ladder of `count` steps, all zero. */
struct price_ladder import_ladder(struct import *im, size_t count);

/* ---- prices in force ---- */

struct price_quote {
	int64_t nano[PRICE_KINDS]; /* per million tokens, or PRICE_UNKNOWN */
	bool batch_unknown[PRICE_KINDS]; /* batch was asked for, and the standard price stands in */
};

void price_at(const struct price_model *m, int64_t ns, int64_t prompt_over_ntok, bool batch, struct price_quote *out);
/* The rule that holds at an instant, whatever the prompt. */
const struct price_rule *price_rule_at(const struct price_model *m, int64_t ns);
/* Would the two ever quote differently? */
bool price_same(const struct price_model *a, const struct price_model *b);

/* ---- names ---- */

enum price_outcome { PRICE_NOT_FOUND, PRICE_FOUND, PRICE_AMBIGUOUS };
#define PRICE_CANDIDATES_MAX 8

struct price_search {
	enum price_outcome outcome;
	const struct price_model *model; /* found */
	const struct price_model *candidates[PRICE_CANDIDATES_MAX]; /* ambiguous: the first ones */
	size_t candidate_count; /* all of them */
	struct text mapped; /* what --list said, if it said something */
};

/*
 * The list price of a model as logs name it. In this order, without regard to case: --list;
 * "provider/id"; the first provider that claims such names and has the model; any model with
 * this id or whose match rules hold, with or without what stands before the last '/'; any
 * model of the same name but for what does not make another model ("-instruct", "-fp8", a
 * date). Several models with different prices: ambiguous.
 */
void price_find(const struct prices *p, struct text name, struct price_search *out);

#endif
