#!/usr/bin/env python3
"""Checks that all renderings of one statement agree and that each follows its rules.

check.py FOLDER NAME: FOLDER contains NAME.json, NAME.csv, … of one statement. The JSON is checked against its
schema and the identity; the figures of every other rendering are compared with it, to the last digit.
"""
import csv
import decimal
import html.parser
import json
import pathlib
import re
import sys

import jsonschema

from focus import check_focus

decimal.getcontext().prec = 60
D = decimal.Decimal
ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ("prefill", "decode", "other", "idle", "unobserved")
KINDS = ("input_uncached", "input_cached", "output")
KEYS = ("hour", "day", "month", "model", "replica", "pool", "tenant")
faults = []


def expect(ok, message):
    if not ok:
        faults.append(message)


def same(where, what, got, want):
    expect(got == want, f"{where}: {what} is {got!r}, the JSON says {want!r}")


def tokens_of(block, kind):
    tokens = block["tokens"]
    return tokens["input"] - tokens["input_cached"] if kind == "input_uncached" else tokens[kind]


# ---- the JSON itself ----


def check_block(where, block):
    same(where, "gpu_ns", sum(block["gpu_ns"][p] for p in PARTS), block["gpu_ns"]["capacity"])
    same(where, "cost", sum(D(block["cost"][p]) for p in PARTS), D(block["cost"]["capacity"]))
    if "energy" in block:
        same(where, "energy", sum(block["energy"]["mj"][p] for p in PARTS), block["energy"]["mj"]["capacity"])
    expect(sum(block["evidence"].values()) <= block["gpu_ns"]["prefill"] + block["gpu_ns"]["decode"], f"{where}: more evidence than busy time")
    for kind in KINDS:
        unit = block["unit_cost"][kind]
        same(where, f"{kind} known", unit["busy"] is not None, tokens_of(block, kind) > 0)
        if unit["busy"] is not None:
            expect(D(unit["low"]) <= D(unit["busy"]) <= D(unit["high"]), f"{where}: {kind} lies outside its interval")
    if block["list"]:
        expect(D(block["margin"]["cost"]) <= D(block["cost"]["capacity"]), f"{where}: the margin covers more than the cost")
        margin = D(block["list"]["revenue"]) - D(block["margin"]["cost"])
        same(where, "margin", margin, D(block["margin"]["amount"]))


