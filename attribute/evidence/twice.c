#include "attribute/evidence/twice.h"

#include <stdlib.h>

#include "core/exact.h"
#include "core/hash_index.h"
#include "core/sorted.h"

/* A gateway in front of another one sees a request begin earlier and end later, and its clock may differ. */
#define TWIN_NS (2 * NS_PER_SECOND)
/* Requests of equal tokens so much later are others: how many agree by chance. */
#define OTHER_NS (20 * NS_PER_SECOND)
/* So many requests of a name, and so many hundredths of them, are not by chance; with the larger share the name is a copy. */
#define TWINS_LEAST 5
#define TWINS_PERCENT 50
#define COPY_PERCENT 90
/* Requests kept. */
#define KEPT_MOST ((size_t)1 << 16)
/* More gateways than these are not compared. */
#define NAMES_MOST 256
/* Of requests of equal tokens in the same seconds, so many are looked at: where there are more, they agree by chance. */
#define LOOKED_AT_MOST 1024

struct seen {
	int64_t at_ns, finish_ns;
	uint32_t prompt_tokens, completion_tokens;
	name_id name;
	uint32_t number; /* of the name in twice_find; NAMES_MOST: it is not compared */
};

struct twice {
	struct seen *at;
	size_t count, room;
	uint64_t most_hash; /* minutes with a larger hash are left out */
	struct twice_pair *pairs;
	size_t pair_count;
};

struct twice *twice_new(void) {
	struct twice *t = must_calloc(1, sizeof *t);

	t->most_hash = UINT64_MAX;
	return t;
}

void twice_free(struct twice *t) {
	if (t) {
		free(t->at);
		free(t->pairs);
		free(t);
	}
}

static uint64_t minute_hash(int64_t at_ns) {
	return hash_spread((uint64_t)(at_ns / (60 * NS_PER_SECOND)) + 1);
}

static void thin(struct twice *t) {
	size_t kept = 0;

	t->most_hash /= 2;
	for (size_t i = 0; i < t->count; i++) {
		if (minute_hash(t->at[i].at_ns) <= t->most_hash) {
			t->at[kept++] = t->at[i];
		}
	}
	t->count = kept;
}

void twice_add(struct twice *t, const struct request_item *q) {
	if (q->head.at_ns == UNKNOWN || q->finish_ns == UNKNOWN || q->completion_tokens == 0 || minute_hash(q->head.at_ns) > t->most_hash) {
		return;
	}
	while (t->count == KEPT_MOST && t->most_hash > 0) {
		thin(t);
	}
	if (t->count < KEPT_MOST && minute_hash(q->head.at_ns) <= t->most_hash) {
		t->at = must_grow(t->at, t->count, &t->room, sizeof *t->at, 1024);
		t->at[t->count++] = (struct seen){q->head.at_ns, q->finish_ns, q->prompt_tokens, q->completion_tokens, q->head.replica, NAMES_MOST};
	}
}

static int by_tokens(const void *a, const void *b) {
	const struct seen *x = a, *y = b;
	int by = exact_order(x->prompt_tokens, y->prompt_tokens);

	by = by != 0 ? by : exact_order(x->completion_tokens, y->completion_tokens);
	by = by != 0 ? by : exact_order(x->at_ns, y->at_ns);
	return by != 0 ? by : exact_order(x->name, y->name);
}

static bool near(int64_t ns) {
	return ns >= -TWIN_NS && ns <= TWIN_NS;
}

/* Is it before all requests like this one that are so much later? */
static bool is_before(const struct seen *y, const struct seen *x, int64_t later_ns) {
	int by = exact_order(y->prompt_tokens, x->prompt_tokens);

	by = by != 0 ? by : exact_order(y->completion_tokens, x->completion_tokens);
	return by != 0 ? by < 0 : y->at_ns < x->at_ns + later_ns - TWIN_NS;
}

/* Of the requests of each name those that another name reports, too, or one like them so much later: counts[of][by]. */
struct counts {
	size_t name_count;
	uint32_t *at, of[NAMES_MOST];
	size_t last[NAMES_MOST]; /* the last request that was counted for a name, + 1 */
};

