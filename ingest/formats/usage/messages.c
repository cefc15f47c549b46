/*
 * messages.c: Langfuse's observations, and messages of agents with their own names for token counts.
 *
 * {"id":"o1","type":"GENERATION","startTime":"…","endTime":"…","model":"m","usageDetails":{"input":600,"output":80,"total":1080,"input_cached_tokens":400}}   Langfuse
 * {"type":"gemini","timestamp":"…","model":"m","tokens":{"input":40,"output":7,"cached":12,"thoughts":2,"total":49}}   Gemini CLI
 * {"role":"assistant","modelID":"m","providerID":"p","tokens":{"input":28,"output":7,"reasoning":0,"cache":{"read":12,"write":0}},"time":{"created":1786406365000}}   OpenCode
 */
#include "ingest/formats/usage/usage.h"

/* ---- Langfuse: parts that add up to the total, under whatever key ---- */

static bool has_word(struct text key, struct text word) {
	return text_find(key, word) != SIZE_MAX;
}

static void add_detail(struct text key, int64_t n, struct request *q, struct billing *b) {
	if (has_word(key, T("cache")) && (has_word(key, T("creat")) || has_word(key, T("writ")))) {
		q->cache_write_tokens += n;
		q->prompt_tokens += n;
		b->part[BILLED_WRITE_1H] += has_word(key, T("1h")) ? n : 0;
	} else if (has_word(key, T("cache"))) {
		q->cached_tokens += n;
		q->prompt_tokens += n;
	} else if (has_word(key, T("output")) || has_word(key, T("completion")) || has_word(key, T("reasoning"))) {
		q->completion_tokens += n;
		q->reasoning_tokens += has_word(key, T("reasoning")) ? n : 0;
		b->part[BILLED_AUDIO_OUT] += has_word(key, T("audio")) ? n : 0;
		b->part[BILLED_IMAGE_OUT] += has_word(key, T("image")) ? n : 0;
	} else if (has_word(key, T("input")) || has_word(key, T("prompt"))) {
		q->prompt_tokens += n;
		b->part[BILLED_AUDIO_IN] += has_word(key, T("audio")) ? n : 0;
		b->part[BILLED_IMAGE_IN] += has_word(key, T("image")) ? n : 0;
	}
}

/* If the total is that of input and output alone, the other parts are within them. */
static void read_details(struct parser *p, json_at details, struct request *q, struct billing *b) {
	int64_t total = field_count(p, details, T("total")), input = field_count_or_0(p, details, T("input"));
	int64_t output = field_count_or_0(p, details, T("output"));

	q->prompt_tokens = 0;
	q->cached_unknown = true;
	for (json_at v = json_first(p->json, details); v != JSON_ABSENT; v = json_next(p->json, v)) {
		struct text key = json_key(p->json, v);
		if (json_type(p->json, v) == JSON_NUMBER && !text_eq(key, T("total")) && !has_word(key, T("Cost"))) {
			add_detail(key, field_count_or_0(p, details, key), q, b);
			q->cached_unknown &= !has_word(key, T("cache"));
		}
	}
	if (total != UNKNOWN && total == input + output && input > 0) {
		q->prompt_tokens = input;
		q->completion_tokens = output;
	}
}

json_at usage_old_details(const struct json *j, json_at row) {
	json_at usage = usage_object(j, row, T("usage"));
	bool old = json_get(j, usage, T("unit")) != JSON_ABSENT && json_get(j, usage, T("input")) != JSON_ABSENT;

	return old ? usage : JSON_ABSENT;
}

