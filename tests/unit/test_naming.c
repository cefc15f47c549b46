/* test_naming.c: names of servers, and the number of GPUs in their start-up lines. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/files/name_rules.h"
#include "ingest/naming.h"
#include "ingest/parallel.h"

static void assert_text(struct text got, const char *expected) {
	char copy[512];

	snprintf(copy, sizeof copy, "%.*s", TEXT_ARG(got));
	assert_string_equal(copy, expected);
}

TEST(files_are_named_without_what_a_rotation_adds) {
	static const char *const cases[][2] = {
		{"/logs/vllm.r0.log.gz", "vllm.r0"},
		{"/logs/h100-01.log", "h100-01"},
		{"h100-01.log.3.zst", "h100-01"},
		{"vllm.log-20260810.gz", "vllm"},
		{"vllm-20260810.log", "vllm"},
		{"vllm_2026-08-10.log", "vllm"},
		{"steps.2026081023.jsonl", "steps"},
		{"vllm-1-20261006.log", "vllm-1"},
		{"vllm-1.20261006-060000.log.gz", "vllm-1"},
		{"gpu-2026.log", "gpu-2026"},
		{"logs/r0/server.log", "r0"},
		{"logs/r1/0.log", "r1"},
		{"/var/log/server.log", "server"},
		{"log", "log"},
		{"-", "stdin"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_text(naming_of_file(text_of(cases[i][0])), cases[i][1]);
	}
}

TEST(paths_of_kubernetes_and_docker_name_pods_and_containers) {
	static const struct {
		const char *path, *namespace, *pod, *container;
	} cases[] = {
		{"/var/log/pods/llm_vllm-0_2b9d4e77-8a10-4c3d/vllm/0.log", "llm", "vllm-0", "vllm"},
		{"copy/llm_vllm-1_2b9d4e77-8a10-4c3d/vllm/3.log.20261005-060000.gz", "llm", "vllm-1", "vllm"},
		{"/var/log/containers/vllm-0_llm_engine-0123456789abcdef.log", "llm", "vllm-0", "engine"},
		{"/var/lib/docker/containers/0123456789abcdef/0123456789abcdef-json.log", "", "", "0123456789ab"},
		{"logs/my_server_log/x.log", "", "", ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct origin o = {0};
		naming_from_path(text_of(cases[i].path), &o);
		assert_text(o.part[ORIGIN_NAMESPACE], cases[i].namespace);
		assert_text(o.part[ORIGIN_POD], cases[i].pod);
		assert_text(o.part[ORIGIN_CONTAINER], cases[i].container);
	}
}

TEST(addresses_are_normalised) {
	static const char *const cases[][2] = {
		{"http://vllm-0.vllm.prod.svc.cluster.local:8000/metrics", "vllm-0"},
		{"gpu01:8000", "gpu01"},
		{"10.0.0.7:8000", "10.0.0.7:8000"},
		{"worker", "worker"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_text(naming_of_address(text_of(cases[i][0])), cases[i][1]);
	}
}

TEST(rules_match_at_any_folder) {
	struct name_rule at[] = {
		{(char *)(uintptr_t) "/var/log/pods/{ns}_{pod}_{uid}/{container}/*", (char *)(uintptr_t) "{ns}/{pod}", false},
		{(char *)(uintptr_t) "{site}/{host}/vllm.log", (char *)(uintptr_t) "{site}-{host}", false},
		{(char *)(uintptr_t) "**/deep/{name}.log", (char *)(uintptr_t) "{name}", false},
	};
	const struct name_rules rules = {at, 3};
	static const char *const cases[][2] = {
		{"/var/log/pods/llm_vllm-0_uid/vllm/0.log", "llm/vllm-0"},
		{"backup/var/log/pods/llm_vllm-0_uid/vllm/0.log", "llm/vllm-0"},
		{"/srv/fra1/gpu7/vllm.log", "fra1-gpu7"},
		{"a/b/c/deep/x.log", "x"},
		{"other.log", ""},
	};
	char out[64];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool found = name_rules_path(&rules, cases[i][0], out, sizeof out);
		assert_int_equal(found, cases[i][1][0] != '\0');
		assert_string_equal(found ? out : "", cases[i][1]);
	}
	assert_null(name_rule_wrong(&at[0]));
	at[0].replica = (char *)(uintptr_t) "{host}";
	assert_non_null(name_rule_wrong(&at[0]));
}

