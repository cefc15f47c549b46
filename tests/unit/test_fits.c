/* Fits: order, addition and writing do not change any bit; outliers, coarsening, fallbacks. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/model/step_bins.h"
#include "attribute/model/theory.h"
#include "core/model/roofline.h"
#include "tests/unit/fits_help.h"

#define STEPS 6000

static const struct step_model *solved_model(struct attribution_fits *f, const struct fit_key *key) {
	struct fault why = {0};

	assert_int_equal(fits_solve(f, &why), 0);
	return fits_model(f, key);
}

static void merge(struct attribution_fits *f, struct attribution_fits *from) {
	struct fault why = {0};

	assert_int_equal(fits_merge(f, from, &why), 0);
}

/* The step time of the invented engine: within the model's form. */
static const struct step_model engine = {
	.ns = {[TERM_FLOOR] = 9e6, [TERM_TOKENS] = 2000, [TERM_HINGES + 4] = 15000, [TERM_HINGES + 8] = 9000,
	       [TERM_ATTENTION] = 2, [TERM_CONTEXT] = 110, [TERM_MIXED_CONTEXT] = 60},
	.has_attention = true,
	.has_context = true,
};

static struct fit_step make_step(uint64_t *seed, double noise) {
	struct fit_step s = {.attention_known = true, .context_known = true};
	int64_t decoders = below(seed, 10) > 1 ? 1 + below(seed, 120) : 0;

	if (decoders == 0 || below(seed, 3) == 0) {
		int64_t prior = below(seed, 6000);
		s.batch.prefill_tokens = 1 + below(seed, 2048 - decoders);
		s.batch.prefill_token_kv = s.batch.prefill_tokens * (prior + s.batch.prefill_tokens / 2);
	}
	s.batch.decode_tokens = decoders;
	s.batch.decode_kv_tokens = decoders * (200 + below(seed, 3000));
	double uniform = (double)below(seed, 2000001) / 1000000 - 1;
	s.duration_ns = (int64_t)(step_model_ns(&engine, &s.batch) * (1 + noise * uniform));
	return s;
}

static void make_steps(struct fit_step *steps, size_t count, double noise) {
	uint64_t seed = 7;

	for (size_t i = 0; i < count; i++) {
		steps[i] = make_step(&seed, noise);
	}
}

static struct attribution_fits *fit_all(struct names *n, const struct fit_step *steps, size_t count, size_t stride) {
	struct attribution_fits *f = attribution_fits_new(n);

	for (size_t i = 0; i < count; i++) {
		fits_add_step(f, &day_one, &steps[i * stride % count]);
	}
	return f;
}

static void assert_same(struct attribution_fits *a, struct attribution_fits *b) {
	assert_written_same(a, b);
	assert_memory_equal(solved_model(a, &day_one)->ns, solved_model(b, &day_one)->ns, sizeof engine.ns);
	assert_memory_equal(solved_model(a, &day_one)->covariance, solved_model(b, &day_one)->covariance,
	                    sizeof engine.covariance);
}

TEST(order_does_not_matter) {
	static struct fit_step steps[STEPS];
	struct names *n = names_new();

	make_steps(steps, STEPS, 0.05);
	struct attribution_fits *a = fit_all(n, steps, STEPS, 1), *b = fit_all(n, steps, STEPS, 1213);
	assert_same(a, b);
	assert_int_equal(solved_model(a, &day_one)->origin, MODEL_FITTED);
	attribution_fits_free(a);
	attribution_fits_free(b);
	names_free(n);
}

TEST(fits_add_up_and_come_back) {
	static struct fit_step steps[STEPS];
	struct names *n = names_new();

	make_steps(steps, STEPS, 0.05);
	struct attribution_fits *whole = fit_all(n, steps, STEPS, 1);
	struct attribution_fits *sum = fit_all(n, steps + STEPS / 3, STEPS - STEPS / 3, 1);
	struct attribution_fits *rest = fit_all(n, steps, STEPS / 3, 1);
	check_sums(n, whole, sum, rest, assert_same);
	attribution_fits_free(whole);
	attribution_fits_free(sum);
	attribution_fits_free(rest);
	names_free(n);
}

