/* Any bytes as a model's description: an error, or a model with sizes and times that are numbers. */
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/roofline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct gpu card = {.flops = {INT64_C(1000000000000)}, .bandwidth = INT64_C(1000000000), .memory_bytes = INT64_C(80000000000)};
	struct modelspec m;
	struct roofline r;
	struct roofline_step s;
	struct fault why;

	if (modelspec_parse(&m, "fuzz", (struct text){(const char *)data, size}, &why) == 0) {
		roofline_init(&r, &m, &card, 1, 0.5, 0.7);
		assert(r.size.params > 0 && r.size.active_params > 0 && r.size.active_params <= r.size.params);
		assert(r.size.kv_token_bytes >= 0 && r.size.weight_bytes > 0);
		roofline_step(&r, 100, 5000, 10, 10000, &s);
		assert(isfinite(s.total_ns));
		assert(roofline_ridge(&r) > 0);
	}
	return 0;
}
