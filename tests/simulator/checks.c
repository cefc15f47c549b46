/* checks.c: properties that a book must have. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "book/from_logs.h"
#include "core/decimal.h"
#include "core/json.h"
#include "inspect/inspect.h"
#include "tests/simulator/world.h"

/* ---- a statement as JSON ---- */

struct statement_json {
	struct json *json;
	struct text bytes;
};

static bool statement_read(struct world *w, const char *path, struct statement_json *out) {
	const struct node *n = disk_find(&w->machine.disk, path);

	*out = (struct statement_json){.json = json_new()};
	if (!n) {
		world_fail(w, "%s is not there", path);
		return false;
	}
	out->bytes = (struct text){(const char *)n->now.at, n->now.len};
	if (!json_parse(out->json, out->bytes, NULL)) {
		world_fail(w, "%s is no JSON", path);
		return false;
	}
	return true;
}

static int64_t integer_at(const struct json *j, json_at object, const char *key) {
	int64_t n = 0;
	json_at v = json_get(j, object, text_of(key));

	return v != JSON_ABSENT && json_i64(j, v, &n) ? n : 0;
}

static int64_t money_at(const struct json *j, json_at object, const char *key) {
	int64_t nano = 0;

	(void)!decimal_parse(json_raw(j, json_get(j, object, text_of(key))), 0, &nano);
	return nano;
}

/* The parts of GPU time and cost sum to the capacity, in the total and in each row, and rows to the total. */
static void check_identity(struct world *w, const struct statement_json *s) {
	static const char *const parts[] = {"prefill", "decode", "other", "idle", "unobserved"};
	const struct json *j = s->json;
	json_at total = json_get(j, 0, T("total")), rows = json_get(j, 0, T("rows"));
	int64_t rows_ns = 0, rows_nano = 0;

	json_at gpu = json_get(j, total, T("gpu_ns")), cost = json_get(j, total, T("cost"));
	int64_t ns = integer_at(j, gpu, "capacity"), nano = money_at(j, cost, "capacity");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		ns -= integer_at(j, gpu, parts[i]);
		nano -= money_at(j, cost, parts[i]);
	}
	for (json_at row = json_first(j, rows); row != JSON_ABSENT; row = json_next(j, row)) {
		rows_ns += integer_at(j, json_get(j, row, T("gpu_ns")), "capacity");
		rows_nano += money_at(j, json_get(j, row, T("cost")), "capacity");
	}
	if (ns != 0 || nano != 0) {
		world_fail(w, "the parts of the total miss %" PRId64 " ns and %" PRId64 " nano of it", ns, nano);
	}
	if (rows_ns != integer_at(j, gpu, "capacity") || rows_nano != money_at(j, cost, "capacity")) {
		world_fail(w, "rows sum to %" PRId64 " ns and %" PRId64 " nano, the total is %" PRId64 " and %" PRId64, rows_ns, rows_nano,
		     integer_at(j, gpu, "capacity"), money_at(j, cost, "capacity"));
	}
}

/* ---- properties ---- */

/* Each request that is in the logs counts once. Where a month is closed, late ones are adjustments. */
static void check_sums(struct world *w) {
	struct logs_sum logs = logs_world_sum(&w->logs);
	struct statement_totals t = {0};
	struct fault why = {0};

	if (world_totals(w, false, &t, &why) < 0) {
		world_fail(w, "no report: %s", why.message);
		return;
	}
	if (w->closed || !logs.whole) {
		return;
	}
	if (t.requests != logs.requests) {
		world_fail(w, "%" PRId64 " requests, the logs have %" PRId64, t.requests, logs.requests);
	} else if (w->logs.requests_only && (t.input_ntok + t.cached_ntok != logs.prompt || t.output_ntok != logs.output)) {
		world_fail(w, "%" PRId64 " and %" PRId64 " tokens, the logs have %" PRId64 " and %" PRId64, t.input_ntok + t.cached_ntok, t.output_ntok,
		     logs.prompt, logs.output);
	}
	w->seen = t.requests;
}

