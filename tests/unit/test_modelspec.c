/*
 * Model descriptions against figures worked out by hand, and against the published totals.
 *
 * Published: Llama-3.1-8B 8.03 B, Llama-3.1-70B 70.6 B, Qwen3-32B 32.8 B, Mixtral-8x7B 46.7 B with
 * 12.9 B active (their model pages); DeepSeek-V3 671 B with 36.6 B active (README_WEIGHTS.md).
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/model/modelspec.h"

/* The content of the published config.json files. */
#define LLAMA_8B                                                                                                       \
	"{\"model_type\":\"llama\",\"hidden_size\":4096,\"intermediate_size\":14336,\"num_attention_heads\":32,"        \
	"\"num_hidden_layers\":32,\"num_key_value_heads\":8,\"attention_bias\":false,\"mlp_bias\":false,"               \
	"\"tie_word_embeddings\":false,\"torch_dtype\":\"bfloat16\",\"vocab_size\":128256}"
#define LLAMA_70B                                                                                                      \
	"{\"model_type\":\"llama\",\"hidden_size\":8192,\"intermediate_size\":28672,\"num_attention_heads\":64,"        \
	"\"num_hidden_layers\":80,\"num_key_value_heads\":8,\"attention_bias\":false,\"torch_dtype\":\"bfloat16\","     \
	"\"tie_word_embeddings\":false,\"vocab_size\":128256}"
#define QWEN3_32B                                                                                                      \
	"{\"model_type\":\"qwen3\",\"attention_bias\":false,\"head_dim\":128,\"hidden_size\":5120,"                     \
	"\"intermediate_size\":25600,\"num_attention_heads\":64,\"num_hidden_layers\":64,\"num_key_value_heads\":8,"    \
	"\"sliding_window\":null,\"tie_word_embeddings\":false,\"torch_dtype\":\"bfloat16\","                           \
	"\"use_sliding_window\":false,\"vocab_size\":151936}"
#define MIXTRAL                                                                                                        \
	"{\"model_type\":\"mixtral\",\"hidden_size\":4096,\"intermediate_size\":14336,\"num_attention_heads\":32,"      \
	"\"num_experts_per_tok\":2,\"num_hidden_layers\":32,\"num_key_value_heads\":8,\"num_local_experts\":8,"         \
	"\"sliding_window\":null,\"tie_word_embeddings\":false,\"torch_dtype\":\"bfloat16\",\"vocab_size\":32000}"
#define DEEPSEEK_V3                                                                                                    \
	"{\"model_type\":\"deepseek_v3\",\"first_k_dense_replace\":3,\"hidden_size\":7168,"                             \
	"\"intermediate_size\":18432,\"kv_lora_rank\":512,\"moe_intermediate_size\":2048,\"moe_layer_freq\":1,"         \
	"\"n_routed_experts\":256,\"n_shared_experts\":1,\"num_attention_heads\":128,\"num_experts_per_tok\":8,"        \
	"\"num_hidden_layers\":61,\"num_key_value_heads\":128,\"num_nextn_predict_layers\":1,\"q_lora_rank\":1536,"     \
	"\"qk_nope_head_dim\":128,\"qk_rope_head_dim\":64,\"v_head_dim\":128,\"topk_method\":\"noaux_tc\","             \
	"\"quantization_config\":{\"activation_scheme\":\"dynamic\",\"fmt\":\"e4m3\",\"quant_method\":\"fp8\","         \
	"\"weight_block_size\":[128,128]},\"tie_word_embeddings\":false,\"torch_dtype\":\"bfloat16\","                  \
	"\"vocab_size\":129280}"

static void read_text(const char *json, struct modelspec *m) {
	struct fault why;
	if (modelspec_parse(m, "config.json", text_of(json), &why) != 0) {
		fail_msg("%s", why.message);
	}
}

/* Each field of the formulas, so that the comparison does not use the code's sum. */
struct expected {
	const char *sample, *config;
	int64_t params, active, kv_token_bytes, pair_flops;
};

