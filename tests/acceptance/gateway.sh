#!/bin/sh
# Tenants from gateways' logs: one run, nights of a book and shards have the same result, and the same report of requests on one side only.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
data=$(realpath tests/data/truth/tiny-8b)
need jq
cd "$folder" || exit 3

# ---- logs of two replicas without tenants, and logs of two gateways ----

mkdir logs gateways
gzip -dc "$data/requests.jsonl.gz" > first
# The second replica works 45 s later, its requests arrive some time before they did and its steps take some microseconds longer:
# it is not a copy of the first.
later() {
	awk '{
		out = ""
		while (match($0, /"(arrival|scheduled|first_token|finish|start)_ns":[0-9]+/)) {
			field = substr($0, RSTART, RLENGTH); name = field; sub(/:.*/, "", name); sub(/.*:/, "", field)
			seconds = substr(field, 1, 10) + 45; rest = substr(field, 11)
			if (name ~ /arrival/) {
				rest -= 1000 * (NR * 7919 % 997)
				if (rest < 0) {rest += 1000000000; seconds--}
				rest = sprintf("%09d", rest)
			}
			out = out substr($0, 1, RSTART - 1) name ":" seconds rest
			$0 = substr($0, RSTART + RLENGTH)
		}
		$0 = out $0
		if (match($0, /"gpu_ns":[0-9]+/)) {
			ns = substr($0, RSTART + 9, RLENGTH - 9)
			$0 = substr($0, 1, RSTART + 8) sprintf("%d", ns + 500 * (NR * 7919 % 997)) substr($0, RSTART + RLENGTH)
		}
		print
	}'
}
sed 's/rtx-tiny-01/rtx-tiny-02/; s/"id":"chatcmpl-..../"id":"chatcmpl-ffff/' first | later > second
cat first second | sed -E 's/"tenant":"[^"]*",//' > logs/requests.jsonl
gzip -dc "$data/steps.jsonl.gz" > logs/steps-1.jsonl
sed 's/rtx-tiny-01/rtx-tiny-02/' logs/steps-1.jsonl | later > logs/steps-2.jsonl
cat > shapes.jq << 'END'
def when: (. / 1e9 | floor | todate | .[:-1]) + "." + ("000" + (. % 1000000000 / 1000000 | floor | tostring))[-3:] + "Z";
def litellm: {request_id: .id, call_type: "acompletion", prompt_tokens, completion_tokens, startTime: (.arrival_ns | when),
	endTime: (.finish_ns | when), completionStartTime: (.first_token_ns | when), model, team_id: .tenant, cache_hit: "False"};
def envoy: {start_time: (.arrival_ns | when), duration: ((.finish_ns - .arrival_ns) / 1000000 | ceil), response_code: 200,
	"x-request-id": (.id | ltrimstr("chatcmpl-")), "gen_ai.response.model": ("meta/" + .model),
	"gen_ai.usage.input_tokens": .prompt_tokens, "gen_ai.usage.output_tokens": .completion_tokens, "x-tenant-id": .tenant};
END
# Of the first replica: one request is missing, one has other tokens, one an id that the engine does not know.
jq -c "$(cat shapes.jq) litellm" first | sed '5d; 7s/"prompt_tokens":/"prompt_tokens":1/; 9s/chatcmpl-[0-9a-f]*/unknown/' > gateways/litellm.jsonl
# Twenty of them are logged again, with the second in which they began, and one more byte for byte.
{ sed -n 20,39p gateways/litellm.jsonl | sed -E 's/("startTime":"[^"]*)\.[0-9]*Z/\1.000Z/'; sed -n 40p gateways/litellm.jsonl; } > again
cat again >> gateways/litellm.jsonl
# Of the second: one that went elsewhere.
jq -c "$(cat shapes.jq) envoy" second > gateways/envoy.jsonl
head -1 second | jq -c "$(cat shapes.jq) envoy" | sed 's/"x-request-id":"[^"]*"/"x-request-id":"elsewhere"/; s/"gen_ai.usage.input_tokens":/&77/' >> gateways/envoy.jsonl
cp "$data/fleet.json" .

figures='{total, models, tenants, rows, evidence}'
# differences FILE: requests on one side only, and those that differ
differences() {
	jq -r '(.quality.warnings[] | select(test("gateway"))), (.quality.rejected[] | select(.reason | test("gateway")) | "\(.lines) \(.reason)")' "$1" |
		sed 's/ (the first: [^)]*)//' | sort
}

"$tollbook" run -q --no-progress --fleet fleet.json --by hour,tenant --format json -o run.json logs gateways
same "run: exit status" "$?" 1
same "run: requests of each tenant" "$(jq -c '[.tenants[] | [.tenant, .requests]]' run.json)" \
	'[["",1],["acme-chat",473],["ide-helper",128]]'
same "run: lines of differences" "$(differences run.json | wc -l)" 3
differences run.json
same "run: duplicates of gateways" "$(jq .quality.duplicates run.json)" 21

# ---- nights: the first gateway's log arrives a night later ----

cat > tollbook.conf << 'END'
{"schema": "tollbook.config.v1", "book": "book", "fleet": "fleet.json", "logs": [{"path": "in/*"}],
 "reports": [{"period": "all", "by": "hour,tenant", "format": "json", "output": "report.json"}]}
