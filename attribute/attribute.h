/* attribute.h: records to entries. The only header of this stage that others may include. */
#ifndef ATTRIBUTE_ATTRIBUTE_H
#define ATTRIBUTE_ATTRIBUTE_H

#include <stdio.h>

#include "core/entry.h"
#include "core/billing.h"
#include "core/error.h"
#include "core/model/fitted.h"
#include "core/gateways.h"
#include "core/files/name_rules.h"
#include "core/model/modelspec.h"
#include "core/quality.h"
#include "core/record.h"
#include "core/model/step_model.h"

/* ---- the fleet: what was paid ---- */

struct fleet;

/*
 * Reads a fleet file (schemas/fleet.schema.json). 0, or with the fault set ("file:line:column: what, expected what"):
 * ERROR_CONFIG if anything in it is wrong, ERROR_IO where the file exists and cannot be read. The caller frees.
 */
int fleet_open(struct fleet **out, const char *path, struct names *names, struct fault *why);
/*
 * The same from bytes; `path` names them in messages. Descriptions of models that the file names are read through
 * `open`, which allocates *bytes.
 */
typedef int fleet_opener(void *context, const char *name, struct text *bytes, struct fault *why);
struct fleet *fleet_parse(const char *path, struct text bytes, fleet_opener *open, void *context, struct names *names,
                          struct fault *why);

/* GPUs of a replica of the pool; where no pool is named, the largest number of any pool. 0: there is no such pool. */
int64_t fleet_replica_gpus(const struct fleet *f, name_id pool);
/* The same of the pool that a replica of a model is in; 0: of none. Of parts of a GPU ("2/7") the numerator. */
int64_t fleet_gpus_of(const struct fleet *f, struct names *names, struct text replica, struct text model);

/*
 * The same as text, "4" or "2/7", for the replicas that --gpu-hour prices if no pool is named. False if there is no
 * such pool, or if its replicas differ.
 */
bool fleet_replica_gpus_text(const struct fleet *f, name_id pool, char *out, size_t size);

/* A fleet with one GPU per replica at this rate; it matches every replica. */
struct fleet *fleet_of_rate(int64_t rate_nano);

/* Adds the rate of --gpu-hour for replicas that match no pool. */
void fleet_set_default_rate(struct fleet *f, int64_t rate_nano);
/* How the fleet derives names of replicas ("names"). */
const struct name_rules *fleet_names(const struct fleet *f);
/* --same and --different: "A=B", two names of servers. False if it is not a pair. */
bool fleet_add_pair(struct fleet *f, bool same, struct text pair);
/* Adds those of another fleet; one of two servers. Does it state that two names are two servers? */
void fleet_add_pairs(struct fleet *to, const struct fleet *from);
void fleet_add_different(struct fleet *f, struct text a, struct text b);
bool fleet_are_different(const struct fleet *f, struct text a, struct text b);
/* --gpus: GPUs per replica for --gpu-hour, whatever logs state. */
void fleet_set_gpus(struct fleet *f, int64_t gpus);
/*
 * Another GPU catalogue, by its path (schemas/gpus.schema.json); NULL: the built-in one. ERROR_CONFIG if it is not a
 * catalogue.
 */
int fleet_set_cards(struct fleet *f, const char *path, struct fault *why);
const char *fleet_cards(const struct fleet *f);
/*
 * The number of GPUs that logs state (quality_state, kind "gpus") applies to replicas of --gpu-hour, and is an
 * assumption in `out`; if a pool of the fleet file has another number, that is a finding. `out` may be `stated`.
 */
void fleet_apply_stated(struct fleet *f, struct names *names, const struct quality *stated, struct quality *out);
const char *fleet_currency(const struct fleet *f);
/* That of a fleet without a file, where nothing is paid for. */
void fleet_use_currency(struct fleet *f, struct text code);
/* SHA-256 of the file, or "" if there was none. */
const char *fleet_sha256(const struct fleet *f);
void fleet_free(struct fleet *f);

