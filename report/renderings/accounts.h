/* accounts.h: what forms of plain-text accounting share. Private to report/renderings/. */
#ifndef REPORT_RENDERINGS_ACCOUNTS_H
#define REPORT_RENDERINGS_ACCOUNTS_H

#include "report/renderings/renderings.h"

/* One level of an account, and a whole one: the part, model and tenant. */
#define LEVEL_MAX 80
#define ACCOUNT_MAX (2 * LEVEL_MAX + 40)

/* The account of a part of a line, as the form has it. */
typedef void account_namer(const struct row *row, int part, char out[ACCOUNT_MAX]);
/* What lines post to their accounts, and what was paid for it. */
typedef void postings_putter(FILE *out, const struct statement *s, const struct table *lines, size_t from, size_t count,
			     int64_t nano);

/* Each account that lines and adjustments post to, once and in order, between `before` and `after`. */
void accounts_put(FILE *out, const struct statement *s, const struct table *adjusted, account_namer *name,
		  const char *before, const char *after);
/* A transaction for what each run adjusted of a closed period; its title stands between `before` and `after`. */
void adjustments_put(FILE *out, const struct statement *s, const struct table *adjusted, postings_putter *put,
		     const char *before, const char *after);

#endif
