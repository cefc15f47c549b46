#include "ingest/line.h"

#include <assert.h>
#include <stdlib.h>

#include "core/error.h"

void lines_release(struct lines *l) {
	free(l->carry);
	*l = (struct lines){0};
}

void lines_feed(struct lines *l, struct text block) {
	assert(l->block.len == 0);
	l->block = block;
}

/* Stores the beginning of a line, in memory that doubles up to the limit. */
static void carry_on(struct lines *l, struct text part) {
	if (l->too_long || part.len == 0) {
		return;
	}
	if (part.len > l->max_bytes - l->carry_len) {
		l->too_long = true;
		l->carry_len = 0;
		return;
	}
	if (part.len > l->carry_room - l->carry_len) {
		size_t room = l->carry_room > 0 ? l->carry_room : 4096;
		while (room - l->carry_len < part.len) {
			room *= 2;
		}
		l->carry = must_realloc(l->carry, room);
		l->carry_room = room;
	}
	memcpy(l->carry + l->carry_len, part.at, part.len);
	l->carry_len += part.len;
}

static struct text without_ends(struct lines *l, struct text t) {
	if (l->number == 1) {
		text_skip(&t, T("\xef\xbb\xbf"));
	}
	while (t.len > 0 && t.at[0] == '\0') {
		t = (struct text){t.at + 1, t.len - 1};
	}
	if (t.len > 0 && t.at[t.len - 1] == '\r') {
		t.len--;
	}
	return t;
}

/* The line is complete: in the carry buffer, or entirely in the block. */
static enum line_status deliver(struct lines *l, struct text whole, struct text *line) {
	l->number++;
	l->in_part = false;
	if (l->too_long || whole.len > l->max_bytes) {
		l->too_long = false;
		l->carry_len = 0;
		return LINE_TOO_LONG;
	}
	*line = without_ends(l, whole);
	return LINE_READY;
}

static enum line_status deliver_carried(struct lines *l, struct text *line) {
	struct text whole = {l->carry, l->carry_len};

	l->carry_len = 0; /* the bytes are not moved until the next carry_on */
	return deliver(l, whole, line);
}

/* The block has no end of a line. */
static enum line_status carry_block(struct lines *l, struct text *line) {
	carry_on(l, l->block);
	l->block.len = 0;
	if (l->part_bytes == 0 || l->carry_len < l->part_bytes) {
		return LINE_NONE;
	}
	*line = (struct text){l->carry, l->carry_len};
	l->carry_len = 0;
	l->in_part = true;
	return LINE_PART;
}

enum line_status lines_next(struct lines *l, struct text *line) {
	const char *lf = l->block.len > 0 ? memchr(l->block.at, '\n', l->block.len) : NULL;

	if (!lf) {
		return carry_block(l, line);
	}
	struct text part = {l->block.at, (size_t)(lf - l->block.at)};
	l->block = (struct text){lf + 1, l->block.len - part.len - 1};
	if (l->carry_len == 0 && !l->too_long) {
		return deliver(l, part, line);
	}
	carry_on(l, part);
	return deliver_carried(l, line);
}

int64_t lines_skip_empty(struct lines *l) {
	const char *at = l->block.at, *end = at + l->block.len;
	int64_t count = 0;

	assert(l->carry_len == 0 && !l->too_long);
	while (at < end && (*at == '\n' || (*at == '\r' && end - at > 1 && at[1] == '\n'))) {
		at += *at == '\r' ? 2 : 1;
		count++;
	}
	l->block = (struct text){at, (size_t)(end - at)};
	l->number += (uint64_t)count;
	return count;
}

enum line_status lines_last(struct lines *l, struct text *line) {
	assert(l->block.len == 0);
	return l->carry_len > 0 || l->too_long || l->in_part ? deliver_carried(l, line) : LINE_NONE;
}
