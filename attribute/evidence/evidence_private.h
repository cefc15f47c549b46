/* evidence_private.h: what evidence.c and evidence_read.c share; others use evidence.h. */
#ifndef ATTRIBUTE_EVIDENCE_PRIVATE_H
#define ATTRIBUTE_EVIDENCE_PRIVATE_H

#include <stdatomic.h>

#include "attribute/evidence/evidence.h"
#include "attribute/evidence/twice.h"

/* The content of a record begins here; duplicates differ only in what precedes it: the place in the logs. */
#define SAID_FROM sizeof(struct item)

/* What is stored of an item: a step without prompts, or without times by phase, is cut before them; item_complete adds them again. */
size_t item_stored_len(const struct item *item, size_t len);
/* The whole length; there is room for it. */
size_t item_complete(struct item *item, size_t len);

/* State of one lane. */
struct evidence_lane {
	struct names_cache cache;
	char *buffer; /* an item being packed */
	size_t room;
	bool lacks_contexts, relative_clock;
	struct undated undated;
	int64_t beyond; /* records with a name beyond EVIDENCE_NAMES_MAX */
	struct engines engines;
	int64_t work_from_ns, work_to_ns; /* of steps and windows */
	bool has_gateway;
};

/* Result of a vendor test for a model at a provider. */
#define VENDOR_ANSWERS 256
struct vendor_answer {
	name_id model;
	uint64_t provider; /* a hash of its name, and whether requests are billed */
	bool known, is_vendors;
};

struct evidence {
	struct names *names;
	struct spool *spool, *power;
	struct spool *gateway; /* records of gateways */
	struct spool *growing; /* and those of them with ids that the server made, before evidence_seal */
	struct spool *bought;  /* and requests that ran on no server of these logs, once known */
	int64_t bought_from_ns, bought_to_ns; /* its extent */
	name_id *bought_names; /* replicas of gateways that reported some */
	size_t bought_name_count;
	int64_t repeated;      /* records that are less complete than another of the same id, of the period in which they count */
	int64_t count_from_ns, count_to_ns;
	vendor_test *is_vendors; /* or NULL */
	/* cache of VENDOR_ANSWERS results, as looking up a price is slow; or NULL */
	struct vendor_answer *vendor_answers;
	void *vendors;
	struct spool *patches; /* tenants from gateways; or NULL */
	struct spool *left;    /* marks of requests that a join by ids left; or NULL */
	/* by name_id: a reading of the whole replica has found no repeat (repeats.h), so that the next need not look */
	_Atomic bool *unrepeated;
	size_t unrepeated_count;
	const struct server_pairs *different; /* names that are stated to be of different gateways; or NULL */
	struct twice *twice;      /* gateways' names with the same requests; or NULL */
	int64_t adopted_from_ns, adopted_to_ns; /* the extent of requests that are adopted by the only replica */
	struct gateways gateways; /* GATEWAYS_NONE: not known before evidence_seal */
	struct evidence_lane *lanes;
	unsigned lane_count;
	evidence_watcher *watcher;
	void *watcher_context;
	name_id *only; /* of these replicas; count 0: of all */
	size_t only_count;
	bool only_watch;
	name_id other; /* "(other)", which names beyond EVIDENCE_NAMES_MAX become */
};

/* A store of items, sorted as evidence is. */
struct spool *evidence_spool(const struct evidence *e, size_t memory_bytes);

/* The items have changed: which replicas have repeats is not known. */
void evidence_forget_repeats(struct evidence *e);

/* A reading of a store of items. */
int evidence_reading_of(struct evidence_reader **out, struct spool *spool, struct fault *why);
/* Marks are patches without content: before the first item; then of the item returned last, and its bytes. */
int evidence_reading_marks(struct evidence_reader *r, struct spool *marks, struct fault *why);
bool evidence_is_marked(const struct evidence_reader *r);
size_t evidence_item_len(const struct evidence_reader *r);

#endif
