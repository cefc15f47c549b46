/* report.c: statements from the book, also of earlier states. */
#include <stdlib.h>

#include "book/book.h"
#include "core/files/files.h"
#include "core/instant.h"

/* ---- the period ---- */

/* Evidence of tasks, of which a book has no records. */
static int reach_shards(struct book *b, const struct book_statement *s, struct last_run *last, struct fault *why) {
	int64_t first_ns, last_ns;
	int rc = ledger_evidence_span(b->ledger, s->as_of, &first_ns, &last_ns, why);
	bool known = last->first_ns != 0 || last->last_ns != 0;

	if (rc > 0) {
		last->first_ns = !known || first_ns < last->first_ns ? first_ns : last->first_ns;
		last->last_ns = !known || last_ns > last->last_ns ? last_ns : last->last_ns;
	}
	return rc < 0 ? rc : 0;
}

struct slots {
	int64_t first_ns, last_ns;
};

static int reach_slot(void *slots, const struct entry *e) {
	struct slots *s = slots;

	s->first_ns = e->slot_ns < s->first_ns ? e->slot_ns : s->first_ns;
	s->last_ns = e->slot_ns > s->last_ns ? e->slot_ns : s->last_ns;
	return 0;
}

/* The hours of the first and the last entry: paid time can extend beyond what logs cover. */
static int find_slots(struct book *b, const struct book_statement *s, int64_t from_ns, int64_t to_ns, struct slots *out,
                      struct fault *why) {
	int rc = ledger_entries(b->ledger, from_ns, from_ns + NS_PER_DAY, s->as_of, reach_slot, out, why);

	return rc < 0 ? rc : ledger_entries(b->ledger, to_ns - NS_PER_DAY, to_ns, s->as_of, reach_slot, out, why);
}

/*
 * If not given: from the first evidence of that time to the last, or the hours of the entries beyond them; 1, or 0 if
 * there are no entries.
 */
static int settle_period(struct book *b, struct book_statement *s, struct last_run *last, struct fault *why) {
	struct slots slots = {INT64_MAX, INT64_MIN};
	int64_t from_ns, to_ns;
	int rc = ledger_extent(b->ledger, s->as_of, &from_ns, &to_ns, why);

	if (rc <= 0 || (s->from_ns != INT64_MIN && s->to_ns != INT64_MAX)) {
		return rc <= 0 ? rc : s->from_ns < s->to_ns;
	}
	rc = reach_shards(b, s, last, why);
	rc = rc < 0 ? rc : find_slots(b, s, from_ns, to_ns, &slots, why);
	if (rc < 0) {
		return rc;
	}
	bool known = last->first_ns != 0 || last->last_ns != 0;
	int64_t first_ns = known && instant_floor(last->first_ns, NS_PER_HOUR) <= slots.first_ns ? last->first_ns : slots.first_ns;
	int64_t last_ns = known && last->last_ns > slots.last_ns && last->last_ns > first_ns ? last->last_ns : slots.last_ns + NS_PER_HOUR;
	s->from_ns = s->from_ns != INT64_MIN ? s->from_ns : first_ns;
	s->to_ns = s->to_ns != INT64_MAX ? s->to_ns : last_ns;
	return s->from_ns < s->to_ns;
}

/* ---- the statement ---- */

static const char *keep_name(struct book *b, const char *s) {
	return names_text(b->names, names_id(b->names, text_of(s))).at;
}

static void start_statement(struct book *b, struct book_statement *s, const struct last_run *last, const char *fleet,
                            const char *descriptions) {
	struct report_options o = settings_report(&b->set, b->names, b->prices, s->tz, NULL);

	o.currency = keep_name(b, last->currency);
	o.rule = keep_name(b, last->rule);
	o.fleet_sha256 = keep_name(b, fleet);
	o.descriptions_sha256 = keep_name(b, descriptions);
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

int book_state(struct book *b, struct book_statement *s, struct fault *why) {
	struct last_run last;
	const char *path, *sha256 = "";
	int64_t first = s->from_ns, end = s->to_ns;
	int rc = book_last_run(b, s->as_of, &last, why);

	rc = rc < 0 ? rc : book_prices_of_run(b, last.id, why);
	rc = rc < 0 ? rc : ledger_run_document_get(b->ledger, last.id, "fleet", 0, &path, &sha256, why);
	char fleet[DIGEST_HEX_MAX], descriptions[4096] = "";
	snprintf(fleet, sizeof fleet, "%s", rc > 0 ? sha256 : "");
	rc = rc < 0 ? rc : book_descriptions_of_run(b, last.id, descriptions, sizeof descriptions, why);
	rc = rc < 0 ? rc : settle_period(b, s, &last, why);
	if (rc <= 0) {
		return rc;
	}
	rc = find_fleet(b, last.id, why);
	start_statement(b, s, &last, fleet, descriptions);
	quality_init(&s->quality);
	rc = rc < 0 || !s->pages ? rc : start_pages(b, s, last.id, why);
	rc = rc < 0 ? rc : ledger_quality_get(b->ledger, s->as_of, s->from_ns, s->to_ns, &s->quality, why);
	rc = rc < 0 ? rc : ledger_evidence_get(b->ledger, s->as_of, s->from_ns, s->to_ns, &s->quality, why);
	quality_sort(&s->quality);
	apply_stated(b, &s->quality);
	bool summed = !s->pages && !statement_needs_replicas(s->statement);
	rc = rc < 0 ? rc : (summed ? ledger_entries_summed : ledger_entries)(b->ledger, first, end, s->as_of, add_entry, s, why);
	struct adjusting adjusting = {b, s->statement};
	rc = rc < 0 ? rc : ledger_adjustments(b->ledger, first == INT64_MIN ? first : instant_floor(first, NS_PER_DAY), end, s->as_of,
	                                      add_adjustment, &adjusting, why);
	bool page = b->set.format && strcmp(b->set.format, "html") == 0;
	rc = rc < 0 ? rc : statement_add_notes(s->statement, b->names, &s->quality, b->fleet && fleet_description_count(b->fleet) > 0, page || b->set.by.position, page || b->set.compare_rules);
	rc = rc < 0 ? rc : book_add_breakdowns(b, s, first, end, why);
	rc = rc < 0 ? rc : statement_finish(s->statement, &s->quality, why);
	rc = rc < 0 || !s->pages ? rc : finish_pages(b, s, &last, why);
	return rc < 0 ? rc : 1;
}

void book_statement_release(struct book_statement *s) {
	if (s->statement) {
		statement_free(s->statement);
		quality_release(&s->quality);
	}
	s->statement = NULL;
}
