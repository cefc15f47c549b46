/*
 * litellm.c: LiteLLM's spend logs (JSON lines, arrays) and logging payloads.
 *
 * {"request_id":"r","call_type":"acompletion","prompt_tokens":40,"completion_tokens":7,"startTime":"2026-08-10T23:59:25.138Z","endTime":"…","completionStartTime":"…","model":"m","team_id":"t","cache_hit":"False","custom_llm_provider":"azure","metadata":{"usage_object":{…}}}
 *
 * prompt_tokens includes what was read from a cache and written to it. metadata.usage_object has the vendor's own
 * counts, metadata.additional_usage_values parts of them; each, and metadata itself, may be JSON in a string.
 */
#include "ingest/formats/usage/usage.h"

bool usage_is_litellm(struct parser *p, json_at row) {
	const struct json *j = p->json;

	return json_get(j, row, T("startTime")) != JSON_ABSENT && json_get(j, row, T("endTime")) != JSON_ABSENT &&
	       json_get(j, row, T("prompt_tokens")) != JSON_ABSENT;
}

/* Was it answered from LiteLLM's own cache? Then no engine worked for it. */
static bool cache_hit(struct parser *p, json_at row) {
	json_at v = json_get(p->json, row, T("cache_hit"));
	bool hit = false;

	if (json_bool(p->json, v, &hit)) {
		return hit;
	}
	return text_eq_nocase(field_text(p, row, T("cache_hit")), T("true"));
}

/* Fills in what the counts lack: those of the row are LiteLLM's sums. */
static void read_counts(struct parser *p, json_at row, json_at usage, struct text model, struct request *q, struct billing *b) {
	int64_t prompt = field_count(p, row, T("prompt_tokens")), total = field_count(p, row, T("total_tokens"));
	int64_t completion = field_count_or_0(p, row, T("completion_tokens"));

	q->cached_unknown = true;
	if (usage != JSON_ABSENT) {
		usage_read_openai(p, usage, model, q, b);
	}
	if (usage == JSON_ABSENT || q->prompt_tokens == UNKNOWN || (prompt != UNKNOWN && prompt > q->prompt_tokens)) {
		q->prompt_tokens = prompt;
	}
	q->completion_tokens = completion > q->completion_tokens ? completion : q->completion_tokens;
	usage_settle(q, total, false);
}

/* The object that contains counts. */
static json_at counts_in(struct parser *p, json_at row) {
	json_at metadata = usage_object(p->json, row, T("metadata"));
	json_at usage = usage_object(p->json, metadata, T("usage_object"));
	json_at response = usage_object(p->json, row, T("response"));

	usage = usage == JSON_ABSENT ? usage_object(p->json, metadata, T("additional_usage_values")) : usage;
	return usage == JSON_ABSENT ? usage_object(p->json, response, T("usage")) : usage;
}

/* An answer's class of service is the one that was used; the requested class counts only if no answer has one. */
static enum service service_in(struct parser *p, json_at row, json_at usage) {
	const json_at objects[] = {usage, usage_object(p->json, row, T("response")), usage_object(p->json, row, T("model_parameters"))};
	struct text word = T("");

	if (usage != JSON_ABSENT && text_eq(field_text(p, usage, T("speed")), T("fast"))) {
		return SERVICE_OTHER;
	}
	for (size_t i = 0; i < sizeof objects / sizeof *objects && word.len == 0; i++) {
		word = objects[i] == JSON_ABSENT ? word : field_text(p, objects[i], T("service_tier"));
	}
	return service_of(word);
}

enum parse_result usage_litellm(struct parser *p, json_at row, struct record *out) {
	static const struct text start[] = {KEY("startTime")}, end[] = {KEY("endTime")}, first[] = {KEY("completionStartTime")};
	static const struct text ids[] = {KEY("request_id"), KEY("id")};
	static const struct text tenants[] = {KEY("team_alias"), KEY("team_id"), KEY("end_user"), KEY("user")};
	static const struct text team[] = {KEY("user_api_key_team_alias"), KEY("user_api_key_team_id"), KEY("user_api_key_alias")};
	struct request *q = &out->request;
	struct billing b = {.fast = false};
	json_at metadata = usage_object(p->json, row, T("metadata")), usage = counts_in(p, row);

	if (cache_hit(p, row)) {
		return PARSE_NONE;
	}
	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	out->model = field_text(p, row, T("model"));
	read_counts(p, row, usage, out->model, q, &b);
	if (q->prompt_tokens == UNKNOWN && !p->reason) {
		return PARSE_NONE;
	}
	q->id = FIRST_TEXT(p, row, ids);
	q->server_id = q->id.len > 0;
	q->tenant = FIRST_TEXT(p, metadata, team);
	q->tenant = q->tenant.len > 0 ? q->tenant : FIRST_TEXT(p, row, tenants);
	q->arrival_ns = FIRST_INSTANT(p, row, start);
	q->finish_ns = FIRST_INSTANT(p, row, end);
	q->first_token_ns = FIRST_INSTANT(p, row, first);
	q->ok = !text_eq(field_text(p, row, T("status")), T("failure"));
	q->service = service_in(p, row, usage);
	b.provider = field_text(p, row, T("custom_llm_provider"));
	usage_bill(p, &b, q);
	return record_finish(p, out);
}
