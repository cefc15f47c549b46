"""forged.py TOLLBOOK FIRST COUNT: strings that users choose do not change any count.

For each format a log has slots for users' strings (prompts, stop strings, ids of requests, user agents, paths),
quoted as its server quotes them. Each seed fills them with texts that look like fields, lines, ends of strings or envelopes
of the same format; tokens, requests and GPU time of the statement must be those of the log with harmless strings.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

import envelopes

LIMIT_S = 300 if os.environ.get("SANITIZED") else 60

FORGED = [
    "'prompt_tokens': 1, 'completion_tokens': 1, 'cached_tokens': 1,", "\"prompt_tokens\": 1, \"completion_tokens\": 1",
    "input_len=1, output_len=1, cached_input_len=1", "input len=1, output len=1", "}, 'meta_info': {'id': 'z', 'prompt_tokens': 1, 'completion_tokens': 1}}",
    "'}, out={'text': '', 'meta_info': {'prompt_tokens': 1}}", "\\", "\\'", "\\\"", "'", "\"", "'\"", "')", "\"}", "\"}}\n{\"", "{", "}}}", "[[[[", "\x00", "\x1b[31m", "é漢\U0001f600",
    "[2026-10-31 03:45:11] Prefill batch, #new-seq: 1, #new-token: 99999, #cached-token: 0, token usage: 0.08, #running-req: 31, #queue-req: 0,",
    "[2026-10-31 03:45:11] Finish: obj=GenerateReqInput(rid='f'), out={'meta_info': {'id': 'f', 'prompt_tokens': 5000, 'completion_tokens': 9, 'e2e_latency': 1}}",
    "ReqTimeStats(rid=f, input_len=5000, output_len=9, attempts=1, type=unified): forward_duration=1ms, entry_time=1793418311.1",
    "INFO 10-31 03:45:20 [loggers.py:72] Engine 000: Avg prompt throughput: 1000.0 tokens/s, Avg generation throughput: 2000.0 tokens/s, Running: 9 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.0%, Prefix cache hit rate: 0.0%",
    "prompt eval time = 1.0 ms / 5000 tokens", "total_time=\"9s\" input_length: 5000", "session=9, input_tokens=9999", "usage\":{\"prompt_tokens\":9999}",
    "say \"tollbook.request.v1\"", "\"schema\":\"tollbook.step.v1\"", "text_generation_router::server time_per_token=\"1ms\"", "organization.usage.completions",
    "Output generated in 3.50 seconds (34.29 tokens/s, 120 tokens, context 412, seed 1234)", "Metrics (ID: a): 120 tokens generated in 3.5 seconds (Queue: 0.0 s)",
    "\"inflightBatchingStats\":{}", "print_timings: prompt eval time =     921.80 ms /    51 tokens", "\"function\":\"print_timings\"", "\"eval_duration\":5",
    "\"event\":\"request.finished\"", "{\"resourceSpans\":[]}", "\"usageDetails\"", "[TRT-LLM] [I] iter = 1", "slot print_timing: id  0 | task 1 |", "LocalAI", "vllm:prompt_tokens_total{} 5",
    "total_tokens: 77", "2026-10-31T03:45:10Z stderr F x", "x\r\ny", "x\u2028y", "a" * 3000, "server_args=ServerArgs(model_path='evil', tp_size=8)",
]


# What users may choose as a whole object, such as metadata or the arguments of a tool.
OBJECTS = [
    {"event": "request.finished"}, {"resourceSpans": []}, {"scopeSpans": [], "spanId": "x"}, {"schema": "tollbook.request.v1"}, {"schema": "dynamo.request.trace.v1"},
    {"schema": "tollbook.step.v1", "gpu_ns": 5, "start_ns": 1, "finish_ns": 7}, {"gen_ai.usage.input_tokens": 1, "start_time": "x", "duration": 1, "response_code": 2},
    {"spanId": "1", "traceId": "2", "tags": [], "gen_ai.usage.input_tokens": 5}, {"event.name": "claude_code.api_request", "attributes": {"input_tokens": 5}},
    {"eval_count": 1, "eval_duration": 5, "total_duration": 5, "done": True}, {"iter": 1, "inflightBatchingStats": {"numCtxTokens": 1}}, {"perf_metrics": {"first_iter": 1}},
    {"log": "x"}, {"message": "[2026-10-31 03:45:11] Prefill batch, #new-seq: 1", "time": "2026-10-31T03:45:11Z"}, {"textPayload": "a b", "timestamp": "2026-10-31T03:45:11Z"},
    {"function": "print_timings", "msg": "prompt eval time", "id_slot": 0}, {"timings": {"prompt_n": 1, "predicted_n": 1}}, {"target": "text_generation_router::server",
    "span": {"time_per_token": "1ms"}}, {"values": [["1", "x y"]]}, {"fpm": {"wall_time": 1, "scheduled_requests": {"sum_decode_kv_tokens": 1}}},
    {"received_at_ns": 1, "metrics": {"wall_time": 1, "scheduled_requests": {"sum_decode_kv_tokens": 1}}}, {"metric": {"__name__": "vllm:x"}}, {"_source": {"message": "x y"}},
    {"body": {"stringValue": "a b"}}, {"MESSAGE": "x y", "__REALTIME_TIMESTAMP": "1"}, {"_msg": "a b", "_time": "2026-10-31T03:45:11Z"}, {"request_parameters": 1},
    {"usage": {"prompt_tokens": 9999, "completion_tokens": 9}}, {"usageDetails": {"input": 9999}}, {"object": "organization.usage.completions.result", "num_model_requests": 9,
    "input_tokens": 9}, {"modelUsage": {"m": {"inputTokens": 9999, "outputTokens": 9}}}, {"response": {"usage": {"prompt_tokens": 9999, "completion_tokens": 9}}},
]


def an_object(u):
    """One of them, chosen by a text, so that a seed decides it; the harmless text gives a harmless one."""
    text = u()
    return {"note": text} if text == "hello" else dict(OBJECTS[sum(text.encode("utf-8", "surrogateescape")) % len(OBJECTS)], note=text)


def python(text):
    return repr(text)


def dumps(text):
    return json.dumps(text)


def words(text):
    """An id that HTTP and Python accept: it contains no newline."""
    return text.replace("\n", " ").replace("\r", " ").replace("\u2028", " ").replace("\x00", "")


def sglang(u):
    return ["[2026-10-31 03:45:00] server_args=ServerArgs(model_path='org/M-8B', served_model_name='m-8b', decode_log_interval=40)",
            "[2026-10-31 03:45:10] Prefill batch, #new-seq: 1, #new-token: 161, #cached-token: 0, token usage: 0.08, #running-req: 31, #queue-req: 0,",
            "[2026-10-31 03:45:11] Receive: obj=GenerateReqInput(rid='r1', text=%s, sampling_params={'stop': [%s]})" % (python(u()), python(u())),
            "[2026-10-31 03:45:12] Finish: obj=GenerateReqInput(rid='r1', text=%s, sampling_params={'stop': %s}), out={'text': %s, 'meta_info': {'id': 'r1', "
            "'finish_reason': {'type': 'stop', 'matched': %s}, 'prompt_tokens': 90000, 'completion_tokens': 4000, 'cached_tokens': 16, 'e2e_latency': 1.5}}"
            % (python(u()), python(u()), python(u()), python(u())),
            "[2026-10-31 03:45:14] Finish: obj=GenerateReqInput(rid=%s, text='x'), out={'text': 'y', 'meta_info': {'id': 'r2', "
            "'finish_reason': {'type': 'length', 'length': 5}, 'prompt_tokens': 700, 'completion_tokens': 5, 'cached_tokens': 0, 'e2e_latency': 1.5}}" % python(u())]


def sglang_json(u):
    return [json.dumps({"timestamp": "2026-10-31T03:45:20.5", "event": "request.finished", "rid": "r%d" % i, "obj": {"text": u(), "rid": u(), "stop": [u()], "custom_params": an_object(u)},
                        "out": {"text": u(), "meta_info": {"id": "r%d" % i, "prompt_tokens": 100, "completion_tokens": 40, "cached_tokens": 2, "e2e_latency": 1.5}}},
                       ensure_ascii=False) for i in range(3)]


def vllm(u):
    statistics = ("INFO 10-31 03:45:%d [loggers.py:72] Engine 000: Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 20.0 tokens/s, "
                  "Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.0%%, Prefix cache hit rate: 0.0%%")
    return [statistics % 20, "INFO 10-31 03:45:21 [logger.py:41] Received request %s: prompt: %s, params: SamplingParams(n=1, stop=[%s]), "
            "prompt_token_ids: None, lora_request: None." % (words(u()), python(u()), python(u())),
            "INFO 10-31 03:45:22 [logger.py:41] Generated response r1: output: %s, output_token_ids: [1], finish_reason: stop" % python(u()),
            statistics % 30, "INFO 10-31 03:45:31 [async_llm.py:1] Added request %s." % words(u()), statistics % 40]


def usage(u):
    return [json.dumps({"id": "chatcmpl-%d" % i, "object": "chat.completion", "created": 1793418311 + i, "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": u(), "tool_calls": [{"function": {"name": u(), "arguments": json.dumps({u(): u()})}}]}}],
        "usage": {"prompt_tokens": 40, "completion_tokens": 7}, "metadata": an_object(u), u()[:20] or "k": u()}, ensure_ascii=False) for i in range(3)]


def ollama(u):
    return [json.dumps({"model": "m:latest", "created_at": "2026-10-31T10:00:0%d.51001Z" % i, "message": {"role": "assistant", "content": u(), "thinking": u(), "tool_calls": [{"function": {"name": "f", "arguments": an_object(u)}}]},
                        "done_reason": "stop", "done": True, "total_duration": 4883583458, "load_duration": 1334875, "prompt_eval_count": 26,
                        "prompt_eval_duration": 342546000, "eval_count": 282, "eval_duration": 4535599000}, ensure_ascii=False) for i in range(3)]


def llamacpp(u):
    return ["0.00.000.100 I srv  load_model: loading model 'x.gguf'",
            "132.02.350.000 D slot update_slots: id  0 | task 9161 | prompt: %s" % python(u()),
            "132.02.359.400 I slot print_timing: id  0 | task 9161 | prompt eval time =    8461.20 ms /  1934 tokens (    4.37 ms per token,   228.57 tokens per second)",
            "132.02.359.404 I slot print_timing: id  0 | task 9161 |        eval time =    1851.77 ms /    62 tokens (   29.87 ms per token,    33.48 tokens per second)",
            "132.02.359.410 I slot print_timing: id  0 | task 9161 |       total time =   10312.97 ms /  1996 tokens",
            "132.02.360.000 D srv  log_server_r: response: %s" % dumps({"content": u()})]


def envoy(u):
    return [json.dumps({"start_time": "2026-10-31T03:45:2%d.138Z" % i, "duration": 1000, "response_code": 200, "user_agent": u(), "path": "/v1/" + u(),
                        "gen_ai.request.model": "m", "gen_ai.response.model": "m", "gen_ai.usage.input_tokens": 40, "gen_ai.usage.output_tokens": 7,
                        "x-request-id": "q%d" % i}, ensure_ascii=False) for i in range(3)]


def lmdeploy(u):
    return ["[2026-08-21 10:00:10 DP0] Avg thr (in/out): 803.2 / 24.7 tokens/s, Server (succeeded/failed/routed/waiting): 9 / 0 / 1 / 0, Engine (running/waiting): "
            "1 / 0, KV cache: 6.8%, Prefix cache hit rate: 43.1%,",
            "2026-08-21 10:00:10,123 - lmdeploy - INFO - logger.py:45 - session=7, adapter_name=None, input_tokens=26, gen_config=GenerationConfig(stop_words=[%s]), prompt=%s" % (python(u()), python(u())),
            "[2026-08-21 10:00:20 DP0] Avg thr (in/out): 803.2 / 24.7 tokens/s, Server (succeeded/failed/routed/waiting): 9 / 0 / 1 / 0, Engine (running/waiting): "
            "1 / 0, KV cache: 6.8%, Prefix cache hit rate: 43.1%,"]


def sglang_stats(u):
    return ["[2026-10-31 03:45:1%d TP0] ReqTimeStats(rid=%s, input_len=40, cached_input_len=12, output_len=7, attempts=1, type=unified): queue_duration=1.23ms, "
            "forward_duration=456.78ms, entry_time=1793418310.12%d" % (i, words(u()), i) for i in range(3)]


def vllm_rust(u):
    return ['2026-10-31T03:45:1%d.123456Z  INFO vllm_server::chat: chat completion finished request_id=%s stream=true model="m" prompt_tokens=26 output_tokens=282 '
            'finish_reason="stop" user=%s' % (i, dumps(u()), dumps(u())) for i in range(3)]


def llamacpp_old(u):
    return ['INFO [      log_server_request] request | tid="1" timestamp=1793418309 remote_addr="127.0.0.1" remote_port=5000 status=200 method="POST" path=%s params={}' % dumps(u()),
            "INFO [           print_timings] prompt eval time     =      15.61 ms /    12 tokens (    1.30 ms per token,   768.49 tokens per second) | tid=\"1\" "
            "timestamp=1793418310 id_slot=0 id_task=3 t_prompt_processing=15.615 n_prompt_tokens_processed=12 t_token=1.3 n_tokens_second=768.4",
            "INFO [           print_timings] generation eval time =      90.00 ms /    10 runs   (    9.00 ms per token,   111.11 tokens per second) | tid=\"1\" "
            "timestamp=1793418310 id_slot=0 id_task=3 t_token_generation=90.0 n_decoded=10 t_token=9.0 n_tokens_second=111.1",
            "INFO [           print_timings]           total time =     105.61 ms | tid=\"1\" timestamp=1793418310 id_slot=0 id_task=3 t_prompt_processing=15.615 "
            "t_token_generation=90.0 t_total=105.615",
            'VERB [      log_server_request] request | tid="1" timestamp=1793418311 request=%s response=%s' % (dumps(dumps({"prompt": u()})), dumps(dumps({"content": u()})))]


def llamacpp_old_json(u):
    return [json.dumps({"tid": "1", "timestamp": 1793418309, "level": "INFO", "function": "log_server_request", "line": 1, "msg": "request", "path": u(), "params": {u(): u()}}),
            '{"tid":"1","timestamp":1793418310,"level":"INFO","function":"print_timings","line":300,"msg":"prompt eval time     = 15.61 ms","id_slot":0,"id_task":4,'
            '"t_prompt_processing":15.615,"n_prompt_tokens_processed":12,"t_token":1.3,"n_tokens_second":768.4}',
            '{"tid":"1","timestamp":1793418310,"level":"INFO","function":"print_timings","line":310,"msg":"generation eval time = 90.00 ms","id_slot":0,"id_task":4,'
            '"t_token_generation":90.0,"n_decoded":10,"t_token":9.0,"n_tokens_second":111.1}',
            '{"tid":"1","timestamp":1793418310,"level":"INFO","function":"print_timings","line":320,"msg":"          total time = 105.61 ms","id_slot":0,"id_task":4,'
            '"t_prompt_processing":15.615,"t_token_generation":90.0,"t_total":105.615}',
            json.dumps({"tid": "1", "timestamp": 1793418311, "level": "VERB", "function": "log_server_request", "line": 2, "msg": "request", "request": u(), "response": u()})]


def desktop(u):
    return ["2026-10-31T03:45:10.000Z Output generated in 3.50 seconds (34.29 tokens/s, 120 tokens, context 412, seed 1234)",
            "2026-10-31T03:45:11.000Z llama_chat: %s" % python(u()),
            "2026-10-31T03:45:20.000Z INFO:     Metrics (ID: %s): 120 tokens generated in 3.5 seconds (Queue: 0.0 s, Process: 100 cached tokens and 312 new tokens at "
            "1500.0 T/s, Generate: 40.0 T/s, Context: 412 tokens)" % "6f1c"]


def otlp(u):
    def attribute(key, value):
        return {"key": key, "value": {"stringValue": value} if isinstance(value, str) else {"intValue": str(value)}}

    return [json.dumps({"resourceSpans": [{"resource": {"attributes": [attribute("service.name", "vllm"), attribute("x", u())]}, "scopeSpans": [{"scope": {"name": "vllm"}, "spans": [
        {"traceId": "5b%d" % i, "spanId": "ee%d" % i, "name": "llm_request", "startTimeUnixNano": "179341831%d000000000" % i, "endTimeUnixNano": "179341832%d000000000" % i,
         "status": {"message": u()}, "events": [{"name": u(), "attributes": [attribute("gen_ai.prompt", u())]}], "attributes": [
             attribute("gen_ai.request.id", words(u())[:30] + str(i)), attribute("gen_ai.prompt", u()), attribute("gen_ai.usage.prompt_tokens", 40),
             attribute("gen_ai.usage.completion_tokens", 7), attribute("gen_ai.completion", u())]}]}]}]}, ensure_ascii=False) for i in range(3)]


def dynamo(u):
    return [json.dumps({"timestamp": 41100, "event": {"schema": "dynamo.request.trace.v1", "event_type": "request_end", "event_time_unix_ms": 1793418314000 + i, "x": u(), "request": {
        "request_id": u()[:40] + str(i), "agent": {u(): u()}, "annotations": an_object(u), "model": "m", "input_tokens": 10, "output_tokens": 20, "cached_tokens": 4,
        "request_received_ms": 1793418310000 + i, "total_time_ms": 3999.5}}}, ensure_ascii=False) for i in range(3)]


def native(u):
    return [json.dumps({"schema": "tollbook.request.v1", "note": u(), "metadata": an_object(u), "id": u()[:40] + str(i), "model": "m", "tenant": "t" + u()[:60], "arrival_ns": 1793418310000000000 + i,
                        "finish_ns": 1793418314000000000, "prompt_tokens": 40, "completion_tokens": 7, u()[:20] + "k": u()}, ensure_ascii=False) for i in range(3)]


def cell(text):
    """As CSV's writers quote: quotes twice; a newline is part of the cell."""
    return '"' + text.replace('"', '""') + '"'


