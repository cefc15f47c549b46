#!/bin/sh
# User text, and the names of tenants where there is a key, are in none of tollbook's files and outputs.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq zstd
cd "$folder" || exit 3
umask 022

# ---- logs with MARKER in all texts that a server logs; each once complete, once truncated at the start, once at the end ----

mkdir whole logs
said='Say MARKER \"MARKER\", { \"MARKER\": \"MARKER\" }\nMARKER'
cat > whole/ollama.jsonl << END
{"model":"m:latest","created_at":"2026-08-21T10:00:04.51001Z","message":{"role":"assistant","content":"$said","thinking":"$said","tool_calls":[{"function":{"name":"f","arguments":{"x":"MARKER"}}}]},"done_reason":"stop","done":true,"total_duration":4883583458,"load_duration":1334875,"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000}
{"model":"m:latest","created_at":"2026-08-21T10:01:04.51001Z","done":true,"response":"$said","total_duration":-4,"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000}
END
cat > whole/openai.jsonl << END
{"id":"chatcmpl-1","object":"chat.completion","created":1786406365,"model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":"$said","refusal":"MARKER"},"logprobs":{"content":[{"token":"MARKER"}]}}],"usage":{"prompt_tokens":40,"completion_tokens":7}}
{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"$said"}],"usage":{"input_tokens":28,"output_tokens":7}}
{"id":"chatcmpl-4","created":1786406365,"choices":[{"text":"$said"}],"prompt":"$said","usage":{"prompt_tokens":"MARKER many","completion_tokens":7}}
END
cat > whole/litellm.jsonl << END
{"request_id":"l1","call_type":"acompletion","startTime":"2026-08-10T23:59:25.138Z","endTime":"2026-08-10T23:59:26.138Z","model":"m","team_id":"ACME-SECRET","prompt_tokens":4,"completion_tokens":5,"messages":[{"role":"user","content":"$said"}],"response":{"choices":[{"message":{"content":"$said"}}]},"proxy_server_request":"$said"}
{"request_id":"l2","startTime":"then MARKER","endTime":"2026-08-10T23:59:26.138Z","model":"m","team_id":"ACME-SECRET","prompt_tokens":4,"completion_tokens":5,"messages":"$said"}
END
cat > whole/litellm.csv << END
request_id,prompt_tokens,completion_tokens,startTime,endTime,model,team_id,messages
c1,4,5,2026-08-10 23:59:25.138,2026-08-10 23:59:26.138,m,ACME-SECRET,"MARKER"
c2,four,5,2026-08-10 23:59:25.138,2026-08-10 23:59:26.138,m,ACME-SECRET,MARKER
c3,4,5,2026-08-10 23:59:25.138,2026-08-10 23:59:26.138,m,ACME-SECRET,"MARKER and
MARKER
and then MARKER"
END
cat > whole/otlp.jsonl << END
{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"vllm"}}]},"scopeSpans":[{"scope":{"name":"vllm.llm_engine"},"spans":[{"traceId":"5b8e","spanId":"eee1","name":"llm_request","kind":2,"startTimeUnixNano":"1786406365000000000","endTimeUnixNano":"1786406366000000000","attributes":[{"key":"gen_ai.response.model","value":{"stringValue":"m"}},{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"40"}},{"key":"gen_ai.usage.completion_tokens","value":{"intValue":"7"}},{"key":"gen_ai.prompt","value":{"stringValue":"$said"}},{"key":"tenant.id","value":{"stringValue":"ACME-SECRET"}}],"events":[{"name":"gen_ai.content","attributes":[{"key":"gen_ai.completion","value":{"stringValue":"$said"}}]}]}]}]}]}
END
cat > whole/sglang.jsonl << END
{"timestamp":"2026-10-31T03:45:20","event":"request.finished","rid":"r1","obj":{"rid":"r1","text":"$said","input_ids":[1,2]},"out":{"text":"$said","meta_info":{"id":"r1","prompt_tokens":10,"completion_tokens":4,"cached_tokens":2,"e2e_latency":1.5}}}
{"timestamp":"2026-10-31T03:45:21","event":"request.finished","rid":"r2","obj":{"text":"$said"},"out":{"text":"$said","meta_info":{"id":"r2","prompt_tokens":-10,"completion_tokens":4,"e2e_latency":1.5}}}
END
cat > whole/vllm.log << 'END'
INFO 08-10 23:59:20 [loggers.py:72] Engine 000: Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 20.0 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.0%, Prefix cache hit rate: 0.0%
INFO 08-10 23:59:21 [logger.py:41] Received request chatcmpl-1: prompt: 'Say MARKER "MARKER" {"MARKER": 1}\nMARKER', params: SamplingParams(n=1, stop=['MARKER']), prompt_token_ids: None, lora_request: None.
INFO 08-10 23:59:22 [logger.py:41] Generated response chatcmpl-1: output: 'MARKER MARKER', output_token_ids: [1], finish_reason: stop
INFO 08-10 23:59:30 [loggers.py:72] Engine 000: Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 20.0 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.0%, Prefix cache hit rate: 0.0%
END
cat > whole/sglang.log << 'END'
[2026-10-31 03:45:00] server_args=ServerArgs(model_path='org/M-8B', served_model_name='m-8b', decode_log_interval=40)
[2026-10-31 03:45:10] Prefill batch, #new-seq: 1, #new-token: 161, #cached-token: 0, token usage: 0.08, #running-req: 31, #queue-req: 0,
[2026-10-31 03:45:11] Receive: obj=GenerateReqInput(rid='r', text='Say MARKER "MARKER"', sampling_params={'stop': 'MARKER'})
[2026-10-31 03:45:12] Finish: obj=GenerateReqInput(rid='r', text='MARKER'), out={'text': 'MARKER MARKER', 'meta_info': {'id': 'r', 'prompt_tokens': 'MARKER x', 'completion_tokens': 4, 'e2e_latency': 1.5}}
[2026-10-31 03:45:13] Decode batch, #running-req: 24, #token: 233600, token usage: 0.66, gen throughput (token/s): 239.12, #queue-req: 2
END
cat > whole/llamacpp.log << 'END'
0.00.000.100 I srv  load_model: loading model 'x.gguf'
132.02.350.000 D slot update_slots: id  0 | task 9161 | prompt: 'MARKER MARKER "MARKER"'
132.02.359.400 I slot print_timing: id  0 | task 9161 | prompt eval time =    8461.20 ms /  1934 tokens (    4.37 ms per token,   228.57 tokens per second)
132.02.359.404 I slot print_timing: id  0 | task 9161 |        eval time =    1851.77 ms /    62 tokens (   29.87 ms per token,    33.48 tokens per second)
132.02.359.410 I slot print_timing: id  0 | task 9161 |       total time =   10312.97 ms /  1996 tokens
132.02.359.500 I slot      release: id  0 | task 9161 | stop processing: n_tokens = 1995, truncated = 0
132.02.360.000 D srv  log_server_r: response: {"content":"MARKER"}
END
cat > whole/lmdeploy.log << 'END'
2026-08-21 10:00:10,123 - lmdeploy - INFO - async_engine.py:512 - session=7, adapter_name=None, input_tokens=26, gen_config=GenerationConfig(stop_words=['MARKER']), prompt='Say MARKER', prompt_token_id=[1]
2026-08-21 10:00:14,510 - lmdeploy - INFO - async_engine.py:588 - session 7 finished, reason "stop", input_tokens 26, output_tokens 282
END
cat > whole/envoy.jsonl << END
{"start_time":"2026-08-10T23:59:25.138Z","duration":451,"response_code":200,"x-request-id":"a","x-tenant-id":"ACME-SECRET","gen_ai.request.model":"m","gen_ai.response.model":"m-1","gen_ai.provider.name":"openai","gen_ai.usage.input_tokens":40,"gen_ai.usage.output_tokens":7,"request_body":"$said","response_body":"$said"}
END
cat > whole/native.jsonl << END
{"schema":"tollbook.request.v1","id":"n1","tenant":"ACME-SECRET","model":"m","replica":"r0","arrival_ns":1786406365000000000,"first_token_ns":1786406365500000000,"finish_ns":1786406366000000000,"prompt_tokens":9,"completion_tokens":4,"prompt":"$said","completion":"$said","user":"ACME-SECRET"}
{"schema":"tollbook.request.v1","id":"n2","tenant":"ACME-SECRET","model":"m","replica":"r0","arrival_ns":1786406365000000000,"finish_ns":1786406366000000000,"prompt_tokens":-9,"completion_tokens":4,"prompt":"$said"}
END
cat > whole/docker.jsonl << END
{"log":"{\"id\":\"chatcmpl-1\",\"created\":1786406365,\"model\":\"gpt-x\",\"choices\":[{\"text\":\"MARKER MARKER\"}],\"usage\":{\"prompt_tokens\":-40,\"completion_tokens\":7}}\n","stream":"stdout","time":"2026-08-10T23:59:25.138Z"}
{"log":"{\"id\":\"chatcmpl-2\",\"created\":1786406365,\"model\":\"gpt-x\",\"choices\":[{\"text\":\"MARKER MARKER\"}],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":7}}\n","stream":"stdout","time":"2026-08-10T23:59:25.138Z"}
END
for log in whole/*; do
	name=${log#whole/}
	cp "$log" "logs/$name"
	awk '{print; n = int(length($0) / 3); print substr($0, n); print substr($0, 1, 2 * n); print substr($0, n, n); print substr($0, 10)}' "$log" > "logs/cut-$name"
done

head -c 24 /dev/urandom | base64 > key
chmod 600 key
echo '{"schema": "tollbook.fleet.v1", "currency": "USD", "pools": [{"name": "p", "match": "*", "gpus_per_replica": 1, "rates": [{"from": "2020-01-01", "per_gpu_hour": "2"}]}]}' > fleet.json
cat > night.conf << 'END'
{"book": "book", "fleet": "fleet.json", "tenant_key": "key", "metrics": "out/night.prom",
 "logs": [{"path": "logs/*", "tenant": "ACME-SECRET"}],
 "reports": [{"output": "out/r.html", "format": "html", "by": "tenant"}, {"output": "out/r.json", "format": "json", "by": "hour,tenant"},
             {"output": "out/r.csv", "format": "csv", "by": "day,tenant"}, {"output": "out/r.txt", "by": "tenant,replica"}]}
END
mkdir out
export TOLLBOOK_NOW=2026-11-25T03:00:00Z
"$tollbook" nightly -v -c night.conf > out/night 2>&1
same "the night has findings: lines were cut" "$?" 1
same "no other user can read the key: no warning" "$(grep -c 'this key' out/night)" 0

# ---- all outputs ----

"$tollbook" run -v --fleet fleet.json --tenant-key-file key --tenant ACME-SECRET --by tenant,hour --quarantine out/quarantine \
	--requests out/requests.csv --model-report out/model logs > out/run 2>&1
"$tollbook" ingest --tenant-key-file key --tenant ACME-SECRET --quarantine out/quarantine2 -o out/records logs > out/ingest 2>&1
"$tollbook" ingest --dry-run logs > out/dry 2>&1
"$tollbook" report -v --book book --by hour,tenant --format jsonl > out/report 2>&1
"$tollbook" explain --book book --fleet fleet.json --tenant-key-file key --lines 1000 tenant=ACME-SECRET > out/figure 2>&1
same "a tenant is found by name with the key" "$?" 0
"$tollbook" explain --book book --fleet fleet.json --lines 1000 n1 > out/request 2>&1
"$tollbook" verify --book book --fleet fleet.json --all > out/verify 2>&1
"$tollbook" backup --dump --book book out/dump > out/backup 2>&1
"$tollbook" close --book book 2026-08 > out/close 2>&1
mkdir unpacked
find book -name '*.seg' | while read -r segment; do zstd -qdc "$segment" > "unpacked/${segment##*/}"; done
leaks() { grep -rlaF "$1" out book unpacked; }
# The cut logs are copies under other names: a request in both counts once.
same "lines were read" "$(jq '.total.requests >= 5 and .quality.lines > 100' out/r.json)" true
same "lines were refused" "$(wc -l < out/quarantine | awk '{print ($1 > 10)}')" 1
same "no word of a prompt or an answer" "$(leaks MARKER)" ""
same "no tenant by name" "$(leaks ACME-SECRET)" ""
same "a tenant by alias" "$(jq -r '.tenants[].tenant' out/r.json | grep -cE '^t-[0-9a-f]{16}$')" 1
same "the key is nowhere" "$(leaks "$(cat key)")" ""
same "what is kept is for owner and group" "$(find book -type f -perm /137; find book -type d -perm /027)" ""

