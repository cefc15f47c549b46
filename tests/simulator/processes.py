"""processes.py BUILD FIRST SECONDS [COUNT]: nights of a book under faults, reproducible by seed.

The tests of simulate.c with real processes, files and kills, about one night per second; and shards.

A seed makes a small world (tests/property/generate): its records are in logs that grow from night to night, at the end of a
line or within one, are rotated, compressed, copied under another name, arrive late, and contain invalid lines. A night may be
killed at any write, sync or change of a name, with and without the power (tests/faults), have a disk that is full or fails
once or permanently, files that cannot be opened, a clock with an error of hours, a second night at the same time, or readers.

After each night: exit status 0 or 1 where nothing was disturbed, 0, 1, 3 or killed where something was, and what a reader
reads is complete. After the last one, undisturbed: verify finds nothing; the report is, to the last unit, that of a book that
read all logs in one night, and its GPU time and tokens are those of `run` over them, and of shards. A failure is printed with its seed, which reproduces it.
"""
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

KINDS = ["write", "sync", "name", "read", "open"]
HOWS = {"write": ["", ":kill", ":cut", ":on", ":EIO"], "sync": ["", ":kill", ":cut", ":on"], "name": ["", ":kill", ":cut", ":on"],
        "read": ["", ":on"], "open": ["", ":on"]}
NIGHT_S = 24 * 3600
FIRST_NIGHT = 1795316400 # 2026-11-22T03:00:00Z, after all records
JUNK = [b"\x00\xff\xfe{{{", b"not a record", b"{\"schema\":\"tollbook.step.v1\",\"gpu_ns\":-5}", b"{\"schema\":", b"[" * 200]
PARTS = ["total", "models", "tenants", "rows"]


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def figures_of(node, costs):
    """GPU time, tokens and requests; for two books also all other figures. Without list prices."""
    if isinstance(node, list):
        return [figures_of(n, costs) for n in node]
    if isinstance(node, dict):
        if costs:
            return node
        kept = ("gpu_ns", "tokens", "requests", "model", "tenant", "replica", "hour", "capacity", "prefill", "decode", "idle", "other", "unobserved",
                "input", "input_cached", "output")
        return {k: figures_of(n, costs) for k, n in node.items() if k in kept}
    return node


