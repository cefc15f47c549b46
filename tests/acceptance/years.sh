#!/bin/sh
# Statements of more than 292 GPU-years, which is what 64 bits hold in nanoseconds: 80,000 GPUs for three days.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq python3 sqlite3
cd "$folder" || exit 3
cat > fleet.json << 'END'
{"schema": "tollbook.fleet.v1", "currency": "USD", "pools": [{"name": "p", "match": "*", "gpu": "H100-SXM-80GB", "gpus_per_replica": 8000,
 "role": "mixed", "rates": [{"from": "2026-01-01", "per_gpu_hour": "2"}]}]}
END

# log FIRST LAST: ten replicas, a step an hour of three days
log() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (hour = 0; hour < 72; hour++)
			for (r = first; r <= last; r++)
				printf "{\"schema\":\"tollbook.step.v1\",\"replica\":\"big-%d\",\"model\":\"m\",\"step\":%d,\"start_ns\":%d000000000,\"gpu_ns\":3000000000000,\"prefill_requests\":1,\"prefill_tokens\":2048,\"prefill_kv_tokens\":0,\"prefill_token_kv\":2097152,\"decode_requests\":20,\"decode_kv_tokens\":41210,\"duration_kind\":\"gpu_events\"}\n", r, hour + 1, 1793491200 + 3600 * hour
	}'
}
log 0 9 > all.jsonl
log 0 3 > one.jsonl
log 4 9 > other.jsonl
for book in all one other; do
	"$tollbook" ingest -q --book $book $book.jsonl
	"$tollbook" attribute -q --book $book --fleet fleet.json
done

# total FILE: the GPU time, from the bytes, as jq has only doubles
total() {
	grep -o '^ "total":.*' "$1" | grep -o '"gpu_ns":{[^}]*}' | head -n 1
}

"$tollbook" report -q --book all --by day,model --compare-rules --format json > all.json
same "a report of ten servers" "$? $(total all.json | grep -o 'capacity":[0-9]*')" '1 capacity":20688000000000000000'
"$tollbook" run -q --fleet fleet.json --format json all.jsonl > run.json
same "and a run" "$? $(total run.json)" "1 $(total all.json)"
"$tollbook" report -q --book all --idle proportional --format json > idle.json
same "idle time is shared" "$? $(total idle.json)" "1 $(total all.json)"
"$tollbook" report -q --book all --as-of 2 --format json > as-of.json
same "as of a run" "$? $(total as-of.json)" "1 $(total all.json)"
"$tollbook" report -q --book all --by position --format json > position.json
same "by position" "$? $(total position.json)" "1 $(total all.json)"
"$tollbook" report -q --book one --book other --format json > both.json
same "two books" "$? $(total both.json | grep -o 'capacity":[0-9]*')" "1 $(total all.json | grep -o 'capacity":[0-9]*')"
"$tollbook" run -q --fleet fleet.json --compare-rules --format json all.jsonl > rules.json 2> said
same "rules of one run have 64 bits" "$? $(grep -c 'tollbook ingest, attribute, report' said)" "3 1"

# Every figure of time, and that they add up, in integers of any length.
python3 - all.json idle.json << 'END' && echo "ok: the parts are the whole" || wrong "the parts are not the whole"
import json, sys

for path in sys.argv[1:]:
	s = json.load(open(path))
	whole = s["total"]["gpu_ns"]
	assert whole["capacity"] > 2**63
	for blocks in ([s["total"]], s["models"], s["tenants"]):
		for b in blocks:
			assert b["gpu_ns"]["capacity"] == sum(v for k, v in b["gpu_ns"].items() if k != "capacity")
		assert sum(b["gpu_ns"]["capacity"] for b in blocks) == whole["capacity"]
	assert sum(g["gpu_ns"] for g in s["evidence"]) == whole["prefill"] + whole["decode"]
s = json.load(open(sys.argv[1]))
assert sum(r["gpu_ns"]["capacity"] for r in s["rows"]) == s["total"]["gpu_ns"]["capacity"]
assert sum(r["gpu_ns"]["capacity"] for r in s["series"]) == s["total"]["gpu_ns"]["capacity"]
END

for form in csv focus html prometheus journal beancount markdown jsonl table; do
	"$tollbook" report -q --book all --by day --format $form > all.$form
	same "as $form" $? 1
