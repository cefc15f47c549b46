#!/bin/sh
# What the fit implies lies between 30 % and 100 % of the card's published peaks, on a log that was made of measured
# layer times; and the causes sum to what was paid.
cd "$(dirname "$0")/../.." || exit 3
truth=${TRUTH:-../shared/truth}
[ -d "$truth/small-8b" ] || { echo "skipped: no $truth/small-8b"; exit 77; }
for run in small-8b tiny-8b; do
	"${TOLLBOOK:-build/tollbook}" run --fleet "$truth/$run/fleet.json" --versus-estimate samples/models/llama-3.1-8b.json \
		"$truth/$run/steps.jsonl.gz" "$truth/$run/requests.jsonl.gz" | sed -n '/^Measured/,$p' |
	awk -v run="$run" '
		/ % of [0-9.]+$/ {shares++; if ($(NF - 3) < 30 || $(NF - 3) > 100) {print run ": " $0; wrong++}}
		/^all / {for (i = 2; i <= NF; i++) sum += $i}
		/^Of the distance/ {paid = $5}
		END {
			if (shares != 4) {print run ": " shares + 0 " shares of peaks, expected 4"; wrong++}
			if (sum - paid > 0.00001 || paid - sum > 0.00001 || paid <= 0) {print run ": causes sum to " sum ", paid " paid; not the same"; wrong++}
			exit wrong > 0
		}' || exit 1
done
echo "ok: bandwidth and FLOP/s implied by the fits lie between 30 % and 100 % of the peaks"
