/*
 * accounts.h: what the time of one replica was used for, segment by segment, tenant by tenant. Private to attribute/.
 *
 * Time is added in order. A request's part of decode is a difference of running sums between its first and last step;
 * it is settled when the request leaves and when a segment ends. Parts are rounded cumulatively, so that they sum to
 * the phase's total to the last nanosecond.
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
struct ranks;

/* Shared by the accounts of all replicas, or of those of one thread (parallel.h). */
struct accounts_common {
	const struct attribute_options *options;
	struct entries *entries;
	struct request_rows *rows; /* NULL: not requested */
	struct capacity *capacity;
	struct hits *hits;
	struct breakdowns *breakdowns;
	const struct ranks *ranks; /* replicas in lock-step; NULL: none */
	unsigned lane;             /* of entries and rows, which all threads add to */
	name_id unattributed;      /* the tenant "(unattributed)" */
};

/* A phase of the current segment, by grade. */
struct phase {
	int64_t total_ns[TIME_GRADES];       /* GPU-ns */
	int64_t given_ns[TIME_GRADES];       /* the part posted to requests */
	long double exact_ns[TIME_GRADES];   /* the exact value of given_ns */
	double spread_ns[TIME_GRADES];       /* see struct entry */
	double context_ns[TIME_GRADES];      /* the part of total_ns that depends on contexts */
	double member_sd_ns[TIME_GRADES];    /* one standard deviation of who is in its batches, beyond the usual */
	double context_sd_ns[TIME_GRADES];   /* one standard deviation of that, from the model */
};

/* Energy of a segment, by what the time was used for; the last one is of time without a distinguished use. */
#define ENERGY_USES (ENTRY_KINDS + 1)
struct energy_sums {
	int64_t mj[ENERGY_USES], metered_ns[ENERGY_USES];
	int128 assumed[ENERGY_USES]; /* milliwatt-nanoseconds of time without samples */
};

struct accounts {
	const struct accounts_common *common;
	name_id replica, model; /* model: for time that no request names one for */
	const struct pool *pool; /* NULL: none */
	int64_t gpus, gpu_parts; /* gpus / gpu_parts of a GPU */
	/* the instant from which parts of a GPU are counted, so that stretches sum to the whole */
	int64_t origin_ns;
	bool has_requests; /* are there any request records of this replica? */
	struct segment segment;
	struct postings postings;
	uint32_t plain[ENTRY_KINDS]; /* numbers + 1 of the postings without tenant and grade; 0: not yet found */
	struct phase prefill, decode;
	struct decode_sums now[TIME_GRADES];
	int64_t segment_step; /* number of the first decode step of the segment */
	struct flight *flight;
	int64_t posted_ns;    /* GPU-ns of all segments, wanted or not: for the identity */
	struct posted_totals {
		int64_t from_ns, to_ns, gpu_ns;
	} totals;             /* the previous totals of one stretch, which are rounded together */
	int64_t unpaid_ns;    /* busy GPU-ns while the pool was not up */
	struct request_rest prefill_rest, decode_rest;
	struct busy_days busy;        /* busy time that no request explains */
	struct energy *energy;        /* NULL: nothing is known of power */
	struct energy_sums energy_sums;
	int64_t energy_at_ns;         /* energy is counted up to here */
	int64_t at_ns;        /* the current instant of the accounts */
	bool failed;          /* a sum did not fit */
};

/* GPU time between two instants; false if it does not fit. Adjacent stretches sum to that of the whole. */
bool accounts_gpu_ns(const struct accounts *a, int64_t from_ns, int64_t to_ns, int64_t *gpu_ns);

/* A stretch of busy time with a known batch, within one step. */
struct stretch {
	int64_t from_ns, to_ns;
	int64_t prefill_ns, decode_ns; /* GPU-ns, sum to (to - from) x GPUs */
	enum grade grade;
	double attention_share;        /* of prefill: the part proportional to the chunks' attention, ... */
	/* ... and to the contexts before them; the rest is proportional to their tokens */
	double prior_share;
	/* of decode: the part proportional to the sequences' contexts; the rest is shared equally */
	double context_share;
	double member_sd; /* relative standard deviation of a tenant's part, if who is in the batch is a guess */
	double attention_sd, context_sd; /* relative standard deviations of the first two shares, and of the last one */
	double attention_doubt;        /* one standard deviation of attention_share, if steps are rebuilt: for cached context */
	int64_t prefill_tokens, prefill_token_kv, prefill_kv_tokens; /* of the whole batch */
	int64_t decode_requests, decode_kv_tokens; /* 0: not known */
	const struct split_times *times; /* times by which a mixed step was split; NULL: no rule was needed */
	bool by_steps;                 /* chunks and sequences are those of a step, not of a stretch of sweep.c */
	double share_sd;               /* standard deviation of prefill's share; of a pure stretch: of its time */
};

/* Starts the accounts of a replica at an instant. */
void accounts_open(struct accounts *a, const struct accounts_common *c, struct flight *f, name_id replica,
                   name_id model, const struct pool *pool, int64_t at_ns);

/* Sets the model of time for which no request names one, from here on; 0: unchanged. */
int accounts_model(struct accounts *a, name_id model, struct fault *why);

/* Counts the energy of time that is posted as totals. */
int accounts_energy(struct accounts *a, int64_t from_ns, int64_t to_ns, struct fault *why);

/* Busy time, of the step entered last. */
int accounts_busy(struct accounts *a, const struct stretch *s, struct fault *why);

/* Time between steps: ENTRY_OTHER, ENTRY_IDLE or ENTRY_UNOBSERVED. */
int accounts_gap(struct accounts *a, enum entry_kind kind, int64_t from_ns, int64_t to_ns, bool by_count,
                 struct fault *why);

/*
 * GPU time of a kind as a total, within one segment or over several (proportional to time). Totals of one stretch
 * that are posted one after the other are rounded together: they never sum to more than the stretch in any segment.
 */
int accounts_post(struct accounts *a, enum entry_kind kind, enum grade grade, name_id tenant, int64_t from_ns,
                  int64_t to_ns, int64_t gpu_ns, struct fault *why);

/* One standard deviation of each phase's totals in the current segment. */
void accounts_spread(struct accounts *a, enum grade grade, double prefill_gpu_ns, double decode_gpu_ns);

/* Tokens and requests that no request record reports. `at_ns` is when they count. */
int accounts_tokens(struct accounts *a, name_id tenant, int64_t at_ns, const int64_t tokens[3], int64_t requests,
                    struct fault *why);

/* A flight_leave: settles the request, posts its tokens, writes its row. */
int accounts_leave(void *accounts, struct active *a, struct fault *why);

/* Ends the replica. */
int accounts_close(struct accounts *a, struct fault *why);

#endif
