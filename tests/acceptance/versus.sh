#!/bin/sh
# What the fit implies lies between 30 % and 100 % of the card's published peaks, on a log that was made of measured
# layer times; and the causes sum to what was paid.
needs=truth
. "$(dirname "$0")/lib.sh"

for name in small-8b tiny-8b; do
	at=$shared/truth/$name
	"$tollbook" run -q --fleet "$at/fleet.json" --versus-estimate samples/models/llama-3.1-8b.json "$at/steps.jsonl.gz" \
		"$at/requests.jsonl.gz" > "$folder/$name.txt"
	same "$name: all shares of peaks lie between 30 % and 100 %" \
		"$(grep -E ' % of [0-9.]+$' "$folder/$name.txt" | awk '$(NF - 3) < 30 || $(NF - 3) > 100')" ""
	fits=$(grep -c 'steps, residual' "$folder/$name.txt")
	same "$name: four shares for each fit" "$(grep -cE ' % of [0-9.]+$' "$folder/$name.txt")" $((4 * fits))
	awk '/^all / {for (i = 2; i <= NF; i++) sum += $i} /^Of the distance/ {printf "%.0f %.0f\n", 1e5 * sum, 1e5 * $5}' \
		"$folder/$name.txt" > "$folder/sums"
	read -r sum paid < "$folder/sums"
	near "$name: the causes sum to what was paid" "$sum" "$paid" 1
done
finish
