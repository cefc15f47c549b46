#ifdef TOLLBOOK_PG
#include "ledger/drivers/libpq.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#ifdef __APPLE__
#define LIBRARY "libpq.5.dylib"
#else
#define LIBRARY "libpq.so.5"
#endif

static bool load_symbol(void *library, const char *name, void *function, size_t bytes) {
	void *at = dlsym(library, name);

	memcpy(function, &at, bytes);
	return at != NULL;
}

int libpq_load(struct libpq *pq, struct fault *why) {
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	bool all = library != NULL;

#define LIBPQ_TAKE(name) all = all && load_symbol(library, #name, &pq->name, sizeof pq->name);
	LIBPQ_FUNCTIONS(LIBPQ_TAKE)
#undef LIBPQ_TAKE
	return all ? 0 : fault_set(why, ERROR_CONFIG, "ledgers in PostgreSQL need its client library %s; on Debian: apt-get install libpq5",
	                           LIBRARY);
}
#else
typedef int nothing_here; /* ISO C wants a declaration */
#endif