done
same "CSV" "$(awk -F, '$1 == "total" {print $13}' all.csv)" 20688000000000000000
same "HTML" "$(grep -o '<data value="20688000000000000000">5,746,66[67]' all.html | sort -u | wc -l)" 2
same "Markdown" "$(grep -c '^| \*\*= capacity.* 5,746,666.67 ' all.markdown)" 1
same "FOCUS: hours" "$(python3 -c '
import csv, sys
rows = csv.DictReader(open("all.focus"))
print(sum(float(r["ConsumedQuantity"]) for r in rows if r["ConsumedUnit"] == "GPU-Hours"))' | cut -c 1-6)" "$(python3 -c '
import json
print(sum(v for k, v in json.load(open("all.json"))["total"]["gpu_ns"].items() if k in ("other", "idle", "unobserved")) / 3.6e12)' | cut -c 1-6)"

"$tollbook" report -q --book all --from 2026-11-01T12:00:00Z --format json > part.json
"$tollbook" diff part.json all.json > changes
same "what changed" "$? $(grep -c '^  change  *+1,920,000.00' changes)" "0 2"
"$tollbook" verify -q --all --book all
same "verify" $? 0
"$tollbook" export -q --book all plain && "$tollbook" import -q --book again plain && "$tollbook" report -q --book again --format json > again.json
same "exported and imported" "$(total again.json)" "$(total all.json)"

# The views for SQLite: exact as far as integers go, then 15 digits. Where all is 64 bits, tests/acceptance/sql.sh compares the digits.
sqlite3 all/ledger.db < "$tree/samples/sql/views.sqlite.sql"
for view in cost_entry cost_by_day cost_by_tenant cost_by_model; do
	same "$view" "$(sqlite3 -readonly all/ledger.db "SELECT printf('%.15g', SUM(gpu_ns / 1e9)) FROM $view")" 20688000000
done

# A replay of the logs with requests: what was paid at half the load is twice that, and what does not fit is an error that states why.
cat > requests.jsonl << 'END'
{"schema":"tollbook.request.v1","id":"a","tenant":"t","model":"m","replica":"big-0","arrival_ns":1793491200000000000,"scheduled_ns":1793491201000000000,"first_token_ns":1793491202000000000,"finish_ns":1793491209000000000,"prompt_tokens":1834,"cached_tokens":1024,"completion_tokens":212}
{"schema":"tollbook.request.v1","id":"b","tenant":"t","model":"m","replica":"big-0","arrival_ns":1761955200000000000,"first_token_ns":1761955202000000000,"finish_ns":1761955209000000000,"prompt_tokens":1834,"cached_tokens":1024,"completion_tokens":212}
END
head -n 1 requests.jsonl > request.jsonl
"$tollbook" whatif -q --fleet fleet.json --load 0.5 --format json one.jsonl other.jsonl request.jsonl > whatif.json
same "whatif at half the load" "$? $(grep -o '"capacity_gpu_ns":[0-9]*' whatif.json | tr '\n' ' ')" \
	'1 "capacity_gpu_ns":20688000000000000000 "capacity_gpu_ns":41376000000000000000 '
same "whatif: logged" "$(grep -o '"logged":{"busy_gpu_ns":[0-9]*' whatif.json)" '"logged":{"busy_gpu_ns":17280000000000000000'
"$tollbook" run -q --fleet fleet.json one.jsonl other.jsonl requests.jsonl > said 2>&1
same "one server of 8,000 GPUs for a year, in a run" "$? $(grep -c 'tollbook ingest, attribute, report' said)" "3 1"
"$tollbook" ingest -q --book year one.jsonl other.jsonl requests.jsonl && "$tollbook" attribute -q --book year --fleet fleet.json
"$tollbook" report -q --book year --format json > year.json
same "and in a book" "$? $(python3 -c 'import json; print(json.load(open("year.json"))["total"]["gpu_ns"]["capacity"] > 8000 * 364 * 86400 * 10**9)')" "1 True"
sed 's/8000/1/' fleet.json > small.json
"$tollbook" whatif -q --fleet small.json --load 0.001 one.jsonl other.jsonl requests.jsonl > said 2>&1
same "whatif: a year at a thousandth of the load" "$? $(grep -c 'at 0.001 times the load these requests arrive over centuries' said)" "3 1"
finish
