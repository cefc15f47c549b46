#include "attribute/servers/identity_events.h"

#include <stdlib.h>

#include "core/error.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/sorted.h"

#define MS (NS_PER_SECOND / 1000)
#define UNSTATED INT64_MIN
/* First tokens this close together are one event of several prompts. */
#define ONE_EVENT_NS MS


/* More time of the host between two steps is not assumed. */
#define HOST_MOST_NS (20 * MS)
/* Longer steps are mistakes. */
#define JOINED_MOST_NS (3600 * NS_PER_SECOND)

static void add(struct events *e, struct event one) {
	e->at[e->count++] = one;
}

static bool is_full(const struct id_step *s, int64_t most) {
	return (int64_t)s->prefill_tokens + s->decoders >= most;
}

/* ---- timestamps truncated to the second ---- */

/* Do all sequences come from elsewhere, with their prompts computed? Then a step may begin with them after a pause. */
static bool only_generates(const struct id_steps *s) {
	int64_t prefill_ntok = 0, decode_ntok = 0;

	for (size_t i = 0; i < s->count; i++) {
		prefill_ntok += s->at[i].prefill_tokens;
		decode_ntok += s->at[i].decoders;
	}
	return events_hardly(prefill_ntok, decode_ntok);
}

/* Does a step begin when the one before it ends? While sequences decode, an engine does not wait. */
static bool is_joined(const struct id_steps *s, bool joins, size_t i) {
	return joins && i > 0 && i < s->count && s->at[i].follows && s->at[i].decoders > 0 && s->at[i].coarse && s->at[i - 1].coarse &&
	       s->at[i].duration_ns < JOINED_MOST_NS;
}

static int64_t second_of(const struct id_step *x) {
	return instant_floor(x->end_ns, NS_PER_SECOND);
}

/* The host's time between two joined steps: that between changes of the second, less the durations of the steps in between. */
static int64_t host_time(const struct id_steps *s, bool joins) {
	int64_t sum_ns = 0, steps = 0, durations_ns = 0;
	size_t last = 0; /* the last change + 1; 0: none in these joined steps */

	for (size_t i = 1; i < s->count; i++) {
		bool joined = is_joined(s, joins, i);
		last = joined ? last : 0;
		durations_ns = joined ? durations_ns + s->at[i].duration_ns : 0;
		if (!joined || second_of(&s->at[i]) == second_of(&s->at[i - 1])) {
			continue;
		}
		if (last > 0) {
			sum_ns += second_of(&s->at[i]) - second_of(&s->at[last - 1]) - durations_ns;
			steps += (int64_t)(i + 1 - last);
		}
		last = i + 1;
		durations_ns = 0;
	}
	int64_t mean_ns = steps > 0 ? sum_ns / steps : 0;
	return mean_ns < 0 ? 0 : mean_ns < HOST_MOST_NS ? mean_ns : HOST_MOST_NS;
}

/*
 * When steps end: for a timestamp truncated to the second, the middle of the possible range. A step ends before the next
 * one begins; of joined steps, each one's range also follows from the next one's and from the last one's.
 */
static int64_t *ends_of(const struct id_steps *s) {
	int64_t *ends = must_alloc((s->count + 1) * sizeof *ends), *from = must_alloc((s->count + 1) * sizeof *from);
	bool joins = !only_generates(s);
	int64_t latest = INT64_MAX, earliest = 0, host_ns = host_time(s, joins);

	for (size_t i = s->count; i-- > 0;) { /* ends: the latest ones */
		const struct id_step *x = &s->at[i];
		from[i] = ends[i] = x->end_ns;
		if (x->coarse) {
			int64_t last = second_of(x) + NS_PER_SECOND, after_ns = is_joined(s, joins, i + 1) ? host_ns : 0;
			ends[i] = latest != INT64_MAX && latest - after_ns < last ? latest - after_ns : last;
			ends[i] = ends[i] > x->end_ns ? ends[i] : x->end_ns;
			from[i] = is_joined(s, joins, i + 1) && earliest - host_ns > x->end_ns ? earliest - host_ns : x->end_ns;
			latest = ends[i] - x->duration_ns;
			earliest = from[i] - x->duration_ns;
		}
	}
	for (size_t i = 0; i < s->count; i++) { /* from their first to their last ones, and from the last step on */
		const struct id_step *x = &s->at[i];
		if (x->coarse) {
			int64_t after_ns = x->duration_ns + host_ns;
			latest = is_joined(s, joins, i) && latest + after_ns < ends[i] ? latest + after_ns : ends[i];
			earliest = is_joined(s, joins, i) && earliest + after_ns > from[i] ? earliest + after_ns : from[i];
			ends[i] = earliest + (latest - earliest) / 2;
		}
	}
	free(from);
	return ends;
}

