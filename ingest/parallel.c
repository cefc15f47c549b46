#include "ingest/parallel.h"

#include <stddef.h>
#include <stdio.h>

/* More GPUs than this do not serve a single copy of a model. */
#define SIZE_MAX_GPUS 4096
/* A start-up entry has at most this many lines. */
#define MORE_LINES 400

/* Openings of a server's start-up lines; not preceded by a quote, unlike user text. */
static const struct text openings[] = {
	{"non-default args: {", 19},            /* vLLM: (APIServer pid=1) INFO … non-default args: {'model': …, 'tensor_parallel_size': 2} */
	{"LLM engine (v", 13},                  /* vLLM: Initializing a V1 LLM engine (v0.11.0) with config: model='…', tensor_parallel_size=2, … */
	{"args: Namespace(", 16},               /* vLLM before 0.6 */
	{"server_args=", 12},                   /* SGLang: server_args=ServerArgs(model_path='…', tp_size=2, …) */
	{"ServerArgs(", 11},
	{"LlmArgs", 7},                         /* TensorRT-LLM: TorchLlmArgs(model=…, tensor_parallel_size=2, …) */
	{"LLM Args", 8},
	{"Mapping(", 8},
	{"EngineConfig(", 13},                  /* LMDeploy: TurbomindEngineConfig(…, tp=2, …) */
	{"Args {", 6},                          /* TGI: Args { model_id: …, num_shard: Some(2), … */
	{"vllm serve ", 11},                    /* commands that a start script prints: + vllm serve org/m --tensor-parallel-size 4 */
	{"vllm.entrypoints.", 17},
	{"sglang.launch_server", 20},
	{"sglang serve ", 13},
	{"trtllm-serve ", 13},
	{"lmdeploy serve ", 15},
	{"dynamo.vllm", 11},
	{"dynamo.sglang", 13},
	{"dynamo.trtllm", 13},
};

static const struct size_key {
	struct text key;
	size_t field; /* of struct parallel */
} size_keys[] = {
	{{"tensor_parallel_size", 20}, offsetof(struct parallel, tensor)},
	{{"pipeline_parallel_size", 22}, offsetof(struct parallel, pipeline)},
	{{"data_parallel_size", 18}, offsetof(struct parallel, data)},
	{{"tp_size", 7}, offsetof(struct parallel, tensor)},
	{{"pp_size", 7}, offsetof(struct parallel, pipeline)},
	{{"dp_size", 7}, offsetof(struct parallel, data)},
	{{"num_shard", 9}, offsetof(struct parallel, tensor)},
	{{"context_parallel_size", 21}, offsetof(struct parallel, context)}, /* TensorRT-LLM; vLLM's for decode is inside of tensor's */
	{{"prefill_context_parallel_size", 29}, offsetof(struct parallel, context)},
	{{"cp_size", 7}, offsetof(struct parallel, context)},
	{{"tensor-parallel-size", 20}, offsetof(struct parallel, tensor)},
	{{"pipeline-parallel-size", 22}, offsetof(struct parallel, pipeline)},
	{{"data-parallel-size", 18}, offsetof(struct parallel, data)},
	{{"prefill-context-parallel-size", 29}, offsetof(struct parallel, context)},
	{{"tp-size", 7}, offsetof(struct parallel, tensor)},
	{{"pp-size", 7}, offsetof(struct parallel, pipeline)},
	{{"dp-size", 7}, offsetof(struct parallel, data)},
	{{"tp", 2}, offsetof(struct parallel, tensor)},
	{{"pp", 2}, offsetof(struct parallel, pipeline)},
	{{"dp", 2}, offsetof(struct parallel, data)},
};

