/* book.h: shared by the files of the ledger. Private to ledger/. */
#ifndef LEDGER_BOOK_H
#define LEDGER_BOOK_H

#include "ledger/drivers/driver.h"
#include "ledger/queries.h"

/* Days of one replica that are further apart come from different clocks. */
#define APART_NS (730 * NS_PER_DAY)

struct ledger {
	const struct driver *driver;
	void *connection;
	char *book;
	struct names *names;
	enum ledger_mode mode;
	int lock; /* descriptor; -1: none */
	bool in_transaction;
	void *statements[QUERIES]; /* prepared when first used */
	/* Numbers of names here and in `names`: 0 is not known yet, except for the empty name. */
	name_id *here;         /* by number in the ledger */
	int64_t *there;        /* by number in `names` */
	size_t here_room, there_room;
	int64_t name_count;    /* numbers in the ledger go up to it, exclusive */
	char *kept[8];         /* returned texts, valid until the next call */
	struct segment_reader *reader; /* for the next segment; NULL: none yet, or it is in use */
	/* Entries that are loaded together (load.c): rows of text, of postings from `first` to `last`. */
	struct {
		FILE *out;
		char *rows;
		size_t len;
		int64_t first, last;
	} waiting;
};

/* ---- queries (db.c) ---- */

#define V_INT(x) ((struct value){.type = VALUE_INTEGER, .integer = (x)})
#define V_NAME(id) ((struct value){.type = VALUE_INTEGER, .integer = (id), .is_name = true}) /* as its number, name_there */
#define V_TEXT(t) ((struct value){.type = VALUE_TEXT, .bytes = (t)})
#define V_STR(s) V_TEXT(text_of(s))
#define V_BLOB(t) ((struct value){.type = VALUE_BLOB, .bytes = (t)})
#define V_NULL ((struct value){.type = VALUE_NULL})
#define VALUES(...) \
	(const struct value[]){__VA_ARGS__}, sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)

/* Starts a query; ask_next returns its rows until it returns 0. One at a time per query. */
int ask(struct ledger *l, enum query q, const struct value *values, size_t count, struct fault *why);
int ask_next(struct ledger *l, enum query q, struct fault *why);
/* The next row, unless `rc` is no longer 0; at the end `rc` is 0, or the failure. */
bool ask_row(struct ledger *l, enum query q, int *rc, struct fault *why);
/* Starts it and returns its first row: 1, 0 if there is none, or negative. */
int ask_first(struct ledger *l, enum query q, const struct value *values, size_t count, struct fault *why);
/* Discards the remaining rows. */
void ask_end(struct ledger *l, enum query q);
/* Runs a statement without rows, or with rows that are ignored. */
int ask_do(struct ledger *l, enum query q, const struct value *values, size_t count, struct fault *why);
/* The first column of its first row, an integer: 1; or 0 if there is no row (or it is NULL). */
int ask_int(struct ledger *l, enum query q, const struct value *values, size_t count, int64_t *out,
            struct fault *why);

int64_t row_int(struct ledger *l, enum query q, int column); /* NULL is 0 */
int64_t row_step(struct ledger *l, enum query q, int column); /* NULL is UNKNOWN */
void row_ints(struct ledger *l, enum query q, int first, int count, int64_t *out);
bool row_null(struct ledger *l, enum query q, int column);
struct text row_text(struct ledger *l, enum query q, int column);
/* A copy in `kept` number `slot`. */
const char *row_keep(struct ledger *l, enum query q, int column, int slot);
void row_hash(struct ledger *l, enum query q, int column, char hash[DIGEST_HEX_MAX]);

/* ---- names (db.c) ---- */

int name_there(struct ledger *l, name_id id, int64_t *out, struct fault *why); /* is added if new */
name_id name_here(struct ledger *l, int64_t number);
int names_load(struct ledger *l, struct fault *why);

/* ---- the lock (lock.c) ---- */
int lock_acquire(struct ledger *l, struct fault *why);
/* Keeps writers away from a book in which a reader cannot take part in SQLite's own locks. */
int lock_share(struct ledger *l, struct fault *why);
void lock_release(struct ledger *l);

