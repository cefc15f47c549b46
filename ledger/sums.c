/*
 * sums.c: the entries of a day summed over replicas, beside its fits, so that a report without replicas need not read the
 * entries of each. They follow from the entries: a day without sums, or with those of another state, is read as it is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/files/files.h"
#include "core/instant.h"
#include "ledger/book.h"

/* Sums are kept if there are at most this part of the entries. */
#define FEWER 4

/* ---- text form: the run of the last change to the day's postings, then an entry a line, all of it integers ---- */

static void put_line(FILE *out, int64_t day_ns, int64_t n[ENTRY_INTS]) {
	n[1] -= day_ns;
	for (int i = 0; i < ENTRY_INTS; i++) {
		fprintf(out, i > 0 ? " %" PRId64 : "%" PRId64, n[i]);
	}
	fputc('\n', out);
}

/* Those of the day's entries: to be freed; *text is empty if they are not kept. */
static int sums_text(struct ledger *l, int64_t state, int64_t day_ns, const struct entry *entries, size_t count, struct text *text,
                     struct fault *why) {
	struct entry *sums = must_alloc((count + 1) * sizeof *sums);
	size_t left = count, len = 0;
	int64_t n[ENTRY_INTS];
	char *bytes = NULL;
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		sums[i] = entries[i];
		sums[i].replica = entries[i].rate_nano < 0 ? entries[i].replica : 0; /* a statement names those without a rate */
	}
	*text = (struct text){NULL, 0};
	if (entries_add_up(l->names, sums, &left) && left > 0 && left <= count / FEWER) {
		FILE *out = memory_open(&bytes, &len);
		fprintf(out, "%" PRId64 "\n", state);
		for (size_t i = 0; i < left && rc == 0; i++) {
			rc = entry_ints(l, &sums[i], n, why);
			put_line(out, day_ns, n);
		}
		memory_close(out, &bytes);
		*text = (struct text){bytes, len};
	}
	free(sums);
	return rc;
}

static bool take(struct text *t, char end, int64_t *out) {
	if (!text_take_i64(t, out) || t->len == 0 || t->at[0] != end) {
		return false;
	}
	*t = text_cut(*t, 1, t->len);
	return true;
}

static bool take_line(struct ledger *l, struct text *t, int64_t day_ns, struct entry *out) {
	int64_t n[ENTRY_INTS];

	for (int i = 0; i < ENTRY_INTS; i++) {
		if (!take(t, i + 1 < ENTRY_INTS ? ' ' : '\n', &n[i])) {
			return false;
		}
	}
	bool fits = exact_add(&n[1], day_ns) && n[5] >= 0 && n[5] < ENTRY_KINDS && n[6] >= 0 && n[6] < GRADES && n[8] >= 0 && n[8] < SERVICES;
	for (int i = 10; i < ENTRY_INTS; i++) { /* only spreads may be negative */
		fits = fits && (n[i] >= 0 || i == 15);
	}
	if (fits) {
		ints_entry(l, n, out);
	}
	return fits;
}

/* ---- days ---- */

struct day_state {
	int64_t day_ns, run; /* run: of the last change; 0: nothing is in force yet */
};

static int states_of(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t as_of, struct day_state **out, size_t *count, struct fault *why) {
	size_t room = 0;
	int rc = ask(l, Q_DAY_STATES, VALUES(V_INT(from_ns), V_INT(to_ns), V_INT(as_of)), why);

	*out = NULL;
	*count = 0;
	while (ask_row(l, Q_DAY_STATES, &rc, why)) {
		*out = must_grow(*out, *count, &room, sizeof **out, 64);
		(*out)[(*count)++] = (struct day_state){row_int(l, Q_DAY_STATES, 0), row_int(l, Q_DAY_STATES, 1)};
	}
	ask_end(l, Q_DAY_STATES);
	return rc;
}

static int state_of(struct ledger *l, int64_t day_ns, int64_t *run, struct fault *why) {
	struct day_state *states;
	size_t count;
	int rc = states_of(l, day_ns, day_ns + NS_PER_DAY, INT64_MAX, &states, &count, why);

	*run = count > 0 ? states[0].run : 0;
	free(states);
	return rc;
}

int sums_put(struct ledger *l, int64_t day_ns, const struct entry *entries, size_t count, struct fault *why) {
	struct text text = {NULL, 0};
	int64_t run = 0;
	int rc = count > 0 ? state_of(l, day_ns, &run, why) : 0;

	rc = rc < 0 || count == 0 ? rc : sums_text(l, run, day_ns, entries, count, &text, why);
	if (rc >= 0) {
		rc = text.len > 0 ? ask_do(l, Q_FIT_PUT, VALUES(V_INT(day_ns), V_TEXT(T(SUMS_PART)), V_TEXT(text)), why)
		                  : ask_do(l, Q_FIT_DROP, VALUES(V_INT(day_ns), V_TEXT(T(SUMS_PART))), why);
	}
	free((char *)(uintptr_t)text.at);
	return rc;
}

/* ---- reading ---- */

struct reading {
	int64_t from_ns, to_ns;
	entry_sink *sink;
	void *context;
};