static double prefill_of(const struct step_model *m, const struct batch *b) {
	struct batch chunks = {.prefill_tokens = b->prefill_tokens, .prefill_token_kv = b->prefill_token_kv};
	struct batch decoders = {.decode_tokens = b->decode_tokens, .decode_kv_tokens = b->decode_kv_tokens};
	double whole = step_model_ns(m, b);

	return (step_model_ns(m, &chunks) + whole - step_model_ns(m, &decoders)) / (2 * whole);
}

/* The error of the prefill total by the model, compared with the engine. */
static double error_of(const struct step_model *m, const struct fit_step *steps, size_t count) {
	double got = 0, due = 0;

	for (size_t i = 0; i < count; i++) {
		double time = step_model_ns(&engine, &steps[i].batch);
		if (steps[i].batch.prefill_tokens > 0 && steps[i].batch.decode_tokens > 0) {
			got += time * prefill_of(m, &steps[i].batch);
			due += time * prefill_of(&engine, &steps[i].batch);
		}
	}
	return fabs(got / due - 1);
}

static double error_with(double noise, int outliers_per_mille, int64_t numerator, int64_t denominator) {
	static struct fit_step steps[STEPS];
	struct names *n = names_new();
	uint64_t seed = 99;

	make_steps(steps, STEPS, noise);
	for (size_t i = 0; i < STEPS; i++) {
		if (below(&seed, 1000) < outliers_per_mille) {
			steps[i].duration_ns = steps[i].duration_ns * numerator / denominator;
		}
	}
	struct attribution_fits *f = fit_all(n, steps, STEPS, 1);
	double error = error_of(solved_model(f, &day_one), steps, STEPS);
	attribution_fits_free(f);
	names_free(n);
	return error;
}

TEST(outliers_do_not_matter) {
	static const struct {
		double noise;
		int per_mille;
		int64_t numerator, denominator;
		double most;
	} cases[] = {
		{0, 0, 1, 1, 1e-5},       {0, 10, 20, 1, 1e-4},  {0, 10, 1, 20, 1e-4},
		{0.05, 0, 1, 1, 4e-3},    {0.08, 10, 20, 1, 6e-3}, {0.08, 20, 3, 1, 6e-3},
		{0.05, 10, 1, 1000, 5e-3},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double got = error_with(cases[i].noise, cases[i].per_mille, cases[i].numerator, cases[i].denominator);
		if (got > cases[i].most) {
			fail_msg("case %zu: prefill is %.3f %% off", i, got * 100);
		}
	}
}

/* A mixture of experts: each token chooses 8 of 128, which are read once; a prompt causes additional launches. */
static double experts_ns(const struct batch *b) {
	double ntok = (double)(b->prefill_tokens + b->decode_tokens);

	return 5e6 + 16e6 * (1 - pow(1 - 8.0 / 128, ntok)) + (b->prefill_tokens > 0 ? 1e6 : 0) + 12000 * fmax(0, ntok - 200) +
	       1.5 * (double)b->prefill_token_kv + 30 * (double)b->decode_kv_tokens;
}

static double experts_prefill_of(const struct batch *b) {
	const struct batch chunks = {.prefill_tokens = b->prefill_tokens, .prefill_token_kv = b->prefill_token_kv};
	const struct batch decoders = {.decode_tokens = b->decode_tokens, .decode_kv_tokens = b->decode_kv_tokens};

	return (experts_ns(&chunks) + experts_ns(b) - experts_ns(&decoders)) / 2;
}

TEST(time_may_grow_less_and_less) {
	static struct fit_step steps[STEPS];
	struct names *n = names_new();
	double got = 0, due = 0;

	make_steps(steps, STEPS, 0);
	for (size_t i = 0; i < STEPS; i++) {
		struct batch *b = &steps[i].batch;
		b->prefill_tokens = b->prefill_tokens > 0 ? 1 + b->prefill_tokens % 300 : 0;
		steps[i].duration_ns = (int64_t)experts_ns(b);
	}
	struct attribution_fits *f = fit_all(n, steps, STEPS, 1);
	const struct step_model *m = solved_model(f, &day_one);
	for (int i = 0; i < TERMS; i++) {
		assert_true(m->ns[i] >= 0);
	}
	for (size_t i = 0; i < STEPS; i++) {
		if (steps[i].batch.prefill_tokens > 0 && steps[i].batch.decode_tokens > 0) {
			got += experts_ns(&steps[i].batch) * prefill_of(m, &steps[i].batch);
			due += experts_prefill_of(&steps[i].batch);
		}
	}
	if (fabs(got / due - 1) > 0.01) {
		fail_msg("prefill is %.3f %% off", 100 * (got / due - 1));
	}
	attribution_fits_free(f);
	names_free(n);
}