static bool same_totals(const struct statement_totals *a, const struct statement_totals *b) {
	return a->requests == b->requests && a->input_ntok == b->input_ntok && a->cached_ntok == b->cached_ntok && a->output_ntok == b->output_ntok &&
	       a->capacity_ns == b->capacity_ns && a->capacity_nano == b->capacity_nano;
}

static void check_month(struct world *w) {
	struct statement_totals t = {0};
	struct fault why = {0};

	if (w->closed && world_totals(w, true, &t, &why) >= 0 && !same_totals(&t, &w->month)) {
		world_fail(w, "the closed month changed: %" PRId64 " requests, %" PRId64 " ns; it was closed with %" PRId64 ", %" PRId64, t.requests, (int64_t)t.capacity_ns,
		     w->month.requests, (int64_t)w->month.capacity_ns);
	}
}

/* After an undisturbed night. */
void world_check_night(struct world *w) {
	struct statement_json s;
	struct logs_sum logs = logs_world_sum(&w->logs);

	check_sums(w);
	check_month(w);
	if (logs.requests > 0 && statement_read(w, DISK_ROOT "/book.json", &s)) {
		check_identity(w, &s);
	}
	if (logs.requests > 0) {
		json_free(s.json);
	}
}

void world_check_verify(struct world *w) {
	const struct verify_settings all = {.all = true};
	struct list catalogues;
	struct book_settings set = world_settings(DISK_ROOT "/book", &catalogues);
	struct fault why = {0};

	set.fleet = DISK_ROOT "/fleet.json";
	w->heard[0] = '\0';
	int rc = verify_book(&set, &w->terminal, &all, &why);
	if (rc != EXIT_TIED_OUT) {
		world_fail(w, "verify: %d: %s %s", rc, rc < 0 ? why.message : "", w->heard);
	}
}

/* The same bytes as a book that read all logs in one night. */
void world_check_once(struct world *w) {
	static const char *const parts[] = {"total", "models", "tenants", "rows"};
	struct statement_json a, b = {0};
	struct fault why = {0};

	if (world_night(w, DISK_ROOT "/once.conf", &why) < 0) {
		world_fail(w, "a night at once: %s", why.message);
		return;
	}
	if (!disk_find(&w->machine.disk, DISK_ROOT "/once.json")) {
		return;
	}
	if (statement_read(w, DISK_ROOT "/book.json", &a) && statement_read(w, DISK_ROOT "/once.json", &b)) {
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
			struct text x = json_raw(a.json, json_get(a.json, 0, text_of(parts[i]))), y = json_raw(b.json, json_get(b.json, 0, text_of(parts[i])));
			if (!text_eq(x, y)) {
				world_fail(w, "%s: not as in a book of one night", parts[i]);
			}
		}
	}
	json_free(a.json);
	if (b.json) {
		json_free(b.json);
	}
}

/* GPU time and tokens equal those of `run`. */
void world_check_run(struct world *w) {
	static const char *const logs[] = {DISK_ROOT "/logs"};
	static const struct pages_settings no_pages;
	struct list catalogues;
	struct book_settings set = world_settings(NULL, &catalogues);
	struct statement_totals book = {0}, run;
	struct from_logs *j = NULL;
	struct fault why = {0};

	set.fleet = DISK_ROOT "/fleet.json";
	set.logs = (struct list){(const char **)(uintptr_t)logs, 1};
	int rc = from_logs_new(&j, &set, &w->terminal, &no_pages, &why);
	if (rc < 0) {
		world_fail(w, "run: %s", why.message);
	} else if (rc == 0 && world_totals(w, false, &book, &why) > 0) {
		run = statement_totals(from_logs_statement(j));
		book.capacity_nano = run.capacity_nano; /* rounded by days in a book */
		if (!same_totals(&book, &run)) {
			world_fail(w, "%" PRId64 " requests, %" PRId64 " ns in the book, %" PRId64 ", %" PRId64 " of run", book.requests, (int64_t)book.capacity_ns, run.requests,
			     (int64_t)run.capacity_ns);
		}
	}
	from_logs_free(j);
}
