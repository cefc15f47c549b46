/*
 * modelspec_hf.c: Hugging Face config.json as published.
 *
 * What each architecture leaves to its code (biases, norms, where experts are, which layers
 * look back a window) is a row here, after the model's reference code in huggingface/transformers.
 */
#include "core/model/modelspec_read.h"

#include <stdio.h>

enum trait {
	QKV_BIAS = 1u,     /* always; else by "attention_bias" */
	OUT_BIAS = 2u,     /* "attention_bias" also gives the output matrix one */
	QK_NORM = 4u,      /* a norm over each head of queries and keys */
	TIED = 8u,         /* embedding and head are one unless the file says otherwise */
	LATENT = 16u,      /* MLA */
	SINKS = 32u,       /* one learnt logit a head */
	EXPERT_BIAS = 64u, /* experts and router have biases */
	SHARED_GATE = 128u /* one row weighs the shared expert */
};

struct architecture {
	const char *type;
	unsigned traits;
	int norms;                /* of the width of the model, per layer */
	int window_every;         /* 0: no windows; 1: all layers; N: all layers but each N-th */
	const char *experts;      /* the keys of the experts' count and width; NULL: none */
	const char *expert_width;
};

static const struct architecture architectures[] = {
	{"llama", OUT_BIAS, 2, 0, NULL, NULL},
	{"mistral", 0, 2, 1, NULL, NULL},
	{"mixtral", 0, 2, 1, "num_local_experts", "intermediate_size"},
	{"qwen2", QKV_BIAS, 2, 0, NULL, NULL},
	{"qwen2_moe", QKV_BIAS | SHARED_GATE, 2, 0, "num_experts", "moe_intermediate_size"},
	{"qwen3", QK_NORM, 2, 0, NULL, NULL},
	{"qwen3_moe", QK_NORM, 2, 0, "num_experts", "moe_intermediate_size"},
	{"deepseek_v2", LATENT, 2, 0, "n_routed_experts", "moe_intermediate_size"},
	{"deepseek_v3", LATENT, 2, 0, "n_routed_experts", "moe_intermediate_size"},
	{"kimi_k2", LATENT, 2, 0, "n_routed_experts", "moe_intermediate_size"},
	{"gpt_oss", OUT_BIAS | SINKS | EXPERT_BIAS, 2, 2, "num_local_experts", "intermediate_size"},
	{"gemma2", TIED, 4, 2, NULL, NULL},
	{"gemma3", TIED | QK_NORM, 4, 6, NULL, NULL},
	{"gemma3_text", TIED | QK_NORM, 4, 6, NULL, NULL},
	{"phi3", 0, 2, 1, NULL, NULL},
};
#define ARCHITECTURE_COUNT (sizeof architectures / sizeof *architectures)

static int find_architecture(struct spec_reader *r, json_at root, const struct architecture **out) {
	json_at type = spec_get(r, root, "model_type");
	char known[240] = "";
	size_t used = 0;

	if (type == JSON_ABSENT) {
		return spec_wrong(r, root, "neither \"schema\" nor \"model_type\" here, expected a native description or a config.json");
	}
	for (size_t i = 0; i < ARCHITECTURE_COUNT; i++) {
		if (json_type(r->json, type) == JSON_STRING && text_eq(json_raw(r->json, type), text_of(architectures[i].type))) {
			*out = &architectures[i];
			return 0;
		}
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", architectures[i].type);
	}
	return spec_wrong(r, type, "unknown architecture, expected %s; or describe it natively (schemas/model.schema.json)",
	                  known);
}

static int read_latent(struct spec_reader *r, json_at c, struct modelspec *m) {
	int err = spec_int(r, c, "kv_lora_rank", 1, SPEC_DIM_MAX, &m->kv_rank);

	err = err ? err : spec_int_if(r, c, "q_lora_rank", 0, SPEC_DIM_MAX, &m->q_rank);
	err = err ? err : spec_int(r, c, "qk_nope_head_dim", 0, SPEC_DIM_MAX, &m->nope_dim);
	err = err ? err : spec_int(r, c, "qk_rope_head_dim", 0, SPEC_DIM_MAX, &m->rope_dim);
	err = err ? err : spec_int(r, c, "v_head_dim", 1, SPEC_DIM_MAX, &m->v_dim);
	m->layer_vectors += m->kv_rank + m->q_rank;
	return err;
}

