#!/bin/sh
# Exports of one gateway or server whose periods overlap, under names of their own: each request counts once, in a run, in a book
# and in shards. Requests of two servers with the same lengths at the same pace remain two.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
export TOLLBOOK_NOW=2026-12-01T00:00:00Z

# requests FROM TO [ID]: numbers FROM to TO - 1, by a fixed generator; ID: without it they have no id
requests() {
	awk -v from="$1" -v to="$2" -v id="${3-r}" -v start="${4:-1786363200}" 'BEGIN {
		state = 7; at = 0
		for (n = 0; n < to; n++) {
			state = (state * 1103515245 + 12345) % 2147483648; at += state % 4000
			prompt = 20 + int(state / 64) % 3000; output = 5 + int(state / 8192) % 200
			if (n < from) continue
			printf "{\"schema\":\"tollbook.request.v1\",%s\"tenant\":\"t\",\"model\":\"m\",\"arrival_ns\":%d%03d%06d,\"first_token_ns\":%d%03d%06d,\"finish_ns\":%d%03d%06d,\"prompt_tokens\":%d,\"completion_tokens\":%d}\n",
				id == "" ? "" : "\"id\":\"" id n "\",", start + int(at / 1000), at % 1000, state % 1000000, start + int((at + 90) / 1000), (at + 90) % 1000, state % 1000000,
				start + int((at + 90 + 20 * output) / 1000), (at + 90 + 20 * output) % 1000, state % 999983, prompt, output
		}
	}'
}