/* Contexts before chunks, unequal contexts, short ones that cost more; of attention slowed by a chunk, a part is hidden by the other phase's. */
TEST(attention_of_all_kinds) {
	static struct fit_step steps[STEPS];
	struct step_model made = engine;
	struct names *n = names_new();
	uint64_t seed = 5;

	made.ns[TERM_PREFILL_CONTEXT] = 300;
	made.ns[TERM_UNEQUAL] = 20;
	made.ns[TERM_NEAR_CONTEXT] = 60;
	made.ns[TERM_OVERLAP] = 0.6;
	made.ns[TERM_MIXED_UNEQUAL] = 15;
	made.ns[TERM_BOTH] = 700000;
	made.overlap = (struct overlap){2, 300, 110 + 60, 20 + 15, 60};
	make_steps(steps, STEPS, 0);
	for (size_t i = 0; i < STEPS; i++) {
		struct batch *b = &steps[i].batch;
		b->prefill_kv_tokens = b->prefill_tokens > 0 ? below(&seed, 9000) : 0;
		b->prefill_token_kv += b->prefill_tokens * b->prefill_kv_tokens;
		b->decode_unequal_kv = b->decode_kv_tokens * (10 + below(&seed, 30)) / 10;
		steps[i].duration_ns = (int64_t)step_model_ns(&made, b);
	}
	struct attribution_fits *f = fit_all(n, steps, STEPS, 1);
	const struct step_model *m = solved_model(f, &day_one);
	assert_true(fabs(m->ns[TERM_OVERLAP] - 0.6) < 0.05);
	assert_true(fabs(m->ns[TERM_BOTH] / 700000 - 1) < 0.15);
	assert_true(fabs(m->ns[TERM_UNEQUAL] / 20 - 1) < 0.1);
	assert_true(fabs(m->ns[TERM_PREFILL_CONTEXT] / 300 - 1) < 0.1);
	assert_true(m->form_share_sd >= 0 && m->form_share_sd < 0.02);
	for (size_t i = 0; i < STEPS; i++) {
		double off = step_model_ns(m, &steps[i].batch) / (double)steps[i].duration_ns - 1;
		assert_true(fabs(off) < 0.02);
	}
	attribution_fits_free(f);
	names_free(n);
}

/* Without steps of prompts alone, half of what a prompt costs beside sequences counts as its own; with them, all or nothing. */
TEST(prompts_alone_show_their_cost) {
	static struct fit_step steps[STEPS];
	static const double own_ns[] = {0, 2e6};
	for (int i = 0; i < 4; i++) {
		bool alone = i < 2;
		struct step_model made = engine;
		struct names *n = names_new();
		size_t count = 0;
		made.ns[TERM_PROMPT] = own_ns[i % 2];
		made.ns[TERM_BOTH] = 2e6 - own_ns[i % 2];
		make_steps(steps, STEPS, 0);
		for (size_t k = 0; k < STEPS; k++) {
			if (alone || steps[k].batch.prefill_tokens == 0 || steps[k].batch.decode_tokens > 0) {
				steps[count] = steps[k];
				steps[count++].duration_ns = (int64_t)step_model_ns(&made, &steps[k].batch);
			}
		}
		struct attribution_fits *f = fit_all(n, steps, count, 1);
		const struct step_model *m = solved_model(f, &day_one);
		assert_true(fabs((m->ns[TERM_PROMPT] + m->ns[TERM_BOTH]) / 2e6 - 1) < 0.05);
		assert_true(fabs(m->ns[TERM_PROMPT] - (alone ? own_ns[i % 2] : 1e6)) < 0.1e6);
		attribution_fits_free(f);
		names_free(n);
	}
}