static const struct expected published[] = {
	/* 32 x (2 x 4096 x 4096 + 2 x 4096 x 1024 + 3 x 4096 x 14336 + 2 x 4096) + 2 x 128256 x 4096 + 4096;
	 * cache: 32 layers x 2 x 8 heads x 128 x 2 bytes; pairs: 32 x 4 x 32 x 128 */
	{"samples/models/llama-3.1-8b.json", LLAMA_8B, 8030261248, 7504924672, 131072, 524288},
	/* 80 x (2 x 8192^2 + 2 x 8192 x 1024 + 3 x 8192 x 28672 + 2 x 8192) + 2 x 128256 x 8192 + 8192 */
	{"samples/models/llama-3.1-70b.json", LLAMA_70B, 70553706496, 69503033344, 327680, 2621440},
	/* 64 x (2 x 5120 x 8192 + 2 x 5120 x 1024 + 3 x 5120 x 25600 + 2 x 5120 + 2 x 128) + 2 x 151936 x 5120 + 5120 */
	{"samples/models/qwen3-32b.json", QWEN3_32B, 32762123264, 31984210944, 262144, 2097152},
	/* 32 x (41943040 + 8 x 176160768 + 8 x 4096 + 8192) + 2 x 32000 x 4096 + 4096; active: 2 of 8 experts */
	{"samples/models/mixtral-8x7b.json", MIXTRAL, 46702792704, 12748853248, 131072, 524288},
	/* 61 x (187105280 + 2048 + 14336) + 3 x 396361728 + 58 x (257 x 44040192 + 1835264) + 2 x 926679040 + 7168; 9 of 257 active;
	 * cache: 61 x (512 + 64) x 2 bytes; pairs in prefill: 61 x 2 x 128 x (128 + 64 + 128) */
	{"samples/models/deepseek-v3.json", DEEPSEEK_V3, 671026419200, 36625618432, 70272, 4997120},
};

TEST(test_published) {
	for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
		const struct expected *e = &published[i];
		struct modelspec native, config;
		struct modelsize z, y;
		struct fault why = {0};
		assert_int_equal(modelspec_read(&native, e->sample, &why), 0);
		read_text(e->config, &config);
		modelspec_size(&native, &z);
		modelspec_size(&config, &y);
		assert_int_equal(z.params, e->params);
		assert_int_equal(z.active_params, e->active);
		assert_int_equal(z.kv_token_bytes, e->kv_token_bytes);
		assert_int_equal(z.prefill_pair_flops, e->pair_flops);
		assert_memory_equal(&z, &y, sizeof z);
	}
}

/* Llama-3.1-8B, by hand: FLOPs of a token 2 x (8030261248 - 2 x 525336576 - norms), weights 2 bytes each. */
TEST(test_flops_and_bytes) {
	struct modelspec m;
	struct modelsize z;
	read_text(LLAMA_8B, &m);
	modelspec_size(&m, &z);
	assert_int_equal(z.token_flops, 2 * INT64_C(32) * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336));
	assert_int_equal(z.head_flops, 2 * INT64_C(128256) * 4096);
	assert_int_equal(z.weight_bytes, 2 * INT64_C(8030261248));
	assert_int_equal(z.always_bytes, 2 * INT64_C(7504924672));
}

/* DeepSeek-V3: decode attends over the latent, 61 x 2 x 128 x (512 + 64 + 512); FP8 experts take a byte each. */
TEST(test_latent) {
	struct modelspec m;
	struct modelsize z;
	read_text(DEEPSEEK_V3, &m);
	modelspec_size(&m, &z);
	assert_int_equal(z.decode_pair_flops, INT64_C(61) * 2 * 128 * 1088);
	assert_int_equal(z.expert_bytes, INT64_C(58) * 256 * 3 * 7168 * 2048);
	assert_int_equal(m.compute, PRECISION_FP8);
}

/* Mistral-7B-v0.1 has windows of 4,096 tokens in all 32 layers; gpt-oss-20b of 128 tokens in 12 of 24. */
TEST(test_windows) {
	struct modelspec m;
	read_text("{\"model_type\":\"mistral\",\"hidden_size\":4096,\"intermediate_size\":14336,\"num_attention_heads\":32,"
	          "\"num_hidden_layers\":32,\"num_key_value_heads\":8,\"sliding_window\":4096,\"vocab_size\":32000}", &m);
	assert_int_equal(m.window_layers, 32);
	assert_true(modelspec_seen(&m, 1000) == 1000 && modelspec_seen(&m, 20000) == 4096);

	struct modelsize z;
	read_text("{\"model_type\":\"gpt_oss\",\"attention_bias\":true,\"head_dim\":64,\"hidden_size\":2880,"
	          "\"intermediate_size\":2880,\"num_attention_heads\":64,\"num_experts_per_tok\":4,\"num_hidden_layers\":24,"
	          "\"num_key_value_heads\":8,\"num_local_experts\":32,\"sliding_window\":128,\"tie_word_embeddings\":false,"
	          "\"vocab_size\":201088,\"quantization_config\":{\"quant_method\":\"mxfp4\"}}", &m);
	modelspec_size(&m, &z);
	assert_int_equal(m.window_layers, 12);
	assert_int_equal(z.params, 20914757184); /* the sum over the published file's tensors, experts unpacked */
	assert_true(modelspec_seen(&m, 1128) == 0.5 * 128 + 0.5 * 1128);
	assert_int_equal(m.expert_mbit, 4250);
	assert_int_equal(m.weight_mbit, 16000);
}

