/* runs.c: runs: commands, times, input files, and what was wrong with the logs. */
#include <assert.h>
#include <stdlib.h>
#include <zstd.h>

#include "ledger/book.h"
#include "ledger/notices.h"

#define LEVEL 9

static bool has_reach(const struct ledger_run *r) {
	return r->first_ns <= r->last_ns && (r->first_ns != 0 || r->last_ns != 0);
}

#define V_COUNTS(r) \
	V_INT((r)->counts[RECORD_STEP]), V_INT((r)->counts[RECORD_REQUEST]), V_INT((r)->counts[RECORD_WINDOW]), \
		V_INT((r)->counts[RECORD_POWER])
#define V_REACH(r, end) (has_reach(r) ? V_INT((r)->end) : V_NULL)

int ledger_run_add(struct ledger *l, const struct ledger_run *r, int64_t *id, struct fault *why) {
	int rc = ask_int(l, Q_RUN_ADD,
	                 VALUES(V_STR(r->command), V_STR(r->version), V_STR(r->rule), V_STR(r->currency), V_STR(r->basis),
	                        V_INT(r->started_ns), V_INT(r->finished_ns), V_INT(r->files), V_INT(r->lines),
	                        V_INT(r->records), V_INT(r->rejected), V_INT(r->duplicates), V_INT(r->restated),
	                        V_REACH(r, first_ns), V_REACH(r, last_ns), V_COUNTS(r)),
	                 id, why);

	return rc < 0 ? rc : 0;
}

int ledger_run_finish(struct ledger *l, const struct ledger_run *r, struct fault *why) {
	return ask_do(l, Q_RUN_FINISH,
	              VALUES(V_INT(r->id), V_STR(r->basis), V_INT(r->finished_ns), V_INT(r->files), V_INT(r->lines),
	                     V_INT(r->records), V_INT(r->rejected), V_INT(r->duplicates), V_INT(r->restated),
	                     V_REACH(r, first_ns), V_REACH(r, last_ns), V_COUNTS(r)), why);
}

static void row_run(struct ledger *l, enum query q, struct ledger_run *out) {
	*out = (struct ledger_run){
		.id = row_int(l, q, 0),
		.command = row_keep(l, q, 1, 0),
		.version = row_keep(l, q, 2, 1),
		.rule = row_keep(l, q, 3, 2),
		.currency = row_keep(l, q, 4, 3),
		.basis = row_keep(l, q, 5, 4),
		.started_ns = row_int(l, q, 6),
		.finished_ns = row_int(l, q, 7),
		.files = row_int(l, q, 8),
		.lines = row_int(l, q, 9),
		.records = row_int(l, q, 10),
		.rejected = row_int(l, q, 11),
		.duplicates = row_int(l, q, 12),
		.restated = row_int(l, q, 13),
		.first_ns = row_int(l, q, 14),
		.last_ns = row_int(l, q, 15),
		.counts = {[RECORD_STEP] = row_int(l, q, 16), [RECORD_REQUEST] = row_int(l, q, 17),
		           [RECORD_WINDOW] = row_int(l, q, 18), [RECORD_POWER] = row_int(l, q, 19)},
	};
}

int ledger_runs(struct ledger *l, ledger_run_sink *sink, void *context, struct fault *why) {
	struct ledger_run r;
	int rc = ask(l, Q_RUNS, NULL, 0, why);

	while (ask_row(l, Q_RUNS, &rc, why)) {
		row_run(l, Q_RUNS, &r);
		rc = sink(context, &r);
	}
	ask_end(l, Q_RUNS);
	return rc;
}

static int one_run(struct ledger *l, enum query q, const struct value *values, size_t count, struct ledger_run *out,
                   struct fault *why) {
	int rc = ask_first(l, q, values, count, why);

	if (rc <= 0) {
		return rc;
	}
	row_run(l, q, out);
	ask_end(l, q);
	return 1;
}

