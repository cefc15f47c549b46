/* entries.c: versions of a replica-day's entries, and adjustments of closed ones by later evidence. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/exact.h"
#include "core/files/platform.h"
#include "core/instant.h"
#include "ledger/book.h"

/* ---- order and text form ---- */

#define KEY_NAMES 3

static void key_names(const struct entry *e, name_id out[KEY_NAMES]) {
	out[0] = e->model;
	out[1] = e->tenant;
	out[2] = e->pool;
}

/* By slot and the rest of the key. Names by text: their numbers depend on who came first. */
static int compare_keys(const struct names *names, const struct entry *a, const struct entry *b) {
	int order = exact_order(a->slot_ns, b->slot_ns);
	name_id x[KEY_NAMES], y[KEY_NAMES];

	key_names(a, x);
	key_names(b, y);
	for (int i = 0; i < KEY_NAMES && order == 0; i++) {
		order = x[i] == y[i] ? 0 : text_compare(names_text(names, x[i]), names_text(names, y[i]));
	}
	if (order != 0) {
		return order;
	}
	const int64_t left[] = {a->kind, a->grade, a->prompt_over_ntok, a->service, a->rate_nano};
	const int64_t right[] = {b->kind, b->grade, b->prompt_over_ntok, b->service, b->rate_nano};
	for (size_t i = 0; i < sizeof left / sizeof *left && order == 0; i++) {
		order = exact_order(left[i], right[i]);
	}
	return order;
}

static int compare_entries(const void *a, const void *b, void *names) {
	const struct entry *x = a, *y = b;
	int order = x->replica == y->replica ? 0 : text_compare(names_text(names, x->replica), names_text(names, y->replica));

	return order != 0 ? order : compare_keys(names, x, y);
}

/* A tab, if wanted, and a decimal number; returns its end. As "\t%" PRId64 writes it, which takes five times as long. */
#define NUMBER_BYTES 21
static char *put_number(char *at, int64_t n, bool tab) {
	char digits[NUMBER_BYTES];
	size_t count = 0;
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	do {
		digits[count++] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (tab) {
		*at++ = '\t';
	}
	if (n < 0) {
		*at++ = '-';
	}
	while (count > 0) {
		*at++ = digits[--count];
	}
	return at;
}

/* Key and amounts as one line of text, used for hashes and dumps. */
static void add_text(const struct names *names, const struct entry *e, struct digest *d) {
	name_id key[KEY_NAMES];
	char line[(6 + ENTRY_AMOUNTS) * NUMBER_BYTES + 1], *at = line;

	key_names(e, key);
	for (int i = 0; i < KEY_NAMES; i++) {
		digest_add(d, names_text(names, key[i]));
		digest_add(d, T("\t"));
	}
	const int64_t numbers[] = {e->slot_ns, (int)e->kind, (int)e->grade, e->prompt_over_ntok, (int)e->service, e->rate_nano};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		at = put_number(at, numbers[i], i > 0);
	}
	for (int i = 0; i < ENTRY_AMOUNTS; i++) {
		at = put_number(at, e->amounts[i], true);
	}
	*at++ = '\n';
	digest_add(d, (struct text){line, (size_t)(at - line)});
}

void entries_hash(const struct names *names, const struct entry *e, size_t count, char hash[DIGEST_HEX_MAX]) {
	struct digest *d = digest_new();

	for (size_t i = 0; i < count; i++) {
		add_text(names, &e[i], d);
	}
	digest_finish(d, hash);
	digest_free(d);
}

void entries_sort(struct names *names, struct entry *e, size_t count) {
	if (count > 0) {
		platform_sort(e, count, sizeof *e, compare_entries, names);
	}
}

/* ---- rows ---- */

_Static_assert(ENTRY_INTS == 10 + ENTRY_AMOUNTS, "key and amounts");

void row_entry(struct ledger *l, enum query q, struct entry *out) {
	int64_t n[ENTRY_INTS];

	row_ints(l, q, 0, ENTRY_INTS, n);
	ints_entry(l, n, out);
}

void ints_entry(struct ledger *l, const int64_t n[ENTRY_INTS], struct entry *out) {
	*out = (struct entry){
		.replica = name_here(l, n[0]),
		.slot_ns = n[1],
		.model = name_here(l, n[2]),
		.tenant = name_here(l, n[3]),
		.pool = name_here(l, n[4]),
		.kind = (enum entry_kind)n[5],
		.grade = (enum grade)n[6],
		.prompt_over_ntok = n[7],
		.service = (enum service)n[8],
		.rate_nano = n[9],
	};
	memcpy(out->amounts, n + 10, sizeof out->amounts);
}

