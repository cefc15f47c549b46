/* diff.c: tollbook diff: what changed between two statements, and why. */
#include "cli/say.h"
#include "cli/setup.h"
#include "cli/values.h"
#include "core/files/files.h"

struct settings {
	const char *format;
};

static enum diff_format format_of(const char *word) {
	for (int i = 0; word && i < DIFF_FORMATS; i++) {
		if (strcmp(word, page_format_word((size_t)i)) == 0) {
			return (enum diff_format)i;
		}
	}
	return DIFF_TABLE;
}

static int write_diff(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct outfile *file;

	int error = outfile_open(&file, r->set.output, why);
	if (error) {
		return error;
	}
	error = statement_diff(r->operands.at[0], r->operands.at[1], format_of(s->format), r->set.output ? 100 : r->terminal.columns,
			       outfile_stream(file), why);
	return outfile_end(file, error, why);
}

static int diff(struct run *r, struct fault *why) {
	if (r->operands.count != 2) {
		return say_argument(r, r->argc, "expected two statements, the earlier one first");
	}
	stop_guard(&r->stop);
	int error = write_diff(r, why);
	stop_unguard(&r->stop);
	return error;
}

static const struct option own[] = {
	PAGE_FORMAT(struct settings, false),
};

const struct command command_diff = {
	.name = "diff",
	.synopsis = "[options] BEFORE.json AFTER.json",
	.what = "What changed between two statements, by cause",
	.about = "Both are written by --format json. Volume, mix, efficiency, price and idle sum to the change.\n",
	.example = "tollbook diff 2026-09.json 2026-10.json",
	.groups = GROUP_OUTPUT,
	OWN(struct settings),
	.main = diff,
};
