/* intake.c: adds incoming records to the segments of their replica-days. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/exact.h"
#include "core/files/folders.h"
#include "core/instant.h"
#include "core/record_json.h"
#include "core/files/spool.h"
#include "ledger/book.h"
#include "ledger/segments/segment.h"

#define MEMORY_BYTES ((size_t)64 * 1024 * 1024)
#define PATH_ROOM 4096

/* A record in the spool: its sort key, then its bytes. */
struct item {
	int64_t day_ns, at_ns;
	name_id replica;
	uint32_t len, back; /* back: it is withdrawn */
	unsigned char bytes[SEGMENT_RECORD_MAX];
};
#define ITEM_HEAD offsetof(struct item, bytes)

struct ledger_intake {
	struct names *names;
	struct spool *spool;
	char **old; /* segments that were replaced */
	size_t old_count;
	char **written; /* segments that are not on disk yet */
	size_t written_count;
	struct ledger_reach reach, gateways_reach; /* of new records, without power samples */
	struct ledger_known before, known; /* totals of all segments */
	int64_t counts[RECORD_KINDS];
	int64_t late_count, late_day_ns; /* for days with removed records */
	name_id late_replica;
};

/* The order within a segment: by instant, then by bytes. */
static int order_records(int64_t a_ns, struct text a, int64_t b_ns, struct text b) {
	int o = exact_order(a_ns, b_ns);

	return o != 0 ? o : text_compare(a, b);
}

static int compare(const void *names, const void *a, size_t a_len, const void *b, size_t b_len) {
	const struct item *x = a, *y = b;
	int o = exact_order(x->day_ns, y->day_ns);

	(void)a_len;
	(void)b_len;
	if (o == 0 && x->replica != y->replica) {
		o = text_compare(names_text(names, x->replica), names_text(names, y->replica));
	}
	if (o == 0) {
		o = order_records(x->at_ns, (struct text){(const char *)x->bytes, x->len}, y->at_ns,
		                  (struct text){(const char *)y->bytes, y->len});
	}
	return o != 0 ? o : exact_order(y->back, x->back); /* withdrawn ones first: it may come again */
}

struct ledger_intake *ledger_intake_new(struct names *names, unsigned lanes) {
	struct ledger_intake *in = must_calloc(1, sizeof *in);

	in->names = names;
	in->reach = in->gateways_reach = LEDGER_REACH_NOTHING;
	in->before = in->known = LEDGER_KNOWN_NOTHING;
	in->spool = spool_new(lanes, MEMORY_BYTES, compare, names);
	return in;
}

static void free_all(char **at, size_t count) {
	for (size_t i = 0; i < count; i++) {
		free(at[i]);
	}
	free(at);
}

void ledger_intake_free(struct ledger_intake *in) {
	if (!in) {
		return;
	}
	spool_free(in->spool);
	free_all(in->old, in->old_count);
	free_all(in->written, in->written_count);
	free(in);
}

static int add(struct ledger_intake *in, unsigned lane, const struct record *r, bool back, struct fault *why) {
	TO_FILL struct item item;
	int64_t at = record_instant(r);

	item.at_ns = at;
	item.day_ns = at == UNKNOWN ? 0 : instant_floor(at, NS_PER_DAY);
	item.replica = names_id(in->names, r->replica);
	item.len = (uint32_t)segment_encode(r, item.day_ns, item.bytes);
	item.back = back;
	return spool_add(in->spool, lane, &item, ITEM_HEAD + item.len, why);
}

int ledger_intake_add(void *intake, unsigned lane, const struct record *r, struct fault *why) {
	return add(intake, lane, r, false, why);
}

int ledger_intake_withdraw(void *intake, unsigned lane, const struct record *r, struct fault *why) {
	return add(intake, lane, r, true, why);
}