int entry_ints(struct ledger *l, const struct entry *e, int64_t out[ENTRY_INTS], struct fault *why) {
	const int64_t numbers[] = {e->kind, e->grade, e->prompt_over_ntok, e->service, e->rate_nano};
	name_id key[KEY_NAMES];
	int rc = name_there(l, e->replica, &out[0], why);

	key_names(e, key);
	out[1] = e->slot_ns;
	for (int i = 0; i < KEY_NAMES && rc == 0; i++) {
		rc = name_there(l, key[i], &out[2 + i], why);
	}
	memcpy(out + 2 + KEY_NAMES, numbers, sizeof numbers);
	memcpy(out + 10, e->amounts, sizeof e->amounts);
	return rc;
}

int entry_values(struct ledger *l, const struct entry *e, struct value out[ENTRY_VALUES], struct fault *why) {
	int64_t n[ENTRY_INTS];
	int rc = entry_ints(l, e, n, why);

	for (size_t i = 0; i < ENTRY_VALUES && rc == 0; i++) {
		out[i] = V_INT(n[1 + i]);
	}
	return rc;
}

/* ---- posting ---- */

/* The posting in force of one replica on the day. */
struct standing {
	int64_t id;
	name_id replica;
	char hash[DIGEST_HEX_MAX];
	bool met; /* the new version covers it */
};

struct post {
	struct ledger *l;
	int64_t run, day_ns;
	int64_t period; /* closed period that contains the day; 0: none */
	int64_t posted_ns;
	struct standing *standing;
	size_t count;
	int64_t *restated;
	bool one; /* only one replica is posted */
	name_id replica;
};

/* The postings in force of the day, or of one replica of it. */
static int load_standing(struct post *p, struct fault *why) {
	struct ledger *l = p->l;
	size_t room = 0;
	enum query q = p->one ? Q_POSTING_OF : Q_POSTINGS_OF_DAY;
	int rc = ask(l, q, (struct value[]){V_INT(p->day_ns), V_NAME(p->replica)}, p->one ? 2 : 1, why);

	while (ask_row(l, q, &rc, why)) {
		p->standing = must_grow(p->standing, p->count, &room, sizeof *p->standing, 64);
		struct standing *s = &p->standing[p->count++];
		*s = (struct standing){.id = row_int(l, q, 0),
		                       .replica = name_here(l, row_int(l, q, 1))};
		row_hash(l, q, 2, s->hash);
	}
	return rc;
}

static struct standing *standing_of(struct post *p, name_id replica) {
	for (size_t i = 0; i < p->count; i++) {
		if (p->standing[i].replica == replica) {
			return &p->standing[i];
		}
	}
	return NULL;
}

/* Where a posting's entries go: one row, several rows, and how many of an entry's columns are left out. */
struct target {
	enum query one, rows;
	size_t left_out;
};

/* Several rows at once: each then takes half of the time of a statement of its own. */
static int put_entries(struct ledger *l, const struct target *to, int64_t posting, const struct entry *e, size_t count, struct fault *why) {
	struct value values[1 + QUERY_ROWS * ENTRY_VALUES] = {V_INT(posting)}, row[ENTRY_VALUES];
	size_t columns = ENTRY_VALUES - to->left_out, rows;
	int rc = 0;

	for (size_t i = 0; i < count && rc >= 0; i += rows) {
		rows = count - i >= QUERY_ROWS ? QUERY_ROWS : 1;
		for (size_t k = 0; k < rows && rc >= 0; k++) {
			rc = entry_values(l, &e[i + k], row, why);
			memcpy(&values[1 + k * columns], row + to->left_out, columns * sizeof *row);
		}
		rc = rc < 0 ? rc : ask_do(l, rows > 1 ? to->rows : to->one, values, 1 + rows * columns, why);
	}
	return rc;
}

/* The sums of a posting's entries over the day's slots: quicker than by a query where it runs in this process. */
static int add_day_sums(struct post *p, int64_t posting, const struct entry *e, size_t count, struct fault *why) {
	static const struct target days = {Q_ENTRY_DAY_PUT, Q_ENTRY_DAY_PUT_ROWS, 1}; /* without the slot */
	struct entry *sums = must_alloc((count + 1) * sizeof *sums);

	for (size_t i = 0; i < count; i++) {
		sums[i] = e[i];
		sums[i].slot_ns = p->day_ns;
	}
	int rc = entries_add_up(p->l->names, sums, &count) ? put_entries(p->l, &days, posting, sums, count, why)
	                                                   : fault_set(why, ERROR_RANGE, "an amount of a replica-day does not fit");
	free(sums);
	return rc;
}

