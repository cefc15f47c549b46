# lib.sh: faults in the program, and the properties that their results must have. In addition to tests/lib.sh.
#
#   FAULTS=all     every call and every time, in place of a sample that takes a few seconds
#   FAULTS=part    a tenth of the calls, a different one each day: part FAULTS_PART (0 to 9; the day's last digit)
#   FAULT_RUNS=N   at most N calls of each kind, evenly (the sample has 6)
#   KILLS=N        the number of random times (all: 500)
#
# Sanitizers also check the runs with faults, except those of memory, which they replace: exit status 99 is an error
# of tollbook, including leaks at exit.
. tests/lib.sh
case ${BUILD:-build} in /*) library=$BUILD ;; *) library=$tree/${BUILD:-build} ;; esac
library=$library/tests/faults/faults.so
[ -f "$library" ] || { echo "no $library: make test builds it"; exit 3; }
# LD_PRELOAD does not support a path with a space.
cp "$library" "$folder/faults.so" || exit 3
library=$folder/faults.so
part=${FAULTS_PART:-$(date +%j | sed 's/.*\(.\)$/\1/')}
case ${FAULTS:-} in
all) runs=${FAULT_RUNS:-1000000} kills=${KILLS:-500} ;;
part) runs=${FAULT_RUNS:-1000000} kills=${KILLS:-50} ;;
*) runs=${FAULT_RUNS:-6} kills=${KILLS:-3} ;;
esac
# The library is loaded before the sanitizers' libraries, which they reject by default.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
export ASAN_OPTIONS
# In a build with coverage, a run that is killed while it writes its counts would damage those of all others.
uncounted=GCOV_PREFIX=/dev/null

# each_call KIND COUNT COMMAND...: COMMAND with each number of a call, or a sample of them, the last one included
each_call() {
	kind=$1 count=$2
	shift 2
	step=$(((count + runs - 1) / runs))
	[ $step -gt 0 ] || step=1
	tried=0
	call=$((count % step == 0 ? step : count % step))
	if [ "${FAULTS:-}" = part ]; then
		step=10 call=$((part == 0 ? 10 : part))
	fi
	while [ $call -le "$count" ] && [ $failures -lt 10 ]; do
		"$@" $call
		call=$((call + step)) tried=$((tried + 1))
	done
}

# kind KIND HOW...: `disturbed KIND HOW CALL` for all its calls; HOW '' is once, with the usual error. The number of
# calls is in $folder/count.
total=0
kind() {
	kind=$1 count=$(awk -v kind="$1" '$1 == kind {print $2}' "$folder/count")
	shift
	for how in "$@"; do
		each_call "$kind" "$count" disturbed "$kind" "$how"
		echo "ok: $kind${how:+ ($how)}: $tried of $count calls"
		total=$((total + tried))
	done
}

# said WHAT: every failure had a message, and not from a sanitizer
said() {
	case $status in
	99 | 134 | 139) wrong "$1: exit status $status: $(grep -m3 -E 'ERROR|Assert|runtime error' "$folder/said")" ;;
	3) grep -q '^tollbook.*: ' "$folder/said" || wrong "$1: exit status 3 without a message" ;;
	esac
}

# ---- a night: a book, and logs that are new to it ----

# night_place: $folder with a configuration; logs are in logs/
night_place() {
	cd "$folder" || exit 3
	TOLLBOOK_NOW=2026-08-12T03:00:00Z
	export TOLLBOOK_NOW
	cp "$tree/samples/fleet.json" "$tree/samples/prices.json" .
	mkdir logs
	cat > night.conf << END_OF_CONF
{"schema": "tollbook.config.v1", "book": "book", "fleet": "fleet.json", "prices": ["prices.json"], "settle_hours": 0,
 "logs": [{"path": "logs/*"}], "reports": [{"output": "statement.json", "format": "json", "by": "tenant,hour"}]}
END_OF_CONF
	gzip -dc "$tree/samples/serving/steps.jsonl.gz" > all.jsonl
	gzip -dc "$tree/samples/serving/requests.jsonl.gz" > requests.jsonl
	night_options='' passed_over=0
	state='' first_state='' seen=''
}

# night_good: from the book in first/, an undisturbed night: its calls in count, the expected content of the book in good
night_good() {
	put_back
	night "LD_PRELOAD=$library" "TOLLBOOK_FAULT_COUNT=$folder/count"
	[ $status -le 1 ] || { cat said; exit 1; }
	undisturbed=$status
	dump good || { cat said; exit 1; }
	cp statement.json good.json
	"$tollbook" verify --book book --fleet fleet.json --prices prices.json --all > said 2>&1 || wrong "verify: $(cat said)"
	put_back
	first_state=$(state)
}

# night_start: a book that has a part of the logs; one has grown since, one has another name, one is new
night_start() {
	night_place
	head -400 all.jsonl > logs/steps.jsonl
	head -20 requests.jsonl > logs/requests.jsonl
	night
	[ $status -le 1 ] || { cat said; exit 1; }
	mv book first
	mv statement.json first.json
	head -700 all.jsonl > logs/steps.jsonl
	mv logs/requests.jsonl logs/requests.1.jsonl
	sed -n '21,40p' requests.jsonl | gzip > logs/requests.jsonl.gz
	night_good
}

# backlog_start: no book, and logs of several replicas and days that are read in batches; one is damaged
backlog_start() {
	night_place
	mkdir first
	night_options='--portion 2'
	head -40 all.jsonl > steps
	head -3 requests.jsonl > requests
	# The second replica's steps take longer, each by a different time, and begin later: it is not a copy of the first.
	awk '{
		match($0, /"start_ns":[0-9]+/); at = substr($0, RSTART + 11, RLENGTH - 11)
		$0 = substr($0, 1, RSTART + 10) (substr(at, 1, 10) + 45) substr(at, 11) substr($0, RSTART + RLENGTH)
		match($0, /"gpu_ns":[0-9]+/); ns = substr($0, RSTART + 9, RLENGTH - 9)
		print substr($0, 1, RSTART + 8) sprintf("%d", ns + 500 * (NR * 7919 % 997)) substr($0, RSTART + RLENGTH)
	}' steps > steps.1
	cp steps steps.0
	for day in 0 1 2 3 4; do
		date=$(date -u -d "2026-08-10 + $day days" +%Y-%m-%d)
		for replica in 0 1; do
			moved steps.$replica $day | sed "s/\"replica\":\"[^\"]*\"/\"replica\":\"rtx-tiny-$replica\"/" > "logs/$replica-$date.jsonl"
		done
		moved requests $day | sed 's/"replica":"[^"]*"/"replica":"rtx-tiny-0"/' | gzip > "logs/requests-$date.jsonl.gz"
	done
	gzip -c logs/1-2026-08-11.jsonl | head -c 700 > logs/cut-2026-08-10.jsonl.gz
	cp logs/0-2026-08-10.jsonl logs/again-2026-08-13.jsonl
	printf '{"schema":' > logs/half-2026-08-10.jsonl
	TOLLBOOK_NOW=2026-08-16T03:00:00Z
	touch -d 2026-08-15T12:00:00Z logs/* # all but one are finished
	touch -d 2026-08-16T12:00:00Z logs/1-2026-08-12.jsonl
	night_good
}

# night [NAME=VALUE...]: sets $status
night() {
	state=''
	timeout 120 env "$@" "$tollbook" nightly -v -c night.conf $night_options > said 2>&1
	status=$?
}

dump() {
	"$tollbook" backup --dump --book book "$1" > said 2>&1
}

# put_back: restores the book of the first night, if it has changed
put_back() {
	[ ! -d book.synced ] || rm -rf book.synced book.cut
	[ -z "$state" ] || [ "$state" != "$first_state" ] || return 0
	rm -rf book statement.json .tollbook-*
	cp -r first book
}

# The content of the disk, except the last holder of the lock.
state() {
	tar -c -f - --sort=name --mtime=@0 --exclude=lock --exclude='*-shm' book $(ls statement.json 2> /dev/null) | sha256sum
}

# same_report FILE: equal to the good one; if a log could not be read, without its notices
same_report() {
	cmp -s statement.json good.json || { [ $was -eq 1 ] && [ "$(result statement.json)" = "$(result good.json)" ]; }
}

result() {
	jq -S 'del(.quality, .findings, .assumptions, .provenance.inputs)' "$1"
}

# same_dump: the book has the expected content, to the last byte. A log that could not be read once comes after others that
# it would have come before, and has another number, which its records contain: then the costs must agree.
same_dump() {
	cmp -s said_now good || { [ $passed_over -gt 0 ] && [ "$(costs said_now)" = "$(costs good)" ]; }
}

costs() {
	grep -vE '^(source|segment)' "$1"
}

# settle WHAT: no file is incomplete, and after the next night the book has the expected content. For a state that was
# checked before, the result is known.
settle() {
	was=$status before=$failures
	state=$(state)
	case $seen in *"$state"*) return ;; esac
	now=$state state=''
	if [ -f statement.json ] && ! cmp -s statement.json first.json && ! cmp -s statement.json good.json; then
		[ $was -eq 1 ] && result statement.json > /dev/null || wrong "$1: a report that is neither the old nor the new one"
	fi
	# Temporary files of a killed night next to a report are removed when they are old.
	find . -maxdepth 1 -name '.tollbook-*' -exec touch -d '2 hours ago' {} +
	night
	[ $status -le 1 ] || { wrong "$1: the next night: exit status $status: $(head -3 said)"; return; }
	dump said_now || { wrong "$1: no dump: $(head -3 said)"; return; }
	same_dump || wrong "$1: the book differs: $(diff said_now good | head -3)"
	same_report || wrong "$1: the report differs"
	! find . -maxdepth 4 -name '.tollbook-*' | grep -q . || wrong "$1: a temporary file is left"
	[ $failures -ne $before ] || seen="$seen $now"
}

# disturbed KIND HOW CALL
disturbed() {
	put_back
	case $2 in *kill | *cut) set -- "$1" "$2" "$3" "$uncounted" ;; esac
	night "TOLLBOOK_FAULT=$1:$3$2" "LD_PRELOAD=$library" "TOLLBOOK_DURABLE=$(case $2 in *cut) echo book ;; esac)" ${4:+"$4"}
	what="$1 $3${2:+ ($2)}"
	passed_over=$(grep -cE ': (read error|cannot be (listed|opened))' said)
	said "$what"
	case $2:$status in
	*kill:137 | *kill:[01]) ;;
	*cut:137) rm -rf book && mv book.cut book ;;
	*cut:[01] | :[013] | :on:[013] | :E*:[013] | :on:E*:[013]) ;;
	*) wrong "$what: exit status $status: $(head -3 said)" ;;
	esac
	settle "$what"
}

# night_faults: every kind of them, each followed by the next night
night_faults() {
	kind write :kill :cut '' :on :EIO :on:EIO
	kind sync :kill :cut '' :on
	kind name :kill :cut '' :on
	kind read '' :on
	kind open '' :on
	kind allocation '' :on
}

# night_kills SECONDS: kills at random times within this period
night_kills() {
	instant=0 passed_over=0
	while [ $instant -lt "$kills" ] && [ $failures -lt 10 ]; do
		put_back
		delay=$(awk -v seed="$instant" -v within="$1" 'BEGIN {srand(seed); printf "%.4f", rand() * within}')
		env "$uncounted" "$tollbook" nightly -v -c night.conf $night_options > said 2>&1 &
		night=$!
		sleep "$delay"
		state=''
		kill -9 $night 2> /dev/null
		wait $night 2> /dev/null
		settle "killed after $delay s"
		instant=$((instant + 1))
	done
	echo "ok: $instant kills at random instants"
}
