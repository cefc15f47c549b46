/* vllm_stats.c: vLLM's statistics lines of all versions, as windows. */
#include "core/exact.h"
#include "ingest/formats/engines/vllm.h"

/* VLLM_LOG_STATS_INTERVAL's default; half of it before V1. */
#define STATS_INTERVAL_NS (10 * NS_PER_SECOND)
#define OLD_INTERVAL_NS (5 * NS_PER_SECOND)

/*
 * ", Running: 4 reqs, GPU KV cache usage: 3.9%": what follows the relevant numbers. Keys differ by version: unknown
 * pieces are counted, known keys must have their usual form, and the last piece must not be a truncated known key.
 */
enum tail_gauge { TAIL_OTHER, TAIL_RUNNING, TAIL_WAITING, TAIL_CACHE };
struct tail_key {
	struct text key, unit;
	enum tail_gauge gauge;
};
static const struct tail_key tail_keys[] = {
	{{"Running", 7}, {" reqs", 5}, TAIL_RUNNING},
	{{"Reqs Running", 12}, {"", 0}, TAIL_RUNNING},
	{{"Waiting", 7}, {" reqs", 5}, TAIL_WAITING},
	{{"GPU KV cache used", 17}, {"%", 1}, TAIL_CACHE},
	{{"Deferred", 8}, {" reqs", 5}, TAIL_OTHER},
	{{"Swapped", 7}, {" reqs", 5}, TAIL_OTHER},
	{{"Pending", 7}, {" reqs", 5}, TAIL_OTHER},
	{{"Preemptions", 11}, {"", 0}, TAIL_OTHER},
	{{"GPU KV cache usage", 18}, {"%", 1}, TAIL_CACHE},
	{{"CPU KV cache usage", 18}, {"%", 1}, TAIL_OTHER},
	{{"Prefix cache hit rate", 21}, {"%", 1}, TAIL_OTHER},
	{{"External prefix cache hit rate", 30}, {"%", 1}, TAIL_OTHER},
	{{"MM cache hit rate", 17}, {"%", 1}, TAIL_OTHER},
	{{"Corrupted", 9}, {" reqs", 5}, TAIL_OTHER},
	{{"encoder inputs", 14}, {"", 0}, TAIL_OTHER},
	{{"encoder output embeddings", 25}, {"", 0}, TAIL_OTHER},
};

static bool is_cut_key(struct text piece) {
	piece.len -= text_ends(piece, T(":")) ? 1 : 0;
	for (size_t i = 0; i < sizeof tail_keys / sizeof *tail_keys; i++) {
		if (text_starts(tail_keys[i].key, piece)) {
			return true;
		}
	}
	return false;
}

bool vllm_unknown_tail(struct parser *p, struct text t) {
	if (t.len == 0) {
		return true;
	}
	p->quality->unknown_keys++;
	return memchr(" ;,|([", t.at[0], 6) != NULL;
}

static void set_gauge(struct vllm_gauges *g, enum tail_gauge which, int64_t tenths) {
	int64_t *const to[] = {[TAIL_RUNNING] = &g->running, [TAIL_WAITING] = &g->waiting, [TAIL_CACHE] = &g->cache_permille};

	if (which != TAIL_OTHER && tenths >= 0) {
		*to[which] = which == TAIL_CACHE ? tenths : tenths / 10;
	}
}

/* One "key: value". The Rust front end leaves some units out. */
static bool tail_piece(struct parser *p, struct text piece, struct vllm_gauges *g) {
	struct text key;
	int64_t value;

	if (!text_until(&piece, T(": "), &key) || key.len == 0 || piece.len == 0) {
		p->quality->unknown_keys++;
		return !is_cut_key(piece);
	}
	for (size_t i = 0; i < sizeof tail_keys / sizeof *tail_keys; i++) {
		if (!text_eq(tail_keys[i].key, key)) {
			continue;
		}
		bool fits = text_take_fixed(&piece, 1, &value);
		bool cut = piece.len > 0 && !text_skip(&piece, tail_keys[i].unit) && text_starts(tail_keys[i].unit, piece);
		fits = fits && !cut && vllm_unknown_tail(p, piece);
		if (fits) {
			set_gauge(g, tail_keys[i].gauge, value);
		}
		return fits;
	}
	p->quality->unknown_keys++;
	return true;
}

bool vllm_tail(struct parser *p, struct text t, struct vllm_gauges *g) {
	struct text piece;

	*g = (struct vllm_gauges){UNKNOWN, UNKNOWN, UNKNOWN};
	if (text_ends(t, T("."))) { /* a full stop ended the line in 2024 */
		t.len--;
	}
	while (text_skip(&t, T(", "))) {
		struct text rest = t;
		if (!text_until(&rest, T(", "), &piece)) {
			piece = t;
			rest = text_cut(t, t.len, t.len);
		} else {
			rest = text_cut(t, piece.len, t.len);
		}
		if (!tail_piece(p, piece, g)) {
			return false;
		}
		t = rest;
	}
	return text_trim(t).len == 0;
}

/*
 * The length of the window that ends now: the time since the previous line; but if that one was idle, vLLM may have
 * logged nothing since (it logs idle windows once), and the window is one interval, like the first of a log. The
 * interval is the shortest distance so far.
 */
