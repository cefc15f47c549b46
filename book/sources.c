/* sources.c: which lines of which file are new. */
#include "book/sources.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "book/clock.h"
#include "book/evidence/names.h"
#include "core/exact.h"
#include "core/files/platform.h"
#include "core/instant.h"
#include "core/record_json.h"
#include "core/sorted.h"

/* A file of this run, by its index. */
struct log_file {
	char *path;
	struct fingerprint *print;
	struct ledger_file lies; /* as it is on disk */
	bool has_place;          /* it is on disk, not a pipe */
	struct ingest_plan plan;
	int64_t source;          /* the known source that it continues; 0: a new one */
	int64_t known_bytes;     /* up to which byte it agrees with what is known */
	int64_t first_run, records, at_end;
	bool done, same;         /* same: all of it is known, only its path is new */
	char *format, *first_path, sha256[DIGEST_HEX_MAX];
	char *was_named, *named; /* the name that its path gave to records, of earlier nights, and of this one */
	bool was_by_rule, by_rule;
	char *was_zone, *zone;   /* of timestamps without one, of earlier nights, and of all */
	int64_t new_lines, new_records, new_at_end, taken_back, in_future;
	bool damaged, went_on;
};

struct sources {
	struct book *book;
	struct ledger_intake *intake;
	pthread_mutex_t lock; /* guards the ledger and what follows */
	struct log_file **files;
	size_t count;
	int64_t first_number;
	int64_t now_ns;
	_Atomic int64_t undated; /* requests without any instant */
	struct head_lengths heads;
	struct quality quality; /* of this reading */
	struct file_names *names;
	struct aside {
		char *path;
		int64_t in_future, records;
	} *aside; /* logs that are set aside, as their instants are doubtful */
	size_t aside_count;
};

/* ---- recognising known logs ---- */

/* A position in a known source up to which the file may agree with it. */
struct candidate {
	struct fingerprint_mark mark;
	int64_t source; /* 0: in progress; else the end of this one */
};

struct match {
	const char *path;
	struct candidate *at;
	size_t count, next;
	struct digest *digest;
	int64_t bytes;
	struct candidate best;
	char head[FINGERPRINT_HEAD_BYTES];
	size_t head_len;
	bool goes_beyond; /* there are bytes after the last candidate */
};

static void add_candidate(struct match *m, const struct fingerprint_mark *mark, int64_t source) {
	m->at = must_realloc(m->at, (m->count + 1) * sizeof *m->at);
	m->at[m->count++] = (struct candidate){*mark, source};
}

/*
 * Hardly any bytes, and no records: the header of a table, the first words of a line. Other logs may begin in the
 * same way without continuing it.
 */
static bool is_weak(const struct match *m, const struct ledger_source *s) {
	return s->records == 0 && s->bytes < FINGERPRINT_HEAD_BYTES && s->bytes != (int64_t)m->head_len &&
	       strcmp(s->path, m->path) != 0;
}

static int add_source(void *match, const struct ledger_source *s) {
	struct fingerprint_mark mark = {0}, end = {.bytes = s->bytes, .lines = s->lines};
	struct text marks = s->marks;

	if (is_weak(match, s)) {
		return 0;
	}
	while (fingerprint_next_mark(&marks, &mark)) {
		add_candidate(match, &mark, 0);
	}
	memcpy(end.hash, s->content, sizeof end.hash);
	add_candidate(match, &end, s->id);
	return 0;
}

static int by_bytes(const void *a, const void *b) {
	const struct candidate *x = a, *y = b;

	return exact_order(x->mark.bytes, y->mark.bytes);
}

static void compare_here(struct match *m) {
	char hash[DIGEST_HEX_MAX];

	digest_peek(m->digest, hash);
	for (; m->next < m->count && m->at[m->next].mark.bytes == m->bytes; m->next++) {
		const struct candidate *c = &m->at[m->next];
		bool same = c->source ? strcmp(c->mark.hash, hash) == 0 : fingerprint_same(c->mark.hash, hash);
		if (same && (c->mark.bytes > m->best.mark.bytes || c->source)) {
			m->best = *c;
		}
	}
}

