#include "book/log_batches.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "book/sources.h"
#include "core/files/platform.h"
#include "core/hash_index.h"
#include "core/instant.h"

/* A batch ends with a day, unless it would be this many times as large. */
#define STRETCH 4
#define DATE_DIGITS 8

struct found {
	char *path;
	const struct ingest_source *source;
	int64_t day_ns; /* by its name; else when it was last written to */
	int64_t bytes;  /* 0 if it is not a file */
	bool regular;
};

struct log_batches {
	struct book *book;
	struct found *at; /* by day */
	size_t count, next;
	int64_t files;
	struct ingest_source *sources; /* of the batch */
};

/* ---- listing logs ---- */

/* A date at the start of this text: 2026-08-10, 2026/08/10, 20260810. */
static bool date_at(struct text t, int64_t *day_ns) {
	int digits[DATE_DIGITS], count = 0;
	size_t at = 0;

	for (; at < t.len && count < DATE_DIGITS; at++) {
		bool parted = (count == 4 || count == 6) && (t.at[at] == '-' || t.at[at] == '/' || t.at[at] == '_');
		if (t.at[at] >= '0' && t.at[at] <= '9') {
			digits[count++] = t.at[at] - '0';
		} else if (!parted) {
			return false;
		}
	}
	if (count < DATE_DIGITS || (at < t.len && t.at[at] >= '0' && t.at[at] <= '9')) {
		return false;
	}
	struct civil c = {
		.year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3],
		.month = digits[4] * 10 + digits[5],
		.day = digits[6] * 10 + digits[7],
	};
	return c.year >= 2015 && c.year < 2200 && civil_valid(&c) && civil_to_instant(&c, day_ns);
}

/* The last date in a path; false: there is none. */
static bool date_in(struct text path, int64_t *day_ns) {
	for (size_t at = path.len; at-- > 0;) {
		bool within = at > 0 && path.at[at - 1] >= '0' && path.at[at - 1] <= '9';
		if (!within && date_at(text_cut(path, at, path.len), day_ns)) {
			return true;
		}
	}
	return false;
}

/*
 * Files of earlier nights. The first ones are looked up one by one; if there are more, all that the ledger knows are read
 * once, which takes a third of the time of as many queries; unless those are very many.
 */
#define SEEN_ASKED 256
#define SEEN_MOST ((size_t)1 << 18)
struct seen {
	size_t asked, count, room;
	bool read, too_many;
	struct seen_file {
		int64_t device, inode, size, mtime_ns;
	} *at;
	struct hash_index index; /* by inode */
};

struct listing {
	struct log_batches *p;
	size_t room;
	struct seen seen;
	struct fault *why;
};

static uint64_t hash_of(int64_t device, int64_t inode) {
	return hash_spread((uint64_t)inode ^ hash_spread((uint64_t)device));
}

static bool keep_seen(void *seen, const struct ledger_file *f) {
	struct seen *s = seen;

	s->too_many = s->count == SEEN_MOST;
	if (s->too_many) {
		return false;
	}
	s->at = must_grow(s->at, s->count, &s->room, sizeof *s->at, 1024);
	s->at[s->count] = (struct seen_file){f->device, f->inode, f->size, f->mtime_ns};
	hash_index_add(&s->index, hash_of(f->device, f->inode), (uint32_t)s->count++);
	return true;
}

static bool find_seen(const struct seen *s, const struct ledger_file *f) {
	uint64_t hash = hash_of(f->device, f->inode), at = hash;
	uint32_t i;
	bool found = false;

	while (!found && hash_index_next(&s->index, hash, &at, &i)) {
		const struct seen_file *x = &s->at[i];
		found = x->device == f->device && x->inode == f->inode && x->size == f->size && x->mtime_ns == f->mtime_ns;
	}
	return found;
}

static int is_seen(struct listing *l, const struct ingest_found *found) {
	struct seen *s = &l->seen;
	int64_t source;
	struct ledger_file f = {.device = found->device, .inode = found->inode, .size = found->bytes, .mtime_ns = found->changed_ns};

	if (!s->read && ++s->asked > SEEN_ASKED) {
		int rc = ledger_files(l->p->book->ledger, keep_seen, s, l->why);
		if (rc < 0) {
			return rc;
		}
		s->read = true;
	}
	return s->read && !s->too_many ? find_seen(s, &f) : ledger_file_known(l->p->book->ledger, &f, &source, l->why);
}

