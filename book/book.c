/* book.c: opening the book for a command, runs, and attributing what changed. */
#include "book/book.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/files/files.h"
#include "core/instant.h"
#include "core/sorted.h"

void book_set_basis(struct book *b) {
	struct digest *d = digest_new();
	char line[200];
	const struct price_cuts cuts = prices_cuts(b->prices);

	int len = snprintf(line, sizeof line, "%s %s %s %" PRId64 " %" PRId64, TOLLBOOK_VERSION, rule_names[b->set.rule],
	                   b->fleet ? fleet_sha256(b->fleet) : "", b->set.gpu_hour_nano, b->set.gpus);
	digest_add(d, (struct text){line, (size_t)len});
	if (fleet_cards(b->fleet)) {
		digest_add(d, T(" cards "));
		digest_add(d, text_of(fleet_cards(b->fleet)));
	}
	for (size_t i = 0; b->fleet && i < fleet_description_count(b->fleet); i++) {
		len = snprintf(line, sizeof line, " d%s", fleet_description_sha256(b->fleet, i));
		digest_add(d, (struct text){line, (size_t)len});
	}
	for (size_t i = 0; i < cuts.prompt_over_ntok.count; i++) {
		len = snprintf(line, sizeof line, " p%" PRId64, cuts.prompt_over_ntok.at[i]);
		digest_add(d, (struct text){line, (size_t)len});
	}
	for (size_t i = 0; i < cuts.minute_of_day.count; i++) {
		len = snprintf(line, sizeof line, " m%" PRId64, cuts.minute_of_day.at[i]);
		digest_add(d, (struct text){line, (size_t)len});
	}
	digest_finish(d, b->basis);
	digest_free(d);
}

/* Does the command write records next to the ledger? */
static bool adds_records(enum ledger_mode mode, bool costs) {
	return mode == LEDGER_CREATE || (mode == LEDGER_WRITE && costs);
}

static int refuse_server(const struct book_settings *set, enum ledger_mode mode, bool costs, struct fault *why) {
	if (set->book && ledger_is_server(set->book) && adds_records(mode, costs)) {
		return fault_set(why, ERROR_CONFIG, "a database server holds no records, expected the folder of a "
						    "book; 'tollbook shard attribute --book' fills a ledger on a "
						    "server");
	}
	return 0;
}

/* Entries posted by tasks have their records elsewhere: a night would treat them as lost. */
static int refuse_shards(struct book *b, enum ledger_mode mode, bool costs, struct fault *why) {
	int64_t plans = 0;
	int rc = adds_records(mode, costs) ? ledger_evidence_plans(b->ledger, &plans, why) : 0;

	if (rc == 0 && plans > 0) {
		return fault_set(why, ERROR_CONFIG, "%s: this ledger was filled by tasks of 'tollbook shard' and has "
						    "no records; expected another book", ledger_book(b->ledger));
	}
	return rc;
}

int book_open(struct book *b, const struct book_settings *set, const struct terminal *t, enum ledger_mode mode, bool costs,
              struct fault *why) {
	*b = (struct book){.set = *set, .terminal = t, .names = names_new()};
	quality_init(&b->quality);
	files_mask(027);
	int status = costs ? settings_fleet(set, b->names, &b->fleet, why) : 0;

	/* Without costs to be computed, those of the requested run. */
	status = status ? status : costs ? settings_prices_or_installed(set, &b->prices, why) : set->prices.count > 0 ? settings_prices(set, &b->prices, why) : 0;
	status = status ? status : refuse_server(set, mode, costs, why);
	status = status ? status : ledger_open(&b->ledger, set->book ? set->book : "book", mode, b->names, why);
	status = status ? status : refuse_shards(b, mode, costs, why);
	if (status != 0) {
		book_close(b);
		return status;
	}
	book_set_basis(b);
	return 0;
}