/* Totals of the published weights, of what else the families do: biases, tied heads, norms of heads, four norms. */
TEST(test_families) {
	static const struct {
		const char *config;
		int64_t params;
	} cases[] = {
		/* Qwen2.5-7B */
		{"{\"model_type\":\"qwen2\",\"hidden_size\":3584,\"intermediate_size\":18944,\"num_attention_heads\":28,"
		 "\"num_hidden_layers\":28,\"num_key_value_heads\":4,\"sliding_window\":131072,\"use_sliding_window\":false,"
		 "\"tie_word_embeddings\":false,\"vocab_size\":152064}", 7615616512},
		/* Qwen3-30B-A3B */
		{"{\"model_type\":\"qwen3_moe\",\"head_dim\":128,\"hidden_size\":2048,\"intermediate_size\":6144,"
		 "\"moe_intermediate_size\":768,\"num_attention_heads\":32,\"num_experts\":128,\"num_experts_per_tok\":8,"
		 "\"num_hidden_layers\":48,\"num_key_value_heads\":4,\"tie_word_embeddings\":false,\"vocab_size\":151936}",
		 30532122624},
		/* gemma-2-9b */
		{"{\"model_type\":\"gemma2\",\"head_dim\":256,\"hidden_size\":3584,\"intermediate_size\":14336,"
		 "\"num_attention_heads\":16,\"num_hidden_layers\":42,\"num_key_value_heads\":8,\"sliding_window\":4096,"
		 "\"vocab_size\":256000}", 9241705984},
		/* Phi-3-mini-4k-instruct */
		{"{\"model_type\":\"phi3\",\"hidden_size\":3072,\"intermediate_size\":8192,\"num_attention_heads\":32,"
		 "\"num_hidden_layers\":32,\"num_key_value_heads\":32,\"sliding_window\":2047,\"tie_word_embeddings\":false,"
		 "\"vocab_size\":32064}", 3821079552},
		/* Qwen1.5-MoE-A2.7B: a shared expert with a gate */
		{"{\"model_type\":\"qwen2_moe\",\"hidden_size\":2048,\"intermediate_size\":5632,\"moe_intermediate_size\":1408,"
		 "\"num_attention_heads\":16,\"num_experts\":60,\"num_experts_per_tok\":4,\"num_hidden_layers\":24,"
		 "\"num_key_value_heads\":16,\"shared_expert_intermediate_size\":5632,\"tie_word_embeddings\":false,"
		 "\"vocab_size\":151936}", 14315784192},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct modelspec m;
		struct modelsize z;
		read_text(cases[i].config, &m);
		modelspec_size(&m, &z);
		assert_int_equal(z.params, cases[i].params);
	}
}

