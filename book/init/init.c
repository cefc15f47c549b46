/* init.c: from a survey of logs to files for people to edit. */
#include "book/init/init.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "book/findings.h"
#include "book/night.h"
#include "book/init/rental.h"
#include "book/init/survey.h"
#include "core/decimal.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/json.h"
#include "core/text.h"

#define PATH_ROOM 4096
#define FILL_IN "FILL IN"

struct init {
	const struct init_settings *asked;
	const struct book_settings *set;
	const struct terminal *terminal;
	struct survey survey;
	char config[PATH_ROOM], fleet[PATH_ROOM];
	size_t open;      /* pools with a rate to be filled in */
	size_t suggested; /* pools with a suggested rate */
	size_t assumed;   /* pools with a number of GPUs that no log states */
};

/* ---- JSON ---- */

static void put_member(FILE *out, const char *key, const char *value) {
	if (value) {
		fprintf(out, ", \"%s\": ", key);
		json_put_text(out, text_of(value));
	}
}

/* ---- pools ---- */

/* Replicas of one model on the same number and kind of GPUs are one pool, named after the first of them. */
static bool same_pool(const struct survey_replica *a, const struct survey_replica *b) {
	return a->model == b->model && a->gpus == b->gpus && a->gpu == b->gpu;
}

static bool is_first(const struct survey *s, size_t i) {
	for (size_t k = 0; k < i; k++) {
		if (same_pool(&s->at[k], &s->at[i])) {
			return false;
		}
	}
	return true;
}

static bool alone_with_model(const struct survey *s, size_t i) {
	for (size_t k = 0; k < s->count; k++) {
		if (s->at[k].model == s->at[i].model && !same_pool(&s->at[k], &s->at[i])) {
			return false;
		}
	}
	return true;
}

/* The common prefix of the pool's replicas, and their number. */
static struct text common_start(const struct survey *s, size_t first, size_t *count) {
	struct text start = names_text(s->names, s->at[first].name);

	*count = 0;
	for (size_t k = first; k < s->count; k++) {
		struct text name = names_text(s->names, s->at[k].name);
		size_t len = 0;
		if (same_pool(&s->at[first], &s->at[k])) {
			while (len < start.len && len < name.len && start.at[len] == name.at[len]) {
				len++;
			}
			start.len = len;
			++*count;
		}
	}
	return start;
}

/* Would the pattern match replicas of other pools? */
static bool takes_others(const struct survey *s, size_t first, struct text start) {
	for (size_t k = 0; k < s->count; k++) {
		if (!same_pool(&s->at[first], &s->at[k]) && text_starts(names_text(s->names, s->at[k].name), start)) {
			return true;
		}
	}
	return false;
}

struct pool_text {
	const char *gpu;   /* NULL: not known */
	const struct rental *rental;
	int64_t gpus;
	size_t replicas;
	char match[600];
};

static void describe(struct init *n, size_t first, struct pool_text *p) {
	const struct survey *s = &n->survey;
	const struct survey_replica *one = &s->at[first];
	const struct gpu *given = n->asked->gpu ? gpu_find(s->cards, text_of(n->asked->gpu)) : NULL;

	p->gpu = given ? given->name : n->asked->gpu ? n->asked->gpu : one->gpu ? one->gpu->name : NULL;
	p->rental = p->gpu ? rental_of(p->gpu) : NULL;
	p->gpus = n->asked->gpus > 0 ? n->asked->gpus : one->gpus > 0 ? one->gpus : 1;
	struct text start = common_start(s, first, &p->replicas);
	/* With its model, a pool may match all names; else patterns must distinguish pools. */
	bool all = takes_others(s, first, start) && alone_with_model(s, first) && one->model;
	if (p->replicas == 1 && !all) {
		snprintf(p->match, sizeof p->match, "%.*s", (int)(start.len < 512 ? start.len : 512), start.len ? start.at : "");
	} else {
		snprintf(p->match, sizeof p->match, "%.*s*", all ? 0 : (int)(start.len < 512 ? start.len : 512), start.len ? start.at : "");
	}
}

static void put_day(FILE *out, int64_t ns) {
	char text[INSTANT_TEXT_MAX];

	fprintf(out, "%.10s", instant_format(ns, text));
}

