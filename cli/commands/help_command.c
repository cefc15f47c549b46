/* help_command.c: tollbook help [COMMAND|formats]. */
#include "cli/help.h"
#include "cli/say.h"
#include "core/typo.h"
#include "ingest/ingest.h"

static void print_formats(void) {
	size_t count;
	const struct ingest_format_info *formats = ingest_formats(&count);

	fputs("Formats of logs, detected from the content (--log-format NAME forces one):\n", stdout);
	for (size_t i = 0; i < count; i++) {
		printf("  %-13s %s\n", formats[i].name, formats[i].what);
	}
	const struct rendering_info *renderings = report_renderings(&count);
	fputs("\nFormats of statements (--format NAME):\n", stdout);
	for (size_t i = 0; i < count; i++) {
		printf("  %-13s %s\n", renderings[i].name, renderings[i].what);
	}
}

static int help(struct run *r, struct fault *why) {
	(void)why;
	const char *topic = r->operands.count > 0 ? r->operands.at[0] : NULL;
	const struct command *c = topic ? run_command_named(r, topic) : NULL;
	struct typo typo;

	if (c) {
		help_command(c, stdout);
	} else if (!topic) {
		help_program(r, stdout);
	} else if (strcmp(topic, "formats") == 0) {
		print_formats();
	} else {
		typo_init(&typo, topic);
		typo_offer(&typo, "formats");
		for (const struct command *const *each = r->commands; *each; each++) {
			typo_offer(&typo, (*each)->name);
		}
		say_error(r, "no help for %s%s%s%s", topic, typo.nearest ? "; did you mean " : "",
			  typo.nearest ? typo.nearest : "", typo.nearest ? "?" : "");
		return EXIT_USAGE;
	}
	return say_printed(r);
}

const struct command command_help = {
	.name = "help",
	.synopsis = "[COMMAND|formats]",
	.what = "All options of a command, or the list of known formats",
	.example = "tollbook help run",
	.main = help,
};
