/*
 * lmdeploy.c: LMDeploy's log: the statistics line (--enable-metrics) as windows, finished sessions as requests.
 *
 * [2026-08-21 10:00:10 DP0] Avg thr (in/out): 803.2 / 24.7 tokens/s, Server (succeeded/failed/routed/waiting): 9 / 0 / 1 / 0, Engine (running/waiting): 1 / 0, KV cache: 6.8%, Prefix cache hit rate: 43.1%,
 * 2026-08-21 10:00:10,123 - lmdeploy - INFO - async_engine.py:512 - session=7, input_tokens=26, max_new_tokens=512
 * 2026-08-21 10:00:14,510 - lmdeploy - INFO - async_engine.py:588 - session 7 finished, reason "stop", input_tokens 26, output_tokens 282
 *
 * A session's line has no cached tokens, and only the session's id, which restarts with the server: the time is part
 * of the id.
 */
#include <stdio.h>

#include "core/exact.h"
#include "core/instant.h"
#include "ingest/formats/fields.h"

#define RANKS_MAX 64
#define SESSIONS_MAX 1024
#define INTERVAL_NS (10 * NS_PER_SECOND)

struct session {
	int64_t number, begun_ns; /* the latest session with this remainder; begun 0: none */
};

struct lmdeploy {
	struct session sessions[SESSIONS_MAX]; /* start times; a few lost ones do not matter */
	struct {
		bool any;
		int64_t end_ns;
	} ranks[RANKS_MAX];
	char id[64], replica[256];
};

/* "803.2 / 24.7" in tenths */
static bool take_pair(struct text *t, int digits, int64_t *a, int64_t *b) {
	return text_take_fixed(t, digits, a) && text_skip(t, T(" / ")) && text_take_fixed(t, digits, b) && *a >= 0 && *b >= 0;
}

/* Longer gaps are idle: the line is not written while nothing runs. */
static int64_t window_start(struct lmdeploy *m, int64_t rank, int64_t end_ns) {
	int64_t start = end_ns - INTERVAL_NS;

	if (m->ranks[rank].any && m->ranks[rank].end_ns > start - INTERVAL_NS && m->ranks[rank].end_ns < end_ns) {
		start = m->ranks[rank].end_ns;
	}
	m->ranks[rank].any = true;
	m->ranks[rank].end_ns = end_ns;
	return start;
}

/* After "Avg thr (in/out): ". */
static enum parse_result parse_window(struct parser *p, struct text t, int64_t rank, int64_t end_ns,
                                      struct record *out) {
	struct lmdeploy *m = p->state;
	struct window *w = &out->window;
	struct text before;
	int64_t in, generated, waiting;

	if (!take_pair(&t, 1, &in, &generated) || !text_skip(&t, T(" tokens/s, ")) || in > 10 * COUNT_MAX ||
	    generated > 10 * COUNT_MAX) {
		return reject(p, "malformed statistics line");
	}
	if (rank < 0 || rank >= RANKS_MAX) {
		return reject(p, "engine number out of range");
	}
	record_begin(out, RECORD_WINDOW);
	if (!text_until(&t, T("Engine (running/waiting): "), &before) || !take_pair(&t, 0, &w->running, &waiting)) {
		w->running = UNKNOWN;
	}
	w->end_ns = end_ns;
	w->start_ns = window_start(m, rank, end_ns);
	if (!exact_mul_div(in, w->end_ns - w->start_ns, 10 * NS_PER_SECOND, &w->input_tokens) ||
	    !exact_mul_div(generated, w->end_ns - w->start_ns, 10 * NS_PER_SECOND, &w->output_tokens)) {
		return reject(p, "absurd count");
	}
	out->replica = engine_replica(p, rank, m->replica, sizeof m->replica);
	return record_finish(p, out);
}

/* "session=7, input_tokens=26, …": when it began. */
static void note_session(struct lmdeploy *m, struct text t, int64_t ns) {
	int64_t number;

	if (text_take_i64(&t, &number) && number >= 0) {
		m->sessions[number % SESSIONS_MAX] = (struct session){number, ns};
	}
}

