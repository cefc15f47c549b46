/* report.c: statements from the book, also of earlier states. */
#include <stdlib.h>

#include "book/book.h"
#include "core/files/files.h"
#include "core/instant.h"

/* ---- the books ---- */

/* What a statement begins with, of all its books. */
#define HASHES_MAX 4096
struct stating {
	struct book_statement *s;
	struct last_run last; /* of the first book; its evidence is that of all */
	char fleet[DIGEST_HEX_MAX], descriptions[HASHES_MAX], fleets[HASHES_MAX], prices[DIGEST_HEX_MAX];
	const char *first_book;
	bool fleets_differ, any; /* any: there are entries */
	int64_t from_ns, to_ns;  /* as asked for */
	struct slots {
		int64_t first_ns, last_ns;
	} slots;
};

/* Adds hashes that are not in the list yet; all are separated by spaces. */
static void add_hashes(char list[HASHES_MAX], struct text hashes) {
	for (size_t end = 0; hashes.len > 0; hashes = text_cut(hashes, end + 1, hashes.len)) {
		size_t space = text_find_byte(hashes, ' ');
		end = space == SIZE_MAX ? hashes.len : space;
		const struct text one = text_cut(hashes, 0, end);
		size_t len = strlen(list);
		bool is_new = text_find(text_of(list), one) == SIZE_MAX;
		if (one.len > 0 && is_new && len + one.len + 2 < HASHES_MAX) {
			snprintf(list + len, HASHES_MAX - len, "%s%.*s", len > 0 ? " " : "", TEXT_ARG(one));
		}
	}
}

static int differ(const struct stating *t, const struct book *b, const char *what, const char *one, const char *other, struct fault *why) {
	return fault_option(why, "book", "%s has %s %s, %s has %s: their figures cannot be added", t->first_book, what, one, ledger_book(b->ledger), other);
}

/* The hash of a run's first document of a kind, or "". */
static int document_of(struct book *b, int64_t run, const char *kind, char sha256[DIGEST_HEX_MAX], struct fault *why) {
	const char *path, *hash = "";
	int rc = ledger_run_document_get(b->ledger, run, kind, 0, &path, &hash, why);

	snprintf(sha256, DIGEST_HEX_MAX, "%s", rc > 0 ? hash : "");
	return rc < 0 ? rc : 0;
}

static int prices_of(struct book *b, int64_t run, char sha256[DIGEST_HEX_MAX], struct fault *why) {
	int rc = document_of(b, run, "prices", sha256, why);

	return rc < 0 || sha256[0] ? rc : document_of(b, run, "prices-installed", sha256, why);
}

static int read_first(struct stating *t, struct book *b, int64_t as_of, struct fault *why) {
	int rc = book_last_run(b, as_of, &t->last, why);

	t->first_book = ledger_book(b->ledger);
	rc = rc < 0 ? rc : prices_of(b, t->last.id, t->prices, why);
	rc = rc < 0 ? rc : book_prices_of_run(b, t->last.id, why);
	rc = rc < 0 ? rc : document_of(b, t->last.id, "fleet", t->fleet, why);
	add_hashes(t->fleets, text_of(t->fleet));
	return rc < 0 ? rc : book_descriptions_of_run(b, t->last.id, t->descriptions, sizeof t->descriptions, why);
}

static void widen(struct last_run *all, int64_t first_ns, int64_t last_ns) {
	bool known = all->first_ns != 0 || all->last_ns != 0;

	all->first_ns = !known || first_ns < all->first_ns ? first_ns : all->first_ns;
	all->last_ns = !known || last_ns > all->last_ns ? last_ns : all->last_ns;
}

