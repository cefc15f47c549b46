/* version.h: --version: name and version, and with -v how it was built. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#include <stdbool.h>

/* To standard output: version and sandbox; verbose: features, libraries as loaded, formats of files. */
void version_print(bool verbose);

#endif
