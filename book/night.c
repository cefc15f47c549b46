/* night.c: reads new logs, restates what changed, writes the reports. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "book/book.h"
#include "book/config.h"
#include "book/confine.h"
#include "book/findings.h"
#include "book/mail.h"
#include "book/night.h"
#include "book/log_batches.h"
#include "core/files/files.h"
#include "core/files/folders.h"
#include "core/decimal.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/text.h"

/* Retention: longer is for ever. */
#define DAYS_MAX 36500
/* A temporary file this old is not being written any more. */
#define LEFT_OVER_S 3600

struct night {
	const struct night_settings *asked;
	const struct terminal *terminal;
	struct book_settings set; /* the configuration's */
	struct config config;
	struct book book;
	struct logs logs;
	struct config_found found;
	struct log_batches *batches;
	struct ledger_intake *intake; /* of the current batch */
	struct ledger_run sum;        /* over the batches */
	struct quality quality;       /* of those that are committed */
	int64_t first_run;            /* 0: none yet */
	int64_t restated_nano, restated_days;
	char adjusted[120];           /* what it posts for closed periods, as text for the summary */
	size_t written;               /* reports */
	char page[8192];              /* the HTML report that was written, if any */
	int64_t retired; /* replica-days with removed records */
};

/* ---- from the configuration to settings ---- */

static int find_logs(struct night *n, struct fault *why) {
	int rc = config_find_logs(&n->found, &n->config, INT64_MIN, INT64_MAX, &n->book.quality, why);

	if (rc < 0) {
		return rc;
	}
	rc = settings_tenant_key(&n->set, n->terminal, &n->logs.tenant_key, why);
	if (rc < 0) {
		return rc;
	}
	n->logs.options = (struct ingest_options){
		.sources = n->found.sources, .source_count = n->found.count, .tenant_key = n->logs.tenant_key,
		.no_evidence = n->set.no_evidence.at, .no_evidence_count = n->set.no_evidence.count, .threads = (unsigned)n->set.threads,
	};
	return 0;
}

static void night_release(struct night *n) {
	config_logs_release(&n->found);
	tenant_key_free(n->logs.tenant_key);
	ledger_intake_free(n->intake);
	log_batches_free(n->batches);
	quality_release(&n->quality);
	if (n->book.names) {
		book_close(&n->book);
	}
	config_release(&n->config);
}

/* ---- the work ---- */

/* The results of one batch, added to those of the previous ones. */
static void add_up(struct night *n) {
	struct ledger_run *sum = &n->sum;
	const struct ledger_run *r = &n->book.run;

	sum->id = r->id > 0 ? r->id : sum->id;
	n->first_run = n->first_run > 0 ? n->first_run : r->id;
	n->restated_nano += n->book.restated_nano;
	n->restated_days += n->book.restated_days;
	sum->files += r->files;
	sum->lines += r->lines;
	sum->records += r->records;
	sum->rejected += r->rejected;
	sum->restated += r->restated;
	quality_merge(&n->quality, &n->book.quality);
}

/* Reading and attributing are one transaction: the ledger has all of a batch, or nothing. */
static int read_batch(struct night *n, struct logs *logs, struct fault *why) {
	struct book *b = &n->book;
	int rc = book_begin(b, "nightly", why);

	b->places = b->attributed = b->restated_nano = b->restated_days = 0;
	rc = rc < 0 ? rc : book_read_logs(b, logs, &n->intake, why);
	rc = rc < 0 ? rc : book_attribute(b, why);
	if (rc < 0) {
		return rc;
	}
	if (b->run.lines + b->attributed + b->places == 0) {
		ledger_rollback(b->ledger); /* without news there is no run */
		b->run.id = 0;
		return 0;
	}
	rc = book_commit(b, why);
	if (rc == 0) {
		ledger_intake_clean_up(n->intake);
	}
	return rc;
}

