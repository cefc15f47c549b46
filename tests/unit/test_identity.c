/* test_identity.c: whether steps and requests are from one server. With simulated servers behind one load balancer. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "attribute/servers/drift.h"
#include "attribute/servers/identity_events.h"
#include "attribute/evidence/load.h"
#include "core/error.h"
#include "core/exact.h"

#define MS (NS_PER_SECOND / 1000)
#define START (INT64_C(1786406365) * NS_PER_SECOND)
#define UNSTATED INT64_MIN

/* ---- a server ---- */

struct random {
	uint64_t state;
};

static uint64_t next(struct random *r) {
	r->state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t x = r->state;
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static int64_t below(struct random *r, int64_t n) {
	return (int64_t)(next(r) % (uint64_t)n);
}

enum { REQUESTS = 400, STEPS = 60000, SEQUENCES = 64, SERVERS = 40 };

struct server {
	struct id_step *steps;
	struct id_request *requests;
	size_t step_count, request_count;
};

/* Sequences that decode: the remaining tokens of each, and its request. */
struct decoding {
	int64_t left[SEQUENCES];
	size_t of[SEQUENCES], count;
};

static int64_t decode(struct server *s, struct decoding *b, int64_t end_ns) {
	for (size_t i = 0; i < b->count;) {
		if (--b->left[i] > 0) {
			i++;
			continue;
		}
		s->requests[b->of[i]].finish_ns = end_ns;
		b->count--;
		b->left[i] = b->left[b->count];
		b->of[i] = b->of[b->count];
	}
	return end_ns;
}

/* Steady: mean distance in ms; bursts: with pauses now and then; fixed: all equal, each sent after the last one. */
enum arrivals { STEADY, BURSTS, FIXED };

/* Starts one request at a time, in the order of arrival. */
static struct server simulate(uint64_t seed, int64_t mean_ms, enum arrivals arrivals) {
	const bool fixed = arrivals == FIXED;
	struct random r = {seed};
	struct server s = {must_calloc(STEPS, sizeof *s.steps), must_calloc(REQUESTS, sizeof *s.requests), 0, 0};
	struct decoding b = {.count = 0};
	int64_t now = START + (fixed ? 0 : below(&r, 1000) * MS), arrival = now;

	while (s.step_count < STEPS && (s.request_count < REQUESTS || b.count > 0)) {
		bool begins = s.request_count < REQUESTS && b.count < SEQUENCES && (fixed ? b.count == 0 : arrival <= now);
		if (!begins && b.count == 0) {
			now = arrival;
			continue;
		}
		uint32_t prompt = begins ? fixed ? 1000 : (uint32_t)(50 + below(&r, 4000)) : 0;
		int64_t duration = 8 * MS + (int64_t)b.count * 200000 + (int64_t)prompt * 20000 + (fixed ? 0 : below(&r, MS));
		s.steps[s.step_count++] = (struct id_step){now + duration, duration, prompt, ID_NO_NUMBER, begins, (uint16_t)b.count, true, false};
		now = decode(&s, &b, now + duration);
		if (begins) {
			s.requests[s.request_count] = (struct id_request){now, UNSTATED, prompt, 0, 0};
			b.left[b.count] = fixed ? 100 : 5 + below(&r, 300);
			b.of[b.count++] = s.request_count++;
			arrival += 1 + below(&r, 2 * mean_ms * MS + 1);
			arrival += arrivals == BURSTS && below(&r, 20) == 0 ? below(&r, 40 * mean_ms * MS) : 0;
		}
	}
	return s;
}

static void release(struct server *s) {
	free(s->steps);
	free(s->requests);
}

static struct id_result compare(const struct server *steps, const struct server *requests, size_t count, int64_t ahead_ns) {
	struct id_request *moved = must_alloc(REQUESTS * sizeof *moved);
	struct id_result out;

	memcpy(moved, requests->requests, REQUESTS * sizeof *moved);
	for (size_t i = 0; i < count; i++) {
		moved[i].first_ns += ahead_ns;
		moved[i].finish_ns += moved[i].finish_ns != UNSTATED ? ahead_ns : 0;
	}
	const struct id_steps s = {steps->steps, steps->step_count};
	const struct id_requests r = {moved, count, true};
	identity_test(&s, &r, &out);
	assert_true(out.coverage >= 0 && out.coverage <= 1);
	free(moved);
	return out;
}

/* ---- tests ---- */

TEST(one_server_is_found_at_any_offset) {
	static const int64_t offsets_ms[] = {0, 5, -20, 500, -2000, 5000};
	struct server s = simulate(1, 400, STEADY);

	for (size_t i = 0; i < sizeof offsets_ms / sizeof *offsets_ms; i++) {
		struct id_result r = compare(&s, &s, 100, offsets_ms[i] * MS);
		assert_int_equal(r.verdict, ID_SAME);
		assert_true(llabs(r.offset_ns - offsets_ms[i] * MS) < MS);
		assert_true(r.coverage > 0.95);
	}
	release(&s);
}

/* Each of forty servers against this many others: with IDENTITY_NEXT=39 (make check-long), 1,560 pairs a fleet. */
static int next_of_fleet(void) {
	const char *asked = getenv("IDENTITY_NEXT");
	int next = asked ? atoi(asked) : 5;

	return next < 1 ? 1 : next > SERVERS - 1 ? SERVERS - 1 : next;
}

static void simulate_fleet(struct server at[SERVERS], uint64_t seed, enum arrivals arrivals) {
	for (int i = 0; i < SERVERS; i++) {
		at[i] = simulate((uint64_t)i + seed, 400, arrivals);
	}
}

/* Servers that share a load: each compared with others. */
TEST(servers_behind_one_balancer_are_never_one) {
	struct server at[SERVERS];
	int different = 0, next = next_of_fleet();

	simulate_fleet(at, 100, STEADY);
	for (int i = 0; i < SERVERS; i++) {
		for (int k = 1; k <= next; k++) {
			struct id_result r = compare(&at[i], &at[(i + k) % SERVERS], 100, 0);
			assert_int_not_equal(r.verdict, ID_SAME);
			assert_int_not_equal(r.verdict, ID_PART);
			different += r.verdict == ID_DIFFERENT;
		}
		assert_int_equal(compare(&at[i], &at[i], 100, 3 * MS).verdict, ID_SAME);
	}
	assert_true(different > SERVERS * next * 9 / 10);
	for (int i = 0; i < SERVERS; i++) {
		release(&at[i]);
	}
}

/* Requests with timestamps truncated to the second: their server is found, or not decided; another one is never accepted. */
TEST(requests_in_seconds_are_never_anothers) {
	struct server at[SERVERS];
	int found = 0, next = next_of_fleet();

	simulate_fleet(at, 900, STEADY);
	for (int i = 0; i < SERVERS; i++) {
		for (size_t r = 0; r < at[i].request_count; r++) {
			struct id_request *q = &at[i].requests[r];
			q->first_ns -= q->first_ns % NS_PER_SECOND;
			q->finish_ns -= q->finish_ns != UNSTATED ? q->finish_ns % NS_PER_SECOND : 0;
		}
	}
	for (int i = 0; i < SERVERS; i++) {
		for (int k = 1; k <= next; k++) {
			enum id_verdict other = compare(&at[i], &at[(i + k) % SERVERS], 100, 0).verdict;
			assert_true(other == ID_UNDECIDED || other == ID_DIFFERENT);
		}
		struct id_result own = compare(&at[i], &at[i], 100, 0);
		assert_int_not_equal(own.verdict, ID_DIFFERENT);
		found += own.verdict == ID_SAME && own.seconds;
	}
	assert_true(found > SERVERS * 9 / 10);
	for (int i = 0; i < SERVERS; i++) {
		release(&at[i]);
	}
}

/* Stamps truncated to the second: steps are placed as early as their stamps and the steps before them allow, as logs are read. */
static void truncate_steps(struct server *s) {
	int64_t last_ns = 0;

	for (size_t i = 0; i < s->step_count; i++) {
		struct id_step *x = &s->steps[i];
		int64_t second = x->end_ns - x->end_ns % NS_PER_SECOND, after = last_ns + x->duration_ns;
		x->end_ns = last_ns = after > second ? after : second;
		x->coarse = true;
	}
}

/* Such steps are found by widths of 50 ms. A width of 2 s covers the same offset from a second away: that is no other one. */
TEST(steps_in_seconds_find_their_requests) {
	static const int64_t offsets_ms[] = {0, 5, -20, 20, 500, -500, 2000};
	struct server s = simulate(21, 120, STEADY);

	truncate_steps(&s);
	for (size_t i = 0; i < sizeof offsets_ms / sizeof *offsets_ms; i++) {
		struct id_result r = compare(&s, &s, REQUESTS, offsets_ms[i] * MS);
		assert_int_equal(r.verdict, ID_SAME);
		assert_true(llabs(r.offset_ns - offsets_ms[i] * MS) <= 2 * MS);
	}
	release(&s);
}

/* Drafted steps compute five times the tokens that the requests get: that does not make them another server's. */
TEST(drafted_steps_are_not_told_apart_by_tokens) {
	struct load steps, requests;
	struct load_match m;

	load_init(&steps, LOAD_BLOCKS_MOST);
	load_init(&requests, LOAD_BLOCKS_MOST);
	for (int64_t i = 0; i < 400; i++) {
		uint32_t running = (uint32_t)(i / 20 * 7919 % 83 / 8);
		load_put_bin(&steps, START / NS_PER_SECOND + i, &(struct load_bin){.running_ms = running * 1000, .generated_mtok = running * 100000, .squares = 1, .steps = 1});
		load_put_bin(&requests, START / NS_PER_SECOND + i, &(struct load_bin){.running_ms = running * 1000, .generated_mtok = running * 20000, .squares = 1});
	}
	for (int drafted = 0; drafted < 2; drafted++) {
		steps.drafted = drafted;
		const struct load_side a = {.load = &steps, .first_ns = START, .last_ns = START + 400 * NS_PER_SECOND};
		const struct load_side b = {.load = &requests, .first_ns = START, .last_ns = START + 400 * NS_PER_SECOND};
		load_compare(&a, true, &b, &m);
		assert_int_equal(m.verdict, drafted ? LOAD_SAME : LOAD_DIFFERENT);
	}
	load_release(&steps);
	load_release(&requests);
}

/* Requests of two servers under one name: half of them are this one's. */
TEST(a_part_of_the_requests_is_a_part) {
	struct server a = simulate(7, 400, STEADY), b = simulate(8, 400, STEADY);
	struct server mixed = {NULL, must_alloc(REQUESTS * sizeof *mixed.requests), 0, REQUESTS};

	for (size_t i = 0; i < REQUESTS; i++) {
		mixed.requests[i] = i % 2 ? a.requests[i / 2] : b.requests[i / 2];
	}
	assert_int_equal(compare(&a, &mixed, 300, 0).verdict, ID_PART);
	release(&a);
	release(&b);
	free(mixed.requests);
}

/* ---- by their load ---- */

static void load_of_steps(const struct server *s, struct load loads[LOAD_KINDS]) {
	for (size_t i = 0; i < s->step_count; i++) {
		const struct id_step *x = &s->steps[i];
		struct step_item item = {.head = {.kind = ITEM_STEP, .at_ns = x->end_ns - x->duration_ns}, .duration_ns = x->duration_ns,
		                         .prefill_requests = x->prompts, .prefill_tokens = x->prefill_tokens,
		                         .decode_requests = x->decoders, .decode_tokens = x->decoders};
		load_add_item(loads, &item.head);
	}
}

static void load_of_requests(const struct server *s, struct load loads[LOAD_KINDS]) {
	for (size_t i = 0; i < s->request_count; i++) {
		const struct id_request *q = &s->requests[i];
		struct request_item item = {.head = {.kind = ITEM_REQUEST, .at_ns = q->first_ns}, .part = PART_BOTH, .arrival_ns = q->first_ns,
		                            .scheduled_ns = UNSTATED, .first_token_ns = q->first_ns, .finish_ns = q->finish_ns,
		                            .prompt_tokens = q->prompt_tokens, .completion_tokens = 1};
		for (size_t k = 0; k < s->step_count; k++) { /* one a step between its first token and its finish */
			item.completion_tokens += s->steps[k].end_ns > q->first_ns && s->steps[k].end_ns <= q->finish_ns;
		}
		load_add_item(loads, &item.head);
	}
}

/* The values of counters that are read periodically. */
static void load_of_windows(const struct server *s, struct load loads[LOAD_KINDS], int64_t every_ns, int64_t ahead_ns) {
	int64_t from_ns = START;
	struct window_item w = {.head = {.kind = ITEM_WINDOW}};

	for (size_t i = 0; i < s->step_count; i++) {
		const struct id_step *x = &s->steps[i];
		for (; x->end_ns > from_ns + every_ns; from_ns += every_ns, w.output_tokens = 0) {
			w.head.at_ns = from_ns + ahead_ns;
			w.end_ns = from_ns + every_ns + ahead_ns;
			w.running = x->end_ns - x->duration_ns < from_ns + every_ns ? x->prompts + x->decoders : 0;
			load_add_item(loads, &w.head);
		}
		w.output_tokens += x->decoders + x->prompts;
	}
}

struct loads {
	struct load of[LOAD_KINDS], other[LOAD_KINDS]; /* windows of ten seconds; of fifteen */
	struct load_side steps, requests, windows, longer;
};

static void loads_init(struct loads *l, const struct server *s, int64_t ahead_ns) {
	const int64_t last_ns = s->steps[s->step_count - 1].end_ns;

	for (size_t k = 0; k < LOAD_KINDS; k++) {
		load_init(&l->of[k], LOAD_BLOCKS_MOST);
		load_init(&l->other[k], LOAD_BLOCKS_MOST);
	}
	load_of_steps(s, l->of);
	load_of_requests(s, l->of);
	load_of_windows(s, l->of, 10 * NS_PER_SECOND, ahead_ns);
	load_of_windows(s, l->other, 15 * NS_PER_SECOND, 0);
	l->longer = (struct load_side){.load = &l->other[LOAD_WINDOWS], .first_ns = START, .last_ns = last_ns, .averaged = true};
	l->steps = (struct load_side){.load = &l->of[LOAD_STEPS], .first_ns = START, .last_ns = last_ns};
	l->requests = (struct load_side){.load = &l->of[LOAD_REQUESTS], .first_ns = START, .last_ns = last_ns};
	l->windows = (struct load_side){.load = &l->of[LOAD_WINDOWS], .first_ns = START, .last_ns = last_ns};
}

static enum load_verdict verdict_of(const struct load_side *a, bool by_bins, const struct load_side *b, int64_t *offset_s) {
	struct load_match m;

	load_compare(a, by_bins, b, &m);
	*offset_s = m.offset_s;
	return m.verdict;
}

enum { WINDOWS_STEPS, WINDOWS_REQUESTS, STEPS_REQUESTS, WINDOWS_WINDOWS, COMPARED };

struct tally {
	int same[COMPARED], different[COMPARED];
	int mistaken;
};

static void compare_loads(const struct loads *a, const struct loads *b, bool one, struct tally *t) {
	static const int64_t ahead_s[COMPARED] = {3, 3, 0, 3};
	int64_t off[COMPARED];
	const enum load_verdict found[COMPARED] = {verdict_of(&a->windows, false, &b->steps, &off[WINDOWS_STEPS]),
	                                           verdict_of(&a->windows, false, &b->requests, &off[WINDOWS_REQUESTS]),
	                                           verdict_of(&a->steps, true, &b->requests, &off[STEPS_REQUESTS]),
	                                           verdict_of(&a->windows, false, &b->longer, &off[WINDOWS_WINDOWS])};

	for (int n = 0; n < COMPARED; n++) {
		assert_int_not_equal(found[n], one ? LOAD_DIFFERENT : LOAD_SAME);
		assert_true(found[n] != LOAD_SAME || llabs(off[n] - ahead_s[n]) <= 1);
		t->mistaken += !one && n == WINDOWS_WINDOWS && found[n] == LOAD_LIKELY; /* the definition of a match of windows */
		t->same[n] += found[n] == LOAD_SAME || (n == WINDOWS_WINDOWS && found[n] == LOAD_LIKELY);
		t->different[n] += found[n] == LOAD_DIFFERENT;
	}
}

static struct tally compare_fleet(uint64_t seed, enum arrivals arrivals, int next) {
	struct server at[SERVERS];
	struct loads *loads = must_calloc(SERVERS, sizeof *loads);
	struct tally t = {.mistaken = 0};

	simulate_fleet(at, seed, arrivals);
	for (int i = 0; i < SERVERS; i++) {
		loads_init(&loads[i], &at[i], -3 * NS_PER_SECOND);
	}
	for (int i = 0; i < SERVERS; i++) {
		for (int k = 0; k <= next; k++) {
			compare_loads(&loads[i], &loads[(i + k) % SERVERS], k == 0, &t);
		}
	}
	for (int i = 0; i < SERVERS; i++) {
		for (size_t k = 0; k < LOAD_KINDS; k++) {
			load_release(&loads[i].of[k]);
			load_release(&loads[i].other[k]);
		}
		release(&at[i]);
	}
	free(loads);
	return t;
}

/* Windows find their steps and their requests, with clocks 3 s apart, and steps their requests; none finds another server's. */
TEST(windows_find_the_server_that_they_count) {
	static const char *const names[WINDOWS_WINDOWS] = {"windows and steps", "windows and requests", "steps and requests, by counting"};
	int next = next_of_fleet();
	struct tally t = compare_fleet(500, BURSTS, next);

	assert_int_equal(t.mistaken, 0);
	for (int n = 0; n < WINDOWS_WINDOWS; n++) { /* too few other windows here */
		print_message("%s: %d of %d found, %d of %d others different\n", names[n], t.same[n], SERVERS, t.different[n], SERVERS * next);
		assert_true(t.same[n] >= SERVERS * 9 / 10);
		assert_true(t.different[n] >= SERVERS * next * 8 / 10);
	}
}

/* Servers whose loads have the same shape: many are not decided, none is mistaken for another. */
TEST(servers_with_one_shape_of_load_are_never_one) {
	struct tally t = compare_fleet(700, STEADY, next_of_fleet());

	assert_int_equal(t.mistaken, 0);
	assert_true(t.same[WINDOWS_STEPS] > SERVERS / 2);
}

/* A benchmark with one length: events also coincide at an offset of one period. */
TEST(a_load_that_repeats_itself_is_not_decided) {
	struct server s = simulate(3, 0, FIXED), other = simulate(4, 0, FIXED);

	struct id_result own = compare(&s, &s, 100, 0), another = compare(&s, &other, 100, 300 * MS);
	assert_int_not_equal(own.verdict, ID_DIFFERENT);
	assert_int_not_equal(another.verdict, ID_SAME);
	release(&s);
	release(&other);
}

/* How far the requests' clock is ahead: 200 millionths too fast; or set, and 50 millionths too slow. */
static int64_t clock_ahead(int kind, int64_t at_ns) {
	int64_t since_ns = at_ns - START;

	return kind == 0 ? since_ns / 5000 : since_ns / -20000 + (since_ns > 60 * NS_PER_SECOND ? 300 * MS : 0);
}

/* Requests of a server whose clock changes; compared with the steps of one. */
static bool find_drift(const struct server *steps, const struct server *requests, int kind, struct drift *drift) {
	struct id_request *moved = must_alloc(REQUESTS * sizeof *moved);
	const struct id_steps s = {steps->steps, steps->step_count};
	const struct id_requests r = {moved, requests->request_count, true};
	struct id_result out;

	memcpy(moved, requests->requests, REQUESTS * sizeof *moved);
	for (size_t i = 0; i < requests->request_count; i++) {
		moved[i].first_ns += clock_ahead(kind, moved[i].first_ns);
		moved[i].finish_ns += moved[i].finish_ns != UNSTATED ? clock_ahead(kind, moved[i].finish_ns) : 0;
	}
	identity_test(&s, &r, &out);
	bool found = drift_find(&s, &r, &out, drift);
	free(moved);
	return found;
}

TEST(a_clock_that_changes_is_followed) {
	struct server s = simulate(21, 400, STEADY);
	struct drift drift;

	for (int kind = 0; kind < 2; kind++) {
		assert_true(find_drift(&s, &s, kind, &drift));
		size_t near = 0;
		for (size_t i = 0; i < s.request_count; i++) {
			int64_t ahead = clock_ahead(kind, s.requests[i].first_ns);
			near += llabs(drift_at(&drift, s.requests[i].first_ns + ahead) - ahead) < MS;
		}
		assert_true(near >= s.request_count - 3); /* those nearest to where it was set */
	}
	release(&s);
}

/* A difference that may change fits more: it must not fit to another server. */
TEST(no_change_of_a_clock_makes_two_servers_one) {
	struct server at[SERVERS];
	struct drift drift;

	simulate_fleet(at, 4000, STEADY);
	for (int i = 0; i < SERVERS; i++) {
		assert_false(find_drift(&at[i], &at[(i + 1) % SERVERS], i % 2, &drift));
	}
	for (int i = 0; i < SERVERS; i++) {
		release(&at[i]);
	}
}

TEST(few_requests_decide_nothing) {
	struct server s = simulate(5, 400, STEADY), other = simulate(6, 400, STEADY);
	const struct id_steps none = {NULL, 0};
	const struct id_requests nobody = {NULL, 0, true};
	struct id_result r;

	assert_int_equal(compare(&s, &other, 3, 0).verdict, ID_UNDECIDED);
	identity_test(&none, &nobody, &r);
	assert_int_equal(r.verdict, ID_UNDECIDED);
	release(&s);
	release(&other);
}

static int64_t votes(const struct server *steps, const struct server *requests) {
	struct both s = events_of_steps(&(struct id_steps){steps->steps, steps->step_count});
	struct both r = events_of_requests(&(struct id_requests){requests->requests, 32, true});
	int64_t found = identity_votes(&s.first, &r.first, true, 6 * NS_PER_SECOND, 40 * MS);

	events_release(&s);
	events_release(&r);
	return found;
}

TEST(votes_go_to_the_own_server) {
	struct server s = simulate(11, 400, STEADY), other = simulate(12, 400, STEADY);

	assert_true(votes(&s, &s) > 3 * votes(&other, &s));
	release(&s);
	release(&other);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_server_is_found_at_any_offset),
		cmocka_unit_test(servers_behind_one_balancer_are_never_one),
		cmocka_unit_test(requests_in_seconds_are_never_anothers),
		cmocka_unit_test(steps_in_seconds_find_their_requests),
		cmocka_unit_test(drafted_steps_are_not_told_apart_by_tokens),
		cmocka_unit_test(a_part_of_the_requests_is_a_part),
		cmocka_unit_test(windows_find_the_server_that_they_count),
		cmocka_unit_test(servers_with_one_shape_of_load_are_never_one),
		cmocka_unit_test(a_load_that_repeats_itself_is_not_decided),
		cmocka_unit_test(a_clock_that_changes_is_followed),
		cmocka_unit_test(no_change_of_a_clock_makes_two_servers_one),
		cmocka_unit_test(few_requests_decide_nothing),
		cmocka_unit_test(votes_go_to_the_own_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
