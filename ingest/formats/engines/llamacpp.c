/*
 * llamacpp.c: the log of llama.cpp's server, from September 2024 on, as requests.
 *
 * slot launch_slot_: id  0 | task 23 | processing task
 * slot update_slots: id  0 | task 23 | new prompt, n_ctx_slot = 8192, n_keep = 0, n_prompt_tokens = 139
 * slot      release: id  0 | task 23 | stop processing: n_past = 191, truncated = 0
 * slot print_timing: id  0 | task 23 |
 * prompt eval time =     143.59 ms /   139 tokens (    1.03 ms per token,   968.01 tokens per second)
 *        eval time =     422.79 ms /    53 tokens (    7.98 ms per token,   125.36 tokens per second)
 *       total time =     566.38 ms /   192 tokens
 *
 * From May 2026 on every line has a timestamp, minutes to microseconds of the process, and its slot:
 *
 * 132.02.359.400 I slot print_timing: id  0 | task 9161 | prompt eval time =    8461.20 ms /  1934 tokens (    4.37 ms per token,   228.57 tokens per second)
 *
 * The tokens of "prompt eval" exclude cached ones; those of "eval" are all generated ones, including the first. The whole
 * prompt is in the line "new prompt", which is a line of debugging since then, or follows from the context at release,
 * which is logged after the timings.
 */
#include <stdio.h>

#include "core/exact.h"
#include "ingest/format.h"

#define SLOTS_MAX 256
#define NAME_MAX_BYTES 256
/* No log's own clock, which counts from 0, runs this long: 146 years. */
#define CLOCK_MAX_NS (INT64_MAX / 2)

/* One of the three lines of timings. */
struct timing {
	bool given;
	int64_t ns, tokens;
};

struct slot {
	int64_t task;
	int64_t launched_ns;                /* on the log's clock, or UNKNOWN */
	int64_t finished_ns;                /* end of the slot's last request: the next begins after it */
	int64_t prompt_tokens;              /* cached ones included; or UNKNOWN */
	int64_t context_tokens;             /* prompt and generated, at release; or UNKNOWN */
	struct timing prompt, generated;
	bool held;                          /* the request has ended: it waits for its slot's release */
	int64_t begin_ns, start;            /* of that: when it began, and in which start of the server */
};

/* The source of instants, the best that the log has. */
enum clock { CLOCK_EVENTS, CLOCK_PROCESS, CLOCK_ENVELOPE };

struct llamacpp {
	struct slot slots[SLOTS_MAX];
	struct slot *current;  /* slot of the last header: timings without a slot belong to it */
	enum clock clock;
	int64_t now_ns;        /* the latest instant read or derived */
	int64_t process_ns, process_base_ns; /* the last own timestamp; offset of the process's start */
	int64_t starts;        /* start of the server in this log: task numbers begin again */
	char id[64], model[NAME_MAX_BYTES];
	size_t model_len;
	bool named;            /* name given by its router, which takes precedence */
};

/* A router prints its children's lines with their port in front: each child is a separate server. */
#define CHILDREN_MAX 32

struct router {
	struct llamacpp children[CHILDREN_MAX]; /* the first one: lines without a port */
	int64_t ports[CHILDREN_MAX];
	size_t count;
	char replica[NAME_MAX_BYTES];
};

/* "slot print_timing: id  0 | task 8 | " */
struct slot_line {
	struct text function, rest;
	int64_t id, task;
};

static bool take_slot(struct text t, struct slot_line *out) {
	if (!text_skip(&t, T("slot "))) {
		return false;
	}
	text_skip_blanks(&t);
	if (!text_until(&t, T(": id "), &out->function)) {
		return false;
	}
	text_skip_blanks(&t);
	if (!text_take_i64(&t, &out->id) || !text_skip(&t, T(" | task ")) || !text_take_i64(&t, &out->task) ||
	    !text_skip(&t, T(" |"))) {
		return false;
	}
	out->rest = text_trim(t);
	return true;
}

/* "132.02.359.400 I ": minutes, seconds, ms, us of the process; moves past it. */
static bool take_process_stamp(struct text *t, int64_t *ns) {
	struct text u = *t;
	int64_t minutes, seconds, ms, us;

	if (u.len == 0 || u.at[0] < '0' || u.at[0] > '9' || !text_take_i64(&u, &minutes) || !text_skip(&u, T(".")) ||
	    !text_take_i64(&u, &seconds) || !text_skip(&u, T(".")) || !text_take_i64(&u, &ms) ||
	    !text_skip(&u, T(".")) || !text_take_i64(&u, &us) || u.len < 3 || u.at[0] != ' ' || u.at[2] != ' ') {
		return false;
	}
	if (minutes > 10000000 || seconds < 0 || seconds > 59 || ms < 0 || ms > 999 || us < 0 || us > 999) {
		return false;
	}
	*ns = (((minutes * 60 + seconds) * 1000 + ms) * 1000 + us) * 1000;
	*t = text_cut(u, 3, u.len);
	return true;
}