/* What a replica runs on; false if it matches no pool. */
struct fleet_cards {
	name_id gpu, model; /* gpu: as the fleet file names it; 0: not named */
	int64_t gpus;       /* per replica */
	int64_t rate_nano;  /* per GPU-hour at the instant, or -1 */
	/* when it is in force; INT64_MIN and INT64_MAX: without a start, without an end */
	int64_t rate_from_ns, rate_until_ns;
	const char *role;   /* "mixed", "prefill" or "decode" */
};
bool fleet_cards_of(const struct fleet *f, struct names *names, name_id replica, name_id model, int64_t at_ns,
                    struct fleet_cards *out);

/* The descriptions of models that the file names, each once: its name and its bytes. */
size_t fleet_description_count(const struct fleet *f);
const char *fleet_description_name(const struct fleet *f, size_t i);
struct text fleet_description_bytes(const struct fleet *f, size_t i);
const char *fleet_description_sha256(const struct fleet *f, size_t i);
const char *fleet_descriptions_sha256(const struct fleet *f); /* all, separated by spaces; "": none */
/* The description of this model in a pool with these GPUs; else one that names no model; NULL if there is none. */
const struct modelspec *fleet_description_of(const struct fleet *f, name_id model, name_id gpu, int64_t gpus);

/* A pool's site: energy of the site per energy of its GPUs, and the price of a kWh, in nano; 0: not given. */
void fleet_site_of(const struct fleet *f, name_id pool, int64_t *pue_nano, int64_t *per_kwh_nano);

/* ---- attribution ---- */

enum rule { RULE_SHAPLEY, RULE_PROPORTIONAL, RULE_PREFILL_FIRST, RULE_DECODE_FIRST, RULES };
extern const char *const rule_names[RULES + 1]; /* NULL at the end */

/*
 * Did a vendor answer a request of this model, billed as in `billing` (billing.h)? Called for requests that gateways,
 * clients and agents logged and that join no server.
 */
typedef bool vendor_test(void *context, name_id model, struct text billing);

/*
 * How far requests of gateways are joined to those of engines: wholly; or, with a part of the requests, by ids only, so
 * that the remaining ones of all parts can be joined by tokens.
 */
enum join_stage { JOIN_WHOLE, JOIN_BY_ID, JOIN_BY_TOKENS };

struct attribute_options {
	/*
	 * all evidence is here: names of one server are found, and clocks corrected; else the given verdicts are
	 * applied
	 */
	bool identity;
	const struct fleet *fleet;
	struct names *names;
	enum rule rule;
	int64_t from_ns, to_ns; /* entries of this period only, half-open; INT64_MIN and INT64_MAX: all */
	struct price_cuts cuts;
	unsigned lanes;            /* how many threads will call attribution_add_record */
	const char *requests_path; /* --requests; NULL: none */
	bool request_rows;         /* collect data for attribution_pack_requests */
	bool by_days;              /* evidence of single days: what is paid for beyond them is set by attribution_set_span */
	/* these are only some of the replicas: the remaining uptime of pools is not posted */
	bool part;
	enum join_stage join;
	/* leave out what records report about other replicas (a request names two); 0: all replicas */
	name_id only_replica;
	bool compare_rules;        /* collect data for attribution_each_rule */
	bool positions;            /* collect data for attribution_each_position */
	bool batches;              /* collect data for attribution_each_batch */
	vendor_test *is_vendors;   /* NULL: no request was bought */
	void *vendors;             /* its context */
	struct attribution_fits *fits; /* of other runs, used in place of this run's own; may be NULL */
	bool fits_unseen;          /* fits are not added, kept or printed: what no split needs of them may be left out */
};

struct attribution;

struct attribution *attribution_new(const struct attribute_options *o);
void attribution_free(struct attribution *a);

/* A record_sink (see ingest.h): stores the record's content. */
int attribution_add_record(void *attribution, unsigned lane, const struct record *r, struct fault *why);

/* ---- requests of gateways, if those of their engines are attributed elsewhere ---- */

