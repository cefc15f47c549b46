/*
 * Plain-text accounting, as hledger and ledger read it: one transaction that takes the
 * capacity's cost from where it was paid to where it went, and balances to zero.
 */
#include "core/instant.h"
#include "report/renderings/renderings.h"

#define ACCOUNT_MAX 80

/*
 * A name as one level of an account: letters, digits and '.', '_', '-' stay, all else is a '-'.
 * The name itself follows in a comment where it is not the same.
 */
static void account_of(struct text name, char out[ACCOUNT_MAX]) {
	size_t len = 0;
	for (size_t i = 0; i < name.len && len + 1 < ACCOUNT_MAX; i++) {
		char c = name.at[i];
		bool keep =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
		out[len++] = keep ? c : '-';
	}
	snprintf(out + len, ACCOUNT_MAX - len, "%s", len == 0 ? "none" : "");
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

static void put_line(FILE *out, const struct statement *s, const struct row *row) {
	char model[ACCOUNT_MAX], tenant[ACCOUNT_MAX], account[2 * ACCOUNT_MAX + 40];

	account_of(row->model, model);
	account_of(row->tenant, tenant);
	for (int i = 0; i < PARTS; i++) {
		if (part_nano(&row->block, i) != 0) {
			snprintf(account, sizeof account, "expenses:gpu:%s:%s:%s", part_names[i], model, tenant);
			put_posting(out, s, account, part_nano(&row->block, i));
			put_comment(out, row);
		}
	}
}

void render_journal(const struct statement *s, const struct rendering_options *r, FILE *out) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];
	struct civil day;

	(void)r;
	instant_to_civil(s->options.from_ns, &day);
	fprintf(out, "; tollbook %s, rule %s\n", s->options.version ? s->options.version : "",
		s->options.rule ? s->options.rule : "");
	fprintf(out, "%04d-%02d-%02d GPU capacity from %s to %s\n", day.year, day.month, day.day,
		instant_format(s->options.from_ns, from), instant_format(s->options.to_ns, to));
	for (size_t i = 0; i < s->lines.count; i++) {
		put_line(out, s, &s->lines.rows[i]);
	}
	put_posting(out, s, "liabilities:gpu rent", -s->total.capacity_nano);
	fputc('\n', out);
}
