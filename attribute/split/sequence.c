#include "attribute/split/sequence.h"

#include "core/exact.h"

/* A step may begin so long before the last one ends: clocks and roundings. */
#define OVERLAP_NS (2 * (NS_PER_SECOND / 1000))

/* Fewer may have other causes. */
#define SEVERAL_OVERLAPS 3
#define SEVERAL_BACK 5

void sequence_init(struct sequence *q) {
	*q = (struct sequence){.last = UNKNOWN, .end_ns = INT64_MIN + OVERLAP_NS};
}

int64_t sequence_follow(struct sequence *q, const struct attribute_options *o, const struct step_item *s) {
	bool wanted = s->head.at_ns >= o->from_ns && s->head.at_ns < o->to_ns;
	bool known = q->last != UNKNOWN && s->index != UNKNOWN;
	int64_t lost = known && s->index > q->last ? s->index - q->last - 1 : 0;

	if (wanted) {
		q->steps++;
		q->missing += lost < INT32_MAX ? lost : INT32_MAX;
		q->back += known && s->index < q->last;
		q->overlaps += s->head.at_ns < q->end_ns - OVERLAP_NS;
	}
	q->last = s->index;
	q->end_ns = s->head.at_ns + s->duration_ns;
	return lost;
}

void sequence_find(const struct sequence *q, const char *name, struct quality *quality) {
	/* Counters that begin again now and then are restarts. */
	if (q->overlaps * 100 > q->steps || (q->back * 20 > q->steps && q->back >= SEVERAL_BACK)) {
		if (q->overlaps >= SEVERAL_OVERLAPS || q->back >= SEVERAL_BACK) {
			quality_finding(quality, "several-servers", name, "--replica", QUALITY_NO_AMOUNT,
			                "%s: %lld of %lld steps begin before the last one has ended, and %lld times their numbers fall: "
			                "several servers log under this name, and their time is added up; give each its own name, with "
			                "--replica or \"names\" of the fleet file", name, (long long)q->overlaps, (long long)q->steps,
			                (long long)q->back);
		}
		return;
	}
	if (q->missing * 1000 > q->missing + q->steps) {
		quality_finding(quality, "gap", name, NULL, QUALITY_NO_AMOUNT,
		                "%s: %lld of %lld steps are missing in its log, as their numbers show: their time is unobserved and "
		                "their tokens are not counted; look for what drops lines", name, (long long)q->missing,
		                (long long)(q->missing + q->steps));
	}
}
