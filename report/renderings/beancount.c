/*
 * Plain-text accounting for beancount: the transaction of the journal, with the accounts
 * opened, and named as beancount wants them.
 */
#include "core/instant.h"
#include "report/renderings/renderings.h"

#define NAME_MAX_BYTES 80
#define ACCOUNT_MAX (2 * NAME_MAX_BYTES + 40)

static const char *const part_accounts[PARTS] = {"Prefill", "Decode", "Other", "Idle", "Unobserved"};

static bool is_alnum(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* One level of an account: a capital or a digit first, then letters, digits and '-'. */
static void level_of(struct text name, char out[NAME_MAX_BYTES]) {
	size_t len = 0;
	if (name.len == 0) {
		name = T("None");
	}
	if (!is_alnum(name.at[0])) {
		out[len++] = 'X';
	}
	for (size_t i = 0; i < name.len && len + 1 < NAME_MAX_BYTES; i++) {
		char c = is_alnum(name.at[i]) ? name.at[i] : '-';
		out[len] = len == 0 && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		len++;
	}
	out[len] = '\0';
}

static void account_of(const struct row *row, int part, char out[ACCOUNT_MAX]) {
	char model[NAME_MAX_BYTES], tenant[NAME_MAX_BYTES];

	level_of(row->model, model);
	level_of(row->tenant, tenant);
	snprintf(out, ACCOUNT_MAX, "Expenses:GPU:%s:%s:%s", part_accounts[part], model, tenant);
}

/* Two names may come to the same account; it is opened once. */
static bool seen_before(const struct statement *s, size_t line, int part, const char *account) {
	char other[ACCOUNT_MAX];
	for (size_t i = 0; i < line; i++) {
		account_of(&s->lines.rows[i], part, other);
		if (part_nano(&s->lines.rows[i].block, part) != 0 && strcmp(other, account) == 0) {
			return true;
		}
	}
	return false;
}

static void put_line(FILE *out, const struct statement *s, size_t line, const char *date, bool opening) {
	const struct row *row = &s->lines.rows[line];
	char account[ACCOUNT_MAX], amount[DECIMAL_TEXT_MAX];

	for (int i = 0; i < PARTS; i++) {
		if (part_nano(&row->block, i) == 0) {
			continue;
		}
		account_of(row, i, account);
		if (!opening) {
			fprintf(out, "  %s  %s ", account, decimal_format(part_nano(&row->block, i), 9, amount));
			currency_put(out, s);
			fputc('\n', out);
		} else if (!seen_before(s, line, i, account)) {
			fprintf(out, "%s open %s\n", date, account);
		}
	}
}

void render_beancount(const struct statement *s, const struct rendering_options *r, FILE *out) {
	char date[32], from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX], amount[DECIMAL_TEXT_MAX];
	struct civil day;

	(void)r;
	instant_to_civil(s->options.from_ns, &day);
	snprintf(date, sizeof date, "%04d-%02d-%02d", day.year, day.month, day.day);
	for (size_t i = 0; i < s->lines.count; i++) {
		put_line(out, s, i, date, true);
	}
	fprintf(out, "%s open Liabilities:GPU-Rent\n\n%s * \"GPU capacity from %s to %s\"\n", date, date,
		instant_format(s->options.from_ns, from), instant_format(s->options.to_ns, to));
	for (size_t i = 0; i < s->lines.count; i++) {
		put_line(out, s, i, date, false);
	}
	fprintf(out, "  Liabilities:GPU-Rent  %s ", decimal_format(-s->total.capacity_nano, 9, amount));
	currency_put(out, s);
	fputc('\n', out);
}
