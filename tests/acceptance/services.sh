#!/bin/sh
# Requests of every class of service have the same result in one run, a book, and shards; in logs of engines together with
# those of a gateway, which alone contain the class; and a figure's entries contain their class.
cd "$(dirname "$0")/../.." || exit 3
tree=$PWD
tollbook=$(realpath "${TOLLBOOK:-build/tollbook}")
command -v jq > /dev/null || { echo "skip: no jq"; exit 77; }
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 3
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

cp "$tree/samples/fleet.json" .
cat > prices.json << 'END'
{"schema": "tollbook.prices.v1", "providers": [{"id": "p", "models": [{"id": "llama-3.1-8b", "prices": [
 {"input": {"base": "1.25", "tiers": [{"over": 1000, "price": "2.5"}]}, "cache_read": "0.125", "output": "10",
  "batch": {"input": "0.625", "output": "5"}, "priority": {"input": "2.123456789", "cache_read": "0.25", "output": "20"},
  "flex": {"input": "0.5", "cache_read": "0.05", "output": "3.3"}}]}]}]}
END
# A class for each request, by its number.
"$tollbook" ingest -q -o records.jsonl "$tree/samples/serving" || exit 1
mkdir logs joined
awk 'BEGIN { split("\"service\":\"standard\" \"batch\":true \"service\":\"priority\" \"service\":\"flex\" - \"service\":\"scale\"", words) }
	/tollbook.request/ { word = words[n++ % 6 + 1]; if (word != "-") sub(/}$/, "," word "}") } { print }' records.jsonl > logs/records.jsonl
# The same, with the class in a gateway's log only: it has no replica.
cp records.jsonl joined/
grep tollbook.request logs/records.jsonl | sed -E 's/"replica":"[^"]*",//; s/"(scheduled|first_token)_ns":[0-9]+,//g' > joined/gateway.jsonl

work() { # work COMMAND...: findings are no failure
	"$tollbook" "$@"
	[ $? -le 1 ] || fail "$*"
}

work run -q --fleet fleet.json --prices prices.json --by hour,tenant --format json -o run.json logs
[ "$(jq -r '[.services[].service] | join(" ")' run.json)" = "standard batch priority flex other" ] || fail "classes: $(jq -c .services run.json)"
work run -q --fleet fleet.json --prices prices.json --by hour,tenant --format json -o joined.json joined
for part in total models tenants rows services; do
	[ "$(jq -S ".$part" run.json)" = "$(jq -S ".$part" joined.json)" ] || fail "joined to the gateway's log: $part differs"
done

for logs in logs joined; do
	work ingest -q --book book-$logs $logs
	work attribute -q --book book-$logs --fleet fleet.json --prices prices.json
	work report -q --book book-$logs --prices prices.json --by hour,tenant --format json -o book.json
	for part in total models tenants rows services; do
		[ "$(jq -S ".$part" run.json)" = "$(jq -S ".$part" book.json)" ] || fail "$logs, out of the book: $part differs"
	done
done
"$tollbook" verify -q --book book-logs --fleet fleet.json --prices prices.json --all || fail "verify: exit status $?"

for logs in logs joined; do
	work shard plan -q --fleet fleet.json --prices prices.json --tasks 2 -o plan-$logs $logs
	for step in map fit attribute; do
		for task in 0 1; do
			work shard $step -q plan-$logs --task $task
		done
	done
	work shard report -q plan-$logs --by hour,tenant --format json -o shards.json
	for part in total models tenants rows services; do
		[ "$(jq -S ".$part" run.json)" = "$(jq -S ".$part" shards.json)" ] || fail "$logs, from shards: $part differs"
	done
	[ $logs = joined ] || cmp run.json shards.json || fail "from shards: the statement differs"
done

"$tollbook" explain --book book-logs --fleet fleet.json --prices prices.json kind=output > explained || fail "explain: exit status $?"
for class in batch priority flex other; do
	grep -q ", $class service" explained || fail "explain does not name $class traffic"
done

[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
echo "ok: one run, a book and shards say the same of every class of service"
