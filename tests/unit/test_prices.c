/* The catalogue: accepted and rejected texts, the model and the price that apply. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "core/digest.h"
#include "core/instant.h"
#include "report/prices/price_index.h"

static const char catalogue[] =
    "[{\"id\":\"deepseek\",\"model_match\":{\"contains\":\"deepseek\"},\"models\":[\n"
    "  "
    "{\"id\":\"deepseek-chat\",\"match\":{\"or\":[{\"starts_with\":\"deepseek-chat\"},{\"equals\":\"ds\"}]},\"prices\":"
    "[\n"
    "    {\"prices\":{\"input_mtok\":0.135,\"cache_read_mtok\":0.035,\"output_mtok\":0.55}},\n"
    "    {\"constraint\":{\"start_time\":\"00:30:00Z\",\"end_time\":\"16:30:00Z\"},\n"
    "     \"prices\":{\"input_mtok\":0.27,\"cache_read_mtok\":0.07,\"output_mtok\":1.1}}]}]},\n"
    " {\"id\":\"google\",\"model_match\":{\"contains\":\"gemini\"},\"models\":[\n"
    "  {\"id\":\"gemini-2.5-pro\",\"match\":{\"regex\":\"^gemini-2\\\\.5-pro(-\\\\d+)?$\"},\"prices\":\n"
    "   {\"input_mtok\":{\"base\":1.25,\"tiers\":[{\"start\":200000,\"price\":2.5}]},\n"
    "    \"output_mtok\":{\"base\":10,\"tiers\":[{\"start\":200000,\"price\":15}]}}}]},\n"
    " {\"id\":\"openai\",\"models\":[\n"
    "  {\"id\":\"o3\",\"match\":{\"and\":[{\"contains\":\"o3\"},{\"ends_with\":\"3\"}]},\"prices\":[\n"
    "    {\"prices\":{\"input_mtok\":10,\"output_mtok\":40}},\n"
    "    {\"constraint\":{\"start_date\":\"2025-06-10\"},\"prices\":{\"input_mtok\":2e0,\"output_mtok\":8}}]},\n"
    "  {\"id\":\"odd\",\"match\":{\"equals\":\"odd\"},\"prices\":[{\"prices\":{\"input_mtok\":1}},\n"
    "    {\"constraint\":{\"moon\":\"full\"},\"prices\":{\"input_mtok\":2}}]}]},\n"
    " {\"id\":\"avian\",\"models\":[{\"id\":\"Meta-Llama-3.1-8B-Instruct\",\"match\":{\"equals\":\"x\"},"
    "\"prices\":{\"input_mtok\":0.1,\"output_mtok\":0.1}}]},\n"
    " {\"id\":\"novita\",\"models\":[{\"id\":\"meta-llama/llama-3.1-8b-instruct\",\"match\":{\"equals\":\"y\"},"
    "\"prices\":{\"input_mtok\":0.02,\"output_mtok\":0.05}},\n"
    "  "
    "{\"id\":\"qwen/qwen3-8b\",\"match\":{\"equals\":\"qwen/"
    "qwen3-8b\"},\"prices\":{\"input_mtok\":0.04,\"output_mtok\":0.14}},\n"
    "  {\"id\":\"free\",\"match\":{\"contains\":\"free\"},\"prices\":{}}]}]\n";

static int setup(void **state) {
	struct price_source source = {0};
	struct fault why;
	struct prices *p = prices_new();

	assert_int_equal(prices_add_bytes(p, "c.json", text_of(catalogue), &source, &why), 0);
	assert_int_equal(source.models, 8);
	assert_int_equal(source.rules, 11);
	*state = p;
	return 0;
}

static int teardown(void **state) {
	prices_free(*state);
	return 0;
}

static void test_find(void **state) {
	static const struct {
		const char *name;
		enum price_outcome outcome;
		const char *provider;
		size_t candidates;
	} cases[] = {
	    {"deepseek-chat", PRICE_FOUND, "deepseek", 1},
	    {"DeepSeek-Chat-0324", PRICE_FOUND, "deepseek", 1},
	    {"deepseek-ai/deepseek-chat", PRICE_FOUND, "deepseek", 1},
	    {"deepseek/deepseek-chat", PRICE_FOUND, "deepseek", 1},
	    {"google/gemini-2.5-pro-002", PRICE_FOUND, "google", 1},
	    {"gemini-2.5-pro-exp", PRICE_NOT_FOUND, NULL, 0},
	    {"o3", PRICE_FOUND, "openai", 1},
	    {"o3-mini", PRICE_NOT_FOUND, NULL, 0},
	    {"llama-3.1-8b", PRICE_FOUND, NULL, 2},
	    {"Llama-3.1-8B-Instruct-FP8", PRICE_FOUND, NULL, 2},
	    {"avian/meta-llama-3.1-8b-instruct", PRICE_FOUND, "avian", 1},
	    {"Qwen/Qwen3-8B-AWQ", PRICE_FOUND, "novita", 1},
	    {"free", PRICE_NOT_FOUND, NULL, 0},
	    {"odd", PRICE_NOT_FOUND, NULL, 0},
	    {"", PRICE_NOT_FOUND, NULL, 0},
	    {"/", PRICE_NOT_FOUND, NULL, 0},
	    {"\xff\xfe", PRICE_NOT_FOUND, NULL, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct price_search s;
		price_find(*state, text_of(cases[i].name), T(""), &s);
		if (s.outcome != cases[i].outcome || s.candidate_count != cases[i].candidates) {
			fail_msg("%s: outcome %d of %zu candidates", cases[i].name, (int)s.outcome, s.candidate_count);
		}
		if (cases[i].provider) {
			assert_true(text_eq(s.model->provider, text_of(cases[i].provider)));
		}
	}
}

static void test_list_option(void **state) {
	struct fault why;
	struct price_search s;

	assert_int_equal(prices_add_match(*state, "llama-3.1-8b=novita/meta-llama/llama-3.1-8b-instruct", &why), 0);
	price_find(*state, T("LLaMA-3.1-8b"), T(""), &s);
	assert_int_equal(s.outcome, PRICE_FOUND);
	assert_true(text_eq(s.model->provider, T("novita")));
	assert_int_equal(prices_add_match(*state, "mine=nobody/nothing", &why), 0);
	price_find(*state, T("mine"), T(""), &s);
	assert_int_equal(s.outcome, PRICE_NOT_FOUND);
	assert_true(text_eq(s.mapped, T("nobody/nothing")));
	assert_int_equal(prices_add_match(*state, "nothing", &why), ERROR_CONFIG);
	assert_int_equal(prices_add_match(*state, "=x", &why), ERROR_CONFIG);
}

static int64_t input_at(const struct prices *p, const char *name, const char *when, int64_t prompt_over) {
	struct price_search s;
	struct price_quote q;
	int64_t ns;

	assert_true(instant_parse(text_of(when), &ns));
	price_find(p, text_of(name), T(""), &s);
	assert_int_equal(s.outcome, PRICE_FOUND);
	price_at(s.model, ns, prompt_over, SERVICE_STANDARD, &q);
	return q.nano[PRICE_INPUT];
}

static void test_price_at(void **state) {
	static const struct {
		const char *name, *when;
		int64_t prompt_over, nano;
	} cases[] = {
	    {"deepseek-chat", "2026-01-01T00:29:00Z", 0, 135000000},
	    {"deepseek-chat", "2026-01-01T00:30:00Z", 0, 270000000},
	    {"deepseek-chat", "2026-01-01T16:29:00Z", 0, 270000000},
	    {"deepseek-chat", "2026-01-01T16:30:00Z", 0, 135000000},
	    {"o3", "2025-06-09T23:59:59Z", 0, 10000000000},
	    {"o3", "2025-06-10T00:00:00Z", 0, 2000000000},
	    {"gemini-2.5-pro", "2026-01-01", 0, 1250000000},
	    {"gemini-2.5-pro", "2026-01-01", 128000, 1250000000},
	    {"gemini-2.5-pro", "2026-01-01", 200000, 2500000000},
	    {"gemini-2.5-pro", "2026-01-01", 500000, 2500000000},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(input_at(*state, cases[i].name, cases[i].when, cases[i].prompt_over), cases[i].nano);
	}
}

static void test_unknown_is_not_zero(void **state) {
	struct price_search s;
	struct price_quote q;

	price_find(*state, T("gemini-2.5-pro"), T(""), &s);
	price_at(s.model, 0, 0, SERVICE_STANDARD, &q);
	assert_int_equal(q.nano[PRICE_CACHE_READ], PRICE_UNKNOWN);
	assert_false(q.stands_in[PRICE_INPUT]);
	price_at(s.model, 0, 0, SERVICE_BATCH, &q);
	assert_int_equal(q.nano[PRICE_INPUT], 1250000000);
	assert_true(q.stands_in[PRICE_INPUT]);
	assert_false(q.stands_in[PRICE_CACHE_READ]);
}

static void test_cuts(void **state) {
	const struct price_cuts cuts = prices_cuts(*state);

	assert_int_equal(cuts.prompt_over_ntok.count, 1);
	assert_int_equal(cuts.prompt_over_ntok.at[0], 200000);
	assert_int_equal(cuts.minute_of_day.count, 2);
	assert_int_equal(cuts.minute_of_day.at[0], 30);
	assert_int_equal(cuts.minute_of_day.at[1], 990);
}

TEST(test_refused) {
	static const struct {
		const char *text, *message;
	} cases[] = {
	    {"[{]", "c.json:1:3: not valid JSON"},
	    {"{}", "c.json:1:1: not a price catalogue"},
	    {"[{\"id\":\"a\"}]", "c.json:1:2: a provider without \"models\""},
	    {"[{\"id\":1,\"models\":[]}]", "c.json:1:8: a provider without \"id\""},
	    {"[{\"id\":\"a\",\"models\":[\n {}]}]", "c.json:1:1: a model without \"id\""},
	    {"[{\"id\":\"a\",\"models\":[\n {\"id\":\"m\",\"prices\":{\"input_mtok\":-1}}]}]",
	     "c.json:2:35: a negative price"},
	    {"[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":{\"input_mtok\":true}}]}]", "not a price, expected"},
	    {"[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":{\"input_mtok\":1e30}}]}]", "not a price, expected"},
	    {"[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"match\":{\"or\":3},\"prices\":{}}]}]",
	     "expected a list of rules"},
	    {"[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"match\":[],\"prices\":{}}]}]", "not a match rule"},
	    {"[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":{\"input_mtok\":{\"base\":1,\"tiers\":"
	     "[{\"start\":5,\"price\":1},{\"start\":5,\"price\":2}]}}}]}]",
	     "ascending order"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct prices *p = prices_new();
		struct price_source source = {0};
		struct fault why = {0};
		assert_int_equal(prices_add_bytes(p, "c.json", text_of(cases[i].text), &source, &why), ERROR_CONFIG);
		if (!strstr(why.message, cases[i].message)) {
			fail_msg("%s\n  gave %s\n  not  %s", cases[i].text, why.message, cases[i].message);
		}
		prices_free(p);
	}
}

TEST(test_notes) {
	static const char text[] = "[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"match\":{\"regex\":\"(\"},\"prices\":"
				   "{\"input_mtok\":0.18000000000000002,\"input_audio_mtok\":1,\"requests_kcount\":5}},"
				   "{\"id\":\"n\",\"match\":{\"like\":\"x\"},\"prices\":{\"input_audio_mtok\":1}}]}]";
	struct prices *p = prices_new();
	struct price_source source = {0};
	struct fault why;

	assert_int_equal(prices_add_bytes(p, "c.json", text_of(text), &source, &why), 0);
	assert_int_equal(p->note_count, 3);
	assert_int_equal(p->models[0].rules[0].ladder[SERVICE_STANDARD][PRICE_REQUESTS].steps[0].nano, INT64_C(5000000000000));
	assert_int_equal(p->models[0].rules[0].ladder[SERVICE_STANDARD][PRICE_AUDIO_IN].steps[0].nano, 1000000000);
	assert_int_equal(p->models[0].rules[0].ladder[SERVICE_STANDARD][PRICE_INPUT].steps[0].nano, 180000000);
	prices_free(p);
}

static void expect_quote(const struct prices *p, const char *name, int64_t over, enum service service,
			 const int64_t nano[PRICE_TOKENS]) {
	struct price_search s;
	struct price_quote q;

	price_find(p, text_of(name), T(""), &s);
	assert_int_equal(s.outcome, PRICE_FOUND);
	price_at(s.model, 0, over, service, &q);
	for (int k = 0; k < PRICE_TOKENS; k++) {
		if (q.nano[k] != nano[k]) {
			fail_msg("%s over %lld, kind %d: %lld", name, (long long)over, k, (long long)q.nano[k]);
		}
	}
}

TEST(test_litellm) {
	static const char text[] =
	    "{\"sample_spec\":{\"litellm_provider\":\"one of\",\"mode\":\"chat\",\"input_cost_per_token\":0},"
	    "\"azure/gpt-x\":{\"litellm_provider\":\"azure\",\"mode\":\"chat\",\"max_tokens\":4096,"
	    "\"input_cost_per_token\":5e-07,\"input_cost_per_token_above_200k_tokens\":1E-06,"
	    "\"input_cost_per_token_batches\":2.5e-07,\"input_cost_per_token_priority\":9e-07,"
	    "\"output_cost_per_token\":0.000002,\"output_cost_per_token_batches\":1e-06,"
	    "\"cache_read_input_token_cost\":1.25e-8,\"cache_creation_input_token_cost_above_1hr\":1e-6,"
	    "\"output_cost_per_reasoning_token\":3e-06,\"input_cost_per_audio_per_second\":1e-06},"
	    "\"dall-e\":{\"litellm_provider\":\"openai\",\"mode\":\"image_generation\",\"input_cost_per_pixel\":1e-8},"
	    "\"dashscope/"
	    "qwen-tiered\":{\"litellm_provider\":\"dashscope\",\"mode\":\"chat\",\"input_cost_per_token\":1e-06,"
	    "\"tiered_pricing\":[{\"input_cost_per_token\":5e-08,\"range\":[0,256000]}]},"
	    "\"claude-y\":{\"litellm_provider\":\"anthropic\",\"input_cost_per_token\":3e-06,"
	    "\"input_cost_per_token_above_200k_tokens\":6e-06,\"input_cost_per_token_above_200k_tokens_priority\":9e-"
	    "06,"
	    "\"input_cost_per_token_priority\":4.5e-06,\"output_cost_per_token\":1.5e-05,\"output_cost_per_token_"
	    "flex\":7.5e-06,"
	    "\"search_context_cost_per_query\":{\"search_context_size_low\":0.01}},"
	    "\"odd\":{\"litellm_provider\":\"odd\",\"input_cost_per_token_above_128k_tokens\":1e-06},"
	    "\"ds/chat\":{\"litellm_provider\":\"ds\",\"input_cost_per_token\":1e-06,\"input_cost_per_token_cache_hit\":1e-07,"
	    "\"cache_read_input_token_cost\":2e-07},"
	    "\"chat\":{\"litellm_provider\":\"ds\",\"input_cost_per_token\":3e-06,\"input_cost_per_token_cache_hit\":3e-07,"
	    "\"provider_specific_entry\":{\"fast\":6.0,\"u\xff\":2,\"us\":1.1,\"a\\nb\":2}}}";
	struct prices *p = prices_new();
	struct price_source source = {0};
	struct fault why = {0};

	assert_int_equal(prices_add_bytes(p, "l.json", text_of(text), &source, &why), 0);
	assert_true(text_eq(source.format, T("LiteLLM")));
	assert_int_equal(source.models, 6);
	expect_quote(p, "gpt-x", 0, SERVICE_STANDARD, (int64_t[]){500000000, 12500000, -1, 2000000000, 3000000000});
	expect_quote(p, "azure/gpt-x", 200000, SERVICE_STANDARD, (int64_t[]){1000000000, 12500000, -1, 2000000000, 3000000000});
	expect_quote(p, "gpt-x", 0, SERVICE_BATCH, (int64_t[]){250000000, 12500000, -1, 1000000000, 3000000000});
	/* Two of one provider that differ by its name alone keep their names; an older key for cached reads. */
	expect_quote(p, "ds/chat", 0, SERVICE_STANDARD, (int64_t[]){3000000000, 300000000, -1, -1, -1});
	expect_quote(p, "ds/ds/chat", 0, SERVICE_STANDARD, (int64_t[]){1000000000, 200000000, -1, -1, -1});
	expect_quote(p, "gpt-x", 0, SERVICE_PRIORITY, (int64_t[]){900000000, 12500000, -1, 2000000000, 3000000000});
	expect_quote(p, "gpt-x", 0, SERVICE_OTHER, (int64_t[]){500000000, 12500000, -1, 2000000000, 3000000000}); /* no fast mode */
	expect_quote(p, "claude-y", 200000, SERVICE_PRIORITY, (int64_t[]){9000000000, -1, -1, 15000000000, -1});
	expect_quote(p, "claude-y", 200000, SERVICE_STANDARD, (int64_t[]){6000000000, -1, -1, 15000000000, -1});
	const struct price_rule *claude = p->models[2].rules;
	assert_int_equal(claude->ladder[SERVICE_PRIORITY][PRICE_INPUT].steps[1].nano, 9000000000);
	assert_int_equal(claude->ladder[SERVICE_FLEX][PRICE_OUTPUT].steps[0].nano, 7500000000);
	struct price_search s;
	price_find(p, T("odd"), T(""), &s);
	assert_int_equal(s.outcome, PRICE_NOT_FOUND);
	expect_quote(p, "qwen-tiered", 0, SERVICE_STANDARD, (int64_t[]){50000000, -1, -1, -1, -1});
	price_find(p, T("gpt-x"), T(""), &s);
	assert_int_equal(s.model->rules->ladder[SERVICE_STANDARD][PRICE_WRITE_1H].steps[0].nano, 1000000000);
	price_find(p, T("claude-y"), T(""), &s);
	assert_int_equal(s.model->rules->ladder[SERVICE_STANDARD][PRICE_SEARCHES].steps[0].nano, INT64_C(10000000000000));
	price_find(p, T("chat"), T("ds"), &s);
	assert_int_equal(s.model->rules->ladder[PRICE_FAST][PRICE_INPUT].steps[0].nano, INT64_C(18000000000));
	assert_int_equal(s.model->geo_count, 1); /* names of places are plain */
	assert_true(text_eq(s.model->geos[0].name, T("us")));
	price_find(p, T("gpt-x"), T(""), &s);
	assert_true(text_eq(s.model->left_out, T("input_cost_per_audio_per_second")));
	prices_free(p);
}

