/*
 * evidence.h: all records of a run, packed, sorted by replica and time, each once.
 * Private to attribute/.
 */
#ifndef ATTRIBUTE_EVIDENCE_H
#define ATTRIBUTE_EVIDENCE_H

#include "attribute/attribute.h"
#include "core/gateways.h"
#include "core/names.h"
#include "core/record.h"
#include "core/files/spool.h"

/* A count that fits 32 bits; the largest one is "unknown". */
#define COUNT_UNKNOWN UINT32_MAX
/* A count of a record as 32 bits; 0 if it is missing or does not fit. */
uint32_t evidence_count_of(int64_t n);
/* The longest id that is stored. */
#define EVIDENCE_ID_MAX 512

enum item_kind { ITEM_POWER, ITEM_WINDOW, ITEM_REQUEST, ITEM_STEP };

/*
 * One record. `at_ns` is what it is sorted by: a step's or a window's start, a request's first known
 * instant, a power sample's instant.
 */
struct item {
	name_id replica, model;
	int64_t at_ns;
	int64_t line;
	uint32_t file;
	uint8_t kind;
};

/*
 * A flag of steps, in addition to the flags of records: the instants of its replica's requests are truncated to the
 * second.
 */
#define STEP_REQUESTS_IN_SECONDS 128u

struct step_item {
	struct item head;
	uint8_t duration_kind, flags;
	uint32_t decode_requests, decode_tokens;
	uint32_t again_tokens; /* of prefill_tokens: recomputed, of a request that was preempted */
	int64_t index;         /* the engine's own number; or UNKNOWN */
	int64_t duration_ns;   /* wall time */
	int64_t decode_kv_tokens; /* or UNKNOWN */
	/* From here on most steps have zeros, or nothing that is known: see item_stored_len. */
	uint32_t prefill_requests, prefill_tokens;
	int64_t prefill_token_kv, prefill_kv_tokens; /* or UNKNOWN */
	int64_t prefill_gpu_ns, decode_gpu_ns;       /* or UNKNOWN */
};

/* The part of a request that a replica's timeline uses. */
enum request_part { PART_BOTH, PART_PREFILL, PART_DECODE };

struct request_item {
	struct item head;
	/* adopted: reported by a gateway, not by an engine */
	uint8_t part, ok, service, exclusive, gateway, server_id, cached_unknown, adopted;
	name_id tenant;
	uint32_t preemptions;
	int64_t arrival_ns, scheduled_ns, first_token_ns, finish_ns; /* or UNKNOWN */
	uint32_t prompt_tokens, cached_tokens, cache_write_tokens, completion_tokens, reasoning_tokens;
	uint32_t id_len, billing_len; /* bytes of the id and of the billing text (billing.h), which follow the struct */
};

struct window_item {
	struct item head;
	uint8_t input_is_computed, cached_unknown;
	name_id tenant;
	int64_t end_ns;
	int64_t input_tokens, cached_tokens, output_tokens;
	int64_t requests;                      /* or UNKNOWN */
	int64_t prefill_gpu_ns, decode_gpu_ns; /* GPU-ns, or UNKNOWN */
	int64_t running;                       /* or UNKNOWN */
	WINDOW_COUNTS(WINDOW_COUNT_MEMBER)     /* or UNKNOWN */
};

/* Is it of a statistics line, which states how many sequences run, and no number of prompts or steps? Else counters'. */
static inline bool window_is_statistics(const struct window_item *w) {
	return w->running != UNKNOWN && w->requests == UNKNOWN && w->steps == UNKNOWN && w->prompts == UNKNOWN && w->first_tokens == UNKNOWN;
}

struct power_item {
	struct item head;
	name_id gpu;
	int64_t milliwatts;
};

/* The id of a request item, and its billing text. */
struct text request_item_id(const struct request_item *r);
struct text request_item_billing(const struct request_item *r);

struct evidence;

/* `memory_bytes` bounds what is held outside the temporary file. */
struct evidence *evidence_new(struct names *names, unsigned lanes, size_t memory_bytes);
void evidence_free(struct evidence *e);

/* Called for every item as it is added, by the lane's thread. */
typedef void evidence_watcher(void *context, unsigned lane, const struct item *item);
/* Call before the first record. */
void evidence_watch(struct evidence *e, evidence_watcher *watcher, void *context);

/*
 * Restricts the evidence to this replica, and to others for which it is called. 0: to none. Call before the first
 * record.
 */
void evidence_only(struct evidence *e, name_id replica);
/* Nothing is stored: only the watcher is called. */
void evidence_only_watch(struct evidence *e);

/* Stores a record; one thread per lane. */
int evidence_add_record(struct evidence *e, unsigned lane, const struct record *r, struct fault *why);

/* Which gateways there are, if these records are only a part of all. Call before evidence_seal. */
void evidence_set_gateways(struct evidence *e, struct gateways gateways);

