/*
 * windows.c: a replica of which only totals of periods are logged.
 *
 * Windows of the same period (of several tenants, say) form a group. Where they carry the
 * phases' GPU time, the rest of the period is idle; where they do not, a period with tokens
 * was busy throughout.
 */
#include <stdlib.h>

#include "attribute/walk.h"
#include "core/share.h"

struct windows_state {
	struct window_item *group; /* windows of one period */
	size_t count, room;
	int64_t over_ns;           /* GPU-ns of phases beyond what the period holds */
	bool was_busy;             /* did work go on where the last period ended? */
};

static bool has_windows(const struct replica_summary *s) {
	return s->steps == 0 && s->requests == 0 && s->windows > 0;
}

static void windows_span(struct walk *w) {
	w->from_ns = w->summary->first_ns;
	w->to_ns = w->summary->last_ns;
}

static bool has_phases(const struct window_item *i) {
	return i->prefill_gpu_ns != UNKNOWN && i->decode_gpu_ns != UNKNOWN;
}

/* A replica that bears its pool's name is the whole pool. */
static bool is_pool(const struct walk *w) {
	return w->pool && w->pool->uptime_count > 0 && w->pool->name == w->summary->replica;
}

/* The GPU time paid for in a period; false if it does not fit. */
static bool available(const struct walk *w, int64_t from_ns, int64_t to_ns, int64_t *gpu_ns) {
	struct segment s;
	bool fits = true;

	*gpu_ns = 0;
	for (int64_t at_ns = from_ns; at_ns < to_ns && fits; at_ns = s.to_ns) {
		segment_at(w->common->options, w->pool, at_ns, &s);
		int64_t until_ns = s.to_ns < to_ns ? s.to_ns : to_ns, part;
		int64_t gpus = is_pool(w) ? s.pool_gpus : s.paid ? w->accounts.gpus : 0;
		fits = !__builtin_mul_overflow(until_ns - at_ns, gpus, &part) && exact_add(gpu_ns, part);
	}
	return fits;
}

/* ---- tokens ---- */

static int post_tokens(struct walk *w, const struct window_item *i, struct fault *why) {
	int64_t cached = i->cached_tokens > 0 ? i->cached_tokens : 0;
	int64_t uncached = i->input_is_computed ? i->input_tokens : i->input_tokens - cached;
	const int64_t tokens[3] = {uncached > 0 ? uncached : 0, cached, i->output_tokens};
	int64_t at_ns = i->end_ns > i->head.at_ns ? i->end_ns - 1 : i->end_ns;

	return accounts_tokens(&w->accounts, i->tenant, at_ns, tokens, i->requests == UNKNOWN ? 0 : i->requests, why);
}

/* ---- time ---- */

static int post_phases(struct walk *w, const struct window_item *i, int64_t prefill_ns, int64_t decode_ns,
                       enum grade grade, struct fault *why) {
	int rc = accounts_post(&w->accounts, ENTRY_INPUT, grade, i->tenant, i->head.at_ns, i->end_ns, prefill_ns, why);

	return rc < 0 ? rc : accounts_post(&w->accounts, ENTRY_OUTPUT, grade, i->tenant, i->head.at_ns, i->end_ns, decode_ns, why);
}

/* What the group's phases took; -1 if a window does not say, -2 if the sum does not fit. */
static int64_t phases_ns(const struct windows_state *st) {
	int64_t sum = 0;

	for (size_t k = 0; k < st->count; k++) {
		const struct window_item *i = &st->group[k];
		if (!has_phases(i)) {
			return -1;
		}
		if (!exact_add(&sum, i->prefill_gpu_ns) || !exact_add(&sum, i->decode_gpu_ns)) {
			return -2;
		}
	}
	return sum;
}

static int post_measured(struct walk *w, int64_t busy_ns, int64_t room_ns, int64_t from_ns, struct fault *why) {
	struct windows_state *st = w->state;
	int rc = 0;

	for (size_t k = 0; k < st->count && rc >= 0; k++) {
		const struct window_item *i = &st->group[k];
		rc = post_phases(w, i, i->prefill_gpu_ns, i->decode_gpu_ns, GRADE_A, why);
	}
	if (rc >= 0 && room_ns > busy_ns) {
		rc = accounts_post(&w->accounts, ENTRY_IDLE, GRADE_NONE, 0, from_ns, st->group[0].end_ns, room_ns - busy_ns, why);
	}
	st->over_ns += busy_ns > room_ns ? busy_ns - room_ns : 0;
	return rc;
}

static int64_t computed_tokens(const struct window_item *i) {
	return i->input_is_computed ? i->input_tokens : i->input_tokens - (i->cached_tokens > 0 ? i->cached_tokens : 0);
}

