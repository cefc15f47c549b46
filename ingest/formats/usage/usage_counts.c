/* usage_counts.c: the usage objects of vendors' answers. */
#include "ingest/formats/usage/usage.h"

json_at usage_object(const struct json *j, json_at object, struct text key) {
	json_at v = json_get(j, object, key);

	return json_type(j, v) != JSON_OBJECT ? JSON_ABSENT : v;
}

/* The unit of a number since 1970, by its digits. */
static enum unit unit_by_size(struct text raw) {
	size_t digits = 0;

	while (digits < raw.len && raw.at[digits] >= '0' && raw.at[digits] <= '9') {
		digits++;
	}
	return digits <= 11 ? UNIT_S : digits <= 14 ? UNIT_MS : digits <= 17 ? UNIT_US : UNIT_NS;
}

int64_t usage_first_instant(struct parser *p, json_at object, const struct text *keys, size_t count) {
	int64_t ns = UNKNOWN;

	for (size_t i = 0; i < count && ns == UNKNOWN && object != JSON_ABSENT; i++) {
		json_at v = json_get(p->json, object, keys[i]);
		enum json_type type = v == JSON_ABSENT ? JSON_NULL : json_type(p->json, v);
		if (type == JSON_NUMBER || type == JSON_STRING) {
			ns = field_instant(p, object, keys[i], unit_by_size(json_raw(p->json, v)));
		}
	}
	return ns;
}

struct text usage_first_text(struct parser *p, json_at object, const struct text *keys, size_t count) {
	struct text t = {"", 0};

	for (size_t i = 0; i < count && t.len == 0 && object != JSON_ABSENT; i++) {
		t = field_text(p, object, keys[i]);
	}
	return t;
}

int64_t usage_first_count(struct parser *p, json_at object, const struct text *keys, size_t count) {
	int64_t n = UNKNOWN;

	for (size_t i = 0; i < count && n == UNKNOWN && object != JSON_ABSENT; i++) {
		json_at v = json_get(p->json, object, keys[i]);
		enum json_type type = v == JSON_ABSENT ? JSON_NULL : json_type(p->json, v);
		n = type == JSON_OBJECT || type == JSON_ARRAY || type == JSON_BOOL ? UNKNOWN : field_count(p, object, keys[i]);
	}
	return n;
}

static int64_t or_0(int64_t n) {
	return n == UNKNOWN ? 0 : n;
}

void usage_bill(struct parser *p, const struct billing *b, struct request *q) {
	char text[BILLING_TEXT_MAX], *at = p->texts.at[p->texts.used % TEXTS_MAX];
	size_t len = billing_print(b, text);

	if (len == 0 || len > TEXT_MAX_BYTES) {
		return;
	}
	p->texts.used++;
	memcpy(at, text, len);
	q->billing = (struct text){at, len};
}

/* ---- separate counts ---- */

void usage_settle(struct request *q, int64_t total, bool thinks) {
	int64_t cached = q->cached_tokens + q->cache_write_tokens, beside;

	if (q->prompt_tokens == UNKNOWN) {
		return;
	}
	beside = total == UNKNOWN ? 0 : total - q->prompt_tokens - q->completion_tokens;
	if (beside > 0 && beside == q->reasoning_tokens) {
		q->completion_tokens += beside;
	} else if (beside > 0 && beside == cached) {
		q->prompt_tokens += beside;
	} else if (beside > 0 && beside == cached + q->reasoning_tokens) {
		q->prompt_tokens += cached;
		q->completion_tokens += q->reasoning_tokens;
	} else if (beside > 0 && q->reasoning_tokens == 0 && thinks) {
		q->completion_tokens += beside;
		q->reasoning_tokens = beside;
	} else if (q->reasoning_tokens > q->completion_tokens) {
		q->completion_tokens += q->reasoning_tokens;
	}
}

/* ---- OpenAI ---- */

static json_at first_object(const struct json *j, json_at object, const struct text *keys, size_t count) {
	json_at v = JSON_ABSENT;

	for (size_t i = 0; i < count && v == JSON_ABSENT; i++) {
		v = usage_object(j, object, keys[i]);
	}
	return v;
}
#define FIRST_OBJECT(j, object, keys) first_object(j, object, keys, sizeof keys / sizeof *keys)

