/*
 * vllm.c: vLLM's server log: the iteration line (--enable-logging-iteration-details) as steps, the statistics line of
 * every 10 s as windows.
 *
 * (EngineCore_DP0 pid=2010411) INFO 12-22 21:44:38 [core.py:349] Iteration(512): 1 context requests, 2048 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 61.37 ms
 * (EngineCore_DP1 pid=88123) INFO 05-27 09:10:11 [core.py:401] Iteration(9120): 0 context requests, 0 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 7.44 ms (dummy)
 * (APIServer pid=77120) INFO 07-14 18:02:01 [loggers.py:179] Engine 000: Iteration(3302): 0 context requests, 0 context tokens, 32 generation requests, 64 generation tokens, iteration elapsed time: 13.77 ms, GPU KV cache usage: 12.5%
 * INFO 02-14 10:11:12 loggers.py:72] Avg prompt throughput: 5.1 tokens/s, Avg generation throughput: 20.3 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.4%, Prefix cache hit rate: 0.0%
 * (APIServer pid=1) INFO 05-20 20:15:05 [loggers.py:271] Engine 000: Avg prompt throughput: 803.2 tokens/s, Avg generation throughput: 24.7 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 6.8%, Prefix cache hit rate: 43.1%
 *
 * These logs also contain users' text: a line counts only with vLLM's own prefix in front, written by a file that
 * writes such lines, and matching to its end.
 */
#include "ingest/formats/engines/vllm.h"

#include <stdio.h>

#include "core/exact.h"
#include "core/instant.h"
#include "ingest/formats/fields.h"
#include "ingest/formats/logger_line.h"

static struct text upto(struct text t, const char *end) {
	return (struct text){t.at, (size_t)(end - t.at)};
}

static inline void take_pid(struct text label, struct logged *out, bool is_core) {
	out->is_core = is_core;
	if (text_skip(&label, T(" pid="))) {
		text_take_i64(&label, &out->pid);
	}
}

/* "(EngineCore_DP0 pid=17) ": the process; the number is the engine's. */
static inline bool take_label(struct text *t, struct logged *out) {
	struct text label;

	if (!text_skip(t, T("("))) {
		return false;
	}
	if (!text_until(t, T(") "), &label)) {
		return false;
	}
	if (text_skip(&label, T("EngineCore"))) {
		if (text_skip(&label, T("_DP")) || text_skip(&label, T("_"))) {
			text_take_i64(&label, &out->engine);
		}
		take_pid(label, out, true);
	} else if (text_skip(&label, T("ApiServer_"))) {
		text_take_i64(&label, &out->api_server);
		take_pid(label, out, false);
	} else if (text_skip(&label, T("APIServer"))) {
		take_pid(label, out, false);
	} else if (out->actor == 0) {
		out->actor = actor_process(label);
	}
	return true;
}

