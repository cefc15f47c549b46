#!/bin/sh
# Statements of a book equal those of a run over the same logs, for any zone, period, prices, basis and pictures.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
# A book evaluates whole days; texts on parts of a day may have other counts.
figures='del(.quality, .provenance, .findings, .assumptions, .load_curve)'
# The curve of cost against load is of a model at the mean context: of each day in a book, of all days in a run.
curve='[.load_curve // [] | .[] | [.model, .sequences, .output, .tok_s_per_replica] | map(tonumber? // .)]'
near='[., $run[0]] | transpose | all(. as [$a, $b] | [$a, $b] | transpose | all(.[0] == .[1] or (.[0] / .[1] - 1 | fabs) < 0.001))'

# Six days over the end of a month and, in Europe, of summer time; a step and a request every hour on three replicas that differ.
awk 'BEGIN {
	split("a-0 a-1 b-0", replicas, " ")
	for (day = 0; day < 6; day++) for (r = 1; r <= 3; r++) for (hour = 0; hour < 24; hour += 1 + (day + r) % 2) {
		at = 1774569600 + day * 86400 + hour * 3600 + 60 * r # 2026-03-27; replicas that step together would be ranks of one engine
		model = r == 3 ? "by-hour" : "flat"
		printf "{\"schema\":\"tollbook.step.v1\",\"replica\":\"%s\",\"model\":\"%s\",\"step\":%d,\"start_ns\":%d000000000,\"gpu_ns\":%d,\"prefill_requests\":%d,\"prefill_tokens\":%d,\"prefill_kv_tokens\":0,\"prefill_token_kv\":0,\"decode_requests\":%d,\"decode_kv_tokens\":%d,\"duration_kind\":\"gpu_events\"}\n",
			replicas[r], model, day * 24 + hour, at, 11000000 + 1000 * (at / 3600 % 97) + 77777 * r * ((hour * 7 + day * 3 + r) % 11), hour % 3 == 0, hour % 3 == 0 ? 512 : 0, 1 + (hour + r) % 7, 1000 + 10 * hour
		printf "{\"schema\":\"tollbook.request.v1\",\"id\":\"%d-%d-%d\",\"tenant\":\"tenant-%d\",\"model\":\"%s\",\"replica\":\"%s\",\"arrival_ns\":%d000000000,\"first_token_ns\":%d000000000,\"finish_ns\":%d000000000,\"prompt_tokens\":%d,\"cached_tokens\":0,\"completion_tokens\":%d,\"status\":\"ok\"}\n",
			day, r, hour, (r + hour) % 3, model, replicas[r], at, at + 1, at + 9, 600 + hour + 31 * r, 100 + day + 7 * r
	}
}' > logs.jsonl
cat > fleet.json << 'END'
{"schema": "tollbook.fleet.v1", "currency": "USD", "pools": [
 {"name": "a", "match": "a-*", "model": "flat", "gpu": "H100", "gpus_per_replica": 1, "role": "mixed", "rates": [{"from": "2026-01-01", "per_gpu_hour": "1.89"}]},
 {"name": "b", "match": "b-*", "model": "by-hour", "gpu": "H100", "gpus_per_replica": 2, "role": "mixed",
  "rates": [{"from": "2026-01-01", "per_gpu_hour": "2.49"}, {"from": "2026-03-30T07:00:00Z", "per_gpu_hour": "2.013"}]}]}
END
cat > prices.json << 'END'
{"schema": "tollbook.prices.v1", "currency": "USD", "providers": [{"id": "p", "models": [
 {"id": "flat", "prices": [{"input": "1", "output": "1"}, {"from": "2026-03-29", "input": "2", "output": "5"}]},
 {"id": "by-hour", "prices": [{"input": "1", "output": "1"}, {"daily": {"from": "12:00", "to": "00:00"}, "input": "3", "output": "7"}]}]}]}
END
"$tollbook" ingest -q --book book logs.jsonl
"$tollbook" attribute -q --book book --fleet fleet.json --prices prices.json

# both OPTION...: the book's statement equals that of the run
both() {
	"$tollbook" report -q --book book "$@" --format json > book.json 2> /dev/null
	"$tollbook" run -q --fleet fleet.json --prices prices.json "$@" --format json logs.jsonl > run.json 2> /dev/null
	same "$*" "$(jq -S "$figures" book.json | md5sum)" "$(jq -S "$figures" run.json | md5sum)"
}
# The same for a period with parts of days: a book keeps cost by batch for whole days only.
both_cut() {
	whole=$figures
	same "$*: no cost by batch" "$("$tollbook" report -q --book book "$@" --format json 2> /dev/null | jq -c .batches)" null
	figures="$whole | del(.batches, .load_curve, .levers)"
	both "$@"
	figures=$whole
}

# curves: those of the last two statements are close to each other
curves() {
	jq -c "$curve" run.json > run.curve
	same "$1: the curve" "$(jq -c "$curve" book.json | jq --slurpfile run run.curve "$near") $(jq -c length run.curve)" "true $(jq -c "$curve" book.json | jq length)"
}

for by in model,tenant day,tenant month,replica month,model,day hour; do
	for zone in UTC Europe/Berlin Asia/Kolkata America/New_York; do
		both --by "$by" --tz "$zone"
		curves "--by $by --tz $zone"
	done
	both --by "$by" --from 2026-03-28 --to 2026-04-01
	curves "--by $by, whole days"
	both_cut --by "$by" --from 2026-03-28T05:00:00Z --to 2026-03-30T18:00:00Z
	both_cut --by "$by" --from 2026-03-28T05:00:00Z --to 2026-03-28T18:00:00Z --idle separate
done
both_cut --by month,tenant --tz Europe/Berlin --from 2026-03-01 --to 2026-04-01
same "there is something to compare" "$(jq -c '[(.rows | length), .total.list.model, (.total.cost.capacity | tonumber > 1)]' book.json)" '[5,"(several)",true]'

# The pictures of a page are by the hour, also where its rows are by month and no price asks for hours.
pictures() { sed -n '/id="time-title"/,/<\/section>/p' "$1"; }
grep -v by-hour prices.json | sed 's/\]},$/]}]}]}/' > flat.json
"$tollbook" report -q --book book --prices flat.json --by month --format html -o book.html
"$tollbook" run -q --fleet fleet.json --prices flat.json --by month --format html -o run.html logs.jsonl
same "pictures hour by hour" "$(pictures book.html | grep -c '<figure') $(pictures book.html | md5sum)" "2 $(pictures run.html | md5sum)"
same "pictures of a year are day by day" "$("$tollbook" report -q --book book --from 2026-01-01 --to 2027-01-01 --format html | grep -c 'day by day')" 1
finish
