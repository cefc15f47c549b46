#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "core/files/files.h"

/* The column of options' help lines, and where all lines end. */
#define OPTION_COLUMN 28
#define COMMAND_COLUMN 14
#define WIDTH 98

#define FOLD_RARE (1u << 31) /* in addition to GROUP_…: a command's rare options */

/* Columns of a word in UTF-8. */
static int columns_of(const char *word, size_t len) {
	int columns = 0;

	for (size_t i = 0; i < len; i++) {
		columns += ((unsigned char)word[i] & 0xc0) != 0x80;
	}
	return columns;
}

/* Words from `column` on, further lines at `indent`, and a newline. */
static void print_wrapped(const char *text, int column, int indent, FILE *out) {
	bool start = true;

	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		size_t len = strcspn(text, " \n");
		int columns = columns_of(text, len);
		if (!start && column + 1 + columns > WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else if (!start) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, len, out);
		column += columns;
		text += len;
		start = false;
	}
	fputc('\n', out);
}

/* "-o, --output FILE", as in --help. */
#define OPTION_TEXT_MAX 64
static const char *option_text(const struct option *o, char out[OPTION_TEXT_MAX]) {
	char letter[5] = "    ";

	if (o->letter) {
		snprintf(letter, sizeof letter, "-%c, ", o->letter);
	}
	snprintf(out, OPTION_TEXT_MAX, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
		 o->argument ? o->argument : "");
	return out;
}

static void print_option(const struct option *o, FILE *out) {
	char text[OPTION_TEXT_MAX];

	fprintf(out, "  %-*s ", OPTION_COLUMN - 3, option_text(o, text));
	print_wrapped(o->help, OPTION_COLUMN, OPTION_COLUMN, out);
}

static void print_group(size_t bit, FILE *out) {
	size_t count;
	const struct option *options = options_common(&count);

	fprintf(out, "%s:\n", options_group_title(bit));
	for (size_t i = 0; i < count; i++) {
		if (options[i].groups == 1u << bit) {
			print_option(&options[i], out);
		}
	}
}

static bool is_rare(const struct command *c, const char *name) {
	for (const char *word = c->rare ? c->rare : ""; *word; word += strspn(word, " ")) {
		size_t len = strcspn(word, " ");
		if (len == strlen(name) && memcmp(word, name, len) == 0) {
			return true;
		}
		word += len;
	}
	return false;
}

/* The command's own options; the rare ones by name only if they are folded. */
static void print_own(const struct command *c, bool folded, FILE *out) {
	char names[1024] = "Also:";

	for (size_t i = 0; i < c->own_count; i++) {
		if (i == 0) {
			fputs("Of this command:\n", out);
		}
		if (folded && is_rare(c, c->own[i].name)) {
			size_t len = strlen(names);
			snprintf(names + len, sizeof names - len, " --%s", c->own[i].name);
		} else {
			print_option(&c->own[i], out);
		}
	}
	if (folded) {
		print_wrapped(names, 0, 2, out);
	}
}

/* "General: -q -v --no-progress …" */
static void print_names(size_t bit, FILE *out) {
	size_t count;
	const struct option *options = options_common(&count);
	char *names = NULL;
	size_t len;
	FILE *list = memory_open(&names, &len);

	fprintf(list, "%s:", options_group_title(bit));
	for (size_t i = 0; i < count; i++) {
		if (options[i].groups == 1u << bit) {
			fprintf(list, " --%s", options[i].name);
		}
	}
	memory_close(list, &names);
	print_wrapped(names, 0, 2, out);
	free(names);
}

static void print_words(const struct command *c, FILE *out) {
	for (size_t i = 0; i < c->word_count; i++) {
		char text[80];
		snprintf(text, sizeof text, "%s %s", c->words[i].name, c->words[i].synopsis);
		fprintf(out, "  %-*s ", OPTION_COLUMN - 3, text);
		print_wrapped(c->words[i].what, OPTION_COLUMN, OPTION_COLUMN, out);
	}
}

