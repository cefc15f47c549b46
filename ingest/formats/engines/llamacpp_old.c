/*
 * llamacpp_old.c: the log of llama.cpp's server until September 2024, as requests.
 *
 * 2023 to February 2024; neither time nor slot is logged:
 * print_timings: prompt eval time =      93.27 ms /    15 tokens (    6.22 ms per token,   160.82 tokens per second)
 * print_timings:        eval time =    2330.45 ms /   100 runs   (   23.30 ms per token,    42.91 tokens per second)
 * print_timings:       total time =    2423.72 ms
 *
 * From then on, as text or (--log-format json) as JSON with the same keys:
 * INFO [           print_timings] prompt eval time     =      15.61 ms /    12 tokens (    1.30 ms per token,   768.50 tokens per second) | tid="1" timestamp=1711111111 id_slot=0 id_task=2 t_prompt_processing=15.615 n_prompt_tokens_processed=12 t_token=1.3 n_tokens_second=768.5
 * INFO [           print_timings] generation eval time =    1200.50 ms /   100 runs   (   12.00 ms per token,    83.30 tokens per second) | tid="1" timestamp=1711111113 id_slot=0 id_task=2 t_token_generation=1200.5 n_decoded=100 …
 * INFO [           print_timings]           total time =    1216.11 ms | tid="1" timestamp=1711111113 id_slot=0 id_task=2 …
 *
 * Ollama's log of 2024 has such JSON between its own lines, with slot_id, task_id and at times
 * num_prompt_tokens_processed; "slot progression" states how much of the prompt was cached:
 * {"function":"update_slots","ga_i":0,"level":"INFO","line":1809,"msg":"slot progression","n_past":40,"n_past_se":0,"n_prompt_tokens_processed":18,"slot_id":0,"task_id":6,"tid":"1","timestamp":1714489663}
 *
 * Otherwise cached tokens are neither in the prompt's count nor elsewhere. The lines that begin with
 * "llama_print_timings" are totals of the process.
 */
#include <stdio.h>

#include "core/exact.h"
#include "ingest/formats/fields.h"

#define SLOTS_MAX 256

/* A request with incomplete timings. */
struct slot {
	bool prompt_given, eval_given;
	int64_t prompt_ns, prompt_tokens, eval_ns, eval_tokens;
	int64_t cached_tokens;
	bool cached_given;
	int64_t end_ns; /* of the previous one */
};

struct llamacpp_old {
	struct slot slots[SLOTS_MAX];
	int64_t now_ns; /* in a log without timestamps: total computing time so far */
	int64_t count;
	char id[48];
};

/* The content of a line, in any of its forms. */
enum part { PART_NONE, PART_PROGRESS, PART_PROMPT, PART_EVAL, PART_TOTAL };
struct line {
	enum part part;
	int64_t ns, tokens;
	int64_t slot, task, stamp_ns; /* UNKNOWN if not logged */
};

/* "=      93.27 ms /    15 tokens (" */
static bool take_timing(struct text t, struct line *l) {
	text_skip_blanks(&t);
	if (!text_skip(&t, T("="))) {
		return false;
	}
	text_skip_blanks(&t);
	if (!text_take_fixed(&t, 6, &l->ns) || !text_skip(&t, T(" ms"))) {
		return false;
	}
	if (l->part == PART_TOTAL) {
		return true;
	}
	if (!text_skip(&t, T(" /"))) {
		return false;
	}
	text_skip_blanks(&t);
	return text_take_i64(&t, &l->tokens) && (text_skip(&t, T(" tokens")) || text_skip(&t, T(" runs"))) &&
	       text_find(t, T("per second)")) != SIZE_MAX;
}

static enum part part_of(struct text *t) {
	text_skip_blanks(t);
	if (text_skip(t, T("prompt eval time"))) {
		return PART_PROMPT;
	}
	if (text_skip(t, T("generation eval time")) || text_skip(t, T("eval time"))) {
		return PART_EVAL;
	}
	return text_skip(t, T("total time")) ? PART_TOTAL : PART_NONE;
}

