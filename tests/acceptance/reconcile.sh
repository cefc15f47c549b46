#!/bin/sh
# A book against an invoice: each kind of difference is distinguished, and they sum to the whole, to the last unit.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
cd "$folder" || exit 3

# Two pools, up all of two days: 2 and 1 GPUs, at 3 and 1.5 an hour. 96 hours for 288, 48 hours for 72.
cat > fleet.json << 'END'
{"schema": "tollbook.fleet.v1", "currency": "USD", "pools": [
 {"name": "big", "match": "b*", "gpus_per_replica": 2, "rates": [{"from": "2026-01-01", "per_gpu_hour": "3"}],
  "uptime": [{"from": "2026-08-10T00:00:00Z", "to": "2026-08-12T00:00:00Z", "gpus": 2}]},
 {"name": "small", "match": "s*", "gpus_per_replica": 1, "rates": [{"from": "2026-01-01", "per_gpu_hour": "1.5"}],
  "uptime": [{"from": "2026-08-10T00:00:00Z", "to": "2026-08-12T00:00:00Z", "gpus": 1}]}]}
END
for replica in b1 s1; do
	for at in 1786320000 1786406400 1786492799; do
		echo "{\"schema\":\"tollbook.request.v1\",\"id\":\"$replica-$at\",\"replica\":\"$replica\",\"model\":\"m\",\"arrival_ns\":${at}000000000,\"first_token_ns\":${at}100000000,\"finish_ns\":${at}900000000,\"prompt_tokens\":100,\"completion_tokens\":10}"
	done
done > log.jsonl
"$tollbook" ingest -q --book book log.jsonl && "$tollbook" attribute -q --book book --fleet fleet.json || exit 1

# bill NAME LINES EXIT CLASSES: an invoice of these lines; classes of the whole that are not 0, as "NAME AMOUNT;"
bill() {
	printf 'period,pool,gpu_hours,amount\n%b' "$2" > invoice.csv
	shift_options=${5:-}
	# shellcheck disable=SC2086
	"$tollbook" reconcile --book book --invoice invoice.csv $shift_options > said 2>&1
	status=$?
	same "$1" "$status $(sed -n '/^In all/,$p' said | awk '/^    / {amount = $NF; $NF = ""; if (amount + 0 != 0) printf "%s%s;", $0, amount}')" "$3 $4"
	same "$1: sums" "$(sed -n '/^In all/,$p' said | awk '/^  invoice/ {i = $2} /^  book/ {b = $2} /^  differ/ {d = $2} /^    / {s += $NF}
		END {print (i - b - d < 1e-8 && d - i + b < 1e-8 && s - d < 1e-8 && d - s < 1e-8)}')" 1
}
days=2026-08-10T00:00:00Z/2026-08-12T00:00:00Z
bill "as booked" "$days,big,96,288\n$days,small,48,72\n" 0 ""
bill "all pools on one line" "$days,,144,360\n" 0 ""
bill "day by day" "2026-08-10,big,48,144\n2026-08-11,big,48,144\n$days,small,48,72.00\n" 0 ""
bill "in two lines of one time" "$days,big,90,270\n$days,big,6,18\n$days,small,48,72\n" 0 ""
bill "a fee beside the hours" "$days,big,96,288\n$days,big,,5\n$days,small,48,72\n" 1 "rate 5.00;"
bill "hours that no log knows" "$days,big,100,300\n$days,small,48,72\n" 1 "hours not seen in logs 12.00;"
bill "hours not invoiced" "$days,big,90,270\n$days,small,48,72\n" 1 "hours seen, not invoiced -18.00;"
bill "another rate" "$days,big,96,336\n$days,small,48,72\n" 1 "rate 48.00;"
bill "more hours at another rate" "$days,big,100,350\n$days,small,48,72\n" 1 "hours not seen in logs 14.00;rate 48.00;"
bill "rounding" "$days,big,96,288.004\n$days,small,48,72\n" 0 "rounding 0.004;"
bill "a pool that the book does not know" "$days,big,96,288\n$days,small,48,72\n$days,huge,1,9\n" 1 "not in the book at all 9.00;"
bill "a pool that the invoice leaves out" "$days,big,96,288\n" 1 "hours seen, not invoiced -72.00;"
same "and which" "$(grep -A1 'On no line of the invoice' said | tr -s ' \n' ' ')" "On no line of the invoice, small book 72.00 48.000 GPU-hours "
bill "a day that the invoice leaves out" "2026-08-10,big,48,144\n$days,small,48,72\n" 1 "hours seen, not invoiced -144.00;"
bill "a period cut elsewhere" "2026-08-10,big,50,150\n2026-08-10,small,24,36\n" 1 "period cut-off 6.00;" "--cut-off 2"
bill "without that it is hours" "2026-08-10,big,50,150\n2026-08-10,small,24,36\n" 1 "hours not seen in logs 6.00;"
bill "within a tolerance" "$days,big,96,290\n$days,small,48,72\n" 0 "rate 2.00;" "--tolerance 2"
bill "no tolerance at all" "$days,big,96,288.004\n$days,small,48,72\n" 1 "rounding 0.004;" "--tolerance 0"
printf 'period,pool,gpu_hours,amount,currency\n%s,,144,330,EUR\n' "$days" > invoice.csv
"$tollbook" reconcile --book book --invoice invoice.csv > said 2>&1
same "another currency" "$? $(sed -n '/^In all/,$p' said | grep -c '    currency *-30.00')" "1 1"

