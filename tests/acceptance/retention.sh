#!/bin/sh
# Records of closed periods are removed by the configuration's retention; figures remain, open periods do not change, and all commands report it.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
figures='del(.quality, .provenance, .period, .findings, .assumptions)'

# Forty days, over the end of a month: a request and a step an hour or so each day, logged by two replicas.
mkdir logs
cp "$tree/samples/fleet.json" .
day() { # day NUMBER REPLICA: lines
	at=$((1785542400 + $1 * 86400)) # 2026-08-01
	for hour in 1 7 13 23; do
		s=$((at + hour * 3600))
		echo "{\"schema\":\"tollbook.step.v1\",\"replica\":\"rtx-tiny-$2\",\"model\":\"m\",\"start_ns\":${s}000000000,\"gpu_ns\":500000000,\"prefill_requests\":1,\"prefill_tokens\":100,\"prefill_kv_tokens\":0,\"prefill_token_kv\":5000,\"decode_requests\":0,\"decode_kv_tokens\":0,\"duration_kind\":\"gpu_events\"}"
		echo "{\"schema\":\"tollbook.request.v1\",\"id\":\"r$1-$2-$hour\",\"tenant\":\"t$((hour % 2))\",\"replica\":\"rtx-tiny-$2\",\"model\":\"m\",\"arrival_ns\":${s}000000000,\"first_token_ns\":${s}500000000,\"finish_ns\":${s}500000000,\"prompt_tokens\":100,\"completion_tokens\":1}"
	done
}
for d in $(seq 0 39); do { day "$d" 1; day "$d" 2; } > "logs/day$d.jsonl"; done
cat > night.conf << 'END'
{"book": "book", "fleet": "fleet.json", "logs": [{"path": "logs/*"}], "retention": {"records_days": 30}, "settle_hours": 0,
 "reports": [{"output": "night.json", "format": "json", "by": "day,tenant"}]}
END
cp -r logs whole
night() { TOLLBOOK_NOW=$1 "$tollbook" nightly -v -c night.conf > said 2>&1; }
segments() { find book/records -name '*.seg' | wc -l; }
"$tollbook" nightly -c night.conf --check-config > said
same "the check shows it" "$(grep -c 'records are removed 30 days after the end of their closed period' said)" 1
night 2026-09-10T03:00:00Z
same "a night" "$? $(segments)" "0 80"
cp night.json before.json
night 2026-12-10T03:00:00Z
same "no records of open periods are removed" "$? $(segments)" "0 80"
"$tollbook" close -q --book book 2026-08
night 2026-09-29T03:00:00Z
same "no records are removed early, and the clock was set back" "$? $(segments)" "1 80"
"$tollbook" export -q --book book all
night 2026-10-05T03:00:00Z
same "records of the closed month go, but for two days at either end" "$? $(segments) $(grep -c 'records of 54 replica-days removed' said)" "1 26 1"
same "figures stay" "$(jq -S "$figures" night.json)" "$(jq -S "$figures" before.json)"
same "and so do numbers of records" "$(jq -c .quality.records night.json)" "$(jq -c .quality.records before.json)"
same "the ledger records it" "$("$tollbook" report --book book --runs | grep -c ' retention ')" 1
night 2026-10-06T03:00:00Z
same "once" "$? $(segments) $(grep -c removed said)" "0 26 0"
"$tollbook" verify --book book --fleet fleet.json --all > said 2>&1
same "verify reports it" "$? $(grep -c 'Retention has removed the records of 54 replica-days since 2026-10-05' said) $(grep -c ' 0 findings' said)" "0 1 1"
"$tollbook" explain --book book day=2026-08-10 > said 2>&1
same "explain reports it, for a figure" "$? $(grep -c 'Retention has removed the records of 2 replica-days since 2026-10-05' said) $(grep -c 'Arithmetic' said)" "0 1 1"
"$tollbook" explain --book book --fleet fleet.json r9-1-7 > said 2>&1
same "explain reports it, for a request" "$? $(grep -c 'etention has removed .* since 2026-10-05' said)" "2 1"
"$tollbook" explain --book book --fleet fleet.json r29-1-7 > said 2>&1
same "and for an adjacent day" "$? $(grep -c 'cannot be recomputed' said)" "0 1"
"$tollbook" explain --book book --fleet fleet.json r35-1-7 > said 2>&1
same "but not of what is open" "$? $(grep -c 'gone' said)" "0 0"
"$tollbook" close -q --book book --reopen why 2026-08 2> said
same "the month cannot be opened again" "$? $(grep -c 'etention has removed .* since 2026-10-05' said)" "2 1"

