/* servers_private.h: what servers.c, several.c, copies.c, apart.c and changes.c share; others use servers.h. */
#ifndef ATTRIBUTE_SERVERS_PRIVATE_H
#define ATTRIBUTE_SERVERS_PRIVATE_H

#include "attribute/servers/chains.h"
#include "attribute/servers/drift.h"
#include "attribute/servers/identity_events.h"
#include "attribute/servers/sample.h"
#include "attribute/servers/servers.h"

/* A period of a name's records. */
struct era {
	int64_t first_ns, last_ns, records;
};

/* What is done with a name. */
struct server {
	struct sample sample;
	name_id named;      /* of its items from here on */
	name_id requests;   /* its requests' name from here on, if another server handled them; 0: the same */
	name_id step_model; /* its steps' model from here on; 0: as in the steps */
	int64_t shift_ns;   /* subtracted from its requests' instants */
	struct drift *drift; /* subtracted instead, where the difference of the clocks changes; or NULL */
	struct events clean; /* of its steps, for candidates.c; at: NULL, not found so far */
	bool matched;       /* its steps and requests were matched */
	bool held;          /* its requests are left out */
	/* the instants of requests are truncated to the second: its own, or those that are joined to it */
	bool in_seconds;
	bool dropped;       /* all of it is left out: a copy of another */
	uint32_t engine;    /* the number of the engine that it is a rank of; 0: none */
	struct chains chains; /* of its steps; coarse: timestamps truncated to the second, which do not show overlaps */
	bool several, coarse; /* several: each chain is a server; chains are counted again when they are separated */
	name_id part[CHAINS_MOST]; /* then: the names of the chains, and from when to when this evidence has their steps */
	int64_t part_first_ns[CHAINS_MOST], part_last_ns[CHAINS_MOST];
	name_id leader;     /* the name with which it has requests in common, and whose server is this one's; 0: none */
	name_id prefill;    /* the server that computes its requests' prompts; 0: this one */
	name_id with;       /* the name that decided what is done with it, or that leaves it open (held) */
	enum name_decision decision;
	bool partly;        /* held: some of its requests match, others do not */
	int64_t from_ns, to_ns; /* items outside are left out */
	int64_t outside;        /* how many */
	struct era main, era;   /* the period with the most records so far, and the current one */
};

struct servers {
	struct names *names;
	const struct fleet *fleet;
	struct quality *quality;
	struct server *at;
	size_t count;
	size_t *of_name; /* by name_id: index + 1 */
	size_t name_room;
	/* the load of a name is compared with another's; its requests are compared with steps or windows */
	bool needs_loads, needs_requests;
	bool change;
	bool several; /* names were separated; nothing else is decided yet */
	const struct name_verdict *adopted; /* decisions of other days */
	size_t adopted_count;
	struct name_verdict *decided; /* by this evidence alone */
	size_t decided_count;
};

struct servers *servers_new(struct names *names, const struct fleet *fleet, struct quality *quality);

/* Steps in the samples of all names together, and at most and at least in each. */
#define SERVERS_STEPS_ALL ((size_t)1 << 20)
#define SERVERS_STEPS_MOST ((size_t)16384)
#define SERVERS_STEPS_LEAST ((size_t)4000)

/* Names `from` up to before `to`, each with room for `room` steps. */
struct name_span {
	name_id from, to;
	size_t room;
};

/* collect.c: samples of all evidence. */
int servers_collect(struct servers *s, const struct servers_ask *ask, struct fault *why);
/* Adds a span's items to the samples of their names. */
int servers_collect_span(struct servers *s, struct evidence *e, const struct name_span *span, struct fault *why);
/* Frees what was collected, except bounds. */
void servers_begin_again(struct servers *s);
/* collect_all.c: a server for each name that has evidence, in the order of names. */
void servers_begin(struct servers *s, const struct replicas *replicas);
/* Adds all items, in threads. */
int servers_collect_all(struct servers *s, const struct servers_ask *ask, struct fault *why);
/* The server of a name, a new one if it has none. */
struct server *servers_of(struct servers *s, name_id name);
/*
 * Steps in each name's sample, if names have so many: the largest number with which the samples of all have no more than
 * SERVERS_STEPS_ALL, within the limits. The order of names has no effect, and more names or steps never make it larger.
 */
size_t servers_room(const int64_t *step_counts, size_t count);
/* Requests in it, if it has room for so many steps. */
size_t servers_requests_room(size_t steps);
/* Compares all names' samples, and decides. */
void servers_judge(struct servers *s);

