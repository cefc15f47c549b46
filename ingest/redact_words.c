/* redact_words.c: the words of the formats that are kept in a refused line, and whether a number follows. */
#include "ingest/redact.h"

/* In the order of their bytes; true: the number that follows is a count, an instant or a duration. */
static const struct redact_word words[] = {
	{T("#cached-token"), true}, {T("#new-seq"), true}, {T("#new-token"), true}, {T("#queue"), true},
	{T("#queue-req"), true}, {T("#running"), true}, {T("#running-req"), true}, {T("#token"), true},
	{T("Aggregated"), false}, {T("Avg"), true}, {T("D"), false}, {T("DEBUG"), false}, {T("Decode"), false},
	{T("Deferred"), true}, {T("E"), false}, {T("ERROR"), false}, {T("Engine"), false}, {T("EngineCore"), false},
	{T("F"), false}, {T("False"), false}, {T("Finish"), false}, {T("GPU"), false}, {T("GenerateReqInput"), false},
	{T("Generation"), false}, {T("I"), false}, {T("INFO"), false}, {T("Iteration"), true}, {T("KV"), false},
	{T("MESSAGE"), false}, {T("Maximum"), false}, {T("None"), false}, {T("P"), false}, {T("Pending"), true},
	{T("Preemptions"), true}, {T("Prefill"), false}, {T("Prefix"), false}, {T("Req"), true},
	{T("ReqTimeStats"), false}, {T("Running"), true}, {T("Running:"), true}, {T("ServerArgs"), false},
	{T("Swapped"), true}, {T("TRT-LLM"), false}, {T("Time"), true}, {T("Timestamp"), true}, {T("True"), false},
	{T("W"), false}, {T("WARN"), false}, {T("WARNING"), false}, {T("Waiting"), true}, {T("Waiting:"), true},
	{T("accepted_prediction_tokens"), true}, {T("api_key"), false}, {T("arrival_ns"), true}, {T("asctime"), true},
	{T("at_ns"), true}, {T("attempts"), false}, {T("attributes"), false}, {T("audio_tokens"), true},
	{T("batch"), false}, {T("cache"), false}, {T("cache_creation_input_tokens"), true}, {T("cache_n"), true},
	{T("cache_read_input_tokens"), true}, {T("cache_write_tokens"), true}, {T("cachedContentTokenCount"), true},
	{T("cached_input_len"), true}, {T("cached_tokens"), true}, {T("candidatesTokenCount"), true},
	{T("chat.completion"), false}, {T("choices"), false}, {T("code"), true}, {T("completion"), false},
	{T("completionStartTime"), true}, {T("completion_tokens"), true}, {T("completion_tokens_details"), false},
	{T("concurrency"), false}, {T("counter_id"), true}, {T("created"), true}, {T("created_at"), true},
	{T("custom_id"), false}, {T("data"), false}, {T("date"), true}, {T("decode_gpu_ns"), true},
	{T("decode_kv_tokens"), true}, {T("decode_len"), true}, {T("decode_log_interval"), true},
	{T("decode_requests"), true}, {T("decode_tokens"), true}, {T("doubleValue"), false}, {T("dp_rank"), true},
	{T("duration"), true}, {T("duration_kind"), false}, {T("duration_ms"), true}, {T("dynamo"), false},
	{T("dynamo.fpm.trace.v1"), false}, {T("dynamo.request.trace.v1"), false}, {T("e2e_latency"), true},
	{T("elapsed_time"), true}, {T("endTime"), true}, {T("endTimeUnixNano"), true}, {T("end_ns"), true},
	{T("end_time"), true}, {T("end_user"), false}, {T("error"), false}, {T("eval"), true},
	{T("eval_count"), true}, {T("eval_duration"), true}, {T("event"), false}, {T("event_time_unix_ms"), true},
	{T("false"), false}, {T("finish_ns"), true}, {T("finished"), false}, {T("first_token_ns"), true},
	{T("forward_duration"), true}, {T("fpm"), false}, {T("gen"), false}, {T("gen_ai.latency.e2e"), true},
	{T("gen_ai.latency.time_in_queue"), true}, {T("gen_ai.latency.time_to_first_token"), true},
	{T("gen_ai.usage.cached_tokens"), true}, {T("gen_ai.usage.completion_tokens"), true},
	{T("gen_ai.usage.input_tokens"), true}, {T("gen_ai.usage.output_tokens"), true},
	{T("gen_ai.usage.prompt_tokens"), true}, {T("generation"), false}, {T("global_rank"), true},
	{T("gpuForwardTimeMS"), true}, {T("gpu_events"), false}, {T("gpu_ns"), true}, {T("graphs"), false},
	{T("hit"), false}, {T("host_step_time"), true}, {T("host_wall_full"), false}, {T("host_wall_wait"), false},
	{T("id"), false}, {T("id_slot"), true}, {T("id_task"), true}, {T("image_tokens"), true}, {T("inf"), false},
	{T("input"), false}, {T("inputTokenCount"), true}, {T("inputTokens"), true}, {T("input_len"), true},
	{T("input_length"), true}, {T("input_tokens"), true}, {T("input_tokens_details"), false},
	{T("intValue"), false}, {T("iter"), true}, {T("iteration"), true}, {T("key"), false}, {T("kind"), false},
	{T("launch_slot_"), false}, {T("level"), false}, {T("lmdeploy"), false}, {T("load_duration"), true},
	{T("log"), false}, {T("log_gap"), false}, {T("message"), false}, {T("meta_info"), false},
	{T("metadata"), false}, {T("metrics"), false}, {T("model"), false}, {T("ms"), true}, {T("msg"), false},
	{T("n_decoded"), true}, {T("n_gen"), true}, {T("n_past"), true}, {T("n_prompt_tokens"), true},
	{T("n_prompt_tokens_processed"), true}, {T("n_tokens"), true}, {T("name"), false}, {T("nan"), false},
	{T("null"), false}, {T("numContextRequests"), true}, {T("numCtxKvTokens"), true}, {T("numCtxTokens"), true},
	{T("numGenKvTokens"), true}, {T("numGenRequests"), true}, {T("num_ctx_requests"), true},
	{T("num_ctx_tokens"), true}, {T("num_decode_requests"), true}, {T("num_generation_tokens"), true},
	{T("num_prefill_requests"), true}, {T("num_scheduled_requests"), true}, {T("obj"), false},
	{T("object"), false}, {T("observed_at_unix_ms"), true}, {T("ok"), false}, {T("out"), false},
	{T("output"), false}, {T("outputTokenCount"), true}, {T("outputTokens"), true}, {T("output_len"), true},
	{T("output_tokens"), true}, {T("output_tokens_details"), false}, {T("parentSpanId"), false},
	{T("per"), false}, {T("power.draw"), true}, {T("predicted_ms"), true}, {T("predicted_n"), true},
	{T("preemptions"), true}, {T("prefill_gpu_ns"), true}, {T("prefill_kv_tokens"), true},
	{T("prefill_requests"), true}, {T("prefill_token_kv"), true}, {T("prefill_tokens"), true},
	{T("prefill_waiting_latency"), true}, {T("prevDeviceStepTimeMS"), true}, {T("prev_device_step_time"), true},
	{T("print_info"), false}, {T("print_timing"), false}, {T("print_timings"), false}, {T("priority"), true},
	{T("prompt"), false}, {T("promptTokenCount"), true}, {T("prompt_eval_cached_count"), true},
	{T("prompt_eval_count"), true}, {T("prompt_eval_duration"), true}, {T("prompt_ms"), true},
	{T("prompt_n"), true}, {T("prompt_throughput"), true}, {T("prompt_tokens"), true},
	{T("prompt_tokens_details"), false}, {T("queue_duration"), true}, {T("queue_time"), true},
	{T("queued_requests"), true}, {T("rate"), true}, {T("reason"), false}, {T("reasoning_tokens"), true},
	{T("rejected_prediction_tokens"), true}, {T("release"), false}, {T("replica"), false}, {T("reqs"), false},
	{T("request.finished"), false}, {T("request_id"), false}, {T("request_received_ms"), true},
	{T("requests"), true}, {T("resource"), false}, {T("resourceSpans"), false}, {T("response_code"), true},
	{T("result"), false}, {T("reused"), false}, {T("rid"), false}, {T("s"), true}, {T("scheduled_ns"), true},
	{T("scheduled_requests"), true}, {T("schema"), false}, {T("schema_version"), false}, {T("scope"), false},
	{T("scopeSpans"), false}, {T("second"), false}, {T("server_args"), false}, {T("session"), false},
	{T("sglang"), false}, {T("slot"), true}, {T("spanId"), false}, {T("spans"), false}, {T("srv"), false},
	{T("startTime"), true}, {T("startTimeUnixNano"), true}, {T("start_ns"), true}, {T("start_time"), true},
	{T("states"), true}, {T("status"), false}, {T("status_code"), true}, {T("stderr"), false},
	{T("stdout"), false}, {T("step"), true}, {T("stream"), false}, {T("stringValue"), false},
	{T("sum_decode_kv_tokens"), true}, {T("sum_prefill_kv_tokens"), true}, {T("sum_prefill_tokens"), true},
	{T("t_prompt_processing"), true}, {T("t_token_generation"), true}, {T("task"), true},
	{T("task.n_tokens"), true}, {T("team_id"), false}, {T("tenant"), false}, {T("tenant_id"), false},
	{T("text"), false}, {T("text_completion"), false}, {T("text_tokens"), true}, {T("thoughtsTokenCount"), true},
	{T("throughput"), true}, {T("time"), true}, {T("time_to_first_token_ms"), true}, {T("timestamp"), true},
	{T("timings"), false}, {T("tok/s"), true}, {T("token"), true}, {T("token,"), false}, {T("tokens"), true},
	{T("tokens/s"), true}, {T("tokens_cached"), true}, {T("tokens_evaluated"), true},
	{T("tokens_predicted"), true}, {T("toks/s"), true}, {T("tollbook.power.v1"), false},
	{T("tollbook.request.v1"), false}, {T("tollbook.step.v1"), false}, {T("tollbook.window.v1"), false},
	{T("total"), true}, {T("totalTokenCount"), true}, {T("totalTokens"), true}, {T("total_duration"), true},
	{T("total_time_ms"), true}, {T("total_tokens"), true}, {T("traceId"), false}, {T("true"), false},
	{T("ts"), true}, {T("ttft_ms"), true}, {T("type"), false}, {T("unit"), false}, {T("update_slots"), false},
	{T("usage"), true}, {T("usage_object"), false}, {T("user"), false}, {T("value"), false},
	{T("var_decode_kv_tokens"), true}, {T("var_prefill_length"), true}, {T("vllm"), false},
	{T("wall_time"), true}, {T("watts"), true}, {T("window"), false},
};

const struct redact_word *redact_word_find(struct text t) {
	size_t low = 0, high = sizeof words / sizeof *words;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = text_compare(words[middle].word, t);
		if (order == 0) {
			return &words[middle];
		}
		low = order < 0 ? middle + 1 : low;
		high = order < 0 ? high : middle;
	}
	return NULL;
}
