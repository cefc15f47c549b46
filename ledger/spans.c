/* spans.c: the time for which replicas are known to be paid, and the role of gateways. */
#include <stdlib.h>

#include "core/exact.h"
#include "core/instant.h"
#include "ledger/book.h"
#include "ledger/segments/segment.h"

/* ---- of a segment ---- */

enum span_kind record_span_kind(const struct record *r) {
	static const enum span_kind kinds[RECORD_KINDS] = {
		[RECORD_STEP] = SPAN_STEPS, [RECORD_REQUEST] = SPAN_REQUESTS, [RECORD_WINDOW] = SPAN_REQUESTS};

	return r->kind == RECORD_REQUEST && r->request.gateway ? SPAN_GATEWAY : kinds[r->kind];
}

static enum span_kind segment_span_kind(const struct ledger_segment *s) {
	return s->counts[RECORD_STEP] > 0                                              ? SPAN_STEPS
	       : s->counts[RECORD_REQUEST] - s->gateways + s->counts[RECORD_WINDOW] > 0 ? SPAN_REQUESTS
	       : s->gateways > 0                                                       ? SPAN_GATEWAY
	                                                                               : SPAN_NONE;
}

void ledger_segment_empty(struct ledger_segment *s) {
	memset(s->counts, 0, sizeof s->counts);
	s->gateways = 0;
	s->first_step = s->last_step = UNKNOWN;
	s->first_ns = s->span_first_ns = INT64_MAX;
	s->last_ns = s->span_last_ns = INT64_MIN;
}

void ledger_segment_add(struct ledger_segment *s, const struct record *r) {
	enum span_kind kind = record_span_kind(r), best = segment_span_kind(s);

	if (r->kind == RECORD_STEP) { /* in the order of time */
		s->first_step = s->counts[RECORD_STEP] == 0 ? r->step.index : s->first_step;
		s->last_step = r->step.index;
	}
	s->counts[r->kind]++;
	s->gateways += kind == SPAN_GATEWAY;
	record_extent(r, &s->first_ns, &s->last_ns);
	if (kind > best) {
		s->span_first_ns = INT64_MAX;
		s->span_last_ns = INT64_MIN;
	}
	if (kind != SPAN_NONE && kind >= best) {
		record_extent(r, &s->span_first_ns, &s->span_last_ns);
	}
}

/* ---- of a replica ---- */

/*
 * The span of one replica, over its segments by day: on each day the best kind of record determines the paid time. A
 * gateway's counts if there is no other.
 */
static void reach(struct ledger_span *to, name_id model, const struct ledger_segment *s) {
	enum span_kind kind = segment_span_kind(s);
	bool better = kind > to->kind, first = better && to->kind <= SPAN_GATEWAY;

	if (first || kind > SPAN_GATEWAY || kind == to->kind) {
		to->first_ns = first || s->span_first_ns < to->first_ns ? s->span_first_ns : to->first_ns;
		to->last_ns = first || s->span_last_ns > to->last_ns ? s->span_last_ns : to->last_ns;
		to->first_day_ns = first ? s->day_ns : to->first_day_ns;
		to->last_day_ns = s->day_ns;
	}
	if (kind == SPAN_GATEWAY) {
		exact_widen(&to->gateway_days.first_ns, &to->gateway_days.last_ns, s->span_first_ns, s->span_last_ns);
	}
	if (kind == SPAN_STEPS) {
		to->first_step_day_ns = to->first_step_day_ns == INT64_MAX ? s->day_ns : to->first_step_day_ns;
		to->last_step_day_ns = s->day_ns;
	}
	if (better || to->model == 0) {
		to->model = model ? model : to->model;
	}
	to->kind = better ? kind : to->kind;
	to->requests |= s->counts[RECORD_REQUEST] > s->gateways;
	to->gateways |= s->gateways > 0;
}

static int64_t records_of(const struct ledger_segment *s) {
	return s->counts[RECORD_STEP] + s->counts[RECORD_REQUEST] + s->counts[RECORD_WINDOW];
}

/* Keeps the better of two stretches of days, the one with more records, in *best; the other's are counted as apart. */
static void choose(struct ledger_span *best, const struct ledger_span *other) {
	if (other->kind == SPAN_NONE) {
		return;
	}
	struct ledger_span lesser = other->records > best->records || best->kind == SPAN_NONE ? *best : *other;
	*best = other->records > best->records || best->kind == SPAN_NONE ? *other : *best;
	best->apart += lesser.kind == SPAN_NONE ? 0 : lesser.records + lesser.apart;
}

static const struct ledger_span no_span = {
	.kind = SPAN_NONE, .gateway_days = {INT64_MAX, INT64_MIN}, .first_step_day_ns = INT64_MAX, .last_step_day_ns = INT64_MIN};

/* The pauses of a replica. */
struct pause_list {
	struct ledger_pause *at;
	size_t count;
	int64_t last_step, last_ns; /* of the day before with steps; UNKNOWN */
};

