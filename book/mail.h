/* mail.h: the summary of a night for people: at most 30 lines of 72 columns. */
#ifndef BOOK_MAIL_H
#define BOOK_MAIL_H

#include <stdio.h>

#include "book/book.h"

struct mail {
	struct book *book;     /* its quality has the findings */
	const char *currency;
	const char *done;      /* what the night did; parts are separated by ", " and "; " */
	const char *page;      /* the HTML report that was written; NULL: none */
};

/* Findings first; the last day that is over, compared with the week before; the month so far; what was done. */
int mail_write(const struct mail *m, FILE *out, struct fault *why);

#endif
