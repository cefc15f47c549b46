#include "cli/values.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/typo.h"
#include "core/decimal.h"
#include "core/instant.h"

static int wrong(struct fault *why, const char *what) {
	return fault_set(why, ERROR_CONFIG, "%s", what);
}

int value_flag(const struct option *o, void *into, const char *value, struct fault *why) {
	(void)o, (void)value, (void)why;
	*(bool *)into = true;
	return 0;
}

int value_text(const struct option *o, void *into, const char *value, struct fault *why) {
	if (!*value) {
		return fault_set(why, ERROR_CONFIG, "is empty, expected %s", o->argument);
	}
	*(const char **)into = value;
	return 0;
}

int value_list(const struct option *o, void *into, const char *value, struct fault *why) {
	if (!*value) {
		return fault_set(why, ERROR_CONFIG, "is empty, expected %s", o->argument);
	}
	list_add(into, value);
	return 0;
}

int value_money(const struct option *o, void *into, const char *value, struct fault *why) {
	(void)o;
	int64_t nano;

	if (!decimal_parse(text_of(value), 0, &nano) || nano < 0) {
		return wrong(why, "is not a price, expected a decimal such as 2.49");
	}
	*(int64_t *)into = nano;
	return 0;
}

int value_given_money(const struct option *o, void *into, const char *value, struct fault *why) {
	struct given_money *m = into;

	m->given = true;
	return value_money(o, &m->nano, value, why);
}

int value_share(const struct option *o, void *into, const char *value, struct fault *why) {
	int64_t nano;

	(void)o;
	if (!decimal_parse(text_of(value), 0, &nano) || nano <= 0 || nano > NANO) {
		return wrong(why, "is out of range, expected a share over 0 and at most 1, such as 0.5");
	}
	*(int64_t *)into = nano;
	return 0;
}

int value_part(const struct option *o, void *into, const char *value, struct fault *why) {
	struct given_money *m = into;

	(void)o;
	if (!decimal_parse(text_of(value), 0, &m->nano) || m->nano < 0 || m->nano >= NANO) {
		return wrong(why, "is out of range, expected a share from 0 and under 1, such as 0.5");
	}
	m->given = true;
	return 0;
}

int value_figure(const struct option *o, void *into, const char *value, struct fault *why) {
	int64_t nano;

	if (!decimal_parse(text_of(value), 0, &nano) || nano <= 0) {
		return fault_set(why, ERROR_CONFIG, "is not a valid number, expected a decimal over 0 for %s", o->argument);
	}
	*(int64_t *)into = nano;
	return 0;
}

int value_factor(const struct option *o, void *into, const char *value, struct fault *why) {
	int64_t nano;

	(void)o;
	struct text t = text_of(value);
	text_skip(&t, T("x")); /* as "x2" */
	if (!decimal_parse(t, 0, &nano) || nano < NANO / 1000 || nano > 1000000 * NANO) {
		return wrong(why, "is out of range, expected a factor from 0.001 to 1000000");
	}
	*(int64_t *)into = nano;
	return 0;
}

int value_count(const struct option *o, void *into, const char *value, struct fault *why) {
	(void)o;
	int64_t n;

	if (!text_to_i64(text_of(value), &n) || n < 1 || n > 1000000000) {
		return wrong(why, "is not a count, expected a whole number from 1");
	}
	*(int64_t *)into = n;
	return 0;
}

int value_bytes(const struct option *o, void *into, const char *value, struct fault *why) {
	(void)o;
	static const char units[] = "kmgKMG";
	struct text t = text_of(value);
	int64_t n;
	int shift = 0;

	bool ok = text_take_i64(&t, &n) && n >= 1;
	if (ok && t.len == 1) {
		const char *unit = memchr(units, t.at[0], sizeof units - 1);
		ok = unit != NULL;
		shift = unit ? 10 * (int)((unit - units) % 3 + 1) : 0;
	} else if (t.len > 1) {
		ok = false;
	}
	if (!ok || n > (INT64_C(1) << 50) >> shift) {
		return wrong(why, "is not a number of bytes, expected one such as 1048576, 64k, 16M or 1G");
	}
	*(int64_t *)into = n << shift;
	return 0;
}

int value_year(const struct option *o, void *into, const char *value, struct fault *why) {
	(void)o;
	int64_t n;

	if (!text_to_i64(text_of(value), &n) || n < 1970 || n > 2261) {
		return wrong(why, "is not a year, expected one such as 2026");
	}
	*(int64_t *)into = n;
	return 0;
}

/* The index of the word, or -1 with a fault that lists the words and suggests one. */
static int find_choice(const struct option *o, const char *value, struct fault *why) {
	char all[360] = "";
	struct typo typo;

	typo_init(&typo, value);
	for (size_t i = 0; o->choice(i); i++) {
		if (strcmp(o->choice(i), value) == 0) {
			return (int)i;
		}
		typo_offer(&typo, o->choice(i));
		size_t len = strlen(all);
		snprintf(all + len, sizeof all - len, "%s%s", i > 0 ? ", " : "", o->choice(i));
	}
	if (typo.nearest) {
		return fault_set(why, -1, "is not one of %s; did you mean %s?", all, typo.nearest);
	}
	return fault_set(why, -1, "is not one of %s", all);
}

int value_choice(const struct option *o, void *into, const char *value, struct fault *why) {
	int i = find_choice(o, value, why);

	if (i < 0) {
		return ERROR_CONFIG;
	}
	*(int *)into = i;
	return 0;
}

int value_word(const struct option *o, void *into, const char *value, struct fault *why) {
	int i = find_choice(o, value, why);

	if (i < 0) {
		return ERROR_CONFIG;
	}
	*(const char **)into = value;
	return 0;
}

int value_instant_text(const struct option *o, void *into, const char *value, struct fault *why) {
	(void)o;
	int64_t ns;

	if (!instant_parse(text_of(value), &ns)) {
		return wrong(why, "is not an instant, expected 2026-11-20 or 2026-11-20T08:00:00Z");
	}
	*(const char **)into = value;
	return 0;
}

int value_by(const struct option *o, void *into, const char *value, struct fault *why) {
	(void)o;
	return settings_by(into, value, why);
}

int value_idle(const struct option *o, void *into, const char *value, struct fault *why) {
	int i = find_choice(o, value, why);

	if (i < 0) {
		return ERROR_CONFIG;
	}
	*(bool *)into = i == 1;
	return 0;
}

int value_markdown(const struct option *o, void *into, const char *value, struct fault *why) {
	(void)o;
	(void)value;
	(void)why;
	*(const char **)into = "markdown";
	return 0;
}

const char *page_format_word(size_t i) {
	static const char *const words[] = {"table", "csv", "json", "html", "markdown"};
	return i < sizeof words / sizeof *words ? words[i] : NULL;
}
