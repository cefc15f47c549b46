/* load.c: loads entries of many postings into a server at once: a round trip for each would take most of the time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/book.h"

/* Rows that are collected before they are loaded. */
#define WAITING_BYTES ((size_t)1 << 20)

int entries_wait(struct ledger *l, int64_t posting, const struct entry *e, size_t count, struct fault *why) {
	struct value values[ENTRY_VALUES];
	int rc = 0;

	if (!l->waiting.out) {
		l->waiting.out = open_memstream(&l->waiting.rows, &l->waiting.len);
		l->waiting.first = posting;
	}
	if (!l->waiting.out) {
		die_out_of_memory();
	}
	l->waiting.last = posting; /* numbers of a transaction are consecutive: writers are serialised */
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = entry_values(l, &e[i], values, why);
		fprintf(l->waiting.out, "%" PRId64, posting);
		for (size_t k = 0; rc == 0 && k < ENTRY_VALUES; k++) {
			fprintf(l->waiting.out, "\t%" PRId64, values[k].integer);
		}
		fputc('\n', l->waiting.out);
	}
	if (fflush(l->waiting.out) != 0 || ferror(l->waiting.out)) { /* a stream in memory fails if memory is short */
		die_out_of_memory();
	}
	return rc == 0 && l->waiting.len > WAITING_BYTES ? entries_load(l, why) : rc;
}

int entries_load(struct ledger *l, struct fault *why) {
	if (!l->waiting.out) {
		return 0;
	}
	fflush(l->waiting.out);
	int rc = l->driver->load(l->connection, entry_copy, (struct text){l->waiting.rows, l->waiting.len}, why);
	int64_t first = l->waiting.first, last = l->waiting.last;
	entries_forget(l);
	return rc < 0 ? rc : ask_do(l, Q_ENTRY_DAY_ADD, VALUES(V_INT(first), V_INT(last)), why);
}

void entries_forget(struct ledger *l) {
	if (l->waiting.out) {
		fclose(l->waiting.out);
		free(l->waiting.rows);
		l->waiting.out = NULL;
		l->waiting.rows = NULL;
	}
}