# Without a key the quarantine keeps neither names nor user text: it contains only the words of the formats.
"$tollbook" run -q --fleet fleet.json --quarantine quarantine logs > /dev/null 2>&1
same "the quarantine without a key" "$(grep -c MARKER quarantine) $(grep -c ACME-SECRET quarantine) $(grep -c '"prompt_tokens":' quarantine | awk '{print ($1 > 0)}')" "0 0 1"

# ---- one key, one name: nights, machines, joins ----

# tenants FILE: aliases
tenants() { jq -r '.tenants[].tenant' "$1" | sort; }
"$tollbook" run -q --fleet fleet.json --tenant-key-file key --tenant ACME-SECRET --format json whole > run.json 2> /dev/null
same "run and night agree" "$(tenants run.json)" "$(tenants out/r.json)"
"$tollbook" shard plan -q --tasks 2 --fleet fleet.json --tenant-key-file key --tenant ACME-SECRET -o plan whole > said 2>&1
same "a plan keeps where the key is, not the key" "$? $(grep -rlF "$(cat key)" plan)" "0 "
for step in 'map 0' 'map 1' fit 'attribute 0' 'attribute 1'; do
	"$tollbook" shard ${step% *} -q $([ "$step" = fit ] || echo --task "${step#* }") plan >> said 2>&1
