/* copies.c: duplicate files. Only files of equal size are compared, and only as far as they are equal. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "ingest/paths.h"

#define BLOCK_BYTES ((size_t)64 * 1024)
/* Bytes read of each file before any two are compared. */
#define HEAD_BYTES ((size_t)4096)

struct candidate {
	size_t index; /* index in the paths */
	int64_t bytes;
	uint64_t hash; /* hash of its head */
};

static int by_size(const void *a, const void *b) {
	const struct candidate *left = a, *right = b;

	if (left->bytes != right->bytes) {
		return left->bytes < right->bytes ? -1 : 1;
	}
	if (left->hash != right->hash) {
		return left->hash < right->hash ? -1 : 1;
	}
	return (left->index > right->index) - (left->index < right->index);
}

/* Reads up to `size` bytes. */
static size_t read_full(int fd, char *to, size_t size) {
	size_t len = 0;
	ssize_t got = 0;

	while (len < size && (got = read(fd, to + len, size - len)) > 0) {
		len += (size_t)got;
	}
	return len;
}

static uint64_t hash_head(const char *name) {
	char head[HEAD_BYTES];
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return 0;
	}
	size_t len = read_full(fd, head, sizeof head);
	close(fd);
	return text_hash((struct text){head, len});
}

static bool same_stream(int a, int b) {
	char *left = must_alloc(BLOCK_BYTES), *right = must_alloc(BLOCK_BYTES);
	size_t len;
	bool same;

	do {
		len = read_full(a, left, BLOCK_BYTES);
		same = read_full(b, right, BLOCK_BYTES) == len && memcmp(left, right, len) == 0;
	} while (same && len == BLOCK_BYTES);
	free(left);
	free(right);
	return same;
}

/* One file under two names, such as a link to the latest log. */
static bool same_file(const char *a, const char *b) {
	struct stat left, right;

	return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

static bool same_bytes(const char *a, const char *b) {
	int left = open(a, O_RDONLY | O_CLOEXEC), right = open(b, O_RDONLY | O_CLOEXEC);
	bool same = left >= 0 && right >= 0 && same_stream(left, right);

	if (left >= 0) {
		close(left);
	}
	if (right >= 0) {
		close(right);
	}
	return same;
}

/* Is the later one a duplicate? Then that is reported. */
static bool leave_out(const char *earlier, const char *later, struct quality *quality) {
	char reason[512];

	if (same_file(earlier, later)) {
		quality_warn(quality, "%s is another name of %s: read once", later, earlier);
		return true;
	}
	if (!same_bytes(earlier, later)) {
		return false;
	}
	snprintf(reason, sizeof reason, "left out: the same bytes as %.400s", earlier);
	quality_damage(quality, later, reason, 0);
	return true;
}

/*
 * Files of one size and head, in the order of the command line: each is compared with the earlier ones that are kept.
 */
static void drop_among(struct paths *p, const struct candidate *group, size_t count, struct quality *quality) {
	for (size_t i = 1; i < count; i++) {
		struct path *later = &p->at[group[i].index];
		for (size_t k = 0; k < i && later->bytes >= 0; k++) {
			const struct path *earlier = &p->at[group[k].index];
			if (earlier->bytes >= 0 && leave_out(earlier->name, later->name, quality)) {
				later->bytes = -1; /* removed below */
			}
		}
	}
}

static void take_out(struct paths *p) {
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->at[i].bytes < 0) {
			free(p->at[i].name);
		} else {
			p->at[kept++] = p->at[i];
		}
	}
	p->count = kept;
}

/* The end of the group of equal-sized candidates that begins at `from`; `heads`: with equal heads as well. */
static size_t end_of_group(const struct candidate *c, size_t from, size_t count, bool heads) {
	size_t to = from + 1;

	while (to < count && c[to].bytes == c[from].bytes && (!heads || c[to].hash == c[from].hash)) {
		to++;
	}
	return to;
}

void paths_drop_copies(struct paths *p, struct quality *quality) {
	struct candidate *c = must_alloc((p->count + 1) * sizeof *c);
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->at[i].bytes > 0) {
			c[count++] = (struct candidate){i, p->at[i].bytes, 0};
		}
	}
	qsort(c, count, sizeof *c, by_size);
	for (size_t from = 0, to; from < count; from = to) {
		to = end_of_group(c, from, count, false);
		for (size_t i = from; to - from > 1 && i < to; i++) {
			c[i].hash = hash_head(p->at[c[i].index].name);
		}
	}
	qsort(c, count, sizeof *c, by_size);
	for (size_t from = 0, to; from < count; from = to) {
		to = end_of_group(c, from, count, true);
		drop_among(p, c + from, to - from, quality);
	}
	take_out(p);
	free(c);
}