static void count_twins(const struct twice *t, struct counts *c, int64_t later_ns) {
	for (size_t i = 0, from = 0; i < t->count; i++) {
		const struct seen *x = &t->at[i];
		if (x->number == NAMES_MOST) {
			continue;
		}
		c->of[x->number]++;
		while (from < t->count && is_before(&t->at[from], x, later_ns)) {
			from++;
		}
		for (size_t k = from; k < t->count && k - from < LOOKED_AT_MOST; k++) {
			const struct seen *y = &t->at[k];
			if (y->prompt_tokens != x->prompt_tokens || y->completion_tokens != x->completion_tokens || !near(y->at_ns - x->at_ns - later_ns)) {
				break;
			}
			if (y->number < NAMES_MOST && c->last[y->number] != i + 1 && near(y->finish_ns - x->finish_ns - later_ns)) {
				c->last[y->number] = i + 1;
				c->at[x->number * c->name_count + y->number]++;
			}
		}
	}
}

/* `both` and `chance` are counts of twins at the same time, and of those OTHER_NS later. */
static bool compare(const struct counts *both, const struct counts *chance, size_t name, size_t other, struct twice_pair *out) {
	size_t at = other * both->name_count + name;

	out->both = both->at[at];
	out->of = both->of[other];
	out->dropped = 100 * out->both >= COPY_PERCENT * out->of;
	return out->both >= TWINS_LEAST && 100 * out->both >= TWINS_PERCENT * out->of && 3 * (size_t)chance->at[at] < out->both;
}

static size_t list_names(const struct twice *t, const struct names *names, name_id out[NAMES_MOST]) {
	size_t count = 0;

	for (size_t i = 0; i < t->count && count < NAMES_MOST; i++) {
		size_t at = 0;
		while (at < count && names_order(names, out[at], t->at[i].name) < 0) {
			at++;
		}
		if (at == count || out[at] != t->at[i].name) {
			memmove(&out[at + 1], &out[at], (count - at) * sizeof *out);
			out[at] = t->at[i].name;
			count++;
		}
	}
	return count;
}

bool twice_drops(const struct twice *t, name_id name) {
	for (size_t i = 0; t && i < t->pair_count; i++) {
		if (t->pairs[i].other == name && t->pairs[i].dropped) {
			return true;
		}
	}
	return false;
}

const struct twice_pair *twice_found(const struct twice *t, size_t *count) {
	*count = t->pair_count;
	return t->pairs;
}

static void number_names(struct twice *t, const name_id *names, size_t count) {
	for (size_t i = 0; i < t->count; i++) {
		uint32_t k = 0;
		while (k < count && names[k] != t->at[i].name) {
			k++;
		}
		t->at[i].number = k < count ? k : NAMES_MOST;
	}
}

void twice_find(struct twice *t, const struct names *names, const struct server_pairs *different) {
	name_id all[NAMES_MOST + 1];
	size_t name_count = list_names(t, names, all);
	bool dropped[NAMES_MOST] = {false};
	struct counts *counts = must_calloc(2, sizeof *counts), *both = &counts[0], *chance = &counts[1];

	sort_items(t->at, t->count, sizeof *t->at, by_tokens);
	number_names(t, all, name_count);
	for (size_t i = 0; i < 2; i++) {
		counts[i].name_count = name_count;
		counts[i].at = must_calloc(name_count * name_count + 1, sizeof *counts[i].at);
		count_twins(t, &counts[i], i == 0 ? 0 : OTHER_NS);
	}
	for (size_t i = 0; i < name_count; i++) {
		for (size_t k = 0; k < name_count && !dropped[i]; k++) {
			struct twice_pair pair = {.name = all[k], .other = all[i]}, back;
			if (k == i || dropped[k] || !compare(both, chance, k, i, &pair) ||
			    (different && server_pairs_have(different, names_text(names, all[i]), names_text(names, all[k])))) {
				continue;
			}
			/* of two that report the same, the first by name counts */
			if (k > i && compare(both, chance, i, k, &back) && back.dropped) {
				continue;
			}
			dropped[i] = pair.dropped;
			t->pairs = must_grow_by_count(t->pairs, t->pair_count, sizeof *t->pairs);
			t->pairs[t->pair_count++] = pair;
		}
	}
	free(both->at);
	free(chance->at);
	free(counts);
}