done
"$tollbook" shard report -q --format json plan > shards.json 2>> said
same "shards agree" "$(tenants shards.json)" "$(tenants run.json)"
same "shards know no name" "$(find plan -name '*.bundle' -exec grep -laF ACME-SECRET {} +)" ""
head -c 24 /dev/urandom | base64 > other
sed -i 's/"key"/"other"/' night.conf
touch logs/native.jsonl
"$tollbook" nightly -q -c night.conf > said 2>&1
same "another key is refused" "$? $(grep -c 'another key' said)" "2 1"
sed -i 's/"tenant_key": "other", //' night.conf
"$tollbook" nightly -q -c night.conf > said 2>&1
same "so is none" "$? $(grep -c 'no key' said)" "2 1"
chmod 644 key
"$tollbook" run --fleet fleet.json --tenant-key-file key whole > /dev/null 2> said
same "a warning of a key that all can read" "$(grep -c 'everybody can read this key' said)" 1
echo short > short
"$tollbook" run --fleet fleet.json --tenant-key-file short whole > /dev/null 2> said
same "a short key is none" "$? $(grep -c 'not a tenant key' said)" "2 1"

# A gateway names the tenants of an engine's requests, by alias.
mkdir gateway
cp "$tree"/samples/serving/steps.jsonl.gz gateway
gzip -dc "$tree/samples/serving/requests.jsonl.gz" | jq -c 'del(.tenant)' > gateway/engine.jsonl
gzip -dc "$tree/samples/serving/requests.jsonl.gz" | jq -c 'del(.replica)' > gateway/gateway.jsonl
"$tollbook" run -q --fleet "$tree/samples/fleet.json" --format json gateway > plain.json
"$tollbook" run -q --fleet "$tree/samples/fleet.json" --tenant-key-file key --format json gateway > aliased.json
amounts='[.tenants[] | {gpu_ns, tokens, requests}] | sort_by(.tokens.input)'
same "a gateway's tenants, by alias" "$(jq -c "$amounts" aliased.json)" "$(jq -c "$amounts" plain.json)"
same "as many" "$(jq '.tenants | length > 1' plain.json)" true
finish
