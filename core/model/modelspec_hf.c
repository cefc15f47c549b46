/*
 * modelspec_hf.c: Hugging Face config.json as published.
 *
 * What each architecture defines only in its code (biases, norms, where experts are, which layers have a window) is a
 * row here, from the model's reference code in huggingface/transformers.
 */
#include "core/decimal.h"
#include "core/exact.h"
#include "core/model/modelspec_hf.h"

#include <stdio.h>

static const struct architecture architectures[] = {
	/* Llama and similar architectures */
	{"llama", OUT_BIAS, 2, 0}, {"mllama_text_model", 0, 2, 0}, {"mistral", 0, 2, 1}, {"ministral", 0, 2, 1}, {"ministral3", 0, 2, 1},
	{"seed_oss", QKV_BIAS, 2, 0}, {"smollm3", 0, 2, 0}, {"granite", OUT_BIAS, 2, 0}, {"arcee", TWO_MATRICES, 2, 0},
	{"nemotron", TWO_MATRICES, 2, 0}, {"internlm2", 0, 2, 0}, {"internlm3", 0, 2, 0}, {"ernie4_5", 0, 2, 0}, {"mimo", QKV_BIAS, 2, 0},
	{"apertus", QK_NORM | TWO_MATRICES, 2, 0}, {"hunyuan_v1_dense", QK_NORM, 2, 0}, {"baichuan", 0, 2, 0}, {"stablelm", 0, 2, 0},
	{"olmo2", QK_NORM, 2, 0}, {"olmo3", QK_NORM, 2, 4}, {"exaone4", QK_NORM, 2, 4}, {"exaone", 0, 2, 0}, {"glm", QKV_BIAS, 2, 0},
	{"glm4", QKV_BIAS, 4, 0}, {"glm4v_text", QKV_BIAS, 4, 0}, {"cohere", TIED, 1, 0}, {"cohere2", TIED, 1, 4},
	{"starcoder2", QKV_BIAS | OUT_BIAS | TWO_MATRICES | TIED, 2, 1}, {"phi3", 0, 2, 1}, {"phi", QKV_BIAS | TWO_MATRICES, 1, 0},
	{"yi", 0, 2, 0}, {"solar", 0, 2, 0}, {"nemotron-nas", 0, 2, 0}, {"cwm", 0, 2, 4}, {"helium", 0, 2, 0}, {"diffllama", 0, 2, 0},
	{"stablelm_epoch", 0, 2, 0}, {"PanguEmbedded", QKV_BIAS | OUT_BIAS, 2, 0}, {"phi3_v", 0, 2, 1}, {"phi4mm", 0, 2, 1},
	{"telechat", 0, 2, 0}, {"telechat2", 0, 2, 0}, {"telechat3", 0, 2, 0}, {"persimmon", QKV_BIAS | OUT_BIAS | TWO_MATRICES, 4, 0},
	/* Qwen */
	{"qwen2", QKV_BIAS, 2, 0}, {"qwen2_vl", QKV_BIAS, 2, 0}, {"qwen2_vl_text", QKV_BIAS, 2, 0}, {"qwen2_5_vl", QKV_BIAS, 2, 0},
	{"qwen2_5_vl_text", QKV_BIAS, 2, 0}, {"qwen2_moe", QKV_BIAS | SHARED_GATE | MOE, 2, 0}, {"qwen3", QK_NORM, 2, 0},
	{"qwen3_vl", QK_NORM, 2, 0}, {"qwen3_vl_text", QK_NORM, 2, 0}, {"qwen3_moe", QK_NORM | MOE, 2, 0},
	{"qwen3_vl_moe", QK_NORM | MOE, 2, 0}, {"qwen3_vl_moe_text", QK_NORM | MOE, 2, 0}, {"qwen3_omni_moe_text", QK_NORM | MOE, 2, 0},
	{"qwen3_next", QK_NORM | MOE | SHARED_GATE | DELTA, 2, 0}, {"qwen3_5", QK_NORM | DELTA, 2, 0}, {"qwen3_5_text", QK_NORM | DELTA, 2, 0},
	{"qwen3_5_moe", QK_NORM | MOE | SHARED_GATE | DELTA, 2, 0}, {"qwen3_5_moe_text", QK_NORM | MOE | SHARED_GATE | DELTA, 2, 0},
	{"qwen2_5_omni_text", QKV_BIAS, 2, 0}, {"qwen2_audio", QKV_BIAS, 2, 0},
	/* Experts */
	{"solar_open", MOE, 2, 0}, {"pangu_pro_moe", QKV_BIAS | OUT_BIAS | MOE, 2, 0}, {"aria_text", MOE, 2, 0}, {"aria_moe_lm", MOE, 2, 0},
	{"ernie4_5_moe_vl", MOE, 2, 0}, {"ernie4_5_vl_moe_text", MOE, 2, 0}, {"step3p5", QK_NORM | MOE, 2, 4},
	{"mixtral", MOE, 2, 1}, {"llama4_text", MOE, 2, 4}, {"llama4", MOE, 2, 4}, {"phimoe", QKV_BIAS | OUT_BIAS | MOE, 2, 1},
	{"gpt_oss", OUT_BIAS | SINKS | EXPERT_BIAS | MOE, 2, 2}, {"olmoe", QK_NORM | MOE, 2, 0}, {"granitemoe", MOE | TIED, 2, 0},
	{"granitemoeshared", MOE | TIED, 2, 0}, {"granitemoehybrid", MOE | TIED | MAMBA, 2, 0}, {"ernie4_5_moe", MOE, 2, 0},
	{"hunyuan_v1_moe", QK_NORM | MOE, 2, 0}, {"dots1", QK_NORM | MOE, 2, 0}, {"bailing_moe", MOE, 2, 0}, {"bailing_moe_v2", QK_NORM | MOE, 2, 0},
	{"minimax_m2", QK_NORM | MOE, 2, 0}, {"glm4_moe", QKV_BIAS | MOE, 2, 0}, {"glm4v_moe_text", QKV_BIAS | MOE, 2, 0},
	{"exaone_moe", QK_NORM | MOE, 2, 4}, {"afmoe", QK_NORM | MOE, 4, 4}, {"mimo_v2_flash", SINKS | MOE, 2, 1},
	{"flex_olmo", QK_NORM | MOE, 2, 0}, {"nemotron_h", TWO_MATRICES | MOE | MAMBA_PATTERN, 1, 0}, {"deepseek", MOE, 2, 0},
	{"dbrx", MOE, 2, 0}, {"grok-1", MOE | TIED, 4, 0}, {"grok", MOE | TIED, 4, 0}, {"git", MOE, 4, 0}, {"arctic", MOE, 3, 0},
	/* Before 2023, and detected by their keys */
	{"gpt2", TWO_MATRICES | QKV_BIAS | OUT_BIAS | TIED | FOUR, 4, 0}, {"gptj", TWO_MATRICES | FOUR, 2, 0},
	{"gpt_neox", TWO_MATRICES | QKV_BIAS | OUT_BIAS | FOUR, 4, 0}, {"gpt_bigcode", TWO_MATRICES | QKV_BIAS | OUT_BIAS | TIED | FOUR, 4, 0},
	{"bloom", TWO_MATRICES | QKV_BIAS | OUT_BIAS | TIED | FOUR, 4, 0}, {"opt", TWO_MATRICES | QKV_BIAS | OUT_BIAS | TIED | FOUR, 4, 0},
	{"mpt", TWO_MATRICES | TIED | FOUR, 2, 0}, {"falcon", TWO_MATRICES | TIED | FOUR, 2, 0}, {"RefinedWeb", TWO_MATRICES | TIED | FOUR, 2, 0},
	{"RefinedWebModel", TWO_MATRICES | TIED | FOUR, 2, 0}, {"chatglm", QKV_BIAS, 2, 0}, {"qwen", QKV_BIAS | HALF, 2, 0},
	{"orion", 0, 4, 0}, {"minicpm", TIED, 2, 0}, {"internlm", QKV_BIAS | OUT_BIAS, 2, 0}, {"xverse", 0, 2, 0}, {"aquila", 0, 2, 0},
	{"olmo", 0, 0, 0}, {"gpt_neo", TWO_MATRICES | TIED | FOUR, 4, 0}, {"codegen", TWO_MATRICES | FOUR, 2, 0},
	/* Layers with a state */
	{"jamba", MOE | JAMBA, 2, 0}, {"bamba", MAMBA, 2, 0}, {"falcon_h1", MAMBA_BESIDE, 2, 0}, {"kimi_linear", LATENT | MOE | KIMI_DELTA, 2, 0},
	{"lfm2", QK_NORM | TIED | CONVOLUTIONS, 2, 0}, {"lfm2_moe", QK_NORM | TIED | MOE | CONVOLUTIONS, 2, 0},
	{"minimax", MOE | LIGHTNING, 2, 0}, {"minimax_text_01", MOE | LIGHTNING, 2, 0}, {"minimax_m1", MOE | LIGHTNING, 2, 0},
	/* Latent attention */
	{"deepseek_v2", LATENT | MOE, 2, 0}, {"deepseek_v3", LATENT | MOE, 2, 0}, {"kimi_k2", LATENT | MOE, 2, 0}, {"kimi_k25", LATENT | MOE, 2, 0},
	{"kimi_vl", LATENT | MOE, 2, 0}, {"deepseek_v32", LATENT | MOE, 2, 0}, {"glm_moe_dsa", LATENT | MOE, 2, 0},
	{"glm4_moe_lite", LATENT | MOE, 2, 0}, {"mistral4", LATENT | MOE, 2, 0}, {"minicpm3", LATENT, 2, 0},
	{"deepseek_v4", COMPRESSED | MOE, 2, 0}, {"longcat_flash", LATENT | MOE | TWICE, 2, 0},
	/* Gemma */
	{"gemma", TIED, 2, 0}, {"vaultgemma", TIED, 2, 2}, {"gemma2", TIED, 4, 2}, {"gemma3", TIED | QK_NORM, 4, 6}, {"gemma3_text", TIED | QK_NORM, 4, 6},
	{"gemma3n", TIED | QK_NORM, 4, 5}, {"gemma3n_text", TIED | QK_NORM, 4, 5}, {"gemma4", TIED | QK_NORM | MOE | BESIDE, 4, 6},
	{"gemma4_text", TIED | QK_NORM | MOE | BESIDE, 4, 6},
};
#define ARCHITECTURE_COUNT (sizeof architectures / sizeof *architectures)