int book_open_further(struct book *b, const char *path, struct fault *why) {
	struct ledger *l = NULL;
	int rc = ledger_open(&l, path, LEDGER_READ, b->names, why);

	if (rc == 0) {
		b->further = must_grow_by_count(b->further, b->further_count, sizeof *b->further);
		b->further[b->further_count++] = (struct book_further){l, INT64_MAX - 1};
	}
	return rc;
}

void book_close(struct book *b) {
	for (size_t i = 0; i < b->further_count; i++) {
		ledger_close(b->further[i].ledger);
	}
	free(b->further);
	book_forget_spans(b);
	book_forget_verdicts(b);
	book_forget_answers(b);
	ledger_close(b->ledger);
	quality_release(&b->quality);
	for (size_t i = 0; i < b->day_count; i++) {
		quality_release(&b->days[i].noticed);
	}
	free(b->days);
	if (b->prices) {
		prices_free(b->prices);
	}
	if (b->fleet) {
		fleet_free(b->fleet);
	}
	names_free(b->names);
	*b = (struct book){0};
}

/* ---- runs ---- */

static int keep_document(struct ledger *l, int64_t run, const char *kind, int64_t seq, const char *path, struct fault *why) {
	char sha256[DIGEST_HEX_MAX];
	struct text bytes;
	int rc = file_read_stored(path, LEDGER_DOCUMENT_MAX, &bytes, why);

	if (rc < 0) {
		return rc;
	}
	rc = ledger_document_put(l, bytes, sha256, why);
	free((char *)(uintptr_t)bytes.at);
	return rc < 0 ? rc : ledger_run_document(l, run, kind, seq, path, sha256, why);
}

/* The fleet file, and the descriptions of models that it names, by their names there. */
static int keep_fleet(struct ledger *l, int64_t run, const char *path, struct fault *why) {
	struct names *names = names_new();
	struct fleet *f;
	int rc = fleet_open(&f, path, names, why);

	rc = rc < 0 ? rc : keep_document(l, run, "fleet", 0, path, why);

	for (size_t i = 0; rc == 0 && i < fleet_description_count(f); i++) {
		char sha256[DIGEST_HEX_MAX];
		rc = ledger_document_put(l, fleet_description_bytes(f, i), sha256, why);
		rc = rc < 0 ? rc : ledger_run_document(l, run, "description", (int64_t)i, fleet_description_name(f, i), sha256, why);
	}
	fleet_free(f);
	names_free(names);
	return rc;
}

/* One of --list, which has no file. */
static int keep_match(struct ledger *l, int64_t run, int64_t seq, const char *match, struct fault *why) {
	char sha256[DIGEST_HEX_MAX];
	int rc = ledger_document_put(l, text_of(match), sha256, why);

	return rc < 0 ? rc : ledger_run_document(l, run, "list", seq, match, sha256, why);
}

/* The day of a catalogue, which its bytes do not contain. */
static int keep_date(struct ledger *l, int64_t run, int64_t seq, const char *date, struct fault *why) {
	char sha256[DIGEST_HEX_MAX];
	int rc = date[0] ? ledger_document_put(l, text_of(date), sha256, why) : 0;

	return rc < 0 || !date[0] ? rc : ledger_run_document(l, run, "prices-date", seq, date, sha256, why);
}

/* --gpus, which is not in a file. */
static int keep_gpus(struct ledger *l, int64_t run, int64_t gpus, struct fault *why) {
	char number[24], sha256[DIGEST_HEX_MAX];

	snprintf(number, sizeof number, "%lld", (long long)gpus);
	int rc = ledger_document_put(l, text_of(number), sha256, why);
	return rc < 0 ? rc : ledger_run_document(l, run, "gpus", 0, number, sha256, why);
}

static int keep_installed(struct ledger *l, int64_t run, struct fault *why) {
	char path[4096], sha256[DIGEST_HEX_MAX];

	if (prices_installed_path(path, sizeof path)) {
		return keep_document(l, run, "prices-installed", 0, path, why);
	}
	struct text bytes = prices_embedded();
	int rc = ledger_document_put(l, bytes, sha256, why);
	free((void *)(uintptr_t)bytes.at);
	return rc < 0 ? rc : ledger_run_document(l, run, "prices-installed", 0, "genai-prices", sha256, why);
}

