/* Any bytes as a catalogue of GPUs: an error with a place, or GPUs that their names find. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "core/model/roofline.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct gpu_catalogue *c = NULL;
	struct fault why = {0};
	char path[64];
	int fd = fuzz_file(data, size, path);

	if (gpu_catalogue_read(&c, path, &why) < 0) {
		assert(strncmp(why.message, path, strlen(path)) == 0);
	} else {
		for (size_t i = 0; i < gpu_catalogue_count(c); i++) {
			const struct gpu *g = gpu_catalogue_at(c, i);
			assert(g->memory_bytes > 0 && g->bandwidth > 0);
			gpu_find(c, text_of(g->name));
			gpu_likeness(c, i, T("NVIDIA H100 80GB HBM3"));
		}
		gpu_find(c, fuzz_text(data, size < 60 ? size : 60));
		gpu_catalogue_free(c);
	}
	close(fd);
	return 0;
}
