-- Roles of a ledger in PostgreSQL: run once, by the owner of the database, after the ledger was created
-- (tollbook shard attribute … --book creates it). Grant one of the two to each login:
--
--   CREATE ROLE night LOGIN; GRANT tollbook_writer TO night;
--
-- A writer adds rows, and ends those it replaces; it never deletes entries, and cannot change table definitions.
-- A reader can read all rows and change none.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tollbook_reader') THEN
    CREATE ROLE tollbook_reader NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tollbook_writer') THEN
    CREATE ROLE tollbook_writer NOLOGIN IN ROLE tollbook_reader;
  END IF;
END
$$;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO tollbook_reader;
GRANT INSERT ON ALL TABLES IN SCHEMA public TO tollbook_writer;
GRANT UPDATE ON run, source, file, segment, day, fit, posting, period TO tollbook_writer;
GRANT DELETE ON dirty, segment TO tollbook_writer;
-- Tables that a later version of tollbook adds, made by the same owner.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO tollbook_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO tollbook_writer;
REVOKE INSERT ON ledger_version FROM tollbook_writer;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
