/*
 * days.h: which days of a replica have which evidence. Private to attribute/.
 *
 * Each day is split by the best kind that it has: a log may begin to report steps on a Wednesday. Consecutive days
 * with one kind are a spell, which one pass splits; work that crosses midnight into another spell counts in each by
 * that spell's evidence.
 */
#ifndef ATTRIBUTE_DAYS_H
#define ATTRIBUTE_DAYS_H

#include "attribute/evidence/evidence.h"

/* How a replica's records arrived. */
struct arrival {
	int64_t first_ns, last_ns; /* of all instants of requests, and of the starts of all others */
	bool ordered;              /* steps: all in one lane, each later than the one before, so that none is there twice */
	int64_t step_ns, end_ns;   /* of steps: the last start, the latest end */
	int64_t overlaps;          /* of steps with those before: begin before they have ended (chains.h) */
};

/* Summary of a replica's evidence, known before the passes. */
struct replica_summary {
	name_id replica;
	name_id model;                        /* from the first record of the best kind that names a model */
	int64_t steps, requests, windows, powers;
	int64_t timed;                        /* requests with the time of the first token: logged by an engine */
	/* set by days_extents: output tokens on days with requests and windows on which these have more; and whether much more */
	int64_t partial_request_ntok, partial_window_ntok;
	bool by_windows;
	int64_t beyond_request_ntok, beyond_step_ntok; /* the same on days with steps, which made far fewer tokens than requests have */
	int64_t instants;                     /* requests with one instant: the time that they took is not known */
	int64_t first_step_ns, last_step_ns;  /* start of the first, end of the last */
	int64_t first_ns, last_ns;            /* of all other evidence */
	name_id step_model;                   /* from a step that names a model */
	bool several_models;                  /* steps name different ones */
	bool lacks_contexts;                  /* some steps lack A or K (model.h) */
	int64_t most_ntok;                    /* of a step */
	int64_t adopted;                      /* of its requests, those that a gateway reported */
	int64_t made_ntok, sequence_steps;    /* output tokens of requests but their first ones; sequences of all steps */
	bool exclusive;                       /* requests have measured times of their own slots */
	bool beyond_day;                      /* a request, or a window with tokens, of more than a day */
	struct arrival arrival;
	int64_t active_days, pause_days;      /* set by days_extents: with evidence; the most between two of them */
	bool has_span;                        /* from attribution_set_span: */
	struct replica_span span;
};

/* Prompts by requests and by windows, those with an unreported cached part, and cached tokens of all. */
struct prompt_tokens {
	int64_t request_ntok, request_unknown_ntok, window_ntok, window_unknown_ntok, cached_ntok;
};

/*
 * Kinds of evidence, the worst first. Once all records are known, windows without tokens count as windows, and requests with
 * one instant as requests.
 */
enum day_kind { DAY_NOTHING, DAY_IDLE_WINDOWS, DAY_INSTANTS, DAY_WINDOWS, DAY_REQUESTS, DAY_STEPS };

struct replica_day {
	int64_t day_ns;
	enum day_kind kind;                  /* the best */
	bool requests;                       /* was a request in flight? Then requests give the tokens of steps */
	int64_t first_step_ns, last_step_ns; /* as in struct replica_summary */
	int64_t first_ns, last_ns;
	int64_t first_work_ns, last_work_ns; /* of requests, and of windows with tokens */
	int64_t since_ns;                    /* set by days_extents: the first instant of this day's evidence and of later days' */
	struct prompt_tokens prompts;
	int64_t step_made_ntok;              /* tokens that steps made for sequences, drafted ones included */
	/* output tokens of requests, and of windows; the requests that ended, and their time; the time of windows with tokens */
	int64_t request_made_ntok, window_made_ntok, ended, ended_ms, window_ms;
};

/* By day; all zero at the start. */
struct replica_days {
	struct replica_day *at;
	size_t count, room;
	size_t last; /* the day looked up last */
};
void days_release(struct replica_days *d);

/* The day on which an item counts: a step or window when it starts, a request when it ends. */
int64_t days_instant(const struct item *item);
/* The day of an instant, which has evidence of this kind. Valid until the next call. */
struct replica_day *days_note(struct replica_days *d, int64_t at_ns, enum day_kind kind);
/* The prompts of a day; all 0 if there are none. */
struct prompt_tokens days_prompts(const struct replica_days *d, int64_t day_ns);
/* Notes that a request was in flight. */
void days_note_alive(struct replica_days *d, int64_t from_ns, int64_t to_ns);
/* Adds the output tokens of a request to its days, in proportion to its time there. */
void days_note_made(struct replica_days *d, int64_t from_ns, int64_t to_ns, int64_t ntok);
void days_add(struct replica_days *to, const struct replica_days *from);

/*
 * Consecutive days with the same best kind. A whole day that no evidence covers is a pause: DAY_NOTHING, idle if it is paid,
 * and what was logged before it is not compared with what was logged after it. A day of a book is split by the records that
 * meet it or an adjacent day; by this rule those of a run decide the same.
 */
struct spell {
	int64_t from_ns, to_ns; /* the first begins at INT64_MIN, the last ends at INT64_MAX */
	enum day_kind kind;
	bool requests;          /* of DAY_STEPS: of requests with them, or without */
	bool begins, ends;      /* at a pause: records beyond it are not its own */
};
/* Is there a day in a period with more than an hour of work before the first step or after the last? */
bool days_lack_steps(const struct replica_days *d, int64_t from_ns, int64_t to_ns);

/*
 * The number of spells in the time that evidence covers and, as far as it is requested, in the replica's span; *out, which
 * the caller frees, is set if there is more than one.
 */
size_t days_spells(const struct replica_days *d, const struct replica_summary *whole, const struct attribute_options *o, struct spell **out);
/* Is an instant after a spell's start; is it after its end; does the spell have records of it? With a margin, but not across a pause. */
bool spell_reaches(const struct spell *s, int64_t at_ns, int64_t margin_ns);
bool spell_is_over(const struct spell *s, int64_t at_ns, int64_t margin_ns);
bool spell_has(const struct spell *s, int64_t at_ns, int64_t margin_ns);

/* Sets the summary's extents to those of all days. */
void days_extents(struct replica_days *d, struct replica_summary *sum);
/* Sets the summary's span, unless it has one: the time covered by each day's best kind. */
void days_span(const struct replica_days *d, struct replica_summary *sum);
/* The summary for a pass through a spell, with `margin_ns` around it. */
struct replica_summary days_summary(const struct replica_days *d, const struct replica_summary *whole, const struct spell *s,
                                    int64_t margin_ns);

#endif