/* ---- lists of segments, used after their query has ended (days.c) ---- */

struct segment_list {
	struct ledger_segment *at; /* the caller frees */
	size_t count;
};
int segment_keep(void *list, const struct ledger_segment *s); /* a ledger_segment_sink */

/* ---- extents of segments (spans.c) ---- */

/* Counts the records of segments that a former version wrote. */
int ledger_segments_uncounted(struct ledger *l, ledger_segment_sink *sink, void *context, struct fault *why);
int ledger_count_gateways(struct ledger *l, struct fault *why);

/* ---- requests in two logs (days.c) ---- */

/* The columns of a day's joins, all of them; the caller releases them with their quality. */
void row_joins(struct ledger *l, enum query q, struct quality_joins *out);

/* ---- documents (runs.c) ---- */

/* The hashes of all of them; the caller frees the array. */
int document_hashes(struct ledger *l, char (**hashes)[DIGEST_HEX_MAX], size_t *count, struct fault *why);
/* Bytes as stored in a ledger, unpacked: 1, or negative. The caller frees out->at. */
int document_unpack(struct text packed, struct text *out, struct fault *why);

/* ---- entries (entries.c) ---- */

/* By replica, slot and the rest of the key, names by text. */
void entries_sort(struct names *names, struct entry *e, size_t count);
/* Of the entries of one replica-day in that order. */
void entries_hash(const struct names *names, const struct entry *e, size_t count, char hash[DIGEST_HEX_MAX]);

/* An entry as the parameters of a statement, from its slot on. */
#define ENTRY_VALUES 17
int entry_values(struct ledger *l, const struct entry *e, struct value out[ENTRY_VALUES], struct fault *why);

/* Adds up entries with the same key, in place, in that order. False: a sum does not fit. */
bool entries_add_up(struct names *names, struct entry *e, size_t *count);
/* Key and amounts as integers, names by their numbers in the ledger, and back. */
#define ENTRY_INTS 18
int entry_ints(struct ledger *l, const struct entry *e, int64_t out[ENTRY_INTS], struct fault *why);
void ints_entry(struct ledger *l, const int64_t n[ENTRY_INTS], struct entry *out);

/* The columns of an entry from `column` on: replica, slot, key, amounts. */
void row_entry(struct ledger *l, enum query q, struct entry *out);

/* ---- sums of days over replicas (sums.c) ---- */

/* The part of a day under which its sums are kept beside its fits. */
#define SUMS_PART "\t\tsums"
/* Keeps those of a day that was posted as a whole, or none if they are not much fewer than its entries. */
int sums_put(struct ledger *l, int64_t day_ns, const struct entry *entries, size_t count, struct fault *why);
/* A finding for each day with sums that are not those of its entries. */
int sums_check(struct ledger *l, ledger_finding_sink *sink, void *context, struct fault *why);

/* ---- segments (intake.c) ---- */

/* Segments that are not removed and end before an instant. */
int ledger_segments_left(struct ledger *l, int64_t before_ns, ledger_segment_sink *sink, void *context, struct fault *why);
/* The folder of a day's segments. */
int ledger_make_day(struct ledger *l, int64_t day_ns, struct fault *why);

/* ---- the chain of runs (chain.c) ---- */

/* Seals the runs that are new, within the transaction that commits them. */
int chain_extend(struct ledger *l, struct fault *why);
/* A sentence for each run with rows that differ from the sealed ones. */
int chain_check(struct ledger *l, ledger_finding_sink *sink, void *context, struct fault *why);

/* ---- loading (load.c) ---- */

/* Adds the entries of a posting, if the driver can load many rows at once, together with others. */
int entries_wait(struct ledger *l, int64_t posting, const struct entry *e, size_t count, struct fault *why);
/* Loads them now: before a commit, and before entries are read. */
int entries_load(struct ledger *l, struct fault *why);
void entries_forget(struct ledger *l);

#endif
