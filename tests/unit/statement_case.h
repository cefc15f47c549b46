/* statement_case.h: a statement with a small catalogue, for tests that add entries. */
#ifndef TESTS_STATEMENT_CASE_H
#define TESTS_STATEMENT_CASE_H

#include "report/statement.h"

#define SECOND NS_PER_SECOND
#define HOUR NS_PER_HOUR

static const char catalogue[] = "[{\"id\":\"p\",\"models\":[{\"id\":\"m\",\"prices\":"
				"{\"input_mtok\":{\"base\":1,\"tiers\":[{\"start\":1000,\"price\":2}]},\"cache_write_"
				"mtok\":1.25,\"output_mtok\":10}}]}]";

struct fixture {
	struct names *names;
	struct prices *prices;
	struct quality quality;
	struct statement *s;
};

static inline struct report_options options_of(const struct fixture *f) {
	return (struct report_options){
	    .names = f->names,
	    .prices = f->prices,
	    .currency = "USD",
	    .rule = "shapley",
	    .version = "test",
	    .fleet_sha256 = "",
	    .idle_proportional = true,
	    .to_ns = 10 * HOUR,
	};
}

static inline void start(struct fixture *f, const struct report_options *o) {
	f->s = statement_new(o);
	quality_init(&f->quality);
	f->quality.requests = 1;
}

static inline int setup(void **state) {
	struct fixture *f = must_calloc(1, sizeof(*f));
	struct price_source source = {0};
	struct fault why;

	f->names = names_new();
	f->prices = prices_new();
	assert_int_equal(prices_add_bytes(f->prices, "c", text_of(catalogue), &source, &why), 0);
	struct report_options o = options_of(f);
	start(f, &o);
	*state = f;
	return 0;
}

static inline void stop(struct fixture *f) {
	statement_free(f->s);
	quality_release(&f->quality);
}

static inline int teardown(void **state) {
	struct fixture *f = *state;
	stop(f);
	prices_free(f->prices);
	names_free(f->names);
	free(f);
	return 0;
}

static inline struct entry entry_of(struct fixture *f, const char *tenant, enum entry_kind kind, int64_t gpu_ns,
				    int64_t tokens) {
	return (struct entry){
	    .replica = names_id(f->names, T("r0")),
	    .model = names_id(f->names, T("m")),
	    .tenant = names_id(f->names, text_of(tenant)),
	    .kind = kind,
	    .grade = kind <= ENTRY_OUTPUT ? GRADE_A : GRADE_NONE,
	    .rate_nano = 3600 * INT64_C(1000000), /* 3.60 an hour: 0.001 a second */
	    .gpu_ns = gpu_ns,
	    .tokens = tokens,
	};
}

static inline void give(struct fixture *f, const char *tenant, enum entry_kind kind, int64_t gpu_ns, int64_t tokens) {
	struct entry e = entry_of(f, tenant, kind, gpu_ns, tokens);
	e.requests = kind == ENTRY_INPUT;
	assert_int_equal(statement_add_entry(f->s, &e), 0);
}

static inline void finish(struct fixture *f) {
	struct fault why = {0};
	if (statement_finish(f->s, &f->quality, &why)) {
		fail_msg("%s", why.message);
	}
}

#endif
