/*
 * prometheus_windows.c: the windows between scrapes.
 *
 * The per-request times of engines (vllm:request_prefill_time_seconds and its like) are wall times of requests that
 * share the GPU: they show the time of steps with prompts, not GPU time. vLLM before December 2024 had prefill's and
 * decode's swapped.
 */
#include <math.h>

#include "core/instant.h"
#include "ingest/formats/metrics/prometheus.h"

/* Maximum of a period. */
#define TOTAL_MAX INT64_C(1000000000000000)

/* Was the process restarted between the two scrapes? */
static bool restarted(const struct series *s) {
	int64_t off = s->now[ROLE_START_NS] - s->before[ROLE_START_NS];

	return s->now[ROLE_START_NS] != UNKNOWN && s->before[ROLE_START_NS] != UNKNOWN && (off > NS_PER_SECOND || -off > NS_PER_SECOND);
}

/* The increase of a counter. One that shrank was reset to 0; one that was missing had not counted. */
static int64_t growth(const struct series *s, enum role role) {
	int64_t now = s->now[role], before = s->before[role];

	if (now == UNKNOWN) {
		return UNKNOWN;
	}
	return before == UNKNOWN || now < before || restarted(s) ? now : now - before;
}

static bool began_anew(const struct series *s) {
	bool shrank = restarted(s);

	for (int i = 0; i < ROLE_RUNNING && !shrank; i++) {
		shrank = s->now[i] != UNKNOWN && s->before[i] != UNKNOWN && s->now[i] < s->before[i];
	}
	return shrank;
}

static int64_t first_growth(const struct series *s, enum role a, enum role b) {
	int64_t grown = growth(s, a);

	return grown == UNKNOWN ? growth(s, b) : grown;
}

static int64_t or_0(int64_t n) {
	return n == UNKNOWN ? 0 : n;
}

static void set_tokens(const struct series *s, struct window *w) {
	int64_t prompt = growth(s, ROLE_PROMPT), computed = growth(s, ROLE_COMPUTED);
	int64_t cached = first_growth(s, ROLE_CACHED, ROLE_CACHED_OTHER);

	if (prompt != UNKNOWN) {
		w->input_tokens = prompt;
		/*
		 * Hits are counted when a request is looked up, its prompt when it is done: at the ends of a period
		 * they differ.
		 */
		w->cached_tokens = or_0(cached) < prompt ? or_0(cached) : prompt;
	} else {
		w->input_tokens = or_0(computed) < TOTAL_MAX ? or_0(computed) + or_0(cached) : TOTAL_MAX + 1;
		w->cached_tokens = or_0(cached);
		w->input_is_computed = cached == UNKNOWN;
	}
	w->cached_unknown = cached == UNKNOWN;
	w->output_tokens = or_0(first_growth(s, ROLE_OUTPUT, ROLE_OUTPUT_OTHER));
	w->requests = growth(s, ROLE_REQUESTS);
	w->running = s->now[ROLE_RUNNING];
}

/*
 * Times by phase, if all of the time belongs to one. llama.cpp's are those of slots, which overlap: they are the
 * device's only if never more than one slot was busy.
 */
static void set_times(const struct series *s, struct window *w) {
	int64_t prefill = growth(s, ROLE_PREFILL_NS), decode = growth(s, ROLE_DECODE_NS);
	bool overlaps = s->now[ROLE_BUSY_MILLI] != UNKNOWN && s->now[ROLE_BUSY_MILLI] > 1000;
	bool mixed = or_0(growth(s, ROLE_MIXED_NS)) > 0;

	if (!overlaps && !mixed && (prefill != UNKNOWN || decode != UNKNOWN)) {
		w->prefill_gpu_ns = or_0(prefill);
		w->decode_gpu_ns = or_0(decode);
	}
}

/* ---- what engines count in addition to tokens ---- */

/* The increase of a bucket, which counts all up to its bound. */
static int64_t growth_below(const struct series *s, const struct buckets *b, size_t i) {
	return b->now[i] - (restarted(s) ? 0 : b->before[i]);
}

/* The increase between its bound and the one before. */
static int64_t bucket_growth(const struct series *s, const struct buckets *b, size_t i) {
	int64_t grown = growth_below(s, b, i) - (i > 0 ? growth_below(s, b, i - 1) : 0);

	return grown > 0 ? grown : 0;
}

/* The middle of a bucket; for the last one, its lower end. */
static double middle_of(const struct buckets *b, size_t i) {
	double low = i > 0 ? (double)b->up_to[i - 1] : 0, high = (double)b->up_to[i];

	return b->up_to[i] == INT64_MAX ? low : high - low <= 1 ? high : (low + high + 1) / 2;
}

/* Sums over buckets up to a limit: counts, middles, squared middles. */
struct moments {
	double count, sum, square;
};

static struct moments moments_of(const struct series *s, const struct buckets *b, int64_t limit) {
	struct moments m = {0};

	for (size_t i = 0; i < b->count && b->up_to[i] <= limit; i++) {
		double n = (double)bucket_growth(s, b, i), middle = middle_of(b, i);
		m.count += n;
		m.sum += n * middle;
		m.square += n * middle * middle;
	}
	return m;
}

static int64_t whole(double v) {
	return v >= 0 && v < 0x1p62 ? (int64_t)(v + 0.5) : UNKNOWN;
}

