/* Headers of GGUF files: what each key and tensor means, and what is refused. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/modelspec.h"

enum { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 };
static const unsigned char sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

struct key {
	const char *name;
	uint32_t type;
	int64_t number; /* of an array: how many */
	const char *text;
	uint32_t of; /* an array's type; its numbers are `values` */
	int64_t values[3];
};
struct tensor {
	const char *name;
	int64_t columns, rows;
	uint32_t format;
};

struct header {
	unsigned char at[4096];
	size_t len;
};

static void put(struct header *h, uint64_t x, size_t bytes) {
	for (size_t i = 0; i < bytes; i++) {
		h->at[h->len++] = (unsigned char)(x >> 8 * i);
	}
}

static void put_string(struct header *h, const char *text) {
	put(h, strlen(text), 8);
	memcpy(h->at + h->len, text, strlen(text));
	h->len += strlen(text);
}

static void put_key(struct header *h, const struct key *k) {
	put_string(h, k->name);
	put(h, k->type, 4);
	if (k->type == STRING) {
		put_string(h, k->text);
	} else if (k->type == ARRAY) {
		put(h, k->of, 4);
		put(h, (uint64_t)k->number, 8);
		for (int64_t i = 0; i < k->number && i < 3; i++) {
			if (k->of == STRING) {
				put_string(h, "x");
			} else if (k->of < ARRAY) {
				put(h, (uint64_t)k->values[i], sizes[k->of]);
			}
		}
	} else if (k->type <= F64) {
		put(h, (uint64_t)k->number, sizes[k->type]);
	}
}

#define KEYS_MAX 16
static const struct key base[] = {
	{"general.architecture", STRING, 0, "llama", 0, {0}}, {"llama.block_count", U32, 4, NULL, 0, {0}},
	{"llama.embedding_length", U32, 64, NULL, 0, {0}},    {"llama.feed_forward_length", U32, 128, NULL, 0, {0}},
	{"llama.attention.head_count", U32, 4, NULL, 0, {0}}, {"llama.attention.head_count_kv", U32, 2, NULL, 0, {0}},
	{"llama.vocab_size", U32, 1000, NULL, 0, {0}},
};
static const struct tensor tensors[] = {{"token_embd.weight", 64, 1000, 1}, {"blk.0.attn_q.weight", 64, 64, 2}, {"output.weight", 64, 1000, 14}};

/* The base with some keys added, or replaced where the name is the same, for an architecture. */
static void build(struct header *h, uint32_t version, const char *architecture, const struct key *more, const struct tensor *also) {
	struct key keys[KEYS_MAX];
	char names[KEYS_MAX][64];
	size_t count = 0, extra = 0;

	for (; count < sizeof base / sizeof *base; count++) {
		keys[count] = base[count];
	}
	keys[0].text = architecture;
	for (; more && more->name; more++) {
		size_t i = 0;
		while (i < count && strcmp(keys[i].name, more->name) != 0) {
			i++;
		}
		keys[i] = *more;
		count += i == count;
	}
	h->len = 0;
	put(h, 0x46554747, 4);
	put(h, version, 4);
	for (; also && also[extra].name; extra++) {
	}
	put(h, sizeof tensors / sizeof *tensors + extra, 8);
	put(h, count, 8);
	for (size_t i = 0; i < count; i++) {
		if (strncmp(keys[i].name, "llama.", 6) == 0) {
			snprintf(names[i], sizeof names[i], "%s.%s", architecture, keys[i].name + 6);
			keys[i].name = names[i];
		}
		put_key(h, &keys[i]);
	}
	for (size_t i = 0; i < sizeof tensors / sizeof *tensors + extra; i++) {
		const struct tensor *t = i < extra ? &also[i] : &tensors[i - extra];
		put_string(h, t->name);
		put(h, 2, 4);
		put(h, (uint64_t)t->columns, 8);
		put(h, (uint64_t)t->rows, 8);
		put(h, t->format, 4);
		put(h, 0, 8);
	}
}

static int parse(const struct header *h, struct modelspec *m, struct fault *why) {
	*why = (struct fault){0};
	return modelspec_parse(m, "m.gguf", (struct text){(const char *)h->at, h->len}, why);
}

#define END {NULL, 0, 0, NULL, 0, {0}}
#define NUMBER(name, n) {"llama." name, U32, n, NULL, 0, {0}}

