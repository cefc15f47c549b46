/* test_rank_hints.c: which servers may be ranks of one engine, compared with the rule pair by pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "attribute/evidence/rank_hints.h"
#include "attribute/evidence/ranks.h"
#include "core/hash_index.h"
#include "core/instant.h"

#define SERVERS 2500 /* more than a row */
#define STEPS 40
#define SLOT_NS (NS_PER_SECOND / 16)
#define HINTS 16

struct plain {
	int64_t end_ns[STEPS], duration_ns[STEPS];
	size_t hints[HINTS], count; /* numbers of steps */
};

static uint64_t next_random(uint64_t *seed) {
	return hash_spread(*seed += UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t slot_of(const struct plain *s, size_t step) {
	return hash_spread((uint64_t)(s->end_ns[step] / SLOT_NS));
}

/* The first steps in the slots with the smallest hashes, by selection. */
static void choose(struct plain *s) {
	bool first[STEPS];

	for (size_t i = 0; i < STEPS; i++) {
		first[i] = true;
		for (size_t k = 0; k < i; k++) {
			first[i] &= slot_of(s, i) != slot_of(s, k);
		}
	}
	for (s->count = 0; s->count < HINTS; s->count++) {
		size_t least = STEPS;
		for (size_t i = 0; i < STEPS; i++) {
			least = first[i] && (least == STEPS || slot_of(s, i) < slot_of(s, least)) ? i : least;
		}
		if (least == STEPS) {
			break;
		}
		first[least] = false;
		s->hints[s->count] = least;
	}
}

static bool may_plainly(const struct plain *a, const struct plain *b) {
	int both = 0, together = 0;

	for (size_t i = 0; i < a->count; i++) {
		for (size_t k = 0; k < b->count; k++) {
			size_t x = a->hints[i], y = b->hints[k];
			if (slot_of(a, x) == slot_of(b, y)) {
				int64_t off = a->end_ns[x] - b->end_ns[y], most = ranks_tolerance_ns(a->duration_ns[x]);
				both++;
				together += off <= most && off >= -most;
			}
		}
	}
	return both < 6 || 2 * together >= both;
}

/* Most are independent, some are ranks or have steps in the same slots, and some in few slots. */
static void make(struct plain *list, size_t count, int64_t from_ns) {
	uint64_t seed = 7;

	for (size_t i = 0; i < count; i++) {
		bool rank = i > 0 && next_random(&seed) % 4 == 0, slow = next_random(&seed) % 16 == 0;
		int64_t off_ns = next_random(&seed) % 2 == 0 ? 3000000 : 30000000;
		int64_t at_ns = from_ns + (int64_t)(next_random(&seed) % 40000000);
		for (size_t k = 0; k < STEPS; k++) {
			int64_t duration_ns = 20000000 + (int64_t)(next_random(&seed) % 10000000);
			at_ns += slow ? 50 * duration_ns : duration_ns;
			list[i].end_ns[k] = rank && k % 8 >= i % 8 ? list[i - 1].end_ns[k] + (int64_t)(next_random(&seed) % (uint64_t)(2 * off_ns)) - off_ns : at_ns;
			list[i].duration_ns[k] = next_random(&seed) % 50 == 0 ? INT64_MAX / 2 : duration_ns;
		}
		choose(&list[i]);
	}
}

static size_t compare_row(const struct plain *list, const struct rank_hints *h, size_t i, size_t from, size_t to) {
	static bool may[RANK_HINTS_ROW];
	size_t pairs = 0;

	rank_hints_compare(h, i, from, to, may);
	for (size_t k = from; k < to; k++) {
		assert_int_equal(may[k - from], may_plainly(&list[i], &list[k]));
		pairs += may[k - from];
	}
	return pairs;
}

/* Some with all others; and each with those that are like it. */
static void compare_all(const struct plain *list, const struct rank_hints *h) {
	size_t pairs = 0;

	for (size_t i = 0; i < SERVERS; i += i < 3 ? 1 : 97) {
		for (size_t from = i + 1, to; from < SERVERS; from = to) {
			to = from + RANK_HINTS_ROW < SERVERS ? from + RANK_HINTS_ROW : SERVERS;
			pairs += compare_row(list, h, i, from, to);
		}
	}
	assert_true(pairs > 0 && pairs < SERVERS * 20);
	for (size_t i = 0; i + 4 <= SERVERS; i++) {
		compare_row(list, h, i, i + 1, i + 4);
	}
}

static void test_pairs(void **state) {
	static const int64_t from_ns[] = {INT64_C(1786406400000000000), 0, -NS_PER_SECOND};
	struct plain *list = calloc(SERVERS, sizeof *list);

	(void)state;
	assert_non_null(list);
	for (size_t n = 0; n < sizeof from_ns / sizeof *from_ns; n++) {
		struct rank_hints *h = rank_hints_new(SERVERS);
		make(list, SERVERS, from_ns[n]);
		for (size_t i = 0; i < SERVERS; i++) {
			for (size_t k = 0; k < STEPS; k++) {
				rank_hints_add(h, i, list[i].end_ns[k], list[i].duration_ns[k]);
			}
		}
		rank_hints_seal(h);
		compare_all(list, h);
		rank_hints_free(h);
	}
	free(list);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
