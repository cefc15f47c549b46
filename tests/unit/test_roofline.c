/* Step times by roofline, against figures worked out by hand; the GPU catalogue and its names. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>
#include <string.h>

#include "core/files/files.h"
#include "core/model/roofline.h"

static void near(double got, double expected) {
	double off = got - expected;
	if (off < 0) {
		off = -off;
	}
	if (off > 1e-4 * expected) {
		fail_msg("%.9g, expected %.9g", got, expected);
	}
}

static void setup_card(const char *model, const char *card, int64_t gpus, double mfu, double bandwidth, struct roofline *r) {
	struct gpu_catalogue *c;
	struct modelspec m;
	struct fault why = {0};
	assert_int_equal(gpu_catalogue_read(&c, NULL, &why), 0);
	assert_int_equal(modelspec_read(&m, model, &why), 0);
	const struct gpu *g = gpu_find(c, text_of(card));
	assert_non_null(g);
	roofline_init(r, &m, g, gpus, mfu, bandwidth);
	gpu_catalogue_free(c);
}

/*
 * Llama-3.1-8B in 16 bits on an H100 SXM at its peaks: 15,009,849,344 bytes of weights over 3.35e12 B/s
 * are 4.4805 ms; a token's 13,958,643,712 FLOPs over 989.4e12 are 14.108 us, with the head's 1,050,673,152
 * 15.170 us: ridge 295.35 tokens.
 */
TEST(test_dense) {
	struct roofline r;
	struct roofline_step s;
	struct roofline_terms t;
	setup_card("samples/models/llama-3.1-8b.json", "H100-SXM5-80GB", 1, 1, 1, &r);

	roofline_step(&r, 0, 0, 1, 0, &s);
	near(s.total_ns, 4480552);
	near(roofline_ridge(&r), 295.35);
	/* 100 decoders of 10,000 tokens read 1e6 x 131,072 bytes: 39.126 ms */
	roofline_step(&r, 0, 0, 100, 1e6, &s);
	near(s.decode_attention_ns, 39125970);
	near(s.total_ns, 4480552 + 39125970);
	/* a prompt of 2,048: 2048 x 14.108 us, the head once, attention 2048 x 1024 x 524,288 / 989.4e12 */
	roofline_step(&r, 2048, 2048.0 * 1024, 0, 0, &s);
	near(s.matrix_ns, 28893872 + 1062);
	near(s.prefill_attention_ns, 1111306);

	roofline_terms(&r, 1, &t);
	near(t.floor_ns, 4480552);
	near(t.token_ns, 14108.2);
	near(t.ridge_ntok, 317.59);
	near(t.decode_kv_ns, 39.12597);
	near(t.prefill_token_kv_ns, 0.52990);
}

/* Half the arithmetic and 80 % of the bandwidth, on two GPUs. */
TEST(test_efficiency) {
	struct roofline r;
	struct roofline_step s;
	setup_card("samples/models/llama-3.1-8b.json", "H100", 2, 0.5, 0.8, &r);
	roofline_step(&r, 0, 0, 1, 0, &s);
	near(s.total_ns, 4480552 / 1.6);
	near(roofline_ridge(&r), 295.35 * 0.5 / 0.8);
}

/* Mixtral: of 8 experts a token meets 2, two tokens 3.5, many all. Experts: 32 x 8 x 3 x 4096 x 14336 x 2 bytes. */
TEST(test_experts) {
	struct roofline r;
	setup_card("samples/models/mixtral-8x7b.json", "H100", 2, 1, 1, &r);
	double all = 90194313216.0, rest = (double)r.size.always_bytes;
	near(roofline_weight_bytes(&r, 1), rest + all / 4);
	near(roofline_weight_bytes(&r, 2), rest + all * 3.5 / 8);
	near(roofline_weight_bytes(&r, 1000), rest + all);
	double n = roofline_ridge(&r);
	near(roofline_weight_bytes(&r, n) / r.bandwidth, n * (double)(r.size.token_flops + r.size.head_flops) / r.flops);
}

