/*
 * rows.c: rows of vendors' reports and of gateways' exports, as JSON or CSV.
 *
 * {"input_tokens":1000,"output_tokens":300,"input_cached_tokens":400,"num_model_requests":3,"project_id":"p","model":"m"}   OpenAI
 * {"uncached_input_tokens":1500,"cache_creation":{"ephemeral_1h_input_tokens":1000},"cache_read_input_tokens":200,"output_tokens":500,"model":"m"}   Anthropic
 * {"schemaType":"ModelInvocationLog","timestamp":"…","requestId":"r","modelId":"m","input":{"inputTokenCount":40,"cacheReadInputTokenCount":1500},"output":{"outputTokenCount":77}}   Bedrock
 * generation_id,created_at,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name   OpenRouter
 * Date,User,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Total Tokens,Cost   Cursor
 *
 * Words are compared by their letters and digits alone: "tokensPrompt" is "tokens_prompt".
 */
#include "core/instant.h"
#include "ingest/formats/usage/rows.h"

#define WORD_BYTES 48
/* Cursor's "Input (w/ Cache Write)" */
#define WITH_WRITES "inputwcachewrite"
/* More than a day of a large organisation: not a count. */
#define ROW_COUNT_MAX INT64_C(4000000000)

/* The better word of two comes first. */
static const struct {
	enum meaning meaning;
	struct text word;
} words[] = {
	{ROW_ID, KEY("generationid")}, {ROW_ID, KEY("requestid")}, {ROW_ID, KEY("responseid")}, {ROW_ID, KEY("id")}, {ROW_ID, KEY("correlationid")},
	{ROW_ID, KEY("traceid")},
	{ROW_MODEL, KEY("responsemodel")}, {ROW_MODEL, KEY("model")}, {ROW_MODEL, KEY("modelpermaslug")}, {ROW_MODEL, KEY("modelversion")},
	{ROW_MODEL, KEY("aimodel")}, {ROW_MODEL, KEY("modelname")}, {ROW_MODEL, KEY("modelid")}, {ROW_MODEL, KEY("requestmodel")},
	{ROW_MODEL, KEY("snapshotid")}, {ROW_MODEL, KEY("providedmodelname")}, {ROW_MODEL, KEY("deploymentname")},
	{ROW_PROVIDER, KEY("customllmprovider")}, {ROW_PROVIDER, KEY("provider")}, {ROW_PROVIDER, KEY("providername")},
	{ROW_PROVIDER, KEY("providerid")}, {ROW_PROVIDER, KEY("aiprovider")}, {ROW_PROVIDER, KEY("aiorg")},
	{ROW_TENANT, KEY("tenant")}, {ROW_TENANT, KEY("userapikeyteamalias")}, {ROW_TENANT, KEY("teamalias")}, {ROW_TENANT, KEY("teamid")},
	{ROW_TENANT, KEY("team")}, {ROW_TENANT, KEY("apikeyname")}, {ROW_TENANT, KEY("workspace")}, {ROW_TENANT, KEY("workspaceid")},
	{ROW_TENANT, KEY("projectname")}, {ROW_TENANT, KEY("projectid")}, {ROW_TENANT, KEY("enduser")}, {ROW_TENANT, KEY("userid")},
	{ROW_TENANT, KEY("user")}, {ROW_TENANT, KEY("username")}, {ROW_TENANT, KEY("apikey")}, {ROW_TENANT, KEY("apikeyid")}, {ROW_TENANT, KEY("appname")},
	{ROW_START, KEY("createdat")}, {ROW_START, KEY("starttime")}, {ROW_START, KEY("startingat")}, {ROW_START, KEY("requestcreatedat")},
	{ROW_START, KEY("starttimeiso")}, {ROW_START, KEY("startedat")}, {ROW_START, KEY("timestamp")}, {ROW_START, KEY("timegenerated")},
	{ROW_START, KEY("usagedateutc")}, {ROW_START, KEY("time")}, {ROW_START, KEY("date")}, {ROW_START, KEY("created")},
	{ROW_END, KEY("endtime")}, {ROW_END, KEY("responsecreatedat")}, {ROW_END, KEY("completedat")},
	{ROW_FIRST, KEY("completionstarttime")},
	{ROW_DURATION_MS, KEY("generationtimems")}, {ROW_DURATION_MS, KEY("durationms")}, {ROW_DURATION_MS, KEY("latencyms")},
	{ROW_DURATION_MS, KEY("delayms")}, {ROW_DURATION_MS, KEY("llmlatency")},
	{ROW_TTFT_MS, KEY("timetofirsttokenms")},
	{ROW_REQUESTS, KEY("nummodelrequests")}, {ROW_REQUESTS, KEY("numrequests")}, {ROW_REQUESTS, KEY("requestcount")},
	{ROW_REQUESTS, KEY("nrequests")}, {ROW_REQUESTS, KEY("requests")}, {ROW_REQUESTS, KEY("apirequests")},
	{ROW_SERVICE, KEY("servicetier")}, {ROW_BATCH, KEY("batch")}, {ROW_CONTEXT, KEY("contextwindow")}, {ROW_GEO, KEY("inferencegeo")},
	{ROW_SPEED, KEY("speed")}, {ROW_STATUS, KEY("status")}, {ROW_CACHE_HIT, KEY("cachehit")}, {ROW_CACHE_HIT, KEY("cached")},
	{ROW_METADATA, KEY("metadata")}, {ROW_METADATA, KEY("usagedetails")},
	{ROW_PROMPT, KEY("nativetokensprompt")}, {ROW_PROMPT, KEY("inputtokens")}, {ROW_PROMPT, KEY("prompttokens")},
	{ROW_PROMPT, KEY("tokensprompt")}, {ROW_PROMPT, KEY("tokensin")}, {ROW_PROMPT, KEY("inputtokencount")},
	{ROW_PROMPT, KEY("prompttokencount")}, {ROW_PROMPT, KEY("usageinputtokens")}, {ROW_PROMPT, KEY("ncontexttokenstotal")},
	{ROW_PROMPT, KEY("inputusage")}, {ROW_PROMPT, KEY("requnits")},
	{ROW_UNCACHED, KEY("uncachedinputtokens")}, {ROW_UNCACHED, KEY("usageinputtokensnocache")},
	{ROW_UNCACHED, KEY("inputwocachewrite")},
	{ROW_CACHED, KEY("nativetokenscached")}, {ROW_CACHED, KEY("inputcachedtokens")}, {ROW_CACHED, KEY("cachedtokens")},
	{ROW_CACHED, KEY("tokenscached")}, {ROW_CACHED, KEY("promptcachereadtokens")}, {ROW_CACHED, KEY("cachereadtokens")},
	{ROW_CACHED, KEY("cachedinputtokens")}, {ROW_CACHED, KEY("cachedcontenttokencount")}, {ROW_CACHED, KEY("prompttokenscached")},
	{ROW_CACHED, KEY("cachereadinputtokens")}, {ROW_CACHED, KEY("cachereadinputtokencount")}, {ROW_CACHED, KEY("usageinputtokenscacheread")},
	{ROW_CACHED, KEY("cacheread")},
	{ROW_WRITE, KEY("cachecreationinputtokens")}, {ROW_WRITE, KEY("cachewriteinputtokencount")}, {ROW_WRITE, KEY("cachewriteinputtokens")},
	{ROW_WRITE, KEY("cachewritetokens")}, {ROW_WRITE, KEY("promptcachewritetokens")}, {ROW_WRITE, KEY("cachecreationtokens")},
	{ROW_WRITE, KEY(WITH_WRITES)},
	{ROW_WRITE_5M, KEY("ephemeral5minputtokens")}, {ROW_WRITE_5M, KEY("usageinputtokenscachewrite5m")},
	{ROW_WRITE_1H, KEY("ephemeral1hinputtokens")}, {ROW_WRITE_1H, KEY("usageinputtokenscachewrite1h")},
	{ROW_OUTPUT, KEY("nativetokenscompletion")}, {ROW_OUTPUT, KEY("outputtokens")}, {ROW_OUTPUT, KEY("completiontokens")},
	{ROW_OUTPUT, KEY("tokenscompletion")}, {ROW_OUTPUT, KEY("tokensout")}, {ROW_OUTPUT, KEY("outputtokencount")},
	{ROW_OUTPUT, KEY("candidatestokencount")}, {ROW_OUTPUT, KEY("usageoutputtokens")}, {ROW_OUTPUT, KEY("ngeneratedtokenstotal")},
	{ROW_OUTPUT, KEY("outputusage")}, {ROW_OUTPUT, KEY("resunits")},
	{ROW_REASONING, KEY("nativetokensreasoning")}, {ROW_REASONING, KEY("reasoningtokens")}, {ROW_REASONING, KEY("tokensreasoning")},
	{ROW_REASONING, KEY("outputreasoningtokens")},
	{ROW_TOTAL, KEY("totaltokens")}, {ROW_TOTAL, KEY("tokenstotal")}, {ROW_TOTAL, KEY("totaltokencount")}, {ROW_TOTAL, KEY("totalusage")},
	{ROW_TOTAL, KEY("totalunits")},
	{ROW_AUDIO_IN, KEY("inputaudiotokens")}, {ROW_AUDIO_CACHED, KEY("inputcachedaudiotokens")}, {ROW_AUDIO_OUT, KEY("outputaudiotokens")},
	{ROW_IMAGE_IN, KEY("inputimagetokens")}, {ROW_IMAGE_OUT, KEY("outputimagetokens")},
	{ROW_SEARCHES, KEY("websearchrequests")}, {ROW_SEARCHES, KEY("websearchcount")},
};
#define WORDS (sizeof words / sizeof *words)

