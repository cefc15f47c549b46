#include "attribute/servers/identity_events.h"

#include <stdlib.h>

#include "core/error.h"
#include "core/exact.h"

#define MS (NS_PER_SECOND / 1000)
#define UNSTATED INT64_MIN
/* First tokens this close together are one event of several prompts. */
#define ONE_EVENT_NS MS

/* The block of tokens in which vLLM caches: where cached tokens are unknown, prompts differ by multiples of it. */
#define CACHE_BLOCK 16

static void add(struct events *e, struct event one) {
	e->at[e->count++] = one;
}

static bool is_full(const struct id_step *s, int64_t most) {
	return (int64_t)s->prefill_tokens + s->decoders >= most;
}

/*
 * When steps end: for a timestamp truncated to the second, the middle of the possible range between the adjacent
 * steps.
 */
static int64_t *ends_of(const struct id_steps *s) {
	int64_t *ends = must_alloc((s->count + 1) * sizeof *ends), latest = INT64_MAX;

	for (size_t i = s->count; i-- > 0;) {
		const struct id_step *x = &s->at[i];
		int64_t end = x->end_ns, second = end - end % NS_PER_SECOND + NS_PER_SECOND;
		ends[i] = end;
		if (x->coarse) {
			latest = second < latest ? second : latest;
			latest = latest > end ? latest : end;
			ends[i] = end + (latest - end) / 2;
			latest -= x->duration_ns;
		}
	}
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
	if (b.first.count > 0) {
		qsort(b.first.at, b.first.count, sizeof *b.first.at, by_instant);
	}
	if (b.end.count > 0) {
		qsort(b.end.at, b.end.count, sizeof *b.end.at, by_instant);
	}
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

size_t events_from(const struct events *e, int64_t at_ns) {
	return SORTED_FROM(e->at, e->count, struct event, at_ns, at_ns);
}