static bool is_word_byte(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* A number of GPUs that a server may have; else *out is unchanged. */
static bool take_gpus(struct text *t, int64_t *out) {
	int64_t n;
	bool fits = text_take_i64(t, &n) && n >= 1 && n <= SIZE_MAX_GPUS;

	*out = fits ? n : *out;
	return fits;
}

/* The number of a device. */
static bool take_device(struct text *t, int64_t *out) {
	return text_take_i64(t, out) && *out >= 0 && *out <= 63;
}

/* "=2", "': 2", "\": 2", ": Some(2)" after a key: the number. */
static bool take_size(struct text t, int64_t *size) {
	int64_t n = 0;

	while (t.len > 0 && memchr("'\" :=,", *t.at, 6)) {
		t = text_cut(t, 1, t.len);
	}
	text_skip(&t, T("Some("));
	bool fits = take_gpus(&t, &n) && (t.len == 0 || !is_word_byte(*t.at));
	*size = fits ? n : *size;
	return fits;
}

/* Does a key begin there? A dash before it is that of an option: "-tp", "--tp", not "--draft-tp". */
static bool begins_key(struct text t, size_t at) {
	size_t dashes = 0;

	while (dashes < 2 && dashes < at && t.at[at - 1 - dashes] == '-') {
		dashes++;
	}
	return at == dashes || !is_word_byte(t.at[at - 1 - dashes]);
}

/* The first whole word `key` that is followed by a size. */
static bool find_size(struct text t, struct text key, int64_t *size) {
	size_t at;

	while ((at = text_find(t, key)) != SIZE_MAX) {
		bool whole = begins_key(t, at) && at + key.len < t.len && !is_word_byte(t.at[at + key.len]) && t.at[at + key.len] != '-';
		t = text_cut(t, at + key.len, t.len);
		if (whole && take_size(t, size)) {
			return true;
		}
	}
	return false;
}

/* May the following text be a user's: a text in quotes, or the id of "Added request ID"? */
static bool may_quote(struct text before) {
	return text_find_byte(before, '\'') != SIZE_MAX || text_find_byte(before, '"') != SIZE_MAX || text_find(before, T("equest")) != SIZE_MAX;
}

/* If it is a start-up line, what follows the opening. */
static bool opens(struct text line, struct text *behind) {
	size_t at;

	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
		at = text_find(text_cut(line, 0, 240), openings[i]);
		struct text before = text_cut(line, 0, at == SIZE_MAX ? 0 : at);
		if (at != SIZE_MAX && !may_quote(before)) {
			*behind = text_cut(line, at + openings[i].len, line.len);
			return true;
		}
	}
	return false;
}

/* Adds sizes that are not known yet; of a key that occurs again, in a nested configuration, the first value counts. */
static bool add_sizes(struct parallel *p, struct text t) {
	bool any = false;

	for (size_t i = 0; i < sizeof size_keys / sizeof *size_keys; i++) {
		int64_t *field = (int64_t *)(void *)((char *)p + size_keys[i].field);
		any |= *field == 0 && find_size(t, size_keys[i].key, field);
	}
	p->attention_data |= text_find(t, T("enable_dp_attention=True")) != SIZE_MAX || text_find(t, T("enable_dp_attention': True")) != SIZE_MAX ||
	                     text_find(t, T("enable_dp_attention\": true")) != SIZE_MAX || text_find(t, T("--enable-dp-attention")) != SIZE_MAX;
	return any;
}

/* Printed over several lines: does the first one end before its brackets close, or before anything? */
static bool goes_on(struct text t) {
	t = text_trim(t);
	return t.len == 0 || strchr(":=({[,\\", t.at[t.len - 1]) != NULL;
}

/* Does the line begin another entry of the log? "[10/05/2026-06:00:00] [TRT-LLM] …", "2026-10-05 …", "INFO …", "(APIServer pid=1) …" */
static bool begins_entry(struct text line) {
	static const struct text levels[] = {{"INFO", 4}, {"DEBUG", 5}, {"WARN", 4}, {"ERROR", 5}, {"(", 1}, {"[TRT", 4}, {"[Tensor", 7}, {"<", 1}};
	size_t digit = text_starts(line, T("[")) ? 1 : 0;

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (text_starts(line, levels[i])) {
			return true;
		}
	}
	return line.len > digit + 4 && line.at[digit] >= '0' && line.at[digit] <= '9';
}

static bool read_sizes(struct parallel *p, struct text line) {
	struct parallel new = {0};
	struct text t;

	if (!opens(line, &t)) {
		return false;
	}
	bool any = add_sizes(&new, t);
	if (any) {
		*p = new;
	}
	p->more = goes_on(t) ? MORE_LINES : 0;
	p->begun = any;
	return any;
}

