/* days.c: segments, what is to be attributed again, and fits. Which replicas segments cover: spans.c. */
#include "core/exact.h"
#include "core/instant.h"
#include "ledger/book.h"

int64_t row_step(struct ledger *l, enum query q, int column) {
	return row_null(l, q, column) ? UNKNOWN : row_int(l, q, column);
}

static struct value step_value(int64_t step) {
	return step == UNKNOWN ? V_NULL : V_INT(step);
}

static void row_segment(struct ledger *l, enum query q, struct ledger_segment *out) {
	*out = (struct ledger_segment){
		.day_ns = row_int(l, q, 0),
		.replica = name_here(l, row_int(l, q, 1)),
		.bytes = row_int(l, q, 3),
		.first_ns = row_int(l, q, 8),
		.last_ns = row_int(l, q, 9),
		.run = row_int(l, q, 10),
		.span_first_ns = row_int(l, q, 11),
		.span_last_ns = row_int(l, q, 12),
		.model = name_here(l, row_int(l, q, 13)),
		.gone_run = row_int(l, q, 14),
		.gateways = row_int(l, q, 15) > 0 ? row_int(l, q, 15) : 0,
		.first_step = row_step(l, q, 16),
		.last_step = row_step(l, q, 17),
	};
	row_hash(l, q, 2, out->hash);
	for (int k = 0; k < RECORD_KINDS; k++) {
		out->counts[k] = row_int(l, q, 4 + k);
	}
}

int ledger_segment_get(struct ledger *l, int64_t day_ns, name_id replica, struct ledger_segment *out,
                       struct fault *why) {
	int rc = ask_first(l, Q_SEGMENT_GET, VALUES(V_INT(day_ns), V_NAME(replica)), why);

	if (rc <= 0) {
		return rc;
	}
	row_segment(l, Q_SEGMENT_GET, out);
	ask_end(l, Q_SEGMENT_GET);
	return 1;
}

int ledger_segment_put(struct ledger *l, const struct ledger_segment *s, struct fault *why) {
	return ask_do(l, Q_SEGMENT_PUT,
	              VALUES(V_INT(s->day_ns), V_NAME(s->replica), V_STR(s->hash), V_INT(s->bytes), V_INT(s->counts[RECORD_STEP]),
	                     V_INT(s->counts[RECORD_REQUEST]), V_INT(s->counts[RECORD_WINDOW]), V_INT(s->counts[RECORD_POWER]),
	                     V_INT(s->first_ns), V_INT(s->last_ns), V_INT(s->run), V_INT(s->span_first_ns), V_INT(s->span_last_ns),
	                     V_NAME(s->model), s->gone_run ? V_INT(s->gone_run) : V_NULL, V_INT(s->gateways), step_value(s->first_step),
	                     step_value(s->last_step)), why);
}

int ledger_segment_drop(struct ledger *l, int64_t day_ns, name_id replica, struct fault *why) {
	return ask_do(l, Q_SEGMENT_DROP, VALUES(V_INT(day_ns), V_NAME(replica)), why);
}

int segment_keep(void *list, const struct ledger_segment *s) {
	struct segment_list *l = list;

	l->at = must_grow_by_count(l->at, l->count, sizeof *l->at);
	l->at[l->count++] = *s;
	return 0;
}

static int hand_over(struct ledger *l, enum query q, int rc, ledger_segment_sink *sink, void *context, struct fault *why) {
	struct ledger_segment s;

	while (ask_row(l, q, &rc, why)) {
		row_segment(l, q, &s);
		rc = sink(context, &s);
	}
	ask_end(l, q);
	return rc;
}

int ledger_segments(struct ledger *l, int64_t from_ns, int64_t to_ns, ledger_segment_sink *sink, void *context,
                    struct fault *why) {
	return hand_over(l, Q_SEGMENTS, ask(l, Q_SEGMENTS, VALUES(V_INT(from_ns), V_INT(to_ns)), why), sink, context, why);
}

