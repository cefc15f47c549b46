/* completion.c: tollbook completion bash|zsh|fish: scripts for the shell, printed from the tables. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/say.h"

/* Calls back for each option of a command: its own ones, then the common ones. */
static void each_option(const struct command *c, void (*call)(const struct option *o, const struct command *c)) {
	size_t count;
	const struct option *options = options_common(&count);

	for (size_t i = 0; i < c->own_count; i++) {
		call(&c->own[i], c);
	}
	for (size_t i = 0; i < count; i++) {
		if (option_belongs(&options[i], c)) {
			call(&options[i], c);
		}
	}
}

/* What `tollbook help` explains, each followed by a space. */
static void put_topics(const struct run *r) {
	for (const struct command *const *c = r->commands; *c; c++) {
		printf("%s ", (*c)->name);
	}
	fputs("formats ", stdout);
}

static bool explains(const struct command *c) {
	return strcmp(c->name, "help") == 0;
}

/* The first argument of a command: a word of its own, or of help a topic. */
static void put_words(const struct run *r, const struct command *c) {
	for (size_t i = 0; i < c->word_count; i++) {
		printf("%s ", c->words[i].name);
	}
	if (explains(c)) {
		put_topics(r);
	}
}

/* ---- bash ---- */

static void bash_name(const struct option *o, const struct command *c) {
	(void)c;
	printf(" --%s", o->name);
	if (o->letter) {
		printf(" -%c", o->letter);
	}
}

static void bash_value(const struct option *o, const struct command *c) {
	if (!o->choice) {
		return;
	}
	printf("\t\t%s:--%s) words='", c->name, o->name);
	for (size_t i = 0; o->choice(i); i++) {
		printf("%s%s", i > 0 ? " " : "", o->choice(i));
	}
	fputs("' ;;\n", stdout);
}

static void bash_command(const struct run *r, const struct command *c) {
	printf("\t\t%s) words='", c->name);
	put_words(r, c);
	each_option(c, bash_name);
	fputs("' ;;\n", stdout);
}

static int bash(struct run *r, struct fault *why) {
	(void)why;
	fputs("# bash completion for tollbook: tollbook completion bash > /etc/bash_completion.d/tollbook\n"
	      "_tollbook() {\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W '",
	      stdout);
	for (const struct command *const *c = r->commands; *c; c++) {
		printf("%s ", (*c)->name);
	}
	fputs("--help --version' -- \"$current\"))\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tcase ${COMP_WORDS[1]}:$previous in\n",
	      stdout);
	for (const struct command *const *c = r->commands; *c; c++) {
		each_option(*c, bash_value);
	}
	fputs("\tesac\n"
	      "\tif [ -n \"$words\" ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tcase ${COMP_WORDS[1]} in\n",
	      stdout);
	for (const struct command *const *c = r->commands; *c; c++) {
		bash_command(r, *c);
	}
	fputs("\tesac\n"
	      "\tif [[ $current == -* || ( $COMP_CWORD -eq 2 && ${words# } != --* ) ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	      "\tfi\n"
	      "}\n"
	      "complete -o default -F _tollbook tollbook\n",
	      stdout);
	return say_printed(r);
}

/* ---- zsh ---- */

/* Inside '…[…]' of _arguments. */
static void zsh_put(const char *text) {
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", stdout);
		} else if (strchr("[]:\\", *text)) {
			printf("\\%c", *text);
		} else {
			fputc(*text, stdout);
		}
	}
}

static void zsh_value(const struct option *o) {
	if (!o->argument) {
		return;
	}
	printf(":%s:", o->argument);
	if (!o->choice) {
		fputs(strcmp(o->argument, "FILE") == 0 || strcmp(o->argument, "PATH") == 0 ? "_files" : " ", stdout);
		return;
	}
	fputs("(", stdout);
	for (size_t i = 0; o->choice(i); i++) {
		printf("%s%s", i > 0 ? " " : "", o->choice(i));
	}
	fputs(")", stdout);
}

static void zsh_option(const struct option *o, const struct command *c) {
	(void)c;
	fputs("\t\t\t'", stdout);
	fputs(o->once || !o->argument ? "" : "*", stdout);
	printf("--%s%s[", o->name, o->argument ? "=" : "");
	zsh_put(o->help);
	fputs("]", stdout);
	zsh_value(o);
	fputs("' \\\n", stdout);
}