/* A member of the description, by its place. */
#define MEMBER(name) offsetof(struct modelspec, name)
static const struct {
	const char *architecture;
	struct key keys[5];
	struct tensor also[3];
	struct {
		size_t member;
		int64_t value;
	} expected[3];
} cases[] = {
	{"llama", {END}, {{0}}, {{MEMBER(layers), 4}, {MEMBER(head_dim), 16}, {MEMBER(kv_heads), 2}}},
	{"llama", {NUMBER("attention.head_count_kv", 0), END}, {{0}}, {{MEMBER(kv_heads), 4}}},
	{"llama", {NUMBER("attention.key_length", 32), END}, {{0}}, {{MEMBER(head_dim), 32}}},
	/* heads by layer: the most of them */
	{"llama", {{"llama.attention.head_count_kv", ARRAY, 3, NULL, I32, {2, 4, 0}}, END}, {{0}}, {{MEMBER(kv_heads), 4}}},
	/* the vocabulary by its tokens, else by the embedding */
	{"llama", {NUMBER("vocab_size", 0), {"tokenizer.ggml.tokens", ARRAY, 3, NULL, STRING, {0}}, END}, {{0}}, {{MEMBER(vocab), 3}}},
	{"llama", {NUMBER("vocab_size", 0), END}, {{0}}, {{MEMBER(vocab), 1000}}},
	/* windows by architecture */
	{"llama", {NUMBER("attention.sliding_window", 512), END}, {{0}}, {{MEMBER(window_layers), 4}, {MEMBER(window), 512}}},
	{"gemma2", {NUMBER("attention.sliding_window", 512), END}, {{0}}, {{MEMBER(window_layers), 2}, {MEMBER(window), 512}}},
	{"starcoder", {NUMBER("attention.sliding_window", 512), END}, {{0}}, {{MEMBER(window_layers), 0}, {MEMBER(window), 0}}},
	/* latent attention: dimensions with and without a position */
	{"deepseek2", {NUMBER("attention.kv_lora_rank", 16), NUMBER("rope.dimension_count", 8), NUMBER("attention.key_length_mla", 24),
	               NUMBER("attention.value_length_mla", 20), END}, {{0}}, {{MEMBER(nope_dim), 16}, {MEMBER(v_dim), 20}, {MEMBER(kv_heads), 0}}},
	{"deepseek2", {NUMBER("attention.kv_lora_rank", 16), NUMBER("rope.dimension_count", 8), NUMBER("attention.key_length", 40),
	               NUMBER("attention.value_length", 48), END}, {{0}}, {{MEMBER(nope_dim), 32}, {MEMBER(v_dim), 48}}},
	{"deepseek2", {NUMBER("attention.kv_lora_rank", 16), NUMBER("rope.dimension_count", 8), END}, {{0}}, {{MEMBER(nope_dim), 128}, {MEMBER(v_dim), 128}}},
	/* experts; shared ones by their width or their number */
	{"llama", {NUMBER("expert_count", 8), NUMBER("expert_used_count", 2), NUMBER("expert_shared_feed_forward_length", 96), END}, {{0}},
	 {{MEMBER(shared_ffn), 96}, {MEMBER(expert_ffn), 128}, {MEMBER(dense_layers), 0}}},
	{"llama", {NUMBER("expert_count", 8), NUMBER("expert_used_count", 2), NUMBER("expert_shared_count", 2), NUMBER("expert_feed_forward_length", 32), END},
	 {{0}}, {{MEMBER(shared_ffn), 64}}},
	{"llama", {NUMBER("expert_count", 8), NUMBER("expert_used_count", 2), NUMBER("expert_shared_count", 5000), NUMBER("leading_dense_block_count", 9), END},
	 {{0}}, {{MEMBER(shared_ffn), 0}, {MEMBER(dense_layers), 4}}},
	{"llama", {NUMBER("expert_count", 8), NUMBER("expert_used_count", 2), END}, {{"blk.0.ffn_up_exps.weight", 64, 64, 39}},
	 {{MEMBER(expert_mbit), 4250}, {MEMBER(weight_mbit), 4500}}},
	/* layers with a state */
	{"mamba", {NUMBER("ssm.state_size", 16), NUMBER("ssm.inner_size", 128), END}, {{"blk.0.ssm_out.weight", 64, 32, 1}}, {{MEMBER(linear_layers), 1},
	  {MEMBER(linear_params), 2048}, {MEMBER(linear_state), 2048}}},
	{"mamba", {NUMBER("ssm.state_size", 65536), END}, {{"blk.0.ssm_out.weight", 64, 32, 1}}, {{MEMBER(linear_layers), 1}, {MEMBER(linear_state), 0}}},
	/* numbers of every type; others are of no use here */
	{"llama", {{"llama.block_count", U8, 6, NULL, 0, {0}}, {"llama.embedding_length", U64, 128, NULL, 0, {0}}, {"llama.x", F64, 7, NULL, 0, {0}}, END}, {{0}},
	 {{MEMBER(layers), 6}, {MEMBER(hidden), 128}}},
	{"llama", {{"llama.vocab_size", F32, 7, NULL, 0, {0}}, {"other.block_count", U32, 9, NULL, 0, {0}}, {"llama", U32, 9, NULL, 0, {0}}, END}, {{0}},
	 {{MEMBER(vocab), 1000}, {MEMBER(layers), 4}}},
	/* tensors of an unknown format are not counted */
	{"llama", {END}, {{"blk.1.attn_q.weight", 64, 64, 4}, {"blk.1.attn_k.weight", 64, 64, 999}}, {{MEMBER(weight_mbit), 4500}}},
};

