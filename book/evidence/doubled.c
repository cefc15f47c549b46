/* doubled.c: one server in two books under two names, which would be counted twice. */
#include <inttypes.h>
#include <stdlib.h>

#include "book/book.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/sorted.h"

/* Records that are read to compare servers, at most: some seconds. */
#define RECORDS_MOST INT64_C(20000000)

/* ---- by the tokens of days ---- */

struct loads {
	int64_t from_ns, to_ns;
	struct of_book {
		const char *book;
		struct ledger_load *at;
		size_t count;
	} *books;
	size_t count;
};

static int read_loads(void *loads, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct loads *x = loads;
	struct of_book *of = &x->books[i];

	of->book = ledger_book(b->ledger);
	x->count = i + 1;
	return ledger_loads(b->ledger, x->from_ns, x->to_ns, as_of, &of->at, &of->count, why);
}

static int order_of_loads(const struct ledger_load *a, const struct ledger_load *b) {
	int order = exact_order(a->day_ns, b->day_ns);

	order = order != 0 ? order : exact_order(a->input_ntok, b->input_ntok);
	return order != 0 ? order : exact_order(a->output_ntok, b->output_ntok);
}

static void compare_loads(struct quality *q, const struct names *names, struct fleet *pairs, const struct of_book *a, const struct of_book *b) {
	char day[INSTANT_TEXT_MAX];

	for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
		int order = order_of_loads(&a->at[i], &b->at[k]);
		const struct ledger_load *x = &a->at[i], *y = &b->at[k];
		if (order == 0 && !fleet_are_different(pairs, names_text(names, x->replica), names_text(names, y->replica))) {
			const char *one = names_text(names, x->replica).at, *other = names_text(names, y->replica).at;
			quality_finding(q, "counted-twice", other, "--different", QUALITY_NO_AMOUNT,
			                "%s in %s and %s in %s have the same tokens on %.10s, %" PRId64 " input and %" PRId64 " output: if they are one "
			                "server, its work is counted twice; read all of its logs into one book, or, if they are two, give --different %s=%s", one, a->book, other, b->book,
			                instant_format(x->day_ns, day), x->input_ntok, x->output_ntok, one, other);
			fleet_add_different(pairs, text_of(one), text_of(other)); /* one day shows it, and one finding is enough */
		}
		i += order <= 0;
		k += order >= 0;
	}
}

static int find_equal_days(struct book *b, struct fleet *pairs, struct quality *q, int64_t as_of, int64_t from_ns, int64_t to_ns, struct fault *why) {
	struct loads x = {.from_ns = from_ns, .to_ns = to_ns, .books = must_calloc(b->further_count + 1, sizeof *x.books)};
	int rc = book_each_ledger(b, as_of, read_loads, &x, why);

	for (size_t i = 0; i < x.count && rc >= 0; i++) {
		for (size_t k = i + 1; k < x.count; k++) {
			compare_loads(q, b->names, pairs, &x.books[i], &x.books[k]);
		}
	}
	for (size_t i = 0; i < x.count; i++) {
		free(x.books[i].at);
	}
	free(x.books);
	return rc;
}

/* ---- by records of a day that two servers have in common ---- */

/* A segment of a book. */
struct of_day {
	struct ledger_segment segment;
	name_id named; /* that of its entries */
	size_t book;
	bool held, wanted; /* held: its requests are not counted */
};

struct doubling {
	struct fleet *pairs; /* those that the books' fleet files and the options state */
	int64_t from_ns, to_ns;
	struct of_day *at; /* by name, then by day; a name is in one book only */
	size_t count;
	struct one_book {
		const char *name;
		bool engines; /* has it logs of engines? Then requests of gateways are no evidence of their own */
	} *books;
	size_t book;      /* the current one, and its run */
	int64_t as_of;
	struct ledger_verdict *verdicts; /* its */
	size_t verdict_count;
	const struct of_day *reading;
	struct text separated; /* the name whose servers are being separated; empty: none */
	struct book *reader;
	struct names *names;
	struct name_summaries *summaries;
	struct quality *quality;
	struct fault *why;
};

static int keep_verdict(void *doubling, const struct ledger_verdict *v) {
	struct doubling *d = doubling;

	if (v->decision != NAME_OTHER) {
		d->verdicts = must_grow_by_count(d->verdicts, d->verdict_count, sizeof *d->verdicts);
		d->verdicts[d->verdict_count++] = *v;
	}
	return 0;
}

/* The decision about a name, of its day or of any other one; NULL: none. */
static const struct ledger_verdict *verdict_of(const struct doubling *d, const struct ledger_segment *s) {
	const struct ledger_verdict *found = NULL;

	for (size_t i = 0; i < d->verdict_count; i++) {
		const struct ledger_verdict *v = &d->verdicts[i];
		if (v->name == s->replica && (!found || v->day_ns == s->day_ns)) {
			found = v;
		}
	}
	return found;
}

