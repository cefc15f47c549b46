/* modelspec_hf.h: the parts of a Hugging Face config.json. Private to core/model/. */
#ifndef CORE_MODELSPEC_HF_H
#define CORE_MODELSPEC_HF_H

#include "core/model/modelspec_read.h"

/* What an architecture defines only in its code. */
enum trait {
	QKV_BIAS = 1u,       /* always; else by "attention_bias" */
	OUT_BIAS = 2u,       /* "attention_bias" also applies to the output matrix */
	QK_NORM = 4u,        /* a norm over each head of queries and keys */
	TIED = 8u,           /* embedding and head are shared unless the file states otherwise */
	LATENT = 16u,        /* MLA */
	SINKS = 32u,         /* one learnt logit per head */
	EXPERT_BIAS = 64u,   /* experts and router have biases */
	SHARED_GATE = 128u,  /* one row weighs the shared expert */
	MOE = 256u,          /* has experts if the file counts any */
	TWO_MATRICES = 512u, /* MLPs without a gate */
	DELTA = 1024u,       /* gated delta nets in layers of linear attention */
	MAMBA = 2048u,       /* layers with a state space */
	COMPRESSED = 4096u,  /* DeepSeek V4: one key and value head over compressed tokens */
	BESIDE = 8192u,      /* experts and a dense MLP in the same layer */
	FOUR = 16384u,       /* MLPs are four times as wide as the model unless the file states a width */
	HALF = 32768u,       /* "intermediate_size" includes the gate */
	MAMBA_PATTERN = 65536u, /* layers by the letters of a pattern */
	MAMBA_BESIDE = 131072u, /* attention and a state space in each layer */
	JAMBA = 262144u,
	KIMI_DELTA = 524288u,
	LIGHTNING = 1048576u,
	CONVOLUTIONS = 2097152u,
	TWICE = 4194304u     /* a layer has two attentions and two dense MLPs in addition to its experts (LongCat) */
};

struct architecture {
	const char *type;
	unsigned traits;
	int norms;        /* of the width of the model, per layer */
	int window_every; /* 0: no windows; 1: all layers; N: all layers but each N-th */
};

/* The first of the keys that the object has. */
json_at hf_first(struct spec_reader *r, json_at c, const char *const *keys);
/* Members of a list that are one of two texts (the second may be NULL). */
int64_t hf_count(struct spec_reader *r, json_at list, const char *word);
/* The same for its first members, up to a number. */
int64_t hf_count_first(struct spec_reader *r, json_at list, int64_t most, const char *word, const char *other);

/* The first of the keys that the object has, from 1 to SPEC_DIM_MAX; *out is unchanged if it has none. */
int hf_int_if(struct spec_reader *r, json_at c, const char *const *keys, int64_t *out);

/* Layers that keep a state instead of a cache. */
int hf_state(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m);
int hf_attention(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m);
int hf_mlp(struct spec_reader *r, json_at c, const struct architecture *a, struct modelspec *m);

#endif
