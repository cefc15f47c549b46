/* Revenue at list price: what each part of a request is priced at, and what the statement notes about it. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "tests/unit/statement_case.h"

#define NANO INT64_C(1000000000)

/* "rich" has a price of each kind, "plain" of two, "mute" of a later time, "yen" in another currency, "old" a price kind that is not read. */
static const char prices_text[] =
	"{\"schema\":\"tollbook.prices.v1\",\"date\":\"2026-01-01\",\"currency\":\"USD\",\"providers\":[{\"id\":\"p\",\"models\":["
	"{\"id\":\"rich\",\"geo\":{\"us\":\"1.5\"},\"prices\":[{\"input\":\"10\",\"cache_read\":\"1\",\"cache_write\":\"12\",\"cache_write_1h\":\"20\",\"output\":\"50\","
	"\"reasoning\":\"40\",\"input_audio\":\"100\",\"input_image\":\"30\",\"input_video\":\"35\",\"cache_read_audio\":\"5\",\"cache_read_image\":\"4\","
	"\"output_audio\":\"200\",\"output_image\":\"300\",\"output_video\":\"400\",\"output_citation\":\"2\",\"web_search\":\"10\",\"request\":\"1\","
	"\"batch\":{\"input\":\"5\",\"output\":\"25\"},\"fast\":{\"input\":\"60\",\"output\":\"300\"}}]},"
	"{\"id\":\"plain\",\"prices\":[{\"input\":\"10\",\"output\":\"50\"}]},"
	"{\"id\":\"mute\",\"prices\":[{\"from\":\"2030-01-01\",\"input\":\"10\",\"output\":\"50\"}]},"
	"{\"id\":\"yen\",\"currency\":\"JPY\",\"prices\":[{\"input\":\"1000\",\"output\":\"5000\"}]},"
	"{\"id\":\"old\",\"left_out\":\"input_cost_per_pixel\",\"prices\":[{\"input\":\"10\",\"output\":\"50\"}]},"
	"{\"id\":\"turns\",\"left_out\":\"pricing_periods\",\"prices\":[{\"input\":\"10\",\"output\":\"50\"}]},"
	"{\"id\":\"above\",\"prices\":[{\"input\":{\"base\":\"1\",\"tiers\":[{\"over\":1000,\"price\":\"2\"}],\"moves\":\"above\"},\"output\":\"10\"}]}"
	"]}]}";

struct sale {
	const char *model, *pool;
	enum entry_kind kind;
	int64_t tokens, requests;
	enum service service;
	/* expected: of the total, in nano-units, or -1: not listed; and a part of a note's text, or NULL: none */
	int64_t revenue_nano;
	const char *note;
};

