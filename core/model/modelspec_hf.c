/*
 * modelspec_hf.c: Hugging Face config.json as published.
 *
 * What each architecture leaves to its code (biases, norms, where experts are, which layers
 * look back a window) is a row here, after the model's reference code in huggingface/transformers.
 */
#include "core/model/modelspec_hf.h"

#include <stdio.h>

static const struct architecture architectures[] = {
	/* Llama and what is built like it */
	{"llama", OUT_BIAS, 2, 0}, {"mllama_text_model", 0, 2, 0}, {"mistral", 0, 2, 1}, {"ministral", 0, 2, 1}, {"ministral3", 0, 2, 1},
	{"seed_oss", QKV_BIAS, 2, 0}, {"smollm3", 0, 2, 0}, {"granite", OUT_BIAS, 2, 0}, {"arcee", TWO_MATRICES, 2, 0},
	{"nemotron", TWO_MATRICES, 2, 0}, {"internlm2", 0, 2, 0}, {"internlm3", 0, 2, 0}, {"ernie4_5", 0, 2, 0}, {"mimo", QKV_BIAS, 2, 0},
	{"apertus", QK_NORM | TWO_MATRICES, 2, 0}, {"hunyuan_v1_dense", QK_NORM, 2, 0}, {"baichuan", 0, 2, 0}, {"stablelm", 0, 2, 0},
	{"olmo2", QK_NORM, 2, 0}, {"olmo3", QK_NORM, 2, 4}, {"exaone4", QK_NORM, 2, 4}, {"exaone", 0, 2, 0}, {"glm", QKV_BIAS, 2, 0},
	{"glm4", QKV_BIAS, 4, 0}, {"glm4v_text", QKV_BIAS, 4, 0}, {"cohere", TIED, 1, 0}, {"cohere2", TIED, 1, 4},
	{"starcoder2", QKV_BIAS | OUT_BIAS | TWO_MATRICES | TIED, 2, 1}, {"phi3", 0, 2, 1}, {"phi", QKV_BIAS | TWO_MATRICES, 1, 0},
	{"yi", 0, 2, 0}, {"solar", 0, 2, 0},
	/* Qwen */
	{"qwen2", QKV_BIAS, 2, 0}, {"qwen2_vl", QKV_BIAS, 2, 0}, {"qwen2_vl_text", QKV_BIAS, 2, 0}, {"qwen2_5_vl", QKV_BIAS, 2, 0},
	{"qwen2_5_vl_text", QKV_BIAS, 2, 0}, {"qwen2_moe", QKV_BIAS | SHARED_GATE | MOE, 2, 0}, {"qwen3", QK_NORM, 2, 0},
	{"qwen3_vl", QK_NORM, 2, 0}, {"qwen3_vl_text", QK_NORM, 2, 0}, {"qwen3_moe", QK_NORM | MOE, 2, 0},
	{"qwen3_vl_moe", QK_NORM | MOE, 2, 0}, {"qwen3_vl_moe_text", QK_NORM | MOE, 2, 0}, {"qwen3_omni_moe_text", QK_NORM | MOE, 2, 0},
	{"qwen3_next", QK_NORM | MOE | SHARED_GATE | DELTA, 2, 0}, {"qwen3_5", QK_NORM | DELTA, 2, 0}, {"qwen3_5_text", QK_NORM | DELTA, 2, 0},
	{"qwen3_5_moe", QK_NORM | MOE | SHARED_GATE | DELTA, 2, 0}, {"qwen3_5_moe_text", QK_NORM | MOE | SHARED_GATE | DELTA, 2, 0},
	/* Experts */
	{"mixtral", MOE, 2, 1}, {"llama4_text", MOE, 2, 4}, {"llama4", MOE, 2, 4}, {"phimoe", QKV_BIAS | OUT_BIAS | MOE, 2, 1},
	{"gpt_oss", OUT_BIAS | SINKS | EXPERT_BIAS | MOE, 2, 2}, {"olmoe", QK_NORM | MOE, 2, 0}, {"granitemoe", MOE | TIED, 2, 0},
	{"granitemoeshared", MOE | TIED, 2, 0}, {"granitemoehybrid", MOE | TIED | MAMBA, 2, 0}, {"ernie4_5_moe", MOE, 2, 0},
	{"hunyuan_v1_moe", QK_NORM | MOE, 2, 0}, {"dots1", QK_NORM | MOE, 2, 0}, {"bailing_moe", MOE, 2, 0}, {"bailing_moe_v2", QK_NORM | MOE, 2, 0},
	{"minimax_m2", QK_NORM | MOE, 2, 0}, {"glm4_moe", QKV_BIAS | MOE, 2, 0}, {"glm4v_moe_text", QKV_BIAS | MOE, 2, 0},
	{"exaone_moe", QK_NORM | MOE, 2, 4}, {"afmoe", QK_NORM | MOE, 4, 4}, {"mimo_v2_flash", SINKS | MOE, 2, 1},
	{"flex_olmo", QK_NORM | MOE, 2, 0}, {"nemotron_h", TWO_MATRICES | MOE | MAMBA, 1, 0},
	/* Latent attention */
	{"deepseek_v2", LATENT | MOE, 2, 0}, {"deepseek_v3", LATENT | MOE, 2, 0}, {"kimi_k2", LATENT | MOE, 2, 0}, {"kimi_k25", LATENT | MOE, 2, 0},
	{"kimi_vl", LATENT | MOE, 2, 0}, {"deepseek_v32", LATENT | MOE, 2, 0}, {"glm_moe_dsa", LATENT | MOE, 2, 0},
	{"glm4_moe_lite", LATENT | MOE, 2, 0}, {"mistral4", LATENT | MOE, 2, 0}, {"minicpm3", LATENT, 2, 0},
	{"deepseek_v4", COMPRESSED | MOE, 2, 0},
	/* Gemma */
	{"gemma", TIED, 2, 0}, {"gemma2", TIED, 4, 2}, {"gemma3", TIED | QK_NORM, 4, 6}, {"gemma3_text", TIED | QK_NORM, 4, 6},
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

static int read_config(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	int err = spec_int(r, c, "num_hidden_layers", 1, SPEC_DIM_MAX, &m->layers);

	err = err ? err : spec_int(r, c, "hidden_size", 1, SPEC_DIM_MAX, &m->hidden);
	err = err ? err : spec_int(r, c, "num_attention_heads", 1, SPEC_DIM_MAX, &m->heads);
	err = err ? err : spec_int(r, c, "vocab_size", 1, SPEC_DIM_MAX, &m->vocab);
	if (err) {
		return err;
	}
	m->layer_vectors = a->norms * m->hidden;
	m->tied = (a->traits & TIED) != 0;
	err = spec_bool_if(r, c, "tie_word_embeddings", &m->tied);
	err = err ? err : hf_mlp(r, c, a, m);
	err = err ? err : hf_attention(r, c, a, m);
	return err ? err : read_dtype(r, c, m);
}

/* The part of the file that describes the language model, of models that also see or hear. */
static json_at language_part(struct spec_reader *r, json_at root) {
	static const char *const keys[] = {"text_config", "llm_config", "language_config", NULL};
	json_at thinker = spec_get(r, root, "thinker_config");
	json_at text = hf_first(r, thinker != JSON_ABSENT ? thinker : root, keys);

	return text != JSON_ABSENT && spec_get(r, text, "num_hidden_layers") != JSON_ABSENT ? text : root;
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
