/* The native schema of price catalogues: all its keys, rejected texts, and a catalogue that is written and read back. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "core/instant.h"
#include "report/prices/prices.h"

static const char native[] =
    "{\"schema\":\"tollbook.prices.v1\",\"date\":\"2026-08-21\",\n"
    " \"sources\":[{\"file\":\"a.json\",\"format\":\"genai-prices\",\"date\":\"2026-08-01\",\"sha256\":\"00\","
    "\"models\":1,\"prices\":2}],\n"
    " \"matches\":[{\"name\":\"prod\",\"model\":\"acme/m\"}],\n"
    " \"providers\":[{\"id\":\"acme\",\"claims\":{\"starts_with\":\"acme\"},\"models\":[\n"
    "  "
    "{\"id\":\"m\",\"match\":{\"or\":[{\"regex\":\"^m-\\\\d+$\"},{\"equals\":\"em\"}]},\"currency\":\"EUR\",\"prices\":"
    "[\n"
    "   {\"from\":\"2026-01-01\",\"to\":\"2026-07-01T12:00:00Z\",\"input\":\"1.5\",\"cache_read\":\"1.5e-1\","
    "\"cache_write\":2,\"output\":\"6\",\"reasoning\":\"7\",\n"
    "    \"batch\":{\"input\":\"0.75\"},\"priority\":{\"input\":\"3\",\"output\":\"12\"},\"flex\":{\"input\":1}},\n"
    "   "
    "{\"from\":\"2026-01-01\",\"to\":\"2026-07-01\",\"daily\":{\"from\":\"16:30\",\"to\":\"00:30\"},\"input\":\"1\"},\n"
    "   {\"from\":\"2026-08-01\",\"input\":{\"base\":\"2\",\"tiers\":[{\"over\":1000,\"price\":\"3\"},{\"over\":5000,"
    "\"price\":\"5\"}],\"moves\":\"above\"},\"cache_read\":\"0.5\",\"output\":{\"base\":\"8\",\"tiers\":[{\"over\":"
    "1000,\"price\":"
    "\"9\"}]}}]},\n"
    "  {\"id\":\"odd\",\"understood\":false,\"per_request\":true,\"prices\":[{\"input\":1}]}]}]}";

static struct price_quote quote_at(const struct prices *p, const char *name, const char *when, int64_t over) {
	struct price_search s;
	struct price_quote q;
	int64_t ns;

	assert_true(instant_parse(text_of(when), &ns));
	price_find(p, text_of(name), T(""), &s);
	assert_int_equal(s.outcome, PRICE_FOUND);
	price_at(s.model, ns, over, SERVICE_STANDARD, &q);
	return q;
}

static void check_native(const struct prices *p) {
	static const struct {
		const char *name, *when;
		int64_t over, input, cached, output, back;
	} cases[] = {
	    {"m-17", "2025-12-31T23:59:59Z", 0, -1, -1, -1, 0}, /* before it begins: not known, not guessed */
	    {"prod", "2026-01-01T12:00:00Z", 0, 1500000000, 150000000, 6000000000, 0},
	    {"EM", "2026-01-01T16:30:00Z", 0, 1000000000, -1, -1, 0},
	    {"acme/m", "2026-01-01T00:29:59Z", 0, 1000000000, -1, -1, 0},
	    {"m", "2026-07-01T11:59:59Z", 0, 1500000000, 150000000, 6000000000, 0},
	    {"m", "2026-07-01T12:00:00Z", 0, -1, -1, -1, 0},
	    {"m", "2026-09-01", 0, 2000000000, 500000000, 8000000000, 0},
	    {"m", "2026-09-01", 1000, 3000000000, 1500000000, 9000000000, INT64_C(1000000000) * 1000},
	    {"m", "2026-09-01", 5000, 5000000000, 3500000000, 9000000000,
	     INT64_C(1000000000) * 1000 + INT64_C(2000000000) * 5000},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct price_quote q = quote_at(p, cases[i].name, cases[i].when, cases[i].over);
		if (q.nano[PRICE_INPUT] != cases[i].input || q.nano[PRICE_CACHE_READ] != cases[i].cached ||
		    q.nano[PRICE_OUTPUT] != cases[i].output || q.back_per_request != cases[i].back) {
			fail_msg("%s at %s over %lld: %lld", cases[i].name, cases[i].when, (long long)cases[i].over,
				 (long long)q.nano[PRICE_INPUT]);
		}
	}
	assert_int_equal(p->models[0].rules[0].ladder[SERVICE_PRIORITY][PRICE_OUTPUT].steps[0].nano,
			 12 * INT64_C(1000000000));
	assert_int_equal(p->models[0].rules[0].ladder[SERVICE_FLEX][PRICE_INPUT].count, 1);
	assert_true(text_eq(p->models[0].currency, T("EUR")));
	assert_true(text_eq(p->models[1].currency, T("USD")));
	assert_false(p->models[1].understood);
	assert_true(p->models[1].left_out.len > 0);
	assert_int_equal(p->origin_count, 1);
	assert_string_equal(p->origins[0].date, "2026-08-01");
}

