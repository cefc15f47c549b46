/* modelspec_hf_state.c: layers of a config.json that keep a state of fixed size: Mamba, linear attention, convolutions. */
#include "core/model/modelspec_hf.h"

static const char *const mamba_heads[] = {"mamba_num_heads", "mamba_n_heads", NULL};
static const char *const mamba_dims[] = {"mamba_head_dim", "mamba_d_head", NULL};
static const char *const mamba_states[] = {"ssm_state_size", "mamba_d_state", NULL};
static const char *const mamba_groups[] = {"n_groups", "mamba_n_groups", NULL};

static int read_dim(struct spec_reader *r, json_at c, const char *const *keys, int64_t *out) {
	json_at v = hf_first(r, c, keys);

	if (!spec_in_range(r, v, 1, 65536, out)) {
		return spec_wrong(r, v == JSON_ABSENT ? c : v, "\"%s\" is missing or out of range, expected a whole number from 1", *keys);
	}
	return 0;
}

static int read_mamba(struct spec_reader *r, json_at c, struct modelspec *m) {
	int64_t heads = 0, dim = 0, state = 0, groups = 1;
	int err = read_dim(r, c, mamba_heads, &heads);

	err = err ? err : read_dim(r, c, mamba_dims, &dim);
	err = err ? err : read_dim(r, c, mamba_states, &state);
	err = err ? err : read_dim(r, c, mamba_groups, &groups);
	int64_t inner = heads * dim, mixed = inner + 2 * groups * state;
	m->linear_params = m->hidden * (inner + mixed + heads) + 4 * mixed + inner * m->hidden;
	m->linear_state = inner * state + 4 * mixed;
	return err;
}

static int read_delta(struct spec_reader *r, json_at c, struct modelspec *m) {
	int64_t keys = 0, values = 0, key_dim = 0, value_dim = 0, kernel = 4;
	int err = spec_int(r, c, "linear_num_key_heads", 1, 65536, &keys);

	err = err ? err : spec_int(r, c, "linear_num_value_heads", 1, 65536, &values);
	err = err ? err : spec_int(r, c, "linear_key_head_dim", 1, 65536, &key_dim);
	err = err ? err : spec_int(r, c, "linear_value_head_dim", 1, 65536, &value_dim);
	err = err ? err : spec_int_if(r, c, "linear_conv_kernel_dim", 1, 1024, &kernel);
	int64_t k = keys * key_dim, v = values * value_dim;
	m->linear_params = m->hidden * (2 * k + 2 * v + 2 * values) + kernel * (2 * k + v) + v * m->hidden;
	m->linear_state = values * key_dim * value_dim + kernel * (2 * k + v);
	return err;
}

/* Layers by their kinds: "M" Mamba, "*" attention, "-" dense MLP, "E" experts; or the same in words. */
static int read_pattern(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at pattern = spec_get(r, c, "hybrid_override_pattern"), types = spec_get(r, c, "layers_block_type");
	int64_t attention = 0, dense = 0, moe = 0, mamba = 0;

	if (json_type(r->json, pattern) == JSON_STRING) {
		struct text t = json_raw(r->json, pattern);
		for (size_t i = 0; i < t.len; i++) {
			mamba += t.at[i] == 'M';
			attention += t.at[i] == '*';
			dense += t.at[i] == '-';
			moe += t.at[i] == 'E';
		}
	} else if (types != JSON_ABSENT) {
		mamba = hf_count(r, types, "mamba");
		attention = hf_count(r, types, "attention");
		dense = hf_count(r, types, "mlp");
		moe = hf_count(r, types, "moe");
	}
	if (attention + dense + moe + mamba != m->layers || attention == 0) {
		return spec_wrong(r, c, "\"hybrid_override_pattern\" is missing or not of \"num_hidden_layers\" letters M, *, - and E");
	}
	m->attention_layers = attention;
	m->linear_layers = mamba;
	m->dense_layers = dense;
	m->moe_layers = moe;
	return dense > 0 && m->ffn == 0 ? spec_int(r, c, "intermediate_size", 1, SPEC_DIM_MAX, &m->ffn) : 0;
}

/* Mamba 1, as Jamba has it: attention in one layer of a period, experts in one of another. */
static int read_jamba(struct spec_reader *r, json_at c, struct modelspec *m) {
	int64_t period = 8, expand = 2, state = 16, kernel = 4, rank = (m->hidden + 15) / 16;
	int err = spec_int_if(r, c, "attn_layer_period", 1, SPEC_DIM_MAX, &period);

	err = err ? err : spec_int_if(r, c, "mamba_expand", 1, 64, &expand);
	err = err ? err : spec_int_if(r, c, "mamba_d_state", 1, 65536, &state);
	err = err ? err : spec_int_if(r, c, "mamba_d_conv", 1, 1024, &kernel);
	err = err ? err : spec_int_if(r, c, "mamba_dt_rank", 1, 65536, &rank);
	int64_t inner = expand * m->hidden;
	m->linear_layers = m->layers - m->layers / period;
	m->linear_params = 3 * m->hidden * inner + inner * (kernel + 2 * rank + 3 * state);
	m->linear_state = inner * (state + kernel);
	return err;
}

