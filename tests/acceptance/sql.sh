#!/bin/sh
# samples/sql: the views of a book have the figures of its statement, except for the billionths that each line may lose; the book still verifies.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq sqlite3

book=$folder/book
"$tollbook" ingest -q --book "$book" samples/serving || wrong "ingest"
"$tollbook" attribute -q --book "$book" --fleet samples/fleet.json || wrong "attribute"
"$tollbook" report -q --book "$book" --idle separate --by day,tenant --format json -o "$folder/report.json" || wrong "report"
for time in first second; do
	sqlite3 "$book/ledger.db" < samples/sql/views.sqlite.sql > "$folder/said" 2>&1
	same "the views, made for the $time time" "$? $(cat "$folder/said")" "0 "
done
ask() { sqlite3 -readonly "$book/ledger.db" "$1"; }
of() { jq -r "$1" "$folder/report.json"; }
lines=$(ask 'SELECT COUNT(*) FROM entry_day')
near "cost" "$(ask 'SELECT SUM(cost_nano) FROM cost_entry')" "$(of '.total.cost.capacity | sub("[.]"; "") | sub("^0+"; "")')" $((2 * lines))
same "tokens" "$(ask 'SELECT SUM(input_tokens), SUM(output_tokens) FROM cost_by_day')" "$(of '"\(.total.tokens.input)|\(.total.tokens.output)"')"
same "GPU time" "$(ask 'SELECT SUM(gpu_ns) FROM cost_by_tenant')" "$(of .total.gpu_ns.capacity)"
same "tenants" "$(ask "SELECT tenant, output_tokens FROM cost_by_tenant WHERE tenant <> '' ORDER BY 1")" \
	"$(of '.tenants[] | select(.tokens.output > 0) | "\(.tenant)|\(.tokens.output)"')"
sqlite3 "$book/ledger.db" "INSERT INTO list_price VALUES ('llama-3.1-8b', 0.05, 0.05, 0.08)"
same "margin: revenue" "$(ask 'SELECT printf("%.8f", revenue) FROM margin')" \
	"$(of '(.total.tokens.input * 0.05 + .total.tokens.output * 0.08) / 1000000 * 100000000 | round / 100000000')"
"$tollbook" verify --book "$book" --all > "$folder/said" 2>&1
same "verify" "$?" 0
finish