/* A prompt of 7,000 tokens: 1,000 at 2, 4,000 at 3, 2,000 at 5, whichever of the first were cached. */
TEST(test_part_above) {
	struct prices *p = prices_new();
	struct price_source source = {0};
	struct fault why = {0};

	assert_int_equal(prices_add_bytes(p, "n", text_of(native), &source, &why), 0);
	struct price_quote q = quote_at(p, "m", "2026-09-01", 5000);
	int128 sum = (int128)7000 * q.nano[PRICE_INPUT] - q.back_per_request;
	assert_true(sum == (int128)NANO * (1000 * 2 + 4000 * 3 + 2000 * 5));
	/* 600 of the first 1,000 from the cache, at 0.5 instead of 2 */
	sum = (int128)6400 * q.nano[PRICE_INPUT] + (int128)600 * q.nano[PRICE_CACHE_READ] - q.back_per_request;
	assert_true(sum == (int128)NANO * (300 + 400 * 2 + 4000 * 3 + 2000 * 5));
	prices_free(p);
}

static char *written(const struct prices *p) {
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	prices_write(p, out);
	fclose(out);
	return text;
}

/* Reads the written catalogue; all models must have the same prices, and be found by the same names. */
static struct prices *read_back(const struct prices *p, char *text) {
	struct prices *again = prices_new();
	struct price_source source = {0};
	struct fault why = {0};

	if (prices_add_bytes(again, "again", text_of(text), &source, &why) != 0) {
		fail_msg("%s", why.message);
	}
	assert_int_equal(again->model_count, p->model_count);
	for (size_t i = 0; i < p->model_count; i++) {
		struct price_search a, b;
		if (!price_same(&p->models[i], &again->models[i]) ||
		    !text_eq(p->models[i].provider, again->models[i].provider)) {
			fail_msg("%.*s is not the same", TEXT_ARG(p->models[i].id));
		}
		price_find(p, p->models[i].id, T(""), &a);
		price_find(again, p->models[i].id, T(""), &b);
		assert_int_equal(a.outcome, b.outcome);
		assert_int_equal(a.candidate_count, b.candidate_count);
	}
	return again;
}

TEST(test_native) {
	struct prices *p = prices_new();
	struct price_source source = {0};
	struct fault why = {0};

	assert_int_equal(prices_add_bytes(p, "n", text_of(native), &source, &why), 0);
	assert_true(text_eq(source.format, T("tollbook.prices.v1")));
	assert_int_equal(source.models, 2);
	assert_int_equal(source.rules, 4);
	check_native(p);
	char *text = written(p);
	struct prices *again = read_back(p, text);
	check_native(again);
	prices_free(again);
	prices_free(p);
	free(text);
}