static void read_cached(struct parser *p, json_at usage, json_at in, struct request *q, struct billing *b) {
	static const struct text within[] = {KEY("cached_tokens"), KEY("cached_content_tokens"), KEY("cache_read_tokens"), KEY("cache_read")};
	static const struct text beside[] = {KEY("prompt_cache_hit_tokens"), KEY("cached_tokens"), KEY("cache_read_input_tokens"),
	                                     KEY("cached_input_tokens"), KEY("input_cached_tokens")};
	static const struct text written[] = {KEY("cache_creation_tokens"), KEY("cache_write_tokens"), KEY("cache_creation_input_tokens"),
	                                      KEY("cache_creation")};
	static const struct text hour[] = {KEY("cache_creation_token_details"), KEY("cache_creation")};
	int64_t n = FIRST_COUNT(p, in, within);

	int64_t other = n == UNKNOWN || n == 0 ? FIRST_COUNT(p, usage, beside) : n;
	q->cached_tokens = or_0(other);
	q->cached_unknown = n == UNKNOWN && other == UNKNOWN;
	n = FIRST_COUNT(p, in, written);
	q->cache_write_tokens = or_0(n == UNKNOWN || n == 0 ? FIRST_COUNT(p, usage, written) : n);
	json_at lives = FIRST_OBJECT(p->json, in, hour);
	lives = lives == JSON_ABSENT ? FIRST_OBJECT(p->json, usage, hour) : lives;
	b->part[BILLED_WRITE_1H] = field_count_or_0(p, lives, T("ephemeral_1h_input_tokens"));
}

static void read_parts(struct parser *p, json_at in, json_at out, struct billing *b) {
	json_at cached = usage_object(p->json, in, T("cached_tokens_details"));

	b->part[BILLED_AUDIO_CACHED] = field_count_or_0(p, cached, T("audio_tokens"));
	b->part[BILLED_IMAGE_CACHED] = field_count_or_0(p, cached, T("image_tokens"));
	int64_t audio = field_count_or_0(p, in, T("audio_tokens")), image = field_count_or_0(p, in, T("image_tokens"));
	b->part[BILLED_AUDIO_IN] = audio > b->part[BILLED_AUDIO_CACHED] ? audio - b->part[BILLED_AUDIO_CACHED] : 0;
	b->part[BILLED_IMAGE_IN] = image > b->part[BILLED_IMAGE_CACHED] ? image - b->part[BILLED_IMAGE_CACHED] : 0;
	b->part[BILLED_VIDEO_IN] = field_count_or_0(p, in, T("video_tokens"));
	b->part[BILLED_AUDIO_OUT] = field_count_or_0(p, out, T("audio_tokens"));
	b->part[BILLED_IMAGE_OUT] = field_count_or_0(p, out, T("image_tokens"));
	b->part[BILLED_VIDEO_OUT] = field_count_or_0(p, out, T("video_tokens"));
}

/* Searches and citations, region and speed, in several vendors' words. */
static void read_fees(struct parser *p, json_at usage, json_at in, struct billing *b) {
	static const struct text searches[] = {KEY("web_search_requests"), KEY("num_search_queries"), KEY("num_sources_used")};
	json_at tools = usage_object(p->json, usage, T("server_tool_use"));
	int64_t n = FIRST_COUNT(p, tools, searches);

	n = n == UNKNOWN ? FIRST_COUNT(p, usage, searches) : n;
	b->part[BILLED_SEARCHES] = or_0(n == UNKNOWN ? FIRST_COUNT(p, in, searches) : n);
	b->part[BILLED_CITATIONS] = field_count_or_0(p, usage, T("citation_tokens"));
	b->geo = field_text(p, usage, T("inference_geo"));
	b->fast = text_eq(field_text(p, usage, T("speed")), T("fast"));
}

static bool contains_nocase(struct text t, struct text word) {
	for (size_t i = 0; i + word.len <= t.len; i++) {
		if (text_eq_nocase(text_cut(t, i, i + word.len), word)) {
			return true;
		}
	}
	return false;
}

