/*
 * ollama.c: the last object of Ollama's /api/chat and /api/generate, JSON lines, as requests.
 *
 * {"model":"m:latest","created_at":"2026-08-21T10:00:04.51001Z","message":{…},"done_reason":"stop","done":true,"total_duration":4883583458,"load_duration":1334875,"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000}
 *
 * Durations are ns of one slot; zero values are left out. prompt_eval_count is the whole prompt since June 2026 and
 * the computed part before; prompt_eval_cached_count, where given, is within it.
 */
#include "ingest/formats/fields.h"

struct ollama {
	json_at next;
};

static enum parse_result parse_object(struct parser *p, json_at object, int64_t stamp_ns, struct record *out) {
	struct request *q = &out->request;
	bool done = false;

	json_at flag = json_get(p->json, object, T("done"));
	if (!json_bool(p->json, flag, &done) || !done) {
		return PARSE_NONE; /* a piece of a stream */
	}
	int64_t total = field_duration(p, object, T("total_duration"), UNIT_NS);
	int64_t prompt = field_duration(p, object, T("prompt_eval_duration"), UNIT_NS);
	int64_t eval = field_duration(p, object, T("eval_duration"), UNIT_NS);
	record_begin(out, RECORD_REQUEST);
	q->prompt_tokens = field_count_or_0(p, object, T("prompt_eval_count"));
	q->cached_tokens = field_count_or_0(p, object, T("prompt_eval_cached_count"));
	q->completion_tokens = field_count_or_0(p, object, T("eval_count"));
	q->finish_ns = field_instant(p, object, T("created_at"), UNIT_S);
	q->finish_ns = q->finish_ns == UNKNOWN ? stamp_ns : q->finish_ns;
	q->first_token_ns = instant_minus(q->finish_ns, eval);
	q->scheduled_ns = instant_minus(q->first_token_ns, prompt == UNKNOWN ? 0 : prompt);
	q->arrival_ns = instant_minus(q->finish_ns, total);
	if (q->scheduled_ns != UNKNOWN && q->arrival_ns > q->scheduled_ns) {
		q->arrival_ns = q->scheduled_ns;
	}
	q->exclusive_times = true;
	out->model = field_text(p, object, T("model"));
	return record_finish(p, out);
}

static enum parse_result ollama_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                      struct record *out) {
	struct ollama *s = p->state;

	/* The server's own log may be in the same stream; it contains no counts. */
	if (line && !s->next && !text_starts(*line, T("{")) && !text_starts(*line, T("["))) {
		return PARSE_NONE;
	}
	return line && text_starts(*line, T("[GIN]")) ? PARSE_NONE : field_each(p, &s->next, line, stamp_ns, parse_object, out);
}

static int ollama_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid < 90; i++) {
		bool json = text_starts(lines[i], T("{")) || text_starts(lines[i], T("[{"));
		if (json && field_is_at_top(lines[i], T("eval_duration"))) {
			bid = 90;
		} else if (json && text_find(lines[i], T("\"done\":false")) != SIZE_MAX && field_is_at_top(lines[i], T("created_at"))) {
			bid = 60;
		}
	}
	return bid;
}

const struct format format_ollama = {
	.bid = ollama_bid,
	.parse = ollama_parse,
	.state_size = sizeof(struct ollama),
};
