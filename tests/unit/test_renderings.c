/* Every rendering of one statement has the same content, in its own form. */

#include "tests/unit/unit.h"

#include "core/json.h"
#include "report/renderings/renderings.h"
#include "tests/unit/worked_case.h"

static const struct {
	const char *format, *line;
} cases[] = {
    {"csv",
     "\r\ntotal,,,,,,,,1,1500,500,100,20000000000,4000000000,6000000000,0,10000000000,0,0.020000000,0.004000000,"
     "0.006000000,0.000000000,0.010000000,0.000000000,3.000000000,6.000000000,2.000000000,4.000000000,60.000000000,"
     "120.000000000,\"p/model "
     "\"\"x\"\"\",1.000000000,0.500000000,10.000000000,0.002250000,-0.017750000,-7.888889,3.000000000,3.000000000,"
     "2.000000000,2.000000000,60.000000000,60.000000000,,,,,,,,,,6000000000,4000000000,0,0,"
     "0.005555556,0.001111111,0.001666667,0.000000000,0.002777778,0.000000000\r\n"},
    {"csv", "\r\ntenant,,,,,,,\"'=b,\xc3\xa9\\xFF\",0,0,0,100,"},
    {"csv", "\r\nrow,,1970-01-01,,,,,a\\x1B[31m,1,1500,500,0,"},
    {"jsonl", "{\"table\":\"total\",\"row\":{\"requests\":1,\"tokens\":{\"input\":1500,"},
    {"jsonl", "{\"table\":\"models\",\"row\":{\"model\":\"org/model \\\"x\\\"\",\"requests\":1,"},
    {"prometheus",
     "llm_cost_per_million_tokens{model_name=\"org/model \\\"x\\\"\",model_version=\"\",namespace=\"\","
     "cost_basis=\"allocation\",phase=\"generation\",allocation_method=\"compute_time\"} 120.000000000\n"},
    /* 0.004 over 1,500 delivered input tokens */
    {"prometheus", "cost_basis=\"usage\",phase=\"prompt\",allocation_method=\"compute_time\"} 2.666666667\n"},
    {"prometheus", "cost_basis=\"usage\",phase=\"\",allocation_method=\"\"} 6.250000000\n"},
    /* 0.020 in 20 s */
    {"prometheus", "llm_total_hourly_cost{model_name=\"org/model \\\"x\\\"\",model_version=\"\",namespace=\"\","
		   "cost_basis=\"allocation\"} 3.600000000\n"},
    {"prometheus",
     "llm_cache_savings_fraction{model_name=\"org/model \\\"x\\\"\",model_version=\"\",namespace=\"\"} 0.333333333\n"},
    {"prometheus", "tollbook_gpu_seconds{model=\"org/model \\\"x\\\"\",part=\"idle\"} 10.000000000\n"},
    {"prometheus", "tollbook_tenant_cost{tenant=\"a\\\\x1B[31m\",part=\"prefill\"} 0.004000000\n"},
    {"prometheus", "tollbook_period_end_timestamp_seconds 20.000000000\n"},
    {"journal", "\n1970-01-01 GPU capacity from 1970-01-01T00:00:00Z\n"},
    {"journal",
     "    expenses:gpu:prefill:org/model--x--x3320f5ab0187:a--31m-x13d47508a1e9         0.004000000 USD  ; tenant a\\x1B[31m, "
     "model org/model \"x\"\n"},
    {"journal", "    expenses:gpu:idle:org/model--x--x3320f5ab0187:a--31m-x13d47508a1e9         0.004000000 USD"},
    {"journal", "    liabilities:gpu rent                                              -0.020000000 USD\n"},
    {"beancount", "1970-01-01 open Expenses:GPU:Prefill:Org-model--x--x3320f5ab0187:A--31m-x13d47508a1e9\n"},
    {"beancount", "  Expenses:GPU:Decode:Org-model--x--x3320f5ab0187:X-b-é--x0213cc048a77  0.006000000 USD\n"},
    {"beancount", "  Liabilities:GPU-Rent  -0.020000000 USD\n"},
    {"focus", "\r\n0.003000000,Self-hosted,Self-hosted,USD,1970-02-01T00:00:00Z,1970-01-01T00:00:00Z,Usage,,"
	      "Prefill of uncached input,Usage-Based,1970-01-01T00:00:20Z,1970-01-01T00:00:00Z,1000,Tokens,0.003000000,"
	      "0.003000000,Self-hosted,0.001000000,1.000000000,Standard,0.001,1000000 Tokens,"},
    {"focus", "Idle GPU time,Usage-Based,1970-01-01T00:00:20Z,1970-01-01T00:00:00Z,0.0011111111111,GPU-Hours,"},
};

TEST(test_lines) {
	struct worked_case w;

	worked_setup(&w);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = worked_render(&w, cases[i].format, 100);
		if (!strstr(text, cases[i].line)) {
			fprintf(stderr, "%s\n", text);
			fail_msg("%s: no line %s", cases[i].format, cases[i].line);
		}
		free(text);
	}
	worked_teardown(&w);
}

