/* migrate.c: ledgers of former versions. */
#include "ledger/drivers/driver.h"

#define KEY_AHEAD "model, tenant, pool, kind, grade, prompt_over"
#define NONE "CAST(NULL AS BIGINT)"
#define RUNS "id, command, version, rule, currency, basis, started_ns, finished_ns, files, lines, records, rejected, " \
	"duplicates, restated"
#define SEGMENTS "day_ns, replica, hash, bytes, steps, requests, windows, powers, first_ns, last_ns, span_first_ns, " \
	"span_last_ns, model, run"
#define JOINED(whole) \
	"CREATE TABLE joined (day_ns " whole " PRIMARY KEY, joined " whole " NOT NULL, gateway_only " whole " NOT NULL, " \
	"gateway_only_tokens " whole " NOT NULL, engine_only " whole " NOT NULL, differing " whole " NOT NULL, " \
	"gateway_only_first TEXT NOT NULL, engine_only_first TEXT NOT NULL, differing_first TEXT NOT NULL)"
/* Values that a former version did not have: it counted duplicates by run only, and kept all records. */
#define ADDED \
	"ALTER TABLE run ADD COLUMN first_ns INTEGER;" \
	"ALTER TABLE run ADD COLUMN last_ns INTEGER;" \
	"ALTER TABLE run ADD COLUMN steps INTEGER;" \
	"ALTER TABLE run ADD COLUMN requests INTEGER;" \
	"ALTER TABLE run ADD COLUMN windows INTEGER;" \
	"ALTER TABLE run ADD COLUMN powers INTEGER;" \
	"ALTER TABLE day ADD COLUMN duplicates INTEGER NOT NULL DEFAULT 0;" \
	"ALTER TABLE segment ADD COLUMN gone_run INTEGER REFERENCES run;" \
	"CREATE INDEX segment_gone ON segment (gone_run) WHERE gone_run IS NOT NULL;" \
	JOINED("INTEGER") " STRICT;"
#define ADDED_POSTGRES \
	"ALTER TABLE run ADD COLUMN first_ns BIGINT;" \
	"ALTER TABLE run ADD COLUMN last_ns BIGINT;" \
	"ALTER TABLE run ADD COLUMN steps BIGINT;" \
	"ALTER TABLE run ADD COLUMN requests BIGINT;" \
	"ALTER TABLE run ADD COLUMN windows BIGINT;" \
	"ALTER TABLE run ADD COLUMN powers BIGINT;" \
	"ALTER TABLE day ADD COLUMN duplicates BIGINT NOT NULL DEFAULT 0;" \
	"ALTER TABLE segment ADD COLUMN gone_run BIGINT REFERENCES run;" \
	"CREATE INDEX segment_gone ON segment (gone_run) WHERE gone_run IS NOT NULL;" \
	JOINED("BIGINT") ";"
#define AMOUNTS "gpu_ns, tokens, requests, reasoning_tokens, cache_write_tokens, spread_ns, energy_mj, metered_ns"

#define EVIDENCE(integer, end) \
	"CREATE TABLE evidence (plan TEXT NOT NULL, task " integer " NOT NULL, from_ns " integer " NOT NULL, " \
	"to_ns " integer " NOT NULL, notes TEXT NOT NULL REFERENCES document, run " integer " NOT NULL REFERENCES run, " \
	"PRIMARY KEY (plan, task)" end "CREATE INDEX evidence_period ON evidence (to_ns, from_ns);"

#define NO_STEPS NONE " AS first_step, " NONE " AS last_step"
#define NO_GATEWAYS "CREATE TEMP VIEW segment AS SELECT " SEGMENTS ", gone_run, 0 AS gateways, " NO_STEPS " FROM main.segment;" NO_CHAIN
/* No chain: marked by a run -1. No decisions about names, none about vendors, no names of sources. */
#define NO_CHAIN "CREATE TEMP VIEW chain AS SELECT -1 AS run, '' AS seal;" \
	"CREATE TEMP VIEW verdict AS SELECT 0 AS day_ns, 0 AS name, 0 AS partner, 0 AS decision, 0 AS named, 0 AS step_model, " \
	"0 AS shift_ns, 0 AS held, 0 AS dropped WHERE 1 = 0;" \
	"CREATE TEMP VIEW answered AS SELECT 0 AS day_ns, 0 AS model, 0 AS provider, 0 AS vendor WHERE 1 = 0;" \
	"CREATE TEMP VIEW source AS SELECT *, '' AS named, 0 AS by_rule, '' AS zone FROM main.source;"