/* Letters and digits, in lower case. */
static struct text squeeze(struct text name, char out[WORD_BYTES]) {
	size_t len = 0;

	for (size_t i = 0; i < name.len && len < WORD_BYTES; i++) {
		char c = name.at[i];
		c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
			out[len++] = c;
		}
	}
	return (struct text){out, len};
}

enum meaning row_meaning(struct text name, unsigned char *word) {
	char plain[WORD_BYTES];
	struct text t = squeeze(name, plain);

	for (size_t i = 0; i < WORDS; i++) {
		if (text_eq(t, words[i].word)) {
			*word = (unsigned char)(i + 1);
			return words[i].meaning;
		}
	}
	return ROW_MEANINGS;
}

void row_put(struct row_cells *c, enum meaning m, unsigned char word, struct text value) {
	_Static_assert(WORDS < 255, "a place in the list is a byte");
	if (value.len > 0 && !text_eq(value, T("null")) && (c->word[m] == 0 || word < c->word[m])) {
		c->word[m] = word;
		c->at[m] = value;
	}
}

static void collect(struct parser *p, json_at object, struct row_cells *c, int depth) {
	const struct json *j = p->json;

	for (json_at v = json_first(j, object); v != JSON_ABSENT; v = json_next(j, v)) {
		enum json_type type = json_type(j, v);
		unsigned char word = 0;
		if (type == JSON_OBJECT && (depth > 0 || text_ends(json_key(j, v), T("details")))) {
			collect(p, v, c, (depth > 0 ? depth - 1 : 0) + (text_starts(json_key(j, v), T("ai")) && depth < 3));
			continue;
		}
		enum meaning m = type == JSON_ARRAY || type == JSON_NULL ? ROW_MEANINGS : row_meaning(json_key(j, v), &word);
		if (m != ROW_MEANINGS) {
			row_put(c, m, word, json_raw(j, v));
		}
	}
}

