/* breakdowns.c: what the book keeps of its days besides entries (tollbook.breakdowns.v1), given to a statement. */
#include <stdlib.h>

#include "book/book.h"
#include "core/instant.h"
#include "core/json.h"

struct reading {
	struct book *b;
	struct statement *statement;
	struct json *json;
	int rc;
	int64_t as_of, day_ns; /* the day that `lines` are of */
	char *lines;           /* of the last run so far; NULL: none */
};

#define FIGURES_MAX 8

/* The figures of a row, behind its first `skip` members; false if it is of another form, or one is negative. */
static bool read_figures(const struct json *j, json_at row, int skip, int count, int64_t out[FIGURES_MAX]) {
	json_at v = json_first(j, row);

	for (; skip > 0 && v != JSON_ABSENT; skip--) {
		v = json_next(j, v);
	}
	for (int i = 0; i < count; i++, v = json_next(j, v)) {
		if (v == JSON_ABSENT || !json_i64(j, v, &out[i]) || out[i] < -1) {
			return false;
		}
	}
	return true;
}

static name_id model_of(struct reading *r, json_at row) {
	char name[2048];
	return names_id(r->b->names, json_string(r->json, json_first(r->json, row), name, sizeof name));
}

static int add_position(struct reading *r, json_at row) {
	int64_t f[FIGURES_MAX];

	if (!read_figures(r->json, row, 1, 6, f) || f[0] < 0 || f[0] > ENTRY_OUTPUT || f[1] < 0 || f[1] >= f[2] || f[4] < 0 || f[5] < 0) {
		return 0;
	}
	return statement_add_position(r->statement, &(struct position_row){model_of(r, row), (enum entry_kind)f[0], f[1], f[2], f[3], f[4], f[5]});
}

static int add_rule(struct reading *r, json_at row) {
	int64_t f[FIGURES_MAX];
	json_at rule = json_next(r->json, json_first(r->json, row));

	if (rule == JSON_ABSENT || !read_figures(r->json, row, 2, 3, f) || f[1] < 0 || f[2] < 0) {
		return 0;
	}
	char name[64];
	struct text word = json_string(r->json, rule, name, sizeof name);
	const char *kept = names_text(r->b->names, names_id(r->b->names, word)).at;
	return statement_add_rule(r->statement, &(struct rule_row){kept, model_of(r, row), f[0], f[1], f[2]});
}

static int add_batch(struct reading *r, json_at row) {
	int64_t f[FIGURES_MAX];

	if (!read_figures(r->json, row, 1, 7, f) || f[0] < 1 || f[0] > f[1] || f[3] < 0 || f[4] < 0 || f[5] < 0 || f[6] < 0) {
		return 0;
	}
	return statement_add_batch(r->statement, &(struct batch_row){model_of(r, row), f[0], f[1], f[2], f[3], f[4], f[5], f[6]});
}

static void read_rows(struct reading *r, struct text key, int (*add)(struct reading *, json_at)) {
	json_at rows = json_get(r->json, 0, key);

	for (json_at v = rows == JSON_ABSENT ? rows : json_first(r->json, rows); v != JSON_ABSENT && r->rc >= 0; v = json_next(r->json, v)) {
		r->rc = json_type(r->json, v) == JSON_ARRAY ? add(r, v) : 0;
	}
}

static int read_lines(struct reading *r) {
	bool page = r->b->set.format && strcmp(r->b->set.format, "html") == 0; /* has pictures of all that the book knows */

	if (!r->lines || !json_parse(r->json, text_of(r->lines), NULL)) {
		return 0;
	}
	if (page || r->b->set.by.position) {
		read_rows(r, T("positions"), add_position);
	}
	if (page || r->b->set.compare_rules) {
		read_rows(r, T("rules"), add_rule);
	}
	read_rows(r, T("batches"), add_batch);
	return r->rc;
}

/* Of each day the last ones up to the run that is asked for: they come by day, then run. */
static int read_day(void *reading, int64_t day_ns, const char *part, struct text lines) {
	struct reading *r = reading;
	int64_t run = 0;
	struct text number = text_of(is_breakdowns_part(part) ? part + BREAKDOWNS_PART_LEN : "");
	int rc = 0;

	if (!text_take_i64(&number, &run) || run > r->as_of) {
		return 0;
	}
	if (day_ns != r->day_ns) {
		rc = read_lines(r);
	}
	free(r->lines);
	r->lines = text_copy(lines);
	r->day_ns = day_ns;
	return rc;
}

/* Days are kept as a whole: of a period that begins or ends within one there is nothing. */
static bool has_whole_days(int64_t from_ns, int64_t to_ns) {
	return (from_ns == INT64_MIN || from_ns % NS_PER_DAY == 0) && (to_ns == INT64_MAX || to_ns % NS_PER_DAY == 0);
}

int book_add_breakdowns(struct book *b, struct book_statement *s, int64_t from_ns, int64_t to_ns, struct fault *why) {
	struct reading r = {.b = b, .statement = s->statement, .as_of = s->as_of, .day_ns = INT64_MIN};

	if (!has_whole_days(from_ns, to_ns)) {
		return !b->set.by.position ? 0 : fault_set(why, ERROR_CONFIG, "--by position: the book keeps it of whole days, expected --from and --to at midnight UTC");
	}
	r.json = json_new();
	int rc = ledger_fits(b->ledger, from_ns, to_ns, read_day, &r, why);
	rc = rc < 0 ? rc : read_lines(&r);
	free(r.lines);
	json_free(r.json);
	return rc;
}