/* The server of a name; NULL: it has no evidence. */
struct server *servers_find(const struct servers *s, name_id name);
const char *servers_text(const struct servers *s, name_id name);
/* May two names mean one model? */
bool servers_models_alike(const struct servers *s, name_id a, name_id b);
/* Does a pool of the fleet file match the name? */
bool servers_own_pool(const struct servers *s, name_id name, name_id model);
bool servers_are_pair(const struct server_pairs *pairs, const char *a, const char *b);
bool servers_overlap(int64_t a_from, int64_t a_to, int64_t b_from, int64_t b_to);
/* Do the times of a name's steps or windows and of another's requests overlap? */
bool servers_times_overlap(const struct sample *a, const struct sample *b);

/* Records years from the rest of the name's. */
bool servers_is_outside(const struct server *one, const struct item *item);

/* several.c: called as steps are collected; decides which names are separated, before anything else is decided. */
void servers_note_chain(struct server *one, const struct item *item);
bool servers_find_several(struct servers *s);
/* A name's steps and its requests belong to two servers. */
void servers_part_requests(struct servers *s, struct server *one);
/* beside.c: windows under separate names become those of the server that they count. */
void servers_place_windows(struct servers *s);
bool servers_have_windows_alone(const struct server *one);
/* Requests without steps or windows, which no server has matched so far. */
bool servers_have_requests_alone(const struct server *one);
/* Steps and requests that cannot be compared one by one, as timestamps are truncated to the second: by counting. */
enum id_verdict servers_count_verdict(const struct sample *steps, const struct sample *requests, struct id_result *r);
/* Steps or windows of one name and requests of another that may be one server's. */
bool servers_may_be_one(const struct servers *s, const struct server *steps, const struct server *requests);
/* Steps that have requests already, and requests of another name that may be the same server's. */
bool servers_may_share(const struct servers *s, const struct server *steps, const struct server *requests);
/* twins.c: another name of the server whose requests are these, at nearly the same time; NULL: none. */
struct server *servers_find_twin(struct servers *s, const struct server *steps, const struct server *requests, int64_t shift_ns);
/* Compares requests with steps, event by event; then, with clocks that change (the caller frees the drift), and by counting. */
struct id_result servers_compare(const struct sample *steps, const struct sample *requests);
void servers_compare_further(const struct sample *steps, const struct sample *requests, struct id_result *r, struct drift **drift);
/* candidates.c: the servers with the most votes, steps that requests of the name match, in this order; how many. */
typedef bool servers_fit(const struct servers *s, const struct server *steps, const struct server *requests);
size_t servers_candidates(struct servers *s, struct server *requests, servers_fit *fits, struct server **out, int64_t *votes, size_t most);
/* Frees what was found for that. */
void servers_forget_candidates(struct servers *s);
/* Likely one server, but not surely: its steps count, the requests' tokens would be counted twice. */
void servers_hold(struct servers *s, struct server *steps, struct server *requests, bool part);
/* Perhaps one server: only what the other one reports counts. `seen`: windows, of which all are left out. */
void servers_say_held(struct servers *s, const struct server *held);
/* decisions.c: records what this evidence decides; then applies the decisions of other days where it does not. */
void servers_note_other(struct servers *s, name_id name, name_id with);
void servers_note_decisions(struct servers *s);
void servers_adopt(struct servers *s);
/* overlap.c: names of requests, some of which are the same, are one server's; then what was decided about one is applied to them. */
void servers_find_overlaps(struct servers *s);
void servers_unite(struct servers *s, struct server *a, struct server *b, const char *what, size_t count, size_t of);
void servers_follow(struct servers *s);
/* twins.c: names of requests alone that report the same requests count once. */
void servers_find_reported_twice(struct servers *s);
/* copies.c: of two names with the same evidence one is left out, with a finding. */
void servers_drop_copy(struct servers *s, struct server *kept, struct server *copy, const char *what);
/* copies.c: names with the same evidence count once. */
void servers_find_copies(struct servers *s);
/* zones.c: a finding for requests that match steps in another time zone. */
void servers_find_zones(struct servers *s);
/* lockstep.c: servers that are ranks of one engine. */
void servers_find_ranks(struct servers *s);
/* Of servers whose requests alone are known; part of the above. */
void servers_find_ranks_by_requests(struct servers *s);
/* The name of the first rank of a server's engine; 0: it is no rank. */
name_id servers_engine(const struct servers *s, const struct server *one);
/*
 * apart.c: requests that match a server that only prefills and one that only decodes. False: there are no such two; then
 * nothing is decided.
 */
bool servers_place_apart(struct servers *s, struct server *requests);
/* The requests' name, or that of the steps, for both from here on. */
name_id servers_shown_name(const struct servers *s, const struct sample *steps, const struct sample *requests);
/* apart.c: prompts of requests on a server that only decodes are the work of the one that prefills. */
void servers_place_prompts(struct servers *s, struct server *requests);

#endif
