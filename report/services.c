/* Tokens and list revenue by class of service, if there are others than the standard one. */
#include <stdlib.h>

#include "core/files/platform.h"

#include "report/statement.h"

/* The sums of a model's classes, one after the other. */
static struct service_sum *sums_of(struct services *v, name_id model) {
	if (model >= v->model_count) {
		size_t count = (size_t)model * 2 + 16;
		v->first = must_realloc(v->first, count * sizeof(*v->first));
		memset(v->first + v->model_count, 0, (count - v->model_count) * sizeof(*v->first));
		v->model_count = count;
	}
	if (v->first[model] == 0) {
		if (v->count + SERVICES > v->room) {
			v->room = 2 * v->room + SERVICES;
			v->rows = must_realloc(v->rows, v->room * sizeof(*v->rows));
		}
		for (int s = 0; s < SERVICES; s++) {
			v->rows[v->count++] = (struct service_sum){.model = model, .service = (enum service)s};
		}
		v->first[model] = (uint32_t)(v->count - SERVICES) + 1;
	}
	return &v->rows[v->first[model] - 1];
}

bool services_add_entry(struct services *v, const struct entry *e, bool listed, int128 revenue) {
	if (e->kind > ENTRY_OUTPUT || (e->tokens == 0 && e->requests == 0 && revenue == 0)) {
		return true;
	}
	struct service_sum *sum = &sums_of(v, e->model)[e->service];
	sum->unlisted |= !listed;
	sum->revenue += revenue;
	return exact_add(&sum->requests, e->requests) && exact_add(&sum->tokens[e->kind], e->tokens);
}

static bool is_used(const struct service_sum *sum) {
	return sum->requests > 0 || sum->tokens[0] > 0 || sum->tokens[1] > 0 || sum->tokens[2] > 0;
}

/* The standard class gets the rounding remainder, so that the classes sum to the model's block. */
static void price(const struct statement *s, struct service_sum *sums, const struct block *b) {
	int64_t rest = b->revenue_nano;

	for (int i = SERVICES - 1; i >= 0; i--) {
		struct service_sum *sum = &sums[i];
		const struct list_price *l = list_price_of_model(s, sum->model);
		sum->revenue_known = b->list_known && !sum->unlisted;
		sum->revenue_nano = i == SERVICE_STANDARD ? rest : (int64_t)exact_div(sum->revenue, 1000000);
		sum->as_standard = l ? l->as_standard[i] : 0;
		rest -= sum->revenue_nano;
	}
}

static int compare_sums(const void *a, const void *b, void *names) {
	const struct service_sum *x = a, *y = b;
	int order = x->model == y->model ? 0 : text_compare(names_text(names, x->model), names_text(names, y->model));
	return order ? order : (int)x->service - (int)y->service;
}

void services_finish(struct statement *s) {
	struct services *v = &s->services;
	size_t kept = 0;

	for (size_t m = 0; m < v->count; m += SERVICES) {
		struct service_sum *sums = &v->rows[m];
		bool apart = false;
		for (int i = SERVICE_BATCH; i < SERVICES; i++) {
			apart |= is_used(&sums[i]);
		}
		const struct block *b = apart ? blocks_of_model(s, sums->model) : NULL;
		if (apart && b) {
			price(s, sums, b);
		}
		for (int i = 0; i < SERVICES; i++) {
			if (apart && b && is_used(&sums[i])) {
				v->rows[kept++] = sums[i];
			}
		}
	}
	v->count = kept;
	if (kept > 0) {
		platform_sort(v->rows, kept, sizeof(*v->rows), compare_sums, (void *)(uintptr_t)s->options.names);
	}
}