def usage_csv(u):
    return ["request_id,call_type,end_user,spend,total_tokens,prompt_tokens,completion_tokens,startTime,endTime,model,request_tags"] + [
        "r%d,acompletion,%s,0.1,120,100,20,2026-10-31 03:45:0%d.123+00,2026-10-31 03:45:06.123+00,gpt-4o,%s" % (i, cell(line_of(u())), i, cell(line_of(u()))) for i in range(3)]


def line_of(text):
    return text.replace("\n", " ").replace("\r", " ").replace("\x00", "")


def prometheus(u):
    def label(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    return ["# 2026-10-31T03:45:%d0Z\nvllm:prompt_tokens_total{user=%s,model_name=\"m\"} %d\nvllm:generation_tokens_total{x=%s,model_name=\"m\"} %d"
            % (i, label("x"), 1000 * (i + 1), label("y"), 100 * (i + 1)) + "\nhttp_requests_total{path=%s} 7" % label(u()) for i in range(3)]


FORMATS = [sglang, sglang_json, sglang_stats, vllm, vllm_rust, usage, usage_csv, ollama, llamacpp, llamacpp_old, llamacpp_old_json, envoy, lmdeploy, desktop, otlp, dynamo, native,
           prometheus]


def counts(tollbook, folder, text, log_format):
    path = os.path.join(folder, "x.log")
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as f:
        f.write(text)
    done = subprocess.run([tollbook, "run", "-q", "--gpu-hour", "2", "--log-year", "2026", "--format", "json", path], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
    if done.returncode > 1:
        return "exit status %d: %s" % (done.returncode, done.stderr[-200:])
    total = json.loads(done.stdout)["total"]
    return json.dumps([log_format, total["requests"], total["tokens"], total["gpu_ns"]], sort_keys=True)


def main():
    tollbook, first, count, failures = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            rnd = random.Random(seed)
            form = FORMATS[seed % len(FORMATS)]
            kind = "none" if rnd.random() < 0.3 or form is prometheus else rnd.choice(envelopes.NAMES)
            kind = "none" if kind == "label" and form is not vllm else kind # a label that only vLLM's processes write

            def forged():
                text = "".join(rnd.choice(FORGED) for _ in range(rnd.randint(1, 3)))
                return text[:rnd.randrange(len(text) + 1)] if rnd.random() < 0.2 else text

            right = counts(tollbook, folder, envelopes.wrap(kind, form(lambda: "hello")), form.__name__)
            got = counts(tollbook, folder, envelopes.wrap(kind, form(forged)), form.__name__)
            if got != right or "exit status" in right:
                failures.append("seed %d (%s, %s): %s instead of %s" % (seed, form.__name__, kind, got, right))
                if len(failures) > 10:
                    break
    print("\n".join(failures) or "ok: %d logs with forged strings" % count)
    sys.exit(1 if failures else 0)


main()
