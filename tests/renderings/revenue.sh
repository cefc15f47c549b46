#!/bin/sh
# List revenue of real requests, priced one by one by another program: tiers by prompt length, whole and in part, the time of
# day, cached input, classes of service. The statement must be equal to the last nano-unit.
set -u
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
cat >"$folder/prices.json" <<'END'
{"schema": "tollbook.prices.v1", "providers": [{"id": "p", "models": [{"id": "m", "prices": [
 {"input": {"base": "1.25", "tiers": [{"over": 500, "price": "2.5"}, {"over": 2000, "price": "7"}]}, "cache_read": "0.31",
  "output": {"base": "10", "tiers": [{"over": 2000, "price": "15.123456789"}]}},
 {"from": "2026-08-11", "daily": {"from": "00:00", "to": "00:30"}, "input": "0.5", "cache_read": "0.05", "output": "3"}]},
 {"id": "classes", "prices": [
 {"input": {"base": "1.25", "tiers": [{"over": 1000, "price": "2.5"}]}, "cache_read": "0.125", "output": "10",
  "batch": {"input": "0.625", "output": "5"},
  "priority": {"input": {"base": "2.123456789", "tiers": [{"over": 1000, "price": "4.25"}]}, "cache_read": "0.25", "output": "20"},
  "flex": {"input": "0.5", "cache_read": "0.05", "output": "3.3"}}]},
 {"id": "above", "prices": [
 {"input": {"base": "1", "tiers": [{"over": 500, "price": "3"}, {"over": 2000, "price": "4.5"}], "moves": "above"}, "output": "2"}]}]}]}
END
# The same requests, each with a class by its number; every seventh has a class that is in no catalogue.
"${TOLLBOOK:-tollbook}" ingest -q -o "$folder/records.jsonl" samples/serving || exit 1
mkdir "$folder/classes"
awk 'BEGIN { split("\"service\":\"standard\" \"batch\":true \"service\":\"priority\" \"service\":\"flex\" - - \"service\":\"scale\"", words) }
/tollbook.request/ { word = words[n++ % 7 + 1]; if (word != "-") sub(/}$/, "," word "}") } { print }' \
	"$folder/records.jsonl" >"$folder/classes/records.jsonl"
for model in m above classes; do
	logs=samples/serving
	[ $model = classes ] && logs=$folder/classes
	"${TOLLBOOK:-tollbook}" run -q --gpu-hour 2 --prices "$folder/prices.json" --list llama-3.1-8b=p/$model --format json \
		--requests "$folder/$model.csv" -o "$folder/$model.json" "$logs" || [ $? = 1 ] || exit 1
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
    # cached tokens come first; without a price they have the price of input
    return prompt + 2 * max(0, prompt - 500) + D("1.5") * max(0, prompt - 2000) + out * 2

service = {}
for line in open(f"{sys.argv[1]}/classes/records.jsonl"):
    record = json.loads(line)
    if record["schema"] == "tollbook.request.v1":
        service[record["id"]] = "batch" if record.get("batch") else record.get("service", "standard")

def classes(row, prompt, cached, out):
    standard = [D("0.125"), D(10), D("2.5") if prompt > 1000 else D("1.25")]
    read, output, fresh = {
        "batch": [D("0.125"), D(5), D("0.625")],
        "priority": [D("0.25"), D(20), D("4.25") if prompt > 1000 else D("2.123456789")],
        "flex": [D("0.05"), D("3.3"), D("0.5")],
    }.get(service[row["id"]], standard)
    return (prompt - cached) * fresh + cached * read + out * output

failed = 0
for model, price in (("m", whole), ("above", above), ("classes", classes)):
    sum_ = tiers = 0
    by_class = {}
    for row in csv.DictReader(open(f"{sys.argv[1]}/{model}.csv")):
        prompt, cached, out = (int(row[k]) for k in ("prompt_tokens", "cached_tokens", "completion_tokens"))
        due = price(row, prompt, cached, out)
        sum_ += due
        kind = service[row["id"]] if model == "classes" else None
        by_class["other" if kind == "scale" else kind] = by_class.get("other" if kind == "scale" else kind, 0) + due
        tiers += prompt > 500
    want = (sum_ / 10**6).quantize(D("0.000000001"))
    got = D(json.load(open(f"{sys.argv[1]}/{model}.json"))["total"]["list"]["revenue"])
    print(f"{model}: revenue {got}, by hand {want}, {tiers} long prompts")
    failed |= got != want or tiers == 0
    # The standard class contains the rounding of the others.
    for said in json.load(open(f"{sys.argv[1]}/{model}.json")).get("services", []):
        due = (by_class.pop(said["service"]) / 10**6).quantize(D("0.000000001"))
        off = abs(D(said["revenue"]) - due)
        print(f"  {said['service']}: revenue {said['revenue']}, by hand {due}")
        failed |= off > (D("0.000000002") if said["service"] == "standard" else 0)
    failed |= set(by_class) - {None} != set()
said = json.load(open(f"{sys.argv[1]}/classes.json"))["quality"]["warnings"]
failed |= [w for w in said if "no batch price for cached input" in w] == [] or [w for w in said if "class of service" in w] == []
sys.exit(failed)
END