def check_json(statement):
    schema = json.loads((ROOT / "schemas/statement.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for error in jsonschema.Draft202012Validator(schema).iter_errors(statement):
        faults.append(f"json: {'/'.join(map(str, error.path))}: {error.message}")
    check_block("total", statement["total"])
    if statement["priced"]:
        same("priced", "cost", statement["priced"]["cost"], statement["total"]["margin"]["cost"])
        for table in ("models", "tenants"):
            margins = sum(D(row["margin"]["amount"]) for row in statement[table] if row["margin"])
            same(table, "sum of margins", margins, D(statement["total"]["margin"]["amount"]))
    for table in ("models", "tenants", "rows"):
        for i, row in enumerate(statement[table]):
            check_block(f"{table} {i}", row)
        for part in ("gpu_ns", "cost"):
            whole = sum(D(row[part]["capacity"]) for row in statement[table])
            expect(not statement[table] or whole == D(statement["total"][part]["capacity"]), f"{table}: {part} is not the total's")
    for model in {v["model"] for v in statement.get("services", [])}:
        classes = [v for v in statement["services"] if v["model"] == model]
        row = next(m for m in statement["models"] if m["model"] == model)
        same("services", f"requests of {model}", sum(v["requests"] for v in classes), row["requests"])
        for kind in ("input", "input_cached", "output"):
            same("services", f"{kind} of {model}", sum(v["tokens"][kind] for v in classes), row["tokens"][kind])
        if row["list"]:
            same("services", f"revenue of {model}", sum(D(v["revenue"]) for v in classes), D(row["list"]["revenue"]))
    total = D(statement["total"]["cost"]["capacity"])
    same("json", "sum of models", sum(D(m["cost"]["capacity"]) for m in statement["models"]), total)


# ---- csv and jsonl ----


def flat(block):
    """A block as the columns of the CSV."""
    out = {
        "requests": block["requests"],
        "tokens_input": block["tokens"]["input"],
        "tokens_input_cached": block["tokens"]["input_cached"],
        "tokens_output": block["tokens"]["output"],
    }
    for part in ("capacity",) + PARTS:
        out[f"gpu_ns_{part}"] = block["gpu_ns"][part]
        out[f"cost_{part}"] = block["cost"][part]
        out[f"energy_mj_{part}"] = block["energy"]["mj"][part] if "energy" in block else None
    for grade, ns in block["evidence"].items():
        out[f"evidence_ns_{grade}"] = ns
    for kind in KINDS:
        for word in ("busy", "loaded", "low", "high"):
            out[f"unit_cost_{kind}_{word}"] = block["unit_cost"][kind][word]
        out[f"list_{kind}"] = block["list"][kind] if block["list"] else None
        out[f"wh_per_million_{kind}"] = block["energy"]["wh_per_million"][kind] if "energy" in block else None
    out["list_model"] = block["list"]["model"] if block["list"] else None
    out["list_revenue"] = block["list"]["revenue"] if block["list"] else None
    out["margin_amount"] = block["margin"]["amount"] if block["margin"] else None
    ratio = block["margin"]["ratio"] if block["margin"] else None
    out["margin_ratio"] = None if ratio is None else f"{ratio:.6f}"
    return {key: "" if value is None else str(value) for key, value in out.items()}


def rows_of(statement):
    yield "total", statement["total"]
    for table in ("models", "tenants", "rows"):
        for row in statement[table]:
            yield table, row


def shown(text):
    """Control bytes are escaped in all text for people; this is sufficient for a comparison."""
    return re.sub(r"[^ -~]", "", text)


def position_cells(position):
    """A row of positions as columns of the CSV."""
    cells = {f"tokens_{position['kind']}": position["tokens"]}
    for column, key in (("from", "from"), ("to", "to"), ("busy", "busy"), ("low", "low"), ("high", "high"), ("list", "list"), ("prompt_over", "prompt_over")):
        cells[f"position_{column}"] = position.get(key)
    return cells


def check_csv(path, statement):
    raw = path.read_bytes()
    expect(raw.count(b"\n") == raw.count(b"\r\n"), "csv: a line does not end in CR LF")
    expect(not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", raw), "csv: a control byte")
    rows = list(csv.DictReader(path.open(newline="", encoding="utf-8")))
    wanted = list(rows_of(statement))
    positions = statement.get("positions", [])
    same("csv", "number of rows", len(rows), len(wanted) + len(positions))
    for row, want in zip(rows[len(wanted):], positions):
        same("csv", "table", row["table"], "position")
        for column, value in position_cells(want).items():
            same("csv position", column, row[column], "" if value is None else str(value))
    names = {"total": "total", "models": "model", "tenants": "tenant", "rows": "row"}
    for row, (table, block) in zip(rows, wanted):
        same("csv", "table", row["table"], names[table])
        for column, value in flat(block).items():
            same(f"csv {table}", column, row[column], value)
        for key in KEYS:
            cell = row[key]
            expect(not cell or cell[0] not in "=+-@\t\r", f"csv: the cell {cell!r} is a formula")
            want = shown(block.get(key, ""))
            expect(want in shown(cell) or "\\" in cell, f"csv: {key} is {cell!r}, the JSON says {want!r}")


def check_jsonl(path, statement):
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wanted = [{"table": table, "row": row} for table, row in rows_of(statement)]
    for table in ("services", "positions", "rules"):
        wanted += [{"table": table, "row": row} for row in statement.get(table, [])]
    same("jsonl", "number of lines", len(lines), len(wanted))
    for i, (line, want) in enumerate(zip(lines, wanted)):
        expect(line == want, f"jsonl: line {i + 1} is not the row of the JSON")


# ---- prometheus ----


def metrics_of(path):
    out = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(r'(\w+)(?:\{(.*)\})? (\S+)', line)
        expect(match, f"prometheus: {line}")
        if match:
            labels = {k: re.sub(r"\\(.)", r"\1", v) for k, v in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or "")}
            key = (match[1], tuple(sorted(labels.items())))
            expect(key not in out, f"prometheus: {line} is there twice")
            out[key] = match[3]
    return out


def sample(metrics, name, **labels):
    return metrics.get((name, tuple(sorted(labels.items()))))


def check_prometheus(path, statement):
    metrics = metrics_of(path)
    seconds = lambda ns: f"{D(ns) / 10**9:.9f}"
    for table, prefix, key in (("models", "tollbook_", "model"), ("tenants", "tollbook_tenant_", "tenant")):
        for row in statement[table]:
            if not row[key].isascii() or not row[key].isprintable():
                continue  # escaped; its figures are under another name
            name = {key: row[key]}
            for part in PARTS:
                same("prometheus", f"{prefix}cost {part}", sample(metrics, prefix + "cost", part=part, **name), row["cost"][part])
                same("prometheus", f"{prefix}gpu_seconds {part}", sample(metrics, prefix + "gpu_seconds", part=part, **name),
                     seconds(row["gpu_ns"][part]))
            for kind in KINDS:
                unit = row["unit_cost"][kind]
                for word, metric in (("busy", "busy_cost_per_million_tokens"), ("loaded", "loaded_cost_per_million_tokens"),
                                     ("low", "busy_cost_per_million_tokens_low"), ("high", "busy_cost_per_million_tokens_high")):
                    got = sample(metrics, prefix + metric, kind=kind, **name)
                    same("prometheus", f"{prefix}{word} {kind}", got, unit[word])
                same("prometheus", "list price", sample(metrics, prefix + "list_price_per_million_tokens", kind=kind, **name),
                     row["list"][kind] if row["list"] else None)
            same("prometheus", "margin", sample(metrics, prefix + "margin", **name), row["margin"]["amount"] if row["margin"] else None)
    for v in statement.get("services", []):
        if v["model"].isascii() and v["model"].isprintable():
            labels = {"model": v["model"], "service": v["service"]}
            same("prometheus", f"requests of {labels}", sample(metrics, "tollbook_service_requests", **labels), str(v["requests"]))
            same("prometheus", f"revenue of {labels}", sample(metrics, "tollbook_service_list_revenue", **labels), v["revenue"])
    for row in statement["models"]:
        if not row["model"].isascii():
            continue
        labels = {"model_name": row["model"], "model_version": "", "namespace": ""}
        for basis, word in (("allocation", "loaded"), ("usage", "busy")):
            got = sample(metrics, "llm_cost_per_million_tokens", cost_basis=basis, phase="generation",
                         allocation_method="compute_time", **labels)
            same("prometheus", f"generation {basis}", got, row["unit_cost"]["output"][word])
        tokens = row["tokens"]
        if tokens["input"]:
            got = sample(metrics, "llm_cache_savings_fraction", **labels)
            same("prometheus", "cache", D(got), round(D(tokens["input_cached"]) / tokens["input"], 9))


# ---- journals ----


def check_journal(path, statement):
    """Postings by part sum to the parts of the total, and to zero."""
    sums = dict.fromkeys(PARTS, D(0))
    whole, rent = D(0), D(0)
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(r"\s+(\S.*?)\s\s+(-?[\d.]+) ([A-Z]+)", line)
        if not match:
            continue
        account, amount = match[1], D(match[2])
        whole += amount
        part = re.match(r"expenses:gpu:(\w+):", account, re.I)
        if part:
            sums[part[1].lower()] += amount
        else:
            rent += amount
    same(path.name, "rent", rent, -D(statement["total"]["cost"]["capacity"]))
    same(path.name, "balance", whole, D(0))
    for part in PARTS:
        same(path.name, part, sums[part], D(statement["total"]["cost"][part]))


# ---- html ----


class Page(html.parser.HTMLParser):
    """The rows of every table that has an id, each cell by its exact value where it has one."""

    def __init__(self):
        super().__init__()
        self.tables, self.table, self.cell = {}, None, None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "table" and attrs.get("id"):
            self.table = self.tables.setdefault(attrs["id"], [])
        elif tag == "tr" and self.table is not None:
            self.table.append([])
        elif tag in ("td", "th") and self.table:
            self.cell = ["", None]
        elif tag == "data" and self.cell:
            self.cell[1] = attrs["value"]

    def handle_data(self, data):
        if self.cell:
            self.cell[0] += data

    def handle_endtag(self, tag):
        if tag == "table":
            self.table = None
        elif tag in ("td", "th") and self.cell and self.table:
            text, value = self.cell
            self.table[-1].append(text if value is None else value)
            self.cell = None


def or_dash(value):
    return "–" if value is None else str(value)


def html_unit_rows(statement):
    for row in statement["models"]:
        if row["model"] == "(not allocated)":
            continue
        for kind in KINDS:
            unit = row["unit_cost"][kind]
            listed = row["list"][kind] if row["list"] else None
            yield [str(tokens_of(row, kind)), or_dash(unit["busy"]), or_dash(unit["low"]), or_dash(unit["high"]),
                   or_dash(unit["loaded"]), or_dash(listed)]


def html_rows(rows):
    for row in rows:
        units = row["unit_cost"]
        yield [str(row["requests"]), str(row["tokens"]["input"]), str(row["tokens"]["output"]), str(row["gpu_ns"]["capacity"]),
               row["cost"]["capacity"], or_dash(units["input_uncached"]["loaded"]), or_dash(units["output"]["loaded"]),
               or_dash(row["margin"]["amount"] if row["margin"] else None)]


def check_table(page, name, wanted, skip, totals=(), by_cost=False):
    rows = [row for row in page.tables.get(name, [])[1:] if row]
    wanted = list(wanted)
    if by_cost:  # the largest first, as the page has them; the total last
        wanted.sort(key=lambda row: (-D(row[4]), row))
        last = len(rows) - len(totals)
        costs = [D(row[skip + 4]) for row in rows[:last]]
        expect(costs[:-1] == sorted(costs[:-1], reverse=True), f"html {name}: not by money")
        rows[:last] = sorted(rows[:last], key=lambda row: (-D(row[skip + 4]), row[skip:skip + 8]))
    wanted = wanted[:1000] + list(totals)  # the page has no more rows, and states this
    same(f"html {name}", "number of rows", len(rows), len(wanted))
    for row, want in zip(rows, wanted):
        same(f"html {name}", "row", row[skip:skip + len(want)], want)


def check_html(path, statement):
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    check_table(page, "units", html_unit_rows(statement), 2)
    check_table(page, "tenants", html_rows(statement["tenants"]), 2, list(html_rows([statement["total"]])), True)
    keys = sum(key in statement["rows"][0] for key in KEYS) if statement["rows"] else 0
    if statement["rows"]:
        timed = any(key in statement["rows"][0] for key in ("hour", "day", "month"))
        check_table(page, "rows", html_rows(statement["rows"]), keys, list(html_rows([statement["total"]])), not timed)
    total = statement["total"]
    parts = [[str(total["gpu_ns"][p]), total["cost"][p]] for p in PARTS + ("capacity",)]
    got = [[row[1], row[3]] for row in page.tables.get("parts", [])[1:] if row]
    same("html parts", "figures", got, parts)
    services = [[str(v["requests"]), str(v["tokens"]["input"]), str(v["tokens"]["output"]), or_dash(v["revenue"])]
                for v in statement.get("services", [])]
    if services:
        check_table(page, "services", services, 2)
    positions = [[str(p["tokens"]), str(p["gpu_ns"]), or_dash(p["busy"])] for p in statement.get("positions", [])]
    if positions:
        check_table(page, "positions", positions, 3)
    expect(not re.search(r"(?:https?:)?//[a-z]", re.sub(r"http://www\.w3\.org/2000/svg", "", text)), "html: an address of another place")
    expect("<img" not in text, "html: a name was not escaped")


# ---- the table ----


def lines_below(text, title):
    """The header and the lines of a part of the table, up to the empty line after it."""
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if line.startswith(title)), None)
    expect(start is not None, f"table: no part {title!r}")
    if start is None:
        return "", []
    rest = lines[start + 1:]
    return rest[0], rest[1:rest.index("")]


