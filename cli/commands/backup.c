/* backup.c: tollbook backup: a whole copy of the book at a moment; with --dump, its content as text. */
#include <inttypes.h>
#include <stdio.h>

#include "book/book.h"
#include "cli/say.h"
#include "cli/commands/transfer.h"
#include "cli/values.h"
#include "core/files/files.h"
#include "core/text.h"

struct settings {
	bool dump;
};

static int copy_book(struct run *r, struct book *b, const char *to, struct fault *why) {
	struct ledger_transfer t = transfer_of(r);
	int rc = ledger_backup(b->ledger, to, &t, why);

	transfer_say(r, &t, to);
	if (rc == 0 && !r->quiet) {
		printf("%s: a book with %" PRId64 " segment%s; check it: tollbook verify --book %s\n", to, t.files, PLURAL(t.files), to);
	}
	return rc;
}

static int write_dump(struct run *r, struct book *b, const char *to, struct fault *why) {
	const struct ledger_transfer t = transfer_of(r);
	struct outfile *file;
	int rc = outfile_open(&file, to, why);

	if (rc < 0) {
		return rc;
	}
	return outfile_end(file, ledger_dump(b->ledger, outfile_stream(file), &t, why), why);
}

static int backup(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct book b;

	if (r->operands.count != 1) {
		return say_argument(r, r->argc, "no destination given, expected a %s", s->dump ? "file, or -" : "new "
														"folder");
	}
	if (!s->dump && r->set.book && ledger_is_server(r->set.book)) {
		say_error(r, "a ledger in PostgreSQL is backed up by its own tools");
		say_next(r, "pg_dump --format=custom --file=%s '%s'; its content as text: tollbook backup --dump", r->operands.at[0], r->set.book);
		return EXIT_USAGE;
	}
	int status = book_open(&b, &r->set, &r->terminal, s->dump ? LEDGER_READ : LEDGER_WRITE, false, why);
	if (status != 0) {
		return status;
	}
	stop_guard(&r->stop);
	status = s->dump ? write_dump(r, &b, r->operands.at[0], why) : copy_book(r, &b, r->operands.at[0], why);
	stop_unguard(&r->stop);
	book_close(&b);
	return status;
}

static const struct option own[] = {
	{"dump", 0, NULL, "write the ledger's content as text, in a fixed order: to compare, or to load elsewhere", 0, value_flag,
	 offsetof(struct settings, dump), NULL, false},
};

const struct command command_backup = {
	.name = "backup",
	.synopsis = "[options] DEST",
	.what = "A whole copy of the book, or its content as text",
	.about = "DEST is a new or empty folder; it appears when the copy is complete.\n",
	.example = "tollbook backup --book book /backup/book-2026-10",
	.groups = GROUP_BOOK,
	OWN(struct settings),
	.main = backup,
};
