/* export.c: tollbook export and import: a book as plain files, and a new book from them. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cli/book.h"
#include "cli/say.h"

static int export_command(struct run *r, struct fault *why) {
	struct book b;
	int64_t files = 0;

	if (r->operands.count != 1) {
		return say_argument(r, r->argc, "no destination given, expected a folder to be made");
	}
	int status = book_open(&b, r, LEDGER_WRITE, false, why);
	if (status != 0) {
		return status;
	}
	status = ledger_export(b.ledger, r->operands.at[0], &files, why);
	if (status == 0 && !r->quiet) {
		printf("%s: %" PRId64 " files and their manifest; back into a book: tollbook import --book NEW %s\n", r->operands.at[0], files,
		       r->operands.at[0]);
	}
	book_close(&b);
	return status;
}

static int import_command(struct run *r, struct fault *why) {
	const char *book = r->book ? r->book : "book";
	int64_t files = 0;

	if (r->operands.count != 1) {
		return say_argument(r, r->argc, "nothing to import, expected a folder that tollbook export wrote");
	}
	if (ledger_is_server(book)) {
		say_error(r, "a book is imported into a new folder, not into a server");
		return EXIT_USAGE;
	}
	umask(027);
	int status = ledger_import(book, r->operands.at[0], &files, why);
	if (status == 0 && !r->quiet) {
		printf("%s: a book of %" PRId64 " files; check it: tollbook verify --book %s\n", book, files, book);
	}
	return status;
}

const struct command command_export = {
	.name = "export",
	.synopsis = "[options] DEST",
	.what = "The whole book as plain files: tables and records as JSON lines, with a manifest of hashes",
	.about = "DEST is a folder that is not there, or empty; it appears when it is whole. schemas/export.md says what is in it.\n",
	.example = "tollbook export --book book book-2026-10",
	.groups = GROUP_BOOK,
	.main = export_command,
};

const struct command command_import = {
	.name = "import",
	.synopsis = "[options] FROM",
	.what = "A new book from the plain files of an export",
	.about = "--book is a folder that is not there, or empty. A file that is not what was exported is refused, with its line.\n",
	.example = "tollbook import --book new book-2026-10",
	.groups = GROUP_BOOK,
	.main = import_command,
};
