/* version.h: --version: what this program is, and with -v what it was built with. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#include <stdbool.h>

/* To standard output: version and sandbox; verbose: features, libraries as loaded, formats of files. */
void version_print(bool verbose);

#endif