TEST(test_models_dev) {
	static const char flat[] =
	    "{\"claude-x\":{\"cost\":{\"input\":3,\"output\":15,\"cache_read\":0.3,\"cache_write\":3.75},"
	    "\"limit\":{\"context\":200000}},\"free\":{\"limit\":{}}}";
	static const char nested[] =
	    "{\"acme\":{\"id\":\"acme\",\"models\":{\"m-1\":{\"cost\":{\"input\":0.1,\"output\":0.2}},"
	    "\"m-2\":{\"cost\":{\"input\":1,\"output\":2,\"context_over_200k\":{\"input\":2}}},"
	    "\"m-3\":{\"cost\":{\"input\":1,\"output\":2,\"context_over_200k\":{\"input\":9},\"tiers\":["
	    "{\"tier\":{\"type\":\"context\",\"size\":272000},\"input\":4,\"output\":5},"
	    "{\"tier\":{\"type\":\"context\",\"size\":128000},\"input\":3}]}},"
	    "\"m-4\":{\"cost\":{\"input\":1,\"tiers\":[{\"tier\":{\"type\":\"moon\",\"size\":1},\"input\":4}]}}}}}";
	struct prices *p = prices_new();
	struct price_source source = {0};
	struct fault why = {0};

	assert_int_equal(prices_add_bytes(p, "m.json", text_of(flat), &source, &why), 0);
	assert_true(text_eq(source.format, T("models.dev")));
	assert_int_equal(source.models, 2);
	assert_int_equal(prices_add_bytes(p, "n.json", text_of(nested), &source, &why), 0);
	expect_quote(p, "claude-x", 0, SERVICE_STANDARD, (int64_t[]){3000000000, 300000000, 3750000000, 15000000000, -1});
	expect_quote(p, "acme/m-1", 0, SERVICE_STANDARD, (int64_t[]){100000000, -1, -1, 200000000, -1});
	expect_quote(p, "m-2", 0, SERVICE_STANDARD, (int64_t[]){1000000000, -1, -1, 2000000000, -1});
	expect_quote(p, "m-2", 200000, SERVICE_STANDARD, (int64_t[]){2000000000, -1, -1, 2000000000, -1});
	expect_quote(p, "m-3", 128000, SERVICE_STANDARD, (int64_t[]){3000000000, -1, -1, 2000000000, -1});
	expect_quote(p, "m-3", 272000, SERVICE_STANDARD, (int64_t[]){4000000000, -1, -1, 5000000000, -1});
	struct price_search s;
	price_find(p, T("m-4"), T(""), &s);
	assert_int_equal(s.outcome, PRICE_NOT_FOUND);
	prices_free(p);
}