static int read_grouped(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	bool bias = false;

	m->kv_heads = m->heads;
	m->head_dim = m->hidden / m->heads;
	int err = spec_int_if(r, c, "num_key_value_heads", 1, SPEC_DIM_MAX, &m->kv_heads);
	err = err ? err : spec_int_if(r, c, "head_dim", 1, SPEC_DIM_MAX, &m->head_dim);
	err = err ? err : spec_bool_if(r, c, "attention_bias", &bias);
	if (!err && (m->head_dim < 1 || m->kv_heads > m->heads)) {
		err = spec_wrong(r, c, "heads do not fit, expected \"num_key_value_heads\" of at most \"num_attention_heads\"");
	}
	m->layer_vectors += bias || (a->traits & QKV_BIAS) ? (m->heads + 2 * m->kv_heads) * m->head_dim : 0;
	m->layer_vectors += bias && (a->traits & OUT_BIAS) ? m->hidden : 0;
	m->layer_vectors += a->traits & QK_NORM ? 2 * m->head_dim : 0;
	m->layer_vectors += a->traits & SINKS ? m->heads : 0;
	return err;
}

static int64_t count_sliding(struct spec_reader *r, json_at types) {
	int64_t n = 0;

	for (json_at v = json_first(r->json, types); v != JSON_ABSENT; v = json_next(r->json, v)) {
		n += text_eq(json_raw(r->json, v), T("sliding_attention"));
	}
	return n;
}

static int read_window(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	json_at types = spec_get(r, c, "layer_types");
	int64_t every = a->window_every;
	bool used = a->window_every > 0;
	int err = spec_bool_if(r, c, "use_sliding_window", &used);

	err = err ? err : spec_int_if(r, c, "sliding_window", 1, INT64_MAX / 4, &m->window);
	err = err ? err : spec_int_if(r, c, "sliding_window_pattern", 1, SPEC_DIM_MAX, &every);
	if (err || !used || m->window == 0) {
		m->window = 0;
		return err;
	}
	if (types != JSON_ABSENT) {
		m->window_layers = count_sliding(r, types);
	} else {
		m->window_layers = every > 1 ? m->layers - m->layers / every : every == 1 ? m->layers : 0;
	}
	if (m->window_layers > m->layers) {
		return spec_wrong(r, types, "more \"layer_types\" than layers, expected %lld", (long long)m->layers);
	}
	return 0;
}

static int read_shared(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	int64_t shared = 0;
	int err = spec_int_if(r, c, "n_shared_experts", 0, 1024, &shared);

	m->shared_ffn = shared * m->expert_ffn;
	if (!err && (a->traits & SHARED_GATE)) {
		err = spec_int_if(r, c, "shared_expert_intermediate_size", 0, SPEC_DIM_MAX, &m->shared_ffn);
		m->router_vectors += m->shared_ffn > 0 ? m->hidden : 0;
	}
	return err;
}

static int read_experts(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	json_at topk = spec_get(r, c, "topk_method");
	int err = spec_int(r, c, a->experts, 1, SPEC_DIM_MAX, &m->experts);

	m->dense_layers = 0;
	err = err ? err : spec_int(r, c, "num_experts_per_tok", 1, SPEC_DIM_MAX, &m->experts_per_token);
	err = err ? err : spec_int(r, c, a->expert_width, 1, SPEC_DIM_MAX, &m->expert_ffn);
	err = err ? err : spec_int_if(r, c, "first_k_dense_replace", 0, m->layers, &m->dense_layers);
	if (!err && m->experts_per_token > m->experts) {
		err = spec_wrong(r, spec_get(r, c, "num_experts_per_tok"), "more experts per token than experts, expected at most %lld",
		                 (long long)m->experts);
	}
	if (topk != JSON_ABSENT && text_eq(json_raw(r->json, topk), T("noaux_tc"))) {
		m->router_vectors += m->experts;
	}
	if (a->traits & EXPERT_BIAS) {
		m->router_vectors += m->experts;
		m->expert_vectors = 2 * m->expert_ffn + m->hidden;
	}
	return err ? err : read_shared(r, c, a, m);
}

static int read_mlp(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	m->ffn_matrices = 3;
	m->dense_layers = m->layers;
	int err = a->experts ? read_experts(r, c, a, m) : 0;
	if (!err && m->dense_layers > 0) {
		err = spec_int(r, c, "intermediate_size", 1, SPEC_DIM_MAX, &m->ffn);
	}
	return err;
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
	err = err ? err : a->traits & LATENT ? read_latent(r, c, m) : read_grouped(r, c, a, m);
	err = err ? err : read_window(r, c, a, m);
	err = err ? err : read_mlp(r, c, a, m);
	return err ? err : read_dtype(r, c, m);
}

int modelspec_read_hf(struct spec_reader *r, json_at root, struct modelspec *m) {
	const struct architecture *a = NULL;
	json_at text = spec_get(r, root, "text_config"); /* of models that also see */
	json_at c = text != JSON_ABSENT && spec_get(r, text, "model_type") != JSON_ABSENT ? text : root;
	json_at quant = spec_get(r, c, "quantization_config");
	int err = find_architecture(r, c, &a);

	quant = quant == JSON_ABSENT ? spec_get(r, root, "quantization_config") : quant;
	err = err ? err : read_config(r, c, a, m);
	return err || quant == JSON_ABSENT ? err : modelspec_read_quant(r, quant, m);
}
