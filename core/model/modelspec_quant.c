/* modelspec_quant.c: quantization_config of a Hugging Face config.json: bits per weight, scales included. */
#include "core/decimal.h"
#include "core/exact.h"
#include "core/model/modelspec_read.h"

/* `bits` per weight, and `scale_bits` for each group; in thousandths. */
static int64_t grouped_mbit(int64_t bits, int64_t scale_bits, int64_t group) {
	return bits * 1000 + (group > 0 ? (scale_bits * 1000 + group / 2) / group : 0);
}

static void set_weights(struct modelspec *m, int64_t mbit, enum precision compute) {
	m->weight_mbit = m->expert_mbit = mbit;
	m->compute = compute;
}

static int quant_fp8(struct spec_reader *r, json_at q, struct modelspec *m) {
	(void)r;
	(void)q;
	set_weights(m, 8000, PRECISION_FP8);
	return 0;
}

/* Only the experts; computed in 16 bits if there is no unit for it. */
static int quant_mxfp4(struct spec_reader *r, json_at q, struct modelspec *m) {
	(void)r;
	(void)q;
	m->expert_mbit = 4250;
	m->compute = PRECISION_BF16;
	return 0;
}

/* GPTQ, AWQ: a 16-bit scale and a zero point a group; the products are in 16 bits. */
static int quant_groups(struct spec_reader *r, json_at q, struct modelspec *m) {
	int64_t bits = 0, group = 128;
	int err = spec_int(r, q, "bits", 2, 16, &bits);

	err = err ? err : spec_int_if(r, q, "group_size", -1, 65536, &group);
	set_weights(m, grouped_mbit(bits, 16 + bits, group), PRECISION_BF16);
	return err;
}

static int quant_bitsandbytes(struct spec_reader *r, json_at q, struct modelspec *m) {
	bool four = false, eight = false;
	int err = spec_bool_if(r, q, "load_in_4bit", &four);

	err = err ? err : spec_bool_if(r, q, "load_in_8bit", &eight);
	if (!err && four == eight) {
		err = spec_wrong(r, q, "neither or both of \"load_in_4bit\" and \"load_in_8bit\", expected one of them true");
	}
	set_weights(m, four ? grouped_mbit(4, 32, 64) : 8000, four ? PRECISION_BF16 : PRECISION_INT8);
	return err;
}

/* {"num_bits": 8, "type": "float", "group_size": null}: of weights, or of what they are multiplied with. */
static int read_scheme(struct spec_reader *r, json_at s, int64_t *bits, int64_t *group, bool *is_float) {
	json_at type = spec_get(r, s, "type");
	int err = spec_int(r, s, "num_bits", 2, 16, bits);

	*is_float = text_eq(json_raw(r->json, type), T("float"));
	return err ? err : spec_int_if(r, s, "group_size", -1, 65536, group);
}

static enum precision precision_of(int64_t bits, bool is_float) {
	return bits == 8 ? (is_float ? PRECISION_FP8 : PRECISION_INT8)
	                 : bits == 4 && is_float ? PRECISION_FP4 : PRECISION_BF16;
}

static int quant_compressed(struct spec_reader *r, json_at q, struct modelspec *m) {
	json_at groups = spec_get(r, q, "config_groups"), kv = spec_get(r, q, "kv_cache_scheme");
	json_at first = json_first(r->json, groups);
	json_at weights = spec_get(r, first, "weights");
	int64_t bits = 0, group = 0, input_bits = 16, ignored = 0, kv_bits = 16;
	bool is_float, input_float = false;

	if (weights == JSON_ABSENT) {
		return spec_wrong(r, q, "no \"config_groups\" with \"weights\" here, expected their \"num_bits\"");
	}
	int err = read_scheme(r, weights, &bits, &group, &is_float);
	json_at input = spec_get(r, first, "input_activations");
	if (!err && input != JSON_ABSENT) {
		err = read_scheme(r, input, &input_bits, &ignored, &input_float);
	}
	if (!err && kv != JSON_ABSENT) {
		err = spec_int(r, kv, "num_bits", 2, 16, &kv_bits);
		m->kv_mbit = kv_bits * 1000;
	}
	set_weights(m, grouped_mbit(bits, bits == 4 && is_float ? 8 : 16, group), precision_of(input_bits, input_float));
	return err;
}

