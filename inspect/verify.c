/* verify.c: is the book consistent? */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "book/book.h"
#include "inspect/inspect.h"
#include "inspect/verify_fits.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/sorted.h"
#include "core/text.h"

/* Number of days that are attributed again without --all. */
#define SAMPLE 3

struct check {
	struct book *b;
	struct fault *why;
	int64_t findings, segments, records, days, entries, fits;
	int64_t forgotten_run; /* the last run that took a log out of the book; 0: none; -1: not asked yet */
	int64_t closed_since; /* days of closed periods for which records came later: their fits cannot be recomputed */
	int64_t left;         /* days that cannot be recomputed */
	char unchecked[200]; /* why the basis of the entries is not known */
	struct ledger_segment read; /* what the records of a segment give: counts, instants, gateways */
};

static void say(void *check, const char *sentence) {
	struct check *c = check;

	c->findings++;
	terminal_error(c->b->terminal, "%s", sentence);
}

/* ---- segments ---- */

static int count_record(void *check, const struct record *r, struct fault *why) {
	struct check *c = check;

	(void)why;
	ledger_segment_add(&c->read, r);
	c->records++;
	return 0;
}

/* Former versions did not count gateways (-1) or keep the numbers of steps (UNKNOWN). */
static bool same_figures(const struct ledger_segment *read, const struct ledger_segment *s) {
	bool spans = read->gateways == s->gateways && read->span_first_ns == s->span_first_ns && read->span_last_ns == s->span_last_ns;
	bool steps = read->first_step == s->first_step && read->last_step == s->last_step;

	return memcmp(read->counts, s->counts, sizeof read->counts) == 0 && read->first_ns == s->first_ns && read->last_ns == s->last_ns &&
	       (s->gateways == -1 || spans) && ((s->first_step == UNKNOWN && s->last_step == UNKNOWN) || steps);
}

static bool same_size(const char *path, int64_t bytes) {
	struct stat st;

	return stat(path, &st) == 0 && st.st_size == bytes;
}

static int check_segment(void *check, const struct ledger_segment *s) {
	struct check *c = check;
	char sentence[600], path[4096];
	struct fault why;

	if (s->gone_run) {
		return 0;
	}
	ledger_segment_path(c->b->ledger, s, path, sizeof path);
	ledger_segment_empty(&c->read);
	c->segments++;
	if (ledger_records(c->b->ledger, s, count_record, c, &why) < 0) {
		say(c, why.message);
	} else if (!same_figures(&c->read, s) || !same_size(path, s->bytes)) {
		snprintf(sentence, sizeof sentence, "%.400s: its size, its numbers of records, or their instants, differ from the ledger's; "
						    "restore it from a backup", path);
		say(c, sentence);
	}
	return 0;
}

/* Harmless. */
static void say_orphan(void *check, const char *path) {
	const struct check *c = check;

	terminal_warning(c->b->terminal, "%s: not a segment of this book; a stopped run left it, and it can be removed", path);
}

/* What cannot be checked. */
static void print_unchecked(const struct check *c) {
	if (c->b->terminal->quiet) {
		return;
	}
	if (c->closed_since > 0) {
		fprintf(c->b->terminal->out, "Fits of %" PRId64 " closed day%s cannot be recomputed: later records "
					     "count by adjustments\n", c->closed_since, PLURAL(c->closed_since));
	}
	if (c->left > 0) {
		fprintf(c->b->terminal->out, "%" PRId64 " closed day%s cannot be recomputed: no records are left, "
					     "or they were attributed with another fleet, rule or version\n",
		       c->left, PLURAL(c->left));
	}
}

static void print_gone(const struct check *c, int64_t gone, int64_t since_ns) {
	char since[INSTANT_TEXT_MAX];

	if (gone > 0 && !c->b->terminal->quiet) {
		fprintf(c->b->terminal->out, "Retention has removed the records of %" PRId64 " replica-day%s since "
					     "%.10s: the entries are kept, and cannot be recomputed\n",
		       gone, PLURAL(gone), instant_format(since_ns, since));
	}
}

/* ---- recomputing entries ---- */

/* The entries of a day, one for each key. */
struct day_entries {
	struct entry *at;
	size_t count;
	int64_t day_ns;
};

static int add_entry(void *entries, const struct entry *e) {
	struct day_entries *d = entries;

	d->at = must_grow_by_count(d->at, d->count, sizeof *d->at);
	d->at[d->count++] = *e;
	return 0;
}

/* Adjustments are added to a closed day's entries. */
static int add_adjustment(void *entries, const struct ledger_adjustment *a) {
	struct day_entries *d = entries;
	bool here = a->entry.slot_ns >= d->day_ns && a->entry.slot_ns < d->day_ns + NS_PER_DAY;

	return here ? add_entry(d, &a->entry) : 0;
}

