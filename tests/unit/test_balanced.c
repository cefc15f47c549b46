/*
 * test_balanced.c: forty simulated servers behind one load balancer, their steps and their requests under separate
 * names. How many find their own, with which offset, and whether any finds another's; printed as a table, which fails
 * where a bound is missed, after the size of a summary. BALANCED_NEXT=N compares each with N others (4).
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/servers/servers_private.h"
#include "core/error.h"
#include "core/exact.h"
#include "core/instant.h"
#include "tests/unit/fits_help.h"

#define MS (NS_PER_SECOND / 1000)
#define START (INT64_C(1786406365) * NS_PER_SECOND)

enum { SERVERS = 40, SEQUENCES = 256, BUDGET = 8192, LEAD = 8 };

/* ---- what the balancer sends ---- */

struct job {
	int64_t arrival_ns, first_ns, finish_ns;
	int64_t prompt, cached, output;
	int64_t computed, made; /* tokens so far */
};

struct batch_step {
	int64_t start_ns, duration_ns, prompts, prefill, decoders;
	bool lost;
};

struct load_server {
	struct job *jobs;
	struct batch_step *steps;
	size_t job_count, job_room, step_count, step_room;
	int64_t ahead_ns; /* of the requests' clock */
};

/* One of the table's rows: how the logs of a fleet were written. */
struct row {
	const char *name;
	int64_t mean_ms; /* between requests of one server */
	bool bursts;
	int lost_steps, logged_requests, overlap; /* % */
	bool steps_in_seconds, requests_in_seconds;
	size_t few, many; /* requests of each server in the log */
	/* bounds: servers that find their own with so many requests; errors of their offsets, ms */
	int few_found, many_found;
	double median_ms, p95_ms;
};

/* Arrivals of the whole fleet: each goes to one server at random, bursts to all. */
static void send(struct load_server *fleet, const struct row *row, size_t each, uint64_t *r) {
	int64_t at_ns = START, mean_ns = row->mean_ms * MS / SERVERS;

	for (size_t i = 0; i < each * SERVERS; i++) {
		at_ns += 1 + below(r, 2 * mean_ns);
		at_ns += row->bursts && below(r, 20 * SERVERS) == 0 ? below(r, 40 * mean_ns * SERVERS) : 0;
		struct load_server *s = &fleet[below(r, SERVERS)];
		int64_t prompt = 50 + below(r, below(r, 4) == 0 ? 6000 : 1200);
		int64_t blocks = below(r, 3) == 0 ? below(r, (prompt - 1) / 16 + 1) : 0;
		s->jobs = must_grow(s->jobs, s->job_count, &s->job_room, sizeof *s->jobs, 256);
		s->jobs[s->job_count++] = (struct job){.arrival_ns = at_ns, .prompt = prompt, .cached = 16 * blocks, .output = 2 + below(r, 300)};
	}
}

/* ---- a server ---- */

struct running {
	struct job *of[SEQUENCES];
	size_t count;
};

/* Continuous batching: each sequence decodes, the rest of the step is chunks of prompts, first come, first served. */
static struct batch_step batch(const struct running *b, int64_t chunks[SEQUENCES]) {
	struct batch_step s = {.decoders = 0};

	for (size_t i = 0; i < b->count; i++) {
		s.decoders += b->of[i]->made > 0;
	}
	int64_t room = BUDGET - s.decoders;
	for (size_t i = 0; i < b->count; i++) {
		int64_t left = b->of[i]->made > 0 ? 0 : b->of[i]->prompt - b->of[i]->cached - b->of[i]->computed;
		chunks[i] = left < room ? left : room;
		room -= chunks[i];
		s.prompts += chunks[i] > 0;
		s.prefill += chunks[i];
	}
	return s;
}

static void finish_step(struct running *b, const int64_t chunks[SEQUENCES], int64_t end_ns) {
	size_t kept = 0;

	for (size_t i = 0; i < b->count; i++) {
		struct job *j = b->of[i];
		j->computed += chunks[i];
		bool makes = j->made > 0 || j->computed == j->prompt - j->cached;
		j->first_ns = makes && j->made == 0 ? end_ns : j->first_ns;
		j->made += makes;
		j->finish_ns = end_ns;
		if (j->made < j->output) {
			b->of[kept++] = j;
		}
	}
	b->count = kept;
}

