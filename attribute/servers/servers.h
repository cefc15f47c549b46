/*
 * servers.h: which names of the evidence belong to one server, and how far the clocks of its logs differ. Private to
 * attribute/.
 *
 * Steps come under one name (a log's), requests often under another (spans, an export). They are compared
 * (identity.h) on a sample of whole minutes, the same for all names, so that the samples of two names cover the same
 * time.
 */
#ifndef ATTRIBUTE_SERVERS_H
#define ATTRIBUTE_SERVERS_H

#include "attribute/evidence/evidence.h"
#include "attribute/evidence/ranks.h"
#include "attribute/evidence/replicas.h"
#include "attribute/fleet/fleet.h"

struct servers;

/* The period of a replica's records, if others of its records lie years from them. */
struct server_bounds {
	name_id replica;
	int64_t first_ns, last_ns;
};

struct servers_ask {
	struct evidence *evidence;
	const struct replicas *replicas; /* of that evidence */
	unsigned lanes;                  /* threads that may be used */
	struct names *names;
	const struct fleet *fleet;
	const struct server_bounds *bounds; /* as far as they are known from elsewhere */
	size_t bound_count;
	/* names are not compared with each other, nor steps with requests: that is decided elsewhere */
	bool each_alone;
	const struct name_verdict *adopted; /* decisions of other days, see attribution_adopt */
	size_t adopted_count;
};

/* Reads the evidence and decides. Findings and warnings are added to `quality`. */
int servers_decide(struct servers **out, const struct servers_ask *ask, struct quality *quality, struct fault *why);
/* Passes on what was decided by this evidence alone, in the order of names. */
int servers_each_decision(const struct servers *s, verdict_sink *sink, void *context, struct fault *why);
/* Adds a decision that was made elsewhere. */
struct servers *servers_of_verdicts(struct names *names, const struct name_verdict *at, size_t count);
void servers_free(struct servers *s);

/* Those that are ranks of engines in lock-step, under their names from here on. NULL: none. The caller frees. */
struct ranks *servers_ranks(const struct servers *s);

/* Is there anything to change in the evidence? */
bool servers_change(const struct servers *s);
/* The name of a name's evidence from here on; 0: all of it is left out. */
name_id servers_named(const struct servers *s, name_id name);
/* Were several servers under one name separated? Then everything else is decided from the changed evidence. */
bool servers_decide_again(const struct servers *s);
/* The names of a name's evidence from here on, the first is 0; 0: there are no more. */
name_id servers_named_part(const struct servers *s, name_id name, size_t part);
/* The time of such a part, in evidence of which the period is attributed. */
void servers_clip_part(const struct servers *s, name_id name, size_t part, int64_t from_ns, int64_t to_ns, int64_t *first_ns, int64_t *last_ns);
/* The part of a name's time that counts. */
void servers_clip(const struct servers *s, name_id name, int64_t *first_ns, int64_t *last_ns);
/* Changes an item; false: it is left out. An evidence_change. */
bool servers_apply(void *servers, struct item *item, name_id *prefill);

#endif
