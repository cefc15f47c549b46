/* Cached tokens that logs do not report: unknown, not 0. */
#include <stdlib.h>
#include <string.h>

#include "report/statement.h"

/* Days of a replica, or, of what was bought, of a gateway's log. */
struct unknown_span {
	name_id replica;
	bool bought;
	int64_t from_ns, to_ns;
};

static void note(struct statement *s, const struct quality_notice *n) {
	const char *kind = n->field[NOTICE_KIND] ? n->field[NOTICE_KIND] : "", *subject = n->field[NOTICE_SUBJECTS];
	struct unknown_span span = {.bought = strcmp(kind, QUALITY_BOUGHT_CACHED_UNKNOWN) == 0};

	if (!subject || !(span.bought || strcmp(kind, QUALITY_CACHED_UNKNOWN) == 0)) {
		return;
	}
	/* Its entries, and with them its name, may come later. */
	span.replica = names_id((struct names *)(uintptr_t)s->options.names, text_of(subject));
	const char *days = n->field[NOTICE_VALUE] ? n->field[NOTICE_VALUE] : "always";
	while (quality_days_next(&days, &span.from_ns, &span.to_ns)) {
		s->lacks_cached = must_realloc(s->lacks_cached, (s->lacks_cached_count + 1) * sizeof *s->lacks_cached);
		s->lacks_cached[s->lacks_cached_count++] = span;
	}
}

static int by_replica(const void *a, const void *b) {
	const struct unknown_span *x = a, *y = b;

	return (x->replica > y->replica) - (x->replica < y->replica);
}

static void collect(struct statement *s) {
	size_t count = 0;
	const struct quality_notice *n = s->options.stated ? quality_notices(s->options.stated, NOTICE_ASSUMPTION, &count) : NULL;

	s->lacks_cached = must_calloc(1, sizeof *s->lacks_cached);
	for (size_t i = 0; i < count; i++) {
		note(s, &n[i]);
	}
	qsort(s->lacks_cached, s->lacks_cached_count, sizeof *s->lacks_cached, by_replica);
}

/* The first span of a replica, or where to insert it. */
static size_t first_of(const struct statement *s, name_id replica) {
	size_t low = 0, high = s->lacks_cached_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->lacks_cached[middle].replica < replica) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

bool unknown_any(struct statement *s) {
	if (!s->lacks_cached) {
		collect(s);
	}
	return s->lacks_cached_count > 0;
}

bool unknown_cached(struct statement *s, const struct entry *e, bool bought) {
	if (!unknown_any(s)) {
		return false;
	}
	bool found = false;
	for (size_t i = first_of(s, e->replica); e->kind == ENTRY_INPUT && i < s->lacks_cached_count && !found; i++) {
		const struct unknown_span *u = &s->lacks_cached[i];
		if (u->replica != e->replica) {
			break;
		}
		found = u->bought == bought && e->slot_ns >= u->from_ns && e->slot_ns < u->to_ns;
	}
	return found;
}

/* Requests alone, of gateways and clients: what the engines' logs would add is not known to their readers. */
static void report_requests_alone(const struct statement *s, struct quality *q) {
	size_t count;
	const struct quality_notice *n = quality_notices(q, NOTICE_MISSING, &count);
	bool advised = q->requests == 0 || q->steps + q->windows > 0 || !statement_wants_better(s);

	for (size_t i = 0; i < count && !advised; i++) {
		advised = strcmp(n[i].field[NOTICE_KIND], QUALITY_BETTER) == 0;
	}
	if (!advised) {
		quality_missing(q, QUALITY_BETTER, "the server's own log (grade B with a line per step): only requests were read, whose times overlap",
		                NULL);
	}
}

void unknown_report(const struct statement *s, struct quality *q) {
	report_requests_alone(s, q);
	if (!s->total.cached_unknown) {
		return;
	}
	quality_missing(q, "cached input",
	                "cached tokens by request: start vLLM with --enable-prompt-tokens-details, SGLang with --enable-cache-report, and log what "
	                "they answer; or scrape /metrics, also where several API servers switch statistics off",
	                "--enable-prompt-tokens-details");
	if (quality_has_notice(q, NOTICE_ASSUMPTION, NOTICE_KIND, QUALITY_CACHE_HITS)) {
		quality_finding(q, "cached-unknown", NULL, "--enable-prompt-tokens-details", QUALITY_NO_AMOUNT,
		                "caches contained part of the prompts, by their hit rate, but no log reports how much: cached input is not known and not in "
		                "the figures; vLLM reports it with --enable-prompt-tokens-details");
	}
}

size_t unpriced_bought(const struct statement *s, size_t *all) {
	size_t unpriced = 0;

	*all = 0;
	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &table_at(&s->models, i)->block;
		*all += b->has_bought;
		unpriced += b->has_bought && !b->list_known;
	}
	return unpriced;
}
