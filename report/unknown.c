/* What a cache had of prompts, where logs do not report it: not known, which is not 0. */
#include <stdlib.h>
#include <string.h>

#include "report/statement.h"

/* Bits, by the name of a replica; of a gateway's log for what was bought. */
enum { OF_SERVERS = 1, OF_BOUGHT = 2 };

static void note(struct statement *s, const struct quality_notice *n) {
	const char *kind = n->field[NOTICE_KIND] ? n->field[NOTICE_KIND] : "", *subject = n->field[NOTICE_SUBJECTS];
	int bit = strcmp(kind, QUALITY_CACHED_UNKNOWN) == 0 ? OF_SERVERS : strcmp(kind, QUALITY_BOUGHT_CACHED_UNKNOWN) == 0 ? OF_BOUGHT : 0;
	/* Its entries may come later, and with them its name. */
	name_id id = bit && subject ? names_id((struct names *)(uintptr_t)s->options.names, text_of(subject)) : 0;

	if (id >= s->lacks_cached_count) {
		s->lacks_cached = must_realloc(s->lacks_cached, (size_t)id + 1);
		memset(s->lacks_cached + s->lacks_cached_count, 0, (size_t)id + 1 - s->lacks_cached_count);
		s->lacks_cached_count = (size_t)id + 1;
	}
	s->lacks_cached[id] |= (unsigned char)bit;
}

static void collect(struct statement *s) {
	size_t count = 0;
	const struct quality_notice *n = s->options.stated ? quality_notices(s->options.stated, NOTICE_ASSUMPTION, &count) : NULL;

	s->lacks_cached = must_calloc(1, sizeof *s->lacks_cached);
	s->lacks_cached_count = 1;
	for (size_t i = 0; i < count; i++) {
		note(s, &n[i]);
	}
}

bool unknown_cached(struct statement *s, const struct entry *e, bool bought) {
	if (!s->lacks_cached) {
		collect(s);
	}
	return e->kind == ENTRY_INPUT && e->replica < s->lacks_cached_count && (s->lacks_cached[e->replica] & (bought ? OF_BOUGHT : OF_SERVERS));
}

/* Does a log show that caches had some of the prompts? */
static bool has_hits(const struct quality *q) {
	size_t count;
	const struct quality_notice *n = quality_notices(q, NOTICE_ASSUMPTION, &count);

	for (size_t i = 0; i < count; i++) {
		if (n[i].field[NOTICE_KIND] && strcmp(n[i].field[NOTICE_KIND], QUALITY_CACHE_HITS) == 0) {
			return true;
		}
	}
	return false;
}

void unknown_report(const struct statement *s, struct quality *q) {
	if (!s->total.cached_unknown) {
		return;
	}
	quality_missing(q, "cached input",
	                "cached tokens by request: start vLLM with --enable-prompt-tokens-details, SGLang with --enable-cache-report, and log what "
	                "they answer; or scrape /metrics, also where several API servers switch statistics off",
	                "--enable-prompt-tokens-details");
	if (has_hits(q)) {
		quality_finding(q, "cached-unknown", NULL, "--enable-prompt-tokens-details", QUALITY_NO_AMOUNT,
		                "caches had part of the prompts, by their hit rate, but no log reports how much: cached input is not known and not in "
		                "the figures; vLLM reports it with --enable-prompt-tokens-details");
	}
}
