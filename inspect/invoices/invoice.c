#include "inspect/invoices/invoice.h"

#include <stdlib.h>

#include "inspect/invoices/csv_row.h"
#include "core/decimal.h"
#include "core/exact.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/json.h"
#include "ledger/ledger.h"

#define FILE_MAX ((size_t)256 * 1024 * 1024)
#define COLUMNS_MAX 128

enum column { PERIOD, POOL, HOURS, AMOUNT, CURRENCY, START, END, QUANTITY, UNIT, COLUMNS };

/* What a column is called in the two forms; the first name that is there is taken. */
static const char *const names[COLUMNS][5] = {
	[PERIOD] = {"period"},
	[POOL] = {"pool", "ResourceName", "ResourceId", "SkuId", "ServiceName"},
	[HOURS] = {"gpu_hours"},
	[AMOUNT] = {"amount", "BilledCost"},
	[CURRENCY] = {"currency", "BillingCurrency"},
	[START] = {"ChargePeriodStart"},
	[END] = {"ChargePeriodEnd"},
	[QUANTITY] = {"ConsumedQuantity", "PricingQuantity"},
	[UNIT] = {"ConsumedUnit", "PricingUnit"},
};

struct reading {
	struct invoice *out;
	const char *path, *pool_column;
	int line;
	struct fault *why;
};

static int wrong(const struct reading *r, const char *what) {
	return fault_set(r->why, ERROR_CONFIG, "%s:%d: %s", r->path, r->line, what);
}

static bool take_period(const struct text f[COLUMNS], struct invoice_line *l) {
	struct text from;

	if (f[PERIOD].len > 0) {
		struct text rest = f[PERIOD];
		return ledger_period_parse(rest, &l->from_ns, &l->to_ns) ||
		       (text_until(&rest, T("/"), &from) && instant_parse(from, &l->from_ns) && instant_parse(rest, &l->to_ns) &&
		        l->from_ns < l->to_ns);
	}
	return instant_parse(f[START], &l->from_ns) && instant_parse(f[END], &l->to_ns) && l->from_ns < l->to_ns;
}

/* Providers write more places than nine: what is below is rounded, half to even. */
static bool take_amount(struct text t, int64_t *nano) {
	return decimal_parse(t, 0, nano) || (text_take_fixed(&t, 9, nano) && t.len == 0);
}

/* Hours with nine places to nanoseconds, exactly: they are 3600 ns per nano-hour. */
static bool take_hours(const struct text f[COLUMNS], struct invoice_line *l) {
	struct text t = f[HOURS].len > 0 ? f[HOURS] : f[QUANTITY];
	bool hours = f[HOURS].len > 0 || text_eq_nocase(f[UNIT], T("Hours")) || text_eq_nocase(f[UNIT], T("Hour")) ||
	             text_eq_nocase(f[UNIT], T("GPU-Hours"));
	int64_t nano;

	l->gpu_ns = -1;
	if (t.len == 0 || !hours) {
		return true;
	}
	return take_amount(t, &nano) && nano >= 0 && !__builtin_mul_overflow(nano, 3600, &l->gpu_ns);
}

static int take_line(struct reading *r, const struct text f[COLUMNS]) {
	struct invoice_line l = {.line = r->line};

	if (!take_period(f, &l)) {
		return wrong(r, "no period, expected 2026-10, 2026-10-07, FROM/TO, or ChargePeriodStart and ChargePeriodEnd");
	}
	if (!take_hours(f, &l)) {
		return wrong(r, "the hours are no number, expected such as 744.5");
	}
	if (!take_amount(f[AMOUNT], &l.amount_nano)) {
		return wrong(r, "the amount is no number, expected such as 1234.56");
	}
	l.pool = text_copy(f[POOL]);
	l.currency = text_copy(f[CURRENCY]);
	r->out->at = must_realloc(r->out->at, (r->out->count + 1) * sizeof *r->out->at);
	r->out->at[r->out->count++] = l;
	return 0;
}

/* ---- CSV ---- */

static bool is_named(const struct reading *r, enum column c, size_t k, struct text name) {
	if (c == POOL && r->pool_column) {
		return k == 0 && text_eq_nocase(name, text_of(r->pool_column));
	}
	return names[c][k] && text_eq_nocase(name, text_of(names[c][k]));
}

