/* Numbers, instants and openings of vLLM's lines in their usual forms: read in a short way, they are what the long way reads. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/instant.h"
#include "ingest/formats/engines/vllm.h"
#include "tests/fuzz/fuzz_help.h"

static void compare_integers(struct text line) {
	struct text a = line, b = line;
	int64_t x = 0, y = 0;
	bool fast = text_take_i64(&a, &x), slow = text_take_any_i64(&b, &y);

	assert(fast == slow && x == y && a.len == b.len);
}

/* Zeros in front of a number change nothing except that it is not short. */
static void compare_fractions(struct text line, char *copy) {
	static const char zeros[] = "000000000000000000";

	memcpy(copy, zeros, sizeof zeros - 1);
	memcpy(copy + sizeof zeros - 1, line.at, line.len);
	for (int digits = 0; digits <= 9 && line.len > 0 && *line.at >= '0' && *line.at <= '9'; digits++) {
		struct text a = line, b = {copy, line.len + sizeof zeros - 1};
		int64_t x = 0, y = 0;
		bool fast = text_take_fixed(&a, digits, &x), slow = text_take_fixed(&b, digits, &y);
		assert(fast == slow && x == y && (!fast || a.len == b.len));
	}
}

/* With a small t between date and time, no instant has the usual form. */
static void compare_instants(struct text line, char *copy) {
	struct text a = line, b = {copy, line.len};
	int64_t x = 0, y = 0;
	bool zone_a = false, zone_b = false;

	memcpy(copy, line.at, line.len);
	if (line.len > 10 && (line.at[10] == 'T' || line.at[10] == ' ')) {
		copy[10] = 't';
	}
	bool fast = instant_take(&a, &x, &zone_a), slow = instant_take(&b, &y, &zone_b);
	assert(fast == slow && (!fast || (x == y && zone_a == zone_b && a.len == b.len)));
}

/* Of the second before, read in parts. */
static void compare_near(struct instant_near *near, struct text line) {
	struct text a = line, b = line;
	int64_t x = 0, y = 0;
	bool fast = instant_take_near(near, &a, &x), slow = instant_take(&b, &y, NULL);

	assert(!fast || (slow && x == y && a.len == b.len));
	if (slow && !fast) {
		instant_keep_near(near, text_cut(line, 0, line.len - b.len), y);
	}
}

/* The numbers may begin anywhere in a line. */
static void compare_iterations(struct text line) {
	size_t bracket = text_find_byte(line, '(');
	struct text a = bracket == SIZE_MAX ? line : text_cut(line, bracket + 1, line.len), b = a;
	struct iteration x = {0}, y = {0};
	bool fast = vllm_take_iteration(&a, &x), slow = vllm_take_any_iteration(&b, &y);

	assert(fast == slow && (!fast || (memcmp(&x, &y, sizeof x) == 0 && a.len == b.len)));
}

static void compare_openings(struct vllm *v, struct text line) {
	struct logged a, b;
	bool fast = vllm_take_opening(v, line, &a), slow = vllm_take_prefix(line, &b);

	assert(fast == slow);
	if (fast) {
		assert(a.engine == b.engine && a.added == b.added && a.api_server == b.api_server && a.pid == b.pid && a.server == b.server);
		assert(a.is_core == b.is_core && text_eq(a.stamp, b.stamp) && text_eq(a.file, b.file) && text_eq(a.message, b.message));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct text rest = fuzz_text(data, size), line;
	struct vllm *v = calloc(1, sizeof *v);
	char *copy = malloc(size + 32);
	struct instant_near near = {0};

	while (fuzz_line(&rest, &line)) {
		compare_integers(line);
		compare_fractions(line, copy);
		compare_instants(line, copy);
		compare_near(&near, line);
		compare_iterations(line);
		compare_openings(v, line);
	}
	free(copy);
	free(v);
	return 0;
}