static int find_architecture(struct spec_reader *r, json_at type, const struct architecture **out) {
	for (size_t i = 0; i < ARCHITECTURE_COUNT; i++) {
		if (json_type(r->json, type) == JSON_STRING && text_eq(json_raw(r->json, type), text_of(architectures[i].type))) {
			*out = &architectures[i];
			return 0;
		}
	}
	char name[64];
	struct text t = json_type(r->json, type) == JSON_STRING ? json_string(r->json, type, name, sizeof name) : T("");
	return spec_wrong(r, type, "unknown architecture %.*s, expected one of llama, qwen3_moe, deepseek_v3, gpt_oss, … (%d known); describe it natively (schemas/model.schema.json)",
	                  (int)(t.len < 40 ? t.len : 40), t.at, (int)ARCHITECTURE_COUNT);
}

static int read_dtype(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at v = spec_get(r, c, "torch_dtype");
	enum precision compute;

	v = v == JSON_ABSENT ? spec_get(r, c, "dtype") : v;
	if (v == JSON_ABSENT) {
		return 0;
	}
	if (!modelspec_format(json_raw(r->json, v), &m->other_mbit, &compute)) {
		return spec_wrong(r, v, "unknown type of weights, expected bfloat16, float16 or float32");
	}
	m->weight_mbit = m->expert_mbit = m->other_mbit;
	return 0;
}

