#!/usr/bin/env python3
"""The page of a month of 50 tenants and 12 models in a browser.

check.py FOLDER: FOLDER contains month.html and month.json; the screenshots are written to it.
"""
import json
import pathlib
import re
import sys

from common import ENTER, check_console, check_keyboard, check_links, check_looks, expect, verdict
from driver import Browser

RENDER_MS, RENDERS_MOST = 500, 9
PAGES_MOST = 6

# The exact values of a table's rows, as in the page.
ROWS = """return [...document.getElementById(arguments[0]).tBodies[0].rows].filter(r => !r.hidden).map(r =>
  [...r.cells].map(c => { const d = c.querySelector('data'); return d ? d.value : c.textContent; }))"""

def check_time(browser, address):
    """A month is painted within the limit. Other work on the machine only delays it: the best of several attempts counts."""
    best, loaded = None, None
    for _ in range(RENDERS_MOST):
        browser.open(address)
        timing = browser.run("""const n = performance.getEntriesByType('navigation')[0];
          const p = performance.getEntriesByName('first-contentful-paint')[0];
          return [n.loadEventEnd, p ? p.startTime : 0];""")
        if min(timing) > 0 and (best is None or timing[1] < best):
            loaded, best = timing
        if best is not None and best <= RENDER_MS:
            break
    expect(best is not None and best <= RENDER_MS, f"painted after {best} ms, expected {RENDER_MS} at most")
    if best:
        print(f"html: painted after {best:.0f} ms, loaded in {loaded:.0f} ms")


def check_print(browser, folder):
    browser.pdf(folder / "print.pdf")
    pages = len(re.findall(rb"/Type\s*/Page\b", (folder / "print.pdf").read_bytes()))
    expect(1 <= pages <= PAGES_MOST, f"{pages} pages of A4, expected {PAGES_MOST} at most")
    print(f"html: {pages} pages of A4")


def dash(value):
    return "–" if value is None else str(value)


def check_figures(browser, statement):
    parts = browser.run(ROWS, "parts")
    for row, part in zip(parts, ("prefill", "decode", "other", "idle", "unobserved", "capacity")):
        expect(row[1] == str(statement["total"]["gpu_ns"][part]) and row[3] == statement["total"]["cost"][part], f"{part}: {row}")
    units = browser.run(ROWS, "units")
    wanted = []
    for model in statement["models"]:
        for kind in ("input_uncached", "input_cached", "output"):
            unit = model["unit_cost"][kind]
            listed = model["list"][kind] if model["list"] else None
            wanted.append([unit["busy"], unit["low"], unit["high"], unit["loaded"], dash(listed)])
    expect([row[3:8] for row in units] == wanted, "units are not those of the JSON")
    tenants = {row[0]: row for row in browser.run(ROWS, "tenants")}
    by_cost = sorted((t["cost"]["capacity"] for t in statement["tenants"]), key=float, reverse=True)
    expect([row[6] for row in browser.run(ROWS, "tenants")] == by_cost, "tenants are not those of the JSON, by money")
    margins = sorted(dash(t["margin"] and t["margin"]["amount"]) for t in statement["tenants"])
    expect(sorted(row[9] for row in tenants.values()) == margins, "margins of tenants are not those of the JSON")
    rows = browser.run(ROWS, "rows")
    costs = sorted(r["cost"]["capacity"] for r in statement["rows"])
    expect(sorted(row[6] for row in rows) == costs, "rows are not those of the JSON")
    matrix = browser.run("return [...document.querySelectorAll('#matrix tfoot data')].map(d => d.value)")
    expect(matrix[-1] == statement["total"]["cost"]["capacity"], "the matrix does not end in the bill")
    levers = browser.run("return [...document.querySelectorAll('.levers .amount data')].map(d => d.value)")
    expect(levers == [lever["amount"] for lever in statement["levers"]][:4], "levers are not those of the JSON")
    prices = browser.run("return [...document.querySelectorAll('.prices .big b data')].map(d => d.value)")
    unit = statement["total"]["unit_cost"]
    expect(prices == [unit[k]["loaded"] for k in ("input_uncached", "input_cached", "output")], "prices are not those of the JSON")
    panels = browser.run("return document.querySelectorAll('[aria-labelledby=time-title] figure').length")
    expect(panels == len(statement["models"]), f"{panels} panels of unit cost over time")


