#!/bin/sh
# What a scheduler can rely on: a task that gets a signal to stop finishes or leaves nothing, exit statuses show what may be
# retried, and --log json prints one line for each task.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3

# task STEP PLAN [OPTION...]: task 0; its exit status in $status, its messages in the file said
task() {
	step=$1 plan=$2
	shift 2
	"$tollbook" shard "$step" "$plan" --task 0 --log json -q "$@" > out 2> said
	status=$?
}

plan() {
	"$tollbook" shard plan --fleet "$tree/samples/fleet.json" --tasks 1 -o "$1" "${2:-$tree/samples/serving}"
}

# ---- one line of JSON a task ----

plan whole
for step in map fit attribute; do
	task "$step" whole
	same "$step: exit status" "$status" 0
	same "$step: lines on standard error" "$(wc -l < said)" 1
	same "$step: the content of the line" "$(jq -c '[.tollbook, .task, .status, .error, .seconds >= 0, .max_rss_kib > 0]' said)" \
		"[\"shard $step\",0,0,\"\",true,true]"
done
task map whole
same "map, again: records" "$(jq .records said)" 2860
task report whole
same "report: a line, too" "$(jq -c '[.tollbook, .status]' said)" '["shard report",0]'
same "report: no word but the statement" "$(head -c 8 out)" tollbook

# ---- breakdowns: positions, and the split by other rules ----

"$tollbook" shard plan --fleet "$tree/samples/fleet.json" --tasks 2 -o two "$tree/samples/serving"
for step in map fit attribute; do
	for number in 0 1; do
		"$tollbook" shard "$step" two --task $number -q
	done
done
for number in 0 1; do
	"$tollbook" shard attribute two --task $number --book posted -q
done
sed 's/"USD"/"EUR"/' "$tree/samples/fleet.json" > euro.json
cp -r posted mixed
"$tollbook" shard plan --fleet euro.json --tasks 1 -o euro "$tree/samples/serving"
for step in map fit attribute; do "$tollbook" shard $step euro --task 0 -q; done
"$tollbook" shard attribute euro --task 0 --book mixed -q > said 2>&1
same "a ledger has one currency" "$? $(grep -c 'mixed: its amounts are in USD, and the rates of this fleet file in EUR' said)" "2 1"
for options in "--by position" --compare-rules "--by position,tenant --compare-rules"; do
	"$tollbook" run -q --fleet "$tree/samples/fleet.json" $options --format json -o run.json "$tree/samples/serving"
	"$tollbook" shard report two -q $options --format json -o files.json
	"$tollbook" shard report two -q --book posted $options --format json -o posted.json
	"$tollbook" report -q --book posted $options --format json -o book.json
	same "$options: has rows" "$(jq '(.positions // [] | length) + (.rules // [] | length) > 0' run.json)" true
	for got in files posted book; do
		same "$options: $got are the statement of run" "$(sha256sum < $got.json)" "$(sha256sum < run.json)"
	done
done
# The cost of each request: by tasks of a step, and where there are none by the report itself; also of separate servers for the phases.
"$tollbook" shard plan --fleet "$tree/tests/data/truth/tiny-pd/fleet.json" --tasks 2 -o phases "$tree/tests/data/truth/tiny-pd"
for step in map fit attribute; do
	for number in 0 1; do
		"$tollbook" shard "$step" phases --task $number -q
	done
done
for plan in two phases; do
	[ $plan = two ] && logs=$tree/samples/serving fleet=$tree/samples/fleet.json || logs=$tree/tests/data/truth/tiny-pd fleet=$logs/fleet.json
	"$tollbook" run -q --fleet "$fleet" --requests run.csv "$logs" > run.txt
	"$tollbook" shard requests $plan --task 1 -q
	same "$plan: a task's requests" "$? $(ls $plan/requests)" "0 000001.bundle"
	"$tollbook" shard report $plan -q --requests tasks.csv > tasks.txt
	same "$plan: the requests of run" "$(sha256sum < tasks.csv) $(wc -l < tasks.csv)" "$(sha256sum < run.csv) $(wc -l < run.csv)"
	same "$plan: the statement beside them" "$(sha256sum < tasks.txt)" "$(sha256sum < run.txt)"
