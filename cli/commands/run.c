/* run.c: tollbook run: from logs to a statement, and nothing is kept. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/findings.h"
#include "cli/pages_options.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "cli/values.h"
#include "core/files/files.h"

struct settings {
	struct pages_settings pages;
};

/* What a run holds; released as a whole. */
struct job {
	struct run *r;
	struct names *names;
	struct zone *tz;
	struct fleet *fleet;
	struct prices *prices;
	struct logs logs;
	struct quality quality;
	struct attribution *attribution;
	struct pages pages;
	struct statement *statement;
	int64_t from_ns, to_ns; /* --from, --to */
};

static void job_release(struct job *j) {
	statement_free(j->statement);
	pages_release(&j->pages);
	attribution_free(j->attribution);
	quality_release(&j->quality);
	logs_release(&j->logs);
	if (j->prices) {
		prices_free(j->prices);
	}
	if (j->fleet) {
		fleet_free(j->fleet);
	}
	zone_free(j->tz);
	names_free(j->names);
}

static int start_pages(struct job *j, struct fault *why) {
	const struct settings *s = j->r->own;
	int rc = pages_check(&j->r->set, &s->pages, why);

	return rc ? rc : pages_start(&j->pages, &s->pages, j->names, j->fleet, ingest_lanes(&j->logs.options), j->from_ns, j->to_ns, why);
}

/* Everything that can be wrong with the command line and its files, before any work. */
static int prepare(struct job *j, struct fault *why) {
	struct run *r = j->r;

	int status = settings_zone("tz", r->set.tz, &j->tz, why);
	status = status == 0 ? settings_period(&r->set, j->tz, &j->from_ns, &j->to_ns, why) : status;
	status = status == 0 ? setup_logs(r, &j->logs, why) : status;
	status = status == 0 ? settings_fleet(&r->set, j->names, &j->fleet, why) : status;
	status = status == 0 ? settings_prices(&r->set, &j->prices, why) : status;
	return status == 0 ? setup_outputs(r) : status;
}

static void start_attribution(struct job *j) {
	struct attribute_options o = {
		.fleet = j->fleet,
		.names = j->names,
		.rule = (enum rule)j->r->set.rule,
		.from_ns = j->from_ns,
		.to_ns = j->to_ns,
		.lanes = ingest_lanes(&j->logs.options),
		.requests_path = j->r->set.requests,
		.compare_rules = j->r->set.compare_rules,
		.positions = j->r->set.by.position,
	};

	if (j->prices) {
		prices_cuts(j->prices, &o.cuts.prompt_over_ntok, &o.cuts.prompt_count, &o.cuts.minute_of_day,
			    &o.cuts.minute_count);
	}
	j->attribution = attribution_new(&o);
}

