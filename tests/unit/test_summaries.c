/* Summaries of names, as tasks write them: they come back as they were, and damaged ones are refused. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "attribute/attribute.h"
#include "attribute/servers/servers_private.h"
#include "core/error.h"
#include "core/files/pack.h"
#include "core/instant.h"

#define START_NS INT64_C(1786406365000000000)
#define ITEMS_MAX 400
#define ITEM_BYTES_MAX 40960

struct items {
	struct {
		char name[64], at[ITEM_BYTES_MAX];
		size_t len;
	} *item;
	size_t count, stop_at; /* stop_at: fails there */
};

static int keep(void *context, struct text name, struct text bytes, struct fault *why) {
	struct items *k = context;

	if (k->count == k->stop_at) {
		return fault_set(why, ERROR_IO, "full");
	}
	assert_true(k->count < ITEMS_MAX && bytes.len <= ITEM_BYTES_MAX);
	snprintf(k->item[k->count].name, 64, "%.*s", TEXT_ARG(name));
	memcpy(k->item[k->count].at, bytes.at, bytes.len);
	k->item[k->count++].len = bytes.len;
	return 0;
}

static struct items *items_of(struct name_summaries *n) {
	struct items *k = must_calloc(1, sizeof *k);
	struct fault why;

	k->item = must_calloc(ITEMS_MAX, sizeof *k->item);
	k->stop_at = SIZE_MAX;
	assert_int_equal(name_summaries_each(n, keep, k, &why), 0);
	return k;
}

static void items_free(struct items *k) {
	free(k->item);
	free(k);
}

/* A server's steps, its requests under another name, and counters of a third one. */
static void add_records(struct name_summaries *n) {
	struct fault why = {0};

	for (int i = 0; i < 45; i++) { /* as many as one item has, in one block of the load */
		int64_t at_ns = START_NS + (i + 40) * NS_PER_SECOND;
		struct record step = {.kind = RECORD_STEP, .replica = T("steps"), .model = i % 2 ? T("m") : T("n"), .line = i + 1};
		struct record request = {.kind = RECORD_REQUEST, .replica = T("requests"), .model = T("m"), .line = i + 1};
		struct record window = {.kind = RECORD_WINDOW, .replica = T("counters"), .model = T("m"), .line = i + 1};
		step.step = (struct step){.index = i, .start_ns = at_ns, .gpu_ns = 20000000, .prefill_requests = 1, .prefill_tokens = 100 + i, .prefill_kv_tokens = 0,
		                          .prefill_token_kv = UNKNOWN, .decode_requests = 4, .decode_tokens = 4, .decode_kv_tokens = 4000, .prefill_gpu_ns = UNKNOWN,
		                          .decode_gpu_ns = UNKNOWN};
		request.request = (struct request){.id = T(""), .arrival_ns = at_ns - 1000000, .scheduled_ns = UNKNOWN, .first_token_ns = at_ns + 20000000,
		                                   .finish_ns = at_ns + 300000000, .prompt_tokens = 100 + i, .cached_tokens = 0, .completion_tokens = 16,
		                                   .reasoning_tokens = UNKNOWN, .preemptions = UNKNOWN, .ok = true};
		window_counts_unknown(&window.window);
		window.window.start_ns = at_ns;
		window.window.end_ns = at_ns + NS_PER_SECOND;
		window.window.input_tokens = 100;
		window.window.output_tokens = 90;
		window.window.requests = window.window.prefill_gpu_ns = window.window.decode_gpu_ns = UNKNOWN;
		window.window.running = 4;
		assert_int_equal(name_summaries_add_record(n, &step, &why), 0);
		assert_int_equal(name_summaries_add_record(n, &request, &why), 0);
		assert_int_equal(name_summaries_add_record(n, &window, &why), 0);
	}
}

/* The kinds of items, by their first number. */
static int64_t kind_of(const struct items *k, size_t i) {
	struct text t = {k->item[i].at, k->item[i].len};
	int64_t kind;

	assert_true(unpack_i64(&t, &kind));
	return kind;
}

