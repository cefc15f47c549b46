/* verify_fits.h: are the fits that the book keeps those that its records give? */
#ifndef INSPECT_VERIFY_FITS_H
#define INSPECT_VERIFY_FITS_H

#include "book/book.h"

/* The fits of a day: `part` distinguishes them. */
struct day_fits {
	struct day_fit {
		char *part, *json;
	} *at;
	size_t count;
};

/* A fit_sink. */
int day_fits_add(void *fits, int64_t day_ns, struct text part, struct text json);
/* Those that the book keeps. */
int day_fits_kept(struct day_fits *out, struct ledger *l, int64_t day_ns, struct fault *why);
/* Without what else is kept of the day. */
size_t day_fits_count(const struct day_fits *d);
void day_fits_release(struct day_fits *d);

/* Says each difference in a sentence, with what mends it. */
void day_fits_compare(const struct day_fits *again, const struct day_fits *kept, int64_t day_ns, bool closed,
                      ledger_finding_sink *say, void *context);

#endif
