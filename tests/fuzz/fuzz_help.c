#define _GNU_SOURCE /* memfd_create */
#include "tests/fuzz/fuzz_help.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int fuzz_file(const uint8_t *data, size_t size, char path[64]) {
	int fd = memfd_create("fuzz", 0);

	assert(fd >= 0);
	for (size_t at = 0; at < size;) {
		ssize_t put = write(fd, data + at, size - at);
		assert(put > 0);
		at += (size_t)put;
	}
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

bool fuzz_line(struct text *rest, struct text *line) {
	if (rest->len == 0) {
		return false;
	}
	if (!text_until(rest, T("\n"), line)) {
		*line = *rest;
		*rest = text_cut(*rest, rest->len, rest->len);
	}
	return true;
}