/*
 * A published day: DeepSeek, 27 February 2025 (DeepSeek-V3/R1 Inference System Overview, deepseek-ai/open-infra-index):
 * decode in units of 18 nodes x 8 H800, 14,800 tokens a second per node, 20 to 22 a second per sequence, contexts of
 * 4,989 on average. So 18 x 14800 / 21 = 12,686 sequences; at the card's peaks a step of them takes
 *   arithmetic 12686 x (71.396 + 1.853) GFLOP / (144 x 1978.9 TFLOP/s) = 3.261 ms, longer than
 *   weights 671.14 GB / (144 x 3350 GB/s) = 1.391 ms; caches 12686 x 4989 x 70272 bytes / the same = 9.220 ms,
 *   longer than their arithmetic in 16 bits, 12686 x 4989 x 16.990 MFLOP / (144 x 989.4) = 7.547 ms.
 * Measured was 1 / 21 s: the roofline allows a fourth of it.
 */
TEST(test_published_day) {
	struct roofline r;
	struct roofline_step s;
	double sequences = 18 * 14800 / 21.0;
	setup_card("samples/models/deepseek-v3.json", "H800", 144, 1, 1, &r);
	roofline_step(&r, 0, 0, sequences, sequences * 4989, &s);
	near(s.matrix_ns, 3260800);
	near(s.matrix_byte_ns, 1391250);
	near(s.decode_attention_ns, 9219500);
	near(s.context_flop_ns, 7547000);
	double of_roofline = s.total_ns / (1e9 / 21);
	assert_true(of_roofline > 0.25 && of_roofline < 0.27);
}

/* FP8 on a GPU without FP8 is computed in 16 bits; the bytes do not change. */
TEST(test_precision) {
	struct roofline r;
	setup_card("samples/models/deepseek-v3.json", "A100-SXM-80GB", 16, 1, 1, &r);
	assert_int_equal(r.compute, PRECISION_BF16);
	setup_card("samples/models/deepseek-v3.json", "H800", 16, 1, 1, &r);
	assert_int_equal(r.compute, PRECISION_FP8);
	near(r.flops, 16 * 1978.9e12);
}

