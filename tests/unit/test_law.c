/* The law of step times where its answer is known without its constants: what is replicated, what layouts there are, what never falls. */
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

#include "core/model/law.h"

static void setup(const char *model, const char *card, struct law_layout layout, struct law *l) {
	struct gpu_catalogue *c;
	struct modelspec m;
	struct fault why = {.message = ""};

	assert_int_equal(gpu_catalogue_read(&c, NULL, &why), 0);
	assert_int_equal(modelspec_read(&m, model, &why), 0);
	assert_int_equal(law_layout_complete(&layout, &m, &why), 0);
	law_init(l, &m, gpu_find(c, text_of(card)), &layout, LAW_VLLM);
	gpu_catalogue_free(c);
}

static void near(double got, double expected) {
	assert_true(fabs(got / expected - 1) < 1e-9);
}

/* 8 KV heads over 16 GPUs are held twice, over 8 once; a latent by each GPU of the group, but not by ranks with separate sequences. */
TEST(test_replicated) {
	struct law l;
	setup("samples/models/llama-3.1-70b.json", "H100", (struct law_layout){.gpus = 8, .tp = 8}, &l);
	near(law_cache_token_bytes(&l), 327680);
	setup("samples/models/llama-3.1-70b.json", "H100", (struct law_layout){.gpus = 16, .tp = 16}, &l);
	near(law_cache_token_bytes(&l), 2 * 327680);
	setup("samples/models/deepseek-v3.json", "H200", (struct law_layout){.gpus = 8, .tp = 8}, &l);
	near(law_cache_token_bytes(&l), 8 * 70272);
	setup("samples/models/deepseek-v3.json", "H200", (struct law_layout){.gpus = 8, .dp = 8, .ep = 8}, &l);
	near(law_cache_token_bytes(&l), 70272);
	/* each rank has everything except the experts, of which it has an eighth */
	near(law_weight_bytes(&l), (double)(l.peak.size.weight_bytes - l.peak.size.expert_bytes) + (double)l.peak.size.expert_bytes / 8);
}

TEST(test_layouts) {
	static const struct {
		struct law_layout given, whole;
	} cases[] = {
		{{.gpus = 8}, {8, 8, 1, 1, 1}},
		{{.gpus = 8, .pp = 2}, {8, 4, 2, 1, 1}},
		{{.gpus = 8, .tp = 8, .dp = 8, .ep = 8}, {8, 1, 1, 8, 8}},
		{{.gpus = 8, .tp = 2}, {8, 2, 1, 1, 4}},
		{{.gpus = 4, .tp = 2, .pp = 2, .ep = 2}, {4, 2, 2, 2, 1}},
	};
	const struct modelspec m = {.experts = 64};
	struct fault why;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct law_layout l = cases[i].given;
		assert_int_equal(law_layout_complete(&l, &m, &why), 0);
		assert_memory_equal(&l, &cases[i].whole, sizeof l);
	}
	struct law_layout wrong = {.gpus = 8, .tp = 3, .pp = 2};
	assert_int_not_equal(law_layout_complete(&wrong, &m, &why), 0);
	assert_non_null(strstr(why.message, "--tp 3"));
}

/* More work never takes less time, and the parts of a step sum to its time. */
TEST(test_monotonic) {
	static const struct law_layout layouts[] = {{.gpus = 8}, {.gpus = 8, .dp = 8, .ep = 8}, {.gpus = 8, .pp = 8}};

	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
		struct law l;
		struct law_step s;
		double last = 0;
		setup("samples/models/deepseek-v3.json", "B200", layouts[i], &l);
		for (double d = 8; d <= 4096; d *= 2) {
			law_step(&l, 0, 0, d, d * 2000, &s);
			assert_true(s.total_ns > last);
			last = s.total_ns;
			near(s.total_ns, s.matrix_ns + s.expert_ns + s.prefill_attention_ns + s.decode_attention_ns + s.floor_ns + s.sequence_ns + s.sending_ns);
			assert_true(s.flops_share > 0 && s.flops_share < 1 && s.bytes_share > 0 && s.bytes_share < 1);
			assert_true(law_watts(&l, &s) > 140 && law_watts(&l, &s) <= 1000);
		}
	}
}

/* The fewer measurements of the engine, the kind of GPU and the kind of model, the wider the interval, with its reason. */
TEST(test_interval) {
	struct law near_by, l;
	setup("samples/models/llama-3.1-8b.json", "H100", (struct law_layout){.gpus = 1}, &near_by);
	assert_true(law_spread(&near_by) < log(2));
	assert_string_equal(law_spread_reason(&near_by), "");
	l = near_by;
	l.engine = LAW_ANY;
	assert_true(law_spread(&l) > law_spread(&near_by));
	assert_non_null(strstr(law_spread_reason(&l), "--engine"));
	l = near_by;
	l.own_spread = 0.1;
	assert_true(law_spread(&l) < 0.11);
	assert_string_equal(law_spread_reason(&l), "");
	setup("samples/models/llama-3.1-8b.json", "RTX-4090", (struct law_layout){.gpus = 1}, &l);
	assert_non_null(strstr(law_spread_reason(&l), "hardly measured"));
	double pair = law_spread(&l);
	setup("samples/models/llama-3.1-8b.json", "MI355X", (struct law_layout){.gpus = 1}, &l);
	assert_true(law_spread(&l) > pair);
	assert_non_null(strstr(law_spread_reason(&l), "no GPU of this kind"));
	setup("samples/models/deepseek-v3.json", "H200", (struct law_layout){.gpus = 8}, &l);
	assert_true(law_spread(&l) > law_spread(&near_by) && law_spread(&l) < pair);
}

/* H100 to B200 at the same batch: 1.57 in the median of published pairs, not the 2.4 of their bandwidths. */
TEST(test_between_cards) {
	struct law h100, b200;
	struct law_step a, b;
	setup("samples/models/llama-3.1-8b.json", "H100", (struct law_layout){.gpus = 1}, &h100);
	setup("samples/models/llama-3.1-8b.json", "B200", (struct law_layout){.gpus = 1}, &b200);
	for (double d = 8; d <= 128; d *= 2) {
		law_step(&h100, 0, 0, d, d * 1000, &a);
		law_step(&b200, 0, 0, d, d * 1000, &b);
		assert_true(a.total_ns / b.total_ns > 1.25 && a.total_ns / b.total_ns < 1.9);
	}
}

TEST(test_engines) {
	assert_int_equal(law_engine_of(T("vLLM 0.11.1")), LAW_VLLM);
	assert_int_equal(law_engine_of(T("tensorrtllm_backend")), LAW_TRTLLM);
	assert_int_equal(law_engine_of(T("Ollama")), LAW_LLAMACPP);
	assert_int_equal(law_engine_of(T("rocm-vllm")), LAW_VLLM);
	assert_int_equal(law_engine_of(T("ik_llama.cpp")), LAW_LLAMACPP);
	assert_int_equal(law_engine_of(T("another")), LAW_ANY);
	assert_int_equal(law_engine_of(T("lmdeploy")), LAW_ANY);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_replicated), cmocka_unit_test(test_layouts), cmocka_unit_test(test_monotonic),
	                                   cmocka_unit_test(test_engines), cmocka_unit_test(test_interval), cmocka_unit_test(test_between_cards)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
