/* Any bytes as the header of a GGUF file: an error, or a model with sizes and times that are numbers. */
#include <assert.h>
#include <math.h>

#include "core/model/modelspec_read.h"
#include "core/model/roofline.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct gpu card = {.flops = {INT64_C(1000000000000)}, .bandwidth = INT64_C(1000000000), .memory_bytes = INT64_C(80000000000)};
	struct modelspec m;
	struct roofline r;
	struct roofline_step s;
	struct fault why = {0};

	if (modelspec_read_gguf("fuzz", fuzz_text(data, size), &m, &why) < 0) {
		assert(why.message[0]);
		return 0;
	}
	roofline_init(&r, &m, &card, 1, 0.5, 0.7);
	assert(r.size.params > 0 && r.size.active_params > 0 && r.size.active_params <= r.size.params);
	assert(r.size.kv_token_bytes >= 0 && r.size.weight_bytes > 0);
	roofline_step(&r, 100, 5000, 10, 10000, &s);
	assert(isfinite(s.total_ns));
	return 0;
}
