/*
 * vllm.c: vLLM's server log: the iteration line (--enable-logging-iteration-details) as
 * steps, the statistics line of every 10 s as windows.
 *
 * (EngineCore_DP0 pid=2010411) INFO 12-22 21:44:38 [core.py:349] Iteration(512): 1 context requests, 2048 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 61.37 ms
 * (EngineCore_DP1 pid=88123) INFO 05-27 09:10:11 [core.py:401] Iteration(9120): 0 context requests, 0 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 7.44 ms (dummy)
 * (APIServer pid=77120) INFO 07-14 18:02:01 [loggers.py:179] Engine 000: Iteration(3302): 0 context requests, 0 context tokens, 32 generation requests, 64 generation tokens, iteration elapsed time: 13.77 ms, GPU KV cache usage: 12.5%
 * INFO 02-14 10:11:12 loggers.py:72] Avg prompt throughput: 5.1 tokens/s, Avg generation throughput: 20.3 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.4%, Prefix cache hit rate: 0.0%
 * (APIServer pid=1) INFO 05-20 20:15:05 [loggers.py:271] Engine 000: Avg prompt throughput: 803.2 tokens/s, Avg generation throughput: 24.7 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 6.8%, Prefix cache hit rate: 43.1%
 *
 * Users' text is in these logs too: a line counts only with vLLM's own prefix in front,
 * written by a file that writes such lines, and matching to its end.
 */
#include <stdio.h>

#include "core/exact.h"
#include "core/instant.h"
#include "ingest/format.h"

#define ENGINES_MAX 256
#define NAME_MAX_BYTES 256
/* VLLM_LOG_STATS_INTERVAL's default. */
#define STATS_INTERVAL_NS (10 * NS_PER_SECOND)
/* More drafts per sequence than any setting in use. */
#define DRAFTS_MAX 15

/* A data-parallel engine: each has its own steps and windows. */
struct engine {
	bool stepped, windowed;
	bool was_idle;          /* the last window had no tokens: silence may follow */
	int64_t step_end_ns;    /* where the next step may begin */
	int64_t window_end_ns;  /* of the last statistics line */
	int64_t interval_ns;    /* shortest distance of two of them; 0: not seen yet */
};

struct vllm {
	struct engine engines[ENGINES_MAX];
	char model[NAME_MAX_BYTES], replica[NAME_MAX_BYTES];
	size_t model_len;
	bool has_version, speculative;
	int64_t version[2];
};

/* A line of vLLM's logger, taken apart. */
struct logged {
	int64_t engine;       /* of the process label or the message */
	struct text stamp;    /* "08-10 23:59:25" */
	struct text file;     /* "core.py" */
	struct text message;
};

static struct text upto(struct text t, const char *end) {
	return (struct text){t.at, (size_t)(end - t.at)};
}

/* "(EngineCore_DP0 pid=17) ": who speaks; the number is that of the engine. */
static bool take_label(struct text *t, struct logged *out) {
	struct text label;

	if (!text_skip(t, T("("))) {
		return false;
	}
	if (!text_until(t, T(") "), &label)) {
		return false;
	}
	if (text_skip(&label, T("EngineCore_DP")) || text_skip(&label, T("EngineCore_"))) {
		text_take_i64(&label, &out->engine);
	}
	return true;
}

static bool take_level(struct text *t) {
	static const struct text levels[] = {{"INFO ", 5}, {"DEBUG ", 6}, {"WARNING ", 8}, {"ERROR ", 6}};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (text_skip(t, levels[i])) {
			return true;
		}
	}
	return false;
}

/* "[core.py:349] ", until March 2025 "core.py:349] " */
static bool take_place(struct text *t, struct text *file) {
	int64_t line;

	text_skip(t, T("["));
	return text_until(t, T(":"), file) && text_take_i64(t, &line) && text_skip(t, T("] "));
}

static bool take_prefix(struct text t, struct logged *out) {
	const size_t stamp_len = sizeof "08-10 23:59:25" - 1;

	*out = (struct logged){0};
	while (take_label(&t, out)) {
	}
	if (!take_level(&t) || t.len < stamp_len + 1 || t.at[2] != '-' || t.at[5] != ' ' || t.at[8] != ':') {
		return false;
	}
	out->stamp = upto(t, t.at + stamp_len);
	t = text_cut(t, stamp_len + 1, t.len);
	if (!take_place(&t, &out->file)) {
		return false;
	}
	out->message = t;
	return true;
}

/* "Engine 000: ", "8 Engines Aggregated: " */
static void take_engine(struct logged *l) {
	struct text t = l->message;
	int64_t n;

	if (text_skip(&t, T("Engine "))) {
		if (text_take_i64(&t, &n) && text_skip(&t, T(": "))) {
			l->engine = n;
			l->message = t;
		}
	} else if (text_take_i64(&t, &n) && text_skip(&t, T(" Engines Aggregated: "))) {
		l->message = t;
	}
}