/*
 * No more records. Call once. Without an engine's log, records of gateways are evidence like any other; if there is
 * only one replica and its log reports no requests, they belong to it. Else they are stored separately and joined to
 * the engines' requests (join.h).
 */
int evidence_seal(struct evidence *e, struct fault *why);
/*
 * Sets the function that decides whether a vendor answered such a request; without it, none was bought. Call before
 * evidence_seal.
 */
void evidence_set_vendors(struct evidence *e, vendor_test *is_vendors, void *vendors);
/* Adds the requests for which the join found no server, in the order of tenant patches; frees them. */
int evidence_set_unjoined(struct evidence *e, struct spool *unjoined, struct fault *why);
/* Gateways that report requests of another one, with the names that are stated to be different. Call before evidence_seal. */
struct server_pairs;
struct twice_pair;
void evidence_set_different(struct evidence *e, const struct server_pairs *different);
const struct twice_pair *evidence_twice(const struct evidence *e, size_t *count);
/* Do all requests of gateways, which the only replica adopted, lie outside of the time of its steps and windows? After evidence_seal. */
bool evidence_adopted_apart(const struct evidence *e);
/* The extent of bought requests; false if there are none. After evidence_seal and the join. */
bool evidence_bought_period(const struct evidence *e, int64_t *from_ns, int64_t *to_ns);
/* Only duplicates that begin in this period (half-open) are counted. Call before evidence_seal. */
void evidence_set_period(struct evidence *e, int64_t from_ns, int64_t to_ns);
/* Number of gateways' records that are less complete than another one of the same id. */
int64_t evidence_repeated(const struct evidence *e);
/* Are gateways' requests stored separately? There may be none here. */
bool evidence_has_gateway(const struct evidence *e);
/* Has a gateway that is evidence of this replica reported requests that a vendor served? */
bool evidence_has_bought(const struct evidence *e, name_id replica);

/*
 * A store for tenants from other logs, to be sealed by the caller; from then on it is the evidence's, and readings
 * have these tenants and classes.
 */
struct spool *tenant_patches_new(void);
void evidence_patch_tenants(struct evidence *e, struct spool *patches);
/* Passes on the tenants in the store, in the order of replica and time. */
int evidence_each_patch(struct evidence *e, tenant_sink *sink, void *context, struct fault *why);

/*
 * Changes items with `change`, after evidence_seal: their names and instants, or leaves them out (false). If it sets
 * *prefill, a request's prompt is that replica's, and the item's replica decodes. The watcher is called for all that
 * remain, by lane 0. *duplicates: records that were duplicates.
 */
typedef bool evidence_change(void *context, struct item *item, name_id *prefill);
int evidence_rewrite(struct evidence *e, evidence_change *change, void *context, int64_t *duplicates, struct fault *why);

/* Is there a step without logged contexts? */
bool evidence_lacks_contexts(const struct evidence *e);

/* The number of requests without any instant: they belong to no hour and are left out. */
struct undated {
	int64_t count;
	uint32_t file; /* of the first one */
	int64_t line;
};
/* The maximum number of names of tenants, models and servers; later ones become "(other)". */
#define EVIDENCE_NAMES_MAX 1000000
/* The number of records in which a name became "(other)". */
int64_t evidence_beyond_names(const struct evidence *e);

struct undated evidence_undated(const struct evidence *e);
bool evidence_has_relative_clock(const struct evidence *e);

/*
 * A reading in the order of replica (grouped), time, kind; each record once. Power samples have separate readers.
 */
struct evidence_reader;
int evidence_reader_new(struct evidence_reader **out, struct evidence *e, struct fault *why);
int evidence_power_reader_new(struct evidence_reader **out, struct evidence *e, struct fault *why);
/* A reading of bought requests, after evidence_seal and the join. */
int evidence_bought_reader_new(struct evidence_reader **out, struct evidence *e, struct fault *why);
/*
 * A reading of the requests that are stored separately; a request that two logs report with different fields comes
 * twice.
 */
int evidence_gateway_reader_new(struct evidence_reader **out, struct evidence *e, struct fault *why);
void evidence_reader_free(struct evidence_reader *r);
/* Begins with the items of this replica, or the first one after it. Before the first evidence_next. */
void evidence_reader_seek(struct evidence_reader *r, name_id replica);
/* The next item: 1, 0 at the end, or a negative error. Valid until the next call. */
int evidence_next(struct evidence_reader *r, const struct item **out, struct fault *why);
/* How many duplicate items were left out so far. */
int64_t evidence_duplicates(const struct evidence_reader *r);
/* Counts only duplicates that begin within a period, half-open. */
void evidence_count_duplicates(struct evidence_reader *r, int64_t from_ns, int64_t to_ns);

#endif
