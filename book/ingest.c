/* ingest.c: from logs to records in the book. */
#include "book/book.h"

int book_ingest(struct book *b, struct logs *logs, struct fault *why) {
	struct ledger_intake *intake = NULL;
	int rc = book_begin(b, "ingest", why);

	rc = rc < 0 ? rc : book_read_logs(b, logs, &intake, why);
	rc = rc < 0 ? rc : book_commit(b, why);
	if (rc == 0) {
		ledger_intake_clean_up(intake);
	}
	ledger_intake_free(intake);
	return rc;
}
