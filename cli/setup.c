#define _GNU_SOURCE /* strcasestr */
#include "cli/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/sandbox.h"
#include "cli/say.h"
#include "core/files/files.h"

#define WIDTH_DEFAULT 100
#define WIDTH_MIN 60
#define WIDTH_MAX 250

int setup_logs(struct run *r, struct logs *l, struct fault *why) {
	r->set.logs = r->operands;
	return settings_logs(&r->set, &r->terminal, l, why);
}

/* Pipes and devices are not opened: opening may block, and closing ends the reader's input. */
static bool may_be_tried(const char *path) {
	struct stat st;

	return path && strcmp(path, "-") != 0 && (stat(path, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

static int try_output(struct run *r, const char *option, const char *path) {
	struct outfile *file;
	struct fault why;

	if (!may_be_tried(path)) {
		return 0;
	}
	stop_guard(&r->stop);
	int error = outfile_open(&file, path, &why);
	if (!error) {
		outfile_abandon(file);
	}
	bool usage = file_path_is_wrong(errno);
	stop_unguard(&r->stop);
	if (error && !usage) {
		say_error(r, "--%s %s", option, why.message);
		return EXIT_FAILED;
	}
	return error ? say_option(r, option, "--%s %s", option, why.message) : 0;
}

int setup_outputs(struct run *r) {
	int status = try_output(r, "output", r->set.output);

	status = status == 0 ? try_output(r, "quarantine", r->set.quarantine) : status;
	status = status == 0 ? try_output(r, "requests", r->set.requests) : status;
	return status == 0 ? try_output(r, "model-report", r->set.model_report) : status;
}

/* ---- the terminal ---- */

static int terminal_width(void) {
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
		return WIDTH_DEFAULT;
	}
	return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

/* Height of a terminal that can move its cursor; 0: none. */
static int terminal_rows(void) {
	struct winsize size;
	const char *kind = getenv("TERM");

	if (kind && strcmp(kind, "dumb") == 0) {
		return 0;
	}
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 0;
}

/* Does the locale have another character set than UTF-8? */
static bool terminal_is_ascii(void) {
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);
		if (value && value[0]) {
			return !strcasestr(value, "UTF-8") && !strcasestr(value, "UTF8");
		}
	}
	return false;
}

static void say(void *run, enum terminal_voice voice, const char *message) {
	struct run *r = run;

	if (voice == TERMINAL_ERROR) {
		say_error(r, "%s", message);
	} else if (voice == TERMINAL_WARNING) {
		say_warning(r, "%s", message);
	} else {
		say_next(r, "%s", message);
	}
}

static void progress(void *run, int64_t done, int64_t total) {
	progress_bytes(&((struct run *)run)->progress, done, total);
}

static void stage(void *run, const char *what) {
	progress_stage(&((struct run *)run)->progress, what);
}

static bool stopped(void *run) {
	return stop_asked(&((struct run *)run)->stop);
}

static void guard(void *run, bool on) {
	struct run *r = run;

	if (on) {
		stop_guard(&r->stop);
	} else {
		stop_unguard(&r->stop);
	}
}

/* The thread that waits for signals is created again, within. */
static void confine(void *run, const struct terminal_paths *paths) {
	struct run *r = run;

	stop_unwatch(&r->stop);
	sandbox_enter(paths);
	stop_watch(&r->stop);
}

void setup_terminal(struct run *r) {
	r->terminal = (struct terminal){
		.context = r,
		.say = say,
		.progress = progress,
		.stage = stage,
		.stopped = stopped,
		.guard = guard,
		.confine = r->sandbox == 0 ? confine : NULL,
		.out = stdout,
		.quiet = r->quiet,
		.verbose = r->verbose,
		.color = run_colors(r, STDOUT_FILENO),
		.color_files = r->color == COLOR_ALWAYS,
		.columns = terminal_width(),
		.rows = terminal_rows(),
		.ascii = terminal_is_ascii(),
	};
}

int write_statement(struct run *r, const struct statement *s, struct fault *why) {
	progress_end(&r->progress);
	return settings_write(&r->set, &r->terminal, s, why);
}