int ledger_segments_uncounted(struct ledger *l, ledger_segment_sink *sink, void *context, struct fault *why) {
	return hand_over(l, Q_SEGMENTS_UNCOUNTED, ask(l, Q_SEGMENTS_UNCOUNTED, NULL, 0, why), sink, context, why);
}

int ledger_segments_left(struct ledger *l, int64_t before_ns, ledger_segment_sink *sink, void *context, struct fault *why) {
	return hand_over(l, Q_SEGMENTS_LEFT, ask(l, Q_SEGMENTS_LEFT, VALUES(V_INT(before_ns)), why), sink, context, why);
}

/* ---- days ---- */

int ledger_dirty(struct ledger *l, int64_t from_ns, int64_t to_ns, struct fault *why) {
	int rc = 0;

	for (int64_t day = instant_floor(from_ns, NS_PER_DAY); day < to_ns && rc == 0; day += NS_PER_DAY) {
		rc = ask_do(l, Q_DIRTY, VALUES(V_INT(day)), why);
	}
	return rc;
}

int ledger_dirty_basis(struct ledger *l, const char *basis, struct fault *why) {
	return ask_do(l, Q_DIRTY_BASIS, VALUES(V_STR(basis)), why);
}

int ledger_dirty_next(struct ledger *l, int64_t *day_ns, struct fault *why) {
	return ask_int(l, Q_DIRTY_NEXT, NULL, 0, day_ns, why);
}

int ledger_dirty_count(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t *count, struct fault *why) {
	int rc = ask_int(l, Q_DIRTY_COUNT, VALUES(V_INT(from_ns), V_INT(to_ns)), count, why);

	return rc < 0 ? rc : 0;
}

int ledger_day_extent(struct ledger *l, int64_t *from_ns, int64_t *to_ns, struct fault *why) {
	int rc = ask_first(l, Q_DAY_EXTENT, NULL, 0, why);

	if (rc <= 0) {
		return rc;
	}
	rc = row_null(l, Q_DAY_EXTENT, 0) ? 0 : 1;
	*from_ns = row_int(l, Q_DAY_EXTENT, 0);
	*to_ns = row_int(l, Q_DAY_EXTENT, 1) + NS_PER_DAY;
	ask_end(l, Q_DAY_EXTENT);
	return rc;
}

int ledger_day_basis(struct ledger *l, int64_t day_ns, char basis[DIGEST_HEX_MAX], struct fault *why) {
	int rc = ask_first(l, Q_DAY_BASIS, VALUES(V_INT(day_ns)), why);

	if (rc <= 0) {
		return rc;
	}
	row_hash(l, Q_DAY_BASIS, 0, basis);
	ask_end(l, Q_DAY_BASIS);
	return 1;
}

int ledger_dirty_forget(struct ledger *l, int64_t day_ns, struct fault *why) {
	return ask_do(l, Q_DIRTY_DONE, VALUES(V_INT(day_ns)), why);
}

int ledger_day_done(struct ledger *l, int64_t day_ns, const char *basis, int64_t duplicates, int64_t *more,
                    struct fault *why) {
	int64_t before = 0;
	int rc = ask_int(l, Q_DAY_DUPLICATES, VALUES(V_INT(day_ns)), &before, why);

	*more = duplicates - (rc > 0 ? before : 0);
	rc = rc < 0 ? rc : ledger_dirty_forget(l, day_ns, why);
	return rc < 0 ? rc : ask_do(l, Q_DAY_DONE, VALUES(V_INT(day_ns), V_STR(basis), V_INT(duplicates)), why);
}

static const char *first_of(const struct quality_joins *j, enum join_trouble what) {
	return j->count[what] > 0 && j->first[what] ? j->first[what] : "";
}