static int by_key(const void *a, const void *b) {
	const struct entry *x = a, *y = b;
	const int64_t keys[][2] = {
		{x->slot_ns, y->slot_ns}, {x->replica, y->replica}, {x->model, y->model},
		{x->tenant, y->tenant},   {x->pool, y->pool},       {x->kind, y->kind},
		{x->grade, y->grade},     {x->service, y->service}, {x->prompt_over_ntok, y->prompt_over_ntok},
		{x->rate_nano, y->rate_nano},
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (keys[i][0] != keys[i][1]) {
			return exact_order(keys[i][0], keys[i][1]);
		}
	}
	return 0;
}

/* Sums the amounts of all entries with the key of the first one; returns their number. */
static size_t sum_key(const struct day_entries *d, size_t at, int64_t out[ENTRY_AMOUNTS]) {
	size_t n = 0;

	memset(out, 0, ENTRY_AMOUNTS * sizeof *out);
	for (; at + n < d->count && by_key(&d->at[at], &d->at[at + n]) == 0; n++) {
		for (int i = 0; i < ENTRY_AMOUNTS; i++) {
			out[i] = (int64_t)((uint64_t)out[i] + (uint64_t)d->at[at + n].amounts[i]);
		}
	}
	return n;
}

/* The same key by key, over all fields, so that no change is missed; entries that sum to 0 may be missing. */
static bool same_entries(struct day_entries *a, struct day_entries *b) {
	static const int64_t nothing[ENTRY_AMOUNTS];
	size_t i = 0, k = 0;

	sort_items(a->at, a->count, sizeof *a->at, by_key);
	sort_items(b->at, b->count, sizeof *b->at, by_key);
	while (i < a->count || k < b->count) {
		int64_t x[ENTRY_AMOUNTS] = {0}, y[ENTRY_AMOUNTS] = {0};
		int order = i == a->count ? 1 : k == b->count ? -1 : by_key(&a->at[i], &b->at[k]);
		i += order <= 0 ? sum_key(a, i, x) : 0;
		k += order >= 0 ? sum_key(b, k, y) : 0;
		if (memcmp(x, y, sizeof x) != 0 && !(order != 0 && memcmp(order < 0 ? x : y, nothing, sizeof x) == 0)) {
			return false;
		}
	}
	return true;
}

static void say_differs(struct check *c, int64_t day_ns, const struct day_entries *again, const struct day_entries *kept, bool closed) {
	char day[INSTANT_TEXT_MAX], sentence[300];

	snprintf(sentence, sizeof sentence, "%.10s: its records give different entries (%zu) from those of the ledger "
					    "(%zu%s); %s",
	         instant_format(day_ns, day), again->count, kept->count, closed ? ", with adjustments" : "",
	         closed ? "it is closed: restore a backup" : "run 'tollbook attribute --all'");
	say(c, sentence);
}

/* fits: also compare them */
static int check_day(struct check *c, int64_t day_ns, bool closed, bool fits, struct fault *why) {
	struct day_entries kept = {.day_ns = day_ns}, again = kept;
	struct day_fits kept_fits = {0}, fits_again = {0};
	const struct book_sinks to = {add_entry, &again, fits ? day_fits_add : NULL, &fits_again};
	struct quality ignored;

	quality_init(&ignored);
	int rc = ledger_entries(c->b->ledger, day_ns, day_ns + NS_PER_DAY, INT64_MAX - 1, add_entry, &kept, why);
	if (rc >= 0 && closed) {
		rc = ledger_adjustments(c->b->ledger, INT64_MIN, INT64_MAX, INT64_MAX - 1, add_adjustment, &kept, why);
	}
	rc = rc < 0 ? rc : book_day_of(c->b, day_ns, &to, &ignored, why);
	rc = rc < 0 || !fits ? rc : day_fits_kept(&kept_fits, c->b->ledger, day_ns, why);
	quality_release(&ignored);
	c->days++;
	c->entries += (int64_t)again.count;
	if (rc == 0 && !same_entries(&kept, &again)) {
		say_differs(c, day_ns, &again, &kept, closed);
	}
	if (rc == 0 && fits) {
		day_fits_compare(&fits_again, &kept_fits, day_ns, closed, say, c);
		c->fits += (int64_t)day_fits_count(&fits_again);
	}
	day_fits_release(&kept_fits);
	day_fits_release(&fits_again);
	free(kept.at);
	free(again.at);
	return rc;
}

/* The closed period that contains a day. */
struct closing {
	int64_t day_ns, run;
	bool later; /* records came after it was closed, of the day or an adjacent one */
};

static int find_closing(void *closing, const struct ledger_period *p) {
	struct closing *k = closing;

	k->run = !p->reopened_run && p->from_ns <= k->day_ns && k->day_ns < p->to_ns ? p->run : k->run;
	return 0;
}

