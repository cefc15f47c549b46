/* twins.c: requests that two logs report, each with its own timestamps and ids. */
#include <stdlib.h>

#include "attribute/servers/crowds.h"
#include "attribute/servers/servers_private.h"
#include "core/exact.h"
#include "core/sorted.h"

#define TWIN_NS (NS_PER_SECOND / 20)

static bool has_twin(const struct sample *other, int64_t at_ns, uint32_t prompt_tokens) {
	int64_t from_ns = at_ns - TWIN_NS;
	size_t i = SORTED_FROM(other->requests, other->request_count, struct id_request, first_ns, from_ns);

	for (; i < other->request_count && other->requests[i].first_ns <= at_ns + TWIN_NS; i++) {
		if (((int64_t)other->requests[i].prompt_tokens - (int64_t)prompt_tokens) % CACHE_BLOCK == 0) { /* cached tokens may be known to one of the logs */
			return true;
		}
	}
	return false;
}

/* ---- the same, by their tokens and finishes ---- */

/* Clocks of two gateways differ by no more; the first ones and the second ones of a pair lie within a window of this width. */
#define CLOCKS_NS (5 * NS_PER_SECOND)
#define WIDTH_NS (NS_PER_SECOND / 10)
#define WIDTH_IN_SECONDS_NS (21 * NS_PER_SECOND / 10)
/* So many requests of the smaller log, and so many hundredths of them: a part of the other's, or all of it. */
#define ALIKE_LEAST 10
#define PART_PERCENT 50
#define ALL_PERCENT 80

static int by_finish(const void *a, const void *b) {
	return exact_order(((const struct finish *)a)->at_ns, ((const struct finish *)b)->at_ns);
}

/* The caller frees. */
static struct finishes list_finishes(const struct sample *s) {
	struct finishes all = {must_alloc((s->request_count + 1) * sizeof *all.at), 0};

	for (size_t i = 0; i < s->request_count; i++) {
		if (s->requests[i].finish_ns != UNKNOWN) {
			all.at[all.count++] = (struct finish){s->requests[i].finish_ns, s->requests[i].prompt_tokens, s->requests[i].completion_tokens};
		}
	}
	sort_items(all.at, all.count, sizeof *all.at, by_finish);
	return all;
}

/* Differences between the finishes of requests with the same tokens. */
struct differences {
	int64_t block; /* prompts differ by a multiple of it: cached tokens may be known to one of the logs */
	int64_t *at;
	size_t count, room;
	size_t of; /* the second log's requests */
};

/* A request with more like it at that time shows nothing, and is left out. */
#define LIKE_ONE_MOST 512

static void add_differences(struct differences *d, const struct finishes *all, const struct id_request *r) {
	size_t from = SORTED_FROM(all->at, all->count, struct finish, at_ns, r->finish_ns - CLOCKS_NS), before = d->count;

	for (size_t i = from; i < all->count && all->at[i].at_ns <= r->finish_ns + CLOCKS_NS; i++) {
		const struct finish *x = &all->at[i];
		if (!finish_is_like(x, r->prompt_tokens, r->completion_tokens, d->block)) {
			continue;
		}
		if (d->count - before == LIKE_ONE_MOST) {
			d->count = before;
			return;
		}
		d->at = must_grow(d->at, d->count, &d->room, sizeof *d->at, 256);
		d->at[d->count++] = x->at_ns - r->finish_ns;
	}
	d->of++;
}

static int64_t block_of(const struct sample *a, const struct sample *b) {
	return a->cached_known == b->cached_known ? INT32_MAX : CACHE_BLOCK;
}

/* Of so many requests all are looked up, of more some. */
#define LOOKED_UP 600

static struct differences list_differences(const struct sample *a, const struct finishes *all, const struct sample *b) {
	uint64_t most_hash = a->most_hash < b->most_hash ? a->most_hash : b->most_hash;
	struct differences d = {.block = block_of(a, b)};
	size_t step = b->request_count / LOOKED_UP + 1;

	for (size_t i = 0; i < b->request_count; i += step) {
		const struct id_request *r = &b->requests[i];
		if (r->finish_ns != UNKNOWN && sample_order(r->first_ns != UNKNOWN ? r->first_ns : r->finish_ns) <= most_hash) {
			add_differences(&d, all, r);
		}
	}
	sort_items(d.at, d.count, sizeof *d.at, exact_order_at);
	return d;
}

