/*
 * load.h: how many sequences run and how many tokens are generated, second by second, in a sample of a name's time.
 * Private to attribute/.
 *
 * Where no step can be compared with a first token (windows; timestamps truncated to the second) servers are compared by
 * their load: servers that share work at random differ by chance as much as their counts vary, one server does not.
 */
#ifndef ATTRIBUTE_LOAD_H
#define ATTRIBUTE_LOAD_H

#include "attribute/evidence/evidence.h"
#include "attribute/evidence/active.h"

#define LOAD_BLOCK_SECONDS 256
#define LOAD_BLOCKS_MOST 8

/* One second. All counts saturate. */
struct load_bin {
	uint32_t generated_mtok; /* thousandths of tokens */
	uint32_t running_ms;     /* sequences x ms */
	uint32_t squares;        /* sum of the squares of each request's tokens in it */
	uint32_t steps;          /* that end in it */
};

/* A stretch of seconds; those with the smallest hashes are kept, which are the same for all names. */
struct load_block {
	int64_t number; /* since 1970 */
	uint64_t hash;
	struct load_bin bins[LOAD_BLOCK_SECONDS];
};

/* A window that is not idle. */
struct load_window {
	int64_t start_ns, end_ns, generated_mtok, running; /* running: at its end, or UNKNOWN */
};

/* What is counted. */
enum load_kind { LOAD_STEPS, LOAD_REQUESTS, LOAD_WINDOWS, LOAD_KINDS };

struct load {
	struct load_block *at[LOAD_BLOCKS_MOST];
	size_t count, last;  /* last: the block used last */
	size_t most;         /* blocks that there may be */
	uint64_t bound;      /* of blocks with hashes from here on nothing is known */
	bool drafted;        /* steps compute more tokens than they generate */
	struct load_window *windows;
	size_t window_count, window_room;
};

void load_init(struct load *l, size_t most_blocks);
void load_release(struct load *l);
/* Each item to the load of its kind. */
void load_add_item(struct load loads[LOAD_KINDS], const struct item *item);

/* Of parts of a name's evidence: what is added to a second, a window, and the bound of another part; in any order. */
void load_put_bin(struct load *l, int64_t second, const struct load_bin *bin);
void load_put_window(struct load *l, const struct load_window *w);
void load_put_bound(struct load *l, uint64_t bound);
/* All parts are in: windows in their order, each once. */
void load_end_merge(struct load *l);

enum load_verdict { LOAD_UNDECIDED, LOAD_SAME, LOAD_LIKELY, LOAD_DIFFERENT };

struct load_match {
	enum load_verdict verdict; /* LOAD_LIKELY: too little to be sure, but the sums of tokens agree */
	int64_t offset_s;          /* of the second one's clock, ahead of the first one's */
	int64_t windows;           /* compared */
	double score;
	double agreement;          /* of the tokens of both, the smaller sum as a share of the larger one */
	double unlike; /* of their tokens, over time: 0 the same course, 1 two independent ones; at the best offset */
};

/* A name's load, and from when to when it has any. */
struct load_side {
	const struct load *load;
	int64_t first_ns, last_ns;
	const struct active_days *days; /* NULL: on all days in between */
	bool averaged; /* of windows: how many run within one is not known, and tokens alone are compared */
};

/* Are its windows longer on average than those of the other one? */
bool load_is_longer(const struct load *l, const struct load *other);
/*
 * Compares windows, or where `by_bins` each ten seconds of what is counted, with what is counted of another name, in the
 * time of both.
 */
void load_compare(const struct load_side *windows, bool by_bins, const struct load_side *other, struct load_match *out);
/*
 * May the requests be a part of what these names' windows count together? They have no more tokens in any time, and where there are
 * more of them there are more of the windows'. Few windows exclude nothing.
 */
bool load_may_be_part(const struct load_side *windows, size_t count, const struct load_side *requests);

#endif
