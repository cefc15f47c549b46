-- The ledger of a book: book/ledger.db. SQLite, STRICT tables, WAL, foreign keys on.
--
-- Instants are integer nanoseconds since 1970 (UTC) and end in _ns; days are midnights UTC in
-- the same unit. GPU time is wall time times GPUs, in nanoseconds. Money is in nano-units of
-- the currency. Hashes are SHA-256 in lower-case hex. PRAGMA application_id is 1953459052
-- ("tokl") and PRAGMA user_version the version of this schema; see open_it in ledger/drivers/sqlite.c.

-- Replicas, models, tenants, pools by number.
CREATE TABLE name (
  id INTEGER PRIMARY KEY,       -- 0 is the empty name
  text TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO name (id, text) VALUES (0, '');

-- Input files of runs: fleet, prices, configuration, fits; stored so that runs can be repeated.
CREATE TABLE document (
  sha256 TEXT PRIMARY KEY,      -- of the bytes
  bytes BLOB NOT NULL           -- as they were, zstd
) STRICT, WITHOUT ROWID;

-- One committed unit of work. Rows of the ledger name the run that wrote them.
CREATE TABLE run (
  id INTEGER PRIMARY KEY,       -- 1, 2, ... in the order of commits
  command TEXT NOT NULL,        -- "nightly", "ingest", "attribute", "close", "reopen"
  version TEXT NOT NULL,        -- of tollbook
  rule TEXT NOT NULL,           -- of attribution; '' where none took place
  currency TEXT NOT NULL,       -- of the fleet; ''
  basis TEXT NOT NULL,          -- hash of all that entries depend on but the records; ''
  started_ns INTEGER NOT NULL,  -- by the clock of the machine
  finished_ns INTEGER NOT NULL,
  files INTEGER NOT NULL,       -- logs that it read from
  lines INTEGER NOT NULL,       -- of them
  records INTEGER NOT NULL,     -- new ones
  rejected INTEGER NOT NULL,    -- lines refused
  duplicates INTEGER NOT NULL,  -- how many more records repeat others (fewer: negative)
  restated INTEGER NOT NULL,    -- replica-days whose entries changed
  first_ns INTEGER,             -- the period of all steps, requests and windows in the book, after it;
  last_ns INTEGER,              -- NULL: of nothing, or it is not known
  steps INTEGER,                -- new records by kind; NULL: not known
  requests INTEGER,
  windows INTEGER,
  powers INTEGER
) STRICT;

-- The chain of runs: each seal is a hash of the rows that its run wrote or ended and of the previous seal, see ledger/chain.c.
CREATE TABLE chain (
  run INTEGER PRIMARY KEY REFERENCES run,
  seal TEXT NOT NULL            -- SHA-256
) STRICT;

CREATE TABLE run_document (
  run INTEGER NOT NULL REFERENCES run,
  kind TEXT NOT NULL,           -- "fleet", "prices", "list" (one of --list each); "tenants": what is kept of the key of their aliases
  seq INTEGER NOT NULL,         -- from 0, in the order of the command line
  path TEXT NOT NULL,           -- where it stood
  sha256 TEXT NOT NULL REFERENCES document,
  PRIMARY KEY (run, kind, seq)
) STRICT, WITHOUT ROWID;

-- A log by its content: the same bytes under another name, compressed, truncated or grown are one source.
CREATE TABLE source (
  id INTEGER PRIMARY KEY,       -- records name it
  path TEXT NOT NULL,           -- under which it was first seen
  format TEXT NOT NULL,         -- of the log
  head_bytes INTEGER NOT NULL,  -- length of the head, at most 1024
  head TEXT NOT NULL,           -- hash of its first head_bytes unpacked bytes
  bytes INTEGER NOT NULL,       -- unpacked bytes taken in, whole lines
  content TEXT NOT NULL,        -- hash of these
  marks BLOB NOT NULL,          -- hashes on the way, see core/print.h
  lines INTEGER NOT NULL,       -- taken in
  records INTEGER NOT NULL,     -- that these lines gave
  at_end INTEGER NOT NULL,      -- of them, records given only because the log ended there
  first_run INTEGER NOT NULL REFERENCES run,
  last_run INTEGER NOT NULL REFERENCES run,
  named TEXT NOT NULL DEFAULT '', -- the server's name that its path gave to records; '': none, they name it themselves
  by_rule INTEGER NOT NULL DEFAULT 0, -- 1: a rule of the fleet file's "names" gave it
  zone TEXT NOT NULL DEFAULT '' -- of its timestamps without one, '?' where UTC was assumed; 'A, B' if it changed; '': none
) STRICT;
CREATE INDEX source_head ON source (head, head_bytes);
-- Logs that gave no record: another version may read them.
CREATE INDEX source_unread ON source (last_run) WHERE records = 0 AND lines > 0;

-- Data of a source before it grew, which statements of former runs print.
CREATE TABLE source_was (
  source INTEGER NOT NULL REFERENCES source,
  until_run INTEGER NOT NULL REFERENCES run, -- that went on with it
  format TEXT NOT NULL,         -- and the rest as in source
  bytes INTEGER NOT NULL,
  content TEXT NOT NULL,
  lines INTEGER NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (source, until_run)
) STRICT, WITHOUT ROWID;

-- A file on disk when it was read: if none of these values has changed, it is not read again.
CREATE TABLE file (
  device INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  size INTEGER NOT NULL,        -- stored bytes
  mtime_ns INTEGER NOT NULL,
  path TEXT NOT NULL,           -- last seen under
  sha256 TEXT NOT NULL,         -- of the stored bytes
  source INTEGER REFERENCES source, -- NULL: nothing in it was of use
  run INTEGER NOT NULL REFERENCES run,
  PRIMARY KEY (device, inode)
) STRICT, WITHOUT ROWID;

-- Problems of logs.
CREATE TABLE reject (
  run INTEGER NOT NULL REFERENCES run,
  reason TEXT NOT NULL,
  lines INTEGER NOT NULL,
  first TEXT NOT NULL,          -- FILE:LINE of the first one
  PRIMARY KEY (run, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE damage (
  run INTEGER NOT NULL REFERENCES run,
  file TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,          -- offset in the stored bytes
  PRIMARY KEY (run, file, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE warning (
  run INTEGER NOT NULL REFERENCES run,
  sentence TEXT NOT NULL,
  PRIMARY KEY (run, sentence)
) STRICT, WITHOUT ROWID;
-- What logs state about GPUs, and the lines that begin a day's notices: a night reads these alone (ledger/queries.c).
CREATE INDEX warning_stated ON warning (run, sentence)
  WHERE length(sentence) < 40 OR substr(sentence, 1, 80) LIKE '%"kind":"gpus"%';

-- The records of a replica-day: book/records/DAY/REPLICA.RUN.seg, see schemas/segment.md.
CREATE TABLE segment (
  day_ns INTEGER NOT NULL,
  replica INTEGER NOT NULL REFERENCES name,
  hash TEXT NOT NULL,           -- of the unpacked content
  bytes INTEGER NOT NULL,       -- of the file
  steps INTEGER NOT NULL,       -- records by kind
  requests INTEGER NOT NULL,
  windows INTEGER NOT NULL,
  powers INTEGER NOT NULL,
  first_ns INTEGER NOT NULL,    -- of all instants that its records report
  last_ns INTEGER NOT NULL,
  span_first_ns INTEGER NOT NULL, -- of its steps; without them of its requests and windows; without these of gateways' requests
  span_last_ns INTEGER NOT NULL,  -- less than span_first_ns: of none
  model INTEGER NOT NULL REFERENCES name, -- of the first record of the best kind that names one
  run INTEGER NOT NULL REFERENCES run, -- that wrote it
  gone_run INTEGER REFERENCES run, -- that removed its file, as the configuration's retention says; NULL: it is there
  gateways INTEGER NOT NULL,    -- of its requests, those that gateways report; -1: not counted by a former version
  first_step INTEGER,           -- number of its first step in time; NULL: the log has none, or a former version did not keep it
  last_step INTEGER,            -- of its last one
  PRIMARY KEY (day_ns, replica)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_gone ON segment (gone_run) WHERE gone_run IS NOT NULL;

-- Input and findings of a task of `tollbook shard`: a ledger that tasks fill has these in place of sources and segments.
CREATE TABLE evidence (
  plan TEXT NOT NULL,           -- hash of the plan
  task INTEGER NOT NULL,        -- -1: what only all tasks together have
  from_ns INTEGER NOT NULL,     -- first and last instant in the plan's logs
  to_ns INTEGER NOT NULL,
  notes TEXT NOT NULL REFERENCES document, -- lines of JSON, see core/quality_lines.c
  run INTEGER NOT NULL REFERENCES run,
  PRIMARY KEY (plan, task)
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_period ON evidence (to_ns, from_ns);

-- Days that must be attributed again, because of new records or a changed basis.
CREATE TABLE dirty (
  day_ns INTEGER PRIMARY KEY
) STRICT;

-- Days that have been attributed, and the basis.
CREATE TABLE day (
  day_ns INTEGER PRIMARY KEY,
  basis TEXT NOT NULL,          -- run.basis
  duplicates INTEGER NOT NULL DEFAULT 0 -- of its records, those that repeat another one
) STRICT;

-- What the records of a day, and of the days next to it, decide about two names of servers (attribute/METHOD.md, "Which
-- server is it"). Other days use it where their own records do not decide. Replaced with the day's entries.
CREATE TABLE verdict (
  day_ns INTEGER NOT NULL,
  name INTEGER NOT NULL REFERENCES name,
  partner INTEGER NOT NULL REFERENCES name,  -- the name that it was compared with
  decision INTEGER NOT NULL,    -- 1: one server, 2: perhaps one server, 3: two servers
  named INTEGER NOT NULL REFERENCES name,    -- the name of its entries
  step_model INTEGER NOT NULL REFERENCES name, -- the model of its steps; 0: as its records name it
  shift_ns INTEGER NOT NULL,    -- subtracted from the instants of its requests
  held INTEGER NOT NULL,        -- 1: its requests are not counted
  dropped INTEGER NOT NULL,     -- 1: none of its records is counted
  PRIMARY KEY (day_ns, name, partner)
) STRICT, WITHOUT ROWID;

-- Who answered requests of gateways, by model and the provider that they name, as the price lists of the day's run have
-- it. Where other price lists say otherwise, the day is attributed again. Replaced with the day's entries.
CREATE TABLE answered (
  day_ns INTEGER NOT NULL,
  model INTEGER NOT NULL REFERENCES name,
  provider INTEGER NOT NULL REFERENCES name, -- '': not logged
  vendor INTEGER NOT NULL,      -- 1: a vendor, 0: a server of the fleet
  PRIMARY KEY (day_ns, model, provider)
) STRICT, WITHOUT ROWID;

-- Requests that begin on a day: those that are, or should be, in a gateway's log and an engine's. A version of
-- a row is never changed; a later one replaces it.
CREATE TABLE joined (
  day_ns INTEGER NOT NULL,
  run INTEGER NOT NULL REFERENCES run,  -- that found it
  until_run INTEGER REFERENCES run,     -- that found something else; NULL: in force
  joined INTEGER NOT NULL,              -- records of gateways that are in an engine's log
  gateway_only INTEGER NOT NULL,        -- that are in none, and are not counted
  gateway_only_tokens INTEGER NOT NULL, -- their tokens
  engine_only INTEGER NOT NULL,         -- requests of engines without a tenant
  differing INTEGER NOT NULL,           -- joined, and the token counts are not the same
  gateway_only_first TEXT NOT NULL,     -- FILE:LINE of the first; ''
  engine_only_first TEXT NOT NULL,
  differing_first TEXT NOT NULL,
  PRIMARY KEY (day_ns, run)
) STRICT, WITHOUT ROWID;

-- A version of the entries of a replica-day. Never changed; a later one replaces it.
CREATE TABLE posting (
  id INTEGER PRIMARY KEY,
  day_ns INTEGER NOT NULL,
  replica INTEGER NOT NULL REFERENCES name,
  run INTEGER NOT NULL REFERENCES run,   -- that made it
  until_run INTEGER REFERENCES run,      -- that replaced it; NULL: in force
  entries INTEGER NOT NULL,
  gpu_ns INTEGER NOT NULL,               -- sum over its entries
  hash TEXT NOT NULL                     -- of its entries as text, see ledger/entries.c
) STRICT;
CREATE INDEX posting_day ON posting (day_ns, replica);
CREATE UNIQUE INDEX posting_in_force ON posting (day_ns, replica) WHERE until_run IS NULL;

-- The entries: see core/entry.h for the meaning of each column.
CREATE TABLE entry (
  posting INTEGER NOT NULL REFERENCES posting,
  slot_ns INTEGER NOT NULL,
  model INTEGER NOT NULL REFERENCES name,
  tenant INTEGER NOT NULL REFERENCES name,
  pool INTEGER NOT NULL REFERENCES name,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 5),   -- input, input_cached, output, other, idle, unobserved
  grade INTEGER NOT NULL CHECK (grade BETWEEN 0 AND 4), -- A, B, C, D, none
  prompt_over INTEGER NOT NULL, -- class of list price, tokens
  service INTEGER NOT NULL CHECK (service BETWEEN 0 AND 4), -- standard, batch, priority, flex, other
  rate_nano INTEGER NOT NULL,   -- per GPU-hour; -1: not known
  gpu_ns INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  spread_ns INTEGER NOT NULL,
  energy_mj INTEGER NOT NULL,
  metered_ns INTEGER NOT NULL,
  PRIMARY KEY (posting, slot_ns, model, tenant, pool, kind, grade, prompt_over, service, rate_nano)
) STRICT, WITHOUT ROWID;

-- The same, summed over the slots of the day, for statements without hours.
CREATE TABLE entry_day (
  posting INTEGER NOT NULL REFERENCES posting,
  model INTEGER NOT NULL REFERENCES name,
  tenant INTEGER NOT NULL REFERENCES name,
  pool INTEGER NOT NULL REFERENCES name,
  kind INTEGER NOT NULL,
  grade INTEGER NOT NULL,
  prompt_over INTEGER NOT NULL,
  service INTEGER NOT NULL,
  rate_nano INTEGER NOT NULL,
  gpu_ns INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  spread_ns INTEGER NOT NULL,
  energy_mj INTEGER NOT NULL,
  metered_ns INTEGER NOT NULL,
  PRIMARY KEY (posting, model, tenant, pool, kind, grade, prompt_over, service, rate_nano)
) STRICT, WITHOUT ROWID;

-- The step models of the entries in force, and further data of a day (part: two tabs, 'breakdowns', a tab, the run: cost by position, under each
-- rule, by sequences that decode together): written with the entries; for a closed day those of its closed entries.
-- The part two tabs, 'sums' has the day's entries summed over replicas, where that is much fewer: they follow from the
-- entries (verify compares them), and reports without replicas read them in their place. Their first line is the last run
-- that changed the day's postings; then, for each entry, the columns of `entry` as integers, with the replica (0: any)
-- in place of the posting, and the slot since the start of the day.
CREATE TABLE fit (
  day_ns INTEGER NOT NULL,
  part TEXT NOT NULL,           -- model, GPU, GPUs per replica and role, with tabs between
  lines TEXT NOT NULL,          -- coefficients, covariance, evidence, as JSON (schemas/fit.schema.json); of sums, integers
  PRIMARY KEY (day_ns, part)
) STRICT, WITHOUT ROWID;

-- Closed periods. A reopened period keeps its row and gets a new one when it is closed again.
CREATE TABLE period (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,           -- "2026-10", "2026-10-07"
  from_ns INTEGER NOT NULL,
  to_ns INTEGER NOT NULL,
  run INTEGER NOT NULL REFERENCES run,   -- that closed it
  reopened_run INTEGER REFERENCES run,   -- that opened it again; NULL: closed
  reason TEXT NOT NULL,         -- why it was opened again
  statement TEXT NOT NULL REFERENCES document, -- its priced statement, JSON
  entries TEXT NOT NULL         -- hash over the hashes of its postings
) STRICT;

-- Later evidence for a closed period, posted in an open one: the changes to the entries of the closed period.
CREATE TABLE adjustment (
  id INTEGER PRIMARY KEY,
  period INTEGER NOT NULL REFERENCES period,
  run INTEGER NOT NULL REFERENCES run,
  posted_ns INTEGER NOT NULL,   -- the day of the open period in which it counts
  replica INTEGER NOT NULL REFERENCES name,
  slot_ns INTEGER NOT NULL,     -- and the rest of the key: as in the closed period
  model INTEGER NOT NULL REFERENCES name,
  tenant INTEGER NOT NULL REFERENCES name,
  pool INTEGER NOT NULL REFERENCES name,
  kind INTEGER NOT NULL,
  grade INTEGER NOT NULL,
  prompt_over INTEGER NOT NULL,
  service INTEGER NOT NULL,
  rate_nano INTEGER NOT NULL,
  gpu_ns INTEGER NOT NULL,      -- these are differences, and may be negative
  tokens INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  spread_ns INTEGER NOT NULL,
  energy_mj INTEGER NOT NULL,
  metered_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX adjustment_slot ON adjustment (slot_ns);
CREATE INDEX adjustment_posted ON adjustment (posted_ns);

PRAGMA application_id = 1953459052;
PRAGMA user_version = 5;
