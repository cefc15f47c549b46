/* book_ingest.c: tollbook ingest --book: logs to records in the book. */
#include <inttypes.h>
#include <stdio.h>

#include "book/book.h"
#include "book/ingest.h"
#include "cli/findings.h"

static int work(struct book *b, struct logs *logs, struct ledger_intake **intake, struct fault *why) {
	int rc = book_begin(b, "ingest", why);

	rc = rc < 0 ? rc : book_take_in(b, logs, intake, why);
	rc = rc < 0 ? rc : book_commit(b, why);
	if (rc == 0) {
		ledger_intake_tidy(b->ledger, *intake);
	}
	ledger_intake_free(*intake);
	return rc;
}

int book_ingest(struct run *r, struct fault *why) {
	struct ledger_intake *intake = NULL;
	struct logs logs;
	struct book b;
	int status = setup_logs(r, &logs);

	if (status != 0) {
		return status;
	}
	status = book_open(&b, r, LEDGER_CREATE, false, why);
	if (status == 0) {
		progress_start(&r->progress, !r->quiet && !r->no_progress);
		stop_guard(&r->stop);
		status = work(&b, &logs, &intake, why);
		stop_unguard(&r->stop);
		progress_end(&r->progress);
	}
	if (status == 0) {
		findings_say(r, &b.quality);
		if (!r->quiet) {
			fprintf(stderr, "run %" PRId64 ": %" PRId64 " files with new lines, %" PRId64 " lines, %" PRId64 " new records\n",
			        b.run.id, b.run.files, b.run.lines, b.run.records);
		}
		status = quality_has_findings(&b.quality) ? EXIT_FINDINGS : EXIT_TIED_OUT;
	}
	if (b.names) {
		book_close(&b);
	}
	logs_release(&logs);
	return status;
}