/* "(ServeReplica:app:LLMServer pid=7, ip=10.0.0.5) (EngineCore_DP0 pid=17) ": all labels; one of Ray names the server. */
static inline void take_labels(struct text *t, struct logged *out) {
	while (take_label(t, out)) {
	}
	out->pid = out->actor > 0 ? out->actor : out->pid;
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

/* "[core.py:349] ", until March 2025 "core.py:349] ", at DEBUG level "[v1/engine/core.py:349] " */
static inline bool take_place(struct text *t, struct text *file) {
	int64_t line;

	text_skip(t, T("["));
	if (!text_until(t, T(":"), file) || !text_take_i64(t, &line) || !text_skip(t, T("] "))) {
		return false;
	}
	for (struct text folder; text_until(file, T("/"), &folder);) {
	}
	return true;
}

/* The position of a level and its timestamp after a user-defined prefix (VLLM_LOGGING_PREFIX); or SIZE_MAX. */
#define OWN_PREFIX_MAX 64
static size_t behind_own_prefix(struct text t) {
	for (size_t i = 1; i < OWN_PREFIX_MAX && i + sizeof "INFO 08-10 23:59:25" < t.len; i++) {
		struct text rest = text_cut(t, i, t.len);
		/* Quotes and braces show text of users. */
		if (memchr("'\"{}\\", t.at[i - 1], 5)) {
			return SIZE_MAX;
		}
		if (take_level(&rest) && rest.len > 5 && rest.at[2] == '-' && rest.at[5] == ' ') {
			return i;
		}
	}
	return SIZE_MAX;
}

/* "2026-10-05 06:00:01 [loggers.py:257] ", of a logging configuration with a year */
static bool take_dated(struct text t, struct logged *out) {
	struct text date = t;
	bool zone_given;
	int64_t ns;

	if (t.len < 20 || t.at[4] != '-' || !instant_take(&t, &ns, &zone_given)) {
		return false;
	}
	out->stamp = upto(date, t.at);
	if (!text_skip(&t, T(" ")) || !take_place(&t, &out->file)) {
		return false;
	}
	out->message = text_trim(t);
	return true;
}

bool vllm_take_prefix(struct text t, struct logged *out) {
	*out = (struct logged){0};
	take_labels(&t, out);
	struct text level = t;
	size_t prefix = take_level(&level) ? 0 : behind_own_prefix(t);
	if (prefix == SIZE_MAX) {
		return false;
	}
	t = text_cut(t, prefix, t.len);
	take_level(&t);
	if (t.len < STAMP_LEN + 1 || !vllm_begins_stamp(t.at)) {
		return take_dated(t, out);
	}
	out->stamp = upto(t, t.at + STAMP_LEN);
	t = text_cut(t, STAMP_LEN + 1, t.len);
	if (!take_place(&t, &out->file)) {
		return false;
	}
	out->message = text_trim(t);
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
	} else if (t.len > 0 && *t.at >= '0' && *t.at <= '9' && text_take_i64(&t, &n) && text_skip(&t, T(" Engines Aggregated: "))) {
		l->added = n > 0 && n < ENGINES_MAX ? n : 0;
		l->message = t;
	}
}

static struct engine *vllm_engine(struct parser *p, const struct logged *l) {
	struct vllm *v = p->state;

	return l->engine >= 0 && l->engine < ENGINES_MAX ? &v->engines[l->server][l->engine] : NULL;
}

struct statistics *vllm_statistics(struct parser *p, const struct logged *l) {
	struct vllm *v = p->state;

	return l->engine >= 0 && l->engine < ENGINES_MAX && l->api_server >= 0 && l->api_server < API_SERVERS_MAX
	               ? &v->statistics[l->server][l->api_server][l->engine]
	               : NULL;
}

/* The model of a process, else the one that was stated last. */
static const struct served *served_by(const struct vllm *v, int64_t pid) {
	for (size_t i = 0; i < sizeof v->served / sizeof *v->served; i++) {
		if (v->served[i].pid == pid && v->served[i].model_len > 0) {
			return &v->served[i];
		}
	}
	return &v->served[v->last_served];
}

static void note_served(struct vllm *v, int64_t pid, struct text model) {
	size_t count = sizeof v->served / sizeof *v->served, at = v->last_served;

	if (v->served[at].pid != pid) {
		at = (at + 1) % count;
		for (size_t i = 0; i < count; i++) {
			at = v->served[i].pid == pid ? i : at;
		}
	}
	v->served[at].pid = pid;
	v->served[at].model_len = model.len;
	memcpy(v->served[at].model, model.at, model.len);
	v->last_served = at;
}

void vllm_names(struct parser *p, const struct logged *l, struct record *out) {
	struct vllm *v = p->state;

	const struct served *own = served_by(v, l->pid);

	out->model = p->model.len > 0 ? p->model : (struct text){own->model, own->model_len};
	out->replica = server_replica(p, l->server, l->engine, v->replica, sizeof v->replica);
}

/* vLLM's own timestamp has seconds; a JSON logger's has no zone. */
static bool own_instant(struct parser *p, struct text t, int64_t *ns) {
	if (t.len == 0) {
		return parser_local_instant(p, ns);
	}
	return t.at[2] == '-' ? stamp_take_month_day(&p->stamps, &t, ns) : stamp_take_local(&p->stamps, &t, ns);
}