int book_keep_documents(struct ledger *l, int64_t run, const struct book_settings *set, const char *fleet, const struct prices *prices,
                        struct fault *why) {
	int rc = fleet ? keep_fleet(l, run, fleet, why) : 0;
	bool installed = prices && prices_are_installed(prices);
	size_t count = installed ? 1 : set->prices.count;

	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = installed ? keep_installed(l, run, why) : keep_document(l, run, "prices", (int64_t)i, set->prices.at[i], why);
		rc = rc < 0 || !prices ? rc : keep_date(l, run, (int64_t)i, prices_date_of(prices, i), why);
	}
	for (size_t i = 0; i < set->list.count && rc == 0; i++) {
		rc = keep_match(l, run, (int64_t)i, set->list.at[i], why);
	}
	return rc == 0 && set->gpus > 0 ? keep_gpus(l, run, set->gpus, why) : rc;
}

/* The previous extent of the evidence; if a former version did not store it, that of the segments. */
static int reach_so_far(struct book *b, struct fault *why) {
	struct ledger_known known = LEDGER_KNOWN_NOTHING;
	struct ledger_run last;
	int rc = ledger_run_last(b->ledger, &last, why);

	if (rc > 0 && last.first_ns == 0 && last.last_ns == 0) {
		rc = ledger_known_get(b->ledger, &known, why);
	} else if (rc > 0) {
		known.all = (struct ledger_reach){last.first_ns, last.last_ns};
	}
	b->run.first_ns = known.all.first_ns;
	b->run.last_ns = known.all.last_ns;
	return rc < 0 ? rc : 0;
}

int book_begin(struct book *b, const char *command, struct fault *why) {
	int rc = ledger_begin(b->ledger, why);
	bool own = b->fleet && !b->fleet_shown;

	b->run = (struct ledger_run){
		.command = command,
		.version = TOLLBOOK_VERSION,
		.rule = own ? rule_names[b->set.rule] : "",
		.currency = own ? fleet_currency(b->fleet) : "",
		.basis = own ? b->basis : "",
		.started_ns = book_now_ns(),
	};
	rc = rc < 0 ? rc : reach_so_far(b, why);
	rc = rc < 0 ? rc : ledger_run_add(b->ledger, &b->run, &b->run.id, why);
	return rc < 0 ? rc : book_keep_documents(b->ledger, b->run.id, &b->set, own ? b->set.fleet : NULL, own ? b->prices : NULL, why);
}

int book_commit_run(struct book *b, struct fault *why) {
	b->run.finished_ns = book_now_ns();
	int rc = ledger_run_finish(b->ledger, &b->run, why);
	return rc < 0 ? rc : ledger_commit(b->ledger, why);
}

int book_commit(struct book *b, struct fault *why) {
	int rc = ledger_quality_put(b->ledger, b->run.id, &b->quality, why);

	quality_report_joins(&b->quality); /* the ledger has them by days */
	return rc < 0 ? rc : book_commit_run(b, why);
}

/* ---- attributing ---- */

struct feeding {
	struct book *b;
	struct attribution *a;
	struct fault *why;
	struct book_roof roof;
};