void row_collect(struct parser *p, json_at object, struct row_cells *c) {
	collect(p, object, c, 2);
}

/* ---- values ---- */

static int64_t count_at(struct parser *p, const struct row_cells *c, enum meaning m) {
	struct text t = c->at[m];
	int64_t n;

	if (c->word[m] == 0 || t.len == 0) {
		return UNKNOWN;
	}
	if (!text_to_i64(t, &n) && !number_whole(t, &n)) {
		p->reason = p->reason ? p->reason : "wrong type of value";
		return UNKNOWN;
	}
	if (n < 0 || n > ROW_COUNT_MAX) {
		p->reason = p->reason ? p->reason : n < 0 ? "negative count" : "absurd count";
		return UNKNOWN;
	}
	return n;
}

static int64_t count_or_0(struct parser *p, const struct row_cells *c, enum meaning m) {
	int64_t n = count_at(p, c, m);

	return n == UNKNOWN ? 0 : n;
}

static int64_t instant_at(struct parser *p, const struct row_cells *c, enum meaning m) {
	struct text t = c->at[m];
	size_t digits = t.len > 0 ? strspn(t.at, "0123456789") : 0;
	int64_t ns = UNKNOWN;

	if (t.len == 0) {
		return UNKNOWN;
	}
	digits = digits > t.len ? t.len : digits;
	if (t.len == sizeof "2026-10-05" - 1 && instant_parse(t, &ns)) {
		return ns;
	}
	bool number = digits >= 9 && (digits == t.len || t.at[digits] == '.');
	int places = digits <= 11 ? 9 : digits <= 14 ? 6 : digits <= 17 ? 3 : 0;
	if (number ? !number_scaled(t, places, &ns) : !stamp_take_local(&p->stamps, &t, &ns) || !(t.len == 0 || text_eq(t, T(" UTC")))) {
		p->reason = p->reason ? p->reason : "invalid time stamp";
		return UNKNOWN;
	}
	return ns;
}

static bool is_true(struct text t) {
	return text_eq_nocase(t, T("true")) || text_eq(t, T("1")) || text_eq_nocase(t, T("hit"));
}