# FOCUS, as CSV and JSON.
cat > focus.csv << 'END'
BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,ConsumedUnit,ResourceName,ChargeDescription
144.00,USD,2026-08-10T00:00:00Z,2026-08-11T00:00:00Z,48,Hours,big,"GPU, big"
144.00,USD,2026-08-11T00:00:00Z,2026-08-12T00:00:00Z,48,Hours,big,"GPU, ""big"""
"72.00",USD,2026-08-10T00:00:00Z,2026-08-12T00:00:00Z,48,Hours,small,
END
"$tollbook" reconcile -q --book book --invoice focus.csv > said 2>&1
same "FOCUS as CSV" "$? $(tail -1 said)" "0 Within a tolerance of 0.01 per class"
cat > focus.json << 'END'
{"data": [
 {"BilledCost": 288.00, "BillingCurrency": "USD", "ChargePeriodStart": "2026-08-10T00:00:00Z", "ChargePeriodEnd": "2026-08-12T00:00:00Z", "ConsumedQuantity": 96, "ConsumedUnit": "Hours", "SkuId": "x", "ResourceName": "big"},
 {"BilledCost": "72", "BillingCurrency": "USD", "ChargePeriodStart": "2026-08-10T00:00:00Z", "ChargePeriodEnd": "2026-08-12T00:00:00Z", "ConsumedQuantity": 48, "ConsumedUnit": "Hours", "ResourceName": "small", "Tags": {"a": "b"}}]}
END
"$tollbook" reconcile -q --book book --invoice focus.json > said 2>&1
same "FOCUS as JSON" "$? $(tail -1 said)" "0 Within a tolerance of 0.01 per class"
sed 's/"72"/"71.9999999999999"/; s/"ConsumedQuantity": 48/"ConsumedQuantity": 48.0000000000001/' focus.json > places.json
"$tollbook" reconcile -q --book book --invoice places.json > said 2>&1
same "more places than nine" "$? $(tail -1 said)" "0 Within a tolerance of 0.01 per class"
printf 'period,pool,gpu_hours,amount\n2026-13,big,1,1\n' > bad.csv
"$tollbook" reconcile --book book --invoice bad.csv > said 2>&1
same "a bad line" "$? $(grep -c 'bad.csv:2: no period' said)" "2 1"

