/* Families of config.json files, by the keys and defaults each has, against the totals that their model cards publish. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/model/roofline.h"
#include "tests/unit/variants_help.h"

struct family {
	const char *name, *config;
	double total, active; /* billions, as published; 0: not published */
};

static const struct family families[] = {
	{"arctic",
	 "{\"model_type\":\"arctic\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":7168,\"intermediate_size\":4864,"
	 "\"moe_layer_frequency\":1,\"num_attention_heads\":56,\"num_experts_per_tok\":2,\"num_hidden_layers\":35,"
	 "\"num_key_value_heads\":8,\"num_local_experts\":128,\"parallel_attn_mlp_res\":true,\"vocab_size\":32000}",
	 480, 17},
	{"bloom-176b",
	 "{\"model_type\":\"bloom\",\"torch_dtype\":\"bfloat16\",\"n_embed\":14336,\"hidden_size\":14336,\"n_layer\":70,"
	 "\"num_attention_heads\":112,\"n_head\":112,\"vocab_size\":250880}",
	 176, 176},
	{"chatglm3-6b",
	 "{\"model_type\":\"chatglm\",\"torch_dtype\":\"float16\",\"add_bias_linear\":false,\"add_qkv_bias\":true,"
	 "\"ffn_hidden_size\":13696,\"hidden_size\":4096,\"kv_channels\":128,\"multi_query_attention\":true,"
	 "\"multi_query_group_num\":2,\"num_attention_heads\":32,\"num_layers\":28,\"padded_vocab_size\":65024}",
	 6.24, 0},
	{"dbrx",
	 "{\"model_type\":\"dbrx\",\"torch_dtype\":\"bfloat16\",\"d_model\":6144,\"n_heads\":48,\"n_layers\":40,"
	 "\"vocab_size\":100352,\"max_seq_len\":32768,\"attn_config\":{\"kv_n_heads\":8,\"clip_qkv\":8,"
	 "\"rope_theta\":500000},\"ffn_config\":{\"ffn_hidden_size\":10752,\"moe_num_experts\":16,\"moe_top_k\":4,"
	 "\"ffn_act_fn\":{\"name\":\"silu\"}},\"tie_word_embeddings\":false}",
	 132, 36},
	{"deepseek-moe-16b",
	 "{\"model_type\":\"deepseek\",\"torch_dtype\":\"bfloat16\",\"first_k_dense_replace\":1,\"hidden_size\":2048,"
	 "\"intermediate_size\":10944,\"moe_intermediate_size\":1408,\"moe_layer_freq\":1,\"n_routed_experts\":64,"
	 "\"n_shared_experts\":2,\"num_attention_heads\":16,\"num_experts_per_tok\":6,\"num_hidden_layers\":28,"
	 "\"num_key_value_heads\":16,\"vocab_size\":102400}",
	 16.4, 2.8},
	{"exaone4-32b",
	 "{\"model_type\":\"exaone4\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":5120,\"intermediate_size\":27392,"
	 "\"num_hidden_layers\":64,\"num_attention_heads\":40,\"num_key_value_heads\":8,\"head_dim\":128,"
	 "\"sliding_window\":4096,\"sliding_window_pattern\":\"LLLG\",\"vocab_size\":102400}",
	 32.0, 0},
	{"falcon-180b",
	 "{\"model_type\":\"falcon\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":14848,\"num_hidden_layers\":80,"
	 "\"num_attention_heads\":232,\"num_kv_heads\":8,\"vocab_size\":65024,\"new_decoder_architecture\":true,"
	 "\"parallel_attn\":true,\"bias\":false}",
	 179, 0},
	{"falcon-7b",
	 "{\"model_type\":\"falcon\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":4544,\"num_hidden_layers\":32,"
	 "\"num_attention_heads\":71,\"vocab_size\":65024,\"new_decoder_architecture\":false,\"multi_query\":true,"
	 "\"parallel_attn\":true,\"bias\":false}",
	 6.92, 0},
	{"falcon-h1-34b",
	 "{\"model_type\":\"falcon_h1\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":5120,\"intermediate_size\":21504,"
	 "\"num_hidden_layers\":72,\"num_attention_heads\":20,\"num_key_value_heads\":4,\"head_dim\":128,"
	 "\"mamba_d_ssm\":4096,\"mamba_n_heads\":32,\"mamba_d_head\":128,\"mamba_d_state\":256,\"mamba_n_groups\":2,"
	 "\"vocab_size\":261120}",
	 33.6, 0},
	{"gemma3-27b",
	 "{\"model_type\":\"gemma3\",\"torch_dtype\":\"bfloat16\",\"text_config\":{\"model_type\":\"gemma3_text\","
	 "\"head_dim\":128,\"hidden_size\":5376,\"intermediate_size\":21504,\"num_attention_heads\":32,"
	 "\"num_hidden_layers\":62,\"num_key_value_heads\":16,\"sliding_window\":1024,"
	 "\"rope_scaling\":{\"factor\":8.0}},\"vision_config\":{}}",
	 27.0, 0},
	{"gemma3-4b-minimal",
	 "{\"model_type\":\"gemma3\",\"torch_dtype\":\"bfloat16\",\"text_config\":{\"model_type\":\"gemma3_text\","
	 "\"hidden_size\":2560,\"intermediate_size\":10240,\"num_hidden_layers\":34,\"sliding_window\":1024}}",
	 3.88, 0},
	{"gpt-j-6b",
	 "{\"model_type\":\"gptj\",\"torch_dtype\":\"float16\",\"n_embd\":4096,\"n_layer\":28,\"n_head\":16,"
	 "\"vocab_size\":50400,\"rotary_dim\":64,\"tie_word_embeddings\":false}",
	 6.05, 0},
	{"gpt-neox-20b",
	 "{\"model_type\":\"gpt_neox\",\"torch_dtype\":\"float16\",\"hidden_size\":6144,\"intermediate_size\":24576,"
	 "\"num_hidden_layers\":44,\"num_attention_heads\":64,\"vocab_size\":50432,\"tie_word_embeddings\":false}",
	 20.6, 0},
	{"gpt2-xl",
	 "{\"model_type\":\"gpt2\",\"n_embd\":1600,\"n_layer\":48,\"n_head\":25,\"vocab_size\":50257,"
	 "\"n_positions\":1024}",
	 1.56, 0},
	{"grok1-hf",
	 "{\"model_type\":\"grok-1\",\"torch_dtype\":\"bfloat16\",\"attn_output_multiplier\":0.088,\"hidden_size\":6144,"
	 "\"intermediate_size\":32768,\"num_hidden_layers\":64,\"num_attention_heads\":48,\"num_key_value_heads\":8,"
	 "\"num_experts\":8,\"num_experts_per_tok\":2,\"vocab_size\":131072,\"tie_word_embeddings\":true}",
	 314, 0},
	{"grok2",
	 "{\"torch_dtype\":\"bfloat16\",\"hidden_size\":8192,\"intermediate_size\":32768,"
	 "\"moe_intermediate_size\":16384,\"num_hidden_layers\":64,\"num_attention_heads\":64,\"num_key_value_heads\":8,"
	 "\"head_dim\":128,\"num_local_experts\":8,\"num_experts_per_tok\":2,\"residual_moe\":true,"
	 "\"vocab_size\":131072,\"model_type\":\"git\"}",
	 270, 0},
	{"jamba-mini",
	 "{\"model_type\":\"jamba\",\"torch_dtype\":\"bfloat16\",\"attn_layer_offset\":4,\"attn_layer_period\":8,"
	 "\"expert_layer_offset\":1,\"expert_layer_period\":2,\"hidden_size\":4096,\"intermediate_size\":14336,"
	 "\"mamba_d_conv\":4,\"mamba_d_state\":16,\"mamba_dt_rank\":256,\"mamba_expand\":2,\"num_attention_heads\":32,"
	 "\"num_experts\":16,\"num_experts_per_tok\":2,\"num_hidden_layers\":32,\"num_key_value_heads\":8,"
	 "\"vocab_size\":65536}",
	 51.6, 12},
	{"kimi-linear",
	 "{\"model_type\":\"kimi_linear\",\"torch_dtype\":\"bfloat16\",\"dtype\":\"bfloat16\","
	 "\"first_k_dense_replace\":1,\"head_dim\":72,\"hidden_size\":2304,\"intermediate_size\":9216,"
	 "\"kv_lora_rank\":512,\"linear_attn_config\":{\"full_attn_layers\":[4,8,12,16,20,24,27],\"head_dim\":128,"
	 "\"kda_layers\":[1,2,3,5,6,7,9,10,11,13,14,15,17,18,19,21,22,23,25,26],\"num_heads\":32,"
	 "\"short_conv_kernel_size\":4},\"mla_use_nope\":true,\"moe_intermediate_size\":1024,\"moe_layer_freq\":1,"
	 "\"moe_renormalize\":true,\"num_attention_heads\":32,\"num_experts\":256,\"num_experts_per_token\":8,"
	 "\"num_hidden_layers\":27,\"num_key_value_heads\":32,\"num_shared_experts\":1,\"q_lora_rank\":null,"
	 "\"qk_nope_head_dim\":128,\"qk_rope_head_dim\":64,\"v_head_dim\":128,\"vocab_size\":163840,\"topk_group\":1}",
	 49, 3},
	{"lfm2-1.2b",
	 "{\"model_type\":\"lfm2\",\"torch_dtype\":\"bfloat16\",\"block_auto_adjust_ff_dim\":true,\"block_dim\":2048,"
	 "\"block_ff_dim\":12288,\"block_ffn_dim_multiplier\":1.0,\"block_multiple_of\":256,\"conv_L_cache\":3,"
	 "\"conv_bias\":false,\"conv_dim\":2048,\"conv_dim_out\":2048,\"full_attn_idxs\":[2,5,8,10,12,14],"
	 "\"hidden_size\":2048,\"num_attention_heads\":32,\"num_heads\":32,\"num_hidden_layers\":16,"
	 "\"num_key_value_heads\":8,\"vocab_size\":65536}",
	 1.17, 0},
	{"lfm2-8b-a1b",
	 "{\"model_type\":\"lfm2_moe\",\"dtype\":\"bfloat16\",\"conv_L_cache\":3,\"conv_bias\":false,"
	 "\"hidden_size\":2048,\"intermediate_size\":7168,\"layer_types\":[\"conv\",\"conv\",\"full_attention\","
	 "\"conv\",\"conv\",\"conv\",\"full_attention\",\"conv\",\"conv\",\"conv\",\"full_attention\",\"conv\",\"conv\","
	 "\"conv\",\"full_attention\",\"conv\",\"conv\",\"conv\",\"full_attention\",\"conv\",\"conv\","
	 "\"full_attention\",\"conv\",\"conv\"],\"moe_intermediate_size\":1792,\"num_attention_heads\":32,"
	 "\"num_dense_layers\":2,\"num_experts\":32,\"num_experts_per_tok\":4,\"num_hidden_layers\":24,"
	 "\"num_key_value_heads\":8,\"use_expert_bias\":true,\"vocab_size\":65536}",
	 8.3, 1.5},
	{"longcat-flash",
	 "{\"model_type\":\"longcat_flash\",\"torch_dtype\":\"bfloat16\",\"attention_bias\":false,\"vocab_size\":131072,"
	 "\"hidden_size\":6144,\"ffn_hidden_size\":12288,\"expert_ffn_hidden_size\":2048,\"num_layers\":28,"
	 "\"num_attention_heads\":64,\"kv_lora_rank\":512,\"q_lora_rank\":1536,\"qk_rope_head_dim\":64,"
	 "\"v_head_dim\":128,\"qk_nope_head_dim\":128,\"mla_scale_q_lora\":true,\"n_routed_experts\":512,"
	 "\"moe_topk\":12,\"zero_expert_num\":256,\"zero_expert_type\":\"identity\"}",
	 560, 27},
	{"minimax-text-01",
	 "{\"model_type\":\"minimax_text_01\",\"torch_dtype\":\"bfloat16\",\"attn_type_list\":[0,0,0,0,0,0,0,1,0,0,0,0,"
	 "0,0,0,1,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,1,0,0,0,"
	 "0,0,0,0,1,0,0,0,0,0,0,0,1],\"head_dim\":128,\"hidden_size\":6144,\"intermediate_size\":9216,"
	 "\"num_attention_heads\":64,\"num_experts_per_tok\":2,\"num_hidden_layers\":80,\"num_key_value_heads\":8,"
	 "\"num_local_experts\":32,\"shared_intermediate_size\":0,\"vocab_size\":200064}",
	 456, 45.9},
	{"mpt-7b",
	 "{\"model_type\":\"mpt\",\"torch_dtype\":\"bfloat16\",\"d_model\":4096,\"n_heads\":32,\"n_layers\":32,"
	 "\"expansion_ratio\":4,\"vocab_size\":50432,\"attn_config\":{\"attn_impl\":\"torch\"}}",
	 6.65, 0},
	{"opt-13b",
	 "{\"model_type\":\"opt\",\"torch_dtype\":\"float16\",\"hidden_size\":5120,\"ffn_dim\":20480,"
	 "\"num_hidden_layers\":40,\"num_attention_heads\":40,\"vocab_size\":50272}",
	 12.85, 0},
	{"orion",
	 "{\"model_type\":\"orion\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":5120,\"intermediate_size\":15360,"
	 "\"num_hidden_layers\":40,\"num_attention_heads\":40,\"num_key_value_heads\":40,\"vocab_size\":84608}",
	 14.5, 0},
	{"qwen1-7b",
	 "{\"model_type\":\"qwen\",\"bf16\":true,\"hidden_size\":4096,\"intermediate_size\":22016,"
	 "\"num_hidden_layers\":32,\"num_attention_heads\":32,\"kv_channels\":128,\"vocab_size\":151936}",
	 7.72, 0},
	{"starcoder-15b",
	 "{\"model_type\":\"gpt_bigcode\",\"torch_dtype\":\"float32\",\"n_embd\":6144,\"n_inner\":24576,\"n_layer\":40,"
	 "\"n_head\":48,\"multi_query\":true,\"vocab_size\":49152}",
	 15.5, 0},
	{"minicpm",
	 "{\"model_type\":\"minicpm\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":2304,\"intermediate_size\":5760,"
	 "\"num_hidden_layers\":40,\"num_attention_heads\":36,\"num_key_value_heads\":36,\"vocab_size\":122753}",
	 2.72, 0},
	{"step-3.5-flash",
	 "{\"model_type\":\"step3p5\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":4096,\"intermediate_size\":11264,"
	 "\"num_hidden_layers\":45,\"num_attention_heads\":64,\"num_attention_groups\":8,\"head_dim\":128,\"use_moe\":true,"
	 "\"moe_num_experts\":288,\"moe_top_k\":8,\"moe_intermediate_size\":1280,\"share_expert_dim\":1280,\"sliding_window\":512,"
	 "\"moe_layers_enum\":\"3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,"
	 "40,41,42,43,44\",\"vocab_size\":128896}",
	 196, 11},
	{"solar-open-100b",
	 "{\"model_type\":\"solar_open\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":4096,\"intermediate_size\":10240,"
	 "\"moe_intermediate_size\":1280,\"num_attention_heads\":64,\"num_hidden_layers\":48,\"num_key_value_heads\":8,"
	 "\"head_dim\":128,\"n_routed_experts\":128,\"n_shared_experts\":1,\"num_experts_per_tok\":8,\"first_k_dense_replace\":0,"
	 "\"vocab_size\":196608}",
	 102.6, 12},
	{"bamba-9b",
	 "{\"model_type\":\"bamba\",\"torch_dtype\":\"bfloat16\",\"hidden_size\":4096,\"intermediate_size\":14336,"
	 "\"num_hidden_layers\":32,\"num_attention_heads\":32,\"num_key_value_heads\":8,\"attn_layer_indices\":[9,18,27],"
	 "\"mamba_n_heads\":128,\"mamba_d_head\":64,\"mamba_d_state\":128,\"mamba_n_groups\":1,\"vocab_size\":128256}",
	 9.78, 0},
};