static int add_posting(struct post *p, const struct entry *e, size_t count, const char *hash, struct fault *why) {
	static const struct target entries = {Q_ENTRY_ADD, Q_ENTRY_ADD_ROWS, 0};
	struct ledger *l = p->l;
	int64_t id = 0, gpu_ns = 0;

	for (size_t i = 0; i < count; i++) {
		if (!exact_add(&gpu_ns, e[i].gpu_ns)) {
			return fault_set(why, ERROR_RANGE, "the GPU time of a replica-day does not fit");
		}
	}
	int rc = ask_int(l, Q_POSTING_ADD, VALUES(V_INT(p->day_ns), V_NAME(e->replica), V_INT(p->run), V_INT((int64_t)count),
	                                          V_INT(gpu_ns), V_STR(hash)), &id, why);
	if (rc >= 0 && l->driver->load) {
		return entries_wait(l, id, e, count, why);
	}
	rc = rc < 0 ? rc : put_entries(l, &entries, id, e, count, why);
	return rc < 0 ? rc : add_day_sums(p, id, e, count, why);
}

/* ---- adjustments ---- */

/* A growing array of entries. */
struct pile {
	struct entry *at;
	size_t count, room;
};

static void pile_add(struct pile *p, const struct entry *e, int sign) {
	p->at = must_grow(p->at, p->count, &p->room, sizeof *p->at, 64);
	struct entry *to = &p->at[p->count++];
	*to = *e;
	for (int i = 0; i < ENTRY_AMOUNTS; i++) {
		to->amounts[i] *= sign;
	}
}

static int pile_rows(struct post *p, enum query q, struct pile *pile, name_id replica, struct fault *why) {
	struct entry e;
	int rc;

	while ((rc = ask_next(p->l, q, why)) > 0) {
		row_entry(p->l, q, &e);
		if (e.replica == replica) {
			pile_add(pile, &e, -1);
		}
	}
	return rc;
}

bool entries_add_up(struct names *names, struct entry *e, size_t *count) {
	size_t kept = 0;
	bool fits = true;

	entries_sort(names, e, *count);
	for (size_t i = 0; i < *count; i++) {
		if (kept == 0 || compare_entries(&e[kept - 1], &e[i], names) != 0) {
			e[kept++] = e[i];
			continue;
		}
		for (int k = 0; k < ENTRY_AMOUNTS; k++) {
			fits = exact_add(&e[kept - 1].amounts[k], e[i].amounts[k]) && fits;
		}
	}
	*count = kept;
	return fits;
}

static bool is_nothing(const struct entry *e) {
	int64_t any = 0;

	for (int i = 0; i < ENTRY_AMOUNTS; i++) {
		any |= e->amounts[i];
	}
	return any == 0;
}

static int add_adjustment(struct post *p, const struct entry *e, struct fault *why) {
	struct value values[4 + ENTRY_VALUES] = {V_INT(p->period), V_INT(p->run), V_INT(p->posted_ns), V_NAME(e->replica)};
	int rc = entry_values(p->l, e, values + 4, why);

	return rc < 0 ? rc : ask_do(p->l, Q_ADJUSTMENT_ADD, values, 4 + ENTRY_VALUES, why);
}

/* The closed replica-day as it would be now, minus what it is and what was adjusted before. */
static int adjust(struct post *p, name_id replica, const struct standing *s, const struct entry *e, size_t count,
                  struct fault *why) {
	struct pile pile = {0};
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		pile_add(&pile, &e[i], 1);
	}
	if (s) {
		rc = ask(p->l, Q_ENTRIES_OF_POSTING, VALUES(V_INT(s->id)), why);
		rc = rc < 0 ? rc : pile_rows(p, Q_ENTRIES_OF_POSTING, &pile, replica, why);
	}
	if (rc >= 0) {
		rc = ask(p->l, Q_ADJUSTMENTS_OF_DAY,
		         VALUES(V_INT(p->day_ns), V_INT(p->day_ns + NS_PER_DAY), V_INT(p->period)), why);
		rc = rc < 0 ? rc : pile_rows(p, Q_ADJUSTMENTS_OF_DAY, &pile, replica, why);
	}
	if (!entries_add_up(p->l->names, pile.at, &pile.count)) {
		rc = fault_set(why, ERROR_RANGE, "an adjustment of a closed replica-day does not fit");
	}
	for (size_t i = 0; i < pile.count && rc >= 0; i++) {
		if (!is_nothing(&pile.at[i])) {
			any = true;
			rc = add_adjustment(p, &pile.at[i], why);
		}
	}
	*p->restated += any;
	free(pile.at);
	return rc < 0 ? rc : 0;
}

/* ---- a day ---- */