/* Families with layers of several kinds, against the totals published for them, in billions; vision parts and MTP are not in it. */
TEST(test_hybrid_families) {
	static const struct {
		const char *config;
		double billions;
	} cases[] = {
		/* gemma-4-31B */
		{"{\"model_type\":\"gemma4\",\"text_config\":{\"model_type\":\"gemma4_text\",\"hidden_size\":5376,\"num_hidd"
		 "en_layers\":60,\"intermediate_size\":21504,\"num_attention_heads\":32,\"num_key_value_heads\":16,\"head_di"
		 "m\":256,\"global_head_dim\":512,\"num_global_key_value_heads\":4,\"vocab_size\":262144,\"sliding_window\":"
		 "1024,\"attention_k_eq_v\":true,\"enable_moe_block\":false,\"layer_types\":[\"sliding_attention\",\"sliding"
		 "_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sli"
		 "ding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\""
		 "sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\""
		 ",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attenti"
		 "on\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_att"
		 "ention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding"
		 "_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sli"
		 "ding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\""
		 "sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\""
		 ",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attention\",\"sliding_attenti"
		 "on\",\"full_attention\",\"full_attention\",\"full_attention\",\"full_attention\",\"full_attention\",\"full"
		 "_attention\",\"full_attention\",\"full_attention\",\"full_attention\",\"full_attention\"]}}", 30.7},
		/* GLM-4.5 */
		{"{\"model_type\":\"glm4_moe\",\"hidden_size\":5120,\"num_hidden_layers\":92,\"num_attention_heads\":96,\"nu"
		 "m_key_value_heads\":8,\"head_dim\":128,\"vocab_size\":151552,\"intermediate_size\":12288,\"moe_intermediat"
		 "e_size\":1536,\"n_routed_experts\":160,\"n_shared_experts\":1,\"num_experts_per_tok\":8,\"first_k_dense_re"
		 "place\":3,\"attention_bias\":true,\"tie_word_embeddings\":false}", 352.8},
		/* GLM-5 */
		{"{\"model_type\":\"glm_moe_dsa\",\"hidden_size\":6144,\"num_hidden_layers\":78,\"num_attention_heads\":64,\""
		 "vocab_size\":154880,\"intermediate_size\":12288,\"moe_intermediate_size\":2048,\"n_routed_experts\":256,\""
		 "n_shared_experts\":1,\"num_experts_per_tok\":8,\"first_k_dense_replace\":3,\"kv_lora_rank\":512,\"q_lora_r"
		 "ank\":2048,\"qk_nope_head_dim\":192,\"qk_rope_head_dim\":64,\"v_head_dim\":256,\"index_n_heads\":32,\"inde"
		 "x_head_dim\":128,\"index_topk\":2048,\"tie_word_embeddings\":false}", 744},
		/* granite-4.0-h-small */
		{"{\"model_type\":\"granitemoehybrid\",\"hidden_size\":4096,\"num_hidden_layers\":40,\"num_attention_heads\""
		 ":32,\"num_key_value_heads\":8,\"vocab_size\":100352,\"intermediate_size\":768,\"shared_intermediate_size\""
		 ":1536,\"num_local_experts\":72,\"num_experts_per_tok\":10,\"mamba_n_heads\":128,\"mamba_d_head\":64,\"mamb"
		 "a_d_state\":128,\"mamba_n_groups\":1,\"mamba_d_conv\":4,\"layer_types\":[\"mamba\",\"mamba\",\"mamba\",\"m"
		 "amba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\""
		 ",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mam"
		 "ba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\"mamba\",\""
		 "mamba\",\"attention\",\"attention\",\"attention\",\"attention\"]}", 32.2},
		/* Kimi-K2 */
		{"{\"model_type\":\"kimi_k2\",\"hidden_size\":7168,\"num_hidden_layers\":61,\"num_attention_heads\":64,\"voc"
		 "ab_size\":163840,\"intermediate_size\":18432,\"moe_intermediate_size\":2048,\"n_routed_experts\":384,\"n_s"
		 "hared_experts\":1,\"num_experts_per_tok\":8,\"first_k_dense_replace\":1,\"kv_lora_rank\":512,\"q_lora_rank"
		 "\":1536,\"qk_nope_head_dim\":128,\"qk_rope_head_dim\":64,\"v_head_dim\":128,\"topk_method\":\"noaux_tc\",\""
		 "tie_word_embeddings\":false}", 1026},
		/* Llama-4-Maverick */
		{"{\"model_type\":\"llama4\",\"text_config\":{\"model_type\":\"llama4_text\",\"hidden_size\":5120,\"intermed"
		 "iate_size\":8192,\"intermediate_size_mlp\":16384,\"num_hidden_layers\":48,\"num_attention_heads\":40,\"num"
		 "_key_value_heads\":8,\"head_dim\":128,\"num_local_experts\":128,\"num_experts_per_tok\":1,\"interleave_moe"
		 "_layer_step\":2,\"vocab_size\":202048,\"attention_chunk_size\":8192,\"tie_word_embeddings\":false}}", 400.7},
		/* MiniMax-M2 */
		{"{\"model_type\":\"minimax_m2\",\"hidden_size\":3072,\"num_hidden_layers\":62,\"num_attention_heads\":48,\""
		 "num_key_value_heads\":8,\"head_dim\":128,\"vocab_size\":200064,\"intermediate_size\":1536,\"num_local_expe"
		 "rts\":256,\"num_experts_per_tok\":8,\"tie_word_embeddings\":false}", 228.7},
		/* Mixtral-8x22B */
		{"{\"model_type\":\"mixtral\",\"hidden_size\":6144,\"num_hidden_layers\":56,\"num_attention_heads\":48,\"num"
		 "_key_value_heads\":8,\"vocab_size\":32768,\"intermediate_size\":16384,\"num_local_experts\":8,\"num_expert"
		 "s_per_tok\":2,\"sliding_window\":null,\"tie_word_embeddings\":false}", 140.6},
		/* Nemotron-3-Nano-30B-A3B */
		{"{\"model_type\":\"nemotron_h\",\"hidden_size\":2688,\"num_hidden_layers\":52,\"num_attention_heads\":32,\""
		 "num_key_value_heads\":2,\"head_dim\":128,\"vocab_size\":131072,\"intermediate_size\":1856,\"moe_intermedia"
		 "te_size\":1856,\"moe_shared_expert_intermediate_size\":3712,\"n_routed_experts\":128,\"n_shared_experts\":"
		 "1,\"num_experts_per_tok\":6,\"mamba_num_heads\":64,\"mamba_head_dim\":64,\"ssm_state_size\":128,\"n_groups"
		 "\":8,\"conv_kernel\":4,\"hybrid_override_pattern\":\"MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME\""
		 ",\"tie_word_embeddings\":false}", 31.6},
		/* Qwen3.5-27B */
		{"{\"model_type\":\"qwen3_5\",\"text_config\":{\"model_type\":\"qwen3_5_text\",\"hidden_size\":5120,\"num_hi"
		 "dden_layers\":64,\"intermediate_size\":17408,\"num_attention_heads\":24,\"num_key_value_heads\":4,\"head_d"
		 "im\":256,\"vocab_size\":248320,\"linear_num_key_heads\":16,\"linear_num_value_heads\":48,\"linear_key_head"
		 "_dim\":128,\"linear_value_head_dim\":128,\"full_attention_interval\":4,\"tie_word_embeddings\":false}}", 27},
		/* Qwen3-Next-80B-A3B */
		{"{\"model_type\":\"qwen3_next\",\"hidden_size\":2048,\"num_hidden_layers\":48,\"num_attention_heads\":16,\""
		 "num_key_value_heads\":2,\"head_dim\":256,\"vocab_size\":151936,\"linear_num_key_heads\":16,\"linear_num_va"
		 "lue_heads\":32,\"linear_key_head_dim\":128,\"linear_value_head_dim\":128,\"linear_conv_kernel_dim\":4,\"nu"
		 "m_experts\":512,\"num_experts_per_tok\":10,\"moe_intermediate_size\":512,\"shared_expert_intermediate_size"
		 "\":512,\"intermediate_size\":5120,\"decoder_sparse_step\":1,\"mlp_only_layers\":[],\"full_attention_interv"
		 "al\":4,\"tie_word_embeddings\":false}", 79.7},
		/* Llama-4-Scout */
		{"{\"model_type\":\"llama4\",\"text_config\":{\"model_type\":\"llama4_text\",\"hidden_size\":5120,\"intermed"
		 "iate_size\":8192,\"intermediate_size_mlp\":16384,\"num_hidden_layers\":48,\"num_attention_heads\":40,\"num"
		 "_key_value_heads\":8,\"head_dim\":128,\"num_local_experts\":16,\"num_experts_per_tok\":1,\"interleave_moe_"
		 "layer_step\":1,\"vocab_size\":202048,\"attention_chunk_size\":8192,\"tie_word_embeddings\":false}}", 107.8},
		/* DeepSeek-V4-Flash */
		{"{\"model_type\":\"deepseek_v4\",\"hidden_size\":4096,\"num_hidden_layers\":43,\"num_attention_heads\":64,\""
		 "num_key_value_heads\":1,\"head_dim\":512,\"vocab_size\":129280,\"q_lora_rank\":1024,\"o_lora_rank\":1024,\""
		 "o_groups\":8,\"index_head_dim\":128,\"index_n_heads\":64,\"index_topk\":512,\"n_routed_experts\":256,\"n_s"
		 "hared_experts\":1,\"num_experts_per_tok\":6,\"moe_intermediate_size\":2048,\"qk_rope_head_dim\":64,\"compr"
		 "ess_ratios\":[0,0,4,128,4,128,4,128,4,128,4,128,4,128,4,128,4,128,4,128,4,128,4,128,4,128,4,128,4,128,4,12"
		 "8,4,128,4,128,4,128,4,128,4,128,4,0]}", 284},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct modelspec m;
		struct modelsize z;
		read_text(cases[i].config, &m);
		modelspec_size(&m, &z);
		if ((double)z.params < cases[i].billions * 0.99e9 || (double)z.params > cases[i].billions * 1.01e9) {
			fail_msg("%.1f billion, expected %.1f", (double)z.params / 1e9, cases[i].billions);
		}
	}
}

