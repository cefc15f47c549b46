/* book_entries.c: the entries of a statement out of the book, summed by day wherever that says as much as slots do. */
#include <stdlib.h>

#include "book/book.h"
#include "core/instant.h"

enum change { CHANGE_UNKNOWN, CHANGE_NEVER, CHANGE_WITHIN_DAYS };

/* What decides how finely entries are asked for. */
struct grain {
	struct book *b;
	const struct book_statement *s;
	int64_t from_ns, to_ns;
	bool slots;        /* on all days */
	enum by_key time;  /* the finest of --by; BY_KEYS: none */
	uint8_t *prices;   /* enum change by name_id of the model */
	size_t room;
	bool left;         /* does the day have entries whose sums say too little? */
	entry_sink *sink;
	void *context;
};

/* Does another day, or month, of the zone begin within the day of UTC? */
static bool zone_divides(const struct zone *tz, enum by_key time, int64_t day_ns) {
	int64_t last_ns = day_ns + (NS_PER_DAY - 1);

	if (!tz || time == BY_KEYS) {
		return false;
	}
	return time == BY_DAY ? zone_day_start(tz, day_ns) != zone_day_start(tz, last_ns)
	                      : zone_month_start(tz, day_ns) != zone_month_start(tz, last_ns);
}

static bool is_by_slot(const struct grain *g, int64_t day_ns) {
	return g->slots || day_ns < g->from_ns || day_ns > g->to_ns - NS_PER_DAY || zone_divides(g->s->tz, g->time, day_ns);
}

static bool is_priced_by_hour(struct grain *g, name_id model) {
	const struct names *names = g->b->names;

	if (!g->b->prices) {
		return false;
	}
	if (model >= g->room) {
		size_t room = names_count(names);
		g->prices = must_realloc(g->prices, room);
		memset(g->prices + g->room, CHANGE_UNKNOWN, room - g->room);
		g->room = room;
	}
	if (g->prices[model] == CHANGE_UNKNOWN) {
		g->prices[model] = prices_change_within_days(g->b->prices, names_text(names, model)) ? CHANGE_WITHIN_DAYS : CHANGE_NEVER;
	}
	return g->prices[model] == CHANGE_WITHIN_DAYS;
}

static int take_day(void *grain, const struct entry *e) {
	struct grain *g = grain;

	if (is_priced_by_hour(g, e->model)) {
		g->left = true;
		return 0;
	}
	return g->sink(g->context, e);
}

static int take_left(void *grain, const struct entry *e) {
	struct grain *g = grain;

	return is_priced_by_hour(g, e->model) ? g->sink(g->context, e) : 0;
}

/* Days that are all to be asked for in the same way. */
static int take_days(struct grain *g, int64_t from_ns, int64_t to_ns, bool slots, struct fault *why) {
	struct ledger *l = g->b->ledger;
	int64_t as_of = g->s->as_of;

	if (slots) {
		return ledger_entries(l, from_ns, to_ns, as_of, LEDGER_SLOTS, g->sink, g->context, why);
	}
	g->left = false;
	int rc = ledger_entries(l, from_ns, to_ns, as_of, LEDGER_DAYS, take_day, g, why);
	return rc < 0 || !g->left ? rc : ledger_entries(l, from_ns, to_ns, as_of, LEDGER_SLOTS, take_left, g, why);
}

int book_entries(struct book *b, const struct book_statement *s, int64_t from_ns, int64_t to_ns, entry_sink *sink, void *context,
                 struct fault *why) {
	struct grain g = {.b = b, .s = s, .from_ns = from_ns, .to_ns = to_ns, .sink = sink, .context = context};
	int64_t first_ns, end_ns;
	int rc = ledger_extent(b->ledger, s->as_of, &first_ns, &end_ns, why);

	if (rc <= 0) {
		return rc;
	}
	g.time = by_finest_time(b->set.by.key, b->set.by.count);
	g.slots = g.time == BY_HOUR || s->pages || report_draws_hours(b->set.format, s->from_ns, s->to_ns);
	first_ns = from_ns > first_ns ? instant_floor(from_ns, NS_PER_DAY) : first_ns;
	end_ns = to_ns < end_ns ? to_ns : end_ns;
	rc = 0;
	for (int64_t day_ns = first_ns, next_ns; day_ns < end_ns && rc == 0; day_ns = next_ns) {
		bool slots = is_by_slot(&g, day_ns);
		for (next_ns = day_ns + NS_PER_DAY; next_ns < end_ns && is_by_slot(&g, next_ns) == slots; next_ns += NS_PER_DAY) {
		}
		rc = take_days(&g, day_ns > from_ns ? day_ns : from_ns, next_ns < to_ns ? next_ns : to_ns, slots, why);
	}
	free(g.prices);
	return rc;
}
