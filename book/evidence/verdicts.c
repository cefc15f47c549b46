/*
 * verdicts.c: what each day's records decide about names of servers, and which decisions a day takes from others.
 *
 * A day's own decisions follow from its records and those of the days next to it. Where they leave a name open, or have
 * none of it, the nearest days that decide it apply, if the one before and the one after agree. So the result depends
 * on the records in the book, and not on the nights in which they came.
 */
#include <stdlib.h>
#include <string.h>

#include "book/book.h"
#include "core/instant.h"
#include "core/sorted.h"

/* All decisions in the book, by name, then by day; kept for one run. */
struct book_verdicts {
	struct ledger_verdict *at;
	size_t count, room;
	int64_t run;
};

void book_forget_verdicts(struct book *b) {
	if (b->verdicts) {
		free(b->verdicts->at);
		free(b->verdicts);
		b->verdicts = NULL;
	}
}

static int keep(void *verdicts, const struct ledger_verdict *v) {
	struct book_verdicts *all = verdicts;

	all->at = must_grow(all->at, all->count, &all->room, sizeof *all->at, 64);
	all->at[all->count++] = *v;
	return 0;
}

static int order_verdicts(const struct ledger_verdict *x, const struct ledger_verdict *y) {
	int order = exact_order(x->name, y->name);

	order = order != 0 ? order : exact_order(x->day_ns, y->day_ns);
	return order != 0 ? order : exact_order(x->with, y->with);
}

static int compare(const void *a, const void *b) {
	return order_verdicts(a, b);
}

static void sort(struct book_verdicts *all) {
	sort_items(all->at, all->count, sizeof *all->at, compare);
}

static int load(struct book *b, struct fault *why) {
	if (b->verdicts && b->verdicts->run != b->run.id) {
		book_forget_verdicts(b);
	}
	if (b->verdicts) {
		return 0;
	}
	b->verdicts = must_calloc(1, sizeof *b->verdicts);
	b->verdicts->run = b->run.id;
	int rc = ledger_verdicts(b->ledger, keep, b->verdicts, why);
	sort(b->verdicts);
	return rc;
}

/* ---- which decision applies to a day ---- */

/* The decisions about one name. */
struct history {
	const struct ledger_verdict *at;
	size_t count;
};

static struct history history_at(const struct book_verdicts *all, size_t first) {
	struct history h = {all->at + first, 0};

	while (first + h.count < all->count && all->at[first + h.count].name == h.at->name) {
		h.count++;
	}
	return h;
}

/* Is there, among these, a decision that the two are different? */
static bool is_revoked(const struct ledger_verdict *v, const struct ledger_verdict *at, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (at[i].decision == NAME_OTHER && at[i].with == v->with) {
			return true;
		}
	}
	return false;
}

/* The last of the decisions before a day that is of this kind, if none in between revokes it; or NULL. */
static const struct ledger_verdict *nearest_before(const struct history *h, int64_t day_ns, enum name_decision decision) {
	size_t end = 0;

	while (end < h->count && h->at[end].day_ns < day_ns) {
		end++;
	}
	for (size_t i = end; i-- > 0;) {
		if (h->at[i].decision == (int64_t)decision) {
			return is_revoked(&h->at[i], h->at + i + 1, end - i - 1) ? NULL : &h->at[i];
		}
	}
	return NULL;
}

static const struct ledger_verdict *nearest_after(const struct history *h, int64_t day_ns, enum name_decision decision) {
	size_t start = 0;

	while (start < h->count && h->at[start].day_ns <= day_ns) {
		start++;
	}
	for (size_t i = start; i < h->count; i++) {
		if (h->at[i].decision == (int64_t)decision) {
			return is_revoked(&h->at[i], h->at + start, i - start) ? NULL : &h->at[i];
		}
	}
	return NULL;
}

