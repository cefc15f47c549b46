#!/usr/bin/env python3
"""The pages of estimate, audit, whatif, diff, reconcile and of a run in a browser.

pages.py FOLDER: FOLDER contains NAME.html and NAME.json of each; the screenshots are written to it.
"""
import json
import pathlib
import sys

from common import check_console, check_keyboard, check_links, check_looks, expect, verdict
from driver import Browser

NAMES = ("estimate", "audit", "whatif", "diff", "reconcile", "run")


def numbers(value, into):
    """All numbers of a JSON document, decimal strings too, and without their sign: "$3 less"."""
    if isinstance(value, dict):
        for member in value.values():
            numbers(member, into)
    elif isinstance(value, list):
        for item in value:
            numbers(item, into)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        into.update((f"{float(value):.12g}", f"{abs(float(value)):.12g}"))
    elif isinstance(value, str):
        try:
            into.update((f"{float(value):.12g}", f"{abs(float(value)):.12g}"))
        except ValueError:
            pass


def ratio(part, whole):
    return f"{round(float(part) / float(whole), 6):.12g}" if part is not None and whole is not None and float(whole) != 0 else None


def derived(document):
    """Figures of a statement's page that follow from those of the JSON: uncached input, shares, ratios, the cost of a unit of revenue."""
    known = set()
    for block in [document["total"], *document["models"]]:
        known.add(f"{block['tokens']['input'] - (block['tokens']['input_cached'] or 0):.12g}")
        for part in ("gpu_ns", "cost"):
            known.update(ratio(value, block[part]["capacity"]) for value in block[part].values())
        unit, listed = block["unit_cost"], block["list"] or {}
        for kind, cost in unit.items():
            known.add(ratio(cost["loaded"], listed.get(kind)))
        for of in ("loaded", "busy"):
            known.add(ratio(unit["output"][of], unit["input_uncached"][of]))
        known.add(ratio(listed.get("output"), listed.get("input_uncached")))
        if listed:
            known.add(f"{round(float(block['cost']['capacity']) / float(listed['revenue']), 9):.12g}")
        known.add(ratio(block["gpu_ns"]["prefill"] + block["gpu_ns"]["decode"], block["gpu_ns"]["capacity"]))
    busy = document["total"]["gpu_ns"]["prefill"] + document["total"]["gpu_ns"]["decode"]
    known.update(ratio(grade["gpu_ns"], busy) for grade in document["evidence"])
    known.update(ratio(rule["gpu_ns"]["prefill"], rule["gpu_ns"]["prefill"] + rule["gpu_ns"]["decode"]) for rule in document.get("rules", []))
    return known


def check_figures(browser, name, document):
    """Each figure of the page is one of the JSON, with all its digits."""
    known = set()
    numbers(document, known)
    figures = browser.run("return [...document.querySelectorAll('data')].map(d => [d.value, d.textContent])")
    expect(len(figures) >= 5, f"{name}: {len(figures)} figures")
    if name == "run":
        known |= derived(document)
        cells = document["roofline"]["cells"]
        expect(browser.run("return document.querySelectorAll('#roofcells tbody tr').length") == len(cells), "the roofline is not that of the JSON")
        costs = browser.run("return [...document.querySelectorAll('#batches tbody tr')].map(r => r.cells[3].querySelector('data').value)")
        expect(costs == [batch["busy"] for batch in document["batches"]], f"cost by batch {costs}")
        curve = browser.run("return [...document.querySelectorAll('#curve tbody tr')].map(r => r.cells[5].querySelector('data').value)")
        expect(curve == [point["output"] for point in document["load_curve"]] and len(curve) > 2, f"cost against load {curve}")
        squares = browser.run("return document.querySelectorAll('[aria-labelledby=roof-title] figure rect.p-mix').length")
        expect(squares == len([cell for cell in cells if cell["kind"] == "mixed"]), f"{squares} squares for mixed steps")
    for value, shown in figures:
        expect(f"{float(value):.12g}" in known, f"{name}: {shown} ({value}) is not in the JSON")


def check_pictures(browser, name):
    """Each picture has a text alternative, and nothing extends beyond its box."""
    mute = browser.run("return [...document.querySelectorAll('main svg')].filter(s => !s.closest('[aria-hidden=true],[role=img]')).length")
    expect(mute == 0, f"{name}: {mute} pictures without words")
    text = browser.run("return document.querySelector('main').textContent")
    for word in ("NaN", "undefined", "(null)", "inf "):
        expect(word not in text, f"{name}: the page says {word}")
    check_links(browser, name)
    outside = browser.run("""return [...document.querySelectorAll('main svg text')].filter(t => t.checkVisibility() &&
      (t.getBoundingClientRect().right > innerWidth + 1 || t.getBoundingClientRect().left < -1)).map(t => t.textContent)""")
    expect(not outside, f"{name}: beyond the screen: {outside}")


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    browser = Browser(1280, 900)
    try:
        for name in NAMES:
            page = folder / f"{name}.html"
            browser.open(page.as_uri())
            check_figures(browser, name, json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
            check_pictures(browser, name)
            check_looks(browser, folder, f"{name}-")
            check_keyboard(browser)
            check_console(browser, page.as_uri())
    finally:
        browser.close()
    return verdict(f"{len(NAMES)} other pages, every check passes")


sys.exit(main())