/* Overrides by length and by hour; 0 is free only for a prompt and an answer; strings as in a gateway's own LiteLLM map. */
TEST(test_openrouter) {
	static const char list[] =
	    "{\"data\":[{\"id\":\"a/m\",\"canonical_slug\":\"a/m-20250522\",\"pricing\":{\"prompt\":\"0.000001\",\"completion\":\"0.00001\","
	    "\"internal_reasoning\":\"0\",\"input_cache_read\":\"0.0000001\",\"image\":\"0.003613\",\"request\":null,\"overrides\":["
	    "{\"utc_start\":\"16:30\",\"utc_end\":\"20:30\",\"prompt\":\"0.0000005\"},"
	    "{\"min_prompt_tokens\":200000,\"prompt\":\"0.000002\",\"input_cache_write\":\"0.000003\"}]}},"
	    "{\"id\":\"a/claude-x-4.5\",\"pricing\":{\"prompt\":\"0.000003\",\"completion\":\"0.000015\"}},"
	    "{\"id\":\"auto\",\"pricing\":{\"prompt\":\"-1\",\"completion\":\"-1\"}},{\"id\":\"none\"},"
	    "{\"id\":\"b/n:free\",\"pricing\":{\"prompt\":\"0\",\"completion\":\"0\",\"input_cache_read\":\"0\"}},"
	    "{\"id\":\"odd\",\"pricing\":{\"prompt\":\"1\",\"completion\":\"1\",\"overrides\":[{\"utc_start\":\"noon\",\"prompt\":\"2\"}]}}]}";
	static const char map[] = "{\"s\":{\"input_cost_per_token\":\"2.5e-06\",\"output_cost_per_token\":\"0.00001\",\"max_tokens\":\"8k\"}}";
	struct prices *p = prices_new();
	struct price_source source = {0};
	struct price_search s;
	struct fault why = {0};

	assert_int_equal(prices_add_bytes(p, "o.json", text_of(list), &source, &why), 0);
	assert_true(text_eq(source.format, T("OpenRouter")));
	expect_quote(p, "a/m", 0, SERVICE_STANDARD, (int64_t[]){1000000000, 100000000, -1, 10000000000, -1});
	expect_quote(p, "a/m-20250522", 199999, SERVICE_STANDARD, (int64_t[]){2000000000, 100000000, -1, 10000000000, -1}); /* 200,000 and more */
	expect_quote(p, "b/n:free", 0, SERVICE_STANDARD, (int64_t[]){0, -1, -1, 0, -1});
	price_find(p, T("a/m"), T(""), &s);
	assert_true(text_eq(s.model->left_out, T("image, cache_write, cache_write")));
	assert_int_equal(s.model->rules[1].from_minute, 16 * 60 + 30);
	assert_int_equal(s.model->rules[1].ladder[SERVICE_STANDARD][PRICE_INPUT].steps[0].nano, 500000000);
	assert_int_equal(s.model->rules[1].ladder[SERVICE_STANDARD][PRICE_INPUT].steps[1].nano, 2000000000);
	/* a version with another sign, in a cloud's form and with a date; another version is another model */
	expect_quote(p, "us.anthropic.claude-x-4-5-20250929-v1:0", 0, SERVICE_STANDARD, (int64_t[]){3000000000, -1, -1, 15000000000, -1});
	expect_quote(p, "claude-x-4-5", 0, SERVICE_STANDARD, (int64_t[]){3000000000, -1, -1, 15000000000, -1});
	static const struct text unpriced[] = {T("auto"), T("none"), T("odd"), T("claude-x-4-6-20260101"), T("claude-x-4"), T("ft:claude-x-4-5:o::i")};
	for (size_t i = 0; i < sizeof unpriced / sizeof *unpriced; i++) {
		price_find(p, unpriced[i], T(""), &s);
		assert_int_equal(s.outcome, PRICE_NOT_FOUND);
	}
	assert_int_equal(prices_add_bytes(p, "l.json", text_of(map), &source, &why), 0);
	expect_quote(p, "s", 0, SERVICE_STANDARD, (int64_t[]){2500000000, -1, -1, 10000000000, -1});
	assert_int_equal(prices_add_bytes(p, "o.json", T("[{\"pricing\":{}}]"), &source, &why), ERROR_CONFIG);
	prices_free(p);
}

