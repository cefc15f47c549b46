"""canaries.py TOLLBOOK LOGS FIRST COUNT: plants canaries where logs can contain user text, and searches all outputs for them.

Each seed takes a sample log of a format, plants words, numbers and keys that do not occur elsewhere (in new fields, in place of
numbers, in Python literals, between words), may put the lines into an envelope and truncate some at random places, and runs
`run` with each rendering, a quarantine and costs of requests, then a book, with or without a tenant key. A canary in any
output, in stderr or in any file is a failure. A failure is printed with its seed.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import envelopes

LIMIT_S = 300 if os.environ.get("SANITIZED") else 60

WORD = "CANARY7731"
DIGITS = "77310077310"
CANARIES = [WORD, DIGITS, "sk-" + WORD, "4111 1111 %s" % DIGITS, "my password is " + WORD, "l'été %s" % WORD, 'quote " %s' % WORD,
            "line\n%s" % WORD, "{\"a\": \"%s\"}" % WORD, "prompt_tokens: %s, text='%s'" % (WORD, WORD), "#new-token: 5 " + WORD]
# Digits may remain in the place of a count: an unquoted prompt cannot be distinguished there.
WORDS = [c for c in CANARIES if WORD in c]
KEYS = ["prompt", "messages", "text", "input_ids", "output_ids", "content", "api_key", "authorization", "log", "message", "MESSAGE",
        "body", "status", "error", "stop", "x", "data", "input", "output", "response", "user_api_key", "metadata"]
FORMATS = ["json", "table", "csv", "html", "jsonl"]
# Tenants of a log may be in the report.
NAMES = ("model", "tenant", "user", "replica", "name", "id", "pod", "host", "container", "team", "provider", "instance", "schema", "unit", "service",
         "key", "type", "tier", "cluster", "upstream", "alias", "organization", "system", "gpu", "uuid", "endpoint", "role", "engine", "job",
         "authority", "project", "namespace", "app", "path", "source", "customer", "account", "org", "email", "cwd", "tag")


# Two short cells first: no line of text has them.
TABLE_ROW = re.compile(r'"?[^ ,{[(]*,"?[^ ,]*,|[0-9/: .]{10,32}, ?(GPU-|[0-9a-f-]+,)')


def value(rnd):
    text = rnd.choice(CANARIES)
    return rnd.choice([text, text, [text, text], {"text": text}, [{"role": "user", "content": text}], [int(DIGITS), int(DIGITS)], int(DIGITS)])


def is_name(key):
    return any(n in key.lower() for n in NAMES)


def plant_json(rnd, node, key=""):
    """In any object: an additional field, or another value in place of one that is not a name."""
    if isinstance(node, dict):
        for k in list(node):
            if rnd.random() < 0.15 and not is_name(k) and not isinstance(node[k], (dict, list)):
                node[k] = rnd.choice(WORDS) if k != "value" else node[k]
            else:
                node[k] = plant_json(rnd, node[k], k)
        if rnd.random() < 0.5:
            for _ in range(rnd.randint(1, 3)):
                node.setdefault(rnd.choice(KEYS), value(rnd))
    elif isinstance(node, list) and key not in ("attributes",):
        return [plant_json(rnd, n, key) for n in node]
    return node


def plant_text(rnd, line):
    """Between two words; or a line in the form in which servers log prompts."""
    text = rnd.choice(WORDS).replace("\n", " ")
    if TABLE_ROW.match(line):
        return line + "," + text.replace(",", "") # a column more of a table: each other one may be a name
    how = rnd.randrange(5)
    if how == 0:
        return line + " prompt: " + repr(text) + ", params: SamplingParams(stop=[%r]), prompt_token_ids: [%s, 5]" % (text, DIGITS)
    words = line.split(" ")
    at = rnd.randrange(len(words) + 1)
    before = words[at - 1] if at > 0 else ""
    if before.endswith(("=", ":")) or "'" in before or '"' in before:
        at = len(words)
    if how == 1:
        words.insert(at, text)
    elif how == 2:
        words.insert(at, repr(text))
    elif how == 3:
        words.insert(at, "text=[%r, %r]" % (text, text))
    else:
        words.insert(at, "out={'text': %r, 'meta_info': {'completion_tokens': %r}}" % (text, text))
    return " ".join(words)


def plant(rnd, line):
    try:
        node = json.loads(line)
    except ValueError:
        return plant_text(rnd, line)
    return json.dumps(plant_json(rnd, node), ensure_ascii=rnd.random() < 0.5) if isinstance(node, dict) else line


def cut(rnd, line):
    if line and rnd.random() < 0.1:
        line = line[:rnd.randrange(len(line))]
    if line and rnd.random() < 0.03:
        line = line[rnd.randrange(len(line)):]
    return line


def make_log(rnd, path):
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        lines = f.read().split("\n")[:60]
    kind = "none" if rnd.random() < 0.2 else rnd.choice(envelopes.NAMES)
    text = envelopes.wrap(kind, [plant(rnd, line) if line and rnd.random() < 0.6 else line for line in lines], rnd.choice(WORDS))
    return "\n".join(cut(rnd, line) for line in text.split("\n")), kind


def holds(data):
    return next((c for c in (WORD, DIGITS) if c.encode() in data), None)


class Case:
    def __init__(self, tollbook, folder):
        self.tollbook, self.folder, self.found = tollbook, folder, []

    def run(self, *args):
        try:
            done = subprocess.run([self.tollbook, *args], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            self.found.append("%s: longer than 60 s" % args[0])
            return
        if done.returncode not in (0, 1, 3) or (done.returncode == 3 and b"no evidence" not in done.stderr and b"outside the period" not in done.stderr):
            self.found.append("%s: exit status %d: %s" % (args[0], done.returncode, done.stderr[-200:]))
        for what, data in (("stdout", done.stdout), ("stderr", done.stderr)):
            if holds(data):
                at = data.find(holds(data).encode())
                self.found.append("%s %s: %r" % (" ".join(args[:4]), what, data[max(0, at - 80):at + 40]))

    def look(self):
        for top, _, files in os.walk(self.folder):
            for name in files:
                path = os.path.join(top, name)
                with open(path, "rb") as f:
                    data = f.read()
                if name != "x.log" and holds(data):
                    at = data.find(holds(data).encode())
                    self.found.append("%s: %r" % (os.path.relpath(path, self.folder), data[max(0, at - 100):at + 40]))


def check(tollbook, logs, seed):
    rnd = random.Random(seed)
    sample = logs[seed % len(logs)]
    folder = tempfile.mkdtemp()
    try:
        text, kind = make_log(rnd, sample)
        with open(os.path.join(folder, "x.log"), "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
        case = Case(tollbook, folder)
        key = []
        if rnd.random() < 0.5:
            with open(os.path.join(folder, "key"), "w", encoding="ascii") as f:
                f.write("0123456789abcdef0123456789abcdef\n")
            os.chmod(os.path.join(folder, "key"), 0o600)
            key = ["--tenant-key-file", "key"]
        case.run("run", "--gpu-hour", "2", "-v", "--quarantine", "q", "--requests", "costs.csv", "--format", rnd.choice(FORMATS), *key, "x.log")
        if seed % 3 == 0:
            case.run("ingest", "-v", "--quarantine", "q2", "--book", "book", *key, "x.log")
            case.run("attribute", "--book", "book", "--gpu-hour", "2")
        case.look()
        return ["seed %d (%s, %s): %s" % (seed, sample, kind, f) for f in case.found]
    finally:
        shutil.rmtree(folder)


def main():
    tollbook, listed, first, count = os.path.abspath(sys.argv[1]), sys.argv[2].split(":"), int(sys.argv[3]), int(sys.argv[4])
    failures = []
    for seed in range(first, first + count):
        failures += check(tollbook, listed, seed)
        if len(failures) > 20:
            break
    print("\n".join(failures) or "ok: %d logs with canaries" % count)
    sys.exit(1 if failures else 0)


main()