/* A further line of a start-up entry. */
static bool read_more(struct parallel *p, struct text line) {
	struct parallel new = {0};

	p->more--;
	if (p->begun) {
		return add_sizes(p, line);
	}
	new.more = p->more;
	new.begun = add_sizes(&new, line);
	if (new.begun) {
		*p = new;
	}
	return new.begun;
}

/* "ggml_cuda_init: found 2 CUDA devices:" and, of those that are used, "… using device CUDA0 (NVIDIA …) - 23000 MiB free" */
static bool read_devices(struct parallel *p, struct text line) {
	struct text t = line, before, name;
	int64_t number;

	if (text_starts(line, T("ggml_cuda_init: found ")) || text_starts(line, T("ggml_hip_init: found "))) {
		text_until(&t, T(" found "), &before);
		*p = (struct parallel){0};
		return take_gpus(&t, &p->devices);
	}
	if (!text_until(&t, T("using device "), &before) || before.len > 120 || may_quote(before)) {
		return false;
	}
	for (name = t; t.len > 0 && ((*t.at >= 'A' && *t.at <= 'Z') || (*t.at >= 'a' && *t.at <= 'z')); t = text_cut(t, 1, t.len)) {
	}
	if (t.at == name.at || text_starts(name, T("CPU")) || !take_device(&t, &number)) {
		return false;
	}
	number = text_starts(name, T("RPC")) ? 32 + number % 32 : number; /* of another machine */
	p->shared |= text_find(text_cut(t, 0, 120), T(" MIG ")) != SIZE_MAX;
	p->used |= UINT64_C(1) << number;
	p->devices = __builtin_popcountll(p->used);
	return true;
}

/* "[TensorRT-LLM][INFO] MPI size: 4, MPI local size: 4, rank: 0" */
static bool read_ranks(struct parallel *p, struct text line) {
	struct text t = line, before;

	return text_starts(line, T("[TensorRT-LLM]")) && text_until(&t, T("MPI size: "), &before) && before.len <= 80 && take_gpus(&t, &p->ranks);
}

/*
 * vLLM: "… [parallel_state.py:1208] rank 0 in world size 4 is assigned as DP rank 0, PP rank 0, TP rank 0, EP rank 0"; before it
 * "world_size=2 rank=0 local_rank=0 distributed_init_method=tcp://… backend=nccl"
 */
static bool read_world(struct parallel *p, struct text line) {
	struct text t = line, before, number;
	int64_t data, world = 0;

	if (!text_until(&t, T("parallel_state.py:"), &before) || text_find(before, T("[")) == SIZE_MAX || before.len > 120 || may_quote(before) || !text_until(&t, T("] "), &number) ||
	    number.len > 8) {
		return false;
	}
	if (text_skip(&t, T("world_size="))) {
		bool read = take_gpus(&t, &world) && text_skip(&t, T(" rank="));
		p->world = read && p->world == 0 ? world : p->world;
		return read;
	}
	if (!text_skip(&t, T("rank ")) || !text_take_i64(&t, &data) || !text_skip(&t, T(" in world size ")) || !take_gpus(&t, &p->world)) {
		return false;
	}
	if (p->tensor == 0 && text_until(&t, T(" DP rank "), &before) && text_take_i64(&t, &data) && data >= p->data && data < p->world) {
		p->data = data + 1;
	}
	return true;
}

/*
 * "load_tensors:        CUDA0 model buffer size = 24277.75 MiB", until the end of 2024 "llm_load_tensors:      CUDA0 buffer size = …":
 * of the devices that are found, those with a part of the model.
 */
static bool read_buffers(struct parallel *p, struct text line) {
	struct text before;
	int64_t number;

	if (!text_skip(&line, T("load_tensors:")) && !text_skip(&line, T("llm_load_tensors:"))) {
		return false;
	}
	line = text_trim(line);
	if (!(text_skip(&line, T("CUDA")) || text_skip(&line, T("ROCm")) || text_skip(&line, T("SYCL")) || text_skip(&line, T("Vulkan"))) ||
	    !take_device(&line, &number) || !text_until(&line, T("buffer size ="), &before) ||
	    text_starts(text_trim(line), T("0.00 "))) {
		return false;
	}
	p->loaded |= UINT64_C(1) << number;
	p->devices = __builtin_popcountll(p->loaded);
	return true;
}