/* Patterns of many runs, each of which could match anything: they are tried in polynomial time. */
TEST(rules_of_many_runs_end) {
	struct name_rule at[] = {
		{(char *)(uintptr_t) "**a**a**a**a**a**a**a**a**a**a**a**a**a**a**a**a**a**a**a**a**b", (char *)(uintptr_t) "x", false},
		{(char *)(uintptr_t) "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", (char *)(uintptr_t) "x", false},
		{(char *)(uintptr_t) "**/*a*a*a*a*a*a*a*a*/**/*a*a*a*a*a*a*a*a*a*a*a*a*c", (char *)(uintptr_t) "x", false},
		{(char *)(uintptr_t) "**/*_{pod}_*/**/*-{n}.log", (char *)(uintptr_t) "{pod}/{n}", false},
	};
	const struct name_rules rules = {at, 4};
	static const char *const cases[][2] = {
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""},
		{"a_b/a_p_c/d/e-f/g-h-1.log", "p/h-1"},
		{"a_b/a_p_c_d/d-0/e/f-.log-2.log", "p/.log-2"},
	};
	char out[64];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool found = name_rules_path(&rules, cases[i][0], out, sizeof out);
		assert_string_equal(found ? out : "", cases[i][1]);
	}
}

/* A start-up entry that is printed over several lines; llama.cpp's devices with a part of the model. */
TEST(start_up_entries_of_several_lines_state_gpus) {
	static const struct {
		const char *lines[8];
		int64_t gpus;
	} cases[] = {
		{{"[10/05/2026-06:00:00] [TRT-LLM] [I] LLM Args:", "model='m' tokenizer=None trust_remote_code=False tensor_parallel_size=4 dtype='auto' "
	          "pipeline_parallel_size=2 moe_tensor_parallel_size=8"}, 8},
		{{"[10/05/2026-06:00:00] [TRT-LLM] [I] LLM Args: TorchLlmArgs(", "    model='m',", "    tensor_parallel_size=2,", "    context_parallel_size=2,",
	          "    pipeline_parallel_size=1,", ")"}, 4},
		{{"(APIServer pid=1) INFO 10-05 05:59:00 [utils.py:253] non-default args: {", "'model': 'm',", "'tensor_parallel_size': 4}",
	          "(APIServer pid=1) INFO 10-05 05:59:01 [x.py:1] tensor_parallel_size=16"}, 4},
		{{"[2026-10-05 06:00:00] server_args=ServerArgs(", "  tp_size=8,", "  dp_size=4,", "  enable_dp_attention=True,", ")"}, 2},
		{{"[10/05/2026-06:00:00] [TRT-LLM] [I] LLM Args:", "[10/05/2026-06:00:01] [TRT-LLM] [I] x", "tensor_parallel_size=2"}, 0},
		{{"ggml_cuda_init: found 4 CUDA devices:", "load_tensors:        CUDA0 model buffer size = 24277.75 MiB",
	          "load_tensors:        CUDA2 model buffer size = 46151.91 MiB", "load_tensors:        CUDA3 model buffer size =     0.00 MiB",
	          "load_tensors:   CPU_Mapped model buffer size =  1064.62 MiB"}, 2},
#define OLLAMA "time=2026-10-05T06:00:00.123Z level=INFO source=x.go:1 msg="
		{{OLLAMA "offload library=cuda layers.model=49 layers.offload=49 layers.split=30,19 memory.gpu_overhead=\"0 B\""}, 2},
		{{OLLAMA "offload library=cuda layers.model=49 layers.offload=37 layers.split=37,0 memory.gpu_overhead=\"0 B\""}, 1},
		{{OLLAMA "offload library=cpu layers.model=49 layers.split=\"\" x", OLLAMA "\"model weights\" device=CPU size=\"416.6 MiB\"",
	          OLLAMA "\"kv cache\" device=CUDA5 size=\"8.0 GiB\"", OLLAMA "\"model weights\" device=CUDA size=\"8.0 GiB\""}, 0},
		{{OLLAMA "\"model weights\" device=CUDA0 size=\"8.0 GiB\"", OLLAMA "\"model weights\" buffer=CUDA3 size=\"8.0 GiB\""}, 2},
		{{"ggml_hip_init: found 2 ROCm devices:", "llm_load_tensors:      ROCm1 buffer size = 24277.75 MiB"}, 1},
		{{"llm_load_tensors:      SYCL0 buffer size = 1.00 MiB", "llm_load_tensors:      Vulkan1 buffer size = 1.00 MiB",
	          "llm_load_tensors:      CUDA64 buffer size = 1.00 MiB", "llm_load_tensors:      CUDA-1 buffer size = 1.00 MiB",
	          "llm_load_tensors:      CUDA buffer size = 1.00 MiB", "llm_load_tensors:      CUDA3 no size of it = 1.00 MiB"}, 2},
		{{"x: using device CUDA1 (a) - 23000 MiB free", "x: using device CUDA1 (a) - 23000 MiB free", "x: using device CPU0 (a) - 23000 MiB free",
	          "x: using device 7 - 23000 MiB free", "x: using device CUDA (a) - 23000 MiB", "x: using device CUDA64 - 23000 MiB free",
	          "x 'quoted': using device CUDA5 - 23000 MiB free"}, 1},
		/* numbers that no server has: an absurd size of one kind is not taken with a fine one of another */
		{{"server_args=ServerArgs(tp_size=99999999999, pp_size=2)"}, 2},
		{{"server_args=ServerArgs(tp_size=0, pp_size=2, dp_size=-1)"}, 2},
		{{"server_args=ServerArgs(tp_size=4097, pp_size=4096)"}, 4096},
		{{"ggml_cuda_init: found 9223372036854775807 CUDA devices:"}, 0},
		{{"ggml_cuda_init: found no CUDA devices at all"}, 0},
		{{"[TensorRT-LLM][INFO] MPI size: 4097, MPI local size: 4, rank: 0"}, 0},
		{{"[TensorRT-LLM][INFO] MPI size: 4, MPI local size: 4, rank: 0", "[TensorRT-LLM][INFO] MPI size: none, rank: 0"}, 4},
		{{"INFO [parallel_state.py:1208] rank 0 in world size 0 is assigned as DP rank 0, PP rank 0"}, 0},
		{{"INFO [parallel_state.py:1208] rank 0 in world size 8 is assigned as DP rank 9, PP rank 0"}, 8},
		{{"INFO [parallel_state.py:1208] rank 0 in world size 8 is assigned as DP rank none, PP rank 0"}, 8},
		{{"INFO [parallel_state.py:1208] rank 0 in world size 8 is assigned as DP rank 2, PP rank 0"}, 8}, /* 3 do not divide it */
		{{"INFO [parallel_state.py:1208] rank 0 in world size 8 is assigned as DP rank 1, PP rank 0",
	          "INFO [parallel_state.py:1208] rank 0 in world size 8 is assigned as DP rank 0, PP rank 0"}, 4},
		{{"INFO [parallel_state.py:1208] rank 0 'quoted' in world size 8 is assigned as DP rank 1, PP rank 0"}, 0},
		{{"INFO [elsewhere.py:1208] rank 0 in world size 8 is assigned as DP rank 1, PP rank 0"}, 0},
		{{"(EngineCore_DP0 pid=9) INFO 10-06 09:00:00 [parallel_state.py:1200] world_size=2 rank=0 local_rank=0 backend=nccl"}, 2},
		{{"INFO [parallel_state.py:1200] world_size=2 rank=0 local_rank=0",
	          "INFO [parallel_state.py:1408] rank 0 in world size 4 is assigned as DP rank 1, PP rank 0"}, 2},
		{{"INFO [parallel_state.py:1408] rank 0 in world size 4 is assigned as DP rank 0, PP rank 0",
	          "INFO [parallel_state.py:1200] world_size=2 rank=0 local_rank=0"}, 4},
		{{"INFO 12-05 09:00:00 [distributed/parallel_state.py:1200] world_size=2 rank=0 local_rank=0"}, 2},
		{{"parallel_state.py:1200] world_size=2 rank=0 local_rank=0"}, 0},
		{{"INFO [parallel_state.py:1200] world_size=many rank=0 local_rank=0"}, 0},
		{{"INFO [parallel_state.py:1200] 'world_size=2 rank=0 local_rank=0"}, 0},
		{{"INFO [elsewhere.py:1200] world_size=2 rank=0 local_rank=0"}, 0},
		{{"server_args=ServerArgs(tp_size=2x, pp_size=2)"}, 2},
		/* part of another word, or with a word after the number */
		{{"server_args=ServerArgs(my_tp_size=8, tp_sizes=4, tp_size=2x, tp_size)"}, 0},
		{{"server_args=ServerArgs(Atp_size=8, Ztp_size=4, 0tp_size=2, tp_size=2Z, tp_size=3_)"}, 0},
		{{"server_args=ServerArgs(tp_size: \"2\", enable_dp_attention': True, dp_size=3)"}, 2}, /* 3 do not divide 2 */
		{{"server_args=ServerArgs({\"tp_size\": 4, \"dp_size\": 2, \"enable_dp_attention\": true})"}, 2},
		/* commands that a start script prints */
		{{"+ vllm serve org/m --port 8000 --tensor-parallel-size 4 --speculative-tensor-parallel-size 1"}, 4},
		{{"+ exec vllm serve org/m \\", "  --speculative-tensor-parallel-size=8 \\", "  -tp 2 -pp=2"}, 4},
		{{"Command: python3 -m sglang.launch_server --model-path org/m --tp 8 --dp 4 --enable-dp-attention"}, 2},
		{{"trtllm-serve org/m --draft-tp 8 --tp_size 2"}, 2},
		{{"he asked 'vllm serve org/m --tensor-parallel-size 4'"}, 0},
		{{"x: using device RPC0 (10.0.0.5:50052) - 23000 MiB free", "x: using device CUDA0 (a) - 23000 MiB free",
	          "x: using device Vulkan1 (a) - 23000 MiB free"}, 3},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parallel p = {0};
		for (size_t k = 0; k < sizeof cases[i].lines / sizeof *cases[i].lines && cases[i].lines[k]; k++) {
			parallel_read(&p, text_of(cases[i].lines[k]));
		}
		if (parallel_gpus(&p, 0) != cases[i].gpus) {
			fail_msg("%s: %lld GPUs, expected %lld", cases[i].lines[0], (long long)parallel_gpus(&p, 0), (long long)cases[i].gpus);
		}
	}
}