void row_joins(struct ledger *l, enum query q, struct quality_joins *out) {
	out->joined = row_int(l, q, 0);
	out->gateway_only_tokens = row_int(l, q, 1);
	for (int i = 0; i < JOIN_TROUBLES; i++) {
		out->count[i] = row_int(l, q, 2 + i);
		out->first[i] = must_copy(row_keep(l, q, 2 + JOIN_TROUBLES + i, 5));
	}
}

static bool same_joins(const struct quality_joins *a, const struct quality_joins *b) {
	bool same = a->joined == b->joined && a->gateway_only_tokens == b->gateway_only_tokens;

	for (int i = 0; i < JOIN_TROUBLES && same; i++) {
		same = a->count[i] == b->count[i] && strcmp(first_of(a, (enum join_trouble)i), first_of(b, (enum join_trouble)i)) == 0;
	}
	return same;
}

/* Are these already the day's joins? Without joins there is no row. */
static int is_told(struct ledger *l, int64_t day_ns, const struct quality_joins *j, struct fault *why) {
	struct quality now;
	int rc = ask_first(l, Q_JOINS_OF_DAY, VALUES(V_INT(day_ns)), why);

	quality_init(&now);
	if (rc > 0) {
		row_joins(l, Q_JOINS_OF_DAY, &now.joins);
		ask_end(l, Q_JOINS_OF_DAY);
	}
	rc = rc < 0 ? rc : same_joins(&now.joins, j);
	quality_release(&now);
	return rc;
}

int ledger_joins_put(struct ledger *l, int64_t run, int64_t day_ns, const struct quality_joins *j, struct fault *why) {
	static const struct quality_joins nothing;
	bool any = j->joined + j->count[JOIN_GATEWAY_ONLY] + j->count[JOIN_ENGINE_ONLY] > 0;
	int rc = is_told(l, day_ns, any ? j : &nothing, why);

	if (rc != 0) {
		return rc < 0 ? rc : 0;
	}
	rc = ask_do(l, Q_JOINS_DROP, VALUES(V_INT(day_ns), V_INT(run)), why); /* nothing of this run itself is reported yet */
	rc = rc < 0 ? rc : ask_do(l, Q_JOINS_END, VALUES(V_INT(day_ns), V_INT(run)), why);
	return rc < 0 || !any ? rc
	       : ask_do(l, Q_JOINS_PUT,
	                VALUES(V_INT(day_ns), V_INT(run), V_INT(j->joined), V_INT(j->gateway_only_tokens),
	                       V_INT(j->count[JOIN_GATEWAY_ONLY]), V_INT(j->count[JOIN_ENGINE_ONLY]), V_INT(j->count[JOIN_DIFFERING]),
	                       V_STR(first_of(j, JOIN_GATEWAY_ONLY)), V_STR(first_of(j, JOIN_ENGINE_ONLY)),
	                       V_STR(first_of(j, JOIN_DIFFERING))), why);
}

/* ---- fits ---- */

int ledger_fits_drop(struct ledger *l, int64_t day_ns, struct fault *why) {
	return ask_do(l, Q_FITS_DROP, VALUES(V_INT(day_ns), V_TEXT(T(BREAKDOWNS_PART))), why);
}

int ledger_fit_put(struct ledger *l, int64_t day_ns, struct text part, struct text json, struct fault *why) {
	return ask_do(l, Q_FIT_PUT, VALUES(V_INT(day_ns), V_TEXT(part), V_TEXT(json)), why);
}

int ledger_fits(struct ledger *l, int64_t from_ns, int64_t to_ns, ledger_fit_sink *sink, void *context,
                struct fault *why) {
	int rc = ask(l, Q_FITS, VALUES(V_INT(from_ns), V_INT(to_ns), V_TEXT(T(SUMS_PART))), why);

	while (ask_row(l, Q_FITS, &rc, why)) {
		const char *part = row_keep(l, Q_FITS, 1, 5);
		rc = sink(context, row_int(l, Q_FITS, 0), part, row_text(l, Q_FITS, 2));
	}
	ask_end(l, Q_FITS);
	return rc;
}
