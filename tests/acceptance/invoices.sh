#!/bin/sh
# One bill in the export of each vendor: read without changes, it has no difference, to the last unit.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
data=$(realpath tests/data/invoices)
cd "$folder" || exit 3

cat > fleet.json << 'END'
{"schema": "tollbook.fleet.v1", "currency": "USD", "pools": [{"name": "h100-prod", "match": "h100-*", "gpus_per_replica": 8,
 "rates": [{"from": "2026-01-01", "per_gpu_hour": "2.99"}],
 "uptime": [{"from": "2026-08-10T00:00:00Z", "to": "2026-08-13T00:00:00Z", "gpus": 8}]}]}
END
for at in 1786320000 1786406400 1786579199; do
	echo "{\"schema\":\"tollbook.request.v1\",\"id\":\"$at\",\"replica\":\"h100-01\",\"model\":\"m\",\"arrival_ns\":${at}000000000,\"first_token_ns\":${at}100000000,\"finish_ns\":${at}900000000,\"prompt_tokens\":100,\"completion_tokens\":10}"
done > log.jsonl
"$tollbook" ingest -q --book book log.jsonl && "$tollbook" attribute -q --book book --fleet fleet.json 2> /dev/null

# ties FILE OTHERS OPTION...: the compared and posted amounts are equal; the other charges, as "class amount;"
ties() {
	file=$1 others=$2
	shift 2
	"$tollbook" reconcile --book "${book:-book}" --invoice "$data/$file" --tolerance 0 "$@" > said 2>&1
	status=$?
	same "$file: ties" "$status $(sed -n '/^In all/,$p' said | awk '/^  invoice|^  book|^  differ/ {printf "%s ", $2}')" "0 1722.24 1722.24 0.00 "
	case $file in
	modal.csv) ;; # has no hours
	*) same "$file: hours" "$("$tollbook" reconcile --book "${book:-book}" --invoice "$data/$file" --tolerance 0 --format json "$@" 2> /dev/null | jq .total.invoice_gpu_ns)" 2073600000000000 ;;
	esac
	same "$file: other charges" "$(sed -n '/^On the invoice/,/^In all/p' said | awk '/^  / {printf "%s %s;", $1, $2}')" "$others"
}
ties aws-cur2.csv "tax 100.00;credit -10.00;storage 4.00;" --pool-column resource_tags.user_pool
ties aws-savings-plan.csv "commitment 0.00;"
ties azure.csv "storage 9.99;" --pool-column Tags.pool
ties google.csv "tax 19.00;storage 8.50;" --pool-column labels.pool
ties oci.csv "storage 5.00;"
ties focus-1.4.csv "credit -20.00;storage 12.50;network 3.50;other services;" --pool-column Tags.pool
ties lambda.csv ""
ties reversed.csv "" # a line takes hours back
ties runpod.json ""
ties modal.csv ""
ties vast.json "storage 0.24;"
"$tollbook" ingest -q --book euros log.jsonl && sed 's/"USD"/"EUR"/' fleet.json > euros.json && "$tollbook" attribute -q --book euros --fleet euros.json 2> /dev/null
book=euros
ties german.csv "" --columns "$data/german.map" # its amounts have a sign of euros
book=book
"$tollbook" reconcile --book book --invoice "$data/german.csv" --columns "$data/german.map" > said 2>&1
same "euros for a book in dollars" "$? $(grep -c 'amounts in EUR, the book is in USD' said)" "1 1"
gzip -c "$data/aws-cur2.csv" > packed.csv.gz
"$tollbook" reconcile --book book --invoice packed.csv.gz -o page.html
same "packed, and as a page" "$? $(grep -c '<table id="pool"' page.html)" "0 1"
same "billed cost of a prepaid node" "$("$tollbook" reconcile --book book --invoice "$data/aws-savings-plan.csv" --cost billed | awk '/^    rate/ {print $2; exit}')" -1722.24
"$tollbook" reconcile --book book --invoice "$data/modal.csv" --pool-column nosuch > said 2>&1
same "a column that is not there" "$? $(grep -c 'no column or member nosuch' said)" "2 1"
# The same sum for other hours is no agreement, nor "0.00 above the book".
printf 'period,pool,gpu_hours,amount\n2026-08,h100-prod,288,1722.24\n' > half.csv
"$tollbook" reconcile --book book --invoice half.csv -o half.html
same "a page of one sum with other parts" "$? $(grep -c 'have the same sum, but not the same parts; the largest: hours' half.html)" "1 1"
# What an invoice or a log names is printable everywhere.
printf 'period,pool,gpu_hours,amount\n2026-08,"\033[31m<b>red",1,1\n' > colour.csv
for format in table csv json html markdown; do
	"$tollbook" reconcile --book book --invoice colour.csv --format $format > said 2>&1
	same "a pool with escape codes as $format" "$? $(LC_ALL=C grep -c "$(printf '\033')" said) $(grep -c 'red' said | sed 's/[1-9][0-9]*/some/')" "1 0 some"
done
same "markup in a pool's name" "$(grep -c '<b>red' said)" 0
sed 's/"m","arrival/"\\u001b[31mred","arrival/' log.jsonl > colour.jsonl
"$tollbook" ingest -q --book colours colour.jsonl && "$tollbook" attribute -q --book colours --fleet fleet.json 2> /dev/null
same "escape codes in explain" "$("$tollbook" explain --book colours kind=output | LC_ALL=C tr -cd '\033' | wc -c)" 0
echo "amount = Net cots" > wrong.map
"$tollbook" reconcile --book book --invoice "$data/lambda.csv" --columns wrong.map > said 2>&1
same "a map with a column that is not there" "$? $(grep -c 'Net cots: the invoice has no such column' said)" "2 1"
finish
