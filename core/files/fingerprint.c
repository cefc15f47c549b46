#include "core/files/fingerprint.h"

#include <stdlib.h>

#include "core/error.h"
#include "core/files/platform.h"

/* Digits of a hash in a stored mark. */
#define MARK_DIGITS 16

struct fingerprint {
	struct digest *digest; /* of all bytes */
	struct fingerprint_mark line; /* the end of the last whole line; its hash once requested */
	int64_t bytes, wanted; /* all bytes; position of an additional mark */
	char *marks;
	size_t len, room;
	struct fingerprint_mark last_mark;
	char head[FINGERPRINT_HEAD_BYTES];
	size_t head_len;
};

struct fingerprint *fingerprint_new(void) {
	struct fingerprint *p = must_calloc(1, sizeof *p);

	p->digest = digest_new();
	digest_peek(p->digest, p->line.hash);
	return p;
}

void fingerprint_free(struct fingerprint *p) {
	if (p) {
		digest_free(p->digest);
		free(p->marks);
		free(p);
	}
}

static void put(struct fingerprint *p, unsigned char c) {
	if (p->len == p->room) {
		p->room = p->room > 0 ? 2 * p->room : 256;
		p->marks = must_realloc(p->marks, p->room);
	}
	p->marks[p->len++] = (char)c;
}

static void put_number(struct fingerprint *p, int64_t n) {
	uint64_t v = (uint64_t)n;

	for (; v >= 0x80; v >>= 7) {
		put(p, (unsigned char)(v | 0x80));
	}
	put(p, (unsigned char)v);
}

static void mark(struct fingerprint *p) {
	put_number(p, p->line.bytes - p->last_mark.bytes);
	put_number(p, p->line.lines - p->last_mark.lines);
	for (int i = 0; i < MARK_DIGITS; i++) {
		put(p, (unsigned char)p->line.hash[i]);
	}
	p->last_mark = p->line;
}

static void add_whole(struct fingerprint *p, struct text bytes) {
	if (p->head_len < sizeof p->head) {
		struct text part = text_cut(bytes, 0, sizeof p->head - p->head_len);
		memcpy(p->head + p->head_len, part.at, part.len);
		p->head_len += part.len;
	}
	digest_add(p->digest, bytes);
	p->bytes += (int64_t)bytes.len;
}

/* At the end of a line: computes the hash where it will be needed, at marks and at the end of a block. */
static void end_line(struct fingerprint *p, bool last_of_block) {
	p->line.bytes = p->bytes;
	if (last_of_block || p->line.bytes - p->last_mark.bytes >= PRINT_MARK_BYTES) {
		digest_peek(p->digest, p->line.hash);
	}
	if (p->line.bytes - p->last_mark.bytes >= PRINT_MARK_BYTES) {
		mark(p);
	}
}

static int64_t count_lines(struct text t) {
	int64_t n = 0;

	for (const char *at = t.at, *end = t.at + t.len; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++) {
		n++;
	}
	return n;
}

/* How far to advance at once: to the first line that ends at a mark, or to the last one in the block. */
static size_t piece(const struct fingerprint *p, struct text t, bool *last) {
	int64_t until = p->last_mark.bytes + PRINT_MARK_BYTES - p->bytes;
	const char *lf = NULL;

	if (until <= 0) {
		until = 1;
	}
	if ((size_t)until <= t.len) {
		lf = memchr(t.at + until - 1, '\n', t.len - (size_t)until + 1);
	}
	*last = !lf;
	lf = lf ? lf : platform_last_byte(t.at, '\n', t.len);
	return lf ? (size_t)(lf - t.at) + 1 : 0;
}

void fingerprint_want_mark(struct fingerprint *p, int64_t bytes) {
	p->wanted = bytes;
}

static void add(struct fingerprint *p, struct text t) {
	bool last = false;

	while (t.len > 0 && !last) {
		size_t len = piece(p, t, &last);
		if (len == 0) {
			break;
		}
		struct text part = text_cut(t, 0, len);
		p->line.lines += count_lines(part);
		add_whole(p, part);
		end_line(p, last);
		t = text_cut(t, len, t.len);
		last = false;
	}
	if (t.len > 0) {
		add_whole(p, t);
	}
}

void fingerprint_add(struct fingerprint *p, struct text t) {
	int64_t until = p->wanted - p->bytes;

	if (until > 0 && (size_t)until <= t.len) {
		add(p, text_cut(t, 0, (size_t)until));
		t = text_cut(t, (size_t)until, t.len);
		if (p->line.bytes == p->wanted && p->last_mark.bytes < p->wanted) {
			mark(p);
		}
	}
	add(p, t);
}

/* Is there anything after the last whole line? */
static bool fingerprint_has_rest(const struct fingerprint *p) {
	return p->bytes > p->line.bytes;
}

struct fingerprint_mark fingerprint_end(struct fingerprint *p, bool all) {
	if (all && fingerprint_has_rest(p)) {
		struct fingerprint_mark end = {.bytes = p->bytes, .lines = p->line.lines + 1};
		digest_peek(p->digest, end.hash);
		return end;
	}
	return p->line;
}

int64_t fingerprint_head(const struct fingerprint *p, int64_t end, char hash[DIGEST_HEX_MAX]) {
	size_t len = end < (int64_t)p->head_len ? (size_t)end : p->head_len;

	digest_of((struct text){p->head, len}, hash);
	return (int64_t)len;
}

struct text fingerprint_marks(const struct fingerprint *p) {
	return (struct text){p->marks, p->len};
}

static bool get_number(struct text *t, int64_t *out) {
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 63 && t->len > 0; shift += 7) {
		unsigned char c = (unsigned char)*t->at++;
		t->len--;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*out = (int64_t)v;
			return true;
		}
	}
	return false;
}

bool fingerprint_next_mark(struct text *marks, struct fingerprint_mark *last) {
	int64_t bytes, lines;

	if (!get_number(marks, &bytes) || !get_number(marks, &lines) || marks->len < MARK_DIGITS) {
		return false;
	}
	last->bytes += bytes;
	last->lines += lines;
	memcpy(last->hash, marks->at, MARK_DIGITS);
	last->hash[MARK_DIGITS] = '\0';
	*marks = text_cut(*marks, MARK_DIGITS, marks->len);
	return true;
}

bool fingerprint_same(const char *a, const char *b) {
	return strncmp(a, b, MARK_DIGITS) == 0;
}
