/* several.c: books that are parts of one: of several parts of a fleet, whose figures add up. */
#include <stdlib.h>

#include "book/book.h"

int book_each_ledger(struct book *b, int64_t as_of, book_ledger_work *work, void *context, struct fault *why) {
	struct ledger *first = b->ledger;
	int rc = work(context, b, 0, as_of, why);

	for (size_t i = 0; i < b->further_count && rc >= 0; i++) {
		b->ledger = b->further[i].ledger;
		rc = work(context, b, i + 1, b->further[i].as_of, why);
	}
	b->ledger = first;
	return rc;
}

/* What the books so far have. */
struct content {
	enum ledger_content what, other; /* of a book, and of the others that it is compared with */
	int64_t from_ns, to_ns;
	struct part {
		const char *book;
		name_id *at[2]; /* of `what`, of `other` */
		size_t count[2];
	} *parts;
	size_t count;
};

static int read_part(void *content, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct content *c = content;
	struct part *p = &c->parts[i];

	p->book = ledger_book(b->ledger);
	c->count = i + 1;
	int rc = ledger_content(b->ledger, c->what, c->from_ns, c->to_ns, as_of, &p->at[0], &p->count[0], why);
	return rc < 0 ? rc : ledger_content(b->ledger, c->other, c->from_ns, c->to_ns, as_of, &p->at[1], &p->count[1], why);
}

/* A name that both have, or 0; names ascend. */
static name_id both_have(const struct part *a, const struct part *b) {
	size_t i = 0, k = 0;

	while (i < a->count[0] && k < b->count[1]) {
		name_id x = a->at[0][i], y = b->at[1][k];
		if (x == y && x != 0) {
			return x;
		}
		i += x <= y;
		k += y <= x;
	}
	return 0;
}

static int refuse(const struct book *b, const struct content *c, const char *message, const char *next, struct fault *why) {
	for (size_t i = 0; i < c->count; i++) {
		for (size_t k = 0; k < c->count; k++) {
			name_id name = i != k ? both_have(&c->parts[i], &c->parts[k]) : 0;
			if (name != 0) {
				size_t first = i < k ? i : k, second = i < k ? k : i;
				int rc = fault_option(why, "book", message, names_text(b->names, name).at, c->parts[first].book, c->parts[second].book);
				return fault_next(why, rc, next);
			}
		}
	}
	return 0;
}

int book_refuse_overlap(struct book *b, int64_t as_of, int64_t from_ns, int64_t to_ns, struct fault *why) {
	static const struct {
		enum ledger_content what, other;
		const char *message, *next;
	} rules[] = {
		{LEDGER_PLANS, LEDGER_PLANS, "the plan %.12s of tollbook shard is in both %s and %s", "post all tasks of a plan to one book"},
		{LEDGER_REPLICAS, LEDGER_REPLICAS, "%s is in both %s and %s: its time would be counted twice", "read each server's logs into one book only, or give the same --book once"},
		{LEDGER_POOLS_ALONE, LEDGER_POOLS, "paid time of pool %s is in both %s and %s: each counts what is not its own as unobserved", "keep all of a pool that has an uptime in one book, or divide the pool"},
	};
	int rc = 0;

	for (size_t i = 0; b->further_count > 0 && i < sizeof rules / sizeof *rules && rc >= 0; i++) {
		struct content c = {.what = rules[i].what, .other = rules[i].other, .from_ns = from_ns, .to_ns = to_ns,
		                    .parts = must_calloc(b->further_count + 1, sizeof *c.parts)};
		rc = book_each_ledger(b, as_of, read_part, &c, why);
		rc = rc < 0 ? rc : refuse(b, &c, rules[i].message, rules[i].next, why);
		for (size_t k = 0; k < c.count; k++) {
			free(c.parts[k].at[0]);
			free(c.parts[k].at[1]);
		}
		free(c.parts);
	}
	return rc;
}
