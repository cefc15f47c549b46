#!/bin/sh
# What a book contains: requests logged twice, adjustments, fits, periods; by commands, as a user runs them.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
figures='del(.quality, .provenance, .period, .findings, .assumptions)'

# ---- one request in several logs of several nights counts once ----

mkdir twice && cd twice || exit 3
mkdir logs
cp "$tree/samples/fleet.json" "$tree/samples/prices.json" .
cat > night.conf << 'END'
{"book": "book", "fleet": "fleet.json", "prices": ["prices.json"], "logs": [{"path": "logs/*"}],
 "reports": [{"output": "nights.json", "format": "json", "by": "hour,tenant"}]}
END
cp "$tree/samples/serving/steps.jsonl.gz" logs
gzip -dc "$tree/samples/serving/requests.jsonl.gz" > logs/requests.jsonl
"$tollbook" nightly -q -c night.conf
cp nights.json once.json
# The second log has some of the same requests in another form: another order of keys, other keys, no tenant, no arrival.
sed -n '1,40p' logs/requests.jsonl | sed 's/"schema":"tollbook.request.v1",//; s/^{/{"status":"ok","note":"again",/' > logs/again.jsonl
sed -n '41,80p' logs/requests.jsonl | sed 's/"tenant":"[^"]*",//; s/"arrival_ns":[0-9]*,//; s/"scheduled_ns":[0-9]*,//' > logs/less.jsonl
"$tollbook" nightly -q -c night.conf > said 2>&1
same "logged again in a second night: exit status" "$? $(cat said)" "0 "
same "logged again: nothing counts twice" "$(jq -S "$figures" nights.json)" "$(jq -S "$figures" once.json)"
same "logged again: counted as duplicates" "$(jq .quality.duplicates nights.json)" 80
"$tollbook" run -q --fleet fleet.json --prices prices.json --by hour,tenant --format json logs > run.json
same "logged again: a run has the same result" "$(jq -S "$figures" run.json) $(jq .quality.duplicates run.json)" "$(jq -S "$figures" nights.json) 80"
same "logged again: the same period" "$(jq -c .period run.json)" "$(jq -c .period nights.json)"
sed 's/"role": "mixed",/&"uptime": [{"from": "2026-08-10T12:00:00Z", "to": "2026-08-12T00:00:00Z", "gpus": 2}],/' fleet.json > up.json
"$tollbook" ingest -q --book up "$tree/samples/serving" && "$tollbook" attribute -q --book up --fleet up.json
"$tollbook" report -q --book up --format json > up.book.json
"$tollbook" run -q --fleet up.json --format json "$tree/samples/serving" > up.run.json
same "a fleet with an uptime longer than its logs: the period" "$(jq -c .period up.book.json)" "$(jq -c .period up.run.json)"
# A request with another id or another timestamp is another request.
sed -n '1p' logs/requests.jsonl | sed 's/"id":"/"id":"other-/' > logs/other.jsonl
"$tollbook" nightly -q -c night.conf > said 2>&1
same "another request counts" "$(jq '.total.requests' nights.json)" "$(($(jq .total.requests once.json) + 1))"
same "another request counts: the number of duplicates is unchanged" "$(jq .quality.duplicates nights.json)" 80
cd ..
# ---- without steps, the fits of a replica do not depend on the number of nights ----

