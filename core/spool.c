#define _GNU_SOURCE /* O_TMPFILE, mkostemp, fallocate */
#include "core/spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/spool_sort.h"

#define ITEM_MAX (64 * 1024)
#define FIRST_ROOM (16 * 1024)
#define WRITE_BYTES (256 * 1024)
/* Reading takes a quarter of the memory at most for its buffers, unless that were less than this for each run. */
#define READ_BYTES_MIN (4 * 1024)
#define READ_BYTES_MAX (256 * 1024)
#define READ_BYTES_GOOD (16 * 1024)
#define RUNS_MERGED_MIN 16
#define RUNS_MERGED_MAX 256

/* What one thread has added and not yet written, see spool_sort.h. */
struct lane {
	struct packed packed;
	size_t room, index_room;
	uint64_t count; /* written ones included */
	char apart[64]; /* threads that write to one cache line slow each other down */
};

/* Sorted items in the file, packed as in memory. */
struct run {
	off_t at, end;
};

struct spool {
	struct order order;
	size_t memory_bytes, lane_bytes;
	struct lane *lanes;
	unsigned lane_count;
	bool sealed;
	pthread_mutex_t lock; /* over the file's making, its end and the runs, until sealed */
	char *folder;
	int fd;
	off_t file_end;
	struct run *runs;
	size_t run_count, run_room;
};

/* One sorted run on its way into a merge: from memory, or from the file through a buffer. */
struct source {
	const char *item; /* the current one, header first */
	const struct packed *packed; /* NULL: from the file */
	size_t next;                 /* in `packed`'s index */
	char *buffer;
	size_t start, end, room; /* what is read and not yet passed by; `item` is before `start` */
	off_t at, file_end;      /* what is not yet read */
};

struct spool_reader {
	struct spool *spool;
	struct source *sources;
	size_t source_count;
	struct source **heap; /* the smallest item first */
	size_t heap_count;
	bool started;
};

struct spool *spool_new(unsigned lanes, size_t memory_bytes, spool_compare *compare, const void *context) {
	struct spool *s = must_calloc(1, sizeof *s);
	const char *folder = getenv("TMPDIR");

	assert(lanes > 0);
	s->order = (struct order){.compare = compare, .context = context};
	s->memory_bytes = memory_bytes;
	s->lane_bytes = memory_bytes / lanes < PACKED_MAX ? memory_bytes / lanes : PACKED_MAX;
	s->lanes = must_calloc(lanes, sizeof *s->lanes);
	s->lane_count = lanes;
	s->folder = strdup(folder && *folder ? folder : "/tmp");
	if (!s->folder) {
		die_out_of_memory();
	}
	s->fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void lane_release(struct lane *l) {
	free(l->packed.bytes);
	free(l->packed.index);
}

void spool_free(struct spool *s) {
	if (!s) {
		return;
	}
	for (unsigned i = 0; i < s->lane_count; i++) {
		lane_release(&s->lanes[i]);
	}
	if (s->fd >= 0) {
		close(s->fd);
	}
	pthread_mutex_destroy(&s->lock);
	free(s->lanes);
	free(s->folder);
	free(s->runs);
	free(s);
}

/* ---- the file ---- */

static int file_fault(const struct spool *s, const char *what, int error, struct fault *why) {
	bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;

	return fault_set(why, ERROR_IO, "%s: %s temporary data: %s; set TMPDIR to a folder with room%s", s->folder, what,
	                 strerror(error), full ? "" : " that can be written to");
}

static int open_named(const struct spool *s) {
	static const char name[] = "/tollbook-XXXXXX";
	size_t len = strlen(s->folder);
	char *path = must_alloc(len + sizeof name);

	memcpy(path, s->folder, len);
	memcpy(path + len, name, sizeof name);
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0) {
		unlink(path);
	}
	free(path);
	return fd;
}

