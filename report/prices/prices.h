/* prices.h: list prices as published, and which one applies when. Private to report/. */
#ifndef REPORT_PRICES_H
#define REPORT_PRICES_H

#include "core/entry.h"
#include "core/exact.h"
#include "core/json.h"
#include "report/prices/price_match.h"
#include "report/report.h"

enum price_kind {
	PRICE_INPUT, /* uncached input */
	PRICE_CACHE_READ, /* input found in the cache */
	PRICE_CACHE_WRITE, /* input written to the cache */
	PRICE_OUTPUT,
	PRICE_REASONING, /* within output */
	PRICE_TOKENS,    /* those before are what catalogues list first */
	PRICE_WRITE_1H = PRICE_TOKENS, /* input written to the cache for an hour */
	PRICE_AUDIO_IN,  /* within uncached input */
	PRICE_IMAGE_IN,
	PRICE_VIDEO_IN,
	PRICE_AUDIO_CACHED, /* within cached input */
	PRICE_IMAGE_CACHED,
	PRICE_AUDIO_OUT, /* within output */
	PRICE_IMAGE_OUT,
	PRICE_VIDEO_OUT,
	PRICE_CITATIONS, /* tokens of cited text */
	PRICE_SEARCHES,  /* web searches; as all of these per million */
	PRICE_REQUESTS,  /* requests */
	PRICE_KINDS
};

/* The classes that catalogues have prices for: those of core/service.h before SERVICE_OTHER, and fast modes. */
#define PRICE_FAST ((int)SERVICE_OTHER)
#define PRICE_SERVICES (PRICE_FAST + 1)
/* "standard" … and "fast". */
struct text price_class_name(int class);
/* "cache_read" …, as in the native schema. */
extern const char *const price_kind_names[PRICE_KINDS];

/* "The catalogue does not say." Never to be read as 0. */
#define PRICE_UNKNOWN INT64_C(-1)

/* For prompts longer than `over_ntok`, `nano` per million tokens. */
struct price_step {
	int64_t over_ntok;
	int64_t nano;
};

/* Ascending by over_ntok; the first one is the base, over 0 tokens. Empty: unknown. */
struct price_ladder {
	struct price_step *steps;
	size_t count;
	bool above; /* only the part of the prompt above a step moves to it; else the whole request */
};

/* A set of prices and when it holds. */
struct price_rule {
	int64_t from_ns, to_ns; /* half-open, whole UTC hours; INT64_MIN, INT64_MAX: without an end */
	bool daily; /* only in a part of each UTC day: */
	int from_minute, to_minute; /* half-open, may wrap round midnight; equal: all day */
	unsigned weekdays; /* of UTC, Monday the lowest bit; 0: all */
	struct price_ladder ladder[PRICE_SERVICES][PRICE_KINDS];
};

struct price_model {
	struct text provider; /* empty where the catalogue names none */
	struct text id;
	struct text currency;
	const struct match *match; /* NULL: by id only */
	struct price_rule *rules; /* the last one that holds applies; none: no price is known */
	size_t rule_count;
	bool understood; /* false: a rule could not be read, so no price is given */
	struct text key; /* what a map lists it under, where that is more than its id; else empty */
	size_t source; /* index into prices.sources */
	bool joined; /* into the history of a later snapshot: never found itself */
	struct price_geo *geos; /* factors where the vendor must compute in a place */
	size_t geo_count;
	struct text left_out; /* kinds of price that the catalogue has and that are not applied; empty: none */
};

/* Prices are `nano` / 10^9 times as high where the vendor must compute in a place. */
struct price_geo {
	struct text name;
	int64_t nano;
};

struct price_provider {
	struct text id;
	const struct match *model_match; /* names for which this provider is meant; NULL: none */
	const struct match *provider_match; /* other names of it in logs; NULL: none */
	struct text fallbacks; /* providers that it resells models of, each followed by a ";" */
	size_t first_model, model_count;
};

/* Something in a catalogue that is not used, and how often. */
struct price_note {
	struct text what;
	int64_t count;
};

struct price_source {
	struct text path, format;
	char date[11]; /* the day it was published, or last changed: "2026-08-21" */
	char sha256[65]; /* of the bytes as stored */
	size_t models, rules, prices; /* rules: sets of prices, one or more a model; prices: single figures */
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
	struct price_source *origins; /* what a native catalogue was imported from */
	size_t origin_count;
	char date[11]; /* of files to be added, "" for their own */
	char own_date[11]; /* of the file being read, as stated in it; "" if it is not */
	bool built_in; /* the catalogue that is installed with tollbook, not one that was asked for */
	int64_t *prompt_cuts;
	size_t prompt_cut_count;
	int *minute_cuts;
	size_t minute_cut_count;
	struct price_block *blocks; /* all that lives as long as the catalogue */
	struct match *regexes; /* compiled patterns, to be freed */
	struct price_index *index; /* of all models that files gave */
};