/*
 * ", Running: 4 reqs, GPU KV cache usage: 3.9%": what follows the numbers that matter.
 * Keys come and go with the versions: unknown ones are counted, known ones must look as they do.
 */
struct tail_key {
	struct text key, unit;
};
static const struct tail_key tail_keys[] = {
	{{"Running", 7}, {" reqs", 5}},
	{{"Waiting", 7}, {" reqs", 5}},
	{{"Deferred", 8}, {" reqs", 5}},
	{{"Swapped", 7}, {" reqs", 5}},
	{{"Pending", 7}, {" reqs", 5}},
	{{"Preemptions", 11}, {"", 0}},
	{{"GPU KV cache usage", 18}, {"%", 1}},
	{{"CPU KV cache usage", 18}, {"%", 1}},
	{{"Prefix cache hit rate", 21}, {"%", 1}},
	{{"External prefix cache hit rate", 30}, {"%", 1}},
	{{"MM cache hit rate", 17}, {"%", 1}},
	{{"Corrupted", 9}, {" reqs", 5}},
	{{"encoder inputs", 14}, {"", 0}},
	{{"encoder output embeddings", 25}, {"", 0}},
};

/* One "key: value"; *running is set by the first row's. */
static bool tail_piece(struct parser *p, struct text piece, int64_t *running) {
	struct text key;
	int64_t value;

	if (!text_until(&piece, T(": "), &key) || key.len == 0 || piece.len == 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof tail_keys / sizeof *tail_keys; i++) {
		if (!text_eq(tail_keys[i].key, key)) {
			continue;
		}
		bool fits = text_take_fixed(&piece, 1, &value) && text_eq(piece, tail_keys[i].unit);
		if (fits && i == 0) {
			*running = value / 10;
		}
		return fits;
	}
	p->quality->unknown_keys++;
	return true;
}

static bool take_tail(struct parser *p, struct text t, int64_t *running) {
	struct text piece;

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
		if (!tail_piece(p, piece, running)) {
			return false;
		}
		t = rest;
	}
	return t.len == 0;
}

static struct engine *engine_of(struct parser *p, const struct logged *l) {
	struct vllm *v = p->state;

	return l->engine >= 0 && l->engine < ENGINES_MAX ? &v->engines[l->engine] : NULL;
}

/* Engines of one server share a log; each is a replica of its own, the first under the log's own name. */
static void set_names(struct parser *p, const struct logged *l, struct record *out) {
	struct vllm *v = p->state;

	out->model = p->model.len > 0 ? p->model : (struct text){v->model, v->model_len};
	out->replica = p->replica;
	if (l->engine > 0) {
		snprintf(v->replica, sizeof v->replica, "%.*s/%d", p->replica.len < 200 ? (int)p->replica.len : 200,
		         p->replica.at, (int)l->engine);
		out->replica = text_of(v->replica);
	}
}

/* The envelope's stamp has a year, a zone and nanoseconds; vLLM's own has seconds. */
static const char *line_instant(struct parser *p, const struct logged *l, int64_t stamp_ns, int64_t *ns) {
	struct text t = l->stamp;

	if (stamp_ns != UNKNOWN) {
		*ns = stamp_ns;
	} else if (!stamp_take_month_day(&p->stamps, &t, ns)) {
		return "invalid time stamp";
	}
	return instant_absurd(p, *ns);
}

/* The numbers of an iteration line, in order; durations in ns. */
struct iteration {
	int64_t index, context_requests, context_tokens, generation_requests, generation_tokens, elapsed_ns;
};

static bool take_iteration(struct text *t, struct iteration *it) {
	return text_take_i64(t, &it->index) && text_skip(t, T("): ")) && text_take_i64(t, &it->context_requests) &&
	       text_skip(t, T(" context requests, ")) && text_take_i64(t, &it->context_tokens) &&
	       text_skip(t, T(" context tokens, ")) && text_take_i64(t, &it->generation_requests) &&
	       text_skip(t, T(" generation requests, ")) && text_take_i64(t, &it->generation_tokens) &&
	       text_skip(t, T(" generation tokens, iteration elapsed time: ")) &&
	       text_take_fixed(t, 6, &it->elapsed_ns) && text_skip(t, T(" ms"));
}

static const char *iteration_absurd(const struct iteration *it) {
	const int64_t counts[] = {it->context_requests, it->context_tokens, it->generation_requests,
	                          it->generation_tokens};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		if (counts[i] < 0 || counts[i] > COUNT_MAX) {
			return counts[i] < 0 ? "negative count" : "absurd count";
		}
	}
	return it->index < 0 || it->elapsed_ns < 0 || it->elapsed_ns > STEP_MAX_NS ? "absurd duration" : NULL;
}

