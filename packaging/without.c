/*
 * What Debian's SQLite has and no ledger uses: full-text search, R-trees, and trigonometric functions with libm's tables for them; a
 * ninth of a static program. packaging/static links these definitions in their place and fails if tollbook's code calls one.
 */
#include <stdlib.h>

/* An extension that registers nothing when a ledger is opened. */
#define WITHOUT_EXTENSION(name) \
	int name(void *database); \
	int name(void *database) { \
		(void)database; \
		return 0; \
	}

/* A function that only SQL could call: the SQL of tollbook calls none. */
#define WITHOUT_FUNCTION(name) \
	double name(double x); \
	double name(double x) { \
		(void)x; \
		abort(); \
	}
#define WITHOUT_FUNCTION_OF_TWO(name) \
	double name(double y, double x); \
	double name(double y, double x) { \
		(void)y; \
		(void)x; \
		abort(); \
	}

WITHOUT_EXTENSION(sqlite3Fts3Init)
WITHOUT_EXTENSION(sqlite3Fts5Init)
WITHOUT_EXTENSION(sqlite3RtreeInit)

WITHOUT_FUNCTION(acos)
WITHOUT_FUNCTION(acosh)
WITHOUT_FUNCTION(asin)
WITHOUT_FUNCTION(asinh)
WITHOUT_FUNCTION(atan)
WITHOUT_FUNCTION(atanh)
WITHOUT_FUNCTION(cos)
WITHOUT_FUNCTION(cosh)
WITHOUT_FUNCTION(sin)
WITHOUT_FUNCTION(sinh)
WITHOUT_FUNCTION(tan)
WITHOUT_FUNCTION(tanh)
WITHOUT_FUNCTION_OF_TWO(atan2)