TEST(test_native_refused) {
	static const struct {
		const char *text, *message;
	} cases[] = {
	    {"\"colour\":1", "c:1:41: not a part of a catalogue"},
	    {"\"providers\":[{\"id\":\"a\"}]", "not a provider, expected"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"prices\":[]}]}]", "a model without \"id\""},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"inptu\":1}]}]}]",
	     "not a part of a set of prices"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"batch\":{\"x\":1}}]}]}]",
	     "not a kind of price"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"from\":\"2026-01-01T00:30:00Z\"}]}]"
	     "}]",
	     "whole hour"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"from\":\"2026-02-01\",\"to\":"
	     "\"2026-01-01\"}]}]}]",
	     "ends before"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"daily\":{\"from\":\"25:00\",\"to\":"
	     "\"1:00\"}}]}]}]",
	     "not a time of day"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"input\":{\"base\":1,\"tiers\":[{"
	     "\"over\":0,\"price\":2}]}}]}]}]",
	     "ascending order"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"input\":{\"base\":1,\"tiers\":[],"
	     "\"moves\":\"up\"}}]}]}]",
	     "\"whole\" or \"above\""},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"input\":\"1,5\"}]}]}]",
	     "not a price, expected"},
	    {"\"matches\":[{\"name\":\"a\"}]", "a match is {name, model}"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"geo\":[],\"prices\":[]}]}]", "places are an object of factors"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"daily\":{\"from\":\"1:00\",\"to\":\"2:00\",\"weekdays\":[]},\"input\":1}]}]}]", "not a time of day"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"daily\":{\"from\":\"1:00\",\"to\":\"2:00\",\"weekdays\":[0]},\"input\":1}]}]}]", "not a time of day"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"daily\":{\"from\":\"1:00\",\"to\":\"2:00\",\"weekdays\":[8]},\"input\":1}]}]}]", "not a time of day"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"daily\":{\"from\":\"1:00\",\"to\":\"2:00\",\"weekdays\":[\"1\"]},\"input\":1}]}]}]", "not a time of day"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"daily\":{\"from\":\"1:00\",\"to\":\"2:00\",\"weekdays\":[1,9,2]},\"input\":1}]}]}]", "not a time of day"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"daily\":{\"from\":\"1:00\",\"to\":\"2:00\",\"weekdays\":1},\"input\":1}]}]}]", "not a time of day"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"daily\":{\"from\":\"1:00\",\"input\":1,\"to\":\"x\"}}]}]}]", "not a time of day"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"prices\":[{\"daily\":{\"from\":\"01:00\",\"too\":\"02:00\"}}]}]}]", "not a time of day"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"currency\":\"usd\",\"prices\":[]}]}]", "not a currency"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"currency\":\"USDT\",\"prices\":[]}]}]", "not a currency"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"currency\":\"U[D\",\"prices\":[]}]}]", "not a currency"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"currency\":5,\"prices\":[]}]}]", "not a currency"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"per_request\":1,\"prices\":[]}]}]", "expected true or false"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"understood\":\"yes\",\"prices\":[]}]}]", "expected true or false"},
	    {"\"providers\":[{\"id\":\"a\",\"models\":[{\"id\":\"m\",\"key\":5,\"prices\":[]}]}]", "not a key"},
	    {"\"sources\":[{\"format\":\"genai-prices\"}]", "a source is"},
	    {"\"sources\":[{\"file\":\"a.json\"}]", "a source is"},
	    {"\"left_out\":[{\"count\":5}]", "what was left out is"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct prices *p = prices_new();
		struct price_source source = {0};
		struct fault why = {0};
		char text[600];
		snprintf(text, sizeof text, "{\"schema\":\"tollbook.prices.v1\",%s}", cases[i].text);
		assert_int_equal(prices_add_bytes(p, "c", text_of(text), &source, &why), ERROR_CONFIG);
		if (!strstr(why.message, cases[i].message)) {
			fail_msg("%s\n  gave %s\n  not  %s", cases[i].text, why.message, cases[i].message);
		}
		prices_free(p);
	}
}

/* Catalogues as published, if they are available: whole, and the same once written and read again. */
static void import_published(const char *path, size_t models, size_t rules, size_t prices) {
	struct prices *p = prices_new();
	struct fault why = {0};

	if (prices_add_file(p, path, &why) != 0) {
		fail_msg("%s", why.message);
	}
	assert_int_equal(p->sources[0].models, models);
	assert_int_equal(p->sources[0].rules, rules);
	assert_int_equal(p->sources[0].prices, prices);
	char *text = written(p);
	prices_free(read_back(p, text));
	free(text);
	prices_free(p);
}

TEST(test_published) {
	FILE *f = fopen("../shared/prices/genai-prices.json.gz", "rb");

	import_published("data/prices/genai_prices.json", 1466, 1481, 3323);
	if (!f) {
		print_message("skipped: the published catalogues are not available\n");
		return;
	}
	fclose(f);
	import_published("../shared/prices/genai-prices.json.gz", 1442, 1451, 3145);
	import_published("../shared/prices/genai-prices-v2.json.gz", 1466, 1481, 3323);
	import_published("../shared/prices/litellm-subset.json.gz", 217, 217, 1319);
	import_published("../shared/prices/models-dev.json", 226, 226, 833);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_native),
	    cmocka_unit_test(test_native_refused),
	    cmocka_unit_test(test_part_above),
	    cmocka_unit_test(test_published),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