static void near(const char *name, const char *what, double is, double published) {
	if (published > 0 && fabs(is / published - 1) > 0.02) {
		fail_msg("%s: %.2f billion %s parameters, published are %.2f", name, is, what, published);
	}
}

TEST(test_totals) {
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		const struct family *f = &families[i];
		struct modelspec m;
		struct modelsize z;
		struct fault why = {0};
		if (modelspec_parse(&m, f->name, text_of(f->config), &why) != 0) {
			fail_msg("%s", why.message);
		}
		modelspec_size(&m, &z);
		near(f->name, "in all", (double)z.params / 1e9, f->total);
		/* Model cards may include the embedding, and round to one or two digits. */
		assert_true(f->active == 0 || fabs((double)z.active_params / 1e9 / f->active - 1) < 0.08);
	}
}

/* Models with a state instead of a cache, and models with one key and value head. */
TEST(test_caches) {
	static const struct {
		const char *name;
		int64_t kv_token_bytes;
		bool has_state;
	} caches[] = {{"kimi-linear", 7 * 576 * 2, true}, {"falcon-7b", 32 * 2 * 64 * 2, false}, {"jamba-mini", 4 * 2 * 8 * 128 * 2, true},
	              {"longcat-flash", 56 * 576 * 2, false}, {"minimax-text-01", 10 * 2 * 8 * 128 * 2, true}, {"lfm2-1.2b", 6 * 2 * 8 * 64 * 2, true}};
	for (size_t c = 0; c < sizeof caches / sizeof *caches; c++) {
		for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
			struct modelspec m;
			struct modelsize z;
			struct fault why = {0};
			if (strcmp(families[i].name, caches[c].name) != 0) {
				continue;
			}
			assert_int_equal(modelspec_parse(&m, "m.json", text_of(families[i].config), &why), 0);
			modelspec_size(&m, &z);
			assert_int_equal(z.kv_token_bytes, caches[c].kv_token_bytes);
			assert_int_equal(z.state_bytes > 0, caches[c].has_state);
		}
	}
}

