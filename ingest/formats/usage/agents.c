/*
 * agents.c: sessions of coding agents.
 *
 * {"type":"assistant","message":{"id":"msg_1","type":"message","model":"claude-x","usage":{…}},"requestId":"req_1","cwd":"/src/app","sessionId":"s","timestamp":"…"}   Claude Code
 * {"timestamp":"…","type":"turn_context","payload":{"cwd":"/src/app","model":"gpt-x"}}   Codex
 * {"timestamp":"…","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{…},"last_token_usage":{"input_tokens":10,"cached_input_tokens":4,"output_tokens":3,"reasoning_output_tokens":1,"total_tokens":13}}}}
 *
 * Claude Code writes a line for each block of a message, with its usage so far, and resumed sessions repeat the lines
 * of the previous one: the message's id is the server's. Codex repeats its last count if nothing was added to the
 * total. A session's project, the last part of its folder, is the tenant.
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

enum parse_result usage_claude_code(struct parser *p, json_at line, int64_t stamp_ns, struct record *out) {
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
		return PARSE_NONE; /* written by the agent itself on an error */
	}
	usage_read(p, usage, out->model, q, &b);
	if (q->prompt_tokens == UNKNOWN && !p->reason) {
		return PARSE_NONE;
	}
	q->id = field_text(p, message, T("id"));
	q->server_id = q->id.len > 0;
	q->tenant = usage_project(field_text(p, line, T("cwd")));
	q->finish_ns = FIRST_INSTANT(p, line, when);
	q->finish_ns = q->finish_ns == UNKNOWN ? stamp_ns : q->finish_ns;
	q->service = b.fast ? SERVICE_OTHER : service_of(field_text(p, usage, T("service_tier")));
	usage_bill(p, &b, q);
	return record_finish(p, out);
}

bool usage_is_result(struct parser *p, json_at object) {
	return text_eq(field_text(p, object, T("type")), T("result")) && json_get(p->json, object, T("session_id")) != JSON_ABSENT;
}

bool usage_is_share(const struct json *j, json_at object, json_at around) {
	return around != JSON_ABSENT && around != object && usage_object(j, around, T("modelUsage")) != JSON_ABSENT &&
	       json_get(j, object, T("outputTokens")) != JSON_ABSENT;
}

enum parse_result usage_share(struct parser *p, json_at object, json_at around, int64_t stamp_ns, struct record *out) {
	static const struct text when[] = {KEY("timestamp")};
	struct request *q = &out->request;
	struct billing b = {.fast = false};

	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	q->cached_tokens = field_count_or_0(p, object, T("cacheReadInputTokens"));
	q->cache_write_tokens = field_count_or_0(p, object, T("cacheCreationInputTokens"));
	q->prompt_tokens = field_count_or_0(p, object, T("inputTokens")) + q->cached_tokens + q->cache_write_tokens;
	q->completion_tokens = field_count_or_0(p, object, T("outputTokens"));
	b.part[BILLED_SEARCHES] = field_count_or_0(p, object, T("webSearchRequests"));
	b.part[BILLED_REQUESTS] = 1;
	out->model = json_key(p->json, object);
	q->tenant = usage_project(field_text(p, around, T("cwd")));
	q->finish_ns = FIRST_INSTANT(p, around, when);
	q->finish_ns = q->finish_ns == UNKNOWN ? stamp_ns : q->finish_ns;
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

/* The increase since the previous event, if it has only sums of the session; they are sometimes reset. */
static int64_t since(int64_t total, int64_t *before) {
	int64_t added = total >= *before ? total - *before : total;

	*before = total;
	return added;
}

static enum parse_result count(struct parser *p, struct agent *a, json_at line, json_at last, json_at total, struct record *out) {
	static const struct text when[] = {KEY("timestamp")};
	struct request *q = &out->request;
	json_at usage = last == JSON_ABSENT ? total : last;

	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	q->prompt_tokens = field_count(p, usage, T("input_tokens"));
	q->cached_tokens = field_count_or_0(p, usage, T("cached_input_tokens"));
	q->completion_tokens = field_count_or_0(p, usage, T("output_tokens"));
	q->reasoning_tokens = field_count_or_0(p, usage, T("reasoning_output_tokens"));
	int64_t all = field_count(p, usage, T("total_tokens"));
	if (q->prompt_tokens == UNKNOWN && !p->reason) {
		return PARSE_NONE;
	}
	if (last == JSON_ABSENT && !p->reason) {
		q->prompt_tokens = since(q->prompt_tokens, &a->total_input);
		q->cached_tokens = since(q->cached_tokens, &a->total_cached);
		q->completion_tokens = since(q->completion_tokens, &a->total_output);
		q->reasoning_tokens = since(q->reasoning_tokens, &a->total_reasoning);
		all = UNKNOWN;
	}
	usage_settle(q, all, false);
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
	if (!text_eq(field_text(p, payload, T("type")), T("token_count")) || (last == JSON_ABSENT && total == JSON_ABSENT)) {
		return PARSE_NONE;
	}
	int64_t input = field_count_or_0(p, total, T("input_tokens")), output = field_count_or_0(p, total, T("output_tokens"));
	if (total != JSON_ABSENT && input == a->total_input && output == a->total_output) {
		return PARSE_NONE; /* repeated */
	}
	enum parse_result result = count(p, a, line, last, total, out);
	a->total_input = input;
	a->total_output = output;
	a->total_cached = field_count_or_0(p, total, T("cached_input_tokens"));
	a->total_reasoning = field_count_or_0(p, total, T("reasoning_output_tokens"));
	return result;
}