static int read_lines(struct ledger *l, const struct reading *r, int64_t day_ns, struct text lines, struct fault *why) {
	struct entry e;
	int rc = 0;

	while (lines.len > 0 && rc >= 0) {
		if (!take_line(l, &lines, day_ns, &e)) {
			return fault_set(why, ERROR_IO, "the book's sums of a day are damaged; run 'tollbook attribute --all'");
		}
		rc = e.slot_ns >= r->from_ns && e.slot_ns < r->to_ns ? r->sink(r->context, &e) : 0;
	}
	return rc < 0 ? fault_set(why, rc, "the statement rejects an entry") : 0;
}

/* 1: the sums of that state were read; 0: there are none. */
static int read_sums(struct ledger *l, const struct reading *r, const struct day_state *day, struct fault *why) {
	int64_t state;
	int rc = ask_first(l, Q_FIT_GET, VALUES(V_INT(day->day_ns), V_TEXT(T(SUMS_PART))), why);

	if (rc > 0) {
		struct text lines = row_text(l, Q_FIT_GET, 0);
		bool same = take(&lines, '\n', &state) && state == day->run;
		rc = same ? read_lines(l, r, day->day_ns, lines, why) : 0;
		rc = rc < 0 ? rc : same;
	}
	ask_end(l, Q_FIT_GET);
	return rc;
}

/* Entries of the days [from, to) of the reading as they are. */
static int read_entries(struct ledger *l, const struct reading *r, int64_t from_ns, int64_t to_ns, int64_t as_of, struct fault *why) {
	from_ns = from_ns > r->from_ns ? from_ns : r->from_ns;
	to_ns = to_ns < r->to_ns ? to_ns : r->to_ns;
	return from_ns < to_ns ? ledger_entries(l, from_ns, to_ns, as_of, r->sink, r->context, why) : 0;
}

int ledger_entries_summed(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t as_of, entry_sink *sink, void *context, struct fault *why) {
	const struct reading r = {from_ns, to_ns, sink, context};
	int64_t first_day = from_ns > INT64_MIN + NS_PER_DAY ? instant_floor(from_ns, NS_PER_DAY) : INT64_MIN, done_ns = first_day;
	struct day_state *days;
	size_t count;
	int rc = states_of(l, first_day, to_ns, as_of, &days, &count, why);

	for (size_t i = 0; i < count && rc >= 0; i++) {
		rc = days[i].run > 0 ? read_sums(l, &r, &days[i], why) : 0;
		if (rc > 0) { /* and what was before it */
			rc = read_entries(l, &r, done_ns, days[i].day_ns, as_of, why);
			done_ns = days[i].day_ns + NS_PER_DAY;
		}
	}
	free(days);
	return rc < 0 ? rc : read_entries(l, &r, done_ns, to_ns, as_of, why);
}

/* ---- checking ---- */

/* 1: the sums of a day are those of its entries, or of a former state; 0: they are not. */
static int check_day(struct ledger *l, int64_t day_ns, struct fault *why) {
	struct entry_list entries = {NULL, 0, 0};
	struct text expected = {NULL, 0};
	int64_t run = 0;
	bool same = false;
	int rc = state_of(l, day_ns, &run, why);

	rc = rc < 0 ? rc : ledger_entries(l, day_ns, day_ns + NS_PER_DAY, INT64_MAX, entry_list_keep, &entries, why);
	rc = rc < 0 ? rc : sums_text(l, run, day_ns, entries.at, entries.count, &expected, why);
	rc = rc < 0 ? rc : ask_first(l, Q_FIT_GET, VALUES(V_INT(day_ns), V_TEXT(T(SUMS_PART))), why);
	if (rc > 0) {
		struct text lines = row_text(l, Q_FIT_GET, 0), rest = lines;
		int64_t state = 0;
		same = (take(&rest, '\n', &state) && state < run) || text_eq(lines, expected);
	}
	ask_end(l, Q_FIT_GET);
	free((char *)(uintptr_t)expected.at);
	free(entries.at);
	return rc < 0 ? rc : same;
}

int sums_check(struct ledger *l, ledger_finding_sink *sink, void *context, struct fault *why) {
	char sentence[200], day[INSTANT_TEXT_MAX];
	size_t count = 0, room = 0;
	int64_t *days = NULL;
	int rc = ask(l, Q_FIT_DAYS, VALUES(V_TEXT(T(SUMS_PART))), why);

	while (ask_row(l, Q_FIT_DAYS, &rc, why)) {
		days = must_grow(days, count, &room, sizeof *days, 64);
		days[count++] = row_int(l, Q_FIT_DAYS, 0);
	}
	for (size_t i = 0; i < count && rc >= 0; i++) {
		rc = check_day(l, days[i], why);
		if (rc == 0) {
			snprintf(sentence, sizeof sentence, "%.10s: the sums of the day differ from its entries; run 'tollbook attribute --all'",
			         instant_format(days[i], day));
			sink(context, sentence);
		}
	}
	free(days);
	return rc < 0 ? rc : 0;
}