static void test_matches_are_checked(void **state) {
	struct fault why = {0};

	assert_int_equal(prices_add_match(*state, "a=avian/Meta-Llama-3.1-8B-Instruct", &why), 0);
	assert_int_equal(prices_check_matches(*state, &why), 0);
	assert_int_equal(prices_add_match(*state, "b=nobody", &why), 0);
	assert_int_equal(prices_check_matches(*state, &why), ERROR_CONFIG);
	assert_non_null(strstr(why.message, "nobody: no model with a price of this name"));
}

/* The output of `prices show` and `prices diff`. */
static void test_show(void **state) {
	static const char *const lines[] = {
	    "deepseek/deepseek-chat at 2026-01-01T12:00:00Z (the rule marked * applies)",
	    "  always                    0.1350      0.0350            –  0.5500          –",
	    "the median of 2 prices: ",
	    "* daily 00:30 to 16:30 UTC  0.2700      0.0700            –  1.1000          –",
	};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct fault why = {0};
	int64_t at;

	assert_true(instant_parse(T("2026-01-01T12:00:00Z"), &at));
	assert_int_equal(prices_print_model(*state, "deepseek-chat", at, out, &why), 0);
	assert_int_equal(prices_print_model(*state, "llama-3.1-8b", at, out, &why), 0);
	assert_int_equal(prices_print_model(*state, "nobody", at, out, &why), ERROR_CONFIG);
	prices_print_list(*state, "Llama", at, out);
	prices_print_summary(*state, out);
	fclose(out);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (!strstr(text, lines[i])) {
			fail_msg("no \"%s\" in\n%s", lines[i], text);
		}
	}
	free(text);
}