/* A clock in seconds that differs by more from the process's was set. */
#define SET_NS (2 * NS_PER_SECOND)

/* Times of the process, in microseconds, by an envelope's in whole seconds. */
static int64_t in_seconds(struct llamacpp *m, int64_t own_ns, int64_t wall_ns) {
	int64_t off_ns = wall_ns - own_ns - m->process_base_ns;

	if (m->clock != CLOCK_ENVELOPE || off_ns > SET_NS || off_ns < -SET_NS) {
		m->process_base_ns = wall_ns - own_ns;
	}
	return m->process_base_ns + own_ns;
}

/* Advances the clock to the time in the line. */
static void tick(struct parser *p, struct llamacpp *m, struct text *line, int64_t stamp_ns) {
	int64_t own_ns, wall_ns;
	bool own = take_process_stamp(line, &own_ns);

	if (stamp_ns == UNKNOWN && parser_local_instant(p, &wall_ns)) {
		stamp_ns = own && p->local.nanosecond == 0 ? in_seconds(m, own_ns, wall_ns) : wall_ns;
	}
	if (own && stamp_ns == UNKNOWN && m->clock != CLOCK_ENVELOPE) {
		if (own_ns < m->process_ns) { /* a new process */
			m->process_base_ns = m->now_ns < CLOCK_MAX_NS ? m->now_ns : 0;
		}
		m->clock = CLOCK_PROCESS;
		m->process_ns = own_ns;
		m->now_ns = m->process_base_ns + own_ns;
	}
	if (stamp_ns != UNKNOWN) {
		m->clock = CLOCK_ENVELOPE;
		m->now_ns = stamp_ns;
	}
}

static int64_t later(int64_t a, int64_t b) {
	return a > b ? a : b;
}

/* The slot, reset if another task has begun on it. */
static struct slot *slot_of(struct llamacpp *m, const struct slot_line *l) {
	if (l->id < 0 || l->id >= SLOTS_MAX) {
		return NULL;
	}
	struct slot *s = &m->slots[l->id];
	if (s->task != l->task || s->launched_ns == 0) {
		*s = (struct slot){.task = l->task,
		                   .launched_ns = UNKNOWN,
		                   .finished_ns = s->finished_ns,
		                   .prompt_tokens = UNKNOWN,
		                   .context_tokens = UNKNOWN};
	}
	return s;
}

/* The number after "key = " in a message, or UNKNOWN. */
static int64_t number_of(struct text t, struct text key) {
	struct text before;
	int64_t n;

	return text_until(&t, key, &before) && text_take_i64(&t, &n) && n >= 0 && n <= COUNT_MAX ? n : UNKNOWN;
}

static void note_launch(struct llamacpp *m, struct slot *s) {
	/* 0 marks an unused slot, so the first nanosecond of a process is not used. */
	s->launched_ns = m->now_ns == 0 ? 1 : m->now_ns;
}

static void note_prompt(struct slot *s, struct text message) {
	int64_t n = number_of(message, T("n_prompt_tokens = "));

	n = n == UNKNOWN ? number_of(message, T("task.n_tokens = ")) : n;
	s->prompt_tokens = n == UNKNOWN ? s->prompt_tokens : n;
}

/* A context that was shifted (truncated) no longer represents the prompt. */
static void note_release(struct slot *s, struct text message) {
	int64_t n = number_of(message, T("n_past = "));

	n = n == UNKNOWN ? number_of(message, T("n_tokens = ")) : n;
	s->context_tokens = number_of(message, T("truncated = ")) == 0 ? n : UNKNOWN;
}

/* The printed rate must match the printed time and tokens, within rounding; newest builds divide by n - 1. */
static bool rate_fits(const struct timing *t, int64_t rate_centi) {
	int128 shown = (int128)rate_centi * t->ns;
	int128 slack = (int128)rate_centi * 6000 + t->ns;

	if (t->tokens < 0 || t->tokens > COUNT_MAX) {
		return true; /* refused as impossible */
	}
	for (int64_t n = t->tokens - 1; n <= t->tokens; n++) {
		int128 off = (int128)n * 100 * NS_PER_SECOND - shown;
		if (off <= slack && -off <= slack) {
			return true;
		}
	}
	return false;
}