/* Removes records that are old enough, in a separate transaction and run. */
static int retire(struct night *n, struct fault *why) {
	struct book *b = &n->book;
	struct ledger_run night = b->run;
	int64_t days = n->config.records_days;

	if (days < 0) {
		return 0;
	}
	days = days < DAYS_MAX ? days : DAYS_MAX;
	int64_t before_ns = book_now_ns() - days * NS_PER_DAY;
	int rc = ledger_retire(b->ledger, 0, before_ns, &n->retired, why);
	if (rc < 0 || n->retired == 0) {
		return rc;
	}
	rc = book_begin(b, "retention", why);
	rc = rc < 0 ? rc : ledger_retire(b->ledger, b->run.id, before_ns, &n->retired, why);
	rc = rc < 0 ? rc : book_commit_run(b, why);
	rc = rc < 0 ? rc : ledger_retire_clean_up(b->ledger, b->run.id, why);
	b->run = night;
	return rc;
}

/* Reads new logs, batch by batch; without any there may still be something to attribute. */
static int read_logs(struct night *n, struct fault *why) {
	struct logs logs = n->logs;
	int rc = book_retry_unread(&n->book, why), left = 1;

	rc = rc < 0 ? rc : log_batches_new(&n->batches, &n->book, &n->logs, n->asked->portion, why);

	for (bool first = true; rc >= 0 && (left = log_batches_next(n->batches, &logs, why)) >= 0 && (left > 0 || first); first = false) {
		logs.options.source_count = left > 0 ? logs.options.source_count : 0;
		rc = read_batch(n, &logs, why);
		add_up(n);
		ledger_intake_free(n->intake);
		n->intake = NULL;
	}
	quality_merge(&n->book.quality, &n->quality);
	book_merge_days(&n->book);
	rc = rc < 0 || left < 0 ? rc : book_find_zones(&n->book, &n->book.quality, why);
	quality_sort(&n->book.quality);
	return rc < 0 ? rc : left;
}

/* ---- late cost for closed periods ---- */

struct adjusted_day {
	const char *period;
	int64_t day_ns, postings;
	int128 exact; /* GPU-ns times nano per hour */
};

struct adjusted {
	int64_t first_run;
	struct adjusted_day *days;
	size_t count;
	struct names *names; /* owns the periods' names */
};

static int add_adjustment(void *adjusted, const struct ledger_adjustment *a) {
	struct adjusted *k = adjusted;
	int64_t day_ns = instant_floor(a->entry.slot_ns, NS_PER_DAY);
	size_t i = 0;

	if (a->run < k->first_run) {
		return 0;
	}
	while (i < k->count && (k->days[i].day_ns != day_ns || strcmp(k->days[i].period, a->period_name) != 0)) {
		i++;
	}
	if (i == k->count) {
		const char *period = names_text(k->names, names_id(k->names, text_of(a->period_name))).at;
		k->days = must_realloc(k->days, (k->count + 1) * sizeof *k->days);
		k->days[k->count++] = (struct adjusted_day){.period = period, .day_ns = day_ns};
	}
	k->days[i].postings++;
	k->days[i].exact += a->entry.rate_nano > 0 ? (int128)a->entry.gpu_ns * a->entry.rate_nano : 0;
	return 0;
}

/* Exact, with at least two decimals: "+12.44", "-0.0037". */
static const char *signed_money(int64_t nano, char out[DECIMAL_TEXT_MAX + 1]) {
	out[0] = nano < 0 ? '-' : '+';
	decimal_exact(nano < 0 ? -nano : nano, 2, out + 1);
	return out;
}

/* Each day is a finding with its amount, so that it is in the mail of the night. */
static void say_adjusted(struct night *n, const struct adjusted *k) {
	char money[DECIMAL_TEXT_MAX + 1], day[INSTANT_TEXT_MAX];
	const char *currency = n->book.fleet ? fleet_currency(n->book.fleet) : "";
	int64_t postings = 0;
	int128 exact = 0;

	for (size_t i = 0; i < k->count; i++) {
		const struct adjusted_day *d = &k->days[i];
		int64_t nano = (int64_t)exact_div(d->exact, NS_PER_HOUR);
		quality_finding(&n->book.quality, "adjustment", d->period, NULL, nano, "%s %s adjusts closed %.10s (%s), %" PRId64 " posting%s",
		                signed_money(nano, money), currency, instant_format(d->day_ns, day), d->period, d->postings, PLURAL(d->postings));
		exact += d->exact;
		postings += d->postings;
	}
	snprintf(n->adjusted, sizeof n->adjusted, "; %s %s adjusts closed %s%s, %" PRId64 " posting%s",
	         signed_money((int64_t)exact_div(exact, NS_PER_HOUR), money), currency, k->days[0].period,
	         k->count > 1 && strcmp(k->days[0].period, k->days[k->count - 1].period) != 0 ? " and others" : "", postings, PLURAL(postings));
}