/* Its currency, rule and prices must be those of the first. */
static int read_further(struct stating *t, struct book *b, int64_t as_of, struct fault *why) {
	char fleet[DIGEST_HEX_MAX], prices[DIGEST_HEX_MAX], more[sizeof t->descriptions];
	struct last_run last;
	int rc = book_last_run(b, as_of, &last, why);

	if (rc < 0 || last.id == 0) {
		return rc;
	}
	if (strcmp(last.currency, t->last.currency) != 0) {
		return differ(t, b, "amounts in", t->last.currency, last.currency, why);
	}
	if (strcmp(last.rule, t->last.rule) != 0) {
		return differ(t, b, "the rule", t->last.rule, last.rule, why);
	}
	rc = prices_of(b, last.id, prices, why);
	if (rc == 0 && b->set.prices.count == 0 && strcmp(prices, t->prices) != 0) {
		rc = fault_option(why, "book", "%s and %s have different list prices, expected --prices with those of this statement", t->first_book, ledger_book(b->ledger));
	}
	rc = rc < 0 ? rc : document_of(b, last.id, "fleet", fleet, why);
	rc = rc < 0 ? rc : book_descriptions_of_run(b, last.id, more, sizeof more, why);
	t->fleets_differ |= strcmp(fleet, t->fleet) != 0;
	if (last.first_ns != 0 || last.last_ns != 0) {
		widen(&t->last, last.first_ns, last.last_ns);
	}
	add_hashes(t->descriptions, text_of(more));
	add_hashes(t->fleets, text_of(fleet));
	return rc;
}

static int read_book(void *stating, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct stating *t = stating;

	(void)i;
	return t->last.id == 0 ? read_first(t, b, as_of, why) : read_further(t, b, as_of, why);
}

/* ---- the period ---- */

static int reach_slot(void *slots, const struct entry *e) {
	struct slots *s = slots;

	s->first_ns = e->slot_ns < s->first_ns ? e->slot_ns : s->first_ns;
	s->last_ns = e->slot_ns > s->last_ns ? e->slot_ns : s->last_ns;
	return 0;
}

/*
 * Evidence of tasks, of which a book has no records; and the hours of the first and the last entry: paid time can extend
 * beyond what logs cover.
 */
static int reach_book(void *stating, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct stating *t = stating;
	int64_t from_ns, to_ns, first_ns, last_ns;
	int rc = ledger_extent(b->ledger, as_of, &from_ns, &to_ns, why);

	(void)i;
	t->any |= rc > 0;
	if (rc <= 0 || (t->from_ns != INT64_MIN && t->to_ns != INT64_MAX)) {
		return rc < 0 ? rc : 0;
	}
	rc = ledger_evidence_span(b->ledger, as_of, &first_ns, &last_ns, why);
	if (rc > 0) {
		widen(&t->last, first_ns, last_ns);
	}
	rc = rc < 0 ? rc : ledger_entries(b->ledger, from_ns, from_ns + NS_PER_DAY, as_of, reach_slot, &t->slots, why);
	return rc < 0 ? rc : ledger_entries(b->ledger, to_ns - NS_PER_DAY, to_ns, as_of, reach_slot, &t->slots, why);
}

/*
 * If not given: from the first evidence of that time to the last, or the hours of the entries beyond them; 1, or 0 if
 * there are no entries.
 */
static int settle_period(struct book *b, struct stating *t, struct fault *why) {
	struct book_statement *s = t->s;
	const struct last_run *last = &t->last;
	int rc = book_each_ledger(b, s->as_of, reach_book, t, why);

	if (rc < 0 || !t->any || (t->from_ns != INT64_MIN && t->to_ns != INT64_MAX)) {
		return rc < 0 ? rc : t->any && s->from_ns < s->to_ns;
	}
	bool known = last->first_ns != 0 || last->last_ns != 0;
	int64_t first_ns = known && instant_floor(last->first_ns, NS_PER_HOUR) <= t->slots.first_ns ? last->first_ns : t->slots.first_ns;
	int64_t last_ns = known && last->last_ns > t->slots.last_ns && last->last_ns > first_ns ? last->last_ns : t->slots.last_ns + NS_PER_HOUR;
	s->from_ns = s->from_ns != INT64_MIN ? s->from_ns : first_ns;
	s->to_ns = s->to_ns != INT64_MAX ? s->to_ns : last_ns;
	return s->from_ns < s->to_ns;
}