static void serve(struct load_server *s, uint64_t *r) {
	struct running b = {.count = 0};
	int64_t chunks[SEQUENCES], now_ns = START;
	size_t next = 0;

	while (next < s->job_count || b.count > 0) {
		now_ns = b.count == 0 && s->jobs[next].arrival_ns > now_ns ? s->jobs[next].arrival_ns : now_ns;
		while (next < s->job_count && b.count < SEQUENCES && s->jobs[next].arrival_ns <= now_ns) {
			b.of[b.count++] = &s->jobs[next++];
		}
		struct batch_step one = batch(&b, chunks);
		one.start_ns = now_ns;
		one.duration_ns = 6 * MS + one.decoders * 50000 + one.prefill * 20000 + below(r, MS);
		now_ns += one.duration_ns + 200000;
		finish_step(&b, chunks, one.start_ns + one.duration_ns);
		s->steps = must_grow(s->steps, s->step_count, &s->step_room, sizeof *s->steps, 1024);
		s->steps[s->step_count++] = one;
	}
}

static struct load_server *simulate_fleet(const struct row *row, uint64_t seed) {
	struct load_server *fleet = must_calloc(SERVERS, sizeof *fleet);
	uint64_t r = seed;

	send(fleet, row, row->many * 100 / (size_t)row->logged_requests + LEAD, &r);
	for (int i = 0; i < SERVERS; i++) {
		fleet[i].ahead_ns = below(&r, 10000 * MS) - 5000 * MS;
		serve(&fleet[i], &r);
	}
	return fleet;
}

static void release_fleet(struct load_server *fleet) {
	for (int i = 0; i < SERVERS; i++) {
		free(fleet[i].jobs);
		free(fleet[i].steps);
	}
	free(fleet);
}

/* ---- its logs ---- */

/* From where on steps are logged, if their log overlaps with a part of the requests only. */
static int64_t steps_from(const struct load_server *s, const struct row *row) {
	return s->jobs[s->job_count * (size_t)(100 - row->overlap) / 100].arrival_ns;
}

static void log_steps(struct sample *out, const struct load_server *s, const struct row *row, name_id name, uint64_t *r) {
	int64_t from_ns = steps_from(s, row), end_ns = 0;

	sample_init(out, name, LOAD_BLOCKS_MOST);
	for (size_t i = 0; i < s->step_count; i++) {
		const struct batch_step *x = &s->steps[i];
		int64_t end = x->start_ns + x->duration_ns, second = instant_floor(end, NS_PER_SECOND);
		if ((row->overlap < 100 && x->start_ns < from_ns) || below(r, 100) < row->lost_steps) {
			continue;
		}
		/* as early as its stamp and the steps before it allow: as logs are read */
		end_ns = !row->steps_in_seconds ? end : second > end_ns + x->duration_ns ? second : end_ns + x->duration_ns;
		struct step_item item = {.head = {.kind = ITEM_STEP, .replica = name, .at_ns = end_ns - x->duration_ns}, .duration_ns = x->duration_ns,
		                         .flags = row->steps_in_seconds ? STEP_COARSE_CLOCK : 0, .index = (int64_t)i,
		                         .prefill_requests = (uint32_t)x->prompts, .prefill_tokens = (uint32_t)x->prefill,
		                         .decode_requests = (uint32_t)x->decoders, .decode_tokens = (uint32_t)x->decoders};
		sample_add_item(out, &item.head, 60000, 2000);
	}
	sample_end(out);
}

/* Late by up to 4 ms, one in twenty by up to 100. */
static int64_t stamp(int64_t at_ns, const struct load_server *s, const struct row *row, uint64_t *r) {
	int64_t stamped = at_ns + s->ahead_ns + below(r, below(r, 20) == 0 ? 100 * MS : 4 * MS);

	return row->requests_in_seconds ? instant_floor(stamped, NS_PER_SECOND) : stamped;
}

