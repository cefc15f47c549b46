/* Power samples integrated over intervals: by hand, with random cuts, with gaps, and several GPUs. */
#include "tests/unit/unit.h"

#include <string.h>

#include "attribute/evidence/energy.h"

#define S NS_PER_SECOND

struct feed {
	const struct energy_sample *samples;
	size_t count, at;
};

static int next(void *context, struct energy_sample *out, struct fault *why) {
	struct feed *f = context;
	(void)why;
	if (f->at == f->count) {
		return 0;
	}
	*out = f->samples[f->at++];
	return 1;
}

static void expect(struct energy *e, int64_t from, int64_t to, int64_t mj, int64_t metered) {
	struct fault why;
	int64_t got_mj, got_metered;
	assert_int_equal(energy_between(e, from, to, &got_mj, &got_metered, &why), 0);
	assert_int_equal(got_mj, mj);
	assert_int_equal(got_metered, metered);
}

/* 100 W rising to 300 W in 10 s, then level: the first half of the rise is 5 s x 150 W. */
TEST(test_trapezoid) {
	const struct energy_sample samples[] = {{1, 0, 100000}, {1, 10 * S, 300000}, {1, 20 * S, 300000}};
	struct feed f = {samples, 3, 0};
	struct energy *e = energy_new(&(struct energy_options){.next = next, .context = &f, .gpus = 1, .assumed_milliwatts = 50000});
	expect(e, -4 * S, 0, 4 * 50000, 0); /* before the first sample: assumed */
	expect(e, 0, 5 * S, 750000, 5 * S);
	expect(e, 5 * S, 10 * S, 1250000, 5 * S);
	expect(e, 10 * S, 10 * S, 0, 0);
	expect(e, 12 * S, 22 * S, 8 * 300000 + 2 * 50000, 8 * S);
	energy_free(e);
}

/* Samples 61 s apart are not used; those 60 s apart are. */
TEST(test_gap) {
	const struct energy_sample samples[] = {{1, 0, 400000}, {1, 60 * S, 400000}, {1, 121 * S, 400000}, {1, 122 * S, 400000}};
	struct feed f = {samples, 4, 0};
	struct energy *e = energy_new(&(struct energy_options){.next = next, .context = &f, .gpus = 1});
	expect(e, 0, 200 * S, 61 * 400000, 61 * S);
	energy_free(e);
}

/* Two GPUs at 100 and 200 W; for a replica with one of them, half of both. A GPU without samples is assumed. */
TEST(test_cards) {
	const struct energy_sample samples[] = {{1, 0, 100000}, {2, 0, 200000}, {2, 10 * S, 200000}, {1, 11 * S, 100000}};
	for (int64_t gpus = 1; gpus <= 3; gpus++) {
		struct feed f = {samples, 4, 0};
		struct energy *e = energy_new(&(struct energy_options){.next = next, .context = &f, .gpus = gpus, .assumed_milliwatts = 1000});
		int64_t all = gpus == 1 ? 3000000 / 2 : 3000000 + (gpus - 2) * 10000;
		expect(e, 0, 10 * S, all, gpus == 1 ? 10 * S : 20 * S);
		energy_free(e);
	}
}

/* An engine of many nodes: each of its GPUs counts. */
TEST(test_many_cards) {
	enum { CARDS = 600 };
	struct energy_sample samples[2 * CARDS];
	for (size_t i = 0; i < 2 * CARDS; i++) {
		samples[i] = (struct energy_sample){(name_id)(1 + i % CARDS), i < CARDS ? 0 : 10 * S, 100000};
	}
	struct feed f = {samples, 2 * CARDS, 0};
	struct energy *e = energy_new(&(struct energy_options){.next = next, .context = &f, .gpus = CARDS});
	expect(e, 0, 10 * S, CARDS * INT64_C(1000000), CARDS * 10 * S);
	energy_free(e);
}

TEST(test_order) {
	const struct energy_sample samples[] = {{1, 0, 100000}, {1, 0, 900000}, {1, 10 * S, -5}, {1, 10 * S, 100000}};
	struct feed f = {samples, 4, 0};
	struct energy *e = energy_new(&(struct energy_options){.next = next, .context = &f, .gpus = 1});
	expect(e, 0, 10 * S, 1000000, 10 * S);
	energy_free(e);
}

/* With any division of a day, the parts sum to the energy of the whole, which is the sum over the trapezoids. */
TEST(test_cuts) {
	enum { SAMPLES = 4000 };
	static struct energy_sample samples[SAMPLES];
	uint64_t seed = 42;
	int64_t at = 0;
	int128 whole = 0;
	for (size_t i = 0; i < SAMPLES; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		at += 100000000 + (int64_t)(seed >> 34);
		samples[i] = (struct energy_sample){7, at, 70000 + (int64_t)((seed >> 33) % 600000)};
		if (i > 0) {
			whole += (int128)(samples[i].milliwatts + samples[i - 1].milliwatts) * (at - samples[i - 1].at_ns);
		}
	}
	struct feed f = {samples, SAMPLES, 0};
	struct energy *e = energy_new(&(struct energy_options){.next = next, .context = &f, .gpus = 1});
	int64_t from = samples[0].at_ns, mj = 0, metered = 0;
	while (from < at) {
		struct fault why;
		int64_t part, spoken;
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		int64_t to = from + (int64_t)(seed >> 30) % (seed % 5 == 0 ? 40 * S : S / 50);
		to = to > at ? at : to;
		assert_int_equal(energy_between(e, from, to, &part, &spoken, &why), 0);
		assert_true(part >= 0 && spoken == to - from);
		mj += part;
		metered += spoken;
		from = to;
	}
	assert_int_equal(metered, at - samples[0].at_ns);
	int64_t off = mj - (int64_t)(whole / 2 / NS_PER_SECOND);
	assert_true(off >= -1 && off <= 1); /* the plain sum is rounded down */
	energy_free(e);
}

/* Without samples: the fleet's watts, all assumed. */
TEST(test_assumed) {
	struct energy *e = energy_new(&(struct energy_options){.gpus = 8, .assumed_milliwatts = 700000});
	expect(e, 0, 3600 * S, INT64_C(8) * 700000 * 3600, 0);
	expect(e, 3600 * S, 3600 * S + 1, 0, 0); /* 5.6e-6 J x 1e-3: nothing yet */
	energy_free(e);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trapezoid), cmocka_unit_test(test_gap),  cmocka_unit_test(test_cards),
		cmocka_unit_test(test_order),     cmocka_unit_test(test_cuts), cmocka_unit_test(test_assumed),
		cmocka_unit_test(test_many_cards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
