#!/bin/sh
# Thirty nights of logs that grow, are renamed, copied and truncated, packed, delivered twice or late, with the fleet
# changed in between, have the result of one run over all logs, to the last unit.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
mkdir logs whole
cp "$tree/samples/prices.json" .
sed 's/"per_gpu_hour": "[0-9.]*"/"per_gpu_hour": "9.99"/' "$tree/samples/fleet.json" > fleet.json
cat > night.conf << END
{"schema": "tollbook.config.v1", "book": "book", "fleet": "fleet.json", "prices": ["prices.json"], "settle_hours": 36,
 "logs": [{"path": "logs/*"}], "reports": [{"output": "nights.json", "format": "json", "by": "hour,replica,tenant"}]}
END

# The sample's steps and requests, each moved to its day: a day's pattern, thirty times.
gzip -dc "$tree/samples/serving/steps.jsonl.gz" | head -240 > steps
gzip -dc "$tree/samples/serving/requests.jsonl.gz" | head -12 > requests

held=''
day=0
while [ $day -lt 30 ]; do
	moved steps $day > steps.$day
	moved requests $day > requests.$day
	cat steps.$day >> whole/steps.jsonl
	cat requests.$day >> whole/requests.jsonl
	case $((day % 6)) in
	0) head -100 steps.$day >> logs/engine.jsonl ;;                          # the night falls in the middle of a day
	1) tail -n +101 steps.$((day - 1)) >> logs/engine.jsonl; cat steps.$day >> logs/engine.jsonl ;;
	2) mv logs/engine.jsonl logs/engine.$day.jsonl; cat steps.$day > logs/engine.jsonl ;; # renamed
	3) cp logs/engine.jsonl logs/engine.$day.jsonl; cat steps.$day > logs/engine.jsonl ;; # copied and truncated
	4) gzip logs/engine.*[0-9].jsonl; cat steps.$day >> logs/engine.jsonl ;;  # packed
	5) cat steps.$day >> logs/engine.jsonl; mkdir -p twice; cp logs/*.gz twice; for f in twice/*.gz; do cp "$f" "logs/again.$day.${f##*/}"; done ;;
	esac
	if [ $((day % 5)) -eq 3 ]; then
		held="$held requests.$day"                                       # a gateway whose logs come late
	else
		cp requests.$day logs/requests.$day.jsonl
	fi
	if [ $day -eq 17 ]; then
		cp "$tree/samples/fleet.json" fleet.json
		for late in $held; do cp "$late" "logs/$late.jsonl"; done
		held=''
	fi
	TOLLBOOK_NOW=$(date -u -d "2026-08-11 + $day days" +%Y-%m-%dT03:00:00Z) "$tollbook" nightly -q -c night.conf > said 2>&1
	[ $? -le 1 ] || { cat said; exit 1; }
	day=$((day + 1))
done
for late in $held; do cp "$late" "logs/$late.jsonl"; done
tail -c 20 logs/engine.jsonl > /dev/null
"$tollbook" nightly -q -c night.conf > said 2>&1
"$tollbook" run -q --fleet fleet.json --prices prices.json --by hour,replica,tenant --format json -o whole.json whole
figures='del(.quality, .provenance, .period, .findings, .assumptions)'
jq -S "$figures" nights.json > nights; jq -S "$figures" whole.json > one
cmp -s nights one && echo "ok: thirty nights are one run: $(jq -c '.total.gpu_ns, .total.cost.capacity, .total.requests' one | tr '\n' ' ')" ||
	wrong "thirty nights: $(diff nights one | head -6)"
"$tollbook" verify --book book --fleet fleet.json --prices prices.json --all > said 2>&1 || wrong "verify: $(cat said)"
"$tollbook" report --book book --as-of 5 --format json -q > then.json 2>/dev/null
[ "$(jq .total.requests then.json)" -lt "$(jq .total.requests nights.json)" ] || wrong "as of run 5"

# A closed month does not change; later evidence is separate, and is exactly the difference.
month=$(jq -r '.period.from[:7]' nights.json)
"$tollbook" close -q --book book "$month" || wrong "close"
"$tollbook" report --book book --from "$month-01" --to "$(date -u -d "$month-01 + 1 month" +%Y-%m-%d)" --format json -q > closed.json
moved requests 2 | sed 's/"d2-/"late-/' > logs/late.jsonl
"$tollbook" nightly -q -c night.conf > said 2>&1
"$tollbook" report --book book --from "$month-01" --to "$(date -u -d "$month-01 + 1 month" +%Y-%m-%d)" --format json -q > after.json
[ "$(jq -S "$figures" closed.json)" = "$(jq -S "$figures" after.json)" ] || wrong "a closed month changed"
"$tollbook" backup --dump --book book dump; grep -q "^$month	" dump || wrong "no adjustments were posted"
"$tollbook" verify -q --book book || wrong "verify after closing"
"$tollbook" close -q --book book "$month" 2> said && wrong "closed twice"
"$tollbook" close -q --book book --reopen "late logs" "$month" || wrong "reopen"
"$tollbook" nightly -q -c night.conf > said 2>&1
cp logs/late.jsonl whole
"$tollbook" run -q --fleet fleet.json --prices prices.json --by hour,replica,tenant --format json -o whole.json whole
jq -S "$figures" nights.json > nights; jq -S "$figures" whole.json > one
cmp -s nights one || wrong "after reopening: $(diff nights one | head -6)"
[ $failures -eq 0 ] && echo "ok: closed, adjusted, reopened"
finish