static int add_file(void *listing, const char *name, const struct ingest_found *found, const struct ingest_source *source) {
	struct listing *l = listing;
	struct log_batches *p = l->p;
	struct found f = {.source = source, .bytes = found->bytes, .regular = found->regular};
	int rc = found->regular ? is_seen(l, found) : 0;

	if (rc != 0) {
		return rc < 0 ? rc : 0;
	}
	if (!date_in(text_of(name), &f.day_ns)) {
		f.day_ns = instant_floor(found->changed_ns, NS_PER_DAY);
	}
	p->at = must_grow(p->at, p->count, &l->room, sizeof *p->at, 64);
	f.path = must_copy(name);
	p->at[p->count++] = f;
	return 0;
}

/* By day, and within a day as listed: a stable merge sort. */
static void sort_by_day(struct found *at, size_t count, struct found *spare) {
	size_t half = count / 2, left = 0, right = half;

	if (count < 2) {
		return;
	}
	sort_by_day(at, half, spare);
	sort_by_day(at + half, count - half, spare);
	for (size_t i = 0; i < count; i++) {
		bool take_left = left < half && (right == count || at[left].day_ns <= at[right].day_ns);
		spare[i] = at[take_left ? left++ : right++];
	}
	memcpy(at, spare, count * sizeof *at);
}

int log_batches_new(struct log_batches **out, struct book *b, const struct logs *logs, int64_t files, struct fault *why) {
	struct log_batches *p = must_calloc(1, sizeof *p);
	struct listing l = {.p = p, .why = why};

	p->book = b;
	p->files = files > 0 ? files : LOG_BATCH_FILES;
	/* One transaction for all queries: else each query locks and unlocks the ledger. */
	int rc = ledger_begin(b->ledger, why);
	rc = rc < 0 ? rc : ingest_files(&logs->options, add_file, &l, &b->quality);
	ledger_rollback(b->ledger);
	hash_index_release(&l.seen.index);
	free(l.seen.at);
	if (rc < 0) {
		log_batches_free(p);
		return rc;
	}
	struct found *spare = must_alloc((p->count + 1) * sizeof *spare);
	sort_by_day(p->at, p->count, spare);
	free(spare);
	*out = p;
	return 0;
}

void log_batches_free(struct log_batches *p) {
	if (!p) {
		return;
	}
	for (size_t i = 0; i < p->count; i++) {
		free(p->at[i].path);
	}
	free(p->at);
	free(p->sources);
	free(p);
}

/* ---- a batch ---- */

/* The amount of new logs in a batch. */
struct filling {
	int64_t files, bytes;
};

static bool is_full(const struct log_batches *p, const struct filling *f, size_t next) {
	bool same_day = p->at[next].day_ns == p->at[next - 1].day_ns;
	int64_t times = same_day ? STRETCH : 1;

	return f->files >= times * p->files || f->bytes >= times * LOG_BATCH_BYTES;
}

/* The end of the batch that begins at p->next; and the state of its logs. */
static int fill(struct log_batches *p, int *states, size_t *end, struct fault *why) {
	struct head_lengths *heads = must_calloc(1, sizeof *heads);
	struct filling f = {0};
	int rc = 0;
	size_t i = p->next;

	for (; i < p->count && rc >= 0 && (i == p->next || !is_full(p, &f, i)); i++) {
		rc = p->at[i].regular ? log_look(p->book, heads, p->at[i].path, why) : LOG_OLD;
		states[i - p->next] = rc;
		f.files += rc == LOG_NEW;
		f.bytes += rc == LOG_NEW ? p->at[i].bytes : 0;
	}
	free(heads);
	*end = i;
	return rc < 0 ? rc : 0;
}

/* The new ones first. Returns the total number. */
static size_t put_sources(struct log_batches *p, const int *states, size_t end) {
	static const int order[] = {LOG_NEW, LOG_OLD};
	size_t count = 0;

	p->sources = must_realloc(p->sources, (end - p->next) * sizeof *p->sources);
	for (size_t turn = 0; turn < sizeof order / sizeof *order; turn++) {
		for (size_t i = p->next; i < end; i++) {
			if (states[i - p->next] == order[turn]) {
				p->sources[count] = *p->at[i].source;
				p->sources[count++].path = p->at[i].path;
			}
		}
	}
	return count;
}

int log_batches_next(struct log_batches *p, struct logs *out, struct fault *why) {
	size_t end;

	if (p->next == p->count) {
		return 0;
	}
	int *states = must_calloc(p->count - p->next, sizeof *states);
	int rc = fill(p, states, &end, why);
	if (rc == 0) {
		out->options.source_count = put_sources(p, states, end);
		out->options.sources = p->sources;
		p->next = end;
		rc = 1;
	}
	free(states);
	return rc;
}