static const struct sale sales[] = {
	/* each part at its own price, per million */
	{"rich", "(API)", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, 10 * NANO / 1000, NULL},
	{"rich", "(API)", ENTRY_INPUT, 1000, 2, SERVICE_STANDARD, 10 * NANO / 1000 + 2 * NANO / 1000, NULL}, /* and a fee for each request */
	{"rich", "(API)", ENTRY_INPUT_CACHED, 1000, 0, SERVICE_STANDARD, NANO / 1000, NULL},
	{"rich", "(API)", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, NULL},
	{"rich", "(API) part=write_1h", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, 20 * NANO / 1000, NULL},
	{"rich", "(API) part=audio_in", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, 100 * NANO / 1000, NULL},
	{"rich", "(API) part=image_in", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, 30 * NANO / 1000, NULL},
	{"rich", "(API) part=video_in", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, 35 * NANO / 1000, NULL},
	{"rich", "(API) part=audio_cached", ENTRY_INPUT_CACHED, 1000, 0, SERVICE_STANDARD, 5 * NANO / 1000, NULL},
	{"rich", "(API) part=image_cached", ENTRY_INPUT_CACHED, 1000, 0, SERVICE_STANDARD, 4 * NANO / 1000, NULL},
	{"rich", "(API) part=audio_out", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 200 * NANO / 1000, NULL},
	{"rich", "(API) part=video_out", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 400 * NANO / 1000, NULL},
	{"rich", "(API) part=searches", ENTRY_INPUT, 0, 3, SERVICE_STANDARD, 30 * NANO / 1000, NULL},
	{"rich", "(API) part=citations", ENTRY_INPUT, 0, 1000, SERVICE_STANDARD, 2 * NANO / 1000, NULL},
	/* regions and faster modes */
	{"rich", "(API) geo=us", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 75 * NANO / 1000, NULL},
	{"rich", "(API) geo=US", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 75 * NANO / 1000, NULL},
	{"rich", "(API) geo=global", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, NULL},
	{"rich", "(API) geo=not_available", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, NULL},
	{"rich", "(API) geo=none", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, NULL},
	{"rich", "(API) geo=eu", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, "bound to a region, for which it has no factor"},
	{"rich", "(API) geo=us;part=searches", ENTRY_INPUT, 0, 3, SERVICE_STANDARD, 30 * NANO / 1000, NULL}, /* fees do not depend on it */
	{"rich", "(API) speed=fast", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 300 * NANO / 1000, NULL},
	{"rich", "(API) speed=slow", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, NULL},
	{"rich", "(API)", ENTRY_OUTPUT, 1000, 0, SERVICE_BATCH, 25 * NANO / 1000, NULL},
	{"rich", "(API)", ENTRY_OUTPUT, 1000, 0, SERVICE_FLEX, 50 * NANO / 1000, "no flex price for output"},
	{"rich", "(API)", ENTRY_OUTPUT, 1000, 0, SERVICE_OTHER, 50 * NANO / 1000, "of a class of service that catalogues do not price"},
	/* a part without a price costs what its whole costs, and that is noted */
	{"plain", "(API) part=write_1h", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, 10 * NANO / 1000, "1000 tokens written to the cache for an hour, which are priced as"},
	{"plain", "(API) part=audio_in", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, 10 * NANO / 1000, "1000 audio tokens of input, which are priced as text"},
	{"plain", "(API) part=image_in", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, 10 * NANO / 1000, "1000 image tokens of input, which are priced as text"},
	{"plain", "(API) part=audio_cached", ENTRY_INPUT_CACHED, 1000, 0, SERVICE_STANDARD, 10 * NANO / 1000, "1000 cached audio tokens, which are priced as cached text"},
	{"plain", "(API) part=image_out", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, "1000 image tokens of output, which are priced as text"},
	{"plain", "(API) part=searches", ENTRY_INPUT, 0, 3, SERVICE_STANDARD, -1, "3 web searches, which are left out"},
	{"plain", "(API) part=citations", ENTRY_INPUT, 0, 3, SERVICE_STANDARD, -1, NULL}, /* vendors that report them do not charge for them */
	{"plain", "(API)", ENTRY_INPUT_CACHED, 1000, 0, SERVICE_STANDARD, 10 * NANO / 1000, "no price for cached input, so it is priced as uncached input"},
	/* no price at all */
	{"mute", "(API)", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, -1, "p/mute has no price for some of its tokens"},
	{"mute", "(API) part=audio_in", ENTRY_INPUT, 1000, 0, SERVICE_STANDARD, -1, "p/mute has no price for some of its tokens"},
	{"yen", "(API)", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, -1, "that of p/yen is in JPY, and this statement in USD"},
	{"unheard-of", "(API)", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, -1, "the catalogue has no such model"},
	{"unheard-of", "(API)", ENTRY_INPUT, 0, 0, SERVICE_STANDARD, -1, NULL}, /* nothing was sold */
	/* what the catalogue has and does not apply */
	{"old", "(API)", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, "its prices of other kinds (input_cost_per_pixel) are not applied"},
	{"turns", "(API)", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, "further prices of the same tokens (pricing_periods)"},
	{"above", "(API)", ENTRY_INPUT, 5000, 1, SERVICE_STANDARD, 9 * NANO / 1000, "only the part of a prompt above a length costs more"},
	{"rich", "(API) azure", ENTRY_OUTPUT, 1000, 0, SERVICE_STANDARD, 50 * NANO / 1000, "the catalogue has none of provider azure"},
};

static bool has_note(const struct quality *q, const char *part) {
	bool found = false;

	for (size_t i = 0; i < q->notice_count; i++) {
		for (int k = 0; k < NOTICE_FIELDS; k++) {
			found |= q->notices[i].field[k] && strstr(q->notices[i].field[k], part);
		}
	}
	for (size_t i = 0; i < q->warning_count; i++) {
		found |= strstr(q->warnings[i], part) != NULL;
	}
	return found;
}

static struct prices *read_prices(const char *text) {
	struct price_source source = {0};
	struct fault why = {0};
	struct prices *p = prices_new();

	if (prices_add_bytes(p, "c", text_of(text), &source, &why) != 0) {
		fail_msg("%s", why.message);
	}
	return p;
}

