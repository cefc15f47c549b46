/*
 * identity.h: are these steps and these requests those of one server? Private to attribute/.
 *
 * Two kinds of events are compared. F: the end of a step that computes prompts, and first tokens. E: the end of a
 * step after which fewer sequences decode, and finished requests. At the true offset of the two clocks many of them
 * coincide; coincidences by chance are measured at offsets that cannot be true. See METHOD.md.
 */
#ifndef ATTRIBUTE_IDENTITY_H
#define ATTRIBUTE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/instant.h"
#include "core/sorted.h"

#define ID_NO_NUMBER UINT32_MAX
/*
 * Steps' ends and durations are rounded to this, and so are differences of clocks: the narrowest comparison is of 2 ms, and
 * what is below it takes most of the room of a sample.
 */
#define ID_TICK_NS 10000
static inline int64_t id_in_ticks(int64_t ns) {
	return instant_floor(ns + ID_TICK_NS / 2, ID_TICK_NS);
}

/* A step, in the order of time. */
struct id_step {
	int64_t end_ns, duration_ns;
	uint32_t prefill_tokens;
	uint32_t number; /* its number, the last 31 bits; or ID_NO_NUMBER */
	uint16_t prompts, decoders;
	bool follows; /* its number follows the last one's, or the log has no numbers */
	bool coarse;  /* its timestamp was truncated to the second */
};

/* The first step that ends at an instant or later. */
static inline size_t id_steps_from(const struct id_step *steps, size_t count, int64_t at_ns) {
	return SORTED_FROM(steps, count, struct id_step, end_ns, at_ns);
}

/* A request. */
struct id_request {
	int64_t first_ns, finish_ns; /* or INT64_MIN */
	uint32_t prompt_tokens;      /* without cached tokens, if those are known */
	uint32_t mark;               /* of its id: distinguishes requests that are otherwise equal; 0: no id */
	uint32_t completion_tokens;
};

struct id_steps {
	const struct id_step *at;
	size_t count;
};

struct id_requests {
	const struct id_request *at; /* by first_ns */
	size_t count;
	bool cached_known;
};

enum id_verdict { ID_UNDECIDED, ID_SAME, ID_PART, ID_DIFFERENT };

struct id_result {
	enum id_verdict verdict;
	int64_t offset_ns;  /* of the requests' clock, ahead of the steps' */
	int64_t spread_ns;  /* half the distance of the matched differences' quartiles */
	int64_t late_ns;    /* of the latest tenth of the matched requests, more than the offset */
	bool coarse;        /* the steps' timestamps are truncated to the second */
	int64_t precision_ns; /* then: of their ends, if sequences decode up to a change of the second: a usual step */
	double statistic;   /* S */
	double gap;         /* G: over the best offset elsewhere */
	double coverage;    /* q */
	double tokens;      /* A: token matches among the events that can be tested; 1 if too few can */
	/* first tokens tested, and matched at the offset; finishes if there are no first tokens */
	int64_t events, matched;
	bool by_finish;
	bool counted;       /* by the load of each ten seconds, not by single events */
	/* the requests' timestamps are truncated to the second: the offset is that of the middle of the second */
	bool seconds;
	/* undecided only because the load is periodic: almost as many events coincide at other offsets */
	bool repeats;
};

/* Are the requests' timestamps truncated to the second? Then an instant may be anywhere in it. */
bool identity_in_seconds(const struct id_requests *requests);

/* Tests the requests against the steps; both cover the same periods. */
void identity_test(const struct id_steps *steps, const struct id_requests *requests, struct id_result *out);
/* Do their events coincide at no offset more often than by chance, where one server's would? Cheaper; false: not sure. */
bool identity_excludes(const struct id_steps *steps, const struct id_requests *requests);

/*
 * The same for steps and requests of one name with nearly equal clocks: cheap. Thousandths of the first tokens that
 * coincide; 0 if they are too few to decide. *late_ns: how late the latest tenth of them is.
 */
int64_t identity_agreement(const struct id_steps *steps, const struct id_requests *requests, int64_t *late_ns);

#endif
