#!/usr/bin/env python3
"""The pages of estimate, audit, whatif, diff, reconcile and of a run, as a browser shows them.

pages.py FOLDER: FOLDER holds NAME.html and NAME.json of each, and is given the screenshots.
"""
import json
import pathlib
import sys

from common import check_console, check_keyboard, check_looks, expect, faults
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


def check_figures(browser, name, document):
    """Each figure of the page is one of the JSON, with all its digits."""
    known = set()
    numbers(document, known)
    figures = browser.run("return [...document.querySelectorAll('data')].map(d => [d.value, d.textContent])")
    expect(len(figures) >= 5, f"{name}: {len(figures)} figures")
    if name == "run":  # whose ratios are figures of their own: check.py has its tables
        cells = document["roofline"]["cells"]
        expect(browser.run("return document.querySelectorAll('#roofcells tbody tr').length") == len(cells), "the roofline is not that of the JSON")
        costs = browser.run("return [...document.querySelectorAll('#batches tbody tr')].map(r => r.cells[3].querySelector('data').value)")
        expect(costs == [batch["busy"] for batch in document["batches"]], f"cost by batch {costs}")
        return
    for value, shown in figures:
        expect(f"{float(value):.12g}" in known, f"{name}: {shown} ({value}) is not in the JSON")


def check_pictures(browser, name):
    """Each picture has words for those who do not see it, and nothing leaves its card."""
    mute = browser.run("return [...document.querySelectorAll('main svg')].filter(s => !s.closest('[aria-hidden=true],[role=img]')).length")
    expect(mute == 0, f"{name}: {mute} pictures without words")
    text = browser.run("return document.querySelector('main').textContent")
    for word in ("NaN", "undefined", "(null)", "inf "):
        expect(word not in text, f"{name}: the page says {word}")
    broken = browser.run("return [...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.hash)).length")
    expect(broken == 0, f"{name}: {broken} links to nowhere")
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
    for fault in faults[:40]:
        print(f"html: {fault}")
    if not faults:
        print(f"html: {len(NAMES)} other pages, every check passes")
    return 1 if faults else 0


sys.exit(main())
