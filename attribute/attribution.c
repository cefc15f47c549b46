/* attribution.c: from the records of a run to its entries: collect, sort, fit, post. */
#include <stdlib.h>

#include "attribute/fleet/capacity.h"
#include "attribute/fleet/stated.h"
#include "attribute/adopted.h"
#include "attribute/bought_sums.h"
#include "attribute/check.h"
#include "attribute/split/bought_post.h"
#include "attribute/split/breakdowns.h"
#include "attribute/evidence/join.h"
#include "attribute/evidence/left.h"
#include "attribute/split/hits.h"
#include "attribute/split/request_rows.h"
#include "attribute/evidence/replicas.h"
#include "attribute/evidence/sequence.h"
#include "attribute/servers/servers.h"
#include "attribute/split/parallel.h"
#include "core/instant.h"

/* Part of the memory that streams may use, see the README. */
#define EVIDENCE_BYTES ((size_t)8 << 20)
#define ENTRIES_BYTES ((size_t)8 << 20)
#define ROWS_BYTES ((size_t)8 << 20)

struct attribution {
	struct attribute_options options;
	struct evidence *evidence;
	struct replicas *replicas;
	struct attribution_fits *fits; /* of this run's own evidence */
	struct accounts_common common;
	struct spool *patches;         /* tenants that another attribution joined; or NULL */
	struct join_report joined;     /* of gateways' requests to the engines' */
	struct hits *bought;           /* see bought_post.h */
	struct server_bounds *bounds;  /* of replicas with records years apart */
	size_t bound_count;
	struct ranks *ranks;           /* replicas in lock-step; NULL: none */
	struct name_verdict *verdicts; /* about names, decided elsewhere */
	size_t verdict_count;
	struct name_verdict *adopted, *decided; /* of other days; by this evidence alone */
	size_t adopted_count, decided_count;
	struct quality identity;       /* findings and warnings about names and clocks */
	bool sealed, fitted;
	int64_t duplicates, rewritten; /* rewritten: duplicates left out on the way */
};

struct attribution *attribution_new(const struct attribute_options *o) {
	struct attribution *a = must_calloc(1, sizeof *a);
	unsigned lanes = o->lanes > 0 ? o->lanes : 1;

	a->options = *o;
	quality_init(&a->identity);
	a->evidence = evidence_new(o->names, lanes, EVIDENCE_BYTES);
	a->replicas = replicas_new(o->names, lanes);
	evidence_watch(a->evidence, replicas_add_item, a->replicas);
	evidence_only(a->evidence, o->only_replica);
	evidence_set_period(a->evidence, o->from_ns, o->to_ns);
	evidence_set_vendors(a->evidence, o->is_vendors, o->vendors);
	a->fits = attribution_fits_new(o->names);
	fits_describe(o->fits ? o->fits : a->fits, o->fleet);
	a->common = (struct accounts_common){
		.options = &a->options,
		.entries = entries_new(o->names, parallel_lanes(o), ENTRIES_BYTES),
		.rows = o->requests_path || o->request_rows ? request_rows_new(o->names, parallel_lanes(o), ROWS_BYTES) : NULL,
		.capacity = capacity_new(&a->options),
		.hits = hits_new(),
		.breakdowns = breakdowns_new(o->names, o->compare_rules, o->positions, o->batches),
		.unattributed = names_id(o->names, T("(unattributed)")),
	};
	a->bought = hits_new();
	return a;
}

void attribution_free(struct attribution *a) {
	if (!a) {
		return;
	}
	quality_release(&a->identity);
	ranks_free(a->ranks);
	free(a->bounds);
	for (size_t i = 0; i < a->verdict_count; i++) {
		free((char *)(uintptr_t)a->verdicts[i].clock.at);
	}
	free(a->verdicts);
	free(a->adopted);
	free(a->decided);
	evidence_free(a->evidence);
	replicas_free(a->replicas);
	attribution_fits_free(a->fits);
	entries_free(a->common.entries);
	spool_free(a->patches);
	request_rows_free(a->common.rows);
	capacity_free(a->common.capacity);
	hits_free(a->common.hits);
	hits_free(a->bought);
	breakdowns_free(a->common.breakdowns);
	free(a);
}

int attribution_add_record(void *attribution, unsigned lane, const struct record *r, struct fault *why) {
	struct attribution *a = attribution;

	return evidence_add_record(a->evidence, lane, r, why);
}

