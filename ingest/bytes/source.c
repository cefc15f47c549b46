/* source.c: reads, selects the filter by its magic bytes, unpacks, and counts bytes. */
#include "ingest/bytes/source.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files/platform.h"
#include "ingest/bytes/filter.h"

#define BLOCK_BYTES ((size_t)256 * 1024)
#define MAX_RATIO 1100
/* Small files may unpack to this much whatever their ratio. */
#define RATIO_SLACK ((int64_t)1024 * 1024)
/* Bytes that filters need before they bid. */
#define MAGIC_BYTES 16
/*
 * NULs in a row that are delivered; more mean nothing. A block, or what of it is read at once, is not longer, so that
 * longer runs begin or end with a block.
 */
#define ZEROS_MAX ((size_t)1024 * 1024)
/* Zeros at the end of what was read, after which a hole of the file is looked for, and the least one that is skipped. */
#define ZEROS_SEEN ((size_t)64)
#define HOLE_BYTES_MIN ((int64_t)64 * 1024 * 1024)

/* Minimum size for a thread, in blocks; blocks that it reads ahead; it is woken when no more of them than the last are left. */
#define AHEAD_BLOCKS_MIN 2
#define AHEAD_BLOCKS 4
#define AHEAD_BLOCKS_LOW 1

struct ahead {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t change;
	struct ready {
		char *bytes;
		size_t len;
		int64_t stored; /* bytes of the file up to here */
	} blocks[AHEAD_BLOCKS];
	size_t made, used; /* how many so far; block i is at i modulo AHEAD_BLOCKS */
	bool running, ended, stop;
	bool lent; /* the first unused one is delivered */
};

struct source {
	struct ahead *ahead; /* NULL: blocks are read on request */
	int64_t handed_out;  /* of a source with that: bytes of the file up to its last block */
	int fd;
	bool close_fd, at_end, over, begun;
	const struct filter *filter; /* NULL: bytes are passed unchanged */
	void *state;
	unsigned char *in, *out;
	size_t block_bytes, in_at, in_len;
	int64_t stored, unpacked, max_ratio;
	size_t zeros; /* at the end of what was delivered, up to ZEROS_MAX */
	struct digest *digest; /* NULL: not asked for */
	char sha256[DIGEST_HEX_MAX];
	struct source_damage damage;
};

static const struct filter *const filters[] = {
#ifdef TOLLBOOK_ISAL
	&filter_isal,
#endif
	&filter_gzip, &filter_zstd, &filter_utf16, &filter_other, /* of equal bids the first one is used */
};

static void set_damage(struct source *s, const char *reason) {
	if (!s->damage.reason) {
		s->damage = (struct source_damage){reason, s->stored - (int64_t)(s->in_len - s->in_at)};
	}
}

static void note_stored(struct source *s, struct text bytes) {
	if (s->digest) {
		digest_add(s->digest, bytes);
	}
}

/*
 * A sparse file takes no disk, and hours to read. Of a long hole as many zeros are read as are delivered; the checksum
 * is over the length of the others.
 */
static void skip_hole(struct source *s) {
	static const char zeros[ZEROS_SEEN] = "";
	char mark[32];

	if (s->in_len < ZEROS_SEEN || memcmp(s->in + s->in_len - ZEROS_SEEN, zeros, ZEROS_SEEN) != 0) {
		return;
	}
	int64_t hole = platform_hole_here(s->fd) - (int64_t)ZEROS_MAX;
	if (hole >= HOLE_BYTES_MIN && lseek(s->fd, hole, SEEK_CUR) >= 0) {
		int len = snprintf(mark, sizeof mark, "%lld zeros", (long long)hole);
		note_stored(s, (struct text){mark, (size_t)len});
		s->stored += hole;
	}
}

/* Reads once, appending to the input buffer. */
static void read_more(struct source *s) {
	assert(s->in_len < s->block_bytes);
	ssize_t got;
	do {
		got = read(s->fd, s->in + s->in_len, s->block_bytes - s->in_len);
	} while (got < 0 && errno == EINTR);
	if (got <= 0) {
		if (got < 0) {
			set_damage(s, "read error");
		}
		s->at_end = true;
		return;
	}
	note_stored(s, (struct text){(const char *)s->in + s->in_len, (size_t)got});
	s->in_len += (size_t)got;
	s->stored += got;
	skip_hole(s);
}

/* Ensures that there is input, unless the file is at its end. */
static bool refill(struct source *s) {
	if (s->in_at == s->in_len && !s->at_end) {
		s->in_at = s->in_len = 0;
		read_more(s);
	}
	return s->in_at < s->in_len;
}

static void choose_filter(struct source *s) {
	int best = 0;

	while (s->in_len < MAGIC_BYTES && s->in_len < s->block_bytes && !s->at_end) {
		read_more(s); /* a FIFO returns what it has */
	}
	struct text head = {(const char *)s->in, s->in_len};
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		int bid = filters[i]->bid(head);
		if (bid > best) {
			best = bid;
			s->filter = filters[i];
		}
	}
	if (s->filter) {
		s->state = s->filter->open();
		s->out = must_alloc(s->block_bytes);
	}
}

