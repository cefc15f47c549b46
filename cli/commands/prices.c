/* prices.c: tollbook prices: catalogues of list prices. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cli/say.h"
#include "cli/setup.h"
#include "cli/values.h"
#include "core/files/files.h"
#include "core/instant.h"

struct settings {
	const char *at;   /* --at */
	const char *date; /* --date */
};

static int64_t instant_asked(const struct run *r) {
	const struct settings *s = r->own;
	int64_t ns;

	return s->at && instant_parse(text_of(s->at), &ns) ? ns : instant_now() / NS_PER_SECOND * NS_PER_SECOND;
}

/* The named catalogues, dated by --date. */
static int read_catalogues(struct run *r, struct prices *prices) {
	const struct settings *s = r->own;
	struct fault why;

	if (s->date && prices_set_date(prices, s->date, &why) < 0) {
		return say_option(r, "date", "--date: %s", why.message);
	}
	for (size_t i = 0; i < r->operands.count; i++) {
		if (prices_add_file(prices, r->operands.at[i], &why) < 0) {
			say_error(r, "%s", why.message);
			return EXIT_USAGE;
		}
	}
	return 0;
}

static int write_catalogue(struct run *r, const struct prices *prices, struct fault *why) {
	struct outfile *file;

	stop_guard(&r->stop);
	int error = outfile_open(&file, r->set.output, why);
	if (!error) {
		prices_write(prices, outfile_stream(file));
		error = outfile_commit(file, why);
	}
	stop_unguard(&r->stop);
	return error;
}

/* Prints what was read; writes it as one catalogue with -o. */
static int import(struct run *r, struct fault *why) {
	if (r->operands.count == 0) {
		return say_argument(r, r->argc, "no FILE given, expected a catalogue as it was published");
	}
	struct prices *prices = prices_new();
	int status = read_catalogues(r, prices);
	if (status == 0 && r->set.output) {
		status = write_catalogue(r, prices, why);
	}
	if (status == 0) {
		bool mixed = r->set.output && strcmp(r->set.output, "-") == 0;
		prices_print_summary(prices, mixed ? stderr : stdout);
		status = say_printed(r);
	}
	prices_free(prices);
	return status;
}

static int list(struct run *r, struct fault *why) {
	struct prices *prices;

	(void)why;
	int status = settings_prices_or_installed(&r->set, &prices, why);
	if (status != 0) {
		return status;
	}
	prices_print_list(prices, r->operands.count > 0 ? r->operands.at[0] : NULL, instant_asked(r), stdout);
	prices_free(prices);
	return say_printed(r);
}

static int show(struct run *r, struct fault *why) {
	struct prices *prices;
	int error = 0;

	if (r->operands.count == 0) {
		say_argument(r, r->argc, "no MODEL given, expected the name that the log uses");
		return EXIT_USAGE;
	}
	int status = settings_prices_or_installed(&r->set, &prices, why);
	if (status != 0) {
		return status;
	}
	for (size_t i = 0; i < r->operands.count && !error; i++) {
		error = prices_print_model(prices, r->operands.at[i], instant_asked(r), stdout, why);
	}
	prices_free(prices);
	return error ? error : say_printed(r);
}

static int open_one(struct run *r, const char *path, struct prices **out) {
	struct fault why;

	*out = prices_new();
	if (prices_add_file(*out, path, &why) < 0) {
		say_error(r, "%s", why.message);
		return EXIT_USAGE;
	}
	return 0;
}

static int diff(struct run *r, struct fault *why) {
	struct prices *before = NULL, *after = NULL;
	bool differ = false;

	(void)why;
	if (r->operands.count != 2) {
		return say_argument(r, r->argc, "expected two catalogues, the older one first");
	}
	int status = open_one(r, r->operands.at[0], &before);
	status = status == 0 ? open_one(r, r->operands.at[1], &after) : status;
	if (status == 0) {
		differ = prices_print_diff(before, after, stdout);
		status = say_printed(r);
	}
	prices_free(before);
	if (after) {
		prices_free(after);
	}
	return status == 0 && differ ? EXIT_FINDINGS : status;
}

/* Creates the missing folders of a file. */
static int make_above(char *path, struct fault *why) {
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		bool fine = mkdir(path, 0755) == 0 || errno == EEXIST;
		int rc = fine ? 0 : fault_set(why, ERROR_IO, "%s: cannot be made", path);
		*at = '/';
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

/* Replaces the installed catalogue with a newer one, after reading it and reporting the changes. */
static int update(struct run *r, struct fault *why) {
	struct prices *now = prices_new(), *next = NULL;
	char path[4096];
	struct outfile *file;

	if (r->operands.count != 1) {
		prices_free(now);
		return say_argument(r, r->argc, "expected one FILE, a catalogue as it was published");
	}
	int status = prices_add_installed(now, why);
	status = status == 0 ? open_one(r, r->operands.at[0], &next) : status;
	if (status == 0 && !prices_update_path(path, sizeof path)) {
		status = fault_set(why, ERROR_CONFIG, "no home folder is known: set HOME or XDG_DATA_HOME");
	}
	if (status == 0) {
		prices_print_diff(now, next, stdout);
		status = make_above(path, why);
		status = status == 0 ? outfile_open(&file, path, why) : status;
		if (status == 0) {
			prices_write(next, outfile_stream(file));
			status = outfile_commit(file, why);
		}
	}
	if (status == 0) {
		printf("%s replaces the installed catalogue: %s\n", r->operands.at[0], path);
		status = say_printed(r);
	}
	prices_free(now);
	if (next) {
		prices_free(next);
	}
	return status;
}

static const struct word words[] = {
	{"update", "FILE", "report how FILE differs from the installed catalogue, and use it from now on", update},
	{"import", "FILE...", "summarise published catalogues; with -o write them as one", import},
	{"list", "[TEXT]", "list all models whose name contains TEXT, with their prices", list},
	{"show", "MODEL...", "show which entry a log's model name matches, and its rules", show},
	{"diff", "OLD NEW", "show what two catalogues price differently; exit status 1 if there is any", diff},
};

static const struct option own[] = {
	{"at", 0, "T", "prices at this date or instant (default: now)", 0, value_instant_text,
	 offsetof(struct settings, at), NULL, false},
	{"date", 0, "DAY", "import: the day on which FILE was published", 0, value_text, offsetof(struct settings, date),
	 NULL, true},
};

const struct command command_prices = {
	.name = "prices",
	.synopsis = "import|list|show|diff|update [options] ...",
	.what = "Catalogues of list prices",
	.example = "tollbook prices show gpt-4o-2024-08-06 --prices samples/prices.json --at 2026-10-01",
	.groups = GROUP_PRICES | GROUP_OUTPUT,
	OWN(struct settings),
	WORDS,
};