/* "=     143.59 ms /   139 tokens (    1.03 ms per token,   968.01 tokens per second)" */
static bool take_timing(struct text t, bool with_rate, struct timing *out) {
	struct text before;
	int64_t rate;

	text_skip_blanks(&t);
	if (!text_skip(&t, T("="))) {
		return false;
	}
	text_skip_blanks(&t);
	if (!text_take_fixed(&t, 6, &out->ns) || !text_skip(&t, T(" ms /"))) {
		return false;
	}
	text_skip_blanks(&t);
	if (!text_take_i64(&t, &out->tokens) || !text_skip(&t, T(" tokens"))) {
		return false;
	}
	out->given = true;
	if (!with_rate) {
		return t.len == 0;
	}
	if (!text_skip(&t, T(" (")) || !text_until(&t, T(" ms per token,"), &before)) {
		return false;
	}
	text_skip_blanks(&t);
	/* Of no tokens or no time the rate is "inf" or "nan". */
	return text_ends(t, T(" tokens per second)")) && (!text_take_fixed(&t, 2, &rate) || rate_fits(out, rate));
}

static bool timing_absurd(const struct timing *t) {
	return t->ns < 0 || t->ns > STEP_MAX_NS || t->tokens < 0 || t->tokens > COUNT_MAX;
}

static bool knows_prompt(const struct slot *s) {
	return s->prompt_tokens != UNKNOWN || s->context_tokens != UNKNOWN;
}

/* The whole prompt: as logged, or from the remaining context, or the computed tokens. */
static int64_t whole_prompt(const struct slot *s) {
	int64_t computed = s->prompt.tokens;

	if (s->prompt_tokens != UNKNOWN) {
		return later(s->prompt_tokens, computed);
	}
	/* The last token generated is not in the context. */
	return s->context_tokens == UNKNOWN ? computed
	                                    : later(computed, s->context_tokens - s->generated.tokens + 1);
}

/*
 * When the request began. With timestamps, its timings are printed when it ends. Without, the clock is that of
 * events: a request begins when it is launched, and "now" is the latest end of a request so far. One slot never has
 * two requests at once.
 */
static int64_t place_request(struct llamacpp *m, struct slot *s, int64_t length_ns) {
	int64_t begin = m->clock == CLOCK_EVENTS ? (s->launched_ns == UNKNOWN ? m->now_ns : s->launched_ns)
	                                         : m->now_ns - length_ns;

	begin = later(begin, s->finished_ns);
	s->finished_ns = begin + length_ns;
	if (m->clock == CLOCK_EVENTS) {
		m->now_ns = later(m->now_ns, s->finished_ns);
	}
	return begin;
}

static void set_names(struct parser *p, struct llamacpp *m, const struct slot *s, struct record *out) {
	int slot = (int)(s - m->slots);

	if (s->start > 1) {
		snprintf(m->id, sizeof m->id, "%d/%lld/start %lld", slot, (long long)s->task, (long long)s->start);
	} else {
		snprintf(m->id, sizeof m->id, "%d/%lld", slot, (long long)s->task);
	}
	out->request.id = text_of(m->id);
	out->model = p->model.len > 0 ? p->model : (struct text){m->model, m->model_len};
}

static enum parse_result make_request(struct parser *p, struct llamacpp *m, struct slot *s, struct record *out) {
	int64_t whole = whole_prompt(s), first_ns = s->begin_ns + s->prompt.ns;

	*out = (struct record){
		.kind = RECORD_REQUEST,
		.relative_clock = m->clock != CLOCK_ENVELOPE,
		.request = {.arrival_ns = UNKNOWN,
		            .scheduled_ns = s->begin_ns,
		            .first_token_ns = first_ns,
		            .finish_ns = first_ns + s->generated.ns,
		            .prompt_tokens = whole,
		            .cached_tokens = whole - s->prompt.tokens,
		            .cached_unknown = !knows_prompt(s),
		            .completion_tokens = s->generated.tokens,
		            .ok = true,
		            .exclusive_times = true},
	};
	set_names(p, m, s, out);
	s->held = false;
	return PARSE_RECORD;
}