TEST(test_jsonl_parses) {
	struct json *j = json_new();
	struct worked_case w;
	size_t lines = 0;

	worked_setup(&w);
	char *text = worked_render(&w, "jsonl", 0);
	for (struct text rest = text_of(text), line; text_until(&rest, T("\n"), &line); lines++) {
		assert_true(json_parse(j, line, NULL));
	}
	assert_int_equal(lines, 1 + 1 + 2 + 2);
	free(text);
	json_free(j);
	worked_teardown(&w);
}

/* Only printable text and line ends, whatever the log contains. */
TEST(test_no_control_bytes) {
	static const char *const formats[] = {"table",     "json", "jsonl", "prometheus", "journal",
					      "beancount", "csv",  "focus", "html"};
	struct worked_case w;

	worked_setup(&w);
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		char *text = worked_render(&w, formats[i], 100);
		for (const char *c = text; *c; c++) {
			assert_true(*c == '\n' || (c[0] == '\r' && c[1] == '\n') || (unsigned char)*c >= 0x20);
		}
		free(text);
	}
	worked_teardown(&w);
}

/* ---- the same figures everywhere ---- */

/* No round figures: two models, three tenants, odd seconds. */
static void give_odd(struct worked_case *w) {
	static const char *const tenants[] = {"acme", "blue", "core"}, *const models[] = {"model \"x\"", "other"};

	for (int i = 0; i < 36; i++) {
		struct entry e = {
		    .slot_ns = i % 4 * NS_PER_HOUR,
		    .replica = names_id(w->names, i % 2 ? T("r1") : T("r2")),
		    .model = names_id(w->names, text_of(models[i % 2])),
		    .tenant = i % 6 < 3 ? names_id(w->names, text_of(tenants[i % 3])) : 0,
		    .kind = (enum entry_kind)(i % 6),
		    .grade = GRADE_B,
		    .rate_nano = 2490000001,
		    .gpu_ns = 7919 * INT64_C(104729) * (i + 1),
		    .tokens = i % 6 < 3 ? 7919 * (i + 1) : 0,
		    .requests = i % 6 == 0,
		};
		assert_int_equal(statement_add_entry(w->s, &e), 0);
	}
}

static void setup_odd(struct worked_case *w) {
	struct report_options o;
	struct fault why = {0};

	worked_setup(w);
	statement_free(w->s);
	quality_release(&w->quality);
	quality_init(&w->quality);
	worked_options(w, &o);
	w->s = statement_new(&o);
	give_odd(w);
	assert_int_equal(statement_finish(w->s, &w->quality, &why), 0);
}

static void expect_figure(const char *format, const char *text, int64_t nano) {
	char figure[DECIMAL_TEXT_MAX];
	if (!strstr(text, decimal_format(nano, 9, figure))) {
		fail_msg("%s: no %s", format, figure);
	}
}

static void expect_blocks(const char *format, const char *text, const struct table *t) {
	for (size_t i = 0; i < t->count; i++) {
		const struct block *b = &t->rows[i].block;
		for (int k = 0; k < TOKEN_KINDS; k++) {
			if (b->unit[k].known) {
				expect_figure(format, text, b->unit[k].busy_nano);
				expect_figure(format, text, b->unit[k].loaded_nano);
			}
		}
		for (int p = 0; p < PARTS; p++) {
			expect_figure(format, text, part_nano(b, p));
		}
		expect_figure(format, text, b->list_known ? b->margin_nano : 0);
	}
}

static void expect_lines(struct worked_case *w) {
	char *journal = worked_render(w, "journal", 0), *focus = worked_render(w, "focus", 0);

	for (size_t i = 0; i < w->s->lines.count; i++) {
		const struct block *b = &w->s->lines.rows[i].block;
		for (int p = 0; p < PARTS; p++) {
			if (part_nano(b, p)) {
				expect_figure("journal", journal, part_nano(b, p));
			}
		}
		for (int k = 0; k < ENTRY_KINDS; k++) {
			if (b->cost_nano[k]) {
				expect_figure("focus", focus, b->cost_nano[k]);
			}
		}
	}
	expect_figure("journal", journal, -w->s->total.capacity_nano);
	free(journal);
	free(focus);
}

TEST(test_same_figures) {
	static const char *const formats[] = {"json", "jsonl", "csv", "prometheus"};
	struct worked_case w;

	setup_odd(&w);
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		char *text = worked_render(&w, formats[i], 0);
		expect_blocks(formats[i], text, &w.s->models);
		if (i < 3) {
			expect_blocks(formats[i], text, &w.s->tenants);
			expect_blocks(formats[i], text, &w.s->rows);
		}
		free(text);
	}
	char *html = worked_render(&w, "html", 0);
	for (size_t i = 0; i < w.s->tenants.count; i++) {
		expect_figure("html", html, w.s->tenants.rows[i].block.capacity_nano);
	}
	for (int p = 0; p < PARTS; p++) {
		expect_figure("html", html, part_nano(&w.s->total, p));
	}
	free(html);
	expect_lines(&w);
	worked_teardown(&w);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_jsonl_parses),
	    cmocka_unit_test(test_no_control_bytes),
	    cmocka_unit_test(test_same_figures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
