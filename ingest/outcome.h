/* outcome.h: findings and assumptions about a file that was read: no records, GPUs of its servers. */
#ifndef INGEST_OUTCOME_H
#define INGEST_OUTCOME_H

#include "ingest/ingest.h"
#include "ingest/streams.h"

/* Is the file known to contain no evidence (--no-evidence)? */
bool outcome_expected(const struct ingest_options *o, const char *name);

/*
 * Adds findings: the files without records, each with the reason and what to do. Without `findings`, if no file has
 * any and there is no statement, warnings.
 */
void outcome_empty(struct quality *q, bool findings);

#endif
