/* modelspec_native.c: a model in the form of schemas/model.schema.json, and detection of a file's form. */
#include "core/model/modelspec_read.h"

#include <stdlib.h>

#define PARAMS_MAX 1e15

/* An optional object under a key, JSON_ABSENT if it is missing. */
static int object_at(struct spec_reader *r, json_at in, const char *key, bool required, json_at *out) {
	*out = spec_get(r, in, key);
	if (*out == JSON_ABSENT) {
		return required ? spec_wrong(r, in, "\"%s\" is missing here, expected an object { … }", key) : 0;
	}
	if (json_type(r->json, *out) != JSON_OBJECT) {
		return spec_wrong(r, *out, "\"%s\" is not an object, expected { … }", key);
	}
	return 0;
}

struct field {
	const char *key;
	int64_t min;
	bool required;
	int64_t *out;
};

static int read_fields(struct spec_reader *r, json_at object, const struct field *fields, size_t count) {
	int err = 0;

	for (size_t i = 0; !err && i < count; i++) {
		const struct field *f = &fields[i];
		err = f->required ? spec_int(r, object, f->key, f->min, SPEC_DIM_MAX, f->out)
		                  : spec_int_if(r, object, f->key, f->min, SPEC_DIM_MAX, f->out);
	}
	return err;
}
#define READ_FIELDS(r, object, fields) read_fields(r, object, fields, sizeof(fields) / sizeof *(fields))

static int read_window(struct spec_reader *r, json_at attention, struct modelspec *m) {
	json_at window;
	int err = object_at(r, attention, "window", false, &window);

	if (!err && window != JSON_ABSENT) {
		const struct field fields[] = {{"tokens", 1, true, &m->window}, {"layers", 1, true, &m->window_layers}};
		err = READ_FIELDS(r, window, fields);
		if (!err && m->window_layers > m->layers) {
			err = spec_wrong(r, window, "more layers with a window than layers, expected at most %lld",
			                 (long long)m->layers);
		}
	}
	return err;
}

/* The rank of the latent distinguishes MLA from grouped attention. */
static int read_heads(struct spec_reader *r, json_at attention, struct modelspec *m) {
	json_at latent;
	int err = object_at(r, attention, "latent", false, &latent);

	if (err) {
		return err;
	}
	if (latent != JSON_ABSENT) {
		const struct field mla[] = {{"kv_rank", 1, true, &m->kv_rank}, {"q_rank", 0, false, &m->q_rank},
		                            {"nope_dim", 0, true, &m->nope_dim}, {"rope_dim", 0, true, &m->rope_dim},
		                            {"v_dim", 1, true, &m->v_dim}};
		return READ_FIELDS(r, latent, mla);
	}
	const struct field grouped[] = {{"kv_heads", 1, true, &m->kv_heads}, {"head_dim", 1, true, &m->head_dim}};
	return READ_FIELDS(r, attention, grouped);
}

static int read_attention(struct spec_reader *r, json_at root, struct modelspec *m) {
	json_at attention;
	bool bias = false, qk_norm = false;
	int64_t norms = 2;
	int err = object_at(r, root, "attention", true, &attention);

	err = err ? err : spec_int(r, attention, "heads", 1, SPEC_DIM_MAX, &m->heads);
	err = err ? err : read_heads(r, attention, m);
	err = err ? err : read_window(r, attention, m);
	err = err ? err : spec_bool_if(r, attention, "qkv_bias", &bias);
	err = err ? err : spec_bool_if(r, attention, "qk_norm", &qk_norm);
	err = err ? err : spec_int_if(r, root, "norms_per_layer", 0, 16, &norms);
	m->layer_vectors = norms * m->hidden + (m->kv_rank > 0 ? m->kv_rank + m->q_rank : 0);
	m->layer_vectors += bias ? (m->heads + 2 * m->kv_heads) * m->head_dim : 0;
	m->layer_vectors += qk_norm ? 2 * m->head_dim : 0;
	return err;
}

static int read_mlp(struct spec_reader *r, json_at root, struct modelspec *m) {
	json_at mlp;
	bool gated = true;
	bool required = m->dense_layers > 0;
	int err = object_at(r, root, "mlp", required, &mlp);

	if (!err && mlp != JSON_ABSENT) {
		err = spec_int(r, mlp, "width", 1, SPEC_DIM_MAX, &m->ffn);
		err = err ? err : spec_bool_if(r, mlp, "gated", &gated);
	}
	m->ffn_matrices = gated ? 3 : 2;
	return err;
}

static int read_experts(struct spec_reader *r, json_at root, struct modelspec *m) {
	json_at experts;
	int err = object_at(r, root, "experts", false, &experts);

	m->dense_layers = m->layers;
	if (err || experts == JSON_ABSENT) {
		return err;
	}
	m->dense_layers = 0;
	const struct field fields[] = {{"count", 1, true, &m->experts},
	                               {"per_token", 1, true, &m->experts_per_token},
	                               {"width", 1, true, &m->expert_ffn},
	                               {"shared_width", 0, false, &m->shared_ffn},
	                               {"router_bias", 0, false, &m->router_vectors},
	                               {"dense_layers", 0, false, &m->dense_layers}};
	err = READ_FIELDS(r, experts, fields);
	if (!err && (m->experts_per_token > m->experts || m->dense_layers > m->layers)) {
		err = spec_wrong(r, experts, "more experts per token than experts, or more dense layers than layers");
	}
	return err;
}