static int find_later(void *closing, const struct ledger_segment *s) {
	struct closing *k = closing;

	k->later |= s->run > k->run;
	return 0;
}

static int find_forgotten(void *check, const struct ledger_source *s) {
	struct check *c = check;

	c->forgotten_run = s->lines == 0 && s->bytes == 0 && s->last_run > c->forgotten_run ? s->last_run : c->forgotten_run;
	return 0;
}

/* Were records of a log withdrawn after a run? That of which day is no longer known. */
static int is_forgotten_after(struct check *c, int64_t run, struct fault *why) {
	int rc = 0;

	if (c->forgotten_run < 0) {
		c->forgotten_run = 0;
		rc = ledger_sources(c->b->ledger, find_forgotten, c, why);
	}
	return rc < 0 ? rc : c->forgotten_run > run;
}

/*
 * Closed days keep the entries of their basis: with another basis, or without their records, they cannot be checked.
 * Their fits are those at closing time: later records result in others.
 */
static int check_closed_day(struct check *c, int64_t day_ns, struct fault *why) {
	struct closing k = {.day_ns = day_ns};
	int64_t gone, since_ns;
	char basis[DIGEST_HEX_MAX];
	int rc = ledger_gone(c->b->ledger, day_ns - NS_PER_DAY, day_ns + 2 * NS_PER_DAY, &gone, &since_ns, why);

	rc = rc < 0 ? rc : rc > 0 ? 0 : ledger_day_basis(c->b->ledger, day_ns, basis, why);
	if (rc <= 0 || strcmp(basis, c->b->basis) != 0) {
		c->left += rc >= 0;
		return rc < 0 ? rc : 0;
	}
	rc = ledger_periods(c->b->ledger, find_closing, &k, why);
	rc = rc < 0 ? rc : ledger_segments(c->b->ledger, day_ns - NS_PER_DAY, day_ns + 2 * NS_PER_DAY, find_later, &k, why);
	int forgotten = rc < 0 ? rc : is_forgotten_after(c, k.run, why);
	rc = forgotten < 0 ? forgotten : rc;
	k.later |= forgotten > 0;
	c->closed_since += rc >= 0 && k.later;
	return rc < 0 ? rc : check_day(c, day_ns, true, !k.later, why);
}

static int check_days(struct check *c, bool all, struct fault *why) {
	int64_t from_ns, to_ns, closed;
	int rc = ledger_day_extent(c->b->ledger, &from_ns, &to_ns, why);

	if (rc <= 0) {
		return rc;
	}
	int64_t days = (to_ns - from_ns) / NS_PER_DAY, step = all || days <= SAMPLE ? 1 : days / SAMPLE;
	for (int64_t i = 0; i < days && rc >= 0; i += step) {
		int64_t day = from_ns + i * NS_PER_DAY;
		rc = ledger_period_at(c->b->ledger, day, &closed, why);
		rc = rc < 0 ? rc : rc > 0 ? check_closed_day(c, day, why) : check_day(c, day, false, true, why);
	}
	return rc;
}

/* ---- closed periods ---- */

struct closed {
	char name[32], entries[DIGEST_HEX_MAX], statement[DIGEST_HEX_MAX];
	int64_t from_ns, to_ns;
};
struct closed_list {
	struct closed *at;
	size_t count;
};

static int keep_closed(void *list, const struct ledger_period *p) {
	struct closed_list *l = list;

	if (!p->reopened_run) {
		l->at = must_realloc(l->at, (l->count + 1) * sizeof *l->at);
		struct closed *c = &l->at[l->count++];
		*c = (struct closed){.from_ns = p->from_ns, .to_ns = p->to_ns};
		snprintf(c->name, sizeof c->name, "%s", p->name);
		snprintf(c->entries, sizeof c->entries, "%s", p->entries);
		snprintf(c->statement, sizeof c->statement, "%s", p->statement);
	}
	return 0;
}

static int check_closed(struct check *c, const struct closed *p, struct fault *why) {
	char hash[DIGEST_HEX_MAX], sentence[200];
	struct text statement;
	int rc = ledger_period_hash(c->b->ledger, p->from_ns, p->to_ns, hash, why);

	if (rc == 0 && strcmp(hash, p->entries) != 0) {
		snprintf(sentence, sizeof sentence, "%s: is closed, and its entries changed since; restore a backup", p->name);
		say(c, sentence);
	}
	rc = rc < 0 ? rc : ledger_document_get(c->b->ledger, p->statement, &statement, why);
	if (rc > 0) {
		digest_of(statement, hash);
		free((char *)(uintptr_t)statement.at);
	}
	if (rc >= 0 && (rc == 0 || strcmp(hash, p->statement) != 0)) {
		snprintf(sentence, sizeof sentence, "%s: is closed, and its statement differs from the stored one; "
						    "restore a backup", p->name);
		say(c, sentence);
	}
	return rc < 0 ? rc : 0;
}