/*
 * A wrong value is an error that states its place, or gives a model with sizes and times that are numbers: never more experts
 * at work than there are, never parameters below 0.
 */
static void check_variant(void *context, struct text config, const char *what) {
	const struct gpu card = {.flops = {INT64_C(1000000000000)}, .bandwidth = INT64_C(1000000000), .memory_bytes = INT64_C(80000000000)};
	const char *name = context;
	struct modelspec m;
	struct roofline r;
	struct roofline_step step;
	struct fault why = {0};
	char place[100];
	int line, column, rc = modelspec_parse(&m, name, config, &why);

	if (rc != 0) {
		snprintf(place, sizeof place, "%s:%%d:%%d: ", name);
		bool placed = sscanf(why.message, place, &line, &column) == 2 || strncmp(why.message, name, strlen(name)) == 0;
		if (rc != ERROR_CONFIG || !placed) {
			fail_msg("%s: %s: %s", name, what, why.message);
		}
		return;
	}
	roofline_init(&r, &m, &card, 1, 0.5, 0.7);
	roofline_step(&r, 100, 5000, 10, 10000, &step);
	if (!(r.size.params > 0 && r.size.active_params > 0 && r.size.active_params <= r.size.params && r.size.kv_token_bytes >= 0 &&
	      isfinite(step.total_ns) && step.total_ns > 0)) {
		fail_msg("%s: %s: %lld parameters, %lld active", name, what, (long long)r.size.params, (long long)r.size.active_params);
	}
}

TEST(test_wrong_values) {
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		assert_true(variants_each(text_of(families[i].config), NULL, check_variant, (void *)(uintptr_t)families[i].name));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_totals), cmocka_unit_test(test_caches), cmocka_unit_test(test_wrong_values)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