static int post_replica(struct post *p, const struct entry *e, size_t count, struct fault *why) {
	struct standing *s = standing_of(p, e->replica);
	char hash[DIGEST_HEX_MAX];
	int rc = 0;

	if (s) {
		s->met = true;
	}
	if (p->period) {
		return adjust(p, e->replica, s, e, count, why);
	}
	entries_hash(p->l->names, e, count, hash);
	if (s && strcmp(s->hash, hash) == 0) {
		return 0;
	}
	(*p->restated)++;
	if (s) {
		rc = ask_do(p->l, Q_POSTING_END, VALUES(V_INT(s->id), V_INT(p->run)), why);
	}
	return rc < 0 ? rc : add_posting(p, e, count, hash, why);
}

/* Replicas that are not in the new version any more. */
static int end_unmet(struct post *p, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < p->count && rc == 0; i++) {
		const struct standing *s = &p->standing[i];
		if (s->met) {
			continue;
		}
		if (p->period) {
			rc = adjust(p, s->replica, s, NULL, 0, why);
			continue;
		}
		(*p->restated)++;
		rc = ask_do(p->l, Q_POSTING_END, VALUES(V_INT(s->id), V_INT(p->run)), why);
	}
	return rc;
}

static int post_sorted(struct post *p, const struct entry *e, size_t count, struct fault *why) {
	int rc = load_standing(p, why);

	for (size_t i = 0, end; i < count && rc == 0; i = end) {
		for (end = i + 1; end < count && e[end].replica == e[i].replica; end++) {
		}
		rc = post_replica(p, e + i, end - i, why);
	}
	return rc < 0 ? rc : end_unmet(p, why);
}

static int post(struct post *p, const struct entry *entries, size_t count, struct fault *why) {
	struct ledger *l = p->l;
	int rc = ledger_period_at(l, p->day_ns, &p->period, why);

	if (rc > 0) {
		rc = ask_int(l, Q_OPEN_AFTER, NULL, 0, &p->posted_ns, why);
	}
	if (rc < 0) {
		return rc;
	}
	struct entry *sorted = must_alloc((count + 1) * sizeof *sorted);
	if (count > 0) {
		memcpy(sorted, entries, count * sizeof *sorted);
	}
	entries_sort(l->names, sorted, count);
	rc = post_sorted(p, sorted, count, why);
	/* one replica's posting is a change of the day: its sums are those of a former state, which nobody reads */
	rc = rc < 0 || p->period || p->one ? rc : sums_put(l, p->day_ns, sorted, count, why);
	free(sorted);
	free(p->standing);
	return rc;
}

int ledger_post_day(struct ledger *l, int64_t run, int64_t day_ns, const struct entry *entries, size_t count,
                    int64_t *restated, struct fault *why) {
	struct post p = {.l = l, .run = run, .day_ns = day_ns, .restated = restated};

	return post(&p, entries, count, why);
}

int ledger_post_replica_day(struct ledger *l, int64_t run, int64_t day_ns, name_id replica, const struct entry *entries,
                            size_t count, int64_t *restated, struct fault *why) {
	struct post p = {.l = l, .run = run, .day_ns = day_ns, .restated = restated, .one = true, .replica = replica};

	return post(&p, entries, count, why);
}

int ledger_entries(struct ledger *l, int64_t from_ns, int64_t to_ns, int64_t as_of, entry_sink *sink, void *context,
                   struct fault *why) {
	enum query q = Q_ENTRIES;
	int64_t first_day = from_ns > INT64_MIN + NS_PER_DAY ? instant_floor(from_ns, NS_PER_DAY) : INT64_MIN;
	struct entry e;
	int rc = ask(l, q, VALUES(V_INT(from_ns), V_INT(to_ns), V_INT(as_of), V_INT(first_day)), why);

	while (ask_row(l, q, &rc, why)) {
		row_entry(l, q, &e);
		rc = sink(context, &e);
		if (rc < 0) {
			ask_end(l, q);
			return fault_set(why, rc, "the statement rejects an entry");
		}
		rc = 0;
	}
	return rc;
}

int ledger_extent(struct ledger *l, int64_t as_of, int64_t *from_ns, int64_t *to_ns, struct fault *why) {
	int rc = ask_first(l, Q_EXTENT, VALUES(V_INT(as_of)), why);

	if (rc <= 0) {
		return rc;
	}
	rc = row_null(l, Q_EXTENT, 0) ? 0 : 1;
	*from_ns = row_int(l, Q_EXTENT, 0);
	*to_ns = row_int(l, Q_EXTENT, 1) + NS_PER_DAY;
	ask_end(l, Q_EXTENT);
	return rc;
}