END
mkdir in && cp logs/* gateways/envoy.jsonl in/
"$tollbook" nightly -q -c tollbook.conf
cp gateways/litellm.jsonl in/
"$tollbook" nightly -q -c tollbook.conf
same "nights: exit status" "$?" 1
same "nights: the same figures" "$(jq -S "$figures" report.json | sha256sum)" "$(jq -S "$figures" run.json | sha256sum)"
same "nights: the same differences" "$(differences report.json)" "$(differences run.json)"
same "nights: the same duplicates" "$(jq .quality.duplicates report.json)" 21

# ---- shards ----

# sharded PLAN LOG...: three tasks; the statement into PLAN.json
sharded() {
	plan=$1
	shift
	"$tollbook" shard plan -q --tasks 3 --fleet fleet.json -o "$plan" "$@"
	for step in map fit attribute; do
		for task in 0 1 2; do
			"$tollbook" shard $step -q --task $task "$plan"
		done
	done
	"$tollbook" shard report -q --by hour,tenant --format json -o "$plan.json" "$plan"
}

sharded shards logs gateways
same "shards: exit status" "$?" 1
same "shards: the same figures" "$(jq -S "$figures" shards.json | sha256sum)" "$(jq -S "$figures" run.json | sha256sum)"
same "shards: the same warnings" "$(jq -r '.quality.warnings[]' shards.json)" "$(jq -r '.quality.warnings[]' run.json)"
same "shards: the same duplicates" "$(jq .quality.duplicates shards.json)" 21
same "shards: the same differs" "$(jq -c .quality.rejected shards.json)" "$(jq -c .quality.rejected run.json)"
for task in 0 1 2; do
	"$tollbook" shard attribute -q --book posted --task $task shards
done
"$tollbook" report -q --book posted --by hour,tenant --format json -o posted.json
same "a ledger that tasks filled: the same figures" "$(jq -S "$figures" posted.json | sha256sum)" "$(jq -S "$figures" run.json | sha256sum)"
same "a ledger that tasks filled: the same differences" "$(differences posted.json)" "$(differences run.json)"
same "a ledger that tasks filled: the same duplicates" "$(jq .quality.duplicates posted.json)" 21

# ---- days without records of gateways: a gateway is not an idle replica, and requests still have no tenant ----

mkdir far
for day in 0 1 2 3 4; do
	head -100 first | sed -E 's/"tenant":"[^"]*",//' > part
	moved part $day > far/engine-$day.jsonl
done
for day in 0 4; do
	head -100 first | sed -E 's/"(replica|prefill_replica)":"[^"]*",?//g; s/,}/}/' > part
	moved part $day > far/gateway-$day.jsonl
done
far="$figures + {period, warnings: .quality.warnings | map(select(test(\"of engines|of gateways\")) | sub(\" .the first.*\"; \"\")), duplicates: .quality.duplicates}"
"$tollbook" run -q --no-progress --fleet fleet.json --by day,tenant --format json -o far.json far
same "days without a gateway: who pays" "$(jq -c '[.tenants[] | select(.tenant != "(not allocated)") | [.tenant, .requests]]' far.json)" '[["",300],["acme-chat",150],["ide-helper",50]]'
sed 's|"in/\*"|"nights/*"|; s/hour,tenant/day,tenant/' tollbook.conf > far.conf
for order in "engine-0 engine-1 engine-2 engine-3 engine-4 gateway-4 gateway-0" "gateway-0 gateway-4 engine-4 engine-0 engine-1 engine-3 engine-2"; do
	rm -rf book nights
	mkdir nights
	for log in $order; do
		cp "far/$log.jsonl" nights/
		"$tollbook" nightly -q -c far.conf
	done
	same "days without a gateway, from $log: the same in nights" "$(jq -S "$far" report.json | sha256sum)" "$(jq -S "$far" far.json | sha256sum)"
	"$tollbook" verify -q --book book > verified
	same "days without a gateway, from $log: verify" "$?" 0
done
"$tollbook" shard plan -q --tasks 2 --fleet fleet.json -o far-plan far
for step in map fit attribute; do
	for task in 0 1; do
		"$tollbook" shard $step -q --task $task far-plan
	done
done
"$tollbook" shard report -q --by day,tenant --format json -o far-shards.json far-plan
same "days without a gateway: the same in shards" "$(jq -S "$far" far-shards.json | sha256sum)" "$(jq -S "$far" far.json | sha256sum)"

# One replica without requests: the gateway's requests are assigned to it. Without any engine's log they are evidence of grade C.
alone() {
	name=$1
	shift
	"$tollbook" run -q --no-progress --fleet fleet.json --by hour,tenant --format json -o run-alone.json "$@"
	sharded "$name" "$@"
	same "shards, $name: requests and grades" "$(jq -c '.total.requests, .evidence' "$name.json")" \
		"$(jq -c '.total.requests, .evidence' run-alone.json)"
	same "shards, $name: the same figures" "$(jq -S "$figures" "$name.json" | sha256sum)" "$(jq -S "$figures" run-alone.json | sha256sum)"
}
alone steps-alone logs/steps-1.jsonl gateways/litellm.jsonl
alone gateway-alone gateways/litellm.jsonl
same "a gateway's log alone: requests and grades" "$(jq -c '[.total.requests, (.evidence[] | select(.gpu_ns > 0) | .grade)]' run-alone.json)" '[300,"C"]'
finish
