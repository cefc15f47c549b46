/*
 * modelspec_gguf.c: the header of a GGUF file, in which llama.cpp and Ollama store models.
 *
 * "GGUF", version, counts of tensors and of keys (all little-endian); keys with typed values; then a name,
 * dimensions, format and place of each tensor. Dimensions of the model come from the keys, bits per weight from the
 * tensors.
 */
#include "core/model/modelspec_read.h"

#include <stdio.h>

enum gguf_type { GGUF_U8, GGUF_I8, GGUF_U16, GGUF_I16, GGUF_U32, GGUF_I32, GGUF_F32, GGUF_BOOL, GGUF_STRING, GGUF_ARRAY, GGUF_U64,
		 GGUF_I64, GGUF_F64, GGUF_TYPES };
static const size_t type_bytes[GGUF_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

/* Bytes not yet read; `bad` once they end too early or are not GGUF. */
struct cursor {
	struct text rest;
	bool bad;
};

static uint64_t take(struct cursor *c, size_t bytes) {
	uint64_t x = 0;

	if (c->rest.len < bytes) {
		c->bad = true;
		return 0;
	}
	for (size_t i = bytes; i-- > 0;) {
		x = x << 8 | (unsigned char)c->rest.at[i];
	}
	c->rest = text_cut(c->rest, bytes, c->rest.len);
	return x;
}

static struct text take_string(struct cursor *c) {
	uint64_t len = take(c, 8);

	if (c->bad || len > c->rest.len) {
		c->bad = true;
		return T("");
	}
	struct text t = text_cut(c->rest, 0, (size_t)len);
	c->rest = text_cut(c->rest, (size_t)len, c->rest.len);
	return t;
}

/* A value as far as dimensions need it: a number (the largest of an array), a text, the length of an array. */
struct value {
	int64_t number, count, zeros;
	struct text text;
};

static int64_t take_number(struct cursor *c, uint32_t type) {
	uint64_t x = take(c, type_bytes[type]);
	bool real = type == GGUF_F32 || type == GGUF_F64;

	return real || x > (uint64_t)INT64_MAX ? 0 : type == GGUF_I32 ? (int32_t)x : (int64_t)x;
}

static void take_array(struct cursor *c, struct value *v) {
	uint32_t type = (uint32_t)take(c, 4);
	uint64_t count = take(c, 8);

	if (type >= GGUF_TYPES || type == GGUF_ARRAY || count > c->rest.len) {
		c->bad = true;
		return;
	}
	v->count = (int64_t)count;
	for (uint64_t i = 0; i < count && !c->bad; i++) {
		if (type == GGUF_STRING) {
			take_string(c);
			continue;
		}
		int64_t x = take_number(c, type);
		v->number = x > v->number ? x : v->number;
		v->zeros += x == 0;
	}
}

static void take_value(struct cursor *c, struct value *v) {
	uint32_t type = (uint32_t)take(c, 4);

	*v = (struct value){.count = 1};
	if (type == GGUF_STRING) {
		v->text = take_string(c);
	} else if (type == GGUF_ARRAY) {
		take_array(c, v);
	} else if (type < GGUF_TYPES) {
		v->number = take_number(c, type);
	} else {
		c->bad = true;
	}
}

/* Values as read, before they are interpreted. */
struct gguf {
	struct text architecture, name;
	int64_t tokens, kv_zeros;
	int64_t key_length, value_length, key_mla, value_mla, shared_experts, shared_width, state, inner, dense;
};

static void take_key(struct gguf *g, struct modelspec *m, struct text key, const struct value *v) {
	const struct {
		struct text name;
		int64_t *out;
	} keys[] = {
		{T("block_count"), &m->layers}, {T("embedding_length"), &m->hidden}, {T("feed_forward_length"), &m->ffn},
		{T("attention.head_count"), &m->heads}, {T("attention.head_count_kv"), &m->kv_heads},
		{T("attention.key_length"), &g->key_length}, {T("attention.value_length"), &g->value_length},
		{T("attention.key_length_mla"), &g->key_mla}, {T("attention.value_length_mla"), &g->value_mla},
		{T("attention.kv_lora_rank"), &m->kv_rank}, {T("attention.q_lora_rank"), &m->q_rank},
		{T("rope.dimension_count"), &m->rope_dim}, {T("attention.sliding_window"), &m->window},
		{T("attention.chunk_size"), &m->window}, {T("expert_count"), &m->experts}, {T("expert_used_count"), &m->experts_per_token},
		{T("expert_feed_forward_length"), &m->expert_ffn}, {T("expert_shared_count"), &g->shared_experts},
		{T("expert_shared_feed_forward_length"), &g->shared_width}, {T("leading_dense_block_count"), &g->dense},
		{T("vocab_size"), &m->vocab}, {T("ssm.state_size"), &g->state}, {T("ssm.inner_size"), &g->inner},
		{T("attention.indexer.top_k"), &m->sparse_tokens}, {T("attention.indexer.head_count"), &m->index_heads},
		{T("attention.indexer.key_length"), &m->index_dim},
	};

	if (text_eq(key, T("general.architecture"))) {
		g->architecture = v->text;
	} else if (text_eq(key, T("general.name"))) {
		g->name = v->text;
	} else if (text_eq(key, T("tokenizer.ggml.tokens"))) {
		g->tokens = v->count;
	}
	if (g->architecture.len == 0 || key.len <= g->architecture.len + 1 || !text_starts(key, g->architecture)) {
		return;
	}
	struct text own = text_cut(key, g->architecture.len + 1, key.len);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (text_eq(own, keys[i].name)) {
			int64_t most = SPEC_DIM_MAX + 1; /* which is refused later */
			*keys[i].out = v->number < -1 ? -1 : v->number > most ? most : v->number;
			g->kv_zeros = keys[i].out == &m->kv_heads ? v->zeros : g->kv_zeros;
		}
	}
}

