/*
 * A month of 50 tenants and 12 models, as a provider may have: every rendering is made, the page is small, and
 * tests/renderings/check checks the content. TOLLBOOK_RENDERINGS names the folder for the renderings.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <time.h>

#include "core/instant.h"
#include "report/renderings/renderings.h"

#define MODELS 12
#define TENANTS 50
#define HOURS (31 * 24)
/* 2026-10-01 */
#define START_NS (INT64_C(1790812800) * NS_PER_SECOND)

struct month {
	struct names *names;
	struct prices *prices;
	struct quality quality;
	struct statement *s;
	name_id models[MODELS], tenants[TENANTS];
	uint64_t seed;
};

static const char *const model_names[MODELS] = {
    "meta-llama/Llama-3.1-70B-Instruct",
    "deepseek-chat",
    "Qwen/Qwen3-32B-FP8",
    "gpt-4o",
    "claude-sonnet-4-5",
    "gemini-2.5-pro",
    "mistral-small-latest",
    "o3",
    "grok-4",
    "in-house/coder \"7b\" <beta>",
    "=cmd|' /C calc'!A0",
    "llama-3.1-8b-instant",
};

static uint32_t next_random(struct month *m) {
	m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(m->seed >> 33);
}

/* A day has a quiet night and a busy afternoon. */
static int64_t load_of(struct month *m, int hour) {
	static const int shape[24] = {2, 1, 1, 1, 1, 2, 4, 6, 9, 11, 12, 12, 11, 12, 13, 13, 12, 10, 8, 7, 6, 5, 4, 3};
	return shape[hour % 24] * (int64_t)(800 + next_random(m) % 400);
}

static void give(struct month *m, struct entry *e, enum entry_kind kind, int64_t gpu_ns, int64_t tokens) {
	e->kind = kind;
	e->grade = kind <= ENTRY_OUTPUT ? (enum grade)(e->model % 4) : GRADE_NONE;
	e->gpu_ns = gpu_ns;
	e->tokens = tokens;
	e->requests = kind == ENTRY_INPUT ? 1 + tokens / 1500 : 0;
	e->spread_ns = kind <= ENTRY_OUTPUT ? gpu_ns / 100 * (e->model % 7) : 0;
	e->energy_mj = gpu_ns / 1000000 * (kind == ENTRY_IDLE ? 90 : 550);
	e->metered_ns = e->model % 2 ? gpu_ns : 0;
	assert_int_equal(statement_add_entry(m->s, e), 0);
}

static int64_t give_tenant(struct month *m, struct entry *e, int tenant, int64_t load) {
	int64_t in = load * (1 + tenant % 7) * 480 / (1 + e->model % 5), cached = in / 3, out = in / (4 + tenant % 5);
	/* larger batches cost less per token; and all hours differ */
	int64_t speed = (26000 + 40000000 / (load + 1000)) / 10 * (1 + e->model % 5) * (90 + next_random(m) % 21) / 100;
	int64_t prefill = in * speed * 10, seen = cached * speed, decode = out * speed * 55;

	e->tenant = m->tenants[tenant];
	/* for some models, listed and not, tenants request a class of service */
	e->service = e->model == m->models[3] || e->model == m->models[9] ? (enum service)(tenant % SERVICES) : SERVICE_STANDARD;
	give(m, e, ENTRY_INPUT, prefill, in);
	give(m, e, ENTRY_INPUT_CACHED, seen, cached);
	give(m, e, ENTRY_OUTPUT, decode, out);
	return prefill + seen + decode;
}

/* One model in one hour: some of the tenants, and what is left of eight GPUs. */
static void give_hour(struct month *m, int model, int hour) {
	char replica[32];
	snprintf(replica, sizeof replica, "h100-%02d", model);
	struct entry e = {
	    .slot_ns = START_NS + hour * NS_PER_HOUR,
	    .replica = names_id(m->names, text_of(replica)),
	    .model = m->models[model],
	    .pool = names_id(m->names, T("prod")),
	    .rate_nano = hour < 15 * 24 ? 2490000000 : 2190000000,
	};
	int64_t load = load_of(m, hour + model), left = 8 * NS_PER_HOUR;

	for (int t = model % 4; t < TENANTS; t += 4) {
		left -= give_tenant(m, &e, t, load);
	}
	e.tenant = 0;
	e.service = SERVICE_STANDARD;
	assert_true(left > NS_PER_HOUR);
	give(m, &e, ENTRY_OTHER, left / 50, 0);
	give(m, &e, hour == 100 ? ENTRY_UNOBSERVED : ENTRY_IDLE, left - left / 50, 0);
}

