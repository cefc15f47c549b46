#!/bin/sh
# The substitutes for a fit where a day has too little evidence: each in order, and named in the statement.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3

# substitutes FLEET LOG...: the substitutes for a fit in the warnings of the statement, by their last words
substitutes() {
	fleet=$1
	shift
	"$tollbook" run -q --fleet "$fleet" --format json "$@" |
		jq -r '.quality.warnings[] | select(test("^a (day|pool) |^no window")) | sub(".*(by|of|in|their) (?<last>(the model of|published figures|numbers of tokens|pools with|proportions that).*)"; "\(.last)") | .[:39] | rtrimstr(" ")'
}

# ---- steps: the adjacent day, published figures of the GPU, tokens ----

cp "$tree/samples/fleet.json" known.json
jq '.pools[].gpu = "another card"' known.json > unknown.json
gzip -dc "$tree/samples/serving/steps.jsonl.gz" > all.jsonl
awk 'NR < 1265 || (NR > 1365 && NR < 1380)' all.jsonl > adjacent.jsonl # 14 steps after midnight
awk '/"prefill_requests":0/ {next} NR < 1265 && n++ < 20' all.jsonl > few.jsonl
same "steps enough: no substitute" "$(substitutes known.json all.jsonl)" ""
same "too few on a day: the adjacent day" "$(substitutes known.json adjacent.jsonl)" "the model of the day before or after"
same "too few at all: the GPU" "$(substitutes known.json few.jsonl)" "published figures of the GPU, and grade"
same "and no GPU known: tokens" "$(substitutes unknown.json few.jsonl)" "numbers of tokens, and graded C"
"$tollbook" run -q --fleet unknown.json --model-report - -o /dev/null few.jsonl | grep -c 'all tokens of a step count the same' > said
same "the model report states it, too" "$(cat said)" 1
# A day at a distance of two days is not used: a book would not read it for this day.
moved few.jsonl 3 > far.jsonl
same "three days off: the GPU" "$(substitutes known.json adjacent.jsonl far.jsonl | sort | head -1)" "published figures of the GPU, and grade"

# ---- windows: other roles, proportions ----

fleet() { # ROLES
	jq -n --arg roles "$1" '{schema: "tollbook.fleet.v1", currency: "USD", pools: ($roles | split(" ") | map({name: ., match: (. + "-*"), model: "m",
		gpu: "H100", gpus_per_replica: 1, role: ., rates: [{from: "2026-01-01", per_gpu_hour: "2"}]}))}'
}
# windows REPLICA TOKENS_IN TOKENS_OUT GAUGE...: ten seconds each
windows() {
	replica=$1 in=$2 out=$3 at=1786400000
	shift 3
	for running; do
		echo "{\"schema\":\"tollbook.window.v1\",\"replica\":\"$replica\",\"model\":\"m\",\"start_ns\":${at}000000000,\"end_ns\":$((at + 10))000000000,\"input_tokens\":$in,\"cached_tokens\":0,\"output_tokens\":$out,\"running\":$running}"
		at=$((at + 10))
	done
}
fleet "prefill decode" > roles.json
windows decode-1 0 8000 9 10 11 10 9 10 0 > decode.jsonl
windows prefill-1 60000 40 0 0 0 > prefill.jsonl
same "windows enough: no substitute" "$(substitutes roles.json decode.jsonl)" ""
same "no busy window: other roles" "$(substitutes roles.json decode.jsonl prefill.jsonl)" "pools with the same model and GPU in ot"
same "no other role: proportions" "$(substitutes roles.json prefill.jsonl)" "proportions that are typical of current"
"$tollbook" run -q --fleet roles.json --format json -o pd.json decode.jsonl prefill.jsonl
same "a prefill replica has no decode, and was not busy all the time" \
	"$(jq -c '[.models[0].gpu_ns | .prefill > 0 and .prefill < 30e9, .decode > 50e9]' pd.json)" "[true,true]"
"$tollbook" run -q --fleet roles.json --format json -o p.json prefill.jsonl
same "not knowing how long, the interval is wide" \
	"$(jq -c '.total | [.gpu_ns.prefill, .gpu_ns.decode, (.unit_cost.input_uncached | (.high | tonumber) > 1.9 * (.busy | tonumber))]' p.json)" "[30000000000,0,true]"

# ---- outliers: 1 % of steps 20 times too long (pauses, graphs being captured), one in 200 20 times too short ----

disturbed() { # FACTOR EVERY
	awk -v factor="$1" -v every="$2" '{
		if (NR % every == 7) {match($0, /"gpu_ns":[0-9]+/); $0 = substr($0, 1, RSTART + 8) sprintf("%.0f", substr($0, RSTART + 9, RLENGTH - 9) * factor) substr($0, RSTART + RLENGTH)}
		print
	}' all.jsonl
}
# The results of the fits: the floors of both days in us, and their speeds, summed.
fitted() { # LOG...
	"$tollbook" run -q --fleet known.json --format json --model-report models -o split.json "$@"
	awk '/^  b0/ {floor += $NF > 0 ? $(NF - 1) : 0} /large batch/ {rate += $5} END {printf "%.0f %.0f\n", floor / 1000, rate}' models
}
fitted all.jsonl > plain
for kind in "20 100" "0.05 200" "1000 300"; do
	# shellcheck disable=SC2086
	disturbed $kind > disturbed.jsonl
	fitted disturbed.jsonl > got
	near "every ${kind#* }th step ${kind% *} times as long: floor of a step, us" "$(cut -d' ' -f1 got)" "$(cut -d' ' -f1 plain)" 100
	near "every ${kind#* }th step ${kind% *} times as long: tokens a second" "$(cut -d' ' -f2 got)" "$(cut -d' ' -f2 plain)" 300
	same "they are left out of the fit" "$(grep -c ' 0 of them left out' models)" 0
	same "and not of the cost" "$(jq '.total.gpu_ns | .prefill + .decode' split.json)" \
		"$(grep -o '"gpu_ns":[0-9]*' disturbed.jsonl | awk -F: '{sum += $2} END {printf "%.0f", sum}')"
done
[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