static int read_format(struct spec_reader *r, json_at root, struct modelspec *m) {
	static const char *const keys[] = {"weights", "experts", "kv_cache"};
	int64_t *into[] = {&m->weight_mbit, &m->expert_mbit, &m->kv_mbit};
	json_at format;
	int err = object_at(r, root, "format", false, &format);

	for (size_t i = 0; !err && format != JSON_ABSENT && i < 3; i++) {
		json_at v = spec_get(r, format, keys[i]);
		enum precision compute = m->compute;
		if (v == JSON_ABSENT) {
			continue;
		}
		if (!modelspec_format(json_raw(r->json, v), into[i], &compute)) {
			return spec_wrong(r, v, "unknown format, expected bf16, fp16, fp8, int8, int4, mxfp4 or nvfp4");
		}
		if (i == 0) {
			m->compute = compute;
			m->expert_mbit = m->weight_mbit;
		}
	}
	return err;
}

static int read_native(struct spec_reader *r, json_at root, struct modelspec *m) {
	const struct field fields[] = {{"layers", 1, true, &m->layers},
	                               {"hidden", 1, true, &m->hidden},
	                               {"vocab", 1, true, &m->vocab}};
	int err = READ_FIELDS(r, root, fields);

	err = err ? err : read_attention(r, root, m);
	err = err ? err : read_experts(r, root, m);
	err = err ? err : read_mlp(r, root, m);
	err = err ? err : spec_bool_if(r, root, "tied_embeddings", &m->tied);
	return err ? err : read_format(r, root, m);
}

/* Sets defaults that the readers left at 0. */
static void complete(struct modelspec *m) {
	if (m->attention_layers == 0 && m->linear_layers < m->layers) {
		m->attention_layers = m->layers - m->linear_layers;
	}
	if (m->moe_layers == 0 && m->experts > 0) {
		m->moe_layers = m->layers - m->dense_layers;
	}
	m->window_layers = m->window_layers < m->attention_layers ? m->window_layers : m->attention_layers;
	m->expert_matrices = m->expert_matrices > 0 ? m->expert_matrices : 3;
	m->cache_milli = m->cache_milli > 0 ? m->cache_milli : 1000;
}

/* The product of dimensions that are each in bounds may exceed 64 bits. */
static bool is_beyond(const struct modelspec *m) {
	double h = (double)m->hidden, l = (double)m->layers;
	double attention = 4 * h * (double)(m->heads + m->kv_heads) * (double)(m->head_dim + m->nope_dim + m->rope_dim + m->v_dim) +
	                   (double)(m->kv_rank + m->q_rank) * (2 * h + (double)m->heads * (double)(m->nope_dim + m->rope_dim + m->v_dim));
	double mlp = 3 * h * ((double)m->ffn + (double)m->shared_ffn + (double)m->experts * ((double)m->expert_ffn + 2));
	mlp += (double)m->expert_hidden * ((double)m->experts * 3 * (double)m->expert_ffn + 2 * h);
	attention += (double)(m->linear_params + m->linear_state + m->attention_elements) + (double)m->index_heads * (double)(m->index_dim + 1) * (h + (double)m->q_rank);
	attention += 4 * h * (double)(m->heads + m->global_kv_heads) * (double)m->global_head_dim + h * (double)m->index_dim;
	double pairs = 4 * l * (double)m->heads * (double)(m->head_dim + m->global_head_dim + m->kv_rank + m->nope_dim + m->rope_dim + m->v_dim);

	return l * (attention + mlp + (double)m->layer_vectors) + 2 * h * (double)m->vocab + (double)m->extra_params > PARAMS_MAX || pairs > PARAMS_MAX;
}

#define BEYOND "more than 10^15 parameters, expected the description of a model that exists"

/* The name stated in the file, else the file's name. */
static int read_label(struct spec_reader *r, json_at root, struct modelspec *m) {
	json_at v = spec_get(r, root, "name");

	if (v == JSON_ABSENT) {
		v = spec_get(r, root, "_name_or_path");
	}
	if (json_type(r->json, v) == JSON_STRING && json_raw(r->json, v).len > 0) {
		return spec_name(r, v, m->name, sizeof m->name);
	}
	const char *slash = strrchr(r->path, '/');
	const char *file = slash ? slash + 1 : r->path;
	size_t len = strlen(file) < sizeof m->name - 1 ? strlen(file) : sizeof m->name - 1;
	memcpy(m->name, file, len);
	m->name[len] = '\0';
	return 0;
}

static int read_model(struct spec_reader *r, struct modelspec *m) {
	json_at schema = spec_get(r, 0, "schema");
	int err = read_label(r, 0, m);

	if (err) {
		return err;
	}
	if (schema == JSON_ABSENT) {
		err = modelspec_read_hf(r, 0, m);
	} else if (json_type(r->json, schema) == JSON_STRING && text_eq(json_raw(r->json, schema), T("tollbook.model.v1"))) {
		err = read_native(r, 0, m);
	} else {
		err = spec_wrong(r, schema, "unknown schema, expected \"tollbook.model.v1\"");
	}
	if (!err) {
		complete(m);
	}
	return !err && is_beyond(m) ? spec_wrong(r, 0, BEYOND) : err;
}

int modelspec_parse(struct modelspec *m, const char *path, struct text bytes, struct fault *why) {
	struct spec_reader r = {.path = path, .bytes = bytes, .json = json_new(), .why = why};

	*m = (struct modelspec){.weight_mbit = 16000, .expert_mbit = 16000, .other_mbit = 16000, .kv_mbit = 16000};
	int err;
	if (text_starts(bytes, T("GGUF"))) {
		err = modelspec_read_gguf(path, bytes, m, why);
		complete(m);
		if (!err && is_beyond(m)) {
			err = fault_set(why, ERROR_CONFIG, "%s: " BEYOND, path);
		}
	} else {
		err = spec_parse(&r, "samples/models/llama-3.1-8b.json");
		err = err ? err : read_model(&r, m);
	}
	json_free(r.json);
	return err;
}