/* The envelope's timestamp has a year, a zone and nanoseconds, so it counts. */
const char *vllm_instant(struct parser *p, const struct logged *l, int64_t stamp_ns, int64_t *ns) {
	*ns = stamp_ns;
	if (stamp_ns == UNKNOWN && !own_instant(p, l->stamp, ns)) {
		return "invalid time stamp";
	}
	*ns = stamp_ns == UNKNOWN && l->stamp.len > 0 ? parser_finer_instant(p, *ns) : *ns;
	return instant_absurd(p, *ns);
}

/* After the duration there may be text of future versions: it is ignored, and counted. */
static bool skip_unknown_tail(struct parser *p, struct text *t) {
	bool known = text_starts(*t, T(", "));
	bool fits = known || vllm_unknown_tail(p, *t);

	*t = known ? *t : text_cut(*t, t->len, t->len);
	return fits;
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
 * All tokens of a preempted request that is recomputed count under "generation". Without speculative decoding a
 * sequence has one token per step. With it, drafts as well; if the log does not show whether it is on, an equal
 * number of tokens for each sequence shows drafts.
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
 * The time of a step. An envelope's timestamp is when its line was written: its end. The line's own timestamp is
 * truncated to the second: the steps of a second follow one another from its start. Either way no step begins before
 * the previous one has ended, unless its line is much older than the one before: parts of a log in another order.
 */
#define OLDER_NS (3 * NS_PER_SECOND) /* collectors may stamp the lines of seconds at once */

static void place_step(struct engine *e, int64_t written_ns, struct step *s) {
	int64_t start = written_ns - s->gpu_ns;

	if (e->stepped && start < e->step_end_ns && start > e->step_end_ns - s->gpu_ns - OLDER_NS) {
		start = e->step_end_ns;
	}
	s->start_ns = start;
	e->step_end_ns = start + s->gpu_ns;
	e->stepped = true;
}

/* vLLM's own timestamp is truncated to the second; a JSON logger's and an envelope's may be finer. */
static bool is_coarse(const struct parser *p, const struct logged *l, int64_t stamp_ns, int64_t written_ns) {
	bool whole = written_ns % NS_PER_SECOND == 0;

	return stamp_ns == UNKNOWN && (l->stamp.len > 0 ? whole && l->stamp.len <= sizeof "2026-10-05 06:00:01" : p->local.nanosecond == 0);
}

static enum parse_result parse_iteration(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct iteration it;
	struct text t = l->message;
	int64_t written_ns;
	struct vllm_gauges ignored;

	bool whole = vllm_take_iteration(&t, &it);
	bool dummy = whole && text_skip(&t, T(" (dummy)"));
	whole = whole && skip_unknown_tail(p, &t);
	if (!whole || (t.len > 0 && !vllm_tail(p, t, &ignored))) {
		return reject(p, "malformed iteration line");
	}
	const char *why = iteration_absurd(&it);
	why = why ? why : vllm_instant(p, l, stamp_ns, &written_ns);
	if (!why) {
		why = vllm_note_process(p, l, written_ns);
	}
	struct engine *e = vllm_engine(p, l);
	if (why || !e) {
		return reject(p, why ? why : "engine number out of range");
	}
	out->kind = RECORD_STEP; /* only what a step has is set: clearing all takes longer than the rest */
	out->relative_clock = false;
	out->step = (struct step){
		.index = it.index,
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
		         (is_coarse(p, l, stamp_ns, written_ns) ? STEP_COARSE_CLOCK : 0),
	};
	place_step(e, written_ns, &out->step);
	why = instant_absurd(p, e->step_end_ns);
	if (why) { /* moved there by impossible durations */
		e->stepped = false;
		return reject(p, why);
	}
	vllm_names(p, l, out);
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
		    name.len < sizeof v->served->model) {
			note_served(v, l->pid, name);
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
	p->has_version = v->has_version;
	p->version[0] = v->version[0];
	p->version[1] = v->version[1];
	return PARSE_NONE;
}

/* "a V1 LLM engine (v0.10.0) with config: model='…', speculative_config=None, …" */
static enum parse_result note_config(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct logged inner = *l;
	struct text before;

	note_model(p, l, stamp_ns, out);
	return text_until(&inner.message, T("engine (v"), &before) ? note_version(p, &inner, stamp_ns, out) : PARSE_NONE;
}

/* "Mean acceptance length: 2.77, …" of the tokens of a sequence in a step; the first versions leave out the one that is not drafted. */
static enum parse_result note_speculative(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct vllm *v = p->state;
	struct text t = l->message, before;
	int64_t length;

	(void)stamp_ns;
	(void)out;
	v->speculative = true;
	if (text_until(&t, T("Mean acceptance length: "), &before) && text_take_fixed(&t, 2, &length) && text_starts(t, T(",")) && length <= 100 * DRAFTS_MAX) {
		v->accepted_percent = length + (before.len > 0 ? 100 : 0);
	}
	return PARSE_NONE;
}

/* "500,000 tokens" */
static enum parse_result note_cache(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct vllm *v = p->state;
	struct text t = l->message;
	int64_t ntok, more;

	(void)stamp_ns;
	(void)out;
	bool fits = text_take_i64(&t, &ntok) && ntok >= 0 && ntok <= COUNT_MAX;
	while (fits && text_skip(&t, T(","))) {
		fits = text_take_i64(&t, &more) && more >= 0 && more <= 999 && ntok <= COUNT_MAX / 1000;
		ntok = fits ? 1000 * ntok + more : ntok;
	}
	v->cache_ntok = fits && text_starts(t, T(" tokens")) ? ntok : 0;
	return PARSE_NONE;
}

/* "Received request cmpl-1: …", "Finished request cmpl-1.": requests without tokens. */
static enum parse_result note_requests(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct vllm *v = p->state;

	(void)l;
	(void)stamp_ns;
	(void)out;
	if (!v->warned_requests) {
		v->warned_requests = true;
		quality_warn(p->quality, "vLLM's request lines have no tokens and no times: --otlp-traces-endpoint "
					 "gives both");
	}
	return PARSE_NONE;
}

/* "AsyncLLM created with api_server_count more than 1; disabling stats logging to avoid incomplete stats." */
static enum parse_result note_servers(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out) {
	struct vllm *v = p->state;

	(void)stamp_ns;
	(void)out;
	if (!v->warned_servers && text_find(l->message, T("disabling stats logging")) != SIZE_MAX) {
		v->warned_servers = true;
		quality_warn(p->quality, "vLLM logs no statistics with several API servers: start it with --api-server-count 1, or "
		                         "scrape /metrics every few seconds into a file");
		quality_missing(p->quality, "statistics of vLLM", "one API server, or scraped metrics", "--api-server-count 1");
	}
	return PARSE_NONE;
}

/* Beginnings of messages, and the source file that writes them (empty: any). */
static const struct message {
	struct text opening;
	struct text files[3];
	enum parse_result (*parse)(struct parser *p, struct logged *l, int64_t stamp_ns, struct record *out);
} messages[] = {
	{{"Iteration(", 10}, {{"core.py", 7}, {"loggers.py", 10}}, parse_iteration},
	{{"Avg prompt throughput: ", 23}, {{"loggers.py", 10}, {"metrics.py", 10}, {"llm_engine.py", 13}}, vllm_stats},
	{{"SpecDecoding metrics: ", 22}, {{"metrics.py", 10}, {"loggers.py", 10}}, note_speculative},
	{{"non-default args: {", 19}, {{"utils.py", 8}, {"api_server.py", 13}}, note_model},
	{{"vLLM API server version ", 24}, {{"api_server.py", 13}, {"utils.py", 8}}, note_version},
	{{"AsyncLLM created with api_server_count more than 1", 50}, {{"loggers.py", 10}, {"async_llm.py", 12}}, note_servers},
	{{"Received request ", 17}, {{"logger.py", 9}, {"request_logger.py", 17}, {"async_llm_engine.py", 19}}, note_requests},
	{{"Finished request ", 17}, {{"async_llm_engine.py", 19}, {"llm_engine.py", 13}}, note_requests},
	{{"GPU KV cache size: ", 19}, {{"kv_cache_utils.py", 17}, {"worker.py", 9}}, note_cache},
	{{"Initializing a", 14}, {{"core.py", 7}, {"llm_engine.py", 13}}, note_config},
};

/*
 * Is it from the server's own source file? Without one it is a message of a JSON logger. A logger of requests
 * (logger.py) may write any text that a user sent.
 */
static bool written_by(const struct message *m, struct text file) {
	if (file.len == 0) {
		return true;
	}
	for (size_t i = 0; i < sizeof m->files / sizeof *m->files; i++) {
		if (m->files[i].len > 0 && text_eq(m->files[i], file)) {
			return true;
		}
	}
	return false;
}

static const struct message *message_of(struct logged *l) {
	struct opening *o = l->opening;

	/* The same file as before, and no message begins like another one. */
	if (o && o->message && text_skip(&l->message, o->message->opening)) {
		return o->message;
	}
	take_engine(l);
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		if (text_starts(l->message, messages[i].opening) && written_by(&messages[i], l->file)) {
			text_skip(&l->message, messages[i].opening);
			if (o) {
				o->message = &messages[i];
			}
			return &messages[i];
		}
	}
	return NULL;
}