/* Made when first needed. It has no name, so that nothing is left behind however the process ends. */
static int open_file(struct spool *s, struct fault *why) {
	if (s->fd >= 0) {
		return 0;
	}
	s->fd = open(s->folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (s->fd < 0) {
		/* Not every file system can do without a name. */
		s->fd = open_named(s);
	}
	return s->fd < 0 ? file_fault(s, "cannot make a file for", errno, why) : 0;
}

/* Room at the end of the file for `bytes`, all of which the caller writes. */
static int reserve(struct spool *s, size_t bytes, struct run *run, struct fault *why) {
	pthread_mutex_lock(&s->lock);
	int error = open_file(s, why);
	run->at = s->file_end;
	run->end = run->at + (off_t)bytes;
	if (error == 0) {
		s->file_end = run->end;
	}
	pthread_mutex_unlock(&s->lock);
	return error;
}

static void add_run(struct spool *s, struct run run) {
	pthread_mutex_lock(&s->lock);
	if (s->run_count == s->run_room) {
		s->run_room = s->run_room ? 2 * s->run_room : 16;
		s->runs = must_realloc(s->runs, s->run_room * sizeof *s->runs);
	}
	s->runs[s->run_count++] = run;
	pthread_mutex_unlock(&s->lock);
}

struct writer {
	const struct spool *spool;
	off_t at;
	size_t used;
	char *buffer;
};

static struct writer writer_at(const struct spool *s, off_t at) {
	return (struct writer){.spool = s, .at = at, .buffer = must_alloc(WRITE_BYTES)};
}

static int writer_flush(struct writer *w, struct fault *why) {
	for (size_t done = 0; done < w->used;) {
		ssize_t n = pwrite(w->spool->fd, w->buffer + done, w->used - done, w->at);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return file_fault(w->spool, "cannot write", n == 0 ? ENOSPC : errno, why);
		}
		done += (size_t)n;
		w->at += n;
	}
	w->used = 0;
	return 0;
}

static int writer_add(struct writer *w, const char *item, struct fault *why) {
	size_t bytes = packed_size(item);

	if (w->used + bytes > WRITE_BYTES) {
		int error = writer_flush(w, why);
		if (error) {
			return error;
		}
	}
	memcpy(w->buffer + w->used, item, bytes);
	w->used += bytes;
	return 0;
}

/* ---- adding ---- */

/* Writes what the lane holds as a run, and empties it. */
static int spill(struct spool *s, struct lane *l, struct fault *why) {
	struct packed *p = &l->packed;
	struct run run;
	int error = reserve(s, p->used, &run, why);

	if (error) {
		return error;
	}
	packed_sort(p, &s->order);
	struct writer w = writer_at(s, run.at);
	for (size_t i = 0; i < p->count && !error; i++) {
		if (i + 4 < p->count) {
			__builtin_prefetch(packed_at(p, i + 4));
		}
		error = writer_add(&w, packed_at(p, i), why);
	}
	error = error ? error : writer_flush(&w, why);
	free(w.buffer);
	if (!error) {
		add_run(s, run);
		p->used = p->count = 0;
	}
	return error;
}

/* Twice the room, but no more than the lane's share unless the need is greater. */
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
	if (l->packed.count == l->index_room) {
		l->index_room = l->index_room ? 2 * l->index_room : 256;
		l->packed.index = must_realloc(l->packed.index, l->index_room * sizeof *l->packed.index);
	}
}

int spool_add(struct spool *s, unsigned lane, const void *item, size_t len, struct fault *why) {
	struct lane *l = &s->lanes[lane];
	struct packed *p = &l->packed;
	size_t bytes = packed_size_of(len);

	assert(lane < s->lane_count && len <= ITEM_MAX && !s->sealed);
	/* The index counts twice: sorting takes as much again. */
	if (p->count > 0 && p->used + bytes + 2 * sizeof *p->index * (p->count + 1) > s->lane_bytes) {
		int error = spill(s, l, why);
		if (error) {
			return error;
		}
	}
	make_room(s, l, bytes);
	packed_add(p, item, len);
	l->count++;
	return 0;
}

uint64_t spool_count(const struct spool *s) {
	uint64_t count = 0;

	for (unsigned i = 0; i < s->lane_count; i++) {
		count += s->lanes[i].count;
	}
	return count;
}

/* ---- reading a run ---- */

static int refill(struct spool *s, struct source *f, struct fault *why) {
	memmove(f->buffer, f->buffer + f->start, f->end - f->start);
	f->end -= f->start;
	f->start = 0;
	while (f->end < f->room && f->at < f->file_end) {
		size_t left = (size_t)(f->file_end - f->at), room = f->room - f->end;
		ssize_t n = pread(s->fd, f->buffer + f->end, left < room ? left : room, f->at);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return fault_set(why, ERROR_IO, "%s: cannot read temporary data back: %s", s->folder,
			                 n < 0 ? strerror(errno) : "it ends early");
		}
		f->end += (size_t)n;
		f->at += n;
	}
	return 0;
}

/* Sees to it that `bytes` stand in the buffer, which they do in the file. */
static int have(struct spool *s, struct source *f, size_t bytes, struct fault *why) {
	if (f->end - f->start >= bytes) {
		return 0;
	}
	if (bytes > f->room) {
		f->room = bytes;
		f->buffer = must_realloc(f->buffer, f->room);
	}
	int error = refill(s, f, why);
	if (!error && f->end - f->start < bytes) {
		error = fault_set(why, ERROR_IO, "%s: temporary data is damaged", s->folder);
	}
	return error;
}