TEST(come_back) {
	struct names *a = names_new(), *b = names_new();
	struct name_summaries *n = name_summaries_new(a), *again = name_summaries_new(b);
	struct fault why = {0};
	unsigned kinds = 0;

	add_records(n);
	struct items *k = items_of(n);
	for (size_t i = k->count; i > 0; i--) { /* in another order */
		assert_int_equal(name_summaries_read(again, text_of(k->item[i - 1].name), (struct text){k->item[i - 1].at, k->item[i - 1].len}, &why), 0);
		kinds |= 1u << kind_of(k, i - 1);
	}
	assert_int_equal(kinds & 0x77, 0x77); /* counts, steps, requests, seconds, windows, days */
	struct items *back = items_of(again);
	assert_int_equal(back->count, k->count);
	for (size_t i = 0; i < k->count; i++) {
		bool found = false;
		for (size_t at = 0; at < back->count && !found; at++) {
			found = strcmp(back->item[at].name, k->item[i].name) == 0 && back->item[at].len == k->item[i].len &&
			        memcmp(back->item[at].at, k->item[i].at, k->item[i].len) == 0;
		}
		if (!found) {
			fail_msg("item %zu of %s, kind %lld, does not come back", i, k->item[i].name, (long long)kind_of(k, i));
		}
	}
	items_free(k);
	items_free(back);
	name_summaries_free(n);
	name_summaries_free(again);
	names_free(a);
	names_free(b);
}

/* The last digits of instants and durations are most of a sample, and are not compared: a step takes few bytes. */
TEST(steps_are_small) {
	struct names *names = names_new();
	struct name_summaries *n = name_summaries_new(names);
	int64_t at_ns = START_NS, bytes = 0;
	uint32_t drawn = 7;
	struct fault why = {0};

	for (int i = 0; i < 2000; i++) {
		drawn = drawn * 1103515245 + 12345;
		struct record step = {.kind = RECORD_STEP, .replica = T("steps"), .model = T("m"), .line = i + 1};
		step.step = (struct step){.index = i, .start_ns = at_ns, .gpu_ns = 20000000 + drawn % 2000000, .prefill_requests = 1, .prefill_tokens = 100 + i % 900,
		                          .prefill_kv_tokens = 0, .prefill_token_kv = UNKNOWN, .decode_requests = 4, .decode_tokens = 4, .decode_kv_tokens = 4000,
		                          .prefill_gpu_ns = UNKNOWN, .decode_gpu_ns = UNKNOWN};
		assert_int_equal(name_summaries_add_record(n, &step, &why), 0);
		at_ns += step.step.gpu_ns + 100000 + drawn % 300000;
	}
	struct items *k = items_of(n);
	for (size_t i = 0; i < k->count; i++) {
		bytes += kind_of(k, i) == 1 ? (int64_t)k->item[i].len : 0;
	}
	assert_in_range(bytes, 2000 * 6, 2000 * 10); /* 14 with nanoseconds */
	items_free(k);
	name_summaries_free(n);
	names_free(names);
}

/* A sink that fails at any item ends the writing there. */
TEST(a_full_disk) {
	struct names *names = names_new();
	struct name_summaries *n = name_summaries_new(names);

	add_records(n);
	struct items *k = items_of(n);
	size_t all = k->count;
	for (size_t at = 0; at < all; at++) {
		struct fault why = {0};
		k->count = 0;
		k->stop_at = at;
		assert_int_equal(name_summaries_each(n, keep, k, &why), ERROR_IO);
		assert_int_equal(k->count, at);
		assert_string_equal(why.message, "full");
	}
	items_free(k);
	name_summaries_free(n);
	names_free(names);
}

static bool is_refused(struct text item) {
	struct names *names = names_new();
	struct name_summaries *n = name_summaries_new(names);
	struct fault why = {0};
	int rc = name_summaries_read(n, T("a"), item, &why);

	assert_true(rc == 0 || (rc == ERROR_CONFIG && strstr(why.message, "a summary of names in map/ is damaged")));
	name_summaries_free(n);
	names_free(names);
	return rc != 0;
}