/* ---- the statement ---- */

static const char *keep_name(struct book *b, const char *s) {
	return names_text(b->names, names_id(b->names, text_of(s))).at;
}

static void start_statement(struct book *b, const struct stating *t) {
	struct book_statement *s = t->s;
	struct report_options o = settings_report(&b->set, b->names, b->prices, s->tz, NULL);

	o.currency = keep_name(b, t->last.currency);
	o.rule = keep_name(b, t->last.rule);
	o.fleet_sha256 = t->fleets_differ ? "" : keep_name(b, t->fleet);
	o.fleets_sha256 = t->fleets_differ ? keep_name(b, t->fleets) : NULL;
	o.descriptions_sha256 = keep_name(b, t->descriptions);
	o.fleet = b->fleet;
	o.replica_gpus = b->fleet ? fleet_replica_gpus_text : NULL;
	o.from_ns = s->from_ns;
	o.to_ns = s->to_ns;
	o.stated = &s->quality;
	s->statement = statement_new(&o);
}

struct adjusting {
	struct book *b;
	struct statement *statement;
};

static int add_adjustment(void *context, const struct ledger_adjustment *a) {
	struct adjusting *to = context;
	const struct report_adjustment said = {keep_name(to->b, a->period_name), a->run, a->posted_ns, a->entry};

	return statement_add_adjustment(to->statement, &said);
}

static int add_entry(void *statement, const struct entry *e) {
	struct book_statement *s = statement;
	int rc = s->pages ? pages_add_entry(s->pages, e) : 0;

	return rc < 0 ? rc : statement_add_entry(s->statement, e);
}

/* By the fleet file of the run, which is what the entries were made with. */
static int start_pages(struct book *b, struct book_statement *s, int64_t run, struct fault *why) {
	int rc = b->fleet ? 0 : book_fleet_of_run(b, run, why);

	return rc < 0 ? rc : pages_start(s->pages, s->pages_settings, b->names, b->fleet, 1, s->from_ns, s->to_ns, why);
}

static int finish_pages(struct book *b, struct book_statement *s, const struct last_run *last, struct fault *why) {
	int rc = s->pages->versus ? book_pages_steps(b, s->pages, s->from_ns, s->to_ns, s->as_of, why) : 0;

	return rc < 0 ? rc : pages_attach(s->pages, s->statement, keep_name(b, last->currency), why);
}

/* The fleet of the run, if the book has all of it: only used to state the GPUs per replica with rates. */
static int find_fleet(struct book *b, int64_t run, struct fault *why) {
	struct fault without;
	const char *gpus, *sha256;
	int64_t count = 0;

	if (b->fleet || book_fleet_of_run(b, run, &without) < 0) {
		return 0;
	}
	b->fleet_shown = true;
	fleet_set_default_rate(b->fleet, 0);
	int rc = ledger_run_document_get(b->ledger, run, "gpus", 0, &gpus, &sha256, why);
	if (rc > 0 && text_to_i64(text_of(gpus), &count)) {
		fleet_set_gpus(b->fleet, count);
	}
	return rc < 0 ? rc : 0;
}

/* GPUs stated in logs, as when the run attributed. */
static void apply_stated(struct book *b, const struct quality *stated) {
	struct quality again; /* its findings are in the book already */

	if (b->fleet) {
		quality_init(&again);
		fleet_apply_stated(b->fleet, b->names, stated, &again);
		quality_release(&again);
	}
}

/* What was wrong with the logs of a book, and what joins of their requests resulted in. */
static int add_quality(void *stating, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct book_statement *s = ((struct stating *)stating)->s;
	struct quality own, *to = i == 0 ? &s->quality : &own;

	quality_init(&own);
	int rc = ledger_quality_collect(b->ledger, as_of, s->from_ns, s->to_ns, to, why);
	rc = rc < 0 ? rc : ledger_evidence_get(b->ledger, as_of, s->from_ns, s->to_ns, to, why);
	if (i > 0) {
		quality_merge(&s->quality, &own);
	}
	quality_release(&own);
	return rc;
}