# ---- late data ----

day 33 3 > logs/late33.jsonl # open: the result is as if it had been there
cp logs/late33.jsonl whole
night 2026-10-07T03:00:00Z
same "late data of an open day" "$?" 0
"$tollbook" run -q --fleet fleet.json --by day,tenant --format json whole > run.json
"$tollbook" report -q --book book --by day,tenant --from 2026-09-01 --to 2026-10-01 --format json > september.json
"$tollbook" run -q --fleet fleet.json --by day,tenant --from 2026-09-01 --to 2026-10-01 --format json whole > run.json
same "restates it as a run would" "$(jq -S "$figures" september.json)" "$(jq -S "$figures" run.json)"
day 30 3 > logs/late30.jsonl # closed, the last day of the month: its records exist, those of the days before are removed
night 2026-10-08T03:00:00Z
"$tollbook" report -q --book book --by day,tenant --format json > late.json
same "late data of an adjacent closed day: no other adjustment" "$(jq '[.adjustments[]? | select(.replica != "rtx-tiny-3")] | length' late.json)" 0
day 10 3 > logs/late10.jsonl # closed and removed, by another replica
day 11 1 | sed 's/"r11/"late11/' > logs/late11.jsonl
night 2026-10-09T03:00:00Z
same "late data of days that are gone is a finding" "$? $(grep -c 'records arrived after retention had removed' said)" "1 1"
"$tollbook" report -q --book book --by day,tenant --format json > after.json
same "and changes no figure" "$(jq -S "$figures" after.json)" "$(jq -S "$figures" late.json)"
"$tollbook" attribute -q --all --book book --fleet fleet.json
"$tollbook" report -q --book book --by day,tenant --format json > after.json
same "nor does attributing all anew" "$(jq -S "$figures" after.json)" "$(jq -S "$figures" late.json)"
"$tollbook" verify -q --book book --fleet fleet.json --all
same "the book verifies" "$?" 0

# ---- copies of such a book ----

"$tollbook" export -q --book book plain && "$tollbook" import -q --book new plain && "$tollbook" backup -q --book book copy
for book in book new copy; do "$tollbook" backup --dump --book $book $book.dump; "$tollbook" verify -q --book $book; same "$book verifies" "$?" 0; done
same "export, import and backup know what is gone" "$(cmp book.dump new.dump; cmp book.dump copy.dump)" ""
"$tollbook" import -q --book old all && "$tollbook" verify -q --book old --fleet fleet.json --all
same "the export of before has it all" "$? $(find old -name '*.seg' | wc -l)" "0 80"
: > book/records/2026-09-02/stray.9.seg
"$tollbook" verify --book book > said 2>&1
same "a warning of a stray file, and no finding" "$? $(grep -c 'stray.9.seg: ' said)" "0 1"

# ---- the check of a configuration ----

sed 's,night.json,nowhere/night.json,' night.conf > bad.conf
"$tollbook" nightly -c bad.conf --check-config > said 2>&1
same "a report without a folder" "$? $(grep -c 'folder nowhere does not exist' said)" "2 1"
sed 's,"records_days": 30,"record_days": 30,' night.conf > bad.conf
"$tollbook" nightly -c bad.conf --check-config > said 2>&1
same "an unknown key" "$? $(grep -c 'bad.conf:1:[0-9]*: unknown key "record_days", expected one of records_days' said)" "2 1"
if [ "$(id -u)" -ne 0 ]; then
	mkdir -m 555 locked; sed 's,night.json,locked/night.json,' night.conf > bad.conf
	"$tollbook" nightly -c bad.conf --check-config > said 2>&1
	same "a report that cannot be written" "$? $(grep -c 'cannot write into locked' said)" "2 1"
fi
finish