/* More kinds of steps than bins: fewer bins, the same for any order, and still a good fit. */
TEST(bins_are_bounded) {
	enum { MANY = 60000 };
	struct fit_step *steps = calloc(MANY, sizeof *steps);
	struct names *n = names_new();
	struct step_bins c = {0};

	make_steps(steps, MANY, 0.9);
	for (size_t i = 0; i < MANY; i++) {
		bins_add_step(&c, &steps[i].batch, steps[i].duration_ns, true, true);
	}
	assert_true(c.count <= BINS_MAX);
	assert_true(c.level > 0);
	struct attribution_fits *a = fit_all(n, steps, MANY, 1), *b = fit_all(n, steps, MANY / 2, 1), *d = fit_all(n, steps + MANY / 2, MANY / 2, 7);
	merge(b, d);
	assert_same(a, b);
	bins_release(&c);
	attribution_fits_free(a);
	attribution_fits_free(b);
	attribution_fits_free(d);
	names_free(n);
	free(steps);
}

TEST(without_contexts) {
	static struct fit_step steps[STEPS];
	struct names *n = names_new();

	make_steps(steps, STEPS, 0.01);
	for (size_t i = 0; i < STEPS; i++) {
		steps[i].attention_known = steps[i].context_known = false;
		steps[i].batch.prefill_token_kv = steps[i].batch.decode_kv_tokens = 0;
	}
	struct attribution_fits *f = fit_all(n, steps, STEPS, 1);
	const struct step_model *m = solved_model(f, &day_one);
	assert_int_equal(m->origin, MODEL_FITTED);
	assert_false(m->has_attention);
	assert_false(m->has_context);
	assert_true(m->ns[TERM_ATTENTION] == 0);
	assert_true(m->ns[TERM_CONTEXT] + m->ns[TERM_MIXED_CONTEXT] > 0);
	attribution_fits_free(f);
	names_free(n);
}

/* The steps of the day, else the day before, else the day after; else published figures of the GPU; else tokens. */
TEST(fallbacks) {
	static struct fit_step steps[STEPS];
	struct names *n = names_new();
	struct attribution_fits *f = attribution_fits_new(n);
	struct fit_key other = day_one;

	make_steps(steps, STEPS, 0.01);
	assert_int_equal(solved_model(f, &day_one)->origin, MODEL_TOKENS);
	assert_true(solved_model(f, &day_one)->ns[TERM_TOKENS] > 0);
	for (int64_t day = 19; day <= 23; day += 2) {
		other.day_ns = day * NS_PER_DAY;
		for (size_t i = 0; i < STEPS / 4; i++) {
			struct fit_step s = steps[i];
			s.duration_ns *= day;
			fits_add_step(f, &other, &s);
		}
	}
	fits_add_step(f, &day_one, &steps[0]);
	other.day_ns = 19 * NS_PER_DAY;
	assert_int_equal(solved_model(f, &day_one)->origin, MODEL_NEIGHBOUR);
	assert_memory_equal(solved_model(f, &day_one)->ns, solved_model(f, &other)->ns, sizeof engine.ns);
	other.day_ns = 18 * NS_PER_DAY;
	struct fit_key after = day_one;
	after.day_ns = 19 * NS_PER_DAY;
	assert_int_equal(solved_model(f, &other)->origin, MODEL_NEIGHBOUR);
	assert_memory_equal(solved_model(f, &other)->ns, solved_model(f, &after)->ns, sizeof engine.ns);
	other.day_ns = 25 * NS_PER_DAY; /* at a distance of two days: not used */
	assert_int_equal(solved_model(f, &other)->origin, MODEL_TOKENS);
	other.role = ROLE_DECODE;
	assert_int_equal(solved_model(f, &other)->origin, MODEL_TOKENS);
	other.gpu = names_id(n, T("NVIDIA H100 80GB HBM3"));
	const struct step_model *m = solved_model(f, &other);
	assert_int_equal(m->origin, MODEL_ROOFLINE);
	assert_true(m->ns[TERM_FLOOR] > 0);
	/* Few tokens take the time of one; many take the time of their arithmetic. */
	const struct batch one = {.decode_tokens = 1}, few = {.decode_tokens = 64}, many = {.prefill_tokens = 8192};
	assert_true(step_model_ns(m, &few) == step_model_ns(m, &one));
	assert_true(step_model_ns(m, &many) > 20 * step_model_ns(m, &one));
	const struct batch mixed = {.prefill_tokens = 1000, .decode_tokens = 20};
	assert_true(step_model_share_sd(m, &mixed) > 0.05);
	attribution_fits_free(f);
	names_free(n);
}

