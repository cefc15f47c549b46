/* Any bytes as a file: compressed, damaged or plain. The result does not depend on the size of blocks. */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "ingest/bytes/source.h"
#include "tests/fuzz/fuzz_help.h"

/* Sums what a file unpacks to, in blocks of a size. */
static uint64_t read_all(const char *path, size_t block_bytes, int64_t *len, const char **reason) {
	struct source_limits limits = {.block_bytes = block_bytes, .max_ratio = 200};
	uint64_t hash = 0;
	struct source *s;
	struct fault why;
	struct text block;

	*len = 0;
	assert(source_open(&s, path, limits, &why) == 0);
	while (source_next(s, &block) && *len < 1 << 22) {
		for (size_t i = 0; i < block.len; i++) {
			hash = (hash ^ (unsigned char)block.at[i]) * UINT64_C(1099511628211);
		}
		*len += (int64_t)block.len;
	}
	*reason = source_damage(s).reason;
	source_free(s);
	return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char path[64];
	int64_t one_len, other_len;
	const char *one_reason, *other_reason;
	int fd = fuzz_file(data, size, path);

	uint64_t one = read_all(path, 0, &one_len, &one_reason);
	uint64_t other = read_all(path, 64, &other_len, &other_reason);
	close(fd);
	/* Complete data are equal; damaged data are damaged with both sizes. */
	assert(!one_reason == !other_reason || one_len >= 1 << 20);
	assert(one_reason || (one_len == other_len && one == other) || one_len >= 1 << 22);
	return 0;
}