/* ---- tensors ---- */

/* Elements and bits: read every step; experts; embedding and head; layers with a state. */
struct tensors {
	/* plain: those of layers and experts in blocks with one scale */
	double layer, layer_bits, expert, expert_bits, other, other_bits, linear, plain;
	int64_t linear_layers, rows;
	bool head;
};

/* Thousandths of a bit per element, by the number of the format; 0: unknown. */
static int64_t format_mbit(uint32_t type) {
	static const int64_t mbit[] = {32000, 16000, 4500, 5000, 0, 0, 5500, 6000, 8500, 9000, 2625, 3438, 4500, 5500, 6563, 9125, 2063, 2313,
	                               3063, 1563, 4500, 3438, 2563, 4250, 8000, 16000, 32000, 64000, 64000, 1750, 16000, 0, 0, 0, 1688, 2063,
	                               0, 0, 0, 4250, 4500};

	return type < sizeof mbit / sizeof *mbit ? mbit[type] : 0;
}

#define PLAIN_FIRST 2u /* Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 */
#define PLAIN_LAST 8u

static void count_tensor(struct tensors *t, struct text name, double elements, int64_t rows, uint32_t format) {
	int64_t mbit = format_mbit(format);
	bool embedding = text_eq(name, T("token_embd.weight")), head = text_eq(name, T("output.weight"));

	if (embedding || head) {
		t->other += elements;
		t->other_bits += elements * (double)mbit;
		t->head = t->head || head;
		t->rows = embedding ? rows : t->rows;
	} else if (text_find(name, T("_exps.")) != SIZE_MAX) {
		t->expert += elements;
		t->expert_bits += elements * (double)mbit;
		t->plain += format >= PLAIN_FIRST && format <= PLAIN_LAST ? elements : 0;
	} else {
		t->plain += format >= PLAIN_FIRST && format <= PLAIN_LAST ? elements : 0;
		t->layer += elements;
		t->layer_bits += elements * (double)mbit;
		bool state = text_find(name, T(".ssm_")) != SIZE_MAX;
		t->linear += state ? elements : 0;
		t->linear_layers += text_ends(name, T(".ssm_out.weight"));
	}
}

static void take_tensor(struct cursor *c, struct tensors *t) {
	struct text name = take_string(c);
	uint32_t count = (uint32_t)take(c, 4);
	double elements = 1;
	int64_t rows = 1;

	if (count == 0 || count > 4) {
		c->bad = true;
	}
	for (uint32_t i = 0; i < count && !c->bad; i++) {
		uint64_t d = take(c, 8);
		rows = d < (uint64_t)SPEC_DIM_MAX ? (int64_t)d : rows;
		elements *= (double)d;
	}
	uint32_t format = (uint32_t)take(c, 4);
	take(c, 8);
	if (!c->bad && format_mbit(format) > 0 && elements < 1e15) {
		count_tensor(t, name, elements, rows, format);
	}
}

/* ---- the model ---- */

/* Layers with a window, by architecture: all but each N-th; 1: all. */
static int64_t window_every(struct text architecture) {
	static const struct {
		const char *name;
		int64_t every;
	} kinds[] = {{"gemma2", 2}, {"gemma3", 6}, {"gemma3n", 5}, {"gemma4", 6}, {"gpt-oss", 2}, {"llama4", 4}, {"cohere2", 4},
	             {"phi3", 1}, {"llama", 1}, {"exaone4", 4}, {"olmo2", 4}, {"afmoe", 4}};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (text_eq(architecture, text_of(kinds[i].name))) {
			return kinds[i].every;
		}
	}
	return 0;
}

static void set_heads(struct modelspec *m, const struct gguf *g) {
	if (m->kv_rank > 0) {
		m->nope_dim = (g->key_mla > 0 ? g->key_mla : g->key_length) - m->rope_dim;
		m->nope_dim = m->nope_dim > 0 ? m->nope_dim : 128;
		m->v_dim = g->value_mla > 0 ? g->value_mla : g->value_length > 0 ? g->value_length : 128;
		m->kv_heads = 0;
		return;
	}
	m->rope_dim = m->q_rank = 0;
	m->head_dim = g->key_length > 0 ? g->key_length : m->heads > 0 ? m->hidden / m->heads : 0;
	m->kv_heads = m->kv_heads > 0 ? m->kv_heads : m->heads;
}