static bool match_block(void *match, struct text bytes) {
	struct match *m = match;

	while (bytes.len > 0) {
		if (m->next == m->count) {
			m->goes_beyond = true;
			return false;
		}
		int64_t until = m->at[m->next].mark.bytes - m->bytes;
		struct text part = text_cut(bytes, 0, (size_t)until);
		digest_add(m->digest, part);
		m->bytes += (int64_t)part.len;
		bytes = text_cut(bytes, part.len, bytes.len);
		if ((int64_t)part.len == until) {
			compare_here(m);
		}
	}
	return true;
}

/* Sources that begin like the file. Under the lock. */
static int find_candidates(struct ledger *l, struct head_lengths *h, struct match *m, struct fault *why) {
	char hash[DIGEST_HEX_MAX];
	int rc = h->known ? 0 : ledger_source_heads(l, h->at, FINGERPRINT_HEAD_BYTES, &h->count, why);

	h->known = true;
	for (size_t i = 0; i < h->count && rc >= 0; i++) {
		if (h->at[i] > (int64_t)m->head_len || h->at[i] == 0) {
			continue;
		}
		digest_add(m->digest, (struct text){m->head, (size_t)h->at[i]});
		digest_finish(m->digest, hash);
		rc = ledger_sources_of_head(l, h->at[i], hash, add_source, m, why);
	}
	sort_items(m->at, m->count, sizeof *m->at, by_bytes);
	return rc;
}

/* What the ledger knows about the source that the file continues. Under the lock. */
static int go_on_with(struct sources *s, struct log_file *f, const struct match *m, struct fault *why) {
	struct ledger_source known;

	f->plan.known_lines = m->best.mark.lines;
	f->plan.known_bytes = m->best.mark.bytes;
	f->known_bytes = m->best.mark.bytes;
	if (!m->best.source) {
		return 0;
	}
	int rc = ledger_source_get(s->book->ledger, m->best.source, &known, why);
	if (rc <= 0) {
		return rc;
	}
	f->source = known.id;
	f->plan.number = (uint32_t)known.id;
	f->plan.known_end = known.at_end >= 0;
	f->same = known.at_end >= 0 && !m->goes_beyond;
	f->first_run = known.first_run;
	f->first_path = must_copy(known.path);
	f->format = must_copy(known.format);
	f->was_named = must_copy(known.named);
	f->was_by_rule = known.by_rule;
	f->was_zone = must_copy(known.zone);
	f->records = known.records;
	f->at_end = known.at_end;
	return 0;
}

/* If a file cannot be read, it is not certain whether it is known: it waits for the next run. */
static int leave_out(struct sources *s, const struct log_file *f) {
	pthread_mutex_lock(&s->lock);
	quality_damage(&s->quality, f->path, "read error", 0);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* Compares the file's bytes with known ones. 1: it can be read from there; 0: it cannot be read now. */
static int recognise(struct sources *s, struct log_file *f, bool *packed, struct fault *why) {
	struct match m = {.path = f->path, .digest = digest_new()};

	bool fine = ingest_head(f->path, m.head, sizeof m.head, &m.head_len, packed);
	pthread_mutex_lock(&s->lock);
	int rc = find_candidates(s->book->ledger, &s->heads, &m, why);
	pthread_mutex_unlock(&s->lock);
	if (rc >= 0 && m.count > 0 && fine) {
		fine = ingest_unpack(f->path, match_block, &m, packed);
		pthread_mutex_lock(&s->lock);
		rc = go_on_with(s, f, &m, why);
		pthread_mutex_unlock(&s->lock);
	}
	digest_free(m.digest);
	free(m.at);
	return rc < 0 ? rc : fine ? 1 : leave_out(s, f);
}

int log_look(struct book *b, struct head_lengths *h, const char *path, struct fault *why) {
	struct match m = {.path = path, .digest = digest_new()};
	bool packed, has_text, fine = ingest_head(path, m.head, sizeof m.head, &m.head_len, &packed);
	int rc = find_candidates(b->ledger, h, &m, why);
	has_text = m.head_len == sizeof m.head || memchr(m.head, '\n', m.head_len);
	digest_free(m.digest);
	free(m.at);
	if (!fine) {
		quality_damage(&b->quality, path, "read error", 0);
	}
	return rc < 0 ? rc : !fine ? LOG_UNREAD : has_text && m.count == 0 ? LOG_NEW : LOG_OLD;
}

/* ---- the watcher ---- */

static struct log_file *file_at(struct sources *s, uint32_t index) {
	pthread_mutex_lock(&s->lock);
	struct log_file *f = index < s->count ? s->files[index] : NULL;
	pthread_mutex_unlock(&s->lock);
	return f;
}

static struct log_file *new_file(struct sources *s, const char *path, uint32_t index) {
	struct log_file *f = must_calloc(1, sizeof *f);
	struct stat st;

	f->path = must_copy(path);
	f->print = fingerprint_new();
	f->plan.number = (uint32_t)(s->first_number + index);
	f->at_end = -1;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		f->has_place = true;
		f->lies = (struct ledger_file){.device = (int64_t)st.st_dev, .inode = (int64_t)st.st_ino, .size = st.st_size,
		                               .mtime_ns = platform_changed_ns(&st)};
	}
	pthread_mutex_lock(&s->lock);
	if (index >= s->count) {
		size_t more = index + 16;
		s->files = must_realloc(s->files, more * sizeof *s->files);
		memset(s->files + s->count, 0, (more - s->count) * sizeof *s->files);
		s->count = more;
	}
	s->files[index] = f;
	pthread_mutex_unlock(&s->lock);
	return f;
}