#define NO_SOURCE_WAS \
	"CREATE TEMP VIEW source_was AS SELECT 0 AS source, 0 AS until_run, '' AS format, 0 AS bytes, '' AS content, 0 AS lines, " \
	"0 AS records WHERE 1 = 0;"

/*
 * 1 to 2: entries distinguished batch traffic from the rest; now they have one of five classes of service, of which
 * these are the first two. The column's check can only be changed by recreating its table. What tasks of `tollbook
 * shard` read and found is new.
 */
static const struct migration from_1 = {
	.sqlite =
		"ALTER TABLE entry_day RENAME COLUMN batch TO service;"
		"ALTER TABLE adjustment RENAME COLUMN batch TO service;"
		"ALTER TABLE entry RENAME TO entry_1;"
		"CREATE TABLE entry ("
		"  posting INTEGER NOT NULL REFERENCES posting,"
		"  slot_ns INTEGER NOT NULL,"
		"  model INTEGER NOT NULL REFERENCES name,"
		"  tenant INTEGER NOT NULL REFERENCES name,"
		"  pool INTEGER NOT NULL REFERENCES name,"
		"  kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 5),"
		"  grade INTEGER NOT NULL CHECK (grade BETWEEN 0 AND 4),"
		"  prompt_over INTEGER NOT NULL,"
		"  service INTEGER NOT NULL CHECK (service BETWEEN 0 AND 4),"
		"  rate_nano INTEGER NOT NULL,"
		"  gpu_ns INTEGER NOT NULL,"
		"  tokens INTEGER NOT NULL,"
		"  requests INTEGER NOT NULL,"
		"  reasoning_tokens INTEGER NOT NULL,"
		"  cache_write_tokens INTEGER NOT NULL,"
		"  spread_ns INTEGER NOT NULL,"
		"  energy_mj INTEGER NOT NULL,"
		"  metered_ns INTEGER NOT NULL,"
		"  PRIMARY KEY (posting, slot_ns, model, tenant, pool, kind, grade, prompt_over, service, rate_nano)"
		") STRICT, WITHOUT ROWID;"
		"INSERT INTO entry SELECT posting, slot_ns, " KEY_AHEAD ", batch, rate_nano, " AMOUNTS " FROM entry_1;"
		"DROP TABLE entry_1;" ADDED
		EVIDENCE("INTEGER", ") STRICT, WITHOUT ROWID;"),
	.postgres =
		"ALTER TABLE entry_day RENAME COLUMN batch TO service;"
		"ALTER TABLE adjustment RENAME COLUMN batch TO service;"
		"ALTER TABLE entry DROP CONSTRAINT entry_batch_check;"
		"ALTER TABLE entry RENAME COLUMN batch TO service;"
		"ALTER TABLE entry ADD CONSTRAINT entry_service_check CHECK (service BETWEEN 0 AND 4);"
		ADDED_POSTGRES
		EVIDENCE("BIGINT", ");"),
	.view =
		"CREATE TEMP VIEW entry AS SELECT posting, slot_ns, " KEY_AHEAD ", batch AS service, rate_nano, " AMOUNTS
		" FROM main.entry;"
		"CREATE TEMP VIEW entry_day AS SELECT posting, " KEY_AHEAD ", batch AS service, rate_nano, " AMOUNTS
		" FROM main.entry_day;"
		"CREATE TEMP VIEW adjustment AS SELECT id, period, run, posted_ns, replica, slot_ns, " KEY_AHEAD
		", batch AS service, rate_nano, " AMOUNTS " FROM main.adjustment;"
		"CREATE TEMP VIEW run AS SELECT " RUNS ", " NONE " AS first_ns, " NONE " AS last_ns, " NONE " AS steps, "
		NONE " AS requests, " NONE " AS windows, " NONE " AS powers FROM main.run;"
		"CREATE TEMP VIEW day AS SELECT day_ns, basis, 0 AS duplicates FROM main.day;"
		"CREATE TEMP VIEW joined AS SELECT 0 AS day_ns, 0 AS run, " NONE " AS until_run, 0 AS joined, 0 AS gateway_only, "
		"0 AS gateway_only_tokens, 0 AS engine_only, 0 AS differing, '' AS gateway_only_first, '' AS engine_only_first, "
		"'' AS differing_first WHERE 1 = 0;" NO_SOURCE_WAS
		"CREATE TEMP VIEW segment AS SELECT " SEGMENTS ", " NONE " AS gone_run, 0 AS gateways, " NO_STEPS " FROM main.segment;" NO_CHAIN
		"CREATE TEMP VIEW evidence AS SELECT '' AS plan, 0 AS task, 0 AS from_ns, 0 AS to_ns, '' AS notes, 0 AS run WHERE 1 = 0;",
};