/* The source of the rate, for editing it. */
static void put_rate_note(FILE *out, struct init *n, const struct pool_text *p) {
	const struct rental *r = p->rental;

	if (n->asked->gpu_hour_nano >= 0) {
		fputs("as given with --gpu-hour", out);
	} else if (r) {
		n->suggested++;
		fprintf(out, "a suggestion, not what you pay: USD per GPU-hour on demand, %s (%s)", r->date, r->source);
		if (r->low) {
			fprintf(out, "; the range is %s to %s", r->low, r->high);
		}
	} else {
		n->open++;
		fputs("the price of one GPU-hour: nightly refuses to run until it is filled in", out);
	}
}

static void put_rate(FILE *out, struct init *n, const struct pool_text *p) {
	char price[DECIMAL_TEXT_MAX];

	fputs("    \"rates\": [{\"//\": \"", out);
	put_rate_note(out, n, p);
	fputs("\",\n      \"from\": \"", out);
	put_day(out, n->survey.from_ns);
	fprintf(out, "\", \"per_gpu_hour\": \"%s\"}]}",
	        n->asked->gpu_hour_nano >= 0 ? decimal_exact(n->asked->gpu_hour_nano, 2, price) : p->rental ? p->rental->price : FILL_IN);
}

static void put_gpus_note(FILE *out, struct init *n, const struct survey_replica *one) {
	char note[700];

	if (n->asked->gpus > 0) {
		snprintf(note, sizeof note, "GPUs per replica as given with --gpus");
	} else if (one->gpus > 0) {
		snprintf(note, sizeof note, "GPUs per replica as stated in %s", one->stated ? one->stated : "the log");
	} else {
		n->assumed++;
		snprintf(note, sizeof note, "no log states the GPUs per replica: 1 is assumed");
	}
	json_put_text(out, text_of(note));
}

static void put_pool(FILE *out, struct init *n, size_t first, size_t number) {
	const struct survey_replica *one = &n->survey.at[first];
	struct pool_text p;
	char name[32];

	describe(n, first, &p);
	snprintf(name, sizeof name, "pool-%zu", number);
	fprintf(out, "%s\n   {\"//\": [\"%zu replica%s with this model and GPUs\", ", number > 1 ? "," : "", p.replicas, PLURAL(p.replicas));
	put_gpus_note(out, n, one);
	fprintf(out, "],\n    \"name\": \"%s\"", name);
	put_member(out, "match", p.match);
	put_member(out, "model", one->model ? names_text(n->survey.names, one->model).at : NULL);
	fputs(",\n   ", out);
	fprintf(out, " \"gpus_per_replica\": %" PRId64, p.gpus);
	put_member(out, "gpu", p.gpu);
	fputs(",\n", out);
	put_rate(out, n, &p);
}

static void put_fleet(FILE *out, struct init *n) {
	size_t number = 0;

	fprintf(out,
	        "{\"//\": [\"What was paid. Written by tollbook %s init: correct it where needed; man 5 tollbook "
			    "describes all keys.\",\n"
	        "  \"A replica belongs to the first pool whose pattern matches it. Add a row to rates when the price "
		    "changes.\",\n"
	        "  \"Without uptime a replica is paid from its first to its last record: add \\\"uptime\\\" if more "
		    "was paid.\"],\n"
	        " \"schema\": \"tollbook.fleet.v1\", \"currency\": \"USD\",\n \"pools\": [",
	        TOLLBOOK_VERSION);
	for (size_t i = 0; i < n->survey.count; i++) {
		if (is_first(&n->survey, i)) {
			put_pool(out, n, i, ++number);
		}
	}
	fputs("]}\n", out);
}

/* ---- the configuration ---- */

/* Seen from the configuration's folder; characters of patterns are escaped, and a file may be rotated. */
static void put_path(FILE *out, const char *log, bool absolute) {
	char *real = absolute ? realpath(log, NULL) : NULL, *pattern = must_alloc(2 * strlen(real ? real : log) + 2), *to = pattern;
	struct stat st;

	for (const char *from = real ? real : log; *from; from++) {
		if (strchr("*?[\\", *from)) {
			*to++ = '\\';
		}
		*to++ = *from;
	}
	bool folder = stat(log, &st) == 0 && S_ISDIR(st.st_mode);
	if (!folder) {
		*to++ = '*';
	}
	*to = '\0';
	json_put_text(out, text_of(pattern));
	free(pattern);
	free(real);
}

static void put_logs(FILE *out, const struct init *n) {
	const struct book_settings *s = n->set;

	for (size_t i = 0; i < s->logs.count; i++) {
		fprintf(out, "%s\n  {\"path\": ", i > 0 ? "," : "");
		put_path(out, s->logs.at[i], n->asked->folder != NULL);
		put_member(out, "model", s->model);
		put_member(out, "replica", s->replica);
		put_member(out, "tenant", s->tenant);
		put_member(out, "log_zone", s->log_zone);
		put_member(out, "log_format", s->log_format);
		fputs("}", out);
	}
}