/* A file name for a replica: names with other characters than these, and long ones, end in a hash. */
static void safe_name(struct text replica, char out[80]) {
	size_t n = 0;
	bool same = replica.len > 0 && replica.len <= 48 && replica.at[0] != '.';

	for (size_t i = 0; i < replica.len && n < 48; i++) {
		char c = replica.at[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-_.", c));
		out[n++] = fine ? c : '_';
		same = same && fine;
	}
	out[n] = '\0';
	if (!same) {
		snprintf(out + n, 80 - n, "~%016llx", (unsigned long long)text_hash(replica));
	}
}

const char *ledger_segment_path(struct ledger *l, const struct ledger_segment *s, char *out, size_t size) {
	char day[INSTANT_TEXT_MAX], name[80];

	instant_format(s->day_ns, day);
	safe_name(names_text(l->names, s->replica), name);
	snprintf(out, size, "%s/records/%.10s/%s.%lld.seg", l->book, day, name, (long long)s->run);
	return out;
}

int ledger_make_day(struct ledger *l, int64_t day_ns, struct fault *why) {
	char path[PATH_ROOM], day[INSTANT_TEXT_MAX];

	snprintf(path, sizeof path, "%s/records/%.10s", l->book, instant_format(day_ns, day));
	if (mkdir(path, 0750) != 0 && errno != EEXIST) {
		return fault_set(why, ERROR_IO, "%s: cannot make the folder: %s", path, strerror(errno));
	}
	files_sweep(path, 0); /* no other writer is active while the lock is held */
	return 0;
}

/* ---- a segment: the old one merged with new records ---- */

struct merge {
	struct ledger *l;
	struct ledger_intake *in;
	int64_t run;
	struct spool_reader *reader;
	const struct item *item; /* the next new record; NULL: none is left */
	struct ledger_segment seg;
	struct segment_writer *writer;
	struct segment_reader *old;
	struct text old_bytes;
	int64_t old_ns;
	bool old_left, old_is_own; /* own: this run wrote it */
	bool made;                 /* the folder of made_ns's day */
	int64_t made_ns;
	int model_rank;
	int64_t new_first_ns, new_last_ns, *records;
	char before[SEGMENT_RECORD_MAX]; /* the record written last */
	size_t before_len;
};

static int next_item(struct merge *m, struct fault *why) {
	const void *at;
	size_t len;
	int got = spool_next(m->reader, &at, &len, why);

	m->item = got > 0 ? at : NULL;
	return got < 0 ? got : 0;
}

static int next_old(struct merge *m, struct fault *why) {
	struct record r;
	int got = m->old ? segment_next(m->old, &m->old_bytes, why) : 0;

	m->old_left = got > 0;
	if (got > 0) {
		if (!segment_decode(m->old_bytes, m->seg.day_ns, T(""), &r)) {
			return fault_set(why, ERROR_IO, "a segment of records is damaged; run 'tollbook verify'");
		}
		m->old_ns = record_instant(&r);
	}
	return got < 0 ? got : 0;
}

static void note_model(struct merge *m, const struct record *r) {
	static const int ranks[RECORD_KINDS] = {[RECORD_STEP] = 3, [RECORD_REQUEST] = 2, [RECORD_WINDOW] = 1};

	if (r->model.len > 0 && ranks[r->kind] > m->model_rank) {
		m->model_rank = ranks[r->kind];
		m->seg.model = names_id(m->l->names, r->model);
	}
}

static int write_record(struct merge *m, struct text bytes, bool is_new, struct fault *why) {
	struct record r;

	if (bytes.len == m->before_len && memcmp(bytes.at, m->before, bytes.len) == 0) {
		return 0; /* the very line again */
	}
	memcpy(m->before, bytes.at, bytes.len);
	m->before_len = bytes.len;
	if (!segment_decode(bytes, m->seg.day_ns, T(""), &r)) {
		return fault_set(why, ERROR_IO, "a record cannot be read back");
	}
	ledger_segment_add(&m->seg, &r);
	note_model(m, &r);
	if (is_new) {
		enum span_kind kind = record_span_kind(&r);
		struct ledger_reach *reach = kind == SPAN_GATEWAY ? &m->in->gateways_reach : &m->in->reach;
		(*m->records)++;
		record_extent(&r, &m->new_first_ns, &m->new_last_ns);
		m->in->counts[r.kind]++;
		if (kind != SPAN_NONE) {
			record_extent(&r, &reach->first_ns, &reach->last_ns);
		}
	}
	return segment_add(m->writer, bytes, why);
}

static bool item_is_here(const struct merge *m) {
	return m->item && m->item->day_ns == m->seg.day_ns && m->item->replica == m->seg.replica;
}

/* The next new record is a withdrawn one: here it is left out, if it is there. */
static int leave_out(struct merge *m, struct fault *why) {
	struct text back = {(const char *)m->item->bytes, m->item->len};
	struct record r;
	int rc = 0;

	if (m->old_left && order_records(m->item->at_ns, back, m->old_ns, m->old_bytes) == 0) {
		if (segment_decode(back, m->seg.day_ns, T(""), &r)) {
			record_extent(&r, &m->new_first_ns, &m->new_last_ns);
		}
		rc = next_old(m, why);
	}
	return rc < 0 ? rc : next_item(m, why);
}

/* Is the next new record a withdrawn one, with no old one before it? */
static bool is_back(const struct merge *m) {
	struct text bytes;

	if (!item_is_here(m) || !m->item->back) {
		return false;
	}
	bytes = (struct text){(const char *)m->item->bytes, m->item->len};
	return !m->old_left || order_records(m->item->at_ns, bytes, m->old_ns, m->old_bytes) <= 0;
}

static int merge_records(struct merge *m, struct fault *why) {
	int rc = next_old(m, why);

	while (rc >= 0 && (item_is_here(m) || m->old_left)) {
		if (is_back(m)) {
			rc = leave_out(m, why);
			continue;
		}
		struct text fresh = {0};
		bool take_new = item_is_here(m);
		if (take_new) {
			fresh = (struct text){(const char *)m->item->bytes, m->item->len};
		}
		if (take_new && m->old_left) {
			take_new = order_records(m->item->at_ns, fresh, m->old_ns, m->old_bytes) < 0;
		}
		rc = write_record(m, take_new ? fresh : m->old_bytes, take_new, why);
		if (rc >= 0) {
			rc = take_new ? next_item(m, why) : next_old(m, why);
		}
	}
	return rc;
}

static void remember(char ***at, size_t *count, const char *path) {
	*at = must_grow_by_count(*at, *count, sizeof **at);
	(*at)[(*count)++] = must_copy(path);
}

static int open_old(struct merge *m, struct fault *why) {
	struct ledger_segment old;
	char path[PATH_ROOM];
	int rc = ledger_segment_get(m->l, m->seg.day_ns, m->seg.replica, &old, why);

	if (rc <= 0) {
		return rc;
	}
	ledger_segment_path(m->l, &old, path, sizeof path);
	m->old_is_own = old.run == m->run;
	if (!m->old_is_own) {
		remember(&m->in->old, &m->in->old_count, path);
	}
	return segment_open(&m->old, path, why);
}

/*
 * Marks a period, from one instant to another. If it lasts years, clocks are wrong in between: of the days within, those that
 * were attributed before, so that the cost is that of records.
 */
static int mark_period(struct ledger *l, int64_t first, int64_t last, struct fault *why) {
	if ((int128)last - first <= APART_NS) {
		return ledger_dirty(l, first, last + 1, why);
	}
	int rc = ledger_dirty_between(l, first, last, why);
	rc = rc < 0 ? rc : ledger_dirty(l, first, first + 2 * NS_PER_DAY, why);
	return rc < 0 ? rc : ledger_dirty(l, last - 2 * NS_PER_DAY, last + 1, why);
}

/*
 * New records change the day before to the day after, and, if the replica was not known to be paid up to there, all
 * days in between.
 */
static int mark_days(struct merge *m, int64_t span_first, int64_t span_last, struct fault *why) {
	int64_t first = m->new_first_ns - NS_PER_DAY, last = m->new_last_ns + NS_PER_DAY;

	if (m->new_first_ns > m->new_last_ns) {
		return 0; /* without any instant */
	}
	int rc = mark_period(m->l, first, last, why);
	if (rc < 0 || span_first > span_last) {
		return rc;
	}
	return span_last < first ? mark_period(m->l, span_last, first, why) : span_first > last ? mark_period(m->l, last, span_first, why) : 0;
}

/* The first day with steps after a day whose steps changed: how many are missing before it may have changed. */
static int mark_next(struct merge *m, const struct ledger_reach *before, struct fault *why) {
	int64_t day_ns = 0;

	if (before->last_ns < m->seg.day_ns + 2 * NS_PER_DAY) {
		return 0;
	}
	int rc = ask_int(m->l, Q_STEPS_AFTER, VALUES(V_NAME(m->seg.replica), V_INT(m->seg.day_ns)), &day_ns, why);
	return rc > 0 ? ledger_dirty(m->l, day_ns, day_ns + 1, why) : rc;
}

/* Spans of replicas as of now. */
struct spans {
	struct ledger_reach *at; /* by name_id */
	size_t room;
	struct ledger_known *all;
};

static struct ledger_reach *span_of(struct spans *s, name_id replica) {
	if (replica >= s->room) {
		size_t room = (size_t)replica * 2 + 64;
		s->at = must_realloc(s->at, room * sizeof *s->at);
		for (size_t i = s->room; i < room; i++) {
			s->at[i] = LEDGER_REACH_NOTHING;
		}
		s->room = room;
	}
	return &s->at[replica];
}

static int keep_span(void *context, const struct ledger_span *s) {
	struct spans *spans = context;

	*span_of(spans, s->replica) = (struct ledger_reach){s->first_ns, s->last_ns};
	ledger_known_add(spans->all, s);
	return 0;
}

static bool is_empty(const struct ledger_segment *s) {
	int64_t any = 0;

	for (int k = 0; k < RECORD_KINDS; k++) {
		any |= s->counts[k];
	}
	return any == 0;
}

/* The folder of the day, once: replica-days come in the order of days. */
static int make_day(struct merge *m, struct fault *why) {
	bool made = m->made && m->made_ns == m->seg.day_ns;
	int rc = made ? 0 : ledger_make_day(m->l, m->seg.day_ns, why);

	m->made = rc == 0;
	m->made_ns = m->seg.day_ns;
	return rc;
}

static int write_segment(struct merge *m, struct fault *why) {
	char path[PATH_ROOM];
	int rc = make_day(m, why);

	rc = rc < 0 ? rc : open_old(m, why);
	ledger_segment_path(m->l, &m->seg, path, sizeof path);
	rc = rc < 0 ? rc : segment_create(&m->writer, path, why);
	if (rc < 0) {
		return rc;
	}
	rc = merge_records(m, why);
	if (rc < 0) {
		segment_abandon(m->writer);
		return rc;
	}
	if (is_empty(&m->seg)) {
		segment_abandon(m->writer);
		if (m->old_is_own) {
			remember(&m->in->old, &m->in->old_count, path); /* the same path: it is not replaced */
		}
		return 0;
	}
	rc = segment_put(m->writer, m->seg.hash, &m->seg.bytes, why);
	if (rc == 0) {
		remember(&m->in->written, &m->in->written_count, path);
	}
	return rc;
}

/* Records for days with removed records cannot be used. */
static int pass_by(struct merge *m, struct fault *why) {
	struct ledger_intake *in = m->in;
	int rc = 0;

	if (in->late_count == 0) {
		in->late_day_ns = m->seg.day_ns;
		in->late_replica = m->seg.replica;
	}
	while (rc >= 0 && item_is_here(m)) {
		in->late_count++;
		rc = next_item(m, why);
	}
	return rc;
}

static int merge_replica_day(struct merge *m, struct spans *spans, struct fault *why) {
	int64_t gone, since_ns;
	struct ledger_reach before = *span_of(spans, m->item->replica), *span;

	m->seg = (struct ledger_segment){.day_ns = m->item->day_ns, .replica = m->item->replica, .run = m->run};
	ledger_segment_empty(&m->seg);
	m->model_rank = 0;
	m->before_len = 0;
	m->new_first_ns = INT64_MAX;
	m->new_last_ns = INT64_MIN;
	m->old = NULL;
	m->old_is_own = false;
	int rc = ledger_gone(m->l, m->seg.day_ns, m->seg.day_ns + NS_PER_DAY, &gone, &since_ns, why);
	if (rc != 0) {
		return rc < 0 ? rc : pass_by(m, why);
	}
	rc = write_segment(m, why);
	segment_close(m->old);
	if (rc == 0) {
		rc = is_empty(&m->seg) ? ledger_segment_drop(m->l, m->seg.day_ns, m->seg.replica, why)
		                       : ledger_segment_put(m->l, &m->seg, why);
	}
	span = span_of(spans, m->seg.replica);
	exact_widen(&span->first_ns, &span->last_ns, m->seg.span_first_ns, m->seg.span_last_ns);
	rc = rc < 0 ? rc : mark_days(m, before.first_ns, before.last_ns, why);
	return rc < 0 ? rc : mark_next(m, &before, why);
}

/* The ledger must not name a segment that a power failure can lose: all are on disk before the commit. */
static int sync_written(struct ledger *l, struct ledger_intake *in, struct fault *why) {
	const char *const *paths = (const char *const *)in->written;
	char records[PATH_ROOM];
	int rc = 0;

	if (in->written_count > 0) {
		rc = files_sync(paths, in->written_count, why);
		/* The folders of days are in records/, which may be new itself, like ledger.db. */
		snprintf(records, sizeof records, "%s/records/", l->book);
		rc = rc < 0 ? rc : folder_must_sync(records, why);
		records[strlen(records) - 1] = '\0';
		rc = rc < 0 ? rc : folder_must_sync(records, why);
	}
	return rc;
}

/* The only server is also paid for between its own records and those of gateways, on days of which neither has any. */
static int mark_paid(struct ledger *l, struct ledger_reach known, struct ledger_reach now, struct fault *why) {
	bool any = known.first_ns <= known.last_ns;
	int rc = !any || now.first_ns < known.first_ns ? mark_period(l, now.first_ns, any ? known.first_ns : now.last_ns, why) : 0;

	return rc < 0 || !any || now.last_ns <= known.last_ns ? rc : mark_period(l, known.last_ns, now.last_ns, why);
}

/* If the role of gateways changes, because of the first log of an engine or a gateway, all open days change. */
static int mark_all(struct ledger *l, struct ledger_intake *in, struct fault *why) {
	const struct gateways *was = &in->before.gateways, *are = &in->known.gateways;
	bool reported = in->before.gateways_reported || in->gateways_reach.first_ns <= in->gateways_reach.last_ns;
	int rc = reported ? ledger_known_get(l, &in->known, why) : 0;
	bool alike = was->are == are->are && was->replica == are->replica;

	rc = rc < 0 || alike ? rc : ledger_dirty_basis(l, "", why);
	return rc < 0 || are->are != GATEWAYS_OF_ONE ? rc : mark_paid(l, alike ? in->before.all : LEDGER_REACH_NOTHING, in->known.all, why);
}

int ledger_intake_settle(struct ledger *l, struct ledger_intake *in, int64_t run, int64_t *records, struct fault *why) {
	struct merge *m = must_calloc(1, sizeof *m);
	struct spans spans = {.all = &in->before};
	int rc = spool_seal(in->spool, why);

	m->l = l;
	m->in = in;
	m->run = run;
	m->records = records;
	*records = 0;
	rc = rc < 0 ? rc : spool_reader_new(&m->reader, in->spool, why);
	rc = rc < 0 ? rc : next_item(m, why);
	if (rc >= 0 && m->item) { /* a night without new logs does not need them */
		rc = ledger_count_gateways(l, why);
		rc = rc < 0 ? rc : ledger_spans(l, keep_span, &spans, why);
	}
	while (rc >= 0 && m->item) {
		rc = merge_replica_day(m, &spans, why);
	}
	rc = rc < 0 ? rc : mark_all(l, in, why);
	rc = rc < 0 ? rc : sync_written(l, in, why);
	free(spans.at);
	if (m->reader) {
		spool_reader_free(m->reader);
	}
	free(m);
	return rc < 0 ? rc : 0;
}

int64_t ledger_intake_too_late(const struct ledger_intake *in, int64_t *day_ns, name_id *replica) {
	*day_ns = in->late_day_ns;
	*replica = in->late_replica;
	return in->late_count;
}

void ledger_intake_report(const struct ledger_intake *in, struct ledger_run *run) {
	enum gateways_are were = in->before.gateways.are;
	bool apart = in->known.gateways.are == GATEWAYS_APART;

	if (apart && were != GATEWAYS_APART && were != GATEWAYS_NONE) { /* their extent no longer counts */
		run->first_ns = in->known.engines_reach.first_ns;
		run->last_ns = in->known.engines_reach.last_ns;
	}
	exact_widen(&run->first_ns, &run->last_ns, in->reach.first_ns, in->reach.last_ns);
	if (!apart) {
		exact_widen(&run->first_ns, &run->last_ns, in->gateways_reach.first_ns, in->gateways_reach.last_ns);
	}
	for (int k = 0; k < RECORD_KINDS; k++) {
		run->counts[k] += in->counts[k];
	}
}

void ledger_intake_clean_up(struct ledger_intake *in) {
	for (size_t i = 0; i < in->old_count; i++) {
		(void)unlink(in->old[i]); /* a remaining file is an orphan: verify reports it */
	}
}

void ledger_intake_pass_on(struct ledger_intake *from, struct ledger_intake *to) {
	for (size_t i = 0; i < from->old_count; i++) {
		remember(&to->old, &to->old_count, from->old[i]);
	}
}

int ledger_records(struct ledger *l, const struct ledger_segment *s, ledger_record_sink *sink, void *context,
                   struct fault *why) {
	struct text bytes, replica = names_text(l->names, s->replica);
	struct segment_reader *reader = l->reader;
	char path[PATH_ROOM], day[INSTANT_TEXT_MAX];
	struct record r;

	if (s->gone_run) {
		return fault_set(why, ERROR_IO, "%.10s: retention has removed the records of this day (run %lld)",
		                 instant_format(s->day_ns, day), (long long)s->gone_run);
	}
	l->reader = NULL;
	int rc = segment_open(&reader, ledger_segment_path(l, s, path, sizeof path), why);
	if (rc < 0) {
		return rc;
	}
	while (rc >= 0 && (rc = segment_next(reader, &bytes, why)) > 0) {
		rc = segment_decode(bytes, s->day_ns, replica, &r)
		         ? sink(context, &r, why)
		         : fault_set(why, ERROR_IO, "%s: a record in it is damaged; restore it from a backup", path);
	}
	if (rc == 0 && strcmp(segment_hash(reader), s->hash) != 0) {
		rc = fault_set(why, ERROR_IO, "%s: is not the segment that was written (its hash differs); restore it from a backup", path);
	}
	segment_close(l->reader); /* of a segment that was read meanwhile */
	l->reader = segment_end(reader);
	return rc;
}