void attribution_set_span(struct attribution *a, name_id replica, name_id model, const struct replica_span *span) {
	replicas_set_span(a->replicas, replica, model, span);
}

void attribution_find_pause(const char *replica, int64_t missing, struct quality *quality) {
	pauses_find(&(struct pauses){.missing = missing, .count = 1}, replica, quality);
}

void attribution_set_bounds(struct attribution *a, name_id replica, int64_t first_ns, int64_t last_ns) {
	a->bounds = must_realloc(a->bounds, (a->bound_count + 1) * sizeof *a->bounds);
	a->bounds[a->bound_count++] = (struct server_bounds){replica, first_ns, last_ns};
}

void attribution_add_verdict(struct attribution *a, const struct name_verdict *v) {
	a->verdicts = must_realloc(a->verdicts, (a->verdict_count + 1) * sizeof *a->verdicts);
	a->verdicts[a->verdict_count] = *v;
	a->verdicts[a->verdict_count++].clock.at = text_copy(v->clock);
}

void attribution_adopt(struct attribution *a, const struct name_verdict *v) {
	a->adopted = must_grow_by_count(a->adopted, a->adopted_count, sizeof *a->adopted);
	a->adopted[a->adopted_count++] = *v;
}

int attribution_each_decision(const struct attribution *a, verdict_sink *sink, void *context, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < a->decided_count && rc >= 0; i++) {
		rc = sink(context, &a->decided[i], why);
	}
	return rc;
}

void attribution_add_replica(struct attribution *a, name_id replica) {
	evidence_only(a->evidence, replica);
}

void attribution_set_gateways(struct attribution *a, struct gateways gateways) {
	evidence_set_gateways(a->evidence, gateways);
}

bool attribution_period(const struct attribution *a, int64_t *from_ns, int64_t *to_ns) {
	const struct fleet *f = a->options.fleet;
	int64_t bought_from_ns, bought_to_ns;
	bool any = replicas_period(a->replicas, from_ns, to_ns);

	if (evidence_bought_period(a->evidence, &bought_from_ns, &bought_to_ns)) {
		exact_widen(from_ns, to_ns, bought_from_ns, bought_to_ns);
		any = true;
	}
	if (!any) {
		return false;
	}
	for (size_t i = 0; f && i < f->pool_count; i++) {
		const struct pool *p = &f->pools[i];
		if (p->uptime_count > 0) {
			*from_ns = p->uptimes[0].from_ns < *from_ns ? p->uptimes[0].from_ns : *from_ns;
			int64_t last_ns = p->uptimes[p->uptime_count - 1].to_ns;
			*to_ns = last_ns > *to_ns ? last_ns : *to_ns;
		}
	}
	*from_ns = *from_ns > a->options.from_ns ? *from_ns : a->options.from_ns;
	*to_ns = *to_ns < a->options.to_ns ? *to_ns : a->options.to_ns;
	return *from_ns <= *to_ns;
}

/* ---- going through all replicas ---- */

/* What is known about replicas from elsewhere, under their final names. */
static void carry_spans(struct attribution *a, const struct replicas *before, const struct servers *s) {
	const struct replica_summary *r = NULL;

	while ((r = replicas_next(before, r))) {
		struct replica_span span = r->span;
		servers_clip(s, r->replica, &span.first_ns, &span.last_ns);
		name_id named;
		for (size_t part = 0; r->has_span && span.first_ns <= span.last_ns && (named = servers_named_part(s, r->replica, part)) != 0; part++) {
			struct replica_span one = span;
			servers_clip_part(s, r->replica, part, a->options.from_ns, a->options.to_ns, &one.first_ns, &one.last_ns);
			replicas_add_span(a->replicas, named, r->model, &one);
		}
	}
}

/* Changes the evidence as decided. */
static int apply(struct attribution *a, struct servers *s, struct fault *why) {
	struct replicas *before = a->replicas;

	a->replicas = replicas_new(a->options.names, 1);
	carry_spans(a, before, s);
	replicas_free(before);
	evidence_watch(a->evidence, replicas_add_item, a->replicas);
	return evidence_rewrite(a->evidence, servers_apply, s, &a->rewritten, why);
}

static int keep_decision(void *attribution, const struct name_verdict *v, struct fault *why) {
	struct attribution *a = attribution;

	(void)why;
	a->decided = must_grow_by_count(a->decided, a->decided_count, sizeof *a->decided);
	a->decided[a->decided_count++] = *v;
	return 0;
}

