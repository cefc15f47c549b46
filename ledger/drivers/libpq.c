#ifdef TOLLBOOK_PG
#include "ledger/drivers/libpq.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifdef __APPLE__
#define LIBRARY "libpq.5.dylib"
#else
#define LIBRARY "libpq.so.5"
#endif

int libpq_load(struct libpq *pq, struct fault *why) {
	static const struct {
		const char *name;
		size_t at;
	} symbols[] = {
#define LIBPQ_ROW(name) {#name, offsetof(struct libpq, name)},
		LIBPQ_FUNCTIONS(LIBPQ_ROW)
#undef LIBPQ_ROW
	};
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	bool all = library != NULL;

	for (size_t i = 0; all && i < sizeof symbols / sizeof *symbols; i++) {
		void *function = dlsym(library, symbols[i].name);
		memcpy((char *)pq + symbols[i].at, &function, sizeof function);
		all = function != NULL;
	}
	return all ? 0 : fault_set(why, ERROR_CONFIG, "ledgers in PostgreSQL need its client library %s; on Debian: apt-get install libpq5",
	                           LIBRARY);
}
#else
typedef int nothing_here; /* ISO C wants a declaration */
#endif