static int keep_segment(void *doubling, const struct ledger_segment *s) {
	struct doubling *d = doubling;
	const struct ledger_verdict *v = verdict_of(d, s);

	d->books[d->book].engines |= s->counts[RECORD_STEP] + s->counts[RECORD_WINDOW] > 0 || s->counts[RECORD_REQUEST] > s->gateways;
	if (s->gone_run == 0 && s->run <= d->as_of && !(v && v->dropped)) {
		d->at = must_grow_by_count(d->at, d->count, sizeof *d->at);
		d->at[d->count++] = (struct of_day){.segment = *s, .named = v ? v->named : s->replica,
		                                    .book = d->book, .held = v && v->held};
	}
	return 0;
}

static int keep_pairs(struct doubling *d, struct book *b, int64_t as_of, struct fault *why) {
	struct fleet *shown = b->fleet;
	struct last_run last;
	int rc = book_last_run(b, as_of, &last, why);

	b->fleet = NULL;
	if (rc >= 0 && last.id != 0 && book_fleet_of_run(b, last.id, &(struct fault){0}) == 0) {
		fleet_add_pairs(d->pairs, b->fleet);
	}
	fleet_free(b->fleet);
	b->fleet = shown;
	return rc;
}

static int read_segments(void *doubling, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct doubling *d = doubling;

	d->book = i;
	d->as_of = as_of;
	d->books[i].name = ledger_book(b->ledger);
	d->verdict_count = 0;
	int rc = keep_pairs(d, b, as_of, why);
	rc = rc < 0 ? rc : ledger_verdicts(b->ledger, keep_verdict, d, why);
	return rc < 0 ? rc : ledger_segments(b->ledger, d->from_ns, d->to_ns, keep_segment, d, why);
}

static int by_name(const void *a, const void *b) {
	const struct of_day *x = a, *y = b;
	int order = (x->named > y->named) - (x->named < y->named);

	return order != 0 ? order : exact_order(x->segment.day_ns, y->segment.day_ns);
}

static size_t end_of_name(const struct doubling *d, size_t i) {
	size_t end = i;

	while (end < d->count && d->at[end].named == d->at[i].named) {
		end++;
	}
	return end;
}

static int64_t records_of(const struct of_day *x) {
	return x->segment.counts[RECORD_STEP] + x->segment.counts[RECORD_REQUEST] + x->segment.counts[RECORD_WINDOW];
}

/* The day on which both names have the most records, at one time: all of theirs are wanted. */
static void want_common(struct doubling *d, size_t a, size_t a_end, size_t b, size_t b_end) {
	struct of_day *best[2] = {NULL, NULL};
	int64_t most = 0;

	while (a < a_end && b < b_end) {
		struct of_day *x = &d->at[a], *y = &d->at[b];
		int64_t least = records_of(x) < records_of(y) ? records_of(x) : records_of(y);
		if (x->segment.day_ns == y->segment.day_ns && x->segment.first_ns <= y->segment.last_ns && y->segment.first_ns <= x->segment.last_ns && least > most) {
			best[0] = x;
			best[1] = y;
			most = least;
		}
		bool first = x->segment.day_ns <= y->segment.day_ns;
		a += first;
		b += !first;
	}
	for (size_t i = 0; i < 2 && best[0]; i++) {
		best[i]->wanted = true;
	}
}

static size_t end_of_day(const struct doubling *d, size_t i) {
	size_t end = i;

	while (end < d->count && by_name(&d->at[end], &d->at[i]) == 0) {
		end++;
	}
	return end;
}

/* All that is under one name on a day, if any of it is wanted; how many records it has. */
static int64_t want_day(struct doubling *d, size_t from, size_t to) {
	bool wanted = false;
	int64_t records = 0;

	for (size_t i = from; i < to; i++) {
		wanted |= d->at[i].wanted;
		records += records_of(&d->at[i]);
	}
	for (size_t i = from; i < to; i++) {
		d->at[i].wanted = wanted;
	}
	return wanted ? records : 0;
}

/* Marks the segments to read; how many records they have. */
static int64_t want(struct doubling *d) {
	int64_t records = 0;

	sort_items(d->at, d->count, sizeof *d->at, by_name);
	for (size_t a = 0, a_end; a < d->count; a = a_end) {
		a_end = end_of_name(d, a);
		for (size_t b = a_end, b_end; b < d->count; b = b_end) {
			b_end = end_of_name(d, b);
			if (d->at[a].book != d->at[b].book) {
				want_common(d, a, a_end, b, b_end);
			}
		}
	}
	for (size_t i = 0, end; i < d->count; i = end) {
		end = end_of_day(d, i);
		records += want_day(d, i, end);
	}
	return records;
}