/* A small file needs no large buffers: for a hundred thousand files, allocating them would dominate. */
static size_t fitting(int fd, size_t block_bytes) {
	struct stat st;
	size_t least = 8192;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size >= block_bytes) {
		return block_bytes;
	}
	least = (size_t)st.st_size + 1 > least ? (size_t)st.st_size + 1 : least;
	return least < block_bytes ? least : block_bytes;
}

/* Is it a file on a disk? The files of /proc look regular, but may block or never end. */
static bool is_regular(int fd) {
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !platform_is_made_up(fd);
}

int source_open(struct source **out, const char *path, struct source_limits limits, struct fault *why) {
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO
	                  : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (limits.regular_only ? O_NONBLOCK : 0));

	if (fd < 0) {
		return fault_set(why, ERROR_IO, "%s: %s", path, strerror(errno));
	}
	if (limits.regular_only && !is_stdin && !is_regular(fd)) {
		close(fd);
		return fault_set(why, ERROR_IO, "%s: not a regular file", path);
	}
	struct source *s = must_calloc(1, sizeof *s);
	s->fd = fd;
	s->close_fd = !is_stdin;
	s->block_bytes = limits.block_bytes > 0 ? limits.block_bytes : BLOCK_BYTES;
	if (s->block_bytes < MAGIC_BYTES) {
		s->block_bytes = MAGIC_BYTES;
	}
	s->block_bytes = fitting(fd, s->block_bytes < ZEROS_MAX ? s->block_bytes : ZEROS_MAX);
	s->max_ratio = limits.max_ratio > 0 ? limits.max_ratio : MAX_RATIO;
	s->in = must_alloc(s->block_bytes);
	s->digest = limits.unhashed ? NULL : digest_new();
	choose_filter(s);
	*out = s;
	return 0;
}

static bool over_ratio(const struct source *s) {
	int64_t used = s->stored - (int64_t)(s->in_len - s->in_at);
	int64_t limit;

	return !__builtin_mul_overflow(used, s->max_ratio, &limit) && s->unpacked - RATIO_SLACK > limit;
}

/* One call of the filter; false if there is no more output. */
static bool unpack_some(struct source *s, size_t *filled) {
	bool has_input = refill(s);
	struct filter_flow flow = {s->in + s->in_at, s->in_len - s->in_at, s->out + *filled, s->block_bytes - *filled};
	const char *reason = s->filter->unpack(s->state, &flow);
	size_t given = s->block_bytes - *filled - flow.out_room;

	s->in_at = s->in_len - flow.in_len;
	*filled += given;
	s->unpacked += (int64_t)given;
	if (!reason && !has_input && given == 0) {
		reason = s->filter->finish(s->state);
		s->over = true;
	}
	if (!reason && over_ratio(s)) {
		reason = "decompresses to too many times its size";
	}
	if (reason) {
		set_damage(s, reason);
		s->over = true;
	}
	return !s->over;
}

/* The checksum is over the whole file, including bytes after a damage. */
static void finish(struct source *s) {
	s->over = true;
	while (!s->at_end) {
		s->in_at = s->in_len = 0;
		read_more(s);
	}
	if (s->digest && !s->sha256[0]) {
		digest_finish(s->digest, s->sha256);
	}
}

static bool next_plain(struct source *s, struct text *block) {
	if (s->over || !refill(s)) {
		return false;
	}
	*block = (struct text){(const char *)s->in + s->in_at, s->in_len - s->in_at};
	s->in_at = s->in_len;
	return true;
}

static bool next_unpacked(struct source *s, struct text *block) {
	size_t filled = 0;

	while (!s->over && filled < s->block_bytes && unpack_some(s, &filled)) {
	}
	*block = (struct text){(const char *)s->out, filled};
	return filled > 0;
}

static size_t zeros_at_start(struct text t) {
	size_t n = 0;

	while (n < t.len && t.at[n] == '\0') {
		n++;
	}
	return n;
}

/*
 * Removes the zeros over ZEROS_MAX in a row, which a log that is truncated while it is written begins with: a sparse
 * file, a copy of it without holes and its compressed form have the same content.
 */
static void cut_zeros(struct source *s, struct text *block) {
	size_t at_start = zeros_at_start(*block), room = ZEROS_MAX - s->zeros, at_end = 0;
	size_t cut = at_start > room ? at_start - room : 0;

	if (cut > 0) {
		memmove((char *)(uintptr_t)block->at, block->at + cut, block->len - cut);
		block->len -= cut;
	}
	while (at_end < block->len && block->at[block->len - 1 - at_end] == '\0') {
		at_end++;
	}
	s->zeros = at_end < block->len ? at_end : s->zeros + at_end;
}

