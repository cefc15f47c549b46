/* The queueing model compared with the replay of whatif: the same step times, random arrivals. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>

#include "core/model/load.h"
#include "report/estimate/replay.h"

#define REQUESTS 4000
#define WITHIN 0.15

struct engine {
	struct fitted_model model;
	int64_t prompt, output, chunk, max_batch;
};

static double step_ns(const void *context, double p, double a, double d, double k) {
	const struct engine *e = context;
	const struct fitted_model *m = &e->model;

	return m->floor_ns + m->token_ns * (p + d) + m->prefill_token_kv_ns * a + m->decode_kv_ns * k;
}

/* splitmix64 (public domain, Vigna 2015), as a gap of a Poisson stream. */
static double gap_ns(uint64_t *random, double rate) {
	uint64_t z = (*random += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return -log(((double)(z >> 11) + 1) / 9007199254740992.0) / rate * 1e9;
}

struct played {
	double batch, at_work, ttft_ms, token_ms, rate;
};

static struct played play(const struct engine *e, double rate) {
	struct replay *r = replay_new(&(struct replay_options){.chunk = e->chunk, .max_batch = e->max_batch});
	struct fault why;
	uint64_t random = 1;
	double at = 0;

	replay_model(r, &e->model);
	for (int i = 0; i < REQUESTS; i++) {
		at += gap_ns(&random, rate);
		const struct replay_request q = {.arrival_ns = (int64_t)at, .prompt = e->prompt, .completion = e->output};
		assert_int_equal(replay_add(r, &q, &why), 0);
	}
	assert_int_equal(replay_end(r, &why), 0);
	const struct replay_sums *s = replay_result(r);
	double busy = (double)s->busy_ns;
	struct played out = {(double)s->decode_slots / (double)s->decode_steps, busy / fmax(at, busy),
	                     (double)s->first_token_wait_ns / (double)s->first_tokens / 1e6, busy / (double)s->decode_steps / 1e6,
	                     REQUESTS / busy * 1e9};
	replay_free(r);
	return out;
}

static void near(const char *what, double offered, double got, double expected) {
	if (fabs(got / expected - 1) > WITHIN) {
		fail_msg("%s at %.0f %% of capacity: %.4g, replayed %.4g", what, offered * 100, got, expected);
	}
}

/* An 8B and a 70B model by their orders of magnitude, chat and retrieval, a small batch and a large one. */
static const struct engine engines[] = {
	{{.floor_ns = 8e6, .token_ns = 15e3, .prefill_token_kv_ns = 0.6, .decode_kv_ns = 50}, 500, 200, 2048, 128},
	{{.floor_ns = 25e6, .token_ns = 60e3, .prefill_token_kv_ns = 1, .decode_kv_ns = 80}, 2000, 400, 8192, 64},
	{{.floor_ns = 12e6, .token_ns = 30e3, .prefill_token_kv_ns = 1, .decode_kv_ns = 100}, 8000, 100, 2048, 32},
	/* Long answers to short prompts, documents, and a small batch. */
	{{.floor_ns = 5e6, .token_ns = 5e3, .prefill_token_kv_ns = 0.1, .decode_kv_ns = 5}, 200, 1000, 8192, 256},
	{{.floor_ns = 20e6, .token_ns = 20e3, .prefill_token_kv_ns = 0.5, .decode_kv_ns = 20}, 30000, 1000, 8192, 64},
};

static struct load_engine engine_of(const struct engine *e) {
	return (struct load_engine){.prompt = (double)e->prompt, .output = (double)e->output, .chunk = (double)e->chunk,
	                            .max_batch = (double)e->max_batch, .step_ns = step_ns, .context = e};
}

TEST(test_replayed) {
	static const double loads[] = {0.02, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9};

	for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
		struct load_engine l = engine_of(&engines[i]);
		for (size_t k = 0; k < sizeof loads / sizeof *loads; k++) {
			struct load_point p;
			load_at(&l, loads[k] * load_capacity(&l), &p);
			struct played got = play(&engines[i], p.rate);
			near("share at work", loads[k], p.at_work, got.at_work);
			if (loads[k] <= 0.8 || engines[i].output > engines[i].prompt / 10) {
				near("batch", loads[k], p.batch, got.batch);
			}
			if (loads[k] <= 0.8) { /* above that, the waiting time of a few thousand requests is random */
				near("time to first token", loads[k], p.ttft_ms, got.ttft_ms);
			}
			if (loads[k] >= 0.5 && loads[k] <= 0.8) { /* where nearly each step decodes */
				near("time per token", loads[k], p.token_ms, got.token_ms);
			}
		}
	}
}

/* More requests arrive than the engine can serve: its rate is then its capacity. */
TEST(test_overloaded) {
	for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
		struct load_engine l = engine_of(&engines[i]);
		double capacity = load_capacity(&l);
		struct load_point p;
		load_at(&l, 1.2 * capacity, &p);
		assert_true(p.rate <= capacity);
		near("capacity", 1.2, capacity, play(&engines[i], 1.2 * capacity).rate);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_replayed), cmocka_unit_test(test_overloaded)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
