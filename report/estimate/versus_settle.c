/* versus_settle.c: paid time by cause, and its cost, exact to the last unit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/files/platform.h"
#include "core/instant.h"
#include "core/share.h"
#include "report/estimate/versus.h"

const struct cause_words cause_words[CAUSES] = {
	{"arithmetic", "arithmetic", "the model's FLOPs at the GPU's peak: the lower bound"},
	{"batch", "batch", "steps too small to keep the arithmetic busy while the weights are read: more sequences at once"},
	{"context", "context", "the caches of long contexts, read at the peak bandwidth: shorter contexts, smaller caches"},
	{"floor", "floor", "launches and weights read below the peak bandwidth, at every step"},
	{"below peak", "below_peak", "arithmetic and caches slower than the peaks"},
	{"not known", "not_known", "work without steps, or with an unknown GPU or model"},
	{"idle", "idle", "paid time without work, idle or not observed: a higher load, or fewer GPUs"},
};

/* ---- all lanes together ---- */

static void add_steps(struct versus_hour *to, const struct versus_hour *from) {
	to->steps += from->steps;
	to->step_ns += from->step_ns;
	to->arithmetic_ns += from->arithmetic_ns;
	to->byte_ns += from->byte_ns;
	to->batch_ns += from->batch_ns;
	to->context_ns += from->context_ns;
}

/* The hour of entries at the steps' rate, else at any rate; NULL: none, the steps' time was not paid for. */
static struct versus_hour *hour_of(struct versus_table *t, const struct versus_hour *steps) {
	struct versus_hour *any = NULL;
	uint64_t at = versus_hash(steps->replica, steps->hour_ns);

	for (struct versus_hour *h; (h = versus_next(t, steps->replica, steps->hour_ns, &at)); any = h) {
		if (h->rate_nano == steps->rate_nano) {
			return h;
		}
	}
	return any;
}

static void merge(struct versus *v) {
	struct versus_table *all = &v->tables[v->o.lanes];

	for (unsigned lane = 0; lane < v->o.lanes; lane++) {
		const struct versus_table *t = &v->tables[lane];
		for (size_t i = 0; i < t->count; i++) {
			struct versus_hour *to = hour_of(all, &t->at[i]);
			if (to) {
				const struct versus_case *c = t->at[i].case_at < 0 ? NULL : &t->cases[t->at[i].case_at];
				to->case_at = c ? versus_case_find(v, all, c->model, c->gpu, c->gpus) : to->case_at;
				add_steps(to, &t->at[i]);
			}
		}
	}
}

/* ---- time ---- */

const struct versus_case *versus_case_of(const struct versus *v, const struct fitted_model *m) {
	const struct versus_table *t = &v->tables[v->o.lanes];

	for (size_t i = 0; i < t->case_count; i++) {
		const struct versus_case *c = &t->cases[i];
		if (c->model == m->model && c->gpu == m->gpu && c->gpus == m->gpus) {
			return c;
		}
	}
	return NULL;
}

/*
 * The time of a step of one token in excess of reading the weights at the peak, from the model of that day; 0: none
 * was fitted.
 */
static double floor_of(const struct versus *v, const struct versus_hour *h, const struct versus_case *c) {
	int64_t day_ns = instant_floor(h->hour_ns, NS_PER_DAY);

	for (size_t i = 0; i < v->model_count; i++) {
		const struct fitted_model *m = &v->models[i];
		bool same_cards = m->model == c->model && m->gpu == c->gpu && m->gpus == c->gpus;
		if (m->fitted && same_cards && m->day_ns == day_ns && h->role && strcmp(m->role, h->role) == 0) {
			return fmax(0, fitted_step_ns(m, 0, 0, 1, 0) - roofline_weight_bytes(&c->roofline, 1) / c->roofline.bandwidth * 1e9);
		}
	}
	return 0;
}

/* A part of the remainder: a cause gets at most what remains. */
static int64_t part(int64_t *left, double gpu_ns) {
	int64_t taken = gpu_ns >= (double)*left ? *left : gpu_ns > 0 ? llround(gpu_ns) : 0;

	taken = taken < *left ? taken : *left;
	*left -= taken;
	return taken;
}

static void share_time(const struct versus *v, struct versus_hour *h) {
	const struct versus_case *c = h->case_at < 0 ? NULL : &v->tables[v->o.lanes].cases[h->case_at];
	int64_t left = h->busy_gpu_ns;
	double gpus = (double)h->gpus;

	h->gpu_ns[CAUSE_IDLE] = h->idle_gpu_ns;
	if (!c || !c->known || h->steps == 0) {
		h->gpu_ns[CAUSE_UNKNOWN] = left;
		return;
	}
	h->gpu_ns[CAUSE_ARITHMETIC] = part(&left, gpus * (double)h->arithmetic_ns);
	h->gpu_ns[CAUSE_BATCH] = part(&left, gpus * (double)h->batch_ns);
	h->gpu_ns[CAUSE_CONTEXT] = part(&left, gpus * (double)h->context_ns);
	h->gpu_ns[CAUSE_FLOOR] = part(&left, gpus * (double)h->steps * floor_of(v, h, c));
	h->gpu_ns[CAUSE_SPEED] = part(&left, gpus * (double)(h->step_ns - h->arithmetic_ns - h->batch_ns - h->context_ns) -
	                                         (double)h->gpu_ns[CAUSE_FLOOR]);
	h->gpu_ns[CAUSE_UNKNOWN] = left; /* busy time of this hour without steps */
}

/* ---- money ---- */

