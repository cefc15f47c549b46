/*
 * servers.h: which names of the evidence are one server's, and how far its logs' clocks differ. Private to attribute/.
 *
 * Steps come under one name (a log's), requests often under another (spans, an export). They are compared (identity.h)
 * on a sample of whole minutes, the same for all names, so that the samples of two names cover the same time.
 */
#ifndef ATTRIBUTE_SERVERS_H
#define ATTRIBUTE_SERVERS_H

#include "attribute/evidence/evidence.h"
#include "attribute/fleet/fleet.h"

struct servers;

/* Where a replica's records lie, if others of its lie years from them. */
struct server_bounds {
	name_id replica;
	int64_t first_ns, last_ns;
};

struct servers_ask {
	struct evidence *evidence;
	struct names *names;
	const struct fleet *fleet;
	const struct server_bounds *bounds; /* as far as they are known from elsewhere */
	size_t bound_count;
	bool each_alone; /* no name is compared with another, nor its steps with its requests: that is decided elsewhere */
};

/* Goes through the evidence and decides. What is to be stated goes to `quality`. */
int servers_decide(struct servers **out, const struct servers_ask *ask, struct quality *quality, struct fault *why);
/* What was decided elsewhere. */
struct servers *servers_of_verdicts(struct names *names, const struct name_verdict *at, size_t count);
void servers_free(struct servers *s);

/* Is there anything to change in the evidence? */
bool servers_change(const struct servers *s);
/* What a name's evidence is called from here on; 0: nothing of it is left. */
name_id servers_named(const struct servers *s, name_id name);
/* Were several servers under one name set apart? Then the rest is decided of the evidence as it is after the change. */
bool servers_decide_again(const struct servers *s);
/* The names of a name's evidence from here on, the first is 0; 0: there are no more. */
name_id servers_named_part(const struct servers *s, name_id name, size_t part);
/* The part of a name's time that counts. */
void servers_clip(const struct servers *s, name_id name, int64_t *first_ns, int64_t *last_ns);
/* Changes an item; false: it is left out. An evidence_change. */
bool servers_apply(void *servers, struct item *item, name_id *prefill);

#endif
