/* Breakdowns as a ledger keeps them of a day (tollbook.breakdowns.v1), read into a statement. */
#include <stdlib.h>

#include "core/json.h"
#include "report/statement.h"

struct reading {
	struct statement *statement;
	struct names *names;
	struct json *json;
	int rc;
};

#define FIGURES_MAX 8

struct bounds {
	int64_t least, most;
};
#define COUNTED {0, INT64_MAX}
#define MAYBE {-1, INT64_MAX} /* a rate may be unknown */
#define ONE_OR_MORE {1, INT64_MAX}
#define COUNT_OF(array) (int)(sizeof(array) / sizeof *(array))

/* The figures of a row, after its first `skip` members; false if it has another form, or one is outside of its bounds. */
static bool read_figures(const struct json *j, json_at row, int skip, const struct bounds *bounds, int count, int64_t *out) {
	json_at v = json_first(j, row);

	for (; skip > 0 && v != JSON_ABSENT; skip--) {
		v = json_next(j, v);
	}
	for (int i = 0; i < count; i++, v = json_next(j, v)) {
		if (!json_i64(j, v, &out[i]) || out[i] < bounds[i].least || out[i] > bounds[i].most) {
			return false;
		}
	}
	return true;
}

static name_id model_of(struct reading *r, json_at row) {
	char name[2048];
	return names_id(r->names, json_string(r->json, json_first(r->json, row), name, sizeof name));
}

static int add_position(struct reading *r, json_at row) {
	static const struct bounds bounds[] = {{0, ENTRY_OUTPUT}, COUNTED, ONE_OR_MORE, MAYBE, COUNTED, COUNTED}, last = COUNTED;
	int64_t f[FIGURES_MAX], low = 0; /* a book of an older version has no low end */

	if (!read_figures(r->json, row, 1, bounds, COUNT_OF(bounds), f) || f[1] >= f[2]) {
		return 0;
	}
	read_figures(r->json, row, 1 + COUNT_OF(bounds), &last, 1, &low);
	return statement_add_position(r->statement, &(struct position_row){model_of(r, row), (enum entry_kind)f[0], f[1], f[2], low, f[3], f[4], f[5]});
}

static int add_rule(struct reading *r, json_at row) {
	static const struct bounds bounds[] = {MAYBE, COUNTED, COUNTED};
	int64_t f[FIGURES_MAX];
	char name[64];

	if (!read_figures(r->json, row, 2, bounds, COUNT_OF(bounds), f)) {
		return 0;
	}
	struct text word = json_string(r->json, json_next(r->json, json_first(r->json, row)), name, sizeof name);
	const char *kept = names_text(r->names, names_id(r->names, word)).at;
	return statement_add_rule(r->statement, &(struct rule_row){kept, model_of(r, row), f[0], f[1], f[2]});
}

static int add_batch(struct reading *r, json_at row) {
	static const struct bounds bounds[] = {ONE_OR_MORE, ONE_OR_MORE, MAYBE, COUNTED, COUNTED, COUNTED, COUNTED};
	int64_t f[FIGURES_MAX];

	if (!read_figures(r->json, row, 1, bounds, COUNT_OF(bounds), f) || f[0] > f[1]) {
		return 0;
	}
	return statement_add_batch(r->statement, &(struct batch_row){model_of(r, row), f[0], f[1], f[2], f[3], f[4], f[5], f[6]});
}

static int add_curve(struct reading *r, json_at row) {
	static const struct bounds bounds[] = {ONE_OR_MORE, COUNTED, COUNTED, COUNTED};
	int64_t f[FIGURES_MAX];

	if (!read_figures(r->json, row, 1, bounds, COUNT_OF(bounds), f)) {
		return 0;
	}
	return statement_add_curve(r->statement, &(struct curve_row){model_of(r, row), f[0], f[1], f[2], f[3]});
}

/* Places under a roofline, in cells, which may be below 1 FLOP and so negative. */
static int add_roof(struct reading *r, json_at row) {
	static const struct bounds peaks[] = {ONE_OR_MORE, ONE_OR_MORE, ONE_OR_MORE},
				   place[] = {{0, ROOF_ROW_KINDS - 1}, {INT16_MIN + 1, INT16_MAX - 1}, {INT16_MIN + 1, INT16_MAX - 1}, ONE_OR_MORE, COUNTED};
	char name[2048];
	int64_t f[FIGURES_MAX];
	json_at gpu = json_next(r->json, json_first(r->json, row)), cells = gpu;
	int rc = 0;

	if (!read_figures(r->json, row, 2, peaks, COUNT_OF(peaks), f)) {
		return 0;
	}
	struct roof_row to = {.model = model_of(r, row), .gpus = f[0], .flop_s = f[1], .byte_s = f[2]};
	to.gpu = names_id(r->names, json_string(r->json, gpu, name, sizeof name));
	for (int i = 0; i <= COUNT_OF(peaks) && cells != JSON_ABSENT; i++) {
		cells = json_next(r->json, cells);
	}
	for (json_at cell = json_first(r->json, cells); cell != JSON_ABSENT && rc >= 0; cell = json_next(r->json, cell)) {
		if (read_figures(r->json, cell, 0, place, COUNT_OF(place), f)) {
			to.kind = f[0], to.x = f[1], to.y = f[2], to.steps = f[3], to.gpu_ns = f[4];
			rc = statement_add_roof(r->statement, &to);
		}
	}
	return rc;
}

static void read_rows(struct reading *r, struct text key, int (*add)(struct reading *, json_at)) {
	json_at rows = json_get(r->json, 0, key);

	for (json_at v = json_first(r->json, rows); v != JSON_ABSENT && r->rc >= 0; v = json_next(r->json, v)) {
		r->rc = json_type(r->json, v) == JSON_ARRAY ? add(r, v) : 0;
	}
}

int statement_add_breakdowns(struct statement *s, struct names *names, struct text lines, bool positions, bool rules) {
	struct reading r = {.statement = s, .names = names, .json = json_new()};

	if (json_parse(r.json, lines, NULL)) {
		if (positions) {
			read_rows(&r, T("positions"), add_position);
		}
		if (rules) {
			read_rows(&r, T("rules"), add_rule);
		}
		read_rows(&r, T("batches"), add_batch);
		read_rows(&r, T("curves"), add_curve);
		read_rows(&r, T("roofline"), add_roof);
	}
	json_free(r.json);
	return r.rc;
}

int statement_add_rows(struct statement *s, struct names *names, struct quality *q, bool described, bool positions, bool rules) {
	if (described) {
		quality_missing(q, "steps under the roofline", "tollbook run, or ingest and attribute: tasks of tollbook shard do not keep them", NULL);
	}
	return quality_each_row(q, names, &(struct quality_row_sinks){.batch = statement_add_batch, .position = positions ? statement_add_position : NULL,
	                                                             .rule = rules ? statement_add_rule : NULL, .curve = statement_add_curve, .context = s});
}

int statement_add_notes(struct statement *s, struct names *names, struct quality *q, bool described, bool positions, bool rules) {
	int64_t busy = quality_rows_busy_ns(q);

	if (busy == statement_busy_ns(s)) {
		return statement_add_rows(s, names, q, described, positions, rules);
	}
	if (busy >= 0) {
		quality_missing(q, "cost by position, rule and batch", "a report of the whole time of one plan: tasks of tollbook shard keep them for all of it", "--from, --to");
	}
	return 0;
}
