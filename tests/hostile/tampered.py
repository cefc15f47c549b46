"""tampered.py TOLLBOOK SAMPLES FIRST COUNT: random changes of a closed book, each of which `verify --all` must find.

Each seed changes, deletes, adds or exchanges rows of one table, or damages bytes and pages of the ledger or of a file of records.
A change that verify does not find is a failure, unless it changes no value, or a value that is not promised (NOT_PROMISED, and in
docs/limits.md). At the end: changes by table, found and not promised. A failure is printed with its seed.
"""
import collections
import gzip
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

LIMIT_S = 120 if os.environ.get("SANITIZED") else 15
OPTIONS = ["--book", "book", "--fleet", "fleet.json", "--prices", "prices.json"]
# Tables of which verify checks what other tables and the records say of them: docs/limits.md.
NOT_PROMISED = {"source", "file", "day", "dirty", "answered", "fit"}


def run(tollbook, folder, *args):
    try:
        done = subprocess.run([tollbook, *args], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return 124, "longer than %d s" % LIMIT_S
    return done.returncode, done.stdout.decode("utf-8", "replace")


def build(tollbook, samples, folder):
    """A closed month with an adjustment, an open one with former entries; rejected lines, a damaged file, a gateway, a replaced log, power."""
    def write(name, lines):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write("".join(lines))

    def take(*files):
        for args in (["ingest", "-q", "--book", "book", *files], ["attribute", "-q", *OPTIONS]):
            status, said = run(tollbook, folder, *args)
            assert status in (0, 1), (args, status, said)

    for name in ("fleet.json", "prices.json"):
        shutil.copy(os.path.join(samples, name), folder)
    with gzip.open(os.path.join(samples, "serving/steps.jsonl.gz"), "rt") as f:
        steps = f.readlines()
    with gzip.open(os.path.join(samples, "serving/requests.jsonl.gz"), "rt") as f:
        requests = f.readlines()
    power = ['{"schema":"tollbook.power.v1","replica":"rtx-tiny-01","gpu":"GPU-%d","at_ns":%d,"watts":300}\n' % (i % 2, json.loads(steps[0])["start_ns"] + i * 10**9) for i in range(20)]
    write("steps.jsonl", steps)
    write("first.jsonl", requests[::7] + ["not a record\n", '{"schema":"tollbook.step.v1"}\n'] + power)
    with open(os.path.join(folder, "cut.jsonl.gz"), "wb") as f:
        f.write(gzip.compress("".join(requests[1::7]).encode())[:-300])
    take("steps.jsonl", "first.jsonl", "cut.jsonl.gz")
    assert run(tollbook, folder, "close", "-q", "--book", "book", "2026-08")[0] in (0, 1)
    write("late.jsonl", requests[2::7])
    take("late.jsonl")
    september = [line.replace('"start_ns":1786', '"start_ns":1790') for line in steps[:300]]
    write("september.jsonl", september[:200])
    take("september.jsonl")
    write("september.jsonl", september[:250])
    write("rest.jsonl", september[250:])
    take("september.jsonl", "rest.jsonl")


def other_value(rnd, db, table, column, value):
    how = rnd.randrange(5)
    if how == 0:
        row = db.execute("SELECT %s FROM %s WHERE %s IS NOT ? ORDER BY random() LIMIT 1" % (column, table, column), (value,)).fetchone()
        if row:
            return row[0]
    if how == 1:
        return None
    if isinstance(value, int):
        return value + rnd.choice([1, -1, 1000, 3600 * 10**9, -value - 1, 2**62])
    if isinstance(value, bytes) and value:
        at = rnd.randrange(len(value))
        return value[:at] + bytes([value[at] ^ (1 << rnd.randrange(8))]) + value[at + 1:]
    if isinstance(value, str) and value:
        at = rnd.randrange(len(value))
        return value[:at] + rnd.choice("0123456789abcdef/x") + value[at + 1:]
    return rnd.choice([1, "x", 10**15])


def content(db, table):
    return sorted(map(repr, db.execute("SELECT * FROM %s" % table)))


def change_row(rnd, db, table, columns):
    """Returns what was changed. A row is found by all its values: some tables have no rowid."""
    rows = db.execute("SELECT * FROM %s ORDER BY %s" % (table, ",".join(columns))).fetchall()
    where = " AND ".join("%s IS ?" % c for c in columns)
    row, how, at = rnd.choice(rows), rnd.randrange(6), rnd.randrange(len(columns))
    if how < 3:
        db.execute("UPDATE %s SET %s = ? WHERE %s" % (table, columns[at], where), (other_value(rnd, db, table, columns[at], row[at]), *row))
        return "UPDATE", columns[at]
    if how == 3:
        db.execute("DELETE FROM %s WHERE %s" % (table, where), row)
        return "DELETE", "*"
    if how == 4:
        values = list(row)
        values[at] = other_value(rnd, db, table, columns[at], values[at])
        db.execute("INSERT INTO %s VALUES (%s)" % (table, ",".join("?" * len(columns))), values)
        return "INSERT", columns[at]
    other = rnd.choice(rows)
    for a, b in ((row, other), (other, row)):
        db.execute("UPDATE %s SET %s = ? WHERE %s" % (table, columns[at], where), (b[at], *a))
    return "EXCHANGE", columns[at]


def tamper_row(rnd, folder):
    db = sqlite3.connect(os.path.join(folder, "book/ledger.db"), isolation_level=None)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("PRAGMA ignore_check_constraints = ON")
    tables = [t for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
    table = rnd.choice([t for t in tables if db.execute("SELECT count(*) FROM %s" % t).fetchone()[0] > 0])
    columns = [c[1] for c in db.execute("PRAGMA table_info(%s)" % table)]
    before = content(db, table)
    try:
        done = change_row(rnd, db, table, columns)
    except (sqlite3.IntegrityError, sqlite3.OperationalError, OverflowError):
        done = None
    if content(db, table) == before:
        done = None
    db.close()
    return done and (table, *done)


def tables_of(path):
    """Rows by table, as far as they can be read."""
    out = {}
    try:
        db = sqlite3.connect(path)
        db.text_factory = bytes
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            out[table.decode("latin-1")] = content(db, table.decode("latin-1"))
        db.close()
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        out["unreadable"] = []
    return out


def tamper_bytes(rnd, folder):
    files = [os.path.join(top, name) for top, _, names in os.walk(os.path.join(folder, "book")) for name in sorted(names) if name != "lock"]
    path = rnd.choice([os.path.join(folder, "book/ledger.db")] + sorted(files))
    with open(path, "rb") as f:
        data = bytearray(f.read())
    good = tables_of(path) if path.endswith(".db") else None
    how = rnd.choice(["bits", "zeroed page", "pages exchanged", "shorter", "noise"])
    page = 4096 * rnd.randrange((len(data) + 4095) // 4096)
    if how == "bits":
        for _ in range(rnd.choice([1, 1, 5])):
            data[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)
    elif how == "zeroed page":
        data[page:page + 4096] = bytes(len(data[page:page + 4096]))
    elif how == "pages exchanged":
        other = 4096 * rnd.randrange((len(data) + 4095) // 4096)
        size = min(len(data) - page, len(data) - other, 4096)
        data[page:page + size], data[other:other + size] = data[other:other + size], data[page:page + size]
    elif how == "shorter":
        del data[rnd.randrange(len(data)):]
    else:
        at = rnd.randrange(len(data))
        size = min(rnd.randrange(1, 64), len(data) - at)
        data[at:at + size] = bytes(rnd.randrange(256) for _ in range(size))
    with open(path, "rb") as f:
        if f.read() == data:
            return None
    with open(path, "wb") as f:
        f.write(data)
    if not good:
        return "records", how, "*"
    bad = tables_of(path)
    differing = {t for t in set(good) | set(bad) if good.get(t) != bad.get(t)}
    if not differing:
        return None # free bytes of a page, an index
    return differing.pop() if len(differing) == 1 else "ledger.db", how, " ".join(sorted(differing))


def documents(book):
    """The texts of the documents: some bits of their compressed form mean nothing."""
    db = sqlite3.connect(os.path.join(book, "ledger.db"))
    rows = db.execute("SELECT sha256, bytes FROM document ORDER BY sha256").fetchall()
    db.close()
    return [(name, subprocess.run(["zstd", "-dcq"], input=packed, stdout=subprocess.PIPE, check=False).stdout) for name, packed in rows]


def main():
    tollbook, samples, first, count = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    found, allowed, failures, unchanged = collections.Counter(), collections.Counter(), [], 0
    with tempfile.TemporaryDirectory() as folder:
        build(tollbook, samples, folder)
        shutil.copytree(os.path.join(folder, "book"), os.path.join(folder, "good"))
        status, said = run(tollbook, folder, "verify", *OPTIONS, "--all")
        if status != 0:
            failures.append("a good book: exit status %d: %s" % (status, said))
        for seed in range(first, first + count):
            rnd = random.Random(seed)
            done = tamper_row(rnd, folder) if rnd.random() < 0.75 else tamper_bytes(rnd, folder)
            if done:
                status, said = run(tollbook, folder, "verify", *OPTIONS, "--all")
                if status not in (0, 1, 2, 3):
                    failures.append("seed %d: %s: exit status %d: %s" % (seed, done, status, said[-300:]))
                elif status != 0:
                    found[done[0]] += 1
                elif done[0] in NOT_PROMISED:
                    allowed[done[0]] += 1
                elif done[0] == "document" and documents(os.path.join(folder, "book")) == documents(os.path.join(folder, "good")):
                    unchanged += 1
                else:
                    failures.append("seed %d: %s: not found" % (seed, " ".join(done)))
            else:
                unchanged += 1
            shutil.rmtree(os.path.join(folder, "book"))
            shutil.copytree(os.path.join(folder, "good"), os.path.join(folder, "book"))
    def listed(counts):
        return "%d (%s)" % (sum(counts.values()), ", ".join("%s %d" % pair for pair in sorted(counts.items())))

    print("\n".join(failures) or "ok: changes of a book found: %s; not promised: %s; without effect: %d" % (listed(found), listed(allowed), unchanged))
    sys.exit(1 if failures else 0)


main()
