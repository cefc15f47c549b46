/*
 * walk.h: going through one replica's evidence in the order of time. Private to attribute/.
 *
 * Three walkers know three kinds of evidence: steps (steps.c), requests without steps (sweep.c), windows without
 * either (windows.c). The best one there is for a replica goes through it, or through those of its days that have the
 * same (walks.c); what the others would say serves as a check.
 */
#ifndef ATTRIBUTE_WALK_H
#define ATTRIBUTE_WALK_H

#include "attribute/split/accounts.h"
#include "attribute/evidence/days.h"
#include "attribute/model/fits.h"
#include "attribute/split/flight.h"

struct folds;

/* What a walk is for: first the steps' say is collected, then time is posted. */
enum walk_purpose { WALK_FIT, WALK_POST };

/* What split time where a day's own evidence was too little for a fit. */
enum stand_in { STAND_IN_NEIGHBOUR, STAND_IN_PUBLISHED, STAND_IN_TOKENS, STAND_IN_ROLES, STAND_IN_PROPORTIONS, STAND_INS };

struct walk {
	enum walk_purpose purpose;
	const struct accounts_common *common;
	struct attribution_fits *fits;
	struct folds *folds;      /* WALK_FIT: steps go there; NULL: to the fits */
	struct quality *quality;
	struct evidence_reader *power; /* WALK_POST: the power samples of all replicas */
	const struct item *power_item; /* the next one of them, not yet used; NULL: none was read */
	bool power_ended;
	const struct replica_summary *summary;
	const struct pool *pool;
	struct flight flight;
	struct accounts accounts; /* WALK_POST only */
	int64_t from_ns, to_ns;   /* the replica's paid time where the fleet file has no uptime */
	int64_t cursor_ns;        /* time is posted up to here */
	bool stood_in[STAND_INS]; /* in the period asked for */
	int64_t over_ns;          /* GPU-ns that evidence reports beyond the time there was */
	void *state;              /* of the walker, all zero at the start */
};

struct walker {
	size_t state_size;
	/* Is this the walker for a replica with this evidence? */
	bool (*fits)(const struct replica_summary *s);
	/* Sets walk->from_ns and to_ns to the evidence's first and last instant. */
	void (*span)(struct walk *w);
	int (*item)(struct walk *w, const struct item *item, struct fault *why);
	int (*end)(struct walk *w, struct fault *why);
	void (*release)(struct walk *w); /* of what the state holds; may be NULL */
};
extern const struct walker walk_steps, walk_sweep, walk_windows;

/* Starts the walk of one replica; items of that replica follow, then the end. */
int walk_begin(struct walk *w, const struct replica_summary *s, struct fault *why);
int walk_item(struct walk *w, const struct item *item, struct fault *why);
int walk_end(struct walk *w, struct fault *why);

/* The fit that a step of this replica belongs to. */
struct fit_key walk_fit_key(const struct walk *w, name_id model, int64_t at_ns);

/* Time at an instant was split by something that stood in; and a warning for each that did. */
void walk_stood_in(struct walk *w, enum stand_in what, int64_t at_ns);
void walk_tell_stand_ins(const struct walk *w);

/* Idle time, if `from` is before `to`; moves the cursor. */
int walk_idle(struct walk *w, int64_t to_ns, struct fault *why);

#endif