class World:
    def __init__(self, build, seed, folder):
        self.rnd, self.build, self.folder, self.nights, self.failures = random.Random(seed), build, folder, 0, []
        self.tollbook = os.path.join(build, "tollbook")
        subprocess.run([os.path.join(build, "tests/property/generate"), str(seed), folder], check=True)
        with open(os.path.join(folder, "records.jsonl"), "rb") as f:
            lines = f.read().splitlines(keepends=True)
        os.remove(os.path.join(folder, "records.jsonl"))
        os.mkdir(os.path.join(folder, "logs"))
        self.logs = self.spread(lines)
        for book in ("book", "once"):
            with open(os.path.join(folder, book + ".conf"), "w", encoding="ascii") as f:
                json.dump({"schema": "tollbook.config.v1", "book": book, "fleet": "fleet.json", "settle_hours": 0, "logs": [{"path": "logs/*"}],
                           "reports": [{"output": book + ".json", "format": "json", "by": "hour,replica,tenant"}]}, f)
        shutil.copy(os.path.join(build, "tests/faults/faults.so"), os.path.join(folder, "faults.so"))

    def spread(self, lines):
        """The final lines of each log: name, content, the length that is written."""
        logs, count = [], self.rnd.randint(1, 4)
        for line in lines:
            while len(logs) < count:
                logs.append({"name": "server-%d.jsonl" % len(logs), "content": [], "written": 0, "rotated": 0, "packed": False})
            where = re.search(rb'"replica":"([^"]*)"', line)
            log = logs[sum(where.group(1)) % count if where else 0]
            if self.rnd.random() < 0.02:
                log["content"].append(self.rnd.choice(JUNK) + b"\n")
            log["content"].append(line)
        for log in logs:
            log["content"] = b"".join(log["content"])
        return logs

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, log, to):
        with open(self.path("logs", log["name"]), "ab") as f:
            f.write(log["content"][log["written"]:to])
        log["written"] = to

    def day_of_logs(self, last):
        """Changes the logs before a night."""
        for log in self.logs:
            content, at = log["content"], log["written"]
            if log["packed"] or (not last and self.rnd.random() < 0.2):
                continue
            to = len(content) if last else self.rnd.randint(at, len(content))
            if self.rnd.random() < 0.8 and to < len(content):
                to = content.rfind(b"\n", 0, to) + 1
            if to > at:
                self.write(log, to)
            elif not os.path.exists(self.path("logs", log["name"])):
                continue
            whole = content[:log["written"]].endswith(b"\n")
            if whole and not last and self.rnd.random() < 0.2:
                log["rotated"] += 1
                os.rename(self.path("logs", log["name"]), self.path("logs", "%s.%d" % (log["name"], log["rotated"])))
            elif log["written"] == len(content) and self.rnd.random() < 0.3:
                plain = self.path("logs", log["name"])
                with open(plain, "rb") as f, gzip.open(plain + ".gz", "wb") as out:
                    out.write(f.read())
                os.remove(plain)
                log["packed"] = True
            if self.rnd.random() < 0.1 and os.path.exists(self.path("logs", log["name"])):
                shutil.copy(self.path("logs", log["name"]), self.path("logs", "copy-%d-%s" % (self.nights, log["name"])))

    def start(self, args, **env):
        base = dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8", GCOV_PREFIX="/dev/null", ASAN_OPTIONS="exitcode=99:verify_asan_link_order=0", UBSAN_OPTIONS="exitcode=99", **env)
        return subprocess.Popen([self.tollbook, *args], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=base)

    def end(self, process, what, allowed):
        try:
            said = process.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.failures.append("%s: longer than 60 s" % what)
            return b""
        if process.returncode not in allowed:
            self.failures.append("%s: exit status %d: %s" % (what, process.returncode, said[-300:]))
        if process.returncode == 3 and b"tollbook" not in said:
            self.failures.append("%s: exit status 3 without a message" % what)
        return said

    def night(self, last):
        self.nights += 1
        now = FIRST_NIGHT + self.nights * NIGHT_S
        env, allowed, what, fault = {}, (0, 1), "night %d" % self.nights, None
        if not last:
            now += self.rnd.choice([0, 0, 0, -7200, 7200, 36000])
            if self.rnd.random() < 0.6:
                kind = self.rnd.choice(KINDS)
                fault = "%s:%d%s" % (kind, int(2 ** (self.rnd.random() * 9)), self.rnd.choice(HOWS[kind]))
                if fault.endswith(":cut") and not os.path.isdir(self.path("book")):
                    fault = fault[:-4] + ":kill" # there is nothing yet that could be cut
                env = {"LD_PRELOAD": self.path("faults.so"), "TOLLBOOK_FAULT": fault}
                if fault.endswith(":cut"):
                    env["TOLLBOOK_DURABLE"] = "book"
                allowed, what = (0, 1, 3, -9), what + " (" + fault + ")"
        nights = [self.start(["nightly", "-c", "book.conf"], TOLLBOOK_NOW=stamp(now), **env)]
        if not last and self.rnd.random() < 0.15:
            nights.append(self.start(["nightly", "-c", "book.conf"], TOLLBOOK_NOW=stamp(now)))
            allowed = allowed + (3,)
        readers = []
        if self.nights > 1 and self.rnd.random() < 0.2 and os.path.exists(self.path("book/ledger.db")):
            readers.append(self.start(["report", "-q", "--book", "book", "--format", "json"], TOLLBOOK_NOW=stamp(now)))
        for process in nights:
            self.end(process, what, allowed)
        for process in readers:
            self.end(process, what + ", a reader", (0, 1, 2, 3))
        if fault and fault.endswith(":cut") and nights[0].returncode == -9 and os.path.isdir(self.path("book.cut")):
            shutil.rmtree(self.path("book"), ignore_errors=True)
            os.rename(self.path("book.cut"), self.path("book"))
        shutil.rmtree(self.path("book.cut"), ignore_errors=True)
        shutil.rmtree(self.path("book.synced"), ignore_errors=True)

    def figures(self, name, costs):
        try:
            with open(self.path(name), encoding="utf-8") as f:
                statement = json.load(f)
        except (OSError, ValueError) as e:
            self.failures.append("%s: %s" % (name, e))
            return None
        return {part: json.dumps(figures_of(statement.get(part), costs), sort_keys=True) for part in PARTS}

    def compare(self, name, what, costs):
        a, b = self.figures("book.json", costs), self.figures(name, costs)
        # Nanoseconds of tenants are rounded by day in a book, and over all days in a run.
        for part in (PARTS if costs else PARTS[:2]) if a and b else []:
            if a[part] != b[part]:
                at = next((i for i, (x, y) in enumerate(zip(a[part], b[part])) if x != y), 0)
                self.failures.append("another %s than %s: %s instead of %s" % (part, what, a[part][max(0, at - 60):at + 60], b[part][max(0, at - 60):at + 60]))
                break

    def shards(self, tasks):
        self.end(self.start(["shard", "plan", "--fleet", "fleet.json", "--tasks", str(tasks), "-o", "plan", "logs"]), "shard plan", (0, 1))
        for step in ("map", "fit", "attribute"):
            for task in range(tasks):
                self.end(self.start(["shard", step, "plan", "--task", str(task)]), "shard " + step, (0, 1))
        self.end(self.start(["shard", "report", "-q", "plan", "--by", "hour,replica,tenant", "--format", "json", "-o", "shards.json"]), "shard report", (0, 1))

    def play(self):
        for k in range(self.rnd.randint(1, 6)):
            self.day_of_logs(False)
            self.night(False)
            if self.failures:
                return
        self.day_of_logs(True)
        self.night(True)
        now = {"TOLLBOOK_NOW": stamp(FIRST_NIGHT + (self.nights + 1) * NIGHT_S)}
        self.end(self.start(["verify", "--book", "book", "--fleet", "fleet.json", "--all"], **now), "verify", (0,))
        self.end(self.start(["nightly", "-c", "once.conf"], **now), "one night", (0, 1))
        self.compare("once.json", "a book of one night", True)
        self.end(self.start(["run", "-q", "--fleet", "fleet.json", "--by", "hour,replica,tenant", "--format", "json", "-o", "run.json", "logs"], **now), "run", (0, 1))
        self.compare("run.json", "run", False)
        # Shards do not search for one server under two names.
        if self.failures:
            return
        with open(self.path("run.json"), encoding="utf-8") as f:
            twice = any(n["kind"] in ("counted-twice", "clock") for n in json.load(f)["findings"])
        if self.rnd.random() < 0.3 and not twice:
            self.shards(self.rnd.randint(1, 3))
            self.compare("shards.json", "shards", False)


def main():
    build, seed, until = os.path.abspath(sys.argv[1]), int(sys.argv[2]), time.time() + float(sys.argv[3])
    count, nights, failures, seeds = int(sys.argv[4]) if len(sys.argv) > 4 else sys.maxsize, 0, [], 0
    while time.time() < until and seeds < count and len(failures) < 5:
        folder = tempfile.mkdtemp()
        world = World(build, seed, folder)
        world.play()
        failures += ["seed %d: %s" % (seed, f) for f in world.failures]
        nights += world.nights
        if world.failures and os.environ.get("KEEP"):
            print("seed %d: %s" % (seed, folder))
        else:
            shutil.rmtree(folder)
        seed, seeds = seed + 1, seeds + 1
    print("\n".join(failures) or "ok: %d nights of %d books" % (nights, seeds))
    sys.exit(1 if failures else 0)


main()