static void zsh_command(const struct run *r, const struct command *c) {
	printf("\t%s)\n\t\t_arguments -s \\\n", c->name);
	each_option(c, zsh_option);
	if (c->words || explains(c)) {
		fputs("\t\t\t'1:what:(", stdout);
		put_words(r, c);
		fputs(")' \\\n", stdout);
	}
	fputs("\t\t\t'*:file:_files'\n\t\t;;\n", stdout);
}

static int zsh(struct run *r, struct fault *why) {
	(void)why;
	fputs("#compdef tollbook\n"
	      "# zsh completion for tollbook: tollbook completion zsh > \"${fpath[1]}/_tollbook\"\n"
	      "_tollbook() {\n"
	      "\tlocal -a commands\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\tcommands=(\n",
	      stdout);
	for (const struct command *const *c = r->commands; *c; c++) {
		printf("\t\t\t'%s:", (*c)->name);
		zsh_put((*c)->what);
		fputs("'\n", stdout);
	}
	fputs("\t\t)\n"
	      "\t\t_describe command commands\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tlocal command=$words[2]\n"
	      "\tshift words\n"
	      "\t(( CURRENT-- ))\n"
	      "\tcase $command in\n",
	      stdout);
	for (const struct command *const *c = r->commands; *c; c++) {
		zsh_command(r, *c);
	}
	fputs("\tesac\n"
	      "}\n"
	      "if [ \"$funcstack[1]\" = _tollbook ]; then\n"
	      "\t_tollbook \"$@\"\n"
	      "else\n"
	      "\tcompdef _tollbook tollbook\n"
	      "fi\n",
	      stdout);
	return say_printed(r);
}

/* ---- fish ---- */

/* Between '…': fish interprets \\ and \' there. */
static void fish_put(const char *text) {
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\') {
			fputc('\\', stdout);
		}
		fputc(*text, stdout);
	}
}

static void fish_option(const struct option *o, const struct command *c) {
	printf("complete -c tollbook -n '__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
	if (o->letter) {
		printf(" -s %c", o->letter);
	}
	if (o->choice) {
		fputs(" -x -a '", stdout);
		for (size_t i = 0; o->choice(i); i++) {
			printf("%s%s", i > 0 ? " " : "", o->choice(i));
		}
		fputs("'", stdout);
	} else if (o->argument) {
		fputs(strcmp(o->argument, "FILE") == 0 || strcmp(o->argument, "PATH") == 0 ? " -r -F" : " -x", stdout);
	}
	fputs(" -d '", stdout);
	fish_put(o->help);
	fputs("'\n", stdout);
}

static void fish_command(const struct run *r, const struct command *c) {
	printf("complete -c tollbook -n __fish_use_subcommand -f -a %s -d '", c->name);
	fish_put(c->what);
	fputs("'\n", stdout);
	for (size_t i = 0; i < c->word_count; i++) {
		printf("complete -c tollbook -n '__fish_seen_subcommand_from %s' -a %s -d '", c->name, c->words[i].name);
		fish_put(c->words[i].what);
		fputs("'\n", stdout);
	}
	if (explains(c)) {
		fputs("complete -c tollbook -n '__fish_seen_subcommand_from help' -f -a '", stdout);
		put_topics(r);
		fputs("'\n", stdout);
	}
	each_option(c, fish_option);
}

static int fish(struct run *r, struct fault *why) {
	(void)why;
	fputs("# fish completion for tollbook: tollbook completion fish > ~/.config/fish/completions/tollbook.fish\n", stdout);
	for (const struct command *const *c = r->commands; *c; c++) {
		fish_command(r, *c);
	}
	return say_printed(r);
}

static const struct word words[] = {
	{"bash", "", "for bash", bash},
	{"zsh", "", "for zsh", zsh},
	{"fish", "", "for fish", fish},
};

const struct command command_completion = {
	.name = "completion",
	.synopsis = "bash|zsh|fish",
	.what = "Print a completion script for the shell",
	.example = "source <(tollbook completion bash)",
	WORDS,
};