/* The number after "key=", or UNKNOWN. */
static int64_t number_of(struct text t, struct text key) {
	struct text before;
	int64_t n;

	return text_until(&t, key, &before) && text_take_i64(&t, &n) && n >= 0 && n <= INT64_C(100000000000) ? n : UNKNOWN;
}

/* Values that do not fit become the far future, and are refused. */
static int64_t from_seconds(int64_t s) {
	int64_t ns;

	return s == UNKNOWN ? UNKNOWN : __builtin_mul_overflow(s, NS_PER_SECOND, &ns) ? INT64_MAX : ns;
}

/* False: not a line of timings, or (with a part) a damaged one. */
static bool read_text(struct text t, struct line *l) {
	struct text before;
	bool with_keys = text_skip(&t, T("INFO ["));

	*l = (struct line){.slot = UNKNOWN, .task = UNKNOWN, .stamp_ns = UNKNOWN};
	if (with_keys) {
		text_skip_blanks(&t);
	}
	if (!text_skip(&t, T("print_timings")) || !text_skip(&t, with_keys ? T("] ") : T(": "))) {
		return false;
	}
	l->part = part_of(&t);
	if (l->part == PART_NONE || !take_timing(t, l)) {
		return false;
	}
	if (!with_keys) {
		return true;
	}
	l->slot = number_of(t, T(" id_slot="));
	l->task = number_of(t, T(" id_task="));
	l->stamp_ns = from_seconds(number_of(t, T(" timestamp=")));
	return text_until(&t, T(" | tid="), &before) && l->slot != UNKNOWN && l->task != UNKNOWN && l->stamp_ns != UNKNOWN;
}

/* A count under the first of two keys that is there. */
static int64_t count_under(struct parser *p, struct text key, struct text other) {
	int64_t n = field_count(p, 0, key);

	return n == UNKNOWN ? field_count(p, 0, other) : n;
}

static bool read_progress(struct parser *p, struct line *l) {
	if (!text_eq(field_text(p, 0, T("msg")), T("slot progression"))) {
		return false;
	}
	l->part = PART_PROGRESS;
	l->slot = count_under(p, T("id_slot"), T("slot_id"));
	l->tokens = field_count(p, 0, T("n_past"));
	return !p->reason && l->slot != UNKNOWN && l->tokens != UNKNOWN;
}

static bool read_object(struct parser *p, struct text line, struct line *l) {
	*l = (struct line){.part = PART_NONE};
	if (!field_parse_line(p, line) || json_type(p->json, 0) != JSON_OBJECT) {
		return false;
	}
	if (!text_eq(field_text(p, 0, T("function")), T("print_timings"))) {
		return read_progress(p, l);
	}
	struct text message = field_text(p, 0, T("msg"));
	l->part = part_of(&message);
	l->slot = count_under(p, T("id_slot"), T("slot_id"));
	l->task = count_under(p, T("id_task"), T("task_id"));
	l->stamp_ns = field_instant(p, 0, T("timestamp"), UNIT_S);
	if (l->part == PART_PROMPT || l->part == PART_EVAL) {
		bool prompt = l->part == PART_PROMPT;
		l->ns = field_duration(p, 0, prompt ? T("t_prompt_processing") : T("t_token_generation"), UNIT_MS);
		l->tokens = prompt ? count_under(p, T("n_prompt_tokens_processed"), T("num_prompt_tokens_processed"))
		                   : field_count(p, 0, T("n_decoded"));
	}
	return !p->reason && l->part != PART_NONE && l->ns != UNKNOWN && l->tokens != UNKNOWN && l->slot != UNKNOWN;
}

