/* run.c: tollbook run: from logs to a statement; nothing is stored. */
#include <stddef.h>

#include "book/from_logs.h"
#include "cli/pages_options.h"
#include "cli/setup.h"

struct settings {
	struct pages_settings pages;
};

static int run(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct from_logs *job;
	int status = setup_outputs(r);

	if (status != 0) {
		return status;
	}
	r->set.logs = r->operands;
	r->set.one_format = true;
	progress_start(&r->progress, !r->quiet && !r->no_progress);
	status = from_logs_new(&job, &r->set, &r->terminal, &s->pages, why);
	progress_end(&r->progress);
	if (status == 0) {
		status = from_logs_write(job, why);
		from_logs_free(job);
	}
	return status;
}

static const struct option own[] = {
	PAGES_OPTIONS(settings, pages),
};

const struct command command_run = {
	.name = "run",
	.synopsis = "[options] LOG...",
	.what = "Read logs, print a statement; store nothing",
	.about = "LOG is a file, a directory (all files below it, in name order) or -. Compression and format are\n"
		 "detected from their content. One of --fleet and --gpu-hour is needed, unless all usage is of "
		 "vendors'\nAPIs.\n",
	.example = "tollbook run --fleet fleet.json --prices prices.json --by tenant logs/",
	.groups = GROUP_COST | GROUP_SPLIT | GROUP_DETAIL | GROUP_PRICES | GROUP_PERIOD | GROUP_REPORT | GROUP_OUTPUT | GROUP_LOGS,
	OWN(struct settings),
	.main = run,
};