/* Reads the batches of ranks, under their final names. */
static int read_ranks(struct attribution *a, const struct servers *s, struct fault *why) {
	a->ranks = servers_ranks(s);
	a->common.ranks = a->ranks;
	return a->ranks ? ranks_read(a->ranks, a->evidence, why) : 0;
}

/* Merges the names of one server and corrects clocks to one clock. */
static int settle_once(struct attribution *a, bool *again, struct fault *why) {
	struct servers *s;
	struct servers_ask ask = {a->evidence, a->replicas, parallel_lanes(&a->options), a->options.names, a->options.fleet, a->bounds, a->bound_count, !a->options.identity,
	                          a->adopted, a->adopted_count};
	int rc = servers_decide(&s, &ask, &a->identity, why);

	if (rc >= 0 && servers_change(s)) {
		rc = apply(a, s, why);
	}
	rc = rc < 0 ? rc : servers_each_decision(s, keep_decision, a, why);
	*again = rc >= 0 && servers_decide_again(s);
	rc = rc >= 0 && !*again ? read_ranks(a, s, why) : rc;
	servers_free(s);
	return rc;
}

static int settle_by_verdicts(struct attribution *a, struct fault *why) {
	struct servers *s = servers_of_verdicts(a->options.names, a->verdicts, a->verdict_count);
	int rc = servers_change(s) ? apply(a, s, why) : 0;

	rc = rc < 0 ? rc : read_ranks(a, s, why);
	servers_free(s);
	return rc;
}

/* If only some replicas are here, names were compared elsewhere. */
static int settle_servers(struct attribution *a, struct fault *why) {
	bool again = false;
	int rc = a->options.identity || a->options.part ? settle_once(a, &again, why) : 0;

	if (!a->options.identity) {
		return rc < 0 ? rc : settle_by_verdicts(a, why);
	}
	return rc >= 0 && again ? settle_once(a, &again, why) : rc;
}

/*
 * A day's evidence shows requests of one gateway that vendors served and others that a server did. For how long that server
 * is paid is then not known from single days: days know one model and no provider of a gateway's requests.
 */
static void find_mixed_gateways(struct attribution *a) {
	const struct replica_summary *r = NULL;

	while (a->options.by_days && (r = replicas_next(a->replicas, r))) {
		/* paid for on days with steps only, which show its time */
		bool by_steps = r->has_span && r->span.first_ns >= r->span.first_step_day_ns && r->span.last_ns < r->span.last_step_day_ns + NS_PER_DAY;
		if (by_steps || !(r->has_span ? evidence_has_bought(a->evidence, r->replica) : r->adopted > 0)) {
			continue;
		}
		const struct pool *pool = fleet_pool_of(a->options.fleet, a->options.names, r->replica, r->model);
		const char *name = names_text(a->options.names, r->replica).at;
		if (!pool || pool->uptime_count == 0) {
			quality_finding(&a->identity, "gateway", name, "--fleet", QUALITY_NO_AMOUNT,
			                "%s: vendors served some of a gateway's requests and a server the others, and its paid time may be wrong: "
			                "give the pool's uptime in the fleet file, or log the two under names of their own", name);
		}
	}
}

int attribution_seal(struct attribution *a, struct fault *why) {
	if (a->sealed) {
		return 0;
	}
	a->sealed = true;
	evidence_set_different(a->evidence, a->options.fleet ? &a->options.fleet->different : NULL);
	int rc = evidence_seal(a->evidence, why);
	adopted_check(a->evidence, a->options.names, &a->identity);
	rc = rc < 0 || !(a->options.identity || a->options.part || a->verdict_count > 0) ? rc : settle_servers(a, why);
	replicas_seal(a->replicas);
	find_mixed_gateways(a);
	pauses_check(a->options.by_days ? NULL : a->replicas, a->options.fleet, a->options.names, &a->identity);
	if (rc >= 0 && a->patches) {
		rc = spool_seal(a->patches, why);
		evidence_patch_tenants(a->evidence, a->patches);
		a->patches = NULL;
	} else if (rc >= 0 && evidence_has_gateway(a->evidence)) {
		rc = join_requests(a->evidence, a->options.names, a->options.from_ns, a->options.to_ns, a->options.join, &a->joined, why);
	}
	return rc;
}