static int file_advance(struct spool *s, struct source *f, struct fault *why) {
	if (f->start == f->end && f->at == f->file_end) {
		return 0;
	}
	int error = have(s, f, PACKED_HEADER, why);
	if (!error) {
		error = have(s, f, packed_size(f->buffer + f->start), why);
	}
	if (error) {
		return error;
	}
	f->item = f->buffer + f->start;
	f->start += packed_size(f->item);
	return 1;
}

/* To the next item: 1, 0 at the end, or a negative error. */
static int advance(struct spool *s, struct source *f, struct fault *why) {
	if (!f->packed) {
		return file_advance(s, f, why);
	}
	if (f->next == f->packed->count) {
		return 0;
	}
	f->item = packed_at(f->packed, f->next++);
	if (f->next + 2 < f->packed->count) {
		__builtin_prefetch(packed_at(f->packed, f->next + 2));
	}
	return 1;
}

/* ---- merging ---- */

static void sift_down(struct spool_reader *r, size_t i) {
	const struct order *order = &r->spool->order;
	struct source *moved = r->heap[i];

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

/* Takes each source to its first item and puts those that have one in order. */
static int start(struct spool_reader *r, struct fault *why) {
	for (size_t i = 0; i < r->source_count; i++) {
		int got = advance(r->spool, &r->sources[i], why);
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

/* Past the smallest item. It is left in place until here, as the caller may still look at it. */
static int step(struct spool_reader *r, struct fault *why) {
	int got = advance(r->spool, r->heap[0], why);

	if (got < 0) {
		return got;
	}
	if (got == 0) {
		r->heap[0] = r->heap[--r->heap_count];
	}
	if (r->heap_count > 1) {
		sift_down(r, 0);
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

static void add_file_source(struct spool_reader *r, struct run run, size_t room) {
	r->sources[r->source_count++] = (struct source){
		.at = run.at,
		.file_end = run.end,
		.room = room,
		.buffer = must_alloc(room),
	};
}

/* Reads the first `run_count` runs and, if asked, what is in memory. */
static struct spool_reader *reader_over(struct spool *s, size_t run_count, bool memory) {
	struct spool_reader *r = must_calloc(1, sizeof *r);
	size_t room = clamp(s->memory_bytes / 4 / (run_count ? run_count : 1), READ_BYTES_MIN, READ_BYTES_MAX);

	r->spool = s;
	r->sources = must_calloc(run_count + s->lane_count, sizeof *r->sources);
	r->heap = must_calloc(run_count + s->lane_count, sizeof(struct source *));
	for (size_t i = 0; i < run_count; i++) {
		add_file_source(r, s->runs[i], room);
	}
	for (unsigned i = 0; memory && i < s->lane_count; i++) {
		r->sources[r->source_count++] = (struct source){.packed = &s->lanes[i].packed};
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
	free(r);
}

static int write_merged(struct spool_reader *r, off_t at, struct fault *why) {
	struct writer w = writer_at(r->spool, at);
	const char *item;
	int got;

	while ((got = next_packed(r, &item, why)) > 0) {
		got = writer_add(&w, item, why);
		if (got < 0) {
			break;
		}
	}
	got = got < 0 ? got : writer_flush(&w, why);
	free(w.buffer);
	return got;
}

/* Makes one run of the first `count`, behind all others, and gives their room on the disk back. */
static int merge_runs(struct spool *s, size_t count, struct fault *why) {
	size_t bytes = 0;
	struct run merged;

	for (size_t i = 0; i < count; i++) {
		bytes += (size_t)(s->runs[i].end - s->runs[i].at);
	}
	int error = reserve(s, bytes, &merged, why);
	if (error) {
		return error;
	}
	struct spool_reader *r = reader_over(s, count, false);
	error = write_merged(r, merged.at, why);
	spool_reader_free(r);
	if (error) {
		return error;
	}
	for (size_t i = 0; i < count; i++) {
		/* Where the file system cannot, the room comes back at the end. */
		(void)fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, s->runs[i].at,
		                s->runs[i].end - s->runs[i].at);
	}
	s->run_count -= count;
	memmove(s->runs, s->runs + count, s->run_count * sizeof *s->runs);
	add_run(s, merged);
	return 0;
}

/* So few runs that a reader can have a buffer of use for each. */
static int reduce_runs(struct spool *s, struct fault *why) {
	size_t most = clamp(s->memory_bytes / 4 / READ_BYTES_GOOD, RUNS_MERGED_MIN, RUNS_MERGED_MAX);
	int error = 0;

	while (s->run_count > most && !error) {
		/* As many as needed: what this merge need not touch is not copied. */
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
	return reduce_runs(s, why);
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
