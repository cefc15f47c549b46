#include "core/model/modelspec.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "core/exact.h"
#include "core/files/files.h"
#include "core/model/modelspec_read.h"

const char *const precision_names[PRECISIONS] = {"bf16", "fp8", "int8", "fp4"};

bool modelspec_format(struct text name, int64_t *mbit, enum precision *compute) {
	static const struct {
		struct text name;
		int64_t mbit;
		enum precision compute;
	} formats[] = {
		{{"bf16", 4}, 16000, PRECISION_BF16},    {{"bfloat16", 8}, 16000, PRECISION_BF16},
		{{"fp16", 4}, 16000, PRECISION_BF16},    {{"float16", 7}, 16000, PRECISION_BF16},
		{{"fp32", 4}, 32000, PRECISION_BF16},    {{"float32", 7}, 32000, PRECISION_BF16},
		{{"fp8", 3}, 8000, PRECISION_FP8},       {{"float8_e4m3fn", 13}, 8000, PRECISION_FP8},
		{{"int8", 4}, 8000, PRECISION_INT8},     {{"int4", 4}, 4156, PRECISION_BF16},
		{{"mxfp4", 5}, 4250, PRECISION_BF16},    {{"nvfp4", 5}, 4500, PRECISION_FP4},
		{{"fp4", 3}, 4500, PRECISION_FP4},       {{"w4a16", 5}, 4156, PRECISION_BF16},
		{{"w8a8", 4}, 8000, PRECISION_INT8},     {{"mxfp8", 5}, 8250, PRECISION_FP8},
		{{"f16", 3}, 16000, PRECISION_BF16},
		{{"f32", 3}, 32000, PRECISION_BF16},     {{"q8_0", 4}, 8500, PRECISION_BF16},
		{{"q6_k", 4}, 6563, PRECISION_BF16},     {{"q5_k_m", 6}, 5690, PRECISION_BF16},
		{{"q5_k_s", 6}, 5540, PRECISION_BF16},   {{"q5_1", 4}, 6000, PRECISION_BF16},
		{{"q5_0", 4}, 5500, PRECISION_BF16},     {{"q4_k_m", 6}, 4850, PRECISION_BF16},
		{{"q4_k_s", 6}, 4580, PRECISION_BF16},   {{"q4_1", 4}, 5000, PRECISION_BF16},
		{{"q4_0", 4}, 4500, PRECISION_BF16},     {{"iq4_xs", 6}, 4250, PRECISION_BF16},
		{{"iq4_nl", 6}, 4500, PRECISION_BF16},   {{"q3_k_l", 6}, 4270, PRECISION_BF16},
		{{"q3_k_m", 6}, 3910, PRECISION_BF16},   {{"q3_k_s", 6}, 3500, PRECISION_BF16},
		{{"iq3_m", 5}, 3660, PRECISION_BF16},    {{"iq3_xs", 6}, 3300, PRECISION_BF16},
		{{"q2_k", 4}, 3000, PRECISION_BF16},     {{"iq2_m", 5}, 2700, PRECISION_BF16},
		{{"iq2_xs", 6}, 2310, PRECISION_BF16},   {{"iq1_m", 5}, 1750, PRECISION_BF16},
		{{"q4_k", 4}, 4850, PRECISION_BF16},     {{"q5_k", 4}, 5690, PRECISION_BF16},
		{{"q3_k", 4}, 3910, PRECISION_BF16},     {{"q4_k_l", 6}, 4950, PRECISION_BF16},
		{{"q4_k_xl", 7}, 4850, PRECISION_BF16},  {{"ud-q4_k_xl", 10}, 4850, PRECISION_BF16},
		{{"q2_k_xl", 7}, 3000, PRECISION_BF16},  {{"ud-q2_k_xl", 10}, 3000, PRECISION_BF16},
		{{"q8", 2}, 8500, PRECISION_BF16},       {{"q4", 2}, 4500, PRECISION_BF16},
		{{"q6", 2}, 6500, PRECISION_BF16},       {{"iq3_s", 5}, 3440, PRECISION_BF16},
		{{"iq3_xxs", 7}, 3060, PRECISION_BF16},  {{"iq2_xxs", 7}, 2060, PRECISION_BF16},
		{{"tq1_0", 5}, 1690, PRECISION_BF16},    {{"tq2_0", 5}, 2060, PRECISION_BF16},
		{{"4bit", 4}, 4500, PRECISION_BF16},     {{"6bit", 4}, 6500, PRECISION_BF16},
		{{"8bit", 4}, 8500, PRECISION_BF16},     {{"nf4", 3}, 4500, PRECISION_BF16},
		{{"awq", 3}, 4156, PRECISION_BF16},      {{"gptq", 4}, 4156, PRECISION_BF16},
		{{"w8a16", 5}, 8125, PRECISION_BF16},    {{"w4a8", 4}, 4156, PRECISION_FP8},
		{{"w4afp8", 6}, 4156, PRECISION_FP8},    {{"fp8_e4m3", 8}, 8000, PRECISION_FP8},
		{{"fp8_e5m2", 8}, 8000, PRECISION_FP8},  {{"float8", 6}, 8000, PRECISION_FP8},
		{{"half", 4}, 16000, PRECISION_BF16},    {{"float", 5}, 32000, PRECISION_BF16},
	};
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (text_eq_nocase(name, formats[i].name)) {
			*mbit = formats[i].mbit;
			*compute = formats[i].compute;
			return true;
		}
	}
	return false;
}