int attribution_join(struct attribution *a, tenant_sink *sink, void *context, struct quality *quality, struct fault *why) {
	int rc = attribution_seal(a, why);

	quality->duplicates += evidence_repeated(a->evidence);
	join_report_counts(&a->joined, quality);
	return rc < 0 ? rc : evidence_each_patch(a->evidence, sink, context, why);
}

int attribution_each_left(struct attribution *a, left_sink *sink, void *context, struct fault *why) {
	return left_each(a->evidence, sink, context, why);
}

int attribution_bought(struct attribution *a, entry_sink *sink, void *context, int64_t *from_ns, int64_t *to_ns, struct fault *why) {
	int rc = bought_post(&a->common, a->evidence, a->bought, why);

	(void)evidence_bought_period(a->evidence, from_ns, to_ns);
	return rc < 0 ? rc : entries_each(a->common.entries, sink, context, why);
}

int attribution_each_bought_day(const struct attribution *a, bought_day_sink *sink, void *context) {
	name_id gateway;
	int64_t day_ns;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && hits_at(a->bought, i, &gateway, &day_ns); i++) {
		struct bought_day d = {.gateway = names_text(a->options.names, gateway), .day_ns = day_ns};
		hits_sums(a->bought, i, &d.prompt_ntok, &d.unknown_ntok);
		rc = sink(context, &d);
	}
	return rc;
}

int attribution_patch(struct attribution *a, const struct tenant_patch *p, struct fault *why) {
	struct tenant_patch patch;

	memset(&patch, 0, sizeof patch);
	patch = *p;
	a->patches = a->patches ? a->patches : tenant_patches_new();
	return spool_add(a->patches, 0, &patch, sizeof patch, why);
}

static int run_pass(struct attribution *a, enum pass_purpose purpose, enum fit_part part, struct attribution_fits *fits, struct quality *quality,
              struct fault *why) {
	const struct passes passes = {purpose, part, &a->common, fits, quality, a->evidence, a->replicas};

	return passes_run(&passes, &a->duplicates, why);
}

static int fit(struct attribution *a, struct quality *quality, struct fault *why) {
	int rc = attribution_seal(a, why);

	if (rc < 0 || a->fitted) {
		return rc;
	}
	a->fitted = true;
	rc = run_pass(a, PASS_FIT, a->options.fits_unseen ? FIT_SAMPLES : FIT_WHOLE, a->fits, quality, why);
	if (rc >= 0 && fits_lack_sums(a->fits)) {
		rc = run_pass(a, PASS_FIT, FIT_SUMS, a->fits, quality, why);
	}
	return rc < 0 ? rc : fits_solve(a->options.fits ? a->options.fits : a->fits, why);
}

int attribution_fits_add(struct attribution_fits *f, struct attribution *a, struct fault *why) {
	struct quality ignored;

	quality_init(&ignored);
	int rc = fit(a, &ignored, why);
	quality_release(&ignored);
	return rc < 0 ? rc : fits_merge(f, a->fits, why);
}

/* ---- warnings about money ---- */

static const char *input_name(const struct quality *q, uint32_t index) {
	for (size_t i = 0; i < q->input_count; i++) {
		if (q->inputs[i].index == index) {
			return q->inputs[i].file;
		}
	}
	return "a log";
}

static void find_undated(const struct attribution *a, struct quality *q) {
	struct undated u = evidence_undated(a->evidence);

	if (u.count > 0) {
		const char *file = input_name(q, u.file);
		quality_finding(q, "no-instant", file, NULL, QUALITY_NO_AMOUNT,
		                "%lld %s without a timestamp, not counted (the first: %s:%lld)", (long long)u.count,
		                u.count == 1 ? "request" : "requests", file, (long long)u.line);
	}
}

static void find_beyond_names(const struct attribution *a, struct quality *q) {
	int64_t records = evidence_beyond_names(a->evidence);

	if (records > 0) {
		quality_finding(q, "names", NULL, NULL, QUALITY_NO_AMOUNT,
		                "more than %d distinct tenants, models and servers: %lld records are counted under "
				"the name (other)",
		                EVIDENCE_NAMES_MAX, (long long)records);
	}
}