static int quant_modelopt(struct spec_reader *r, json_at q, struct modelspec *m) {
	static const struct {
		struct text name;
		int64_t mbit;
		enum precision compute;
	} algos[] = {{T("FP8"), 8000, PRECISION_FP8},          {T("FP8_PB_WO"), 8000, PRECISION_FP8},  {T("FP8_PER_CHANNEL_PER_TOKEN"), 8000, PRECISION_FP8},
	             {T("NVFP4"), 4500, PRECISION_FP4},        {T("NVFP4_AWQ"), 4500, PRECISION_FP4},  {T("W4A16_NVFP4"), 4500, PRECISION_BF16},
	             {T("MXFP8"), 8250, PRECISION_FP8},        {T("W4A8_AWQ"), 4156, PRECISION_FP8},   {T("W4A16_AWQ"), 4156, PRECISION_BF16},
	             {T("INT8_SQ"), 8000, PRECISION_INT8},     {T("W8A8_SQ_PER_CHANNEL"), 8000, PRECISION_INT8}, {T("W4A8_MXFP4_FP8"), 4250, PRECISION_FP8}};
	json_at nested = spec_get(r, q, "quantization");
	json_at in = nested == JSON_ABSENT ? q : nested, algo = spec_get(r, in, "quant_algo"), kv = spec_get(r, in, "kv_cache_quant_algo");
	struct text name = json_raw(r->json, algo);

	if (text_eq(json_raw(r->json, kv), T("FP8"))) {
		m->kv_mbit = 8000;
	}
	for (size_t i = 0; i < sizeof algos / sizeof *algos; i++) {
		if (text_eq(name, algos[i].name)) {
			set_weights(m, algos[i].mbit, algos[i].compute);
			return 0;
		}
	}
	return spec_wrong(r, algo == JSON_ABSENT ? q : algo, "unknown \"quant_algo\", expected FP8, NVFP4, MXFP8, W4A8_AWQ, W4A16_AWQ or INT8_SQ; or state --weights");
}

/* A format that is named anywhere in the bytes: torchao's class names, quark's types. */
struct named {
	struct text word;
	int64_t mbit;
	enum precision compute;
};

static bool take_named(struct text raw, const struct named *names, size_t count, struct modelspec *m) {
	for (size_t i = 0; i < count; i++) {
		if (text_find(raw, names[i].word) != SIZE_MAX) {
			set_weights(m, names[i].mbit, names[i].compute);
			return true;
		}
	}
	return false;
}

static int quant_torchao(struct spec_reader *r, json_at q, struct modelspec *m) {
	static const struct named names[] = {
		{T("NVFP4"), 4500, PRECISION_FP4}, {T("nvfp4"), 4500, PRECISION_FP4}, {T("MXFP4"), 4250, PRECISION_FP4}, {T("mxfp4"), 4250, PRECISION_FP4},
		{T("MXFP8"), 8250, PRECISION_FP8}, {T("mxfp8"), 8250, PRECISION_FP8},
		{T("Float8DynamicActivationInt4"), 4156, PRECISION_FP8}, {T("Int8DynamicActivationInt4"), 4156, PRECISION_INT8},
		{T("Int4"), 4156, PRECISION_BF16}, {T("int4"), 4156, PRECISION_BF16}, {T("UIntx"), 4156, PRECISION_BF16},
		{T("Float8WeightOnly"), 8000, PRECISION_BF16}, {T("float8_weight_only"), 8000, PRECISION_BF16},
		{T("Float8"), 8000, PRECISION_FP8}, {T("float8"), 8000, PRECISION_FP8},
		{T("Int8WeightOnly"), 8000, PRECISION_BF16}, {T("int8_weight_only"), 8000, PRECISION_BF16},
		{T("Int8"), 8000, PRECISION_INT8}, {T("int8"), 8000, PRECISION_INT8}};
	json_at type = spec_get(r, q, "quant_type");

	if (type == JSON_ABSENT || !take_named(json_raw(r->json, type), names, sizeof names / sizeof *names, m)) {
		return spec_wrong(r, type == JSON_ABSENT ? q : type, "unknown \"quant_type\" of torchao, expected int4, int8, float8, mxfp8 or nvfp4; or state --weights");
	}
	return 0;
}

