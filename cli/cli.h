/* cli.h: types of commands and options, and the one context that is passed down. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "book/settings.h"
#include "cli/progress.h"
#include "cli/stop.h"
#include "core/error.h"
#include "core/terminal.h"

struct run;
struct option;

/* Stores an option's value (NULL if it has none) in a setting. ERROR_CONFIG: "what, expected what". */
typedef int option_value(const struct option *o, void *into, const char *value, struct fault *why);

/* One option: a row of the table in options.c, or of a command's table. */
struct option {
	const char *name;     /* without its dashes */
	char letter;          /* 0: none */
	const char *argument; /* "FILE"; NULL: takes none */
	const char *help;     /* one line */
	unsigned groups;      /* GROUP_…; 0 in a command's own table */
	option_value *take;   /* values.h has them by kind */
	size_t into;          /* offset of the setting in struct run (its `set`), or in the command's own settings */
	const char *(*choice)(size_t i); /* the words that it accepts, NULL after the last; or NULL */
	bool once;            /* given twice it is an error, as the second value would silently replace the first */
};

/* Options that belong together; a command lists its groups. In the order of --help. */
enum group {
	GROUP_COST = 1u << 0,    /* --fleet --gpu-hour */
	GROUP_SPLIT = 1u << 1,   /* --rule */
	GROUP_DETAIL = 1u << 2,  /* --compare-rules --requests --model-report: outputs of the split in addition to entries */
	GROUP_PRICES = 1u << 3,  /* --prices --list */
	GROUP_PERIOD = 1u << 4,  /* --from --to --tz */
	GROUP_REPORT = 1u << 5,  /* --by --format --idle */
	GROUP_OUTPUT = 1u << 6,  /* -o */
	GROUP_LOGS = 1u << 7,    /* --model … --threads: how logs are read */
	GROUP_BOOK = 1u << 8,    /* --book */
	GROUP_GENERAL = 1u << 9, /* -q -v --help …: every command has them */
};

/* "import" of `tollbook prices import FILE`: a command in a command. */
struct word {
	const char *name, *synopsis, *what;
	int (*main)(struct run *r, struct fault *why);
};

/* One command: a file cli/NAME.c that defines command_NAME, and a row in main.c. */
struct command {
	const char *name;
	const char *synopsis; /* what follows the name: "[options] LOG..." */
	const char *what;     /* one line */
	const char *about;    /* a paragraph of --help, which is wrapped; or NULL */
	const char *example;  /* a whole command line */
	unsigned groups;      /* of the common options; GROUP_GENERAL is implied */
	const struct option *own; /* further options of this command alone */
	size_t own_count;
	const char *rare;     /* names of those that --help lists by name only if it is longer than a screen; or NULL */
	size_t own_bytes;     /* size of their settings: run->own, zeroed at the start */
	const struct word *words; /* or NULL */
	size_t word_count;
	/*
	 * The exit status; or a negative error with the fault set, which main.c prints. Not used if there are words.
	 */
	int (*main)(struct run *r, struct fault *why);
};

/* In a row: the options `own` of the command's file, with their settings; and its `words`. */
#define OWN(settings) .own = own, .own_count = sizeof own / sizeof *own, .own_bytes = sizeof(settings)
#define WORDS .words = words, .word_count = sizeof words / sizeof *words

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* All options of a command. Texts belong to argv. */
struct run {
	int argc;
	char **argv;
	const struct command *const *commands; /* NULL after the last */
	const struct command *command;
	const struct word *word;
	struct list operands;
	struct given {
		const struct option *option;
		int at; /* index of the argument with its value, or of the option itself */
	} *given;
	size_t given_count;
	void *own; /* the command's own settings */

	struct book_settings set; /* the common options, except those of GROUP_GENERAL */
	/* GROUP_GENERAL */
	bool quiet, verbose, no_progress, help, version;
	int color; /* enum color */
	int sandbox; /* 0: auto, 1: off */

	struct progress progress;
	struct stop stop;
	struct terminal terminal; /* the terminal for the rooms below; set by setup_terminal */
};

/* Colour on this stream? By --color, NO_COLOR, and whether it is a terminal. */
bool run_colors(const struct run *r, int fd);

/* The command of that name, or NULL. */
const struct command *run_command_named(const struct run *r, const char *name);

#endif