static int find_adjusted(struct night *n, struct fault *why) {
	struct adjusted k = {.first_run = n->first_run, .names = n->book.names};
	int rc = n->first_run == 0 ? 0
	                           : ledger_adjustments(n->book.ledger, INT64_MIN, INT64_MAX, INT64_MAX - 1, add_adjustment, &k, why);

	if (rc >= 0 && k.count > 0) {
		say_adjusted(n, &k);
	}
	free(k.days);
	return rc < 0 ? rc : 0;
}

/* ---- reports ---- */

/* Days and months of the report's zone. */
static void period_of(const struct config_report *c, struct book_statement *s) {
	int64_t now = book_now_ns();
	const char *p = c->period;

	s->from_ns = INT64_MIN;
	s->to_ns = INT64_MAX;
	if (strcmp(p, "day") == 0) {
		s->to_ns = zone_day_start(s->tz, now);
		s->from_ns = zone_day_start(s->tz, s->to_ns - 1);
	} else if (strcmp(p, "month") == 0) {
		s->from_ns = zone_month_start(s->tz, now);
		s->to_ns = zone_month_start(s->tz, s->from_ns + 32 * NS_PER_DAY);
	} else if (strcmp(p, "all") != 0) {
		s->to_ns = zone_month_start(s->tz, now);
		s->from_ns = zone_month_start(s->tz, s->to_ns - 1);
	}
}

/* %Y, %m and %d in the path of a report. */
static void expand(const char *form, int64_t at_ns, const struct zone *tz, char *out, size_t size) {
	struct civil c;
	size_t n = 0;

	instant_to_civil(at_ns + zone_offset_s(tz, at_ns) * NS_PER_SECOND, &c);
	for (; *form && n + 8 < size; form++) {
		int value = form[0] != '%' ? -1 : form[1] == 'Y' ? c.year : form[1] == 'm' ? c.month : form[1] == 'd' ? c.day : -1;
		if (value >= 0) {
			n += (size_t)snprintf(out + n, size - n, "%02d", value);
			form++;
		} else {
			out[n++] = *form;
		}
	}
	out[n] = '\0';
}

/* The rows of a report, in the words of --by. */
static int read_by(const char *keys, struct by *by, struct fault *why) {
	return keys ? settings_by(by, keys, why) : 0;
}

/* Removes what a killed night left next to this file. */
static void clear_beside(const char *path) {
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;
	char folder[8192] = ".";

	if (len > 0 && len < sizeof folder) {
		snprintf(folder, sizeof folder, "%.*s", (int)len, path);
	}
	files_sweep(folder, LEFT_OVER_S);
}

static int write_report(struct night *n, const struct config_report *c, struct fault *why) {
	struct book_statement s = {.as_of = INT64_MAX - 1};
	struct book_settings *set = &n->book.set;
	struct zone *tz = NULL;
	char path[8192];

	set->by = (struct by){0};
	if (read_by(c->by, &set->by, why) < 0) {
		return ERROR_CONFIG;
	}
	if (c->tz && !(tz = zone_new(text_of(c->tz), why))) {
		return ERROR_CONFIG;
	}
	s.tz = tz;
	period_of(c, &s);
	set->tz = c->tz;
	set->format = c->format;
	set->idle_proportional = c->idle_proportional;
	int rc = book_state(&n->book, &s, why);
	if (rc == 0) {
		quality_finding(&n->book.quality, "no-report", c->output, NULL, QUALITY_NO_AMOUNT,
		                "%s: not written: the book has no entries in its period (%s)", c->output, c->period);
	}
	if (rc > 0) {
		n->written++;
		expand(c->output, s.from_ns, tz, path, sizeof path);
		set->output = path;
		clear_beside(path);
		if (strcmp(c->format, "html") == 0) {
			memcpy(n->page, path, sizeof path);
		}
		rc = settings_write(set, n->terminal, s.statement, why);
	}
	set->output = NULL;
	book_statement_release(&s);
	zone_free(tz);
	return rc;
}