/* Zeroed memory that lives as long as the catalogue. */
void *prices_alloc(struct prices *p, size_t bytes);
struct text prices_keep(struct prices *p, struct text t);
/* Counts something that was not used: a fixed phrase and a name from the file. */
void prices_note(struct prices *p, const char *what, struct text name);
/* The same with a whole text, `count` times. */
void prices_note_more(struct prices *p, struct text what, int64_t count);
struct price_provider *prices_add_provider(struct prices *p, struct text id);
/* A new model of the provider added last; valid until the next call. */
struct price_model *prices_add_model(struct prices *p, struct text id);
/* From now on a log model `name` takes the price of `target`; the latest such word counts. */
void prices_map(struct prices *p, struct text name, struct text target);
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
extern const struct import_format import_native, import_genai, import_models_dev, import_litellm;

/* "path:line:column: what"; returns ERROR_CONFIG. */
int import_fault(struct import *im, json_at v, const char *what);
/* A string value, kept. */
int import_text(struct import *im, json_at v, const char *what, struct text *out);
/* Names a kind of price that the catalogue has and that is not applied. */
void import_left_out(struct import *im, struct price_model *m, struct text kind);
/* import_off_peak.c: prices by hours; `read` reads an object of prices. */
typedef int read_costs(struct import *im, json_at costs, struct price_model *m, struct price_rule *rule);
int import_off_peak(struct import *im, json_at v, struct price_model *m, read_costs *read);
/* A place and its factor. */
int import_geo(struct import *im, struct price_model *m, struct text name, json_at factor);
/* A price per 10^shift tokens to nano per million; numbers are read by their digits. */
int import_price(struct import *im, json_at v, int shift, int64_t *nano);
/* A ladder of `count` steps, all zero. */
struct price_ladder import_ladder(struct import *im, size_t count);
/* `count` rules that always hold and give no price. */
struct price_rule *import_rules(struct import *im, size_t count);
/* Adds a step to a ladder that has room for `room` steps, in its place. */
void import_step(struct import *im, struct price_ladder *ladder, struct price_step step, size_t room);
/* "16:30" or "16:30:00Z" as a minute of the day; seconds and other zones are not understood. */
bool import_minute(const struct json *j, json_at v, int *minute);
/* Names a file that has been read. */
void prices_add_source(struct prices *p, const struct price_source *source);
/* Names a file that a catalogue was made from. */
void prices_add_origin(struct prices *p, const struct price_source *origin);

/* ---- prices in force ---- */

struct price_quote {
	int64_t nano[PRICE_KINDS]; /* per million tokens, or PRICE_UNKNOWN */
	/*
	 * Where only the part of a prompt above a step costs more, `nano` is the price of that part,
	 * and this is what each request must be given back, in nano-units x 10^6. Which of a prompt's
	 * tokens were cached does not matter as long as the cached ones lie below the steps.
	 */
	int128 back_per_request;
	bool stands_in[PRICE_KINDS]; /* the class has no price here, and the standard one is used */
	bool tiered; /* the price depends on the length of the prompt */
};

/* `class`: a class of service, or PRICE_FAST. */
void price_at(const struct price_model *m, int64_t ns, int64_t prompt_over_ntok, int class, struct price_quote *out);
/* The price at the highest step that a prompt passes, or PRICE_UNKNOWN. */
int64_t price_step_at(const struct price_ladder *ladder, int64_t prompt_over_ntok);
/* The rule that holds at an instant, whatever the prompt; NULL if none does. */
const struct price_rule *price_rule_at(const struct price_model *m, int64_t ns);
/* Would the two ever quote differently? */
bool price_same(const struct price_model *a, const struct price_model *b);

/* ---- names ---- */

enum price_outcome { PRICE_NOT_FOUND, PRICE_FOUND };
#define PRICE_CANDIDATES_MAX 8

struct price_search {
	enum price_outcome outcome;
	const struct price_model *model; /* found */
	const struct price_model *candidates[PRICE_CANDIDATES_MAX]; /* several sellers: the cheapest ones, and last the dearest */
	size_t candidate_count; /* all of them */
	struct text mapped; /* what --list said, if it said something */
	const char *how; /* by what it was found, for people */
	bool by_median; /* several sellers, and `model` is the median one; candidates are the cheapest and the most expensive */
	bool other_provider; /* the provider that the log names does not have it */
};

/*
 * The list price of a model as logs name it. In this order, without regard to case: --list; the key of a map;
 * "provider/id"; what the provider has that the log names (empty: none); the first provider that claims such names and
 * has the model; a model with this id; any model whose id ends so or whose match rules hold; the name as clouds write
 * it; open models of the same name but for what does not make another model ("-instruct", "-fp8"), and any of it but for
 * its date. Of several sellers at different prices the median is used.
 */
void price_find(const struct prices *p, struct text name, struct text provider, struct price_search *out);
/* All entries with a price that sell an open model of this name, whoever sells it; at most `max`. */
size_t price_sellers(const struct prices *p, struct text name, const struct price_model **out, size_t max);
/* The same by names that are compared as whole words: of a provider in a log and one in a catalogue. */
bool price_provider_is(const struct price_provider *p, struct text id, struct text name);
#endif