mkdir nights && cd nights || exit 3
cp "$tree/samples/fleet.json" .
day_ns=86400000000000
for day in 0 1 2 3; do
	gzip -dc "$tree/samples/serving/requests.jsonl.gz" | awk -v day=$day -v by=$day_ns '
	function moved(s, n,  low) { # 19 digits in two parts
		low = substr(s, length(s) - 8) + n % 1000000000
		return sprintf("%d%09d", substr(s, 1, length(s) - 9) + int(n / 1000000000) + (low >= 1000000000), low % 1000000000)
	}
	NR % (day + 2) != 1 {
		out = ""; rest = $0; sub(/"id":"/, "&" day "-", rest)
		while (match(rest, /_ns":[0-9]+/)) {
			out = out substr(rest, 1, RSTART + 4) moved(substr(rest, RSTART + 5, RLENGTH - 5), day * (by + NR * 100000))
			rest = substr(rest, RSTART + RLENGTH)
		}
		print out rest
	}' > day$day.jsonl
	"$tollbook" ingest -q --book nightly day$day.jsonl
	"$tollbook" attribute -q --book nightly --fleet fleet.json
done
"$tollbook" ingest -q --book once day*.jsonl
"$tollbook" attribute -q --book once --fleet fleet.json
for book in nightly once; do "$tollbook" report -q --book $book --by hour,tenant --format json > $book.json; done
same "requests alone: nights and one night agree" "$(jq -S "$figures" nightly.json)" "$(jq -S "$figures" once.json)"
same "requests alone: five days, grade C" "$(jq -c '[(.rows | map(.hour[:10]) | unique | length), (.evidence | map(select(.gpu_ns > 0).grade))]' once.json)" '[5,["C"]]'
"$tollbook" run -q --fleet fleet.json --by hour,tenant --format json day*.jsonl > run.json
same "requests alone: and so does one run" "$(jq -S "$figures" run.json)" "$(jq -S "$figures" once.json)"
for book in nightly once; do
	"$tollbook" verify -q --book $book --fleet fleet.json --all > said 2>&1
	same "requests alone: $book verifies" "$? $(cat said)" "0 "
done
for day in 0 1 2 3; do
	awk -v day=$day 'BEGIN {
		for (i = 0; i < 200; i++) {
			at = 1786406400 + day * 86400 + i * 300
			printf "{\"schema\":\"tollbook.window.v1\",\"replica\":\"rtx-tiny-01\",\"model\":\"m\",\"start_ns\":%d000000000,\"end_ns\":%d000000000,\"input_tokens\":%d,\"cached_tokens\":0,\"output_tokens\":%d,\"requests\":3,\"running\":%d}\n", at, at + 10, 4000 + (i * 7919 + day * 31) % 9000, 900 + (i * 104729) % 1500, 1 + (i + day) % 9
		}
	}' > window$day.jsonl
	"$tollbook" ingest -q --book windows window$day.jsonl
	"$tollbook" attribute -q --book windows --fleet fleet.json
done
"$tollbook" report -q --book windows --by hour,tenant --format json > windows.json
"$tollbook" run -q --fleet fleet.json --by hour,tenant --format json window*.jsonl > run.json
same "windows alone: nights and one run agree" "$(jq -S "$figures" windows.json)" "$(jq -S "$figures" run.json)"
same "windows alone: four days, grade D" "$(jq -c '[(.rows | map(.hour[:10]) | unique | length), (.evidence | map(select(.gpu_ns > 0).grade))]' windows.json)" '[4,["D"]]'
"$tollbook" verify -q --book windows --fleet fleet.json --all > said 2>&1
same "windows alone: the model of a day" "$("$tollbook" explain --book windows day=2026-08-12 |
	grep -cE '^      windows, by their gauges: fitted to [0-9]+ rows?$|^        (a step without prompts|a prompt token) +[0-9.]+ ns$')" 3
same "requests alone: the model of a day" "$("$tollbook" explain --book once day=2026-08-12 | grep -c '^      a \(decode step alone\|step that computes a prompt\) = ')" 2
"$tollbook" verify -q --book windows --fleet fleet.json --all > said 2>&1
same "windows alone: the book verifies" "$? $(cat said)" "0 "
cd ..
# ---- a closed month: later evidence is in every form of the next statement, and is exactly the change ----

