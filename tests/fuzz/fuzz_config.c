/* Any bytes as the configuration of nights: an error with its place, or settings. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "book/config.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct config c = {0};
	struct fault why = {0};
	char path[64];
	int fd = fuzz_file(data, size, path);

	if (config_read(&c, path, &why) < 0) {
		assert(strncmp(why.message, path, strlen(path)) == 0);
	} else {
		config_release(&c);
	}
	close(fd);
	return 0;
}
