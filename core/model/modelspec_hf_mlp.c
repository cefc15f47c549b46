/* modelspec_hf_mlp.c: dense and expert layers of a config.json, with the keys of each family. */
#include "core/model/modelspec_hf.h"

static const char *const expert_counts[] = {"num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts", NULL};
static const char *const chosen_counts[] = {"num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_top_k", "moe_topk",
                                            "moe_k", NULL};
static const char *const expert_widths[] = {"moe_intermediate_size", "expert_ffn_hidden_size", "moe_ffn_hidden_size", "ffn_hidden_size",
                                            "intermediate_size", NULL};
static const char *const dense_widths[] = {"intermediate_size_mlp", "block_ff_dim", "intermediate_size", "ffn_hidden_size", "ffn_dim", "n_inner", NULL};
static const char *const shared_counts[] = {"n_shared_experts", "num_shared_experts", "num_shared_expert", "moe_num_shared_experts", NULL};
static const char *const shared_widths[] = {"shared_expert_intermediate_size", "moe_shared_expert_intermediate_size",
                                            "shared_intermediate_size", "share_expert_dim", NULL};

int hf_int_if(struct spec_reader *r, json_at c, const char *const *keys, int64_t *out) {
	for (; *keys; keys++) {
		if (spec_get(r, c, *keys) != JSON_ABSENT) {
			return spec_int_if(r, c, *keys, 1, SPEC_DIM_MAX, out);
		}
	}
	return 0;
}

json_at hf_first(struct spec_reader *r, json_at c, const char *const *keys) {
	json_at v = JSON_ABSENT;

	for (; *keys && v == JSON_ABSENT; keys++) {
		v = spec_get(r, c, *keys);
	}
	return v;
}

int64_t hf_count_first(struct spec_reader *r, json_at list, int64_t most, const char *word, const char *other) {
	int64_t n = 0;

	for (json_at v = json_first(r->json, list); v != JSON_ABSENT && most > 0; v = json_next(r->json, v), most--) {
		struct text t = json_raw(r->json, v);
		n += text_eq(t, text_of(word)) || (other && text_eq(t, text_of(other)));
	}
	return n;
}

int64_t hf_count(struct spec_reader *r, json_at list, const char *word) {
	return hf_count_first(r, list, INT64_MAX, word, NULL);
}

/* A number, or the same one for each layer as a list: its first member that is not null. Gemma 3n's widths, Hunyuan's counts. */
static int read_number(struct spec_reader *r, json_at c, const char *const *keys, int64_t min, int64_t *out) {
	for (; *keys; keys++) {
		json_at v = spec_get(r, c, *keys);
		if (v == JSON_ABSENT) {
			continue;
		}
		if (json_type(r->json, v) == JSON_ARRAY) {
			v = json_first(r->json, v);
		}
		if (!spec_in_range(r, v, min, SPEC_DIM_MAX, out)) {
			return spec_wrong(r, v == JSON_ABSENT ? c : v, "\"%s\" is out of range, expected a whole number from %lld", *keys, (long long)min);
		}
		return 0;
	}
	return 0;
}

/* Qwen: MLPs are dense in "mlp_only_layers" and where the layer is not each "decoder_sparse_step"-th. */
static int dense_by_step(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at only = spec_get(r, c, "mlp_only_layers");
	int64_t step = 1;
	int err = spec_int_if(r, c, "decoder_sparse_step", 1, SPEC_DIM_MAX, &step);

	err = err ? err : spec_int_if(r, c, "interleave_moe_layer_step", 1, SPEC_DIM_MAX, &step);
	err = err ? err : spec_int_if(r, c, "expert_layer_period", 1, SPEC_DIM_MAX, &step);
	err = err ? err : spec_int_if(r, c, "moe_layer_interval", 1, SPEC_DIM_MAX, &step);
	if (!err && step > 1) {
		m->dense_layers = m->layers - m->layers / step;
	}
	if (!err && json_type(r->json, only) == JSON_ARRAY) {
		m->dense_layers += json_count(r->json, only);
	}
	return err;
}

/* Step's layers with experts: "3,4,5". */
static int64_t words_in(struct text list) {
	int64_t n = list.len > 0;

	for (size_t i = 0; i < list.len; i++) {
		n += list.at[i] == ',';
	}
	return n;
}

/* Which layers are dense, in the various forms in which files state it. */
static int read_dense_layers(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at types = spec_get(r, c, "mlp_layer_types"), which = spec_get(r, c, "moe_layer_freq"), list = spec_get(r, c, "moe_layers"),
	        words = spec_get(r, c, "moe_layers_enum");
	int err = dense_by_step(r, c, m);

	err = err ? err : spec_int_if(r, c, "first_k_dense_replace", 0, m->layers, &m->dense_layers);
	err = err ? err : spec_int_if(r, c, "moe_layer_start_index", 0, m->layers, &m->dense_layers);
	err = err ? err : spec_int_if(r, c, "num_dense_layers", 0, m->layers, &m->dense_layers);
	if (json_type(r->json, types) == JSON_ARRAY) {
		m->dense_layers = hf_count(r, types, "dense");
	} else if (json_type(r->json, which) == JSON_ARRAY) {
		m->dense_layers = hf_count(r, which, "0");
	} else if (json_type(r->json, list) == JSON_ARRAY) {
		m->dense_layers = m->layers - json_count(r->json, list);
	} else if (json_type(r->json, words) == JSON_STRING) {
		m->dense_layers = m->layers - words_in(json_raw(r->json, words));
	}
	if (!err && (m->dense_layers < 0 || m->dense_layers > m->layers)) {
		err = spec_wrong(r, c, "more dense layers than layers, expected at most %lld", (long long)m->layers);
	}
	return err;
}