bool modelspec_format_is_gguf(struct text name) {
	return name.len > 2 && (text_eq_nocase(text_cut(name, 0, 2), T("iq")) || (text_eq_nocase(text_cut(name, 0, 1), T("q"))));
}

bool modelspec_format_is_plain(struct text name) {
	return modelspec_format_is_gguf(name) && (text_ends(name, T("_0")) || text_ends(name, T("_1")) || name.len == 2);
}

/* Bytes of a number of elements. The bounds of modelspec_check keep it far from overflow. */
static int64_t bytes_of(int64_t elements, int64_t mbit) {
	int64_t bytes;
	bool fits = exact_mul_div(elements, mbit, 8000, &bytes);
	assert(fits);
	return bytes;
}

static int64_t full_layers(const struct modelspec *m) {
	return m->attention_layers - m->window_layers;
}

/* Matrices of one layer with heads of this width. */
static int64_t grouped_params(const struct modelspec *m, int64_t kv_heads, int64_t head_dim) {
	return (2 + m->query_gate) * m->hidden * m->heads * head_dim + 2 * m->hidden * kv_heads * head_dim;
}

/* The indexer of sparse attention: its queries from the query latent, its key and the weights of its heads. */
static int64_t index_params(const struct modelspec *m) {
	int64_t from = m->q_rank > 0 ? m->q_rank : m->hidden;

	return m->index_heads * (from * m->index_dim + m->hidden) + (m->index_heads > 0 ? m->hidden * m->index_dim : 0);
}

/* Of one layer. */
static int64_t attention_params(const struct modelspec *m) {
	if (m->attention_elements > 0) {
		return m->attention_elements + index_params(m);
	}
	if (m->kv_rank > 0) {
		int64_t q = m->heads * (m->nope_dim + m->rope_dim);
		int64_t queries = m->q_rank > 0 ? m->hidden * m->q_rank + m->q_rank * q : m->hidden * q;
		return queries + m->hidden * (m->kv_rank + m->rope_dim) +
		       m->kv_rank * m->heads * (m->nope_dim + m->v_dim) + m->heads * m->v_dim * m->hidden + index_params(m);
	}
	return grouped_params(m, m->kv_heads, m->head_dim);
}

static int64_t all_attention_params(const struct modelspec *m) {
	int64_t each = attention_params(m), full = full_layers(m);

	if (m->global_head_dim > 0) {
		return m->window_layers * each + full * grouped_params(m, m->global_kv_heads, m->global_head_dim);
	}
	return m->attention_layers * each;
}

/* Elements of the cache of one token in a layer with a window, and without. */
static int64_t window_elements(const struct modelspec *m) {
	return m->kv_rank > 0 ? m->kv_rank + m->rope_dim : 2 * m->kv_heads * m->head_dim;
}

static int64_t full_elements(const struct modelspec *m) {
	return m->global_head_dim > 0 ? 2 * m->global_kv_heads * m->global_head_dim : window_elements(m);
}

static int64_t cache_bytes(const struct modelspec *m) {
	int64_t all = m->window_layers * window_elements(m) + full_layers(m) * full_elements(m);
	int64_t own = m->attention_layers > 0 ? all / m->attention_layers * (m->attention_layers - m->shared_cache_layers) : 0;

	own = m->shared_cache_layers > 0 ? own : all;
	return bytes_of(own * m->cache_milli / 1000, m->kv_mbit) + m->attention_layers * m->index_dim * m->cache_milli / 1000;
}