# The reverse: a bill for tokens compared with the tokens in the logs.
echo '{"id":"x","created":1786320001,"model":"m","usage":{"prompt_tokens":600,"completion_tokens":60}}' > usage.jsonl
echo '{"id":"y","created":1786492799,"model":"m","usage":{"prompt_tokens":0,"completion_tokens":0}}' >> usage.jsonl
"$tollbook" reconcile --book book --tokens usage.jsonl > said 2>&1
same "tokens" "$? $(awk '/input tokens|output tokens/ {print $1, $NF}' said | tr '\n' ' ')" "1 input 0 output 0 "
sed -i 's/"prompt_tokens":600/"prompt_tokens":700/' usage.jsonl
"$tollbook" reconcile --book book --tokens usage.jsonl > said 2>&1
same "more tokens billed than seen" "$? $(awk '/input tokens/ {print $NF}' said)" "1 100"

# The export of OpenAI's usage dashboard: its columns, numbers and empty times, with the figures of this book.
columns=start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens,input_text_tokens,output_text_tokens
usage() { # COLUMNS
	cat > export.csv << END
$1
1786320000,1786406400,2026-08-10T00:00:00+00:00,2026-08-11T00:00:00+00:00,proj_a,2.0,user-a,key_a,m,FALSE,default,200.0,20.0,0.0,200.0,200.0,20.0
1786406400,1786492800,2026-08-11T00:00:00+00:00,2026-08-12T00:00:00+00:00,proj_a,3.0,user-a,key_a,m,FALSE,default,${input:-300}.0,30.0,0.0,300.0,300.0,30.0
1786406400,1786492800,2026-08-11T00:00:00+00:00,2026-08-12T00:00:00+00:00,proj_a,1.0,user-a,"key_b",m,TRUE,,100.0,10.0,0.0,100.0,100.0,10.0
1786492800,1786579200,2026-08-12T00:00:00+00:00,2026-08-13T00:00:00+00:00,,,,,,,,,,,,,
END
}
billed() {
	"$tollbook" reconcile --book book --tokens "${1:-export.csv}" > said 2>&1
	echo "$? $(awk '/requests|input tokens|output tokens/ {print $1, $NF}' said | tr '\n' ' ')"
}
usage $columns
same "the usage dashboard's export" "$(billed)" "0 requests 0 input 0 output 0 "
gzip -c export.csv > export.csv.gz
same "packed" "$(billed export.csv.gz)" "0 requests 0 input 0 output 0 "
sed -i 's/$/\r/; 1s/^/\xef\xbb\xbf/' export.csv
same "of a spreadsheet" "$(billed)" "0 requests 0 input 0 output 0 "
input=23456789012345 usage $columns
same "more tokens than nano-units hold" "$(billed)" "1 requests 0 input 23456789012045 output 0 "
unset input

# unread WHAT MESSAGE
unread() {
	billed > code
	same "not read: $1" "$(cut -c 1 code) $(grep -c -- "$2" said)" "2 1"
}
wanted='expected the dashboard.s export of completions, grouped by model: start_time, end_time, model, num_model_requests, input_tokens, input_cached_tokens, output_tokens'
printf 'start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id,organization_id,organization_name\n1786320000,1786406400,2026-08-10T00:00:00+00:00,2026-08-11T00:00:00+00:00,0.89587,usd,,,org-a,Personal\n' > export.csv
unread "its export of costs" "export.csv:1: columns are missing, $wanted"
printf 'start_time,end_time,start_time_iso,end_time_iso\n1786320000,1786406400,2026-08-10T00:00:00+00:00,2026-08-11T00:00:00+00:00\n' > export.csv
unread "one without usage" "export.csv:1: columns are missing, $wanted"
usage $columns; sed -i '3s/,m,/,,/' export.csv
unread "not grouped by model" "export.csv:3: usage without a model, $wanted"
usage $columns; sed -i '2s/,200[.]0/,200.5/' export.csv
unread "half a token" "export.csv:2: a count is not a whole number"
usage $columns; sed -i '2s/,0.0,/,201.0,/' export.csv
unread "more cached than input" "export.csv:2: more cached input than input"
usage $columns; sed -i '4s/^1786406400/soon/' export.csv
unread "no time" "export.csv:4: no time"
finish