/* Without phases each token has the same part of the period. */
static int post_by_tokens(struct walk *w, int64_t room_ns, int64_t from_ns, struct fault *why) {
	struct windows_state *st = w->state;
	int64_t weights = 0;
	int rc = 0;

	for (size_t k = 0; k < st->count; k++) {
		weights += computed_tokens(&st->group[k]) + st->group[k].output_tokens;
	}
	if (weights == 0) {
		return accounts_post(&w->accounts, ENTRY_IDLE, GRADE_NONE, 0, from_ns, st->group[0].end_ns, room_ns, why);
	}
	struct share share;
	share_init(&share, room_ns, weights);
	for (size_t k = 0; k < st->count && rc >= 0; k++) {
		struct window_item i = st->group[k];
		i.head.at_ns = from_ns;
		int64_t prefill_ns = share_next(&share, computed_tokens(&i));
		rc = post_phases(w, &i, prefill_ns, share_next(&share, i.output_tokens), GRADE_D, why);
	}
	return rc;
}

/* Between periods: idle if nothing went on where the last one ended, else nobody knows. */
static int post_between(struct walk *w, int64_t to_ns, struct fault *why) {
	struct windows_state *st = w->state;
	int64_t ns;

	if (to_ns <= w->cursor_ns) {
		return 0;
	}
	if (!available(w, w->cursor_ns, to_ns, &ns)) {
		return fault_set(why, ERROR_RANGE, "the paid time of a replica does not fit 64 bits of nanoseconds");
	}
	int rc = accounts_post(&w->accounts, st->was_busy ? ENTRY_UNOBSERVED : ENTRY_IDLE, GRADE_NONE, 0, w->cursor_ns,
	                       to_ns, ns, why);
	w->cursor_ns = to_ns;
	return rc;
}

static int post_group(struct walk *w, struct fault *why) {
	struct windows_state *st = w->state;
	int64_t room_ns = 0;

	if (st->count == 0) {
		return 0;
	}
	const struct window_item *first = &st->group[0];
	int rc = post_between(w, first->head.at_ns, why);
	int64_t from_ns = w->cursor_ns, busy_ns = phases_ns(st);
	if (busy_ns == -2 || (from_ns < first->end_ns && !available(w, from_ns, first->end_ns, &room_ns))) {
		return fault_set(why, ERROR_RANGE, "the GPU time of a window does not fit 64 bits of nanoseconds");
	}
	for (size_t k = 0; k < st->count && rc >= 0; k++) {
		rc = post_tokens(w, &st->group[k], why);
	}
	if (rc >= 0 && busy_ns >= 0) {
		rc = post_measured(w, busy_ns, room_ns, from_ns, why);
	} else if (rc >= 0 && room_ns > 0) {
		rc = post_by_tokens(w, room_ns, from_ns, why);
	}
	st->was_busy = first->running != UNKNOWN ? first->running > 0 : busy_ns != 0;
	w->cursor_ns = first->end_ns > w->cursor_ns ? first->end_ns : w->cursor_ns;
	st->count = 0;
	return rc;
}

static int windows_item(struct walk *w, const struct item *item, struct fault *why) {
	struct windows_state *st = w->state;
	const struct window_item *i = (const struct window_item *)item;

	if (item->kind != ITEM_WINDOW || w->purpose != WALK_POST) {
		return 0;
	}
	bool same = st->count > 0 && st->group[0].head.at_ns == item->at_ns && st->group[0].end_ns == i->end_ns;
	int rc = same ? 0 : post_group(w, why);
	if (st->count == st->room) {
		st->room = st->room > 0 ? 2 * st->room : 8;
		st->group = must_realloc(st->group, st->room * sizeof *st->group);
	}
	st->group[st->count++] = *i;
	return rc;
}

static int windows_end(struct walk *w, struct fault *why) {
	struct windows_state *st = w->state;
	int rc = w->purpose == WALK_POST ? post_group(w, why) : 0;

	if (st->over_ns > 0) {
		w->over_ns = st->over_ns;
		quality_warn(w->quality, "replica %s: windows tell of %.3f GPU-hours more than their periods hold; they are "
		             "counted as capacity: give \"gpus_per_replica\" or \"uptime\" in the fleet file",
		             names_text(w->common->options->names, w->summary->replica).at,
		             (double)st->over_ns / (double)NS_PER_HOUR);
	}
	return rc;
}

static void windows_release(struct walk *w) {
	struct windows_state *st = w->state;

	free(st->group);
}

const struct walker walk_windows = {
	.state_size = sizeof(struct windows_state),
	.fits = has_windows,
	.span = windows_span,
	.item = windows_item,
	.end = windows_end,
	.release = windows_release,
};