/* What every model has, by the keys of its family; missing values are the family's defaults. */
static const char *const layer_keys[] = {"num_hidden_layers", "num_layers", "n_layers", "n_layer", NULL};
static const char *const hidden_keys[] = {"hidden_size", "d_model", "n_embd", "n_embed", NULL};
static const char *const head_keys[] = {"num_attention_heads", "n_heads", "n_head", "num_heads", NULL};
static const char *const vocab_keys[] = {"padded_vocab_size", "vocab_size", NULL};

static void set_defaults(const struct architecture *a, struct modelspec *m) {
	static const struct {
		struct text type;
		int64_t vocab, heads, kv_heads, head_dim;
	} defaults[] = {{T("gemma3_text"), 262208, 8, 4, 256}, {T("gemma3"), 262208, 8, 4, 256}, {T("gemma3n_text"), 262400, 8, 2, 256}};

	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
		if (text_eq(text_of(a->type), defaults[i].type)) {
			m->vocab = defaults[i].vocab;
			m->heads = defaults[i].heads;
			m->kv_heads = defaults[i].kv_heads;
			m->head_dim = defaults[i].head_dim;
		}
	}
}

static int read_dims(struct spec_reader *r, json_at c, struct modelspec *m) {
	const struct {
		const char *const *keys;
		int64_t *out;
	} dims[] = {{layer_keys, &m->layers}, {hidden_keys, &m->hidden}, {head_keys, &m->heads}, {vocab_keys, &m->vocab}};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof dims / sizeof *dims; i++) {
		err = hf_int_if(r, c, dims[i].keys, dims[i].out);
		if (!err && *dims[i].out == 0) {
			const char *key = dims[i].keys[dims[i].keys == vocab_keys ? 1 : 0];
			err = spec_wrong(r, c, "\"%s\" is missing here, expected a whole number from 1 to %lld", key, (long long)SPEC_DIM_MAX);
		}
	}
	return err;
}