static int add_record(void *doubling, const struct record *r, struct fault *why) {
	struct doubling *d = doubling;
	struct record one = *r;

	if (r->kind == RECORD_REQUEST && (d->reading->held || (r->request.gateway && d->books[d->reading->book].engines))) {
		return 0;
	}
	if (r->kind == RECORD_REQUEST) {
		one.request.gateway = false;
	}
	return d->separated.len > 0 ? name_summaries_add_whole(d->summaries, &one, why) : name_summaries_add_record(d->summaries, &one, why);
}

static int read_wanted(void *doubling, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct doubling *d = doubling;
	int rc = 0;

	(void)as_of;
	for (size_t k = 0; k < d->count && rc >= 0; k++) {
		d->reading = &d->at[k];
		bool asked = d->separated.len == 0 || text_eq(d->separated, names_text(d->names, d->reading->segment.replica));
		rc = asked && d->reading->wanted && d->reading->book == i ? ledger_records(b->ledger, &d->reading->segment, add_record, d, why) : 0;
	}
	return rc;
}

/* A name_reader. */
static int read_name(void *doubling, struct name_summaries *n, struct text name, struct fault *why) {
	struct doubling *d = doubling;

	(void)n;
	d->separated = name;
	int rc = book_each_ledger(d->reader, 0, read_wanted, d, why);
	d->separated = T("");
	return rc;
}

/* The book of a name, or of "NAME#2", one of its servers. */
static const struct one_book *book_of(const struct doubling *d, name_id name) {
	struct text logged = name_logged(names_text(d->names, name));

	for (size_t i = 0; i < d->count; i++) {
		name_id its = d->at[i].segment.replica;
		if (its == name || text_eq(names_text(d->names, its), logged)) {
			return &d->books[d->at[i].book];
		}
	}
	return NULL;
}

static int find_pair(void *doubling, const struct name_verdict *v, struct fault *why) {
	struct doubling *d = doubling;
	const struct one_book *a = book_of(d, v->with), *b = book_of(d, v->name);
	const char *x = names_text(d->names, v->with).at, *y = names_text(d->names, v->name).at;

	(void)why;
	if (a && b && a != b && (v->named != v->name || v->held || v->dropped)) {
		quality_finding(d->quality, "counted-twice", y, "--different", QUALITY_NO_AMOUNT,
		                "%s in %s and %s in %s %s, by their records of a day: its work is counted twice; read all of its logs into one book, or, if "
		                "they are two, give --different %s=%s", x, a->name, y, b->name, v->decision == NAME_SAME ? "are one server" : "may be one server", x, y);
	}
	return 0;
}

static int compare_records(struct doubling *d, struct book *b, int64_t as_of, struct fault *why) {
	struct quality ignored; /* what concerns the names of one book is among its own findings */
	int64_t records = want(d);

	if (records > RECORDS_MOST) {
		quality_warn(d->quality, "servers of different books are compared by the tokens of whole days only: %" PRId64 " records would have to be read to "
		             "compare them by their records", records);
		return 0;
	}
	quality_init(&ignored);
	d->summaries = name_summaries_new(b->names);
	int rc = records > 0 ? book_each_ledger(b, as_of, read_wanted, d, why) : 0;
	d->reader = b;
	rc = rc < 0 ? rc : name_summaries_separate(d->summaries, read_name, d, why);
	rc = rc < 0 ? rc : name_summaries_decide(d->summaries, d->pairs, &ignored, find_pair, d, why);
	name_summaries_free(d->summaries);
	quality_release(&ignored);
	return rc;
}

int book_find_doubled(struct book *b, struct quality *q, int64_t as_of, int64_t from_ns, int64_t to_ns, struct fault *why) {
	if (b->further_count == 0) {
		return 0;
	}
	struct doubling d = {.pairs = fleet_of_rate(0), .from_ns = from_ns, .to_ns = to_ns, .names = b->names, .quality = q,
	                     .books = must_calloc(b->further_count + 1, sizeof *d.books)};
	int rc = settings_add_pairs(d.pairs, &b->set, why);

	rc = rc < 0 ? rc : book_each_ledger(b, as_of, read_segments, &d, why);
	rc = rc < 0 ? rc : find_equal_days(b, d.pairs, q, as_of, from_ns, to_ns, why);
	rc = rc < 0 ? rc : compare_records(&d, b, as_of, why);
	fleet_free(d.pairs);
	free(d.verdicts);
	free(d.books);
	free(d.at);
	return rc;
}
