#include "ledger/driver.h"

/* Those with a scheme first: a path is what is left. */
static const struct driver *const drivers[] = {&postgres_driver, &sqlite_driver};

const struct driver *driver_for(const char *where) {
	for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
		if (text_starts(text_of(where), text_of(drivers[i]->scheme))) {
			return drivers[i];
		}
	}
	return NULL;
}