/* Qwen3-Next keeps a cache in each fourth layer and a state in the others; DeepSeek V3.2 reads 2,048 tokens and its index. */
TEST(test_hybrid_caches) {
	struct modelspec m;
	struct modelsize z;
	read_text("{\"model_type\":\"qwen3_next\",\"hidden_size\":2048,\"num_hidden_layers\":48,\"num_attention_heads\":16,"
	          "\"num_key_value_heads\":2,\"head_dim\":256,\"vocab_size\":151936,\"linear_num_key_heads\":16,"
	          "\"linear_num_value_heads\":32,\"linear_key_head_dim\":128,\"linear_value_head_dim\":128,"
	          "\"intermediate_size\":5120,\"full_attention_interval\":4}", &m);
	modelspec_size(&m, &z);
	assert_int_equal(z.kv_token_bytes, 12 * 2 * 2 * 256 * 2);
	assert_int_equal(z.state_bytes, INT64_C(36) * (32 * 128 * 128 + 4 * (2 * 2048 + 4096)) * 4);

	read_text("{\"model_type\":\"deepseek_v32\",\"hidden_size\":7168,\"num_hidden_layers\":61,\"num_attention_heads\":128,"
	          "\"vocab_size\":129280,\"intermediate_size\":18432,\"kv_lora_rank\":512,\"q_lora_rank\":1536,\"qk_nope_head_dim\":128,"
	          "\"qk_rope_head_dim\":64,\"v_head_dim\":128,\"index_topk\":2048,\"index_n_heads\":64,\"index_head_dim\":128}", &m);
	modelspec_size(&m, &z);
	assert_int_equal(z.kv_token_bytes, 61 * (576 * 2 + 128));
	assert_true(modelspec_seen(&m, 1000) == 1000 && modelspec_held(&m, 32768) == 32768);
	assert_true(modelspec_seen(&m, 32768) == 2048 + 32768 * 128.0 / 1152);
}

