#!/bin/sh
# The sample of a night, as a user runs it: two nights have the result of one run over the same logs.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq

if python3 -c 'import jsonschema' 2> /dev/null; then
	PYTHONDONTWRITEBYTECODE=1 python3 tests/renderings/schema.py schemas/config.schema.json samples/nightly/tollbook.conf > "$folder/said" 2>&1
	same "the sample is valid by its schema" "$? $(cat "$folder/said")" "0 "
fi
if command -v systemd-analyze > /dev/null; then
	mkdir "$folder/bin" && ln -s "$tollbook" "$folder/bin" # no space in its path
	sed "s,/usr/local/bin/tollbook,$folder/bin/tollbook,; /^Documentation/d" samples/nightly/tollbook.service > "$folder/tollbook.service"
	systemd-analyze verify "$folder/tollbook.service" > "$folder/said" 2>&1
	same "systemd accepts the service" "$(grep -c tollbook.service: "$folder/said")" 0
fi

cd "$folder" || exit 3
mkdir -p logs/2026-08-10 logs/2026-08-11 logs/vllm
cp "$tree/samples/fleet.json" "$tree/samples/prices.json" "$tree/samples/nightly/tollbook.conf" .
"$tollbook" nightly -c tollbook.conf --check-config > said
same "check" "$? $(cat said)" "0 tollbook.conf: fine"
sed 's/"book": "book"/"rule": "other", &/' tollbook.conf > wrong.conf
"$tollbook" nightly -c wrong.conf --check-config > said 2>&1
same "a rule that does not exist" "$? $(grep -c 'wrong.conf:3:.*"rule" has an unknown value, expected for example shapley' said)" "2 1"
sed 's/"metrics": .*/&,\n "logs": [{"path": "other"}]/' tollbook.conf > wrong.conf
"$tollbook" nightly -c wrong.conf --check-config > said 2>&1
same "a key that appears twice" "$? $(grep -c 'wrong.conf:4:.*"logs" appears twice, expected once' said)" "2 1"
cp "$tree/samples/serving/steps.jsonl.gz" logs/2026-08-10
"$tollbook" nightly -q -c tollbook.conf
same "first night: exit status" "$?" 0
gzip -dc "$tree/samples/serving/requests.jsonl.gz" > logs/2026-08-11/late.jsonl
gzip logs/2026-08-11/late.jsonl
gzip -dc logs/2026-08-10/steps.jsonl.gz | gzip -1 > logs/2026-08-11/again.jsonl.gz
"$tollbook" nightly -q -c tollbook.conf
same "second night, late requests and old steps: exit status" "$?" 0
"$tollbook" nightly -c tollbook.conf > said 2> /dev/null
same "third night: nothing new" "$(grep -c 'nothing new' said)" 1
same "its mail has at most 30 lines of 72 columns" "$(wc -l < said | awk '{print ($1 <= 30)}') $(awk 'length > 72' said | grep -c .)" "1 0"
same "the day in one sentence" "$(head -1 said | cut -c1-59)" "tollbook 2026-08-11: \$0.020163 paid, 64.4 % at work, output"
same "where the page is, and the head of the chain" "$(grep -c 'page: costs-.*.html' said) $(tail -1 said | tr -d ' ')" \
	"1 $("$tollbook" verify --head | grep -o '[0-9a-f]\{64\}')"

gzip -dc logs/2026-08-10/steps.jsonl.gz | head -100 > one.jsonl
echo '{"schema": "tollbook.config.v1", "book": "first", "logs": [{"path": "one.jsonl"}], "fleet": "fleet.json"}' > one.conf
"$tollbook" nightly -c one.conf > one 2> /dev/null
same "a mail has no mean of a week without days" "$(grep -c "week's mean    change" said one | tr '\n' ' ')$(awk '/paid, USD|tokens, M/ {print NF}' one | tr '\n' ' ')" "said:1 one:0 3 3 "

"$tollbook" run -q --fleet fleet.json --prices prices.json --list llama-3.1-8b=groq/llama-3.1-8b-instant --by hour,tenant \
	--format json -o run.json "$tree/samples/serving"
