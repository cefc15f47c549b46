#include "attribute/split/busy_days.h"

#include "core/instant.h"

/* Less of a day's busy time without a request has other causes. */
#define MUCH_PART 50

void busy_days_end(struct busy_days *b) {
	if (b->unexplained_ns > b->busy_ns / MUCH_PART) {
		b->much[0] += b->unexplained_ns;
		b->much[1] += b->busy_ns;
	}
	b->busy_ns = b->unexplained_ns = 0;
}

void busy_days_move(struct busy_days *b, int64_t at_ns) {
	int64_t day_ns = instant_floor(at_ns, NS_PER_DAY);

	if (day_ns != b->day_ns) {
		busy_days_end(b);
		b->day_ns = day_ns;
	}
}
