#!/bin/sh
# List revenue of real requests, priced one by one by another program: tiers by prompt length, whole and in part, the time of
# day, cached input. The statement must say the same to the last nano-unit.
set -u
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
cat >"$folder/prices.json" <<'END'
{"schema": "tollbook.prices.v1", "providers": [{"id": "p", "models": [{"id": "m", "prices": [
 {"input": {"base": "1.25", "tiers": [{"over": 500, "price": "2.5"}, {"over": 2000, "price": "7"}]}, "cache_read": "0.31",
  "output": {"base": "10", "tiers": [{"over": 2000, "price": "15.123456789"}]}},
 {"from": "2026-08-11", "daily": {"from": "00:00", "to": "00:30"}, "input": "0.5", "cache_read": "0.05", "output": "3"}]},
 {"id": "above", "prices": [
 {"input": {"base": "1", "tiers": [{"over": 500, "price": "3"}, {"over": 2000, "price": "4.5"}], "moves": "above"}, "output": "2"}]}]}]}
END
for model in m above; do
	"${TOLLBOOK:-tollbook}" run -q --gpu-hour 2 --prices "$folder/prices.json" --list llama-3.1-8b=p/$model --format json \
		--requests "$folder/$model.csv" -o "$folder/$model.json" samples/serving || [ $? = 1 ] || exit 1
done
python3 - "$folder" <<'END'
import csv, json, sys
from decimal import Decimal as D

def tier(prompt, steps):
    return [price for over, price in steps if prompt > over][-1]

def whole(row, prompt, cached, out):
    if int(row["finish_ns"]) >= 1786406400 * 10**9:  # 2026-08-11
        return (prompt - cached) * D("0.5") + cached * D("0.05") + out * 3
    price = tier(prompt, [(-1, D("1.25")), (500, D("2.5")), (2000, D(7))])
    return (prompt - cached) * price + cached * D("0.31") + out * tier(prompt, [(-1, D(10)), (2000, D("15.123456789"))])

def above(row, prompt, cached, out):
    # cached tokens come first; without a price of their own they cost what input does
    return prompt + 2 * max(0, prompt - 500) + D("1.5") * max(0, prompt - 2000) + out * 2

failed = 0
for model, price in (("m", whole), ("above", above)):
    sum_ = tiers = 0
    for row in csv.DictReader(open(f"{sys.argv[1]}/{model}.csv")):
        prompt, cached, out = (int(row[k]) for k in ("prompt_tokens", "cached_tokens", "completion_tokens"))
        sum_ += price(row, prompt, cached, out)
        tiers += prompt > 500
    want = (sum_ / 10**6).quantize(D("0.000000001"))
    got = D(json.load(open(f"{sys.argv[1]}/{model}.json"))["total"]["list"]["revenue"])
    print(f"{model}: revenue {got}, by hand {want}, {tiers} long prompts")
    failed |= got != want or tiers == 0
sys.exit(failed)
END