TEST(test_diff) {
	static const char one[] =
	    "{\"a\":{\"cost\":{\"input\":1}},\"b\":{\"cost\":{\"input\":1}},\"c\":{\"cost\":{\"input\":1}}}";
	static const char two[] =
	    "{\"d\":{\"cost\":{\"input\":1}},\"b\":{\"cost\":{\"input\":2}},\"c\":{\"cost\":{\"input\":1.0}}}";
	struct prices *before = prices_new(), *after = prices_new();
	struct price_source source = {0};
	struct fault why = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(prices_add_bytes(before, "1", text_of(one), &source, &why), 0);
	assert_int_equal(prices_add_bytes(after, "2", text_of(two), &source, &why), 0);
	assert_true(prices_print_diff(before, after, out));
	assert_false(prices_print_diff(after, after, out));
	fclose(out);
	assert_string_equal(text, "gone     models.dev/a\nchanged  models.dev/b: input 1 to 2\nnew      models.dev/d\n");
	free(text);
	prices_free(before);
	prices_free(after);
}

/* ---- the index ---- */

static void count_given(void *given, const struct price_model *m) {
	(void)m;
	++*(size_t *)given;
}

/* Models with an id or match rule that matches a name, found by trying each. */
static size_t count_named(const struct prices *p, struct text name) {
	size_t count = 0;

	for (size_t i = 0; i < p->model_count; i++) {
		const struct price_model *m = &p->models[i];
		bool base = text_eq_nocase(text_base(m->id), text_base(name));
		count += base || match_holds(m->match, name) || match_holds(m->match, text_base(name));
	}
	return count;
}