static enum parse_result finish(struct parser *p, struct slot *s, const struct line *l, int64_t stamp_ns,
                                struct record *out) {
	struct llamacpp_old *m = p->state;
	struct request *q = &out->request;
	int64_t at_ns = stamp_ns != UNKNOWN ? stamp_ns : l->stamp_ns, length = s->prompt_ns + s->eval_ns;

	if (!s->prompt_given || !s->eval_given) {
		return reject(p, "incomplete timings");
	}
	s->prompt_given = s->eval_given = false;
	const char *why = instant_absurd(p, at_ns);
	if (why || s->end_ns > INT64_MAX / 2 || m->now_ns > INT64_MAX / 2) {
		return reject(p, why ? why : INGEST_IN_FUTURE);
	}
	record_begin(out, RECORD_REQUEST);
	out->relative_clock = at_ns == UNKNOWN;
	int64_t begin = at_ns == UNKNOWN ? m->now_ns : at_ns - length;
	q->scheduled_ns = begin < s->end_ns ? s->end_ns : begin;
	q->first_token_ns = q->scheduled_ns + s->prompt_ns;
	q->finish_ns = q->scheduled_ns + length;
	s->end_ns = m->now_ns = q->finish_ns;
	q->prompt_tokens = s->prompt_tokens + s->cached_tokens;
	q->cached_tokens = s->cached_tokens;
	q->cached_unknown = !s->cached_given;
	s->cached_tokens = 0;
	s->cached_given = false;
	q->completion_tokens = s->eval_tokens;
	q->exclusive_times = true;
	snprintf(m->id, sizeof m->id, "%lld/%lld", (long long)(l->slot == UNKNOWN ? 0 : l->slot),
	         (long long)(l->task == UNKNOWN ? m->count : l->task));
	m->count++;
	q->id = text_of(m->id);
	if (!out->relative_clock) {
		return record_finish(p, out);
	}
	out->model = p->model; /* instants of a process's clock cannot be checked */
	return PARSE_RECORD;
}

static enum parse_result take(struct parser *p, const struct line *l, int64_t stamp_ns, struct record *out) {
	struct llamacpp_old *m = p->state;
	int64_t slot = l->slot == UNKNOWN ? 0 : l->slot;

	if (slot >= SLOTS_MAX) {
		return reject(p, "slot number out of range");
	}
	struct slot *s = &m->slots[slot];
	if (l->part == PART_TOTAL) {
		return finish(p, s, l, stamp_ns, out);
	}
	if (l->part == PART_PROGRESS) {
		s->cached_tokens = l->tokens;
		s->cached_given = true;
		return PARSE_NONE;
	}
	if (l->ns < 0 || l->ns > STEP_MAX_NS || l->tokens < 0 || l->tokens > COUNT_MAX) {
		return reject(p, "absurd timings");
	}
	if (l->part == PART_PROMPT) {
		s->prompt_given = true;
		s->prompt_ns = l->ns;
		s->prompt_tokens = l->tokens;
	} else {
		s->eval_given = true;
		s->eval_ns = l->ns;
		s->eval_tokens = l->tokens;
	}
	return PARSE_NONE;
}

static enum parse_result llamacpp_old_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                            struct record *out) {
	struct line l;

	p->reason = NULL;
	if (!line) {
		return PARSE_NONE;
	}
	bool whole = text_starts(*line, T("{")) ? read_object(p, *line, &l) : read_text(*line, &l);
	if (!whole) {
		return p->reason ? PARSE_REJECT : l.part != PART_NONE ? reject(p, "malformed timings") : PARSE_NONE;
	}
	return take(p, &l, stamp_ns, out);
}

static int llamacpp_old_bid(const struct text *lines, size_t count) {
	for (size_t i = 0; i < count; i++) {
		struct line l;
		struct text function = {0};
		bool json = text_starts(lines[i], T("{")) && field_at_top(lines[i], T("function"), &function);
		if (json ? text_eq(function, T("\"print_timings\"")) : read_text(lines[i], &l)) {
			return 92; /* this era's other lines look like those of the next one */
		}
	}
	return 0;
}

const struct format format_llamacpp_old = {
	.bid = llamacpp_old_bid,
	.most = 92,
	.parse = llamacpp_old_parse,
	.state_size = sizeof(struct llamacpp_old),
};
