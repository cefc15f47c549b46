#include "ledger/drivers/driver.h"

const struct driver *driver_for(const char *where) {
	for (const char *const *scheme = postgres_driver.schemes; *scheme; scheme++) {
		if (text_starts(text_of(where), text_of(*scheme))) {
			return &postgres_driver;
		}
	}
	return &sqlite_driver;
}