static void give_sides(struct month *m) {
	static const char *const rules[] = {"shapley", "proportional", "prefill-first", "decode-first"};

	for (int model = 0; model < 3; model++) {
		for (int64_t from = 0; from < 65536; from = from ? 2 * from : 1024) {
			struct position_row row = {.model = m->models[model],
						   .from_ntok = from,
						   .to_ntok = from ? 2 * from : 1024,
						   .rate_nano = 2490000000,
						   .tokens = 4000000 / (1 + from / 1024)};
			row.to_ntok = row.to_ntok > 65536 ? INT64_MAX : row.to_ntok;
			row.kind = ENTRY_INPUT;
			row.gpu_ns = row.tokens * (30000 + from * (1 + model) / 4);
			assert_int_equal(statement_add_position(m->s, &row), 0);
			row.kind = ENTRY_OUTPUT;
			row.gpu_ns = row.tokens * (150000 + from * (2 + model));
			assert_int_equal(statement_add_position(m->s, &row), 0);
		}
		for (int r = 0; r < 4; r++) {
			struct rule_row row = {.rule = rules[r],
					       .model = m->models[model],
					       .rate_nano = 2490000000,
					       .prefill_gpu_ns = (100 + 7 * r) * NS_PER_HOUR,
					       .decode_gpu_ns = (300 - 7 * r) * NS_PER_HOUR};
			assert_int_equal(statement_add_rule(m->s, &row), 0);
		}
	}
}

static void begin(struct month *m, bool proportional) {
	struct fault why = {0};
	char name[64];

	*m = (struct month){.names = names_new(), .prices = prices_new(), .seed = 20261001};
	quality_init(&m->quality);
	m->quality.requests = 1234567;
	m->quality.lines = 98765432;
	if (prices_add_file(m->prices, "samples/prices.json", &why) != 0) {
		fail_msg("%s", why.message);
	}
	for (int i = 0; i < MODELS; i++) {
		m->models[i] = names_id(m->names, text_of(model_names[i]));
	}
	for (int i = 0; i < TENANTS; i++) {
		snprintf(name, sizeof name,
			 i == 7   ? "-2+3 <img src=x onerror=alert(1)>"
			 : i == 8 ? "caf\xc3\xa9 \x1b[31m\"&'"
				  : "team-%02d",
			 i);
		m->tenants[i] = names_id(m->names, text_of(name));
	}
	struct report_options o = {
	    .names = m->names,
	    .prices = m->prices,
	    .by = {BY_DAY, BY_MODEL},
	    .by_count = 2,
	    .currency = "USD",
	    .rule = "shapley",
	    .version = "0.0.0",
	    .fleet_sha256 = "",
	    .idle_proportional = proportional,
	    .from_ns = START_NS,
	    .to_ns = START_NS + HOURS * NS_PER_HOUR,
	};
	if (!proportional) {
		o.by[1] = BY_TENANT; /* rows for FOCUS by day */
	}
	m->s = statement_new(&o);
}

static void fill(struct month *m) {
	struct fault why = {0};

	for (int hour = 0; hour < HOURS; hour++) {
		for (int model = 0; model < MODELS; model++) {
			give_hour(m, model, hour);
		}
	}
	give_sides(m);
	quality_reject(&m->quality, "invalid JSON", "logs/h100-03/2026-10-04.jsonl.zst", 0, 117);
	quality_damage(&m->quality, "logs/h100-05/2026-10-09.log.gz", "cut short", 99123);
	if (statement_finish(m->s, &m->quality, &why) != 0) {
		fail_msg("%s", why.message);
	}
}

static void end(struct month *m) {
	statement_free(m->s);
	quality_release(&m->quality);
	prices_free(m->prices);
	names_free(m->names);
}

/* The size of a rendering, which is also left where the checks look for it. */
static long render(struct month *m, const char *format, const char *folder, const char *name) {
	struct rendering_options r = {.width = 100};
	struct fault why = {0};
	char path[512];

	snprintf(path, sizeof path, "%s/%s.%s", folder ? folder : "/dev", name, format);
	FILE *out = fopen(folder ? path : "/dev/null", "w");
	assert_non_null(out);
	assert_int_equal(statement_render(m->s, format, &r, out, &why), 0);
	long size = ftell(out);
	fclose(out);
	return size;
}

static void render_all(struct month *m, const char *name) {
	size_t count;
	const struct rendering_info *infos = report_renderings(&count);

	for (size_t i = 0; i < count; i++) {
		render(m, infos[i].name, getenv("TOLLBOOK_RENDERINGS"), name);
	}
}

/* On a terminal of at least 50 columns no line is wider than the terminal. */
static void check_widths(struct month *m) {
	for (int width = 50; width <= 120; width += 10) {
		struct rendering_options r = {.width = width};
		struct fault why = {0};
		char *text = NULL, *line;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		assert_int_equal(statement_render(m->s, "table", &r, out, &why), 0);
		fclose(out);
		for (char *rest = text; (line = strsep(&rest, "\n")) != NULL;) {
			if ((int)printable_width(line) > width) {
				fail_msg("wider than %d: %s", width, line);
			}
		}
		free(text);
	}
}

TEST(test_month) {
	struct month m;
	char *page = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&page, &size);
	struct rendering_options r = {.width = 100};
	struct fault why = {0};

	begin(&m, true);
	fill(&m);
	assert_int_equal(m.s->tenants.count, TENANTS);
	assert_int_equal(m.s->models.count, MODELS);
	assert_int_equal(statement_render(m.s, "html", &r, out, &why), 0);
	fclose(out);
	print_message("the page of the month has %zu bytes\n", size);
	assert_true(size < 1 << 20);
	free(page);
	check_widths(&m);
	render_all(&m, "month");
	end(&m);
}

TEST(test_separate) {
	struct month m;

	begin(&m, false);
	fill(&m);
	render_all(&m, "separate");
	end(&m);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_month),
	    cmocka_unit_test(test_separate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