static int feed_record(void *context, const struct record *r, struct fault *why) {
	struct feeding *f = context;

	if (terminal_stopped(f->b->terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; " BOOK_STOPPED);
	}
	pages_add_record(&f->roof.pages, 0, r);
	return attribution_add_record(f->a, 0, r, why);
}

static int feed_segment(void *context, const struct ledger_segment *s) {
	struct feeding *f = context;

	return ledger_records(f->b->ledger, s, feed_record, f, f->why);
}

static struct attribution *new_attribution(struct book *b, int64_t from_ns, int64_t to_ns, const char *requests) {
	struct attribute_options o = {
		.fleet = b->fleet,
		.names = b->names,
		.rule = (enum rule)b->set.rule,
		.from_ns = from_ns,
		.to_ns = to_ns,
		.lanes = 1,
		.identity = true,
		.by_days = true,
		.requests_path = requests,
		.compare_rules = !requests,
		.positions = !requests,
		.batches = !requests,
		.is_vendors = book_is_vendors,
		.vendors = b,
		.cuts = prices_cuts(b->prices),
	};

	return attribution_new(&o);
}

/* GPUs per replica as stated in logs of this run and of earlier ones. */
static int apply_stated(struct book *b, struct fault *why) {
	struct quality before;

	quality_init(&before);
	int rc = ledger_stated_get(b->ledger, &before, why);
	if (rc >= 0) {
		fleet_apply_stated(b->fleet, b->names, &before, &b->quality);
		fleet_apply_stated(b->fleet, b->names, &b->quality, &b->quality);
	}
	quality_release(&before);
	b->stated = true;
	return rc;
}

static int attribute_period(struct book *b, struct attribution *a, int64_t from_ns, int64_t to_ns, const struct book_sinks *to,
                            struct quality *quality, struct fault *why) {
	static const struct pages_settings no_pages;
	struct feeding f = {.b = b, .a = a, .why = why, .roof.to = to};

	why->message[0] = '\0';
	int rc = b->stated ? 0 : apply_stated(b, why);
	rc = rc < 0 || !to->fit || !b->fleet ? rc : pages_start(&f.roof.pages, &no_pages, b->names, b->fleet, 1, from_ns, to_ns, why);
	rc = rc < 0 ? rc : book_set_spans(b, a, why);
	rc = rc < 0 ? rc : book_adopt_verdicts(b, a, from_ns, why);
	rc = rc < 0 ? rc : ledger_segments(b->ledger, from_ns - NS_PER_DAY, to_ns + NS_PER_DAY, feed_segment, &f, why);
	rc = rc < 0 ? rc : attribution_finish(a, to->entry, to->entries, quality, why);
	rc = rc < 0 || !to->fit ? rc : attribution_keep_fits(a, from_ns, book_roof_fit, &f.roof, why);
	pages_release(&f.roof.pages);
	if (rc < 0 && !why->message[0]) {
		fault_set(why, rc, "a figure does not fit: too much time or too many tokens for 64 bits");
	}
	return rc;
}

int book_day_of(struct book *b, int64_t day_ns, const struct book_sinks *to, struct quality *quality, struct fault *why) {
	struct attribution *a = new_attribution(b, day_ns, day_ns + NS_PER_DAY, NULL);
	int rc = attribute_period(b, a, day_ns, day_ns + NS_PER_DAY, to, quality, why);

	attribution_free(a);
	return rc;
}

static int drop_entry(void *context, const struct entry *e) {
	(void)context, (void)e;
	return 0;
}

int book_requests_of(struct book *b, int64_t from_ns, int64_t to_ns, const char *path, struct quality *quality,
                     struct fault *why) {
	const struct book_sinks none = {.entry = drop_entry};
	struct attribution *a = new_attribution(b, from_ns, to_ns, path);
	int rc = attribute_period(b, a, from_ns, to_ns, &none, quality, why);

	attribution_free(a);
	return rc;
}

/* The log of a place: records in the book name their source. */
static int place_joins(struct book *b, struct quality *q, struct fault *why) {
	struct ledger_source source;
	int rc = 0;

	for (int i = 0; i < JOIN_TROUBLES && rc >= 0; i++) {
		rc = q->joins.count[i] > 0 ? ledger_source_get(b->ledger, quality_join_file(q, (enum join_trouble)i), &source, why) : 0;
		if (rc > 0) {
			quality_join_place(q, (enum join_trouble)i, source.path);
		}
	}
	return rc < 0 ? rc : 0;
}

struct fit_keeping {
	struct ledger *ledger;
	int64_t run;
	struct fault *why;
};

/* The same lines as those of the last run that wrote some? */
struct last_breakdowns {
	struct text json;
	bool same;
};

static int compare_breakdowns(void *last, int64_t day_ns, const char *part, struct text json) {
	struct last_breakdowns *l = last;

	(void)day_ns;
	l->same = is_breakdowns_part(part) ? text_eq(json, l->json) : l->same;
	return 0;
}

static int keep_fit(void *keeping, int64_t day_ns, struct text part, struct text json) {
	struct fit_keeping *k = keeping;
	struct last_breakdowns last = {.json = json};
	char name[64];

	if (text_eq(part, T(BREAKDOWNS_PART))) {
		int rc = ledger_fits(k->ledger, day_ns, day_ns + NS_PER_DAY, compare_breakdowns, &last, k->why);
		int len = snprintf(name, sizeof name, BREAKDOWNS_PART "%012" PRId64, k->run);
		return rc < 0 || last.same ? rc : ledger_fit_put(k->ledger, day_ns, (struct text){name, (size_t)len}, json, k->why);
	}
	return ledger_fit_put(k->ledger, day_ns, part, json, k->why);
}

/* Entries together with what they rest on; a closed day keeps the fits of its closed entries. */
static int attribute_into(struct book *b, int64_t day_ns, struct entry_list *all, struct quality *day, struct fault *why) {
	struct fit_keeping keeping = {b->ledger, b->run.id, why};
	struct book_sinks to = {.entry = entry_list_keep, .entries = all, .fits = &keeping};
	int64_t period;
	int closed = ledger_period_at(b->ledger, day_ns, &period, why);

	to.fit = closed ? NULL : keep_fit;
	int rc = closed != 0 ? closed : ledger_fits_drop(b->ledger, day_ns, why);
	if (rc < 0) {
		return rc;
	}
	book_forget_answers(b);
	struct attribution *a = new_attribution(b, day_ns, day_ns + NS_PER_DAY, NULL);
	rc = attribute_period(b, a, day_ns, day_ns + NS_PER_DAY, &to, day, why);
	rc = rc < 0 ? rc : book_keep_verdicts(b, a, day_ns, why);
	rc = rc < 0 ? rc : book_keep_answers(b, day_ns, why);
	if (rc >= 0 && b->models) {
		attribution_print_models(a, b->models);
	}
	int checked = rc >= 0 && b->checks ? attribution_cross_check(a, b->checks, day, why) : 0;
	b->checked += checked > 0;
	attribution_free(a);
	return checked < 0 ? checked : rc;
}

struct day_cost {
	int128 exact; /* GPU-ns times nano per hour */
	bool any;
};

static int add_cost(void *cost, const struct entry *e) {
	struct day_cost *k = cost;

	k->any = true;
	k->exact += e->rate_nano > 0 ? (int128)e->gpu_ns * e->rate_nano : 0;
	return 0;
}

/* A day that was attributed before: the cost of its entries now and then. */
static int note_restated(struct book *b, const struct day_cost *before, const struct entry_list *all) {
	struct day_cost after = {0};

	for (size_t i = 0; i < all->count; i++) {
		add_cost(&after, &all->at[i]);
	}
	int128 nano = exact_div(after.exact - before->exact, NS_PER_HOUR);
	if (before->any && nano != 0 && nano <= INT64_MAX && nano >= -INT64_MAX) {
		b->restated_days++;
		return exact_add(&b->restated_nano, (int64_t)nano) ? 0 : ERROR_RANGE;
	}
	return 0;
}

/* A night may attribute a day several times: notices are replaced, as in the ledger. In the order of days. */
static void notice_day(struct book *b, int64_t day_ns, struct quality *day) {
	size_t low = SORTED_FROM(b->days, b->day_count, struct book_day, day_ns, day_ns);
	bool known = low < b->day_count && b->days[low].day_ns == day_ns;
	if (!known && day->notice_count == 0) {
		return;
	}
	if (known) {
		quality_release(&b->days[low].noticed);
	} else {
		b->days = must_grow_by_count(b->days, b->day_count, sizeof *b->days);
		memmove(b->days + low + 1, b->days + low, (b->day_count - low) * sizeof *b->days);
		b->days[low].day_ns = day_ns;
		b->day_count++;
	}
	quality_init(&b->days[low].noticed);
	quality_move_notices(&b->days[low].noticed, day);
}

void book_merge_days(struct book *b) {
	for (size_t i = 0; i < b->day_count; i++) {
		quality_merge(&b->quality, &b->days[i].noticed);
	}
	free(b->days);
	b->days = NULL;
	b->day_count = 0;
	quality_report_counts(&b->quality);
}

static int attribute_day(struct book *b, int64_t day_ns, struct fault *why) {
	struct day_cost before = {0};
	struct entry_list all = {0};
	struct quality day;
	int64_t duplicates, period, more = 0;

	quality_init(&day);
	int rc = ledger_period_at(b->ledger, day_ns, &period, why), closed = rc;
	rc = rc == 0 ? ledger_entries(b->ledger, day_ns, day_ns + NS_PER_DAY, INT64_MAX - 1, add_cost, &before, why) : rc;
	rc = rc < 0 ? rc : attribute_into(b, day_ns, &all, &day, why);
	if (rc >= 0) {
		book_find_pauses(b, day_ns, &day);
	}
	rc = rc < 0 || closed > 0 ? rc : note_restated(b, &before, &all);
	duplicates = day.duplicates;
	rc = rc < 0 ? rc : place_joins(b, &day, why);
	rc = rc < 0 ? rc : ledger_joins_put(b->ledger, b->run.id, day_ns, &day.joins, why);
	rc = rc < 0 ? rc : ledger_day_notices_put(b->ledger, b->run.id, day_ns, &day, why);
	notice_day(b, day_ns, &day);
	quality_merge(&b->quality, &day);
	rc = rc < 0 ? rc : ledger_post_day(b->ledger, b->run.id, day_ns, all.at, all.count, &b->run.restated, why);
	rc = rc < 0 ? rc : ledger_day_done(b->ledger, day_ns, b->basis, duplicates, &more, why);
	b->run.duplicates += more;
	b->attributed++;
	free(all.at);
	return rc;
}

/* A day with removed records: it is closed, and keeps its entries. */
static int leave_day(struct book *b, int64_t day_ns, struct fault *why) {
	quality_warn(&b->quality, "days whose records were removed by retention keep their entries");
	return ledger_dirty_forget(b->ledger, day_ns, why);
}

/*
 * Days are attributed one by one, each from its own records and those of adjacent days: fits of a replica without
 * steps use these alone, so that the entries of a day do not depend on how many nights it took. A day that decides
 * something about names of servers marks those that take it over.
 *
 * All of them in one transaction: with some days by the former fleet and some by the new one, a statement in between,
 * or of that run later, would match neither.
 */
int book_attribute(struct book *b, struct fault *why) {
	int64_t day_ns, gone, since_ns;
	int rc = apply_stated(b, why);

	rc = rc < 0 ? rc : book_check_currency(b, true, why);
	rc = rc < 0 ? rc : book_find_misnamed(b, why);
	rc = rc < 0 ? rc : ledger_dirty_basis(b->ledger, b->basis, why);
	rc = rc < 0 ? rc : book_mark_answered(b, why);
	while (rc >= 0 && (rc = ledger_dirty_next(b->ledger, &day_ns, why)) > 0) {
		rc = ledger_gone(b->ledger, day_ns - NS_PER_DAY, day_ns + 2 * NS_PER_DAY, &gone, &since_ns, why);
		rc = rc < 0 ? rc : rc > 0 ? leave_day(b, day_ns, why) : attribute_day(b, day_ns, why);
	}
	return rc;
}
