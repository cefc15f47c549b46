/* book_ingest.h: tollbook ingest --book. */
#ifndef CLI_BOOK_INGEST_H
#define CLI_BOOK_INGEST_H

#include "cli/cli.h"

/* The LOGs' new records into the book; an exit status, or a negative error. */
int book_ingest(struct run *r, struct fault *why);

#endif
