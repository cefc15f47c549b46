/* collect.c: a sample of each name's evidence; records that lie years from the rest of a name's. */
#include "attribute/servers/servers_private.h"
#include "core/exact.h"

#define REQUESTS_LEAST ((size_t)2000)
/* Number of names with their whole load stored, and with at least a part. */
#define LOADS_WHOLE 240
#define LOADS_MOST 2240
/* Records of one replica that are further apart come from different clocks. */
#define APART_NS (730 * NS_PER_DAY)

/* Names that come later have less of their load kept, and at last none. */
static size_t blocks_of(const struct servers *s, size_t index) {
	return !s->needs_loads ? 0 : index < LOADS_WHOLE ? LOAD_BLOCKS_MOST : index < LOADS_MOST ? 1 : 0;
}

static void begin_sample(struct servers *s, size_t index, name_id name) {
	sample_init(&s->at[index].sample, name, blocks_of(s, index));
	s->at[index].sample.counts_requests = !s->needs_requests;
	chains_init(&s->at[index].chains);
}

struct server *servers_of(struct servers *s, name_id name) {
	if (name >= s->name_room) {
		size_t room = (size_t)name * 2 + 64;
		s->of_name = must_realloc(s->of_name, room * sizeof *s->of_name);
		memset(s->of_name + s->name_room, 0, (room - s->name_room) * sizeof *s->of_name);
		s->name_room = room;
	}
	if (s->of_name[name] == 0) {
		s->at = must_realloc(s->at, (s->count + 1) * sizeof *s->at);
		s->at[s->count] = (struct server){.named = name, .from_ns = INT64_MIN, .to_ns = INT64_MAX};
		begin_sample(s, s->count, name);
		s->of_name[name] = ++s->count;
	}
	return &s->at[s->of_name[name] - 1];
}

struct server *servers_find(const struct servers *s, name_id name) {
	return name < s->name_room && s->of_name[name] > 0 ? &s->at[s->of_name[name] - 1] : NULL;
}

/* Have the samples of all names room, with so many steps each? */
static bool have_room(const int64_t *step_counts, size_t count, int64_t each) {
	int64_t left = SERVERS_STEPS_ALL;

	for (size_t i = 0; i < count && left >= 0; i++) {
		left -= step_counts[i] < each ? step_counts[i] : each;
	}
	return left >= 0;
}

size_t servers_room(const int64_t *step_counts, size_t count) {
	size_t low = SERVERS_STEPS_LEAST, above = SERVERS_STEPS_MOST + 1;

	while (above - low > 1) {
		size_t middle = low + (above - low) / 2;
		bool enough = have_room(step_counts, count, (int64_t)middle);
		low = enough ? middle : low;
		above = enough ? above : middle;
	}
	return low;
}

size_t servers_requests_room(size_t steps) {
	return steps / 8 > REQUESTS_LEAST ? steps / 8 : REQUESTS_LEAST;
}

/* Items come in the order of time: a long silence begins another era. */
static void note_era(struct server *one, int64_t at_ns) {
	if (one->era.records > 0 && at_ns - one->era.last_ns > APART_NS) {
		one->main = one->era.records > one->main.records ? one->era : one->main;
		one->era.records = 0;
	}
	one->era.first_ns = one->era.records == 0 ? at_ns : one->era.first_ns;
	one->era.last_ns = at_ns;
	one->era.records++;
}

/* Are a request's own instants years apart? */
static bool is_torn(const struct item *item) {
	const struct request_item *r = (const struct request_item *)item;
	const int64_t instants[] = {r->arrival_ns, r->scheduled_ns, r->first_token_ns, r->finish_ns};

	for (size_t i = 0; item->kind == ITEM_REQUEST && i < sizeof instants / sizeof *instants; i++) {
		if (instants[i] != UNKNOWN && (instants[i] - item->at_ns > APART_NS || item->at_ns - instants[i] > APART_NS)) {
			return true;
		}
	}
	return false;
}

bool servers_is_outside(const struct server *one, const struct item *item) {
	return item->at_ns < one->from_ns || item->at_ns > one->to_ns || is_torn(item);
}

static int collect_items(struct servers *s, struct evidence_reader *r, const struct name_span *span, struct fault *why) {
	const struct item *item;
	int got = 0;

	while ((got = evidence_next(r, &item, why)) > 0 && item->replica < span->to) {
		struct server *one = servers_of(s, item->replica);
		if (servers_is_outside(one, item)) {
			one->outside++;
		} else {
			note_era(one, item->at_ns);
			servers_note_chain(one, item);
			sample_add_item(&one->sample, item, span->room, servers_requests_room(span->room));
		}
	}
	return got;
}