/*
 * Llama-3.1-8B on a H100 SXM, 989 TFLOP/s and 3350 GB/s: 15.0 GB of 8.03 billion parameters less the embedding, read at 80 %;
 * 131,072 bytes of cache for a token of context.
 */
TEST(a_described_model) {
	struct gpu_catalogue *cards;
	struct modelspec spec;
	struct step_model m;
	struct fault why;

	assert_int_equal(gpu_catalogue_read(&cards, NULL, &why), 0);
	assert_int_equal(modelspec_read(&spec, "samples/models/llama-3.1-8b.json", &why), 0);
	assert_true(theory_model(cards, T("H100"), 1, &spec, &m));
	assert_true(fabs(m.ns[TERM_FLOOR] / 5600674 - 1) < 1e-4);
	assert_true(fabs(m.ns[TERM_CONTEXT] / 48.908 - 1) < 1e-4);
	assert_true(m.has_context && m.has_attention && m.ns[TERM_ATTENTION] > 0);
	/* Beyond the hinges next to the ridge: 2 FLOPs for each of the layers' 6.98 billion parameters, at half the peak. */
	const struct batch many = {.prefill_tokens = 4000}, more = {.prefill_tokens = 5000};
	assert_true(fabs((step_model_ns(&m, &more) - step_model_ns(&m, &many)) / (1000 * 28.224e3) - 1) < 0.002);
	assert_false(theory_model(cards, T("no such card"), 1, &spec, &m));
	gpu_catalogue_free(cards);
}

/* All mixed steps are equal: they contain no information on their split. */
TEST(the_same_step_again) {
	struct names *n = names_new();
	struct attribution_fits *f = attribution_fits_new(n);
	const struct fit_step s = {{.prefill_tokens = 0}, 0, true, true, NULL};
	const struct fit_step few = {{100, 5000, 4, 4000, 0, 0}, 10000000, true, true, NULL};

	fits_add_step(f, &day_one, &s);
	for (int i = 0; i < 20; i++) {
		fits_add_step(f, &day_one, &few);
	}
	assert_int_equal(solved_model(f, &day_one)->origin, MODEL_TOKENS);
	attribution_fits_free(f);
	names_free(n);
}

TEST(damaged_text) {
	static const struct {
		const char *text, *fault;
	} cases[] = {
		{"", "x:1: empty, expected tollbook.fits.v4"},
		{"tollbook.fits.v1\n", "x:1: not a line of fits, expected tollbook.fits.v4"},
		{"tollbook.fits.v4\ncell\t8000000000000000\t1\t1", "x:2: not a line of fits, expected fit or cell and their fields"},
		{"tollbook.fits.v4\nfit\ta\tb\t1\tmixed\t0\t99\t0\n", "x:2: not a line of fits, expected fit or cell and their fields"},
		{"tollbook.fits.v4\nfit\ta\tb\t1\tmixed\t0\t0\t0\ncell\t1\n", "x:3: not a line of fits, expected fit or cell and their fields"},
	};
	struct names *n = names_new();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct attribution_fits *f = attribution_fits_new(n);
		struct fault why;
		assert_int_equal(attribution_fits_read(f, (struct text){cases[i].text, strlen(cases[i].text)}, "x", &why), ERROR_CONFIG);
		assert_string_equal(why.message, cases[i].fault);
		attribution_fits_free(f);
	}
	names_free(n);
}

/* Fits of all kinds of evidence, of a model whose name has to be encoded. */
static struct attribution_fits *all_kinds(struct names *n) {
	struct attribution_fits *f = attribution_fits_new(n);
	struct fit_key key = day_one;
	struct fit_step steps[40];