/* After "session ": '7 finished, reason "stop", input_tokens 26, output_tokens 282'. */
static enum parse_result parse_session(struct parser *p, struct text t, int64_t ns, struct record *out) {
	struct lmdeploy *m = p->state;
	struct request *q = &out->request;
	struct text before, reason;
	int64_t number;

	if (!text_take_i64(&t, &number) || number < 0 || !text_skip(&t, T(" finished, reason \""))) {
		return PARSE_NONE;
	}
	record_begin(out, RECORD_REQUEST);
	q->cached_tokens = UNKNOWN;
	if (!text_until(&t, T("\""), &reason) || !text_until(&t, T("input_tokens "), &before) ||
	    !text_take_i64(&t, &q->prompt_tokens) || !text_skip(&t, T(", output_tokens ")) ||
	    !text_take_i64(&t, &q->completion_tokens) || q->prompt_tokens < 0 || q->completion_tokens < 0 ||
	    q->prompt_tokens > COUNT_MAX || q->completion_tokens > COUNT_MAX) {
		return reject(p, "malformed request line");
	}
	const struct session *s = &m->sessions[number % SESSIONS_MAX];
	snprintf(m->id, sizeof m->id, "%lld@%lld", (long long)number, (long long)ns);
	q->id = text_of(m->id);
	q->arrival_ns = s->number == number && s->begun_ns > 0 && s->begun_ns <= ns ? s->begun_ns : UNKNOWN;
	q->finish_ns = ns;
	q->ok = !text_eq(reason, T("error"));
	return record_finish(p, out);
}

/* "[2026-08-21 10:00:10 DP1] " or "2026-08-21 10:00:10,123 - lmdeploy - INFO - async_engine.py:512 - ". */
static bool take_prefix(struct parser *p, struct text *t, int64_t *ns, int64_t *rank) {
	struct text labels, before;

	*rank = 0;
	if (text_skip(t, T("["))) {
		if (!stamp_take_local(&p->stamps, t, ns) || !text_until(t, T("] "), &labels) || labels.len > 32) {
			return false;
		}
		if (text_until(&labels, T("DP"), &before)) {
			text_take_i64(&labels, rank);
		}
		return true;
	}
	if (t->len == 0 || t->at[0] != '2') { /* a year: other lines need not be parsed */
		return false;
	}
	return stamp_take_local(&p->stamps, t, ns) && text_skip(t, T(" - lmdeploy - ")) && text_until(t, T(" - "), &before) &&
	       text_until(t, T(" - "), &before) && before.len < 64;
}

static enum parse_result lmdeploy_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                        struct record *out) {
	int64_t own_ns, rank;
	struct text t;

	p->reason = NULL;
	if (!line) {
		return PARSE_NONE;
	}
	t = *line;
	if (!take_prefix(p, &t, &own_ns, &rank)) {
		return PARSE_NONE;
	}
	int64_t ns = stamp_ns != UNKNOWN ? stamp_ns : own_ns;
	if (text_skip(&t, T("Avg thr (in/out): "))) {
		return parse_window(p, t, rank, ns, out);
	}
	if (text_skip(&t, T("session="))) {
		note_session(p->state, t, ns);
		return PARSE_NONE;
	}
	return text_skip(&t, T("session ")) ? parse_session(p, t, ns, out) : PARSE_NONE;
}

static int lmdeploy_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid < 90; i++) {
		size_t at = text_find(lines[i], T("] Avg thr (in/out): "));
		if (at != SIZE_MAX && at < 48) {
			bid = 90;
		} else if (text_find(text_cut(lines[i], 0, 48), T(" - lmdeploy - ")) != SIZE_MAX) {
			bid = 85;
		}
	}
	return bid;
}

const struct format format_lmdeploy = {
	.bid = lmdeploy_bid,
	.parse = lmdeploy_parse,
	.state_size = sizeof(struct lmdeploy),
};