/* A file of the book or the reports, as the configuration names it. */
static void put_place(FILE *out, const struct init *n, const char *name) {
	char path[PATH_ROOM];

	snprintf(path, sizeof path, "%s%s%s", n->asked->data ? n->asked->data : "", n->asked->data ? "/" : "", name);
	json_put_text(out, text_of(path));
}

static void put_reports(FILE *out, const struct init *n) {
	fputs("],\n"
	      " \"reports\": [\n"
	      "  {\"//\": \"everything in the book\", \"output\": ", out);
	put_place(out, n, "costs.html");
	fputs(", \"format\": \"html\", \"by\": \"day,model,tenant\"},\n"
	      "  {\"//\": \"the month so far, for other programs\", \"output\": ", out);
	put_place(out, n, "costs-%Y-%m.json");
	fputs(", \"format\": \"json\", \"by\": \"day,tenant\",\n"
	      "   \"period\": \"month\"}],\n"
	      " \"metrics\": ", out);
	put_place(out, n, "tollbook.prom");
	fputs("}\n", out);
}

static void put_config(FILE *out, const struct init *n) {
	fprintf(out,
	        "{\"//\": [\"Written by tollbook %s init; man 5 tollbook describes all keys. Paths are relative to "
			    "this folder.\",\n"
	        "  \"Every night: tollbook nightly -c tollbook.conf\"],\n"
	        " \"schema\": \"tollbook.config.v1\",\n"
	        " \"book\": ",
	        TOLLBOOK_VERSION);
	put_place(out, n, "book");
	fputs(",\n \"fleet\": \"fleet.json\",\n \"logs\": [", out);
	put_logs(out, n);
	put_reports(out, n);
}

/* ---- files ---- */

static int refuse_if_there(const char *path, struct fault *why) {
	if (access(path, F_OK) != 0) {
		return 0;
	}
	return fault_next(why, fault_set(why, ERROR_CONFIG, "%s already exists", path), "to replace it: --force; to "
											"write elsewhere: --folder DIR");
}

typedef void put_file(FILE *out, struct init *n);

static int write_file(struct init *n, const char *path, put_file *put, struct fault *why) {
	struct outfile *file;
	int rc = outfile_open(&file, path, why);

	if (rc == 0) {
		put(outfile_stream(file), n);
		rc = outfile_commit(file, why);
	}
	return rc;
}

static void put_config_file(FILE *out, struct init *n) {
	put_config(out, n);
}

static int prepare(struct init *n, struct fault *why) {
	const char *folder = n->asked->folder;
	int rc = 0;

	if (snprintf(n->config, PATH_ROOM, "%s%stollbook.conf", folder ? folder : "", folder ? "/" : "") >= PATH_ROOM ||
	    snprintf(n->fleet, PATH_ROOM, "%s%sfleet.json", folder ? folder : "", folder ? "/" : "") >= PATH_ROOM) {
		return fault_option(why, "folder", "is too long");
	}
	if (n->asked->data && (n->asked->data[0] != '/' || strchr(n->asked->data, '%') || strlen(n->asked->data) + 32 > PATH_ROOM)) {
		return fault_option(why, "data", "expected an absolute path without %%, of at most %d bytes", PATH_ROOM - 32);
	}
	for (size_t i = 0; i < n->set->logs.count; i++) {
		if (strcmp(n->set->logs.at[i], "-") == 0) {
			return fault_set(why, ERROR_CONFIG, "nightly cannot read standard input, expected files or "
							    "folders");
		}
	}
	if (folder && mkdir(folder, 0777) != 0 && errno != EEXIST) {
		return fault_option(why, "folder", "cannot be made: %s", strerror(errno));
	}
	if (n->asked->data && mkdir(n->asked->data, 0777) != 0 && errno != EEXIST) {
		return fault_option(why, "data", "cannot be made: %s", strerror(errno));
	}
	if (!n->asked->force) {
		rc = refuse_if_there(n->config, why);
		rc = rc == 0 ? refuse_if_there(n->fleet, why) : rc;
	}
	return rc;
}

/* ---- confinement ---- */

/*
 * Before logs are read, the process gives up access to all files except these: the logs with their folders (the night
 * looks for rotated ones), the files that the settings name, and the folder of the configuration, where everything is
 * written.
 */