	key.model = names_id(n, T("100 %\tm\x7f"));
	make_steps(steps, 40, 0.01);
	for (size_t i = 0; i < 40; i++) {
		fits_add_step(f, &key, &steps[i]);
	}
	struct aggregates *a = fits_aggregates(f, &key);
	a->buckets[1][2] = (struct aggregate_rows){.rows = 3, .sums = {1, 2, 3}};
	a->totals[0] = 7;
	struct rebuilt *rebuilt = aggregates_rebuilt(a);
	rebuilt->buckets[1].rows = 2;
	rebuilt->buckets[1].sums[0] = (int128)1 << 100;
	struct counted *c = aggregates_counted(a);
	c->steps = 5, c->steps_ns = 6, c->length_ns = 2, c->long_ns = 1, c->by[1].decode[0] = 4;
	c->by[1].buckets[3].rows = 4;
	c->by[1].buckets[3].sums[2] = 99;
	c->by[0].all[1] = 17;
	struct gauged *g = aggregates_gauged(a);
	g->buckets[0][1].rows = 8;
	g->buckets[0][1].sums[1] = 21;
	return f;
}

/* Any line that is read back otherwise than it was written is an error that names it. */
static bool is_refused(const char *text, size_t len, int line) {
	struct names *n = names_new();
	struct attribution_fits *f = attribution_fits_new(n);
	struct fault why;
	char place[40];
	int rc = attribution_fits_read(f, (struct text){text, len}, "x", &why);

	snprintf(place, sizeof place, "x:%d: not a line of fits", line);
	bool refused = rc == ERROR_CONFIG && strncmp(why.message, place, strlen(place)) == 0;
	attribution_fits_free(f);
	names_free(n);
	return refused;
}

/* A text with one field replaced, or without it and all after it in its line. */
static size_t with_field(char *out, const char *text, const char *from, const char *to, const char *by) {
	size_t before = (size_t)(from - text), len = strlen(by), rest = strlen(to);

	memcpy(out, text, before);
	memcpy(out + before, by, len);
	memcpy(out + before + len, to, rest);
	return before + len + rest;
}

TEST(every_field_of_every_kind) {
	static const char *const wrong[] = {"", "-1", "z", "99999999999999999999999999999999999999999999"};
	static const char *const kinds[] = {"fit", "cell", "rows", "work", "rebuilt", "replayed", "counted", "counts", "gauged", "gauges"};
	struct names *n = names_new(), *m = names_new();
	struct attribution_fits *f = all_kinds(n), *again = attribution_fits_new(m);
	struct fault why;
	char *text = written(f), *copy = must_alloc(strlen(text) + 100);
	bool seen[10] = {false};
	int line = 2;

	assert_int_equal(attribution_fits_read(again, text_of(text), "x", &why), 0);
	assert_written_same(f, again);
	for (const char *at = strchr(text, '\n') + 1; *at; line++) {
		const char *end = strchr(at, '\n');
		size_t kind = 0, word = strcspn(at, "\t");
		while (strlen(kinds[kind]) != word || memcmp(kinds[kind], at, word) != 0) {
			kind++;
		}
		/* a word that is none, more fields, a line before any fit */
		assert_true(is_refused(copy, with_field(copy, text, at, at + 1, "?"), line));
		assert_true(is_refused(copy, with_field(copy, text, end, end, "\t0"), line));
		assert_true(kind == 0 || is_refused(copy, with_field(copy, text, strchr(text, '\n') + 1, at, ""), 2));
		for (const char *from = at + word; from < end && !seen[kind]; from += strcspn(from + 1, "\t\n") + 1) {
			const char *to = from + 1 + strcspn(from + 1, "\t\n");
			bool named = kind == 0 && from < at + word + 20;
			if (!is_refused(copy, with_field(copy, text, from, end, ""), line)) {
				fail_msg("%.*s without its end is read", (int)(end - at), at);
			}
			for (size_t i = 0; i < sizeof wrong / sizeof *wrong && !named; i++) {
				size_t len = with_field(copy, text, from + 1, to, wrong[i]);
				bool fine = kind == 0 && i == 1; /* GPUs that are not known, a day before 1970 */
				if (!fine && !is_refused(copy, len, line)) {
					fail_msg("%s: field %s in place of %.*s is read", kinds[kind], wrong[i], (int)(to - from), from);
				}
			}
		}
		seen[kind] = true;
		at = end + 1;
	}
	for (size_t i = 0; i < 10; i++) {
		assert_true(seen[i]);
	}
	free(copy);
	free(text);
	attribution_fits_free(f);
	attribution_fits_free(again);
	names_free(n);
	names_free(m);
}

