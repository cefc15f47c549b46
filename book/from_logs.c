/* from_logs.c: from logs to a statement; nothing is stored. */
#include "book/from_logs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book/confine.h"
#include "book/findings.h"
#include "core/files/files.h"

/* State of a run; released as a whole. */
struct from_logs {
	const struct book_settings *set;
	const struct terminal *terminal;
	const struct pages_settings *pages_settings;
	struct names *names;
	struct zone *tz;
	struct fleet *fleet;
	struct prices *prices;
	bool prices_lent; /* the caller's */
	struct logs logs;
	struct quality quality;
	struct attribution *attribution;
	struct pages pages;
	struct statement *statement;
	int64_t from_ns, to_ns; /* --from, --to */
};

void from_logs_free(struct from_logs *j) {
	if (!j) {
		return;
	}
	statement_free(j->statement);
	pages_release(&j->pages);
	attribution_free(j->attribution);
	quality_release(&j->quality);
	logs_release(&j->logs);
	if (j->prices && !j->prices_lent) {
		prices_free(j->prices);
	}
	if (j->fleet) {
		fleet_free(j->fleet);
	}
	zone_free(j->tz);
	names_free(j->names);
	free(j);
}

static int start_pages(struct from_logs *j, struct fault *why) {
	const struct pages_settings *s = j->pages_settings;
	int rc = pages_check(j->set, s, why);

	return rc ? rc : pages_start(&j->pages, s, j->names, j->fleet, ingest_lanes(&j->logs.options), j->from_ns, j->to_ns, why);
}

/* Without a price of GPUs there is nothing to split: only payments to vendors are reported. */
static int open_fleet(struct from_logs *j, struct fault *why) {
	if (settings_have_rate(j->set)) {
		return settings_fleet(j->set, j->names, &j->fleet, why);
	}
	j->fleet = fleet_of_rate(0);
	return 0;
}

/* A vendor_test: without GPUs all of it was bought, with --replica none. */
static bool is_vendors(void *from_logs, name_id model, struct text billing) {
	const struct from_logs *j = from_logs;

	return !settings_have_rate(j->set) || prices_is_vendors(j->prices, names_text(j->names, model), billing);
}

/* Checks the settings and their files, before any work. */
static int prepare(struct from_logs *j, struct fault *why) {
	const struct book_settings *s = j->set;

	int rc = settings_zone("tz", s->tz, &j->tz, why);
	rc = rc == 0 ? settings_period(s, j->tz, &j->from_ns, &j->to_ns, why) : rc;
	rc = rc == 0 ? settings_logs(s, j->terminal, &j->logs, why) : rc;
	rc = rc == 0 ? open_fleet(j, why) : rc;
	rc = rc == 0 && !j->prices_lent ? settings_prices_or_installed(s, &j->prices, why) : rc;
	if (rc == 0 && j->prices && !settings_have_rate(s)) {
		fleet_use_currency(j->fleet, prices_currency(j->prices));
	}
	return rc == 0 ? start_pages(j, why) : rc;
}

static void start_attribution(struct from_logs *j) {
	bool page = j->set->format && strcmp(j->set->format, "html") == 0; /* has pictures of everything in the log */
	struct attribute_options o = {
		.fleet = j->fleet,
		.names = j->names,
		.rule = (enum rule)j->set->rule,
		.from_ns = j->from_ns,
		.to_ns = j->to_ns,
		.lanes = ingest_lanes(&j->logs.options),
		.requests_path = j->set->requests,
		.compare_rules = j->set->compare_rules || page,
		.identity = true,
		.positions = j->set->by.position || page,
		.batches = true,
		.is_vendors = j->set->replica ? NULL : is_vendors,
		.vendors = j,
		.fits_unseen = !j->set->model_report,
		.cuts = prices_cuts(j->prices),
	};

	j->attribution = attribution_new(&o);
}

