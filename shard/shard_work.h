/* shard_work.h: shared by fit and attribute. */
#ifndef SHARD_SHARD_WORK_H
#define SHARD_SHARD_WORK_H

#include "shard/shard.h"
#include "core/files/pack.h"
#include "ledger/ledger.h"

/* A session is recreated after this many replicas. */
#define SESSION_REPLICAS 64
#define FITS_MAX ((size_t)1 << 30)

/* A new attribution with all records of the current replica of `parts`; the caller frees it, also on an error. */
int work_add_replica(struct parts *parts, struct shard_session *s, struct text replica,
                      struct attribution **out, int64_t *records, struct fault *why);

/* Writes the cost of each request of the plan's task, unless its file is there. */
int shard_requests_of(struct plan *p, struct shard_tally *tally, struct fault *why);

/*
 * --book: posts the entries of the task's file to the ledger; and, when all tasks' files exist, the remaining uptime
 * of pools. What the ledger has already is unchanged. *posted: entries posted.
 */
int shard_post(struct plan *p, int64_t *posted, struct fault *why);

/*
 * Posts what a plan's logs contained and what was wrong with them, task by task, and what concerns all together, to
 * the ledger, once. All tasks' files must exist.
 */
int shard_post_evidence(struct plan *p, const struct shard_session *s, const struct quality *odd, struct fault *why);

/* Work in a transaction that is committed if it returns 1; repeated if the ledger fails, so it must be repeatable. */
typedef int ledger_work(void *context, struct ledger *l, struct fault *why);
int work_on_ledger(const struct plan *p, struct names *names, ledger_work *work, void *context, struct fault *why);

/* The ledger of --book: a server ("postgresql://…"), or a book's folder. */
int work_open_ledger(struct ledger **out, const struct plan *p, enum ledger_mode mode, struct names *names,
                     struct fault *why);

/*
 * If several replicas have engines' logs, requests of gateways are joined to them by the tasks of `shard fit`, in two
 * stages (join.c); each task of `shard attribute` reads the tenants of its replicas' requests, in the order of names.
 */
int shard_join_needed(struct plan *p, bool *needed, struct fault *why);
int shard_join_ids(struct plan *p, int64_t task, struct fault *why);
int shard_join_left(struct plan *p, int64_t task, struct fault *why);
struct shard_tenants;
/* *out is NULL if there are none. Warnings of the join are added by task 0. */
int shard_tenants_open(struct shard_tenants **out, struct plan *p, struct quality *quality, struct fault *why);
void shard_tenants_close(struct shard_tenants *t);
/* The entries of requests that vendors answered, packed, before any replica, and warnings about them; widens the period. Task 0 only. */
int shard_tenants_bought(struct shard_tenants *t, bundle_sink *sink, void *context, int64_t *from_ns, int64_t *to_ns, struct fault *why);
int shard_tenants_apply(struct shard_tenants *t, struct names *names, struct text replica, struct attribution *to,
                       struct fault *why);

/*
 * names.c: a task of `shard map` stores samples of its names, those of gateways in a file of their own; the first task of
 * `shard fit` decides which belong to one server.
 */
int shard_names_write(struct plan *p, struct name_summaries *engines, struct name_summaries *gateways, struct fault *why);
int shard_names_decide(struct plan *p, struct fault *why);
struct shard_names;
/* The decisions. *out must be closed, also on an error. */
int shard_names_open(struct shard_names **out, struct plan *p, struct fault *why);
void shard_names_close(struct shard_names *n);
/* Names that are processed together: the first of them, and each, from *at = 0 on, if there are several. */
struct text shard_names_leader(const struct shard_names *n, struct text name);
bool shard_names_member(const struct shard_names *n, struct text leader, size_t *at, struct text *name);
/* Passes on the decisions about a leader's names; NULL: about all. */
void shard_names_apply(const struct shard_names *n, const struct text *leader, struct names *names, struct attribution *a);
/* Applies the GPUs stated in all tasks' logs to the session's fleet; nothing before names are decided. */
int shard_names_state(struct shard_session *s, struct fault *why);
/* Adds warnings about names. */
int shard_names_tell(struct plan *p, struct quality *quality, struct fault *why);

/* Adds the statistics of all tasks: from the file of their sum, or from each. */
#define FITS_SUM "fit/sum.fits"
int work_sum_fits(struct attribution_fits *f, struct plan *p, struct fault *why);

#endif