TEST(damaged_items) {
	struct names *names = names_new();
	struct name_summaries *n = name_summaries_new(names);
	bool seen[8] = {false};
	static const int64_t wrong[][8] = {
		{7}, {-1}, {INT64_MAX},                            /* no such kind */
		{6, 1, 0, 20675, 2, 1},                            /* a day that ends before it begins */
		{3, 1, 4, 7, 1}, {3, 1, -1, 7, 1}, {3, 1, 0, 7, 0}, /* a mark of nothing */
		{4, 1, -1, 1, 2, 3, 4, 5}, {4, 1, 3, 1, 2, 3, 4, 5}, /* a second of nothing */
		{4, 1, 0, INT64_MAX, 2, 3, 4, 5}, {4, 1, 0, INT64_MIN, 2, 3, 4, 5},
		{3, 0}, {3, 513}, {3, -1},                          /* no rows, too many */
	};

	add_records(n);
	struct items *k = items_of(n);
	for (size_t i = 0; i < k->count; i++) {
		int64_t kind = kind_of(k, i);
		for (size_t len = 0; len <= k->item[i].len && !seen[kind]; len++) {
			assert_int_equal(is_refused((struct text){k->item[i].at, len}), len < k->item[i].len);
		}
		seen[kind] = true;
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char item[128], *end = item;
		for (size_t v = 0; v < 8; v++) {
			end = pack_i64(end, wrong[i][v]);
		}
		assert_true(is_refused((struct text){item, (size_t)(end - item)}));
	}
	items_free(k);
	name_summaries_free(n);
	names_free(names);
}

/* ---- steps on which no event depends ---- */

#define LONG_STEPS 40000

static void assert_same_events(const struct events *a, const struct events *b) {
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		if (a->at[i].at_ns != b->at[i].at_ns || a->at[i].tokens != b->at[i].tokens || a->at[i].prompts != b->at[i].prompts || a->at[i].clean != b->at[i].clean) {
			fail_msg("event %zu of %zu is another one", i, a->count);
		}
	}
}

/* A long log of steps, few of which have prompts or are the last of a request: the sample has all of its events in fewer steps. */
TEST(all_events_are_kept) {
	static struct id_step all[LONG_STEPS];
	struct sample sample;
	uint32_t drawn = 7;
	int64_t at_ns = START_NS;
	uint32_t decoders = 0;

	sample_init(&sample, 1, 0);
	for (uint32_t i = 0; i < LONG_STEPS; i++) {
		drawn = drawn * 1103515245 + 12345;
		bool prompt = (drawn >> 16) % 50 == 0;
		decoders -= decoders > 0 && (drawn >> 8) % 50 == 1;
		struct step_item x = {.head = {.at_ns = at_ns, .kind = ITEM_STEP}, .index = i, .duration_ns = 20000000 + drawn % 100000, .prefill_requests = prompt,
		                      .prefill_tokens = prompt ? 100 + i % 900 : 0, .decode_requests = decoders, .decode_tokens = decoders};
		sample_add_item(&sample, &x.head, SERVERS_STEPS_MOST, 2000);
		all[i] = (struct id_step){id_in_ticks(at_ns + x.duration_ns), id_in_ticks(x.duration_ns), x.prefill_tokens, i, prompt, (uint16_t)decoders, true, false};
		at_ns += x.duration_ns + 300000;
		decoders += prompt;
	}
	for (int merged = 0; merged < 2; merged++) {
		struct both a = events_of_steps(&(struct id_steps){all, LONG_STEPS}), b = events_of_steps(&(struct id_steps){sample.steps, sample.step_count});
		assert_in_range(sample.step_count, 1000, SERVERS_STEPS_MOST);
		assert_true(a.first.count > 500 && a.end.count > 300);
		assert_same_events(&a.first, &b.first);
		assert_same_events(&a.end, &b.end);
		events_release(&a);
		events_release(&b);
		sample_end_merge(&sample, SERVERS_STEPS_MOST, 2000);
	}
	sample_release(&sample);
}

