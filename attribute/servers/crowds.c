#include "attribute/servers/crowds.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/sorted.h"

/* Clocks of two gateways differ by no more. */
#define CLOCKS_NS (5 * NS_PER_SECOND)
/* Of a crowd, so many requests are compared. */
#define COMPARED_MOST ((size_t)20000)
/* On average, a fraction of a second has so many of them. */
#define CROWD_LEAST 5
/* Numbers of servers that share requests at random differ by 1, of one server by 0; the worst tenth is left out. */
#define DIFFERENCE_MOST 0.25
#define DIFFERENCE_LEAST 0.01
/* How many times less likely, as a logarithm, such numbers are by chance. */
#define EVIDENCE_LEAST 20

static int by_kind(const void *a, const void *b) {
	const struct finish *x = a, *y = b;
	int by = exact_order(x->completion_tokens, y->completion_tokens);

	return by != 0 ? by : exact_order(x->prompt_tokens, y->prompt_tokens);
}

/* The commonest kind. */
static struct finish commonest(const struct finishes *b) {
	struct finish *all = must_alloc((b->count + 1) * sizeof *all), most = {0};
	size_t most_count = 0;

	memcpy(all, b->at, b->count * sizeof *all);
	sort_items(all, b->count, sizeof *all, by_kind);
	for (size_t i = 0, k; i < b->count; i = k) {
		for (k = i + 1; k < b->count && by_kind(&all[k], &all[i]) == 0; k++) {
		}
		if (k - i > most_count) {
			most_count = k - i;
			most = all[i];
		}
	}
	free(all);
	return most;
}

/* Instants of those like it, at most so many. */
struct crowd {
	int64_t *at;
	size_t count;
};

static struct crowd gather(const struct finishes *all, const struct finish *like, int64_t block, int64_t from_ns, int64_t to_ns, size_t most) {
	size_t from = SORTED_FROM(all->at, all->count, struct finish, at_ns, from_ns);
	struct crowd c = {must_alloc((all->count - from + 1) * sizeof *c.at), 0};

	for (size_t i = from; i < all->count && all->at[i].at_ns <= to_ns && c.count < most; i++) {
		const struct finish *x = &all->at[i];
		if (finish_is_like(x, like->prompt_tokens, like->completion_tokens, block)) {
			c.at[c.count++] = x->at_ns;
		}
	}
	return c;
}

/* The square of the difference of two numbers in a fraction of a second, over their sum. */
struct bin {
	double off;
	double sum;
};

static int by_off(const void *a, const void *b) {
	const struct bin *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

/* Cannot so many bins with this sum in all be evidence, whichever are kept? */
static bool are_too_few(double all, size_t kept) {
	return kept == 0 || all < 2.0 * CROWD_LEAST * (double)kept;
}

/* How much more likely, as a logarithm, the numbers of one server are like this than those of two. `whole`: their sum. */
static double evidence_of(struct bin *bins, size_t count, double whole) {
	double off = 0, all = 0;
	size_t kept = count - count / 10;

	if (are_too_few(whole, kept)) {
		return 0;
	}
	sort_items(bins, count, sizeof *bins, by_off);
	for (size_t i = 0; i < kept; i++) {
		off += bins[i].off;
		all += bins[i].sum;
	}
	if (are_too_few(all, kept)) {
		return 0;
	}
	double share = off / (double)kept > DIFFERENCE_LEAST ? off / (double)kept : DIFFERENCE_LEAST;
	return share > DIFFERENCE_MOST ? 0 : (double)kept / 2 * (share - 1 - log(share));
}

/* Of the first crowd, those within the time of the second one count. */
static double compare_at(const struct crowd *a, const struct crowd *b, int64_t shift_ns, int64_t width_ns, struct bin *bins) {
	size_t i = 0, k = 0, count = 0;

	while (i < a->count && a->at[i] - shift_ns < b->at[0] - width_ns) {
		i++;
	}
	size_t first_of_a = i;
	while (k < b->count) {
		bool first = i < a->count && a->at[i] - shift_ns < b->at[k];
		int64_t to_ns = instant_floor(first ? a->at[i] - shift_ns : b->at[k], width_ns) + width_ns;
		double x = 0, y = 0;
		for (; i < a->count && a->at[i] - shift_ns < to_ns; i++) {
			x++;
		}
		for (; k < b->count && b->at[k] < to_ns; k++) {
			y++;
		}
		bins[count++] = (struct bin){(x - y) * (x - y) / (x + y), x + y};
	}
	return evidence_of(bins, count, (double)(i - first_of_a + k));
}

static double most_evidence(const struct crowd *a, const struct crowd *b, int64_t from_ns, int64_t to_ns, int64_t step_ns, int64_t width_ns, struct bin *bins, int64_t *at_ns) {
	double most = 0;

	for (int64_t shift_ns = from_ns; shift_ns <= to_ns; shift_ns += step_ns) {
		double evidence = compare_at(a, b, shift_ns, width_ns, bins);
		if (evidence > most) {
			most = evidence;
			*at_ns = shift_ns;
		}
	}
	return most;
}

static bool are_alike(const struct crowd *a, const struct crowd *b, bool in_seconds) {
	struct bin *bins = must_alloc((a->count + b->count + 1) * sizeof *bins);
	int64_t width_ns = in_seconds ? NS_PER_SECOND : NS_PER_SECOND / 2, at_ns = 0;
	double most = most_evidence(a, b, -CLOCKS_NS, CLOCKS_NS, width_ns / 5, width_ns, bins, &at_ns);

	if (!in_seconds && most < EVIDENCE_LEAST) { /* a short test: shorter fractions near to it */
		most = most_evidence(a, b, at_ns - width_ns, at_ns + width_ns, width_ns / 25, width_ns / 5, bins, &at_ns);
	}
	free(bins);
	return most >= EVIDENCE_LEAST;
}

bool crowds_are_alike(const struct finishes *a, const struct finishes *b, int64_t block, bool in_seconds, size_t *compared) {
	if (a->count == 0 || b->count == 0) {
		return false;
	}
	struct finish like = commonest(b);
	struct crowd y = gather(b, &like, block, INT64_MIN, INT64_MAX, COMPARED_MOST);
	struct crowd x = gather(a, &like, block, y.at[0] - 2 * CLOCKS_NS, y.at[y.count - 1] + 2 * CLOCKS_NS, SIZE_MAX);
	bool alike = are_alike(&x, &y, in_seconds);

	*compared = y.count;
	free(x.at);
	free(y.at);
	return alike;
}
