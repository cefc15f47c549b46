/*
 * Plain-text accounting for beancount: the transactions of the journal, with the accounts
 * opened, and named as beancount wants them.
 */
#include <stdlib.h>

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

/* Accounts are opened once, in the order in which they first come; two names may come to the same one. */
static int compare_names(const void *a, const void *b) {
	return strcmp(a, b);
}

static size_t list_accounts(const struct table *lines, char (*accounts)[ACCOUNT_MAX]) {
	size_t count = 0;

	for (size_t i = 0; i < lines->count; i++) {
		for (int part = 0; part < PARTS; part++) {
			if (part_nano(&lines->rows[i].block, part) != 0) {
				account_of(&lines->rows[i], part, accounts[count++]);
			}
		}
	}
	return count;
}

static void put_opens(FILE *out, const struct statement *s, const struct table *adjusted, const char *date) {
	char(*accounts)[ACCOUNT_MAX] = must_alloc(((s->lines.count + adjusted->count) * PARTS + 1) * sizeof(*accounts));
	size_t count = list_accounts(&s->lines, accounts);

	count += list_accounts(adjusted, accounts + count);
	if (count > 0) {
		qsort(accounts, count, sizeof(*accounts), compare_names);
	}
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(accounts[i], accounts[i - 1]) != 0) {
			fprintf(out, "%s open %s\n", date, accounts[i]);
		}
	}
	fprintf(out, "%s open Liabilities:GPU-Rent\n", date);
	free(accounts);
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
			if (part_nano(&lines->rows[i].block, part) != 0) {
				account_of(&lines->rows[i], part, account);
				put_amount(out, s, account, part_nano(&lines->rows[i].block, part));
			}
		}
	}
	put_amount(out, s, "Liabilities:GPU-Rent", -nano);
}

static void put_transaction(FILE *out, const struct statement *s, const struct table *lines, size_t from, size_t count,
			    bool timed, int64_t nano) {
	char date[32], start[INSTANT_TEXT_MAX];

	fprintf(out, "\n%s * \"GPU capacity from %s\"\n", lines_date(s, &lines->rows[from], timed, date),
		instant_format(timed ? lines->rows[from].bucket_ns : s->options.from_ns, start));
	put_postings(out, s, lines, from, count, nano);
}

static void put_adjustments(FILE *out, const struct statement *s, const struct table *adjusted) {
	char date[INSTANT_TEXT_MAX];
	int64_t nano;

	for (size_t i = 0, count; i < adjusted->count; i += count) {
		const struct report_adjustment *a = &s->adjustments.rows[i].said;
		count = adjusted_together(s, i, &nano);
		fprintf(out, "\n%.10s * \"Adjustment of %s: later evidence, run %lld\"\n", instant_format(a->posted_ns, date), a->period,
			(long long)a->run);
		put_postings(out, s, adjusted, i, count, nano);
	}
}

/* The first day of any transaction. */
static void first_date(const struct statement *s, const struct table *lines, bool timed, const struct table *adjusted,
		       char date[32]) {
	char posted[INSTANT_TEXT_MAX];

	snprintf(date, 32, "9999-12-31");
	if (lines->count > 0) {
		lines_date(s, &lines->rows[0], timed, date);
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
	struct table adjusted = adjusted_lines(s);
	if (lines->count + adjusted.count > 0) {
		first_date(s, lines, timed, &adjusted, date);
		put_opens(out, s, &adjusted, date);
	}
	for (size_t i = 0, count; i < lines->count; i += count) {
		count = lines_together(lines, i, timed, &nano);
		put_transaction(out, s, lines, i, count, timed, nano);
	}
	put_adjustments(out, s, &adjusted);
	free(adjusted.rows);
}