TEST(names_with_escapes) {
	static const struct {
		const char *name;
		bool fine;
	} cases[] = {{"a", true}, {"", true}, {"%41", true}, {"%4", false}, {"%", false}, {"%g1", false}, {"%1g", false}};
	char text[8192];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = (size_t)snprintf(text, sizeof text, "tollbook.fits.v4\nfit\t%s\tb\t1\tmixed\t0\t0\t0\n", cases[i].name);
		assert_int_equal(is_refused(text, len, 2), !cases[i].fine);
	}
	size_t len = (size_t)snprintf(text, sizeof text, "tollbook.fits.v4\nfit\t%05000d\tb\t1\tmixed\t0\t0\t0\n", 0);
	assert_true(is_refused(text, len, 2)); /* longer than any name */
}

/* A fit has the term where products take whole tiles, and no such term where they do not. */
TEST(whole_tiles) {
	static struct fit_step steps[STEPS];

	for (int tile_ns = 0; tile_ns <= 9000; tile_ns += 9000) {
		struct names *n = names_new();
		make_steps(steps, STEPS, 0.03);
		for (size_t i = 0; i < STEPS; i++) {
			steps[i].duration_ns += tile_ns * tile_excess(steps[i].batch.prefill_tokens + steps[i].batch.decode_tokens);
		}
		struct attribution_fits *f = fit_all(n, steps, STEPS, 1);
		assert_true(fabs(solved_model(f, &day_one)->ns[TERM_TILE] - tile_ns) <= tile_ns / 10);
		attribution_fits_free(f);
		names_free(n);
	}
}

/* Leaving out what is 0 changes no bit of the time. */
TEST(time_is_the_sum_of_terms) {
	uint64_t seed = 11;
	double terms[TERMS];

	for (int round = 0; round < 20000; round++) {
		struct step_model m = {.has_attention = below(&seed, 2), .has_context = below(&seed, 2)};
		for (int i = 0; i < TERMS; i++) {
			m.ns[i] = below(&seed, 3) == 0 ? (double)below(&seed, 1000000007) / 997 : 0;
		}
		m.overlap = (struct overlap){(double)below(&seed, 7), 0.25, (double)below(&seed, 5) / 3, 0, (double)below(&seed, 2)};
		struct batch b = make_step(&seed, 0.1).batch;
		b.prefill_tokens = below(&seed, 4) == 0 ? 0 : b.prefill_tokens;
		b.decode_unequal_kv = below(&seed, 2) * b.decode_kv_tokens;
		b.prefill_kv_tokens = below(&seed, 100000);
		step_model_terms(&m, &b, terms);
		double sum = 0, context = m.ns[TERM_CONTEXT] * terms[TERM_CONTEXT] + m.ns[TERM_UNEQUAL] * terms[TERM_UNEQUAL];
		for (int i = 0; i < TERMS; i++) {
			sum += m.ns[i] * terms[i];
		}
		assert_true(step_model_ns(&m, &b) == sum);
		assert_true(step_model_context_ns(&m, &b) == context + m.ns[TERM_NEAR_CONTEXT] * terms[TERM_NEAR_CONTEXT]);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(fits_add_up_and_come_back),
		cmocka_unit_test(outliers_do_not_matter),
		cmocka_unit_test(time_may_grow_less_and_less),
		cmocka_unit_test(attention_of_all_kinds),
		cmocka_unit_test(prompts_alone_show_their_cost),
		cmocka_unit_test(whole_tiles),
		cmocka_unit_test(bins_are_bounded),
		cmocka_unit_test(without_contexts),
		cmocka_unit_test(fallbacks),
		cmocka_unit_test(a_described_model),
		cmocka_unit_test(the_same_step_again),
		cmocka_unit_test(damaged_text),
		cmocka_unit_test(every_field_of_every_kind),
		cmocka_unit_test(names_with_escapes),
		cmocka_unit_test(time_is_the_sum_of_terms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