def cells_of(header, line):
    """Cells by the right edges of the header's words, to which they are aligned; the first one is the name."""
    edges = [match.end() for match in re.finditer(r"\S+(?: \S+)*", header)]
    return [line[a:b].strip() for a, b in zip([0] + edges, edges)]


def rounds_to(where, shown_text, exact):
    """A figure for people is the exact one, rounded to the places that are shown."""
    if exact is None:
        same(where, "unknown", shown_text, "–")
        return
    digits = shown_text.replace(",", "")
    expect(re.fullmatch(r"-?\d+(\.\d+)?", digits), f"{where}: {shown_text!r} is no figure")
    if re.fullmatch(r"-?\d+(\.\d+)?", digits):
        step = D(1).scaleb(D(digits).as_tuple().exponent)
        expect(abs(D(digits) - D(exact)) * 2 <= step, f"{where}: shows {shown_text}, the JSON says {exact}")


def check_table_units(text, statement):
    header, lines = lines_below(text, "What a token costs")
    names = re.findall(r"\S+(?: \S+)*", header)
    lines = [line for line in lines if line.startswith("  ")]
    at_work = [row for row in statement["models"] if row["model"] != "(not allocated)"]
    wanted = [(row, kind) for row in at_work for kind in KINDS + ("ratio",)]
    same("table", "lines of unit costs", len(lines), len(wanted))
    for line, (row, kind) in zip(lines, wanted):
        if kind == "ratio":
            continue
        # the name runs into the first cell's column
        cells = dict(zip(names, cells_of(header, " " * 17 + line[17:])))
        unit, where = row["unit_cost"][kind], f"table {row['model']} {kind}"
        rounds_to(where, cells["tokens"], tokens_of(row, kind))
        rounds_to(where, cells["busy"], unit["busy"])
        rounds_to(where, cells["loaded"], unit["loaded"])
        if "list price" in cells:
            rounds_to(where, cells["list price"], row["list"][kind] if row["list"] else None)