/* The most differences in a window, except those near to `except_ns`; *at_ns: where it begins. */
static size_t densest(const struct differences *d, int64_t width_ns, int64_t except_ns, int64_t *at_ns) {
	size_t most = 0;

	for (size_t i = 0, k = 0; i < d->count; i++) {
		while (k < d->count && d->at[k] - d->at[i] <= width_ns) {
			k++;
		}
		if (k - i > most && (except_ns == UNKNOWN || d->at[i] > except_ns + 2 * width_ns || d->at[i] < except_ns - 2 * width_ns)) {
			most = k - i;
			*at_ns = d->at[i];
		}
	}
	return most;
}

/* Do many of the prompts have lengths of their own? Where these are few, two servers have equal ones at the same time. */
#define ALIKE_OF_FEW_LENGTHS 50
#define LENGTHS_LEAST 64

static int by_value(const void *a, const void *b) {
	return exact_order(*(const uint32_t *)a, *(const uint32_t *)b);
}

static bool are_diverse(const struct sample *s) {
	uint32_t *lengths = must_alloc((s->request_count + 1) * sizeof *lengths);
	size_t distinct = 0;

	for (size_t i = 0; i < s->request_count; i++) {
		lengths[i] = s->requests[i].prompt_tokens;
	}
	sort_items(lengths, s->request_count, sizeof *lengths, by_value);
	for (size_t i = 0; i < s->request_count; i++) {
		distinct += i == 0 || lengths[i] != lengths[i - 1];
	}
	free(lengths);
	return distinct >= LENGTHS_LEAST || 2 * distinct >= s->request_count;
}

/* Hundredths of the second log's requests that the first one reports, too; 0: no more than by chance. */
static int64_t alike_percent(const struct sample *a, const struct finishes *all, const struct sample *b, size_t *both, size_t *of) {
	struct differences d = list_differences(a, all, b);
	bool coarse = requests_in_seconds(a) || requests_in_seconds(b);
	int64_t width_ns = coarse ? WIDTH_IN_SECONDS_NS : WIDTH_NS, at_ns = 0, other_ns;

	*both = densest(&d, width_ns, UNKNOWN, &at_ns);
	*of = d.of;
	bool enough = *both >= ALIKE_LEAST && ((!coarse && *both >= ALIKE_OF_FEW_LENGTHS) || are_diverse(b));
	bool clear = enough && *both >= 2 * densest(&d, width_ns, at_ns, &other_ns);
	*both = *both < *of ? *both : *of;
	free(d.at);
	return clear ? (int64_t)(100 * *both / *of) : 0;
}

/* Requests alone, each of them whole. */
static bool has_requests_only(const struct server *one) {
	return servers_have_requests_alone(one) && one->sample.request_count >= ALIKE_LEAST && one->sample.all_whole == one->sample.all_requests && one->leader == 0;
}

/* Does the log report more of each request, or more requests? */
static bool says_more_of_requests(const struct servers *s, const struct server *a, const struct server *b) {
	const struct sample *x = &a->sample, *y = &b->sample;
	bool own_x = servers_own_pool(s, x->name, x->request_model), own_y = servers_own_pool(s, y->name, y->request_model);
	bool first_x = x->requests[0].first_ns != UNKNOWN, first_y = y->requests[0].first_ns != UNKNOWN, fine_x = !requests_in_seconds(x), fine_y = !requests_in_seconds(y);

	if (own_x != own_y) {
		return own_x;
	}
	if (fine_x != fine_y || first_x != first_y) {
		return fine_x != fine_y ? fine_x : first_x;
	}
	return x->all_requests != y->all_requests ? x->all_requests > y->all_requests : names_order(s->names, x->name, y->name) < 0;
}