/* Metrics of the job itself, for monitoring. */
static int write_metrics(struct night *n, int64_t started_ns, struct fault *why) {
	const struct ledger_run *run = &n->sum;
	struct outfile *file;
	int rc = outfile_open(&file, n->config.metrics, why);

	if (rc < 0) {
		return rc;
	}
	const struct {
		const char *name, *help;
		int64_t value;
	} rows[] = {
		{"tollbook_nightly_last_success_timestamp_seconds", "When the last night ended well", book_now_ns() / NS_PER_SECOND},
		{"tollbook_nightly_duration_seconds", "How long it took", (book_now_ns() - started_ns) / NS_PER_SECOND},
		{"tollbook_nightly_lines", "New lines of logs", run->lines},
		{"tollbook_nightly_records", "New records", run->records},
		{"tollbook_nightly_rejected_lines", "Lines refused", run->rejected},
		{"tollbook_nightly_damaged_files", "Logs that could not be read to their end", (int64_t)n->book.quality.damage_count},
		{"tollbook_nightly_restated_replica_days", "Replica-days whose entries changed", run->restated},
		{"tollbook_nightly_retired_replica_days", "Replica-days whose records were removed by retention", n->retired},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fprintf(outfile_stream(file), "# HELP %s %s\n# TYPE %s gauge\n%s %" PRId64 "\n", rows[i].name, rows[i].help,
		        rows[i].name, rows[i].name, rows[i].value);
	}
	return outfile_commit(file, why);
}

/* Prints the mail. */
static int say_summary(struct night *n, int64_t started_ns, struct fault *why) {
	const struct ledger_run *run = &n->sum;
	char retired[80] = "", restated[96] = "", reports[60], money[DECIMAL_TEXT_MAX + 1], done[1024];

	if (n->terminal->quiet) {
		return 0;
	}
	if (n->restated_days > 0) {
		snprintf(restated, sizeof restated, " (%s on %" PRId64 " open day%s)", signed_money(n->restated_nano, money), n->restated_days,
		         PLURAL(n->restated_days));
	}
	if (n->written < n->config.report_count) {
		snprintf(reports, sizeof reports, "%zu of %zu report%s", n->written, n->config.report_count, PLURAL(n->config.report_count));
	} else {
		snprintf(reports, sizeof reports, "%zu report%s", n->written, PLURAL(n->written));
	}
	if (n->retired > 0) {
		snprintf(retired, sizeof retired, "; records of %" PRId64 " replica-day%s removed", n->retired, PLURAL(n->retired));
	}
	snprintf(done, sizeof done, "%s%" PRId64 " file%s with new lines, %" PRId64 " line%s, %" PRId64 " record%s, %" PRId64
	       " rejected, %zu damaged, %" PRId64 " replica-day%s restated%s, %s, %.1f s%s%s",
	       run->id ? "" : "nothing new: ", run->files, PLURAL(run->files), run->lines, PLURAL(run->lines), run->records, PLURAL(run->records),
	       run->rejected, n->book.quality.damage_count, run->restated, PLURAL(run->restated), restated, reports,
	       (double)(book_now_ns() - started_ns) / (double)NS_PER_SECOND, retired, n->adjusted);
	struct mail m = {.book = &n->book, .currency = n->book.fleet ? fleet_currency(n->book.fleet) : "", .done = done,
	                 .page = n->page[0] ? n->page : NULL};
	return mail_write(&m, n->terminal->out, why);
}

static void confine(const struct night *n) {
	struct confine_more more = {.count = n->config.report_count + 1};
	const char **written = must_calloc(more.count, sizeof *written);

	written[0] = n->config.metrics;
	for (size_t i = 0; i < n->config.report_count; i++) {
		written[i + 1] = n->config.reports[i].output;
	}
	more.written = written;
	settings_confine(&n->set, n->terminal, &n->logs.options, &more);
	free(written);
}

