/* verify_fits.h: do the stored fits match those recomputed from records? */
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
/* The stored ones. */
int day_fits_kept(struct day_fits *out, struct ledger *l, int64_t day_ns, struct fault *why);
/* Without other data stored for the day. */
size_t day_fits_count(const struct day_fits *d);
void day_fits_release(struct day_fits *d);

/* Reports each difference in a sentence, with what to do. */
void day_fits_compare(const struct day_fits *again, const struct day_fits *kept, int64_t day_ns, bool closed,
                      ledger_finding_sink *say, void *context);

#endif