static int is_unchanged(struct sources *s, struct log_file *f, struct fault *why) {
	int64_t source;

	if (!f->has_place) {
		return 0;
	}
	pthread_mutex_lock(&s->lock);
	int rc = ledger_file_known(s->book->ledger, &f->lies, &source, why);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

static bool is_aside(const struct sources *s, const char *path) {
	for (size_t i = 0; i < s->aside_count; i++) {
		if (strcmp(s->aside[i].path, path) == 0) {
			return true;
		}
	}
	return false;
}

static int watch_open(void *sources, const char *path, uint32_t index, struct ingest_plan *plan, struct fault *why) {
	struct sources *s = sources;
	struct log_file *f = new_file(s, path, index);
	bool packed = false;
	int rc = is_aside(s, path) ? 1 : is_unchanged(s, f, why);

	if (rc != 0) {
		return rc < 0 ? rc : 0;
	}
	rc = f->has_place ? recognise(s, f, &packed, why) : 1;
	if (rc <= 0) {
		return rc;
	}
	fingerprint_want_mark(f->print, f->known_bytes);
	f->plan.goes_on = f->has_place && !packed && s->now_ns - f->lies.mtime_ns < s->book->settle_ns;
	*plan = f->plan;
	return f->same ? 0 : 1;
}

static void watch_block(void *sources, uint32_t index, struct text bytes) {
	fingerprint_add(file_at(sources, index)->print, bytes);
}

static int watch_close(void *sources, const struct ingest_done *done, struct fault *why) {
	struct log_file *f = file_at(sources, done->index);

	(void)why;
	f->done = true;
	free(f->format);
	f->format = must_copy(done->format);
	f->new_lines = done->lines;
	f->new_records = done->records;
	f->new_at_end = done->at_end;
	f->taken_back = done->taken_back;
	f->in_future = done->in_future;
	f->went_on = done->went_on;
	f->damaged = done->damaged;
	f->named = must_copy(done->named);
	f->by_rule = done->by_rule;
	f->zone = zones_add(f->was_zone, done->lines > 0 ? done->zone : "");
	memcpy(f->sha256, done->sha256, sizeof f->sha256);
	return 0;
}

static int watched_record(void *sources, unsigned lane, const struct record *r, struct fault *why) {
	struct sources *s = sources;

	if (terminal_stopped(s->book->terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; " BOOK_STOPPED);
	}
	if (record_instant(r) == UNKNOWN) {
		atomic_fetch_add(&s->undated, 1);
	}
	return ledger_intake_add(s->intake, lane, r, why);
}

static int watched_return(void *sources, unsigned lane, const struct record *r, struct fault *why) {
	struct sources *s = sources;

	return ledger_intake_withdraw(s->intake, lane, r, why);
}

/* ---- results in the ledger ---- */

/* Did another file of this run continue the same source, and further (a copy of a growing log)? */
static int is_put(struct sources *s, const struct ledger_source *out, struct fault *why) {
	struct ledger_source there;
	int rc = ledger_source_get(s->book->ledger, out->id, &there, why);

	return rc <= 0 ? rc : there.last_run == out->last_run && there.bytes >= out->bytes;
}

/* Of the log's records, those that result from its end; -1: it has not ended. */
static int64_t records_at_end(const struct log_file *f, bool ended) {
	int64_t before = f->went_on || f->at_end < 0 ? 0 : f->at_end;

	if (ended) {
		return before + f->new_at_end;
	}
	return f->went_on ? -1 : f->at_end; /* nothing followed yet: records of its end are kept */
}

static int put_source(struct sources *s, struct log_file *f, struct fault *why) {
	bool known = f->was_named && f->was_named[0] != '\0'; /* its records are renamed later, if they have to */
	bool ended = !f->plan.goes_on && !f->damaged;
	struct fingerprint_mark end = fingerprint_end(f->print, ended);
	int64_t run = s->book->run.id;
	struct ledger_source out = {
		.id = f->plan.number,
		.path = f->first_path ? f->first_path : f->path,
		.format = f->format,
		.bytes = end.bytes,
		.marks = fingerprint_marks(f->print),
		.lines = end.lines,
		.records = f->records + f->new_records - f->taken_back,
		.at_end = records_at_end(f, ended),
		.first_run = f->first_run ? f->first_run : run,
		.last_run = run,
		.named = known ? f->was_named : f->named,
		.by_rule = known ? f->was_by_rule : f->by_rule,
		.zone = f->zone,
	};

	if (end.bytes == 0 || end.bytes < f->known_bytes) { /* it could not be read as far as before */
		f->damaged = true;
		return 0;
	}
	/* truncated, and the whole one is known */
	if (f->damaged && f->new_lines == 0 && f->plan.known_lines > 0 && !f->source) {
		return 0;
	}
	int rc = is_put(s, &out, why);
	if (rc != 0) {
		return rc < 0 ? rc : 0;
	}
	out.head_bytes = fingerprint_head(f->print, end.bytes, out.head);
	memcpy(out.content, end.hash, sizeof out.content);
	f->source = out.id;
	names_add(s->names, out.id, f->named);
	return ledger_source_put(s->book->ledger, &out, why);
}

/* Its path is stored if no more records can come from these bytes. */
static int put_place(struct sources *s, struct log_file *f, struct fault *why) {
	if (!f->has_place || f->plan.goes_on || f->damaged) {
		return 0;
	}
	f->lies.path = f->path;
	f->lies.sha256 = f->sha256;
	f->lies.source = f->source;
	s->book->places++;
	return ledger_file_put(s->book->ledger, &f->lies, s->book->run.id, why);
}

static int put_all(struct sources *s, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < s->count && rc >= 0; i++) {
		struct log_file *f = s->files[i];
		if (!f || (!f->done && !f->same)) {
			continue;
		}
		rc = f->same ? 0 : put_source(s, f, why);
		rc = rc < 0 ? rc : put_place(s, f, why);
		s->book->run.files += f->done && f->new_lines > 0;
	}
	return rc;
}

/*
 * A damaged file without new records, with a log that was read completely from another file: its damage was resolved
 * then, and is not reported again each night.
 */
static int heal_damages(struct sources *s, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < s->count && rc >= 0; i++) {
		const struct log_file *f = s->files[i];
		if (!f || !f->done || !f->damaged || f->new_lines > 0 || f->plan.known_lines == 0) {
			continue;
		}
		rc = ledger_file_whole(s->book->ledger, f->path, why);
		if (rc > 0) {
			quality_damage_healed(&s->quality, f->path);
		}
	}
	return rc < 0 ? rc : 0;
}

