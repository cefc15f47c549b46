"""kills.py BUILD FIRST COUNT: kills every command that writes a book, at a random time, COUNT times in total.

A small book of six days is brought to the state before each command: ingest, attribute, nightly, close, export, import,
backup. The command is started, killed with SIGKILL after a random time between 0 and its usual duration, and then
run once more, undisturbed. That run ends with exit status 0 or 1, and the dump of the book it leaves (or of the copy, or of
what is imported from it) is that of an undisturbed book, byte by byte; no temporary file is left.
Kills FIRST to FIRST + COUNT - 1 are drawn by their numbers: a kill that fails is printed, and is drawn the same again.
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

LOGS = ["day-%d.jsonl" % day for day in range(6)]
ENV = dict(os.environ, TOLLBOOK_NOW="2027-02-01T00:00:00Z", LC_ALL="C", GCOV_PREFIX="/dev/null") # what coverage counts is not written: a kill would spoil it
FLEET = b'{"schema":"tollbook.fleet.v1","currency":"USD","pools":[{"name":"p","match":"*","rates":[{"from":"2026-01-01","per_gpu_hour":"2"}]}]}'
CONFIG = b'{"schema":"tollbook.config.v1","book":"book","fleet":"fleet.json","settle_hours":0,"logs":[{"path":"*.jsonl"}],' \
         b'"reports":[{"output":"r.json","format":"json"}]}'

# Name: initial state, arguments, what is dumped: a book, or an export that is imported first.
COMMANDS = {
    "ingest": ("first", ["ingest", "-q", "--book", "book"] + LOGS, "book"),
    "attribute": ("ingested", ["attribute", "-q", "--book", "book", "--fleet", "fleet.json"], "book"),
    "nightly": ("first", ["nightly", "-q", "-c", "night.conf"], "book"),
    "close": ("attributed", ["close", "-q", "--book", "book", "2026-11"], "book"),
    "export": ("attributed", ["export", "-q", "--book", "book", "copy"], "export"),
    "import": ("exported", ["import", "-q", "--book", "copy", "whole"], "copy"),
    "backup": ("attributed", ["backup", "-q", "--book", "book", "copy"], "copy"),
}


def wrong(what):
    print("FAILED: " + what, flush=True)
    sys.exit(1)


class Books:
    def __init__(self, build, folder):
        self.tollbook, self.folder = os.path.join(os.path.abspath(build), "tollbook"), folder
        for day, log in enumerate(LOGS):
            self.write(log, self.records(day))
        self.write("fleet.json", FLEET)
        self.write("night.conf", CONFIG)
        self.must(["ingest", "-q", "--book", "book", LOGS[0]])
        self.must(["attribute", "-q", "--book", "book", "--fleet", "fleet.json"])
        self.keep("first")
        self.must(COMMANDS["ingest"][1])
        self.keep("ingested")
        self.must(COMMANDS["attribute"][1])
        self.keep("attributed")
        self.must(["export", "-q", "--book", "book", "whole"])
        self.keep("exported")
        self.good, self.usual, self.settled = {}, {}, {}
        for name in COMMANDS:
            self.put_back(name)
            begun = time.monotonic()
            self.must(COMMANDS[name][1])
            self.usual[name] = time.monotonic() - begun
            self.good[name] = self.dump(name)
            self.settled[name] = set()

    def records(self, day):
        rnd, lines, at = random.Random(day), [], 1793491200 * 10**9 + day * 86400 * 10**9 # 2026-11-01
        for i in range(60):
            prefill, decode, gpu = rnd.randint(0, 900), rnd.randint(1, 20), rnd.randint(9, 40) * 10**6
            lines.append('{"schema":"tollbook.step.v1","replica":"r%d","model":"m","start_ns":%d,"gpu_ns":%d,"prefill_tokens":%d,'
                         '"prefill_requests":%d,"decode_tokens":%d,"decode_requests":%d}' % (i % 2, at + i * 10**9, gpu, prefill, prefill > 0, decode, decode))
        return ("\n".join(lines) + "\n").encode()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content)

    def run(self, arguments):
        return subprocess.run([self.tollbook] + arguments, cwd=self.folder, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)

    def must(self, arguments):
        ended = self.run(arguments)
        if ended.returncode not in (0, 1):
            wrong("%s: exit status %d: %s" % (" ".join(arguments), ended.returncode, ended.stdout[:300].decode("utf-8", "replace")))

    def clear(self, *names):
        for name in names:
            path = self.path(name)
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.path.lexists(path) and os.remove(path)

    def keep(self, state):
        os.mkdir(self.path("state-" + state))
        for name in ("book", "whole"):
            if os.path.lexists(self.path(name)):
                copy = shutil.copytree if os.path.isdir(self.path(name)) else shutil.copy
                copy(self.path(name), os.path.join(self.path("state-" + state), name))

    def put_back(self, name):
        self.clear("book", "whole", "copy", "again", "r.json")
        shutil.copytree(self.path("state-" + COMMANDS[name][0]), self.folder, dirs_exist_ok=True)

    def dump(self, name):
        book = COMMANDS[name][2]
        self.clear("again", "dump")
        if book == "export":
            self.must(["import", "-q", "--book", "again", "copy"])
            book = "again"
        self.must(["backup", "-q", "--dump", "--book", book, "dump"])
        with open(self.path("dump"), "rb") as f:
            return f.read()

    def state(self):
        """The content of the folder, except the stored states and the last holder of the lock."""
        found = []
        for top, folders, files in os.walk(self.folder):
            folders[:] = sorted(f for f in folders if not f.startswith("state-"))
            for name in sorted(files):
                if name != "lock" and not name.endswith("-shm") and name != "dump":
                    with open(os.path.join(top, name), "rb") as f:
                        found.append((os.path.join(top, name), f.read()))
        return hash(tuple(found))

    def left(self):
        """Temporary files and folders, except those in the stored states."""
        return [os.path.join(top, f) for top, folders, files in os.walk(self.folder) for f in folders + files if f.startswith(".tollbook-")]

    def kill(self, number):
        rnd = random.Random(number)
        name = sorted(COMMANDS)[number % len(COMMANDS)]
        delay = rnd.random() * self.usual[name] * 1.1
        self.put_back(name)
        program = subprocess.Popen([self.tollbook] + COMMANDS[name][1], cwd=self.folder, env=ENV, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        program.kill()
        caught = program.wait() == -9
        state = self.state()
        if state in self.settled[name]:
            return name, caught, False
        what = "kill %d: %s after %.4f s" % (number, name, delay)
        if not caught and program.returncode not in (0, 1):
            wrong("%s: exit status %d" % (what, program.returncode))
        for left in self.left():
            os.utime(left, (0, 0))
        again = self.run(COMMANDS[name][1])
        finished = any(done in again.stdout for done in (b"is closed already", b"is not empty", b"exists")) # what was killed had done its work
        if again.returncode not in (0, 1) and not finished:
            wrong("%s: run again: exit status %d: %s" % (what, again.returncode, again.stdout[:300].decode("utf-8", "replace")))
        if self.dump(name) != self.good[name]:
            wrong(what + ": the dump differs")
        if self.left():
            wrong("%s: left behind: %s" % (what, " ".join(self.left())))
        self.settled[name].add(state)
        return name, caught, True


def main():
    build, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        books = Books(build, folder)
        tally = {name: [0, 0, 0] for name in COMMANDS}
        for number in range(first, first + count):
            name, caught, new = books.kill(number)
            tally[name] = [tally[name][0] + 1, tally[name][1] + caught, tally[name][2] + new]
        for name, (tried, caught, new) in tally.items():
            print("%-9s %5d kills, %5d before its end, %5d states after which it was run again: 0 dumps differ" % (name, tried, caught, new))


main()
