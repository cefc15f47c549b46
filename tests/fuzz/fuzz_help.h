/* fuzz_help.h: shared by the fuzz targets. */
#ifndef TESTS_FUZZ_HELP_H
#define TESTS_FUZZ_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a file that exists in memory alone; its path is written to `path`. Returns its descriptor, to close. */
int fuzz_file(const uint8_t *data, size_t size, char path[64]);

static inline struct text fuzz_text(const uint8_t *data, size_t size) {
	return (struct text){(const char *)data, size};
}

/* The next line of `*rest`, without its end; false when there are no more. */
bool fuzz_line(struct text *rest, struct text *line);

#endif
