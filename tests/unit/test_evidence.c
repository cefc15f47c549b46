/*
 * test_evidence.c: real logs compared with their known content. The small extracts in tests/data are always
 * available; the whole logs in ../shared are used if they exist.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/exact.h"
#include "ingest/bytes/source.h"
#include "ingest/line.h"
#include "tests/unit/ingest_help.h"

/* Records of one file, in order, with their texts kept. */
struct kept {
	struct record *at;
	size_t count, room;
	struct quality quality;
};

static int keep_whole(void *context, unsigned lane, const struct record *r, struct fault *why) {
	struct kept *k = context;

	(void)lane;
	(void)why;
	if (k->count == k->room) {
		k->room = k->room > 0 ? 2 * k->room : 1024;
		k->at = must_realloc(k->at, k->room * sizeof *k->at);
	}
	k->at[k->count] = *r;
	char *replica = must_alloc(r->replica.len + 1);
	memcpy(replica, r->replica.at, r->replica.len);
	k->at[k->count++].replica.at = replica;
	return 0;
}

static struct kept read_log(const char *path) {
	struct kept k = {0};
	struct fault why;
	struct ingest_source source = {.path = path, .log_year = 2026};
	struct ingest_options o = {.sources = &source, .source_count = 1, .threads = 1, .now_ns = INT64_C(1795500000) * NS_PER_SECOND};

	quality_init(&k.quality);
	assert_int_equal(ingest_run(&o, keep_whole, &k, &k.quality, &why), 0);
	return k;
}

static void kept_release(struct kept *k) {
	for (size_t i = 0; i < k->count; i++) {
		free((char *)(uintptr_t)k->at[i].replica.at);
	}
	free(k->at);
	quality_release(&k->quality);
}

static const struct step *next_step(const struct kept *k, size_t *i, struct text replica) {
	for (; *i < k->count; (*i)++) {
		const struct record *r = &k->at[*i];
		if (r->kind == RECORD_STEP && (replica.len == 0 || text_eq(r->replica, replica))) {
			return &k->at[(*i)++].step;
		}
	}
	return NULL;
}

/* vLLM's timestamp is truncated to the second and written when the step has ended. */
static bool near_in_time(const struct step *logged, const struct step *truth) {
	int64_t apart = logged->start_ns - truth->start_ns;

	return apart > -2 * NS_PER_SECOND && apart < 2 * NS_PER_SECOND;
}

static void same_step(const char *log, const struct step *logged, const struct step *truth) {
	int64_t rounding = logged->gpu_ns - truth->gpu_ns;

	if (logged->index != truth->index || logged->prefill_requests != truth->prefill_requests ||
	    logged->prefill_tokens != truth->prefill_tokens || logged->decode_requests != truth->decode_requests ||
	    rounding < -5000 || rounding > 5000 || !near_in_time(logged, truth) || (logged->flags & STEP_MIXED_RECOMPUTE)) {
		fail_msg("%s: step %lld is not the truth's step %lld", log, (long long)logged->index, (long long)truth->index);
	}
}

/* The log of one replica compared with the native steps of all; returns the number of steps in both. */
static size_t check_vllm(const char *log, const char *steps, struct text replica, bool whole) {
	struct kept logged = read_log(log), truth = read_log(steps);
	size_t i = 0, j = 0, same = 0;
	const struct step *a, *b;

	assert_int_equal(logged.quality.reject_count, 0);
	assert_int_equal(logged.quality.unknown_keys, 0);
	while ((a = next_step(&logged, &i, T(""))) && (b = next_step(&truth, &j, replica))) {
		same_step(log, a, b);
		same++;
	}
	if (whole) {
		assert_null(next_step(&truth, &j, replica));
		assert_null(next_step(&logged, &i, T("")));
	}
	kept_release(&logged);
	kept_release(&truth);
	return same;
}

TEST(small_vllm_log) {
	assert_int_equal(check_vllm("tests/data/vllm-tiny-8b.log", "tests/data/steps-tiny-8b.jsonl", T("rtx-tiny-01"), true), 60);
}

static bool not_there(const char *path) {
	if (access(path, R_OK) == 0) {
		return false;
	}
	print_message("%s is not here: skipped\n", path);
	return true;
}

TEST(whole_vllm_logs) {
	static const struct {
		const char *log, *steps, *replica;
	} runs[] = {
		{"../shared/truth/tiny-8b/vllm.r0.log.gz", "../shared/truth/tiny-8b/steps.jsonl.gz", "rtx-tiny-01"},
		{"../shared/truth/small-8b/vllm.r0.log.gz", "../shared/truth/small-8b/steps.jsonl.gz", "rtx-8b-01"},
		{"../shared/truth/small-8b/vllm.r1.log.gz", "../shared/truth/small-8b/steps.jsonl.gz", "rtx-8b-02"},
		{"../shared/truth/tiny-pd/vllm.r0.log.gz", "../shared/truth/tiny-pd/steps.jsonl.gz", "pf-8b-01"},
		{"../shared/truth/tiny-pd/vllm.r1.log.gz", "../shared/truth/tiny-pd/steps.jsonl.gz", "dc-8b-01"},
		{"../shared/truth/tiny-pd/vllm.r2.log.gz", "../shared/truth/tiny-pd/steps.jsonl.gz", "dc-8b-02"},
	};
	size_t steps = 0;

	if (not_there(runs[0].log)) {
		skip();
	}
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
		steps += check_vllm(runs[i].log, runs[i].steps, text_of(runs[i].replica), true);
	}
	print_message("%zu steps are the truth's\n", steps);
	assert_int_equal(steps, 2559 + 29409 + 6223);
}

