/* each.h: a fault at every call of a night. */
#ifndef TESTS_SIMULATOR_EACH_H
#define TESTS_SIMULATOR_EACH_H

#include "tests/simulator/world.h"

/* `part`: "0" to "9", each tenth call from there on, or "all". EXIT_TIED_OUT where all held, EXIT_FINDINGS where not. */
int each_call(const char *part, uint64_t seed, bool verbose, FILE *nowhere);

#endif