int servers_collect_span(struct servers *s, struct evidence *e, const struct name_span *span, struct fault *why) {
	struct evidence_reader *r;
	int rc = evidence_reader_new(&r, e, why);

	if (rc >= 0) {
		evidence_reader_seek(r, span->from);
		rc = collect_items(s, r, span, why);
	}
	evidence_reader_free(r);
	return rc < 0 ? rc : 0;
}

static int collect(struct servers *s, const struct servers_ask *ask, struct fault *why) {
	int rc = servers_collect_all(s, ask, why);

	for (size_t i = 0; i < s->count; i++) {
		sample_end(&s->at[i].sample);
	}
	return rc;
}

static void set_bounds(struct server *one, int64_t first_ns, int64_t last_ns) {
	one->from_ns = first_ns - APART_NS / 2;
	one->to_ns = last_ns + APART_NS / 2;
}

/* Names with several eras keep the one with the most records. True if there is such a name. */
static bool find_eras(struct servers *s) {
	bool any = false;

	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		bool several = one->main.records > 0;
		one->main = one->era.records > one->main.records ? one->era : one->main;
		if (several) {
			set_bounds(one, one->main.first_ns, one->main.last_ns);
		}
		any |= several;
	}
	return any;
}

void servers_begin_again(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		sample_release(&one->sample);
		begin_sample(s, i, one->named);
		one->main = one->era = (struct era){0};
		one->outside = 0;
	}
}

static void find_outside(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		const struct server *one = &s->at[i];
		const char *name = servers_text(s, one->named);
		if (one->outside > 0) {
			s->change = true;
			quality_finding(s->quality, "clock", name, "--replica", QUALITY_NO_AMOUNT,
			                "%s: %lld %s years away from its other records (wrong clock or unit), not "
					"counted; remove that log, or give it its own name", name, (long long)one->outside,
			                one->outside == 1 ? "record lies" : "records lie");
		}
	}
}

/*
 * Is there one name only, with nothing to compare: not both steps and requests, no records years apart, and steps of one
 * server? Then the evidence need not be read.
 */
static bool is_lone(const struct servers *s, const struct servers_ask *ask) {
	int64_t period_ns;

	if (s->count != 1 || ask->bound_count + ask->adopted_count > 0) {
		return false;
	}
	struct replica_counts c = replicas_counts(ask->replicas, s->at[0].named);
	bool near = !__builtin_sub_overflow(c.arrival.last_ns, c.arrival.first_ns, &period_ns) && period_ns <= APART_NS;
	bool one = c.steps == 0 || (c.arrival.ordered && c.arrival.overlaps * 100 <= c.steps);
	return near && one && (c.steps == 0 || c.requests == 0);
}

/* Requests are compared with steps and windows, and with those of other names that have nothing else. */
static void find_needs(struct servers *s, const struct servers_ask *ask) {
	struct replica_counts all = {.steps = 0};
	size_t alone = 0;

	for (name_id name = 0; name < replicas_end(ask->replicas); name++) {
		struct replica_counts c = replicas_counts(ask->replicas, name);
		all.steps += c.steps;
		all.requests += c.requests;
		all.windows += c.windows;
		alone += c.requests > 0 && c.steps + c.windows == 0;
	}
	bool beside = !ask->each_alone && all.requests > 0 && all.steps + all.windows > 0;
	s->needs_requests = beside || (!ask->each_alone && alone > 1);
	s->needs_loads = beside || (!ask->each_alone && all.windows > 0);
}

int servers_collect(struct servers *s, const struct servers_ask *ask, struct fault *why) {
	find_needs(s, ask);
	servers_begin(s, ask->replicas);
	if (is_lone(s, ask)) {
		return 0;
	}
	for (size_t i = 0; i < ask->bound_count; i++) {
		const struct server_bounds *b = &ask->bounds[i];
		set_bounds(servers_of(s, b->replica), b->first_ns, b->last_ns);
	}
	int rc = collect(s, ask, why);
	if (rc >= 0 && find_eras(s)) {
		servers_begin_again(s);
		rc = collect(s, ask, why);
	}
	find_outside(s);
	return rc;
}
