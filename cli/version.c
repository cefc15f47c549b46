#include "cli/version.h"

#include <nettle/version.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <sqlite3.h>
#include <stdio.h>
#include <zlib.h>
#include <zstd.h>
#ifdef TOLLBOOK_ISAL
#include <isa-l.h>
#endif

#include "cli/sandbox.h"

#if defined(__x86_64__)
#define MACHINE "x86-64"
#elif defined(__aarch64__)
#define MACHINE "arm64"
#else
#define MACHINE "other"
#endif

#if defined(__GLIBC__)
#define C_LIBRARY "glibc"
#elif defined(__linux__)
#define C_LIBRARY "musl"
#else
#define C_LIBRARY "the system's"
#endif

#ifdef TOLLBOOK_PG
#define POSTGRESQL "yes, libpq is loaded when a server is named"
#else
#define POSTGRESQL "no"
#endif

static void print_libraries(void) {
	char pcre2[64] = "?";

	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) <= (int)sizeof pcre2) {
		pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
	}
	printf("zlib: %s\nzstd: %s\npcre2: %s\nsqlite: %s\nnettle: %d.%d\n", zlibVersion(), ZSTD_versionString(), pcre2,
	       sqlite3_libversion(), nettle_version_major(), nettle_version_minor());
#ifdef TOLLBOOK_ISAL
	printf("isa-l: %d.%d.%d\n", ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
#else
	puts("isa-l: no");
#endif
}

void version_print(bool verbose) {
	struct sandbox_support sandbox = sandbox_support();

	printf("tollbook %s\n", TOLLBOOK_VERSION);
	printf("sandbox: landlock %d, seccomp %s\n", sandbox.landlock, sandbox.seccomp ? "yes" : "no");
	if (verbose) {
		printf("machine: %s\nC library: %s\ncompiler: %s\npostgresql: %s\n", MACHINE, C_LIBRARY, __VERSION__, POSTGRESQL);
		print_libraries();
	}
}