static int read_shared(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	int64_t shared = 0, width = 0;
	bool llama4 = text_eq(text_of(a->type), T("llama4_text"));
	int err = read_number(r, c, shared_counts, 0, &shared);

	err = err ? err : read_number(r, c, shared_widths, 0, &width);
	m->shared_ffn = width > 0 ? width : (llama4 ? 1 : shared) * m->expert_ffn;
	if (a->traits & SHARED_GATE) {
		m->router_vectors += m->shared_ffn > 0 ? m->hidden : 0;
	}
	return err;
}

static int read_experts(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	json_at topk = spec_get(r, c, "topk_method"), chosen = hf_first(r, c, chosen_counts);

	if (chosen == JSON_ABSENT) {
		return spec_wrong(r, c, "\"num_experts_per_tok\" is missing here, expected a whole number");
	}
	if (hf_first(r, c, expert_widths) == JSON_ABSENT) {
		return spec_wrong(r, c, "\"moe_intermediate_size\" is missing here, expected a whole number");
	}
	m->dense_layers = 0;
	int err = read_number(r, c, chosen_counts, 1, &m->experts_per_token);
	err = err ? err : read_number(r, c, expert_widths, 1, &m->expert_ffn);
	err = err ? err : read_dense_layers(r, c, m);
	err = err ? err : spec_int_if(r, c, "moe_latent_size", 1, SPEC_DIM_MAX, &m->expert_hidden);
	if (!err && m->experts_per_token > m->experts) {
		err = spec_wrong(r, chosen, "more experts per token than experts, expected at most %lld", (long long)m->experts);
	}
	if (text_eq(json_raw(r->json, topk), T("noaux_tc"))) {
		m->router_vectors += m->experts;
	}
	if (a->traits & EXPERT_BIAS) {
		m->router_vectors += m->experts;
		m->expert_vectors = 2 * m->expert_ffn + m->hidden;
	}
	return err ? err : read_shared(r, c, a, m);
}

/* Gemma 4, Grok 2, Arctic: every layer has both a dense MLP and experts. */
static void set_beside(struct modelspec *m) {
	m->dense_layers = m->layers;
	m->moe_layers = m->layers;
	m->shared_ffn = 0;
}

/* LongCat: half of the layers as counted here have experts, and some of the experts a token chooses do nothing. */
static int set_twice(struct spec_reader *r, json_at c, struct modelspec *m) {
	int64_t nothing = 0;
	int err = spec_int_if(r, c, "zero_expert_num", 0, SPEC_DIM_MAX, &nothing);
	int64_t chosen = (m->experts_per_token * m->experts + (m->experts + nothing) / 2) / (m->experts + nothing);

	m->experts_per_token = chosen > 0 ? chosen : 1;
	m->dense_layers = m->layers;
	m->moe_layers = m->layers / 2;
	return err;
}

static int read_mixture(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	bool beside = (a->traits & BESIDE) != 0;
	int err = read_experts(r, c, a, m);

	err = err ? err : spec_bool_if(r, c, "residual_moe", &beside);
	err = err ? err : spec_bool_if(r, c, "parallel_attn_mlp_res", &beside);
	if (beside) {
		set_beside(m);
	}
	return err || !(a->traits & TWICE) ? err : set_twice(r, c, m);
}

/* LFM2: two thirds of the stated width, to a multiple. */
static int adjust_width(struct spec_reader *r, json_at c, struct modelspec *m) {
	bool adjust = false;
	int64_t multiple = 256;
	int err = spec_bool_if(r, c, "block_auto_adjust_ff_dim", &adjust);

	err = err ? err : spec_int_if(r, c, "block_multiple_of", 1, 65536, &multiple);
	if (!err && adjust) {
		m->ffn = (2 * m->ffn / 3 + multiple - 1) / multiple * multiple;
	}
	return err;
}

static int read_dense(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	int64_t ratio = 4;
	bool own = false; /* Arctic's dense MLP is as wide as the model */
	int err = spec_int_if(r, c, "expansion_ratio", 1, 64, &ratio);

	err = err ? err : spec_bool_if(r, c, "parallel_attn_mlp_res", &own);
	if (hf_first(r, c, dense_widths) == JSON_ABSENT && m->ffn == 0) {
		if (!(a->traits & FOUR)) {
			return spec_wrong(r, c, "\"intermediate_size\" is missing here, expected a whole number");
		}
		m->ffn = ratio * m->hidden;
	}
	err = err ? err : read_number(r, c, dense_widths, 1, &m->ffn);
	m->ffn = own ? m->hidden : a->traits & HALF ? m->ffn / 2 : m->ffn;
	return err ? err : adjust_width(r, c, m);
}

int hf_mlp(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	json_at inner = spec_get(r, c, "ffn_config");

	c = inner != JSON_ABSENT && hf_first(r, inner, expert_counts) != JSON_ABSENT ? inner : c; /* DBRX */
	m->ffn_matrices = m->expert_matrices = a->traits & TWO_MATRICES ? 2 : 3;
	m->dense_layers = m->layers;
	int err = a->traits & MOE ? read_number(r, c, expert_counts, 0, &m->experts) : 0;

	if (!err && m->experts > 1) {
		err = read_mixture(r, c, a, m);
	} else {
		m->experts = 0;
	}
	return err || m->dense_layers == 0 ? err : read_dense(r, c, a, m);
}