/* What a day takes for a name, if its own records leave it open; NULL: nothing. */
static const struct ledger_verdict *adopted(const struct history *h, int64_t day_ns) {
	const struct ledger_verdict *before = nearest_before(h, day_ns, NAME_SAME), *after = nearest_after(h, day_ns, NAME_SAME);

	if (before && after && (before->with != after->with || before->named != after->named || before->dropped != after->dropped)) {
		return NULL;
	}
	if (before || after) {
		return before ? before : after;
	}
	before = nearest_before(h, day_ns, NAME_HELD);
	return before ? before : nearest_after(h, day_ns, NAME_HELD);
}

int book_adopt_verdicts(struct book *b, struct attribution *a, int64_t from_ns, struct fault *why) {
	int rc = load(b, why);
	const struct book_verdicts *all = b->verdicts;

	for (size_t i = 0; rc >= 0 && i < all->count;) {
		const struct history h = history_at(all, i);
		const struct ledger_verdict *v = adopted(&h, from_ns);
		i += h.count;
		if (v && book_span_meets(b, v->name, from_ns - NS_PER_DAY, from_ns + 2 * NS_PER_DAY)) {
			attribution_adopt(a, &(struct name_verdict){.name = v->name, .with = v->with, .decision = (enum name_decision)v->decision,
			                                           .named = v->named, .step_model = v->step_model, .shift_ns = v->shift_ns,
			                                           .held = v->held, .dropped = v->dropped});
		}
	}
	return rc < 0 ? rc : 0;
}

/* ---- what a day decides ---- */

struct keeping {
	struct book *book;
	int64_t day_ns;
	struct book_verdicts own;
};

static int keep_own(void *keeping, const struct name_verdict *v, struct fault *why) {
	struct keeping *k = keeping;

	(void)why;
	return keep(&k->own, &(struct ledger_verdict){.day_ns = k->day_ns, .name = v->name, .with = v->with, .decision = (int64_t)v->decision,
	                                              .named = v->named, .step_model = v->step_model, .shift_ns = v->shift_ns,
	                                              .held = v->held, .dropped = v->dropped});
}

static bool is_same(const struct ledger_verdict *x, const struct ledger_verdict *y) {
	return x->name == y->name && x->with == y->with && x->decision == y->decision && x->named == y->named && x->step_model == y->step_model &&
	       x->shift_ns == y->shift_ns && x->held == y->held && x->dropped == y->dropped;
}

/* The days that are next to a day among those that decide a name, up to which others may take its decision. */
static void reach_of(const struct history *h, int64_t day_ns, int64_t *after_ns, int64_t *before_ns) {
	for (size_t i = 0; i < h->count; i++) {
		if (h->at[i].decision == NAME_SAME && h->at[i].day_ns < day_ns && h->at[i].day_ns > *after_ns) {
			*after_ns = h->at[i].day_ns;
		} else if (h->at[i].decision == NAME_SAME && h->at[i].day_ns > day_ns && h->at[i].day_ns < *before_ns) {
			*before_ns = h->at[i].day_ns;
		}
	}
}

/* Does a day, or each between two days with decisions, take another one than before? */
static bool is_changed(const struct history *was, const struct history *are, int64_t day_ns) {
	const struct ledger_verdict *x = adopted(was, day_ns), *y = adopted(are, day_ns);

	return (x && y) ? !is_same(x, y) : x != y;
}

/* The first day after this one on which a name has a decision, before or now. */
static int64_t next_day(const struct history *was, const struct history *are, int64_t day_ns) {
	const struct history *const both[] = {was, are};
	int64_t next_ns = INT64_MAX;

	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < both[k]->count; i++) {
			next_ns = both[k]->at[i].day_ns > day_ns && both[k]->at[i].day_ns < next_ns ? both[k]->at[i].day_ns : next_ns;
		}
	}
	return next_ns;
}