/* Requests that have too many like them: two servers that share a load test evenly look the same, so that it is a question. */
static void compare_crowds(struct servers *s, const struct server *more, const struct finishes *of_more, const struct server *less, const struct finishes *of_less) {
	const struct sample *a = &more->sample, *b = &less->sample;
	size_t compared;

	if (crowds_are_alike(of_more, of_less, block_of(a, b), requests_in_seconds(a) || requests_in_seconds(b), &compared)) {
		const char *x = servers_text(s, a->name), *y = servers_text(s, b->name);
		quality_finding(s->quality, "counted-twice", y, "--same", QUALITY_NO_AMOUNT,
		                "%s and %s may report the same requests: in each fraction of a second as many with the same tokens finish in both (%zu were "
		                "compared). They are counted as different ones; resolve it with --same %s=%s or --different %s=%s", x, y, compared, x, y, x, y);
	}
}

static void compare_requests(struct servers *s, struct server *a, const struct finishes *of_a, struct server *b, const struct finishes *of_b) {
	bool smaller = a->sample.all_requests < b->sample.all_requests;
	struct server *more = smaller ? b : a, *less = smaller ? a : b;
	const struct finishes *of_more = smaller ? of_b : of_a, *of_less = smaller ? of_a : of_b;
	size_t both, of;
	int64_t percent = alike_percent(&more->sample, of_more, &less->sample, &both, &of);

	if (percent >= ALL_PERCENT) {
		bool kept = says_more_of_requests(s, more, less) || 2 * less->sample.all_requests < more->sample.all_requests;
		servers_drop_copy(s, kept ? more : less, kept ? less : more, "requests");
	} else if (percent >= PART_PERCENT) {
		const char *x = servers_text(s, more->sample.name), *y = servers_text(s, less->sample.name);
		quality_finding(s->quality, "counted-twice", y, "--different", QUALITY_NO_AMOUNT,
		                "%s and %s report some requests both (%zu of %zu that were compared have the same prompts and finishes): these are counted twice; "
		                "remove them from one of the logs, or resolve it with --different %s=%s", x, y, both, of, x, y);
	} else if (percent == 0) {
		compare_crowds(s, more, of_more, less, of_less);
	}
}

/* Of so many names with requests alone, all are compared; more are not. */
#define COMPARED_MOST 64

void servers_find_reported_twice(struct servers *s) {
	struct server *alone[COMPARED_MOST];
	struct finishes finishes[COMPARED_MOST];
	size_t count = 0;

	for (size_t i = 0; i < s->count && count < COMPARED_MOST; i++) {
		if (has_requests_only(&s->at[i])) {
			finishes[count] = list_finishes(&s->at[i].sample);
			alone[count++] = &s->at[i];
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = i + 1; k < count; k++) {
			const struct sample *x = &alone[i]->sample, *y = &alone[k]->sample;
			if (!alone[i]->dropped && !alone[k]->dropped && servers_models_alike(s, x->request_model, y->request_model) &&
			    servers_overlap(x->first_request_ns, x->last_request_ns, y->first_request_ns, y->last_request_ns) &&
			    !servers_are_pair(&s->fleet->different, servers_text(s, x->name), servers_text(s, y->name))) {
				compare_requests(s, alone[i], &finishes[i], alone[k], &finishes[k]);
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		free(finishes[i].at);
	}
}

/* Are over half of the requests, in minutes of both samples, also in the other one? */
static bool are_twins(const struct server *other, const struct server *requests, int64_t shift_ns) {
	const struct sample *a = &other->sample, *b = &requests->sample;
	uint64_t most_hash = a->most_hash < b->most_hash ? a->most_hash : b->most_hash;
	size_t both = 0, of = 0;

	for (size_t i = 0; i < b->request_count; i++) {
		int64_t at_ns = b->requests[i].first_ns;
		if (at_ns != UNKNOWN && sample_order(at_ns) <= most_hash) {
			of++;
			both += has_twin(a, at_ns - shift_ns + other->shift_ns, b->requests[i].prompt_tokens);
		}
	}
	struct finishes all = list_finishes(a);
	bool alike = 2 * both > of || alike_percent(a, &all, b, &both, &of) >= PART_PERCENT;
	free(all.at);
	return alike;
}

struct server *servers_find_twin(struct servers *s, const struct server *steps, const struct server *requests, int64_t shift_ns) {
	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		if (one != requests && one->named == steps->named && one->matched && one->sample.request_count > 0 && are_twins(one, requests, shift_ns)) {
			return one;
		}
	}
	return NULL;
}
