#include "ingest/reorder.h"

#include <stdlib.h>

#include "core/exact.h"
#include "core/files/spool.h"

/* Bytes held in memory; the rest is in a temporary file. */
#define MEMORY_BYTES ((size_t)16 << 20)
/* An item of a spool is at most 64 KiB. */
#define LINE_BYTES_MAX ((size_t)60 * 1024)

enum { LENGTHS = ORIGIN_PARTS + 2 };

/* A line in the spool: followed by its text, the parts of its origin and the rule's value. */
struct item {
	int64_t at_ns, order;
	int64_t stamp_ns, pid;
	uint64_t number;
	const struct name_rule *rule;
	struct civil local;
	bool has_local;
	uint32_t len[LENGTHS];
};

struct reorder {
	bool by_stamp;
	int64_t count, last_ns; /* a line without a timestamp belongs to the previous one */
	struct spool *spool;
	struct spool_reader *reader;
	char *bytes; /* an item being packed */
};

static int compare(const void *context, const void *a, size_t a_len, const void *b, size_t b_len) {
	const struct item *x = a, *y = b;
	int order = exact_order(x->at_ns, y->at_ns);

	(void)context;
	(void)a_len;
	(void)b_len;
	return order != 0 ? order : exact_order(x->order, y->order);
}

struct reorder *reorder_new(bool by_stamp) {
	struct reorder *r = must_calloc(1, sizeof *r);

	r->by_stamp = by_stamp;
	r->last_ns = INT64_MIN;
	r->spool = spool_new(1, MEMORY_BYTES, compare, NULL);
	r->bytes = must_alloc(sizeof(struct item) + LINE_BYTES_MAX);
	return r;
}

void reorder_free(struct reorder *r) {
	if (!r) {
		return;
	}
	spool_reader_free(r->reader);
	spool_free(r->spool);
	free(r->bytes);
	free(r);
}

static struct text piece_of(const struct unwrapped *line, int i) {
	return i == 0 ? line->text : i <= ORIGIN_PARTS ? line->origin.part[i - 1] : line->origin.value;
}

bool reorder_add(struct reorder *r, uint64_t number, int64_t at_ns, const struct unwrapped *line, struct fault *why,
                 int *failed) {
	struct item head = {.stamp_ns = line->stamp_ns, .pid = line->origin.pid, .number = number, .rule = line->origin.rule, .local = line->local,
	                    .has_local = line->has_local};
	size_t len = 0;

	for (int i = 0; i < LENGTHS; i++) {
		if (piece_of(line, i).len > LINE_BYTES_MAX - len) {
			return false;
		}
		head.len[i] = (uint32_t)piece_of(line, i).len;
		len += head.len[i];
	}
	r->last_ns = at_ns != UNKNOWN ? at_ns : r->last_ns;
	head.at_ns = r->by_stamp ? r->last_ns : 0;
	head.order = r->by_stamp ? r->count++ : -r->count++;
	memcpy(r->bytes, &head, sizeof head);
	char *to = r->bytes + sizeof head;
	for (int i = 0; i < LENGTHS; i++) {
		struct text t = piece_of(line, i);
		if (t.len > 0) {
			memcpy(to, t.at, t.len);
		}
		to += t.len;
	}
	*failed = spool_add(r->spool, 0, r->bytes, sizeof head + len, why);
	return true;
}

static void unpack(const struct item *item, struct held_line *out) {
	const char *at = (const char *)(item + 1);

	*out = (struct held_line){.number = item->number,
	                          .line = {.stamp_ns = item->stamp_ns, .origin = {.rule = item->rule, .pid = item->pid}, .local = item->local,
	                                   .has_local = item->has_local}};
	for (int i = 0; i < LENGTHS; i++) {
		struct text t = {at, item->len[i]};
		*(i == 0 ? &out->line.text : i <= ORIGIN_PARTS ? &out->line.origin.part[i - 1] : &out->line.origin.value) = t;
		at += t.len;
	}
}

int reorder_next(struct reorder *r, struct held_line *out, struct fault *why) {
	const void *item;
	size_t len;
	int rc = 0;

	if (!r->reader) {
		rc = spool_seal(r->spool, why);
		rc = rc < 0 ? rc : spool_reader_new(&r->reader, r->spool, why);
	}
	rc = rc < 0 ? rc : spool_next(r->reader, &item, &len, why);
	if (rc > 0) {
		unpack(item, out);
	}
	return rc;
}