"$tollbook" report -q --by hour,tenant --format json -o book.json
for key in .total .models .tenants .rows .evidence; do
	same "nights and run agree: $key" "$(jq -S "$key" book.json)" "$(jq -S "$key" run.json)"
done
days_again() { # the number of days that verify attributed again, without a given fleet and prices
	"$tollbook" verify --all > said || echo "exit status $?"
	sed -n 's/.* records; \([0-9]*\) days attributed again.* 0 findings$/\1/p' said
}
same "the book verifies, from the data that it stores of the nights" "$(days_again)" 4
"$tollbook" close 2026-08 > /dev/null
same "and after its month is closed" "$(days_again)" 4
"$tollbook" close 2026-08 --reopen "a test" > /dev/null
same "an open month waits for its attribution" "$("$tollbook" verify --all 2>&1 | grep -c 'records of 31 days are not attributed yet')" 1
"$tollbook" nightly -q -c tollbook.conf
same "which the next night makes, though no log is new" "$(days_again)" 31
same "reports and metrics" "$(ls costs-*.html costs-*.json costs-*.csv tollbook.prom | wc -l)" 4

# A log with one window, which waits for the next line until the log rests: no finding before, and a record then.
mkdir "$folder/waits" && cd "$folder/waits" || exit 3
for second in 1 2 3; do
	echo "[2026-08-10 09:00:0$second TP0] Decode batch. #running-req: 1, #token: 12${second}0, token usage: 0.01, cuda graph: True, gen throughput (token/s): 40.00, #queue-req: 0,"
done > sglang.log
echo '{"schema": "tollbook.config.v1", "book": "book", "fleet": "../fleet.json", "logs": [{"path": "*.log"}]}' > tollbook.conf
"$tollbook" nightly -c tollbook.conf > said 2>&1
same "a log with a record that waits is not without evidence" "$? $(grep -c 'no evidence' said)" "0 0"
touch -d 2026-08-12T00:00:00Z sglang.log
"$tollbook" nightly -c tollbook.conf > said 2>&1
same "later it is read" "$(grep -c '1 record,' said)" 1

# Days and months of a report are those of its zone, in its path and in its period.
cd "$folder" && export TOLLBOOK_NOW=2026-10-31T23:30:00Z
cat > zones.conf << END
{"schema": "tollbook.config.v1", "book": "zones", "logs": [{"path": "zones/*"}], "fleet": "fleet.json",
 "reports": [{"output": "utc-month-%m", "period": "month", "format": "json"}, {"output": "utc-day-%d", "period": "day", "format": "json"},
  {"output": "month-%m", "period": "month", "tz": "Europe/Berlin", "format": "json"}, {"output": "day-%d", "period": "day", "tz": "Europe/Berlin", "format": "json"},
  {"output": "before-%m", "period": "previous-month", "tz": "Europe/Berlin", "format": "json"}]}
END
mkdir zones
for hour in 2026-09-30T22 2026-10-30T23 2026-10-31T22 2026-10-31T23; do
	echo "{\"schema\":\"tollbook.step.v1\",\"replica\":\"rtx-tiny-01\",\"model\":\"m\",\"start_ns\":$(date -u -d "$hour:15:00Z" +%s)000000000,\"gpu_ns\":1000000,\"prefill_tokens\":0,\"decode_requests\":1,\"decode_tokens\":1,\"decode_kv_tokens\":9}"
done > zones/log.jsonl
"$tollbook" nightly -q -c zones.conf > said 2>&1
same "reports of a zone" "$(for f in utc-month-10 utc-day-30 month-11 day-31 before-10; do jq -r '.period.from[:13] + " " + .period.to[:13]' $f; done 2>&1 | tr '\n' ',')" \
	"2026-10-01T00 2026-11-01T00,2026-10-30T00 2026-10-31T00,2026-10-31T23 2026-11-30T23,2026-10-30T23 2026-10-31T23,2026-09-30T22 2026-10-31T23,"
finish