/* Groups in `folded`, and the rare ones of the command's own options, by their names only. */
static void print_command(const struct command *c, unsigned folded, FILE *out) {
	char what[256];

	fprintf(out, "Usage: tollbook %s %s\n", c->name, c->synopsis);
	snprintf(what, sizeof what, "%s.", c->what);
	print_wrapped(what, 0, 0, out);
	if (c->about) {
		print_wrapped(c->about, 0, 0, out);
	}
	print_words(c, out);
	print_own(c, folded & FOLD_RARE, out);
	for (size_t bit = 0; options_group_title(bit); bit++) {
		if ((c->groups | GROUP_GENERAL) & 1u << bit) {
			(folded & 1u << bit ? print_names : print_group)(bit, out);
		}
	}
	if (folded) {
		fprintf(out, "'tollbook help %s' describes each.\n", c->name);
	}
	fprintf(out, "Example:\n  %s\n", c->example);
}

void help_command(const struct command *c, FILE *out) {
	print_command(c, 0, out);
}

static int lines_of(const struct command *c, unsigned folded) {
	char *text = NULL;
	size_t len;
	FILE *out = memory_open(&text, &len);
	int lines = 0;

	print_command(c, folded, out);
	memory_close(out, &text);
	for (size_t i = 0; i < len; i++) {
		lines += text[i] == '\n';
	}
	free(text);
	return lines;
}

void help_screen(const struct command *c, FILE *out) {
	/* The least used is folded first. */
	static const unsigned order[] = {GROUP_GENERAL, FOLD_RARE, GROUP_LOGS, GROUP_DETAIL, GROUP_SPLIT, GROUP_PERIOD, GROUP_REPORT, GROUP_BOOK};
	unsigned folded = 0;

	for (size_t i = 0; i < sizeof order / sizeof *order && lines_of(c, folded) > HELP_LINES; i++) {
		folded |= order[i] & (c->groups | GROUP_GENERAL | (c->rare ? FOLD_RARE : 0));
	}
	print_command(c, folded, out);
}

void help_first(const struct run *r, FILE *out) {
	(void)r;
	fputs("tollbook reads the logs of LLM serving engines and reports what a token really costs.\n"
	      "With a log (a file or a folder, compressed or not, of vLLM, SGLang, llama.cpp, a gateway ...):\n"
	      "  tollbook run --gpu-hour 2.49 vllm.log           a statement at that price per GPU-hour; stores "
	      "nothing\n"
	      "  tollbook init --run logs/                       a configuration and a fleet file from the logs, and a first night\n"
	      "  tollbook nightly -c tollbook.conf               then every night: a book, and reports by day and tenant\n"
	      "Without one:\n"
	      "  tollbook prices list                            what vendors charge for a million tokens\n"
	      "  tollbook audit                                  what sellers must pay, against what they charge\n"
	      "All commands: tollbook --help. Formats of logs, guide: man tollbook.\n",
	      out);
}

void help_program(const struct run *r, FILE *out) {
	fputs("tollbook reads the logs of LLM serving engines and reports what a token really cost,\ninput and output "
	      "separately, next to its list price.\n\n"
	      "Usage: tollbook COMMAND [options] ...\n\n",
	      out);
	for (const struct command *const *c = r->commands; *c; c++) {
		fprintf(out, "  %-11s ", (*c)->name);
		print_wrapped((*c)->what, COMMAND_COLUMN, COMMAND_COLUMN, out);
	}
	fputs("\nEach command has --help; 'tollbook help COMMAND' describes all its options.\nA quick look, at 2.49 "
	      "per GPU-hour:\n"
	      "  tollbook run --gpu-hour 2.49 vllm.log.gz\n"
	      "Exit status: 0 all read and tied out; 1 done, with findings; 2 usage or configuration;\n"
	      "3 could not finish.\n",
	      out);
}
