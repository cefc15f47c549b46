/* modelspec_hf_attention.c: attention of a config.json: heads, latents, windows, sparse and linear layers. */
#include "core/model/modelspec_hf.h"

static int read_sparse(struct spec_reader *r, json_at c, struct modelspec *m) {
	int err = spec_int_if(r, c, "index_topk", 1, SPEC_DIM_MAX, &m->sparse_tokens);

	err = err ? err : spec_int_if(r, c, "index_n_heads", 1, 65536, &m->index_heads);
	return err ? err : spec_int_if(r, c, "index_head_dim", 1, 65536, &m->index_dim);
}

static int read_latent(struct spec_reader *r, json_at c, struct modelspec *m) {
	int err = spec_int(r, c, "kv_lora_rank", 1, SPEC_DIM_MAX, &m->kv_rank);

	err = err ? err : spec_int_if(r, c, "q_lora_rank", 0, SPEC_DIM_MAX, &m->q_rank);
	err = err ? err : spec_int(r, c, "qk_nope_head_dim", 0, SPEC_DIM_MAX, &m->nope_dim);
	err = err ? err : spec_int(r, c, "qk_rope_head_dim", 0, SPEC_DIM_MAX, &m->rope_dim);
	err = err ? err : spec_int(r, c, "v_head_dim", 1, SPEC_DIM_MAX, &m->v_dim);
	m->layer_vectors += m->kv_rank + m->q_rank;
	return err ? err : read_sparse(r, c, m);
}

/* Entries in the cache per thousand tokens, by the layers' ratios: a token in r, or the window alone (0). */
static int read_ratios(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at ratios = spec_get(r, c, "compress_ratios");
	int64_t sum = 0, count = 0, x;

	m->cache_milli = 129; /* half the layers one in 4, half one in 128 */
	if (ratios == JSON_ABSENT) {
		return 0;
	}
	for (json_at v = json_first(r->json, ratios); v != JSON_ABSENT && count < m->layers; v = json_next(r->json, v)) {
		if (!spec_in_range(r, v, 0, SPEC_DIM_MAX, &x)) {
			return spec_wrong(r, v, "not a ratio, expected a whole number such as 4");
		}
		sum += x > 0 ? 1000 / x : 0;
		count++;
	}
	m->cache_milli = count > 0 && sum / count > 0 ? sum / count : m->cache_milli;
	return 0;
}

/*
 * DeepSeek V4: queries from a latent, one head of keys that are also values, an output in groups through a latent;
 * layers store one entry for 4 or for 128 tokens, and choose "index_topk" of the former.
 */
static int read_compressed(struct spec_reader *r, json_at c, struct modelspec *m) {
	int64_t out_rank = 0, groups = 1;
	int err = spec_int(r, c, "q_lora_rank", 1, SPEC_DIM_MAX, &m->q_rank);

	err = err ? err : spec_int(r, c, "head_dim", 1, 65536, &m->kv_rank);
	err = err ? err : spec_int(r, c, "o_lora_rank", 1, SPEC_DIM_MAX, &out_rank);
	err = err ? err : spec_int(r, c, "o_groups", 1, 65536, &groups);
	err = err ? err : read_ratios(r, c, m);
	err = err ? err : read_sparse(r, c, m);
	int64_t wide = m->heads * m->kv_rank;
	m->nope_dim = m->v_dim = m->kv_rank; /* the context of prefill's attention */
	m->attention_elements = m->hidden * m->q_rank + m->q_rank * wide + 3 * m->hidden * m->kv_rank + wide * out_rank +
	                        groups * out_rank * m->hidden;
	m->sparse_tokens *= 4;
	return err;
}

static const char *const kv_head_keys[] = {"num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num", "kv_n_heads", "num_attention_groups", NULL};
static const char *const head_dim_keys[] = {"head_dim", "attention_head_dim", "kv_channels", NULL};

/* Heads of keys and values: stated, those of a group (Nemotron's search), or one for all (multi-query attention). */
static int read_heads(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at inner = spec_get(r, c, "attn_config");
	bool one = false, stated = false;
	int err = hf_int_if(r, c, kv_head_keys, &m->kv_heads);

	err = err || inner == JSON_ABSENT ? err : hf_int_if(r, inner, kv_head_keys, &m->kv_heads);
	err = err ? err : hf_int_if(r, c, head_dim_keys, &m->head_dim);
	err = err ? err : spec_bool_if(r, c, "multi_query", &one);
	err = err ? err : spec_bool_if(r, c, "new_decoder_architecture", &stated);
	m->kv_heads = one && !stated ? 1 : m->kv_heads;
	return err;
}

