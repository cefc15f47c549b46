/*
 * Plain-text accounting for beancount: the transactions of the journal, with the accounts opened, and named as
 * beancount requires.
 */
#include <stdlib.h>

#include "core/instant.h"
#include "report/renderings/accounts.h"

static const char *const part_accounts[PARTS] = {"Prefill", "Decode", "Other", "Idle", "Unobserved"};

static bool is_alnum(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/*
 * One level of an account: a capital, a digit or a letter of another script first, then such letters, digits and '-';
 * a hash of the name follows if it differs in more than a lower-case first letter.
 */
static void level_of(struct text name, char out[LEVEL_MAX]) {
	size_t len = 0, i = 0;
	bool whole = !text_eq(name, T("none")) && !text_eq(name, T("unallocated"));

	if (name.len == 0) {
		snprintf(out, LEVEL_MAX, "None");
		return;
	}
	if (!is_alnum(name.at[0]) && account_wide_letter(name) == 0) {
		out[len++] = 'X';
		whole = false;
	}
	whole = whole && !(name.at[0] >= 'A' && name.at[0] <= 'Z');
	while (i < name.len && len + 4 + ACCOUNT_HASH_LEN < LEVEL_MAX) {
		size_t wide = account_wide_letter(text_cut(name, i, name.len));
		bool keep = wide > 0 || is_alnum(name.at[i]) || (name.at[i] == '-' && i > 0);
		wide = wide > 0 ? wide : 1;
		memcpy(out + len, keep ? name.at + i : "-", wide);
		if (len == 0 && out[0] >= 'a' && out[0] <= 'z') {
			out[0] = (char)(out[0] - 'a' + 'A');
		}
		len += wide;
		i += wide;
		whole = whole && keep;
	}
	out[len] = '\0';
	whole = whole && i == name.len && !(len > ACCOUNT_HASH_LEN && text_starts(text_of(out + len - ACCOUNT_HASH_LEN), T("-x")));
	if (!whole) {
		account_add_hash(name, out, len);
	}
}

static void account_of(const struct row *row, int part, char out[ACCOUNT_MAX]) {
	char model[LEVEL_MAX], tenant[LEVEL_MAX];

	level_of(row->model, model);
	level_of(row->tenant, tenant);
	if (row->not_allocated) {
		snprintf(out, ACCOUNT_MAX, "Expenses:GPU:%s:Unallocated", part_accounts[part]);
		return;
	}
	snprintf(out, ACCOUNT_MAX, "Expenses:GPU:%s:%s:%s", part_accounts[part], model, tenant);
}

/* Accounts are opened before the first transaction. */
static void put_opens(FILE *out, const struct statement *s, const struct table *adjusted, const char *date) {
	char open[48];

	snprintf(open, sizeof open, "%s open ", date);
	accounts_put(out, s, adjusted, account_of, open, "\n");
	fprintf(out, "%sLiabilities:GPU-Rent\n", open);
}

static void put_amount(FILE *out, const struct statement *s, const char *account, int64_t nano) {
	char amount[DECIMAL_TEXT_MAX];
	fprintf(out, "  %s  %s ", account, decimal_format(nano, 9, amount));
	currency_put(out, s);
	fputc('\n', out);
}

static void put_postings(FILE *out, const struct statement *s, const struct table *lines, size_t from, size_t count,
			 int64_t nano) {
	char account[ACCOUNT_MAX];

	for (size_t i = from; i < from + count; i++) {
		for (int part = 0; part < PARTS; part++) {
			if (part_nano(&table_at(lines, i)->block, part) != 0) {
				account_of(table_at(lines, i), part, account);
				put_amount(out, s, account, part_nano(&table_at(lines, i)->block, part));
			}
		}
	}
	put_amount(out, s, "Liabilities:GPU-Rent", -nano);
}

static void put_transaction(FILE *out, const struct statement *s, const struct table *lines, size_t from, size_t count,
			    bool timed, int64_t nano) {
	char date[32], start[INSTANT_TEXT_MAX];

	fprintf(out, "\n%s * \"GPU capacity from %s\"\n", lines_date(s, table_at(lines, from), timed, date),
		instant_format(timed ? table_at(lines, from)->bucket_ns : s->options.from_ns, start));
	put_postings(out, s, lines, from, count, nano);
}

/* The first day of any transaction. */
static void first_date(const struct statement *s, const struct table *lines, bool timed, const struct table *adjusted,
		       char date[32]) {
	char posted[INSTANT_TEXT_MAX];

	snprintf(date, 32, "9999-12-31");
	if (lines->count > 0) {
		lines_date(s, table_at(lines, 0), timed, date);
	}
	for (size_t i = 0; i < adjusted->count; i++) {
		instant_format(adjusted->rows[i].bucket_ns, posted);
		if (strncmp(posted, date, 10) < 0) {
			snprintf(date, 32, "%.10s", posted);
		}
	}
}

void render_beancount(const struct statement *s, const struct rendering_options *r, FILE *out) {
	bool timed;
	const struct table *lines = lines_of(s, &timed);
	char date[32];
	int64_t nano;

	(void)r;
	accounts_put_head(out, s);
	struct table adjusted = adjusted_lines(s);
	if (lines->count + adjusted.count > 0) {
		first_date(s, lines, timed, &adjusted, date);
		put_opens(out, s, &adjusted, date);
	}
	for (size_t i = 0, count; i < lines->count; i += count) {
		count = lines_together(lines, i, timed, &nano);
		put_transaction(out, s, lines, i, count, timed, nano);
	}
	adjustments_put(out, s, &adjusted, put_postings, "* \"", "\"");
	free(adjusted.rows);
}