/*
 * A preempted request that is computed anew counts under "generation", all its tokens.
 * Without speculative decoding a sequence has one token a step. With it, drafts too; where the
 * log does not say whether it is on, the same number of tokens for each sequence tells drafts.
 */
static bool is_recompute(const struct vllm *v, const struct iteration *it) {
	int64_t requests = it->generation_requests, tokens = it->generation_tokens;

	if (tokens <= requests) {
		return false;
	}
	bool plausible = requests > 0 && tokens <= requests * (1 + DRAFTS_MAX);
	return !plausible || (!v->speculative && tokens % requests != 0);
}

/*
 * When a step was. An envelope's stamp is when its line was written: its end. The line's
 * own stamp is cut to the second: the steps of a second follow one another from its start.
 * Either way no step begins before the one before has ended.
 */
static void place_step(struct engine *e, int64_t written_ns, struct step *s) {
	int64_t start = written_ns - s->gpu_ns;

	if (e->stepped && start < e->step_end_ns) {
		start = e->step_end_ns;
	}
	s->start_ns = start;
	e->step_end_ns = start + s->gpu_ns;
	e->stepped = true;
}

static enum parse_result parse_iteration(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct iteration it;
	struct text t = l->message;
	int64_t written_ns, ignored;

	bool whole = take_iteration(&t, &it);
	bool dummy = whole && text_skip(&t, T(" (dummy)"));
	if (!whole || !take_tail(p, t, &ignored)) {
		return reject(p, "malformed iteration line");
	}
	struct engine *e = engine_of(p, l);
	const char *why = iteration_absurd(&it);
	why = why ? why : line_instant(p, l, stamp_ns, &written_ns);
	if (why || !e) {
		return reject(p, why ? why : "absurd engine number");
	}
	*out = (struct record){
		.kind = RECORD_STEP,
		.step = {.index = it.index,
		         .gpu_ns = it.elapsed_ns,
		         .prefill_requests = it.context_requests,
		         .prefill_tokens = it.context_tokens,
		         .prefill_kv_tokens = UNKNOWN,
		         .prefill_token_kv = UNKNOWN,
		         .decode_requests = it.generation_requests,
		         .decode_tokens = it.generation_tokens,
		         .decode_kv_tokens = UNKNOWN,
		         .prefill_gpu_ns = UNKNOWN,
		         .decode_gpu_ns = UNKNOWN,
		         .duration_kind = DURATION_HOST_WALL_WAIT,
		         .flags = (dummy ? STEP_DUMMY : 0) | (is_recompute(p->state, &it) ? STEP_MIXED_RECOMPUTE : 0) |
		                  (stamp_ns == UNKNOWN ? STEP_COARSE_CLOCK : 0)},
	};
	place_step(e, written_ns, &out->step);
	set_names(p, l, out);
	return PARSE_RECORD;
}

/*
 * How long the window that ends now was: since the line before; but where that one said
 * "idle", vLLM may have kept silent since (it logs idle windows once), and a window is
 * one interval, as is the first of a log. The interval is the shortest distance seen.
 */
static int64_t window_length(struct engine *e, int64_t end_ns, bool idle) {
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
 * Since 4403e3ed4c (2026-02-04, in 0.16) the prompt throughput leaves cached tokens out.
 * Where the log does not name its version, lines from March 2026 on are taken for new ones.
 */
static bool prompt_is_computed(const struct vllm *v, int64_t end_ns) {
	const int64_t march_2026_ns = INT64_C(1772323200) * NS_PER_SECOND;

	return v->has_version ? v->version[0] > 0 || v->version[1] >= 16 : end_ns >= march_2026_ns;
}

/* tokens = rate (in tenths per second, as printed) x length, to the nearest token */
static bool tokens_of(int64_t tenths, int64_t length_ns, int64_t *tokens) {
	return exact_mul_div(tenths, length_ns, 10 * NS_PER_SECOND, tokens);
}

static enum parse_result parse_stats(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct text t = l->message;
	int64_t prompt, generation, end_ns, running = UNKNOWN;

	if (!text_take_fixed(&t, 1, &prompt) || !text_skip(&t, T(" tokens/s, Avg generation throughput: ")) ||
	    !text_take_fixed(&t, 1, &generation) || !text_skip(&t, T(" tokens/s")) || !take_tail(p, t, &running)) {
		return reject(p, "malformed statistics line");
	}
	struct engine *e = engine_of(p, l);
	const char *why = line_instant(p, l, stamp_ns, &end_ns);
	if (why || !e || prompt < 0 || generation < 0 || prompt > 10 * COUNT_MAX || generation > 10 * COUNT_MAX) {
		return reject(p, why ? why : !e ? "absurd engine number" : "absurd count");
	}
	int64_t length = window_length(e, end_ns, prompt == 0 && generation == 0);
	*out = (struct record){
		.kind = RECORD_WINDOW,
		.window = {.start_ns = end_ns - length,
		           .end_ns = end_ns,
		           .requests = UNKNOWN,
		           .prefill_gpu_ns = UNKNOWN,
		           .decode_gpu_ns = UNKNOWN,
		           .running = running,
		           .input_is_computed = prompt_is_computed(p->state, end_ns)},
	};
	if (length == 0 || !tokens_of(prompt, length, &out->window.input_tokens) ||
	    !tokens_of(generation, length, &out->window.output_tokens)) {
		return length == 0 ? PARSE_NONE : reject(p, "absurd count");
	}
	set_names(p, l, out);
	return PARSE_RECORD;
}

/* "'model': 'meta-llama/Llama-3.1-8B-Instruct'" in the arguments, "model='…'" in the configuration */
static enum parse_result note_model(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	static const struct text keys[] = {{"'model': '", 10}, {" model='", 8}, {"model_tag': '", 13}};
	struct vllm *v = p->state;
	struct text t, name;

	(void)stamp_ns;
	(void)out;
	v->speculative = v->speculative || (text_find(l->message, T("speculative_config")) != SIZE_MAX &&
	                                    text_find(l->message, T("speculative_config=None")) == SIZE_MAX);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		t = l->message;
		if (text_until(&t, keys[i], &name) && text_until(&t, T("'"), &name) && name.len > 0 &&
		    name.len < sizeof v->model) {
			memcpy(v->model, name.at, name.len);
			v->model_len = name.len;
			break;
		}
	}
	return PARSE_NONE;
}

