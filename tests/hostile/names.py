"""names.py TOLLBOOK: names that whoever sends requests or writes logs chooses, in every rendering.

Each name is a tenant, a model and a server. The figures are those of harmless names; no output has characters that control a terminal or
hide text, markup of Markdown or HTML, a formula of a spreadsheet or a line of its own. JSON and CSV of programs keep letters as they are.
Then the time that many names take: a rendering's grows with their number, not with its square.
"""
import csv
import io
import json
import os
import re
import resource
import subprocess
import sys
import tempfile

BASE_S = 1793418310
LIMIT_S = 300 if os.environ.get("SANITIZED") else 60
NAMES = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1", "\x1b[31mred\x1b]0;title\x07\x1b[2J", "\u009b31mx", "\u202eevil\u202c", "a\u200bb",
         "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "![i](http://e/x)", "a|b\n# h\n|c|", "`a` *b* _c_ # d", "\\input{/etc/passwd}$x$%",
         "a\"} 1\nevil_metric{x=\"", "x\r\nBcc: evil@x\r\n\r\nbody", "a\"\n2026-10-31 * \"evil\"\n  Assets:X  1 USD", "\x7f\x08\x08\x08", "a\x00b", "n" * 100000, "   ",
         "../../../etc/passwd", "\ud800x", "\uffff\ufffe", "\U000e0041\U000e0042", "%s%n%x %1$n", "# heading", "<a href=//e>", "\ufeff", "\u2028x\u2029"]
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
FOR_PEOPLE = ("table", "html", "markdown", "prometheus", "journal", "beancount")
failures = []


def log(name, count=8, each=lambda n, i: n):
    def line(**keys):
        return json.dumps(keys)

    steps = [line(schema="tollbook.step.v1", replica=name, model=each(name, i), step=i, start_ns=BASE_S * 10**9 + i * 10**8, gpu_ns=5 * 10**7, prefill_requests=1, prefill_tokens=40,
                  prefill_kv_tokens=0, prefill_token_kv=800, decode_requests=1, decode_kv_tokens=45, duration_kind="gpu_events") for i in range(30)]
    requests = [line(schema="tollbook.request.v1", id="r%d" % i, tenant=each(name, i), model=each(name, i), replica=name, arrival_ns=(BASE_S + i % 60) * 10**9,
                     finish_ns=(BASE_S + i % 60 + 4) * 10**9, prompt_tokens=40, completion_tokens=7) for i in range(count)]
    return "\n".join(steps + requests) + "\n"


def run(tollbook, text, form, *more, logs="x.log"):
    with open("x.log", "w", encoding="ascii") as f:
        f.write(text)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([tollbook, "run", "--gpu-hour", "2", "--format", form, *more, logs], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=LIMIT_S, check=False)
    if done.returncode > 1:
        failures.append("%s: exit status %d: %r" % (form, done.returncode, done.stderr[-200:]))
    return done, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def look(name, form, text):
    """What the output must not hold."""
    found = CONTROL.search(text.replace("\r\n", "\n"))
    if form in FOR_PEOPLE + ("stderr",) and found:
        failures.append("%s of %r: control character: %r" % (form, name[:40], text[max(0, found.start() - 30):found.end() + 20]))
    if form in ("csv", "focus"):
        for cell in (c for row in csv.reader(io.StringIO(text)) for c in row):
            if cell[:1] in tuple("=+@\t\r-") and not re.fullmatch(r"-?[0-9.]+", cell):
                failures.append("%s of %r: a formula: %r" % (form, name[:40], cell[:60]))
    lines = text.split("\n")
    signs = {"markdown": r"(?<!\\)(?:\\\\)*[]`<[]|(?<![*\\])\*(?!\*)[^ *]", "html": r"<script>alert|<img|<a href=//"}
    if form in signs:
        for line in lines:
            if re.search(signs[form], line):
                failures.append("%s of %r: markup: %r" % (form, name[:40], line[:120]))
    if any(re.match(r"evil_metric|2026-10-31 \* \"evil|Bcc:", line) or form == "markdown" and line == "# h" for line in lines):
        failures.append("%s of %r: a line of its own" % (form, name[:40]))


def figures(done):
    total = json.loads(done.stdout)["total"] if done.returncode < 2 else None
    return total and [total["requests"], total["tokens"], total["gpu_ns"], total["cost"]]


def main():
    tollbook = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        right = figures(run(tollbook, log("harmless"), "json")[0])
        for name in NAMES:
            for form in FOR_PEOPLE + ("json", "csv", "focus"):
                done, _ = run(tollbook, log(name), form, "--by", "tenant,model,replica")
                look(name, form, done.stdout.decode("utf-8"))
                look(name, "stderr", done.stderr.decode("utf-8"))
                if form == "json" and figures(done) != right:
                    failures.append("%r: %s instead of %s" % (name[:40], figures(done), right))
        for name in NAMES:
            raw = name.encode("utf-8", "surrogateescape" if "\ud800" not in name else "surrogatepass")[:200].replace(b"/", b"-").replace(b"\x00", b"-")
            os.mkdir("logs")
            for copy in (raw, raw + b"2"): # the second is left out as a copy; the third has no record
                with open(os.path.join(b"logs", copy), "w", encoding="ascii") as f:
                    f.write(log("s"))
            with open(os.path.join(b"logs", raw + b"3"), "w", encoding="ascii") as f:
                f.write("not a line")
            for form in FOR_PEOPLE + ("csv",):
                done, _ = run(tollbook, "", form, logs="logs")
                look(name, form, done.stdout.decode("utf-8"))
                look(name, "stderr", done.stderr.decode("utf-8"))
            subprocess.run(["rm", "-r", "logs"], check=True)
        for form in ("table", "html", "markdown", "csv"):
            few, many = (run(tollbook, log("n", count, lambda n, i: "%s%d" % (n, i)), form, "--by", "tenant,model")[1] for count in (4000, 24000))
            if many > 14 * max(few, 0.1):
                failures.append("%s: %.2f s for 4,000 names, %.2f s for 24,000" % (form, few, many))
    print("\n".join(failures) or "ok: %d names" % len(NAMES))
    sys.exit(1 if failures else 0)


main()