/* ---- a row ---- */

/*
 * Cached tokens are not included in the input if it is called uncached, or by words of vendors that exclude them.
 */
static bool is_beside(const struct row_cells *c) {
	static const struct text names[] = {KEY("cachereadinputtokens"), KEY("cachereadinputtokencount")};

	for (size_t i = 0; i < sizeof names / sizeof *names && c->word[ROW_TOTAL] == 0; i++) {
		if (c->word[ROW_CACHED] > 0 && text_eq(words[c->word[ROW_CACHED] - 1].word, names[i])) {
			return true;
		}
	}
	return c->word[ROW_CACHED] == 0 && c->word[ROW_WRITE] > 0 && c->word[ROW_TOTAL] == 0 &&
	       text_starts(words[c->word[ROW_WRITE] - 1].word, T("cachewriteinputtoken"));
}

/* Cloudflare's and Portkey's rows never have cached tokens; others leave them out where there are none. */
static bool has_no_cached(const struct row_cells *c) {
	struct text word = c->word[ROW_PROMPT] > 0 ? words[c->word[ROW_PROMPT] - 1].word : T("");

	return text_eq(word, T("tokensin")) || text_eq(word, T("requnits"));
}

/*
 * Cursor's rows: input with writes to the cache may contain the input without them, which their total shows. False if
 * it shows neither.
 */
static bool settle_writes(const struct row_cells *c, int64_t uncached, int64_t total, const struct request *q, int64_t *written) {
	if (c->word[ROW_WRITE] == 0 || !text_eq(words[c->word[ROW_WRITE] - 1].word, T(WITH_WRITES)) || total == UNKNOWN || uncached == UNKNOWN) {
		return true;
	}
	int64_t rest = total - q->cached_tokens - q->completion_tokens;
	bool within = *written >= uncached && *written == rest;
	bool apart = *written + uncached == rest;
	*written -= within && !apart ? uncached : 0;
	return within || apart;
}

static void read_counts(struct parser *p, const struct row_cells *c, struct request *q, struct billing *b) {
	int64_t uncached = count_at(p, c, ROW_UNCACHED), prompt = count_at(p, c, ROW_PROMPT), hour = count_or_0(p, c, ROW_WRITE_1H);
	int64_t lives = count_or_0(p, c, ROW_WRITE_5M) + hour, written = count_or_0(p, c, ROW_WRITE);

	q->cached_tokens = count_or_0(p, c, ROW_CACHED);
	q->completion_tokens = count_or_0(p, c, ROW_OUTPUT);
	if (!settle_writes(c, uncached, count_at(p, c, ROW_TOTAL), q, &written) && !p->reason) {
		p->reason = "counts do not sum to their total";
	}
	q->cached_unknown = c->word[ROW_CACHED] == 0 && lives + written == 0 && has_no_cached(c);
	q->cache_write_tokens = lives > written ? lives : written;
	q->reasoning_tokens = count_or_0(p, c, ROW_REASONING);
	bool beside = prompt == UNKNOWN || is_beside(c);
	int64_t plain = prompt == UNKNOWN ? uncached : prompt;
	if (plain == UNKNOWN && c->word[ROW_OUTPUT] > 0 && count_at(p, c, ROW_OUTPUT) != UNKNOWN) {
		plain = 0;
	}
	q->prompt_tokens = plain == UNKNOWN ? UNKNOWN : plain + (beside ? q->cached_tokens + q->cache_write_tokens : 0);
	usage_settle(q, beside ? UNKNOWN : count_at(p, c, ROW_TOTAL), false);
	if (q->prompt_tokens != UNKNOWN && q->cached_tokens > q->prompt_tokens) {
		q->prompt_tokens += q->cached_tokens + q->cache_write_tokens;
	}
	b->part[BILLED_WRITE_1H] = hour;
	b->part[BILLED_AUDIO_CACHED] = count_or_0(p, c, ROW_AUDIO_CACHED);
	int64_t audio = count_or_0(p, c, ROW_AUDIO_IN);
	b->part[BILLED_AUDIO_IN] = audio > b->part[BILLED_AUDIO_CACHED] ? audio - b->part[BILLED_AUDIO_CACHED] : 0;
	b->part[BILLED_AUDIO_OUT] = count_or_0(p, c, ROW_AUDIO_OUT);
	b->part[BILLED_IMAGE_IN] = count_or_0(p, c, ROW_IMAGE_IN);
	b->part[BILLED_IMAGE_OUT] = count_or_0(p, c, ROW_IMAGE_OUT);
	b->part[BILLED_SEARCHES] = count_or_0(p, c, ROW_SEARCHES);
}