TEST(test_names) {
	static const struct {
		const char *written, *name;
	} cases[] = {
		{"H100-SXM5-80GB", "H100-SXM"},       {"NVIDIA H100 80GB HBM3", "H100-SXM"},
		{"NVIDIA H100 PCIe", "H100-PCIe"},    {"nvidia-a100-sxm4-40gb", "A100-SXM-40GB"},
		{"RTX-PRO-6000-96GB", "RTX-PRO-6000-Server"}, {"NVIDIA GeForce RTX 4090", "RTX-4090"},
		{"AMD Instinct MI300X", "MI300X"},    {"NVIDIA L40S", "L40S"},
		{"NVIDIA B200", "B200"},              {"H800", "H800"},
		{"NVIDIA H200", "H200"},              {"NVIDIA GeForce RTX 4090 Laptop GPU", "RTX-4090-Laptop"},
		{"NVIDIA A100-PCIE-40GB", "A100-PCIe-40GB"}, {"NVIDIA A100 80GB PCIe", "A100-PCIe-80GB"},
		{"NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", "RTX-PRO-6000-Max-Q"},
		{"nvidia-tesla-a100", "A100-SXM-40GB"}, {"nvidia-h100-mega-80gb", "H100-SXM"},
		{"Apple M2 Ultra", "Apple-M2-Ultra-76c"}, {"Apple M2 Ultra 60-core GPU", "Apple-M2-Ultra-60c"},
		{"NVIDIA GH200 480GB", "GH200-96GB"}, {"NVIDIA H20", "H20"},
		{"DGX H100", "H100-SXM"},             {"Standard_ND96isr_H100_v5", "H100-SXM"},
		{"BM.GPU.MI300X.8", "MI300X"},        {"v5litepod-256", "TPU-v5e"},
		{"RTX 6000 Pro Blackwell Server Edition", "RTX-PRO-6000-Server"}, {"A100 40", "A100-SXM-40GB"},
		{"Quadro RTX 6000", "RTX-6000-Turing"}, {"Mac Studio M3 Ultra", "Apple-M3-Ultra-80c"},
		{"p5.48xlarge", "H100-SXM"},          {"a3-ultragpu-8g", "H200"},
		{"TPUv5e", "TPU-v5e"},                {"tpu-v5-lite-podslice", "TPU-v5e"},
		{"NVIDIA RTX 6000 Ada Generation", "RTX-6000-Ada"}, {"NVIDIA RTX A6000", "RTX-A6000"},
		{"RTX A6000 Ada", "RTX-6000-Ada"},    {"Intel(R) Arc(TM) B580 Graphics", "Arc-B580"},
		{"3090 Ti", "RTX-3090-Ti"},           {"gpu_8x_a100_80gb_sxm4", "A100-SXM-80GB"},
		{"gpu_1x_a10", "A10"},                {"gpu-h100-sxm", "H100-SXM"},
		{"g2-standard-48", "L4"},             {"ct5lp-hightpu-8t", "TPU-v5e"},
		{"Tesla P100-SXM2-16GB", "P100-SXM2-16GB"}, {"Tesla P100-PCIE-16GB", "P100-PCIe-16GB"},
		{"NVIDIA GeForce RTX 4060 Laptop GPU", "RTX-4060-Laptop"}, {"BM.GPU.L40S.4", "L40S"},
		{"NVIDIA H100 80GiB", "H100-SXM"},    {"H100 80g", "H100-SXM"},
		{"H100 v2", "H100-SXM"},              {"TPU v6e 8t", "TPU-v6e"},
		{"RTX 4090 PCIe", "RTX-4090"},        {"TPU-v6e-256", "TPU-v6e"},
		{"a4x-maxgpu-4g-metal", "GB300"},     {"AMD Instinct MI325 OAM", "MI325X"},
	};
	struct gpu_catalogue *c;
	struct fault why = {0};
	assert_int_equal(gpu_catalogue_read(&c, NULL, &why), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct gpu *g = gpu_find(c, text_of(cases[i].written));
		assert_non_null(g);
		assert_string_equal(g->name, cases[i].name);
	}
	assert_null(gpu_find(c, T("NVIDIA H100 80GB HBM3 MIG 1g.10gb")));
	assert_null(gpu_find(c, T("H100 MIG 3g.40gb")));
	assert_null(gpu_find(c, T("NVIDIA-A100-SXM4-80GB-SHARED")));
	assert_null(gpu_find(c, T("RTX 3090 Max-Q")));
	assert_null(gpu_find(c, T("H100-PCIe SXM5")));
	assert_null(gpu_find(c, T("Ascend 910B1")));
	assert_null(gpu_find(c, T("8x H100")));
	assert_null(gpu_find(c, T("RTX 4090 v2")));
	assert_null(gpu_find(c, T("H100 40GB")));
	assert_null(gpu_find(c, T("H100 999999999999GB")));
	assert_null(gpu_find(c, T("H100 80MB")));
	assert_null(gpu_find(c, T("RTX 4090 SXM")));
	assert_null(gpu_find(c, T("L40S 17")));
	assert_null(gpu_find(c, T("")));
	assert_null(gpu_find(c, T("RTX 5090 D v2")));
	assert_null(gpu_find(c, T("g6f.xlarge")));
	assert_null(gpu_find(c, T("RTX 3060 8GB")));
	assert_null(gpu_find(c, T("H1000")));
	assert_null(gpu_find(c, T("M4 Max 32")));
	assert_null(gpu_find(c, T("RTX 3090 8")));
	assert_null(gpu_find(c, T("NVIDIA")));
	assert_null(gpu_find(c, T("")));
	gpu_catalogue_free(c);
}

