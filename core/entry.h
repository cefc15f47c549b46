/* entry.h: one posting of GPU time and tokens. The seam between attribute, ledger and report. */
#ifndef CORE_ENTRY_H
#define CORE_ENTRY_H

#include <stdbool.h>
#include <string.h>

#include "core/error.h"
#include "core/names.h"
#include "core/service.h"

/* What the time was used for. The first three are busy time; all six sum to capacity. */
enum entry_kind {
	ENTRY_INPUT,        /* prefill of tokens that were not cached */
	ENTRY_INPUT_CACHED, /* prefill's attention over cached context */
	ENTRY_OUTPUT,       /* decode */
	ENTRY_OTHER,        /* between the steps of requests in flight, dummy steps */
	ENTRY_IDLE,         /* paid, with no request in flight */
	ENTRY_UNOBSERVED,   /* paid, and not covered by any log */
	ENTRY_KINDS
};

/* The kind of evidence, see attribute/METHOD.md. NONE: idle, unobserved and pure token postings. */
enum grade { GRADE_A, GRADE_B, GRADE_C, GRADE_D, GRADE_NONE, GRADES };

#define ENTRY_AMOUNTS 8

/*
 * Keyed by all fields down to `rate_nano`; entries with the same key are one entry. GPU time is posted to the hour it
 * passed in; tokens and requests to the hour in which the request finished. `slot_ns` is the start of the UTC hour,
 * or of its part after a daily change of list price (struct price_cuts), so that no entry spans a change.
 */
struct entry {
	int64_t slot_ns;
	name_id replica, model, tenant, pool; /* tenant 0: of no tenant (idle …), see also "(unattributed)" */
	enum entry_kind kind;
	enum grade grade;
	int64_t prompt_over_ntok; /* list price class: the requests' prompts were longer than this cut (0: none) */
	enum service service;     /* and the requested class of service */
	/* per GPU-hour, in force during all of the slot's time posted here; -1: no rate known */
	int64_t rate_nano;
	/* what is posted: by name, or as an array in this order */
	union {
		struct {
			int64_t gpu_ns;
			int64_t tokens;   /* of the kind: uncached input, cached input, output */
			int64_t requests; /* counted on ENTRY_INPUT */
			int64_t reasoning_tokens, cache_write_tokens; /* within `tokens` of OUTPUT, of INPUT */
			/*
			 * One standard deviation of gpu_ns that comes from the split, not from the clock; 0 if the phase was
			 * measured. Errors of one model's entries are fully correlated: spreads are summed. Negative, and without
			 * time: excess and deficit between tenants, which cancel over all of them.
			 */
			int64_t spread_ns;
			int64_t energy_mj;  /* millijoules: from power samples, else from the fleet's watts, else 0 */
			int64_t metered_ns; /* the part of gpu_ns that power samples cover */
		};
		int64_t amounts[ENTRY_AMOUNTS];
	};
};

/* Numbers above or from which a price changes: ascending, each once. */
struct cuts {
	int64_t *at;
	size_t count;
};
/* When list prices change, so that no entry spans a change. From the catalogues in use, which own it. */
struct price_cuts {
	struct cuts prompt_over_ntok;
	struct cuts minute_of_day; /* UTC, 0..1439 */
};
/* The highest cut below a number; 0: none is. */
static inline int64_t cuts_below(const struct cuts *c, int64_t number) {
	int64_t below = 0;

	for (size_t i = 0; i < c->count && number > c->at[i]; i++) {
		below = c->at[i];
	}
	return below;
}

/* Receives entries one by one. 0, or a negative enum error, which stops the sender. */
typedef int entry_sink(void *context, const struct entry *e);

/* Entries in memory; the owner frees `at`. entry_list_keep is an entry_sink. */
struct entry_list {
	struct entry *at;
	size_t count, room;
};
static inline int entry_list_keep(void *list, const struct entry *e) {
	struct entry_list *to = list;

	to->at = must_grow(to->at, to->count, &to->room, sizeof *to->at, 256);
	to->at[to->count++] = *e;
	return 0;
}

/*
 * Time of tokens at a depth of the context: input tokens prefilled, output tokens produced, with from_ntok <= context
 * < to_ntok tokens before them (to_ntok INT64_MAX: no upper end). Rows with the same key (all down to `rate_nano`)
 * add up; several rates result in several rows. The time is part of that of the entries; it need not be all of it.
 */
struct position_row {
	name_id model;
	enum entry_kind kind; /* ENTRY_INPUT or ENTRY_OUTPUT */
	int64_t from_ntok, to_ntok;
	int64_t prompt_over_ntok; /* list price class of their requests, as in an entry */
	int64_t rate_nano; /* as in an entry */
	/* what is posted */
	int64_t tokens;
	int64_t gpu_ns;
};

/*
 * How a rule would split mixed steps between a model's phases, whatever rule the entries follow. Rows with the same
 * rule, model and rate add up.
 */
struct rule_row {
	const char *rule; /* by its name on the command line; outlives the sender */
	name_id model;
	int64_t rate_nano; /* as in an entry */
	/* what is posted */
	int64_t prefill_gpu_ns, decode_gpu_ns;
};

/*
 * Steps of a model that decoded a number of sequences in this range together: time per token. Rows with the same
 * model, range and rate add up. The time is part of that of the entries, by the rule that they follow.
 */
struct batch_row {
	name_id model;
	int64_t from_sequences, to_sequences; /* inclusive */
	int64_t rate_nano; /* as in an entry */
	/* what is posted */
	int64_t steps, tokens; /* one token per sequence and step */
	int64_t decode_gpu_ns, step_ns; /* step_ns: wall time of the whole steps, prefill in them included */
};

/*
 * The time of a step that decodes this many sequences, by the fitted step models, at the mean context of the log's
 * own steps. Summed over the steps of the fits, so that rows of days and servers add up: divided by `steps`, a mean.
 */
struct curve_row {
	name_id model;
	int64_t sequences;
	/* what is posted */
	int64_t steps, step_us; /* wall time */
	int64_t gpu_us;         /* the same times the GPUs of a replica */
};

/* Receive rows one by one, as an entry_sink does entries. */
typedef int position_sink(void *context, const struct position_row *row);
typedef int rule_sink(void *context, const struct rule_row *row);
typedef int batch_sink(void *context, const struct batch_row *row);
typedef int curve_sink(void *context, const struct curve_row *row);

/*
 * Rows of a day that a ledger keeps with its fits, as JSON (tollbook.breakdowns.v1), are under this name, followed by
 * the number of their run: those of earlier runs are kept, for statements as of those. No fit has such a name.
 */
#define BREAKDOWNS_PART "\t\tbreakdowns\t"
#define BREAKDOWNS_PART_LEN (sizeof BREAKDOWNS_PART - 1)
static inline bool is_breakdowns_part(const char *part) {
	return strncmp(part, BREAKDOWNS_PART, BREAKDOWNS_PART_LEN) == 0;
}

#endif
