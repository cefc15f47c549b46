#!/bin/sh
# A fleet file's "description" of a model: errors are reported with their place; where there are too few steps to fit, it
# brings the split closer to the truth; a book and the tasks of a plan keep it, and a changed one restates days.
needs=truth
. "$(dirname "$0")/lib.sh"

at=$shared/truth/tiny-8b
mkdir -p "$folder/models"
cp samples/models/llama-3.1-8b.json "$folder/models/8b.json"
fleet() {
	jq -c "del(.pools[].model) | .pools[].description = $1" "$at/fleet.json" > "$folder/fleet.json"
}
# Every 30 steps have a separate model: too few to fit.
gzip -dc "$at/steps.jsonl.gz" | awk '{sub(/"model":"[^"]*"/, "\"model\":\"m" int(NR / 30) "\""); print}' > "$folder/steps.jsonl"

refuse() {
	fleet "$1"
	"$tollbook" run -q --fleet "$folder/fleet.json" "$folder/steps.jsonl" > /dev/null 2> "$folder/error"
	same "$1: exit status" $? 2
	same "$1: the message" "$(sed "s|$folder|DIR|g" "$folder/error" | tr '\n' ' ' | grep -c "$2")" 1
}
refuse 7 'DIR/fleet.json:1:[0-9]*: not a file name, expected a model'
refuse '"none.json"' 'DIR/fleet.json:1:[0-9]*: "description": .*none.json'
refuse '"../models/8b.json"' "expected a file in the fleet file's folder"
refuse '"/etc/passwd"' "expected a file in the fleet file's folder"
echo '{"schema":"tollbook.model.v1"}' > "$folder/models/bad.json"
refuse '"models/bad.json"' '"description": models/bad.json:1:1: .*is missing here'
truncate -s 10G "$folder/models/huge.json"
refuse '"models/huge.json"' 'huge.json'

prefill() {
	"$tollbook" run -q --no-progress --fleet "$folder/fleet.json" --format json -o "$folder/statement.json" "$folder/steps.jsonl"
	jq .total.gpu_ns.prefill "$folder/statement.json"
}
jq 'del(.pools[].model)' "$at/fleet.json" > "$folder/fleet.json"
truth=$(jq .total.prefill_gpu_ns "$at/truth.json")
card=$(prefill)
near "by the card alone: prefill, within 8 %" "$card" "$truth" $((truth * 8 / 100))
fleet '"models/8b.json"'
model=$(prefill)
near "with the model described: prefill, within 4 %" "$model" "$truth" $((truth * 4 / 100))
same "the description's hash is in the statement" "$(jq -r '.provenance.descriptions_sha256[0]' "$folder/statement.json")" \
	"$(sha256sum "$folder/models/8b.json" | cut -d ' ' -f 1)"

book() {
	"$tollbook" ingest -q --no-progress --book "$folder/book" "$folder/steps.jsonl"
	"$tollbook" attribute -q --book "$folder/book" --fleet "$folder/fleet.json"
	"$tollbook" report -q --book "$folder/book" --format json > "$folder/booked.json"
}
book
same "a book has the same result" "$(jq .total.gpu_ns.prefill "$folder/booked.json")" "$model"
same "and keeps the steps under the roofline" "$(jq -c .roofline "$folder/booked.json")" "$(jq -c .roofline "$folder/statement.json")"
same "which are some" "$(jq ".roofline.cells | length > 3" "$folder/booked.json")" true
same "and has the hash" "$(jq -c .provenance.descriptions_sha256 "$folder/booked.json")" "$(jq -c .provenance.descriptions_sha256 "$folder/statement.json")"

"$tollbook" shard plan -q --fleet "$folder/fleet.json" --tasks 1 -o "$folder/plan" "$folder/steps.jsonl" > /dev/null
mv "$folder/fleet.json" "$folder/models/8b.json" "$folder/book" # out of the way: the plan has its own
for step in map fit attribute; do
	"$tollbook" shard $step -q --task 0 "$folder/plan"
done
"$tollbook" shard report -q --format json "$folder/plan" > "$folder/sharded.json"
same "tasks have the same result, from the plan's copy" "$(jq -c '.total.gpu_ns, .total.cost, .provenance.descriptions_sha256' "$folder/sharded.json")" \
	"$(jq -c '.total.gpu_ns, .total.cost, .provenance.descriptions_sha256' "$folder/statement.json")"

mv "$folder/book/fleet.json" "$folder"
sed 's/"layers": 32/"layers": 16/' samples/models/llama-3.1-8b.json > "$folder/models/8b.json"
book
same "another description restates the book" "$(jq .total.gpu_ns.prefill "$folder/booked.json")" "$(prefill)"
finish
