/* content.c: names and sums of what is in a ledger, to be compared with other ledgers. */
#include <stdlib.h>

#include "core/instant.h"
#include "core/sorted.h"
#include "ledger/book.h"

static int by_number(const void *a, const void *b) {
	const name_id *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static name_id name_of(struct ledger *l, enum query q, enum ledger_content what) {
	return what == LEDGER_PLANS ? names_id(l->names, row_text(l, q, 0)) : name_here(l, row_int(l, q, 0));
}

/* Postings are of whole days. */
static int64_t day_of(int64_t from_ns) {
	return from_ns > INT64_MIN + NS_PER_DAY ? instant_floor(from_ns, NS_PER_DAY) : from_ns;
}

int ledger_content(struct ledger *l, enum ledger_content what, int64_t from_ns, int64_t to_ns, int64_t as_of, name_id **out,
                   size_t *count, struct fault *why) {
	static const enum query queries[] = {
		[LEDGER_REPLICAS] = Q_IN_REPLICAS, [LEDGER_POOLS] = Q_IN_POOLS, [LEDGER_POOLS_ALONE] = Q_IN_POOLS_ALONE, [LEDGER_PLANS] = Q_IN_PLANS,
	};
	enum query q = queries[what];
	const struct value values[] = {V_INT(what != LEDGER_PLANS ? day_of(from_ns) : from_ns), V_INT(to_ns), V_INT(as_of), V_NAME(0)};
	int rc = ask(l, q, values, what == LEDGER_POOLS_ALONE ? 4 : 3, why);

	*out = NULL;
	*count = 0;
	while (ask_row(l, q, &rc, why)) {
		*out = must_grow_by_count(*out, *count, sizeof **out);
		(*out)[(*count)++] = name_of(l, q, what);
	}
	sort_items(*out, *count, sizeof **out, by_number);
	return rc;
}

int ledger_loads(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t as_of, struct ledger_load **out, size_t *count, struct fault *why) {
	const struct value values[] = {V_INT(day_of(from_ns)), V_INT(to_ns), V_INT(as_of)};
	int rc = ask(l, Q_IN_LOADS, values, 3, why);

	*out = NULL;
	*count = 0;
	while (ask_row(l, Q_IN_LOADS, &rc, why)) {
		*out = must_grow_by_count(*out, *count, sizeof **out);
		(*out)[(*count)++] = (struct ledger_load){row_int(l, Q_IN_LOADS, 0), row_int(l, Q_IN_LOADS, 1), row_int(l, Q_IN_LOADS, 2),
		                                          name_here(l, row_int(l, Q_IN_LOADS, 3))};
	}
	return rc;
}