static int64_t window_length(struct statistics *e, int64_t end_ns, bool idle) {
	int64_t interval = e->interval_ns > 0 ? e->interval_ns : STATS_INTERVAL_NS;
	int64_t gap = end_ns - e->window_end_ns;
	int64_t length = e->windowed && gap > 0 && (!e->was_idle || gap < interval) ? gap : interval;

	if (e->windowed && gap > 0 && !e->was_idle && (e->interval_ns == 0 || gap < e->interval_ns)) {
		e->interval_ns = gap;
	}
	/* Two lines of one second: the window is too short to have a length. */
	if (e->windowed && gap <= 0) {
		length = 0;
	}
	e->windowed = true;
	e->window_end_ns = end_ns;
	e->was_idle = idle;
	return length;
}

/*
 * Since 4403e3ed4c (2026-02-04, in 0.16) the prompt throughput leaves cached tokens out. If the log does not name its
 * version, lines from March 2026 on are treated as new ones.
 */
static bool prompt_is_computed(const struct vllm *v, int64_t end_ns) {
	const int64_t march_2026_ns = INT64_C(1772323200) * NS_PER_SECOND;

	return v->has_version ? v->version[0] > 0 || v->version[1] >= 16 : end_ns >= march_2026_ns;
}

/* tokens = rate (in tenths per second, as printed) x length, to the nearest token */
static bool tokens_of(int64_t tenths, int64_t length_ns, int64_t *tokens) {
	return exact_mul_div(tenths, length_ns, 10 * NS_PER_SECOND, tokens);
}

/* "GPU KV cache usage: 3.9%": in tokens, if the log has the capacity. */
static void set_cache(const struct vllm *v, const struct vllm_gauges *g, struct window *out) {
	out->waiting = g->waiting;
	if (g->cache_permille >= 0 && g->cache_permille <= 1000) {
		out->cache_ppm = 1000 * g->cache_permille;
		out->context_tokens = v->cache_ntok > 0 ? v->cache_ntok * g->cache_permille / 1000 : UNKNOWN;
	}
}

enum parse_result vllm_window(struct parser *p, const struct logged *l, int64_t end_ns, int64_t prompt, int64_t generation,
                              const struct vllm_gauges *g, struct record *out) {
	struct statistics *e = vllm_statistics(p, l);

	if (!e || prompt < 0 || generation < 0 || prompt > 10 * COUNT_MAX || generation > 10 * COUNT_MAX) {
		return reject(p, !e ? "engine number out of range" : "absurd count");
	}
	int64_t length = window_length(e, end_ns, prompt == 0 && generation == 0);
	*out = (struct record){
		.kind = RECORD_WINDOW,
		.window = {.start_ns = end_ns - length,
		           .end_ns = end_ns,
		           .requests = UNKNOWN,
		           .prefill_gpu_ns = UNKNOWN,
		           .decode_gpu_ns = UNKNOWN,
		           .running = g->running,
		           .cached_unknown = true,
		           .input_is_computed = prompt_is_computed(p->state, end_ns)},
	};
	window_counts_unknown(&out->window);
	set_cache(p->state, g, &out->window);
	if (length == 0 || !tokens_of(prompt, length, &out->window.input_tokens) ||
	    !tokens_of(generation, length, &out->window.output_tokens)) {
		return length != 0 ? reject(p, "absurd count")
		       : prompt + generation == 0 ? PARSE_NONE
		                                  : reject(p, "a second statistics line at the same instant: of another server");
	}
	const struct vllm *v = p->state;
	if (v->accepted_percent > 100) {
		out->window.sequence_steps = out->window.output_tokens * 100 / v->accepted_percent;
	}
	/* API servers that report the same figures in the same second are no copies of one line: a millionth of the cache. */
	out->window.cache_ppm += out->window.cache_ppm == UNKNOWN ? 0 : l->api_server;
	vllm_names(p, l, out);
	return PARSE_RECORD;
}

/* A hit rate above 0: some prompt tokens were cached, but the line has no amount. */
static void note_hits(struct parser *p, struct text tail) {
	const struct text key = T("Prefix cache hit rate: ");
	struct vllm *v = p->state;
	size_t at = text_find(tail, key);
	int64_t tenths = 0;

	if (v->warned_hits || at == SIZE_MAX) {
		return;
	}
	struct text rate = text_cut(tail, at + key.len, tail.len);
	if (text_take_fixed(&rate, 1, &tenths) && tenths > 0) {
		v->warned_hits = true;
		quality_state(p->quality, QUALITY_CACHE_HITS, NULL, NULL, NULL, NULL, "");
	}
}

enum parse_result vllm_stats(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct text t = l->message;
	int64_t prompt, generation, end_ns;
	struct vllm_gauges g;

	if (!text_take_fixed(&t, 1, &prompt) || !text_skip(&t, T(" tokens/s, Avg generation throughput: ")) ||
	    !text_take_fixed(&t, 1, &generation) || !text_skip(&t, T(" tokens/s")) || !vllm_tail(p, t, &g)) {
		return reject(p, "malformed statistics line");
	}
	const char *why = vllm_instant(p, l, stamp_ns, &end_ns);
	if (!why) {
		why = vllm_note_process(p, l, end_ns);
	}
	struct statistics *e = vllm_statistics(p, l);
	if (e && e->interval_ns == 0 && text_find(t, T(", Swapped: ")) != SIZE_MAX) {
		e->interval_ns = OLD_INTERVAL_NS;
		p->has_version = true; /* the first engine, at most 0.11: see the advice */
	}
	if (!why && prompt_is_computed(p->state, end_ns)) {
		note_hits(p, t);
	}
	return why ? reject(p, why) : vllm_window(p, l, end_ns, prompt, generation, &g, out);
}
