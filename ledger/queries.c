#include "ledger/queries.h"

#define RUN_COLUMNS \
	"id, command, version, rule, currency, basis, started_ns, finished_ns, files, lines, records, rejected, " \
	"duplicates, restated, first_ns, last_ns, steps, requests, windows, powers"
#define SOURCE_COLUMNS \
	"id, path, format, head_bytes, head, bytes, content, marks, lines, records, at_end, first_run, last_run, named, by_rule, zone"
#define SEGMENT_COLUMNS "s.day_ns, s.replica, s.hash, s.bytes, s.steps, s.requests, s.windows, s.powers, " \
	"s.first_ns, s.last_ns, s.run, s.span_first_ns, s.span_last_ns, s.model, s.gone_run, s.gateways, s.first_step, s.last_step"
#define JOINED_COLUMNS \
	"joined, gateway_only_tokens, gateway_only, engine_only, differing, gateway_only_first, engine_only_first, differing_first"
#define VERDICT_COLUMNS "day_ns, name, partner, decision, named, step_model, shift_ns, held, dropped"
#define NOT_CLOSED "NOT EXISTS (SELECT 1 FROM period p WHERE p.reopened_run IS NULL AND d.day_ns >= p.from_ns AND d.day_ns < p.to_ns)"
#define KEY_COLUMNS "model, tenant, pool, kind, grade, prompt_over, service, rate_nano"
#define AMOUNT_COLUMNS \
	"gpu_ns, tokens, requests, reasoning_tokens, cache_write_tokens, spread_ns, energy_mj, metered_ns"
#define IN_FORCE "p.run <= $3 AND (p.until_run IS NULL OR p.until_run > $3)"

/* The entries of a posting by day: as they are, and as they are stored. */
#define SUMMED \
	"sum(gpu_ns), sum(tokens), sum(requests), sum(reasoning_tokens), sum(cache_write_tokens), sum(spread_ns), " \
	"sum(energy_mj), sum(metered_ns)"
#define BY_DAY_OF_ENTRIES "SELECT " KEY_COLUMNS ", " SUMMED " FROM entry e WHERE e.posting = p.id GROUP BY " KEY_COLUMNS
#define BY_DAY_KEPT "SELECT " KEY_COLUMNS ", " AMOUNT_COLUMNS " FROM entry_day d WHERE d.posting = p.id"

/* The first parameter and as many others as an entry has columns, and the same for its sums by day; of several rows at once, for SQLite. */
#define DAY_ROW "(?1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define ENTRY_ROW "(?1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define EIGHT(row) row ", " row ", " row ", " row ", " row ", " row ", " row ", " row

const char entry_copy[] = "COPY entry (posting, slot_ns, " KEY_COLUMNS ", " AMOUNT_COLUMNS ") FROM STDIN";

