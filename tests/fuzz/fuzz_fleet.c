/* Any bytes as a fleet file: an error that names its place, or a fleet that can be asked. */
#include <assert.h>
#include <unistd.h>

#include "attribute/fleet.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char path[64];
	struct fault why = {{0}};
	struct names *names = names_new();
	int fd = fuzz_file(data, size, path);
	struct fleet *f = fleet_read(path, names, &why);

	if (!f) {
		assert(why.message[0]);
	} else {
		int64_t until;
		const struct pool *p = fleet_pool_of(f, names, names_id(names, T("h100-07")), names_id(names, T("llama-3.1-70b")));
		if (p) {
			pool_rate_at(p, INT64_C(1793491200000000000), &until);
		}
		fleet_free(f);
	}
	names_free(names);
	close(fd);
	return 0;
}
