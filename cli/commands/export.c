/* export.c: tollbook export and import: a book as plain files, and a new book from them. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "book/book.h"
#include "cli/say.h"
#include "cli/commands/transfer.h"
#include "core/files/files.h"
#include "core/text.h"

static int export_command(struct run *r, struct fault *why) {
	struct ledger_transfer t = transfer_of(r);
	struct book b;

	if (r->operands.count != 1) {
		return say_argument(r, r->argc, "no destination given, expected a new folder");
	}
	int status = book_open(&b, &r->set, &r->terminal, LEDGER_WRITE, false, why);
	if (status != 0) {
		return status;
	}
	stop_guard(&r->stop);
	status = ledger_export(b.ledger, r->operands.at[0], &t, why);
	stop_unguard(&r->stop);
	transfer_say(r, &t, r->operands.at[0]);
	if (status == 0 && !r->quiet) {
		printf("%s: %" PRId64 " file%s and a manifest; back into a book: tollbook import --book NEW %s\n", r->operands.at[0], t.files, PLURAL(t.files),
		       r->operands.at[0]);
	}
	book_close(&b);
	return status;
}

static int import_command(struct run *r, struct fault *why) {
	const char *book = r->set.book ? r->set.book : "book";
	struct ledger_transfer t = transfer_of(r);

	if (r->operands.count != 1) {
		return say_argument(r, r->argc, "nothing to import, expected a folder that tollbook export wrote");
	}
	if (ledger_is_server(book)) {
		say_error(r, "a book is imported into a new folder, not into a server");
		return EXIT_USAGE;
	}
	files_mask(027);
	stop_guard(&r->stop);
	int status = ledger_import(book, r->operands.at[0], &t, why);
	stop_unguard(&r->stop);
	transfer_say(r, &t, book);
	if (status == 0 && !r->quiet) {
		printf("%s: a book of %" PRId64 " file%s; check it: tollbook verify --book %s\n", book, t.files, PLURAL(t.files), book);
	}
	return status;
}

const struct command command_export = {
	.name = "export",
	.synopsis = "[options] DEST",
	.what = "The whole book as plain files: tables and records as JSON lines, with a manifest of hashes",
	.about = "DEST is a new or empty folder; it appears when the export is complete. schemas/export.md describes "
		 "its content.\n",
	.example = "tollbook export --book book book-2026-10",
	.groups = GROUP_BOOK,
	.main = export_command,
};

const struct command command_import = {
	.name = "import",
	.synopsis = "[options] FROM",
	.what = "A new book from the plain files of an export",
	.about = "--book is a new or empty folder. A file that differs from what was exported is refused, with its "
		 "line.\n",
	.example = "tollbook import --book new book-2026-10",
	.groups = GROUP_BOOK,
	.main = import_command,
};
