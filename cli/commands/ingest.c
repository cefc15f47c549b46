/* ingest.c: tollbook ingest: logs of any engine to native records; with --dry-run, what they contain. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/book.h"
#include "book/findings.h"
#include "book/confine.h"
#include "cli/cli.h"
#include "cli/commands/dry_run.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "cli/values.h"
#include "core/files/files.h"
#include "core/quality.h"
#include "core/record_json.h"
#include "core/files/spool.h"
#include "core/text.h"

/* Memory for sorting records, before the disk is used. */
#define MEMORY_BYTES ((size_t)32 * 1024 * 1024)

struct settings {
	bool dry_run;
	const char *fleet;
	struct list forget;
};

/* A record as its line, preceded by its instant: the order does not depend on files and threads. */
struct item {
	int64_t instant_ns;
	char line[RECORD_JSON_MAX];
};

struct work {
	struct run *r;
	struct spool *spool;
};

static int by_instant(const void *context, const void *a, size_t a_len, const void *b, size_t b_len) {
	const struct item *left = a, *right = b;
	const size_t head = offsetof(struct item, line);

	(void)context;
	if (left->instant_ns != right->instant_ns) {
		return left->instant_ns < right->instant_ns ? -1 : 1;
	}
	return text_compare((struct text){left->line, a_len - head}, (struct text){right->line, b_len - head});
}

