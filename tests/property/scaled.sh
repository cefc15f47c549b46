#!/bin/sh
# All times k times as long: so is what every phase, tenant and request costs, under every rule and from every grade of evidence.
# Except the fields that a fixed second distinguishes from idle, and intervals, which use blocks of fixed seconds.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3

# A day that begins at midnight, so that a run a thousand times as long still is of one day. In integers, because awk has only doubles.
base=1786320000
scaled() { # K: native records
	awk -v k="$1" -v base=$base '
	function instant(s,  d) {
		d = k * ((substr(s, 1, length(s) - 9) - first) * 1000000000 + substr(s, length(s) - 8))
		return sprintf("%d%09d", base + int(d / 1000000000), d % 1000000000)
	}
	{
		if (!first) {match($0, /_ns":[0-9]+/); first = substr($0, RSTART + 5, RLENGTH - 14) - 2}
		out = ""; rest = $0
		while (match(rest, /"[a-z_]*_ns":[0-9]+/)) {
			field = substr(rest, RSTART, RLENGTH); at = index(field, ":"); value = substr(field, at + 1)
			value = length(value) > 18 ? instant(value) : sprintf("%.0f", k * value)
			out = out substr(rest, 1, RSTART - 1) substr(field, 1, at) value
			rest = substr(rest, RSTART + RLENGTH)
		}
		print out rest
	}' first="$2"
}

# The evidence of a replica, by grade: its first seconds as steps, requests and windows of ten seconds.
first=$(gzip -dc "$tree/samples/serving/requests.jsonl.gz" | head -1 | grep -o '"arrival_ns":[0-9]*' | sed 's/.*:\([0-9]*\).\{9\}$/\1/')
gzip -dc "$tree/samples/serving/steps.jsonl.gz" > steps
gzip -dc "$tree/samples/serving/requests.jsonl.gz" > requests
sed -E 's/"(first_token_ns|scheduled_ns)":[0-9]+,//g' requests > lives
sed -E 's/"(prefill_token_kv|prefill_kv_tokens|decode_kv_tokens)":[0-9]+,//g' steps > plain
# Windows between instants at which steps begin, busy throughout but for the first and the last.
awk '{
	match($0, /"start_ns":[0-9]+/); at = substr($0, RSTART + 11, RLENGTH - 11)
	match($0, /"prefill_tokens":[0-9]+/); input += substr($0, RSTART + 17, RLENGTH - 17)
	match($0, /"decode_requests":[0-9]+/); running = substr($0, RSTART + 18, RLENGTH - 18); output += running
	if (NR % 200 == 0) {
		if (last) printf "{\"schema\":\"tollbook.window.v1\",\"replica\":\"rtx-tiny-01\",\"model\":\"llama-3.1-8b\",\"start_ns\":%s,\"end_ns\":%s,\"input_tokens\":%d,\"cached_tokens\":0,\"output_tokens\":%d,\"running\":%d}\n", last, at, input, output, running
		last = at; input = output = 0
	}
}' steps > windows

figures() { # RULE LOG...: phases of all and of each tenant, then of each request
	rule=$1
	shift
	"$tollbook" run -q --fleet "$tree/samples/fleet.json" --rule "$rule" --format json -o said.json --requests said.csv "$@"
	[ $? -le 1 ] || wrong "run $*"
	jq -r '"total \(.total.gpu_ns.prefill) \(.total.gpu_ns.decode)",
		(.tenants | map(select(.tenant != "(not allocated)")) | sort_by(.tenant)[] | "tenant:\(.tenant | gsub(" "; "_")) \(.gpu_ns.prefill) \(.gpu_ns.decode)")' said.json
	awk -F, 'NR > 1 {print $1, $11, $12}' said.csv | sort
}

# compare WHAT K: is each figure of `got` K times that of `once`? Steps are fitted in classes of durations, eight an octave, so that a
# power of two changes nothing but roundings (within a millionth). With other factors steps change classes, and the fits over
# requests take their instants in ticks of 1,024 ns, and those over windows lean on what a card of today can do: within five parts in ten thousand of what the tenant or request costs.
# Steps that are rebuilt from requests rest on times that do not scale (the resolution of stamps, the host's 0.2 ms between
# steps, chunks that are full or not): within a fiftieth of what the whole or a tenant costs, and a twentieth of what a request does.
compare() {
	paste -d' ' once got | awk -v k="$2" -v what="$1" '
	BEGIN {exact = (k == 2 || k == 1024) && what !~ /^(requests|lives|windows)/}
	$1 != $4 {print "FAIL: " what ": " $4 " for " $1; exit wrong = 1}
	{
		bound = exact ? 32 * k + ($5 + $6) * 1e-6 : ($5 + $6) * (what !~ /^requests/ ? 5e-4 : $1 ~ /^t(otal|enant)/ ? 2e-2 : 5e-2)
		for (i = 2; i <= 3; i++) {d = $(i + 3) - k * $i; d = d < 0 ? -d : d; if (d > most) most = d; if (d > bound) {bad++; worst = $0}}
	}
	END {
		if (wrong) exit 1
		if (bad) {print "FAIL: " what ": " bad " figures are not " k " times as large, the last: " worst; exit 1}
		printf "ok: %s: %d figures are %d times as large, within %d ns\n", what, 2 * NR, k, most; exit NR < 1
	}' || failures=$((failures + 1))
}

# above WHAT FILE...: prefill of the first is at least that of the second, and so on: the rules in their order
above() {
	what=$1
	shift
	cat "$@" | awk -v what="$what" '$1 == "total" {if (seen++ && $2 > last) {print "FAIL: " what ": the rules are out of order: " $2 " after " last; exit wrong = 1} last = $2}
	END {if (!wrong) print "ok: " what ": prefill-first, Shapley and decode-first are in order"; exit wrong}' || failures=$((failures + 1))
}

for evidence in "steps requests" plain "plain requests" requests lives windows; do
	for rule in shapley proportional prefill-first decode-first; do
		for k in 1 2 3 1000 1024; do
			files=
			for file in $evidence; do
				scaled $k "$first" < "$file" > "$file.$k.jsonl"
				files="$files $file.$k.jsonl"
			done
			# shellcheck disable=SC2086
			figures $rule $files > got
			[ $k -gt 1 ] || cp got once
			[ $k -gt 1 ] || cp got "of.$rule"
			[ $k -eq 1 ] || compare "$evidence, $rule" $k
		done
	done
	above "$evidence" of.prefill-first of.shapley of.decode-first
done
[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