/* A factor such as 2.625, of a block's MLP; 0 if there is none. */
static double width_of(struct spec_reader *r, json_at block) {
	json_at ffn = spec_get(r, block, "ffn"), mult = spec_get(r, ffn, "ffn_mult");
	int64_t nano = 0;

	return decimal_parse(json_raw(r->json, mult), 0, &nano) && nano > 0 && nano < 64 * NANO ? (double)nano / 1e9 : 0;
}

/* Nemotron's searched blocks: some without attention, MLPs of several widths, here their mean. */
static int read_blocks(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at blocks = spec_get(r, c, "block_configs");
	int64_t attention = 0, group = 0;
	double width = 0;

	if (blocks == JSON_ABSENT) {
		return 0;
	}
	for (json_at b = json_first(r->json, blocks); b != JSON_ABSENT; b = json_next(r->json, b)) {
		json_at own = json_type(r->json, b) == JSON_OBJECT ? spec_get(r, b, "attention") : JSON_ABSENT;
		int64_t heads = 0;
		if (own == JSON_ABSENT || spec_int_if(r, own, "n_heads_in_group", 1, 65536, &heads)) {
			return spec_wrong(r, b, "not a block, expected { \"attention\": { \"n_heads_in_group\": … }, \"ffn\": … }");
		}
		attention += heads > 0;
		group = heads > 0 ? heads : group;
		width += width_of(r, b);
	}
	if (attention == 0 || attention > m->layers || m->heads % group != 0) {
		return spec_wrong(r, blocks, "blocks do not fit, expected %lld with attention in at least one", (long long)m->layers);
	}
	m->attention_layers = attention;
	m->kv_heads = m->heads / group;
	m->ffn = (int64_t)(width / (double)m->layers * (double)m->hidden * 2 / 3);
	return 0;
}

static int read_config(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	set_defaults(a, m);
	int err = read_dims(r, c, m);

	if (err) {
		return err;
	}
	m->layers *= a->traits & TWICE ? 2 : 1;
	err = read_blocks(r, c, m);
	m->layer_vectors = a->norms * m->hidden;
	m->tied = (a->traits & TIED) != 0;
	err = err ? err : spec_bool_if(r, c, "tie_word_embeddings", &m->tied);
	err = err ? err : hf_mlp(r, c, a, m);
	err = err ? err : hf_attention(r, c, a, m);
	return err ? err : read_dtype(r, c, m);
}

/* The part of the file that describes the language model, of models that also see or hear. */
static json_at language_part(struct spec_reader *r, json_at root) {
	static const char *const keys[] = {"text_config", "llm_config", "language_config", NULL};
	json_at thinker = spec_get(r, root, "thinker_config");
	json_at text = hf_first(r, thinker != JSON_ABSENT ? thinker : root, keys);

	return text != JSON_ABSENT && hf_first(r, text, layer_keys) != JSON_ABSENT ? text : root;
}

int modelspec_read_hf(struct spec_reader *r, json_at root, struct modelspec *m) {
	const struct architecture *a = NULL;
	json_at c = language_part(r, root);
	json_at quant = spec_get(r, c, "quantization_config"), type = spec_get(r, c, "model_type");

	type = type == JSON_ABSENT ? spec_get(r, root, "model_type") : type;
	quant = quant == JSON_ABSENT ? spec_get(r, root, "quantization_config") : quant;
	quant = quant == JSON_ABSENT ? spec_get(r, root, "compression_config") : quant;
	if (type == JSON_ABSENT) {
		return spec_wrong(r, root, "neither \"schema\" nor \"model_type\" here, expected a native description or a config.json");
	}
	int err = find_architecture(r, type, &a);
	err = err ? err : read_config(r, c, a, m);
	return err || quant == JSON_ABSENT ? err : modelspec_read_quant(r, quant, m);
}
