/* Properties for any entries: parts sum to the whole, in any order. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "report/cells.h"
#include "tests/unit/statement_case.h"

static uint32_t next_random(uint64_t *seed) {
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

static struct entry random_entry(struct fixture *f, uint64_t *seed) {
	static const char *const tenants[] = {"", "a", "b", "ccc"}, *const models[] = {"m", "n", ""},
				 *const replicas[] = {"r0", "r1", "r10"};
	struct entry e = {
	    .slot_ns = next_random(seed) % 5 * HOUR,
	    .replica = names_id(f->names, text_of(replicas[next_random(seed) % 3])),
	    .model = names_id(f->names, text_of(models[next_random(seed) % 3])),
	    .tenant = names_id(f->names, text_of(tenants[next_random(seed) % 4])),
	    .kind = (enum entry_kind)(next_random(seed) % ENTRY_KINDS),
	    .grade = (enum grade)(next_random(seed) % GRADES),
	    .rate_nano = next_random(seed) % 3 == 0 ? -1 : (int64_t)(next_random(seed) % 2 + 1) * 1234567891,
	    .gpu_ns = next_random(seed) % 7 == 0 ? 0 : (int64_t)next_random(seed) * 97,
	};
	if (e.kind <= ENTRY_OUTPUT) {
		e.tokens = next_random(seed) % 100000;
		e.requests = next_random(seed) % 9;
	}
	return e;
}

#define ENTRIES 200

static void run_random(struct fixture *f, const struct entry *entries, size_t from, enum by_key by) {
	struct report_options o = options_of(f);
	o.by[0] = BY_HOUR;
	o.by[1] = by;
	o.by_count = 2;
	stop(f);
	start(f, &o);
	for (size_t i = 0; i < ENTRIES; i++) {
		assert_int_equal(statement_add_entry(f->s, &entries[(i * 7 + from) % ENTRIES]), 0);
	}
	finish(f);
}

static bool same_table(const struct table *a, const struct table *b) {
	for (size_t i = 0; a->count == b->count && i < a->count; i++) {
		const struct block *x = &a->rows[i].block, *y = &b->rows[i].block;
		if (x->capacity_ns != y->capacity_ns || x->capacity_nano != y->capacity_nano ||
		    memcmp(x->cost_nano, y->cost_nano, sizeof x->cost_nano) != 0 ||
		    memcmp(x->unit, y->unit, sizeof x->unit) != 0 || x->revenue_nano != y->revenue_nano) {
			return false;
		}
	}
	return a->count == b->count;
}

/* The pool, rounded once: the amount of an invoice. */
static int64_t invoice(const struct entry *entries) {
	int128 exact = 0;

	for (size_t i = 0; i < ENTRIES; i++) {
		exact += entries[i].rate_nano >= 0 ? (int128)entries[i].gpu_ns * entries[i].rate_nano : 0;
	}
	return (int64_t)exact_div(exact, HOUR);
}

static int64_t sum_of(const struct table *t) {
	int64_t sum = 0;
	for (size_t i = 0; i < t->count; i++) {
		sum += t->rows[i].block.capacity_nano;
	}
	return sum;
}

static int64_t sum_for(const struct table *t, struct text tenant, struct text model) {
	int64_t sum = 0;
	for (size_t i = 0; i < t->count; i++) {
		bool same = text_eq(t->rows[i].tenant, tenant) && text_eq(t->rows[i].model, model);
		sum += same ? t->rows[i].block.capacity_nano : 0;
	}
	return sum;
}

/* The rows of one tenant, or one model, over all hours equal its block, to the last unit. */
static void check_nesting(const struct statement *s, enum by_key by) {
	const struct table *t = by == BY_TENANT ? &s->tenants : &s->models;
	for (size_t i = 0; i < t->count; i++) {
		assert_int_equal(sum_for(&s->rows, t->rows[i].tenant, t->rows[i].model),
				 t->rows[i].block.capacity_nano);
	}
}

static void check_any_entries(struct fixture *f, enum by_key by) {
	struct entry entries[ENTRIES];

	for (uint64_t seed = 1; seed <= 50; seed++) {
		uint64_t random = seed;
		for (size_t i = 0; i < ENTRIES; i++) {
			entries[i] = random_entry(f, &random);
		}
		run_random(f, entries, 0, by);
		struct statement *first = f->s;
		struct report_options o = options_of(f);
		f->s = statement_new(&o);
		run_random(f, entries, 1 + seed, by);
		check_nesting(f->s, by);
		assert_int_equal(f->s->total.capacity_nano, invoice(entries));
		assert_int_equal(sum_of(&f->s->models), f->s->total.capacity_nano);
		assert_int_equal(sum_of(&f->s->tenants), f->s->total.capacity_nano);
		assert_int_equal(sum_of(&f->s->rows), f->s->total.capacity_nano);
		assert_true(same_table(&first->models, &f->s->models));
		assert_true(same_table(&first->tenants, &f->s->tenants));
		assert_true(same_table(&first->rows, &f->s->rows));
		statement_free(first);
	}
}

