/*
 * chain.c: the chain of runs. Each run is sealed as it is committed: a hash over what it wrote or ended, and over the
 * seal of the run before it. So no row that a run wrote can be changed, added or removed later without a trace, and
 * if the last seal is stored elsewhere (`tollbook verify --head`), runs removed at the end are detected as well.
 *
 * Not included are rows that later runs replace: source, file, segment, evidence, dirty, day and fit, which are
 * checked against the files, records and entries that they represent, and verdict and answered, which follow from the
 * records and price lists.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/sorted.h"
#include "ledger/book.h"

/* Rows that a run wrote, by the column that names it; columns set by later runs belong to those. */
static const struct link {
	const char *table, *run, *columns;
	int count; /* of the columns */
} links[] = {
	{"run", "id", "command, version, rule, currency, basis, started_ns, finished_ns, files, lines, records, rejected, "
	              "duplicates, restated, first_ns, last_ns, steps, requests, windows, powers", 19},
	{"run_document", "run", "kind, seq, path, sha256", 4},
	{"reject", "run", "reason, lines, first", 3},
	{"damage", "run", "file, reason, at", 3},
	{"warning", "run", "sentence", 1},
	{"source_was", "until_run", "source, format, bytes, content, lines, records", 6},
	{"joined", "run", "day_ns, joined, gateway_only, gateway_only_tokens, engine_only, differing, gateway_only_first, "
	                  "engine_only_first, differing_first", 9},
	{"joined", "until_run", "day_ns, run", 2},
	{"posting", "run", "id, day_ns, replica, entries, gpu_ns, hash", 6},
	{"posting", "until_run", "id", 1},
	{"period", "run", "id, name, from_ns, to_ns, statement, entries", 6},
	{"period", "reopened_run", "id, reason", 2},
	{"adjustment", "run", "id, period, posted_ns, replica, slot_ns, model, tenant, pool, kind, grade, prompt_over, service, "
	                      "rate_nano, gpu_ns, tokens, requests, reasoning_tokens, cache_write_tokens, spread_ns, energy_mj, "
	                      "metered_ns", 21},
};
#define LINKS (sizeof links / sizeof *links)

/* A sum of hashes, which does not depend on the order of rows: 256 bits, lowest word first. */
struct hash_sum {
	uint64_t word[4];
};

/* Rows written by the runs after one, by run. */
struct written {
	int64_t after;
	int64_t *runs; /* ascending */
	size_t count;
	struct hash_sum (*sums)[LINKS];
};

static void hash_sum_add(struct hash_sum *to, const char hex[DIGEST_HEX_MAX]) {
	unsigned carry = 0;

	for (int i = 0; i < 4; i++) {
		char part[17] = "";
		memcpy(part, hex + 16 * (3 - i), 16);
		uint64_t word = strtoull(part, NULL, 16), sum;
		unsigned over = __builtin_add_overflow(to->word[i], word, &sum);
		over |= __builtin_add_overflow(sum, (uint64_t)carry, &to->word[i]);
		carry = over;
	}
}

static void add_value(struct digest *d, const struct value *v) {
	char head[40];
	bool null = v->type == VALUE_NULL, number = v->type == VALUE_INTEGER;

	if (number || null) {
		snprintf(head, sizeof head, null ? "n;" : "i%" PRId64 ";", v->integer);
	} else {
		snprintf(head, sizeof head, "t%zu:", v->bytes.len);
	}
	digest_add(d, text_of(head));
	if (!number && !null) {
		digest_add(d, v->bytes);
	}
}

/* The sums of a run; NULL if no row of `run` has it. */
static struct hash_sum *sums_of(struct written *w, int64_t run) {
	size_t i = sorted_from(w->runs, w->count, sizeof *w->runs, 0, run);

	return i < w->count && w->runs[i] == run ? w->sums[i] : NULL;
}

static int sum_link(struct ledger *l, struct written *w, size_t link, struct fault *why) {
	const struct driver *d = l->driver;
	const struct link *k = &links[link];
	struct digest *digest = digest_new();
	char sql[600], hex[DIGEST_HEX_MAX];
	void *statement = NULL;

	snprintf(sql, sizeof sql, "SELECT %s, %s FROM %s WHERE %s > $1", k->run, k->columns, k->table, k->run);
	int rc = d->prepare(l->connection, sql, &statement, why);
	rc = rc < 0 ? rc : d->start(statement, VALUES(V_INT(w->after)), why);
	while (rc == 0 && (rc = d->step(statement, why)) > 0) {
		struct hash_sum *sums = sums_of(w, d->column(statement, 0).integer);
		for (int i = 1; i <= k->count; i++) {
			struct value v = d->column(statement, i);
			add_value(digest, &v);
		}
		digest_finish(digest, hex);
		if (sums) {
			hash_sum_add(&sums[link], hex);
		}
		rc = 0;
	}
	digest_free(digest);
	if (statement) {
		d->finish(statement);
		d->finalize(statement);
	}
	return rc;
}