/* Days that take another decision for a name than before are attributed again. */
static int mark_changed(struct book *b, const struct history *was, const struct history *are, int64_t day_ns, struct fault *why) {
	int64_t from_ns = INT64_MIN, to_ns = INT64_MAX;
	int rc = 0;

	reach_of(are, day_ns, &from_ns, &to_ns);
	while (from_ns < to_ns && rc >= 0) {
		int64_t next_ns = next_day(was, are, from_ns), between_ns = from_ns == INT64_MIN ? next_ns - 1 : from_ns + 1;
		if (is_changed(was, are, between_ns)) {
			rc = ledger_dirty_between(b->ledger, from_ns, next_ns, why);
		}
		if (rc >= 0 && next_ns < to_ns && next_ns != day_ns && is_changed(was, are, next_ns)) {
			rc = ledger_dirty_between(b->ledger, next_ns - 1, next_ns + 1, why);
		}
		from_ns = next_ns;
	}
	return rc;
}

static struct history history_of(const struct book_verdicts *all, name_id name) {
	size_t low = 0, high = all->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (all->at[middle].name < name) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < all->count && all->at[low].name == name ? history_at(all, low) : (struct history){NULL, 0};
}

/* The book's decisions, with the day's own ones in place of its former ones. */
static void merge(const struct book_verdicts *all, const struct keeping *k, struct book_verdicts *now) {
	size_t j = 0;

	for (size_t i = 0; i <= all->count; i++) {
		for (; j < k->own.count && (i == all->count || order_verdicts(&k->own.at[j], &all->at[i]) <= 0); j++) {
			keep(now, &k->own.at[j]);
		}
		if (i < all->count && all->at[i].day_ns != k->day_ns) {
			keep(now, &all->at[i]);
		}
	}
}

/* Names with decisions on the day, in these. */
static int mark_names(struct book *b, const struct book_verdicts *in, const struct book_verdicts *was, const struct book_verdicts *are,
                      int64_t day_ns, struct fault *why) {
	name_id last = UINT32_MAX;
	int rc = 0;

	for (size_t i = 0; i < in->count && rc >= 0; i++) {
		if (in->at[i].day_ns == day_ns && in->at[i].name != last) {
			last = in->at[i].name;
			const struct history before = history_of(was, last), now = history_of(are, last);
			rc = mark_changed(b, &before, &now, day_ns, why);
		}
	}
	return rc;
}

static int replace(struct book *b, const struct keeping *k, struct fault *why) {
	struct book_verdicts *all = b->verdicts, now = {.run = all->run};
	int rc = ledger_verdicts_drop(b->ledger, k->day_ns, why);

	for (size_t i = 0; i < k->own.count && rc >= 0; i++) {
		rc = ledger_verdict_put(b->ledger, &k->own.at[i], why);
	}
	merge(all, k, &now);
	rc = rc < 0 ? rc : mark_names(b, all, all, &now, k->day_ns, why);
	rc = rc < 0 ? rc : mark_names(b, &k->own, all, &now, k->day_ns, why);
	free(all->at);
	*all = now;
	return rc;
}

/* Are the day's decisions those that are stored? */
static bool is_known(const struct book_verdicts *all, struct book_verdicts *own, int64_t day_ns) {
	size_t met = 0;

	sort(own);
	for (size_t i = 0; i < all->count; i++) {
		if (all->at[i].day_ns == day_ns && (met == own->count || !is_same(&all->at[i], &own->at[met++]))) {
			return false;
		}
	}
	return met == own->count;
}

int book_keep_verdicts(struct book *b, const struct attribution *a, int64_t day_ns, struct fault *why) {
	struct keeping k = {.book = b, .day_ns = day_ns};
	int rc = load(b, why);

	rc = rc < 0 ? rc : attribution_each_decision(a, keep_own, &k, why);
	if (rc >= 0 && !is_known(b->verdicts, &k.own, day_ns)) {
		rc = replace(b, &k, why);
	}
	free(k.own.at);
	return rc;
}
