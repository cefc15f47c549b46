/* busy_days.h: busy time that no request explains, day by day. Private to attribute/. */
#ifndef ATTRIBUTE_BUSY_DAYS_H
#define ATTRIBUTE_BUSY_DAYS_H

#include <stdint.h>

/* In the period asked for. UTC days are judged one by one, as a book does; all zero at the start. */
struct busy_days {
	int64_t day_ns;
	int64_t busy_ns, unexplained_ns; /* GPU-ns of prefill and decode of the day at hand; of them without a request */
	int64_t much[2];                 /* of days with more than a fiftieth of it: unexplained, and busy */
};

/* Time has come to a segment. */
void busy_days_move(struct busy_days *b, int64_t at_ns);
void busy_days_end(struct busy_days *b);

#endif
