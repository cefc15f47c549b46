/* explain.c: tollbook explain: a figure of a statement or a request, back to the lines of the logs */
#include <stddef.h>

#include "inspect/inspect.h"
#include "cli/say.h"
#include "cli/values.h"

struct settings {
	struct explain_settings explain;
	const char *tenant_key;
};

static int explain(struct run *r, struct fault *why) {
	struct settings *s = r->own;

	if (r->operands.count != 1) {
		return say_argument(r, r->argc, "nothing to explain, expected a request id, or keys like model=m,kind=output,hour=2026-11-25T13");
	}
	s->explain.id = r->operands.at[0];
	r->set.tenant_key = s->tenant_key;
	return explain_in_book(&r->set, &r->terminal, &s->explain, why);
}

static const struct option own[] = {
	{"tenant-key-file", 0, "FILE", "the key of tenants' aliases, to name a tenant in ID", 0, value_text, offsetof(struct settings, tenant_key), NULL, true},
	{"lines", 0, "N", "show this many records (default 10)", 0, value_count, offsetof(struct settings, explain.lines), NULL, true},
};

const struct command command_explain = {
	.name = "explain",
	.synopsis = "[options] ID",
	.what = "Trace one figure or request back to the lines of the logs",
	.about = "ID is a request's id, a replica's name, or keys of a figure, any of model, replica, tenant,\n"
		 "kind (input, input_cached, output, other, idle, unobserved) and hour or day: model=llama-3.1-8b,kind=output,hour=2026-05-12T08\n",
	.example = "tollbook explain --book book kind=output,hour=2026-05-12T08",
	.groups = GROUP_BOOK | GROUP_COST | GROUP_SPLIT | GROUP_PRICES,
	OWN(struct settings),
	.main = explain,
};