struct held {
	struct text name;
	size_t count;
};

static void count_held(void *held, const struct price_model *m) {
	struct held *h = held;

	h->count += text_eq_nocase(text_base(m->id), text_base(h->name)) || match_holds(m->match, h->name) ||
	            match_holds(m->match, text_base(h->name));
}

/* In the installed catalogue, the index skips no model with a matching rule, and skips most of the others. */
TEST(test_index) {
	static const char *const forms[] = {"%.*s", "org/%.*s", "%.*s-20250101", "us.anthropic.%.*s-v1:0", "x%.*s"};
	struct prices *p = prices_new();
	struct fault why;

	assert_int_equal(prices_add_installed(p, &why), 0);
	size_t given = 0, asked = 0;
	for (size_t i = 0; i < p->model_count; i += 7) {
		for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
			struct name lower;
			char bytes[NAME_MAX_BYTES];
			snprintf(bytes, sizeof bytes, forms[k], TEXT_ARG(p->models[i].id));
			name_lower(&lower, text_of(bytes));
			struct held held = {name_text(&lower), 0};
			price_index_named(p, held.name, count_held, &held);
			assert_int_equal(held.count, count_named(p, held.name));
			price_index_named(p, held.name, count_given, &given);
			asked++;
		}
	}
	assert_true(given < asked * p->model_count / 3);
	prices_free(p);
}

/* The hash of the installed catalogue is a constant, so that a run need not compute it. */
TEST(test_installed_hash) {
	struct text bytes = prices_embedded();
	struct digest *d = digest_new();
	struct prices *p = prices_new();
	char sha256[DIGEST_HEX_MAX];
	struct fault why;

	setenv("XDG_DATA_HOME", "/none", 1); /* no newer catalogue */
	digest_add(d, bytes);
	digest_finish(d, sha256);
	assert_int_equal(prices_add_installed(p, &why), 0);
	assert_string_equal(p->sources[0].sha256, sha256);
	prices_free(p);
	digest_free(d);
	free((void *)(uintptr_t)bytes.at);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_find, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_list_option, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_price_at, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_unknown_is_not_zero, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_cuts, setup, teardown),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_notes),
	    cmocka_unit_test(test_litellm),
	    cmocka_unit_test(test_models_dev),
	    cmocka_unit_test(test_openrouter),
	    cmocka_unit_test_setup_teardown(test_matches_are_checked, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_show, setup, teardown),
	    cmocka_unit_test(test_diff),
	    cmocka_unit_test(test_index),
	    cmocka_unit_test(test_installed_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
