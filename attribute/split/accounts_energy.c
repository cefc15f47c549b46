#include "attribute/split/accounts_energy.h"

#include "core/exact.h"
#include "core/share.h"

/* The energy of a stretch of time, each instant once. */
static int energy_of_span(struct accounts *a, int64_t from_ns, int64_t to_ns, int64_t *mj, int64_t *metered_ns,
                       struct fault *why) {
	*mj = *metered_ns = 0;
	from_ns = from_ns > a->energy_at_ns ? from_ns : a->energy_at_ns;
	if (from_ns >= to_ns) {
		return 0;
	}
	a->energy_at_ns = to_ns;
	return energy_between(a->energy, from_ns, to_ns, mj, metered_ns, why);
}

/* The fleet's watts per GPU for this use. */
static int64_t assumed_milliwatts(const struct accounts *a, int use) {
	const struct pool *p = a->pool;
	int64_t of_use = 0;

	if (!p) {
		return 0;
	}
	of_use = use == ENTRY_INPUT    ? p->watts_prefill_milli
	         : use == ENTRY_OUTPUT ? p->watts_decode_milli
	         : use == ENTRY_IDLE   ? p->watts_idle_milli
	                               : 0;
	return of_use > 0 ? of_use : p->watts_per_gpu_milli;
}

/* The energy of GPU time that is partly covered by samples. */
static void add_energy(struct accounts *a, int use, int64_t gpu_ns, int64_t mj, int64_t metered_ns) {
	a->failed |= !exact_add(&a->energy_sums.mj[use], mj) || !exact_add(&a->energy_sums.metered_ns[use], metered_ns);
	a->energy_sums.assumed[use] += (int128)(gpu_ns - metered_ns) * assumed_milliwatts(a, use);
}

int accounts_energy_count(struct accounts *a, int use, int64_t from_ns, int64_t to_ns, struct fault *why) {
	int64_t begin_ns = from_ns > a->energy_at_ns ? from_ns : a->energy_at_ns;
	int64_t mj, metered_ns, gpu_ns = 0;

	if (!a->energy) {
		return 0;
	}
	int rc = energy_of_span(a, from_ns, to_ns, &mj, &metered_ns, why);
	if (to_ns > begin_ns) {
		a->failed |= !accounts_gpu_ns(a, begin_ns, to_ns, &gpu_ns);
	}
	add_energy(a, use, gpu_ns, mj, metered_ns);
	return rc;
}

int accounts_energy_busy(struct accounts *a, int64_t from_ns, int64_t to_ns, int64_t prefill_ns, int64_t decode_ns,
                             struct fault *why) {
	int64_t mj, metered_ns, part_mj = 0, part_ns = 0;
	int64_t begin_ns = from_ns > a->energy_at_ns ? from_ns : a->energy_at_ns, prefill_part = 0, decode_part = 0;

	if (!a->energy) {
		return 0;
	}
	if (begin_ns < to_ns) { /* the part that was not counted before */
		exact_mul_div(prefill_ns, to_ns - begin_ns, to_ns - from_ns, &prefill_part);
		exact_mul_div(decode_ns, to_ns - begin_ns, to_ns - from_ns, &decode_part);
	}
	int rc = energy_of_span(a, from_ns, to_ns, &mj, &metered_ns, why);

	if (prefill_ns > 0) {
		exact_mul_div(mj, prefill_ns, prefill_ns + decode_ns, &part_mj);
		exact_mul_div(metered_ns, prefill_ns, prefill_ns + decode_ns, &part_ns);
	}
	add_energy(a, ENTRY_INPUT, prefill_part, part_mj, part_ns);
	add_energy(a, ENTRY_OUTPUT, decode_part, mj - part_mj, metered_ns - part_ns);
	return rc;
}

/* The use under which a posting's energy was counted. */
static int use_of(const struct entry *e) {
	return e->kind == ENTRY_INPUT_CACHED ? ENTRY_INPUT : (int)e->kind;
}

/* Shares a use's energy over its postings by their time; without time it is not posted. */
static void post_energy(struct accounts *a, int use) {
	struct share mj, metered;
	int64_t weights = 0;

	for (size_t i = 0; i < a->postings.count; i++) {
		weights += use == ENTRY_KINDS || use_of(&a->postings.at[i]) == use ? a->postings.at[i].gpu_ns : 0;
	}
	if (weights == 0) {
		return;
	}
	share_init(&mj, a->energy_sums.mj[use], weights);
	share_init(&metered, a->energy_sums.metered_ns[use], weights);
	for (size_t i = 0; i < a->postings.count; i++) {
		struct entry *e = &a->postings.at[i];
		if (e->gpu_ns > 0 && (use == ENTRY_KINDS || use_of(e) == use)) {
			e->energy_mj += share_next(&mj, e->gpu_ns);
			e->metered_ns += share_next(&metered, e->gpu_ns);
		}
	}
}

void accounts_energy_post(struct accounts *a) {
	for (int use = 0; a->energy && use < ENERGY_USES; use++) {
		a->failed |= !exact_add(&a->energy_sums.mj[use], (int64_t)exact_div(a->energy_sums.assumed[use], NS_PER_SECOND));
		post_energy(a, use);
	}
	a->energy_sums = (struct energy_sums){{0}, {0}, {0}};
}