/* Applies the result of one reading. */
static void forget_files(struct sources *s) {
	for (size_t i = 0; i < s->count; i++) {
		struct log_file *f = s->files[i];
		if (f) {
			fingerprint_free(f->print);
			free(f->path);
			free(f->format);
			free(f->first_path);
			free(f->was_named);
			free(f->named);
			free(f->was_zone);
			free(f->zone);
			free(f);
		}
	}
	free(s->files);
	s->files = NULL;
	s->count = 0;
	s->undated = 0;
}

static void sources_release(struct sources *s) {
	forget_files(s);
	for (size_t i = 0; i < s->aside_count; i++) {
		free(s->aside[i].path);
	}
	free(s->aside);
	pthread_mutex_destroy(&s->lock);
}

/*
 * Logs with too many lines in the future are set aside from here on. Returns how many more there are; a pipe is lost
 * then.
 */
static int set_aside(struct sources *s, struct fault *why) {
	int more = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct log_file *f = s->files[i];
		if (!f || !f->done || !clock_sets_aside(s->book, f->in_future, f->new_records)) {
			continue;
		}
		if (!f->has_place) {
			return fault_set(why, ERROR_IO, "%s: more than a tenth of its records are more than a day later than the system clock: is it right? "
			                 "None was stored: set the clock and run the command again", f->path);
		}
		s->aside = must_realloc(s->aside, (s->aside_count + 1) * sizeof *s->aside);
		s->aside[s->aside_count++] = (struct aside){must_copy(f->path), f->in_future, f->new_records};
		more++;
	}
	return more;
}