/* Kimi Linear: gated delta nets with gates of a rank of one head, and layers of latent attention. */
static int read_kimi(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at l = spec_get(r, c, "linear_attn_config");
	json_at layers = spec_get(r, l, "kda_layers");
	int64_t heads = 0, dim = 0, kernel = 4;

	if (json_type(r->json, layers) != JSON_ARRAY) {
		return spec_wrong(r, c, "no \"linear_attn_config\" with \"kda_layers\" here, expected a list of layers");
	}
	int err = spec_int(r, l, "num_heads", 1, 65536, &heads);
	err = err ? err : spec_int(r, l, "head_dim", 1, 65536, &dim);
	err = err ? err : spec_int_if(r, l, "short_conv_kernel_size", 1, 1024, &kernel);
	int64_t wide = heads * dim;
	m->linear_layers = json_count(r->json, layers);
	m->linear_params = m->hidden * (4 * wide + 2 * dim + heads) + 2 * dim * wide + 3 * kernel * wide;
	m->linear_state = heads * dim * dim + 3 * kernel * wide;
	return err;
}

/* MiniMax's lightning attention: a 0 in "attn_type_list"; a gate of the output's size. */
static int read_lightning(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at types = spec_get(r, c, "attn_type_list");

	if ((double)m->heads * (double)m->head_dim > 1e9) {
		return spec_wrong(r, c, "heads do not fit, expected fewer");
	}
	int64_t wide = m->heads * m->head_dim;
	m->linear_layers = types == JSON_ABSENT ? 0 : hf_count(r, types, "0");
	m->linear_params = 5 * m->hidden * wide;
	m->linear_state = wide * m->head_dim;
	return 0;
}

/* LFM2: short convolutions with two gates. */
static int read_convolutions(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at types = spec_get(r, c, "layer_types"), attention = spec_get(r, c, "full_attn_idxs");
	int64_t kernel = 3;
	int err = spec_int_if(r, c, "conv_L_cache", 1, 1024, &kernel);

	m->linear_layers = attention != JSON_ABSENT ? m->layers - json_count(r->json, attention) : types != JSON_ABSENT ? hf_count(r, types, "conv") : 0;
	m->linear_params = m->hidden * (4 * m->hidden + kernel);
	m->linear_state = m->hidden * (kernel - 1);
	return err;
}

static int read_delta_layers(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at types = spec_get(r, c, "layer_types");
	int64_t interval = 4;
	int err = spec_int_if(r, c, "full_attention_interval", 1, SPEC_DIM_MAX, &interval);

	types = types == JSON_ABSENT ? spec_get(r, c, "layers_block_type") : types;
	m->linear_layers = types != JSON_ABSENT ? hf_count(r, types, "linear_attention") : m->layers - m->layers / interval;
	return err || m->linear_layers == 0 ? err : read_delta(r, c, m);
}

/* Mamba in some layers, by their types, or in every layer together with attention (Falcon H1). */
static int read_mamba_layers(struct spec_reader *r, json_at c, struct modelspec *m) {
	json_at types = spec_get(r, c, "layer_types");

	json_at attention = spec_get(r, c, "attn_layer_indices");
	types = types == JSON_ABSENT ? spec_get(r, c, "layers_block_type") : types;
	m->linear_layers = types == JSON_ABSENT ? 0 : hf_count(r, types, "mamba");
	if (types == JSON_ABSENT && json_type(r->json, attention) == JSON_ARRAY) {
		m->linear_layers = m->layers - json_count(r->json, attention);
	}
	return m->linear_layers == 0 ? 0 : read_mamba(r, c, m);
}

static int read_mamba_beside(struct spec_reader *r, json_at c, struct modelspec *m) {
	m->attention_layers = m->linear_layers = m->layers;
	return read_mamba(r, c, m);
}

static int read_mamba_pattern(struct spec_reader *r, json_at c, struct modelspec *m) {
	int err = read_pattern(r, c, m);

	return err ? err : read_mamba(r, c, m);
}

int hf_state(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m) {
	static const struct {
		unsigned trait;
		int (*read)(struct spec_reader *, json_at, struct modelspec *);
	} kinds[] = {{DELTA, read_delta_layers}, {MAMBA, read_mamba_layers}, {MAMBA_PATTERN, read_mamba_pattern}, {MAMBA_BESIDE, read_mamba_beside},
	             {JAMBA, read_jamba}, {KIMI_DELTA, read_kimi}, {LIGHTNING, read_lightning}, {CONVOLUTIONS, read_convolutions}};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof kinds / sizeof *kinds; i++) {
		err = a->traits & kinds[i].trait ? kinds[i].read(r, c, m) : 0;
	}
	if (!err && m->attention_layers == 0 && m->linear_layers >= m->layers) {
		err = spec_wrong(r, c, "no layer with attention, expected at least one");
	}
	return err;
}
