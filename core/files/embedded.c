#include "core/files/embedded.h"

#include <assert.h>
#include <zlib.h>

#include "core/error.h"

/* What `gzip -n` writes before the compressed bytes; they are the program's own, so that their sum is not checked. */
#define GZIP_HEADER 10
#define RAW_WINDOW (-15)

struct text embedded_unpack(const char *packed, size_t len) {
	const unsigned char *end = (const unsigned char *)packed + len - 4; /* the length, lowest byte first */
	size_t size = (size_t)end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 | (size_t)end[3] << 24;
	char *out = must_alloc(size + 1);
	z_stream z = {.next_in = (Bytef *)(uintptr_t)packed + GZIP_HEADER, .avail_in = (uInt)len - GZIP_HEADER, .next_out = (Bytef *)out, .avail_out = (uInt)size};

	if (inflateInit2(&z, RAW_WINDOW) != Z_OK) {
		die_out_of_memory();
	}
	int rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	assert(rc == Z_STREAM_END && z.avail_out == 0);
	out[size] = '\0';
	return (struct text){out, size};
}