void usage_read_openai(struct parser *p, json_at usage, struct text model, struct request *q, struct billing *b) {
	static const struct text ins[] = {KEY("prompt_tokens_details"), KEY("input_tokens_details"), KEY("input_token_details"), KEY("prompt_details")};
	static const struct text outs[] = {KEY("completion_tokens_details"), KEY("output_tokens_details"), KEY("output_token_details"),
	                                   KEY("completion_details")};
	static const struct text inputs[] = {KEY("prompt_tokens"), KEY("input_tokens")};
	static const struct text outputs[] = {KEY("completion_tokens"), KEY("output_tokens")};
	static const struct text reasoning[] = {KEY("reasoning_tokens"), KEY("reasoning")};
	json_at in = FIRST_OBJECT(p->json, usage, ins), out = FIRST_OBJECT(p->json, usage, outs);

	q->prompt_tokens = FIRST_COUNT(p, usage, inputs);
	q->completion_tokens = or_0(FIRST_COUNT(p, usage, outputs));
	read_cached(p, usage, in, q, b);
	int64_t thought = FIRST_COUNT(p, out, reasoning);
	q->reasoning_tokens = or_0(thought == UNKNOWN ? FIRST_COUNT(p, usage, reasoning) : thought);
	read_parts(p, in, out, b);
	read_fees(p, usage, in, b);
	usage_settle(q, field_count(p, usage, T("total_tokens")), contains_nocase(model, T("gemini")));
}

/* ---- Anthropic: input_tokens excludes tokens read from the cache and written to it ---- */

static void read_anthropic(struct parser *p, json_at usage, struct request *q, struct billing *b) {
	int64_t input = field_count(p, usage, T("input_tokens"));
	json_at written = usage_object(p->json, usage, T("cache_creation"));

	q->cached_tokens = field_count_or_0(p, usage, T("cache_read_input_tokens"));
	q->cache_write_tokens = field_count_or_0(p, usage, T("cache_creation_input_tokens"));
	b->part[BILLED_WRITE_1H] = field_count_or_0(p, written, T("ephemeral_1h_input_tokens"));
	int64_t all = b->part[BILLED_WRITE_1H] + field_count_or_0(p, written, T("ephemeral_5m_input_tokens"));
	q->cache_write_tokens = all > q->cache_write_tokens ? all : q->cache_write_tokens;
	q->prompt_tokens = input == UNKNOWN ? UNKNOWN : input + q->cached_tokens + q->cache_write_tokens;
	q->completion_tokens = field_count_or_0(p, usage, T("output_tokens"));
	read_fees(p, usage, JSON_ABSENT, b);
}

/* ---- Google ---- */

/* [{"modality":"AUDIO","tokenCount":12}] */
static int64_t modality(struct parser *p, json_at usage, const struct text *keys, struct text name) {
	int64_t sum = 0;

	for (size_t k = 0; k < 2; k++) {
		json_at list = json_get(p->json, usage, keys[k]);
		for (json_at v = json_first(p->json, list); v != JSON_ABSENT; v = json_next(p->json, v)) {
			static const struct text counts[] = {KEY("tokenCount"), KEY("token_count")};
			if (json_type(p->json, v) == JSON_OBJECT && text_eq_nocase(field_text(p, v, T("modality")), name)) {
				sum += or_0(FIRST_COUNT(p, v, counts));
			}
		}
	}
	return sum;
}

/* Google's words: usageMetadata, or usage_metadata. */
static void usage_read_gemini(struct parser *p, json_at usage, struct request *q, struct billing *b) {
	static const struct text prompts[] = {KEY("promptTokenCount"), KEY("prompt_token_count")};
	static const struct text candidates[] = {KEY("candidatesTokenCount"), KEY("candidates_token_count"), KEY("responseTokenCount"),
	                                         KEY("response_token_count")};
	static const struct text thoughts[] = {KEY("thoughtsTokenCount"), KEY("thoughts_token_count")};
	static const struct text cached[] = {KEY("cachedContentTokenCount"), KEY("cached_content_token_count")};
	static const struct text tools[] = {KEY("toolUsePromptTokenCount"), KEY("tool_use_prompt_token_count")};
	static const struct text in[] = {KEY("promptTokensDetails"), KEY("prompt_tokens_details")};
	static const struct text from_cache[] = {KEY("cacheTokensDetails"), KEY("cache_tokens_details")};
	static const struct text out[] = {KEY("candidatesTokensDetails"), KEY("candidates_tokens_details")};
	int64_t prompt = FIRST_COUNT(p, usage, prompts);

	q->prompt_tokens = prompt == UNKNOWN ? UNKNOWN : prompt + or_0(FIRST_COUNT(p, usage, tools));
	q->cached_tokens = or_0(FIRST_COUNT(p, usage, cached));
	q->reasoning_tokens = or_0(FIRST_COUNT(p, usage, thoughts));
	q->completion_tokens = or_0(FIRST_COUNT(p, usage, candidates)) + q->reasoning_tokens;
	b->part[BILLED_AUDIO_CACHED] = modality(p, usage, from_cache, T("AUDIO"));
	b->part[BILLED_IMAGE_CACHED] = modality(p, usage, from_cache, T("IMAGE"));
	int64_t audio = modality(p, usage, in, T("AUDIO")), image = modality(p, usage, in, T("IMAGE"));
	b->part[BILLED_AUDIO_IN] = audio > b->part[BILLED_AUDIO_CACHED] ? audio - b->part[BILLED_AUDIO_CACHED] : 0;
	b->part[BILLED_IMAGE_IN] = image > b->part[BILLED_IMAGE_CACHED] ? image - b->part[BILLED_IMAGE_CACHED] : 0;
	b->part[BILLED_VIDEO_IN] = modality(p, usage, in, T("VIDEO"));
	b->part[BILLED_AUDIO_OUT] = modality(p, usage, out, T("AUDIO"));
	b->part[BILLED_IMAGE_OUT] = modality(p, usage, out, T("IMAGE"));
	b->part[BILLED_VIDEO_OUT] = modality(p, usage, out, T("VIDEO"));
}