/* A client's record of a request to llama.cpp. */
struct seen {
	int64_t evaluated, prompt_ns, predicted, predicted_ns;
	bool found;
};

static int64_t ns_of(const struct json *j, json_at v) {
	struct text raw = json_raw(j, v);
	int64_t ns = 0;

	/* The log prints hundredths of a millisecond. */
	assert_true(text_take_fixed(&raw, 6, &ns));
	return ns;
}

static int64_t count_of(const struct json *j, json_at object, const char *key) {
	int64_t n = 0;

	assert_true(json_i64(j, json_get(j, object, text_of(key)), &n));
	return n;
}

static struct seen seen_of(struct json *j, struct text line) {
	assert_true(json_parse(j, line, NULL));
	json_at timings = json_get(j, 0, T("timings"));
	return (struct seen){
		.evaluated = count_of(j, 0, "tokens_evaluated"),
		.predicted = count_of(j, timings, "predicted_n"),
		.prompt_ns = ns_of(j, json_get(j, timings, T("prompt_ms"))),
		.predicted_ns = ns_of(j, json_get(j, timings, T("predicted_ms"))),
	};
}

static struct seen *read_seen(const char *path, size_t *count) {
	struct source *source;
	struct fault why;
	struct lines lines = {.max_bytes = 1 << 20};
	struct text block, line;
	struct seen *seen = NULL;
	struct json *j = json_new();

	*count = 0;
	assert_int_equal(source_open(&source, path, (struct source_limits){0}, &why), 0);
	while (source_next(source, &block)) {
		lines_feed(&lines, block);
		while (lines_next(&lines, &line) == LINE_READY) {
			seen = must_realloc(seen, (*count + 1) * sizeof *seen);
			seen[(*count)++] = seen_of(j, line);
		}
	}
	source_free(source);
	lines_release(&lines);
	json_free(j);
	return seen;
}

static bool close_to(int64_t printed_ns, int64_t exact_ns) {
	int64_t apart = printed_ns - exact_ns;

	return apart > -6000 && apart < 6000;
}

/* Each request of the client is in the log once, with the same tokens and times, and no other request is. */
static void check_llamacpp(const char *log, const char *client) {
	struct kept logged = read_log(log);
	size_t count, requests = 0;
	struct seen *seen = read_seen(client, &count);
	int64_t prompt = 0, completion = 0, true_prompt = 0, true_completion = 0;

	assert_int_equal(logged.quality.reject_count, 0);
	for (size_t i = 0; i < logged.count; i++) {
		const struct request *r = &logged.at[i].request;
		assert_int_equal(logged.at[i].kind, RECORD_REQUEST);
		prompt += r->prompt_tokens;
		completion += r->completion_tokens;
		requests++;
		for (size_t k = 0;; k++) {
			if (k == count) {
				fail_msg("%s:%lld: no client saw this request", log, (long long)logged.at[i].line);
			}
			if (!seen[k].found && seen[k].evaluated == r->prompt_tokens && seen[k].predicted == r->completion_tokens &&
			    close_to(r->first_token_ns - r->scheduled_ns, seen[k].prompt_ns) &&
			    close_to(r->finish_ns - r->first_token_ns, seen[k].predicted_ns)) {
				seen[k].found = true;
				break;
			}
		}
	}
	for (size_t k = 0; k < count; k++) {
		true_prompt += seen[k].evaluated;
		true_completion += seen[k].predicted;
	}
	print_message("%s: %zu requests, %lld prompt tokens, %lld completion tokens\n", log, requests, (long long)prompt,
	              (long long)completion);
	assert_int_equal(requests, count);
	assert_int_equal(prompt, true_prompt);
	assert_int_equal(completion, true_completion);
	free(seen);
	kept_release(&logged);
}

TEST(small_llamacpp_log) {
	check_llamacpp("tests/data/llamacpp-plain.log", "tests/data/llamacpp-client.jsonl");
}

TEST(whole_llamacpp_logs) {
	if (not_there("../shared/logs/llamacpp/plain.log.gz")) {
		skip();
	}
	check_llamacpp("../shared/logs/llamacpp/plain.log.gz", "../shared/logs/llamacpp/client-plain.jsonl.gz");
	check_llamacpp("../shared/logs/llamacpp/single.log.gz", "../shared/logs/llamacpp/client-single.jsonl.gz");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_vllm_log),
		cmocka_unit_test(small_llamacpp_log),
		cmocka_unit_test(whole_vllm_logs),
		cmocka_unit_test(whole_llamacpp_logs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