/* What each sample may have does not depend on the order of names, and the samples of all have the total. */
TEST(samples_share) {
	static int64_t same[128], steps[300], reversed[300];
	int64_t all = 0;

	assert_int_equal(servers_room(NULL, 0), SERVERS_STEPS_MOST);
	for (size_t i = 0; i < 128; i++) {
		same[i] = 50000;
	}
	assert_int_equal(servers_room(same, 20), SERVERS_STEPS_MOST); /* they have room as they are */
	assert_int_equal(servers_room(same, 128), SERVERS_STEPS_ALL / 128);
	for (size_t i = 0; i < 300; i++) {
		steps[i] = reversed[299 - i] = (int64_t)(i * i % 1009) + (i % 3 == 0 ? 12000 : 0);
	}
	size_t room = servers_room(steps, 300);
	assert_int_equal(servers_room(reversed, 300), room);
	assert_true(room > SERVERS_STEPS_LEAST && room < SERVERS_STEPS_MOST);
	for (size_t i = 0; i < 300; i++) {
		all += steps[i] < (int64_t)room ? steps[i] : (int64_t)room;
	}
	assert_in_range(all, SERVERS_STEPS_ALL - 300, SERVERS_STEPS_ALL);
	for (size_t i = 0; i < 300; i++) {
		steps[i] = 50000;
	}
	assert_int_equal(servers_room(steps, 300), SERVERS_STEPS_LEAST);
}

/* Windows of one name and requests of another, a second each; their days since the first one. */
static void add_days(struct name_summaries *n, const int *window_days, size_t windows, const int *request_days, size_t requests) {
	struct fault why = {0};

	for (size_t i = 0; i < windows; i++) {
		struct record w = {.kind = RECORD_WINDOW, .replica = T("counters"), .model = T("m"), .line = 1};
		window_counts_unknown(&w.window);
		w.window.start_ns = START_NS + window_days[i] * NS_PER_DAY;
		w.window.end_ns = w.window.start_ns + 10 * NS_PER_SECOND;
		w.window.input_tokens = 100;
		w.window.output_tokens = 90;
		w.window.requests = w.window.prefill_gpu_ns = w.window.decode_gpu_ns = UNKNOWN;
		assert_int_equal(name_summaries_add_record(n, &w, &why), 0);
	}
	for (size_t i = 0; i < requests; i++) {
		int64_t at_ns = START_NS + request_days[i] * NS_PER_DAY + NS_PER_SECOND;
		struct record r = {.kind = RECORD_REQUEST, .replica = T("requests"), .model = T("m"), .line = 1};
		r.request = (struct request){.id = T(""), .arrival_ns = at_ns, .scheduled_ns = UNKNOWN, .first_token_ns = at_ns + 20000000,
		                             .finish_ns = at_ns + 300000000, .prompt_tokens = 100 + (int64_t)i, .cached_tokens = 0, .completion_tokens = 16,
		                             .reasoning_tokens = UNKNOWN, .preemptions = UNKNOWN, .ok = true};
		assert_int_equal(name_summaries_add_record(n, &r, &why), 0);
	}
}

static int count_held(void *held, const struct name_verdict *v, struct fault *why) {
	(void)why;
	*(int *)held += v->held;
	return 0;
}

/* Requests beside windows of another name are held back only if there is a day with both. */
TEST(days_in_common) {
	static const struct {
		int windows[2], requests[2], held;
	} rows[] = {
		{{0, 9}, {3, 5}, 0}, {{0, 9}, {3, 9}, 1}, {{3, 5}, {0, 9}, 0}, {{5, 3}, {9, 3}, 1}, {{0, 1}, {2, 3}, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct names *names = names_new();
		struct name_summaries *n = name_summaries_new(names);
		struct fleet *fleet = fleet_of_rate(3600 * NANO);
		struct quality quality;
		struct fault why = {0};
		int held = 0;
		quality_init(&quality);
		add_days(n, rows[i].windows, 2, rows[i].requests, 2);
		assert_int_equal(name_summaries_decide(n, fleet, &quality, count_held, &held, &why), 0);
		if (held != rows[i].held) {
			fail_msg("row %zu: %d held", i, held);
		}
		quality_release(&quality);
		fleet_free(fleet);
		name_summaries_free(n);
		names_free(names);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(come_back),
		cmocka_unit_test(steps_are_small),
		cmocka_unit_test(a_full_disk),
		cmocka_unit_test(damaged_items),
		cmocka_unit_test(all_events_are_kept),
		cmocka_unit_test(samples_share),
		cmocka_unit_test(days_in_common),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