/* Cached tokens are not logged. */
static void log_requests(struct sample *out, const struct load_server *s, const struct row *row, size_t count, name_id name, uint64_t *r) {
	size_t logged = 0;

	sample_init(out, name, LOAD_BLOCKS_MOST);
	for (size_t i = 0; i < s->job_count && logged < count; i++) {
		const struct job *j = &s->jobs[i];
		bool before = row->overlap < 100 && s->jobs[i].arrival_ns < steps_from(s, row) && logged >= count * (size_t)(100 - row->overlap) / 100;
		if (before || below(r, 100) >= row->logged_requests) {
			continue;
		}
		struct request_item item = {.head = {.kind = ITEM_REQUEST, .replica = name, .at_ns = stamp(j->arrival_ns, s, row, r)},
		                            .part = PART_BOTH, .ok = 1, .cached_unknown = 1, .scheduled_ns = UNKNOWN,
		                            .first_token_ns = stamp(j->first_ns, s, row, r), .finish_ns = stamp(j->finish_ns, s, row, r),
		                            .prompt_tokens = (uint32_t)j->prompt, .completion_tokens = (uint32_t)j->output};
		item.arrival_ns = item.head.at_ns;
		sample_add_item(out, &item.head, 60000, 2000);
		logged++;
	}
	sample_end(out);
}

/* ---- verdicts ---- */

static struct id_result compare(const struct sample *steps, const struct sample *requests) {
	struct id_result r = servers_compare(steps, requests);

	if (r.verdict == ID_UNDECIDED && (r.seconds || steps->steps[0].coarse)) {
		r.verdict = servers_count_verdict(steps, requests, &r);
	}
	return r;
}

struct tally {
	int found[2], others, different, mistaken; /* found: with few requests, with many */
	double errors_ms[SERVERS];
	int errors;
	/* of the whole fleet at once, as a run decides */
	int placed, misplaced, held;
};

static void compare_all(const struct load_server *fleet, struct sample *steps, struct sample *requests, size_t many, int next, struct tally *t) {
	for (int i = 0; i < SERVERS; i++) {
		struct id_result own = compare(&steps[i], &requests[i]);
		t->found[many] += own.verdict == ID_SAME;
		t->mistaken += own.verdict == ID_DIFFERENT;
		if (many && own.verdict == ID_SAME && !own.counted) {
			t->errors_ms[t->errors++] = (double)llabs(own.offset_ns - fleet[i].ahead_ns) / 1e6;
		}
		for (int k = 1; many && k <= next; k++) {
			enum id_verdict other = compare(&steps[i], &requests[(i + k) % SERVERS]).verdict;
			t->others++;
			t->different += other == ID_DIFFERENT;
			t->mistaken += other == ID_SAME || other == ID_PART;
		}
	}
}

/* Decides as a run does: each name's requests among the steps of all. */
static void decide(struct sample *steps, struct sample *requests, struct names *names, struct tally *t) {
	struct quality quality;
	const struct fleet fleet = {.pool_count = 0};

	quality_init(&quality);
	struct servers *s = servers_new(names, &fleet, &quality);
	for (int i = 0; i < 2 * SERVERS; i++) {
		struct sample *from = i < SERVERS ? &steps[i] : &requests[i - SERVERS];
		struct server *one = servers_of(s, from->name);
		sample_release(&one->sample);
		one->sample = *from;
		sample_init(from, from->name, 0);
	}
	servers_judge(s);
	for (int i = 0; i < SERVERS; i++) {
		const struct server *a = &s->at[i], *b = &s->at[SERVERS + i];
		t->placed += b->matched && b->named == a->named;
		t->misplaced += b->matched && b->named != a->named;
		t->held += b->held;
	}
	servers_free(s);
	quality_release(&quality);
}

