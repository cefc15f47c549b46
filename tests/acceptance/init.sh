#!/bin/sh
# From logs to a nightly report: tollbook init writes a configuration from the logs, a night runs with it, and the figures are those of
# one run over the same logs at the same price.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq zstd

mkdir -p "$folder/logs/a" "$folder/in [brackets]"
log=tests/golden/run-gpus/vllm.log
cp "$log" "$folder/logs/a/pod-a.log"
{ echo "ggml_cuda_init: found 1 CUDA devices:"; echo "  Device 0: NVIDIA H100 80GB HBM3, compute capability 9.0, VMM: yes"; cat "$log"; } > "$folder/logs/a/pod-b.log"
zstd -dcq samples/vllm.log.zst > "$folder/in [brackets]/v*.log"
cd "$folder" || exit 3
asked="--log-year 2026 --log-zone UTC"

# Five commands: one installs, and these four.
"$tollbook" init $asked --run logs > said 2> why
same "a rate that is suggested: exit status" "$?" 1
same "GPUs as the log states them" "$(jq -r '.pools[].gpus_per_replica' fleet.json)" 4
same "the GPU of the one log that names it" "$(jq -r '.pools[].gpu' fleet.json)" H100-SXM
same "its price is a suggestion with date and source" "$(jq -r '.pools[0].rates[0]["//"]' fleet.json | grep -c 'a suggestion.*2026-05.*http\|a suggestion.*2026-05.*[.]com')" 1
"$tollbook" nightly $asked -q -c tollbook.conf > said 2>&1 || :
"$tollbook" report --format json -o book.json > said 2>&1 || :
"$tollbook" verify --all > said 2>&1
same "the book verifies" "$?" 0
"$tollbook" run $asked -q --gpu-hour "$(jq -r '.pools[0].rates[0].per_gpu_hour' fleet.json)" --format json -o run.json logs || :
same "a night costs what a run costs" "$(jq -c '.total.cost' book.json)" "$(jq -c '.total.cost' run.json)"
same "reports are there" "$(ls costs.html costs-*.json tollbook.prom 2> /dev/null | wc -l)" 3
if python3 -c 'import jsonschema' 2> /dev/null; then
	for kind in fleet:fleet.json config:tollbook.conf; do
		PYTHONDONTWRITEBYTECODE=1 python3 "$tree/tests/renderings/schema.py" "$tree/schemas/${kind%%:*}.schema.json" "${kind##*:}" > said 2>&1
		same "${kind##*:} is valid by its schema" "$? $(cat said)" "0 "
	done
fi

"$tollbook" init logs > said 2> why
same "what is there stays" "$? $(grep -c 'already exists' why)" "2 1"
"$tollbook" init $asked --folder new/ --gpu-hour 2.5 --gpus 4 --run "in [brackets]/v*.log" > said 2> why
same "a name with characters of patterns: exit status" "$?" 0
same "price and GPUs as given" "$(jq -r '.pools[0].rates[0].per_gpu_hour + " " + (.pools[0].gpus_per_replica | tostring)' new/fleet.json)" "2.50 4"
same "its night read one log" "$(grep -c '1 file.* with new lines' said)" 1

"$tollbook" init --folder undated --gpu-hour 0.37 --run "$tree/tests/data/llamacpp-plain.log" > said 2> why
same "a log without dates: its night has a price" "$? $(jq -r '.pools[0].rates[0].from' undated/fleet.json) $("$tollbook" report -q --book undated/book --format json | jq '(.total.cost.capacity | tonumber) > 0')" "0 1970-01-01 true"

"$tollbook" init --folder etc --data "$folder/var" --gpu-hour 2 --run "in [brackets]/v*.log" > said 2> why
same "book and reports elsewhere" "$? $(ls etc | tr '\n' ' ')$(ls var | sed 's,-20.*json,-MONTH.json,' | tr '\n' ' ')" "0 fleet.json tollbook.conf book costs-MONTH.json costs.html tollbook.prom "
"$tollbook" init --folder etc3 --data "$folder/later" --gpu-hour 2 "in [brackets]/v*.log" > said 2> why
same "without a night, too" "$? $(ls -d later)" "0 later"
"$tollbook" init --folder etc2 --data var --gpu-hour 2 "in [brackets]/v*.log" > said 2> why
same "a relative path for them is refused" "$? $(grep -c 'absolute path' why)" "2 1"

"$tollbook" init --folder bought --run "$tree/samples/gateway/usage.jsonl" > said 2> why
same "a gateway's log alone: API spend, and nothing is called paid" "$? $(grep -c 'of API spend at list price' said) $(grep -c paid said) $(grep -c 'no log of an engine' why)" "0 2 0 1"

mkdir unknown && cp "in [brackets]/v*.log" unknown/v.log
"$tollbook" init --folder open unknown > said 2> why
same "no GPU known: exit status, and the prices there are" "$? $(grep -c 'USD per GPU-hour' why)" "1 9"
"$tollbook" nightly -c open/tollbook.conf > said 2> why
same "a night refuses a rate that is left to fill in" "$? $(grep -c 'fleet.json:[0-9]*:[0-9]*: not a decimal' why)" "2 1"
sed -i 's/FILL IN/3/' open/fleet.json
"$tollbook" nightly -q -c open/tollbook.conf > said 2> why
same "and runs once it is there" "$?" 0

echo nothing > empty.log
"$tollbook" init --folder none empty.log > said 2> why
same "no evidence: exit status, no files" "$? $(ls none)" "3 "
"$tollbook" init - > said 2> why
same "standard input" "$?" 2
finish