static int read_grouped(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	bool bias = false, gate = false;

	m->kv_heads = m->kv_heads > 0 ? m->kv_heads : m->heads;
	m->head_dim = m->head_dim > 0 ? m->head_dim : m->hidden / m->heads;
	int err = 0;

	err = err ? err : read_heads(r, c, m);
	err = err ? err : spec_bool_if(r, c, "attention_bias", &bias);
	gate = (a->traits & DELTA) != 0;
	err = err ? err : spec_bool_if(r, c, "attn_output_gate", &gate);
	if (!err && (m->head_dim < 1 || m->kv_heads > m->heads)) {
		err = spec_wrong(r, c, "heads do not fit, expected \"num_key_value_heads\" of at most \"num_attention_heads\"");
	}
	m->query_gate = gate;
	m->layer_vectors += bias || (a->traits & QKV_BIAS) ? (m->heads + 2 * m->kv_heads) * m->head_dim : 0;
	m->layer_vectors += bias && (a->traits & OUT_BIAS) ? m->hidden : 0;
	m->layer_vectors += a->traits & QK_NORM ? 2 * m->head_dim : 0;
	m->layer_vectors += a->traits & SINKS ? m->heads : 0;
	return err;
}

/* ---- windows ---- */

static const char *const window_keys[] = {"sliding_window", "attention_chunk_size", "sliding_window_size", NULL};

/* The number of layers with a window: from the list of layers, from a pattern, from the architecture. */
static int64_t windowed(struct spec_reader *r, json_at c, int64_t every, const struct modelspec *m) {
	json_at types = spec_get(r, c, "layer_types"), pattern = spec_get(r, c, "hybrid_layer_pattern");

	if (json_type(r->json, types) == JSON_ARRAY) {
		return hf_count_first(r, types, m->layers, "sliding_attention", "chunked_attention"); /* what predicts further tokens comes after them */
	}
	if (json_type(r->json, pattern) == JSON_ARRAY) {
		return hf_count(r, pattern, "1");
	}
	return every > 1 ? m->layers - m->layers / every : every == 1 ? m->layers : 0;
}

/* One layer in N has no window: a number, or a text such as "LLLG". */
static int read_every(struct spec_reader *r, json_at c, int64_t *every) {
	json_at v = spec_get(r, c, "sliding_window_pattern");

	if (json_type(r->json, v) == JSON_STRING && json_raw(r->json, v).len > 0) {
		*every = (int64_t)json_raw(r->json, v).len;
		return 0;
	}
	return spec_int_if(r, c, "sliding_window_pattern", 1, SPEC_DIM_MAX, every);
}

static int read_window(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	int64_t every = a->window_every;
	bool used = a->window_every > 0;
	json_at window = hf_first(r, c, window_keys);
	int err = spec_bool_if(r, c, "use_sliding_window", &used);

	if (!err && json_type(r->json, window) == JSON_NUMBER && !spec_in_range(r, window, 0, INT64_MAX, &m->window)) {
		err = spec_wrong(r, window, "\"sliding_window\" is out of range, expected a number of tokens");
	}
	err = err ? err : read_every(r, c, &every);
	err = err ? err : spec_int_if(r, c, "_sliding_window_pattern", 1, SPEC_DIM_MAX, &every);
	if (err || !used || m->window == 0) {
		m->window = 0;
		return err;
	}
	m->window_layers = windowed(r, c, every, m);
	if (m->window_layers > m->layers) {
		return spec_wrong(r, spec_get(r, c, "layer_types"), "more \"layer_types\" than layers, expected %lld", (long long)m->layers);
	}
	return 0;
}

/* Gemma 4 and 3n: layers without a window have separate heads; the last layers read the cache of earlier ones. */
static int read_global(struct spec_reader *r, json_at c, struct modelspec *m) {
	int64_t per_layer = 0, vocab = m->vocab;
	int err = spec_int_if(r, c, "global_head_dim", 1, 65536, &m->global_head_dim);

	m->global_kv_heads = m->global_head_dim > 0 ? m->kv_heads : 0;
	err = err ? err : spec_int_if(r, c, "num_global_key_value_heads", 1, 65536, &m->global_kv_heads);
	err = err ? err : spec_int_if(r, c, "num_kv_shared_layers", 0, m->layers - 1, &m->shared_cache_layers);
	err = err ? err : spec_int_if(r, c, "hidden_size_per_layer_input", 0, 65536, &per_layer);
	err = err ? err : spec_int_if(r, c, "vocab_size_per_layer_input", 1, SPEC_DIM_MAX, &vocab);
	if (!err && (double)vocab * (double)m->layers * (double)per_layer < 1e15) {
		m->extra_params = vocab * m->layers * per_layer;
	}
	return err;
}

int hf_attention(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	int err = a->traits & COMPRESSED ? read_compressed(r, c, m) : a->traits & LATENT ? read_latent(r, c, m) : read_grouped(r, c, a, m);

	err = err || (a->traits & COMPRESSED) ? err : read_window(r, c, a, m);
	err = err ? err : read_global(r, c, m);
	return err ? err : hf_state(r, c, a, m);
}