def check_table_parts(text, statement):
    header, lines = lines_below(text, "Where the capacity went")
    total = statement["total"]
    same("table", "parts", len(lines), len(PARTS) + 1)
    for line, part in zip(lines, PARTS + ("capacity",)):
        hours, _, money, _ = cells_of(header, " " * 10 + line[10:])
        rounds_to(f"table {part}", hours, D(total["gpu_ns"][part]) / (3600 * 10**9))
        rounds_to(f"table {part}", money, total["cost"][part])


def check_table_services(text, statement):
    services = statement.get("services", [])
    same("table", "classes of service", "By class of service" in text, bool(services))
    if not services:
        return
    header, lines = lines_below(text, "By class of service")
    same("table", "lines of classes", len(lines), len(services))
    for line, v in zip(lines, services):
        revenue = cells_of(header, line)[-1]
        rounds_to(f"table {v['model']} {v['service']}", revenue, v["revenue"])


def check_table_text(path, statement):
    text = path.read_text(encoding="utf-8")
    expect(max(map(len, text.split("\n"))) <= 100, "table: wider than 100 columns")
    check_table_units(text, statement)
    check_table_parts(text, statement)
    check_table_services(text, statement)


def main():
    folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    at = lambda form: folder / f"{name}.{form}"
    statement = json.loads(at("json").read_text(encoding="utf-8"))
    check_json(statement)
    check_csv(at("csv"), statement)
    check_jsonl(at("jsonl"), statement)
    check_prometheus(at("prometheus"), statement)
    check_journal(at("journal"), statement)
    check_journal(at("beancount"), statement)
    check_html(at("html"), statement)
    check_table_text(at("table"), statement)
    faults.extend(check_focus(at("focus"), statement))
    for version in ("1.3", "1.4"):
        if at(f"focus{version}").exists():
            faults.extend(f"FOCUS {version}: {fault}" for fault in check_focus(at(f"focus{version}"), statement, version))
    for fault in faults[:40]:
        print(f"{name}: {fault}")
    if len(faults) > 40:
        print(f"{name}: and {len(faults) - 40} more")
    return 1 if faults else 0


sys.exit(main())