/* "0.21.0" */
static enum parse_result note_version(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct vllm *v = p->state;
	struct text t = l->message;

	(void)stamp_ns;
	(void)out;
	text_skip(&t, T("v"));
	v->has_version = text_take_i64(&t, &v->version[0]) && text_skip(&t, T(".")) && text_take_i64(&t, &v->version[1]);
	return PARSE_NONE;
}

/* "a V1 LLM engine (v0.10.0) with config: model='…', speculative_config=None, …" */
static enum parse_result note_config(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct logged inner = *l;
	struct text before;

	note_model(p, l, stamp_ns, out);
	return text_until(&inner.message, T("engine (v"), &before) ? note_version(p, &inner, stamp_ns, out) : PARSE_NONE;
}

static enum parse_result note_speculative(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct vllm *v = p->state;

	(void)l;
	(void)stamp_ns;
	(void)out;
	v->speculative = true;
	return PARSE_NONE;
}

/* What messages begin with, and the file that writes them (empty: any). */
static const struct message {
	struct text opening;
	struct text files[3];
	enum parse_result (*parse)(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out);
} messages[] = {
	{{"Iteration(", 10}, {{"core.py", 7}, {"loggers.py", 10}}, parse_iteration},
	{{"Avg prompt throughput: ", 23}, {{"loggers.py", 10}, {"metrics.py", 10}, {"llm_engine.py", 13}}, parse_stats},
	{{"SpecDecoding metrics: ", 22}, {{"metrics.py", 10}, {"loggers.py", 10}}, note_speculative},
	{{"non-default args: {", 19}, {{"utils.py", 8}, {"api_server.py", 13}}, note_model},
	{{"vLLM API server version ", 24}, {{"api_server.py", 13}, {"utils.py", 8}}, note_version},
	{{"Initializing a", 14}, {{"core.py", 7}, {"llm_engine.py", 13}}, note_config},
};

/* Of the server's own file? A logger of requests (logger.py) may write any text that a user sent. */
static bool written_by(const struct message *m, struct text file) {
	for (size_t i = 0; i < sizeof m->files / sizeof *m->files; i++) {
		if (m->files[i].len > 0 && text_eq(m->files[i], file)) {
			return true;
		}
	}
	return false;
}

static const struct message *message_of(struct logged *l) {
	take_engine(l);
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		if (text_starts(l->message, messages[i].opening) && written_by(&messages[i], l->file)) {
			text_skip(&l->message, messages[i].opening);
			return &messages[i];
		}
	}
	return NULL;
}

static enum parse_result vllm_parse(struct parser *p, const struct text *line, int64_t stamp_ns, struct record *out) {
	struct logged l;

	if (!line || !take_prefix(*line, &l)) {
		return PARSE_NONE;
	}
	const struct message *m = message_of(&l);
	return m ? m->parse(p, &l, stamp_ns, out) : PARSE_NONE;
}

static int vllm_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid < 90; i++) {
		struct logged l;
		if (take_prefix(lines[i], &l)) {
			bid = message_of(&l) ? 90 : 60;
		}
	}
	return bid;
}

const struct format format_vllm = {
	.bid = vllm_bid,
	.parse = vllm_parse,
	.state_size = sizeof(struct vllm),
};
