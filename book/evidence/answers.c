/*
 * answers.c: who answered requests of gateways, a vendor or the fleet, by the book's price lists.
 *
 * The book keeps what each day's attribution decided. A day is attributed again when the price lists of a later run
 * decide otherwise: because a model was added to them, or mapped with --list.
 */
#include <stdlib.h>

#include "book/book.h"
#include "core/billing.h"

/* What was decided so far in one day, or in many. */
struct book_answers {
	struct ledger_answer *at;
	size_t count;
};

static int keep(void *answers, const struct ledger_answer *a) {
	struct book_answers *all = answers;

	all->at = must_grow_by_count(all->at, all->count, sizeof *all->at);
	all->at[all->count++] = *a;
	return 0;
}

/* There are few: a model and its providers. */
static void keep_once(struct book_answers *all, const struct ledger_answer *a) {
	for (size_t i = 0; i < all->count; i++) {
		if (all->at[i].model == a->model && all->at[i].provider == a->provider) {
			return;
		}
	}
	keep(all, a);
}

void book_forget_answers(struct book *b) {
	if (b->answers) {
		free(b->answers->at);
		free(b->answers);
		b->answers = NULL;
	}
}

bool book_names_vendor(const struct book *b, name_id model, struct text billing) {
	return b->prices && prices_is_vendors(b->prices, names_text(b->names, model), billing);
}

bool book_is_vendors(void *book, name_id model, struct text billing) {
	struct book *b = book;
	bool vendor = book_names_vendor(b, model, billing);
	struct billing terms;

	billing_parse(billing, &terms);
	if (terms.part[BILLED_REQUESTS] == 0) { /* else it is a vendor's own report, whatever the price lists have */
		b->answers = b->answers ? b->answers : must_calloc(1, sizeof *b->answers);
		keep_once(b->answers, &(struct ledger_answer){model, names_id(b->names, terms.provider), vendor});
	}
	return vendor;
}

int book_keep_answers(struct book *b, int64_t day_ns, struct fault *why) {
	int rc = ledger_answers_drop(b->ledger, day_ns, why);

	for (size_t i = 0; b->answers && i < b->answers->count && rc >= 0; i++) {
		rc = ledger_answer_put(b->ledger, day_ns, &b->answers->at[i], why);
	}
	return rc;
}

static bool answered_by_vendor(const struct book *b, const struct ledger_answer *a) {
	const struct billing terms = {.provider = names_text(b->names, a->provider)};
	char text[BILLING_TEXT_MAX];
	size_t len = billing_print(&terms, text);

	return book_names_vendor(b, a->model, (struct text){text, len});
}

int book_find_answered(struct book *b, int64_t from_ns, int64_t to_ns, book_answer_sink *sink, void *context, struct fault *why) {
	struct book_answers all = {0};
	int rc = ledger_answers(b->ledger, from_ns, to_ns, keep, &all, why);

	for (size_t i = 0; i < all.count && rc >= 0; i++) {
		rc = answered_by_vendor(b, &all.at[i]) != all.at[i].vendor ? sink(b, &all.at[i], context, why) : 0;
	}
	free(all.at);
	return rc;
}

static int mark(struct book *b, const struct ledger_answer *a, void *context, struct fault *why) {
	(void)context;
	return ledger_dirty_answered(b->ledger, a, why);
}

int book_mark_answered(struct book *b, struct fault *why) {
	return book_find_answered(b, INT64_MIN, INT64_MAX, mark, NULL, why);
}
