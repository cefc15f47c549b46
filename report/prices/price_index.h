/* price_index.h: finds the models of a catalogue that a name may mean. Private to report/prices/. */
#ifndef REPORT_PRICE_INDEX_H
#define REPORT_PRICE_INDEX_H

#include "report/prices/price_names.h"

/* Keys by which models are found; case-insensitive. */
enum price_way {
	PRICE_BY_FULL_ID, /* PROVIDER/ID */
	PRICE_BY_KEY,
	PRICE_BY_ID,
	PRICE_BY_BASE,    /* what follows the last '/' of the id */
	PRICE_BY_REDUCED, /* for open models: the id after name_reduced */
	PRICE_BY_UNDATED, /* the base of an id that has no date */
	PRICE_BY_DATED,   /* the base of an id that has one, without it */
	PRICE_BY_PREFIX,  /* the first bytes of names that its match rule may match */
};

struct price_index;

/* Adds the models of a catalogue that are not yet in it; NULL: an empty one. */
struct price_index *price_index_add(struct price_index *index, struct prices *p);
void price_index_free(struct price_index *index);

/* Iteration over the models found by a name; starts as zero. */
struct price_cursor {
	uint64_t at;
	bool started;
};
/* The models found by a name, one by one, in the order of the catalogue. NULL at the end. */
const struct price_model *price_index_next(const struct prices *p, enum price_way way, struct text name, struct price_cursor *at);

/* The models with an id that ends in the base of the name, or a match rule that may match it, each once, in the order of the catalogue. */
typedef void price_model_sink(void *context, const struct price_model *m);
void price_index_named(const struct prices *p, struct text name, price_model_sink *each, void *context);

#endif
