#include "cli/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/say.h"
#include "core/files/files.h"
#include "core/instant.h"

#define WIDTH_DEFAULT 100
#define WIDTH_MIN 60
#define WIDTH_MAX 120

static int missing_rate(struct run *r) {
	say_error(r, "nothing says what the GPUs cost");
	say_next(r, "for a quick look, one GPU per replica: --gpu-hour 2.49");
	say_next(r, "else describe what was paid in a file: --fleet fleet.json (man 5 tollbook)");
	return EXIT_USAGE;
}

int setup_fleet(struct run *r, struct names *names, struct fleet **out) {
	struct fault why;

	if (!r->fleet && r->gpu_hour_nano < 0) {
		return missing_rate(r);
	}
	if (!r->fleet) {
		*out = fleet_of_rate(r->gpu_hour_nano, names);
		return 0;
	}
	int rc = fleet_open(out, r->fleet, names, &why);
	if (rc < 0) {
		say_error(r, "%s", why.message);
		return (int)error_exit_status(rc);
	}
	if (r->gpu_hour_nano >= 0) {
		fleet_set_default_rate(*out, r->gpu_hour_nano);
	}
	return 0;
}

static int add_prices(struct run *r, struct prices *prices) {
	struct fault why;

	for (size_t i = 0; i < r->prices.count; i++) {
		int rc = prices_add_file(prices, r->prices.at[i], &why);
		if (rc < 0) {
			say_error(r, "%s", why.message);
			return (int)error_exit_status(rc);
		}
	}
	for (size_t i = 0; i < r->list.count; i++) {
		if (prices_add_match(prices, r->list.at[i], &why) < 0) {
			return say_option(r, "list", "%s", why.message);
		}
	}
	if (prices_check_matches(prices, &why) < 0) {
		return say_option(r, "list", "%s", why.message);
	}
	return 0;
}

bool setup_rule(struct run *r, const char *name) {
	for (int i = 0; i < RULES; i++) {
		if (strcmp(rule_names[i], name) == 0) {
			r->rule = i;
			return true;
		}
	}
	return false;
}

bool setup_cards_of(const struct fleet *f, struct names *names, name_id replica, name_id model, int64_t at_ns,
                    struct estimate_cards *out) {
	struct fleet_cards c;

	if (!fleet_cards_of(f, names, replica, model, at_ns, &c)) {
		return false;
	}
	*out = (struct estimate_cards){.gpu = c.gpu, .model = c.model, .gpus = c.gpus, .rate_nano = c.rate_nano,
	                               .rate_from_ns = c.rate_from_ns, .rate_until_ns = c.rate_until_ns, .role = c.role};
	return true;
}

int setup_prices(struct run *r, struct prices **out) {
	*out = NULL;
	if (r->prices.count == 0 && r->list.count > 0) {
		say_option(r, "list", "--list needs a catalogue to take the price from");
		say_next(r, "name one: --prices FILE");
		return EXIT_USAGE;
	}
	if (r->prices.count == 0) {
		return 0;
	}
	*out = prices_new();
	int status = add_prices(r, *out);
	if (status != 0) {
		prices_free(*out);
		*out = NULL;
	}
	return status;
}

int setup_zone(struct run *r, const char *option, const char *name, struct zone **out) {
	struct fault why;

	*out = NULL;
	if (!name) {
		return 0;
	}
	*out = zone_new(text_of(name), &why);
	return *out ? 0 : say_option(r, option, "--%s: %s", option, why.message);
}

/* An instant, or the start of a date in the zone. */
static int64_t start_of(const char *text, const struct zone *tz) {
	int64_t ns = 0, local;
	struct civil date;

	(void)instant_parse(text_of(text), &ns); /* value_instant_text has seen it */
	instant_to_civil(ns, &date);
	bool bare = strlen(text) == sizeof "2026-11-20" - 1;
	return bare && zone_to_instant(tz, &date, &local, NULL) ? local : ns;
}

int setup_period(struct run *r, const struct zone *tz, int64_t *from_ns, int64_t *to_ns) {
	*from_ns = r->from ? start_of(r->from, tz) : INT64_MIN;
	*to_ns = r->to ? start_of(r->to, tz) : INT64_MAX;
	if (*from_ns >= *to_ns) {
		return say_option(r, "to", "--to %s is not after --from %s", r->to ? r->to : "",
				  r->from ? r->from : "");
	}
	return 0;
}

static struct text text_or_empty(const char *s) {
	return s ? text_of(s) : T("");
}