#define QUANTISED(q)                                                                                                   \
	"{\"model_type\":\"llama\",\"hidden_size\":64,\"intermediate_size\":64,\"num_attention_heads\":2,"              \
	"\"num_hidden_layers\":1,\"vocab_size\":100,\"quantization_config\":" q "}"

#define BLOCKS(list)                                                                                                   \
	"{\"model_type\":\"nemotron-nas\",\"hidden_size\":96,\"num_attention_heads\":4,\"num_hidden_layers\":2,"              \
	"\"vocab_size\":100,\"block_configs\":" list "}"

/* Blocks of a search: attention in some of them, the mean width of their MLPs. */
TEST(test_blocks) {
	struct modelspec m;

	read_text(BLOCKS("[{\"attention\":{\"n_heads_in_group\":2},\"ffn\":{\"ffn_mult\":3}},{\"attention\":{\"no_op\":true},\"ffn\":{\"ffn_mult\":1.5}}]"), &m);
	assert_int_equal(m.attention_layers, 1);
	assert_int_equal(m.kv_heads, 2);
	assert_int_equal(m.ffn, 144); /* 2.25 x 96 x 2/3 */
	read_text(BLOCKS("[{\"attention\":{\"n_heads_in_group\":4},\"ffn\":{\"ffn_mult\":3}},{\"attention\":{},\"ffn\":{\"ffn_mult\":64}}]"), &m);
	assert_int_equal(m.kv_heads, 1);
	assert_int_equal(m.ffn, 96); /* an absurd factor is none */
}

