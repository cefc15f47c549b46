"""mutated.py TOLLBOOK LOGS FIRST COUNT: samples of every format with extreme numbers and repeated lines.

Each seed puts extreme numbers in place of some of a sample log. `run` must end with 0 or 1, or report that there is no evidence;
a book with the log must be attributed, and verify must have no findings. A failure is printed with its seed.
"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

LIMIT_S = 300 if os.environ.get("SANITIZED") else 60

EXTREME = ["0", "1", "-1", "2147483648", "4294967296", "9007199254740993", "4611686018427387904", "9223372036854775807", "9223372036854775808",
           "-9223372036854775808", "1e18", "1e-9", "1e308", "NaN", "18446744073709551615", "99999999999999999999", "3600000000000", "0.0000001",
           "1786406365000000000", "1000000000000"]


def mutate(rnd, path):
    with open(path, encoding="latin-1", newline="") as f:
        lines = f.read().split("\n")
    for _ in range(rnd.choice([1, 1, 2, 3, 6])):
        i = rnd.randrange(len(lines))
        numbers = list(re.finditer(r"-?\d+(\.\d+)?", lines[i]))
        if numbers:
            m = rnd.choice(numbers)
            lines[i] = lines[i][:m.start()] + rnd.choice(EXTREME) + lines[i][m.end():]
            if rnd.random() < 0.4:
                lines.insert(i, lines[i])
    return "\n".join(lines)


def run(tollbook, folder, *args):
    try:
        done = subprocess.run([tollbook, *args], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return 124, b"longer than %d s" % LIMIT_S
    return done.returncode, done.stderr


def check(tollbook, sample, seed):
    rnd, folder, failures = random.Random(seed), tempfile.mkdtemp(), []
    try:
        with open(os.path.join(folder, "x.log"), "w", encoding="latin-1", newline="") as f:
            f.write(mutate(rnd, sample))
        status, said = run(tollbook, folder, "run", "-q", "--gpu-hour", "2", "--format", "json", "x.log")
        if status not in (0, 1) and not (status == 3 and (b"no evidence" in said or b"outside the period" in said)):
            failures.append("run: %d: %s" % (status, said[-300:]))
        status, said = run(tollbook, folder, "ingest", "-q", "--book", "book", "x.log")
        if status not in (0, 1):
            failures.append("ingest: %d: %s" % (status, said[-300:]))
        for command in ("attribute", "verify"):
            status, said = run(tollbook, folder, command, "-q", "--book", "book", "--gpu-hour", "2", *(["--all"] if command == "verify" else []))
            if status not in ((0, 1) if command == "attribute" else (0,)):
                failures.append("%s: %d: %s" % (command, status, said[-300:]))
        return failures
    finally:
        shutil.rmtree(folder)


def main():
    tollbook, logs, first, count, failures = os.path.abspath(sys.argv[1]), sys.argv[2].split(":"), int(sys.argv[3]), int(sys.argv[4]), []
    for seed in range(first, first + count):
        failures += ["seed %d (%s): %s" % (seed, logs[seed % len(logs)], f) for f in check(tollbook, logs[seed % len(logs)], seed)]
        if len(failures) > 10:
            break
    print("\n".join(failures) or "ok: %d logs with extreme numbers" % count)
    sys.exit(1 if failures else 0)


main()