static int check_periods(struct check *c, struct fault *why) {
	struct closed_list list = {0};
	int rc = ledger_periods(c->b->ledger, keep_closed, &list, why);

	for (size_t i = 0; i < list.count && rc == 0; i++) {
		rc = check_closed(c, &list.at[i], why);
	}
	free(list.at);
	return rc;
}

/* A night that ran in the meantime replaced files that this state of the ledger names. */
static void say_overtaken(struct check *c) {
	struct ledger *now;
	struct ledger_run run;
	struct fault ignored;
	int64_t seen = 0;

	if (ledger_run_last(c->b->ledger, &run, &ignored) > 0) {
		seen = run.id;
	}
	if (ledger_open(&now, ledger_book(c->b->ledger), LEDGER_READ, c->b->names, &ignored) != 0) {
		return;
	}
	if (ledger_run_last(now, &run, &ignored) > 0 && run.id > seen) {
		terminal_warning(c->b->terminal, "the book was written to during verification: findings may be about "
						 "files that it no longer needs; verify it again");
	}
	ledger_close(now);
}

static int work(struct check *c, bool all, struct fault *why) {
	int64_t dirty = 0, gone = 0, since_ns = 0, plans = 0;
	int rc = ledger_check(c->b->ledger, say, c, why);

	rc = rc < 0 ? rc : ledger_segments(c->b->ledger, INT64_MIN, INT64_MAX, check_segment, c, why);
	rc = rc < 0 ? rc : ledger_orphans(c->b->ledger, say_orphan, c, why);
	rc = rc < 0 ? rc : ledger_gone(c->b->ledger, INT64_MIN, INT64_MAX, &gone, &since_ns, why);
	rc = rc < 0 ? rc : check_periods(c, why);
	rc = rc < 0 ? rc : ledger_dirty_count(c->b->ledger, INT64_MIN, INT64_MAX, &dirty, why);
	rc = rc < 0 ? rc : ledger_evidence_plans(c->b->ledger, &plans, why);
	if (rc == 0 && dirty > 0) {
		terminal_warning(c->b->terminal, "records of %" PRId64 " day%s are not attributed yet: run tollbook attribute", dirty, PLURAL(dirty));
	} else if (rc == 0 && c->findings > 0) {
		terminal_warning(c->b->terminal, "entries are not recomputed from records before this is repaired");
	} else if (rc == 0 && plans > 0) {
		terminal_warning(c->b->terminal, "tasks of 'tollbook shard' posted the entries, and their records are "
						 "in the plan folders: they are not recomputed here");
	} else if (rc == 0 && c->unchecked[0]) {
		terminal_warning(c->b->terminal, "entries are not recomputed from their records: %s", c->unchecked);
	} else if (rc == 0 && c->b->fleet) {
		rc = check_days(c, all, why);
	}
	print_gone(c, gone, since_ns);
	print_unchecked(c);
	if (c->findings > 0) {
		say_overtaken(c);
	}
	if (rc >= 0 && !c->b->terminal->quiet) {
		fprintf(c->b->terminal->out, "%" PRId64 " segments, %" PRId64 " records; %" PRId64 " days attributed again, %" PRId64 " entries, %" PRId64
		       " fits; %" PRId64 " findings\n", c->segments, c->records, c->days, c->entries, c->fits, c->findings);
	}
	return rc < 0 ? rc : c->findings > 0 ? EXIT_FINDINGS : EXIT_TIED_OUT;
}

static int print_head(struct book *b, struct fault *why) {
	struct ledger_head head;
	int rc = ledger_head(b->ledger, &head, why);

	if (rc > 0 && head.run > 0) {
		fprintf(b->terminal->out, "%" PRId64 " %s\n", head.run, head.seal);
	}
	return rc < 0 ? rc : EXIT_TIED_OUT;
}

int verify_book(const struct book_settings *set, const struct terminal *t, const struct verify_settings *asked, struct fault *why) {
	struct book b;
	bool costs = set->fleet || set->gpu_hour_nano >= 0;
	int status = book_open(&b, set, t, LEDGER_READ, costs, why);

	if (status != 0) {
		return status;
	}
	struct check c = {.b = &b, .why = why, .forgotten_run = -1};
	if (!costs && book_use_last_basis(&b, c.unchecked, sizeof c.unchecked, why) < 0) {
		/* continues, to find other faults as well */
		snprintf(c.unchecked, sizeof c.unchecked, "%.150s", why->message);
	}
	status = asked->head ? print_head(&b, why) : work(&c, asked->all, why);
	book_close(&b);
	return status;
}
