#!/bin/sh
# One log, read four ways, has the same GPU time, tokens and requests: run, a book in one night, a book in several nights, and
# tasks. Each log here is the smallest of those that fuzzing found to differ, or to end without a statement.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
# The clock of all four; the last log has a line without a year.
export TOLLBOOK_NOW=2031-01-01T00:00:00Z

step() { # NUMBER START MILLISECONDS PROMPT DECODING
	echo "{\"schema\":\"tollbook.step.v1\",\"replica\":\"a\",\"model\":\"m\",\"step\":$1,\"start_ns\":$(date -u -d "$2" +%s)000000000,\"gpu_ns\":${3}000000,\"prefill_requests\":$(($4 > 0)),\"prefill_tokens\":$4,\"decode_requests\":$5,\"decode_tokens\":$5}"
}

# figures FILE
figures() {
	jq -c '.total | [.gpu_ns, .tokens, .requests, .cost.capacity]' "$1"
}

# four_ways LOG NIGHTS: the log in this many parts
four_ways() {
	rm -rf book nights plan parts
	"$tollbook" run -q --gpu-hour 2 --format json -o run.json "$1" > said 2>&1
	[ $? -le 1 ] || wrong "$1: run: $(head -1 said)"
	"$tollbook" ingest -q --book book "$1" > said 2>&1
	"$tollbook" attribute -q --gpu-hour 2 --book book >> said 2>&1
	"$tollbook" report -q --book book --format json -o book.json >> said 2>&1
	[ $? -le 1 ] || wrong "$1: book: $(head -1 said)"
	mkdir parts
	split -n "l/$2" "$1" parts/
	for part in parts/*; do
		"$tollbook" ingest -q --book nights --replica "$(basename "$1" .log)" "$part" > said 2>&1
		"$tollbook" attribute -q --gpu-hour 2 --book nights >> said 2>&1
	done
	"$tollbook" report -q --book nights --format json -o nights.json >> said 2>&1
	"$tollbook" shard plan --gpu-hour 2 --tasks 2 -o plan "$1" > said 2>&1
	for work in map fit attribute; do
		for task in 0 1; do
			"$tollbook" shard $work plan --task $task >> said 2>&1
		done
	done
	"$tollbook" shard report -q plan --format json -o tasks.json >> said 2>&1
	[ $? -le 1 ] || wrong "$1: tasks: $(head -1 said)"
	for way in book nights tasks; do
		[ "$(figures run.json)" = "$(figures $way.json)" ] || wrong "$1: run $(figures run.json), $way $(figures $way.json)"
	done
	[ -n "$(figures run.json)" ] && echo "ok: $1: $(figures run.json | cut -c1-120)"
}

# Days without a line between numbered steps, and sequences that decode after them.
{
	step 1 '2026-08-10 23:59:58' 50 100 0
	step 9 '2026-08-11 00:00:01' 12 0 3
	step 10 '2026-08-14 06:00:00' 12 0 3
	step 90 '2026-08-16 06:00:00' 12 0 3
	step 91 '2026-11-03 06:00:00' 12 0 3
} > a.log
four_ways a.log 4
gaps='[.findings[] | select(.kind == "gap") | .text]'
for way in run book nights tasks; do
	jq -e "$gaps | any(test(\": 79 steps are missing.*on days of which no log\"))" $way.json > said || wrong "steps that are missing on days without a log: $way: $(jq -c "$gaps" $way.json)"
done
# A log of a day in between leaves fewer steps missing; the day after it is stated again.
step 50 '2026-08-15 06:00:00' 12 0 3 > between.log
"$tollbook" ingest -q --book nights --replica a between.log > said 2>&1
"$tollbook" attribute -q --gpu-hour 2 --book nights >> said 2>&1
"$tollbook" report -q --book nights --format json -o nights.json >> said 2>&1
jq -e "$gaps | any(test(\"on days of which no log\")) | not" nights.json > said || wrong "a log of a day between: $(jq -c "$gaps" nights.json)"

# A request over several days, and a step after it.
{
	step 1 '2026-08-10 12:00:00' 50 100 0
	echo '{"schema":"tollbook.request.v1","id":"r","replica":"a","model":"m","arrival_ns":1786363200000000000,"finish_ns":1786363210000000000,"prompt_tokens":100,"completion_tokens":5}'
	step 2 '2026-08-19 12:00:00' 50 0 1
} > b.log
four_ways b.log 3

# Windows of years: the cost of each day of a book is that of its own records.
{
	echo '{"schema":"tollbook.window.v1","replica":"c","model":"m","start_ns":1726406365000000000,"end_ns":1786406375000000000,"input_tokens":500,"output_tokens":40,"requests":3,"prefill_gpu_ns":12,"decode_gpu_ns":13}'
	echo '{"schema":"tollbook.window.v1","replica":"c","model":"m","start_ns":1786406375000000000,"end_ns":1786406385000000000,"input_tokens":500,"output_tokens":40,"requests":3,"prefill_gpu_ns":1200000000,"decode_gpu_ns":1300000000}'
} > c.log
(ulimit -t 20; four_ways c.log 2; exit $failures) || failures=1 # seconds of processor time of each program: it was 46

for way in run book nights tasks; do
	jq -e '.findings | any(.kind == "clock" and (.text | test("last for more than a day")))' $way.json > said || wrong "c.log: $way: no finding"
done

# A token that costs years of GPU time has no cost per million tokens that fits 64 bits.
{
	step 1 '2024-10-05 06:00:00' 12 0 1
	step 2 '2026-10-04 06:00:00' 50 100 0
} > d.log
four_ways d.log 2
[ "$(jq -c '.total.unit_cost.output' run.json)" = "$(jq -c '.total.unit_cost.output' book.json)" ] || wrong "d.log: another unit cost"

# More GPUs than serve a copy of a model, and a window with more GPU time than they have, are not believed.
{
	echo "INFO 10-05 05:59:00 [utils.py:233] non-default args: {'model': 'm', 'tensor_parallel_size': 4096, 'pipeline_parallel_size': 4096}"
	echo "INFO 10-05 06:00:01 [loggers.py:257] Engine 000: Iteration(0): 1 context requests, 100 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 50.00 ms"
	echo "INFO 10-05 06:00:03 [loggers.py:257] Engine 000: Iteration(1): 0 context requests, 0 context tokens, 1 generation requests, 1 generation tokens, iteration elapsed time: 12.00 ms"
} > e.log
four_ways e.log 1
jq -e '.total.gpu_ns.capacity < 10000000000' run.json > said || wrong "16,777,216 GPUs were believed"
sed 's/"prefill_gpu_ns":[0-9]*/"prefill_gpu_ns":1000000000000000000/' c.log > f.log
"$tollbook" run -q --gpu-hour 2 f.log > said 2>&1
[ $? -eq 3 ] || wrong "a window of 277,777 GPU-hours: $(cat said)"

# A year that is not logged is one for all, by the same clock: for the system's clock this is a line of the future.
echo "INFO 12-30 06:00:01 [loggers.py:257] Engine 000: Iteration(0): 1 context requests, 100 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 50.00 ms" > g.log
touch -d 2030-12-31 g.log
four_ways g.log 1
jq -e '.period.from | startswith("2030-12-30")' run.json > said || wrong "the clock of run: $(jq -c .period run.json)"
# Requests of gateways alone, far apart: their server is paid for from the first to the last. Those for a vendor's model are bought.
requests() { # MODEL DAY...
	model=$1
	shift
	for day; do
		echo "{\"schema\":\"tollbook.request.v1\",\"id\":\"$day$model\",\"model\":\"$model\",\"tenant\":\"t\",\"arrival_ns\":$(date -u -d "2026-08-$day 12:00:00" +%s)000000000,\"finish_ns\":$(date -u -d "2026-08-$day 12:00:10" +%s)000000000,\"prompt_tokens\":100,\"completion_tokens\":5}"
	done
}
requests m 01 02 20 23 > h.log
four_ways h.log 1
jq -e '.total.gpu_ns.capacity == (22 * 86400 + 10) * 1000000000' run.json > said || wrong "gateways alone: $(jq -c .total.gpu_ns run.json)"
requests gpt-4o-mini 01 05 > i.log
four_ways i.log 1
jq -e '.total.gpu_ns.capacity == 0 and .findings == []' book.json > said || wrong "a vendor's alone: $(jq -c '.total.gpu_ns, .findings' book.json)"
# Both under one name: a book does not know for how long the server is paid.
{ requests gpt-4o-mini 01 20; requests m 02 09; } > k.log
rm -rf book
"$tollbook" ingest -q --book book k.log > said 2>&1
"$tollbook" attribute -q --gpu-hour 2 --book book >> said 2>&1
"$tollbook" report -q --book book --format json -o book.json >> said 2>&1
[ $? -eq 1 ] || wrong "a gateway with vendors and a server: no finding: $(jq -c .findings book.json)"
jq -e '.findings | any(.kind == "gateway" and (.subjects | index("k")))' book.json > said || wrong "a gateway with vendors and a server: $(jq -c .findings book.json)"

# Two servers under one name, the second of which begins a day later and ends a day earlier: each is paid for from its first step
# to its last.
{
	for day in 10 11 12; do
		for n in 0 1 2 3 4 5 6 7; do step $((day * 10 + n)) "2026-08-$day 12:00:0$n" 400 100 1; done
	done
	for n in 0 1 2 3 4 5 6 7; do step $((1000 + n)) "2026-08-11 12:00:0$n" 400 100 1 | sed 's/00000000,"gpu/10000000,"gpu/'; done
} | sort -t: -k7,7 -s > q.log
four_ways q.log 3
jq -e '[.assumptions[].text | select(test("2 servers at once"))] | length == 1' run.json > said || wrong "q.log: $(jq -c .assumptions run.json)"

# A gateway's requests on days without steps of the only server: it is paid for then, too.
{ requests m 01; step 1 "2026-08-10 12:00:00" 500 100 0; requests m 20; } > o.log
rm -rf book
"$tollbook" run -q --gpu-hour 2 --format json -o run.json o.log > said 2>&1
"$tollbook" ingest -q --book book o.log > said 2>&1
"$tollbook" attribute -q --gpu-hour 2 --book book >> said 2>&1
"$tollbook" report -q --book book --format json -o book.json >> said 2>&1
jq -e '.total.gpu_ns.capacity == (19 * 86400 + 10) * 1000000000' run.json > said || wrong "a gateway before and after the steps: $(jq -c .total.gpu_ns run.json)"
[ "$(figures run.json)" = "$(figures book.json)" ] || wrong "a gateway before and after the steps: $(figures run.json), in the book $(figures book.json)"
# The same where the gateway names the server.
sed 's/"tenant"/"gateway":true,"replica":"a","tenant"/' o.log > p.log
rm -rf book
"$tollbook" ingest -q --book book p.log > said 2>&1
"$tollbook" attribute -q --gpu-hour 2 --book book >> said 2>&1
"$tollbook" report -q --book book --format json -o book.json >> said 2>&1
[ "$(figures run.json)" = "$(figures book.json)" ] || wrong "a gateway that names the server: $(figures run.json), in the book $(figures book.json)"
# The price list gets a model later: what was attributed as the fleet's is the vendor's, and the other way round. A server
# with steps is paid for by these, whatever gateways' requests are under its name.
prices() { # MODEL
	echo "{\"schema\":\"tollbook.prices.v1\",\"date\":\"2026-01-01\",\"currency\":\"USD\",\"providers\":[{\"id\":\"zeta\",\"models\":[{\"id\":\"$1\",\"match\":{\"equals\":\"$1\"},\"prices\":[{\"input\":\"3\",\"output\":\"15\"}]}]}]}"
}
prices zeta-8 > without.json
prices zeta-9 > with.json
{
	for n in 0 1 2 3; do step $n "2026-08-02 12:00:0$n" 500 100 0; done
	requests zeta-9 02
} > l.log
rm -rf book
"$tollbook" ingest -q --book book l.log > said 2>&1
for list in without with without; do
	"$tollbook" report -q --book book --prices $list.json --format json -o before.json > said 2>&1
	before=$?
	"$tollbook" attribute -q --gpu-hour 2 --prices $list.json --book book > said 2>&1
	"$tollbook" report -q --book book --prices $list.json --format json -o book.json >> said 2>&1
	"$tollbook" run -q --gpu-hour 2 --prices $list.json --format json -o run.json l.log >> said 2>&1
	for file in run book; do
		jq -c '[.total.gpu_ns, .total.tokens, .api_spend, [.findings[].kind | select(. != "no-price")]]' $file.json > $file.figures
	done
	[ "$(cat run.figures)" = "$(cat book.figures)" ] || wrong "prices $list: $(cat run.figures) and in the book $(cat book.figures)"
	if [ -e second ]; then
		[ $before -eq 1 ] || wrong "prices $list: the book is stated by other prices than it was attributed by, with exit status $before"
		jq -e '.findings | any(.kind == "answered" and .subjects == ["zeta-9"])' before.json > said || wrong "prices $list: $(jq -c .findings before.json)"
	fi
	touch second
done

# A statement by a list whose price depends on the length of a prompt needs entries that are divided there.
echo '{"schema":"tollbook.prices.v1","date":"2026-01-01","currency":"USD","providers":[{"id":"zeta","models":[{"id":"zeta-9","match":{"equals":"zeta-9"},"prices":[{"input":{"base":"3","tiers":[{"over":200000,"price":"6"}],"moves":"whole"},"output":"15"}]}]}]}' > tiers.json
requests zeta-9 02 03 | sed '1s/"prompt_tokens":100/"prompt_tokens":300000/' > n.log
rm -rf book
"$tollbook" ingest -q --book book n.log > said 2>&1
for list in with tiers; do
	"$tollbook" attribute -q --gpu-hour 2 --prices $list.json --book book > said 2>&1
	"$tollbook" report -q --book book --prices tiers.json --format json -o $list.figures > said 2>&1
done
jq -e '[.findings[] | [.kind, .subjects[]]] == [["undivided", "zeta/zeta-9"]]' with.figures > said || wrong "prices by length: $(jq -c .findings with.figures)"
jq -e '.findings == [] and .api_spend.list.revenue == "1.800450000"' tiers.figures > said || wrong "prices by length: $(jq -c .findings,.api_spend tiers.figures)"

# Steps, and requests under another name that begin before them and end after them: on a day with steps these show the paid time.
export TOLLBOOK_NOW=2026-09-01T00:00:00Z
rm -rf book
echo '{"schema":"tollbook.fleet.v1","currency":"USD","pools":[{"name":"p","match":"*","gpu":"RTX-PRO-6000-96GB","gpus_per_replica":1,"rates":[{"from":"2026-01-01","per_gpu_hour":"2"}]}],"same":[["vllm-tiny-8b","rtx-tiny-01"]]}' > fleet.json
set -- "$tree/tests/data/vllm-tiny-8b.log" "$tree/tests/data/requests-tiny-8b.jsonl"
"$tollbook" run -q --fleet fleet.json --format json -o run.json "$@" > said 2>&1
[ $? -le 1 ] || wrong "steps and requests: $(cat said)"
"$tollbook" ingest -q --book book "$@" > said 2>&1
"$tollbook" attribute -q --fleet fleet.json --book book >> said 2>&1
"$tollbook" report -q --book book --format json -o book.json >> said 2>&1
jq -e '.assumptions | any(.text | test("are the same server"))' run.json > said || wrong "steps and requests: not one server"
[ "$(figures run.json)" = "$(figures book.json)" ] || wrong "steps and requests of two names: run $(figures run.json), book $(figures book.json)"
[ $failures -eq 0 ]