/* The parts of a model's split that are not 0, "30,19,0"; 0: it is none. */
static int64_t count_parts(struct text t) {
	int64_t parts = 0, part;

	do {
		if (!text_take_i64(&t, &part)) {
			return 0;
		}
		parts += part > 0;
	} while (text_skip(&t, T(",")));
	return parts;
}

/*
 * Ollama: "time=… level=INFO source=device.go:240 msg="model weights" device=CUDA1 size="8.0 GiB"" (buffer=CUDA1 in 2025), before it
 * "… msg=offload library=cuda layers.requested=-1 layers.model=49 layers.offload=49 layers.split=30,19 …". It may load several models.
 */
static bool read_ollama(struct parallel *p, struct text line) {
	struct text t = line, before;
	int64_t number, parts;

	if (!text_starts(line, T("time=")) || !text_until(&t, T(" msg="), &before) || before.len > 120) {
		return false;
	}
	if (text_skip(&t, T("offload ")) && text_until(&t, T(" layers.split="), &before)) {
		parts = count_parts(t);
		p->devices = parts > p->devices ? parts : p->devices;
		return parts > 0;
	}
	if (!text_skip(&t, T("\"model weights\" ")) || !(text_skip(&t, T("device=")) || text_skip(&t, T("buffer="))) || text_starts(t, T("CPU"))) {
		return false;
	}
	for (; t.len > 0 && is_word_byte(*t.at) && (*t.at < '0' || *t.at > '9'); t = text_cut(t, 1, t.len)) {
	}
	if (!take_device(&t, &number) || !text_starts(t, T(" size="))) {
		return false;
	}
	p->loaded |= UINT64_C(1) << number;
	p->devices = __builtin_popcountll(p->loaded);
	return true;
}

/* Notes a rank; those of other data-parallel ranks are other replicas, or have as many. */
static void note_rank(struct parallel *p, int64_t data, int64_t pipeline, int64_t tensor) {
	p->data_rank = p->data_rank == 0 ? data + 1 : p->data_rank;
	if (p->data_rank == data + 1) {
		p->tensor_ranks |= UINT64_C(1) << (tensor & 63);
		p->pipeline_ranks |= UINT64_C(1) << (pipeline & 63);
	}
}

/* The number behind a word of the label, as 3 of "TP3"; `without` if it is missing. */
static int64_t rank_of(struct text label, struct text word, int64_t without) {
	struct text before;
	int64_t rank;

	return text_until(&label, word, &before) && text_take_i64(&label, &rank) && rank >= 0 && rank < SIZE_MAX_GPUS ? rank : without;
}

/* vLLM: "(Worker_DP0_PP1_TP3 pid=9) ", in 2025 "(VllmWorker rank=3 pid=9) ", also behind the label of the process above. */
static bool read_worker(struct parallel *p, struct text line) {
	struct text label = {0}, rest = line;

	while (text_skip(&rest, T("(")) && text_until(&rest, T(") "), &label) && label.len <= 64 && !text_starts(label, T("Worker_")) &&
	       !text_starts(label, T("VllmWorker "))) {
		line = rest;
	}
	if (!text_skip(&label, T("Worker_")) && !text_starts(label, T("VllmWorker rank="))) {
		return false;
	}
	p->several = true;
	note_rank(p, rank_of(label, T("DP"), 0), rank_of(label, T("PP"), 0), rank_of(label, T("TP"), rank_of(label, T("rank="), 0)));
	return true;
}

/*
 * SGLang: "[2026-04-05 20:02:51 DP1 PP0 TP2] ". Only engines with several GPUs print TP or PP in front of a batch with commas;
 * that of 2024 always did. Of data-parallel attention, the first rank of tensors of DP1 is the number of GPUs of each.
 */
static bool read_sglang_label(struct parallel *p, struct text line) {
	struct text t = line, label, before;

	if (!text_skip(&t, T("[20")) || !text_until(&t, T("] "), &label) || label.len > 64 ||
	    (text_find(label, T(" TP")) == SIZE_MAX && text_find(label, T(" PP")) == SIZE_MAX)) {
		return false;
	}
	bool batch = text_until(&t, T(" batch,"), &before) && before.len <= 16;
	int64_t data = rank_of(label, T(" DP"), -1), tensor = rank_of(label, T(" TP"), 0);
	p->several |= batch;
	if (batch && data > 0 && tensor > 0 && tensor % data == 0) {
		p->per_data_rank = tensor / data;
	}
	note_rank(p, data < 0 ? 0 : data, rank_of(label, T(" PP"), 0), tensor);
	return true;
}