/* The tenant of a request and its class of service, from another log. Requests are identified by file and line. */
struct tenant_patch {
	name_id replica, tenant;
	int64_t at_ns, line;
	uint32_t file;
	uint32_t service; /* standard: the engine's class */
};
typedef int tenant_sink(void *context, const struct tenant_patch *p, struct fault *why);

/*
 * Joins the gateways' requests to the engines', passes on the tenants of these, and adds warnings about the join to
 * `quality`. Called in place of attribution_finish; of records other than requests, one per replica is enough.
 */
int attribution_join(struct attribution *a, tenant_sink *sink, void *context, struct quality *quality, struct fault *why);

/*
 * The join in parts. Requests that a stage of it may join have the same number here, so that any division by these
 * numbers results in the same join. JOIN_BY_ID: of an id, or of token counts where there is none.
 */
uint64_t attribution_join_part(const struct request *q, enum join_stage stage);
/*
 * After attribution_join of JOIN_BY_ID: passes on the requests that were not joined, each once, with final names and
 * instants; JOIN_BY_TOKENS joins these.
 */
typedef int left_sink(void *context, const struct record *r, struct fault *why);
int attribution_each_left(struct attribution *a, left_sink *sink, void *context, struct fault *why);

/*
 * After attribution_join: the entries of requests bought from vendors, and their period; *from_ns > *to_ns: there are
 * none.
 */
int attribution_bought(struct attribution *a, entry_sink *sink, void *context, int64_t *from_ns, int64_t *to_ns, struct fault *why);
/* Then: tokens of these requests' prompts, and those of them of which no log reports how many were cached. */
struct bought_day {
	struct text gateway;
	int64_t day_ns, prompt_ntok, unknown_ntok;
};
typedef int bought_day_sink(void *context, const struct bought_day *d);
int attribution_each_bought_day(const struct attribution *a, bought_day_sink *sink, void *context);

/* The same of all parts of a join: one entry per key, and the warnings. */
struct bought_sums;
struct bought_sums *bought_sums_new(struct names *names);
void bought_sums_free(struct bought_sums *s);
int bought_sums_add_entry(struct bought_sums *s, const struct entry *e, struct fault *why);
void bought_sums_add_day(struct bought_sums *s, const struct bought_day *d);
int bought_sums_finish(struct bought_sums *s, entry_sink *sink, void *context, struct quality *quality, struct fault *why);

/* The receiving side: tenants that another attribution joined. Called before this one's fit. */
int attribution_patch(struct attribution *a, const struct tenant_patch *p, struct fault *why);

/* ---- names of servers, if replicas are attributed one by one ---- */

/* The result of comparing a name with another one: not decided, one server, perhaps one server, two servers. */
enum name_decision { NAME_OPEN, NAME_SAME, NAME_HELD, NAME_OTHER };

/* What is done with the evidence of a name: see servers.h. */
struct name_verdict {
	name_id name;
	name_id with;       /* the name that it was compared with; 0: none */
	enum name_decision decision;
	name_id named;      /* of its items from here on */
	name_id requests;   /* of its requests, if another server handled them; 0: the same */
	name_id step_model; /* of its steps; 0: as they name it */
	name_id prefill;    /* computes its requests' prompts; 0: this server */
	name_id engine;     /* the first rank of the engine that it is a rank of; 0: none */
	int64_t shift_ns;   /* subtracted from its requests' instants */
	struct text clock;  /* subtracted instead, where it changes over time: packed (servers/drift.h); empty: it does not change */
	bool held, dropped; /* omit its requests, omit all of it */
	bool in_seconds, has_steps;
};

