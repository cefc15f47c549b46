#include "core/model/bootstrap.h"

#include <stdint.h>

#include "core/hash_index.h"

#define DRAW_SEED UINT64_C(20240301)

int bootstrap_weight(int draw, unsigned bucket) {
	static const double up_to[] = {0.36787944117144233, 0.73575888234288467, 0.91969860292860584, 0.98101184312384615,
	                               0.99634015317265622, 0.99940581518241833, 0.99991675885071198, 0.99998975080332534};
	uint64_t h = DRAW_SEED + (uint64_t)draw * BOOTSTRAP_BUCKETS + bucket;
	int times = 0;

	h = hash_spread((h ^ h >> 31) * UINT64_C(0x9e3779b97f4a7c15));
	double at = (double)(h >> 11) * 0x1p-53;
	while (times < 8 && at >= up_to[times]) {
		times++;
	}
	return times;
}