TEST(test_refused) {
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{}", ":1:1: unknown schema"},
		{"{\"schema\":\"tollbook.gpus.v1\",\"gpus\":[{\"name\":\"X\"}]}", ":1:38: no \"dense_tflops\" here"},
		{"{\"schema\":\"tollbook.gpus.v1\",\"gpus\":[{\"name\":\"X\",\"dense_tflops\":{\"bf16\":0}}]}", "expected a number over 0"},
		{"{\"schema\":\"tollbook.gpus.v1\",\"gpus\":[{\"name\":\"X\",\"dense_tflops\":{\"bf16\":1},\"bandwidth_gb_s\":1}]}",
		 "\"memory_gb\" is missing here"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gpu_catalogue *c;
		struct outfile *o;
		struct fault why = {0};
		char path[64];
		snprintf(path, sizeof path, "/tmp/tollbook-test-gpus-%ld.json", (long)getpid());
		assert_int_equal(outfile_open(&o, path, &why), 0);
		fputs(cases[i].text, outfile_stream(o));
		assert_int_equal(outfile_commit(o, &why), 0);
		assert_int_equal(gpu_catalogue_read(&c, path, &why), ERROR_CONFIG);
		unlink(path);
		if (!strstr(why.message, cases[i].message)) {
			fail_msg("\"%s\", expected \"%s\"", why.message, cases[i].message);
		}
	}
}

/* Whether one figure of a GPU is this multiple of another, if it has both. */
static bool times(int64_t more, int64_t less, double factor) {
	return more == 0 || fabs((double)more / (double)less / factor - 1) < 0.02;
}

/*
 * Half the width of a number doubles the rate of tensor units: a figure with sparsity next to one without differs by
 * a factor of two. GeForce GPUs have half the rate for floats that are summed in 32 bits, so not for integers and
 * FP4; B300 has more FP4 and a low rate for integers.
 */
TEST(test_catalogue) {
	struct gpu_catalogue *c;
	struct fault why;

	assert_int_equal(gpu_catalogue_read(&c, NULL, &why), 0);
	for (size_t i = 0; i < gpu_catalogue_count(c); i++) {
		const struct gpu *g = gpu_catalogue_at(c, i);
		const int64_t *f = g->flops;
		if (g->vendor == GPU_NVIDIA) {
			bool ultra = strstr(g->name, "B300") != NULL;
			assert_true(times(f[PRECISION_FP8], f[PRECISION_BF16], 2));
			assert_true(ultra || times(f[PRECISION_INT8], f[PRECISION_BF16], 2) || times(f[PRECISION_INT8], f[PRECISION_BF16], 4));
			assert_true(times(f[PRECISION_FP4], f[PRECISION_FP8], ultra ? 3 : 2) || fabs((double)f[PRECISION_FP4] / (double)f[PRECISION_FP8] - 2) < 0.1 ||
			            (!g->hbm && times(f[PRECISION_FP4], f[PRECISION_FP8], 4)));
		} else if (g->vendor == GPU_AMD) {
			assert_true(times(f[PRECISION_FP8], f[PRECISION_BF16], 2) && times(f[PRECISION_FP4], f[PRECISION_FP8], 2));
			assert_true(times(f[PRECISION_INT8], f[PRECISION_BF16], f[PRECISION_FP8] > 0 ? 2 : 1));
		}
		/* Tokens of 16-bit weights from which arithmetic takes longer. */
		double ridge = (double)f[PRECISION_BF16] / (double)g->bandwidth;
		assert_true(ridge > 15 && ridge < 1000);
		assert_true(g->source[0] != '\0' && g->tdp_milliwatts > 0 && g->memory_bytes > 0);
		assert_true(g->idle_milliwatts > 0 && g->idle_milliwatts < g->tdp_milliwatts && g->link > 0 && g->link < g->bandwidth);
		assert_ptr_equal(gpu_find(c, text_of(g->name)), g);
	}
	gpu_catalogue_free(c);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_catalogue), cmocka_unit_test(test_dense),     cmocka_unit_test(test_efficiency), cmocka_unit_test(test_experts),
		cmocka_unit_test(test_published_day), cmocka_unit_test(test_precision),      cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
