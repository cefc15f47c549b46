/*
 * Plain-text accounting for hledger and ledger, and for beancount: a transaction that moves the capacity's cost from the
 * payment to its uses, and balances to zero; one for each hour, day or month if --by has that and the tenant. Adjustments
 * of closed periods follow, each run's as a transaction on the day on which they count.
 */
#include <stdlib.h>

#include "core/exact.h"
#include "core/instant.h"
#include "report/renderings/renderings.h"

/* One level of an account, and a whole one: the part, model and tenant. */
#define LEVEL_MAX 120
#define ACCOUNT_MAX (2 * LEVEL_MAX + 40)

/* The syntax of one program. */
struct form {
	const char *const *parts;
	const char *root, *none, *unallocated, *rent;
	const char *kept;   /* signs of names that an account keeps */
	bool capitals;      /* a level begins with a capital, a digit or a letter of another script */
	bool dated;         /* accounts are opened on a day, before the first transaction */
	bool comments;      /* names as they are, the commodity, and the end of the period */
	int indent, account_width, amount_width;
	const char *before, *after; /* around the title of a transaction */
};

static bool is_alnum(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Bytes of the character at the start of a text, if it is a letter or sign beyond ASCII that may be shown; else 0. */
static size_t wide_letter(struct text t) {
	unsigned char first = t.len > 0 ? (unsigned char)t.at[0] : 0;
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
	char safe[64];

	if (len == 0 || len > t.len) {
		return 0;
	}
	printable(text_cut(t, 0, len), safe, sizeof safe);
	return strlen(safe) == len && memcmp(safe, t.at, len) == 0 ? len : 0;
}

/*
 * A hash of the name, appended to a level that does not contain the whole name ("A-b-x1f2e3d4c5b6a"), so that no two
 * names share an account.
 */
#define HASH_LEN 14
static void add_hash(struct text name, char *out, size_t len) {
	snprintf(out + len, HASH_LEN + 1, "-x%012llx", (unsigned long long)(text_hash(name) & 0xffffffffffff));
}

/* Letters of any script, digits and some signs are kept, all else becomes '-', and then a hash of the name follows. */
static void level_of(const struct form *f, struct text name, char out[LEVEL_MAX]) {
	size_t len = 0, i = 0;
	bool whole = !text_eq(name, T("none")) && !text_eq(name, T("unallocated"));

	if (name.len == 0) {
		snprintf(out, LEVEL_MAX, "%s", f->none);
		return;
	}
	if (f->capitals && !is_alnum(name.at[0]) && wide_letter(name) == 0) {
		out[len++] = 'X';
		whole = false;
	}
	whole = whole && !(f->capitals && name.at[0] >= 'A' && name.at[0] <= 'Z');
	while (i < name.len && len + 4 + HASH_LEN < LEVEL_MAX) {
		size_t wide = wide_letter(text_cut(name, i, name.len));
		bool keep = wide > 0 || is_alnum(name.at[i]) || strchr(f->kept, name.at[i]) != NULL;
		wide = wide > 0 ? wide : 1;
		memcpy(out + len, keep ? name.at + i : "-", wide);
		if (f->capitals && len == 0 && out[0] >= 'a' && out[0] <= 'z') {
			out[0] = (char)(out[0] - 'a' + 'A');
		}
		len += wide;
		i += wide;
		whole = whole && keep;
	}
	out[len] = '\0';
	/* A name that looks like one with a hash gets its own. */
	whole = whole && i == name.len && !(len > HASH_LEN && text_starts(text_of(out + len - HASH_LEN), T("-x")));
	if (!whole) {
		add_hash(name, out, len);
	}
}

static void account_of(const struct form *f, const struct row *row, int part, char out[ACCOUNT_MAX]) {
	char model[LEVEL_MAX], tenant[LEVEL_MAX];

	level_of(f, row->model, model);
	level_of(f, row->tenant, tenant);
	if (row->not_allocated) {
		snprintf(out, ACCOUNT_MAX, "%s:%s:%s", f->root, f->parts[part], f->unallocated);
	} else {
		snprintf(out, ACCOUNT_MAX, "%s:%s:%s:%s", f->root, f->parts[part], model, tenant);
	}
}

/* ---- accounts, declared for strict checking; several files in one journal may declare the same ---- */

static int compare_accounts(const void *a, const void *b) {
	return strcmp(a, b);
}

static size_t list_accounts(const struct form *f, const struct table *lines, char (*accounts)[ACCOUNT_MAX]) {
	size_t count = 0;

	for (size_t i = 0; i < lines->count; i++) {
		for (int part = 0; part < PARTS; part++) {
			if (part_nano(&table_at(lines, i)->block, part) != 0) {
				account_of(f, table_at(lines, i), part, accounts[count++]);
			}
		}
	}
	return count;
}

/* The first day of any transaction. */
static void first_date(const struct statement *s, const struct table *lines, bool timed, const struct table *adjusted, char date[32]) {
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

/* Each account that lines and adjustments post to, once and in order: two names may come to the same account. */
static void put_accounts(FILE *out, const struct form *f, const struct statement *s, const struct table *lines, bool timed,
			 const struct table *adjusted) {
	char(*accounts)[ACCOUNT_MAX] = must_alloc(((s->lines.count + adjusted->count) * PARTS + 1) * sizeof(*accounts)), date[32] = "";
	size_t count = list_accounts(f, &s->lines, accounts);

	count += list_accounts(f, adjusted, accounts + count);
	qsort(accounts, count, sizeof(*accounts), compare_accounts);
	if (f->comments) {
		fputs("commodity ", out);
		currency_put(out, s);
		fputc('\n', out);
	}
	if (f->dated) {
		first_date(s, lines, timed, adjusted, date);
	}
	const char *verb = f->dated ? " open" : "account";
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(accounts[i], accounts[i - 1]) != 0) {
			fprintf(out, "%s%s %s\n", date, verb, accounts[i]);
		}
	}
	fprintf(out, "%s%s %s\n", date, verb, f->rent);
	free(accounts);
}