/* A pool is rounded as a running sum, as in a statement: its parts sum to the statement's figure. */
struct running {
	name_id pool;
	int128 exact;
	int64_t given_nano;
};

struct runnings {
	struct running *at;
	size_t count;
};

static struct running *running_of(struct runnings *r, name_id pool) {
	for (size_t i = 0; i < r->count; i++) {
		if (r->at[i].pool == pool) {
			return &r->at[i];
		}
	}
	r->at = must_realloc(r->at, (r->count + 1) * sizeof *r->at);
	r->at[r->count] = (struct running){.pool = pool};
	return &r->at[r->count++];
}

static bool price(struct versus_hour *h, struct running *r) {
	for (int k = 0; k < CAUSES; k++) {
		r->exact += (int128)h->gpu_ns[k] * h->rate_nano;
		int128 due_nano = exact_div(r->exact, NS_PER_HOUR);
		if (due_nano > INT64_MAX) {
			return false;
		}
		h->nano[k] = (int64_t)due_nano - r->given_nano;
		r->given_nano = (int64_t)due_nano;
	}
	return true;
}

static int order(const void *a, const void *b, void *versus) {
	const struct versus *v = versus;
	const struct versus_hour *x = a, *y = b;
	int by = text_compare(names_text(v->o.names, x->replica), names_text(v->o.names, y->replica));

	by = by != 0 ? by : exact_order(x->rate_nano, y->rate_nano);
	return by != 0 ? by : exact_order(x->hour_ns, y->hour_ns);
}

static int price_all(struct versus_table *t, struct fault *why) {
	struct runnings pools = {0};
	bool fits = true;

	for (size_t i = 0; i < t->count && fits; i++) {
		fits = t->at[i].rate_nano < 0 || price(&t->at[i], running_of(&pools, t->at[i].pool));
	}
	free(pools.at);
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the cost of a pool does not fit 64 bits of nano-units");
}

static int sum_up(struct versus *v, struct fault *why) {
	const struct versus_table *t = &v->tables[v->o.lanes];
	bool fits = true;

	for (size_t i = 0; i < t->count; i++) {
		versus_add(v->total_gpu_ns, t->at[i].gpu_ns);
		for (int k = 0; k < CAUSES; k++) {
			fits = fits && exact_add(&v->total_nano[k], t->at[i].nano[k]);
		}
	}
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the cost of all replicas does not fit 64 bits of nano-units");
}

int versus_settle(struct versus *v, struct fault *why) {
	struct versus_table *t = &v->tables[v->o.lanes];

	merge(v);
	for (size_t i = 0; i < v->model_count; i++) { /* so that the fits find their case */
		versus_case_find(v, t, v->models[i].model, v->models[i].gpu, v->models[i].gpus);
	}
	for (size_t i = 0; i < t->count; i++) {
		share_time(v, &t->at[i]);
	}
	if (t->count > 0) {
		platform_sort(t->at, t->count, sizeof *t->at, order, v);
	}
	int err = price_all(t, why);
	return err ? err : sum_up(v, why);
}

/* ---- rates implied by the fits ---- */

static void add_share(struct versus_share out[VERSUS_SHARES], int *count, struct versus_share s) {
	if (isfinite(s.reached) && s.reached > 0) {
		out[(*count)++] = s;
	}
}

int versus_shares(const struct fitted_model *m, const struct roofline *r, struct versus_share out[VERSUS_SHARES]) {
	const struct modelsize *z = &r->size;
	double seen = modelspec_seen(&r->model, 2048) / 2048;
	int count = 0;

	add_share(out, &count, (struct versus_share){"weights_gb_s", "a step of one token reads the weights at", "GB/s",
		"launches and communication take the rest of the floor, or weights are not read once a step",
		roofline_weight_bytes(r, 1) / fitted_step_ns(m, 0, 0, 1, 0), r->bandwidth / 1e9});
	add_share(out, &count, (struct versus_share){"token_tflop_s", "a token of a large batch is computed at", "TFLOP/s",
		"few steps are large enough to wait for arithmetic, or kernels are slow",
		(double)z->token_flops / fitted_slope_ns(m) / 1e3, r->flops / 1e12});
	add_share(out, &count, (struct versus_share){"context_gb_s", "decode's attention reads its context at", "GB/s",
		"attention of many short sequences, or paged reads, do not reach the bandwidth",
		(double)z->kv_token_bytes * seen / m->context_ns, r->bandwidth / 1e9});
	add_share(out, &count, (struct versus_share){"prefill_attention_tflop_s", "prefill's attention computes at", "TFLOP/s",
		"attention's kernels are slower than matrix products, on short prompts above all",
		(double)z->prefill_pair_flops * seen / m->prefill_token_kv_ns / 1e3, r->attention_flops / 1e12});
	return count;
}

void versus_rates(const struct versus *v, const struct versus_hour *h, double *tflop_s, double *gb_s) {
	const struct roofline *r = &v->tables[v->o.lanes].cases[h->case_at].roofline;
	double ns = (double)h->step_ns;

	*tflop_s = (double)h->arithmetic_ns / ns * r->flops / 1e12;
	*gb_s = (double)h->byte_ns / ns * r->bandwidth / 1e9;
}

void versus_add(int128 sum[CAUSES], const int64_t parts[CAUSES]) {
	for (int k = 0; k < CAUSES; k++) {
		sum[k] += parts[k];
	}
}

enum cause versus_most(const int128 parts[CAUSES]) {
	enum cause most = CAUSE_BATCH;

	for (int k = CAUSE_BATCH; k < CAUSES; k++) {
		most = parts[k] > parts[most] ? (enum cause)k : most;
	}
	return most;
}
