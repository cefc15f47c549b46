/*
 * modelspec.h: the architecture of a language model, as far as it determines arithmetic and memory traffic.
 *
 * Read from a native description (schemas/model.schema.json), from a Hugging Face config.json as published, or from
 * the header of a GGUF file (llama.cpp, Ollama). Counts of parameters follow the layers as their reference code
 * builds them: matrices, biases, norms, router, embedding and head. Not counted: vision towers, and layers that only
 * predict further tokens (multi-token prediction).
 */
#ifndef CORE_MODELSPEC_H
#define CORE_MODELSPEC_H

#include "core/error.h"
#include "core/text.h"

/* The precision of the matrix products: the column of a GPU's peak that applies. */
enum precision { PRECISION_BF16, PRECISION_FP8, PRECISION_INT8, PRECISION_FP4, PRECISIONS };
extern const char *const precision_names[PRECISIONS];

/* Counts are of elements; a width of 0 means that the model does not have this part. */
struct modelspec {
	char name[96];
	int64_t layers, hidden, heads, vocab;
	int64_t kv_heads, head_dim; /* grouped attention */
	int64_t kv_rank, q_rank, nope_dim, rope_dim, v_dim; /* latent attention (MLA): kv_rank > 0 */
	int64_t window, window_layers; /* layers that look back `window` tokens only */
	int64_t ffn, ffn_matrices;     /* a dense layer's width; 3 with a gate, else 2 */
	int64_t experts, experts_per_token, expert_ffn, shared_ffn; /* layers with experts: experts > 0 */
	int64_t expert_matrices;       /* 3 with a gate, else 2 */
	int64_t expert_hidden;         /* input width of experts, if it is not the model's; 0: it is */
	int64_t dense_layers;          /* layers with a dense MLP; = layers if there are no experts */
	int64_t moe_layers;            /* layers with experts */
	int64_t attention_layers;      /* layers with attention over a cache */
	int64_t linear_layers;         /* layers with a state instead: linear attention, Mamba, convolutions */
	int64_t linear_params, linear_state; /* elements of one of them; the state is of 32 bits */
	int64_t attention_elements;    /* of one layer's matrices, if the heads do not determine them; 0: they do */
	int64_t query_gate;            /* 1: queries have a gate of the same size */
	int64_t global_kv_heads, global_head_dim; /* of layers without a window, if they differ; 0: they do not */
	int64_t shared_cache_layers;   /* attention layers that read another layer's cache */
	int64_t sparse_tokens;         /* maximum of tokens that sparse attention reads; 0: all */
	int64_t index_heads, index_dim; /* of the indexer that chooses them; its cache uses 8 bits */
	int64_t cache_milli;           /* thousandths of tokens that keep an entry in the cache; 1000: all */
	int64_t extra_params;          /* in memory and looked up like an embedding */
	int64_t layer_vectors;         /* norms and biases of one layer's attention and MLP, elements */
	int64_t expert_vectors;        /* biases of one expert */
	int64_t router_vectors;        /* biases of one router, gate of the shared expert */
	bool tied;                     /* the head is the embedding */
	/* thousandths of a bit per element, scales included: 16000 for BF16, 4250 for MXFP4 */
	int64_t weight_mbit, expert_mbit; /* matrices of the layers; of the experts */
	int64_t other_mbit;               /* embedding, head, norms, router */
	int64_t kv_mbit;
	enum precision compute;
	/* weights in blocks with one scale (Q4_0, Q8_0): they need about half the unpacking of nested scales */
	bool plain_blocks;
};

/* Sums over the layers. A multiplication and an addition count as two FLOPs. */
struct modelsize {
	int64_t params, active_params; /* active: parameters used by one token: with head, without embedding */
	int64_t attention_params, dense_params, expert_params, shared_params, router_params, vector_params;
	int64_t embedding_params, head_params; /* a tied head is counted under embedding alone */
	int64_t weight_bytes;          /* total in memory */
	int64_t always_bytes;          /* read by every step, with head, without embedding rows */
	int64_t expert_bytes;          /* all routed experts: a step reads those that its tokens chose */
	int64_t token_flops;           /* of the matrix products of one token, without head and attention */
	int64_t head_flops;            /* of the head, for one sampled token */
	int64_t prefill_pair_flops;    /* attention of one token to one token of context, full layers */
	int64_t decode_pair_flops;     /* the same in decode; with MLA over the latent */
	int64_t kv_token_bytes;        /* cache of one token, all layers */
	int64_t state_bytes;           /* of one sequence, independent of its length: linear attention, convolutions */
};

#define MODELSPEC_FILE_MAX (16u << 20)
#define MODELSPEC_HEADER_MAX (96u << 20) /* of a GGUF file; its vocabulary is in it */

/* Reads a file. ERROR_CONFIG, "file:line:column: what, expected what", if anything is wrong in it. */
int modelspec_read(struct modelspec *m, const char *path, struct fault *why);
/* The same from bytes; `path` names them in messages. */
int modelspec_parse(struct modelspec *m, const char *path, struct text bytes, struct fault *why);

void modelspec_size(const struct modelspec *m, struct modelsize *out);

/*
 * The part of `context` tokens that attention sees, averaged over the layers: less than all if layers have a window.
 */
double modelspec_seen(const struct modelspec *m, double context);
/* The same for the tokens that the cache holds: sparse attention reads fewer. */
double modelspec_held(const struct modelspec *m, double context);

/* Bits per element of a format by its name: "bf16" is 16000. False if unknown. */
bool modelspec_format(struct text name, int64_t *mbit, enum precision *compute);
/* Is it one of llama.cpp's formats, which also pack the embedding and the head? */
bool modelspec_format_is_gguf(struct text name);
/* One of them, with one scale per block. */
bool modelspec_format_is_plain(struct text name);

#endif