/* ---- transactions ---- */

static void put_comment(FILE *out, const struct row *row) {
	char tenant[256], model[256];

	printable(row->tenant, tenant, sizeof tenant);
	printable(row->model, model, sizeof model);
	fprintf(out, "  ; tenant %s, model %s", tenant[0] ? tenant : "(none)", model[0] ? model : "(none)");
}

/* row: NULL for the payment */
static void put_posting(FILE *out, const struct form *f, const struct statement *s, const char *account, int64_t nano, const struct row *row) {
	char amount[DECIMAL_TEXT_MAX];

	fprintf(out, "%*s%-*s  %*s ", f->indent, "", f->account_width, account, f->amount_width, decimal_format(nano, 9, amount));
	currency_put(out, s);
	if (f->comments && row) {
		put_comment(out, row);
	}
	fputc('\n', out);
}

static void put_postings(FILE *out, const struct form *f, const struct statement *s, const struct table *lines, size_t from, size_t count,
			 int64_t nano) {
	char account[ACCOUNT_MAX];

	for (size_t i = from; i < from + count; i++) {
		const struct row *row = table_at(lines, i);
		for (int part = 0; part < PARTS; part++) {
			if (part_nano(&row->block, part) != 0) {
				account_of(f, row, part, account);
				put_posting(out, f, s, account, part_nano(&row->block, part), row);
			}
		}
	}
	put_posting(out, f, s, f->rent, -nano, NULL);
}

static void put_transaction(FILE *out, const struct form *f, const struct statement *s, const struct table *lines, size_t from, size_t count,
			    bool timed, int64_t nano) {
	char date[32], start[INSTANT_TEXT_MAX], end[INSTANT_TEXT_MAX];
	bool ends = f->comments && !timed;

	fprintf(out, "\n%s %sGPU capacity from %s%s%s%s\n", lines_date(s, table_at(lines, from), timed, date), f->before,
		instant_format(timed ? table_at(lines, from)->bucket_ns : s->options.from_ns, start), ends ? " to " : "",
		ends ? instant_format(s->options.to_ns, end) : "", f->after);
	put_postings(out, f, s, lines, from, count, nano);
}