static void test_any_entries(void **state) {
	check_any_entries(*state, BY_TENANT);
	check_any_entries(*state, BY_MODEL);
}

/* A statement in one form; the caller frees. */
static char *rendered(struct fixture *f, const struct entry *entries, struct report_options o) {
	const struct rendering_options r = {.width = 100};
	struct fault why;
	char *text;
	size_t len;

	stop(f);
	start(f, &o);
	for (size_t i = 0; i < ENTRIES; i++) {
		assert_int_equal(statement_add_entry(f->s, &entries[i]), 0);
	}
	finish(f);
	FILE *out = open_memstream(&text, &len);
	assert_int_equal(statement_render(f->s, o.one_format, &r, out, &why), 0);
	fclose(out);
	return text;
}

/* Cells that are packed while entries come, and rows that are built when they are read, change nothing. */
static void check_packed(struct fixture *f, const struct entry *entries, const char *format, size_t cells_max) {
	struct report_options o = options_of(f);

	o.by[0] = BY_HOUR;
	o.by[1] = BY_TENANT;
	o.by[2] = BY_MODEL;
	o.by_count = 3;
	o.idle_proportional = cells_max % 2 == 0;
	o.one_format = format;
	char *expected = rendered(f, entries, o);
	o.cells_max = cells_max;
	o.rows_max = 1;
	char *got = rendered(f, entries, o);
	assert_string_equal(got, expected);
	assert_true(f->s->rows.built || strcmp(format, "html") == 0);
	free(expected);
	free(got);
}

static void test_packed(void **state) {
	size_t count;
	const struct rendering_info *forms = report_renderings(&count);
	struct entry entries[ENTRIES];

	for (uint64_t seed = 1; seed <= 5; seed++) {
		uint64_t random = seed;
		for (size_t i = 0; i < ENTRIES; i++) {
			entries[i] = random_entry(*state, &random);
		}
		for (size_t i = 0; i < count; i++) {
			check_packed(*state, entries, forms[i].name, seed);
		}
	}
}

/* Cells of any amounts, also those that no statement can have. */
static struct cube_cell random_cell(uint64_t *seed) {
	static const int64_t amounts[] = {0, 0, 0, 1, -1, 63, 64, 12345678901, INT64_MAX, INT64_MIN};
	struct cube_cell c;
	int64_t *const fields[] = {&c.slot_ns, &c.rate_nano, &c.gpu_ns, &c.tokens, &c.requests, &c.reasoning_tokens, &c.cache_write_tokens,
	                           &c.unknown_ntok, &c.spread_ns, &c.energy_mj, &c.metered_ns, &c.cost_nano};

	memset(&c, 0, sizeof c);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		*fields[i] = amounts[next_random(seed) % 10];
	}
	for (int g = 0; g < GRADE_NONE; g++) {
		c.evidence_ns[g] = next_random(seed) % 2 ? c.gpu_ns : amounts[next_random(seed) % 10];
	}
	for (int i = 0; i < CHARGE_KINDS * CHARGE_AMOUNTS; i++) {
		c.charge.of[i / CHARGE_AMOUNTS][i % CHARGE_AMOUNTS] = amounts[next_random(seed) % 10];
	}
	c.revenue = (int128)amounts[next_random(seed) % 10] * amounts[next_random(seed) % 8];
	c.fees = (int128)amounts[next_random(seed) % 10] * amounts[next_random(seed) % 8];
	c.model = next_random(seed);
	c.tenant = next_random(seed) % 300;
	c.kind = (enum entry_kind)(next_random(seed) % ENTRY_KINDS);
	c.bought = next_random(seed) % 2;
	c.unlisted = next_random(seed) % 2;
	c.borne = next_random(seed) % 2;
	return c;
}

TEST(test_any_cells) {
	enum { COUNT = 5000 };
	struct cell_numbers slots = {0}, rates = {0};
	struct cell_pile pile = {0};
	struct cube_cell *cells = must_calloc(COUNT, sizeof *cells), got;
	uint64_t seed = 7;

	memset(&got, 0, sizeof got);
	for (size_t i = 0; i < COUNT; i++) {
		cells[i] = random_cell(&seed);
		uint32_t place = cell_pile_add(&pile, &slots, &rates, &cells[i]);
		cell_pile_read(&pile, &slots, &rates, place, &got);
		assert_memory_equal(&got, &cells[i], sizeof got);
	}
	struct cell_pile_reader reader = {.pile = &pile, .left = pile.count};
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(cell_pile_next(&reader, &slots, &rates, &got));
		assert_memory_equal(&got, &cells[i], sizeof got);
	}
	assert_false(cell_pile_next(&reader, &slots, &rates, &got));
	cell_numbers_release(&slots);
	cell_numbers_release(&rates);
	free(cells);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_any_entries, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_packed, setup, teardown),
	    cmocka_unit_test(test_any_cells),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
