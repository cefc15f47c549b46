/* several.c: books that are parts of one: of several parts of a fleet, whose figures add up. */
#include <inttypes.h>
#include <stdlib.h>

#include "book/book.h"
#include "core/exact.h"
#include "core/instant.h"

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

/* ---- one server in two books ---- */

struct loads {
	int64_t from_ns, to_ns;
	struct of_book {
		const char *book;
		struct ledger_load *at;
		size_t count;
	} *books;
	size_t count;
};

static int read_loads(void *loads, struct book *b, size_t i, int64_t as_of, struct fault *why) {
	struct loads *x = loads;
	struct of_book *of = &x->books[i];

	of->book = ledger_book(b->ledger);
	x->count = i + 1;
	return ledger_loads(b->ledger, x->from_ns, x->to_ns, as_of, &of->at, &of->count, why);
}

static int order_of_loads(const struct ledger_load *a, const struct ledger_load *b) {
	int order = exact_order(a->day_ns, b->day_ns);

	order = order != 0 ? order : exact_order(a->input_ntok, b->input_ntok);
	return order != 0 ? order : exact_order(a->output_ntok, b->output_ntok);
}

static void compare_loads(struct quality *q, const struct names *names, const struct of_book *a, const struct of_book *b) {
	char day[INSTANT_TEXT_MAX];

	for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
		int order = order_of_loads(&a->at[i], &b->at[k]);
		if (order == 0) {
			const struct ledger_load *x = &a->at[i];
			const char *one = names_text(names, x->replica).at, *other = names_text(names, b->at[k].replica).at;
			quality_finding(q, "counted-twice", other, NULL, QUALITY_NO_AMOUNT,
			                "%s in %s and %s in %s have the same tokens on %.10s, %" PRId64 " input and %" PRId64 " output: if they are one "
			                "server, its work is counted twice; read all of its logs into one book", one, a->book, other, b->book,
			                instant_format(x->day_ns, day), x->input_ntok, x->output_ntok);
			return; /* one day shows it */
		}
		i += order <= 0;
		k += order >= 0;
	}
}

int book_find_doubled(struct book *b, struct quality *q, int64_t as_of, int64_t from_ns, int64_t to_ns, struct fault *why) {
	struct loads x = {.from_ns = from_ns, .to_ns = to_ns};

	if (b->further_count == 0) {
		return 0;
	}
	x.books = must_calloc(b->further_count + 1, sizeof *x.books);
	int rc = book_each_ledger(b, as_of, read_loads, &x, why);
	for (size_t i = 0; i < x.count && rc >= 0; i++) {
		for (size_t k = i + 1; k < x.count; k++) {
			compare_loads(q, b->names, &x.books[i], &x.books[k]);
		}
	}
	for (size_t i = 0; i < x.count; i++) {
		free(x.books[i].at);
	}
	free(x.books);
	return rc;
}
