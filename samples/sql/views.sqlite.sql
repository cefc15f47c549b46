-- Views of a book for SQLite's tools: sqlite3 book/ledger.db < samples/sql/views.sqlite.sql
-- The views remain in the ledger and change nothing else; tollbook verify still passes. To read: sqlite3 -readonly book/ledger.db
BEGIN;
DROP VIEW IF EXISTS margin; DROP VIEW IF EXISTS unit_cost; DROP VIEW IF EXISTS cost_by_model; DROP VIEW IF EXISTS cost_by_tenant;
DROP VIEW IF EXISTS cost_by_day; DROP VIEW IF EXISTS cost_entry;

-- One row per day, replica, model, tenant, pool and kind: what is in force, and adjustments for closed months on the day on which they
-- are posted. cost_nano: in billionths of the currency; truncated by up to 2 a line, where statements are exact. NULL: the rate is not known.
-- gpu_ns is an exact integer up to 292 GPU-years (2^63 ns); a longer sum is a REAL with 15 digits. (SUM of integers would end with an error.)
CREATE VIEW cost_entry AS
WITH line AS (
  SELECT p.day_ns, p.replica, e.model, e.tenant, e.pool, e.kind, e.rate_nano, e.gpu_ns, e.tokens, e.requests
    FROM entry_day e JOIN posting p ON p.id = e.posting WHERE p.until_run IS NULL
  UNION ALL
  SELECT posted_ns, replica, model, tenant, pool, kind, rate_nano, gpu_ns, tokens, requests FROM adjustment
)
SELECT date(l.day_ns / 1000000000, 'unixepoch') AS day, r.text AS replica, m.text AS model, t.text AS tenant, o.text AS pool,
       CASE l.kind WHEN 0 THEN 'input' WHEN 1 THEN 'input_cached' WHEN 2 THEN 'output' WHEN 3 THEN 'other' WHEN 4 THEN 'idle' ELSE 'unobserved' END AS kind,
       SUM(l.gpu_ns / 1000000000) * 1000000000 + SUM(l.gpu_ns % 1000000000) AS gpu_ns, SUM(l.tokens) AS tokens, SUM(l.requests) AS requests,
       SUM(CASE WHEN l.rate_nano >= 0 THEN l.gpu_ns / 1000000000 * l.rate_nano / 3600 + l.gpu_ns % 1000000000 / 1000 * l.rate_nano / 3600000000 END) AS cost_nano
  FROM line l JOIN name r ON r.id = l.replica JOIN name m ON m.id = l.model JOIN name t ON t.id = l.tenant JOIN name o ON o.id = l.pool
 GROUP BY 1, 2, 3, 4, 5, 6;

-- Cost by day, model and tenant; idle, other and unobserved cost next to the cost of work.
CREATE VIEW cost_by_day AS
SELECT day, model, tenant, SUM(gpu_ns / 1000000000) * 1000000000 + SUM(gpu_ns % 1000000000) AS gpu_ns,
       SUM(CASE WHEN kind IN ('input', 'input_cached') THEN tokens ELSE 0 END) AS input_tokens,
       SUM(CASE WHEN kind = 'output' THEN tokens ELSE 0 END) AS output_tokens,
       SUM(CASE WHEN kind IN ('input', 'input_cached') THEN cost_nano ELSE 0 END) / 1e9 AS input_cost,
       SUM(CASE WHEN kind = 'output' THEN cost_nano ELSE 0 END) / 1e9 AS output_cost,
       SUM(CASE WHEN kind NOT IN ('input', 'input_cached', 'output') THEN cost_nano ELSE 0 END) / 1e9 AS shared_cost,
       SUM(cost_nano) / 1e9 AS cost
  FROM cost_entry GROUP BY 1, 2, 3;

CREATE VIEW cost_by_tenant AS
SELECT tenant, SUM(gpu_ns / 1000000000) * 1000000000 + SUM(gpu_ns - gpu_ns / 1000000000 * 1000000000) AS gpu_ns,
       SUM(input_tokens) AS input_tokens, SUM(output_tokens) AS output_tokens, SUM(cost) AS cost
  FROM cost_by_day GROUP BY 1;

CREATE VIEW cost_by_model AS
SELECT model, SUM(gpu_ns / 1000000000) * 1000000000 + SUM(gpu_ns - gpu_ns / 1000000000 * 1000000000) AS gpu_ns,
       SUM(input_tokens) AS input_tokens, SUM(output_tokens) AS output_tokens, SUM(cost) AS cost
  FROM cost_by_day GROUP BY 1;

-- Busy cost of a million tokens; NULL where there are none.
CREATE VIEW unit_cost AS
SELECT day, model, kind, SUM(tokens) AS tokens,
       SUM(cost_nano) / 1e9 * 1000000 / NULLIF(SUM(tokens), 0) AS per_million
  FROM cost_entry WHERE kind IN ('input', 'input_cached', 'output') GROUP BY 1, 2, 3;

-- Fill it with the sale price of a million tokens: INSERT INTO list_price VALUES ('llama-3.1-8b', 0.05, 0.05, 0.08);
CREATE TABLE IF NOT EXISTS list_price (model TEXT PRIMARY KEY, input REAL NOT NULL, input_cached REAL NOT NULL, output REAL NOT NULL);

-- Revenue of the tokens at these prices, less the whole cost of the model; models without a price are omitted.
CREATE VIEW margin AS
SELECT c.model, SUM(c.revenue) AS revenue, SUM(c.cost) AS cost, SUM(c.revenue) - SUM(c.cost) AS margin
  FROM (SELECT e.model, e.cost_nano / 1e9 AS cost,
               CASE e.kind WHEN 'input' THEN e.tokens * p.input WHEN 'input_cached' THEN e.tokens * p.input_cached
                           WHEN 'output' THEN e.tokens * p.output ELSE 0 END / 1000000 AS revenue
          FROM cost_entry e JOIN list_price p ON p.model = e.model) c
 GROUP BY 1;
COMMIT;