const struct query_text query_texts[QUERIES] = {
	[Q_NAMES] = {"SELECT id, text FROM name ORDER BY id", 0},
	[Q_NAME_ADD] = {"INSERT INTO name (id, text) VALUES ($1, $2)", 0},

	[Q_RUN_ADD] = {"INSERT INTO run (" RUN_COLUMNS ") VALUES ((SELECT coalesce(max(id), 0) + 1 FROM run), "
	               "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) RETURNING id", 0},
	[Q_RUN_FINISH] = {"UPDATE run SET basis = $2, finished_ns = $3, files = $4, lines = $5, records = $6, "
	                  "rejected = $7, duplicates = $8, restated = $9, first_ns = $10, last_ns = $11, steps = $12, "
	                  "requests = $13, windows = $14, powers = $15 WHERE id = $1", 0},
	[Q_RUNS] = {"SELECT " RUN_COLUMNS " FROM run ORDER BY id", 0},
	[Q_RUN_GET] = {"SELECT " RUN_COLUMNS " FROM run WHERE id = $1", 0},
	[Q_RUN_LAST] = {"SELECT " RUN_COLUMNS " FROM run ORDER BY id DESC LIMIT 1", 0},

	[Q_RUNS_AFTER] = {"SELECT id FROM run WHERE id > $1 ORDER BY id", 0},
	[Q_CHAIN_HEAD] = {"SELECT run, seal FROM chain ORDER BY run DESC LIMIT 1", 0},
	[Q_CHAIN_ADD] = {"INSERT INTO chain (run, seal) VALUES ($1, $2)", 0},
	[Q_CHAIN] = {"SELECT run, seal FROM chain ORDER BY run", 0},

	[Q_DOCUMENT_PUT] = {"INSERT INTO document (sha256, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING", 0},
	[Q_DOCUMENT_HAS] = {"SELECT 1 FROM document WHERE sha256 = $1", 0},
	[Q_DOCUMENTS] = {"SELECT sha256 FROM document ORDER BY sha256", 0},
	[Q_DOCUMENT_GET] = {"SELECT bytes FROM document WHERE sha256 = $1", 0},
	[Q_DOCUMENT_LAST] = {"SELECT sha256 FROM run_document WHERE kind = $1 ORDER BY run DESC LIMIT 1", 0},
	[Q_RUN_DOCUMENT] = {"INSERT INTO run_document (run, kind, seq, path, sha256) VALUES ($1, $2, $3, $4, $5)", 0},
	[Q_RUN_DOCUMENT_GET] = {"SELECT path, sha256 FROM run_document WHERE run = $1 AND kind = $2 AND seq = $3", 0},

	[Q_REJECT_PUT] = {"INSERT INTO reject (run, reason, lines, first) VALUES ($1, $2, $3, $4)", 0},
	[Q_REJECTS] = {"SELECT reason, lines, first, run FROM reject WHERE run <= $1 ORDER BY run, reason", 0},
	[Q_DAMAGE_PUT] = {"INSERT INTO damage (run, file, reason, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", 0},
	/* A file that a later run read completely is no longer damaged. */
	[Q_DAMAGES] = {"SELECT d.file, d.reason, d.at FROM damage d WHERE d.run <= $1 AND NOT EXISTS (SELECT 1 FROM file f "
	               "LEFT JOIN source s ON s.id = f.source WHERE (f.path = d.file OR s.path = d.file) AND f.run > d.run AND f.run <= $1) "
	               "GROUP BY d.file, d.reason, d.at ORDER BY min(d.run), d.file, d.reason", 0},
	[Q_WARNING_PUT] = {"INSERT INTO warning (run, sentence) VALUES ($1, $2) ON CONFLICT DO NOTHING", 0},
	/* notices of one kind, and the lines without text that begin a day's: the kind comes after the day */
	[Q_STATED] = {"SELECT sentence, run FROM warning WHERE run <= $1 AND (length(sentence) < 40 OR "
	              "substr(sentence, 1, 80) LIKE '%\"kind\":\"gpus\"%') ORDER BY run, sentence", 0},
	[Q_WARNINGS] = {"SELECT sentence, run FROM warning WHERE run <= $1 ORDER BY run, sentence", 0},
	[Q_INPUTS] = {"SELECT s.path, coalesce(w.bytes, s.bytes), coalesce(w.content, s.content), coalesce(w.format, s.format), "
	              "coalesce(w.lines, s.lines), coalesce(w.records, s.records) FROM source s LEFT JOIN source_was w "
	              "ON w.source = s.id AND w.until_run = (SELECT min(x.until_run) FROM source_was x WHERE x.source = s.id AND "
	              "x.until_run > $1) WHERE s.first_run <= $1 ORDER BY s.path, s.id", 0},
	[Q_QUALITY_SUMS] = {"SELECT coalesce(sum(lines), 0), coalesce(sum(duplicates), 0) FROM run WHERE id <= $1",
	                    "SELECT coalesce(sum(lines), 0)::bigint, coalesce(sum(duplicates), 0)::bigint FROM run WHERE id <= $1"},
	[Q_RUNS_UNCOUNTED] = {"SELECT count(*) FROM run WHERE steps IS NULL AND records > 0", 0},
	[Q_RUN_RECORD_SUMS] = {"SELECT coalesce(sum(steps), 0), coalesce(sum(requests), 0), coalesce(sum(windows), 0), "
	                       "coalesce(sum(powers), 0) FROM run WHERE id <= $1",
	                       "SELECT coalesce(sum(steps), 0)::bigint, coalesce(sum(requests), 0)::bigint, "
	                       "coalesce(sum(windows), 0)::bigint, coalesce(sum(powers), 0)::bigint FROM run WHERE id <= $1"},
	[Q_RECORD_SUMS] = {"SELECT coalesce(sum(steps), 0), coalesce(sum(requests), 0), coalesce(sum(windows), 0), "
	                   "coalesce(sum(powers), 0) FROM segment",
	                   "SELECT coalesce(sum(steps), 0)::bigint, coalesce(sum(requests), 0)::bigint, "
	                   "coalesce(sum(windows), 0)::bigint, coalesce(sum(powers), 0)::bigint FROM segment"},

	[Q_EVIDENCE_PUT] = {"INSERT INTO evidence (plan, task, from_ns, to_ns, notes, run) VALUES ($1, $2, $3, $4, $5, $6) "
	                    "ON CONFLICT DO NOTHING", 0},
	[Q_EVIDENCE_COUNT] = {"SELECT count(*) FROM evidence WHERE plan = $1", 0},
	[Q_EVIDENCE_PLANS] = {"SELECT count(DISTINCT plan) FROM evidence", 0},
	[Q_EVIDENCE] = {"SELECT e.plan, d.bytes FROM evidence e JOIN document d ON d.sha256 = e.notes WHERE e.run <= $1 AND "
	                "e.to_ns >= $2 AND e.from_ns < $3 ORDER BY e.run DESC, e.plan, e.task", 0},
	[Q_EVIDENCE_SPAN] = {"SELECT min(from_ns), max(to_ns) FROM evidence WHERE run <= $1 AND from_ns <= to_ns", 0},

	[Q_HEADS] = {"SELECT DISTINCT head_bytes FROM source ORDER BY head_bytes", 0},
	[Q_SOURCES_OF_HEAD] = {"SELECT " SOURCE_COLUMNS " FROM source WHERE head = $1 AND head_bytes = $2 "
	                       "ORDER BY bytes DESC, id", 0},
	[Q_SOURCES] = {"SELECT " SOURCE_COLUMNS " FROM source ORDER BY id", 0},
	[Q_SOURCE_GET] = {"SELECT " SOURCE_COLUMNS " FROM source WHERE id = $1", 0},
	[Q_SOURCE_ADD] = {"INSERT INTO source (" SOURCE_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
	                  "$10, $11, $12, $13, $14, $15, $16) ON CONFLICT (id) DO UPDATE SET path = excluded.path, format = excluded.format, "
	                  "head_bytes = excluded.head_bytes, head = excluded.head, bytes = excluded.bytes, "
	                  "content = excluded.content, marks = excluded.marks, lines = excluded.lines, "
	                  "records = excluded.records, at_end = excluded.at_end, last_run = excluded.last_run, "
	                  "named = excluded.named, by_rule = excluded.by_rule, zone = excluded.zone", 0},
	[Q_SOURCE_NAMES] = {"SELECT id, path, named, by_rule, records, zone FROM source ORDER BY id", 0},
	[Q_SOURCE_NAMED] = {"UPDATE source SET named = $2, by_rule = $3 WHERE id = $1", 0},
	[Q_SOURCE_WAS] = {"INSERT INTO source_was (source, until_run, format, bytes, content, lines, records) SELECT id, $2, "
	                  "format, bytes, content, lines, records FROM source WHERE id = $1 AND last_run < $2", 0},
	/* No log begins like it from here on; the row remains for statements as of former runs. */
	[Q_SOURCE_FORGET] = {"UPDATE source SET head_bytes = 0, head = '', bytes = 0, content = '', marks = $3, lines = 0, records = 0, "
	                     "at_end = -1, last_run = $2, named = '', by_rule = 0, zone = '' WHERE id = $1", 0},
	[Q_SOURCES_UNREAD] = {"SELECT id FROM source WHERE records = 0 AND lines > 0 AND "
	                      "last_run IN (SELECT id FROM run WHERE version <> $1) ORDER BY id", 0}, /* by the index source_unread */
	[Q_FILES_FORGET] = {"DELETE FROM file WHERE source = $1", 0},
	[Q_SOURCE_NEXT] = {"SELECT coalesce(max(id), 0) + 1 FROM source", 0},
	[Q_FILE_KNOWN] = {"SELECT source FROM file WHERE device = $1 AND inode = $2 AND size = $3 AND mtime_ns = $4", 0},
	[Q_FILES] = {"SELECT device, inode, size, mtime_ns FROM file", 0},
	[Q_FILE_WHOLE] = {"SELECT 1 FROM file f JOIN source s ON s.id = f.source WHERE s.path = $1 AND f.path <> $1 LIMIT 1", 0},
	[Q_FILE_PUT] = {"INSERT INTO file (device, inode, size, mtime_ns, path, sha256, source, run) "
	                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (device, inode) DO UPDATE SET "
	                "size = excluded.size, mtime_ns = excluded.mtime_ns, path = excluded.path, "
	                "sha256 = excluded.sha256, source = excluded.source, run = excluded.run", 0},

	[Q_SEGMENT_GET] = {"SELECT " SEGMENT_COLUMNS " FROM segment s WHERE s.day_ns = $1 AND s.replica = $2", 0},
	[Q_SEGMENT_PUT] = {"INSERT INTO segment (day_ns, replica, hash, bytes, steps, requests, windows, powers, first_ns, "
	                   "last_ns, run, span_first_ns, span_last_ns, model, gone_run, gateways, first_step, last_step) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
	                   "$10, $11, $12, $13, $14, $15, $16, $17, $18) "
	                   "ON CONFLICT (day_ns, replica) DO UPDATE SET hash = excluded.hash, bytes = excluded.bytes, "
	                   "steps = excluded.steps, requests = excluded.requests, windows = excluded.windows, "
	                   "powers = excluded.powers, first_ns = excluded.first_ns, last_ns = excluded.last_ns, "
	                   "run = excluded.run, span_first_ns = excluded.span_first_ns, span_last_ns = excluded.span_last_ns, "
	                   "model = excluded.model, gone_run = excluded.gone_run, gateways = excluded.gateways, "
	                   "first_step = excluded.first_step, last_step = excluded.last_step", 0},
	[Q_SEGMENT_DROP] = {"DELETE FROM segment WHERE day_ns = $1 AND replica = $2", 0},
	[Q_SEGMENTS] = {"SELECT " SEGMENT_COLUMNS " FROM segment s JOIN name n ON n.id = s.replica "
	                "WHERE (s.first_ns < $2 OR $2 = 9223372036854775807) AND s.last_ns >= $1 ORDER BY s.day_ns, n.text", 0},
	[Q_SEGMENTS_LEFT] = {"SELECT " SEGMENT_COLUMNS " FROM segment s WHERE s.gone_run IS NULL AND s.last_ns < $1 "
	                     "ORDER BY s.day_ns, s.replica", 0},
	[Q_SEGMENTS_UNCOUNTED] = {"SELECT " SEGMENT_COLUMNS " FROM segment s WHERE s.gateways < 0", 0},
	[Q_GONE] = {"SELECT count(*), min(r.finished_ns) FROM segment s JOIN run r ON r.id = s.gone_run "
	            "WHERE s.gone_run IS NOT NULL AND s.first_ns < $2 AND s.last_ns >= $1", 0},
	[Q_STEPS_AFTER] = {"SELECT s.day_ns FROM segment s WHERE s.replica = $1 AND s.day_ns > $2 AND s.steps > 0 ORDER BY s.day_ns LIMIT 1", 0},
	[Q_SPANS] = {"SELECT s.replica, s.model, s.span_first_ns, s.span_last_ns, s.steps, s.requests, s.windows, s.gateways, "
	             "s.day_ns, s.first_step, s.last_step FROM segment s "
	             "WHERE s.span_first_ns <= s.span_last_ns ORDER BY s.replica, s.day_ns", 0},

	[Q_DIRTY] = {"INSERT INTO dirty (day_ns) VALUES ($1) ON CONFLICT DO NOTHING", 0},
	[Q_DIRTY_BASIS] = {"INSERT INTO dirty (day_ns) SELECT d.day_ns FROM day d WHERE d.basis <> $1 AND " NOT_CLOSED
	                   " ON CONFLICT DO NOTHING", 0},
	[Q_DIRTY_BETWEEN] = {"INSERT INTO dirty (day_ns) SELECT d.day_ns FROM day d WHERE d.day_ns > $1 AND d.day_ns < $2 AND "
	                     NOT_CLOSED " ON CONFLICT DO NOTHING", 0},
	[Q_VERDICTS] = {"SELECT " VERDICT_COLUMNS " FROM verdict v JOIN name n ON n.id = v.name JOIN name m ON m.id = v.partner "
	                "ORDER BY n.text, v.day_ns, m.text", 0},
	[Q_VERDICTS_DROP] = {"DELETE FROM verdict WHERE day_ns = $1", 0},
	[Q_VERDICT_PUT] = {"INSERT INTO verdict (" VERDICT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", 0},
	[Q_ANSWERS] = {"SELECT DISTINCT model, provider, vendor FROM answered d WHERE day_ns >= $1 AND day_ns < $2 AND " NOT_CLOSED
	               " ORDER BY model, provider, vendor", 0},
	[Q_ANSWERS_DROP] = {"DELETE FROM answered WHERE day_ns = $1", 0},
	[Q_ANSWER_PUT] = {"INSERT INTO answered (day_ns, model, provider, vendor) VALUES ($1, $2, $3, $4)", 0},
	[Q_DIRTY_ANSWERED] = {"INSERT INTO dirty (day_ns) SELECT d.day_ns FROM answered d WHERE d.model = $1 AND d.provider = $2 AND "
	                      "d.vendor = $3 AND " NOT_CLOSED " ON CONFLICT DO NOTHING", 0},
	[Q_DIRTY_NEXT] = {"SELECT min(day_ns) FROM dirty", 0},
	[Q_DIRTY_COUNT] = {"SELECT count(*) FROM dirty WHERE day_ns + 86400000000000 > $1 AND day_ns < $2", 0},
	[Q_DIRTY_DONE] = {"DELETE FROM dirty WHERE day_ns = $1", 0},
	[Q_DAY_EXTENT] = {"SELECT min(day_ns), max(day_ns) FROM day", 0},
	[Q_DAY_BASIS] = {"SELECT basis FROM day WHERE day_ns = $1", 0},
	[Q_DAY_DUPLICATES] = {"SELECT duplicates FROM day WHERE day_ns = $1", 0},
	[Q_DAY_DONE] = {"INSERT INTO day (day_ns, basis, duplicates) VALUES ($1, $2, $3) "
	                "ON CONFLICT (day_ns) DO UPDATE SET basis = excluded.basis, duplicates = excluded.duplicates", 0},
	[Q_JOINS_OF_DAY] = {"SELECT " JOINED_COLUMNS " FROM joined WHERE day_ns = $1 AND until_run IS NULL", 0},
	[Q_JOINS_DROP] = {"DELETE FROM joined WHERE day_ns = $1 AND run = $2", 0},
	[Q_JOINS_END] = {"UPDATE joined SET until_run = $2 WHERE day_ns = $1 AND until_run IS NULL", 0},
	[Q_JOINS_PUT] = {"INSERT INTO joined (day_ns, run, until_run, " JOINED_COLUMNS ") VALUES ($1, $2, NULL, $3, $4, $5, $6, "
	                 "$7, $8, $9, $10)", 0},
	[Q_JOINS] = {"SELECT " JOINED_COLUMNS " FROM joined WHERE run <= $1 AND (until_run IS NULL OR until_run > $1) "
	             "ORDER BY day_ns", 0},

	[Q_POSTINGS_OF_DAY] = {"SELECT id, replica, hash FROM posting WHERE day_ns = $1 AND until_run IS NULL ORDER BY id", 0},
	[Q_POSTING_OF] = {"SELECT id, replica, hash FROM posting WHERE day_ns = $1 AND replica = $2 AND until_run IS NULL", 0},
	[Q_POSTING_ADD] = {"INSERT INTO posting (id, day_ns, replica, run, until_run, entries, gpu_ns, hash) VALUES "
	                   "((SELECT coalesce(max(id), 0) + 1 FROM posting), $1, $2, $3, NULL, $4, $5, $6) RETURNING id", 0},
	[Q_POSTING_END] = {"UPDATE posting SET until_run = $2 WHERE id = $1", 0},
	[Q_ENTRY_ADD] = {"INSERT INTO entry (posting, slot_ns, " KEY_COLUMNS ", " AMOUNT_COLUMNS ") VALUES ($1, $2, $3, "
	                 "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)", 0},
	[Q_ENTRY_ADD_ROWS] = {"INSERT INTO entry (posting, slot_ns, " KEY_COLUMNS ", " AMOUNT_COLUMNS ") VALUES " EIGHT(ENTRY_ROW), 0},
	[Q_ENTRY_DAY_ADD] = {"INSERT INTO entry_day (posting, " KEY_COLUMNS ", " AMOUNT_COLUMNS ") SELECT posting, "
	                     KEY_COLUMNS ", sum(gpu_ns), sum(tokens), sum(requests), sum(reasoning_tokens), "
	                     "sum(cache_write_tokens), sum(spread_ns), sum(energy_mj), sum(metered_ns) FROM entry "
	                     "WHERE posting >= $1 AND posting <= $2 GROUP BY posting, " KEY_COLUMNS, 0},
	[Q_ENTRY_DAY_PUT] = {"INSERT INTO entry_day (posting, " KEY_COLUMNS ", " AMOUNT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, "
	                     "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17)", 0},
	[Q_ENTRY_DAY_PUT_ROWS] = {"INSERT INTO entry_day (posting, " KEY_COLUMNS ", " AMOUNT_COLUMNS ") VALUES " EIGHT(DAY_ROW), 0},
	[Q_ENTRIES_OF_POSTING] = {"SELECT p.replica, e.slot_ns, " KEY_COLUMNS ", e.gpu_ns, tokens, requests, "
	                          "reasoning_tokens, cache_write_tokens, spread_ns, energy_mj, metered_ns FROM entry e "
	                          "JOIN posting p ON p.id = e.posting WHERE e.posting = $1", 0},
	[Q_ENTRIES] = {"SELECT p.replica, e.slot_ns, " KEY_COLUMNS ", e.gpu_ns, tokens, requests, reasoning_tokens, "
	               "cache_write_tokens, spread_ns, energy_mj, metered_ns FROM posting p JOIN entry e "
	               "ON e.posting = p.id WHERE p.day_ns >= $4 AND p.day_ns < $2 AND e.slot_ns >= $1 AND "
	               "e.slot_ns < $2 AND " IN_FORCE, 0},
	[Q_EXTENT] = {"SELECT min(day_ns), max(day_ns) FROM posting p WHERE p.run <= $1 AND (p.until_run IS NULL OR "
	              "p.until_run > $1)", 0},

	[Q_IN_REPLICAS] = {"SELECT DISTINCT p.replica FROM posting p WHERE p.day_ns >= $1 AND p.day_ns < $2 AND " IN_FORCE, 0},
	[Q_IN_POOLS] = {"SELECT DISTINCT d.pool FROM posting p JOIN entry_day d ON d.posting = p.id WHERE p.day_ns >= $1 AND "
	                "p.day_ns < $2 AND " IN_FORCE, 0},
	[Q_IN_POOLS_ALONE] = {"SELECT DISTINCT d.pool FROM posting p JOIN entry_day d ON d.posting = p.id WHERE p.day_ns >= $1 AND "
	                      "p.day_ns < $2 AND " IN_FORCE " AND p.replica = $4", 0},
	[Q_IN_PLANS] = {"SELECT DISTINCT plan FROM evidence WHERE to_ns >= $1 AND from_ns < $2 AND run <= $3", 0},

#define LOADS(type) \
	"SELECT day_ns, input" type ", output" type ", replica FROM (SELECT p.day_ns, p.replica, sum(CASE WHEN d.kind < 2 THEN d.tokens ELSE 0 END) AS input, " \
	"sum(CASE WHEN d.kind = 2 THEN d.tokens ELSE 0 END) AS output FROM posting p JOIN entry_day d ON d.posting = p.id " \
	"WHERE p.day_ns >= $1 AND p.day_ns < $2 AND " IN_FORCE " GROUP BY p.day_ns, p.replica) s WHERE input >= 1000 AND output >= 1000 ORDER BY 1, 2, 3"
	[Q_IN_LOADS] = {LOADS(""), LOADS("::bigint")},

	[Q_FITS_DROP] = {"DELETE FROM fit WHERE day_ns = $1 AND substr(part, 1, length($2)) <> $2", 0},
	[Q_FIT_PUT] = {"INSERT INTO fit (day_ns, part, lines) VALUES ($1, $2, $3) "
	               "ON CONFLICT (day_ns, part) DO UPDATE SET lines = excluded.lines", 0},
	[Q_FITS] = {"SELECT day_ns, part, lines FROM fit WHERE day_ns >= $1 AND day_ns < $2 AND part <> $3 ORDER BY day_ns, part", 0},
	[Q_FIT_GET] = {"SELECT lines FROM fit WHERE day_ns = $1 AND part = $2", 0},
	[Q_FIT_DROP] = {"DELETE FROM fit WHERE day_ns = $1 AND part = $2", 0},
	[Q_FIT_DAYS] = {"SELECT day_ns FROM fit WHERE part = $1 ORDER BY day_ns", 0},
	/* the last run up to $3 that changed a day's postings */
	[Q_DAY_STATES] = {"SELECT p.day_ns, max(CASE WHEN p.until_run <= $3 THEN p.until_run WHEN p.run <= $3 THEN p.run END) "
	                  "FROM posting p WHERE p.day_ns >= $1 AND p.day_ns < $2 GROUP BY p.day_ns ORDER BY p.day_ns", 0},

	[Q_PERIOD_ADD] = {"INSERT INTO period (id, name, from_ns, to_ns, run, reopened_run, reason, statement, entries) "
	                  "VALUES ((SELECT coalesce(max(id), 0) + 1 FROM period), $1, $2, $3, $4, NULL, '', $5, $6)", 0},
	[Q_PERIOD_REOPEN] = {"UPDATE period SET reopened_run = $2, reason = $3 WHERE id = $1", 0},
	[Q_PERIODS] = {"SELECT id, name, from_ns, to_ns, run, reopened_run, reason, statement, entries FROM period "
	               "ORDER BY id", 0},
	[Q_PERIOD_AT] = {"SELECT id FROM period WHERE reopened_run IS NULL AND from_ns <= $1 AND to_ns > $1 ORDER BY id", 0},
	[Q_PERIOD_HASHES] = {"SELECT p.day_ns, n.text, p.hash FROM posting p JOIN name n ON n.id = p.replica "
	                     "WHERE p.day_ns >= $1 AND p.day_ns < $2 AND p.until_run IS NULL ORDER BY p.day_ns, n.text", 0},
	[Q_OPEN_AFTER] = {"SELECT max(to_ns) FROM period WHERE reopened_run IS NULL", 0},
	[Q_ADJUSTMENT_ADD] = {"INSERT INTO adjustment (id, period, run, posted_ns, replica, slot_ns, " KEY_COLUMNS ", "
	                      AMOUNT_COLUMNS ") VALUES ((SELECT coalesce(max(id), 0) + 1 FROM adjustment), $1, $2, $3, $4, "
	                      "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)", 0},
	[Q_ADJUSTMENTS_OF_DAY] = {"SELECT a.replica, a.slot_ns, " KEY_COLUMNS ", " AMOUNT_COLUMNS " FROM adjustment a "
	                          "WHERE a.slot_ns >= $1 AND a.slot_ns < $2 AND a.period = $3", 0},
	[Q_ADJUSTMENTS] = {"SELECT a.replica, a.slot_ns, " KEY_COLUMNS ", " AMOUNT_COLUMNS ", a.period, a.run, "
	                   "a.posted_ns, p.name FROM adjustment a JOIN period p ON p.id = a.period "
	                   "WHERE a.posted_ns >= $1 AND a.posted_ns < $2 AND a.run <= $3 AND (p.reopened_run IS NULL OR "
	                   "p.reopened_run > $3) ORDER BY a.id", 0},

	[Q_CHECK_SUMS] = {"SELECT p.day_ns, n.text, p.id FROM posting p JOIN name n ON n.id = p.replica WHERE p.entries <> "
	                  "(SELECT count(*) FROM entry e WHERE e.posting = p.id) OR p.gpu_ns <> "
	                  "(SELECT coalesce(sum(gpu_ns), 0) FROM entry e WHERE e.posting = p.id)", 0},
	[Q_CHECK_DAYS] = {"SELECT p.day_ns, n.text, p.id FROM posting p JOIN name n ON n.id = p.replica WHERE "
	                  "EXISTS (" BY_DAY_OF_ENTRIES " EXCEPT " BY_DAY_KEPT ") OR "
	                  "EXISTS (" BY_DAY_KEPT " EXCEPT " BY_DAY_OF_ENTRIES ")", 0},
	[Q_CHECK_BASIS] = {"SELECT d.day_ns, 'all' FROM day d WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.basis = d.basis)", 0},
	/* 0.1.0 counted them by run alone. */
	[Q_CHECK_DUPLICATES] = {"SELECT s.day_ns, 'all' FROM (SELECT min(day_ns) AS day_ns, sum(duplicates) AS total FROM day) s "
	                        "WHERE s.total <> (SELECT sum(duplicates) FROM run) AND NOT EXISTS (SELECT 1 FROM run WHERE version = '0.1.0')", 0},
	[Q_CHECK_REASONS] = {"SELECT from_ns, 'all' FROM period WHERE reopened_run IS NULL AND reason <> ''", 0},
	[Q_CHECK_POSTING_SUMS] = {"SELECT id, day_ns, replica, hash, until_run FROM posting ORDER BY id", 0},
};