/* Rows of one transaction with the same names post to the same accounts: they become one row with their sum. */
static bool add_block(struct block *into, const struct block *b) {
	bool fits = exact_add(&into->capacity_nano, b->capacity_nano);

	for (int k = 0; k < ENTRY_KINDS; k++) {
		fits = exact_add(&into->cost_nano[k], b->cost_nano[k]) && fits;
		into->gpu_ns[k] += b->gpu_ns[k];
	}
	for (int k = 0; k < TOKEN_KINDS; k++) {
		fits = exact_add(&into->tokens[k], b->tokens[k]) && fits;
	}
	return fits;
}

static int by_names(const void *a, const void *b) {
	const struct row *x = a, *y = b;
	int order = text_compare(x->model, y->model);

	return order ? order : text_compare(x->tenant, y->tenant);
}

/* Sorts the rows and sums up those with the same names. */
static void sum_rows(struct table *t) {
	size_t kept = 0;

	qsort(t->rows, t->count, sizeof *t->rows, by_names);
	for (size_t i = 0; i < t->count; i++) {
		struct row sum = kept > 0 ? t->rows[kept - 1] : (struct row){.bucket_ns = 0};
		if (kept > 0 && by_names(&sum, &t->rows[i]) == 0 && add_block(&sum.block, &t->rows[i].block)) {
			t->rows[kept - 1] = sum;
		} else {
			t->rows[kept++] = t->rows[i];
		}
	}
	t->count = kept;
}

/* A transaction for what each run adjusted of a closed period. */
static void put_adjustments(FILE *out, const struct form *f, const struct statement *s, const struct table *adjusted) {
	char date[INSTANT_TEXT_MAX];
	int64_t nano;

	for (size_t i = 0, count; i < adjusted->count; i += count) {
		const struct report_adjustment *a = &s->adjustments.rows[i].said;
		count = adjusted_together(s, i, &nano);
		struct table together = {.rows = adjusted->rows + i, .count = count};
		sum_rows(&together);
		fprintf(out, "\n%.10s %sAdjustment of %s: later evidence, run %lld%s\n", instant_format(a->posted_ns, date), f->before,
			a->period, (long long)a->run, f->after);
		put_postings(out, f, s, &together, 0, together.count, nano);
	}
}

static void render(const struct statement *s, const struct form *f, FILE *out) {
	bool timed;
	const struct table *lines = lines_of(s, &timed);
	struct table adjusted = adjusted_lines(s);
	int64_t nano;

	/* an empty statement is not an empty file */
	fprintf(out, "; tollbook %s, rule %s\n", s->options.version ? s->options.version : "", s->options.rule ? s->options.rule : "");
	if (lines->count + adjusted.count > 0) {
		put_accounts(out, f, s, lines, timed, &adjusted);
	}
	for (size_t i = 0, count; i < lines->count; i += count) {
		count = lines_together(lines, i, timed, &nano);
		put_transaction(out, f, s, lines, i, count, timed, nano);
	}
	put_adjustments(out, f, s, &adjusted);
	free(adjusted.rows);
}

void render_journal(const struct statement *s, const struct rendering_options *r, FILE *out) {
	static const struct form journal = {
		.parts = part_names, .root = "expenses:gpu", .none = "none", .unallocated = "unallocated", .rent = "liabilities:gpu rent",
		.kept = "._-/@+", .comments = true, .indent = 4, .account_width = 58, .amount_width = 18, .before = "", .after = "",
	};

	(void)r;
	render(s, &journal, out);
}

void render_beancount(const struct statement *s, const struct rendering_options *r, FILE *out) {
	static const char *const parts[PARTS] = {"Prefill", "Decode", "Other", "Idle", "Unobserved"};
	static const struct form beancount = {
		.parts = parts, .root = "Expenses:GPU", .none = "None", .unallocated = "Unallocated", .rent = "Liabilities:GPU-Rent",
		.kept = "-", .capitals = true, .dated = true, .indent = 2, .before = "* \"", .after = "\"",
	};

	(void)r;
	render(s, &beancount, out);
}
