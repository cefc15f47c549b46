#include "report/renderings/accounts.h"

#include <stdlib.h>

#include "core/exact.h"
#include "core/instant.h"

void account_add_hash(struct text name, char *out, size_t len) {
	snprintf(out + len, ACCOUNT_HASH_LEN + 1, "-x%012llx", (unsigned long long)(text_hash(name) & 0xffffffffffff));
}

size_t account_wide_letter(struct text t) {
	unsigned char first = t.len > 0 ? (unsigned char)t.at[0] : 0;
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
	char safe[64];

	if (len == 0 || len > t.len) {
		return 0;
	}
	printable(text_cut(t, 0, len), safe, sizeof safe);
	return strlen(safe) == len && memcmp(safe, t.at, len) == 0 ? len : 0;
}

static int compare_accounts(const void *a, const void *b) {
	return strcmp(a, b);
}

static size_t list_accounts(const struct table *lines, account_namer *name, char (*accounts)[ACCOUNT_MAX]) {
	size_t count = 0;

	for (size_t i = 0; i < lines->count; i++) {
		for (int part = 0; part < PARTS; part++) {
			if (part_nano(&table_at(lines, i)->block, part) != 0) {
				name(table_at(lines, i), part, accounts[count++]);
			}
		}
	}
	return count;
}

/* Two names may come to the same account. */
void accounts_put_head(FILE *out, const struct statement *s) {
	fprintf(out, "; tollbook %s, rule %s\n", s->options.version ? s->options.version : "", s->options.rule ? s->options.rule : "");
}

void accounts_put(FILE *out, const struct statement *s, const struct table *adjusted, account_namer *name,
		  const char *before, const char *after) {
	char(*accounts)[ACCOUNT_MAX] = must_alloc(((s->lines.count + adjusted->count) * PARTS + 1) * sizeof(*accounts));
	size_t count = list_accounts(&s->lines, name, accounts);

	count += list_accounts(adjusted, name, accounts + count);
	qsort(accounts, count, sizeof(*accounts), compare_accounts);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(accounts[i], accounts[i - 1]) != 0) {
			fprintf(out, "%s%s%s", before, accounts[i], after);
		}
	}
	free(accounts);
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

void adjustments_put(FILE *out, const struct statement *s, const struct table *adjusted, postings_putter *put,
		     const char *before, const char *after) {
	char date[INSTANT_TEXT_MAX];
	int64_t nano;

	for (size_t i = 0, count; i < adjusted->count; i += count) {
		const struct report_adjustment *a = &s->adjustments.rows[i].said;
		count = adjusted_together(s, i, &nano);
		struct table together = {.rows = adjusted->rows + i, .count = count};
		sum_rows(&together);
		fprintf(out, "\n%.10s %sAdjustment of %s: later evidence, run %lld%s\n", instant_format(a->posted_ns, date), before,
			a->period, (long long)a->run, after);
		put(out, s, &together, 0, together.count, nano);
	}
}