/* ---- Amazon's Converse: inputTokens excludes cached ones; and SDKs that use its names, with input that includes them ---- */

static void read_camel(struct parser *p, json_at usage, struct request *q, struct billing *b) {
	static const struct text inputs[] = {KEY("inputTokens"), KEY("promptTokens")}, outputs[] = {KEY("outputTokens"), KEY("completionTokens")};
	static const struct text read[] = {KEY("cacheReadInputTokens"), KEY("cacheReadInputTokenCount"), KEY("cachedInputTokens")};
	static const struct text written[] = {KEY("cacheWriteInputTokens"), KEY("cacheWriteInputTokenCount")};
	bool within = json_get(p->json, usage, T("cachedInputTokens")) != JSON_ABSENT;
	json_at details = json_get(p->json, usage, T("cacheDetails"));

	q->prompt_tokens = FIRST_COUNT(p, usage, inputs);
	q->completion_tokens = or_0(FIRST_COUNT(p, usage, outputs));
	q->cached_tokens = or_0(FIRST_COUNT(p, usage, read));
	q->cache_write_tokens = or_0(FIRST_COUNT(p, usage, written));
	q->reasoning_tokens = field_count_or_0(p, usage, T("reasoningTokens"));
	q->prompt_tokens += q->prompt_tokens == UNKNOWN || within ? 0 : q->cached_tokens + q->cache_write_tokens;
	for (json_at v = json_first(p->json, details); v != JSON_ABSENT; v = json_next(p->json, v)) {
		bool hour = json_type(p->json, v) == JSON_OBJECT && text_eq(field_text(p, v, T("ttl")), T("1h"));
		b->part[BILLED_WRITE_1H] += hour ? field_count_or_0(p, v, T("inputTokens")) : 0;
	}
	usage_settle(q, within ? field_count(p, usage, T("totalTokens")) : UNKNOWN, false);
}

static bool has_any(const struct json *j, json_at object, const struct text *keys, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (json_get(j, object, keys[i]) != JSON_ABSENT) {
			return true;
		}
	}
	return false;
}
#define HAS_ANY(j, object, keys) has_any(j, object, keys, sizeof keys / sizeof *keys)

void usage_read(struct parser *p, json_at usage, struct text model, struct request *q, struct billing *b) {
	static const struct text google[] = {KEY("promptTokenCount"), KEY("prompt_token_count"), KEY("totalTokenCount")};
	static const struct text camel[] = {KEY("inputTokens"), KEY("outputTokens"), KEY("promptTokens"), KEY("completionTokens")};
	static const struct text anthropic[] = {KEY("cache_read_input_tokens"), KEY("cache_creation_input_tokens"), KEY("cache_creation"),
	                                        KEY("inference_geo"), KEY("speed")};
	static const struct text openai[] = {KEY("prompt_tokens"), KEY("input_tokens_details"), KEY("total_tokens")};

	json_at billed = usage_object(p->json, usage, T("billed_units"));

	if (billed != JSON_ABSENT) { /* Cohere: billed tokens, without those that it adds to a prompt */
		usage_read_openai(p, billed, model, q, b);
	} else if (HAS_ANY(p->json, usage, google)) {
		usage_read_gemini(p, usage, q, b);
	} else if (HAS_ANY(p->json, usage, camel)) {
		read_camel(p, usage, q, b);
	} else if (!HAS_ANY(p->json, usage, openai) && (HAS_ANY(p->json, usage, anthropic) || contains_nocase(model, T("claude")))) {
		read_anthropic(p, usage, q, b);
	} else {
		usage_read_openai(p, usage, model, q, b);
	}
}