static int quant_quark(struct spec_reader *r, json_at q, struct modelspec *m) {
	static const struct named names[] = {{T("fp4"), 4250, PRECISION_FP4},  {T("mxfp8"), 8250, PRECISION_FP8}, {T("fp8"), 8000, PRECISION_FP8},
	                                     {T("int4"), 4156, PRECISION_BF16}, {T("int8"), 8000, PRECISION_INT8}};
	json_at global = spec_get(r, q, "global_quant_config"), weight = spec_get(r, global, "weight");
	json_at layers = spec_get(r, q, "layer_quant_config");
	json_at from = weight != JSON_ABSENT ? weight : layers;

	if (from == JSON_ABSENT || !take_named(json_raw(r->json, from), names, sizeof names / sizeof *names, m)) {
		return spec_wrong(r, q, "no \"global_quant_config\" with a known \"weight\", expected fp4, fp8, int4 or int8; or state --weights");
	}
	return 0;
}

static int quant_mxfp8(struct spec_reader *r, json_at q, struct modelspec *m) {
	(void)r;
	(void)q;
	set_weights(m, 8250, PRECISION_FP8);
	return 0;
}

static int quant_int8(struct spec_reader *r, json_at q, struct modelspec *m) {
	(void)r;
	(void)q;
	set_weights(m, 8000, PRECISION_INT8);
	return 0;
}

/* Bits alone: HQQ, EXL2 and EXL3, AQLM. */
static int quant_bits(struct spec_reader *r, json_at q, struct modelspec *m) {
	static const char *const keys[] = {"bits", "nbits", "weight_bits", "w_bit", "nbits_per_codebook"};
	json_at inner = spec_get(r, q, "quant_config");
	int64_t nano = 0;

	inner = json_type(r->json, inner) != JSON_OBJECT ? JSON_ABSENT : spec_get(r, inner, "weight_quant_params"); /* HQQ */
	q = json_type(r->json, inner) != JSON_OBJECT ? q : inner;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		json_at v = spec_get(r, q, keys[i]);
		if (json_type(r->json, v) == JSON_NUMBER && decimal_parse(json_raw(r->json, v), 0, &nano) && nano >= NANO && nano <= 16 * NANO) {
			set_weights(m, nano / 1000000 + 250, PRECISION_BF16);
			return 0;
		}
	}
	return spec_wrong(r, q, "no \"bits\" here, expected a number from 1 to 16; or state --weights");
}

int modelspec_read_quant(struct spec_reader *r, json_at quant, struct modelspec *m) {
	static const struct {
		struct text method;
		int (*read)(struct spec_reader *, json_at, struct modelspec *);
	} methods[] = {
		{{"fp8", 3}, quant_fp8},      {{"fbgemm_fp8", 10}, quant_fp8},
		{{"gptq", 4}, quant_groups},  {{"awq", 3}, quant_groups},
		{{"auto-round", 10}, quant_groups}, {{"mxfp4", 5}, quant_mxfp4},
		{{"bitsandbytes", 12}, quant_bitsandbytes}, {{"compressed-tensors", 18}, quant_compressed},
		{{"modelopt", 8}, quant_modelopt}, {{"modelopt_fp4", 12}, quant_modelopt}, {{"torchao", 7}, quant_torchao},
		{{"quark", 5}, quant_quark}, {{"mxfp8", 5}, quant_mxfp8}, {{"ptpc_fp8", 8}, quant_fp8}, {{"fp_quant", 8}, quant_mxfp4},
		{{"eetq", 4}, quant_int8}, {{"experts_int8", 12}, quant_int8}, {{"hqq", 3}, quant_bits}, {{"exl2", 4}, quant_bits},
		{{"exl3", 4}, quant_bits}, {{"auto_gptq", 9}, quant_groups}, {{"gptq_marlin", 11}, quant_groups}, {{"awq_marlin", 10}, quant_groups},
		{{"moe_wna16", 9}, quant_groups}, {{"intel/auto-round", 16}, quant_groups}, {{"w8a8_fp8", 8}, quant_fp8},
		{{"w8a8_int8", 9}, quant_int8},
	};
	json_at v = spec_get(r, quant, "quant_method");

	for (size_t i = 0; v != JSON_ABSENT && i < sizeof methods / sizeof *methods; i++) {
		if (text_eq(json_raw(r->json, v), methods[i].method)) {
			return methods[i].read(r, quant, m);
		}
	}
	return spec_wrong(r, v == JSON_ABSENT ? quant : v,
	                  "unknown \"quant_method\", expected fp8, gptq, awq, mxfp4, mxfp8, bitsandbytes, compressed-tensors, modelopt, torchao, quark, hqq or eetq; or remove it and state --weights");
}
