/* Properties of renderings for any statement and any terminal: colours and letters change no figure, all forms are well-formed. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "core/json.h"
#include "report/renderings/grid.h"
#include "tests/unit/statement_case.h"

static uint32_t next_random(uint64_t *seed) {
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

static uint32_t below(uint64_t *seed, uint32_t n) {
	return next_random(seed) % n;
}

/* Of few or many models and tenants, with and without rates, prices, cached tokens, energy; all times or none. */
struct kind {
	uint32_t models, tenants, entries, hours;
	bool rated, listed, big;
};

static void add_entries(struct fixture *f, const struct kind *k, uint64_t *seed) {
	for (uint32_t i = 0; i < k->entries; i++) {
		char name[40];
		uint32_t model = below(seed, k->models);
		struct entry e = {
			.slot_ns = below(seed, k->hours) * HOUR,
			.replica = names_id(f->names, below(seed, 2) ? T("r0") : T("replica-one")),
			.kind = (enum entry_kind)below(seed, ENTRY_KINDS),
			.grade = (enum grade)below(seed, GRADES),
			.service = below(seed, 9) == 0 ? SERVICE_BATCH : SERVICE_STANDARD,
			.rate_nano = k->rated && below(seed, 20) ? 1234567891 : -1,
			.gpu_ns = (int64_t)next_random(seed) * (k->big ? 1000000 : 97),
			.energy_mj = below(seed, 2) ? next_random(seed) : 0,
		};
		snprintf(name, sizeof name, k->listed && model == 0 ? "m" : "a-model-%u", model);
		e.model = names_id(f->names, text_of(name));
		snprintf(name, sizeof name, "tenant \xe2\x82\xac %u", below(seed, k->tenants));
		e.tenant = e.kind <= ENTRY_OUTPUT && below(seed, 5) ? names_id(f->names, text_of(name)) : 0;
		if (e.kind <= ENTRY_OUTPUT) {
			e.tokens = below(seed, k->big ? 2000000000 : 100000);
			e.requests = e.kind == ENTRY_INPUT ? below(seed, 9) : 0;
			e.spread_ns = e.gpu_ns / (1 + below(seed, 100));
		} else {
			e.grade = GRADE_NONE;
		}
		assert_int_equal(statement_add_entry(f->s, &e), 0);
	}
}

static void make(struct fixture *f, uint64_t number) {
	uint64_t seed = number;
	struct report_options o = options_of(f);
	struct kind k = {.models = 1 + (number % 3 ? below(&seed, 4) : 0), .tenants = 1 + below(&seed, 40), .entries = below(&seed, 300),
	                 .hours = 1 + below(&seed, 60), .rated = number % 5 != 0, .listed = number % 4 != 0, .big = number % 2};

	stop(f);
	o.by_count = below(&seed, 3);
	o.by[0] = (enum by_key[]){BY_TENANT, BY_HOUR, BY_MODEL, BY_DAY, BY_REPLICA}[below(&seed, 5)];
	o.by[1] = o.by[0] == BY_TENANT ? BY_DAY : BY_TENANT;
	o.currency = number % 7 ? "USD" : "EUR";
	o.from_ns = below(&seed, 2) * 90 * SECOND;
	o.to_ns = number % 2 ? 3 * 24 * HOUR : (int64_t)k.hours * HOUR;
	start(f, &o);
	f->quality.lines = number % 6 ? below(&seed, 1000000) : 0;
	if (number % 4 == 1) {
		quality_warn(&f->quality, "a warning");
	}
	for (uint32_t i = below(&seed, 4); i > 0; i--) {
		char text[100];
		snprintf(text, sizeof text, "assumption %u, which is longer than a narrow terminal has room for in one line", i);
		quality_assume(&f->quality, "subject", text, "--option", "source", "%s", text);
	}
	add_entries(f, &k, &seed);
	finish(f);
}

static char *rendered(const struct fixture *f, const char *format, const struct rendering_options *r) {
	struct fault why = {0};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (statement_render(f->s, format, r, out, &why) != 0) {
		fail_msg("%s: %s", format, why.message);
	}
	fclose(out);
	return text;
}