static void sell(struct fixture *f, const struct sale *sale, struct prices *p) {
	struct report_options o = options_of(f);
	struct entry e = entry_of(f, "a", sale->kind, 0, sale->tokens);

	stop(f);
	o.prices = p;
	start(f, &o);
	e.model = names_id(f->names, text_of(sale->model));
	e.pool = names_id(f->names, text_of(sale->pool));
	e.requests = sale->requests;
	e.service = sale->service;
	e.prompt_over_ntok = sale->tokens > 1000 ? 1000 : 0;
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	finish(f);
}

static void each_part_at_its_price(void **state) {
	struct fixture *f = *state;
	struct prices *p = read_prices(prices_text);

	for (size_t i = 0; i < sizeof sales / sizeof *sales; i++) {
		const struct sale *sale = &sales[i];
		sell(f, sale, p);
		const struct block *b = &f->s->total;
		if (b->list_known != (sale->revenue_nano >= 0) || (b->list_known && b->revenue_nano != sale->revenue_nano)) {
			fail_msg("%s %s, row %zu: %lld, listed %d, expected %lld", sale->model, sale->pool, i, (long long)b->revenue_nano, b->list_known,
			         (long long)sale->revenue_nano);
		}
		if (sale->note ? !has_note(&f->quality, sale->note) : has_note(&f->quality, "list price")) {
			for (size_t k = 0; k < f->quality.notice_count; k++) {
				print_error("notice: %s\n", f->quality.notices[k].field[NOTICE_TEXT]);
			}
			for (size_t k = 0; k < f->quality.warning_count; k++) {
				print_error("warning: %s\n", f->quality.warnings[k]);
			}
			fail_msg("%s %s, row %zu: noted otherwise than \"%s\"", sale->model, sale->pool, i, sale->note ? sale->note : "");
		}
	}
	stop(f);
	struct report_options o = options_of(f);
	start(f, &o);
	prices_free(p);
}

/* Names as clouds, tuning jobs and resellers write them, and the entry that is found; "": none. */
static const char names_text_of[] =
	"{\"schema\":\"tollbook.prices.v1\",\"date\":\"2026-01-01\",\"currency\":\"USD\",\"providers\":["
	"{\"id\":\"maker\",\"claims\":{\"starts_with\":\"claude\"},\"models\":[{\"id\":\"claude-x-20250929\",\"prices\":[{\"input\":3,\"output\":15}]},"
	"{\"id\":\"ft:base\",\"prices\":[{\"input\":4,\"output\":16}]},{\"id\":\"base\",\"prices\":[{\"input\":1,\"output\":2}]},"
	"{\"id\":\"plain\",\"prices\":[{\"input\":1,\"output\":2}]}]},"
	"{\"id\":\"shop\",\"resells\":\"nobody;maker;\",\"models\":[{\"id\":\"own\",\"prices\":[{\"input\":1,\"output\":2}]}]},"
	"{\"id\":\"second\",\"models\":[{\"id\":\"twin\",\"prices\":[{\"input\":1,\"output\":2}]},{\"id\":\"Twin\",\"prices\":[{\"input\":1,\"output\":2}]}]}]}";
static const struct {
	const char *name, *provider, *found;
} named[] = {
	{"ft:base:org::id", "", "maker/ft:base"},
	{"ft:base-2024-08-06:org::id", "", "maker/ft:base"},
	{"ft:other:org::id", "", ""},
	{"ft:base", "", "maker/ft:base"},
	{"us.anthropic.claude-x-20250929-v1:0", "", "maker/claude-x-20250929"},
	{"publishers/anthropic/models/claude-x@20250929", "", "maker/claude-x-20250929"},
	{"anthropic.claude-x-20250929-v1:0", "", "maker/claude-x-20250929"},
	{"claude-x", "", "maker/claude-x-20250929"},
	{"plain", "shop", "maker/plain"}, /* which it resells */
	{"own", "shop", "shop/own"},
	{"plain", "nobody", "maker/plain"},
	{"nothing", "shop", ""},
};

TEST(names_in_any_form) {
	struct prices *p = read_prices(names_text_of);

	for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
		struct price_search s;
		char found[100] = "";
		price_find(p, text_of(named[i].name), text_of(named[i].provider), &s);
		if (s.outcome == PRICE_FOUND) {
			snprintf(found, sizeof found, "%.*s/%.*s", TEXT_ARG(s.model->provider), TEXT_ARG(s.model->id));
		}
		if (strcmp(found, named[i].found) != 0) {
			fail_msg("%s of \"%s\": \"%s\", expected \"%s\"", named[i].name, named[i].provider, found, named[i].found);
		}
	}
	prices_free(p);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_part_at_its_price, setup, teardown),
		cmocka_unit_test(names_in_any_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