/* Which column of the file holds what: -1 where none does. */
static void find_columns(const struct reading *r, const struct text *header, size_t count, int at[COLUMNS]) {
	for (int c = 0; c < COLUMNS; c++) {
		at[c] = -1;
		for (size_t k = 0; k < 5 && at[c] < 0; k++) {
			for (size_t i = 0; i < count; i++) {
				at[c] = is_named(r, (enum column)c, k, header[i]) ? (int)i : at[c];
			}
		}
	}
}

static int read_csv(struct reading *r, struct text bytes) {
	struct text fields[COLUMNS_MAX], row, f[COLUMNS];
	int at[COLUMNS], rc = 0;

	for (r->line = 1; rc == 0 && csv_row_next(&bytes, &row); r->line++) {
		size_t n = csv_row_split(row, fields, COLUMNS_MAX);
		if (r->line == 1) {
			text_skip(&fields[0], T("\xef\xbb\xbf"));
			find_columns(r, fields, n, at);
			if (at[AMOUNT] < 0 || (at[PERIOD] < 0 && at[START] < 0)) {
				return wrong(r, "no header of an invoice, expected period,pool,gpu_hours,amount, or the columns of FOCUS");
			}
			continue;
		}
		if (text_trim(row).len == 0) {
			continue;
		}
		for (int c = 0; c < COLUMNS; c++) {
			f[c] = at[c] >= 0 && (size_t)at[c] < n ? fields[at[c]] : T("");
		}
		rc = take_line(r, f);
	}
	return rc;
}

/* ---- JSON: a list of objects with the columns as keys ---- */

/* The first of a column's names that the object has a value for. */
static struct text member_of(const struct reading *r, const struct json *j, json_at object, enum column c) {
	for (size_t k = 0; k < 5; k++) {
		for (json_at m = json_first(j, object); m != JSON_ABSENT; m = json_next(j, m)) {
			if (is_named(r, c, k, json_key(j, m)) && json_type(j, m) != JSON_NULL && json_raw(j, m).len > 0) {
				return json_raw(j, m);
			}
		}
	}
	return T("");
}

static int read_json(struct reading *r, struct text bytes) {
	struct json *j = json_new();
	size_t bad = 0;
	int column, rc = 0;

	if (!json_parse(j, bytes, &bad)) {
		text_place(bytes, bad, &r->line, &column);
		json_free(j);
		return wrong(r, "invalid JSON");
	}
	json_at list = json_type(j, 0) == JSON_OBJECT ? json_get(j, 0, T("data")) : 0;
	for (json_at v = json_first(j, list); v != JSON_ABSENT && rc == 0; v = json_next(j, v)) {
		struct text f[COLUMNS] = {{0}};
		for (int c = 0; c < COLUMNS; c++) {
			f[c] = member_of(r, j, v, (enum column)c);
		}
		text_place(bytes, json_offset(j, v), &r->line, &column);
		rc = take_line(r, f);
	}
	json_free(j);
	return rc;
}

int invoice_read(struct invoice *out, const char *path, const char *pool_column, struct fault *why) {
	struct reading r = {.out = out, .path = path, .pool_column = pool_column, .why = why};
	struct text bytes;
	int rc = file_read(path, FILE_MAX, &bytes, why);

	*out = (struct invoice){0};
	if (rc < 0) {
		return ERROR_CONFIG;
	}
	struct text start = text_trim(bytes);
	bool is_json = start.len > 0 && (start.at[0] == '[' || start.at[0] == '{');
	rc = is_json ? read_json(&r, bytes) : read_csv(&r, bytes);
	free((char *)(uintptr_t)bytes.at);
	if (rc == 0 && out->count == 0) {
		rc = fault_set(why, ERROR_CONFIG, "%s: no lines in it, expected those of an invoice", path);
	}
	if (rc < 0) {
		invoice_release(out);
	}
	return rc;
}

void invoice_release(struct invoice *i) {
	for (size_t k = 0; k < i->count; k++) {
		free(i->at[k].pool);
		free(i->at[k].currency);
	}
	free(i->at);
	*i = (struct invoice){0};
}
