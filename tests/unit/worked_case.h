/*
 * worked_case.h: one small statement with known figures, for tests of renderings.
 *
 * 3 s of prefill over 1,000 uncached tokens, 1 s over 500 cached, 6 s of decode over 100
 * tokens, 10 s idle, at 3.60 an hour: 0.020 in all, 0.010 busy, so loaded is twice busy. List
 * price 1 and 10 a million: revenue 0.0025.
 */
#ifndef TESTS_WORKED_CASE_H
#define TESTS_WORKED_CASE_H

#include <stdio.h>
#include <stdlib.h>

#include "report/statement.h"

struct worked_case {
	struct names *names;
	struct prices *prices;
	struct quality quality;
	struct statement *s;
};

static void worked_give(struct worked_case *w, struct text tenant, enum entry_kind kind, int64_t seconds,
			int64_t tokens) {
	struct entry e = {
	    .replica = names_id(w->names, T("r0")),
	    .model = names_id(w->names, T("org/model \"x\"")),
	    .tenant = names_id(w->names, tenant),
	    .kind = kind,
	    .grade = kind == ENTRY_OUTPUT  ? GRADE_A
		     : kind < ENTRY_OUTPUT ? GRADE_B
					   : GRADE_NONE,
	    .rate_nano = 3600000000,
	    .gpu_ns = seconds * NS_PER_SECOND,
	    .tokens = tokens,
	    .requests = kind == ENTRY_INPUT,
	};
	assert_int_equal(statement_add_entry(w->s, &e), 0);
}

static void worked_options(struct worked_case *w, struct report_options *o) {
	*o = (struct report_options){
	    .names = w->names,
	    .prices = w->prices,
	    .by = {BY_DAY, BY_TENANT},
	    .by_count = 2,
	    .currency = "USD",
	    .rule = "shapley",
	    .version = "0.0.0",
	    .fleet_sha256 = "",
	    .idle_proportional = true,
	    .to_ns = 20 * NS_PER_SECOND,
	};
}

static void worked_setup(struct worked_case *w) {
	static const char catalogue[] = "[{\"id\":\"p\",\"models\":[{\"id\":\"model \\\"x\\\"\",\"prices\":"
					"{\"input_mtok\":1,\"cache_read_mtok\":0.5,\"output_mtok\":10}}]}]";
	struct price_source source = {0};
	struct report_options o;
	struct fault why = {0};

	w->names = names_new();
	w->prices = prices_new();
	quality_init(&w->quality);
	assert_int_equal(prices_add_bytes(w->prices, "c", text_of(catalogue), &source, &why), 0);
	worked_options(w, &o);
	w->s = statement_new(&o);
	worked_give(w, T("a\x1b[31m"), ENTRY_INPUT, 3, 1000);
	worked_give(w, T("a\x1b[31m"), ENTRY_INPUT_CACHED, 1, 500);
	worked_give(w, T("=b,\xc3\xa9\xff"), ENTRY_OUTPUT, 6, 100);
	worked_give(w, T(""), ENTRY_IDLE, 10, 0);
	quality_reject(&w->quality, "invalid JSON", "log\n.txt", 0, 7);
	quality_damage(&w->quality, "cut.gz", "cut short", 99);
	assert_int_equal(statement_finish(w->s, &w->quality, &why), 0);
}

static void worked_teardown(struct worked_case *w) {
	statement_free(w->s);
	quality_release(&w->quality);
	prices_free(w->prices);
	names_free(w->names);
}

/* The output of a rendering; the caller frees it. */
static char *worked_render(struct worked_case *w, const char *format, int width) {
	struct rendering_options r = {.width = width};
	struct fault why = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(statement_render(w->s, format, &r, out, &why), 0);
	fclose(out);
	return text;
}

#endif