int ledger_run_get(struct ledger *l, int64_t id, struct ledger_run *out, struct fault *why) {
	return one_run(l, Q_RUN_GET, VALUES(V_INT(id)), out, why);
}

int ledger_run_last(struct ledger *l, struct ledger_run *out, struct fault *why) {
	return one_run(l, Q_RUN_LAST, NULL, 0, out, why);
}

/* ---- documents ---- */

/* 1 if the document is stored already: that of every night but the first, as a rule. */
static int has_document(struct ledger *l, const char *sha256, struct fault *why) {
	int rc = ask_first(l, Q_DOCUMENT_HAS, VALUES(V_STR(sha256)), why);

	if (rc > 0) {
		ask_end(l, Q_DOCUMENT_HAS);
	}
	return rc;
}

static int add_document(struct ledger *l, struct text bytes, const char *sha256, struct fault *why) {
	size_t room = ZSTD_compressBound(bytes.len);
	char *packed = must_alloc(room);
	size_t len = ZSTD_compress(packed, room, bytes.at ? bytes.at : "", bytes.len, LEVEL);
	if (ZSTD_isError(len)) {
		die_out_of_memory();
	}
	int rc = ask_do(l, Q_DOCUMENT_PUT, VALUES(V_STR(sha256), V_BLOB(((struct text){packed, len}))), why);
	free(packed);
	return rc;
}

int ledger_document_put(struct ledger *l, struct text bytes, char sha256[DIGEST_HEX_MAX], struct fault *why) {
	digest_of(bytes, sha256);
	int rc = has_document(l, sha256, why);
	return rc < 0 ? rc : rc > 0 ? 0 : add_document(l, bytes, sha256, why);
}

int document_hashes(struct ledger *l, char (**hashes)[DIGEST_HEX_MAX], size_t *count, struct fault *why) {
	int rc = ask(l, Q_DOCUMENTS, NULL, 0, why);

	*hashes = NULL;
	*count = 0;
	while (ask_row(l, Q_DOCUMENTS, &rc, why)) {
		*hashes = must_grow_by_count(*hashes, *count, sizeof **hashes);
		row_hash(l, Q_DOCUMENTS, 0, (*hashes)[(*count)++]);
	}
	return rc;
}

int document_unpack(struct text packed, struct text *out, struct fault *why) {
	unsigned long long size = ZSTD_getFrameContentSize(packed.at, packed.len);

	if (size > LEDGER_DOCUMENT_MAX) {
		return fault_set(why, ERROR_IO, "the ledger is damaged: a document cannot be unpacked; restore a backup");
	}
	char *at = must_alloc((unsigned long)size + 1);
	size_t len = ZSTD_decompress(at, (size_t)size, packed.at, packed.len);
	if (ZSTD_isError(len)) {
		free(at);
		return fault_set(why, ERROR_IO, "the ledger is damaged: a document cannot be unpacked; restore a backup");
	}
	at[len] = '\0';
	*out = (struct text){at, len};
	return 1;
}

int ledger_document_get(struct ledger *l, const char *sha256, struct text *out, struct fault *why) {
	int rc = ask_first(l, Q_DOCUMENT_GET, VALUES(V_STR(sha256)), why);

	if (rc <= 0) {
		return rc;
	}
	rc = document_unpack(row_text(l, Q_DOCUMENT_GET, 0), out, why);
	ask_end(l, Q_DOCUMENT_GET);
	return rc;
}

int ledger_document_last(struct ledger *l, const char *kind, char sha256[DIGEST_HEX_MAX], struct fault *why) {
	enum query q = Q_DOCUMENT_LAST;
	int rc = ask_first(l, q, VALUES(V_STR(kind)), why);

	if (rc <= 0) {
		return rc;
	}
	row_hash(l, q, 0, sha256);
	ask_end(l, q);
	return 1;
}

int ledger_run_document(struct ledger *l, int64_t run, const char *kind, int64_t seq, const char *path,
                        const char *sha256, struct fault *why) {
	return ask_do(l, Q_RUN_DOCUMENT, VALUES(V_INT(run), V_STR(kind), V_INT(seq), V_STR(path), V_STR(sha256)), why);
}

