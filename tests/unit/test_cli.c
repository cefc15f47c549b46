/* Parsing of a command line: values by kind, and suggestions for a misspelled word. */

#include "tests/unit/unit.h"

#include "core/typo.h"
#include "cli/values.h"

static int64_t number_of(option_value *take, const char *value) {
	struct fault why = {0};
	int64_t n = -7;

	int error = take(&(struct option){.name = "x", .argument = "N"}, &n, value, &why);
	assert_true(error == 0 || (error == ERROR_CONFIG && why.message[0] != '\0' && n == -7));
	return n;
}

TEST(test_money) {
	assert_int_equal(number_of(value_money, "2.49"), 2490000000);
	assert_int_equal(number_of(value_money, "0"), 0);
	assert_int_equal(number_of(value_money, "2,49"), -7);
	assert_int_equal(number_of(value_money, "-1"), -7);
	assert_int_equal(number_of(value_money, ""), -7);
	assert_int_equal(number_of(value_money, "0.0000000001"), -7); /* no rounding */
}

TEST(test_counts) {
	assert_int_equal(number_of(value_count, "12"), 12);
	assert_int_equal(number_of(value_count, "0"), -7);
	assert_int_equal(number_of(value_count, "1e3"), -7);
	assert_int_equal(number_of(value_bytes, "65536"), 65536);
	assert_int_equal(number_of(value_bytes, "64k"), 65536);
	assert_int_equal(number_of(value_bytes, "16M"), 16 * 1048576);
	assert_int_equal(number_of(value_bytes, "1G"), 1073741824);
	assert_int_equal(number_of(value_bytes, "1T"), -7);
	assert_int_equal(number_of(value_bytes, "9999999999G"), -7);
	assert_int_equal(number_of(value_bytes, "10kb"), -7);
	assert_int_equal(number_of(value_year, "2026"), 2026);
	assert_int_equal(number_of(value_year, "26"), -7);
}

static const char *by_choice(size_t i) {
	return i < BY_KEYS ? by_key_names[i] : NULL;
}

TEST(test_by) {
	static const char *const wrong[] = {"", "day,", ",day", "day,day", "dya", "day model"};
	struct option o = {.name = "by", .argument = "KEYS", .choice = by_choice};
	struct by by = {0};
	struct fault why;

	assert_int_equal(value_by(&o, &by, "tenant,day,model", &why), 0);
	assert_int_equal(by.count, 3);
	assert_int_equal(by.key[0], BY_TENANT);
	assert_int_equal(by.key[1], BY_DAY);
	assert_int_equal(by.key[2], BY_MODEL);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(value_by(&o, &by, wrong[i], &why), ERROR_CONFIG);
	}
	assert_int_equal(value_by(&o, &by, "dya", &why), ERROR_CONFIG);
	assert_non_null(strstr(why.message, "did you mean day?"));
	/* At most, every key occurs once. */
	assert_int_equal(value_by(&o, &by, "hour,day,month,model,replica,pool,tenant", &why), 0);
	assert_int_equal(by.count, BY_KEYS);
}

static const char *nearest(const char *word) {
	static const char *const words[] = {"fleet", "format", "from", "gpu-hour", "prices", "list", "to"};
	struct typo t;

	typo_init(&t, word);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		typo_offer(&t, words[i]);
	}
	return t.nearest ? t.nearest : "";
}

TEST(test_typos) {
	assert_string_equal(nearest("flet"), "fleet");
	assert_string_equal(nearest("fleeet"), "fleet");
	assert_string_equal(nearest("gpuhour"), "gpu-hour");
	assert_string_equal(nearest("form"), "format"); /* the first of equal candidates: a prefix */
	assert_string_equal(nearest("fomrat"), "format");
	assert_string_equal(nearest("price"), "prices");
	assert_string_equal(nearest("banana"), "");
	assert_string_equal(nearest(""), "");
	assert_string_equal(nearest("a-word-that-is-much-longer-than-any-option-there-is"), "");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_money),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_by),
		cmocka_unit_test(test_typos),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
