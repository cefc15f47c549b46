/* verify.c: tollbook verify: is the book what it says of itself? */
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
	.what = "Check the book: the database, hashes, sums, segments, closed periods; entries and fits again from their records",
	.about = "Entries, and the fits that they rest on, are made again from their records, with the fleet, rule and prices\n"
		 "that the book was attributed with (it keeps them, but for --gpu-hour), and compared to the last unit. What\n"
		 "cannot be made again is said. Nothing is changed. Runs form a chain of hashes: with --head kept elsewhere, runs\n"
		 "that are cut off at the end are seen, too.\n",
	.example = "tollbook verify --book book --all",
	.groups = GROUP_BOOK | GROUP_COST | GROUP_SPLIT | GROUP_PRICES,
	.own = own,
	.own_count = sizeof own / sizeof *own,
	.own_bytes = sizeof(struct verify_settings),
	.main = verify,
};