#define FOUND "joined, gateway_only, gateway_only_tokens, engine_only, differing, gateway_only_first, engine_only_first, differing_first"
#define VERSIONED(integer, end) \
	"ALTER TABLE joined RENAME TO joined_2;" \
	"CREATE TABLE joined (day_ns " integer " NOT NULL, run " integer " NOT NULL REFERENCES run, " \
	"until_run " integer " REFERENCES run, joined " integer " NOT NULL, gateway_only " integer " NOT NULL, " \
	"gateway_only_tokens " integer " NOT NULL, engine_only " integer " NOT NULL, differing " integer " NOT NULL, " \
	"gateway_only_first TEXT NOT NULL, engine_only_first TEXT NOT NULL, differing_first TEXT NOT NULL, PRIMARY KEY (day_ns, run)" end \
	"INSERT INTO joined SELECT day_ns, (SELECT min(id) FROM run), NULL, " FOUND " FROM joined_2;" \
	"DROP TABLE joined_2;" \
	"CREATE TABLE source_was (source " integer " NOT NULL REFERENCES source, until_run " integer " NOT NULL REFERENCES run, " \
	"format TEXT NOT NULL, bytes " integer " NOT NULL, content TEXT NOT NULL, lines " integer " NOT NULL, " \
	"records " integer " NOT NULL, PRIMARY KEY (source, until_run)" end

/*
 * 2 to 3: the results of joining requests, and the state of a log before it grew, are stored for each run. For
 * earlier runs they are not known: both remain what they are now, as in version 2.
 */
static const struct migration from_2 = {
	.sqlite = VERSIONED("INTEGER", ") STRICT, WITHOUT ROWID;"),
	.postgres = VERSIONED("BIGINT", ");"),
	.view =
		"CREATE TEMP VIEW joined AS SELECT day_ns, (SELECT min(id) FROM main.run) AS run, " NONE " AS until_run, " FOUND
		" FROM main.joined;" NO_SOURCE_WAS NO_GATEWAYS,
};

#define COUNTED(integer) \
	"ALTER TABLE segment ADD COLUMN gateways " integer " NOT NULL DEFAULT -1;" \
	"UPDATE segment SET gateways = 0 WHERE requests = 0;"

/*
 * 3 to 4: segments know how many of their requests gateways report; the next intake counts those of existing
 * segments.
 */
static const struct migration from_3 = {
	.sqlite = COUNTED("INTEGER"),
	.postgres = COUNTED("BIGINT"),
	.view = NO_GATEWAYS,
};

#define CHAIN(integer, end) "CREATE TABLE chain (run " integer " PRIMARY KEY REFERENCES run, seal TEXT NOT NULL" end
#define NAMED(integer) \
	"ALTER TABLE source ADD COLUMN named TEXT NOT NULL DEFAULT '';" \
	"ALTER TABLE source ADD COLUMN by_rule " integer " NOT NULL DEFAULT 0;" \
	"ALTER TABLE source ADD COLUMN zone TEXT NOT NULL DEFAULT '';"
#define NUMBERED(integer) \
	"ALTER TABLE segment ADD COLUMN first_step " integer ";" \
	"ALTER TABLE segment ADD COLUMN last_step " integer ";"
#define VERDICT(integer, end) \
	"CREATE TABLE verdict (day_ns " integer " NOT NULL, name " integer " NOT NULL REFERENCES name, " \
	"partner " integer " NOT NULL REFERENCES name, decision " integer " NOT NULL, named " integer " NOT NULL REFERENCES name, " \
	"step_model " integer " NOT NULL REFERENCES name, shift_ns " integer " NOT NULL, held " integer " NOT NULL, " \
	"dropped " integer " NOT NULL, PRIMARY KEY (day_ns, name, partner)" end

#define ANSWERED(integer, end) \
	"CREATE TABLE answered (day_ns " integer " NOT NULL, model " integer " NOT NULL REFERENCES name, " \
	"provider " integer " NOT NULL REFERENCES name, vendor " integer " NOT NULL, PRIMARY KEY (day_ns, model, provider)" end

