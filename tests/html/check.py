#!/usr/bin/env python3
"""The page of a month of 50 tenants and 12 models, as a browser shows it.

check.py FOLDER: FOLDER holds month.html and month.json, and is given the screenshots.
"""
import json
import pathlib
import sys

from driver import Browser

RENDER_MS = 1000
CONTRAST = 4.5
TAB, ENTER = "\ue004", "\ue007"
faults = []


def expect(ok, message):
    if not ok:
        faults.append(message)


# The exact values of a table's rows, as they stand in the page.
ROWS = """return [...document.getElementById(arguments[0]).tBodies[0].rows].filter(r => !r.hidden).map(r =>
  [...r.cells].map(c => { const d = c.querySelector('data'); return d ? d.value : c.textContent; }))"""

# Text whose contrast with what lies behind it is too small, by the formula of WCAG 2.2.
FAINT = """
const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
const over = (a, b) => a.slice(0, 3).map((v, i) => v * a[3] + b[i] * (1 - a[3]));
const linear = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const light = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
const behind = e => {
  const layers = [];
  for (; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
  let c = [255, 255, 255];
  for (const layer of layers.reverse()) c = over(layer, c);
  return c;
};
const out = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement;
  if (!walk.currentNode.textContent.trim() || ['SCRIPT', 'STYLE', 'title'].includes(e.tagName) || !e.checkVisibility()) continue;
  const style = getComputedStyle(e), back = behind(e);
  const front = over(parse(e instanceof SVGElement ? style.fill : style.color), back);
  const a = light(front), b = light(back), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < arguments[0]) out.push(`${walk.currentNode.textContent.trim().slice(0, 30)} (${ratio.toFixed(2)})`);
}
return [...new Set(out)];"""

# Marks that carry meaning need 3 to 1.
FAINT_MARKS = FAINT.split("const out = [];")[0] + """
/* Idle time, hatching and cached input are faint by design: they have labels. */
const marks = 'rect:not(.idle,.unobserved,.cac,.hatchbg,.hatchfg),circle:not(.k1,.r1),.line';
return [...new Set([...document.querySelectorAll(marks)].filter(e => e.checkVisibility()).map(e => {
  const style = getComputedStyle(e), back = behind(e.closest('figure,td,li,th,section'));
  const c = style.fill === 'none' ? style.stroke : e.classList.contains('hollow') ? style.stroke : style.fill;
  const a = light(parse(c)), b = light(back);
  return [e.getAttribute('class'), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
}).filter(p => p[1] < 3).map(p => p[0] + ' ' + p[1].toFixed(2)))]"""


def check_console(browser, address):
    for line in browser.log("browser"):
        faults.append(f"console: {line['message']}")
    for entry in browser.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            expect(url.startswith(("data:", address)), f"a request left the page: {url}")


def check_time(browser, address):
    """Shown within the limit; on a machine that is busy with other things the best of three counts."""
    best = None
    for _ in range(3):
        browser.open(address)
        timing = browser.run("""const n = performance.getEntriesByType('navigation')[0];
          const p = performance.getEntriesByName('first-contentful-paint')[0];
          return [n.loadEventEnd, p ? p.startTime : 0];""")
        if min(timing) > 0 and (best is None or max(timing) < max(best)):
            best = timing
    expect(best is not None and max(best) < RENDER_MS, f"it took {best} ms to show")
    if best:
        print(f"html: loaded in {best[0]:.0f} ms, painted after {best[1]:.0f} ms")


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


def check_keyboard(browser):
    """Tab reaches everything that can be used, and shows where it is."""
    browser.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    wanted = browser.run("return [...document.querySelectorAll('a[href],button,input,summary,[tabindex=\"0\"]')].filter(e => e.checkVisibility()).length")
    reached = set()
    for _ in range(wanted + 5):
        browser.press(TAB)
        at = browser.run("""const e = document.activeElement; if (e === document.body) return null;
          if (!e.dataset.seen) e.dataset.seen = ++document.body.dataset.count || (document.body.dataset.count = 1);
          return [e.dataset.seen, e.tagName, getComputedStyle(e).outlineStyle];""")
        if at is None:
            break
        reached.add(at[0])
        expect(at[2] != "none", f"no focus to be seen on {at[1]}")
    expect(len(reached) == wanted, f"Tab reaches {len(reached)} of {wanted}")
    unnamed = browser.run("""return [...document.querySelectorAll('button,input,[role=region],[role=img],table')].filter(e =>
      !(e.getAttribute('aria-label') || e.textContent.trim())).length""")
    expect(unnamed == 0, f"{unnamed} controls without a name")


def check_links(browser):
    broken = browser.run("""return [...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.hash)).length""")
    links = browser.run("return document.querySelectorAll('nav a').length")
    sections = browser.run("return document.querySelectorAll('section').length")
    expect(broken == 0 and 6 <= links <= sections, f"{links} links to {sections} sections, {broken} of them to nowhere")


def check_first_screen(browser):
    """The answer is on the first screen: prices of all kinds, list prices, margin, grade."""
    for what, low in ((".prices .big", 900), (".prices .ratio", 900), (".huge", 900), (".chip", 900)):
        bottoms = browser.run("return [...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect().bottom + scrollY)", what)
        expect(bottoms and max(bottoms) <= low, f"{what} ends at {bottoms}, expected {low}")


def check_looks(browser, folder):
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        for what in browser.run(FAINT, CONTRAST):
            faults.append(f"{scheme}: too faint: {what}")
        for what in browser.run(FAINT_MARKS):
            faults.append(f"{scheme}: a mark is too faint: {what}")
        browser.shot(folder / f"{scheme}.png")
    browser.scheme("light")
    for name, width in (("phone", 390), ("narrow", 320)):
        browser.size(width, 844, phone=True)
        wide = browser.run("return document.scrollingElement.scrollWidth")
        expect(wide <= width, f"{name}: the page is {wide} wide on a screen of {width}")
        small = browser.run("""return [...document.querySelectorAll('p,td,th,li,span,text')].filter(e =>
          e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 11).length""")
        expect(small == 0, f"{name}: {small} texts below 11 pixels")
        if name == "phone":
            browser.shot(folder / "phone.png")
    browser.size(1280, 900)
    browser.pdf(folder / "print.pdf")


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
        check_links(browser)
        check_looks(browser, folder)
        check_keyboard(browser)
        check_sort(browser)
        check_filter(browser)
        check_copy(browser, statement)
        check_console(browser, page.as_uri())
    finally:
        browser.close()
    for fault in faults[:40]:
        print(f"html: {fault}")
    if not faults:
        print(f"html: {size} bytes, every check passes; screenshots in {folder}")
    return 1 if faults else 0


sys.exit(main())