TEST(labels_of_ranks_state_gpus) {
	static const struct {
		const char *lines[5];
		int64_t ranks;
		bool counted;
	} cases[] = {
		{{"(Worker_TP0 pid=5) INFO x", "(Worker_TP1 pid=6) INFO x"}, 2, true},
		{{"(EngineCore_DP0 pid=4) (Worker_DP0_PP0_TP0 pid=5) INFO x", "(Worker_DP0_PP1_TP1 pid=6) INFO x", "(Worker_DP1_PP0_TP3 pid=7) INFO x"}, 4, true},
		{{"(VllmWorker rank=0 pid=5) INFO x", "(VllmWorker rank=2 pid=6) INFO x", "(VllmWorker rank=1 pid=7) INFO x"}, 3, true},
		{{"(Worker_TP0 pid=5) INFO x"}, 2, false},
		{{"(EngineCore_DP0 pid=5) INFO x", "(Worker_TP1", "(APIServer pid=1) a (Worker_TP3 pid=1) b", "[2026 TP1]"}, 0, false},
		{{"[2026-10-05 06:00:00 TP0] Load weight begin.", "[2026-10-05 06:00:00 TP1] Load weight begin."}, 2, true},
		{{"[2026-10-05 06:00:00 PP1 TP0] Prefill batch, #new-seq: 1", "[2026-10-05 06:00:00 PP0 TP0] Load weight begin."}, 2, true},
		{{"[2026-10-05 06:00:00 TP0] Prefill batch, #new-seq: 1"}, 2, false},
		{{"[2024-10-05 06:00:00 TP0] Prefill batch. #new-seq: 1"}, 0, false}, /* printed by one GPU, too */
		{{"[2026-10-05 06:00:00 DP2 TP8] Decode batch, #running-req: 1"}, 4, true},
		{{"[2026-10-05 06:00:00 DP1 TP0] Decode batch, #running-req: 1"}, 2, false},
		{{"[2026-10-05 06:00:00 DP1] Decode batch, #running-req: 1"}, 0, false},
		{{"[10/05/2026-06:00:00] [TRT-LLM] [RANK 0] [I] x", "[10/05/2026-06:00:00] [TRT-LLM] [I] [_torch][RANK 3] x"}, 4, true},
		{{"[10/05/2026-06:00:00] [TRT-LLM] [RANK 3] [I] x", "[10/05/2026-06:00:00] [TRT-LLM] [I] [_torch][RANK 0] iter = 1"}, 4, true},
		{{"[10/05/2026-06:00:00] [TRT-LLM] [RANK 3] [I] x", "[10/05/2026-06:00:00] [TRT-LLM] [RANK 1] [I] iter = 1"}, 0, true}, /* data-parallel */
		{{"[10/05/2026-06:00:00] [TRT-LLM] [RANK 0] [I] x"}, 0, false},
		{{"[10/05/2026-06:00:00] [TRT-LLM] [I] \"[RANK 3] x"}, 0, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parallel p = {0};
		bool counted;
		for (size_t k = 0; k < sizeof cases[i].lines / sizeof *cases[i].lines && cases[i].lines[k]; k++) {
			parallel_read_label(&p, text_of(cases[i].lines[k]));
		}
		int64_t ranks = parallel_ranks(&p, &counted);
		if (ranks != cases[i].ranks || counted != cases[i].counted) {
			fail_msg("%s: %lld ranks, expected %lld", cases[i].lines[0], (long long)ranks, (long long)cases[i].ranks);
		}
	}
}

TEST(what_states_the_gpus) {
	static const struct {
		struct parallel p;
		const char *words;
	} cases[] = {
		{{.tensor = 2}, "tensor_parallel_size"},
		{{.tensor = 2, .pipeline = 2}, "tensor_parallel_size 2 x pipeline_parallel_size 2"},
		{{.pipeline = 2}, "tensor_parallel_size 1 x pipeline_parallel_size 2"},
		{{.world = 2}, "world size"},
		{{.ranks = 2}, "MPI size"},
		{{.devices = 2}, "GPU devices"},
	};
	char out[100];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		parallel_describe(&cases[i].p, out, sizeof out);
		assert_string_equal(out, cases[i].words);
	}
	assert_int_equal(parallel_gpus(&(struct parallel){.tensor = 8, .data = 4, .attention_data = true}, 2), 8); /* all ranks on the same */
}