done
head -c 100 two/requests/000000.bundle > cut && mv cut two/requests/000000.bundle
"$tollbook" shard report two -q --requests tasks.csv > tasks.txt 2> said
same "requests: a damaged file" "$? $(grep -c 'remove it and run its task again' said)" "2 1"
task map two --compare-rules
same "a task takes no options of the report" "$status" 2

# ---- exit statuses ----

plan early
task attribute early
same "a step before its time may be tried again" "$status $(jq -c '[.status, (.error | test("does not exist yet"))]' said)" "3 [3,true]"
echo 'not a log of anything' > junk.log
plan findings junk.log
task map findings
same "findings are no failure" "$status $(jq .status said)" "1 1"
cp -r whole damaged
head -c 1000 whole/map/000000.bundle > damaged/map/000000.bundle
rm damaged/fit/*
task fit damaged
same "a damaged file need not be tried again" "$status $(jq -c '[.status, (.error | test("remove it and run its task again"))]' said)" "2 [2,true]"
cp -r whole other
sed -i 's/"version":"[^"]*"/"version":"0.0"/' other/plan.jsonl
task map other
same "nor another version's plan" "$status $(jq .status said)" "2 2"
task map nowhere
same "nor a plan that there is not" "$status $(jq .status said)" "2 2"
plan full
for step in map fit; do
	(
		trap '' XFSZ
		GCOV_PREFIX=/dev/null; export GCOV_PREFIX # the counts of coverage would be cut, too
		ulimit -f 1
		"$tollbook" shard $step full --task 0 --log json -q > out 2> said
		echo $? > status
	)
	same "$step: a full disk may pass, and is reported" "$(cat status) $(jq -c '[.status, (.error | test("^full/.*/000000.*: cannot write: File too large$"))]' said)" "3 [3,true]"
	same "$step: a full disk: nothing is left but names, which are whole" "$(ls -A full/$step | grep -v names)" ""
	task $step full
done

# ---- a signal to stop ----

# While a log is still being read, a task can only leave nothing.
mkdir pipes
mkfifo pipes/log
gzip -dc "$tree/samples/serving/steps.jsonl.gz" > steps
(while cat steps 2> /dev/null; do sleep 0.05; done) > pipes/log 2> /dev/null &
writer=$!
plan endless pipes/log
"$tollbook" shard map endless --task 0 --log json -q 2> said &
pid=$!
sleep 0.5
kill -s TERM "$pid"
wait "$pid"
same "SIGTERM: exit status" "$?" 3
same "SIGTERM: the line" "$(jq -c '[.status, .error]' said)" '[3,"stopped by a signal; nothing was written"]'
same "SIGTERM: nothing is left" "$(ls -A endless/map)" ""
kill "$writer" 2> /dev/null
wait "$writer" 2> /dev/null

# At any time: complete files or none, and no others; the next try has the result of an undisturbed first one.
whole_files() { # STEP: what is there is what was there
	for file in "whole/$1"/*; do
		[ ! -e "$file" ] || cmp -s "$file" "whole/$1.kept/${file##*/}" || return 1
	done
}
moments="0 0.002 0.005 0.01 0.02 0.03 0.05 0.08 0.12"
for step in map fit attribute; do
	wrong=0 stopped=0
	for moment in $moments; do
		rm -rf "whole/$step.kept"
		mv "whole/$step" "whole/$step.kept"
		mkdir "whole/$step"
		"$tollbook" shard "$step" whole --task 0 -q 2> /dev/null &
		pid=$!
		sleep "$moment"
		kill -s TERM "$pid" 2> /dev/null
		wait "$pid"
		case $? in
		0) [ -n "$(ls "whole/$step")" ] || wrong=$((wrong + 1)) ;;
		3 | 143) stopped=$((stopped + 1)); whole_files "$step" || wrong=$((wrong + 1)) ;;
		*) wrong=$((wrong + 1)) ;;
		esac
		task "$step" whole
		[ "$status" -eq 0 ] && whole_files "$step" && [ "$(ls "whole/$step")" = "$(ls "whole/$step.kept")" ] || wrong=$((wrong + 1))
	done
	rm -rf "whole/$step.kept"
	same "$step: stopped at $(echo $moments | wc -w) moments ($stopped times before its end), wrong" "$wrong" 0
done

finish
