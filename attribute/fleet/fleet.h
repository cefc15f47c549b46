/* fleet.h: pools, what they cost and when they were up. Private to attribute/. */
#ifndef ATTRIBUTE_FLEET_H
#define ATTRIBUTE_FLEET_H

#include "attribute/fleet/pairs.h"
#include "attribute/attribute.h"
#include "core/digest.h"
#include "core/model/modelspec.h"

enum role { ROLE_MIXED, ROLE_PREFILL, ROLE_DECODE };

struct rate {
	int64_t from_ns;
	int64_t nano; /* per GPU-hour */
};

/* A model's description as a pool names it. */
struct description {
	char *name; /* relative to the fleet file */
	struct text bytes;
	char sha256[DIGEST_HEX_MAX];
	struct modelspec spec;
};

struct uptime {
	int64_t from_ns, to_ns;
	int64_t gpus; /* of the whole pool */
};

struct pool {
	name_id name, model, gpu;
	char *match; /* glob over replica names */
	int64_t gpus_per_replica; /* whole GPUs; for a part of a GPU ("2/7") the numerator */
	int64_t gpu_parts;        /* the denominator; 1: whole GPUs */
	enum role role;
	struct rate *rates; /* ascending */
	size_t rate_count;
	struct uptime *uptimes; /* ascending, without overlap */
	size_t uptime_count;
	int64_t watts_per_gpu_milli; /* 0: not given */
	int64_t watts_prefill_milli, watts_decode_milli, watts_idle_milli; /* 0: watts_per_gpu */
	int64_t pue_nano, per_kwh_nano;
	const struct description *description; /* of its model; NULL: not named */
};

/* A replica of --gpu-hour with GPUs stated in its log. */
struct stated {
	name_id replica;
	int64_t gpus;
	struct pool *pool; /* the fallback with this number of GPUs */
};


struct fleet {
	struct pool *pools;
	size_t pool_count;
	struct pool fallback; /* --gpu-hour, and --gpus or one GPU per replica; no rates if not given */
	bool has_fallback, gpus_given; /* from --gpus */
	struct stated *stated; /* replicas with GPUs stated in their logs, sorted by name_id */
	size_t stated_count;
	struct name_rules names;
	struct server_pairs same, different; /* pairs of names of one server, and of two servers */
	char currency[16];
	char sha256[65];
	char *cards; /* path of another GPU catalogue; NULL: the built-in one */
	struct description **descriptions; /* each once */
	size_t description_count;
	char *description_hashes; /* separated by spaces; NULL: none */
};

/*
 * The description of that name; opened and read if it is new. ERROR_CONFIG if it is not below the fleet file's
 * folder, cannot be read or is not a description.
 */
int fleet_describe(struct fleet *f, struct text name, fleet_opener *open, void *context, const struct description **out,
                   struct fault *why);
/* A fleet_opener: a file in the fleet file's folder; the context is the fleet file's path. */
int fleet_open_description(void *path, const char *name, struct text *bytes, struct fault *why);
void fleet_forget_descriptions(struct fleet *f);

/*
 * The pool of a replica: the first with a matching pattern and the replica's model; else the first with a matching
 * pattern; else the fallback of --gpu-hour; else NULL.
 */
const struct pool *fleet_pool_of(const struct fleet *f, struct names *names, name_id replica, name_id model);
/* The name "a" of the part "a#2"; other names are returned as they are. */
name_id fleet_whole_name(struct names *names, name_id replica);

/* Is it one of the fleet file's pools, not the fallback? False for NULL. */
static inline bool fleet_lists(const struct fleet *f, const struct pool *p) {
	return p && f->pool_count > 0 && p >= f->pools && p < f->pools + f->pool_count;
}

/*
 * The rate per GPU-hour in force at an instant, -1 if none is; *until_ns is when it changes
 * (INT64_MAX: never).
 */
int64_t pool_rate_at(const struct pool *p, int64_t at_ns, int64_t *until_ns);

#endif