TEST(test_quantisation) {
	static const struct {
		const char *config;
		int64_t mbit, kv;
		enum precision compute;
	} cases[] = {
		{QUANTISED("{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":128}"), 4156, 16000, PRECISION_BF16},
		{QUANTISED("{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":64}"), 4313, 16000, PRECISION_BF16},
		{QUANTISED("{\"quant_method\":\"torchao\",\"quant_type\":{\"default\":{\"_type\":\"Int4WeightOnlyConfig\"}}}"), 4156, 16000, PRECISION_BF16},
		{QUANTISED("{\"quant_method\":\"torchao\",\"quant_type\":\"float8_dynamic_activation_float8_weight\"}"), 8000, 16000, PRECISION_FP8},
		{QUANTISED("{\"quant_method\":\"quark\",\"global_quant_config\":{\"weight\":{\"dtype\":\"fp4\",\"group_size\":32}}}"), 4250, 16000, PRECISION_FP4},
		{QUANTISED("{\"quant_method\":\"mxfp8\"}"), 8250, 16000, PRECISION_FP8},
		{QUANTISED("{\"quant_method\":\"hqq\",\"nbits\":4}"), 4250, 16000, PRECISION_BF16},
		{QUANTISED("{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":true}"), 4500, 16000, PRECISION_BF16},
		{QUANTISED("{\"quant_method\":\"modelopt\",\"quant_algo\":\"NVFP4\",\"kv_cache_quant_algo\":\"FP8\"}"), 4500, 8000,
		 PRECISION_FP4},
		{QUANTISED("{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"group_0\":{\"weights\":{\"num_bits\":8,"
		           "\"type\":\"float\"},\"input_activations\":{\"num_bits\":8,\"type\":\"float\"}}},"
		           "\"kv_cache_scheme\":null}"), 8000, 16000, PRECISION_FP8},
		{QUANTISED("{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"group_0\":{\"weights\":{\"num_bits\":4,"
		           "\"type\":\"int\",\"group_size\":128},\"input_activations\":null}}}"), 4125, 16000, PRECISION_BF16},
		{QUANTISED("{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"group_0\":{\"weights\":{\"num_bits\":4,"
		           "\"type\":\"float\",\"group_size\":16},\"input_activations\":{\"num_bits\":4,\"type\":\"float\"}}},"
		           "\"kv_cache_scheme\":{\"num_bits\":8}}"), 4500, 8000, PRECISION_FP4},
		{QUANTISED("{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"group_0\":{\"weights\":{\"num_bits\":8,"
		           "\"type\":\"int\"},\"input_activations\":{\"num_bits\":8,\"type\":\"int\"}}}}"), 8000, 16000, PRECISION_INT8},
		{QUANTISED("{\"quant_method\":\"bitsandbytes\",\"load_in_8bit\":true}"), 8000, 16000, PRECISION_INT8},
		{QUANTISED("{\"quant_method\":\"modelopt\",\"quantization\":{\"quant_algo\":\"W4A16_AWQ\",\"kv_cache_quant_algo\":null}}"), 4156, 16000, PRECISION_BF16},
		{QUANTISED("{\"quant_method\":\"quark\",\"layer_quant_config\":{\"*\":{\"weight\":{\"dtype\":\"int8\"}}}}"), 8000, 16000, PRECISION_INT8},
		{QUANTISED("{\"quant_method\":\"eetq\"}"), 8000, 16000, PRECISION_INT8},
		{QUANTISED("{\"quant_method\":\"hqq\",\"quant_config\":{\"weight_quant_params\":{\"nbits\":3}}}"), 3250, 16000, PRECISION_BF16},
		{QUANTISED("{\"quant_method\":\"hqq\",\"quant_config\":{\"weight_quant_params\":7},\"nbits\":2}"), 2250, 16000, PRECISION_BF16},
		{QUANTISED("{\"quant_method\":\"exl2\",\"bits\":4.65}"), 4900, 16000, PRECISION_BF16},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct modelspec m;
		read_text(cases[i].config, &m);
		assert_int_equal(m.weight_mbit, cases[i].mbit);
		assert_int_equal(m.kv_mbit, cases[i].kv);
		assert_int_equal(m.compute, cases[i].compute);
	}
}

TEST(test_refused) {
	static const struct {
		const char *config, *message;
	} cases[] = {
		{"", "m.json:1:1: not valid JSON"},
		{"[]", "m.json:1:1: not an object"},
		{"{}", "m.json:1:1: neither \"schema\" nor \"model_type\""},
		{"{\n \"model_type\": \"rwkv\"}", "m.json:2:16: unknown architecture rwkv, expected one of llama"},
		{"{\"model_type\":\"llama\",\"num_hidden_layers\":2}", "m.json:1:1: \"hidden_size\" is missing here"},
		{"{\"model_type\":\"llama\",\"num_hidden_layers\":0}", "m.json:1:43: \"num_hidden_layers\" is out of range"},
		{"{\"model_type\":\"llama\",\"num_hidden_layers\":NaN}", "m.json:1:43: not valid JSON"},
		{"{\"model_type\":\"llama\",\"num_hidden_layers\":1e300}", "m.json:1:43: \"num_hidden_layers\" is out of range"},
		{"{\"model_type\":\"llama\",\"num_hidden_layers\":16000000,\"hidden_size\":16000000,\"num_attention_heads\":2,"
		 "\"vocab_size\":16000000,\"intermediate_size\":16000000}", "m.json:1:1: more than 10^15 parameters"},
		{QUANTISED("{\"quant_method\":\"aqlm\"}"), "unknown \"quant_method\""},
		{QUANTISED("{}"), "unknown \"quant_method\""},
		{QUANTISED("{\"quant_method\":\"bitsandbytes\"}"), "neither or both of"},
		{QUANTISED("{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":true,\"load_in_8bit\":true}"), "neither or both of"},
		{QUANTISED("{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":7}"), "is not a boolean"},
		{QUANTISED("{\"quant_method\":\"gptq\",\"bits\":1}"), "\"bits\" is out of range"},
		{QUANTISED("{\"quant_method\":\"modelopt\",\"quant_algo\":\"W1\"}"), "unknown \"quant_algo\""},
		{QUANTISED("{\"quant_method\":\"modelopt\"}"), "unknown \"quant_algo\""},
		{QUANTISED("{\"quant_method\":\"torchao\"}"), "unknown \"quant_type\""},
		{QUANTISED("{\"quant_method\":\"torchao\",\"quant_type\":\"Ternary\"}"), "unknown \"quant_type\""},
		{QUANTISED("{\"quant_method\":\"quark\"}"), "no \"global_quant_config\""},
		{QUANTISED("{\"quant_method\":\"quark\",\"global_quant_config\":{\"weight\":{\"dtype\":\"bf16\"}}}"), "no \"global_quant_config\""},
		{QUANTISED("{\"quant_method\":\"hqq\"}"), "no \"bits\" here"},
		{QUANTISED("{\"quant_method\":\"hqq\",\"bits\":0.5}"), "no \"bits\" here"},
		{QUANTISED("{\"quant_method\":\"hqq\",\"bits\":17}"), "no \"bits\" here"},
		{QUANTISED("{\"quant_method\":\"hqq\",\"bits\":1e999}"), "no \"bits\" here"},
		{QUANTISED("{\"quant_method\":\"compressed-tensors\",\"config_groups\":{}}"), "no \"config_groups\""},
		{QUANTISED("{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"group_0\":{\"weights\":{\"num_bits\":8}}},"
		           "\"kv_cache_scheme\":{\"num_bits\":99}}"), "\"num_bits\" is out of range"},
		{BLOCKS("[7]"), "not a block"},
		{BLOCKS("[{\"ffn\":{}}]"), "not a block"},
		{BLOCKS("[{\"attention\":{\"n_heads_in_group\":0}}]"), "not a block"},
		{BLOCKS("[{\"attention\":{}}]"), "blocks do not fit"},
		{BLOCKS("[{\"attention\":{\"n_heads_in_group\":3}}]"), "blocks do not fit"},
		{BLOCKS("[{\"attention\":{\"n_heads_in_group\":2}},{\"attention\":{\"n_heads_in_group\":2}},{\"attention\":{\"n_heads_in_group\":2}}]"), "blocks do not fit"},
		{"{\"schema\":\"tollbook.model.v2\"}", "m.json:1:11: unknown schema"},
		{"{\"schema\":\"tollbook.model.v1\",\"layers\":1,\"hidden\":8,\"vocab\":8}", "\"attention\" is missing here"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct modelspec m;
		struct fault why = {0};
		assert_int_equal(modelspec_parse(&m, "m.json", text_of(cases[i].config), &why), ERROR_CONFIG);
		if (!strstr(why.message, cases[i].message)) {
			fail_msg("\"%s\", expected \"%s\"", why.message, cases[i].message);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),    cmocka_unit_test(test_flops_and_bytes),
		cmocka_unit_test(test_latent),       cmocka_unit_test(test_windows),
		cmocka_unit_test(test_families), cmocka_unit_test(test_hybrid_families), cmocka_unit_test(test_hybrid_caches),     cmocka_unit_test(test_quantisation),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