/*
 * TensorRT-LLM: "[10/05/2026-06:00:01] [TRT-LLM] [RANK 3] [I] …", "[…] [TRT-LLM] [I] [_torch][RANK 0] iter = 10, …". Ranks that log
 * iterations of their own are data-parallel: servers with a GPU each.
 */
static bool read_trtllm_label(struct parallel *p, struct text line) {
	struct text t = line, before;
	int64_t rank;

	if (!text_until(&t, T("] [TRT-LLM] "), &before) || before.len > 24 || !text_until(&t, T("[RANK "), &before) || before.len > 24 || may_quote(before) ||
	    !text_take_i64(&t, &rank) || rank < 0 || rank > 62 || !text_skip(&t, T("]"))) {
		return false;
	}
	p->several |= rank > 0;
	p->own_steps |= rank > 0 && (text_skip(&t, T(" iter = ")) || text_skip(&t, T(" [I] iter = ")));
	p->tensor_ranks |= (UINT64_C(2) << rank) - 1; /* they begin at 0 */
	p->pipeline_ranks |= 1;
	return true;
}

bool parallel_read_label(struct parallel *p, struct text line) {
	char first = line.len > 0 ? *line.at : '\0';

	return first == '(' ? read_worker(p, line) : first == '[' && (read_sglang_label(p, line) || read_trtllm_label(p, line));
}

int64_t parallel_ranks(const struct parallel *p, bool *counted) {
	int64_t ranks = (int64_t)__builtin_popcountll(p->tensor_ranks) * __builtin_popcountll(p->pipeline_ranks);

	if (p->own_steps) {
		*counted = true;
		return 0;
	}
	*counted = p->per_data_rank > 0 || ranks > 1;
	return !*counted ? (p->several ? 2 : 0) : p->per_data_rank > ranks ? p->per_data_rank : ranks;
}

bool parallel_read(struct parallel *p, struct text line) {
	p->more = p->more > 0 && begins_entry(line) ? 0 : p->more;
	if (p->more > 0) {
		return read_more(p, line);
	}
	return line.len > 20 && (read_sizes(p, line) || read_devices(p, line) || read_buffers(p, line) || read_ranks(p, line) || read_world(p, line) || read_ollama(p, line));
}

static int64_t or_one(int64_t size) {
	return size > 0 ? size : 1;
}

static int64_t gpus_of(const struct parallel *p, int64_t added) {
	int64_t gpus = or_one(p->tensor) * or_one(p->pipeline) * or_one(p->context);

	if (p->tensor == 0 && p->pipeline == 0) {
		gpus = p->ranks > 0 ? p->ranks : p->devices;
		gpus = p->world > 0 ? p->world / (p->data > 0 && p->world % p->data == 0 ? p->data : 1) : gpus;
	}
	if (gpus > 0 && p->attention_data && p->data > 1) {
		return added > 1 || gpus % p->data != 0 ? gpus : gpus / p->data;
	}
	return added > 1 ? gpus * added : gpus;
}

int64_t parallel_gpus(const struct parallel *p, int64_t added) {
	int64_t gpus = gpus_of(p, added);

	return gpus >= 1 && gpus <= SIZE_MAX_GPUS ? gpus : 0;
}

void parallel_describe(const struct parallel *p, char *out, size_t size) {
	bool counted;

	if (parallel_gpus(p, 1) == 0 && parallel_ranks(p, &counted) > 0) {
		snprintf(out, size, "labels of ranks");
	} else if (p->tensor == 0 && p->pipeline == 0) {
		snprintf(out, size, p->world > 0 ? "world size" : p->ranks > 0 ? "MPI size" : "GPU devices");
	} else if (or_one(p->pipeline) > 1) {
		snprintf(out, size, "tensor_parallel_size %lld x pipeline_parallel_size %lld", (long long)or_one(p->tensor),
		         (long long)p->pipeline);
	} else {
		snprintf(out, size, "tensor_parallel_size");
	}
}