static int take_record(void *job, unsigned lane, const struct record *record, struct fault *why) {
	struct job *j = job;

	if (stop_asked(&j->r->stop)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	pages_take(&j->pages, lane, record);
	return attribution_take(j->attribution, lane, record, why);
}

static int take_entry(void *job, const struct entry *e) {
	struct job *j = job;

	if (stop_asked(&j->r->stop)) {
		return ERROR_IO;
	}
	int rc = pages_take_entry(&j->pages, e);
	return rc < 0 ? rc : statement_take(j->statement, e);
}

static void start_statement(struct job *j, int64_t from_ns, int64_t to_ns) {
	struct report_options o = settings_report(&j->r->set, j->names, j->prices, j->tz, j->fleet);

	o.from_ns = from_ns;
	o.to_ns = to_ns;
	j->statement = statement_new(&o);
}

static int read_logs(struct job *j, struct fault *why) {
	progress_start(&j->r->progress, !j->r->quiet && !j->r->no_progress);
	start_attribution(j);
	j->logs.options.names = fleet_names(j->fleet);
	int status = ingest_run(&j->logs.options, take_record, j, &j->quality, why);
	fleet_take_stated(j->fleet, j->names, &j->quality, &j->quality);
	return status != 0 ? status : attribution_seal(j->attribution, why);
}

/* From records to a statement that ties out. */
static int settle(struct job *j, struct fault *why) {
	progress_stage(&j->r->progress, "splitting the measured time …");
	int error = attribution_finish(j->attribution, take_entry, j, &j->quality, why);

	quality_tell_joins(&j->quality);
	if (error && !why->message[0]) {
		fault_set(why, error, "a figure does not fit: too much time or too many tokens for 64 bits");
	}
	error = error ? error : attribution_give_rules(j->attribution, statement_take_rule, j->statement);
	error = error ? error : attribution_give_positions(j->attribution, statement_take_position, j->statement);
	return error ? error : statement_finish(j->statement, &j->quality, why);
}

/* The statement's period: what was asked for, else from the first evidence to the last. */
static bool period(const struct job *j, int64_t *from_ns, int64_t *to_ns) {
	if (!attribution_period(j->attribution, from_ns, to_ns)) {
		return false;
	}
	*from_ns = j->from_ns != INT64_MIN ? j->from_ns : *from_ns;
	*to_ns = j->to_ns != INT64_MAX ? j->to_ns : *to_ns;
	return *from_ns <= *to_ns;
}

/* --model-report: what the split was computed with. */
static int write_models(struct job *j, struct fault *why) {
	struct outfile *file;

	if (!j->r->set.model_report) {
		return 0;
	}
	int error = outfile_open(&file, j->r->set.model_report, why);
	if (error) {
		return error;
	}
	attribution_print_models(j->attribution, outfile_stream(file));
	return outfile_commit(file, why);
}

static int finish(struct job *j, struct fault *why) {
	int64_t from_ns, to_ns;

	findings_say_inputs(&j->r->terminal, &j->quality);
	if (!period(j, &from_ns, &to_ns)) {
		findings_say(&j->r->terminal, &j->quality);
		findings_say_nothing(&j->r->terminal, &j->r->operands, &j->quality);
		return EXIT_FAILED;
	}
	start_statement(j, from_ns, to_ns);
	int error = settle(j, why);
	error = error ? error : write_models(j, why);
	error = error ? error : attribution_give_models(j->attribution, pages_take_model, &j->pages);
	error = error ? error : pages_attach(&j->pages, j->statement, fleet_currency(j->fleet), why);
	if (error) {
		return error;
	}
	if (strcmp(j->r->set.format, "table") != 0) { /* which has them itself */
		findings_say(&j->r->terminal, &j->quality);
	}
	int status = write_statement(j->r, j->statement, why);
	if (status == 0) {
		pages_print(&j->pages, &j->r->set, stdout);
	}
	return status != 0 ? status : statement_has_findings(j->statement) ? EXIT_FINDINGS : EXIT_TIED_OUT;
}

static int do_job(struct run *r, struct fault *why) {
	struct job j = {.r = r, .names = names_new()};

	quality_init(&j.quality);
	int status = prepare(&j, why);
	status = status == 0 ? start_pages(&j, why) : status;
	if (status == 0) {
		status = read_logs(&j, why);
		status = status == 0 ? finish(&j, why) : status;
	}
	job_release(&j);
	return status;
}

/* Files that are open all along must be taken back when a signal comes; without any, it may end at once. */
static int run(struct run *r, struct fault *why) {
	bool guarded = r->set.quarantine || r->set.requests || r->set.model_report;

	if (guarded) {
		stop_guard(&r->stop);
	}
	int status = do_job(r, why);
	if (guarded) {
		stop_unguard(&r->stop);
	}
	return status;
}

static const struct option own[] = {
	PAGES_OPTIONS(settings, pages),
};

const struct command command_run = {
	.name = "run",
	.synopsis = "[options] LOG...",
	.what = "Read logs, print a statement; keeps nothing",
	.about = "LOG is a file, a directory (all files below it, in name order) or -. Compression and format are\n"
		 "told by content. One of --fleet and --gpu-hour is needed.\n",
	.example = "tollbook run --fleet fleet.json --prices prices.json --by tenant logs/",
	.groups = GROUP_COST | GROUP_SPLIT | GROUP_DETAIL | GROUP_PRICES | GROUP_PERIOD | GROUP_REPORT | GROUP_OUTPUT | GROUP_LOGS,
	.own = own,
	.own_count = sizeof own / sizeof *own,
	.own_bytes = sizeof(struct settings),
	.main = run,
};