static int work(struct night *n, struct fault *why) {
	int64_t started_ns = book_now_ns();
	int rc = find_logs(n, why);

	if (rc >= 0) {
		confine(n);
	}
	rc = rc < 0 ? rc : read_logs(n, why);
	rc = rc < 0 ? rc : retire(n, why);
	rc = rc < 0 ? rc : find_adjusted(n, why);
	for (size_t i = 0; i < n->config.report_count && rc >= 0; i++) {
		rc = write_report(n, &n->config.reports[i], why);
	}
	if (rc >= 0 && n->config.metrics) {
		rc = write_metrics(n, started_ns, why);
	}
	if (rc < 0) {
		return rc;
	}
	if (n->terminal->quiet || n->terminal->verbose) { /* else they are in the mail */
		findings_say(n->terminal, &n->book.quality);
	}
	rc = say_summary(n, started_ns, why);
	if (rc < 0) {
		return rc;
	}
	return quality_has_findings(&n->book.quality) ? EXIT_FINDINGS : EXIT_TIED_OUT;
}

/* Can a file be written there at the end? */
static int check_folder(const char *path, const char *what, struct fault *why) {
	char expanded[8192];
	struct stat st;

	if (!path) {
		return 0;
	}
	expand(path, book_now_ns(), NULL, expanded, sizeof expanded);
	char *slash = strrchr(expanded, '/');
	if (slash && slash > expanded) {
		*slash = '\0';
	}
	const char *folder = !slash ? "." : slash == expanded ? "/" : expanded;
	if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
		return fault_set(why, ERROR_CONFIG, "\"%s\": %s: folder %s does not exist", what, path, folder);
	}
	return access(folder, W_OK | X_OK) == 0
	           ? 0 : fault_set(why, ERROR_CONFIG, "\"%s\": %s: cannot write into %s: %s", what, path, folder, strerror(errno));
}

static void say_fine(const struct night *n) {
	FILE *out = n->terminal->out;

	fprintf(out, "%s: fine\n", n->asked->config);
	if (n->config.records_days >= 0) {
		fprintf(out, "  retention: records are removed %" PRId64 " days after the end of their closed period; "
			     "entries are kept\n", n->config.records_days);
	}
	if (n->config.tenant_key) {
		fprintf(out, "  tenants: aliases, by the key in %s\n", n->config.tenant_key);
	}
}

/* Checks what a night would fail for: fleet, prices, keys and folders of reports. Writes nothing. */
static int check(struct night *n, struct fault *why) {
	struct names *names = names_new();
	struct fleet *fleet = NULL;
	struct prices *prices = NULL;
	struct tenant_key *key = NULL;
	int status = settings_fleet(&n->set, names, &fleet, why);

	status = status ? status : settings_prices_or_installed(&n->set, &prices, why);
	status = status ? status : settings_tenant_key(&n->set, n->terminal, &key, why);
	for (size_t i = 0; i < n->config.report_count && status == 0; i++) {
		struct by by = {0};
		status = read_by(n->config.reports[i].by, &by, why);
		status = status ? status : check_folder(n->config.reports[i].output, "reports: output", why);
	}
	status = status ? status : check_folder(n->config.metrics, "metrics", why);
	status = status ? status : check_folder(n->config.book, "book", why);
	if (prices) {
		prices_free(prices);
	}
	if (fleet) {
		fleet_free(fleet);
	}
	tenant_key_free(key);
	names_free(names);
	if (status == 0) {
		say_fine(n);
	}
	return status;
}

static int night_read(struct night *n, struct fault *why) {
	int rc = config_read(&n->config, n->asked->config, why);

	return rc < 0 ? rc : config_set_options(&n->config, &n->set, why);
}

static void set_release(struct book_settings *s) {
	free(s->prices.at);
	free(s->list.at);
}

int night_check(const struct night_settings *asked, const struct book_settings *set, const struct terminal *t, struct fault *why) {
	struct night n = {.asked = asked, .terminal = t, .set = *set};
	int rc = night_read(&n, why);

	rc = rc < 0 ? rc : check(&n, why);
	night_release(&n);
	set_release(&n.set);
	return rc;
}

int night_run(const struct night_settings *asked, const struct book_settings *set, const struct terminal *t, struct fault *why) {
	struct night n = {.asked = asked, .terminal = t, .set = *set};
	int rc = night_read(&n, why);

	rc = rc < 0 ? rc : book_open(&n.book, &n.set, t, LEDGER_CREATE, true, why);
	if (rc == 0) {
		n.book.settle_ns = n.config.settle_hours * NS_PER_HOUR;
		terminal_guard(t, true);
		rc = work(&n, why);
		terminal_guard(t, false);
	}
	night_release(&n);
	set_release(&n.set);
	return rc;
}
