/*
 * sglang_json.c: SGLang's batches as JSON (--log-stats-format json), alone or after the prefix of the log.
 *
 * {"event": "prefill.batch", "num_new_seqs": 1, "num_new_tokens": 161, "num_cached_tokens": 0, "num_running_reqs": 31, "num_queue_reqs": 0}
 *
 * This is a change proposed in May 2026 (sgl-project/sglang, pull request 25968, not merged when it was looked for on
 * 2026-11-30), of which the events are public and the keys are not. So keys are compared by their words, however
 * these are joined; a batch without the counts it must have is rejected.
 */
#include "ingest/formats/engines/sglang.h"

/* The words of keys, without "num" and "log" and the plural's "s"; and the decimals of their unit. */
static const struct {
	struct text words;
	enum sglang_batch_number number;
	int digits;
} keys[] = {
#define KEY(literal) {literal, sizeof(literal) - 1}
	{KEY("new seq"), NEW_SEQ, 0},
	{KEY("new token"), NEW_TOKEN, 0},
	{KEY("input token"), NEW_TOKEN, 0},
	{KEY("cached token"), CACHED_TOKEN, 0},
	{KEY("hit token"), CACHED_TOKEN, 0},
	{KEY("running req"), RUNNING, 0},
	{KEY("running request"), RUNNING, 0},
	{KEY("queue req"), QUEUE, 0},
	{KEY("queued req"), QUEUE, 0},
	{KEY("waiting req"), QUEUE, 0},
	{KEY("token"), CONTEXT, 0},
	{KEY("used token"), CONTEXT, 0},
	{KEY("gen throughput"), GEN_RATE, 2},
	{KEY("gen throughput token s"), GEN_RATE, 2},
	{KEY("generation throughput"), GEN_RATE, 2},
	{KEY("accept len"), ACCEPTED, 2},
	{KEY("accept length"), ACCEPTED, 2},
	{KEY("fwd occupancy"), OCCUPANCY, 2},
	{KEY("fwd occupancy pct"), OCCUPANCY, 2},
};

static char lower(char c) {
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c) {
	return c >= 'a' && c <= 'z';
}

/* "#new-seq", "num_new_seqs", "New seq": "new seq" */
static struct text words_of(struct text key, char *to, size_t size) {
	size_t len = 0;

	for (size_t i = 0; i < key.len && len + 1 < size;) {
		size_t begin = len;
		while (i < key.len && !is_letter(lower(key.at[i]))) {
			i++;
		}
		if (len > 0 && i < key.len) {
			to[len++] = ' ';
		}
		size_t word = len;
		for (; i < key.len && is_letter(lower(key.at[i])) && len + 1 < size; i++) {
			to[len++] = lower(key.at[i]);
		}
		struct text t = {to + word, len - word};
		len -= t.len > 1 && text_ends(t, T("s"));
		len = text_eq(t, T("num")) || text_eq(t, T("log")) ? begin : len;
	}
	return (struct text){to, len};
}

static void take_number(struct parser *p, json_at member, int64_t *n) {
	char room[64];
	struct text words = words_of(json_key(p->json, member), room, sizeof room);

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		int64_t value;
		if (text_eq(keys[i].words, words) && number_scaled(json_raw(p->json, member), keys[i].digits, &value) && value >= 0) {
			n[keys[i].number] = value;
			return;
		}
	}
	p->quality->unknown_keys++;
}

enum parse_result sglang_json_batch(struct parser *p, const struct sglang_logged *l, bool decode, int64_t stamp_ns, struct record *out) {
	struct sglang_logged own = l ? *l : (struct sglang_logged){.ns = UNKNOWN};
	int64_t n[BATCH_NUMBERS];

	for (int i = 0; i < BATCH_NUMBERS; i++) {
		n[i] = UNKNOWN;
	}
	for (json_at member = json_first(p->json, 0); member != JSON_ABSENT; member = json_next(p->json, member)) {
		if (json_type(p->json, member) == JSON_NUMBER) {
			take_number(p, member, n);
		}
	}
	if (!l) {
		own.rank = field_count_or_0(p, 0, T("dp_rank"));
		own.voice = field_count_or_0(p, 0, T("pp_rank")) * 100000 + field_count_or_0(p, 0, T("tp_rank"));
	}
	return sglang_batch(p, &own, n, stamp_ns, decode, out);
}