/* "total time =" ends the timings: the request is complete, if its whole prompt is known. */
static enum parse_result finish_request(struct parser *p, struct llamacpp *m, struct slot *s, struct text t,
                                        struct record *out) {
	struct timing total = {0};

	if (!take_timing(t, false, &total) || !s->prompt.given || !s->generated.given) {
		return reject(p, "incomplete timings");
	}
	int64_t off = total.ns - s->prompt.ns - s->generated.ns;
	if (off > 20000 || off < -20000 || total.tokens != s->prompt.tokens + s->generated.tokens) {
		return reject(p, "timings do not sum to their total");
	}
	if (m->now_ns > CLOCK_MAX_NS || s->finished_ns > CLOCK_MAX_NS) {
		return reject(p, INGEST_IN_FUTURE);
	}
	s->begin_ns = place_request(m, s, s->prompt.ns + s->generated.ns);
	s->start = m->starts;
	s->prompt.given = s->generated.given = false;
	const char *why = m->clock == CLOCK_ENVELOPE ? instant_absurd(p, s->begin_ns) : NULL;
	if (why) {
		return reject(p, why);
	}
	s->held = !knows_prompt(s);
	return s->held ? PARSE_NONE : make_request(p, m, s, out);
}

/* One of the three lines, for the slot that the line or the last header names. */
static enum parse_result parse_timing(struct parser *p, struct llamacpp *m, struct slot *s, struct text t,
                                      struct record *out) {
	struct timing *timing;

	if (text_skip(&t, T("total time"))) {
		return s ? finish_request(p, m, s, t, out) : reject(p, "timings without a slot");
	}
	if (text_skip(&t, T("prompt eval time"))) {
		timing = s ? &s->prompt : NULL;
	} else if (text_skip(&t, T("eval time"))) {
		timing = s ? &s->generated : NULL;
	} else {
		return PARSE_NONE;
	}
	if (!timing) {
		return reject(p, "timings without a slot");
	}
	if (s->held) { /* the slot's next request: the one before was never released */
		make_request(p, m, s, out);
		return PARSE_AGAIN;
	}
	*timing = (struct timing){0};
	bool whole = take_timing(t, true, timing);
	timing->given = whole && !timing_absurd(timing);
	return timing->given ? PARSE_NONE : reject(p, whole ? "absurd timings" : "malformed timings");
}

/* A slot whose last request was not released, and which has another task now. */
static struct slot *unreleased(struct llamacpp *m, const struct slot_line *l) {
	struct slot *s = l->id >= 0 && l->id < SLOTS_MAX ? &m->slots[l->id] : NULL;

	return s && s->held && (s->task != l->task || s->launched_ns == 0) ? s : NULL;
}

static enum parse_result parse_slot(struct parser *p, struct llamacpp *m, const struct slot_line *l, struct record *out) {
	struct slot *before = unreleased(m, l);

	if (before) {
		make_request(p, m, before, out);
		return PARSE_AGAIN;
	}
	struct slot *s = slot_of(m, l);

	if (!s) {
		return l->task >= 0 ? reject(p, "slot number out of range") : PARSE_NONE;
	}
	if (text_eq(l->function, T("print_timing"))) {
		m->current = s;
		return parse_timing(p, m, s, l->rest, out);
	}
	if (text_eq(l->function, T("launch_slot_"))) {
		note_launch(m, s);
	} else if (text_starts(l->rest, T("new prompt")) || text_starts(l->rest, T("input truncated"))) {
		note_prompt(s, l->rest);
	} else if (text_eq(l->function, T("release"))) {
		note_release(s, l->rest);
		return s->held ? make_request(p, m, s, out) : PARSE_NONE;
	}
	return PARSE_NONE;
}

/* The first slot of a server with a request that waits for its release; NULL if there is none. */
static struct slot *held_slot(struct llamacpp *m) {
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		if (m->slots[i].held) {
			return &m->slots[i];
		}
	}
	return NULL;
}

/* "srv    load_model: loading model 'rand.gguf'" */
static bool is_start(struct text line) {
	return text_starts(line, T("srv ")) && text_find(line, T("load_model: loading model")) != SIZE_MAX;
}

/* A start, "print_info: general.name     = rand-llama-40m" */
static void note_server(struct llamacpp *m, struct text line) {
	struct text before;

	if (is_start(line)) {
		m->starts++;
		m->current = NULL;
		for (size_t i = 0; i < SLOTS_MAX; i++) {
			m->slots[i].launched_ns = 0; /* its tasks are different */
		}
	} else if ((text_starts(line, T("print_info: general.name")) ||
	            text_starts(line, T("llm_load_print_meta: general.name"))) &&
	           text_until(&line, T("= "), &before) && line.len < sizeof m->model && !m->named) {
		memcpy(m->model, line.at, line.len);
		m->model_len = line.len;
	}
}

