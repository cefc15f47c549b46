/* manual.c: tollbook manual: the manual page tollbook(1) as roff, printed from the tables. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/say.h"

/* Text for roff: no escapes, no requests, dashes that can be copied. */
static void put(const char *text) {
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\'')) {
			fputs("\\&", stdout);
		}
		if (*text == '\\') {
			fputs("\\e", stdout);
		} else if (*text == '-') {
			fputs("\\-", stdout);
		} else {
			fputc(*text, stdout);
		}
		start = *text == '\n';
	}
}

static void put_option(const struct option *o) {
	fputs(".TP\n", stdout);
	if (o->letter) {
		printf("\\fB\\-%c\\fR, ", o->letter);
	}
	fputs("\\fB\\-\\-", stdout);
	put(o->name);
	fputs("\\fR", stdout);
	if (o->argument) {
		printf(" \\fI%s\\fR", o->argument);
	}
	fputc('\n', stdout);
	put(o->help);
	if (o->choice) {
		fputs(".\nOne of ", stdout);
		for (size_t i = 0; o->choice(i); i++) {
			fputs(i > 0 ? ", " : "", stdout);
			put(o->choice(i));
		}
	}
	fputs(".\n", stdout);
}

static void put_command(const struct command *c) {
	fputs(".SS \"tollbook ", stdout);
	put(c->name);
	fputc(' ', stdout);
	put(c->synopsis);
	fputs("\"\n", stdout);
	put(c->what);
	fputs(".\n", stdout);
	if (c->about) {
		put(c->about);
	}
	for (size_t i = 0; i < c->word_count; i++) {
		fputs(".TP\n\\fB", stdout);
		put(c->words[i].name);
		printf("\\fR \\fI%s\\fR\n", c->words[i].synopsis);
		put(c->words[i].what);
		fputs(".\n", stdout);
	}
	for (size_t i = 0; i < c->own_count; i++) {
		put_option(&c->own[i]);
	}
	fputs(".PP\nIt also takes the options of:", stdout);
	for (size_t bit = 0, n = 0; options_group_title(bit); bit++) {
		if ((c->groups | GROUP_GENERAL) & 1u << bit) {
			fputs(n++ > 0 ? "; " : " ", stdout);
			put(options_group_title(bit));
		}
	}
	fputs(".\n.PP\n.nf\n", stdout);
	put(c->example);
	fputs("\n.fi\n", stdout);
}

static void put_group(size_t bit) {
	size_t count;
	const struct option *options = options_common(&count);

	fputs(".SS \"", stdout);
	put(options_group_title(bit));
	fputs("\"\n", stdout);
	for (size_t i = 0; i < count; i++) {
		if (options[i].groups == 1u << bit) {
			put_option(&options[i]);
		}
	}
}

static const char head[] =
	".TH TOLLBOOK 1 \"\" \"tollbook " TOLLBOOK_VERSION "\" \"User Commands\"\n"
	".SH NAME\n"
	"tollbook \\- what a token of LLM serving really costs, from the logs of the engines\n"
	".SH SYNOPSIS\n"
	".B tollbook\n"
	"\\fICOMMAND\\fR [\\fIoptions\\fR] ...\n"
	".SH DESCRIPTION\n"
	"tollbook reads the logs that serving engines already write, splits the measured GPU time between\n"
	"prefill (input) and decode (output), and prints a statement whose parts add up to the bill: what a\nmillion "
	"tokens of input, cached input and output cost, next to their list price.\n"
	".PP\n"
	"Compression (gzip, zstd) and the format of a log are detected from the content, never by name.\n"
	"See \\fBtollbook\\fR(5) for the files that are read and written.\n"
	".SH COMMANDS\n";

static const char tail[] =
	".SH EXIT STATUS\n"
	".TP\n0\neverything was read, and the statement ties out.\n"
	".TP\n1\nfinished, with findings: rejected lines, damaged files, paid time not covered by any log.\n"
	".TP\n2\nusage or configuration: nothing was done.\n"
	".TP\n3\ncould not finish, or there is no statement; no file was left half written.\n"
	".SH ENVIRONMENT\n"
	".TP\n\\fBNO_COLOR\\fR\nnot empty: no colour, unless \\fB\\-\\-color always\\fR.\n"
	".TP\n\\fBTMPDIR\\fR\nwhere data that does not fit into memory is kept while a log is read (in unnamed files).\n"
	".TP\n\\fBTZDIR\\fR\nthe time zone database, if not in /usr/share/zoneinfo.\n"
	".SH SIGNALS\n"
	"SIGTERM, SIGINT and SIGHUP end the work with exit status 3; unfinished files are removed.\n"
	".SH SEE ALSO\n"
	"\\fBtollbook\\fR(5)\n";

static int manual(struct run *r, struct fault *why) {
	(void)why;
	fputs(head, stdout);
	for (const struct command *const *c = r->commands; *c; c++) {
		put_command(*c);
	}
	fputs(".SH OPTIONS\n", stdout);
	for (size_t bit = 0; options_group_title(bit); bit++) {
		put_group(bit);
	}
	fputs(tail, stdout);
	return say_printed(r);
}

const struct command command_manual = {
	.name = "manual",
	.synopsis = "",
	.what = "Print the manual page tollbook(1), for man -l -",
	.example = "tollbook manual | man -l -",
	.main = manual,
};
