/*
 * accounts.h: what the time of one replica went to, segment by segment, tenant by tenant.
 * Private to attribute/.
 *
 * Time is handed in as it passes, in order. A request's part of decode is a difference of
 * running sums between its first and last step; it is settled when the request leaves and where a segment ends. Parts
 * are rounded cumulatively, so that they sum to the phase's total to the last nanosecond.
 */
#ifndef ATTRIBUTE_ACCOUNTS_H
#define ATTRIBUTE_ACCOUNTS_H

#include "attribute/split/busy_days.h"
#include "attribute/evidence/energy.h"
#include "attribute/split/breakdowns.h"
#include "attribute/flight/flight.h"
#include "attribute/split/postings.h"
#include "attribute/split/request_rows.h"
#include "attribute/fleet/segment.h"

struct capacity;
struct hits;

/* What the accounts of all replicas share. */
struct accounts_common {
	const struct attribute_options *options;
	struct entries *entries;
	struct request_rows *rows; /* NULL: not asked for */
	struct capacity *capacity;
	struct hits *hits;
	struct breakdowns *breakdowns;
	name_id unattributed;      /* the tenant "(unattributed)" */
};

/* A phase of the segment at hand, by grade. */
struct phase {
	int64_t total_ns[TIME_GRADES];       /* GPU-ns */
	int64_t given_ns[TIME_GRADES];       /* of it, to requests */
	long double exact_ns[TIME_GRADES];   /* what given_ns rounds */
	double spread_ns[TIME_GRADES];       /* see struct entry */
	double context_ns[TIME_GRADES];      /* of total_ns, the part that depends on contexts */
};

/* Energy of a segment, by what the time went to; the last one is of time whose use is not distinguished. */
#define ENERGY_USES (ENTRY_KINDS + 1)
struct energy_sums {
	int64_t mj[ENERGY_USES], metered_ns[ENERGY_USES];
	int128 assumed[ENERGY_USES]; /* milliwatt-nanoseconds of time without samples */
};

struct accounts {
	const struct accounts_common *common;
	name_id replica, model; /* model: of the time that requests do not name one for */
	const struct pool *pool; /* NULL: none */
	int64_t gpus, gpu_parts; /* gpus / gpu_parts of a GPU */
	int64_t origin_ns;       /* from where parts of a GPU are counted, so that stretches sum to the whole */
	bool has_requests; /* are there any request records of this replica? */
	struct segment segment;
	struct postings postings;
	struct phase prefill, decode;
	struct decode_sums now[TIME_GRADES];
	int64_t segment_step; /* number of the decode step with which the segment began */
	struct flight *flight;
	int64_t posted_ns;    /* GPU-ns of all segments, wanted or not: for the identity */
	struct posted_totals {
		int64_t from_ns, to_ns, gpu_ns;
	} totals;             /* the last totals of one stretch, which are rounded together */
	int64_t unpaid_ns;    /* busy GPU-ns while the pool was not up */
	struct request_rest prefill_rest, decode_rest;
	struct busy_days busy;        /* what no request explains of busy time */
	struct energy *energy;        /* NULL: nothing is known of power */
	struct energy_sums energy_sums;
	int64_t energy_at_ns;         /* energy is counted up to here */
	int64_t at_ns;        /* where the accounts have got to */
	bool failed;          /* a sum did not fit */
};

/* GPU time between two instants; false if it does not fit. Stretches end to end sum to that of the whole. */
bool accounts_gpu_ns(const struct accounts *a, int64_t from_ns, int64_t to_ns, int64_t *gpu_ns);

/* A stretch of busy time whose batch is known; all of it within one step. */
struct stretch {
	int64_t from_ns, to_ns;
	int64_t prefill_ns, decode_ns; /* GPU-ns, sum to (to - from) x GPUs */
	enum grade grade;
	double attention_share;        /* of prefill: what goes by the chunks' attention, ... */
	double prior_share;            /* ... and by the contexts before them; the rest by their tokens */
	double context_share;          /* of decode: what goes by the sequences' contexts, the rest equally */
	int64_t prefill_tokens, prefill_token_kv, prefill_kv_tokens; /* of the whole batch */
	int64_t decode_requests, decode_kv_tokens; /* 0: not known */
	const struct split_times *times; /* by which a mixed step was split; NULL: it needed no rule */
	bool by_steps;                 /* chunks and sequences are those of a step, not of a sweep */
	double share_sd;               /* standard deviation of prefill's share; of a pure stretch: of its time */
};

/* Starts with a replica at an instant. */
void accounts_open(struct accounts *a, const struct accounts_common *c, struct flight *f, name_id replica,
                   name_id model, const struct pool *pool, int64_t at_ns);

/* From here on time that requests do not name a model for is this one's; 0: it stays. */
int accounts_model(struct accounts *a, name_id model, struct fault *why);

/* Counts the energy of time whose use is posted as totals. */
int accounts_energy(struct accounts *a, int64_t from_ns, int64_t to_ns, struct fault *why);

/* Busy time, of the step entered last. */
int accounts_busy(struct accounts *a, const struct stretch *s, struct fault *why);

/* Time between steps: ENTRY_OTHER, ENTRY_IDLE or ENTRY_UNOBSERVED. */
int accounts_gap(struct accounts *a, enum entry_kind kind, int64_t from_ns, int64_t to_ns, bool by_count,
                 struct fault *why);

/*
 * GPU time of a kind that is known as a total, within one segment or over several (by time). Totals of one stretch that
 * are posted one after the other are rounded together: they never sum to more than the stretch in any segment.
 */
int accounts_post(struct accounts *a, enum entry_kind kind, enum grade grade, name_id tenant, int64_t from_ns,
                  int64_t to_ns, int64_t gpu_ns, struct fault *why);

/* One standard deviation of what is posted as totals, of either phase, in the segment at hand. */
void accounts_spread(struct accounts *a, enum grade grade, double prefill_gpu_ns, double decode_gpu_ns);

/* Tokens and requests that no request record reports. `at_ns` is when they count. */
int accounts_tokens(struct accounts *a, name_id tenant, int64_t at_ns, const int64_t tokens[3], int64_t requests,
                    struct fault *why);

/* A flight_leave: settles the request, posts its tokens, writes its row. */
int accounts_leave(void *accounts, struct active *a, struct fault *why);

/* The replica ends. */
int accounts_close(struct accounts *a, struct fault *why);

#endif