TEST(start_up_lines_state_gpus) {
	static const struct {
		const char *line;
		int64_t added, gpus; /* 0: states none */
	} cases[] = {
		{"(APIServer pid=1) INFO 10-05 05:59:00 [utils.py:253] non-default args: {'model': 'm', 'tensor_parallel_size': 2, "
	         "'pipeline_parallel_size': 2}", 0, 4},
		{"INFO 10-05 05:59:00 [core.py:58] Initializing a V1 LLM engine (v0.11.0) with config: model='m', tensor_parallel_size=8, "
	         "pipeline_parallel_size=1, data_parallel_size=2", 0, 8},
		{"INFO 10-05 05:59:00 [core.py:58] Initializing a V1 LLM engine (v0.11.0) with config: model='m', tensor_parallel_size=8, "
	         "pipeline_parallel_size=1, data_parallel_size=2", 2, 16},
		{"[2026-10-05 06:00:00] server_args=ServerArgs(model_path='m', dp_size=1, tp_size=2, moe_tp_size=4)", 0, 2},
		{"[2026-10-05 06:00:00] server_args=ServerArgs(model_path='m', tp_size=8, dp_size=4, enable_dp_attention=True)", 0, 2},
		{"[TensorRT-LLM][INFO] MPI size: 4, MPI local size: 4, rank: 0", 0, 4},
		{"(Worker_TP3 pid=9) INFO 10-06 09:00:00 [parallel_state.py:1208] rank 3 in world size 4 is assigned as DP rank 0, PP rank 0, TP rank 3, EP rank 3", 0, 4},
		{"(Worker pid=9) INFO 10-06 09:00:00 [parallel_state.py:1208] rank 3 in world size 4 is assigned as DP rank 1, PP rank 0, TP rank 1, EP rank 3", 0, 2},
		{"INFO 10-06 09:00:00 [logger.py:40] Received request 1: prompt: 'rank 3 in world size 4 is', [parallel_state.py:1]", 0, 0},
		{"ggml_cuda_init: found 2 CUDA devices:", 0, 2},
		{"llama_model_load_from_file_impl: using device CUDA0 (NVIDIA GeForce RTX 4090) - 23000 MiB free", 0, 1},
		{"Args { model_id: \"m\", sharded: Some(true), num_shard: Some(4), quantize: None }", 0, 4},
		{"INFO 10-05 06:00:00 [logger.py:1] Received request r: prompt: 'non-default args: {tensor_parallel_size: 64}'", 0, 0},
		{"INFO: 10.0.0.1:1 - \"POST /v1/completions HTTP/1.1\" 200 OK", 0, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parallel p = {0};
		assert_int_equal(parallel_read(&p, text_of(cases[i].line)), cases[i].gpus > 0);
		assert_int_equal(parallel_gpus(&p, cases[i].added), cases[i].gpus);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_named_without_what_a_rotation_adds),
		cmocka_unit_test(paths_of_kubernetes_and_docker_name_pods_and_containers),
		cmocka_unit_test(addresses_are_normalised),
		cmocka_unit_test(rules_match_at_any_folder),
		cmocka_unit_test(rules_of_many_runs_end),
		cmocka_unit_test(start_up_lines_state_gpus),
		cmocka_unit_test(start_up_entries_of_several_lines_state_gpus),
		cmocka_unit_test(labels_of_ranks_state_gpus),
		cmocka_unit_test(labels_of_ranks_state_gpus),
		cmocka_unit_test(what_states_the_gpus),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