enum parse_result usage_observation(struct parser *p, json_at row, json_at details, int64_t stamp_ns, struct record *out) {
	static const struct text start[] = {KEY("startTime"), KEY("start_time")}, end[] = {KEY("endTime"), KEY("end_time")};
	static const struct text first[] = {KEY("completionStartTime"), KEY("completion_start_time")};
	static const struct text models[] = {KEY("model"), KEY("providedModelName"), KEY("provided_model_name"), KEY("internalModel")};
	static const struct text tenants[] = {KEY("tenant"), KEY("userId"), KEY("user_id"), KEY("projectId"), KEY("project_id")};
	struct request *q = &out->request;
	struct billing b = {.fast = false};

	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	read_details(p, details, q, &b);
	if (q->prompt_tokens + q->completion_tokens == 0 && !p->reason) {
		return PARSE_NONE;
	}
	q->id = field_text(p, row, T("id"));
	q->server_id = q->id.len > 0;
	q->tenant = FIRST_TEXT(p, row, tenants);
	q->arrival_ns = FIRST_INSTANT(p, row, start);
	q->finish_ns = FIRST_INSTANT(p, row, end);
	q->first_token_ns = FIRST_INSTANT(p, row, first);
	q->finish_ns = q->finish_ns != UNKNOWN ? q->finish_ns : q->arrival_ns != UNKNOWN ? q->arrival_ns : stamp_ns;
	out->model = FIRST_TEXT(p, row, models);
	usage_bill(p, &b, q);
	return record_finish(p, out);
}

/* ---- agents with their own names for token counts ---- */

/*
 * Sums of a day and model, as in Anthropic's report of Claude Code:
 * {"input":100,"output":35,"cache_read":10,"cache_creation":5}.
 */
static void read_sums(struct parser *p, json_at tokens, struct request *q, struct billing *b) {
	q->cached_tokens = field_count_or_0(p, tokens, T("cache_read"));
	q->cache_write_tokens = field_count_or_0(p, tokens, T("cache_creation"));
	q->prompt_tokens += q->prompt_tokens == UNKNOWN ? 0 : q->cached_tokens + q->cache_write_tokens;
	b->part[BILLED_REQUESTS] = 1;
}

static struct text tenant_of(struct parser *p, json_at message, json_at around) {
	static const struct text names[] = {KEY("email_address"), KEY("api_key_name")};
	json_at path = usage_object(p->json, message, T("path")), actor = usage_object(p->json, around, T("actor"));

	return actor != JSON_ABSENT ? FIRST_TEXT(p, actor, names) : usage_project(field_text(p, path, T("cwd")));
}

enum parse_result usage_message(struct parser *p, json_at message, json_at tokens, json_at around, int64_t stamp_ns, struct record *out) {
	static const struct text models[] = {KEY("model"), KEY("modelID")}, whens[] = {KEY("timestamp")}, days[] = {KEY("date")};
	static const struct text made[] = {KEY("completed"), KEY("created")};
	struct request *q = &out->request;
	struct billing b = {.provider = field_text(p, message, T("providerID"))};
	json_at cache = usage_object(p->json, tokens, T("cache"));
	int64_t input = field_count(p, tokens, T("input"));

	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	out->model = FIRST_TEXT(p, message, models);
	q->cached_tokens = cache != JSON_ABSENT ? field_count_or_0(p, cache, T("read")) : field_count_or_0(p, tokens, T("cached"));
	q->cache_write_tokens = field_count_or_0(p, cache, T("write"));
	q->reasoning_tokens = field_count_or_0(p, tokens, T("thoughts")) + field_count_or_0(p, tokens, T("reasoning"));
	q->completion_tokens = field_count_or_0(p, tokens, T("output")) + q->reasoning_tokens;
	q->prompt_tokens = input == UNKNOWN ? UNKNOWN : input + field_count_or_0(p, tokens, T("tool")) +
	                   (cache != JSON_ABSENT ? q->cached_tokens + q->cache_write_tokens : 0);
	if (json_get(p->json, tokens, T("cache_read")) != JSON_ABSENT) {
		read_sums(p, tokens, q, &b);
	}
	if ((q->prompt_tokens == UNKNOWN || out->model.len == 0 || q->prompt_tokens + q->completion_tokens == 0) && !p->reason) {
		return PARSE_NONE;
	}
	q->id = field_text(p, message, T("id"));
	q->server_id = q->id.len > 0;
	q->tenant = tenant_of(p, message, around);
	q->finish_ns = FIRST_INSTANT(p, message, whens);
	q->finish_ns = q->finish_ns == UNKNOWN ? FIRST_INSTANT(p, around, days) : q->finish_ns;
	q->finish_ns = q->finish_ns == UNKNOWN ? FIRST_INSTANT(p, usage_object(p->json, message, T("time")), made) : q->finish_ns;
	q->finish_ns = q->finish_ns == UNKNOWN ? stamp_ns : q->finish_ns;
	usage_bill(p, &b, q);
	return record_finish(p, out);
}