static int add_record(void *work, unsigned lane, const struct record *record, struct fault *why) {
	struct work *w = work;
	struct item item;

	if (stop_asked(&w->r->stop)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	item.instant_ns = record_instant(record);
	size_t len = record_json(record, item.line);
	return spool_add(w->spool, lane, &item, offsetof(struct item, line) + len, why);
}

static int write_lines(struct spool *spool, FILE *to, struct fault *why) {
	struct spool_reader *reader;
	const void *bytes;
	size_t len;
	int got = spool_reader_new(&reader, spool, why);

	if (got < 0) {
		return got;
	}
	while ((got = spool_next(reader, &bytes, &len, why)) > 0) {
		const struct item *item = bytes;
		fwrite(item->line, 1, len - offsetof(struct item, line), to);
		putc('\n', to);
	}
	spool_reader_free(reader);
	return got;
}

static int write_records(struct run *r, struct spool *spool, struct fault *why) {
	struct outfile *file;
	int error = outfile_open(&file, r->set.output, why);

	if (error) {
		return error;
	}
	return outfile_end(file, write_lines(spool, outfile_stream(file), why), why);
}

static int read_and_write(struct run *r, struct logs *logs, struct quality *q, struct fault *why) {
	struct work w = {r, spool_new(ingest_lanes(&logs->options), MEMORY_BYTES, by_instant, NULL)};

	progress_start(&r->progress, !r->quiet && !r->no_progress);
	int error = ingest_run(&logs->options, add_record, &w, q, why);
	progress_end(&r->progress);
	error = error ? error : spool_seal(w.spool, why);
	error = error ? error : write_records(r, w.spool, why);
	spool_free(w.spool);
	return error;
}

/* Only the names of servers are used from the fleet file. */
static int read_fleet(const struct run *r, struct names *names, struct fleet **out, struct fault *why) {
	const struct settings *own = r->own;
	struct book_settings set = r->set;

	*out = NULL;
	set.fleet = own->fleet;
	return own->fleet ? settings_fleet(&set, names, out, why) : 0;
}

static int convert_logs(struct run *r, const struct fleet *fleet, struct fault *why) {
	struct logs logs;
	struct quality q;
	int status = setup_logs(r, &logs, why);

	status = status ? status : setup_outputs(r);
	if (status != 0) {
		return status;
	}
	logs.options.names = fleet ? fleet_names(fleet) : NULL;
	settings_confine(&r->set, &r->terminal, &logs.options, NULL);
	quality_init(&q);
	stop_guard(&r->stop);
	status = read_and_write(r, &logs, &q, why);
	stop_unguard(&r->stop);
	if (status == 0) {
		findings_say(&r->terminal, &q);
		findings_say_inputs(&r->terminal, &q);
		status = quality_has_findings(&q) ? EXIT_FINDINGS : EXIT_TIED_OUT;
	}
	quality_release(&q);
	logs_release(&logs);
	return status;
}

static int convert(struct run *r, struct fault *why) {
	struct names *names = names_new();
	struct fleet *fleet;
	int status = read_fleet(r, names, &fleet, why);

	status = status ? status : convert_logs(r, fleet, why);
	if (fleet) {
		fleet_free(fleet);
	}
	names_free(names);
	return status;
}

static int read_logs(struct run *r, struct book *b, struct logs *logs, struct fault *why) {
	progress_start(&r->progress, !r->quiet && !r->no_progress);
	stop_guard(&r->stop);
	int rc = book_ingest(b, logs, why);
	stop_unguard(&r->stop);
	progress_end(&r->progress);
	if (rc < 0) {
		return rc;
	}
	findings_say(&r->terminal, &b->quality);
	if (!r->quiet) {
		fprintf(stderr, "run %" PRId64 ": %" PRId64 " file%s with new lines, %" PRId64 " line%s, %" PRId64 " new record%s\n", b->run.id,
		        b->run.files, PLURAL(b->run.files), b->run.lines, PLURAL(b->run.lines), b->run.records, PLURAL(b->run.records));
	}
	return quality_has_findings(&b->quality) ? EXIT_FINDINGS : EXIT_TIED_OUT;
}

static int forget(struct run *r, const struct list *globs, struct fault *why) {
	int64_t logs = 0, records = 0;
	struct book b;
	int status = book_open(&b, &r->set, &r->terminal, LEDGER_WRITE, false, why);

	if (status != 0) {
		return status;
	}
	stop_guard(&r->stop);
	status = book_forget(&b, globs, &logs, &records, why);
	stop_unguard(&r->stop);
	if (status == 0 && !r->quiet) {
		fprintf(stderr, "run %" PRId64 ": %" PRId64 " log%s taken out of the book, with %" PRId64 " record%s; 'tollbook attribute' or the next "
		        "night restates their days\n", b.run.id, logs, PLURAL(logs), records, PLURAL(records));
	}
	book_close(&b);
	return status;
}

static int into_book(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct logs logs;
	struct book b;

	if (s->forget.count > 0) {
		int rc = forget(r, &s->forget, why);
		if (rc != 0 || r->operands.count == 0) {
			return rc;
		}
	}
	int status = setup_logs(r, &logs, why);

	if (status != 0) {
		return status;
	}
	status = book_open(&b, &r->set, &r->terminal, LEDGER_CREATE, false, why);
	if (status == 0) {
		status = read_fleet(r, b.names, &b.fleet, why);
		settings_confine(&r->set, &r->terminal, &logs.options, NULL);
		status = status ? status : read_logs(r, &b, &logs, why);
		book_close(&b);
	}
	logs_release(&logs);
	return status;
}

static int ingest(struct run *r, struct fault *why) {
	const struct settings *s = r->own;

	if (s->forget.count > 0 && (s->dry_run || !r->set.book)) {
		return fault_option(why, "forget", "takes logs out of a book, expected --book, without --dry-run");
	}
	if (s->dry_run) {
		return dry_run(r, why);
	}
	return r->set.book ? into_book(r, why) : convert(r, why);
}

static const struct option own[] = {
	{"dry-run", 0, NULL, "write nothing: report for each file what is in it, and what to switch on", 0, value_flag,
	 offsetof(struct settings, dry_run), NULL, false},
	{"forget", 0, "GLOB", "take the logs with these paths out of the book, to be read again if they are still there; repeatable", 0, value_list,
	 offsetof(struct settings, forget), NULL, false},
	{"fleet", 0, "FILE", "a fleet file whose \"names\" derive servers' names from paths and fields", 0, value_text,
	 offsetof(struct settings, fleet), NULL, true},
};

const struct command command_ingest = {
	.name = "ingest",
	.synopsis = "[options] LOG...",
	.what = "Logs of any engine to records: into a book, or as JSON lines in the order of time",
	.about = "With --book, new log lines go into the book. Each line counts once, even if a log was renamed, "
		 "compressed or\nhas grown. Without --book, the same logs give the same bytes, whatever their "
		 "compression, their order or the\nnumber of threads.\n",
	.example = "tollbook ingest --dry-run logs/",
	.groups = GROUP_LOGS | GROUP_OUTPUT | GROUP_BOOK,
	OWN(struct settings),
	.main = ingest,
};
