/* Any bytes as an estimate's calibration: an error, or an estimate with factors within their bounds. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/estimate/costs.h"
#include "tests/fuzz/fuzz_help.h"

static bool is_multiple(double x) {
	return isfinite(x) && x >= 0.05 && x <= 20;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const char model[] = "{\"schema\":\"tollbook.model.v1\",\"name\":\"m\",\"layers\":2,\"hidden\":8,\"vocab\":16,"
	                            "\"attention\":{\"heads\":2,\"kv_heads\":1,\"head_dim\":4},\"mlp\":{\"width\":8,\"gated\":true},"
	                            "\"tied_embeddings\":false,\"format\":{\"weights\":\"bf16\",\"kv_cache\":\"bf16\"}}";
	char model_path[64], path[64];
	int model_fd = fuzz_file((const uint8_t *)model, strlen(model), model_path), fd = fuzz_file(data, size, path);
	struct estimate_options o;
	struct costs c;
	struct fault why = {0};

	estimate_defaults(&o);
	o.model_path = model_path;
	o.gpu = "H100";
	o.calibrate = path;
	if (costs_init(&c, &o, &why) < 0) {
		assert(why.message[0]);
	} else {
		assert(is_multiple(c.law.stretch_base) && is_multiple(c.law.stretch_arithmetic) && is_multiple(c.law.stretch_cache));
		assert(isfinite(c.law.own_spread) && c.law.own_spread >= 0);
	}
	close(fd);
	close(model_fd);
	return 0;
}