# four_ways FOLDER: the statements of a run, of a book in a night for each log, and of two tasks
four_ways() {
	rm -rf book plan
	"$tollbook" run -q --gpu-hour 2 --by replica --format json -o run.json "$1" > said 2>&1
	status=$?
	for log in "$1"/*; do
		"$tollbook" ingest -q --book book "$log" > said 2>&1
		"$tollbook" attribute -q --gpu-hour 2 --book book > said 2>&1
	done
	"$tollbook" report -q --book book --by replica --format json -o nights.json > said 2>&1
	"$tollbook" shard plan --gpu-hour 2 --tasks 2 -o plan "$1" > said 2>&1
	for work in map fit attribute; do
		for task in 0 1; do
			"$tollbook" shard $work plan --task $task > said 2>&1
		done
	done
	"$tollbook" shard report -q plan --by replica --format json -o tasks.json > said 2>&1
}

# each_way WHAT INPUT REPLICAS COPIES: tokens of input, the names with a row, and those with a finding, in each of the first three
each_way() {
	for way in run nights tasks; do
		same "$1: $way" "$(jq -c '[.total.tokens.input, [.rows[].replica], [.findings[] | select(.kind == "counted-twice") | .subjects[0]]]' $way.json)" "[$2,$3,$4]"
	done
}

requests 0 600 > all.jsonl
truth=$(jq -s 'map(.prompt_tokens) | add' all.jsonl)
# named FILE: the same, reported by a server of the file's name (the others are a gateway's)
named() {
	sed -i "s/\"tenant\"/\"replica\":\"$(basename "$1" .jsonl)\",\"tenant\"/" "$1"
}
for id in r ''; do
	for overlap in 360 60 -60 6; do
		case $overlap in -*) overlap=${overlap#-} reported='' ;; *) reported=1 ;; esac
		what="${id:+ids, }$overlap of 600 in both${reported:+, servers}"
		rm -rf logs
		mkdir logs
		requests 0 $((300 + overlap / 2)) "$id" > logs/export-a.jsonl
		requests $((300 - overlap / 2)) 600 "$id" > logs/export-b.jsonl
		[ -z "$reported" ] || for log in logs/*; do named "$log"; done
		four_ways logs
		for way in run nights tasks; do
			same "$what: $way" "$(jq -c '[.total.tokens.input, .total.requests, [.rows[].replica], [.findings[] | select(.kind == "counted-twice") | .subjects[0]]]' $way.json)" \
				"[$truth,600,[\"export-a\"],[\"export-b\"]]"
		done
		same "$what: exit status" $status 1
	done
done
# Three exports, each with a part of the next one; one is stated to be the same.
rm -rf logs
mkdir logs
requests 0 250 > logs/export-a.jsonl
requests 200 450 > logs/export-b.jsonl
requests 400 600 > logs/export-c.jsonl
for log in logs/*; do named "$log"; done
four_ways logs
for way in run nights tasks; do
	same "three exports: $way" "$(jq -c '[.total.tokens.input, .total.requests, [.rows[].replica]]' $way.json)" "[$truth,600,[\"export-a\"]]"
done
"$tollbook" run -q --gpu-hour 2 --same export-a=export-b --same export-b=export-c --format json -o run.json logs > said 2>&1
same "stated: exit status" $? 0
same "stated" "$(jq -c '[.total.tokens.input, .total.requests, .findings]' run.json)" "[$truth,600,[]]"

# Logs of one server's steps, each with some that the next one has, too.
steps() { # FROM TO
	awk -v from="$1" -v to="$2" -v name="$3" 'BEGIN {
		state = 7; at = 0
		for (n = 0; n < to; n++) {
			state = (state * 1103515245 + 12345) % 2147483648; ms = 8 + state % 20; prompt = int(state / 64) % 4 ? 0 : 20 + int(state / 4096) % 900
			if (n >= from) printf "{\"schema\":\"tollbook.step.v1\",\"replica\":\"%s\",\"model\":\"m\",\"step\":%d,\"start_ns\":%d%03d%06d,\"gpu_ns\":%d000000,\"prefill_requests\":%d,\"prefill_tokens\":%d,\"decode_requests\":%d}\n",
				name, n, 1786363200 + int(at / 1000), at % 1000, state % 1000000, ms, (prompt > 0), prompt, 1 + state % 9
			at += ms + 1
		}
	}'
}
steps 0 3000 all > all.jsonl
truth=$(jq -s 'map(.prefill_tokens) | add' all.jsonl)
for overlap in 600 60; do
	rm -rf logs
	mkdir logs
	steps 0 $((1000 + overlap)) engine-a > logs/engine-a.jsonl
	steps 1000 $((2000 + overlap)) engine-b > logs/engine-b.jsonl
	steps 2000 3000 engine-c > logs/engine-c.jsonl
	four_ways logs
	each_way "$overlap of 3000 steps in both" $truth '["engine-a"]' '["engine-b","engine-c"]'
	same "$overlap of 3000 steps in both: exit status" $status 1
done
# A small part of a log's steps again, from its start or from within: too few to be seen as a copy.
for from in 0 1200; do
	rm -rf logs
	mkdir logs
	steps 0 3000 engine-a > logs/engine-a.jsonl
	steps $from $((from + 200)) engine-b > logs/engine-b.jsonl
	four_ways logs
	each_way "200 of 3000 steps again from $from" $truth '["engine-a"]' '["engine-b"]'
	same "200 of 3000 steps again from $from: exit status" $status 1
done
# A part of a log as another collector stamps it, in a file of its own: a copy.
rm -rf logs
mkdir logs
steps 0 3000 whole > logs/whole.jsonl
steps 1500 1800 part | sed 's/\("start_ns":[0-9]*\)[0-9]\{6\},/\1000007,/' > logs/part.jsonl
four_ways logs
each_way "300 of 3000 steps, stamped otherwise" $truth '["whole"]' '["part"]'
"$tollbook" run -q --gpu-hour 2 --same whole=part --format json -o run.json logs > said 2>&1
same "300 of 3000 steps, stated: exit status" $? 0
same "300 of 3000 steps, stated" "$(jq -c '[.total.tokens.input, .findings]' run.json)" "[$truth,[]]"

# Two gateways' logs of the same requests: ids of their own, a little earlier and later, by another clock, or in whole seconds.
# seen EARLY LATE [UNIT]: begins so many ms earlier and ends later, and a random part of 5 ms more; in multiples of UNIT ms
seen() {
	awk -v early="$1" -v late="$2" -v unit="${3:-1}" 'BEGIN {srand(3)} {
		for (i = 1; i <= 3; i++) {
			match($0, (i == 1 ? "arrival" : i == 2 ? "first_token" : "finish") "_ns\":[0-9]*")
			at = RSTART + index(substr($0, RSTART), ":"); ms = substr($0, at, 13) + (i == 1 ? -early - rand() * 5 : i == 2 ? late / 2 : late + rand() * 5)
			$0 = substr($0, 1, at - 1) sprintf("%.0f000000", int(ms / unit) * unit) substr($0, at + 19)
		}
		sub(/"id":"r/, "\"id\":\"other-"); print
	}'
}
for how in '8 6' '30 2000' '0 0 1000'; do
	for reported in 1 ''; do
		rm -rf logs
		mkdir logs
		requests 0 600 > logs/front.jsonl
		# shellcheck disable=SC2086
		seen $how < logs/front.jsonl > logs/inner.jsonl
		[ -z "$reported" ] || for log in logs/*; do named "$log"; done
		truth=$(jq -s 'map(.prompt_tokens) | add' logs/front.jsonl)
		four_ways logs
		for way in run nights; do
			same "two gateways, $how${reported:+, servers}: $way" "$(jq -c '[.total.tokens.input, .total.requests, [.rows[].replica], [.findings[] | select(.kind == "counted-twice") | .subjects[0]]]' $way.json)" \
				"[$truth,600,[\"front\"],[\"inner\"]]"
		done
		"$tollbook" run -q --gpu-hour 2 --same front=inner --format json -o run.json logs > said 2>&1
		same "two gateways, $how${reported:+, servers}, stated: exit status" $? 0
		same "two gateways, $how${reported:+, servers}, stated" "$(jq -c '[.total.tokens.input, .findings]' run.json)" "[$truth,[]]"
	done
done
# Half of them in each log: nothing is reported twice.
rm -rf logs
mkdir logs
requests 0 600 | awk 'NR % 2' > logs/front.jsonl
requests 0 600 | awk 'NR % 2 == 0' > logs/inner.jsonl
for log in logs/*; do named "$log"; done
four_ways logs
same "two halves" "$(jq -c '[.total.requests, [.rows[].replica], .findings]' run.json)" '[600,["front","inner"],[]]'

# Scrapes of a server, every ten seconds, and its requests under other names: in two logs, or a part of them.
scrapes() {
	awk '{
		match($0, /first_token_ns":[0-9]*/); first[NR] = substr($0, RSTART + 16, 13) / 1000
		match($0, /finish_ns":[0-9]*/); finish[NR] = substr($0, RSTART + 11, 13) / 1000
		match($0, /prompt_tokens":[0-9]*/); prompt[NR] = substr($0, RSTART + 15, RLENGTH - 15)
		match($0, /completion_tokens":[0-9]*/); output[NR] = substr($0, RSTART + 19, RLENGTH - 19)
		last = finish[NR] > last ? finish[NR] : last
	} END {
		for (t = 1786363190; t < last + 10; t += 10) {
			p = g = r = e = 0
			for (i = 1; i <= NR; i++) if (first[i] < t) {
				p += prompt[i]; part = (t - first[i]) / (finish[i] - first[i]); g += int(output[i] * (part < 1 ? part : 1)); r += part < 1; e += part >= 1
			}
			printf "# %d\nvllm:prompt_tokens_total{model_name=\"m\"} %d\nvllm:generation_tokens_total{model_name=\"m\"} %d\n", t, p, g
			printf "vllm:num_requests_running{model_name=\"m\"} %d\nvllm:request_success_total{model_name=\"m\",finished_reason=\"stop\"} %d\n", r, e
		}
	}'
}
requests 0 600 > all.jsonl
requests 0 600 r 1786363203 | sed 's/"id":"r/"id":"s/; s/"completion_tokens":/&1/' > others.jsonl
truth=$(jq -s 'map(.prompt_tokens) | add' all.jsonl)
counted() { # WHAT ROWS EXIT
	same "scrapes and $1: exit status" $status "$3"
	same "scrapes and $1" "$(jq -c '[.total.tokens.input, [.rows[].replica]]' run.json)" "[$truth,$2]"
}
rm -rf logs
mkdir logs
scrapes < all.jsonl > logs/metrics.prom
awk 'NR % 2' all.jsonl > logs/front.jsonl
awk 'NR % 2 == 0' all.jsonl > logs/inner.jsonl
for log in logs/*.jsonl; do named "$log"; done
four_ways logs
counted "requests in two logs" '["front"]' 0
rm logs/inner.jsonl
for share in 3 6; do
	awk -v share=$share '(NR * 7) % 10 < share' all.jsonl > logs/front.jsonl
	named logs/front.jsonl
	four_ways logs
	counted "$share of 10 requests" '["metrics.prom"]' 1
done
# Most of them are taken for all, which is reported.
awk 'NR % 10' all.jsonl > logs/front.jsonl
named logs/front.jsonl
four_ways logs
same "scrapes and 9 of 10 requests" "$status $(jq -c '[[.rows[].replica], [.findings[].kind]]' run.json)" '1 [["front"],["requests-partial"]]'
# Two servers behind one gateway: what their scrapes count is counted once; another server's requests count.
scrapes < others.jsonl > logs/more.prom
cat all.jsonl others.jsonl > logs/front.jsonl
named logs/front.jsonl
truth=$((2 * truth))
four_ways logs
counted "the requests of two servers" '["metrics.prom","more.prom"]' 1
rm logs/more.prom
awk 'NR % 3' others.jsonl > logs/front.jsonl
named logs/front.jsonl
truth=$(cat all.jsonl logs/front.jsonl | jq -s 'map(.prompt_tokens) | add')
"$tollbook" run -q --gpu-hour 2 --by replica --different metrics.prom=front --format json -o run.json logs > said 2>&1
status=$?
counted "the requests of another server, as stated" '["front","metrics.prom"]' 0

# Two servers of one benchmark, a second apart, whose requests are numbered alike.
rm -rf logs
mkdir logs
requests 0 300 > logs/server-a.jsonl
requests 0 300 r 1786363201 > logs/server-b.jsonl
sed -i 's/"completion_tokens":\([0-9]*\)/"completion_tokens":1\1/' logs/server-b.jsonl
four_ways logs
same "two servers" "$(jq -c '[.total.requests, [.rows[].replica], .findings]' run.json)" '[600,["server-a","server-b"],[]]'

# Two gateways of a load test: that they report the same requests shows in how many finish in each fraction of a second.
# load NAME SEED SECONDS PER_SECOND [MS]: equal requests at random instants, so much later and a random part of 3 ms more
load() {
	awk -v name="$1" -v seed="$2" -v seconds="$3" -v rate="$4" -v late="${5:-0}" 'BEGIN {
		srand(seed)
		for (i = 0; i < seconds * rate; i++) { at[i] = (i + 1e3 * rand()) / rate; from[i] = rand() }
		for (i = 0; i < seconds * rate; i++) {
			ms = int(1000 * at[i] + late + (late > 0) * 3 * rand()); s = 1790000000 + int(ms / 1000)
			printf "{\"schema\":\"tollbook.request.v1\",\"replica\":\"%s\",\"id\":\"%s-%d\",\"model\":\"m\",\"arrival_ns\":%d%03d%06d,\"first_token_ns\":%d%03d%06d,\"finish_ns\":%d%03d%06d,\"prompt_tokens\":128,\"completion_tokens\":64}\n", \
				name, name, i, s, ms % 1000, 1e6 * from[i], s, ms % 1000, 1e6 * from[i], s + 1, ms % 1000, 1e6 * from[i]
		}
	}'
}
crowds() { # WHAT SUBJECTS
	for way in run nights tasks; do
		same "load test of $1: $way" "$(jq -c '[.total.requests, [.findings[] | select(.kind == "counted-twice" and (.text | test("fraction"))) | .subjects[0]]]' $way.json)" "[12000,$2]"
	done
}
rm -rf logs
mkdir logs
load one 3 60 100 > logs/one.jsonl
load two 3 60 100 40 > logs/two.jsonl
four_ways logs
crowds "two gateways" '["two"]'
load two 4 60 100 40 > logs/two.jsonl
four_ways logs
crowds "two servers" '[]'
# 60,000 of them in some seconds: memory is bounded.
rm -rf logs
mkdir logs
for name in one two; do
	awk -v name=$name 'BEGIN {
		for (i = 0; i < 60000; i++) {
			s = 1790000000 + int(i / 10000); ns = i % 10000 * 100000
			printf "{\"schema\":\"tollbook.request.v1\",\"replica\":\"%s\",\"id\":\"%s-%d\",\"model\":\"m\",\"arrival_ns\":%d%09d,\"first_token_ns\":%d%09d,\"finish_ns\":%d%09d,\"prompt_tokens\":128,\"completion_tokens\":64}\n", name, name, i, s, ns, s, ns, s + 1, ns
		}
	}' > logs/$name.jsonl
done
# Sanitizers reserve terabytes of addresses.
([ -n "${SANITIZED:-}" ] || ulimit -v 400000; exec "$tollbook" run -q --gpu-hour 2 --format json -o run.json logs) > said 2>&1
same "equal requests of two gateways" "$? $(jq -c '[.total.requests, .findings[].kind]' run.json)" '1 [120000,"counted-twice"]'
finish
