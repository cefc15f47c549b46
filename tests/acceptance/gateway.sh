#!/bin/sh
# Tenants from gateways' logs: one run and nights of a book say the same, and report alike what is on one side only.
cd "$(dirname "$0")/../.." || exit 3
tollbook=$(realpath "${TOLLBOOK:-build/tollbook}")
data=$(realpath tests/data/truth/tiny-8b)
command -v jq > /dev/null || { echo "skip: no jq"; exit 77; }
failures=0
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 3

# same WHAT GOT EXPECTED
same() {
	if [ "$2" = "$3" ]; then
		echo "ok: $1"
	else
		echo "FAIL: $1: $2, expected $3"
		failures=$((failures + 1))
	fi
}

# ---- two replicas whose logs know no tenants, and two gateways' logs ----

mkdir logs gateways
gzip -dc "$data/requests.jsonl.gz" > first
sed 's/rtx-tiny-01/rtx-tiny-02/; s/"id":"chatcmpl-..../"id":"chatcmpl-ffff/' first > second
cat first second | sed -E 's/"tenant":"[^"]*",//' > logs/requests.jsonl
gzip -dc "$data/steps.jsonl.gz" > logs/steps-1.jsonl
sed 's/rtx-tiny-01/rtx-tiny-02/' logs/steps-1.jsonl > logs/steps-2.jsonl
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
# Of the second: one that went elsewhere.
jq -c "$(cat shapes.jq) envoy" second > gateways/envoy.jsonl
head -1 second | jq -c "$(cat shapes.jq) envoy" | sed 's/"x-request-id":"[^"]*"/"x-request-id":"elsewhere"/; s/"gen_ai.usage.input_tokens":/&77/' >> gateways/envoy.jsonl
cp "$data/fleet.json" .

figures='{total, models, tenants, rows, evidence}'
# told FILE: what is on one side only, and what differs
told() {
	jq -r '(.quality.warnings[] | select(test("gateway"))), (.quality.rejected[] | select(.reason | test("gateway")) | "\(.lines) \(.reason)")' "$1" |
		sed 's/ (the first: [^)]*)//' | sort
}

"$tollbook" run -q --no-progress --fleet fleet.json --by hour,tenant --format json -o run.json logs gateways
same "run: exit status" "$?" 1
same "run: requests of each tenant" "$(jq -c '[.tenants[] | [.tenant, .requests]]' run.json)" \
	'[["",1],["acme-chat",473],["ide-helper",128]]'
same "run: what is told of it" "$(told run.json | wc -l)" 3
told run.json

# ---- nights: the first gateway's log comes a night later ----

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
same "nights: the same is told" "$(told report.json)" "$(told run.json)"

[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