/*
 * The message alone, possibly after the process label, as written by a JSON logger (VLLM_LOGGING_CONFIG_PATH). Only
 * in an envelope with a timestamp: vLLM's own logger repeats its prefix on every line, so that users' text never
 * begins one.
 */
static bool take_bare(struct text line, bool stamped, struct logged *out) {
	*out = (struct logged){0};
	if (!stamped) {
		return false;
	}
	take_labels(&line, out);
	text_skip(&line, T("INFO:")); /* of Aphrodite's logger */
	line = text_trim(line);
	out->message = line;
	return line.len > 0 && (*line.at == 'E' || *line.at == 'A' || *line.at == 'I' || *line.at == 'v' || *line.at == 'n');
}

/* A line of another logger, which has a date in front of the message. */
static bool take_logged(struct text line, struct logged *out) {
	struct text rest = line;

	*out = (struct logged){0};
	take_labels(&rest, out);
	if (!logger_line(rest, &out->stamp, &out->message)) {
		return false;
	}
	take_labels(&out->message, out);
	out->message = text_trim(out->message);
	return true;
}

static enum parse_result vllm_parse(struct parser *p, const struct text *line, int64_t stamp_ns, struct record *out) {
	struct logged l;
	bool rust;

	if (!line) {
		return PARSE_NONE;
	}
	if (!vllm_take_opening(p->state, *line, &l)) {
		enum parse_result result = vllm_rust(p, *line, stamp_ns, out, &rust);
		if (rust || (!take_logged(*line, &l) && !take_bare(*line, stamp_ns != UNKNOWN || p->has_local, &l))) {
			return result;
		}
	}
	const struct message *m = message_of(&l);
	if (!m || (m->parse != parse_iteration && m->parse != vllm_stats)) {
		vllm_note_process(p, &l, UNKNOWN);
	}
	p->engines_added = m && l.added > 1 ? l.added : p->engines_added;
	return m ? m->parse(p, &l, stamp_ns, out) : PARSE_NONE;
}

static int bid_of(struct text line) {
	struct logged l;

	if (vllm_take_prefix(line, &l)) {
		return message_of(&l) ? 90 : 60;
	}
	if (take_logged(line, &l) && message_of(&l)) {
		return 90;
	}
	if (take_bare(line, true, &l) && message_of(&l)) {
		return 70;
	}
	return vllm_rust_bid(line);
}

static int vllm_bid(const struct text *lines, size_t count) {
	int best = 0;

	for (size_t i = 0; i < count && best < 85; i++) {
		int bid = bid_of(lines[i]);
		best = bid > best ? bid : best;
	}
	return best;
}

const struct format format_vllm = {
	.bid = vllm_bid,
	.parse = vllm_parse,
	.state_size = sizeof(struct vllm),
};
