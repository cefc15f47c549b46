/* periods.c: closed periods, and their adjustments. */
#include <assert.h>

#include "core/exact.h"
#include "core/instant.h"
#include "ledger/book.h"

static bool two_digits(struct text t, size_t at, int *out) {
	int64_t n;
	struct text part = text_cut(t, at, at + 2);

	if (part.len != 2 || part.at[0] == '-' || !text_to_i64(part, &n)) {
		return false;
	}
	*out = (int)n;
	return true;
}

bool ledger_period_parse(struct text name, int64_t *from_ns, int64_t *to_ns) {
	struct civil c = {.day = 1};
	int64_t year;
	bool is_day = name.len == 10;

	if ((name.len != 7 && !is_day) || name.at[4] != '-' || (is_day && name.at[7] != '-') ||
	    !text_to_i64(text_cut(name, 0, 4), &year) || !two_digits(name, 5, &c.month) ||
	    (is_day && !two_digits(name, 8, &c.day))) {
		return false;
	}
	c.year = (int)year;
	if (!civil_valid(&c) || !civil_to_instant(&c, from_ns)) {
		return false;
	}
	int64_t days = is_day ? 1 : civil_days(c.year, c.month + 1, 1) - civil_days(c.year, c.month, 1);
	*to_ns = *from_ns + days * NS_PER_DAY;
	return true;
}

int ledger_period_close(struct ledger *l, const struct ledger_period *p, struct fault *why) {
	return ask_do(l, Q_PERIOD_ADD, VALUES(V_STR(p->name), V_INT(p->from_ns), V_INT(p->to_ns), V_INT(p->run),
	                                      V_STR(p->statement), V_STR(p->entries)), why);
}

int ledger_period_reopen(struct ledger *l, int64_t id, int64_t run, const char *reason, struct fault *why) {
	return ask_do(l, Q_PERIOD_REOPEN, VALUES(V_INT(id), V_INT(run), V_STR(reason)), why);
}

int ledger_period_hash(struct ledger *l, int64_t from_ns, int64_t to_ns, char hash[DIGEST_HEX_MAX],
                       struct fault *why) {
	struct digest *d = digest_new();
	char day[INSTANT_TEXT_MAX];
	int rc = ask(l, Q_PERIOD_HASHES, VALUES(V_INT(from_ns), V_INT(to_ns)), why);

	while (ask_row(l, Q_PERIOD_HASHES, &rc, why)) {
		digest_add(d, text_of(instant_format(row_int(l, Q_PERIOD_HASHES, 0), day)));
		digest_add(d, T("\t"));
		digest_add(d, row_text(l, Q_PERIOD_HASHES, 1));
		digest_add(d, T("\t"));
		digest_add(d, row_text(l, Q_PERIOD_HASHES, 2));
		digest_add(d, T("\n"));
	}
	digest_finish(d, hash);
	digest_free(d);
	return rc;
}

int ledger_periods(struct ledger *l, ledger_period_sink *sink, void *context, struct fault *why) {
	enum query q = Q_PERIODS;
	int rc = ask(l, q, NULL, 0, why);

	while (ask_row(l, q, &rc, why)) {
		struct ledger_period p = {
			.id = row_int(l, q, 0),
			.name = row_keep(l, q, 1, 0),
			.from_ns = row_int(l, q, 2),
			.to_ns = row_int(l, q, 3),
			.run = row_int(l, q, 4),
			.reopened_run = row_int(l, q, 5),
			.reason = row_keep(l, q, 6, 1),
			.statement = row_keep(l, q, 7, 2),
			.entries = row_keep(l, q, 8, 3),
		};
		rc = sink(context, &p);
	}
	ask_end(l, q);
	return rc;
}

int ledger_period_at(struct ledger *l, int64_t day_ns, int64_t *id, struct fault *why) {
	*id = 0;
	return ask_int(l, Q_PERIOD_AT, VALUES(V_INT(day_ns)), id, why);
}

int ledger_adjustments(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t as_of, ledger_adjustment_sink *sink,
                       void *context, struct fault *why) {
	enum query q = Q_ADJUSTMENTS;
	int rc = ask(l, q, VALUES(V_INT(from_ns), V_INT(to_ns), V_INT(as_of)), why);

	while (ask_row(l, q, &rc, why)) {
		struct ledger_adjustment a = {
			.period = row_int(l, q, 18),
			.run = row_int(l, q, 19),
			.posted_ns = row_int(l, q, 20),
			.period_name = row_keep(l, q, 21, 0),
		};
		row_entry(l, q, &a.entry);
		rc = sink(context, &a);
	}
	ask_end(l, q);
	return rc;
}
