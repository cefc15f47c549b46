#include "book/clock.h"

#include <inttypes.h>

#include "core/exact.h"
#include "core/instant.h"

int clock_now(struct book *b, int64_t *now_ns, struct fault *why) {
	struct ledger_run last;
	char then[INSTANT_TEXT_MAX];
	int rc = ledger_run_get(b->ledger, b->run.id - 1, &last, why);

	*now_ns = book_now_ns();
	if (b->clock == CLOCK_UNASKED) {
		b->clock = b->run.first_ns > b->run.last_ns ? CLOCK_DOUBTED : CLOCK_TRUSTED;
	}
	if (rc > 0 && last.finished_ns > *now_ns) {
		if (last.finished_ns - *now_ns > NS_PER_HOUR) {
			b->clock = CLOCK_DOUBTED;
			quality_finding(&b->quality, "clock", NULL, NULL, QUALITY_NO_AMOUNT, "the system clock is before the end of the last run (%s): is it right?",
			                instant_format(last.finished_ns, then));
		}
		*now_ns = last.finished_ns;
	}
	return rc;
}

bool clock_sets_aside(const struct book *b, int64_t in_future, int64_t records) {
	return b->clock != CLOCK_TRUSTED && in_future > records / 9;
}

void clock_report_aside(struct book *b, const char *path, int64_t in_future, int64_t records, int64_t now_ns) {
	char now[INSTANT_TEXT_MAX];

	quality_finding(&b->quality, "clock", path, NULL, QUALITY_NO_AMOUNT,
	                "%s: set aside, no record of it was stored: the system clock is at %s, and %" PRId64 " of its %" PRId64
	                " records are more than a day later; set the clock, or correct the timestamps, and run the command again",
	                path, instant_format(now_ns / NS_PER_SECOND * NS_PER_SECOND, now), in_future, in_future + records);
}
