/* Any bytes as a fleet file: an error that names its place, or a fleet that can be asked. */
#include <assert.h>
#include <string.h>

#include "attribute/fleet/fleet.h"
#include "tests/fuzz/fuzz_help.h"

/* Descriptions that a fleet names: whatever it is called, one of two, of which one is none. */
static int open_some(void *context, const char *name, struct text *bytes, struct fault *why) {
	static const char good[] = "{\"schema\":\"tollbook.model.v1\",\"name\":\"m\",\"layers\":2,\"hidden\":8,\"vocab\":16,"
	                           "\"attention\":{\"heads\":2,\"kv_heads\":1,\"head_dim\":4},\"mlp\":{\"width\":8,\"gated\":true},"
	                           "\"tied_embeddings\":false,\"format\":{\"weights\":\"bf16\",\"kv_cache\":\"bf16\"}}";
	size_t len = name[0] == 'b' ? 1 : sizeof good - 1;

	(void)context, (void)why;
	bytes->at = memcpy(must_alloc(len), good, len);
	bytes->len = len;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct fault why = {0};
	struct names *names = names_new();
	struct fleet *f = fleet_parse("fleet.json", (struct text){(const char *)data, size}, open_some, NULL, names, &why);

	if (!f) {
		assert(why.message[0]);
	} else {
		int64_t until;
		const struct pool *p = fleet_pool_of(f, names, names_id(names, T("h100-07")), names_id(names, T("llama-3.1-70b")));
		if (p) {
			pool_rate_at(p, INT64_C(1793491200000000000), &until);
		}
		fleet_description_of(f, names_id(names, T("llama-3.1-70b")), names_id(names, T("H100")), 1);
		fleet_free(f);
	}
	names_free(names);
	return 0;
}
