/* intensity.h: grams of CO2 per kWh over time. Private to report/estimate/. */
#ifndef REPORT_ESTIMATE_INTENSITY_H
#define REPORT_ESTIMATE_INTENSITY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/exact.h"

/* Each row applies until the next one, the last for an hour. A constant is one row without an end. */
struct intensity {
	struct intensity_row {
		int64_t from_ns, nano; /* grams per kWh in nano */
	} *rows;
	size_t count;
	bool constant;
};

/*
 * A decimal; or a CSV file with an instant in the first column (RFC 3339, or a date and time treated as UTC) and
 * grams in the first column with "intensity" or "gCO2" in its name, else in the second. Rows ascend.
 */
int intensity_read(struct intensity *t, const char *value, struct fault *why);
void intensity_release(struct intensity *t);
/* False: no value for this instant. */
bool intensity_at(const struct intensity *t, int64_t at_ns, int64_t *nano);

#endif
