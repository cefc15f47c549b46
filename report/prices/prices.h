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
	PRICE_TOKENS,    /* the kinds above are listed first by catalogues */
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
	PRICE_SEARCHES,  /* web searches; per million, like all of these */
	PRICE_REQUESTS,  /* requests */
	PRICE_KINDS
};

/* The classes with prices in catalogues: those of core/service.h before SERVICE_OTHER, and fast modes. */
#define PRICE_FAST ((int)SERVICE_OTHER)
#define PRICE_SERVICES (PRICE_FAST + 1)
/* "standard" … and "fast". */
struct text price_class_name(int class);
/* "cache_read" …, as in the native schema. */
extern const char *const price_kind_names[PRICE_KINDS];

/* Not stated by the catalogue. Never treated as 0. */
#define PRICE_UNKNOWN INT64_C(-1)

/* For prompts longer than `over_ntok`, `nano` per million tokens. */
struct price_step {
	int64_t over_ntok;
	int64_t nano;
};

/* Ascending by over_ntok; the first one is the base, over 0 tokens. Empty: unknown. */
struct price_ladder {
	struct price_step *steps;
	uint32_t count;
	bool above; /* only the part of the prompt above a step gets its price; else the whole request */
};

/* The ladders of a class without prices. */
extern const struct price_ladder price_none[PRICE_KINDS];

/* A set of prices and when it applies. */
struct price_rule {
	int64_t from_ns, to_ns; /* half-open, whole UTC hours; INT64_MIN, INT64_MAX: without an end */
	bool daily; /* applies only in a part of each UTC day: */
	int from_minute, to_minute; /* half-open, may wrap round midnight; equal: all day */
	unsigned weekdays; /* of UTC, Monday the lowest bit; 0: all */
	const struct price_ladder *ladder[PRICE_SERVICES]; /* of each kind; price_none: the class has no prices */
};

struct price_model {
	struct text provider; /* empty if the catalogue names none */
	struct text id;
	struct text currency;
	const struct match *match; /* NULL: by id only */
	struct price_rule *rules; /* the last matching one applies; none: no price is known */
	size_t rule_count;
	bool understood; /* false: a rule could not be read, so no price is given */
	struct text key; /* its key in a map, if that is more than its id; else empty */
	size_t source; /* index into prices.sources */
	bool joined; /* merged into the history of a later snapshot: never found itself */
	struct price_geo *geos; /* factors if the vendor must compute in a region */
	size_t geo_count;
	struct text left_out; /* kinds of price that the catalogue has and that are not applied; empty: none */
};

/* Prices are multiplied by `nano` / 10^9 if the vendor must compute in a region. */
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

/* A part of a catalogue that is not used, and how often. */
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
	bool built_in; /* the catalogue that is installed with tollbook, not a requested one */
	struct price_cuts cuts;
	struct price_block *blocks; /* memory that lives as long as the catalogue */
	struct match *regexes; /* compiled patterns, to be freed */
	struct price_index *index; /* index of all models from files */
};

/* Are entries that were made with these prices (NULL: without any) divided where the prices of this model change? */
bool prices_divide(const struct prices *p, const struct price_model *m);
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
/* From now on a log model `name` has the price of `target`; the latest call counts. */
void prices_map(struct prices *p, struct text name, struct text target);
/* A catalogue already in memory; `path` names it in messages. Fills in the source's counts. */
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

/* One published form of catalogue: detection of a document, and its reader */
struct import_format {
	const char *name;
	bool (*bid)(const struct json *j);
	int (*read)(struct import *im);
};
extern const struct import_format import_native, import_genai, import_models_dev, import_openrouter, import_litellm;

