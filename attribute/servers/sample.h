/* sample.h: a sample of a name's evidence, to compare it with that of others. Private to attribute/. */
#ifndef ATTRIBUTE_SAMPLE_H
#define ATTRIBUTE_SAMPLE_H

#include "attribute/evidence/evidence.h"
#include "attribute/evidence/active.h"
#include "attribute/servers/identity.h"
#include "attribute/evidence/load.h"

/* Marks of records: the smallest distinct hashes of their content without instants. */
#define MARKS_MOST 64
struct marks {
	uint64_t at[MARKS_MOST]; /* ascending */
	int64_t times[MARKS_MOST]; /* the number of records with it */
	size_t count;
};
void marks_add(struct marks *m, uint64_t hash, int64_t times);
/*
 * Of what records. The last kind is of windows between two scrapes: a hash of their instants, and in the lowest bits the
 * number of their steps; `times` is the number of their tokens, plus 1.
 */
enum mark_kind { MARKS_STEPS, MARKS_REQUESTS, MARKS_WINDOWS, MARKS_COUNTS, MARK_KINDS };
#define MARKS_STEPS_MASK UINT64_C(0xffffff)
/* Of the smallest marks of two sets; all 0 if there are too few to decide. */
struct marks_shared {
	size_t of, both; /* how many these are, and how many of them are in both sets */
	size_t within, around; /* of `both`: at most as often in the first set as in the second; at least as often */
};
struct marks_shared marks_compare(const struct marks *a, const struct marks *b);

/*
 * The evidence of one name. Minutes are kept in the order of a hash, the same for all names, until the sample is
 * full.
 */
struct sample {
	name_id name;
	name_id step_model, request_model; /* the first one that is named */
	bool many_step_models, many_request_models;
	struct id_step *steps;
	size_t step_count, step_room;
	struct marks marks[MARK_KINDS];
	struct id_request *requests; /* by first token */
	size_t request_count, request_room;
	struct load loads[LOAD_KINDS]; /* of its steps, requests and windows */
	struct active_days request_days, window_days;
	uint64_t most_hash; /* minutes with a larger hash are not in the sample */
	uint64_t least_step_hash, least_request_hash; /* of the minutes of its steps, of its requests */
	bool counts_requests; /* its requests are counted, not stored */
	bool cached_known, skipped; /* skipped: the previous step is not in the sample */
	bool sparse; /* steps on which no event depends are left out */
	int64_t last_index;
	int64_t first_step_ns, last_step_ns, first_request_ns, last_request_ns, first_window_ns, last_window_ns;
	/* whole: both prefill and decode of one server; includes requests not in the sample */
	int64_t all_steps, all_requests, all_whole, all_windows;
	int64_t all_counted; /* windows between scrapes of counters; the others are from statistics lines */
	int64_t step_prefill_ntok, step_decode_ntok, step_prompts, prompt_ntok, window_input_ntok, window_output_ntok; /* likewise */
};

void sample_init(struct sample *s, name_id name, size_t most_blocks);
void sample_release(struct sample *s);
/* Adds an item, in the order of time; keeps at most this many steps and requests. */
void sample_add_item(struct sample *s, const struct item *item, size_t most_steps, size_t most_requests);
/* Leaves out minutes until there are no more than so many. */
void sample_thin(struct sample *s, size_t most_steps, size_t most_requests);
/* All of the name's items were added. */
void sample_end(struct sample *s);

/*
 * Merges samples of parts of a name's evidence: first the counts of each; then their steps, requests and marks, in
 * any order. The result is the same as if all items had been added to one sample, without duplicates.
 */
void sample_merge(struct sample *s, const struct sample *x);
void sample_put_step(struct sample *s, const struct id_step *x);
void sample_put_request(struct sample *s, const struct id_request *r);
void sample_end_merge(struct sample *s, size_t most_steps, size_t most_requests);

/* The place of an instant's minute in the order of minutes. */
uint64_t sample_order(int64_t at_ns);
/* Are the timestamps of its requests truncated to the second? */
static inline bool requests_in_seconds(const struct sample *s) {
	return identity_in_seconds(&(struct id_requests){s->requests, s->request_count, false});
}
/* Does an instant lie in the time of the steps, where the log has some? */
bool sample_covers(const struct sample *steps, int64_t at_ns);
/* The requests that lie in minutes of both samples, and in the time of the steps; at most `most`. The caller frees. */
struct id_requests sample_common(const struct sample *steps, const struct sample *requests, size_t most);

#endif