int ledger_run_document_get(struct ledger *l, int64_t run, const char *kind, int64_t seq, const char **path,
                            const char **sha256, struct fault *why) {
	enum query q = Q_RUN_DOCUMENT_GET;
	int rc = ask_first(l, q, VALUES(V_INT(run), V_STR(kind), V_INT(seq)), why);

	if (rc <= 0) {
		return rc;
	}
	*path = row_keep(l, q, 0, 5);
	*sha256 = row_keep(l, q, 1, 6);
	ask_end(l, q);
	return 1;
}

/* ---- quality ---- */

int ledger_quality_put(struct ledger *l, int64_t run, const struct quality *q, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < q->reject_count && rc == 0; i++) {
		const struct quality_reject *r = &q->rejects[i];
		rc = ask_do(l, Q_REJECT_PUT, VALUES(V_INT(run), V_STR(r->reason), V_INT(r->lines), V_STR(r->first)), why);
	}
	for (size_t i = 0; i < q->damage_count && rc == 0; i++) {
		const struct quality_damage *d = &q->damages[i];
		rc = ask_do(l, Q_DAMAGE_PUT, VALUES(V_INT(run), V_STR(d->file), V_STR(d->reason), V_INT(d->offset)), why);
	}
	for (size_t i = 0; i < q->warning_count && rc == 0; i++) {
		if (!quality_is_finding(q, q->warnings[i])) {
			rc = ask_do(l, Q_WARNING_PUT, VALUES(V_INT(run), V_STR(q->warnings[i])), why);
		}
	}
	return rc == 0 ? notices_put(l, run, q, why) : rc;
}

/* Counts that an earlier run made: the first line is that of the earliest run. */
static void add_reject(struct quality *out, const char *reason, int64_t lines, const char *first, uint64_t rank) {
	struct quality one;

	quality_init(&one);
	one.rejects = must_alloc(sizeof *one.rejects);
	one.rejects[0] = (struct quality_reject){must_copy(reason), lines, must_copy(first), rank};
	one.reject_count = 1;
	quality_merge(out, &one);
	quality_release(&one);
}

static int get_rejects(struct ledger *l, int64_t as_of, struct quality *out, struct fault *why) {
	int rc = ask(l, Q_REJECTS, VALUES(V_INT(as_of)), why);

	while (ask_row(l, Q_REJECTS, &rc, why)) {
		const char *reason = row_keep(l, Q_REJECTS, 0, 5), *first = row_keep(l, Q_REJECTS, 2, 6);
		add_reject(out, reason, row_int(l, Q_REJECTS, 1), first, (uint64_t)row_int(l, Q_REJECTS, 3));
	}
	return rc;
}

static int get_damages(struct ledger *l, int64_t as_of, struct quality *out, struct fault *why) {
	int rc = ask(l, Q_DAMAGES, VALUES(V_INT(as_of)), why);

	while (ask_row(l, Q_DAMAGES, &rc, why)) {
		quality_damage(out, row_keep(l, Q_DAMAGES, 0, 5), row_keep(l, Q_DAMAGES, 1, 6), row_int(l, Q_DAMAGES, 2));
	}
	return rc;
}

static int get_warnings(struct ledger *l, enum query q, int64_t as_of, int64_t from_ns, int64_t to_ns, struct quality *out, struct fault *why) {
	struct notices notices = {0};
	int rc = ask(l, q, VALUES(V_INT(as_of)), why);

	while (ask_row(l, q, &rc, why)) {
		const char *sentence = row_keep(l, q, 0, 5);
		if (!notices_add(&notices, sentence, row_int(l, q, 1))) {
			quality_warn(out, "%s", sentence);
		}
	}
	notices_move_to(&notices, from_ns, to_ns, out);
	return rc;
}

