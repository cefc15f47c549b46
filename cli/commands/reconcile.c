/* reconcile.c: tollbook reconcile: ties the book to an invoice, or a bill for tokens to what the logs saw */
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
	{"invoice", 0, "FILE", "what the provider charged: FOCUS CSV or JSON, or period,pool,gpu_hours,amount", 0, value_text, offsetof(struct reconcile_settings, invoice), NULL, true},
	{"tokens", 0, "FILE", "a bill for tokens instead: the CSV of OpenAI's usage dashboard, its answers, LiteLLM's spend logs, native windows", 0, value_text, offsetof(struct reconcile_settings, tokens), NULL, true},
	{"pool-column", 0, "NAME", "which column of the invoice names the pool", 0, value_text, offsetof(struct reconcile_settings, pool_column), NULL, true},
	{"tolerance", 0, "AMOUNT", "a class of differences up to this is fine (default 0.01)", 0, value_money, offsetof(struct reconcile_settings, tolerance_nano), NULL, true},
	{"cut-off", 0, "HOURS", "hours so near to the period may explain more hours on the invoice", 0, value_count, offsetof(struct reconcile_settings, cutoff_hours), NULL, true},
};

const struct command command_reconcile = {
	.name = "reconcile",
	.synopsis = "--invoice FILE [options]",
	.what = "Tie the book to an invoice",
	.about = "The difference of each line of the invoice is split into hours not seen in logs, hours seen but not\n"
		 "invoiced, rates, currency, the period's cut-off and rounding, which sum to it exactly. Hours of the book\n"
		 "within the invoice's time that no line speaks of are listed, too.\n",
	.example = "tollbook reconcile --book book --invoice october.csv",
	.groups = GROUP_BOOK,
	.own = own,
	.own_count = sizeof own / sizeof *own,
	.own_bytes = sizeof(struct reconcile_settings),
	.main = reconcile,
};
