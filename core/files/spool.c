#include "core/files/spool.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/files/helper.h"
#include "core/files/spool_source.h"

#define ITEM_MAX (64 * 1024)
#define FIRST_ROOM (16 * 1024)
/* Read buffers use at most a quarter of the memory, but at least this much for each run. */
#define READ_BYTES_MIN (4 * 1024)
#define READ_BYTES_MAX (256 * 1024)
#define READ_BYTES_GOOD (16 * 1024)
#define RUNS_MERGED_MIN 16
#define RUNS_MERGED_MAX 256

/* Items that one thread has added and not yet written, see spool_sort.h. */
struct lane {
	struct packed packed;
	size_t room, index_room;
	uint64_t count; /* written ones included */
	bool helped;    /* it has handed items over */
	char apart[64]; /* threads that write to one cache line slow each other down */
};

/* Places of items in a run, at some distance from each other: where to begin to look for one. */
#define MARKS_MAX 512
#define MARKS_APART ((off_t)128 * 1024)
struct marks {
	off_t *at;
	size_t count, room;
	off_t apart, next; /* next: the place from which on one is kept */
};

/* Sorted items, packed as in memory. */
struct run {
	struct extent extent;
	struct marks marks;
};

struct spool {
	struct order order;
	size_t memory_bytes, lane_bytes;
	struct lane *lanes;
	unsigned lane_count;
	_Atomic unsigned used_lanes;
	/* While one lane of several is in use, a helper writes what that lane has handed over, and the lane goes on. */
	struct helper *helper;
	struct lane handed;
	bool sealed;
	struct temporary file;
	pthread_mutex_t lock; /* over the runs, until sealed */
	struct run *runs;
	size_t run_count, run_room;
};

struct spool_reader {
	struct spool *spool;
	struct spool_source *sources;
	size_t source_count;
	struct spool_source **heap; /* the smallest item first */
	size_t heap_count;
	char *from; /* packed: items less than it are left out; or NULL */
	const struct spool_source *second; /* of the sources, the one after the first; NULL: there is none, or not known */
	bool started;
};

struct spool *spool_new(unsigned lanes, size_t memory_bytes, spool_compare *compare, const void *context) {
	struct spool *s = must_calloc(1, sizeof *s);