static int add_record(void *from_logs, unsigned lane, const struct record *record, struct fault *why) {
	struct from_logs *j = from_logs;

	if (terminal_stopped(j->terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	bool of_gateway = record->kind == RECORD_REQUEST && record->request.gateway && !j->set->replica;
	if (!of_gateway && !settings_have_rate(j->set)) {
		return settings_no_rate(why);
	}
	pages_add_record(&j->pages, lane, record);
	return attribution_add_record(j->attribution, lane, record, why);
}

static int add_entry(void *from_logs, const struct entry *e) {
	struct from_logs *j = from_logs;

	if (terminal_stopped(j->terminal)) {
		return ERROR_IO;
	}
	int rc = pages_add_entry(&j->pages, e);
	return rc < 0 ? rc : statement_add_entry(j->statement, e);
}

static void start_statement(struct from_logs *j, int64_t from_ns, int64_t to_ns) {
	struct report_options o = settings_report(j->set, j->names, j->prices, j->tz, j->fleet);

	o.from_ns = from_ns;
	o.to_ns = to_ns;
	o.stated = &j->quality;
	j->statement = statement_new(&o);
}

static int read_logs(struct from_logs *j, struct fault *why) {
	start_attribution(j);
	j->logs.options.names = fleet_names(j->fleet);
	settings_confine(j->set, j->terminal, &j->logs.options, NULL);
	int status = ingest_run(&j->logs.options, add_record, j, &j->quality, why);
	fleet_apply_stated(j->fleet, j->names, &j->quality, &j->quality);
	return status != 0 ? status : attribution_seal(j->attribution, why);
}

/* From records to a statement that ties out. */
static int settle(struct from_logs *j, struct fault *why) {
	terminal_stage(j->terminal, "splitting the measured time …");
	int error = attribution_finish(j->attribution, add_entry, j, &j->quality, why);

	quality_report_joins(&j->quality);
	error = error ? error : attribution_each_rule(j->attribution, statement_add_rule, j->statement);
	error = error ? error : attribution_each_position(j->attribution, statement_add_position, j->statement);
	error = error ? error : attribution_each_batch(j->attribution, statement_add_batch, j->statement);
	error = error ? error : attribution_each_curve(j->attribution, statement_add_curve, j->statement);
	if (error == ERROR_RANGE || (error && !why->message[0])) {
		fault_set(why, error, "a figure does not fit: too much GPU time (292 GPU-years) or too many tokens for 64 bits; "
		                      "a book (tollbook ingest, attribute, report) has this limit for a day only");
	}
	return error ? error : statement_finish(j->statement, &j->quality, why);
}

/* The statement's period: as requested, else from the first evidence to the last. */
static bool period(const struct from_logs *j, int64_t *from_ns, int64_t *to_ns) {
	if (!attribution_period(j->attribution, from_ns, to_ns)) {
		return false;
	}
	*from_ns = j->from_ns != INT64_MIN ? j->from_ns : *from_ns;
	*to_ns = j->to_ns != INT64_MAX ? j->to_ns : *to_ns;
	return *from_ns <= *to_ns;
}

/* --model-report: the models used for the split. */
static int write_models(struct from_logs *j, struct fault *why) {
	struct outfile *file;

	if (!j->set->model_report) {
		return 0;
	}
	int error = outfile_open(&file, j->set->model_report, why);
	if (error) {
		return error;
	}
	attribution_print_models(j->attribution, outfile_stream(file));
	return outfile_commit(file, why);
}

/* 0: there is a statement. */
static int finish(struct from_logs *j, struct fault *why) {
	int64_t from_ns, to_ns;

	findings_say_inputs(j->terminal, &j->quality);
	if (!period(j, &from_ns, &to_ns)) {
		findings_say(j->terminal, &j->quality);
		findings_say_nothing(j->terminal, &j->set->logs, &j->quality);
		return EXIT_FAILED;
	}
	start_statement(j, from_ns, to_ns);
	int error = settle(j, why);
	error = error ? error : write_models(j, why);
	error = error ? error : attribution_each_model(j->attribution, pages_add_model, &j->pages);
	error = error ? error : pages_attach(&j->pages, j->statement, fleet_currency(j->fleet), why);
	if (error) {
		return error;
	}
	if (strcmp(j->set->format, "table") != 0) { /* which contains them itself */
		findings_say(j->terminal, &j->quality);
	}
	return 0;
}

static int work(struct from_logs *j, struct fault *why) {
	int rc = prepare(j, why);

	rc = rc == 0 ? read_logs(j, why) : rc;
	return rc == 0 ? finish(j, why) : rc;
}

static int make(struct from_logs **out, struct from_logs with, struct fault *why) {
	struct from_logs *j = must_alloc(sizeof *j);
	const struct book_settings *set = with.set;

	*j = with;
	j->names = names_new();
	quality_init(&j->quality);
	/*
	 * Files that are open during the whole work must be removed when it is stopped; without any, it may end at
	 * once.
	 */
	bool guarded = set->quarantine || set->requests || set->model_report;
	if (guarded) {
		terminal_guard(j->terminal, true);
	}
	int rc = work(j, why);
	if (guarded) {
		terminal_guard(with.terminal, false);
	}
	*out = rc == 0 ? j : NULL;
	if (rc != 0) {
		from_logs_free(j);
	}
	return rc;
}

int from_logs_new(struct from_logs **out, const struct book_settings *set, const struct terminal *t, const struct pages_settings *pages,
                  struct fault *why) {
	return make(out, (struct from_logs){.set = set, .terminal = t, .pages_settings = pages}, why);
}

int from_logs_new_priced(struct from_logs **out, const struct book_settings *set, const struct terminal *t, struct prices *prices,
                         struct fault *why) {
	static const struct pages_settings no_pages;

	return make(out, (struct from_logs){.set = set, .terminal = t, .pages_settings = &no_pages, .prices = prices, .prices_lent = true}, why);
}

const struct statement *from_logs_statement(const struct from_logs *j) {
	return j->statement;
}

int from_logs_write(struct from_logs *j, struct fault *why) {
	int rc = settings_write(j->set, j->terminal, j->statement, why);

	if (rc != 0) {
		return rc;
	}
	pages_print(&j->pages, j->set, j->terminal->out);
	return statement_has_findings(j->statement) ? EXIT_FINDINGS : EXIT_TIED_OUT;
}