mkdir closed && cd closed || exit 3
cp "$tree/samples/fleet.json" "$tree/samples/prices.json" .
gzip -dc "$tree/samples/serving/requests.jsonl.gz" > all.jsonl
sed -n '1~7!p' all.jsonl > first.jsonl
sed -n '1~7p' all.jsonl > late.jsonl
"$tollbook" ingest -q --book book "$tree/samples/serving/steps.jsonl.gz" first.jsonl
"$tollbook" attribute -q --book book --fleet fleet.json --prices prices.json --list llama-3.1-8b=groq/llama-3.1-8b-instant
"$tollbook" report -q --book book --format json > before.json
# Prices for a part of the day, or that change at an hour: sums by day must not have the price of midnight.
for when in '"daily": {"from": "12:00", "to": "00:00"}' '"from": "2026-08-10T20:00:00Z"'; do
	echo '{"schema": "tollbook.prices.v1", "currency": "USD", "providers": [{"id": "p", "models": [{"id": "llama-3.1-8b", "prices": [
		{"input": "1", "output": "1"}, {'"$when"', "input": "3", "output": "3"}]}]}]}' > hours.json
	"$tollbook" run -q --fleet fleet.json --prices hours.json --by month,tenant --format json -o hours.run.json "$tree/samples/serving/steps.jsonl.gz" first.jsonl
	"$tollbook" report -q --book book --prices hours.json --by month,tenant --format json -o hours.book.json
	same "prices by the hour: $when" "$(jq -S "$figures" hours.book.json)" "$(jq -S "$figures" hours.run.json)"
	same "prices by the hour divide no entries: $when" "$(jq '[.findings[] | select(.kind == "undivided")]' hours.book.json)" "[]"
done
sed 's/"USD"/"EUR"/' fleet.json > euro.json
"$tollbook" attribute -q --book book --fleet euro.json
same "another currency for open days" "$? $("$tollbook" report --book book --prices prices.json --format json | jq -r .currency)" "0 EUR"
"$tollbook" attribute -q --book book --fleet fleet.json --prices prices.json --list llama-3.1-8b=groq/llama-3.1-8b-instant
"$tollbook" close -q --book book 2026-08
"$tollbook" attribute -q --book book --fleet euro.json 2> said
same "but closed amounts keep theirs" "$? $(grep -c 'its closed amounts are in USD, and the rates of this fleet file in EUR' said)" "2 1"
cp -r book other
"$tollbook" attribute -q --book other --fleet fleet.json --rule proportional
same "another rule than that of a closed month" "$("$tollbook" report --book other --prices prices.json --format json | jq -c '[.rule, (.assumptions[] | select(.subject == "2026-08").value)]')" '["proportional","shapley"]'
"$tollbook" ingest -q --book book late.jsonl
"$tollbook" report --book book -o waiting 2> said
same "records wait for their attribution" "$? $(grep -c 'records of [0-9]* days are not attributed yet: run tollbook attribute' said)" "1 1"
"$tollbook" report --book book -o waiting --to 2026-08-01 2> said
same "but none of this period" "$(grep -c 'not attributed yet' said)" 0
"$tollbook" report --book book -o waiting --as-of "$("$tollbook" report --book book --runs | awk '$3 == "close" {n = $1} END {print n}')" 2> said
same "and a statement as of an earlier run is complete" "$(grep -c 'not attributed yet' said)" 0
mkdir few && head -3 all.jsonl > few/1.jsonl && "$tollbook" ingest -q --book few/book few/1.jsonl && "$tollbook" attribute -q --book few/book --fleet fleet.json
"$tollbook" report -q --book few/book -o waiting
few=$?
sed -n 5p all.jsonl > few/2.jsonl && "$tollbook" ingest -q --book few/book few/2.jsonl
"$tollbook" report -q --book few/book -o waiting 2> said
same "exit status of a statement with all records, and without the last ones" "$few $?" "0 1"
"$tollbook" attribute -q --book book --fleet fleet.json --prices prices.json --list llama-3.1-8b=groq/llama-3.1-8b-instant
for form in json jsonl csv html table; do "$tollbook" report -q --book book --format $form -o after.$form; done
same "closed: the statement stays" "$(jq -S "$figures | del(.adjustments)" after.json)" "$(jq -S "$figures" before.json)"
same "closed: adjustments in JSON" "$(jq -c '[(.adjustments | length > 10), (.adjustments | map(.period) | unique), (.adjustments | map(.posted) | unique), (.adjustments | map(.gpu_ns) | add)]' after.json)" \
	'[true,["2026-08"],["2026-09-01"],0]'