	assert(lanes > 0);
	s->order = (struct order){.compare = compare, .context = context};
	s->memory_bytes = memory_bytes;
	s->lane_bytes = memory_bytes / lanes < PACKED_MAX ? memory_bytes / lanes : PACKED_MAX;
	s->lanes = must_calloc(lanes, sizeof *s->lanes);
	s->lane_count = lanes;
	temporary_init(&s->file);
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void spool_keyed(struct spool *s) {
	s->order.keyed = true;
}

static void lane_release(struct lane *l) {
	free(l->packed.bytes);
	free(l->packed.index);
	free(l->packed.groups);
	*l = (struct lane){.count = l->count, .helped = l->helped};
}

void spool_free(struct spool *s) {
	if (!s) {
		return;
	}
	helper_free(s->helper);
	lane_release(&s->handed);
	for (unsigned i = 0; i < s->lane_count; i++) {
		lane_release(&s->lanes[i]);
	}
	for (size_t i = 0; i < s->run_count; i++) {
		free(s->runs[i].marks.at);
	}
	temporary_release(&s->file);
	pthread_mutex_destroy(&s->lock);
	free(s->lanes);
	free(s->runs);
	free(s);
}

/* ---- adding ---- */

/* Notes that an item begins here; positions are ascending. If there are too many, every second one is removed. */
static void note_place(struct marks *m, off_t at) {
	if (at < m->next) {
		return;
	}
	if (m->count == MARKS_MAX) {
		for (size_t i = 0; i < MARKS_MAX / 2; i++) {
			m->at[i] = m->at[2 * i];
		}
		m->count = MARKS_MAX / 2;
		m->apart *= 2;
	}
	m->at = must_grow(m->at, m->count, &m->room, sizeof *m->at, 16);
	m->at[m->count++] = at;
	m->next = at + m->apart;
}

static void add_run(struct spool *s, struct run run) {
	pthread_mutex_lock(&s->lock);
	s->runs = must_grow(s->runs, s->run_count, &s->run_room, sizeof *s->runs, 16);
	s->runs[s->run_count++] = run;
	pthread_mutex_unlock(&s->lock);
}

/* Items in the order of the index. */
static int write_items(const struct spool *s, const struct packed *p, struct run *run, struct fault *why) {
	struct spool_writer w;
	off_t at = run->extent.at;
	int error = 0;

	spool_writer_init(&w, &s->file, at);
	for (size_t i = 0; i < p->count && !error; i++) {
		if (i + 4 < p->count) {
			__builtin_prefetch(packed_at(p, i + 4));
		}
		note_place(&run->marks, at);
		at += (off_t)packed_size(packed_at(p, i));
		error = spool_writer_add(&w, packed_at(p, i), packed_size(packed_at(p, i)), why);
	}
	error = error ? error : spool_writer_flush(&w, why);
	spool_writer_release(&w);
	return error;
}

/* Items that were added in their order: as they are in memory. */
static int write_as_added(const struct spool *s, const struct packed *p, struct run *run, struct fault *why) {
	for (size_t i = 0; i < p->count; i++) {
		note_place(&run->marks, run->extent.at + (off_t)p->index[i] * 8);
	}
	return temporary_write(&s->file, p->bytes, p->used, run->extent.at, why);
}

/* Writes the lane's items as a run, and empties it. */
static int spill(struct spool *s, struct lane *l, struct fault *why) {
	struct packed *p = &l->packed;
	struct run run = {.marks = {.apart = MARKS_APART}};
	int error = temporary_reserve(&s->file, p->used, &run.extent, why);

	if (error) {
		return error;
	}
	if (p->unsorted) {
		packed_sort(p, &s->order);
		error = write_items(s, p, &run, why);
	} else {
		error = write_as_added(s, p, &run, why);
	}
	if (!error) {
		add_run(s, run);
		packed_clear(p);
	} else {
		free(run.marks.at);
	}
	return error;
}

static int spill_handed(void *spool, struct fault *why) {
	struct spool *s = spool;

	return spill(s, &s->handed, why);
}

/* Hands the lane's items over to the helper; the lane goes on in the memory of those before. */
static int hand_over(struct spool *s, struct lane *l, struct fault *why) {
	struct lane full = *l;
	int error = helper_wait(s->helper, why);

	if (!error) {
		*l = s->handed;
		l->count = full.count;
		l->helped = true;
		s->handed = full;
		helper_start(s->helper);
	}
	return error;
}

/* The memory of what was handed over belongs to another lane from here on. */
static int end_helper(struct spool *s, struct fault *why) {
	int error = s->helper ? helper_wait(s->helper, why) : 0;

	helper_free(s->helper);
	s->helper = NULL;
	lane_release(&s->handed);
	return error;
}

/* Makes a full lane empty. A lane that is the only one in use may have a helper: no other lane has been full then. */
static int make_empty(struct spool *s, struct lane *l, struct fault *why) {
	bool alone = s->lane_count > 1 && s->used_lanes == 1;

	if (alone && !s->helper) {
		s->helper = helper_new(spill_handed, s);
	}
	if (alone && s->helper) {
		return hand_over(s, l, why);
	}
	int error = l->helped ? end_helper(s, why) : 0;
	l->helped = false;
	return error ? error : spill(s, l, why);
}

/* Doubles the size, up to the lane's share unless more is needed. */
static size_t more_room(size_t room, size_t need, size_t most) {
	size_t twice = room ? 2 * room : FIRST_ROOM;

	twice = twice < most ? twice : most;
	return twice > need ? twice : need;
}

static void make_room(struct spool *s, struct lane *l, size_t bytes) {
	if (l->packed.used + bytes > l->room) {
		l->room = more_room(l->room, l->packed.used + bytes, s->lane_bytes);
		l->packed.bytes = must_realloc(l->packed.bytes, l->room);
	}
	l->packed.index = must_grow(l->packed.index, l->packed.count, &l->index_room, sizeof *l->packed.index, 256);
}

int spool_add(struct spool *s, unsigned lane, const void *item, size_t len, struct fault *why) {
	struct lane *l = &s->lanes[lane];
	struct packed *p = &l->packed;
	size_t bytes = packed_size_of(len);

	assert(lane < s->lane_count && len <= ITEM_MAX && (!s->order.keyed || len >= sizeof(struct spool_key)) && !s->sealed);
	/* The index counts twice: sorting needs the same amount again. */
	if (p->count > 0 && p->used + bytes + 2 * sizeof *p->index * (p->count + 1) > s->lane_bytes) {
		int error = make_empty(s, l, why);
		if (error) {
			return error;
		}
	}
	make_room(s, l, bytes);
	packed_add(p, &s->order, item, len);
	if (l->count++ == 0) {
		s->used_lanes++;
	}
	return 0;
}

uint64_t spool_count(const struct spool *s) {
	uint64_t count = 0;

	for (unsigned i = 0; i < s->lane_count; i++) {
		count += s->lanes[i].count;
	}
	return count;
}

/* ---- merging ---- */

static void sift_down(struct spool_reader *r, size_t i) {
	const struct order *order = &r->spool->order;
	struct spool_source *moved = r->heap[i];

	for (size_t child; (child = 2 * i + 1) < r->heap_count; i = child) {
		if (child + 1 < r->heap_count && packed_compare(order, r->heap[child + 1]->item, r->heap[child]->item) < 0) {
			child++;
		}
		if (packed_compare(order, moved->item, r->heap[child]->item) <= 0) {
			break;
		}
		r->heap[i] = r->heap[child];
	}
	r->heap[i] = moved;
}

/* How many of the items in memory are less than `from`. */
static size_t packed_bound(const struct order *o, const struct packed *p, const char *from) {
	size_t low = 0, high = p->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (packed_compare(o, packed_at(p, middle), from) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* The item at a place of the run becomes the current one. */
static int go_to(const struct spool *s, struct spool_source *f, off_t at, struct fault *why) {
	f->start = f->end = 0;
	f->rest = (struct extent){at, f->run->extent.end};
	return spool_source_advance_file(f, &s->file, why);
}

/* Moves to the last stored position of a run with an item less than `from`, or to its start. */
static int go_near(const struct spool *s, struct spool_source *f, const char *from, struct fault *why) {
	const struct marks *m = &f->run->marks;
	size_t low = 0, high = m->count, room = f->room;
	int got = 1;

	f->room = f->room < READ_BYTES_MIN ? f->room : READ_BYTES_MIN; /* each of these looks at one item */
	while (low < high && got > 0) {
		size_t middle = low + (high - low) / 2;
		got = go_to(s, f, m->at[middle], why);
		if (got > 0 && packed_compare(&s->order, f->item, from) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	f->room = f->room > room ? f->room : room;
	f->buffer = must_realloc(f->buffer, f->room);
	return got < 0 ? got : go_to(s, f, low > 0 ? m->at[low - 1] : f->run->extent.at, why);
}

/* To a source's first item that is to be read. */
static int advance_first(const struct spool_reader *r, struct spool_source *f, struct fault *why) {
	const struct spool *s = r->spool;
	int got;

	if (!r->from) {
		return spool_source_advance(f, &s->file, why);
	}
	if (f->packed) {
		f->next = packed_bound(&s->order, f->packed, r->from);
		return spool_source_advance(f, &s->file, why);
	}
	got = go_near(s, f, r->from, why);
	while (got > 0 && packed_compare(&s->order, f->item, r->from) < 0) {
		got = spool_source_advance_file(f, &s->file, why);
	}
	return got;
}

/* Moves each source to its first item and sorts the sources that have one. */
static int start(struct spool_reader *r, struct fault *why) {
	for (size_t i = 0; i < r->source_count; i++) {
		int got = advance_first(r, &r->sources[i], why);
		if (got < 0) {
			return got;
		}
		if (got > 0) {
			r->heap[r->heap_count++] = &r->sources[i];
		}
	}
	for (size_t i = r->heap_count / 2; i-- > 0;) {
		sift_down(r, i);
	}
	r->started = true;
	return 0;
}

/* Puts the first source in its place; and finds the second. */
static void settle(struct spool_reader *r) {
	sift_down(r, 0);
	r->second = r->heap_count > 1 ? r->heap[1] : NULL;
	if (r->heap_count > 2 && packed_compare(&r->spool->order, r->heap[2]->item, r->heap[1]->item) < 0) {
		r->second = r->heap[2];
	}
}

/* Moves past the smallest item. It is left in place until here, as the caller may still use it. */
static int step(struct spool_reader *r, struct fault *why) {
	struct spool_source *f = r->heap[0];
	int got = spool_source_advance_buffer(f) ? 1 : spool_source_advance(f, &r->spool->file, why);

	if (got < 0) {
		return got;
	}
	if (got > 0 && r->second && packed_compare(&r->spool->order, f->item, r->second->item) <= 0) {
		return 0; /* mostly: it is still the first */
	}
	if (got == 0) {
		r->heap[0] = r->heap[--r->heap_count];
	}
	if (r->heap_count > 1) {
		settle(r);
	}
	return 0;
}

static int next_packed(struct spool_reader *r, const char **item, struct fault *why) {
	int error = !r->started ? start(r, why) : r->heap_count > 0 ? step(r, why) : 0;

	if (error || r->heap_count == 0) {
		return error;
	}
	*item = r->heap[0]->item;
	return 1;
}

static size_t clamp(size_t n, size_t least, size_t most) {
	return n < least ? least : n > most ? most : n;
}

static void add_file_source(struct spool_reader *r, const struct run *run, size_t room) {
	r->sources[r->source_count++] = (struct spool_source){
		.rest = run->extent,
		.run = run,
		.room = room,
		.buffer = must_alloc(room),
	};
}

/* Reads the first `run_count` runs and, if requested, the items in memory. */
static struct spool_reader *reader_over(struct spool *s, size_t run_count, bool memory) {
	struct spool_reader *r = must_calloc(1, sizeof *r);
	size_t room = clamp(s->memory_bytes / 4 / (run_count ? run_count : 1), READ_BYTES_MIN, READ_BYTES_MAX);

	r->spool = s;
	r->sources = must_calloc(run_count + s->lane_count, sizeof *r->sources);
	r->heap = must_calloc(run_count + s->lane_count, sizeof(struct spool_source *));
	for (size_t i = 0; i < run_count; i++) {
		add_file_source(r, &s->runs[i], room);
	}
	for (unsigned i = 0; memory && i < s->lane_count; i++) {
		r->sources[r->source_count++] = (struct spool_source){.packed = &s->lanes[i].packed};
	}
	return r;
}

void spool_reader_free(struct spool_reader *r) {
	if (!r) {
		return;
	}
	for (size_t i = 0; i < r->source_count; i++) {
		free(r->sources[i].buffer);
	}
	free(r->sources);
	free(r->heap);
	free(r->from);
	free(r);
}

void spool_reader_seek(struct spool_reader *r, const void *item, size_t len) {
	struct packed p = {.bytes = must_realloc(r->from, packed_size_of(len)), .index = &(uint32_t){0}};

	packed_add(&p, NULL, item, len);
	r->from = p.bytes;
}

static int write_merged(struct spool_reader *r, struct run *to, struct fault *why) {
	struct spool_writer w;
	off_t at = to->extent.at;
	const char *item = NULL;
	int got;

	spool_writer_init(&w, &r->spool->file, at);
	while ((got = next_packed(r, &item, why)) > 0) {
		note_place(&to->marks, at);
		at += (off_t)packed_size(item);
		got = spool_writer_add(&w, item, packed_size(item), why);
		if (got < 0) {
			break;
		}
	}
	got = got < 0 ? got : spool_writer_flush(&w, why);
	spool_writer_release(&w);
	return got;
}

/* Merges the first `count` runs into one after all others, and frees their disk space. */
static int merge_runs(struct spool *s, size_t count, struct fault *why) {
	size_t bytes = 0;
	struct run merged = {.marks = {.apart = MARKS_APART}};

	for (size_t i = 0; i < count; i++) {
		bytes += (size_t)(s->runs[i].extent.end - s->runs[i].extent.at);
	}
	int error = temporary_reserve(&s->file, bytes, &merged.extent, why);
	if (error) {
		return error;
	}
	struct spool_reader *r = reader_over(s, count, false);
	error = write_merged(r, &merged, why);
	spool_reader_free(r);
	if (error) {
		free(merged.marks.at);
		return error;
	}
	for (size_t i = 0; i < count; i++) {
		temporary_drop(&s->file, s->runs[i].extent);
		free(s->runs[i].marks.at);
	}
	s->run_count -= count;
	memmove(s->runs, s->runs + count, s->run_count * sizeof *s->runs);
	add_run(s, merged);
	return 0;
}

/* Merges runs until a reader can have a useful buffer for each. */
static int reduce_runs(struct spool *s, struct fault *why) {
	size_t most = clamp(s->memory_bytes / 4 / READ_BYTES_GOOD, RUNS_MERGED_MIN, RUNS_MERGED_MAX);
	int error = 0;

	while (s->run_count > most && !error) {
		/* As many as needed: runs that need not be merged are not copied. */
		size_t excess = s->run_count - most + 1;
		error = merge_runs(s, excess < most ? excess : most, why);
	}
	return error;
}

int spool_seal(struct spool *s, struct fault *why) {
	assert(!s->sealed);
	for (unsigned i = 0; i < s->lane_count; i++) {
		packed_sort(&s->lanes[i].packed, &s->order);
	}
	s->sealed = true;
	int error = end_helper(s, why);
	return error ? error : reduce_runs(s, why);
}

int spool_reader_new(struct spool_reader **out, struct spool *s, struct fault *why) {
	(void)why;
	assert(s->sealed);
	*out = reader_over(s, s->run_count, true);
	return 0;
}

int spool_next(struct spool_reader *r, const void **item, size_t *len, struct fault *why) {
	const char *packed;
	int got = next_packed(r, &packed, why);

	if (got > 0) {
		*item = packed + PACKED_HEADER;
		*len = packed_len(packed);
	}
	return got;
}