static void written_release(struct written *w) {
	free(w->runs);
	free(w->sums);
}

static int written_after(struct ledger *l, int64_t after, struct written *w, struct fault *why) {
	*w = (struct written){.after = after};
	int rc = ask(l, Q_RUNS_AFTER, VALUES(V_INT(after)), why);

	while (ask_row(l, Q_RUNS_AFTER, &rc, why)) {
		w->runs = must_realloc(w->runs, (w->count + 1) * sizeof *w->runs);
		w->runs[w->count++] = row_int(l, Q_RUNS_AFTER, 0);
	}
	w->sums = must_calloc(w->count + 1, sizeof *w->sums);
	for (size_t i = 0; i < LINKS && rc == 0 && w->count > 0; i++) {
		rc = sum_link(l, w, i, why);
	}
	return rc;
}

static void seal_of(const char *before, int64_t run, const struct hash_sum sums[LINKS], char seal[DIGEST_HEX_MAX]) {
	struct digest *d = digest_new();
	char line[128];

	snprintf(line, sizeof line, "tollbook.chain.v1\n%s\n%" PRId64 "\n", before, run);
	digest_add(d, text_of(line));
	for (size_t i = 0; i < LINKS; i++) {
		const uint64_t *w = sums[i].word;
		snprintf(line, sizeof line, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "\n", w[3], w[2], w[1], w[0]);
		digest_add(d, text_of(line));
	}
	digest_finish(d, seal);
	digest_free(d);
}

int ledger_head(struct ledger *l, struct ledger_head *out, struct fault *why) {
	int rc = ask_first(l, Q_CHAIN_HEAD, NULL, 0, why);

	*out = (struct ledger_head){0};

	if (rc <= 0) {
		return rc;
	}
	out->run = row_int(l, Q_CHAIN_HEAD, 0);
	row_hash(l, Q_CHAIN_HEAD, 1, out->seal);
	ask_end(l, Q_CHAIN_HEAD);
	return 1;
}

int chain_extend(struct ledger *l, struct fault *why) {
	struct ledger_head head;
	struct written w = {0};
	int rc = ledger_head(l, &head, why);

	rc = rc < 0 ? rc : written_after(l, head.run, &w, why);
	for (size_t i = 0; i < w.count && rc >= 0; i++) {
		char seal[DIGEST_HEX_MAX];
		seal_of(head.seal, w.runs[i], w.sums[i], seal);
		memcpy(head.seal, seal, sizeof seal);
		rc = ask_do(l, Q_CHAIN_ADD, VALUES(V_INT(w.runs[i]), V_STR(seal)), why);
	}
	written_release(&w);
	return rc < 0 ? rc : 0;
}

/* Compares the stored seals, one after the other, with those computed from the rows. */
static int compare(struct ledger *l, const struct written *w, ledger_finding_sink *sink, void *context, struct fault *why) {
	char before[DIGEST_HEX_MAX] = "", sentence[160];
	size_t at = 0;
	int rc = ask(l, Q_CHAIN, NULL, 0, why);

	while (ask_row(l, Q_CHAIN, &rc, why)) {
		char kept[DIGEST_HEX_MAX], again[DIGEST_HEX_MAX] = "";
		int64_t run = row_int(l, Q_CHAIN, 0);
		row_hash(l, Q_CHAIN, 1, kept);
		if (at < w->count && w->runs[at] == run) {
			seal_of(before, run, w->sums[at++], again);
		}
		if (strcmp(kept, again) != 0) {
			snprintf(sentence, sizeof sentence, "run %" PRId64 ": what it wrote was changed or removed "
							    "later; restore a backup", run);
			sink(context, sentence);
		}
		memcpy(before, kept, sizeof kept);
	}
	if (rc == 0 && at < w->count) {
		snprintf(sentence, sizeof sentence, "run %" PRId64 ": is not in the chain of runs; restore a backup", w->runs[at]);
		sink(context, sentence);
	}
	return rc;
}

int chain_check(struct ledger *l, ledger_finding_sink *sink, void *context, struct fault *why) {
	struct ledger_head head;
	struct written w = {0};
	int rc = ledger_head(l, &head, why);

	if (rc < 0 || head.run < 0) {
		return rc; /* a ledger of a former version has none */
	}
	rc = written_after(l, 0, &w, why);
	rc = rc < 0 ? rc : compare(l, &w, sink, context, why);
	written_release(&w);
	return rc < 0 ? rc : 0;
}