count=$(jq '.adjustments | length' after.json)
days=$(jq '[.adjustments[] | [.period, .hour[:10], .model, .tenant, .kind]] | unique | length' after.json)
same "closed: in JSON lines" "$(jq -c 'select(.table == "adjustments").row' after.jsonl | jq -sS .)" "$(jq -S .adjustments after.json)"
same "closed: in CSV" "$(grep -c '^adjustment,' after.csv) $(awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "gpu_ns_capacity") c = i} /^adjustment/ {sum += $c} END {print sum + 0}' after.csv)" "$count 0"
same "closed: in HTML" "$(grep -c 'id="adjustments"' after.html) $(sed -n '/id="adjustments"/,/<\/table>/p' after.html | grep -c '^<tr>')" "1 $days"
same "closed: in the table" "$(grep -c "^$count postings" after.table)" 1
if python3 -c 'import jsonschema' 2> /dev/null; then
	PYTHONDONTWRITEBYTECODE=1 python3 "$tree/tests/renderings/schema.py" "$tree/schemas/statement.schema.json" after.json > said 2>&1
	same "closed: valid by its schema" "$? $(cat said)" "0 "
fi
"$tollbook" report -q --book book --from 2026-09-01 --to 2026-10-01 --format json > september.json 2>&1
"$tollbook" report -q --book book --as-of 2 --format json > then.json
same "closed: the statement of then, printed again" "$(cat then.json)" "$(cat before.json)"
"$tollbook" close -q --book book --reopen "late logs" 2026-08
"$tollbook" attribute -q --book book --fleet fleet.json --prices prices.json --list llama-3.1-8b=groq/llama-3.1-8b-instant
"$tollbook" report -q --book book --format json > open.json
sum() { jq --arg kind "$1" '[.adjustments[] | select(.kind == $kind).'"$2"'] | add // 0' after.json; }
same "closed: adjustments are the difference, prefill" "$(($(jq .total.gpu_ns.prefill before.json) + $(sum input gpu_ns) + $(sum input_cached gpu_ns)))" "$(jq .total.gpu_ns.prefill open.json)"
same "closed: adjustments are the difference, output tokens" "$(($(jq .total.tokens.output before.json) + $(sum output tokens)))" "$(jq .total.tokens.output open.json)"
same "closed: list prices are those of the run" "$(jq -c '.total.list.model' open.json)" '"groq/llama-3.1-8b-instant"'
cd ..
# ---- a figure can be recomputed with a pocket calculator: the models in the ledger are those that were used ----

