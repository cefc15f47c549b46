/* accounts.h: shared by the forms of plain-text accounting. Private to report/renderings/. */
#ifndef REPORT_RENDERINGS_ACCOUNTS_H
#define REPORT_RENDERINGS_ACCOUNTS_H

#include "report/renderings/renderings.h"

/* One level of an account, and a whole one: the part, model and tenant. */
#define LEVEL_MAX 120
#define ACCOUNT_MAX (2 * LEVEL_MAX + 40)

/*
 * A hash of the name, appended to a level that does not contain the whole name ("A-b-x1f2e3d4c5b6a"), so that no two
 * names share an account. Appends it at `len`, where ACCOUNT_HASH_LEN and a NUL must fit.
 */
#define ACCOUNT_HASH_LEN 14
void account_add_hash(struct text name, char *out, size_t len);
/* Bytes of the character at the start of a text, if it is a letter or sign beyond ASCII that may be shown; else 0. */
size_t account_wide_letter(struct text t);

/* The account of a part of a line, in the form's syntax. */
typedef void account_namer(const struct row *row, int part, char out[ACCOUNT_MAX]);
/* Postings of lines to their accounts, and the payment for them. */
typedef void postings_putter(FILE *out, const struct statement *s, const struct table *lines, size_t from, size_t count,
			     int64_t nano);

/* A comment: an empty statement is not an empty file. */
void accounts_put_head(FILE *out, const struct statement *s);
/* Each account that lines and adjustments post to, once and in order, between `before` and `after`. */
void accounts_put(FILE *out, const struct statement *s, const struct table *adjusted, account_namer *name,
		  const char *before, const char *after);
/* A transaction for what each run adjusted of a closed period; its title is between `before` and `after`. */
void adjustments_put(FILE *out, const struct statement *s, const struct table *adjusted, postings_putter *put,
		     const char *before, const char *after);

#endif