/* A report has sums of requests, not single ones; its instants are those of a period. */
static bool is_report(const struct row_cells *c) {
	return c->word[ROW_REQUESTS] > 0 || (c->word[ROW_UNCACHED] > 0 && c->word[ROW_ID] == 0);
}

static void read_instants(struct parser *p, const struct row_cells *c, int64_t stamp_ns, struct request *q) {
	int64_t start = instant_at(p, c, ROW_START), end = is_report(c) ? UNKNOWN : instant_at(p, c, ROW_END), ms;
	int64_t first = instant_at(p, c, ROW_FIRST);

	if (end == UNKNOWN && c->word[ROW_DURATION_MS] > 0 && number_scaled(c->at[ROW_DURATION_MS], 6, &ms) && ms >= 0 && ms < STEP_MAX_NS) {
		end = instant_plus(start, ms);
	}
	if (first == UNKNOWN && c->word[ROW_TTFT_MS] > 0 && number_scaled(c->at[ROW_TTFT_MS], 6, &ms) && ms >= 0 && ms < STEP_MAX_NS) {
		first = instant_plus(start, ms);
	}
	q->arrival_ns = end == UNKNOWN ? UNKNOWN : start;
	q->first_token_ns = end != UNKNOWN && first != UNKNOWN && first <= end ? first : UNKNOWN;
	q->finish_ns = end != UNKNOWN ? end : start != UNKNOWN ? start : stamp_ns;
}

/* "200k-1M": prompts longer than 200,000. */
static int64_t over_of(struct text context) {
	int64_t k;

	return text_take_i64(&context, &k) && k > 0 && k < 10000 && text_skip(&context, T("k")) ? k * 1000 : 0;
}

static struct text provider_of(const struct row_cells *c) {
	bool openrouter = text_starts(c->at[ROW_ID], T("gen-")) ||
	                  (c->word[ROW_MODEL] > 0 && text_eq(words[c->word[ROW_MODEL] - 1].word, T("modelpermaslug")));

	return openrouter ? T("openrouter") : c->at[ROW_PROVIDER];
}

/* Texts of rows are as in JSON or CSV; names contain no escapes, except those chosen by people. */
static struct text plain_text(struct parser *p, struct text raw) {
	char *buffer = p->texts.at[p->texts.used % TEXTS_MAX];

	if (text_find_byte(raw, '\\') == SIZE_MAX) {
		return raw;
	}
	p->texts.used++;
	size_t len = 0;
	for (size_t i = 0; i < raw.len && len < TEXT_MAX_BYTES; i++) {
		i += raw.at[i] == '\\' && i + 1 < raw.len;
		buffer[len++] = raw.at[i];
	}
	return (struct text){buffer, len};
}

enum parse_result row_record(struct parser *p, const struct row_cells *c, int64_t stamp_ns, struct record *out) {
	struct request *q = &out->request;
	struct billing b = {.fast = text_eq(c->at[ROW_SPEED], T("fast")), .geo = c->at[ROW_GEO]};

	if (c->word[ROW_CACHE_HIT] > 0 && is_true(c->at[ROW_CACHE_HIT])) {
		return PARSE_NONE; /* from the gateway's own cache: no vendor was called */
	}
	record_begin(out, RECORD_REQUEST);
	q->gateway = true;
	read_counts(p, c, q, &b);
	if (!p->reason && (q->prompt_tokens == UNKNOWN || (is_report(c) && q->prompt_tokens + q->completion_tokens == 0 && b.part[BILLED_SEARCHES] == 0))) {
		return PARSE_NONE; /* a period without requests, a row of something else */
	}
	int64_t requests = count_at(p, c, ROW_REQUESTS);
	b.part[BILLED_REQUESTS] = !is_report(c) ? 0 : requests > 0 ? requests : 1;
	b.part[BILLED_OVER] = is_report(c) ? over_of(c->at[ROW_CONTEXT]) : 0;
	b.provider = provider_of(c);
	q->id = is_report(c) ? T("") : plain_text(p, c->at[ROW_ID]);
	q->server_id = q->id.len > 0;
	q->tenant = plain_text(p, c->at[ROW_TENANT]);
	read_instants(p, c, stamp_ns, q);
	q->service = b.fast ? SERVICE_OTHER : is_true(c->at[ROW_BATCH]) ? SERVICE_BATCH : service_of(c->at[ROW_SERVICE]);
	q->ok = !text_starts(c->at[ROW_STATUS], T("fail"));
	out->model = plain_text(p, c->at[ROW_MODEL]);
	usage_bill(p, &b, q);
	return record_finish(p, out);
}
