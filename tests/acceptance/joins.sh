#!/bin/sh
# Requests of gateways in shards: each task joins a part of them, first by ids, then the remaining ones by tokens. However many
# tasks there are and in whatever order they run, the statement is that of one run, to the last byte; also from a book.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need python3
need jq
cd "$folder" || exit 3

# Four engines and three gateways: ids that match, are unknown or missing, repeats, equal token counts, vendors' answers.
cat > make.py << 'END'
import json, os, random
r = random.Random(22)
os.makedirs("engines"), os.makedirs("gateways")
logs = {name: open(name + ".jsonl", "w") for name in ["engines/r%d" % i for i in range(4)] + ["gateways/g%d" % i for i in range(3)]}

def put(log, record):
    logs[log].write(json.dumps(record) + "\n")

def word(n):
    return "".join(r.choice("0123456789abcdef") for _ in range(n))

for i in range(900):
    n, name, at = r.randrange(4), word(32), 1764028800 * 10**9 + r.randrange(2 * 3600 * 10**9)
    prompt, output, end = r.choice([10, 100, r.randrange(1, 3000)]), r.choice([1, 50, r.randrange(1, 400)]), at + 10**9 + r.randrange(3 * 10**9)
    engine = dict(kind="request", id="chatcmpl-" + name, replica="r%d" % n, model="m", arrival_ns=at, first_token_ns=at + 3 * 10**8,
                  finish_ns=end, prompt_tokens=prompt, completion_tokens=output)
    if r.random() < .05:
        del engine["id"]
    if r.random() < .05:
        engine["prefill_replica"] = "r%d" % ((n + 1) % 4)
    for _ in range(1 + (r.random() < .03)):
        put("engines/r%d" % n, engine)
    if r.random() < .1:
        continue
    g = r.randrange(3)
    gateway = dict(kind="request", gateway=True, replica="g%d" % g, id=name, tenant="t%d" % r.randrange(5), model=r.choice(["m", "org/m"]),
                   arrival_ns=at - r.randrange(10**9), finish_ns=end + r.randrange(10**9), prompt_tokens=prompt + (r.random() < .05),
                   completion_tokens=output, batch=r.random() < .1)
    if r.random() < .35:
        gateway["id"] = word(30)
    elif r.random() < .05:
        del gateway["id"]
    put("gateways/g%d" % g, gateway)
    if r.random() < .05:
        put("gateways/g%d" % ((g + 1) % 3), dict(gateway, replica="g%d" % ((g + 1) % 3)))
    if r.random() < .05:
        put("gateways/g%d" % g, dict(gateway, tenant="again"))
for i in range(300):
    g, at = r.randrange(3), 1764028800 * 10**9 + r.randrange(2 * 3600 * 10**9)
    sold = dict(kind="request", gateway=True, server_id=True, id="msg_" + word(20), replica="g%d" % g, tenant="t%d" % r.randrange(5), model="gpt-4o",
                arrival_ns=at, finish_ns=at + 2 * 10**9, prompt_tokens=r.randrange(1, 5000), completion_tokens=r.randrange(1, 500),
                cached_unknown=g == 1 and r.random() < .1)
    put("gateways/g%d" % g, sold)
    if r.random() < .2:
        put("gateways/g%d" % g, dict(sold, completion_tokens=sold["completion_tokens"] + 5, arrival_ns=at + 10**6))
END
python3 make.py || exit 3

"$tollbook" run -q --gpu-hour 2 --requests run.csv --by hour,tenant,model --format json -o run.json engines gateways
same "run: exit status" "$?" 1
same "run: has requests joined by tokens, repeats, and requests of vendors" "$(jq -c '[.quality.duplicates > 0, .api_spend.requests, (.tenants | length)]' run.json)" \
	'[true,300,7]'

# tasks N ORDER...: the plan's tasks in this order
tasks() {
	count=$1
	shift
	plan=plan-$count-$1
	"$tollbook" shard plan -q --gpu-hour 2 --tasks "$count" -o "$plan" engines gateways
	for step in map fit attribute; do
		for task in "$@"; do
			"$tollbook" shard $step -q --task "$task" "$plan"
		done
	done
	"$tollbook" shard report -q --by hour,tenant,model --requests "$plan.csv" --format json -o "$plan.json" "$plan"
	same "$count tasks, the first is $1: the statement of run" "$(sha256sum < "$plan.json")" "$(sha256sum < run.json)"
	same "$count tasks, the first is $1: the requests of run" "$(sha256sum < "$plan.csv")" "$(sha256sum < run.csv)"
}
tasks 1 0
tasks 5 0 1 2 3 4
tasks 5 4 1 3 0 2
same "files do not depend on the order of tasks" "$(cat plan-5-0/fit/* | sha256sum)" "$(cat plan-5-4/fit/* | sha256sum)"
same "each task joined a part" "$(ls plan-5-0/fit | grep -c -E 'joined|left|tenants')" 15

# A task that ended before its second stage does it when it runs again.
rm -r plan-5-4/attribute/* plan-5-4/fit/00000[14].tenants
"$tollbook" shard attribute -q --task 0 plan-5-4 2> said
same "without a part of the join" "$? $(grep -c 'does not exist yet' said)" "3 1"
"$tollbook" shard fit -q --task 2 plan-5-4
same "its files are made again" "$(cat plan-5-0/fit/* | sha256sum)" "$(cat plan-5-4/fit/* | sha256sum)"

for task in 3 0 4 1 2; do
	"$tollbook" shard attribute -q --task $task --book book plan-5-0
done
"$tollbook" report -q --book book --by hour,tenant,model --format json -o book.json
same "from a book" "$(sha256sum < book.json)" "$(sha256sum < run.json)"

finish
