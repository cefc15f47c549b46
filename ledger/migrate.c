/* migrate.c: ledgers of former versions. */
#include "ledger/driver.h"

#define KEY_AHEAD "model, tenant, pool, kind, grade, prompt_over"
#define AMOUNTS "gpu_ns, tokens, requests, reasoning_tokens, cache_write_tokens, spread_ns, energy_mj, metered_ns"

/*
 * 1 to 2: entries told batch traffic from the rest; now they have one of five classes of service, of which these are
 * the first two. The column's check can only be changed by making its table anew.
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
		"DROP TABLE entry_1;",
	.postgres =
		"ALTER TABLE entry_day RENAME COLUMN batch TO service;"
		"ALTER TABLE adjustment RENAME COLUMN batch TO service;"
		"ALTER TABLE entry DROP CONSTRAINT entry_batch_check;"
		"ALTER TABLE entry RENAME COLUMN batch TO service;"
		"ALTER TABLE entry ADD CONSTRAINT entry_service_check CHECK (service BETWEEN 0 AND 4);",
	.view =
		"CREATE TEMP VIEW entry AS SELECT posting, slot_ns, " KEY_AHEAD ", batch AS service, rate_nano, " AMOUNTS
		" FROM main.entry;"
		"CREATE TEMP VIEW entry_day AS SELECT posting, " KEY_AHEAD ", batch AS service, rate_nano, " AMOUNTS
		" FROM main.entry_day;"
		"CREATE TEMP VIEW adjustment AS SELECT id, period, run, posted_ns, replica, slot_ns, " KEY_AHEAD
		", batch AS service, rate_nano, " AMOUNTS " FROM main.adjustment;",
};

const struct migration *migration_from(int64_t version) {
	static const struct migration *const from[LEDGER_SCHEMA_VERSION] = {[1] = &from_1};

	return version > 0 && version < LEDGER_SCHEMA_VERSION ? from[version] : NULL;
}
