"""Checks for every page: contrast, phones, keyboard, console, no network."""
import json

CONTRAST = 4.5
TAB, ENTER = "\ue004", "\ue007"
faults = []


def expect(ok, message):
    if not ok:
        faults.append(message)


# Text with too little contrast with its background, by the formula of WCAG 2.2.
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

# Marks with a meaning need 3 to 1.
FAINT_MARKS = FAINT.split("const out = [];")[0] + """
/* Idle time, hatching and cached input are faint by design: they have labels. */
const marks = 'rect:not(.idle,.unobserved,.cac,.hatchbg,.hatchfg),circle:not(.k1,.r1),.line';
return [...new Set([...document.querySelectorAll(marks)].filter(e => e.checkVisibility()).map(e => {
  const style = getComputedStyle(e), back = behind(e.closest('figure,td,li,th,section'));
  const c = style.fill === 'none' ? style.stroke : e.classList.contains('hollow') ? style.stroke : style.fill;
  const a = light(parse(c)), b = light(back);
  return [e.getAttribute('class'), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
}).filter(p => p[1] < 3).map(p => p[0] + ' ' + p[1].toFixed(2)))]"""


# Names below the bars of a picture and figures above them that overlap.
CROSSED = """
return [...document.querySelectorAll('svg')].flatMap(svg => {
  const names = [...svg.querySelectorAll('text.word,text.fig')].map(t => [t.textContent, t.getBoundingClientRect()]);
  return names.flatMap(([a, p], i) => names.slice(i + 1).filter(([, q]) =>
    p.left < q.right && q.left < p.right && p.top < q.bottom - 2 && q.top < p.bottom - 2).map(([b]) => `${a}, ${b}`));
});"""


def verdict(passed):
    """Prints all faults, or that there are none; returns the exit status."""
    for fault in faults[:40]:
        print(f"html: {fault}")
    if not faults:
        print(f"html: {passed}")
    return 1 if faults else 0


def check_links(browser, name):
    broken = browser.run("return [...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.hash)).length")
    expect(broken == 0, f"{name}: {broken} links to nowhere")


def check_console(browser, address):
    for line in browser.log("browser"):
        faults.append(f"console: {line['message']}")
    for entry in browser.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            expect(url.startswith(("data:", address)), f"a request left the page: {url}")


def check_keyboard(browser):
    """Tab reaches every control and shows the focus."""
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


def check_looks(browser, folder, name):
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        for what in browser.run(FAINT, CONTRAST):
            faults.append(f"{name}{scheme}: too faint: {what}")
        for what in browser.run(FAINT_MARKS):
            faults.append(f"{name}{scheme}: a mark is too faint: {what}")
        browser.shot(folder / f"{name}{scheme}.png")
    browser.scheme("light")
    for device, width in (("phone", 390), ("narrow", 320)):
        browser.size(width, 844, phone=True)
        wide = browser.run("return document.scrollingElement.scrollWidth")
        expect(wide <= width, f"{name}{device}: the page is {wide} wide on a screen of {width}")
        small = browser.run("""return [...document.querySelectorAll('p,td,th,li,span,text')].filter(e =>
          e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 11).length""")
        expect(small == 0, f"{name}{device}: {small} texts below 11 pixels")
        crossed = browser.run(CROSSED)
        expect(not crossed, f"{name}{device}: names or figures of bars on top of each other: {crossed}")
        if device == "phone":
            browser.shot(folder / f"{name}phone.png")
    browser.size(1280, 900)