/* see schemas/ledger.sql */
#define STATED \
	"CREATE INDEX warning_stated ON warning (run, sentence) WHERE length(sentence) < 40 OR " \
	"substr(sentence, 1, 80) LIKE '%\"kind\":\"gpus\"%';" \
	"CREATE INDEX source_unread ON source (last_run) WHERE records = 0 AND lines > 0;"

/*
 * 4 to 5: runs are sealed one after the other; the next commit seals existing ones. What days decide about names, and who
 * answered gateways' requests, is stored; days that are attributed again add it. Sources know the name that their path
 * gave; for existing ones it is not known, and they keep it. Segments have the numbers of their first and last step; for
 * existing ones they are not known.
 */
static const struct migration from_4 = {
	.sqlite = CHAIN("INTEGER", ") STRICT;") VERDICT("INTEGER", ") STRICT, WITHOUT ROWID;")
	          ANSWERED("INTEGER", ") STRICT, WITHOUT ROWID;") NAMED("INTEGER") NUMBERED("INTEGER") STATED,
	.postgres = CHAIN("BIGINT", ");") VERDICT("BIGINT", ");") ANSWERED("BIGINT", ");") NAMED("BIGINT") NUMBERED("BIGINT") STATED,
	.view = "CREATE TEMP VIEW segment AS SELECT *, " NO_STEPS " FROM main.segment;" NO_CHAIN,
};

const struct migration *migration_from(int64_t version) {
	static const struct migration *const from[LEDGER_SCHEMA_VERSION] = {[1] = &from_1, [2] = &from_2, [3] = &from_3, [4] = &from_4};

	return version > 0 && version < LEDGER_SCHEMA_VERSION ? from[version] : NULL;
}

static int ask_version(const struct driver *d, void *connection, int64_t *out, struct fault *why) {
	void *statement;
	int rc = d->prepare(connection, d->version, &statement, why);

	if (rc < 0) {
		return rc;
	}
	rc = d->start(statement, NULL, 0, why);
	rc = rc < 0 ? rc : d->step(statement, why);
	*out = 0;
	if (rc > 0) {
		d->integers(statement, 0, 1, out);
	}
	d->finish(statement);
	d->finalize(statement);
	return rc < 0 ? rc : 0;
}

static int migrate_step(const struct driver *d, void *connection, const struct migration *m, int64_t to, struct fault *why) {
	char mark[80];
	int rc = d->execute(connection, d->schemes ? m->postgres : m->sqlite, why);

	snprintf(mark, sizeof mark, d->set_version, (long long)to);
	return rc < 0 ? rc : d->execute(connection, mark, why);
}

/* All steps or none. Another writer may have migrated it already. */
static int migrate(const struct driver *d, void *connection, struct fault *why) {
	int64_t was = 0, version;
	int rc = d->execute(connection, d->begin_write, why);

	rc = rc < 0 ? rc : ask_version(d, connection, &was, why);
	version = was;
	for (const struct migration *m; rc == 0 && (m = migration_from(version));) {
		rc = migrate_step(d, connection, m, ++version, why);
	}
	if (rc == 0) {
		return d->execute(connection, "COMMIT", why);
	}
	struct fault said = *why, ignored;
	(void)d->execute(connection, "ROLLBACK", &ignored);
	return rc != ERROR_CONFIG ? rc : fault_set(why, rc, "this ledger has version %lld and must be upgraded to %d "
							    "once, by a command that writes to it as the owner of its "
							    "tables: %s", (long long)was, LEDGER_SCHEMA_VERSION, said.message);
}

int schema_bring_up(const struct driver *d, void *connection, const struct driver_options *o, struct fault *why) {
	int64_t version = 0;
	int rc = ask_version(d, connection, &version, why);
	const struct migration *m = migration_from(version);

	if (rc < 0 || version == LEDGER_SCHEMA_VERSION) {
		return rc;
	}
	if (version > LEDGER_SCHEMA_VERSION) {
		return fault_set(why, ERROR_CONFIG, "%s: is a ledger of version %lld, this tollbook knows versions up to %d: use a newer one",
		                 o->where, (long long)version, LEDGER_SCHEMA_VERSION);
	}
	if (!m) {
		return fault_set(why, ERROR_CONFIG, "%s: is a ledger of version %lld, which no tollbook wrote", o->where, (long long)version);
	}
	return o->mode == LEDGER_READ ? d->define(connection, m->view, why) : migrate(d, connection, why);
}
