/* busy_days.h: busy time that no request explains, day by day. Private to attribute/. */
#ifndef ATTRIBUTE_BUSY_DAYS_H
#define ATTRIBUTE_BUSY_DAYS_H

#include <stdint.h>

/* In the requested period. UTC days are judged one by one, as in a book; all zero at the start. */
struct busy_days {
	int64_t day_ns;
	/* GPU-ns of prefill and decode of the current day; the part without a request */
	int64_t busy_ns, unexplained_ns;
	/* of days with more than a fiftieth without a request: unexplained, and busy */
	int64_t much[2];
};

/* Advances to a segment. */
void busy_days_move(struct busy_days *b, int64_t at_ns);
void busy_days_end(struct busy_days *b);

#endif