static void set_layers(struct modelspec *m, const struct gguf *g, const struct tensors *t) {
	int64_t every = m->window > 0 ? window_every(g->architecture) : 0;

	m->linear_layers = t->linear_layers < m->layers ? t->linear_layers : 0;
	m->linear_params = m->linear_layers > 0 ? (int64_t)(t->linear / (double)m->linear_layers) : 0;
	m->linear_state = m->linear_layers > 0 && g->state < 65536 && g->inner < SPEC_DIM_MAX ? g->state * g->inner : 0;
	m->window_layers = every > 1 ? m->layers - m->layers / every : every == 1 ? m->layers : 0;
	m->window = every > 0 ? m->window : 0;
	m->dense_layers = m->experts > 0 ? (g->dense < m->layers ? g->dense : m->layers) : m->layers;
	m->expert_ffn = m->expert_ffn > 0 ? m->expert_ffn : m->ffn;
	m->shared_ffn = g->shared_width > 0 ? g->shared_width : g->shared_experts < 1024 ? g->shared_experts * m->expert_ffn : 0;
	m->ffn_matrices = 3;
	m->layer_vectors = 2 * m->hidden;
}

static void set_formats(struct modelspec *m, const struct tensors *t) {
	m->weight_mbit = t->layer > 0 ? (int64_t)(t->layer_bits / t->layer + 0.5) : 16000;
	m->expert_mbit = t->expert > 0 ? (int64_t)(t->expert_bits / t->expert + 0.5) : m->weight_mbit;
	m->other_mbit = t->other > 0 ? (int64_t)(t->other_bits / t->other + 0.5) : m->weight_mbit;
	m->plain_blocks = 2 * t->plain > t->layer + t->expert;
	m->tied = !t->head;
}

static int check_dims(const char *path, const struct modelspec *m, struct fault *why) {
	const struct {
		const char *key;
		int64_t value;
	} needed[] = {{"block_count", m->layers}, {"embedding_length", m->hidden}, {"attention.head_count", m->heads}, {"vocab_size", m->vocab}};
	const int64_t others[] = {m->ffn, m->kv_heads, m->head_dim, m->kv_rank, m->q_rank, m->rope_dim, m->nope_dim, m->v_dim, m->experts,
	                          m->expert_ffn, m->shared_ffn, m->window, m->experts_per_token, m->sparse_tokens, m->index_heads, m->index_dim};

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		if (needed[i].value < 1 || needed[i].value > SPEC_DIM_MAX) {
			return fault_set(why, ERROR_CONFIG, "%s: no usable \"%s\" in the GGUF header, expected a model for text", path, needed[i].key);
		}
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (others[i] < 0 || others[i] > SPEC_DIM_MAX) {
			return fault_set(why, ERROR_CONFIG, "%s: a dimension of %lld in the GGUF header, expected at most %lld", path, (long long)others[i],
			                 (long long)SPEC_DIM_MAX);
		}
	}
	bool experts = m->experts == 0 || (m->experts_per_token >= 1 && m->experts_per_token <= m->experts);
	if (!experts || m->kv_heads > m->heads || (m->kv_rank == 0 && m->head_dim < 1)) {
		return fault_set(why, ERROR_CONFIG, "%s: heads or experts do not fit together in the GGUF header", path);
	}
	return 0;
}

static void set_name(struct modelspec *m, struct text name) {
	size_t len = 0;

	for (size_t i = 0; i < name.len && len < sizeof m->name - 1; i++) {
		unsigned char ch = (unsigned char)name.at[i];
		if (ch >= 0x20 && ch < 0x7f) {
			m->name[len++] = (char)ch;
		}
	}
	snprintf(m->name + len, sizeof m->name - len, "%s", len == 0 ? "GGUF" : "");
}

int modelspec_read_gguf(const char *path, struct text bytes, struct modelspec *m, struct fault *why) {
	struct cursor c = {.rest = bytes};
	struct gguf g = {.tokens = 0};
	struct tensors t = {.layer = 0};
	struct value v;

	take(&c, 4);
	uint64_t version = take(&c, 4), tensors = take(&c, 8), keys = take(&c, 8);
	if (c.bad || version < 2 || version > 3 || tensors > bytes.len || keys > bytes.len) {
		return fault_set(why, ERROR_CONFIG, "%s: no GGUF header of version 2 or 3", path);
	}
	for (uint64_t i = 0; i < keys && !c.bad; i++) {
		struct text key = take_string(&c);
		take_value(&c, &v);
		take_key(&g, m, key, &v);
	}
	for (uint64_t i = 0; i < tensors && !c.bad; i++) {
		take_tensor(&c, &t);
	}
	if (c.bad) {
		return fault_set(why, ERROR_CONFIG, "%s: the GGUF header is cut off or damaged, expected all of it", path);
	}
	m->vocab = m->vocab > 0 ? m->vocab : g.tokens > 0 ? g.tokens : t.rows;
	set_name(m, g.name);
	set_heads(m, &g);
	set_layers(m, &g, &t);
	set_formats(m, &t);
	return check_dims(path, m, why);
}
