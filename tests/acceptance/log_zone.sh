#!/bin/sh
# A configuration whose log_zone changes between nights: lines of one log in two zones are a finding, and so are logs that were
# read before the zone was set, until they are taken out and read again. Nothing else is.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
export TOLLBOOK_NOW=2026-12-01T00:00:00Z
echo '{"schema": "tollbook.fleet.v1", "currency": "USD", "pools": [{"name": "p", "match": "*", "rates": [{"from": "2026-01-01", "per_gpu_hour": "2"}]}]}' > fleet.json

lines() { # lines DAY FROM TO: a line of a step each minute
	n=$2
	while [ "$n" -lt "$3" ]; do
		echo "INFO 10-$1 06:$n:00 [loggers.py:257] Engine 000: Iteration($1$n): 1 context requests, 100 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 50.00 ms"
		n=$((n + 1))
	done
}

night() { # night ZONE: "": none is set
	zone=${1:+", \"log_zone\": \"$1\""}
	echo "{\"schema\": \"tollbook.config.v1\", \"book\": \"book\", \"fleet\": \"fleet.json\", \"logs\": [{\"path\": \"logs/*\"$zone}],
		\"reports\": [{\"output\": \"night.json\", \"format\": \"json\", \"by\": \"day,replica\"}]}" > night.conf
	"$tollbook" nightly -q -c night.conf > said 2>&1
	status=$?
	[ $status -le 1 ] || wrong "$(cat said)"
}

zones='[.findings[] | select(.kind == "clock" and .option == "--forget") | .subjects[0]]'

begin() {
	rm -rf book logs
	mkdir logs
	lines 05 10 30 > logs/engine.log
	night "$1"
}

begin Europe/Berlin
lines 05 30 40 >> logs/engine.log
night Europe/Berlin
same "one zone" "$status $(jq -c "$zones" night.json)" "0 []"
lines 05 40 50 >> logs/engine.log
night America/New_York
same "another zone" "$status $(jq -c "$zones" night.json)" '1 ["logs/engine.log"]'
night Europe/Berlin
same "the former zone again, without lines" "$status $(jq -c "$zones" night.json)" '1 ["logs/engine.log"]'
"$tollbook" report -q --book book --format json --as-of 2 -o then.json > said 2>&1
same "as of the second night" "$? $(jq -c "$zones" then.json)" "0 []"
"$tollbook" ingest -q --book book --forget 'logs/engine.log' > said 2>&1
night Europe/Berlin
same "read again" "$status $(jq -c "$zones" night.json)" "0 []"
"$tollbook" run -q --fleet fleet.json --log-zone Europe/Berlin --by day,replica --format json -o run.json logs > said 2>&1
same "as a run reads it" "$(jq -c '[.total.gpu_ns, .rows]' night.json)" "$(jq -c '[.total.gpu_ns, .rows]' run.json)"

# A log that was rotated, and logs by date, before and after the zone was set.
begin ''
mv logs/engine.log logs/engine.log.1
lines 06 10 30 > logs/engine.log
night Asia/Kolkata
same "rotated" "$status $(jq -c "$zones" night.json)" '1 ["logs/engine.log"]'
begin ''
mv logs/engine.log logs/other-2026-10-05.log
night ''
lines 06 10 30 > logs/engine-2026-10-06.log
night ''
lines 07 10 30 > logs/engine-2026-10-07.log
night Asia/Kolkata
same "by date" "$status $(jq -c "$zones" night.json)" '1 ["logs/engine-2026-10-06.log"]'
begin ''
lines 05 30 40 >> logs/engine.log
night UTC
same "UTC that was assumed" "$status $(jq -c "$zones" night.json)" "0 []"
finish
