#include "cli/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/terminal.h"

/* Columns of a command line that are printed. */
#define SHOWN_MAX 96

bool run_colors(const struct run *r, int fd) {
	const char *no_color = getenv("NO_COLOR");

	if (r->color != COLOR_AUTO) {
		return r->color == COLOR_ALWAYS;
	}
	return (!no_color || !*no_color) && isatty(fd);
}

int say_safe(FILE *out, const char *text) {
	size_t room = strlen(text) * PRINTABLE_MAX + 1;
	char *safe = must_alloc(room);

	printable(text_of(text), safe, room);
	fputs(safe, out);
	int columns = (int)printable_width(safe);
	free(safe);
	return columns;
}

static void put_name(struct run *r) {
	fputs("tollbook", stderr);
	if (r->command) {
		fprintf(stderr, " %s", r->command->name);
	}
	if (r->word) {
		fprintf(stderr, " %s", r->word->name);
	}
	fputs(": ", stderr);
}

/* Takes ownership of the text. */
static void put_line(struct run *r, const char *kind, const char *color, char *text) {
	bool colors = run_colors(r, STDERR_FILENO);

	progress_end(&r->progress);
	put_name(r);
	fprintf(stderr, "%s%s%s", colors ? color : "", kind, colors ? "\033[0m" : "");
	say_safe(stderr, text);
	fputc('\n', stderr);
	free(text);
}

#define ERROR_WORD "error: "
#define ERROR_COLOR "\033[1;31m"

void say_error(struct run *r, const char *format, ...) {
	va_list args;

	va_start(args, format);
	put_line(r, ERROR_WORD, ERROR_COLOR, must_print(format, args));
	va_end(args);
}

void say_warning(struct run *r, const char *format, ...) {
	va_list args;

	if (r->quiet) {
		return;
	}
	va_start(args, format);
	put_line(r, "warning: ", "\033[1;33m", must_print(format, args));
	va_end(args);
}

void say_next(struct run *r, const char *format, ...) {
	va_list args;

	progress_end(&r->progress);
	va_start(args, format);
	char *text = must_print(format, args);
	va_end(args);
	fputs("  ", stderr);
	say_safe(stderr, text);
	fputc('\n', stderr);
	free(text);
}

/* The first argument printed, so that the one pointed at is on the line. */
static int first_shown(const struct run *r, int at) {
	size_t columns = 0;
	int first = at < r->argc ? at : r->argc;

	while (first > 1 && (columns += strlen(r->argv[first - 1]) + 1) < SHOWN_MAX / 2) {
		first--;
	}
	return first;
}

static void point_at(struct run *r, int at) {
	int first = first_shown(r, at), column = fprintf(stderr, "  tollbook%s", first > 1 ? " …" : "");
	int from = 0, len = 1;

	column -= first > 1 ? 2 : 0; /* the ellipsis has three bytes and one column */
	for (int i = first; i < r->argc && column < SHOWN_MAX; i++) {
		fputc(' ', stderr);
		int width = say_safe(stderr, *r->argv[i] ? r->argv[i] : "\"\"");
		if (i == at) {
			from = column + 1;
			len = width;
		}
		column += 1 + width;
	}
	from = at >= r->argc ? column + 1 : from;
	fprintf(stderr, "\n%*s", from, "");
	for (int i = 0; i < len; i++) {
		fputc('^', stderr);
	}
	fputc('\n', stderr);
}

int say_argument(struct run *r, int at, const char *format, ...) {
	va_list args;

	va_start(args, format);
	put_line(r, ERROR_WORD, ERROR_COLOR, must_print(format, args));
	va_end(args);
	point_at(r, at);
	return EXIT_USAGE;
}

int say_option(struct run *r, const char *name, const char *format, ...) {
	va_list args;
	int at = -1;

	for (size_t i = 0; i < r->given_count; i++) {
		at = strcmp(r->given[i].option->name, name) == 0 ? r->given[i].at : at;
	}
	va_start(args, format);
	put_line(r, ERROR_WORD, ERROR_COLOR, must_print(format, args));
	va_end(args);
	if (at >= 0) {
		point_at(r, at);
	}
	return EXIT_USAGE;
}

/* The index of the first operand in argv. */
static int operand_at(const struct run *r) {
	int at = r->argc;

	for (int i = r->argc - 1; i > 0 && r->operands.count > 0; i--) {
		at = r->argv[i] == r->operands.at[0] ? i : at;
	}
	return at;
}

int say_fault(struct run *r, int code, const struct fault *why) {
	const char *message = why->message[0] ? why->message : "the work could not be finished";
	struct text rest = text_of(why->next), line;

	if (why->option && strcmp(why->option, FAULT_OPERAND) == 0) {
		say_argument(r, operand_at(r), "%s", message);
	} else if (why->option && strcmp(why->option, FAULT_MISSING) == 0) {
		say_argument(r, r->argc, "%s", message);
	} else if (why->option) {
		say_option(r, why->option, "%s", message);
	} else {
		say_error(r, "%s", message);
	}
	for (bool more = rest.len > 0; more;) {
		more = text_until(&rest, T("\n"), &line);
		line = more ? line : rest;
		say_next(r, "%.*s", TEXT_ARG(line));
	}
	return (int)error_exit_status(code);
}

int say_printed(struct run *r) {
	if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE) {
		return EXIT_TIED_OUT;
	}
	say_error(r, "standard output: cannot write: %s", strerror(errno));
	return EXIT_FAILED;
}