def check_escaping(browser):
    expect(browser.run("return document.images.length") == 0, "a name from a log became an image")
    text = browser.run("return document.body.textContent")
    for name in ("-2+3 <img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", 'in-house/coder "7b" <beta>', "café \\x1B[31m"):
        expect(name in text, f"{name} is not shown as it is")
    policy = browser.run("return document.querySelector('meta[http-equiv=Content-Security-Policy]').content")
    expect("default-src 'none'" in policy and "unsafe" not in policy, f"policy {policy}")


def check_sort(browser):
    browser.run("document.querySelectorAll('#tenants thead button')[6].focus()")
    browser.press(ENTER)
    cost = [float(row[6]) for row in browser.run(ROWS, "tenants")]
    expect(cost == sorted(cost), "Enter on a header does not sort its column")
    browser.press(ENTER)
    cost = [float(row[6]) for row in browser.run(ROWS, "tenants")]
    expect(cost == sorted(cost, reverse=True), "a second time does not sort downwards")
    sort = browser.run("return document.querySelectorAll('#tenants th')[6].getAttribute('aria-sort')")
    expect(sort == "descending", f"aria-sort is {sort}")


def check_filter(browser):
    browser.run("document.querySelector('[aria-label=\"Filter rows of Tenants\"]').focus()")
    browser.press(*"team-04")
    shown = browser.run(ROWS, "tenants")
    expect([row[0] for row in shown] == ["team-04"], f"the filter shows {[row[0] for row in shown]}")
    said = browser.run("return document.activeElement.parentElement.querySelector('output').value")
    expect(said.startswith("1 of 50 · ") and said.endswith(" %"), f"the filter says {said}")
    browser.run("""const f = document.activeElement; f.value = ''; f.dispatchEvent(new Event('input'));""")
    expect(len(browser.run(ROWS, "tenants")) == 50, "an empty filter does not show all")


def check_copy(browser, statement):
    browser.run("""window.taken = ''; Object.defineProperty(navigator, 'clipboard', {configurable: true,
      value: {writeText: async t => { window.taken = t; }}});
      document.querySelector('[aria-label^="Copy Where"]').click()""")
    lines = [line.split("\t") for line in browser.run("return window.taken").split("\n")]
    expect(len(lines) == 7 and lines[6][3] == statement["total"]["cost"]["capacity"], f"copied {lines}")


def check_sections(browser):
    check_links(browser, "month")
    links = browser.run("return document.querySelectorAll('nav a').length")
    sections = browser.run("return document.querySelectorAll('section').length")
    expect(6 <= links <= sections, f"{links} links to {sections} sections")


def check_first_screen(browser):
    """The answer is on the first screen: prices of all kinds, list prices, margin, grade."""
    for what, low in ((".prices .big", 900), (".prices .ratio", 900), (".huge", 900), (".chip", 900)):
        bottoms = browser.run("return [...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect().bottom + scrollY)", what)
        expect(bottoms and max(bottoms) <= low, f"{what} ends at {bottoms}, expected {low}")


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    page = folder / "month.html"
    statement = json.loads((folder / "month.json").read_text(encoding="utf-8"))
    size = page.stat().st_size
    expect(size < 1 << 20, f"the page has {size} bytes")
    browser = Browser(1280, 900)
    try:
        check_time(browser, page.as_uri())
        check_first_screen(browser)
        check_figures(browser, statement)
        check_escaping(browser)
        check_sections(browser)
        check_looks(browser, folder, "")
        check_print(browser, folder)
        check_keyboard(browser)
        check_sort(browser)
        check_filter(browser)
        check_copy(browser, statement)
        check_console(browser, page.as_uri())
    finally:
        browser.close()
    return verdict(f"{size} bytes, every check passes; screenshots in {folder}")


sys.exit(main())