static int by_value(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct tally tally_of(const struct row *row, uint64_t seed, int next) {
	struct load_server *fleet = simulate_fleet(row, seed);
	struct sample *steps = must_calloc(SERVERS, sizeof *steps), *requests = must_calloc(SERVERS, sizeof *requests);
	struct names *names = names_new();
	struct tally t = {.others = 0};

	for (size_t many = 0; many < 2; many++) {
		for (int i = 0; i < SERVERS; i++) {
			char name[2][32];
			uint64_t r = seed + (uint64_t)i;
			snprintf(name[0], sizeof name[0], "steps-%d", i);
			snprintf(name[1], sizeof name[1], "requests-%d", i);
			log_steps(&steps[i], &fleet[i], row, names_id(names, text_of(name[0])), &r);
			log_requests(&requests[i], &fleet[i], row, many ? row->many : row->few, names_id(names, text_of(name[1])), &r);
		}
		compare_all(fleet, steps, requests, many, next, &t);
		if (many) {
			decide(steps, requests, names, &t);
		}
		for (int i = 0; i < SERVERS; i++) {
			sample_release(&steps[i]);
			sample_release(&requests[i]);
		}
	}
	qsort(t.errors_ms, (size_t)t.errors, sizeof *t.errors_ms, by_value);
	free(steps);
	free(requests);
	names_free(names);
	release_fleet(fleet);
	return t;
}

/* ---- the table ---- */

static const struct row rows[] = {
	{"plain, 2/s", 500, false, 0, 100, 100, false, false, 50, 200, 40, 40, 2.4, 3.6},
	{"plain, 0.15/s", 6667, false, 0, 100, 100, false, false, 50, 200, 40, 40, 2.4, 3.6},
	{"plain, 7/s in bursts", 143, true, 0, 100, 100, false, false, 50, 200, 40, 40, 2.4, 3.6},
	{"10 % of steps lost, 2/s", 500, false, 10, 100, 100, false, false, 50, 200, 40, 40, 2.4, 3.6},
	{"10 % of spans, 7/s", 143, false, 0, 10, 100, false, false, 50, 200, 40, 40, 2.4, 3.6},
	{"65 % overlap, 2/s", 500, false, 0, 100, 65, false, false, 50, 200, 40, 40, 2.4, 3.6},
	{"5 and 10 requests, 2/s", 500, false, 0, 100, 100, false, false, 5, 10, 29, 40, 2.7, 6},
	{"steps in seconds, 2/s", 500, false, 0, 100, 100, true, false, 50, 200, 40, 40, 4, 7},
	{"steps in seconds, bursts", 500, true, 0, 100, 100, true, false, 50, 200, 37, 40, 4, 7},
	{"steps in seconds, 0.15/s", 6667, false, 0, 100, 100, true, false, 50, 200, 40, 40, 160, 220},
	{"requests in seconds, 7/s", 143, false, 0, 100, 100, false, true, 50, 200, 38, 40, 60, 180},
	{"both in seconds, 7/s", 143, false, 0, 100, 100, true, true, 50, 200, 38, 40, 75, 200},
	{"both in seconds, 0.15/s", 6667, false, 0, 100, 100, true, true, 50, 200, 38, 40, 180, 400},
};

static bool holds(const struct row *row, const struct tally *t) {
	return t->mistaken == 0 && t->misplaced == 0 && t->found[0] >= row->few_found && t->found[1] >= row->many_found && t->errors > 0 &&
	       t->errors_ms[t->errors / 2] <= row->median_ms && t->errors_ms[t->errors * 95 / 100] <= row->p95_ms;
}

/* ---- sizes ---- */

struct sizes {
	size_t items, bytes;
};

/* Packed as tasks write them, without compression. */
static int add_size(void *sizes, struct text name, struct text item, struct fault *why) {
	struct sizes *s = sizes;

	(void)name, (void)why;
	s->items++;
	s->bytes += item.len;
	return 0;
}

static double bytes_each(const char *what, const struct record *records, size_t count) {
	struct names *names = names_new();
	struct name_summaries *n = name_summaries_new(names);
	struct sizes s = {0};
	struct fault why = {0};

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(name_summaries_add_record(n, &records[i], &why), 0);
	}
	assert_int_equal(name_summaries_each(n, add_size, &s, &why), 0);
	assert_true(s.items > 0);
	print_message("a summary of %zu %s: %zu bytes, %.1f each, with the load of its seconds\n", count, what, s.bytes, (double)s.bytes / (double)count);
	name_summaries_free(n);
	names_free(names);
	return (double)s.bytes / (double)count;
}