/* Steps with more tokens than sequences can produce have prompts: the others show how sequences are distributed. */
static void set_steps(const struct series *s, struct window *w) {
	const struct buckets *b = &s->histograms[HISTOGRAM_STEPS];
	int64_t running = or_0(s->now[ROLE_RUNNING]) > or_0(s->before[ROLE_RUNNING]) ? s->now[ROLE_RUNNING] : or_0(s->before[ROLE_RUNNING]);
	int64_t limit = running < TOTAL_MAX ? running + running / 2 + 8 : TOTAL_MAX;
	size_t edge = 0;

	while (edge < b->count && b->up_to[edge] < limit) {
		edge++;
	}
	w->steps = growth(s, ROLE_STEPS);
	w->sequence_steps = first_growth(s, ROLE_LATENCIES, ROLE_LATENCIES_OLD);
	w->sequence_ns = first_growth(s, ROLE_LATENCY_NS, ROLE_LATENCY_OLD_NS);
	if (edge == b->count || w->steps == UNKNOWN || w->sequence_steps == UNKNOWN) {
		return;
	}
	struct moments m = moments_of(s, b, b->up_to[edge]);
	double mean = w->steps > 0 ? (double)w->sequence_steps / (double)w->steps : 0;
	w->prompt_steps = w->steps > (int64_t)m.count ? w->steps - (int64_t)m.count : 0;
	w->sequence_square = whole(m.sum > 0 ? m.square * m.count / (m.sum * m.sum) * mean * mean * (double)w->steps : mean * mean * (double)w->steps);
}

/* UNKNOWN: there is no such bound. */
static int64_t growth_up_to(const struct series *s, const struct buckets *b, int64_t bound) {
	for (size_t i = 0; i < b->count; i++) {
		if (b->up_to[i] == bound) {
			int64_t grown = growth_below(s, b, i);
			return grown > 0 ? grown : 0;
		}
	}
	return UNKNOWN;
}

static void set_latencies(const struct series *s, struct window *w) {
#define ADDRESS(name) &w->name,
	static const int64_t bounds_ms[] = WINDOW_WITHIN_MS;
	int64_t *const within[] = {WINDOW_WITHIN(ADDRESS)};

	for (size_t i = 0; i < sizeof bounds_ms / sizeof *bounds_ms; i++) {
		*within[i] = growth_up_to(s, &s->histograms[HISTOGRAM_LATENCIES], bounds_ms[i]);
	}
}

#define CHUNK_NTOK 2048

/* The squares of the prompts, in proportion to their sum. */
static void set_prompts(const struct series *s, struct window *w) {
	const struct buckets *b = &s->histograms[HISTOGRAM_PROMPTS];
	struct moments m = moments_of(s, b, INT64_MAX);
	int64_t sum = growth(s, ROLE_PROMPT_SUM);
	double scale = m.sum > 0 && sum != UNKNOWN ? (double)sum / m.sum : 0, chunks = 0;

	w->first_tokens = growth(s, ROLE_FIRST_TOKENS);
	w->prompt_ns = growth(s, ROLE_PROMPT_NS);
	w->prompts = growth(s, ROLE_PROMPTS);
	if (!(scale > 0)) {
		return;
	}
	for (size_t i = 0; i < b->count; i++) {
		double steps = ceil(middle_of(b, i) * scale / CHUNK_NTOK);
		chunks += (double)bucket_growth(s, b, i) * (steps > 1 ? steps : 1);
	}
	w->prompt_tokens = sum;
	w->prompt_square = whole(m.square * scale * scale);
	w->prompt_chunks = whole(chunks);
}

/* A prompt is not computed before it arrives: a server that reports this has swapped the two times. */
static bool swapped(const struct series *s) {
	int64_t ns = s->now[ROLE_PROMPT_NS], count = s->now[ROLE_PROMPTS], first_ns = s->now[ROLE_FIRST_TOKEN_NS], first = s->now[ROLE_FIRST_TOKENS];

	return ns != UNKNOWN && count > 0 && first_ns != UNKNOWN && first > 0 && (double)ns / (double)count > 1.5 * (double)first_ns / (double)first;
}

static void set_counts(struct parser *p, struct scrapes *s, const struct series *from, struct window *w) {
	int64_t cache = from->now[ROLE_CACHE_NANO];

	set_steps(from, w);
	set_latencies(from, w);
	set_prompts(from, w);
	if (swapped(from)) {
		if (!s->warned_times) {
			quality_warn(p->quality, "vllm:request_prefill_time_seconds is longer than the time to the first token: vLLM before December "
			                         "2024 (0.6.5) had it swapped with request_decode_time_seconds; it is not used");
		}
		s->warned_times = true;
		w->prompt_ns = w->prompts = UNKNOWN;
	}
	w->waiting = from->now[ROLE_WAITING];
	w->preempted = growth(from, ROLE_PREEMPTED);
	if (cache != UNKNOWN && s->cache_tokens > 0) {
		w->context_tokens = whole((double)cache / 1e9 * (double)s->cache_tokens);
	}
}

enum parse_result scrape_window(struct parser *p, struct scrapes *s, const struct series *from, struct record *out) {
	struct window *w = &out->window;

	p->reason = NULL;
	if (began_anew(from)) {
		quality_warn(p->quality, "counters were reset between two scrapes (a restart): what was counted "
					 "between the last scrape and the restart is lost");
	}
	record_begin(out, RECORD_WINDOW);
	out->replica = text_of(from->replica);
	out->model = text_of(from->model);
	w->start_ns = from->before_ns;
	w->end_ns = s->at_ns;
	set_tokens(from, w);
	set_times(from, w);
	set_counts(p, s, from, w);
	if (w->input_tokens > TOTAL_MAX || w->output_tokens > TOTAL_MAX) {
		p->reason = "absurd count";
	}
	return record_finish(p, out) == PARSE_RECORD ? PARSE_AGAIN : PARSE_REJECT_AGAIN;
}
