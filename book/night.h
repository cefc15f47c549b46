/* night.h: the cron job: reads new logs, restates what changed, writes the reports. */
#ifndef BOOK_NIGHT_H
#define BOOK_NIGHT_H

#include "book/settings.h"

struct night_settings {
	const char *config; /* path of the configuration (schemas/config.schema.json) */
	int64_t portion;    /* commit after this many new logs; 0: the default */
};

/*
 * The configuration's settings replace those of `set`, except its book, which is used if it has one; `set` has no
 * prices. EXIT_TIED_OUT, EXIT_FINDINGS, or negative. If killed at any moment, nothing is lost: run it again.
 */
int night_run(const struct night_settings *asked, const struct book_settings *set, const struct terminal *t, struct fault *why);

/* What a night would fail for: fleet, prices, keys and folders of reports. Writes nothing. */
int night_check(const struct night_settings *asked, const struct book_settings *set, const struct terminal *t, struct fault *why);

#endif
