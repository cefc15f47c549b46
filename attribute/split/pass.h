/*
 * pass.h: one pass over a replica's evidence in the order of time. Private to attribute/.
 *
 * There is a splitter for each kind of evidence: steps (steps.c), requests without steps (requests/), windows without
 * either (windows.c). Each replica, or each run of its days with the same kind of evidence (passes.c), is split by
 * the best kind that it has. check.c compares that with the split by the other kinds.
 */
#ifndef ATTRIBUTE_PASS_H
#define ATTRIBUTE_PASS_H

#include "attribute/split/accounts.h"
#include "attribute/evidence/days.h"
#include "attribute/model/fits.h"
#include "attribute/flight/flight.h"

struct folds;

/* A first pass collects the rows that models are fitted to, a second one posts time. */
enum pass_purpose { PASS_FIT, PASS_POST };

/*
 * A model of rebuilt steps (rebuild.h) is fitted to some requests of a day, and where there is one, the sums over all requests are
 * not used. So these can be left to another pass, if it turns out to be needed.
 */
enum fit_part { FIT_WHOLE, FIT_SAMPLES, FIT_SUMS };

/* What splits time on days with too little evidence for their own fit. */
enum substitute {
	SUBSTITUTE_NEIGHBOUR,
	SUBSTITUTE_PUBLISHED,
	SUBSTITUTE_TOKENS,
	SUBSTITUTE_ROLES,
	SUBSTITUTE_PROPORTIONS,
	SUBSTITUTES
};

struct pass {
	enum pass_purpose purpose;
	enum fit_part part; /* of PASS_FIT */
	const struct accounts_common *common;
	struct attribution_fits *fits;
	struct folds *folds; /* PASS_FIT: steps go there; NULL: to the fits */
	struct quality *quality;
	struct evidence_reader *power; /* PASS_POST: the power samples of all replicas */
	const struct item *power_item; /* the next one of them, not yet used; NULL: none was read */
	bool power_ended;
	const struct replica_summary *summary;
	const struct replica_days *days; /* of the replica; NULL: it has no records */
	const struct pool *pool;
	struct flight flight;
	struct accounts accounts; /* PASS_POST only */
	int64_t from_ns, to_ns; /* the replica's paid time where the fleet file has no uptime */
	int64_t cursor_ns; /* time is posted up to here */
	bool substituted[SUBSTITUTES]; /* in the requested period */
	int64_t over_ns; /* GPU-ns that evidence reports in excess of the available time */
	void *state; /* of the splitter, all zero at the start */
};

struct splitter {
	size_t state_size;
	/* Is this the splitter for a replica with this evidence? */
	bool (*fits)(const struct replica_summary *s);
	/* Sets pass->from_ns and to_ns to the evidence's first and last instant. */
	void (*span)(struct pass *pass);
	int (*item)(struct pass *pass, const struct item *item, struct fault *why);
	int (*end)(struct pass *pass, struct fault *why);
	void (*release)(struct pass *pass); /* of what the state holds; may be NULL */
};
extern const struct splitter splitter_steps, splitter_sweep, splitter_windows;

/* Starts the pass of one replica; pass its items next, then end it. */
int pass_begin(struct pass *pass, const struct replica_summary *s, struct fault *why);
int pass_item(struct pass *pass, const struct item *item, struct fault *why);
int pass_end(struct pass *pass, struct fault *why);

/* The fit that a step of this replica belongs to. */
struct fit_key pass_fit_key(const struct pass *pass, name_id model, int64_t at_ns);

/* Notes that time at an instant was split by a substitute; and warns once about each substitute used. */
void pass_note_substitute(struct pass *pass, enum substitute what, int64_t at_ns);
void pass_warn_substitutes(const struct pass *pass);

/* The prompts of a day. */
struct prompt_tokens pass_prompts(const struct pass *pass, int64_t day_ns);
/* Do requests report cached tokens of a day's prompts? Zeros count where the day before or after has more. */
bool pass_reports_cached(const struct pass *pass, int64_t day_ns);

/* States that it is not known what caches had of the prompts of a day. */
void pass_state_unknown_cached(const struct pass *pass, int64_t day_ns);

/* Idle time, if `from` is before `to`; moves the cursor. */
int pass_idle(struct pass *pass, int64_t to_ns, struct fault *why);

#endif