/* "[8081] " of a router; moves past it. */
static bool take_port(struct text *t, int64_t *port) {
	struct text u = *t;

	if (!text_skip(&u, T("[")) || !text_take_i64(&u, port) || *port < 1 || *port > 65535 || !text_skip(&u, T("] "))) {
		return false;
	}
	*t = u;
	return true;
}

/* The child of a port; NULL if there are too many. */
static struct llamacpp *child_of(struct router *r, int64_t port) {
	for (size_t i = 1; i <= r->count; i++) {
		if (r->ports[i] == port) {
			return &r->children[i];
		}
	}
	if (r->count + 1 == CHILDREN_MAX) {
		return NULL;
	}
	r->ports[++r->count] = port;
	return &r->children[r->count];
}

/* "srv          load: spawning server instance with name=gemma-4 on port 41907" */
static void note_child(struct router *r, struct text line) {
	struct text before, name;
	int64_t port;

	if (!text_until(&line, T("spawning server instance with name="), &before) || !text_until(&line, T(" on port "), &name) ||
	    !text_take_i64(&line, &port) || name.len == 0 || name.len >= NAME_MAX_BYTES) {
		return;
	}
	struct llamacpp *child = child_of(r, port);
	if (child) {
		memcpy(child->model, name.at, name.len);
		child->model_len = name.len;
		child->named = true;
	}
}

static enum parse_result parse_line(struct parser *p, struct llamacpp *m, struct text t, int64_t stamp_ns, struct record *out) {
	struct slot_line l;

	t = text_trim(t);
	tick(p, m, &t, stamp_ns);
	if (take_slot(t, &l)) {
		return parse_slot(p, m, &l, out);
	}
	struct slot *ended = is_start(t) ? held_slot(m) : NULL;
	if (ended) { /* by the server before */
		make_request(p, m, ended, out);
		return PARSE_AGAIN;
	}
	note_server(m, t);
	return parse_timing(p, m, m->current, t, out);
}

static void name_child(const struct parser *p, struct router *r, int64_t port, struct record *out) {
	if (port > 0) {
		snprintf(r->replica, sizeof r->replica, "%.*s/%d", p->replica.len < 200 ? (int)p->replica.len : 200, p->replica.at,
		         (int)port);
		out->replica = text_of(r->replica);
	}
}

/* Requests whose slots were not released until the log ended, one per call. */
static enum parse_result flush(struct parser *p, struct router *r, struct record *out) {
	for (size_t i = 0; i <= r->count; i++) {
		struct slot *held = held_slot(&r->children[i]);
		if (held) {
			make_request(p, &r->children[i], held, out);
			name_child(p, r, r->ports[i], out);
			return PARSE_RECORD;
		}
	}
	return PARSE_NONE;
}

static enum parse_result llamacpp_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                        struct record *out) {
	struct router *r = p->state;
	struct llamacpp *m = &r->children[0];
	int64_t port = 0;

	if (!line) {
		return flush(p, r, out);
	}
	struct text t = *line;
	if (take_port(&t, &port)) {
		m = child_of(r, port);
		if (!m) {
			return reject(p, "too many servers behind one router");
		}
	} else if (text_find(t, T("spawning server instance")) != SIZE_MAX) {
		note_child(r, t);
	}
	enum parse_result result = parse_line(p, m, t, stamp_ns, out);
	if (result == PARSE_RECORD || result == PARSE_AGAIN) {
		name_child(p, r, port, out);
	}
	return result;
}

static int llamacpp_bid(const struct text *lines, size_t count) {
	static const struct text loading[] = {{"llama_model_loader: ", 20}, {"main: HTTP server is listening", 30},
	                                      {"srv  ", 5}, {"llama_init_from_model: ", 23}};
	int bid = 0;

	for (size_t i = 0; i < count && bid < 90; i++) {
		struct text t = text_trim(lines[i]);
		struct slot_line l;
		int64_t ns, port;
		take_port(&t, &port);
		take_process_stamp(&t, &ns);
		if (take_slot(t, &l)) {
			bid = 90;
		}
		for (size_t k = 0; k < sizeof loading / sizeof *loading && bid < 50; k++) {
			bid = text_starts(t, loading[k]) ? 50 : bid;
		}
	}
	return bid;
}

const struct format format_llamacpp = {
	.bid = llamacpp_bid,
	.parse = llamacpp_parse,
	.state_size = sizeof(struct router),
};
