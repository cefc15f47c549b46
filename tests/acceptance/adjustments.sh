#!/bin/sh
# Adjustments of a closed month are in every form of the statement in which they count: each file sums to
# the total plus its adjustments, to the last billionth, and passes the installed validators.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq sqlite3
cd "$folder" || exit 3

cp "$tree/samples/fleet.json" "$tree/samples/prices.json" .
gzip -dc "$tree/samples/serving/requests.jsonl.gz" > all.jsonl
sed -n '1~7!p' all.jsonl > first.jsonl
sed -n '1~7p' all.jsonl > late.jsonl
gzip -dc "$tree/samples/serving/steps.jsonl.gz" | head -300 | sed 's/"start_ns":1786/"start_ns":1790/' > september.jsonl
gzip -dc "$tree/samples/serving/steps.jsonl.gz" > steps.jsonl
take() { "$tollbook" ingest -q --book book "$@" && "$tollbook" attribute -q --book book --fleet fleet.json --prices prices.json; }
take steps.jsonl first.jsonl && "$tollbook" close -q --book book 2026-08 && take late.jsonl september.jsonl || exit 1
# And steps that arrive later: so the adjustments have a cost.
tail -40 steps.jsonl | sed 's/"start_ns":17864064/"start_ns":17864070/' > later.jsonl
take later.jsonl || exit 1

# print_as FORMAT FROM TO [BY]
print_as() {
	"$tollbook" report -q --book book --from "$2" --to "$3" ${4:+--by "$4"} --format "$1" > "said.$1" 2> said
	[ $? -le 1 ] || wrong "$1: $(cat said)"
}

# sum: the exact sum of numbers with nine places, one per line
sum() {
	sed 's/^-\{0,1\}[0-9]*$/&.000000000/; s/[.]//' | jq -s 'add // 0'
}

# expect WHAT FROM TO [BY]
expect() {
	for format in json focus journal beancount prometheus; do
		print_as $format "$2" "$3" "$4"
	done
	total=$(jq -r '.total.cost.capacity' said.json | sum)
	adjusted=$(jq -r '.adjustments[].cost // "0"' said.json | sum)
	rows=$(jq '[.adjustments[] | select(.tokens != 0 or (.cost // "0" | tonumber) != 0)] | length' said.json)
	same "$1: it is adjusted" "$((adjusted != 0)) $((rows > 5))" "1 1"
	# No column before these contains a comma or a quote.
	same "$1, FOCUS: charges" "$(awk -F, 'NR > 1 && $8 == "" {print $1}' said.focus | sum)" "$total"
	same "$1, FOCUS: corrections" "$(awk -F, 'NR > 1 && $8 == "Correction" {print $1}' said.focus | sum) $(grep -c ',Correction,' said.focus)" "$adjusted $rows"
	same "$1, FOCUS: of which period" "$(grep ',Correction,' said.focus | grep -c '""tollbook/adjusts_period"":""2026-08"",""tollbook/adjusts_run"":[0-9]*,')" "$rows"
	for form in journal beancount; do
		same "$1, $form: expenses" "$(awk 'tolower($1) ~ /^expenses:/ && $2 != "open" && $1 != "account" {print $2}' said.$form | sum)" "$((total + adjusted))"
		same "$1, $form: adjusted" "$(awk '/Adjustment of 2026-08: later evidence, run/ {on = 1; next} /^$/ {on = 0} on && tolower($1) ~ /^expenses:/ {print $2}' said.$form | sum)" "$adjusted"
		same "$1, $form: balanced" "$(awk 'tolower($1) ~ /^liabilities:/ {sub(/gpu rent/, ""); print $2}' said.$form | sum)" "$((-total - adjusted))"
	done
	same "$1, Prometheus: costs" "$(sed -n 's/^tollbook_cost{.*} //p' said.prometheus | sum)" "$total"
	same "$1, Prometheus: adjustments" "$(sed -n 's/^tollbook_adjustment_cost{period="2026-08"} //p' said.prometheus | sum)" "$adjusted"
	same "$1, Prometheus: adjusted time" "$(sed -n 's/^tollbook_adjustment_gpu_seconds{period="2026-08"} //p' said.prometheus | sum)" "$(jq '[.adjustments[].gpu_ns] | add' said.json)"
	! command -v hledger > /dev/null || same "$1, hledger" "$(hledger -f said.journal check --strict 2>&1)" ""
	! command -v ledger > /dev/null || same "$1, ledger" "$(ledger -f said.journal --pedantic bal 2>&1 | tail -1 | tr -d ' ')" 0
	! command -v bean-check > /dev/null || same "$1, bean-check" "$(bean-check said.beancount 2>&1)" ""
	! command -v promtool > /dev/null || same "$1, promtool" "$(promtool check metrics < said.prometheus 2>&1)" ""
	! command -v python3 > /dev/null || same "$1, rules of FOCUS" "$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$tree/tests/renderings python3 -c '
import json, pathlib, focus
print("\n".join(focus.check_focus(pathlib.Path("said.focus"), json.load(open("said.json")))[:5]))')" ""
}
expect "the month in which it counts" 2026-09-01 2026-10-01
expect "by day and tenant" 2026-09-01 2026-10-01 day,tenant
same "dates of the transactions" "$(grep -h 'Adjustment of' said.journal said.beancount | cut -c 1-10 | sort -u)" 2026-09-01
print_as focus 2026-08-01 2026-09-01
print_as journal 2026-08-01 2026-09-01
same "none in the closed month itself" "$(grep -c ',Correction,' said.focus) $(grep -c Adjustment said.journal)" "0 0"
# A period with nothing else.
print_as beancount 2026-09-01 2026-09-02
! command -v bean-check > /dev/null || same "a day of adjustments alone" "$(bean-check said.beancount 2>&1) $(grep -c 'Adjustment of' said.beancount | awk '{print ($1 > 0)}')" " 1"
finish