static void fill_sources(const struct run *r, struct logs *l) {
	l->sources = must_calloc(r->operands.count, sizeof *l->sources);
	for (size_t i = 0; i < r->operands.count; i++) {
		l->sources[i] = (struct ingest_source){
			.path = r->operands.at[i],
			.replica = text_or_empty(r->replica),
			.model = text_or_empty(r->model),
			.tenant = text_or_empty(r->tenant),
			.log_zone = l->zone,
			.log_year = (int)r->log_year,
			.log_format = r->log_format,
		};
	}
}

static int read_patterns(struct run *r, struct logs *l) {
	struct fault why;

	if (r->log_format && strcmp(r->log_format, "pattern") == 0 && !r->pattern) {
		say_option(r, "log-format", "--log-format pattern needs a file of patterns");
		say_next(r, "name one: --pattern FILE");
		return EXIT_USAGE;
	}
	int rc = r->pattern ? ingest_patterns_read(&l->patterns, r->pattern, &why) : 0;
	if (rc < 0) {
		say_error(r, "%s", why.message);
		return (int)error_exit_status(rc);
	}
	return 0;
}

int setup_tenant_key(struct run *r, struct tenant_key **out) {
	struct fault why;
	bool open;

	*out = NULL;
	if (!r->tenant_key) {
		return 0;
	}
	if (tenant_key_read(out, r->tenant_key, &open, &why) < 0) {
		return say_option(r, "tenant-key-file", "%s", why.message);
	}
	if (open) {
		say_warning(r, "%s: everybody can read this key, and so find out which tenant is which: chmod o-r", r->tenant_key);
	}
	return 0;
}

int setup_logs(struct run *r, struct logs *l) {
	*l = (struct logs){0};
	if (r->operands.count == 0) {
		say_argument(r, r->argc, "no LOG given, expected a file, a directory or - for standard input");
		return EXIT_USAGE;
	}
	int status = setup_zone(r, "log-zone", r->log_zone, &l->zone);
	status = status == 0 ? read_patterns(r, l) : status;
	status = status == 0 ? setup_tenant_key(r, &l->tenant_key) : status;
	if (status != 0) {
		logs_release(l);
		return status;
	}
	fill_sources(r, l);
	l->options = (struct ingest_options){
		.sources = l->sources,
		.source_count = r->operands.count,
		.threads = (unsigned)r->threads,
		.quarantine = r->quarantine,
		.max_line_bytes = (size_t)r->max_line_bytes,
		.max_ratio = r->max_ratio,
		.progress = progress_bytes,
		.progress_context = &r->progress,
		.patterns = l->patterns,
		.tenant_key = l->tenant_key,
	};
	return 0;
}

void logs_release(struct logs *l) {
	free(l->sources);
	zone_free(l->zone);
	ingest_patterns_free(l->patterns);
	tenant_key_free(l->tenant_key);
	*l = (struct logs){0};
}

/* Pipes and devices are left alone: opening them may wait, and closing them tells the reader that all is said. */
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
	int status = try_output(r, "output", r->output);

	status = status == 0 ? try_output(r, "quarantine", r->quarantine) : status;
	status = status == 0 ? try_output(r, "requests", r->requests) : status;
	return status == 0 ? try_output(r, "model-report", r->model_report) : status;
}

static int terminal_width(void) {
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
		return WIDTH_DEFAULT;
	}
	return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

struct rendering_options setup_rendering(const struct run *r) {
	return (struct rendering_options){
		.color = r->output ? r->color == COLOR_ALWAYS : run_colors(r, STDOUT_FILENO),
		.width = r->output ? WIDTH_DEFAULT : terminal_width(),
		.verbose = r->verbose,
	};
}

static int render(struct run *r, const struct statement *s, struct fault *why) {
	struct rendering_options options = setup_rendering(r);
	struct outfile *file;

	int error = outfile_open(&file, r->output, why);
	if (error) {
		return error;
	}
	error = statement_render(s, r->format, &options, outfile_stream(file), why);
	if (error) {
		int saved = errno;
		outfile_abandon(file);
		errno = saved;
		return error;
	}
	return outfile_commit(file, why);
}

int write_statement(struct run *r, const struct statement *s) {
	struct fault why;

	progress_end(&r->progress);
	stop_guard(&r->stop);
	int error = render(r, s, &why);
	bool reader_left = error == ERROR_IO && errno == EPIPE && !r->output;
	stop_unguard(&r->stop);
	if (reader_left) { /* `| head` knows what it did: the status is that of the work */
		return 0;
	}
	if (error) {
		say_error(r, "%s", why.message);
	}
	return (int)error_exit_status(error);
}
