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
    "total_tokens: 77", "2026-10-31T03:45:10Z stderr F x", "x\r\ny", "x\u2028y", "a" * 3000, "server_args=ServerArgs(model_path='evil', tp_size=8)",
]


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
    return [json.dumps({"timestamp": "2026-10-31T03:45:20.5", "event": "request.finished", "rid": "r%d" % i, "obj": {"text": u(), "rid": u(), "stop": [u()]},
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
        "usage": {"prompt_tokens": 40, "completion_tokens": 7}, u()[:20] or "k": u()}, ensure_ascii=False) for i in range(3)]


def ollama(u):
    return [json.dumps({"model": "m:latest", "created_at": "2026-10-31T10:00:0%d.51001Z" % i, "message": {"role": "assistant", "content": u(), "thinking": u()},
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


FORMATS = [sglang, sglang_json, vllm, usage, ollama, llamacpp, envoy, lmdeploy]


def envelope(kind, line):
    stamp = "2026-10-31T03:45:25.123456789Z"
    return {"docker": lambda: json.dumps({"log": line + "\n", "stream": "stderr", "time": stamp}), "cri": lambda: stamp + " stderr F " + line,
            "vector": lambda: json.dumps({"timestamp": stamp, "message": line, "file": "/x"}), "none": lambda: line}[kind]()


def counts(tollbook, folder, lines, log_format):
    path = os.path.join(folder, "x.log")
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as f:
        f.write("\n".join(lines) + "\n")
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
            kind = rnd.choice(["none", "none", "docker", "cri", "vector"])

            def forged():
                text = "".join(rnd.choice(FORGED) for _ in range(rnd.randint(1, 3)))
                return text[:rnd.randrange(len(text) + 1)] if rnd.random() < 0.2 else text

            right = counts(tollbook, folder, [envelope(kind, line) for line in form(lambda: "hello")], form.__name__)
            got = counts(tollbook, folder, [envelope(kind, line) for line in form(forged)], form.__name__)
            if got != right or "exit status" in right:
                failures.append("seed %d (%s, %s): %s instead of %s" % (seed, form.__name__, kind, got, right))
                if len(failures) > 10:
                    break
    print("\n".join(failures) or "ok: %d logs with forged strings" % count)
    sys.exit(1 if failures else 0)


main()
