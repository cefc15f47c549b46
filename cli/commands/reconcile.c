/* reconcile.c: tollbook reconcile: ties the book to an invoice, or a bill for tokens to the tokens in logs */
#include <stddef.h>
#include <string.h>

#include "inspect/inspect.h"
#include "cli/say.h"
#include "cli/values.h"
#include "core/exact.h"

/* The default of --tolerance: a cent. */
#define TOLERANCE_NANO (NANO / 100)

static bool is_given(const struct run *r, const char *option) {
	for (size_t i = 0; i < r->given_count; i++) {
		if (strcmp(r->given[i].option->name, option) == 0) {
			return true;
		}
	}
	return false;
}

static const char *cost_word(size_t i) {
	static const char *const words[] = {"auto", "billed", "effective"};
	return i < sizeof words / sizeof *words ? words[i] : NULL;
}

static int reconcile(struct run *r, struct fault *why) {
	struct reconcile_settings *s = r->own;

	if (!s->invoice == !s->tokens) {
		return say_argument(r, r->argc, "expected one of --invoice FILE and --tokens FILE");
	}
	if (!is_given(r, "tolerance")) {
		s->tolerance_nano = TOLERANCE_NANO;
	}
	return reconcile_book(&r->set, &r->terminal, s, why);
}

static const struct option own[] = {
	{"invoice", 0, "FILE", "what was charged: FOCUS, or an export of a cloud or an API vendor, as downloaded", 0, value_text, offsetof(struct reconcile_settings, invoice), NULL, true},
	{"tokens", 0, "FILE", "a bill for tokens instead: the CSV of OpenAI's usage dashboard, its answers, LiteLLM's spend logs, native windows", 0, value_text, offsetof(struct reconcile_settings, tokens), NULL, true},
	{"pool-column", 0, "NAME", "which column names the pool: project.id, resourceTags/user:pool, Tags.pool", 0, value_text, offsetof(struct reconcile_settings, pool_column), NULL, true},
	{"columns", 0, "FILE", "which columns hold what, as lines \"amount = Net cost\" or JSON, for other tables", 0, value_text, offsetof(struct reconcile_settings, columns), NULL, true},
	{"cost", 0, "WHICH", "which cost to compare: billed, effective, or auto (default: effective where usage is "
			     "prepaid)", 0, value_choice, offsetof(struct reconcile_settings, cost), cost_word, false},
	PAGE_FORMAT(struct reconcile_settings, false),
	{"lines", 0, NULL, "also list each pool and time of the invoice, not only sums by pool", 0, value_flag, offsetof(struct reconcile_settings, lines), NULL, false},
	{"tolerance", 0, "AMOUNT", "accept a class of differences up to this amount (default 0.01)", 0, value_money, offsetof(struct reconcile_settings, tolerance_nano), NULL, true},
	{"cut-off", 0, "HOURS", "hours this close to the period may explain extra hours on the invoice", 0, value_count, offsetof(struct reconcile_settings, cutoff_hours), NULL, true},
};

const struct command command_reconcile = {
	.name = "reconcile",
	.synopsis = "--invoice FILE [options]",
	.what = "Tie the book to an invoice",
	.about = "Splits the difference of each invoice line into hours not seen in logs, hours seen but not "
		 "invoiced, rates,\ncurrency, period cut-off and rounding, which sum to it exactly. Also lists hours "
		 "of the book that no invoice\nline covers. Tax, credits, storage and the like are listed separately. "
		 "Costs of API vendors are compared with\nthe list price of the tokens in the book.\n",
	.example = "tollbook reconcile --book book --invoice october.csv",
	.groups = GROUP_BOOK | GROUP_PRICES | GROUP_OUTPUT,
	OWN(struct reconcile_settings),
	.main = reconcile,
};