/* What a task of a shard writes of each name of its logs: at most SERVERS_STEPS_MOST steps, and an eighth as many requests. */
TEST(summaries_are_small) {
	struct load_server *fleet = simulate_fleet(&rows[0], 7);
	const struct load_server *s = &fleet[0];
	struct record *steps = must_calloc(s->step_count, sizeof *steps), *requests = must_calloc(s->job_count, sizeof *requests);

	for (size_t i = 0; i < s->step_count; i++) {
		const struct batch_step *x = &s->steps[i];
		steps[i] = (struct record){.kind = RECORD_STEP, .replica = T("s"), .model = T("m"), .line = (int64_t)i + 1,
		                           .step = {.index = (int64_t)i, .start_ns = x->start_ns, .gpu_ns = x->duration_ns, .prefill_requests = x->prompts,
		                                    .prefill_tokens = x->prefill, .decode_requests = x->decoders, .decode_tokens = x->decoders,
		                                    .prefill_gpu_ns = UNKNOWN, .decode_gpu_ns = UNKNOWN}};
	}
	for (size_t i = 0; i < s->job_count; i++) {
		const struct job *j = &s->jobs[i];
		requests[i] = (struct record){.kind = RECORD_REQUEST, .replica = T("r"), .model = T("m"), .line = (int64_t)i + 1,
		                              .request = {.id = T("0f3c5a"), .arrival_ns = j->arrival_ns, .scheduled_ns = UNKNOWN, .first_token_ns = j->first_ns,
		                                          .finish_ns = j->finish_ns, .prompt_tokens = j->prompt, .completion_tokens = j->output, .ok = true}};
	}
	double step = bytes_each("steps", steps, s->step_count), request = bytes_each("requests", requests, s->job_count);
	print_message("a name at most: %.0f kB of steps, %.0f kB of requests\n", step * (double)SERVERS_STEPS_MOST / 1000,
	              request * (double)servers_requests_room(SERVERS_STEPS_MOST) / 1000);
	assert_true(step <= 16 && request <= 40);
	free(steps);
	free(requests);
	release_fleet(fleet);
}

TEST(each_row_of_the_table_holds) {
	const char *asked = getenv("BALANCED_NEXT");
	int next = asked ? atoi(asked) : 4, others = 0, fine = 0, different = 0, missed = 0;

	size_t stride = getenv("SANITIZED") ? 4 : 1; /* sanitizers take over three minutes for all rows */

	next = next < 1 ? 1 : next < SERVERS ? next : SERVERS - 1;
	print_message("%-26s %9s %9s %8s %8s %10s %9s %6s\n", "of 40 servers", "few", "many", "median", "p95 ms", "different", "mistaken", "placed");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i += stride) {
		const struct row *row = &rows[i];
		struct tally t = tally_of(row, 1000 * (i + 1), next);
		bool good = holds(row, &t);
		double median = t.errors > 0 ? t.errors_ms[t.errors / 2] : -1, p95 = t.errors > 0 ? t.errors_ms[t.errors * 95 / 100] : -1;
		print_message("%-26s %3zu:%2d/%2d %3zu:%2d/%2d %8.2f %8.2f %5d/%4d %9d %6d%s\n", row->name, row->few, t.found[0], row->few_found, row->many,
		              t.found[1], row->many_found, median, p95, t.different, t.others, t.mistaken + t.misplaced, t.placed, good ? "" : "  MISSED");
		others += t.others;
		fine += row->requests_in_seconds || row->few < 50 ? 0 : t.others;
		different += row->requests_in_seconds || row->few < 50 ? 0 : t.different;
		missed += !good;
	}
	print_message("%d pairs of different servers; %d of %d with fine timestamps of requests found to be different\n", others, different, fine);
	assert_int_equal(missed, 0);
	assert_true(100 * different >= 97 * fine);
	assert_true(stride > 1 || others >= 2000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summaries_are_small), cmocka_unit_test(each_row_of_the_table_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
