#include "attribute/split/requests/waits.h"

#include "core/instant.h"

/* An engine takes a request in within this time, and this for each of its tokens, which are prepared first. */
#define TAKES_IN_NS 10000000
#define TOKEN_NS 5000
/* It is a finding if a part of them waited, and so many; any number if no steps explain the day's requests either. */
#define LATE_PART 4 /* a quarter */
#define LATE_LEAST 4
#define UNEXPLAINED_LEAST 20

void waits_end(struct waits *w, struct pass *pass) {
	const char *name = names_text(pass->common->options->names, pass->summary->replica).at;

	bool unexplained = !w->rebuilt && w->count >= UNEXPLAINED_LEAST && w->late > 0;

	if (LATE_PART * w->late >= w->alone && (w->late >= LATE_LEAST || unexplained)) {
		quality_finding(pass->quality, "requests-incomplete", name, NULL, QUALITY_NO_AMOUNT,
				"replica %s: of %lld requests that arrived while no other was in flight, %lld waited for over 10 ms: the "
				"engine was busy with requests that no log has (a sampler of traces left them out, or another rank has "
				"them), and all figures lack those: export all requests (OTEL_TRACES_SAMPLER=always_on), or add the engine's "
				"log",
				name, (long long)w->alone, (long long)w->late);
	}
	w->count = w->alone = w->late = 0;
}

void waits_add(struct waits *w, struct pass *pass, const struct request_item *r, bool rebuilt) {
	int64_t day_ns = instant_floor(r->head.at_ns, NS_PER_DAY);

	if (r->exclusive || r->part == PART_DECODE || r->arrival_ns == UNKNOWN || r->scheduled_ns == UNKNOWN || r->finish_ns == UNKNOWN) {
		return;
	}
	if (day_ns != w->day_ns) {
		waits_end(w, pass);
		w->day_ns = day_ns;
	}
	w->rebuilt = rebuilt;
	w->count++;
	if (r->arrival_ns >= w->until_ns) {
		w->alone++;
		w->late += r->scheduled_ns - r->arrival_ns > TAKES_IN_NS + TOKEN_NS * (int64_t)r->prompt_tokens;
	}
	w->until_ns = r->finish_ns > w->until_ns ? r->finish_ns : w->until_ns;
}
