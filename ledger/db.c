/* db.c: queries of the database, and numbers for names. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "ledger/book.h"

static int prepared(struct ledger *l, enum query q, struct fault *why) {
	if (l->statements[q]) {
		return 0;
	}
	const struct query_text *t = &query_texts[q];
	bool other = t->postgres && l->driver->schemes;
	return l->driver->prepare(l->connection, other ? t->postgres : t->sql, &l->statements[q], why);
}

static bool reads_entries(enum query q) {
	static const enum query those[] = {Q_ENTRIES, Q_ENTRIES_OF_POSTING, Q_CHECK_SUMS, Q_CHECK_DAYS};

	for (size_t i = 0; i < sizeof those / sizeof *those; i++) {
		if (q == those[i]) {
			return true;
		}
	}
	return false;
}

#define NAMED_MAX 24

/* Values among which are names, in `room` with the names' numbers. */
static int number_names(struct ledger *l, const struct value **values, size_t count, struct value room[NAMED_MAX], struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		if ((*values)[i].is_name) {
			assert(count <= NAMED_MAX);
			*values = *values == room ? room : memcpy(room, *values, count * sizeof *room);
			rc = name_there(l, (name_id)room[i].integer, &room[i].integer, why);
		}
	}
	return rc;
}

int ask(struct ledger *l, enum query q, const struct value *values, size_t count, struct fault *why) {
	struct value room[NAMED_MAX];
	int rc = reads_entries(q) ? entries_load(l, why) : 0;

	rc = rc < 0 ? rc : number_names(l, &values, count, room, why);
	rc = rc < 0 ? rc : prepared(l, q, why);
	return rc < 0 ? rc : l->driver->start(l->statements[q], values, count, why);
}

int ask_next(struct ledger *l, enum query q, struct fault *why) {
	int rc = l->driver->step(l->statements[q], why);

	if (rc <= 0) {
		l->driver->finish(l->statements[q]);
	}
	return rc;
}

bool ask_row(struct ledger *l, enum query q, int *rc, struct fault *why) {
	*rc = *rc == 0 ? ask_next(l, q, why) : *rc;
	if (*rc <= 0) {
		return false;
	}
	*rc = 0;
	return true;
}

int ask_first(struct ledger *l, enum query q, const struct value *values, size_t count, struct fault *why) {
	int rc = ask(l, q, values, count, why);

	return rc < 0 ? rc : ask_next(l, q, why);
}

void ask_end(struct ledger *l, enum query q) {
	if (l->statements[q]) {
		l->driver->finish(l->statements[q]);
	}
}

int ask_do(struct ledger *l, enum query q, const struct value *values, size_t count, struct fault *why) {
	int rc = ask(l, q, values, count, why);

	while (ask_row(l, q, &rc, why)) {
	}
	return rc;
}

int ask_int(struct ledger *l, enum query q, const struct value *values, size_t count, int64_t *out,
            struct fault *why) {
	int rc = ask_first(l, q, values, count, why);

	if (rc <= 0) {
		return rc;
	}
	rc = row_null(l, q, 0) ? 0 : 1;
	*out = row_int(l, q, 0);
	ask_end(l, q);
	return rc;
}

int64_t row_int(struct ledger *l, enum query q, int column) {
	int64_t n;

	l->driver->integers(l->statements[q], column, 1, &n);
	return n;
}

void row_ints(struct ledger *l, enum query q, int first, int count, int64_t *out) {
	l->driver->integers(l->statements[q], first, count, out);
}

bool row_null(struct ledger *l, enum query q, int column) {
	return l->driver->column(l->statements[q], column).type == VALUE_NULL;
}

struct text row_text(struct ledger *l, enum query q, int column) {
	return l->driver->column(l->statements[q], column).bytes;
}

const char *row_keep(struct ledger *l, enum query q, int column, int slot) {
	struct text t = row_text(l, q, column);

	assert(slot >= 0 && (size_t)slot < sizeof l->kept / sizeof *l->kept);
	free(l->kept[slot]);
	l->kept[slot] = text_copy(t);
	return l->kept[slot];
}

void row_hash(struct ledger *l, enum query q, int column, char hash[DIGEST_HEX_MAX]) {
	struct text t = text_cut(row_text(l, q, column), 0, DIGEST_HEX_MAX - 1);

	memset(hash, 0, DIGEST_HEX_MAX);
	if (t.len > 0) {
		memcpy(hash, t.at, t.len);
	}
}

/* ---- names ---- */

static void grow(void **at, size_t *room, size_t need, size_t item) {
	size_t more = *room > 0 ? *room : 64;

	while (more <= need) {
		more *= 2;
	}
	if (more > *room) {
		*at = must_realloc(*at, more * item);
		memset((char *)*at + *room * item, 0, (more - *room) * item);
		*room = more;
	}
}

static void pair(struct ledger *l, name_id id, int64_t number) {
	grow((void **)&l->here, &l->here_room, (size_t)number, sizeof *l->here);
	grow((void **)&l->there, &l->there_room, id, sizeof *l->there);
	l->here[number] = id;
	l->there[id] = number;
	if (number >= l->name_count) {
		l->name_count = number + 1;
	}
}

/* More than names_id gives: numbers count up from 0, which is the empty name. */
#define NAME_NUMBER_MAX (INT64_C(1) << 24)

int names_load(struct ledger *l, struct fault *why) {
	int rc = ask(l, Q_NAMES, NULL, 0, why);

	while (ask_row(l, Q_NAMES, &rc, why)) {
		int64_t number = row_int(l, Q_NAMES, 0);
		bool possible = number == 0 ? row_text(l, Q_NAMES, 1).len == 0 : number > 0 && number <= NAME_NUMBER_MAX;
		rc = possible ? 0 : fault_set(why, ERROR_IO, "the ledger is damaged: a name has the number %" PRId64 "; restore a backup", number);
		if (rc == 0) {
			pair(l, names_id(l->names, row_text(l, Q_NAMES, 1)), number);
		}
	}
	return rc;
}

int name_there(struct ledger *l, name_id id, int64_t *out, struct fault *why) {
	if (id < l->there_room && (id == 0 || l->there[id] > 0)) {
		*out = l->there[id];
		return 0;
	}
	int64_t number = l->name_count;
	int rc = ask_do(l, Q_NAME_ADD, VALUES(V_INT(number), V_TEXT(names_text(l->names, id))), why);
	if (rc == 0) {
		pair(l, id, number);
		*out = number;
	}
	return rc;
}

name_id name_here(struct ledger *l, int64_t number) {
	return number > 0 && (size_t)number < l->here_room ? l->here[number] : 0;
}