/* As in a run (attribute/evidence/sequence.h). */
static void note_pause(struct pause_list *p, const struct ledger_segment *s) {
	if (s->counts[RECORD_STEP] == 0) {
		return;
	}
	bool known = p->last_step != UNKNOWN && s->first_step != UNKNOWN && s->first_step > p->last_step + 1;
	if (known && (int128)s->day_ns - instant_floor(p->last_ns, NS_PER_DAY) > NS_PER_DAY && s->span_first_ns - p->last_ns <= APART_NS) {
		p->at = must_grow_by_count(p->at, p->count, sizeof *p->at);
		p->at[p->count++] = (struct ledger_pause){s->day_ns, s->first_step - p->last_step - 1};
	}
	p->last_step = s->last_step;
	p->last_ns = s->span_last_ns;
}

static int pass_on(struct ledger_span *best, struct pause_list *p, ledger_span_sink *sink, void *context) {
	best->pauses = p->at;
	best->pause_count = p->count;
	int rc = sink(context, best);
	p->count = 0;
	p->last_step = UNKNOWN;
	return rc;
}

int ledger_spans(struct ledger *l, ledger_span_sink *sink, void *context, struct fault *why) {
	enum query q = Q_SPANS;
	struct ledger_span span = no_span, best = no_span;
	struct pause_list pauses = {.last_step = UNKNOWN};
	int rc = ask(l, q, NULL, 0, why);

	while (ask_row(l, q, &rc, why)) {
		name_id replica = name_here(l, row_int(l, q, 0));
		const struct ledger_segment s = {
			.span_first_ns = row_int(l, q, 2),
			.span_last_ns = row_int(l, q, 3),
			.counts = {[RECORD_STEP] = row_int(l, q, 4), [RECORD_REQUEST] = row_int(l, q, 5), [RECORD_WINDOW] = row_int(l, q, 6)},
			.gateways = row_int(l, q, 7) > 0 ? row_int(l, q, 7) : 0,
			.day_ns = row_int(l, q, 8),
			.first_step = row_step(l, q, 9),
			.last_step = row_step(l, q, 10),
		};
		bool another = span.kind != SPAN_NONE && span.replica != replica;
		rc = 0;
		if (another || (span.kind != SPAN_NONE && s.span_first_ns - span.last_ns > APART_NS)) {
			choose(&best, &span);
			span = no_span;
		}
		if (another) {
			rc = pass_on(&best, &pauses, sink, context);
			best = no_span;
		}
		note_pause(&pauses, &s);
		span.replica = replica;
		reach(&span, name_here(l, row_int(l, q, 1)), &s);
		span.records += records_of(&s);
	}
	ask_end(l, q);
	choose(&best, &span);
	rc = rc == 0 && best.kind != SPAN_NONE ? pass_on(&best, &pauses, sink, context) : rc;
	free(pauses.at);
	return rc;
}

/* ---- of all ---- */

void ledger_known_add(struct ledger_known *k, const struct ledger_span *s) {
	exact_widen(&k->all.first_ns, &k->all.last_ns, s->first_ns, s->last_ns);
	exact_widen(&k->all.first_ns, &k->all.last_ns, s->gateway_days.first_ns, s->gateway_days.last_ns);
	if (s->kind > SPAN_GATEWAY) {
		exact_widen(&k->engines_reach.first_ns, &k->engines_reach.last_ns, s->first_ns, s->last_ns);
		engines_add(&k->engines, s->replica, s->requests);
	}
	k->gateways_reported |= s->gateways;
	k->gateways = gateways_role(&k->engines, k->gateways_reported);
}

static int add_span(void *known, const struct ledger_span *s) {
	ledger_known_add(known, s);
	return 0;
}

int ledger_known_get(struct ledger *l, struct ledger_known *out, struct fault *why) {
	*out = LEDGER_KNOWN_NOTHING;
	return ledger_spans(l, add_span, out, why);
}

/* ---- segments of former versions, which did not count records of gateways ---- */

static int add_record(void *segment, const struct record *r, struct fault *why) {
	(void)why;
	ledger_segment_add(segment, r);
	return 0;
}

static int count_again(struct ledger *l, const struct ledger_segment *was, struct fault *why) {
	struct ledger_segment now = *was;
	int rc = 0;

	if (was->gone_run) {
		now.gateways = 0; /* there is nothing to count */
	} else {
		ledger_segment_empty(&now);
		rc = ledger_records(l, was, add_record, &now, why);
	}
	return rc < 0 ? rc : ledger_segment_put(l, &now, why);
}

int ledger_count_gateways(struct ledger *l, struct fault *why) {
	struct segment_list c = {.count = 0};
	int rc = ledger_segments_uncounted(l, segment_keep, &c, why);

	for (size_t i = 0; i < c.count && rc >= 0; i++) {
		rc = count_again(l, &c.at[i], why);
	}
	free(c.at);
	return rc < 0 ? rc : 0;
}
