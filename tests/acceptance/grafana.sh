#!/bin/sh
# The sample dashboard and alerts: promtool accepts every expression, and tollbook writes every metric in them.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
need promtool

jq -r '.panels[].targets[].expr' samples/grafana/tollbook.json | sed 's/\$model/.*/g' > "$folder/expressions"
same "panels have expressions" "$(awk 'END {print (NR >= 10)}' "$folder/expressions")" 1
{
	echo 'groups: [{name: panels, rules: ['
	jq -R '{record: ("panel:" + (input_line_number | tostring)), expr: .}' "$folder/expressions" | jq -s -c '.[]' | sed 's/$/,/'
	echo ']}]'
} > "$folder/panels.yml"
promtool check rules "$folder/panels.yml" > "$folder/said" 2>&1
same "promtool accepts the panels" "$? $(grep -c SUCCESS "$folder/said")" "0 1"
promtool check rules samples/grafana/alerts.yml > "$folder/said" 2>&1
same "and the alerts" "$? $(grep -c SUCCESS "$folder/said")" "0 1"

"$tollbook" run -q --fleet samples/fleet.json --prices samples/prices.json --list llama-3.1-8b=groq/llama-3.1-8b-instant \
	--format prometheus -o "$folder/metrics" samples/serving
cat "$folder/expressions" samples/grafana/alerts.yml | grep -o 'tollbook_[a-z_]*' | sort -u | grep -v '^tollbook_nightly_' > "$folder/used"
grep -o '^tollbook_[a-z_]*' "$folder/metrics" | sort -u > "$folder/written"
same "every metric in them is written" "$(comm -23 "$folder/used" "$folder/written")" ""
same "ids of panels are their own" "$(jq '[.panels[].id] | length == (unique | length)' samples/grafana/tollbook.json)" true
finish
