/*
 * Plain-text accounting for hledger and ledger: a transaction that moves the capacity's cost from the payment to its
 * uses, and balances to zero; one for each hour, day or month if --by has that and the tenant. Adjustments of closed
 * periods follow, each run's as a transaction on the day on which they count.
 */
#include <stdlib.h>

#include "core/instant.h"
#include "report/renderings/accounts.h"

#define RENT "liabilities:gpu rent"

static bool is_kept(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._-/@+", c) != NULL;
}

/*
 * A name as one level of an account: letters of any script, digits and . _ - / @ + are kept, all else becomes '-',
 * and then a hash of the name follows. The name itself is in a comment.
 */
static void level_of(struct text name, char out[LEVEL_MAX]) {
	size_t len = 0, i = 0;
	bool whole = !text_eq(name, T("none")) && !text_eq(name, T("unallocated"));

	while (i < name.len && len + 4 + ACCOUNT_HASH_LEN < LEVEL_MAX) {
		size_t wide = account_wide_letter(text_cut(name, i, name.len));
		bool keep = wide > 0 || is_kept(name.at[i]);
		wide = wide > 0 ? wide : 1;
		memcpy(out + len, keep ? name.at + i : "-", wide);
		len += wide;
		i += wide;
		whole = whole && keep;
	}
	out[len] = '\0';
	/* A name that looks like one with a hash gets its own. */
	whole = whole && i == name.len && !(len > ACCOUNT_HASH_LEN && text_starts(text_of(out + len - ACCOUNT_HASH_LEN), T("-x")));
	if (name.len == 0) {
		snprintf(out, LEVEL_MAX, "none");
	} else if (!whole) {
		account_add_hash(name, out, len);
	}
}

static void put_comment(FILE *out, const struct row *row) {
	char tenant[256], model[256];

	printable(row->tenant, tenant, sizeof tenant);
	printable(row->model, model, sizeof model);
	fprintf(out, "  ; tenant %s, model %s\n", tenant[0] ? tenant : "(none)", model[0] ? model : "(none)");
}

static void put_posting(FILE *out, const struct statement *s, const char *account, int64_t nano) {
	char amount[DECIMAL_TEXT_MAX];
	fprintf(out, "    %-58s  %18s ", account, decimal_format(nano, 9, amount));
	currency_put(out, s);
}

static void account_of(const struct row *row, int part, char out[ACCOUNT_MAX]) {
	char model[LEVEL_MAX], tenant[LEVEL_MAX];

	level_of(row->model, model);
	level_of(row->tenant, tenant);
	if (row->not_allocated) {
		snprintf(out, ACCOUNT_MAX, "expenses:gpu:%s:unallocated", part_names[part]);
		return;
	}
	snprintf(out, ACCOUNT_MAX, "expenses:gpu:%s:%s:%s", part_names[part], model, tenant);
}

/* Declared, for strict checking; several such files in one journal may declare the same. */
static void put_declarations(FILE *out, const struct statement *s, const struct table *adjusted) {
	fputs("commodity ", out);
	currency_put(out, s);
	accounts_put(out, s, adjusted, account_of, "\naccount ", "");
	fputs("\naccount " RENT "\n", out);
}

static void put_line(FILE *out, const struct statement *s, const struct row *row) {
	char account[ACCOUNT_MAX];

	for (int i = 0; i < PARTS; i++) {
		if (part_nano(&row->block, i) != 0) {
			account_of(row, i, account);
			put_posting(out, s, account, part_nano(&row->block, i));
			put_comment(out, row);
		}
	}
}

static void put_postings(FILE *out, const struct statement *s, const struct table *lines, size_t from, size_t count,
			 int64_t nano) {
	for (size_t i = from; i < from + count; i++) {
		put_line(out, s, table_at(lines, i));
	}
	put_posting(out, s, RENT, -nano);
	fputc('\n', out);
}

static void put_transaction(FILE *out, const struct statement *s, const struct table *lines, size_t from, size_t count,
			    bool timed, int64_t nano) {
	char date[32], start[INSTANT_TEXT_MAX], end[INSTANT_TEXT_MAX];

	lines_date(s, table_at(lines, from), timed, date);
	if (timed) {
		fprintf(out, "\n%s GPU capacity from %s\n", date, instant_format(table_at(lines, from)->bucket_ns, start));
	} else {
		fprintf(out, "\n%s GPU capacity from %s to %s\n", date, instant_format(s->options.from_ns, start),
			instant_format(s->options.to_ns, end));
	}
	put_postings(out, s, lines, from, count, nano);
}

void render_journal(const struct statement *s, const struct rendering_options *r, FILE *out) {
	bool timed;
	const struct table *lines = lines_of(s, &timed);
	int64_t nano;

	(void)r;
	accounts_put_head(out, s);
	struct table adjusted = adjusted_lines(s);
	if (lines->count + adjusted.count > 0) {
		put_declarations(out, s, &adjusted);
	}
	for (size_t i = 0, count; i < lines->count; i += count) {
		count = lines_together(lines, i, timed, &nano);
		put_transaction(out, s, lines, i, count, timed, nano);
	}
	adjustments_put(out, s, &adjusted, put_postings, "", "");
	free(adjusted.rows);
}