static void find_beyond_day(const struct attribution *a, struct quality *q) {
	const struct replica_summary *s = NULL;

	while ((s = replicas_next(a->replicas, s))) {
		const char *name = names_text(a->options.names, s->replica).at;
		if (s->beyond_day) {
			quality_finding(q, "clock", name, NULL, QUALITY_NO_AMOUNT,
			                "%s: requests or windows last for more than a day, by their timestamps: these are wrong, or contain the time of "
			                "waiting, which may be counted as work; a book may divide them between days differently; correct them, or "
			                "leave these records out", name);
		}
	}
}

/* Requests of a server that is paid for, and which has no steps, whose time is not known: more than one of a hundred. */
static void find_instants(const struct attribution *a, struct quality *q) {
	const struct attribute_options *o = &a->options;
	const struct replica_summary *s = NULL;

	while ((s = replicas_next(a->replicas, s))) {
		const char *name = names_text(o->names, s->replica).at;
		if (s->steps > 0 || s->instants * 100 <= s->requests || !fleet_pool_of(o->fleet, o->names, s->replica, s->model)) {
			continue;
		}
		quality_finding(q, "no-duration", name, NULL, QUALITY_NO_AMOUNT,
		                s->windows > 0 ? "%s: %lld of %lld requests have neither a start nor a duration: the GPU time that they took is not known; on days "
				                 "without other requests its statistics are used instead, without tenants"
		                               : "%s: %lld of %lld requests have neither a start nor a duration: the GPU time that they took is not known and "
				                 "counts as idle; give the log or the metrics of the server, too",
		                name, (long long)s->instants, (long long)s->requests);
	}
}

/* Requests of a part of a server's work. */
static void find_partial(const struct attribution *a, struct quality *q) {
	const struct replica_summary *s = NULL;

	while ((s = replicas_next(a->replicas, s))) {
		if (s->partial_window_ntok > 0) {
			const char *name = names_text(a->options.names, s->replica).at;
			quality_finding(q, "requests-partial", name, NULL, QUALITY_NO_AMOUNT,
			                s->by_windows ? "%s: its requests have %.0f %% of the output tokens that its statistics count: on days with less than half, these are "
			                                "used instead, without tenants; give all of its requests"
			                              : "%s: its requests have %.0f %% of the output tokens that its statistics count: the others are in no figure, and "
			                                "their time is that of these or idle; give all of its requests",
			                name, 100 * (double)s->partial_request_ntok / (double)s->partial_window_ntok);
		}
	}
}

static void warn_evidence(const struct attribution *a, struct quality *q) {
	find_undated(a, q);
	find_beyond_names(a, q);
	find_beyond_day(a, q);
	find_instants(a, q);
	find_partial(a, q);
	adopted_beyond(a->replicas, a->options.names, q);
	if (evidence_lacks_contexts(a->evidence)) {
		quality_warn(q, "the log does not report context lengths of steps; where requests do not show them "
				"either, mixed steps are split without contexts and graded C");
	}
	if (evidence_has_relative_clock(a->evidence)) {
		quality_warn(q, "a log has timestamps relative to the start of its server: they are shown as dates in 1970");
	}
}

static bool is_fallback(const struct fleet *f, const struct pool *p) {
	return p && !fleet_lists(f, p);
}

/* One GPU for each replica of --gpu-hour is a guess, unless a log or --gpus states it. */
static void assume_gpus(const struct attribution *a, struct quality *q) {
	const struct attribute_options *o = &a->options;
	const struct replica_summary *s = NULL;

	while ((s = replicas_next(a->replicas, s))) {
		if (is_fallback(o->fleet, fleet_pool_of(o->fleet, o->names, s->replica, s->model)) &&
		    !fleet_gpus_known(o->fleet, o->names, s->replica)) {
			quality_assume(q, NULL, "1", "--gpus", NULL, "1 GPU per replica, as no log states how many");
			return;
		}
	}
}

static void warn_unmatched(const struct attribution *a, struct quality *q) {
	const struct attribute_options *o = &a->options;
	const struct replica_summary *s = NULL;

	while ((s = replicas_next(a->replicas, s))) {
		if (!fleet_pool_of(o->fleet, o->names, s->replica, s->model)) {
			quality_warn(q, "replica %s (model %s) matches no pool of the fleet file: its time has no price; add a pool "
			             "or give --gpu-hour", names_text(o->names, s->replica).at, names_text(o->names, s->model).at);
		}
	}
}

/* ---- the end ---- */

struct adding {
	struct entries *entries;
	struct fault *why;
};

