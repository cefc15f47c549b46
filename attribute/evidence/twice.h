/* twice.h: requests that two gateways report, each with its own ids: they count once. Private to attribute/. */
#ifndef ATTRIBUTE_TWICE_H
#define ATTRIBUTE_TWICE_H

#include "attribute/evidence/evidence.h"
#include "attribute/fleet/pairs.h"

/* Of a gateway's name `other`, the requests that were compared and those that `name` reports, too. */
struct twice_pair {
	name_id name, other;
	size_t both, of;
	bool dropped; /* nearly all: `other` is left out */
};

struct twice;

struct twice *twice_new(void);
void twice_free(struct twice *t);
/* Adds a request; of many, those of some minutes are kept. */
void twice_add(struct twice *t, const struct request_item *q);
/* Finds the names that report the requests of another one, unless these are stated to be different; then these, until twice_free. */
void twice_find(struct twice *t, const struct names *names, const struct server_pairs *different);
const struct twice_pair *twice_found(const struct twice *t, size_t *count);
/* Is the name left out? */
bool twice_drops(const struct twice *t, name_id name);

#endif