TEST(keys_and_tensors) {
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct header h;
		struct modelspec m;
		struct fault why;
		build(&h, 2 + i % 2, cases[i].architecture, cases[i].keys, cases[i].also);
		if (parse(&h, &m, &why) != 0) {
			fail_msg("case %zu: %s", i, why.message);
		}
		for (size_t k = 0; k < 3; k++) {
			int64_t got = *(const int64_t *)(const void *)((const char *)&m + cases[i].expected[k].member);
			if (cases[i].expected[k].member != 0 && got != cases[i].expected[k].value) {
				fail_msg("case %zu, figure %zu: %lld, expected %lld", i, k, (long long)got, (long long)cases[i].expected[k].value);
			}
		}
	}
}

TEST(names) {
	static const char *const cases_of[][2] = {{"Llama 3\n\x01 8B", "Llama 3 8B"}, {"\xc3\xa9\x7f", "GGUF"}, {"", "GGUF"}};

	for (size_t i = 0; i < 3; i++) {
		const struct key more[] = {{"general.name", STRING, 0, cases_of[i][0], 0, {0}}, END};
		struct header h;
		struct modelspec m;
		struct fault why;
		build(&h, 3, "llama", more, NULL);
		assert_int_equal(parse(&h, &m, &why), 0);
		assert_string_equal(m.name, cases_of[i][1]);
		assert_false(m.tied);
	}
}

TEST(refused) {
	static const struct {
		struct key key;
		const char *message;
	} wrong[] = {
		{NUMBER("block_count", 0), "no usable \"block_count\""},
		{{"llama.block_count", I32, -1, NULL, 0, {0}}, "no usable \"block_count\""},
		{NUMBER("block_count", 16777217), "no usable \"block_count\""},
		{NUMBER("attention.head_count", 0), "no usable \"attention.head_count\""},
		{{"llama.embedding_length", U64, -1, NULL, 0, {0}}, "no usable \"embedding_length\""},
		{{"llama.embedding_length", F32, 64, NULL, 0, {0}}, "no usable \"embedding_length\""},
		{NUMBER("feed_forward_length", 16777217), "a dimension of 16777217"},
		{NUMBER("expert_count", 8), "heads or experts do not fit together"},
		{NUMBER("attention.head_count_kv", 8), "heads or experts do not fit together"},
		{NUMBER("attention.head_count", 128), "heads or experts do not fit together"},
		{{"llama.x", 99, 0, NULL, 0, {0}}, "cut off or damaged"},
		{{"llama.x", ARRAY, 1, NULL, ARRAY, {0}}, "cut off or damaged"},
		{{"llama.x", ARRAY, 1, NULL, 99, {0}}, "cut off or damaged"},
		{{"llama.x", ARRAY, 1000000, NULL, U32, {0}}, "cut off or damaged"},
	};
	struct header h;
	struct modelspec m;
	struct fault why;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct key more[] = {wrong[i].key, END};
		build(&h, 3, "llama", more, NULL);
		if (parse(&h, &m, &why) != ERROR_CONFIG || !strstr(why.message, wrong[i].message)) {
			fail_msg("case %zu: %s", i, why.message);
		}
	}
	const struct key experts[] = {NUMBER("expert_count", 2), NUMBER("expert_used_count", 3), END};
	build(&h, 3, "llama", experts, NULL);
	assert_int_equal(parse(&h, &m, &why), ERROR_CONFIG);
	for (uint32_t version = 0; version < 6; version++) {
		build(&h, version, "llama", NULL, NULL);
		assert_int_equal(parse(&h, &m, &why), version == 2 || version == 3 ? 0 : ERROR_CONFIG);
	}
	/* cut anywhere */
	build(&h, 3, "llama", NULL, NULL);
	for (size_t len = h.len - 1; len >= 24; len--) {
		h.len = len;
		assert_int_equal(parse(&h, &m, &why), ERROR_CONFIG);
		assert_non_null(strstr(why.message, "GGUF header"));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(keys_and_tensors), cmocka_unit_test(names), cmocka_unit_test(refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