static void attention_size(const struct modelspec *m, struct modelsize *z) {
	int64_t full_dim = m->global_head_dim > 0 ? m->global_head_dim : m->head_dim;

	z->kv_token_bytes = cache_bytes(m);
	z->state_bytes = m->linear_layers * m->linear_state * 4;
	if (m->kv_rank > 0) {
		z->prefill_pair_flops = m->attention_layers * 2 * m->heads * (m->nope_dim + m->rope_dim + m->v_dim);
		z->decode_pair_flops = m->attention_layers * 2 * m->heads * (2 * m->kv_rank + m->rope_dim);
	} else {
		z->prefill_pair_flops = 4 * m->heads * (m->window_layers * m->head_dim + full_layers(m) * full_dim);
		z->decode_pair_flops = z->prefill_pair_flops;
	}
}

static void params_size(const struct modelspec *m, struct modelsize *z) {
	int64_t expert_hidden = m->expert_hidden > 0 ? m->expert_hidden : m->hidden;

	z->attention_params = all_attention_params(m) + m->linear_layers * m->linear_params;
	z->dense_params = m->dense_layers * m->ffn_matrices * m->hidden * m->ffn;
	z->expert_params = m->moe_layers * m->experts * (m->expert_matrices * expert_hidden * m->expert_ffn + m->expert_vectors);
	z->shared_params = m->moe_layers * (m->expert_matrices * m->hidden * m->shared_ffn + 2 * m->hidden * m->expert_hidden);
	z->router_params = m->moe_layers * (m->hidden * m->experts + m->router_vectors);
	z->vector_params = m->layers * m->layer_vectors + m->hidden;
	z->embedding_params = m->vocab * m->hidden + m->extra_params;
	z->head_params = m->tied ? 0 : m->vocab * m->hidden;
	z->params = z->attention_params + z->dense_params + z->expert_params + z->shared_params + z->router_params +
	            z->vector_params + z->embedding_params + z->head_params;
}

void modelspec_size(const struct modelspec *m, struct modelsize *z) {
	*z = (struct modelsize){0};
	params_size(m, z);
	attention_size(m, z);
	int64_t chosen = m->experts > 0 ? z->expert_params / m->experts * m->experts_per_token : 0;
	int64_t matrices = z->attention_params + z->dense_params + z->shared_params;
	int64_t head = m->vocab * m->hidden;

	int64_t looked_up = m->tied ? m->extra_params : z->embedding_params;

	z->active_params = z->params - z->expert_params + chosen - looked_up;
	z->expert_bytes = bytes_of(z->expert_params, m->expert_mbit);
	z->always_bytes = bytes_of(matrices, m->weight_mbit) +
	                  bytes_of(z->router_params + z->vector_params + head, m->other_mbit);
	z->weight_bytes = z->always_bytes + z->expert_bytes + bytes_of(looked_up, m->other_mbit);
	z->token_flops = 2 * (matrices + chosen + z->router_params);
	z->head_flops = 2 * head;
}

/* Layers without a window count `far` tokens, others the window; weighted by the size of their caches. */
static double mean_context(const struct modelspec *m, double context, double far) {
	double windowed = (double)(m->window_layers * window_elements(m)), full = (double)(full_layers(m) * full_elements(m));

	return windowed + full > 0 ? (windowed * fmin(context, (double)m->window) + full * far) / (windowed + full) : 0;
}

double modelspec_seen(const struct modelspec *m, double context) {
	double far = context;

	if (m->sparse_tokens > 0 && context > (double)m->sparse_tokens) {
		double elements = (double)full_elements(m) * (double)m->kv_mbit / 8000;
		far = (double)m->sparse_tokens + context * (double)m->index_dim / fmax(1, elements);
		far = fmin(far, context);
	}
	return mean_context(m, context, far);
}

double modelspec_held(const struct modelspec *m, double context) {
	return mean_context(m, context, context);
}

int modelspec_read(struct modelspec *m, const char *path, struct fault *why) {
	struct text bytes;
	int err = file_read_head(path, 4, &bytes, why);

	if (err) {
		return err;
	}
	bool gguf = text_starts(bytes, T("GGUF"));
	free((void *)bytes.at);
	err = gguf ? file_read_head(path, MODELSPEC_HEADER_MAX, &bytes, why) : file_read(path, MODELSPEC_FILE_MAX, &bytes, why);
	if (!err) {
		err = modelspec_parse(m, path, bytes, why);
		free((void *)bytes.at);
	}
	return err;
}