/* Were the entries made with price lists by which they are not divided where those of this statement change? */
static int find_undivided(struct book *b, struct book_statement *s, int64_t as_of, struct fault *why) {
	struct prices *of_statement = b->prices;
	struct last_run last;

	if (b->set.prices.count == 0 || statement_find_undivided(s->statement, NULL, NULL) == 0) {
		return 0;
	}
	int rc = book_last_run(b, as_of, &last, why);
	b->prices = NULL;
	rc = rc < 0 ? rc : book_prices_of_run(b, last.id, why);
	if (rc >= 0) {
		statement_find_undivided(s->statement, b->prices, &s->quality);
	}
	prices_free(b->prices);
	b->prices = of_statement;
	return rc;
}

static int add_entries(void *stating, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	const struct stating *t = stating;
	struct book_statement *s = t->s;
	bool summed = !s->pages && !statement_needs_replicas(s->statement);
	struct adjusting adjusting = {b, s->statement};
	int rc = (summed ? ledger_entries_summed : ledger_entries)(b->ledger, t->from_ns, t->to_ns, as_of, add_entry, s, why);

	(void)i;
	rc = rc < 0 ? rc : ledger_adjustments(b->ledger, t->from_ns == INT64_MIN ? t->from_ns : instant_floor(t->from_ns, NS_PER_DAY), t->to_ns,
	                                      as_of, add_adjustment, &adjusting, why);
	return rc < 0 ? rc : find_undivided(b, s, as_of, why);
}

/* Closed periods of a statement, and the rule of the last run. */
struct closed_rules {
	struct book *b;
	struct book_statement *s;
	const char *rule;
	int64_t as_of;
	struct fault *why;
};

static int say_rule(void *rules, const struct ledger_period *p) {
	const struct closed_rules *c = rules;
	struct last_run then;

	if (p->reopened_run != 0 || p->run > c->as_of || p->from_ns >= c->s->to_ns || p->to_ns <= c->s->from_ns) {
		return 0;
	}
	const char *name = keep_name(c->b, p->name); /* the query below overwrites it */
	int rc = book_last_run(c->b, p->run, &then, c->why);
	if (rc >= 0 && then.id != 0 && strcmp(then.rule, c->rule) != 0) {
		quality_assume(&c->s->quality, name, then.rule, NULL, NULL, "closed %s is split by the rule of its time, %s", name, then.rule);
	}
	return rc;
}

static int add_rules(void *stating, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	const struct stating *t = stating;
	struct closed_rules c = {b, t->s, t->last.rule, as_of, why};

	(void)i;
	return ledger_periods(b->ledger, say_rule, &c, why);
}

static int find_answered(struct book *b, const struct ledger_answer *a, void *stating, struct fault *why) {
	const struct stating *t = stating;

	(void)why;
	quality_finding(&t->s->quality, "answered", names_text(b->names, a->model).at, "--prices", QUALITY_NO_AMOUNT,
	                a->vendor ? "%s: the book has requests of gateways for it as a vendor's, and by these price lists the fleet answered them: "
	                            "'tollbook attribute' with the same --prices and --list attributes their days again"
	                          : "%s: the book has requests of gateways for it as the fleet's, and by these price lists a vendor answered them: "
	                            "'tollbook attribute' with the same --prices and --list attributes their days again",
	                names_text(b->names, a->model).at);
	return 0;
}

/* Were entries made with price lists that name other vendors? Of former runs it is not known. */
static int add_answered(void *stating, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	const struct book_statement *s = ((struct stating *)stating)->s;

	(void)i;
	return as_of < INT64_MAX - 1 || !b->prices ? 0 : book_find_answered(b, instant_floor(s->from_ns, NS_PER_DAY), s->to_ns, find_answered, stating, why);
}