/* Reads all logs except those that are set aside. */
static int read_once(struct sources *s, struct logs *logs, struct ledger_intake **intake, struct fault *why) {
	forget_files(s);
	ledger_intake_free(*intake);
	quality_release(&s->quality);
	quality_init(&s->quality);
	*intake = s->intake = ledger_intake_new(s->book->names, ingest_lanes(&logs->options));
	return ingest_run(&logs->options, watched_record, s, &s->quality, why);
}

static int read_new(struct sources *s, struct logs *logs, struct ledger_intake **intake, struct fault *why) {
	struct ledger *l = s->book->ledger;
	const struct ingest_watch watch = {s, watch_open, watch_block, watch_close, watched_return};
	int rc = ledger_source_next(l, &s->first_number, why), more = 1;

	logs->options.watch = &watch;
	logs->options.now_ns = s->now_ns;
	logs->options.names = s->book->fleet ? fleet_names(s->book->fleet) : NULL;
	while (rc >= 0 && more > 0) {
		rc = read_once(s, logs, intake, why);
		more = rc < 0 ? 0 : set_aside(s, why);
		rc = more < 0 ? more : rc;
	}
	logs->options.watch = NULL;
	rc = rc < 0 ? rc : put_all(s, why);
	rc = rc < 0 ? rc : heal_damages(s, why);
	quality_merge(&s->book->quality, &s->quality);
	for (size_t i = 0; i < s->aside_count && rc >= 0; i++) {
		clock_report_aside(s->book, s->aside[i].path, s->aside[i].in_future, s->aside[i].records, s->now_ns);
	}
	return rc;
}

static void find_undated(struct book *b, int64_t count) {
	if (count > 0) {
		quality_finding(&b->quality, "no-instant", NULL, NULL, QUALITY_NO_AMOUNT, "%" PRId64 " %s without a "
											  "timestamp, not counted", count,
		                count == 1 ? "request" : "requests");
	}
}

static void warn_too_late(struct book *b, const struct ledger_intake *intake) {
	char what[300], day[INSTANT_TEXT_MAX];
	int64_t day_ns;
	name_id replica;
	int64_t count = ledger_intake_too_late(intake, &day_ns, &replica);

	if (count > 0) {
		snprintf(what, sizeof what, "%.10s, %.200s", instant_format(day_ns, day), names_text(b->names, replica).at);
		quality_damage(&b->quality, what, "records arrived after retention had removed the others of their "
						  "day: they are not counted", 0);
	}
}

int book_read_logs(struct book *b, struct logs *logs, struct ledger_intake **intake, struct fault *why) {
	struct sources s = {.book = b};

	*intake = ledger_intake_new(b->names, ingest_lanes(&logs->options));
	pthread_mutex_init(&s.lock, NULL);
	quality_init(&s.quality);
	int rc = book_check_tenants(b, logs->options.tenant_key, why);
	rc = rc < 0 ? rc : clock_now(b, &s.now_ns, why);
	rc = rc < 0 ? rc : names_open(&s.names, b, logs, why);
	rc = rc < 0 ? rc : read_new(&s, logs, intake, why);
	int64_t undated = s.undated;
	sources_release(&s);
	rc = rc < 0 ? rc : ledger_intake_settle(b->ledger, *intake, b->run.id, &b->run.records, why);
	ledger_intake_report(*intake, &b->run);
	rc = rc < 0 ? rc : names_settle(s.names, *intake, why);
	names_close(s.names, logs);
	warn_too_late(b, *intake);
	find_undated(b, undated);
	b->run.lines = b->quality.lines;
	for (size_t i = 0; i < b->quality.reject_count; i++) {
		b->run.rejected += b->quality.rejects[i].lines;
	}
	return rc;
}