/* Samples of the evidence of names; samples of parts are merged and compared. */
struct name_summaries;
struct name_summaries *name_summaries_new(struct names *names);
void name_summaries_free(struct name_summaries *n);
/* Records come name by name. */
int name_summaries_add_record(struct name_summaries *n, const struct record *r, struct fault *why);
/* Writes packed items, names in the order of their texts; and reads those of others, in any order. */
typedef int summary_sink(void *context, struct text name, struct text item, struct fault *why);
int name_summaries_each(struct name_summaries *n, summary_sink *sink, void *context, struct fault *why);
int name_summaries_read(struct name_summaries *n, struct text name, struct text item, struct fault *why);
/* Those of gateways, after all of engines: under the name that their requests are evidence of, if they are any's. */
int name_summaries_read_gateway(struct name_summaries *n, struct text name, struct text item, struct fault *why);
size_t name_summaries_count(const struct name_summaries *n);
/*
 * All parts are added: names whose steps overlap in time may have several servers, which only all of their records show. `read`
 * passes those of a name to name_summaries_add_whole; if there are several, they are compared under names of their own.
 */
typedef int name_reader(void *context, struct name_summaries *n, struct text name, struct fault *why);
int name_summaries_separate(struct name_summaries *n, name_reader *read, void *context, struct fault *why);
/* The name in the logs of "NAME#2", one of several servers under it; else the name itself. */
struct text name_logged(struct text name);
int name_summaries_add_whole(struct name_summaries *n, const struct record *r, struct fault *why);
/* All parts are added: passes on the verdicts that change something, in the order of names. */
typedef int verdict_sink(void *context, const struct name_verdict *v, struct fault *why);
int name_summaries_decide(struct name_summaries *n, const struct fleet *fleet, struct quality *quality, verdict_sink *sink, void *context,
                          struct fault *why);

/*
 * Adds a verdict that concerns these records; the replica that it names is included, in addition to
 * options.only_replica.
 */
void attribution_add_verdict(struct attribution *a, const struct name_verdict *v);
/*
 * Adds a decision of other days (the book): it applies where the records here do not decide, or where there are none of
 * the name. NAME_SAME: one server. NAME_HELD: the name's evidence is not counted; only for names without records here.
 */
void attribution_adopt(struct attribution *a, const struct name_verdict *v);
/* Passes on what the records here decide by themselves, in the order of names. After attribution_seal. */
int attribution_each_decision(const struct attribution *a, verdict_sink *sink, void *context, struct fault *why);
/* Adds another name that has records here. */
void attribution_add_replica(struct attribution *a, name_id replica);

/*
 * What is known about a replica from elsewhere (the book): its model, the first and last instant of each day's best
 * evidence, the days on which these lie, and the first and last day with steps. Without uptime in the fleet file a
 * replica is paid for from the first to the last. A part of a replica's life is attributed like the whole if the records
 * from a day before to a day after it are given, and this span.
 */
struct replica_span {
	int64_t first_ns, last_ns;
	int64_t first_day_ns, last_day_ns;
	int64_t first_step_day_ns, last_step_day_ns; /* first > last: none */
};
void attribution_set_span(struct attribution *a, name_id replica, name_id model, const struct replica_span *span);
/* Records of a replica that lie years outside these instants come from another clock and are not counted. */
void attribution_set_bounds(struct attribution *a, name_id replica, int64_t first_ns, int64_t last_ns);
/* Adds the finding of a run for steps that are missing, by their numbers, between two days of a replica in a book. */
void attribution_find_pause(const char *replica, int64_t missing, struct quality *quality);
/* The same for gateways: which they are, from all that is known, not from these records alone. */
void attribution_set_gateways(struct attribution *a, struct gateways gateways);

/*
 * All records are added: fits, splits, and passes the entries to the sink, in a fixed order (slot, then names by
 * text, kind, grade, rate). Adds duplicates and warnings to `quality`. The identity capacity = prefill + decode +
 * other + idle + unobserved has been checked when this returns 0.
 */
int attribution_finish(struct attribution *a, entry_sink *sink, void *context, struct quality *quality,
                       struct fault *why);

/*
 * After attribution_finish: how every rule, including those of other tools, would split prefill and decode
 * (options.compare_rules); and what tokens cost by their position in the context (options.positions), output tokens
 * without the first, which prefill produces. 0, or what the sink returned.
 */