struct both events_of_steps(const struct id_steps *s) {
	struct both b = {{must_alloc((s->count + 1) * sizeof(struct event)), 0}, {must_alloc((s->count + 1) * sizeof(struct event)), 0}};
	int64_t most = 0, *ends = ends_of(s);

	for (size_t i = 0; i < s->count; i++) {
		int64_t all = (int64_t)s->at[i].prefill_tokens + s->at[i].decoders;
		most = all > most ? all : most;
	}
	for (size_t i = 0; i < s->count; i++) {
		const struct id_step *x = &s->at[i];
		bool clean = i > 0 && x->follows && !is_full(x, most) && !is_full(x - 1, most);
		if (x->prompts > 0) {
			add(&b.first, (struct event){ends[i], x->prefill_tokens, x->prompts, clean});
		}
		int64_t joining = clean ? x->prompts : x->prompts > 0 ? x->prompts - 1 : 0;
		if (i + 1 < s->count && x[1].follows && x[1].decoders < x->decoders + joining) {
			add(&b.end, (struct event){.at_ns = ends[i]});
		}
	}
	free(ends);
	return b;
}

static int by_instant(const void *a, const void *b) {
	const struct event *x = a, *y = b;

	return exact_order(x->at_ns, y->at_ns);
}

bool events_in_seconds(const struct id_requests *r) {
	size_t whole = 0, stamped = 0;

	for (size_t i = 0; i < r->count; i++) {
		int64_t at = r->at[i].first_ns != UNSTATED ? r->at[i].first_ns : r->at[i].finish_ns;
		stamped += at != UNSTATED;
		whole += at != UNSTATED && at % NS_PER_SECOND == 0;
	}
	return stamped >= 2 && whole * 10 >= stamped * 9;
}

struct both events_of_requests(const struct id_requests *r) {
	bool seconds = events_in_seconds(r);
	int64_t middle = seconds ? NS_PER_SECOND / 2 : 0;

	struct both b = {{must_alloc((r->count + 1) * sizeof(struct event)), 0}, {must_alloc((r->count + 1) * sizeof(struct event)), 0}};

	for (size_t i = 0; i < r->count; i++) {
		const struct id_request *q = &r->at[i];
		if (q->first_ns != UNSTATED) {
			add(&b.first, (struct event){q->first_ns + middle, q->prompt_tokens, 1, true});
		}
		if (q->finish_ns != UNSTATED) {
			add(&b.end, (struct event){.at_ns = q->finish_ns + middle});
		}
	}
	sort_items(b.first.at, b.first.count, sizeof *b.first.at, by_instant);
	sort_items(b.end.at, b.end.count, sizeof *b.end.at, by_instant);
	/* Prompts of one step */
	size_t kept = 0;
	for (size_t i = 0; i < b.first.count; i++) {
		struct event *last = kept > 0 ? &b.first.at[kept - 1] : NULL;
		if (last && !seconds && b.first.at[i].at_ns - last->at_ns <= ONE_EVENT_NS) {
			last->tokens += b.first.at[i].tokens;
			last->prompts++;
		} else {
			b.first.at[kept++] = b.first.at[i];
		}
	}
	b.first.count = kept;
	return b;
}

void events_release(struct both *b) {
	free(b->first.at);
	free(b->end.at);
}

unsigned events_compare(const struct event *step, const struct event *request, bool cached_known) {
	int64_t more = request->tokens - step->tokens;

	if (!step->clean || step->prompts != request->prompts) {
		return 0;
	}
	bool agree = cached_known ? more == 0 : more >= 0 && more % CACHE_BLOCK == 0;
	return agree ? EVENT_TESTABLE | EVENT_TOKENS : EVENT_TESTABLE;
}

int64_t events_sort(int64_t *values, size_t count) {
	if (count == 0) {
		return 0;
	}
	qsort(values, count, sizeof *values, exact_order_at);
	return values[count / 2];
}

size_t events_from(const struct events *e, int64_t at_ns) {
	return SORTED_FROM(e->at, e->count, struct event, at_ns, at_ns);
}