/* "path:line:column: what"; returns ERROR_CONFIG. */
int import_fault(struct import *im, json_at v, const char *what);
/* A string value, kept. */
int import_text(struct import *im, json_at v, const char *what, struct text *out);
/* Notes a kind of price that the catalogue has and that is not applied. */
void import_left_out(struct import *im, struct price_model *m, struct text kind);
/* import_off_peak.c: prices by hours; `read` reads an object of prices. */
typedef int read_costs(struct import *im, json_at costs, struct price_model *m, struct price_rule *rule);
int import_off_peak(struct import *im, json_at v, struct price_model *m, read_costs *read);
/* A region and its factor. */
int import_geo(struct import *im, struct price_model *m, struct text name, json_at factor);
/* A price per 10^shift tokens to nano per million; numbers are read by their digits. */
int import_price(struct import *im, json_at v, int shift, int64_t *nano);
/* A ladder of `count` steps, all zero. */
struct price_ladder import_ladder(struct import *im, size_t count);
/* `count` rules that always match and have no price. */
struct price_rule *import_rules(struct import *im, size_t count);
/* A rule's ladders of a class, to be written. */
struct price_ladder *import_class(struct import *im, struct price_rule *rule, int class);
/* Inserts a step in order into a ladder with room for `room` steps. */
void import_step(struct import *im, struct price_ladder *ladder, struct price_step step, size_t room);
/* "16:30" or "16:30:00Z" as a minute of the day; seconds and other zones are not understood. */
bool import_minute(const struct json *j, json_at v, int *minute);
/* A day, or a whole hour in UTC: slots of an hour have one price, so it may change at whole hours only. */
bool import_hour(const struct json *j, json_at v, int64_t *ns);
/* Notes a file that was read. */
void prices_add_source(struct prices *p, const struct price_source *source);
/* Notes a file that a catalogue was made from. */
void prices_add_origin(struct prices *p, const struct price_source *origin);

/* ---- prices in force ---- */

struct price_quote {
	int64_t nano[PRICE_KINDS]; /* per million tokens, or PRICE_UNKNOWN */
	/*
	 * If only the part of a prompt above a step costs more, `nano` is the price of that part, and this is the
	 * refund per request, in nano-units x 10^6. Which of a prompt's tokens were cached does not matter as long as
	 * the cached ones are below the steps.
	 */
	int128 back_per_request;
	bool stands_in[PRICE_KINDS]; /* the class has no price here, and the standard one is used */
	bool tiered; /* the price depends on the length of the prompt */
};

/* `class`: a class of service, or PRICE_FAST. */
void price_at(const struct price_model *m, int64_t ns, int64_t prompt_over_ntok, int class, struct price_quote *out);
/* The price at the highest step that a prompt passes, or PRICE_UNKNOWN. */
int64_t price_step_at(const struct price_ladder *ladder, int64_t prompt_over_ntok);
/* The rule that applies at an instant, for any prompt; NULL if there is none. */
const struct price_rule *price_rule_at(const struct price_model *m, int64_t ns);
/* Would the two ever quote differently? */
bool price_same(const struct price_model *a, const struct price_model *b);

/* ---- names ---- */

enum price_outcome { PRICE_NOT_FOUND, PRICE_FOUND };
#define PRICE_CANDIDATES_MAX 8

struct price_search {
	enum price_outcome outcome;
	const struct price_model *model; /* found */
	const struct price_model *candidates[PRICE_CANDIDATES_MAX]; /* several sellers: the cheapest ones, and last the most expensive */
	size_t candidate_count; /* all of them */
	struct text mapped; /* the target in --list, if there is one */
	const char *how; /* how it was found, as text */
	bool by_median; /* several sellers, and `model` is the median one; candidates are the cheapest and the most expensive */
	bool other_provider; /* the provider that the log names does not have it */
};

/*
 * The list price of a model as logs name it. In this order, without regard to case: --list; the key of a map;
 * "provider/id"; the models of the provider that the log names (empty: none); the first provider that claims such
 * names and has the model; a model with this id; any model with an id that ends like this or with a matching rule;
 * the name as clouds write it; open models of the same name except for suffixes that do not mean another model
 * ("-instruct", "-fp8"), and any of these except for its date, and a version written "4.5" or "4-5". Of several sellers at different prices the median is used.
 */
void price_find(const struct prices *p, struct text name, struct text provider, struct price_search *out);
/* All entries with a price for an open model of this name, from any seller; at most `max`. */
size_t price_sellers(const struct prices *p, struct text name, const struct price_model **out, size_t max);
#endif
