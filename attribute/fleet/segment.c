#include "attribute/fleet/segment.h"

#include "core/instant.h"

#define NS_PER_MINUTE (60 * NS_PER_SECOND)

/* Narrows [from, to) to the side of a boundary on which `at` lies. */
static void cut(struct segment *s, int64_t at_ns, int64_t boundary_ns) {
	if (boundary_ns <= at_ns && boundary_ns > s->from_ns) {
		s->from_ns = boundary_ns;
	}
	if (boundary_ns > at_ns && boundary_ns < s->to_ns) {
		s->to_ns = boundary_ns;
	}
}

/* The hour, or its part between daily changes of list price. */
static void cut_slot(const struct attribute_options *o, int64_t at_ns, struct segment *s) {
	int64_t day_ns = instant_floor(at_ns, NS_PER_DAY);

	s->from_ns = instant_floor(at_ns, NS_PER_HOUR);
	s->to_ns = s->from_ns + NS_PER_HOUR;
	for (size_t i = 0; i < o->cuts.minute_of_day.count; i++) {
		cut(s, at_ns, day_ns + o->cuts.minute_of_day.at[i] * NS_PER_MINUTE);
	}
	s->slot_ns = s->from_ns;
}

static void cut_uptime(const struct pool *p, int64_t at_ns, struct segment *s) {
	s->paid = p->uptime_count == 0;
	for (size_t i = 0; i < p->uptime_count; i++) {
		const struct uptime *u = &p->uptimes[i];
		cut(s, at_ns, u->from_ns);
		cut(s, at_ns, u->to_ns);
		if (u->from_ns <= at_ns && at_ns < u->to_ns) {
			s->paid = true;
			s->pool_gpus = u->gpus;
		}
	}
}

/* Nothing is posted of time outside the requested period: on each side of it is one slot. */
static void cut_unwanted(const struct attribute_options *o, int64_t at_ns, struct segment *s) {
	bool before = at_ns < o->from_ns;

	s->from_ns = before ? INT64_MIN : o->to_ns;
	s->to_ns = before ? o->from_ns : INT64_MAX;
	s->slot_ns = instant_floor(at_ns, NS_PER_HOUR);
}

void segment_at(const struct attribute_options *o, const struct pool *p, int64_t at_ns, struct segment *out) {
	bool wanted = at_ns >= o->from_ns && at_ns < o->to_ns;

	*out = (struct segment){.rate_nano = -1, .paid = true, .wanted = wanted};
	if (!wanted) {
		cut_unwanted(o, at_ns, out);
	} else {
		cut_slot(o, at_ns, out);
	}
	if (p) {
		int64_t until_ns;
		out->rate_nano = pool_rate_at(p, at_ns, &until_ns);
		for (size_t i = 0; i < p->rate_count && wanted; i++) {
			cut(out, at_ns, p->rates[i].from_ns);
		}
		cut_uptime(p, at_ns, out);
	}
	cut(out, at_ns, o->from_ns);
	cut(out, at_ns, o->to_ns);
}

void segment_again(const struct attribute_options *o, const struct pool *p, int64_t at_ns, const struct segment *at_hand,
                   struct segment *out) {
	if (at_ns >= at_hand->from_ns && at_ns < at_hand->to_ns) {
		*out = *at_hand;
	} else {
		segment_at(o, p, at_ns, out);
	}
}
