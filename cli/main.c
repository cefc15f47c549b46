/*
 * main.c: the map.
 *
 *     log bytes ──ingest/──▶ records ──attribute/──▶ entries ──report/──▶ statement
 *                                                       └─ledger/─▶ the book ─┘
 *
 *     core/       used by all rooms: text, time, money, JSON; record.h and entry.h, the two seams
 *     ingest/     bytes → lines → envelopes → formats (a file each) → records
 *     attribute/  what was paid (fleet/), evidence/, step models (model/), where the time went (split/)
 *     ledger/     the book on disk: entries, sources, runs, periods; records in segments/
 *     report/     statements and their renderings (a file each), list prices/, estimate/
 *     book/       work on logs and books: logs to a statement, taking logs in, nights, statements of a book
 *     shard/      the same work in tasks
 *     inspect/    verify, explain, reconcile: what is known of figures in a book
 *     library/    tollbook.h, for other programs
 *     cli/        this room, the only one that knows options: a file for each command in commands/
 *
 * Each room has a README.md; make map prints their sizes and the arrows between them.
 *
 * A command is a file that defines command_NAME (see cli.h) and a row here. The options that several commands share
 * are the table in options.c. The command line is stored in one struct run, which is passed down; there is no other
 * state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "core/typo.h"
#include "cli/values.h"
#include "cli/version.h"

#define COMMANDS(ROW)                                                                                                  \
	ROW(init)                                                                                                      \
	ROW(run)                                                                                                       \
	ROW(ingest)                                                                                                    \
	ROW(attribute)                                                                                                 \
	ROW(report)                                                                                                    \
	ROW(nightly)                                                                                                   \
	ROW(close)                                                                                                     \
	ROW(verify)                                                                                                    \
	ROW(backup)                                                                                                    \
	ROW(export)                                                                                                    \
	ROW(import)                                                                                                    \
	ROW(explain)                                                                                                   \
	ROW(reconcile)                                                                                                 \
	ROW(prices)                                                                                                    \
	ROW(whatif)                                                                                                    \
	ROW(audit)                                                                                                     \
	ROW(estimate)                                                                                                  \
	ROW(diff)                                                                                                      \
	ROW(shard)                                                                                                     \
	ROW(completion)                                                                                                \
	ROW(manual)                                                                                                    \
	ROW(help)

#define DECLARE(name) extern const struct command command_##name;
#define ADDRESS(name) &command_##name,
COMMANDS(DECLARE)
static const struct command *const commands[] = {COMMANDS(ADDRESS) NULL};

const struct command *run_command_named(const struct run *r, const char *name) {
	for (const struct command *const *c = r->commands; *c; c++) {
		if (strcmp((*c)->name, name) == 0) {
			return *c;
		}
	}
	return NULL;
}

static int unknown_command(struct run *r) {
	const char *word = r->argv[1];
	struct typo typo;

	typo_init(&typo, word);
	for (const struct command *const *c = commands; *c; c++) {
		typo_offer(&typo, (*c)->name);
	}
	if (typo.nearest) {
		return say_argument(r, 1, "no command %s; did you mean %s?", word, typo.nearest);
	}
	say_argument(r, 1, "no command %s", word);
	if (access(word, F_OK) == 0) {
		say_next(r, "to read it: tollbook run --gpu-hour PRICE %s", word);
	} else {
		say_next(r, "for all commands: tollbook --help");
	}
	return EXIT_USAGE;
}

/* "import" of `tollbook prices import`, removed from the operands. */
static int find_word(struct run *r) {
	const struct command *c = r->command;
	struct typo typo;

	if (r->operands.count == 0) {
		say_error(r, "the subcommand is missing, expected: tollbook %s %s", c->name, c->synopsis);
		say_next(r, "see: tollbook %s --help", c->name);
		return EXIT_USAGE;
	}
	const char *name = r->operands.at[0];
	typo_init(&typo, name);
	for (size_t i = 0; i < c->word_count; i++) {
		if (strcmp(c->words[i].name, name) == 0) {
			r->word = &c->words[i];
			memmove(r->operands.at, r->operands.at + 1, --r->operands.count * sizeof *r->operands.at);
			return 0;
		}
		typo_offer(&typo, c->words[i].name);
	}
	say_error(r, "no %s %s%s%s%s", c->name, name, typo.nearest ? "; did you mean " : "",
		  typo.nearest ? typo.nearest : "", typo.nearest ? "?" : "");
	say_next(r, "see: tollbook %s --help", c->name);
	return EXIT_USAGE;
}

static int print_help(struct run *r) {
	if (r->version) {
		version_print(r->verbose);
	} else if (r->command) {
		help_screen(r->command, stdout);
	} else {
		help_program(r, stdout);
	}
	return say_printed(r);
}

static int work(struct run *r) {
	struct fault why = {0};
	const struct command *c = r->command;

	int status = c->words ? find_word(r) : 0;
	if (status != 0) {
		return status;
	}
	status = (r->word ? r->word->main : c->main)(r, &why);
	progress_end(&r->progress);
	return status < 0 ? say_fault(r, status, &why) : status;
}

static int start(struct run *r) {
	bool has_command = r->argc > 1 && r->argv[1][0] != '-';

	if (r->argc < 2) {
		(isatty(STDERR_FILENO) ? help_first : help_program)(r, stderr);
		return EXIT_USAGE;
	}
	if (has_command) {
		r->command = run_command_named(r, r->argv[1]);
		if (!r->command) {
			return unknown_command(r);
		}
		r->own = must_calloc(1, r->command->own_bytes);
	}
	int status = options_read(r, has_command ? 2 : 1);
	if (status != 0) {
		return status;
	}
	if (r->help || r->version) {
		return print_help(r);
	}
	if (!has_command) {
		say_error(r, "no command given");
		say_next(r, "for all commands: tollbook --help");
		return EXIT_USAGE;
	}
	setup_terminal(r);
	stop_watch(&r->stop);
	status = work(r);
	stop_unwatch(&r->stop);
	return status;
}

int main(int argc, char **argv) {
	struct run r = {.argc = argc, .argv = argv, .commands = commands, .set = {.gpu_hour_nano = -1, .format = "table", .idle_proportional = true}};

	int status = start(&r);
	options_release(&r);
	return status;
}
