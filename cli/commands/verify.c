/* verify.c: tollbook verify: is the book consistent? */
#include <stddef.h>

#include "inspect/inspect.h"
#include "cli/values.h"

static int verify(struct run *r, struct fault *why) {
	return verify_book(&r->set, &r->terminal, r->own, why);
}

static const struct option own[] = {
	{"all", 0, NULL, "attribute all days again, not a sample", 0, value_flag, offsetof(struct verify_settings, all), NULL, false},
	{"head", 0, NULL, "print the last run and its seal, to be kept elsewhere, and check nothing", 0, value_flag,
	 offsetof(struct verify_settings, head), NULL, false},
};

const struct command command_verify = {
	.name = "verify",
	.synopsis = "[options]",
	.what = "Check the book: the database, hashes, sums, segments, closed periods; recompute entries and fits",
	.about = "Recomputes entries and their fits from the records, with the fleet, rule and prices that the book "
		 "was\nattributed with (the book keeps them, except --gpu-hour), and compares them to the last unit. "
		 "Reports what\ncannot be recomputed. Changes nothing. Runs form a chain of hashes: with --head "
		 "stored elsewhere, runs removed\nfrom the end are detected, too.\n",
	.example = "tollbook verify --book book --all",
	.groups = GROUP_BOOK | GROUP_COST | GROUP_SPLIT | GROUP_PRICES,
	OWN(struct verify_settings),
	.main = verify,
};
