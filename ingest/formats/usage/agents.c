/*
 * agents.c: sessions of coding agents.
 *
 * {"type":"assistant","message":{"id":"msg_1","type":"message","model":"claude-x","usage":{…}},"requestId":"req_1","cwd":"/src/app","sessionId":"s","timestamp":"…"}   Claude Code
 * {"timestamp":"…","type":"turn_context","payload":{"cwd":"/src/app","model":"gpt-x"}}   Codex
 * {"timestamp":"…","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{…},"last_token_usage":{"input_tokens":10,"cached_input_tokens":4,"output_tokens":3,"reasoning_output_tokens":1,"total_tokens":13}}}}
 *
 * Claude Code writes a line for each block of a message, with its usage so far, and resumed sessions repeat those of
 * the former one: the message's id is the server's. Codex repeats its last count where nothing was added to the total.
 * A session's project, the last part of its folder, is the tenant.
 */
#include <stdio.h>

#include "ingest/formats/usage/usage.h"

struct text usage_project(struct text path) {
	size_t from = 0;

	while (path.len > 1 && (path.at[path.len - 1] == '/' || path.at[path.len - 1] == '\\')) {
		path.len--;
	}
	for (size_t i = 0; i < path.len; i++) {
		from = path.at[i] == '/' || path.at[i] == '\\' ? i + 1 : from;
	}
	return text_cut(path, from, path.len);
}

enum parse_result usage_claude_code(struct parser *p, json_at line, struct record *out) {
	static const struct text when[] = {KEY("timestamp")};
	struct request *q = &out->request;
	struct billing b = {.fast = false};
	json_at message = usage_object(p->json, line, T("message")), usage = usage_object(p->json, message, T("usage"));

	if (usage == JSON_ABSENT) {
		return PARSE_NONE;
	}
	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	out->model = field_text(p, message, T("model"));
	if (text_eq(out->model, T("<synthetic>"))) {
		return PARSE_NONE; /* the agent's own words on an error */
	}
	usage_read(p, usage, out->model, q, &b);
	if (q->prompt_tokens == UNKNOWN && !p->reason) {
		return PARSE_NONE;
	}
	q->id = field_text(p, message, T("id"));
	q->server_id = q->id.len > 0;
	q->tenant = usage_project(field_text(p, line, T("cwd")));
	q->finish_ns = FIRST_INSTANT(p, line, when);
	q->service = b.fast ? SERVICE_OTHER : service_of(field_text(p, usage, T("service_tier")));
	usage_bill(p, &b, q);
	return record_finish(p, out);
}

/* ---- Codex ---- */

bool usage_is_codex(struct parser *p, json_at line) {
	json_at payload = usage_object(p->json, line, T("payload"));

	return payload != JSON_ABSENT && json_get(p->json, line, T("type")) != JSON_ABSENT;
}

static void keep(char *at, size_t size, struct text t) {
	if (t.len > 0) {
		snprintf(at, size, "%.*s", (int)(t.len < size ? t.len : size - 1), t.at);
	}
}

static enum parse_result count(struct parser *p, struct agent *a, json_at line, json_at usage, struct record *out) {
	static const struct text when[] = {KEY("timestamp")};
	struct request *q = &out->request;

	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	q->prompt_tokens = field_count(p, usage, T("input_tokens"));
	q->cached_tokens = field_count_or_0(p, usage, T("cached_input_tokens"));
	q->completion_tokens = field_count_or_0(p, usage, T("output_tokens"));
	q->reasoning_tokens = field_count_or_0(p, usage, T("reasoning_output_tokens"));
	usage_settle(q, field_count(p, usage, T("total_tokens")), false);
	if (q->prompt_tokens == UNKNOWN && !p->reason) {
		return PARSE_NONE;
	}
	q->tenant = text_of(a->project);
	q->finish_ns = FIRST_INSTANT(p, line, when);
	out->model = text_of(a->model);
	return record_finish(p, out);
}

enum parse_result usage_codex(struct parser *p, struct agent *a, json_at line, struct record *out) {
	json_at payload = usage_object(p->json, line, T("payload")), info = usage_object(p->json, payload, T("info"));
	json_at total = usage_object(p->json, info, T("total_token_usage")), last = usage_object(p->json, info, T("last_token_usage"));

	keep(a->model, sizeof a->model, field_text(p, payload, T("model")));
	keep(a->project, sizeof a->project, usage_project(field_text(p, payload, T("cwd"))));
	if (!text_eq(field_text(p, payload, T("type")), T("token_count")) || last == JSON_ABSENT) {
		return PARSE_NONE;
	}
	int64_t input = field_count_or_0(p, total, T("input_tokens")), output = field_count_or_0(p, total, T("output_tokens"));
	bool repeated = total != JSON_ABSENT && input == a->total_input && output == a->total_output;
	a->total_input = input;
	a->total_output = output;
	return repeated ? PARSE_NONE : count(p, a, line, last, out);
}