static int get_inputs(struct ledger *l, int64_t as_of, struct quality *out, struct fault *why) {
	int rc = ask(l, Q_INPUTS, VALUES(V_INT(as_of)), why);

	while (ask_row(l, Q_INPUTS, &rc, why)) {
		struct quality_input in = {
			.file = l->kept[5],
			.bytes = row_int(l, Q_INPUTS, 1),
			.lines = row_int(l, Q_INPUTS, 4),
			.records = row_int(l, Q_INPUTS, 5),
		};
		row_keep(l, Q_INPUTS, 0, 5);
		row_keep(l, Q_INPUTS, 3, 6);
		in.file = l->kept[5];
		in.format = l->kept[6];
		row_hash(l, Q_INPUTS, 2, in.sha256);
		quality_add_input(out, &in);
	}
	return rc;
}

/* If a run of a former version did not count by kind, the present number is used. */
static int get_record_sums(struct ledger *l, int64_t as_of, struct quality *out, struct fault *why) {
	int64_t uncounted = 0;
	int rc = ask_int(l, Q_RUNS_UNCOUNTED, NULL, 0, &uncounted, why);
	enum query q = uncounted > 0 ? Q_RECORD_SUMS : Q_RUN_RECORD_SUMS;

	rc = rc < 0 ? rc : uncounted > 0 ? ask_first(l, q, NULL, 0, why) : ask_first(l, q, VALUES(V_INT(as_of)), why);
	if (rc < 0) {
		return rc;
	}
	out->steps = row_int(l, q, 0);
	out->requests = row_int(l, q, 1);
	out->windows = row_int(l, q, 2);
	out->powers = row_int(l, q, 3);
	ask_end(l, q);
	return 0;
}

static int get_sums(struct ledger *l, int64_t as_of, struct quality *out, struct fault *why) {
	int rc = ask_first(l, Q_QUALITY_SUMS, VALUES(V_INT(as_of)), why);

	if (rc < 0) {
		return rc;
	}
	out->lines = row_int(l, Q_QUALITY_SUMS, 0);
	out->duplicates = row_int(l, Q_QUALITY_SUMS, 1);
	ask_end(l, Q_QUALITY_SUMS);
	return get_record_sums(l, as_of, out, why);
}

/* Days are in order: the first place is that of the first day with one. */
static int get_joins(struct ledger *l, int64_t as_of, struct quality *out, struct fault *why) {
	int rc = ask(l, Q_JOINS, VALUES(V_INT(as_of)), why);

	while (ask_row(l, Q_JOINS, &rc, why)) {
		struct quality day;
		quality_init(&day);
		row_joins(l, Q_JOINS, &day.joins);
		quality_merge(out, &day);
		quality_release(&day);
	}
	return rc;
}

int ledger_stated_get(struct ledger *l, struct quality *out, struct fault *why) {
	int rc = get_warnings(l, Q_STATED, INT64_MAX, INT64_MIN, INT64_MAX, out, why);

	quality_sort(out);
	return rc;
}

int ledger_quality_collect(struct ledger *l, int64_t as_of, int64_t from_ns, int64_t to_ns, struct quality *out, struct fault *why) {
	int rc = get_sums(l, as_of, out, why);

	rc = rc < 0 ? rc : get_rejects(l, as_of, out, why);
	rc = rc < 0 ? rc : get_damages(l, as_of, out, why);
	rc = rc < 0 ? rc : get_warnings(l, Q_WARNINGS, as_of, from_ns, to_ns, out, why);
	rc = rc < 0 ? rc : get_inputs(l, as_of, out, why);
	rc = rc < 0 ? rc : get_joins(l, as_of, out, why);
	notices_settle(out);
	quality_sort(out);
	return rc;
}

int ledger_quality_get(struct ledger *l, int64_t as_of, struct quality *out, struct fault *why) {
	int rc = ledger_quality_collect(l, as_of, INT64_MIN, INT64_MAX, out, why);

	quality_report_joins(out);
	quality_sort(out);
	return rc;
}