static bool next(struct source *s, struct text *block) {
	bool got = s->filter ? next_unpacked(s, block) : next_plain(s, block);

	if (got && !s->begun && text_starts(text_cut(*block, 257, block->len), T("ustar"))) {
		s->damage = (struct source_damage){"a tar archive, which is not read: unpack it first (tar -xf)", 0};
		got = false;
	}
	s->begun = true;
	if (got) {
		cut_zeros(s, block);
	} else {
		finish(s);
	}
	return got;
}

/* ---- ahead ---- */

/* Waits for room for a block; NULL: no more is wanted. */
static struct ready *room_ahead(struct ahead *a) {
	pthread_mutex_lock(&a->lock);
	while (!a->stop && a->made - a->used == AHEAD_BLOCKS) {
		pthread_cond_wait(&a->change, &a->lock);
	}
	struct ready *r = a->stop ? NULL : &a->blocks[a->made % AHEAD_BLOCKS];
	pthread_mutex_unlock(&a->lock);
	return r;
}

static void signal_ahead(struct ahead *a, bool got) {
	pthread_mutex_lock(&a->lock);
	a->made += got;
	a->ended = !got;
	pthread_cond_broadcast(&a->change);
	pthread_mutex_unlock(&a->lock);
}

static void *make_blocks(void *source) {
	struct source *s = source;
	struct ahead *a = s->ahead;
	unsigned char *own = s->out;
	struct ready *r;
	bool got = true;

	while (got && (r = room_ahead(a))) {
		struct text block;
		s->out = s->filter ? (unsigned char *)r->bytes : NULL; /* unpacked when it is delivered */
		got = next(s, &block);
		if (got && !s->filter) {
			memcpy(r->bytes, block.at, block.len);
		}
		r->len = got ? block.len : 0;
		r->stored = s->stored;
		signal_ahead(a, got);
	}
	s->out = own;
	return NULL;
}

/* Releases the block delivered last to the thread. */
static bool next_ahead(struct source *s, struct text *block) {
	struct ahead *a = s->ahead;

	pthread_mutex_lock(&a->lock);
	a->used += a->lent;
	if (a->made - a->used <= AHEAD_BLOCKS_LOW) { /* a thread that is woken for each block costs more than it gains */
		pthread_cond_broadcast(&a->change);
	}
	while (a->used == a->made && !a->ended) {
		pthread_cond_wait(&a->change, &a->lock);
	}
	bool got = a->lent = a->used < a->made;
	const struct ready *r = &a->blocks[a->used % AHEAD_BLOCKS];
	pthread_mutex_unlock(&a->lock);
	if (got) {
		*block = (struct text){r->bytes, r->len};
		s->handed_out = r->stored;
	}
	return got;
}

/* Ends the thread and takes over its results. */
static void ahead_free(struct source *s) {
	struct ahead *a = s->ahead;

	if (!a) {
		return;
	}
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->change);
	pthread_mutex_unlock(&a->lock);
	if (a->running) {
		pthread_join(a->thread, NULL);
	}
	for (size_t i = 0; i < AHEAD_BLOCKS; i++) {
		free(a->blocks[i].bytes);
	}
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->change);
	free(a);
	s->ahead = NULL;
}

static bool pays_ahead(const struct source *s) {
	struct stat st;

	return !s->over && is_regular(s->fd) && fstat(s->fd, &st) == 0 && st.st_size - s->stored >= (off_t)(AHEAD_BLOCKS_MIN * s->block_bytes);
}

void source_read_ahead(struct source *s) {
	if (s->ahead || !pays_ahead(s)) {
		return;
	}
	struct ahead *a = s->ahead = must_calloc(1, sizeof *a);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->change, NULL);
	for (size_t i = 0; i < AHEAD_BLOCKS; i++) {
		a->blocks[i].bytes = must_alloc(s->block_bytes);
	}
	s->handed_out = s->stored;
	a->running = pthread_create(&a->thread, NULL, make_blocks, s) == 0;
	if (!a->running) {
		ahead_free(s);
	}
}

void source_free(struct source *s) {
	if (!s) {
		return;
	}
	ahead_free(s);
	if (s->filter) {
		s->filter->close(s->state);
	}
	if (s->close_fd) {
		close(s->fd);
	}
	digest_free(s->digest);
	free(s->in);
	free(s->out);
	free(s);
}

bool source_next(struct source *s, struct text *block) {
	if (!s->ahead) {
		return next(s, block);
	}
	bool got = next_ahead(s, block);
	if (!got) {
		ahead_free(s);
	}
	return got;
}

struct source_damage source_damage(const struct source *s) {
	return s->damage;
}

bool source_packed(const struct source *s) {
	return s->filter != NULL;
}

int64_t source_bytes(const struct source *s) {
	return s->ahead ? s->handed_out : s->stored;
}

const char *source_sha256(const struct source *s) {
	return s->sha256;
}