/* Removes colours. */
static void strip(char *text) {
	char *to = text;

	for (char *c = text; *c; c++) {
		if (*c == '\033') {
			c = strchr(c, 'm');
			assert_non_null(c);
		} else {
			*to++ = *c;
		}
	}
	*to = '\0';
}

static size_t line_count(const char *text) {
	size_t n = 0;

	for (; *text; text++) {
		n += *text == '\n';
	}
	return n;
}

static void check_screen(const struct fixture *f, struct rendering_options r, uint64_t number) {
	char *plain = rendered(f, "table", &r);

	r.color = true;
	char *colored = rendered(f, "table", &r);
	strip(colored);
	if (strcmp(plain, colored) != 0) {
		size_t at = 0;
		while (plain[at] == colored[at]) {
			at++;
		}
		at -= at > 60 ? 60 : at;
		fail_msg("%llu: colours change the text: %.200s\n---\n%.200s", (unsigned long long)number, plain + at, colored + at);
	}
	r.ascii = true;
	char *letters = rendered(f, "table", &r);
	assert_int_equal(line_count(letters), line_count(plain));
	for (const char *c = letters; *c; c++) {
		if (strncmp(c, "\xe2\x96", 2) == 0) {
			fail_msg("%llu: a block character: %s", (unsigned long long)number, letters);
		}
	}
	free(plain);
	free(colored);
	free(letters);
}

/* Each terminal shows the same figures, the amount paid in its head. */
static void any_terminal(void **state) {
	static const int widths[] = {40, 80, 100, 160}, rows[] = {0, 10, 24, 60};
	struct fixture *f = *state;

	for (uint64_t number = 1; number <= 40; number++) {
		make(f, number);
		for (size_t i = 0; i < 16; i++) {
			struct rendering_options r = {.width = widths[i % 4], .rows = rows[i / 4], .screen = i % 5 != 4, .top = i % 3 == 2 ? 2 : 0,
			                              .verbose = i % 7 == 6, .sort = (int)(i % 2)};
			check_screen(f, r, number);
		}
		const struct rendering_options wide = {.width = 160, .rows = 50, .screen = true};
		char paid[FIGURE_MAX], sign[FIGURE_MAX], expected[3 * FIGURE_MAX], *text = rendered(f, "table", &wide);
		snprintf(expected, sizeof expected, " · paid %s%s", figure_sign(f->s, sign), figure_sum(f->s->total.capacity_nano, paid));
		if (!strstr(text, expected)) {
			fail_msg("%llu: not paid %s: %s", (unsigned long long)number, expected, text);
		}
		free(text);
	}
}

static size_t fields_of(const char *line, const char *end) {
	size_t n = 1;
	bool quoted = false;

	for (; line < end; line++) {
		quoted = quoted != (*line == '"');
		n += *line == ',' && !quoted;
	}
	return n;
}

static void check_rows(const char *line) {
	size_t fields = 0;

	for (const char *end; *line; line = end + 2) {
		end = strstr(line, "\r\n");
		assert_non_null(end);
		fields = fields > 0 ? fields : fields_of(line, end);
		assert_int_equal(fields_of(line, end), fields);
	}
}

/* JSON and its lines parse, rows of CSV have as many fields as their header, pages close what they open. */
static void any_form(void **state) {
	static const char *const formats[] = {"json", "jsonl", "csv", "focus", "html", "markdown", "prometheus", "journal", "beancount", "table"};
	struct fixture *f = *state;
	struct json *json = json_new();

	for (uint64_t number = 1; number <= 30; number++) {
		make(f, number);
		for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
			const struct rendering_options r = {.width = 100, .top = number % 3 == 0 ? 3 : 0, .focus_version = (int)(number % 2)};
			char *text = rendered(f, formats[i], &r), *again = rendered(f, formats[i], &r);
			assert_string_equal(text, again);
			if (i == 0) {
				assert_true(json_parse(json, text_of(text), NULL));
			} else if (i == 1) {
				for (struct text rest = text_of(text), line; text_until(&rest, T("\n"), &line);) {
					assert_true(json_parse(json, line, NULL));
				}
			} else if (i == 2 || i == 3) {
				check_rows(text);
			} else if (i == 4) {
				assert_non_null(strstr(text, "</html>"));
			}
			free(text);
			free(again);
		}
	}
	json_free(json);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(any_form, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