static void confine(const struct init *n) {
	const struct book_settings *s = n->set;
	const struct terminal *t = n->terminal;
	const char *const written[] = {n->asked->folder ? n->asked->folder : ".", n->asked->data, getenv("TMPDIR"), "/tmp", "/var/tmp"};
	const char **read = must_calloc(2 * s->logs.count + 3, sizeof *read);
	size_t count = 0;

	if (!t->confine) {
		free(read);
		return;
	}
	for (size_t i = 0; i < s->logs.count; i++) {
		const char *log = s->logs.at[i], *slash = strrchr(log, '/');
		read[count++] = must_copy(log);
		char *folder = slash > log ? must_copy(log) : must_copy(slash ? "/" : ".");
		folder[slash > log ? (size_t)(slash - log) : 1] = '\0';
		read[count++] = folder;
	}
	size_t own = count;
	read[count++] = s->pattern;
	read[count++] = s->tenant_key;
	read[count++] = getenv("TZDIR");
	t->confine(t->context, &(struct terminal_paths){read, count, written, sizeof written / sizeof *written});
	for (size_t i = 0; i < own; i++) {
		free((void *)(uintptr_t)read[i]);
	}
	free(read);
}

/* ---- next steps ---- */

static void say_gaps(const struct init *n) {
	const struct terminal *t = n->terminal;

	if (n->assumed > 0) {
		terminal_warning(t, "%s: no log states how many GPUs a replica has: 1 is assumed; correct \"gpus_per_replica\", or give --gpus",
		                 n->fleet);
	}
	if (n->suggested > 0) {
		terminal_warning(t, "%s: the price of a GPU-hour is a suggestion from a table of rental prices: correct \"per_gpu_hour\"", n->fleet);
	}
	if (n->survey.count == 0) {
		terminal_warning(t, "no log of an engine among these: %s has no pool; for the cost of own GPUs give the engines' logs, too", n->fleet);
	}
	if (n->survey.gateway > 0) {
		terminal_warning(t, "%" PRId64 " requests of gateways name no server: those of vendors are listed as API spend", n->survey.gateway);
	}
}

/* The rates to be filled in, and typical prices of these GPUs. */
static int say_open(const struct init *n) {
	size_t count;
	const struct rental *all = rental_all(&count);

	terminal_warning(n->terminal, "%s: fill in \"per_gpu_hour\" for %zu pool%s", n->fleet, n->open, PLURAL(n->open));
	for (size_t i = 0; i < count && !n->terminal->quiet; i++) {
		terminal_hint(n->terminal, "%-15s %s USD per GPU-hour on demand, %s", all[i].gpu, all[i].price, all[i].date);
	}
	terminal_hint(n->terminal, "fill it in, or run init again with --force and --gpu NAME or --gpu-hour PRICE; "
				   "then: tollbook nightly -c %s", n->config);
	return EXIT_FINDINGS;
}

static int first_night(struct init *n, struct fault *why) {
	struct night_settings night = {.config = n->config};
	struct book_settings set = *n->set;

	set.logs = (struct list){0};
	int rc = night_check(&night, &set, n->terminal, why);
	if (rc == 0 && n->asked->night) {
		rc = night_run(&night, &set, n->terminal, why);
	}
	return rc == 0 && n->suggested > 0 ? EXIT_FINDINGS : rc;
}

static int write_files(struct init *n, struct fault *why) {
	int rc = write_file(n, n->fleet, put_fleet, why);

	rc = rc == 0 ? write_file(n, n->config, put_config_file, why) : rc;
	if (rc != 0) {
		return rc;
	}
	if (!n->terminal->quiet) {
		fprintf(n->terminal->out, "%s and %s: %zu replica%s in %zu file%s\n", n->config, n->fleet, n->survey.count,
		        PLURAL(n->survey.count), n->survey.files, PLURAL(n->survey.files));
		fflush(n->terminal->out);
	}
	say_gaps(n);
	return n->open > 0 ? say_open(n) : first_night(n, why);
}

int init_run(const struct init_settings *asked, const struct book_settings *set, const struct terminal *t, struct fault *why) {
	struct init n = {.asked = asked, .set = set, .terminal = t};
	int rc = prepare(&n, why);

	if (rc != 0) {
		return rc;
	}
	confine(&n);
	rc = survey_logs(&n.survey, set, t, why);
	if (rc == 0 && n.survey.count == 0 && n.survey.gateway == 0) {
		findings_say(t, &n.survey.quality);
		findings_say_nothing(t, &set->logs, &n.survey.quality);
		rc = EXIT_FAILED;
	}
	rc = rc == 0 ? write_files(&n, why) : rc;
	survey_release(&n.survey);
	return rc;
}