int attribution_each_rule(struct attribution *a, rule_sink *sink, void *context);
int attribution_each_position(struct attribution *a, position_sink *sink, void *context);
/* time of tokens by the number of sequences decoding together */
int attribution_each_batch(struct attribution *a, batch_sink *sink, void *context);
/* time of steps by the fitted models */
int attribution_each_curve(const struct attribution *a, curve_sink *sink, void *context);

/*
 * The cost of every request where attribution is done in parts: after attribution_finish, packed rows; of all parts, in
 * any order, they become the file of options.requests_path. A request that two replicas handled is one row of it.
 */
typedef int packed_sink(void *context, struct text item, struct fault *why);
int attribution_pack_requests(struct attribution *a, packed_sink *sink, void *context, struct fault *why);
struct request_rows;
struct request_rows *request_rows_new(const struct names *names, unsigned lanes, size_t memory_bytes);
void request_rows_free(struct request_rows *r);
int request_rows_unpack(struct request_rows *r, struct names *names, struct text item, struct fault *why);
int request_rows_write(struct request_rows *r, const struct names *names, const char *path, struct fault *why);
/* Of one part: request_rows_unpack reads it. */
int request_rows_pack(struct request_rows *r, const struct names *names, packed_sink *sink, void *context, struct fault *why);

/*
 * For pools that are attributed in parts: add all entries of all parts; the remaining uptime of the pools becomes
 * unobserved entries of no replica.
 */
struct remainders;
struct remainders *remainders_new(const struct attribute_options *o);
void remainders_free(struct remainders *r);
int remainders_add_entry(void *remainders, const struct entry *e); /* an entry_sink */
int remainders_finish(struct remainders *r, entry_sink *sink, void *context, struct quality *quality,
                      struct fault *why);

/* No more records. attribution_join and attribution_finish call it; call it before attribution_period. */
int attribution_seal(struct attribution *a, struct fault *why);

/* The period of the evidence after --from and --to; false if there was none. */
bool attribution_period(const struct attribution *a, int64_t *from_ns, int64_t *to_ns);

/* ---- fits: statistics that add up ---- */

/*
 * Statistics of the steps of each (model, GPU, GPUs per replica, role) and day, as sums of integers: they do not
 * depend on order, threads or machines.
 */
struct attribution_fits;

struct attribution_fits *attribution_fits_new(struct names *names);
void attribution_fits_free(struct attribution_fits *f);
/* Adds the statistics of a run after all its records were added (before or after attribution_finish). */
int attribution_fits_add(struct attribution_fits *f, struct attribution *a, struct fault *why);
/* Writes them as lines of text, in a fixed order; reads them back, adding to what is there. */
int attribution_fits_write(struct attribution_fits *f, FILE *out, struct fault *why);
int attribution_fits_read(struct attribution_fits *f, struct text bytes, const char *path, struct fault *why);

/*
 * After attribution_finish: the fits of a day that are in use, as JSON (schemas/fit.schema.json), distinguished by
 * `part`; and positions, rules and batches, if they were collected, as BREAKDOWNS_PART. 0, or what the sink returned.
 */
typedef int fit_sink(void *context, int64_t day_ns, struct text part, struct text json);
int attribution_keep_fits(const struct attribution *a, int64_t day_ns, fit_sink *sink, void *context, struct fault *why);

/* Coefficients, what they imply, residuals and covariance of every fit in use (--model-report). */
void attribution_print_models(const struct attribution *a, FILE *out);
/*
 * Error of the model on steps that it had not seen, by kind of batch; and how requests or windows alone would split.
 * Reads the evidence several more times. The mixed steps' figure is stated in `quality`, in one sentence. 1, or 0 if there
 * is nothing to compare: then it writes nothing, else the day, too.
 */
int attribution_cross_check(const struct attribution *a, FILE *out, struct quality *quality, struct fault *why);
/* Every fit in use, after attribution_finish, in a fixed order. 0, or what the sink returned. */
int attribution_each_model(const struct attribution *a, fitted_sink *sink, void *context);

#endif