static int add_entry(void *adding, const struct entry *e) {
	struct adding *a = adding;

	return entries_add(a->entries, 0, e, a->why);
}

int attribution_finish(struct attribution *a, entry_sink *sink, void *context, struct quality *quality,
                       struct fault *why) {
	struct attribution_fits *fits = a->options.fits ? a->options.fits : a->fits;
	int rc = fit(a, quality, why);

	if (rc >= 0) {
		rc = run_pass(a, PASS_POST, FIT_WHOLE, fits, quality, why);
	}
	rc = rc < 0 ? rc : bought_post(&a->common, a->evidence, a->bought, why);
	bought_state_unknown(a->bought, a->options.names, quality);
	if (rc >= 0 && !a->options.part) {
		struct adding adding = {a->common.entries, why};
		rc = capacity_post_unobserved(a->common.capacity, add_entry, &adding, quality, why);
	}
	if (rc >= 0) {
		rc = entries_each(a->common.entries, sink, context, why);
	}
	entries_free(a->common.entries); /* what the sink made of them may need the memory */
	a->common.entries = NULL;
	if (rc >= 0 && a->options.requests_path) {
		rc = request_rows_write(a->common.rows, a->options.names, a->options.requests_path, why);
	}
	quality->duplicates += a->duplicates + a->rewritten + evidence_repeated(a->evidence);
	quality_merge(quality, &a->identity);
	join_report_counts(&a->joined, quality);
	if (rc >= 0) {
		fits_find_impossible(fits, a->options.from_ns, a->options.to_ns, quality);
	}
	warn_evidence(a, quality);
	warn_unmatched(a, quality);
	assume_gpus(a, quality);
	return rc;
}

int attribution_pack_requests(struct attribution *a, packed_sink *sink, void *context, struct fault *why) {
	return request_rows_pack(a->common.rows, a->options.names, sink, context, why);
}

int attribution_each_rule(struct attribution *a, rule_sink *sink, void *context) {
	return breakdowns_each_rule(a->common.breakdowns, sink, context);
}

int attribution_each_position(struct attribution *a, position_sink *sink, void *context) {
	return breakdowns_each_position(a->common.breakdowns, sink, context);
}

int attribution_each_batch(struct attribution *a, batch_sink *sink, void *context) {
	return breakdowns_each_batch(a->common.breakdowns, sink, context);
}

int attribution_each_curve(const struct attribution *a, curve_sink *sink, void *context) {
	return fits_each_curve(a->options.fits ? a->options.fits : a->fits, a->options.from_ns, a->options.to_ns, sink, context);
}

void attribution_print_models(const struct attribution *a, FILE *out) {
	const struct check check = {a->evidence, a->replicas, &a->options, a->options.fits ? a->options.fits : a->fits, a->common.hits, a->ranks, NULL};
	struct fault why;

	fits_print(check.fits, a->options.from_ns, a->options.to_ns, out);
	if (a->sealed && check_print(&check, out, &why) < 0) {
		fprintf(out, "cross-check failed: %s\n", why.message);
	}
}

int attribution_cross_check(const struct attribution *a, FILE *out, struct quality *quality, struct fault *why) {
	const struct check check = {a->evidence, a->replicas, &a->options, a->options.fits ? a->options.fits : a->fits, a->common.hits, a->ranks, quality};

	char *lines = NULL, day[INSTANT_TEXT_MAX];
	size_t len = 0;
	FILE *held = a->sealed ? open_memstream(&lines, &len) : NULL;
	int rc = held ? check_print(&check, held, why) : 0;

	if (held && fclose(held) == 0 && rc >= 0 && len > 0) {
		fprintf(out, "%.10s\n%s", instant_format(a->options.from_ns, day), lines);
	}
	free(lines);
	return rc < 0 ? rc : len > 0;
}

int attribution_keep_fits(const struct attribution *a, int64_t day_ns, fit_sink *sink, void *context, struct fault *why) {
	struct attribution_fits *fits = a->options.fits ? a->options.fits : a->fits;
	int rc = fits_keep(fits, day_ns, sink, context, why);

	return rc < 0 ? rc : breakdowns_keep(a->common.breakdowns, fits, a->options.names, day_ns, sink, context);
}

int attribution_each_model(const struct attribution *a, fitted_sink *sink, void *context) {
	return fits_each_model(a->options.fits ? a->options.fits : a->fits, sink, context);
}