/* As the logs are now. */
static int add_zones(void *stating, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	(void)i;
	return as_of < INT64_MAX - 1 ? 0 : book_find_zones(b, &((struct stating *)stating)->s->quality, why);
}

static int add_breakdowns(void *stating, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	const struct stating *t = stating;

	(void)i;
	return book_add_breakdowns(b, t->s, t->from_ns, t->to_ns, as_of, why);
}

static int fill_statement(struct book *b, struct stating *t, struct fault *why) {
	struct book_statement *s = t->s;
	bool page = b->set.format && strcmp(b->set.format, "html") == 0;
	int rc = s->pages ? start_pages(b, s, t->last.id, why) : 0;

	rc = rc < 0 ? rc : book_each_ledger(b, s->as_of, add_quality, t, why);
	rc = rc < 0 ? rc : book_each_ledger(b, s->as_of, add_rules, t, why);
	rc = rc < 0 ? rc : book_each_ledger(b, s->as_of, add_answered, t, why);
	rc = rc < 0 ? rc : book_each_ledger(b, s->as_of, add_zones, t, why);
	quality_report_joins(&s->quality);
	quality_sort(&s->quality);
	apply_stated(b, &s->quality);
	rc = rc < 0 ? rc : book_each_ledger(b, s->as_of, add_entries, t, why);
	rc = rc < 0 ? rc : statement_add_notes(s->statement, b->names, &s->quality, b->fleet && fleet_description_count(b->fleet) > 0, page || b->set.by.position, page || b->set.compare_rules);
	rc = rc < 0 ? rc : book_each_ledger(b, s->as_of, add_breakdowns, t, why);
	rc = rc < 0 ? rc : statement_finish(s->statement, &s->quality, why);
	return rc < 0 || !s->pages ? rc : finish_pages(b, s, &t->last, why);
}

static int64_t next_hour(int64_t ns) {
	return ns == INT64_MIN || ns > INT64_MAX - NS_PER_HOUR ? ns : instant_floor(ns + NS_PER_HOUR - 1, NS_PER_HOUR);
}

/* Entries are of hours of UTC, which count where they begin. True if the period was another one. */
static bool keep_to_hours(struct book_statement *s) {
	int64_t from_ns = s->from_ns, to_ns = s->to_ns;

	s->from_ns = next_hour(from_ns);
	s->to_ns = next_hour(to_ns);
	return s->from_ns != from_ns || s->to_ns != to_ns;
}

static void say_hours(struct book_statement *s) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX], period[2 * INSTANT_TEXT_MAX + 8];

	snprintf(period, sizeof period, "%s to %s", instant_format(s->from_ns, from), instant_format(s->to_ns, to));
	quality_assume(&s->quality, NULL, period, "--from", NULL, "the statement is of %s: a book has sums by hour of UTC, and those count that "
	               "begin in the period", period);
}

int book_state(struct book *b, struct book_statement *s, struct fault *why) {
	bool moved = keep_to_hours(s);
	struct stating t = {.s = s, .from_ns = s->from_ns, .to_ns = s->to_ns, .slots = {INT64_MAX, INT64_MIN}};
	int rc = book_each_ledger(b, s->as_of, read_book, &t, why);

	rc = rc < 0 ? rc : settle_period(b, &t, why);
	if (rc <= 0) {
		return rc;
	}
	rc = book_refuse_overlap(b, s->as_of, s->from_ns, s->to_ns, why);
	rc = rc < 0 || t.fleets_differ ? rc : find_fleet(b, t.last.id, why);
	start_statement(b, &t);
	quality_init(&s->quality);
	if (moved) {
		say_hours(s);
	}
	rc = rc < 0 ? rc : book_find_doubled(b, &s->quality, s->as_of, s->from_ns, s->to_ns, why);
	rc = rc < 0 ? rc : fill_statement(b, &t, why);
	return rc < 0 ? rc : 1;
}

void book_statement_release(struct book_statement *s) {
	if (s->statement) {
		statement_free(s->statement);
		quality_release(&s->quality);
	}
	s->statement = NULL;
}