mkdir fits && cd fits || exit 3
cp "$tree/samples/fleet.json" .
"$tollbook" ingest -q --book book "$tree/samples/serving"
"$tollbook" attribute -q --book book --fleet fleet.json
"$tollbook" explain --book book --lines 100000 hour=2026-08-10T23 > explained
same "fits: the model of the day" "$(grep -c "2026-08-10, llama-3.1-8b on 1 x RTX-PRO-6000-96GB, mixed: fitted to the day's own steps" explained)" 1
# Each line of arithmetic, recomputed: a sum of products; then prefill's part of the step's time.
awk '
/^ +[cpd] = / {
	name = $1; sum = 0; n = split($0, parts, " = ")
	m = split(parts[2], products, " [+] ")
	for (i = 1; i <= m; i++) { split(products[i], f, " x "); sum += f[1] * f[2] }
	said = parts[3] + 0; value[name] = said; lines++
	if (sum - said > 5 || said - sum > 5) { print "wrong: " $0; bad++ } # the last decimals of the terms
}
/T = [0-9]+ ns; the model/ { match($0, /T = [0-9]+/); t = substr($0, RSTART + 4, RLENGTH - 4) + 0 }
/prefill = T x/ {
	match($0, / = [0-9.]+ ns, decode/); said = substr($0, RSTART + 3) + 0
	got = t * (value["p"] + value["c"] - value["d"]) / (2 * value["c"])
	if (got - said > 0.01 || said - got > 0.01) { print "wrong: " $0; bad++ }
	steps++
}
END { print (bad + 0), (steps > 100), lines == 3 * steps }' explained > said
same "fits: the arithmetic is right" "$(cat said)" "0 1 1"
# Prefill of all steps of the hour, by that arithmetic, equals the entries, except for the step that ends in the next hour.
redone=$(awk '
/"schema":"tollbook.step.v1"/ {
	match($0, /"gpu_ns":[0-9]+/); t = substr($0, RSTART + 9, RLENGTH - 9) + 0
	if ($0 ~ /"decode_requests":0,/) sum += t
}
/prefill = T x/ { match($0, / = [0-9.]+ ns, decode/); sum += substr($0, RSTART + 3) + 0 }
END { printf "%.0f", sum }' explained)
posted=$(awk '/^  2026-08-10T23:00:00Z/ && / input(_cached)?, grade/ { match($0, /: [0-9]+ GPU-ns/); sum += substr($0, RSTART + 2) + 0 } END { printf "%.0f", sum }' explained)
off=$((redone - posted))
same "fits: equals the entries, $posted ns" "$([ "$off" -ge -1000 ] && [ "$off" -lt 100000000 ] && echo near || echo "off by $off")" near
# A request on one screen: the figures of --requests, with the interval, its part of its batches, and its lines.
"$tollbook" run -q --fleet fleet.json --requests rows.csv -o statement "$tree/samples/serving"
row=$(sed -n 40p rows.csv)
id=${row%%,*}
"$tollbook" explain --book book "$id" > one
same "a request: money first" "$(sed -n 2p one | cut -d' ' -f3)" "$(echo "$row" | awk -F, '{printf "%.9f", $13 + $14}')"
same "a request: within its interval" "$(sed -n 2p one | tr -d ':)' | awk '{print ($7 < $3 && $3 < $9)}')" 1
same "a request: its phases" "$(awk '/^  (input|output) \(/ {printf "%s %s ", $4, $5}' one)" \
	"$(echo "$row" | awk -F, '{printf "%.3f %s %.3f %s ", $11 / 1e6, $13, $12 / 1e6, $14}')"
same "a request: its part of its batches, and its lines" "$(grep -cE '^  (until its first token|after it) .*its part|^  (request|first step|last step) .*:[0-9]+$' one)" 5
same "a request: in one screen" "$(awk 'END {print (NR <= 24)}' one)" 1
if python3 -c 'import jsonschema' 2> /dev/null; then
	for book in book ../nights/windows ../nights/once; do "$tollbook" backup --dump --book $book - | sed -n 's/^fit	[0-9]*	//p'; done > fits.jsonl
	while read -r fit; do echo "$fit" > fit.json; PYTHONDONTWRITEBYTECODE=1 python3 "$tree/tests/renderings/schema.py" "$tree/schemas/fit.schema.json" fit.json; done < fits.jsonl > said 2>&1
	same "fits: valid by their schema" "$(wc -l < fits.jsonl) $(cat said)" "11 "
fi
# The models of the days, as a run over the logs reports them.
"$tollbook" run -q --fleet fleet.json --model-report run.models -o /dev/null "$tree/samples/serving" 2> /dev/null
"$tollbook" ingest -q --book models "$tree/samples/serving"
"$tollbook" attribute -q --book models --fleet fleet.json --model-report book.models
same "models: those of a run" "$(grep -c 'quantiles of residuals' run.models) $(grep -v ^cross-check book.models | md5sum)" \
	"2 $(grep -v ^cross-check run.models | md5sum)"
"$tollbook" attribute -q --book models --fleet fleet.json --model-report again.models
same "models: of no day where none was attributed" "$(wc -c < again.models)" 0
"$tollbook" attribute -q --book models --fleet fleet.json --all --model-report again.models
same "models: of all days again" "$(md5sum < again.models)" "$(md5sum < book.models)"
# A day with too few steps states the source of its model.
gzip -dc "$tree/samples/serving/steps.jsonl.gz" | awk 'NR < 1270 || NR > 2555' > few.jsonl
"$tollbook" ingest -q --book few few.jsonl
"$tollbook" attribute -q --book few --fleet fleet.json
"$tollbook" explain --book few day=2026-08-11 | sed -n '/^Step models/,/^Its records/p' > said
same "fits: the substitute for few steps is named" "$(grep -c 'too few steps of its own: that of an adjacent day (2026-08-10)' said)" 1
cd ..
finish
